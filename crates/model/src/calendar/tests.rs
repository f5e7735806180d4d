//! The examples of the operations notes, days that are no ordinary ones, and laws for all weeks and moments.

use super::*;
use proptest::prelude::*;
use serde_json::json;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

fn span(from: &str, to: &str) -> SpanDraft {
    SpanDraft { from: from.into(), to: to.into() }
}

fn draft(zone: &str, weekly: serde_json::Value, exceptions: serde_json::Value) -> HoursDraft {
    serde_json::from_value(json!({"zone": zone, "weekly": weekly, "exceptions": exceptions})).unwrap()
}

fn hours(draft: &HoursDraft) -> BusinessHours {
    BusinessHours::new(&draft.check().unwrap()).unwrap()
}

fn faults(draft: &HoursDraft) -> Vec<(String, String)> {
    draft.check().unwrap_err().into_iter().map(|fault| (fault.field, fault.message)).collect()
}

/// Monday to Friday, 09:00 to 18:00.
fn office(zone: &str) -> HoursDraft {
    let day = || vec![span("09:00", "18:00")];
    let weekly = Week::of([day(), day(), day(), day(), day(), vec![], vec![]]);
    HoursDraft { zone: zone.into(), weekly, exceptions: vec![] }
}

/// The moment of a wall time; the first one where it happens twice.
fn at(wall: &str, zone: &str) -> Timestamp {
    let wall: jiff::civil::DateTime = wall.parse().unwrap();
    Timestamp(wall.in_tz(zone).unwrap().timestamp().as_millisecond())
}

#[test]
fn friday_evening_ends_on_friday_or_goes_on_on_monday() {
    for zone in ["Europe/Warsaw", "UTC", "America/New_York", "Asia/Kathmandu"] {
        let (office, friday) = (hours(&office(zone)), at("2026-03-06T17:50", zone));
        assert_eq!(office.due(friday, 10 * MINUTE), Some(at("2026-03-06T18:00", zone)), "{zone}");
        assert_eq!(office.due(friday, 30 * MINUTE), Some(at("2026-03-09T09:20", zone)), "{zone}");
        assert_eq!(office.due(friday, 0), Some(friday));
        assert_eq!(office.due(friday, 11 * MINUTE), Some(at("2026-03-09T09:01", zone)));
    }
}

#[test]
fn a_night_has_its_right_length_when_the_clocks_change() {
    let zone = "Europe/Warsaw";
    let night = hours(&draft(zone, json!({"sunday": [{"from": "01:00", "to": "05:00"}]}), json!([])));
    for (date, length) in [("2026-03-22", 4), ("2026-03-29", 3), ("2026-10-25", 5), ("2026-11-01", 4)] {
        let (from, to) = (at(&format!("{date}T00:00"), zone), at(&format!("{date}T23:59"), zone));
        assert_eq!(night.elapsed(from, to), length * HOUR, "{date}");
        let begins = night.next_opening(from).unwrap();
        assert_eq!(night.due(from, length * HOUR), night.open_until(begins), "{date}");
        assert_eq!(night.open_until(begins), Some(at(&format!("{date}T05:00"), zone)), "{date}");
    }
}

/// Trace T1: opened Mon 2026-03-02 09:00:00, resolved for good Wed 10:06:00, Mon–Fri 09–18.
#[test]
fn business_time_to_resolve_of_the_trace() {
    let zone = "Europe/Warsaw";
    let office = hours(&office(zone));
    let (opened, resolved) = (at("2026-03-02T09:00", zone), at("2026-03-04T10:06", zone));
    assert_eq!(resolved.millis_since(opened), 176_760_000);
    assert_eq!(office.elapsed(opened, resolved), 68_760_000);
    let first = at("2026-03-02T09:50", zone);
    assert_eq!(office.elapsed(opened, first), 3_000_000, "the first resolve lies within the opening hours");
    assert_eq!(office.due(opened, 68_760_000), Some(resolved));
}

