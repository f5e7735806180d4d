//! The `onethread` command: configuration, wiring, commands, shutdown.
//!
//! No logic of the product is here. `serve` puts the parts together ([`serve`]), the short commands open the same store
//! beside it ([`people`], [`doctor`]), and [`registry`] is the only place that lists the channels.
//!
//! Start with [`command`] (what can be typed), then [`config`] (one table of settings) and [`serve`].

pub mod command;
pub mod config;
pub mod connections;
pub mod doctor;
pub mod lock;
pub mod logging;
pub mod open;
pub mod people;
pub mod registry;
pub mod serve;

use clap::Parser;
use command::{Cli, Command, DataArguments};
use config::Config;
use std::{ffi::OsString, fmt, io::Write, process::ExitCode};

/// What a command could not do: one or more lines, each saying what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure(pub Vec<String>);

impl Failure {
    /// One line.
    #[must_use]
    pub fn new(line: impl Into<String>) -> Self {
        Self(vec![line.into()])
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0.join("\n"))
    }
}

impl From<service::ServiceError> for Failure {
    fn from(error: service::ServiceError) -> Self {
        use service::ServiceError as Error;
        match error {
            Error::Invalid(faults) => {
                Self(faults.into_iter().map(|fault| format!("{}: {}", fault.field, fault.message)).collect())
            }
            Error::NotFound => Self::new("there is no such thing here; check the name"),
            Error::Conflict { message, .. } => Self::new(message),
            Error::Unavailable(reason) => Self::new(format!("the database cannot be used now: {reason}; try again")),
            // What cannot be written says itself what helps, and where.
            other => Self::new(other.to_string()),
        }
    }
}

impl From<store::StoreError> for Failure {
    fn from(error: store::StoreError) -> Self {
        use store::StoreError as Error;
        Self::new(match error {
            Error::Unavailable(_) => format!("{error}; check the address, and that the database runs"),
            // What cannot be written says itself what helps, and where.
            other => other.to_string(),
        })
    }
}

/// What to do about a file that cannot be written: space, when the disk is full, whatever it would be otherwise.
pub(crate) fn advice<'a>(fault: &str, otherwise: &'a str) -> &'a str {
    let full = ["No space left on device", "os error 28", "quota exceeded"];
    if full.iter().any(|words| fault.contains(words)) { "the disk is full: free space on it" } else { otherwise }
}

/// Runs the command that the arguments name. 0: done; 1: it could not be done, and standard error says what to do;
/// 2: the command was typed wrong.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    // An error means that the process has a provider already: just as good.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version come as errors too; whether they can be printed changes nothing.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    match execute(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure(lines)) => {
            let mut errors = std::io::stderr().lock();
            for line in lines {
                // Nowhere is left to tell that standard error is closed.
                let _ = writeln!(errors, "onethread: {line}");
            }
            ExitCode::FAILURE
        }
    }
}

fn execute(command: Command) -> Result<(), Failure> {
    match command {
        Command::Openapi => {
            say(api::openapi::document_text().map_err(|error| Failure::new(error.to_string()))?.trim_end())
        }
        Command::Config { markdown: false } => say(config::sample().trim_end()),
        Command::Config { markdown: true } => say(config::reference().trim_end()),
        Command::Serve { data, listen } => {
            let config = read(&data, listen)?;
            logging::start(&config);
            runtime()?.block_on(serve::serve(config))
        }
        Command::Token { command, data } => in_store(&data, |opened| people::token(opened, command)),
        Command::User { command, data } => in_store(&data, |opened| people::user(opened, command)),
        Command::Doctor { workspace, data } => {
            logging::start_quiet();
            runtime()?.block_on(doctor::examine(&data.flags(None), workspace.as_deref()))
        }
    }
}

fn read(data: &DataArguments, listen: Option<String>) -> Result<Config, Failure> {
    Config::load(&data.flags(listen)).map_err(|faults| Failure(faults.iter().map(ToString::to_string).collect()))
}

/// Runs a short command on the store, beside a running `serve`.
fn in_store<F>(data: &DataArguments, work: impl FnOnce(open::Opened) -> F) -> Result<(), Failure>
where
    F: Future<Output = Result<(), Failure>>,
{
    logging::start_quiet();
    let config = read(data, None)?;
    runtime()?.block_on(async move { work(open::open(config).await?).await })
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let built = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    built.map_err(|error| Failure::new(format!("the system gives no threads: {error}")))
}

/// Prints to standard output, at once: whoever started us waits for it.
///
/// # Errors
/// When standard output is closed.
pub fn say(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}")
        .and_then(|()| out.flush())
        .map_err(|error| Failure::new(format!("cannot write to standard output: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_with_what_helps() {
        let full = std::io::Error::from_raw_os_error(28).to_string();
        assert!(advice(&full, "make it writable").contains("free space"));
        assert_eq!(advice("Permission denied (os error 13)", "make it writable"), "make it writable");
        let reason = "database or disk is full; free space on the disk of /srv/one/onethread.db";
        let told = Failure::from(store::StoreError::CannotWrite(reason.to_owned())).to_string();
        assert!(told.contains("cannot be written") && told.ends_with(reason), "{told}");
        let told = Failure::from(service::ServiceError::CannotWrite(reason.to_owned())).to_string();
        assert!(told.contains("cannot be written") && told.ends_with(reason), "{told}");
        let told = Failure::from(store::StoreError::Unavailable("closed".to_owned())).to_string();
        assert!(told.contains("check the address") && !told.contains("space"), "{told}");
    }
}
