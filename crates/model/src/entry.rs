//! What a thread shows.

use crate::{
    AgentId, CustomerId, EpisodeId, IdentityId, Timestamp,
    message::{Author, Message},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An item of a thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Entry {
    /// Orders entries within the workspace; gapless over the whole log, not within one thread.
    pub seq: i64,
    /// `msg_…` for messages, `not_…` for notes, `ent_…` for events.
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly every entry is a message: a box would only cost an allocation for each"
)]
pub enum EntryBody {
    /// Somebody said something.
    Message(Message),
    /// A colleague wrote something that the customer does not see.
    Note(Note),
    /// Something happened.
    Event(Event),
}

/// What colleagues write to each other. It never leaves the house.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Note {
    /// Who wrote it.
    pub author: Author,
    /// Their words.
    pub text: String,
    /// The colleagues whom it calls.
    pub mentions: Vec<AgentId>,
}

/// Something that happened on the thread. Which of the optional parts are there depends on `name`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// What happened: `not_shown` for something that the provider told us and that has no form of its own yet, otherwise the
    /// kind of the log record (`episode.opened`, `customer.merged`).
    pub name: String,
    /// The provider's word for it (`postback`, `reaction`, `standby`); empty when it did not come from a provider.
    pub what: String,
    /// The subject of the episode concerned, as it is now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub subject: Option<String>,
    /// Why, as a stable word: who resolved (`agent`, `bot`, `customer`), what closed (`silence`, `customer`, `agent`, `system`), why it
    /// was reopened (`customer_message`, `not_solved`, `agent`, `send_failed`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reason: Option<String>,
    /// The name of the colleague who did it; absent when nobody in particular did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub by: Option<String>,
    /// Until when it lasts, where it ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub until: Option<Timestamp>,
    /// The other side of it: the episode that is followed up or was split (`epi_…`), the merge (`mrg_…`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub related_id: Option<String>,
    /// Of a merge: the customer who stays, or stayed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub survivor_id: Option<CustomerId>,
    /// Of a merge: the customer who became, or was, a part of the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub alias_id: Option<CustomerId>,
}

/// A page of anything, with the place where the next page begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// The items, in the order that the list promises.
    pub items: Vec<T>,
    /// Opaque. Give it as `cursor` to get the next page; null when this is the last.
    pub next_cursor: Option<String>,
}
