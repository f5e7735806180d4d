//! Measures the built server under load, beside the raw engine and the disk of the same run.
//!
//! It starts the real binary on loopback, sends it signed callbacks on a fixed schedule (a time is counted from when the
//! message was due, not from when it could be sent), follows the log over agents' sockets, counts what is stored and
//! compares. Bars are printed, never asserted: only lost, doubled or refused messages make it fail. It knows the server's
//! tables, since it counts in them and writes the same rows itself, but it never touches what a real installation holds.
//!
//! Start with [`rounds`] (what is measured), then [`load`] (how) and [`raw`] (against what); `--help` lists the options.

mod corpus;
mod database;
mod disk;
mod error;
mod http;
mod installation;
mod load;
mod messages;
mod process;
mod raw;
mod report;
mod rounds;
mod sockets;
mod stats;

use clap::Parser;
use error::Result;
use std::{path::PathBuf, process::ExitCode};

/// Measure the built server: callbacks, sockets, a flood, start and memory.
#[derive(Debug, Parser)]
#[command(name = "bench")]
struct Options {
    /// Which database the server uses.
    #[arg(long, value_enum, default_value = "both")]
    engine: Engines,
    /// Short rounds at low rates: counts are checked, times mean nothing.
    #[arg(long)]
    smoke: bool,
    /// Also write the figures as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// The server's binary [default: target/release/onethread].
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
    /// Where data folders and a PostgreSQL cluster are made [default: the system's folder for temporary files].
    #[arg(long, value_name = "DIR")]
    scratch: Option<PathBuf>,
    /// Repetitions of the rounds that find the knee and of the steady ones.
    #[arg(long, value_name = "N", default_value_t = 3)]
    repeats: usize,
    /// Messages of the history that the rounds `reading` and `search` work on; a customer for each ten comes on top.
    #[arg(long, value_name = "N", default_value_t = 300_000)]
    documents: usize,
    /// Measure these parts alone.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "PARTS")]
    only: Vec<rounds::Part>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Engines {
    Sqlite,
    Postgres,
    Both,
}

fn main() -> ExitCode {
    let options = Options::parse();
    // One thread: the server and its database have the other cores.
    let built = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let outcome: Result<bool> =
        built.map_err(Into::into).and_then(|runtime| tokio::task::LocalSet::new().block_on(&runtime, run(&options)));
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            report::complain(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

/// Measures and reports; true when nothing was lost, doubled or refused.
async fn run(options: &Options) -> Result<bool> {
    let binary = installation::binary(options.binary.clone())?;
    let scratch = options.scratch.clone().unwrap_or_else(std::env::temp_dir);
    let plan = rounds::Plan::new(options.smoke, options.repeats, &options.only, options.documents);
    let mut report = report::Report::new(&binary, options.smoke);
    if matches!(options.engine, Engines::Sqlite | Engines::Both) {
        let place = installation::Place::sqlite(&scratch)?;
        report.engines.push(rounds::measure(&binary, &place, &plan).await?);
    }
    if matches!(options.engine, Engines::Postgres | Engines::Both) {
        let place = installation::Place::postgres(&scratch).await?;
        report.engines.push(rounds::measure(&binary, &place, &plan).await?);
    }
    report.print();
    if let Some(file) = &options.json {
        report.write_json(file)?;
    }
    Ok(report.is_sound())
}
