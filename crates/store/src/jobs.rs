//! Work under a lease. Of one order key only the oldest open job can be taken, so what belongs together keeps its order.

use crate::{
    Store,
    engine::{Executor, Row, Value, params, queries},
    error::{Result, StoreError},
    log::NewRecord,
};
use futures_util::FutureExt;
use model::{
    ChannelAccountId, EpisodeId, FailureReason, FileId, IdentityId, JobId, MessageId, PromiseId, Timestamp,
    WorkspaceId,
    delivery::next_step,
    id::encode_base32,
    log::LogKind,
    operation::{Job, JobState},
};
use std::collections::BTreeMap;

/// The kind of a job that delivers a message.
pub const DELIVER: &str = "deliver";

/// The kind of a job that sends a message at its time.
pub const SEND_LATER: &str = "send_later";

/// The kind of a job that closes a resolved episode after silence.
pub const CLOSE_EPISODE: &str = "close_episode";
/// The kind of a job that brings back an episode that was set aside.
pub const WAKE_EPISODE: &str = "wake_episode";
/// The kind of a job that sees whether a promise was kept.
pub const END_PROMISE: &str = "end_promise";
/// The kind of a job that copies a file from its provider.
pub const FETCH_MEDIA: &str = "fetch_media";
/// The kind of a job that reads what the provider tells of a person.
pub const FETCH_PROFILE: &str = "fetch_profile";

/// A job that waits for no other.
pub(crate) struct NewJob {
    pub id: JobId,
    pub workspace_id: WorkspaceId,
    pub kind: &'static str,
    pub subject_id: i64,
    pub now: Timestamp,
}

/// A job that this process holds for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedJob {
    /// Its id.
    pub id: JobId,
    /// Where.
    pub workspace_id: WorkspaceId,
    /// What is to be done.
    pub kind: String,
    /// To what: the number of a message for [`DELIVER`].
    pub subject_id: i64,
    /// How often it was tried before.
    pub tries: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// The account that a delivery goes over.
    pub channel_account_id: Option<ChannelAccountId>,
}

/// How many more deliveries each account can take at the same time.
#[derive(Debug, Clone, Default)]
pub struct AccountRoom {
    /// What is left of accounts of which something is known; those with nothing left are passed over.
    pub left: BTreeMap<ChannelAccountId, usize>,
    /// What an account can take of which nothing is known yet.
    pub unknown: usize,
}

impl AccountRoom {
    /// Room for everything.
    #[must_use]
    pub fn unlimited() -> Self {
        Self { left: BTreeMap::new(), unknown: usize::MAX }
    }

    /// The accounts without room, as the queries look for them: each number between commas.
    fn full(&self) -> String {
        let full = self.left.iter().filter(|(_, left)| **left == 0);
        full.fold(",".to_owned(), |text, (id, _)| format!("{text}{},", id.0))
    }

    /// Takes a place; false when there is none.
    fn take(&mut self, id: ChannelAccountId) -> bool {
        let left = self.left.entry(id).or_insert(self.unknown);
        let taken = *left > 0;
        *left = left.saturating_sub(1);
        taken
    }
}

/// A job, with what its message says of itself.
macro_rules! job_columns {
    () => {
        "j.id, j.kind, j.subject_id, j.state, j.tries, j.due_at, j.last_error, j.channel_account_id, m.failure_reason, m.failure_code"
    };
}
/// The message `m` that the job `j` is about.
macro_rules! message_of {
    () => {
        " LEFT JOIN message m ON m.id = j.subject_id AND j.kind IN ('deliver', 'send_later') "
    };
}

