//! Turning a lane's stored events into entries: people, routes, matters, messages, receipts, the log.

use super::{
    EventFact, NewContent, ReadEvent,
    changes::{apply_receipt, edit, react},
    persons::{Person, PersonKey, find_or_create_persons, person_key, upsert_routes},
};
use crate::{
    Store,
    deliveries::mark_sent,
    engine::{Executor, Value, params, queries},
    episodes::join::{Joined, Joining, Spoken},
    error::{Result, StoreError},
    files::insert_media,
    log::NewRecord,
    profiles,
    scheduled::customers_replied,
};
use model::{
    ChannelAccountId, CustomerId, EntryId, EpisodeId, IdentityId, MessageId, RouteId, Timestamp,
    episode::{BusinessAuthor, EpisodeEvent, ReplyKind},
    log::LogKind,
    message::{AuthorKind, ReplyTo},
};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

queries! {
    LOCK_LANE = Same("UPDATE inbound_lane SET turn = turn + 1 WHERE id = $1");
    /// On PostgreSQL the words that the index of waiting events is made of are avoided: it would be read whole.
    MARK_DONE = Two {
        sqlite: "UPDATE inbound_event SET state = 'done' WHERE id = $1 AND state = 'stored' RETURNING id",
        postgres: "UPDATE inbound_event SET state = 'done' FROM UNNEST($1::bigint[]) AS u(id) WHERE inbound_event.id = u.id AND inbound_event.state NOT IN ('done', 'unroutable', 'undecodable') RETURNING inbound_event.id",
    };
    MARK_UNDECODABLE = Same("UPDATE inbound_event SET state = 'undecodable', error = $1 WHERE workspace_id = $2 AND id = $3");
    /// Messages by the provider's ids: those that are there already, and those that are quoted.
    KNOWN_MESSAGES = Two {
        sqlite: "SELECT channel_account_id, external_id, id, episode_id FROM message WHERE channel_account_id = $1 AND external_id = $2",
        postgres: "SELECT m.channel_account_id, m.external_id, m.id, m.episode_id FROM UNNEST($1::bigint[], $2::text[]) AS u(account, external_id) JOIN message m ON m.channel_account_id = u.account AND m.external_id = u.external_id",
    };
    /// The matter of the message whose option was picked.
    EPISODE_OF = Same("SELECT episode_id FROM message WHERE workspace_id = $1 AND id = $2");
    INSERT_MESSAGES = Two {
        sqlite: "INSERT INTO message (id, workspace_id, identity_id, route_id, channel_account_id, direction, author_kind, author_id, author_name, blocks, not_shown, at, external_id, delivery_state, sent_at, episode_id, reply_to, choice, standby, recorded_at, turn_part, tries) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, 0) ON CONFLICT (channel_account_id, external_id) DO NOTHING",
        postgres: "INSERT INTO message (id, workspace_id, identity_id, route_id, channel_account_id, direction, author_kind, author_id, author_name, blocks, not_shown, at, external_id, delivery_state, sent_at, episode_id, reply_to, choice, standby, recorded_at, turn_part, tries) SELECT u.*, 0 FROM UNNEST($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::bigint[], $13::text[], $14::text[], $15::bigint[], $16::bigint[], $17::text[], $18::text[], $19::boolean[], $20::bigint[], $21::text[]) AS u ON CONFLICT (channel_account_id, external_id) DO NOTHING",
    };
    INSERT_HAPPENING = Same("INSERT INTO happening (id, workspace_id, identity_id, channel_account_id, what, details, at) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING");
    /// By identity, so that the thread is that of whoever owns the identity now.
    TOUCH_THREADS = Two {
        sqlite: "UPDATE thread SET last_activity_at = CASE WHEN last_activity_at < $1 THEN $1 ELSE last_activity_at END WHERE customer_id = (SELECT customer_id FROM identity WHERE id = $2)",
        postgres: "UPDATE thread SET last_activity_at = CASE WHEN last_activity_at < u.at THEN u.at ELSE last_activity_at END FROM UNNEST($1::bigint[], $2::bigint[]) AS u(at, id) JOIN identity i ON i.id = u.id WHERE thread.customer_id = i.customer_id",
    };
    IS_OURS = Same("SELECT id FROM message WHERE workspace_id = $1 AND channel_account_id = $2 AND external_id = $3 AND direction = 'outbound'");
    OWN_MESSAGE = Same("SELECT id FROM message WHERE workspace_id = $1 AND channel_account_id = $2 AND id = $3 AND direction = 'outbound'");
}

