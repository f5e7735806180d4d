//! Files that a provider still keeps: noted with the message that they came with, copied by a job, told by that message.

use super::{FileShape, StoredFile, UploadedBytes, find};
use crate::{
    Store,
    engine::{Executor, Row, Value, params, queries},
    episodes::row::place,
    error::{Result, StoreError},
    jobs,
};
use futures_util::FutureExt;
use model::{
    Block, FileId, IdentityId, JobId, MessageId, Timestamp, WorkspaceId,
    block::Media,
    file::{FileFailure, FileState},
    log::LogKind,
};
use std::fmt;

/// A file that a provider keeps and that came with a message: noted with it.
#[derive(Clone)]
pub struct NewMedia {
    /// Its id, which the message's block names.
    pub id: FileId,
    /// The job that copies it.
    pub job_id: JobId,
    /// Its name, as far as it is known.
    pub name: String,
    /// Where the provider keeps it. Sealed in the database.
    pub source_url: String,
}

impl fmt::Debug for NewMedia {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Neither the signed address nor the name belongs into a log.
        write!(out, "NewMedia({})", self.id)
    }
}

/// A file to be copied.
// Has no `Debug`: nothing may print the address.
#[derive(Clone, PartialEq, Eq)]
pub struct PendingFile {
    /// Its name, as far as it is known.
    pub name: String,
    /// Where the provider keeps it.
    pub source_url: String,
    /// When it was made known.
    pub created_at: Timestamp,
}

/// What was found when a file had been copied.
#[derive(Debug, Clone)]
pub struct FetchedFile {
    /// Its name.
    pub name: String,
    /// What it is.
    pub media_type: String,
    /// How large it is; what is absent stays as it was.
    pub shape: FileShape,
}

/// What is said of a file's type until its bytes are here.
const UNKNOWN: &str = "application/octet-stream";

queries! {
    /// Only with a message that is there: one that was told twice has its files already.
    INSERT_PENDING = Same("INSERT INTO file (id, workspace_id, name, media_type, size, sha256, created_at, state, source_url, message_id) SELECT CAST($1 AS BIGINT), workspace_id, CAST($2 AS TEXT), CAST($3 AS TEXT), 0, '', CAST($4 AS BIGINT), 'fetching', CAST($5 AS TEXT), id FROM message WHERE workspace_id = $6 AND id = $7 ON CONFLICT (id) DO NOTHING");
    PENDING = Same("SELECT source_url, name, created_at FROM file WHERE workspace_id = $1 AND id = $2 AND state = 'fetching'");
    COMPLETE = Same("UPDATE file SET state = 'stored', source_url = NULL, failure = NULL, name = $1, media_type = $2, size = $3, sha256 = $4, width = coalesce($5, width), height = coalesce($6, height), duration_ms = coalesce($7, duration_ms) WHERE workspace_id = $8 AND id = $9 AND state = 'fetching'");
    FAIL = Same("UPDATE file SET state = 'failed', source_url = NULL, failure = $1 WHERE workspace_id = $2 AND id = $3 AND state = 'fetching'");
    /// The address is kept for another try.
    FAIL_FOR_NOW = Same("UPDATE file SET state = 'failed', failure = $1 WHERE workspace_id = $2 AND id = $3 AND state = 'fetching'");
    /// The words that the index of addresses is made of are avoided: PostgreSQL would read it whole.
    RETRY = Same("UPDATE file SET state = 'fetching', failure = NULL WHERE workspace_id = $1 AND id = $2 AND state = 'failed' AND coalesce(source_url, '') <> ''");
    FORGET_SOURCES = Same("UPDATE file SET source_url = NULL WHERE id IN (SELECT id FROM file WHERE state = 'failed' AND source_url IS NOT NULL AND created_at < $1 ORDER BY created_at LIMIT $2)");
    /// Locks the message, so that another file of it, or new words, do not write over what is written here.
    LOCK_BLOCKS = Same("UPDATE message SET blocks = blocks WHERE workspace_id = $1 AND id = $2 RETURNING identity_id, blocks");
    SET_BLOCKS = Same("UPDATE message SET blocks = $1 WHERE workspace_id = $2 AND id = $3");
}

