//! The log: numbers without gaps, in the order of the commits, whatever happens at the same time.

use super::{Harness, Kind, now, on_both_engines};
use crate::{
    Store, StoreError,
    engine::{Query, params},
    error::Result,
    log::NewRecord,
};
use futures_util::FutureExt;
use model::{Cursor, WorkspaceId, log::LogKind};
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

on_both_engines! {
    a_reader_never_sees_a_gap: own;
    numbers_are_told_in_the_order_of_the_records: shared;
    a_failed_command_uses_no_numbers_up: shared;
    a_command_without_a_log_is_not_done: shared;
    readers_are_woken: shared;
}

fn record(workspace: WorkspaceId, subject: &str) -> NewRecord {
    let mut record = NewRecord::new(workspace, now(), LogKind::TokenCreated);
    record.subject_id = Some(subject.to_owned());
    record
}

/// A command that does some work and logs; fails at its end when it is told to.
async fn log(store: &Store, records: Vec<NewRecord>, fails: bool) -> Result<Vec<i64>> {
    let written = store.write((records, fails), |executor, (records, fails)| {
        async move {
            // Something to do before the numbers are taken, so that commands overlap.
            for record in records {
                executor
                    .execute(
                        Query::Same("UPDATE workspace SET name = name WHERE id = $1 AND id < 0"),
                        &params![record.workspace_id.0],
                    )
                    .await?;
                executor.log(record.clone());
            }
            if *fails { Err(StoreError::Internal("told to fail".into())) } else { Ok(()) }
        }
        .boxed()
    });
    written.await.map(|((), numbers)| numbers)
}

/// Follows a log by cursor until `done`; returns what it saw, or the first gap.
async fn tail(store: &Store, workspace: WorkspaceId, done: &AtomicBool) -> std::result::Result<Vec<String>, String> {
    let mut seen = Vec::new();
    loop {
        // Asked before the look: what was committed by then is seen by it.
        let is_last = done.load(Ordering::SeqCst);
        let after = Cursor::at(seen.len() as i64);
        let records = store.list_log_records(workspace, after, 100).await.unwrap();
        for record in &records {
            if record.seq != seen.len() as i64 + 1 {
                return Err(format!("{} follows {}", record.seq, seen.len()));
            }
            seen.push(record.subject_id.clone().unwrap_or_default());
        }
        if records.is_empty() {
            if is_last {
                return Ok(seen);
            }
            tokio::task::yield_now().await;
        }
    }
}

async fn a_reader_never_sees_a_gap(harness: Harness) {
    const WRITERS: usize = 64;
    const COMMANDS: usize = 15;
    let second = harness.reopen().await;
    let mut workspaces = vec![harness.workspace];
    for _ in 0..2 {
        workspaces.push(harness.other_workspace().await);
    }
    let done = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = workspaces
        .iter()
        .map(|workspace| {
            let (store, workspace, done) = (harness.store.clone(), *workspace, Arc::clone(&done));
            tokio::spawn(async move { tail(&store, workspace, &done).await })
        })
        .collect();
    let writers = (0..WRITERS).map(|writer| {
        let store = if writer % 2 == 0 { harness.store.clone() } else { second.clone() };
        let workspaces = workspaces.clone();
        tokio::spawn(async move {
            let mut kept: BTreeMap<(WorkspaceId, i64), String> = BTreeMap::new();
            for n in 0..COMMANDS {
                // Several workspaces at once, named in any order.
                let records: Vec<NewRecord> = (0..1 + n % 4)
                    .map(|k| record(workspaces[(writer + n + k * 2) % 3], &format!("{writer}.{n}.{k}")))
                    .collect();
                let fails = n % 5 == 4;
                let outcome = log(&store, records.clone(), fails).await;
                assert_eq!(outcome.is_err(), fails, "{outcome:?}");
                for (record, seq) in records.iter().zip(outcome.unwrap_or_default()) {
                    kept.insert((record.workspace_id, seq), record.subject_id.clone().unwrap());
                }
            }
            kept
        })
    });
    let mut kept = BTreeMap::new();
    for writer in futures_util::future::join_all(writers).await {
        kept.extend(writer.unwrap());
    }
    done.store(true, Ordering::SeqCst);
    for (workspace, reader) in workspaces.iter().zip(futures_util::future::join_all(readers).await) {
        let seen = reader.unwrap().unwrap_or_else(|gap| panic!("a gap: {gap}"));
        let wanted: Vec<String> =
            kept.range((*workspace, 0)..(*workspace, i64::MAX)).map(|(_, subject)| subject.clone()).collect();
        assert!(wanted.len() > 300);
        assert_eq!(seen, wanted, "every record at the number that its writer was told");
    }
}

