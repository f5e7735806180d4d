//! What an event means: the member that carries it, as a fact. Pure and total.
//!
//! Source of the shapes: Messenger Platform, "Webhook events reference" (Graph v25.0).

use super::{
    codec::{MAX_ID_BYTES, Object, canonical, short_digest, text},
    inbound::{Kind, METADATA_PREFIX, clip, word_member},
    parts::content,
};
use channel::{EchoAuthor, Fact, Happening};
use model::{
    Block, MessageId, Timestamp,
    message::{AuthorKind, Chosen},
};
use serde_json::{Map, Value};

/// The app that is Meta's own inbox of a page. Source: Messenger Platform, "Conversation routing".
const PAGE_INBOX_APP: &str = "263902037430900";
/// Members that are a right to write to somebody or to act for them: kept with the raw event, not with the fact.
const CREDENTIALS: [&str; 4] =
    ["notification_messages_token", "one_time_notif_token", "authorization_code", "account_linking_token"];

/// The fact that an event is. `from_us`: the page itself is its sender.
pub(super) fn fact(kind: &Kind, item: &Object<'_>, from_us: bool) -> Fact {
    let carried = item.object(word_member(kind)).unwrap_or_default();
    let found = match kind {
        // The page wrote it, whether or not Meta marks it as an echo.
        Kind::Message if from_us => echo(&carried),
        Kind::Message => message(&carried),
        Kind::Echo => echo(&carried),
        Kind::Delivery => delivered(&carried),
        Kind::Read => carried.number("watermark").map(|at| Fact::Read { watermark: Timestamp(at) }),
        Kind::Other(_) if from_us => None,
        Kind::Other(word) => other(word, &carried, item),
    };
    found.unwrap_or_else(|| {
        let what = match kind {
            Kind::Message => "message",
            Kind::Echo => "message_echo",
            other => other.word(),
        };
        Fact::NotShown { what: what.to_owned() }
    })
}

fn message(carried: &Object<'_>) -> Option<Fact> {
    Some(Fact::Message {
        // A message without an id cannot be told from its repetition.
        external_id: carried.id("mid")?,
        content: content(carried),
        choice: carried.object("quick_reply").and_then(|reply| chosen(&reply)),
        referral: carried.get("referral").and_then(|referral| details(referral.get())),
    })
}

/// A tapped button is a message of the customer: its title are the words, its payload what was picked.
fn postback(carried: &Object<'_>, item: &Object<'_>) -> Fact {
    let composed = || {
        // Postbacks of old pages have no id of their own.
        let sender = item.object("sender").and_then(|sender| sender.id("id")).unwrap_or_default();
        let at = item.number("timestamp").unwrap_or(0);
        let about = item.get("postback").map(|raw| short_digest(&canonical(raw.get()))).unwrap_or_default();
        format!("postback:{sender}:{at}:{about}")
    };
    let mut content = channel::Content::default();
    match carried.text("title").filter(|title| !title.trim().is_empty()) {
        Some(title) => content.blocks.push(Block::text(title)),
        None => content.not_shown.push("postback".into()),
    }
    Fact::Message {
        external_id: carried.id("mid").unwrap_or_else(composed),
        content,
        choice: chosen(carried),
        referral: carried.get("referral").and_then(|referral| details(referral.get())),
    }
}

/// What was picked: one of our options (its payload names the message that offered it), or somebody else's word.
fn chosen(carried: &Object<'_>) -> Option<Chosen> {
    let payload = carried.text("payload").filter(|payload| !payload.is_empty())?;
    let ours = payload.strip_prefix(METADATA_PREFIX).and_then(|rest| {
        let (message_id, option_id) = rest.split_once(':')?;
        Some((message_id.parse::<MessageId>().ok()?, option_id.to_owned()))
    });
    Some(match ours {
        Some((message_id, option_id)) => {
            Chosen { option_id: Some(option_id), message_id: Some(message_id), payload: None }
        }
        None => Chosen { option_id: None, message_id: None, payload: Some(payload) },
    })
}

