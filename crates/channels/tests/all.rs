//! The adapters from outside: against the stand-ins of their providers, other people's code, and the suite that every
//! channel passes.

#[path = "messenger/mod.rs"]
mod messenger;
mod peers_run;
