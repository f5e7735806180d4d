//! What waits and what could not be done, for those who run the installation.

use crate::{
    extract::{Authenticated, Limit, Path, Query},
    problem::{Checked, Common, Guarded, Missing, Problem},
};
use axum::{Json, extract::State};
use model::{
    InboundEventId,
    entry::Page,
    operation::{InboundEvent, InboundState, Job, JobState},
};
use serde::Deserialize;
use service::{Services, operations};
use utoipa::IntoParams;

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
