//! What goes out: the calls to the Graph API and what their answers mean.

use super::{
    Settings,
    codec::{GraphError, Object, SendBody, SendMessage, SendRecipient},
    errors::classify,
    inbound::METADATA_PREFIX,
};
use channel::{
    Outbound, SendOutcome, TestReport, TestStep,
    http::{Answer, CallError, HttpClient},
};
use http::{HeaderMap, HeaderValue, header};
use model::{Block, gate::Window};

/// The most characters (Unicode scalar values) of one text message. Source: Send API, "message.text".
pub const MAX_TEXT_CHARS: usize = 2000;
/// The fields without which a conversation cannot be followed: what customers write, what the page writes elsewhere
/// (and our own proof of sending), and the receipts.
pub const REQUIRED_FIELDS: [&str; 4] = ["messages", "message_echoes", "message_deliveries", "message_reads"];
/// The most characters of a provider's words that are kept.
const MAX_DETAIL_CHARS: usize = 500;

/// The JSON of a send; the blocks of a message become one text, a blank line between them.
///
/// # Errors
/// The number of characters when it is more than [`MAX_TEXT_CHARS`].
pub fn send_body(message: &Outbound) -> Result<Vec<u8>, usize> {
    let texts: Vec<&str> = message.blocks.iter().map(|Block::Text { text }| text.as_str()).collect();
    let text = texts.join("\n\n");
    let chars = text.chars().count();
    if chars > MAX_TEXT_CHARS {
        return Err(chars);
    }
    let (messaging_type, tag) = match message.window {
        Window::Open => ("RESPONSE", None),
        // Only for words that a person typed (the gate sees to that), with the Human Agent feature granted.
        Window::HumanAgent => ("MESSAGE_TAG", Some("HUMAN_AGENT")),
    };
    let body = SendBody {
        recipient: SendRecipient { id: &message.recipient },
        messaging_type,
        tag,
        message: SendMessage { text: &text, metadata: format!("{METADATA_PREFIX}{}", message.message_id) },
    };
    // Texts and fixed words: there is nothing in it that could fail to be written as JSON.
    Ok(serde_json::to_vec(&body).unwrap_or_default())
}

/// Sends one message with one call.
pub async fn send(http: &HttpClient, settings: &Settings<'_>, message: &Outbound) -> SendOutcome {
    let body = match send_body(message) {
        Ok(body) => body,
        Err(chars) => {
            return SendOutcome::Permanent {
                code: None,
                detail: format!("the text has {chars} characters, Messenger takes {MAX_TEXT_CHARS}"),
            };
        }
    };
    let Some(headers) = settings.headers() else {
        return SendOutcome::Unauthorized { code: None, detail: TOKEN_UNUSABLE.into() };
    };
    let outcome = match http.post_json(&settings.url("/messages"), headers, body.into()).await {
        Ok(answer) => outcome(&answer, message.window),
        Err(CallError::NotSent(detail) | CallError::Refused(detail)) => {
            SendOutcome::Temporary { retry_after_millis: None, code: None, detail }
        }
        Err(CallError::MayHaveBeenSent(detail)) => SendOutcome::Uncertain { detail },
    };
    tidy(outcome, settings.token)
}

/// What an answer says of the message.
#[must_use]
pub fn outcome(answer: &Answer, window: Window) -> SendOutcome {
    if !answer.status.is_success() || GraphError::read(&answer.body).is_some() {
        return classify(answer, window);
    }
    let body = std::str::from_utf8(&answer.body).ok().and_then(Object::read);
    match body.and_then(|body| body.id("message_id")) {
        Some(external_id) => SendOutcome::Accepted { external_id },
        None => SendOutcome::Uncertain { detail: "the provider accepted the call and named no message".into() },
    }
}

/// Bounds the words, and takes the token out of them: Graph repeats a malformed token in its error.
fn tidy(mut outcome: SendOutcome, token: &str) -> SendOutcome {
    use SendOutcome::{Accepted, Blocked, OutsideWindow, Permanent, RateLimited, Temporary, Unauthorized, Uncertain};
    match &mut outcome {
        Accepted { .. } => {}
        Temporary { detail, .. }
        | RateLimited { detail, .. }
        | OutsideWindow { detail, .. }
        | Unauthorized { detail, .. }
        | Blocked { detail, .. }
        | Permanent { detail, .. }
        | Uncertain { detail } => *detail = safe(detail, token),
    }
    outcome
}

fn safe(words: &str, token: &str) -> String {
    let words = if token.is_empty() { words.to_owned() } else { words.replace(token, "***") };
    words.chars().map(|letter| if letter == '\0' { '\u{fffd}' } else { letter }).take(MAX_DETAIL_CHARS).collect()
}

const TOKEN_UNUSABLE: &str = "the page access token has characters that a header cannot carry";

