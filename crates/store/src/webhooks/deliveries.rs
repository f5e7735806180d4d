//! What became of each try, and sending again.

use super::record;
use crate::{
    Store,
    engine::{Executor, Row, params, queries},
    error::{Result, StoreError},
};
use futures_util::FutureExt;
use model::{
    Cursor, Timestamp, WebhookDeliveryId, WebhookId, WorkspaceId,
    log::LogKind,
    webhook::{WebhookDelivery, WebhookError},
};

/// The record behind a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplayedEvent {
    /// A record of the log.
    Record(Cursor),
    /// A test: there is nothing to send again.
    Test,
}

queries! {
    INSERT = Same("INSERT INTO webhook_delivery (id, workspace_id, webhook_id, seq, event_id, kind, attempt, at, duration_millis, outcome, status, error, detail) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (id) DO NOTHING");
    LIST = Same("SELECT id, seq, event_id, kind, attempt, at, duration_millis, outcome, status, error, detail FROM webhook_delivery WHERE workspace_id = $1 AND webhook_id = $2 AND id < $3 ORDER BY id DESC LIMIT $4");
    LIST_FAILED = Same("SELECT id, seq, event_id, kind, attempt, at, duration_millis, outcome, status, error, detail FROM webhook_delivery WHERE workspace_id = $1 AND webhook_id = $2 AND id < $3 AND outcome <> 'delivered' ORDER BY id DESC LIMIT $4");
    FIND_SEQ = Same("SELECT seq FROM webhook_delivery WHERE workspace_id = $1 AND webhook_id = $2 AND id = $3");
    REPLAY = Same("INSERT INTO webhook_event (webhook_id, seq, workspace_id, state, tries, due_at, since) VALUES ($1, $2, $3, 'replaying', 0, $4, $5) ON CONFLICT (webhook_id, seq) DO UPDATE SET state = 'replaying', tries = 0, due_at = excluded.due_at, since = excluded.since");
    REPLAY_FAILED = Same("UPDATE webhook_event SET state = 'replaying', tries = 0, due_at = $1, since = $2 WHERE webhook_id = $3 AND workspace_id = $4 AND state = 'failed' AND seq IN (SELECT seq FROM webhook_event WHERE webhook_id = $5 AND state = 'failed' ORDER BY seq LIMIT $6)");
    REWIND = Same("UPDATE webhook SET cursor_seq = $1, patience_from = $2, tries = 0, due_at = $3, version = version + 1 WHERE workspace_id = $4 AND id = $5 AND enabled AND cursor_seq > $6");
    PRUNE = Same("DELETE FROM webhook_delivery WHERE id IN (SELECT id FROM webhook_delivery WHERE at < $1 ORDER BY at LIMIT $2)");
    PRUNE_EVENTS = Same("DELETE FROM webhook_event WHERE (webhook_id, seq) IN (SELECT webhook_id, seq FROM webhook_event WHERE since < $1 ORDER BY since LIMIT $2)");
}

fn read_delivery(row: &Row<'_>) -> Result<WebhookDelivery> {
    Ok(WebhookDelivery {
        id: WebhookDeliveryId(row.int(0)?),
        cursor: row.opt_int(1)?.map(Cursor::at),
        event_id: row.text(2)?,
        kind: row.text(3)?,
        attempt: u32::try_from(row.int(4)?).unwrap_or(u32::MAX),
        at: Timestamp(row.int(5)?),
        duration_ms: row.int(6)?,
        outcome: row.parse(7)?,
        status: row.opt_int(8)?.and_then(|status| u16::try_from(status).ok()),
        error: row.opt_text(9)?.map(|text| text.parse().map_err(StoreError::Internal)).transpose()?,
        detail: row.opt_text(10)?,
    })
}

pub(super) async fn insert(
    executor: &Executor,
    workspace_id: WorkspaceId,
    webhook_id: WebhookId,
    delivery: &WebhookDelivery,
    seq: Option<i64>,
) -> Result<()> {
    let params = params![
        delivery.id.0,
        workspace_id.0,
        webhook_id.0,
        seq,
        &delivery.event_id,
        &delivery.kind,
        delivery.attempt,
        delivery.at,
        delivery.duration_ms,
        delivery.outcome.as_str(),
        delivery.status.map(i64::from),
        delivery.error.map(WebhookError::as_str),
        delivery.detail.as_deref(),
    ];
    executor.execute(INSERT, &params).await.map(|_| ())
}

