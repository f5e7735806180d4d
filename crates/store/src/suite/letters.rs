//! Dead letters: what a person does about jobs that were given up and events that became no entry.

use super::{Harness, later, now, on_both_engines, world::DAY};
use crate::{AttemptOutcome, LogRecord, NewInboundEvent, RetriedMessage, jobs::DELIVER};
use model::{
    DeliveryState, FailureReason, InboundEventId, JobId, MessageId,
    log::LogKind,
    operation::{InboundState, JobState},
};

on_both_engines! {
    a_dead_delivery_is_replayed_with_its_message: own;
    a_dead_job_is_revived_or_dismissed: own;
    a_set_aside_event_goes_back_into_its_lane: shared;
    a_stray_event_is_routed_once_its_account_is_there: shared;
    a_whole_body_gives_way_to_its_events: shared;
    an_event_is_dismissed_without_a_trace_of_its_words: shared;
    what_waits_is_listed_over_all_lanes: shared;
}

const ACTOR: &str = "agt_1";

/// Queues a message and gives its delivery up.
async fn given_up(harness: &Harness) -> (MessageId, JobId, model::ThreadId) {
    let talk = harness.talk().await;
    let id = harness.queue(&talk, "hello").await;
    let (job, number) = harness.begin(id, 1, now()).await;
    let outcome =
        AttemptOutcome::Failed { reason: FailureReason::GaveUp, code: None, detail: "no".into(), alternatives: vec![] };
    harness.end(&job, number, outcome, now()).await;
    (id, job.id, talk.thread)
}

/// What the log's last record tells, and of what.
async fn last(harness: &Harness) -> LogRecord {
    harness.log(harness.workspace).await.pop().unwrap()
}

async fn a_dead_delivery_is_replayed_with_its_message(harness: Harness) {
    let (store, workspace) = (&harness.store, harness.workspace);
    let (message, dead, thread) = given_up(&harness).await;
    assert_eq!(store.find_job(workspace, dead).await.unwrap().unwrap().state, JobState::Dead);
    let retried = RetriedMessage {
        id: message,
        workspace_id: workspace,
        job_id: JobId(harness.id()),
        replayed: Some(dead),
        actor_id: ACTOR.into(),
        now: now(),
    };
    assert!(store.retry_message(retried.clone(), thread).await.unwrap());
    assert_eq!(harness.state(message).await, DeliveryState::Queued);
    let job = store.find_job_of(workspace, DELIVER, message.0).await.unwrap().unwrap();
    assert_eq!((job.id, job.state, job.tries), (retried.job_id, JobState::Ready, 0));
    assert!(store.find_job(workspace, dead).await.unwrap().is_none());
    let record = last(&harness).await;
    assert_eq!((record.kind, record.subject_id), (LogKind::JobReplayed, Some(dead.to_string())));
    let other = harness.other_workspace().await;
    assert!(store.find_job(other, job.id).await.unwrap().is_none());
    assert!(store.find_job_of(other, DELIVER, message.0).await.unwrap().is_none());
}

