//! What a step changed, in the words of the log.

use super::{Ball, ClosedBy, EpisodeFacts, ResolvedBy};
use crate::{AgentId, Timestamp, log::LogKind, spelling::spelled};

spelled! {
    /// Why an episode that was set aside is back.
    pub enum ResumeReason: "resume reason" {
        /// The customer wrote.
        CustomerMessage = "customer_message",
        /// An agent or a program took it up.
        Asked = "asked",
        /// Its time has come.
        Due = "due",
        /// What we owe may not be parked any longer: its promise ended, a message failed, or a person was asked for.
        Owed = "owed",
    }

    /// Why an ended episode is open again.
    pub enum ReopenReason: "reopen reason" {
        /// The customer wrote about the same issue.
        CustomerMessage = "customer_message",
        /// The customer said that it is not solved.
        NotSolved = "not_solved",
        /// An agent opened it again.
        Agent = "agent",
        /// The answer did not arrive.
        SendFailed = "send_failed",
    }

    /// What ended an engagement.
    pub enum EngagementEnd: "end of an engagement" {
        /// Parked, snoozed or put on hold.
        SetAside = "set_aside",
        /// Another agent, or nobody, has it now.
        Transfer = "transfer",
        /// Resolved.
        Resolved = "resolved",
        /// Closed.
        Closed = "closed",
    }

    /// What is to happen at a time, unless the episode has moved on by then.
    pub enum TimerKind: "timer" {
        /// [`EpisodeEvent::SilenceElapsed`](super::EpisodeEvent::SilenceElapsed).
        Close = "close",
        /// [`EpisodeEvent::Wake`](super::EpisodeEvent::Wake).
        Wake = "wake",
    }
}

/// One thing that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EpisodeChange {
    /// It came into being.
    Opened,
    /// The ball went from one to another.
    BallChanged {
        /// Who had it.
        from: Ball,
        /// Who has it.
        to: Ball,
    },
    /// People answer from now on, no longer the bot.
    HandedOver,
    /// Set aside.
    Parked {
        /// When it comes back by itself.
        until: Option<Timestamp>,
        /// Nobody asked for it.
        by_itself: bool,
    },
    /// Put out of sight.
    Snoozed {
        /// Until when.
        until: Timestamp,
    },
    /// Waits for somebody outside; the reason is in the facts.
    Held {
        /// When it comes back by itself.
        until: Option<Timestamp>,
    },
    /// Back from being set aside.
    Resumed {
        /// Why.
        reason: ResumeReason,
    },
    /// Solved, as somebody thinks.
    Resolved {
        /// Who.
        by: ResolvedBy,
    },
    /// At its end.
    Closed {
        /// By what.
        by: ClosedBy,
    },
    /// Open again.
    Reopened {
        /// Why.
        reason: ReopenReason,
    },
    /// An agent works on it.
    EngagementStarted {
        /// Who.
        agent: AgentId,
    },
    /// The agent no longer does.
    EngagementEnded {
        /// Who.
        agent: AgentId,
        /// Since when they did.
        since: Timestamp,
        /// What ended it.
        reason: EngagementEnd,
    },
    /// It has another owner.
    Assigned {
        /// Who had it.
        from: Option<AgentId>,
        /// Who has it.
        to: Option<AgentId>,
    },
    /// A job is due at a time. It names the version that this step gives and does nothing when that has moved on.
    TimerSet {
        /// What for.
        kind: TimerKind,
        /// When.
        at: Timestamp,
    },
}

impl EpisodeChange {
    /// The record that tells it; `None` for timers, which are jobs.
    #[must_use]
    pub fn log_kind(&self) -> Option<LogKind> {
        Some(match self {
            Self::Opened => LogKind::EpisodeOpened,
            Self::BallChanged { .. } => LogKind::BallChanged,
            Self::HandedOver => LogKind::BotHandover,
            Self::Parked { .. } => LogKind::EpisodeParked,
            Self::Snoozed { .. } => LogKind::EpisodeSnoozed,
            Self::Held { .. } => LogKind::EpisodeOnHold,
            Self::Resumed { .. } => LogKind::EpisodeResumed,
            Self::Resolved { .. } => LogKind::EpisodeResolved,
            Self::Closed { .. } => LogKind::EpisodeClosed,
            Self::Reopened { .. } => LogKind::EpisodeReopened,
            Self::EngagementStarted { .. } => LogKind::EngagementStarted,
            Self::EngagementEnded { .. } => LogKind::EngagementEnded,
            Self::Assigned { .. } => LogKind::EpisodeAssigned,
            Self::TimerSet { .. } => return None,
        })
    }

