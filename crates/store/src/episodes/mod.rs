//! Matters inside threads: read as the API tells them ([`self`]), changed one act at a time ([`acts`]), joined by messages
//! ([`join`]), promised about ([`promises`]), split and moved ([`moves`]). `model::episode` decides; here it is written.

mod acts;
pub(crate) mod join;
mod moves;
mod promises;
pub(crate) mod row;

pub use acts::{EpisodeAct, EpisodeWords, NewEpisode, Stepped};
pub use moves::{MovedMessages, SplitEpisode};
pub use promises::NewPromise;

pub(crate) use acts::tell_and_recount;
pub(crate) use moves::part;

#[cfg(test)]
pub(crate) const ALL_QUERIES: [&[(&str, crate::engine::Query)]; 6] =
    [QUERIES, acts::QUERIES, join::QUERIES, moves::QUERIES, promises::QUERIES, row::QUERIES];

use crate::{
    Store,
    engine::{Executor, Row, Value, params, queries},
    error::Result,
    labels::add_episode_labels,
};
use futures_util::FutureExt;
use model::{
    AgentId, CustomerId, EpisodeId, IdentityId, ThreadId, Timestamp, WorkspaceId,
    episode::{Assignee, Episode, EpisodeFacts},
};

/// What every query of episodes gives: the row, whose it is now, its owner's name.
macro_rules! episode_columns {
    () => {
        "e.id, e.identity_id, i.customer_id, t.id, e.subject, e.topic, e.follows_id, e.facts, e.last_activity_at, e.version, a.name"
    };
}
/// The rows beside the episode `e`.
macro_rules! beside {
    () => {
        " JOIN identity i ON i.id = e.identity_id JOIN thread t ON t.customer_id = i.customer_id LEFT JOIN agent a ON a.id = e.assignee_id "
    };
}

queries! {
    BY_ID = Two {
        sqlite: concat!("SELECT ", episode_columns!(), " FROM episode e", beside!(), "WHERE e.workspace_id = $1 AND e.id = $2"),
        postgres: concat!("SELECT ", episode_columns!(), " FROM UNNEST($1::bigint[], $2::bigint[]) AS u(workspace_id, id) JOIN episode e ON e.id = u.id AND e.workspace_id = u.workspace_id", beside!()),
    };
    LIST_OPEN = Same(concat!("SELECT ", episode_columns!(), " FROM episode e", beside!(), "WHERE e.workspace_id = $1 AND e.state NOT IN ('resolved', 'closed') AND (e.last_activity_at, e.id) < ($2, $3) ORDER BY e.last_activity_at DESC, e.id DESC LIMIT $4"));
    LIST_IN_STATE = Same(concat!("SELECT ", episode_columns!(), " FROM episode e", beside!(), "WHERE e.workspace_id = $1 AND e.state = $2 AND (e.last_activity_at, e.id) < ($3, $4) ORDER BY e.last_activity_at DESC, e.id DESC LIMIT $5"));
    LIST_OF_ASSIGNEE = Same(concat!("SELECT ", episode_columns!(), " FROM episode e", beside!(), "WHERE e.workspace_id = $1 AND e.assignee_id = $2 AND e.state NOT IN ('resolved', 'closed') AND (e.last_activity_at, e.id) < ($3, $4) ORDER BY e.last_activity_at DESC, e.id DESC LIMIT $5"));
    IDENTITIES = Same("SELECT i.id FROM thread x JOIN thread t ON t.id = COALESCE(x.merged_into, x.id) JOIN identity i ON i.customer_id = t.customer_id WHERE x.workspace_id = $1 AND x.id = $2");
    LIST_OF_IDENTITY = Same(concat!("SELECT ", episode_columns!(), " FROM episode e", beside!(), "WHERE e.identity_id = $1 AND e.id < $2 ORDER BY e.id DESC LIMIT $3"));
}

