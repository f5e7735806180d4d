//! Files: bytes in an object store (a local folder by default, [`bytes`]), a row for what they are.
//!
//! Bytes first, row second: a row that says `stored` has its bytes. Bytes without a row are nobody's; a mark that is left
//! before the first of them finds them again ([`bytes::FileUpload`]).

mod bytes;
mod fetching;

pub use bytes::{FileBytes, FileUpload, UploadedBytes};
#[cfg(test)]
pub(crate) use fetching::QUERIES as FETCHING_QUERIES;
pub(crate) use fetching::insert_media;
pub use fetching::{FetchedFile, NewMedia, PendingFile};

use crate::{
    Created, Idempotency, Store,
    engine::{Executor, Row, params, queries},
    error::{Result, StoreError},
    idempotency,
};
use futures_util::FutureExt;
use model::{
    FileId, MessageId, Timestamp, WorkspaceId,
    file::{FileFailure, FileState},
};

/// What is known of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFile {
    /// Its id.
    pub id: FileId,
    /// The name it was given.
    pub name: String,
    /// What it is, as found by looking at it; what the provider says while it is fetched.
    pub media_type: String,
    /// Bytes; 0 until they are here.
    pub size: i64,
    /// SHA-256 of the bytes, in hex; empty until they are here.
    pub sha256: String,
    /// Whether its bytes are here.
    pub state: FileState,
    /// Why its bytes could not be had.
    pub failure: Option<FileFailure>,
    /// What was found by looking at it.
    pub shape: FileShape,
    /// Who gave it (`agt_…`, `tok_…`); nobody when it came from a customer.
    pub created_by: Option<String>,
    /// The first message that it is part of.
    pub message_id: Option<MessageId>,
    /// When it was made known.
    pub created_at: Timestamp,
}

/// How large a picture is and how long something plays; what does not apply or is not known is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FileShape {
    /// Pixels across.
    pub width: Option<u32>,
    /// Pixels down.
    pub height: Option<u32>,
    /// Milliseconds.
    pub duration_ms: Option<u32>,
}

/// A file whose bytes have just been stored.
#[derive(Debug, Clone)]
pub struct NewFile {
    /// Its id, the one that its bytes were uploaded under.
    pub id: FileId,
    /// Where.
    pub workspace_id: WorkspaceId,
    /// Its name.
    pub name: String,
    /// What it is.
    pub media_type: String,
    /// How large it is.
    pub shape: FileShape,
    /// Who gives it.
    pub created_by: String,
    /// Makes the repeated request harmless.
    pub idempotency: Option<Idempotency>,
    /// When.
    pub now: Timestamp,
}

queries! {
    INSERT = Same("INSERT INTO file (id, workspace_id, name, media_type, size, sha256, created_at, state, width, height, duration_ms, created_by) VALUES ($1, $2, $3, $4, $5, $6, $7, 'stored', $8, $9, $10, $11) ON CONFLICT (id) DO NOTHING");
    GET = Same("SELECT id, name, media_type, size, sha256, state, failure, width, height, duration_ms, created_by, message_id, created_at FROM file WHERE workspace_id = $1 AND id = $2");
    ATTACH = Same("UPDATE file SET message_id = coalesce(message_id, $1) WHERE workspace_id = $2 AND id = $3");
    LIST_UNUSED = Same("SELECT workspace_id, id FROM file WHERE message_id IS NULL AND identity_id IS NULL AND created_at < $1 ORDER BY created_at LIMIT $2");
    DELETE_UNUSED = Same("DELETE FROM file WHERE workspace_id = $1 AND id = $2 AND message_id IS NULL AND identity_id IS NULL AND created_at < $3");
    DELETE = Same("DELETE FROM file WHERE workspace_id = $1 AND id = $2");
}

fn pixels(row: &Row<'_>, column: usize) -> Result<Option<u32>> {
    Ok(row.opt_int(column)?.and_then(|value| u32::try_from(value).ok()))
}

fn read_row(row: &Row<'_>) -> Result<StoredFile> {
    Ok(StoredFile {
        id: FileId(row.int(0)?),
        name: row.text(1)?,
        media_type: row.text(2)?,
        size: row.int(3)?,
        sha256: row.text(4)?,
        state: row.parse(5)?,
        failure: row.opt_text(6)?.map(|word| word.parse().map_err(StoreError::Internal)).transpose()?,
        shape: FileShape { width: pixels(row, 7)?, height: pixels(row, 8)?, duration_ms: pixels(row, 9)? },
        created_by: row.opt_text(10)?,
        message_id: row.opt_int(11)?.map(MessageId),
        created_at: Timestamp(row.int(12)?),
    })
}

