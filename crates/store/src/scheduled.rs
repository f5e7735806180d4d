//! Messages that wait for their time. One has no delivery job yet, so it holds back nothing that is written after it; it joins
//! its matter when it goes, since until then nobody was answered. Whoever ends the wait removes the `send_later` job first:
//! of several that try at once, one finds it.

use crate::{
    Store,
    deliveries::Place,
    engine::{Executor, Value, params, queries},
    episodes::{self, row},
    error::{Result, StoreError},
    files,
    jobs::{self, ClaimedJob, DELIVER, SEND_LATER},
    merges,
    messages::{Writing, join},
};
use futures_util::FutureExt;
use model::{
    Block, CustomerId, EpisodeId, FailureReason, FileId, IdentityId, JobId, MessageId, Timestamp, WorkspaceId,
    episode::RecountReason, log::LogKind, message::Author,
};

queries! {
    TAKE = Same("DELETE FROM job WHERE workspace_id = $1 AND kind = 'send_later' AND subject_id = $2 RETURNING id");
    /// A delivery that is not under way. Whoever begins one holds the job's row.
    TAKE_DELIVERY = Same("DELETE FROM job WHERE workspace_id = $1 AND kind = 'deliver' AND subject_id = $2 AND state = 'ready' AND NOT EXISTS (SELECT 1 FROM attempt a WHERE a.message_id = job.subject_id AND a.ended_at IS NULL) RETURNING id");
    HOLD = Same("UPDATE job SET tries = tries WHERE workspace_id = $1 AND kind = 'send_later' AND subject_id = $2 RETURNING id");
    WRITING = Same("SELECT identity_id, author_kind, author_id, author_name, blocks, reply_kind, later_episode_id FROM message WHERE workspace_id = $1 AND id = $2");
    JOINED = Same("UPDATE message SET episode_id = $1, turn_part = $2, recorded_at = $3 WHERE workspace_id = $4 AND id = $5");
    CALL_OFF = Same("UPDATE message SET delivery_state = 'failed', failure_reason = $1, failure_code = NULL, failure_detail = NULL, alternatives = '[]' WHERE workspace_id = $2 AND id = $3 AND delivery_state = 'queued' RETURNING identity_id");
    SET_BLOCKS = Same("UPDATE message SET blocks = $1 WHERE workspace_id = $2 AND id = $3");
    SET_TIME = Same("UPDATE message SET send_at = $1 WHERE workspace_id = $2 AND id = $3");
    MOVE_JOB = Same("UPDATE job SET due_at = $1 WHERE workspace_id = $2 AND kind = 'send_later' AND subject_id = $3");
    /// What a customer's message calls off, whichever of their identities it waits for.
    WAITING_FOR = Two {
        sqlite: "SELECT m.workspace_id, m.id FROM identity i JOIN message m ON m.identity_id = i.id AND m.cancel_on_reply AND m.delivery_state = 'queued' WHERE i.customer_id = $1",
        postgres: "SELECT m.workspace_id, m.id FROM UNNEST($1::bigint[]) AS u(id) JOIN identity i ON i.customer_id = u.id CROSS JOIN LATERAL (SELECT w.workspace_id, w.id FROM message w WHERE w.identity_id = i.id AND w.cancel_on_reply AND w.delivery_state = 'queued' LIMIT 1000) AS m",
    };
}

/// What changes of a message that waits for its time.
#[derive(Debug, Clone)]
pub struct MessageChange {
    /// Which.
    pub id: MessageId,
    /// Where.
    pub workspace_id: WorkspaceId,
    /// Another time.
    pub send_at: Option<Timestamp>,
    /// Other words, with the files that they name.
    pub words: Option<(Vec<Block>, Vec<FileId>)>,
    /// Who changes it.
    pub actor_id: String,
    /// Now.
    pub now: Timestamp,
}

