//! Messenger's bytes as types and back. Pure.
//!
//! JSON is read member by member and in its exact text ([`RawValue`]): an id keeps all its digits, an event is kept as
//! it came, and one broken member (half of a surrogate pair in a text that was cut) does not take the rest with it.

use aws_lc_rs::{digest, hmac};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;
use std::fmt;

/// The longest id that is taken for one, in bytes. Page-scoped ids have up to 20 digits; message ids about 150 letters.
pub const MAX_ID_BYTES: usize = 255;

/// Whether `header` (`X-Hub-Signature-256`) signs exactly these bytes: `sha256=` and 64 hex digits of HMAC-SHA256 over
/// the raw body, keyed with the app secret. Constant time in the signature; an empty secret accepts nothing.
///
/// Source: Messenger Platform, "Webhooks", validate payloads.
#[must_use]
pub fn is_signed(app_secret: &str, header: &[u8], body: &[u8]) -> bool {
    if app_secret.is_empty() {
        return false;
    }
    let Some(tag) = header.strip_prefix(b"sha256=").and_then(decode_hex_32) else {
        return false;
    };
    let key = hmac::Key::new(hmac::HMAC_SHA256, app_secret.as_bytes());
    hmac::verify(&key, body, &tag).is_ok()
}

/// Exactly 64 hex digits as 32 bytes.
fn decode_hex_32(digits: &[u8]) -> Option<[u8; 32]> {
    if digits.len() != 64 {
        return None;
    }
    let digit = |byte: u8| (byte as char).to_digit(16).map(|value| value as u8);
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

/// Compares two secrets in a time that tells neither where they differ nor how long the expected one is.
#[must_use]
pub fn same_secret(given: &str, expected: &str) -> bool {
    let hash = |text: &str| digest::digest(&digest::SHA256, text.as_bytes());
    aws_lc_rs::constant_time::verify_slices_are_equal(hash(given).as_ref(), hash(expected).as_ref()).is_ok()
        && !expected.is_empty()
}

/// The first 128 bits of a SHA-256 as hex, for keys made from content.
#[must_use]
pub fn short_digest(text: &str) -> String {
    let hash = digest::digest(&digest::SHA256, text.as_bytes());
    hash.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// A JSON object's members in the order they came, each value in its exact text.
#[derive(Debug, Default)]
pub struct Object<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Object<'a> {
    /// Reads an object; `None` for any other JSON.
    #[must_use]
    pub fn read(text: &'a str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// A member that is present and not null. Of two with one name the last counts, as in other readers.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a RawValue> {
        let (_, value) = self.0.iter().rev().find(|(known, _)| known == name)?;
        (value.get() != "null").then_some(*value)
    }

    /// A member that is an object.
    #[must_use]
    pub fn object(&self, name: &str) -> Option<Object<'a>> {
        self.get(name).and_then(|value| Object::read(value.get()))
    }

    /// A member that is a list, item by item.
    #[must_use]
    pub fn list(&self, name: &str) -> Option<Vec<&'a RawValue>> {
        serde_json::from_str(self.get(name)?.get()).ok()
    }

    /// A member that is a text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        text(self.get(name)?)
    }

    /// A member that is an id: a text, or a whole number in its own digits. Empty and over-long ones are none.
    #[must_use]
    pub fn id(&self, name: &str) -> Option<String> {
        let value = self.get(name)?;
        let number = || Some(value.get()).filter(|raw| raw.bytes().all(|byte| byte.is_ascii_digit())).map(String::from);
        text(value).or_else(number).filter(|id| !id.is_empty() && id.len() <= MAX_ID_BYTES)
    }

    /// A member that is a whole number, or a text of one.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<i64> {
        let value = self.get(name)?;
        value.get().parse().ok().or_else(|| text(value)?.parse().ok())
    }

    /// A member that is `true`.
    #[must_use]
    pub fn is_true(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value.get() == "true")
    }

    /// The names of the members that are present and not null, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter(|(_, value)| value.get() != "null").map(|(name, _)| name.as_str())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Vec<(String, &'de RawValue)>;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }
            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(Members).map(Object)
    }
}

