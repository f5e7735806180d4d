//! The one way to make an HTTP call out.
//!
//! There are two trust levels. [`HttpClient`] is for addresses that an owner or admin configured as a provider's: they
//! are used as they stand, loopback included. [`GuardedClient`] is for webhook targets and for addresses that came with a
//! message or from a stranger: they may not lead into a private network unless they stand on the configured list.
//!
//! What matters most is the difference between [`CallError::NotSent`] and [`CallError::MayHaveBeenSent`]: it decides
//! whether a message may be tried again or is uncertain. It does not rest on the wording of an error. The request's
//! body notes when the connection first asks for it; a connection that never asked for the body cannot have carried
//! the request, whatever went wrong with it.

mod download;
mod guard;

pub use download::Download;
pub use guard::{AllowList, GuardedClient, ParseAllowListError, is_public};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use std::{
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

/// What is sent as `User-Agent`.
pub const USER_AGENT: &str = concat!("onethread/", env!("CARGO_PKG_VERSION"));

/// Bounds of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest that name look-up, TCP and TLS may take together.
    pub connect: Duration,
    /// The longest that the whole call may take, the answer's body included. Must be longer than `connect`.
    pub total: Duration,
    /// The longest that an upload or a download may take in place of `total`: files have up to 25 MB, and lines may be slow.
    pub upload: Duration,
    /// The most bytes of an answer's body.
    pub max_answer_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            total: Duration::from_secs(10),
            upload: Duration::from_secs(120),
            max_answer_bytes: 1 << 20,
        }
    }
}

/// A client for providers: bounded in time and size, follows no redirect, keeps no cookie, tries nothing twice that
/// may have left.
#[derive(Debug, Clone)]
pub struct HttpClient {
    client: reqwest::Client,
    limits: Limits,
    /// A long answer is cut instead of being an error.
    cuts_answer: bool,
}

/// The client could not be set up (the system's certificates cannot be read, for example).
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client cannot be set up: {0}")]
pub struct SetUpError(String);

/// The media type of bytes of which nothing is known.
const OCTETS: &str = "application/octet-stream";

/// A field of a form.
#[derive(Debug, Clone)]
pub struct FormPart {
    name: &'static str,
    /// Name and media type, when it is a file.
    file: Option<(String, String)>,
    bytes: Bytes,
}

impl FormPart {
    /// A field with a text.
    #[must_use]
    pub fn text(name: &'static str, text: impl Into<String>) -> Self {
        Self { name, file: None, bytes: text.into().into() }
    }

    /// A field with a file.
    #[must_use]
    pub fn file(name: &'static str, file_name: &str, media_type: &str, bytes: Bytes) -> Self {
        Self { name, file: Some((file_name.to_owned(), media_type.to_owned())), bytes }
    }
}

/// What a provider answered, whatever the status.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status; redirects come as they are.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

/// A call without a complete answer. The words never hold the address, which may hold credentials.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The address may not be called; nothing was sent. Only a [`GuardedClient`] says so.
    #[error("refused: {0}")]
    Refused(String),
    /// The provider certainly did not get the request: no address, no connection, no TLS, or nothing of it written.
    #[error("not sent: {0}")]
    NotSent(String),
    /// The request was written, at least in part, and no whole answer came back.
    #[error("no answer: {0}")]
    MayHaveBeenSent(String),
}

impl HttpClient {
    /// A client with the product's limits (5 s to connect, 10 s in all, 1 MiB of answer).
    ///
    /// # Errors
    /// When the system's certificates cannot be used.
    ///
    /// # Panics
    /// When no process-wide rustls provider was installed; `main` does that first.
    pub fn new() -> Result<Self, SetUpError> {
        Self::with_limits(Limits::default())
    }

    /// A client with other limits, for tests.
    ///
    /// # Errors
    /// As [`HttpClient::new`].
    ///
    /// # Panics
    /// As [`HttpClient::new`].
    pub fn with_limits(limits: Limits) -> Result<Self, SetUpError> {
        Self::build(limits, reqwest::Client::builder(), false)
    }

    fn build(limits: Limits, builder: reqwest::ClientBuilder, cuts_answer: bool) -> Result<Self, SetUpError> {
        let client = builder
            .user_agent(USER_AGENT)
            .connect_timeout(limits.connect)
            .timeout(limits.total)
            // Providers close idle connections after about a minute. A request that meets such a close is uncertain,
            // so we drop ours well before.
            .pool_idle_timeout(Duration::from_secs(20))
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            // An address is used as it stands; what stands in the process's environment does not re-route it.
            .no_proxy()
            .build()
            .map_err(|error| SetUpError(words(&error.without_url())))?;
        Ok(Self { client, limits, cuts_answer })
    }

    /// Reads. A failed read may be repeated, so there is no need to know whether it left.
    ///
    /// # Errors
    /// [`CallError`] when no whole answer came.
    pub async fn get(&self, url: &str, headers: HeaderMap) -> Result<Answer, CallError> {
        let sent = Arc::new(AtomicBool::new(true));
        self.call(self.client.get(url).headers(headers), &sent).await
    }

