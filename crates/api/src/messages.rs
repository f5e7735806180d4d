//! Writing to customers.

use crate::{
    extract::{Authenticated, Creating, IdempotencyHeader, Path},
    problem::{Checked, Common, Contradicts, Guarded, Missing, Problem, WithBody},
};
use axum::{Json, extract::State, http::StatusCode};
use model::{Block, IdentityId, MessageId, ThreadId, entry::Entry};
use serde::Deserialize;
use service::{Services, messages, messages::SendMessage};
use utoipa::ToSchema;

/// A message to send.
// Has no `Debug`: nothing may print what is said.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewMessage {
    /// What to say.
    #[schema(min_items = 1, max_items = 20)]
    blocks: Vec<Block>,
    /// Over which identity of the customer; the one through which they last wrote when it is absent.
    identity_id: Option<IdentityId>,
}

/// Sends a message to the thread's customer.
///
/// The message is durable when the answer comes, and waits to be sent; the live socket tells what becomes of it. A
/// conflict's code says why it may not be sent: `window_closed`, `blocked`, `account_disabled`.
#[utoipa::path(
    post, path = "/threads/{id}/messages", tag = "Messages", request_body = NewMessage,
    params(
        ("id" = ThreadId, Path, description = "The thread's id."),
        IdempotencyHeader,
    ),
    responses(
        (status = 201, description = "It will be sent.", body = Entry),
        Guarded, Missing, Contradicts, Checked, WithBody, Common,
    )
)]
pub(crate) async fn send_message(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(thread): Path<ThreadId>,
    Creating { body, key }: Creating<NewMessage>,
) -> Result<(StatusCode, Json<Entry>), Problem> {
    let message = SendMessage { blocks: body.blocks, identity_id: body.identity_id };
    let entry = messages::send_message(&services, &caller, thread, message, key).await?;
    Ok((StatusCode::CREATED, Json(entry)))
}

/// Shows a message with its delivery.
#[utoipa::path(
    get, path = "/messages/{id}", tag = "Messages",
    params(("id" = MessageId, Path, description = "The message's id.")),
    responses((status = 200, description = "The entry that shows it.", body = Entry), Guarded, Missing, Common)
)]
pub(crate) async fn get_message(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<MessageId>,
) -> Result<Json<Entry>, Problem> {
    Ok(Json(messages::get_message(&services, &caller, id).await?))
}

/// Sends a failed or uncertain message once more.
///
/// Any other is a conflict, and so is one that cannot go out now: the code says why (`window_closed`, `blocked`,
/// `account_disabled`).
#[utoipa::path(
    post, path = "/messages/{id}/retry", tag = "Messages",
    params(("id" = MessageId, Path, description = "The message's id.")),
    responses(
        (status = 200, description = "It will be sent once more.", body = Entry),
        Guarded, Missing, Contradicts, Common,
    )
)]
pub(crate) async fn retry_message(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<MessageId>,
) -> Result<Json<Entry>, Problem> {
    Ok(Json(messages::retry_message(&services, &caller, id).await?))
}
