//! Who asks.

use crate::ServiceError;
use model::{AgentId, Permission, Role, TokenId, WorkspaceId};

/// The one behind a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Actor {
    /// A person who signed in.
    Agent(AgentId),
    /// A program with a token.
    Token(TokenId),
}

/// Somebody who proved who they are, in one workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The only workspace whose rows exist for them.
    pub workspace_id: WorkspaceId,
    /// Who.
    pub actor: Actor,
    /// What they may do.
    pub role: Role,
    /// The name to show.
    pub name: String,
    /// SHA-256 of the session's secret or of the token, by which it can be asked again whether it still stands; empty for
    /// the command line.
    pub credential_hash: String,
}

impl Caller {
    /// Refuses callers without the right.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`].
    pub fn require(&self, permission: Permission) -> Result<(), ServiceError> {
        if self.role.allows(permission) {
            return Ok(());
        }
        Err(ServiceError::Forbidden(match permission {
            Permission::ReadThreads => "your role may not read threads",
            Permission::SendMessages => "your role may not send messages or change what is known of customers",
            Permission::ForceMerges => "your role may not merge customers who are verified as different people",
            Permission::ReadOperations => "your role may not see jobs and stored events",
            Permission::ManageChannels => {
                "your role may not manage channel accounts, webhooks, labels, fields and calendars"
            }
            Permission::ManagePeople => "your role may not manage people and tokens",
        }))
    }

    /// Refuses to act on an owner, or on what carries an owner's role, unless the caller is one: otherwise an admin could
    /// shut the owner out. Every act on a person or a token asks this besides its right.
    ///
    /// # Errors
    /// [`ServiceError::Forbidden`].
    pub fn require_over(&self, role: Role) -> Result<(), ServiceError> {
        if role == Role::Owner && self.role != Role::Owner {
            return Err(ServiceError::Forbidden("only an owner may do this to an owner"));
        }
        Ok(())
    }

    /// `agt_…` or `tok_…`.
    #[must_use]
    pub fn actor_id(&self) -> String {
        match self.actor {
            Actor::Agent(id) => id.to_string(),
            Actor::Token(id) => id.to_string(),
        }
    }
}
