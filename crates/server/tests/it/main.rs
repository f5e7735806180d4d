//! What the program promises from outside, on both engines: the real binary, real sockets, Meta's side played by a
//! stand-in.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a test that fails says where")]

mod catalogue;
mod delivery;
mod file_life;
mod files;
mod finding;
mod harness;
mod kill;
mod living;
mod media;
mod media_kill;
mod media_out;
mod merging;
mod messages;
mod operations;
mod people;
mod problems;
mod rich;
mod search;
mod snapshots;
mod starting;
mod strangers;
mod webhooks;
mod webhooks_kill;
mod webhooks_peers;
