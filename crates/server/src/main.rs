//! The `onethread` program.
//!
//! Installs what the whole process shares (the TLS provider) and hands over to [`server::run`]. Nothing else belongs
//! here: tests and the program start from the same place.

use std::process::ExitCode;

fn main() -> ExitCode {
    server::run(std::env::args_os())
}
