//! Turning stored events into entries: one worker per lane, woken on commit, sweeping for what a crash left behind.

use crate::{ServiceError, Services, callbacks::storable};
use channel::{Content, Fact, Inbound};
use model::{
    Block, CustomerId, EntryId, EpisodeId, FileId, IdentityId, JobId, MessageId, RouteId, ThreadId, Timestamp,
    attribution::is_acknowledgement, file::clean_name, message::Chosen,
};
use std::time::Duration;
use store::{Applied, EventFact, NewContent, NewMedia, ReadEvent, StoreError, WaitingEvent};
use tokio_util::sync::CancellationToken;

/// Events of one transaction: enough to share its cost, few enough that it holds the writer for milliseconds.
const BATCH: u32 = 128;
/// The pause after the store failed.
const PAUSE: Duration = Duration::from_secs(1);

/// 2001-09-09: before any provider's messages. Earlier times are a missing one, or seconds in place of milliseconds.
const EARLIEST: i64 = 1_000_000_000_000;
/// How far a provider's clock may be ahead of ours, in milliseconds (10 min).
const AHEAD_MILLIS: i64 = 600_000;

/// Runs until `stop`.
pub(crate) async fn work(services: Services, lane: i64, stop: CancellationToken) {
    let sweep = Duration::from_millis(services.0.config.sweep_millis);
    let Some(wake) = usize::try_from(lane).ok().and_then(|lane| services.0.inbound_wake.get(lane)) else { return };
    loop {
        // Interest is registered before the look, so that nothing stored in between is slept through.
        let woken = wake.notified();
        let pause = match drain(&services, lane, &stop).await {
            Ok(()) => sweep,
            Err(error) => {
                tracing::error!(%error, lane, "stored events could not be turned into entries; trying again");
                PAUSE
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = woken => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Turns what waits, until nothing does.
async fn drain(services: &Services, lane: i64, stop: &CancellationToken) -> Result<(), ServiceError> {
    while !stop.is_cancelled() {
        let waiting = services.store().list_waiting_events(lane, BATCH).await?;
        let last_page = waiting.len() < BATCH as usize;
        if waiting.is_empty() {
            return Ok(());
        }
        let read = waiting.into_iter().map(|event| read(services, event)).collect::<Result<Vec<_>, _>>()?;
        match services.store().apply_inbound_events(lane, read.clone()).await {
            Ok(applied) => wake_jobs(services, applied),
            // One event that the database refuses must not hold up those behind it.
            Err(StoreError::Internal(_)) => apply_one_by_one(services, lane, read).await?,
            Err(error) => return Err(error.into()),
        }
        if last_page {
            return Ok(());
        }
    }
    Ok(())
}

fn wake_jobs(services: &Services, applied: Applied) {
    if applied.queued {
        services.0.job_wake.notify_one();
    }
}

async fn apply_one_by_one(services: &Services, lane: i64, events: Vec<ReadEvent>) -> Result<(), ServiceError> {
    for event in events {
        let (workspace_id, id) = (event.event.workspace_id, event.event.id);
        match services.store().apply_inbound_events(lane, vec![event]).await {
            Ok(applied) => wake_jobs(services, applied),
            Err(StoreError::Internal(error)) => {
                tracing::error!(%error, event.id = %id, "a stored event could not be turned into an entry; set aside");
                let why = "it could not be turned into an entry";
                services.store().set_aside_event(workspace_id, id, why, services.now()).await?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Says what a stored event means and gives it the ids of what it may bring into being.
fn read(services: &Services, event: WaitingEvent) -> Result<ReadEvent, ServiceError> {
    let channel = services
        .0
        .channels
        .find(&event.kind)
        .ok_or_else(|| ServiceError::Internal(format!("this build has no channel {}", event.kind)))?;
    let Inbound { sender, at, opens_window_millis, standby, fact } = channel.interpret(&event.payload);
    let at = plausible(at, event.received_at);
    let store = services.store();
    Ok(ReadEvent {
        sender: sender.map(storable),
        at,
        window_until: opens_window_millis.map(|millis| at.plus_millis(millis)),
        standby,
        fact: meaning(services, fact)?,
        new_person: (
            CustomerId(store.new_id()?),
            ThreadId(store.new_id()?),
            IdentityId(store.new_id()?),
            RouteId(store.new_id()?),
        ),
        new_episode: EpisodeId(store.new_id()?),
        profile_job: JobId(store.new_id()?),
        event,
    })
}

/// A channel's fact in the store's terms, with ids for what it may bring.
fn meaning(services: &Services, fact: Fact) -> Result<EventFact, ServiceError> {
    let store = services.store();
    let entry_id = || store.new_id().map(EntryId);
    Ok(match fact {
        Fact::Message { external_id, content, choice, referral: _ } => {
            EventFact::Message { external_id: storable(external_id), content: new_content(services, content, choice)? }
        }
        Fact::Echo { external_id, message_id, content, author } => EventFact::Echo {
            external_id: storable(external_id),
            message_id,
            content: new_content(services, content, None)?,
            author_kind: author.kind,
            author_name: storable(author.name),
        },
        Fact::Delivered { external_ids, watermark } => {
            EventFact::Delivered { external_ids: external_ids.into_iter().map(storable).collect(), watermark }
        }
        Fact::Read { watermark } => EventFact::Read { watermark },
        Fact::Reaction { external_id, emoji } => EventFact::Reaction {
            external_id: storable(external_id),
            emoji: emoji.map(storable),
            entry_id: entry_id()?,
        },
        Fact::Edited { external_id, text, number } => EventFact::Edited {
            external_id: storable(external_id),
            text: storable(text),
            number,
            entry_id: entry_id()?,
        },
        Fact::Happened { what, details } => EventFact::Happened {
            entry_id: entry_id()?,
            what: what.as_str().to_owned(),
            details: storable(serde_json::Value::Object(details).to_string()),
        },
        Fact::NotShown { what } => EventFact::Kept { entry_id: entry_id()?, what },
    })
}

fn new_content(services: &Services, mut content: Content, choice: Option<Chosen>) -> Result<NewContent, ServiceError> {
    let media = name_media(services, &mut content)?;
    let Content { blocks, not_shown, reply_to, .. } = content;
    let texts: Vec<&str> = blocks
        .iter()
        .filter_map(|block| match block {
            Block::Text { text } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    // A picture or a pick says more than thanks.
    let only_text = texts.len() == blocks.len() && not_shown.is_empty() && choice.is_none();
    let acknowledgement = only_text && is_acknowledgement(&texts.join(" "));
    Ok(NewContent {
        message_id: MessageId(services.store().new_id()?),
        blocks,
        not_shown,
        reply_to: reply_to.map(storable),
        choice,
        media,
        acknowledgement,
    })
}

/// Gives the files of a message their ids, and the jobs that copy them.
fn name_media(services: &Services, content: &mut Content) -> Result<Vec<NewMedia>, ServiceError> {
    let store = services.store();
    let mut named = Vec::with_capacity(content.media.len());
    for (place, remote) in std::mem::take(&mut content.media).into_iter().enumerate() {
        let kind =
            content.blocks.iter().find(|block| block.media().is_some_and(|media| media.file_id.0 == place as i64));
        let name = remote.name.as_deref().or(kind.map(Block::kind)).unwrap_or("image");
        named.push(NewMedia {
            id: FileId(store.new_id()?),
            job_id: JobId(store.new_id()?),
            name: clean_name(name),
            source_url: remote.url,
        });
    }
    content.name_files(&named.iter().map(|file| file.id).collect::<Vec<_>>());
    Ok(named)
}

/// The provider's time, unless it gave none or one that cannot be: then when it reached us.
fn plausible(at: Timestamp, received_at: Timestamp) -> Timestamp {
    if (EARLIEST..=received_at.0.saturating_add(AHEAD_MILLIS)).contains(&at.0) { at } else { received_at }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_cannot_be_is_when_it_reached_us() {
        let received = Timestamp(1_790_000_000_000);
        for (told, meant) in [
            (1_789_999_999_000, 1_789_999_999_000),
            (1_790_000_300_000, 1_790_000_300_000),
            (0, received.0),
            (1_790_000_000, received.0),
            (1_890_000_000_000, received.0),
            (i64::MAX, received.0),
        ] {
            assert_eq!(plausible(Timestamp(told), received), Timestamp(meant));
        }
    }
}
