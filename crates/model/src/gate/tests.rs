//! The gate, as tables.

use super::*;
use crate::spelling::assert_spelt_alike;

const DAY: i64 = 86_400_000;
const RULE: WindowRule = WindowRule { has_window: true, human_extension_millis: Some(7 * DAY) };
const WINDOWLESS: WindowRule = WindowRule { has_window: false, human_extension_millis: None };
const HERE: IdentityId = IdentityId(1);
const THERE: IdentityId = IdentityId(2);
const WRITERS: [AuthorKind; 3] = [AuthorKind::Agent, AuthorKind::Bot, AuthorKind::System];

fn state() -> RouteState {
    RouteState {
        window_until: Some(Timestamp(DAY)),
        last_inbound_at: Some(Timestamp(0)),
        blocked: false,
        suppressed: false,
        account_enabled: true,
        pause: None,
    }
}

fn way(rule: WindowRule, state: RouteState) -> Way {
    Way { identity_id: HERE, rule, state }
}

fn ask(author: AuthorKind, rule: WindowRule, state: RouteState, now: i64) -> Decision {
    may_send(author, &way(rule, state), &[], Timestamp(now))
}

#[test]
fn the_window_closes_at_its_end_and_not_before() {
    let ask = |now| ask(AuthorKind::Bot, WindowRule { human_extension_millis: None, ..RULE }, state(), now);
    assert_eq!(ask(DAY - 1), Decision::Allow(Window::Open));
    assert_eq!(ask(DAY), Decision::Deny(FailureReason::OutsideWindow));
}

#[test]
fn only_a_person_may_use_the_human_extension() {
    assert_eq!(ask(AuthorKind::Agent, RULE, state(), 7 * DAY - 1), Decision::Allow(Window::HumanAgent));
    assert_eq!(ask(AuthorKind::Agent, RULE, state(), 7 * DAY), Decision::Deny(FailureReason::OutsideWindow));
    for author in [AuthorKind::Bot, AuthorKind::System] {
        let by_person = Alternative { identity_id: HERE, reason: AlternativeReason::WrittenByPerson };
        let told = Decision::Downgrade { reason: FailureReason::OutsideWindow, alternatives: vec![by_person] };
        assert_eq!(ask(author, RULE, state(), 2 * DAY), told);
        assert_eq!(ask(author, RULE, state(), 7 * DAY), Decision::Deny(FailureReason::OutsideWindow));
    }
    let without = WindowRule { human_extension_millis: None, ..RULE };
    assert_eq!(ask(AuthorKind::Agent, without, state(), 2 * DAY), Decision::Deny(FailureReason::OutsideWindow));
}

/// Every combination of what can stand in the way, for every writer: the first "no" in the order wins, and a pause only
/// counts when nothing says no.
#[test]
fn the_order_of_the_checks() {
    let pauses = [
        None,
        Some(Pause { until: None, reason: FailureReason::Unauthorized }),
        Some(Pause { until: Some(Timestamp(9 * DAY)), reason: FailureReason::RateLimited }),
        // It is over.
        Some(Pause { until: Some(Timestamp(1)), reason: FailureReason::RateLimited }),
    ];
    let mut looked_at = 0;
    for author in WRITERS {
        for bits in 0..8 {
            for (rule, now) in [(RULE, 1), (RULE, 2 * DAY), (RULE, 8 * DAY), (WINDOWLESS, 8 * DAY)] {
                for pause in pauses {
                    let (suppressed, disabled, blocked) = (bits & 1 != 0, bits & 2 != 0, bits & 4 != 0);
                    let state = RouteState { suppressed, account_enabled: !disabled, blocked, pause, ..state() };
                    let open = rule == WINDOWLESS || now < DAY;
                    let by_person = author == AuthorKind::Agent && now < 7 * DAY;
                    let person_alone = !open && author != AuthorKind::Agent && now < 7 * DAY;
                    let expected = if suppressed {
                        Decision::Deny(FailureReason::Suppressed)
                    } else if disabled {
                        Decision::Deny(FailureReason::AccountDisabled)
                    } else if blocked {
                        Decision::Deny(FailureReason::Blocked)
                    } else if person_alone {
                        let reason = AlternativeReason::WrittenByPerson;
                        let alternatives = vec![Alternative { identity_id: HERE, reason }];
                        Decision::Downgrade { reason: FailureReason::OutsideWindow, alternatives }
                    } else if !open && !by_person {
                        Decision::Deny(FailureReason::OutsideWindow)
                    } else if let Some(Pause { until, reason }) = pause.filter(|p| p.until.is_none_or(|u| now < u.0)) {
                        Decision::Defer { until, reason }
                    } else {
                        Decision::Allow(if open { Window::Open } else { Window::HumanAgent })
                    };
                    assert_eq!(ask(author, rule, state, now), expected, "{author:?} {now} {state:?}");
                    looked_at += 1;
                }
            }
        }
    }
    assert_eq!(looked_at, 3 * 8 * 4 * 4);
}

#[test]
fn another_identity_is_named_when_it_is_open() {
    let closed = way(WindowRule { human_extension_millis: None, ..RULE }, state());
    let late = Timestamp(2 * DAY);
    let open = RouteState { window_until: Some(Timestamp(3 * DAY)), ..state() };
    let other = |state| Way { identity_id: THERE, rule: closed.rule, state };
    let named = |state| may_send(AuthorKind::Agent, &closed, &[closed, other(state)], late);
    let told = Decision::Downgrade {
        reason: FailureReason::OutsideWindow,
        alternatives: vec![Alternative { identity_id: THERE, reason: AlternativeReason::OpenWindow }],
    };
    assert_eq!(named(open), told);
    let paused = Some(Pause { until: None, reason: FailureReason::PolicyBlocked });
    assert_eq!(named(RouteState { pause: paused, ..open }), told, "it would wait there, and go");
    for shut in [
        state(),
        RouteState { suppressed: true, ..open },
        RouteState { blocked: true, ..open },
        RouteState { account_enabled: false, ..open },
    ] {
        assert_eq!(named(shut), Decision::Deny(FailureReason::OutsideWindow), "{shut:?}");
    }
    // Whoever must not be written to here is not written to elsewhere instead.
    let suppressed = way(closed.rule, RouteState { suppressed: true, ..state() });
    let asked = may_send(AuthorKind::Agent, &suppressed, &[other(open)], late);
    assert_eq!(asked, Decision::Deny(FailureReason::Suppressed));
}

#[test]
fn a_channel_without_windows_needs_none() {
    let never = RouteState { window_until: None, last_inbound_at: None, ..state() };
    assert_eq!(ask(AuthorKind::Bot, WINDOWLESS, never, 5), Decision::Allow(Window::Open));
    let refused = ask(AuthorKind::Agent, RULE, never, 5);
    assert_eq!(refused, Decision::Deny(FailureReason::OutsideWindow), "whoever never wrote is not written to");
}

#[test]
fn reasons_are_spelt_alike() {
    assert_spelt_alike(AlternativeReason::ALL);
}
