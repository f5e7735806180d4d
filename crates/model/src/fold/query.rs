//! What somebody looks for, read by the rules of the index.

use super::{
    Folded, Token, Tokens, fold_mapped,
    tokens::{Piece, PieceKind, compounds, pieces},
};

/// The most characters of a query.
pub const MAX_QUERY_CHARS: usize = 200;
/// The most words of a query.
pub const MAX_QUERY_CLAUSES: usize = 16;
/// A beginning of fewer characters is looked for as a whole word: too much begins with one letter.
const MIN_PREFIX_CHARS: usize = 2;

/// Tokens in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phrase {
    /// The tokens; several stand next to each other in the stream, one may be an extra too.
    pub tokens: Vec<String>,
    /// The last token is the beginning of a word.
    pub prefix: bool,
}

/// One thing that must be there, in one of several spellings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// The spellings; at least one.
    pub any: Vec<Phrase>,
}

/// What is looked for: every clause must match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The clauses; at least one.
    pub clauses: Vec<Clause>,
}

/// Why a text is no query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// Nothing in it can be found: no letter, digit or emoji.
    #[error("write at least one letter or digit")]
    Empty,
    /// More characters than a query may have.
    #[error("write at most {MAX_QUERY_CHARS} characters")]
    TooLong,
    /// More words than a query may have.
    #[error("write at most {MAX_QUERY_CLAUSES} words")]
    TooManyWords,
}

impl Query {
    /// Reads what somebody typed. Each word must be there, the last one as the beginning of a word; words in quotes stand
    /// together. Signs mean nothing: there is no syntax to get wrong.
    ///
    /// # Errors
    /// When it is empty or too long.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        if text.chars().count() > MAX_QUERY_CHARS {
            return Err(QueryError::TooLong);
        }
        let parts: Vec<&str> = text.split(['"', '“', '”', '„', '«', '»', '「', '」']).collect();
        let mut clauses = Vec::new();
        for (place, part) in parts.iter().enumerate() {
            let folded = fold_mapped(part);
            let is_quoted = place % 2 == 1;
            let is_last = parts[place + 1..].iter().all(|rest| rest.trim().is_empty());
            // A quotation without its end is still being typed.
            let is_open = is_last && (!is_quoted || place + 1 == parts.len());
            let new = if is_quoted { phrases(&folded) } else { words(&folded) };
            let is_open = is_open && !new.is_empty();
            clauses.extend(new);
            if is_open && let Some(last) = clauses.last_mut() {
                allow_prefix(last);
            }
        }
        match clauses.len() {
            0 => Err(QueryError::Empty),
            1..=MAX_QUERY_CLAUSES => Ok(Self { clauses }),
            _ => Err(QueryError::TooManyWords),
        }
    }

    /// Whether tokens have to stand in a row: an index of words alone cannot tell that.
    #[must_use]
    pub fn has_phrase(&self) -> bool {
        self.clauses.iter().flat_map(|clause| &clause.any).any(|phrase| phrase.tokens.len() > 1)
    }

    /// Whether a text is found.
    #[must_use]
    pub fn matches(&self, tokens: &Tokens) -> bool {
        self.clauses.iter().all(|clause| clause.any.iter().any(|phrase| !phrase.find(tokens).is_empty()))
    }
}

impl Phrase {
    fn new(tokens: Vec<String>) -> Self {
        Self { tokens, prefix: false }
    }

    /// The characters of the original text where it stands (`start..end`), each place where it does.
    pub(super) fn find(&self, tokens: &Tokens) -> Vec<(usize, usize)> {
        let is_last = |place: usize| place + 1 == self.tokens.len();
        let fits = |place: usize, token: &Token| {
            let wanted = &self.tokens[place];
            token.text == *wanted || (self.prefix && is_last(place) && token.text.starts_with(wanted.as_str()))
        };
        let length = self.tokens.len();
        let mut found: Vec<(usize, usize)> = tokens
            .stream
            .windows(length)
            .filter(|window| window.iter().enumerate().all(|(place, token)| fits(place, token)))
            .map(|window| (window[0].start, window[length - 1].end))
            .collect();
        if length == 1 {
            found.extend(tokens.extras.iter().filter(|token| fits(0, token)).map(|token| (token.start, token.end)));
        }
        found
    }
}

