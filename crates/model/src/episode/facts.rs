//! What is true of an episode now: the values of its one row.

use crate::{AgentId, Timestamp, spelling::spelled};

spelled! {
    /// Where an episode stands. *Open* is everything before `resolved`.
    pub enum EpisodeState: "episode state" {
        /// Opened; nobody of the business has taken it up or answered.
        New = "new",
        /// Being dealt with.
        Active = "active",
        /// Set aside because the customer is slow; its owner stays, its load falls.
        Parked = "parked",
        /// Out of sight until a time; any message of the customer wakes it.
        Snoozed = "snoozed",
        /// Waits for somebody who is neither we nor the customer.
        OnHold = "on_hold",
        /// We think that it is solved; silence or the customer's word closes it.
        Resolved = "resolved",
        /// At its end.
        Closed = "closed",
    }

    /// Who has to act next. Derived from the turns, never set.
    pub enum Ball: "ball" {
        /// We answered; the customer may write, or not.
        Customer = "customer",
        /// The customer waits, and a bot handles the episode.
        Bot = "bot",
        /// The customer waits, and people handle the episode.
        Human = "human",
        /// We wait for somebody outside, with the customer answered.
        ThirdParty = "third_party",
        /// Nothing is owed: resolved, closed, or nothing said yet.
        Nobody = "nobody",
    }

    /// Who answers the customer's next turn.
    pub enum Handler: "handler" {
        /// An automation, until a person takes over.
        Bot = "bot",
        /// People.
        Human = "human",
    }

    /// Who said that it is solved.
    pub enum ResolvedBy: "resolver" {
        /// A person of the business.
        Agent = "agent",
        /// An automation.
        Bot = "bot",
        /// The customer.
        Customer = "customer",
    }

    /// What closed it. Silence is weaker evidence than a word, so reports keep them apart.
    pub enum ClosedBy: "closer" {
        /// The customer said that it is solved.
        Customer = "customer",
        /// The customer said nothing for the time that the rules give.
        Silence = "silence",
        /// A person of the business.
        Agent = "agent",
        /// The product, cleaning up what was never answered or can no longer be.
        System = "system",
    }
}

impl EpisodeState {
    /// Neither resolved nor closed.
    #[must_use]
    pub fn is_open(self) -> bool {
        !self.is_ended()
    }

    /// Resolved or closed.
    #[must_use]
    pub fn is_ended(self) -> bool {
        matches!(self, Self::Resolved | Self::Closed)
    }

    /// Parked, snoozed or on hold.
    #[must_use]
    pub fn is_set_aside(self) -> bool {
        matches!(self, Self::Parked | Self::Snoozed | Self::OnHold)
    }
}

impl Handler {
    /// Who has the ball while the customer waits.
    #[must_use]
    pub fn ball(self) -> Ball {
        match self {
            Self::Bot => Ball::Bot,
            Self::Human => Ball::Human,
        }
    }
}

/// An agent at work on an episode, from accepting to releasing it. Not the same as owning it, nor as looking at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Engagement {
    /// Who.
    pub agent: AgentId,
    /// Since when.
    pub since: Timestamp,
}

/// What is true of an episode: plain values that one row holds. Times are those of receipt at the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EpisodeFacts {
    /// Where it stands.
    pub state: EpisodeState,
    /// Who has to act, as the last step derived it.
    pub ball: Ball,
    /// Who answers the customer's next turn.
    pub handler: Handler,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// `t₀`: the first message of the customer's turn that nobody has answered; `None` when all are.
    pub unanswered_since: Option<Timestamp>,
    /// The customer's latest message, codas too.
    pub last_customer_at: Option<Timestamp>,
    /// The latest substantive message of the business that did not fail.
    pub last_business_at: Option<Timestamp>,
    /// When it was resolved, while that stands.
    pub resolved_at: Option<Timestamp>,
    /// Who resolved it, while that stands.
    pub resolved_by: Option<ResolvedBy>,
    /// When it was closed, while that stands.
    pub closed_at: Option<Timestamp>,
    /// What closed it, while that stands.
    pub closed_by: Option<ClosedBy>,
    /// When a parked, snoozed or held episode comes back by itself.
    pub until: Option<Timestamp>,
    /// What a held episode waits for, in the agent's words.
    pub hold_reason: Option<String>,
    /// How often it was reopened.
    pub reopens: u32,
    /// The agent who owns it; stays through parking and reopening.
    pub assignee: Option<AgentId>,
    /// The agent at work on it.
    pub engaged: Option<Engagement>,
    /// The earliest due time of its open promises.
    pub promise_due_at: Option<Timestamp>,
}

