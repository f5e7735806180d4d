//! What waits and what could not be done, for those who run the installation.

use crate::{
    extract::{Authenticated, Limit, Path, Query},
    problem::{Checked, Common, Contradicts, Guarded, Missing, Problem},
};
use axum::{Json, extract::State, http::StatusCode};
use model::{
    InboundEventId, JobId,
    entry::Page,
    operation::{InboundEvent, InboundState, Job, JobState},
};
use serde::{Deserialize, Serialize};
use service::{Services, operations};
use utoipa::{IntoParams, ToSchema};

/// Which jobs are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct JobQuery {
    /// Those that wait (`ready`), or those that were given up (`dead`, the default).
    #[serde(default = "dead")]
    #[param(inline)]
    state: JobState,
    /// How many items at most.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 50)]
    limit: Limit,
    /// Where the page begins: the `next_cursor` of the page before it.
    #[param(max_length = 512)]
    cursor: Option<String>,
}

/// Which stored events are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct InboundEventQuery {
    /// Where they stand; `undecodable` by default.
    #[serde(default = "undecodable")]
    #[param(inline)]
    state: InboundState,
    /// How many items at most.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 50)]
    limit: Limit,
    /// Where the page begins: the `next_cursor` of the page before it.
    #[param(max_length = 512)]
    cursor: Option<String>,
}

/// What reading a stored event once more gave.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReplayedEvent {
    /// How many events now wait to become entries: a body that is read at last may hold several.
    events: usize,
}

fn dead() -> JobState {
    JobState::Dead
}

fn undecodable() -> InboundState {
    InboundState::Undecodable
}

/// Lists the jobs in a state, the next due first.
#[utoipa::path(
    get, path = "/jobs", tag = "Operations", params(JobQuery),
    responses((status = 200, description = "A page of them.", body = Page<Job>), Guarded, Checked, Common)
)]
pub(crate) async fn list_jobs(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Query(query): Query<JobQuery>,
) -> Result<Json<Page<Job>>, Problem> {
    let (limit, cursor) = (query.limit.0, query.cursor.as_deref());
    Ok(Json(operations::list_jobs(&services, &caller, query.state, limit, cursor).await?))
}

/// Takes a job up once more that was given up.
///
/// The delivery of a message is then a new job, as when an agent sends it again; when it may not go out now, the conflict's
/// code says why (`window_closed`, `blocked`, `account_disabled`).
#[utoipa::path(
    post, path = "/jobs/{id}/replay", tag = "Operations", params(("id" = JobId, Path, description = "The job's id.")),
    responses(
        (status = 200, description = "The job that waits now.", body = Job),
        Guarded, Missing, Contradicts, Common,
    )
)]
pub(crate) async fn replay_job(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<JobId>,
) -> Result<Json<Job>, Problem> {
    Ok(Json(operations::replay_job(&services, &caller, id).await?))
}

/// Removes a job that was given up; one that waits is a conflict.
#[utoipa::path(
    delete, path = "/jobs/{id}", tag = "Operations", params(("id" = JobId, Path, description = "The job's id.")),
    responses((status = 204, description = "It is gone."), Guarded, Missing, Contradicts, Common)
)]
pub(crate) async fn dismiss_job(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<JobId>,
) -> Result<StatusCode, Problem> {
    operations::dismiss_job(&services, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists the stored events in a state, newest first.
#[utoipa::path(
    get, path = "/inbound-events", tag = "Operations", params(InboundEventQuery),
    responses((status = 200, description = "A page of them.", body = Page<InboundEvent>), Guarded, Checked, Common)
)]
pub(crate) async fn list_inbound_events(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Query(query): Query<InboundEventQuery>,
) -> Result<Json<Page<InboundEvent>>, Problem> {
    let (limit, cursor) = (query.limit.0, query.cursor.as_deref());
    Ok(Json(operations::list_inbound_events(&services, &caller, query.state, limit, cursor).await?))
}

/// Shows a stored event as it came, with its payload.
#[utoipa::path(
    get, path = "/inbound-events/{id}", tag = "Operations",
    params(("id" = InboundEventId, Path, description = "The event's id.")),
    responses((status = 200, description = "The event.", body = InboundEvent), Guarded, Missing, Common)
)]
pub(crate) async fn get_inbound_event(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<InboundEventId>,
) -> Result<Json<InboundEvent>, Problem> {
    Ok(Json(operations::get_inbound_event(&services, &caller, id).await?))
}

/// Reads a stored event once more that became no entry.
///
/// What could not be read is read by the server's present decoder; for what came for an account that was not connected,
/// the account is looked for again. A conflict when that helps nothing (`still_unreadable`, `account_not_connected`).
#[utoipa::path(
    post, path = "/inbound-events/{id}/replay", tag = "Operations",
    params(("id" = InboundEventId, Path, description = "The event's id.")),
    responses(
        (status = 200, description = "It will become entries.", body = ReplayedEvent),
        Guarded, Missing, Contradicts, Common,
    )
)]
pub(crate) async fn replay_inbound_event(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<InboundEventId>,
) -> Result<Json<ReplayedEvent>, Problem> {
    Ok(Json(ReplayedEvent { events: operations::replay_inbound_event(&services, &caller, id).await? }))
}

/// Removes a stored event that became no entry, with its payload; any other is a conflict.
#[utoipa::path(
    delete, path = "/inbound-events/{id}", tag = "Operations",
    params(("id" = InboundEventId, Path, description = "The event's id.")),
    responses((status = 204, description = "It is gone."), Guarded, Missing, Contradicts, Common)
)]
pub(crate) async fn dismiss_inbound_event(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<InboundEventId>,
) -> Result<StatusCode, Problem> {
    operations::dismiss_inbound_event(&services, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
