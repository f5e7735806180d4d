//! Who may do what.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use utoipa::ToSchema;

/// What an agent or a token is in its workspace. Spelt the same in the database, the API and on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Everything, including people and their roles.
    Owner,
    /// Everything except the owner's rights.
    Admin,
    /// Reads everything, answers, moves work.
    Supervisor,
    /// Reads and answers.
    Agent,
    /// Reads.
    ReadOnly,
}

/// One right that a route asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Read threads, customers and messages.
    ReadThreads,
    /// Send messages to customers, and say what is known of them.
    SendMessages,
    /// Merge customers who are known to be different people.
    ForceMerges,
    /// See jobs, stored events and what failed.
    ReadOperations,
    /// Create and change channel accounts and webhooks, and read their settings.
    /// Create and change channel accounts, and read their settings; define labels, customers' fields and calendars.
    ManageChannels,
    /// Invite, disable and re-role people; create and revoke tokens.
    ManagePeople,
}

impl Role {
    /// Every role, from the most to the least powerful.
    pub const ALL: [Self; 5] = [Self::Owner, Self::Admin, Self::Supervisor, Self::Agent, Self::ReadOnly];

    /// Whether this role holds the right.
    #[must_use]
    pub fn allows(self, permission: Permission) -> bool {
        match permission {
            Permission::ReadThreads => true,
            Permission::SendMessages => self != Self::ReadOnly,
            Permission::ReadOperations | Permission::ForceMerges => {
                matches!(self, Self::Owner | Self::Admin | Self::Supervisor)
            }
            Permission::ManageChannels | Permission::ManagePeople => matches!(self, Self::Owner | Self::Admin),
        }
    }

    /// The spelling used everywhere.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Supervisor => "supervisor",
            Self::Agent => "agent",
            Self::ReadOnly => "read-only",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| format!("unknown role {text:?}: use one of owner, admin, supervisor, agent, read-only"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stronger_role_never_loses_a_right() {
        use Permission::*;
        for permission in [ReadThreads, SendMessages, ForceMerges, ReadOperations, ManageChannels, ManagePeople] {
            for pair in Role::ALL.windows(2) {
                assert!(pair[0].allows(permission) || !pair[1].allows(permission), "{pair:?} {permission:?}");
            }
        }
    }

    #[test]
    fn every_role_reads_back() {
        for role in Role::ALL {
            assert_eq!(role.to_string().parse::<Role>(), Ok(role));
        }
    }
}
