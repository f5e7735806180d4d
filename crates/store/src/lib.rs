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
mod attributes;
mod batcher;
mod calendars;
mod channel_accounts;
mod customers;
mod deliveries;
mod engine;
mod entries;
mod episodes;
mod error;
mod files;
mod idempotency;
mod ids;
mod inbound;
mod jobs;
mod labels;
mod log;
mod lost;
mod merges;
mod messages;
mod migrate;
mod notes;
mod open;
mod pauses;
mod profiles;
mod routes;
mod scheduled;
mod seal;
mod search;
mod suppression;
mod threads;
mod tokens;
mod webhooks;
mod workspaces;

pub use agents::{AgentCredentials, NewAgent, NewOwner, OneTimeLink, SetUp};
pub use attributes::{AttributeUpdate, NewAttribute};
pub use calendars::{CalendarRow, CalendarUpdate, NewCalendar};
pub use channel_accounts::{
    CallbackAccount, CallbackEndpoint, ChannelAccountRow, ChannelAccountUpdate, NewChannelAccountRow,
};
pub use customers::CustomerUpdate;
pub use deliveries::{AttemptOutcome, Delivery, Ended, StartedAttempt};
pub use entries::KnownDelivery;
pub use episodes::{
    EpisodeAct, EpisodeFilter, EpisodeWords, MovedMessages, NewEpisode, NewPromise, SplitEpisode, Stepped,
};
pub use error::{Result, StoreError};
pub use files::{
    FetchedFile, FileBytes, FileShape, FileUpload, NewFile, NewMedia, PendingFile, StoredFile, UploadedBytes,
};
pub use idempotency::{Created, Idempotency};
pub use inbound::{Applied, EventFact, LANES, NewContent, NewInboundEvent, ReadEvent, SetAsideEvent, WaitingEvent};
pub use jobs::{
    AccountRoom, CLOSE_EPISODE, ClaimedJob, DELIVER, END_PROMISE, FETCH_MEDIA, FETCH_PROFILE, SEND_LATER, WAKE_EPISODE,
};
pub use labels::{Deleted, LabelSubject, LabelUpdate, Labelled, NewLabel, Updated};
pub use log::LogRecord;
pub use merges::{Merged, NewMerge, Undone, UndoneMerge};
pub use messages::{NewMessage, RetriedMessage, SendLater};
pub use notes::NewNote;
pub use open::{Database, Store, StoreConfig};
pub use pauses::NewPause;
pub use profiles::{NewPicture, ProfileSubject, ToldProfile};
pub use routes::RouteRow;
pub use scheduled::{CancelledMessage, MessageChange};
pub use seal::{Keyring, SecretKey};
pub use search::{
    FoundDocument, SEARCH_LIMIT, SearchBatch, SearchDocument, SearchLag, SearchRequest, SearchSource, SearchSubject,
};
pub use suppression::SuppressionChange;
pub use tokens::{NewToken, TokenCredentials};
pub use webhooks::{
    NewWebhook, ReplayedEvent, WebhookAttempt, WebhookBegin, WebhookReplay, WebhookRow, WebhookSource, WebhookUpdate,
    WebhookVerdict, WebhookWork,
};

#[cfg(test)]
mod suite;