/// Tries the token and the page, then whether the page's events are subscribed. Sends nothing to anybody.
pub async fn test(http: &HttpClient, settings: &Settings<'_>) -> TestReport {
    let mut steps = Vec::new();
    let found = match read(http, settings, "?fields=name").await {
        Ok(page) => page,
        Err(failure) => {
            let (name, detail) = match failure {
                Failure::Credentials(detail) => (
                    "token",
                    format!("{detail} — make a new page access token with pages_messaging and pages_manage_metadata"),
                ),
                Failure::Other(detail) => {
                    steps.push(TestStep { name: "token", passed: true, detail: "not refused".into() });
                    ("page", format!("{detail} — check the page id, and that the token is this page's"))
                }
                Failure::NoAnswer(detail) => {
                    ("token", format!("{detail} — check api_base and that this server may reach it"))
                }
            };
            steps.push(TestStep { name, passed: false, detail });
            return TestReport { steps };
        }
    };
    steps.push(TestStep { name: "token", passed: true, detail: "accepted".into() });
    let body = Object::read(&found).unwrap_or_default();
    if body.id("id").as_deref() != Some(settings.page_id) {
        let detail = "the provider answered for another page — check the page id".into();
        steps.push(TestStep { name: "page", passed: false, detail });
        return TestReport { steps };
    }
    let name = body.text("name").unwrap_or_default();
    steps.push(TestStep { name: "page", passed: true, detail: safe(&name, settings.token) });
    steps.push(subscribed(http, settings).await);
    TestReport { steps }
}

/// Whether one app gets all the fields that we need.
async fn subscribed(http: &HttpClient, settings: &Settings<'_>) -> TestStep {
    let failed = |detail: String| TestStep { name: "subscribed", passed: false, detail };
    let body = match read(http, settings, "/subscribed_apps").await {
        Ok(body) => body,
        Err(Failure::Credentials(detail) | Failure::Other(detail) | Failure::NoAnswer(detail)) => {
            return failed(format!("{detail} — the token needs pages_manage_metadata to show this"));
        }
    };
    let apps = Object::read(&body).unwrap_or_default().list("data").unwrap_or_default();
    let missing = apps
        .into_iter()
        .filter_map(|app| {
            let fields = Object::read(app.get())?.list("subscribed_fields").unwrap_or_default();
            let fields: Vec<String> = fields.into_iter().filter_map(super::codec::text).collect();
            Some(REQUIRED_FIELDS.into_iter().filter(|needed| !fields.iter().any(|has| has == needed)).collect())
        })
        .min_by_key(Vec::len);
    match missing {
        None => {
            failed(format!("no app is subscribed to this page — subscribe yours to {}", REQUIRED_FIELDS.join(", ")))
        }
        Some(missing) if missing.is_empty() => {
            TestStep { name: "subscribed", passed: true, detail: REQUIRED_FIELDS.join(", ") }
        }
        Some(missing) => {
            failed(format!("not subscribed: {} — add the fields to the page's subscription", missing.join(", ")))
        }
    }
}

enum Failure {
    Credentials(String),
    Other(String),
    NoAnswer(String),
}

/// Reads something of the page, as JSON text.
async fn read(http: &HttpClient, settings: &Settings<'_>, rest: &str) -> Result<String, Failure> {
    let headers = settings.headers().ok_or_else(|| Failure::Credentials(TOKEN_UNUSABLE.into()))?;
    let answer = http
        .get(&settings.url(rest), headers)
        .await
        .map_err(|error| Failure::NoAnswer(safe(&error.to_string(), settings.token)))?;
    if answer.status.is_success() {
        return Ok(String::from_utf8_lossy(&answer.body).into_owned());
    }
    let status = answer.status.as_u16();
    let Some(error) = GraphError::read(&answer.body) else {
        let detail = format!("the provider answered status {status}");
        return Err(if status == 401 { Failure::Credentials(detail) } else { Failure::Other(detail) });
    };
    let detail = safe(&error.message, settings.token);
    Err(match error.code {
        Some(190 | 10 | 200..=299 | 102) => Failure::Credentials(detail),
        _ => Failure::Other(detail),
    })
}

impl Settings<'_> {
    /// The address of something of the page.
    #[must_use]
    pub fn url(&self, rest: &str) -> String {
        format!("{}/{}/{}{rest}", self.api_base.trim_end_matches('/'), self.graph_version, self.page_id)
    }

    /// The credentials, marked so that nothing prints them; `None` when a header cannot carry them.
    fn headers(&self) -> Option<HeaderMap> {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", self.token)).ok()?;
        value.set_sensitive(true);
        Some(HeaderMap::from_iter([(header::AUTHORIZATION, value)]))
    }
}

#[cfg(test)]
mod tests;
