//! Labels: defining them, and putting them on customers and episodes.

use crate::{Caller, ServiceError, Services, channel_accounts::IdempotencyKey, channel_accounts::key_reused, paging};
use model::{
    CustomerId, EpisodeId, LabelId, Permission,
    customer::Customer,
    entry::Page,
    episode::Episode,
    label::{Label, LabelColour, NAME_MAX_CHARS},
    text::{check_name, fold_name},
};
use store::{Created, Deleted, LabelSubject, LabelUpdate, Labelled, NewLabel, Updated};

/// What changes of a label; `None` stays as it is.
#[derive(Debug, Clone, Default)]
pub struct LabelChange {
    /// The word.
    pub name: Option<String>,
    /// Its colour.
    pub colour: Option<LabelColour>,
    /// Whether it is no longer offered.
    pub archived: Option<bool>,
}

/// A name as it is kept, and the form by which it is unique.
pub(crate) fn unique_name(given: &str, most: usize) -> Result<(String, String), ServiceError> {
    let name = check_name(given, most).map_err(|message| ServiceError::invalid("name", message))?;
    let folded = fold_name(&name);
    Ok((name, folded))
}

fn name_taken() -> ServiceError {
    ServiceError::invalid("name", "another label has this name, perhaps an archived one")
}

/// The labels, oldest first, those that are archived too.
///
/// # Errors
/// Invalid limit or cursor.
pub async fn list_labels(
    services: &Services,
    caller: &Caller,
    limit: u32,
    cursor: Option<&str>,
) -> Result<Page<Label>, ServiceError> {
    caller.require(Permission::ReadThreads)?;
    let limit = paging::limit(limit)?;
    let [after] = paging::place(cursor)?.unwrap_or([0]);
    let found = services.store().list_labels(caller.workspace_id, LabelId(after), limit + 1).await?;
    Ok(paging::page(found, limit, |label| [label.id.0]))
}

async fn get_label(services: &Services, caller: &Caller, id: LabelId) -> Result<Label, ServiceError> {
    services.store().find_label(caller.workspace_id, id).await?.ok_or(ServiceError::NotFound)
}

/// Defines a label.
///
/// # Errors
/// Forbidden without the right; invalid, also when another label has the name.
pub async fn create_label(
    services: &Services,
    caller: &Caller,
    name: &str,
    colour: LabelColour,
    key: Option<IdempotencyKey>,
) -> Result<Label, ServiceError> {
    caller.require(Permission::ManageChannels)?;
    let (name, folded_name) = unique_name(name, NAME_MAX_CHARS)?;
    let new = NewLabel {
        id: LabelId(services.store().new_id()?),
        workspace_id: caller.workspace_id,
        name,
        folded_name,
        colour,
        idempotency: key.map(|key| key.of(caller)),
        actor_id: caller.actor_id(),
        now: services.now(),
    };
    match services.store().create_label(new).await?.ok_or_else(name_taken)? {
        Created::New(id) | Created::Before(id) => get_label(services, caller, id).await,
        Created::KeyReused => Err(key_reused()),
    }
}

/// Changes a label, everywhere where it is carried.
///
/// # Errors
/// Forbidden without the right; not found; invalid, also when another label has the name.
pub async fn update_label(
    services: &Services,
    caller: &Caller,
    id: LabelId,
    change: LabelChange,
) -> Result<Label, ServiceError> {
    caller.require(Permission::ManageChannels)?;
    let update = LabelUpdate {
        id,
        workspace_id: caller.workspace_id,
        name: change.name.map(|name| unique_name(&name, NAME_MAX_CHARS)).transpose()?,
        colour: change.colour,
        archived: change.archived,
        actor_id: caller.actor_id(),
        now: services.now(),
    };
    match services.store().update_label(update).await? {
        Updated::Done => get_label(services, caller, id).await,
        Updated::NotFound => Err(ServiceError::NotFound),
        Updated::NameTaken => Err(name_taken()),
    }
}

/// Deletes a label that nothing carries.
///
/// # Errors
/// Forbidden without the right; not found; conflict while a customer or an episode carries it.
pub async fn delete_label(services: &Services, caller: &Caller, id: LabelId) -> Result<(), ServiceError> {
    caller.require(Permission::ManageChannels)?;
    let store = services.store();
    match store.delete_label(caller.workspace_id, id, &caller.actor_id(), services.now()).await? {
        Deleted::Done => Ok(()),
        Deleted::NotFound => Err(ServiceError::NotFound),
        Deleted::InUse => Err(ServiceError::Conflict {
            code: "conflict",
            message: "customers or episodes carry this label; archive it, or take it off them first".into(),
        }),
    }
}

/// Puts a label on something; harmless to repeat.
async fn add_label(
    services: &Services,
    caller: &Caller,
    subject: LabelSubject,
    label_id: LabelId,
) -> Result<(), ServiceError> {
    caller.require(Permission::SendMessages)?;
    let store = services.store();
    match store.add_label(caller.workspace_id, subject, label_id, &caller.actor_id(), services.now()).await? {
        Labelled::Done => Ok(()),
        Labelled::NotFound => Err(ServiceError::NotFound),
        Labelled::Archived => Err(ServiceError::Conflict {
            code: "conflict",
            message: "this label is archived; an owner or admin can bring it back".into(),
        }),
    }
}

/// Takes a label off something; harmless to repeat.
async fn remove_label(
    services: &Services,
    caller: &Caller,
    subject: LabelSubject,
    label_id: LabelId,
) -> Result<(), ServiceError> {
    caller.require(Permission::SendMessages)?;
    let store = services.store();
    let found = store.remove_label(caller.workspace_id, subject, label_id, &caller.actor_id(), services.now()).await?;
    if found { Ok(()) } else { Err(ServiceError::NotFound) }
}

/// Puts a label on a customer (of an alias on whom it stands for); harmless to repeat.
///
/// # Errors
/// Forbidden without the right; not found; conflict when the label is archived.
pub async fn add_customer_label(
    services: &Services,
    caller: &Caller,
    customer: CustomerId,
    label: LabelId,
) -> Result<Customer, ServiceError> {
    add_label(services, caller, LabelSubject::Customer(customer), label).await?;
    crate::customers::get_customer(services, caller, customer).await
}

/// Takes a label off a customer, and off everybody who became a part of them; harmless to repeat.
///
/// # Errors
/// Forbidden without the right; not found.
pub async fn remove_customer_label(
    services: &Services,
    caller: &Caller,
    customer: CustomerId,
    label: LabelId,
) -> Result<Customer, ServiceError> {
    remove_label(services, caller, LabelSubject::Customer(customer), label).await?;
    crate::customers::get_customer(services, caller, customer).await
}

/// Puts a label on an episode; harmless to repeat.
///
/// # Errors
/// Forbidden without the right; not found; conflict when the label is archived.
pub async fn add_episode_label(
    services: &Services,
    caller: &Caller,
    episode: EpisodeId,
    label: LabelId,
) -> Result<Episode, ServiceError> {
    add_label(services, caller, LabelSubject::Episode(episode), label).await?;
    crate::episodes::get_episode(services, caller, episode).await
}

/// Takes a label off an episode; harmless to repeat.
///
/// # Errors
/// Forbidden without the right; not found.
pub async fn remove_episode_label(
    services: &Services,
    caller: &Caller,
    episode: EpisodeId,
    label: LabelId,
) -> Result<Episode, ServiceError> {
    remove_label(services, caller, LabelSubject::Episode(episode), label).await?;
    crate::episodes::get_episode(services, caller, episode).await
}
