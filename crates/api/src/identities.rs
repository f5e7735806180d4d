//! Addresses that the team decided not to write to.

use crate::{
    extract::{Authenticated, OptionalBody, Path},
    problem::{Checked, Common, Guarded, Missing, Problem, WithBody},
};
use axum::{Json, extract::State};
use model::{IdentityId, customer::Identity};
use serde::Deserialize;
use service::{Services, suppression};
use utoipa::ToSchema;

/// Why an identity is not written to.
// Has no `Debug`: nothing may print what is said of people.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BlockIdentity {
    /// In a few words, for colleagues.
    #[serde(default)]
    #[schema(max_length = 200)]
    reason: String,
}

/// Keeps everybody from writing to an identity, until it is taken back. What comes in is kept; what waits to be sent there fails.
#[utoipa::path(
    post, path = "/identities/{id}/block", tag = "Customers", request_body = Option<BlockIdentity>,
    params(("id" = IdentityId, Path, description = "The identity's id.")),
    responses(
        (status = 200, description = "The identity as it is now.", body = Identity),
        Guarded, Missing, Checked, WithBody, Common,
    )
)]
pub(crate) async fn block_identity(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<IdentityId>,
    OptionalBody(body): OptionalBody<BlockIdentity>,
) -> Result<Json<Identity>, Problem> {
    Ok(Json(suppression::block_identity(&services, &caller, id, &body.reason).await?))
}

/// Takes back that an identity is not written to.
#[utoipa::path(
    post, path = "/identities/{id}/unblock", tag = "Customers",
    params(("id" = IdentityId, Path, description = "The identity's id.")),
    responses((status = 200, description = "The identity as it is now.", body = Identity), Guarded, Missing, Common)
)]
pub(crate) async fn unblock_identity(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<IdentityId>,
) -> Result<Json<Identity>, Problem> {
    Ok(Json(suppression::unblock_identity(&services, &caller, id).await?))
}
