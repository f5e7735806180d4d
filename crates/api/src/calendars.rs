//! Calendars: making them, and what they say about a moment.

use crate::{
    extract::{Authenticated, Body, Creating, IdempotencyHeader, Paging, Path, Query},
    problem::{Checked, Common, Contradicts, Guarded, Missing, Problem, WithBody},
};
use axum::{Json, extract::State, http::StatusCode};
use model::{
    CalendarId, Timestamp,
    calendar::{Calendar, CalendarDay, ExceptionDraft, HoursDraft, SpanDraft, Week},
    entry::Page,
};
use serde::{Deserialize, Serialize};
use service::{Services, calendars};
use utoipa::{IntoParams, ToSchema};

/// A calendar to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewCalendar {
    /// What the team calls it. Unique, whatever its case.
    #[schema(min_length = 1, max_length = 60)]
    name: String,
    /// The IANA name of the time zone (`Europe/Vilnius`).
    zone: String,
    /// The ordinary week. A span that ends before it begins goes on into the next day and is kept as two.
    #[serde(default)]
    weekly: Week<SpanDraft>,
    /// The days that differ from it.
    #[serde(default)]
    #[schema(max_items = 1000)]
    exceptions: Vec<ExceptionDraft>,
}

/// What changes of a calendar; what is absent stays as it is, what is given replaces the whole of it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CalendarChange {
    /// What the team calls it.
    #[schema(min_length = 1, max_length = 60)]
    name: Option<String>,
    /// The IANA name of the time zone.
    zone: Option<String>,
    /// The ordinary week, whole.
    weekly: Option<Week<SpanDraft>>,
    /// The days that differ from it, all of them.
    #[schema(max_items = 1000)]
    exceptions: Option<Vec<ExceptionDraft>>,
}

/// The moment that a preview is about.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Moment {
    /// Now when it is absent.
    at: Option<Timestamp>,
}

/// What a calendar says about a moment and the days from then on.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CalendarPreview {
    /// The moment.
    at: Timestamp,
    /// Whether it is open then.
    open: bool,
    /// When it closes, while it is open; null when it does not within ten years.
    open_until: Option<Timestamp>,
    /// When it opens, while it is closed; null when it does not within ten years.
    opens_at: Option<Timestamp>,
    /// Fourteen days, beginning with that of the moment.
    days: Vec<CalendarDay>,
}

impl From<calendars::Preview> for CalendarPreview {
    fn from(preview: calendars::Preview) -> Self {
        let calendars::Preview { at, open, open_until, opens_at, days } = preview;
        Self { at, open, open_until, opens_at, days }
    }
}

/// Lists the calendars, oldest first.
#[utoipa::path(
    get, path = "/calendars", tag = "Calendars", params(Paging),
    responses((status = 200, description = "A page of them.", body = Page<Calendar>), Guarded, Checked, Common)
)]
pub(crate) async fn list_calendars(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<Calendar>>, Problem> {
    Ok(Json(calendars::list_calendars(&services, &caller, paging.limit.0, paging.cursor.as_deref()).await?))
}

/// Makes a calendar.
#[utoipa::path(
    post, path = "/calendars", tag = "Calendars", request_body = NewCalendar, params(IdempotencyHeader),
    responses(
        (status = 201, description = "Made.", body = Calendar),
        Guarded, Contradicts, Checked, WithBody, Common,
    )
)]
pub(crate) async fn create_calendar(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Creating { body, key, .. }: Creating<NewCalendar>,
) -> Result<(StatusCode, Json<Calendar>), Problem> {
    let NewCalendar { name, zone, weekly, exceptions } = body;
    let hours = HoursDraft { zone, weekly, exceptions };
    let calendar = calendars::create_calendar(&services, &caller, &name, &hours, key).await?;
    Ok((StatusCode::CREATED, Json(calendar)))
}

/// Shows a calendar.
#[utoipa::path(
    get, path = "/calendars/{id}", tag = "Calendars",
    params(("id" = CalendarId, Path, description = "The calendar's id.")),
    responses((status = 200, description = "The calendar.", body = Calendar), Guarded, Missing, Common)
)]
pub(crate) async fn get_calendar(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<CalendarId>,
) -> Result<Json<Calendar>, Problem> {
    Ok(Json(calendars::get_calendar(&services, &caller, id).await?))
}

/// Changes a calendar.
#[utoipa::path(
    patch, path = "/calendars/{id}", tag = "Calendars", request_body = CalendarChange,
    params(("id" = CalendarId, Path, description = "The calendar's id.")),
    responses(
        (status = 200, description = "The calendar as it is now.", body = Calendar),
        Guarded, Missing, Contradicts, Checked, WithBody, Common,
    )
)]
pub(crate) async fn update_calendar(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<CalendarId>,
    Body(body): Body<CalendarChange>,
) -> Result<Json<Calendar>, Problem> {
    let CalendarChange { name, zone, weekly, exceptions } = body;
    let change = calendars::CalendarChange { name, zone, weekly, exceptions };
    Ok(Json(calendars::update_calendar(&services, &caller, id, change).await?))
}

/// Deletes a calendar.
#[utoipa::path(
    delete, path = "/calendars/{id}", tag = "Calendars",
    params(("id" = CalendarId, Path, description = "The calendar's id.")),
    responses((status = 204, description = "It is gone."), Guarded, Missing, Common)
)]
pub(crate) async fn delete_calendar(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<CalendarId>,
) -> Result<StatusCode, Problem> {
    calendars::delete_calendar(&services, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Says whether a calendar is open at a moment, what comes next, and the spans of fourteen days.
#[utoipa::path(
    get, path = "/calendars/{id}/preview", tag = "Calendars",
    params(("id" = CalendarId, Path, description = "The calendar's id."), Moment),
    responses(
        (status = 200, description = "What it says.", body = CalendarPreview),
        Guarded, Missing, Checked, Common,
    )
)]
pub(crate) async fn preview_calendar(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<CalendarId>,
    Query(moment): Query<Moment>,
) -> Result<Json<CalendarPreview>, Problem> {
    Ok(Json(calendars::preview_calendar(&services, &caller, id, moment.at).await?.into()))
}

/// Says the same of opening hours that are not kept yet, or everything that is wrong with them.
#[utoipa::path(
    post, path = "/calendars/preview", tag = "Calendars", request_body = HoursDraft, params(Moment),
    extensions(("x-internal" = json!(true))),
    responses(
        (status = 200, description = "What they say.", body = CalendarPreview),
        Guarded, Checked, WithBody, Common,
    )
)]
pub(crate) async fn preview_hours(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Query(moment): Query<Moment>,
    Body(hours): Body<HoursDraft>,
) -> Result<Json<CalendarPreview>, Problem> {
    Ok(Json(calendars::preview_hours(&services, &caller, &hours, moment.at)?.into()))
}
