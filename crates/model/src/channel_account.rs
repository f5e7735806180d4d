//! One configured sender on a channel.

use crate::{ChannelAccountId, FailureReason, NextStep, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

/// A channel that this server knows, with what a screen needs of its capabilities.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChannelKind {
    /// The word for it (`messenger`).
    pub kind: String,
    /// The most characters (Unicode scalar values) of one message.
    pub max_text_chars: u32,
}

/// That an account does not send for now, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountPause {
    /// Why: `rate_limited`, `policy_blocked` or `unauthorized`.
    pub reason: FailureReason,
    /// Since when.
    pub at: Timestamp,
    /// When it goes on by itself; null when somebody has to mend it first.
    pub until: Option<Timestamp>,
    /// The provider's own code.
    pub code: Option<String>,
    /// The provider's own words; at most 500 characters.
    pub detail: Option<String>,
    /// What a person can do about it.
    pub next_step: NextStep,
}

/// A channel account as it may be shown: secrets are named, never told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChannelAccount {
    /// Its id.
    pub id: ChannelAccountId,
    /// The channel.
    pub kind: String,
    /// What the team calls it.
    pub name: String,
    /// Whether it sends. What comes in is kept either way.
    pub enabled: bool,
    /// Why it does not send for now; null when it sends. What it should send waits meanwhile.
    pub pause: Option<AccountPause>,
    /// Settings in the provider's own words.
    #[schema(value_type = Object)]
    pub settings: Map<String, Value>,
    /// The secrets that are set.
    pub secret_names: Vec<String>,
    /// Where the provider sends its callbacks, on this server.
    pub callback_path: String,
    /// When the provider last called with a good signature.
    pub last_callback_at: Option<Timestamp>,
    /// When it was connected.
    pub created_at: Timestamp,
}
