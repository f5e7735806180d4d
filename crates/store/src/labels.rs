//! Labels as they are defined ([`self`]), and who carries them ([`carried`]).

mod carried;

use crate::{
    Store,
    engine::{Row, params, queries},
    error::Result,
    idempotency::{Created, Idempotency, claim, give_back},
    log::NewRecord,
};
use futures_util::FutureExt;
use model::{
    LabelId, Timestamp, WorkspaceId,
    label::{Label, LabelColour},
    log::LogKind,
};

#[cfg(test)]
pub(crate) use carried::QUERIES as CARRIED_QUERIES;
pub use carried::{LabelSubject, Labelled};
pub(crate) use carried::{add_episode_labels, add_labels};

/// A label to define.
#[derive(Debug, Clone)]
pub struct NewLabel {
    /// Made by the caller.
    pub id: LabelId,
    /// Where.
    pub workspace_id: WorkspaceId,
    /// The word.
    pub name: String,
    /// By which it is unique.
    pub folded_name: String,
    /// Its colour.
    pub colour: LabelColour,
    /// The caller's key.
    pub idempotency: Option<Idempotency>,
    /// Who.
    pub actor_id: String,
    /// Now.
    pub now: Timestamp,
}

/// What changes of a label; `None` stays as it is.
#[derive(Debug, Clone)]
pub struct LabelUpdate {
    /// Which.
    pub id: LabelId,
    /// Where.
    pub workspace_id: WorkspaceId,
    /// The word, and the form by which it is unique.
    pub name: Option<(String, String)>,
    /// Its colour.
    pub colour: Option<LabelColour>,
    /// Whether it is no longer offered.
    pub archived: Option<bool>,
    /// Who.
    pub actor_id: String,
    /// Now.
    pub now: Timestamp,
}

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Updated {
    /// It is so now.
    Done,
    /// There is no such thing.
    NotFound,
    /// Another one has the name.
    NameTaken,
}

/// What became of a deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deleted {
    /// It is gone.
    Done,
    /// There was no such thing.
    NotFound,
    /// It is used.
    InUse,
}

queries! {
    INSERT = Same("INSERT INTO label (id, workspace_id, name, folded_name, colour, archived, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING");
    FIND_BY_NAME = Same("SELECT id FROM label WHERE workspace_id = $1 AND folded_name = $2");
    GET = Same("SELECT id, name, colour, archived, created_at FROM label WHERE workspace_id = $1 AND id = $2");
    LIST = Same("SELECT id, name, colour, archived, created_at FROM label WHERE workspace_id = $1 AND id > $2 ORDER BY id LIMIT $3");
    UPDATE = Same("UPDATE label SET name = COALESCE($1, name), folded_name = COALESCE($2, folded_name), colour = COALESCE($3, colour), archived = COALESCE($4, archived) WHERE workspace_id = $5 AND id = $6");
    IS_CARRIED = Same("SELECT label_id FROM customer_label WHERE label_id = $1 UNION ALL SELECT label_id FROM episode_label WHERE label_id = $1 LIMIT 1");
    DELETE = Same("DELETE FROM label WHERE workspace_id = $1 AND id = $2");
}

fn read_label(row: &Row<'_>) -> Result<Label> {
    Ok(Label {
        id: LabelId(row.int(0)?),
        name: row.text(1)?,
        colour: row.parse(2)?,
        archived: row.flag(3)?,
        created_at: Timestamp(row.int(4)?),
    })
}

fn definition_record(workspace_id: WorkspaceId, id: LabelId, actor_id: &str, now: Timestamp) -> NewRecord {
    let mut record = NewRecord::new(workspace_id, now, LogKind::LabelChanged);
    record.subject_id = Some(id.to_string());
    record.actor_id = Some(actor_id.to_owned());
    record
}

