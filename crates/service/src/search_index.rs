//! Keeping the search index: follows the log of every workspace, by lease, so that one process does it at a time.
//!
//! The log says what may have changed, the rows say what it is now; so a record that is met twice, or late, does no harm. What
//! is written reaches the index in batches, shortly after.

use crate::Services;
use model::{Cursor, WorkspaceId, fold::Tokens, log::LogKind, search::SearchKind};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use store::{LogRecord, SearchBatch, SearchDocument, SearchLag, SearchSubject, StoreError};
use tokio_util::sync::CancellationToken;

/// Records that are read at once.
const RECORDS: u32 = 500;
/// Documents of one command, so that it never holds the writer for long.
const DOCUMENTS: usize = 64;
/// How long to let records gather while they keep coming.
const GATHER: Duration = Duration::from_millis(200);
/// The pause after the store failed.
const PAUSE: Duration = Duration::from_secs(1);
/// How long a workspace's index is held, unless it is given back at the log's end; renewed with every batch.
const LEASE_MILLIS: i64 = 10_000;

/// Batches of one workspace before the next one has its turn.
const TURN: usize = 16;

/// What a look at all workspaces came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Looked {
    /// Nothing was to be done here.
    Idle,
    /// Something was written, up to the log's end as it was.
    Current,
    /// There is more to do.
    Behind,
    /// The store failed.
    Failed,
}

