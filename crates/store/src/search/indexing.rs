//! Feeding the index from the log: whoever holds a workspace's lease reads what its next records are about, as it is now, and
//! writes documents and the place in the log together. So a crash loses and doubles nothing, and doing it again changes
//! nothing.

use super::{BLOCKS, RANGE, terms};
use crate::{
    Store,
    engine::{Executor, Row, Value, params, queries},
    error::Result,
};
use futures_util::FutureExt;
use model::{Block, IdentityId, Timestamp, WorkspaceId, block::searchable_text, fold::Tokens, search::SearchKind};
use serde_json::Value as Json;
use std::collections::{BTreeMap, HashMap};

/// Something that can be found: what kind it is, and its number.
pub type SearchSubject = (SearchKind, i64);

/// How far a workspace's index is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchLag {
    /// Which.
    pub workspace_id: WorkspaceId,
    /// The last record of the log that the index knows.
    pub indexed: i64,
    /// The last record.
    pub head: i64,
}

/// What is to be found of a subject, as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchSource {
    /// Which.
    pub subject: SearchSubject,
    /// The identity that it came through; `None` for customers.
    pub identity_id: Option<IdentityId>,
    /// When it came into being.
    pub at: Timestamp,
    /// Its words.
    pub text: String,
    /// Words that are kept but not shown now (values of archived fields): found once they are shown again.
    pub hidden: String,
}

/// A document to write, in place of an earlier one of the same subject.
#[derive(Debug, Clone)]
pub struct SearchDocument {
    /// What it is about.
    pub subject: SearchSubject,
    /// The identity that it came through.
    pub identity_id: Option<IdentityId>,
    /// When it came into being.
    pub at: Timestamp,
    /// Its words; none takes the document away.
    pub tokens: Tokens,
}

/// What a stretch of the log brought.
#[derive(Debug, Clone)]
pub struct SearchBatch {
    /// Whose.
    pub workspace_id: WorkspaceId,
    /// Who holds the lease.
    pub owner: i64,
    /// Where the index was.
    pub after: i64,
    /// Where it is then.
    pub through: i64,
    /// Nothing more is known to follow: the lease is given back, so that whoever hears of the next record may take it.
    pub is_last: bool,
    /// The documents; of one subject at most one counts, the last.
    pub documents: Vec<SearchDocument>,
}

