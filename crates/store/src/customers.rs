//! Customers with their identities.

use crate::{
    Store,
    engine::{Executor, Row, Value, params, queries},
    error::Result,
};
use futures_util::FutureExt;
use model::{
    ChannelAccountId, CustomerId, IdentityId, ThreadId, Timestamp, WorkspaceId,
    customer::{Customer, Identity},
};
use std::collections::HashMap;

queries! {
    GET = Same("SELECT c.id, t.id, c.name, c.created_at FROM customer c JOIN thread t ON t.customer_id = c.id WHERE c.workspace_id = $1 AND c.id = $2");
    LIST = Same("SELECT c.id, t.id, c.name, c.created_at FROM customer c JOIN thread t ON t.customer_id = c.id WHERE c.workspace_id = $1 AND c.id < $2 ORDER BY c.id DESC LIMIT $3");
    /// Many customers at once.
    BY_ID = Two {
        sqlite: "SELECT c.id, t.id, c.name, c.created_at FROM customer c JOIN thread t ON t.customer_id = c.id WHERE c.workspace_id = $1 AND c.id = $2",
        postgres: "SELECT c.id, t.id, c.name, c.created_at FROM UNNEST($1::bigint[], $2::bigint[]) AS u(workspace_id, id) JOIN customer c ON c.id = u.id AND c.workspace_id = u.workspace_id JOIN thread t ON t.customer_id = c.id",
    };
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
    })
}

/// Adds their identities to customers, in one query: oldest identity first, each with the route that was used last.
pub(crate) async fn add_identities(executor: &Executor, customers: &mut [Customer]) -> Result<()> {
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
                add_identities(executor, &mut found).await?;
                Ok(found.pop())
            }
            .boxed()
        })
        .await
    }

    /// Customers by their ids, in no order; what does not exist is left out.
    pub async fn list_customers_by_id(&self, workspace_id: WorkspaceId, ids: Vec<CustomerId>) -> Result<Vec<Customer>> {
        self.read((workspace_id, ids), |executor, (workspace_id, ids)| {
            async move {
                let rows: Vec<[Value<'_>; 2]> = ids.iter().map(|id| params![workspace_id.0, id.0]).collect();
                let mut found = executor.batch(BY_ID, &rows, read_customer).await?;
                add_identities(executor, &mut found).await?;
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
                add_identities(executor, &mut found).await?;
                Ok(found)
            }
            .boxed()
        })
        .await
    }
}
