//! The first run: an installation gets its workspace and owner.

use crate::{
    extract::{Body, ByHttps, NotForeign, Peer},
    me::Me,
    problem::{BadSecret, Checked, Common, Contradicts, Limited, Problem, WithBody},
    session,
};
use axum::{Json, extract::State, response::IntoResponse};
use serde::{Deserialize, Serialize};
use service::{Services, auth, auth::SetUpOwner};
use utoipa::ToSchema;

/// Whether the installation still needs its owner.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SetUpState {
    /// Nobody owns it yet.
    needed: bool,
}

/// What the first-run form asks.
// Has no `Debug`: nothing may print a password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetUp {
    /// The one-time code that the server printed when it started.
    code: String,
    /// The business's name.
    #[schema(min_length = 1, max_length = 200)]
    workspace_name: String,
    /// The owner's name.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// The owner's e-mail address.
    #[schema(format = Email)]
    email: String,
    /// At least 10 characters.
    #[schema(format = Password, min_length = 10)]
    password: String,
}

/// Says whether the installation still needs its owner.
#[utoipa::path(
    get, path = "/setup", tag = "Sign-in", security(()), extensions(("x-internal" = json!(true))),
    responses((status = 200, description = "The state.", body = SetUpState), Common)
)]
pub(crate) async fn get_setup(State(services): State<Services>) -> Result<Json<SetUpState>, Problem> {
    Ok(Json(SetUpState { needed: auth::needs_setup(&services).await? }))
}

/// Makes the workspace and its owner, and signs the owner in.
#[utoipa::path(
    post, path = "/setup", tag = "Sign-in", request_body = SetUp, security(()),
    extensions(("x-internal" = json!(true))),
    responses(
        (status = 201, description = "Done; the answer sets the session's cookie.", body = Me),
        BadSecret,
        Contradicts, Checked, WithBody, Limited, Common,
    )
)]
pub(crate) async fn set_up(
    State(services): State<Services>,
    _: NotForeign,
    by_https: ByHttps,
    peer: Peer,
    Body(body): Body<SetUp>,
) -> Result<impl IntoResponse, Problem> {
    let SetUp { code, workspace_name, name, email, password } = body;
    let owner = SetUpOwner { code, workspace_name, name, email, password };
    let signed_in = auth::set_up_owner(&services, owner, &peer.network()).await?;
    session::begin(&services, signed_in, by_https).await
}
