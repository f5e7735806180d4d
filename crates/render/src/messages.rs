//! A message that a channel carries only in several calls, as several messages.

use crate::plan;
use model::{Block, Capabilities};

/// The blocks of a message, apart by what one call carries; in order, nothing twice. Blocks stay as they were written where
/// one call carries them, so that what is offered can still be read back; a block that takes several calls alone is cut as
/// [`plan`] cuts it. Empty when the channel carries nothing of it.
#[must_use]
pub fn messages(blocks: &[Block], capabilities: &Capabilities) -> Vec<Vec<Block>> {
    let calls = |blocks: &[Block]| plan(blocks, capabilities).parts.len();
    let mut apart: Vec<Vec<Block>> = Vec::new();
    // Whether the last of them takes more: what was cut ends where its block ends.
    let mut open = false;
    for block in blocks {
        if let Some(last) = apart.last_mut().filter(|_| open) {
            last.push(block.clone());
            if calls(last) == 1 {
                continue;
            }
            last.pop();
        }
        let parts = plan(std::slice::from_ref(block), capabilities).parts;
        open = parts.len() == 1;
        if open {
            apart.push(vec![block.clone()]);
        } else {
            apart.extend(parts.into_iter().map(|part| part.blocks));
        }
    }
    apart
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{
        FileId,
        block::{Choice, ChoiceOption, Media},
        capabilities::{MediaLimits, OptionLimits},
    };

    fn channel() -> Capabilities {
        let options = OptionLimits {
            max_options: 2,
            max_title_chars: 20,
            max_description_chars: 0,
            max_payload_chars: 100,
            max_prompt_chars: 100,
            urls: false,
        };
        let image = MediaLimits { max_bytes: 10, media_types: &["image/"], max_caption_chars: 0 };
        Capabilities { quick_replies: Some(options), image: Some(image), ..Capabilities::text_only(40) }
    }

    fn choice(count: usize) -> Block {
        let option = |id: usize| ChoiceOption { id: id.to_string(), title: "A".into(), description: None, url: None };
        Block::Choice(Choice { text: "Which?".into(), options: (0..count).map(option).collect(), style: None })
    }

    fn picture(caption: Option<&str>) -> Block {
        let known = Media { media_type: Some("image/png".into()), size: Some(5), ..Media::stored(FileId(1)) };
        Block::Image(Media { caption: caption.map(str::to_owned), ..known })
    }

    #[test]
    fn what_one_call_carries_stays_as_it_was_written() {
        for blocks in [
            vec![Block::text("one"), Block::text("two")],
            vec![choice(2)],
            vec![choice(3)],
            vec![Block::text("so:"), choice(3)],
        ] {
            assert_eq!(messages(&blocks, &channel()), std::slice::from_ref(&blocks), "{blocks:?}");
        }
    }

    #[test]
    fn several_calls_are_several_messages() {
        let words = || Block::text("hello");
        for (blocks, wanted) in [
            (vec![words(), choice(2)], vec![vec![words()], vec![choice(2)]]),
            (vec![words(), picture(None), words()], vec![vec![words()], vec![picture(None)], vec![words()]]),
            (vec![picture(None), picture(None)], vec![vec![picture(None)], vec![picture(None)]]),
            (vec![picture(Some("mine"))], vec![vec![picture(None)], vec![Block::text("mine")]]),
            (vec![picture(Some("mine")), words()], vec![vec![picture(None)], vec![Block::text("mine")], vec![words()]]),
        ] {
            assert_eq!(messages(&blocks, &channel()), wanted);
        }
        let long = messages(&[Block::text("word ".repeat(20).trim())], &channel());
        assert!(long.len() > 1 && long.iter().all(|blocks| plan(blocks, &channel()).parts.len() == 1));
    }

    #[test]
    fn what_cannot_be_carried_is_no_message() {
        let large = Block::Image(Media { size: Some(11), ..Media::stored(FileId(1)) });
        assert_eq!(messages(&[large], &channel()), Vec::<Vec<Block>>::new());
    }
}
