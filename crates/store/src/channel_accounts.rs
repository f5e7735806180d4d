//! Channel accounts and the addresses that providers call.

use crate::{
    Store,
    engine::{Executor, Row, params, queries},
    error::{Result, StoreError},
    idempotency::{Created, Idempotency, claim, give_back},
    log::NewRecord,
    pauses,
};
use futures_util::FutureExt;
use model::{ChannelAccountId, Timestamp, WorkspaceId, channel_account::ChannelAccount, log::LogKind};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// An account to connect.
#[derive(Clone)]
pub struct NewChannelAccountRow {
    /// Made by the caller.
    pub id: ChannelAccountId,
    /// Where.
    pub workspace_id: WorkspaceId,
    /// The channel.
    pub kind: String,
    /// What the team calls it.
    pub name: String,
    /// The provider's name of it.
    pub address: String,
    /// The namespace of its customers' addresses.
    pub namespace: String,
    /// Settings.
    pub settings: Map<String, Value>,
    /// Secrets, opened; sealed before they are written.
    pub secrets: BTreeMap<String, String>,
    /// What accounts of one provider app have in common; `None` when each has its own callback address.
    pub shared_callback_key: Option<String>,
    /// The key of a new callback address, used when none is shared.
    pub callback_key: String,
    /// The caller's key.
    pub idempotency: Option<Idempotency>,
    /// Who.
    pub actor_id: String,
    /// Now.
    pub now: Timestamp,
}

/// What changes of an account. All of it is written; the caller has merged.
#[derive(Clone)]
pub struct ChannelAccountUpdate {
    /// Which.
    pub id: ChannelAccountId,
    /// Where.
    pub workspace_id: WorkspaceId,
    /// The version that the change is based on.
    pub version: i64,
    /// The name.
    pub name: String,
    /// Whether it sends.
    pub enabled: bool,
    /// The provider's name of it.
    pub address: String,
    /// The namespace of its customers' addresses.
    pub namespace: String,
    /// Settings.
    pub settings: Map<String, Value>,
    /// Secrets, opened.
    pub secrets: BTreeMap<String, String>,
    /// What accounts of one provider app have in common.
    pub shared_callback_key: Option<String>,
    /// The key of a new callback address, used when the app changed and none is shared.
    pub callback_key: String,
    /// What made it pause may be mended: it sends again.
    pub resume: bool,
    /// Who.
    pub actor_id: String,
    /// Now.
    pub now: Timestamp,
}

/// An account with its secrets opened.
#[derive(Clone)]
pub struct ChannelAccountRow {
    /// Where.
    pub workspace_id: WorkspaceId,
    /// As it may be shown.
    pub account: ChannelAccount,
    /// The namespace of its customers' addresses.
    pub namespace: String,
    /// Secrets.
    pub secrets: BTreeMap<String, String>,
    /// Rises with every change.
    pub version: i64,
}

/// A callback address with the accounts behind it.
#[derive(Clone)]
pub struct CallbackEndpoint {
    /// Where.
    pub workspace_id: WorkspaceId,
    /// The channel.
    pub kind: String,
    /// The accounts, oldest first.
    pub accounts: Vec<CallbackAccount>,
}

/// One account behind a callback address.
#[derive(Clone)]
pub struct CallbackAccount {
    /// The provider's name of it.
    pub address: String,
    /// The account.
    pub row: ChannelAccountRow,
}

