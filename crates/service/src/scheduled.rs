//! Messages that wait for their time: changed or called back before it, sent when it comes.

use crate::{
    Caller, ServiceError, Services, composing,
    messages::{channel_of, get_message},
};
use model::{
    Block, JobId, MessageId, Permission, Timestamp,
    block::check_blocks,
    delivery::MAX_LATER_MILLIS,
    entry::{Entry, EntryBody},
};
use store::{CancelledMessage, ClaimedJob, MessageChange};

/// Refuses a time that has come, and one that is too far.
pub(crate) fn check_time(at: Timestamp, now: Timestamp) -> Result<(), ServiceError> {
    if at <= now {
        return Err(ServiceError::invalid("send_at", "give a time that has not come yet"));
    }
    check_distance(at, now)
}

fn check_distance(at: Timestamp, now: Timestamp) -> Result<(), ServiceError> {
    if at.millis_since(now) > MAX_LATER_MILLIS {
        return Err(ServiceError::invalid("send_at", "give a time within the next 90 days"));
    }
    Ok(())
}

/// Does a [`store::SEND_LATER`] job.
pub(crate) async fn release(services: &Services, job: ClaimedJob) -> store::Result<()> {
    let deliver = JobId(services.store().new_id()?);
    services.store().release_message(job, deliver, services.now()).await?;
    services.0.job_wake.notify_one();
    Ok(())
}

/// Changes the time or the words of a message that waits for its time. A time that has come sends it now.
///
/// # Errors
/// Not found; invalid blocks or time; conflict when it waits no more.
pub async fn change_message(
    services: &Services,
    caller: &Caller,
    id: MessageId,
    send_at: Option<Timestamp>,
    blocks: Option<Vec<Block>>,
) -> Result<Entry, ServiceError> {
    caller.require(Permission::SendMessages)?;
    let (store, now) = (services.store(), services.now());
    let entry = get_message(services, caller, id).await?;
    let EntryBody::Message(message) = entry.body else { return Err(ServiceError::NotFound) };
    if let Some(at) = send_at {
        check_distance(at, now)?;
    }
    let words = match blocks {
        Some(blocks) => {
            check_blocks(&blocks).map_err(|error| ServiceError::invalid("blocks", error.to_string()))?;
            let account = store.find_channel_account(caller.workspace_id, message.channel_account_id).await?;
            let account = account.ok_or(ServiceError::NotFound)?;
            let able = composing::capabilities(services, channel_of(services, &account)?);
            let mut composed = composing::compose(services, caller.workspace_id, &able, blocks).await?;
            if composed.len() > 1 {
                let message = format!(
                    "this channel carries this only as {} messages; call this one back and write it anew",
                    composed.len()
                );
                return Err(ServiceError::invalid("blocks", message));
            }
            composed.pop()
        }
        None => None,
    };
    let send_at = send_at.map(|at| at.max(now));
    let actor_id = caller.actor_id();
    let change = MessageChange { id, workspace_id: caller.workspace_id, send_at, words, actor_id, now };
    if !store.change_waiting_message(change).await? {
        return Err(ServiceError::Conflict {
            code: "conflict",
            message: "only a message that waits for its time can be changed".into(),
        });
    }
    services.0.job_wake.notify_one();
    get_message(services, caller, id).await
}

/// Calls back a message that has not left.
///
/// # Errors
/// Not found; conflict when it is under way, or at an end.
pub async fn cancel_message(services: &Services, caller: &Caller, id: MessageId) -> Result<Entry, ServiceError> {
    caller.require(Permission::SendMessages)?;
    get_message(services, caller, id).await?;
    let (actor_id, now) = (caller.actor_id(), services.now());
    let cancelled = CancelledMessage { id, workspace_id: caller.workspace_id, actor_id, now };
    if !services.store().cancel_message(cancelled).await? {
        return Err(ServiceError::Conflict {
            code: "conflict",
            message: "this message is on its way, or has come to its end; it cannot be called back".into(),
        });
    }
    // Whatever waited behind it may go.
    services.0.job_wake.notify_one();
    get_message(services, caller, id).await
}
