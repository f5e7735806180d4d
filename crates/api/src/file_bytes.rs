//! The bytes of files at their signed addresses, so that nothing of a customer's ever runs as if it were ours.
//!
//! The type is ours to tell, from a list of what browsers decode and never run; everything else is saved and not shown.
//! A policy without any right holds even for what a browser makes of it against its word.

use crate::problem::Problem;
use axum::{
    body::Body,
    extract::{Path, Query, State, rejection::PathRejection, rejection::QueryRejection},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use http_range_header::parse_range_header;
use model::file::{Serving, serving};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use service::{
    Services, files,
    files::{OpenedFile, SignedAddress},
};
use std::ops::Range;

/// What is written as it is in `filename*` (RFC 8187, attr-char).
const ATTRIBUTE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What stands behind the question mark of a file's address.
#[derive(Deserialize)]
pub(crate) struct Proof {
    expires: i64,
    signature: String,
}

/// Serves a file, or the part of it that is asked for.
pub(crate) async fn serve_file(
    State(services): State<Services>,
    method: Method,
    path: Result<Path<Vec<(String, String)>>, PathRejection>,
    proof: Result<Query<Proof>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Path(parts) = path.map_err(|_| Problem::not_found())?;
    let id = parts.first().and_then(|(_, id)| id.parse().ok()).ok_or_else(Problem::not_found)?;
    let Query(Proof { expires, signature }) =
        proof.map_err(|_| Problem::forbidden("this address of a file is not whole"))?;
    let opened = files::open_file(&services, &SignedAddress { id, expires, signature }).await?;
    answer(&opened, &method, &headers).await
}

async fn answer(opened: &OpenedFile, method: &Method, asked: &HeaderMap) -> Result<Response, Problem> {
    let tag = format!("\"{}\"", opened.file.sha256);
    let mut headers = headers(opened, &tag)?;
    if names(asked, &header::IF_NONE_MATCH, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    let size = u64::try_from(opened.file.size).unwrap_or_default();
    let part = if method == Method::GET { asked_part(asked, &tag, size) } else { Asked::Whole };
    let (status, part) = match part {
        Asked::Whole => (StatusCode::OK, None),
        Asked::Part(part) => {
            let range = format!("bytes {}-{}/{size}", part.start, part.end - 1);
            headers.insert(header::CONTENT_RANGE, value(&range)?);
            (StatusCode::PARTIAL_CONTENT, Some(part))
        }
        Asked::Outside => {
            let problem = Problem::new(
                StatusCode::RANGE_NOT_SATISFIABLE,
                "invalid",
                format!("the file has {size} bytes, and this part lies outside"),
            );
            return Ok(([(header::CONTENT_RANGE, format!("bytes */{size}"))], problem).into_response());
        }
    };
    let length = part.as_ref().map_or(size, |part| part.end - part.start);
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    let body = if method == Method::HEAD { Body::empty() } else { Body::from_stream(opened.bytes(part).await?) };
    Ok((status, headers, body).into_response())
}

fn headers(opened: &OpenedFile, tag: &str) -> Result<HeaderMap, Problem> {
    let Serving { media_type, inline } = serving(&opened.file.media_type);
    let fixed =
        |name: &'static str, value: &'static str| (HeaderName::from_static(name), HeaderValue::from_static(value));
    let mut headers = HeaderMap::from_iter([
        fixed("content-type", media_type),
        fixed("x-content-type-options", "nosniff"),
        fixed("content-security-policy", "default-src 'none'; sandbox"),
        fixed("cross-origin-resource-policy", "same-origin"),
        fixed("referrer-policy", "no-referrer"),
        fixed("accept-ranges", "bytes"),
    ]);
    headers.insert(header::CONTENT_DISPOSITION, value(&disposition(&opened.file.name, inline))?);
    headers.insert(header::ETAG, value(tag)?);
    // The address ends, its bytes never change.
    let kept = format!("private, max-age={}, immutable", opened.seconds_left);
    headers.insert(header::CACHE_CONTROL, value(&kept)?);
    Ok(headers)
}

fn value(text: &str) -> Result<HeaderValue, Problem> {
    HeaderValue::from_str(text).map_err(|_| Problem::from_status(StatusCode::INTERNAL_SERVER_ERROR))
}

/// Whether the file may be shown, and its name twice: in ASCII for old programs, and as it is (RFC 6266).
fn disposition(name: &str, inline: bool) -> String {
    let kind = if inline { "inline" } else { "attachment" };
    let plain: String = name
        .chars()
        .map(
            |letter| {
                if (letter.is_ascii_graphic() && !"\"\\%".contains(letter)) || letter == ' ' { letter } else { '_' }
            },
        )
        .collect();
    format!("{kind}; filename=\"{plain}\"; filename*=UTF-8''{}", utf8_percent_encode(name, ATTRIBUTE))
}

/// Whether a header of tags names this one.
fn names(headers: &HeaderMap, header: &HeaderName, tag: &str) -> bool {
    headers
        .get_all(header)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .any(|named| named == "*" || named.strip_prefix("W/").unwrap_or(named) == tag)
}

#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Whole,
    Part(Range<u64>),
    Outside,
}

/// The part that is asked for. What cannot be read, several parts at once and parts of another version are the whole.
fn asked_part(headers: &HeaderMap, tag: &str, size: u64) -> Asked {
    let parsed = headers.get(header::RANGE).and_then(|range| range.to_str().ok()).map(parse_range_header);
    let Some(Ok(parsed)) = parsed else { return Asked::Whole };
    if headers.get(header::IF_RANGE).is_some_and(|version| version.as_bytes() != tag.as_bytes()) {
        return Asked::Whole;
    }
    match parsed.validate(size).as_deref() {
        Ok([part]) => Asked::Part(*part.start()..part.end() + 1),
        Ok(_) => Asked::Whole,
        Err(_) => Asked::Outside,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_one_that_lies_inside() {
        let asked = |range: &'static str| {
            let headers = HeaderMap::from_iter([(header::RANGE, HeaderValue::from_static(range))]);
            asked_part(&headers, "\"t\"", 10)
        };
        assert_eq!(asked("bytes=0-3"), Asked::Part(0..4));
        assert_eq!(asked("bytes=7-"), Asked::Part(7..10));
        assert_eq!(asked("bytes=-2"), Asked::Part(8..10));
        assert_eq!(asked("bytes=5-99"), Asked::Part(5..10));
        assert_eq!(asked("bytes=10-"), Asked::Outside);
        assert_eq!(asked("bytes=0-1,4-5"), Asked::Whole);
        assert_eq!(asked("lines=0-1"), Asked::Whole);
        assert_eq!(asked("bytes=x"), Asked::Whole);
        assert_eq!(asked("bytes=0-18446744073709551615"), Asked::Part(0..10));
        let mut headers = HeaderMap::from_iter([(header::RANGE, HeaderValue::from_static("bytes=0-3"))]);
        headers.insert(header::IF_RANGE, HeaderValue::from_static("\"other\""));
        assert_eq!(asked_part(&headers, "\"t\"", 10), Asked::Whole);
    }

    #[test]
    fn a_name_cannot_leave_its_quotes() {
        let told = disposition("a\"; x=\"b\\ü 退.png", true);
        assert_eq!(
            told,
            "inline; filename=\"a_; x=_b__ _.png\"; filename*=UTF-8''a%22%3B%20x%3D%22b%5C%C3%BC%20%E9%80%80.png"
        );
        assert!(HeaderValue::from_str(&told).is_ok());
        assert!(disposition("x", false).starts_with("attachment; "));
    }

    #[test]
    fn a_tag_is_known_in_a_list() {
        let headers = |line| HeaderMap::from_iter([(header::IF_NONE_MATCH, HeaderValue::from_static(line))]);
        assert!(names(&headers("\"a\", W/\"t\""), &header::IF_NONE_MATCH, "\"t\""));
        assert!(names(&headers("*"), &header::IF_NONE_MATCH, "\"t\""));
        assert!(!names(&headers("\"tt\""), &header::IF_NONE_MATCH, "\"t\""));
        assert!(!names(&HeaderMap::new(), &header::IF_NONE_MATCH, "\"t\""));
    }
}