impl Store {
    /// Records a test. It leaves the webhook where it is.
    pub async fn record_webhook_test(
        &self,
        workspace_id: WorkspaceId,
        webhook_id: WebhookId,
        delivery: WebhookDelivery,
    ) -> Result<()> {
        self.write(delivery, move |executor, delivery| {
            insert(executor, workspace_id, webhook_id, delivery, None).boxed()
        })
        .await
        .map(|_| ())
    }

    /// Tries before `before`, newest first; only those that did not arrive, when `failed`.
    pub async fn list_webhook_deliveries(
        &self,
        workspace_id: WorkspaceId,
        webhook_id: WebhookId,
        failed: bool,
        before: WebhookDeliveryId,
        limit: u32,
    ) -> Result<Vec<WebhookDelivery>> {
        self.read((), move |executor, ()| {
            async move {
                let query = if failed { LIST_FAILED } else { LIST };
                executor.query(query, &params![workspace_id.0, webhook_id.0, before.0, limit], read_delivery).await
            }
            .boxed()
        })
        .await
    }

    /// The event of a try.
    pub async fn find_webhook_event(
        &self,
        workspace_id: WorkspaceId,
        webhook_id: WebhookId,
        id: WebhookDeliveryId,
    ) -> Result<Option<ReplayedEvent>> {
        let seq = self
            .read((), move |executor, ()| {
                async move {
                    let params = params![workspace_id.0, webhook_id.0, id.0];
                    executor.query_opt(FIND_SEQ, &params, |row| row.opt_int(0)).await
                }
                .boxed()
            })
            .await?;
        Ok(seq.map(|seq| seq.map_or(ReplayedEvent::Test, |seq| ReplayedEvent::Record(Cursor::at(seq)))))
    }

    /// Has one event sent again, outside of the order of the others.
    pub async fn replay_webhook_event(
        &self,
        workspace_id: WorkspaceId,
        webhook_id: WebhookId,
        event: Cursor,
        now: Timestamp,
    ) -> Result<()> {
        self.write((), move |executor, ()| {
            async move {
                executor.execute(REPLAY, &params![webhook_id.0, event.seq, workspace_id.0, now, now]).await.map(|_| ())
            }
            .boxed()
        })
        .await
        .map(|_| ())
    }

    /// Has up to `limit` of the events that were given up sent again, oldest first; returns how many.
    pub async fn replay_failed_webhook_events(
        &self,
        workspace_id: WorkspaceId,
        webhook_id: WebhookId,
        now: Timestamp,
        limit: u32,
    ) -> Result<u64> {
        let (replayed, _) = self
            .write((), move |executor, ()| {
                async move {
                    let params = params![now, now, webhook_id.0, workspace_id.0, webhook_id.0, limit];
                    executor.execute(REPLAY_FAILED, &params).await
                }
                .boxed()
            })
            .await?;
        Ok(replayed)
    }

    /// Sets a webhook that is switched on back to an earlier place of the log: everything after it is sent again, in order.
    pub async fn rewind_webhook(
        &self,
        workspace_id: WorkspaceId,
        id: WebhookId,
        to: Cursor,
        actor_id: &str,
        now: Timestamp,
    ) -> Result<()> {
        self.write(actor_id.to_owned(), move |executor, actor_id| {
            async move {
                let params = params![to.seq, now, now, workspace_id.0, id.0, to.seq];
                if executor.execute(REWIND, &params).await? == 1 {
                    record(executor, LogKind::WebhookChanged, workspace_id, id, Some(actor_id), now);
                }
                Ok(())
            }
            .boxed()
        })
        .await
        .map(|_| ())
    }

    /// Forgets up to `limit` tries, and as many events that were given up, from before a moment; returns how many went.
    pub async fn prune_webhook_deliveries(&self, before: Timestamp, limit: u32) -> Result<u64> {
        let (pruned, _) = self
            .write((), move |executor, ()| {
                async move {
                    let tries = executor.execute(PRUNE, &params![before, limit]).await?;
                    Ok(tries + executor.execute(PRUNE_EVENTS, &params![before, limit]).await?)
                }
                .boxed()
            })
            .await?;
        Ok(pruned)
    }
}
