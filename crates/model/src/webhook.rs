//! Webhooks: what an integrator asks to be told, how an event is named, and when a failed delivery is tried again.
//!
//! The wire format is that of Standard Webhooks (<https://www.standardwebhooks.com>).

use crate::{Cursor, Timestamp, WebhookDeliveryId, WebhookId, WorkspaceId, id::encode_base32, log::LogKind};
use serde::{Deserialize, Serialize};
use std::str::FromStr;
use utoipa::ToSchema;

/// The type of the event that a test sends. It is in no log.
pub const TEST_KIND: &str = "webhook.test";
/// How long an event is tried at least before it is given up, in milliseconds (24 h), counted from when it was recorded or,
/// when that was later, from when the webhook was switched on or sent back.
pub const TRYING_MILLIS: i64 = 24 * 3_600_000;
/// How long the former secret signs as well after a rotation, in milliseconds (24 h).
pub const OVERLAP_MILLIS: i64 = 24 * 3_600_000;
/// The tries that an event gets even when its time is over before its turn came.
const LEAST_TRIES: u32 = 4;
/// The pause after an event was given up: a receiver that is gone does not use up the log.
const GIVE_UP_PAUSE_MILLIS: i64 = 60_000;
/// The pause after the first failure, and the longest.
const FIRST_PAUSE_MILLIS: i64 = 2_000;
const LONGEST_PAUSE_MILLIS: i64 = 3_600_000;

/// An address of an integrator that is told what happens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// What the team calls it.
    pub name: String,
    /// Where the events go.
    pub url: String,
    /// The kinds of log records that it wants: kinds (`message.received`) or families (`message.*`). Empty: all.
    pub kinds: Vec<String>,
    /// Whether it is told anything.
    pub enabled: bool,
    /// How it goes.
    pub state: WebhookState,
    /// Since when every delivery has failed; null when the last one arrived.
    pub failing_since: Option<Timestamp>,
    /// Why the last try failed; null when the last one arrived.
    pub last_error: Option<WebhookError>,
    /// When the next try is due, while the last one failed.
    pub next_try_at: Option<Timestamp>,
    /// The place in the log up to which everything was delivered, was not wanted, or was given up.
    pub cursor: Cursor,
    /// The events that were given up and can be sent again.
    pub failed_events: i64,
    /// When a delivery last arrived.
    pub last_success_at: Option<Timestamp>,
    /// When a delivery last failed.
    pub last_failure_at: Option<Timestamp>,
    /// Until when the former secret signs as well; null when there is none.
    pub former_secret_until: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$variant_doc])* $variant),* }

        impl $name {
            /// The spelling used in the database and the API.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
        }

        impl FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                match text {
                    $($text => Ok(Self::$variant),)*
                    _ => Err(format!(concat!("unknown ", stringify!($name), " {:?}"), text)),
                }
            }
        }
    };
}

words! {
    /// How a webhook goes.
    WebhookState {
        /// The last delivery arrived, or there was none.
        Healthy = "healthy",
        /// The last delivery failed and is tried again.
        Retrying = "retrying",
        /// Nothing has arrived for 24 hours; it is still tried.
        Failing = "failing",
        /// A person switched it off.
        Disabled = "disabled",
        /// The receiver answered 410 Gone, which switched it off.
        Gone = "gone",
    }
}

words! {
    /// What became of one try.
    WebhookOutcome {
        /// The receiver answered with a 2xx status.
        Delivered = "delivered",
        /// It failed and another follows.
        Retrying = "retrying",
        /// It failed and was the last; the event is kept and can be sent again.
        Failed = "failed",
        /// The receiver answered 410 Gone.
        Gone = "gone",
    }
}

words! {
    /// Why a try failed.
    WebhookError {
        /// The address may not be called: it is private or not https, and not on the configured list.
        AddressRefused = "address_refused",
        /// No connection: the name, the port or the certificate.
        NotConnected = "not_connected",
        /// Connected, and no answer in time.
        NoAnswer = "no_answer",
        /// Answered with another status than 2xx. Redirects are not followed.
        NotAccepted = "not_accepted",
    }
}

