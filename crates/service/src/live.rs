//! The log, live: one reader per workspace, every socket at its own place.
//!
//! The hub of a workspace follows the log by cursor, woken on commit, and serialises each record once. Sockets near the
//! log's end take frames from its memory; one that is behind reads the log itself until it has caught up. The database is
//! the truth and the wake-up a hint: whatever is lost on the way is found by looking again.

use crate::{Caller, ServiceError, Services, auth, secret};
use model::{
    Cursor, EpisodeId, MessageId, Timestamp, WorkspaceId,
    entry::Entry,
    episode::Episode,
    log::{LogFrame, LogKind},
};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};
use store::LogRecord;
use tokio::sync::watch;

/// Frames that a hub remembers.
const MEMORY: usize = 2_048;
/// Records that are read at once.
const PAGE: u32 = 200;
/// How long a ticket works, in milliseconds.
const TICKET_MILLIS: i64 = 60_000;
/// The most that one credential follows at a time in this process: a browser needs one for each tab, a program one.
pub const MOST_PER_CREDENTIAL: usize = 50;
/// When somebody who follows too often may look again, in seconds.
const FULL_RETRY_SECONDS: u64 = 5;
/// The pause after the store failed.
const PAUSE: Duration = Duration::from_secs(1);

/// A ticket for one socket, for clients that can send neither header nor cookie.
#[derive(Debug, Clone)]
pub struct Ticket {
    /// To be given as `?ticket=`, once.
    pub secret: String,
    /// One minute after it was made.
    pub expires_at: Timestamp,
    /// The log's end when it was made: what a snapshot read from now on holds at least.
    pub cursor: Cursor,
}

/// A record, serialised once for all who follow.
#[derive(Clone)]
struct Frame {
    seq: i64,
    text: Arc<str>,
    /// Whose credential may have ended with it (`agt_…`, `tok_…`).
    ends: Option<Arc<str>>,
}

/// What a hub remembers: frames without gaps, the newest last.
#[derive(Default)]
struct Memory {
    frames: RwLock<VecDeque<Frame>>,
}

struct Hub {
    memory: Memory,
    head: watch::Sender<i64>,
}

/// The hubs of this process, by workspace.
#[derive(Default)]
pub(crate) struct Hubs(Mutex<HashMap<WorkspaceId, Arc<Hub>>>);

/// How many follow at a time, by the hash of their credential.
#[derive(Default)]
pub(crate) struct Followers(Mutex<HashMap<String, usize>>);

impl Followers {
    fn change<T>(&self, credential_hash: &str, change: impl FnOnce(&mut usize) -> T) -> T {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(credential_hash.to_owned()).or_default();
        let changed = change(count);
        if *count == 0 {
            counts.remove(credential_hash);
        }
        changed
    }
}

/// One of the places that a credential has; given back when it is dropped.
struct Seat {
    services: Services,
    credential_hash: String,
}