    /// Sends a JSON body.
    ///
    /// # Errors
    /// [`CallError`] when no whole answer came; its kind says whether the provider can have got the request.
    pub async fn post_json(&self, url: &str, mut headers: HeaderMap, json: Bytes) -> Result<Answer, CallError> {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let sent = Arc::new(AtomicBool::new(false));
        let body = reqwest::Body::wrap(Observed { bytes: Some(json), asked_for: sent.clone() });
        self.call(self.client.post(url).headers(headers).body(body), &sent).await
    }

    /// Sends a form with files (`multipart/form-data`, RFC 7578). For preparations that may be repeated: whether a failed one
    /// left is not looked into.
    ///
    /// # Errors
    /// [`CallError::MayHaveBeenSent`] when no whole answer came.
    pub async fn post_form(&self, url: &str, headers: HeaderMap, form: Vec<FormPart>) -> Result<Answer, CallError> {
        let mut whole = reqwest::multipart::Form::new();
        for FormPart { name, file, bytes } in form {
            let length = bytes.len() as u64;
            let mut part = reqwest::multipart::Part::stream_with_length(bytes, length);
            if let Some((file_name, media_type)) = file {
                part = part.file_name(file_name);
                let type_fits = !media_type.chars().any(char::is_control);
                let media_type = if type_fits { media_type.as_str() } else { OCTETS };
                part = part.mime_str(media_type).map_err(|error| CallError::NotSent(words(&error)))?;
            }
            whole = whole.part(name, part);
        }
        let sent = AtomicBool::new(true);
        let request = self.client.post(url).headers(headers).multipart(whole).timeout(self.limits.upload);
        self.call(request, &sent).await
    }

    async fn call(&self, request: reqwest::RequestBuilder, sent: &AtomicBool) -> Result<Answer, CallError> {
        let failed = |error: reqwest::Error| {
            if let Some(refused) = guard::refusal(&error) {
                return CallError::Refused(refused);
            }
            let reason = words(&error.without_url());
            if sent.load(Ordering::Acquire) { CallError::MayHaveBeenSent(reason) } else { CallError::NotSent(reason) }
        };
        let mut response = request.send().await.map_err(failed)?;
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        let mut body = Vec::new();
        // An answer can come before the body was asked for (a refusal by the head alone); what breaks after that is
        // judged with caution.
        let broken = |error: reqwest::Error| CallError::MayHaveBeenSent(words(&error.without_url()));
        let limit = self.limits.max_answer_bytes;
        loop {
            let part = match response.chunk().await {
                Ok(Some(part)) => part,
                Ok(None) => break,
                // Who wants no more than the beginning has the status, which is what counts.
                Err(_) if self.cuts_answer => break,
                Err(error) => return Err(broken(error)),
            };
            if body.len() + part.len() > limit {
                if self.cuts_answer {
                    body.extend_from_slice(&part[..limit - body.len()]);
                    break;
                }
                return Err(CallError::MayHaveBeenSent(format!("the answer is larger than {limit} bytes")));
            }
            body.extend_from_slice(&part);
        }
        Ok(Answer { status, headers, body: body.into() })
    }
}

impl Answer {
    /// How long `Retry-After` asks us to wait, in milliseconds; seconds and HTTP dates are understood (RFC 9110
    /// §10.2.3). A date counts from the answer's own `Date`, so that neither clock has to be right; without one, and
    /// for anything else, there is no answer. A date that has passed is 0.
    #[must_use]
    pub fn retry_after_millis(&self) -> Option<i64> {
        let text = |name| self.headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
        let asked = text(header::RETRY_AFTER)?;
        if !asked.is_empty() && asked.bytes().all(|byte| byte.is_ascii_digit()) {
            // More digits than an i64 holds still mean "very long".
            return Some(asked.parse::<i64>().unwrap_or(i64::MAX).saturating_mul(1000));
        }
        let moment = |text| Some(jiff::fmt::rfc2822::parse(text).ok()?.timestamp().as_millisecond());
        Some(moment(asked)?.saturating_sub(moment(text(header::DATE)?)?).max(0))
    }
}

/// A body that notes when it is asked for.
struct Observed {
    bytes: Option<Bytes>,
    asked_for: Arc<AtomicBool>,
}

impl http_body::Body for Observed {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        self.asked_for.store(true, Ordering::Release);
        Poll::Ready(self.bytes.take().map(|bytes| Ok(http_body::Frame::data(bytes))))
    }

    // Always false, an empty body included: a body that says it has ended is never asked for, and would look unsent.
    fn is_end_stream(&self) -> bool {
        false
    }

    fn size_hint(&self) -> http_body::SizeHint {
        http_body::SizeHint::with_exact(self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}

/// An error with its causes, on one line.
fn words(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let text = inner.to_string();
        if !line.ends_with(&text) {
            line.push_str(": ");
            line.push_str(&text);
        }
        cause = inner.source();
    }
    line
}

#[cfg(test)]
mod tests;