/// A JSON text as a `String`; `None` for other JSON. Half of a surrogate pair and U+0000, which neither databases nor
/// channels carry, become U+FFFD.
#[must_use]
pub fn text(value: &RawValue) -> Option<String> {
    let decoded = match serde_json::from_str::<String>(value.get()) {
        Ok(text) => text,
        Err(_) => {
            struct Bytes;
            impl Visitor<'_> for Bytes {
                type Value = String;
                fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                    out.write_str("a text")
                }
                fn visit_bytes<E>(self, bytes: &[u8]) -> Result<String, E> {
                    Ok(String::from_utf8_lossy(bytes).into_owned())
                }
            }
            serde_json::Deserializer::from_str(value.get()).deserialize_bytes(Bytes).ok()?
        }
    };
    Some(if decoded.contains('\0') { decoded.replace('\0', "\u{fffd}") } else { decoded })
}

/// JSON in one spelling: members sorted, no space, one way to escape. Two texts of the same value give the same text;
/// what cannot be read (too deep, half of a surrogate pair) stays as it is.
#[must_use]
pub fn canonical(json: &str) -> String {
    fn write(value: &serde_json::Value, out: &mut String) {
        match value {
            serde_json::Value::Object(members) => {
                let mut names: Vec<&String> = members.keys().collect();
                names.sort_unstable();
                out.push('{');
                for (place, name) in names.into_iter().enumerate() {
                    if place > 0 {
                        out.push(',');
                    }
                    out.push_str(&serde_json::Value::from(name.as_str()).to_string());
                    out.push(':');
                    write(&members[name], out);
                }
                out.push('}');
            }
            serde_json::Value::Array(items) => {
                out.push('[');
                for (place, item) in items.iter().enumerate() {
                    if place > 0 {
                        out.push(',');
                    }
                    write(item, out);
                }
                out.push(']');
            }
            plain => out.push_str(&plain.to_string()),
        }
    }
    match serde_json::from_str::<serde_json::Value>(json) {
        Ok(value) => {
            let mut out = String::with_capacity(json.len());
            write(&value, &mut out);
            out
        }
        Err(_) => json.to_owned(),
    }
}

/// One event as it is stored: the exact text, with what of its envelope is needed to read it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Envelope<'a> {
    /// The page's id.
    pub page: String,
    /// The list that it came in: `messaging`, `standby` or `changes`; `entry` for an entry with none of them.
    pub list: String,
    /// When Meta sent it (`entry.time`), unix milliseconds; for events without a time of their own.
    pub time: i64,
    /// The event.
    #[serde(borrow)]
    pub event: &'a RawValue,
}

/// The body of a send. Source: Send API reference, v25.0.
#[derive(Debug, Serialize)]
pub struct SendBody<'a> {
    /// To whom.
    pub recipient: SendRecipient<'a>,
    /// `RESPONSE` inside the window, `MESSAGE_TAG` outside.
    pub messaging_type: &'static str,
    /// `HUMAN_AGENT`, with `MESSAGE_TAG`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<&'static str>,
    /// Under whose name and picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub persona_id: Option<&'a str>,
    /// Which message it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<SendReplyTo<'a>>,
    /// What to say: text or an attachment, with `metadata` that comes back in the echo and is never shown.
    pub message: serde_json::Value,
}

/// To whom a send goes.
#[derive(Debug, Serialize)]
pub struct SendRecipient<'a> {
    /// The page-scoped id.
    pub id: &'a str,
}

/// Which message a send answers.
#[derive(Debug, Serialize)]
pub struct SendReplyTo<'a> {
    /// Its id.
    pub mid: &'a str,
}