/// Notes the files that a message came with, and the jobs that copy them, inside the transaction that stores it (after the
/// message). True when there is something to be copied.
pub(crate) async fn insert_media(
    store: &Store,
    executor: &Executor,
    (workspace_id, message_id): (WorkspaceId, MessageId),
    media: &[NewMedia],
    now: Timestamp,
) -> Result<bool> {
    let mut jobs = Vec::new();
    for file in media {
        let sealed = store.0.keys.seal(&file.id.to_string(), &file.source_url)?;
        let params = params![file.id.0, &file.name, UNKNOWN, now, &sealed, workspace_id.0, message_id.0];
        if executor.execute(INSERT_PENDING, &params).await? == 1 {
            jobs.push(jobs::NewJob {
                id: file.job_id,
                workspace_id,
                kind: jobs::FETCH_MEDIA,
                subject_id: file.id.0,
                now,
            });
        }
    }
    jobs::insert_all(executor, &jobs).await
}

/// What a message says of a file, as it is now.
fn describe(media: &mut Media, file: &StoredFile) {
    let pixels = |pixels: Option<u32>| pixels.filter(|pixels| *pixels > 0);
    media.state = file.state;
    media.failure = file.failure;
    if file.state == FileState::Stored {
        media.name = Some(file.name.clone());
        media.media_type = Some(file.media_type.clone());
        media.size = Some(file.size);
        (media.width, media.height) = (pixels(file.shape.width), pixels(file.shape.height));
        media.duration_ms = file.shape.duration_ms;
    }
}

