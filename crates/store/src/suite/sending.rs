//! Messages on their way out: jobs, leases, attempts, how each ends.

use super::{Harness, later, now, on_both_engines, world::DAY};
use crate::{AccountRoom, AttemptOutcome, DELIVER, Ended, RetriedMessage};
use model::{
    DeliveryState, FailureReason, IdentityId, JobId, MessageId, RouteId, entry::EntryBody, log::LogKind,
    operation::JobState,
};

on_both_engines! {
    a_message_is_queued_with_its_job: own;
    a_message_goes_over_a_route_of_its_workspace: shared;
    only_the_oldest_job_of_a_person_can_be_taken: own;
    a_lease_keeps_others_away_until_it_ends: own;
    no_job_is_taken_twice_by_many_at_once: own;
    a_job_behind_another_wakes_nobody: own;
    an_attempt_needs_the_lease: own;
    an_attempt_begins_once: own;
    two_workers_never_both_begin: own;
    an_accepted_message_is_sent: own;
    a_message_is_tried_again: own;
    an_end_that_is_told_again_changes_nothing: own;
    a_late_end_does_not_disturb_who_took_over: own;
    a_failed_message_stays_failed_until_a_person_says_otherwise: own;
    what_an_admin_has_to_mend_stays_in_sight: own;
    proof_is_waited_for: own;
    a_blocked_route_is_remembered: own;
    the_providers_word_closes_the_window: own;
    the_gates_no_needs_no_attempt: own;
    long_words_are_cut: own;
    jobs_are_looked_at_by_their_workspace: own;
}

fn retry(due: i64) -> AttemptOutcome {
    AttemptOutcome::Retry { due_at: later(due), code: Some("2".into()), detail: "try again".into() }
}

fn failed(reason: FailureReason) -> AttemptOutcome {
    AttemptOutcome::Failed { reason, code: Some("10".into()), detail: "no".into(), alternatives: vec![] }
}

fn accepted(id: &str) -> AttemptOutcome {
    AttemptOutcome::Accepted { external_id: id.into() }
}

fn by_person(harness: &Harness, id: MessageId) -> RetriedMessage {
    RetriedMessage {
        id,
        workspace_id: harness.workspace,
        job_id: JobId(harness.id()),
        replayed: None,
        actor_id: "agt_1".into(),
        now: now(),
    }
}

async fn a_message_is_queued_with_its_job(harness: Harness) {
    let talk = harness.talk().await;
    let id = harness.queue(&talk, "Grüße 👋").await;
    let delivery = harness.store.find_delivery(harness.workspace, id).await.unwrap().unwrap();
    assert_eq!((delivery.state, delivery.attempts, delivery.open_attempt), (DeliveryState::Queued, 0, None));
    assert_eq!((delivery.route.address.as_str(), delivery.route.id), (talk.person.as_str(), talk.route));
    assert_eq!(delivery.blocks, [model::Block::text("Grüße 👋")]);
    let jobs = harness.claim(1, now()).await;
    assert_eq!(jobs.len(), 1);
    assert_eq!((jobs[0].kind.as_str(), jobs[0].subject_id, jobs[0].tries), (DELIVER, id.0, 0));
    let log = harness.log(harness.workspace).await;
    let record = log.last().unwrap();
    assert_eq!((record.kind, record.message_id()), (LogKind::MessageQueued, Some(id)));
    assert_eq!((record.customer_id, record.thread_id), (Some(talk.customer), Some(talk.thread)));
    assert_eq!(record.entry_text_id(), Some(id.to_string()));
    let other = harness.other_workspace().await;
    assert!(harness.store.find_delivery(other, id).await.unwrap().is_none());
    assert!(harness.store.list_deliveries(other, vec![id]).await.unwrap().is_empty());
    assert!(harness.store.find_thread_of_message(other, id).await.unwrap().is_none());
    assert_eq!(harness.store.find_thread_of_message(harness.workspace, id).await.unwrap(), Some(talk.thread));
}

