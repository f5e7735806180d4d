//! What colleagues write to each other on a thread.

use crate::{
    Store,
    deliveries::Place,
    engine::{params, queries},
    error::{Result, StoreError},
    idempotency::{Created, Idempotency, claim},
    log::NewRecord,
    merges,
};
use futures_util::FutureExt;
use model::{AgentId, EpisodeId, IdentityId, NoteId, ThreadId, Timestamp, WorkspaceId, log::LogKind, message::Author};

/// A note to write.
#[derive(Debug, Clone)]
pub struct NewNote {
    /// Made by the caller.
    pub id: NoteId,
    /// Where.
    pub workspace_id: WorkspaceId,
    /// On which thread.
    pub thread_id: ThreadId,
    /// About which matter of it; `None`: about the customer.
    pub episode_id: Option<EpisodeId>,
    /// Who writes.
    pub author: Author,
    /// The words.
    pub text: String,
    /// The colleagues whom it calls.
    pub mentions: Vec<AgentId>,
    /// The caller's key.
    pub idempotency: Option<Idempotency>,
    /// Now.
    pub now: Timestamp,
}

queries! {
    /// The matter's identity, when it is one of the thread's.
    IDENTITY_OF_EPISODE = Same("SELECT e.identity_id FROM episode e JOIN identity i ON i.id = e.identity_id JOIN thread t ON t.customer_id = i.customer_id JOIN thread x ON t.id = COALESCE(x.merged_into, x.id) WHERE e.workspace_id = $1 AND e.id = $2 AND x.id = $3");
    /// The oldest that did not come with a merge: what is written about a merged customer stays with the survivor.
    OLDEST_IDENTITY = Same("SELECT i.id FROM thread x JOIN thread t ON t.id = COALESCE(x.merged_into, x.id) JOIN identity i ON i.customer_id = t.customer_id WHERE x.workspace_id = $1 AND x.id = $2 ORDER BY CASE WHEN EXISTS (SELECT 1 FROM merge_identity h WHERE h.identity_id = i.id) THEN 1 ELSE 0 END, i.id LIMIT 1");
    INSERT = Same("INSERT INTO note (id, workspace_id, identity_id, episode_id, author_kind, author_id, author_name, text, mentions, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (id) DO NOTHING");
    INSERT_MENTION = Two {
        sqlite: "INSERT INTO mention (agent_id, note_id, workspace_id) SELECT id, CAST($1 AS BIGINT), workspace_id FROM agent WHERE workspace_id = $2 AND id = $3 ON CONFLICT (agent_id, note_id) DO NOTHING",
        postgres: "INSERT INTO mention (agent_id, note_id, workspace_id) SELECT a.id, u.note_id, a.workspace_id FROM UNNEST($1::bigint[], $2::bigint[], $3::bigint[]) AS u(note_id, workspace_id, id) JOIN agent a ON a.id = u.id AND a.workspace_id = u.workspace_id ON CONFLICT (agent_id, note_id) DO NOTHING",
    };
    TOUCH_THREAD = Same("UPDATE thread SET last_activity_at = CASE WHEN last_activity_at < $1 THEN $1 ELSE last_activity_at END WHERE workspace_id = $2 AND id = $3");
    FIND_AGENTS = Two {
        sqlite: "SELECT id FROM agent WHERE workspace_id = $1 AND id = $2 AND NOT disabled",
        postgres: "SELECT a.id FROM UNNEST($1::bigint[], $2::bigint[]) AS u(workspace_id, id) JOIN agent a ON a.id = u.id AND a.workspace_id = u.workspace_id WHERE NOT a.disabled",
    };
}

impl Store {
    /// Writes a note. `None` when the thread, or the matter on it, does not exist.
    pub async fn create_note(&self, new: NewNote) -> Result<Option<Created<NoteId>>> {
        let (created, _) = self
            .write(new, |executor, new| {
                async move {
                    let workspace = new.workspace_id;
                    let filed = |row: &crate::engine::Row<'_>| Ok(IdentityId(row.int(0)?));
                    let found = match new.episode_id {
                        Some(episode) => {
                            let params = params![workspace.0, episode.0, new.thread_id.0];
                            executor.query_opt(IDENTITY_OF_EPISODE, &params, filed).await?
                        }
                        None => {
                            executor.query_opt(OLDEST_IDENTITY, &params![workspace.0, new.thread_id.0], filed).await?
                        }
                    };
                    let Some(identity_id) = found else { return Ok(None) };
                    let place = merges::hold_place(executor, workspace, identity_id).await?;
                    match claim(executor, workspace, new.idempotency.as_ref(), new.id.0, new.now).await? {
                        Created::New(_) => {}
                        Created::Before(id) => return Ok(Some(Created::Before(NoteId(id)))),
                        Created::KeyReused => return Ok(Some(Created::KeyReused)),
                    }
                    let mentions = serde_json::to_string(&new.mentions)
                        .map_err(|error| StoreError::Internal(error.to_string()))?;
                    let params = params![
                        new.id.0,
                        workspace.0,
                        identity_id.0,
                        new.episode_id.map(|id| id.0),
                        new.author.kind.as_str(),
                        new.author.id.as_deref(),
                        &new.author.name,
                        &new.text,
                        &mentions,
                        new.now
                    ];
                    if executor.execute(INSERT, &params).await? == 0 {
                        return Ok(Some(Created::New(new.id)));
                    }
                    let called: Vec<_> =
                        new.mentions.iter().map(|agent| params![new.id.0, workspace.0, agent.0]).collect();
                    executor.batch_execute(INSERT_MENTION, &called).await?;
                    executor.execute(TOUCH_THREAD, &params![new.now, workspace.0, place.thread_id.0]).await?;
                    executor.log(record(&place, new));
                    Ok(Some(Created::New(new.id)))
                }
                .boxed()
            })
            .await?;
        Ok(created)
    }

    /// Which of these are people of the workspace who may sign in.
    pub async fn list_enabled_agents(&self, workspace_id: WorkspaceId, agents: Vec<AgentId>) -> Result<Vec<AgentId>> {
        self.read((workspace_id, agents), |executor, (workspace_id, agents)| {
            async move {
                let rows: Vec<_> = agents.iter().map(|id| params![workspace_id.0, id.0]).collect();
                executor.batch(FIND_AGENTS, &rows, |row| Ok(AgentId(row.int(0)?))).await
            }
            .boxed()
        })
        .await
    }
}

fn record(place: &Place, new: &NewNote) -> NewRecord {
    let mut record = NewRecord::new(place.workspace_id, new.now, LogKind::NoteWritten);
    record.customer_id = Some(place.customer_id);
    record.thread_id = Some(place.thread_id);
    record.identity_id = Some(place.identity_id);
    record.episode_id = new.episode_id;
    record.entry_id = Some(new.id.0);
    record.actor_id.clone_from(&new.author.id);
    record
}
