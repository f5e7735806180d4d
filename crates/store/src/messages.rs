//! Messages that go out: written with their job in one transaction.

use crate::{
    Store,
    deliveries::Place,
    engine::{Executor, params, queries},
    episodes::{
        self,
        join::{Joined, Joining, Spoken, TurnPart},
    },
    error::{Result, StoreError},
    files,
    idempotency::{Created, Idempotency, claim},
    jobs::{self, DELIVER},
    log::NewRecord,
    merges, scheduled,
};
use futures_util::{FutureExt, future::try_join};
use model::{
    Block, ChannelAccountId, CustomerId, EpisodeId, FileId, IdentityId, JobId, MessageId, RouteId, ThreadId, Timestamp,
    WorkspaceId,
    episode::{BusinessAuthor, EpisodeEvent, RecountReason, ReplyKind},
    log::LogKind,
    message::{Author, AuthorKind, ReplyTo},
};
use std::collections::BTreeSet;

/// A message to queue.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// Made by the caller.
    pub id: MessageId,
    /// Where.
    pub workspace_id: WorkspaceId,
    /// Over which identity; it shows on the thread of whoever owns that.
    pub identity_id: IdentityId,
    /// Over which route.
    pub route_id: RouteId,
    /// Over which account.
    pub channel_account_id: ChannelAccountId,
    /// Who wrote it.
    pub author: Author,
    /// What it says.
    pub blocks: Vec<Block>,
    /// The files that its blocks name.
    pub files: Vec<FileId>,
    /// The first of the messages that were written as one; `None` when it was written alone.
    pub first_part: Option<MessageId>,
    /// What it is worth to whoever waits.
    pub reply_kind: ReplyKind,
    /// The message that it answers.
    pub reply_to: Option<MessageId>,
    /// The matter that it belongs to; `None`: the one that was active last, or a new one.
    pub episode_id: Option<EpisodeId>,
    /// For a matter that it may open.
    pub new_episode: EpisodeId,
    /// The job that delivers it.
    pub job_id: JobId,
    /// When it shall go, when that is later.
    pub later: Option<SendLater>,
    /// The id that its client made for it.
    pub client_id: Option<String>,
    /// The message that it sends again another way.
    pub resent_from: Option<MessageId>,
    /// The caller's key.
    pub idempotency: Option<Idempotency>,
    /// Now.
    pub now: Timestamp,
}

/// When a message shall go that is not for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SendLater {
    /// When.
    pub at: Timestamp,
    /// A customer's message before that calls it off.
    pub cancel_on_reply: bool,
}

/// What joining a matter needs of a message.
pub(crate) struct Writing<'a> {
    pub author: &'a Author,
    pub blocks: &'a [Block],
    pub reply_kind: ReplyKind,
    pub episode_id: Option<EpisodeId>,
    pub new_episode: EpisodeId,
    pub now: Timestamp,
}

/// A message to try once more because a person said so.
#[derive(Debug, Clone)]
pub struct RetriedMessage {
    /// Which.
    pub id: MessageId,
    /// Where.
    pub workspace_id: WorkspaceId,
    /// The job that delivers it.
    pub job_id: JobId,
    /// The given-up job that was named, in place of the message.
    pub replayed: Option<JobId>,
    /// Who said so.
    pub actor_id: String,
    /// Now.
    pub now: Timestamp,
}