/// Lets the message that a file came with tell what became of it.
async fn tell_message(
    executor: &Executor,
    (workspace_id, id): (WorkspaceId, FileId),
    kind: LogKind,
    actor_id: Option<&str>,
    now: Timestamp,
) -> Result<()> {
    let Some(file) = find(executor, workspace_id, id).await? else { return Ok(()) };
    let Some(message_id) = file.message_id else { return Ok(()) };
    let own: [Value<'_>; 2] = params![workspace_id.0, message_id.0];
    let found =
        executor.query_opt(LOCK_BLOCKS, &own, |row| Ok((IdentityId(row.int(0)?), row.json::<Vec<Block>>(1)?))).await?;
    let Some((identity_id, mut blocks)) = found else { return Ok(()) };
    for media in blocks.iter_mut().flat_map(Block::all_media_mut).filter(|media| media.file_id == id) {
        describe(media, &file);
    }
    let text = serde_json::to_string(&blocks).map_err(|error| StoreError::Internal(error.to_string()))?;
    executor.execute(SET_BLOCKS, &params![&text, workspace_id.0, message_id.0]).await?;
    let mut record = place(executor, workspace_id, identity_id).await?.record(kind, message_id, now);
    record.subject_id = Some(id.to_string());
    record.actor_id = actor_id.map(str::to_owned);
    record.detail = file.failure.map(|failure| serde_json::json!({ "reason": failure }).to_string());
    executor.log(record);
    Ok(())
}

impl Store {
    /// What is still to be copied of a file; `None` when nothing is.
    pub async fn find_pending_file(&self, workspace_id: WorkspaceId, id: FileId) -> Result<Option<PendingFile>> {
        let found = self
            .read((workspace_id, id), |executor, (workspace_id, id)| {
                async move {
                    let params = params![workspace_id.0, id.0];
                    let read = |row: &Row<'_>| Ok((row.opt_text(0)?, row.text(1)?, Timestamp(row.int(2)?)));
                    executor.query_opt(PENDING, &params, read).await
                }
                .boxed()
            })
            .await?;
        let Some((Some(sealed), name, created_at)) = found else { return Ok(None) };
        let source_url = self.0.keys.open(&id.to_string(), &sealed)?;
        Ok(Some(PendingFile { name, source_url, created_at }))
    }

    /// A file's bytes have been copied and stored: its message tells so, its job is done. False when it does not wait for them
    /// (any more); its bytes then are those that were uploaded last.
    pub async fn complete_file(
        &self,
        (workspace_id, id): (WorkspaceId, FileId),
        fetched: FetchedFile,
        uploaded: UploadedBytes,
        now: Timestamp,
    ) -> Result<bool> {
        let (size, sha256) = (uploaded.size, uploaded.sha256.clone());
        let input = (workspace_id, id, fetched, size, sha256, now);
        let (changed, _) = self
            .write(input, |executor, (workspace_id, id, fetched, size, sha256, now)| {
                async move {
                    let params = params![
                        &fetched.name,
                        &fetched.media_type,
                        *size,
                        sha256,
                        fetched.shape.width,
                        fetched.shape.height,
                        fetched.shape.duration_ms,
                        workspace_id.0,
                        id.0
                    ];
                    let changed = executor.execute(COMPLETE, &params).await?;
                    jobs::remove(executor, *workspace_id, jobs::FETCH_MEDIA, id.0).await?;
                    if changed == 1 {
                        tell_message(executor, (*workspace_id, *id), LogKind::MessageMediaStored, None, *now).await?;
                    }
                    Ok(changed)
                }
                .boxed()
            })
            .await?;
        if changed == 0 && self.find_file(workspace_id, id).await?.is_none() {
            self.remove_bytes(workspace_id, id).await?;
        }
        self.unmark(uploaded).await?;
        Ok(changed == 1)
    }

    /// Gives a file up that could not be copied: its message tells so, its job is done. Where another try may help, the
    /// address is kept for it. False when it does not wait (any more).
    pub async fn fail_file(
        &self,
        workspace_id: WorkspaceId,
        id: FileId,
        failure: FileFailure,
        now: Timestamp,
    ) -> Result<bool> {
        let (changed, _) = self
            .write((workspace_id, id, failure, now), |executor, (workspace_id, id, failure, now)| {
                async move {
                    let fail = if failure.may_be_retried() { FAIL_FOR_NOW } else { FAIL };
                    let changed = executor.execute(fail, &params![failure.as_str(), workspace_id.0, id.0]).await?;
                    jobs::remove(executor, *workspace_id, jobs::FETCH_MEDIA, id.0).await?;
                    if changed == 1 {
                        tell_message(executor, (*workspace_id, *id), LogKind::MessageMediaFailed, None, *now).await?;
                    }
                    Ok(changed)
                }
                .boxed()
            })
            .await?;
        if changed == 1 {
            self.remove_bytes(workspace_id, id).await?;
        }
        Ok(changed == 1)
    }

    /// Lets a file that could not be copied be tried once more because a person said so. False when it did not fail, or its
    /// address is not known any more.
    pub async fn retry_file(
        &self,
        (workspace_id, id): (WorkspaceId, FileId),
        job_id: JobId,
        actor_id: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let input = (workspace_id, id, job_id, actor_id.to_owned(), now);
        let (done, _) = self
            .write(input, |executor, (workspace_id, id, job_id, actor_id, now)| {
                async move {
                    if executor.execute(RETRY, &params![workspace_id.0, id.0]).await? == 0 {
                        // Running the command again finds its own job.
                        return jobs::exists(executor, *workspace_id, *job_id).await;
                    }
                    jobs::replace(executor, *workspace_id, *job_id, jobs::FETCH_MEDIA, id.0, id.0, *now).await?;
                    let (file, kind) = ((*workspace_id, *id), LogKind::MessageMediaFailed);
                    tell_message(executor, file, kind, Some(actor_id.as_str()), *now).await?;
                    Ok(true)
                }
                .boxed()
            })
            .await?;
        Ok(done)
    }

    /// Forgets the addresses of at most `limit` files that were made known before a moment and could not be copied; gives how
    /// many. A provider's addresses end after days.
    pub async fn forget_file_sources(&self, before: Timestamp, limit: u32) -> Result<u64> {
        let (forgotten, _) = self
            .write((before, limit), |executor, (before, limit)| {
                async move { executor.execute(FORGET_SOURCES, &params![*before, *limit]).await }.boxed()
            })
            .await?;
        Ok(forgotten)
    }
}
