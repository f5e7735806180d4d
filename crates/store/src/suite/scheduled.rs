//! Messages that wait for their time, are called off, or are sent another way.

use super::{Harness, later, now, on_both_engines, world::Talk};
use crate::{AttemptOutcome, CancelledMessage, Created, MessageChange, NewMessage, SEND_LATER, SendLater};
use model::{
    Block, DeliveryState, FailureReason, JobId, MessageId, NextStep, entry::EntryBody, gate::AlternativeReason,
    log::LogKind, message::Message,
};

on_both_engines! {
    a_message_for_later_waits_and_holds_nothing_back: own;
    a_customers_message_calls_it_off: own;
    it_can_be_changed_until_it_goes: own;
    it_can_be_called_back_until_it_goes: own;
    what_was_called_off_can_be_sent_after_all: own;
    a_failed_message_is_sent_another_way: own;
    other_ways_stay_with_the_message: own;
}

async fn queue_later(harness: &Harness, talk: &Talk, millis: i64, cancel_on_reply: bool) -> MessageId {
    let new = harness.answer(talk, "see you on Monday");
    let id = new.id;
    let new = NewMessage { later: Some(SendLater { at: later(millis), cancel_on_reply }), ..new };
    assert_eq!(harness.store.create_message(new).await.unwrap(), Created::New(id));
    id
}

async fn message(harness: &Harness, id: MessageId) -> (Option<model::EpisodeId>, Message) {
    let entry = harness.store.find_message_entry(harness.workspace, id).await.unwrap().unwrap();
    let EntryBody::Message(message) = entry.body else { panic!("a message") };
    (entry.episode_id, message)
}

fn cancelled(harness: &Harness, id: MessageId) -> CancelledMessage {
    CancelledMessage { id, workspace_id: harness.workspace, actor_id: "agt_1".into(), now: later(5) }
}

async fn release(harness: &Harness, at: i64) -> usize {
    let jobs = harness.claim(1, later(at)).await;
    let due: Vec<_> = jobs.into_iter().filter(|job| job.kind == SEND_LATER).collect();
    for job in &due {
        let deliver = JobId(harness.id());
        // Run again after a lost answer, it finds itself done.
        for _ in 0..2 {
            harness.store.release_message(job.clone(), deliver, later(at)).await.unwrap();
        }
    }
    due.len()
}

async fn a_message_for_later_waits_and_holds_nothing_back(harness: Harness) {
    let talk = harness.talk().await;
    let waits = queue_later(&harness, &talk, 10_000, true).await;
    let (episode, told) = message(&harness, waits).await;
    assert_eq!((episode, told.send_at, told.cancel_on_reply), (None, Some(later(10_000)), true));
    assert_eq!(told.delivery.unwrap().state, DeliveryState::Queued);
    let before =
        harness.store.list_thread_episodes(harness.workspace, talk.thread, model::EpisodeId(i64::MAX), 9).await;
    assert!(before.unwrap()[0].unanswered_since.is_some(), "nobody was answered yet");

    let after = harness.queue(&talk, "written after it").await;
    let jobs = harness.claim(7, later(9_999)).await;
    assert_eq!(jobs.iter().map(|job| job.subject_id).collect::<Vec<_>>(), [after.0]);
    harness.raw("DELETE FROM job WHERE subject_id = $1", &[after.0.into()]).await;
    assert_eq!(release(&harness, 10_000).await, 1);
    let (episode, _) = message(&harness, waits).await;
    assert!(episode.is_some(), "it joins its matter when it goes");
    assert_eq!(harness.told(waits).await, [LogKind::MessageQueued, LogKind::MessageReleased]);
    let (job, number) = harness.begin(waits, 1, later(10_000)).await;
    harness.end(&job, number, AttemptOutcome::Accepted { external_id: "x1".into() }, later(10_001)).await;
    assert_eq!(harness.state(waits).await, DeliveryState::Sent);
}

async fn a_customers_message_calls_it_off(harness: Harness) {
    let (talk, other) = (harness.talk().await, harness.talk().await);
    let called_off = queue_later(&harness, &talk, 10_000, true).await;
    let stays = queue_later(&harness, &talk, 10_000, false).await;
    let others = queue_later(&harness, &other, 10_000, true).await;
    let under_way = queue_later(&harness, &talk, 0, true).await;
    assert_eq!(release(&harness, 0).await, 1);
    harness.happen(&talk, harness.message("m2", "never mind, it works")).await;
    let delivery = harness.delivery(called_off).await;
    let error = delivery.error.unwrap();
    assert_eq!((delivery.state, error.reason), (DeliveryState::Failed, FailureReason::CustomerReplied));
    assert_eq!(error.next_step, NextStep::Resend);
    assert_eq!(harness.told(called_off).await, [LogKind::MessageQueued, LogKind::MessageCancelled]);
    for id in [stays, others, under_way] {
        assert_eq!(harness.state(id).await, DeliveryState::Queued);
    }
    assert_eq!(release(&harness, 10_000).await, 2, "what stays, and the other customer's");
    harness.happen(&talk, harness.echo("m3", None)).await;
    assert_eq!(harness.state(stays).await, DeliveryState::Queued);
}

