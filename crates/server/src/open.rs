//! Opening what every command works on: the data folder, its secret key, the store, the use cases.

use crate::{Failure, config::Config, config::SecretKeys, registry};
use service::{Clock, ServiceConfig, Services, SystemClock};
use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};
use store::{Database, Keyring, SecretKey, Store, StoreConfig};

/// An opened installation.
pub struct Opened {
    /// How it is configured.
    pub config: Config,
    /// The use cases.
    pub services: Services,
}

/// Opens the installation, making the key and the schema when they are missing.
///
/// # Errors
/// Says what is wrong with the folder, the key or the database, and what to do.
pub async fn open(config: Config) -> Result<Opened, Failure> {
    if !config.data.is_dir() {
        make_folder(&config.data)?;
        tell_new(&config.data);
    }
    // Secrets that are there already say that there was a key once: a new one would only hide that it is lost.
    if key_is_absent(&config) && (config.database.is_some() || sqlite_path(&config).exists()) {
        find_lost_key(&config, &open_store(&config, passing_keyring()?).await?).await?;
    }
    let store = open_store(&config, keyring(&config)?).await?;
    find_lost_key(&config, &store).await?;
    serve_from(config, store).await
}

/// Opens the installation to look at it: a missing key is not made, and a lost one is the second answer.
///
/// # Errors
/// As [`open`].
pub async fn look(config: Config) -> Result<(Opened, Result<(), Failure>), Failure> {
    find_folder(&config.data)?;
    let keys = if key_is_absent(&config) { passing_keyring()? } else { keyring(&config)? };
    let store = open_store(&config, keys).await?;
    let key = find_lost_key(&config, &store).await;
    Ok((serve_from(config, store).await?, key))
}

async fn open_store(config: &Config, keys: Keyring) -> Result<Store, Failure> {
    let (database, files_dir) = (database(config), config.data.join("files"));
    Ok(Store::open(StoreConfig { database, keys, files_dir, now: || SystemClock.now().0 }).await?)
}

async fn serve_from(config: Config, store: Store) -> Result<Opened, Failure> {
    let services = Services::new(store, registry::channels()?, Arc::new(SystemClock), service_config(&config)).await?;
    Ok(Opened { config, services })
}

/// Whether no key is configured and its file is missing.
fn key_is_absent(config: &Config) -> bool {
    config.secret_key.is_none() && !key_path(config).exists()
}

/// A key that is never kept: nothing is sealed with it.
fn passing_keyring() -> Result<Keyring, Failure> {
    Ok(Keyring::new(SecretKey::generate()?, Vec::new()))
}

/// Refuses to go on when secrets of channel accounts or webhooks need a key that is not at hand.
async fn find_lost_key(config: &Config, store: &Store) -> Result<(), Failure> {
    let missing = store.missing_keys().await?;
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.into_iter().collect::<Vec<_>>().join(", ");
    let path = key_path(config);
    let (place, mend) = match (&config.secret_key, path.exists()) {
        (Some(_), _) => (
            "the setting secret_key does not hold it".to_owned(),
            format!("add it there after a comma; {} may have it", path.display()),
        ),
        (None, true) => (
            format!("{} holds another", path.display()),
            "put the right file back, or set ONETHREAD_SECRET_KEY to both keys with a comma between".to_owned(),
        ),
        (None, false) => (
            format!("{} is missing", path.display()),
            "put the file back from your backup, or set ONETHREAD_SECRET_KEY to the key".to_owned(),
        ),
    };
    Err(Failure::new(format!(
        "the database holds secrets of channel accounts or webhooks, and the key that opens them ({names}) is not here: {place}; {mend}"
    )))
}

/// Says that a folder is new: a mistyped one would otherwise be a second installation that nobody knows of.
#[expect(clippy::print_stderr, reason = "standard output is the command's answer alone")]
fn tell_new(data: &Path) {
    eprintln!("onethread: there was no data folder {}: made a new, empty installation there", data.display());
}

/// Refuses a data folder that is not there, for what only looks.
///
/// # Errors
/// When it is not there.
pub fn find_folder(data: &Path) -> Result<(), Failure> {
    if data.is_dir() {
        return Ok(());
    }
    Err(Failure::new(format!(
        "there is no data folder {}; give the right one with --data, or start `onethread serve` with it, which makes it",
        data.display()
    )))
}