/// What `error` of a Graph answer says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GraphError {
    /// The code, which is looked at first.
    pub code: Option<i64>,
    /// The finer code.
    pub subcode: Option<i64>,
    /// The words for a developer.
    pub message: String,
    /// The words for a person, where given.
    pub user_message: Option<String>,
    /// Meta's own opinion that trying again may help.
    pub is_transient: bool,
}

impl GraphError {
    /// Reads `{"error":{…}}`; `None` for any other body.
    #[must_use]
    pub fn read(body: &[u8]) -> Option<Self> {
        let error = Object::read(std::str::from_utf8(body).ok()?)?.object("error")?;
        Some(Self {
            code: error.number("code"),
            subcode: error.number("error_subcode"),
            message: error.text("message").unwrap_or_default(),
            user_message: error.text("error_user_msg").filter(|words| !words.is_empty()),
            is_transient: error.is_true("is_transient"),
        })
    }

    /// Code and subcode as text (`10/2018278`), when there is a code.
    #[must_use]
    pub fn code_text(&self) -> Option<String> {
        let code = self.code?;
        Some(self.subcode.map_or_else(|| code.to_string(), |subcode| format!("{code}/{subcode}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ids_keep_their_digits_and_odd_values_are_none() {
        let json = r#"{"a":"70010","b":123456789012345678901,"c":1.5,"d":null,"e":{},"f":"","g":true,"h":"x\u0000y","i":"\ud83dz"}"#;
        let object = Object::read(json).unwrap();
        assert_eq!(object.id("a").as_deref(), Some("70010"));
        assert_eq!(object.id("b").as_deref(), Some("123456789012345678901"));
        for name in ["c", "d", "e", "f", "g", "missing"] {
            assert_eq!(object.id(name), None, "{name}");
        }
        assert_eq!(object.text("h").as_deref(), Some("x\u{fffd}y"));
        assert!(object.text("i").unwrap().ends_with("\u{fffd}z"), "half a surrogate pair does not lose the rest");
        assert_eq!(object.names().collect::<Vec<_>>(), ["a", "b", "c", "e", "f", "g", "h", "i"]);
    }

    #[test]
    fn canonical_text_knows_no_order_and_no_spelling() {
        let one = r#"{"b":[1,{"y":2,"x":"\u00e4\/"}],"a":null}"#;
        let two = r#" { "a" : null, "b" : [ 1 , { "x":"ä/" , "y":2 } ] } "#;
        assert_eq!(canonical(one), canonical(two));
        assert_eq!(canonical(one), r#"{"a":null,"b":[1,{"x":"ä/","y":2}]}"#);
        assert_ne!(canonical(one), canonical(r#"{"b":[{"y":2,"x":"ä/"},1],"a":null}"#), "the order of a list counts");
        assert_eq!(canonical("{"), "{");
    }

    #[test]
    fn secrets_are_compared_whole_and_empty_ones_never_match() {
        assert!(same_secret("token", "token"));
        for (given, expected) in [("", ""), ("token", ""), ("", "token"), ("toke", "token"), ("tokem", "token")] {
            assert!(!same_secret(given, expected), "{given:?} {expected:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_panic(json in ".*", name in ".*") {
            if let Some(object) = Object::read(&json) {
                let _ = (object.id(&name), object.number(&name), object.text(&name), object.list(&name));
            }
            let _ = canonical(&json);
            let _ = GraphError::read(json.as_bytes());
        }

        #[test]
        fn any_string_survives_json(words in any::<String>()) {
            let json = serde_json::to_string(&serde_json::json!({ "a": words })).unwrap();
            prop_assert_eq!(Object::read(&json).unwrap().text("a"), Some(words.replace('\0', "\u{fffd}")));
        }

        #[test]
        fn only_the_exact_signature_of_the_exact_bytes_counts(body: Vec<u8>, header in "(sha256=)?[0-9a-fA-F]{0,70}") {
            prop_assert!(!is_signed("secret", header.as_bytes(), &body));
        }
    }
}
