//! Delivering messages: gate, attempt, call, end. An attempt is durable before its call; what left without an answer
//! is looked into before anything is tried again, and shown as uncertain when nobody can tell.

use crate::{
    ServiceError, Services,
    channel_accounts::opened,
    composing,
    gate::{self, ThreadOf},
    pace::cost_micros,
    secret,
};
use channel::{Account, Channel, Outbound, Persona, Reconciled, SendOutcome};
use model::{
    DeliveryState, FailureReason, MessageId, Timestamp,
    delivery::{MAX_TRIES, backoff_millis},
    gate::{Decision, Window},
    message::AuthorKind,
};
use std::sync::Arc;
use store::{AttemptOutcome, ClaimedJob, Delivery, Ended, NewPause, StartedAttempt, StoreError};

/// Does a [`store::DELIVER`] job.
pub(crate) async fn run(services: &Services, job: ClaimedJob) -> store::Result<()> {
    let message_id = MessageId(job.subject_id);
    let Some(delivery) = services.store().find_delivery(job.workspace_id, message_id).await? else {
        return services.store().finish_job(job.workspace_id, job.id).await;
    };
    if !matches!(delivery.state, DeliveryState::Queued | DeliveryState::Sending) {
        // An echo or a receipt came first.
        return services.store().finish_job(job.workspace_id, job.id).await;
    }
    let Some(row) = services.store().find_channel_account(job.workspace_id, delivery.route.channel_account_id).await?
    else {
        return services.store().finish_job(job.workspace_id, job.id).await;
    };
    let account = opened(&row);
    let Some(channel) = services.0.channels.find(&row.account.kind) else {
        let detail = format!("this server has no channel {}", row.account.kind);
        return fail(services, job, message_id, FailureReason::Unsupported, detail).await;
    };
    if services.0.pace.learn(account.id, channel.capabilities().max_concurrent_sends) {
        services.0.job_wake.notify_one();
    }
    if let Some(open) = delivery.open_attempt {
        return look_into(services, job, &delivery, open, channel.as_ref(), &account).await;
    }
    let (now, give_up_at) = (services.now(), give_up_at(services, &job));
    if now >= give_up_at {
        let detail = "it waited for longer than a message may".to_owned();
        return fail(services, job, message_id, FailureReason::Expired, detail).await;
    }
    let asked =
        gate::ask(services, job.workspace_id, delivery.author, &delivery.route, ThreadOf::Message(message_id), now);
    match asked.await {
        Ok(Decision::Deny(reason)) => fail(services, job, message_id, reason, String::new()).await,
        Ok(Decision::Downgrade { reason, alternatives }) => {
            let outcome = AttemptOutcome::Failed { reason, code: None, detail: String::new(), alternatives };
            services.store().end_attempt(Ended { job, message_id, number: 0, outcome, now }).await
        }
        Ok(Decision::Defer { until, reason }) => {
            let due_at = until.map_or(give_up_at, |until| until.min(give_up_at));
            services.store().defer_delivery(job, due_at, Some(reason), now).await
        }
        Ok(Decision::Allow(window)) => {
            let cost = cost_micros(&channel.capabilities(), &delivery.blocks, services.0.config.sends_per_second);
            match services.0.pace.take(account.id, job.id, cost, now) {
                Some(later) => services.store().defer_delivery(job, later, None, now).await,
                None => call(services, job, delivery, window, channel, &account).await,
            }
        }
        Err(ServiceError::Unavailable(reason)) => Err(StoreError::Unavailable(reason)),
        Err(error) => Err(StoreError::Internal(error.to_string())),
    }
}

/// When a delivery has waited for long enough, whatever held it up.
fn give_up_at(services: &Services, job: &ClaimedJob) -> Timestamp {
    job.created_at.plus_millis(services.0.config.give_up_millis)
}

async fn fail(
    services: &Services,
    job: ClaimedJob,
    message_id: MessageId,
    reason: FailureReason,
    detail: String,
) -> store::Result<()> {
    let outcome = AttemptOutcome::Failed { reason, code: None, detail, alternatives: Vec::new() };
    services.store().end_attempt(Ended { job, message_id, number: 0, outcome, now: services.now() }).await
}