fn allow_prefix(clause: &mut Clause) {
    for phrase in &mut clause.any {
        phrase.prefix = phrase
            .tokens
            .last()
            .is_some_and(|token| token.chars().count() >= MIN_PREFIX_CHARS && token.chars().any(is_spelt));
    }
}

/// Pairs of Han characters are whole: nothing is indexed that is longer and begins with them.
fn is_spelt(ch: char) -> bool {
    let text = [Folded { ch, start: 0, end: 1 }];
    pieces(&text).first().is_some_and(|piece| piece.kind == PieceKind::Word)
}

/// The tokens that some pieces give in the stream.
fn stream(folded: &[Folded], pieces: &[Piece]) -> Vec<String> {
    let (Some(first), Some(last)) = (pieces.first(), pieces.last()) else { return Vec::new() };
    let text: String = folded[first.start..last.end].iter().map(|one| one.ch).collect();
    Tokens::of(&text).stream.into_iter().map(|token| token.text).collect()
}

/// Words of a quotation: a phrase for each row of words, since pairs of Han characters do not reach over the border.
fn phrases(folded: &[Folded]) -> Vec<Clause> {
    let pieces = pieces(folded);
    pieces
        .chunk_by(|one, next| one.kind != PieceKind::Dense && next.kind != PieceKind::Dense)
        .map(|row| Clause { any: vec![Phrase::new(stream(folded, row))] })
        .collect()
}

