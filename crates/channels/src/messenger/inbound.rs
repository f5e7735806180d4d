//! What comes in: a verified body into events, an event into a fact. Pure and total.
//!
//! Source of the shapes: Messenger Platform, "Webhook events reference" (Graph v25.0). What no rule here knows is kept
//! and shown as such, never dropped.

use super::{
    codec::{Envelope, Object, canonical, short_digest},
    facts,
};
use channel::{Fact, Inbound, SplitError, SplitEvent};
use model::Timestamp;
use serde_json::value::RawValue;

/// The standard window in milliseconds: 24 h. Source: Messenger Platform policy, "standard messaging window". The
/// 7 days after a click-to-message ad are a "may", so they are not counted on.
pub const WINDOW_MILLIS: i64 = 24 * 3_600_000;

/// The object that a page's callbacks name; one callback address may serve others too.
const OBJECT: &str = "page";
/// The lists of an entry that hold events.
const LISTS: [&str; 3] = ["messaging", "standby", "changes"];
/// The list name of an entry that has none of [`LISTS`].
const WHOLE_ENTRY: &str = "entry";
/// The longest key, in bytes; a longer one is cut and ends with a digest of the whole.
const MAX_KEY_BYTES: usize = 200;
/// What stands before our message id in the metadata of a send.
pub const METADATA_PREFIX: &str = "ot:";

/// Members of an event that say who and when.
const FRAME: [&str; 3] = ["sender", "recipient", "timestamp"];
/// Splits a verified body into its events, each with its exact text.
///
/// # Errors
/// When the body is not UTF-8, not JSON, of another object than a page, or not built of entries.
pub fn split(body: &[u8]) -> Result<Vec<SplitEvent>, SplitError> {
    let refuse = |reason: &str| SplitError { reason: reason.to_owned() };
    let body = std::str::from_utf8(body).map_err(|_| refuse("the body is not UTF-8"))?;
    let root = Object::read(body).ok_or_else(|| refuse("the body is not a JSON object"))?;
    match root.text("object") {
        Some(object) if object == OBJECT => {}
        Some(object) => return Err(refuse(&format!("object is {:?}, not \"page\"", clip(&object, 64)))),
        None => return Err(refuse("the body names no object")),
    }
    let entries = root.list("entry").ok_or_else(|| refuse("the body has no list of entries"))?;
    let mut events = Vec::with_capacity(entries.len());
    for raw in entries {
        let entry = Object::read(raw.get()).ok_or_else(|| refuse("an entry is not an object"))?;
        let page = entry.id("id").unwrap_or_default();
        let time = entry.number("time").unwrap_or(0);
        let lists: Vec<_> = LISTS.into_iter().filter_map(|list| Some((list, entry.list(list)?))).collect();
        if lists.is_empty() {
            events.push(event(&page, WHOLE_ENTRY, time, raw)?);
        }
        for (list, items) in lists {
            for item in items {
                events.push(event(&page, list, time, item)?);
            }
        }
    }
    Ok(events)
}

fn event(page: &str, list: &str, time: i64, raw: &RawValue) -> Result<SplitEvent, SplitError> {
    let item = Object::read(raw.get()).unwrap_or_default();
    let kind = Kind::of(list, &item);
    let envelope = Envelope { page: page.to_owned(), list: list.to_owned(), time, event: raw };
    Ok(SplitEvent {
        address: page.to_owned(),
        key: key(page, list, &kind, &item, raw),
        person: person(page, &kind, &item).unwrap_or_default(),
        payload: serde_json::to_string(&envelope)
            .map_err(|error| SplitError { reason: format!("an event cannot be kept: {error}") })?,
    })
}

/// Says what one stored event means.
#[must_use]
pub fn interpret(payload: &str) -> Inbound {
    let Ok(envelope) = serde_json::from_str::<Envelope<'_>>(payload) else {
        return Inbound {
            sender: None,
            at: Timestamp(0),
            opens_window_millis: None,
            standby: false,
            fact: Fact::NotShown { what: "unreadable".into() },
        };
    };
    let item = Object::read(envelope.event.get()).unwrap_or_default();
    let kind = Kind::of(&envelope.list, &item);
    Inbound {
        sender: person(&envelope.page, &kind, &item),
        at: Timestamp(item.number("timestamp").unwrap_or(envelope.time)),
        opens_window_millis: opens_window(&envelope.page, &kind, &item).then_some(WINDOW_MILLIS),
        // Another app has the conversation: what is said there counts, and answering it would be refused.
        standby: envelope.list == "standby",
        fact: facts::fact(&kind, &item, is_from(&envelope.page, &item)),
    }
}

/// What an event is, by the member that carries it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Message,
    Echo,
    Delivery,
    Read,
    /// Any other, in the provider's word.
    Other(String),
}

