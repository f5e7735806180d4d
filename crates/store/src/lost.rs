//! Messages that should be on their way and that nothing will ever move: they have no end and no job. There are none unless
//! something is broken; the sweep looks, says so, and ends those that waited for too long.

use crate::{
    Store,
    engine::{params, queries},
    episodes::{self, row},
    error::Result,
};
use futures_util::FutureExt;
use model::{FailureReason, IdentityId, MessageId, Timestamp, WorkspaceId, episode::RecountReason, log::LogKind};

queries! {
    /// Looked at by an index that holds what is under way alone.
    LOST = Same("SELECT m.id FROM message m WHERE m.workspace_id = $1 AND m.recorded_at < $2 AND m.delivery_state IN ('queued', 'sending') AND NOT EXISTS (SELECT 1 FROM job j WHERE j.subject_id = m.id AND j.kind IN ('deliver', 'send_later')) ORDER BY m.recorded_at, m.id LIMIT $3");
    END = Same("UPDATE message SET delivery_state = CASE WHEN delivery_state = 'sending' THEN 'uncertain' ELSE 'failed' END, failure_reason = $1, failure_code = NULL, failure_detail = NULL, alternatives = '[]' WHERE workspace_id = $2 AND id = $3 AND delivery_state IN ('queued', 'sending') AND NOT EXISTS (SELECT 1 FROM job j WHERE j.subject_id = message.id AND j.kind IN ('deliver', 'send_later')) RETURNING identity_id, delivery_state");
}

impl Store {
    /// The messages written before a moment that have neither an end nor a job, the oldest first.
    pub async fn list_lost_messages(
        &self,
        workspace_id: WorkspaceId,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<MessageId>> {
        self.read((workspace_id, before, limit), |executor, (workspace_id, before, limit)| {
            async move {
                executor.query(LOST, &params![workspace_id.0, *before, *limit], |row| Ok(MessageId(row.int(0)?))).await
            }
            .boxed()
        })
        .await
    }

    /// Ends a lost message: failed when it never left, uncertain when it did. False when it is not lost.
    pub async fn end_lost_message(&self, workspace_id: WorkspaceId, id: MessageId, now: Timestamp) -> Result<bool> {
        let (ended, _) = self
            .write((self.clone(), workspace_id, id, now), |executor, (store, workspace_id, id, now)| {
                async move {
                    let params = params![FailureReason::Expired.as_str(), workspace_id.0, id.0];
                    let ended =
                        executor.query_opt(END, &params, |row| Ok((IdentityId(row.int(0)?), row.text(1)?))).await?;
                    let Some((identity, state)) = ended else { return Ok(false) };
                    let place = row::place(executor, *workspace_id, identity).await?;
                    let left = state == "uncertain";
                    let kind = if left { LogKind::MessageUncertain } else { LogKind::MessageFailed };
                    let mut record = place.record(kind, *id, *now);
                    let reason = FailureReason::Expired.as_str();
                    record.detail = Some(serde_json::json!({ "reason": reason }).to_string());
                    if left {
                        executor.log(record);
                    } else {
                        episodes::tell_and_recount(store, executor, record, RecountReason::SendFailed).await?;
                    }
                    Ok(true)
                }
                .boxed()
            })
            .await?;
        Ok(ended)
    }
}
