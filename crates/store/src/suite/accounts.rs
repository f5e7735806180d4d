//! Channel accounts, callback addresses, sealed secrets, idempotency keys.

use super::{
    Harness, later, now, on_both_engines,
    world::{Page, new_page},
};
use crate::{ChannelAccountRow, ChannelAccountUpdate, Created, Idempotency, Keyring, SecretKey, Store, StoreError};
use model::{ChannelAccountId, InboundEventId, log::LogKind, operation::InboundState};

on_both_engines! {
    an_account_is_connected_once: shared;
    an_account_is_its_workspaces_alone: shared;
    pages_of_one_app_share_a_callback_address: shared;
    secrets_are_unreadable_in_the_row: shared;
    two_changes_at_once_do_not_undo_each_other: shared;
    a_change_that_is_run_again_is_the_same_change: shared;
    an_account_alone_keeps_its_address_when_the_apps_secret_changes: shared;
    an_account_among_others_moves_when_the_apps_secret_changes: shared;
    keys_are_changed_in_two_steps: own;
    events_that_came_too_early_are_kept_for_the_account: shared;
    the_first_callback_is_told: shared;
    a_repeated_request_finds_what_the_first_made: shared;
    a_refused_creation_does_not_use_the_key_up: shared;
    old_keys_are_forgotten: own;
}

fn change(page: &Page, row: &ChannelAccountRow) -> ChannelAccountUpdate {
    ChannelAccountUpdate {
        resume: false,
        id: page.id,
        workspace_id: page.workspace,
        version: row.version,
        name: row.account.name.clone(),
        enabled: row.account.enabled,
        address: page.address.clone(),
        namespace: row.namespace.clone(),
        settings: row.account.settings.clone(),
        secrets: row.secrets.clone(),
        shared_callback_key: row.secrets.get("app_secret").cloned(),
        callback_key: format!("new-key-of-{}", page.id),
        actor_id: "agt_1".into(),
        now: now(),
    }
}

async fn row_of(store: &Store, page: &Page) -> ChannelAccountRow {
    store.find_channel_account(page.workspace, page.id).await.unwrap().unwrap()
}

fn key_of(row: &ChannelAccountRow) -> &str {
    row.account.callback_path.rsplit('/').next().unwrap()
}

async fn an_account_is_connected_once(harness: Harness) {
    let (store, workspace) = (&harness.store, harness.workspace);
    let new = new_page(&harness, workspace, "page-1", "app");
    let created = Some(Created::New(new.id));
    assert_eq!(store.create_channel_account(new.clone()).await.unwrap(), created);
    assert_eq!(store.create_channel_account(new.clone()).await.unwrap(), created, "the same command, run again");
    let second = new_page(&harness, workspace, "page-1", "another app");
    assert_eq!(store.create_channel_account(second.clone()).await.unwrap(), None);
    assert!(store.find_callback_endpoint(&second.callback_key).await.unwrap().is_none(), "and leaves nothing behind");

    let row = store.find_channel_account(workspace, new.id).await.unwrap().unwrap();
    assert_eq!(row.secrets, new.secrets);
    assert_eq!((row.version, row.namespace.as_str(), row.account.enabled), (1, "page:page-1", true));
    assert_eq!(row.account.settings["page_id"], "page-1");
    assert_eq!(row.account.secret_names, ["app_secret", "token"]);
    assert_eq!(row.account.callback_path, format!("/callbacks/messenger/{}", new.callback_key));
    let told: Vec<LogKind> = harness.log(workspace).await.iter().map(|record| record.kind).collect();
    assert_eq!(told, [LogKind::ChannelAccountCreated]);
}

