//! What customers see without a message.

use crate::{
    extract::{Authenticated, Body, Path},
    problem::{Checked, Common, Contradicts, Guarded, Missing, Problem, WithBody},
};
use axum::{extract::State, http::StatusCode};
use model::{IdentityId, ThreadId};
use serde::Deserialize;
use service::{Services, signals};
use utoipa::ToSchema;

/// Whether somebody types.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Typing {
    /// True: somebody does. False: nobody does any more.
    typing: bool,
    /// Over which identity of the customer; the one through which they last wrote when it is absent.
    identity_id: Option<IdentityId>,
}

/// Shows the customer that somebody types.
///
/// Tell it again every ten seconds while it lasts; more often changes nothing. Where the channel cannot show it, nothing
/// happens. It is not stored.
#[utoipa::path(
    post, path = "/threads/{id}/typing", tag = "Threads", request_body = Typing,
    params(("id" = ThreadId, Path, description = "The thread's id.")),
    responses(
        (status = 204, description = "Shown, as far as the channel can."),
        Guarded, Missing, Contradicts, Checked, WithBody, Common,
    )
)]
pub(crate) async fn show_typing(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(thread): Path<ThreadId>,
    Body(body): Body<Typing>,
) -> Result<StatusCode, Problem> {
    signals::show_typing(&services, &caller, thread, body.identity_id, body.typing).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Shows the customer that what they wrote was seen.
///
/// Where the channel cannot show it, or a setting of the channel account says no, nothing happens. It is not stored.
#[utoipa::path(
    post, path = "/threads/{id}/seen", tag = "Threads",
    params(("id" = ThreadId, Path, description = "The thread's id.")),
    responses(
        (status = 204, description = "Shown, as far as the channel can."),
        Guarded, Missing, Contradicts, Common,
    )
)]
pub(crate) async fn show_seen(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(thread): Path<ThreadId>,
) -> Result<StatusCode, Problem> {
    signals::show_seen(&services, &caller, thread).await?;
    Ok(StatusCode::NO_CONTENT)
}
