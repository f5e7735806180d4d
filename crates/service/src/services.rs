//! What every use case needs: the store, the channels, the clock, the wake-ups.

use crate::{
    Clock, ServiceError,
    auth::{Tickets, Tries},
    callbacks::Endpoints,
    files::Fetching,
    housekeeping, inbound, jobs,
    live::{Followers, Hubs},
    pace::Pace,
    search_index,
    signals::Shown,
    webhooks::{self, Webhooks},
};
use channel::{Registry, http::AllowList};
use model::{Timestamp, delivery::MAX_WAITING_MILLIS};
use std::sync::Arc;
use store::{LANES, Store, StoreError};
use tokio::sync::{Notify, Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Password hashes computed at the same time: each takes 19 MiB and a core.
const HASHES_AT_ONCE: usize = 2;

/// Numbers that an installer may change.
#[derive(Debug, Clone)]
pub struct ServiceConfig {
    /// How long a worker may hold a job before another may take it, in milliseconds. Longer than the longest provider call.
    pub lease_millis: i64,
    /// How long to wait for proof of a message that left without an answer, in milliseconds; `None`: what the channel says.
    pub proof_wait_millis: Option<i64>,
    /// The slow sweep behind the wake-ups, in milliseconds.
    pub sweep_millis: u64,
    /// How long raw events are kept once they are done, in days.
    pub inbound_retention_days: u32,
    /// The longest that a message waits and is tried before it fails, in milliseconds.
    pub give_up_millis: i64,
    /// Messages that one account sends in a second; `None`: what its channel says.
    pub sends_per_second: Option<u32>,
    /// Jobs that this process works on at the same time.
    pub job_concurrency: usize,
    /// The most bytes of a file that somebody gives us.
    pub max_upload_bytes: u64,
    /// Hosts that webhooks may call although they are private or speak plain http.
    pub webhook_allow: AllowList,
    /// Hosts that customers' files may be copied from although they are private or speak plain http.
    pub media_allow: AllowList,
    /// Under which address browsers and providers reach this server, without a slash at its end; `None` when it is not known.
    pub public_url: Option<String>,
}

impl Default for ServiceConfig {
    fn default() -> Self {
        Self {
            lease_millis: 30_000,
            proof_wait_millis: None,
            sweep_millis: 5_000,
            inbound_retention_days: 14,
            give_up_millis: MAX_WAITING_MILLIS,
            sends_per_second: None,
            job_concurrency: 64,
            max_upload_bytes: 25 * 1024 * 1024,
            webhook_allow: AllowList::default(),
            media_allow: AllowList::default(),
            public_url: None,
        }
    }
}

/// The handle that every use case takes; cheap to clone.
#[derive(Clone)]
pub struct Services(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) channels: Registry,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) config: ServiceConfig,
    /// Names this process as the holder of jobs.
    pub(crate) owner: i64,
    pub(crate) endpoints: Endpoints,
    pub(crate) hubs: Hubs,
    pub(crate) followers: Followers,
    pub(crate) tries: Tries,
    pub(crate) tickets: Tickets,
    pub(crate) hashing: Semaphore,
    pub(crate) inbound_wake: Vec<Notify>,
    pub(crate) job_wake: Notify,
    pub(crate) webhooks: Webhooks,
    pub(crate) fetching: Fetching,
    pub(crate) shown: Shown,
    pub(crate) pace: Pace,
}

impl Services {
    /// Puts the parts together. Starts nothing.
    ///
    /// # Errors
    /// When the store cannot give an id, or the system's certificates cannot be used.
    pub async fn new(
        store: Store,
        channels: Registry,
        clock: Arc<dyn Clock>,
        config: ServiceConfig,
    ) -> Result<Self, ServiceError> {
        let owner = store.new_id()?;
        let webhooks = Webhooks::new(config.webhook_allow.clone())?;
        let fetching = Fetching::new(config.media_allow.clone())?;
        Ok(Self(Arc::new(Inner {
            store,
            channels,
            clock,
            config,
            owner,
            endpoints: Endpoints::default(),
            hubs: Hubs::default(),
            followers: Followers::default(),
            tries: Tries::default(),
            tickets: Tickets::default(),
            hashing: Semaphore::new(HASHES_AT_ONCE),
            inbound_wake: (0..LANES).map(|_| Notify::new()).collect(),
            job_wake: Notify::new(),
            webhooks,
            fetching,
            shown: Shown::default(),
            pace: Pace::default(),
        })))
    }

    /// Starts the workers (inbound, jobs, webhooks, search index, housekeeping). They stop when `stop` is cancelled, finishing what they hold.
    pub fn spawn_workers(&self, tracker: &TaskTracker, stop: &CancellationToken) {
        for lane in 0..LANES {
            tracker.spawn(inbound::work(self.clone(), lane, stop.clone()));
        }
        tracker.spawn(jobs::work(self.clone(), stop.clone()));
        tracker.spawn(webhooks::work(self.clone(), stop.clone()));
        tracker.spawn(search_index::work(self.clone(), stop.clone()));
        tracker.spawn(housekeeping::work(self.clone(), stop.clone()));
    }

    /// Whether the database answers, and took the last write.
    ///
    /// # Errors
    /// [`ServiceError::Unavailable`] or [`ServiceError::CannotWrite`] with the reason.
    pub async fn check_ready(&self) -> Result<(), ServiceError> {
        match self.0.store.ping().await {
            Ok(()) => Ok(()),
            Err(StoreError::CannotWrite(reason)) => Err(ServiceError::CannotWrite(reason)),
            Err(error) => Err(ServiceError::Unavailable(error.to_string())),
        }
    }

    /// Says under which address people reach this process, for the links that commands print.
    ///
    /// # Errors
    /// When the store cannot take it.
    pub async fn serve_at(&self, address: &str) -> Result<(), ServiceError> {
        Ok(self.0.store.serve_at(address).await?)
    }

    /// Under which address the server was reached that worked on this data last.
    ///
    /// # Errors
    /// When the store cannot be reached.
    pub async fn find_served_at(&self) -> Result<Option<String>, ServiceError> {
        Ok(self.0.store.find_served_at().await?)
    }

    /// The most bytes of a file that somebody gives us.
    #[must_use]
    pub fn max_upload_bytes(&self) -> u64 {
        self.0.config.max_upload_bytes
    }

    /// Tells a lane's worker that something waits.
    pub(crate) fn wake_lane(&self, lane: i64) {
        if let Some(wake) = usize::try_from(lane).ok().and_then(|lane| self.0.inbound_wake.get(lane)) {
            wake.notify_one();
        }
    }

    /// Tells every lane's worker: events that were kept for an account may have become its own.
    pub(crate) fn wake_all_lanes(&self) {
        self.0.inbound_wake.iter().for_each(Notify::notify_one);
    }

    pub(crate) fn store(&self) -> &Store {
        &self.0.store
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.clock.now()
    }
}
