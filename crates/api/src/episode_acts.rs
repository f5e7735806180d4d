//! What people and programs do to an episode. Each answers with the episode as it is now; what its state does not allow is a
//! conflict whose words say what is.

use crate::{
    episodes::{AssignEpisode, HoldEpisode, ParkEpisode, SnoozeEpisode},
    extract::{Authenticated, Body, Path},
    problem::{Checked, Common, Contradicts, Guarded, Missing, Problem, WithBody},
};
use axum::{Json, extract::State};
use model::{EpisodeId, episode::Episode};
use service::{
    Services,
    episodes::{Act, act},
};

/// Takes up what was parked, snoozed or put on hold.
#[utoipa::path(
    post, path = "/episodes/{id}/resume", tag = "Episodes",
    params(("id" = EpisodeId, Path, description = "The episode's id.")),
    responses(
        (status = 200, description = "The episode as it is now.", body = Episode),
        Guarded, Missing, Contradicts, Common,
    )
)]
pub(crate) async fn resume_episode(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<EpisodeId>,
) -> Result<Json<Episode>, Problem> {
    Ok(Json(act(&services, &caller, id, Act::Resume).await?))
}

/// Holds an episode for solved. Silence closes it; the same issue opens it again.
#[utoipa::path(
    post, path = "/episodes/{id}/resolve", tag = "Episodes",
    params(("id" = EpisodeId, Path, description = "The episode's id.")),
    responses(
        (status = 200, description = "The episode as it is now.", body = Episode),
        Guarded, Missing, Contradicts, Common,
    )
)]
pub(crate) async fn resolve_episode(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<EpisodeId>,
) -> Result<Json<Episode>, Problem> {
    Ok(Json(act(&services, &caller, id, Act::Resolve).await?))
}

/// Closes an episode without waiting.
#[utoipa::path(
    post, path = "/episodes/{id}/close", tag = "Episodes",
    params(("id" = EpisodeId, Path, description = "The episode's id.")),
    responses(
        (status = 200, description = "The episode as it is now.", body = Episode),
        Guarded, Missing, Contradicts, Common,
    )
)]
pub(crate) async fn close_episode(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<EpisodeId>,
) -> Result<Json<Episode>, Problem> {
    Ok(Json(act(&services, &caller, id, Act::Close).await?))
}

/// Opens an ended episode again. What was left unanswered is owed again.
#[utoipa::path(
    post, path = "/episodes/{id}/reopen", tag = "Episodes",
    params(("id" = EpisodeId, Path, description = "The episode's id.")),
    responses(
        (status = 200, description = "The episode as it is now.", body = Episode),
        Guarded, Missing, Contradicts, Common,
    )
)]
pub(crate) async fn reopen_episode(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<EpisodeId>,
) -> Result<Json<Episode>, Problem> {
    Ok(Json(act(&services, &caller, id, Act::Reopen).await?))
}

/// Takes an episode: its caller owns it and works on it.
#[utoipa::path(
    post, path = "/episodes/{id}/accept", tag = "Episodes",
    params(("id" = EpisodeId, Path, description = "The episode's id.")),
    responses(
        (status = 200, description = "The episode as it is now.", body = Episode),
        Guarded, Missing, Contradicts, Common,
    )
)]
pub(crate) async fn accept_episode(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<EpisodeId>,
) -> Result<Json<Episode>, Problem> {
    Ok(Json(act(&services, &caller, id, Act::Accept).await?))
}

/// Sets an episode aside because the customer is slow. While the customer waits, that needs a promise.
#[utoipa::path(
    post, path = "/episodes/{id}/park", tag = "Episodes", request_body = ParkEpisode,
    params(("id" = EpisodeId, Path, description = "The episode's id.")),
    responses(
        (status = 200, description = "The episode as it is now.", body = Episode),
        Guarded, Missing, Contradicts, Checked, WithBody, Common,
    )
)]
pub(crate) async fn park_episode(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<EpisodeId>,
    Body(body): Body<ParkEpisode>,
) -> Result<Json<Episode>, Problem> {
    Ok(Json(act(&services, &caller, id, Act::Park { until: body.until }).await?))
}

/// Puts an episode out of sight until a time. Any message of the customer wakes it.
#[utoipa::path(
    post, path = "/episodes/{id}/snooze", tag = "Episodes", request_body = SnoozeEpisode,
    params(("id" = EpisodeId, Path, description = "The episode's id.")),
    responses(
        (status = 200, description = "The episode as it is now.", body = Episode),
        Guarded, Missing, Contradicts, Checked, WithBody, Common,
    )
)]
pub(crate) async fn snooze_episode(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<EpisodeId>,
    Body(body): Body<SnoozeEpisode>,
) -> Result<Json<Episode>, Problem> {
    Ok(Json(act(&services, &caller, id, Act::Snooze { until: body.until }).await?))
}

/// Waits for somebody outside.
#[utoipa::path(
    post, path = "/episodes/{id}/hold", tag = "Episodes", request_body = HoldEpisode,
    params(("id" = EpisodeId, Path, description = "The episode's id.")),
    responses(
        (status = 200, description = "The episode as it is now.", body = Episode),
        Guarded, Missing, Contradicts, Checked, WithBody, Common,
    )
)]
pub(crate) async fn hold_episode(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<EpisodeId>,
    Body(body): Body<HoldEpisode>,
) -> Result<Json<Episode>, Problem> {
    Ok(Json(act(&services, &caller, id, Act::Hold { reason: body.reason, until: body.until }).await?))
}

/// Gives an episode to a colleague, or to nobody.
#[utoipa::path(
    post, path = "/episodes/{id}/assign", tag = "Episodes", request_body = AssignEpisode,
    params(("id" = EpisodeId, Path, description = "The episode's id.")),
    responses(
        (status = 200, description = "The episode as it is now.", body = Episode),
        Guarded, Missing, Contradicts, Checked, WithBody, Common,
    )
)]
pub(crate) async fn assign_episode(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<EpisodeId>,
    Body(body): Body<AssignEpisode>,
) -> Result<Json<Episode>, Problem> {
    Ok(Json(act(&services, &caller, id, Act::Assign { agent_id: body.agent_id }).await?))
}
