//! Reading threads and their entries.

use crate::{
    extract::{Authenticated, Paging, Path, Query},
    problem::{Checked, Common, Guarded, Missing, Problem},
};
use axum::{Json, extract::State};
use model::{
    ThreadId,
    entry::{Entry, Page},
    thread::Thread,
};
use service::{Services, threads};

/// Lists the threads, newest activity first.
#[utoipa::path(
    get, path = "/threads", tag = "Threads", params(Paging),
    responses((status = 200, description = "A page of them.", body = Page<Thread>), Guarded, Checked, Common)
)]
pub(crate) async fn list_threads(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<Thread>>, Problem> {
    Ok(Json(threads::list_threads(&services, &caller, paging.limit.0, paging.cursor.as_deref()).await?))
}

/// Shows a thread.
#[utoipa::path(
    get, path = "/threads/{id}", tag = "Threads",
    params(("id" = ThreadId, Path, description = "The thread's id.")),
    responses((status = 200, description = "The thread.", body = Thread), Guarded, Missing, Common)
)]
pub(crate) async fn get_thread(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<ThreadId>,
) -> Result<Json<Thread>, Problem> {
    Ok(Json(threads::get_thread(&services, &caller, id).await?))
}

/// Lists a thread's entries, newest first.
#[utoipa::path(
    get, path = "/threads/{id}/entries", tag = "Threads",
    params(("id" = ThreadId, Path, description = "The thread's id."), Paging),
    responses((status = 200, description = "A page of them.", body = Page<Entry>), Guarded, Missing, Checked, Common)
)]
pub(crate) async fn list_entries(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<ThreadId>,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<Entry>>, Problem> {
    Ok(Json(threads::list_entries(&services, &caller, id, paging.limit.0, paging.cursor.as_deref()).await?))
}
