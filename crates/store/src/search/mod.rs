//! Search over messages, notes and customers: an index beside the data, fed from the log ([`indexing`]).
//!
//! The words are split by `model::fold` alone ([`terms`]). Results come newest first: a document's id follows the order of the
//! log. On SQLite FTS5 walks its lists from the end and stops at the limit, however common the word. PostgreSQL's GIN gives
//! all matches in no order, so a common word would cost all its rows. There the newest documents are looked through first,
//! one by one; only what is rare among them is asked of the index, in the newest block of ids before the rest. A plain
//! `ORDER BY id LIMIT` leaves the choice of a plan to an estimate, and a wrong one reads the whole table.

mod indexing;
mod terms;

#[cfg(test)]
pub(crate) use indexing::{QUERIES as INDEXING_QUERIES, apply};
pub use indexing::{SearchBatch, SearchDocument, SearchLag, SearchSource, SearchSubject};

use crate::{
    Store,
    engine::{self, Executor, Row, Value, params, queries},
    error::Result,
};
use futures_util::FutureExt;
use model::{CustomerId, IdentityId, Timestamp, WorkspaceId, fold::Query, search::SearchKind};

/// The longest that a search may take, waiting for its turn included.
pub const SEARCH_LIMIT: std::time::Duration = engine::bounded::LIMIT;
/// The ids of one workspace's documents.
const RANGE: i64 = 1 << 40;
/// PostgreSQL: how many of the newest documents are looked through for each one wanted, before the index is asked. What is not
/// found often enough among them is in fewer than one of this many documents.
const LOOK_THROUGH: i64 = 200;
/// PostgreSQL: the sizes of the blocks of ids that have tokens, as powers of two. The larger one bounds what any query fetches
/// at once. The smaller one serves phrases, for which every document that holds their words has to be looked at.
const BLOCKS: [u32; 2] = [15, 18];

/// What to look for.
#[derive(Debug, Clone)]
pub struct SearchRequest {
    /// Where.
    pub workspace_id: WorkspaceId,
    /// What.
    pub query: Query,
    /// Which kinds; none means all.
    pub kinds: Vec<SearchKind>,
    /// What came through these identities alone; none means everything.
    pub identities: Vec<IdentityId>,
    /// Documents with a smaller id; `i64::MAX` for the newest.
    pub before: i64,
    /// How many.
    pub limit: u32,
}

/// A document that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundDocument {
    /// Its place among the results: give it as `before` to get older ones.
    pub id: i64,
    /// What it is.
    pub kind: SearchKind,
    /// The number of the message, note or customer.
    pub subject_id: i64,
    /// The customer who owns its identity now, or who is the subject.
    pub customer_id: CustomerId,
    /// When it came into being.
    pub at: Timestamp,
}

queries! {
    PLACE = Same("SELECT number, last_document_id FROM search_cursor WHERE workspace_id = $1");
    /// PostgreSQL alone: looks at the newest documents one by one.
    NEWEST_MATCHES = Two {
        sqlite: "SELECT 1",
        postgres: "WITH newest AS MATERIALIZED (SELECT id, tokens FROM search_index WHERE id < $1 AND id >= $2 ORDER BY id DESC LIMIT $3) SELECT id FROM newest WHERE tokens @@ CAST(CAST($4 AS TEXT) AS TSQUERY) ORDER BY id DESC LIMIT $5",
    };
    /// Asks the index. On PostgreSQL the range is looked at afterwards, or the planner might walk it instead.
    MATCHES = Two {
        sqlite: "SELECT rowid FROM search_index WHERE search_index MATCH $1 AND rowid < $2 AND rowid >= $3 ORDER BY rowid DESC LIMIT $4",
        postgres: "WITH found AS MATERIALIZED (SELECT id FROM search_index WHERE tokens @@ CAST(CAST($1 AS TEXT) AS TSQUERY)) SELECT id FROM found WHERE id < $2 AND id >= $3 ORDER BY id DESC LIMIT $4",
    };
    /// The documents, and whose threads show them now.
    FOUND = Two {
        sqlite: "SELECT d.id, d.kind, d.subject_id, COALESCE(i.customer_id, d.subject_id), d.at FROM search_document d LEFT JOIN identity i ON i.id = d.identity_id WHERE d.workspace_id = $1 AND d.id = $2",
        postgres: "SELECT d.id, d.kind, d.subject_id, COALESCE(i.customer_id, d.subject_id), d.at FROM UNNEST($1::bigint[], $2::bigint[]) AS u(workspace_id, id) JOIN search_document d ON d.id = u.id AND d.workspace_id = u.workspace_id LEFT JOIN identity i ON i.id = d.identity_id",
    };
}

