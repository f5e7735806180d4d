//! Folding text for search: what is written differently and means the same becomes the same.
//!
//! [`fold`] gives the folded text, [`Tokens::of`] splits it into the tokens that an index keeps, [`Query::parse`] reads what
//! somebody looks for with the same rules, and [`Query::snippet`] shows where it stands. Both database engines index these
//! tokens and nothing of their own, so they find the same; whatever ranks texts in memory uses the same functions.
//!
//! The rules: compatibility forms are one (Unicode NFKC: `Ａ`, `ﬁ`, `①`), case is gone, Latin and Greek letters lose their
//! marks (`ž` is `z`, `ł` is `l`), `ё` is `е`, Arabic and Hebrew lose their vowel points. Other marks stay: in `が` or `й`
//! they make another letter. What has no width is dropped. There is no stemming: languages that bend their words (lt, lv,
//! pl) are served by matching beginnings.

mod query;
mod snippet;
mod tokens;

pub use query::{Clause, MAX_QUERY_CHARS, MAX_QUERY_CLAUSES, Phrase, Query, QueryError};
pub use snippet::{MAX_SNIPPET_CHARS, Snippet};
pub use tokens::{MAX_TOKEN_CHARS, Token, Tokens};

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// A folded character and the characters of the original text that it stands for (`start..end`, counted in characters).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Folded {
    pub ch: char,
    pub start: usize,
    pub end: usize,
}

/// Passes until nothing changes; texts that people write need two.
const MAX_PASSES: usize = 8;

/// The text as it is compared: see the module. Folding what is folded changes nothing.
#[must_use]
pub fn fold(text: &str) -> String {
    fold_mapped(text).iter().map(|folded| folded.ch).collect()
}

pub(crate) fn fold_mapped(text: &str) -> Vec<Folded> {
    let original = text.chars().enumerate().map(|(place, ch)| Folded { ch, start: place, end: place + 1 });
    if text.is_ascii() {
        return original.map(|one| Folded { ch: one.ch.to_ascii_lowercase(), ..one }).collect();
    }
    let mut folded: Vec<Folded> = original.collect();
    for _ in 0..MAX_PASSES {
        let next = pass(&folded);
        if next.len() == folded.len() && next.iter().zip(&folded).all(|(new, old)| new.ch == old.ch) {
            break;
        }
        folded = next;
    }
    folded
}

/// Folds each cluster (a character and what is written onto it) once.
fn pass(text: &[Folded]) -> Vec<Folded> {
    let mut out = Vec::with_capacity(text.len());
    let mut first = 0;
    while first < text.len() {
        let mut next = first + 1;
        while next < text.len() && joins_the_one_before(text[next].ch) {
            next += 1;
        }
        let cluster = &text[first..next];
        let (start, end) = (cluster[0].start, cluster[cluster.len() - 1].end);
        if let [one] = cluster
            && one.ch.is_ascii()
        {
            out.push(Folded { ch: one.ch.to_ascii_lowercase(), ..*one });
        } else {
            let folded = fold_cluster(cluster.iter().map(|one| one.ch));
            out.extend(folded.nfc().map(|ch| Folded { ch, start, end }));
        }
        first = next;
    }
    out
}

fn fold_cluster(cluster: impl Iterator<Item = char>) -> String {
    let mut folded = String::new();
    let mut base = None;
    for ch in cluster.nfkd().flat_map(char::to_lowercase).nfkd() {
        if is_ignorable(ch) || is_vowel_point(ch) {
            continue;
        }
        if is_combining_mark(ch) {
            let kept = match base {
                Some('е') => ch != '\u{308}',
                Some(base) => is_letter_with_marks(base),
                // A mark on nothing.
                None => false,
            };
            if kept {
                folded.push(ch);
            }
            continue;
        }
        base = Some(ch);
        match plain(ch) {
            Some(letters) => folded.push_str(letters),
            None => folded.push(ch),
        }
    }
    folded
}