async fn an_account_is_its_workspaces_alone(harness: Harness) {
    let (store, other) = (&harness.store, harness.other_workspace().await);
    let page = harness.page().await;
    let theirs = harness.page_of(other, &page.address, "their app").await;
    assert_ne!(theirs.callback_key, page.callback_key);
    assert!(store.find_channel_account(other, page.id).await.unwrap().is_none());
    let row = row_of(store, &page).await;
    let foreign = ChannelAccountUpdate { workspace_id: other, name: "stolen".into(), ..change(&page, &row) };
    assert!(!store.update_channel_account(foreign).await.unwrap());
    store.touch_channel_account(other, page.id, true, now()).await.unwrap();
    let row = row_of(store, &page).await;
    assert_ne!(row.account.name, "stolen");
    assert_eq!(row.account.last_callback_at, None);
    assert_eq!(harness.log(other).await.len(), 1, "only that their own account was made");

    let settings = store.find_channel_settings(harness.workspace, page.id).await.unwrap().unwrap();
    assert_eq!((settings.0.as_str(), &settings.1["page_id"]), ("messenger", &page.address.as_str().into()));
    assert_eq!(store.find_channel_settings(harness.other_workspace().await, page.id).await.unwrap(), None);
    let listed = store.list_channel_accounts(harness.workspace, ChannelAccountId(0), 10).await.unwrap();
    assert_eq!(listed.iter().map(|account| account.id).collect::<Vec<_>>(), [page.id]);
    assert!(store.list_channel_accounts(harness.workspace, page.id, 10).await.unwrap().is_empty());
}

async fn pages_of_one_app_share_a_callback_address(harness: Harness) {
    let workspace = harness.workspace;
    let one = harness.page_of(workspace, "page-1", "app").await;
    let two = harness.page_of(workspace, "page-2", "app").await;
    let three = harness.page_of(workspace, "page-3", "other app").await;
    assert_eq!(one.callback_key, two.callback_key);
    assert_ne!(one.callback_key, three.callback_key);
    let other = harness.other_workspace().await;
    let foreign = harness.page_of(other, "page-9", "app").await;
    assert_ne!(foreign.callback_key, one.callback_key, "another workspace's app is another app");

    let endpoint = harness.store.find_callback_endpoint(&one.callback_key).await.unwrap().unwrap();
    assert_eq!((endpoint.workspace_id, endpoint.kind.as_str()), (workspace, "messenger"));
    let behind: Vec<(&str, ChannelAccountId)> =
        endpoint.accounts.iter().map(|account| (account.address.as_str(), account.row.account.id)).collect();
    assert_eq!(behind, [("page-1", one.id), ("page-2", two.id)]);
    assert_eq!(endpoint.accounts[1].row.secrets["token"], "hush-hush");
    assert!(harness.store.find_callback_endpoint("guess").await.unwrap().is_none());

    let mut alone = new_page(&harness, workspace, "page-4", "app");
    alone.shared_callback_key = None;
    let key = alone.callback_key.clone();
    harness.store.create_channel_account(alone).await.unwrap();
    assert_eq!(harness.store.find_callback_endpoint(&key).await.unwrap().unwrap().accounts.len(), 1);
}

async fn secrets_are_unreadable_in_the_row(harness: Harness) {
    let page = harness.page().await;
    let sealed = harness.raw("SELECT secrets FROM channel_account WHERE id = $1", &[page.id.0.into()]).await;
    assert!(sealed[0].starts_with("1."), "{sealed:?}");
    let rows = harness
        .raw(
            "SELECT name || address || namespace || settings || secrets || secret_names || callback_key FROM channel_account WHERE id = $1",
            &[page.id.0.into()],
        )
        .await;
    assert!(!rows[0].contains("hush-hush") && !rows[0].contains("secret of"), "{rows:?}");
    let endpoint = harness
        .raw("SELECT fingerprint FROM callback_endpoint WHERE workspace_id = $1", &[harness.workspace.0.into()])
        .await;
    assert!(!endpoint[0].contains("secret of"));

    // Moved to another row, or opened with another key, it stays shut.
    let other = harness.page().await;
    harness
        .raw(
            "UPDATE channel_account SET secrets = (SELECT secrets FROM channel_account WHERE id = $1) WHERE id = $2",
            &[page.id.0.into(), other.id.0.into()],
        )
        .await;
    let moved = harness.store.find_channel_account(harness.workspace, other.id).await;
    assert!(matches!(moved.map(|_| ()), Err(StoreError::Sealed(_))));
    let mut config = harness.config.clone();
    config.keys = Keyring::new(SecretKey::generate().unwrap(), vec![]);
    let stranger = Store::open(config).await.unwrap();
    let error = stranger.find_channel_account(harness.workspace, page.id).await.map(|_| ()).unwrap_err();
    assert!(matches!(error, StoreError::Sealed(_)), "{error}");
}

