//! Finding messages, notes and customers by words.

use crate::{Caller, ServiceError, Services, paging, threads};
use model::{
    CustomerId, MessageId, NoteId, Permission, ThreadId,
    block::searchable_text,
    customer::Customer,
    entry::{Entry, EntryBody, Page},
    fold::{Query, QueryError},
    search::{SearchHit, SearchKind},
};
use std::collections::{BTreeSet, HashMap};
use store::{FoundDocument, SearchRequest};

/// What somebody looks for.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// The words as they were typed.
    pub words: String,
    /// One kind; `None`: all.
    pub kind: Option<SearchKind>,
    /// What one thread shows; `None`: everywhere.
    pub thread_id: Option<ThreadId>,
    /// The most hits of a page.
    pub limit: u32,
    /// Where an earlier page ended.
    pub cursor: Option<String>,
}

/// Finds what holds all the words, newest first. A page may hold fewer hits than the limit though another follows: what was
/// changed since it was indexed and does not match any more is left out.
///
/// # Errors
/// Invalid words, limit or cursor; not found: the thread; unavailable: it took too long, or too many search.
pub async fn search(services: &Services, caller: &Caller, search: Search) -> Result<Page<SearchHit>, ServiceError> {
    caller.require(Permission::ReadThreads)?;
    let limit = paging::limit(search.limit)?;
    let [before] = paging::place(search.cursor.as_deref())?.unwrap_or([i64::MAX]);
    let query = parse(&search.words)?;
    let mut identities = Vec::new();
    if let Some(id) = search.thread_id {
        let thread = threads::get_thread(services, caller, id).await?;
        identities.extend(thread.customer.identities.iter().map(|identity| identity.id));
        if identities.is_empty() {
            // Nothing came through it; no identity would mean everywhere.
            return Ok(Page { items: Vec::new(), next_cursor: None });
        }
    }
    let request = SearchRequest {
        workspace_id: caller.workspace_id,
        query: query.clone(),
        kinds: search.kind.into_iter().collect(),
        identities,
        before,
        limit: limit + 1,
    };
    let found = services.store().search(request).await?;
    let page = paging::page(found, limit, |document| [document.id]);
    let items = complete(services, caller, &query, &page.items).await?;
    Ok(Page { items, next_cursor: page.next_cursor })
}

fn parse(words: &str) -> Result<Query, ServiceError> {
    Query::parse(words).map_err(|error: QueryError| ServiceError::invalid("q", error.to_string()))
}

/// The customers whose names, addresses or values hold all the words, those who came last first. A page may hold fewer than
/// the limit though another follows.
pub(crate) async fn find_customers(
    services: &Services,
    caller: &Caller,
    words: &str,
    limit: u32,
    cursor: Option<&str>,
) -> Result<Page<Customer>, ServiceError> {
    let limit = paging::limit(limit)?;
    let [before] = paging::place(cursor)?.unwrap_or([i64::MAX]);
    let request = SearchRequest {
        workspace_id: caller.workspace_id,
        query: parse(words)?,
        kinds: vec![SearchKind::Customer],
        identities: Vec::new(),
        before,
        limit: limit + 1,
    };
    let query = request.query.clone();
    let found = services.store().search(request).await?;
    let page = paging::page(found, limit, |document| [document.id]);
    let hits = complete(services, caller, &query, &page.items).await?;
    Ok(Page { items: hits.into_iter().map(|hit| hit.customer).collect(), next_cursor: page.next_cursor })
}

/// Adds customers, entries and snippets, in a fixed number of queries.
async fn complete(
    services: &Services,
    caller: &Caller,
    query: &Query,
    found: &[FoundDocument],
) -> Result<Vec<SearchHit>, ServiceError> {
    let (store, workspace) = (services.store(), caller.workspace_id);
    let customers: BTreeSet<CustomerId> = found.iter().map(|document| document.customer_id).collect();
    let (people, shown): (Vec<_>, Vec<_>) = found.iter().partition(|document| document.kind == SearchKind::Customer);
    let people = people.iter().map(|document| (document.kind, document.subject_id)).collect();
    let (customers, entries, sources) = tokio::try_join!(
        store.list_customers_by_id(workspace, customers.into_iter().collect()),
        store.list_entries_by_id(workspace, shown.iter().map(|document| document.subject_id).collect()),
        store.list_search_sources(workspace, people),
    )?;
    let customers: HashMap<CustomerId, Customer> =
        customers.into_iter().map(|customer| (customer.id, customer)).collect();
    let mut texts: HashMap<i64, String> = sources.into_iter().map(|source| (source.subject.1, source.text)).collect();
    let mut entries: HashMap<String, Entry> = entries.into_iter().map(|entry| (entry.id.clone(), entry)).collect();
    let hit = |document: &FoundDocument| {
        let customer = customers.get(&document.customer_id)?;
        let (text, entry) = match document.kind {
            SearchKind::Customer => (texts.remove(&document.subject_id)?, None),
            SearchKind::Message => {
                let entry = entries.remove(&MessageId(document.subject_id).to_string())?;
                let EntryBody::Message(message) = &entry.body else { return None };
                (searchable_text(&message.blocks), Some(entry))
            }
            SearchKind::Note => {
                let entry = entries.remove(&NoteId(document.subject_id).to_string())?;
                let EntryBody::Note(note) = &entry.body else { return None };
                (note.text.clone(), Some(entry))
            }
        };
        let snippet = query.snippet(&text)?;
        Some(SearchHit {
            kind: document.kind,
            thread_id: customer.thread_id,
            customer: customer.clone(),
            entry,
            snippet,
        })
    };
    Ok(found.iter().filter_map(hit).collect())
}
