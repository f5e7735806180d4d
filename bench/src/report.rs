//! What was measured, against its bars: as a table for people, as JSON for comparing runs.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "this is the program's output")]

use crate::{
    error::Result,
    rounds::{Figures, QUIET},
    stats::Spread,
};
use serde::Serialize;
use std::{fs, path::Path};

/// One run.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The machine: cores, processor, memory, kernel.
    pub machine: String,
    /// The server's binary, in bytes.
    pub binary_bytes: u64,
    /// Short rounds: only the counts mean something.
    pub smoke: bool,
    /// What was measured, by engine.
    pub engines: Vec<Figures>,
}

/// One line of the table.
struct Line {
    what: &'static str,
    measured: String,
    bar: &'static str,
    /// Whether the bar was met; `None` where there is none.
    met: Option<bool>,
}

/// Tells how far the run is.
pub fn progress(text: &str) {
    eprintln!("{text}");
}

/// Tells why the run ended.
pub fn complain(text: &str) {
    eprintln!("bench: {text}");
}

impl Report {
    /// An empty one for this binary, on this machine.
    pub fn new(binary: &Path, smoke: bool) -> Self {
        let binary_bytes = fs::metadata(binary).map_or(0, |metadata| metadata.len());
        Self { machine: machine(), binary_bytes, smoke, engines: Vec::new() }
    }

    /// Nothing was lost, doubled or refused.
    pub fn is_sound(&self) -> bool {
        self.engines.iter().all(|figures| figures.faults.is_empty())
    }

    /// Prints everything.
    pub fn print(&self) {
        println!("{}; binary {:.1} MB", self.machine, self.binary_bytes as f64 / 1e6);
        if self.smoke {
            println!("short rounds: counts are checked, times mean nothing");
        }
        for figures in &self.engines {
            println!("\n{} · {} durable 4 KiB writes/s", figures.version, spread(&figures.durable_writes, 0));
            println!("| what | measured | bar | |\n|---|---|---|---|");
            for Line { what, measured, bar, met } in lines(figures) {
                let mark = match met {
                    Some(true) => "✓",
                    Some(false) => "✗",
                    None => "",
                };
                println!("| {what} | {measured} | {bar} | {mark} |");
            }
            for fault in &figures.faults {
                println!("VOID: {fault}");
            }
        }
    }

    /// Writes everything.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_json(&self, file: &Path) -> Result<()> {
        Ok(fs::write(file, serde_json::to_string_pretty(self)?)?)
    }
}

/// The median, and the range when there is one.
fn spread(values: &[f64], decimals: usize) -> String {
    let Spread { median, min, max, count } = Spread::of(values.iter().copied());
    if count < 2 {
        return format!("{median:.decimals$}");
    }
    format!("{median:.decimals$} ({min:.decimals$}–{max:.decimals$})")
}

fn median(values: &[f64]) -> f64 {
    Spread::of(values.iter().copied()).median
}

