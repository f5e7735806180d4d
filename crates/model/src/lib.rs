//! The words of the product as types: ids, rich messages, delivery states, roles, the send gate.
//!
//! Everything here is pure: values in, values out. No clock, no I/O, no async; time is a parameter
//! ([`Timestamp`], unix milliseconds, UTC). Every other crate speaks in these types, so a word is spelt
//! once and means one thing in the database, the API and the documentation.
//!
//! Start with [`id`] (how things are named), then [`message`] (what is said) and [`delivery`] (what
//! became of it).

pub mod agent;
pub mod attribute;
pub mod attribution;
pub mod auth;
pub mod block;
pub mod calendar;
pub mod capabilities;
pub mod channel_account;
pub mod cursor;
pub mod customer;
pub mod delivery;
pub mod entry;
pub mod episode;
pub mod file;
pub mod fold;
pub mod follow_up;
pub mod gate;
pub mod id;
pub mod label;
pub mod log;
pub mod merge;
pub mod merge_record;
pub mod message;
pub mod objects;
pub mod operation;
pub mod promise;
pub mod search;
mod spelling;
pub mod text;
pub mod thread;
pub mod time;
pub mod turn;
pub mod webhook;

pub use auth::{Permission, Role};
pub use block::Block;
pub use capabilities::Capabilities;
pub use cursor::Cursor;
pub use delivery::{DeliveryState, FailureReason, NextStep};
pub use id::*;
pub use time::Timestamp;
