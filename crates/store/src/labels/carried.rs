//! Who carries labels. Subjects of any kind share the code: each has a table of the same shape.
//!
//! A merged customer carries what any of those carries who became one: it is read through, and stays on their rows, so that
//! nothing has to be restored when they are two again. What is taken off the one person is taken off all of them.

use super::{GET, read_label};
use crate::{
    Store,
    engine::{Executor, Query, Row, Value, params, queries},
    error::Result,
    log::NewRecord,
};
use futures_util::FutureExt;
use model::{
    CustomerId, EpisodeId, IdentityId, LabelId, ThreadId, Timestamp, WorkspaceId, customer::Customer, episode::Episode,
    label::AppliedLabel, log::LogKind,
};
use std::collections::HashMap;

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
    /// A person; of an alias whom it stands for.
    Customer(CustomerId),
    /// A matter.
    Episode(EpisodeId),
}

/// The queries of one kind of subject.
struct SubjectQueries {
    /// Where the subject is now: its own number, customer and thread, and the identity of an episode.
    find: Query,
    insert: Query,
    /// Labels that the subject, or somebody who became a part of it, carries.
    is_carried: Query,
    delete: Query,
}

/// A subject as it is found.
struct Found {
    number: i64,
    record: NewRecord,
}

queries! {
    FIND_CUSTOMER = Same("SELECT c.id, c.id, t.id, CAST(NULL AS BIGINT) FROM customer x JOIN customer c ON c.id = COALESCE(x.merged_into, x.id) JOIN thread t ON t.customer_id = c.id WHERE x.workspace_id = $1 AND x.id = $2");
    FIND_EPISODE = Same("SELECT e.id, i.customer_id, t.id, e.identity_id FROM episode e JOIN identity i ON i.id = e.identity_id JOIN thread t ON t.customer_id = i.customer_id WHERE e.workspace_id = $1 AND e.id = $2");
    INSERT_ON_CUSTOMER = Same("INSERT INTO customer_label (customer_id, label_id, workspace_id, actor_id, created_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (customer_id, label_id) DO NOTHING");
    INSERT_ON_EPISODE = Same("INSERT INTO episode_label (episode_id, label_id, workspace_id, actor_id, created_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (episode_id, label_id) DO NOTHING");
    CUSTOMER_CARRIES = Same("SELECT u.label_id FROM customer_label u WHERE u.customer_id = $1 AND u.label_id = $2 UNION ALL SELECT u.label_id FROM customer p JOIN customer_label u ON u.customer_id = p.id WHERE p.merged_into = $1 AND u.label_id = $2 LIMIT 1");
    EPISODE_CARRIES = Same("SELECT label_id FROM episode_label WHERE episode_id = $1 AND label_id = $2");
    DELETE_FROM_CUSTOMER = Same("DELETE FROM customer_label WHERE customer_id IN (SELECT id FROM customer WHERE id = $1 UNION ALL SELECT id FROM customer WHERE merged_into = $1) AND label_id = $2");
    DELETE_FROM_EPISODE = Same("DELETE FROM episode_label WHERE episode_id = $1 AND label_id = $2");
    /// Labels are a part of what an episode is: its version grows with them.
    TOUCH_EPISODE = Same("UPDATE episode SET version = version + 1 WHERE workspace_id = $1 AND id = $2");
    /// The labels of many customers at once, and of those who became a part of them.
    OF_CUSTOMERS = Two {
        sqlite: "SELECT u.customer_id, l.id, l.name, l.colour FROM customer_label u JOIN label l ON l.id = u.label_id WHERE u.customer_id = $1 UNION ALL SELECT p.merged_into, l.id, l.name, l.colour FROM customer p JOIN customer_label u ON u.customer_id = p.id JOIN label l ON l.id = u.label_id WHERE p.merged_into = $1",
        postgres: "SELECT u.customer_id, l.id, l.name, l.colour FROM UNNEST($1::bigint[]) AS c(id) JOIN customer_label u ON u.customer_id = c.id JOIN label l ON l.id = u.label_id UNION ALL SELECT p.merged_into, l.id, l.name, l.colour FROM UNNEST($1::bigint[]) AS c(id) JOIN customer p ON p.merged_into = c.id JOIN customer_label u ON u.customer_id = p.id JOIN label l ON l.id = u.label_id",
    };
    /// The labels of many episodes at once.
    OF_EPISODES = Two {
        sqlite: "SELECT u.episode_id, l.id, l.name, l.colour FROM episode_label u JOIN label l ON l.id = u.label_id WHERE u.episode_id = $1",
        postgres: "SELECT u.episode_id, l.id, l.name, l.colour FROM UNNEST($1::bigint[]) AS e(id) JOIN episode_label u ON u.episode_id = e.id JOIN label l ON l.id = u.label_id",
    };
}

impl LabelSubject {
    fn queries(self) -> SubjectQueries {
        match self {
            Self::Customer(_) => SubjectQueries {
                find: FIND_CUSTOMER,
                insert: INSERT_ON_CUSTOMER,
                is_carried: CUSTOMER_CARRIES,
                delete: DELETE_FROM_CUSTOMER,
            },
            Self::Episode(_) => SubjectQueries {
                find: FIND_EPISODE,
                insert: INSERT_ON_EPISODE,
                is_carried: EPISODE_CARRIES,
                delete: DELETE_FROM_EPISODE,
            },
        }
    }

