//! The only SQL: two engines behind one body of queries, one module per feature.
//!
//! [`Store`] is the handle. A *command* is one durable transaction (`Store::write`): on SQLite it joins the next group
//! commit of the writer thread, on PostgreSQL it is a transaction of its own, except the hot ones, which go in batches.
//! Every command is harmless to repeat: ids are made by the caller, inserts ignore what is there, updates name the state
//! they expect. Facts are recorded in the log inside the same transaction (`log`).
//!
//! Every function takes the workspace; a row of another workspace does not exist. Not here: decisions, network, clocks.
//!
//! Start with `engine`, then `inbound` (the hot path) and `jobs`.

mod agents;
mod batcher;
mod channel_accounts;
mod customers;
mod deliveries;
mod engine;
mod error;
mod files;
mod idempotency;
mod ids;
mod inbound;
mod jobs;
mod log;
mod messages;
mod migrate;
mod open;
mod routes;
mod seal;
mod search;
mod threads;
mod tokens;
mod workspaces;

pub use agents::{AgentCredentials, NewAgent, NewOwner, OneTimeLink, SetUp};
pub use channel_accounts::{
    CallbackAccount, CallbackEndpoint, ChannelAccountRow, ChannelAccountUpdate, NewChannelAccountRow,
};
pub use deliveries::{AttemptOutcome, Delivery, Ended, StartedAttempt};
pub use error::{Result, StoreError};
pub use files::StoredFile;
pub use idempotency::{Created, Idempotency};
pub use inbound::{EventFact, LANES, NewInboundEvent, ReadEvent, WaitingEvent};
pub use jobs::{ClaimedJob, DELIVER};
pub use log::LogRecord;
pub use messages::{NewMessage, RetriedMessage};
pub use open::{Database, Store, StoreConfig};
pub use routes::RouteRow;
pub use seal::{Keyring, SecretKey};
pub use search::{
    FoundDocument, SEARCH_LIMIT, SearchBatch, SearchDocument, SearchLag, SearchRequest, SearchSource, SearchSubject,
};
pub use tokens::{NewToken, TokenCredentials};

#[cfg(test)]
mod suite;
