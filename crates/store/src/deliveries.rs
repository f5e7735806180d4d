//! Sending one message: what is to be sent, the attempts, and how each ends.

use crate::{
    Store,
    engine::{Executor, Row, params, queries},
    episodes,
    error::{Result, StoreError},
    jobs::{self, ClaimedJob},
    log::NewRecord,
    pauses::{self, NewPause},
    routes::{RouteRow, read_state, state_columns},
};
use futures_util::FutureExt;
use model::{
    Block, ChannelAccountId, CustomerId, DeliveryState, FailureReason, IdentityId, MessageId, RouteId, ThreadId,
    Timestamp, WorkspaceId,
    episode::RecountReason,
    gate::Alternative,
    log::LogKind,
    message::{AuthorKind, ReplyTo},
};

/// A message on its way, with everything that sending needs.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The message.
    pub message_id: MessageId,
    /// How far it came.
    pub state: DeliveryState,
    /// Who wrote it.
    pub author: AuthorKind,
    /// The name of who wrote it.
    pub author_name: String,
    /// What it says.
    pub blocks: Vec<Block>,
    /// The provider's id of the message that it answers, when the provider knows that on this way.
    pub reply_to: Option<String>,
    /// The way.
    pub route: RouteRow,
    /// The newest attempt, unless it has ended: it left, and nobody said what became of it.
    pub open_attempt: Option<StartedAttempt>,
    /// When the first attempt of the present job began: a person's "once more" is a job of its own.
    pub first_tried_at: Option<Timestamp>,
    /// The number of the newest attempt; 0 before the first.
    pub attempts: i64,
}

/// An attempt that has begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StartedAttempt {
    /// Counts from 1.
    pub number: i64,
    /// When.
    pub started_at: Timestamp,
}

/// How an attempt ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// The provider took it.
    Accepted {
        /// The provider's id of it.
        external_id: String,
    },
    /// It did not go out; another try follows.
    Retry {
        /// When.
        due_at: Timestamp,
        /// The provider's code.
        code: Option<String>,
        /// In words.
        detail: String,
    },
    /// It did not go out and will not.
    Failed {
        /// Why.
        reason: FailureReason,
        /// The provider's code.
        code: Option<String>,
        /// In words.
        detail: String,
        /// The other ways that were open, when it could not go its own.
        alternatives: Vec<Alternative>,
    },
    /// It did not go out, and nothing goes over its account for now. It waits, and the try does not count.
    Paused {
        /// What the account's pause comes from.
        pause: NewPause,
        /// The provider's code.
        code: Option<String>,
        /// In words.
        detail: String,
        /// When it has waited for long enough.
        give_up_at: Timestamp,
    },
    /// Nobody knows yet. The attempt stays open until then.
    AwaitProof {
        /// When to look again.
        until: Timestamp,
        /// In words.
        detail: String,
    },
    /// Nobody will know by itself.
    Uncertain {
        /// In words.
        detail: String,
    },
}

/// An attempt's end.
#[derive(Debug, Clone)]
pub struct Ended {
    /// The job.
    pub job: ClaimedJob,
    /// The message.
    pub message_id: MessageId,
    /// Which attempt; 0 when none was begun (the gate said no).
    pub number: i64,
    /// How.
    pub outcome: AttemptOutcome,
    /// Now.
    pub now: Timestamp,
}

