//! What a message offers: answers to pick, cards, links.

use super::Media;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How a choice would like to look; a channel that has no such form takes another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChoiceStyle {
    /// Answers that go away once one was picked.
    QuickReplies,
    /// Buttons that stay with the message.
    Buttons,
    /// A list that opens.
    List,
}

/// One thing to pick.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ChoiceOption {
    /// Comes back when it is picked; unique in its message.
    #[schema(min_length = 1, max_length = 200)]
    pub id: String,
    /// What it says.
    #[schema(min_length = 1, max_length = 200)]
    pub title: String,
    /// More about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 1000)]
    pub description: Option<String>,
    /// With an address it is a link, and nothing comes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 2000)]
    pub url: Option<String>,
}

/// A question with answers to pick from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Choice {
    /// The question.
    #[schema(min_length = 1, max_length = 20000)]
    pub text: String,
    /// The answers, in order.
    #[schema(min_items = 1, max_items = 50)]
    pub options: Vec<ChoiceOption>,
    /// How it would like to look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub style: Option<ChoiceStyle>,
}

/// A thing with a title, a picture and something to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Card {
    /// What it is.
    #[schema(min_length = 1, max_length = 200)]
    pub title: String,
    /// A line below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 1000)]
    pub subtitle: Option<String>,
    /// A picture of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub image: Option<Media>,
    /// Where a tap on it leads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 2000)]
    pub url: Option<String>,
    /// What one can do with it, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 50)]
    pub options: Vec<ChoiceOption>,
}

/// An address with what it leads to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RichLink {
    /// The address, http or https.
    #[schema(max_length = 2000)]
    pub url: String,
    /// The page's title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 200)]
    pub title: Option<String>,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 1000)]
    pub description: Option<String>,
    /// Its picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub image: Option<Media>,
}
