//! Calendars: when a team is there. Local opening hours in a time zone; everything computed on instants.
//!
//! [`HoursDraft`] is what a person or a program gives, [`OpeningHours`] what was checked and is kept, [`BusinessHours`] the
//! same with its time zone at hand: it tells whether it is open, when it opens, how much open time lies between two
//! moments, and when so much of it is over.

mod check;
mod clock;
mod hours;
#[cfg(test)]
mod tests;

pub use check::{EXCEPTIONS_MAX, ExceptionDraft, HoursDraft, HoursFault, NOTE_MAX_CHARS, SPANS_MAX, SpanDraft};
pub use clock::{CalendarDate, TimeOfDay};
pub use hours::{BusinessHours, CalendarDay, HORIZON_DAYS, OpenSpan, UnknownZone};

use crate::{CalendarId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The longest name of a calendar, in characters.
pub const NAME_MAX_CHARS: usize = 60;

/// Opening hours with a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Calendar {
    /// Its id.
    pub id: CalendarId,
    /// What the team calls it. Unique in the workspace, whatever its case.
    pub name: String,
    /// When it is open.
    #[serde(flatten)]
    pub hours: OpeningHours,
    /// When it was made.
    pub created_at: Timestamp,
}

/// When somebody is there, in the local time of a zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpeningHours {
    /// The IANA name of the time zone (`Europe/Vilnius`).
    pub zone: String,
    /// The ordinary week.
    pub weekly: Week<Span>,
    /// The days that differ from it, in order.
    pub exceptions: Vec<CalendarException>,
}

/// Spans of each day of a week, in order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Week<T> {
    /// Of Mondays.
    #[serde(default = "Vec::new")]
    pub monday: Vec<T>,
    /// Of Tuesdays.
    #[serde(default = "Vec::new")]
    pub tuesday: Vec<T>,
    /// Of Wednesdays.
    #[serde(default = "Vec::new")]
    pub wednesday: Vec<T>,
    /// Of Thursdays.
    #[serde(default = "Vec::new")]
    pub thursday: Vec<T>,
    /// Of Fridays.
    #[serde(default = "Vec::new")]
    pub friday: Vec<T>,
    /// Of Saturdays.
    #[serde(default = "Vec::new")]
    pub saturday: Vec<T>,
    /// Of Sundays.
    #[serde(default = "Vec::new")]
    pub sunday: Vec<T>,
}

/// The days of a week as they are spelt, Monday first.
pub const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

impl<T> Default for Week<T> {
    fn default() -> Self {
        Self::of(std::array::from_fn(|_| Vec::new()))
    }
}

impl<T> Week<T> {
    /// A week of seven days, Monday first.
    #[must_use]
    pub fn of([monday, tuesday, wednesday, thursday, friday, saturday, sunday]: [Vec<T>; 7]) -> Self {
        Self { monday, tuesday, wednesday, thursday, friday, saturday, sunday }
    }

    /// The seven days, Monday first.
    #[must_use]
    pub fn days(&self) -> [&Vec<T>; 7] {
        [&self.monday, &self.tuesday, &self.wednesday, &self.thursday, &self.friday, &self.saturday, &self.sunday]
    }
}

/// Part of a day: from the first moment, up to and without the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Span {
    /// When it begins.
    pub from: TimeOfDay,
    /// When it ends; `24:00` is the end of the day.
    pub to: TimeOfDay,
}

/// A day that differs from the ordinary week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CalendarException {
    /// The day, in the calendar's zone.
    pub date: CalendarDate,
    /// When it is open on that day, in order; empty: closed all day.
    pub spans: Vec<Span>,
    /// Why; may be empty.
    #[serde(default)]
    pub note: String,
}
