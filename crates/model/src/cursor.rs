//! Places in the log that clients keep.

use crate::id::{decode_base32, encode_base32};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{fmt, str::FromStr};

/// A place in one workspace's log. Opaque text outside (`c0` + shard digit + base32 number): clients keep it, they never compute with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cursor {
    /// The log's shard; 0 until a workspace needs more than one.
    pub shard: i64,
    /// The last record seen; 0 is before the first.
    pub seq: i64,
}

impl Cursor {
    /// The place before the first record.
    pub const START: Self = Self { shard: 0, seq: 0 };

    /// The place of a record of the first shard.
    #[must_use]
    pub fn at(seq: i64) -> Self {
        Self { shard: 0, seq }
    }
}

/// A text that is no cursor of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor: use one that an earlier answer or frame gave")]
pub struct ParseCursorError;

impl fmt::Display for Cursor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "c{}{}", self.shard.clamp(0, 9), encode_base32(self.seq))
    }
}

impl FromStr for Cursor {
    type Err = ParseCursorError;
    fn from_str(text: &str) -> Result<Self, ParseCursorError> {
        let rest = text.strip_prefix('c').ok_or(ParseCursorError)?;
        let (shard, seq) = rest.split_at_checked(1).ok_or(ParseCursorError)?;
        Ok(Self {
            shard: shard.parse().map_err(|_| ParseCursorError)?,
            seq: decode_base32(seq).ok_or(ParseCursorError)?,
        })
    }
}

impl Serialize for Cursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl utoipa::PartialSchema for Cursor {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .pattern(Some("^c[0-9][0-7][0-9a-hjkmnp-tv-z]{12}$"))
            .into()
    }
}
impl utoipa::ToSchema for Cursor {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_cursor_reads_back(seq in 0..=i64::MAX) {
            let cursor = Cursor::at(seq);
            prop_assert_eq!(cursor.to_string().parse::<Cursor>(), Ok(cursor));
        }

        #[test]
        fn foreign_text_is_refused_without_panic(text in ".*") {
            let _ = text.parse::<Cursor>();
        }
    }
}
