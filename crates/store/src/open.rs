//! Opening the store, and the two ways to use it: commands and reads.

use crate::{
    batcher::Batcher,
    engine::{Executor, bounded::BoundedReads, postgres::PostgresEngine, sqlite::SqliteEngine},
    error::{Result, StoreError},
    ids::IdSource,
    log::Numbered,
    migrate,
    seal::Keyring,
};
use futures_util::future::BoxFuture;
use model::WorkspaceId;
use std::{
    collections::HashMap,
    os::unix::fs::DirBuilderExt,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::watch;

/// Where the data is.
#[derive(Clone)]
pub enum Database {
    /// A file; its folder must exist.
    Sqlite {
        /// The file.
        path: PathBuf,
    },
    /// A server: `postgres://…` or `host=… user=…`. Holds a password: never printed.
    Postgres {
        /// The address.
        url: String,
    },
}

/// What the store needs to open.
#[derive(Clone)]
pub struct StoreConfig {
    /// The database.
    pub database: Database,
    /// The keys for sealed secrets.
    pub keys: Keyring,
    /// The folder for files.
    pub files_dir: PathBuf,
    /// Reads the time, in unix milliseconds; given by the caller, since the store has no clock.
    pub now: fn() -> i64,
}

/// The handle; cheap to clone.
#[derive(Clone)]
pub struct Store(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    engine: Engine,
    searches: BoundedReads,
    pub(crate) ids: IdSource,
    pub(crate) keys: Keyring,
    pub(crate) files: object_store::local::LocalFileSystem,
    pub(crate) batcher: Batcher,
    commits: Arc<Commits>,
    /// Where the database is, for those who can mend it.
    place: String,
    /// Why the last write failed, when no space was left or the database was read-only; until one succeeds.
    write_fault: Mutex<Option<String>>,
}

#[derive(Clone)]
enum Engine {
    Sqlite(SqliteEngine),
    Postgres(PostgresEngine),
}

/// Who waits for a workspace's log to grow. A hint only: readers look at the log itself.
#[derive(Default)]
struct Commits {
    workspaces: Mutex<HashMap<WorkspaceId, watch::Sender<i64>>>,
    any: watch::Sender<()>,
}

impl Commits {
    /// Wakes each workspace's watchers once, however many records a group brought.
    fn tell(&self, records: &[Numbered]) {
        let mut heads: HashMap<WorkspaceId, i64> = HashMap::new();
        for record in records {
            let head = heads.entry(record.workspace_id).or_default();
            *head = record.seq.max(*head);
        }
        let mut workspaces = self.workspaces.lock().unwrap_or_else(PoisonError::into_inner);
        for (workspace_id, head) in heads {
            let sender = workspaces.entry(workspace_id).or_insert_with(|| watch::Sender::new(0));
            sender.send_if_modified(|seq| {
                let grown = head > *seq;
                *seq = head.max(*seq);
                grown
            });
        }
        self.any.send_replace(());
    }

    fn watch(&self, workspace_id: WorkspaceId) -> watch::Receiver<i64> {
        let mut workspaces = self.workspaces.lock().unwrap_or_else(PoisonError::into_inner);
        workspaces.entry(workspace_id).or_insert_with(|| watch::Sender::new(0)).subscribe()
    }
}

impl Store {
    /// Opens the database, bringing its schema up to date, and takes a node number for ids.
    ///
    /// # Errors
    /// [`StoreError::Setup`] with what to do, when the address, the folder or the schema is wrong.
    pub async fn open(config: StoreConfig) -> Result<Self> {
        let commits = Arc::new(Commits::default());
        let told = Arc::clone(&commits);
        let committed = move |records: &[Numbered]| told.tell(records);
        let (engine, searches) = match &config.database {
            Database::Sqlite { path } => {
                let (file, path) = (path.clone(), path.clone());
                tokio::task::spawn_blocking(move || migrate::sqlite(&file))
                    .await
                    .map_err(|error| StoreError::Internal(error.to_string()))??;
                (Engine::Sqlite(SqliteEngine::start(&path, committed)?), BoundedReads::sqlite(&path)?)
            }
            Database::Postgres { url } => {
                migrate::postgres(url).await?;
                (Engine::Postgres(PostgresEngine::new(url, committed)?), BoundedReads::postgres(url)?)
            }
        };
        // Customers' files: for their owner alone, whatever the folder above allows.
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&config.files_dir).map_err(|error| {
            StoreError::Setup(format!("cannot make the folder {}: {error}", config.files_dir.display()))
        })?;
        let files = object_store::local::LocalFileSystem::new_with_prefix(&config.files_dir)
            .map_err(|error| StoreError::Setup(error.to_string()))?;
        let (ids, lease) = IdSource::new(config.now);
        let batcher = Batcher::new();
        let place = match &config.database {
            Database::Sqlite { path } => format!("on the disk of {}", path.display()),
            Database::Postgres { .. } => "on the database server's disk".to_owned(),
        };
        let write_fault = Mutex::default();
        let store = Self(Arc::new(Inner {
            engine,
            searches,
            ids,
            keys: config.keys,
            files,
            batcher,
            commits,
            place,
            write_fault,
        }));
        store.lease_node(lease).await?;
        store.start_batches();
        Ok(store)
    }

    /// Runs a command durably; returns its result and the log numbers of its records, in order. `run` may be called again
    /// and awaits nothing but the executor.
    pub(crate) async fn write<I, T, F>(&self, input: I, run: F) -> Result<(T, Vec<i64>)>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'e> Fn(&'e Executor, &'e I) -> BoxFuture<'e, Result<T>> + Send + Sync + 'static,
    {
        let written = match &self.0.engine {
            Engine::Sqlite(engine) => engine.write(input, run).await,
            Engine::Postgres(engine) => {
                // In a task of its own, so that the command stands when the caller goes away (a dropped request).
                let engine = engine.clone();
                tokio::spawn(async move { engine.write(&input, run).await })
                    .await
                    .map_err(|error| StoreError::Internal(format!("a command did not end: {error}")))?
            }
        };
        match written {
            Err(StoreError::CannotWrite(reason)) => Err(StoreError::CannotWrite(self.keep_write_fault(&reason))),
            // A command that changed nothing (no job was due) proves nothing.
            Ok((output, records)) if !records.is_empty() => {
                self.forget_write_fault();
                Ok((output, records))
            }
            other => other,
        }
    }

    /// Remembers that a write failed, and says what helps.
    fn keep_write_fault(&self, reason: &str) -> String {
        let help = if reason.contains("read-only") || reason.contains("readonly") {
            format!("make it writable {}", self.0.place)
        } else if reason.contains("full") || reason.contains("no space") {
            format!("free space {}", self.0.place)
        } else {
            format!("free space, or make it writable, {}", self.0.place)
        };
        let told = format!("{reason}; {help}");
        let mut fault = self.0.write_fault.lock().unwrap_or_else(PoisonError::into_inner);
        if fault.is_none() {
            tracing::error!(reason, help, "the database cannot be written: everything new is refused until it can");
        }
        *fault = Some(told.clone());
        told
    }

    /// A write succeeded.
    pub(crate) fn forget_write_fault(&self) {
        let fault = self.0.write_fault.lock().unwrap_or_else(PoisonError::into_inner).take();
        if fault.is_some() {
            tracing::info!("the database can be written again");
        }
    }

    /// Runs reads.
    pub(crate) async fn read<I, T, F>(&self, input: I, run: F) -> Result<T>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'e> Fn(&'e Executor, &'e I) -> BoxFuture<'e, Result<T>> + Send + Sync + 'static,
    {
        match &self.0.engine {
            Engine::Sqlite(engine) => engine.read(input, run).await,
            Engine::Postgres(engine) => engine.read(&input, run).await,
        }
    }

    /// Runs a search: in a pool of its own, for a limited time, so that it holds up nothing else.
    pub(crate) async fn read_bounded<I, T, F>(&self, input: I, run: F) -> Result<T>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'e> Fn(&'e Executor, &'e I) -> BoxFuture<'e, Result<T>> + Send + Sync + 'static,
    {
        self.0.searches.run(input, run).await
    }

    /// A new id's number: time-ordered, never given twice.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] while this process has lost its node number.
    pub fn new_id(&self) -> Result<i64> {
        self.0.ids.next()
    }

    /// The keys, for proving later that something came from us.
    #[must_use]
    pub fn keyring(&self) -> &Keyring {
        &self.0.keys
    }

    /// Wakes whenever this process added to the workspace's log. Other processes' commits do not wake it: sweep as well.
    #[must_use]
    pub fn watch_log(&self, workspace_id: WorkspaceId) -> watch::Receiver<i64> {
        self.0.commits.watch(workspace_id)
    }

    /// Wakes whenever this process added to the log of any workspace. A hint, like [`Self::watch_log`].
    #[must_use]
    pub fn watch_commits(&self) -> watch::Receiver<()> {
        self.0.commits.any.subscribe()
    }

    /// Whether this process is the only one that works on the database (its lock says so), so that leases of an earlier
    /// process are void.
    #[must_use]
    pub fn is_single_process(&self) -> bool {
        matches!(self.0.engine, Engine::Sqlite(_))
    }

    /// Whether the database answers now, and took the last write.
    pub async fn ping(&self) -> Result<()> {
        self.ping_reads().await?;
        match self.0.write_fault.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            Some(fault) => Err(StoreError::CannotWrite(fault)),
            None => Ok(()),
        }
    }

    async fn ping_reads(&self) -> Result<()> {
        match &self.0.engine {
            Engine::Sqlite(engine) => {
                if !engine.path().exists() {
                    return Err(StoreError::Unavailable(format!("{} is gone", engine.path().display())));
                }
                self.read((), |executor, ()| {
                    Box::pin(async move { executor.query(PING, &[], |row| row.int(0)).await.map(|_| ()) })
                })
                .await
            }
            Engine::Postgres(engine) => engine.ping().await,
        }
    }
}

crate::engine::queries! {
    PING = Same("SELECT count(*) FROM workspace WHERE id = 0");
}