queries! {
    FIND = Same(concat!("SELECT m.id, m.delivery_state, m.author_kind, m.blocks, r.id, r.identity_id, i.address, r.channel_account_id, j.created_at, ", state_columns!(), ", m.author_name, m.reply_to FROM message m JOIN route r ON r.id = m.route_id JOIN identity i ON i.id = r.identity_id JOIN channel_account a ON a.id = r.channel_account_id LEFT JOIN job j ON j.kind = 'deliver' AND j.subject_id = m.id WHERE m.workspace_id = $1 AND m.id = $2 AND m.direction = 'outbound'"));
    /// Only of the same account: elsewhere the id means nothing, or another message.
    QUOTED = Same("SELECT external_id FROM message WHERE workspace_id = $1 AND id = $2 AND channel_account_id = $3");
    LIST_ATTEMPTS = Same("SELECT number, started_at, ended_at FROM attempt WHERE message_id = $1 AND workspace_id = $2 ORDER BY number");
    /// Locks the job, so that nobody else claims it before this attempt is written.
    HOLD_JOB = Same("UPDATE job SET lease_owner = $1 WHERE workspace_id = $2 AND id = $3 AND lease_owner = $1");
    GET_ATTEMPT = Same("SELECT started_at, ended_at FROM attempt WHERE message_id = $1 AND number = $2 AND workspace_id = $3");
    START_ATTEMPT = Same("INSERT INTO attempt (message_id, number, workspace_id, started_at) VALUES ($1, $2, $3, $4) ON CONFLICT (message_id, number) DO NOTHING");
    MARK_SENDING = Same("UPDATE message SET delivery_state = 'sending', tries = $1, sent_at = $2, failure_reason = NULL, failure_code = NULL, failure_detail = NULL WHERE workspace_id = $3 AND id = $4 AND delivery_state IN ('queued', 'sending')");
    END_ATTEMPT = Same("UPDATE attempt SET ended_at = $1, outcome = $2, code = $3, detail = $4 WHERE message_id = $5 AND number = $6 AND workspace_id = $7 AND ended_at IS NULL");
    CLOSE_ATTEMPTS = Same("UPDATE attempt SET ended_at = $1, outcome = $2 WHERE message_id = $3 AND workspace_id = $4 AND ended_at IS NULL");
    LOCK_ROUTE_OF = Same("UPDATE route SET blocked = blocked WHERE workspace_id = $1 AND id = (SELECT route_id FROM message WHERE id = $2)");
    /// The provider's id stays with an echo that came first and did not say whose it was.
    MARK_SENT = Same("UPDATE message SET delivery_state = 'sent', external_id = CASE WHEN EXISTS (SELECT 1 FROM message o WHERE o.channel_account_id = message.channel_account_id AND o.external_id = $1 AND o.id <> message.id) THEN external_id ELSE $1 END, failure_reason = NULL, failure_code = NULL, failure_detail = NULL WHERE workspace_id = $2 AND id = $3 AND delivery_state IN ('queued', 'sending', 'uncertain') RETURNING identity_id, route_id, sent_at");
    MARK_SENT_AFTER_ALL = Same("UPDATE message SET delivery_state = 'sent', external_id = CASE WHEN EXISTS (SELECT 1 FROM message o WHERE o.channel_account_id = message.channel_account_id AND o.external_id = $1 AND o.id <> message.id) THEN external_id ELSE $1 END, failure_reason = NULL, failure_code = NULL, failure_detail = NULL WHERE workspace_id = $2 AND id = $3 AND delivery_state = 'failed' RETURNING identity_id, route_id, sent_at");
    KEEP_EXTERNAL_ID = Same("UPDATE message SET external_id = CASE WHEN EXISTS (SELECT 1 FROM message o WHERE o.channel_account_id = message.channel_account_id AND o.external_id = $1 AND o.id <> message.id) THEN external_id ELSE $1 END WHERE workspace_id = $2 AND id = $3 AND external_id IS NULL");
    MARK_FAILURE = Same("UPDATE message SET delivery_state = $1, failure_reason = $2, failure_code = $3, failure_detail = $4, alternatives = $5 WHERE workspace_id = $6 AND id = $7 AND delivery_state IN ('queued', 'sending') RETURNING identity_id, route_id");
    ACCOUNT_OF = Same("SELECT channel_account_id FROM message WHERE workspace_id = $1 AND id = $2");
    /// Told once for each reason, not for each look.
    DEFER = Same("UPDATE message SET failure_reason = $1, failure_code = NULL, failure_detail = NULL, alternatives = '[]' WHERE workspace_id = $2 AND id = $3 AND delivery_state = 'queued' AND (failure_reason IS NULL OR failure_reason <> $1) RETURNING identity_id");
    BLOCK_ROUTE = Same("UPDATE route SET blocked = TRUE WHERE workspace_id = $1 AND id = $2");
    /// The provider knows better than our clock; not when the customer wrote since the attempt began.
    CLOSE_WINDOW = Same("UPDATE route SET window_until = $1 WHERE workspace_id = $2 AND id = $3 AND window_until > $1 AND (last_inbound_at IS NULL OR last_inbound_at <= (SELECT sent_at FROM message WHERE workspace_id = $2 AND id = $4))");
    ROUTE_PROGRESS = Same("SELECT r.delivered_until, r.read_until, i.customer_id, t.id FROM route r JOIN identity i ON i.id = r.identity_id JOIN thread t ON t.customer_id = i.customer_id WHERE r.workspace_id = $1 AND r.id = $2");
    MARK_RECEIPT = Same("UPDATE message SET delivery_state = $1 WHERE workspace_id = $2 AND id = $3 AND delivery_state IN ('sent', 'delivered')");
}

