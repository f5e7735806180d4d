//! Copying the files that customers send from their providers to us.
//!
//! A provider's address came from outside and ends soon: it is called at once, over the client that reaches no private
//! address, within limits of size and time; what comes is streamed to the file store and looked at, not believed.

use super::{kind, take_bytes};
use crate::{Caller, ServiceError, Services, secret};
use bytes::Bytes;
use channel::http::{AllowList, CallError, Download, GuardedClient, Limits};
use futures_util::{Stream, stream};
use http::StatusCode;
use model::{
    FileId, JobId, Permission, WorkspaceId,
    delivery::{MAX_TRIES, backoff_millis},
    file::{File, FileFailure, clean_name},
};
use std::time::Duration;
use store::{ClaimedJob, FetchedFile, NewPicture, PendingFile};
use tokio::sync::Semaphore;

/// Files that are copied at the same time by one process: enough for the line, few enough to leave jobs of other kinds room.
const AT_ONCE: usize = 16;
/// When a job looks again whether there is room, in milliseconds.
const NO_ROOM_MILLIS: i64 = 1_000;

/// What copying needs.
pub(crate) struct Fetching {
    http: GuardedClient,
    slots: Semaphore,
}

impl Fetching {
    pub(crate) fn new(allow: AllowList) -> Result<Self, ServiceError> {
        let (connect, total) = (Duration::from_secs(5), Duration::from_secs(30));
        let limits = Limits { connect, total, upload: Duration::from_secs(300), max_answer_bytes: 0 };
        let http = GuardedClient::new(limits, allow).map_err(|error| ServiceError::Internal(error.to_string()))?;
        Ok(Self { http, slots: Semaphore::new(AT_ONCE) })
    }
}

/// Why a file is not here.
enum Missed {
    /// It will not be had.
    For(FileFailure),
    /// Another try may give it.
    Later { why: String, retry_after_millis: Option<i64> },
}

/// Does a [`store::FETCH_MEDIA`] job.
pub(crate) async fn run(services: &Services, job: ClaimedJob) -> store::Result<()> {
    let (store, id) = (services.store(), FileId(job.subject_id));
    let Ok(_slot) = services.0.fetching.slots.try_acquire() else {
        let (due_at, tries) = (services.now().plus_millis(NO_ROOM_MILLIS), job.tries);
        return store.reschedule_job(job, due_at, tries, None).await.map(|_| ());
    };
    let Some(pending) = store.find_pending_file(job.workspace_id, id).await? else {
        return store.finish_job(job.workspace_id, job.id).await;
    };
    let (why, retry_after_millis) = match copy(services, &job, pending).await {
        Ok(()) => return Ok(()),
        Err(Missed::For(failure)) => {
            return store.fail_file(job.workspace_id, id, failure, services.now()).await.map(|_| ());
        }
        Err(Missed::Later { why, retry_after_millis }) => (why, retry_after_millis),
    };
    let tries = job.tries + 1;
    if tries >= MAX_TRIES {
        return store.fail_file(job.workspace_id, id, FileFailure::Unreachable, services.now()).await.map(|_| ());
    }
    let due_at = services.now().plus_millis(backoff_millis(tries, retry_after_millis, secret::jitter()));
    store.reschedule_job(job, due_at, tries, Some(&why)).await.map(|_| ())
}

async fn copy(services: &Services, job: &ClaimedJob, pending: PendingFile) -> Result<(), Missed> {
    let whole = (job.workspace_id, FileId(job.subject_id));
    let most = services.max_upload_bytes();
    let download = open(services, &pending.source_url).await?;
    if download.length().is_some_and(|bytes| bytes > most) {
        return Err(Missed::For(FileFailure::TooLarge));
    }
    let claimed = download.headers.get(http::header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let claimed = claimed.map(str::to_owned);
    let mut bytes = parts(download);
    let (found, uploaded) =
        take_bytes(services, whole, claimed.as_deref(), most, &mut bytes).await.map_err(|error| match error {
            ServiceError::TooLarge { .. } => Missed::For(FileFailure::TooLarge),
            ServiceError::Invalid(_) => Missed::For(FileFailure::Empty),
            other => later(other.to_string()),
        })?;
    let name = clean_name(&with_ending(&pending.name, &found.media_type));
    let fetched = FetchedFile { name, media_type: found.media_type, shape: found.shape };
    let done = services.store().complete_file(whole, fetched, uploaded, services.now()).await;
    done.map(|_| ()).map_err(|error| later(error.to_string()))
}

fn later(why: String) -> Missed {
    Missed::Later { why, retry_after_millis: None }
}

/// Begins the call. Its answer's words are not looked at: they are nobody's we know.
async fn open(services: &Services, url: &str) -> Result<Download, Missed> {
    let download = services.0.fetching.http.download(url).await.map_err(|error| match error {
        CallError::Refused(_) => Missed::For(FileFailure::Refused),
        CallError::NotSent(why) | CallError::MayHaveBeenSent(why) => later(why),
    })?;
    let status = download.status;
    if status.is_success() {
        return Ok(download);
    }
    let passes = matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS);
    if status.is_client_error() && !passes {
        return Err(Missed::For(FileFailure::Expired));
    }
    let retry_after_millis = download.retry_after_millis();
    Err(Missed::Later { why: format!("the provider answered status {}", status.as_u16()), retry_after_millis })
}

