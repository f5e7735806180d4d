//! Which blocks may be sent at all, whatever the channel.

use super::{
    Block, Card, ChoiceOption, Location, MAX_BLOCKS, MAX_CAPTION_CHARS, MAX_CARDS, MAX_LINE_CHARS, MAX_NAME_CHARS,
    MAX_OPTION_ID_CHARS, MAX_OPTIONS, MAX_TEXT_CHARS, MAX_TITLE_CHARS, MAX_URL_BYTES, Media,
};
use std::collections::HashSet;

/// Why blocks cannot be a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BlockError {
    /// There is nothing to send.
    #[error("a message needs at least one block with text in it")]
    Empty,
    /// More blocks than a message may have.
    #[error("a message has at most {MAX_BLOCKS} blocks")]
    TooManyBlocks,
    /// A text is longer than any channel takes.
    #[error("a text block has at most {MAX_TEXT_CHARS} characters")]
    TextTooLong,
    /// Text contains U+0000, which neither databases nor channels carry.
    #[error("text must not contain the character U+0000")]
    NulCharacter,
    /// A member that must say something is blank.
    #[error("{0} must not be blank")]
    Blank(&'static str),
    /// A member is longer than it may be.
    #[error("{what} has at most {most} characters")]
    TooLong {
        /// Which (`a card's title`).
        what: &'static str,
        /// The most characters.
        most: usize,
    },
    /// An address is not one that a customer can open.
    #[error(
        "an address begins with http:// or https://, names a host, has no spaces and at most {MAX_URL_BYTES} bytes"
    )]
    BadUrl,
    /// A place is not on earth.
    #[error("a latitude is from -90 to 90 degrees")]
    BadLatitude,
    /// A choice without options.
    #[error("a choice needs at least one option")]
    NoOptions,
    /// More options than a choice or card may have.
    #[error("a choice or card has at most {MAX_OPTIONS} options")]
    TooManyOptions,
    /// Two options of a message have one id, so nobody could tell which was picked.
    #[error("the option id {0:?} is given twice in this message")]
    DoubledOption(String),
    /// A carousel without cards.
    #[error("a carousel needs at least one card")]
    NoCards,
    /// More cards than a carousel may have.
    #[error("a carousel has at most {MAX_CARDS} cards")]
    TooManyCards,
    /// A sticker or picture that the provider told us of and whose bytes are not here.
    #[error("the file {0} is not stored")]
    FileNotStored(String),
}

/// Accepts the blocks of a message that somebody wants to send. Whether its files exist is for whoever knows the files.
///
/// # Errors
/// Says which limit is broken; nothing is cut silently.
pub fn check_blocks(blocks: &[Block]) -> Result<(), BlockError> {
    if blocks.len() > MAX_BLOCKS {
        return Err(BlockError::TooManyBlocks);
    }
    if blocks.is_empty() {
        return Err(BlockError::Empty);
    }
    let mut option_ids = HashSet::new();
    for block in blocks {
        match block {
            Block::Text { text } => check_text(text)?,
            Block::Image(media)
            | Block::Video(media)
            | Block::Audio(media)
            | Block::File(media)
            | Block::Sticker(media) => check_media(media)?,
            Block::Location(place) => check_place(place)?,
            Block::Choice(choice) => {
                check_text(&choice.text)?;
                if choice.options.is_empty() {
                    return Err(BlockError::NoOptions);
                }
                check_options(&choice.options, &mut option_ids)?;
            }
            Block::Card(card) => check_card(card, &mut option_ids)?,
            Block::Carousel { cards } => {
                if cards.is_empty() {
                    return Err(BlockError::NoCards);
                }
                if cards.len() > MAX_CARDS {
                    return Err(BlockError::TooManyCards);
                }
                for card in cards {
                    check_card(card, &mut option_ids)?;
                }
            }
            Block::RichLink(link) => {
                check_url(&link.url)?;
                optional("a link's title", link.title.as_deref(), MAX_TITLE_CHARS)?;
                optional("a link's description", link.description.as_deref(), MAX_LINE_CHARS)?;
                link.image.as_ref().map_or(Ok(()), check_media)?;
            }
        }
    }
    Ok(())
}

