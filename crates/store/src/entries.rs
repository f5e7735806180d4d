//! What threads show. A thread's page is read over its identities by (identity, seq).

use crate::{
    Store,
    engine::{Executor, Row, Value, params, queries},
    error::{Result, StoreError},
};
use futures_util::FutureExt;
use model::{
    AgentId, ChannelAccountId, EntryId, EpisodeId, FailureReason, IdentityId, MessageId, NoteId, ThreadId, Timestamp,
    TokenId, WorkspaceId,
    delivery::next_step,
    entry::{Entry, EntryBody, Event, Note},
    gate::Alternative,
    log::LogKind,
    message::{Author, Delivery, DeliveryError, Message},
};
use serde_json::Value as Json;
use std::collections::{BTreeSet, HashMap};

/// What every query of entries selects: the record, the subject of its episode, then the message, the note or the happening
/// that it names (nulls where there is none).
macro_rules! entry_columns {
    () => {
        "l.seq, l.kind, l.at, l.identity_id, l.episode_id, l.entry_id, l.detail, l.actor_id, ep.subject, m.direction, m.author_kind, m.author_id, m.author_name, m.blocks, m.not_shown, m.at, m.channel_account_id, m.external_id, m.episode_id, m.reply_to, m.reactions, m.choice, m.edited_at, m.send_at, m.standby, m.reply_kind, m.delivery_state, m.failure_reason, m.failure_code, m.failure_detail, m.tries, n.author_kind, n.author_id, n.author_name, n.text, n.mentions, n.episode_id, h.what, h.at, m.cancel_on_reply, m.client_id, m.resent_from, m.resent_as, m.alternatives"
    };
}
/// The rows beside the record `l`, each by its key.
macro_rules! beside {
    () => {
        " LEFT JOIN message m ON m.id = l.entry_id LEFT JOIN note n ON n.id = l.entry_id LEFT JOIN happening h ON h.id = l.entry_id LEFT JOIN episode ep ON ep.id = l.episode_id "
    };
}

/// What became of a message so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownDelivery {
    /// Where it is.
    pub delivery: Delivery,
    /// The provider's id of it, once it has one.
    pub external_id: Option<String>,
}

queries! {
    LIST_IDENTITIES = Same("SELECT i.id FROM thread x JOIN thread t ON t.id = COALESCE(x.merged_into, x.id) JOIN identity i ON i.customer_id = t.customer_id WHERE x.workspace_id = $1 AND x.id = $2");
    /// One identity's part of a page; the page is the merge of the parts.
    ENTRIES_OF_IDENTITY = Same(concat!("SELECT ", entry_columns!(), " FROM log l", beside!(), "WHERE l.identity_id = $1 AND l.shown AND l.seq < $2 ORDER BY l.seq DESC LIMIT $3"));
    /// The newest entry of each of many identities.
    LAST_ENTRIES = Two {
        sqlite: concat!("SELECT ", entry_columns!(), " FROM log l", beside!(), "WHERE l.identity_id = $1 AND l.shown ORDER BY l.seq DESC LIMIT 1"),
        postgres: concat!("SELECT ", entry_columns!(), " FROM UNNEST($1::bigint[]) AS u(id) CROSS JOIN LATERAL (SELECT * FROM log WHERE log.identity_id = u.id AND log.shown ORDER BY log.seq DESC LIMIT 1) AS l", beside!()),
    };
    /// Entries by their places in the log, for the live hub.
    ENTRIES_BY_SEQ = Same(concat!("SELECT ", entry_columns!(), " FROM log l", beside!(), "WHERE l.workspace_id = $1 AND l.shard = 0 AND l.seq >= $2 AND l.seq <= $3 AND l.shown ORDER BY l.seq"));
    /// Entries by the message or note that they show.
    ENTRIES_BY_ID = Two {
        sqlite: concat!("SELECT ", entry_columns!(), " FROM log l", beside!(), "WHERE l.entry_id = $1 AND l.shown AND l.workspace_id = $2"),
        postgres: concat!("SELECT ", entry_columns!(), " FROM UNNEST($1::bigint[], $2::bigint[]) AS u(id, workspace_id) JOIN log l ON l.entry_id = u.id AND l.shown AND l.workspace_id = u.workspace_id", beside!()),
    };
    DELIVERIES = Two {
        sqlite: "SELECT id, delivery_state, failure_reason, failure_code, failure_detail, tries, alternatives, external_id FROM message WHERE workspace_id = $1 AND id = $2 AND delivery_state IS NOT NULL",
        postgres: "SELECT m.id, m.delivery_state, m.failure_reason, m.failure_code, m.failure_detail, m.tries, m.alternatives, m.external_id FROM UNNEST($1::bigint[], $2::bigint[]) AS u(workspace_id, id) JOIN message m ON m.id = u.id AND m.workspace_id = u.workspace_id WHERE m.delivery_state IS NOT NULL",
    };
    AGENT_NAMES = Two {
        sqlite: "SELECT id, name FROM agent WHERE workspace_id = $1 AND id = $2",
        postgres: "SELECT a.id, a.name FROM UNNEST($1::bigint[], $2::bigint[]) AS u(workspace_id, id) JOIN agent a ON a.id = u.id AND a.workspace_id = u.workspace_id",
    };
    TOKEN_NAMES = Two {
        sqlite: "SELECT id, name FROM api_token WHERE workspace_id = $1 AND id = $2",
        postgres: "SELECT t.id, t.name FROM UNNEST($1::bigint[], $2::bigint[]) AS u(workspace_id, id) JOIN api_token t ON t.id = u.id AND t.workspace_id = u.workspace_id",
    };
}

