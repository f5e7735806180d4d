//! The rows by tokio-postgres: two connections (one stores events while the other turns those of the group before into
//! entries), one statement with arrays for each table and group, a transaction's statements sent without waiting for each
//! other, the cluster's settings.

use super::{ACCOUNT, ADDRESS, BLOCKS, CALLBACK_KEY, Engine, Line, WORKSPACE, rows_before};
use crate::{database::connect, error::Result};
use std::collections::BTreeMap;
use tokio::try_join;
use tokio_postgres::{Client, Statement};

const INSERT_EVENTS: &str = "INSERT INTO inbound_event (id, workspace_id, callback_key, channel_account_id, address, event_key, lane, payload, state, error, received_at) SELECT u.id, $1, $2, $3, $4, u.event_key, u.lane, u.payload, 'stored', NULL, u.at FROM UNNEST($5::bigint[], $6::text[], $7::bigint[], $8::text[], $9::bigint[]) AS u(id, event_key, lane, payload, at) ON CONFLICT (callback_key, address, event_key) DO NOTHING";
const MARK_DONE: &str = "UPDATE inbound_event SET state = 'done' FROM UNNEST($1::bigint[]) AS u(id) WHERE inbound_event.id = u.id AND inbound_event.state NOT IN ('done', 'unroutable', 'undecodable')";
const UPSERT_ROUTES: &str = "INSERT INTO route (id, workspace_id, identity_id, channel_account_id, window_until, last_inbound_at, blocked, created_at) SELECT u.id, $1, u.identity_id, $2, u.at + 86400000, u.at, FALSE, u.at FROM UNNEST($3::bigint[], $4::bigint[], $5::bigint[]) AS u(id, identity_id, at) ON CONFLICT (identity_id, channel_account_id) DO UPDATE SET window_until = excluded.window_until, last_inbound_at = excluded.last_inbound_at, blocked = FALSE";
const INSERT_MESSAGES: &str = "INSERT INTO message (id, workspace_id, identity_id, route_id, channel_account_id, direction, author_kind, author_id, author_name, blocks, not_shown, at, external_id, tries) SELECT u.id, $1, u.identity_id, u.route_id, $2, 'inbound', 'customer', u.identity_id::text, '', $3, '[]', u.at, u.external_id, 0 FROM UNNEST($4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::text[]) AS u(id, identity_id, route_id, at, external_id) ON CONFLICT (channel_account_id, external_id) DO NOTHING";
const TOUCH_THREADS: &str = "UPDATE thread SET last_activity_at = u.at FROM UNNEST($1::bigint[], $2::bigint[]) AS u(at, id) WHERE thread.id = u.id";
const APPEND: &str = "WITH head AS (UPDATE log_head SET seq = seq + $1 WHERE workspace_id = $2 AND shard = 0 RETURNING seq) INSERT INTO log (workspace_id, shard, seq, at, kind, shown, customer_id, thread_id, identity_id, entry_id) SELECT $2, 0, head.seq - $1 + u.place, u.at, 'message.received', TRUE, u.customer_id, u.thread_id, u.identity_id, u.entry_id FROM UNNEST($3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[]) WITH ORDINALITY AS u(at, customer_id, thread_id, identity_id, entry_id, place) LEFT JOIN head ON TRUE";