async fn a_message_goes_over_a_route_of_its_workspace(harness: Harness) {
    let (talk, other) = (harness.talk().await, harness.other_workspace().await);
    let right = || harness.answer(&talk, "hello");
    for wrong in [
        crate::NewMessage { workspace_id: other, ..right() },
        crate::NewMessage { route_id: RouteId(5), ..right() },
        crate::NewMessage { identity_id: IdentityId(5), ..right() },
        crate::NewMessage { channel_account_id: model::ChannelAccountId(5), ..right() },
    ] {
        assert!(harness.store.create_message(wrong).await.is_err());
    }
    let told = harness.log(harness.workspace).await;
    assert!(!told.iter().any(|record| record.kind == LogKind::MessageQueued));
    assert!(harness.log(other).await.is_empty());
}

async fn only_the_oldest_job_of_a_person_can_be_taken(harness: Harness) {
    let (ada, bob) = (harness.talk().await, harness.talk().await);
    let first = harness.queue(&ada, "first").await;
    let second = harness.queue(&ada, "second").await;
    let other = harness.queue(&bob, "other").await;
    let taken = async |owner: i64, at: i64| {
        let mut ids: Vec<i64> = harness.claim(owner, later(at)).await.iter().map(|job| job.subject_id).collect();
        ids.sort_unstable();
        ids
    };
    let (job, number) = harness.begin(first, 1, now()).await;
    assert!(taken(2, 0).await.is_empty(), "the second waits for the first, the others are taken");
    harness.end(&job, number, retry(5_000), now()).await;
    assert!(taken(2, 4_999).await.is_empty(), "the first in backoff holds the second back");
    assert_eq!(taken(2, 5_000).await, [first.0]);
    let (job, number) = harness.begin(first, 3, later(70_000)).await;
    harness.end(&job, number, accepted("x1"), later(70_000)).await;
    assert_eq!(
        taken(3, 70_000).await,
        [second.0],
        "the other person's is still held by the claim that began the first"
    );
    assert_eq!(harness.state(other).await, DeliveryState::Queued);
}

async fn a_lease_keeps_others_away_until_it_ends(harness: Harness) {
    let talk = harness.talk().await;
    harness.queue(&talk, "hello").await;
    let (store, workspace) = (&harness.store, harness.workspace);
    let claim = async |owner: i64, at: i64| {
        store.claim_jobs(owner, later(at), later(at + 100), 10, AccountRoom::unlimited()).await.unwrap()
    };
    let job = claim(1, 0).await.pop().unwrap();
    assert!(claim(2, 0).await.is_empty());
    assert!(claim(1, 99).await.is_empty(), "nor by the same process");
    assert_eq!(store.find_next_due(&AccountRoom::unlimited()).await.unwrap(), Some(later(100)));
    assert_eq!(claim(2, 100).await.len(), 1, "at that very moment");
    store.release_job(workspace, job.id, 1).await.unwrap();
    assert!(claim(3, 150).await.is_empty(), "who lost it cannot give it back");
    let other = harness.other_workspace().await;
    store.release_job(other, job.id, 2).await.unwrap();
    assert!(claim(3, 150).await.is_empty());
    store.release_job(workspace, job.id, 2).await.unwrap();
    assert_eq!(store.find_next_due(&AccountRoom::unlimited()).await.unwrap(), Some(now()));
    assert_eq!(claim(3, 150).await.len(), 1);
    assert_eq!(store.void_leases().await.unwrap(), 1);
    assert_eq!(claim(4, 150).await.len(), 1);
    store.finish_job(other, job.id).await.unwrap();
    assert!(store.find_next_due(&AccountRoom::unlimited()).await.unwrap().is_some());
    store.finish_job(workspace, job.id).await.unwrap();
    assert_eq!(store.find_next_due(&AccountRoom::unlimited()).await.unwrap(), None);
}

async fn no_job_is_taken_twice_by_many_at_once(harness: Harness) {
    let page = harness.page().await;
    let mut queued = Vec::new();
    for _ in 0..20 {
        let talk = harness.talk_on(&page).await;
        for n in 0..3 {
            queued.push(harness.queue(&talk, &format!("{n}")).await);
        }
    }
    let second = harness.reopen().await;
    let mut sent = Vec::new();
    while sent.len() < queued.len() {
        let stores = [&harness.store, &second];
        let claims = (0..8)
            .map(|owner| stores[owner % 2].claim_jobs(owner as i64, now(), later(60_000), 4, AccountRoom::unlimited()));
        let claimed = futures_util::future::join_all(claims).await;
        let jobs: Vec<_> = claimed.into_iter().flat_map(|jobs| jobs.unwrap()).collect();
        assert!(!jobs.is_empty() && jobs.len() <= 20);
        for job in jobs {
            sent.push(MessageId(job.subject_id));
            harness.store.finish_job(job.workspace_id, job.id).await.unwrap();
        }
    }
    let mut all = sent.clone();
    all.sort_unstable();
    assert_eq!(all, queued, "each once");
    for talk in queued.chunks(3) {
        let order: Vec<MessageId> = sent.iter().copied().filter(|id| talk.contains(id)).collect();
        assert_eq!(order, talk, "in the order of their writing");
    }
}

