//! What was promised to customers, kept or broken.

use super::row::{self, Held};
use crate::{
    Store,
    deliveries::Place,
    engine::{Executor, Row, params, queries},
    error::Result,
    idempotency::{Created, Idempotency, claim},
    jobs::{self, ClaimedJob},
};
use futures_util::FutureExt;
use model::{
    EpisodeId, JobId, PromiseId, Timestamp, WorkspaceId,
    episode::EpisodeEvent,
    log::LogKind,
    message::Author,
    promise::{Promise, PromiseRecord, PromiseState, outcome},
};

/// What every query of promises gives.
macro_rules! promise_columns {
    () => {
        "id, episode_id, due_at, text, author_kind, author_id, author_name, made_at, state, ended_at"
    };
}

queries! {
    INSERT = Same("INSERT INTO promise (id, workspace_id, episode_id, text, due_at, state, author_kind, author_id, author_name, made_at) VALUES ($1, $2, $3, $4, $5, 'open', $6, $7, $8, $9) ON CONFLICT (id) DO NOTHING");
    GET = Same(concat!("SELECT ", promise_columns!(), " FROM promise WHERE workspace_id = $1 AND id = $2"));
    LIST = Same(concat!("SELECT ", promise_columns!(), " FROM promise WHERE workspace_id = $1 AND episode_id = $2 AND id < $3 ORDER BY id DESC LIMIT $4"));
    LIST_OPEN = Same(concat!("SELECT ", promise_columns!(), " FROM promise WHERE workspace_id = $1 AND episode_id = $2 AND state = 'open' ORDER BY id"));
    END = Same("UPDATE promise SET state = $1, ended_at = $2 WHERE workspace_id = $3 AND id = $4 AND state = 'open'");
}

/// A promise to make.
#[derive(Debug, Clone)]
pub struct NewPromise {
    /// Made by the caller.
    pub id: PromiseId,
    /// Where.
    pub workspace_id: WorkspaceId,
    /// About which matter.
    pub episode_id: EpisodeId,
    /// What the customer was told.
    pub text: String,
    /// By when.
    pub due_at: Timestamp,
    /// Who made it.
    pub made_by: Author,
    /// For the job that sees what became of it.
    pub job_id: JobId,
    /// The caller's key.
    pub idempotency: Option<Idempotency>,
    /// Now.
    pub now: Timestamp,
}

fn read(row: &Row<'_>) -> Result<Promise> {
    Ok(Promise {
        id: PromiseId(row.int(0)?),
        episode_id: EpisodeId(row.int(1)?),
        due_at: Timestamp(row.int(2)?),
        text: row.text(3)?,
        made_by: Author { kind: row.parse(4)?, id: row.opt_text(5)?, name: row.text(6)? },
        made_at: Timestamp(row.int(7)?),
        state: row.parse(8)?,
        ended_at: row.opt_int(9)?.map(Timestamp),
    })
}

/// Ends the open promises of an episode that a reply at `now`, or a new promise, ends. The episode is saved by the caller.
async fn settle(
    store: &Store,
    executor: &Executor,
    held: &mut Held,
    place: &Place,
    (reply_at, replaced_at): (Option<Timestamp>, Option<Timestamp>),
    actor: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    let open = executor.query(LIST_OPEN, &params![held.workspace_id.0, held.id.0], read).await?;
    let mut next_due_at = None;
    for promise in open {
        let record = PromiseRecord { made_at: promise.made_at, due_at: promise.due_at, reply_at, replaced_at };
        let (state, ended_at) = outcome(record, now);
        let kind = match state {
            PromiseState::Open => {
                next_due_at = Some(next_due_at.map_or(promise.due_at, |due: Timestamp| due.min(promise.due_at)));
                continue;
            }
            PromiseState::Kept => LogKind::PromiseKept,
            PromiseState::Broken => LogKind::PromiseBroken,
        };
        executor.execute(END, &params![state.as_str(), ended_at, held.workspace_id.0, promise.id.0]).await?;
        jobs::remove(executor, held.workspace_id, jobs::END_PROMISE, promise.id.0).await?;
        let mut record = held.record(place, kind, actor, now);
        record.subject_id = Some(promise.id.to_string());
        executor.log(record);
    }
    // Allowed in every state: it only moves the earliest due time.
    let _ = held.step(store, executor, place, &EpisodeEvent::PromiseEnded { next_due_at }, actor, now)?;
    Ok(())
}

