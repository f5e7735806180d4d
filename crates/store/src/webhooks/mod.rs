//! Webhooks: what they are ([this file](self)), how they follow the log ([`follow`]), what became of each try
//! ([`deliveries`]).

mod deliveries;
mod follow;

pub use deliveries::ReplayedEvent;
pub use follow::{WebhookAttempt, WebhookReplay, WebhookSource, WebhookVerdict, WebhookWork};

#[cfg(test)]
pub(crate) use {deliveries::QUERIES as DELIVERY_QUERIES, follow::QUERIES as FOLLOW_QUERIES};

use crate::{
    Store,
    engine::{Executor, Row, params, queries},
    error::{Result, StoreError},
    idempotency::{Created, Idempotency, claim, give_back},
    log::NewRecord,
};
use futures_util::FutureExt;
use model::{
    Cursor, Timestamp, WebhookId, WorkspaceId,
    log::LogKind,
    webhook::{Webhook, WebhookState},
};

/// A webhook to make.
#[derive(Clone)]
pub struct NewWebhook {
    /// Made by the caller.
    pub id: WebhookId,
    /// Where.
    pub workspace_id: WorkspaceId,
    /// What the team calls it.
    pub name: String,
    /// Where the events go.
    pub url: String,
    /// What it wants.
    pub kinds: Vec<String>,
    /// Whether it is told anything.
    pub enabled: bool,
    /// The secret, opened; sealed before it is written.
    pub secret: String,
    /// Where it begins in the log; `None`: now.
    pub from: Option<Cursor>,
    /// How many a workspace may have.
    pub most: u32,
    /// The caller's key.
    pub idempotency: Option<Idempotency>,
    /// Who.
    pub actor_id: String,
    /// Now.
    pub now: Timestamp,
}

/// What changes of a webhook. All of it is written; the caller has merged. A change also ends the pause before the next try.
#[derive(Debug, Clone)]
pub struct WebhookUpdate {
    /// Which.
    pub id: WebhookId,
    /// Where.
    pub workspace_id: WorkspaceId,
    /// The version that the change is based on.
    pub version: i64,
    /// The name.
    pub name: String,
    /// Where the events go.
    pub url: String,
    /// What it wants.
    pub kinds: Vec<String>,
    /// Whether it is told anything.
    pub enabled: bool,
    /// Where it begins, when it is switched on.
    pub begins: Option<WebhookBegin>,
    /// Who.
    pub actor_id: String,
    /// Now.
    pub now: Timestamp,
}

/// Where a webhook that is switched on begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookBegin {
    /// At the log's end.
    Now,
    /// After this record.
    After(Cursor),
}

/// A webhook with its secret opened.
#[derive(Clone)]
pub struct WebhookRow {
    /// As it may be shown.
    pub webhook: Webhook,
    /// The secret that signs.
    pub secret: String,
    /// Rises with every change by a person.
    pub version: i64,
}

