//! The figures for people and for programs, each beside its bar.

use crate::{
    error::Result,
    process::Cores,
    rounds::{Figures, QUIET},
    stats::{Latency, Spread},
};
use serde::Serialize;
use std::{fs, io::Write, path::Path};

/// Everything that was found out.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The short form: its times mean nothing.
    pub smoke: bool,
    /// Bytes of the server's binary.
    pub binary_bytes: u64,
    /// Processors of the machine.
    pub processors: usize,
    /// What the kernel calls them.
    pub processor: String,
    /// By engine.
    pub engines: Vec<Figures>,
}

/// One figure beside its bar.
struct Line {
    what: String,
    measured: String,
    bar: &'static str,
    holds: Option<bool>,
}

/// Tells how far it is, on standard error.
pub fn progress(text: &str) {
    complain(text);
}

/// Writes a line to standard error.
pub fn complain(text: &str) {
    // Nobody listens any more: nothing to do about it.
    let _ = writeln!(std::io::stderr(), "bench: {text}");
}

fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

impl Report {
    /// An empty one about this binary.
    pub fn new(binary: &Path, smoke: bool) -> Self {
        let information = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let named = information.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
        Self {
            smoke,
            binary_bytes: fs::metadata(binary).map_or(0, |found| found.len()),
            processors: std::thread::available_parallelism().map_or(1, usize::from),
            processor: named.map_or_else(String::new, |(_, name)| name.trim().to_owned()),
            engines: Vec::new(),
        }
    }

    /// Nothing was lost, doubled or refused.
    pub fn is_sound(&self) -> bool {
        self.engines.iter().all(|figures| figures.faults.is_empty())
    }

    /// Writes JSON.
    pub fn write_json(&self, file: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)?;
        fs::write(file, text + "\n").map_err(|error| format!("cannot write {}: {error}", file.display()).into())
    }

    /// Prints a table for each engine.
    pub fn print(&self) {
        for figures in &self.engines {
            say(&format!("\n{} on {} × {}", figures.version, self.processors, self.processor));
            let disk = Spread::of(figures.durable_writes.iter().copied());
            say(&format!("durable writes of 4 KiB: {} /s", spread(disk, 0)));
            say(&format!("\n| {:<52} | {:<44} | {:<16} |   |", "what", "measured: median (min–max)", "bar"));
            say(&format!("|{:-<54}|{:-<46}|{:-<18}|---|", "", "", ""));
            for Line { what, measured, bar, holds } in lines(figures) {
                let mark = holds.map_or(" ", |holds| if holds { "✓" } else { "✗" });
                say(&format!("| {what:<52} | {measured:<44} | {bar:<16} | {mark} |"));
            }
            for fault in &figures.faults {
                say(&format!("VOID {fault}"));
            }
        }
        if self.smoke {
            say("\nShort rounds: only the counts mean something.");
        }
    }
}

fn spread(spread: Spread, digits: usize) -> String {
    let Spread { median, min, max, .. } = spread;
    format!("{median:.digits$} ({min:.digits$}–{max:.digits$})")
}

fn latency(latency: Latency) -> String {
    format!("{:.1} / {:.1} / {:.1} ms", latency.p50, latency.p99, latency.max)
}

/// Of several rounds: the medians of each percentile.
fn typical<'l>(rounds: impl Iterator<Item = &'l Latency> + Clone) -> Latency {
    let median = |pick: fn(&Latency) -> f64| Spread::of(rounds.clone().map(pick)).median;
    Latency { p50: median(|l| l.p50), p99: median(|l| l.p99), max: Spread::of(rounds.clone().map(|l| l.max)).max }
}

fn foreign<'c>(rounds: impl Iterator<Item = &'c Cores> + Clone) -> Line {
    let most = Spread::of(rounds.clone().map(|cores| cores.foreign));
    let marked = rounds.filter(|cores| cores.foreign > QUIET).count();
    let note = if marked > 0 { format!("; {marked} of {} over {QUIET}: contended", most.count) } else { String::new() };
    Line { what: "  cores in other hands".into(), measured: spread(most, 2) + &note, bar: "", holds: None }
}

fn plain(what: impl Into<String>, measured: String) -> Line {
    Line { what: what.into(), measured, bar: "", holds: None }
}

fn barred(what: impl Into<String>, measured: String, bar: &'static str, holds: bool) -> Line {
    Line { what: what.into(), measured, bar, holds: Some(holds) }
}

