//! SQLite: one writer thread that commits commands in groups, and a few threads that read.
//!
//! Group commit without a timer: the writer takes everything that is queued (up to [`GROUP`] commands), runs it in one
//! transaction, and answers after COMMIT. When a command of the group fails, the group is rolled back and its commands run
//! one by one, so that a bad one fails alone; that is cheaper than a savepoint for each, which was measured at 15 % of the rate.

use super::Executor;
use crate::{
    error::{Result, StoreError},
    log::{self, Numbered},
};
use futures_util::{FutureExt, future::BoxFuture};
use std::{
    fs::OpenOptions,
    io::ErrorKind,
    os::unix::fs::OpenOptionsExt,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::{mpsc, oneshot};

/// The most commands of one transaction.
const GROUP: usize = 512;
/// Commands, and reads, that may wait; more are refused as unavailable, which a caller turns into 503.
const QUEUE: usize = 8_192;
/// Threads that read.
const READERS: usize = 4;
/// Statements that a connection keeps prepared: more than the store has.
const STATEMENTS: usize = 256;
/// The size of the write-ahead log, in pages of 4 KiB, at which it is copied back: 32 MiB.
const CHECKPOINT_PAGES: u32 = 8_192;

/// A connection that commands on its thread share. The lock is never contended: one thread runs them all.
pub(crate) struct SqliteConnection(Mutex<rusqlite::Connection>);

impl SqliteConnection {
    pub(super) fn new(connection: rusqlite::Connection) -> Self {
        Self(Mutex::new(connection))
    }

    pub(crate) fn with<T>(&self, run: impl FnOnce(&rusqlite::Connection) -> Result<T>) -> Result<T> {
        run(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn batch(&self, sql: &str) -> Result<()> {
        self.with(|connection| Ok(connection.execute_batch(sql)?))
    }
}

/// Makes the database's file when it is missing, for its owner alone. SQLite gives the files beside it (`-wal`, `-shm`) the
/// same mode, and would itself take what the process's mask leaves over.
pub(crate) fn make_private(path: &Path) -> Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(cannot_open(path, &error.to_string())),
        _ => Ok(()),
    }
}

fn cannot_open(path: &Path, error: &str) -> StoreError {
    let path = path.display();
    let advice = if ["disk is full", "No space left"].iter().any(|words| error.contains(words)) {
        "the disk is full: free space on it"
    } else {
        "is its folder there and writable, and is it a database of onethread?"
    };
    StoreError::Setup(format!("cannot open {path}: {error}; {advice}"))
}

/// Pages that a connection keeps in memory, in KiB. Each of the five has its own, and below them is the system's: with 32 MiB
/// a flood of events left the process 28 MiB larger and was no faster (120 MB of database).
const CACHE_KIB: u32 = 8_192;

/// Opens a connection with the settings that durability and speed rest on.
pub(crate) fn connect(path: &Path) -> Result<rusqlite::Connection> {
    let failed = |error: rusqlite::Error| cannot_open(path, &error.to_string());
    let connection = rusqlite::Connection::open(path).map_err(failed)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    connection.execute_batch(&format!(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -{CACHE_KIB}; PRAGMA journal_size_limit = 67108864; PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES};"
    ))
        .map_err(failed)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

/// A command in the queue: can be run again, and is answered once.
pub(crate) trait QueuedCommand: Send {
    /// Runs inside the open transaction; the records that it logged are its own.
    fn run(&mut self, executor: &Executor) -> Result<Vec<log::NewRecord>>;
    /// Answers after the commit, with the numbers of its records in order, or with what went wrong.
    fn finish(self: Box<Self>, outcome: Result<Vec<i64>>);
}

struct Command<I, T, F> {
    input: I,
    run: F,
    output: Option<T>,
    reply: oneshot::Sender<Result<(T, Vec<i64>)>>,
}

impl<I, T, F> QueuedCommand for Command<I, T, F>
where
    I: Send,
    T: Send,
    F: for<'e> Fn(&'e Executor, &'e I) -> BoxFuture<'e, Result<T>> + Send,
{
    fn run(&mut self, executor: &Executor) -> Result<Vec<log::NewRecord>> {
        let done = finish_at_once("a command", || (self.run)(executor, &self.input))?;
        self.output = Some(done?);
        Ok(executor.take_records())
    }

    fn finish(self: Box<Self>, outcome: Result<Vec<i64>>) {
        let answer = match (outcome, self.output) {
            (Ok(numbers), Some(output)) => Ok((output, numbers)),
            (Ok(_), None) => Err(StoreError::Internal("a command was answered before it ran".into())),
            (Err(error), _) => Err(error),
        };
        // The caller may have gone away (a dropped request); the command stands all the same.
        let _ = self.reply.send(answer);
    }
}

type ReadTask = Box<dyn FnOnce(&Executor) + Send>;

/// The engine.
#[derive(Clone)]
pub(crate) struct SqliteEngine {
    commands: mpsc::Sender<Box<dyn QueuedCommand>>,
    reads: mpsc::Sender<ReadTask>,
    path: Arc<PathBuf>,
}

impl SqliteEngine {
    /// Starts the threads. The schema is current already. `committed` hears of every commit that added to the log.
    pub(crate) fn start(path: &Path, committed: impl Fn(&[Numbered]) + Send + 'static) -> Result<Self> {
        let writer = Arc::new(SqliteConnection::new(connect(path)?));
        let (commands, mut queue) = mpsc::channel::<Box<dyn QueuedCommand>>(QUEUE);
        spawn("store-writer", move || {
            let mut group = Vec::new();
            while queue.blocking_recv_many(&mut group, GROUP) > 0 {
                settle(&writer, &mut group, &committed);
            }
        })?;
        let (reads, tasks) = mpsc::channel::<ReadTask>(QUEUE);
        let tasks = Arc::new(Mutex::new(tasks));
        for number in 0..READERS {
            let connection = connect(path)?;
            connection.execute_batch("PRAGMA query_only = ON")?;
            let executor = Executor::sqlite(Arc::new(SqliteConnection::new(connection)));
            let tasks = Arc::clone(&tasks);
            spawn(&format!("store-reader-{number}"), move || {
                loop {
                    let task = tasks.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
                    match task {
                        Some(task) => task(&executor),
                        None => return,
                    }
                }
            })?;
        }
        Ok(Self { commands, reads, path: Arc::new(path.to_owned()) })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Runs a command durably; returns its result and the log numbers of its records.
    pub(crate) async fn write<I, T, F>(&self, input: I, run: F) -> Result<(T, Vec<i64>)>
    where
        I: Send + 'static,
        T: Send + 'static,
        F: for<'e> Fn(&'e Executor, &'e I) -> BoxFuture<'e, Result<T>> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let command = Command { input, run, output: None, reply };
        self.commands.try_send(Box::new(command)).map_err(|error| refused(&error))?;
        answer.await.map_err(|_| StoreError::Unavailable("the store has stopped".into()))?
    }

    /// Runs reads on a reader thread.
    pub(crate) async fn read<I, T, F>(&self, input: I, run: F) -> Result<T>
    where
        I: Send + 'static,
        T: Send + 'static,
        F: for<'e> Fn(&'e Executor, &'e I) -> BoxFuture<'e, Result<T>> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let task: ReadTask = Box::new(move |executor| {
            let done = finish_at_once("a read", || run(executor, &input)).and_then(|done| done);
            // The reader may have gone away; nobody misses the answer then.
            let _ = reply.send(done);
        });
        self.reads.try_send(task).map_err(|error| refused(&error))?;
        answer.await.map_err(|_| StoreError::Unavailable("the store has stopped".into()))?
    }
}

