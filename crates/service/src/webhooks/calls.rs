//! One call to a receiver, and what came of it.

use super::signature;
use crate::{ServiceError, Services};
use bytes::Bytes;
use channel::http::CallError;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use model::{Cursor, Timestamp, webhook::WebhookError};
use serde::Serialize;

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
/// The characters of an answer that are kept.
const DETAIL_CHARS: usize = 300;

/// The body of an event.
#[derive(Serialize)]
struct Event<'a, T> {
    id: &'a str,
    r#type: &'a str,
    created_at: Timestamp,
    cursor: Cursor,
    data: &'a T,
}

/// What came of a call.
pub(super) struct Tried {
    /// How long it took.
    pub duration_millis: i64,
    /// What was answered.
    pub status: Option<u16>,
    /// Why it failed.
    pub error: Option<WebhookError>,
    /// The beginning of the answer, or what went wrong.
    pub detail: Option<String>,
    /// How long the receiver asks us to wait.
    pub retry_after_millis: Option<i64>,
}

impl Tried {
    /// The receiver wants nothing any more.
    pub(super) fn is_gone(&self) -> bool {
        self.status == Some(StatusCode::GONE.as_u16())
    }
}

/// An event as it is sent.
pub(super) fn body(
    id: &str,
    kind: &str,
    created_at: Timestamp,
    cursor: Cursor,
    data: &impl Serialize,
) -> Result<Bytes, ServiceError> {
    let event = Event { id, r#type: kind, created_at, cursor, data };
    serde_json::to_vec(&event).map(Bytes::from).map_err(|error| ServiceError::Internal(error.to_string()))
}

/// Sends an event, signed with each of the secrets.
pub(super) async fn post(
    services: &Services,
    url: &str,
    secrets: &[String],
    event_id: &str,
    body: Bytes,
) -> Result<Tried, ServiceError> {
    let begun = services.now();
    let mut headers = HeaderMap::new();
    let signed = signature::sign(secrets, event_id, begun, &body)?;
    for (name, value) in [(ID, event_id), (TIMESTAMP, &signature::seconds(begun).to_string()), (SIGNATURE, &signed)] {
        let value = HeaderValue::from_str(value).map_err(|error| ServiceError::Internal(error.to_string()))?;
        headers.insert(name, value);
    }
    let answer = services.0.webhooks.http.post_json(url, headers, body).await;
    let duration_millis = services.now().millis_since(begun).max(0);
    let failed = |error, detail: &str| Tried {
        duration_millis,
        status: None,
        error: Some(error),
        detail: shortened(detail),
        retry_after_millis: None,
    };
    Ok(match answer {
        Ok(answer) => Tried {
            duration_millis,
            status: Some(answer.status.as_u16()),
            error: (!answer.status.is_success()).then_some(WebhookError::NotAccepted),
            detail: shortened(&String::from_utf8_lossy(&answer.body)),
            retry_after_millis: answer.retry_after_millis(),
        },
        Err(CallError::Refused(why)) => failed(WebhookError::AddressRefused, &why),
        Err(CallError::NotSent(why)) => failed(WebhookError::NotConnected, &why),
        Err(CallError::MayHaveBeenSent(why)) => failed(WebhookError::NoAnswer, &why),
    })
}

/// The beginning of a text that both databases take.
fn shortened(text: &str) -> Option<String> {
    let kept: String = text.chars().filter(|letter| *letter != '\0').take(DETAIL_CHARS).collect();
    let kept = kept.trim();
    (!kept.is_empty()).then(|| kept.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_kept_short_and_without_what_a_database_refuses() {
        assert_eq!(shortened(" a\0b\n").as_deref(), Some("ab"));
        assert_eq!(shortened(&"ą".repeat(5_000)).unwrap().chars().count(), DETAIL_CHARS);
        assert_eq!(shortened("\0 "), None);
    }

    #[test]
    fn an_event_says_what_it_is() {
        let sent = body("evt_1", "webhook.test", Timestamp(0), Cursor::at(7), &serde_json::json!({})).unwrap();
        let text = r#"{"id":"evt_1","type":"webhook.test","created_at":"1970-01-01T00:00:00.000Z","cursor":"c00000000000007","data":{}}"#;
        assert_eq!(sent, text.as_bytes());
    }
}
