//! What can happen to an episode, and the rules that say what follows.

use super::{ClosedBy, ResolvedBy};
use crate::{AgentId, Timestamp, message::AuthorKind, spelling::spelled, turn::Standing};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

spelled! {
    /// What a message of the business is worth to whoever waits.
    pub enum ReplyKind: "reply kind" {
        /// It answers or asks: the turn ends.
        Substantive = "substantive",
        /// "Let me check": from a person it stops the first-response clock, and nothing else.
        Holding = "holding",
        /// "We have received your message": stops nothing.
        Acknowledgement = "acknowledgement",
    }
}

impl ReplyKind {
    /// What a message is unless its writer says otherwise.
    #[must_use]
    pub fn substantive() -> Self {
        Self::Substantive
    }

    /// Whether it answers or asks.
    #[must_use]
    pub fn is_substantive(&self) -> bool {
        *self == Self::Substantive
    }
}

/// Who of the business wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BusinessAuthor {
    /// A person.
    Agent(AgentId),
    /// An automation that answers.
    Bot,
    /// The product, or an integration speaking through the API.
    System,
}

impl BusinessAuthor {
    /// The kind, as messages keep it.
    #[must_use]
    pub fn kind(self) -> AuthorKind {
        match self {
            Self::Agent(_) => AuthorKind::Agent,
            Self::Bot => AuthorKind::Bot,
            Self::System => AuthorKind::System,
        }
    }
}

/// Why the turns are counted again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecountReason {
    /// A message of the business failed for good: what it answered is unanswered again, from its original `t₀`.
    SendFailed,
    /// Messages were moved into or out of the episode.
    MessagesMoved,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum EpisodeEvent {
    /// The customer wrote, and attribution chose this episode; on an ended one it reopens.
    CustomerMessage,
    /// The customer thanked or nodded after the end. Attached, and nothing else.
    Coda,
    /// The business wrote. Counted when it is queued; the same event again when a failed message is tried again.
    BusinessMessage {
        /// Who.
        author: BusinessAuthor,
        /// What it is worth.
        kind: ReplyKind,
    },
    /// The messages that stand are others than before.
    Recount {
        /// What they say now ([`crate::turn::standing`]).
        standing: Standing,
        /// Why.
        reason: RecountReason,
    },
    /// An agent takes it up.
    Accept {
        /// Who.
        agent: AgentId,
    },
    /// The bot, or the customer talking to it, asks for a person.
    HandOver,
    /// An agent sets it aside.
    Park {
        /// When it comes back by itself.
        until: Option<Timestamp>,
    },
    /// After a reply to a customer who is expected to be slow.
    AutoPark {
        /// The chance, in [0, 1], that the customer replies within five minutes.
        reply_chance: f64,
        /// An agent has begun to write.
        has_draft: bool,
    },
    /// An agent puts it out of sight.
    Snooze {
        /// Until when.
        until: Timestamp,
    },
    /// An agent waits for somebody outside.
    Hold {
        /// For whom or what, in the agent's words.
        reason: String,
        /// When it comes back by itself.
        until: Option<Timestamp>,
    },
    /// What was set aside is taken up again.
    Resume {
        /// By an agent, who is then engaged; `None` when a program does it.
        agent: Option<AgentId>,
    },
    /// The time of a parked, snoozed or held episode has come.
    Wake,
    /// Somebody thinks that it is solved.
    Resolve {
        /// Who.
        by: ResolvedBy,
    },
    /// The customer says yes to "solved?".
    CustomerConfirmsSolved,
    /// The customer says that it is not solved.
    CustomerSaysNotSolved,
    /// The close timer of a resolved episode ran out.
    SilenceElapsed,
    /// It is closed without waiting.
    Close {
        /// By whom.
        by: ClosedBy,
    },
    /// An agent opens it again.
    Reopen {
        /// What its messages say ([`crate::turn::standing`]): a turn that was resolved unanswered is owed again.
        standing: Standing,
    },
    /// It gets another owner, or none.
    Assign {
        /// Who.
        agent: Option<AgentId>,
    },
    /// Somebody promised an answer.
    PromiseMade {
        /// By when.
        due_at: Timestamp,
    },
    /// A promise was kept or broken.
    PromiseEnded {
        /// The earliest due time of those that are still open.
        next_due_at: Option<Timestamp>,
    },
}

/// The times and thresholds that decide; each topic may have its own. Milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EpisodeRules {
    /// `T_close`: from resolve to close when nothing is said.
    pub close_after_millis: i64,
    /// How long after the close a "thanks" still belongs to the episode.
    pub coda_window_millis: i64,
    /// `W`: how long after the last resolve the same issue reopens it.
    pub reopen_window_millis: i64,
    /// How long the same issue reopens when no object (order, device) is named.
    pub unnamed_object_window_millis: i64,
    /// How long something on the same journey counts as a follow-up.
    pub journey_horizon_millis: i64,
    /// Parked by itself when the chance of a reply within five minutes is below this.
    pub auto_park_below: f64,
}

impl Default for EpisodeRules {
    fn default() -> Self {
        Self {
            close_after_millis: DAY,
            coda_window_millis: 72 * HOUR,
            reopen_window_millis: 7 * DAY,
            unnamed_object_window_millis: 72 * HOUR,
            journey_horizon_millis: 30 * DAY,
            auto_park_below: 0.15,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spelling::assert_spelt_alike;

    #[test]
    fn every_spelling_reads_back() {
        assert_spelt_alike(ReplyKind::ALL);
    }
}
