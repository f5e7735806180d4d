//! The tokens of a document and the clauses of a query, as the two engines read them.
//!
//! Tokens hold letters, digits, marks and emoji alone, so nothing in them can be syntax of either engine. What narrows a
//! search (kind, workspace, identity, age) is a token too, begun by a character of the private use area, which no text's token
//! holds: both engines then cut the lists of what is asked for against each other, instead of fetching rows to look at them.

use model::{
    IdentityId,
    fold::{Clause, Phrase, Query, Tokens},
    id::encode_base32,
    search::SearchKind,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::{Display, Write},
};

/// Begins the token of a kind in a workspace.
const KIND: char = '\u{e000}';
/// Begins the token of an identity.
const IDENTITY: char = '\u{e001}';

/// Begins the token of a block of ids.
const BLOCK: char = '\u{e002}';

/// Begins the token of a beginning of two characters.
const BEGINNING: char = '\u{e003}';

/// The token of what begins with two characters; `None` for a token that has no more than these.
fn beginning_token(token: &str) -> Option<String> {
    let (end, _) = token.char_indices().nth(2)?;
    Some(format!("{BEGINNING}{}", &token[..end]))
}

/// The token of a block of `2^size` ids.
pub(super) fn block_token(size: u32, block: i64) -> String {
    format!("{BLOCK}{size}i{block}")
}

/// The token of a kind within a workspace, given the workspace's number.
pub(super) fn kind_token(kind: SearchKind, number: i64) -> String {
    format!("{KIND}{}{number}", kind.as_str())
}

/// The token of what belongs to an identity.
pub(super) fn identity_token(id: IdentityId) -> String {
    format!("{IDENTITY}{}", encode_base32(id.0))
}

/// A document's tokens for FTS5: the columns `stream` and `extras`.
pub(super) fn sqlite_document(tokens: &Tokens, scope: &[String]) -> (String, String) {
    let stream: Vec<&str> = tokens.stream.iter().map(|token| token.text.as_str()).collect();
    let extras = tokens.distinct_extras();
    let extras: Vec<&str> = extras.into_iter().chain(scope.iter().map(String::as_str)).collect();
    (stream.join(" "), extras.join(" "))
}

/// A document's tokens for PostgreSQL: the stream as `'token':1,5 …` and the extras, which have no place in it.
pub(super) fn postgres_document(tokens: &Tokens, scope: &[String]) -> (String, String) {
    let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (place, token) in tokens.stream.iter().enumerate() {
        places.entry(&token.text).or_default().push(place + 1);
    }
    let mut stream = String::new();
    for (token, places) in places {
        let places: Vec<String> = places.iter().map(ToString::to_string).collect();
        // Writing to a string cannot fail.
        let _ = write!(stream, "'{token}':{} ", places.join(","));
    }
    let extras = tokens.distinct_extras();
    // So much begins with two characters that joining the words' lists would take long; FTS5 does the same by its option
    // `prefix`.
    let beginnings: BTreeSet<String> =
        tokens.stream.iter().chain(&tokens.extras).filter_map(|token| beginning_token(&token.text)).collect();
    let extras: Vec<String> = extras
        .into_iter()
        .chain(scope.iter().map(String::as_str))
        .chain(beginnings.iter().map(String::as_str))
        .map(|token| format!("'{token}'"))
        .collect();
    (stream, extras.join(" "))
}

fn joined<T: Display>(parts: impl Iterator<Item = T>, between: &str) -> String {
    let parts: Vec<String> = parts.map(|part| part.to_string()).collect();
    parts.join(between)
}

/// A query for FTS5's MATCH. Rows of tokens are looked for in the stream alone.
pub(super) fn sqlite_match(query: &Query, scopes: &[Vec<String>]) -> String {
    let phrase = |phrase: &Phrase| {
        let column = if phrase.tokens.len() > 1 { "stream : " } else { "" };
        let star = if phrase.prefix { " *" } else { "" };
        format!("{column}\"{}\"{star}", phrase.tokens.join(" "))
    };
    let clause = |clause: &Clause| format!("({})", joined(clause.any.iter().map(phrase), " OR "));
    let scope =
        |tokens: &Vec<String>| format!("({})", joined(tokens.iter().map(|token| format!("\"{token}\"")), " OR "));
    joined(query.clauses.iter().map(clause).chain(scopes.iter().map(scope)), " AND ")
}

/// A query as PostgreSQL's tsquery.
pub(super) fn postgres_match(query: &Query, scopes: &[Vec<String>]) -> String {
    let phrase = |phrase: &Phrase| {
        if let [token] = &phrase.tokens[..]
            && phrase.prefix
            && token.chars().count() == 2
        {
            return format!("'{token}' | '{BEGINNING}{token}'");
        }
        let star = if phrase.prefix { ":*" } else { "" };
        format!("{}{star}", joined(phrase.tokens.iter().map(|token| format!("'{token}'")), " <-> "))
    };
    let clause = |clause: &Clause| format!("({})", joined(clause.any.iter().map(phrase), " | "));
    let scope = |tokens: &Vec<String>| format!("({})", joined(tokens.iter().map(|token| format!("'{token}'")), " | "));
    joined(query.clauses.iter().map(clause).chain(scopes.iter().map(scope)), " & ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_written_for_both_engines() {
        let query = Query::parse("\"blue lamp\" A-10").unwrap();
        let scopes = [vec![kind_token(SearchKind::Note, 3)]];
        assert_eq!(
            sqlite_match(&query, &scopes),
            "(stream : \"blue lamp\") AND (stream : \"a 10\" * OR \"a10\" *) AND (\"\u{e000}note3\")"
        );
        assert_eq!(
            postgres_match(&query, &scopes),
            "('blue' <-> 'lamp') & ('a' <-> '10':* | 'a10':*) & ('\u{e000}note3')"
        );
        assert_eq!(postgres_match(&Query::parse("la").unwrap(), &[]), "('la' | '\u{e003}la')");
    }

    #[test]
    fn a_document_is_written_for_both_engines() {
        let tokens = Tokens::of("lamp A-1 lamp");
        let scope = [identity_token(IdentityId(5))];
        assert_eq!(sqlite_document(&tokens, &scope), ("lamp a 1 lamp".into(), "a1 \u{e001}0000000000005".into()));
        let (stream, extras) = postgres_document(&tokens, &scope);
        assert_eq!(
            (stream.as_str(), extras.as_str()),
            ("'1':3 'a':2 'lamp':1,4 ", "'a1' '\u{e001}0000000000005' '\u{e003}la'")
        );
    }
}