#[test]
fn a_closed_day_waits_for_the_next_opening() {
    let zone = "Europe/Vilnius";
    let exceptions = json!([
        {"date": "2026-12-24", "spans": [{"from": "09:00", "to": "12:00"}], "note": "Christmas Eve"},
        {"date": "2026-12-25"},
        {"date": "2026-12-27", "spans": [{"from": "10:00", "to": "14:00"}]},
    ]);
    let office = hours(&HoursDraft { exceptions: serde_json::from_value(exceptions).unwrap(), ..office(zone) });
    // Thursday is short, Friday closed, Saturday as ever, Sunday open for once.
    assert!(office.is_open(at("2026-12-24T11:59", zone)) && !office.is_open(at("2026-12-24T12:00", zone)));
    assert_eq!(office.next_opening(at("2026-12-24T12:00", zone)), Some(at("2026-12-27T10:00", zone)));
    assert_eq!(office.due(at("2026-12-24T11:30", zone), HOUR), Some(at("2026-12-27T10:30", zone)));
    assert_eq!(office.next_opening(at("2026-12-27T14:00", zone)), Some(at("2026-12-28T09:00", zone)));
    let days = office.coming_days(at("2026-12-24T23:59", zone), 3);
    let told: Vec<(String, bool, usize)> =
        days.iter().map(|day| (day.date.to_string(), day.exception, day.spans.len())).collect();
    assert_eq!(told, [("2026-12-24".into(), true, 1), ("2026-12-25".into(), true, 0), ("2026-12-26".into(), false, 0)]);
    assert_eq!(days[0].spans[0].from, at("2026-12-24T09:00", zone));
}

#[test]
fn a_span_is_open_from_its_first_moment_up_to_its_last() {
    let zone = "Europe/Vilnius";
    let lunch = json!([{"from": "13:00", "to": "18:00"}, {"from": "09:00", "to": "12:00"}]);
    let shop = hours(&draft(zone, json!({"monday": lunch}), json!([])));
    for (time, open) in [("08:59", false), ("09:00", true), ("11:59", true), ("12:00", false), ("13:00", true)] {
        assert_eq!(shop.is_open(at(&format!("2026-03-02T{time}"), zone)), open, "{time}");
    }
    assert_eq!(shop.next_opening(at("2026-03-02T12:00", zone)), Some(at("2026-03-02T13:00", zone)));
    let open = at("2026-03-02T13:30", zone);
    assert_eq!(shop.next_opening(open), Some(open), "it is open");
    assert_eq!(shop.open_until(at("2026-03-02T12:30", zone)), None, "it is closed");
}

#[test]
fn a_night_shift_goes_on_into_the_next_day() {
    let zone = "Europe/Vilnius";
    let shift = draft(
        zone,
        json!({"friday": [{"from": "22:00", "to": "02:00"}], "sunday": [{"from": "20:00", "to": "00:00"}]}),
        json!([]),
    );
    let checked = shift.check().unwrap();
    let text = |spans: &[Span]| spans.iter().map(|span| format!("{}-{}", span.from, span.to)).collect::<Vec<_>>();
    assert_eq!(text(&checked.weekly.friday), ["22:00-24:00"]);
    assert_eq!(text(&checked.weekly.saturday), ["00:00-02:00"]);
    assert_eq!(text(&checked.weekly.sunday), ["20:00-24:00"], "midnight is the end of the day");
    assert!(checked.weekly.monday.is_empty());
    assert_eq!(HoursDraft::from(&checked).check(), Ok(checked.clone()), "what was checked is right");
    let shift = hours(&shift);
    assert_eq!(shift.open_until(at("2026-03-06T23:00", zone)), Some(at("2026-03-07T02:00", zone)), "one stretch");
    assert_eq!(shift.elapsed(at("2026-03-06T00:00", zone), at("2026-03-08T00:00", zone)), 4 * HOUR);
}

