//! What providers call: proven, split, durable, then 200.

use crate::{ServiceError, Services, channel_accounts::opened};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use channel::{Account, Channel, Handshake, SplitEvent};
use http::HeaderMap;
use model::{ChannelAccountId, InboundEventId, Timestamp, WorkspaceId, operation::InboundState};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};
use store::{LANES, NewInboundEvent, SetAsideEvent};

/// How long an opened endpoint is believed, in milliseconds: another process may have changed it.
const ENDPOINT_MILLIS: i64 = 10_000;
/// The last good callback of an account is remembered to this precision, in milliseconds.
const TOUCH_MILLIS: i64 = 60_000;

/// Stands before a body that is no text, in base64.
const IN_BASE64: &str = "base64:";

/// What became of a callback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// Every event is durable (now, or from an earlier delivery of the same). Answer 200.
    Stored {
        /// Events that were new.
        new: usize,
        /// Events that were known.
        known: usize,
    },
    /// No such callback address. Answer 404.
    UnknownAddress,
    /// The signature is missing or wrong. Answer 401; nothing was kept.
    BadSignature,
}

/// A callback address with its accounts opened.
pub(crate) struct Endpoint {
    workspace_id: WorkspaceId,
    kind: String,
    accounts: Vec<EndpointAccount>,
    loaded_at: Timestamp,
}

struct EndpointAccount {
    account: Account,
    address: String,
    last_callback_at: AtomicI64,
}

/// Opened endpoints. Opening costs a read and decryption, which the hot path must not pay each time.
#[derive(Default)]
pub(crate) struct Endpoints {
    known: Mutex<HashMap<String, Arc<Endpoint>>>,
    /// Rises whenever something changed, so that a load under way does not put back what is old.
    version: AtomicU64,
}

impl Endpoints {
    /// Forgets all, after a change.
    pub(crate) fn forget(&self) {
        self.version.fetch_add(1, Ordering::SeqCst);
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    async fn find(&self, services: &Services, key: &str) -> Result<Option<Arc<Endpoint>>, ServiceError> {
        let now = services.now();
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned();
        if let Some(endpoint) = known.filter(|endpoint| now.millis_since(endpoint.loaded_at) < ENDPOINT_MILLIS) {
            return Ok(Some(endpoint));
        }
        let version = self.version.load(Ordering::SeqCst);
        let Some(found) = services.store().find_callback_endpoint(key).await? else { return Ok(None) };
        let endpoint = Arc::new(Endpoint {
            workspace_id: found.workspace_id,
            kind: found.kind,
            loaded_at: now,
            accounts: found
                .accounts
                .into_iter()
                .map(|behind| EndpointAccount {
                    last_callback_at: AtomicI64::new(behind.row.account.last_callback_at.map_or(0, |at| at.0)),
                    account: opened(&behind.row),
                    address: behind.address,
                })
                .collect(),
        });
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if self.version.load(Ordering::SeqCst) == version {
            known.insert(key.to_owned(), Arc::clone(&endpoint));
        }
        Ok(Some(endpoint))
    }
}

/// Answers a provider's check of the callback address; `None` when there is no such address.
///
/// # Errors
/// When the store cannot be reached.
pub async fn answer_handshake(
    services: &Services,
    kind: &str,
    key: &str,
    query: &[(String, String)],
) -> Result<Option<Handshake>, ServiceError> {
    let Some((endpoint, channel)) = find(services, kind, key).await? else { return Ok(None) };
    // Accounts of one app share the address; each may have been set up with a verify token of its own.
    let answers = endpoint.accounts.iter().map(|behind| channel.handshake(&behind.account, query));
    Ok(Some(answers.into_iter().find(|answer| *answer != Handshake::Refuse).unwrap_or(Handshake::Refuse)))
}

async fn find<'s>(
    services: &'s Services,
    kind: &str,
    key: &str,
) -> Result<Option<(Arc<Endpoint>, &'s Arc<dyn Channel>)>, ServiceError> {
    let Some(channel) = services.0.channels.find(kind) else { return Ok(None) };
    let endpoint = services.0.endpoints.find(services, key).await?;
    Ok(endpoint.filter(|endpoint| endpoint.kind == kind).map(|endpoint| (endpoint, channel)))
}

/// Takes a callback. Returns only after everything in it is durable.
///
/// # Errors
/// When the store cannot take it: nothing may be acknowledged, the provider calls again.
pub async fn receive_callback(
    services: &Services,
    kind: &str,
    key: &str,
    headers: &HeaderMap,
    body: Bytes,
) -> Result<Received, ServiceError> {
    let Some((endpoint, channel)) = find(services, kind, key).await? else {
        return Ok(Received::UnknownAddress);
    };
    if !endpoint.accounts.iter().any(|behind| channel.verify(&behind.account, headers, &body)) {
        return Ok(Received::BadSignature);
    }
    let now = services.now();
    let events = match channel.split(&body) {
        Ok(events) => events
            .into_iter()
            .map(|event| stored(services, &endpoint, key, event, now))
            .collect::<Result<Vec<_>, _>>()?,
        Err(error) => vec![undecodable(services, &endpoint, key, &body, error.reason, now)?],
    };
    let count = events.len();
    let mut lanes: Vec<i64> = events.iter().map(|event| event.lane).collect();
    let mut called: Vec<ChannelAccountId> = events.iter().filter_map(|event| event.channel_account_id).collect();
    let new = services.store().store_inbound_events(events).await?;
    metrics::counter!("inbound_events_total").increment(new as u64);
    if new > 0 {
        lanes.sort_unstable();
        lanes.dedup();
        for lane in lanes {
            services.wake_lane(lane);
        }
    }
    called.sort_unstable();
    called.dedup();
    for id in called {
        touch(services, &endpoint, id, now).await?;
    }
    Ok(Received::Stored { new, known: count - new })
}