/// Echoes of our own messages end their delivery; the rest is what is left to do.
async fn fold_own_echoes(store: &Store, executor: &Executor, events: Vec<ReadEvent>) -> Result<Vec<ReadEvent>> {
    let mut left = Vec::with_capacity(events.len());
    for event in events {
        let EventFact::Echo { external_id, message_id, .. } = &event.fact else {
            left.push(event);
            continue;
        };
        let (workspace_id, account) = (event.event.workspace_id, event.event.channel_account_id);
        let params = params![workspace_id.0, account.0, external_id];
        let mut ours = executor.query_opt(IS_OURS, &params, |row| row.int(0)).await?;
        if let (None, Some(id)) = (ours, message_id) {
            // Only over the account that it went out through: other programs may write ids of their own into the field.
            let params = params![workspace_id.0, account.0, id.0];
            ours = executor.query_opt(OWN_MESSAGE, &params, |row| row.int(0)).await?;
        }
        match ours {
            Some(id) => {
                mark_sent(store, executor, workspace_id, MessageId(id), external_id, event.event.received_at).await?;
            }
            None => left.push(event),
        }
    }
    Ok(left)
}

/// A message that is there.
#[derive(Clone, Copy)]
struct Known {
    id: MessageId,
    episode_id: Option<EpisodeId>,
}

/// The messages that the events bring or quote, as far as they are there, by account and the provider's id.
async fn find_known(executor: &Executor, events: &[ReadEvent]) -> Result<HashMap<(ChannelAccountId, String), Known>> {
    let wanted: HashSet<(i64, &str)> = events
        .iter()
        .filter_map(|event| Some((event.event.channel_account_id.0, event.fact.content()?)))
        .flat_map(|(account, (external_id, content))| {
            [Some(external_id), content.reply_to.as_deref()].into_iter().flatten().map(move |id| (account, id))
        })
        .collect();
    let rows: Vec<[Value<'_>; 2]> = wanted.into_iter().map(|(account, id)| params![account, id]).collect();
    let found = executor
        .batch(KNOWN_MESSAGES, &rows, |row| {
            let known = Known { id: MessageId(row.int(2)?), episode_id: row.opt_int(3)?.map(EpisodeId) };
            Ok(((ChannelAccountId(row.int(0)?), row.text(1)?), known))
        })
        .await?;
    Ok(found.into_iter().collect())
}

/// A message to be inserted, with what the row borrows from.
struct NewRow<'a> {
    event: &'a ReadEvent,
    external_id: &'a str,
    content: &'a NewContent,
    person: &'a Person,
    route_id: RouteId,
    joined: Joined,
    blocks: String,
    not_shown: String,
    reply_to: Option<String>,
    choice: Option<String>,
    author_id: Option<String>,
}