impl Seat {
    fn take(services: &Services, caller: &Caller) -> Result<Self, ServiceError> {
        let credential_hash = caller.credential_hash.clone();
        let is_free = services.0.followers.change(&credential_hash, |count| {
            let is_free = *count < MOST_PER_CREDENTIAL;
            *count += usize::from(is_free);
            is_free
        });
        if is_free {
            Ok(Self { services: services.clone(), credential_hash })
        } else {
            Err(ServiceError::TooManyRequests { retry_after_seconds: FULL_RETRY_SECONDS })
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.services.0.followers.change(&self.credential_hash, |count| *count = count.saturating_sub(1));
    }
}

/// One reader's place in a workspace's log.
pub struct Subscription {
    services: Services,
    /// When the credential ends, so does this.
    caller: Caller,
    hub: Arc<Hub>,
    head: watch::Receiver<i64>,
    after: i64,
    _seat: Seat,
}

/// What a subscription gives next.
#[derive(Debug, Clone)]
pub enum Next {
    /// The next records as JSON texts of `LogFrame`, in order, without gaps; serialised once for all subscribers.
    Frames(Vec<Arc<str>>),
    /// The caller's credential is gone.
    Ended,
}

/// Makes a ticket.
///
/// # Errors
/// When the store cannot be reached.
pub async fn create_ticket(services: &Services, caller: &Caller) -> Result<Ticket, ServiceError> {
    let cursor = services.store().get_log_head(caller.workspace_id).await?;
    let secret = secret::generate("otk_")?;
    let now = services.now();
    let expires_at = now.plus_millis(TICKET_MILLIS);
    services.0.tickets.keep(&secret, caller.clone(), now, expires_at);
    Ok(Ticket { secret, expires_at, cursor })
}

/// Spends a ticket.
///
/// # Errors
/// Unauthenticated when it is wrong, used or too old.
pub async fn redeem_ticket(services: &Services, secret: &str) -> Result<Caller, ServiceError> {
    let wrong = ServiceError::Unauthenticated("this ticket is wrong, used or older than a minute");
    let Some(caller) = services.0.tickets.redeem(secret, services.now()) else { return Err(wrong) };
    // The credential that it was made with may have ended since.
    if auth::still_stands(services, &caller).await? { Ok(caller) } else { Err(wrong) }
}

/// Follows the log after a cursor; `None`: from the log's end as of this call, so that nothing recorded after it is missed.
///
/// # Errors
/// Invalid when the cursor is beyond the log's end (from another installation, or from before a restore); too many when the
/// credential follows [`MOST_PER_CREDENTIAL`] times already.
pub async fn subscribe(
    services: &Services,
    caller: &Caller,
    after: Option<Cursor>,
) -> Result<Subscription, ServiceError> {
    let seat = Seat::take(services, caller)?;
    let head = services.store().get_log_head(caller.workspace_id).await?;
    let after = after.unwrap_or(head);
    if after.seq > head.seq || after.shard != head.shard {
        return Err(ServiceError::invalid("after", "this cursor is beyond the log's end; load everything anew"));
    }
    let hub = services.0.hubs.get(services, caller.workspace_id, head.seq);
    Ok(Subscription {
        services: services.clone(),
        caller: caller.clone(),
        head: hub.head.subscribe(),
        hub,
        after: after.seq,
        _seat: seat,
    })
}

impl Subscription {
    /// Waits for the next records (at most 200 at once). Cancel-safe.
    ///
    /// # Errors
    /// When the store cannot be reached; the subscription may be asked again.
    pub async fn next(&mut self) -> Result<Next, ServiceError> {
        loop {
            let frames = match self.hub.memory.after(self.after) {
                Some(frames) => frames,
                // Behind what the hub remembers.
                None => read_frames(&self.services, self.caller.workspace_id, self.after).await?,
            };
            if let Some(last) = frames.last() {
                self.after = last.seq;
                let subject = self.caller.actor_id();
                if frames.iter().any(|frame| frame.ends.as_deref() == Some(subject.as_str()))
                    && !auth::still_stands(&self.services, &self.caller).await?
                {
                    return Ok(Next::Ended);
                }
                return Ok(Next::Frames(frames.into_iter().map(|frame| frame.text).collect()));
            }
            let after = self.after;
            // The hub lives as long as the services, which this holds.
            let _ = self.head.wait_for(|head| *head > after).await;
        }
    }
}

impl Memory {
    /// Up to a page of frames after a place; `None` when the place is before what is remembered.
    fn after(&self, seq: i64) -> Option<Vec<Frame>> {
        let frames = self.frames.read().unwrap_or_else(PoisonError::into_inner);
        let first = frames.front()?.seq;
        if seq + 1 < first {
            return None;
        }
        let skip = usize::try_from(seq + 1 - first).unwrap_or(usize::MAX);
        Some(frames.iter().skip(skip).take(PAGE as usize).cloned().collect())
    }

