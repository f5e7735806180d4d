//! PostgreSQL: a pool; each command is one transaction, its log numbers and COMMIT last, in one round trip.
//!
//! What is lost on the way (a closed connection, a deadlock, a COMMIT without an answer) is run again: every command is
//! harmless to repeat. Hot commands reach this engine as batches ([`crate::batcher`]).

use super::Executor;
use crate::{
    error::{Result, StoreError},
    log::{self, Numbered},
};
use deadpool_postgres::{Manager, ManagerConfig, Pool, QueueMode, RecyclingMethod, Runtime, WeakPool};
use futures_util::future::BoxFuture;
use std::{sync::Arc, time::Duration};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How often a command is run before its error is told.
const TRIES: u32 = 6;
/// The pause before the second run, doubled each time: 6 runs span about 3 s, which a server's restart takes.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// Connections of one process.
const CONNECTIONS: usize = 16;

/// How long an open connection may be used by nobody.
const UNUSED: Duration = Duration::from_secs(20);
/// How often that is looked at.
const UNUSED_LOOK: Duration = Duration::from_secs(5);

/// Who hears of commits that added to the log.
type Committed = Arc<dyn Fn(&[Numbered]) + Send + Sync>;

/// Limits of every connection: a process that stalls must not hold up the others for long.
const LIMITS: &str = "-c lock_timeout=5s -c statement_timeout=30s -c idle_in_transaction_session_timeout=5s";
/// The plan is decided by the form of each query, as the test that reads every plan does it: few rows by an index, whatever the
/// statistics say. Otherwise a plan that was made while tables were empty reads them whole until somebody analyses them.
const PLANS: &str = "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c enable_hashjoin=off \
    -c enable_mergejoin=off -c jit=off";

/// The engine.
#[derive(Clone)]
pub(crate) struct PostgresEngine {
    pool: Pool,
    committed: Committed,
}

/// What the address says, once what only we understand is taken out of it.
struct Target {
    config: tokio_postgres::Config,
    root_certificate: Option<String>,
}