/// Makes the data folder, for its owner alone.
///
/// # Errors
/// When it cannot be made.
pub fn make_folder(data: &Path) -> Result<(), Failure> {
    DirBuilder::new().recursive(true).mode(0o700).create(data).map_err(|error| {
        Failure::new(format!("cannot make the data folder {}: {error}; give another with --data", data.display()))
    })
}

/// Where the data is.
#[must_use]
pub fn database(config: &Config) -> Database {
    match &config.database {
        Some(address) => Database::Postgres { url: address.expose().to_owned() },
        None => Database::Sqlite { path: sqlite_path(config) },
    }
}

/// The SQLite file.
#[must_use]
pub fn sqlite_path(config: &Config) -> PathBuf {
    config.data.join("onethread.db")
}

/// The file that keeps the secret key when none is configured.
#[must_use]
pub fn key_path(config: &Config) -> PathBuf {
    config.data.join("secret.key")
}

fn service_config(config: &Config) -> ServiceConfig {
    let millis = |seconds: u64| i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1000);
    ServiceConfig {
        lease_millis: millis(config.lease_seconds.0),
        proof_wait_millis: config.proof_wait_seconds.map(|seconds| millis(seconds.0)),
        sweep_millis: config.sweep_seconds.0 * 1000,
        inbound_retention_days: u32::try_from(config.inbound_retention_days.0).unwrap_or(u32::MAX),
        give_up_millis: millis(config.give_up_hours.0 * 3600),
        sends_per_second: config.sends_per_second.map(|most| u32::try_from(most.0).unwrap_or(u32::MAX)),
        job_concurrency: usize::try_from(config.job_concurrency.0).unwrap_or(usize::MAX),
        max_upload_bytes: config.max_upload_mb.0 * 1024 * 1024,
        webhook_allow: config.webhook_allow.clone(),
        media_allow: config.media_allow.clone(),
        public_url: config.public_url.as_ref().map(|url| url.0.trim_end_matches('/').to_owned()),
    }
}

fn keyring(config: &Config) -> Result<Keyring, Failure> {
    let SecretKeys(first, older) = match &config.secret_key {
        Some(keys) => keys.clone(),
        None => key_of_file(&key_path(config))?,
    };
    Ok(Keyring::new(first, older))
}

/// Reads the key's file, making it first when it is missing. Two commands may do so at once: both get the same key.
fn key_of_file(path: &Path) -> Result<SecretKeys, Failure> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let wrong = |error: std::io::Error| Failure::new(format!("cannot use {}: {error}", path.display()));
    if !path.exists() {
        let key = SecretKey::generate()?.to_base64();
        let written =
            path.with_extension(format!("key.{}.{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed)));
        let mut file =
            OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&written).map_err(wrong)?;
        file.write_all(format!("{key}\n").as_bytes()).and_then(|()| file.sync_all()).map_err(wrong)?;
        // A link appears whole or not at all, and does not replace another one's key.
        let linked = fs::hard_link(&written, path);
        fs::remove_file(&written).map_err(wrong)?;
        match linked {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(wrong(error)),
            _ => {}
        }
    }
    let text = fs::read_to_string(path).map_err(wrong)?;
    SecretKeys::parse(&text)
        .map_err(|right| Failure::new(format!("{} is wrong: {right}; restore it from a backup", path.display())))
}

/// Under which address people reach the server: the configured one, else what the last `serve` on this data said, else where
/// it would listen.
///
/// # Errors
/// When the database does not answer.
pub async fn base_address(opened: &Opened) -> Result<String, Failure> {
    if let Some(url) = &opened.config.public_url {
        return Ok(url.0.clone());
    }
    let served = opened.services.find_served_at().await?;
    Ok(served.unwrap_or_else(|| format!("http://{}", opened.config.listen)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_and_only_its_owner_may_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret.key");
        let keys: Vec<SecretKeys> = std::thread::scope(|scope| {
            let made: Vec<_> = (0..4).map(|_| scope.spawn(|| key_of_file(&path).unwrap())).collect();
            made.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(keys.windows(2).all(|pair| pair[0] == pair[1]));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left over");
    }
}
