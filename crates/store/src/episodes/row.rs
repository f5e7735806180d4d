//! An episode's row: locking, reading, saving it, and telling what changed.

use crate::{
    Store,
    deliveries::Place,
    engine::{Executor, Row, Value, params, queries},
    error::{Result, StoreError},
    jobs,
    log::NewRecord,
};
use model::{
    AgentId, CustomerId, EpisodeId, IdentityId, JobId, ThreadId, Timestamp, WorkspaceId,
    episode::{EpisodeChange, EpisodeEvent, EpisodeFacts, EpisodeRules, StepRefused, TimerKind, step},
};
use serde_json::{Map, Value as Json, json};

/// What every query of rows gives, in the order that [`read`] takes.
macro_rules! row_columns {
    () => {
        "episode.id, episode.workspace_id, episode.identity_id, episode.subject, episode.topic, episode.follows_id, episode.facts, episode.objects, episode.last_act"
    };
}

queries! {
    /// Written as it was: on PostgreSQL that holds the row until COMMIT. The version rises when something of it changes.
    LOCK = Same(concat!("UPDATE episode SET version = version WHERE workspace_id = $1 AND id = $2 RETURNING ", row_columns!()));
    LOCK_OPEN = Two {
        sqlite: concat!("UPDATE episode SET version = version WHERE identity_id IN (SELECT id FROM identity WHERE customer_id = $1) AND state NOT IN ('resolved', 'closed') RETURNING ", row_columns!()),
        postgres: concat!("UPDATE episode SET version = episode.version FROM (SELECT DISTINCT i.id FROM UNNEST($1::bigint[]) AS u(id) JOIN identity i ON i.customer_id = u.id) AS own WHERE episode.identity_id = own.id AND episode.state NOT IN ('resolved', 'closed') RETURNING ", row_columns!()),
    };
    /// Of each identity of the customers the one that ended last.
    LAST_ENDED = Two {
        sqlite: concat!("SELECT ", row_columns!(), " FROM identity i JOIN episode ON episode.id = (SELECT x.id FROM episode x WHERE x.identity_id = i.id AND x.state IN ('resolved', 'closed') ORDER BY x.last_activity_at DESC LIMIT 1) WHERE i.customer_id = $1"),
        postgres: concat!("SELECT ", row_columns!(), " FROM (SELECT DISTINCT id FROM UNNEST($1::bigint[]) AS u(id)) AS own JOIN identity i ON i.customer_id = own.id JOIN episode ON episode.id = (SELECT x.id FROM episode x WHERE x.identity_id = i.id AND x.state IN ('resolved', 'closed') ORDER BY x.last_activity_at DESC LIMIT 1)"),
    };
    INSERT = Two {
        sqlite: "INSERT INTO episode (id, workspace_id, identity_id, state, ball, assignee_id, subject, topic, follows_id, opened_at, last_activity_at, facts, objects, version, last_act) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 1, $14) ON CONFLICT (id) DO NOTHING",
        postgres: "INSERT INTO episode (id, workspace_id, identity_id, state, ball, assignee_id, subject, topic, follows_id, opened_at, last_activity_at, facts, objects, version, last_act) SELECT u.id, u.workspace_id, u.identity_id, u.state, u.ball, u.assignee_id, u.subject, u.topic, u.follows_id, u.opened_at, u.last_activity_at, u.facts, u.objects, 1, u.last_act FROM UNNEST($1::bigint[], $2::bigint[], $3::bigint[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::text[], $9::bigint[], $10::bigint[], $11::bigint[], $12::text[], $13::text[], $14::bigint[]) AS u(id, workspace_id, identity_id, state, ball, assignee_id, subject, topic, follows_id, opened_at, last_activity_at, facts, objects, last_act) ON CONFLICT (id) DO NOTHING",
    };
    SAVE = Two {
        sqlite: "UPDATE episode SET state = $1, ball = $2, assignee_id = $3, subject = $4, topic = $5, follows_id = $6, last_activity_at = $7, facts = $8, objects = $9, last_act = $10, version = version + 1 WHERE id = $11",
        postgres: "UPDATE episode SET state = u.state, ball = u.ball, assignee_id = u.assignee_id, subject = u.subject, topic = u.topic, follows_id = u.follows_id, last_activity_at = u.last_activity_at, facts = u.facts, objects = u.objects, last_act = u.last_act, version = episode.version + 1 FROM UNNEST($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::text[], $9::text[], $10::bigint[], $11::bigint[]) AS u(state, ball, assignee_id, subject, topic, follows_id, last_activity_at, facts, objects, last_act, id) WHERE episode.id = u.id",
    };
    /// Whose thread shows an identity's episodes now.
    PLACE = Same("SELECT i.customer_id, t.id FROM identity i JOIN thread t ON t.customer_id = i.customer_id WHERE i.workspace_id = $1 AND i.id = $2");
}