/// Each word is a clause; one with signs in it (`ada@example.com`) is a phrase, codes and numbers may be written otherwise.
fn words(folded: &[Folded]) -> Vec<Clause> {
    let pieces = pieces(folded);
    let compounds = compounds(folded, &pieces);
    let mut clauses = Vec::new();
    let mut first = 0;
    while first < pieces.len() {
        if let Some(compound) = compounds.iter().find(|compound| compound.pieces.start == first) {
            let parts = &pieces[compound.pieces.clone()];
            let joined: String =
                parts.iter().flat_map(|piece| folded[piece.start..piece.end].iter().map(|one| one.ch)).collect();
            let joined = Phrase::new(vec![joined]);
            if compound.is_spaced {
                // Two numbers beside each other may be two things, or one in parts.
                for part in parts {
                    let alone = Phrase::new(stream(folded, std::slice::from_ref(part)));
                    clauses.push(Clause { any: vec![alone, joined.clone()] });
                }
            } else if parts.len() > 1 {
                clauses.push(Clause { any: vec![Phrase::new(stream(folded, parts)), joined] });
            } else {
                clauses.push(Clause { any: vec![joined] });
            }
            first = compound.pieces.end;
            continue;
        }
        let mut end = first + 1;
        while end < pieces.len()
            && pieces[first].kind != PieceKind::Dense
            && pieces[end].kind != PieceKind::Dense
            && !compounds.iter().any(|compound| compound.pieces.start == end)
            && !folded[pieces[end - 1].end..pieces[end].start].iter().any(|one| one.ch.is_whitespace())
        {
            end += 1;
        }
        clauses.push(Clause { any: vec![Phrase::new(stream(folded, &pieces[first..end]))] });
        first = end;
    }
    clauses
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(query: &str, text: &str) -> bool {
        Query::parse(query).unwrap().matches(&Tokens::of(text))
    }

    #[test]
    fn words_are_found_without_their_marks_and_by_their_beginning() {
        let text = "Labas, noriu grąžinti pinigus už užsakymą A-1001. Rašykite ada.lovelace@example.com";
        for query in [
            "grazinti",
            "GRĄŽ",
            "pinig",
            "grąžinti pinigus",
            "uzsakyma a-10",
            "a-1001",
            "A1001",
            "1001",
            "#1001",
            "ada.lovelace@example.com",
            "lovelace",
            "example.com",
            "ada.love",
            "@example",
            "\"noriu grazinti\"",
            "pinigus labas",
            "a–1001",
        ] {
            assert!(found(query, text), "{query}");
        }
        for query in ["grazinta", "igus", "pinig labas", "\"grazinti noriu\"", "lovelace ada.example", "a-2001", "001"]
        {
            assert!(!found(query, text), "{query}");
        }
    }

    #[test]
    fn numbers_are_found_however_they_are_written() {
        for text in ["+370 612 34567", "tel. +37061234567!", "(370) 612-34567"] {
            for query in ["+37061234567", "370 612 34567", "61234567", "612 34567", "34567", "4567", "6123", "612-345"]
            {
                assert!(found(query, text), "{query} in {text}");
            }
            assert!(!found("61234568", text));
        }
        assert!(found("1001 2002", "first 2002, then 1001"), "two numbers are two words");
    }

    #[test]
    fn han_characters_are_found_in_a_row() {
        let text = "您好，退款单号是A-1001，已签收但没有收到包裹。iPhone壳";
        for query in ["退", "退款", "款单号", "退款单号是", "退款 包裹", "\"没有收到\"", "iphone壳", "号是A-1001", "壳"]
        {
            assert!(found(query, text), "{query}");
        }
        for query in ["退单", "单退", "包款", "收到退款", "没收"] {
            assert!(!found(query, text), "{query}");
        }
        assert!(found("退貨", "我想退貨👍"), "traditional");
        assert!(found("👍🏽", "我想退貨👍"));
        assert!(found("カラー", "ｶﾗｰは？"));
    }

    #[test]
    fn quotations_stand_together_and_only_an_open_one_is_a_beginning() {
        assert!(found("\"blue lamp\"", "the blue lamp"));
        assert!(!found("\"blue lam\"", "the blue lamp"));
        assert!(found("\"blue lam", "the blue lamp"), "still being typed");
        assert!(found("„blue lamp“ wind", "the blue lamp from your window"));
        assert!(!found("\"lamp blue\"", "the blue lamp"));
        assert!(found("\"很好 blue\"", "质量很好 blue"));
    }

    #[test]
    fn there_is_no_syntax_to_get_wrong() {
        for query in ["\"", "*", ":", "\"\"", "  ", "-", "^(", "😀\u{fe0f}", "\0"] {
            let parsed = Query::parse(query);
            assert!(parsed == Err(QueryError::Empty) || query.starts_with('😀'), "{query}: {parsed:?}");
        }
        for query in ["NEAR(a b)", "a AND b", "tokens:b", "b*", "a NOT", "'b':*", "a | b", "b' & '"] {
            let _ = found(query, "near a and b");
        }
        assert!(found("NEAR(a b)", "near a b") && !found("NEAR(a b)", "a b"));
        assert_eq!(Query::parse(&"a".repeat(201)), Err(QueryError::TooLong));
        assert_eq!(Query::parse(&"ab ".repeat(17)), Err(QueryError::TooManyWords));
    }

    fn texts() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<String>(),
            "[a-zA-Z0-9ąčęėįšųūžłß退款单号签收カガ한글👍 .,@_/+()\"'*:-]{0,60}",
            "([A-Z]{1,3}-?[0-9]{1,9}|[0-9 -]{3,16}|[退款单号签收]{1,6}|[a-zą-ž]{1,9})( ([A-Z]-?[0-9]{3,9}|[退款]{1,3})){0,4}",
        ]
    }

    proptest! {
        #[test]
        fn every_token_of_a_text_finds_it(text in texts()) {
            let tokens = Tokens::of(&text);
            for token in tokens.stream.iter().chain(&tokens.extras) {
                let query = Query::parse(&token.text);
                prop_assert!(query.as_ref().is_ok_and(|query| query.matches(&tokens)), "{:?}: {:?} in {:?}", token, query, tokens);
            }
        }

        #[test]
        fn a_short_text_finds_itself(text in texts()) {
            if let Ok(query) = Query::parse(&text) {
                let tokens = Tokens::of(&text);
                prop_assert!(query.matches(&tokens), "{:?} in {:?}", query, tokens);
            }
        }

        #[test]
        fn splitting_what_is_split_changes_nothing(text in texts()) {
            let once: Vec<String> = Tokens::of(&text).stream.into_iter().map(|token| token.text).collect();
            let words: Vec<&String> = once.iter().filter(|token| token.chars().all(is_spelt)).collect();
            for word in words {
                let again: Vec<String> = Tokens::of(word).stream.into_iter().map(|token| token.text).collect();
                prop_assert_eq!(&again, std::slice::from_ref(word));
            }
        }

        #[test]
        fn any_query_is_read_or_refused(text in any::<String>()) {
            if let Ok(query) = Query::parse(&text) {
                for phrase in query.clauses.iter().flat_map(|clause| &clause.any) {
                    prop_assert!(!phrase.tokens.is_empty());
                    prop_assert!(phrase.tokens.iter().all(|token| !token.is_empty() && !token.contains([' ', '"', '\'', '\\'])));
                }
            }
        }
    }
}
