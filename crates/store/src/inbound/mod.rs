//! What providers tell us: stored first, turned into entries second ([`apply`]). The hot path.

mod apply;
mod changes;
mod fact;
mod letters;
mod persons;

pub use apply::Applied;
pub(crate) use apply::hold_lanes;
pub use fact::{EventFact, NewContent, ReadEvent};
pub use letters::SetAsideEvent;
pub(crate) use persons::{Person, PersonKey, person_key};

use crate::{
    Store,
    engine::{Executor, Row, Value, params, queries},
    error::Result,
    log::NewRecord,
};
use futures_util::FutureExt;
use model::{
    ChannelAccountId, InboundEventId, Timestamp, WorkspaceId,
    log::LogKind,
    operation::{InboundEvent, InboundState},
};
use std::collections::HashSet;

#[cfg(test)]
pub(crate) const ALL_QUERIES: [&[(&str, crate::engine::Query)]; 5] =
    [QUERIES, apply::QUERIES, changes::QUERIES, letters::QUERIES, persons::QUERIES];

/// Lanes. Events of one person share one and keep their order.
pub const LANES: i64 = 16;

/// An event to store.
#[derive(Debug, Clone)]
pub struct NewInboundEvent {
    /// Made by the caller.
    pub id: InboundEventId,
    /// Where.
    pub workspace_id: WorkspaceId,
    /// The callback address that it came to.
    pub callback_key: String,
    /// The account that is meant; `None` when it is not one of ours.
    pub channel_account_id: Option<ChannelAccountId>,
    /// The provider's name of the account.
    pub address: String,
    /// The provider's key of the event.
    pub event_key: String,
    /// `0..LANES`.
    pub lane: i64,
    /// The event as it came.
    pub payload: String,
    /// Stored, unroutable or undecodable.
    pub state: InboundState,
    /// Why it cannot be read.
    pub error: Option<String>,
    /// Now.
    pub received_at: Timestamp,
}

/// A stored event that waits to become an entry.
#[derive(Debug, Clone)]
pub struct WaitingEvent {
    /// Its id.
    pub id: InboundEventId,
    /// Where.
    pub workspace_id: WorkspaceId,
    /// The account it is for.
    pub channel_account_id: ChannelAccountId,
    /// The account's channel.
    pub kind: String,
    /// The namespace of the account's customers' addresses.
    pub namespace: String,
    /// The event as it came.
    pub payload: String,
    /// When it reached us.
    pub received_at: Timestamp,
}

queries! {
    INSERT_EVENTS = Two {
        sqlite: "INSERT INTO inbound_event (id, workspace_id, callback_key, channel_account_id, address, event_key, lane, payload, state, error, received_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (callback_key, address, event_key) DO NOTHING RETURNING id",
        postgres: "INSERT INTO inbound_event (id, workspace_id, callback_key, channel_account_id, address, event_key, lane, payload, state, error, received_at) SELECT * FROM UNNEST($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::bigint[], $8::text[], $9::text[], $10::text[], $11::bigint[]) ON CONFLICT (callback_key, address, event_key) DO NOTHING RETURNING id",
    };
    /// Events whose account was connected while they were on their way: the caller's picture of the accounts may be old.
    ADOPT = Two {
        sqlite: "UPDATE inbound_event SET state = 'stored', channel_account_id = (SELECT a.id FROM channel_account a WHERE a.callback_key = inbound_event.callback_key AND a.address = inbound_event.address) WHERE id = $1 AND state = 'unroutable' AND EXISTS (SELECT 1 FROM channel_account a WHERE a.callback_key = inbound_event.callback_key AND a.address = inbound_event.address)",
        postgres: "UPDATE inbound_event SET state = 'stored', channel_account_id = a.id FROM UNNEST($1::bigint[]) AS u(id), channel_account a WHERE inbound_event.id = u.id AND inbound_event.state NOT IN ('stored', 'done', 'undecodable') AND a.callback_key = inbound_event.callback_key AND a.address = inbound_event.address",
    };
    LIST_WAITING = Same("SELECT e.id, e.workspace_id, e.channel_account_id, a.kind, a.namespace, e.payload, e.received_at FROM inbound_event e JOIN channel_account a ON a.id = e.channel_account_id WHERE e.lane = $1 AND e.state = 'stored' ORDER BY e.id LIMIT $2");
    /// The second condition on the state is the index's own: SQLite takes the index only when it reads its words.
    LIST_BY_STATE = Same("SELECT id, channel_account_id, state, event_key, received_at, error FROM inbound_event WHERE workspace_id = $1 AND state = $2 AND state IN ('unroutable', 'undecodable') AND id < $3 ORDER BY id DESC LIMIT $4");
    /// Of one lane, by the index that the workers use: one for this list alone would be written twice for each event.
    LIST_STORED = Same("SELECT id, channel_account_id, state, event_key, received_at, error FROM inbound_event WHERE lane = $1 AND state = 'stored' AND workspace_id = $2 AND id < $3 ORDER BY id DESC LIMIT $4");
    GET = Same("SELECT id, channel_account_id, state, event_key, received_at, error, payload FROM inbound_event WHERE workspace_id = $1 AND id = $2");
    COUNT_UNREADABLE = Same("SELECT count(*) FROM inbound_event WHERE workspace_id = $1 AND state IN ('unroutable', 'undecodable')");
    PRUNE = Same("DELETE FROM inbound_event WHERE id IN (SELECT id FROM inbound_event WHERE state = 'done' AND received_at < $1 ORDER BY received_at LIMIT $2)");
    SET_ASIDE = Same("UPDATE inbound_event SET state = 'undecodable', error = $1 WHERE workspace_id = $2 AND id = $3 AND state = 'stored'");
}