#[test]
fn always_open_never_closes_and_never_open_never_opens() {
    let all_day = || vec![span("00:00", "24:00")];
    let always = HoursDraft {
        zone: "Europe/Warsaw".into(),
        weekly: Week::of(std::array::from_fn(|_| all_day())),
        exceptions: vec![],
    };
    let (always, now) = (hours(&always), at("2026-03-28T12:00", "Europe/Warsaw"));
    assert!(always.is_open(now));
    assert_eq!(always.open_until(now), None);
    assert_eq!(
        always.elapsed(now, now.plus_millis(400 * 24 * HOUR)),
        400 * 24 * HOUR,
        "over both changes of the clocks"
    );
    let never = hours(&draft(
        "Europe/Warsaw",
        json!({}),
        json!([{"date": "2026-03-01", "spans": [{"from": "09:00", "to": "10:00"}]}]),
    ));
    assert_eq!((never.next_opening(now), never.due(now, 1), never.open_until(now)), (None, None, None));
    assert!(!never.is_open(now));
    let once = at("2026-03-01T09:30", "Europe/Warsaw");
    assert_eq!(never.open_until(once), Some(at("2026-03-01T10:00", "Europe/Warsaw")), "the last time of all");
    assert_eq!(never.due(once, HOUR), None);
}

#[test]
fn what_lies_behind_the_horizon_is_never() {
    let far = |date: &str| {
        hours(&draft("UTC", json!({}), json!([{"date": date, "spans": [{"from": "09:00", "to": "10:00"}]}])))
    };
    let now = at("2026-01-01T00:00", "UTC");
    assert!(far("2035-12-31").next_opening(now).is_some());
    assert_eq!(far("2036-02-01").next_opening(now), None);
    let (a, b) = (now, at("2066-01-01T00:00", "UTC"));
    assert_eq!(far("2065-06-01").elapsed(a, b), HOUR, "what is added up has no horizon");
}

#[test]
fn times_that_happen_twice_or_never_keep_their_order() {
    let zone = "Europe/Warsaw";
    let spans = json!({"sunday": [{"from": "01:00", "to": "02:30"}, {"from": "02:30", "to": "04:00"}]});
    let night = hours(&draft(zone, spans, json!([])));
    // Clocks go forward from 02:00 to 03:00: 02:30 is the moment of the change.
    let spring = night.coming_days(at("2026-03-29T12:00", zone), 1).remove(0).spans;
    assert_eq!(spring[0].to, at("2026-03-29T03:00", zone));
    assert_eq!((spring[0].to, spring[1].to.millis_since(spring[0].from)), (spring[1].from, 2 * HOUR));
    // Back from 03:00 to 02:00: the first 02:30 counts.
    let autumn = night.coming_days(at("2026-10-25T12:00", zone), 1).remove(0).spans;
    assert_eq!(autumn[0].to.millis_since(autumn[0].from), 90 * MINUTE);
    assert_eq!((autumn[0].to, autumn[1].to.millis_since(autumn[0].from)), (autumn[1].from, 4 * HOUR));
    // A span that lies in the hour that is left out is none.
    let gone = hours(&draft(zone, json!({"sunday": [{"from": "02:15", "to": "02:45"}]}), json!([])));
    assert!(gone.coming_days(at("2026-03-29T12:00", zone), 1)[0].spans.is_empty());
    // Samoa left out a whole day.
    let samoa = hours(&draft("Pacific/Apia", json!({"friday": [{"from": "00:00", "to": "24:00"}]}), json!([])));
    let (a, b) = (at("2011-12-28T12:00", "Pacific/Apia"), at("2012-01-02T00:00", "Pacific/Apia"));
    assert_eq!(samoa.elapsed(a, b), 0);
}

