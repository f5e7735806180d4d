//! What goes out: the calls to the Graph API and what their answers mean.

use super::{
    Settings,
    codec::{GraphError, Object, SendBody, SendRecipient, SendReplyTo},
    errors::classify,
    native::{attachment, native},
    prepared::{Prepared, Upload},
};
use channel::{
    Outbound, SendOutcome, Signal, Unavailable,
    http::{Answer, CallError, HttpClient},
};
use http::{HeaderMap, HeaderValue, header};
use model::{gate::Window, message::AuthorKind};
use serde_json::json;

/// The most characters of a provider's words that are kept.
const MAX_DETAIL_CHARS: usize = 500;

/// The JSON of a send.
///
/// # Errors
/// Why Messenger cannot carry the message, in words.
pub fn send_body(message: &Outbound, persona_id: Option<&str>, attachment_id: Option<&str>) -> Result<Vec<u8>, String> {
    let (messaging_type, tag) = match message.window {
        Window::Open => ("RESPONSE", None),
        // Only for words that a person typed (the gate sees to that), with the Human Agent feature granted.
        Window::HumanAgent => ("MESSAGE_TAG", Some("HUMAN_AGENT")),
    };
    let body = SendBody {
        recipient: SendRecipient { id: &message.recipient },
        messaging_type,
        tag,
        persona_id,
        reply_to: message.reply_to.as_deref().map(|mid| SendReplyTo { mid }),
        message: native(message, attachment_id)?,
    };
    serde_json::to_vec(&body).map_err(|error| error.to_string())
}

/// Sends one message with one call. Files and the persona are made ready before; where Meta refuses the call because it
/// forgot one of them, that is put right and the call made once more.
pub(super) async fn send(
    http: &HttpClient,
    prepared: &Prepared,
    settings: &Settings<'_>,
    message: &Outbound,
) -> SendOutcome {
    if message.window == Window::HumanAgent && message.author != AuthorKind::Agent {
        let detail = "only what a person wrote may go out under the HUMAN_AGENT tag".into();
        return SendOutcome::OutsideWindow { code: None, detail };
    }
    let mut upload = match make_upload(http, prepared, settings, message).await {
        Ok(upload) => upload,
        Err(outcome) => return outcome,
    };
    let mut persona = None;
    if let Some(wanted) = &message.persona {
        persona = prepared.persona(http, settings, wanted).await;
    }
    loop {
        let attachment_id = upload.as_ref().map(|upload| upload.attachment_id.as_str());
        let body = match send_body(message, persona.as_deref(), attachment_id) {
            Ok(body) => body,
            Err(detail) => return SendOutcome::Permanent { code: None, detail },
        };
        let Some(headers) = settings.headers() else {
            return SendOutcome::Unauthorized { code: None, detail: TOKEN_UNUSABLE.into() };
        };
        let answer = match http.post_json(&settings.url("/messages"), headers, body.into()).await {
            Ok(answer) => answer,
            Err(CallError::NotSent(detail) | CallError::Refused(detail)) => {
                let outcome = SendOutcome::Temporary { retry_after_millis: None, code: None, detail };
                return tidy(outcome, settings.token);
            }
            Err(CallError::MayHaveBeenSent(detail)) => {
                return tidy(SendOutcome::Uncertain { detail }, settings.token);
            }
        };
        // Meta's own refusal: the message did not go out, and each of these is put right at most once.
        if let (Some(wanted), true) = (&message.persona, persona.is_some() && blames(&answer, "persona")) {
            prepared.forget_persona(settings, wanted);
            persona = None;
            continue;
        }
        if let (Some((_, media)), Some(Upload { reused: true, .. }), true) =
            (attachment(message), &upload, blames(&answer, "attachment"))
        {
            prepared.forget_upload(settings, media.file_id);
            upload = match make_upload(http, prepared, settings, message).await {
                Ok(upload) => upload,
                Err(outcome) => return outcome,
            };
            // Another call may have uploaded it meanwhile: what is at hand now counts as new, or this would not end.
            if let Some(upload) = &mut upload {
                upload.reused = false;
            }
            continue;
        }
        return tidy(outcome(&answer, message.window), settings.token);
    }
}

