//! Splitting a folded text into tokens.
//!
//! Letters and digits make words. Han, kana, Hangul and scripts without spaces become overlapping pairs of characters, so
//! that any part of at least two is found by its pairs in a row; single characters are extras. What people know by parts is
//! findable by parts: `A-1001` is `a`, `1001` and joined `a1001`; digits inside `NV40718` and the ends of long numbers
//! (`+370 612 34567` by `34567`) are extras.

use super::{Folded, fold_mapped};
use std::collections::BTreeSet;
use unicode_normalization::char::is_combining_mark;

/// A longer token is cut here, in the index and in queries alike.
pub const MAX_TOKEN_CHARS: usize = 48;
/// Tokens in a row that are taken from one text; what a position in PostgreSQL can count is 16,383.
const MAX_STREAM: usize = 12_000;
/// Bytes of tokens that are taken from one text; PostgreSQL takes 1 MiB with all that it adds.
const MAX_BYTES: usize = 400_000;
/// A code of letters and digits is joined up to this length.
const MAX_CODE_CHARS: usize = 32;
/// A number of this many digits, written in parts or not, is findable by its end (E.164 has at most 15).
const NUMBER_DIGITS: std::ops::RangeInclusive<usize> = 7..=20;
/// The shortest end of a number that is findable.
const MIN_END: usize = 4;
/// The shortest row of digits inside a code that is findable by itself.
const MIN_INNER_DIGITS: usize = 2;

/// A token and where it stands in the original text (`start..end`, in characters).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Token {
    /// Letters, digits, marks, Han characters or an emoji; never a space, a quote or a sign.
    pub text: String,
    /// The first character.
    pub start: usize,
    /// Behind the last character.
    pub end: usize,
}

/// What an index keeps of a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tokens {
    /// The words in their order; phrases are looked for here.
    pub stream: Vec<Token>,
    /// Further tokens by which the text is found: parts, joined codes, single characters.
    pub extras: Vec<Token>,
    bytes: usize,
}

impl Tokens {
    /// Splits a text. Of a very long one only the beginning (12,000 words) is taken.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let folded = fold_mapped(text);
        let mut tokens = Self::default();
        let pieces = pieces(&folded);
        for piece in &pieces {
            if !tokens.push_piece(&folded, piece) {
                break;
            }
        }
        for compound in compounds(&folded, &pieces) {
            tokens.push_compound(&folded, &pieces[compound.pieces.clone()], &compound);
        }
        tokens
    }

    /// The extras once each, in order: what an index needs to know of them.
    #[must_use]
    pub fn distinct_extras(&self) -> BTreeSet<&str> {
        self.extras.iter().map(|token| token.text.as_str()).collect()
    }

    /// False when no more is taken.
    fn push_piece(&mut self, folded: &[Folded], piece: &Piece) -> bool {
        let chars = &folded[piece.start..piece.end];
        match piece.kind {
            PieceKind::Word => {
                self.push_stream(token(chars));
                self.push_inner_digits(chars);
            }
            PieceKind::Sign => self.push_stream(token(chars)),
            PieceKind::Dense => {
                // Characters with their marks, as places where one begins.
                let mut begins: Vec<usize> =
                    (0..chars.len()).filter(|place| !is_combining_mark(chars[*place].ch)).collect();
                begins.push(chars.len());
                if let [start, end] = begins[..] {
                    self.push_stream(token(&chars[start..end]));
                }
                for places in begins.windows(3) {
                    self.push_stream(token(&chars[places[0]..places[2]]));
                }
                if begins.len() > 2 {
                    for places in begins.windows(2) {
                        self.push_extra(token(&chars[places[0]..places[1]]));
                    }
                }
            }
        }
        self.stream.len() < MAX_STREAM && self.bytes < MAX_BYTES
    }

    /// `40718` of `NV40718`; the beginning of a word is found anyway.
    fn push_inner_digits(&mut self, chars: &[Folded]) {
        let mut start = 0;
        while start < chars.len() {
            let digits = chars[start..].iter().take_while(|one| one.ch.is_ascii_digit()).count();
            if digits >= MIN_INNER_DIGITS && start > 0 {
                self.push_extra(token(&chars[start..start + digits]));
            }
            start += digits.max(1);
        }
    }

    fn push_compound(&mut self, folded: &[Folded], pieces: &[Piece], compound: &Compound) {
        let chars: Vec<Folded> =
            pieces.iter().flat_map(|piece| folded[piece.start..piece.end].iter().copied()).collect();
        if pieces.len() > 1 {
            self.push_extra(token(&chars));
        }
        if compound.is_number && NUMBER_DIGITS.contains(&chars.len()) {
            for first in 1..=chars.len() - MIN_END {
                self.push_extra(token(&chars[first..]));
            }
        }
    }

    fn push_stream(&mut self, token: Token) {
        self.bytes += token.text.len();
        self.stream.push(token);
    }

    fn push_extra(&mut self, token: Token) {
        if self.bytes < MAX_BYTES {
            self.bytes += token.text.len();
            self.extras.push(token);
        }
    }
}

