//! Reads that may be asked for more than the database can do at once: few connections of their own, a short queue, and an
//! end after [`LIMIT`], whoever still waits. Whatever they do, commands and other reads go on beside them.

use super::{
    Executor,
    postgres::pool_with,
    sqlite::{SqliteConnection, connect, finish_at_once, spawn},
};
use crate::error::{Result, StoreError};
use deadpool_postgres::Pool;
use futures_util::future::BoxFuture;
use std::{
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::{mpsc, oneshot};

/// The longest that one may take, waiting included.
pub(crate) const LIMIT: Duration = Duration::from_secs(2);
/// How many run at once.
const CONNECTIONS: usize = 2;
/// How many may wait; more are refused.
const QUEUE: usize = 32;

/// Settings of PostgreSQL connections, beside those of every connection.
fn settings() -> String {
    format!(
        "-c statement_timeout={} -c enable_hashjoin=on -c enable_mergejoin=on -c default_transaction_read_only=on",
        LIMIT.as_millis()
    )
}

/// The pool of one engine.
pub(crate) enum BoundedReads {
    Sqlite(SqliteReads),
    Postgres(Pool),
}

type Task = Box<dyn FnOnce(&Executor, &Slot) + Send>;

/// A thread that reads, and what it reads for now.
struct Slot {
    interrupt: rusqlite::InterruptHandle,
    running: Mutex<Option<u64>>,
}

impl Slot {
    fn runs(&self, number: Option<u64>) {
        *self.running.lock().unwrap_or_else(PoisonError::into_inner) = number;
    }
}

pub(crate) struct SqliteReads {
    tasks: mpsc::Sender<Task>,
    slots: Arc<Vec<Arc<Slot>>>,
    next: AtomicU64,
}

/// Ends a read that nobody waits for any more: out of time, or its request was dropped.
struct Abandoned<'s> {
    number: u64,
    slots: &'s [Arc<Slot>],
}

impl Drop for Abandoned<'_> {
    fn drop(&mut self) {
        for slot in self.slots {
            // Held during the interrupt, so that it never hits the next one.
            let running = slot.running.lock().unwrap_or_else(PoisonError::into_inner);
            if *running == Some(self.number) {
                slot.interrupt.interrupt();
            }
        }
    }
}

fn out_of_time() -> StoreError {
    StoreError::Unavailable(format!("it took longer than {} s", LIMIT.as_secs()))
}

fn too_many() -> StoreError {
    StoreError::Unavailable("too many searches wait".into())
}

impl BoundedReads {
    pub(crate) fn sqlite(path: &Path) -> Result<Self> {
        let (tasks, queue) = mpsc::channel::<Task>(QUEUE);
        let queue = Arc::new(Mutex::new(queue));
        let mut slots = Vec::new();
        for number in 0..CONNECTIONS {
            let connection = connect(path)?;
            connection.execute_batch("PRAGMA query_only = ON")?;
            let slot = Arc::new(Slot { interrupt: connection.get_interrupt_handle(), running: Mutex::new(None) });
            let executor = Executor::sqlite(Arc::new(SqliteConnection::new(connection)));
            let (queue, own) = (Arc::clone(&queue), Arc::clone(&slot));
            spawn(&format!("store-search-{number}"), move || {
                loop {
                    let task = queue.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
                    match task {
                        Some(task) => task(&executor, &own),
                        None => return,
                    }
                }
            })?;
            slots.push(slot);
        }
        Ok(Self::Sqlite(SqliteReads { tasks, slots: Arc::new(slots), next: AtomicU64::new(1) }))
    }

    pub(crate) fn postgres(url: &str) -> Result<Self> {
        Ok(Self::Postgres(pool_with(url, CONNECTIONS, LIMIT, &settings())?))
    }

    pub(crate) async fn run<I, T, F>(&self, input: I, run: F) -> Result<T>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'e> Fn(&'e Executor, &'e I) -> BoxFuture<'e, Result<T>> + Send + Sync + 'static,
    {
        let outcome = match self {
            Self::Sqlite(reads) => tokio::time::timeout(LIMIT, reads.run(input, run)).await,
            Self::Postgres(pool) => tokio::time::timeout(LIMIT, run_postgres(pool, input, run)).await,
        };
        outcome.map_err(|_| out_of_time())?
    }
}

impl SqliteReads {
    async fn run<I, T, F>(&self, input: I, run: F) -> Result<T>
    where
        I: Send + 'static,
        T: Send + 'static,
        F: for<'e> Fn(&'e Executor, &'e I) -> BoxFuture<'e, Result<T>> + Send + 'static,
    {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (reply, answer) = oneshot::channel();
        let task: Task = Box::new(move |executor, slot| {
            if reply.is_closed() {
                return;
            }
            slot.runs(Some(number));
            let done = finish_at_once("a search", || run(executor, &input)).and_then(|done| done);
            slot.runs(None);
            // Whoever asked may have gone away; nobody misses the answer then.
            let _ = reply.send(done);
        });
        let _ends = Abandoned { number, slots: &self.slots };
        self.tasks.try_send(task).map_err(|_| too_many())?;
        answer.await.map_err(|_| StoreError::Unavailable("the store has stopped".into()))?
    }
}

async fn run_postgres<I, T, F>(pool: &Pool, input: I, run: F) -> Result<T>
where
    I: Send + Sync + 'static,
    T: Send + 'static,
    F: for<'e> Fn(&'e Executor, &'e I) -> BoxFuture<'e, Result<T>> + Send + Sync + 'static,
{
    if pool.status().waiting >= QUEUE {
        return Err(too_many());
    }
    let client = pool.get().await?;
    // In a task of its own: a connection goes back to the pool when its statement has ended, not when its request was dropped.
    tokio::spawn(async move { run(&Executor::postgres(client), &input).await })
        .await
        .map_err(|error| StoreError::Internal(format!("a search did not end: {error}")))?
}