impl<'a> NewRow<'a> {
    fn params(&'a self) -> [Value<'a>; 21] {
        let event = &self.event.event;
        let written = match &self.event.fact {
            EventFact::Echo { author_kind, author_name, .. } => Some((author_kind.as_str(), author_name.as_str())),
            _ => None,
        };
        let (kind, name) = written.unwrap_or(("customer", &self.person.name));
        params![
            self.content.message_id.0,
            event.workspace_id.0,
            self.person.identity_id.0,
            self.route_id.0,
            event.channel_account_id.0,
            if written.is_some() { "outbound" } else { "inbound" },
            kind,
            self.author_id.as_deref(),
            name,
            &self.blocks,
            &self.not_shown,
            self.event.at,
            self.external_id,
            written.map(|_| "sent"),
            written.map(|_| self.event.at),
            self.joined.episode_id.0,
            self.reply_to.as_deref(),
            self.choice.as_deref(),
            self.event.standby,
            event.received_at,
            self.joined.part.as_str(),
        ]
    }
}

fn to_json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| StoreError::Internal(error.to_string()))
}

/// What one batch does; the parts that its steps share.
struct Batch<'a> {
    store: &'a Store,
    executor: &'a Executor,
    persons: &'a HashMap<PersonKey<'a>, Person>,
    routes: &'a HashMap<(IdentityId, ChannelAccountId), RouteId>,
    known: HashMap<(ChannelAccountId, String), Known>,
    joining: Joining,
    rows: Vec<NewRow<'a>>,
    active: BTreeMap<IdentityId, Timestamp>,
}

impl<'a> Batch<'a> {
    /// A message, the customer's or of the business: decides its matter, tells the log.
    async fn speak(
        &mut self,
        event: &'a ReadEvent,
        external_id: &'a str,
        content: &'a NewContent,
        person: &'a Person,
    ) -> Result<()> {
        let (account, now) = (event.event.channel_account_id, event.event.received_at);
        let key = (account, external_id.to_owned());
        let Some(route_id) = self.routes.get(&(person.identity_id, account)).copied() else { return Ok(()) };
        if self.known.contains_key(&key) {
            // Told once more, in other clothes.
            return Ok(());
        }
        let quoted = content.reply_to.as_ref().and_then(|id| self.known.get(&(account, id.clone())).copied());
        let picked = match content.choice.as_ref().and_then(|choice| choice.message_id) {
            Some(id) => {
                let params = params![event.event.workspace_id.0, id.0];
                self.executor.query_opt(EPISODE_OF, &params, |row| row.opt_int(0)).await?.flatten().map(EpisodeId)
            }
            None => None,
        };
        let spoken = Spoken {
            event: match &event.fact {
                // Written elsewhere: nobody of ours is engaged by it.
                EventFact::Echo { author_kind, .. } => EpisodeEvent::BusinessMessage {
                    author: if *author_kind == AuthorKind::Bot { BusinessAuthor::Bot } else { BusinessAuthor::System },
                    kind: ReplyKind::Substantive,
                },
                _ => EpisodeEvent::CustomerMessage,
            },
            blocks: &content.blocks,
            acknowledgement: content.acknowledgement,
            quoted: quoted.and_then(|known| known.episode_id),
            named: None,
            picked,
            new_episode: event.new_episode,
            actor: None,
        };
        let place = person.place(event.event.workspace_id);
        let joined = self.joining.speak(self.store, self.executor, &place, &spoken, now).await?;
        let is_echo = matches!(event.fact, EventFact::Echo { .. });
        let kind = if is_echo { LogKind::MessageEchoed } else { LogKind::MessageReceived };
        let mut record = place.record(kind, content.message_id, now);
        record.episode_id = Some(joined.episode_id);
        record.detail = Some(serde_json::json!({ "joined": joined.reason }).to_string());
        self.executor.log(record);
        let reply_to = content.reply_to.as_ref().map(|external_id| ReplyTo {
            message_id: quoted.map(|known| known.id),
            external_id: Some(external_id.clone()),
        });
        self.known.insert(key, Known { id: content.message_id, episode_id: Some(joined.episode_id) });
        self.touch(person, now);
        self.rows.push(NewRow {
            event,
            external_id,
            content,
            person,
            route_id,
            joined,
            blocks: to_json(&content.blocks)?,
            not_shown: to_json(&content.not_shown)?,
            reply_to: reply_to.as_ref().map(to_json).transpose()?,
            choice: content.choice.as_ref().map(to_json).transpose()?,
            author_id: (!is_echo).then(|| person.customer_id.to_string()),
        });
        Ok(())
    }

