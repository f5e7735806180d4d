//! A message and who wrote it.

use crate::{
    Block, ChannelAccountId, DeliveryState, FailureReason, MessageId, NextStep, Timestamp, episode::ReplyKind,
    gate::Alternative,
};
use serde::{Deserialize, Serialize};
use std::str::FromStr;
use utoipa::ToSchema;

/// Which way a message went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From the customer to the business.
    Inbound,
    /// From the business to the customer.
    Outbound,
}

impl Direction {
    /// The spelling used in the database and the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
        }
    }
}

/// What kind of being speaks. Always recorded, always shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthorKind {
    /// The person on the other side.
    Customer,
    /// A person of the business.
    Agent,
    /// An automation that answers.
    Bot,
    /// The product itself, or an integration speaking through the API.
    System,
}

impl AuthorKind {
    /// The spelling used in the database and the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Agent => "agent",
            Self::Bot => "bot",
            Self::System => "system",
        }
    }
}

impl FromStr for Direction {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Inbound, Self::Outbound]
            .into_iter()
            .find(|direction| direction.as_str() == text)
            .ok_or_else(|| format!("unknown direction {text:?}"))
    }
}

impl FromStr for AuthorKind {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Customer, Self::Agent, Self::Bot, Self::System]
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| format!("unknown author kind {text:?}"))
    }
}

/// Who wrote something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Author {
    /// Customer, agent, bot or system.
    #[serde(rename = "type")]
    pub kind: AuthorKind,
    /// `cus_…`, `agt_…`, `bot_…` or `tok_…`; absent when nobody in particular.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub id: Option<String>,
    /// The name to show; empty when none is known.
    pub name: String,
}

/// Why a message failed or is uncertain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeliveryError {
    /// The class, which decides what to do next.
    pub reason: FailureReason,
    /// The provider's own code, for whoever looks closer; at most 64 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub code: Option<String>,
    /// The provider's own words; at most 500 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub detail: Option<String>,
    /// What a person can do about it.
    pub next_step: NextStep,
    /// The other ways that were open when it could not go its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alternatives: Vec<Alternative>,
}

/// What became of an outbound message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Delivery {
    /// How far it came.
    pub state: DeliveryState,
    /// Present when it failed, is uncertain, or waits for another try.
    pub error: Option<DeliveryError>,
    /// Calls made to the provider so far.
    pub tries: u32,
}

/// The message that one answers. At least one of the two is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReplyTo {
    /// Ours, when we have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub message_id: Option<MessageId>,
    /// The provider's id of it, when we do not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub external_id: Option<String>,
}

/// A sign that somebody set on a message. One per side: another one takes its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reaction {
    /// The sign (`👍`).
    pub emoji: String,
    /// Whose it is.
    pub from: AuthorKind,
}

/// What a customer picked, where the message is the pick of an option.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Chosen {
    /// The id of one of our options.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub option_id: Option<String>,
    /// The message that offered it, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub message_id: Option<MessageId>,
    /// What the provider gave with the pick, when the option is none of ours (a menu, another program's button).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub payload: Option<String>,
}

/// What was said, by whom, over which account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Message {
    /// Which way it went.
    pub direction: Direction,
    /// Who wrote it.
    pub author: Author,
    /// What was said.
    pub blocks: Vec<Block>,
    /// Parts of an inbound message that are kept but not shown yet, in the provider's words (`attachment:image`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_shown: Vec<String>,
    /// The message that it answers, when it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reply_to: Option<ReplyTo>,
    /// What was picked, when it is the pick of an option.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub choice: Option<Chosen>,
    /// The signs that were set on it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reactions: Vec<Reaction>,
    /// When its writer last changed its words; `blocks` are the words as they are now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub edited_at: Option<Timestamp>,
    /// Heard while another program of the business had the conversation.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub standby: bool,
    /// What a message of the business is worth to whoever waits.
    #[serde(default = "ReplyKind::substantive", skip_serializing_if = "ReplyKind::is_substantive")]
    pub reply_kind: ReplyKind,
    /// When it shall go, when that was later than when it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub send_at: Option<Timestamp>,
    /// Whether a message of the customer calls it back while it waits for `send_at`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cancel_on_reply: bool,
    /// The id that the client which wrote it made for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub client_id: Option<String>,
    /// The message that could not go its way and is sent again by this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub resent_from: Option<MessageId>,
    /// The message by which this one was sent again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub resent_as: Option<MessageId>,
    /// The account it came or goes through.
    pub channel_account_id: ChannelAccountId,
    /// The delivery; absent on inbound messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub delivery: Option<Delivery>,
    /// The provider's id of the message, once known.
    pub external_id: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_written_before_the_newer_members_reads() {
        let old = r#"{"direction":"inbound","author":{"type":"customer","name":"Ann"},"blocks":[{"type":"text","text":"hi"}],
            "channel_account_id":"cha_0000000000001","external_id":"m_1"}"#;
        let message: Message = serde_json::from_str(old).unwrap();
        assert_eq!((message.reply_to, message.choice, message.edited_at), (None, None, None));
        assert_eq!((message.reactions, message.blocks), (vec![], vec![Block::text("hi")]));
    }
}
