//! A flood: many times the usual load for some seconds, with repetitions and new people, while agents look on.

use super::{Bench, Cores, DRAIN, footprint::Memory};
use crate::{
    error::Result,
    load::send,
    messages::{Request, arrivals, unique},
    sockets::Agents,
    stats::Latency,
};
use serde::Serialize;
use std::{collections::HashMap, time::Duration};
use tokio::time::Instant;

/// Callbacks a second, for so many seconds.
const RATE: (f64, f64) = (3_000.0, 10.0);
/// Beside it and for some seconds more.
const USUAL: (f64, f64) = (50.0, 6.0);
/// Of the callbacks.
const REPEATED: f64 = 0.01;
/// People who write, and those of them who never wrote before.
const PEOPLE: (usize, usize) = (2_000, 400);
/// Agents who follow; each gets every message.
const AGENTS: usize = 4;
/// They begin after those of the other rounds.
const FIRST_PERSON: usize = 10_000;
const CONNECTIONS: usize = 192;

/// The flood.
#[derive(Debug, Clone, Serialize)]
pub struct Flood {
    /// Callbacks a second.
    pub rate: f64,
    /// For so many seconds.
    pub seconds: f64,
    /// Callbacks sent.
    pub sent: usize,
    /// Of these, different messages, with those of the usual load.
    pub unique: usize,
    /// Messages without an entry.
    pub lost: i64,
    /// Entries without a message of their own, and frames that came twice.
    pub doubled: i64,
    /// Answers other than 200.
    pub refused: usize,
    /// From when a callback was due to its 200.
    pub accepted: Latency,
    /// How late this program sent.
    pub late: Latency,
    /// Agents who follow.
    pub agents: usize,
    /// From when a message was due to its bytes at a socket, while the flood lasted.
    pub lag_during: Latency,
    /// The same for messages that were due more than three seconds after it.
    pub lag_after: Latency,
    /// Seconds from the end of the flood until every socket had all of it.
    pub current_after: f64,
    /// Processor use, until everything was an entry.
    pub cores: Cores,
    /// Processor milliseconds of server and database for a message.
    pub cpu_millis: f64,
    /// Messages of a transaction.
    pub group: f64,
    /// Memory some seconds later.
    pub memory: Memory,
    /// Durable writes a second, just before.
    pub durable_writes: f64,
}

pub(super) async fn measure(bench: &mut Bench<'_>) -> Result<Flood> {
    let durable_writes = bench.probe_disk()?;
    let (rate, seconds) = bench.plan.pick(RATE, (200.0, 3.0));
    let (people, newcomers) = bench.plan.pick(PEOPLE, (200, 40));
    let known = FIRST_PERSON..FIRST_PERSON + people - newcomers;
    let requests = bench.writer.flood(people - newcomers, known.start..known.start + 1, known.clone(), 0.0);
    bench.round("before the flood", requests, None).await?;

    let flood = bench.writer.flood((rate * seconds) as usize, known.clone(), known.end..known.start + people, REPEATED);
    let (usual_rate, usual_more) = bench.plan.pick(USUAL, (20.0, 4.0));
    let usual = bench.writer.write((usual_rate * (seconds + usual_more)) as usize, 0..crate::raw::PEOPLE);
    let (flood_due, usual_due) = (arrivals(flood.len(), rate, 3_000), arrivals(usual.len(), usual_rate, 51));
    let (sent, different) = (flood.len(), unique(&flood) + usual.len());
    let (due_usual, due_flood) = (schedule(&usual, &usual_due), schedule(&flood, &flood_due));

    let sockets = Agents::open(&bench.server.target.address, &bench.token, bench.plan.pick(AGENTS, 2)).await?;
    let (before, transactions) = (bench.reader.stored().await?, bench.reader.transactions().await?);
    let begun = bench.server.watched.usage()?;
    let target = bench.server.target.clone();
    let (flooded, steady) =
        tokio::join!(send(&target, flood, Some(flood_due), CONNECTIONS), send(&target, usual, Some(usual_due), 32));
    let (flooded, steady) = (flooded?, steady?);
    let drained = bench.reader.wait_until_drained(DRAIN).await?;
    let cores = bench.server.watched.usage()?.since(&begun);
    let committed = bench.reader.transactions().await? - transactions;
    let complete = sockets.wait(different, Duration::from_secs(30)).await;

    let now = bench.reader.stored().await?;
    let (accepted, entries) = (different as i64, now.entries - before.entries);
    let (lost, doubled) = ((accepted - entries).max(0), (entries - accepted).max(0) + sockets.doubled() as i64);
    let refused = flooded.refused + steady.refused;
    if lost + doubled > 0 || refused > 0 || !drained || now.messages - before.messages != accepted {
        let first = flooded.first_refusal.clone().or_else(|| steady.first_refusal.clone()).unwrap_or_default();
        bench.faults.push(format!("flood: {lost} lost, {doubled} doubled, {refused} refused ({first})"));
    }
    if !complete {
        bench.faults.push(format!("flood: a socket saw {} of {different}", sockets.fewest()));
    }

    let end = flooded.begun + Duration::from_secs_f64(seconds);
    let seen: Vec<(usize, Instant)> = sockets.arrivals();
    let due = |number: &usize| match due_flood.get(number) {
        Some(due) => Some(flooded.begun + Duration::from_secs_f64(*due)),
        None => Some(steady.begun + Duration::from_secs_f64(*due_usual.get(number)?)),
    };
    let lag = |pick: &dyn Fn(Instant) -> bool| {
        let picked = seen.iter().filter_map(|(number, at)| Some((due(number)?, at))).filter(|(due, _)| pick(*due));
        Latency::of(picked.map(|(due, at)| at.saturating_duration_since(due)))
    };
    let (lag_during, lag_after) = (lag(&|due| due <= end), lag(&|due| due > end + Duration::from_secs(3)));
    let last = seen.iter().filter(|(number, _)| due_flood.contains_key(number)).map(|(_, at)| *at).max().unwrap_or(end);
    let agents = sockets.count();
    drop(sockets);
    tokio::time::sleep(Duration::from_secs(bench.plan.pick(10, 1))).await;
    Ok(Flood {
        rate,
        seconds,
        sent,
        unique: different,
        lost,
        doubled,
        refused,
        accepted: Latency::of(flooded.accepted.iter().copied()),
        late: super::lateness(&flooded),
        agents,
        lag_during,
        lag_after,
        current_after: last.saturating_duration_since(end).as_secs_f64(),
        cpu_millis: cores.millis_each(different),
        cores,
        group: 2.0 * different as f64 / committed.max(1) as f64,
        memory: Memory::now(bench.server.watched)?,
        durable_writes,
    })
}

/// When each message was due first, in seconds from the begin.
fn schedule(requests: &[Request], due: &[f64]) -> HashMap<usize, f64> {
    // From the end, so that the first time stays.
    requests.iter().map(|request| request.number).zip(due.iter().copied()).rev().collect()
}
