//! Calendars. Their hours are checked before they come here; the database keeps them as they are told.

use crate::{
    Store, Updated,
    engine::{Row, params, queries},
    error::{Result, StoreError},
    idempotency::{Created, Idempotency, claim, give_back},
    log::NewRecord,
};
use futures_util::FutureExt;
use model::{
    CalendarId, Timestamp, WorkspaceId,
    calendar::{Calendar, OpeningHours},
    log::LogKind,
};

/// A calendar to make.
#[derive(Debug, Clone)]
pub struct NewCalendar {
    /// As it will be.
    pub calendar: Calendar,
    /// By which its name is unique.
    pub folded_name: String,
    /// Where.
    pub workspace_id: WorkspaceId,
    /// The caller's key.
    pub idempotency: Option<Idempotency>,
    /// Who.
    pub actor_id: String,
}

/// A calendar as it will be; the caller has merged.
#[derive(Debug, Clone)]
pub struct CalendarUpdate {
    /// Which.
    pub id: CalendarId,
    /// Where.
    pub workspace_id: WorkspaceId,
    /// The version that the change is based on.
    pub version: i64,
    /// What the team calls it.
    pub name: String,
    /// By which the name is unique.
    pub folded_name: String,
    /// When it is open.
    pub hours: OpeningHours,
    /// Who.
    pub actor_id: String,
    /// Now.
    pub now: Timestamp,
}

/// A calendar with the number that rises with every change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CalendarRow {
    /// The calendar.
    pub calendar: Calendar,
    /// Its version.
    pub version: i64,
}

queries! {
    INSERT = Same("INSERT INTO calendar (id, workspace_id, name, folded_name, hours, version, created_at) VALUES ($1, $2, $3, $4, $5, 1, $6) ON CONFLICT DO NOTHING");
    FIND_BY_NAME = Same("SELECT id FROM calendar WHERE workspace_id = $1 AND folded_name = $2");
    GET = Same("SELECT id, name, hours, created_at, version FROM calendar WHERE workspace_id = $1 AND id = $2");
    LIST = Same("SELECT id, name, hours, created_at, version FROM calendar WHERE workspace_id = $1 AND id > $2 ORDER BY id LIMIT $3");
    UPDATE = Same("UPDATE calendar SET name = $1, folded_name = $2, hours = $3, version = version + 1 WHERE workspace_id = $4 AND id = $5 AND version = $6");
    DELETE = Same("DELETE FROM calendar WHERE workspace_id = $1 AND id = $2");
}

fn read_calendar(row: &Row<'_>) -> Result<CalendarRow> {
    Ok(CalendarRow {
        calendar: Calendar {
            id: CalendarId(row.int(0)?),
            name: row.text(1)?,
            hours: row.json(2)?,
            created_at: Timestamp(row.int(3)?),
        },
        version: row.int(4)?,
    })
}

fn hours_text(hours: &OpeningHours) -> Result<String> {
    serde_json::to_string(hours).map_err(|error| StoreError::Internal(error.to_string()))
}

fn definition_record(workspace_id: WorkspaceId, id: CalendarId, actor_id: &str, now: Timestamp) -> NewRecord {
    let mut record = NewRecord::new(workspace_id, now, LogKind::CalendarChanged);
    record.subject_id = Some(id.to_string());
    record.actor_id = Some(actor_id.to_owned());
    record
}

