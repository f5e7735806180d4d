//! Webhooks: other programs are told what happens, each along its own cursor of the log.
//!
//! [`work`] follows the log for every webhook that is switched on; [`calls`] makes the one HTTP call; [`signature`] signs it in
//! the format of Standard Webhooks. Here is what people do with them.

mod calls;
mod signature;
mod worker;

pub(crate) use worker::work;

use crate::{
    Caller, FieldFault, ServiceError, Services,
    channel_accounts::{IdempotencyKey, key_reused},
    paging,
};
use channel::http::{AllowList, GuardedClient, Limits};
use model::{
    Cursor, Permission, WebhookDeliveryId, WebhookId,
    entry::Page,
    log::LogKind,
    webhook::{self, OVERLAP_MILLIS, TEST_KIND, Webhook, WebhookDelivery, WebhookOutcome},
};
use std::time::Duration;
use store::{Created, NewWebhook as NewRow, ReplayedEvent, WebhookBegin, WebhookRow, WebhookUpdate};
use tokio::sync::{Semaphore, watch};

/// Webhooks that a workspace may have.
const MOST: u32 = 50;
/// The most kinds that one may name.
const MOST_KINDS: usize = 100;
/// The most characters of an address.
const MOST_URL_CHARS: usize = 2_000;
/// Calls of this process at the same time.
const CALLS_AT_ONCE: usize = 128;
/// Events that one command has sent again.
const REPLAY_SLICE: u32 = 500;

/// What webhooks share in a process.
pub(crate) struct Webhooks {
    http: GuardedClient,
    slots: Semaphore,
    /// Counts what people changed, so that the workers look again.
    changes: watch::Sender<u64>,
}

impl Webhooks {
    pub(crate) fn new(allow: AllowList) -> Result<Self, ServiceError> {
        let total = Duration::from_secs(15);
        let limits = Limits { connect: Duration::from_secs(5), total, upload: total, max_answer_bytes: 512 };
        let http = GuardedClient::new(limits, allow).map_err(|error| ServiceError::Internal(error.to_string()))?;
        Ok(Self { http, slots: Semaphore::new(CALLS_AT_ONCE), changes: watch::Sender::new(0) })
    }

    fn tell_changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }
}

/// A webhook to make.
#[derive(Debug, Clone)]
pub struct NewWebhook {
    /// What the team calls it.
    pub name: String,
    /// Where the events go.
    pub url: String,
    /// The kinds or families that it wants; empty: all.
    pub kinds: Vec<String>,
    /// Whether it is told anything.
    pub enabled: bool,
    /// Where it begins in the log; `None`: now.
    pub from_cursor: Option<Cursor>,
}

/// What changes of a webhook; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct WebhookChange {
    /// A new name.
    pub name: Option<String>,
    /// Another address.
    pub url: Option<String>,
    /// Other kinds.
    pub kinds: Option<Vec<String>>,
    /// Whether it is told anything.
    pub enabled: Option<bool>,
    /// Where it begins when it is switched on; `None`: now.
    pub from_cursor: Option<Cursor>,
}

/// A webhook with its secret, which is told when it was made and never again.
// Has no `Debug`: nothing may print its secret.
#[derive(Clone)]
pub struct RevealedWebhook {
    /// The webhook.
    pub webhook: Webhook,
    /// `whsec_` and base64.
    pub secret: String,
}

/// What is to be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replay {
    /// Everything after a place of the log, in order.
    From(Cursor),
    /// The event of one try.
    Delivery(WebhookDeliveryId),
    /// Every event that was given up.
    Failed,
}

