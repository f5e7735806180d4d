//! A database that takes no writes: readiness says so until one succeeds, and the error says what helps.

use super::{Harness, Kind, raw};
use crate::{
    Database, StoreError,
    engine::{Query, postgres},
};
use futures_util::FutureExt;
use model::Role;

/// The store cannot write; this is what it says.
async fn fault(harness: &Harness) -> String {
    match harness.store.ping().await {
        Err(StoreError::CannotWrite(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

/// Says how many pages the writer's database may have.
async fn limit_pages(harness: &Harness, pragma: &'static str) {
    let set = harness.store.write((), move |executor, ()| {
        async move { executor.query(Query::Same(pragma), &[], |row| row.int(0)).await }.boxed()
    });
    set.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_no_readiness() {
    let harness = Harness::own(Kind::Sqlite).await;
    harness.store.ping().await.unwrap();
    // The database may not grow any more: what SQLite then answers is what it answers on a full disk.
    limit_pages(&harness, "PRAGMA max_page_count = 1").await;
    let mut event = harness.event(&harness.page().await, "large");
    event.payload = "x".repeat(200_000);
    match harness.store.store_inbound_events(vec![event.clone()]).await {
        Err(StoreError::CannotWrite(reason)) => {
            assert!(reason.contains("full") && reason.contains("free space on the disk of"), "{reason}");
        }
        other => panic!("{other:?}"),
    }
    assert!(fault(&harness).await.contains("store.db"));
    limit_pages(&harness, "PRAGMA max_page_count = 1000000").await;
    // It looks for jobs all the time; that there is none to take is no proof.
    assert!(harness.claim(1, super::now()).await.is_empty());
    fault(&harness).await;
    harness.store.store_inbound_events(vec![event]).await.unwrap();
    harness.agent(harness.workspace, "a@example.com", Role::Agent).await;
    harness.store.ping().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_turned_read_only_is_no_readiness() {
    let error = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_READONLY), None);
    assert!(matches!(StoreError::from(error), StoreError::CannotWrite(_)));
    // A quota that is used up.
    let error = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR_WRITE), None);
    assert!(matches!(StoreError::from(error), StoreError::CannotWrite(_)));
    let error = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR_READ), None);
    assert!(matches!(StoreError::from(error), StoreError::Unavailable(_)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_only_reads_is_no_readiness() {
    let harness = Harness::own(Kind::Postgres).await;
    let Database::Postgres { url } = &harness.config.database else { panic!("a server") };
    // Sessions that begin from now on may only read; this one may still write.
    let (client, _driver) = postgres::connect(url).await.unwrap();
    let name: String = client.query_one("SELECT current_database()::text", &[]).await.unwrap().get(0);
    let begin_anew = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    client.batch_execute(&format!("ALTER DATABASE {name} SET default_transaction_read_only = on")).await.unwrap();
    client.batch_execute(begin_anew).await.unwrap();
    match raw(&harness.store, "DELETE FROM file", &[]).await {
        Err(StoreError::CannotWrite(reason)) => {
            assert!(reason.contains("read-only") && reason.contains("25006") && reason.contains("server"), "{reason}");
        }
        other => panic!("{other:?}"),
    }
    fault(&harness).await;
    client.batch_execute(&format!("ALTER DATABASE {name} RESET default_transaction_read_only")).await.unwrap();
    client.batch_execute(begin_anew).await.unwrap();
    harness.agent(harness.workspace, "a@example.com", Role::Agent).await;
    harness.store.ping().await.unwrap();
}