/// Whether nothing of a text can be seen: white space, and characters that take no room (Unicode's
/// `Default_Ignorable_Code_Point`, DerivedCoreProperties.txt).
#[must_use]
pub fn is_blank(text: &str) -> bool {
    let is_invisible = |letter: char| {
        matches!(letter,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
    };
    text.chars().all(|letter| letter.is_whitespace() || is_invisible(letter))
}

fn check_text(text: &str) -> Result<(), BlockError> {
    if is_blank(text) {
        return Err(BlockError::Empty);
    }
    if text.contains('\0') {
        return Err(BlockError::NulCharacter);
    }
    if text.chars().count() > MAX_TEXT_CHARS {
        return Err(BlockError::TextTooLong);
    }
    Ok(())
}

fn check_media(media: &Media) -> Result<(), BlockError> {
    optional("a file's name", media.name.as_deref(), MAX_NAME_CHARS)?;
    optional("a caption", media.caption.as_deref(), MAX_CAPTION_CHARS)?;
    if media.state == super::FileState::Stored {
        return Ok(());
    }
    Err(BlockError::FileNotStored(media.file_id.to_string()))
}

fn check_place(place: &Location) -> Result<(), BlockError> {
    if place.latitude.degrees().abs() > 90.0 {
        return Err(BlockError::BadLatitude);
    }
    optional("a place's name", place.name.as_deref(), MAX_TITLE_CHARS)?;
    optional("a place's address", place.address.as_deref(), MAX_LINE_CHARS)
}

fn check_card<'a>(card: &'a Card, option_ids: &mut HashSet<&'a str>) -> Result<(), BlockError> {
    required("a card's title", &card.title, MAX_TITLE_CHARS)?;
    optional("a card's subtitle", card.subtitle.as_deref(), MAX_LINE_CHARS)?;
    card.url.as_deref().map_or(Ok(()), check_url)?;
    card.image.as_ref().map_or(Ok(()), check_media)?;
    check_options(&card.options, option_ids)
}

fn check_options<'a>(options: &'a [ChoiceOption], option_ids: &mut HashSet<&'a str>) -> Result<(), BlockError> {
    if options.len() > MAX_OPTIONS {
        return Err(BlockError::TooManyOptions);
    }
    for option in options {
        required("an option's id", &option.id, MAX_OPTION_ID_CHARS)?;
        required("an option's title", &option.title, MAX_TITLE_CHARS)?;
        optional("an option's description", option.description.as_deref(), MAX_LINE_CHARS)?;
        option.url.as_deref().map_or(Ok(()), check_url)?;
        if !option_ids.insert(&option.id) {
            return Err(BlockError::DoubledOption(option.id.clone()));
        }
    }
    Ok(())
}

fn required(what: &'static str, words: &str, most: usize) -> Result<(), BlockError> {
    if is_blank(words) {
        return Err(BlockError::Blank(what));
    }
    if words.contains('\0') {
        return Err(BlockError::NulCharacter);
    }
    if words.chars().count() > most {
        return Err(BlockError::TooLong { what, most });
    }
    Ok(())
}

fn optional(what: &'static str, words: Option<&str>, most: usize) -> Result<(), BlockError> {
    words.map_or(Ok(()), |words| required(what, words, most))
}

fn check_url(url: &str) -> Result<(), BlockError> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let names_a_host = rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['/', '?', '#', '@', ':']));
    let plain = !url.chars().any(|letter| letter.is_whitespace() || letter.is_control());
    if names_a_host && plain && url.len() <= MAX_URL_BYTES { Ok(()) } else { Err(BlockError::BadUrl) }
}