/// An event without its payload.
fn read_event(row: &Row<'_>) -> Result<InboundEvent> {
    Ok(InboundEvent {
        id: InboundEventId(row.int(0)?),
        channel_account_id: row.opt_int(1)?.map(ChannelAccountId),
        state: row.parse(2)?,
        key: row.text(3)?,
        received_at: Timestamp(row.int(4)?),
        error: row.opt_text(5)?,
        payload: None,
    })
}

/// Stores events; gives the ids of those that were new.
async fn insert_events(executor: &Executor, events: &[NewInboundEvent]) -> Result<Vec<i64>> {
    // In the order of the unique key, or two processes that store the same events wait for each other.
    let mut sorted: Vec<&NewInboundEvent> = events.iter().collect();
    sorted
        .sort_by(|a, b| (&a.callback_key, &a.address, &a.event_key).cmp(&(&b.callback_key, &b.address, &b.event_key)));
    let rows: Vec<[Value<'_>; 11]> = sorted
        .into_iter()
        .map(|event| {
            params![
                event.id.0,
                event.workspace_id.0,
                &event.callback_key,
                event.channel_account_id.map(|id| id.0),
                &event.address,
                &event.event_key,
                event.lane,
                &event.payload,
                event.state.as_str(),
                event.error.as_deref(),
                event.received_at,
            ]
        })
        .collect();
    let new = executor.batch(INSERT_EVENTS, &rows, |row| row.int(0)).await?;
    for event in events.iter().filter(|event| event.state != InboundState::Stored && new.contains(&event.id.0)) {
        tell_set_aside(executor, event.workspace_id, event.id, event.received_at);
    }
    let strays = events.iter().filter(|event| event.state == InboundState::Unroutable);
    let strays: Vec<[Value<'_>; 1]> = strays.map(|event| params![event.id.0]).collect();
    executor.batch_execute(ADOPT, &strays).await?;
    Ok(new)
}

/// An operator has to look: their screen is told at once.
fn tell_set_aside(executor: &Executor, workspace_id: WorkspaceId, id: InboundEventId, now: Timestamp) {
    let mut record = NewRecord::new(workspace_id, now, LogKind::EventSetAside);
    record.subject_id = Some(id.to_string());
    executor.log(record);
}

impl Store {
    /// Stores a callback's events durably, all or none; returns how many were new. Goes with others into one transaction.
    pub async fn store_inbound_events(&self, events: Vec<NewInboundEvent>) -> Result<usize> {
        if events.is_empty() {
            return Ok(0);
        }
        self.0.batcher.submit(events).await
    }

    /// Stores events in one transaction; says of each whether it was new.
    pub(crate) async fn store_events(&self, events: Vec<NewInboundEvent>) -> Result<Vec<bool>> {
        let ids: Vec<i64> = events.iter().map(|event| event.id.0).collect();
        let (new, _) =
            self.write(events, |executor, events| async move { insert_events(executor, events).await }.boxed()).await?;
        let new: HashSet<i64> = new.into_iter().collect();
        Ok(ids.iter().map(|id| new.contains(id)).collect())
    }

    /// The events of a lane that wait, of all workspaces, oldest first.
    pub async fn list_waiting_events(&self, lane: i64, limit: u32) -> Result<Vec<WaitingEvent>> {
        self.read((lane, limit), |executor, (lane, limit)| {
            async move {
                executor
                    .query(LIST_WAITING, &params![*lane, *limit], |row| {
                        Ok(WaitingEvent {
                            id: InboundEventId(row.int(0)?),
                            workspace_id: WorkspaceId(row.int(1)?),
                            channel_account_id: ChannelAccountId(row.int(2)?),
                            kind: row.text(3)?,
                            namespace: row.text(4)?,
                            payload: row.text(5)?,
                            received_at: Timestamp(row.int(6)?),
                        })
                    })
                    .await
            }
            .boxed()
        })
        .await
    }

    /// Turns a lane's events into entries, once each. Events that another process turned meanwhile are passed over.
    pub async fn apply_inbound_events(&self, lane: i64, events: Vec<ReadEvent>) -> Result<Applied> {
        let (applied, _) = self
            .write((self.clone(), lane, events), |executor, (store, lane, events)| {
                apply::apply(store, executor, *lane, events).boxed()
            })
            .await?;
        Ok(applied)
    }

    /// Sets an event aside that cannot be turned into an entry, so that those behind it in its lane are not held up.
    /// One that was turned into an entry meanwhile stays as it is.
    pub async fn set_aside_event(
        &self,
        workspace_id: WorkspaceId,
        id: InboundEventId,
        error: &str,
        now: Timestamp,
    ) -> Result<()> {
        self.write((workspace_id, id, error.to_owned(), now), |executor, (workspace_id, id, error, now)| {
            async move {
                if executor.execute(SET_ASIDE, &params![error, workspace_id.0, id.0]).await? == 1 {
                    tell_set_aside(executor, *workspace_id, *id, *now);
                }
                Ok(())
            }
            .boxed()
        })
        .await
        .map(|_| ())
    }

    /// Stored events in a state before `before`, newest first, without payload.
    pub async fn list_inbound_events(
        &self,
        workspace_id: WorkspaceId,
        state: InboundState,
        before: InboundEventId,
        limit: u32,
    ) -> Result<Vec<InboundEvent>> {
        self.read((workspace_id, state, before, limit), |executor, (workspace_id, state, before, limit)| {
            async move {
                if *state != InboundState::Stored {
                    let params = params![workspace_id.0, state.as_str(), before.0, *limit];
                    return executor.query(LIST_BY_STATE, &params, read_event).await;
                }
                let mut found = Vec::new();
                for lane in 0..LANES {
                    let params = params![lane, workspace_id.0, before.0, *limit];
                    found.extend(executor.query(LIST_STORED, &params, read_event).await?);
                }
                found.sort_unstable_by_key(|event| std::cmp::Reverse(event.id));
                found.truncate(*limit as usize);
                Ok(found)
            }
            .boxed()
        })
        .await
    }

    /// One stored event with its payload.
    pub async fn find_inbound_event(
        &self,
        workspace_id: WorkspaceId,
        id: InboundEventId,
    ) -> Result<Option<InboundEvent>> {
        self.read((workspace_id, id), |executor, (workspace_id, id)| {
            async move {
                executor
                    .query_opt(GET, &params![workspace_id.0, id.0], |row| {
                        Ok(InboundEvent { payload: Some(row.text(6)?), ..read_event(row)? })
                    })
                    .await
            }
            .boxed()
        })
        .await
    }

    /// How many stored events could not be turned into entries.
    pub async fn count_unreadable_events(&self, workspace_id: WorkspaceId) -> Result<i64> {
        let count = self
            .read(workspace_id, |executor, workspace_id| {
                async move { executor.query_opt(COUNT_UNREADABLE, &params![workspace_id.0], |row| row.int(0)).await }
                    .boxed()
            })
            .await?;
        Ok(count.unwrap_or(0))
    }

    /// Removes at most `limit` events that are done and reached us before a moment; returns how many.
    pub async fn prune_inbound_events(&self, before: Timestamp, limit: u32) -> Result<u64> {
        let (pruned, _) = self
            .write((before, limit), |executor, (before, limit)| {
                async move { executor.execute(PRUNE, &params![*before, *limit]).await }.boxed()
            })
            .await?;
        Ok(pruned)
    }
}