/// Where a message's log records belong.
pub(crate) struct Place {
    pub workspace_id: WorkspaceId,
    pub customer_id: CustomerId,
    pub thread_id: ThreadId,
    pub identity_id: IdentityId,
}

impl Place {
    pub(crate) fn record(&self, kind: LogKind, message_id: MessageId, now: Timestamp) -> NewRecord {
        let mut record = NewRecord::new(self.workspace_id, now, kind);
        record.customer_id = Some(self.customer_id);
        record.thread_id = Some(self.thread_id);
        record.identity_id = Some(self.identity_id);
        record.entry_id = Some(message_id.0);
        record
    }
}

/// Cuts a provider's words to what the contract promises, between characters.
fn cut(text: &str, most: usize) -> &str {
    text.char_indices().nth(most).map_or(text, |(end, _)| &text[..end])
}

/// Records that the provider has the message: by its answer, an echo, or a look-up. False when that was known already or the
/// message is not ours.
pub(crate) async fn mark_sent(
    store: &Store,
    executor: &Executor,
    workspace_id: WorkspaceId,
    message_id: MessageId,
    external_id: &str,
    now: Timestamp,
) -> Result<bool> {
    // The route's row is locked first, as whoever folds a receipt locks it: otherwise a receipt that is being folded just now
    // would see the message too early, and we the receipt.
    executor.execute(LOCK_ROUTE_OF, &params![workspace_id.0, message_id.0]).await?;
    let params = params![external_id, workspace_id.0, message_id.0];
    let read = |row: &Row<'_>| Ok((IdentityId(row.int(0)?), RouteId(row.int(1)?), row.opt_int(2)?.map(Timestamp)));
    let mut marked = executor.query_opt(MARK_SENT, &params, read).await?;
    let failed_before = marked.is_none();
    if failed_before {
        marked = executor.query_opt(MARK_SENT_AFTER_ALL, &params, read).await?;
    }
    let Some((identity_id, route_id, sent_at)) = marked else {
        executor.execute(KEEP_EXTERNAL_ID, &params).await?;
        return Ok(false);
    };
    executor.execute(CLOSE_ATTEMPTS, &params![now, "accepted", message_id.0, workspace_id.0]).await?;
    jobs::remove(executor, workspace_id, jobs::DELIVER, message_id.0).await?;
    let progress = executor
        .query_opt(ROUTE_PROGRESS, &params![workspace_id.0, route_id.0], |row| {
            Ok((row.opt_int(0)?, row.opt_int(1)?, CustomerId(row.int(2)?), ThreadId(row.int(3)?)))
        })
        .await?;
    let Some((delivered_until, read_until, customer_id, thread_id)) = progress else { return Ok(true) };
    let place = Place { workspace_id, customer_id, thread_id, identity_id };
    let record = place.record(LogKind::MessageSent, message_id, now);
    if failed_before {
        // It arrived after all: what it answered is answered.
        episodes::tell_and_recount(store, executor, record, RecountReason::MessagesMoved).await?;
    } else {
        executor.log(record);
    }
    // A receipt can overtake the answer to the call that it belongs to.
    let covered = |until: Option<i64>| matches!((until, sent_at), (Some(until), Some(sent)) if sent.0 <= until);
    let receipts = [
        (covered(delivered_until), DeliveryState::Delivered, LogKind::MessageDelivered),
        (covered(read_until), DeliveryState::Read, LogKind::MessageRead),
    ];
    for (is_covered, state, kind) in receipts {
        if is_covered {
            executor.execute(MARK_RECEIPT, &params![state.as_str(), workspace_id.0, message_id.0]).await?;
            executor.log(place.record(kind, message_id, now));
        }
    }
    Ok(true)
}

