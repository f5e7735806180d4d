//! Where providers call. The body is handed on as the bytes that came, since its signature is over them.

use crate::problem::Problem;
use axum::{
    body::Bytes,
    extract::rejection::{BytesRejection, QueryRejection},
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use channel::Handshake;
use service::{
    Services,
    callbacks::{self, Received},
};

/// Answers a provider's check of the address: the challenge, exactly as it came, as plain text.
pub(crate) async fn answer_handshake(
    State(services): State<Services>,
    Path((kind, key)): Path<(String, String)>,
    query: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(query) = query.map_err(|_| Problem::malformed("the query cannot be read"))?;
    match callbacks::answer_handshake(&services, &kind, &key, &query).await? {
        Some(Handshake::Accept(text)) => {
            Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response())
        }
        Some(Handshake::Refuse) => Err(Problem::forbidden("the verify token is not the one of this address")),
        None => Err(Problem::not_found()),
    }
}

/// Takes a callback. 200 says that everything in it is durable; 503 asks the provider to send it again.
pub(crate) async fn receive_callback(
    State(services): State<Services>,
    Path((kind, key)): Path<(String, String)>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<StatusCode, Problem> {
    match callbacks::receive_callback(&services, &kind, &key, &headers, body?).await? {
        Received::Stored { new, known } => {
            tracing::debug!(channel = kind, new, known, "callback stored");
            Ok(StatusCode::OK)
        }
        Received::UnknownAddress => Err(Problem::not_found()),
        Received::BadSignature => Err(Problem::unauthenticated("the signature is missing or wrong")),
    }
}
