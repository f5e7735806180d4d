//! Webhooks: what they are, how they follow the log under a lease, what is given up and sent again.

use super::{Harness, later, now, on_both_engines};
use crate::{
    Created, Idempotency, Keyring, NewWebhook, ReplayedEvent, SecretKey, Store, WebhookAttempt, WebhookBegin,
    WebhookRow, WebhookSource, WebhookUpdate, WebhookVerdict, WebhookWork,
};
use model::{
    Cursor, Timestamp, WebhookDeliveryId, WebhookId, WorkspaceId,
    log::LogKind,
    webhook::{TRYING_MILLIS, WebhookDelivery, WebhookError, WebhookOutcome, WebhookState},
};

on_both_engines! {
    a_webhook_is_made_once_and_begins_now: shared;
    a_webhook_is_its_workspaces_alone: shared;
    a_workspace_has_so_many_and_no_more: shared;
    changes_expect_what_they_saw: shared;
    switched_on_it_begins_now_or_where_it_is_told: shared;
    a_former_secret_counts_for_a_while: shared;
    secrets_are_sealed_and_keys_can_be_changed: own;
    one_holds_it_at_a_time: own;
    a_try_leaves_the_webhook_where_it_belongs: shared;
    a_try_of_another_time_moves_nothing: shared;
    a_day_of_failures_is_told_once_and_so_is_its_end: shared;
    a_receiver_that_is_gone_switches_it_off: shared;
    what_was_given_up_is_sent_again: shared;
    a_webhook_goes_back: shared;
    tries_are_listed_and_forgotten: own;
}

const ME: i64 = 7;
const OTHER: i64 = 8;
const LEASE: i64 = 30_000;

fn new_webhook(harness: &Harness, workspace_id: WorkspaceId) -> NewWebhook {
    NewWebhook {
        id: WebhookId(harness.id()),
        workspace_id,
        name: "CRM".into(),
        url: "https://crm.example.com/hooks".into(),
        kinds: vec!["message.*".into()],
        enabled: true,
        secret: "whsec_aHVzaA==".into(),
        from: None,
        most: 10,
        idempotency: None,
        actor_id: "agt_1".into(),
        now: now(),
    }
}

async fn make(harness: &Harness) -> WebhookId {
    let new = new_webhook(harness, harness.workspace);
    let id = new.id;
    assert_eq!(harness.store.create_webhook(new).await.unwrap(), Some(Created::New(id)));
    id
}

async fn row(store: &Store, workspace: WorkspaceId, id: WebhookId) -> WebhookRow {
    store.find_webhook(workspace, id).await.unwrap().unwrap()
}

fn update(row: &WebhookRow, workspace_id: WorkspaceId) -> WebhookUpdate {
    WebhookUpdate {
        id: row.webhook.id,
        workspace_id,
        version: row.version,
        name: row.webhook.name.clone(),
        url: row.webhook.url.clone(),
        kinds: row.webhook.kinds.clone(),
        enabled: row.webhook.enabled,
        begins: None,
        actor_id: "agt_1".into(),
        now: now(),
    }
}

async fn work(harness: &Harness, id: WebhookId, at: Timestamp) -> WebhookWork {
    harness.store.find_webhook_work(harness.workspace, id, at).await.unwrap().unwrap()
}

fn attempt(harness: &Harness, work: &WebhookWork, seq: i64, verdict: WebhookVerdict, at: Timestamp) -> WebhookAttempt {
    let failed = verdict != WebhookVerdict::Delivered;
    WebhookAttempt {
        id: WebhookDeliveryId(harness.id()),
        workspace_id: work.workspace_id,
        webhook_id: work.id,
        owner: ME,
        version: work.version,
        seq,
        event_id: format!("evt_{seq}"),
        kind: "message.sent".into(),
        attempt: work.tries + 1,
        source: WebhookSource::Log,
        at,
        duration_millis: 12,
        status: Some(if failed { 500 } else { 200 }),
        error: failed.then_some(WebhookError::NotAccepted),
        detail: failed.then(|| "no".into()),
        verdict,
        lease_until: None,
        now: at,
    }
}