fn token(chars: &[Folded]) -> Token {
    let chars = &chars[..chars.len().min(MAX_TOKEN_CHARS)];
    Token {
        text: chars.iter().map(|one| one.ch).collect(),
        start: chars.first().map_or(0, |one| one.start),
        end: chars.last().map_or(0, |one| one.end),
    }
}

/// What a row of characters is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PieceKind {
    /// Letters and digits of a script with spaces.
    Word,
    /// Characters of a script without them.
    Dense,
    /// One emoji.
    Sign,
}

/// A row of characters of one kind, as places in the folded text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub kind: PieceKind,
    pub start: usize,
    pub end: usize,
}

/// Cuts a folded text into pieces; what is between them separates.
pub(super) fn pieces(folded: &[Folded]) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for (place, one) in folded.iter().enumerate() {
        let open = pieces.last_mut().filter(|piece| piece.end == place);
        if is_combining_mark(one.ch) {
            // Like the vowels of an Indic word: part of what it stands in, nothing by itself.
            if let Some(piece) = open.filter(|piece| piece.kind != PieceKind::Sign) {
                piece.end = place + 1;
            }
            continue;
        }
        let Some(kind) = kind(one.ch) else { continue };
        match open {
            Some(piece) if piece.kind == kind && kind != PieceKind::Sign => piece.end = place + 1,
            _ => pieces.push(Piece { kind, start: place, end: place + 1 }),
        }
    }
    pieces
}

fn kind(ch: char) -> Option<PieceKind> {
    if ch.is_ascii() {
        return ch.is_ascii_alphanumeric().then_some(PieceKind::Word);
    }
    if matches!(ch, '\u{1f000}'..='\u{1faff}' | '\u{2600}'..='\u{27bf}') {
        return Some(PieceKind::Sign);
    }
    ch.is_alphanumeric().then(|| if is_dense(ch) { PieceKind::Dense } else { PieceKind::Word })
}

/// Thai, Lao, Myanmar, Khmer; Hangul; kana, Bopomofo and Han with their extensions.
fn is_dense(ch: char) -> bool {
    matches!(ch, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{1100}'..='\u{11ff}'
        | '\u{a960}'..='\u{a97f}' | '\u{ac00}'..='\u{d7ff}' | '\u{2e80}'..='\u{31ff}' | '\u{3400}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}' | '\u{1b000}'..='\u{1b16f}' | '\u{20000}'..='\u{3ffff}')
}

/// Words that are one thing: a code (`A-1001`, joined by signs) or a number in parts (`612 34567`, joined by spaces too).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Compound {
    /// Places among the pieces.
    pub pieces: std::ops::Range<usize>,
    /// Digits alone.
    pub is_number: bool,
    /// There are spaces in it.
    pub is_spaced: bool,
}

/// The compounds of a text, which do not overlap; a lone long number is one too.
pub(super) fn compounds(folded: &[Folded], pieces: &[Piece]) -> Vec<Compound> {
    let mut compounds = Vec::new();
    let mut first = 0;
    while first < pieces.len() {
        let compound = number_at(folded, pieces, first).or_else(|| code_at(folded, pieces, first));
        first = compound.as_ref().map_or(first + 1, |compound| compound.pieces.end);
        compounds.extend(compound);
    }
    compounds
}

fn is_digits(folded: &[Folded], piece: &Piece) -> bool {
    folded[piece.start..piece.end].iter().all(|one| one.ch.is_ascii_digit())
}

/// The characters between a piece and the next.
fn between<'f>(folded: &'f [Folded], pieces: &[Piece], place: usize) -> &'f [Folded] {
    pieces.get(place + 1).map_or(&[], |next| &folded[pieces[place].end..next.start])
}

