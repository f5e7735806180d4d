//! The people who work at the desk, and the tokens of programs.

use crate::{AgentId, Role, Timestamp, TokenId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A person who works at the desk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Agent {
    /// Their id.
    pub id: AgentId,
    /// The name that customers and colleagues see.
    pub name: String,
    /// What they sign in with.
    pub email: String,
    /// What they may do.
    pub role: Role,
    /// They can no longer sign in.
    pub disabled: bool,
    /// When they were invited.
    pub created_at: Timestamp,
}

/// An API token. The token itself is told once, when it is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Token {
    /// Its id.
    pub id: TokenId,
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
}