queries! {
    INSERT = Same("INSERT INTO channel_account (id, workspace_id, kind, name, enabled, address, namespace, settings, secrets, secret_names, callback_key, version, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1, $12) ON CONFLICT DO NOTHING");
    UPDATE = Same("UPDATE channel_account SET name = $1, enabled = $2, address = $3, namespace = $4, settings = $5, secrets = $6, secret_names = $7, callback_key = $8, version = version + 1 WHERE workspace_id = $9 AND id = $10 AND version = $11");
    RESEAL = Same("UPDATE channel_account SET secrets = $1 WHERE workspace_id = $2 AND id = $3 AND version = $4");
    FIND_ENDPOINT = Same("SELECT callback_key FROM callback_endpoint WHERE workspace_id = $1 AND kind = $2 AND fingerprint = $3 ORDER BY created_at, callback_key LIMIT 1");
    /// Whether an account is the only one behind its callback address.
    FIND_NEIGHBOUR = Same("SELECT id FROM channel_account WHERE callback_key = $1 AND id <> $2 LIMIT 1");
    SET_FINGERPRINT = Same("UPDATE callback_endpoint SET fingerprint = $1 WHERE workspace_id = $2 AND callback_key = $3");
    ENDPOINTS = Same("SELECT callback_key, workspace_id, fingerprint FROM callback_endpoint WHERE fingerprint IS NOT NULL");
    FIND_BY_ADDRESS = Same("SELECT id FROM channel_account WHERE workspace_id = $1 AND kind = $2 AND address = $3");
    /// Whether an update is there already: sealing never gives the same text twice, so the text names the update.
    IS_WRITTEN = Same("SELECT id FROM channel_account WHERE workspace_id = $1 AND id = $2 AND version = $3 AND secrets = $4");
    INSERT_ENDPOINT = Same("INSERT INTO callback_endpoint (callback_key, workspace_id, kind, fingerprint, created_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (callback_key) DO NOTHING");
    GET = Same("SELECT id, kind, name, enabled, settings, secret_names, callback_key, last_callback_at, created_at, pause_reason, paused_at, paused_until, pause_code, pause_detail, workspace_id, namespace, secrets, version, address FROM channel_account WHERE workspace_id = $1 AND id = $2");
    SETTINGS = Same("SELECT kind, settings FROM channel_account WHERE workspace_id = $1 AND id = $2");
    LIST = Same("SELECT id, kind, name, enabled, settings, secret_names, callback_key, last_callback_at, created_at, pause_reason, paused_at, paused_until, pause_code, pause_detail FROM channel_account WHERE workspace_id = $1 AND id > $2 ORDER BY id LIMIT $3");
    GET_ENDPOINT = Same("SELECT workspace_id, kind FROM callback_endpoint WHERE callback_key = $1");
    LIST_BEHIND = Same("SELECT id, kind, name, enabled, settings, secret_names, callback_key, last_callback_at, created_at, pause_reason, paused_at, paused_until, pause_code, pause_detail, workspace_id, namespace, secrets, version, address FROM channel_account WHERE callback_key = $1 ORDER BY id");
    TOUCH = Same("UPDATE channel_account SET last_callback_at = $1 WHERE workspace_id = $2 AND id = $3");
    CLAIM_UNROUTABLE = Same("UPDATE inbound_event SET state = 'stored', channel_account_id = $1 WHERE workspace_id = $2 AND state = 'unroutable' AND callback_key = $3 AND address = $4");
    ALL_SEALED = Same("SELECT secrets FROM channel_account");
    SECRETS_PAGE = Same("SELECT id, kind, name, enabled, settings, secret_names, callback_key, last_callback_at, created_at, pause_reason, paused_at, paused_until, pause_code, pause_detail, workspace_id, namespace, secrets, version, address FROM channel_account ORDER BY id");
}

fn read_account(row: &Row<'_>) -> Result<ChannelAccount> {
    let kind = row.text(1)?;
    Ok(ChannelAccount {
        id: ChannelAccountId(row.int(0)?),
        callback_path: format!("/callbacks/{kind}/{}", row.text(6)?),
        kind,
        name: row.text(2)?,
        enabled: row.flag(3)?,
        pause: pauses::read(row, 9)?,
        settings: row.json(4)?,
        secret_names: row.json(5)?,
        last_callback_at: row.opt_int(7)?.map(Timestamp),
        created_at: Timestamp(row.int(8)?),
    })
}

/// A row whose secrets are still sealed.
struct Sealed {
    row: ChannelAccountRow,
    secrets: String,
    address: String,
}

fn read_sealed(row: &Row<'_>) -> Result<Sealed> {
    Ok(Sealed {
        row: ChannelAccountRow {
            account: read_account(row)?,
            workspace_id: WorkspaceId(row.int(14)?),
            namespace: row.text(15)?,
            secrets: BTreeMap::new(),
            version: row.int(17)?,
        },
        secrets: row.text(16)?,
        address: row.text(18)?,
    })
}

fn to_json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| StoreError::Internal(error.to_string()))
}

/// The callback address of the app that an account belongs to.
struct App<'a> {
    workspace_id: WorkspaceId,
    kind: &'a str,
    /// Empty when each account has an address of its own.
    fingerprints: &'a [String],
    /// For an address that has to be made.
    new_key: &'a str,
    now: Timestamp,
}