/// The proof that the reader above would find numbers that are taken before the commit.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_finds_numbers_that_are_taken_early() {
    let harness = Harness::own(Kind::Postgres).await;
    let (store, workspace) = (harness.store.clone(), harness.workspace);
    let done = Arc::new(AtomicBool::new(false));
    let found = Arc::new(AtomicBool::new(false));
    let reader = {
        let (store, done, found) = (store.clone(), Arc::clone(&done), Arc::clone(&found));
        tokio::spawn(async move {
            let outcome = tail(&store, workspace, &done).await;
            found.store(outcome.is_err(), Ordering::SeqCst);
        })
    };
    let written = Arc::new(AtomicUsize::new(0));
    let writers = (0..32).map(|_| {
        let (store, written, found) = (store.clone(), Arc::clone(&written), Arc::clone(&found));
        tokio::spawn(async move {
            while !found.load(Ordering::SeqCst) && written.fetch_add(1, Ordering::SeqCst) < 20_000 {
                let (seq, _) = store
                    .write(workspace, |executor, workspace| {
                        async move {
                            let raise = Query::Same("UPDATE log_head SET seq = seq + 1 WHERE workspace_id = $1 AND shard = 0 RETURNING seq");
                            executor.query_opt(raise, &params![workspace.0], |row| row.int(0)).await
                        }
                        .boxed()
                    })
                    .await
                    .unwrap();
                store
                    .write((seq.unwrap(), workspace), |executor, (seq, workspace)| {
                        async move {
                            let insert = Query::Same("INSERT INTO log (workspace_id, shard, seq, at, kind, shown) VALUES ($1, 0, $2, 0, 'token.created', FALSE)");
                            executor.execute(insert, &params![workspace.0, *seq]).await
                        }
                        .boxed()
                    })
                    .await
                    .unwrap();
            }
        })
    });
    futures_util::future::join_all(writers).await;
    done.store(true, Ordering::SeqCst);
    reader.await.unwrap();
    assert!(found.load(Ordering::SeqCst), "20,000 records and not one gap: the reader is blind");
}

async fn numbers_are_told_in_the_order_of_the_records(harness: Harness) {
    let (one, two) = (harness.workspace, harness.other_workspace().await);
    let records = [(two, "a"), (one, "b"), (two, "c"), (one, "d"), (one, "e")];
    let records = records.iter().map(|(workspace, subject)| record(*workspace, subject)).collect();
    assert_eq!(log(&harness.store, records, false).await.unwrap(), [1, 1, 2, 2, 3]);
    let told = async |workspace| {
        let records = harness.log(workspace).await;
        records.into_iter().map(|record| record.subject_id.unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(told(one).await, ["b", "d", "e"]);
    assert_eq!(told(two).await, ["a", "c"]);
    assert_eq!(log(&harness.store, vec![], false).await.unwrap(), [] as [i64; 0]);
    let head = harness.store.get_log_head(one).await.unwrap();
    assert_eq!(head, Cursor::at(3));
    assert_eq!(harness.store.get_log_head(WorkspaceId(5)).await.unwrap(), Cursor::START);
    assert_eq!(harness.store.list_log_records(one, Cursor::at(1), 1).await.unwrap()[0].seq, 2);
    assert!(harness.store.list_log_records(one, head, 10).await.unwrap().is_empty());
}

async fn a_failed_command_uses_no_numbers_up(harness: Harness) {
    let (store, workspace) = (&harness.store, harness.workspace);
    assert_eq!(log(store, vec![record(workspace, "a")], false).await.unwrap(), [1]);
    assert!(log(store, vec![record(workspace, "b")], true).await.is_err());
    assert_eq!(log(store, vec![record(workspace, "c")], false).await.unwrap(), [2]);
    let told = harness.log(workspace).await;
    assert_eq!(told.iter().filter_map(|record| record.subject_id.as_deref()).collect::<Vec<_>>(), ["a", "c"]);
}

async fn a_command_without_a_log_is_not_done(harness: Harness) {
    let nowhere = WorkspaceId(harness.id());
    let token = format!("token of {nowhere}");
    let written = harness.store.write((nowhere, harness.workspace, token.clone(), harness.id()), |executor, (nowhere, workspace, token, id)| {
        async move {
            let insert = Query::Same("INSERT INTO api_token (id, workspace_id, name, role, secret_hash, created_at) VALUES ($1, $2, 'n', 'agent', $3, 0)");
            executor.execute(insert, &params![*id, workspace.0, token]).await?;
            executor.log(record(*workspace, "here"));
            executor.log(record(*nowhere, "nowhere"));
            Ok(())
        }
        .boxed()
    });
    assert!(matches!(written.await, Err(StoreError::Internal(_))));
    assert!(harness.store.find_token(&token).await.unwrap().is_none(), "half of it would be worse than nothing");
    assert!(harness.log(harness.workspace).await.is_empty());
}

async fn readers_are_woken(harness: Harness) {
    let (store, workspace) = (&harness.store, harness.workspace);
    let other = harness.other_workspace().await;
    let (mut watch, quiet) = (store.watch_log(workspace), store.watch_log(other));
    let waiter = tokio::spawn(async move {
        watch.changed().await.unwrap();
        *watch.borrow()
    });
    log(store, vec![record(workspace, "a"), record(workspace, "b")], false).await.unwrap();
    assert_eq!(waiter.await.unwrap(), 2);
    assert!(!quiet.has_changed().unwrap());
    assert_eq!(*store.watch_log(workspace).borrow(), 2, "whoever comes later sees how far it is");
}
