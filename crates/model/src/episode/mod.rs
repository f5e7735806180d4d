//! Episodes: matters with a beginning, a middle and an end inside a thread that has none.
//!
//! [`step`] is the whole state machine: facts, what happened and when go in, new facts and the list of what changed come out.
//! Nobody sets the ball; it follows from the turns:
//!
//! | first that holds | ball |
//! |---|---|
//! | resolved or closed | nobody |
//! | a customer's turn is unanswered | bot or human, whoever handles the episode |
//! | on hold | third party |
//! | the business wrote something substantive | customer |
//! | nothing was said yet | nobody |
//!
//! So no state can stop a clock while the customer waits: parking, snoozing and holding leave an unanswered turn with us.
//!
//! ```text
//! New ─► Active ⇄ Parked | Snoozed | OnHold ─► Resolved ─► Closed
//!           ▲                                     │           │
//!           └───────────── reopened ──────────────┴───────────┘
//! ```

mod change;
mod event;
mod facts;
mod figures;
mod resource;
mod step;
#[cfg(test)]
mod step_tests;
#[cfg(test)]
mod trace;

pub use change::{EngagementEnd, EpisodeChange, ReopenReason, ResumeReason, Step, StepRefused, TimerKind};
pub use event::{BusinessAuthor, EpisodeEvent, EpisodeRules, RecountReason, ReplyKind};
pub use facts::{Ball, ClosedBy, Engagement, EpisodeFacts, EpisodeState, Handler, ResolvedBy};
pub use figures::{EpisodeFigures, figures};
pub use resource::{Assignee, Episode, MAX_HOLD_REASON_CHARS, MAX_SUBJECT_CHARS, MAX_TOPIC_CHARS};
pub use step::{open, step};
