//! Files: taken in as they come, told with an address that ends, served from it.
//!
//! What a file is, is found in its bytes ([`kind`]); where its bytes are for now is proven by a signature ([`address`]),
//! so that neither pictures in a page nor their readers need credentials of their own. A file that became part of no
//! message goes after a day.

mod address;
mod fetch;
mod kind;

pub use address::SignedAddress;
pub use fetch::retry_file;
pub(crate) use fetch::{Fetching, fetch_picture, run as fetch};

use crate::{Caller, ServiceError, Services, channel_accounts::key_reused, secret};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use model::{
    FileId, Permission, Timestamp, WorkspaceId,
    file::{File, FileState, clean_name},
};
use std::{collections::HashMap, ops::Range};
use store::{Created, FileBytes, FileShape, FileUpload, Idempotency, NewFile, StoredFile, UploadedBytes};

/// How long a file may be part of nothing, in milliseconds.
const UNUSED_MILLIS: i64 = 24 * 3_600_000;
/// How long the address of a file that could not be copied is kept for another try, in milliseconds: providers' addresses end
/// after days.
const SOURCE_MILLIS: i64 = 7 * 86_400_000;
/// Files of one turn of housekeeping.
const SLICE: u32 = 200;

/// A file to take in.
#[derive(Debug, Clone, Default)]
pub struct NewUpload {
    /// The name that it was given; it is cleaned.
    pub name: String,
    /// What the sender says that it is: a hint, where the bytes leave a choice.
    pub claimed_type: Option<String>,
    /// Makes a repeated request harmless: the caller's own key.
    pub idempotency_key: Option<String>,
}

/// What was found while a file's bytes came.
#[derive(Debug)]
pub struct Inspected {
    /// What it is.
    pub media_type: String,
    /// How large a picture is.
    pub shape: FileShape,
}

/// A file whose signed address was right.
pub struct OpenedFile {
    /// What is known of it.
    pub file: StoredFile,
    /// When the address ends.
    pub expires_at: Timestamp,
    /// How long it may be kept from now on, in seconds.
    pub seconds_left: i64,
    workspace_id: WorkspaceId,
    services: Services,
}

impl OpenedFile {
    /// Its bytes, or the part of them that is named; it must lie inside.
    ///
    /// # Errors
    /// Not found when they have just gone; unavailable.
    pub async fn bytes(&self, part: Option<Range<u64>>) -> Result<FileBytes, ServiceError> {
        let found = self.services.store().read_file(self.workspace_id, self.file.id, part).await?;
        found.ok_or(ServiceError::NotFound)
    }
}

/// Takes bytes in as they come, looking at the first of them. Nothing stays when they break off or are too many.
///
/// `claimed_type` and `most_bytes` are hint and limit; the workspace's file must not be stored yet.
///
/// # Errors
/// Too large; invalid when there are none; what the stream says; unavailable.
pub async fn take_bytes(
    services: &Services,
    (workspace_id, id): (WorkspaceId, FileId),
    claimed_type: Option<&str>,
    most_bytes: u64,
    bytes: &mut (impl Stream<Item = Result<Bytes, ServiceError>> + Unpin + Send),
) -> Result<(Inspected, UploadedBytes), ServiceError> {
    let mut upload = services.store().upload_file(workspace_id, id, services.now()).await?;
    let mut head = Vec::new();
    match write_all(&mut upload, &mut head, most_bytes, bytes).await {
        Ok(()) => {
            let whole = upload.size() == head.len() as i64;
            let media_type = kind::find(&head, whole, claimed_type);
            let shape = kind::shape(&head, &media_type);
            Ok((Inspected { media_type, shape }, upload.finish().await?))
        }
        Err(error) => {
            if let Err(fault) = upload.abort().await {
                tracing::warn!(error = %fault, "a broken upload is left; it is collected later");
            }
            Err(error)
        }
    }
}

async fn write_all(
    upload: &mut FileUpload,
    head: &mut Vec<u8>,
    most_bytes: u64,
    bytes: &mut (impl Stream<Item = Result<Bytes, ServiceError>> + Unpin + Send),
) -> Result<(), ServiceError> {
    while let Some(chunk) = bytes.next().await {
        let chunk = chunk?;
        let size = u64::try_from(upload.size()).unwrap_or_default().saturating_add(chunk.len() as u64);
        if size > most_bytes {
            return Err(ServiceError::TooLarge { most_bytes });
        }
        head.extend_from_slice(&chunk[..chunk.len().min(kind::HEAD_BYTES - head.len())]);
        upload.write(chunk).await?;
    }
    if upload.size() == 0 {
        return Err(ServiceError::invalid("file", "this file is empty"));
    }
    Ok(())
}

/// Reads on for a while and throws away: a browser that is cut off while it sends never reads why.
async fn read_on(most: u64, bytes: &mut (impl Stream<Item = Result<Bytes, ServiceError>> + Unpin + Send)) {
    let mut read = 0;
    while let Some(Ok(chunk)) = bytes.next().await {
        read += chunk.len() as u64;
        if read > most {
            return;
        }
    }
}

