//! Writing to customers.

use crate::{
    Actor, Caller, ServiceError, Services,
    channel_accounts::{IdempotencyKey, key_reused, opened},
    composing,
};
use channel::{Account, Channel};
use model::{
    Block, DeliveryState, EpisodeId, FailureReason, IdentityId, JobId, MessageId, Permission, ThreadId,
    block::check_blocks,
    entry::Entry,
    episode::ReplyKind,
    gate::{Decision, WindowRule, may_send},
    message::{Author, AuthorKind},
};
use store::{ChannelAccountRow, Created, NewMessage, RetriedMessage, RouteRow};

/// A message to send.
#[derive(Debug, Clone)]
pub struct SendMessage {
    /// What to say.
    pub blocks: Vec<Block>,
    /// Over which identity; `None`: the one the customer last wrote through.
    pub identity_id: Option<IdentityId>,
    /// To which matter of the thread it belongs; `None`: the one that was active last, or a new one.
    pub episode_id: Option<EpisodeId>,
    /// Which message of the thread it answers.
    pub reply_to_id: Option<MessageId>,
    /// What it is worth to whoever waits.
    pub reply_kind: ReplyKind,
}

/// What an act of sending made.
#[derive(Debug, Clone)]
pub struct SentMessage {
    /// The message, or the first of several.
    pub entry: Entry,
    /// Those that follow it, in order, when the channel carries what was written only as several.
    pub more: Vec<Entry>,
}

/// A person writes as an agent; a program speaks for the system.
pub(crate) fn author(caller: &Caller) -> Author {
    let kind = match caller.actor {
        Actor::Agent(_) => AuthorKind::Agent,
        Actor::Token(_) => AuthorKind::System,
    };
    Author { kind, id: Some(caller.actor_id()), name: caller.name.clone() }
}

/// What the account's channel allows, as the gate needs it.
pub(crate) fn window_rule(services: &Services, row: &ChannelAccountRow) -> Result<WindowRule, ServiceError> {
    Ok(rule_of(channel_of(services, row)?, &opened(row)))
}

/// The channel of an account.
pub(crate) fn channel_of<'a>(services: &'a Services, row: &ChannelAccountRow) -> Result<&'a dyn Channel, ServiceError> {
    let found = services.0.channels.find(&row.account.kind);
    let none = || ServiceError::Internal(format!("this build has no channel {}", row.account.kind));
    found.map(AsRef::as_ref).ok_or_else(none)
}

/// What a channel and the settings of an account on it allow.
pub(crate) fn rule_of(channel: &dyn Channel, account: &Account) -> WindowRule {
    let capabilities = channel.capabilities();
    WindowRule {
        has_window: capabilities.has_window,
        human_extension_millis: capabilities.human_extension_millis.filter(|_| channel.has_human_extension(account)),
    }
}

fn refused(reason: FailureReason) -> ServiceError {
    let (code, message) = match reason {
        FailureReason::OutsideWindow => {
            ("window_closed", "the time for answering this person here is over; they have to write first")
        }
        FailureReason::Blocked => ("blocked", "this person cannot be reached here until they write again"),
        FailureReason::AccountDisabled => ("account_disabled", "this channel account is switched off"),
        _ => ("conflict", "this message cannot be sent here"),
    };
    ServiceError::Conflict { code, message: message.into() }
}

/// Queues a message: one, or several in order when the channel carries it only so. Durable when it returns.
///
/// # Errors
/// Invalid blocks; not found; conflict with code `window_closed`, `blocked`, `account_disabled` when the gate says no, or
/// `idempotency_conflict`.
pub async fn send_message(
    services: &Services,
    caller: &Caller,
    thread: ThreadId,
    message: SendMessage,
    key: Option<IdempotencyKey>,
) -> Result<SentMessage, ServiceError> {
    caller.require(Permission::SendMessages)?;
    check_blocks(&message.blocks).map_err(|error| ServiceError::invalid("blocks", error.to_string()))?;
    let store = services.store();
    let found = store.find_thread(caller.workspace_id, thread).await?.ok_or(ServiceError::NotFound)?;
    let route = choose_route(store.list_routes(caller.workspace_id, thread).await?, message.identity_id)?;
    let account = store
        .find_channel_account(caller.workspace_id, route.channel_account_id)
        .await?
        .ok_or(ServiceError::NotFound)?;
    check_belonging(services, caller, found.id, &message).await?;
    let rule = window_rule(services, &account)?;
    let able = composing::capabilities(services, channel_of(services, &account)?);
    let composed = composing::compose(services, caller.workspace_id, &able, message.blocks.clone()).await?;
    let author = author(caller);
    let now = services.now();
    if let Decision::Deny(reason) = may_send(author.kind, rule, route.state, now) {
        // A repeated request finds what it made, even when the window has closed since.
        if key.is_none() {
            return Err(refused(reason));
        }
        return repeat_only(services, caller, key, reason).await;
    }
    let mut parts = Vec::with_capacity(composed.len());
    let is_one = composed.len() == 1;
    for (blocks, files) in composed {
        let first: Option<&NewMessage> = parts.first();
        let id = MessageId(store.new_id()?);
        parts.push(NewMessage {
            id,
            workspace_id: caller.workspace_id,
            identity_id: route.identity_id,
            route_id: route.id,
            channel_account_id: route.channel_account_id,
            author: author.clone(),
            blocks,
            files,
            first_part: (!is_one).then(|| first.map_or(id, |first| first.id)),
            reply_kind: message.reply_kind,
            // What follows belongs to the first, which says what is answered.
            reply_to: message.reply_to_id.filter(|_| first.is_none()),
            episode_id: message.episode_id,
            new_episode: first.map_or_else(|| store.new_id().map(EpisodeId), |first| Ok(first.new_episode))?,
            job_id: JobId(store.new_id()?),
            idempotency: key.clone().filter(|_| first.is_none()).map(|key| key.of(caller)),
            now,
        });
    }
    let first = parts.remove(0);
    let id = match store.create_messages(first, parts).await? {
        Created::New(id) => {
            services.0.job_wake.notify_one();
            id
        }
        Created::Before(id) => id,
        Created::KeyReused => return Err(key_reused()),
    };
    sent(services, caller, id).await
}

