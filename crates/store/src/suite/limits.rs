//! What an account can take, accounts that pause, identities that are not written to, messages that nothing moves.

use super::{Harness, later, now, on_both_engines, world::DAY};
use crate::{AccountRoom, AttemptOutcome, NewPause, SuppressionChange};
use model::{ChannelAccountId, DeliveryState, FailureReason, IdentityId, MessageId, NextStep, log::LogKind};
use std::collections::BTreeMap;

on_both_engines! {
    an_account_gives_no_more_than_it_has_room_for: own;
    a_limit_pauses_the_account_and_nothing_else: own;
    limits_in_a_row_grow_the_pause: own;
    what_an_admin_mends_goes_on: own;
    what_left_is_looked_into_during_a_pause: own;
    a_delivery_is_put_off_without_a_try: own;
    a_suppressed_identity_says_so: own;
    a_message_that_nothing_moves_is_found: own;
}

fn paused(reason: FailureReason, retry_after_millis: Option<i64>) -> AttemptOutcome {
    AttemptOutcome::Paused {
        pause: NewPause { reason, retry_after_millis, jitter_permille: 500 },
        code: Some("613".into()),
        detail: "too many calls".into(),
        give_up_at: later(DAY),
    }
}

async fn claimed(harness: &Harness, at: i64, room: AccountRoom) -> Vec<i64> {
    let jobs = harness.store.claim_jobs(9, later(at), later(at + 1), 100, room).await.unwrap();
    let mut subjects: Vec<i64> = jobs.iter().map(|job| job.subject_id).collect();
    subjects.sort_unstable();
    subjects
}

async fn an_account_gives_no_more_than_it_has_room_for(harness: Harness) {
    let (busy, quiet) = (harness.page().await, harness.page().await);
    for _ in 0..5 {
        let talk = harness.talk_on(&busy).await;
        harness.queue(&talk, "hello").await;
    }
    let talk = harness.talk_on(&quiet).await;
    let other = harness.queue(&talk, "hello").await;
    let room =
        |left: &[(ChannelAccountId, usize)], unknown| AccountRoom { left: left.iter().copied().collect(), unknown };
    assert_eq!(claimed(&harness, 0, room(&[(busy.id, 2)], 9)).await.len(), 3, "two of it, and the other account's");
    assert_eq!(claimed(&harness, 10, room(&[], 1)).await.len(), 2, "one of each is taken of what is not known");
    let full = room(&[(busy.id, 0)], 9);
    assert_eq!(claimed(&harness, 20, full.clone()).await, [other.0]);
    harness.raw("DELETE FROM job WHERE subject_id = $1", &[other.0.into()]).await;
    assert!(claimed(&harness, 30, full.clone()).await.is_empty());
    assert_eq!(harness.store.find_next_due(&full).await.unwrap(), None, "nobody is woken for what cannot go");
    assert_eq!(claimed(&harness, 40, AccountRoom { left: BTreeMap::new(), unknown: usize::MAX }).await.len(), 5);
}

async fn a_limit_pauses_the_account_and_nothing_else(harness: Harness) {
    let (page, other_page) = (harness.page().await, harness.page().await);
    let (ada, bob, cid) =
        (harness.talk_on(&page).await, harness.talk_on(&page).await, harness.talk_on(&other_page).await);
    let first = harness.queue(&ada, "first").await;
    let (job, number) = harness.begin(first, 1, now()).await;
    let waiting = harness.queue(&bob, "waits").await;
    harness.end(&job, number, paused(FailureReason::RateLimited, Some(60_000)), later(5)).await;
    let delivery = harness.delivery(first).await;
    let error = delivery.error.unwrap();
    assert_eq!(
        (delivery.state, error.reason, error.next_step),
        (DeliveryState::Queued, FailureReason::RateLimited, NextStep::Wait)
    );
    assert_eq!(harness.told(first).await, [LogKind::MessageQueued, LogKind::MessageDeferred]);
    let account = harness.store.find_channel_account(harness.workspace, page.id).await.unwrap().unwrap().account;
    let pause = account.pause.unwrap();
    assert_eq!((pause.reason, pause.at, pause.until), (FailureReason::RateLimited, later(5), Some(later(60_005))));
    assert_eq!((pause.code.as_deref(), pause.detail.as_deref()), (Some("613"), Some("too many calls")));
    let elsewhere = harness.queue(&cid, "goes").await;
    assert_eq!(claimed(&harness, 60_000, AccountRoom::unlimited()).await, [elsewhere.0], "the others are not held up");
    let mut both = [first.0, waiting.0];
    both.sort_unstable();
    harness.raw("DELETE FROM job WHERE subject_id = $1", &[elsewhere.0.into()]).await;
    assert_eq!(claimed(&harness, 60_005, AccountRoom::unlimited()).await, both);
    let (job, _) = harness.begin(first, 1, later(120_000)).await;
    assert_eq!(job.tries, 0, "what met a limit was no try");
    let route = harness.store.find_route(harness.workspace, ada.route).await.unwrap().unwrap();
    assert_eq!(route.state.pause.unwrap().until, Some(later(60_005)), "what the gate is told; it compares the time");
}

