//! The words of the product as types: ids, rich messages, delivery states, roles, the send gate.
//!
//! Everything here is pure: values in, values out. No clock, no I/O, no async; time is a parameter
//! ([`Timestamp`], unix milliseconds, UTC). Every other crate speaks in these types, so a word is spelt
//! once and means one thing in the database, the API and the documentation.
//!
//! Start with [`id`] (how things are named), then [`message`] (what is said) and [`delivery`] (what
//! became of it).

pub mod agent;
pub mod auth;
pub mod block;
pub mod channel_account;
pub mod cursor;
pub mod customer;
pub mod delivery;
pub mod entry;
pub mod fold;
pub mod gate;
pub mod id;
pub mod log;
pub mod message;
pub mod operation;
pub mod search;
pub mod thread;
pub mod time;

pub use auth::{Permission, Role};
pub use block::Block;
pub use cursor::Cursor;
pub use delivery::{DeliveryState, FailureReason};
pub use id::*;
pub use time::Timestamp;