async fn a_dead_job_is_revived_or_dismissed(harness: Harness) {
    let (store, workspace, other) = (&harness.store, harness.workspace, harness.other_workspace().await);
    let (message, job, _) = given_up(&harness).await;
    assert!(!store.revive_job(other, job, ACTOR, now()).await.unwrap());
    assert!(!store.dismiss_job(other, job, ACTOR, now()).await.unwrap());
    assert!(store.revive_job(workspace, job, ACTOR, later(DAY)).await.unwrap());
    let revived = store.find_job(workspace, job).await.unwrap().unwrap();
    assert_eq!((revived.state, revived.tries, revived.due_at), (JobState::Ready, 0, later(DAY)));
    let record = last(&harness).await;
    assert_eq!((record.kind, record.subject_id), (LogKind::JobReplayed, Some(job.to_string())));
    assert!(!store.revive_job(workspace, job, ACTOR, now()).await.unwrap(), "it waits already");
    assert!(!store.dismiss_job(workspace, job, ACTOR, now()).await.unwrap(), "what waits is not dismissed");
    let claimed = harness.claim(1, later(DAY)).await;
    assert_eq!((claimed[0].id, claimed[0].created_at), (job, later(DAY)), "its age counts from here");

    let (message_id, outcome) = (
        message,
        AttemptOutcome::Failed { reason: FailureReason::GaveUp, code: None, detail: "no".into(), alternatives: vec![] },
    );
    let ended = crate::Ended { job: claimed[0].clone(), message_id, number: 0, outcome, now: later(DAY) };
    store.end_attempt(ended).await.unwrap();
    assert_eq!(store.count_dead_jobs(workspace).await.unwrap(), 1);
    assert!(store.dismiss_job(workspace, job, ACTOR, later(DAY)).await.unwrap());
    assert_eq!(store.count_dead_jobs(workspace).await.unwrap(), 0);
    assert!(!store.dismiss_job(workspace, job, ACTOR, later(DAY)).await.unwrap());
    let record = last(&harness).await;
    assert_eq!((record.kind, record.subject_id), (LogKind::JobDismissed, Some(job.to_string())));
}

/// Stores one event in a state; gives its id.
async fn store_one(harness: &Harness, event: NewInboundEvent, state: InboundState) -> InboundEventId {
    let id = event.id;
    let event = NewInboundEvent { state, error: Some("why".into()), payload: "the words".into(), ..event };
    assert_eq!(harness.store.store_inbound_events(vec![event]).await.unwrap(), 1);
    id
}

async fn a_set_aside_event_goes_back_into_its_lane(harness: Harness) {
    let (store, workspace, other) = (&harness.store, harness.workspace, harness.other_workspace().await);
    let page = harness.page().await;
    let id = store_one(&harness, harness.event(&page, "odd"), InboundState::Undecodable).await;
    let found = store.find_set_aside_event(workspace, id).await.unwrap().unwrap();
    assert_eq!((found.state, found.channel_account_id), (InboundState::Undecodable, Some(page.id)));
    assert_eq!((found.callback_key, found.payload.as_str()), (page.callback_key.clone(), "the words"));
    assert!(store.find_set_aside_event(other, id).await.unwrap().is_none());
    assert_eq!(store.replay_inbound_event(other, id, ACTOR, now()).await.unwrap(), None);
    assert_eq!(store.replay_inbound_event(workspace, id, ACTOR, now()).await.unwrap(), Some(3));
    let event = store.find_inbound_event(workspace, id).await.unwrap().unwrap();
    assert_eq!((event.state, event.error), (InboundState::Stored, None));
    let record = last(&harness).await;
    assert_eq!((record.kind, record.subject_id), (LogKind::EventReplayed, Some(id.to_string())));
    assert_eq!(store.replay_inbound_event(workspace, id, ACTOR, now()).await.unwrap(), None, "once");
    assert!(!store.dismiss_inbound_event(workspace, id, ACTOR, now()).await.unwrap(), "it waits for its worker");
}

async fn a_stray_event_is_routed_once_its_account_is_there(harness: Harness) {
    let (store, workspace) = (&harness.store, harness.workspace);
    let page = harness.page().await;
    let event =
        NewInboundEvent { channel_account_id: None, address: "not connected".into(), ..harness.event(&page, "stray") };
    let id = store_one(&harness, event, InboundState::Unroutable).await;
    assert_eq!(store.replay_inbound_event(workspace, id, ACTOR, now()).await.unwrap(), None, "nobody has it yet");
    // As an account that came by a way that took up no strays.
    let address: &'static str = page.address.clone().leak();
    let params = [address.into(), id.0.into()];
    harness.raw("UPDATE inbound_event SET address = $1 WHERE id = $2", &params).await;
    assert_eq!(store.replay_inbound_event(workspace, id, ACTOR, now()).await.unwrap(), Some(3));
    let event = store.find_inbound_event(workspace, id).await.unwrap().unwrap();
    assert_eq!((event.state, event.channel_account_id), (InboundState::Stored, Some(page.id)));
}

