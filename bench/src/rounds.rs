//! What is measured, in which order.
//!
//! A round: probe the disk, send, wait until everything is an entry, count. What is counted must be what was accepted,
//! or the round is void and the program fails.

mod filled;
mod flood;
mod footprint;
mod inbound;
mod live;
mod reading;
mod search;

use crate::{
    database::{Reader, Stored},
    disk,
    error::Result,
    installation::{Installation, Place, Server},
    load::{Sent, send},
    messages::{Request, Writer, unique},
    process::Cores,
    raw, report,
    stats::Latency,
};
use filled::Filled;
pub use flood::Flood;
pub use footprint::Footprint;
pub use inbound::{Knee, Steady};
pub use live::Live;
pub use reading::Reading;
pub use search::Search;
use serde::Serialize;
use std::{path::Path, time::Duration};

/// Connections of the senders.
const CONNECTIONS: usize = 128;
/// How long the server may need to turn what it has accepted into entries.
const DRAIN: Duration = Duration::from_secs(120);
/// A round with more of the processor in other hands is marked.
pub const QUIET: f64 = 0.2;

/// Parts that can be measured alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Part {
    /// Start and memory.
    Footprint,
    /// Message to socket.
    Live,
    /// The knee, and the raw engine.
    Knee,
    /// The steady rate.
    Steady,
    /// The flood.
    Flood,
    /// Lists, threads and merging in a filled installation; only when it is named, since filling takes minutes.
    Reading,
    /// Search in the same one; only when it is named.
    Search,
}

/// Rates, lengths, repetitions.
#[derive(Debug, Clone)]
pub struct Plan {
    smoke: bool,
    parts: Vec<Part>,
    repeats: usize,
    documents: usize,
}

impl Plan {
    /// The default one, or the short one; all parts but those that need a long history, unless some are named.
    pub fn new(smoke: bool, repeats: usize, parts: &[Part], documents: usize) -> Self {
        let all = [Part::Footprint, Part::Live, Part::Knee, Part::Steady, Part::Flood];
        let parts = if parts.is_empty() { all.to_vec() } else { parts.to_vec() };
        Self { smoke, parts, repeats: if smoke { 1 } else { repeats.max(1) }, documents }
    }

    /// One of two values.
    fn pick<T>(&self, full: T, smoke: T) -> T {
        if self.smoke { smoke } else { full }
    }

    fn is_smoke(&self) -> bool {
        self.smoke
    }

    /// Messages of a long history.
    fn documents(&self) -> usize {
        self.pick(self.documents, 2_000)
    }

    fn has(&self, part: Part) -> bool {
        self.parts.contains(&part)
    }
}

/// What was found out about the server on one engine.
#[derive(Debug, Serialize)]
pub struct Figures {
    /// `sqlite` or `postgres`.
    pub engine: &'static str,
    /// The engine's version.
    pub version: String,
    /// Durable writes of 4 KiB a second, before each round.
    pub durable_writes: Vec<f64>,
    /// Start and memory.
    pub footprint: Option<Footprint>,
    /// Message to socket.
    pub live: Vec<Live>,
    /// The highest rate that is accepted in time.
    pub knee: Vec<Knee>,
    /// A steady rate.
    pub steady: Vec<Steady>,
    /// The raw engine in the group size of the knee round beside it.
    pub raw: Vec<raw::Raw>,
    /// The raw engine in groups of fixed sizes.
    pub raw_fixed: Vec<raw::Raw>,
    /// The flood.
    pub flood: Option<Flood>,
    /// Reading from a long history.
    pub reading: Option<Reading>,
    /// Search in it.
    pub search: Option<Search>,
    /// Why rounds are void: messages lost, doubled or refused.
    pub faults: Vec<String>,
}

/// A server under measurement.
struct Bench<'p> {
    plan: &'p Plan,
    place: &'p Place,
    server: Server,
    token: String,
    reader: Reader,
    writer: Writer,
    durable_writes: Vec<f64>,
    faults: Vec<String>,
}

/// What a round of sending came to.
struct Round {
    sent: Sent,
    /// Processor use from the first message until all were entries.
    cores: Cores,
    /// How long that took.
    seconds: f64,
    /// From the last answer until the last entry.
    drain: Duration,
    /// Messages of a transaction: each is written in two, as an event and as an entry.
    group: f64,
}

