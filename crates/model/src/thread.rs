//! Everything with one customer, as long as the relationship lasts.

use crate::{ThreadId, Timestamp, customer::Customer, entry::Entry};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A thread as lists and headers show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Thread {
    /// Its id.
    pub id: ThreadId,
    /// Whose it is.
    pub customer: Customer,
    /// The newest entry; null in a thread without one.
    pub last_entry: Option<Entry>,
    /// When its newest entry was recorded; lists are sorted by it.
    pub last_activity_at: Timestamp,
    /// When it began.
    pub created_at: Timestamp,
}