/// A statement's values.
type Values<'v> = &'v [&'v (dyn tokio_postgres::types::ToSql + Sync)];

/// Two connections with their statements.
pub(super) struct Postgres {
    storing: Client,
    insert_events: Statement,
    turning: Client,
    mark_done: Statement,
    upsert_routes: Statement,
    insert_messages: Statement,
    touch_threads: Statement,
    append: Statement,
    /// The group whose events are stored.
    stored: Vec<Line>,
}

impl Postgres {
    pub(super) async fn open(address: &str) -> Result<Self> {
        let (storing, turning) = (connect(address).await?, connect(address).await?);
        for row in rows_before() {
            storing.batch_execute(&row).await?;
        }
        Ok(Self {
            insert_events: storing.prepare(INSERT_EVENTS).await?,
            mark_done: turning.prepare(MARK_DONE).await?,
            upsert_routes: turning.prepare(UPSERT_ROUTES).await?,
            insert_messages: turning.prepare(INSERT_MESSAGES).await?,
            touch_threads: turning.prepare(TOUCH_THREADS).await?,
            append: turning.prepare(APPEND).await?,
            storing,
            turning,
            stored: Vec::new(),
        })
    }

    async fn store_events(&self, lines: &[Line]) -> Result<()> {
        let ids = numbers(lines, |line| line.event_id);
        let keys: Vec<&str> = lines.iter().map(|line| line.external_id.as_str()).collect();
        let lanes = numbers(lines, |line| line.lane);
        let payloads: Vec<&str> = lines.iter().map(|line| line.payload.as_str()).collect();
        let at = numbers(lines, |line| line.at);
        let values: Values<'_> = &[&WORKSPACE, &CALLBACK_KEY, &ACCOUNT, &ADDRESS, &ids, &keys, &lanes, &payloads, &at];
        let client = &self.storing;
        // Polled in this order, so sent in this order.
        try_join!(
            biased;
            client.batch_execute("BEGIN"),
            client.execute(&self.insert_events, values),
            client.batch_execute("COMMIT")
        )?;
        Ok(())
    }

    async fn make_entries(&self, lines: &[Line]) -> Result<()> {
        let persons: BTreeMap<i64, &Line> = lines.iter().map(|line| (line.identity_id, line)).collect();
        let routes: Vec<i64> = persons.values().map(|line| line.route_id).collect();
        let people: Vec<i64> = persons.keys().copied().collect();
        let threads: Vec<i64> = persons.values().map(|line| line.thread_id).collect();
        let moments: Vec<i64> = persons.values().map(|line| line.at).collect();
        let messages = numbers(lines, |line| line.message_id);
        let identities = numbers(lines, |line| line.identity_id);
        let of_routes = numbers(lines, |line| line.route_id);
        let at = numbers(lines, |line| line.at);
        let external: Vec<&str> = lines.iter().map(|line| line.external_id.as_str()).collect();
        let events = numbers(lines, |line| line.event_id);
        let inserted: Values<'_> = &[&WORKSPACE, &ACCOUNT, &BLOCKS, &messages, &identities, &of_routes, &at, &external];
        let customers = numbers(lines, |line| line.customer_id);
        let of_threads = numbers(lines, |line| line.thread_id);
        let count = lines.len() as i64;
        let appended: Values<'_> = &[&count, &WORKSPACE, &at, &customers, &of_threads, &identities, &messages];
        let done: Values<'_> = &[&events];
        let moved: Values<'_> = &[&WORKSPACE, &ACCOUNT, &routes, &people, &moments];
        let touched: Values<'_> = &[&moments, &threads];
        let client = &self.turning;
        try_join!(
            biased;
            client.batch_execute("BEGIN"),
            client.execute(&self.mark_done, done),
            client.execute(&self.upsert_routes, moved),
            client.execute(&self.insert_messages, inserted),
            client.execute(&self.touch_threads, touched),
            client.execute(&self.append, appended),
            client.batch_execute("COMMIT")
        )?;
        Ok(())
    }
}

fn numbers(lines: &[Line], pick: impl Fn(&Line) -> i64) -> Vec<i64> {
    lines.iter().map(pick).collect()
}

impl Engine for Postgres {
    async fn write(&mut self, lines: Vec<Line>) -> Result<()> {
        if self.stored.is_empty() {
            self.store_events(&lines).await?;
        } else {
            try_join!(self.store_events(&lines), self.make_entries(&self.stored))?;
        }
        self.stored = lines;
        Ok(())
    }

    async fn finish(&mut self) -> Result<()> {
        let stored = std::mem::take(&mut self.stored);
        self.make_entries(&stored).await
    }

    async fn count(&mut self) -> Result<(i64, i64)> {
        let sql = "SELECT (SELECT count(*) FROM message), (SELECT count(*) FROM log)";
        let row = self.storing.query_one(sql, &[]).await?;
        Ok((row.try_get(0)?, row.try_get(1)?))
    }
}