/// Measures the server on one engine.
pub async fn measure(binary: &Path, place: &Place, plan: &Plan) -> Result<Figures> {
    let engine = place.engine();
    report::progress(&format!("{engine}: installing"));
    let installation = Installation::create(binary, place, "installation").await?;
    let version = installation.database.reader().await?.version().await?;
    let mut figures = Figures {
        engine,
        version,
        durable_writes: Vec::new(),
        footprint: None,
        live: Vec::new(),
        knee: Vec::new(),
        steady: Vec::new(),
        raw: Vec::new(),
        raw_fixed: Vec::new(),
        flood: None,
        reading: None,
        search: None,
        faults: Vec::new(),
    };
    let mut writer = Writer::new(installation.target());
    let server = if plan.has(Part::Footprint) {
        report::progress(&format!("{engine}: start and memory"));
        let (footprint, server) = footprint::measure(plan, &installation, &mut writer).await?;
        figures.footprint = Some(footprint);
        server
    } else {
        installation.start()?
    };
    writer.aim(server.target.clone());
    let reader = installation.database.reader().await?;
    let token = installation.token.clone();
    let (durable_writes, faults) = (Vec::new(), Vec::new());
    let mut bench = Bench { plan, place, server, token, reader, writer, durable_writes, faults };
    // Everyone of the steady rounds writes once, so that later rounds find them.
    bench.warm_up().await?;
    if plan.has(Part::Live) {
        for turn in 0..plan.repeats {
            report::progress(&format!("{engine}: message to socket, round {}", turn + 1));
            figures.live.push(live::measure(&mut bench).await?);
        }
    }
    for turn in 0..plan.repeats {
        if plan.has(Part::Knee) {
            report::progress(&format!("{engine}: knee and raw engine, round {}", turn + 1));
            let knee = inbound::find_knee(&mut bench, turn).await?;
            let group = (knee.group.round() as usize).max(1);
            figures.raw.extend(bench.raw(&format!("raw_{turn}"), &[group]).await?);
            figures.knee.push(knee);
        }
        if plan.has(Part::Steady) {
            report::progress(&format!("{engine}: steady, round {}", turn + 1));
            figures.steady.push(inbound::hold_steady(&mut bench).await?);
        }
    }
    if plan.has(Part::Knee) {
        figures.raw_fixed = bench.raw("raw_fixed", plan.pick(&[64, 256], &[8])).await?;
    }
    if plan.has(Part::Flood) {
        report::progress(&format!("{engine}: flood"));
        figures.flood = Some(flood::measure(&mut bench).await?);
    }
    let Bench { server, durable_writes, faults, .. } = bench;
    server.stop();
    figures.durable_writes = durable_writes;
    figures.faults = faults;
    if plan.has(Part::Search) || plan.has(Part::Reading) {
        report::progress(&format!("{engine}: a history of {} messages", plan.documents()));
        let mut filled = Filled::create(binary, place, plan).await?;
        if plan.has(Part::Reading) {
            report::progress(&format!("{engine}: reading"));
            let reading = reading::measure(&mut filled, plan).await?;
            figures.faults.extend(reading.faults.iter().map(|fault| format!("reading, {fault}")));
            figures.reading = Some(reading);
        }
        if plan.has(Part::Search) {
            report::progress(&format!("{engine}: search"));
            let search = search::measure(&mut filled, plan).await?;
            figures.faults.extend(search.faults.iter().map(|fault| format!("search, {fault}")));
            figures.search = Some(search);
        }
        filled.server.stop();
    }
    Ok(figures)
}

impl Bench<'_> {
    async fn raw(&self, name: &str, groups: &[usize]) -> Result<Vec<raw::Raw>> {
        let duration = Duration::from_millis(self.plan.pick(2_000, 100));
        raw::measure(self.place, self.server.watched, name, groups, duration).await
    }

    fn probe_disk(&mut self) -> Result<f64> {
        let duration = Duration::from_millis(self.plan.pick(1_000, 100));
        let rate = disk::durable_writes_per_second(self.place.disk(), duration)?;
        self.durable_writes.push(rate);
        Ok(rate)
    }

    async fn warm_up(&mut self) -> Result<()> {
        let requests = self.writer.flood(raw::PEOPLE * 5, 0..1, 0..raw::PEOPLE, 0.0);
        self.round("warm-up", requests, None).await?;
        Ok(())
    }

    /// Sends, waits until everything is an entry, and counts.
    async fn round(&mut self, name: &str, requests: Vec<Request>, due: Option<Vec<f64>>) -> Result<Round> {
        let (before, transactions) = (self.reader.stored().await?, self.reader.transactions().await?);
        let (expected, connections) = (unique(&requests), CONNECTIONS.min(requests.len()));
        let begun = self.server.watched.usage()?;
        let sent = send(&self.server.target, requests, due, connections).await?;
        let answered = std::time::Instant::now();
        let drained = self.reader.wait_until_drained(DRAIN).await?;
        let cores = self.server.watched.usage()?.since(&begun);
        let drain = answered.elapsed();
        let committed = self.reader.transactions().await? - transactions;
        if !drained {
            self.faults.push(format!("{name}: events still wait after {} s", DRAIN.as_secs()));
        }
        self.check(name, before, expected, &sent).await?;
        let group = 2.0 * expected as f64 / committed.max(1) as f64;
        Ok(Round { seconds: (sent.took + drain).as_secs_f64(), sent, cores, drain, group })
    }

    /// What is stored must be what was accepted.
    async fn check(&mut self, name: &str, before: Stored, expected: usize, sent: &Sent) -> Result<()> {
        let now = self.reader.stored().await?;
        let new = Stored {
            events: now.events - before.events,
            messages: now.messages - before.messages,
            entries: now.entries - before.entries,
        };
        let accepted = sent.numbers.len() as i64;
        if sent.refused > 0 {
            let first = sent.first_refusal.as_deref().unwrap_or_default();
            self.faults.push(format!("{name}: {} of {expected} refused, the first with: {first}", sent.refused));
        } else if new != (Stored { events: accepted, messages: accepted, entries: accepted }) {
            self.faults.push(format!("{name}: {accepted} accepted, stored: {new:?}"));
        }
        Ok(())
    }
}

/// How late this program itself was, in the middle and at its worst.
fn lateness(sent: &Sent) -> Latency {
    Latency::of(sent.late.iter().copied())
}
