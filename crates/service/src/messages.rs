//! Writing to customers.

use crate::{
    Actor, Caller, ServiceError, Services,
    channel_accounts::{IdempotencyKey, key_reused},
    composing::{self, Composed},
    gate::{self, ThreadOf},
    scheduled,
};
use channel::{Account, Channel};
use model::{
    Block, DeliveryState, EpisodeId, IdentityId, JobId, MessageId, Permission, ThreadId, WorkspaceId,
    block::check_blocks,
    entry::Entry,
    episode::ReplyKind,
    gate::WindowRule,
    message::{Author, AuthorKind},
};
pub use store::SendLater;
use store::{ChannelAccountRow, Created, Idempotency, NewMessage, RetriedMessage, RouteRow};

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
    /// When it shall go, when that is later.
    pub later: Option<SendLater>,
    /// The id that the client made for it, 1 to 64 visible ASCII characters.
    pub client_id: Option<String>,
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

/// Queues a message: one, or several in order when the channel carries it only so. Durable when it returns.
///
/// # Errors
/// Invalid blocks, time or client id; not found; refused with code `window_closed`, `blocked`, `suppressed` or `account_disabled`
/// when the gate says no; conflict with `idempotency_conflict`.
pub async fn send_message(
    services: &Services,
    caller: &Caller,
    thread: ThreadId,
    message: SendMessage,
    key: Option<IdempotencyKey>,
) -> Result<SentMessage, ServiceError> {
    caller.require(Permission::SendMessages)?;
    check_blocks(&message.blocks).map_err(|error| ServiceError::invalid("blocks", error.to_string()))?;
    if let Some(later) = &message.later {
        scheduled::check_time(later.at, services.now())?;
    }
    if message.client_id.as_deref().is_some_and(|id| !is_client_id(id)) {
        return Err(ServiceError::invalid("client_id", "give 1 to 64 visible ASCII characters without spaces"));
    }
    let store = services.store();
    let found = store.find_thread(caller.workspace_id, thread).await?.ok_or(ServiceError::NotFound)?;
    let route = choose_route(store.list_routes(caller.workspace_id, thread).await?, message.identity_id)?;
    let account = store
        .find_channel_account(caller.workspace_id, route.channel_account_id)
        .await?
        .ok_or(ServiceError::NotFound)?;
    check_belonging(services, caller, found.id, &message).await?;
    let able = composing::capabilities(services, channel_of(services, &account)?);
    let composed = composing::compose(services, caller.workspace_id, &able, message.blocks.clone()).await?;
    let author = author(caller);
    let now = services.now();
    // What goes later is asked about for then, and once more when it goes.
    let at = message.later.map_or(now, |later| later.at);
    let decision =
        gate::ask(services, caller.workspace_id, author.kind, &route, ThreadOf::Thread(found.id), at).await?;
    if let Some(refused) = gate::refusal(decision) {
        // A repeated request finds what it made, even when the window has closed since.
        return repeat_only(services, caller, key, refused).await;
    }
    let written = Written {
        workspace_id: caller.workspace_id,
        author,
        reply_kind: message.reply_kind,
        reply_to: message.reply_to_id,
        episode_id: message.episode_id,
        later: message.later,
        client_id: message.client_id,
        resent_from: None,
        idempotency: key.map(|key| key.of(caller)),
    };
    let id = match queue(services, &route, composed, written).await? {
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

/// What the messages that are written as one have in common; what belongs to the first alone goes to the first.
pub(crate) struct Written {
    pub workspace_id: WorkspaceId,
    pub author: Author,
    pub reply_kind: ReplyKind,
    pub reply_to: Option<MessageId>,
    pub episode_id: Option<EpisodeId>,
    pub later: Option<SendLater>,
    pub client_id: Option<String>,
    pub resent_from: Option<MessageId>,
    pub idempotency: Option<Idempotency>,
}

/// Writes messages with the jobs that deliver them, all or none.
pub(crate) async fn queue(
    services: &Services,
    route: &RouteRow,
    composed: Composed,
    mut written: Written,
) -> Result<Created<MessageId>, ServiceError> {
    let store = services.store();
    let is_one = composed.len() == 1;
    let mut parts: Vec<NewMessage> = Vec::with_capacity(composed.len());
    for (blocks, files) in composed {
        let first = parts.first();
        let id = MessageId(store.new_id()?);
        let part = NewMessage {
            id,
            workspace_id: written.workspace_id,
            identity_id: route.identity_id,
            route_id: route.id,
            channel_account_id: route.channel_account_id,
            author: written.author.clone(),
            blocks,
            files,
            first_part: (!is_one).then(|| first.map_or(id, |first| first.id)),
            reply_kind: written.reply_kind,
            // What follows belongs to the first, which says what is answered.
            reply_to: written.reply_to.take(),
            episode_id: written.episode_id,
            new_episode: match first {
                Some(first) => first.new_episode,
                None => EpisodeId(store.new_id()?),
            },
            job_id: JobId(store.new_id()?),
            later: written.later,
            client_id: written.client_id.take(),
            resent_from: written.resent_from.take(),
            idempotency: written.idempotency.take(),
            now: services.now(),
        };
        parts.push(part);
    }
    let first = parts.remove(0);
    Ok(store.create_messages(first, parts).await?)
}

fn is_client_id(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
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
    refused: ServiceError,
) -> Result<SentMessage, ServiceError> {
    let Some(key) = key.map(|key| key.of(caller)) else { return Err(refused) };
    match services.store().find_idempotent(caller.workspace_id, key).await? {
        Some(Created::Before(id)) => sent(services, caller, MessageId(id)).await,
        Some(Created::KeyReused) => Err(key_reused()),
        Some(Created::New(_)) | None => Err(refused),
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
    let (now, of) = (services.now(), ThreadOf::Message(id));
    let decision = gate::ask(services, caller.workspace_id, delivery.author, &delivery.route, of, now).await?;
    if let Some(refused) = gate::refusal(decision) {
        return Err(refused);
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

pub(crate) fn not_retryable() -> ServiceError {
    ServiceError::Conflict {
        code: "conflict",
        message: "only a message that failed or is uncertain can be sent again".into(),
    }
}