/// Uploads the file that the message is, if it is one.
async fn make_upload(
    http: &HttpClient,
    prepared: &Prepared,
    settings: &Settings<'_>,
    message: &Outbound,
) -> Result<Option<Upload>, SendOutcome> {
    let Some((kind, media)) = attachment(message) else { return Ok(None) };
    match message.file(media.file_id) {
        Some(file) => prepared.upload(http, settings, kind, file).await.map(Some),
        None => Err(SendOutcome::Permanent { code: None, detail: "the file is not here".into() }),
    }
}

/// Whether Graph refused the call and says that something of this name is wrong (code 100, a bad parameter). There is no
/// documented subcode; the words are all there is. Reading them wrongly costs a message its persona, or one more upload.
fn blames(answer: &Answer, what: &str) -> bool {
    GraphError::read(&answer.body)
        .is_some_and(|error| error.code == Some(100) && error.message.to_lowercase().contains(what))
}

/// Shows that somebody types, or has seen what was written.
pub(super) async fn signal(
    http: &HttpClient,
    settings: &Settings<'_>,
    recipient: &str,
    signal: Signal,
) -> Result<(), Unavailable> {
    let action = match signal {
        Signal::TypingOn => "typing_on",
        Signal::TypingOff => "typing_off",
        Signal::Seen => "mark_seen",
    };
    let refused = |later, code, detail: String| Unavailable { later, code, detail: safe(&detail, settings.token) };
    let headers = settings.headers().ok_or_else(|| refused(false, None, TOKEN_UNUSABLE.into()))?;
    let body = json!({ "recipient": { "id": recipient }, "sender_action": action });
    let answer = http
        .post_json(&settings.url("/messages"), headers, body.to_string().into())
        .await
        .map_err(|error| refused(true, None, error.to_string()))?;
    match GraphError::read(&answer.body) {
        Some(error) => Err(refused(error.is_transient, error.code_text(), error.message)),
        None if answer.status.is_success() => Ok(()),
        None => Err(refused(true, None, format!("the provider answered status {}", answer.status.as_u16()))),
    }
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
pub(super) fn tidy(mut outcome: SendOutcome, token: &str) -> SendOutcome {
    use SendOutcome::{
        Accepted, Blocked, NotPermitted, OutsideWindow, Permanent, PolicyBlocked, RateLimited, Temporary, Unauthorized,
        Uncertain,
    };
    match &mut outcome {
        Accepted { .. } => {}
        Temporary { detail, .. }
        | RateLimited { detail, .. }
        | OutsideWindow { detail, .. }
        | Unauthorized { detail, .. }
        | NotPermitted { detail, .. }
        | Blocked { detail, .. }
        | PolicyBlocked { detail, .. }
        | Permanent { detail, .. }
        | Uncertain { detail } => *detail = safe(detail, token),
    }
    outcome
}

pub(super) fn safe(words: &str, token: &str) -> String {
    let words = if token.is_empty() { words.to_owned() } else { words.replace(token, "***") };
    words.chars().map(|letter| if letter == '\0' { '\u{fffd}' } else { letter }).take(MAX_DETAIL_CHARS).collect()
}

pub(super) const TOKEN_UNUSABLE: &str = "the page access token has characters that a header cannot carry";

impl Settings<'_> {
    /// The address of something of the page.
    #[must_use]
    pub fn url(&self, rest: &str) -> String {
        format!("{}/{}/{}{rest}", self.api_base.trim_end_matches('/'), self.graph_version, self.page_id)
    }

    /// The credentials, marked so that nothing prints them; `None` when a header cannot carry them.
    pub(super) fn headers(&self) -> Option<HeaderMap> {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", self.token)).ok()?;
        value.set_sensitive(true);
        Some(HeaderMap::from_iter([(header::AUTHORIZATION, value)]))
    }
}

#[cfg(test)]
mod tests;