/// Takes the webhook and makes a try.
async fn attempt_at(harness: &Harness, id: WebhookId, seq: i64, verdict: WebhookVerdict, at: Timestamp) {
    let work = work(harness, id, at).await;
    assert!(harness.store.claim_webhook(&work, ME, at, at.plus_millis(LEASE)).await.unwrap());
    harness.store.end_webhook_attempt(attempt(harness, &work, seq, verdict, at)).await.unwrap();
}

/// A record of the log, and the log's end.
async fn grow(harness: &Harness) -> i64 {
    let id = WebhookId(harness.id());
    let other = NewWebhook { id, enabled: false, ..new_webhook(harness, harness.workspace) };
    assert!(harness.store.create_webhook(NewWebhook { most: 1_000, ..other }).await.unwrap().is_some());
    harness.store.get_log_head(harness.workspace).await.unwrap().seq
}

async fn told(harness: &Harness, id: WebhookId) -> Vec<LogKind> {
    let log = harness.log(harness.workspace).await;
    let subject = Some(id.to_string());
    log.iter().filter(|record| record.subject_id == subject).map(|record| record.kind).collect()
}

async fn a_webhook_is_made_once_and_begins_now(harness: Harness) {
    let (store, workspace) = (&harness.store, harness.workspace);
    let end = grow(&harness).await;
    let key = |hash: &str| Some(Idempotency { actor_id: "agt_1".into(), key: "k".into(), request_hash: hash.into() });
    let new = NewWebhook { idempotency: key("h"), ..new_webhook(&harness, workspace) };
    for _ in 0..2 {
        assert_eq!(store.create_webhook(new.clone()).await.unwrap(), Some(Created::New(new.id)), "the same command");
    }
    let again = NewWebhook { id: WebhookId(harness.id()), ..new.clone() };
    assert_eq!(store.create_webhook(again.clone()).await.unwrap(), Some(Created::Before(new.id)));
    let reused = NewWebhook { idempotency: key("other"), ..again };
    assert_eq!(store.create_webhook(reused).await.unwrap(), Some(Created::KeyReused));

    let WebhookRow { webhook, secret, version } = row(store, workspace, new.id).await;
    assert_eq!((webhook.name.as_str(), webhook.url.as_str()), ("CRM", new.url.as_str()));
    assert_eq!((webhook.kinds, webhook.enabled, webhook.state), (new.kinds.clone(), true, WebhookState::Healthy));
    assert_eq!((webhook.cursor, webhook.failed_events, webhook.next_try_at), (Cursor::at(end), 0, None));
    assert_eq!((secret.as_str(), version), ("whsec_aHVzaA==", 1));
    assert_eq!(told(&harness, new.id).await, [LogKind::WebhookCreated]);

    let earlier = NewWebhook {
        id: WebhookId(harness.id()),
        from: Some(Cursor::START),
        enabled: false,
        ..new_webhook(&harness, workspace)
    };
    store.create_webhook(earlier.clone()).await.unwrap();
    let shown = row(store, workspace, earlier.id).await.webhook;
    assert_eq!((shown.cursor, shown.state), (Cursor::START, WebhookState::Disabled));
}

