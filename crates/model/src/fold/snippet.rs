//! The part of a text where a query stands.

use super::{Query, Tokens};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The most characters of a snippet.
pub const MAX_SNIPPET_CHARS: usize = 160;
/// Characters kept in front of the first match.
const LEAD: usize = 32;

/// A piece of a text with the matching parts marked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Snippet {
    /// At most 160 characters on one line, with `…` where it was cut.
    #[schema(max_length = 160)]
    pub text: String,
    /// The matching parts in order: `[start, end)`, counted in characters (Unicode scalar values, not UTF-16 units) of `text`.
    pub highlights: Vec<[u32; 2]>,
}

impl Query {
    /// The part of a text where this stands; `None` when the text does not match.
    #[must_use]
    pub fn snippet(&self, text: &str) -> Option<Snippet> {
        let tokens = Tokens::of(text);
        if !self.matches(&tokens) {
            return None;
        }
        let mut ranges: Vec<(usize, usize)> =
            self.clauses.iter().flat_map(|clause| clause.any.iter().flat_map(|phrase| phrase.find(&tokens))).collect();
        ranges.sort_unstable();
        let chars: Vec<char> =
            text.chars().map(|ch| if ch.is_whitespace() || ch.is_control() { ' ' } else { ch }).collect();
        let (start, end) = window(&chars, ranges.first().map_or(0, |range| range.0));
        let mut cut = String::new();
        if start > 0 {
            cut.push('…');
        }
        // Where the window's first character stands in the snippet.
        let shift = usize::from(start > 0);
        cut.extend(&chars[start..end]);
        if end < chars.len() {
            cut.push('…');
        }
        let mut highlights: Vec<[u32; 2]> = Vec::new();
        for (from, to) in ranges {
            let (from, to) = (from.max(start), to.min(end));
            if from >= to {
                continue;
            }
            let place = |at: usize| u32::try_from(at - start + shift).unwrap_or(u32::MAX);
            match highlights.last_mut() {
                Some(last) if place(from) <= last[1] => last[1] = last[1].max(place(to)),
                _ => highlights.push([place(from), place(to)]),
            }
        }
        Some(Snippet { text: cut, highlights })
    }
}

/// The characters to show, beginning at a word near the first match.
fn window(chars: &[char], first: usize) -> (usize, usize) {
    if chars.len() <= MAX_SNIPPET_CHARS {
        return (0, chars.len());
    }
    // Room for the two signs that say where it was cut.
    let room = MAX_SNIPPET_CHARS - 2;
    let earliest = first.saturating_sub(LEAD);
    let start = if earliest == 0 {
        0
    } else {
        chars[earliest..first].iter().position(|ch| *ch == ' ').map_or(earliest, |space| earliest + space + 1)
    };
    let start = start.min(chars.len() - room);
    (start, (start + room).min(chars.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn marked(query: &str, text: &str) -> String {
        let snippet = Query::parse(query).unwrap().snippet(text).unwrap();
        let chars: Vec<char> = snippet.text.chars().collect();
        let mut out = String::new();
        for (place, ch) in chars.iter().enumerate() {
            if snippet.highlights.iter().any(|[start, _]| *start as usize == place) {
                out.push('[');
            }
            out.push(*ch);
            if snippet.highlights.iter().any(|[_, end]| *end as usize == place + 1) {
                out.push(']');
            }
        }
        out
    }

    #[test]
    fn what_matches_is_marked_in_the_original_words() {
        assert_eq!(marked("grazinti pin", "Noriu\ngrąžinti pinigus 👍"), "Noriu [grąžinti] [pinigus] 👍");
        assert_eq!(marked("退款单", "👍退款单号"), "👍[退款单]号");
        assert_eq!(marked("a-1001", "Order A-1001?"), "Order [A-1001]?");
        assert_eq!(marked("34567", "+370 612 34567"), "+370 612 [34567]");
    }

    #[test]
    fn a_long_text_is_cut_around_the_first_match() {
        let text = format!("{}needle {}", "hay ".repeat(100), "straw ".repeat(100));
        let snippet = Query::parse("needle").unwrap().snippet(&text).unwrap();
        assert!(snippet.text.starts_with("…hay") && snippet.text.ends_with('…'), "{}", snippet.text);
        assert_eq!(snippet.text.chars().count(), MAX_SNIPPET_CHARS);
        let [start, end] = snippet.highlights[0];
        let shown: String = snippet.text.chars().skip(start as usize).take((end - start) as usize).collect();
        assert_eq!(shown, "needle");
        assert_eq!(Query::parse("pin").unwrap().snippet(&text), None);
    }

    proptest! {
        #[test]
        fn marks_are_inside_the_snippet_and_in_order(text in any::<String>(), place in 0_usize..50) {
            let tokens = Tokens::of(&text);
            let Some(token) = tokens.stream.get(place) else { return Ok(()) };
            let snippet = Query::parse(&token.text).unwrap().snippet(&text).unwrap();
            let length = snippet.text.chars().count();
            prop_assert!(length <= MAX_SNIPPET_CHARS && !snippet.highlights.is_empty());
            let mut before = 0;
            for [start, end] in snippet.highlights {
                prop_assert!(before <= start && start < end && end as usize <= length);
                before = end;
            }
        }
    }
}
