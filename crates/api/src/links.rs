//! One-time links: a newcomer or somebody who forgot sets a password.

use crate::{
    extract::{Body, ByHttps, NotForeign, Path, Peer},
    me::Me,
    problem::{Checked, Common, Limited, Missing, Problem, WithBody},
    session,
};
use axum::{Json, extract::State, response::IntoResponse};
use serde::{Deserialize, Serialize};
use service::{Services, auth};
use utoipa::ToSchema;

/// What a one-time link is for, and whose it is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Link {
    /// Why it was made.
    purpose: LinkPurpose,
    /// The person's name.
    name: String,
    /// The person's e-mail address.
    email: String,
}

/// Why a one-time link was made.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LinkPurpose {
    /// The person is new.
    Invite,
    /// The person needs a new password.
    Reset,
}

/// A new password.
// Has no `Debug`: nothing may print it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPassword {
    /// At least 10 characters.
    #[schema(format = Password, min_length = 10)]
    password: String,
}

/// Says whose one-time link this is.
#[utoipa::path(
    get, path = "/links/{code}", tag = "Sign-in", security(()), extensions(("x-internal" = json!(true))),
    params(("code" = String, Path, description = "The code of the link.", max_length = 200)),
    responses((status = 200, description = "The link works.", body = Link), Missing, Limited, Common)
)]
pub(crate) async fn get_link(
    State(services): State<Services>,
    Path(code): Path<String>,
) -> Result<Json<Link>, Problem> {
    let link = auth::get_link(&services, &code).await?;
    let purpose = if link.purpose == "reset" { LinkPurpose::Reset } else { LinkPurpose::Invite };
    Ok(Json(Link { purpose, name: link.name, email: link.email }))
}

/// Sets the password and signs in; the link is used up.
#[utoipa::path(
    post, path = "/links/{code}", tag = "Sign-in", request_body = NewPassword, security(()),
    extensions(("x-internal" = json!(true))),
    params(("code" = String, Path, description = "The code of the link.", max_length = 200)),
    responses(
        (status = 201, description = "Done; the answer sets the session's cookie.", body = Me),
        Missing, Checked, WithBody, Limited, Common,
    )
)]
pub(crate) async fn redeem_link(
    State(services): State<Services>,
    _: NotForeign,
    by_https: ByHttps,
    peer: Peer,
    Path(code): Path<String>,
    Body(body): Body<NewPassword>,
) -> Result<impl IntoResponse, Problem> {
    let signed_in = auth::redeem_link(&services, &code, &body.password, &peer.network()).await?;
    session::begin(&services, signed_in, by_https).await
}
