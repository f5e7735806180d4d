//! Making one customer of two, and taking it back. What moves is `model::merge`'s rule; here is who may ask.

use crate::{
    Caller, ServiceError, Services,
    channel_accounts::{IdempotencyKey, key_reused},
};
use model::{
    CustomerId, MergeId, Permission,
    merge_record::{MAX_REASON_CHARS, Merge, MergePreview, Unmerge},
};
use store::{Merged, NewMerge, Undone, UndoneMerge};

/// With whom a customer is to be merged.
#[derive(Debug, Clone)]
pub struct MergeCustomers {
    /// The other one; the older thread stays, whichever it is.
    pub customer_id: CustomerId,
    /// Why; may be empty, unless it is forced.
    pub reason: String,
    /// Merge them although both are verified, as different people.
    pub force: bool,
}

fn same() -> ServiceError {
    ServiceError::Conflict { code: "conflict", message: "they are the same customer already".into() }
}

fn undone_before() -> ServiceError {
    ServiceError::Conflict { code: "conflict", message: "this merge was taken back before".into() }
}

/// What merging two customers would do.
///
/// # Errors
/// Not found; invalid when the other does not exist; conflict when they are one already.
pub async fn preview_merge(
    services: &Services,
    caller: &Caller,
    id: CustomerId,
    other: CustomerId,
) -> Result<MergePreview, ServiceError> {
    caller.require(Permission::SendMessages)?;
    check_both(services, caller, id, "with", other).await?;
    let found = services.store().preview_merge(caller.workspace_id, id, other).await?;
    found.ok_or(ServiceError::NotFound)
}

/// Both exist and are not one yet.
async fn check_both(
    services: &Services,
    caller: &Caller,
    id: CustomerId,
    field: &str,
    other: CustomerId,
) -> Result<(), ServiceError> {
    let store = services.store();
    let one = store.find_customer(caller.workspace_id, id).await?.ok_or(ServiceError::NotFound)?;
    match store.find_customer(caller.workspace_id, other).await? {
        None => Err(ServiceError::invalid(field, "there is no such customer")),
        Some(other) if other.id == one.id => Err(same()),
        Some(_) => Ok(()),
    }
}

/// Makes one customer of two. Durable when it returns.
///
/// # Errors
/// Not found; invalid customer or reason; forbidden to force; conflict with code `verified_apart` when both are verified as
/// different people, `conflict` when they are one already, or `idempotency_conflict`.
pub async fn merge_customers(
    services: &Services,
    caller: &Caller,
    id: CustomerId,
    merge: MergeCustomers,
    key: Option<IdempotencyKey>,
) -> Result<Merge, ServiceError> {
    caller.require(Permission::SendMessages)?;
    let store = services.store();
    store.find_customer(caller.workspace_id, id).await?.ok_or(ServiceError::NotFound)?;
    let reason = merge.reason.trim();
    if reason.chars().count() > MAX_REASON_CHARS || reason.contains('\0') {
        return Err(ServiceError::invalid("reason", format!("give at most {MAX_REASON_CHARS} characters")));
    }
    if merge.force {
        caller.require(Permission::ForceMerges)?;
        if reason.is_empty() {
            return Err(ServiceError::invalid("reason", "say why, when you force it"));
        }
    }
    let new = NewMerge {
        id: MergeId(store.new_id()?),
        workspace_id: caller.workspace_id,
        one: id,
        other: merge.customer_id,
        reason: reason.to_owned(),
        force: merge.force,
        actor_id: caller.actor_id(),
        entries: [store.new_id()?, store.new_id()?],
        idempotency: key.map(|key| key.of(caller)),
        now: services.now(),
    };
    let merged = match store.merge_customers(new).await? {
        Merged::Done(merged) => merged,
        Merged::KeyReused => return Err(key_reused()),
        Merged::Missing => return Err(ServiceError::invalid("customer_id", "there is no such customer")),
        Merged::Same => return Err(same()),
        Merged::VerifiedApart => {
            return Err(ServiceError::Conflict {
                code: "verified_apart",
                message: "both are verified, as different people; a supervisor can merge them with force and a reason"
                    .into(),
            });
        }
    };
    store.find_merge(caller.workspace_id, merged).await?.ok_or(ServiceError::NotFound)
}

/// The merges into a customer, standing and taken back, the newest first.
///
/// # Errors
/// Not found.
pub async fn list_merges(services: &Services, caller: &Caller, id: CustomerId) -> Result<Vec<Merge>, ServiceError> {
    caller.require(Permission::ReadThreads)?;
    services.store().list_merges(caller.workspace_id, id).await?.ok_or(ServiceError::NotFound)
}

/// What taking a merge back would give and what would stay.
///
/// # Errors
/// Not found; conflict when it was taken back before.
pub async fn preview_undo(services: &Services, caller: &Caller, id: MergeId) -> Result<Unmerge, ServiceError> {
    caller.require(Permission::SendMessages)?;
    let found = services.store().preview_unmerge(caller.workspace_id, id).await?.ok_or(ServiceError::NotFound)?;
    if found.merge.undone_at.is_some() { Err(undone_before()) } else { Ok(found) }
}

/// Takes a merge back. Durable when it returns.
///
/// # Errors
/// Not found; conflict when it was taken back before.
pub async fn undo_merge(services: &Services, caller: &Caller, id: MergeId) -> Result<Unmerge, ServiceError> {
    caller.require(Permission::SendMessages)?;
    let store = services.store();
    let undone = UndoneMerge {
        id,
        workspace_id: caller.workspace_id,
        actor_id: caller.actor_id(),
        entries: [store.new_id()?, store.new_id()?],
        now: services.now(),
    };
    match store.undo_merge(undone).await? {
        Undone::Done(told) => Ok(*told),
        Undone::Missing => Err(ServiceError::NotFound),
        Undone::Before => Err(undone_before()),
    }
}
