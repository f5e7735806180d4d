//! Sending once more what failed: on its own way, or on another one as a new message that says what it stands for.

use crate::{
    Caller, ServiceError, Services, composing,
    gate::{self, ThreadOf},
    messages::{Written, author, channel_of, choose_route, get_message, not_retryable, queue, queue_again},
};
use model::{
    DeliveryState, EpisodeId, IdentityId, MessageId, Permission,
    entry::{Entry, EntryBody},
    message::Message,
};
use store::Created;

/// Queues a failed or uncertain message once more; a person decides that. With another identity it is a new message there, which
/// the answer shows; the failed one names it.
///
/// # Errors
/// Not found; invalid when the identity is not one of the thread's customer; conflict when the message is neither failed nor
/// uncertain, with code `already_resent` when another message took its place; refused with code `window_closed`, `blocked`,
/// `suppressed` or `account_disabled` when the gate says no: it would only fail once more.
pub async fn retry_message(
    services: &Services,
    caller: &Caller,
    id: MessageId,
    identity_id: Option<IdentityId>,
) -> Result<Entry, ServiceError> {
    caller.require(Permission::SendMessages)?;
    let entry = get_message(services, caller, id).await?;
    let episode_id = entry.episode_id;
    let own = entry.identity_id;
    let EntryBody::Message(message) = entry.body else { return Err(ServiceError::NotFound) };
    require_unsent(services, caller, &message).await?;
    match identity_id.filter(|identity| Some(*identity) != own) {
        None => {
            queue_again(services, caller, id, None).await?;
            get_message(services, caller, id).await
        }
        Some(identity) => send_by(services, caller, id, message, episode_id, identity).await,
    }
}

/// Refuses what is on its way or has arrived, and what another message stands for.
async fn require_unsent(services: &Services, caller: &Caller, message: &Message) -> Result<(), ServiceError> {
    let may = |delivery: &model::message::Delivery| {
        matches!(delivery.state, DeliveryState::Failed | DeliveryState::Uncertain)
    };
    if !message.delivery.as_ref().is_some_and(may) {
        return Err(not_retryable());
    }
    let Some(successor) = message.resent_as else { return Ok(()) };
    let found = services.store().list_deliveries(caller.workspace_id, vec![successor]).await?;
    if found.get(&successor).is_none_or(|known| may(&known.delivery)) {
        return Ok(());
    }
    Err(ServiceError::Conflict {
        code: "already_resent",
        message: "another message was sent in place of this one".into(),
    })
}

async fn send_by(
    services: &Services,
    caller: &Caller,
    failed: MessageId,
    message: Message,
    episode_id: Option<EpisodeId>,
    identity: IdentityId,
) -> Result<Entry, ServiceError> {
    let (store, workspace_id, now) = (services.store(), caller.workspace_id, services.now());
    let thread = store.find_thread_of_message(workspace_id, failed).await?.ok_or(ServiceError::NotFound)?;
    let route = choose_route(store.list_routes(workspace_id, thread).await?, Some(identity))?;
    let account = store.find_channel_account(workspace_id, route.channel_account_id).await?;
    let account = account.ok_or(ServiceError::NotFound)?;
    let able = composing::capabilities(services, channel_of(services, &account)?);
    let composed = composing::compose(services, workspace_id, &able, message.blocks).await?;
    let author = author(caller);
    let decision = gate::ask(services, workspace_id, author.kind, &route, ThreadOf::Thread(thread), now).await?;
    if let Some(refused) = gate::refusal(decision) {
        return Err(refused);
    }
    let written = Written {
        workspace_id,
        author,
        reply_kind: message.reply_kind,
        // A quote has a meaning on the way that it was made on.
        reply_to: None,
        episode_id,
        later: None,
        client_id: None,
        resent_from: Some(failed),
        idempotency: None,
    };
    let queued = match queue(services, &route, composed, written).await {
        Ok(queued) => queued,
        Err(error) => {
            // Somebody may have been quicker: that says more than that nothing could be written.
            if let EntryBody::Message(message) = get_message(services, caller, failed).await?.body {
                require_unsent(services, caller, &message).await?;
            }
            return Err(error);
        }
    };
    let id = match queued {
        Created::New(id) | Created::Before(id) => id,
        Created::KeyReused => return Err(not_retryable()),
    };
    services.0.job_wake.notify_one();
    get_message(services, caller, id).await
}