/// An episode as a command works on it; its row is locked.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub id: EpisodeId,
    pub workspace_id: WorkspaceId,
    pub identity_id: IdentityId,
    pub subject: String,
    pub topic: String,
    pub follows_id: Option<EpisodeId>,
    pub facts: EpisodeFacts,
    /// The orders, devices and the like that its messages name.
    pub objects: Vec<String>,
    pub last_act: Option<i64>,
    /// Not in the table yet.
    pub is_new: bool,
    /// To be saved.
    pub changed: bool,
}

pub(crate) fn read(row: &Row<'_>) -> Result<Held> {
    Ok(Held {
        id: EpisodeId(row.int(0)?),
        workspace_id: WorkspaceId(row.int(1)?),
        identity_id: IdentityId(row.int(2)?),
        subject: row.text(3)?,
        topic: row.text(4)?,
        follows_id: row.opt_int(5)?.map(EpisodeId),
        facts: row.json(6)?,
        objects: row.json(7)?,
        last_act: row.opt_int(8)?,
        is_new: false,
        changed: false,
    })
}

/// Takes an episode for this transaction; `None` when there is no such one in the workspace.
pub(crate) async fn lock(executor: &Executor, workspace_id: WorkspaceId, id: EpisodeId) -> Result<Option<Held>> {
    executor.query_opt(LOCK, &params![workspace_id.0, id.0], read).await
}