queries! {
    THREAD_OF = Same("SELECT t.id, t.customer_id FROM message m JOIN identity i ON i.id = m.identity_id JOIN thread t ON t.customer_id = i.customer_id WHERE m.workspace_id = $1 AND m.id = $2");
    /// Over a route of this workspace that is the identity's and the account's, or not at all.
    INSERT = Same("INSERT INTO message (id, workspace_id, identity_id, route_id, channel_account_id, direction, author_kind, author_id, author_name, blocks, not_shown, at, recorded_at, delivery_state, tries, reply_kind, reply_to, episode_id, turn_part, first_part_id) SELECT CAST($1 AS BIGINT), workspace_id, identity_id, id, channel_account_id, 'outbound', CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS TEXT), '[]', CAST($6 AS BIGINT), CAST($6 AS BIGINT), 'queued', 0, CAST($7 AS TEXT), CAST($8 AS TEXT), CAST($9 AS BIGINT), CAST($10 AS TEXT), CAST($11 AS BIGINT) FROM route WHERE workspace_id = $12 AND id = $13 AND identity_id = $14 AND channel_account_id = $15 ON CONFLICT (id) DO NOTHING");
    SET_OPTIONS = Same("UPDATE message SET send_at = $1, cancel_on_reply = $2, later_episode_id = $3, client_id = $4, resent_from = $5 WHERE workspace_id = $6 AND id = $7");
    /// The failed one says what became of it. Sent again once, unless that failed too.
    RESENT = Same("UPDATE message SET resent_as = $1 WHERE workspace_id = $2 AND id = $3 AND delivery_state IN ('failed', 'uncertain') AND (resent_as IS NULL OR resent_as = $1 OR EXISTS (SELECT 1 FROM message n WHERE n.id = message.resent_as AND n.delivery_state IN ('failed', 'uncertain'))) RETURNING identity_id");
    QUOTED = Same("SELECT external_id FROM message WHERE workspace_id = $1 AND id = $2");
    PARTS = Same("SELECT id FROM message WHERE first_part_id = $1 AND workspace_id = $2 ORDER BY id");
    EXISTS = Same("SELECT id FROM message WHERE workspace_id = $1 AND id = $2");
    TOUCH_THREAD = Same("UPDATE thread SET last_activity_at = CASE WHEN last_activity_at < $1 THEN $1 ELSE last_activity_at END WHERE workspace_id = $2 AND id = $3");
    REQUEUE = Same("UPDATE message SET delivery_state = 'queued', failure_reason = NULL, failure_code = NULL, failure_detail = NULL WHERE workspace_id = $1 AND id = $2 AND delivery_state IN ('failed', 'uncertain') RETURNING identity_id, episode_id");
}

/// Finds the matter of a message that the business writes, and lets it happen to it.
pub(crate) async fn join(store: &Store, executor: &Executor, place: &Place, new: &Writing<'_>) -> Result<Joined> {
    let mut joining = Joining::begin(executor, BTreeSet::from([place.customer_id])).await?;
    let author = match (new.author.kind, new.author.id.as_deref().and_then(|id| id.parse().ok())) {
        (AuthorKind::Agent, Some(agent)) => BusinessAuthor::Agent(agent),
        (AuthorKind::Bot, _) => BusinessAuthor::Bot,
        _ => BusinessAuthor::System,
    };
    let spoken = Spoken {
        event: EpisodeEvent::BusinessMessage { author, kind: new.reply_kind },
        blocks: new.blocks,
        acknowledgement: false,
        quoted: new.episode_id,
        picked: None,
        named: new.episode_id,
        new_episode: new.new_episode,
        actor: new.author.id.as_deref(),
    };
    let joined = joining.speak(store, executor, place, &spoken, new.now).await?;
    joining.save(store, executor, new.now).await?;
    Ok(joined)
}

impl NewMessage {
    fn writing(&self) -> Writing<'_> {
        let Self { author, blocks, reply_kind, episode_id, new_episode, now, .. } = self;
        Writing {
            author,
            blocks,
            reply_kind: *reply_kind,
            episode_id: *episode_id,
            new_episode: *new_episode,
            now: *now,
        }
    }
}

/// Writes what most messages do not have.
async fn set_options(executor: &Executor, new: &NewMessage) -> Result<()> {
    if new.later.is_none() && new.client_id.is_none() && new.resent_from.is_none() {
        return Ok(());
    }
    let params = params![
        new.later.map(|later| later.at),
        new.later.is_some_and(|later| later.cancel_on_reply),
        new.later.and(new.episode_id).map(|id| id.0),
        new.client_id.as_deref(),
        new.resent_from.map(|id| id.0),
        new.workspace_id.0,
        new.id.0,
    ];
    executor.execute(SET_OPTIONS, &params).await.map(|_| ())
}