fn lines(figures: &Figures) -> Vec<Line> {
    let mut lines = Vec::new();
    knee(figures, &mut lines);
    steady(figures, &mut lines);
    if let Some(first) = figures.live.first() {
        let seen = typical(figures.live.iter().map(|round| &round.latency));
        let what = format!("message → {} sockets at {}/s, p50 / p99 / max", first.agents, first.rate);
        lines.push(barred(what, latency(seen), "< 10 / < 50 ms", seen.p50 < 10.0 && seen.p99 < 50.0));
        lines.push(plain("  accepted", latency(typical(figures.live.iter().map(|round| &round.accepted)))));
        lines.push(plain("  sent late by", latency(typical(figures.live.iter().map(|round| &round.late)))));
        lines.push(foreign(figures.live.iter().map(|round| &round.cores)));
    }
    flood(figures, &mut lines);
    reading(figures, &mut lines);
    search(figures, &mut lines);
    if let Some(footprint) = &figures.footprint {
        let idle = footprint.idle;
        let measured = format!("{:.1} MB, database's processes {:.1} MB", idle.server, idle.database);
        lines.push(barred("idle memory", measured, "≤ 80 MB", idle.server + idle.database <= 80.0));
        let cold = footprint.first_stored;
        lines.push(barred("start → first stored message", spread(cold, 0) + " ms", "< 1000 ms", cold.max < 1000.0));
        lines.push(plain("  start → address", spread(footprint.address, 0) + " ms"));
    }
    lines
}

fn knee(figures: &Figures, lines: &mut Vec<Line>) {
    let knee = &figures.knee;
    if knee.is_empty() {
        return;
    }
    let of = |pick: fn(&crate::rounds::Knee) -> f64| Spread::of(knee.iter().map(pick));
    let (rate, cpu) = (of(|round| round.rate), of(|round| round.cpu_millis));
    lines.push(barred(
        "signed callback → durable → 200, knee",
        spread(rate, 0) + " /s",
        "≥ 3000 /s",
        rate.median >= 3000.0,
    ));
    lines.push(plain("  until all are entries", spread(of(|round| round.entries_rate), 0) + " /s"));
    lines.push(plain("  closed loop", spread(of(|round| round.closed_loop), 0) + " /s"));
    lines.push(plain("  p50 / p99 / max", latency(typical(knee.iter().map(|round| &round.accepted)))));
    lines.push(barred("  processor for a message", spread(cpu, 3) + " ms", "≤ 0.66 ms", cpu.median <= 0.66));
    lines.push(plain("    of it the server's", spread(of(|round| round.server_millis), 3) + " ms"));
    lines.push(plain("  client's cores", spread(of(|round| round.cores.client), 2)));
    lines.push(plain("  last answer → last entry", spread(of(|round| round.drain_seconds), 2) + " s"));
    lines.push(foreign(knee.iter().map(|round| &round.cores)));
    let group = of(|round| round.group);
    lines.push(plain("  messages of a transaction", spread(group, 1)));
    let raw = Spread::of(figures.raw.iter().map(|raw| raw.rate));
    lines.push(plain("raw engine in groups of that size", spread(raw, 0) + " /s"));
    // Each knee against the raw engine measured next to it; quiet pairs alone, if there are any.
    let quiet = |(knee, raw): &(&crate::rounds::Knee, &crate::raw::Raw)| knee.cores.foreign.max(raw.foreign) <= QUIET;
    let some_quiet = knee.iter().zip(&figures.raw).any(|pair| quiet(&pair));
    let pairs = || knee.iter().zip(&figures.raw).filter(|pair| !some_quiet || quiet(pair));
    let accepted = Spread::of(pairs().map(|(knee, raw)| 100.0 * knee.rate / raw.rate));
    let entries = Spread::of(pairs().map(|(knee, raw)| 100.0 * knee.entries_rate / raw.rate));
    let note = format!(" %, {} quiet pairs", if some_quiet { accepted.count } else { 0 });
    lines.push(barred("  knee / raw engine", spread(accepted, 0) + &note, "≥ 25 %", accepted.median >= 25.0));
    lines.push(barred(
        "  until all are entries / raw engine",
        spread(entries, 0) + " %",
        "≥ 25 %",
        entries.median >= 25.0,
    ));
    for raw in &figures.raw_fixed {
        let share = 100.0 * rate.median / raw.rate;
        let measured = format!("{:.0} /s; the knee is {share:.0} % of it", raw.rate);
        lines.push(plain(format!("raw engine in groups of {}", raw.group), measured));
    }
}