/// Takes a file in. Durable when it returns.
///
/// # Errors
/// Forbidden without the right; too large; invalid when it is empty; conflict with code `idempotency_conflict`.
pub async fn create_file(
    services: &Services,
    caller: &Caller,
    new: NewUpload,
    mut bytes: impl Stream<Item = Result<Bytes, ServiceError>> + Unpin + Send,
) -> Result<File, ServiceError> {
    caller.require(Permission::SendMessages)?;
    let store = services.store();
    let id = FileId(store.new_id()?);
    let (most, claimed) = (services.max_upload_bytes(), new.claimed_type.as_deref());
    let taken = take_bytes(services, (caller.workspace_id, id), claimed, most, &mut bytes).await;
    if matches!(taken, Err(ServiceError::TooLarge { .. })) {
        read_on(most, &mut bytes).await;
    }
    let (found, uploaded) = taken?;
    let name = clean_name(&new.name);
    let row = NewFile {
        id,
        workspace_id: caller.workspace_id,
        idempotency: new.idempotency_key.map(|key| Idempotency {
            actor_id: caller.actor_id(),
            key,
            request_hash: secret::hash(&format!("file\0{name}\0{}\0{}", found.media_type, uploaded.sha256)),
        }),
        name,
        media_type: found.media_type,
        shape: found.shape,
        created_by: caller.actor_id(),
        now: services.now(),
    };
    let id = match store.create_file(row, uploaded).await? {
        Created::New(id) | Created::Before(id) => id,
        Created::KeyReused => return Err(key_reused()),
    };
    tell(services, caller.workspace_id, id).await
}

/// One file, with a fresh address.
///
/// # Errors
/// Forbidden without the right; not found.
pub async fn get_file(services: &Services, caller: &Caller, id: FileId) -> Result<File, ServiceError> {
    caller.require(Permission::ReadThreads)?;
    tell(services, caller.workspace_id, id).await
}

async fn tell(services: &Services, workspace_id: WorkspaceId, id: FileId) -> Result<File, ServiceError> {
    let row = services.store().find_file(workspace_id, id).await?.ok_or(ServiceError::NotFound)?;
    let expires_at = address::expiry(services.now());
    let url = (row.state == FileState::Stored)
        .then(|| address::path(services.store().keyring(), workspace_id, id, Some(&row.name), expires_at));
    Ok(File {
        id,
        url_expires_at: url.is_some().then_some(expires_at),
        url,
        name: row.name,
        media_type: row.media_type,
        size: row.size,
        state: row.state,
        failure: row.failure,
        width: row.shape.width,
        height: row.shape.height,
        duration_ms: row.shape.duration_ms,
        created_at: row.created_at,
    })
}

/// The address of one file's bytes for the next one to two hours, the same within an hour so that browsers keep what they
/// have. Nothing is looked up: the address of a file that does not exist leads nowhere.
#[must_use]
pub fn sign_file_url(services: &Services, workspace_id: WorkspaceId, id: FileId, name: Option<&str>) -> String {
    let expires_at = address::expiry(services.now());
    address::path(services.store().keyring(), workspace_id, id, name, expires_at)
}

/// The addresses of many files' bytes, as [`sign_file_url`] makes them, without asking the database.
#[must_use]
pub fn urls(services: &Services, workspace_id: WorkspaceId, files: &[FileId]) -> HashMap<FileId, String> {
    files.iter().map(|id| (*id, sign_file_url(services, workspace_id, *id, None))).collect()
}

/// Opens the file that a signed address leads to.
///
/// # Errors
/// Forbidden when the signature is not ours; gone when the address has ended; not found when its bytes are not here.
pub async fn open_file(services: &Services, asked: &SignedAddress) -> Result<OpenedFile, ServiceError> {
    let now = services.now();
    let (workspace_id, expires_at) = address::check(services.store().keyring(), asked)
        .ok_or(ServiceError::Forbidden("this address of a file was changed or is not one of ours"))?;
    if now >= expires_at {
        return Err(ServiceError::Gone("this address of a file has ended; read the file or its message again"));
    }
    let file = services.store().find_file(workspace_id, asked.id).await?;
    let file = file.filter(|file| file.state == FileState::Stored).ok_or(ServiceError::NotFound)?;
    let seconds_left = expires_at.millis_since(now) / 1000;
    Ok(OpenedFile { file, expires_at, seconds_left, workspace_id, services: services.clone() })
}

/// Removes files that became part of nothing, and bytes that no file has.
pub(crate) async fn prune(services: &Services) -> store::Result<()> {
    let (store, now) = (services.store(), services.now());
    let before = now.plus_millis(-UNUSED_MILLIS);
    loop {
        let unused = store.list_unused_files(before, SLICE).await?;
        for (workspace_id, id) in &unused {
            store.delete_unused_file(*workspace_id, *id, before, now).await?;
        }
        if unused.len() < SLICE as usize {
            break;
        }
    }
    while store.forget_file_sources(now.plus_millis(-SOURCE_MILLIS), SLICE).await? == u64::from(SLICE) {}
    store.collect_abandoned_files(before).await.map(|_| ())
}
