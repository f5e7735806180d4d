//! Notes of colleagues.

use crate::{
    extract::{Authenticated, Creating, IdempotencyHeader, Path},
    problem::{Checked, Common, Contradicts, Guarded, Missing, Problem, WithBody},
};
use axum::{Json, extract::State, http::StatusCode};
use model::{AgentId, EpisodeId, ThreadId, entry::Entry};
use serde::Deserialize;
use service::{
    Services,
    notes::{self, WriteNote},
};
use utoipa::ToSchema;

/// A note to write.
// Has no `Debug`: nothing may print what is said.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewNote {
    /// The words. The customer never sees them.
    #[schema(min_length = 1, max_length = 10000)]
    text: String,
    /// About which episode of the thread; about the customer when it is absent.
    episode_id: Option<EpisodeId>,
    /// The colleagues whom it calls.
    #[serde(default)]
    #[schema(max_items = 20)]
    mentions: Vec<AgentId>,
}

/// Writes a note on a thread.
#[utoipa::path(
    post, path = "/threads/{id}/notes", tag = "Threads", request_body = NewNote,
    params(("id" = ThreadId, Path, description = "The thread's id."), IdempotencyHeader),
    responses(
        (status = 201, description = "The entry that shows it.", body = Entry),
        Guarded, Missing, Contradicts, Checked, WithBody, Common,
    )
)]
pub(crate) async fn write_note(
    State(services): State<Services>,
    Authenticated(caller): Authenticated,
    Path(id): Path<ThreadId>,
    Creating { body, key, .. }: Creating<NewNote>,
) -> Result<(StatusCode, Json<Entry>), Problem> {
    let note = WriteNote { text: body.text, episode_id: body.episode_id, mentions: body.mentions };
    Ok((StatusCode::CREATED, Json(notes::write_note(&services, &caller, id, note, key).await?)))
}
