//! Reading customers, and saying what is known of them.

use crate::{
    Caller, FieldFault, ServiceError, Services, attributes, files::sign_file_url, messages::rule_of, paging,
    search::find_customers,
};
use channel::Account;
use model::{
    ChannelAccountId, CustomerId, Permission, WorkspaceId,
    customer::{Customer, Identity, check_name},
    entry::Page,
    gate::human_until,
};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};
use store::CustomerUpdate;

/// The customers, newest first; with `words` those whose names, addresses or values hold all of them.
///
/// # Errors
/// Invalid words, limit or cursor; unavailable: the search took too long, or too many search.
pub async fn list_customers(
    services: &Services,
    caller: &Caller,
    words: Option<&str>,
    limit: u32,
    cursor: Option<&str>,
) -> Result<Page<Customer>, ServiceError> {
    caller.require(Permission::ReadThreads)?;
    if let Some(words) = words {
        let mut page = find_customers(services, caller, words, limit, cursor).await?;
        complete_identities(services, caller.workspace_id, page.items.iter_mut()).await?;
        return Ok(page);
    }
    let limit = paging::limit(limit)?;
    let [before] = paging::place(cursor)?.unwrap_or([i64::MAX]);
    let mut found = services.store().list_customers(caller.workspace_id, CustomerId(before), limit + 1).await?;
    complete_identities(services, caller.workspace_id, found.iter_mut()).await?;
    Ok(paging::page(found, limit, |customer| [customer.id.0]))
}

/// One customer.
///
/// # Errors
/// Not found.
pub async fn get_customer(services: &Services, caller: &Caller, id: CustomerId) -> Result<Customer, ServiceError> {
    caller.require(Permission::ReadThreads)?;
    let mut found = services.store().find_customer(caller.workspace_id, id).await?.ok_or(ServiceError::NotFound)?;
    complete_identities(services, caller.workspace_id, std::iter::once(&mut found)).await?;
    Ok(found)
}

/// Completes what the store tells of each identity: until when a person may write, by what its channel and account allow; and
/// where its picture is.
pub(crate) async fn complete_identities<'c>(
    services: &Services,
    workspace_id: WorkspaceId,
    customers: impl Iterator<Item = &'c mut Customer>,
) -> Result<(), ServiceError> {
    let mut rules = HashMap::new();
    for identity in customers.flat_map(|customer| &mut customer.identities) {
        let id = identity.channel_account_id;
        let millis = match rules.get(&id) {
            Some(known) => *known,
            None => {
                let millis = human_extension(services, workspace_id, id).await?;
                rules.insert(id, millis);
                millis
            }
        };
        identity.human_window_until = human_until(millis, identity.last_inbound_at);
        sign_picture(services, workspace_id, identity);
    }
    Ok(())
}

fn sign_picture(services: &Services, workspace_id: WorkspaceId, identity: &mut Identity) {
    if let Some(picture) = &mut identity.picture {
        picture.url = sign_file_url(services, workspace_id, picture.file_id, None);
    }
}

/// The same of one identity.
pub(crate) async fn complete_identity(
    services: &Services,
    workspace_id: WorkspaceId,
    identity: &mut Identity,
) -> Result<(), ServiceError> {
    let millis = human_extension(services, workspace_id, identity.channel_account_id).await?;
    identity.human_window_until = human_until(millis, identity.last_inbound_at);
    sign_picture(services, workspace_id, identity);
    Ok(())
}

/// How long after their last message people may be answered by a person over an account, in milliseconds.
async fn human_extension(
    services: &Services,
    workspace_id: WorkspaceId,
    id: ChannelAccountId,
) -> Result<Option<i64>, ServiceError> {
    // The settings alone: a lost key must not hide the customers.
    let Some((kind, settings)) = services.store().find_channel_settings(workspace_id, id).await? else {
        return Ok(None);
    };
    let Some(channel) = services.0.channels.find(&kind) else { return Ok(None) };
    let rule = rule_of(channel.as_ref(), &Account { id, settings, secrets: BTreeMap::new() });
    Ok(rule.human_extension_millis.filter(|_| rule.has_window))
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