async fn two_changes_at_once_do_not_undo_each_other(harness: Harness) {
    let (store, page) = (&harness.store, harness.page().await);
    let row = row_of(store, &page).await;
    let changes: Vec<ChannelAccountUpdate> = (0..8)
        .map(|n| ChannelAccountUpdate { name: format!("name {n}"), enabled: n % 2 == 0, ..change(&page, &row) })
        .collect();
    let outcomes =
        futures_util::future::join_all(changes.into_iter().map(|change| store.update_channel_account(change))).await;
    let done: Vec<bool> = outcomes.into_iter().map(Result::unwrap).collect();
    assert_eq!(done.iter().filter(|done| **done).count(), 1, "{done:?}");
    let winner = done.iter().position(|done| *done).unwrap();
    let row = row_of(store, &page).await;
    assert_eq!((row.version, row.account.name), (2, format!("name {winner}")));
    let told = harness.log(harness.workspace).await;
    assert_eq!(told.iter().filter(|record| record.kind == LogKind::ChannelAccountChanged).count(), 1);

    // Nor may two accounts name the same page.
    let taken = harness.page().await;
    let rival = ChannelAccountUpdate { address: taken.address.clone(), ..change(&page, &row_of(store, &page).await) };
    assert!(!store.update_channel_account(rival).await.unwrap());
}

async fn a_change_that_is_run_again_is_the_same_change(harness: Harness) {
    let page = harness.page().await;
    let row = row_of(&harness.store, &page).await;
    let change = ChannelAccountUpdate { name: "New".into(), ..change(&page, &row) };
    assert!(harness.store.update_channel_account(change.clone()).await.unwrap());
    assert!(!harness.store.update_channel_account(change).await.unwrap(), "another request with an old version");
    assert_eq!(row_of(&harness.store, &page).await.version, 2);
}

async fn an_account_alone_keeps_its_address_when_the_apps_secret_changes(harness: Harness) {
    let (store, page) = (&harness.store, harness.page().await);
    let row = row_of(store, &page).await;
    let mut change = change(&page, &row);
    change.secrets.insert("app_secret".into(), "rotated".into());
    change.shared_callback_key = Some("rotated".into());
    assert!(store.update_channel_account(change).await.unwrap());
    let row = row_of(store, &page).await;
    assert_eq!(key_of(&row), page.callback_key, "the provider goes on calling there");
    assert_eq!(row.secrets["app_secret"], "rotated");
    let second = harness.page_of(harness.workspace, "page-2", "rotated").await;
    assert_eq!(second.callback_key, page.callback_key, "others of the app find it");
}

async fn an_account_among_others_moves_when_the_apps_secret_changes(harness: Harness) {
    let (store, workspace) = (&harness.store, harness.workspace);
    let one = harness.page_of(workspace, "page-1", "app").await;
    let two = harness.page_of(workspace, "page-2", "app").await;
    for page in [&one, &two] {
        let mut change = change(page, &row_of(store, page).await);
        change.secrets.insert("app_secret".into(), "rotated".into());
        change.shared_callback_key = Some("rotated".into());
        assert!(store.update_channel_account(change).await.unwrap());
    }
    let (first, second) = (row_of(store, &one).await, row_of(store, &two).await);
    assert_ne!(key_of(&first), one.callback_key);
    assert_eq!(key_of(&first), key_of(&second), "they meet again");
    assert!(store.find_callback_endpoint(&one.callback_key).await.unwrap().unwrap().accounts.is_empty());
}

