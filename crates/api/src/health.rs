//! What supervisors of the process ask: does it live, can it work, how is it doing.

use crate::{
    App,
    extract::{Peer, authenticate},
    problem::Problem,
};
use axum::{
    extract::{OriginalUri, State},
    http::{HeaderMap, header},
    response::IntoResponse,
};
use model::Permission;
use service::Services;

/// Says that the process answers.
pub(crate) async fn tell_alive() -> &'static str {
    "ok\n"
}

/// Says whether the database answers and took the last write; 503 when not, with which of both it is.
pub(crate) async fn tell_ready(State(services): State<Services>) -> Result<&'static str, Problem> {
    services.check_ready().await?;
    Ok("ready\n")
}

/// Shows the metrics in Prometheus's text form: to this machine itself, or to whoever may see operations.
pub(crate) async fn tell_metrics(
    State(app): State<App>,
    OriginalUri(uri): OriginalUri,
    peer: Peer,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    if !peer.is_local || headers.contains_key(header::AUTHORIZATION) {
        let caller = authenticate(&headers, &uri, &app, true).await?;
        caller.require(Permission::ReadOperations)?;
    }
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], app.config.metrics.render()))
}
