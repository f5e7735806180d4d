//! The rich message: a list of blocks, written once, rendered per channel.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The most characters (Unicode scalar values) that one text block may hold. Channels allow less; their capabilities say how much.
pub const MAX_TEXT_CHARS: usize = 20_000;
/// The most blocks of one message.
pub const MAX_BLOCKS: usize = 20;

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
}

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
}

impl Block {
    /// A text block.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into() }
    }
}

/// Accepts the blocks of a message that somebody wants to send.
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
    for Block::Text { text } in blocks {
        if text.trim().is_empty() {
            return Err(BlockError::Empty);
        }
        if text.contains('\0') {
            return Err(BlockError::NulCharacter);
        }
        if text.chars().count() > MAX_TEXT_CHARS {
            return Err(BlockError::TextTooLong);
        }
    }
    Ok(())
}

/// The words of a message that search looks through, a line for each block. Every block adds what people would look for: its
/// text, a title, a file's name.
#[must_use]
pub fn searchable_text(blocks: &[Block]) -> String {
    let words: Vec<&str> = blocks
        .iter()
        .map(|block| match block {
            Block::Text { text } => text.as_str(),
        })
        .collect();
    words.join("\n")
}

/// The words of a message as one line of plain text, for lists and previews. At most `max_chars` characters.
#[must_use]
pub fn preview(blocks: &[Block], max_chars: usize) -> String {
    let mut line = String::new();
    let mut count = 0;
    for Block::Text { text } in blocks {
        for word in text.split_whitespace() {
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
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_and_oversized_messages_are_refused() {
        assert_eq!(check_blocks(&[]), Err(BlockError::Empty));
        assert_eq!(check_blocks(&[Block::text(" \n")]), Err(BlockError::Empty));
        assert_eq!(check_blocks(&[Block::text("a\0b")]), Err(BlockError::NulCharacter));
        assert_eq!(check_blocks(&vec![Block::text("a"); MAX_BLOCKS + 1]), Err(BlockError::TooManyBlocks));
        assert_eq!(check_blocks(&[Block::text("ä".repeat(MAX_TEXT_CHARS + 1))]), Err(BlockError::TextTooLong));
        assert_eq!(check_blocks(&[Block::text("ä".repeat(MAX_TEXT_CHARS))]), Ok(()));
    }

    #[test]
    fn search_looks_through_every_block() {
        assert_eq!(searchable_text(&[Block::text("Hello"), Block::text("退款")]), "Hello\n退款");
        assert_eq!(searchable_text(&[]), "");
    }

    #[test]
    fn a_preview_is_one_line_and_cut_between_characters() {
        assert_eq!(preview(&[Block::text("Grüße\n 👋  dort")], 100), "Grüße 👋 dort");
        assert_eq!(preview(&[Block::text("退款退款退款")], 4), "退款退款");
    }
}
