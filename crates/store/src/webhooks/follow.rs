//! A webhook's way along the log: one process at a time holds it under a lease, and each try is recorded with where it left
//! the webhook. A try that was made and not recorded is made again under the same event id.

use super::record;
use crate::{
    Store,
    engine::{Executor, Row, params, queries},
    error::{Result, StoreError},
};
use futures_util::FutureExt;
use model::{
    Timestamp, WebhookDeliveryId, WebhookId, WorkspaceId,
    log::LogKind,
    webhook::{TRYING_MILLIS, WebhookDelivery, WebhookError, WebhookOutcome, WebhookState},
};

/// A webhook as its worker sees it.
#[derive(Clone)]
pub struct WebhookWork {
    /// Which.
    pub id: WebhookId,
    /// Where.
    pub workspace_id: WorkspaceId,
    /// Where the events go.
    pub url: String,
    /// What it wants.
    pub kinds: Vec<String>,
    /// The secrets that sign: the current one, and for a while the former.
    pub secrets: Vec<String>,
    /// Rises with every change by a person.
    pub version: i64,
    /// The last record that is done with.
    pub cursor_seq: i64,
    /// Events recorded before are tried as if they were recorded then.
    pub patience_from: Timestamp,
    /// Failed tries of the event behind the cursor.
    pub tries: u32,
    /// When that event may be tried.
    pub due_at: Timestamp,
    /// Who holds it, and until when.
    pub lease: Option<(i64, Timestamp)>,
    /// The next event that is to be sent again.
    pub replay: Option<WebhookReplay>,
}

/// An event that a person has sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WebhookReplay {
    /// Its record.
    pub seq: i64,
    /// Failed tries since.
    pub tries: u32,
    /// When it may be tried.
    pub due_at: Timestamp,
    /// When it was asked for.
    pub since: Timestamp,
}

/// Why an event was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookSource {
    /// It was next behind the cursor.
    Log,
    /// A person had it sent again.
    Replay,
}

/// What follows a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookVerdict {
    /// It arrived.
    Delivered,
    /// The same event again.
    Retry {
        /// Not before.
        due_at: Timestamp,
    },
    /// The event is set aside.
    GiveUp {
        /// When the next event may be tried.
        due_at: Timestamp,
    },
    /// The receiver is gone: the webhook is switched off, its cursor stays.
    Gone,
}

/// A try that was made.
#[derive(Debug, Clone)]
pub struct WebhookAttempt {
    /// Made by the caller.
    pub id: WebhookDeliveryId,
    /// Where.
    pub workspace_id: WorkspaceId,
    /// Whose.
    pub webhook_id: WebhookId,
    /// Who held the webhook.
    pub owner: i64,
    /// The version that was read before the call.
    pub version: i64,
    /// The event's record.
    pub seq: i64,
    /// What was sent.
    pub event_id: String,
    /// The event's type.
    pub kind: String,
    /// Which try it was, from 1.
    pub attempt: u32,
    /// Why it was tried.
    pub source: WebhookSource,
    /// When it began.
    pub at: Timestamp,
    /// How long it took.
    pub duration_millis: i64,
    /// What was answered.
    pub status: Option<u16>,
    /// Why it failed.
    pub error: Option<WebhookError>,
    /// The beginning of the answer, or what went wrong.
    pub detail: Option<String>,
    /// What follows.
    pub verdict: WebhookVerdict,
    /// Until when the webhook is held on; `None`: it is let go.
    pub lease_until: Option<Timestamp>,
    /// Now.
    pub now: Timestamp,
}