impl Store {
    /// Defines a label. `None` when another one has the name.
    pub async fn create_label(&self, new: NewLabel) -> Result<Option<Created<LabelId>>> {
        let (created, _) = self
            .write(new, |executor, new| {
                async move {
                    match claim(executor, new.workspace_id, new.idempotency.as_ref(), new.id.0, new.now).await? {
                        Created::New(_) => {}
                        Created::Before(id) => return Ok(Some(Created::Before(LabelId(id)))),
                        Created::KeyReused => return Ok(Some(Created::KeyReused)),
                    }
                    let params = params![
                        new.id.0,
                        new.workspace_id.0,
                        &new.name,
                        &new.folded_name,
                        new.colour.as_str(),
                        false,
                        new.now
                    ];
                    if executor.execute(INSERT, &params).await? == 1 {
                        executor.log(definition_record(new.workspace_id, new.id, &new.actor_id, new.now));
                        return Ok(Some(Created::New(new.id)));
                    }
                    let params = params![new.workspace_id.0, &new.folded_name];
                    if executor.query_opt(FIND_BY_NAME, &params, |row| row.int(0)).await? == Some(new.id.0) {
                        return Ok(Some(Created::New(new.id)));
                    }
                    give_back(executor, new.workspace_id, new.idempotency.as_ref(), new.id.0).await?;
                    Ok(None)
                }
                .boxed()
            })
            .await?;
        Ok(created)
    }

    /// One label.
    pub async fn find_label(&self, workspace_id: WorkspaceId, id: LabelId) -> Result<Option<Label>> {
        self.read((workspace_id, id), |executor, (workspace_id, id)| {
            async move { executor.query_opt(GET, &params![workspace_id.0, id.0], read_label).await }.boxed()
        })
        .await
    }

    /// Labels after `after`, oldest first, those that are archived too.
    pub async fn list_labels(&self, workspace_id: WorkspaceId, after: LabelId, limit: u32) -> Result<Vec<Label>> {
        self.read((workspace_id, after, limit), |executor, (workspace_id, after, limit)| {
            async move { executor.query(LIST, &params![workspace_id.0, after.0, *limit], read_label).await }.boxed()
        })
        .await
    }

    /// Changes a label; what changes nothing is not told.
    pub async fn update_label(&self, change: LabelUpdate) -> Result<Updated> {
        let (updated, _) = self
            .write(change, |executor, change| {
                async move {
                    let key = params![change.workspace_id.0, change.id.0];
                    let Some(label) = executor.query_opt(GET, &key, read_label).await? else {
                        return Ok(Updated::NotFound);
                    };
                    let is_so = change.name.as_ref().is_none_or(|(name, _)| *name == label.name)
                        && change.colour.is_none_or(|colour| colour == label.colour)
                        && change.archived.is_none_or(|archived| archived == label.archived);
                    if is_so {
                        return Ok(Updated::Done);
                    }
                    if let Some((_, folded)) = &change.name {
                        let params = params![change.workspace_id.0, folded];
                        let named = executor.query_opt(FIND_BY_NAME, &params, |row| row.int(0)).await?;
                        if named.is_some_and(|named| named != change.id.0) {
                            return Ok(Updated::NameTaken);
                        }
                    }
                    let (name, folded) = change.name.as_ref().map(|(name, folded)| (name, folded)).unzip();
                    let colour = change.colour.map(LabelColour::as_str);
                    let params = params![name, folded, colour, change.archived, change.workspace_id.0, change.id.0];
                    executor.execute(UPDATE, &params).await?;
                    executor.log(definition_record(change.workspace_id, change.id, &change.actor_id, change.now));
                    Ok(Updated::Done)
                }
                .boxed()
            })
            .await?;
        Ok(updated)
    }

    /// Deletes a label that nothing carries.
    pub async fn delete_label(
        &self,
        workspace_id: WorkspaceId,
        id: LabelId,
        actor_id: &str,
        now: Timestamp,
    ) -> Result<Deleted> {
        let input = (workspace_id, id, actor_id.to_owned(), now);
        let (deleted, _) = self
            .write(input, |executor, (workspace_id, id, actor_id, now)| {
                async move {
                    let key = params![workspace_id.0, id.0];
                    if executor.query_opt(GET, &key, |_| Ok(())).await?.is_none() {
                        return Ok(Deleted::NotFound);
                    }
                    if executor.query_opt(IS_CARRIED, &params![id.0], |_| Ok(())).await?.is_some() {
                        return Ok(Deleted::InUse);
                    }
                    executor.execute(DELETE, &key).await?;
                    executor.log(definition_record(*workspace_id, *id, actor_id, *now));
                    Ok(Deleted::Done)
                }
                .boxed()
            })
            .await?;
        Ok(deleted)
    }
}
