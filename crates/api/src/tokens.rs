//! The tokens of programs. They are made on the server's command line.

use crate::{
    extract::{Authenticated, Paging, Path, Query},
    problem::{Checked, Common, Guarded, Missing, Problem},
};
use axum::{Json, extract::State, http::StatusCode};
use model::{TokenId, agent::Token, entry::Page};
use service::{Services, auth};

/// Lists the tokens that work, newest first; the tokens themselves are never told again.
#[utoipa::path(
    get, path = "/tokens", tag = "People", params(Paging),
    responses((status = 200, description = "A page of them.", body = Page<Token>), Guarded, Checked, Common)
)]
pub(crate) async fn list_tokens(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Query(paging): Query<Paging>,
) -> Result<Json<Page<Token>>, Problem> {
    Ok(Json(auth::list_tokens(&services, &caller, paging.limit.0, paging.cursor.as_deref()).await?))
}

/// Ends a token: from now on it is refused, and its live sockets close.
#[utoipa::path(
    delete, path = "/tokens/{id}", tag = "People",
    params(("id" = TokenId, Path, description = "The token's id.")),
    responses((status = 204, description = "It is over."), Guarded, Missing, Common)
)]
pub(crate) async fn revoke_token(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<TokenId>,
) -> Result<StatusCode, Problem> {
    auth::revoke_token(&services, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