    fn number(self) -> i64 {
        match self {
            Self::Customer(id) => id.0,
            Self::Episode(id) => id.0,
        }
    }

    /// The subject, and what the log tells when a label comes or goes; `None` when there is no such subject.
    async fn find(
        self,
        executor: &Executor,
        workspace_id: WorkspaceId,
        actor_id: &str,
        now: Timestamp,
    ) -> Result<Option<Found>> {
        let read = |row: &Row<'_>| {
            let place = (CustomerId(row.int(1)?), ThreadId(row.int(2)?), row.opt_int(3)?.map(IdentityId));
            Ok((row.int(0)?, place))
        };
        let params = params![workspace_id.0, self.number()];
        let found = executor.query_opt(self.queries().find, &params, read).await?;
        Ok(found.map(|(number, (customer, thread, identity))| {
            let kind = match self {
                Self::Customer(_) => LogKind::CustomerChanged,
                Self::Episode(_) => LogKind::EpisodeChanged,
            };
            let mut record = NewRecord::new(workspace_id, now, kind);
            record.customer_id = Some(customer);
            record.thread_id = Some(thread);
            record.identity_id = identity;
            record.episode_id = matches!(self, Self::Episode(_)).then_some(EpisodeId(number));
            record.actor_id = Some(actor_id.to_owned());
            Found { number, record }
        }))
    }

    /// Tells that a label came or went.
    async fn changed(self, executor: &Executor, workspace_id: WorkspaceId, record: NewRecord) -> Result<()> {
        if let Self::Episode(id) = self {
            executor.execute(TOUCH_EPISODE, &params![workspace_id.0, id.0]).await?;
        }
        executor.log(record);
        Ok(())
    }
}

/// The labels of subjects by their numbers, each once, the oldest label first.
async fn labels_of(executor: &Executor, query: Query, subjects: &[i64]) -> Result<HashMap<i64, Vec<AppliedLabel>>> {
    let rows: Vec<[Value<'_>; 1]> = subjects.iter().map(|id| params![*id]).collect();
    let read = |row: &Row<'_>| {
        Ok((row.int(0)?, AppliedLabel { id: LabelId(row.int(1)?), name: row.text(2)?, colour: row.parse(3)? }))
    };
    let mut by_subject: HashMap<i64, Vec<AppliedLabel>> = HashMap::new();
    for (subject, label) in executor.batch(query, &rows, read).await? {
        by_subject.entry(subject).or_default().push(label);
    }
    for labels in by_subject.values_mut() {
        labels.sort_by_key(|label| label.id);
        labels.dedup_by_key(|label| label.id);
    }
    Ok(by_subject)
}

/// Adds their labels to customers, in one query.
pub(crate) async fn add_labels(executor: &Executor, customers: &mut [Customer]) -> Result<()> {
    let ids: Vec<i64> = customers.iter().map(|customer| customer.id.0).collect();
    let mut found = labels_of(executor, OF_CUSTOMERS, &ids).await?;
    for customer in customers {
        customer.labels = found.remove(&customer.id.0).unwrap_or_default();
    }
    Ok(())
}

/// Adds their labels to episodes, in one query.
pub(crate) async fn add_episode_labels(executor: &Executor, episodes: &mut [Episode]) -> Result<()> {
    let ids: Vec<i64> = episodes.iter().map(|episode| episode.id.0).collect();
    let mut found = labels_of(executor, OF_EPISODES, &ids).await?;
    for episode in episodes {
        episode.labels = found.remove(&episode.id.0).unwrap_or_default();
    }
    Ok(())
}

impl Store {
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
                    let Some(found) = subject.find(executor, *workspace_id, actor_id, *now).await? else {
                        return Ok(Labelled::NotFound);
                    };
                    let key = params![workspace_id.0, label_id.0];
                    let Some(label) = executor.query_opt(GET, &key, read_label).await? else {
                        return Ok(Labelled::NotFound);
                    };
                    if label.archived {
                        return Ok(Labelled::Archived);
                    }
                    let carried = params![found.number, label_id.0];
                    if executor.query_opt(subject.queries().is_carried, &carried, |_| Ok(())).await?.is_some() {
                        return Ok(Labelled::Done);
                    }
                    let params = params![found.number, label_id.0, workspace_id.0, actor_id, *now];
                    if executor.execute(subject.queries().insert, &params).await? == 1 {
                        subject.changed(executor, *workspace_id, found.record).await?;
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
                    let Some(found) = subject.find(executor, *workspace_id, actor_id, *now).await? else {
                        return Ok(false);
                    };
                    let params = params![found.number, label_id.0];
                    if executor.execute(subject.queries().delete, &params).await? > 0 {
                        subject.changed(executor, *workspace_id, found.record).await?;
                    }
                    Ok(true)
                }
                .boxed()
            })
            .await?;
        Ok(found)
    }
}
