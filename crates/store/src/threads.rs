//! Threads and their entries. A thread's page is read over its identities by (identity, seq).

use crate::{
    Store,
    customers::add_identities,
    engine::{Executor, Row, Value, params, queries},
    error::{Result, StoreError},
};
use futures_util::FutureExt;
use model::{
    ChannelAccountId, CustomerId, EntryId, EpisodeId, IdentityId, MessageId, ThreadId, Timestamp, WorkspaceId,
    customer::Customer,
    entry::{Entry, EntryBody, Event},
    log::LogKind,
    message::{Author, Delivery, DeliveryError, Direction, Message},
    thread::Thread,
};
use std::collections::HashMap;

/// What every query of entries selects: the record, then the message it names (nulls for events).
macro_rules! entry_columns {
    () => {
        "l.seq, l.kind, l.at, l.identity_id, l.episode_id, l.entry_id, l.detail, m.direction, m.author_kind, m.author_id, m.author_name, m.blocks, m.not_shown, m.at, m.channel_account_id, m.external_id, m.delivery_state, m.failure_reason, m.failure_code, m.failure_detail, m.tries"
    };
}
/// Thread and customer.
macro_rules! thread_columns {
    () => {
        "t.id, t.last_activity_at, t.created_at, c.id, c.name, c.created_at"
    };
}

queries! {
    GET_THREAD = Same(concat!("SELECT ", thread_columns!(), " FROM thread t JOIN customer c ON c.id = t.customer_id WHERE t.workspace_id = $1 AND t.id = $2"));
    LIST_THREADS = Same(concat!("SELECT ", thread_columns!(), " FROM thread t JOIN customer c ON c.id = t.customer_id WHERE t.workspace_id = $1 AND (t.last_activity_at, t.id) < ($2, $3) ORDER BY t.last_activity_at DESC, t.id DESC LIMIT $4"));
    LIST_IDENTITIES = Same("SELECT i.id FROM thread t JOIN identity i ON i.customer_id = t.customer_id WHERE t.workspace_id = $1 AND t.id = $2");
    /// One identity's part of a page; the page is the merge of the parts.
    ENTRIES_OF_IDENTITY = Same(concat!("SELECT ", entry_columns!(), " FROM log l LEFT JOIN message m ON m.id = l.entry_id WHERE l.identity_id = $1 AND l.shown AND l.seq < $2 ORDER BY l.seq DESC LIMIT $3"));
    /// The newest entry of each of many identities.
    LAST_ENTRIES = Two {
        sqlite: concat!("SELECT ", entry_columns!(), " FROM log l LEFT JOIN message m ON m.id = l.entry_id WHERE l.identity_id = $1 AND l.shown ORDER BY l.seq DESC LIMIT 1"),
        postgres: concat!("SELECT ", entry_columns!(), " FROM UNNEST($1::bigint[]) AS u(id) CROSS JOIN LATERAL (SELECT * FROM log WHERE log.identity_id = u.id AND log.shown ORDER BY log.seq DESC LIMIT 1) AS l LEFT JOIN message m ON m.id = l.entry_id"),
    };
    /// Entries by their places in the log, for the live hub.
    ENTRIES_BY_SEQ = Same(concat!("SELECT ", entry_columns!(), " FROM log l LEFT JOIN message m ON m.id = l.entry_id WHERE l.workspace_id = $1 AND l.shard = 0 AND l.seq >= $2 AND l.seq <= $3 AND l.shown ORDER BY l.seq"));
    /// A message's entry, by the record that made it.
    ENTRY_OF_MESSAGE = Same(concat!("SELECT ", entry_columns!(), " FROM message m JOIN log l ON l.entry_id = m.id AND l.shown WHERE m.workspace_id = $1 AND m.id = $2"));
    /// The entries of many messages.
    ENTRIES_OF_MESSAGES = Two {
        sqlite: concat!("SELECT ", entry_columns!(), " FROM message m JOIN log l ON l.entry_id = m.id AND l.shown WHERE m.workspace_id = $1 AND m.id = $2"),
        postgres: concat!("SELECT ", entry_columns!(), " FROM UNNEST($1::bigint[], $2::bigint[]) AS u(workspace_id, id) JOIN message m ON m.id = u.id AND m.workspace_id = u.workspace_id JOIN log l ON l.entry_id = m.id AND l.shown"),
    };
    DELIVERIES = Two {
        sqlite: "SELECT id, delivery_state, failure_reason, failure_code, failure_detail, tries FROM message WHERE workspace_id = $1 AND id = $2 AND delivery_state IS NOT NULL",
        postgres: "SELECT m.id, m.delivery_state, m.failure_reason, m.failure_code, m.failure_detail, m.tries FROM UNNEST($1::bigint[], $2::bigint[]) AS u(workspace_id, id) JOIN message m ON m.id = u.id AND m.workspace_id = u.workspace_id WHERE m.delivery_state IS NOT NULL",
    };
}

