//! The people who work at the desk.

use crate::{
    extract::{Authenticated, Paging, Query},
    problem::{Checked, Common, Guarded, Problem},
};
use axum::{Json, extract::State};
use model::{agent::Agent, entry::Page};
use service::{Services, auth};

/// Lists the people of the workspace, oldest first.
#[utoipa::path(
    get, path = "/agents", tag = "People", params(Paging),
    responses((status = 200, description = "A page of them.", body = Page<Agent>), Guarded, Checked, Common)
)]
pub(crate) async fn list_agents(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<Agent>>, Problem> {
    Ok(Json(auth::list_agents(&services, &caller, paging.limit.0, paging.cursor.as_deref()).await?))
}
