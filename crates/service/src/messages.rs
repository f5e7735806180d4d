//! Writing to customers.

use crate::{
    Actor, Caller, ServiceError, Services,
    channel_accounts::{IdempotencyKey, key_reused},
    gate::{self, ThreadOf},
    scheduled,
};
use channel::{Account, Channel};
use model::{
    Block, DeliveryState, EpisodeId, IdentityId, JobId, MessageId, Permission, ThreadId,
    block::check_blocks,
    entry::Entry,
    episode::ReplyKind,
    gate::WindowRule,
    message::{Author, AuthorKind},
};
pub use store::SendLater;
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
    /// When it shall go, when that is later.
    pub later: Option<SendLater>,
    /// The id that the client made for it, 1 to 64 visible ASCII characters.
    pub client_id: Option<String>,
}

/// A person writes as an agent; a program speaks for the system.
pub(crate) fn author(caller: &Caller) -> Author {
    let kind = match caller.actor {
        Actor::Agent(_) => AuthorKind::Agent,
        Actor::Token(_) => AuthorKind::System,
    };
    Author { kind, id: Some(caller.actor_id()), name: caller.name.clone() }
}

/// What a channel and the settings of an account on it allow.
pub(crate) fn rule_of(channel: &dyn Channel, account: &Account) -> WindowRule {
    let capabilities = channel.capabilities();
    WindowRule {
        has_window: capabilities.has_window,
        human_extension_millis: capabilities.human_extension_millis.filter(|_| channel.has_human_extension(account)),
    }
}

/// Refuses what the channel cannot carry in one message, before anything is queued.
pub(crate) fn check_carried(
    services: &Services,
    row: &ChannelAccountRow,
    blocks: &[Block],
) -> Result<(), ServiceError> {
    if let Some(media) = blocks.iter().flat_map(Block::all_media).next() {
        return Err(ServiceError::invalid("blocks", format!("there is no file {}", media.file_id)));
    }
    let Some(channel) = services.0.channels.find(&row.account.kind) else { return Ok(()) };
    let capabilities = channel.capabilities();
    let plan = render::plan(blocks, &capabilities);
    if plan.parts.len() == 1 {
        return Ok(());
    }
    let text = |block: &Block| match block {
        Block::Text { text } => Some(text.chars().count()),
        _ => None,
    };
    let message = match blocks.iter().map(text).collect::<Option<Vec<usize>>>() {
        // Text blocks go out as one message with a blank line between them.
        Some(texts) => format!(
            "this channel takes at most {} characters; this message has {}",
            capabilities.max_text_chars,
            texts.iter().sum::<usize>() + 2 * texts.len().saturating_sub(1)
        ),
        None => format!("this channel carries this only as {} messages; send its parts one by one", plan.parts.len()),
    };
    Err(ServiceError::invalid("blocks", message))
}

/// Queues a message. Durable when it returns.
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
) -> Result<Entry, ServiceError> {
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
    check_carried(services, &account, &message.blocks)?;
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
    let new = NewMessage {
        id: MessageId(store.new_id()?),
        workspace_id: caller.workspace_id,
        identity_id: route.identity_id,
        route_id: route.id,
        channel_account_id: route.channel_account_id,
        author,
        blocks: message.blocks,
        reply_kind: message.reply_kind,
        reply_to: message.reply_to_id,
        episode_id: message.episode_id,
        new_episode: EpisodeId(store.new_id()?),
        job_id: JobId(store.new_id()?),
        later: message.later,
        client_id: message.client_id,
        resent_from: None,
        idempotency: key.map(|key| key.of(caller)),
        now,
    };
    let id = match store.create_message(new).await? {
        Created::New(id) => {
            services.0.job_wake.notify_one();
            id
        }
        Created::Before(id) => id,
        Created::KeyReused => return Err(key_reused()),
    };
    get_message(services, caller, id).await
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
) -> Result<Entry, ServiceError> {
    let Some(key) = key.map(|key| key.of(caller)) else { return Err(refused) };
    match services.store().find_idempotent(caller.workspace_id, key).await? {
        Some(Created::Before(id)) => get_message(services, caller, MessageId(id)).await,
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
