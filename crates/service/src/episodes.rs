//! Matters inside threads: opened, described, set aside, resolved, moved, promised about. `model::episode` says what is
//! allowed; here is who may ask and what is checked of what they say.

use crate::{
    Actor, Caller, FieldFault, ServiceError, Services,
    channel_accounts::{IdempotencyKey, key_reused},
    messages::{author, get_message},
    paging,
};
use model::{
    AgentId, EpisodeId, IdentityId, JobId, MessageId, Permission, PromiseId, ThreadId, Timestamp,
    entry::{Entry, Page},
    episode::{ClosedBy, Episode, EpisodeEvent, MAX_HOLD_REASON_CHARS, MAX_SUBJECT_CHARS, MAX_TOPIC_CHARS, ResolvedBy},
    promise::{MAX_PROMISE_CHARS, Promise},
    turn::Standing,
};
use store::{
    Created, EpisodeAct, EpisodeFilter, EpisodeWords, MovedMessages, NewEpisode, NewPromise, SplitEpisode, Stepped,
};

/// The longest that something may be set aside, or promised, in milliseconds (a year).
const MAX_AHEAD_MILLIS: i64 = 366 * 86_400_000;
/// The most messages of one split.
const MAX_SPLIT: usize = 100;

/// Which episodes a list holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListFilter {
    /// All that are open.
    Open,
    /// Those in a state.
    State(model::episode::EpisodeState),
    /// The open ones of an owner.
    Assignee(AgentId),
}

/// An episode to open.
#[derive(Debug, Clone, Default)]
pub struct OpenEpisode {
    /// What it is about.
    pub subject: String,
    /// What kind of matter it is.
    pub topic: String,
    /// Filed under which identity; `None`: the one that the customer last wrote through.
    pub identity_id: Option<IdentityId>,
    /// Which earlier one it follows up.
    pub follows_id: Option<EpisodeId>,
}

/// What a person or a program does to an episode.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// Set aside because the customer is slow.
    Park {
        /// When it comes back by itself.
        until: Option<Timestamp>,
    },
    /// Put out of sight.
    Snooze {
        /// Until when.
        until: Timestamp,
    },
    /// Wait for somebody outside.
    Hold {
        /// For whom or what.
        reason: String,
        /// When it comes back by itself.
        until: Option<Timestamp>,
    },
    /// Take up what was set aside.
    Resume,
    /// Hold it for solved.
    Resolve,
    /// Close it without waiting.
    Close,
    /// Open it again.
    Reopen,
    /// Give it to a colleague, or to nobody.
    Assign {
        /// Whom.
        agent_id: Option<AgentId>,
    },
    /// Take it.
    Accept,
}

fn words(field: &str, text: &str, most: usize) -> Result<String, ServiceError> {
    let text = text.trim();
    if text.chars().count() > most || text.contains('\0') {
        return Err(ServiceError::invalid(field, format!("give at most {most} characters")));
    }
    Ok(text.to_owned())
}

fn ahead(services: &Services, field: &str, until: Timestamp) -> Result<(), ServiceError> {
    let wait = until.millis_since(services.now());
    if (1..=MAX_AHEAD_MILLIS).contains(&wait) {
        return Ok(());
    }
    Err(ServiceError::invalid(field, "give a time in the future, at most a year ahead"))
}

/// The episodes that a filter holds, the most recently active first.
///
/// # Errors
/// Invalid limit or cursor.
pub async fn list_episodes(
    services: &Services,
    caller: &Caller,
    filter: ListFilter,
    limit: u32,
    cursor: Option<&str>,
) -> Result<Page<Episode>, ServiceError> {
    caller.require(Permission::ReadThreads)?;
    let limit = paging::limit(limit)?;
    let [at, id] = paging::place(cursor)?.unwrap_or([i64::MAX, i64::MAX]);
    let filter = match filter {
        ListFilter::Open => EpisodeFilter::Open,
        ListFilter::State(state) => EpisodeFilter::State(state),
        ListFilter::Assignee(agent) => EpisodeFilter::Assignee(agent),
    };
    let before = (Timestamp(at), EpisodeId(id));
    let found = services.store().list_episodes(caller.workspace_id, filter, before, limit + 1).await?;
    Ok(paging::page(found, limit, |episode| [episode.last_activity_at.0, episode.id.0]))
}