/// `alternatives`: the column that holds them.
pub(crate) fn read_delivery(row: &Row<'_>, first: usize, alternatives: usize) -> Result<Option<Delivery>> {
    let Some(state) = row.opt_text(first)? else { return Ok(None) };
    let error = match row.opt_text(first + 1)? {
        Some(reason) => {
            let reason: FailureReason = reason.parse().map_err(StoreError::Internal)?;
            let code = row.opt_text(first + 2)?;
            let alternatives: Vec<Alternative> = row.json(alternatives)?;
            let next_step = next_step(reason, code.as_deref(), !alternatives.is_empty());
            Some(DeliveryError { reason, code, detail: row.opt_text(first + 3)?, next_step, alternatives })
        }
        None => None,
    };
    let tries = u32::try_from(row.int(first + 4)?).unwrap_or(u32::MAX);
    Ok(Some(Delivery { state: state.parse().map_err(StoreError::Internal)?, error, tries }))
}

fn opt_json<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<Option<T>> {
    match row.opt_text(column)? {
        None => Ok(None),
        Some(_) => row.json(column).map(Some),
    }
}

fn read_message(row: &Row<'_>) -> Result<Message> {
    Ok(Message {
        direction: row.parse(9)?,
        author: Author { kind: row.parse(10)?, id: row.opt_text(11)?, name: row.text(12)? },
        blocks: row.json(13)?,
        not_shown: row.json(14)?,
        channel_account_id: ChannelAccountId(row.int(16)?),
        external_id: row.opt_text(17)?,
        reply_to: opt_json(row, 19)?,
        reactions: row.json(20)?,
        choice: opt_json(row, 21)?,
        edited_at: row.opt_int(22)?.map(Timestamp),
        send_at: row.opt_int(23)?.map(Timestamp),
        standby: row.flag(24)?,
        reply_kind: row.parse(25)?,
        cancel_on_reply: row.flag(39)?,
        client_id: row.opt_text(40)?,
        resent_from: row.opt_int(41)?.map(MessageId),
        resent_as: row.opt_int(42)?.map(MessageId),
        delivery: read_delivery(row, 26, 43)?,
    })
}

/// An event, without the name of who did it ([`name_actors`] adds it).
fn read_event(row: &Row<'_>, kind: LogKind, detail: &Json) -> Result<Event> {
    let text = |name: &str| detail.get(name).and_then(Json::as_str).map(str::to_owned);
    if kind == LogKind::EventKept {
        return Ok(Event { name: "not_shown".into(), what: text("what").unwrap_or_default(), ..Event::default() });
    }
    let until = detail.get("until").cloned().and_then(|value| serde_json::from_value(value).ok());
    Ok(Event {
        name: kind.as_str().to_owned(),
        what: row.opt_text(37)?.unwrap_or_default(),
        subject: row.opt_text(8)?.filter(|subject| !subject.is_empty()),
        reason: text("reason"),
        by: None,
        until,
        related_id: text("related"),
        survivor_id: text("survivor").and_then(|id| id.parse().ok()),
        alias_id: text("alias").and_then(|id| id.parse().ok()),
    })
}

/// An entry, and who did what it tells, when it is an event.
fn read_entry(row: &Row<'_>) -> Result<(Entry, Option<String>)> {
    let kind: LogKind = row.parse(1)?;
    let number = row.int(5)?;
    let recorded = Timestamp(row.int(2)?);
    let mut episode = row.opt_int(4)?;
    let mut actor = None;
    let (id, at, body) = if kind.is_message() {
        episode = row.opt_int(18)?;
        (MessageId(number).to_string(), Timestamp(row.int(15)?), EntryBody::Message(read_message(row)?))
    } else if kind == LogKind::NoteWritten {
        episode = row.opt_int(36)?;
        let author = Author { kind: row.parse(31)?, id: row.opt_text(32)?, name: row.text(33)? };
        let note = Note { author, text: row.text(34)?, mentions: row.json(35)? };
        (NoteId(number).to_string(), recorded, EntryBody::Note(note))
    } else {
        let detail: Json = opt_json(row, 6)?.unwrap_or_default();
        let told = detail.get("at").and_then(Json::as_i64).or(row.opt_int(38)?);
        actor = row.opt_text(7)?;
        let event = read_event(row, kind, &detail)?;
        (EntryId(number).to_string(), told.map_or(recorded, Timestamp), EntryBody::Event(event))
    };
    let entry = Entry {
        seq: row.int(0)?,
        id,
        at,
        episode_id: episode.map(EpisodeId),
        identity_id: row.opt_int(3)?.map(IdentityId),
        body,
    };
    Ok((entry, actor))
}