async fn a_webhook_is_its_workspaces_alone(harness: Harness) {
    let (store, other) = (&harness.store, harness.other_workspace().await);
    let id = make(&harness).await;
    attempt_at(&harness, id, 5, WebhookVerdict::GiveUp { due_at: now() }, now()).await;
    let tries =
        store.list_webhook_deliveries(harness.workspace, id, false, WebhookDeliveryId(i64::MAX), 9).await.unwrap();
    let before = row(store, harness.workspace, id).await;

    assert!(store.find_webhook(other, id).await.unwrap().is_none());
    assert!(store.find_webhook_work(other, id, now()).await.unwrap().is_none());
    assert!(store.list_webhooks(other, WebhookId(0), 9).await.unwrap().is_empty());
    assert!(!store.update_webhook(WebhookUpdate { name: "stolen".into(), ..update(&before, other) }).await.unwrap());
    assert!(!store.rotate_webhook_secret((other, id, 1), "whsec_eA==", later(1), "agt_2", now()).await.unwrap());
    assert!(!store.delete_webhook(other, id, "agt_2", now()).await.unwrap());
    let theirs = WebhookWork { workspace_id: other, ..work(&harness, id, now()).await };
    assert!(!store.claim_webhook(&theirs, OTHER, now(), later(LEASE)).await.unwrap());
    store.skip_webhook(&theirs, 99).await.unwrap();
    store.rewind_webhook(other, id, Cursor::START, "agt_2", now()).await.unwrap();
    assert_eq!(store.replay_failed_webhook_events(other, id, now(), 9).await.unwrap(), 0);
    assert!(store.list_webhook_deliveries(other, id, false, WebhookDeliveryId(i64::MAX), 9).await.unwrap().is_empty());
    assert_eq!(store.find_webhook_event(other, id, tries[0].id).await.unwrap(), None);
    assert_eq!(row(store, harness.workspace, id).await.webhook, before.webhook);
    assert!(harness.log(other).await.is_empty());

    let second = make(&harness).await;
    let ids = |listed: Vec<model::webhook::Webhook>| listed.iter().map(|webhook| webhook.id).collect::<Vec<_>>();
    assert_eq!(ids(store.list_webhooks(harness.workspace, WebhookId(0), 9).await.unwrap()), [id, second]);
    assert_eq!(ids(store.list_webhooks(harness.workspace, id, 9).await.unwrap()), [second]);
    assert!(store.delete_webhook(harness.workspace, id, "agt_1", now()).await.unwrap());
    assert!(!store.delete_webhook(harness.workspace, id, "agt_1", now()).await.unwrap());
    assert_eq!(told(&harness, id).await, [LogKind::WebhookCreated, LogKind::WebhookDeleted]);
}

async fn a_workspace_has_so_many_and_no_more(harness: Harness) {
    let store = &harness.store;
    let key = Some(Idempotency { actor_id: "agt_1".into(), key: "k".into(), request_hash: "h".into() });
    make(&harness).await;
    let one = NewWebhook { most: 1, idempotency: key, ..new_webhook(&harness, harness.workspace) };
    assert_eq!(store.create_webhook(one.clone()).await.unwrap(), None);
    assert_eq!(
        store.create_webhook(NewWebhook { most: 2, ..one.clone() }).await.unwrap(),
        Some(Created::New(one.id)),
        "a refusal does not use the key up"
    );
    let elsewhere = harness.other_workspace().await;
    let there = NewWebhook { most: 1, ..new_webhook(&harness, elsewhere) };
    assert!(store.create_webhook(there).await.unwrap().is_some());
}

async fn changes_expect_what_they_saw(harness: Harness) {
    let (store, workspace) = (&harness.store, harness.workspace);
    let id = make(&harness).await;
    attempt_at(&harness, id, 5, WebhookVerdict::Retry { due_at: later(60_000) }, now()).await;
    let before = row(store, workspace, id).await;
    assert_eq!(before.webhook.next_try_at, Some(later(60_000)));
    let change =
        WebhookUpdate { name: "ERP".into(), url: "https://erp.example.com/".into(), ..update(&before, workspace) };
    for _ in 0..2 {
        assert!(store.update_webhook(change.clone()).await.unwrap(), "the same command, run again");
    }
    let outdated = WebhookUpdate { name: "another".into(), ..update(&before, workspace) };
    assert!(!store.update_webhook(outdated).await.unwrap());
    let after = row(store, workspace, id).await;
    assert_eq!((after.webhook.name.as_str(), after.webhook.kinds), ("ERP", before.webhook.kinds));
    assert_eq!(after.webhook.next_try_at, Some(now()), "and the pause is over");
    assert_eq!((after.webhook.cursor, after.webhook.state), (before.webhook.cursor, WebhookState::Retrying));
    assert_eq!(told(&harness, id).await, [LogKind::WebhookCreated, LogKind::WebhookChanged]);
}