async fn limits_in_a_row_grow_the_pause(harness: Harness) {
    let page = harness.page().await;
    let until = async || {
        let row = harness.store.find_channel_account(harness.workspace, page.id).await.unwrap().unwrap();
        row.account.pause.unwrap().until.unwrap().0 - now().0
    };
    let mut at = 0;
    let mut pauses = Vec::new();
    for _ in 0..3 {
        let (one, two) = (harness.talk_on(&page).await, harness.talk_on(&page).await);
        let (a, b) = (harness.queue(&one, "a").await, harness.queue(&two, "b").await);
        let jobs = harness.claim(1, later(at)).await;
        for id in [a, b] {
            let job = jobs.iter().find(|job| job.subject_id == id.0).unwrap();
            assert!(harness.store.start_attempt(job.clone(), 1, id, 1, later(at)).await.unwrap());
        }
        // Two calls that were under way together met the same limit: that is one.
        for id in [a, b] {
            let job = jobs.iter().find(|job| job.subject_id == id.0).unwrap();
            harness.end(job, 1, paused(FailureReason::RateLimited, None), later(at)).await;
        }
        pauses.push(until().await - at);
        at = until().await + 1_000;
    }
    assert_eq!(pauses, [5_000, 10_000, 20_000]);
}

async fn what_an_admin_mends_goes_on(harness: Harness) {
    let (talk, other) = (harness.talk().await, harness.other_workspace().await);
    let id = harness.queue(&talk, "hello").await;
    let (job, number) = harness.begin(id, 1, now()).await;
    harness.end(&job, number, paused(FailureReason::Unauthorized, None), now()).await;
    let read = async || harness.store.find_channel_account(harness.workspace, talk.page.id).await.unwrap().unwrap();
    let pause = read().await.account.pause.unwrap();
    assert_eq!(
        (pause.reason, pause.until, pause.next_step),
        (FailureReason::Unauthorized, None, NextStep::ReconnectAccount)
    );
    // A limit that is told meanwhile does not make it go on by itself.
    let next = harness.talk_on(&talk.page).await;
    let second = harness.queue(&next, "second").await;
    let (job, number) = harness.begin(second, 2, now()).await;
    harness.end(&job, number, paused(FailureReason::RateLimited, Some(1)), now()).await;
    assert_eq!(read().await.account.pause.unwrap().until, None);
    let jobs = harness.store.list_jobs(harness.workspace, model::operation::JobState::Ready, model::JobId(0), 9).await;
    let told: Vec<_> =
        jobs.unwrap().into_iter().map(|job| (job.reason, job.next_step, job.channel_account_id)).collect();
    let page = Some(talk.page.id);
    assert_eq!(told[0], (Some(FailureReason::Unauthorized), Some(NextStep::ReconnectAccount), page));
    let resume = async |workspace| {
        harness.store.resume_channel_account(workspace, talk.page.id, "agt_1", later(7)).await.unwrap()
    };
    assert!(!resume(other).await, "another workspace's account does not exist");
    assert!(claimed(&harness, DAY - 1, AccountRoom::unlimited()).await.is_empty());
    assert!(resume(harness.workspace).await);
    assert!(!resume(harness.workspace).await, "it does not pause any more");
    assert_eq!(read().await.account.pause, None);
    let mut both = [id.0, second.0];
    both.sort_unstable();
    assert_eq!(claimed(&harness, 7, AccountRoom::unlimited()).await, both, "what waited goes at once");
}

async fn what_left_is_looked_into_during_a_pause(harness: Harness) {
    let page = harness.page().await;
    let (one, two) = (harness.talk_on(&page).await, harness.talk_on(&page).await);
    let unsure = harness.queue(&one, "unsure").await;
    let (job, number) = harness.begin(unsure, 1, now()).await;
    let proof = AttemptOutcome::AwaitProof { until: later(1_000), detail: "time-out".into() };
    harness.end(&job, number, proof, now()).await;
    let limited = harness.queue(&two, "limited").await;
    let (job, number) = harness.begin(limited, 1, now()).await;
    harness.end(&job, number, paused(FailureReason::RateLimited, Some(600_000)), now()).await;
    assert_eq!(claimed(&harness, 1_000, AccountRoom::unlimited()).await, [unsure.0]);
}