/// Runs what awaits nothing but the executor: one poll finishes it. A panic ends this command alone, not the thread that
/// all commands share.
pub(super) fn finish_at_once<'e, T>(what: &str, run: impl FnOnce() -> BoxFuture<'e, T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(|| run().now_or_never()))
        .map_err(|_| StoreError::Internal(format!("{what} panicked")))?
        .ok_or_else(|| StoreError::Internal(format!("{what} waited for something that is not the database")))
}

fn refused<T>(error: &mpsc::error::TrySendError<T>) -> StoreError {
    StoreError::Unavailable(match error {
        mpsc::error::TrySendError::Full(_) => "too much waits for the database".into(),
        mpsc::error::TrySendError::Closed(_) => "the store has stopped".into(),
    })
}

pub(super) fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<()> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(run)
        .map(|_| ())
        .map_err(|error| StoreError::Setup(format!("cannot start a thread: {error}")))
}

/// Commits the group, or, when one of its commands fails, each command alone.
fn settle(
    connection: &Arc<SqliteConnection>,
    group: &mut Vec<Box<dyn QueuedCommand>>,
    committed: &impl Fn(&[Numbered]),
) {
    match commit(connection, group) {
        Ok((numbers, log)) => {
            if !log.is_empty() {
                committed(&log);
            }
            for (command, numbers) in group.drain(..).zip(numbers) {
                command.finish(Ok(numbers));
            }
        }
        Err(error) if group.len() == 1 => {
            for command in group.drain(..) {
                command.finish(Err(error.clone()));
            }
        }
        Err(_) => {
            for command in group.drain(..) {
                settle(connection, &mut vec![command], committed);
            }
        }
    }
}

type Committed = (Vec<Vec<i64>>, Vec<Numbered>);

/// Runs the commands in one transaction: their statements, then the log's numbers, then COMMIT.
fn commit(connection: &Arc<SqliteConnection>, group: &mut [Box<dyn QueuedCommand>]) -> Result<Committed> {
    connection.batch("BEGIN IMMEDIATE")?;
    let executor = Executor::sqlite(Arc::clone(connection));
    let mut run = || -> Result<Committed> {
        let mut records = Vec::new();
        let mut counts = Vec::with_capacity(group.len());
        for command in group.iter_mut() {
            let own = command.run(&executor)?;
            counts.push(own.len());
            records.extend(own);
        }
        let numbered = log::append(&executor, records)
            .now_or_never()
            .ok_or_else(|| StoreError::Internal("the log waited".into()))??;
        let mut seqs = numbered.iter().map(|record| record.seq);
        let numbers = counts.iter().map(|count| seqs.by_ref().take(*count).collect()).collect();
        connection.batch("COMMIT")?;
        Ok((numbers, numbered))
    };
    run().inspect_err(|_| {
        // Nothing to roll back is fine: SQLite has done so by itself after some errors.
        let _ = connection.batch("ROLLBACK");
    })
}