impl App<'_> {
    async fn find(&self, executor: &Executor) -> Result<Option<String>> {
        for fingerprint in self.fingerprints {
            let params = params![self.workspace_id.0, self.kind, fingerprint];
            if let Some(key) = executor.query_opt(FIND_ENDPOINT, &params, |row| row.text(0)).await? {
                return Ok(Some(key));
            }
        }
        Ok(None)
    }

    async fn find_or_create(&self, executor: &Executor) -> Result<String> {
        if let Some(key) = self.find(executor).await? {
            return Ok(key);
        }
        let fingerprint = self.fingerprints.first();
        let params = params![self.new_key, self.workspace_id.0, self.kind, fingerprint, self.now];
        executor.execute(INSERT_ENDPOINT, &params).await?;
        Ok(self.new_key.to_owned())
    }

    /// The address of an account that has one. Alone behind it, the account keeps it when the app's secret changes: the
    /// provider goes on calling there.
    async fn find_or_keep(&self, executor: &Executor, id: ChannelAccountId, old_key: String) -> Result<String> {
        let Some(fingerprint) = self.fingerprints.first() else { return Ok(old_key) };
        if let Some(key) = self.find(executor).await? {
            return Ok(key);
        }
        if executor.query_opt(FIND_NEIGHBOUR, &params![&old_key, id.0], |_| Ok(())).await?.is_some() {
            return self.find_or_create(executor).await;
        }
        executor.execute(SET_FINGERPRINT, &params![fingerprint, self.workspace_id.0, &old_key]).await?;
        Ok(old_key)
    }
}

impl Store {
    fn unseal(&self, sealed: Sealed) -> Result<CallbackAccount> {
        let mut row = sealed.row;
        let text = self.0.keys.open(&row.account.id.to_string(), &sealed.secrets)?;
        row.secrets = serde_json::from_str(&text).map_err(|error| StoreError::Internal(error.to_string()))?;
        Ok(CallbackAccount { address: sealed.address, row })
    }

    /// Connects an account. `None` when the provider's account is connected already. Events that were kept for it become
    /// entries.
    pub async fn create_channel_account(&self, new: NewChannelAccountRow) -> Result<Option<Created<ChannelAccountId>>> {
        let sealed = self.0.keys.seal(&new.id.to_string(), &to_json(&new.secrets)?)?;
        let fingerprints = self.fingerprints(new.shared_callback_key.as_deref());
        let (created, _) = self
            .write((new, sealed, fingerprints), |executor, (new, sealed, fingerprints)| {
                async move {
                    let claimed =
                        claim(executor, new.workspace_id, new.idempotency.as_ref(), new.id.0, new.now).await?;
                    match claimed {
                        Created::New(_) => {}
                        Created::Before(id) => return Ok(Some(Created::Before(ChannelAccountId(id)))),
                        Created::KeyReused => return Ok(Some(Created::KeyReused)),
                    }
                    let params = params![new.workspace_id.0, &new.kind, &new.address];
                    match executor.query_opt(FIND_BY_ADDRESS, &params, |row| row.int(0)).await? {
                        None => {}
                        Some(id) if id == new.id.0 => return Ok(Some(Created::New(new.id))),
                        Some(_) => {
                            give_back(executor, new.workspace_id, new.idempotency.as_ref(), new.id.0).await?;
                            return Ok(None);
                        }
                    }
                    let (workspace_id, kind, new_key, now) =
                        (new.workspace_id, new.kind.as_str(), new.callback_key.as_str(), new.now);
                    let app = App { workspace_id, kind, fingerprints, new_key, now };
                    let key = app.find_or_create(executor).await?;
                    let (settings, names) =
                        (to_json(&new.settings)?, to_json(&new.secrets.keys().collect::<Vec<_>>())?);
                    let params = params![
                        new.id.0,
                        new.workspace_id.0,
                        &new.kind,
                        &new.name,
                        true,
                        &new.address,
                        &new.namespace,
                        &settings,
                        sealed,
                        &names,
                        &key,
                        new.now,
                    ];
                    if executor.execute(INSERT, &params).await? == 0 {
                        // Somebody connected it between the look and this.
                        give_back(executor, new.workspace_id, new.idempotency.as_ref(), new.id.0).await?;
                        return Ok(None);
                    }
                    let mut record = NewRecord::new(new.workspace_id, new.now, LogKind::ChannelAccountCreated);
                    record.subject_id = Some(new.id.to_string());
                    record.actor_id = Some(new.actor_id.clone());
                    executor.log(record);
                    executor
                        .execute(CLAIM_UNROUTABLE, &params![new.id.0, new.workspace_id.0, &key, &new.address])
                        .await?;
                    Ok(Some(Created::New(new.id)))
                }
                .boxed()
            })
            .await?;
        Ok(created)
    }

