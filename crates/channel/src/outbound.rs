//! What goes out: one message for one call, and what can come of it.

use bytes::Bytes;
use model::{Block, FileId, MessageId, gate::Window, message::AuthorKind};
use std::fmt;

/// A message on its way out.
#[derive(Debug, Clone)]
pub struct Outbound {
    /// Our id; goes along wherever the provider carries it, so that an echo can be matched.
    pub message_id: MessageId,
    /// The customer's address in the provider's namespace.
    pub recipient: String,
    /// What to say: one part of a plan, that is, what the channel carries in one call.
    pub blocks: Vec<Block>,
    /// The provider's id of the message that it answers.
    pub reply_to: Option<String>,
    /// What kind of being wrote it. A person's words and a machine's are under different rules at some providers.
    pub author: AuthorKind,
    /// The name and picture to show with it, where the channel can.
    pub persona: Option<Persona>,
    /// On what ground the provider takes it.
    pub window: Window,
    /// The files that the blocks name.
    pub files: Vec<OutboundFile>,
}

impl Outbound {
    /// The bytes of a file that a block names.
    #[must_use]
    pub fn file(&self, id: FileId) -> Option<&OutboundFile> {
        self.files.iter().find(|file| file.file_id == id)
    }
}

/// Who the customer sees.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Persona {
    /// The name.
    pub name: String,
    /// Where the provider finds the picture.
    pub picture_url: String,
}

/// A file that goes along.
#[derive(Clone, PartialEq, Eq)]
pub struct OutboundFile {
    /// Ours. Its bytes never change, so what a provider made of it may be used again.
    pub file_id: FileId,
    /// Its name, for the customer.
    pub name: String,
    /// What it holds (`image/jpeg`).
    pub media_type: String,
    /// The bytes.
    pub bytes: Bytes,
    /// Where a provider can fetch it for some minutes; `None` when this installation has no public address.
    pub url: Option<String>,
}

impl fmt::Debug for OutboundFile {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Neither the bytes nor the name nor the signed address belong into a log.
        let bytes = self.bytes.len();
        write!(out, "OutboundFile({}, {}, {bytes} bytes)", self.file_id, self.media_type)
    }
}

/// Something that the customer sees without a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Somebody types.
    TypingOn,
    /// Nobody types any more.
    TypingOff,
    /// What they wrote was seen.
    Seen,
}

/// What a provider tells of a person. An empty name is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// The name to show.
    pub name: String,
    /// Where the picture is for now: to be fetched at once, as any address that came from outside.
    pub picture_url: Option<String>,
    /// Language and country (`lt_LT`), in the provider's spelling.
    pub locale: Option<String>,
}

/// Something that is good to have and could not be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Unavailable {
    /// Whether another try may give it.
    pub later: bool,
    /// The provider's code.
    pub code: Option<String>,
    /// The provider's words.
    pub detail: String,
}

/// What came of a call. Everything a provider may answer falls into one of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendOutcome {
    /// Accepted.
    Accepted {
        /// The provider's id of it.
        external_id: String,
    },
    /// It certainly did not go out, and may later.
    Temporary {
        /// How long the provider asks us to wait, in milliseconds.
        retry_after_millis: Option<i64>,
        /// The provider's code.
        code: Option<String>,
        /// The provider's words.
        detail: String,
    },
    /// Too much, too fast; the whole account slows down.
    RateLimited {
        /// How long the provider asks us to wait, in milliseconds.
        retry_after_millis: Option<i64>,
        /// The provider's code.
        code: Option<String>,
        /// The provider's words.
        detail: String,
    },
    /// The window for answering is closed.
    OutsideWindow {
        /// The provider's code.
        code: Option<String>,
        /// The provider's words.
        detail: String,
    },
    /// Our credentials are refused: nothing goes over this account until an admin gave new ones.
    Unauthorized {
        /// The provider's code.
        code: Option<String>,
        /// The provider's words.
        detail: String,
    },
    /// The account may not send this message: it lacks a permission at the provider. Others may go.
    NotPermitted {
        /// The provider's code.
        code: Option<String>,
        /// The provider's words.
        detail: String,
    },
    /// The person cannot be reached.
    Blocked {
        /// The provider's code.
        code: Option<String>,
        /// The provider's words.
        detail: String,
    },
    /// The provider stopped the account for its policies, and takes nothing until an admin settled it there.
    PolicyBlocked {
        /// The provider's code.
        code: Option<String>,
        /// The provider's words.
        detail: String,
    },
    /// The provider will never take this message.
    Permanent {
        /// The provider's code.
        code: Option<String>,
        /// The provider's words.
        detail: String,
    },
    /// It left, and no answer that proves anything came back.
    Uncertain {
        /// What went wrong, in words.
        detail: String,
    },
}

/// What asking the provider about a message without an answer gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reconciled {
    /// It arrived at the provider.
    Sent {
        /// The provider's id of it.
        external_id: String,
    },
    /// It certainly did not; it may be sent again.
    NotSent,
    /// The provider offers no way to know. An echo or a receipt may still come.
    CannotTell,
}