async fn mark_failure(
    store: &Store,
    executor: &Executor,
    ended: &Ended,
    state: DeliveryState,
    kind: LogKind,
    failure: (FailureReason, Option<&str>, &str),
) -> Result<()> {
    let (reason, code, detail) = failure;
    let alternatives = match &ended.outcome {
        AttemptOutcome::Failed { alternatives, .. } => serde_json::to_string(alternatives),
        _ => Ok("[]".to_owned()),
    };
    let alternatives = alternatives.map_err(|error| StoreError::Internal(error.to_string()))?;
    let workspace_id = ended.job.workspace_id;
    let params = params![
        state.as_str(),
        reason.as_str(),
        code.map(|code| cut(code, 64)),
        cut(detail, 500),
        &alternatives,
        workspace_id.0,
        ended.message_id.0,
    ];
    let marked =
        executor.query_opt(MARK_FAILURE, &params, |row| Ok((IdentityId(row.int(0)?), RouteId(row.int(1)?)))).await?;
    // An echo came first: it did arrive.
    let Some((identity_id, route_id)) = marked else { return Ok(()) };
    if reason == FailureReason::Blocked {
        executor.execute(BLOCK_ROUTE, &params![workspace_id.0, route_id.0]).await?;
    }
    if reason == FailureReason::OutsideWindow {
        let params = params![ended.now, workspace_id.0, route_id.0, ended.message_id.0];
        executor.execute(CLOSE_WINDOW, &params).await?;
    }
    let owner = executor
        .query_opt(ROUTE_PROGRESS, &params![workspace_id.0, route_id.0], |row| {
            Ok((CustomerId(row.int(2)?), ThreadId(row.int(3)?)))
        })
        .await?;
    if let Some((customer_id, thread_id)) = owner {
        let place = Place { workspace_id, customer_id, thread_id, identity_id };
        let mut record = place.record(kind, ended.message_id, ended.now);
        // The provider's code and our reason; its words may repeat the customer's and stay with the message.
        record.detail = Some(serde_json::json!({ "reason": reason.as_str(), "code": code }).to_string());
        if state == DeliveryState::Failed {
            // What it answered is unanswered again.
            episodes::tell_and_recount(store, executor, record, RecountReason::SendFailed).await?;
        } else {
            executor.log(record);
        }
    }
    Ok(())
}