    /// Writes a changed account. False when somebody changed it meanwhile, or connected the provider's account that it names.
    pub async fn update_channel_account(&self, change: ChannelAccountUpdate) -> Result<bool> {
        let sealed = self.0.keys.seal(&change.id.to_string(), &to_json(&change.secrets)?)?;
        let fingerprints = self.fingerprints(change.shared_callback_key.as_deref());
        let (updated, _) = self
            .write((change, sealed, fingerprints), |executor, (change, sealed, fingerprints)| {
                async move {
                    let (workspace_id, id) = (change.workspace_id, change.id);
                    let known = executor
                        .query_opt(GET, &params![workspace_id.0, id.0], |row| {
                            Ok((row.text(1)?, row.text(6)?, row.int(17)?))
                        })
                        .await?;
                    let Some((kind, old_key, version)) = known else { return Ok(false) };
                    if version != change.version {
                        let params = params![workspace_id.0, id.0, change.version + 1, sealed];
                        return Ok(executor.query_opt(IS_WRITTEN, &params, |_| Ok(())).await?.is_some());
                    }
                    let params = params![workspace_id.0, &kind, &change.address];
                    let named = executor.query_opt(FIND_BY_ADDRESS, &params, |row| row.int(0)).await?;
                    if named.is_some_and(|named| named != id.0) {
                        return Ok(false);
                    }
                    let (new_key, now) = (change.callback_key.as_str(), change.now);
                    let app = App { workspace_id, kind: &kind, fingerprints, new_key, now };
                    let key = app.find_or_keep(executor, id, old_key).await?;
                    let settings = to_json(&change.settings)?;
                    let names = to_json(&change.secrets.keys().collect::<Vec<_>>())?;
                    let params = params![
                        &change.name,
                        change.enabled,
                        &change.address,
                        &change.namespace,
                        &settings,
                        sealed,
                        &names,
                        &key,
                        change.workspace_id.0,
                        change.id.0,
                        change.version,
                    ];
                    if executor.execute(UPDATE, &params).await? == 0 {
                        // Changed between the look and this: undo what was done on the way, and look again.
                        return Err(StoreError::Contention);
                    }
                    let mut record = NewRecord::new(change.workspace_id, change.now, LogKind::ChannelAccountChanged);
                    record.subject_id = Some(change.id.to_string());
                    record.actor_id = Some(change.actor_id.clone());
                    executor.log(record);
                    let params = params![change.id.0, change.workspace_id.0, &key, &change.address];
                    executor.execute(CLAIM_UNROUTABLE, &params).await?;
                    if change.resume {
                        pauses::resume(executor, change.workspace_id, change.id, change.now).await?;
                    }
                    Ok(true)
                }
                .boxed()
            })
            .await?;
        Ok(updated)
    }

    /// One account with its secrets.
    pub async fn find_channel_account(
        &self,
        workspace_id: WorkspaceId,
        id: ChannelAccountId,
    ) -> Result<Option<ChannelAccountRow>> {
        let sealed = self
            .read((workspace_id, id), |executor, (workspace_id, id)| {
                async move { executor.query_opt(GET, &params![workspace_id.0, id.0], read_sealed).await }.boxed()
            })
            .await?;
        sealed.map(|sealed| self.unseal(sealed).map(|account| account.row)).transpose()
    }

    /// An account's channel and settings, without its secrets.
    pub async fn find_channel_settings(
        &self,
        workspace_id: WorkspaceId,
        id: ChannelAccountId,
    ) -> Result<Option<(String, Map<String, Value>)>> {
        self.read((workspace_id, id), |executor, (workspace_id, id)| {
            async move {
                let params = params![workspace_id.0, id.0];
                executor.query_opt(SETTINGS, &params, |row| Ok((row.text(0)?, row.json(1)?))).await
            }
            .boxed()
        })
        .await
    }

    /// Accounts after `after`, oldest first, as they may be shown.
    pub async fn list_channel_accounts(
        &self,
        workspace_id: WorkspaceId,
        after: ChannelAccountId,
        limit: u32,
    ) -> Result<Vec<ChannelAccount>> {
        self.read((workspace_id, after, limit), |executor, (workspace_id, after, limit)| {
            async move { executor.query(LIST, &params![workspace_id.0, after.0, *limit], read_account).await }.boxed()
        })
        .await
    }

