//! Following the log for every webhook: one task each, so that a slow receiver holds up nobody else; over all nodes one at a
//! time, under a lease.
//!
//! A task looks when the log grows, when people change something, when a try is due, and at each sweep. What it delivers is
//! the first wanted record behind the cursor; the cursor moves with the record of the try. Killed in between, the next holder
//! sends the same event under the same id.

use super::calls::{self, Tried};
use crate::{ServiceError, Services, live, secret};
use model::{
    Cursor, Timestamp, WebhookDeliveryId, WebhookId, WorkspaceId,
    webhook::{self, AfterFailure},
};
use std::{collections::HashMap, time::Duration};
use store::{LogRecord, WebhookAttempt, WebhookSource, WebhookVerdict, WebhookWork};
use tokio::task::{self, JoinSet};
use tokio_util::sync::CancellationToken;

/// The pause after the store failed.
const PAUSE: Duration = Duration::from_secs(1);
/// Webhooks that are read at once.
const PAGE: u32 = 200;
/// Records that are read at once: few at first, since the next wanted one is mostly near.
const FIRST_RECORDS: u32 = 16;
const RECORDS: u32 = 200;
/// Records that are passed over before that is written down, when no sweep came first.
const SKIP: i64 = 1_000;
/// A lease is at least this long, in milliseconds: the longest call and the record of its end.
const LEAST_LEASE: i64 = 20_000;
/// What has to be left of a lease to begin a call under it.
const CALL_MILLIS: i64 = 17_000;

/// What a task does next.
enum Turn {
    /// Look again.
    Again,
    /// Wait.
    Wait {
        /// For this long at most; `None`: until something happens.
        pause: Option<Duration>,
        /// Whether the log's growth is something: not while an earlier event waits for its next try.
        listens: bool,
    },
    /// The webhook is off or gone.
    Over,
}

/// How far a task has looked without finding anything that is wanted.
#[derive(Clone, Copy)]
struct Seen {
    version: i64,
    seq: i64,
}

/// Runs until `stop`; calls under way are finished and written first.
pub(crate) async fn work(services: Services, stop: CancellationToken) {
    if services.store().is_single_process() {
        // Whoever held a lease is dead: the lock on the data folder is ours.
        if let Err(error) = services.store().void_webhook_leases().await {
            tracing::error!(%error, "leases of an earlier process could not be ended; they end by themselves");
        }
    }
    let sweep = Duration::from_millis(services.0.config.sweep_millis);
    let mut changed = services.0.webhooks.changes.subscribe();
    let mut tasks = JoinSet::new();
    let mut followed: HashMap<WebhookId, task::Id> = HashMap::new();
    loop {
        changed.borrow_and_update();
        let pause = match start_missing(&services, &stop, &mut tasks, &mut followed).await {
            Ok(()) => sweep,
            Err(error) => {
                tracing::error!(%error, "webhooks could not be read; trying again");
                PAUSE
            }
        };
        tokio::select! {
            () = stop.cancelled() => break,
            // The sender lives in the services, which this holds.
            _ = changed.changed() => {}
            () = tokio::time::sleep(pause) => {}
            // Ended because its webhook was off; it may be on again by now.
            Some(ended) = tasks.join_next_with_id() => forget(&mut followed, ended),
        }
        while let Some(ended) = tasks.try_join_next_with_id() {
            forget(&mut followed, ended);
        }
    }
    while tasks.join_next().await.is_some() {}
}

fn forget(followed: &mut HashMap<WebhookId, task::Id>, ended: Result<(task::Id, ()), task::JoinError>) {
    let id = match ended {
        Ok((id, ())) => id,
        Err(error) => error.id(),
    };
    followed.retain(|_, task| *task != id);
}

/// Starts a task for every webhook that is on and has none.
async fn start_missing(
    services: &Services,
    stop: &CancellationToken,
    tasks: &mut JoinSet<()>,
    followed: &mut HashMap<WebhookId, task::Id>,
) -> store::Result<()> {
    let mut after = WebhookId(0);
    loop {
        let page = services.store().list_enabled_webhooks(after, PAGE).await?;
        for (workspace_id, id) in &page {
            followed
                .entry(*id)
                .or_insert_with(|| tasks.spawn(follow(services.clone(), *workspace_id, *id, stop.clone())).id());
        }
        match page.last() {
            Some((_, last)) if page.len() == PAGE as usize => after = *last,
            _ => return Ok(()),
        }
    }
}

