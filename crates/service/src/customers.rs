//! Reading customers.

use crate::{Caller, ServiceError, Services, paging};
use model::{CustomerId, Permission, customer::Customer, entry::Page};

/// The customers, newest first.
///
/// # Errors
/// Invalid limit or cursor.
pub async fn list_customers(
    services: &Services,
    caller: &Caller,
    limit: u32,
    cursor: Option<&str>,
) -> Result<Page<Customer>, ServiceError> {
    caller.require(Permission::ReadThreads)?;
    let limit = paging::limit(limit)?;
    let [before] = paging::place(cursor)?.unwrap_or([i64::MAX]);
    let found = services.store().list_customers(caller.workspace_id, CustomerId(before), limit + 1).await?;
    Ok(paging::page(found, limit, |customer| [customer.id.0]))
}

/// One customer.
///
/// # Errors
/// Not found.
pub async fn get_customer(services: &Services, caller: &Caller, id: CustomerId) -> Result<Customer, ServiceError> {
    caller.require(Permission::ReadThreads)?;
    services.store().find_customer(caller.workspace_id, id).await?.ok_or(ServiceError::NotFound)
}
