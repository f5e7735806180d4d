//! Identities that the business does not write to, until a person takes it back.

use crate::{
    Store,
    customers::find_identities,
    engine::{params, queries},
    episodes::row,
    error::Result,
};
use futures_util::FutureExt;
use model::{IdentityId, Timestamp, WorkspaceId, customer::Identity, log::LogKind};

queries! {
    SUPPRESS = Same("UPDATE identity SET suppressed_at = $1, suppressed_by = $2, suppressed_reason = $3 WHERE workspace_id = $4 AND id = $5 AND suppressed_at IS NULL");
    RELEASE = Same("UPDATE identity SET suppressed_at = NULL, suppressed_by = NULL, suppressed_reason = NULL WHERE workspace_id = $1 AND id = $2 AND suppressed_at IS NOT NULL");
    EXISTS = Same("SELECT id FROM identity WHERE workspace_id = $1 AND id = $2");
}

/// Whether an identity may be written to, as somebody decided.
#[derive(Debug, Clone)]
pub struct SuppressionChange {
    /// Where.
    pub workspace_id: WorkspaceId,
    /// Which.
    pub identity_id: IdentityId,
    /// Why not, in the person's words; `None` takes it back.
    pub reason: Option<String>,
    /// Who decided.
    pub actor_id: String,
    /// Now.
    pub now: Timestamp,
}

impl Store {
    /// Suppresses an identity or takes it back; what is so already stays as it is. False when there is none.
    pub async fn change_suppression(&self, change: SuppressionChange) -> Result<bool> {
        let (found, _) = self
            .write(change, |executor, change| {
                async move {
                    let (workspace_id, id) = (change.workspace_id, change.identity_id);
                    let own = params![workspace_id.0, id.0];
                    if executor.query_opt(EXISTS, &own, |_| Ok(())).await?.is_none() {
                        return Ok(false);
                    }
                    let changed = match &change.reason {
                        Some(reason) => {
                            let params = params![change.now, &change.actor_id, reason, workspace_id.0, id.0];
                            executor.execute(SUPPRESS, &params).await?
                        }
                        None => executor.execute(RELEASE, &own).await?,
                    };
                    if changed == 1 {
                        let place = row::place(executor, workspace_id, id).await?;
                        let mut record = crate::log::NewRecord::new(workspace_id, change.now, LogKind::CustomerChanged);
                        record.customer_id = Some(place.customer_id);
                        record.thread_id = Some(place.thread_id);
                        record.identity_id = Some(id);
                        record.actor_id = Some(change.actor_id.clone());
                        let now = if change.reason.is_some() { "identity_suppressed" } else { "identity_released" };
                        record.detail = Some(serde_json::json!({ "what": now }).to_string());
                        executor.log(record);
                    }
                    Ok(true)
                }
                .boxed()
            })
            .await?;
        Ok(found)
    }

    /// One identity with its route that was used last.
    pub async fn find_identity(&self, workspace_id: WorkspaceId, id: IdentityId) -> Result<Option<Identity>> {
        self.read((workspace_id, id), |executor, (workspace_id, id)| {
            async move {
                if executor.query_opt(EXISTS, &params![workspace_id.0, id.0], |_| Ok(())).await?.is_none() {
                    return Ok(None);
                }
                Ok(find_identities(executor, &[*id]).await?.pop())
            }
            .boxed()
        })
        .await
    }
}