    /// Something kept and shown as an event.
    fn keep(&mut self, event: &ReadEvent, entry_id: EntryId, what: &str, person: &Person) {
        let (workspace_id, now) = (event.event.workspace_id, event.event.received_at);
        let mut record = person.place(workspace_id).record(LogKind::EventKept, MessageId(entry_id.0), now);
        let detail = serde_json::json!({ "what": what, "at": event.at.0, "event": event.event.id });
        record.detail = Some(detail.to_string());
        self.executor.log(record);
        self.touch(person, now);
    }

    /// Something that happened beside messages: on the thread, or to the account when it is about nobody.
    async fn happen(
        &mut self,
        event: &ReadEvent,
        entry_id: EntryId,
        what: &str,
        details: &str,
        person: Option<&Person>,
    ) -> Result<()> {
        let (workspace_id, now) = (event.event.workspace_id, event.event.received_at);
        let account = event.event.channel_account_id;
        let identity = person.map(|person| person.identity_id.0);
        let params = params![entry_id.0, workspace_id.0, identity, account.0, what, details, event.at];
        self.executor.execute(INSERT_HAPPENING, &params).await?;
        let record = match person {
            Some(person) => {
                self.touch(person, now);
                person.place(workspace_id).record(LogKind::EventHappened, MessageId(entry_id.0), now)
            }
            None => {
                let mut record = NewRecord::new(workspace_id, now, LogKind::ChannelAccountTold);
                record.subject_id = Some(account.to_string());
                record.detail = Some(serde_json::json!({ "what": what }).to_string());
                record
            }
        };
        self.executor.log(record);
        Ok(())
    }

    fn touch(&mut self, person: &Person, now: Timestamp) {
        let last = self.active.entry(person.identity_id).or_insert(now);
        *last = now.max(*last);
    }

    /// What brings something new, in the order of the events.
    async fn bring(&mut self, event: &'a ReadEvent) -> Result<()> {
        let workspace_id = event.event.workspace_id;
        let person = person_key(event).and_then(|key| self.persons.get(&key));
        let Some(person) = person else {
            match &event.fact {
                // A receipt for somebody we never wrote to has nothing to change.
                EventFact::Delivered { .. } | EventFact::Read { .. } => {}
                EventFact::Happened { entry_id, what, details } => {
                    self.happen(event, *entry_id, what, details, None).await?;
                }
                fact => {
                    let why = format!("not about a customer: {}", fact.word());
                    let params = params![&why, workspace_id.0, event.event.id.0];
                    self.executor.execute(MARK_UNDECODABLE, &params).await?;
                }
            }
            return Ok(());
        };
        match &event.fact {
            EventFact::Message { external_id, content } | EventFact::Echo { external_id, content, .. } => {
                self.speak(event, external_id, content, person).await
            }
            EventFact::Happened { entry_id, what, details } => {
                self.happen(event, *entry_id, what, details, Some(person)).await
            }
            EventFact::Kept { entry_id, what } => {
                self.keep(event, *entry_id, what, person);
                Ok(())
            }
            EventFact::Reaction { .. }
            | EventFact::Edited { .. }
            | EventFact::Delivered { .. }
            | EventFact::Read { .. } => Ok(()),
        }
    }

