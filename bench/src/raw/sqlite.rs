//! The rows by rusqlite: one connection, prepared statements, the server's settings.

use super::{ACCOUNT, ADDRESS, BLOCKS, CALLBACK_KEY, Engine, Line, WORKSPACE, rows_before};
use crate::error::Result;
use rusqlite::{Connection, params};
use std::{collections::BTreeMap, path::Path};

const INSERT_EVENT: &str = "INSERT INTO inbound_event (id, workspace_id, callback_key, channel_account_id, address, event_key, lane, payload, state, error, received_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'stored', NULL, ?9) ON CONFLICT (callback_key, address, event_key) DO NOTHING";
const MARK_DONE: &str = "UPDATE inbound_event SET state = 'done' WHERE id = ?1 AND state = 'stored'";
const UPSERT_ROUTE: &str = "INSERT INTO route (id, workspace_id, identity_id, channel_account_id, window_until, last_inbound_at, blocked, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, FALSE, ?6) ON CONFLICT (identity_id, channel_account_id) DO UPDATE SET window_until = excluded.window_until, last_inbound_at = excluded.last_inbound_at, blocked = FALSE";
const INSERT_MESSAGE: &str = "INSERT INTO message (id, workspace_id, identity_id, route_id, channel_account_id, direction, author_kind, author_id, author_name, blocks, not_shown, at, external_id, tries) VALUES (?1, ?2, ?3, ?4, ?5, 'inbound', 'customer', ?6, '', ?7, '[]', ?8, ?9, 0) ON CONFLICT (channel_account_id, external_id) DO NOTHING";
const TOUCH_THREAD: &str = "UPDATE thread SET last_activity_at = ?1 WHERE id = ?2";
const RAISE_HEAD: &str = "UPDATE log_head SET seq = seq + ?1 WHERE workspace_id = ?2 AND shard = 0 RETURNING seq";
const INSERT_RECORD: &str = "INSERT INTO log (workspace_id, shard, seq, at, kind, shown, customer_id, thread_id, identity_id, entry_id) VALUES (?1, 0, ?2, ?3, 'message.received', TRUE, ?4, ?5, ?6, ?7)";

/// An open file.
pub(super) struct Sqlite(Connection);

impl Sqlite {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let connection = Connection::open(path)?;
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;
             PRAGMA cache_size = -32768; PRAGMA journal_size_limit = 67108864; PRAGMA wal_autocheckpoint = 8192;",
        )?;
        connection.set_prepared_statement_cache_capacity(32);
        for row in rows_before() {
            connection.execute(&row, [])?;
        }
        Ok(Self(connection))
    }

    fn store_events(&self, lines: &[Line]) -> Result<()> {
        let mut insert = self.0.prepare_cached(INSERT_EVENT)?;
        for line in lines {
            let Line { event_id, lane, external_id, payload, at, .. } = line;
            insert.execute(params![
                event_id,
                WORKSPACE,
                CALLBACK_KEY,
                ACCOUNT,
                ADDRESS,
                external_id,
                lane,
                payload,
                at
            ])?;
        }
        Ok(())
    }

    fn make_entries(&self, lines: &[Line]) -> Result<()> {
        let mut done = self.0.prepare_cached(MARK_DONE)?;
        let mut route = self.0.prepare_cached(UPSERT_ROUTE)?;
        let mut message = self.0.prepare_cached(INSERT_MESSAGE)?;
        let mut thread = self.0.prepare_cached(TOUCH_THREAD)?;
        let mut record = self.0.prepare_cached(INSERT_RECORD)?;
        // One row for each person of the group.
        let persons: BTreeMap<i64, &Line> = lines.iter().map(|line| (line.identity_id, line)).collect();
        for line in lines {
            done.execute(params![line.event_id])?;
        }
        for line in persons.values() {
            let Line { route_id, identity_id, at, .. } = line;
            route.execute(params![route_id, WORKSPACE, identity_id, ACCOUNT, at + 86_400_000, at])?;
        }
        for line in lines {
            let Line { message_id, identity_id, route_id, at, external_id, .. } = line;
            let author = identity_id.to_string();
            message.execute(params![
                message_id,
                WORKSPACE,
                identity_id,
                route_id,
                ACCOUNT,
                author,
                BLOCKS,
                at,
                external_id
            ])?;
        }
        for line in persons.values() {
            thread.execute(params![line.at, line.thread_id])?;
        }
        let count = lines.len() as i64;
        let head: i64 = self.0.prepare_cached(RAISE_HEAD)?.query_row(params![count, WORKSPACE], |row| row.get(0))?;
        for (line, seq) in lines.iter().zip(head - count + 1..) {
            let Line { at, customer_id, thread_id, identity_id, message_id, .. } = line;
            record.execute(params![WORKSPACE, seq, at, customer_id, thread_id, identity_id, message_id])?;
        }
        Ok(())
    }
}

impl Engine for Sqlite {
    async fn write(&mut self, lines: Vec<Line>) -> Result<()> {
        self.0.execute_batch("BEGIN IMMEDIATE")?;
        self.store_events(&lines)?;
        self.0.execute_batch("COMMIT; BEGIN IMMEDIATE")?;
        self.make_entries(&lines)?;
        Ok(self.0.execute_batch("COMMIT")?)
    }

    async fn finish(&mut self) -> Result<()> {
        // There is one writer: nothing is under way.
        Ok(())
    }

    async fn count(&mut self) -> Result<(i64, i64)> {
        let sql = "SELECT (SELECT count(*) FROM message), (SELECT count(*) FROM log)";
        Ok(self.0.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?)
    }
}
