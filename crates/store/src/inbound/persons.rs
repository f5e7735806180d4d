//! The people behind events, and the ways to them.

use super::ReadEvent;
use crate::{
    deliveries::Place,
    engine::{Executor, Value, params, queries},
    error::Result,
    inbound::EventFact,
    log::NewRecord,
};
use model::{ChannelAccountId, CustomerId, IdentityId, RouteId, ThreadId, Timestamp, WorkspaceId, log::LogKind};
use std::collections::{BTreeMap, HashMap, HashSet};

queries! {
    FIND_PERSONS = Two {
        sqlite: "SELECT i.workspace_id, i.namespace, i.address, i.id, i.customer_id, t.id, c.name, i.profile_at FROM identity i JOIN thread t ON t.customer_id = i.customer_id JOIN customer c ON c.id = i.customer_id WHERE i.workspace_id = $1 AND i.namespace = $2 AND i.address = $3",
        postgres: "SELECT i.workspace_id, i.namespace, i.address, i.id, i.customer_id, t.id, c.name, i.profile_at FROM UNNEST($1::bigint[], $2::text[], $3::text[]) AS u(workspace_id, namespace, address) JOIN identity i ON i.workspace_id = u.workspace_id AND i.namespace = u.namespace AND i.address = u.address JOIN thread t ON t.customer_id = i.customer_id JOIN customer c ON c.id = i.customer_id",
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
}

/// A person's key: an address has a meaning in its namespace alone.
pub(crate) type PersonKey<'a> = (WorkspaceId, &'a str, &'a str);

#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub identity_id: IdentityId,
    pub customer_id: CustomerId,
    pub thread_id: ThreadId,
    pub name: String,
    /// When the provider was last asked about them.
    pub profile_at: Option<Timestamp>,
    /// Came into being in this transaction: there are no matters of theirs yet.
    pub is_new: bool,
}

impl Person {
    pub fn place(&self, workspace_id: WorkspaceId) -> Place {
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

/// Who an event is about.
pub(crate) fn person_key(event: &ReadEvent) -> Option<PersonKey<'_>> {
    event.sender.as_deref().map(|address| (event.event.workspace_id, event.event.namespace.as_str(), address))
}

/// Finds the people behind the events, and makes those that are needed and missing.
pub(super) async fn find_or_create_persons<'a>(
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
                profile_at: row.opt_int(7)?.map(Timestamp),
                is_new: false,
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
    for event in events.iter().filter(|event| event.fact.is_shown()) {
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
        let person =
            Person { identity_id, customer_id, thread_id, name: String::new(), profile_at: None, is_new: true };
        persons.insert(key, person);
    }
    executor.batch_execute(INSERT_CUSTOMERS, &customers).await?;
    executor.batch_execute(INSERT_THREADS, &threads).await?;
    executor.batch_execute(INSERT_IDENTITIES, &identities).await?;
    Ok(persons)
}

/// Moves windows and receipts forward and gives back every route's id.
pub(super) async fn upsert_routes(
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
            _ => {}
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
