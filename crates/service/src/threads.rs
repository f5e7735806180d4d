//! Reading threads.

use crate::{Caller, ServiceError, Services, customers::complete_identities, paging};
use model::{
    Permission, ThreadId, Timestamp,
    entry::{Entry, Page},
    thread::Thread,
};

/// The threads, newest activity first.
///
/// # Errors
/// Invalid limit or cursor.
pub async fn list_threads(
    services: &Services,
    caller: &Caller,
    limit: u32,
    cursor: Option<&str>,
) -> Result<Page<Thread>, ServiceError> {
    caller.require(Permission::ReadThreads)?;
    let limit = paging::limit(limit)?;
    let [at, id] = paging::place(cursor)?.unwrap_or([i64::MAX, i64::MAX]);
    let before = (Timestamp(at), ThreadId(id));
    let mut found = services.store().list_threads(caller.workspace_id, before, limit + 1).await?;
    complete_identities(services, caller.workspace_id, found.iter_mut().map(|thread| &mut thread.customer)).await?;
    Ok(paging::page(found, limit, |thread| [thread.last_activity_at.0, thread.id.0]))
}

/// One thread.
///
/// # Errors
/// Not found.
pub async fn get_thread(services: &Services, caller: &Caller, id: ThreadId) -> Result<Thread, ServiceError> {
    caller.require(Permission::ReadThreads)?;
    let mut found = services.store().find_thread(caller.workspace_id, id).await?.ok_or(ServiceError::NotFound)?;
    complete_identities(services, caller.workspace_id, std::iter::once(&mut found.customer)).await?;
    Ok(found)
}

/// A thread's entries, newest first.
///
/// # Errors
/// Not found; invalid limit or cursor.
pub async fn list_entries(
    services: &Services,
    caller: &Caller,
    id: ThreadId,
    limit: u32,
    cursor: Option<&str>,
) -> Result<Page<Entry>, ServiceError> {
    caller.require(Permission::ReadThreads)?;
    let limit = paging::limit(limit)?;
    let [before] = paging::place(cursor)?.unwrap_or([i64::MAX]);
    let found = services.store().list_entries(caller.workspace_id, id, before, limit + 1).await?;
    if found.is_empty() {
        // An empty page of a thread that exists is fine; of one that does not, it is not found.
        get_thread(services, caller, id).await?;
    }
    Ok(paging::page(found, limit, |entry| [entry.seq]))
}