async fn switched_on_it_begins_now_or_where_it_is_told(harness: Harness) {
    let (store, workspace) = (&harness.store, harness.workspace);
    let id = make(&harness).await;
    let stood = row(store, workspace, id).await.webhook.cursor;
    let switch = async |enabled: bool, begins: Option<WebhookBegin>| {
        let before = row(store, workspace, id).await;
        let change = WebhookUpdate { enabled, begins, now: later(9), ..update(&before, workspace) };
        assert!(store.update_webhook(change).await.unwrap());
        row(store, workspace, id).await.webhook
    };
    let off = switch(false, None).await;
    assert_eq!((off.cursor, off.state, off.enabled), (stood, WebhookState::Disabled, false));
    assert!(store.find_webhook_work(workspace, id, now()).await.unwrap().is_none());
    let end = grow(&harness).await;
    let on = switch(true, Some(WebhookBegin::Now)).await;
    assert_eq!((on.cursor, on.state), (Cursor::at(end), WebhookState::Healthy));
    assert_eq!(work(&harness, id, now()).await.patience_from, later(9));
    switch(false, None).await;
    assert_eq!(switch(true, Some(WebhookBegin::After(stood))).await.cursor, stood);
}

async fn a_former_secret_counts_for_a_while(harness: Harness) {
    let (store, workspace) = (&harness.store, harness.workspace);
    let id = make(&harness).await;
    let (first, second) = ("whsec_aHVzaA==", "whsec_c2Vjb25k");
    assert!(store.rotate_webhook_secret((workspace, id, 1), second, later(100), "agt_1", now()).await.unwrap());
    assert!(!store.rotate_webhook_secret((workspace, id, 1), "whsec_eA==", later(100), "agt_1", now()).await.unwrap());
    assert_eq!(work(&harness, id, later(99)).await.secrets, [second, first]);
    assert_eq!(work(&harness, id, later(100)).await.secrets, [second]);
    let after = row(store, workspace, id).await;
    assert_eq!((after.secret.as_str(), after.webhook.former_secret_until), (second, Some(later(100))));
    assert_eq!(told(&harness, id).await, [LogKind::WebhookCreated, LogKind::WebhookChanged]);
}

async fn secrets_are_sealed_and_keys_can_be_changed(harness: Harness) {
    let workspace = harness.workspace;
    let (first, second) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
    let open = async |key: &SecretKey, older: Vec<SecretKey>| {
        let mut config = harness.config.clone();
        config.keys = Keyring::new(key.clone(), older);
        Store::open(config).await.unwrap()
    };
    let start = open(&first, vec![]).await;
    let new = new_webhook(&harness, workspace);
    let id = new.id;
    start.create_webhook(new).await.unwrap();
    start.rotate_webhook_secret((workspace, id, 1), "whsec_c2Vjb25k", later(100), "agt_1", now()).await.unwrap();
    let sealed = harness.raw("SELECT secret || ' ' || former_secret FROM webhook WHERE id = $1", &[id.0.into()]).await;
    assert!(sealed[0].starts_with("1.") && !sealed[0].contains("whsec_"), "{sealed:?}");

    let stranger = open(&second, vec![]).await;
    assert_eq!(stranger.missing_keys().await.unwrap().len(), 1, "a lost key is noticed before it is needed");
    assert!(stranger.find_webhook(workspace, id).await.is_err());
    let both = open(&second, vec![first]).await;
    assert_eq!(both.reseal_secrets().await.unwrap(), 1);
    assert_eq!(both.reseal_secrets().await.unwrap(), 0, "nothing is left to do");
    assert!(stranger.missing_keys().await.unwrap().is_empty());
    let work = stranger.find_webhook_work(workspace, id, now()).await.unwrap().unwrap();
    assert_eq!(work.secrets, ["whsec_c2Vjb25k", "whsec_aHVzaA=="]);
}