fn lines(figures: &Figures) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut line = |what, measured, bar, met| lines.push(Line { what, measured, bar, met });
    if let Some(footprint) = &figures.footprint {
        let (first, idle) = (footprint.first_stored, footprint.idle);
        line(
            "start to the first stored message, ms",
            format!("{:.0} ({:.0}–{:.0})", first.median, first.min, first.max),
            "< 1000",
            Some(first.median < 1000.0),
        );
        line("idle memory of the server, MB", format!("{:.1}", idle.server), "≤ 80", Some(idle.server <= 80.0));
        line("idle memory of the database's processes, MB", format!("{:.1}", idle.database), "", None);
    }
    if !figures.live.is_empty() {
        let of = |pick: fn(&crate::rounds::Live) -> f64| figures.live.iter().map(pick).collect::<Vec<_>>();
        let (p50, p99) = (of(|live| live.latency.p50), of(|live| live.latency.p99));
        line("message → agent's socket at 50/s, p50 ms", spread(&p50, 1), "< 10", Some(median(&p50) < 10.0));
        line("message → agent's socket at 50/s, p99 ms", spread(&p99, 1), "< 50", Some(median(&p99) < 50.0));
        line("the same, longest ms", spread(&of(|live| live.latency.max), 1), "", None);
    }
    if !figures.knee.is_empty() {
        let of = |pick: fn(&crate::rounds::Knee) -> f64| figures.knee.iter().map(pick).collect::<Vec<_>>();
        let (rate, entries, raw) = (
            of(|knee| knee.rate),
            of(|knee| knee.entries_rate),
            figures.raw.iter().map(|raw| raw.rate).collect::<Vec<_>>(),
        );
        let ratios: Vec<f64> = entries.iter().zip(&raw).map(|(entries, raw)| 100.0 * entries / raw).collect();
        let accept_ratios: Vec<f64> = rate.iter().zip(&raw).map(|(rate, raw)| 100.0 * rate / raw).collect();
        let cpu = of(|knee| knee.cpu_millis);
        line("knee: callbacks/s, 99 of 100 within 80 ms", spread(&rate, 0), "≥ 3000", Some(median(&rate) >= 3000.0));
        line("the same until each is an entry, messages/s", spread(&entries, 0), "", None);
        line("raw engine, same rows and group size, messages/s", spread(&raw, 0), "", None);
        line("entries of the raw engine's rate, %", spread(&ratios, 0), "≥ 25", Some(median(&ratios) >= 25.0));
        line("callbacks of the raw engine's rate, %", spread(&accept_ratios, 0), "", None);
        line("processor for a message at the knee, ms", spread(&cpu, 2), "≤ 0.66", Some(median(&cpu) <= 0.66));
        line("of this the server's, ms", spread(&of(|knee| knee.server_millis), 2), "", None);
        line("messages of a transaction", spread(&of(|knee| knee.group), 1), "", None);
        line("in a closed loop, callbacks/s", spread(&of(|knee| knee.closed_loop), 0), "", None);
        line(
            "processor in other hands, cores",
            spread(&of(|knee| knee.cores.foreign), 2),
            "quiet ≤ 0.20",
            Some(median(&of(|knee| knee.cores.foreign)) <= QUIET),
        );
    }
    if !figures.raw_fixed.is_empty() {
        let all: Vec<String> =
            figures.raw_fixed.iter().map(|raw| format!("{:.0} at {}", raw.rate, raw.group)).collect();
        line("raw engine in fixed groups, messages/s", all.join(", "), "", None);
    }
    if !figures.steady.is_empty() {
        let of = |pick: fn(&crate::rounds::Steady) -> f64| figures.steady.iter().map(pick).collect::<Vec<_>>();
        let p99 = of(|steady| steady.accepted.p99);
        line("320/s steady: p50 ms", spread(&of(|steady| steady.accepted.p50), 1), "", None);
        line("320/s steady: p99 ms", spread(&p99, 1), "< 20", Some(median(&p99) < 20.0));
        line("processor for a message at 320/s, ms", spread(&of(|steady| steady.cpu_millis), 2), "", None);
    }
    if let Some(flood) = &figures.flood {
        let what =
            format!("{} sent, {} lost, {} doubled, {} refused", flood.sent, flood.lost, flood.doubled, flood.refused);
        line(
            "flood: 3,000/s for 10 s, 1 % twice, 50/s beside it",
            what,
            "0, 0, 0",
            Some(flood.lost == 0 && flood.doubled == 0 && flood.refused == 0),
        );
        line(
            "flood: callback → 200, p50 / p99 / longest ms",
            format!("{:.0} / {:.0} / {:.0}", flood.accepted.p50, flood.accepted.p99, flood.accepted.max),
            "p99 < 80",
            Some(flood.accepted.p99 < 80.0),
        );
        line(
            "flood: sockets current after, s",
            format!("{:.1}", flood.current_after),
            "< 5",
            Some(flood.current_after < 5.0),
        );
        line(
            "flood: lag at a socket during it, p50 / p99 ms",
            format!("{:.0} / {:.0}", flood.lag_during.p50, flood.lag_during.p99),
            "",
            None,
        );
        line("flood: lag three seconds later, p99 ms", format!("{:.0}", flood.lag_after.p99), "", None);
        line("flood: processor for a message, ms", format!("{:.2}", flood.cpu_millis), "", None);
        line(
            "memory of the server afterwards, and its peak, MB",
            format!("{:.1}, {:.1}", flood.memory.server, flood.memory.server_peak),
            "",
            None,
        );
        line("flood: processor in other hands, cores", format!("{:.2}", flood.cores.foreign), "", None);
    }
    lines
}

/// Cores, processor, memory and kernel, as the system tells them; no names of machines.
fn machine() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).map(str::to_owned);
        line.and_then(|line| line.split_once(':').map(|(_, value)| value.trim().to_owned())).unwrap_or_default()
    };
    let (processor, memory) = (read("/proc/cpuinfo"), read("/proc/meminfo"));
    let cores = processor.lines().filter(|line| line.starts_with("processor")).count();
    let kilobytes: f64 = field(&memory, "MemTotal").split(' ').next().and_then(|text| text.parse().ok()).unwrap_or(0.0);
    let kernel = read("/proc/sys/kernel/osrelease");
    format!(
        "{cores} × {}, {:.0} GiB, Linux {}",
        field(&processor, "model name"),
        kilobytes / 1_048_576.0,
        kernel.trim()
    )
}