async fn a_delivery_is_put_off_without_a_try(harness: Harness) {
    let talk = harness.talk().await;
    let id = harness.queue(&talk, "hello").await;
    let put_off = async |at: i64, due: i64, reason| {
        let job = harness.claim(1, later(at)).await.pop().unwrap();
        assert_eq!(job.tries, 0);
        harness.store.defer_delivery(job, later(due), reason, later(at)).await.unwrap();
    };
    put_off(0, 100, None).await;
    assert_eq!(harness.delivery(id).await.error, None, "it only waits for its turn");
    put_off(100, 200, Some(FailureReason::PolicyBlocked)).await;
    put_off(200, 300, Some(FailureReason::PolicyBlocked)).await;
    let error = harness.delivery(id).await.error.unwrap();
    assert_eq!((error.reason, error.next_step), (FailureReason::PolicyBlocked, NextStep::ContactProvider));
    assert_eq!(harness.told(id).await, [LogKind::MessageQueued, LogKind::MessageDeferred], "told once");
    assert!(harness.claim(1, later(299)).await.is_empty());
}

async fn a_suppressed_identity_says_so(harness: Harness) {
    let (talk, other) = (harness.talk().await, harness.other_workspace().await);
    let change = |workspace_id, reason: Option<&str>| SuppressionChange {
        workspace_id,
        identity_id: talk.identity,
        reason: reason.map(str::to_owned),
        actor_id: "agt_1".into(),
        now: later(3),
    };
    let store = &harness.store;
    assert!(!store.change_suppression(change(other, Some("not ours"))).await.unwrap());
    assert!(store.find_identity(other, talk.identity).await.unwrap().is_none());
    let missing = SuppressionChange { identity_id: IdentityId(5), ..change(harness.workspace, None) };
    assert!(!store.change_suppression(missing).await.unwrap());
    for reason in ["asked us to stop", "said it again"] {
        assert!(store.change_suppression(change(harness.workspace, Some(reason))).await.unwrap());
    }
    let suppression =
        store.find_identity(harness.workspace, talk.identity).await.unwrap().unwrap().suppression.unwrap();
    assert_eq!((suppression.at, suppression.by.as_str()), (later(3), "agt_1"));
    assert_eq!(suppression.reason, "asked us to stop", "the first stands");
    assert!(store.find_route(harness.workspace, talk.route).await.unwrap().unwrap().state.suppressed);
    assert!(store.change_suppression(change(harness.workspace, None)).await.unwrap());
    assert!(store.change_suppression(change(harness.workspace, None)).await.unwrap());
    let identity = store.find_identity(harness.workspace, talk.identity).await.unwrap().unwrap();
    assert_eq!(identity.suppression, None);
    let log = harness.log(harness.workspace).await;
    let told: Vec<_> = log.iter().filter(|record| record.kind == LogKind::CustomerChanged).collect();
    assert_eq!(told.len(), 2, "once each, and without the words");
    assert!(told.iter().all(|record| !record.detail.as_deref().unwrap_or_default().contains("asked")));
}

async fn a_message_that_nothing_moves_is_found(harness: Harness) {
    let (talk, other) = (harness.talk().await, harness.other_workspace().await);
    let lost = harness.queue(&talk, "lost").await;
    let left = harness.queue(&talk, "left").await;
    let fine = harness.queue(&talk, "fine").await;
    harness.begin(lost, 1, now()).await;
    harness.raw("DELETE FROM job WHERE subject_id = $1", &[lost.0.into()]).await;
    harness.raw("DELETE FROM job WHERE subject_id = $1", &[left.0.into()]).await;
    let store = &harness.store;
    let list = async |workspace, before| store.list_lost_messages(workspace, before, 9).await.unwrap();
    assert!(list(harness.workspace, now()).await.is_empty(), "too young to tell");
    assert_eq!(list(harness.workspace, later(1)).await, [lost, left]);
    assert!(list(other, later(1)).await.is_empty());
    assert!(!store.end_lost_message(other, lost, later(2)).await.unwrap());
    assert!(!store.end_lost_message(harness.workspace, fine, later(2)).await.unwrap());
    assert!(!store.end_lost_message(harness.workspace, MessageId(5), later(2)).await.unwrap());
    for id in [lost, left] {
        assert!(store.end_lost_message(harness.workspace, id, later(2)).await.unwrap());
        assert!(!store.end_lost_message(harness.workspace, id, later(2)).await.unwrap());
    }
    assert_eq!(harness.state(lost).await, DeliveryState::Uncertain, "it had left");
    assert_eq!(harness.state(left).await, DeliveryState::Failed);
    assert_eq!(harness.delivery(left).await.error.unwrap().reason, FailureReason::Expired);
    assert!(list(harness.workspace, later(1)).await.is_empty());
}
