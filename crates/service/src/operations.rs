//! What waits and what could not be done, for those who run the installation.

use crate::{Caller, ServiceError, Services, callbacks, messages, paging};
use model::{
    InboundEventId, JobId, MessageId, Permission,
    entry::Page,
    operation::{InboundEvent, InboundState, Job, JobState},
};
use store::DELIVER;

/// How old a message is before it counts as lost, in milliseconds: longer than a transaction takes.
pub(crate) const LOST_AFTER_MILLIS: i64 = 60_000;

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

fn conflict(message: &str) -> ServiceError {
    ServiceError::Conflict { code: "conflict", message: message.to_owned() }
}

/// Takes a job up once more that was given up. A message's delivery is then a job of its own, as when an agent sends it
/// again.
///
/// # Errors
/// Forbidden without the right; not found; conflict when the job was not given up, or, with the code of the gate, when its
/// message may not go out now.
pub async fn replay_job(services: &Services, caller: &Caller, id: JobId) -> Result<Job, ServiceError> {
    caller.require(Permission::ManageChannels)?;
    let (store, workspace) = (services.store(), caller.workspace_id);
    let job = get_dead_job(services, caller, id).await?;
    let message = job.subject_id.parse::<MessageId>().ok().filter(|_| job.kind == DELIVER);
    let replayed = match message {
        Some(message) => {
            messages::queue_again(services, caller, message, Some(id)).await?;
            store.find_job_of(workspace, DELIVER, message.0).await?
        }
        None if store.revive_job(workspace, id, &caller.actor_id(), services.now()).await? => {
            services.0.job_wake.notify_one();
            store.find_job(workspace, id).await?
        }
        None => None,
    };
    // It may be done already; then it is told as it was taken up.
    Ok(replayed.unwrap_or(Job {
        state: JobState::Ready,
        tries: 0,
        due_at: services.now(),
        last_error: None,
        reason: None,
        next_step: None,
        ..job
    }))
}

/// Removes a job that was given up. A message that it should have delivered stays failed, and can be sent again.
///
/// # Errors
/// Forbidden without the right; not found; conflict when the job was not given up.
pub async fn dismiss_job(services: &Services, caller: &Caller, id: JobId) -> Result<(), ServiceError> {
    caller.require(Permission::ManageChannels)?;
    get_dead_job(services, caller, id).await?;
    if services.store().dismiss_job(caller.workspace_id, id, &caller.actor_id(), services.now()).await? {
        return Ok(());
    }
    Err(ServiceError::NotFound)
}

async fn get_dead_job(services: &Services, caller: &Caller, id: JobId) -> Result<Job, ServiceError> {
    let job = services.store().find_job(caller.workspace_id, id).await?.ok_or(ServiceError::NotFound)?;
    if job.state == JobState::Dead {
        return Ok(job);
    }
    Err(conflict("this job was not given up: it is done by itself"))
}

/// Reads a stored event once more that became no entry: what could not be read by the decoder of today, what was for an
/// account that is not connected by looking for the account again. Gives how many events now wait to become entries: a
/// whole body may hold several.
///
/// # Errors
/// Forbidden without the right; not found; conflict when the event became an entry or is about to, with code
/// `still_unreadable` when it cannot be read by this server either, `account_not_connected` when its account still is not.
pub async fn replay_inbound_event(
    services: &Services,
    caller: &Caller,
    id: InboundEventId,
) -> Result<usize, ServiceError> {
    caller.require(Permission::ManageChannels)?;
    let (store, workspace, actor, now) = (services.store(), caller.workspace_id, caller.actor_id(), services.now());
    let event = store.find_set_aside_event(workspace, id).await?.ok_or(ServiceError::NotFound)?;
    let whole_body = match event.state {
        InboundState::Stored | InboundState::Done => {
            return Err(conflict("this event needs nothing: it became an entry, or is about to"));
        }
        InboundState::Unroutable => false,
        InboundState::Undecodable => event.channel_account_id.is_none(),
    };
    if whole_body {
        let events = callbacks::split_again(services, &event).await?;
        let (count, lanes) = (events.len(), events.iter().map(|event| event.lane).collect::<Vec<_>>());
        if !store.replace_inbound_body(workspace, id, events, &actor, now).await? {
            return Err(ServiceError::NotFound);
        }
        lanes.into_iter().for_each(|lane| services.wake_lane(lane));
        return Ok(count);
    }
    match store.replay_inbound_event(workspace, id, &actor, now).await? {
        Some(lane) => {
            services.wake_lane(lane);
            Ok(1)
        }
        None if event.state == InboundState::Unroutable => Err(ServiceError::Conflict {
            code: "account_not_connected",
            message: "the account that this event is for is still not connected".into(),
        }),
        None => Err(ServiceError::NotFound),
    }
}

/// Removes a stored event that became no entry. The provider may send it again; then it is stored again.
///
/// # Errors
/// Forbidden without the right; not found; conflict when the event became an entry or is about to.
pub async fn dismiss_inbound_event(
    services: &Services,
    caller: &Caller,
    id: InboundEventId,
) -> Result<(), ServiceError> {
    caller.require(Permission::ManageChannels)?;
    let (store, workspace) = (services.store(), caller.workspace_id);
    store.find_set_aside_event(workspace, id).await?.ok_or(ServiceError::NotFound)?;
    if store.dismiss_inbound_event(workspace, id, &caller.actor_id(), services.now()).await? {
        return Ok(());
    }
    Err(conflict("this event became an entry, or is about to: it is not dismissed"))
}

/// The messages that have neither an end nor anything that would bring one about. There are none unless something is broken.
///
/// # Errors
/// Forbidden without the right.
pub async fn list_lost_messages(
    services: &Services,
    caller: &Caller,
    limit: u32,
) -> Result<Vec<MessageId>, ServiceError> {
    caller.require(Permission::ReadOperations)?;
    let before = services.now().plus_millis(-LOST_AFTER_MILLIS);
    Ok(services.store().list_lost_messages(caller.workspace_id, before, limit).await?)
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
