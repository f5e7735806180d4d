//! The log: every fact, numbered per workspace without gaps, in the order of the commits.
//!
//! The numbers come from `log_head`, raised by the last statement of a transaction and held until its COMMIT, so that a
//! reader who has seen number n has seen everything before it. A database sequence gives its numbers before the commit:
//! whoever follows one skips, for good, what commits late.

use crate::{
    Store,
    engine::{Executor, Row, Value, params, queries},
    error::{Result, StoreError},
};
use futures_util::FutureExt;
use model::{
    Cursor, CustomerId, EntryId, EpisodeId, IdentityId, MessageId, NoteId, ThreadId, Timestamp, WorkspaceId,
    log::LogKind,
};
use std::collections::BTreeMap;

/// A fact to record. Holds kinds, ids, numbers and reasons; never words of a message or an address.
#[derive(Debug, Clone)]
pub(crate) struct NewRecord {
    pub workspace_id: WorkspaceId,
    pub at: Timestamp,
    pub kind: LogKind,
    pub customer_id: Option<CustomerId>,
    pub thread_id: Option<ThreadId>,
    pub identity_id: Option<IdentityId>,
    pub episode_id: Option<EpisodeId>,
    pub entry_id: Option<i64>,
    /// `agt_…`, `tok_…`: who did it; `None` for customers and the system.
    pub actor_id: Option<String>,
    /// `cha_…`, `agt_…`: what it is about, when not an entry.
    pub subject_id: Option<String>,
    /// JSON of numbers and reasons.
    pub detail: Option<String>,
}

impl NewRecord {
    pub(crate) fn new(workspace_id: WorkspaceId, at: Timestamp, kind: LogKind) -> Self {
        Self {
            workspace_id,
            at,
            kind,
            customer_id: None,
            thread_id: None,
            identity_id: None,
            episode_id: None,
            entry_id: None,
            actor_id: None,
            subject_id: None,
            detail: None,
        }
    }
}

/// The number that a record got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Numbered {
    pub workspace_id: WorkspaceId,
    pub seq: i64,
}

/// A record as it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRecord {
    /// Its place.
    pub seq: i64,
    /// When it was recorded.
    pub at: Timestamp,
    /// What it tells.
    pub kind: LogKind,
    /// The customer concerned: who owns the identity now.
    pub customer_id: Option<CustomerId>,
    /// The thread concerned: that of whoever owns the identity now.
    pub thread_id: Option<ThreadId>,
    /// The identity concerned.
    pub identity_id: Option<IdentityId>,
    /// The episode concerned.
    pub episode_id: Option<EpisodeId>,
    /// The entry that the record is, or that it changes: a message's or an event's number.
    pub entry_id: Option<i64>,
    /// What else it is about, as prefixed text.
    pub subject_id: Option<String>,
    /// JSON of numbers and reasons.
    pub detail: Option<String>,
}

impl LogRecord {
    /// The message that the record is or changes.
    #[must_use]
    pub fn message_id(&self) -> Option<MessageId> {
        self.entry_id.filter(|_| self.kind.is_message()).map(MessageId)
    }

    /// The entry's id as text: `msg_…`, `not_…` or `ent_…`.
    #[must_use]
    pub fn entry_text_id(&self) -> Option<String> {
        match self.message_id() {
            Some(message) => Some(message.to_string()),
            None if self.kind == LogKind::NoteWritten => self.entry_id.map(|id| NoteId(id).to_string()),
            None => self.entry_id.map(|id| EntryId(id).to_string()),
        }
    }
}

