//! The suite: every case runs on both engines, from one text.
//!
//! A case takes a [`Harness`]: an open store and a workspace of its own. On PostgreSQL most cases share one database of
//! the test process (`shared`); those that look at what all workspaces have in common (jobs, lanes, owners, pruning) get
//! one of their own (`own`).

mod accounts;
mod catalogue;
mod coverage;
mod engine;
mod episodes;
mod files;
mod inbound;
mod letters;
mod limits;
mod log;
mod media;
mod merging;
mod merging_property;
mod outage;
mod people;
mod property;
mod read_through;
mod reading;
mod scheduled;
mod schema;
mod search;
mod sending;
mod space;
mod webhooks;
mod world;

use crate::{
    Database, Keyring, SecretKey, Store, StoreConfig,
    engine::{Query, Value},
    error::Result,
};
use futures_util::FutureExt;
use model::{Timestamp, WorkspaceId};
use std::sync::atomic::{AtomicI64, Ordering};

/// The time of every case. It stands still, so that leases of node numbers never end by themselves.
static NOW: AtomicI64 = AtomicI64::new(1_790_000_000_000);

/// The store's clock.
pub(crate) fn clock() -> i64 {
    NOW.load(Ordering::SeqCst)
}

/// The time of every case.
pub(crate) fn now() -> Timestamp {
    Timestamp(clock())
}

/// `now` and so many milliseconds.
pub(crate) fn later(millis: i64) -> Timestamp {
    now().plus_millis(millis)
}

/// The two engines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
}

/// An open store with a workspace of its own.
pub(crate) struct Harness {
    pub store: Store,
    pub workspace: WorkspaceId,
    pub config: StoreConfig,
    pub kind: Kind,
    /// Holds the SQLite file and the files.
    pub folder: tempfile::TempDir,
}

impl Harness {
    /// In a database that other cases use as well (PostgreSQL), or a new file (SQLite).
    pub async fn shared(kind: Kind) -> Self {
        static SHARED: tokio::sync::OnceCell<String> = tokio::sync::OnceCell::const_new();
        let url = match kind {
            Kind::Sqlite => String::new(),
            Kind::Postgres => SHARED.get_or_init(testkit::postgres::fresh_database).await.clone(),
        };
        Self::open(kind, url).await
    }

    /// In a database that nobody else uses.
    pub async fn own(kind: Kind) -> Self {
        let url = match kind {
            Kind::Sqlite => String::new(),
            Kind::Postgres => testkit::postgres::fresh_database().await,
        };
        Self::open(kind, url).await
    }

    /// In a database of a server of the case's own.
    pub async fn at(kind: Kind, url: &str) -> Self {
        Self::open(kind, url.to_owned()).await
    }

    async fn open(kind: Kind, url: String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = config(kind, &url, &folder);
        let store = Store::open(config.clone()).await.unwrap();
        let workspace = WorkspaceId(store.new_id().unwrap());
        store.create_workspace(workspace, "Bikes & Co", now()).await.unwrap();
        Self { store, workspace, config, kind, folder }
    }

    /// A second handle of the same database, as another process would have.
    pub async fn reopen(&self) -> Store {
        Store::open(self.config.clone()).await.unwrap()
    }

    /// A second workspace of the same store.
    pub async fn other_workspace(&self) -> WorkspaceId {
        let workspace = WorkspaceId(self.id());
        self.store.create_workspace(workspace, "Somebody else", now()).await.unwrap();
        workspace
    }

    /// A new id's number.
    pub fn id(&self) -> i64 {
        self.store.new_id().unwrap()
    }

    /// Runs a statement of the test's own; gives its first column as text, nulls as empty.
    pub async fn raw(&self, sql: &'static str, params: &[Value<'static>]) -> Vec<String> {
        raw(&self.store, sql, params).await.unwrap()
    }
}

/// Runs a statement of the test's own.
pub(crate) async fn raw(store: &Store, sql: &'static str, params: &[Value<'static>]) -> Result<Vec<String>> {
    let input = params.to_vec();
    store
        .write(input, move |executor, input| {
            async move { executor.query(Query::Same(sql), input, |row| Ok(row.opt_text(0)?.unwrap_or_default())).await }
                .boxed()
        })
        .await
        .map(|(rows, _)| rows)
}

/// What opens a store.
pub(crate) fn config(kind: Kind, url: &str, folder: &tempfile::TempDir) -> StoreConfig {
    testkit::install_tls();
    StoreConfig {
        database: match kind {
            Kind::Sqlite => Database::Sqlite { path: folder.path().join("store.db") },
            Kind::Postgres => Database::Postgres { url: url.to_owned() },
        },
        keys: Keyring::new(SecretKey::generate().unwrap(), vec![]),
        files_dir: folder.path().join("files"),
        now: clock,
    }
}

/// Stamps cases onto both engines: `on_both_engines! { case: shared; other_case: own; }`.
macro_rules! on_both_engines {
    ($($case:ident: $database:ident;)*) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case($crate::suite::Harness::$database($crate::suite::Kind::Sqlite).await).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case($crate::suite::Harness::$database($crate::suite::Kind::Postgres).await).await;
            })*
        }
    };
}
pub(crate) use on_both_engines;
