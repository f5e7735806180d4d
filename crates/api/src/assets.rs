//! The desk: its files are inside the binary, compressed beforehand, under a strict content security policy.

use crate::{observe::random_bytes, problem::Problem};
use axum::{
    extract::OriginalUri,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::Engine;
use rust_embed::{EmbeddedFile, RustEmbed};

/// The built desk. Absent when it was not built before the server.
#[derive(RustEmbed)]
#[folder = "../../web/desk/dist"]
#[allow_missing = true]
struct Desk;

/// The word in `index.html` that becomes a fresh nonce in each answer.
const NONCE_WORD: &str = "__CSP_NONCE__";
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
const SHORT: &str = "public, max-age=300";

const NOT_BUILT: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>onethread</title>\
<h1>onethread runs, without its desk</h1>\
<p>This server was built before the desk was. Build both with <code>make build</code>, or only the desk with \
<code>npm ci &amp;&amp; npm run build</code> and then the server again.</p>\
<p>The API works: <a href=\"/openapi.json\">/openapi.json</a></p></html>";

/// Serves the desk's files, and its page under every path without an ending: the desk finds its own way.
pub(crate) async fn serve_desk(method: Method, OriginalUri(uri): OriginalUri, headers: HeaderMap) -> Response {
    let path = uri.path();
    if path.starts_with("/api/") || path == "/api" || path.starts_with("/callbacks") {
        return Problem::not_found().into_response();
    }
    if !matches!(method, Method::GET | Method::HEAD) {
        let problem = Problem::from_status(StatusCode::METHOD_NOT_ALLOWED).into_response();
        return ([(header::ALLOW, "GET, HEAD")], problem).into_response();
    }
    let file = path.trim_start_matches('/');
    let name = file.rsplit('/').next().unwrap_or_default();
    if !name.contains('.') && !file.starts_with("assets/") {
        return index();
    }
    if file == "index.html" { index() } else { asset(file, &headers) }
}

/// The desk's page, with a nonce that no other answer has.
fn index() -> Response {
    let page = Desk::get("index.html").and_then(|file| String::from_utf8(file.data.into_owned()).ok());
    let no_cache = (header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    let html = (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    let Some(page) = page else {
        return ([no_cache, html], NOT_BUILT).into_response();
    };
    let nonce = base64::engine::general_purpose::STANDARD.encode(random_bytes::<16>());
    let policy = content_security_policy(&nonce);
    let Ok(policy) = HeaderValue::from_str(&policy) else {
        return Problem::from_status(StatusCode::INTERNAL_SERVER_ERROR).into_response();
    };
    let headers = [no_cache, html, (header::CONTENT_SECURITY_POLICY, policy)];
    (headers, page.replace(NONCE_WORD, &nonce)).into_response()
}

/// Scripts only from our files; styles too, but for those that the page itself makes with the nonce.
fn content_security_policy(nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data: blob:; \
         font-src 'self'; connect-src 'self'; media-src 'self' blob:; manifest-src 'self'; worker-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
}

/// One file, in the best form that the browser takes.
fn asset(path: &str, headers: &HeaderMap) -> Response {
    // The compressed forms are not files of their own.
    if path.ends_with(".br") || path.ends_with(".gz") {
        return Problem::not_found().into_response();
    }
    let Some((file, encoding)) = best_form(path, headers) else {
        return Problem::not_found().into_response();
    };
    let kept = if path.starts_with("assets/") { IMMUTABLE } else { SHORT };
    let mut answer = (
        [
            (header::CONTENT_TYPE, media_type(path)),
            (header::CACHE_CONTROL, kept),
            (header::VARY, "accept-encoding"),
            // The page's own policy holds for what it loads; a file opened alone runs nothing.
            (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        ],
        file.data.into_owned(),
    )
        .into_response();
    if let Some(encoding) = encoding {
        answer.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    answer
}

fn best_form(path: &str, headers: &HeaderMap) -> Option<(EmbeddedFile, Option<&'static str>)> {
    for (encoding, ending) in [("br", "br"), ("gzip", "gz")] {
        if accepts(headers, encoding)
            && let Some(file) = Desk::get(&format!("{path}.{ending}"))
        {
            return Some((file, Some(encoding)));
        }
    }
    Desk::get(path).map(|file| (file, None))
}

/// Whether the browser takes an encoding: named, and not with a weight of zero.
fn accepts(headers: &HeaderMap, encoding: &str) -> bool {
    headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|line| line.split(','))
        .any(|part| {
            let mut pieces = part.split(';').map(str::trim);
            let named = pieces.next().is_some_and(|name| name.eq_ignore_ascii_case(encoding));
            let weight = pieces.find_map(|piece| piece.strip_prefix("q=")).unwrap_or("1");
            named && weight.parse::<f32>().is_ok_and(|weight| weight > 0.0)
        })
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "html" => "text/html; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_desk_on_disk_is_inside_the_binary() {
        let on_disk =
            std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../web/desk/dist/index.html")).exists();
        assert_eq!(on_disk, Desk::get("index.html").is_some(), "the folder of rust-embed does not lead to the desk");
    }

    #[test]
    fn an_encoding_counts_when_it_is_named_and_not_refused() {
        let asked =
            |line: &'static str| HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(line))]);
        assert!(accepts(&asked("gzip, deflate, br"), "br"));
        assert!(accepts(&asked("br;q=0.5"), "br"));
        assert!(!accepts(&asked("br;q=0, gzip"), "br"));
        assert!(!accepts(&HeaderMap::new(), "gzip"));
    }
}
