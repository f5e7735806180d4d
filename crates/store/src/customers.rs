//! Customers with their identities, and what people and programs tell of them.

use crate::{
    Store,
    attributes::add_attributes,
    engine::{Executor, Row, Value, params, queries},
    error::Result,
    labels::add_labels,
    log::NewRecord,
};
use futures_util::FutureExt;
use model::{
    AttributeId, ChannelAccountId, CustomerId, FileId, IdentityId, ThreadId, Timestamp, WorkspaceId,
    attribute::ValueSource,
    customer::{Customer, Identity, Picture, Suppression, Verification},
    log::LogKind,
};
use std::collections::{BTreeMap, HashMap};

/// What changes of a customer. It has been checked.
#[derive(Debug, Clone)]
pub struct CustomerUpdate {
    /// Which.
    pub id: CustomerId,
    /// Where.
    pub workspace_id: WorkspaceId,
    /// A new name; empty for "not known".
    pub name: Option<String>,
    /// Values of fields as JSON; `None` takes the value away.
    pub values: Vec<(AttributeId, Option<String>)>,
    /// Where it comes from.
    pub source: ValueSource,
    /// Who; `None` for the channel's profile.
    pub actor_id: Option<String>,
    /// Now.
    pub now: Timestamp,
}

/// What every query of identities gives: whose it is, the identity, the route, how sure it is.
macro_rules! identity_columns {
    () => {
        "i.customer_id, i.id, i.address, a.kind, r.channel_account_id, r.window_until, r.blocked, r.last_inbound_at, i.verification, i.verification_source, COALESCE(i.verification_at, i.created_at), i.suppressed_at, i.suppressed_by, i.suppressed_reason, i.picture_id"
    };
}
/// The rows beside the identity `i`.
macro_rules! beside {
    () => {
        " JOIN route r ON r.identity_id = i.id JOIN channel_account a ON a.id = r.channel_account_id "
    };
}

queries! {
    RENAME = Same("UPDATE customer SET name = $1, name_source = $2 WHERE workspace_id = $3 AND id = $4");
    /// Does nothing when the value is the same already, or the field is gone.
    SET_VALUE = Same("INSERT INTO customer_attribute (customer_id, attribute_id, workspace_id, value, source, actor_id, set_at) SELECT $1, a.id, a.workspace_id, $2, $3, $4, $5 FROM attribute a WHERE a.workspace_id = $6 AND a.id = $7 ON CONFLICT (customer_id, attribute_id) DO UPDATE SET value = excluded.value, source = excluded.source, actor_id = excluded.actor_id, set_at = excluded.set_at WHERE customer_attribute.value <> excluded.value");
    /// The value of a customer, and of whoever became a part of them: else theirs would be read through.
    CLEAR_VALUE = Same("DELETE FROM customer_attribute WHERE customer_id IN (SELECT id FROM customer WHERE id = $1 UNION ALL SELECT id FROM customer WHERE merged_into = $1) AND attribute_id = $2");
    /// A customer, or whom an alias stands for.
    GET = Same("SELECT c.id, t.id, c.name, c.created_at FROM customer x JOIN customer c ON c.id = COALESCE(x.merged_into, x.id) JOIN thread t ON t.customer_id = c.id WHERE x.workspace_id = $1 AND x.id = $2");
    LIST = Same("SELECT c.id, t.id, c.name, c.created_at FROM customer c JOIN thread t ON t.customer_id = c.id WHERE c.workspace_id = $1 AND c.merged_into IS NULL AND c.id < $2 ORDER BY c.id DESC LIMIT $3");
    /// Many customers at once.
    BY_ID = Two {
        sqlite: "SELECT c.id, t.id, c.name, c.created_at FROM customer c JOIN thread t ON t.customer_id = c.id WHERE c.workspace_id = $1 AND c.id = $2",
        postgres: "SELECT c.id, t.id, c.name, c.created_at FROM UNNEST($1::bigint[], $2::bigint[]) AS u(workspace_id, id) JOIN customer c ON c.id = u.id AND c.workspace_id = u.workspace_id JOIN thread t ON t.customer_id = c.id",
    };
    /// The identities of many customers at once, each with the route last used.
    IDENTITIES = Two {
        sqlite: concat!("SELECT ", identity_columns!(), " FROM identity i", beside!(), "WHERE i.customer_id = $1"),
        postgres: concat!("SELECT ", identity_columns!(), " FROM UNNEST($1::bigint[]) AS u(id) JOIN identity i ON i.customer_id = u.id", beside!()),
    };
    IDENTITIES_BY_ID = Two {
        sqlite: concat!("SELECT ", identity_columns!(), " FROM identity i", beside!(), "WHERE i.id = $1"),
        postgres: concat!("SELECT ", identity_columns!(), " FROM UNNEST($1::bigint[]) AS u(id) JOIN identity i ON i.id = u.id", beside!()),
    };
    /// The names of those who became a part of nameless customers, the oldest first.
    ALIAS_NAMES = Two {
        sqlite: "SELECT merged_into, name FROM customer WHERE merged_into = $1 AND name <> '' ORDER BY id LIMIT 1",
        postgres: "SELECT DISTINCT ON (u.id) c.merged_into, c.name FROM UNNEST($1::bigint[]) AS u(id) JOIN customer c ON c.merged_into = u.id WHERE c.name <> '' ORDER BY u.id, c.id",
    };
}

