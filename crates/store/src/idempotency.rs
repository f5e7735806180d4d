//! Keys that make a repeated creation harmless, written in the transaction of what they create.

use crate::{
    Store,
    engine::{Executor, params, queries},
    error::Result,
};
use futures_util::FutureExt;
use model::{Timestamp, WorkspaceId};

/// A caller's key with the hash of what was asked.
#[derive(Debug, Clone)]
pub struct Idempotency {
    /// `agt_…` or `tok_…`: keys of different callers never meet.
    pub actor_id: String,
    /// The key.
    pub key: String,
    /// SHA-256 of the request, in hex.
    pub request_hash: String,
}

/// What became of a creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created<T> {
    /// It was made now (or by an earlier run of the same command).
    New(T),
    /// The same request was made before: this is what it made.
    Before(T),
    /// The key was used for another request.
    KeyReused,
}

queries! {
    CLAIM = Same("INSERT INTO idempotency_key (workspace_id, actor_id, idempotency_key, request_hash, subject_id, created_at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (workspace_id, actor_id, idempotency_key) DO NOTHING");
    FIND = Same("SELECT request_hash, subject_id FROM idempotency_key WHERE workspace_id = $1 AND actor_id = $2 AND idempotency_key = $3");
    GIVE_BACK = Same("DELETE FROM idempotency_key WHERE workspace_id = $1 AND actor_id = $2 AND idempotency_key = $3 AND subject_id = $4");
    FORGET = Same("DELETE FROM idempotency_key WHERE created_at < $1");
}

/// Claims the key for `subject_id`. `New` means: go on and create it.
pub(crate) async fn claim(
    executor: &Executor,
    workspace_id: WorkspaceId,
    idempotency: Option<&Idempotency>,
    subject_id: i64,
    now: Timestamp,
) -> Result<Created<i64>> {
    let Some(Idempotency { actor_id, key, request_hash }) = idempotency else {
        return Ok(Created::New(subject_id));
    };
    let params = params![workspace_id.0, actor_id, key, request_hash, subject_id, now];
    if executor.execute(CLAIM, &params).await? == 1 {
        return Ok(Created::New(subject_id));
    }
    let known = executor
        .query_opt(FIND, &params![workspace_id.0, actor_id, key], |row| Ok((row.text(0)?, row.int(1)?)))
        .await?;
    Ok(match known {
        Some((_, before)) if before == subject_id => Created::New(subject_id),
        Some((hash, before)) if hash == *request_hash => Created::Before(before),
        Some(_) => Created::KeyReused,
        // Forgotten between the two statements: as if it had never been used.
        None => Created::New(subject_id),
    })
}

/// Gives the key back when nothing came of the creation, so that asking again is answered anew.
pub(crate) async fn give_back(
    executor: &Executor,
    workspace_id: WorkspaceId,
    idempotency: Option<&Idempotency>,
    subject_id: i64,
) -> Result<()> {
    let Some(Idempotency { actor_id, key, .. }) = idempotency else { return Ok(()) };
    executor.execute(GIVE_BACK, &params![workspace_id.0, actor_id, key, subject_id]).await.map(|_| ())
}

impl Store {
    /// What the same request made before: `Before`, or `KeyReused` when the key was used for another. `None` when it is new.
    pub async fn find_idempotent(
        &self,
        workspace_id: WorkspaceId,
        idempotency: Idempotency,
    ) -> Result<Option<Created<i64>>> {
        self.read((workspace_id, idempotency), |executor, (workspace_id, idempotency)| {
            async move {
                let params = params![workspace_id.0, &idempotency.actor_id, &idempotency.key];
                let known = executor.query_opt(FIND, &params, |row| Ok((row.text(0)?, row.int(1)?))).await?;
                Ok(known.map(
                    |(hash, id)| {
                        if hash == idempotency.request_hash { Created::Before(id) } else { Created::KeyReused }
                    },
                ))
            }
            .boxed()
        })
        .await
    }

    /// Forgets keys made before a moment.
    pub async fn forget_idempotency_keys(&self, before: Timestamp) -> Result<u64> {
        let (forgotten, _) = self
            .write(before, |executor, before| async move { executor.execute(FORGET, &params![*before]).await }.boxed())
            .await?;
        Ok(forgotten)
    }
}
