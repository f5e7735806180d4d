//! Files: bytes in an object store (a local folder by default), a row for what they are.

use crate::{
    Store,
    engine::{params, queries},
    error::{Result, StoreError},
    seal::hex,
};
use aws_lc_rs::digest;
use bytes::Bytes;
use futures_util::FutureExt;
use model::{FileId, Timestamp, WorkspaceId};
use object_store::{ObjectStoreExt, path::Path};
use std::fs::File;

/// What is known of a stored file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFile {
    /// Its id.
    pub id: FileId,
    /// The name it was given.
    pub name: String,
    /// What it is, as found by looking at it.
    pub media_type: String,
    /// Bytes.
    pub size: i64,
    /// SHA-256 of the bytes, in hex.
    pub sha256: String,
    /// When it was stored.
    pub created_at: Timestamp,
}

queries! {
    INSERT = Same("INSERT INTO file (id, workspace_id, name, media_type, size, sha256, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING");
    GET = Same("SELECT id, name, media_type, size, sha256, created_at FROM file WHERE workspace_id = $1 AND id = $2");
    DELETE = Same("DELETE FROM file WHERE workspace_id = $1 AND id = $2");
}

fn object(workspace_id: WorkspaceId, id: FileId) -> Path {
    Path::from_iter([workspace_id.to_string(), id.to_string()])
}

fn fault(error: &object_store::Error) -> StoreError {
    StoreError::Unavailable(format!("the file store does not answer: {error}"))
}

impl Store {
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

    /// Stores bytes, then the row: a row without bytes never exists, bytes without a row are nobody's.
    pub async fn create_file(
        &self,
        workspace_id: WorkspaceId,
        id: FileId,
        name: &str,
        media_type: &str,
        bytes: Bytes,
        now: Timestamp,
    ) -> Result<StoredFile> {
        let file = StoredFile {
            id,
            name: name.to_owned(),
            media_type: media_type.to_owned(),
            size: bytes.len() as i64,
            sha256: hex(digest::digest(&digest::SHA256, &bytes).as_ref()),
            created_at: now,
        };
        self.0.files.put(&object(workspace_id, id), bytes.into()).await.map_err(|error| fault(&error))?;
        self.sync(workspace_id, id).await?;
        self.write((workspace_id, file.clone()), |executor, (workspace_id, file)| {
            async move {
                let params = params![
                    file.id.0,
                    workspace_id.0,
                    &file.name,
                    &file.media_type,
                    file.size,
                    &file.sha256,
                    file.created_at
                ];
                executor.execute(INSERT, &params).await
            }
            .boxed()
        })
        .await?;
        Ok(file)
    }

    /// What is known of a file.
    pub async fn find_file(&self, workspace_id: WorkspaceId, id: FileId) -> Result<Option<StoredFile>> {
        self.read((workspace_id, id), |executor, (workspace_id, id)| {
            async move {
                executor
                    .query_opt(GET, &params![workspace_id.0, id.0], |row| {
                        Ok(StoredFile {
                            id: FileId(row.int(0)?),
                            name: row.text(1)?,
                            media_type: row.text(2)?,
                            size: row.int(3)?,
                            sha256: row.text(4)?,
                            created_at: Timestamp(row.int(5)?),
                        })
                    })
                    .await
            }
            .boxed()
        })
        .await
    }

    /// A file's bytes; `None` when it does not exist in this workspace.
    pub async fn find_file_bytes(&self, workspace_id: WorkspaceId, id: FileId) -> Result<Option<Bytes>> {
        if self.find_file(workspace_id, id).await?.is_none() {
            return Ok(None);
        }
        let stored = self.0.files.get(&object(workspace_id, id)).await.map_err(|error| fault(&error))?;
        Ok(Some(stored.bytes().await.map_err(|error| fault(&error))?))
    }

    /// Removes a file: the row first, so that nobody finds one without bytes.
    pub async fn delete_file(&self, workspace_id: WorkspaceId, id: FileId) -> Result<()> {
        self.write((workspace_id, id), |executor, (workspace_id, id)| {
            async move { executor.execute(DELETE, &params![workspace_id.0, id.0]).await }.boxed()
        })
        .await?;
        match self.0.files.delete(&object(workspace_id, id)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(fault(&error)),
        }
    }
}
