//! Work under a lease: one loop claims what is due, whatever its kind, and hands it to the module that knows the kind.

use crate::{Services, delivery, files, profiles, scheduled};
use model::episode::EpisodeEvent;
use std::{convert::Infallible, sync::Arc, time::Duration};
use store::{CLOSE_EPISODE, ClaimedJob, DELIVER, END_PROMISE, FETCH_MEDIA, FETCH_PROFILE, SEND_LATER, WAKE_EPISODE};
use tokio::{sync::Semaphore, task::JoinSet};
use tokio_util::sync::CancellationToken;

/// The pause after the store failed.
const PAUSE: Duration = Duration::from_secs(1);

/// Runs until `stop`; jobs under way are finished first.
pub(crate) async fn work(services: Services, stop: CancellationToken) {
    if services.store().is_single_process() {
        // Whoever held a lease is dead: the lock on the data folder is ours.
        if let Err(error) = services.store().void_leases().await {
            tracing::error!(%error, "leases of an earlier process could not be ended; they end by themselves");
        }
    }
    let most = services.0.config.job_concurrency;
    let slots = Arc::new(Semaphore::new(most));
    let mut running = JoinSet::new();
    loop {
        let woken = services.0.job_wake.notified();
        let pause = match claim(&services, &slots, &mut running).await {
            Ok(pause) => pause,
            Err(error) => {
                tracing::error!(%error, "jobs could not be claimed; trying again");
                PAUSE
            }
        };
        tokio::select! {
            () = stop.cancelled() => break,
            () = woken => {}
            () = tokio::time::sleep(pause) => {}
            // A finished delivery frees the next of its identity.
            Some(_) = running.join_next() => {}
        }
        while running.try_join_next().is_some() {}
    }
    while running.join_next().await.is_some() {}
}

/// Takes what is due and starts it; says how long to sleep.
async fn claim(services: &Services, slots: &Arc<Semaphore>, running: &mut JoinSet<()>) -> store::Result<Duration> {
    let sweep = Duration::from_millis(services.0.config.sweep_millis);
    let free = u32::try_from(slots.available_permits()).unwrap_or(u32::MAX);
    if free == 0 {
        return Ok(sweep);
    }
    let now = services.now();
    let until = now.plus_millis(services.0.config.lease_millis);
    let jobs = services.store().claim_jobs(services.0.owner, now, until, free, services.0.pace.room()).await?;
    for job in jobs {
        let services = services.clone();
        // There is a permit for each: no more were claimed than were free, and only this loop takes them.
        let permit = Arc::clone(slots).try_acquire_owned();
        let under_way = job.channel_account_id.map(|account| services.0.pace.enter(account));
        running.spawn(async move {
            let _held = (permit, under_way);
            let (workspace_id, id, kind) = (job.workspace_id, job.id, job.kind.clone());
            let done = tokio::select! {
                done = run(&services, job.clone()) => done,
                never = hold(&services, &job) => match never {},
            };
            if let Err(error) = done {
                // The lease ends by itself, and the attempt, if one began, is then looked into.
                tracing::error!(%error, job.id = %id, workspace.id = %workspace_id, kind, "a job could not be finished; it is taken up again");
            }
        });
    }
    let next = services.store().find_next_due(&services.0.pace.room()).await?;
    let wait = next.map_or(sweep, |due| {
        Duration::from_millis(u64::try_from(due.millis_since(services.now())).unwrap_or(0).max(5))
    });
    Ok(wait.min(sweep))
}

/// Renews the lease of a job for as long as it is worked on: a file may take minutes. A process that dies renews nothing.
async fn hold(services: &Services, job: &ClaimedJob) -> Infallible {
    let lease = services.0.config.lease_millis;
    let pause = Duration::from_millis(u64::try_from(lease / 3).unwrap_or(1).max(1));
    loop {
        tokio::time::sleep(pause).await;
        let until = services.now().plus_millis(lease);
        if let Err(error) = services.store().renew_job(job.workspace_id, job.id, services.0.owner, until).await {
            tracing::warn!(%error, job.id = %job.id, "the lease of a job could not be renewed; trying again");
        }
    }
}

async fn run(services: &Services, job: ClaimedJob) -> store::Result<()> {
    match job.kind.as_str() {
        DELIVER => delivery::run(services, job).await,
        SEND_LATER => scheduled::release(services, job).await,
        CLOSE_EPISODE => services.store().time_episode(job, EpisodeEvent::SilenceElapsed, services.now()).await,
        WAKE_EPISODE => services.store().time_episode(job, EpisodeEvent::Wake, services.now()).await,
        END_PROMISE => services.store().end_promise(job, services.now()).await,
        FETCH_MEDIA => files::fetch(services, job).await,
        FETCH_PROFILE => profiles::run(services, job).await,
        kind => {
            // Another node may be of a newer version: its lease ends, and somebody who knows it takes it.
            tracing::error!(job.id = %job.id, kind, "this process does not know this kind of job; left alone");
            Ok(())
        }
    }
}