async fn it_can_be_changed_until_it_goes(harness: Harness) {
    let (talk, other) = (harness.talk().await, harness.other_workspace().await);
    let id = queue_later(&harness, &talk, 10_000, true).await;
    let change = |workspace_id, send_at, blocks: Option<&str>| MessageChange {
        id,
        workspace_id,
        send_at,
        words: blocks.map(|text| (vec![Block::text(text)], Vec::new())),
        actor_id: "agt_1".into(),
        now: later(1),
    };
    let store = &harness.store;
    assert!(!store.change_waiting_message(change(other, None, Some("theirs"))).await.unwrap());
    let changed = change(harness.workspace, Some(later(20_000)), Some("see you on Tuesday"));
    assert!(store.change_waiting_message(changed).await.unwrap());
    let (_, told) = message(&harness, id).await;
    assert_eq!((told.send_at, told.blocks), (Some(later(20_000)), vec![Block::text("see you on Tuesday")]));
    assert_eq!(harness.told(id).await, [LogKind::MessageQueued, LogKind::MessageEdited]);
    assert_eq!(release(&harness, 19_999).await, 0);
    assert!(store.change_waiting_message(change(harness.workspace, Some(later(5)), None)).await.unwrap());
    assert_eq!(release(&harness, 5).await, 1);
    assert!(!store.change_waiting_message(change(harness.workspace, None, Some("late"))).await.unwrap());
}

async fn it_can_be_called_back_until_it_goes(harness: Harness) {
    let (talk, other) = (harness.talk().await, harness.other_workspace().await);
    let waits = queue_later(&harness, &talk, 10_000, false).await;
    let store = &harness.store;
    let foreign = CancelledMessage { workspace_id: other, ..cancelled(&harness, waits) };
    assert!(!store.cancel_message(foreign).await.unwrap());
    assert!(store.cancel_message(cancelled(&harness, waits)).await.unwrap());
    assert!(!store.cancel_message(cancelled(&harness, waits)).await.unwrap(), "it is at its end");
    assert_eq!(harness.delivery(waits).await.error.unwrap().reason, FailureReason::Cancelled);
    assert_eq!(release(&harness, 10_000).await, 0);
    // One that waits for its turn, and one that is under way.
    let (first, second) = (harness.queue(&talk, "first").await, harness.queue(&talk, "second").await);
    harness.begin(first, 1, now()).await;
    assert!(!store.cancel_message(cancelled(&harness, first)).await.unwrap());
    assert!(store.cancel_message(cancelled(&harness, second)).await.unwrap());
    assert_eq!(harness.state(first).await, DeliveryState::Sending);
    assert_eq!(harness.state(second).await, DeliveryState::Failed);
}

async fn what_was_called_off_can_be_sent_after_all(harness: Harness) {
    let talk = harness.talk().await;
    let id = queue_later(&harness, &talk, 10_000, true).await;
    assert!(harness.store.cancel_message(cancelled(&harness, id)).await.unwrap());
    let again = crate::RetriedMessage {
        id,
        workspace_id: harness.workspace,
        job_id: JobId(harness.id()),
        replayed: None,
        actor_id: "agt_1".into(),
        now: later(6),
    };
    assert!(harness.store.retry_message(again, talk.thread).await.unwrap());
    let (episode, _) = message(&harness, id).await;
    assert!(episode.is_some());
    harness.begin(id, 1, later(6)).await;
    // It goes now: no later word of the customer calls it off.
    harness.happen(&talk, harness.message("m2", "wait")).await;
    assert_eq!(harness.state(id).await, DeliveryState::Sending);
}

async fn a_failed_message_is_sent_another_way(harness: Harness) {
    let talk = harness.talk().await;
    let failed = harness.queue(&talk, "hello").await;
    let fail = async |id: MessageId| {
        let (job, number) = harness.begin(id, 1, now()).await;
        let outcome = AttemptOutcome::Failed {
            reason: FailureReason::GaveUp,
            code: None,
            detail: "no".into(),
            alternatives: vec![],
        };
        harness.end(&job, number, outcome, now()).await;
    };
    let resend =
        || NewMessage { resent_from: Some(failed), client_id: Some("c-1".into()), ..harness.answer(&talk, "hello") };
    assert!(harness.store.create_message(resend()).await.is_err(), "it is still on its way");
    fail(failed).await;
    let Created::New(second) = harness.store.create_message(resend()).await.unwrap() else { panic!("a new one") };
    let (_, told) = message(&harness, failed).await;
    assert_eq!(told.resent_as, Some(second));
    let (_, told) = message(&harness, second).await;
    assert_eq!((told.resent_from, told.client_id.as_deref()), (Some(failed), Some("c-1")));
    assert!(harness.told(failed).await.contains(&LogKind::MessageResent));
    let dead = harness.store.count_dead_jobs(harness.workspace).await.unwrap();
    assert_eq!(dead, 0, "nobody has to look at the old one any more");
    assert!(harness.store.create_message(resend()).await.is_err(), "another took its place");
    fail(second).await;
    assert!(harness.store.create_message(resend()).await.is_ok(), "and failed too");
}

async fn other_ways_stay_with_the_message(harness: Harness) {
    let talk = harness.talk().await;
    let id = harness.queue(&talk, "hello").await;
    let job = harness.claim(1, now()).await.pop().unwrap();
    let other = model::gate::Alternative { identity_id: model::IdentityId(77), reason: AlternativeReason::OpenWindow };
    let outcome = AttemptOutcome::Failed {
        reason: FailureReason::OutsideWindow,
        code: None,
        detail: String::new(),
        alternatives: vec![other],
    };
    harness.end(&job, 0, outcome, now()).await;
    let error = harness.delivery(id).await.error.unwrap();
    assert_eq!((error.alternatives, error.next_step), (vec![other], NextStep::SendByOther));
}