/// A thread's episodes, the youngest first.
///
/// # Errors
/// Not found; invalid limit or cursor.
pub async fn list_thread_episodes(
    services: &Services,
    caller: &Caller,
    thread: ThreadId,
    limit: u32,
    cursor: Option<&str>,
) -> Result<Page<Episode>, ServiceError> {
    caller.require(Permission::ReadThreads)?;
    let limit = paging::limit(limit)?;
    let [before] = paging::place(cursor)?.unwrap_or([i64::MAX]);
    let store = services.store();
    let found = store.list_thread_episodes(caller.workspace_id, thread, EpisodeId(before), limit + 1).await?;
    if found.is_empty() {
        store.find_thread(caller.workspace_id, thread).await?.ok_or(ServiceError::NotFound)?;
    }
    Ok(paging::page(found, limit, |episode| [episode.id.0]))
}

/// One episode.
///
/// # Errors
/// Not found.
pub async fn get_episode(services: &Services, caller: &Caller, id: EpisodeId) -> Result<Episode, ServiceError> {
    caller.require(Permission::ReadThreads)?;
    services.store().find_episode(caller.workspace_id, id).await?.ok_or(ServiceError::NotFound)
}

/// Opens an episode on a thread. An agent who opens one owns it.
///
/// # Errors
/// Not found; invalid words, identity or earlier episode; a key that was used for something else.
pub async fn open_episode(
    services: &Services,
    caller: &Caller,
    thread: ThreadId,
    open: OpenEpisode,
    key: Option<IdempotencyKey>,
) -> Result<Episode, ServiceError> {
    caller.require(Permission::SendMessages)?;
    let store = services.store();
    let found = store.find_thread(caller.workspace_id, thread).await?.ok_or(ServiceError::NotFound)?;
    let identities = &found.customer.identities;
    let identity_id = match open.identity_id {
        Some(id) if identities.iter().any(|identity| identity.id == id) => id,
        Some(_) => return Err(ServiceError::invalid("identity_id", "this thread's customer has no such identity")),
        None => identities
            .iter()
            .max_by_key(|identity| (identity.last_inbound_at, identity.id))
            .map(|identity| identity.id)
            .ok_or(ServiceError::NotFound)?,
    };
    if let Some(follows) = open.follows_id {
        let earlier = store.find_episode(caller.workspace_id, follows).await?;
        if earlier.is_none_or(|earlier| earlier.thread_id != found.id) {
            return Err(ServiceError::invalid("follows_id", "this thread has no such episode"));
        }
    }
    let new = NewEpisode {
        id: EpisodeId(store.new_id()?),
        workspace_id: caller.workspace_id,
        identity_id,
        subject: words("subject", &open.subject, MAX_SUBJECT_CHARS)?,
        topic: words("topic", &open.topic, MAX_TOPIC_CHARS)?,
        follows_id: open.follows_id,
        actor_id: caller.actor_id(),
        owner: agent_of(caller),
        idempotency: key.map(|key| key.of(caller)),
        now: services.now(),
    };
    match store.create_episode(new).await? {
        Created::New(id) | Created::Before(id) => get_episode(services, caller, id).await,
        Created::KeyReused => Err(key_reused()),
    }
}

fn agent_of(caller: &Caller) -> Option<AgentId> {
    match caller.actor {
        Actor::Agent(id) => Some(id),
        Actor::Token(_) => None,
    }
}

/// Says what an episode is about; `None` leaves a part as it is.
///
/// # Errors
/// Not found; invalid words.
pub async fn describe_episode(
    services: &Services,
    caller: &Caller,
    id: EpisodeId,
    subject: Option<&str>,
    topic: Option<&str>,
) -> Result<Episode, ServiceError> {
    caller.require(Permission::SendMessages)?;
    let known = get_episode(services, caller, id).await?;
    let described = EpisodeWords {
        workspace_id: caller.workspace_id,
        episode_id: id,
        subject: subject.map_or(Ok(known.subject), |text| words("subject", text, MAX_SUBJECT_CHARS))?,
        topic: topic.map_or(Ok(known.topic), |text| words("topic", text, MAX_TOPIC_CHARS))?,
        actor_id: caller.actor_id(),
        now: services.now(),
    };
    services.store().describe_episode(described).await?;
    get_episode(services, caller, id).await
}