async fn find(executor: &Executor, workspace_id: WorkspaceId, id: FileId) -> Result<Option<StoredFile>> {
    executor.query_opt(GET, &params![workspace_id.0, id.0], read_row).await
}

/// Keeps files for as long as the message that they are part of, inside the transaction that stores it (after the message).
/// Gives the first that does not exist in this workspace.
pub(crate) async fn attach(
    executor: &Executor,
    workspace_id: WorkspaceId,
    message_id: MessageId,
    files: &[FileId],
) -> Result<Option<FileId>> {
    for id in files {
        if executor.execute(ATTACH, &params![message_id.0, workspace_id.0, id.0]).await? == 0 {
            return Ok(Some(*id));
        }
    }
    Ok(None)
}

impl Store {
    /// Makes known a file whose bytes are stored. When the same request made one before, or the key was used for
    /// another, the bytes go again.
    pub async fn create_file(&self, new: NewFile, uploaded: UploadedBytes) -> Result<Created<FileId>> {
        let (workspace_id, id) = (new.workspace_id, new.id);
        let (size, sha256) = (uploaded.size, uploaded.sha256.clone());
        let (created, _) = self
            .write((new, size, sha256), |executor, (new, size, sha256)| {
                async move {
                    let key = new.idempotency.as_ref();
                    let claimed = idempotency::claim(executor, new.workspace_id, key, new.id.0, new.now).await?;
                    let Created::New(_) = claimed else { return Ok(claimed) };
                    let params = params![
                        new.id.0,
                        new.workspace_id.0,
                        &new.name,
                        &new.media_type,
                        *size,
                        sha256,
                        new.now,
                        new.shape.width,
                        new.shape.height,
                        new.shape.duration_ms,
                        &new.created_by
                    ];
                    executor.execute(INSERT, &params).await?;
                    Ok(claimed)
                }
                .boxed()
            })
            .await?;
        match created {
            Created::New(_) => self.unmark(uploaded).await?,
            Created::Before(_) | Created::KeyReused => self.drop_upload(workspace_id, id, uploaded).await?,
        }
        Ok(match created {
            Created::New(id) => Created::New(FileId(id)),
            Created::Before(id) => Created::Before(FileId(id)),
            Created::KeyReused => Created::KeyReused,
        })
    }

    /// What is known of a file.
    pub async fn find_file(&self, workspace_id: WorkspaceId, id: FileId) -> Result<Option<StoredFile>> {
        self.read((workspace_id, id), |executor, (workspace_id, id)| find(executor, *workspace_id, *id).boxed()).await
    }

    /// Lets bytes go that have just been stored and are wanted by nothing.
    pub async fn drop_upload(&self, workspace_id: WorkspaceId, id: FileId, uploaded: UploadedBytes) -> Result<()> {
        self.remove_bytes(workspace_id, id).await?;
        self.unmark(uploaded).await
    }

    /// Files of all workspaces that were made known before a moment and are part of nothing, oldest first.
    pub async fn list_unused_files(&self, before: Timestamp, limit: u32) -> Result<Vec<(WorkspaceId, FileId)>> {
        self.read((before, limit), |executor, (before, limit)| {
            async move {
                let params = params![*before, *limit];
                executor.query(LIST_UNUSED, &params, |row| Ok((WorkspaceId(row.int(0)?), FileId(row.int(1)?)))).await
            }
            .boxed()
        })
        .await
    }

    /// Removes a file with its bytes, if it is still part of nothing and was made known before a moment. Whether it went.
    pub async fn delete_unused_file(
        &self,
        workspace_id: WorkspaceId,
        id: FileId,
        before: Timestamp,
        now: Timestamp,
    ) -> Result<bool> {
        let mark = self.mark(workspace_id, id, now).await?;
        let (gone, _) = self
            .write((workspace_id, id, before), |executor, (workspace_id, id, before)| {
                async move { executor.execute(DELETE_UNUSED, &params![workspace_id.0, id.0, *before]).await }.boxed()
            })
            .await?;
        if gone == 1 {
            self.remove_bytes(workspace_id, id).await?;
        }
        self.remove_mark(&mark).await?;
        Ok(gone == 1)
    }

    /// Removes a file: the row first, so that nobody finds one without bytes.
    pub async fn delete_file(&self, workspace_id: WorkspaceId, id: FileId, now: Timestamp) -> Result<()> {
        let mark = self.mark(workspace_id, id, now).await?;
        self.write((workspace_id, id), |executor, (workspace_id, id)| {
            async move { executor.execute(DELETE, &params![workspace_id.0, id.0]).await }.boxed()
        })
        .await?;
        self.remove_bytes(workspace_id, id).await?;
        self.remove_mark(&mark).await
    }
}