fn read_delivery(row: &Row<'_>, first: usize) -> Result<Option<Delivery>> {
    let Some(state) = row.opt_text(first)? else { return Ok(None) };
    let error = match row.opt_text(first + 1)? {
        Some(reason) => Some(DeliveryError {
            reason: reason.parse().map_err(StoreError::Internal)?,
            code: row.opt_text(first + 2)?,
            detail: row.opt_text(first + 3)?,
        }),
        None => None,
    };
    let tries = u32::try_from(row.int(first + 4)?).unwrap_or(u32::MAX);
    Ok(Some(Delivery { state: state.parse().map_err(StoreError::Internal)?, error, tries }))
}

fn read_entry(row: &Row<'_>) -> Result<Entry> {
    let kind: LogKind = row.parse(1)?;
    let number = row.int(5)?;
    let (id, at, body) = if kind == LogKind::EventKept {
        let detail: serde_json::Value = row.json(6)?;
        let what = detail.get("what").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
        let at = detail.get("at").and_then(serde_json::Value::as_i64).map_or(Timestamp(row.int(2)?), Timestamp);
        (EntryId(number).to_string(), at, EntryBody::Event(Event { name: "not_shown".into(), what }))
    } else {
        let direction = match row.text(7)?.as_str() {
            "inbound" => Direction::Inbound,
            _ => Direction::Outbound,
        };
        let message = Message {
            direction,
            author: Author { kind: row.parse(8)?, id: row.opt_text(9)?, name: row.text(10)? },
            blocks: row.json(11)?,
            not_shown: row.json(12)?,
            channel_account_id: ChannelAccountId(row.int(14)?),
            delivery: read_delivery(row, 16)?,
            external_id: row.opt_text(15)?,
        };
        (MessageId(number).to_string(), Timestamp(row.int(13)?), EntryBody::Message(message))
    };
    Ok(Entry {
        seq: row.int(0)?,
        id,
        at,
        episode_id: row.opt_int(4)?.map(EpisodeId),
        identity_id: row.opt_int(3)?.map(IdentityId),
        body,
    })
}

fn read_thread(row: &Row<'_>) -> Result<Thread> {
    let id = ThreadId(row.int(0)?);
    Ok(Thread {
        id,
        last_activity_at: Timestamp(row.int(1)?),
        created_at: Timestamp(row.int(2)?),
        customer: Customer {
            id: CustomerId(row.int(3)?),
            thread_id: id,
            name: row.text(4)?,
            created_at: Timestamp(row.int(5)?),
            identities: Vec::new(),
        },
        last_entry: None,
    })
}

