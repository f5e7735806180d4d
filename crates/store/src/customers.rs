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
    AttributeId, ChannelAccountId, CustomerId, IdentityId, ThreadId, Timestamp, WorkspaceId,
    attribute::ValueSource,
    customer::{Customer, Identity},
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

queries! {
    RENAME = Same("UPDATE customer SET name = $1, name_source = $2 WHERE workspace_id = $3 AND id = $4");
    /// Does nothing when the value is the same already, or the field is gone.
    SET_VALUE = Same("INSERT INTO customer_attribute (customer_id, attribute_id, workspace_id, value, source, actor_id, set_at) SELECT $1, a.id, a.workspace_id, $2, $3, $4, $5 FROM attribute a WHERE a.workspace_id = $6 AND a.id = $7 ON CONFLICT (customer_id, attribute_id) DO UPDATE SET value = excluded.value, source = excluded.source, actor_id = excluded.actor_id, set_at = excluded.set_at WHERE customer_attribute.value <> excluded.value");
    CLEAR_VALUE = Same("DELETE FROM customer_attribute WHERE customer_id = $1 AND attribute_id = $2");
    GET = Same("SELECT c.id, t.id, c.name, c.created_at FROM customer c JOIN thread t ON t.customer_id = c.id WHERE c.workspace_id = $1 AND c.id = $2");
    LIST = Same("SELECT c.id, t.id, c.name, c.created_at FROM customer c JOIN thread t ON t.customer_id = c.id WHERE c.workspace_id = $1 AND c.id < $2 ORDER BY c.id DESC LIMIT $3");
    /// The identities of many customers at once, each with the route last used.
    IDENTITIES = Two {
        sqlite: "SELECT i.customer_id, i.id, i.address, a.kind, r.channel_account_id, r.window_until, r.blocked, r.last_inbound_at FROM identity i JOIN route r ON r.identity_id = i.id JOIN channel_account a ON a.id = r.channel_account_id WHERE i.customer_id = $1",
        postgres: "SELECT i.customer_id, i.id, i.address, a.kind, r.channel_account_id, r.window_until, r.blocked, r.last_inbound_at FROM UNNEST($1::bigint[]) AS u(id) JOIN identity i ON i.customer_id = u.id JOIN route r ON r.identity_id = i.id JOIN channel_account a ON a.id = r.channel_account_id",
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

/// Adds their identities to customers, in one query: oldest identity first, each with the route that was used last.
async fn add_identities(executor: &Executor, customers: &mut [Customer]) -> Result<()> {
    let ids: Vec<[Value<'_>; 1]> = customers.iter().map(|customer| params![customer.id.0]).collect();
    let found = executor
        .batch(IDENTITIES, &ids, |row| {
            Ok((
                row.int(0)?,
                Identity {
                    id: IdentityId(row.int(1)?),
                    address: row.text(2)?,
                    kind: row.text(3)?,
                    channel_account_id: ChannelAccountId(row.int(4)?),
                    window_until: row.opt_int(5)?.map(Timestamp),
                    // What the channel and the account allow is not the store's to know.
                    human_window_until: None,
                    blocked: row.flag(6)?,
                    last_inbound_at: row.opt_int(7)?.map(Timestamp),
                },
            ))
        })
        .await?;
    let mut by_customer: HashMap<i64, Vec<Identity>> = HashMap::new();
    for (customer, identity) in found {
        by_customer.entry(customer).or_default().push(identity);
    }
    for customer in customers {
        let mut identities = by_customer.remove(&customer.id.0).unwrap_or_default();
        identities.sort_by_key(|identity| (identity.id, std::cmp::Reverse(identity.last_inbound_at)));
        identities.dedup_by_key(|identity| identity.id);
        customer.identities = identities;
    }
    Ok(())
}

impl Store {
    /// One customer.
    pub async fn find_customer(&self, workspace_id: WorkspaceId, id: CustomerId) -> Result<Option<Customer>> {
        self.read((workspace_id, id), |executor, (workspace_id, id)| {
            async move {
                let mut found = executor.query(GET, &params![workspace_id.0, id.0], read_customer).await?;
                complete_customers(executor, &mut found).await?;
                Ok(found.pop())
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
                    let (workspace_id, id) = (change.workspace_id, change.id);
                    let found = executor.query_opt(GET, &params![workspace_id.0, id.0], read_customer).await?;
                    let Some(customer) = found else { return Ok(false) };
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
