//! The shapes of Meta's callbacks, written from its documentation and not from the adapter.

use super::Accepted;
use serde_json::{Value, json};

/// One event on its way to a callback address.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// The page that it belongs to.
    pub page: String,
    /// The entry's list that carries it: `messaging`, `standby` or `changes`.
    pub list: &'static str,
    /// The event itself.
    pub value: Value,
}

impl Event {
    /// An event of the list `messaging`.
    #[must_use]
    pub fn messaging(page: &str, value: Value) -> Self {
        Self { page: page.to_owned(), list: "messaging", value }
    }

    /// A customer's text. `at` is in unix milliseconds, here and below.
    #[must_use]
    pub fn text(page: &str, psid: &str, mid: &str, text: &str, at: i64) -> Self {
        Self::from_customer(page, psid, at, "message", json!({ "mid": mid, "text": text }))
    }

    /// A customer's attachment by address.
    #[must_use]
    pub fn attachment(page: &str, psid: &str, mid: &str, kind: &str, url: &str, at: i64) -> Self {
        let attachments = json!([{ "type": kind, "payload": { "url": url } }]);
        Self::from_customer(page, psid, at, "message", json!({ "mid": mid, "attachments": attachments }))
    }

    /// A tapped button.
    #[must_use]
    pub fn postback(page: &str, psid: &str, mid: &str, title: &str, payload: &str, at: i64) -> Self {
        Self::from_customer(page, psid, at, "postback", json!({ "mid": mid, "title": title, "payload": payload }))
    }

    /// A reaction to a message of the page.
    #[must_use]
    pub fn reaction(page: &str, psid: &str, mid: &str, emoji: &str, at: i64) -> Self {
        let reaction = json!({ "reaction": "other", "emoji": emoji, "action": "react", "mid": mid });
        Self::from_customer(page, psid, at, "reaction", reaction)
    }

    /// Messages of the page reached the device.
    #[must_use]
    pub fn delivery(page: &str, psid: &str, mids: &[&str], watermark: i64, at: i64) -> Self {
        Self::from_customer(page, psid, at, "delivery", json!({ "mids": mids, "watermark": watermark }))
    }

    /// Messages of the page up to `watermark` were seen.
    #[must_use]
    pub fn read(page: &str, psid: &str, watermark: i64, at: i64) -> Self {
        Self::from_customer(page, psid, at, "read", json!({ "watermark": watermark }))
    }

    /// The page, or an app of it, sent something.
    #[must_use]
    pub fn echo(page: &str, psid: &str, mid: &str, metadata: Option<&str>, text: &str, at: i64) -> Self {
        let mut message = json!({ "mid": mid, "is_echo": true, "app_id": 517_000_000_000_111_i64, "text": text });
        if let Some(metadata) = metadata {
            message["metadata"] = metadata.into();
        }
        let value =
            json!({ "sender": { "id": page }, "recipient": { "id": psid }, "timestamp": at, "message": message });
        Self::messaging(page, value)
    }

    /// A message of attachments in place of text.
    #[must_use]
    pub fn with_attachments(mut self, attachments: Value) -> Self {
        if let Some(message) = self.value["message"].as_object_mut() {
            message.remove("text");
            message.insert("attachments".into(), attachments);
        }
        self
    }

    /// Anything that a customer does, under the provider's word for it.
    #[must_use]
    pub fn from_customer(page: &str, psid: &str, at: i64, word: &str, what: Value) -> Self {
        let value = json!({ "sender": { "id": psid }, "recipient": { "id": page }, "timestamp": at, word: what });
        Self::messaging(page, value)
    }

    /// The same event in another list.
    #[must_use]
    pub fn in_list(self, list: &'static str) -> Self {
        Self { list, ..self }
    }

    /// Whose message opens a window by this event, and when (unix milliseconds); `None` when it opens none.
    #[must_use]
    pub fn opens_window(&self) -> Option<(String, i64)> {
        let is_echo = self.value["message"]["is_echo"].as_bool() == Some(true);
        let opens = (self.value["message"].is_object() && !is_echo)
            || self.value["postback"].is_object()
            || self.value["referral"].is_object()
            || self.value["reaction"]["action"] == "react";
        let sender = self.value["sender"]["id"].as_str()?;
        opens.then(|| Some((sender.to_owned(), self.value["timestamp"].as_i64()?)))?
    }
}