    fn push(&self, new: &[Frame]) {
        let mut frames = self.frames.write().unwrap_or_else(PoisonError::into_inner);
        frames.extend(new.iter().cloned());
        let over = frames.len().saturating_sub(MEMORY);
        frames.drain(..over);
    }
}

impl Hubs {
    fn get(&self, services: &Services, workspace_id: WorkspaceId, head: i64) -> Arc<Hub> {
        let mut hubs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(hubs.entry(workspace_id).or_insert_with(|| {
            let hub = Arc::new(Hub { memory: Memory::default(), head: watch::Sender::new(head) });
            tokio::spawn(follow(Arc::downgrade(&services.0), workspace_id, Arc::downgrade(&hub), head));
            hub
        }))
    }
}

/// Follows a workspace's log for as long as the services live.
async fn follow(
    services: std::sync::Weak<crate::services::Inner>,
    workspace_id: WorkspaceId,
    hub: std::sync::Weak<Hub>,
    mut after: i64,
) {
    let mut grown = match services.upgrade() {
        Some(inner) => inner.store.watch_log(workspace_id),
        None => return,
    };
    loop {
        let (Some(inner), Some(hub)) = (services.upgrade(), hub.upgrade()) else { return };
        let sweep = Duration::from_millis(inner.config.sweep_millis);
        // Seen before the look: what is committed during it wakes us again.
        grown.borrow_and_update();
        let pause = match read_frames(&Services(inner), workspace_id, after).await {
            Ok(frames) => match frames.last() {
                Some(last) => {
                    after = last.seq;
                    hub.memory.push(&frames);
                    hub.head.send_replace(after);
                    continue;
                }
                None => sweep,
            },
            Err(error) => {
                tracing::error!(%error, workspace.id = %workspace_id, "the log could not be followed; trying again");
                PAUSE
            }
        };
        drop(hub);
        // Another process's commits do not wake us: the sweep finds them.
        let _ = tokio::time::timeout(pause, grown.changed()).await;
    }
}

/// Reads records after a place and serialises them.
async fn read_frames(services: &Services, workspace_id: WorkspaceId, after: i64) -> Result<Vec<Frame>, ServiceError> {
    let records = services.store().list_log_records(workspace_id, Cursor::at(after), PAGE).await?;
    let frames = frames_of(services, workspace_id, records).await?;
    frames
        .into_iter()
        .map(|frame| {
            let ends = matches!(frame.kind, LogKind::AgentChanged | LogKind::SignInEnded | LogKind::TokenRevoked)
                .then(|| frame.subject_id.as_deref().map(Arc::from))
                .flatten();
            let text = serde_json::to_string(&frame).map_err(|error| ServiceError::Internal(error.to_string()))?;
            Ok(Frame { seq: frame.seq, text: Arc::from(text), ends })
        })
        .collect()
}

/// Joins records, given in order, with the entries and deliveries that they are about, as they are now.
pub(crate) async fn frames_of(
    services: &Services,
    workspace_id: WorkspaceId,
    records: Vec<LogRecord>,
) -> Result<Vec<LogFrame>, ServiceError> {
    let store = services.store();
    let (Some(first), Some(last)) = (records.first(), records.last()) else { return Ok(Vec::new()) };
    let mut entries: HashMap<i64, Entry> = HashMap::new();
    if records.iter().any(|record| record.kind.is_entry()) {
        let found = store.list_entries_by_seq(workspace_id, first.seq, last.seq).await?;
        entries = found.into_iter().map(|entry| (entry.seq, entry)).collect();
    }
    let changed: Vec<_> =
        records.iter().filter(|record| !record.kind.is_entry()).filter_map(LogRecord::message_id).collect();
    let deliveries =
        if changed.is_empty() { HashMap::new() } else { store.list_deliveries(workspace_id, changed).await? };
    let episodes = episodes_of(services, workspace_id, &records).await?;
    let changed = changed_entries(services, workspace_id, &records).await?;
    let frames = records.into_iter().map(|record| {
        let entry = entries.remove(&record.seq);
        let known = record
            .message_id()
            .filter(|_| !record.kind.is_entry())
            .and_then(|message| deliveries.get(&message).cloned());
        LogFrame {
            cursor: Cursor::at(record.seq),
            seq: record.seq,
            kind: record.kind,
            at: record.at,
            customer_id: record.customer_id,
            thread_id: record.thread_id,
            identity_id: record.identity_id,
            episode_id: record.episode_id,
            entry_id: record.entry_text_id(),
            subject_id: record.subject_id,
            entry,
            changed_entry: record
                .entry_id
                .filter(|_| record.kind.changes_entry())
                .and_then(|id| changed.get(&id).cloned()),
            episode: record.episode_id.and_then(|id| episodes.get(&id).cloned()),
            external_id: known.as_ref().and_then(|known| known.external_id.clone()),
            delivery: known.map(|known| known.delivery),
        }
    });
    Ok(frames.collect())
}

/// The episodes that records are about, as they are now.
async fn episodes_of(
    services: &Services,
    workspace_id: WorkspaceId,
    records: &[LogRecord],
) -> Result<HashMap<EpisodeId, Episode>, ServiceError> {
    let mut ids: Vec<EpisodeId> = records.iter().filter_map(|record| record.episode_id).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let found = services.store().list_episodes_by_id(workspace_id, ids).await?;
    Ok(found.into_iter().map(|episode| (episode.id, episode)).collect())
}

/// The messages that records change, as they are now, by number.
async fn changed_entries(
    services: &Services,
    workspace_id: WorkspaceId,
    records: &[LogRecord],
) -> Result<HashMap<i64, Entry>, ServiceError> {
    let mut ids: Vec<i64> =
        records.iter().filter(|record| record.kind.changes_entry()).filter_map(|record| record.entry_id).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let found = services.store().list_entries_by_id(workspace_id, ids).await?;
    Ok(found.into_iter().filter_map(|entry| Some((entry.id.parse::<MessageId>().ok()?.0, entry))).collect())
}