async fn follow(services: Services, workspace_id: WorkspaceId, id: WebhookId, stop: CancellationToken) {
    let sweep = Duration::from_millis(services.0.config.sweep_millis);
    let mut grown = services.store().watch_log(workspace_id);
    let mut changed = services.0.webhooks.changes.subscribe();
    let mut seen = Seen { version: 0, seq: 0 };
    let mut swept = false;
    loop {
        // Seen before the look: what is committed during it wakes us again.
        grown.borrow_and_update();
        changed.borrow_and_update();
        let (pause, listens) = match turn(&services, workspace_id, id, &mut seen, swept, &stop).await {
            Ok(Turn::Over) => return,
            Ok(Turn::Again) if stop.is_cancelled() => return,
            Ok(Turn::Again) => continue,
            Ok(Turn::Wait { pause, listens }) => (pause.map_or(sweep, |pause| pause.min(sweep)), listens),
            Err(error) => {
                tracing::error!(%error, webhook.id = %id, workspace.id = %workspace_id, "a webhook could not be followed; trying again");
                (PAUSE, false)
            }
        };
        swept = false;
        tokio::select! {
            () = stop.cancelled() => return,
            // The senders live in the services, which this holds. Other processes' commits do not wake us: the sweep does.
            _ = grown.changed(), if listens => {}
            _ = changed.changed() => {}
            () = tokio::time::sleep(pause) => swept = true,
        }
    }
}

/// One look: at most one call.
async fn turn(
    services: &Services,
    workspace_id: WorkspaceId,
    id: WebhookId,
    seen: &mut Seen,
    swept: bool,
    stop: &CancellationToken,
) -> Result<Turn, ServiceError> {
    let (store, now) = (services.store(), services.now());
    let Some(work) = store.find_webhook_work(workspace_id, id, now).await? else { return Ok(Turn::Over) };
    if let Some((owner, until)) = work.lease
        && owner != services.0.owner
        && until > now
    {
        return Ok(Turn::Wait { pause: Some(until_then(now, until)), listens: false });
    }
    // What is new comes before what is sent again; while the new waits for its next try, the others may go.
    let blocked = work.due_at > now;
    if !blocked && let Some((record, more)) = next_wanted(services, &work, seen, swept).await? {
        let tries = work.tries;
        let since = Timestamp(record.at.0.max(work.patience_from.0));
        let event = Due { record, tries, since, source: WebhookSource::Log, more };
        return deliver(services, &work, event, stop).await;
    }
    if let Some(replay) = work.replay.filter(|replay| replay.due_at <= now) {
        let found = store.list_log_records(workspace_id, Cursor::at(replay.seq - 1), 1).await?.pop();
        let record = found.filter(|record| record.seq == replay.seq).ok_or_else(|| {
            ServiceError::Internal(format!("record {} is to be sent again and is not in the log", replay.seq))
        })?;
        let (tries, since) = (replay.tries, replay.since);
        let event = Due { record, tries, since, source: WebhookSource::Replay, more: false };
        return deliver(services, &work, event, stop).await;
    }
    let due = [blocked.then_some(work.due_at), work.replay.map(|replay| replay.due_at)];
    let pause = due.into_iter().flatten().min().map(|due| until_then(now, due));
    Ok(Turn::Wait { pause, listens: !blocked })
}

fn until_then(now: Timestamp, then: Timestamp) -> Duration {
    Duration::from_millis(u64::try_from(then.millis_since(now)).unwrap_or(0).max(5))
}

/// The first record behind the cursor that the webhook wants, and whether another is known to follow.
async fn next_wanted(
    services: &Services,
    work: &WebhookWork,
    seen: &mut Seen,
    swept: bool,
) -> Result<Option<(LogRecord, bool)>, ServiceError> {
    let mut after = if seen.version == work.version { seen.seq.max(work.cursor_seq) } else { work.cursor_seq };
    let mut limit = FIRST_RECORDS;
    let mut written = work.cursor_seq;
    loop {
        let page = services.store().list_log_records(work.workspace_id, Cursor::at(after), limit).await?;
        let is_last = page.len() < limit as usize;
        if let Some(last) = page.last() {
            after = last.seq;
        }
        let mut wanted = page.into_iter().filter(|record| webhook::wants(&work.kinds, record.kind));
        if let Some(record) = wanted.next() {
            *seen = Seen { version: work.version, seq: record.seq - 1 };
            return Ok(Some((record, wanted.next().is_some())));
        }
        *seen = Seen { version: work.version, seq: after };
        if after - written >= SKIP || (is_last && swept && after > written) {
            services.store().skip_webhook(work, after).await?;
            written = after;
        }
        if is_last {
            return Ok(None);
        }
        limit = RECORDS;
    }
}

/// An event that is to be sent now.
struct Due {
    record: LogRecord,
    /// Failed tries so far.
    tries: u32,
    /// Since when it has been due, for giving up.
    since: Timestamp,
    source: WebhookSource,
    /// Another is known to follow: the webhook is held on.
    more: bool,
}