queries! {
    LAG = Same("SELECT h.workspace_id, COALESCE(c.seq, -1), h.seq FROM log_head h LEFT JOIN search_cursor c ON c.workspace_id = h.workspace_id WHERE h.shard = 0");
    /// Another process may take the same number at the same time: then there is none yet, and the next sweep tries again.
    OPEN_CURSOR = Same("INSERT INTO search_cursor (workspace_id, number, seq, last_document_id) SELECT w.id, (SELECT COALESCE(MAX(number), 0) + 1 FROM search_cursor), 0, 0 FROM workspace w WHERE w.id = $1 ON CONFLICT DO NOTHING");
    CLAIM = Same("UPDATE search_cursor SET lease_owner = $1, lease_until = $2 WHERE workspace_id = $3 AND (lease_owner IS NULL OR lease_owner = $1 OR lease_until <= $4 OR $5)");
    PLACE = Same("SELECT seq, number, last_document_id FROM search_cursor WHERE workspace_id = $1");
    ADVANCE = Same("UPDATE search_cursor SET seq = $1, last_document_id = $2, lease_owner = CASE WHEN $3 THEN NULL ELSE lease_owner END WHERE workspace_id = $4 AND seq = $5 AND lease_owner = $6");
    MESSAGES = Two {
        sqlite: "SELECT id, identity_id, at, blocks FROM message WHERE workspace_id = $1 AND id = $2",
        postgres: "SELECT m.id, m.identity_id, m.at, m.blocks FROM UNNEST($1::bigint[], $2::bigint[]) AS u(workspace_id, id) JOIN message m ON m.id = u.id AND m.workspace_id = u.workspace_id",
    };
    NOTES = Two {
        sqlite: "SELECT id, identity_id, at, text FROM note WHERE workspace_id = $1 AND id = $2",
        postgres: "SELECT n.id, n.identity_id, n.at, n.text FROM UNNEST($1::bigint[], $2::bigint[]) AS u(workspace_id, id) JOIN note n ON n.id = u.id AND n.workspace_id = u.workspace_id",
    };
    /// With whom they stand for: an alias is found as that one.
    CUSTOMERS = Two {
        sqlite: "SELECT id, created_at, name, merged_into FROM customer WHERE workspace_id = $1 AND id = $2",
        postgres: "SELECT c.id, c.created_at, c.name, c.merged_into FROM UNNEST($1::bigint[], $2::bigint[]) AS u(workspace_id, id) JOIN customer c ON c.id = u.id AND c.workspace_id = u.workspace_id",
    };
    PART_NAMES = Two {
        sqlite: "SELECT merged_into, name FROM customer WHERE workspace_id = $1 AND merged_into = $2 AND name <> '' ORDER BY id",
        postgres: "SELECT p.merged_into, p.name FROM UNNEST($1::bigint[], $2::bigint[]) AS u(workspace_id, id) JOIN customer p ON p.merged_into = u.id AND p.workspace_id = u.workspace_id WHERE p.name <> '' ORDER BY p.id",
    };
    /// The values of customers and of those who became a part of them, and whether their field is archived. Yes and no are no
    /// words that anybody looks for.
    VALUES = Two {
        sqlite: "SELECT v.customer_id, v.value, a.archived FROM customer_attribute v JOIN attribute a ON a.id = v.attribute_id WHERE v.workspace_id = $1 AND v.customer_id = $2 AND a.value_type <> 'boolean' UNION ALL SELECT p.merged_into, v.value, a.archived FROM customer p JOIN customer_attribute v ON v.customer_id = p.id JOIN attribute a ON a.id = v.attribute_id WHERE p.workspace_id = $1 AND p.merged_into = $2 AND a.value_type <> 'boolean'",
        postgres: "SELECT v.customer_id, v.value, a.archived FROM UNNEST($1::bigint[], $2::bigint[]) AS u(workspace_id, id) JOIN customer_attribute v ON v.customer_id = u.id AND v.workspace_id = u.workspace_id JOIN attribute a ON a.id = v.attribute_id WHERE a.value_type <> 'boolean' UNION ALL SELECT p.merged_into, v.value, a.archived FROM UNNEST($1::bigint[], $2::bigint[]) AS u(workspace_id, id) JOIN customer p ON p.merged_into = u.id AND p.workspace_id = u.workspace_id JOIN customer_attribute v ON v.customer_id = p.id JOIN attribute a ON a.id = v.attribute_id WHERE a.value_type <> 'boolean'",
    };
    ADDRESSES = Two {
        sqlite: "SELECT customer_id, address FROM identity WHERE workspace_id = $1 AND customer_id = $2",
        postgres: "SELECT i.customer_id, i.address FROM UNNEST($1::bigint[], $2::bigint[]) AS u(workspace_id, id) JOIN identity i ON i.customer_id = u.id AND i.workspace_id = u.workspace_id",
    };
    PUT_DOCUMENTS = Two {
        sqlite: "INSERT INTO search_document (id, workspace_id, kind, subject_id, identity_id, at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (workspace_id, kind, subject_id) DO UPDATE SET identity_id = excluded.identity_id, at = excluded.at RETURNING id, kind, subject_id",
        postgres: "INSERT INTO search_document (id, workspace_id, kind, subject_id, identity_id, at) SELECT * FROM UNNEST($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[]) ON CONFLICT (workspace_id, kind, subject_id) DO UPDATE SET identity_id = excluded.identity_id, at = excluded.at RETURNING id, kind, subject_id",
    };
    PUT_TOKENS = Two {
        sqlite: "INSERT OR REPLACE INTO search_index (rowid, stream, extras) VALUES ($1, $2, $3)",
        postgres: "INSERT INTO search_index (id, tokens) SELECT u.id, CAST(u.stream || u.extras AS TSVECTOR) FROM UNNEST($1::bigint[], $2::text[], $3::text[]) AS u(id, stream, extras) ON CONFLICT (id) DO UPDATE SET tokens = excluded.tokens",
    };
    DROP_DOCUMENTS = Two {
        sqlite: "DELETE FROM search_document WHERE workspace_id = $1 AND kind = $2 AND subject_id = $3 RETURNING id",
        postgres: "DELETE FROM search_document d USING UNNEST($1::bigint[], $2::text[], $3::bigint[]) AS u(workspace_id, kind, subject_id) WHERE d.workspace_id = u.workspace_id AND d.kind = u.kind AND d.subject_id = u.subject_id RETURNING d.id",
    };
    DROP_TOKENS = Two {
        sqlite: "DELETE FROM search_index WHERE rowid = $1",
        postgres: "DELETE FROM search_index USING UNNEST($1::bigint[]) AS u(id) WHERE search_index.id = u.id",
    };
}

/// The numbers of one kind as parameters.
fn of_kind(workspace_id: WorkspaceId, subjects: &[SearchSubject], kind: SearchKind) -> Vec<[Value<'static>; 2]> {
    subjects.iter().filter(|(own, _)| *own == kind).map(|(_, id)| params![workspace_id.0, *id]).collect()
}