/// A substantive reply was written: what is due later than now is kept by it.
pub(crate) async fn keep(
    store: &Store,
    executor: &Executor,
    held: &mut Held,
    place: &Place,
    actor: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    settle(store, executor, held, place, (Some(now), None), actor, now).await
}

impl Store {
    /// Makes a promise; an earlier one that is still open counts as broken by it. `None` when there is no such episode.
    pub async fn create_promise(&self, new: NewPromise) -> Result<Option<Created<PromiseId>>> {
        let (created, _) = self
            .write((self.clone(), new), |executor, (store, new)| {
                async move {
                    let Some(mut held) = row::lock(executor, new.workspace_id, new.episode_id).await? else {
                        return Ok(None);
                    };
                    match claim(executor, new.workspace_id, new.idempotency.as_ref(), new.id.0, new.now).await? {
                        Created::New(_) => {}
                        Created::Before(id) => return Ok(Some(Created::Before(PromiseId(id)))),
                        Created::KeyReused => return Ok(Some(Created::KeyReused)),
                    }
                    let place = row::place(executor, new.workspace_id, held.identity_id).await?;
                    let actor = new.made_by.id.as_deref();
                    settle(store, executor, &mut held, &place, (None, Some(new.now)), actor, new.now).await?;
                    let params = params![
                        new.id.0,
                        new.workspace_id.0,
                        new.episode_id.0,
                        &new.text,
                        new.due_at,
                        new.made_by.kind.as_str(),
                        actor,
                        &new.made_by.name,
                        new.now
                    ];
                    if executor.execute(INSERT, &params).await? == 0 {
                        return Ok(Some(Created::New(new.id)));
                    }
                    let event = EpisodeEvent::PromiseMade { due_at: new.due_at };
                    let _ = held.step(store, executor, &place, &event, actor, new.now)?;
                    let (job, due) = (jobs::END_PROMISE, new.due_at.plus_millis(1));
                    jobs::set_timer(executor, new.workspace_id, new.job_id, job, new.id.0, due, new.now).await?;
                    let mut record = held.record(&place, LogKind::PromiseMade, actor, new.now);
                    record.subject_id = Some(new.id.to_string());
                    record.detail = Some(serde_json::json!({ "due_at": new.due_at }).to_string());
                    executor.log(record);
                    row::save(executor, std::slice::from_mut(&mut held)).await?;
                    Ok(Some(Created::New(new.id)))
                }
                .boxed()
            })
            .await?;
        Ok(created)
    }

    /// One promise.
    pub async fn find_promise(&self, workspace_id: WorkspaceId, id: PromiseId) -> Result<Option<Promise>> {
        self.read((workspace_id, id), |executor, (workspace_id, id)| {
            async move { executor.query_opt(GET, &params![workspace_id.0, id.0], read).await }.boxed()
        })
        .await
    }

    /// An episode's promises before one, newest first.
    pub async fn list_promises(
        &self,
        workspace_id: WorkspaceId,
        episode_id: EpisodeId,
        before: PromiseId,
        limit: u32,
    ) -> Result<Vec<Promise>> {
        self.read((workspace_id, episode_id, before, limit), |executor, (workspace_id, episode_id, before, limit)| {
            async move { executor.query(LIST, &params![workspace_id.0, episode_id.0, before.0, *limit], read).await }
                .boxed()
        })
        .await
    }

    /// Does an [`END_PROMISE`](crate::END_PROMISE) job: what is past its due time and still open is broken.
    pub async fn end_promise(&self, job: ClaimedJob, now: Timestamp) -> Result<()> {
        self.write((self.clone(), job, now), |executor, (store, job, now)| {
            async move {
                let workspace = job.workspace_id;
                let found = executor.query_opt(GET, &params![workspace.0, job.subject_id], read).await?;
                let held = match &found {
                    Some(promise) => row::lock(executor, workspace, promise.episode_id).await?,
                    None => None,
                };
                if let Some(mut held) = held {
                    let place = row::place(executor, workspace, held.identity_id).await?;
                    settle(store, executor, &mut held, &place, (None, None), None, *now).await?;
                    row::save(executor, std::slice::from_mut(&mut held)).await?;
                }
                jobs::finish(executor, workspace, job.id).await
            }
            .boxed()
        })
        .await
        .map(|_| ())
    }
}
