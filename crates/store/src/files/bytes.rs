//! The bytes of files in the object store: written as they come, read in parts, found again when nobody finished them.
//!
//! An object is `workspace/file`. Before its first byte, and before a row goes, an empty object is left under
//! `incoming/`, whose name says when, where and which; it goes when row and bytes agree again. So whatever a crash leaves is
//! found by a look into one small folder.

use crate::{
    Store,
    error::{Result, StoreError},
    seal::hex,
};
use aws_lc_rs::digest;
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream::BoxStream};
use model::{FileId, Timestamp, WorkspaceId};
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt, WriteMultipart, path::Path};
use std::{fs::File, io::ErrorKind, ops::Range};

/// Where marks lie. No workspace has this name: theirs begin with `wks_`.
const MARKS: &str = "incoming";
/// Parts of one upload that are being written at the same time; each is 5 MiB, the least that S3 takes.
const PARTS_AT_ONCE: usize = 1;

/// Bytes as they are read; dropping it ends the reading.
pub type FileBytes = BoxStream<'static, Result<Bytes>>;

/// Bytes on their way in. Dropped half-way, what was written goes.
pub struct FileUpload {
    store: Store,
    workspace_id: WorkspaceId,
    id: FileId,
    mark: Path,
    parts: WriteMultipart,
    hash: digest::Context,
    size: i64,
}

/// Bytes that are on the disk, and no row says so yet.
#[derive(Debug)]
#[must_use = "without a row nobody finds them"]
pub struct UploadedBytes {
    /// How many.
    pub size: i64,
    /// Their SHA-256, in hex.
    pub sha256: String,
    mark: Path,
}

fn object(workspace_id: WorkspaceId, id: FileId) -> Path {
    Path::from_iter([workspace_id.to_string(), id.to_string()])
}

fn fault(error: &object_store::Error) -> StoreError {
    StoreError::Unavailable(format!("the file store does not answer: {error}"))
}