impl EpisodeFacts {
    /// When it ended, for the reopen window: resolved, or closed without ever having been resolved.
    #[must_use]
    pub fn ended_at(&self) -> Option<Timestamp> {
        self.resolved_at.or(self.closed_at)
    }

    /// When anything was last said or it was opened; "most recently active" compares this.
    #[must_use]
    pub fn last_activity_at(&self) -> Timestamp {
        [self.last_customer_at, self.last_business_at].into_iter().flatten().fold(self.opened_at, Timestamp::max)
    }

    /// Who has to act, from everything else (the table in the module's first lines).
    pub(super) fn derived_ball(&self) -> Ball {
        if self.state.is_ended() {
            Ball::Nobody
        } else if self.unanswered_since.is_some() {
            self.handler.ball()
        } else if self.state == EpisodeState::OnHold {
            Ball::ThirdParty
        } else if self.last_business_at.is_some() {
            Ball::Customer
        } else {
            Ball::Nobody
        }
    }

    /// The first rule that these facts break, in words; `None` for every value that [`step`](super::step) gives.
    #[must_use]
    pub fn broken_rule(&self) -> Option<&'static str> {
        let waits = self.unanswered_since.is_some();
        let state = self.state;
        let rules = [
            (!waits || matches!(self.ball, Ball::Bot | Ball::Human), "an unanswered turn is with bot or human"),
            (self.ball == self.derived_ball(), "the ball follows from the turns"),
            (state.is_open() || self.ball == Ball::Nobody, "nobody has the ball of an ended episode"),
            (state.is_open() || !waits, "an ended episode has no unanswered turn"),
            (self.ball != Ball::Customer || !waits, "what the customer waits for is not the customer's"),
            (self.ball != Ball::ThirdParty || state == EpisodeState::OnHold, "only a hold waits for others"),
            (
                self.unanswered_since.is_none_or(|since| self.last_customer_at.is_some_and(|last| since <= last)),
                "a turn begins no later than the customer's last message",
            ),
            (
                self.resolved_at.is_some() == self.resolved_by.is_some()
                    && self.closed_at.is_some() == self.closed_by.is_some(),
                "each end has a time and a cause",
            ),
            (state.is_ended() || self.ended_at().is_none(), "an open episode has no end"),
            (state != EpisodeState::Resolved || (self.resolved_at.is_some() && self.closed_at.is_none()), "resolved"),
            (state != EpisodeState::Closed || self.closed_at.is_some(), "closed"),
            (self.engaged.is_none() || state == EpisodeState::Active, "whoever is engaged works on an active episode"),
            (self.until.is_none() || state.is_set_aside(), "only what was set aside comes back"),
            (state != EpisodeState::Snoozed || self.until.is_some(), "a snooze ends"),
            ((state == EpisodeState::OnHold) == self.hold_reason.is_some(), "a hold has a reason"),
            (
                state != EpisodeState::Parked || self.ball != Ball::Human || self.promise_due_at.is_some(),
                "what we owe is parked only with a promise",
            ),
        ];
        rules.into_iter().find(|(holds, _)| !holds).map(|(_, rule)| rule)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spelling::assert_spelt_alike;

    #[test]
    fn every_spelling_reads_back() {
        assert_spelt_alike(EpisodeState::ALL);
        assert_spelt_alike(Ball::ALL);
        assert_spelt_alike(Handler::ALL);
        assert_spelt_alike(ResolvedBy::ALL);
        assert_spelt_alike(ClosedBy::ALL);
    }
}