fn number_at(folded: &[Folded], pieces: &[Piece], first: usize) -> Option<Compound> {
    let length = |place: usize| pieces[place].end - pieces[place].start;
    let is_part = |place: usize| pieces.get(place).is_some_and(|piece| is_digits(folded, piece));
    if !is_part(first) {
        return None;
    }
    let (mut end, mut digits, mut is_spaced) = (first + 1, length(first), false);
    while is_part(end) && digits + length(end) <= *NUMBER_DIGITS.end() {
        let gap = between(folded, pieces, end - 1);
        if gap.is_empty() || gap.len() > 2 || !gap.iter().all(|one| matches!(one.ch, ' ' | '-' | '.' | '(' | ')' | '/'))
        {
            break;
        }
        is_spaced |= gap.iter().any(|one| one.ch == ' ');
        digits += length(end);
        end += 1;
    }
    NUMBER_DIGITS.contains(&digits).then_some(Compound { pieces: first..end, is_number: true, is_spaced })
}

fn code_at(folded: &[Folded], pieces: &[Piece], first: usize) -> Option<Compound> {
    let length = |place: usize| pieces[place].end - pieces[place].start;
    let is_word = |place: usize| pieces.get(place).is_some_and(|piece| piece.kind == PieceKind::Word);
    if !is_word(first) {
        return None;
    }
    let (mut end, mut chars) = (first + 1, length(first));
    while is_word(end)
        && matches!(between(folded, pieces, end - 1), [one] if matches!(one.ch, '-' | '_' | '.' | '/' | '–'))
    {
        chars += length(end);
        end += 1;
    }
    let has_digit = || folded[pieces[first].start..pieces[end - 1].end].iter().any(|one| one.ch.is_ascii_digit());
    (end > first + 1 && chars <= MAX_CODE_CHARS && has_digit()).then_some(Compound {
        pieces: first..end,
        is_number: false,
        is_spaced: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(text: &str) -> Vec<String> {
        Tokens::of(text).stream.into_iter().map(|token| token.text).collect()
    }

    fn extras(text: &str) -> Vec<String> {
        Tokens::of(text).distinct_extras().into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn words_are_split_at_signs_and_spaces() {
        assert_eq!(stream("Grąžinti pinigus, prašau!"), ["grazinti", "pinigus", "prasau"]);
        assert_eq!(stream("ada.lovelace@example.com"), ["ada", "lovelace", "example", "com"]);
        assert_eq!(stream("don’t (stop)"), ["don", "t", "stop"]);
        assert_eq!(stream(" \"*:NEAR\0- "), ["near"]);
    }

    #[test]
    fn scripts_without_spaces_become_pairs_and_single_characters() {
        assert_eq!(stream("退款单号 A"), ["退款", "款单", "单号", "a"]);
        assert_eq!(extras("退款单号"), ["单", "号", "款", "退"]);
        assert_eq!(stream("iPhone壳"), ["iphone", "壳"]);
        assert_eq!(stream("退👍👍"), ["退", "👍", "👍"]);
        assert_eq!(stream("हिन्दी भाषा"), ["हिन्दी", "भाषा"], "marks stay inside the word");
    }

    #[test]
    fn codes_are_kept_whole_and_by_parts() {
        assert_eq!(stream("A-1001"), ["a", "1001"]);
        assert_eq!(extras("A-1001"), ["a1001"]);
        assert_eq!(extras("NV40718"), ["40718"]);
        assert_eq!(extras("blue-lamp"), Vec::<String>::new(), "no code without a digit");
    }

    #[test]
    fn numbers_are_found_by_their_ends_however_they_are_written() {
        for text in ["+370 612 34567", "+37061234567", "(370) 612-34567"] {
            let tokens = Tokens::of(text);
            let all: BTreeSet<&str> = tokens.stream.iter().chain(&tokens.extras).map(|one| one.text.as_str()).collect();
            assert!(
                ["37061234567", "61234567", "34567", "4567"].iter().all(|end| all.contains(end)),
                "{text}: {all:?}"
            );
        }
    }

    #[test]
    fn tokens_know_where_they_stand() {
        let tokens = Tokens::of("Straße 退款");
        let places: Vec<(usize, usize)> = tokens.stream.iter().map(|token| (token.start, token.end)).collect();
        assert_eq!(places, [(0, 6), (7, 9)]);
    }

    #[test]
    fn what_is_taken_of_a_text_is_bounded() {
        let long = Tokens::of(&"ü".repeat(500));
        assert_eq!(long.stream[0].text.chars().count(), MAX_TOKEN_CHARS);
        let many = Tokens::of(&"退款 word 1234567890 ".repeat(20_000));
        assert!(many.stream.len() <= MAX_STREAM + 1 && many.bytes <= MAX_BYTES + 400, "{}", many.bytes);
    }
}
