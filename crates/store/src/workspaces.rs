//! Workspaces: one business each.

use crate::{
    Store,
    engine::{Executor, params, queries},
    error::Result,
};
use futures_util::FutureExt;
use model::{Timestamp, WorkspaceId};

queries! {
    INSERT_WORKSPACE = Same("INSERT INTO workspace (id, name, created_at) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING");
    INSERT_HEAD = Same("INSERT INTO log_head (workspace_id, shard, seq) VALUES ($1, 0, 0) ON CONFLICT (workspace_id, shard) DO NOTHING");
    RENAME = Same("UPDATE workspace SET name = $1 WHERE id = $2");
    LIST = Same("SELECT id, name FROM workspace ORDER BY id");
    GET_NAME = Same("SELECT name FROM workspace WHERE id = $1");
}

pub(crate) async fn insert(executor: &Executor, id: WorkspaceId, name: &str, now: Timestamp) -> Result<()> {
    executor.execute(INSERT_WORKSPACE, &params![id.0, name, now]).await?;
    executor.execute(INSERT_HEAD, &params![id.0]).await?;
    Ok(())
}

/// Gives a workspace another name.
pub(crate) async fn rename(executor: &Executor, id: WorkspaceId, name: &str) -> Result<()> {
    executor.execute(RENAME, &params![name, id.0]).await.map(|_| ())
}

impl Store {
    /// Makes a workspace with an empty log.
    pub async fn create_workspace(&self, id: WorkspaceId, name: &str, now: Timestamp) -> Result<()> {
        self.write((id, name.to_owned(), now), |executor, (id, name, now)| insert(executor, *id, name, *now).boxed())
            .await
            .map(|((), _)| ())
    }

    /// All workspaces by age, with their names. For the process that serves them, never for a caller.
    pub async fn list_workspaces(&self) -> Result<Vec<(WorkspaceId, String)>> {
        self.read((), |executor, ()| {
            async move { executor.query(LIST, &[], |row| Ok((WorkspaceId(row.int(0)?), row.text(1)?))).await }.boxed()
        })
        .await
    }

    /// A workspace's name.
    pub async fn find_workspace_name(&self, id: WorkspaceId) -> Result<Option<String>> {
        self.read(id, |executor, id| {
            async move { executor.query_opt(GET_NAME, &params![id.0], |row| row.text(0)).await }.boxed()
        })
        .await
    }
}
