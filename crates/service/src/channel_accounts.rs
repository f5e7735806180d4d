//! Connecting, changing and testing channel accounts.

use crate::{Caller, FieldFault, ServiceError, Services, paging, secret};
use channel::{Account, Channel, Secret, TestReport};
use model::{
    ChannelAccountId, Permission, Timestamp,
    channel_account::{ChannelAccount, ChannelKind},
    entry::Page,
};
use serde_json::{Map, Value};
use std::{collections::BTreeMap, sync::Arc};
use store::{ChannelAccountRow, ChannelAccountUpdate, Created, Idempotency, NewChannelAccountRow};

/// The secret by which a provider proves the set-up of a callback address; made by us when the person gives none.
const VERIFY_TOKEN: &str = "verify_token";
/// The setting that says where a channel's calls, and the credentials with them, go.
const API_BASE: &str = "api_base";

/// A channel account to connect.
#[derive(Debug, Clone)]
pub struct NewChannelAccount {
    /// The channel.
    pub kind: String,
    /// What the team calls it.
    pub name: String,
    /// In the provider's words.
    pub settings: Map<String, Value>,
    /// In the provider's words.
    pub secrets: BTreeMap<String, Secret>,
}

/// What changes of a channel account; settings and secrets are merged by key, null removes one.
#[derive(Debug, Clone, Default)]
pub struct ChannelAccountChange {
    /// A new name.
    pub name: Option<String>,
    /// Whether it sends.
    pub enabled: Option<bool>,
    /// Settings to set or remove.
    pub settings: Map<String, Value>,
    /// Secrets to set or remove.
    pub secrets: BTreeMap<String, Option<Secret>>,
}

/// A connected account; `verify_token` only when we made it.
#[derive(Debug, Clone)]
pub struct CreatedChannelAccount {
    /// The account.
    pub account: ChannelAccount,
    /// To be pasted at the provider; told only here.
    pub verify_token: Option<String>,
}

/// A caller's key that makes a repeated creation harmless, with the hash of what was asked.
#[derive(Debug, Clone)]
pub struct IdempotencyKey {
    /// As the caller wrote it, 1–255 visible ASCII characters.
    pub key: String,
    /// SHA-256 of method, path and body.
    pub request_hash: [u8; 32],
}

impl IdempotencyKey {
    pub(crate) fn of(self, caller: &Caller) -> Idempotency {
        Idempotency { actor_id: caller.actor_id(), key: self.key, request_hash: secret::hex(&self.request_hash) }
    }
}

/// A key was used before for something else.
pub(crate) fn key_reused() -> ServiceError {
    ServiceError::Conflict {
        code: "idempotency_conflict",
        message: "this Idempotency-Key was used for another request; use a new one".into(),
    }
}

/// An account as its channel sees it.
pub(crate) fn opened(row: &ChannelAccountRow) -> Account {
    Account {
        id: row.account.id,
        settings: row.account.settings.clone(),
        secrets: row.secrets.iter().map(|(name, value)| (name.clone(), Secret::new(value.clone()))).collect(),
    }
}

fn find_channel<'a>(services: &'a Services, kind: &str) -> Result<&'a Arc<dyn Channel>, ServiceError> {
    services.0.channels.find(kind).ok_or_else(|| {
        let known: Vec<&str> = services.0.channels.kinds().collect();
        ServiceError::invalid("kind", format!("this server knows {}", known.join(", ")))
    })
}

fn check(channel: &dyn Channel, account: &Account, name: &str) -> Result<(), ServiceError> {
    let mut faults: Vec<FieldFault> = channel
        .check(account)
        .into_iter()
        .map(|fault| FieldFault { field: fault.field, message: fault.message })
        .collect();
    let length = name.trim().chars().count();
    if !(1..=200).contains(&length) || name.contains('\0') {
        faults.push(FieldFault { field: "name".into(), message: "give 1 to 200 characters".into() });
    }
    if faults.is_empty() { Ok(()) } else { Err(ServiceError::Invalid(faults)) }
}