/// Says of a failed message that another one takes its place; false when one does already.
async fn mark_resent(executor: &Executor, place: &Place, new: &NewMessage, failed: MessageId) -> Result<bool> {
    let params = params![new.id.0, new.workspace_id.0, failed.0];
    let Some(identity) = executor.query_opt(RESENT, &params, |row| Ok(IdentityId(row.int(0)?))).await? else {
        return Ok(false);
    };
    jobs::remove(executor, new.workspace_id, DELIVER, failed.0).await?;
    let mut record = place.record(LogKind::MessageResent, failed, new.now);
    record.identity_id = Some(identity);
    record.actor_id = new.author.id.clone();
    executor.log(record);
    Ok(true)
}

/// The message that another answers, as it is kept.
async fn quote(executor: &Executor, new: &NewMessage) -> Result<Option<String>> {
    let Some(id) = new.reply_to else { return Ok(None) };
    let params = params![new.workspace_id.0, id.0];
    let external_id = executor.query_opt(QUOTED, &params, |row| row.opt_text(0)).await?.flatten();
    let quoted = ReplyTo { message_id: Some(id), external_id };
    serde_json::to_string(&quoted).map(Some).map_err(|error| StoreError::Internal(error.to_string()))
}

/// Writes one message with the job that delivers it.
async fn insert(store: &Store, executor: &Executor, new: &NewMessage) -> Result<()> {
    let blocks = serde_json::to_string(&new.blocks).map_err(|error| StoreError::Internal(error.to_string()))?;
    let place = merges::hold_place(executor, new.workspace_id, new.identity_id).await?;
    // What waits for its time has answered nobody yet.
    let joined = match new.later {
        Some(_) => None,
        None => Some(join(store, executor, &place, &new.writing()).await?),
    };
    let reply_to = quote(executor, new).await?;
    let params = params![
        new.id.0,
        new.author.kind.as_str(),
        new.author.id.as_deref(),
        &new.author.name,
        &blocks,
        new.now,
        new.reply_kind.as_str(),
        reply_to.as_deref(),
        joined.map(|joined| joined.episode_id.0),
        joined.map_or(TurnPart::Message, |joined| joined.part).as_str(),
        new.first_part.map(|id| id.0),
        new.workspace_id.0,
        new.route_id.0,
        new.identity_id.0,
        new.channel_account_id.0,
    ];
    if executor.execute(INSERT, &params).await? == 0 {
        return Err(StoreError::Internal(format!("{} is no route of this message", new.route_id)));
    }
    set_options(executor, new).await?;
    if let Some(failed) = new.resent_from
        && !mark_resent(executor, &place, new, failed).await?
    {
        return Err(StoreError::Contention);
    }
    if let Some(missing) = files::attach(executor, new.workspace_id, new.id, &new.files).await? {
        return Err(StoreError::Internal(format!("{missing} went while its message was written")));
    }
    // Together, in one round trip.
    let touch = params![new.now, new.workspace_id.0, place.thread_id.0];
    let (workspace, job, now) = (new.workspace_id, new.job_id, new.now);
    let insert = async {
        match new.later {
            // Parts of one act go one after the other.
            Some(later) => {
                let part = (new.id, new.first_part);
                scheduled::wait(executor, workspace, job, part, later.at, now).await
            }
            None => jobs::insert(executor, workspace, job, DELIVER, new.id.0, new.identity_id.0, now).await,
        }
    };
    try_join(executor.execute(TOUCH_THREAD, &touch), insert).await?;
    let mut record = place.record(LogKind::MessageQueued, new.id, new.now);
    record.episode_id = joined.map(|joined| joined.episode_id);
    record.actor_id = new.author.id.clone();
    let said = serde_json::json!({ "author": new.author.kind, "reply_kind": new.reply_kind });
    record.detail = Some(said.to_string());
    executor.log(record);
    Ok(())
}

impl Store {
    /// Queues a message with the job that delivers it. Gives back the id of what was created, now or before.
    pub async fn create_message(&self, new: NewMessage) -> Result<Created<MessageId>> {
        self.create_messages(new, Vec::new()).await
    }