pub(crate) fn read_customer(row: &Row<'_>) -> Result<Customer> {
    Ok(Customer {
        id: CustomerId(row.int(0)?),
        thread_id: ThreadId(row.int(1)?),
        name: row.text(2)?,
        created_at: Timestamp(row.int(3)?),
        identities: Vec::new(),
        attributes: BTreeMap::new(),
        labels: Vec::new(),
    })
}

/// Adds what belongs to customers, in one query for each kind, whatever the number of customers.
pub(crate) async fn complete_customers(executor: &Executor, customers: &mut [Customer]) -> Result<()> {
    add_identities(executor, customers).await?;
    add_labels(executor, customers).await?;
    add_attributes(executor, customers).await
}

fn read_identity(row: &Row<'_>) -> Result<(i64, Identity)> {
    let suppression = match row.opt_int(11)? {
        Some(at) => Some(Suppression {
            at: Timestamp(at),
            by: row.opt_text(12)?.unwrap_or_default(),
            reason: row.opt_text(13)?.unwrap_or_default(),
        }),
        None => None,
    };
    let identity = Identity {
        id: IdentityId(row.int(1)?),
        address: row.text(2)?,
        kind: row.text(3)?,
        channel_account_id: ChannelAccountId(row.int(4)?),
        window_until: row.opt_int(5)?.map(Timestamp),
        // What the channel and the account allow is not the store's to know.
        human_window_until: None,
        blocked: row.flag(6)?,
        suppression,
        last_inbound_at: row.opt_int(7)?.map(Timestamp),
        verification: Verification { level: row.parse(8)?, source: row.text(9)?, at: Timestamp(row.int(10)?) },
        // Addresses are signed by whoever tells them.
        picture: row.opt_int(14)?.map(|id| Picture { file_id: FileId(id), url: String::new() }),
    };
    Ok((row.int(0)?, identity))
}

/// Oldest first, each with the route that was used last.
fn in_order(mut identities: Vec<Identity>) -> Vec<Identity> {
    identities.sort_by_key(|identity| (identity.id, std::cmp::Reverse(identity.last_inbound_at)));
    identities.dedup_by_key(|identity| identity.id);
    identities
}

