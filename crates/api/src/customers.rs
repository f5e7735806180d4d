//! Reading customers, and saying what is known of them.

use crate::{
    extract::{Authenticated, Body, Paging, Path, Query},
    problem::{Checked, Common, Guarded, Missing, Problem, WithBody},
};
use axum::{Json, extract::State};
use model::{CustomerId, customer::Customer, entry::Page};
use serde::Deserialize;
use serde_json::{Map, Value};
use service::{Services, customers};
use utoipa::ToSchema;

/// What changes of a customer; what is absent stays as it is.
// Has no `Debug`: nothing may print what is known of people.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CustomerChange {
    /// The name to show; empty when it is not known.
    #[schema(max_length = 200)]
    name: Option<String>,
    /// Values of fields by their keys; null takes one away.
    #[serde(default)]
    #[schema(value_type = std::collections::BTreeMap<String, Value>)]
    attributes: Map<String, Value>,
}

/// Lists the customers, newest first.
#[utoipa::path(
    get, path = "/customers", tag = "Customers", params(Paging),
    responses((status = 200, description = "A page of them.", body = Page<Customer>), Guarded, Checked, Common)
)]
pub(crate) async fn list_customers(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<Customer>>, Problem> {
    Ok(Json(customers::list_customers(&services, &caller, paging.limit.0, paging.cursor.as_deref()).await?))
}

/// Shows a customer with their identities.
#[utoipa::path(
    get, path = "/customers/{id}", tag = "Customers",
    params(("id" = CustomerId, Path, description = "The customer's id.")),
    responses((status = 200, description = "The customer.", body = Customer), Guarded, Missing, Common)
)]
pub(crate) async fn get_customer(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<CustomerId>,
) -> Result<Json<Customer>, Problem> {
    Ok(Json(customers::get_customer(&services, &caller, id).await?))
}

/// Changes what is known of a customer. A wrong value is told at `attributes.KEY`.
#[utoipa::path(
    patch, path = "/customers/{id}", tag = "Customers", request_body = CustomerChange,
    params(("id" = CustomerId, Path, description = "The customer's id.")),
    responses(
        (status = 200, description = "The customer as it is now.", body = Customer),
        Guarded, Missing, Checked, WithBody, Common,
    )
)]
pub(crate) async fn update_customer(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<CustomerId>,
    Body(body): Body<CustomerChange>,
) -> Result<Json<Customer>, Problem> {
    Ok(Json(customers::update_customer(&services, &caller, id, body.name.as_deref(), &body.attributes).await?))
}
