//! Turning a lane's stored events into entries: people, routes, messages, receipts, the log.

use super::{EventFact, ReadEvent};
use crate::{
    deliveries::{Place, mark_sent},
    engine::{Executor, Value, params, queries},
    error::Result,
    log::NewRecord,
};
use model::{
    ChannelAccountId, CustomerId, IdentityId, MessageId, RouteId, ThreadId, Timestamp, WorkspaceId, log::LogKind,
};
use std::collections::{BTreeMap, HashMap, HashSet};

queries! {
    LOCK_LANE = Same("UPDATE inbound_lane SET turn = turn + 1 WHERE id = $1");
    /// On PostgreSQL the words that the index of waiting events is made of are avoided: it would be read whole.
    MARK_DONE = Two {
        sqlite: "UPDATE inbound_event SET state = 'done' WHERE id = $1 AND state = 'stored' RETURNING id",
        postgres: "UPDATE inbound_event SET state = 'done' FROM UNNEST($1::bigint[]) AS u(id) WHERE inbound_event.id = u.id AND inbound_event.state NOT IN ('done', 'unroutable', 'undecodable') RETURNING inbound_event.id",
    };
    MARK_UNDECODABLE = Same("UPDATE inbound_event SET state = 'undecodable', error = $1 WHERE workspace_id = $2 AND id = $3");
    FIND_PERSONS = Two {
        sqlite: "SELECT i.workspace_id, i.namespace, i.address, i.id, i.customer_id, t.id, c.name FROM identity i JOIN thread t ON t.customer_id = i.customer_id JOIN customer c ON c.id = i.customer_id WHERE i.workspace_id = $1 AND i.namespace = $2 AND i.address = $3",
        postgres: "SELECT i.workspace_id, i.namespace, i.address, i.id, i.customer_id, t.id, c.name FROM UNNEST($1::bigint[], $2::text[], $3::text[]) AS u(workspace_id, namespace, address) JOIN identity i ON i.workspace_id = u.workspace_id AND i.namespace = u.namespace AND i.address = u.address JOIN thread t ON t.customer_id = i.customer_id JOIN customer c ON c.id = i.customer_id",
    };
    INSERT_CUSTOMERS = Two {
        sqlite: "INSERT INTO customer (id, workspace_id, name, created_at) VALUES ($1, $2, '', $3)",
        postgres: "INSERT INTO customer (id, workspace_id, name, created_at) SELECT u.id, u.workspace_id, '', u.at FROM UNNEST($1::bigint[], $2::bigint[], $3::bigint[]) AS u(id, workspace_id, at)",
    };
    INSERT_THREADS = Two {
        sqlite: "INSERT INTO thread (id, workspace_id, customer_id, created_at, last_activity_at) VALUES ($1, $2, $3, $4, $5)",
        postgres: "INSERT INTO thread (id, workspace_id, customer_id, created_at, last_activity_at) SELECT * FROM UNNEST($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])",
    };
    INSERT_IDENTITIES = Two {
        sqlite: "INSERT INTO identity (id, workspace_id, customer_id, namespace, address, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
        postgres: "INSERT INTO identity (id, workspace_id, customer_id, namespace, address, created_at) SELECT * FROM UNNEST($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::bigint[])",
    };
    /// Windows and receipts only ever move forward; a message from the customer ends a block.
    UPSERT_ROUTES = Two {
        sqlite: "INSERT INTO route (id, workspace_id, identity_id, channel_account_id, window_until, last_inbound_at, delivered_until, read_until, blocked, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, FALSE, $9) ON CONFLICT (identity_id, channel_account_id) DO UPDATE SET window_until = CASE WHEN excluded.window_until IS NULL OR route.window_until >= excluded.window_until THEN route.window_until ELSE excluded.window_until END, last_inbound_at = CASE WHEN excluded.last_inbound_at IS NULL OR route.last_inbound_at >= excluded.last_inbound_at THEN route.last_inbound_at ELSE excluded.last_inbound_at END, delivered_until = CASE WHEN excluded.delivered_until IS NULL OR route.delivered_until >= excluded.delivered_until THEN route.delivered_until ELSE excluded.delivered_until END, read_until = CASE WHEN excluded.read_until IS NULL OR route.read_until >= excluded.read_until THEN route.read_until ELSE excluded.read_until END, blocked = CASE WHEN excluded.last_inbound_at IS NULL THEN route.blocked ELSE FALSE END RETURNING identity_id, channel_account_id, id",
        postgres: "INSERT INTO route (id, workspace_id, identity_id, channel_account_id, window_until, last_inbound_at, delivered_until, read_until, blocked, created_at) SELECT u.id, u.workspace_id, u.identity_id, u.channel_account_id, u.window_until, u.last_inbound_at, u.delivered_until, u.read_until, FALSE, u.at FROM UNNEST($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[]) AS u(id, workspace_id, identity_id, channel_account_id, window_until, last_inbound_at, delivered_until, read_until, at) ON CONFLICT (identity_id, channel_account_id) DO UPDATE SET window_until = CASE WHEN excluded.window_until IS NULL OR route.window_until >= excluded.window_until THEN route.window_until ELSE excluded.window_until END, last_inbound_at = CASE WHEN excluded.last_inbound_at IS NULL OR route.last_inbound_at >= excluded.last_inbound_at THEN route.last_inbound_at ELSE excluded.last_inbound_at END, delivered_until = CASE WHEN excluded.delivered_until IS NULL OR route.delivered_until >= excluded.delivered_until THEN route.delivered_until ELSE excluded.delivered_until END, read_until = CASE WHEN excluded.read_until IS NULL OR route.read_until >= excluded.read_until THEN route.read_until ELSE excluded.read_until END, blocked = CASE WHEN excluded.last_inbound_at IS NULL THEN route.blocked ELSE FALSE END RETURNING identity_id, channel_account_id, id",
    };
    INSERT_MESSAGES = Two {
        sqlite: "INSERT INTO message (id, workspace_id, identity_id, route_id, channel_account_id, direction, author_kind, author_id, author_name, blocks, not_shown, at, external_id, tries) VALUES ($1, $2, $3, $4, $5, 'inbound', 'customer', $6, $7, $8, $9, $10, $11, 0) ON CONFLICT (channel_account_id, external_id) DO NOTHING RETURNING id",
        postgres: "INSERT INTO message (id, workspace_id, identity_id, route_id, channel_account_id, direction, author_kind, author_id, author_name, blocks, not_shown, at, external_id, tries) SELECT u.id, u.workspace_id, u.identity_id, u.route_id, u.channel_account_id, 'inbound', 'customer', u.author_id, u.author_name, u.blocks, u.not_shown, u.at, u.external_id, 0 FROM UNNEST($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[], $10::bigint[], $11::text[]) AS u(id, workspace_id, identity_id, route_id, channel_account_id, author_id, author_name, blocks, not_shown, at, external_id) ON CONFLICT (channel_account_id, external_id) DO NOTHING RETURNING id",
    };
    TOUCH_THREADS = Two {
        sqlite: "UPDATE thread SET last_activity_at = CASE WHEN last_activity_at < $1 THEN $1 ELSE last_activity_at END WHERE id = $2",
        postgres: "UPDATE thread SET last_activity_at = CASE WHEN last_activity_at < u.at THEN u.at ELSE last_activity_at END FROM UNNEST($1::bigint[], $2::bigint[]) AS u(at, id) WHERE thread.id = u.id",
    };
    IS_OURS = Same("SELECT id FROM message WHERE workspace_id = $1 AND channel_account_id = $2 AND external_id = $3 AND direction = 'outbound'");
    OWN_MESSAGE = Same("SELECT id FROM message WHERE workspace_id = $1 AND channel_account_id = $2 AND id = $3 AND direction = 'outbound'");
    DELIVERED_BY_ID = Same("SELECT id FROM message WHERE workspace_id = $1 AND channel_account_id = $2 AND external_id = $3 AND direction = 'outbound' AND delivery_state IN ('queued', 'sending', 'sent', 'failed', 'uncertain')");
    MARK_DELIVERED = Same("UPDATE message SET delivery_state = 'delivered', failure_reason = NULL, failure_code = NULL, failure_detail = NULL WHERE workspace_id = $1 AND id = $2 AND delivery_state IN ('queued', 'sending', 'sent', 'failed', 'uncertain')");
    RECEIPT_UP_TO = Same("UPDATE message SET delivery_state = $1 WHERE route_id = $2 AND sent_at <= $3 AND delivery_state IN ('sent', 'delivered') AND delivery_state <> $1 RETURNING id");
}

