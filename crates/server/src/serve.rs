//! `serve`: puts the parts together, and takes them apart cleanly.

use crate::{
    Failure,
    config::Config,
    connections::{self, Limits},
    lock::ServeLock,
    open, say,
};
use api::ApiConfig;
use service::auth;
use std::{io::ErrorKind, net::SocketAddr, time::Duration};
use tokio::{
    net::TcpListener,
    signal::unix::{Signal, SignalKind, signal},
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long requests, sockets and workers may take to finish. Longer than a call to a provider.
const STOP_TIMEOUT: Duration = Duration::from_secs(20);
/// How long a request's head may take, and a connection be idle.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// Connections of one network: an office of two hundred desks, and half of what a process may open on most systems.
const MOST_PER_NETWORK: usize = 512;

/// Runs the server until it is told to stop.
///
/// # Errors
/// When it cannot start: the folder, the lock, the address or the database; each says what to do.
pub async fn serve(config: Config) -> Result<(), Failure> {
    open::make_folder(&config.data)?;
    // A SQLite file has one server; PostgreSQL has any number of nodes.
    let _lock = if config.database.is_none() { Some(ServeLock::take(&config.data)?) } else { None };
    let listener = bind(config.listen).await?;
    let address = listener.local_addr().map_err(|error| Failure::new(error.to_string()))?;
    let address = format!("http://{address}");
    let opened = open::open(config).await?;
    let (config, services) = (opened.config, opened.services);

    let (stop, tracker) = (CancellationToken::new(), TaskTracker::new());
    watch_signals(stop.clone())?;
    let metrics = api::observe::install_metrics();
    tracker.spawn(api::observe::upkeep(metrics.clone(), stop.clone()));
    services.spawn_workers(&tracker, &stop);
    let (router, _) = api::router(
        services.clone(),
        ApiConfig {
            public_url: config.public_url.as_ref().map(|url| url.0.clone()),
            trusted_proxy: config.trusted_proxy,
            metrics,
            stop: stop.clone(),
            tracker: tracker.clone(),
        },
    );

    let base = config.public_url.as_ref().map_or(address.as_str(), |url| url.0.as_str());
    services.serve_at(base).await?;

    say(&address)?;
    if let Some(code) = auth::create_setup_code(&services).await? {
        say(&format!("Set up: {base}/setup?code={code}"))?;
    }
    tracing::info!(address, "the server is ready");
    let limits = Limits { head: HEAD_TIMEOUT, most_per_network: (!config.trusted_proxy).then_some(MOST_PER_NETWORK) };
    if !connections::serve(listener, router, limits, &stop, STOP_TIMEOUT).await {
        tracing::warn!("some requests did not finish");
    }

    tracker.close();
    if timeout(STOP_TIMEOUT, tracker.wait()).await.is_err() {
        tracing::warn!(
            tasks = tracker.len(),
            "some tasks did not finish; what they held is picked up at the next start"
        );
    }
    tracing::info!("the server stopped");
    Ok(())
}

async fn bind(listen: SocketAddr) -> Result<TcpListener, Failure> {
    TcpListener::bind(listen).await.map_err(|error| {
        let what = match error.kind() {
            ErrorKind::AddrInUse => "another program listens there; stop it, or give another address with --listen",
            ErrorKind::PermissionDenied => "the system forbids it; ports under 1024 need a right: give a higher one",
            ErrorKind::AddrNotAvailable => "this machine does not have that address; give another with --listen",
            _ => "give another address with --listen",
        };
        Failure::new(format!("cannot listen on {listen}: {error}; {what}"))
    })
}

/// Cancels at the first signal; a second one ends the process at once.
fn watch_signals(stop: CancellationToken) -> Result<(), Failure> {
    let listen = |kind| signal(kind).map_err(|error| Failure::new(format!("cannot listen for signals: {error}")));
    let (mut terminate, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    // Not tracked: it lives as long as the process, and nothing has to wait for it.
    tokio::spawn(async move {
        first(&mut terminate, &mut interrupt).await;
        tracing::info!("told to stop; finishing what has begun, a second signal ends at once");
        stop.cancel();
        first(&mut terminate, &mut interrupt).await;
        tracing::warn!("told to stop twice; ending at once");
        std::process::exit(130);
    });
    Ok(())
}

async fn first(one: &mut Signal, other: &mut Signal) {
    tokio::select! {
        _ = one.recv() => {}
        _ = other.recv() => {}
    }
}
