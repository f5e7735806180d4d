//! Reading customers, and saying what is known of them.

use crate::{Caller, FieldFault, ServiceError, Services, attributes, paging};
use model::{
    CustomerId, Permission,
    customer::{Customer, check_name},
    entry::Page,
};
use serde_json::{Map, Value};
use store::CustomerUpdate;

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

/// Changes what is known of a customer: the name, and values of fields by their keys; null takes one away.
///
/// # Errors
/// Forbidden without the right; not found; invalid with every fault at once (`attributes.KEY`).
pub async fn update_customer(
    services: &Services,
    caller: &Caller,
    id: CustomerId,
    name: Option<&str>,
    values: &Map<String, Value>,
) -> Result<Customer, ServiceError> {
    caller.require(Permission::SendMessages)?;
    let customer = get_customer(services, caller, id).await?;
    let mut faults = Vec::new();
    let name = name.map(check_name).transpose().unwrap_or_else(|message| {
        faults.push(FieldFault { field: "name".into(), message });
        None
    });
    let values = attributes::check_values(services, caller, values, &mut faults).await?;
    if !faults.is_empty() {
        return Err(ServiceError::Invalid(faults));
    }
    let update = CustomerUpdate {
        id: customer.id,
        workspace_id: caller.workspace_id,
        name,
        values,
        source: attributes::source_of(caller),
        actor_id: Some(caller.actor_id()),
        now: services.now(),
    };
    if !services.store().update_customer(update).await? {
        return Err(ServiceError::NotFound);
    }
    get_customer(services, caller, id).await
}
