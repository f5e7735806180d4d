//! What processes use, from `/proc`: processor time, memory; and what others use meanwhile.

use crate::error::Result;
use serde::Serialize;
use std::{collections::HashMap, fs, time::Instant};

/// Clock ticks a second: the kernel tells user space 100 on every machine that we run on.
const TICKS: f64 = 100.0;

/// Processor seconds that a process has used: its own, and those of its children that have ended.
struct Times {
    parent: u32,
    own: f64,
    with_ended: f64,
}

fn times(id: &str) -> Option<Times> {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name may hold anything; the last parenthesis ends it.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |place: usize| fields.get(place).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0) / TICKS;
    let own = ticks(11) + ticks(12);
    Some(Times { parent: fields.get(1)?.parse().ok()?, own, with_ended: own + ticks(13) + ticks(14) })
}

/// A process and its children, if it has any.
#[derive(Debug, Clone, Copy)]
pub struct Watched {
    /// The server.
    pub server: u32,
    /// The database's first process.
    pub database: Option<u32>,
}

/// Processor seconds since the machine or the process started.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    at: Instant,
    busy: f64,
    server: f64,
    database: f64,
    client: f64,
}

/// What was used between two moments, in cores.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Cores {
    /// Seconds between the moments.
    pub seconds: f64,
    /// By the server.
    pub server: f64,
    /// By the database's processes.
    pub database: f64,
    /// By this program.
    pub client: f64,
    /// By everything else on the machine, the kernel's own work included.
    pub foreign: f64,
}

impl Watched {
    /// What has been used up to now.
    pub fn usage(&self) -> Result<Usage> {
        let server = times(&self.server.to_string()).ok_or("the server is gone")?.own;
        let database = match self.database {
            Some(id) => family(id)?,
            None => 0.0,
        };
        let client = times("self").ok_or("no /proc/self/stat")?.own;
        Ok(Usage { at: Instant::now(), busy: busy()?, server, database, client })
    }

    /// Memory in bytes that the server and the database hold (their shares of what is shared).
    pub fn memory(&self) -> Result<(u64, u64)> {
        let mut database = 0;
        if let Some(first) = self.database {
            database = proportional_memory(first).unwrap_or(0);
            for child in children(first) {
                // It may have ended just now.
                database += proportional_memory(child).unwrap_or(0);
            }
        }
        Ok((proportional_memory(self.server)?, database))
    }
}

impl Usage {
    /// From that moment to now.
    pub fn since(&self, begun: &Self) -> Cores {
        let seconds = (self.at - begun.at).as_secs_f64().max(0.001);
        let cores = |now: f64, then: f64| (now - then) / seconds;
        let (server, database) = (cores(self.server, begun.server), cores(self.database, begun.database));
        let client = cores(self.client, begun.client);
        let foreign = (cores(self.busy, begun.busy) - server - database - client).max(0.0);
        Cores { seconds, server, database, client, foreign }
    }
}

impl Cores {
    /// Processor milliseconds of server and database for one message.
    pub fn millis_each(&self, messages: usize) -> f64 {
        (self.server + self.database) * self.seconds * 1000.0 / messages.max(1) as f64
    }

    /// The server's part of it.
    pub fn server_millis_each(&self, messages: usize) -> f64 {
        self.server * self.seconds * 1000.0 / messages.max(1) as f64
    }
}

fn busy() -> Result<f64> {
    let text = fs::read_to_string("/proc/stat")?;
    let line = text.lines().next().ok_or("an empty /proc/stat")?;
    let fields: Vec<f64> = line.split_whitespace().skip(1).filter_map(|text| text.parse().ok()).collect();
    // user, nice, system, (idle, iowait,) irq, softirq; stolen time is not ours to see used.
    Ok([0, 1, 2, 5, 6].iter().filter_map(|place| fields.get(*place)).sum::<f64>() / TICKS)
}

/// Children by parent, of now.
fn children(parent: u32) -> Vec<u32> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter(|id| times(&id.to_string()).is_some_and(|times| times.parent == parent))
        .collect()
}

fn family(first: u32) -> Result<f64> {
    let mut sum = times(&first.to_string()).ok_or("the database is gone")?.with_ended;
    for child in children(first) {
        sum += times(&child.to_string()).map_or(0.0, |times| times.own);
    }
    Ok(sum)
}

fn proportional_memory(id: u32) -> Result<u64> {
    let text = fs::read_to_string(format!("/proc/{id}/smaps_rollup"))?;
    let fields: HashMap<&str, &str> = text.lines().filter_map(|line| line.split_once(':')).collect();
    let kilobytes: u64 =
        fields.get("Pss").and_then(|text| text.trim().strip_suffix(" kB")).ok_or("no Pss")?.trim().parse()?;
    Ok(kilobytes * 1024)
}

/// The largest resident memory that a process ever had, in bytes.
pub fn peak_memory(id: u32) -> Result<u64> {
    let text = fs::read_to_string(format!("/proc/{id}/status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_work_is_seen() {
        let watched = Watched { server: std::process::id(), database: None };
        let begun = watched.usage().unwrap();
        let until = Instant::now() + std::time::Duration::from_millis(300);
        let mut spun = 0_u64;
        while Instant::now() < until {
            spun = std::hint::black_box(spun + 1);
        }
        let used = watched.usage().unwrap().since(&begun);
        assert!(used.server > 0.05 && used.client > 0.05, "{used:?}");
        assert!(watched.memory().unwrap().0 > 100_000);
        assert!(peak_memory(std::process::id()).unwrap() > 100_000);
    }
}