queries! {
    LIST_ENABLED = Same("SELECT id, workspace_id FROM webhook WHERE enabled AND id > $1 ORDER BY id LIMIT $2");
    WORK = Same("SELECT url, kinds, secret, former_secret, former_secret_until, version, cursor_seq, patience_from, tries, due_at, lease_owner, lease_until FROM webhook WHERE workspace_id = $1 AND id = $2 AND enabled");
    NEXT_REPLAY = Same("SELECT seq, tries, due_at, since FROM webhook_event WHERE webhook_id = $1 AND state = 'replaying' ORDER BY due_at, tries, seq LIMIT 1");
    CLAIM = Same("UPDATE webhook SET lease_owner = $1, lease_until = $2 WHERE workspace_id = $3 AND id = $4 AND enabled AND version = $5 AND (lease_until IS NULL OR lease_until <= $6 OR lease_owner = $7)");
    RELEASE = Same("UPDATE webhook SET lease_owner = NULL, lease_until = NULL WHERE workspace_id = $1 AND id = $2 AND lease_owner = $3");
    VOID_LEASES = Same("UPDATE webhook SET lease_owner = NULL, lease_until = NULL WHERE enabled AND id > 0 AND lease_owner IS NOT NULL");
    SKIP = Same("UPDATE webhook SET cursor_seq = $1 WHERE workspace_id = $2 AND id = $3 AND version = $4 AND cursor_seq < $5");
    STANDING = Same("SELECT state, failing_since FROM webhook WHERE workspace_id = $1 AND id = $2 AND lease_owner = $3 AND version = $4");
    HEALTH = Same("UPDATE webhook SET state = $1, failing_since = $2, last_success_at = coalesce($3, last_success_at), last_failure_at = coalesce($4, last_failure_at), last_error = $5, lease_owner = CASE WHEN $6 THEN lease_owner END, lease_until = $7 WHERE workspace_id = $8 AND id = $9 AND lease_owner = $10 AND version = $11");
    ADVANCE = Same("UPDATE webhook SET cursor_seq = $1, tries = 0, due_at = $2 WHERE workspace_id = $3 AND id = $4 AND version = $5 AND cursor_seq < $6");
    DEFER = Same("UPDATE webhook SET tries = $1, due_at = $2 WHERE workspace_id = $3 AND id = $4 AND version = $5 AND cursor_seq < $6");
    SWITCH_OFF = Same("UPDATE webhook SET enabled = FALSE, version = version + 1 WHERE workspace_id = $1 AND id = $2 AND version = $3");
    SET_ASIDE = Same("INSERT INTO webhook_event (webhook_id, seq, workspace_id, state, tries, due_at, since) VALUES ($1, $2, $3, 'failed', $4, $5, $6) ON CONFLICT (webhook_id, seq) DO UPDATE SET state = 'failed', tries = excluded.tries, due_at = excluded.due_at, since = excluded.since");
    FORGET = Same("DELETE FROM webhook_event WHERE webhook_id = $1 AND seq = $2");
    DEFER_REPLAY = Same("UPDATE webhook_event SET tries = $1 WHERE webhook_id = $2 AND seq = $3 AND state = 'replaying'");
    /// One failed replay holds the others back as well, or a thousand of them would call a receiver that is down.
    DEFER_REPLAYS = Same("UPDATE webhook_event SET due_at = $1 WHERE webhook_id = $2 AND state = 'replaying' AND due_at < $3");
}

fn read_replay(row: &Row<'_>) -> Result<WebhookReplay> {
    Ok(WebhookReplay {
        seq: row.int(0)?,
        tries: u32::try_from(row.int(1)?).unwrap_or(u32::MAX),
        due_at: Timestamp(row.int(2)?),
        since: Timestamp(row.int(3)?),
    })
}

/// The row of a [`WebhookWork`] with its secrets sealed.
struct Sealed {
    work: WebhookWork,
    secret: String,
    former: Option<(String, Timestamp)>,
}

fn read_work(row: &Row<'_>, workspace_id: WorkspaceId, id: WebhookId) -> Result<Sealed> {
    let lease = row.opt_int(10)?.zip(row.opt_int(11)?);
    Ok(Sealed {
        work: WebhookWork {
            id,
            workspace_id,
            url: row.text(0)?,
            kinds: row.json(1)?,
            secrets: Vec::new(),
            version: row.int(5)?,
            cursor_seq: row.int(6)?,
            patience_from: Timestamp(row.int(7)?),
            tries: u32::try_from(row.int(8)?).unwrap_or(u32::MAX),
            due_at: Timestamp(row.int(9)?),
            lease: lease.map(|(owner, until)| (owner, Timestamp(until))),
            replay: None,
        },
        secret: row.text(2)?,
        former: row.opt_text(3)?.zip(row.opt_int(4)?.map(Timestamp)),
    })
}

impl WebhookVerdict {
    fn outcome(self) -> WebhookOutcome {
        match self {
            Self::Delivered => WebhookOutcome::Delivered,
            Self::Retry { .. } => WebhookOutcome::Retrying,
            Self::GiveUp { .. } => WebhookOutcome::Failed,
            Self::Gone => WebhookOutcome::Gone,
        }
    }
}