/// A message to call back before it goes.
#[derive(Debug, Clone)]
pub struct CancelledMessage {
    /// Which.
    pub id: MessageId,
    /// Where.
    pub workspace_id: WorkspaceId,
    /// Who calls it back.
    pub actor_id: String,
    /// Now.
    pub now: Timestamp,
}

/// Lets a message join its matter now. Gives its place and the matter.
pub(crate) async fn join_now(
    store: &Store,
    executor: &Executor,
    workspace_id: WorkspaceId,
    id: MessageId,
    now: Timestamp,
) -> Result<(Place, EpisodeId)> {
    let writing = executor
        .query_opt(WRITING, &params![workspace_id.0, id.0], |row| {
            let author = Author { kind: row.parse(1)?, id: row.opt_text(2)?, name: row.text(3)? };
            let blocks: Vec<Block> = row.json(4)?;
            Ok((IdentityId(row.int(0)?), author, blocks, row.parse(5)?, row.opt_int(6)?.map(EpisodeId)))
        })
        .await?;
    let (identity_id, author, blocks, reply_kind, episode_id) =
        writing.ok_or_else(|| StoreError::Internal(format!("{id} is gone")))?;
    let place = merges::hold_place(executor, workspace_id, identity_id).await?;
    let new_episode = EpisodeId(store.new_id()?);
    let writing = Writing { author: &author, blocks: &blocks, reply_kind, episode_id, new_episode, now };
    let joined = join(store, executor, &place, &writing).await?;
    let params = params![joined.episode_id.0, joined.part.as_str(), now, workspace_id.0, id.0];
    executor.execute(JOINED, &params).await?;
    Ok((place, joined.episode_id))
}

/// Marks a message as called off, and tells the log. Its job is gone already.
async fn call_off(
    store: &Store,
    executor: &Executor,
    (workspace_id, id): (WorkspaceId, MessageId),
    reason: FailureReason,
    actor: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    let params = params![reason.as_str(), workspace_id.0, id.0];
    let identity = executor.query_opt(CALL_OFF, &params, |row| Ok(IdentityId(row.int(0)?))).await?;
    // Somebody began to send it between the two statements: nothing of this happened.
    let identity = identity.ok_or(StoreError::Contention)?;
    let place = row::place(executor, workspace_id, identity).await?;
    let mut record = place.record(LogKind::MessageCancelled, id, now);
    record.actor_id = actor.map(str::to_owned);
    record.detail = Some(serde_json::json!({ "reason": reason.as_str() }).to_string());
    episodes::tell_and_recount(store, executor, record, RecountReason::SendFailed).await
}

