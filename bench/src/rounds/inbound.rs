//! Signed callbacks in: the highest rate that is accepted in time, and a steady one.

use super::{Bench, Cores, Round, lateness};
use crate::{error::Result, messages::arrivals, raw::PEOPLE, stats::Latency};
use serde::Serialize;

/// Callbacks that take longer are late for the strictest provider.
const IN_TIME_MILLIS: f64 = 80.0;
/// The steady rate: what a message channel's number at its limit brings in at most.
const STEADY: f64 = 320.0;

/// The highest rate of an open-loop schedule at which 99 of 100 callbacks are answered in time.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Knee {
    /// Callbacks a second.
    pub rate: f64,
    /// Messages a second, counted until the last one is an entry.
    pub entries_rate: f64,
    /// Callbacks a second when each connection sends as soon as it was answered.
    pub closed_loop: f64,
    /// From when a callback was due to its 200, at the knee.
    pub accepted: Latency,
    /// How late this program sent, at the knee; more when all connections wait for the server.
    pub late: Latency,
    /// Processor milliseconds of server and database for a message, until it is an entry.
    pub cpu_millis: f64,
    /// Of these, the server's.
    pub server_millis: f64,
    /// Seconds from the last answer to the last entry.
    pub drain_seconds: f64,
    /// Messages of a transaction.
    pub group: f64,
    /// Processor use at the knee.
    pub cores: Cores,
    /// Durable writes a second, just before.
    pub durable_writes: f64,
}

/// A round at a steady rate.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Steady {
    /// Callbacks a second.
    pub rate: f64,
    /// From when a callback was due to its 200.
    pub accepted: Latency,
    /// How late this program sent.
    pub late: Latency,
    /// Processor milliseconds of server and database for a message, until it is an entry.
    pub cpu_millis: f64,
    /// Of these, the server's.
    pub server_millis: f64,
    /// Messages of a transaction.
    pub group: f64,
    /// Processor use.
    pub cores: Cores,
}

/// Halves the range in which the knee lies, some times.
pub(super) async fn find_knee(bench: &mut Bench<'_>, turn: usize) -> Result<Knee> {
    let durable_writes = bench.probe_disk()?;
    let requests = bench.writer.write(bench.plan.pick(8_000, 400), 0..PEOPLE);
    let closed_loop = bench.round("closed loop", requests, None).await?.sent.rate();
    // An open loop comes in bursts, so it stays below what a closed one reaches, mostly.
    let (mut low, mut high) = (0.3 * closed_loop, 1.15 * closed_loop);
    let mut best: Option<(f64, Round)> = None;
    let seconds = bench.plan.pick(4.0, 1.0);
    for step in 0..bench.plan.pick(5, 1) {
        let rate = if bench.plan.smoke { low } else { f64::midpoint(low, high) };
        let round = open_loop(bench, "knee", rate, seconds, (turn * 10 + step) as u64).await?;
        let in_time = Latency::of(round.sent.accepted.iter().copied()).p99 <= IN_TIME_MILLIS;
        if (in_time && round.sent.refused == 0) || bench.plan.smoke {
            low = rate;
            best = Some((rate, round));
        } else {
            high = rate;
        }
    }
    let (rate, round) = match best {
        Some(best) => best,
        // Not even the lowest rate was in time: it is measured for what it is worth, and its latency shows it.
        None => (low, open_loop(bench, "knee", low, seconds, 99).await?),
    };
    let count = round.sent.accepted.len();
    Ok(Knee {
        rate,
        entries_rate: count as f64 / round.seconds,
        closed_loop,
        accepted: Latency::of(round.sent.accepted.iter().copied()),
        late: lateness(&round.sent),
        cpu_millis: round.cores.millis_each(count),
        server_millis: round.cores.server_millis_each(count),
        drain_seconds: round.drain.as_secs_f64(),
        group: round.group,
        cores: round.cores,
        durable_writes,
    })
}

pub(super) async fn hold_steady(bench: &mut Bench<'_>) -> Result<Steady> {
    bench.probe_disk()?;
    let (rate, seconds) = bench.plan.pick((STEADY, 10.0), (60.0, 1.0));
    let round = open_loop(bench, "steady", rate, seconds, 320).await?;
    let count = round.sent.accepted.len();
    Ok(Steady {
        rate,
        accepted: Latency::of(round.sent.accepted.iter().copied()),
        late: lateness(&round.sent),
        cpu_millis: round.cores.millis_each(count),
        server_millis: round.cores.server_millis_each(count),
        group: round.group,
        cores: round.cores,
    })
}

async fn open_loop(bench: &mut Bench<'_>, name: &str, rate: f64, seconds: f64, seed: u64) -> Result<Round> {
    let count = (rate * seconds) as usize;
    let requests = bench.writer.write(count, 0..PEOPLE);
    bench.round(name, requests, Some(arrivals(count, rate, seed))).await
}