/// A person's key: an address has a meaning in its namespace alone.
type PersonKey<'a> = (WorkspaceId, &'a str, &'a str);

#[derive(Debug, Clone)]
struct Person {
    identity_id: IdentityId,
    customer_id: CustomerId,
    thread_id: ThreadId,
    name: String,
}

impl Person {
    fn place(&self, workspace_id: WorkspaceId) -> Place {
        Place { workspace_id, customer_id: self.customer_id, thread_id: self.thread_id, identity_id: self.identity_id }
    }
}

/// What a batch changes on one route.
#[derive(Default)]
struct RouteChange {
    new_id: i64,
    workspace_id: i64,
    window_until: Option<Timestamp>,
    last_inbound_at: Option<Timestamp>,
    delivered_until: Option<Timestamp>,
    read_until: Option<Timestamp>,
    at: i64,
}

fn person_key(event: &ReadEvent) -> Option<PersonKey<'_>> {
    event.sender.as_deref().map(|address| (event.event.workspace_id, event.event.namespace.as_str(), address))
}

/// An event that is an entry (or may be): a message, or something kept.
fn is_shown(event: &ReadEvent) -> bool {
    matches!(event.fact, EventFact::Message { .. } | EventFact::Kept { .. })
}

/// Echoes: those of our own messages end their delivery; the rest become events to show. Returns what is left to do.
async fn fold_echoes(executor: &Executor, events: Vec<ReadEvent>) -> Result<Vec<ReadEvent>> {
    let mut left = Vec::with_capacity(events.len());
    for mut event in events {
        let EventFact::Echo { external_id, message_id, entry_id } = &event.fact else {
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
        if let Some(id) = ours {
            mark_sent(executor, workspace_id, MessageId(id), external_id, event.event.received_at).await?;
        } else {
            // Written at the provider's own desk, or by another program of the business.
            event.fact = EventFact::Kept { entry_id: *entry_id, what: "echo".into() };
            left.push(event);
        }
    }
    Ok(left)
}

/// Finds the people behind the events, and makes those that are needed and missing.
async fn find_or_create_persons<'a>(
    executor: &Executor,
    events: &'a [ReadEvent],
) -> Result<HashMap<PersonKey<'a>, Person>> {
    let keys: HashSet<PersonKey<'_>> = events.iter().filter_map(person_key).collect();
    let rows: Vec<[Value<'_>; 3]> = keys.iter().map(|key| params![key.0.0, key.1, key.2]).collect();
    let found = executor
        .batch(FIND_PERSONS, &rows, |row| {
            let key = (WorkspaceId(row.int(0)?), row.text(1)?, row.text(2)?);
            let person = Person {
                identity_id: IdentityId(row.int(3)?),
                customer_id: CustomerId(row.int(4)?),
                thread_id: ThreadId(row.int(5)?),
                name: row.text(6)?,
            };
            Ok((key, person))
        })
        .await?;
    let found: HashMap<(WorkspaceId, String, String), Person> = found.into_iter().collect();
    let mut persons: HashMap<PersonKey<'_>, Person> = HashMap::new();
    for key in keys {
        if let Some(person) = found.get(&(key.0, key.1.to_owned(), key.2.to_owned())) {
            persons.insert(key, person.clone());
        }
    }
    let mut customers = Vec::new();
    let mut threads = Vec::new();
    let mut identities = Vec::new();
    for event in events.iter().filter(|event| is_shown(event)) {
        let Some(key) = person_key(event) else { continue };
        if persons.contains_key(&key) {
            continue;
        }
        let (customer_id, thread_id, identity_id, _) = event.new_person;
        let (workspace_id, namespace, address) = key;
        let now = event.event.received_at;
        customers.push(params![customer_id.0, workspace_id.0, now]);
        threads.push(params![thread_id.0, workspace_id.0, customer_id.0, now, now]);
        identities.push(params![identity_id.0, workspace_id.0, customer_id.0, namespace, address, now]);
        let mut record = NewRecord::new(workspace_id, now, LogKind::CustomerCreated);
        record.customer_id = Some(customer_id);
        record.thread_id = Some(thread_id);
        record.identity_id = Some(identity_id);
        executor.log(record);
        persons.insert(key, Person { identity_id, customer_id, thread_id, name: String::new() });
    }
    executor.batch_execute(INSERT_CUSTOMERS, &customers).await?;
    executor.batch_execute(INSERT_THREADS, &threads).await?;
    executor.batch_execute(INSERT_IDENTITIES, &identities).await?;
    Ok(persons)
}