    /// Queues a message and those that follow it, in order, all or none: what was written as one and goes out in several
    /// calls. The first one's key counts. Gives back the id of the first, created now or before.
    pub async fn create_messages(&self, first: NewMessage, rest: Vec<NewMessage>) -> Result<Created<MessageId>> {
        let (created, _) = self
            .write((self.clone(), first, rest), |executor, (store, first, rest)| {
                async move {
                    match claim(executor, first.workspace_id, first.idempotency.as_ref(), first.id.0, first.now).await?
                    {
                        Created::New(_) => {}
                        Created::Before(id) => return Ok(Created::Before(MessageId(id))),
                        Created::KeyReused => return Ok(Created::KeyReused),
                    }
                    let own = params![first.workspace_id.0, first.id.0];
                    if executor.query_opt(EXISTS, &own, |_| Ok(())).await?.is_some() {
                        return Ok(Created::New(first.id));
                    }
                    insert(store, executor, first).await?;
                    for new in rest.iter() {
                        insert(store, executor, new).await?;
                    }
                    Ok(Created::New(first.id))
                }
                .boxed()
            })
            .await?;
        Ok(created)
    }

    /// The messages that were written as one with this first one, itself included, in order; empty when it was written alone.
    pub async fn list_message_parts(&self, workspace_id: WorkspaceId, first: MessageId) -> Result<Vec<MessageId>> {
        self.read((workspace_id, first), |executor, (workspace_id, first)| {
            async move {
                executor.query(PARTS, &params![first.0, workspace_id.0], |row| Ok(MessageId(row.int(0)?))).await
            }
            .boxed()
        })
        .await
    }

    /// The thread that shows a message.
    pub async fn find_thread_of_message(&self, workspace_id: WorkspaceId, id: MessageId) -> Result<Option<ThreadId>> {
        self.read((workspace_id, id), |executor, (workspace_id, id)| {
            async move {
                executor.query_opt(THREAD_OF, &params![workspace_id.0, id.0], |row| Ok(ThreadId(row.int(0)?))).await
            }
            .boxed()
        })
        .await
    }

    /// Queues a failed or uncertain message once more; false when it is neither.
    pub async fn retry_message(&self, retried: RetriedMessage, thread_id: ThreadId) -> Result<bool> {
        let (done, _) = self
            .write((self.clone(), retried, thread_id), |executor, (store, retried, thread_id)| {
                async move {
                    let params = params![retried.workspace_id.0, retried.id.0];
                    let requeued =
                        executor.query_opt(REQUEUE, &params, |row| Ok((row.int(0)?, row.opt_int(1)?))).await?;
                    let Some((identity, episode)) = requeued else {
                        // Running the command again finds its own job.
                        return jobs::exists(executor, retried.workspace_id, retried.job_id).await;
                    };
                    let (workspace, job) = (retried.workspace_id, retried.job_id);
                    jobs::replace(executor, workspace, job, DELIVER, retried.id.0, identity, retried.now).await?;
                    let customer = executor.query_opt(THREAD_OF, &params, |row| row.int(1)).await?;
                    let mut record = NewRecord::new(workspace, retried.now, LogKind::MessageRetried);
                    record.customer_id = customer.map(CustomerId);
                    record.thread_id = Some(*thread_id);
                    record.identity_id = Some(IdentityId(identity));
                    record.entry_id = Some(retried.id.0);
                    record.actor_id = Some(retried.actor_id.clone());
                    if episode.is_none() {
                        // It was called off before its time, and goes now.
                        let (place, joined) =
                            scheduled::join_now(store, executor, workspace, retried.id, retried.now).await?;
                        let mut released = place.record(LogKind::MessageReleased, retried.id, retried.now);
                        released.episode_id = Some(joined);
                        released.actor_id = Some(retried.actor_id.clone());
                        executor.log(released);
                    }
                    // It stands again: what it answered is answered.
                    episodes::tell_and_recount(store, executor, record, RecountReason::MessagesMoved).await?;
                    if let Some(dead) = retried.replayed {
                        let (kind, actor) = (LogKind::JobReplayed, &retried.actor_id);
                        executor.log(jobs::record(workspace, dead, kind, actor, retried.now));
                    }
                    Ok(true)
                }
                .boxed()
            })
            .await?;
        Ok(done)
    }
}
