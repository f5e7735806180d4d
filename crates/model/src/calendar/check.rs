//! From what somebody wrote to opening hours that hold together, or to what is wrong, each with its place.

use super::{
    CalendarDate, CalendarException, OpeningHours, Span, TimeOfDay, WEEKDAYS, Week,
    hours::{find_zone, zone_name},
};
use crate::text::words;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The most spans of one day.
pub const SPANS_MAX: usize = 24;
/// The most days that differ from the week.
pub const EXCEPTIONS_MAX: usize = 1000;
/// The longest note, in characters.
pub const NOTE_MAX_CHARS: usize = 100;

/// Opening hours as somebody gives them, unchecked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HoursDraft {
    /// The IANA name of the time zone (`Europe/Vilnius`).
    pub zone: String,
    /// The ordinary week. A span that ends before it begins goes on into the next day and is kept as two.
    #[serde(default)]
    pub weekly: Week<SpanDraft>,
    /// The days that differ from it.
    #[serde(default)]
    pub exceptions: Vec<ExceptionDraft>,
}

/// A span as somebody gives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SpanDraft {
    /// When it begins, as `HH:MM`.
    pub from: String,
    /// When it ends, as `HH:MM`; `24:00` is the end of the day.
    pub to: String,
}

/// A day that differs, as somebody gives it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExceptionDraft {
    /// The day, as `YYYY-MM-DD`.
    pub date: String,
    /// When it is open on that day; empty: closed all day. None may go on past midnight.
    #[serde(default)]
    pub spans: Vec<SpanDraft>,
    /// Why; may be empty.
    #[serde(default)]
    pub note: String,
}

/// One thing that is wrong with opening hours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoursFault {
    /// Where (`weekly.monday[0].to`, `exceptions[2].date`).
    pub field: String,
    /// What would be right.
    pub message: String,
}

/// A span with the place where it was given.
struct Placed {
    span: Span,
    place: String,
}

impl HoursDraft {
    /// Checks everything.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn check(&self) -> Result<OpeningHours, Vec<HoursFault>> {
        let mut faults = Faults::default();
        let zone = match find_zone(self.zone.trim()) {
            Ok(zone) => zone_name(&zone),
            Err(_) => {
                faults.add("zone", "give a time zone by its IANA name (Europe/Vilnius)");
                String::new()
            }
        };
        let weekly = faults.week(&self.weekly);
        let exceptions = faults.exceptions(&self.exceptions);
        if faults.0.is_empty() { Ok(OpeningHours { zone, weekly, exceptions }) } else { Err(faults.0) }
    }
}

impl From<&OpeningHours> for HoursDraft {
    /// What would be checked to the same hours: the base of a change to a part of them.
    fn from(hours: &OpeningHours) -> Self {
        let draft = |spans: &Vec<Span>| {
            spans.iter().map(|span| SpanDraft { from: span.from.to_string(), to: span.to.to_string() }).collect()
        };
        Self {
            zone: hours.zone.clone(),
            weekly: Week::of(hours.weekly.days().map(draft)),
            exceptions: hours
                .exceptions
                .iter()
                .map(|exception| ExceptionDraft {
                    date: exception.date.to_string(),
                    spans: draft(&exception.spans),
                    note: exception.note.clone(),
                })
                .collect(),
        }
    }
}

#[derive(Default)]
struct Faults(Vec<HoursFault>);

impl Faults {
    fn add(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.0.push(HoursFault { field: field.into(), message: message.into() });
    }

    fn time(&mut self, text: &str, field: &str) -> Option<TimeOfDay> {
        text.trim().parse().map_err(|message: String| self.add(field, message)).ok()
    }

    /// Beginning and end, which may lie before the beginning.
    fn times(&mut self, draft: &SpanDraft, place: &str) -> Option<(TimeOfDay, TimeOfDay)> {
        let from = self.time(&draft.from, &format!("{place}.from"));
        let to = self.time(&draft.to, &format!("{place}.to"));
        let (from, to) = (from?, to?);
        if from == TimeOfDay::END {
            self.add(format!("{place}.from"), "no day has a span that begins at its end; use 00:00 of the next day");
            return None;
        }
        if from == to {
            self.add(format!("{place}.to"), "must be another time than the beginning; a whole day is 00:00 to 24:00");
            return None;
        }
        Some((from, to))
    }

