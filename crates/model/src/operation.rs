//! What the system has to do and what it could not: jobs and stored events.

use crate::{ChannelAccountId, FailureReason, InboundEventId, JobId, NextStep, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A unit of work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// What is to be done (`deliver`).
    pub kind: String,
    /// To what (`msg_…`).
    pub subject_id: String,
    /// Whether it waits or has been given up.
    pub state: JobState,
    /// How often it was tried.
    pub tries: u32,
    /// When it is tried next.
    pub due_at: Timestamp,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// Why its message waits or was given up; absent where it is about none, or nothing went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reason: Option<FailureReason>,
    /// What a person can do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next_step: Option<NextStep>,
    /// The channel account that it needs, of a message's delivery.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub channel_account_id: Option<ChannelAccountId>,
}

/// Where a job stands. A finished job is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Waits for its time or is being worked on.
    Ready,
    /// Given up; a person has to look.
    Dead,
}

impl JobState {
    /// The spelling used in the database and the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Dead => "dead",
        }
    }
}

/// An event that a provider told us, as it was stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InboundEvent {
    /// Its id.
    pub id: InboundEventId,
    /// The account it is for, when one of ours is meant.
    pub channel_account_id: Option<ChannelAccountId>,
    /// Where it stands.
    pub state: InboundState,
    /// The provider's key of it.
    pub key: String,
    /// When it reached us.
    pub received_at: Timestamp,
    /// Why it could not be read.
    pub error: Option<String>,
    /// The event as it came; told only when one event is asked for, to those who may see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub payload: Option<String>,
}

/// Where a stored event stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InboundState {
    /// Durable, not yet turned into an entry.
    Stored,
    /// Turned into entries, or folded into them.
    Done,
    /// For an account that is not connected here; becomes an entry once it is.
    Unroutable,
    /// Signed by the provider, and not what the provider is known to send. Kept whole.
    Undecodable,
}

impl InboundState {
    /// The spelling used in the database and the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Done => "done",
            Self::Unroutable => "unroutable",
            Self::Undecodable => "undecodable",
        }
    }
}

impl std::str::FromStr for InboundState {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Stored, Self::Done, Self::Unroutable, Self::Undecodable]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| format!("unknown state {text:?}"))
    }
}
