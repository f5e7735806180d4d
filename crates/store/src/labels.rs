//! Labels, and who carries them. Subjects of any kind share the code: each has a table of the same shape.

use crate::{
    Store,
    engine::{Executor, Query, Row, Value, params, queries},
    error::Result,
    idempotency::{Created, Idempotency, claim, give_back},
    log::NewRecord,
};
use futures_util::FutureExt;
use model::{
    CustomerId, LabelId, ThreadId, Timestamp, WorkspaceId,
    customer::Customer,
    label::{AppliedLabel, Label, LabelColour},
    log::LogKind,
};
use std::collections::HashMap;

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

/// What became of putting a label on something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Labelled {
    /// It carries the label, perhaps since before.
    Done,
    /// The subject or the label does not exist.
    NotFound,
    /// The label is no longer offered.
    Archived,
}

/// What can carry labels. Another kind of subject is another variant, with a table and queries of the same shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LabelSubject {
    /// A person.
    Customer(CustomerId),
}

/// The queries of one kind of subject.
struct SubjectQueries {
    /// The subject's customer and thread, for the record.
    find: Query,
    insert: Query,
    delete: Query,
}

impl LabelSubject {
    fn queries(self) -> SubjectQueries {
        match self {
            Self::Customer(_) => {
                SubjectQueries { find: FIND_CUSTOMER, insert: INSERT_ON_CUSTOMER, delete: DELETE_FROM_CUSTOMER }
            }
        }
    }

    fn number(self) -> i64 {
        match self {
            Self::Customer(id) => id.0,
        }
    }

    /// What the log tells when a label comes or goes; `None` when there is no such subject.
    async fn record(
        self,
        executor: &Executor,
        workspace_id: WorkspaceId,
        actor_id: &str,
        now: Timestamp,
    ) -> Result<Option<NewRecord>> {
        let params = params![workspace_id.0, self.number()];
        let found = executor
            .query_opt(self.queries().find, &params, |row| Ok((CustomerId(row.int(0)?), ThreadId(row.int(1)?))))
            .await?;
        let kind = match self {
            Self::Customer(_) => LogKind::CustomerChanged,
        };
        Ok(found.map(|(customer, thread)| {
            let mut record = NewRecord::new(workspace_id, now, kind);
            record.customer_id = Some(customer);
            record.thread_id = Some(thread);
            record.actor_id = Some(actor_id.to_owned());
            record
        }))
    }
}

queries! {
    INSERT = Same("INSERT INTO label (id, workspace_id, name, folded_name, colour, archived, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING");
    FIND_BY_NAME = Same("SELECT id FROM label WHERE workspace_id = $1 AND folded_name = $2");
    GET = Same("SELECT id, name, colour, archived, created_at FROM label WHERE workspace_id = $1 AND id = $2");
    LIST = Same("SELECT id, name, colour, archived, created_at FROM label WHERE workspace_id = $1 AND id > $2 ORDER BY id LIMIT $3");
    UPDATE = Same("UPDATE label SET name = COALESCE($1, name), folded_name = COALESCE($2, folded_name), colour = COALESCE($3, colour), archived = COALESCE($4, archived) WHERE workspace_id = $5 AND id = $6");
    IS_CARRIED = Same("SELECT label_id FROM customer_label WHERE label_id = $1 LIMIT 1");
    DELETE = Same("DELETE FROM label WHERE workspace_id = $1 AND id = $2");
    FIND_CUSTOMER = Same("SELECT c.id, t.id FROM customer c JOIN thread t ON t.customer_id = c.id WHERE c.workspace_id = $1 AND c.id = $2");
    INSERT_ON_CUSTOMER = Same("INSERT INTO customer_label (customer_id, label_id, workspace_id, actor_id, created_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (customer_id, label_id) DO NOTHING");
    DELETE_FROM_CUSTOMER = Same("DELETE FROM customer_label WHERE customer_id = $1 AND label_id = $2");
    /// The labels of many customers at once.
    OF_CUSTOMERS = Two {
        sqlite: "SELECT u.customer_id, l.id, l.name, l.colour FROM customer_label u JOIN label l ON l.id = u.label_id WHERE u.customer_id = $1",
        postgres: "SELECT u.customer_id, l.id, l.name, l.colour FROM UNNEST($1::bigint[]) AS c(id) JOIN customer_label u ON u.customer_id = c.id JOIN label l ON l.id = u.label_id",
    };
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

/// Adds their labels to customers, in one query, the oldest label first.
pub(crate) async fn add_labels(executor: &Executor, customers: &mut [Customer]) -> Result<()> {
    let ids: Vec<[Value<'_>; 1]> = customers.iter().map(|customer| params![customer.id.0]).collect();
    let found = executor
        .batch(OF_CUSTOMERS, &ids, |row| {
            Ok((row.int(0)?, AppliedLabel { id: LabelId(row.int(1)?), name: row.text(2)?, colour: row.parse(3)? }))
        })
        .await?;
    let mut by_customer: HashMap<i64, Vec<AppliedLabel>> = HashMap::new();
    for (customer, label) in found {
        by_customer.entry(customer).or_default().push(label);
    }
    for customer in customers {
        let mut labels = by_customer.remove(&customer.id.0).unwrap_or_default();
        labels.sort_by_key(|label| label.id);
        customer.labels = labels;
    }
    Ok(())
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

    /// Deletes a label that nobody carries.
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

    /// Puts a label on something.
    pub async fn add_label(
        &self,
        workspace_id: WorkspaceId,
        subject: LabelSubject,
        label_id: LabelId,
        actor_id: &str,
        now: Timestamp,
    ) -> Result<Labelled> {
        let input = (workspace_id, subject, label_id, actor_id.to_owned(), now);
        let (labelled, _) = self
            .write(input, |executor, (workspace_id, subject, label_id, actor_id, now)| {
                async move {
                    let Some(record) = subject.record(executor, *workspace_id, actor_id, *now).await? else {
                        return Ok(Labelled::NotFound);
                    };
                    let key = params![workspace_id.0, label_id.0];
                    let Some(label) = executor.query_opt(GET, &key, read_label).await? else {
                        return Ok(Labelled::NotFound);
                    };
                    if label.archived {
                        return Ok(Labelled::Archived);
                    }
                    let params = params![subject.number(), label_id.0, workspace_id.0, actor_id, *now];
                    if executor.execute(subject.queries().insert, &params).await? == 1 {
                        executor.log(record);
                    }
                    Ok(Labelled::Done)
                }
                .boxed()
            })
            .await?;
        Ok(labelled)
    }

    /// Takes a label off something; false when there is no such subject.
    pub async fn remove_label(
        &self,
        workspace_id: WorkspaceId,
        subject: LabelSubject,
        label_id: LabelId,
        actor_id: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let input = (workspace_id, subject, label_id, actor_id.to_owned(), now);
        let (found, _) = self
            .write(input, |executor, (workspace_id, subject, label_id, actor_id, now)| {
                async move {
                    let Some(record) = subject.record(executor, *workspace_id, actor_id, *now).await? else {
                        return Ok(false);
                    };
                    let params = params![subject.number(), label_id.0];
                    if executor.execute(subject.queries().delete, &params).await? == 1 {
                        executor.log(record);
                    }
                    Ok(true)
                }
                .boxed()
            })
            .await?;
        Ok(found)
    }
}