async fn a_whole_body_gives_way_to_its_events(harness: Harness) {
    let (store, workspace, other) = (&harness.store, harness.workspace, harness.other_workspace().await);
    let page = harness.page().await;
    let body = NewInboundEvent { channel_account_id: None, address: String::new(), ..harness.event(&page, "body:1") };
    let id = store_one(&harness, body, InboundState::Undecodable).await;
    assert_eq!(store.replay_inbound_event(workspace, id, ACTOR, now()).await.unwrap(), None, "it has no account");
    // One of its events came by itself as well.
    store.store_inbound_events(vec![harness.event(&page, "one")]).await.unwrap();
    let events = vec![harness.event(&page, "one"), harness.event(&page, "two")];
    let second = events[1].id;
    assert!(!store.replace_inbound_body(other, id, events.clone(), ACTOR, now()).await.unwrap());
    assert!(store.find_inbound_event(workspace, second).await.unwrap().is_none(), "nothing of it stays");
    assert!(store.replace_inbound_body(workspace, id, events.clone(), ACTOR, now()).await.unwrap());
    assert!(store.find_inbound_event(workspace, id).await.unwrap().is_none());
    assert!(store.find_inbound_event(workspace, events[0].id).await.unwrap().is_none(), "known by its key");
    assert_eq!(store.find_inbound_event(workspace, second).await.unwrap().unwrap().state, InboundState::Stored);
    assert_eq!(last(&harness).await.kind, LogKind::EventReplayed);
    assert!(!store.replace_inbound_body(workspace, id, events, ACTOR, now()).await.unwrap(), "once");
}

async fn an_event_is_dismissed_without_a_trace_of_its_words(harness: Harness) {
    let (store, workspace, other) = (&harness.store, harness.workspace, harness.other_workspace().await);
    let page = harness.page().await;
    for state in [InboundState::Undecodable, InboundState::Unroutable] {
        let event = NewInboundEvent {
            channel_account_id: None,
            address: "elsewhere".into(),
            ..harness.event(&page, state.as_str())
        };
        let id = store_one(&harness, event, state).await;
        assert_eq!(store.count_unreadable_events(workspace).await.unwrap(), 1);
        assert!(!store.dismiss_inbound_event(other, id, ACTOR, now()).await.unwrap());
        assert!(store.dismiss_inbound_event(workspace, id, ACTOR, now()).await.unwrap());
        assert_eq!(store.count_unreadable_events(workspace).await.unwrap(), 0);
        assert!(store.find_inbound_event(workspace, id).await.unwrap().is_none());
        assert!(!store.dismiss_inbound_event(workspace, id, ACTOR, now()).await.unwrap());
        let record = last(&harness).await;
        assert_eq!((record.kind, record.subject_id), (LogKind::EventDismissed, Some(id.to_string())));
        assert_eq!(record.detail, Some(format!("{{\"reason\":\"{}\"}}", state.as_str())));
    }
}

async fn what_waits_is_listed_over_all_lanes(harness: Harness) {
    let (store, workspace) = (&harness.store, harness.workspace);
    let page = harness.page().await;
    let mut wanted = Vec::new();
    for number in 0..20 {
        let event = NewInboundEvent { lane: number % crate::LANES, ..harness.event(&page, &format!("event {number}")) };
        wanted.push(event.id);
        store.store_inbound_events(vec![event]).await.unwrap();
    }
    wanted.reverse();
    let mut seen: Vec<InboundEventId> = Vec::new();
    while seen.len() < wanted.len() {
        let before = seen.last().copied().unwrap_or(InboundEventId(i64::MAX));
        let page = store.list_inbound_events(workspace, InboundState::Stored, before, 7).await.unwrap();
        assert!(!page.is_empty() && page.len() <= 7);
        seen.extend(page.into_iter().map(|event| event.id));
    }
    assert_eq!(seen, wanted);
}