fn read_mark(path: &Path) -> Option<(Timestamp, WorkspaceId, FileId)> {
    let mut parts = path.filename()?.splitn(3, '-');
    let at = Timestamp(parts.next()?.parse().ok()?);
    Some((at, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

impl FileUpload {
    /// How many bytes came so far.
    #[must_use]
    pub fn size(&self) -> i64 {
        self.size
    }

    /// Takes the next bytes; waits while the disk is behind.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when they cannot be written (a full disk); the upload is of no use then.
    pub async fn write(&mut self, bytes: Bytes) -> Result<()> {
        self.hash.update(&bytes);
        self.size += bytes.len() as i64;
        self.parts.put(bytes);
        self.parts.wait_for_capacity(PARTS_AT_ONCE + 1).await.map_err(|error| fault(&error))
    }

    /// All bytes are there: waits until they are on the disk.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn finish(self) -> Result<UploadedBytes> {
        self.parts.finish().await.map_err(|error| fault(&error))?;
        self.store.sync(self.workspace_id, self.id).await?;
        Ok(UploadedBytes { size: self.size, sha256: hex(self.hash.finish().as_ref()), mark: self.mark })
    }

    /// Nothing comes of it: what was written goes.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; it is collected later.
    pub async fn abort(self) -> Result<()> {
        self.parts.abort().await.map_err(|error| fault(&error))?;
        self.store.remove_mark(&self.mark).await
    }
}

impl Store {
    /// Begins to take a file's bytes. No row may exist under the id, or one that waits for its bytes.
    pub async fn upload_file(&self, workspace_id: WorkspaceId, id: FileId, now: Timestamp) -> Result<FileUpload> {
        let mark = self.mark(workspace_id, id, now).await?;
        let upload = self.0.files.put_multipart(&object(workspace_id, id)).await.map_err(|error| fault(&error))?;
        Ok(FileUpload {
            store: self.clone(),
            workspace_id,
            id,
            mark,
            parts: WriteMultipart::new(upload),
            hash: digest::Context::new(&digest::SHA256),
            size: 0,
        })
    }

    /// Reads a file's bytes, or the part of them that is named (it must lie inside); `None` when there are none in this
    /// workspace.
    pub async fn read_file(
        &self,
        workspace_id: WorkspaceId,
        id: FileId,
        part: Option<Range<u64>>,
    ) -> Result<Option<FileBytes>> {
        let options = GetOptions { range: part.map(GetRange::Bounded), ..GetOptions::default() };
        match self.0.files.get_opts(&object(workspace_id, id), options).await {
            Ok(found) => Ok(Some(found.into_stream().map_err(|error| fault(&error)).boxed())),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(fault(&error)),
        }
    }

    /// Removes the bytes of uploads that were begun before a moment and that nobody finished, and of files whose removal
    /// did not end. Gives how many were looked at.
    pub async fn collect_abandoned_files(&self, before: Timestamp) -> Result<u64> {
        let marks: Vec<Path> = self
            .0
            .files
            .list(Some(&Path::from(MARKS)))
            .map_ok(|object| object.location)
            .try_collect()
            .await
            .map_err(|error| fault(&error))?;
        let mut collected = 0;
        for mark in marks {
            let Some((at, workspace_id, id)) = read_mark(&mark) else { continue };
            if at >= before {
                continue;
            }
            self.remove_parts(workspace_id, id).await?;
            if self.find_file(workspace_id, id).await?.is_none() {
                self.remove_bytes(workspace_id, id).await?;
            }
            self.remove_mark(&mark).await?;
            collected += 1;
        }
        Ok(collected)
    }

    /// Leaves a mark by which unfinished work is found again.
    pub(super) async fn mark(&self, workspace_id: WorkspaceId, id: FileId, now: Timestamp) -> Result<Path> {
        let mark = Path::from_iter([MARKS.to_owned(), format!("{}-{workspace_id}-{id}", now.0)]);
        self.0.files.put(&mark, Bytes::new().into()).await.map_err(|error| fault(&error))?;
        Ok(mark)
    }

    /// Row and bytes agree.
    pub(crate) async fn unmark(&self, uploaded: UploadedBytes) -> Result<()> {
        self.remove_mark(&uploaded.mark).await
    }

    pub(super) async fn remove_mark(&self, mark: &Path) -> Result<()> {
        self.remove_object(mark).await
    }

    pub(super) async fn remove_bytes(&self, workspace_id: WorkspaceId, id: FileId) -> Result<()> {
        self.remove_object(&object(workspace_id, id)).await
    }

    async fn remove_object(&self, path: &Path) -> Result<()> {
        match self.0.files.delete(path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(fault(&error)),
        }
    }

    /// Removes what a killed process had written of an upload. In a folder that is `file#1`, `file#2`, …, which the object
    /// store does not list.
    async fn remove_parts(&self, workspace_id: WorkspaceId, id: FileId) -> Result<()> {
        let whole = self.0.files.path_to_filesystem(&object(workspace_id, id)).map_err(|error| fault(&error))?;
        let removed = tokio::task::spawn_blocking(move || {
            for number in 1.. {
                let mut part = whole.clone().into_os_string();
                part.push(format!("#{number}"));
                match std::fs::remove_file(part) {
                    Ok(()) => {}
                    Err(error) if error.kind() == ErrorKind::NotFound => break,
                    Err(error) => return Err(error),
                }
            }
            Ok(())
        });
        let removed = removed.await.map_err(|error| StoreError::Internal(error.to_string()))?;
        removed.map_err(|error| StoreError::Unavailable(format!("the file store does not answer: {error}")))
    }

    /// Waits until a file's bytes, and its name in the folder, are on the disk: the object store does not.
    async fn sync(&self, workspace_id: WorkspaceId, id: FileId) -> Result<()> {
        let path = self.0.files.path_to_filesystem(&object(workspace_id, id)).map_err(|error| fault(&error))?;
        let synced = tokio::task::spawn_blocking(move || {
            File::open(&path)?.sync_all()?;
            path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
        });
        let synced = synced.await.map_err(|error| StoreError::Internal(error.to_string()))?;
        synced.map_err(|error| StoreError::Unavailable(format!("the file store does not answer: {error}")))
    }
}