async fn keys_are_changed_in_two_steps(harness: Harness) {
    let page = harness.page_of(harness.workspace, "page-1", "app").await;
    let old = harness.config.keys.clone();
    assert_eq!(harness.store.reseal_secrets().await.unwrap(), 0, "all is current");
    let (first, second) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
    let open = async |keys: Keyring| {
        let mut config = harness.config.clone();
        config.keys = keys;
        Store::open(config).await.unwrap()
    };
    // A ring is made of keys; the harness knows only its ring, so the first change starts from keys of our own.
    drop(old);
    let mut row = row_of(&harness.store, &page).await;
    row.version = 1;
    let start = open(Keyring::new(first.clone(), vec![])).await;
    let mut rewrite = change(&page, &row);
    rewrite.shared_callback_key = Some("app".into());
    assert!(start.update_channel_account(rewrite).await.unwrap());
    assert_eq!(key_of(&row_of(&start, &page).await), page.callback_key);

    let stranger = open(Keyring::new(second.clone(), vec![])).await;
    assert!(!stranger.missing_keys().await.unwrap().is_empty(), "a lost key is noticed before it is needed");

    let both = open(Keyring::new(second.clone(), vec![first.clone()])).await;
    assert_eq!(row_of(&both, &page).await.secrets["token"], "hush-hush", "the older key opens");
    assert_eq!(both.reseal_secrets().await.unwrap(), 1);
    assert_eq!(both.reseal_secrets().await.unwrap(), 0);

    let only_new = open(Keyring::new(second, vec![])).await;
    assert_eq!(row_of(&only_new, &page).await.secrets["token"], "hush-hush", "the older key can go");
    let next = new_page(&harness, harness.workspace, "page-2", "app");
    let id = next.id;
    only_new.create_channel_account(next).await.unwrap();
    let next = only_new.find_channel_account(harness.workspace, id).await.unwrap().unwrap();
    assert_eq!(key_of(&next), page.callback_key, "pages of the app are still known as such");
    let only_old = open(Keyring::new(first, vec![])).await;
    assert!(only_old.find_channel_account(harness.workspace, page.id).await.is_err());
    assert_eq!(only_old.missing_keys().await.unwrap().len(), 1, "one key sealed both pages");
    assert!(only_new.missing_keys().await.unwrap().is_empty());
}

async fn events_that_came_too_early_are_kept_for_the_account(harness: Harness) {
    let (store, workspace) = (&harness.store, harness.workspace);
    let page = harness.page_of(workspace, "page-1", "app").await;
    let early = |address: &str, key: &str| {
        let mut event = harness.event(&page, key);
        (event.channel_account_id, event.state, event.address) = (None, InboundState::Unroutable, address.into());
        event
    };
    let events = vec![early("page-2", "a"), early("page-2", "b"), early("page-3", "c")];
    let ids: Vec<InboundEventId> = events.iter().map(|event| event.id).collect();
    assert_eq!(store.store_inbound_events(events).await.unwrap(), 3);
    let state = async |id| store.find_inbound_event(workspace, id).await.unwrap().unwrap().state;
    assert_eq!(state(ids[0]).await, InboundState::Unroutable);
    assert_eq!(store.count_unreadable_events(workspace).await.unwrap(), 3);

    let second = harness.page_of(workspace, "page-2", "app").await;
    for id in &ids[..2] {
        assert_eq!(state(*id).await, InboundState::Stored);
        assert_eq!(harness.waiting(&second, *id).await.channel_account_id, second.id);
    }
    assert_eq!(state(ids[2]).await, InboundState::Unroutable);
    // The same when an account is changed to be that page.
    let row = row_of(store, &second).await;
    let moved = ChannelAccountUpdate { address: "page-3".into(), ..change(&second, &row) };
    assert!(store.update_channel_account(moved).await.unwrap());
    assert_eq!(state(ids[2]).await, InboundState::Stored);
    // And when the caller has not heard of the account yet.
    let late = early("page-3", "d");
    let id = late.id;
    assert_eq!(store.store_inbound_events(vec![late, early("page-4", "e")]).await.unwrap(), 2);
    assert_eq!(harness.waiting(&second, id).await.channel_account_id, second.id);
    assert_eq!(store.count_unreadable_events(workspace).await.unwrap(), 1);
}

async fn the_first_callback_is_told(harness: Harness) {
    let (store, page) = (&harness.store, harness.page().await);
    store.touch_channel_account(page.workspace, page.id, true, later(1)).await.unwrap();
    store.touch_channel_account(page.workspace, page.id, false, later(2)).await.unwrap();
    assert_eq!(row_of(store, &page).await.account.last_callback_at, Some(later(2)));
    let told: Vec<LogKind> = harness.log(page.workspace).await.iter().map(|record| record.kind).collect();
    assert_eq!(told, [LogKind::ChannelAccountCreated, LogKind::ChannelAccountChanged]);
}

fn key(actor: &str, key: &str, hash: &str) -> Idempotency {
    Idempotency { actor_id: actor.into(), key: key.into(), request_hash: hash.into() }
}