queries! {
    INSERT = Same("INSERT INTO webhook (id, workspace_id, name, url, kinds, enabled, secret, state, version, created_at, cursor_seq, patience_from, tries, due_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9, $10, $11, 0, $12) ON CONFLICT (id) DO NOTHING");
    COUNT = Same("SELECT count(*) FROM webhook WHERE workspace_id = $1 AND id <> $2");
    HEAD = Same("SELECT seq FROM log_head WHERE workspace_id = $1 AND shard = 0");
    GET = Same("SELECT w.id, w.name, w.url, w.kinds, w.enabled, w.state, w.failing_since, w.last_error, w.due_at, w.cursor_seq, w.last_success_at, w.last_failure_at, w.former_secret_until, w.created_at, w.tries, (SELECT count(*) FROM webhook_event e WHERE e.webhook_id = w.id AND e.state = 'failed'), w.secret, w.version FROM webhook w WHERE w.workspace_id = $1 AND w.id = $2");
    LIST = Same("SELECT w.id, w.name, w.url, w.kinds, w.enabled, w.state, w.failing_since, w.last_error, w.due_at, w.cursor_seq, w.last_success_at, w.last_failure_at, w.former_secret_until, w.created_at, w.tries, (SELECT count(*) FROM webhook_event e WHERE e.webhook_id = w.id AND e.state = 'failed') FROM webhook w WHERE w.workspace_id = $1 AND w.id > $2 ORDER BY w.id LIMIT $3");
    UPDATE = Same("UPDATE webhook SET name = $1, url = $2, kinds = $3, enabled = $4, state = CASE WHEN enabled = $5 THEN state ELSE $6 END, due_at = $7, version = version + 1 WHERE workspace_id = $8 AND id = $9 AND version = $10");
    /// Whether an update is there already: it was run before, and the answer was lost.
    IS_WRITTEN = Same("SELECT id FROM webhook WHERE workspace_id = $1 AND id = $2 AND version = $3 AND name = $4 AND url = $5 AND kinds = $6 AND enabled = $7");
    BEGIN = Same("UPDATE webhook SET cursor_seq = $1, patience_from = $2, tries = 0, state = 'healthy', failing_since = NULL, last_error = NULL WHERE workspace_id = $3 AND id = $4");
    ROTATE = Same("UPDATE webhook SET former_secret = secret, former_secret_until = $1, secret = $2, version = version + 1 WHERE workspace_id = $3 AND id = $4 AND version = $5");
    /// Sealing never gives the same text twice, so the text names the rotation.
    IS_ROTATED = Same("SELECT id FROM webhook WHERE workspace_id = $1 AND id = $2 AND secret = $3");
    DELETE = Same("DELETE FROM webhook WHERE workspace_id = $1 AND id = $2");
    ALL_SEALED = Same("SELECT secret, former_secret FROM webhook");
    SECRETS_PAGE = Same("SELECT id, workspace_id, secret, former_secret, version FROM webhook");
    RESEAL = Same("UPDATE webhook SET secret = $1, former_secret = $2 WHERE workspace_id = $3 AND id = $4 AND version = $5");
}

fn read_webhook(row: &Row<'_>) -> Result<Webhook> {
    let (enabled, tries) = (row.flag(4)?, row.int(14)?);
    let next_try_at = if enabled && tries > 0 { Some(Timestamp(row.int(8)?)) } else { None };
    Ok(Webhook {
        id: WebhookId(row.int(0)?),
        name: row.text(1)?,
        url: row.text(2)?,
        kinds: row.json(3)?,
        enabled,
        state: row.parse(5)?,
        failing_since: row.opt_int(6)?.map(Timestamp),
        last_error: row.opt_text(7)?.map(|text| text.parse().map_err(StoreError::Internal)).transpose()?,
        next_try_at,
        cursor: Cursor::at(row.int(9)?),
        failed_events: row.int(15)?,
        last_success_at: row.opt_int(10)?.map(Timestamp),
        last_failure_at: row.opt_int(11)?.map(Timestamp),
        former_secret_until: row.opt_int(12)?.map(Timestamp),
        created_at: Timestamp(row.int(13)?),
    })
}

pub(super) fn to_json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| StoreError::Internal(error.to_string()))
}

/// Records that something happened to a webhook; `actor_id` is `None` when nobody did it.
fn record(
    executor: &Executor,
    kind: LogKind,
    workspace_id: WorkspaceId,
    id: WebhookId,
    actor_id: Option<&str>,
    now: Timestamp,
) {
    let mut record = NewRecord::new(workspace_id, now, kind);
    record.subject_id = Some(id.to_string());
    record.actor_id = actor_id.map(str::to_owned);
    executor.log(record);
}

async fn head(executor: &Executor, workspace_id: WorkspaceId) -> Result<i64> {
    Ok(executor.query_opt(HEAD, &params![workspace_id.0], |row| row.int(0)).await?.unwrap_or(0))
}

fn state_of(enabled: bool) -> &'static str {
    if enabled { WebhookState::Healthy.as_str() } else { WebhookState::Disabled.as_str() }
}