async fn end(store: &Store, executor: &Executor, ended: &Ended) -> Result<()> {
    let Ended { job, message_id, number, outcome, now } = ended;
    let workspace_id = job.workspace_id;
    // Whether this is news. An attempt ends once: by an echo, by whoever took the job over, or by an earlier run of this
    // command; then the job is not ours to touch any more. Without an attempt there is nothing to end.
    let close = async |word: &str, code: Option<&str>, detail: Option<&str>| -> Result<bool> {
        let detail = detail.map(|detail| cut(detail, 500));
        let params = params![*now, word, code.map(|code| cut(code, 64)), detail, message_id.0, *number, workspace_id.0];
        Ok(*number == 0 || executor.execute(END_ATTEMPT, &params).await? == 1)
    };
    match outcome {
        AttemptOutcome::Accepted { external_id } => {
            close("accepted", None, None).await?;
            mark_sent(store, executor, workspace_id, *message_id, external_id, *now).await?;
            jobs::finish(executor, workspace_id, job.id).await
        }
        AttemptOutcome::Retry { due_at, code, detail } => {
            if !close("retry", code.as_deref(), Some(detail)).await?
                || !jobs::reschedule(executor, job, *due_at, job.tries + 1, Some(cut(detail, 500))).await?
            {
                return Ok(());
            }
            let failure = (FailureReason::Temporary, code.as_deref(), detail.as_str());
            mark_failure(store, executor, ended, DeliveryState::Queued, LogKind::MessageRetried, failure).await
        }
        AttemptOutcome::Paused { pause, code, detail, give_up_at } => {
            if !close("paused", code.as_deref(), Some(detail)).await? {
                return Ok(());
            }
            let account =
                executor.query_opt(ACCOUNT_OF, &params![workspace_id.0, message_id.0], |row| row.int(0)).await?;
            let Some(account) = account.map(ChannelAccountId) else { return Ok(()) };
            let (code, detail) = (code.as_deref().map(|code| cut(code, 64)), cut(detail, 500));
            let until = pauses::pause(executor, (workspace_id, account), pause, code, detail, *now).await?;
            let due_at = until.map_or(*give_up_at, |until| until.min(*give_up_at));
            if !jobs::reschedule(executor, job, due_at, job.tries, Some(detail)).await? {
                return Ok(());
            }
            let failure = (pause.reason, code, detail);
            mark_failure(store, executor, ended, DeliveryState::Queued, LogKind::MessageDeferred, failure).await
        }
        AttemptOutcome::Failed { reason, code, detail, .. } => {
            if !close("failed", code.as_deref(), Some(detail)).await? {
                return Ok(());
            }
            let failure = (*reason, code.as_deref(), detail.as_str());
            mark_failure(store, executor, ended, DeliveryState::Failed, LogKind::MessageFailed, failure).await?;
            // What only an admin can mend stays in sight as a dead job; the rest is the agent's, on the message itself.
            match reason {
                FailureReason::NotPermitted | FailureReason::GaveUp | FailureReason::Expired => {
                    jobs::bury(executor, workspace_id, job.id, job.tries + 1, cut(detail, 500)).await
                }
                _ => jobs::finish(executor, workspace_id, job.id).await,
            }
        }
        AttemptOutcome::AwaitProof { until, detail } => {
            let params = params![message_id.0, *number, workspace_id.0];
            let attempt = executor.query_opt(GET_ATTEMPT, &params, |row| row.opt_int(1)).await?;
            if attempt == Some(None) {
                jobs::reschedule(executor, job, *until, job.tries, Some(cut(detail, 500))).await?;
            }
            Ok(())
        }
        AttemptOutcome::Uncertain { detail } => {
            if !close("uncertain", None, Some(detail)).await? {
                return Ok(());
            }
            let failure = (FailureReason::NoAnswer, None, detail.as_str());
            mark_failure(store, executor, ended, DeliveryState::Uncertain, LogKind::MessageUncertain, failure).await?;
            jobs::finish(executor, workspace_id, job.id).await
        }
    }
}

/// Where the columns of [`FIND`] go on behind those of the route's state.
const AFTER_STATE: usize = 16;

fn read_delivery(row: &Row<'_>) -> Result<Delivery> {
    Ok(Delivery {
        message_id: MessageId(row.int(0)?),
        state: row.parse(1)?,
        author: row.parse(2)?,
        author_name: row.text(AFTER_STATE)?,
        blocks: row.json(3)?,
        reply_to: None,
        route: RouteRow {
            id: RouteId(row.int(4)?),
            identity_id: IdentityId(row.int(5)?),
            address: row.text(6)?,
            channel_account_id: ChannelAccountId(row.int(7)?),
            state: read_state(row, 9)?,
        },
        open_attempt: None,
        first_tried_at: None,
        attempts: 0,
    })
}