/// Takes the open episodes of customers.
pub(crate) async fn lock_open(executor: &Executor, customers: &[CustomerId]) -> Result<Vec<Held>> {
    let rows: Vec<[Value<'_>; 1]> = customers.iter().map(|id| params![id.0]).collect();
    executor.batch(LOCK_OPEN, &rows, read).await
}

/// The episodes of customers that ended last, one of each identity. Not locked.
pub(crate) async fn last_ended(executor: &Executor, customers: &[CustomerId]) -> Result<Vec<Held>> {
    let rows: Vec<[Value<'_>; 1]> = customers.iter().map(|id| params![id.0]).collect();
    executor.batch(LAST_ENDED, &rows, read).await
}

/// Where an identity's episodes are shown now.
pub(crate) async fn place(executor: &Executor, workspace_id: WorkspaceId, identity_id: IdentityId) -> Result<Place> {
    let found = executor
        .query_opt(PLACE, &params![workspace_id.0, identity_id.0], |row| {
            Ok((CustomerId(row.int(0)?), ThreadId(row.int(1)?)))
        })
        .await?;
    let (customer_id, thread_id) =
        found.ok_or_else(|| StoreError::Internal(format!("{identity_id} belongs to nobody")))?;
    Ok(Place { workspace_id, customer_id, thread_id, identity_id })
}

impl Held {
    /// Lets the state machine decide, and tells the log what changed.
    pub(crate) fn step(
        &mut self,
        store: &Store,
        executor: &Executor,
        place: &Place,
        event: &EpisodeEvent,
        actor: Option<&str>,
        now: Timestamp,
    ) -> Result<std::result::Result<Vec<EpisodeChange>, StepRefused>> {
        let stepped = match step(&self.facts, event, now, &EpisodeRules::default()) {
            Ok(stepped) => stepped,
            Err(refused) => return Ok(Err(refused)),
        };
        self.changed = true;
        self.facts = stepped.facts;
        for change in &stepped.changes {
            self.tell(store, executor, place, change, actor, now)?;
        }
        Ok(Ok(stepped.changes))
    }

    /// One change as a record of the log.
    pub(crate) fn tell(
        &self,
        store: &Store,
        executor: &Executor,
        place: &Place,
        change: &EpisodeChange,
        actor: Option<&str>,
        now: Timestamp,
    ) -> Result<()> {
        let Some(kind) = change.log_kind() else { return Ok(()) };
        let mut record = self.record(place, kind, actor, now);
        if kind.is_entry() {
            record.entry_id = Some(store.new_id()?);
        }
        let detail = detail(change);
        if !detail.is_empty() {
            record.detail = Some(Json::Object(detail).to_string());
        }
        executor.log(record);
        Ok(())
    }

    /// A record about this episode, filed under its identity.
    pub(crate) fn record(
        &self,
        place: &Place,
        kind: model::log::LogKind,
        actor: Option<&str>,
        now: Timestamp,
    ) -> NewRecord {
        let mut record = NewRecord::new(self.workspace_id, now, kind);
        record.customer_id = Some(place.customer_id);
        record.thread_id = Some(place.thread_id);
        record.identity_id = Some(self.identity_id);
        record.episode_id = Some(self.id);
        record.actor_id = actor.map(str::to_owned);
        record
    }

    /// A record that names another episode beside this one.
    #[expect(clippy::too_many_arguments, reason = "a record has this many parts")]
    pub(crate) fn tell_link(
        &self,
        store: &Store,
        executor: &Executor,
        place: &Place,
        kind: model::log::LogKind,
        other: EpisodeId,
        actor: Option<&str>,
        now: Timestamp,
    ) -> Result<()> {
        let mut record = self.record(place, kind, actor, now);
        record.entry_id = Some(store.new_id()?);
        record.detail = Some(json!({ "related": other }).to_string());
        executor.log(record);
        Ok(())
    }

    /// Sets the timers that a step asks for.
    pub(crate) async fn set_timers(
        &self,
        store: &Store,
        executor: &Executor,
        changes: &[EpisodeChange],
        now: Timestamp,
    ) -> Result<()> {
        for change in changes {
            let EpisodeChange::TimerSet { kind, at } = change else { continue };
            let (id, job) = (JobId(store.new_id()?), timer_job(*kind));
            jobs::set_timer(executor, self.workspace_id, id, job, self.id.0, *at, now).await?;
        }
        Ok(())
    }
}

/// The job behind a timer.
pub(crate) fn timer_job(kind: TimerKind) -> &'static str {
    match kind {
        TimerKind::Close => jobs::CLOSE_EPISODE,
        TimerKind::Wake => jobs::WAKE_EPISODE,
    }
}

/// What a record says of a change: reasons, times and ids, never words.
fn detail(change: &EpisodeChange) -> Map<String, Json> {
    let value = match change {
        EpisodeChange::BallChanged { from, to } => json!({ "from": from, "to": to }),
        EpisodeChange::Parked { until, by_itself } => json!({ "until": until, "by_itself": by_itself }),
        EpisodeChange::Snoozed { until } => json!({ "until": until }),
        EpisodeChange::Held { until } => json!({ "until": until }),
        EpisodeChange::Resumed { reason } => json!({ "reason": reason }),
        EpisodeChange::Resolved { by } => json!({ "reason": by }),
        EpisodeChange::Closed { by } => json!({ "reason": by }),
        EpisodeChange::Reopened { reason } => json!({ "reason": reason }),
        EpisodeChange::EngagementStarted { agent } => json!({ "agent": agent }),
        EpisodeChange::EngagementEnded { agent, since, reason } => {
            json!({ "agent": agent, "since": since, "reason": reason })
        }
        EpisodeChange::Assigned { from, to } => json!({ "from": from, "to": to }),
        EpisodeChange::Opened | EpisodeChange::HandedOver | EpisodeChange::TimerSet { .. } => Json::Null,
    };
    match value {
        Json::Object(map) => map.into_iter().filter(|(_, value)| !value.is_null()).collect(),
        _ => Map::new(),
    }
}

/// Writes what is new and what changed: two statements, however many there are.
pub(crate) async fn save(executor: &Executor, episodes: &mut [Held]) -> Result<()> {
    let texts: Vec<(String, String)> = episodes
        .iter()
        .map(|held| Ok((serde_json::to_string(&held.facts)?, serde_json::to_string(&held.objects)?)))
        .collect::<std::result::Result<_, serde_json::Error>>()
        .map_err(|error| StoreError::Internal(error.to_string()))?;
    let mut new: Vec<[Value<'_>; 14]> = Vec::new();
    let mut known: Vec<[Value<'_>; 11]> = Vec::new();
    for (held, (facts, objects)) in episodes.iter().zip(&texts) {
        let (state, ball) = (held.facts.state.as_str(), held.facts.ball.as_str());
        let assignee = held.facts.assignee.map(|AgentId(id)| id);
        let follows = held.follows_id.map(|id| id.0);
        let active = held.facts.last_activity_at();
        if held.is_new {
            new.push(params![
                held.id.0,
                held.workspace_id.0,
                held.identity_id.0,
                state,
                ball,
                assignee,
                &held.subject,
                &held.topic,
                follows,
                held.facts.opened_at,
                active,
                facts,
                objects,
                held.last_act
            ]);
        } else if held.changed {
            known.push(params![
                state,
                ball,
                assignee,
                &held.subject,
                &held.topic,
                follows,
                active,
                facts,
                objects,
                held.last_act,
                held.id.0
            ]);
        }
    }
    executor.batch_execute(INSERT, &new).await?;
    executor.batch_execute(SAVE, &known).await?;
    for held in episodes {
        (held.is_new, held.changed) = (false, false);
    }
    Ok(())
}
