//! Calendars: making them, and what they say about a moment.

use crate::{
    Caller, FieldFault, ServiceError, Services,
    channel_accounts::{IdempotencyKey, key_reused},
    labels::unique_name,
    paging,
};
use model::{
    CalendarId, Permission, Timestamp,
    calendar::{
        BusinessHours, Calendar, CalendarDay, ExceptionDraft, HoursDraft, NAME_MAX_CHARS, OpeningHours, SpanDraft, Week,
    },
    entry::Page,
};
use store::{CalendarRow, CalendarUpdate, Created, NewCalendar, Updated};

/// The days that a preview tells.
pub const PREVIEW_DAYS: usize = 14;
/// Moments that a preview is told of: 1970 to 2199, where zones have rules.
const PREVIEW_MOMENTS: std::ops::Range<i64> = 0..7_258_118_400_000;

/// What changes of a calendar; `None` stays as it is.
#[derive(Debug, Clone, Default)]
pub struct CalendarChange {
    /// What the team calls it.
    pub name: Option<String>,
    /// The time zone.
    pub zone: Option<String>,
    /// The ordinary week, whole.
    pub weekly: Option<Week<SpanDraft>>,
    /// The days that differ, all of them.
    pub exceptions: Option<Vec<ExceptionDraft>>,
}

/// What a calendar says about a moment and the days from then on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The moment.
    pub at: Timestamp,
    /// Whether it is open then.
    pub open: bool,
    /// When it closes, while it is open; `None` when it does not within ten years.
    pub open_until: Option<Timestamp>,
    /// When it opens, while it is closed; `None` when it does not within ten years.
    pub opens_at: Option<Timestamp>,
    /// The days from that of the moment on.
    pub days: Vec<CalendarDay>,
}

fn check(hours: &HoursDraft, faults: &mut Vec<FieldFault>) -> Option<OpeningHours> {
    let checked = hours.check();
    checked
        .map_err(|wrong| {
            faults.extend(wrong.into_iter().map(|fault| FieldFault { field: fault.field, message: fault.message }));
        })
        .ok()
}

/// Name and hours, or everything that is wrong with both.
fn check_all(name: &str, hours: &HoursDraft) -> Result<(String, String, OpeningHours), ServiceError> {
    let mut faults = Vec::new();
    let named = match unique_name(name, NAME_MAX_CHARS) {
        Ok(named) => Some(named),
        Err(ServiceError::Invalid(wrong)) => {
            faults.extend(wrong);
            None
        }
        Err(other) => return Err(other),
    };
    match (named, check(hours, &mut faults)) {
        (Some((name, folded)), Some(hours)) => Ok((name, folded, hours)),
        _ => Err(ServiceError::Invalid(faults)),
    }
}

fn name_taken() -> ServiceError {
    ServiceError::invalid("name", "another calendar has this name")
}

/// The calendars, oldest first.
///
/// # Errors
/// Invalid limit or cursor.
pub async fn list_calendars(
    services: &Services,
    caller: &Caller,
    limit: u32,
    cursor: Option<&str>,
) -> Result<Page<Calendar>, ServiceError> {
    caller.require(Permission::ReadThreads)?;
    let limit = paging::limit(limit)?;
    let [after] = paging::place(cursor)?.unwrap_or([0]);
    let found = services.store().list_calendars(caller.workspace_id, CalendarId(after), limit + 1).await?;
    Ok(paging::page(found, limit, |calendar| [calendar.id.0]))
}

async fn get_row(services: &Services, caller: &Caller, id: CalendarId) -> Result<CalendarRow, ServiceError> {
    services.store().find_calendar(caller.workspace_id, id).await?.ok_or(ServiceError::NotFound)
}

/// One calendar.
///
/// # Errors
/// Not found.
pub async fn get_calendar(services: &Services, caller: &Caller, id: CalendarId) -> Result<Calendar, ServiceError> {
    caller.require(Permission::ReadThreads)?;
    Ok(get_row(services, caller, id).await?.calendar)
}

