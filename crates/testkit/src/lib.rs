//! What tests need and the product does not: providers that are not there, databases, a process to kill.
//!
//! A dev-dependency only. It never depends on `channels`: the stand-ins of providers are written from the providers'
//! documentation, so that they and the adapters check each other. Start with [`graph`] (Meta's side of Messenger),
//! [`receiver`] (an integrator's side of webhooks), [`postgres`] (a database per test) and [`binary`] (the real program, to
//! be killed).

pub mod binary;
pub mod graph;
pub mod postgres;
pub mod random;
pub mod receiver;

use std::sync::Once;

/// Installs the process-wide TLS provider, which HTTP clients need. May be called any number of times.
pub fn install_tls() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An error means that somebody installed one already: just as good.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    });
}
