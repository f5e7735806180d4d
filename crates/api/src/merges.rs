//! Making one customer of two, and taking it back.

use crate::{
    extract::{Authenticated, Creating, IdempotencyHeader, Path, Query},
    problem::{Checked, Common, Contradicts, Guarded, Missing, Problem, WithBody},
};
use axum::{Json, extract::State, http::StatusCode};
use model::{
    CustomerId, MergeId,
    merge_record::{Merge, MergePreview, Unmerge},
};
use serde::{Deserialize, Serialize};
use service::{ServiceError, Services, merges};
use utoipa::{IntoParams, ToSchema};

/// The other of two customers.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct With {
    /// Whom the customer would be merged with.
    #[param(required = true, nullable = false)]
    with: Option<CustomerId>,
}

/// With whom a customer is to be merged.
// Has no `Debug`: nothing may print what is said.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MergeCustomers {
    /// The other one. The customer with the older thread stays, whichever of the two it is.
    customer_id: CustomerId,
    /// Why, for colleagues.
    #[serde(default)]
    #[schema(max_length = 500)]
    reason: String,
    /// Merge them although both are verified, as different people. For supervisors and above, with a reason.
    #[serde(default)]
    force: bool,
}

/// Whether to look only.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Preview {
    /// Say what would go back and what would stay, and change nothing.
    #[serde(default)]
    preview: bool,
}

/// The merges into a customer.
#[derive(Serialize, ToSchema)]
pub(crate) struct Merges {
    /// Standing and taken back, the newest 100, the newest first.
    items: Vec<Merge>,
}

/// Shows what merging two customers would do.
#[utoipa::path(
    get, path = "/customers/{id}/merge-preview", tag = "Customers",
    params(("id" = CustomerId, Path, description = "The customer's id."), With),
    responses(
        (status = 200, description = "Both, who stays, and what to think about.", body = MergePreview),
        Guarded, Missing, Contradicts, Checked, Common,
    )
)]
pub(crate) async fn preview_merge(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<CustomerId>,
    Query(query): Query<With>,
) -> Result<Json<MergePreview>, Problem> {
    let other = query.with.ok_or_else(|| ServiceError::invalid("with", "name the other customer"))?;
    Ok(Json(merges::preview_merge(&services, &caller, id, other).await?))
}

/// Makes one customer of two.
///
/// Whatever is addressed to the one that does not stay reaches the other from then on, and answers with that one's id.
#[utoipa::path(
    post, path = "/customers/{id}/merge", tag = "Customers", request_body = MergeCustomers,
    params(("id" = CustomerId, Path, description = "The customer's id."), IdempotencyHeader),
    responses(
        (status = 201, description = "The merge.", body = Merge),
        Guarded, Missing, Contradicts, Checked, WithBody, Common,
    )
)]
pub(crate) async fn merge_customers(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<CustomerId>,
    Creating { body, key, .. }: Creating<MergeCustomers>,
) -> Result<(StatusCode, Json<Merge>), Problem> {
    let merge = merges::MergeCustomers { customer_id: body.customer_id, reason: body.reason, force: body.force };
    Ok((StatusCode::CREATED, Json(merges::merge_customers(&services, &caller, id, merge, key).await?)))
}

/// Lists the merges into a customer, standing and taken back.
#[utoipa::path(
    get, path = "/customers/{id}/merges", tag = "Customers",
    params(("id" = CustomerId, Path, description = "The customer's id.")),
    responses((status = 200, description = "The newest 100.", body = Merges), Guarded, Missing, Common)
)]
pub(crate) async fn list_merges(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<CustomerId>,
) -> Result<Json<Merges>, Problem> {
    Ok(Json(Merges { items: merges::list_merges(&services, &caller, id).await? }))
}

/// Takes a merge back, or shows what that would do.
#[utoipa::path(
    post, path = "/merges/{id}/undo", tag = "Customers",
    params(("id" = MergeId, Path, description = "The merge's id."), Preview),
    responses(
        (status = 200, description = "What goes back and what stays.", body = Unmerge),
        Guarded, Missing, Contradicts, Checked, Common,
    )
)]
pub(crate) async fn undo_merge(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<MergeId>,
    Query(query): Query<Preview>,
) -> Result<Json<Unmerge>, Problem> {
    Ok(Json(if query.preview {
        merges::preview_undo(&services, &caller, id).await?
    } else {
        merges::undo_merge(&services, &caller, id).await?
    }))
}
