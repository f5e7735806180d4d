//! Accounts that do not send for now. What is to be delivered over one waits, and others are not held up.

use crate::{
    Store,
    engine::{Executor, Row, params, queries},
    error::{Result, StoreError},
    log::NewRecord,
};
use futures_util::FutureExt;
use model::{
    ChannelAccountId, FailureReason, Timestamp, WorkspaceId,
    channel_account::AccountPause,
    delivery::{next_step, pause_millis},
    log::LogKind,
};

/// Limits that follow each other within this time grow the pause, in milliseconds.
const IN_A_ROW_MILLIS: i64 = 300_000;

queries! {
    /// Locks the account's row: several calls may meet the same limit at once.
    HOLD = Same("UPDATE channel_account SET pauses_in_a_row = pauses_in_a_row WHERE workspace_id = $1 AND id = $2 RETURNING pause_reason, paused_until, pauses_in_a_row");
    PAUSE = Same("UPDATE channel_account SET pause_reason = $1, paused_at = CASE WHEN $2 THEN paused_at ELSE $3 END, paused_until = $4, pause_code = $5, pause_detail = $6, pauses_in_a_row = $7 WHERE workspace_id = $8 AND id = $9");
    RESUME = Same("UPDATE channel_account SET pause_reason = NULL, paused_at = NULL, paused_until = NULL, pause_code = NULL, pause_detail = NULL, pauses_in_a_row = 0 WHERE workspace_id = $1 AND id = $2 AND pause_reason IS NOT NULL");
    /// What left and has no answer is looked into at its time, pause or not.
    PARK = Same("UPDATE job SET due_at = $1 WHERE channel_account_id = $2 AND state = 'ready' AND due_at < $1 AND lease_owner IS NULL AND NOT EXISTS (SELECT 1 FROM attempt a WHERE a.message_id = job.subject_id AND a.ended_at IS NULL)");
    UNPARK = Same("UPDATE job SET due_at = $1 WHERE channel_account_id = $2 AND state = 'ready' AND due_at > $1 AND lease_owner IS NULL AND NOT EXISTS (SELECT 1 FROM attempt a WHERE a.message_id = job.subject_id AND a.ended_at IS NULL)");
}

/// What the provider said that makes an account pause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPause {
    /// Why: [`FailureReason::RateLimited`] passes by itself; [`FailureReason::PolicyBlocked`] and [`FailureReason::Unauthorized`] stay
    /// until somebody mended it.
    pub reason: FailureReason,
    /// How long the provider asks us to wait, in milliseconds.
    pub retry_after_millis: Option<i64>,
    /// Chance, in thousandths, by which pauses are spread.
    pub jitter_permille: u32,
}

/// Reads the five columns of a pause.
pub(crate) fn read(row: &Row<'_>, first: usize) -> Result<Option<AccountPause>> {
    let Some(reason) = row.opt_text(first)? else { return Ok(None) };
    let reason: FailureReason = reason.parse().map_err(StoreError::Internal)?;
    let code = row.opt_text(first + 3)?;
    Ok(Some(AccountPause {
        reason,
        at: Timestamp(row.opt_int(first + 1)?.unwrap_or(0)),
        until: row.opt_int(first + 2)?.map(Timestamp),
        next_step: next_step(reason, code.as_deref(), false),
        code,
        detail: row.opt_text(first + 4)?,
    }))
}

/// Lets an account pause; gives until when, `None` for until it is mended. A pause that ends by itself never shortens another.
pub(crate) async fn pause(
    executor: &Executor,
    (workspace_id, id): (WorkspaceId, ChannelAccountId),
    new: &NewPause,
    code: Option<&str>,
    detail: &str,
    now: Timestamp,
) -> Result<Option<Timestamp>> {
    let held = executor
        .query_opt(HOLD, &params![workspace_id.0, id.0], |row| {
            Ok((row.opt_text(0)?, row.opt_int(1)?.map(Timestamp), row.int(2)?))
        })
        .await?;
    let Some((known, known_until, in_a_row)) = held else { return Ok(None) };
    if known.is_some() && known_until.is_none() {
        return Ok(None);
    }
    let in_force = known_until.filter(|until| *until > now);
    let is_limit = new.reason == FailureReason::RateLimited;
    let follows = known_until.is_some_and(|until| now.millis_since(until) < IN_A_ROW_MILLIS);
    let in_a_row = match (in_force, follows) {
        // Calls that were under way together met the same limit.
        (Some(_), _) => in_a_row,
        (None, true) => in_a_row + 1,
        (None, false) => 1,
    };
    let until = is_limit.then(|| {
        let count = u32::try_from(in_a_row).unwrap_or(u32::MAX);
        let jitter = f64::from(new.jitter_permille.min(1_000)) / 1_000.0;
        let asked = now.plus_millis(pause_millis(count, new.retry_after_millis, jitter));
        in_force.map_or(asked, |known| known.max(asked))
    });
    let continued = is_limit && in_force.is_some();
    let params = params![new.reason.as_str(), continued, now, until, code, detail, in_a_row, workspace_id.0, id.0];
    executor.execute(PAUSE, &params).await?;
    if let Some(until) = until {
        executor.execute(PARK, &params![until, id.0]).await?;
    }
    if !continued {
        tell(executor, workspace_id, id, None, now);
    }
    Ok(until)
}

fn tell(executor: &Executor, workspace_id: WorkspaceId, id: ChannelAccountId, actor: Option<&str>, now: Timestamp) {
    let mut record = NewRecord::new(workspace_id, now, LogKind::ChannelAccountChanged);
    record.subject_id = Some(id.to_string());
    record.actor_id = actor.map(str::to_owned);
    executor.log(record);
}

/// Ends an account's pause: what waits goes now. False when it does not pause.
pub(crate) async fn resume(
    executor: &Executor,
    workspace_id: WorkspaceId,
    id: ChannelAccountId,
    now: Timestamp,
) -> Result<bool> {
    if executor.execute(RESUME, &params![workspace_id.0, id.0]).await? == 0 {
        return Ok(false);
    }
    executor.execute(UNPARK, &params![now, id.0]).await?;
    Ok(true)
}

impl Store {
    /// Lets an account that pauses send again; false when it does not pause.
    pub async fn resume_channel_account(
        &self,
        workspace_id: WorkspaceId,
        id: ChannelAccountId,
        actor_id: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let input = (workspace_id, id, actor_id.to_owned(), now);
        let (resumed, _) = self
            .write(input, |executor, (workspace_id, id, actor_id, now)| {
                async move {
                    let resumed = resume(executor, *workspace_id, *id, *now).await?;
                    if resumed {
                        tell(executor, *workspace_id, *id, Some(actor_id), *now);
                    }
                    Ok(resumed)
                }
                .boxed()
            })
            .await?;
        Ok(resumed)
    }
}
