//! What people, programs and timers do to an episode.

use super::{
    join,
    row::{self, Held},
};
use crate::{
    Store,
    engine::{Executor, Row, params, queries},
    error::Result,
    idempotency::{Created, Idempotency, claim},
    jobs::{self, ClaimedJob},
    log::NewRecord,
};
use futures_util::FutureExt;
use model::{
    AgentId, EpisodeId, IdentityId, Timestamp, WorkspaceId,
    episode::{BusinessAuthor, EpisodeEvent, RecountReason, StepRefused},
    log::LogKind,
    message::AuthorKind,
    turn::{EpisodeMessage, Said, Standing, standing},
};

/// The messages of an episode that are read to count its turns anew: more than any turn has.
const RECOUNTED: u32 = 1_000;

queries! {
    /// The newest messages of an episode, as turns see them.
    SAID = Same("SELECT id, direction, author_kind, author_id, reply_kind, turn_part, delivery_state, COALESCE(recorded_at, at) FROM message WHERE workspace_id = $1 AND episode_id = $2 ORDER BY id DESC LIMIT $3");
    EPISODE_OF_MESSAGE = Same("SELECT episode_id FROM message WHERE workspace_id = $1 AND id = $2");
    DESCRIBE = Same("UPDATE episode SET subject = $1, topic = $2, version = version + 1 WHERE workspace_id = $3 AND id = $4 AND (subject <> $1 OR topic <> $2)");
}

/// An act on an episode.
#[derive(Debug, Clone)]
pub struct EpisodeAct {
    /// Made by the caller: the same act run again changes nothing.
    pub act_id: i64,
    /// Where.
    pub workspace_id: WorkspaceId,
    /// On which.
    pub episode_id: EpisodeId,
    /// What happens.
    pub event: EpisodeEvent,
    /// `agt_…`, `tok_…`; `None`: the system.
    pub actor_id: Option<String>,
    /// Now.
    pub now: Timestamp,
}

/// What came of an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stepped {
    /// It is done.
    Done,
    /// The state does not allow it.
    Refused(StepRefused),
    /// There is no such episode.
    Missing,
}

/// An episode that somebody of the business opens.
#[derive(Debug, Clone)]
pub struct NewEpisode {
    /// Made by the caller.
    pub id: EpisodeId,
    /// Where.
    pub workspace_id: WorkspaceId,
    /// The identity that it is filed under.
    pub identity_id: IdentityId,
    /// What it is about; may be empty.
    pub subject: String,
    /// What kind of matter; may be empty.
    pub topic: String,
    /// The earlier one that it follows up.
    pub follows_id: Option<EpisodeId>,
    /// Who opens it.
    pub actor_id: String,
    /// Who owns it from now on.
    pub owner: Option<AgentId>,
    /// The caller's key.
    pub idempotency: Option<Idempotency>,
    /// Now.
    pub now: Timestamp,
}

/// New words for an episode.
#[derive(Debug, Clone)]
pub struct EpisodeWords {
    /// Where.
    pub workspace_id: WorkspaceId,
    /// Which.
    pub episode_id: EpisodeId,
    /// What it is about.
    pub subject: String,
    /// What kind of matter.
    pub topic: String,
    /// Who says so.
    pub actor_id: String,
    /// Now.
    pub now: Timestamp,
}

fn read_said(row: &Row<'_>) -> Result<EpisodeMessage> {
    let at = Timestamp(row.int(7)?);
    let part = row.text(5)?;
    let said = if row.text(1)? == "inbound" {
        if part == "coda" { Said::Coda } else { Said::Customer { reopened: part == "reopening" } }
    } else {
        let author = match (row.parse::<AuthorKind>(2)?, row.opt_text(3)?.and_then(|id| id.parse().ok())) {
            (AuthorKind::Agent, Some(agent)) => BusinessAuthor::Agent(agent),
            (AuthorKind::Bot, _) => BusinessAuthor::Bot,
            _ => BusinessAuthor::System,
        };
        Said::Business { author, kind: row.parse(4)?, failed: row.opt_text(6)?.as_deref() == Some("failed") }
    };
    Ok(EpisodeMessage { at, said })
}

