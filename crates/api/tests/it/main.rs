//! What the HTTP face promises by itself. Tests that need a living server are in `server`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that fails says where")]

mod contract;
mod routes;