    /// Its reason as a stable word, for the record and the entry: who resolved, what closed, why it is back or open again.
    #[must_use]
    pub fn reason(&self) -> Option<&'static str> {
        match self {
            Self::Resolved { by } => Some(by.as_str()),
            Self::Closed { by } => Some(by.as_str()),
            Self::Reopened { reason } => Some(reason.as_str()),
            Self::Resumed { reason } => Some(reason.as_str()),
            Self::EngagementEnded { reason, .. } => Some(reason.as_str()),
            _ => None,
        }
    }

    /// When what was set aside comes back by itself.
    #[must_use]
    pub fn until(&self) -> Option<Timestamp> {
        match self {
            Self::Parked { until, .. } | Self::Held { until } => *until,
            Self::Snoozed { until } => Some(*until),
            _ => None,
        }
    }
}

/// The outcome of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What is true now.
    pub facts: EpisodeFacts,
    /// What changed, in the order in which it is to be told.
    pub changes: Vec<EpisodeChange>,
}

/// Why an event is not allowed now. The words are for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StepRefused {
    /// Only an open episode can do this, and it is resolved.
    #[error("the episode is already resolved")]
    AlreadyResolved,
    /// The same, and it is closed.
    #[error("the episode is already closed")]
    AlreadyClosed,
    /// Only an ended episode can do this.
    #[error("the episode is still open")]
    StillOpen,
    /// Only a resolved episode waits for silence.
    #[error("the episode is not resolved")]
    NotResolved,
    /// Resume and wake are for what was set aside.
    #[error("the episode is not parked, snoozed or on hold")]
    NotSetAside,
    /// Nothing parks by itself twice.
    #[error("the episode is parked, snoozed or on hold already")]
    AlreadySetAside,
    /// Parking may not hide what we owe.
    #[error("the customer waits for an answer: parking it needs a promise")]
    ParkNeedsPromise,
    /// Parks by itself only after a reply.
    #[error("it is not the customer's turn")]
    NotCustomersTurn,
    /// Parks by itself only when the customer is slow and nobody writes.
    #[error("the customer is expected to reply soon, or somebody is writing")]
    NotExpectedSlow,
    /// A time to come back lies ahead.
    #[error("the time to come back must be in the future")]
    UntilInPast,
    /// A hold says for what.
    #[error("a hold needs a reason")]
    HoldNeedsReason,
    /// A timer that came too early.
    #[error("it is not due yet")]
    NotDueYet,
    /// After `W` a follow-up is opened instead.
    #[error("the episode ended too long ago to be reopened: open a follow-up")]
    ReopenWindowOver,
    /// After the coda window a "thanks" is a message like any other.
    #[error("the episode was closed too long ago")]
    CodaWindowOver,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spelling::assert_spelt_alike;

    #[test]
    fn a_change_is_told_with_its_reason_and_its_time() {
        let back = EpisodeChange::Reopened { reason: ReopenReason::SendFailed };
        assert_eq!((back.log_kind(), back.reason()), (Some(LogKind::EpisodeReopened), Some("send_failed")));
        let closed = EpisodeChange::Closed { by: ClosedBy::Silence };
        assert_eq!((closed.reason(), closed.until()), (Some("silence"), None));
        assert_eq!(EpisodeChange::Snoozed { until: Timestamp(9) }.until(), Some(Timestamp(9)));
        let timer = EpisodeChange::TimerSet { kind: TimerKind::Close, at: Timestamp(9) };
        assert_eq!(timer.log_kind(), None, "timers are jobs, not records");
    }

    #[test]
    fn every_spelling_reads_back() {
        assert_spelt_alike(ResumeReason::ALL);
        assert_spelt_alike(ReopenReason::ALL);
        assert_spelt_alike(EngagementEnd::ALL);
        assert_spelt_alike(TimerKind::ALL);
    }
}