/// Splits a kept body once more, by the decoder of today.
///
/// # Errors
/// Conflict when it still cannot be read, or its callback address is gone.
pub(crate) async fn split_again(
    services: &Services,
    event: &SetAsideEvent,
) -> Result<Vec<NewInboundEvent>, ServiceError> {
    let conflict = |message: String| ServiceError::Conflict { code: "still_unreadable", message };
    let gone = || conflict("the callback address that this came to is gone".to_owned());
    let key = &event.callback_key;
    let endpoint = services.0.endpoints.find(services, key).await?.ok_or_else(gone)?;
    let channel = services.0.channels.find(&endpoint.kind).ok_or_else(gone)?;
    let body = kept_body(&event.payload);
    let events =
        channel.split(&body).map_err(|error| conflict(format!("this still cannot be read: {}", error.reason)))?;
    events.into_iter().map(|split| stored(services, &endpoint, key, split, event.received_at)).collect()
}

/// Remembers that the provider calls, now and then; the desk hears of the first time.
async fn touch(
    services: &Services,
    endpoint: &Endpoint,
    id: ChannelAccountId,
    now: Timestamp,
) -> Result<(), ServiceError> {
    let Some(behind) = endpoint.accounts.iter().find(|behind| behind.account.id == id) else { return Ok(()) };
    let last = behind.last_callback_at.load(Ordering::Relaxed);
    if now.0 - last < TOUCH_MILLIS
        || behind.last_callback_at.compare_exchange(last, now.0, Ordering::Relaxed, Ordering::Relaxed).is_err()
    {
        return Ok(());
    }
    Ok(services.store().touch_channel_account(endpoint.workspace_id, id, last == 0, now).await?)
}

/// Events of one person share a lane. FNV-1a, so that every process and every version gives the same lane.
fn lane(address: &str, person: &str) -> i64 {
    let bytes = address.bytes().chain([0]).chain(person.bytes());
    let hash =
        bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    ((hash >> 32) % LANES as u64) as i64
}

/// U+0000 cannot be stored as text. JSON writes it as an escape, so only a broken name or payload holds one.
pub(crate) fn storable(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

fn stored(
    services: &Services,
    endpoint: &Endpoint,
    key: &str,
    event: SplitEvent,
    now: Timestamp,
) -> Result<NewInboundEvent, ServiceError> {
    let account = endpoint.accounts.iter().find(|behind| behind.address == event.address);
    Ok(NewInboundEvent {
        id: InboundEventId(services.store().new_id()?),
        workspace_id: endpoint.workspace_id,
        callback_key: key.to_owned(),
        channel_account_id: account.map(|behind| behind.account.id),
        lane: lane(&event.address, &event.person),
        state: if account.is_some() { InboundState::Stored } else { InboundState::Unroutable },
        error: account.is_none().then(|| "for an account that is not connected here".to_owned()),
        address: storable(event.address),
        event_key: storable(event.key),
        payload: storable(event.payload),
        received_at: now,
    })
}

/// The bytes of a body that was kept whole.
fn kept_body(payload: &str) -> Bytes {
    let decoded = payload.strip_prefix(IN_BASE64).and_then(|text| STANDARD.decode(text).ok());
    decoded.map_or_else(|| Bytes::copy_from_slice(payload.as_bytes()), Bytes::from)
}

fn undecodable(
    services: &Services,
    endpoint: &Endpoint,
    key: &str,
    body: &Bytes,
    reason: String,
    now: Timestamp,
) -> Result<NewInboundEvent, ServiceError> {
    let payload = match std::str::from_utf8(body) {
        Ok(text) if !text.contains('\0') => text.to_owned(),
        _ => format!("{IN_BASE64}{}", STANDARD.encode(body)),
    };
    Ok(NewInboundEvent {
        id: InboundEventId(services.store().new_id()?),
        workspace_id: endpoint.workspace_id,
        callback_key: key.to_owned(),
        channel_account_id: None,
        address: String::new(),
        event_key: format!("body:{}", crate::secret::hash_bytes(body)),
        lane: 0,
        payload,
        state: InboundState::Undecodable,
        error: Some(reason),
        received_at: now,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_body_is_given_back_byte_for_byte() {
        assert_eq!(kept_body("{\"a\":1}"), "{\"a\":1}");
        assert_eq!(kept_body(&format!("{IN_BASE64}{}", STANDARD.encode([0, 255]))), [0, 255].as_slice());
        assert_eq!(kept_body("base64:no base64!"), "base64:no base64!", "text that only begins so");
    }
}
