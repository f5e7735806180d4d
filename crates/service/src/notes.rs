//! What colleagues write to each other on a thread. It never leaves the house.

use crate::{
    Caller, ServiceError, Services,
    channel_accounts::{IdempotencyKey, key_reused},
    episodes::check_agents,
    messages::author,
};
use model::{AgentId, EpisodeId, NoteId, Permission, ThreadId, block::is_blank, entry::Entry};
use store::{Created, NewNote};

/// The most characters (Unicode scalar values) of a note.
pub const MAX_NOTE_CHARS: usize = 10_000;
/// The most colleagues whom one note calls.
pub const MAX_MENTIONS: usize = 20;

/// A note to write.
#[derive(Debug, Clone)]
pub struct WriteNote {
    /// The words.
    pub text: String,
    /// About which matter of the thread; `None`: about the customer.
    pub episode_id: Option<EpisodeId>,
    /// The colleagues whom it calls.
    pub mentions: Vec<AgentId>,
}

/// Writes a note on a thread.
///
/// # Errors
/// Not found; invalid words, episode or people; a key that was used for something else.
pub async fn write_note(
    services: &Services,
    caller: &Caller,
    thread: ThreadId,
    note: WriteNote,
    key: Option<IdempotencyKey>,
) -> Result<Entry, ServiceError> {
    caller.require(Permission::SendMessages)?;
    let length = note.text.chars().count();
    if is_blank(&note.text) || length > MAX_NOTE_CHARS || note.text.contains('\0') {
        return Err(ServiceError::invalid("text", format!("give 1 to {MAX_NOTE_CHARS} characters")));
    }
    let mut mentions = note.mentions;
    mentions.sort_unstable();
    mentions.dedup();
    if mentions.len() > MAX_MENTIONS {
        return Err(ServiceError::invalid("mentions", format!("a note calls at most {MAX_MENTIONS} people")));
    }
    check_agents(services, caller, "mentions", &mentions).await?;
    let store = services.store();
    let new = NewNote {
        id: NoteId(store.new_id()?),
        workspace_id: caller.workspace_id,
        thread_id: thread,
        episode_id: note.episode_id,
        author: author(caller),
        text: note.text,
        mentions,
        idempotency: key.map(|key| key.of(caller)),
        now: services.now(),
    };
    let id = match store.create_note(new).await? {
        Some(Created::New(id) | Created::Before(id)) => id,
        Some(Created::KeyReused) => return Err(key_reused()),
        None if store.find_thread(caller.workspace_id, thread).await?.is_none() => return Err(ServiceError::NotFound),
        None => return Err(ServiceError::invalid("episode_id", "this thread has no such episode")),
    };
    store.list_entries_by_id(caller.workspace_id, vec![id.0]).await?.pop().ok_or(ServiceError::NotFound)
}
