//! The one way out: may this message go to this identity over this account, now?
//!
//! Asked when a message is queued and again when it is sent. Checks in a fixed order, the hardest no first; those that
//! have no data behind them yet (consent, quiet hours, caps) join here and nowhere else.

use crate::{FailureReason, Timestamp, message::AuthorKind};

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
    /// The account may send.
    pub account_enabled: bool,
}

/// The gate's answer. The reason is kept with the message and shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Send it.
    Allow(Window),
    /// Do not send it.
    Deny(FailureReason),
}

/// On what ground the provider will take it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// The channel has no window, or it is open.
    Open,
    /// Only because a person typed it.
    HumanAgent,
}

/// Decides whether a message may leave now.
#[must_use]
pub fn may_send(author: AuthorKind, rule: WindowRule, route: RouteState, now: Timestamp) -> Decision {
    if !route.account_enabled {
        return Decision::Deny(FailureReason::AccountDisabled);
    }
    if route.blocked {
        return Decision::Deny(FailureReason::Blocked);
    }
    if !rule.has_window || route.window_until.is_some_and(|until| now < until) {
        return Decision::Allow(Window::Open);
    }
    let human = human_until(rule.human_extension_millis, route.last_inbound_at);
    if author == AuthorKind::Agent && human.is_some_and(|until| now < until) {
        return Decision::Allow(Window::HumanAgent);
    }
    Decision::Deny(FailureReason::OutsideWindow)
}

/// Until when a person may write, by the extension (milliseconds) and the customer's last message.
#[must_use]
pub fn human_until(extension_millis: Option<i64>, last_inbound_at: Option<Timestamp>) -> Option<Timestamp> {
    Some(last_inbound_at?.plus_millis(extension_millis?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000;
    const RULE: WindowRule = WindowRule { has_window: true, human_extension_millis: Some(7 * DAY) };

    fn route() -> RouteState {
        RouteState {
            window_until: Some(Timestamp(DAY)),
            last_inbound_at: Some(Timestamp(0)),
            blocked: false,
            account_enabled: true,
        }
    }

    #[test]
    fn the_window_closes_at_its_end_and_not_before() {
        let ask = |now| may_send(AuthorKind::Bot, RULE, route(), Timestamp(now));
        assert_eq!(ask(DAY - 1), Decision::Allow(Window::Open));
        assert_eq!(ask(DAY), Decision::Deny(FailureReason::OutsideWindow));
    }

    #[test]
    fn only_a_person_may_use_the_human_extension() {
        let ask = |author, now| may_send(author, RULE, route(), Timestamp(now));
        assert_eq!(ask(AuthorKind::Agent, 7 * DAY - 1), Decision::Allow(Window::HumanAgent));
        assert_eq!(ask(AuthorKind::Agent, 7 * DAY), Decision::Deny(FailureReason::OutsideWindow));
        for author in [AuthorKind::Bot, AuthorKind::System] {
            assert_eq!(ask(author, 2 * DAY), Decision::Deny(FailureReason::OutsideWindow));
        }
        let without = WindowRule { human_extension_millis: None, ..RULE };
        assert_eq!(
            may_send(AuthorKind::Agent, without, route(), Timestamp(2 * DAY)),
            Decision::Deny(FailureReason::OutsideWindow)
        );
    }

    #[test]
    fn block_and_switched_off_come_before_the_window() {
        let now = Timestamp(1);
        let blocked = RouteState { blocked: true, ..route() };
        assert_eq!(may_send(AuthorKind::Agent, RULE, blocked, now), Decision::Deny(FailureReason::Blocked));
        let off = RouteState { account_enabled: false, blocked: true, ..route() };
        assert_eq!(may_send(AuthorKind::Agent, RULE, off, now), Decision::Deny(FailureReason::AccountDisabled));
    }

    #[test]
    fn a_channel_without_windows_needs_none() {
        let rule = WindowRule { has_window: false, human_extension_millis: None };
        let never = RouteState { window_until: None, last_inbound_at: None, ..route() };
        assert_eq!(may_send(AuthorKind::Bot, rule, never, Timestamp(5)), Decision::Allow(Window::Open));
        assert_eq!(
            may_send(AuthorKind::Agent, RULE, never, Timestamp(5)),
            Decision::Deny(FailureReason::OutsideWindow),
            "whoever never wrote is not written to"
        );
    }
}