async fn a_repeated_request_finds_what_the_first_made(harness: Harness) {
    let (store, talk) = (&harness.store, harness.talk().await);
    let new = |text: &str, idempotency: Idempotency| {
        let mut new = harness.answer(&talk, text);
        new.idempotency = Some(idempotency);
        new
    };
    let first = new("hello", key("agt_1", "k", "h"));
    let id = first.id;
    assert_eq!(store.find_idempotent(harness.workspace, key("agt_1", "k", "h")).await.unwrap(), None);
    assert_eq!(store.create_message(first.clone()).await.unwrap(), Created::New(id));
    assert_eq!(store.create_message(first).await.unwrap(), Created::New(id), "the same command, run again");
    assert_eq!(store.create_message(new("hello", key("agt_1", "k", "h"))).await.unwrap(), Created::Before(id));
    assert_eq!(store.create_message(new("other", key("agt_1", "k", "h2"))).await.unwrap(), Created::KeyReused);
    let looked_up = store.find_idempotent(harness.workspace, key("agt_1", "k", "h")).await.unwrap();
    assert_eq!(looked_up, Some(Created::Before(id.0)));
    let looked_up = store.find_idempotent(harness.workspace, key("agt_1", "k", "h2")).await.unwrap();
    assert_eq!(looked_up, Some(Created::KeyReused));

    let (theirs, another) = (new("hello", key("tok_1", "k", "h")), new("hello", key("agt_1", "k2", "h")));
    let (their_id, another_id) = (theirs.id, another.id);
    assert_eq!(store.create_message(theirs).await.unwrap(), Created::New(their_id), "another caller's key");
    assert_eq!(store.create_message(another).await.unwrap(), Created::New(another_id), "another key");
    let other = harness.other_workspace().await;
    assert_eq!(store.find_idempotent(other, key("agt_1", "k", "h")).await.unwrap(), None);
    let queued = harness.log(harness.workspace).await;
    assert_eq!(queued.iter().filter(|record| record.kind == LogKind::MessageQueued).count(), 3);

    // All at once: one is made.
    let race: Vec<_> = (0..8).map(|_| store.create_message(new("race", key("agt_1", "race", "h")))).collect();
    let made = futures_util::future::join_all(race).await;
    let made: Vec<Created<_>> = made.into_iter().map(Result::unwrap).collect();
    let fresh: Vec<_> =
        made.iter().filter_map(|made| if let Created::New(id) = made { Some(*id) } else { None }).collect();
    assert_eq!(fresh.len(), 1, "{made:?}");
    assert!(made.iter().all(|made| matches!(made, Created::New(id) | Created::Before(id) if *id == fresh[0])));
}

async fn a_refused_creation_does_not_use_the_key_up(harness: Harness) {
    let (store, page) = (&harness.store, harness.page().await);
    let ask = |address: &str| {
        let mut new = new_page(&harness, harness.workspace, address, "app");
        new.idempotency = Some(key("agt_1", "connect", "h"));
        new
    };
    for _ in 0..2 {
        assert_eq!(store.create_channel_account(ask(&page.address)).await.unwrap(), None, "connected already");
    }
    let free = ask("page-2");
    let id = free.id;
    assert_eq!(store.create_channel_account(free).await.unwrap(), Some(Created::New(id)));
    assert_eq!(store.create_channel_account(ask("page-2")).await.unwrap(), Some(Created::Before(id)));
    let mut other = ask("page-2");
    other.idempotency = Some(key("agt_1", "connect", "other"));
    assert_eq!(store.create_channel_account(other).await.unwrap(), Some(Created::KeyReused));
}

async fn old_keys_are_forgotten(harness: Harness) {
    let (store, talk) = (&harness.store, harness.talk().await);
    for (name, at) in [("old", now()), ("new", later(10))] {
        let mut new = harness.answer(&talk, name);
        (new.idempotency, new.now) = (Some(key("agt_1", name, "h")), at);
        store.create_message(new).await.unwrap();
    }
    assert_eq!(store.forget_idempotency_keys(later(10)).await.unwrap(), 1);
    assert_eq!(store.find_idempotent(harness.workspace, key("agt_1", "old", "h")).await.unwrap(), None);
    assert!(store.find_idempotent(harness.workspace, key("agt_1", "new", "h")).await.unwrap().is_some());
}
