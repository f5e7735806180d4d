//! Numbers for ids: milliseconds since 2026, the node, a counter. A leased row keeps two processes from one node number.

use crate::{
    Store,
    engine::{params, queries},
    error::{Result, StoreError},
};
use futures_util::FutureExt;
use model::id::{COUNTER_BITS, ID_EPOCH_MILLIS, NODE_BITS};
use std::{
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

/// How long a node number is held without being renewed, in milliseconds.
const LEASE_MILLIS: i64 = 60_000;
/// How often it is renewed.
const RENEWAL: Duration = Duration::from_secs(15);

queries! {
    TAKE_NODE = Same("INSERT INTO node (id, instance, lease_until, serves_at) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO UPDATE SET instance = excluded.instance, lease_until = excluded.lease_until, serves_at = excluded.serves_at WHERE node.lease_until < $5 RETURNING id");
    LIST_NODES = Same("SELECT id, lease_until FROM node ORDER BY id");
    SERVE_AT = Same("UPDATE node SET serves_at = $1 WHERE id = $2");
    SERVED_AT = Same("SELECT serves_at FROM node WHERE serves_at IS NOT NULL ORDER BY lease_until DESC, id DESC LIMIT 1");
    RENEW_NODE = Same("UPDATE node SET lease_until = $1 WHERE id = $2 AND instance = $3");
}

struct State {
    node: i64,
    /// The last number's time and counter, in one.
    last: i64,
    /// After this moment the node number may be somebody else's.
    lease_until: i64,
    /// Under which address people reach this process; `None` when it serves nobody.
    serves_at: Option<String>,
}

/// Makes ids.
pub(crate) struct IdSource {
    now: fn() -> i64,
    state: Arc<Mutex<State>>,
}

/// The other half of an [`IdSource`], for the one who renews its lease.
#[derive(Clone)]
pub(crate) struct NodeLease {
    now: fn() -> i64,
    state: Weak<Mutex<State>>,
}

/// A node number that this process holds.
#[derive(Clone)]
struct Node {
    lease: NodeLease,
    number: i64,
    /// Tells this holder from another of the same number.
    instance: String,
}

impl IdSource {
    pub(crate) fn new(now: fn() -> i64) -> (Self, NodeLease) {
        let state = Arc::new(Mutex::new(State { node: 0, last: 0, lease_until: 0, serves_at: None }));
        let lease = NodeLease { now, state: Arc::downgrade(&state) };
        (Self { now, state }, lease)
    }

    /// The next number. Never goes back when the clock does: it then counts on from the last time.
    pub(crate) fn next(&self) -> Result<i64> {
        let now = (self.now)();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if now >= state.lease_until {
            return Err(StoreError::Unavailable("this process could not renew its node number".into()));
        }
        state.last = ((now - ID_EPOCH_MILLIS).max(0) << COUNTER_BITS).max(state.last + 1);
        let (millis, counter) = (state.last >> COUNTER_BITS, state.last & ((1 << COUNTER_BITS) - 1));
        Ok((((millis << NODE_BITS) | state.node) << COUNTER_BITS) | counter)
    }
}

impl Store {
    /// Takes a node number that nobody holds.
    async fn take_node(&self, lease: NodeLease) -> Result<Node> {
        let now = (lease.now)();
        let instance = crate::seal::random_hex();
        let most = 1_i64 << NODE_BITS;
        loop {
            let nodes = self
                .read((), |executor, ()| {
                    async move { executor.query(LIST_NODES, &[], |row| Ok((row.int(0)?, row.int(1)?))).await }.boxed()
                })
                .await?;
            // A new number, or the one that was left longest ago: a number comes round again as late as possible.
            let fresh = nodes.last().map_or(0, |(id, _)| id + 1);
            let left = nodes.into_iter().filter(|(_, until)| *until < now).min_by_key(|(_, until)| *until);
            let Some((number, floor)) = (fresh < most).then_some((fresh, 0)).or(left) else {
                return Err(StoreError::Setup(format!(
                    "all {most} node numbers are in use; stop some processes and wait a minute"
                )));
            };
            let serves_at = lease
                .state
                .upgrade()
                .and_then(|state| state.lock().unwrap_or_else(PoisonError::into_inner).serves_at.clone());
            let input = (number, instance.clone(), now, serves_at);
            let (taken, _) = self
                .write(input, |executor, (number, instance, now, serves_at)| {
                    async move {
                        let params = params![*number, instance, *now + LEASE_MILLIS, serves_at.as_deref(), *now];
                        executor.query_opt(TAKE_NODE, &params, |row| row.int(0)).await
                    }
                    .boxed()
                })
                .await?;
            if taken.is_none() {
                // Another process that starts now was quicker: it is in the list next time.
                continue;
            }
            if let Some(state) = lease.state.upgrade() {
                let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
                state.node = number;
                // Never before the time up to which an earlier holder may have counted, nor before our own last number.
                state.last = state.last.max((floor - ID_EPOCH_MILLIS).max(0) << COUNTER_BITS);
                state.lease_until = now + LEASE_MILLIS;
            }
            return Ok(Node { lease, number, instance });
        }
    }

    /// Renews a node number, or takes another when it became somebody else's while this process stood still.
    async fn renew_node(&self, node: Node) -> Result<Node> {
        let until = (node.lease.now)() + LEASE_MILLIS;
        let (renewed, _) = self
            .write((until, node.number, node.instance.clone()), |executor, (until, node, instance)| {
                async move { executor.execute(RENEW_NODE, &params![*until, *node, instance]).await }.boxed()
            })
            .await?;
        if renewed > 0 {
            // A row changed, though the log did not grow: the database takes writes.
            self.forget_write_fault();
        } else {
            tracing::warn!(node = node.number, "the node number went to another process; taking a new one");
            return self.take_node(node.lease).await;
        }
        if let Some(state) = node.lease.state.upgrade() {
            state.lock().unwrap_or_else(PoisonError::into_inner).lease_until = until;
        }
        Ok(node)
    }

    /// Says under which address people reach this process, so that commands on the same database can print links to it.
    pub async fn serve_at(&self, address: &str) -> Result<()> {
        let node = {
            let mut state = self.0.ids.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.serves_at = Some(address.to_owned());
            state.node
        };
        self.write((address.to_owned(), node), |executor, (address, node)| {
            async move { executor.execute(SERVE_AT, &params![address, *node]).await }.boxed()
        })
        .await
        .map(|_| ())
    }

    /// Under which address the server was reached that worked on this database last; `None` when none ever did.
    pub async fn find_served_at(&self) -> Result<Option<String>> {
        self.read((), |executor, ()| async move { executor.query_opt(SERVED_AT, &[], |row| row.text(0)).await }.boxed())
            .await
    }

    /// Takes a node number and keeps it for as long as the store is used.
    pub(crate) async fn lease_node(&self, lease: NodeLease) -> Result<()> {
        let mut node = self.take_node(lease).await?;
        let store = Arc::downgrade(&self.0);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(RENEWAL).await;
                let Some(inner) = store.upgrade() else { return };
                match Store(inner).renew_node(node.clone()).await {
                    Ok(renewed) => node = renewed,
                    // Ids stop by themselves when the lease ends; until then the next round may succeed.
                    Err(error) => tracing::warn!(%error, node = node.number, "node number not renewed"),
                }
            }
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::{Harness, Kind, raw};
    use std::sync::atomic::{AtomicI64, Ordering};

    static NOW: AtomicI64 = AtomicI64::new(ID_EPOCH_MILLIS + 1_000_000);

    #[test]
    fn numbers_grow_even_when_the_clock_runs_backwards() {
        let (source, _lease) = IdSource::new(|| NOW.load(Ordering::SeqCst));
        assert!(source.next().is_err(), "no node number yet");
        {
            let mut state = source.state.lock().unwrap();
            (state.node, state.lease_until) = (1023, i64::MAX);
        }
        let mut last = 0;
        for round in 0..20_000 {
            if round % 100 == 0 {
                NOW.fetch_sub(50, Ordering::SeqCst);
            }
            let id = source.next().unwrap();
            assert!(id > last);
            assert_eq!((id >> COUNTER_BITS) & 1023, 1023);
            last = id;
        }
    }
    #[tokio::test]
    async fn a_process_that_stood_still_for_too_long_takes_another_number() {
        static CLOCK: AtomicI64 = AtomicI64::new(ID_EPOCH_MILLIS + 1_000_000);
        let now = || CLOCK.load(Ordering::SeqCst);
        let mut harness = Harness::own(Kind::Sqlite).await;
        harness.config.now = now;
        let (source, lease) = IdSource::new(now);
        let node = harness.store.take_node(lease).await.unwrap();
        let before = source.next().unwrap();
        let node = harness.store.renew_node(node).await.unwrap();

        CLOCK.fetch_add(LEASE_MILLIS + 1, Ordering::SeqCst);
        assert!(source.next().is_err(), "the lease has ended");
        raw(&harness.store, "UPDATE node SET instance = 'another'", &[]).await.unwrap();
        let (first, node) = (node.number, harness.store.renew_node(node).await.unwrap());
        assert_ne!(node.number, first);
        assert!(source.next().unwrap() > before);
    }
}
