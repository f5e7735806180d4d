//! Channel accounts and the addresses that providers call.

use crate::{
    Store,
    engine::{Executor, Row, params, queries},
    error::{Result, StoreError},
    idempotency::{Created, Idempotency, claim},
    log::NewRecord,
};
use futures_util::FutureExt;
use model::{ChannelAccountId, Timestamp, WorkspaceId, channel_account::ChannelAccount, log::LogKind};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

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
    INSERT_ENDPOINT = Same("INSERT INTO callback_endpoint (callback_key, workspace_id, kind, fingerprint, created_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (callback_key) DO NOTHING");
    GET = Same("SELECT id, kind, name, enabled, settings, secret_names, callback_key, last_callback_at, created_at, workspace_id, namespace, secrets, version, address FROM channel_account WHERE workspace_id = $1 AND id = $2");
    LIST = Same("SELECT id, kind, name, enabled, settings, secret_names, callback_key, last_callback_at, created_at FROM channel_account WHERE workspace_id = $1 AND id > $2 ORDER BY id LIMIT $3");
    GET_ENDPOINT = Same("SELECT workspace_id, kind FROM callback_endpoint WHERE callback_key = $1");
    LIST_BEHIND = Same("SELECT id, kind, name, enabled, settings, secret_names, callback_key, last_callback_at, created_at, workspace_id, namespace, secrets, version, address FROM channel_account WHERE callback_key = $1 ORDER BY id");
    TOUCH = Same("UPDATE channel_account SET last_callback_at = $1 WHERE workspace_id = $2 AND id = $3 RETURNING version");
    CLAIM_UNROUTABLE = Same("UPDATE inbound_event SET state = 'stored', channel_account_id = $1 WHERE workspace_id = $2 AND state = 'unroutable' AND callback_key = $3 AND address = $4");
    SECRETS_PAGE = Same("SELECT id, kind, name, enabled, settings, secret_names, callback_key, last_callback_at, created_at, workspace_id, namespace, secrets, version, address FROM channel_account ORDER BY id");
}

fn read_account(row: &Row<'_>) -> Result<ChannelAccount> {
    let kind = row.text(1)?;
    Ok(ChannelAccount {
        id: ChannelAccountId(row.int(0)?),
        callback_path: format!("/callbacks/{kind}/{}", row.text(6)?),
        kind,
        name: row.text(2)?,
        enabled: row.flag(3)?,
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
            workspace_id: WorkspaceId(row.int(9)?),
            namespace: row.text(10)?,
            secrets: BTreeMap::new(),
            version: row.int(12)?,
        },
        secrets: row.text(11)?,
        address: row.text(13)?,
    })
}

fn to_json(value: &impl serde::Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(|error| StoreError::Internal(error.to_string()))
}

async fn endpoint(
    executor: &Executor,
    workspace_id: WorkspaceId,
    kind: &str,
    fingerprint: Option<&str>,
    new_key: &str,
    now: Timestamp,
) -> Result<String> {
    if let Some(fingerprint) = fingerprint {
        let params = params![workspace_id.0, kind, fingerprint];
        if let Some(key) = executor.query_opt(FIND_ENDPOINT, &params, |row| row.text(0)).await? {
            return Ok(key);
        }
    }
    executor.execute(INSERT_ENDPOINT, &params![new_key, workspace_id.0, kind, fingerprint, now]).await?;
    Ok(new_key.to_owned())
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
        let fingerprint = new.shared_callback_key.as_deref().map(|key| self.0.keys.fingerprint(key));
        let (created, _) = self
            .write((new, sealed, fingerprint), |executor, (new, sealed, fingerprint)| {
                async move {
                    let claimed =
                        claim(executor, new.workspace_id, new.idempotency.as_ref(), new.id.0, new.now).await?;
                    match claimed {
                        Created::New(_) => {}
                        Created::Before(id) => return Ok(Some(Created::Before(ChannelAccountId(id)))),
                        Created::KeyReused => return Ok(Some(Created::KeyReused)),
                    }
                    let key = endpoint(
                        executor,
                        new.workspace_id,
                        &new.kind,
                        fingerprint.as_deref(),
                        &new.callback_key,
                        new.now,
                    )
                    .await?;
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
                        let own = executor.query_opt(GET, &params![new.workspace_id.0, new.id.0], |_| Ok(())).await?;
                        return Ok(own.map(|()| Created::New(new.id)));
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

    /// Writes a changed account. False when somebody changed it meanwhile.
    pub async fn update_channel_account(&self, change: ChannelAccountUpdate) -> Result<bool> {
        let sealed = self.0.keys.seal(&change.id.to_string(), &to_json(&change.secrets)?)?;
        let fingerprint = change.shared_callback_key.as_deref().map(|key| self.0.keys.fingerprint(key));
        let (updated, _) = self
            .write((change, sealed, fingerprint), |executor, (change, sealed, fingerprint)| {
                async move {
                    let known = executor
                        .query_opt(GET, &params![change.workspace_id.0, change.id.0], |row| {
                            Ok((row.text(1)?, row.text(6)?))
                        })
                        .await?;
                    let Some((kind, old_key)) = known else { return Ok(false) };
                    // Without a shared address the account keeps the one it has.
                    let key = match fingerprint {
                        Some(_) => {
                            endpoint(
                                executor,
                                change.workspace_id,
                                &kind,
                                fingerprint.as_deref(),
                                &change.callback_key,
                                change.now,
                            )
                            .await?
                        }
                        None => old_key,
                    };
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
                    let updated = executor.execute(UPDATE, &params).await? == 1;
                    if updated {
                        let mut record =
                            NewRecord::new(change.workspace_id, change.now, LogKind::ChannelAccountChanged);
                        record.subject_id = Some(change.id.to_string());
                        record.actor_id = Some(change.actor_id.clone());
                        executor.log(record);
                        let params = params![change.id.0, change.workspace_id.0, &key, &change.address];
                        executor.execute(CLAIM_UNROUTABLE, &params).await?;
                    }
                    Ok(updated)
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
                executor.query(TOUCH, &params![*now, workspace_id.0, id.0], |_| Ok(())).await?;
                if *is_first {
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

    /// Seals every secret that was sealed with an older key anew; returns how many. The second step of changing keys.
    pub async fn reseal_secrets(&self) -> Result<u64> {
        let all = self
            .read((), |executor, ()| async move { executor.query(SECRETS_PAGE, &[], read_sealed).await }.boxed())
            .await?;
        let mut resealed = 0;
        for sealed in all.into_iter().filter(|sealed| !self.0.keys.is_current(&sealed.secrets)) {
            let row = self.unseal(sealed)?.row;
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
        Ok(resealed)
    }
}