impl Store {
    /// What is to be sent, with its attempts so far.
    pub async fn find_delivery(&self, workspace_id: WorkspaceId, message_id: MessageId) -> Result<Option<Delivery>> {
        self.read((workspace_id, message_id), |executor, (workspace_id, message_id)| {
            async move {
                let params = params![workspace_id.0, message_id.0];
                let found = executor.query_opt(FIND, &params, |row| {
                    let quoted =
                        row.opt_text(AFTER_STATE + 1)?.map(|_| row.json::<ReplyTo>(AFTER_STATE + 1)).transpose()?;
                    Ok((read_delivery(row)?, row.opt_int(8)?, quoted.and_then(|quoted| quoted.message_id)))
                });
                let Some((mut delivery, job_made, quoted)) = found.await? else { return Ok(None) };
                if let Some(quoted) = quoted {
                    // Asked now: it may have got its id since this one was written.
                    let params = params![workspace_id.0, quoted.0, delivery.route.channel_account_id.0];
                    delivery.reply_to = executor.query_opt(QUOTED, &params, |row| row.opt_text(0)).await?.flatten();
                }
                let attempts = executor
                    .query(LIST_ATTEMPTS, &params![message_id.0, workspace_id.0], |row| {
                        Ok((row.int(0)?, Timestamp(row.int(1)?), row.opt_int(2)?))
                    })
                    .await?;
                // When a person says "once more", the time that it may be tried for begins anew.
                let since = Timestamp(job_made.unwrap_or(i64::MIN));
                delivery.first_tried_at = attempts.iter().map(|(_, at, _)| *at).find(|started_at| *started_at >= since);
                if let Some((number, started_at, ended_at)) = attempts.last() {
                    delivery.attempts = *number;
                    if ended_at.is_none() {
                        delivery.open_attempt = Some(StartedAttempt { number: *number, started_at: *started_at });
                    }
                }
                Ok(Some(delivery))
            }
            .boxed()
        })
        .await
    }

    /// Writes that a call is about to be made. False when the job is no longer `owner`'s, or the message needs no call any
    /// more: then no call may be made.
    pub async fn start_attempt(
        &self,
        job: ClaimedJob,
        owner: i64,
        message_id: MessageId,
        number: i64,
        now: Timestamp,
    ) -> Result<bool> {
        let (started, _) = self
            .write((job, owner, message_id, number, now), |executor, (job, owner, message_id, number, now)| {
                async move {
                    let workspace = job.workspace_id.0;
                    if executor.execute(HOLD_JOB, &params![*owner, workspace, job.id.0]).await? == 0 {
                        return Ok(false);
                    }
                    // There already: by an earlier run of this command, or by another task of this process that took the
                    // job over when the lease had ended.
                    let params = params![message_id.0, *number, workspace];
                    let known =
                        executor.query_opt(GET_ATTEMPT, &params, |row| Ok((row.int(0)?, row.opt_int(1)?))).await?;
                    if let Some(known) = known {
                        return Ok(known == (now.0, None));
                    }
                    if executor.execute(MARK_SENDING, &params![*number, *now, workspace, message_id.0]).await? == 0 {
                        return Ok(false);
                    }
                    executor.execute(START_ATTEMPT, &params![message_id.0, *number, workspace, *now]).await?;
                    Ok(true)
                }
                .boxed()
            })
            .await?;
        Ok(started)
    }

    /// Puts a delivery off without a try. With a reason the message says why it waits.
    pub async fn defer_delivery(
        &self,
        job: ClaimedJob,
        due_at: Timestamp,
        reason: Option<FailureReason>,
        now: Timestamp,
    ) -> Result<()> {
        self.write((job, due_at, reason, now), |executor, (job, due_at, reason, now)| {
            async move {
                let (workspace_id, message_id) = (job.workspace_id, MessageId(job.subject_id));
                if !jobs::reschedule(executor, job, *due_at, job.tries, reason.map(FailureReason::as_str)).await? {
                    return Ok(());
                }
                let Some(reason) = reason else { return Ok(()) };
                let params = params![reason.as_str(), workspace_id.0, message_id.0];
                let identity = executor.query_opt(DEFER, &params, |row| Ok(IdentityId(row.int(0)?))).await?;
                if let Some(identity) = identity {
                    let place = episodes::row::place(executor, workspace_id, identity).await?;
                    let mut record = place.record(LogKind::MessageDeferred, message_id, *now);
                    record.detail = Some(serde_json::json!({ "reason": reason.as_str() }).to_string());
                    executor.log(record);
                }
                Ok(())
            }
            .boxed()
        })
        .await
        .map(|_| ())
    }

    /// Writes how an attempt ended, with everything that follows from it.
    pub async fn end_attempt(&self, ended: Ended) -> Result<()> {
        self.write((self.clone(), ended), |executor, (store, ended)| end(store, executor, ended).boxed())
            .await
            .map(|_| ())
    }
}
