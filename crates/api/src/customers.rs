//! Reading customers.

use crate::{
    extract::{Authenticated, Paging, Path, Query},
    problem::{Checked, Common, Guarded, Missing, Problem},
};
use axum::{Json, extract::State};
use model::{CustomerId, customer::Customer, entry::Page};
use service::{Services, customers};

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