/// An attempt left and has no end: the process died, or the call had no answer.
async fn look_into(
    services: &Services,
    job: ClaimedJob,
    delivery: &Delivery,
    open: StartedAttempt,
    channel: &dyn Channel,
    account: &Account,
) -> store::Result<()> {
    let now = services.now();
    let patience = services.0.config.proof_wait_millis.unwrap_or(channel.capabilities().proof_wait_millis);
    let deadline = open.started_at.plus_millis(patience);
    let message_id = delivery.message_id;
    let outcome = match channel.reconcile(account, message_id, &delivery.route.address, open.started_at).await {
        Reconciled::Sent { external_id } => AttemptOutcome::Accepted { external_id },
        Reconciled::NotSent => {
            AttemptOutcome::Retry { due_at: now, code: None, detail: "the provider never had it".into() }
        }
        Reconciled::CannotTell if now < deadline => {
            AttemptOutcome::AwaitProof { until: deadline, detail: "waiting for proof of arrival".into() }
        }
        Reconciled::CannotTell => {
            AttemptOutcome::Uncertain { detail: "it left, and neither an answer nor an echo came back".into() }
        }
    };
    services.store().end_attempt(Ended { job, message_id, number: open.number, outcome, now }).await
}

async fn call(
    services: &Services,
    job: ClaimedJob,
    delivery: Delivery,
    window: Window,
    channel: &Arc<dyn Channel>,
    account: &Account,
) -> store::Result<()> {
    // The blocks stay as they were written; what the channel makes of them is decided when they leave.
    let mut plan = render::plan(&delivery.blocks, &composing::capabilities(services, channel.as_ref()));
    let (Some(part), true) = (plan.parts.pop(), plan.parts.is_empty()) else {
        let detail = "the channel cannot carry this in one message".to_owned();
        return fail(services, job, delivery.message_id, FailureReason::Unsupported, detail).await;
    };
    // Before the attempt begins: what fails here has certainly not left.
    let Some(files) = composing::files(services, job.workspace_id, &part.blocks).await? else {
        let detail = "a file of it is not here any more".to_owned();
        return fail(services, job, delivery.message_id, FailureReason::Unsupported, detail).await;
    };
    let number = delivery.attempts + 1;
    let (store, message_id) = (services.store(), delivery.message_id);
    let started_at = services.now();
    if !store.start_attempt(job.clone(), services.0.owner, message_id, number, started_at).await? {
        // The lease went to another, or proof came while we looked.
        return store.release_job(job.workspace_id, job.id, services.0.owner).await;
    }
    let outbound = Outbound {
        message_id,
        recipient: delivery.route.address.clone(),
        blocks: part.blocks,
        persona: persona(&delivery, channel.as_ref(), account),
        reply_to: delivery.reply_to,
        author: delivery.author,
        window,
        files,
    };
    let outcome = channel.send(account, &outbound).await;
    metrics::counter!("deliveries_total", "outcome" => word(&outcome)).increment(1);
    let give_up_at = give_up_at(services, &job);
    let patience = services.0.config.proof_wait_millis.unwrap_or(channel.capabilities().proof_wait_millis);
    let mut outcome = decide(outcome, &job, give_up_at, services.now(), patience);
    if let AttemptOutcome::Failed {
        reason: FailureReason::OutsideWindow | FailureReason::Blocked, alternatives, ..
    } = &mut outcome
    {
        let (author, route, now) = (delivery.author, &delivery.route, services.now());
        match gate::other_ways(services, job.workspace_id, author, route, message_id, now).await {
            Ok(others) => *alternatives = others,
            // What became of the message matters more than what else could be tried.
            Err(error) => tracing::warn!(%error, message.id = %message_id, "other ways could not be looked for"),
        }
    }
    store.end_attempt(Ended { job, message_id, number, outcome, now: services.now() }).await
}

/// Who the customer sees: whoever wrote it, where the account shows names. A program that is no bot speaks for the business.
fn persona(delivery: &Delivery, channel: &dyn Channel, account: &Account) -> Option<Persona> {
    let has_name = matches!(delivery.author, AuthorKind::Agent | AuthorKind::Bot) && !delivery.author_name.is_empty();
    let picture_url = channel.persona_picture(account).filter(|_| has_name)?;
    Some(Persona { name: delivery.author_name.clone(), picture_url })
}

/// The word of an outcome in the metrics.
fn word(outcome: &SendOutcome) -> &'static str {
    match outcome {
        SendOutcome::Accepted { .. } => "accepted",
        SendOutcome::Temporary { .. } => "temporary",
        SendOutcome::RateLimited { .. } => "rate_limited",
        SendOutcome::OutsideWindow { .. } => "outside_window",
        SendOutcome::Unauthorized { .. } => "unauthorized",
        SendOutcome::NotPermitted { .. } => "not_permitted",
        SendOutcome::Blocked { .. } => "blocked",
        SendOutcome::PolicyBlocked { .. } => "policy_blocked",
        SendOutcome::Permanent { .. } => "permanent",
        SendOutcome::Uncertain { .. } => "uncertain",
    }
}