fn read_found(row: &Row<'_>) -> Result<FoundDocument> {
    Ok(FoundDocument {
        id: row.int(0)?,
        kind: row.parse(1)?,
        subject_id: row.int(2)?,
        customer_id: CustomerId(row.int(3)?),
        at: Timestamp(row.int(4)?),
    })
}

/// A workspace's documents.
struct Extent {
    /// The workspace's number.
    number: i64,
    /// The ids are `first..=last`.
    first: i64,
    last: i64,
}

/// Ids of what matches, newest first.
async fn matches(executor: &Executor, request: &SearchRequest, extent: &Extent) -> Result<Vec<i64>> {
    let is_sqlite = executor.postgres_client().is_none();
    let mut scopes = Vec::new();
    let every_kind = request.kinds.is_empty() || SearchKind::ALL.iter().all(|kind| request.kinds.contains(kind));
    // On SQLite a workspace is a range of the lists; PostgreSQL would fetch what other workspaces have as well.
    if !(is_sqlite && every_kind) {
        let kinds = if every_kind { &SearchKind::ALL[..] } else { &request.kinds };
        scopes.push(kinds.iter().map(|kind| terms::kind_token(*kind, extent.number)).collect());
    }
    if !request.identities.is_empty() {
        scopes.push(request.identities.iter().map(|id| terms::identity_token(*id)).collect());
    }
    let before = request.before.min(extent.last + 1);
    if is_sqlite {
        let query = terms::sqlite_match(&request.query, &scopes);
        let params = params![&query, before, extent.first, i64::from(request.limit)];
        return executor.query(MATCHES, &params, |row| row.int(0)).await;
    }
    postgres_matches(executor, request, extent, scopes, before).await
}

async fn postgres_matches(
    executor: &Executor,
    request: &SearchRequest,
    extent: &Extent,
    mut scopes: Vec<Vec<String>>,
    mut before: i64,
) -> Result<Vec<i64>> {
    let limit = i64::from(request.limit);
    let everything = terms::postgres_match(&request.query, &scopes);
    let mut found: Vec<i64> = Vec::new();
    // What came through few identities is a short list already.
    let mut sizes = Vec::new();
    if request.identities.is_empty() {
        let params = params![before, extent.first, limit * LOOK_THROUGH, &everything, limit];
        found = executor.query(NEWEST_MATCHES, &params, |row| row.int(0)).await?;
        if found.len() as i64 == limit {
            return Ok(found);
        }
        // Asked once more from the start: how far the look went is not known.
        found.clear();
        sizes.extend(BLOCKS.into_iter().filter(|size| *size == BLOCKS[1] || request.query.has_phrase()));
    }
    for size in sizes {
        let block = (before - 1) >> size;
        if before <= extent.first || (block - 1) << size <= extent.first {
            break;
        }
        // Two of them: the newest one may have just begun.
        scopes.push([block, block - 1].iter().map(|block| terms::block_token(size, *block)).collect());
        let query = terms::postgres_match(&request.query, &scopes);
        scopes.pop();
        let from = (block - 1) << size;
        let params = params![&query, before, from, limit - found.len() as i64];
        found.extend(executor.query(MATCHES, &params, |row| row.int(0)).await?);
        before = from;
        if found.len() as i64 == limit {
            return Ok(found);
        }
    }
    let params = params![&everything, before, extent.first, limit - found.len() as i64];
    found.extend(executor.query(MATCHES, &params, |row| row.int(0)).await?);
    Ok(found)
}

impl Store {
    /// What matches, newest first. Ends with [`crate::StoreError::Unavailable`] after [`SEARCH_LIMIT`], and when too many
    /// searches wait already.
    pub async fn search(&self, request: SearchRequest) -> Result<Vec<FoundDocument>> {
        self.read_bounded(request, |executor, request| {
            async move {
                let workspace = request.workspace_id.0;
                let extent = |row: &Row<'_>| {
                    let number = row.int(0)?;
                    Ok(Extent { number, first: number * RANGE, last: row.int(1)? })
                };
                let Some(extent) = executor.query_opt(PLACE, &params![workspace], extent).await? else {
                    return Ok(Vec::new());
                };
                let ids = matches(executor, request, &extent).await?;
                let rows: Vec<[Value<'_>; 2]> = ids.iter().map(|id| params![workspace, *id]).collect();
                let mut found = executor.batch(FOUND, &rows, read_found).await?;
                found.sort_by_key(|document| std::cmp::Reverse(document.id));
                Ok(found)
            }
            .boxed()
        })
        .await
    }
}