fn check(services: &Services, name: &str, url: &str, kinds: &[String]) -> Vec<FieldFault> {
    let mut faults = Vec::new();
    let mut fault = |field: &str, message: String| faults.push(FieldFault { field: field.to_owned(), message });
    if !(1..=200).contains(&name.chars().count()) || name.contains('\0') {
        fault("name", "give 1 to 200 characters".into());
    }
    let authority = url.split_once("://").map_or("", |(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or(""));
    if url.chars().count() > MOST_URL_CHARS {
        fault("url", format!("give at most {MOST_URL_CHARS} characters"));
    } else if url.contains(|letter: char| letter.is_control() || letter.is_whitespace() || letter == '#') {
        fault("url", "give an address without spaces and without #".into());
    } else if authority.contains('@') {
        fault("url", "leave name and password out of the address; check the signature instead".into());
    } else if let Err(message) = services.0.webhooks.http.check(url) {
        fault("url", message);
    }
    if kinds.len() > MOST_KINDS {
        fault(
            "kinds",
            format!("give at most {MOST_KINDS} kinds; a family such as message.* stands for all of its own"),
        );
    } else if let Some(unknown) = webhook::find_unknown(kinds) {
        let known: Vec<&str> = LogKind::ALL.iter().map(|kind| kind.as_str()).collect();
        fault(
            "kinds",
            format!("{unknown:?} is not known; known are {}, and families such as message.*", known.join(", ")),
        );
    }
    faults
}

/// The kinds in their own order, each once.
fn tidy(mut kinds: Vec<String>) -> Vec<String> {
    kinds.sort();
    kinds.dedup();
    kinds
}

fn valid(faults: Vec<FieldFault>) -> Result<(), ServiceError> {
    if faults.is_empty() { Ok(()) } else { Err(ServiceError::Invalid(faults)) }
}

/// Refuses places that the log does not have.
async fn check_cursor(
    services: &Services,
    caller: &Caller,
    cursor: Option<Cursor>,
) -> Result<Vec<FieldFault>, ServiceError> {
    let Some(cursor) = cursor else { return Ok(Vec::new()) };
    let head = services.store().get_log_head(caller.workspace_id).await?;
    if cursor.shard == head.shard && cursor.seq <= head.seq {
        return Ok(Vec::new());
    }
    let message = "this cursor is beyond the log's end; give one of an event or a frame of this installation";
    Ok(vec![FieldFault { field: "from_cursor".into(), message: message.into() }])
}

fn changed_meanwhile() -> ServiceError {
    ServiceError::Conflict {
        code: "conflict",
        message: "somebody changed this webhook at the same time; look at it and try again".into(),
    }
}

async fn get_row(services: &Services, caller: &Caller, id: WebhookId) -> Result<WebhookRow, ServiceError> {
    caller.require(Permission::ManageChannels)?;
    services.store().find_webhook(caller.workspace_id, id).await?.ok_or(ServiceError::NotFound)
}

/// The kinds that a webhook can ask for.
///
/// # Errors
/// Forbidden without the right.
pub fn list_kinds(caller: &Caller) -> Result<Vec<LogKind>, ServiceError> {
    caller.require(Permission::ManageChannels)?;
    Ok(LogKind::ALL.to_vec())
}

/// The webhooks, oldest first.
///
/// # Errors
/// Forbidden without the right; invalid limit or cursor.
pub async fn list_webhooks(
    services: &Services,
    caller: &Caller,
    limit: u32,
    cursor: Option<&str>,
) -> Result<Page<Webhook>, ServiceError> {
    caller.require(Permission::ManageChannels)?;
    let limit = paging::limit(limit)?;
    let [after] = paging::place(cursor)?.unwrap_or([0]);
    let found = services.store().list_webhooks(caller.workspace_id, WebhookId(after), limit + 1).await?;
    Ok(paging::page(found, limit, |webhook| [webhook.id.0]))
}

/// One webhook.
///
/// # Errors
/// Forbidden without the right; not found.
pub async fn get_webhook(services: &Services, caller: &Caller, id: WebhookId) -> Result<Webhook, ServiceError> {
    Ok(get_row(services, caller, id).await?.webhook)
}

/// Makes a webhook and its secret.
///
/// # Errors
/// Invalid with every fault at once; conflict when there are as many as may be.
pub async fn create_webhook(
    services: &Services,
    caller: &Caller,
    new: NewWebhook,
    key: Option<IdempotencyKey>,
) -> Result<RevealedWebhook, ServiceError> {
    caller.require(Permission::ManageChannels)?;
    let (name, url) = (new.name.trim().to_owned(), new.url.trim().to_owned());
    let mut faults = check(services, &name, &url, &new.kinds);
    faults.extend(check_cursor(services, caller, new.from_cursor).await?);
    valid(faults)?;
    let row = NewRow {
        id: WebhookId(services.store().new_id()?),
        workspace_id: caller.workspace_id,
        name,
        url,
        kinds: tidy(new.kinds),
        enabled: new.enabled,
        secret: signature::generate_secret()?,
        from: new.from_cursor,
        most: MOST,
        idempotency: key.map(|key| key.of(caller)),
        actor_id: caller.actor_id(),
        now: services.now(),
    };
    let created = services.store().create_webhook(row).await?.ok_or_else(|| ServiceError::Conflict {
        code: "conflict",
        message: format!("there are {MOST} webhooks already; remove one first"),
    })?;
    services.0.webhooks.tell_changed();
    match created {
        // Told again to the one who asked for the same: the answer to the first may have been lost.
        Created::New(id) | Created::Before(id) => {
            let row = get_row(services, caller, id).await?;
            Ok(RevealedWebhook { webhook: row.webhook, secret: row.secret })
        }
        Created::KeyReused => Err(key_reused()),
    }
}

/// Changes a webhook, and tries at once what waits for its next try.
///
/// # Errors
/// Invalid with every fault at once; conflict when somebody else changed it at the same time.
pub async fn update_webhook(
    services: &Services,
    caller: &Caller,
    id: WebhookId,
    change: WebhookChange,
) -> Result<Webhook, ServiceError> {
    let WebhookRow { webhook: before, version, .. } = get_row(services, caller, id).await?;
    let name = change.name.map_or(before.name, |name| name.trim().to_owned());
    let url = change.url.map_or(before.url, |url| url.trim().to_owned());
    let kinds = change.kinds.map_or(before.kinds, tidy);
    let enabled = change.enabled.unwrap_or(before.enabled);
    let switched_on = enabled && !before.enabled;
    let mut faults = check(services, &name, &url, &kinds);
    faults.extend(check_cursor(services, caller, change.from_cursor).await?);
    if change.from_cursor.is_some() && !switched_on {
        let message = "this is for switching on; a webhook that is on is sent back by replay".to_owned();
        faults.push(FieldFault { field: "from_cursor".into(), message });
    }
    valid(faults)?;
    let update = WebhookUpdate {
        id,
        workspace_id: caller.workspace_id,
        version,
        name,
        url,
        kinds,
        enabled,
        begins: switched_on.then(|| change.from_cursor.map_or(WebhookBegin::Now, WebhookBegin::After)),
        actor_id: caller.actor_id(),
        now: services.now(),
    };
    if !services.store().update_webhook(update).await? {
        return Err(changed_meanwhile());
    }
    services.0.webhooks.tell_changed();
    get_webhook(services, caller, id).await
}

/// Removes a webhook.
///
/// # Errors
/// Forbidden without the right; not found.
pub async fn delete_webhook(services: &Services, caller: &Caller, id: WebhookId) -> Result<(), ServiceError> {
    caller.require(Permission::ManageChannels)?;
    let deleted = services.store().delete_webhook(caller.workspace_id, id, &caller.actor_id(), services.now()).await?;
    services.0.webhooks.tell_changed();
    if deleted { Ok(()) } else { Err(ServiceError::NotFound) }
}

/// Gives a webhook another secret; for a day the one before signs as well.
///
/// # Errors
/// Forbidden without the right; not found; conflict when somebody else changed it at the same time.
pub async fn rotate_secret(
    services: &Services,
    caller: &Caller,
    id: WebhookId,
) -> Result<RevealedWebhook, ServiceError> {
    let WebhookRow { version, .. } = get_row(services, caller, id).await?;
    let (secret, now) = (signature::generate_secret()?, services.now());
    let until = now.plus_millis(OVERLAP_MILLIS);
    let of = (caller.workspace_id, id, version);
    if !services.store().rotate_webhook_secret(of, &secret, until, &caller.actor_id(), now).await? {
        return Err(changed_meanwhile());
    }
    services.0.webhooks.tell_changed();
    Ok(RevealedWebhook { webhook: get_webhook(services, caller, id).await?, secret })
}

/// Sends an event of type `webhook.test` now, once, whether or not the webhook is on, and tells what came of it.
///
/// # Errors
/// Forbidden without the right; not found.
pub async fn test_webhook(
    services: &Services,
    caller: &Caller,
    id: WebhookId,
) -> Result<WebhookDelivery, ServiceError> {
    let row = get_row(services, caller, id).await?;
    let store = services.store();
    let head = store.get_log_head(caller.workspace_id).await?;
    let event_id = webhook::event_id(caller.workspace_id, store.new_id()?);
    let at = services.now();
    let body = calls::body(&event_id, TEST_KIND, at, head, &serde_json::json!({ "webhook_id": id }))?;
    let tried = calls::post(services, &row.webhook.url, &[row.secret], &event_id, body).await?;
    let delivery = WebhookDelivery {
        id: WebhookDeliveryId(store.new_id()?),
        event_id,
        kind: TEST_KIND.to_owned(),
        cursor: None,
        attempt: 1,
        at,
        duration_ms: tried.duration_millis,
        outcome: if tried.error.is_none() { WebhookOutcome::Delivered } else { WebhookOutcome::Failed },
        status: tried.status,
        error: tried.error,
        detail: tried.detail,
    };
    store.record_webhook_test(caller.workspace_id, id, delivery.clone()).await?;
    Ok(delivery)
}

/// The tries, newest first; only those that did not arrive, when `failed`.
///
/// # Errors
/// Forbidden without the right; not found; invalid limit or cursor.
pub async fn list_deliveries(
    services: &Services,
    caller: &Caller,
    id: WebhookId,
    failed: bool,
    limit: u32,
    cursor: Option<&str>,
) -> Result<Page<WebhookDelivery>, ServiceError> {
    get_row(services, caller, id).await?;
    let limit = paging::limit(limit)?;
    let [before] = paging::place(cursor)?.unwrap_or([i64::MAX]);
    let store = services.store();
    let before = WebhookDeliveryId(before);
    let found = store.list_webhook_deliveries(caller.workspace_id, id, failed, before, limit + 1).await?;
    Ok(paging::page(found, limit, |delivery| [delivery.id.0]))
}

/// Has events sent again, under the ids that they had.
///
/// # Errors
/// Forbidden without the right; not found; conflict while the webhook is off; invalid when there is nothing of the kind.
pub async fn replay(
    services: &Services,
    caller: &Caller,
    id: WebhookId,
    what: Option<Replay>,
) -> Result<Webhook, ServiceError> {
    let row = get_row(services, caller, id).await?;
    let Some(what) = what else {
        let message = "give one of from_cursor, delivery_id and failed: true";
        return Err(ServiceError::invalid("from_cursor", message));
    };
    if !row.webhook.enabled {
        let message = "this webhook is off; switch it on first".to_owned();
        return Err(ServiceError::Conflict { code: "conflict", message });
    }
    let (store, now) = (services.store(), services.now());
    match what {
        Replay::From(cursor) => {
            valid(check_cursor(services, caller, Some(cursor)).await?)?;
            if cursor.seq > row.webhook.cursor.seq {
                return Err(ServiceError::invalid(
                    "from_cursor",
                    "the webhook has not come that far; give an earlier place",
                ));
            }
            store.rewind_webhook(caller.workspace_id, id, cursor, &caller.actor_id(), now).await?;
        }
        Replay::Delivery(delivery) => match store.find_webhook_event(caller.workspace_id, id, delivery).await? {
            Some(ReplayedEvent::Record(cursor)) => {
                store.replay_webhook_event(caller.workspace_id, id, cursor, now).await?;
            }
            Some(ReplayedEvent::Test) => {
                return Err(ServiceError::invalid("delivery_id", "this was a test; send another test instead"));
            }
            None => return Err(ServiceError::invalid("delivery_id", "there is no such delivery of this webhook")),
        },
        Replay::Failed => {
            let slice = || store.replay_failed_webhook_events(caller.workspace_id, id, now, REPLAY_SLICE);
            while slice().await? == u64::from(REPLAY_SLICE) {
                tokio::task::yield_now().await;
            }
        }
    }
    services.0.webhooks.tell_changed();
    get_webhook(services, caller, id).await
}
