//! What became of an outbound message: states that only move forward, and failures in words.

use serde::{Deserialize, Serialize};
use std::str::FromStr;
use utoipa::ToSchema;

/// The state of an outbound message, as the agent sees it.
///
/// `queued → sending → sent → delivered → read` is the good way. `failed` and `uncertain` end it until a person
/// (or, for `uncertain`, an echo or a receipt) says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Durable, waiting for its turn (or for the next try).
    Queued,
    /// A call to the provider is under way.
    Sending,
    /// The provider accepted it.
    Sent,
    /// It reached the customer's device.
    Delivered,
    /// The customer saw it.
    Read,
    /// It will not arrive; the reason says why.
    Failed,
    /// It left and nobody said whether it arrived. It may have arrived once, or not at all; it is not sent again by itself.
    Uncertain,
}

impl DeliveryState {
    /// The spelling used in the database and the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Failed => "failed",
            Self::Uncertain => "uncertain",
        }
    }

    /// Whether news of `next` may replace this state. Receipts never go back; proof of arrival beats `failed` and `uncertain`.
    #[must_use]
    pub fn may_become(self, next: Self) -> bool {
        use DeliveryState::*;
        match (self, next) {
            (Read, _) => false,
            (Delivered, Read) => true,
            (Delivered, _) => false,
            (Sent, Delivered | Read) => true,
            (Sent, _) => false,
            (Queued, Sending | Failed | Sent | Delivered | Read) => true,
            (Sending, Queued | Sent | Delivered | Read | Failed | Uncertain) => true,
            // A person asked for another try, or proof of arrival came late.
            (Failed | Uncertain, Queued | Sent | Delivered | Read) => true,
            (Uncertain, Failed) => true,
            _ => false,
        }
    }
}

impl FromStr for DeliveryState {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Queued, Self::Sending, Self::Sent, Self::Delivered, Self::Read, Self::Failed, Self::Uncertain]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| format!("unknown delivery state {text:?}"))
    }
}

/// Why a message did not arrive, independent of the channel. The desk shows each in words with the next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FailureReason {
    /// The provider's window for answering this person is closed.
    OutsideWindow,
    /// The channel account's credentials are refused; an admin has to renew them.
    Unauthorized,
    /// The person blocked the sender or cannot be reached there.
    Blocked,
    /// The provider stopped this account for its policies; an admin has to settle it with the provider.
    PolicyBlocked,
    /// The provider says that the message itself is wrong.
    Rejected,
    /// The provider does not answer or limits us; it is tried again.
    Temporary,
    /// The provider kept failing or limiting us for longer than we try.
    GaveUp,
    /// The channel account was switched off.
    AccountDisabled,
    /// The channel cannot carry this content.
    Unsupported,
    /// It left, and no answer, echo or receipt came.
    NoAnswer,
}

impl FailureReason {
    /// The spelling used in the database and the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OutsideWindow => "outside_window",
            Self::Unauthorized => "unauthorized",
            Self::Blocked => "blocked",
            Self::PolicyBlocked => "policy_blocked",
            Self::Rejected => "rejected",
            Self::Temporary => "temporary",
            Self::GaveUp => "gave_up",
            Self::AccountDisabled => "account_disabled",
            Self::Unsupported => "unsupported",
            Self::NoAnswer => "no_answer",
        }
    }
}

impl FromStr for FailureReason {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        use FailureReason::*;
        let all = [
            OutsideWindow,
            Unauthorized,
            Blocked,
            PolicyBlocked,
            Rejected,
            Temporary,
            GaveUp,
            AccountDisabled,
            Unsupported,
            NoAnswer,
        ];
        all.into_iter().find(|reason| reason.as_str() == text).ok_or_else(|| format!("unknown failure reason {text:?}"))
    }
}

/// The tries that a message gets before the system gives up.
pub const MAX_TRIES: u32 = 16;
/// The longest that a message is tried, from its first try, in milliseconds (24 h).
pub const MAX_TRYING_MILLIS: i64 = 24 * 3_600_000;

/// Milliseconds to wait before try number `tries + 1`: 1 s doubled per failed try, at most 15 min, with ±25 % jitter
/// from `jitter` in `[0, 1)`. A provider's Retry-After wins when it is longer, up to one hour.
#[must_use]
pub fn backoff_millis(tries: u32, retry_after_millis: Option<i64>, jitter: f64) -> i64 {
    let base = 1_000_i64.saturating_mul(1 << tries.saturating_sub(1).min(20)).min(900_000);
    let spread = (base as f64 * (0.75 + 0.5 * jitter.clamp(0.0, 1.0))) as i64;
    match retry_after_millis {
        Some(asked) => spread.max(asked.clamp(0, 3_600_000)),
        None => spread,
    }
}

#[cfg(test)]
mod tests {
    use super::DeliveryState::*;
    use super::*;

    const ALL: [DeliveryState; 7] = [Queued, Sending, Sent, Delivered, Read, Failed, Uncertain];

    #[test]
    fn receipts_never_go_back() {
        for later in ALL {
            assert!(!Read.may_become(later));
        }
        assert!(!Delivered.may_become(Sent));
        assert!(!Sent.may_become(Sending));
        assert!(!Sent.may_become(Failed), "what the provider accepted and echoed does not fail afterwards");
    }

    #[test]
    fn proof_of_arrival_ends_doubt() {
        for state in [Sent, Delivered, Read] {
            assert!(Uncertain.may_become(state));
            assert!(Failed.may_become(state));
            assert!(Sending.may_become(state));
        }
    }

    #[test]
    fn every_spelling_reads_back() {
        for state in ALL {
            assert_eq!(state.as_str().parse::<DeliveryState>(), Ok(state));
        }
    }

    #[test]
    fn backoff_grows_is_bounded_and_respects_retry_after() {
        assert_eq!(backoff_millis(1, None, 0.5), 1_000);
        assert_eq!(backoff_millis(4, None, 0.5), 8_000);
        assert_eq!(backoff_millis(40, None, 0.5), 900_000);
        assert_eq!(backoff_millis(1, None, 0.0), 750);
        assert_eq!(backoff_millis(1, Some(30_000), 0.5), 30_000);
        assert_eq!(backoff_millis(1, Some(i64::MAX), 0.5), 3_600_000, "a provider cannot park us for ever");
        assert_eq!(backoff_millis(5, Some(-5), 0.5), 16_000);
    }
}
