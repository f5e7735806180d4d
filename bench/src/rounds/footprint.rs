//! Start and memory.

use super::Plan;
use crate::{
    error::Result,
    http::Connection,
    installation::{Installation, Server},
    messages::Writer,
    process::{Watched, peak_memory},
    stats::Spread,
};
use serde::Serialize;
use std::time::{Duration, Instant};

/// Start and memory.
#[derive(Debug, Clone, Serialize)]
pub struct Footprint {
    /// From the start of the process to the 200 of the first callback, in milliseconds, on an installation that exists.
    pub first_stored: Spread,
    /// From the start of the process to its address, in milliseconds.
    pub address: Spread,
    /// Memory some seconds after the start.
    pub idle: Memory,
}

/// Memory in MB (10⁶ bytes).
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Memory {
    /// Of the server: its share of what processes share.
    pub server: f64,
    /// Of all processes of the database.
    pub database: f64,
    /// The most that the server ever had in memory.
    pub server_peak: f64,
}

impl Memory {
    /// As it is now.
    pub fn now(watched: Watched) -> Result<Self> {
        let megabytes = |bytes: u64| bytes as f64 / 1e6;
        let (server, database) = watched.memory()?;
        let server_peak = megabytes(peak_memory(watched.server)?);
        Ok(Self { server: megabytes(server), database: megabytes(database), server_peak })
    }
}

/// Starts the server some times, each with one message; leaves a fresh one running.
pub(super) async fn measure(
    plan: &Plan,
    installation: &Installation,
    writer: &mut Writer,
) -> Result<(Footprint, Server)> {
    let (mut first_stored, mut addresses) = (Vec::new(), Vec::new());
    for _ in 0..plan.pick(5, 1) {
        let begun = Instant::now();
        let server = installation.start()?;
        let address = begun.elapsed();
        // Not the server's time: writing the request, a fraction of a millisecond.
        writer.aim(server.target.clone());
        let requests = writer.write(1, 0..1);
        let answer = Connection::open(&server.target.address).await?.exchange(&requests[0].bytes).await?;
        if answer.status != 200 {
            return Err(format!("the first callback was answered with {}", answer.status).into());
        }
        first_stored.push(begun.elapsed().as_secs_f64() * 1000.0);
        addresses.push(address.as_secs_f64() * 1000.0);
        server.stop();
    }
    let server = installation.start()?;
    // Nobody calls, and what the start needed more of is given back by then.
    tokio::time::sleep(Duration::from_secs(plan.pick(30, 1))).await;
    let idle = Memory::now(server.watched)?;
    Ok((Footprint { first_stored: Spread::of(first_stored), address: Spread::of(addresses), idle }, server))
}