/// Runs until `stop`.
pub(crate) async fn work(services: Services, stop: CancellationToken) {
    let sweep = Duration::from_millis(services.0.config.sweep_millis);
    let mut grown = services.store().watch_commits();
    loop {
        // Seen before the look: what is committed during it wakes us again.
        grown.borrow_and_update();
        let looked = look(&services, &stop).await;
        let wait = async {
            match looked {
                // Another process's commits do not wake us: the sweep finds them.
                Looked::Idle => drop(tokio::time::timeout(sweep, grown.changed()).await),
                Looked::Current => tokio::time::sleep(GATHER).await,
                Looked::Behind => tokio::task::yield_now().await,
                Looked::Failed => tokio::time::sleep(PAUSE).await,
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = wait => {}
        }
    }
}

/// Indexes what is behind, each workspace for a while.
async fn look(services: &Services, stop: &CancellationToken) -> Looked {
    let lags = match services.store().list_search_lags().await {
        Ok(lags) => lags,
        Err(error) => {
            tracing::error!(%error, "the search index cannot see the log; trying again");
            return Looked::Failed;
        }
    };
    let (mut looked, mut open) = (Looked::Idle, 0);
    for lag in lags.into_iter().filter(|lag| lag.indexed < lag.head) {
        let (indexed, outcome) = match catch_up(services, lag, stop).await {
            Ok(indexed) if indexed >= lag.head => (indexed, Looked::Current),
            Ok(indexed) if indexed > lag.indexed => (indexed, Looked::Behind),
            // Somebody else holds the lease.
            Ok(indexed) => (indexed, Looked::Idle),
            Err(error) => {
                tracing::error!(%error, workspace.id = %lag.workspace_id, "the search index could not follow the log; trying again");
                (lag.indexed, Looked::Failed)
            }
        };
        looked = looked.max(outcome);
        open += (lag.head - indexed).max(0);
    }
    metrics::gauge!("search_lag_records").set(open as f64);
    looked
}

/// Follows one workspace's log for a turn; says how far the index is.
async fn catch_up(services: &Services, lag: SearchLag, stop: &CancellationToken) -> store::Result<i64> {
    let (store, owner) = (services.store(), services.0.owner);
    let mut indexed = lag.indexed;
    for _ in 0..TURN {
        let now = services.now();
        let until = now.plus_millis(LEASE_MILLIS);
        let Some(place) = store.claim_search_index(lag.workspace_id, owner, now, until).await? else { break };
        indexed = place;
        let records = store.list_log_records(lag.workspace_id, Cursor::at(place), RECORDS).await?;
        let Some((subjects, through)) = stretch(&records) else { break };
        let documents = read(services, lag.workspace_id, subjects).await?;
        let is_last = records.len() < RECORDS as usize && records.last().is_some_and(|last| last.seq == through);
        let batch = SearchBatch { workspace_id: lag.workspace_id, owner, after: place, through, is_last, documents };
        let written = match store.apply_search_batch(batch.clone()).await {
            // One document that the database refuses must not hold up those behind it.
            Err(StoreError::Internal(_)) => apply_one_by_one(services, batch, &records).await?,
            outcome => outcome?,
        };
        if !written {
            break;
        }
        indexed = through;
        if is_last || stop.is_cancelled() {
            break;
        }
    }
    Ok(indexed)
}

/// The same record by record; what the database refuses is left out and told.
async fn apply_one_by_one(services: &Services, batch: SearchBatch, records: &[LogRecord]) -> store::Result<bool> {
    let mut documents: BTreeMap<SearchSubject, SearchDocument> =
        batch.documents.into_iter().map(|document| (document.subject, document)).collect();
    let (workspace_id, owner) = (batch.workspace_id, batch.owner);
    let mut after = batch.after;
    for record in records.iter().take_while(|record| record.seq <= batch.through) {
        let subject = subject(record);
        let own = subject.and_then(|subject| documents.remove(&subject)).into_iter().collect();
        let alone = SearchBatch { workspace_id, owner, after, through: record.seq, is_last: false, documents: own };
        let written = match services.store().apply_search_batch(alone.clone()).await {
            Err(StoreError::Internal(error)) => {
                tracing::error!(%error, workspace.id = %workspace_id, record.seq, "a document cannot be written to the search index; left out");
                services.store().apply_search_batch(SearchBatch { documents: Vec::new(), ..alone }).await?
            }
            outcome => outcome?,
        };
        if !written {
            return Ok(false);
        }
        after = record.seq;
    }
    Ok(true)
}

/// What the next records are about, as far as one command may go, and the last record of them.
fn stretch(records: &[LogRecord]) -> Option<(BTreeSet<SearchSubject>, i64)> {
    let mut subjects = BTreeSet::new();
    let mut through = None;
    for record in records {
        subjects.extend(subject(record));
        through = Some(record.seq);
        if subjects.len() >= DOCUMENTS {
            break;
        }
    }
    through.map(|through| (subjects, through))
}

/// What a record may have changed of what can be found. Whatever else is told of a message or a customer than how a delivery
/// goes (edited, erased, renamed, merged) is read anew.
fn subject(record: &LogRecord) -> Option<SearchSubject> {
    match record.kind {
        LogKind::MessageRetried
        | LogKind::MessageSent
        | LogKind::MessageDelivered
        | LogKind::MessageRead
        | LogKind::MessageFailed
        | LogKind::MessageDeferred
        | LogKind::MessageCancelled
        | LogKind::MessageReleased
        | LogKind::MessageResent
        | LogKind::MessageUncertain => None,
        kind => match kind.as_str().split_once('.')?.0 {
            "message" => record.entry_id.map(|id| (SearchKind::Message, id)),
            "note" => record.entry_id.map(|id| (SearchKind::Note, id)),
            "customer" => record.customer_id.map(|id| (SearchKind::Customer, id.0)),
            _ => None,
        },
    }
}

/// Reads the subjects as they are now; what is gone loses its document.
async fn read(
    services: &Services,
    workspace_id: WorkspaceId,
    subjects: BTreeSet<SearchSubject>,
) -> store::Result<Vec<SearchDocument>> {
    if subjects.is_empty() {
        return Ok(Vec::new());
    }
    let sources = services.store().list_search_sources(workspace_id, subjects.iter().copied().collect()).await?;
    // Splitting long texts takes a core for a while.
    let split = tokio::task::spawn_blocking(move || {
        let mut gone: BTreeSet<SearchSubject> = subjects;
        let mut documents: BTreeMap<SearchSubject, SearchDocument> = BTreeMap::new();
        for source in sources {
            gone.remove(&source.subject);
            let (subject, identity_id, at) = (source.subject, source.identity_id, source.at);
            let tokens = Tokens::of(&format!("{}\n{}", source.text, source.hidden));
            documents.insert(subject, SearchDocument { subject, identity_id, at, tokens });
        }
        let at = model::Timestamp(0);
        documents
            .extend(gone.into_iter().map(|subject| {
                (subject, SearchDocument { subject, identity_id: None, at, tokens: Tokens::default() })
            }));
        documents.into_values().collect()
    });
    split.await.map_err(|error| StoreError::Internal(format!("texts could not be split: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{CustomerId, Timestamp};

    fn record(seq: i64, kind: LogKind) -> LogRecord {
        LogRecord {
            seq,
            at: Timestamp(0),
            kind,
            customer_id: Some(CustomerId(7)),
            thread_id: None,
            identity_id: None,
            episode_id: None,
            entry_id: Some(seq * 10),
            subject_id: None,
            detail: None,
        }
    }

    #[test]
    fn a_stretch_holds_each_subject_once_and_ends_where_enough_is_known() {
        let few =
            [record(1, LogKind::CustomerCreated), record(2, LogKind::MessageReceived), record(3, LogKind::MessageSent)];
        let (subjects, through) = stretch(&few).unwrap();
        assert_eq!(subjects, BTreeSet::from([(SearchKind::Customer, 7), (SearchKind::Message, 20)]));
        assert_eq!(through, 3, "records that change nothing are passed");
        let many: Vec<LogRecord> = (1..=200).map(|seq| record(seq, LogKind::MessageQueued)).collect();
        let (subjects, through) = stretch(&many).unwrap();
        assert_eq!((subjects.len(), through), (DOCUMENTS, DOCUMENTS as i64));
        assert_eq!(stretch(&[]), None);
    }

    #[test]
    fn every_kind_of_record_is_read_or_passed_knowingly() {
        let read: Vec<LogKind> =
            LogKind::ALL.iter().copied().filter(|kind| subject(&record(1, *kind)).is_some()).collect();
        for kind in LogKind::ALL {
            let told = kind.as_str();
            let of_delivery = [
                "retried",
                "sent",
                "delivered",
                "read",
                "failed",
                "uncertain",
                "deferred",
                "cancelled",
                "released",
                "resent",
            ];
            let is_delivery = of_delivery.iter().any(|word| told == format!("message.{word}"));
            let is_findable = ["message.", "note.", "customer."].iter().any(|begin| told.starts_with(begin));
            assert_eq!(read.contains(kind), is_findable && !is_delivery, "{told}");
        }
    }
}
