//! The engines: commands that fail or are left alone, opening by many at once, addresses that are wrong.

use super::{Harness, Kind, config, now, on_both_engines, raw};
use crate::{
    Database, Store, StoreError,
    engine::{Query, params},
    error::Result,
    log::NewRecord,
};
use futures_util::FutureExt;
use model::{WorkspaceId, log::LogKind};
use std::{path::Path, sync::mpsc, time::Duration};

on_both_engines! {
    a_command_that_fails_among_others_fails_alone: shared;
    a_command_stands_when_its_caller_goes_away: own;
    a_panic_ends_one_command_alone: own;
    everything_is_there_after_opening_again: own;
    the_address_of_the_server_is_known_to_commands: own;
    what_a_newer_version_made_is_left_alone: own;
}

async fn the_address_of_the_server_is_known_to_commands(harness: Harness) {
    assert_eq!(harness.store.find_served_at().await.unwrap(), None);
    harness.store.serve_at("https://desk.example.com").await.unwrap();
    // A command is a process of its own, and has no address.
    let command = harness.reopen().await;
    assert_eq!(command.find_served_at().await.unwrap().as_deref(), Some("https://desk.example.com"));
    // Another server with another address: the one that was there last counts.
    let other = harness.reopen().await;
    raw(&other, "UPDATE node SET lease_until = lease_until + 1 WHERE id = (SELECT max(id) FROM node)", &[])
        .await
        .unwrap();
    other.serve_at("https://new.example.com").await.unwrap();
    assert_eq!(command.find_served_at().await.unwrap().as_deref(), Some("https://new.example.com"));
}

/// Makes a token row and tells the log; the role decides whether the row is allowed.
async fn insert(store: &Store, workspace: WorkspaceId, id: i64, role: &'static str) -> Result<()> {
    let written = store.write((workspace, id, role), |executor, (workspace, id, role)| {
        async move {
            let insert = Query::Same(
                "INSERT INTO api_token (id, workspace_id, name, role, secret_hash, created_at) VALUES ($1, $2, 'n', $3, $4, 0)",
            );
            executor.log(NewRecord::new(*workspace, now(), LogKind::TokenCreated));
            let secret = format!("secret {id}");
            executor.execute(insert, &params![*id, workspace.0, *role, &secret]).await?;
            executor.log(NewRecord::new(*workspace, now(), LogKind::TokenRevoked));
            Ok(())
        }
        .boxed()
    });
    written.await.map(|_| ())
}

async fn count(harness: &Harness) -> usize {
    harness.raw("SELECT name FROM api_token WHERE workspace_id = $1", &[harness.workspace.0.into()]).await.len()
}

async fn a_command_that_fails_among_others_fails_alone(harness: Harness) {
    let nowhere = WorkspaceId(harness.id());
    // All at once, so that they meet in one group.
    let commands = (0..200).map(|n| {
        let id = harness.id();
        match n % 10 {
            3 => insert(&harness.store, harness.workspace, id, "emperor"),
            7 => insert(&harness.store, nowhere, id, "agent"),
            _ => insert(&harness.store, harness.workspace, id, "agent"),
        }
    });
    let outcomes = futures_util::future::join_all(commands.map(Box::pin)).await;
    for (n, outcome) in outcomes.iter().enumerate() {
        match (n % 10, outcome) {
            (3 | 7, Err(StoreError::Internal(_))) => {}
            (3 | 7, other) | (_, other @ Err(_)) => panic!("{n}: {other:?}"),
            (_, Ok(())) => {}
        }
    }
    assert_eq!(count(&harness).await, 160);
    assert_eq!(harness.log(harness.workspace).await.len(), 320, "of those that failed nothing is told");
}