async fn one_holds_it_at_a_time(harness: Harness) {
    let (store, workspace) = (&harness.store, harness.workspace);
    let id = make(&harness).await;
    let other_workspace = harness.other_workspace().await;
    let theirs = new_webhook(&harness, other_workspace);
    store.create_webhook(theirs.clone()).await.unwrap();
    let off = NewWebhook { enabled: false, ..new_webhook(&harness, workspace) };
    store.create_webhook(off).await.unwrap();
    let all = [(workspace, id), (other_workspace, theirs.id)];
    assert_eq!(store.list_enabled_webhooks(WebhookId(0), 9).await.unwrap(), all);
    assert_eq!(store.list_enabled_webhooks(id, 9).await.unwrap(), all[1..]);
    assert_eq!(store.list_enabled_webhooks(WebhookId(0), 1).await.unwrap(), all[..1]);

    let seen = work(&harness, id, now()).await;
    assert_eq!(seen.lease, None);
    assert!(store.claim_webhook(&seen, ME, now(), later(LEASE)).await.unwrap());
    assert!(store.claim_webhook(&seen, ME, now(), later(LEASE)).await.unwrap(), "held on");
    assert!(!store.claim_webhook(&seen, OTHER, later(LEASE - 1), later(2 * LEASE)).await.unwrap());
    assert_eq!(work(&harness, id, now()).await.lease, Some((ME, later(LEASE))));
    assert!(
        store.claim_webhook(&seen, OTHER, later(LEASE), later(2 * LEASE)).await.unwrap(),
        "a dead one's lease ends"
    );
    store.release_webhook(workspace, id, ME).await.unwrap();
    assert_eq!(work(&harness, id, now()).await.lease, Some((OTHER, later(2 * LEASE))), "not ours to let go");
    store.release_webhook(workspace, id, OTHER).await.unwrap();
    assert_eq!(work(&harness, id, now()).await.lease, None);

    assert!(store.claim_webhook(&seen, OTHER, now(), later(LEASE)).await.unwrap());
    assert_eq!(store.void_webhook_leases().await.unwrap(), 1);
    let before = row(store, workspace, id).await;
    assert!(store.update_webhook(update(&before, workspace)).await.unwrap());
    assert!(!store.claim_webhook(&seen, ME, now(), later(LEASE)).await.unwrap(), "it was changed since it was read");
}

async fn a_try_leaves_the_webhook_where_it_belongs(harness: Harness) {
    let (store, workspace) = (&harness.store, harness.workspace);
    let id = make(&harness).await;
    let start = row(store, workspace, id).await.webhook.cursor.seq;
    store.skip_webhook(&work(&harness, id, now()).await, start + 2).await.unwrap();
    assert_eq!(work(&harness, id, now()).await.cursor_seq, start + 2);
    store.skip_webhook(&work(&harness, id, now()).await, start + 1).await.unwrap();
    assert_eq!(work(&harness, id, now()).await.cursor_seq, start + 2, "never back");

    attempt_at(&harness, id, start + 3, WebhookVerdict::Retry { due_at: later(2_000) }, later(5)).await;
    let waits = row(store, workspace, id).await.webhook;
    assert_eq!((waits.state, waits.failing_since), (WebhookState::Retrying, Some(later(5))));
    assert_eq!((waits.last_error, waits.last_failure_at), (Some(WebhookError::NotAccepted), Some(later(5))));
    let seen = work(&harness, id, later(5)).await;
    assert_eq!((seen.cursor_seq, seen.tries, seen.due_at), (start + 2, 1, later(2_000)));
    assert_eq!(seen.lease, None, "let go");
    attempt_at(&harness, id, start + 3, WebhookVerdict::Retry { due_at: later(9_000) }, later(2_000)).await;
    assert_eq!(row(store, workspace, id).await.webhook.failing_since, Some(later(5)), "since the first of them");

    let seen = work(&harness, id, later(9_000)).await;
    assert_eq!(seen.tries, 2);
    assert!(store.claim_webhook(&seen, ME, later(9_000), later(9_000 + LEASE)).await.unwrap());
    let lease_until = Some(later(10_000 + LEASE));
    let arrived =
        WebhookAttempt { lease_until, ..attempt(&harness, &seen, start + 3, WebhookVerdict::Delivered, later(9_000)) };
    for _ in 0..2 {
        store.end_webhook_attempt(arrived.clone()).await.unwrap();
    }
    let fine = row(store, workspace, id).await.webhook;
    assert_eq!((fine.state, fine.failing_since, fine.last_error), (WebhookState::Healthy, None, None));
    assert_eq!((fine.last_success_at, fine.last_failure_at), (Some(later(9_000)), Some(later(2_000))));
    assert_eq!((fine.cursor, fine.next_try_at), (Cursor::at(start + 3), None));
    assert_eq!(work(&harness, id, now()).await.lease, Some((ME, later(10_000 + LEASE))), "held on");
    assert_eq!(told(&harness, id).await, [LogKind::WebhookCreated], "what passes by itself is no news");
}

