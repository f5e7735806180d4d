//! What Meta takes and what it refuses, in its own words; written from the documentation.

use super::{
    Accepted, Page, Persona,
    shapes::{self, Known, Message},
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashMap;

/// A refusal: HTTP status and Graph's error.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) code: i64,
    pub(super) subcode: Option<i64>,
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn new(status: u16, code: i64, subcode: Option<i64>, message: impl Into<String>) -> Self {
        Self { status, code, subcode, message: message.into() }
    }

    pub(super) fn expired_token() -> Self {
        let words = "Error validating access token: Session has expired on Tuesday, 08-Sep-26 03:00:00 PDT.";
        Self::new(401, 190, Some(463), words)
    }

    pub(super) fn parameter(message: impl std::fmt::Display) -> Self {
        Self::new(400, 100, None, format!("(#100) {message}"))
    }

    pub(super) fn body(&self) -> Value {
        let mut error = json!({
            "message": self.message, "type": "OAuthException", "code": self.code, "fbtrace_id": "AStandInTrace01",
        });
        if let Some(subcode) = self.subcode {
            error["error_subcode"] = subcode.into();
        }
        if matches!(self.code, 1 | 2) {
            error["is_transient"] = true.into();
        }
        json!({ "error": error })
    }
}

/// A send, with every member that the documentation names. Meta ignores others; here they are refused, since they are
/// a slip of ours.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Send {
    recipient: Recipient,
    messaging_type: Option<String>,
    tag: Option<String>,
    message: Option<Message>,
    sender_action: Option<String>,
    persona_id: Option<String>,
    reply_to: Option<ReplyTo>,
    #[serde(rename = "notification_type")]
    _notification_type: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Recipient {
    id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReplyTo {
    mid: String,
}

/// What of the outside world a rule needs.
pub(super) struct Circumstances<'a> {
    pub(super) page: &'a Page,
    /// The page's personas.
    pub(super) personas: &'a [Persona],
    /// What earlier calls uploaded.
    pub(super) known: Known<'a>,
    /// Whether windows are kept.
    pub(super) windows: bool,
    /// When each person last wrote, unix milliseconds.
    pub(super) last_inbound: &'a HashMap<String, i64>,
    /// Unix milliseconds.
    pub(super) now: i64,
}

const DAY_MILLIS: i64 = 86_400_000;

/// Whether the caller may speak for the page that the address names (`me` is the token's page).
pub(super) fn check_caller(page: &Page, version: &str, named: &str, token: Option<&str>) -> Result<(), Refusal> {
    let known_version =
        version.strip_prefix('v').and_then(|rest| rest.split_once('.')).is_some_and(|(major, minor)| {
            [major, minor].iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
        });
    if !known_version {
        return Err(Refusal::new(400, 2500, None, format!("Unknown path components: /{version}")));
    }
    match token {
        None => return Err(Refusal::new(400, 104, None, "An access token is required to request this resource.")),
        Some(token) if token != page.token => {
            // Graph repeats the token in this answer.
            return Err(Refusal::new(401, 190, None, format!("Malformed access token {token}")));
        }
        Some(_) => {}
    }
    if named != "me" && named != page.id {
        let words = format!("Unsupported request. Object with ID '{named}' does not exist or cannot be loaded.");
        return Err(Refusal::new(400, 100, Some(33), words));
    }
    Ok(())
}

/// What a send is.
pub(super) enum Taken {
    /// A message.
    Message(Box<Accepted>),
    /// Typing or seen: to whom, and which.
    Action(String, String),
}

/// A send that Meta would take, or its refusal.
pub(super) fn check_send(body: &[u8], around: &Circumstances<'_>) -> Result<Taken, Refusal> {
    let raw: Value = serde_json::from_slice(body).map_err(Refusal::parameter)?;
    let send: Send = serde_json::from_value(raw.clone()).map_err(Refusal::parameter)?;
    let recipient = send.recipient.id.ok_or_else(|| Refusal::parameter("The parameter recipient is required."))?;
    if recipient.is_empty() || recipient.len() > 20 || !recipient.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Refusal::new(400, 100, Some(2_018_001), "(#100) No matching user found"));
    }
    if let Some(id) = &send.persona_id
        && !around.personas.iter().any(|persona| persona.id == *id)
    {
        return Err(Refusal::parameter(format!("The persona {id} does not exist")));
    }
    if send.reply_to.as_ref().is_some_and(|answered| !answered.mid.starts_with("m_")) {
        return Err(Refusal::parameter("Invalid reply_to"));
    }
    if let Some(action) = send.sender_action {
        let known = ["typing_on", "typing_off", "mark_seen"].contains(&action.as_str());
        let alone = send.message.is_none() && send.reply_to.is_none();
        return if known && alone {
            Ok(Taken::Action(recipient, action))
        } else {
            Err(Refusal::parameter("Invalid sender_action"))
        };
    }
    let message = send.message.ok_or_else(|| Refusal::parameter("The parameter message is required."))?;
    shapes::check(&message, &around.known)?;
    let messaging_type = send.messaging_type.unwrap_or_default();
    check_window(&messaging_type, send.tag.as_deref(), &recipient, around)?;
    Ok(Taken::Message(Box::new(Accepted {
        mid: String::new(),
        recipient,
        messaging_type,
        tag: send.tag,
        metadata: message.metadata,
        text: message.text,
        at: around.now,
        answered: true,
        body: raw,
    })))
}

fn check_window(
    messaging_type: &str,
    tag: Option<&str>,
    recipient: &str,
    around: &Circumstances<'_>,
) -> Result<(), Refusal> {
    let closed = || {
        let words = "(#10) This message is sent outside of allowed window.";
        Err(Refusal::new(400, 10, Some(2_018_278), words))
    };
    let age = around.last_inbound.get(recipient).map(|at| around.now.saturating_sub(*at));
    let within = |millis: i64| !around.windows || age.is_some_and(|age| age < millis);
    match (messaging_type, tag) {
        ("RESPONSE" | "UPDATE", None) => {
            if within(DAY_MILLIS) {
                Ok(())
            } else {
                closed()
            }
        }
        ("MESSAGE_TAG", Some("HUMAN_AGENT")) => {
            if !around.page.human_agent {
                let words = "(#10) This tag needs the Human Agent permission";
                return Err(Refusal::new(400, 10, None, words));
            }
            if within(7 * DAY_MILLIS) { Ok(()) } else { closed() }
        }
        ("MESSAGE_TAG", Some(tag)) => Err(Refusal::parameter(format!("The tag {tag} is no longer supported"))),
        ("UTILITY", None) => Ok(()),
        (other, tag) => Err(Refusal::parameter(format!("Invalid messaging_type {other:?} with tag {tag:?}"))),
    }
}
