//! Dead letters: stored events that became no entry, read once more or dismissed by a person.

use super::{NewInboundEvent, insert_events};
use crate::{
    Store,
    engine::{params, queries},
    error::Result,
    log::NewRecord,
};
use futures_util::FutureExt;
use model::{ChannelAccountId, InboundEventId, Timestamp, WorkspaceId, log::LogKind, operation::InboundState};

/// An event that was set aside, with what reading it once more needs.
#[derive(Debug, Clone)]
pub struct SetAsideEvent {
    /// Where it stands.
    pub state: InboundState,
    /// The callback address that it came to.
    pub callback_key: String,
    /// The account that is meant; `None` when it is not one of ours, or when it is a whole body that could not be split.
    pub channel_account_id: Option<ChannelAccountId>,
    /// The event, or the whole body, as it came.
    pub payload: String,
    /// When it reached us.
    pub received_at: Timestamp,
}

queries! {
    FIND = Same("SELECT state, callback_key, channel_account_id, payload, received_at FROM inbound_event WHERE workspace_id = $1 AND id = $2");
    /// What is known to be for an account of ours goes back into its lane.
    PUT_BACK = Same("UPDATE inbound_event SET state = 'stored', error = NULL WHERE workspace_id = $1 AND id = $2 AND state = 'undecodable' AND channel_account_id IS NOT NULL RETURNING lane");
    ROUTE = Same("UPDATE inbound_event SET state = 'stored', error = NULL, channel_account_id = (SELECT a.id FROM channel_account a WHERE a.callback_key = inbound_event.callback_key AND a.address = inbound_event.address) WHERE workspace_id = $1 AND id = $2 AND state = 'unroutable' AND EXISTS (SELECT 1 FROM channel_account a WHERE a.callback_key = inbound_event.callback_key AND a.address = inbound_event.address) RETURNING lane");
    REMOVE_BODY = Same("DELETE FROM inbound_event WHERE workspace_id = $1 AND id = $2 AND state = 'undecodable' AND channel_account_id IS NULL");
    DISMISS = Same("DELETE FROM inbound_event WHERE workspace_id = $1 AND id = $2 AND state IN ('unroutable', 'undecodable') RETURNING state");
}

fn record(workspace_id: WorkspaceId, id: InboundEventId, kind: LogKind, actor_id: &str, now: Timestamp) -> NewRecord {
    let mut record = NewRecord::new(workspace_id, now, kind);
    record.actor_id = Some(actor_id.to_owned());
    record.subject_id = Some(id.to_string());
    record
}

impl Store {
    /// One event with what reading it once more needs.
    pub async fn find_set_aside_event(
        &self,
        workspace_id: WorkspaceId,
        id: InboundEventId,
    ) -> Result<Option<SetAsideEvent>> {
        self.read((workspace_id, id), |executor, (workspace_id, id)| {
            async move {
                executor
                    .query_opt(FIND, &params![workspace_id.0, id.0], |row| {
                        Ok(SetAsideEvent {
                            state: row.parse(0)?,
                            callback_key: row.text(1)?,
                            channel_account_id: row.opt_int(2)?.map(ChannelAccountId),
                            payload: row.text(3)?,
                            received_at: Timestamp(row.int(4)?),
                        })
                    })
                    .await
            }
            .boxed()
        })
        .await
    }

    /// Puts an event back into its lane: one that could not be turned into an entry, or one whose account is connected by
    /// now. Gives the lane; `None` when it is no such event.
    pub async fn replay_inbound_event(
        &self,
        workspace_id: WorkspaceId,
        id: InboundEventId,
        actor_id: &str,
        now: Timestamp,
    ) -> Result<Option<i64>> {
        let input = (workspace_id, id, actor_id.to_owned(), now);
        let (lane, _) = self
            .write(input, |executor, (workspace_id, id, actor_id, now)| {
                async move {
                    let params = params![workspace_id.0, id.0];
                    let mut lane = executor.query_opt(PUT_BACK, &params, |row| row.int(0)).await?;
                    if lane.is_none() {
                        lane = executor.query_opt(ROUTE, &params, |row| row.int(0)).await?;
                    }
                    if lane.is_some() {
                        executor.log(record(*workspace_id, *id, LogKind::EventReplayed, actor_id, *now));
                    }
                    Ok(lane)
                }
                .boxed()
            })
            .await?;
        Ok(lane)
    }

    /// Puts the events of a whole body, which could be split at last, in its place. False when it is no such body.
    pub async fn replace_inbound_body(
        &self,
        workspace_id: WorkspaceId,
        id: InboundEventId,
        events: Vec<NewInboundEvent>,
        actor_id: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let input = (workspace_id, id, events, actor_id.to_owned(), now);
        let (replaced, _) = self
            .write(input, |executor, (workspace_id, id, events, actor_id, now)| {
                async move {
                    if executor.execute(REMOVE_BODY, &params![workspace_id.0, id.0]).await? == 0 {
                        return Ok(false);
                    }
                    insert_events(executor, events).await?;
                    executor.log(record(*workspace_id, *id, LogKind::EventReplayed, actor_id, *now));
                    Ok(true)
                }
                .boxed()
            })
            .await?;
        Ok(replaced)
    }

    /// Removes an event that became no entry and will not. The log keeps its id and where it stood, nothing of what it said.
    /// False when it is no such event.
    pub async fn dismiss_inbound_event(
        &self,
        workspace_id: WorkspaceId,
        id: InboundEventId,
        actor_id: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let input = (workspace_id, id, actor_id.to_owned(), now);
        let (dismissed, _) = self
            .write(input, |executor, (workspace_id, id, actor_id, now)| {
                async move {
                    let state = executor.query_opt(DISMISS, &params![workspace_id.0, id.0], |row| row.text(0)).await?;
                    let Some(state) = state else { return Ok(false) };
                    let mut record = record(*workspace_id, *id, LogKind::EventDismissed, actor_id, *now);
                    record.detail = Some(serde_json::json!({ "reason": state }).to_string());
                    executor.log(record);
                    Ok(true)
                }
                .boxed()
            })
            .await?;
        Ok(dismissed)
    }
}