    /// What changes something that is there, once everything new is.
    async fn change(&mut self, event: &ReadEvent) -> Result<()> {
        let Some(person) = person_key(event).and_then(|key| self.persons.get(&key)) else { return Ok(()) };
        match &event.fact {
            EventFact::Delivered { .. } | EventFact::Read { .. } => {
                if let Some(route) = self.routes.get(&(person.identity_id, event.event.channel_account_id)) {
                    apply_receipt(self.store, self.executor, event, person, *route).await?;
                }
            }
            EventFact::Reaction { entry_id, .. } => {
                let found = react(self.executor, event, person).await?;
                if !found {
                    self.keep(event, *entry_id, "reaction", person);
                }
            }
            EventFact::Edited { entry_id, .. } => {
                let found = edit(self.executor, event, person).await?;
                if !found {
                    self.keep(event, *entry_id, "message_edit", person);
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// Waits until nobody turns events of any lane into entries, and keeps it so until COMMIT. In order, so that two who do this
/// never wait for each other.
pub(crate) async fn hold_lanes(executor: &Executor) -> Result<()> {
    for lane in 0..super::LANES {
        executor.execute(LOCK_LANE, &params![lane]).await?;
    }
    Ok(())
}

/// What became of a lane's events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Applied {
    /// How many were turned, or put aside, by this call.
    pub turned: usize,
    /// Whether there are jobs to be done at once.
    pub queued: bool,
}

pub(super) async fn apply(store: &Store, executor: &Executor, lane: i64, events: &[ReadEvent]) -> Result<Applied> {
    executor.execute(LOCK_LANE, &params![lane]).await?;
    let ids: Vec<[Value<'_>; 1]> = events.iter().map(|event| params![event.event.id.0]).collect();
    let done: HashSet<i64> = executor.batch(MARK_DONE, &ids, |row| row.int(0)).await?.into_iter().collect();
    // What is missing was turned into entries by another process, between our look and our lock.
    let mine: Vec<ReadEvent> = events.iter().filter(|event| done.contains(&event.event.id.0)).cloned().collect();
    let mut applied = Applied { turned: mine.len(), queued: false };
    let mine = fold_own_echoes(store, executor, mine).await?;
    let persons = find_or_create_persons(executor, &mine).await?;
    let routes = upsert_routes(executor, &mine, &persons).await?;
    let speakers = mine.iter().filter(|event| event.fact.content().is_some());
    let speakers = speakers.filter_map(|event| persons.get(&person_key(event)?)).filter(|person| !person.is_new);
    let joining = Joining::begin(executor, speakers.map(|person| person.customer_id).collect()).await?;
    let Some(now) = mine.iter().map(|event| event.event.received_at).max() else { return Ok(applied) };
    let mut batch = Batch {
        store,
        executor,
        persons: &persons,
        routes: &routes,
        known: find_known(executor, &mine).await?,
        joining,
        rows: Vec::new(),
        active: BTreeMap::new(),
    };
    for event in &mine {
        batch.bring(event).await?;
    }
    // A matter's row is there before the message that names it.
    batch.joining.save(store, executor, now).await?;
    let wrote = batch.rows.iter().filter(|row| matches!(row.event.fact, EventFact::Message { .. }));
    let wrote: BTreeSet<CustomerId> =
        wrote.filter(|row| !row.person.is_new).map(|row| row.person.customer_id).collect();
    customers_replied(store, executor, &wrote.into_iter().collect::<Vec<_>>(), now).await?;
    let rows: Vec<[Value<'_>; 21]> = batch.rows.iter().map(NewRow::params).collect();
    executor.batch_execute(INSERT_MESSAGES, &rows).await?;
    for row in batch.rows.iter().filter(|row| !row.content.media.is_empty()) {
        let (at, message) = (row.event.event.received_at, (row.event.event.workspace_id, row.content.message_id));
        applied.queued |= insert_media(store, executor, message, &row.content.media, at).await?;
    }
    applied.queued |= profiles::ask(executor, &mine, &persons).await?;
    for event in &mine {
        batch.change(event).await?;
    }
    let touched: Vec<[Value<'_>; 2]> = batch.active.iter().map(|(identity, at)| params![*at, identity.0]).collect();
    executor.batch_execute(TOUCH_THREADS, &touched).await?;
    Ok(applied)
}