#[test]
fn every_fault_is_told_at_its_place() {
    let wrong = draft(
        "Europe/Atlantis",
        json!({
            "monday": [{"from": "09:00", "to": "12:00"}, {"from": "11:59", "to": "13:00"}, {"from": "9", "to": "24:01"}],
            "tuesday": [{"from": "09:00", "to": "12:00"}, {"from": "09:00", "to": "12:00"}],
            "wednesday": [{"from": "09:00", "to": "09:00"}, {"from": "24:00", "to": "01:00"}],
            "saturday": [{"from": "22:00", "to": "03:00"}],
            "sunday": [{"from": "02:00", "to": "04:00"}],
        }),
        json!([
            {"date": "2026-02-30"},
            {"date": "2026-12-24", "spans": [{"from": "22:00", "to": "02:00"}]},
            {"date": "2026-12-24", "note": "x".repeat(101)},
        ]),
    );
    let told = faults(&wrong);
    let fields: Vec<&str> = told.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(
        fields,
        [
            "zone",
            "weekly.monday[2].from",
            "weekly.monday[2].to",
            "weekly.wednesday[0].to",
            "weekly.wednesday[1].from",
            "weekly.monday[1].from",
            "weekly.tuesday[1].from",
            "weekly.sunday[0].from",
            "exceptions[0].date",
            "exceptions[1].spans[0].to",
            "exceptions[2].note",
            "exceptions[2].date",
        ]
    );
    let message = |field: &str| told.iter().find(|(known, _)| known == field).unwrap().1.clone();
    assert_eq!(message("weekly.monday[1].from"), "overlaps 09:00 to 12:00");
    assert_eq!(message("weekly.tuesday[1].from"), "is there twice");
    assert_eq!(message("weekly.sunday[0].from"), "overlaps 00:00 to 03:00", "Saturday's night goes on");
    assert_eq!(message("exceptions[2].date"), "2026-12-24 is there twice");
}

#[test]
fn a_long_span_hides_no_overlap_behind_a_short_one() {
    let long = json!({"monday": [{"from": "09:00", "to": "18:00"}, {"from": "10:00", "to": "11:00"}, {"from": "12:00", "to": "13:00"}]});
    let told = faults(&draft("UTC", long, json!([])));
    assert_eq!(told.len(), 2, "{told:?}");
}

#[test]
fn the_number_of_spans_and_exceptions_is_bounded() {
    let many = vec![span("09:00", "10:00"); SPANS_MAX + 1];
    let days = Week::of([many, vec![], vec![], vec![], vec![], vec![], vec![]]);
    let told = faults(&HoursDraft { zone: "UTC".into(), weekly: days, exceptions: vec![] });
    assert_eq!(told[0].0, "weekly.monday");
    let one = json!({"date": "2026-12-24"});
    let told = faults(&draft("UTC", json!({}), json!(vec![one; EXCEPTIONS_MAX + 1])));
    assert_eq!(told[0].0, "exceptions");
}

#[test]
fn a_zone_is_spelt_as_the_iana_does_and_spans_that_touch_are_fine() {
    let touching = json!({"monday": [{"from": "12:00", "to": "18:00"}, {"from": "09:00", "to": "12:00"}]});
    let checked = draft(" europe/vilnius ", touching, json!([])).check().unwrap();
    assert_eq!(checked.zone, "Europe/Vilnius");
    assert_eq!(checked.weekly.monday[0].from.to_string(), "09:00", "in order");
    let told = serde_json::to_value(&checked).unwrap();
    assert_eq!(told["weekly"]["monday"][1], json!({"from": "12:00", "to": "18:00"}));
    assert_eq!(serde_json::from_value::<OpeningHours>(told).unwrap(), checked);
    let gone = OpeningHours { zone: "Europe/Atlantis".into(), ..checked };
    assert!(BusinessHours::new(&gone).is_err());
}

/// A week with up to three spans a day, now and then past midnight, in zones with odd clocks.
fn any_hours() -> impl Strategy<Value = BusinessHours> {
    const ZONES: [&str; 7] = [
        "UTC",
        "Europe/Warsaw",
        "America/New_York",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
        "Africa/Casablanca",
        "America/Santiago",
    ];
    let day = proptest::collection::btree_set(0..=96_u16, 0..=6);
    let exception = proptest::collection::btree_set(0..=96_u16, 0..=4);
    let pairs = |marks: std::collections::BTreeSet<u16>| {
        let marks: Vec<u16> = marks.into_iter().collect();
        let text = |mark: u16| TimeOfDay::from_minutes(mark * 15).unwrap().to_string();
        marks.chunks_exact(2).map(|pair| span(&text(pair[0]), &text(pair[1]))).collect::<Vec<_>>()
    };
    (0..ZONES.len(), proptest::collection::vec(day, 7), proptest::collection::btree_map(0..730_i32, exception, 0..5))
        .prop_map(move |(zone, days, exceptions)| {
            let mut days = days.into_iter().map(pairs);
            let weekly = Week::of(std::array::from_fn(|_| days.next().unwrap()));
            let first = jiff::civil::date(2026, 1, 1);
            let exceptions = exceptions
                .into_iter()
                .map(|(day, marks)| {
                    let date = first.checked_add(jiff::Span::new().days(day)).unwrap();
                    json!({"date": CalendarDate(date).to_string(), "spans": pairs(marks)})
                })
                .collect::<Vec<_>>();
            let exceptions = serde_json::from_value(json!(exceptions)).unwrap();
            hours(&HoursDraft { zone: ZONES[zone].into(), weekly, exceptions })
        })
}