/// The echo of an accepted message. Quick replies are not repeated, as at Meta; an upload comes back as an address.
pub(super) fn echo_of(page: &str, sent: &Accepted) -> Event {
    let text = sent.text.as_deref().unwrap_or_default();
    let echo = Event::echo(page, &sent.recipient, &sent.mid, sent.metadata.as_deref(), text, sent.at);
    let Some(attachment) = sent.body["message"].get("attachment") else { return echo };
    let mut attachment = attachment.clone();
    if attachment["payload"].get("attachment_id").is_some() {
        attachment["payload"] = json!({ "url": "https://cdn.example.com/v/echoed?oh=1" });
    }
    echo.with_attachments(json!([attachment]))
}

/// The tap on the option at this place (from 0, links left out) of an accepted message: of its quick replies, its buttons, the
/// buttons of its elements.
pub(super) fn tap(page: &str, psid: &str, sent: &Accepted, mid: &str, place: usize) -> Event {
    let message = &sent.body["message"];
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let at = sent.at + 1;
    let word = |option: &Value, name: &str| option[name].as_str().unwrap_or_default().to_owned();
    if let Some(reply) = list(&message["quick_replies"]).get(place) {
        let tapped = json!({ "mid": mid, "text": reply["title"], "quick_reply": { "payload": reply["payload"] } });
        return Event::from_customer(page, psid, at, "message", tapped);
    }
    let payload = &message["attachment"]["payload"];
    let mut buttons = list(&payload["buttons"]);
    buttons.extend(list(&payload["elements"]).iter().flat_map(|element| list(&element["buttons"])));
    buttons.retain(|button| button["type"] == "postback");
    let button = buttons.get(place).cloned().unwrap_or_default();
    Event::postback(page, psid, mid, &word(&button, "title"), &word(&button, "payload"), at)
}

/// A callback body of these events, as Meta writes it: one entry per run of events of one page and list, `entry.time`
/// being the time of sending (unix milliseconds), letters outside ASCII and slashes escaped.
#[must_use]
pub fn body(events: &[Event], sent_at: i64) -> Vec<u8> {
    let entries: Vec<Value> = events
        .chunk_by(|one, next| one.page == next.page && one.list == next.list)
        .map(|run| {
            let values: Vec<&Value> = run.iter().map(|event| &event.value).collect();
            json!({ "id": run[0].page, "time": sent_at, run[0].list: values })
        })
        .collect();
    escaped(&json!({ "object": "page", "entry": entries }).to_string()).into_bytes()
}

/// JSON text with everything outside ASCII as `\uXXXX` and `/` as `\/`. Both can only stand inside a JSON string.
fn escaped(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for letter in json.chars() {
        match letter {
            '/' => out.push_str("\\/"),
            letter if letter.is_ascii() => out.push(letter),
            letter => {
                let mut units = [0; 2];
                for unit in letter.encode_utf16(&mut units) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_written_as_meta_writes_it_and_reads_back() {
        let events = [
            Event::text("1", "2", "m_a", "Grüße 👋 a/b", 10),
            Event::read("1", "2", 9, 11),
            Event::text("1", "2", "m_b", "x", 12).in_list("standby"),
            Event::text("3", "2", "m_c", "y", 13),
        ];
        let text = String::from_utf8(body(&events, 99)).unwrap();
        assert!(text.contains(r"Gr\u00fc\u00dfe \ud83d\udc4b a\/b"), "{text}");
        let back: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(back["entry"].as_array().unwrap().len(), 3);
        assert_eq!(back["entry"][0]["messaging"][0]["message"]["text"], "Grüße 👋 a/b");
        assert_eq!(back["entry"][1]["standby"][0]["message"]["mid"], "m_b");
        assert_eq!(back["entry"][2]["id"], "3");
    }

    #[test]
    fn receipts_and_echoes_open_no_window() {
        assert_eq!(Event::text("1", "2", "m", "t", 5).opens_window(), Some(("2".into(), 5)));
        assert!(Event::reaction("1", "2", "m", "x", 5).opens_window().is_some());
        for event in [
            Event::read("1", "2", 1, 5),
            Event::delivery("1", "2", &[], 1, 5),
            Event::echo("1", "2", "m", None, "t", 5),
        ] {
            assert_eq!(event.opens_window(), None);
        }
    }
}