impl Kind {
    fn of(list: &str, item: &Object<'_>) -> Self {
        if list == "changes" {
            return Self::Other(item.text("field").map_or_else(|| "changes".into(), |field| clip(&field, 64)));
        }
        if list == WHOLE_ENTRY {
            return Self::Other(WHOLE_ENTRY.into());
        }
        if let Some(message) = item.object("message") {
            return if message.is_true("is_echo") { Self::Echo } else { Self::Message };
        }
        // One event carries one thing; were there two, the one that the customer did counts.
        for known in ["postback", "reaction", "message_edit", "delivery", "read"] {
            if item.get(known).is_some() {
                return match known {
                    "delivery" => Self::Delivery,
                    "read" => Self::Read,
                    other => Self::Other(other.into()),
                };
            }
        }
        let word = item.names().find(|name| !FRAME.contains(name));
        Self::Other(word.map_or_else(|| "unknown".into(), |word| clip(&word.replace('\0', "\u{fffd}"), 64)))
    }

    /// The word in a key.
    pub(super) fn word(&self) -> &str {
        match self {
            Self::Message => "message",
            Self::Echo => "echo",
            Self::Delivery => "delivery",
            Self::Read => "read",
            Self::Other(word) => word,
        }
    }
}

/// The customer: who is not the page. In an echo sender and recipient are swapped.
fn person(page: &str, kind: &Kind, item: &Object<'_>) -> Option<String> {
    let id = |side: &str| item.object(side).and_then(|side| side.id("id"));
    let (sender, recipient) = (id("sender"), id("recipient"));
    let from_us = *kind == Kind::Echo || sender.as_deref() == Some(page);
    if from_us { recipient } else { sender }.filter(|id| id != page)
}

/// Whether the page itself is the sender.
fn is_from(page: &str, item: &Object<'_>) -> bool {
    item.object("sender").and_then(|sender| sender.id("id")).as_deref() == Some(page)
}

/// Whether the event gives us the standard window: a message, a postback, a referral into an existing thread, a
/// reaction that was set. Not: receipts, opt-ins, edits, echoes, and what the page itself did. Another app's thread
/// (standby) counts, since the window is the page's.
fn opens_window(page: &str, kind: &Kind, item: &Object<'_>) -> bool {
    let opens = match kind {
        Kind::Message => true,
        Kind::Other(word) => match word.as_str() {
            "postback" | "referral" => true,
            "reaction" => item.object("reaction").is_some_and(|it| it.text("action").as_deref() != Some("unreact")),
            _ => false,
        },
        Kind::Echo | Kind::Delivery | Kind::Read => false,
    };
    opens && !is_from(page, item) && person(page, kind, item).is_some()
}

/// The event's own key: the same whenever the same event comes again, in whatever batch; unique within the account.
/// Messages and postbacks have an id of their own. An echo has the id of the message that it repeats, and standby tells
/// of messages that may come as ours later, so each is a name space. What has no id is named by who, when and what it
/// is about; where not even that is known, by its content.
fn key(page: &str, list: &str, kind: &Kind, item: &Object<'_>, raw: &RawValue) -> String {
    let word = kind.word();
    // Standby keys begin with the list, so that the other lists' keys can never equal one.
    let space = if list == "messaging" { String::new() } else { format!("{list}:") };
    let part = |object: &Object<'_>, name: &str| {
        object.text(name).or_else(|| object.number(name).map(|number| number.to_string())).unwrap_or_default()
    };
    let carried = item.object(word_member(kind));
    let mid = carried.as_ref().and_then(|object| object.id("mid"));
    let about = match (kind, &carried, mid) {
        (Kind::Message | Kind::Echo, _, Some(mid)) => return bounded(format!("{space}{word}:{mid}")),
        (Kind::Other(_), _, Some(mid)) if word == "postback" => return bounded(format!("{space}{word}:{mid}")),
        (Kind::Delivery | Kind::Read, Some(receipt), _) if receipt.number("watermark").is_some() => {
            // Two deliveries may share a watermark and name different messages.
            let mids = receipt.get("mids").map(|mids| format!(":{}", short_digest(&canonical(mids.get()))));
            format!("{}{}", part(receipt, "watermark"), mids.unwrap_or_default())
        }
        (Kind::Other(_), Some(reaction), Some(mid)) if word == "reaction" => {
            format!("{mid}:{}:{}", part(reaction, "action"), part(reaction, "emoji"))
        }
        (Kind::Other(_), Some(edit), Some(mid)) if word == "message_edit" => {
            format!("{mid}:{}", part(edit, "num_edit"))
        }
        _ => short_digest(&canonical(raw.get())),
    };
    let sender = item.object("sender").and_then(|sender| sender.id("id")).unwrap_or_default();
    let timestamp = item.number("timestamp").map(|at| at.to_string()).unwrap_or_default();
    bounded(format!("{space}{word}:{page}:{sender}:{timestamp}:{about}"))
}

/// The member that carries what the event is about.
pub(super) fn word_member(kind: &Kind) -> &str {
    match kind {
        Kind::Message | Kind::Echo => "message",
        other => other.word(),
    }
}

/// At most `max` bytes of a text, cut between characters.
pub(super) fn clip(words: &str, max: usize) -> String {
    let end = (0..=max.min(words.len())).rev().find(|end| words.is_char_boundary(*end)).unwrap_or(0);
    words[..end].to_owned()
}

/// A key that fits into an index.
fn bounded(key: String) -> String {
    if key.len() <= MAX_KEY_BYTES {
        return key;
    }
    format!("{}~{}", clip(&key, MAX_KEY_BYTES - 33), short_digest(&key))
}

#[cfg(test)]
mod tests;