/// The channels of this build, by kind, with what a screen needs of their capabilities.
///
/// # Errors
/// Forbidden without the right.
pub fn list_kinds(services: &Services, caller: &Caller) -> Result<Vec<ChannelKind>, ServiceError> {
    caller.require(Permission::ReadThreads)?;
    let channels = &services.0.channels;
    let known = channels.kinds().filter_map(|kind| channels.find(kind).map(|channel| (kind, channel)));
    Ok(known
        .map(|(kind, channel)| ChannelKind {
            kind: kind.to_owned(),
            max_text_chars: u32::try_from(channel.capabilities().max_text_chars).unwrap_or(u32::MAX),
        })
        .collect())
}

/// The accounts, oldest first.
///
/// # Errors
/// Forbidden without the right; invalid limit or cursor.
pub async fn list_channel_accounts(
    services: &Services,
    caller: &Caller,
    limit: u32,
    cursor: Option<&str>,
) -> Result<Page<ChannelAccount>, ServiceError> {
    caller.require(Permission::ManageChannels)?;
    let limit = paging::limit(limit)?;
    let [after] = paging::place(cursor)?.unwrap_or([0]);
    let store = services.store();
    let found = store.list_channel_accounts(caller.workspace_id, ChannelAccountId(after), limit + 1).await?;
    let found = found.into_iter().map(|account| as_it_is_now(account, services.now())).collect();
    Ok(paging::page(found, limit, |account| [account.id.0]))
}

async fn get_row(
    services: &Services,
    caller: &Caller,
    id: ChannelAccountId,
) -> Result<ChannelAccountRow, ServiceError> {
    caller.require(Permission::ManageChannels)?;
    services.store().find_channel_account(caller.workspace_id, id).await?.ok_or(ServiceError::NotFound)
}

/// One account.
///
/// # Errors
/// Forbidden without the right; not found.
pub async fn get_channel_account(
    services: &Services,
    caller: &Caller,
    id: ChannelAccountId,
) -> Result<ChannelAccount, ServiceError> {
    Ok(as_it_is_now(get_row(services, caller, id).await?.account, services.now()))
}

/// Connects an account.
///
/// # Errors
/// Invalid with every fault at once; conflict when the provider's account is connected already.
pub async fn create_channel_account(
    services: &Services,
    caller: &Caller,
    new: NewChannelAccount,
    key: Option<IdempotencyKey>,
) -> Result<CreatedChannelAccount, ServiceError> {
    caller.require(Permission::ManageChannels)?;
    let channel = find_channel(services, &new.kind)?;
    let id = ChannelAccountId(services.store().new_id()?);
    let mut account = Account { id, settings: new.settings, secrets: new.secrets };
    let mut verify_token = None;
    if account.secret(VERIFY_TOKEN).is_empty() {
        let made = secret::generate("")?;
        account.secrets.insert(VERIFY_TOKEN.into(), Secret::new(made.clone()));
        verify_token = Some(made);
    }
    check(channel.as_ref(), &account, &new.name)?;
    let row = NewChannelAccountRow {
        id,
        workspace_id: caller.workspace_id,
        kind: new.kind,
        name: new.name.trim().to_owned(),
        address: channel.address(&account),
        namespace: channel.namespace(&account),
        shared_callback_key: channel.shared_callback_key(&account),
        callback_key: secret::generate("")?,
        idempotency: key.map(|key| key.of(caller)),
        actor_id: caller.actor_id(),
        now: services.now(),
        secrets: account.secrets.iter().map(|(name, value)| (name.clone(), value.expose().to_owned())).collect(),
        settings: account.settings,
    };
    let created = services.store().create_channel_account(row).await?.ok_or_else(|| ServiceError::Conflict {
        code: "already_connected",
        message: "this account of the provider is connected already".into(),
    })?;
    services.0.endpoints.forget();
    services.wake_all_lanes();
    match created {
        Created::New(id) => {
            Ok(CreatedChannelAccount { account: get_channel_account(services, caller, id).await?, verify_token })
        }
        Created::Before(id) => {
            // The token that we made the first time, told again to the one who asked for the same.
            let row = get_row(services, caller, id).await?;
            let verify_token = verify_token.and_then(|_| row.secrets.get(VERIFY_TOKEN).cloned());
            Ok(CreatedChannelAccount { account: row.account, verify_token })
        }
        Created::KeyReused => Err(key_reused()),
    }
}