async fn a_try_of_another_time_moves_nothing(harness: Harness) {
    let (store, workspace) = (&harness.store, harness.workspace);
    let id = make(&harness).await;
    let seen = work(&harness, id, now()).await;
    let next = seen.cursor_seq + 1;
    assert!(store.claim_webhook(&seen, ME, now(), later(LEASE)).await.unwrap());
    let before = row(store, workspace, id).await;
    assert!(store.update_webhook(update(&before, workspace)).await.unwrap());
    store.end_webhook_attempt(attempt(&harness, &seen, next, WebhookVerdict::Delivered, now())).await.unwrap();
    let after = work(&harness, id, now()).await;
    assert_eq!((after.cursor_seq, after.lease), (seen.cursor_seq, None), "it is sent again, and nobody waits for it");

    assert!(store.claim_webhook(&after, ME, now(), later(10)).await.unwrap());
    assert!(store.claim_webhook(&after, OTHER, later(10), later(LEASE)).await.unwrap());
    store.end_webhook_attempt(attempt(&harness, &after, next, WebhookVerdict::Gone, later(11))).await.unwrap();
    let seen = work(&harness, id, now()).await;
    assert_eq!((seen.cursor_seq, seen.lease), (after.cursor_seq, Some((OTHER, later(LEASE)))), "its lease was over");
    let tries = store.list_webhook_deliveries(workspace, id, false, WebhookDeliveryId(i64::MAX), 9).await.unwrap();
    assert_eq!(tries.len(), 2, "both are told all the same");
}

async fn a_day_of_failures_is_told_once_and_so_is_its_end(harness: Harness) {
    let (store, workspace) = (&harness.store, harness.workspace);
    let id = make(&harness).await;
    let next = row(store, workspace, id).await.webhook.cursor.seq + 1;
    let retry = WebhookVerdict::Retry { due_at: now() };
    for millis in [0, TRYING_MILLIS - 1, TRYING_MILLIS, TRYING_MILLIS + 1] {
        attempt_at(&harness, id, next, retry, later(millis)).await;
        let state = if millis < TRYING_MILLIS { WebhookState::Retrying } else { WebhookState::Failing };
        let shown = row(store, workspace, id).await.webhook;
        assert_eq!((shown.state, shown.enabled, shown.failing_since), (state, true, Some(now())));
    }
    assert_eq!(told(&harness, id).await, [LogKind::WebhookCreated, LogKind::WebhookChanged]);
    attempt_at(&harness, id, next, WebhookVerdict::Delivered, later(TRYING_MILLIS + 2)).await;
    assert_eq!(row(store, workspace, id).await.webhook.state, WebhookState::Healthy);
    assert_eq!(told(&harness, id).await.len(), 3);
}

async fn a_receiver_that_is_gone_switches_it_off(harness: Harness) {
    let (store, workspace) = (&harness.store, harness.workspace);
    let id = make(&harness).await;
    let stood = row(store, workspace, id).await.webhook.cursor;
    attempt_at(&harness, id, stood.seq + 1, WebhookVerdict::Gone, now()).await;
    let gone = row(store, workspace, id).await;
    assert_eq!((gone.webhook.state, gone.webhook.enabled, gone.webhook.cursor), (WebhookState::Gone, false, stood));
    assert_eq!(told(&harness, id).await, [LogKind::WebhookCreated, LogKind::WebhookChanged]);
    let renamed = WebhookUpdate { name: "old CRM".into(), ..update(&gone, workspace) };
    assert!(store.update_webhook(renamed).await.unwrap());
    let gone = row(store, workspace, id).await;
    assert_eq!(gone.webhook.state, WebhookState::Gone, "another name says nothing of that");
    let on = WebhookUpdate { enabled: true, begins: Some(WebhookBegin::After(stood)), ..update(&gone, workspace) };
    assert!(store.update_webhook(on).await.unwrap());
    assert_eq!(row(store, workspace, id).await.webhook.state, WebhookState::Healthy);
}