fn read_episode(row: &Row<'_>) -> Result<Episode> {
    let facts: EpisodeFacts = row.json(7)?;
    let name = row.opt_text(10)?;
    Ok(Episode {
        id: EpisodeId(row.int(0)?),
        identity_id: IdentityId(row.int(1)?),
        customer_id: CustomerId(row.int(2)?),
        thread_id: ThreadId(row.int(3)?),
        subject: row.text(4)?,
        topic: row.text(5)?,
        follows_id: row.opt_int(6)?.map(EpisodeId),
        state: facts.state,
        ball: facts.ball,
        assignee: facts.assignee.map(|id| Assignee { id, name: name.unwrap_or_default() }),
        opened_at: facts.opened_at,
        unanswered_since: facts.unanswered_since,
        resolved_at: facts.resolved_at,
        closed_at: facts.closed_at,
        closed_by: facts.closed_by,
        until: facts.until,
        hold_reason: facts.hold_reason,
        promise_due_at: facts.promise_due_at,
        reopens: facts.reopens,
        labels: Vec::new(),
        last_activity_at: Timestamp(row.int(8)?),
        version: row.int(9)?,
    })
}

/// Which episodes a list holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EpisodeFilter {
    /// All that are neither resolved nor closed.
    Open,
    /// Those in a state.
    State(model::episode::EpisodeState),
    /// The open ones of an owner.
    Assignee(AgentId),
}

pub(crate) async fn find(executor: &Executor, workspace_id: WorkspaceId, ids: &[EpisodeId]) -> Result<Vec<Episode>> {
    let rows: Vec<[Value<'_>; 2]> = ids.iter().map(|id| params![workspace_id.0, id.0]).collect();
    let found = executor.batch(BY_ID, &rows, read_episode).await?;
    labelled(executor, found).await
}

/// Adds their labels to episodes.
async fn labelled(executor: &Executor, mut episodes: Vec<Episode>) -> Result<Vec<Episode>> {
    add_episode_labels(executor, &mut episodes).await?;
    Ok(episodes)
}

impl Store {
    /// One episode.
    pub async fn find_episode(&self, workspace_id: WorkspaceId, id: EpisodeId) -> Result<Option<Episode>> {
        Ok(self.list_episodes_by_id(workspace_id, vec![id]).await?.pop())
    }

    /// Episodes by their ids, in no particular order.
    pub async fn list_episodes_by_id(&self, workspace_id: WorkspaceId, ids: Vec<EpisodeId>) -> Result<Vec<Episode>> {
        self.read((workspace_id, ids), |executor, (workspace_id, ids)| {
            async move { find(executor, *workspace_id, ids).await }.boxed()
        })
        .await
    }

    /// Episodes before a place, the most recently active first.
    pub async fn list_episodes(
        &self,
        workspace_id: WorkspaceId,
        filter: EpisodeFilter,
        before: (Timestamp, EpisodeId),
        limit: u32,
    ) -> Result<Vec<Episode>> {
        self.read((workspace_id, filter, before, limit), |executor, (workspace_id, filter, before, limit)| {
            async move {
                let (at, id) = (before.0, before.1.0);
                let found = match filter {
                    EpisodeFilter::Open => {
                        let params = params![workspace_id.0, at, id, *limit];
                        executor.query(LIST_OPEN, &params, read_episode).await?
                    }
                    EpisodeFilter::State(state) => {
                        let params = params![workspace_id.0, state.as_str(), at, id, *limit];
                        executor.query(LIST_IN_STATE, &params, read_episode).await?
                    }
                    EpisodeFilter::Assignee(agent) => {
                        let params = params![workspace_id.0, agent.0, at, id, *limit];
                        executor.query(LIST_OF_ASSIGNEE, &params, read_episode).await?
                    }
                };
                labelled(executor, found).await
            }
            .boxed()
        })
        .await
    }

    /// A thread's episodes before one, the youngest first. Empty when the thread does not exist.
    pub async fn list_thread_episodes(
        &self,
        workspace_id: WorkspaceId,
        thread_id: ThreadId,
        before: EpisodeId,
        limit: u32,
    ) -> Result<Vec<Episode>> {
        self.read((workspace_id, thread_id, before, limit), |executor, (workspace_id, thread_id, before, limit)| {
            async move {
                let identities =
                    executor.query(IDENTITIES, &params![workspace_id.0, thread_id.0], |row| row.int(0)).await?;
                let mut episodes = Vec::new();
                for identity in identities {
                    let params = params![identity, before.0, *limit];
                    episodes.extend(executor.query(LIST_OF_IDENTITY, &params, read_episode).await?);
                }
                episodes.sort_by_key(|episode| std::cmp::Reverse(episode.id));
                episodes.truncate(*limit as usize);
                labelled(executor, episodes).await
            }
            .boxed()
        })
        .await
    }
}