queries! {
    /// Takes numbers. On both engines the row stays locked until COMMIT.
    RAISE_HEAD = Same("UPDATE log_head SET seq = seq + $1 WHERE workspace_id = $2 AND shard = 0 RETURNING seq");
    INSERT_RECORDS = Same("INSERT INTO log (workspace_id, shard, seq, at, kind, shown, customer_id, thread_id, identity_id, episode_id, entry_id, actor_id, subject_id, detail) VALUES ($1, 0, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)");
    /// PostgreSQL alone: takes the numbers and writes the records in one statement, so that the lock waits for no round trip.
    /// Without a head the numbers are null, which the table refuses: COMMIT is on its way already and must not succeed.
    APPEND = Two {
        sqlite: "SELECT 1",
        postgres: "WITH head AS (UPDATE log_head SET seq = seq + $1 WHERE workspace_id = $2 AND shard = 0 RETURNING seq)
            INSERT INTO log (workspace_id, shard, seq, at, kind, shown, customer_id, thread_id, identity_id, episode_id, entry_id, actor_id, subject_id, detail)
            SELECT $2, 0, head.seq - $1 + u.place, u.at, u.kind, u.shown, u.customer_id, u.thread_id, u.identity_id, u.episode_id, u.entry_id, u.actor_id, u.subject_id, u.detail
            FROM UNNEST($3::bigint[], $4::text[], $5::boolean[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::text[], $12::text[], $13::text[])
                WITH ORDINALITY AS u(at, kind, shown, customer_id, thread_id, identity_id, episode_id, entry_id, actor_id, subject_id, detail, place)
                LEFT JOIN head ON TRUE
            RETURNING seq",
    };
    HEAD = Same("SELECT seq FROM log_head WHERE workspace_id = $1 AND shard = 0");
    /// With the customer and thread that own the identity now: whoever follows hears of an alias under the survivor's ids. What
    /// tells of merging itself keeps its own.
    LIST_AFTER = Same("SELECT l.seq, l.at, l.kind, COALESCE(t.customer_id, l.customer_id), COALESCE(t.id, l.thread_id), l.identity_id, l.episode_id, l.entry_id, l.subject_id, l.detail FROM log l LEFT JOIN identity i ON i.id = l.identity_id AND l.kind NOT IN ('customer.merged', 'customer.unmerged') LEFT JOIN thread t ON t.customer_id = i.customer_id WHERE l.workspace_id = $1 AND l.shard = 0 AND l.seq > $2 ORDER BY l.seq LIMIT $3");
}

/// Which records belong to which workspace, by place. Heads are locked in id order, or two nodes would wait for each other.
fn by_workspace(records: &[NewRecord]) -> BTreeMap<WorkspaceId, Vec<usize>> {
    let mut places: BTreeMap<WorkspaceId, Vec<usize>> = BTreeMap::new();
    for (place, record) in records.iter().enumerate() {
        places.entry(record.workspace_id).or_default().push(place);
    }
    places
}

/// Gives each record of one workspace its number, the last of which is `head`.
fn number(numbers: &mut [Option<Numbered>], workspace_id: WorkspaceId, places: &[usize], head: i64) {
    for (place, seq) in places.iter().zip(head - places.len() as i64 + 1..) {
        numbers[*place] = Some(Numbered { workspace_id, seq });
    }
}

/// SQLite: numbers the records and writes them; the last thing before COMMIT. Returns the numbers in the order given.
pub(crate) async fn append(executor: &Executor, records: Vec<NewRecord>) -> Result<Vec<Numbered>> {
    let mut numbers = vec![None; records.len()];
    for (workspace_id, places) in by_workspace(&records) {
        let own: Vec<&NewRecord> = places.iter().map(|place| &records[*place]).collect();
        let head = append_sqlite(executor, workspace_id, &own).await?;
        number(&mut numbers, workspace_id, &places, head);
    }
    Ok(numbers.into_iter().flatten().collect())
}

/// PostgreSQL: the same, with COMMIT travelling right behind the last statement, so that no round trip is waited for while
/// the log's head is locked.
pub(crate) async fn append_and_commit(
    client: &deadpool_postgres::Object,
    records: Vec<NewRecord>,
) -> Result<Vec<Numbered>> {
    let commit = async { client.simple_query("COMMIT").await.map(|_| ()).map_err(StoreError::from) };
    let groups: Vec<(WorkspaceId, Vec<usize>)> = by_workspace(&records).into_iter().collect();
    let Some(((last_workspace, last_places), earlier)) = groups.split_last() else {
        commit.await?;
        return Ok(Vec::new());
    };
    // Prepared before anything is pipelined: COMMIT must never overtake the statement in front of it.
    let statement = client.prepare_cached(APPEND.postgres()).await?;
    let own = |places: &[usize]| -> Vec<&NewRecord> { places.iter().map(|place| &records[*place]).collect() };
    let mut numbers = vec![None; records.len()];
    for (workspace_id, places) in earlier {
        let head = append_postgres(client, &statement, *workspace_id, &own(places)).await?;
        number(&mut numbers, *workspace_id, places, head);
    }
    let last = own(last_places);
    let (head, ()) =
        futures_util::future::try_join(append_postgres(client, &statement, *last_workspace, &last), commit).await?;
    number(&mut numbers, *last_workspace, last_places, head);
    Ok(numbers.into_iter().flatten().collect())
}

fn no_head(workspace_id: WorkspaceId) -> StoreError {
    StoreError::Internal(format!("workspace {workspace_id} has no log"))
}

async fn append_sqlite(executor: &Executor, workspace_id: WorkspaceId, records: &[&NewRecord]) -> Result<i64> {
    let count = records.len() as i64;
    let head = executor
        .query_opt(RAISE_HEAD, &params![count, workspace_id.0], |row| row.int(0))
        .await?
        .ok_or_else(|| no_head(workspace_id))?;
    let rows: Vec<[Value<'_>; 13]> = records
        .iter()
        .zip(head - count + 1..)
        .map(|(record, seq)| {
            params![
                workspace_id.0,
                seq,
                record.at,
                record.kind.as_str(),
                record.kind.is_entry(),
                record.customer_id.map(|id| id.0),
                record.thread_id.map(|id| id.0),
                record.identity_id.map(|id| id.0),
                record.episode_id.map(|id| id.0),
                record.entry_id,
                record.actor_id.as_deref(),
                record.subject_id.as_deref(),
                record.detail.as_deref(),
            ]
        })
        .collect();
    executor.batch_execute(INSERT_RECORDS, &rows).await?;
    Ok(head)
}

async fn append_postgres(
    client: &deadpool_postgres::Object,
    statement: &tokio_postgres::Statement,
    workspace_id: WorkspaceId,
    records: &[&NewRecord],
) -> Result<i64> {
    let count = records.len() as i64;
    let at: Vec<i64> = records.iter().map(|record| record.at.0).collect();
    let kind: Vec<&str> = records.iter().map(|record| record.kind.as_str()).collect();
    let shown: Vec<bool> = records.iter().map(|record| record.kind.is_entry()).collect();
    let customer: Vec<Option<i64>> = records.iter().map(|record| record.customer_id.map(|id| id.0)).collect();
    let thread: Vec<Option<i64>> = records.iter().map(|record| record.thread_id.map(|id| id.0)).collect();
    let identity: Vec<Option<i64>> = records.iter().map(|record| record.identity_id.map(|id| id.0)).collect();
    let episode: Vec<Option<i64>> = records.iter().map(|record| record.episode_id.map(|id| id.0)).collect();
    let entry: Vec<Option<i64>> = records.iter().map(|record| record.entry_id).collect();
    let actor: Vec<Option<&str>> = records.iter().map(|record| record.actor_id.as_deref()).collect();
    let subject: Vec<Option<&str>> = records.iter().map(|record| record.subject_id.as_deref()).collect();
    let detail: Vec<Option<&str>> = records.iter().map(|record| record.detail.as_deref()).collect();
    let rows = client
        .query(
            statement,
            &[
                &count,
                &workspace_id.0,
                &at,
                &kind,
                &shown,
                &customer,
                &thread,
                &identity,
                &episode,
                &entry,
                &actor,
                &subject,
                &detail,
            ],
        )
        .await?;
    let mut head = None;
    for row in &rows {
        let seq: i64 = row.try_get(0)?;
        head = Some(head.map_or(seq, |known: i64| known.max(seq)));
    }
    head.ok_or_else(|| no_head(workspace_id))
}

fn read_record(row: &Row<'_>) -> Result<LogRecord> {
    Ok(LogRecord {
        seq: row.int(0)?,
        at: Timestamp(row.int(1)?),
        kind: row.parse(2)?,
        customer_id: row.opt_int(3)?.map(CustomerId),
        thread_id: row.opt_int(4)?.map(ThreadId),
        identity_id: row.opt_int(5)?.map(IdentityId),
        episode_id: row.opt_int(6)?.map(EpisodeId),
        entry_id: row.opt_int(7)?,
        subject_id: row.opt_text(8)?,
        detail: row.opt_text(9)?,
    })
}

impl Store {
    /// The log's end now.
    pub async fn get_log_head(&self, workspace_id: WorkspaceId) -> Result<Cursor> {
        let head = self
            .read(workspace_id, |executor, workspace_id| {
                async move { executor.query_opt(HEAD, &params![workspace_id.0], |row| row.int(0)).await }.boxed()
            })
            .await?;
        Ok(Cursor::at(head.unwrap_or(0)))
    }

    /// The next records after a place, in order, at most `limit`.
    pub async fn list_log_records(
        &self,
        workspace_id: WorkspaceId,
        after: Cursor,
        limit: u32,
    ) -> Result<Vec<LogRecord>> {
        self.read((workspace_id, after, limit), |executor, (workspace_id, after, limit)| {
            async move { executor.query(LIST_AFTER, &params![workspace_id.0, after.seq, *limit], read_record).await }
                .boxed()
        })
        .await
    }
}