/// What follows from what the provider said.
fn decide(
    outcome: SendOutcome,
    job: &ClaimedJob,
    give_up_at: Timestamp,
    now: Timestamp,
    patience: i64,
) -> AttemptOutcome {
    let failed = |reason, code, detail| AttemptOutcome::Failed { reason, code, detail, alternatives: Vec::new() };
    let paused = |reason, retry_after_millis, code, detail| AttemptOutcome::Paused {
        pause: NewPause { reason, retry_after_millis, jitter_permille: (secret::jitter() * 1_000.0) as u32 },
        code,
        detail,
        give_up_at,
    };
    match outcome {
        SendOutcome::Accepted { external_id } => AttemptOutcome::Accepted { external_id },
        SendOutcome::RateLimited { retry_after_millis, code, detail } => {
            paused(FailureReason::RateLimited, retry_after_millis, code, detail)
        }
        SendOutcome::Temporary { retry_after_millis, code, detail } => {
            let tries = job.tries + 1;
            let due_at = now.plus_millis(backoff_millis(tries, retry_after_millis, secret::jitter()));
            if tries >= MAX_TRIES || due_at > give_up_at {
                return failed(FailureReason::GaveUp, code, detail);
            }
            AttemptOutcome::Retry { due_at, code, detail }
        }
        SendOutcome::OutsideWindow { code, detail } => failed(FailureReason::OutsideWindow, code, detail),
        SendOutcome::Unauthorized { code, detail } => paused(FailureReason::Unauthorized, None, code, detail),
        SendOutcome::NotPermitted { code, detail } => failed(FailureReason::NotPermitted, code, detail),
        SendOutcome::Blocked { code, detail } => failed(FailureReason::Blocked, code, detail),
        SendOutcome::PolicyBlocked { code, detail } => paused(FailureReason::PolicyBlocked, None, code, detail),
        SendOutcome::Permanent { code, detail } => failed(FailureReason::Rejected, code, detail),
        SendOutcome::Uncertain { detail } => AttemptOutcome::AwaitProof { until: now.plus_millis(patience), detail },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{JobId, WorkspaceId};
    use store::DELIVER;

    fn job(tries: u32) -> ClaimedJob {
        ClaimedJob {
            id: JobId(1),
            workspace_id: WorkspaceId(1),
            kind: DELIVER.into(),
            subject_id: 1,
            tries,
            created_at: Timestamp(0),
            channel_account_id: None,
        }
    }

    const END: Timestamp = Timestamp(86_400_000);

    fn temporary() -> SendOutcome {
        SendOutcome::Temporary { retry_after_millis: None, code: None, detail: "busy".into() }
    }

    #[test]
    fn a_failure_that_may_pass_is_tried_again_and_given_up_at_last() {
        let first = decide(temporary(), &job(0), END, Timestamp(0), 1);
        assert!(
            matches!(first, AttemptOutcome::Retry { due_at, .. } if (750..=1_250).contains(&due_at.0)),
            "{first:?}"
        );
        let last = decide(temporary(), &job(MAX_TRIES - 1), END, Timestamp(0), 1);
        assert!(matches!(last, AttemptOutcome::Failed { reason: FailureReason::GaveUp, .. }));
        let late = decide(temporary(), &job(0), END, END, 1);
        assert!(matches!(late, AttemptOutcome::Failed { reason: FailureReason::GaveUp, .. }));
    }

    #[test]
    fn what_may_have_arrived_is_never_retried_blindly() {
        let outcome = SendOutcome::Uncertain { detail: "time-out".into() };
        let decided = decide(outcome, &job(0), END, Timestamp(100), 60_000);
        assert!(matches!(decided, AttemptOutcome::AwaitProof { until: Timestamp(60_100), .. }), "{decided:?}");
    }

    #[test]
    fn what_concerns_the_account_pauses_it_and_counts_no_try() {
        let (code, detail) = (Some("190".to_owned()), String::from("words"));
        let (c, d) = (code.clone(), detail.clone());
        for (outcome, reason, wait) in [
            (
                SendOutcome::RateLimited { retry_after_millis: Some(7), code: c.clone(), detail: d.clone() },
                FailureReason::RateLimited,
                Some(7),
            ),
            (SendOutcome::Unauthorized { code: c.clone(), detail: d.clone() }, FailureReason::Unauthorized, None),
            (SendOutcome::PolicyBlocked { code: c, detail: d }, FailureReason::PolicyBlocked, None),
        ] {
            // However often it was tried: the message is not to blame.
            let AttemptOutcome::Paused { pause, code: told, give_up_at, .. } =
                decide(outcome, &job(MAX_TRIES), END, Timestamp(5), 1)
            else {
                panic!("{reason:?} pauses")
            };
            assert_eq!((pause.reason, pause.retry_after_millis), (reason, wait));
            assert_eq!((told, give_up_at), (code.clone(), END));
        }
    }
}