/// Reads a connection address. `sslmode=verify-full`, `verify-ca` and `sslrootcert=` are libpq's words that the driver does
/// not know: we map them ourselves, and `require` always verifies certificate and name.
fn parse(url: &str) -> Result<Target> {
    let mut root_certificate = None;
    let mut verify = false;
    let mut keep = |pair: &str| {
        if let Some(path) = pair.strip_prefix("sslrootcert=") {
            root_certificate = Some(path.to_owned());
            return false;
        }
        if matches!(pair, "sslmode=verify-full" | "sslmode=verify-ca") {
            verify = true;
            return false;
        }
        true
    };
    let cleaned = if let Some((head, query)) = url.split_once('?').filter(|_| url.contains("://")) {
        let kept: Vec<&str> = query.split('&').filter(|pair| keep(pair)).collect();
        if kept.is_empty() { head.to_owned() } else { format!("{head}?{}", kept.join("&")) }
    } else {
        let kept: Vec<&str> = url.split_whitespace().filter(|pair| keep(pair)).collect();
        // Put together anew only when something was taken out: a quoted password may hold spaces.
        if kept.len() == url.split_whitespace().count() { url.to_owned() } else { kept.join(" ") }
    };
    let mut config: tokio_postgres::Config = cleaned.parse().map_err(|error: tokio_postgres::Error| {
        StoreError::Setup(format!(
            "the database address cannot be read: {}; write postgres://USER:PASSWORD@HOST/DATABASE",
            wrong_part(url, &error)
        ))
    })?;
    if config.get_hosts().is_empty() {
        return Err(StoreError::Setup(
            "the database address names no host; write postgres://USER:PASSWORD@HOST/DATABASE".into(),
        ));
    }
    let local = config.get_hosts().iter().all(|host| match host {
        tokio_postgres::config::Host::Tcp(name) => {
            name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        tokio_postgres::config::Host::Unix(_) => true,
    });
    // The driver's default falls back to plain text silently; off this machine that needs to be asked for.
    if verify || (!local && config.get_ssl_mode() == tokio_postgres::config::SslMode::Prefer) {
        config.ssl_mode(tokio_postgres::config::SslMode::Require);
    }
    let asked = config.get_options().unwrap_or_default().to_owned();
    config
        .application_name("onethread")
        .connect_timeout(Duration::from_secs(5))
        .keepalives_idle(Duration::from_secs(15))
        .keepalives_interval(Duration::from_secs(5))
        .tcp_user_timeout(Duration::from_secs(15))
        // What the address asks for comes last and wins.
        .options(format!("{LIMITS} {PLANS} {asked}").trim_end());
    Ok(Target { config, root_certificate })
}

/// What the driver finds wrong with an address, in words that hold no piece of a password: a setting's name is told when it
/// is one of the driver's own, or stands where no password can.
fn wrong_part(url: &str, error: &tokio_postgres::Error) -> String {
    use std::error::Error as _;
    let cause = error.source().map(ToString::to_string).unwrap_or_default();
    if cause.starts_with("invalid value for option") {
        return cause;
    }
    let Some(name) = cause.strip_prefix("unknown option `").and_then(|rest| rest.strip_suffix('`')) else {
        return error.to_string();
    };
    // A password may hold `?`, `&` or a space, and what follows it then looks like a setting.
    let open = if url.contains("://") { url.rsplit_once('@').map_or("", |(_, rest)| rest) } else { url };
    let open = open.split("password").next().unwrap_or_default();
    if open.contains(&format!("{name}=")) {
        format!("the parameter {name} is unknown")
    } else {
        "it has a parameter that is unknown, or its password needs quoting (percent-encoding in a postgres:// address)"
            .into()
    }
}

fn tls(root_certificate: Option<&str>) -> Result<MakeRustlsConnect> {
    let mut roots = rustls::RootCertStore::empty();
    if let Some(path) = root_certificate {
        use rustls::pki_types::{CertificateDer, pem::PemObject};
        let unreadable = |error| StoreError::Setup(format!("sslrootcert {path} cannot be read: {error}"));
        for certificate in CertificateDer::pem_file_iter(path).map_err(unreadable)? {
            roots
                .add(certificate.map_err(unreadable)?)
                .map_err(|error| StoreError::Setup(format!("sslrootcert {path} holds no certificate: {error}")))?;
        }
    } else {
        let (_added, _skipped) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    Ok(MakeRustlsConnect::new(rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth()))
}

/// One plain connection, for the migrations.
pub(crate) async fn connect(url: &str) -> Result<(tokio_postgres::Client, tokio::task::JoinHandle<()>)> {
    let target = parse(url)?;
    let (client, connection) =
        target.config.connect(tls(target.root_certificate.as_deref())?).await.map_err(|error| {
            use std::error::Error as _;
            let cause = error.as_db_error().map(|server| server.message().to_owned());
            let cause = cause.or_else(|| error.source().map(ToString::to_string)).unwrap_or_else(|| error.to_string());
            StoreError::Setup(format!("the database cannot be reached: {cause}; check its address, and that it runs"))
        })?;
    let driver = tokio::spawn(async move {
        // Its error reaches whoever uses the client.
        let _ = connection.await;
    });
    Ok((client, driver))
}

fn pool(target: Target, size: usize, wait: Duration) -> Result<Pool> {
    let manager = Manager::from_config(
        target.config,
        tls(target.root_certificate.as_deref())?,
        ManagerConfig { recycling_method: RecyclingMethod::Fast },
    );
    let pool = Pool::builder(manager)
        .max_size(size)
        // What was used last is used next, so that the others are seen to be too many.
        .queue_mode(QueueMode::Lifo)
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(wait))
        .create_timeout(Some(Duration::from_secs(10)))
        .build()
        .map_err(|error| StoreError::Setup(error.to_string()))?;
    tokio::spawn(close_unused(pool.weak()));
    Ok(pool)
}

/// Closes connections that a surge opened and nobody has used for a while, for as long as there is a pool: each is a process
/// of the server, with megabytes of its own.
async fn close_unused(pool: WeakPool) {
    loop {
        tokio::time::sleep(UNUSED_LOOK).await;
        let Some(pool) = pool.upgrade() else { return };
        pool.retain(|_, metrics| metrics.last_used() < UNUSED);
    }
}

/// A pool of few connections with further settings (`-c name=value …`), which win over those of the address.
pub(super) fn pool_with(url: &str, size: usize, wait: Duration, settings: &str) -> Result<Pool> {
    let mut target = parse(url)?;
    let asked = target.config.get_options().unwrap_or_default().to_owned();
    target.config.options(format!("{asked} {settings}"));
    pool(target, size, wait)
}

/// A connection with an open transaction. Dropped without [`Self::ended`] (a panic, a task that is stopped) it is closed:
/// nobody may go on in somebody else's transaction.
struct Transaction(Option<Executor>);

impl Transaction {
    fn executor(&self) -> Result<&Executor> {
        self.0.as_ref().ok_or_else(|| StoreError::Internal("a transaction was used after its end".into()))
    }

    /// Gives the connection back to the pool.
    fn ended(mut self) {
        self.0.take();
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if let Some(executor) = self.0.take() {
            executor.close();
        }
    }
}

impl PostgresEngine {
    pub(crate) fn new(url: &str, committed: impl Fn(&[Numbered]) + Send + Sync + 'static) -> Result<Self> {
        let pool = pool(parse(url)?, CONNECTIONS, Duration::from_secs(10))?;
        Ok(Self { pool, committed: Arc::new(committed) })
    }

    /// Runs a command durably; returns its result and the log numbers of its records.
    pub(crate) async fn write<I, T, F>(&self, input: &I, run: F) -> Result<(T, Vec<i64>)>
    where
        I: Send + Sync,
        T: Send,
        F: for<'e> Fn(&'e Executor, &'e I) -> BoxFuture<'e, Result<T>> + Send + Sync,
    {
        let mut pause = FIRST_PAUSE;
        for _ in 1..TRIES {
            match self.write_once(input, &run).await {
                Err(error) if error.is_transient() => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                outcome => return outcome,
            }
        }
        self.write_once(input, &run).await
    }

    async fn write_once<I, T, F>(&self, input: &I, run: &F) -> Result<(T, Vec<i64>)>
    where
        I: Send + Sync,
        T: Send,
        F: for<'e> Fn(&'e Executor, &'e I) -> BoxFuture<'e, Result<T>> + Send + Sync,
    {
        let transaction = Transaction(Some(Executor::postgres(self.pool.get().await?)));
        let executor = transaction.executor()?;
        let client =
            executor.postgres_client().ok_or_else(|| StoreError::Internal("an executor changed its engine".into()))?;
        // BEGIN travels in front of the command's first statement, not in a round trip of its own.
        let begun = async { client.batch_execute("BEGIN").await.map_err(StoreError::from) };
        let outcome = futures_util::future::try_join(begun, run(executor, input)).await;
        let committed = match outcome {
            Ok(((), output)) => {
                log::append_and_commit(client, executor.take_records()).await.map(|numbered| (output, numbered))
            }
            Err(error) => Err(error),
        };
        match committed {
            Ok((output, numbered)) => {
                transaction.ended();
                if !numbered.is_empty() {
                    (self.committed)(&numbered);
                }
                Ok((output, numbered.into_iter().map(|record| record.seq).collect()))
            }
            Err(error) => {
                if client.batch_execute("ROLLBACK").await.is_ok() {
                    transaction.ended();
                }
                Err(error)
            }
        }
    }

    /// Runs reads, each statement in its own snapshot.
    pub(crate) async fn read<I, T, F>(&self, input: &I, run: F) -> Result<T>
    where
        I: Send + Sync,
        T: Send,
        F: for<'e> Fn(&'e Executor, &'e I) -> BoxFuture<'e, Result<T>> + Send + Sync,
    {
        let mut pause = FIRST_PAUSE;
        for _ in 1..TRIES {
            let executor = match self.pool.get().await {
                Ok(client) => Executor::postgres(client),
                Err(error) => {
                    let error = StoreError::from(error);
                    if !error.is_transient() {
                        return Err(error);
                    }
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                    continue;
                }
            };
            match run(&executor, input).await {
                Err(error) if error.is_transient() => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                outcome => return outcome,
            }
        }
        run(&Executor::postgres(self.pool.get().await?), input).await
    }

    /// Whether the database answers now; never waits for it to come back.
    pub(crate) async fn ping(&self) -> Result<()> {
        let client = self.pool.get().await?;
        client.batch_execute("SELECT 1").await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio_postgres::config::SslMode;

    #[test]
    fn an_address_off_this_machine_is_encrypted_and_verified() {
        let mode = |url: &str| parse(url).unwrap().config.get_ssl_mode();
        assert_eq!(mode("postgres://u:p@db.example/one"), SslMode::Require);
        assert_eq!(mode("postgres://u:p@db.example/one?sslmode=disable"), SslMode::Disable, "asked for");
        assert_eq!(mode("postgres://u:p@127.0.0.1/one"), SslMode::Prefer);
        assert_eq!(mode("host=127.0.0.1 user=u sslmode=verify-full"), SslMode::Require);
        let target = parse("postgres://u:p@db.example/one?sslmode=verify-full&sslrootcert=/ca.pem").unwrap();
        assert_eq!(target.root_certificate.as_deref(), Some("/ca.pem"));
    }

    #[test]
    fn what_the_address_asks_for_is_kept() {
        let target = parse("postgres://u:p@127.0.0.1/one?options=-c%20search_path%3Dteam").unwrap();
        assert_eq!(target.config.get_options(), Some(format!("{LIMITS} {PLANS} -c search_path=team").as_str()));
        let target = parse("host=127.0.0.1 user=u password='two  spaces'").unwrap();
        assert_eq!(target.config.get_password(), Some("two  spaces".as_bytes()));
        assert_eq!(target.config.get_options(), Some(format!("{LIMITS} {PLANS}").as_str()));
    }

    #[test]
    fn the_mistyped_part_of_an_address_is_told() {
        let told = |url: &str| {
            let error = parse(url).map(|_| ()).unwrap_err().to_string();
            assert!(!error.contains("hush"), "{error}");
            error
        };
        for (url, part) in [
            ("postgres://u:hush@db.example:54x/one", "`port`"),
            ("postgres://u:hush@db.example/one?sslmode=sometimes", "`sslmode`"),
            ("postgres://u:hush@db.example/one?slmode=require", "slmode"),
            ("host=db.example port=many password=hush", "`port`"),
            ("host=db.example pasword=x password=hush", "pasword"),
            // A password with a space or & in it ends early.
            ("host=db.example password=x hush=1", "quoting"),
            ("postgres://u@db.example/one?password=x&hush=1", "quoting"),
        ] {
            let error = told(url);
            assert!(error.contains(part), "{url}: {error}");
        }
    }

    #[test]
    fn a_mistyped_address_is_refused_without_telling_the_password() {
        for url in ["postgres://u:hush@", "postgres:/u:hush@h/one", "host=h sslmode=sometimes password=hush", "hush"] {
            let error = parse(url).map(|_| ()).unwrap_err().to_string();
            assert!(!error.contains("hush") || url == "hush", "{error}");
            assert!(error.contains("postgres://USER"), "{error}");
        }
    }
}