async fn what_was_given_up_is_sent_again(harness: Harness) {
    let (store, workspace) = (&harness.store, harness.workspace);
    let id = make(&harness).await;
    let start = row(store, workspace, id).await.webhook.cursor.seq;
    for seq in 1..=4 {
        attempt_at(&harness, id, start + seq, WebhookVerdict::GiveUp { due_at: later(60_000) }, now()).await;
    }
    let shown = row(store, workspace, id).await.webhook;
    assert_eq!((shown.failed_events, shown.cursor), (4, Cursor::at(start + 4)), "the others have their turn");
    assert_eq!(work(&harness, id, now()).await.due_at, later(60_000));

    assert_eq!(store.replay_failed_webhook_events(workspace, id, later(1), 2).await.unwrap(), 2);
    assert_eq!(store.replay_failed_webhook_events(workspace, id, later(2), 9).await.unwrap(), 2);
    assert_eq!(row(store, workspace, id).await.webhook.failed_events, 0);
    let replay = async || work(&harness, id, later(9)).await.replay.map(|replay| (replay.seq - start, replay.tries));
    let again = async |seq: i64, verdict: WebhookVerdict| {
        let seen = work(&harness, id, later(9)).await;
        assert!(store.claim_webhook(&seen, ME, later(9), later(LEASE)).await.unwrap());
        let number = seen.replay.unwrap().tries + 1;
        let made = attempt(&harness, &seen, start + seq, verdict, later(9));
        let made = WebhookAttempt { source: WebhookSource::Replay, attempt: number, ..made };
        store.end_webhook_attempt(made).await.unwrap();
    };
    assert_eq!(replay().await, Some((1, 0)));
    again(1, WebhookVerdict::Delivered).await;
    assert_eq!(replay().await, Some((2, 0)));
    again(2, WebhookVerdict::Retry { due_at: later(5_000) }).await;
    assert_eq!(replay().await, Some((3, 0)), "those that failed less often come first");
    assert_eq!(
        work(&harness, id, later(9)).await.replay.unwrap().due_at,
        later(5_000),
        "and none before the pause is over"
    );
    again(3, WebhookVerdict::GiveUp { due_at: later(5_000) }).await;
    again(4, WebhookVerdict::Delivered).await;
    assert_eq!(replay().await, Some((2, 1)));
    let shown = row(store, workspace, id).await.webhook;
    assert_eq!((shown.failed_events, shown.cursor), (1, Cursor::at(start + 4)), "the cursor has nothing to do with it");

    // One event by itself, whether or not it failed.
    store.replay_webhook_event(workspace, id, Cursor::at(start + 3), now()).await.unwrap();
    assert_eq!(row(store, workspace, id).await.webhook.failed_events, 0);
    store.replay_webhook_event(workspace, id, Cursor::at(start), now()).await.unwrap();
    assert_eq!(replay().await, Some((0, 0)));
}

