//! Writing to customers.

use crate::{
    extract::{Authenticated, Body, Creating, IdempotencyHeader, OptionalBody, Path},
    problem::{Checked, Common, Contradicts, Guarded, Missing, Problem, WithBody},
};
use axum::{Json, extract::State, http::StatusCode};
use model::{Block, EpisodeId, IdentityId, MessageId, ThreadId, Timestamp, entry::Entry, episode::ReplyKind};
use serde::{Deserialize, Serialize};
use service::{
    Services,
    channel_accounts::IdempotencyKey,
    episodes, messages,
    messages::{SendLater, SendMessage},
    resend, scheduled,
};
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
    /// To which episode of the thread it belongs; the one that was active last, or a new one, when it is absent.
    episode_id: Option<EpisodeId>,
    /// Which message of the thread it answers.
    reply_to_id: Option<MessageId>,
    /// What it is worth to whoever waits; `substantive` (it answers or asks) when it is absent.
    reply_kind: Option<ReplyKind>,
    /// When it shall go, within the next 90 days; now when it is absent.
    send_at: Option<Timestamp>,
    /// Whether a message of the customer before `send_at` calls it off; true when it is absent.
    cancel_on_reply: Option<bool>,
    /// An id of the client's own, told back on the entry: 1 to 64 visible ASCII characters. Without an `Idempotency-Key` the same
    /// id with the same body makes one message.
    #[schema(min_length = 1, max_length = 64)]
    client_id: Option<String>,
}

/// What an act of sending made.
#[derive(Serialize, ToSchema)]
pub(crate) struct SentMessage {
    /// The message; the first of several when there are `more`.
    #[serde(flatten)]
    entry: Entry,
    /// The messages that follow it, in order, when the channel carries what was written only as several: each has a delivery
    /// of its own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    more: Vec<Entry>,
}

/// Sends a message to the thread's customer.
///
/// What the channel cannot carry in one message (a text and a picture, for example) becomes several, in order, made together;
/// `more` holds those after the first. A file that the channel does not take is refused, with the reason.
///
/// The message is durable when the answer comes, and waits to be sent; the live socket tells what becomes of it. One with
/// `send_at` waits for its time, and holds back nothing that is written after it. A conflict's code says why it may not be
/// sent: `window_closed` (`alternatives` may name other ways), `blocked`, `suppressed`, `account_disabled`.
#[utoipa::path(
    post, path = "/threads/{id}/messages", tag = "Messages", request_body = NewMessage,
    params(
        ("id" = ThreadId, Path, description = "The thread's id."),
        IdempotencyHeader,
    ),
    responses(
        (status = 201, description = "It will be sent.", body = SentMessage),
        Guarded, Missing, Contradicts, Checked, WithBody, Common,
    )
)]
pub(crate) async fn send_message(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(thread): Path<ThreadId>,
    Creating { body, key, request_hash }: Creating<NewMessage>,
) -> Result<(StatusCode, Json<SentMessage>), Problem> {
    let message = SendMessage {
        blocks: body.blocks,
        identity_id: body.identity_id,
        episode_id: body.episode_id,
        reply_to_id: body.reply_to_id,
        reply_kind: body.reply_kind.unwrap_or(ReplyKind::Substantive),
        later: body.send_at.map(|at| SendLater { at, cancel_on_reply: body.cancel_on_reply.unwrap_or(true) }),
        client_id: body.client_id,
    };
    // No header can hold a space: a client's id never meets somebody's key.
    let own = message.client_id.as_ref().map(|id| IdempotencyKey { key: format!("client {id}"), request_hash });
    let sent = messages::send_message(&services, &caller, thread, message, key.or(own)).await?;
    Ok((StatusCode::CREATED, Json(SentMessage { entry: sent.entry, more: sent.more })))
}

/// Where a message belongs.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MoveMessage {
    /// The episode; it must be of the customer whose message it is.
    episode_id: EpisodeId,
}

/// Moves a message to another episode of its customer. What was waited for is counted anew in both.
#[utoipa::path(
    post, path = "/messages/{id}/move", tag = "Messages", request_body = MoveMessage,
    params(("id" = MessageId, Path, description = "The message's id.")),
    responses(
        (status = 200, description = "The entry that shows it.", body = Entry),
        Guarded, Missing, Contradicts, Checked, WithBody, Common,
    )
)]
pub(crate) async fn move_message(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<MessageId>,
    Body(body): Body<MoveMessage>,
) -> Result<Json<Entry>, Problem> {
    Ok(Json(episodes::move_message(&services, &caller, id, body.episode_id).await?))
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

/// How to send a message once more.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RetryMessage {
    /// Through which identity of the customer; its own when it is absent.
    #[serde(default)]
    identity_id: Option<IdentityId>,
}

/// Sends a failed or uncertain message once more.
///
/// Through another identity it is a new message, which the answer shows; it names the failed one in `resent_from`. Any other is a
/// conflict (`already_resent`: another message took its place), and so is one that cannot go out now: the code says why
/// (`window_closed`, `blocked`, `suppressed`, `account_disabled`).
#[utoipa::path(
    post, path = "/messages/{id}/retry", tag = "Messages", request_body = Option<RetryMessage>,
    params(("id" = MessageId, Path, description = "The message's id.")),
    responses(
        (status = 200, description = "It will be sent once more.", body = Entry),
        Guarded, Missing, Contradicts, Checked, WithBody, Common,
    )
)]
pub(crate) async fn retry_message(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<MessageId>,
    OptionalBody(body): OptionalBody<RetryMessage>,
) -> Result<Json<Entry>, Problem> {
    Ok(Json(resend::retry_message(&services, &caller, id, body.identity_id).await?))
}

/// What changes of a message that waits for its time; what is absent stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MessageChange {
    /// Another time, within the next 90 days; one that has come sends it now.
    send_at: Option<Timestamp>,
    /// Other words.
    #[schema(min_items = 1, max_items = 20)]
    blocks: Option<Vec<Block>>,
}

/// Changes a message that waits for its time (`send_at`); any other is a conflict.
#[utoipa::path(
    patch, path = "/messages/{id}", tag = "Messages", request_body = MessageChange,
    params(("id" = MessageId, Path, description = "The message's id.")),
    responses(
        (status = 200, description = "The entry that shows it.", body = Entry),
        Guarded, Missing, Contradicts, Checked, WithBody, Common,
    )
)]
pub(crate) async fn change_message(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<MessageId>,
    Body(body): Body<MessageChange>,
) -> Result<Json<Entry>, Problem> {
    Ok(Json(scheduled::change_message(&services, &caller, id, body.send_at, body.blocks).await?))
}

/// Calls back a message that has not left: one that waits for its time, its turn or its account. Any other is a conflict.
#[utoipa::path(
    post, path = "/messages/{id}/cancel", tag = "Messages",
    params(("id" = MessageId, Path, description = "The message's id.")),
    responses(
        (status = 200, description = "It is not sent.", body = Entry),
        Guarded, Missing, Contradicts, Common,
    )
)]
pub(crate) async fn cancel_message(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<MessageId>,
) -> Result<Json<Entry>, Problem> {
    Ok(Json(scheduled::cancel_message(&services, &caller, id).await?))
}