async fn a_job_behind_another_wakes_nobody(harness: Harness) {
    let talk = harness.talk().await;
    let first = harness.queue(&talk, "first").await;
    let (job, number) = harness.begin(first, 1, now()).await;
    harness.queue(&talk, "second").await;
    assert_eq!(
        harness.store.find_next_due(&AccountRoom::unlimited()).await.unwrap(),
        Some(later(60_000)),
        "the first one's lease"
    );
    harness.end(&job, number, retry(90_000), now()).await;
    assert_eq!(
        harness.store.find_next_due(&AccountRoom::unlimited()).await.unwrap(),
        Some(later(90_000)),
        "the first one's next try"
    );
}

async fn an_attempt_needs_the_lease(harness: Harness) {
    let (talk, store) = (harness.talk().await, &harness.store);
    let id = harness.queue(&talk, "hello").await;
    let mine = harness.claim(1, now()).await.pop().unwrap();
    assert!(!store.start_attempt(mine.clone(), 2, id, 1, now()).await.unwrap(), "another's");
    let theirs = harness.claim(2, later(60_000)).await.pop().unwrap();
    assert!(!store.start_attempt(mine.clone(), 1, id, 1, later(60_000)).await.unwrap(), "my lease has gone to them");
    assert_eq!(harness.state(id).await, DeliveryState::Queued);
    assert!(store.start_attempt(theirs.clone(), 2, id, 1, later(60_000)).await.unwrap());
    let delivery = store.find_delivery(harness.workspace, id).await.unwrap().unwrap();
    assert_eq!(delivery.state, DeliveryState::Sending);
    assert_eq!(delivery.open_attempt.unwrap().started_at, later(60_000));
    assert_eq!(delivery.first_tried_at, Some(later(60_000)));
    assert_eq!(harness.delivery(id).await.tries, 1);

    // An echo of an earlier try came in between.
    harness.happen(&talk, harness.echo("x1", Some(id))).await;
    assert!(!store.start_attempt(theirs, 2, id, 2, later(60_001)).await.unwrap());
    assert_eq!(harness.state(id).await, DeliveryState::Sent);
}

async fn an_attempt_begins_once(harness: Harness) {
    let (talk, store) = (harness.talk().await, &harness.store);
    let id = harness.queue(&talk, "hello").await;
    let job = harness.claim(1, now()).await.pop().unwrap();
    assert!(store.start_attempt(job.clone(), 1, id, 1, now()).await.unwrap());
    assert!(store.start_attempt(job.clone(), 1, id, 1, now()).await.unwrap(), "the same command, run again");
    // A task of the same process that took the job over: one call is under way already.
    assert!(!store.start_attempt(job.clone(), 1, id, 1, later(1)).await.unwrap());
    harness.end(&job, 1, retry(0), now()).await;
    let job = harness.claim(1, later(60_000)).await.pop().unwrap();
    assert!(!store.start_attempt(job.clone(), 1, id, 1, now()).await.unwrap(), "that one has ended");
    assert!(store.start_attempt(job, 1, id, 2, later(60_000)).await.unwrap());
}

