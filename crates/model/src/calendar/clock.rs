//! Days and times of day as people write them.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{borrow::Cow, fmt, str::FromStr};
use utoipa::openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, schema::Type};

/// A time on the wall, to the minute: `00:00` to `24:00`, the end of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeOfDay(u16);

impl TimeOfDay {
    /// The beginning of a day.
    pub const START: Self = Self(0);
    /// The end of a day.
    pub const END: Self = Self(24 * 60);

    /// So many minutes after midnight, 1440 at most.
    #[must_use]
    pub fn from_minutes(minutes: u16) -> Option<Self> {
        (minutes <= Self::END.0).then_some(Self(minutes))
    }

    /// Minutes after midnight on a day of 24 hours.
    #[must_use]
    pub fn minutes(self) -> u16 {
        self.0
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl FromStr for TimeOfDay {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let two = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        let digits = |part: &str| two(part).then(|| part.parse::<u16>().ok()).flatten();
        text.split_once(':')
            .and_then(|(hours, minutes)| Some((digits(hours)?, digits(minutes)?)))
            .filter(|(_, minutes)| *minutes < 60)
            .and_then(|(hours, minutes)| Self::from_minutes(hours * 60 + minutes))
            .ok_or_else(|| "give a time from 00:00 to 24:00 as HH:MM".to_owned())
    }
}

/// A day of the calendar, without a zone: `2026-12-24`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CalendarDate(pub jiff::civil::Date);

impl fmt::Display for CalendarDate {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:04}-{:02}-{:02}", self.0.year(), self.0.month(), self.0.day())
    }
}

impl FromStr for CalendarDate {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "give a day that exists as YYYY-MM-DD".to_owned();
        // Stricter than ISO 8601 allows: one spelling for one day.
        if text.len() != 10 || !text.is_ascii() {
            return Err(wrong());
        }
        let number = |part: &str| {
            part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse::<i16>().ok()).flatten().ok_or_else(wrong)
        };
        let (year, month, day) = (number(&text[..4])?, number(&text[5..7])?, number(&text[8..])?);
        if &text[4..5] != "-" || &text[7..8] != "-" {
            return Err(wrong());
        }
        // Both have two digits, so they fit.
        jiff::civil::Date::new(year, month as i8, day as i8).map(Self).map_err(|_| wrong())
    }
}

fn written<T: fmt::Display, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

fn read<'de, T: FromStr<Err = String>, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    Cow::<'de, str>::deserialize(deserializer)?.parse().map_err(de::Error::custom)
}

impl Serialize for TimeOfDay {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        written(self, serializer)
    }
}
impl<'de> Deserialize<'de> for TimeOfDay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read(deserializer)
    }
}
impl Serialize for CalendarDate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        written(self, serializer)
    }
}
impl<'de> Deserialize<'de> for CalendarDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read(deserializer)
    }
}

impl utoipa::PartialSchema for TimeOfDay {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$"))
            .examples([serde_json::json!("09:00")])
            .into()
    }
}
impl utoipa::ToSchema for TimeOfDay {}
impl utoipa::PartialSchema for CalendarDate {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)))
            .examples([serde_json::json!("2026-12-24")])
            .into()
    }
}
impl utoipa::ToSchema for CalendarDate {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn times_read_back(minutes in 0..=1440_u16) {
            let time = TimeOfDay::from_minutes(minutes).unwrap();
            prop_assert_eq!(time.to_string().parse(), Ok(time));
        }

        #[test]
        fn any_text_is_read_or_refused_without_panic(text in "\\PC{0,12}") {
            if let Ok(date) = text.parse::<CalendarDate>() {
                prop_assert_eq!(date.to_string(), text.clone());
            }
            if let Ok(time) = text.parse::<TimeOfDay>() {
                prop_assert_eq!(time.to_string(), text);
            }
        }
    }

    #[test]
    fn what_no_clock_and_no_calendar_shows_is_refused() {
        for wrong in ["", "9:00", "24:01", "25:00", "12:60", "12.00", "+1:00", "12:00:00"] {
            assert!(wrong.parse::<TimeOfDay>().is_err(), "{wrong}");
        }
        for wrong in ["", "2027-02-29", "2027-13-01", "27-01-01", "2027/01/01", "2027-1-01", "+027-01-01", "2027-01-0é"]
        {
            assert!(wrong.parse::<CalendarDate>().is_err(), "{wrong}");
        }
        assert_eq!("2028-02-29".parse::<CalendarDate>().unwrap().to_string(), "2028-02-29");
    }
}