/// Moves windows and receipts forward and gives back every route's id.
async fn upsert_routes(
    executor: &Executor,
    events: &[ReadEvent],
    persons: &HashMap<PersonKey<'_>, Person>,
) -> Result<HashMap<(IdentityId, ChannelAccountId), RouteId>> {
    let mut changes: BTreeMap<(IdentityId, ChannelAccountId), RouteChange> = BTreeMap::new();
    for event in events {
        let Some(person) = person_key(event).and_then(|key| persons.get(&key)) else { continue };
        let change = changes.entry((person.identity_id, event.event.channel_account_id)).or_default();
        if change.new_id == 0 {
            change.new_id = event.new_person.3.0;
            change.workspace_id = event.event.workspace_id.0;
            change.at = event.event.received_at.0;
        }
        change.window_until = change.window_until.max(event.window_until);
        match &event.fact {
            EventFact::Message { .. } => change.last_inbound_at = change.last_inbound_at.max(Some(event.at)),
            EventFact::Delivered { watermark, .. } => change.delivered_until = change.delivered_until.max(*watermark),
            EventFact::Read { watermark } => {
                change.read_until = change.read_until.max(Some(*watermark));
                change.delivered_until = change.delivered_until.max(Some(*watermark));
            }
            EventFact::Echo { .. } | EventFact::Kept { .. } => {}
        }
    }
    let rows: Vec<[Value<'_>; 9]> = changes
        .iter()
        .map(|((identity_id, account_id), change)| {
            params![
                change.new_id,
                change.workspace_id,
                identity_id.0,
                account_id.0,
                change.window_until,
                change.last_inbound_at,
                change.delivered_until,
                change.read_until,
                change.at,
            ]
        })
        .collect();
    let routes = executor
        .batch(UPSERT_ROUTES, &rows, |row| {
            Ok(((IdentityId(row.int(0)?), ChannelAccountId(row.int(1)?)), RouteId(row.int(2)?)))
        })
        .await?;
    Ok(routes.into_iter().collect())
}

/// Writes the customers' messages; gives back which were new.
async fn insert_messages(
    executor: &Executor,
    events: &[ReadEvent],
    persons: &HashMap<PersonKey<'_>, Person>,
    routes: &HashMap<(IdentityId, ChannelAccountId), RouteId>,
) -> Result<HashSet<MessageId>> {
    let authors: HashMap<CustomerId, String> =
        persons.values().map(|person| (person.customer_id, person.customer_id.to_string())).collect();
    let mut rows: Vec<[Value<'_>; 11]> = Vec::new();
    for event in events {
        let EventFact::Message { message_id, external_id, blocks, not_shown } = &event.fact else { continue };
        let Some(person) = person_key(event).and_then(|key| persons.get(&key)) else { continue };
        let account = event.event.channel_account_id;
        let Some(route) = routes.get(&(person.identity_id, account)) else { continue };
        rows.push(params![
            message_id.0,
            event.event.workspace_id.0,
            person.identity_id.0,
            route.0,
            account.0,
            authors.get(&person.customer_id),
            &person.name,
            blocks,
            not_shown,
            event.at,
            external_id,
        ]);
    }
    let inserted = executor.batch(INSERT_MESSAGES, &rows, |row| Ok(MessageId(row.int(0)?))).await?;
    Ok(inserted.into_iter().collect())
}

/// Folds a receipt into the messages that it covers.
async fn apply_receipt(executor: &Executor, event: &ReadEvent, person: &Person, route: RouteId) -> Result<()> {
    let workspace_id = event.event.workspace_id;
    let now = event.event.received_at;
    let place = person.place(workspace_id);
    let (watermark, state, kind) = match &event.fact {
        EventFact::Delivered { external_ids, watermark } => {
            for external_id in external_ids {
                let params = params![workspace_id.0, event.event.channel_account_id.0, external_id];
                let found = executor.query_opt(DELIVERED_BY_ID, &params, |row| Ok(MessageId(row.int(0)?))).await?;
                let Some(id) = found else { continue };
                // A receipt proves that the provider has it: whatever was in doubt ends here.
                mark_sent(executor, workspace_id, id, external_id, now).await?;
                if executor.execute(MARK_DELIVERED, &params![workspace_id.0, id.0]).await? == 1 {
                    executor.log(place.record(LogKind::MessageDelivered, id, now));
                }
            }
            (*watermark, "delivered", LogKind::MessageDelivered)
        }
        EventFact::Read { watermark } => (Some(*watermark), "read", LogKind::MessageRead),
        _ => return Ok(()),
    };
    let Some(watermark) = watermark else { return Ok(()) };
    let covered =
        executor.query(RECEIPT_UP_TO, &params![state, route.0, watermark], |row| Ok(MessageId(row.int(0)?))).await?;
    for id in covered {
        executor.log(place.record(kind, id, now));
    }
    Ok(())
}

pub(super) async fn apply(executor: &Executor, lane: i64, events: &[ReadEvent]) -> Result<usize> {
    executor.execute(LOCK_LANE, &params![lane]).await?;
    let ids: Vec<[Value<'_>; 1]> = events.iter().map(|event| params![event.event.id.0]).collect();
    let done: HashSet<i64> = executor.batch(MARK_DONE, &ids, |row| row.int(0)).await?.into_iter().collect();
    // What is missing was turned into entries by another process, between our look and our lock.
    let mine: Vec<ReadEvent> = events.iter().filter(|event| done.contains(&event.event.id.0)).cloned().collect();
    let count = mine.len();
    let mine = fold_echoes(executor, mine).await?;
    let persons = find_or_create_persons(executor, &mine).await?;
    let routes = upsert_routes(executor, &mine, &persons).await?;
    let new_messages = insert_messages(executor, &mine, &persons, &routes).await?;
    let mut active: BTreeMap<ThreadId, Timestamp> = BTreeMap::new();
    for event in &mine {
        let (workspace_id, now) = (event.event.workspace_id, event.event.received_at);
        let Some(person) = person_key(event).and_then(|key| persons.get(&key)) else {
            let what = match &event.fact {
                EventFact::Kept { what, .. } => what,
                EventFact::Message { .. } => "message",
                EventFact::Echo { .. } | EventFact::Delivered { .. } | EventFact::Read { .. } => continue,
            };
            let why = format!("not about a customer: {what}");
            executor.execute(MARK_UNDECODABLE, &params![&why, workspace_id.0, event.event.id.0]).await?;
            // A receipt for somebody we never wrote to has nothing to change.
            continue;
        };
        match &event.fact {
            EventFact::Message { message_id, .. } if new_messages.contains(message_id) => {
                executor.log(person.place(workspace_id).record(LogKind::MessageReceived, *message_id, now));
            }
            EventFact::Kept { entry_id, what } => {
                let mut record = person.place(workspace_id).record(LogKind::EventKept, MessageId(entry_id.0), now);
                let detail = serde_json::json!({ "what": what, "at": event.at.0, "event": event.event.id });
                record.detail = Some(detail.to_string());
                executor.log(record);
            }
            EventFact::Delivered { .. } | EventFact::Read { .. } => {
                if let Some(route) = routes.get(&(person.identity_id, event.event.channel_account_id)) {
                    apply_receipt(executor, event, person, *route).await?;
                }
                continue;
            }
            EventFact::Message { .. } | EventFact::Echo { .. } => continue,
        }
        let last = active.entry(person.thread_id).or_insert(now);
        *last = now.max(*last);
    }
    let touched: Vec<[Value<'_>; 2]> = active.iter().map(|(thread, at)| params![*at, thread.0]).collect();
    executor.batch_execute(TOUCH_THREADS, &touched).await?;
    Ok(count)
}
