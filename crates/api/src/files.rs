//! Files in, and what is known of them. Their bytes go out in [`crate::file_bytes`].

use crate::{
    extract::{Authenticated, IdempotencyHeader, Path, Query, idempotency_key},
    problem::{Checked, Common, Contradicts, Guarded, Missing, Problem, WithFile},
};
use axum::{
    Json, RequestExt,
    extract::{FromRequest, Multipart, Request, State},
    http::{HeaderMap, StatusCode, header},
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use model::{FileId, file::File};
use serde::Deserialize;
use service::{Caller, ServiceError, Services, files, files::NewUpload};
use std::time::Duration;
use tokio::time::timeout;
use utoipa::{IntoParams, ToSchema};

/// How long an upload may stand still. It has no other limit of time: lines are slow.
const STANDSTILL: Duration = Duration::from_secs(30);
/// Room in the body for what a form writes around the file.
const FORM_BYTES: u64 = 64 * 1024;

/// The most bytes of an upload's body that are read: once more what a file may have, so that a browser hears why it is too
/// large.
pub(crate) fn body_limit(services: &Services) -> usize {
    usize::try_from(services.max_upload_bytes() * 2 + FORM_BYTES).unwrap_or(usize::MAX)
}

/// A form with a file.
#[derive(ToSchema)]
#[expect(dead_code, reason = "read part by part, described here")]
pub(crate) struct FileForm {
    /// The file, with its name. Other parts are ignored.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// The bytes of a file.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "read as it comes, described here")]
pub(crate) struct RawFile(Vec<u8>);

/// What a file that is sent without a form is called.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RawName {
    /// The file's name, when it is sent without a form.
    #[param(nullable = false)]
    name: Option<String>,
}

/// Takes a file, to be used in the blocks of a message.
///
/// Either a form with a part named `file`, or the bytes alone with their type in `Content-Type`. What the file is, is found
/// in its bytes. A file that becomes part of no message goes after 24 hours. The largest size is a setting of the server
/// (`max_upload_mb`).
#[utoipa::path(
    post, path = "/files", tag = "Files", params(RawName, IdempotencyHeader),
    request_body(content((FileForm = "multipart/form-data"), (RawFile = "application/octet-stream"))),
    responses(
        (status = 201, description = "It is kept.", body = File),
        Guarded, Contradicts, Checked, WithFile, Common,
    )
)]
pub(crate) async fn create_file(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Query(RawName { name }): Query<RawName>,
    request: Request,
) -> Result<(StatusCode, Json<File>), Problem> {
    let claimed_type = content_type(request.headers());
    let new = NewUpload {
        name: name.unwrap_or_default(),
        idempotency_key: idempotency_key(request.headers())?,
        claimed_type: claimed_type.clone(),
    };
    let file = match claimed_type.as_deref().and_then(|kind| kind.split(';').next()).map(str::trim) {
        Some("multipart/form-data") => take_form(&services, &caller, new, request).await?,
        Some("application/x-www-form-urlencoded") => {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "send multipart/form-data, or the file's bytes with its own type",
            ));
        }
        _ => {
            let bytes = unhurried(request.with_limited_body().into_body().into_data_stream());
            files::create_file(&services, &caller, new, bytes).await?
        }
    };
    Ok((StatusCode::CREATED, Json(file)))
}

fn content_type(headers: &HeaderMap) -> Option<String> {
    headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).map(str::to_ascii_lowercase)
}

async fn take_form(services: &Services, caller: &Caller, new: NewUpload, request: Request) -> Result<File, Problem> {
    let broken = || Problem::malformed("the form could not be read to its end");
    let mut form =
        Multipart::from_request(request, &()).await.map_err(|_| Problem::malformed("the form names no boundary"))?;
    loop {
        let part = timeout(STANDSTILL, form.next_field()).await.map_err(|_| broken())?.map_err(|_| broken())?;
        let Some(part) = part else {
            return Err(Problem::invalid_field("file", "is missing; send the file as the part of this name"));
        };
        if part.name() == Some("file") {
            let name = part.file_name().map_or(new.name, str::to_owned);
            let new = NewUpload { name, claimed_type: part.content_type().map(str::to_owned), ..new };
            return Ok(files::create_file(services, caller, new, unhurried(part)).await?);
        }
    }
}

/// Bytes as they come, without waiting for ever for the next.
fn unhurried<E: Send>(
    bytes: impl Stream<Item = Result<Bytes, E>> + Send + Unpin,
) -> impl Stream<Item = Result<Bytes, ServiceError>> + Send + Unpin {
    Box::pin(stream::unfold(Some(bytes), async |bytes| {
        let mut bytes = bytes?;
        match timeout(STANDSTILL, bytes.next()).await {
            Ok(None) => None,
            Ok(Some(Ok(chunk))) => Some((Ok(chunk), Some(bytes))),
            Ok(Some(Err(_))) => Some((Err(ServiceError::invalid("file", "could not be read to its end")), None)),
            Err(_) => Some((Err(ServiceError::invalid("file", "nothing more came of it for a while")), None)),
        }
    }))
}

/// Shows what is known of a file, with a fresh address of its bytes.
#[utoipa::path(
    get, path = "/files/{id}", tag = "Files",
    params(("id" = FileId, Path, description = "The file's id.")),
    responses((status = 200, description = "The file.", body = File), Guarded, Missing, Common)
)]
pub(crate) async fn get_file(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<FileId>,
) -> Result<Json<File>, Problem> {
    Ok(Json(files::get_file(&services, &caller, id).await?))
}

/// Tries once more to copy a customer's file from its provider.
///
/// Only where the provider did not answer (`unreachable`), and for some days; otherwise it is a conflict.
#[utoipa::path(
    post, path = "/files/{id}/retry", tag = "Files",
    params(("id" = FileId, Path, description = "The file's id.")),
    responses((status = 200, description = "It is being copied.", body = File), Guarded, Missing, Contradicts, Common)
)]
pub(crate) async fn retry_file(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<FileId>,
) -> Result<Json<File>, Problem> {
    Ok(Json(files::retry_file(&services, &caller, id).await?))
}
