//! The ways to a customer: an identity over a channel account.

use crate::{
    Store,
    engine::{Row, params, queries},
    error::{Result, StoreError},
};
use futures_util::FutureExt;
use model::{
    ChannelAccountId, IdentityId, RouteId, ThreadId, Timestamp, WorkspaceId,
    gate::{Pause, RouteState},
};

/// A way to a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteRow {
    /// Its id.
    pub id: RouteId,
    /// The identity at its end.
    pub identity_id: IdentityId,
    /// The address in the provider's namespace.
    pub address: String,
    /// The account at our end.
    pub channel_account_id: ChannelAccountId,
    /// What the gate needs.
    pub state: RouteState,
}

/// What the gate needs to know of the route `r`, its identity `i` and its account `a`.
macro_rules! state_columns {
    () => {
        "r.window_until, r.last_inbound_at, r.blocked, i.suppressed_at IS NOT NULL, a.enabled, a.pause_reason, a.paused_until"
    };
}
pub(crate) use state_columns;

queries! {
    LIST_BY_THREAD = Same(concat!("SELECT r.id, r.identity_id, i.address, r.channel_account_id, ", state_columns!(), " FROM thread x JOIN thread t ON t.id = COALESCE(x.merged_into, x.id) JOIN identity i ON i.customer_id = t.customer_id JOIN route r ON r.identity_id = i.id JOIN channel_account a ON a.id = r.channel_account_id WHERE x.workspace_id = $1 AND x.id = $2 ORDER BY r.last_inbound_at DESC NULLS LAST, r.id DESC"));
    GET = Same(concat!("SELECT r.id, r.identity_id, i.address, r.channel_account_id, ", state_columns!(), " FROM route r JOIN identity i ON i.id = r.identity_id JOIN channel_account a ON a.id = r.channel_account_id WHERE r.workspace_id = $1 AND r.id = $2"));
}

/// Reads [`state_columns`] from column `first` on.
pub(crate) fn read_state(row: &Row<'_>, first: usize) -> Result<RouteState> {
    let pause = match row.opt_text(first + 5)? {
        Some(reason) => Some(Pause {
            until: row.opt_int(first + 6)?.map(Timestamp),
            reason: reason.parse().map_err(StoreError::Internal)?,
        }),
        None => None,
    };
    Ok(RouteState {
        window_until: row.opt_int(first)?.map(Timestamp),
        last_inbound_at: row.opt_int(first + 1)?.map(Timestamp),
        blocked: row.flag(first + 2)?,
        suppressed: row.flag(first + 3)?,
        account_enabled: row.flag(first + 4)?,
        pause,
    })
}

fn read_route(row: &Row<'_>) -> Result<RouteRow> {
    Ok(RouteRow {
        id: RouteId(row.int(0)?),
        identity_id: IdentityId(row.int(1)?),
        address: row.text(2)?,
        channel_account_id: ChannelAccountId(row.int(3)?),
        state: read_state(row, 4)?,
    })
}

impl Store {
    /// The ways to a thread's customer, the one they last wrote over first. Empty when the thread does not exist.
    pub async fn list_routes(&self, workspace_id: WorkspaceId, thread_id: ThreadId) -> Result<Vec<RouteRow>> {
        self.read((workspace_id, thread_id), |executor, (workspace_id, thread_id)| {
            async move { executor.query(LIST_BY_THREAD, &params![workspace_id.0, thread_id.0], read_route).await }
                .boxed()
        })
        .await
    }

    /// One way.
    pub async fn find_route(&self, workspace_id: WorkspaceId, id: RouteId) -> Result<Option<RouteRow>> {
        self.read((workspace_id, id), |executor, (workspace_id, id)| {
            async move { executor.query_opt(GET, &params![workspace_id.0, id.0], read_route).await }.boxed()
        })
        .await
    }
}