async fn two_workers_never_both_begin(harness: Harness) {
    let (page, second) = (harness.page().await, harness.reopen().await);
    let (mut by_first, mut by_second) = (0, 0);
    for round in 0..40_i64 {
        let talk = harness.talk_on(&page).await;
        let id = harness.queue(&talk, "hello").await;
        let job =
            harness.store.claim_jobs(1, now(), later(100), 10, AccountRoom::unlimited()).await.unwrap().pop().unwrap();
        // The first comes back from a long pause, at the moment when its lease ends and the second looks for work.
        let first = harness.store.start_attempt(job, 1, id, 1, later(100));
        let other = async {
            let Some(job) =
                second.claim_jobs(2, later(100), later(200), 10, AccountRoom::unlimited()).await.unwrap().pop()
            else {
                return false;
            };
            let delivery = second.find_delivery(job.workspace_id, id).await.unwrap().unwrap();
            // What has begun is looked into, not sent.
            delivery.open_attempt.is_none()
                && second.start_attempt(job, 2, id, delivery.attempts + 1, later(101)).await.unwrap()
        };
        let (first, other) = if round % 2 == 0 {
            tokio::join!(first, other)
        } else {
            let (other, first) = tokio::join!(other, first);
            (first, other)
        };
        let first = first.unwrap();
        assert!(!(first && other), "round {round}: both call the provider");
        by_first += usize::from(first);
        by_second += usize::from(other);
        harness.raw("DELETE FROM job WHERE subject_id = $1", &[id.0.into()]).await;
    }
    assert!(by_first + by_second > 0);
}

async fn an_accepted_message_is_sent(harness: Harness) {
    let talk = harness.talk().await;
    let id = harness.sent(&talk, "x1", now()).await;
    let entry = harness.store.find_message_entry(harness.workspace, id).await.unwrap().unwrap();
    let EntryBody::Message(message) = entry.body else { panic!("a message") };
    assert_eq!(message.external_id.as_deref(), Some("x1"));
    let delivery = message.delivery.unwrap();
    assert_eq!((delivery.state, delivery.error, delivery.tries), (DeliveryState::Sent, None, 1));
    assert_eq!(harness.told(id).await, [LogKind::MessageQueued, LogKind::MessageSent]);
    assert!(harness.claim(1, later(DAY)).await.is_empty());
    assert!(!harness.store.retry_message(by_person(&harness, id), talk.thread).await.unwrap(), "it is there");
    let attempts =
        harness.raw("SELECT CAST(number AS TEXT) || outcome FROM attempt WHERE message_id = $1", &[id.0.into()]).await;
    assert_eq!(attempts, ["1accepted"]);
}

