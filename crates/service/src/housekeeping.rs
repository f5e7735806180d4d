//! What has to be done now and then: old raw events, idempotency keys, tries of webhooks and files that nobody used go.

use crate::{Services, files, operations::LOST_AFTER_MILLIS};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often.
const INTERVAL: Duration = Duration::from_secs(600);
/// Rows of one command, so that it never holds the writer for long.
const SLICE: u32 = 500;
/// How long an idempotency key is kept, in milliseconds.
const KEY_MILLIS: i64 = 24 * 3_600_000;

/// How long the tries of webhooks are kept, and the events that they gave up, in milliseconds.
const WEBHOOK_MILLIS: i64 = 14 * 86_400_000;

/// Runs until `stop`.
pub(crate) async fn work(services: Services, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(INTERVAL) => {}
        }
        if let Err(error) = tidy(&services).await {
            tracing::warn!(%error, "housekeeping failed; it is tried again later");
        }
    }
}

/// One turn of it.
///
/// # Errors
/// When the database or the file store does not answer; the next turn does what was left.
pub async fn tidy(services: &Services) -> store::Result<()> {
    let now = services.now();
    services.store().forget_idempotency_keys(now.plus_millis(-KEY_MILLIS)).await?;
    let kept = i64::from(services.0.config.inbound_retention_days) * 86_400_000;
    while services.store().prune_inbound_events(now.plus_millis(-kept), SLICE).await? == u64::from(SLICE) {
        tokio::task::yield_now().await;
    }
    while services.store().prune_webhook_deliveries(now.plus_millis(-WEBHOOK_MILLIS), SLICE).await? >= u64::from(SLICE)
    {
        tokio::task::yield_now().await;
    }
    find_lost_messages(services).await?;
    files::prune(services).await
}

/// Every message that is under way has a job. One that has none is a fault of ours: it is told, and ended when it has waited for
/// longer than a message may.
async fn find_lost_messages(services: &Services) -> store::Result<()> {
    let (store, now) = (services.store(), services.now());
    let mut lost = 0_usize;
    for (workspace_id, _) in store.list_workspaces().await? {
        let found = store.list_lost_messages(workspace_id, now.plus_millis(-LOST_AFTER_MILLIS), SLICE).await?;
        for id in &found {
            tracing::error!(message.id = %id, workspace.id = %workspace_id, "a message is under way and nothing moves it");
        }
        lost += found.len();
        let limit = now.plus_millis(-services.0.config.give_up_millis);
        for id in store.list_lost_messages(workspace_id, limit, SLICE).await? {
            store.end_lost_message(workspace_id, id, now).await?;
        }
    }
    metrics::gauge!("messages_lost").set(lost as f64);
    Ok(())
}