/// What the messages that stand say about an episode.
pub(crate) async fn standing_of(
    executor: &Executor,
    workspace_id: WorkspaceId,
    episode_id: EpisodeId,
) -> Result<Standing> {
    let mut said = executor.query(SAID, &params![workspace_id.0, episode_id.0, RECOUNTED], read_said).await?;
    said.reverse();
    Ok(standing(&said))
}

/// Counts the turns of an episode anew and tells what follows. The episode is saved by the caller.
pub(crate) async fn recount(
    store: &Store,
    executor: &Executor,
    held: &mut Held,
    reason: RecountReason,
    actor: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    let standing = standing_of(executor, held.workspace_id, held.id).await?;
    let place = row::place(executor, held.workspace_id, held.identity_id).await?;
    let event = EpisodeEvent::Recount { standing, reason };
    if let Ok(changes) = held.step(store, executor, &place, &event, actor, now)? {
        held.set_timers(store, executor, &changes, now).await?;
    }
    Ok(())
}

/// Tells what became of a message of the business (it failed, or was proven to have arrived after all), and counts anew what it
/// answered. The record names the episode, since that changes even where nothing else is told of it.
pub(crate) async fn tell_and_recount(
    store: &Store,
    executor: &Executor,
    mut record: NewRecord,
    reason: RecountReason,
) -> Result<()> {
    let (workspace_id, now) = (record.workspace_id, record.at);
    let params = params![workspace_id.0, record.entry_id];
    let episode = executor.query_opt(EPISODE_OF_MESSAGE, &params, |row| row.opt_int(0)).await?.flatten();
    record.episode_id = episode.map(EpisodeId);
    executor.log(record);
    let Some(episode) = episode else { return Ok(()) };
    let Some(mut held) = row::lock(executor, workspace_id, EpisodeId(episode)).await? else { return Ok(()) };
    recount(store, executor, &mut held, reason, None, now).await?;
    row::save(executor, std::slice::from_mut(&mut held)).await
}

async fn act(store: &Store, executor: &Executor, act: &EpisodeAct) -> Result<Stepped> {
    let Some(mut held) = row::lock(executor, act.workspace_id, act.episode_id).await? else {
        return Ok(Stepped::Missing);
    };
    if held.last_act == Some(act.act_id) {
        return Ok(Stepped::Done);
    }
    let mut event = act.event.clone();
    if let EpisodeEvent::Reopen { standing } = &mut event {
        *standing = standing_of(executor, act.workspace_id, act.episode_id).await?;
    }
    let place = row::place(executor, act.workspace_id, held.identity_id).await?;
    match held.step(store, executor, &place, &event, act.actor_id.as_deref(), act.now)? {
        Err(refused) => Ok(Stepped::Refused(refused)),
        Ok(changes) => {
            held.last_act = Some(act.act_id);
            held.set_timers(store, executor, &changes, act.now).await?;
            row::save(executor, std::slice::from_mut(&mut held)).await?;
            Ok(Stepped::Done)
        }
    }
}

impl Store {
    /// Lets something happen to an episode. The standing of a [`EpisodeEvent::Reopen`] is read here.
    pub async fn step_episode(&self, input: EpisodeAct) -> Result<Stepped> {
        let (stepped, _) =
            self.write((self.clone(), input), |executor, (store, input)| act(store, executor, input).boxed()).await?;
        Ok(stepped)
    }

