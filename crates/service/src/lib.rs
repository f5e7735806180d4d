//! The use cases: each checks who asks, lets the pure engines decide, and writes state, log and jobs in one transaction.
//!
//! Callers are `api` (people and programs) and `server` (commands, workers). A use case is a function that takes
//! [`Services`] and, where somebody asks, the [`Caller`]; it returns `model` types or a [`ServiceError`]. Nothing here
//! knows HTTP or SQL, or asks which channel it is.
//!
//! Start with [`callbacks::receive_callback`] (a message comes in), [`inbound`] (it becomes an entry),
//! [`messages::send_message`] and [`delivery`] (the answer goes out), [`live`] (everybody hears of it), [`webhooks`]
//! (other programs too).

pub mod attributes;
pub mod auth;
pub mod calendars;
pub mod callbacks;
pub mod caller;
pub mod channel_accounts;
pub mod clock;
mod composing;
pub mod customers;
pub mod delivery;
pub mod episodes;
pub mod error;
pub mod files;
mod gate;
pub mod housekeeping;
pub mod inbound;
mod jobs;
pub mod labels;
pub mod live;
pub mod merges;
pub mod messages;
pub mod notes;
pub mod operations;
mod pace;
mod paging;
mod profiles;
pub mod resend;
pub mod scheduled;
pub mod search;
mod search_index;
mod secret;
pub mod services;
pub mod signals;
pub mod suppression;
pub mod threads;
pub mod webhooks;

pub use caller::{Actor, Caller};
pub use clock::{Clock, SystemClock, TestClock};
pub use error::{FieldFault, ServiceError};
pub use services::{ServiceConfig, Services};