fn steady(figures: &Figures, lines: &mut Vec<Line>) {
    if let Some(first) = figures.steady.first() {
        let accepted = typical(figures.steady.iter().map(|round| &round.accepted));
        let what = format!("{}/s steadily, p50 / p99 / max", first.rate);
        lines.push(barred(what, latency(accepted), "p99 < 20 ms", accepted.p99 < 20.0));
        let cpu = Spread::of(figures.steady.iter().map(|round| round.cpu_millis));
        lines.push(plain("  processor for a message", spread(cpu, 3) + " ms"));
        let server = Spread::of(figures.steady.iter().map(|round| round.server_millis));
        lines.push(plain("    of it the server's", spread(server, 3) + " ms"));
        lines.push(plain("  sent late by", latency(typical(figures.steady.iter().map(|round| &round.late)))));
        lines.push(foreign(figures.steady.iter().map(|round| &round.cores)));
    }
}

fn reading(figures: &Figures, lines: &mut Vec<Line>) {
    let Some(reading) = &figures.reading else { return };
    lines.push(plain("reading among", format!("{} entries of {} threads", reading.entries, reading.threads)));
    for kind in &reading.read {
        let measured = format!("{}, {:.1} items", latency(kind.latency), kind.items);
        lines.push(barred(format!("  {}", kind.what), measured, "p99 < 20 ms", kind.latency.p99 < 20.0));
    }
    let merged = &reading.merged;
    let measured = format!(
        "{:.1} ms; {} identity moved, {} records of the log; back in {:.1} ms",
        merged.merge_millis, merged.identities, merged.records, merged.undo_millis
    );
    lines.push(plain(format!("  merging two customers with {} entries", merged.entries), measured));
}

fn search(figures: &Figures, lines: &mut Vec<Line>) {
    let Some(search) = &figures.search else { return };
    let per_document = (search.bytes[1].saturating_sub(search.bytes[0])) as f64 / search.documents as f64;
    let measured = format!("{:.0} /s, {per_document:.0} bytes each", search.indexed_per_second);
    lines.push(plain(format!("search index of {} documents", search.documents), measured));
    for kind in &search.searched {
        let measured = format!("{}, {:.1} hits", latency(kind.latency), kind.hits);
        lines.push(barred(format!("  {}", kind.what), measured, "p99 < 100 ms", kind.latency.p99 < 100.0));
    }
    lines.push(plain("  words, eight searches at once", latency(search.eight_at_once)));
}

fn flood(figures: &Figures, lines: &mut Vec<Line>) {
    let Some(flood) = &figures.flood else { return };
    let (lost, doubled, refused) = (flood.lost, flood.doubled, flood.refused);
    lines.push(barred(
        format!("flood of {}/s for {} s beside the usual load", flood.rate, flood.seconds),
        format!("{lost} lost, {doubled} doubled, {refused} refused of {}", flood.unique),
        "0, 0",
        lost == 0 && doubled == 0 && refused == 0,
    ));
    lines.push(barred(
        "  accepted, p50 / p99 / max",
        latency(flood.accepted),
        "p99 < 80 ms",
        flood.accepted.p99 < 80.0,
    ));
    lines.push(plain("  sent late by", latency(flood.late)));
    lines.push(plain(format!("  lag of {} sockets during it", flood.agents), latency(flood.lag_during)));
    let current = format!("{:.2} s", flood.current_after);
    lines.push(barred("  sockets current again after", current, "< 5 s", flood.current_after < 5.0));
    let calm = latency(flood.lag_after);
    lines.push(barred("  their lag more than 3 s later", calm, "p99 < 100 ms", flood.lag_after.p99 < 100.0));
    lines.push(plain("  processor for a message, frames included", format!("{:.3} ms", flood.cpu_millis)));
    lines.push(plain("  messages of a transaction", format!("{:.1}", flood.group)));
    lines.push(foreign(std::iter::once(&flood.cores)));
    let memory = flood.memory;
    let measured =
        format!("{:.1} MB, at most {:.1}; database's {:.1} MB", memory.server, memory.server_peak, memory.database);
    lines.push(plain("  memory 10 s later", measured));
}
