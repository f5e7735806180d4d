//! Long text, cut where it hurts least.

/// Pieces of at most `most` characters, none blank. Cut after a paragraph, else a line, else a sentence, else a word; inside a word only when it
/// alone is too long. White space at a cut is dropped, nothing else.
pub(crate) fn pieces(text: &str, most: usize) -> Vec<String> {
    let most = most.max(1);
    let mut pieces = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let end = cut(rest, most);
        pieces.push(rest[..end].trim_end().to_owned());
        rest = rest[end..].trim_start();
    }
    pieces
}

/// Where the first piece of `text` ends, in bytes.
fn cut(text: &str, most: usize) -> usize {
    let Some((limit, next)) = text.char_indices().nth(most) else { return text.len() };
    let head = &text[..limit];
    // A cut that leaves less than half is worse than one at a lesser place.
    let half = head.char_indices().nth(most / 2).map_or(0, |(place, _)| place);
    let after = |mark: &str| head.rfind(mark).map(|place| place + mark.len()).filter(|place| *place > half);
    let sentence = || ["。", "！", "？", ". ", "! ", "? "].into_iter().filter_map(after).max();
    let word = || {
        if next.is_whitespace() {
            return Some(limit);
        }
        head.char_indices().rev().find(|(_, letter)| letter.is_whitespace()).map(|(place, _)| place)
    };
    after("\n\n").or_else(|| after("\n")).or_else(sentence).or_else(word).filter(|place| *place > 0).unwrap_or(limit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn cuts_are_where_a_reader_pauses() {
        assert_eq!(pieces("one two three", 100), ["one two three"]);
        assert_eq!(pieces("first part.\n\nsecond part", 16), ["first part.", "second part"]);
        assert_eq!(pieces("It is here. It is there too", 20), ["It is here.", "It is there too"]);
        assert_eq!(pieces("one two three", 8), ["one two", "three"]);
        assert_eq!(pieces("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(pieces("你好。再见吧", 4), ["你好。", "再见吧"]);
        assert_eq!(pieces(" \n ", 3), Vec::<String>::new());
    }

    proptest! {
        #[test]
        fn every_piece_fits_and_only_white_space_goes(text in "[a-c .\n\u{e4}\u{1f44b}]{0,80}", most in 1_usize..20) {
            let pieces = pieces(&text, most);
            for piece in &pieces {
                prop_assert!(piece.chars().count() <= most && !piece.trim().is_empty());
            }
            let letters = |text: &str| text.chars().filter(|letter| !letter.is_whitespace()).collect::<String>();
            prop_assert_eq!(letters(&pieces.concat()), letters(&text));
        }
    }
}