/// Does something to an episode.
///
/// # Errors
/// Not found; invalid times, words or people; conflict when its state does not allow it.
pub async fn act(services: &Services, caller: &Caller, id: EpisodeId, act: Act) -> Result<Episode, ServiceError> {
    caller.require(Permission::SendMessages)?;
    let event = event_of(services, caller, act).await?;
    let act = EpisodeAct {
        act_id: services.store().new_id()?,
        workspace_id: caller.workspace_id,
        episode_id: id,
        event,
        actor_id: Some(caller.actor_id()),
        now: services.now(),
    };
    match services.store().step_episode(act).await? {
        Stepped::Done => {
            // A timer may be due sooner than the worker looks next.
            services.0.job_wake.notify_one();
            get_episode(services, caller, id).await
        }
        Stepped::Missing => Err(ServiceError::NotFound),
        Stepped::Refused(refused) => Err(ServiceError::Conflict { code: "conflict", message: refused.to_string() }),
    }
}

async fn event_of(services: &Services, caller: &Caller, act: Act) -> Result<EpisodeEvent, ServiceError> {
    Ok(match act {
        Act::Park { until } => {
            until.map_or(Ok(()), |until| ahead(services, "until", until))?;
            EpisodeEvent::Park { until }
        }
        Act::Snooze { until } => {
            ahead(services, "until", until)?;
            EpisodeEvent::Snooze { until }
        }
        Act::Hold { reason, until } => {
            until.map_or(Ok(()), |until| ahead(services, "until", until))?;
            let reason = words("reason", &reason, MAX_HOLD_REASON_CHARS)?;
            if reason.is_empty() {
                return Err(ServiceError::invalid("reason", "say whom or what it waits for"));
            }
            EpisodeEvent::Hold { reason, until }
        }
        Act::Resume => EpisodeEvent::Resume { agent: agent_of(caller) },
        Act::Resolve => EpisodeEvent::Resolve { by: ResolvedBy::Agent },
        Act::Close => EpisodeEvent::Close { by: ClosedBy::Agent },
        // What its messages say is read where it is written.
        Act::Reopen => EpisodeEvent::Reopen { standing: Standing::default() },
        Act::Assign { agent_id } => {
            if let Some(agent) = agent_id {
                check_agents(services, caller, "agent_id", &[agent]).await?;
            }
            EpisodeEvent::Assign { agent: agent_id }
        }
        Act::Accept => match agent_of(caller) {
            Some(agent) => EpisodeEvent::Accept { agent },
            None => return Err(ServiceError::Forbidden("a token cannot take an episode; assign it to an agent")),
        },
    })
}

/// Refuses people who are not of the workspace or may not sign in.
pub(crate) async fn check_agents(
    services: &Services,
    caller: &Caller,
    field: &str,
    agents: &[AgentId],
) -> Result<(), ServiceError> {
    let known = services.store().list_enabled_agents(caller.workspace_id, agents.to_vec()).await?;
    let faults: Vec<FieldFault> = agents
        .iter()
        .filter(|agent| !known.contains(agent))
        .map(|agent| FieldFault { field: field.to_owned(), message: format!("{agent} is nobody who works here now") })
        .collect();
    if faults.is_empty() { Ok(()) } else { Err(ServiceError::Invalid(faults)) }
}

/// Says that an episode follows up an earlier one of its thread.
///
/// # Errors
/// Not found; invalid when the other is not one of the same thread.
pub async fn link_episode(
    services: &Services,
    caller: &Caller,
    id: EpisodeId,
    follows: EpisodeId,
) -> Result<Episode, ServiceError> {
    caller.require(Permission::SendMessages)?;
    let episode = get_episode(services, caller, id).await?;
    let earlier = services.store().find_episode(caller.workspace_id, follows).await?;
    let fits = |earlier: Episode| {
        let began = |episode: &Episode| (episode.opened_at, episode.id);
        earlier.thread_id == episode.thread_id && began(&earlier) < began(&episode)
    };
    if !earlier.is_some_and(fits) {
        return Err(ServiceError::invalid("follows_id", "give an earlier episode of the same thread"));
    }
    let store = services.store();
    if !store.link_episode(caller.workspace_id, id, follows, caller.actor_id(), services.now()).await? {
        return Err(ServiceError::NotFound);
    }
    get_episode(services, caller, id).await
}