async fn a_message_is_tried_again(harness: Harness) {
    let talk = harness.talk().await;
    let id = harness.queue(&talk, "hello").await;
    let (job, number) = harness.begin(id, 1, now()).await;
    harness.end(&job, number, retry(2_000), later(10)).await;
    let delivery = harness.delivery(id).await;
    let error = delivery.error.unwrap();
    assert_eq!((delivery.state, delivery.tries), (DeliveryState::Queued, 1));
    assert_eq!((error.reason, error.code.as_deref()), (FailureReason::Temporary, Some("2")));
    assert_eq!(error.detail.as_deref(), Some("try again"));
    let (job, number) = harness.begin(id, 1, later(2_000)).await;
    assert_eq!((job.tries, number), (1, 2));
    assert_eq!(harness.delivery(id).await.error, None, "while it is under way");
    let delivery = harness.store.find_delivery(harness.workspace, id).await.unwrap().unwrap();
    assert_eq!((delivery.first_tried_at, delivery.attempts), (Some(now()), 2));
    harness.end(&job, number, accepted("x1"), later(2_010)).await;
    assert_eq!(harness.told(id).await, [LogKind::MessageQueued, LogKind::MessageRetried, LogKind::MessageSent]);
    let record = harness.log(harness.workspace).await;
    let retried = record.iter().find(|record| record.kind == LogKind::MessageRetried);
    let detail = retried.and_then(|record| record.detail.clone()).unwrap();
    assert_eq!(detail, r#"{"code":"2","reason":"temporary"}"#, "never the provider's words");
}

async fn an_end_that_is_told_again_changes_nothing(harness: Harness) {
    let talk = harness.talk().await;
    for (n, outcome) in [
        accepted("x1"),
        retry(500),
        failed(FailureReason::Rejected),
        failed(FailureReason::GaveUp),
        AttemptOutcome::AwaitProof { until: later(500), detail: "no answer".into() },
        AttemptOutcome::Uncertain { detail: "no answer".into() },
    ]
    .into_iter()
    .enumerate()
    {
        let id = harness.queue(&talk, "hello").await;
        let (job, number) = harness.begin(id, 1, later(n as i64)).await;
        let mut seen = Vec::new();
        for _ in 0..3 {
            harness.end(&job, number, outcome.clone(), later(n as i64)).await;
            let jobs = harness
                .raw(
                    "SELECT state || CAST(tries AS TEXT) || CAST(due_at AS TEXT) FROM job WHERE subject_id = $1",
                    &[id.0.into()],
                )
                .await;
            seen.push((harness.delivery(id).await, harness.told(id).await, jobs));
        }
        assert!(seen.windows(2).all(|pair| pair[0] == pair[1]), "{outcome:?}: {seen:#?}");
        harness.store.finish_job(harness.workspace, job.id).await.unwrap();
    }
}

async fn a_late_end_does_not_disturb_who_took_over(harness: Harness) {
    let (talk, store) = (harness.talk().await, &harness.store);
    let id = harness.queue(&talk, "hello").await;
    let (mine, first) = harness.begin(id, 1, now()).await;
    // My lease ended while the provider was silent; somebody found out that it never arrived, and sends again.
    let theirs = harness.claim(2, later(60_000)).await.pop().unwrap();
    harness.end(&theirs, first, retry(60_000), later(60_000)).await;
    let (theirs, second) = harness.begin(id, 2, later(60_001)).await;
    for late in [
        retry(61_000),
        failed(FailureReason::Rejected),
        AttemptOutcome::Uncertain { detail: "?".into() },
        AttemptOutcome::AwaitProof { until: later(99_000), detail: "?".into() },
    ] {
        harness.end(&mine, first, late.clone(), later(60_500)).await;
        assert_eq!(harness.state(id).await, DeliveryState::Sending, "{late:?}");
        assert!(harness.claim(3, later(60_600)).await.is_empty(), "{late:?}: their lease stands");
    }
    assert!(store.start_attempt(mine.clone(), 1, id, 3, later(60_700)).await.is_ok_and(|started| !started));
    // But proof is proof, whoever brings it.
    harness.end(&mine, first, accepted("x1"), later(60_800)).await;
    assert_eq!(harness.state(id).await, DeliveryState::Sent);
    harness.end(&theirs, second, failed(FailureReason::Rejected), later(60_900)).await;
    assert_eq!(harness.state(id).await, DeliveryState::Sent);
}

async fn a_failed_message_stays_failed_until_a_person_says_otherwise(harness: Harness) {
    let (talk, store, workspace) = (harness.talk().await, &harness.store, harness.workspace);
    let id = harness.queue(&talk, "hello").await;
    let (job, number) = harness.begin(id, 1, now()).await;
    harness.end(&job, number, failed(FailureReason::Rejected), now()).await;
    let delivery = harness.delivery(id).await;
    assert_eq!((delivery.state, delivery.error.unwrap().reason), (DeliveryState::Failed, FailureReason::Rejected));
    assert!(harness.claim(1, later(DAY)).await.is_empty());
    assert_eq!(store.count_dead_jobs(workspace).await.unwrap(), 0, "it is the agent's, not the admin's");

    let again = RetriedMessage { now: later(DAY), ..by_person(&harness, id) };
    let other = harness.other_workspace().await;
    let foreign = RetriedMessage { workspace_id: other, ..again.clone() };
    assert!(!store.retry_message(foreign, talk.thread).await.unwrap());
    assert!(store.retry_message(again.clone(), talk.thread).await.unwrap());
    assert!(store.retry_message(again, talk.thread).await.unwrap(), "the same command, run again");
    assert!(!store.retry_message(by_person(&harness, id), talk.thread).await.unwrap(), "another: it is queued");
    let delivery = harness.delivery(id).await;
    assert_eq!((delivery.state, delivery.error), (DeliveryState::Queued, None));
    assert!(store.find_delivery(workspace, id).await.unwrap().unwrap().first_tried_at.is_none(), "a new beginning");
    let (job, number) = harness.begin(id, 1, later(DAY)).await;
    assert_eq!((job.tries, number), (0, 2), "all tries anew, attempts counted on");
    assert_eq!(store.find_delivery(workspace, id).await.unwrap().unwrap().first_tried_at, Some(later(DAY)));
    harness.end(&job, number, accepted("x1"), later(DAY)).await;
    use LogKind::{MessageFailed, MessageQueued, MessageRetried, MessageSent};
    assert_eq!(harness.told(id).await, [MessageQueued, MessageFailed, MessageRetried, MessageSent]);
    let log = harness.log(workspace).await;
    let retried = log.iter().find(|record| record.kind == MessageRetried).unwrap();
    assert_eq!((retried.customer_id, retried.thread_id), (Some(talk.customer), Some(talk.thread)));
}

async fn what_an_admin_has_to_mend_stays_in_sight(harness: Harness) {
    let (talk, store, workspace) = (harness.talk().await, &harness.store, harness.workspace);
    let id = harness.queue(&talk, "hello").await;
    let next = harness.queue(&talk, "next").await;
    let (job, number) = harness.begin(id, 1, now()).await;
    harness.end(&job, number, failed(FailureReason::NotPermitted), now()).await;
    assert_eq!(harness.state(id).await, DeliveryState::Failed);
    assert_eq!(store.count_dead_jobs(workspace).await.unwrap(), 1);
    let dead = store.list_jobs(workspace, JobState::Dead, JobId(0), 10).await.unwrap();
    assert_eq!((dead[0].id, dead[0].subject_id.as_str(), dead[0].tries), (job.id, id.to_string().as_str(), 1));
    assert_eq!(dead[0].last_error.as_deref(), Some("no"));
    let behind = harness.claim(1, now()).await.pop().unwrap();
    assert_eq!(behind.subject_id, next.0, "it holds nobody back");
    store.finish_job(workspace, behind.id).await.unwrap();
    assert!(store.retry_message(by_person(&harness, id), talk.thread).await.unwrap());
    assert_eq!(store.count_dead_jobs(workspace).await.unwrap(), 0);
    // An echo takes a dead job away as well.
    let (job, number) = harness.begin(id, 1, later(60_000)).await;
    harness.end(&job, number, failed(FailureReason::GaveUp), later(60_000)).await;
    assert_eq!(store.count_dead_jobs(workspace).await.unwrap(), 1);
    harness.happen(&talk, harness.echo("x1", Some(id))).await;
    assert_eq!((harness.state(id).await, store.count_dead_jobs(workspace).await.unwrap()), (DeliveryState::Sent, 0));
}

async fn proof_is_waited_for(harness: Harness) {
    let (talk, store) = (harness.talk().await, &harness.store);
    let id = harness.queue(&talk, "hello").await;
    let (job, number) = harness.begin(id, 1, now()).await;
    let wait = AttemptOutcome::AwaitProof { until: later(5_000), detail: "no answer".into() };
    harness.end(&job, number, wait, later(10)).await;
    assert_eq!(harness.state(id).await, DeliveryState::Sending);
    assert!(harness.claim(1, later(4_999)).await.is_empty());
    let job = harness.claim(1, later(5_000)).await.pop().unwrap();
    assert_eq!(job.tries, 0, "waiting is no try");
    let delivery = store.find_delivery(harness.workspace, id).await.unwrap().unwrap();
    assert_eq!(delivery.open_attempt.unwrap().number, number);
    harness.end(&job, number, AttemptOutcome::Uncertain { detail: "nobody knows".into() }, later(5_000)).await;
    let delivery = harness.delivery(id).await;
    assert_eq!((delivery.state, delivery.error.unwrap().reason), (DeliveryState::Uncertain, FailureReason::NoAnswer));
    assert!(harness.claim(1, later(DAY)).await.is_empty(), "never again by itself");
    assert!(store.find_delivery(harness.workspace, id).await.unwrap().unwrap().open_attempt.is_none());
}

async fn a_blocked_route_is_remembered(harness: Harness) {
    let talk = harness.talk().await;
    let id = harness.queue(&talk, "hello").await;
    let (job, number) = harness.begin(id, 1, now()).await;
    harness.end(&job, number, failed(FailureReason::Blocked), now()).await;
    let delivery = harness.store.find_delivery(harness.workspace, id).await.unwrap().unwrap();
    assert!(delivery.route.state.blocked);
    let customer = harness.store.find_customer(harness.workspace, talk.customer).await.unwrap().unwrap();
    assert!(customer.identities[0].blocked);
}

async fn the_providers_word_closes_the_window(harness: Harness) {
    let talk = harness.talk().await;
    let until =
        async || harness.store.find_route(harness.workspace, talk.route).await.unwrap().unwrap().state.window_until;
    assert_eq!(until().await, Some(later(DAY)));
    let id = harness.queue(&talk, "hello").await;
    let (job, number) = harness.begin(id, 1, later(1_000)).await;
    harness.end(&job, number, failed(FailureReason::OutsideWindow), later(2_000)).await;
    assert_eq!(until().await, Some(later(2_000)), "closed when the provider said so");
    let customer = harness.store.find_customer(harness.workspace, talk.customer).await.unwrap().unwrap();
    assert_eq!(customer.identities[0].window_until, Some(later(2_000)));

    let id = harness.queue(&talk, "once more").await;
    let (job, number) = harness.begin(id, 1, later(3_000)).await;
    let mut written = harness.read(&talk.page, Some(&talk.person), harness.message("wrote meanwhile", "hi")).await;
    (written.window_until, written.at) = (Some(later(2 * DAY)), later(4_000));
    harness.apply(vec![written]).await;
    harness.end(&job, number, failed(FailureReason::OutsideWindow), later(5_000)).await;
    assert_eq!(until().await, Some(later(2 * DAY)), "the customer wrote after the attempt had begun");
}

async fn the_gates_no_needs_no_attempt(harness: Harness) {
    let talk = harness.talk().await;
    let id = harness.queue(&talk, "hello").await;
    let job = harness.claim(1, now()).await.pop().unwrap();
    harness.end(&job, 0, failed(FailureReason::OutsideWindow), now()).await;
    let delivery = harness.delivery(id).await;
    assert_eq!((delivery.state, delivery.tries), (DeliveryState::Failed, 0));
    assert!(harness.claim(1, later(DAY)).await.is_empty());
    assert_eq!(harness.told(id).await, [LogKind::MessageQueued, LogKind::MessageFailed]);
}

async fn long_words_are_cut(harness: Harness) {
    let talk = harness.talk().await;
    let id = harness.queue(&talk, "hello").await;
    let (job, number) = harness.begin(id, 1, now()).await;
    let outcome = AttemptOutcome::Failed {
        reason: FailureReason::Rejected,
        code: Some("ä".repeat(100)),
        detail: "退".repeat(1_000),
        alternatives: vec![],
    };
    harness.end(&job, number, outcome, now()).await;
    let error = harness.delivery(id).await.error.unwrap();
    assert_eq!(error.code.unwrap().chars().count(), 64);
    assert_eq!(error.detail.unwrap().chars().count(), 500);
}

async fn jobs_are_looked_at_by_their_workspace(harness: Harness) {
    let (store, workspace) = (&harness.store, harness.workspace);
    let other = harness.other_workspace().await;
    let talk = harness.talk().await;
    let mut ids = Vec::new();
    for n in 0..3 {
        ids.push(harness.queue(&talk, &format!("{n}")).await.to_string());
    }
    let first = store.list_jobs(workspace, JobState::Ready, JobId(0), 2).await.unwrap();
    assert_eq!(first.iter().map(|job| job.subject_id.clone()).collect::<Vec<_>>(), ids[..2]);
    let rest = store.list_jobs(workspace, JobState::Ready, first[1].id, 2).await.unwrap();
    assert_eq!(rest.iter().map(|job| job.subject_id.clone()).collect::<Vec<_>>(), ids[2..]);
    assert!(store.list_jobs(other, JobState::Ready, JobId(0), 10).await.unwrap().is_empty());
    assert!(store.list_jobs(workspace, JobState::Dead, JobId(0), 10).await.unwrap().is_empty());
    let job = harness.claim(1, now()).await.pop().unwrap();
    let foreign = crate::ClaimedJob { workspace_id: other, ..job.clone() };
    let message_id = MessageId(job.subject_id);
    let ended = Ended { job: foreign, message_id, number: 0, outcome: failed(FailureReason::GaveUp), now: now() };
    store.end_attempt(ended).await.unwrap();
    assert_eq!(harness.state(message_id).await, DeliveryState::Queued);
    assert_eq!(store.count_dead_jobs(workspace).await.unwrap(), 0);
    assert_eq!(store.is_single_process(), harness.kind == super::Kind::Sqlite);
}
