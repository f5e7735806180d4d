//! Identities that the team decided not to write to.

use crate::{Caller, ServiceError, Services};
use model::{
    IdentityId, Permission,
    customer::{Identity, SUPPRESSION_REASON_MAX_CHARS},
    text::words,
};
use store::SuppressionChange;

/// Keeps everybody from writing to an identity, until it is taken back.
///
/// # Errors
/// Forbidden without the right; not found; invalid reason.
pub async fn block_identity(
    services: &Services,
    caller: &Caller,
    id: IdentityId,
    reason: &str,
) -> Result<Identity, ServiceError> {
    let reason = words(reason);
    if reason.chars().count() > SUPPRESSION_REASON_MAX_CHARS || reason.contains(char::is_control) {
        let message = format!("give at most {SUPPRESSION_REASON_MAX_CHARS} characters in one line");
        return Err(ServiceError::invalid("reason", message));
    }
    change(services, caller, id, Some(reason)).await
}

/// Takes it back. What failed meanwhile stays failed, and can be sent again.
///
/// # Errors
/// Forbidden without the right; not found.
pub async fn unblock_identity(services: &Services, caller: &Caller, id: IdentityId) -> Result<Identity, ServiceError> {
    change(services, caller, id, None).await
}

async fn change(
    services: &Services,
    caller: &Caller,
    id: IdentityId,
    reason: Option<String>,
) -> Result<Identity, ServiceError> {
    caller.require(Permission::SendMessages)?;
    let (workspace_id, actor_id, now) = (caller.workspace_id, caller.actor_id(), services.now());
    let change = SuppressionChange { workspace_id, identity_id: id, reason, actor_id, now };
    if !services.store().change_suppression(change).await? {
        return Err(ServiceError::NotFound);
    }
    let mut identity = services.store().find_identity(workspace_id, id).await?.ok_or(ServiceError::NotFound)?;
    crate::customers::complete_identity(services, workspace_id, &mut identity).await?;
    Ok(identity)
}