impl Store {
    /// Makes a webhook. `None` when the workspace has as many as it may.
    pub async fn create_webhook(&self, new: NewWebhook) -> Result<Option<Created<WebhookId>>> {
        let sealed = self.0.keys.seal(&new.id.to_string(), &new.secret)?;
        let kinds = to_json(&new.kinds)?;
        let (created, _) = self
            .write((new, sealed, kinds), |executor, (new, sealed, kinds)| {
                async move {
                    let (workspace_id, id) = (new.workspace_id, new.id);
                    match claim(executor, workspace_id, new.idempotency.as_ref(), id.0, new.now).await? {
                        Created::New(_) => {}
                        Created::Before(id) => return Ok(Some(Created::Before(WebhookId(id)))),
                        Created::KeyReused => return Ok(Some(Created::KeyReused)),
                    }
                    let others = executor.query_opt(COUNT, &params![workspace_id.0, id.0], |row| row.int(0)).await?;
                    if others.unwrap_or(0) >= i64::from(new.most) {
                        give_back(executor, workspace_id, new.idempotency.as_ref(), id.0).await?;
                        return Ok(None);
                    }
                    let begin = match new.from {
                        Some(cursor) => cursor.seq,
                        None => head(executor, workspace_id).await?,
                    };
                    let params = params![
                        id.0,
                        workspace_id.0,
                        &new.name,
                        &new.url,
                        kinds,
                        new.enabled,
                        sealed,
                        state_of(new.enabled),
                        new.now,
                        begin,
                        new.now,
                        new.now,
                    ];
                    if executor.execute(INSERT, &params).await? == 1 {
                        record(executor, LogKind::WebhookCreated, workspace_id, id, Some(&new.actor_id), new.now);
                    }
                    Ok(Some(Created::New(id)))
                }
                .boxed()
            })
            .await?;
        Ok(created)
    }

    /// One webhook with its secret.
    pub async fn find_webhook(&self, workspace_id: WorkspaceId, id: WebhookId) -> Result<Option<WebhookRow>> {
        let found = self
            .read((workspace_id, id), |executor, (workspace_id, id)| {
                async move {
                    executor
                        .query_opt(GET, &params![workspace_id.0, id.0], |row| {
                            Ok((read_webhook(row)?, row.text(16)?, row.int(17)?))
                        })
                        .await
                }
                .boxed()
            })
            .await?;
        let Some((webhook, sealed, version)) = found else { return Ok(None) };
        let secret = self.0.keys.open(&id.to_string(), &sealed)?;
        Ok(Some(WebhookRow { webhook, secret, version }))
    }

    /// Webhooks after `after`, oldest first.
    pub async fn list_webhooks(&self, workspace_id: WorkspaceId, after: WebhookId, limit: u32) -> Result<Vec<Webhook>> {
        self.read((workspace_id, after, limit), |executor, (workspace_id, after, limit)| {
            async move { executor.query(LIST, &params![workspace_id.0, after.0, *limit], read_webhook).await }.boxed()
        })
        .await
    }

    /// Writes a changed webhook. False when somebody changed it meanwhile, or it is gone.
    pub async fn update_webhook(&self, change: WebhookUpdate) -> Result<bool> {
        let kinds = to_json(&change.kinds)?;
        let (updated, _) = self
            .write((change, kinds), |executor, (change, kinds)| {
                async move {
                    let WebhookUpdate { id, workspace_id, version, name, url, enabled, begins, actor_id, now, .. } =
                        change;
                    let params = params![
                        name,
                        url,
                        kinds,
                        *enabled,
                        *enabled,
                        state_of(*enabled),
                        *now,
                        workspace_id.0,
                        id.0,
                        *version,
                    ];
                    if executor.execute(UPDATE, &params).await? == 0 {
                        let params = params![workspace_id.0, id.0, *version + 1, name, url, kinds, *enabled];
                        return Ok(executor.query_opt(IS_WRITTEN, &params, |_| Ok(())).await?.is_some());
                    }
                    if let Some(begin) = begins {
                        let seq = match begin {
                            WebhookBegin::After(cursor) => cursor.seq,
                            WebhookBegin::Now => head(executor, *workspace_id).await?,
                        };
                        executor.execute(BEGIN, &params![seq, *now, workspace_id.0, id.0]).await?;
                    }
                    record(executor, LogKind::WebhookChanged, *workspace_id, *id, Some(actor_id), *now);
                    Ok(true)
                }
                .boxed()
            })
            .await?;
        Ok(updated)
    }