/// The messages that one act of sending made, by the first of them.
async fn sent(services: &Services, caller: &Caller, first: MessageId) -> Result<SentMessage, ServiceError> {
    let entry = get_message(services, caller, first).await?;
    let store = services.store();
    let rest = store.list_message_parts(caller.workspace_id, first).await?.into_iter().filter(|id| *id != first);
    let mut more = store.list_entries_by_id(caller.workspace_id, rest.map(|id| id.0).collect()).await?;
    more.sort_by_key(|entry| entry.seq);
    Ok(SentMessage { entry, more })
}

/// Refuses a matter or a quoted message of another thread.
async fn check_belonging(
    services: &Services,
    caller: &Caller,
    thread: ThreadId,
    message: &SendMessage,
) -> Result<(), ServiceError> {
    let store = services.store();
    if let Some(id) = message.episode_id {
        let found = store.find_episode(caller.workspace_id, id).await?;
        if found.is_none_or(|episode| episode.thread_id != thread) {
            return Err(ServiceError::invalid("episode_id", "this thread has no such episode"));
        }
    }
    if let Some(id) = message.reply_to_id
        && store.find_thread_of_message(caller.workspace_id, id).await? != Some(thread)
    {
        return Err(ServiceError::invalid("reply_to_id", "this thread has no such message"));
    }
    Ok(())
}

/// The gate says no now; but the same request may have been taken before.
async fn repeat_only(
    services: &Services,
    caller: &Caller,
    key: Option<IdempotencyKey>,
    reason: FailureReason,
) -> Result<SentMessage, ServiceError> {
    let Some(key) = key.map(|key| key.of(caller)) else { return Err(refused(reason)) };
    match services.store().find_idempotent(caller.workspace_id, key).await? {
        Some(Created::Before(id)) => sent(services, caller, MessageId(id)).await,
        Some(Created::KeyReused) => Err(key_reused()),
        Some(Created::New(_)) | None => Err(refused(reason)),
    }
}

pub(crate) fn choose_route(routes: Vec<RouteRow>, identity: Option<IdentityId>) -> Result<RouteRow, ServiceError> {
    let Some(identity) = identity else {
        return routes.into_iter().next().ok_or_else(|| ServiceError::Conflict {
            code: "conflict",
            message: "there is no way to this customer yet".into(),
        });
    };
    routes
        .into_iter()
        .find(|route| route.identity_id == identity)
        .ok_or_else(|| ServiceError::invalid("identity_id", "this identity is not one of this thread's customer"))
}

/// One message, as the entry that shows it.
///
/// # Errors
/// Not found.
pub async fn get_message(services: &Services, caller: &Caller, id: MessageId) -> Result<Entry, ServiceError> {
    caller.require(Permission::ReadThreads)?;
    services.store().find_message_entry(caller.workspace_id, id).await?.ok_or(ServiceError::NotFound)
}

/// Queues a failed or uncertain message once more; a person decides that.
///
/// # Errors
/// Not found; conflict when it is neither failed nor uncertain, and with code `window_closed`, `blocked` or
/// `account_disabled` when the gate says no: it would only fail once more.
pub async fn retry_message(services: &Services, caller: &Caller, id: MessageId) -> Result<Entry, ServiceError> {
    caller.require(Permission::SendMessages)?;
    queue_again(services, caller, id, None).await?;
    get_message(services, caller, id).await
}

/// Queues a failed or uncertain message once more, when the gate lets it pass. `replayed`: the given-up job that was named.
pub(crate) async fn queue_again(
    services: &Services,
    caller: &Caller,
    id: MessageId,
    replayed: Option<JobId>,
) -> Result<(), ServiceError> {
    let store = services.store();
    let thread = store.find_thread_of_message(caller.workspace_id, id).await?.ok_or(ServiceError::NotFound)?;
    let delivery = store.find_delivery(caller.workspace_id, id).await?;
    let delivery = delivery
        .filter(|delivery| matches!(delivery.state, DeliveryState::Failed | DeliveryState::Uncertain))
        .ok_or_else(not_retryable)?;
    let account = store
        .find_channel_account(caller.workspace_id, delivery.route.channel_account_id)
        .await?
        .ok_or(ServiceError::NotFound)?;
    let (rule, now) = (window_rule(services, &account)?, services.now());
    if let Decision::Deny(reason) = may_send(delivery.author, rule, delivery.route.state, now) {
        return Err(refused(reason));
    }
    let retried = RetriedMessage {
        id,
        workspace_id: caller.workspace_id,
        job_id: JobId(store.new_id()?),
        replayed,
        actor_id: caller.actor_id(),
        now,
    };
    if !store.retry_message(retried, thread).await? {
        return Err(not_retryable());
    }
    services.0.job_wake.notify_one();
    Ok(())
}

fn not_retryable() -> ServiceError {
    ServiceError::Conflict {
        code: "conflict",
        message: "only a message that failed or is uncertain can be sent again".into(),
    }
}