/// Adds customers' identities and the newest entries, in two queries whatever the number of threads.
async fn complete(executor: &Executor, threads: Vec<Thread>) -> Result<Vec<Thread>> {
    let mut customers: Vec<Customer> = threads.iter().map(|thread| thread.customer.clone()).collect();
    add_identities(executor, &mut customers).await?;
    let identities: Vec<[Value<'_>; 1]> = customers
        .iter()
        .flat_map(|customer| customer.identities.iter().map(|identity| params![identity.id.0]))
        .collect();
    let mut newest: HashMap<IdentityId, Entry> = executor
        .batch(LAST_ENTRIES, &identities, read_entry)
        .await?
        .into_iter()
        .filter_map(|entry| entry.identity_id.map(|identity| (identity, entry)))
        .collect();
    Ok(threads
        .into_iter()
        .zip(customers)
        .map(|(thread, customer)| {
            let entries = customer.identities.iter().filter_map(|identity| newest.remove(&identity.id));
            let last_entry = entries.max_by_key(|entry| entry.seq);
            Thread { customer, last_entry, ..thread }
        })
        .collect())
}

impl Store {
    /// One thread.
    pub async fn find_thread(&self, workspace_id: WorkspaceId, id: ThreadId) -> Result<Option<Thread>> {
        self.read((workspace_id, id), |executor, (workspace_id, id)| {
            async move {
                let found = executor.query(GET_THREAD, &params![workspace_id.0, id.0], read_thread).await?;
                Ok(complete(executor, found).await?.pop())
            }
            .boxed()
        })
        .await
    }

    /// Threads before a place, newest activity first.
    pub async fn list_threads(
        &self,
        workspace_id: WorkspaceId,
        before: (Timestamp, ThreadId),
        limit: u32,
    ) -> Result<Vec<Thread>> {
        self.read((workspace_id, before, limit), |executor, (workspace_id, before, limit)| {
            async move {
                let params = params![workspace_id.0, before.0, before.1.0, *limit];
                let found = executor.query(LIST_THREADS, &params, read_thread).await?;
                complete(executor, found).await
            }
            .boxed()
        })
        .await
    }

    /// A thread's entries before a number, newest first. Empty when the thread does not exist.
    pub async fn list_entries(
        &self,
        workspace_id: WorkspaceId,
        thread_id: ThreadId,
        before_seq: i64,
        limit: u32,
    ) -> Result<Vec<Entry>> {
        self.read((workspace_id, thread_id, before_seq, limit), |executor, (workspace_id, thread_id, before, limit)| {
            async move {
                let identities =
                    executor.query(LIST_IDENTITIES, &params![workspace_id.0, thread_id.0], |row| row.int(0)).await?;
                let mut entries = Vec::new();
                for identity in identities {
                    let params = params![identity, *before, *limit];
                    entries.extend(executor.query(ENTRIES_OF_IDENTITY, &params, read_entry).await?);
                }
                entries.sort_by_key(|entry| std::cmp::Reverse(entry.seq));
                entries.truncate(*limit as usize);
                Ok(entries)
            }
            .boxed()
        })
        .await
    }

    /// The entries among the log's records `first..=last`, in order.
    pub async fn list_entries_by_seq(&self, workspace_id: WorkspaceId, first: i64, last: i64) -> Result<Vec<Entry>> {
        self.read((workspace_id, first, last), |executor, (workspace_id, first, last)| {
            async move { executor.query(ENTRIES_BY_SEQ, &params![workspace_id.0, *first, *last], read_entry).await }
                .boxed()
        })
        .await
    }

    /// The entry that shows a message.
    pub async fn find_message_entry(&self, workspace_id: WorkspaceId, id: MessageId) -> Result<Option<Entry>> {
        self.read((workspace_id, id), |executor, (workspace_id, id)| {
            async move { executor.query_opt(ENTRY_OF_MESSAGE, &params![workspace_id.0, id.0], read_entry).await }
                .boxed()
        })
        .await
    }

    /// The entries of messages, in no order; what does not exist is left out.
    pub async fn list_message_entries(
        &self,
        workspace_id: WorkspaceId,
        messages: Vec<MessageId>,
    ) -> Result<Vec<Entry>> {
        self.read((workspace_id, messages), |executor, (workspace_id, messages)| {
            async move {
                let ids: Vec<[Value<'_>; 2]> = messages.iter().map(|id| params![workspace_id.0, id.0]).collect();
                executor.batch(ENTRIES_OF_MESSAGES, &ids, read_entry).await
            }
            .boxed()
        })
        .await
    }

    /// The deliveries of messages as they are now; inbound messages have none.
    pub async fn list_deliveries(
        &self,
        workspace_id: WorkspaceId,
        messages: Vec<MessageId>,
    ) -> Result<HashMap<MessageId, Delivery>> {
        self.read((workspace_id, messages), |executor, (workspace_id, messages)| {
            async move {
                let ids: Vec<[Value<'_>; 2]> = messages.iter().map(|id| params![workspace_id.0, id.0]).collect();
                let found = executor
                    .batch(DELIVERIES, &ids, |row| Ok((MessageId(row.int(0)?), read_delivery(row, 1)?)))
                    .await?;
                Ok(found.into_iter().filter_map(|(id, delivery)| delivery.map(|delivery| (id, delivery))).collect())
            }
            .boxed()
        })
        .await
    }
}
