//! One folder per channel, each an implementation of [`channel::Channel`].
//!
//! A folder holds the channel's codec (pure bytes ↔ types), what comes in, what goes out, how failures are sorted, its
//! fixtures and a README with the set-up steps for the person who installs it. Nothing outside a folder knows the
//! channel's name, and no folder knows another; only `server` lists them. No SQL here, and no HTTP but through
//! [`channel::http::HttpClient`].
//!
//! Start with [`messenger`].

pub mod messenger;