async fn a_command_stands_when_its_caller_goes_away(harness: Harness) {
    // Callers give up at every possible place: after 0, 1, 2 … polls of their command.
    for polls in 0..40 {
        let command = insert(&harness.store, harness.workspace, harness.id(), "agent");
        let mut command = Box::pin(command);
        for _ in 0..polls {
            if futures_util::poll!(command.as_mut()).is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
    }
    // Whatever they left behind, the others are served and the log has no gap.
    for _ in 0..40 {
        insert(&harness.store, harness.workspace, harness.id(), "agent").await.unwrap();
    }
    wait_until(async || harness.log(harness.workspace).await.len() == 2 * count(&harness).await).await;
    // All but the one that was never polled.
    wait_until(async || count(&harness).await == 79).await;
    if harness.kind == Kind::Postgres {
        let open = "SELECT state FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
        wait_until(async || harness.raw(open, &[]).await.is_empty()).await;
    }
}

/// Waits for a condition; the limit is for a test that hangs, not for one that is slow.
async fn wait_until(mut is_so: impl AsyncFnMut() -> bool) {
    let waited = tokio::time::timeout(Duration::from_secs(60), async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    waited.await.expect("it became so");
}

async fn a_panic_ends_one_command_alone(harness: Harness) {
    let (store, workspace) = (&harness.store, harness.workspace);
    for n in 0..20 {
        let id = harness.id();
        let broken = store.write((workspace, id), move |executor, (workspace, id)| {
            async move {
                let insert = Query::Same("INSERT INTO api_token (id, workspace_id, name, role, secret_hash, created_at) VALUES ($1, $2, 'n', 'agent', $3, 0)");
                let secret = format!("secret {id}");
                executor.execute(insert, &params![*id, workspace.0, &secret]).await?;
                assert!(n < 0, "this panic is part of the test");
                Ok(())
            }
            .boxed()
        });
        let (broken, fine) = tokio::join!(broken, insert(store, workspace, harness.id(), "agent"));
        assert!(matches!(broken, Err(StoreError::Internal(_))), "{broken:?}");
        fine.unwrap();
    }
    let broken = store.read((), |_, ()| async move { panic!("this panic is part of the test") }.boxed());
    let broken: std::result::Result<Result<()>, _> = std::panic::AssertUnwindSafe(broken).catch_unwind().await;
    assert!(!matches!(broken, Ok(Ok(()))));
    assert_eq!(count(&harness).await, 20, "nothing of the broken ones went in with others");
    assert_eq!(harness.log(workspace).await.len(), 40);
}

async fn everything_is_there_after_opening_again(harness: Harness) {
    let talk = harness.talk().await;
    let id = harness.queue(&talk, "answer").await;
    let before = harness.log(harness.workspace).await;
    let again = harness.reopen().await;
    let seen = again.list_log_records(harness.workspace, model::Cursor::START, 100).await.unwrap();
    assert_eq!(seen, before);
    assert!(again.find_delivery(harness.workspace, id).await.unwrap().is_some());
    assert!(again.new_id().unwrap() != harness.id(), "two processes count under two numbers");
    let nodes = |id: i64| (id >> model::id::COUNTER_BITS) & ((1 << model::id::NODE_BITS) - 1);
    assert_ne!(nodes(again.new_id().unwrap()), nodes(harness.id()));
}

async fn what_a_newer_version_made_is_left_alone(harness: Harness) {
    raw(
        &harness.store,
        "INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (9999, 'future', '2030-01-01T00:00:00Z', '1')",
        &[],
    )
    .await
    .unwrap();
    let error = Store::open(harness.config.clone()).await.map(|_| ()).unwrap_err();
    assert!(matches!(&error, StoreError::Setup(text) if text.contains("newer")), "{error:?}");
}

#[test]
fn eight_threads_open_one_new_file() {
    testkit::install_tls();
    for _ in 0..5 {
        let folder = tempfile::tempdir().unwrap();
        let config = config(Kind::Sqlite, "", &folder);
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                        runtime.block_on(async {
                            let store = Store::open(config.clone()).await.unwrap();
                            let workspace = WorkspaceId(store.new_id().unwrap());
                            store.create_workspace(workspace, "one", now()).await.unwrap();
                            workspace
                        })
                    })
                })
                .collect();
            let mut made: Vec<WorkspaceId> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
            made.sort_unstable();
            made.dedup();
            assert_eq!(made.len(), 8, "no id twice");
        });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn six_nodes_open_one_new_database() {
    for _ in 0..2 {
        let url = testkit::postgres::fresh_database().await;
        let nodes = (0..6).map(|_| {
            let url = url.clone();
            tokio::spawn(async move {
                let folder = tempfile::tempdir().unwrap();
                let store = Store::open(config(Kind::Postgres, &url, &folder)).await.unwrap();
                store.new_id().unwrap()
            })
        });
        let mut ids: Vec<i64> =
            futures_util::future::join_all(nodes).await.into_iter().map(|node| node.unwrap()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 6);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_reader_holds_no_writer_up() {
    let harness = Harness::shared(Kind::Sqlite).await;
    let (go_on, wait) = mpsc::channel::<()>();
    let (started, has_started) = tokio::sync::oneshot::channel();
    let hold = std::sync::Mutex::new(Some((wait, started)));
    let store = harness.store.clone();
    let reader = tokio::spawn(async move {
        store
            .read(hold, |executor, hold| {
                async move {
                    // In the middle of a result: the statement, and with it the snapshot, stays open.
                    executor
                        .query(
                            Query::Same("SELECT name FROM workspace UNION ALL SELECT name FROM workspace"),
                            &[],
                            |_| {
                                if let Some((wait, started)) = hold.lock().unwrap().take() {
                                    let _ = started.send(());
                                    let _ = wait.recv();
                                }
                                Ok(())
                            },
                        )
                        .await
                }
                .boxed()
            })
            .await
    });
    has_started.await.unwrap();
    for _ in 0..100 {
        insert(&harness.store, harness.workspace, harness.id(), "agent").await.unwrap();
    }
    assert_eq!(count(&harness).await, 100, "and others read what was written");
    assert!(!reader.is_finished());
    go_on.send(()).unwrap();
    assert_eq!(reader.await.unwrap().unwrap().len(), 2);
}

fn refusal(outcome: Result<Store>) -> String {
    match outcome {
        Err(StoreError::Setup(text)) => text,
        Err(other) => panic!("not a matter of set-up: {other:?}"),
        Ok(_) => panic!("it opened"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_address_is_told_without_the_password() {
    let folder = tempfile::tempdir().unwrap();
    let right = testkit::postgres::fresh_database().await;
    let part = |name: &str| {
        let place = right.find(&format!("{name}=")).unwrap() + name.len() + 1;
        right[place..].split_whitespace().next().unwrap().to_owned()
    };
    let (host, port, password, database) = (part("host"), part("port"), part("password"), part("dbname"));
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let wrong = [
        (format!("postgres://postgres:{password}@{host}:{closed}/{database}"), "refused"),
        (format!("postgres://postgres:{password}@{host}:{port}/nothing_here"), "does not exist"),
        (format!("postgres://nobody:{password}@{host}:{port}/{database}"), "authentication failed"),
        (format!("postgres://postgres:{password}@no-such-host.invalid/{database}"), "check its address"),
        (format!("postgres://postgres:{password}@{host}:{port}/{database}?sslmode=require"), "TLS"),
        (format!("postgres//postgres:{password}@{host}"), "postgres://USER"),
        (
            format!("postgres://postgres:{password}@{host}:{port}/{database}?sslmode=verify-full&sslrootcert=/none"),
            "/none",
        ),
    ];
    for (url, hint) in wrong {
        let text = refusal(Store::open(config(Kind::Postgres, &url, &folder)).await);
        assert!(!text.contains(&password), "{text}");
        assert!(text.contains(hint), "{text}");
    }
    let mut file = config(Kind::Sqlite, "", &folder);
    file.database = Database::Sqlite { path: Path::new("/no/such/folder/store.db").into() };
    assert!(refusal(Store::open(file).await).contains("/no/such/folder"));
    let mut text = config(Kind::Sqlite, "", &folder);
    let path = folder.path().join("letter.txt");
    std::fs::write(&path, "Dear Ada, this is no database. ".repeat(100)).unwrap();
    text.database = Database::Sqlite { path };
    assert!(refusal(Store::open(text).await).contains("letter.txt"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_file_is_noticed() {
    let harness = Harness::shared(Kind::Sqlite).await;
    harness.store.ping().await.unwrap();
    std::fs::remove_file(harness.folder.path().join("store.db")).unwrap();
    assert!(matches!(harness.store.ping().await, Err(StoreError::Unavailable(_))));
}