queries! {
    /// A delivery goes over the account of its message.
    INSERT = Same("INSERT INTO job (id, workspace_id, kind, subject_id, order_key, state, due_at, tries, created_at, channel_account_id) VALUES ($1, $2, $3, $4, $5, 'ready', $6, 0, $7, (SELECT m.channel_account_id FROM message m WHERE m.id = $4 AND CAST($3 AS TEXT) = 'deliver')) ON CONFLICT (kind, subject_id) DO NOTHING");
    /// Many at once. Each has its own number as its order key: it waits for nobody.
    INSERT_ALL = Two {
        sqlite: "INSERT INTO job (id, workspace_id, kind, subject_id, order_key, state, due_at, tries, created_at) VALUES ($1, $2, $3, $4, $1, 'ready', $5, 0, $5) ON CONFLICT (kind, subject_id) DO NOTHING RETURNING id",
        postgres: "INSERT INTO job (id, workspace_id, kind, subject_id, order_key, state, due_at, tries, created_at) SELECT u.id, u.workspace_id, u.kind, u.subject_id, u.id, 'ready', u.at, 0, u.at FROM UNNEST($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[]) AS u(id, workspace_id, kind, subject_id, at) ON CONFLICT (kind, subject_id) DO NOTHING RETURNING id",
    };
    RENEW = Same("UPDATE job SET lease_until = $1 WHERE workspace_id = $2 AND id = $3 AND lease_owner = $4");
    /// A timer has one job; setting it anew moves it. Its own number is its order key: timers wait for nobody.
    SET_TIMER = Same("INSERT INTO job (id, workspace_id, kind, subject_id, order_key, state, due_at, tries, created_at) VALUES ($1, $2, $3, $4, $5, 'ready', $6, 0, $7) ON CONFLICT (kind, subject_id) DO UPDATE SET state = 'ready', due_at = excluded.due_at, tries = 0, lease_owner = NULL, lease_until = NULL, last_error = NULL");
    REMOVE = Same("DELETE FROM job WHERE workspace_id = $1 AND kind = $2 AND subject_id = $3");
    EXISTS = Same("SELECT id FROM job WHERE workspace_id = $1 AND id = $2");
    /// The oldest of an order key is looked up for each due job, by index: a join would read every open job for each claim.
    /// Accounts that can take nothing now are passed over, so that they hold up nobody.
    DUE = Two {
        sqlite: "SELECT j.id, j.channel_account_id FROM job j WHERE j.state = 'ready' AND j.due_at <= $1 AND (j.lease_until IS NULL OR j.lease_until <= $1) AND (j.channel_account_id IS NULL OR instr($2, ',' || j.channel_account_id || ',') = 0) AND j.id = (SELECT e.id FROM job e WHERE e.order_key = j.order_key AND e.state = 'ready' ORDER BY e.id LIMIT 1) ORDER BY j.due_at, j.id LIMIT $3",
        postgres: "SELECT j.id, j.channel_account_id FROM job j WHERE j.state = 'ready' AND j.due_at <= $1 AND (j.lease_until IS NULL OR j.lease_until <= $1) AND (j.channel_account_id IS NULL OR strpos($2, ',' || j.channel_account_id || ',') = 0) AND j.id = (SELECT e.id FROM job e WHERE e.order_key = j.order_key AND e.state = 'ready' ORDER BY e.id LIMIT 1) ORDER BY j.due_at, j.id LIMIT $3 FOR UPDATE SKIP LOCKED",
    };
    LEASE = Two {
        sqlite: "UPDATE job SET lease_owner = $1, lease_until = $2 WHERE id = $3 RETURNING id, workspace_id, kind, subject_id, tries, created_at, channel_account_id",
        postgres: "UPDATE job SET lease_owner = u.owner, lease_until = u.until FROM UNNEST($1::bigint[], $2::bigint[], $3::bigint[]) AS u(owner, until, id) WHERE job.id = u.id RETURNING job.id, job.workspace_id, job.kind, job.subject_id, job.tries, job.created_at, job.channel_account_id",
    };
    /// A job behind another of its order key has no time of its own: naming one would make the worker ask again at once. Nor has
    /// one whose account can take nothing now: the end of another brings it about.
    NEXT_DUE = Two {
        sqlite: "SELECT min(CASE WHEN lease_until > due_at THEN lease_until ELSE due_at END) FROM (SELECT j.due_at, j.lease_until FROM job j WHERE j.state = 'ready' AND (j.channel_account_id IS NULL OR instr($1, ',' || j.channel_account_id || ',') = 0) AND j.id = (SELECT e.id FROM job e WHERE e.order_key = j.order_key AND e.state = 'ready' ORDER BY e.id LIMIT 1) ORDER BY j.due_at LIMIT 200) AS soon",
        postgres: "SELECT min(CASE WHEN lease_until > due_at THEN lease_until ELSE due_at END) FROM (SELECT j.due_at, j.lease_until FROM job j WHERE j.state = 'ready' AND (j.channel_account_id IS NULL OR strpos($1, ',' || j.channel_account_id || ',') = 0) AND j.id = (SELECT e.id FROM job e WHERE e.order_key = j.order_key AND e.state = 'ready' ORDER BY e.id LIMIT 1) ORDER BY j.due_at LIMIT 200) AS soon",
    };
    VOID_LEASES = Same("UPDATE job SET lease_owner = NULL, lease_until = NULL WHERE state = 'ready' AND lease_owner IS NOT NULL");
    RELEASE = Same("UPDATE job SET lease_owner = NULL, lease_until = NULL WHERE workspace_id = $1 AND id = $2 AND lease_owner = $3");
    LIST = Same(concat!("SELECT ", job_columns!(), " FROM job j", message_of!(), "WHERE j.workspace_id = $1 AND j.state = $2 AND j.id > $3 ORDER BY j.id LIMIT $4"));
    GET = Same(concat!("SELECT ", job_columns!(), " FROM job j", message_of!(), "WHERE j.workspace_id = $1 AND j.id = $2"));
    FIND_OF = Same(concat!("SELECT ", job_columns!(), " FROM job j", message_of!(), "WHERE j.workspace_id = $1 AND j.kind = $2 AND j.subject_id = $3"));
    /// A job's age counts from its replay: what is given up by age would be given up at once.
    REVIVE = Same("UPDATE job SET state = 'ready', tries = 0, due_at = $1, created_at = $2 WHERE workspace_id = $3 AND id = $4 AND state = 'dead'");
    DISMISS = Same("DELETE FROM job WHERE workspace_id = $1 AND id = $2 AND state = 'dead'");
    COUNT_DEAD = Same("SELECT count(*) FROM job WHERE workspace_id = $1 AND state = 'dead'");
    FINISH = Same("DELETE FROM job WHERE workspace_id = $1 AND id = $2");
    FINISH_TIMER = Same("DELETE FROM job WHERE workspace_id = $1 AND id = $2 AND due_at <= $3");
    RESCHEDULE = Same("UPDATE job SET due_at = $1, tries = $2, last_error = $3, lease_owner = NULL, lease_until = NULL WHERE workspace_id = $4 AND id = $5 AND state = 'ready' AND tries = $6");
    BURY = Same("UPDATE job SET state = 'dead', tries = $1, last_error = $2, lease_owner = NULL, lease_until = NULL WHERE workspace_id = $3 AND id = $4");
}

