//! The one way out: may this message go to this identity over this account, now?
//!
//! Asked when a message is queued and again when it is sent. Checks in a fixed order (suppression, the account, the person,
//! the window); those that have no data behind them yet (consent, content class, quiet hours, caps, duplicates, load) join
//! behind the window, in that order, and nowhere else.

use crate::{FailureReason, IdentityId, Timestamp, message::AuthorKind, spelling::spelled};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What the channel and the account allow, as the gate needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowRule {
    /// The provider answers people only for a time after they wrote.
    pub has_window: bool,
    /// How long after the customer's last message a person (never a bot) may still write, in milliseconds; `None` when
    /// the channel or the account has no such right.
    pub human_extension_millis: Option<i64>,
}

/// What is known of the way to the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RouteState {
    /// Until when the provider lets us answer; `None` when the customer never opened a window.
    pub window_until: Option<Timestamp>,
    /// When the customer last wrote.
    pub last_inbound_at: Option<Timestamp>,
    /// The provider said that this person cannot be reached; cleared by their next message.
    pub blocked: bool,
    /// We decided not to write to this identity; only a person of the business takes it back.
    pub suppressed: bool,
    /// The account may send.
    pub account_enabled: bool,
    /// The account does not send for now.
    pub pause: Option<Pause>,
}

/// Why an account does not send for now, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// When it goes on by itself; `None` when an admin has to mend something first.
    pub until: Option<Timestamp>,
    /// Why: [`FailureReason::RateLimited`], [`FailureReason::PolicyBlocked`] or [`FailureReason::Unauthorized`].
    pub reason: FailureReason,
}

/// One way to the customer: an identity over an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Way {
    /// The identity at its end.
    pub identity_id: IdentityId,
    /// What its channel and account allow.
    pub rule: WindowRule,
    /// What is known of it.
    pub state: RouteState,
}

spelled! {
    /// Why another way is open where the one that was asked for is not.
    pub enum AlternativeReason: "reason of an alternative" {
        /// The customer can be written to through this identity.
        OpenWindow = "open_window",
        /// A person, not a program, may still write here.
        WrittenByPerson = "written_by_person",
    }
}

/// Another way to say the same to the same customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Alternative {
    /// Through which identity.
    pub identity_id: IdentityId,
    /// Why that is possible.
    pub reason: AlternativeReason,
}

/// The gate's answer. The reason is kept with the message and shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Send it.
    Allow(Window),
    /// Not now. It waits with this reason.
    Defer {
        /// Until then; `None` until an admin mended the account.
        until: Option<Timestamp>,
        /// Why.
        reason: FailureReason,
    },
    /// Do not send it.
    Deny(FailureReason),
    /// Not like this; but there are other ways.
    Downgrade {
        /// Why not like this.
        reason: FailureReason,
        /// The other ways, at least one, in the order given.
        alternatives: Vec<Alternative>,
    },
}

/// On what ground the provider will take it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// The channel has no window, or it is open.
    Open,
    /// Only because a person typed it.
    HumanAgent,
}

/// Decides whether a message of this kind of author may leave over `way` now. `others`: the customer's other ways.
#[must_use]
pub fn may_send(author: AuthorKind, way: &Way, others: &[Way], now: Timestamp) -> Decision {
    match look(author, way, now) {
        Decision::Deny(FailureReason::OutsideWindow) => {
            let alternatives = alternatives(author, way, others, now);
            if alternatives.is_empty() {
                Decision::Deny(FailureReason::OutsideWindow)
            } else {
                Decision::Downgrade { reason: FailureReason::OutsideWindow, alternatives }
            }
        }
        decided => decided,
    }
}

/// One way alone.
fn look(author: AuthorKind, way: &Way, now: Timestamp) -> Decision {
    let Way { rule, state, .. } = way;
    if state.suppressed {
        return Decision::Deny(FailureReason::Suppressed);
    }
    if !state.account_enabled {
        return Decision::Deny(FailureReason::AccountDisabled);
    }
    if state.blocked {
        return Decision::Deny(FailureReason::Blocked);
    }
    let window = match window(author, *rule, state, now) {
        Some(window) => window,
        None => return Decision::Deny(FailureReason::OutsideWindow),
    };
    // What says "never" comes before what says "later".
    match state.pause {
        Some(Pause { until, reason }) if until.is_none_or(|until| now < until) => Decision::Defer { until, reason },
        _ => Decision::Allow(window),
    }
}

fn window(author: AuthorKind, rule: WindowRule, state: &RouteState, now: Timestamp) -> Option<Window> {
    if !rule.has_window || state.window_until.is_some_and(|until| now < until) {
        return Some(Window::Open);
    }
    let human = human_until(rule.human_extension_millis, state.last_inbound_at);
    (author == AuthorKind::Agent && human.is_some_and(|until| now < until)).then_some(Window::HumanAgent)
}

/// The ways on which the same could be said now: a person on the same one first, then the others.
fn alternatives(author: AuthorKind, way: &Way, others: &[Way], now: Timestamp) -> Vec<Alternative> {
    let is_open =
        |author: AuthorKind, way: &Way| matches!(look(author, way, now), Decision::Allow(_) | Decision::Defer { .. });
    let by_person = (author != AuthorKind::Agent && is_open(AuthorKind::Agent, way))
        .then_some(Alternative { identity_id: way.identity_id, reason: AlternativeReason::WrittenByPerson });
    let others = others.iter().filter(|other| other.identity_id != way.identity_id);
    by_person.into_iter().chain(open_ways(author, others, now)).collect()
}

/// Those of some ways on which a message of this kind of author could leave now.
pub fn open_ways<'w>(
    author: AuthorKind,
    ways: impl Iterator<Item = &'w Way>,
    now: Timestamp,
) -> impl Iterator<Item = Alternative> {
    ways.filter(move |way| matches!(look(author, way, now), Decision::Allow(_) | Decision::Defer { .. }))
        .map(|way| Alternative { identity_id: way.identity_id, reason: AlternativeReason::OpenWindow })
}

/// Until when a person may write, by the extension (milliseconds) and the customer's last message.
#[must_use]
pub fn human_until(extension_millis: Option<i64>, last_inbound_at: Option<Timestamp>) -> Option<Timestamp> {
    Some(last_inbound_at?.plus_millis(extension_millis?))
}

#[cfg(test)]
mod tests;