/// One try to deliver one event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WebhookDelivery {
    /// Its id.
    pub id: WebhookDeliveryId,
    /// The event, as `webhook-id` names it to the receiver.
    pub event_id: String,
    /// The event's type: a kind of the log, or `webhook.test`.
    pub kind: String,
    /// The event's place in the log; null for a test.
    pub cursor: Option<Cursor>,
    /// Which try of this event it was, from 1.
    pub attempt: u32,
    /// When.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
    /// What became of it.
    pub outcome: WebhookOutcome,
    /// The status that was answered; null without an answer.
    pub status: Option<u16>,
    /// Why it failed; null when it arrived.
    pub error: Option<WebhookError>,
    /// The beginning of the answer, or what went wrong, in words for a developer.
    pub detail: Option<String>,
}

/// The id of an event: the same at every try and for every webhook, so that a receiver can drop what it has seen.
#[must_use]
pub fn event_id(workspace_id: WorkspaceId, number: i64) -> String {
    format!("evt_{}{}", encode_base32(workspace_id.0), encode_base32(number))
}

/// Whether a webhook that asked for `kinds` wants a record of this kind.
#[must_use]
pub fn wants(kinds: &[String], kind: LogKind) -> bool {
    kinds.is_empty() || kinds.iter().any(|pattern| matches(pattern, kind.as_str()))
}

fn matches(pattern: &str, kind: &str) -> bool {
    match pattern.strip_suffix(".*") {
        Some(family) => kind.strip_prefix(family).is_some_and(|rest| rest.starts_with('.')),
        None => pattern == kind,
    }
}

/// The first of `kinds` that names no kind and no family of kinds.
#[must_use]
pub fn find_unknown(kinds: &[String]) -> Option<&str> {
    let known = |pattern: &str| LogKind::ALL.iter().any(|kind| matches(pattern, kind.as_str()));
    kinds.iter().map(String::as_str).find(|pattern| !known(pattern))
}

/// What follows a failed try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterFailure {
    /// The same event again.
    Retry {
        /// Not before.
        due_at: Timestamp,
    },
    /// The event is set aside.
    GiveUp {
        /// When the next event may be tried.
        due_at: Timestamp,
    },
}