    /// What is behind a callback address. The address is the credential: it names no workspace.
    pub async fn find_callback_endpoint(&self, callback_key: &str) -> Result<Option<CallbackEndpoint>> {
        let found = self
            .read(callback_key.to_owned(), |executor, key| {
                async move {
                    let endpoint = executor
                        .query_opt(GET_ENDPOINT, &params![key], |row| Ok((WorkspaceId(row.int(0)?), row.text(1)?)))
                        .await?;
                    let Some((workspace_id, kind)) = endpoint else { return Ok(None) };
                    Ok(Some((workspace_id, kind, executor.query(LIST_BEHIND, &params![key], read_sealed).await?)))
                }
                .boxed()
            })
            .await?;
        let Some((workspace_id, kind, sealed)) = found else { return Ok(None) };
        let accounts = sealed.into_iter().map(|sealed| self.unseal(sealed)).collect::<Result<_>>()?;
        Ok(Some(CallbackEndpoint { workspace_id, kind, accounts }))
    }

    /// Remembers that the provider called with a good signature; tells the log when it was the first time.
    pub async fn touch_channel_account(
        &self,
        workspace_id: WorkspaceId,
        id: ChannelAccountId,
        is_first: bool,
        now: Timestamp,
    ) -> Result<()> {
        self.write((workspace_id, id, is_first, now), |executor, (workspace_id, id, is_first, now)| {
            async move {
                let touched = executor.execute(TOUCH, &params![*now, workspace_id.0, id.0]).await? == 1;
                if touched && *is_first {
                    let mut record = NewRecord::new(*workspace_id, *now, LogKind::ChannelAccountChanged);
                    record.subject_id = Some(id.to_string());
                    executor.log(record);
                }
                Ok(())
            }
            .boxed()
        })
        .await
        .map(|_| ())
    }

    /// The fingerprints of what the accounts of one app have in common.
    fn fingerprints(&self, shared: Option<&str>) -> Vec<String> {
        shared.map(|shared| self.0.keys.fingerprints(shared)).unwrap_or_default()
    }

    /// The names of the keys that secrets are sealed with and that are not at hand. Nothing is opened.
    pub async fn missing_keys(&self) -> Result<BTreeSet<String>> {
        let mut sealed = self
            .read((), |executor, ()| async move { executor.query(ALL_SEALED, &[], |row| row.text(0)).await }.boxed())
            .await?;
        sealed.extend(self.sealed_webhook_secrets().await?);
        Ok(sealed.iter().filter_map(|sealed| self.0.keys.missing(sealed)).map(str::to_owned).collect())
    }

    /// Seals every secret that was sealed with an older key anew; returns how many. The second step of changing keys:
    /// afterwards nothing needs the older keys.
    pub async fn reseal_secrets(&self) -> Result<u64> {
        let (all, endpoints) = self
            .read((), |executor, ()| {
                async move {
                    let endpoints = executor
                        .query(ENDPOINTS, &[], |row| Ok((row.text(0)?, WorkspaceId(row.int(1)?), row.text(2)?)))
                        .await?;
                    Ok((executor.query(SECRETS_PAGE, &[], read_sealed).await?, endpoints))
                }
                .boxed()
            })
            .await?;
        let mut resealed = self.reseal_webhook_secrets().await?;
        let mut fingerprints = HashMap::new();
        for sealed in all {
            let is_current = self.0.keys.is_current(&sealed.secrets);
            let row = self.unseal(sealed)?.row;
            for secret in row.secrets.values() {
                let mut known = self.0.keys.fingerprints(secret).into_iter();
                if let Some(current) = known.next() {
                    fingerprints.extend(known.map(|older| ((row.workspace_id, older), current.clone())));
                }
            }
            if is_current {
                continue;
            }
            let text = self.0.keys.seal(&row.account.id.to_string(), &to_json(&row.secrets)?)?;
            let input = (text, row.workspace_id, row.account.id, row.version);
            let (written, _) = self
                .write(input, |executor, (text, workspace_id, id, version)| {
                    async move { executor.execute(RESEAL, &params![text, workspace_id.0, id.0, *version]).await }
                        .boxed()
                })
                .await?;
            resealed += written;
        }
        // What an app's accounts share is one of their secrets: its fingerprint under an older key is told by that.
        for (key, workspace_id, older) in endpoints {
            let Some(current) = fingerprints.get(&(workspace_id, older)) else { continue };
            self.write((current.clone(), workspace_id, key), |executor, (current, workspace_id, key)| {
                async move { executor.execute(SET_FINGERPRINT, &params![current, workspace_id.0, key]).await }.boxed()
            })
            .await?;
        }
        Ok(resealed)
    }
}
