//! The hot commands, in batches: everything that waits goes into the next transaction, answers come after its commit.

use crate::{
    Store,
    error::{Result, StoreError},
    inbound::NewInboundEvent,
};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, oneshot};

/// The most callbacks of one transaction.
const BATCH: usize = 256;
/// Callbacks that may wait; more are refused as unavailable.
const QUEUE: usize = 8_192;
/// Transactions under way at the same time: while one waits for the disk, the next is collected.
const WRITERS: usize = 2;

/// One callback's events, all durable or none.
pub(crate) struct Waiting {
    pub events: Vec<NewInboundEvent>,
    pub answer: oneshot::Sender<Result<usize>>,
}

/// The queue in front of the writers.
pub(crate) struct Batcher {
    sender: mpsc::Sender<Waiting>,
    receiver: Mutex<Option<mpsc::Receiver<Waiting>>>,
}

impl Batcher {
    pub(crate) fn new() -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE);
        Self { sender, receiver: Mutex::new(Some(receiver)) }
    }

    /// Queues events and waits until they are durable. Returns how many were new.
    pub(crate) async fn submit(&self, events: Vec<NewInboundEvent>) -> Result<usize> {
        let (answer, answered) = oneshot::channel();
        self.sender.try_send(Waiting { events, answer }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Unavailable("too many callbacks wait".into()),
            mpsc::error::TrySendError::Closed(_) => StoreError::Unavailable("the store has stopped".into()),
        })?;
        answered.await.map_err(|_| StoreError::Unavailable("the store has stopped".into()))?
    }
}

impl Store {
    /// Starts the writers; they end with the last handle of the store.
    pub(crate) fn start_batches(&self) {
        let taken = self.0.batcher.receiver.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(receiver) = taken else { return };
        let receiver = Arc::new(tokio::sync::Mutex::new(receiver));
        for _ in 0..WRITERS {
            let receiver = Arc::clone(&receiver);
            let store = Arc::downgrade(&self.0);
            tokio::spawn(async move {
                let mut batch = Vec::new();
                while receiver.lock().await.recv_many(&mut batch, BATCH).await > 0 {
                    let Some(inner) = store.upgrade() else { return };
                    settle(&Store(inner), &mut batch).await;
                }
            });
        }
    }
}

/// Stores the batch in one transaction; when that fails for a reason of its content, each callback in its own.
async fn settle(store: &Store, batch: &mut Vec<Waiting>) {
    let counts: Vec<usize> = batch.iter().map(|waiting| waiting.events.len()).collect();
    let events = batch.iter().flat_map(|waiting| waiting.events.iter().cloned()).collect();
    match store.store_events(events).await {
        Ok(new) => {
            let mut new = new.into_iter();
            for (waiting, count) in batch.drain(..).zip(counts) {
                let own = new.by_ref().take(count).filter(|is_new| *is_new).count();
                // The provider may have hung up; the events are durable all the same.
                let _ = waiting.answer.send(Ok(own));
            }
        }
        Err(StoreError::Internal(_)) if batch.len() > 1 => {
            for waiting in batch.drain(..) {
                let own = store.store_events(waiting.events).await;
                let _ = waiting.answer.send(own.map(|new| new.into_iter().filter(|is_new| *is_new).count()));
            }
        }
        Err(error) => {
            for waiting in batch.drain(..) {
                let _ = waiting.answer.send(Err(error.clone()));
            }
        }
    }
}
