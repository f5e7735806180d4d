//! What changes messages that are there: receipts, signs, new words.

use super::{EventFact, ReadEvent, persons::Person};
use crate::{
    Store,
    deliveries::mark_sent,
    engine::{Executor, params, queries},
    error::{Result, StoreError},
};
use model::{
    Block, MessageId, RouteId,
    log::LogKind,
    message::{AuthorKind, Reaction},
};

queries! {
    DELIVERED_BY_ID = Same("SELECT id FROM message WHERE workspace_id = $1 AND channel_account_id = $2 AND external_id = $3 AND direction = 'outbound' AND delivery_state IN ('queued', 'sending', 'sent', 'failed', 'uncertain')");
    MARK_DELIVERED = Same("UPDATE message SET delivery_state = 'delivered', failure_reason = NULL, failure_code = NULL, failure_detail = NULL WHERE workspace_id = $1 AND id = $2 AND delivery_state IN ('queued', 'sending', 'sent', 'failed', 'uncertain')");
    RECEIPT_UP_TO = Same("UPDATE message SET delivery_state = $1 WHERE route_id = $2 AND sent_at <= $3 AND delivery_state IN ('sent', 'delivered') AND delivery_state <> $1 RETURNING id");
    FIND_REACTIONS = Same("SELECT id, reactions FROM message WHERE workspace_id = $1 AND channel_account_id = $2 AND external_id = $3");
    SET_REACTIONS = Same("UPDATE message SET reactions = $1 WHERE workspace_id = $2 AND id = $3");
    /// Locks the message, so that a file of it that arrives just now is not written over.
    LOCK_WORDS = Same("UPDATE message SET blocks = blocks WHERE workspace_id = $1 AND channel_account_id = $2 AND external_id = $3 AND direction = 'inbound' RETURNING id, blocks, edits");
    SET_WORDS = Same("UPDATE message SET blocks = $1, edits = $2, edited_at = $3 WHERE workspace_id = $4 AND id = $5");
}

/// Folds a receipt into the messages that it covers.
pub(super) async fn apply_receipt(
    store: &Store,
    executor: &Executor,
    event: &ReadEvent,
    person: &Person,
    route: RouteId,
) -> Result<()> {
    let workspace_id = event.event.workspace_id;
    let now = event.event.received_at;
    let place = person.place(workspace_id);
    let (watermark, state, kind) = match &event.fact {
        EventFact::Delivered { external_ids, watermark } => {
            for external_id in external_ids {
                let params = params![workspace_id.0, event.event.channel_account_id.0, external_id];
                let found = executor.query_opt(DELIVERED_BY_ID, &params, |row| Ok(MessageId(row.int(0)?))).await?;
                let Some(id) = found else { continue };
                // A receipt proves that the provider has it: whatever was in doubt ends here.
                mark_sent(store, executor, workspace_id, id, external_id, now).await?;
                if executor.execute(MARK_DELIVERED, &params![workspace_id.0, id.0]).await? == 1 {
                    executor.log(place.record(LogKind::MessageDelivered, id, now));
                }
            }
            (*watermark, "delivered", LogKind::MessageDelivered)
        }
        EventFact::Read { watermark } => (Some(*watermark), "read", LogKind::MessageRead),
        _ => return Ok(()),
    };
    let Some(watermark) = watermark else { return Ok(()) };
    let covered =
        executor.query(RECEIPT_UP_TO, &params![state, route.0, watermark], |row| Ok(MessageId(row.int(0)?))).await?;
    for id in covered {
        executor.log(place.record(kind, id, now));
    }
    Ok(())
}

/// Sets the customer's sign on a message, or takes it back. False when the message is not known.
pub(super) async fn react(executor: &Executor, event: &ReadEvent, person: &Person) -> Result<bool> {
    let EventFact::Reaction { external_id, emoji, .. } = &event.fact else { return Ok(true) };
    let workspace_id = event.event.workspace_id;
    let params = params![workspace_id.0, event.event.channel_account_id.0, external_id];
    let found = executor
        .query_opt(FIND_REACTIONS, &params, |row| Ok((MessageId(row.int(0)?), row.json::<Vec<Reaction>>(1)?)))
        .await?;
    let Some((id, before)) = found else { return Ok(false) };
    // One sign of each side: another takes its place.
    let mut reactions: Vec<Reaction> =
        before.iter().filter(|reaction| reaction.from != AuthorKind::Customer).cloned().collect();
    reactions.extend(emoji.iter().map(|emoji| Reaction { emoji: emoji.clone(), from: AuthorKind::Customer }));
    if reactions != before {
        let text = to_json(&reactions)?;
        executor.execute(SET_REACTIONS, &params![&text, workspace_id.0, id.0]).await?;
        executor.log(person.place(workspace_id).record(LogKind::MessageReaction, id, event.event.received_at));
    }
    Ok(true)
}

/// Changes the customer's words to what they are now. False when the message is not known.
pub(super) async fn edit(executor: &Executor, event: &ReadEvent, person: &Person) -> Result<bool> {
    let EventFact::Edited { external_id, text, number, .. } = &event.fact else { return Ok(true) };
    let workspace_id = event.event.workspace_id;
    let params = params![workspace_id.0, event.event.channel_account_id.0, external_id];
    let found = executor
        .query_opt(LOCK_WORDS, &params, |row| Ok((MessageId(row.int(0)?), row.json::<Vec<Block>>(1)?, row.int(2)?)))
        .await?;
    let Some((id, before, edits)) = found else { return Ok(false) };
    // An older change that comes late changes nothing. A provider that does not count tells them in order.
    let number = if *number == 0 { edits + 1 } else { *number };
    if number <= edits {
        return Ok(true);
    }
    let words = (!text.is_empty()).then(|| Block::text(text));
    let rest = before.into_iter().filter(|block| !matches!(block, Block::Text { .. }));
    let blocks = to_json(&words.into_iter().chain(rest).collect::<Vec<_>>())?;
    executor.execute(SET_WORDS, &params![&blocks, number, event.at, workspace_id.0, id.0]).await?;
    executor.log(person.place(workspace_id).record(LogKind::MessageEdited, id, event.event.received_at));
    Ok(true)
}

fn to_json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| StoreError::Internal(error.to_string()))
}