fn parts(download: Download) -> impl Stream<Item = Result<Bytes, ServiceError>> + Send + Unpin {
    Box::pin(stream::unfold(Some(download), async |download| {
        let mut download = download?;
        match download.next_part().await {
            Ok(Some(part)) => Some((Ok(part), Some(download))),
            Ok(None) => None,
            Err(error) => Some((Err(ServiceError::Unavailable(error.to_string())), None)),
        }
    }))
}

/// The largest picture of a person that is copied, in bytes: providers show small ones.
const MAX_PICTURE_BYTES: u64 = 5 << 20;

/// Copies the picture that a provider shows of a person.
///
/// # Errors
/// Why it is not to be had, in words without the address.
pub(crate) async fn fetch_picture(
    services: &Services,
    workspace_id: WorkspaceId,
    url: &str,
) -> Result<NewPicture, &'static str> {
    let _slot = services.0.fetching.slots.acquire().await.map_err(|_| "the process ends")?;
    let store = services.store();
    let id = FileId(store.new_id().map_err(|_| "no id is to be had")?);
    let download = open(services, url).await.map_err(|_| "the provider gave nothing")?;
    let claimed = download.headers.get(http::header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let claimed = claimed.map(str::to_owned);
    let mut bytes = parts(download);
    let taken = take_bytes(services, (workspace_id, id), claimed.as_deref(), MAX_PICTURE_BYTES, &mut bytes).await;
    let (found, uploaded) = taken.map_err(|_| "it did not come whole, is empty or too large")?;
    if !kind::is_picture(&found.media_type) {
        // What cannot be removed now is collected later.
        let _ = store.drop_upload(workspace_id, id, uploaded).await;
        return Err("it is no picture that a browser shows");
    }
    let name = with_ending("picture", &found.media_type);
    Ok(NewPicture { id, name, media_type: found.media_type, shape: found.shape, uploaded })
}

/// A name by which programs know what is in the file: providers give many files none.
fn with_ending(name: &str, media_type: &str) -> String {
    let has_ending = name.rsplit_once('.').is_some_and(|(stem, ending)| !stem.is_empty() && !ending.is_empty());
    match kind::ending(media_type) {
        Some(ending) if !has_ending => format!("{name}.{ending}"),
        _ => name.to_owned(),
    }
}

/// Lets a file be tried once more that could not be copied.
///
/// # Errors
/// Forbidden without the right; not found; conflict when another try cannot help.
pub async fn retry_file(services: &Services, caller: &Caller, id: FileId) -> Result<File, ServiceError> {
    caller.require(Permission::SendMessages)?;
    let (store, whole) = (services.store(), (caller.workspace_id, id));
    store.find_file(caller.workspace_id, id).await?.ok_or(ServiceError::NotFound)?;
    let job_id = JobId(store.new_id()?);
    if !store.retry_file(whole, job_id, &caller.actor_id(), services.now()).await? {
        return Err(ServiceError::Conflict {
            code: "conflict",
            message: "only a file whose provider did not answer can be tried once more, for some days".into(),
        });
    }
    services.0.job_wake.notify_one();
    super::tell(services, caller.workspace_id, id).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_gets_the_ending_of_what_is_in_the_file() {
        for (name, media_type, wanted) in [
            ("image", "image/jpeg", "image.jpg"),
            ("image", "application/octet-stream", "image"),
            ("bill.pdf", "application/pdf", "bill.pdf"),
            ("v1.", "video/mp4", "v1..mp4"),
            (".hidden", "image/png", ".hidden.png"),
        ] {
            assert_eq!(with_ending(name, media_type), wanted);
        }
    }
}