/// Makes a calendar.
///
/// # Errors
/// Forbidden without the right; invalid with every fault at once, also when another calendar has the name.
pub async fn create_calendar(
    services: &Services,
    caller: &Caller,
    name: &str,
    hours: &HoursDraft,
    key: Option<IdempotencyKey>,
) -> Result<Calendar, ServiceError> {
    caller.require(Permission::ManageChannels)?;
    let (name, folded_name, hours) = check_all(name, hours)?;
    let id = CalendarId(services.store().new_id()?);
    let new = NewCalendar {
        calendar: Calendar { id, name, hours, created_at: services.now() },
        folded_name,
        workspace_id: caller.workspace_id,
        idempotency: key.map(|key| key.of(caller)),
        actor_id: caller.actor_id(),
    };
    match services.store().create_calendar(new).await?.ok_or_else(name_taken)? {
        Created::New(id) | Created::Before(id) => Ok(get_row(services, caller, id).await?.calendar),
        Created::KeyReused => Err(key_reused()),
    }
}

/// Changes a calendar.
///
/// # Errors
/// Forbidden without the right; not found; invalid with every fault at once; conflict when somebody else changed it at the
/// same time.
pub async fn update_calendar(
    services: &Services,
    caller: &Caller,
    id: CalendarId,
    change: CalendarChange,
) -> Result<Calendar, ServiceError> {
    caller.require(Permission::ManageChannels)?;
    let CalendarRow { calendar, version } = get_row(services, caller, id).await?;
    let before = HoursDraft::from(&calendar.hours);
    let hours = HoursDraft {
        zone: change.zone.unwrap_or(before.zone),
        weekly: change.weekly.unwrap_or(before.weekly),
        exceptions: change.exceptions.unwrap_or(before.exceptions),
    };
    let (name, folded_name, hours) = check_all(&change.name.unwrap_or(calendar.name), &hours)?;
    let (workspace_id, actor_id, now) = (caller.workspace_id, caller.actor_id(), services.now());
    let update = CalendarUpdate { id, workspace_id, version, name, folded_name, hours, actor_id, now };
    match services.store().update_calendar(update).await? {
        Updated::Done => Ok(get_row(services, caller, id).await?.calendar),
        Updated::NameTaken => Err(name_taken()),
        Updated::NotFound => {
            get_row(services, caller, id).await?;
            Err(ServiceError::Conflict {
                code: "conflict",
                message: "somebody changed this calendar at the same time; look at it and try again".into(),
            })
        }
    }
}

/// Deletes a calendar.
///
/// # Errors
/// Forbidden without the right; not found.
pub async fn delete_calendar(services: &Services, caller: &Caller, id: CalendarId) -> Result<(), ServiceError> {
    caller.require(Permission::ManageChannels)?;
    let store = services.store();
    match store.delete_calendar(caller.workspace_id, id, &caller.actor_id(), services.now()).await? {
        true => Ok(()),
        false => Err(ServiceError::NotFound),
    }
}

/// What a calendar says about a moment; about now when none is given.
///
/// # Errors
/// Not found; invalid moment.
pub async fn preview_calendar(
    services: &Services,
    caller: &Caller,
    id: CalendarId,
    at: Option<Timestamp>,
) -> Result<Preview, ServiceError> {
    caller.require(Permission::ReadThreads)?;
    let calendar = get_row(services, caller, id).await?.calendar;
    preview(&calendar.hours, moment(services, at)?)
}

/// What hours that are not kept yet would say about a moment.
///
/// # Errors
/// Forbidden without the right; invalid with every fault at once.
pub fn preview_hours(
    services: &Services,
    caller: &Caller,
    hours: &HoursDraft,
    at: Option<Timestamp>,
) -> Result<Preview, ServiceError> {
    caller.require(Permission::ManageChannels)?;
    let mut faults = Vec::new();
    match check(hours, &mut faults) {
        Some(hours) => preview(&hours, moment(services, at)?),
        None => Err(ServiceError::Invalid(faults)),
    }
}

fn moment(services: &Services, at: Option<Timestamp>) -> Result<Timestamp, ServiceError> {
    let at = at.unwrap_or_else(|| services.now());
    if PREVIEW_MOMENTS.contains(&at.0) {
        return Ok(at);
    }
    Err(ServiceError::invalid("at", "give a moment between 1970 and 2199"))
}

fn preview(hours: &OpeningHours, at: Timestamp) -> Result<Preview, ServiceError> {
    // A zone that was known when the hours were checked and is no more: a fault of this build.
    let hours = BusinessHours::new(hours).map_err(|error| ServiceError::Internal(error.to_string()))?;
    let open = hours.is_open(at);
    Ok(Preview {
        at,
        open,
        open_until: hours.open_until(at),
        opens_at: hours.next_opening(at).filter(|_| !open),
        days: hours.coming_days(at, PREVIEW_DAYS),
    })
}
