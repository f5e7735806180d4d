//! What the program promises from outside, on both engines: the real binary, real sockets, Meta's side played by a
//! stand-in.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a test that fails says where")]

mod harness;
mod kill;
mod living;
mod messages;
mod people;
mod problems;
mod search;
mod starting;
mod strangers;
