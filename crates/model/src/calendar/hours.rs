//! Opening hours on the line of time.
//!
//! Each span is turned into instants day by day, with the zone's rules of that day, and only then compared or added up: so
//! a day of 23 or 25 hours has its right length. Where a boundary's wall time happens twice (clocks go back), the first
//! counts; where it never happens (clocks go forward), the moment of the change. That keeps the order of all boundaries,
//! so spans that do not overlap on the wall never overlap in time.

use super::{CalendarDate, OpeningHours, Span, TimeOfDay};
use crate::Timestamp;
use jiff::{
    civil::Date,
    tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase},
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::LazyLock};
use utoipa::ToSchema;

/// How many days ahead an opening or a due moment is looked for: ten years. What lies further is told as never.
pub const HORIZON_DAYS: i64 = 3653;

const DAY_MILLIS: i64 = 86_400_000;

/// The zones that this build carries: the same on every node, whatever the machine has installed.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// A name that is no time zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown time zone {0:?}")]
pub struct UnknownZone(String);

pub(super) fn find_zone(name: &str) -> Result<TimeZone, UnknownZone> {
    ZONES.get(name).map_err(|_| UnknownZone(name.to_owned()))
}

/// The name as the IANA spells it.
pub(super) fn zone_name(zone: &TimeZone) -> String {
    zone.iana_name().unwrap_or("UTC").to_owned()
}

/// An open stretch of time: from the first moment, up to and without the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpenSpan {
    /// When it begins.
    pub from: Timestamp,
    /// When it ends.
    pub to: Timestamp,
}

/// A day of a calendar with what is open on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CalendarDay {
    /// The day, in the calendar's zone.
    pub date: CalendarDate,
    /// It differs from the ordinary week.
    pub exception: bool,
    /// When it is open, in order; empty: closed all day.
    pub spans: Vec<OpenSpan>,
}

/// Opening hours with their time zone at hand.
#[derive(Debug, Clone)]
pub struct BusinessHours {
    zone: TimeZone,
    weekly: [Vec<Span>; 7],
    exceptions: BTreeMap<Date, Vec<Span>>,
}

impl BusinessHours {
    /// Looks the zone up.
    ///
    /// # Errors
    /// When this build does not know the zone: the hours were checked by another one.
    pub fn new(hours: &OpeningHours) -> Result<Self, UnknownZone> {
        Ok(Self {
            zone: find_zone(&hours.zone)?,
            weekly: hours.weekly.days().map(Clone::clone),
            exceptions: hours.exceptions.iter().map(|one| (one.date.0, one.spans.clone())).collect(),
        })
    }

    /// Whether it is open at a moment.
    #[must_use]
    pub fn is_open(&self, at: Timestamp) -> bool {
        self.days(at, at).flatten().any(|span| span.from <= at && at < span.to)
    }

    /// The first moment at or after `at` that is open: `at` itself while it is open. `None` when there is none within
    /// [`HORIZON_DAYS`].
    #[must_use]
    pub fn next_opening(&self, at: Timestamp) -> Option<Timestamp> {
        self.spans_from(at).next().map(|span| span.from.max(at))
    }

    /// When it closes, counted from an open moment; spans that touch are one. `None` when it is closed, or does not close
    /// within [`HORIZON_DAYS`].
    #[must_use]
    pub fn open_until(&self, at: Timestamp) -> Option<Timestamp> {
        let mut spans = self.spans_from(at);
        let mut until = spans.next().filter(|span| span.from <= at)?.to;
        loop {
            match spans.next() {
                Some(span) if span.from == until => until = span.to,
                Some(_) => return Some(until),
                // The last span of all, or one of a row that reaches the horizon.
                None => return (until < horizon(at)).then_some(until),
            }
        }
    }

    /// Open milliseconds between two moments; 0 when `b` is not after `a`.
    #[must_use]
    pub fn elapsed(&self, a: Timestamp, b: Timestamp) -> i64 {
        self.days(a, b).flatten().map(|span| span.to.min(b).millis_since(span.from.max(a)).max(0)).sum()
    }