pub(crate) async fn insert(
    executor: &Executor,
    workspace_id: WorkspaceId,
    id: JobId,
    kind: &str,
    subject_id: i64,
    order_key: i64,
    now: Timestamp,
) -> Result<()> {
    executor.execute(INSERT, &params![id.0, workspace_id.0, kind, subject_id, order_key, now, now]).await.map(|_| ())
}

/// Makes jobs that wait for no other; one that its subject has already stays. True when there are new ones.
pub(crate) async fn insert_all(executor: &Executor, jobs: &[NewJob]) -> Result<bool> {
    let rows: Vec<[Value<'_>; 5]> =
        jobs.iter().map(|job| params![job.id.0, job.workspace_id.0, job.kind, job.subject_id, job.now]).collect();
    let new = executor.batch(INSERT_ALL, &rows, |row| row.int(0)).await?;
    Ok(!new.is_empty())
}

/// Like [`insert`], in place of a job that was given up.
pub(crate) async fn replace(
    executor: &Executor,
    workspace_id: WorkspaceId,
    id: JobId,
    kind: &str,
    subject_id: i64,
    order_key: i64,
    now: Timestamp,
) -> Result<()> {
    remove(executor, workspace_id, kind, subject_id).await?;
    insert(executor, workspace_id, id, kind, subject_id, order_key, now).await
}

/// Sets the timer of a subject, or moves it. It waits for nobody: not even for another timer of its subject.
pub(crate) async fn set_timer(
    executor: &Executor,
    workspace_id: WorkspaceId,
    id: JobId,
    kind: &str,
    subject_id: i64,
    due_at: Timestamp,
    now: Timestamp,
) -> Result<()> {
    set_timer_in_line(executor, workspace_id, id, (kind, subject_id), id.0, due_at, now).await
}

/// The same for one that waits for those before it in a line.
pub(crate) async fn set_timer_in_line(
    executor: &Executor,
    workspace_id: WorkspaceId,
    id: JobId,
    (kind, subject_id): (&str, i64),
    line: i64,
    due_at: Timestamp,
    now: Timestamp,
) -> Result<()> {
    let params = params![id.0, workspace_id.0, kind, subject_id, line, due_at, now];
    executor.execute(SET_TIMER, &params).await.map(|_| ())
}

/// Removes the job of a subject, whatever its state.
pub(crate) async fn remove(executor: &Executor, workspace_id: WorkspaceId, kind: &str, subject_id: i64) -> Result<()> {
    executor.execute(REMOVE, &params![workspace_id.0, kind, subject_id]).await.map(|_| ())
}

pub(crate) async fn exists(executor: &Executor, workspace_id: WorkspaceId, id: JobId) -> Result<bool> {
    Ok(executor.query_opt(EXISTS, &params![workspace_id.0, id.0], |_| Ok(())).await?.is_some())
}

pub(crate) async fn finish(executor: &Executor, workspace_id: WorkspaceId, id: JobId) -> Result<()> {
    executor.execute(FINISH, &params![workspace_id.0, id.0]).await.map(|_| ())
}

/// Gives the job back for another time. False when it is gone, or was counted on since it was claimed.
pub(crate) async fn reschedule(
    executor: &Executor,
    job: &ClaimedJob,
    due_at: Timestamp,
    tries: u32,
    error: Option<&str>,
) -> Result<bool> {
    let params = params![due_at, tries, error, job.workspace_id.0, job.id.0, job.tries];
    Ok(executor.execute(RESCHEDULE, &params).await? == 1)
}

/// Ends a timer's job, unless it was set anew for later meanwhile.
pub(crate) async fn finish_timer(executor: &Executor, job: &ClaimedJob, now: Timestamp) -> Result<()> {
    executor.execute(FINISH_TIMER, &params![job.workspace_id.0, job.id.0, now]).await.map(|_| ())
}

pub(crate) async fn bury(
    executor: &Executor,
    workspace_id: WorkspaceId,
    id: JobId,
    tries: u32,
    error: &str,
) -> Result<()> {
    executor.execute(BURY, &params![tries, error, workspace_id.0, id.0]).await.map(|_| ())
}

/// What a person did about a job that was given up.
pub(crate) fn record(workspace_id: WorkspaceId, id: JobId, kind: LogKind, actor_id: &str, now: Timestamp) -> NewRecord {
    let mut record = NewRecord::new(workspace_id, now, kind);
    record.actor_id = Some(actor_id.to_owned());
    record.subject_id = Some(id.to_string());
    record
}

fn read_job(row: &Row<'_>) -> Result<Job> {
    let kind = row.text(1)?;
    let subject = row.int(2)?;
    let reason: Option<FailureReason> = match row.opt_text(8)? {
        Some(reason) => Some(reason.parse().map_err(StoreError::Internal)?),
        None => None,
    };
    let code = row.opt_text(9)?;
    Ok(Job {
        channel_account_id: row.opt_int(7)?.map(ChannelAccountId),
        next_step: reason.map(|reason| next_step(reason, code.as_deref(), false)),
        reason,
        id: JobId(row.int(0)?),
        subject_id: match kind.as_str() {
            DELIVER | SEND_LATER => MessageId(subject).to_string(),
            CLOSE_EPISODE | WAKE_EPISODE => EpisodeId(subject).to_string(),
            END_PROMISE => PromiseId(subject).to_string(),
            FETCH_MEDIA => FileId(subject).to_string(),
            FETCH_PROFILE => IdentityId(subject).to_string(),
            _ => encode_base32(subject),
        },
        kind,
        state: if row.text(3)? == JobState::Dead.as_str() { JobState::Dead } else { JobState::Ready },
        tries: u32::try_from(row.int(4)?).unwrap_or(u32::MAX),
        due_at: Timestamp(row.int(5)?),
        last_error: row.opt_text(6)?,
    })
}

impl Store {
    /// Takes up to `limit` due jobs of all workspaces for `owner` until `lease_until`: of each order key the oldest alone, of
    /// each account no more than it has room for.
    pub async fn claim_jobs(
        &self,
        owner: i64,
        now: Timestamp,
        lease_until: Timestamp,
        limit: u32,
        room: AccountRoom,
    ) -> Result<Vec<ClaimedJob>> {
        let (claimed, _) = self
            .write((owner, now, lease_until, limit, room), |executor, (owner, now, lease_until, limit, room)| {
                async move {
                    let (full, mut room) = (room.full(), room.clone());
                    let due = executor
                        .query(DUE, &params![*now, &full, *limit], |row| {
                            Ok((row.int(0)?, row.opt_int(1)?.map(ChannelAccountId)))
                        })
                        .await?;
                    let taken = due.into_iter().filter(|(_, account)| account.is_none_or(|account| room.take(account)));
                    let rows: Vec<[Value<'_>; 3]> = taken.map(|(id, _)| params![*owner, *lease_until, id]).collect();
                    executor
                        .batch(LEASE, &rows, |row| {
                            Ok(ClaimedJob {
                                id: JobId(row.int(0)?),
                                workspace_id: WorkspaceId(row.int(1)?),
                                kind: row.text(2)?,
                                subject_id: row.int(3)?,
                                tries: u32::try_from(row.int(4)?).unwrap_or(u32::MAX),
                                created_at: Timestamp(row.int(5)?),
                                channel_account_id: row.opt_int(6)?.map(ChannelAccountId),
                            })
                        })
                        .await
                }
                .boxed()
            })
            .await?;
        Ok(claimed)
    }

    /// When the next job may be taken: its time, or the end of another process's lease. `None` when none is open, or all wait
    /// for accounts without room.
    pub async fn find_next_due(&self, room: &AccountRoom) -> Result<Option<Timestamp>> {
        let next = self
            .read(room.full(), |executor, full| {
                async move { executor.query_opt(NEXT_DUE, &params![full], |row| row.opt_int(0)).await }.boxed()
            })
            .await?;
        Ok(next.flatten().map(Timestamp))
    }

    /// Removes a job that has nothing left to do.
    pub async fn finish_job(&self, workspace_id: WorkspaceId, id: JobId) -> Result<()> {
        self.write((workspace_id, id), |executor, (workspace_id, id)| finish(executor, *workspace_id, *id).boxed())
            .await
            .map(|_| ())
    }

    /// Holds a job for longer, for as long as it is worked on. False when it is another's or done.
    pub async fn renew_job(&self, workspace_id: WorkspaceId, id: JobId, owner: i64, until: Timestamp) -> Result<bool> {
        let (renewed, _) = self
            .write((workspace_id, id, owner, until), |executor, (workspace_id, id, owner, until)| {
                async move { executor.execute(RENEW, &params![*until, workspace_id.0, id.0, *owner]).await }.boxed()
            })
            .await?;
        Ok(renewed == 1)
    }

    /// Gives a job back for another time, with `tries` counted. False when it is gone, or was counted on since it was claimed.
    pub async fn reschedule_job(
        &self,
        job: ClaimedJob,
        due_at: Timestamp,
        tries: u32,
        error: Option<&str>,
    ) -> Result<bool> {
        let input = (job, due_at, tries, error.map(str::to_owned));
        let (done, _) = self
            .write(input, |executor, (job, due_at, tries, error)| {
                async move { reschedule(executor, job, *due_at, *tries, error.as_deref()).await }.boxed()
            })
            .await?;
        Ok(done)
    }

    /// Gives a job back untouched.
    pub async fn release_job(&self, workspace_id: WorkspaceId, id: JobId, owner: i64) -> Result<()> {
        self.write((workspace_id, id, owner), |executor, (workspace_id, id, owner)| {
            async move { executor.execute(RELEASE, &params![workspace_id.0, id.0, *owner]).await }.boxed()
        })
        .await
        .map(|_| ())
    }

    /// Ends every lease. Only for a process that knows itself alone ([`Store::is_single_process`]).
    pub async fn void_leases(&self) -> Result<u64> {
        let (voided, _) =
            self.write((), |executor, ()| async move { executor.execute(VOID_LEASES, &[]).await }.boxed()).await?;
        Ok(voided)
    }

    /// Jobs in a state after `after`, oldest first.
    pub async fn list_jobs(
        &self,
        workspace_id: WorkspaceId,
        state: JobState,
        after: JobId,
        limit: u32,
    ) -> Result<Vec<Job>> {
        self.read((workspace_id, state, after, limit), |executor, (workspace_id, state, after, limit)| {
            async move {
                executor.query(LIST, &params![workspace_id.0, state.as_str(), after.0, *limit], read_job).await
            }
            .boxed()
        })
        .await
    }

    /// One job.
    pub async fn find_job(&self, workspace_id: WorkspaceId, id: JobId) -> Result<Option<Job>> {
        self.read((workspace_id, id), |executor, (workspace_id, id)| {
            async move { executor.query_opt(GET, &params![workspace_id.0, id.0], read_job).await }.boxed()
        })
        .await
    }

    /// The job of this kind about a subject.
    pub async fn find_job_of(&self, workspace_id: WorkspaceId, kind: &str, subject_id: i64) -> Result<Option<Job>> {
        self.read((workspace_id, kind.to_owned(), subject_id), |executor, (workspace_id, kind, subject_id)| {
            async move { executor.query_opt(FIND_OF, &params![workspace_id.0, kind, *subject_id], read_job).await }
                .boxed()
        })
        .await
    }

    /// Lets a job that was given up be taken again, with all its tries; false when it is none. Not for [`DELIVER`]: what
    /// its message says would stay as it was.
    pub async fn revive_job(
        &self,
        workspace_id: WorkspaceId,
        id: JobId,
        actor_id: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let input = (workspace_id, id, actor_id.to_owned(), now);
        let (revived, _) = self
            .write(input, |executor, (workspace_id, id, actor_id, now)| {
                async move {
                    let params = params![*now, *now, workspace_id.0, id.0];
                    let revived = executor.execute(REVIVE, &params).await? == 1;
                    if revived {
                        executor.log(record(*workspace_id, *id, LogKind::JobReplayed, actor_id, *now));
                    }
                    Ok(revived)
                }
                .boxed()
            })
            .await?;
        Ok(revived)
    }

    /// Removes a job that was given up; false when it is none.
    pub async fn dismiss_job(
        &self,
        workspace_id: WorkspaceId,
        id: JobId,
        actor_id: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let input = (workspace_id, id, actor_id.to_owned(), now);
        let (dismissed, _) = self
            .write(input, |executor, (workspace_id, id, actor_id, now)| {
                async move {
                    let dismissed = executor.execute(DISMISS, &params![workspace_id.0, id.0]).await? == 1;
                    if dismissed {
                        executor.log(record(*workspace_id, *id, LogKind::JobDismissed, actor_id, *now));
                    }
                    Ok(dismissed)
                }
                .boxed()
            })
            .await?;
        Ok(dismissed)
    }

    /// How many jobs were given up.
    pub async fn count_dead_jobs(&self, workspace_id: WorkspaceId) -> Result<i64> {
        let count = self
            .read(workspace_id, |executor, workspace_id| {
                async move { executor.query_opt(COUNT_DEAD, &params![workspace_id.0], |row| row.int(0)).await }.boxed()
            })
            .await?;
        Ok(count.unwrap_or(0))
    }
}
