//! The rich message: a list of blocks, written once, rendered per channel.
//!
//! [`Block`] is what a message is made of; [`check_blocks`] accepts what somebody wants to send; [`preview`] makes one line
//! of it. What a channel makes of blocks is `render`'s matter.

mod check;
mod media;
mod offer;
mod place;

pub use crate::file::FileState;
pub use check::{BlockError, check_blocks, is_blank};
pub use media::Media;
pub use offer::{Card, Choice, ChoiceOption, ChoiceStyle, RichLink};
pub use place::{Degrees, Location};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The most characters (Unicode scalar values) that one text block may hold. Channels allow less; their capabilities say how much.
pub const MAX_TEXT_CHARS: usize = 20_000;
/// The most blocks of one message.
pub const MAX_BLOCKS: usize = 20;
/// The most characters of a caption.
pub const MAX_CAPTION_CHARS: usize = 4_000;
/// The most characters of a file's name.
pub const MAX_NAME_CHARS: usize = 255;
/// The most characters of a title: of a card, an option, a rich link, a place.
pub const MAX_TITLE_CHARS: usize = 200;
/// The most characters of a subtitle, a description, a postal address.
pub const MAX_LINE_CHARS: usize = 1_000;
/// The most options of one choice or card.
pub const MAX_OPTIONS: usize = 50;
/// The most characters of an option's id.
pub const MAX_OPTION_ID_CHARS: usize = 200;
/// The most cards of a carousel.
pub const MAX_CARDS: usize = 20;
/// The most bytes of an address.
pub const MAX_URL_BYTES: usize = 2_000;

/// One part of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Block {
    /// Plain text in the writer's own words; line breaks are kept.
    Text {
        /// The words.
        #[schema(min_length = 1, max_length = 20000)]
        text: String,
    },
    /// A picture.
    Image(Media),
    /// A moving picture.
    Video(Media),
    /// A sound, a voice message.
    Audio(Media),
    /// Any other file.
    File(Media),
    /// A sticker: a picture that stands for a word.
    Sticker(Media),
    /// A place.
    Location(Location),
    /// A question with answers to pick from.
    Choice(Choice),
    /// A thing with a title, a picture and something to do.
    Card(Card),
    /// Several cards side by side.
    Carousel {
        /// The cards, in order.
        #[schema(min_items = 1, max_items = 20)]
        cards: Vec<Card>,
    },
    /// An address with what it leads to.
    RichLink(RichLink),
}

impl Block {
    /// A text block.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into() }
    }

    /// The kind's spelling in the API (`rich_link`).
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Text { .. } => "text",
            Self::Image(_) => "image",
            Self::Video(_) => "video",
            Self::Audio(_) => "audio",
            Self::File(_) => "file",
            Self::Sticker(_) => "sticker",
            Self::Location(_) => "location",
            Self::Choice(_) => "choice",
            Self::Card(_) => "card",
            Self::Carousel { .. } => "carousel",
            Self::RichLink(_) => "rich_link",
        }
    }

    /// The file that the block is, when it is one.
    #[must_use]
    pub fn media(&self) -> Option<&Media> {
        match self {
            Self::Image(media) | Self::Video(media) | Self::Audio(media) | Self::File(media) | Self::Sticker(media) => {
                Some(media)
            }
            _ => None,
        }
    }

    /// Every file in the block, those of cards and links included, in reading order.
    #[must_use]
    pub fn all_media(&self) -> Vec<&Media> {
        match self {
            Self::Card(card) => card.image.iter().collect(),
            Self::Carousel { cards } => cards.iter().filter_map(|card| card.image.as_ref()).collect(),
            Self::RichLink(link) => link.image.iter().collect(),
            other => other.media().into_iter().collect(),
        }
    }

    /// As [`Block::all_media`], to be changed.
    #[must_use]
    pub fn all_media_mut(&mut self) -> Vec<&mut Media> {
        match self {
            Self::Image(media) | Self::Video(media) | Self::Audio(media) | Self::File(media) | Self::Sticker(media) => {
                vec![media]
            }
            Self::Card(card) => card.image.iter_mut().collect(),
            Self::Carousel { cards } => cards.iter_mut().filter_map(|card| card.image.as_mut()).collect(),
            Self::RichLink(link) => link.image.iter_mut().collect(),
            Self::Text { .. } | Self::Location(_) | Self::Choice(_) => Vec::new(),
        }
    }

    /// The options that an answer to this block can pick, in reading order; those that only lead to an address are none.
    pub fn answers(&self) -> impl Iterator<Item = &ChoiceOption> {
        let cards: &[Card] = match self {
            Self::Card(card) => std::slice::from_ref(card),
            Self::Carousel { cards } => cards,
            _ => &[],
        };
        let own: &[ChoiceOption] = match self {
            Self::Choice(choice) => &choice.options,
            _ => &[],
        };
        own.iter().chain(cards.iter().flat_map(|card| &card.options)).filter(|option| option.url.is_none())
    }

    /// The words of the block, for a line in a list; empty where it has none. Kinds are for the reader's side to name.
    fn words(&self) -> Vec<&str> {
        match self {
            Self::Text { text } => vec![text],
            Self::Image(media) | Self::Video(media) | Self::Audio(media) | Self::File(media) | Self::Sticker(media) => {
                media.caption.as_deref().or(media.name.as_deref()).into_iter().collect()
            }
            Self::Location(place) => place.name.as_deref().or(place.address.as_deref()).into_iter().collect(),
            Self::Choice(choice) => vec![&choice.text],
            Self::Card(card) => vec![&card.title],
            Self::Carousel { cards } => cards.iter().map(|card| card.title.as_str()).collect(),
            Self::RichLink(link) => vec![link.title.as_deref().unwrap_or(&link.url)],
        }
    }
}

/// The words of a message that search looks through, a line for each: texts, captions, titles, a file's name.
#[must_use]
pub fn searchable_text(blocks: &[Block]) -> String {
    blocks.iter().flat_map(Block::words).collect::<Vec<_>>().join("\n")
}

/// The words of a message as one line of plain text, for lists and previews. At most `max_chars` characters. A block without
/// words (a picture without a caption and a name) adds none: whoever shows the line names its kind ([`Block::kind`]).
#[must_use]
pub fn preview(blocks: &[Block], max_chars: usize) -> String {
    let mut line = String::new();
    let mut count = 0;
    for word in blocks.iter().flat_map(Block::words).flat_map(str::split_whitespace) {
        if count > 0 && count < max_chars {
            line.push(' ');
            count += 1;
        }
        for letter in word.chars() {
            if count >= max_chars {
                return line;
            }
            line.push(letter);
            count += 1;
        }
    }
    line
}

#[cfg(test)]
mod tests;