async fn read_messages(executor: &Executor, rows: &[[Value<'_>; 2]]) -> Result<Vec<SearchSource>> {
    executor
        .batch(MESSAGES, rows, |row: &Row<'_>| {
            let blocks: Vec<Block> = row.json(3)?;
            Ok(SearchSource {
                subject: (SearchKind::Message, row.int(0)?),
                identity_id: Some(IdentityId(row.int(1)?)),
                at: Timestamp(row.int(2)?),
                text: searchable_text(&blocks),
                hidden: String::new(),
            })
        })
        .await
}

async fn read_notes(executor: &Executor, rows: &[[Value<'_>; 2]]) -> Result<Vec<SearchSource>> {
    executor
        .batch(NOTES, rows, |row: &Row<'_>| {
            Ok(SearchSource {
                subject: (SearchKind::Note, row.int(0)?),
                identity_id: Some(IdentityId(row.int(1)?)),
                at: Timestamp(row.int(2)?),
                text: row.text(3)?,
                hidden: String::new(),
            })
        })
        .await
}

/// A field's value in the words by which it is found.
fn words_of(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// What a customer is found by, each on a line of its own, in the order in which it is shown.
#[derive(Default)]
struct Lines {
    shown: Vec<String>,
    hidden: Vec<String>,
}

/// Customers by their names and addresses and the values of their fields; what is said of those who became a part of one is
/// found as theirs.
async fn read_customers(executor: &Executor, rows: &[[Value<'_>; 2]]) -> Result<Vec<SearchSource>> {
    let mut lines: BTreeMap<i64, Lines> = BTreeMap::new();
    let named = |row: &Row<'_>| Ok((row.int(0)?, Timestamp(row.int(1)?), row.text(2)?, row.opt_int(3)?));
    let mut customers = executor.batch(CUSTOMERS, rows, named).await?;
    customers.retain(|(.., merged_into)| merged_into.is_none());
    for (id, _, name, _) in &customers {
        lines.entry(*id).or_default().shown.push(name.clone());
    }
    let pair = |row: &Row<'_>| Ok((row.int(0)?, row.text(1)?));
    for query in [PART_NAMES, ADDRESSES] {
        for (id, line) in executor.batch(query, rows, pair).await? {
            lines.entry(id).or_default().shown.push(line);
        }
    }
    let value = |row: &Row<'_>| Ok((row.int(0)?, row.json::<Json>(1)?, row.flag(2)?));
    for (id, value, is_archived) in executor.batch(VALUES, rows, value).await? {
        let lines = lines.entry(id).or_default();
        let into = if is_archived { &mut lines.hidden } else { &mut lines.shown };
        into.extend(words_of(&value));
    }
    Ok(customers
        .into_iter()
        .map(|(id, at, ..)| {
            let Lines { mut shown, hidden } = lines.remove(&id).unwrap_or_default();
            shown.retain(|line| !line.is_empty());
            let (text, hidden) = (shown.join(" · "), hidden.join("\n"));
            SearchSource { subject: (SearchKind::Customer, id), identity_id: None, at, text, hidden }
        })
        .collect())
}

/// Writes documents, each under the id it has, or under the next one.
async fn put(
    executor: &Executor,
    workspace_id: WorkspaceId,
    number: i64,
    last_id: i64,
    documents: &[&SearchDocument],
) -> Result<()> {
    let rows: Vec<[Value<'_>; 6]> = documents
        .iter()
        .zip(last_id + 1..)
        .map(|(document, id)| {
            let (kind, subject) = document.subject;
            params![id, workspace_id.0, kind.as_str(), subject, document.identity_id.map(|id| id.0), document.at]
        })
        .collect();
    let ids: HashMap<SearchSubject, i64> = executor
        .batch(PUT_DOCUMENTS, &rows, |row| Ok(((row.parse(1)?, row.int(2)?), row.int(0)?)))
        .await?
        .into_iter()
        .collect();
    let is_sqlite = executor.postgres_client().is_none();
    let mut texts: Vec<(i64, (String, String))> = Vec::with_capacity(documents.len());
    for document in documents {
        let Some(id) = ids.get(&document.subject) else { continue };
        let mut scope = vec![terms::kind_token(document.subject.0, number)];
        scope.extend(document.identity_id.map(terms::identity_token));
        if !is_sqlite {
            scope.extend(BLOCKS.iter().map(|size| terms::block_token(*size, id >> size)));
        }
        let write = if is_sqlite { terms::sqlite_document } else { terms::postgres_document };
        texts.push((*id, write(&document.tokens, &scope)));
    }
    // FTS5 gathers what comes in rising order and writes it at once.
    texts.sort_by_key(|(id, _)| *id);
    let rows: Vec<[Value<'_>; 3]> = texts.iter().map(|(id, (stream, extras))| params![*id, stream, extras]).collect();
    executor.batch_execute(PUT_TOKENS, &rows).await
}

async fn drop_documents(executor: &Executor, workspace_id: WorkspaceId, subjects: &[SearchSubject]) -> Result<()> {
    let rows: Vec<[Value<'_>; 3]> =
        subjects.iter().map(|(kind, id)| params![workspace_id.0, kind.as_str(), *id]).collect();
    let gone = executor.batch(DROP_DOCUMENTS, &rows, |row| row.int(0)).await?;
    let rows: Vec<[Value<'_>; 1]> = gone.iter().map(|id| params![*id]).collect();
    executor.batch_execute(DROP_TOKENS, &rows).await
}

/// False when the index is elsewhere, so that somebody else followed the log.
pub(crate) async fn apply(executor: &Executor, batch: &SearchBatch) -> Result<bool> {
    let workspace = batch.workspace_id;
    let place =
        executor.query_opt(PLACE, &params![workspace.0], |row| Ok((row.int(0)?, row.int(1)?, row.int(2)?))).await?;
    let Some((seq, number, last_id)) = place else { return Ok(false) };
    if seq == batch.through {
        // Done already: a commit whose answer was lost, run again.
        return Ok(true);
    }
    let subjects: BTreeMap<SearchSubject, &SearchDocument> =
        batch.documents.iter().map(|document| (document.subject, document)).collect();
    let (written, gone): (Vec<&SearchDocument>, Vec<&SearchDocument>) =
        subjects.into_values().partition(|document| !document.tokens.stream.is_empty());
    // First of all, since it locks the row: two processes take turns here.
    let last_id = last_id.max(number * RANGE);
    let new_last_id = last_id + written.len() as i64;
    let params = params![batch.through, new_last_id, batch.is_last, workspace.0, batch.after, batch.owner];
    if executor.execute(ADVANCE, &params).await? == 0 {
        return Ok(false);
    }
    put(executor, workspace, number, last_id, &written).await?;
    let gone: Vec<SearchSubject> = gone.iter().map(|document| document.subject).collect();
    drop_documents(executor, workspace, &gone).await?;
    Ok(true)
}

impl Store {
    /// How far the index of every workspace is; -1 for one that has none yet. For the process that serves them, never for a
    /// caller.
    pub async fn list_search_lags(&self) -> Result<Vec<SearchLag>> {
        self.read((), |executor, ()| {
            async move {
                let lag = |row: &Row<'_>| {
                    let workspace_id = WorkspaceId(row.int(0)?);
                    Ok(SearchLag { workspace_id, indexed: row.int(1)?, head: row.int(2)? })
                };
                executor.query(LAG, &[], lag).await
            }
            .boxed()
        })
        .await
    }

    /// Takes or keeps the lease on a workspace's index; the place in its log, or `None` while somebody else holds it. In a
    /// process that is alone no earlier lease counts.
    pub async fn claim_search_index(
        &self,
        workspace_id: WorkspaceId,
        owner: i64,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Option<i64>> {
        let alone = self.is_single_process();
        let input = (workspace_id, owner, now, until, alone);
        let (place, _) = self
            .write(input, |executor, (workspace_id, owner, now, until, alone)| {
                async move {
                    executor.execute(OPEN_CURSOR, &params![workspace_id.0]).await?;
                    let params = params![*owner, *until, workspace_id.0, *now, *alone];
                    if executor.execute(CLAIM, &params).await? == 0 {
                        return Ok(None);
                    }
                    executor.query_opt(PLACE, &params![workspace_id.0], |row| row.int(0)).await
                }
                .boxed()
            })
            .await?;
        Ok(place)
    }

    /// What is to be found of subjects, as they are now. What does not exist is left out.
    pub async fn list_search_sources(
        &self,
        workspace_id: WorkspaceId,
        subjects: Vec<SearchSubject>,
    ) -> Result<Vec<SearchSource>> {
        self.read((workspace_id, subjects), |executor, (workspace_id, subjects)| {
            async move {
                let messages = of_kind(*workspace_id, subjects, SearchKind::Message);
                let mut sources = read_messages(executor, &messages).await?;
                let notes = of_kind(*workspace_id, subjects, SearchKind::Note);
                sources.extend(read_notes(executor, &notes).await?);
                let customers = of_kind(*workspace_id, subjects, SearchKind::Customer);
                sources.extend(read_customers(executor, &customers).await?);
                Ok(sources)
            }
            .boxed()
        })
        .await
    }

    /// Writes what a stretch of the log brought, together with the place in the log. False when the lease or the place is
    /// somebody else's by now; then nothing was written.
    pub async fn apply_search_batch(&self, batch: SearchBatch) -> Result<bool> {
        let (done, _) = self.write(batch, |executor, batch| apply(executor, batch).boxed()).await?;
        Ok(done)
    }
}