    /// Opens an episode. Its identity and the one that it follows must be of the workspace.
    pub async fn create_episode(&self, new: NewEpisode) -> Result<Created<EpisodeId>> {
        let (created, _) = self
            .write((self.clone(), new), |executor, (store, new)| {
                async move {
                    match claim(executor, new.workspace_id, new.idempotency.as_ref(), new.id.0, new.now).await? {
                        Created::New(_) => {}
                        Created::Before(id) => return Ok(Created::Before(EpisodeId(id))),
                        Created::KeyReused => return Ok(Created::KeyReused),
                    }
                    if row::lock(executor, new.workspace_id, new.id).await?.is_some() {
                        return Ok(Created::New(new.id));
                    }
                    let place = row::place(executor, new.workspace_id, new.identity_id).await?;
                    let actor = Some(new.actor_id.as_str());
                    let mut held = join::begin(store, executor, &place, new.id, new.follows_id, actor, new.now)?;
                    held.subject.clone_from(&new.subject);
                    held.topic.clone_from(&new.topic);
                    if let Some(agent) = new.owner {
                        let event = EpisodeEvent::Assign { agent: Some(agent) };
                        let _ = held.step(store, executor, &place, &event, actor, new.now)?;
                    }
                    row::save(executor, std::slice::from_mut(&mut held)).await?;
                    Ok(Created::New(new.id))
                }
                .boxed()
            })
            .await?;
        Ok(created)
    }

    /// Says what an episode is about. Nothing happens when it says so already.
    pub async fn describe_episode(&self, words: EpisodeWords) -> Result<()> {
        self.write(words, |executor, words| {
            async move {
                let params = params![&words.subject, &words.topic, words.workspace_id.0, words.episode_id.0];
                if executor.execute(DESCRIBE, &params).await? == 1 {
                    let held = row::lock(executor, words.workspace_id, words.episode_id).await?;
                    if let Some(held) = held {
                        let place = row::place(executor, words.workspace_id, held.identity_id).await?;
                        let actor = Some(words.actor_id.as_str());
                        executor.log(held.record(&place, LogKind::EpisodeChanged, actor, words.now));
                    }
                }
                Ok(())
            }
            .boxed()
        })
        .await
        .map(|_| ())
    }

    /// Says that an episode follows up another one of the workspace. False when either is missing or they are the same.
    pub async fn link_episode(
        &self,
        workspace_id: WorkspaceId,
        id: EpisodeId,
        follows: EpisodeId,
        actor_id: String,
        now: Timestamp,
    ) -> Result<bool> {
        let (linked, _) = self
            .write((self.clone(), workspace_id, id, follows, actor_id, now), |executor, input| {
                async move {
                    let (store, workspace_id, id, follows, actor_id, now) = input;
                    if id == follows || super::find(executor, *workspace_id, &[*follows]).await?.is_empty() {
                        return Ok(false);
                    }
                    let Some(mut held) = row::lock(executor, *workspace_id, *id).await? else { return Ok(false) };
                    if held.follows_id != Some(*follows) {
                        held.follows_id = Some(*follows);
                        held.changed = true;
                        let place = row::place(executor, *workspace_id, held.identity_id).await?;
                        let kind = LogKind::EpisodeLinked;
                        held.tell_link(store, executor, &place, kind, *follows, Some(actor_id), *now)?;
                        row::save(executor, std::slice::from_mut(&mut held)).await?;
                    }
                    Ok(true)
                }
                .boxed()
            })
            .await?;
        Ok(linked)
    }

    /// Does a timer's job: closes after silence, or wakes. An episode that has moved on is left as it is.
    pub async fn time_episode(&self, job: ClaimedJob, event: EpisodeEvent, now: Timestamp) -> Result<()> {
        self.write((self.clone(), job, event, now), |executor, (store, job, event, now)| {
            async move {
                let timed = EpisodeAct {
                    act_id: job.id.0,
                    workspace_id: job.workspace_id,
                    episode_id: EpisodeId(job.subject_id),
                    event: event.clone(),
                    actor_id: None,
                    now: *now,
                };
                // Refused: it was reopened, resumed or set aside for longer, which has set a timer of its own.
                let _ = act(store, executor, &timed).await?;
                jobs::finish_timer(executor, job, *now).await
            }
            .boxed()
        })
        .await
        .map(|_| ())
    }
}
