//! Whatever happens to a message, in whatever order: its state only moves as the model allows, and the log tells each step.

use super::{Harness, Kind, later, now};
use crate::{AttemptOutcome, ClaimedJob, EventFact, RetriedMessage};
use model::{DeliveryState, FailureReason, JobId, MessageId, log::LogKind};
use proptest::{prelude::*, test_runner::TestRunner};

/// Something that happens.
#[derive(Debug, Clone)]
enum Step {
    /// A worker takes the job, when it can, and begins an attempt.
    Begin {
        owner: i64,
    },
    /// A worker ends one of the attempts so far, however old.
    End {
        attempt: usize,
        outcome: u8,
    },
    Echo {
        named: bool,
    },
    DeliveredById,
    Delivered {
        at: i64,
    },
    Read {
        at: i64,
    },
    /// A person says "once more".
    Retry,
    /// Time passes.
    Wait {
        millis: i64,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (1_i64..3).prop_map(|owner| Step::Begin { owner }),
        4 => (0_usize..4, 0_u8..6).prop_map(|(attempt, outcome)| Step::End { attempt, outcome }),
        1 => any::<bool>().prop_map(|named| Step::Echo { named }),
        1 => Just(Step::DeliveredById),
        1 => (0_i64..300_000).prop_map(|at| Step::Delivered { at }),
        1 => (0_i64..300_000).prop_map(|at| Step::Read { at }),
        2 => Just(Step::Retry),
        2 => (1_i64..90_000).prop_map(|millis| Step::Wait { millis }),
    ];
    proptest::collection::vec(step, 1..14)
}

fn outcome(number: u8, at: i64) -> AttemptOutcome {
    let (code, detail) = (Some("1".to_owned()), "words".to_owned());
    match number {
        0 => AttemptOutcome::Accepted { external_id: "x1".into() },
        1 => AttemptOutcome::Retry { due_at: later(at + 5_000), code, detail },
        2 => AttemptOutcome::Failed { reason: FailureReason::Rejected, code, detail, alternatives: vec![] },
        3 => AttemptOutcome::Failed { reason: FailureReason::GaveUp, code, detail, alternatives: vec![] },
        4 => AttemptOutcome::AwaitProof { until: later(at + 5_000), detail },
        _ => AttemptOutcome::Uncertain { detail },
    }
}

/// The state that the log tells of.
fn told(kinds: &[LogKind]) -> Option<DeliveryState> {
    kinds.last().map(|kind| match kind {
        LogKind::MessageSent => DeliveryState::Sent,
        LogKind::MessageDelivered => DeliveryState::Delivered,
        LogKind::MessageRead => DeliveryState::Read,
        LogKind::MessageFailed => DeliveryState::Failed,
        LogKind::MessageUncertain => DeliveryState::Uncertain,
        _ => DeliveryState::Queued,
    })
}

async fn live(harness: &Harness, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let talk = harness.talk().await;
    let message = harness.queue(&talk, "hello").await;
    let unique = format!("x of {message}");
    let mut time = 0;
    let mut attempts: Vec<(ClaimedJob, i64)> = Vec::new();
    let mut state = harness.state(message).await;
    for step in steps {
        match step.clone() {
            Step::Begin { owner } => begin(harness, message, owner, time, &mut attempts).await,
            Step::End { attempt, outcome: number } => {
                let Some((job, number_of)) = attempts.get(attempt).cloned() else { continue };
                let mut outcome = outcome(number, time);
                if let AttemptOutcome::Accepted { external_id } = &mut outcome {
                    external_id.clone_from(&unique);
                }
                harness.end(&job, number_of, outcome, later(time)).await;
            }
            Step::Echo { named } => {
                let id = Some(message).filter(|_| named);
                harness.happen(&talk, harness.echo(&unique, id)).await;
            }
            Step::DeliveredById => {
                let fact = EventFact::Delivered { external_ids: vec![unique.clone()], watermark: None };
                harness.happen(&talk, fact).await;
            }
            Step::Delivered { at } => {
                harness.happen(&talk, EventFact::Delivered { external_ids: vec![], watermark: Some(later(at)) }).await;
            }
            Step::Read { at } => harness.happen(&talk, EventFact::Read { watermark: later(at) }).await,
            Step::Retry => {
                let retried = RetriedMessage {
                    id: message,
                    workspace_id: harness.workspace,
                    job_id: JobId(harness.id()),
                    replayed: None,
                    actor_id: "agt_1".into(),
                    now: later(time),
                };
                let may = matches!(state, DeliveryState::Failed | DeliveryState::Uncertain);
                prop_assert_eq!(harness.store.retry_message(retried, talk.thread).await.unwrap(), may);
            }
            Step::Wait { millis } => time += millis,
        }
        let next = harness.state(message).await;
        prop_assert!(next == state || state.may_become(next), "{:?}: {:?} became {:?}", step, state, next);
        state = next;
        let delivery = harness.delivery(message).await;
        let is_over = !matches!(state, DeliveryState::Queued | DeliveryState::Sending);
        let is_bad = matches!(state, DeliveryState::Failed | DeliveryState::Uncertain);
        prop_assert!(!is_bad || delivery.error.is_some(), "a failure says why");
        prop_assert!(is_bad || !is_over || delivery.error.is_none(), "{:?} with {:?}", state, delivery.error);
        let jobs =
            harness.raw("SELECT state FROM job WHERE subject_id = $1 AND state = 'ready'", &[message.0.into()]).await;
        prop_assert_eq!(jobs.len(), usize::from(!is_over), "{:?}: work is left exactly while it is not over", state);
        // Sending is told by no record of its own: it follows from being queued.
        let shown = if state == DeliveryState::Sending { DeliveryState::Queued } else { state };
        prop_assert_eq!(told(&harness.told(message).await), Some(shown), "after {:?}", step);
    }
    // Whatever was left undone is out of the next case's way.
    harness.raw("DELETE FROM job WHERE subject_id = $1", &[message.0.into()]).await;
    Ok(())
}

async fn begin(harness: &Harness, message: MessageId, owner: i64, time: i64, attempts: &mut Vec<(ClaimedJob, i64)>) {
    let Some(job) = harness.claim(owner, later(time)).await.pop() else { return };
    let delivery = harness.store.find_delivery(job.workspace_id, message).await.unwrap().unwrap();
    // As the worker does: what left without an answer is looked into, not sent again.
    if let Some(open) = delivery.open_attempt {
        attempts.push((job, open.number));
        return;
    }
    let number = delivery.attempts + 1;
    if harness.store.start_attempt(job.clone(), owner, message, number, later(time)).await.unwrap() {
        attempts.push((job, number));
    }
}

fn check(kind: Kind, cases: u32) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let harness = runtime.block_on(Harness::own(kind));
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let outcome = TestRunner::new(config).run(&steps(), |steps| runtime.block_on(live(&harness, steps)));
    outcome.unwrap_or_else(|failure| panic!("{failure}\nat {:?}", now()));
}

#[test]
fn a_message_only_moves_as_the_model_allows_on_sqlite() {
    check(Kind::Sqlite, 60);
}

#[test]
fn a_message_only_moves_as_the_model_allows_on_postgres() {
    check(Kind::Postgres, 12);
}