impl Store {
    /// Makes a calendar. `None` when another one has the name.
    pub async fn create_calendar(&self, new: NewCalendar) -> Result<Option<Created<CalendarId>>> {
        let (created, _) = self
            .write(new, |executor, new| {
                async move {
                    let (workspace_id, calendar) = (new.workspace_id, &new.calendar);
                    let (key, now) = (new.idempotency.as_ref(), calendar.created_at);
                    match claim(executor, workspace_id, key, calendar.id.0, now).await? {
                        Created::New(_) => {}
                        Created::Before(id) => return Ok(Some(Created::Before(CalendarId(id)))),
                        Created::KeyReused => return Ok(Some(Created::KeyReused)),
                    }
                    let hours = hours_text(&calendar.hours)?;
                    let params = params![calendar.id.0, workspace_id.0, &calendar.name, &new.folded_name, &hours, now];
                    if executor.execute(INSERT, &params).await? == 1 {
                        executor.log(definition_record(workspace_id, calendar.id, &new.actor_id, now));
                        return Ok(Some(Created::New(calendar.id)));
                    }
                    let params = params![workspace_id.0, &new.folded_name];
                    if executor.query_opt(FIND_BY_NAME, &params, |row| row.int(0)).await? == Some(calendar.id.0) {
                        return Ok(Some(Created::New(calendar.id)));
                    }
                    give_back(executor, workspace_id, key, calendar.id.0).await?;
                    Ok(None)
                }
                .boxed()
            })
            .await?;
        Ok(created)
    }

    /// One calendar.
    pub async fn find_calendar(&self, workspace_id: WorkspaceId, id: CalendarId) -> Result<Option<CalendarRow>> {
        self.read((workspace_id, id), |executor, (workspace_id, id)| {
            async move { executor.query_opt(GET, &params![workspace_id.0, id.0], read_calendar).await }.boxed()
        })
        .await
    }

    /// Calendars after `after`, oldest first.
    pub async fn list_calendars(
        &self,
        workspace_id: WorkspaceId,
        after: CalendarId,
        limit: u32,
    ) -> Result<Vec<Calendar>> {
        self.read((workspace_id, after, limit), |executor, (workspace_id, after, limit)| {
            async move {
                let found = executor.query(LIST, &params![workspace_id.0, after.0, *limit], read_calendar).await?;
                Ok(found.into_iter().map(|row| row.calendar).collect())
            }
            .boxed()
        })
        .await
    }

    /// Writes a changed calendar. `NotFound` also when somebody changed it meanwhile. What changes nothing is not told.
    pub async fn update_calendar(&self, change: CalendarUpdate) -> Result<Updated> {
        let (updated, _) = self
            .write(change, |executor, change| {
                async move {
                    let (workspace_id, id) = (change.workspace_id, change.id);
                    let key = params![workspace_id.0, id.0];
                    let Some(row) = executor.query_opt(GET, &key, read_calendar).await? else {
                        return Ok(Updated::NotFound);
                    };
                    if row.calendar.name == change.name && row.calendar.hours == change.hours {
                        return Ok(Updated::Done);
                    }
                    let params = params![workspace_id.0, &change.folded_name];
                    let named = executor.query_opt(FIND_BY_NAME, &params, |row| row.int(0)).await?;
                    if named.is_some_and(|named| named != id.0) {
                        return Ok(Updated::NameTaken);
                    }
                    let hours = hours_text(&change.hours)?;
                    let params =
                        params![&change.name, &change.folded_name, &hours, workspace_id.0, id.0, change.version];
                    if executor.execute(UPDATE, &params).await? == 0 {
                        return Ok(Updated::NotFound);
                    }
                    executor.log(definition_record(workspace_id, id, &change.actor_id, change.now));
                    Ok(Updated::Done)
                }
                .boxed()
            })
            .await?;
        Ok(updated)
    }

    /// Deletes a calendar; false when there is none.
    pub async fn delete_calendar(
        &self,
        workspace_id: WorkspaceId,
        id: CalendarId,
        actor_id: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let input = (workspace_id, id, actor_id.to_owned(), now);
        let (deleted, _) = self
            .write(input, |executor, (workspace_id, id, actor_id, now)| {
                async move {
                    let deleted = executor.execute(DELETE, &params![workspace_id.0, id.0]).await? == 1;
                    if deleted {
                        executor.log(definition_record(*workspace_id, *id, actor_id, *now));
                    }
                    Ok(deleted)
                }
                .boxed()
            })
            .await?;
        Ok(deleted)
    }
}