    /// The earliest moment by which `millis` open milliseconds have passed since `a`; `a` itself for none. `None` when that
    /// is not so within [`HORIZON_DAYS`].
    #[must_use]
    pub fn due(&self, a: Timestamp, millis: i64) -> Option<Timestamp> {
        if millis <= 0 {
            return Some(a);
        }
        let mut left = millis;
        for span in self.spans_from(a) {
            let from = span.from.max(a);
            let length = span.to.millis_since(from);
            if left <= length {
                return Some(from.plus_millis(left));
            }
            left -= length;
        }
        None
    }

    /// So many days in a row, beginning with the one that holds `at`.
    #[must_use]
    pub fn coming_days(&self, at: Timestamp, count: usize) -> Vec<CalendarDay> {
        std::iter::successors(Some(self.date_of(at)), |date| date.tomorrow().ok())
            .take(count)
            .map(|date| CalendarDay {
                date: CalendarDate(date),
                exception: self.exceptions.contains_key(&date),
                spans: self.spans_of(date),
            })
            .collect()
    }

    /// The open spans that end after a moment, in order, as far as they begin before the horizon.
    fn spans_from(&self, at: Timestamp) -> impl Iterator<Item = OpenSpan> {
        let end = horizon(at);
        self.days(at, end).flatten().take_while(move |span| span.from < end).filter(move |span| span.to > at)
    }

    /// The spans of each day between two moments. With a day of margin on both sides: a change of the clocks at midnight can
    /// put a moment into the day before its own.
    fn days(&self, from: Timestamp, to: Timestamp) -> impl Iterator<Item = Vec<OpenSpan>> {
        let (first, last) = (self.date_of(from), self.date_of(to));
        let first = first.yesterday().unwrap_or(first);
        let last = last.tomorrow().unwrap_or(last);
        std::iter::successors(Some(first), |date| date.tomorrow().ok())
            .take_while(move |date| *date <= last)
            .map(|date| self.spans_of(date))
    }

    fn date_of(&self, at: Timestamp) -> Date {
        jiff_moment(at).to_zoned(self.zone.clone()).date()
    }

    fn spans_of(&self, date: Date) -> Vec<OpenSpan> {
        let weekday = usize::try_from(date.weekday().to_monday_zero_offset()).unwrap_or_default();
        let spans = self.exceptions.get(&date).unwrap_or(&self.weekly[weekday]);
        spans
            .iter()
            .map(|span| OpenSpan { from: self.moment(date, span.from), to: self.moment(date, span.to) })
            .filter(|span| span.from < span.to)
            .collect()
    }

    /// The moment of a wall time.
    fn moment(&self, date: Date, time: TimeOfDay) -> Timestamp {
        let minutes = i64::from(time.minutes());
        let wall = match time {
            // At the end of all dates a day ends with its last minute.
            TimeOfDay::END => date.tomorrow().map(|next| next.at(0, 0, 0, 0)).unwrap_or_else(|_| date.at(23, 59, 0, 0)),
            _ => date.at((minutes / 60) as i8, (minutes % 60) as i8, 0, 0),
        };
        let known = self.zone.to_ambiguous_timestamp(wall);
        let moment = match known.offset() {
            AmbiguousOffset::Gap { after, .. } => after
                .to_timestamp(wall)
                .ok()
                .and_then(|early| self.zone.following(early).next())
                .map(|change| change.timestamp()),
            AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => known.compatible().ok(),
        };
        Timestamp(moment.map_or(i64::MAX, jiff::Timestamp::as_millisecond))
    }
}

/// How far ahead is looked from a moment.
fn horizon(at: Timestamp) -> Timestamp {
    at.plus_millis(HORIZON_DAYS * DAY_MILLIS)
}

/// The moment, or the nearest one that has a date in every zone.
fn jiff_moment(at: Timestamp) -> jiff::Timestamp {
    let margin = 2 * DAY_MILLIS;
    let (first, last) =
        (jiff::Timestamp::MIN.as_millisecond() + margin, jiff::Timestamp::MAX.as_millisecond() - margin);
    jiff::Timestamp::from_millisecond(at.0.clamp(first, last)).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}