/// What comes back when an option is picked. The reverse of [`chosen`].
pub(super) fn payload(message_id: MessageId, option_id: &str) -> String {
    format!("{METADATA_PREFIX}{message_id}:{option_id}")
}

fn echo(carried: &Object<'_>) -> Option<Fact> {
    let app = carried.id("app_id");
    let author = match app.as_deref() {
        Some(PAGE_INBOX_APP) => EchoAuthor { kind: AuthorKind::Agent, name: "Page inbox".into() },
        Some(app) => EchoAuthor { kind: AuthorKind::System, name: format!("App {app}") },
        None => EchoAuthor { kind: AuthorKind::System, name: String::new() },
    };
    Some(Fact::Echo { external_id: carried.id("mid")?, message_id: our_id(carried), content: content(carried), author })
}

/// Our message id, when the echo's metadata holds one. Other apps of the page may write whatever they like there.
fn our_id(message: &Object<'_>) -> Option<MessageId> {
    message.text("metadata")?.strip_prefix(METADATA_PREFIX)?.parse().ok()
}

fn delivered(carried: &Object<'_>) -> Option<Fact> {
    let mids = carried.list("mids").unwrap_or_default().into_iter().filter_map(text);
    let external_ids: Vec<String> = mids.filter(|mid| !mid.is_empty() && mid.len() <= MAX_ID_BYTES).collect();
    let watermark = carried.number("watermark").map(Timestamp);
    (!external_ids.is_empty() || watermark.is_some()).then_some(Fact::Delivered { external_ids, watermark })
}

fn other(word: &str, carried: &Object<'_>, item: &Object<'_>) -> Option<Fact> {
    let what = match word {
        "postback" if item.object("postback").is_some() => return Some(postback(carried, item)),
        "reaction" => return reaction(carried),
        "message_edit" => {
            return Some(Fact::Edited {
                external_id: carried.id("mid")?,
                text: carried.text("text")?,
                number: carried.number("num_edit").unwrap_or(0).max(0),
            });
        }
        "referral" => Happening::Referral,
        "optin" => Happening::OptIn,
        "pass_thread_control" => Happening::ControlPassed,
        "take_thread_control" => Happening::ControlTaken,
        "request_thread_control" => Happening::ControlRequested,
        "app_roles" => Happening::RolesChanged,
        "account_linking" => match carried.text("status")?.as_str() {
            "linked" => Happening::AccountLinked,
            "unlinked" => Happening::AccountUnlinked,
            _ => return None,
        },
        "messaging_feedback" | "response_feedback" => Happening::Feedback,
        // Two spellings in Meta's own pages.
        "policy_enforcement" | "policy-enforcement" => Happening::PolicyEnforced,
        // Two names in Meta's own pages.
        "messenger_template_status_update" | "message_template_status_update" => {
            let details = details(item.get("value")?.get())?;
            return Some(Fact::Happened { what: Happening::TemplateStatus, details });
        }
        _ => return None,
    };
    Some(Fact::Happened { what, details: details(item.get(word)?.get())? })
}

fn reaction(carried: &Object<'_>) -> Option<Fact> {
    let external_id = carried.id("mid")?;
    let emoji = match carried.text("action").as_deref() {
        Some("unreact") => None,
        _ => Some(carried.text("emoji").filter(|emoji| !emoji.is_empty()).or_else(|| {
            // Older events name the reaction only.
            let sign = match carried.text("reaction")?.as_str() {
                "smile" => "😆",
                "angry" => "😡",
                "sad" => "😢",
                "wow" => "😮",
                "love" => "❤",
                "like" => "👍",
                "dislike" => "👎",
                _ => return None,
            };
            Some(sign.to_owned())
        })?),
    };
    Some(Fact::Reaction { external_id, emoji: emoji.map(|emoji| clip(&emoji, 64)) })
}

/// An object as plain JSON, without what is a credential; `None` for anything else.
fn details(json: &str) -> Option<Map<String, Value>> {
    // Half of a surrogate pair in it makes serde refuse the whole: then the event stays raw.
    let mut details: Map<String, Value> = serde_json::from_str(json).ok()?;
    for name in CREDENTIALS {
        details.remove(name);
    }
    Some(details)
}
