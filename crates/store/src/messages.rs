//! Messages that go out: written with their job in one transaction.

use crate::{
    Store,
    engine::{params, queries},
    error::{Result, StoreError},
    idempotency::{Created, Idempotency, claim},
    jobs::{self, DELIVER},
    log::NewRecord,
};
use futures_util::{FutureExt, future::try_join};
use model::{
    Block, ChannelAccountId, CustomerId, IdentityId, JobId, MessageId, RouteId, ThreadId, Timestamp, WorkspaceId,
    log::LogKind, message::Author,
};

/// A message to queue.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// Made by the caller.
    pub id: MessageId,
    /// Where.
    pub workspace_id: WorkspaceId,
    /// The thread it is written on.
    pub thread_id: ThreadId,
    /// Whose thread that is.
    pub customer_id: CustomerId,
    /// Over which identity.
    pub identity_id: IdentityId,
    /// Over which route.
    pub route_id: RouteId,
    /// Over which account.
    pub channel_account_id: ChannelAccountId,
    /// Who wrote it.
    pub author: Author,
    /// What it says.
    pub blocks: Vec<Block>,
    /// The job that delivers it.
    pub job_id: JobId,
    /// The caller's key.
    pub idempotency: Option<Idempotency>,
    /// Now.
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
    INSERT = Same("INSERT INTO message (id, workspace_id, identity_id, route_id, channel_account_id, direction, author_kind, author_id, author_name, blocks, not_shown, at, delivery_state, tries) SELECT CAST($1 AS BIGINT), workspace_id, identity_id, id, channel_account_id, 'outbound', CAST($2 AS TEXT), CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS TEXT), '[]', CAST($6 AS BIGINT), 'queued', 0 FROM route WHERE workspace_id = $7 AND id = $8 AND identity_id = $9 AND channel_account_id = $10 ON CONFLICT (id) DO NOTHING");
    EXISTS = Same("SELECT id FROM message WHERE workspace_id = $1 AND id = $2");
    TOUCH_THREAD = Same("UPDATE thread SET last_activity_at = CASE WHEN last_activity_at < $1 THEN $1 ELSE last_activity_at END WHERE workspace_id = $2 AND id = $3");
    REQUEUE = Same("UPDATE message SET delivery_state = 'queued', failure_reason = NULL, failure_code = NULL, failure_detail = NULL WHERE workspace_id = $1 AND id = $2 AND delivery_state IN ('failed', 'uncertain') RETURNING identity_id");
}

impl Store {
    /// Queues a message with the job that delivers it. Gives back the id of what was created, now or before.
    pub async fn create_message(&self, new: NewMessage) -> Result<Created<MessageId>> {
        let (created, _) = self
            .write(new, |executor, new| {
                async move {
                    match claim(executor, new.workspace_id, new.idempotency.as_ref(), new.id.0, new.now).await? {
                        Created::New(_) => {}
                        Created::Before(id) => return Ok(Created::Before(MessageId(id))),
                        Created::KeyReused => return Ok(Created::KeyReused),
                    }
                    let blocks =
                        serde_json::to_string(&new.blocks).map_err(|error| StoreError::Internal(error.to_string()))?;
                    let params = params![
                        new.id.0,
                        new.author.kind.as_str(),
                        new.author.id.as_deref(),
                        &new.author.name,
                        &blocks,
                        new.now,
                        new.workspace_id.0,
                        new.route_id.0,
                        new.identity_id.0,
                        new.channel_account_id.0,
                    ];
                    if executor.execute(INSERT, &params).await? == 0 {
                        let own = params![new.workspace_id.0, new.id.0];
                        return match executor.query_opt(EXISTS, &own, |_| Ok(())).await? {
                            Some(()) => Ok(Created::New(new.id)),
                            None => Err(StoreError::Internal(format!("{} is no route of this message", new.route_id))),
                        };
                    }
                    // Together, in one round trip.
                    let touch = params![new.now, new.workspace_id.0, new.thread_id.0];
                    let (job, subject, order) = (new.job_id, new.id.0, new.identity_id.0);
                    try_join(
                        executor.execute(TOUCH_THREAD, &touch),
                        jobs::insert(executor, new.workspace_id, job, DELIVER, subject, order, new.now),
                    )
                    .await?;
                    let mut record = NewRecord::new(new.workspace_id, new.now, LogKind::MessageQueued);
                    record.customer_id = Some(new.customer_id);
                    record.thread_id = Some(new.thread_id);
                    record.identity_id = Some(new.identity_id);
                    record.entry_id = Some(new.id.0);
                    record.actor_id = new.author.id.clone();
                    executor.log(record);
                    Ok(Created::New(new.id))
                }
                .boxed()
            })
            .await?;
        Ok(created)
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
            .write((retried, thread_id), |executor, (retried, thread_id)| {
                async move {
                    let params = params![retried.workspace_id.0, retried.id.0];
                    let identity = executor.query_opt(REQUEUE, &params, |row| row.int(0)).await?;
                    let Some(identity) = identity else {
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
                    executor.log(record);
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