/// Changes an account.
///
/// # Errors
/// Invalid with every fault at once, or when another of the provider's accounts would be meant; conflict when somebody else
/// changed it at the same time.
pub async fn update_channel_account(
    services: &Services,
    caller: &Caller,
    id: ChannelAccountId,
    change: ChannelAccountChange,
) -> Result<ChannelAccount, ServiceError> {
    let row = get_row(services, caller, id).await?;
    let channel = find_channel(services, &row.account.kind)?;
    let before = opened(&row);
    let mut account = before.clone();
    let mends = !change.secrets.is_empty() || !change.settings.is_empty();
    for (name, value) in change.settings {
        if value.is_null() {
            account.settings.remove(&name);
        } else {
            account.settings.insert(name, value);
        }
    }
    require_secrets_for_new_address(&before, &account, &change.secrets)?;
    for (name, secret) in change.secrets {
        match secret {
            Some(secret) => account.secrets.insert(name, secret),
            None => account.secrets.remove(&name),
        };
    }
    let name = change.name.unwrap_or_else(|| row.account.name.clone());
    check(channel.as_ref(), &account, &name)?;
    if channel.address(&account) != channel.address(&before) {
        return Err(ServiceError::invalid(
            "settings",
            "this is another account of the provider; connect it as a new one",
        ));
    }
    // New credentials or settings may mend what made it pause; if not, the next call says so again.
    let resume = mends || (change.enabled == Some(true) && !row.account.enabled);
    let update = ChannelAccountUpdate {
        resume,
        id,
        workspace_id: caller.workspace_id,
        version: row.version,
        name: name.trim().to_owned(),
        enabled: change.enabled.unwrap_or(row.account.enabled),
        address: channel.address(&account),
        namespace: channel.namespace(&account),
        shared_callback_key: channel.shared_callback_key(&account),
        callback_key: secret::generate("")?,
        actor_id: caller.actor_id(),
        now: services.now(),
        secrets: account.secrets.iter().map(|(name, value)| (name.clone(), value.expose().to_owned())).collect(),
        settings: account.settings,
    };
    if !services.store().update_channel_account(update).await? {
        return Err(ServiceError::Conflict {
            code: "conflict",
            message: "somebody changed this account at the same time; look at it and try again".into(),
        });
    }
    services.0.endpoints.forget();
    services.wake_all_lanes();
    services.0.job_wake.notify_one();
    get_channel_account(services, caller, id).await
}

/// Lets an account that pauses send again: what was wrong has been settled with the provider.
///
/// # Errors
/// Forbidden without the right; not found; conflict when it does not pause.
pub async fn resume_channel_account(
    services: &Services,
    caller: &Caller,
    id: ChannelAccountId,
) -> Result<ChannelAccount, ServiceError> {
    get_row(services, caller, id).await?;
    let now = services.now();
    if !services.store().resume_channel_account(caller.workspace_id, id, &caller.actor_id(), now).await? {
        return Err(ServiceError::Conflict { code: "conflict", message: "this channel account does not pause".into() });
    }
    services.0.job_wake.notify_one();
    get_channel_account(services, caller, id).await
}

/// A pause whose time is over is none.
fn as_it_is_now(mut account: ChannelAccount, now: Timestamp) -> ChannelAccount {
    account.pause = account.pause.filter(|pause| pause.until.is_none_or(|until| now < until));
    account
}

/// Secrets are never told again, so nobody may have them sent to another address without knowing them.
fn require_secrets_for_new_address(
    before: &Account,
    after: &Account,
    given: &BTreeMap<String, Option<Secret>>,
) -> Result<(), ServiceError> {
    if after.setting(API_BASE) == before.setting(API_BASE) {
        return Ok(());
    }
    let missing: Vec<&str> = before
        .secrets
        .keys()
        .map(String::as_str)
        .filter(|name| *name != VERIFY_TOKEN && !given.contains_key(*name))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let message = format!("the credentials go to this address; give them with it: {}", missing.join(", "));
    Err(ServiceError::invalid("settings.api_base", message))
}

/// Tries the account's credentials and set-up at the provider; sends nothing to anybody.
///
/// # Errors
/// Forbidden without the right; not found.
pub async fn test_channel_account(
    services: &Services,
    caller: &Caller,
    id: ChannelAccountId,
) -> Result<TestReport, ServiceError> {
    let row = get_row(services, caller, id).await?;
    Ok(find_channel(services, &row.account.kind)?.test(&opened(&row)).await)
}