/// Marks, and the vowels and endings of Korean syllables: they are part of what stands before them.
fn joins_the_one_before(ch: char) -> bool {
    !ch.is_ascii()
        && (is_combining_mark(ch) || matches!(ch, '\u{1160}'..='\u{11ff}' | '\u{d7b0}'..='\u{d7ff}' | 'ﾞ' | 'ﾟ'))
}

/// Scripts where a mark makes another letter. Latin, Greek, digits and signs lose theirs.
fn is_letter_with_marks(base: char) -> bool {
    base.is_alphabetic()
        && !matches!(base, 'a'..='z' | '\u{c0}'..='\u{24f}' | '\u{250}'..='\u{2af}' | '\u{370}'..='\u{3ff}'
            | '\u{1e00}'..='\u{1fff}' | '\u{2c60}'..='\u{2c7f}' | '\u{a720}'..='\u{a7ff}')
}

/// Letters that Unicode does not take apart and people type without their stroke.
fn plain(ch: char) -> Option<&'static str> {
    Some(match ch {
        'ł' => "l",
        'ø' => "o",
        'đ' | 'ð' => "d",
        'ħ' => "h",
        'ŧ' => "t",
        'ı' => "i",
        'æ' => "ae",
        'œ' => "oe",
        'ß' => "ss",
        'þ' => "th",
        'ς' => "σ",
        _ => return None,
    })
}

/// Vowel points and lengthening strokes, which people leave out when they type.
fn is_vowel_point(ch: char) -> bool {
    matches!(ch, '\u{591}'..='\u{5bd}' | '\u{5bf}' | '\u{5c1}'..='\u{5c2}' | '\u{5c4}'..='\u{5c5}' | '\u{5c7}'
        | '\u{640}' | '\u{64b}'..='\u{652}' | '\u{670}')
}

/// What has no width or only changes the look of what stands before it: joiners, directions, variations, skin tones.
fn is_ignorable(ch: char) -> bool {
    matches!(ch, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}'
        | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_means_the_same_is_the_same() {
        for (text, folded) in [
            ("ĄČĘĖĮŠŲŪŽ", "aceeisuuz"),
            ("āčēģīķļņšūž", "acegiklnsuz"),
            ("Zażółć gęślą jaźń", "zazolc gesla jazn"),
            ("STRASSE Straße", "strasse strasse"),
            ("Ἀθήνας", "αθηνασ"),
            ("Ёлка и Йод", "елка и йод"),
            ("ﬁｎｅ ① Ａ", "fine 1 a"),
            ("so\u{ad}ft \u{feff}z\u{200d}w", "soft zw"),
            ("がぎ ｶﾞ カ\u{3099}", "がぎ ガ ガ"),
            ("한글 한글", "한글 한글"),
            ("👍🏽 1\u{fe0f}\u{20e3}", "👍 1"),
            ("مُحَمَّد שָׁלוֹם", "محمد שלום"),
            ("İstanbul ISPARTA ısı", "istanbul isparta isi"),
            ("退款單號", "退款單號"),
        ] {
            assert_eq!(fold(text), folded, "{text}");
        }
    }

    #[test]
    fn each_folded_character_knows_where_it_comes_from() {
        let mapped = fold_mapped("aßže\u{301}");
        let places: Vec<(char, usize, usize)> = mapped.iter().map(|one| (one.ch, one.start, one.end)).collect();
        assert_eq!(places, [('a', 0, 1), ('s', 1, 2), ('s', 1, 2), ('z', 2, 3), ('e', 3, 5)]);
    }

    proptest! {
        #[test]
        fn folding_again_changes_nothing(text in any::<String>()) {
            let once = fold(&text);
            prop_assert_eq!(&fold(&once), &once);
        }

        #[test]
        fn composed_or_not_is_the_same(text in "[a-zA-ZąčęėįšųūžĀČĒłóŚ가-힣ガ-ゴ ]{0,40}") {
            prop_assert_eq!(fold(&text.nfd().collect::<String>()), fold(&text.nfc().collect::<String>()));
        }

        #[test]
        fn every_place_is_inside_the_text(text in any::<String>()) {
            let length = text.chars().count();
            for one in fold_mapped(&text) {
                prop_assert!(one.start < one.end && one.end <= length);
            }
        }
    }
}
