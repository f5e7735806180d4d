//! Messages that belong to another matter than was thought: moved, or split off into one of their own.

use super::{
    acts, join,
    row::{self, Held},
};
use crate::{
    Store,
    engine::{Executor, params, queries},
    error::Result,
    idempotency::{Created, Idempotency, claim},
};
use futures_util::FutureExt;
use model::{
    CustomerId, DeliveryState, EpisodeId, IdentityId, MessageId, Timestamp, WorkspaceId,
    episode::{ClosedBy, EpisodeEvent, RecountReason},
    log::LogKind,
};
use std::collections::BTreeSet;

queries! {
    /// A message with the customer who has its identity now.
    FIND_MESSAGE = Same("SELECT m.episode_id, m.identity_id, i.customer_id, m.send_at, m.delivery_state FROM message m JOIN identity i ON i.id = m.identity_id WHERE m.workspace_id = $1 AND m.id = $2");
    /// Messages of one customer in the matters of another, the oldest first.
    CROSSED = Same("SELECT m.id FROM identity own JOIN episode e ON e.identity_id = own.id JOIN message m ON m.episode_id = e.id JOIN identity i ON i.id = m.identity_id WHERE own.customer_id = $1 AND own.workspace_id = $2 AND m.id > $3 AND i.customer_id <> own.customer_id ORDER BY m.id");
    LAST_OPEN = Same("SELECT e.id FROM identity i JOIN episode e ON e.identity_id = i.id WHERE i.customer_id = $1 AND i.workspace_id = $2 AND e.state NOT IN ('resolved', 'closed') ORDER BY e.last_activity_at DESC, e.id DESC LIMIT 1");
    /// Something that an episode holds.
    REST = Same("SELECT id FROM (SELECT m.id FROM message m WHERE m.episode_id = $1 UNION ALL SELECT n.id FROM note n WHERE n.episode_id = $1) AS held LIMIT 1");
    CUSTOMER_OF = Same("SELECT customer_id FROM identity WHERE workspace_id = $1 AND id = $2");
    /// What waits for its time has answered nobody yet: it belongs to an episode from when it goes.
    MOVE_WAITING = Same("UPDATE message SET later_episode_id = $1 WHERE workspace_id = $2 AND id = $3");
    MOVE = Same("UPDATE message SET episode_id = $1, turn_part = CASE WHEN turn_part = 'coda' THEN 'message' ELSE turn_part END WHERE workspace_id = $2 AND id = $3");
}

/// Messages to be moved to another episode of the same customer.
#[derive(Debug, Clone)]
pub struct MovedMessages {
    /// Where.
    pub workspace_id: WorkspaceId,
    /// Which.
    pub messages: Vec<MessageId>,
    /// To which.
    pub episode_id: EpisodeId,
    /// Who says so.
    pub actor_id: String,
    /// Now.
    pub now: Timestamp,
}

/// An episode made of messages of another one.
#[derive(Debug, Clone)]
pub struct SplitEpisode {
    /// Made by the caller.
    pub id: EpisodeId,
    /// Where.
    pub workspace_id: WorkspaceId,
    /// From which.
    pub from: EpisodeId,
    /// Which messages.
    pub messages: Vec<MessageId>,
    /// What the new one is about; may be empty.
    pub subject: String,
    /// Who says so.
    pub actor_id: String,
    /// The caller's key.
    pub idempotency: Option<Idempotency>,
    /// Now.
    pub now: Timestamp,
}

#[derive(Clone)]
struct Found {
    id: MessageId,
    episode_id: Option<EpisodeId>,
    identity_id: IdentityId,
    customer_id: i64,
    /// It waits for its time.
    waits: bool,
}

async fn find(executor: &Executor, workspace_id: WorkspaceId, ids: &[MessageId]) -> Result<Option<Vec<Found>>> {
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        let message = executor
            .query_opt(FIND_MESSAGE, &params![workspace_id.0, id.0], |row| {
                let (episode_id, later, state) = (row.opt_int(0)?, row.opt_int(3)?, row.opt_text(4)?);
                let is_queued = state.as_deref() == Some(DeliveryState::Queued.as_str());
                Ok(Found {
                    id: *id,
                    episode_id: episode_id.map(EpisodeId),
                    waits: episode_id.is_none() && later.is_some() && is_queued,
                    identity_id: IdentityId(row.int(1)?),
                    customer_id: row.int(2)?,
                })
            })
            .await?;
        match message {
            Some(message) => found.push(message),
            None => return Ok(None),
        }
    }
    Ok(Some(found))
}

/// Moves messages into an episode and counts the turns of all that are concerned anew.
async fn move_into(
    store: &Store,
    executor: &Executor,
    target: &mut Held,
    messages: &[Found],
    actor: &str,
    now: Timestamp,
) -> Result<()> {
    let workspace_id = target.workspace_id;
    let mut left: BTreeSet<EpisodeId> = BTreeSet::new();
    for message in messages.iter().filter(|message| message.episode_id != Some(target.id)) {
        left.extend(message.episode_id);
        let move_it = if message.waits { MOVE_WAITING } else { MOVE };
        executor.execute(move_it, &params![target.id.0, workspace_id.0, message.id.0]).await?;
        let place = row::place(executor, workspace_id, message.identity_id).await?;
        let mut record = place.record(LogKind::MessageAttributed, message.id, now);
        record.episode_id = Some(target.id);
        record.actor_id = Some(actor.to_owned());
        record.detail = Some(serde_json::json!({ "from": message.episode_id }).to_string());
        executor.log(record);
    }
    for id in left {
        if let Some(mut held) = row::lock(executor, workspace_id, id).await? {
            acts::recount(store, executor, &mut held, RecountReason::MessagesMoved, Some(actor), now).await?;
            if executor.query(REST, &params![id.0], |row| row.int(0)).await?.is_empty() {
                // Nobody waits in a matter that holds nothing; one that has ended takes no further end.
                let place = row::place(executor, workspace_id, held.identity_id).await?;
                let close = EpisodeEvent::Close { by: ClosedBy::System };
                let _ = held.step(store, executor, &place, &close, Some(actor), now)?;
            }
            row::save(executor, std::slice::from_mut(&mut held)).await?;
            // The records of the messages name where they went; what they left has changed, too.
            let place = row::place(executor, workspace_id, held.identity_id).await?;
            executor.log(held.record(&place, LogKind::EpisodeChanged, Some(actor), now));
        }
    }
    acts::recount(store, executor, target, RecountReason::MessagesMoved, Some(actor), now).await
}