/// The names of people and programs by their ids as text, in at most two queries.
pub(crate) async fn actor_names(
    executor: &Executor,
    workspace_id: WorkspaceId,
    actors: &BTreeSet<&str>,
) -> Result<HashMap<String, String>> {
    let agents = actors.iter().filter_map(|actor| actor.parse::<AgentId>().ok());
    let agents: Vec<[Value<'_>; 2]> = agents.map(|id| params![workspace_id.0, id.0]).collect();
    let tokens = actors.iter().filter_map(|actor| actor.parse::<TokenId>().ok());
    let tokens: Vec<[Value<'_>; 2]> = tokens.map(|id| params![workspace_id.0, id.0]).collect();
    let agents =
        executor.batch(AGENT_NAMES, &agents, |row| Ok((AgentId(row.int(0)?).to_string(), row.text(1)?))).await?;
    let tokens =
        executor.batch(TOKEN_NAMES, &tokens, |row| Ok((TokenId(row.int(0)?).to_string(), row.text(1)?))).await?;
    Ok(agents.into_iter().chain(tokens).collect())
}

/// Adds the names of those who did what events tell, in at most two queries.
async fn name_actors(
    executor: &Executor,
    workspace_id: WorkspaceId,
    read: Vec<(Entry, Option<String>)>,
) -> Result<Vec<Entry>> {
    let actors: BTreeSet<&str> = read.iter().filter_map(|(_, actor)| actor.as_deref()).collect();
    if actors.is_empty() {
        return Ok(read.into_iter().map(|(entry, _)| entry).collect());
    }
    let names = actor_names(executor, workspace_id, &actors).await?;
    Ok(read
        .into_iter()
        .map(|(mut entry, actor)| {
            if let EntryBody::Event(event) = &mut entry.body {
                event.by = actor.and_then(|actor| names.get(&actor).cloned());
            }
            entry
        })
        .collect())
}

/// The newest entry of each identity that has one.
pub(crate) async fn last_entries(
    executor: &Executor,
    workspace_id: WorkspaceId,
    identities: &[IdentityId],
) -> Result<Vec<Entry>> {
    let rows: Vec<[Value<'_>; 1]> = identities.iter().map(|id| params![id.0]).collect();
    let found = executor.batch(LAST_ENTRIES, &rows, read_entry).await?;
    name_actors(executor, workspace_id, found).await
}

impl Store {
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
                entries.sort_by_key(|(entry, _)| std::cmp::Reverse(entry.seq));
                entries.truncate(*limit as usize);
                name_actors(executor, *workspace_id, entries).await
            }
            .boxed()
        })
        .await
    }

    /// The entries among the log's records `first..=last`, in order.
    pub async fn list_entries_by_seq(&self, workspace_id: WorkspaceId, first: i64, last: i64) -> Result<Vec<Entry>> {
        self.read((workspace_id, first, last), |executor, (workspace_id, first, last)| {
            async move {
                let found = executor.query(ENTRIES_BY_SEQ, &params![workspace_id.0, *first, *last], read_entry).await?;
                name_actors(executor, *workspace_id, found).await
            }
            .boxed()
        })
        .await
    }

    /// The entry that shows a message.
    pub async fn find_message_entry(&self, workspace_id: WorkspaceId, id: MessageId) -> Result<Option<Entry>> {
        Ok(self.list_entries_by_id(workspace_id, vec![id.0]).await?.pop())
    }

    /// The entries that show messages or notes, by their numbers, in no particular order.
    pub async fn list_entries_by_id(&self, workspace_id: WorkspaceId, ids: Vec<i64>) -> Result<Vec<Entry>> {
        self.read((workspace_id, ids), |executor, (workspace_id, ids)| {
            async move {
                let rows: Vec<[Value<'_>; 2]> = ids.iter().map(|id| params![*id, workspace_id.0]).collect();
                let found = executor.batch(ENTRIES_BY_ID, &rows, read_entry).await?;
                name_actors(executor, *workspace_id, found).await
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
    ) -> Result<HashMap<MessageId, KnownDelivery>> {
        self.read((workspace_id, messages), |executor, (workspace_id, messages)| {
            async move {
                let ids: Vec<[Value<'_>; 2]> = messages.iter().map(|id| params![workspace_id.0, id.0]).collect();
                let read = |row: &Row<'_>| Ok((MessageId(row.int(0)?), read_delivery(row, 1, 6)?, row.opt_text(7)?));
                let found = executor.batch(DELIVERIES, &ids, read).await?;
                let known = found.into_iter().filter_map(|(id, delivery, external_id)| {
                    delivery.map(|delivery| (id, KnownDelivery { delivery, external_id }))
                });
                Ok(known.collect())
            }
            .boxed()
        })
        .await
    }
}