/// Identities by their ids, oldest first.
pub(crate) async fn find_identities(executor: &Executor, ids: &[IdentityId]) -> Result<Vec<Identity>> {
    let ids: Vec<[Value<'_>; 1]> = ids.iter().map(|id| params![id.0]).collect();
    let found = executor.batch(IDENTITIES_BY_ID, &ids, read_identity).await?;
    Ok(in_order(found.into_iter().map(|(_, identity)| identity).collect()))
}

/// Adds their identities to customers in one query, oldest first, each with the route that was used
/// last; in another the names of those who became a part of customers that have none of their own.
async fn add_identities(executor: &Executor, customers: &mut [Customer]) -> Result<()> {
    let ids: Vec<[Value<'_>; 1]> = customers.iter().map(|customer| params![customer.id.0]).collect();
    let found = executor.batch(IDENTITIES, &ids, read_identity).await?;
    let mut by_customer: HashMap<i64, Vec<Identity>> = HashMap::new();
    for (customer, identity) in found {
        by_customer.entry(customer).or_default().push(identity);
    }
    let nameless = customers.iter().filter(|customer| customer.name.is_empty());
    let nameless: Vec<[Value<'_>; 1]> = nameless.map(|customer| params![customer.id.0]).collect();
    let names = executor.batch(ALIAS_NAMES, &nameless, |row| Ok((row.int(0)?, row.text(1)?))).await?;
    let mut names: HashMap<i64, String> = names.into_iter().collect();
    for customer in customers {
        customer.identities = in_order(by_customer.remove(&customer.id.0).unwrap_or_default());
        if let Some(name) = names.remove(&customer.id.0) {
            customer.name = name;
        }
    }
    Ok(())
}

/// One customer, or whom an alias stands for.
pub(crate) async fn find(executor: &Executor, workspace_id: WorkspaceId, id: CustomerId) -> Result<Option<Customer>> {
    let mut found = executor.query(GET, &params![workspace_id.0, id.0], read_customer).await?;
    complete_customers(executor, &mut found).await?;
    Ok(found.pop())
}

impl Store {
    /// One customer; of an alias whom it stands for.
    pub async fn find_customer(&self, workspace_id: WorkspaceId, id: CustomerId) -> Result<Option<Customer>> {
        self.read((workspace_id, id), |executor, (workspace_id, id)| {
            async move { find(executor, *workspace_id, *id).await }.boxed()
        })
        .await
    }

    /// Customers by their ids, in no order; what does not exist is left out.
    pub async fn list_customers_by_id(&self, workspace_id: WorkspaceId, ids: Vec<CustomerId>) -> Result<Vec<Customer>> {
        self.read((workspace_id, ids), |executor, (workspace_id, ids)| {
            async move {
                let rows: Vec<[Value<'_>; 2]> = ids.iter().map(|id| params![workspace_id.0, id.0]).collect();
                let mut found = executor.batch(BY_ID, &rows, read_customer).await?;
                complete_customers(executor, &mut found).await?;
                Ok(found)
            }
            .boxed()
        })
        .await
    }

    /// Customers before `before`, newest first.
    pub async fn list_customers(
        &self,
        workspace_id: WorkspaceId,
        before: CustomerId,
        limit: u32,
    ) -> Result<Vec<Customer>> {
        self.read((workspace_id, before, limit), |executor, (workspace_id, before, limit)| {
            async move {
                let mut found = executor.query(LIST, &params![workspace_id.0, before.0, *limit], read_customer).await?;
                complete_customers(executor, &mut found).await?;
                Ok(found)
            }
            .boxed()
        })
        .await
    }

    /// Changes what is known of a customer; false when there is none. What changes nothing is not told.
    pub async fn update_customer(&self, change: CustomerUpdate) -> Result<bool> {
        let (found, _) = self
            .write(change, |executor, change| {
                async move {
                    let workspace_id = change.workspace_id;
                    let found = executor.query_opt(GET, &params![workspace_id.0, change.id.0], read_customer).await?;
                    let Some(customer) = found else { return Ok(false) };
                    // Of an alias whom it stands for: what is said of the one person is said there.
                    let id = customer.id;
                    let mut touched = 0;
                    if let Some(name) = change.name.as_ref().filter(|name| **name != customer.name) {
                        let params = params![name, change.source.as_str(), workspace_id.0, id.0];
                        touched += executor.execute(RENAME, &params).await?;
                    }
                    for (attribute, value) in &change.values {
                        touched += match value {
                            Some(value) => {
                                let (source, actor) = (change.source.as_str(), change.actor_id.as_ref());
                                let params =
                                    params![id.0, value, source, actor, change.now, workspace_id.0, attribute.0];
                                executor.execute(SET_VALUE, &params).await?
                            }
                            None => executor.execute(CLEAR_VALUE, &params![id.0, attribute.0]).await?,
                        };
                    }
                    if touched > 0 {
                        let mut record = NewRecord::new(workspace_id, change.now, LogKind::CustomerChanged);
                        record.customer_id = Some(id);
                        record.thread_id = Some(customer.thread_id);
                        record.actor_id = change.actor_id.clone();
                        executor.log(record);
                    }
                    Ok(true)
                }
                .boxed()
            })
            .await?;
        Ok(found)
    }
}