/// Decides after failed try number `tries` of an event that has been due since `since`. Pauses are 2 s, four times longer
/// each time, at most 1 h, with ±25 % jitter from `jitter` in `[0, 1)`. A receiver's Retry-After wins when it is longer, up to
/// 1 h.
#[must_use]
pub fn after_failure(
    tries: u32,
    since: Timestamp,
    now: Timestamp,
    retry_after_millis: Option<i64>,
    jitter: f64,
) -> AfterFailure {
    if tries >= LEAST_TRIES && now.millis_since(since) >= TRYING_MILLIS {
        return AfterFailure::GiveUp { due_at: now.plus_millis(GIVE_UP_PAUSE_MILLIS) };
    }
    let base = FIRST_PAUSE_MILLIS.saturating_mul(1 << (2 * tries.saturating_sub(1)).min(20)).min(LONGEST_PAUSE_MILLIS);
    let spread = (base as f64 * (0.75 + 0.5 * jitter.clamp(0.0, 1.0))) as i64;
    let pause = spread.max(retry_after_millis.unwrap_or(0).clamp(0, LONGEST_PAUSE_MILLIS));
    AfterFailure::Retry { due_at: now.plus_millis(pause) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pause(tries: u32, retry_after: Option<i64>, jitter: f64) -> i64 {
        match after_failure(tries, Timestamp(0), Timestamp(0), retry_after, jitter) {
            AfterFailure::Retry { due_at } => due_at.0,
            AfterFailure::GiveUp { .. } => panic!("too early"),
        }
    }

    #[test]
    fn pauses_grow_are_bounded_and_respect_retry_after() {
        assert_eq!(
            [1, 2, 3, 6, 7, 90].map(|tries| pause(tries, None, 0.5)),
            [2_000, 8_000, 32_000, 2_048_000, 3_600_000, 3_600_000]
        );
        assert_eq!((pause(1, None, 0.0), pause(1, None, 1.0)), (1_500, 2_500));
        assert_eq!(pause(1, Some(30_000), 0.5), 30_000);
        assert_eq!(pause(5, Some(0), 0.5), 512_000, "it only lengthens");
        assert_eq!(pause(1, Some(i64::MAX), 0.5), 3_600_000, "a receiver cannot park us for ever");
        assert_eq!(pause(1, Some(-1), 0.5), 2_000);
    }

    #[test]
    fn an_event_is_given_up_after_a_day_and_never_without_some_tries() {
        let after = |tries, now| after_failure(tries, Timestamp(0), Timestamp(now), None, 0.5);
        assert!(matches!(after(90, TRYING_MILLIS - 1), AfterFailure::Retry { .. }));
        assert!(matches!(after(3, TRYING_MILLIS * 5), AfterFailure::Retry { .. }), "its turn came late");
        assert_eq!(after(4, TRYING_MILLIS), AfterFailure::GiveUp { due_at: Timestamp(TRYING_MILLIS + 60_000) });
    }

    #[test]
    fn a_day_of_failures_takes_about_thirty_tries() {
        let (mut now, mut tries) = (Timestamp(0), 0);
        while let AfterFailure::Retry { due_at } = after_failure(tries + 1, Timestamp(0), now, None, 0.5) {
            (now, tries) = (due_at, tries + 1);
        }
        assert!((25..40).contains(&tries), "{tries}");
    }

    #[test]
    fn kinds_and_families_are_wanted() {
        let kinds = |list: &[&str]| list.iter().map(|kind| (*kind).to_owned()).collect::<Vec<_>>();
        assert!(wants(&[], LogKind::TokenRevoked));
        assert!(wants(&kinds(&["token.*", "message.sent"]), LogKind::MessageSent));
        assert!(wants(&kinds(&["message.*"]), LogKind::MessageSent));
        assert!(!wants(&kinds(&["message.read", "mess.*", "message"]), LogKind::MessageSent));
        assert_eq!(find_unknown(&kinds(&["message.*", "customer.created"])), None);
        for wrong in ["message", "message.", "mess.*", "*", ".*", "message.lost", "message.sent.*", ""] {
            assert_eq!(find_unknown(&kinds(&["message.*", wrong])), Some(wrong));
        }
    }

    #[test]
    fn every_spelling_reads_back_and_is_that_of_the_api() {
        use WebhookState::*;
        for state in [Healthy, Retrying, Failing, Disabled, Gone] {
            assert_eq!(state.as_str().parse(), Ok(state));
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        }
        for outcome in
            [WebhookOutcome::Delivered, WebhookOutcome::Retrying, WebhookOutcome::Failed, WebhookOutcome::Gone]
        {
            assert_eq!(outcome.as_str().parse(), Ok(outcome));
            assert_eq!(serde_json::to_value(outcome).unwrap(), outcome.as_str());
        }
        use WebhookError::*;
        for error in [AddressRefused, NotConnected, NoAnswer, NotAccepted] {
            assert_eq!(error.as_str().parse(), Ok(error));
            assert_eq!(serde_json::to_value(error).unwrap(), error.as_str());
        }
        assert!("lost".parse::<WebhookState>().is_err());
    }

    proptest! {
        #[test]
        fn events_have_names_of_their_own(one in 0..=i64::MAX, other in 0..=i64::MAX, seq in 1_i64..1_000_000) {
            let named = |workspace, seq| event_id(WorkspaceId(workspace), seq);
            prop_assert_eq!(named(one, seq) == named(other, seq), one == other);
            prop_assert_ne!(named(one, seq), named(one, seq + 1));
        }

        #[test]
        fn a_pause_is_never_negative_and_never_longer_than_an_hour_and_a_quarter(
            tries in 1_u32..200, asked in any::<Option<i64>>(), jitter in 0.0..1.0_f64,
        ) {
            prop_assert!((1_500..=4_500_000).contains(&pause(tries, asked, jitter)));
        }
    }
}
