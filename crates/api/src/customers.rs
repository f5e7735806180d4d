//! Reading customers, and saying what is known of them.

use crate::{
    extract::{Authenticated, Body, Limit, Path, Query},
    problem::{Checked, Common, Guarded, Missing, Problem, WithBody},
};
use axum::{Json, extract::State};
use model::{CustomerId, customer::Customer, entry::Page};
use serde::Deserialize;
use serde_json::{Map, Value};
use service::{Services, customers};
use utoipa::{IntoParams, ToSchema};

/// Which customers are asked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CustomersQuery {
    /// Words that names, addresses or values of fields hold, as in a search; without it all customers.
    #[param(min_length = 1, max_length = 200, example = "lindqvist")]
    q: Option<String>,
    /// How many items at most.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 50)]
    limit: Limit,
    /// Where the page begins: the `next_cursor` of the page before it.
    #[param(max_length = 512)]
    cursor: Option<String>,
}

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

/// Lists the customers, newest first, or finds some by words.
///
/// With `q` a page may hold fewer than the limit though another follows: go on while there is a `next_cursor`. Somebody new is
/// found a moment later; a search that takes longer than two seconds is ended and answered with 503.
#[utoipa::path(
    get, path = "/customers", tag = "Customers", params(CustomersQuery),
    responses((status = 200, description = "A page of them.", body = Page<Customer>), Guarded, Checked, Common)
)]
pub(crate) async fn list_customers(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Query(query): Query<CustomersQuery>,
) -> Result<Json<Page<Customer>>, Problem> {
    let CustomersQuery { q, limit, cursor } = query;
    Ok(Json(customers::list_customers(&services, &caller, q.as_deref(), limit.0, cursor.as_deref()).await?))
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
