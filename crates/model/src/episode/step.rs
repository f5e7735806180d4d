//! The state machine: one event at a time.

use super::{
    Ball, BusinessAuthor, ClosedBy, Engagement, EngagementEnd, EpisodeChange, EpisodeEvent, EpisodeFacts, EpisodeRules,
    EpisodeState, Handler, RecountReason, ReopenReason, ReplyKind, ResolvedBy, ResumeReason, Step, StepRefused,
    TimerKind,
};
use crate::{AgentId, Timestamp, turn::Standing};

/// Opens an episode in which nothing was said yet; the message that caused it is the next [`step`].
#[must_use]
pub fn open(handler: Handler, at: Timestamp) -> Step {
    Step {
        facts: EpisodeFacts {
            state: EpisodeState::New,
            ball: Ball::Nobody,
            handler,
            opened_at: at,
            unanswered_since: None,
            last_customer_at: None,
            last_business_at: None,
            resolved_at: None,
            resolved_by: None,
            closed_at: None,
            closed_by: None,
            until: None,
            hold_reason: None,
            reopens: 0,
            assignee: None,
            engaged: None,
            promise_due_at: None,
        },
        changes: vec![EpisodeChange::Opened],
    }
}

/// Applies what happened at `at` (receipt at the server) to what is true.
///
/// # Errors
/// What the state does not allow; the facts stay as they are. What the customer says is never refused, except a
/// message or a coda for an episode that ended too long ago: then attribution chose wrongly.
pub fn step(
    facts: &EpisodeFacts,
    event: &EpisodeEvent,
    at: Timestamp,
    rules: &EpisodeRules,
) -> Result<Step, StepRefused> {
    let mut stepping = Stepping { facts: facts.clone(), changes: Vec::new(), at, rules };
    stepping.apply(event)?;
    stepping.settle();
    Ok(Step { facts: stepping.facts, changes: stepping.changes })
}

struct Stepping<'a> {
    facts: EpisodeFacts,
    changes: Vec<EpisodeChange>,
    at: Timestamp,
    rules: &'a EpisodeRules,
}