async fn a_webhook_goes_back(harness: Harness) {
    let (store, workspace) = (&harness.store, harness.workspace);
    let id = make(&harness).await;
    let start = row(store, workspace, id).await.webhook.cursor.seq;
    attempt_at(&harness, id, start + 5, WebhookVerdict::GiveUp { due_at: later(60_000) }, now()).await;
    let under_way = work(&harness, id, now()).await;
    assert!(store.claim_webhook(&under_way, ME, now(), later(LEASE)).await.unwrap());
    store.rewind_webhook(workspace, id, Cursor::at(start + 2), "agt_1", later(7)).await.unwrap();
    store
        .end_webhook_attempt(attempt(&harness, &under_way, start + 6, WebhookVerdict::Delivered, now()))
        .await
        .unwrap();
    let seen = work(&harness, id, later(7)).await;
    assert_eq!((seen.cursor_seq, seen.due_at, seen.patience_from), (start + 2, later(7), later(7)), "not undone");
    store.rewind_webhook(workspace, id, Cursor::at(start + 2), "agt_1", later(8)).await.unwrap();
    store.rewind_webhook(workspace, id, Cursor::at(start + 9), "agt_1", later(8)).await.unwrap();
    assert_eq!(work(&harness, id, later(8)).await.cursor_seq, start + 2, "back alone");
    assert_eq!(told(&harness, id).await, [LogKind::WebhookCreated, LogKind::WebhookChanged]);
    attempt_at(&harness, id, start + 5, WebhookVerdict::Delivered, later(9)).await;
    assert_eq!(row(store, workspace, id).await.webhook.failed_events, 0, "what arrived needs no sending again");
}

async fn tries_are_listed_and_forgotten(harness: Harness) {
    let (store, workspace) = (&harness.store, harness.workspace);
    let id = make(&harness).await;
    let next = row(store, workspace, id).await.webhook.cursor.seq + 1;
    attempt_at(&harness, id, next, WebhookVerdict::Retry { due_at: now() }, now()).await;
    attempt_at(&harness, id, next, WebhookVerdict::GiveUp { due_at: now() }, later(1)).await;
    attempt_at(&harness, id, next + 1, WebhookVerdict::Delivered, later(2)).await;
    let test = WebhookDelivery {
        id: WebhookDeliveryId(harness.id()),
        event_id: "evt_t".into(),
        kind: "webhook.test".into(),
        cursor: None,
        attempt: 1,
        at: later(3),
        duration_ms: 4,
        outcome: WebhookOutcome::Delivered,
        status: Some(204),
        error: None,
        detail: None,
    };
    store.record_webhook_test(workspace, id, test.clone()).await.unwrap();
    let list = async |failed: bool, before: i64, limit: u32| {
        store.list_webhook_deliveries(workspace, id, failed, WebhookDeliveryId(before), limit).await.unwrap()
    };
    let all = list(false, i64::MAX, 9).await;
    let outcomes: Vec<WebhookOutcome> = all.iter().map(|one| one.outcome).collect();
    use WebhookOutcome::{Delivered, Failed, Retrying};
    assert_eq!(outcomes, [Delivered, Delivered, Failed, Retrying]);
    assert_eq!(all[0], test);
    assert_eq!((all[2].cursor, all[2].status, all[2].attempt), (Some(Cursor::at(next)), Some(500), 2));
    assert_eq!((all[2].error, all[2].detail.as_deref()), (Some(WebhookError::NotAccepted), Some("no")));
    assert_eq!(list(false, all[1].id.0, 1).await, all[2..3]);
    assert_eq!(list(true, i64::MAX, 9).await, all[2..]);
    assert_eq!(list(true, all[2].id.0, 9).await, all[3..]);
    let event = async |id: WebhookId, delivery: WebhookDeliveryId| {
        store.find_webhook_event(workspace, id, delivery).await.unwrap()
    };
    assert_eq!(event(id, all[2].id).await, Some(ReplayedEvent::Record(Cursor::at(next))));
    assert_eq!(event(id, test.id).await, Some(ReplayedEvent::Test));
    assert_eq!(event(WebhookId(1), test.id).await, None);

    assert_eq!(store.prune_webhook_deliveries(now(), 9).await.unwrap(), 0);
    assert_eq!(store.prune_webhook_deliveries(later(2), 1).await.unwrap(), 2, "a try, and the event that was given up");
    assert_eq!(row(store, workspace, id).await.webhook.failed_events, 0);
    assert_eq!(store.prune_webhook_deliveries(later(2), 9).await.unwrap(), 1);
    assert_eq!(list(false, i64::MAX, 9).await, all[..2]);
}