/// A moment of 2026 or 2027, to the second.
fn any_moment() -> impl Strategy<Value = Timestamp> {
    (1_767_225_600_i64..1_830_297_600).prop_map(|seconds| Timestamp(seconds * 1000))
}

proptest! {
    #[test]
    fn elapsed_adds_up(hours in any_hours(), mut moments in proptest::collection::vec(any_moment(), 3)) {
        moments.sort();
        let [a, b, c] = moments[..] else { unreachable!() };
        prop_assert_eq!(hours.elapsed(a, b) + hours.elapsed(b, c), hours.elapsed(a, c));
        prop_assert!(hours.elapsed(a, b) <= b.millis_since(a));
        prop_assert_eq!(hours.elapsed(c, a), 0);
    }

    #[test]
    fn due_is_the_earliest_moment_of_that_much(hours in any_hours(), a in any_moment(), millis in 1..200 * HOUR) {
        match hours.due(a, millis) {
            Some(due) => {
                prop_assert_eq!(hours.elapsed(a, due), millis);
                prop_assert_eq!(hours.elapsed(a, due.plus_millis(-1)), millis - 1, "a moment earlier it is not over");
            }
            None => prop_assert!(hours.elapsed(a, a.plus_millis(HORIZON_DAYS * 24 * HOUR)) < millis),
        }
    }

    #[test]
    fn later_or_longer_is_never_due_earlier(hours in any_hours(), a in any_moment(), later in 0..90 * 24 * HOUR, millis in 1..100 * HOUR, longer in 0..100 * HOUR) {
        if let (Some(due), Some(after)) = (hours.due(a, millis), hours.due(a.plus_millis(later), millis)) {
            prop_assert!(due <= after);
        }
        if let (Some(due), Some(after)) = (hours.due(a, millis), hours.due(a, millis + longer)) {
            prop_assert!(due <= after);
        }
    }

    #[test]
    fn openings_and_closings_agree_with_being_open(hours in any_hours(), a in any_moment()) {
        match hours.next_opening(a) {
            Some(opening) => {
                prop_assert!(opening >= a && hours.is_open(opening));
                prop_assert_eq!(hours.elapsed(a, opening), 0);
                prop_assert_eq!(opening == a, hours.is_open(a));
                if let Some(until) = hours.open_until(opening) {
                    prop_assert!(!hours.is_open(until) && hours.is_open(until.plus_millis(-1)));
                    prop_assert_eq!(hours.elapsed(opening, until), until.millis_since(opening));
                }
            }
            None => prop_assert!(!hours.is_open(a)),
        }
        let days = hours.coming_days(a, 14);
        prop_assert_eq!(days.len(), 14);
        let spans: Vec<OpenSpan> = days.into_iter().flat_map(|day| day.spans).collect();
        prop_assert!(spans.windows(2).all(|pair| pair[0].to <= pair[1].from), "{:?}", spans);
    }

    #[test]
    fn no_moment_panics(hours in any_hours(), at in any::<i64>(), millis in any::<i64>()) {
        let at = Timestamp(at);
        let _ = (hours.is_open(at), hours.next_opening(at), hours.open_until(at), hours.due(at, millis), hours.coming_days(at, 14));
    }
}
