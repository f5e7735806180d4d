//! Time as the product stores and tells it.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment: milliseconds since 1970-01-01 UTC. BIGINT in the database, RFC 3339 text in the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Adds milliseconds, staying at the end of time instead of overflowing.
    #[must_use]
    pub fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Milliseconds from `earlier` to `self`; negative when `earlier` is later.
    #[must_use]
    pub fn millis_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// RFC 3339 with milliseconds, in UTC; moments outside the years −9999 to 9999 are told as the nearest one inside.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        let bounded = self.0.clamp(jiff::Timestamp::MIN.as_millisecond(), jiff::Timestamp::MAX.as_millisecond());
        match jiff::Timestamp::from_millisecond(bounded) {
            Ok(moment) => format!("{moment:.3}"),
            Err(_) => String::from("1970-01-01T00:00:00.000Z"),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_rfc3339())
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        // The library's own words are about its inner workings.
        let moment: jiff::Timestamp = text.parse().map_err(|_| {
            serde::de::Error::custom(
                "give a time as RFC 3339 writes it, such as 2026-11-25T09:30:00Z, with a year from 0001 to 9998",
            )
        })?;
        Ok(Self(moment.as_millisecond()))
    }
}

impl utoipa::PartialSchema for Timestamp {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .format(Some(utoipa::openapi::SchemaFormat::KnownFormat(utoipa::openapi::KnownFormat::DateTime)))
            .into()
    }
}
impl utoipa::ToSchema for Timestamp {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_no_time_is_refused_in_plain_words() {
        for odd in ["\"9999-12-31T23:00:00-05:00\"", "\"tomorrow\"", "\"2026-02-30T00:00:00Z\"", "\"2026-11-25\""] {
            let told = serde_json::from_str::<Timestamp>(odd).unwrap_err().to_string();
            assert!(told.starts_with("give a time as RFC 3339 writes it"), "{odd}: {told}");
        }
    }

    #[test]
    fn told_as_rfc_3339_in_utc() {
        assert_eq!(Timestamp(1_789_000_101_321).to_rfc3339(), "2026-09-10T00:28:21.321Z");
    }

    proptest! {
        #[test]
        fn text_reads_back(millis in -60_000_000_000_000_i64..200_000_000_000_000) {
            let text = serde_json::to_string(&Timestamp(millis)).unwrap();
            prop_assert_eq!(serde_json::from_str::<Timestamp>(&text).unwrap(), Timestamp(millis));
        }

        #[test]
        fn no_moment_panics(millis in any::<i64>()) {
            let _ = Timestamp(millis).to_rfc3339();
        }
    }
}