impl WebhookAttempt {
    fn delivery(&self) -> WebhookDelivery {
        WebhookDelivery {
            id: self.id,
            event_id: self.event_id.clone(),
            kind: self.kind.clone(),
            cursor: Some(model::Cursor::at(self.seq)),
            attempt: self.attempt,
            at: self.at,
            duration_ms: self.duration_millis,
            outcome: self.verdict.outcome(),
            status: self.status,
            error: self.error,
            detail: self.detail.clone(),
        }
    }
}

/// Where the attempt leaves the webhook's health. False when the webhook was changed or lost since it was claimed: then
/// nothing of it moves, and the event is tried again.
async fn end_health(executor: &Executor, attempt: &WebhookAttempt) -> Result<bool> {
    let WebhookAttempt { workspace_id, webhook_id, owner, version, now, lease_until, .. } = attempt;
    let params = params![workspace_id.0, webhook_id.0, *owner, *version];
    let standing = executor
        .query_opt(STANDING, &params, |row| Ok((row.parse::<WebhookState>(0)?, row.opt_int(1)?.map(Timestamp))))
        .await?;
    let Some((before, failing_since)) = standing else { return Ok(false) };
    let delivered = attempt.verdict == WebhookVerdict::Delivered;
    let failing_since = if delivered { None } else { Some(failing_since.unwrap_or(attempt.at)) };
    let state = match (attempt.verdict, failing_since) {
        (WebhookVerdict::Gone, _) => WebhookState::Gone,
        (_, None) => WebhookState::Healthy,
        (_, Some(since)) if now.millis_since(since) >= TRYING_MILLIS => WebhookState::Failing,
        _ => WebhookState::Retrying,
    };
    let params = params![
        state.as_str(),
        failing_since,
        delivered.then_some(*now),
        (!delivered).then_some(*now),
        attempt.error.map(WebhookError::as_str),
        lease_until.is_some(),
        *lease_until,
        workspace_id.0,
        webhook_id.0,
        *owner,
        *version,
    ];
    if executor.execute(HEALTH, &params).await? == 0 {
        return Ok(false);
    }
    // What passes by itself is no news; a day of it is, and its end.
    let is_news = |state| matches!(state, WebhookState::Failing | WebhookState::Gone);
    if before != state && (is_news(state) || is_news(before)) {
        record(executor, LogKind::WebhookChanged, *workspace_id, *webhook_id, None, *now);
    }
    Ok(true)
}

/// Moves on: the cursor, or the event that was sent again.
async fn end_position(executor: &Executor, attempt: &WebhookAttempt) -> Result<()> {
    let WebhookAttempt { workspace_id, webhook_id, version, seq, now, attempt: number, source, .. } = attempt;
    let set_aside = params![webhook_id.0, *seq, workspace_id.0, *number, *now, *now];
    match (source, attempt.verdict) {
        (_, WebhookVerdict::Gone) => {
            executor.execute(SWITCH_OFF, &params![workspace_id.0, webhook_id.0, *version]).await?;
        }
        (WebhookSource::Log, WebhookVerdict::Retry { due_at }) => {
            let params = params![*number, due_at, workspace_id.0, webhook_id.0, *version, *seq];
            executor.execute(DEFER, &params).await?;
        }
        (WebhookSource::Log, WebhookVerdict::Delivered) => {
            let params = params![*seq, *now, workspace_id.0, webhook_id.0, *version, *seq];
            executor.execute(ADVANCE, &params).await?;
            // Given up once, and now delivered by going back: nothing is left to send again.
            executor.execute(FORGET, &params![webhook_id.0, *seq]).await?;
        }
        (WebhookSource::Log, WebhookVerdict::GiveUp { due_at }) => {
            let params = params![*seq, due_at, workspace_id.0, webhook_id.0, *version, *seq];
            if executor.execute(ADVANCE, &params).await? == 1 {
                executor.execute(SET_ASIDE, &set_aside).await?;
            }
        }
        (WebhookSource::Replay, WebhookVerdict::Delivered) => {
            executor.execute(FORGET, &params![webhook_id.0, *seq]).await?;
        }
        (WebhookSource::Replay, WebhookVerdict::Retry { due_at }) => {
            executor.execute(DEFER_REPLAY, &params![*number, webhook_id.0, *seq]).await?;
            executor.execute(DEFER_REPLAYS, &params![due_at, webhook_id.0, due_at]).await?;
        }
        (WebhookSource::Replay, WebhookVerdict::GiveUp { due_at }) => {
            executor.execute(SET_ASIDE, &set_aside).await?;
            executor.execute(DEFER_REPLAYS, &params![due_at, webhook_id.0, due_at]).await?;
        }
    }
    Ok(())
}

