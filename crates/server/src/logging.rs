//! The log, on standard error.
//!
//! Sentences that read well alone, with the same values as fields. Never words of a message, addresses of people,
//! credentials or bodies.

use crate::config::{Config, LogFormat};
use std::panic::PanicHookInfo;
use tracing_subscriber::{EnvFilter, fmt};

/// Starts the server's log.
pub fn start(config: &Config) {
    let builder = fmt().with_env_filter(config.log_level.filter()).with_writer(std::io::stderr);
    let started = match config.log_format {
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
        LogFormat::Text => builder.with_ansi(false).try_init(),
    };
    // A second start in one process keeps the first log.
    if started.is_ok() {
        std::panic::set_hook(Box::new(log_panic));
    }
}

/// Starts the log of a short command: what goes wrong, and nothing else.
pub fn start_quiet() {
    let started =
        fmt().with_env_filter(EnvFilter::new("error")).with_ansi(false).with_writer(std::io::stderr).try_init();
    if started.is_ok() {
        std::panic::set_hook(Box::new(log_panic));
    }
}

/// Logs where a panic happened. Its words only when they stand in our source as they are: made-up ones may hold what a
/// customer wrote (a cut in the middle of a letter prints the whole text).
fn log_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let words = panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("(its words are withheld)");
    tracing::error!(place, words, "a fault of the program");
}
