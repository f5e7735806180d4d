//! Ids: time-ordered 63-bit integers in the database, prefixed Crockford base32 text everywhere else.
//!
//! Layout of the integer, from the top: 41 bits milliseconds since 2026-01-01 UTC, 10 bits node, 12 bits
//! counter. The text is the prefix of the kind, an underscore and 13 lower-case Crockford digits
//! (`thr_0f3k9…`). Text sorts like the integer.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, str::FromStr};

/// Milliseconds from the unix epoch to 2026-01-01T00:00:00Z, where the time part of an id begins.
pub const ID_EPOCH_MILLIS: i64 = 1_767_225_600_000;
/// Bits of an id that name the node which made it.
pub const NODE_BITS: u32 = 10;
/// Bits of an id that count within one millisecond of one node.
pub const COUNTER_BITS: u32 = 12;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const DIGITS: usize = 13;

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an id of this kind: expected {expected}_ followed by {DIGITS} base32 digits")]
pub struct ParseIdError {
    expected: &'static str,
}

/// Writes a non-negative integer as 13 lower-case Crockford base32 digits.
#[must_use]
pub fn encode_base32(value: i64) -> String {
    let mut rest = value.max(0) as u64;
    let mut digits = [b'0'; DIGITS];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[(rest & 31) as usize];
        rest >>= 5;
    }
    digits.iter().map(|digit| *digit as char).collect()
}

/// Reads what [`encode_base32`] wrote; only the canonical lower-case form is accepted.
#[must_use]
pub fn decode_base32(text: &str) -> Option<i64> {
    if text.len() != DIGITS {
        return None;
    }
    let mut value: u64 = 0;
    for (place, byte) in text.bytes().enumerate() {
        let digit = ALPHABET.iter().position(|known| *known == byte)? as u64;
        // 13 digits hold 65 bits; an id has 63, so the first digit is at most 7.
        if place == 0 && digit > 7 {
            return None;
        }
        value = (value << 5) | digit;
    }
    i64::try_from(value).ok()
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i64);

        impl $name {
            /// The letters before the underscore.
            pub const PREFIX: &'static str = $prefix;
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, concat!($prefix, "_{}"), encode_base32(self.0))
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;
            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                text.strip_prefix(concat!($prefix, "_"))
                    .and_then(decode_base32)
                    .map(Self)
                    .ok_or(ParseIdError { expected: $prefix })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .pattern(Some(concat!("^", $prefix, "_[0-7][0-9a-hjkmnp-tv-z]{12}$")))
                    .examples([serde_json::json!(concat!($prefix, "_0f3k9a2b4c6d8"))])
                    .into()
            }
        }
        impl utoipa::ToSchema for $name {}
    )*};
}

ids! {
    /// A tenancy boundary: one business. Never shown in API paths; a credential belongs to one.
    WorkspaceId = "wks";
    /// A person, with one or several identities.
    CustomerId = "cus";
    /// An address of a customer in the namespace that gives it meaning.
    IdentityId = "idn";
    /// An identity as reached through one channel account.
    RouteId = "rte";
    /// Everything with one customer, as long as the relationship lasts.
    ThreadId = "thr";
    /// A matter inside a thread.
    EpisodeId = "epi";
    /// An item of a thread that is neither a message nor a note.
    EntryId = "ent";
    /// What colleagues write to each other inside a thread.
    NoteId = "not";
    /// An answer by a time, given to a customer.
    PromiseId = "prm";
    /// Two customers having become one; can be undone.
    MergeId = "mrg";
    /// Something that reaches, or came from, the customer.
    MessageId = "msg";
    /// A person who works at the desk.
    AgentId = "agt";
    /// A unit of work under a lease.
    JobId = "job";
    /// A stored file.
    FileId = "fil";
    /// An API token.
    TokenId = "tok";
    /// One configured sender on a channel, with credentials.
    ChannelAccountId = "cha";
    /// A raw event that a provider told us.
    InboundEventId = "inb";
    /// An address of an integrator that is told what happens.
    WebhookId = "whk";
    /// One try to deliver one event to a webhook.
    WebhookDeliveryId = "whd";
    /// A word that sorts customers and matters.
    LabelId = "lab";
    /// The definition of a field that customers have.
    AttributeId = "atr";
    /// Opening hours.
    CalendarId = "cal";
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn text_and_number_say_the_same(value in 0..=i64::MAX) {
            let id = ThreadId(value);
            prop_assert_eq!(id.to_string().parse::<ThreadId>(), Ok(id));
        }

        #[test]
        fn text_sorts_like_the_number(a in 0..=i64::MAX, b in 0..=i64::MAX) {
            prop_assert_eq!(a.cmp(&b), MessageId(a).to_string().cmp(&MessageId(b).to_string()));
        }

        #[test]
        fn any_text_is_read_or_refused_without_panic(text in ".*") {
            let _ = text.parse::<CustomerId>();
        }
    }

    #[test]
    fn an_id_of_another_kind_is_refused() {
        let thread = ThreadId(5).to_string();
        assert!(thread.parse::<MessageId>().is_err());
        assert!("thr_".parse::<ThreadId>().is_err());
        assert!("thr_zzzzzzzzzzzzz".parse::<ThreadId>().is_err(), "more than 63 bits");
        assert!("thr_000000000000I".parse::<ThreadId>().is_err(), "only the canonical form");
    }
}
