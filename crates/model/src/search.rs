//! What is found.

use crate::{ThreadId, customer::Customer, entry::Entry, fold::Snippet};
use serde::{Deserialize, Serialize};
use std::str::FromStr;
use utoipa::ToSchema;

/// What can be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SearchKind {
    /// A message, by its words.
    Message,
    /// A note of the team, by its words.
    Note,
    /// A customer, by names, addresses and values of fields.
    Customer,
}

impl SearchKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Message, Self::Note, Self::Customer];

    /// The spelling used in the database and the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Note => "note",
            Self::Customer => "customer",
        }
    }
}

impl FromStr for SearchKind {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| format!("unknown kind of search result {text:?}"))
    }
}

/// Something that a search found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SearchHit {
    /// What it is.
    pub kind: SearchKind,
    /// The thread that shows it now.
    pub thread_id: ThreadId,
    /// Whose thread that is; what was found itself when `kind` is `customer`.
    pub customer: Customer,
    /// The message or note itself; absent for customers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub entry: Option<Entry>,
    /// The part of its words that matches.
    pub snippet: Snippet,
}