/// Two customers who were one are two again: what either said or was told since `since` (an id; ids are ordered by time) and
/// that was filed under a matter of the other goes to the one of their own that was active last, or to a new one.
pub(crate) async fn part(
    store: &Store,
    executor: &Executor,
    workspace_id: WorkspaceId,
    customers: [CustomerId; 2],
    since: i64,
    actor: &str,
    now: Timestamp,
) -> Result<()> {
    let mut crossed = Vec::new();
    for customer in customers {
        let params = params![customer.0, workspace_id.0, since];
        crossed.extend(executor.query(CROSSED, &params, |row| Ok(MessageId(row.int(0)?))).await?);
    }
    let found = find(executor, workspace_id, &crossed).await?.unwrap_or_default();
    for customer in customers {
        let own: Vec<Found> = found.iter().filter(|message| message.customer_id == customer.0).cloned().collect();
        let Some(first) = own.first().map(|message| message.identity_id) else { continue };
        let last = executor
            .query_opt(LAST_OPEN, &params![customer.0, workspace_id.0], |row| Ok(EpisodeId(row.int(0)?)))
            .await?;
        let known = match last {
            Some(id) => row::lock(executor, workspace_id, id).await?,
            None => None,
        };
        let mut target = match known {
            Some(held) => held,
            None => {
                let place = row::place(executor, workspace_id, first).await?;
                let id = EpisodeId(store.new_id()?);
                let mut begun = join::begin(store, executor, &place, id, None, Some(actor), now)?;
                // There before its messages name it.
                row::save(executor, std::slice::from_mut(&mut begun)).await?;
                begun
            }
        };
        move_into(store, executor, &mut target, &own, actor, now).await?;
        row::save(executor, std::slice::from_mut(&mut target)).await?;
    }
    Ok(())
}

impl Store {
    /// Moves messages to another episode of the customer who has them now. False when a message or the episode is missing, or
    /// they are not the same customer's.
    pub async fn move_messages(&self, moved: MovedMessages) -> Result<bool> {
        let (done, _) = self
            .write((self.clone(), moved), |executor, (store, moved)| {
                async move {
                    let Some(messages) = find(executor, moved.workspace_id, &moved.messages).await? else {
                        return Ok(false);
                    };
                    let Some(mut target) = row::lock(executor, moved.workspace_id, moved.episode_id).await? else {
                        return Ok(false);
                    };
                    let own = params![moved.workspace_id.0, target.identity_id.0];
                    let customer = executor.query_opt(CUSTOMER_OF, &own, |row| row.int(0)).await?;
                    if messages.iter().any(|message| Some(message.customer_id) != customer) {
                        return Ok(false);
                    }
                    move_into(store, executor, &mut target, &messages, &moved.actor_id, moved.now).await?;
                    row::save(executor, std::slice::from_mut(&mut target)).await?;
                    Ok(true)
                }
                .boxed()
            })
            .await?;
        Ok(done)
    }

    /// Makes an episode of some messages of another one. `None` when the episode is missing or a message is not of it.
    pub async fn split_episode(&self, split: SplitEpisode) -> Result<Option<Created<EpisodeId>>> {
        let (created, _) = self
            .write((self.clone(), split), |executor, (store, split)| {
                async move {
                    match claim(executor, split.workspace_id, split.idempotency.as_ref(), split.id.0, split.now).await?
                    {
                        Created::New(_) => {}
                        Created::Before(id) => return Ok(Some(Created::Before(EpisodeId(id)))),
                        Created::KeyReused => return Ok(Some(Created::KeyReused)),
                    }
                    if row::lock(executor, split.workspace_id, split.id).await?.is_some() {
                        return Ok(Some(Created::New(split.id)));
                    }
                    let messages = find(executor, split.workspace_id, &split.messages).await?.unwrap_or_default();
                    let of_it = messages.iter().all(|message| message.episode_id == Some(split.from));
                    let (Some(first), true) = (messages.first(), of_it) else {
                        let key = split.idempotency.as_ref();
                        crate::idempotency::give_back(executor, split.workspace_id, key, split.id.0).await?;
                        return Ok(None);
                    };
                    let place = row::place(executor, split.workspace_id, first.identity_id).await?;
                    let actor = split.actor_id.as_str();
                    let mut target = join::begin(store, executor, &place, split.id, None, Some(actor), split.now)?;
                    target.subject.clone_from(&split.subject);
                    // There before its messages name it.
                    row::save(executor, std::slice::from_mut(&mut target)).await?;
                    target.tell_link(
                        store,
                        executor,
                        &place,
                        LogKind::EpisodeSplit,
                        split.from,
                        Some(actor),
                        split.now,
                    )?;
                    move_into(store, executor, &mut target, &messages, actor, split.now).await?;
                    row::save(executor, std::slice::from_mut(&mut target)).await?;
                    Ok(Some(Created::New(split.id)))
                }
                .boxed()
            })
            .await?;
        Ok(created)
    }
}
