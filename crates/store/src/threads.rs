//! Threads: whose they are, and what was said last. What they show is in [`crate::entries`].

use crate::{
    Store,
    customers::complete_customers,
    engine::{Executor, Row, params, queries},
    entries,
    error::Result,
};
use futures_util::FutureExt;
use model::{
    CustomerId, IdentityId, ThreadId, Timestamp, WorkspaceId, customer::Customer, entry::Entry, thread::Thread,
};
use std::collections::{BTreeMap, HashMap};

/// Thread and customer.
macro_rules! thread_columns {
    () => {
        "t.id, t.last_activity_at, t.created_at, c.id, c.name, c.created_at"
    };
}

queries! {
    /// A thread, or the one that an alias stands for.
    GET_THREAD = Same(concat!("SELECT ", thread_columns!(), " FROM thread x JOIN thread t ON t.id = COALESCE(x.merged_into, x.id) JOIN customer c ON c.id = t.customer_id WHERE x.workspace_id = $1 AND x.id = $2"));
    LIST_THREADS = Same(concat!("SELECT ", thread_columns!(), " FROM thread t JOIN customer c ON c.id = t.customer_id WHERE t.workspace_id = $1 AND t.merged_into IS NULL AND (t.last_activity_at, t.id) < ($2, $3) ORDER BY t.last_activity_at DESC, t.id DESC LIMIT $4"));
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
            attributes: BTreeMap::new(),
            labels: Vec::new(),
        },
        last_entry: None,
    })
}

/// Adds what belongs to the customers and the newest entries, in a handful of queries whatever the number of threads.
async fn complete(executor: &Executor, workspace_id: WorkspaceId, threads: Vec<Thread>) -> Result<Vec<Thread>> {
    let mut customers: Vec<Customer> = threads.iter().map(|thread| thread.customer.clone()).collect();
    complete_customers(executor, &mut customers).await?;
    let identities: Vec<IdentityId> =
        customers.iter().flat_map(|customer| customer.identities.iter().map(|identity| identity.id)).collect();
    let mut newest: HashMap<IdentityId, Entry> = entries::last_entries(executor, workspace_id, &identities)
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
    /// One thread; of an alias the surviving one.
    pub async fn find_thread(&self, workspace_id: WorkspaceId, id: ThreadId) -> Result<Option<Thread>> {
        self.read((workspace_id, id), |executor, (workspace_id, id)| {
            async move {
                let found = executor.query(GET_THREAD, &params![workspace_id.0, id.0], read_thread).await?;
                Ok(complete(executor, *workspace_id, found).await?.pop())
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
                complete(executor, *workspace_id, found).await
            }
            .boxed()
        })
        .await
    }
}