impl Store {
    /// The webhooks of all workspaces that are switched on, after `after`.
    pub async fn list_enabled_webhooks(&self, after: WebhookId, limit: u32) -> Result<Vec<(WorkspaceId, WebhookId)>> {
        self.read((after, limit), |executor, (after, limit)| {
            async move {
                executor
                    .query(LIST_ENABLED, &params![after.0, *limit], |row| {
                        Ok((WorkspaceId(row.int(1)?), WebhookId(row.int(0)?)))
                    })
                    .await
            }
            .boxed()
        })
        .await
    }

    /// A webhook as its worker sees it; `None` when it is switched off or gone. A former secret counts until its time is over.
    pub async fn find_webhook_work(
        &self,
        workspace_id: WorkspaceId,
        id: WebhookId,
        now: Timestamp,
    ) -> Result<Option<WebhookWork>> {
        let found = self
            .read((), move |executor, ()| {
                async move {
                    let read = move |row: &Row<'_>| read_work(row, workspace_id, id);
                    let Some(mut sealed) = executor.query_opt(WORK, &params![workspace_id.0, id.0], read).await? else {
                        return Ok(None);
                    };
                    sealed.work.replay = executor.query_opt(NEXT_REPLAY, &params![id.0], read_replay).await?;
                    Ok(Some(sealed))
                }
                .boxed()
            })
            .await?;
        let Some(Sealed { mut work, secret, former }) = found else { return Ok(None) };
        let former = former.filter(|(_, until)| now < *until).map(|(sealed, _)| sealed);
        let purpose = id.to_string();
        work.secrets = [Some(secret), former]
            .into_iter()
            .flatten()
            .map(|sealed| self.0.keys.open(&purpose, &sealed))
            .collect::<std::result::Result<_, StoreError>>()?;
        Ok(Some(work))
    }

    /// Takes a webhook until `lease_until`, or holds it on. False when another process holds it, or it was changed since it
    /// was read.
    pub async fn claim_webhook(
        &self,
        work: &WebhookWork,
        owner: i64,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<bool> {
        let (workspace_id, id, version) = (work.workspace_id, work.id, work.version);
        let (claimed, _) = self
            .write((), move |executor, ()| {
                async move {
                    let params = params![owner, lease_until, workspace_id.0, id.0, version, now, owner];
                    executor.execute(CLAIM, &params).await
                }
                .boxed()
            })
            .await?;
        Ok(claimed == 1)
    }

    /// Lets a webhook go.
    pub async fn release_webhook(&self, workspace_id: WorkspaceId, id: WebhookId, owner: i64) -> Result<()> {
        self.write((), move |executor, ()| {
            async move { executor.execute(RELEASE, &params![workspace_id.0, id.0, owner]).await }.boxed()
        })
        .await
        .map(|_| ())
    }

    /// Ends every lease. Only for a process that knows itself alone ([`Store::is_single_process`]).
    pub async fn void_webhook_leases(&self) -> Result<u64> {
        let (voided, _) =
            self.write((), |executor, ()| async move { executor.execute(VOID_LEASES, &[]).await }.boxed()).await?;
        Ok(voided)
    }

    /// Passes over records that the webhook does not want, up to `seq`.
    pub async fn skip_webhook(&self, work: &WebhookWork, seq: i64) -> Result<()> {
        let (workspace_id, id, version) = (work.workspace_id, work.id, work.version);
        self.write((), move |executor, ()| {
            async move { executor.execute(SKIP, &params![seq, workspace_id.0, id.0, version, seq]).await }.boxed()
        })
        .await
        .map(|_| ())
    }

    /// Records a try and where it leaves the webhook. When the webhook was changed or lost since it was claimed, the try is
    /// recorded all the same and nothing moves.
    pub async fn end_webhook_attempt(&self, attempt: WebhookAttempt) -> Result<()> {
        self.write(attempt, |executor, attempt| {
            async move {
                let (workspace_id, webhook_id) = (attempt.workspace_id, attempt.webhook_id);
                super::deliveries::insert(executor, workspace_id, webhook_id, &attempt.delivery(), Some(attempt.seq))
                    .await?;
                if end_health(executor, attempt).await? {
                    return end_position(executor, attempt).await;
                }
                executor.execute(RELEASE, &params![workspace_id.0, webhook_id.0, attempt.owner]).await.map(|_| ())
            }
            .boxed()
        })
        .await
        .map(|_| ())
    }
}
