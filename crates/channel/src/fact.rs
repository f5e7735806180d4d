//! What comes in: the facts that the product understands.

use model::{
    Block, FileId, MessageId, Timestamp,
    message::{AuthorKind, Chosen},
};
use serde_json::{Map, Value};

/// What one event means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inbound {
    /// The customer's address in the provider's namespace; `None` when the event is about nobody.
    pub sender: Option<String>,
    /// When it happened, by the provider's clock.
    pub at: Timestamp,
    /// For how long after `at` this event lets us answer, in milliseconds; `None` when it opens no window.
    pub opens_window_millis: Option<i64>,
    /// Another program of the business has the conversation: we only listen, and an answer of ours would be refused.
    pub standby: bool,
    /// The fact.
    pub fact: Fact,
}

/// What a message says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Content {
    /// What can be shown. A file's id is its place in `media` until [`Content::name_files`] gives it a real one.
    pub blocks: Vec<Block>,
    /// Kinds of parts that are kept raw (`attachment:hologram`).
    pub not_shown: Vec<String>,
    /// The provider's id of the message that it answers.
    pub reply_to: Option<String>,
    /// Files to be fetched, at the provider's addresses. Those are kept out of the blocks: they expire, and no reader may
    /// be sent there.
    pub media: Vec<RemoteMedia>,
}

/// A file at an address that came with a message: never to be trusted, to be fetched soon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteMedia {
    /// Where.
    pub url: String,
    /// What it is called, when the provider says so.
    pub name: Option<String>,
}

impl Content {
    /// Gives the files real ids: the first of `media` gets the first, and so on.
    pub fn name_files(&mut self, ids: &[FileId]) {
        for media in self.blocks.iter_mut().flat_map(Block::all_media_mut) {
            let place = usize::try_from(media.file_id.0).unwrap_or(usize::MAX);
            if let Some(id) = ids.get(place) {
                media.file_id = *id;
            }
        }
    }

    /// Whether there is nothing in it at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty() && self.not_shown.is_empty()
    }
}

/// The facts that the product understands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// The customer wrote, or picked an option.
    Message {
        /// The provider's id.
        external_id: String,
        /// What it says; never wholly empty.
        content: Content,
        /// What was picked.
        choice: Option<Chosen>,
        /// What brought the customer here (an ad, a link), in the provider's words.
        referral: Option<Map<String, Value>>,
    },
    /// The provider tells us of a message that left the business's side.
    Echo {
        /// The provider's id.
        external_id: String,
        /// Our id, when it is one of ours.
        message_id: Option<MessageId>,
        /// What it says, for a message that we did not write: typed at the provider's own inbox, or by another program.
        content: Content,
        /// Who wrote it, when it was not us.
        author: EchoAuthor,
    },
    /// The customer set a sign on a message, or took it back.
    Reaction {
        /// The provider's id of the message.
        external_id: String,
        /// The sign; `None` when it was taken back.
        emoji: Option<String>,
    },
    /// The customer changed the words of a message.
    Edited {
        /// The provider's id of the message.
        external_id: String,
        /// The words as they are now.
        text: String,
        /// The how many-th change it is, from 1: an older one that comes late changes nothing. 0 when the provider does not
        /// count.
        number: i64,
    },
    /// Messages of ours reached the device.
    Delivered {
        /// The messages, by the provider's ids; may be empty.
        external_ids: Vec<String>,
        /// All of ours up to this moment of the provider's clock.
        watermark: Option<Timestamp>,
    },
    /// All messages of ours up to this moment were seen.
    Read {
        /// By the provider's clock.
        watermark: Timestamp,
    },
    /// Something else that we know: about the customer, or about the account when the event has no sender.
    Happened {
        /// What.
        what: Happening,
        /// More about it in the provider's words. Holds no credentials; may hold personal data.
        details: Map<String, Value>,
    },
    /// Anything else: kept raw, shown as "not yet shown".
    NotShown {
        /// The provider's word for it (`hologram`).
        what: String,
    },
}

/// Who wrote what an echo tells of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EchoAuthor {
    /// An agent at the provider's own inbox, else the system: another program.
    pub kind: AuthorKind,
    /// What to call it; the provider's word.
    pub name: String,
}

macro_rules! happenings {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// Things that happen beside messages.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Happening {
            $($(#[$doc])* $name,)*
        }
        impl Happening {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$name),*];
            /// The stable spelling, for the log and the API; readers translate it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }
        }
    };
}

happenings! {
    /// The customer came into the conversation over a link or an ad.
    Referral = "referral";
    /// The customer agreed to be written to about something.
    OptIn = "opt_in";
    /// The conversation was given to us or to another program.
    ControlPassed = "control_passed";
    /// A program took the conversation.
    ControlTaken = "control_taken";
    /// A program asks for the conversation.
    ControlRequested = "control_requested";
    /// The customer linked an account of the business with this conversation.
    AccountLinked = "account_linked";
    /// The customer undid that.
    AccountUnlinked = "account_unlinked";
    /// The customer answered the provider's survey.
    Feedback = "feedback";
    /// The provider restricts the account, warns it, or lifts a restriction.
    PolicyEnforced = "policy_enforced";
    /// The roles of the programs that share the account changed.
    RolesChanged = "roles_changed";
    /// The provider accepted, refused or paused a template of the account.
    TemplateStatus = "template_status";
}
