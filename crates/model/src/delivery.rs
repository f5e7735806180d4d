//! What became of an outbound message: states that only move forward, and failures in words.

use crate::spelling::spelled;
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
    /// The business decided not to write to this identity.
    Suppressed,
    /// The provider takes no more for now; the account pauses, and the message waits.
    RateLimited,
    /// The account lacks a permission at the provider that this message needs.
    NotPermitted,
    /// It waited for longer than a message may, and was never taken.
    Expired,
    /// A colleague called it back before it went.
    Cancelled,
    /// The customer wrote before its time came.
    CustomerReplied,
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
            Self::Suppressed => "suppressed",
            Self::RateLimited => "rate_limited",
            Self::NotPermitted => "not_permitted",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
            Self::CustomerReplied => "customer_replied",
        }
    }
}

impl FailureReason {
    /// Every reason.
    pub const ALL: &[Self] = &[
        Self::OutsideWindow,
        Self::Unauthorized,
        Self::Blocked,
        Self::PolicyBlocked,
        Self::Rejected,
        Self::Temporary,
        Self::GaveUp,
        Self::AccountDisabled,
        Self::Unsupported,
        Self::NoAnswer,
        Self::Suppressed,
        Self::RateLimited,
        Self::NotPermitted,
        Self::Expired,
        Self::Cancelled,
        Self::CustomerReplied,
    ];
}

impl FromStr for FailureReason {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let all = Self::ALL.iter().copied();
        all.into_iter().find(|reason| reason.as_str() == text).ok_or_else(|| format!("unknown failure reason {text:?}"))
    }
}

spelled! {
    /// What a person can do about a message that failed or waits, as a stable word.
    pub enum NextStep: "next step" {
        /// Give the channel account new credentials (admins).
        ReconnectAccount = "reconnect_account",
        /// Switch the channel account on (admins).
        EnableAccount = "enable_account",
        /// The customer has to write first.
        WaitForCustomer = "wait_for_customer",
        /// Another way is open: another identity, or a person in place of a program.
        SendByOther = "send_by_other",
        /// Shorten or change what it says.
        Shorten = "shorten",
        /// Settle it with the provider (admins).
        ContactProvider = "contact_provider",
        /// Nothing: it goes on by itself.
        Wait = "wait",
        /// Look at the page's permissions at the provider (admins).
        CheckPage = "check_page",
        /// Take back that the identity is not written to.
        Unblock = "unblock",
        /// Send it once more.
        Resend = "resend",
    }
}

/// What to do about a failure. `code` is the provider's own (`10/2018278`), `has_alternatives` whether the gate named other ways.
#[must_use]
pub fn next_step(reason: FailureReason, code: Option<&str>, has_alternatives: bool) -> NextStep {
    match reason {
        FailureReason::OutsideWindow if has_alternatives => NextStep::SendByOther,
        FailureReason::OutsideWindow | FailureReason::Blocked => NextStep::WaitForCustomer,
        FailureReason::Unauthorized => NextStep::ReconnectAccount,
        FailureReason::NotPermitted => NextStep::CheckPage,
        FailureReason::PolicyBlocked => NextStep::ContactProvider,
        // A refusal before the provider read the message (no such address, no such route) is the account's fault.
        FailureReason::Rejected if code.is_some_and(|code| code.starts_with("http/")) => NextStep::CheckPage,
        FailureReason::Rejected | FailureReason::Unsupported => NextStep::Shorten,
        FailureReason::Temporary | FailureReason::RateLimited => NextStep::Wait,
        FailureReason::AccountDisabled => NextStep::EnableAccount,
        FailureReason::Suppressed => NextStep::Unblock,
        FailureReason::GaveUp
        | FailureReason::Expired
        | FailureReason::NoAnswer
        | FailureReason::Cancelled
        | FailureReason::CustomerReplied => NextStep::Resend,
    }
}

/// The tries that a message gets before the system gives up.
pub const MAX_TRIES: u32 = 16;
/// The longest that a message waits and is tried, from when it was queued, in milliseconds (24 h), unless the installer says
/// otherwise.
pub const MAX_WAITING_MILLIS: i64 = 24 * 3_600_000;
/// The farthest that a message may be put off, in milliseconds (90 days).
pub const MAX_LATER_MILLIS: i64 = 90 * 24 * 3_600_000;
/// The longest pause of an account that a provider's limit may ask for, in milliseconds (1 h).
pub const MAX_PAUSE_MILLIS: i64 = 3_600_000;

/// Milliseconds that an account pauses after the provider said "too much" for the `in_a_row`-th time (from 1): what the provider
/// asks for, at least a second, otherwise 5 s doubled each time up to 15 min, with ±25 % jitter from `jitter` in `[0, 1)`; never
/// more than [`MAX_PAUSE_MILLIS`].
#[must_use]
pub fn pause_millis(in_a_row: u32, retry_after_millis: Option<i64>, jitter: f64) -> i64 {
    let grown = 5_000_i64.saturating_mul(1 << in_a_row.saturating_sub(1).min(20)).min(900_000);
    let spread = (grown as f64 * (0.75 + 0.5 * jitter.clamp(0.0, 1.0))) as i64;
    retry_after_millis.unwrap_or(spread).clamp(1_000, MAX_PAUSE_MILLIS)
}

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

    #[test]
    fn every_reason_is_listed_and_has_a_step() {
        for reason in FailureReason::ALL {
            assert_eq!(reason.as_str().parse::<FailureReason>().as_ref(), Ok(reason));
        }
        crate::spelling::assert_spelt_alike(NextStep::ALL);
        let step = |reason| next_step(reason, None, false);
        for (reason, expected) in [
            (FailureReason::OutsideWindow, NextStep::WaitForCustomer),
            (FailureReason::Unauthorized, NextStep::ReconnectAccount),
            (FailureReason::Blocked, NextStep::WaitForCustomer),
            (FailureReason::PolicyBlocked, NextStep::ContactProvider),
            (FailureReason::Rejected, NextStep::Shorten),
            (FailureReason::Temporary, NextStep::Wait),
            (FailureReason::GaveUp, NextStep::Resend),
            (FailureReason::AccountDisabled, NextStep::EnableAccount),
            (FailureReason::Unsupported, NextStep::Shorten),
            (FailureReason::NoAnswer, NextStep::Resend),
            (FailureReason::Suppressed, NextStep::Unblock),
            (FailureReason::RateLimited, NextStep::Wait),
            (FailureReason::NotPermitted, NextStep::CheckPage),
            (FailureReason::Expired, NextStep::Resend),
            (FailureReason::Cancelled, NextStep::Resend),
            (FailureReason::CustomerReplied, NextStep::Resend),
        ] {
            assert_eq!(step(reason), expected, "{reason:?}");
        }
        assert_eq!(next_step(FailureReason::OutsideWindow, None, true), NextStep::SendByOther);
        assert_eq!(next_step(FailureReason::Rejected, Some("http/404"), false), NextStep::CheckPage);
    }

    #[test]
    fn a_pause_grows_and_is_bounded() {
        assert_eq!(pause_millis(1, None, 0.5), 5_000);
        assert_eq!(pause_millis(3, None, 0.5), 20_000);
        assert_eq!(pause_millis(60, None, 0.5), 900_000);
        assert_eq!(pause_millis(1, Some(30_000), 0.9), 30_000, "what the provider asks for");
        assert_eq!(pause_millis(1, Some(0), 0.5), 1_000, "nothing is a pause of a second");
        assert_eq!(pause_millis(1, Some(i64::MAX), 0.5), MAX_PAUSE_MILLIS, "a provider cannot park us for ever");
    }
}