impl Stepping<'_> {
    fn apply(&mut self, event: &EpisodeEvent) -> Result<(), StepRefused> {
        match event {
            EpisodeEvent::CustomerMessage => self.customer_turn(ReopenReason::CustomerMessage),
            EpisodeEvent::CustomerSaysNotSolved => self.customer_turn(ReopenReason::NotSolved),
            EpisodeEvent::Coda => self.coda(),
            EpisodeEvent::BusinessMessage { author, kind } => {
                self.business_message(*author, *kind);
                Ok(())
            }
            EpisodeEvent::Recount { standing, reason } => {
                self.recount(*standing, *reason);
                Ok(())
            }
            EpisodeEvent::Accept { agent } => {
                self.must_be_open()?;
                self.hand_over();
                self.assign(Some(*agent));
                self.resume(ResumeReason::Asked);
                self.engage(*agent);
                Ok(())
            }
            EpisodeEvent::HandOver => {
                self.must_be_open()?;
                self.hand_over();
                Ok(())
            }
            EpisodeEvent::Park { until } => {
                if self.must_be_open()?.ball == Ball::Human && self.facts.promise_due_at.is_none() {
                    return Err(StepRefused::ParkNeedsPromise);
                }
                self.set_aside(EpisodeState::Parked, *until, None)?;
                self.changes.push(EpisodeChange::Parked { until: *until, by_itself: false });
                self.wake_at(*until);
                Ok(())
            }
            EpisodeEvent::AutoPark { reply_chance, has_draft } => self.auto_park(*reply_chance, *has_draft),
            EpisodeEvent::Snooze { until } => {
                self.must_be_open()?;
                self.set_aside(EpisodeState::Snoozed, Some(*until), None)?;
                self.changes.push(EpisodeChange::Snoozed { until: *until });
                self.wake_at(Some(*until));
                Ok(())
            }
            EpisodeEvent::Hold { reason, until } => {
                self.must_be_open()?;
                if reason.trim().is_empty() {
                    return Err(StepRefused::HoldNeedsReason);
                }
                self.set_aside(EpisodeState::OnHold, *until, Some(reason.trim().to_owned()))?;
                self.changes.push(EpisodeChange::Held { until: *until });
                self.wake_at(*until);
                Ok(())
            }
            EpisodeEvent::Resume { agent } => {
                self.must_be_set_aside()?;
                self.resume(ResumeReason::Asked);
                if let Some(agent) = agent {
                    self.engage(*agent);
                }
                Ok(())
            }
            EpisodeEvent::Wake => {
                self.must_be_set_aside()?;
                if self.facts.until.is_none_or(|until| self.at < until) {
                    return Err(StepRefused::NotDueYet);
                }
                self.resume(ResumeReason::Due);
                Ok(())
            }
            EpisodeEvent::Resolve { by } => {
                self.must_be_open()?;
                self.resolve(*by);
                let close_at = self.at.plus_millis(self.rules.close_after_millis);
                self.changes.push(EpisodeChange::TimerSet { kind: TimerKind::Close, at: close_at });
                Ok(())
            }
            EpisodeEvent::CustomerConfirmsSolved => {
                self.heard_customer();
                if self.facts.state.is_open() {
                    self.resolve(ResolvedBy::Customer);
                }
                // A "yes" to what silence has closed already changes nothing.
                if self.facts.state == EpisodeState::Resolved {
                    self.close(ClosedBy::Customer);
                }
                Ok(())
            }
            EpisodeEvent::SilenceElapsed => {
                let Some(resolved_at) = self.facts.resolved_at.filter(|_| self.facts.state == EpisodeState::Resolved)
                else {
                    return Err(StepRefused::NotResolved);
                };
                if self.at < resolved_at.plus_millis(self.rules.close_after_millis) {
                    return Err(StepRefused::NotDueYet);
                }
                self.close(ClosedBy::Silence);
                Ok(())
            }
            EpisodeEvent::Close { by } => {
                if self.facts.state == EpisodeState::Closed {
                    return Err(StepRefused::AlreadyClosed);
                }
                self.close(*by);
                Ok(())
            }
            EpisodeEvent::Reopen { standing } => {
                self.reopen_in_window(ReopenReason::Agent)?;
                self.take(*standing);
                Ok(())
            }
            EpisodeEvent::Assign { agent } => {
                self.must_be_open()?;
                if agent.is_some() {
                    self.hand_over();
                }
                self.assign(*agent);
                Ok(())
            }
            EpisodeEvent::PromiseMade { due_at } => {
                let earlier = self.facts.promise_due_at.map_or(*due_at, |known| known.min(*due_at));
                self.facts.promise_due_at = Some(earlier);
                Ok(())
            }
            EpisodeEvent::PromiseEnded { next_due_at } => {
                self.facts.promise_due_at = *next_due_at;
                Ok(())
            }
        }
    }

    /// Ends every step: what may no longer be set aside comes back, and the ball follows from the turns.
    fn settle(&mut self) {
        let owed = self.facts.derived_ball() == Ball::Human && self.facts.promise_due_at.is_none();
        if self.facts.state == EpisodeState::Parked && owed {
            self.resume(ResumeReason::Owed);
        }
        let (from, to) = (self.facts.ball, self.facts.derived_ball());
        if from != to {
            self.facts.ball = to;
            self.changes.push(EpisodeChange::BallChanged { from, to });
        }
    }

    fn must_be_open(&self) -> Result<&EpisodeFacts, StepRefused> {
        match self.facts.state {
            EpisodeState::Resolved => Err(StepRefused::AlreadyResolved),
            EpisodeState::Closed => Err(StepRefused::AlreadyClosed),
            _ => Ok(&self.facts),
        }
    }

    fn must_be_set_aside(&self) -> Result<(), StepRefused> {
        self.must_be_open()?;
        if self.facts.state.is_set_aside() { Ok(()) } else { Err(StepRefused::NotSetAside) }
    }

    fn heard_customer(&mut self) {
        self.facts.last_customer_at = self.facts.last_customer_at.max(Some(self.at));
    }

    fn customer_turn(&mut self, reason: ReopenReason) -> Result<(), StepRefused> {
        if self.facts.state.is_ended() {
            self.reopen_in_window(reason)?;
        }
        self.heard_customer();
        self.facts.unanswered_since = Some(self.facts.unanswered_since.map_or(self.at, |since| since.min(self.at)));
        self.resume(ResumeReason::CustomerMessage);
        Ok(())
    }

    fn coda(&mut self) -> Result<(), StepRefused> {
        if self.facts.state.is_open() {
            return Err(StepRefused::StillOpen);
        }
        if self.facts.closed_at.is_some_and(|closed| self.at.millis_since(closed) > self.rules.coda_window_millis) {
            return Err(StepRefused::CodaWindowOver);
        }
        self.heard_customer();
        Ok(())
    }

    fn business_message(&mut self, author: BusinessAuthor, kind: ReplyKind) {
        if kind == ReplyKind::Substantive {
            self.facts.last_business_at = self.facts.last_business_at.max(Some(self.at));
            self.facts.unanswered_since = None;
        }
        // A word after the end ("you are welcome") opens nothing. An automatic acknowledgement takes nothing up.
        if self.facts.state.is_ended() || kind == ReplyKind::Acknowledgement {
            return;
        }
        if let BusinessAuthor::Agent(agent) = author {
            self.hand_over();
            // An update to a snoozed or held episode leaves it so; writing in a parked one takes it up.
            if self.facts.state == EpisodeState::Parked {
                self.resume(ResumeReason::Asked);
            }
            if !self.facts.state.is_set_aside() && self.facts.engaged.is_none() {
                self.engage(agent);
            }
        } else if self.facts.state == EpisodeState::New {
            self.facts.state = EpisodeState::Active;
        }
    }

    fn recount(&mut self, standing: Standing, reason: RecountReason) {
        if self.facts.state.is_open() {
            self.take(standing);
            if reason == RecountReason::SendFailed && standing.unanswered_since.is_some() {
                self.resume(ResumeReason::Owed);
            }
            return;
        }
        let by_customer =
            self.facts.resolved_by == Some(ResolvedBy::Customer) || self.facts.closed_by == Some(ClosedBy::Customer);
        if reason == RecountReason::SendFailed && standing.unanswered_since.is_some() && !by_customer {
            self.reopen(ReopenReason::SendFailed);
            self.take(standing);
        } else {
            // Nothing is owed after the end, whatever was moved here.
            self.take(Standing { unanswered_since: None, ..standing });
        }
    }

    fn take(&mut self, standing: Standing) {
        self.facts.unanswered_since = standing.unanswered_since;
        self.facts.last_customer_at = standing.last_customer_at.max(standing.unanswered_since);
        self.facts.last_business_at = standing.last_business_at;
    }

    fn auto_park(&mut self, reply_chance: f64, has_draft: bool) -> Result<(), StepRefused> {
        if self.must_be_open()?.ball != Ball::Customer {
            return Err(StepRefused::NotCustomersTurn);
        }
        if self.facts.state.is_set_aside() {
            return Err(StepRefused::AlreadySetAside);
        }
        // Anything but "certainly below" is no reason to park; that includes a chance that is not a number.
        let slow = reply_chance < self.rules.auto_park_below;
        if !slow || has_draft {
            return Err(StepRefused::NotExpectedSlow);
        }
        self.set_aside(EpisodeState::Parked, None, None)?;
        self.changes.push(EpisodeChange::Parked { until: None, by_itself: true });
        Ok(())
    }

    fn set_aside(
        &mut self,
        state: EpisodeState,
        until: Option<Timestamp>,
        hold_reason: Option<String>,
    ) -> Result<(), StepRefused> {
        if until.is_some_and(|until| until <= self.at) {
            return Err(StepRefused::UntilInPast);
        }
        self.disengage(EngagementEnd::SetAside);
        self.facts.state = state;
        self.facts.until = until;
        self.facts.hold_reason = hold_reason;
        Ok(())
    }

    fn wake_at(&mut self, until: Option<Timestamp>) {
        if let Some(at) = until {
            self.changes.push(EpisodeChange::TimerSet { kind: TimerKind::Wake, at });
        }
    }

    /// Brings back what was set aside; does nothing to the rest.
    fn resume(&mut self, reason: ResumeReason) {
        if self.facts.state.is_set_aside() {
            self.facts.state = EpisodeState::Active;
            self.facts.until = None;
            self.facts.hold_reason = None;
            self.changes.push(EpisodeChange::Resumed { reason });
        }
    }

    fn hand_over(&mut self) {
        if self.facts.handler == Handler::Bot {
            self.facts.handler = Handler::Human;
            self.changes.push(EpisodeChange::HandedOver);
        }
    }

    fn assign(&mut self, to: Option<AgentId>) {
        let from = self.facts.assignee;
        if self.facts.engaged.is_some_and(|engagement| Some(engagement.agent) != to) {
            self.disengage(EngagementEnd::Transfer);
        }
        if from != to {
            self.facts.assignee = to;
            self.changes.push(EpisodeChange::Assigned { from, to });
        }
    }

    fn engage(&mut self, agent: AgentId) {
        if self.facts.engaged.is_some_and(|engagement| engagement.agent == agent) {
            return;
        }
        self.disengage(EngagementEnd::Transfer);
        self.facts.state = EpisodeState::Active;
        self.facts.engaged = Some(Engagement { agent, since: self.at });
        self.changes.push(EpisodeChange::EngagementStarted { agent });
    }

    fn disengage(&mut self, reason: EngagementEnd) {
        if let Some(Engagement { agent, since }) = self.facts.engaged.take() {
            self.changes.push(EpisodeChange::EngagementEnded { agent, since, reason });
        }
    }

    fn resolve(&mut self, by: ResolvedBy) {
        self.leave_open(EngagementEnd::Resolved);
        self.facts.state = EpisodeState::Resolved;
        self.facts.resolved_at = Some(self.at);
        self.facts.resolved_by = Some(by);
        self.changes.push(EpisodeChange::Resolved { by });
    }

    fn close(&mut self, by: ClosedBy) {
        self.leave_open(EngagementEnd::Closed);
        self.facts.state = EpisodeState::Closed;
        self.facts.closed_at = Some(self.at);
        self.facts.closed_by = Some(by);
        self.changes.push(EpisodeChange::Closed { by });
    }

    fn leave_open(&mut self, reason: EngagementEnd) {
        self.disengage(reason);
        self.facts.unanswered_since = None;
        self.facts.until = None;
        self.facts.hold_reason = None;
    }

    fn reopen_in_window(&mut self, reason: ReopenReason) -> Result<(), StepRefused> {
        let Some(ended_at) = self.facts.ended_at() else { return Err(StepRefused::StillOpen) };
        if self.at.millis_since(ended_at) > self.rules.reopen_window_millis {
            return Err(StepRefused::ReopenWindowOver);
        }
        self.reopen(reason);
        Ok(())
    }

    fn reopen(&mut self, reason: ReopenReason) {
        self.facts.state = EpisodeState::Active;
        self.facts.resolved_at = None;
        self.facts.resolved_by = None;
        self.facts.closed_at = None;
        self.facts.closed_by = None;
        self.facts.reopens = self.facts.reopens.saturating_add(1);
        self.changes.push(EpisodeChange::Reopened { reason });
    }
}
