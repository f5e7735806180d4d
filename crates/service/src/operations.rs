//! What waits and what could not be done, for those who run the installation.

use crate::{Caller, ServiceError, Services, paging};
use model::{
    InboundEventId, JobId, Permission,
    entry::Page,
    operation::{InboundEvent, InboundState, Job, JobState},
};

/// What needs a person's attention in one workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Troubles {
    /// The workspace's name.
    pub workspace: String,
    /// Jobs that were given up.
    pub dead_jobs: i64,
    /// Stored events that could not be turned into entries.
    pub unreadable_events: i64,
    /// Channel accounts whose provider has not called yet, by name.
    pub silent_accounts: Vec<String>,
}

/// The jobs in a state, oldest first.
///
/// # Errors
/// Forbidden without the right; invalid limit or cursor.
pub async fn list_jobs(
    services: &Services,
    caller: &Caller,
    state: JobState,
    limit: u32,
    cursor: Option<&str>,
) -> Result<Page<Job>, ServiceError> {
    caller.require(Permission::ReadOperations)?;
    let limit = paging::limit(limit)?;
    let [after] = paging::place(cursor)?.unwrap_or([0]);
    let found = services.store().list_jobs(caller.workspace_id, state, JobId(after), limit + 1).await?;
    Ok(paging::page(found, limit, |job| [job.id.0]))
}

/// The stored events in a state, newest first, without payload.
///
/// # Errors
/// Forbidden without the right; invalid limit or cursor.
pub async fn list_inbound_events(
    services: &Services,
    caller: &Caller,
    state: InboundState,
    limit: u32,
    cursor: Option<&str>,
) -> Result<Page<InboundEvent>, ServiceError> {
    caller.require(Permission::ReadOperations)?;
    if state == InboundState::Done {
        return Err(ServiceError::invalid("state", "events that became entries are not listed; ask for one by its id"));
    }
    let limit = paging::limit(limit)?;
    let [before] = paging::place(cursor)?.unwrap_or([i64::MAX]);
    let store = services.store();
    let found = store.list_inbound_events(caller.workspace_id, state, InboundEventId(before), limit + 1).await?;
    Ok(paging::page(found, limit, |event| [event.id.0]))
}

/// One stored event with its payload.
///
/// # Errors
/// Forbidden without the right; not found.
pub async fn get_inbound_event(
    services: &Services,
    caller: &Caller,
    id: InboundEventId,
) -> Result<InboundEvent, ServiceError> {
    caller.require(Permission::ManageChannels)?;
    services.store().find_inbound_event(caller.workspace_id, id).await?.ok_or(ServiceError::NotFound)
}

/// For the command line: what needs attention, per workspace.
///
/// # Errors
/// When the store cannot be reached.
pub async fn list_troubles(services: &Services) -> Result<Vec<Troubles>, ServiceError> {
    let store = services.store();
    let mut troubles = Vec::new();
    for (id, workspace) in store.list_workspaces().await? {
        let accounts = store.list_channel_accounts(id, model::ChannelAccountId(0), 1_000).await?;
        troubles.push(Troubles {
            workspace,
            dead_jobs: store.count_dead_jobs(id).await?,
            unreadable_events: store.count_unreadable_events(id).await?,
            silent_accounts: accounts
                .into_iter()
                .filter(|account| account.enabled && account.last_callback_at.is_none())
                .map(|account| account.name)
                .collect(),
        });
    }
    Ok(troubles)
}
