//! What a thread shows.

use crate::{EpisodeId, IdentityId, Timestamp, message::Message};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An item of a thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Entry {
    /// Orders entries within the workspace; gapless over the whole log, not within one thread.
    pub seq: i64,
    /// `msg_…` for messages, `ent_…` for events.
    pub id: String,
    /// When it happened: the provider's time for what came in, ours for what goes out.
    pub at: Timestamp,
    /// The matter it belongs to, once episodes exist for it.
    pub episode_id: Option<EpisodeId>,
    /// The identity it came, or goes, through.
    pub identity_id: Option<IdentityId>,
    /// What it is.
    #[serde(flatten)]
    pub body: EntryBody,
}

/// The kinds of entries.
#[expect(clippy::large_enum_variant, reason = "nearly every entry is a message: a box would cost each of them")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EntryBody {
    /// Somebody said something.
    Message(Message),
    /// Something happened.
    Event(Event),
}

/// Something that happened on the thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// What happened: `not_shown` for something that the provider told us and that has no form of its own yet.
    pub name: String,
    /// The provider's word for it (`postback`, `reaction`, `standby`).
    pub what: String,
}

/// A page of anything, with the place where the next page begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// The items, in the order that the list promises.
    pub items: Vec<T>,
    /// Opaque. Give it as `cursor` to get the next page; null when this is the last.
    pub next_cursor: Option<String>,
}