/// Makes an episode of some messages of another one.
///
/// # Errors
/// Not found; invalid when a message is not of it.
pub async fn split_episode(
    services: &Services,
    caller: &Caller,
    from: EpisodeId,
    messages: Vec<MessageId>,
    subject: &str,
    key: Option<IdempotencyKey>,
) -> Result<Episode, ServiceError> {
    caller.require(Permission::SendMessages)?;
    get_episode(services, caller, from).await?;
    if messages.is_empty() || messages.len() > MAX_SPLIT {
        return Err(ServiceError::invalid("message_ids", format!("give 1 to {MAX_SPLIT} messages")));
    }
    let split = SplitEpisode {
        id: EpisodeId(services.store().new_id()?),
        workspace_id: caller.workspace_id,
        from,
        messages,
        subject: words("subject", subject, MAX_SUBJECT_CHARS)?,
        actor_id: caller.actor_id(),
        idempotency: key.map(|key| key.of(caller)),
        now: services.now(),
    };
    match services.store().split_episode(split).await? {
        Some(Created::New(id) | Created::Before(id)) => get_episode(services, caller, id).await,
        Some(Created::KeyReused) => Err(key_reused()),
        None => Err(ServiceError::invalid("message_ids", "every message must be one of this episode")),
    }
}

/// Moves a message to another episode of its customer.
///
/// # Errors
/// Not found; invalid when the episode is not of the same customer.
pub async fn move_message(
    services: &Services,
    caller: &Caller,
    id: MessageId,
    episode_id: EpisodeId,
) -> Result<Entry, ServiceError> {
    caller.require(Permission::SendMessages)?;
    get_message(services, caller, id).await?;
    let moved = MovedMessages {
        workspace_id: caller.workspace_id,
        messages: vec![id],
        episode_id,
        actor_id: caller.actor_id(),
        now: services.now(),
    };
    if !services.store().move_messages(moved).await? {
        return Err(ServiceError::invalid("episode_id", "give an episode of the same customer"));
    }
    get_message(services, caller, id).await
}

/// Promises an answer by a time.
///
/// # Errors
/// Not found; invalid words or time.
pub async fn make_promise(
    services: &Services,
    caller: &Caller,
    episode_id: EpisodeId,
    due_at: Timestamp,
    text: &str,
    key: Option<IdempotencyKey>,
) -> Result<Promise, ServiceError> {
    caller.require(Permission::SendMessages)?;
    ahead(services, "due_at", due_at)?;
    let text = words("text", text, MAX_PROMISE_CHARS)?;
    if text.is_empty() {
        return Err(ServiceError::invalid("text", "say what was promised"));
    }
    let store = services.store();
    let new = NewPromise {
        id: PromiseId(store.new_id()?),
        workspace_id: caller.workspace_id,
        episode_id,
        text,
        due_at,
        made_by: author(caller),
        job_id: JobId(store.new_id()?),
        idempotency: key.map(|key| key.of(caller)),
        now: services.now(),
    };
    let id = match store.create_promise(new).await?.ok_or(ServiceError::NotFound)? {
        Created::New(id) | Created::Before(id) => id,
        Created::KeyReused => return Err(key_reused()),
    };
    services.0.job_wake.notify_one();
    store.find_promise(caller.workspace_id, id).await?.ok_or(ServiceError::NotFound)
}

/// An episode's promises, newest first.
///
/// # Errors
/// Not found; invalid limit or cursor.
pub async fn list_promises(
    services: &Services,
    caller: &Caller,
    episode_id: EpisodeId,
    limit: u32,
    cursor: Option<&str>,
) -> Result<Page<Promise>, ServiceError> {
    get_episode(services, caller, episode_id).await?;
    let limit = paging::limit(limit)?;
    let [before] = paging::place(cursor)?.unwrap_or([i64::MAX]);
    let store = services.store();
    let found = store.list_promises(caller.workspace_id, episode_id, PromiseId(before), limit + 1).await?;
    Ok(paging::page(found, limit, |promise| [promise.id.0]))
}