    /// Gives a webhook another secret; the one before signs as well until `overlap_until`. False when somebody changed the
    /// webhook meanwhile.
    pub async fn rotate_webhook_secret(
        &self,
        (workspace_id, id, version): (WorkspaceId, WebhookId, i64),
        secret: &str,
        overlap_until: Timestamp,
        actor_id: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let sealed = self.0.keys.seal(&id.to_string(), secret)?;
        let input = (sealed, actor_id.to_owned());
        let (rotated, _) = self
            .write(input, move |executor, (sealed, actor_id)| {
                async move {
                    let params = params![overlap_until, sealed, workspace_id.0, id.0, version];
                    if executor.execute(ROTATE, &params).await? == 0 {
                        let params = params![workspace_id.0, id.0, sealed];
                        return Ok(executor.query_opt(IS_ROTATED, &params, |_| Ok(())).await?.is_some());
                    }
                    record(executor, LogKind::WebhookChanged, workspace_id, id, Some(actor_id), now);
                    Ok(true)
                }
                .boxed()
            })
            .await?;
        Ok(rotated)
    }

    /// Removes a webhook; false when there is none. What is known of its deliveries goes by age.
    pub async fn delete_webhook(
        &self,
        workspace_id: WorkspaceId,
        id: WebhookId,
        actor_id: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let (deleted, _) = self
            .write(actor_id.to_owned(), move |executor, actor_id| {
                async move {
                    let deleted = executor.execute(DELETE, &params![workspace_id.0, id.0]).await? == 1;
                    if deleted {
                        record(executor, LogKind::WebhookDeleted, workspace_id, id, Some(actor_id), now);
                    }
                    Ok(deleted)
                }
                .boxed()
            })
            .await?;
        Ok(deleted)
    }

    /// The sealed secrets of all webhooks, unopened.
    pub(crate) async fn sealed_webhook_secrets(&self) -> Result<Vec<String>> {
        let sealed = self
            .read((), |executor, ()| {
                async move { executor.query(ALL_SEALED, &[], |row| Ok([Some(row.text(0)?), row.opt_text(1)?])).await }
                    .boxed()
            })
            .await?;
        Ok(sealed.into_iter().flatten().flatten().collect())
    }

    /// Seals what was sealed with an older key anew; returns how many webhooks had such a secret.
    pub(crate) async fn reseal_webhook_secrets(&self) -> Result<u64> {
        let all = self
            .read((), |executor, ()| {
                async move {
                    executor
                        .query(SECRETS_PAGE, &[], |row| {
                            let id = (WorkspaceId(row.int(1)?), WebhookId(row.int(0)?), row.int(4)?);
                            Ok((id, row.text(2)?, row.opt_text(3)?))
                        })
                        .await
                }
                .boxed()
            })
            .await?;
        let mut resealed = 0;
        for ((workspace_id, id, version), secret, former) in all {
            let keys = &self.0.keys;
            if keys.is_current(&secret) && former.as_deref().is_none_or(|former| keys.is_current(former)) {
                continue;
            }
            let purpose = id.to_string();
            let anew = |sealed: &str| keys.seal(&purpose, &keys.open(&purpose, sealed)?);
            let input = (anew(&secret)?, former.as_deref().map(anew).transpose()?);
            let (written, _) = self
                .write(input, move |executor, (secret, former)| {
                    async move {
                        let params = params![secret, former.as_deref(), workspace_id.0, id.0, version];
                        executor.execute(RESEAL, &params).await
                    }
                    .boxed()
                })
                .await?;
            resealed += written;
        }
        Ok(resealed)
    }
}
