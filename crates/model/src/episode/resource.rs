//! An episode as the API tells it.

use super::{Ball, ClosedBy, EpisodeState};
use crate::{AgentId, CustomerId, EpisodeId, IdentityId, ThreadId, Timestamp, label::AppliedLabel};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The most characters (Unicode scalar values) of a subject.
pub const MAX_SUBJECT_CHARS: usize = 200;
/// The most characters of a topic.
pub const MAX_TOPIC_CHARS: usize = 100;
/// The most characters of the reason of a hold.
pub const MAX_HOLD_REASON_CHARS: usize = 200;

/// The agent who owns an episode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Assignee {
    /// Their id.
    pub id: AgentId,
    /// Their name.
    pub name: String,
}

/// A matter inside a thread, with a beginning and an end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Episode {
    /// Its id.
    pub id: EpisodeId,
    /// The thread it is in now.
    pub thread_id: ThreadId,
    /// The customer it is with now; merging and un-merging move it along with its identity.
    pub customer_id: CustomerId,
    /// The identity that opened it. It never changes.
    pub identity_id: IdentityId,
    /// Where it stands.
    pub state: EpisodeState,
    /// Who has to act next. Follows from what was said; it cannot be set.
    pub ball: Ball,
    /// What it is about, in a few words; empty while nobody has said.
    pub subject: String,
    /// What kind of matter it is; empty while nobody has said.
    pub topic: String,
    /// Who owns it; null when nobody does.
    pub assignee: Option<Assignee>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// Since when the customer waits for an answer; null when they do not.
    pub unanswered_since: Option<Timestamp>,
    /// When it was resolved, while that stands.
    pub resolved_at: Option<Timestamp>,
    /// When it was closed, while that stands.
    pub closed_at: Option<Timestamp>,
    /// What closed it.
    pub closed_by: Option<ClosedBy>,
    /// When it comes back by itself after being parked, snoozed or put on hold.
    pub until: Option<Timestamp>,
    /// The earliest time by which something was promised and is still owed.
    pub promise_due_at: Option<Timestamp>,
    /// What it waits for while it is on hold.
    pub hold_reason: Option<String>,
    /// The earlier episode that it follows up.
    pub follows_id: Option<EpisodeId>,
    /// How often it was reopened.
    pub reopens: u32,
    /// Its labels, in the order in which these were defined.
    pub labels: Vec<AppliedLabel>,
    /// When anything was last said in it; lists are sorted by it.
    pub last_activity_at: Timestamp,
    /// Grows with each change.
    pub version: i64,
}
