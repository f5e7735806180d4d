//! From a customer's message to the agents' sockets.

use super::{Bench, Cores, lateness};
use crate::{error::Result, messages::arrivals, raw::PEOPLE, sockets::Agents, stats::Latency};
use serde::Serialize;
use std::{collections::HashMap, time::Duration};

/// Messages a second.
const RATE: f64 = 50.0;
/// Agents who follow.
const AGENTS: usize = 20;

/// One round.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Live {
    /// Messages a second.
    pub rate: f64,
    /// Agents who follow.
    pub agents: usize,
    /// From when a message was due to its bytes at a socket, over all sockets, in milliseconds.
    pub latency: Latency,
    /// From when a message was due to its 200.
    pub accepted: Latency,
    /// How late this program sent.
    pub late: Latency,
    /// Processor use.
    pub cores: Cores,
}

pub(super) async fn measure(bench: &mut Bench<'_>) -> Result<Live> {
    bench.probe_disk()?;
    let (rate, count, agents) = bench.plan.pick((RATE, 750, AGENTS), (30.0, 60, 5));
    let sockets = Agents::open(&bench.server.target.address, &bench.token, agents).await?;
    let due = arrivals(count, rate, 50);
    let requests = bench.writer.write(count, 0..PEOPLE);
    let places: HashMap<usize, f64> = requests.iter().map(|request| request.number).zip(due.iter().copied()).collect();
    let round = bench.round("message to socket", requests, Some(due)).await?;
    let complete = sockets.wait(count, Duration::from_secs(10)).await;
    if !complete || sockets.doubled() > 0 {
        let (fewest, doubled) = (sockets.fewest(), sockets.doubled());
        bench.faults.push(format!("message to socket: {fewest} of {count} seen by a socket, {doubled} twice"));
    }
    let latency = Latency::of(sockets.arrivals().into_iter().filter_map(|(number, at)| {
        let due = round.sent.begun + Duration::from_secs_f64(*places.get(&number)?);
        Some(at.saturating_duration_since(due))
    }));
    let accepted = Latency::of(round.sent.accepted.iter().copied());
    Ok(Live { rate, agents: sockets.count(), latency, accepted, late: lateness(&round.sent), cores: round.cores })
}