async fn deliver(
    services: &Services,
    work: &WebhookWork,
    event: Due,
    stop: &CancellationToken,
) -> Result<Turn, ServiceError> {
    let (store, owner) = (services.store(), services.0.owner);
    let slot = tokio::select! {
        () = stop.cancelled() => return Ok(Turn::Again),
        slot = services.0.webhooks.slots.acquire() => slot.map_err(|error| ServiceError::Internal(error.to_string()))?,
    };
    let lease = services.0.config.lease_millis.max(LEAST_LEASE);
    let now = services.now();
    let held = work.lease.is_some_and(|(holder, until)| holder == owner && until.millis_since(now) >= CALL_MILLIS);
    if !held && !store.claim_webhook(work, owner, now, now.plus_millis(lease)).await? {
        return Ok(Turn::Again);
    }
    let Due { record, tries, since, source, more } = event;
    let (seq, kind) = (record.seq, record.kind.as_str());
    let frame = live::frames_of(services, work.workspace_id, vec![record]).await?.pop();
    let frame = frame.ok_or_else(|| ServiceError::Internal("a record has no frame".into()))?;
    let event_id = webhook::event_id(work.workspace_id, seq);
    let body = calls::body(&event_id, kind, frame.at, frame.cursor, &frame)?;
    let at = services.now();
    let tried = calls::post(services, &work.url, &work.secrets, &event_id, body).await?;
    drop(slot);
    let now = services.now();
    let verdict = judge(&tried, tries + 1, since, now);
    tell(work, kind, verdict);
    store
        .end_webhook_attempt(WebhookAttempt {
            id: WebhookDeliveryId(store.new_id()?),
            workspace_id: work.workspace_id,
            webhook_id: work.id,
            owner,
            version: work.version,
            seq,
            event_id,
            kind: kind.to_owned(),
            attempt: tries + 1,
            source,
            at,
            duration_millis: tried.duration_millis,
            status: tried.status,
            error: tried.error,
            detail: tried.detail,
            verdict,
            lease_until: (more && verdict == WebhookVerdict::Delivered && !stop.is_cancelled())
                .then(|| now.plus_millis(lease)),
            now,
        })
        .await?;
    Ok(Turn::Again)
}

/// What follows from what came of a call.
fn judge(tried: &Tried, tries: u32, since: Timestamp, now: Timestamp) -> WebhookVerdict {
    if tried.error.is_none() {
        return WebhookVerdict::Delivered;
    }
    if tried.is_gone() {
        return WebhookVerdict::Gone;
    }
    match webhook::after_failure(tries, since, now, tried.retry_after_millis, secret::jitter()) {
        AfterFailure::Retry { due_at } => WebhookVerdict::Retry { due_at },
        AfterFailure::GiveUp { due_at } => WebhookVerdict::GiveUp { due_at },
    }
}

/// Counts the try, and says aloud what a person should know. The address stays out of the log: it may hold a credential.
fn tell(work: &WebhookWork, kind: &str, verdict: WebhookVerdict) {
    let outcome = match verdict {
        WebhookVerdict::Delivered => "delivered",
        WebhookVerdict::Retry { .. } => "retrying",
        WebhookVerdict::GiveUp { .. } => "failed",
        WebhookVerdict::Gone => "gone",
    };
    metrics::counter!("webhook_attempts_total", "outcome" => outcome).increment(1);
    match verdict {
        WebhookVerdict::GiveUp { .. } => {
            tracing::warn!(webhook.id = %work.id, workspace.id = %work.workspace_id, kind, "an event for a webhook was given up; it is kept and can be sent again");
        }
        WebhookVerdict::Gone => {
            tracing::warn!(webhook.id = %work.id, workspace.id = %work.workspace_id, "a webhook's receiver answered 410 Gone; the webhook is switched off");
        }
        WebhookVerdict::Delivered | WebhookVerdict::Retry { .. } => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::webhook::{TRYING_MILLIS, WebhookError};

    fn answered(status: u16) -> Tried {
        let error = (!(200..300).contains(&status)).then_some(WebhookError::NotAccepted);
        Tried { duration_millis: 1, status: Some(status), error, detail: None, retry_after_millis: None }
    }

    #[test]
    fn any_2xx_arrived_410_ends_it_and_everything_else_is_tried_again() {
        let judged = |tried: &Tried| judge(tried, 1, Timestamp(0), Timestamp(TRYING_MILLIS * 9));
        for status in [200, 202, 204, 299] {
            assert_eq!(judged(&answered(status)), WebhookVerdict::Delivered);
        }
        assert_eq!(judged(&answered(410)), WebhookVerdict::Gone);
        for status in [301, 302, 400, 401, 404, 429, 500, 503] {
            assert!(matches!(judged(&answered(status)), WebhookVerdict::Retry { .. }), "{status}");
        }
        let silent = Tried { status: None, error: Some(WebhookError::NoAnswer), ..answered(500) };
        assert!(matches!(judged(&silent), WebhookVerdict::Retry { .. }));
        assert!(matches!(judge(&silent, 9, Timestamp(0), Timestamp(TRYING_MILLIS)), WebhookVerdict::GiveUp { .. }));
    }
}
