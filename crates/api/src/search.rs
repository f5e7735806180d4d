//! Finding by words.

use crate::{
    extract::{Authenticated, Limit, Query},
    problem::{Checked, Common, Guarded, Missing, Problem},
};
use axum::{Json, extract::State};
use model::{
    ThreadId,
    entry::Page,
    search::{SearchHit, SearchKind},
};
use serde::Deserialize;
use service::{
    Services,
    search::{self, Search},
};
use utoipa::{IntoParams, ToSchema};

/// What to look for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SearchQuery {
    /// The words, at most 16. Each must be there, the last one as the beginning of a word; words in double quotes stand
    /// together. Case and the marks of Latin letters do not matter; codes and numbers are found by their parts. Signs mean
    /// nothing.
    #[serde(default)]
    #[param(required = true, min_length = 1, max_length = 200, example = "parcel a-1001")]
    q: String,
    /// One kind alone; without it all.
    #[param(inline)]
    kind: Option<Kind>,
    /// What one thread shows, and no customers; without it everywhere.
    thread_id: Option<ThreadId>,
    /// How many items at most.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 50)]
    limit: Limit,
    /// Where the page begins: the `next_cursor` of the page before it.
    #[param(max_length = 512)]
    cursor: Option<String>,
}

/// What is looked for.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Messages,
    Notes,
    Customers,
}

impl From<Kind> for SearchKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Messages => Self::Message,
            Kind::Notes => Self::Note,
            Kind::Customers => Self::Customer,
        }
    }
}

/// Finds messages, notes and customers by words, newest first.
///
/// What is written is findable a moment later. A page may hold fewer hits than the limit though another follows: go on while
/// there is a `next_cursor`. A search that takes longer than two seconds is ended and answered with 503; more words help.
#[utoipa::path(
    get, path = "/search", tag = "Search", params(SearchQuery),
    responses((status = 200, description = "A page of hits.", body = Page<SearchHit>), Guarded, Missing, Checked, Common)
)]
pub(crate) async fn search(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Query(query): Query<SearchQuery>,
) -> Result<Json<Page<SearchHit>>, Problem> {
    let SearchQuery { q, kind, thread_id, limit, cursor } = query;
    let wanted = Search { words: q, kind: kind.map(SearchKind::from), thread_id, limit: limit.0, cursor };
    Ok(Json(search::search(&services, &caller, wanted).await?))
}
