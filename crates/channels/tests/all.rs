//! The adapters from outside: against the stand-ins of their providers, other people's code, and the suite that every
//! channel passes.

#[path = "messenger/mod.rs"]
mod messenger;
#[path = "peers/run.rs"]
mod peers_run;
