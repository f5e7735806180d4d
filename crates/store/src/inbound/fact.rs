//! What stored events mean to the store, with the ids of whatever they bring into being.

use super::WaitingEvent;
use crate::NewMedia;
use model::{
    Block, CustomerId, EntryId, EpisodeId, IdentityId, JobId, MessageId, RouteId, ThreadId, Timestamp,
    message::{AuthorKind, Chosen},
};

/// A stored event and what it means.
#[derive(Debug, Clone)]
pub struct ReadEvent {
    /// The stored event; its payload is not looked at any more.
    pub event: WaitingEvent,
    /// The customer's address; `None` when it is about nobody.
    pub sender: Option<String>,
    /// When it happened, by the provider's clock.
    pub at: Timestamp,
    /// Until when it lets us answer.
    pub window_until: Option<Timestamp>,
    /// Another program of the business has the conversation: we only listen.
    pub standby: bool,
    /// The fact.
    pub fact: EventFact,
    /// For a customer, thread, identity and route that may not exist yet.
    pub new_person: (CustomerId, ThreadId, IdentityId, RouteId),
    /// For a matter that it may open.
    pub new_episode: EpisodeId,
    /// For the job that asks the provider about the customer.
    pub profile_job: JobId,
}

/// A message to be kept.
#[derive(Debug, Clone)]
pub struct NewContent {
    /// Made by the caller.
    pub message_id: MessageId,
    /// What is shown.
    pub blocks: Vec<Block>,
    /// What is kept and not shown, in the provider's words.
    pub not_shown: Vec<String>,
    /// The provider's id of the message that it answers.
    pub reply_to: Option<String>,
    /// What was picked.
    pub choice: Option<Chosen>,
    /// The files that come with it, which its blocks name.
    pub media: Vec<NewMedia>,
    /// It only confirms or thanks: after a matter has ended it neither reopens it nor begins another.
    pub acknowledgement: bool,
}

/// What an event means to the store.
#[derive(Debug, Clone)]
pub enum EventFact {
    /// The customer wrote.
    Message {
        /// The provider's id.
        external_id: String,
        /// The words.
        content: NewContent,
    },
    /// A message of the business, told back to us.
    Echo {
        /// The provider's id.
        external_id: String,
        /// Which of ours, when the provider says so.
        message_id: Option<MessageId>,
        /// The words, used when it is none of ours: typed at the provider's own inbox, or by another program.
        content: NewContent,
        /// Agent or system.
        author_kind: AuthorKind,
        /// What to call whoever wrote it.
        author_name: String,
    },
    /// The customer set a sign on a message or took it back.
    Reaction {
        /// The provider's id of the message.
        external_id: String,
        /// The sign; `None` when it was taken back.
        emoji: Option<String>,
        /// Used when the message is not known: it is then shown as an event.
        entry_id: EntryId,
    },
    /// The customer changed the words of a message.
    Edited {
        /// The provider's id of the message.
        external_id: String,
        /// The words as they are now.
        text: String,
        /// The how many-th change it is; 0 when the provider does not count.
        number: i64,
        /// Used when the message is not known: it is then shown as an event.
        entry_id: EntryId,
    },
    /// Messages of ours arrived.
    Delivered {
        /// By the provider's ids.
        external_ids: Vec<String>,
        /// And all up to this moment.
        watermark: Option<Timestamp>,
    },
    /// All messages of ours up to this moment were seen.
    Read {
        /// By the provider's clock.
        watermark: Timestamp,
    },
    /// Something beside messages, about the customer or, without a sender, about the account.
    Happened {
        /// Made by the caller.
        entry_id: EntryId,
        /// Our word for it (`referral`).
        what: String,
        /// The provider's words, as JSON; personal.
        details: String,
    },
    /// Kept and shown as an event.
    Kept {
        /// Made by the caller.
        entry_id: EntryId,
        /// The provider's word for it.
        what: String,
    },
}

impl EventFact {
    /// The word for it where it turns out to be about nobody.
    pub(super) fn word(&self) -> &str {
        match self {
            Self::Message { .. } => "message",
            Self::Echo { .. } => "echo",
            Self::Reaction { .. } => "reaction",
            Self::Edited { .. } => "message_edit",
            Self::Delivered { .. } => "delivery",
            Self::Read { .. } => "read",
            Self::Happened { what, .. } | Self::Kept { what, .. } => what,
        }
    }

    /// Whether it is (or may become) an entry: a customer who is not known yet comes into being with it.
    pub(super) fn is_shown(&self) -> bool {
        !matches!(self, Self::Delivered { .. } | Self::Read { .. })
    }

    /// The words that it brings, when it brings a message.
    pub(super) fn content(&self) -> Option<(&str, &NewContent)> {
        match self {
            Self::Message { external_id, content } | Self::Echo { external_id, content, .. } => {
                Some((external_id, content))
            }
            _ => None,
        }
    }
}