    fn week(&mut self, week: &Week<SpanDraft>) -> Week<Span> {
        let mut days: [Vec<Placed>; 7] = Default::default();
        for (day, (name, drafts)) in WEEKDAYS.iter().zip(week.days()).enumerate() {
            if drafts.len() > SPANS_MAX {
                self.add(format!("weekly.{name}"), format!("a day has at most {SPANS_MAX} spans"));
                continue;
            }
            for (number, draft) in drafts.iter().enumerate() {
                let place = format!("weekly.{name}[{number}]");
                let Some((from, to)) = self.times(draft, &place) else { continue };
                if from < to {
                    days[day].push(Placed { span: Span { from, to }, place });
                    continue;
                }
                if to > TimeOfDay::START {
                    let span = Span { from: TimeOfDay::START, to };
                    days[(day + 1) % 7].push(Placed { span, place: place.clone() });
                }
                days[day].push(Placed { span: Span { from, to: TimeOfDay::END }, place });
            }
        }
        Week::of(days.map(|spans| self.in_order(spans)))
    }

    fn exceptions(&mut self, drafts: &[ExceptionDraft]) -> Vec<CalendarException> {
        if drafts.len() > EXCEPTIONS_MAX {
            self.add("exceptions", format!("a calendar has at most {EXCEPTIONS_MAX} exceptions"));
            return Vec::new();
        }
        let mut found: BTreeMap<CalendarDate, CalendarException> = BTreeMap::new();
        for (number, draft) in drafts.iter().enumerate() {
            let place = format!("exceptions[{number}]");
            let note = words(&draft.note);
            if note.chars().count() > NOTE_MAX_CHARS || note.contains(char::is_control) {
                self.add(format!("{place}.note"), format!("give at most {NOTE_MAX_CHARS} characters in one line"));
            }
            let spans = self.exception_spans(&draft.spans, &place);
            match draft.date.trim().parse::<CalendarDate>() {
                Err(message) => self.add(format!("{place}.date"), message),
                Ok(date) if found.contains_key(&date) => {
                    self.add(format!("{place}.date"), format!("{date} is there twice"));
                }
                Ok(date) => {
                    found.insert(date, CalendarException { date, spans, note });
                }
            }
        }
        found.into_values().collect()
    }

    fn exception_spans(&mut self, drafts: &[SpanDraft], exception: &str) -> Vec<Span> {
        if drafts.len() > SPANS_MAX {
            self.add(format!("{exception}.spans"), format!("a day has at most {SPANS_MAX} spans"));
            return Vec::new();
        }
        let mut spans = Vec::new();
        for (number, draft) in drafts.iter().enumerate() {
            let place = format!("{exception}.spans[{number}]");
            match self.times(draft, &place) {
                Some((from, to)) if from < to => spans.push(Placed { span: Span { from, to }, place }),
                Some(_) => {
                    self.add(format!("{place}.to"), "must be later than the beginning; 24:00 is the end of the day")
                }
                None => {}
            }
        }
        self.in_order(spans)
    }

    /// Spans of one day by their beginning; none may overlap another or repeat it.
    fn in_order(&mut self, mut spans: Vec<Placed>) -> Vec<Span> {
        spans.sort_by_key(|placed| (placed.span.from, placed.span.to));
        let mut reach: Option<Span> = None;
        for Placed { span, place } in &spans {
            match reach {
                Some(before) if before == *span => self.add(format!("{place}.from"), "is there twice"),
                Some(before) if span.from < before.to => {
                    self.add(format!("{place}.from"), format!("overlaps {} to {}", before.from, before.to));
                }
                _ => {}
            }
            if reach.is_none_or(|before| span.to > before.to) {
                reach = Some(*span);
            }
        }
        spans.into_iter().map(|placed| placed.span).collect()
    }
}