/// Calls off what was to be sent to these customers unless they wrote before: they did.
pub(crate) async fn customers_replied(
    store: &Store,
    executor: &Executor,
    customers: &[CustomerId],
    now: Timestamp,
) -> Result<()> {
    let rows: Vec<[Value<'_>; 1]> = customers.iter().map(|id| params![id.0]).collect();
    let mut waiting =
        executor.batch(WAITING_FOR, &rows, |row| Ok((WorkspaceId(row.int(0)?), MessageId(row.int(1)?)))).await?;
    waiting.sort_unstable();
    waiting.dedup();
    for (workspace_id, id) in waiting {
        // Without this job it is on its way already.
        if executor.query_opt(TAKE, &params![workspace_id.0, id.0], |_| Ok(())).await?.is_some() {
            call_off(store, executor, (workspace_id, id), FailureReason::CustomerReplied, None, now).await?;
        }
    }
    Ok(())
}

impl Store {
    /// Does a [`SEND_LATER`] job: the message joins its matter and gets the job that delivers it. Nothing when it was called off.
    pub async fn release_message(&self, job: ClaimedJob, deliver: JobId, now: Timestamp) -> Result<()> {
        self.write((self.clone(), job, deliver, now), |executor, (store, job, deliver, now)| {
            async move {
                let (workspace_id, id) = (job.workspace_id, MessageId(job.subject_id));
                if executor.query_opt(TAKE, &params![workspace_id.0, id.0], |_| Ok(())).await?.is_none() {
                    return Ok(());
                }
                let (place, episode_id) = join_now(store, executor, workspace_id, id, *now).await?;
                jobs::insert(executor, workspace_id, *deliver, DELIVER, id.0, place.identity_id.0, *now).await?;
                let mut record = place.record(LogKind::MessageReleased, id, *now);
                record.episode_id = Some(episode_id);
                executor.log(record);
                Ok(())
            }
            .boxed()
        })
        .await
        .map(|_| ())
    }

    /// Changes a message that waits for its time; false when it waits no more.
    pub async fn change_waiting_message(&self, change: MessageChange) -> Result<bool> {
        let (changed, _) = self
            .write(change, |executor, change| {
                async move {
                    let (workspace_id, id) = (change.workspace_id, change.id);
                    let own = params![workspace_id.0, id.0];
                    if executor.query_opt(HOLD, &own, |_| Ok(())).await?.is_none() {
                        return Ok(false);
                    }
                    if let Some((blocks, named)) = &change.words {
                        let blocks =
                            serde_json::to_string(blocks).map_err(|error| StoreError::Internal(error.to_string()))?;
                        executor.execute(SET_BLOCKS, &params![&blocks, workspace_id.0, id.0]).await?;
                        if let Some(missing) = files::attach(executor, workspace_id, id, named).await? {
                            return Err(StoreError::Internal(format!("{missing} went while its message was changed")));
                        }
                    }
                    if let Some(send_at) = change.send_at {
                        executor.execute(SET_TIME, &params![send_at, workspace_id.0, id.0]).await?;
                        executor.execute(MOVE_JOB, &params![send_at, workspace_id.0, id.0]).await?;
                    }
                    let identity = executor.query_opt(WRITING, &own, |row| Ok(IdentityId(row.int(0)?))).await?;
                    if let Some(identity) = identity {
                        let place = row::place(executor, workspace_id, identity).await?;
                        let mut record = place.record(LogKind::MessageEdited, id, change.now);
                        record.actor_id = Some(change.actor_id.clone());
                        executor.log(record);
                    }
                    Ok(true)
                }
                .boxed()
            })
            .await?;
        Ok(changed)
    }

    /// Calls a message back that has not left: one that waits for its time, its turn or its account. False when it is under way,
    /// or at an end.
    pub async fn cancel_message(&self, cancelled: CancelledMessage) -> Result<bool> {
        let (done, _) = self
            .write((self.clone(), cancelled), |executor, (store, cancelled)| {
                async move {
                    let (workspace_id, id, actor) = (cancelled.workspace_id, cancelled.id, &cancelled.actor_id);
                    let own = params![workspace_id.0, id.0];
                    let mut taken = executor.query_opt(TAKE, &own, |_| Ok(())).await?;
                    if taken.is_none() {
                        taken = executor.query_opt(TAKE_DELIVERY, &own, |_| Ok(())).await?;
                    }
                    if taken.is_none() {
                        return Ok(false);
                    }
                    let reason = FailureReason::Cancelled;
                    call_off(store, executor, (workspace_id, id), reason, Some(actor), cancelled.now).await?;
                    Ok(true)
                }
                .boxed()
            })
            .await?;
        Ok(done)
    }
}

/// The job of a message for later, made with the message. The parts of one act wait in one line.
pub(crate) async fn wait(
    executor: &Executor,
    workspace_id: WorkspaceId,
    job: JobId,
    (id, first_part): (MessageId, Option<MessageId>),
    send_at: Timestamp,
    now: Timestamp,
) -> Result<()> {
    let line = first_part.unwrap_or(id);
    jobs::set_timer_in_line(executor, workspace_id, job, (SEND_LATER, id.0), line.0, send_at, now).await
}
