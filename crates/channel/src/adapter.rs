//! What every channel implements.

use crate::account::{Account, SettingFault};
use async_trait::async_trait;
use http::HeaderMap;
use model::{Block, MessageId, Timestamp, gate::Window};

/// What a channel can do, as data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// The provider lets us answer only for a time after the customer wrote.
    pub has_window: bool,
    /// How long after the customer's last message a person may still write, in milliseconds, where the account has the right to.
    pub human_extension_millis: Option<i64>,
    /// The most characters of one text message.
    pub max_text_chars: usize,
    /// Tells when a message reached the device.
    pub delivered_receipts: bool,
    /// Tells when a message was seen.
    pub read_receipts: bool,
    /// How long to wait for proof (an echo, a receipt) of a message that left without an answer, before it is shown as
    /// uncertain, in milliseconds.
    pub proof_wait_millis: i64,
    /// Calls to the provider that one account may have open at the same time.
    pub max_concurrent_sends: usize,
}

/// The answer to a provider's check of the callback address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handshake {
    /// Answer 200 with this text, exactly.
    Accept(String),
    /// Answer 403.
    Refuse,
}

/// One event of a verified callback body, before it means anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitEvent {
    /// The provider's name of our account (a page id). Empty when the event names none.
    pub address: String,
    /// The provider's own key of the event, unique per account: replay and re-batching give the same key.
    pub key: String,
    /// The person it is about, in the provider's words: events of one person keep their order. Empty when about nobody.
    pub person: String,
    /// The event, kept as it came (JSON, or base64 where it is not text), with what of its envelope is needed to read it.
    pub payload: String,
}

/// A verified body that cannot be split. It is stored whole and shown; the provider is answered 200.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct SplitError {
    /// Why, in words.
    pub reason: String,
}

/// What one event means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inbound {
    /// The customer's address in the provider's namespace; `None` when the event is about nobody.
    pub sender: Option<String>,
    /// When it happened, by the provider's clock.
    pub at: Timestamp,
    /// For how long after `at` this event lets us answer, in milliseconds; `None` when it opens no window.
    pub opens_window_millis: Option<i64>,
    /// The fact.
    pub fact: Fact,
}

/// The facts that the product understands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// The customer wrote.
    Message {
        /// The provider's id.
        external_id: String,
        /// What can be shown. May be empty when `not_shown` is not.
        blocks: Vec<Block>,
        /// Kinds of parts that are kept raw (`attachment:image`).
        not_shown: Vec<String>,
    },
    /// The provider tells us of a message that left our side.
    Echo {
        /// The provider's id.
        external_id: String,
        /// Our id, when it is one of ours.
        message_id: Option<MessageId>,
    },
    /// Messages of ours reached the device.
    Delivered {
        /// The messages, by the provider's ids; may be empty.
        external_ids: Vec<String>,
        /// All of ours up to this moment of the provider's clock.
        watermark: Option<Timestamp>,
    },
    /// All messages of ours up to this moment were seen.
    Read {
        /// By the provider's clock.
        watermark: Timestamp,
    },
    /// Anything else: kept raw, shown as "not yet shown".
    NotShown {
        /// The provider's word for it (`postback`).
        what: String,
    },
}

/// A message on its way out.
#[derive(Debug, Clone)]
pub struct Outbound {
    /// Our id; goes along wherever the provider carries it, so that an echo can be matched.
    pub message_id: MessageId,
    /// The customer's address in the provider's namespace.
    pub recipient: String,
    /// What to say.
    pub blocks: Vec<Block>,
    /// On what ground the provider takes it.
    pub window: Window,
}

/// What came of a call. Everything a provider may answer falls into one of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendOutcome {
    /// Accepted.
    Accepted {
        /// The provider's id of it.
        external_id: String,
    },
    /// It certainly did not go out, and may later.
    Temporary {
        /// How long the provider asks us to wait, in milliseconds.
        retry_after_millis: Option<i64>,
        /// The provider's code.
        code: Option<String>,
        /// The provider's words.
        detail: String,
    },
    /// Too much, too fast; the whole account slows down.
    RateLimited {
        /// How long the provider asks us to wait, in milliseconds.
        retry_after_millis: Option<i64>,
        /// The provider's code.
        code: Option<String>,
        /// The provider's words.
        detail: String,
    },
    /// The window for answering is closed.
    OutsideWindow {
        /// The provider's code.
        code: Option<String>,
        /// The provider's words.
        detail: String,
    },
    /// Our credentials are refused.
    Unauthorized {
        /// The provider's code.
        code: Option<String>,
        /// The provider's words.
        detail: String,
    },
    /// The person cannot be reached.
    Blocked {
        /// The provider's code.
        code: Option<String>,
        /// The provider's words.
        detail: String,
    },
    /// The provider will never take this message.
    Permanent {
        /// The provider's code.
        code: Option<String>,
        /// The provider's words.
        detail: String,
    },
    /// It left, and no answer that proves anything came back.
    Uncertain {
        /// What went wrong, in words.
        detail: String,
    },
}

/// What asking the provider about a message without an answer gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reconciled {
    /// It arrived at the provider.
    Sent {
        /// The provider's id of it.
        external_id: String,
    },
    /// It certainly did not; it may be sent again.
    NotSent,
    /// The provider offers no way to know. An echo or a receipt may still come.
    CannotTell,
}

/// What a live test of an account found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestReport {
    /// The steps, in order; later ones are absent when an earlier one makes them pointless.
    pub steps: Vec<TestStep>,
}

/// One step of a live test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestStep {
    /// A stable name of the step (`token`, `page`, `subscribed`), which the desk translates.
    pub name: &'static str,
    /// Whether it passed.
    pub passed: bool,
    /// What was found or what to do, in words; may hold the provider's own.
    pub detail: String,
}

/// A channel.
#[async_trait]
pub trait Channel: Send + Sync {
    /// The word for it in the API (`messenger`).
    fn kind(&self) -> &'static str;

    /// What it can do.
    fn capabilities(&self) -> Capabilities;

    /// Whether the account has the right to [`Capabilities::human_extension_millis`].
    fn has_human_extension(&self, account: &Account) -> bool;

    /// Everything that is wrong with an account's settings and secrets; empty when it can be saved.
    fn check(&self, account: &Account) -> Vec<SettingFault>;

    /// The provider's name of the account, by which its callbacks name it ([`SplitEvent::address`]).
    fn address(&self, account: &Account) -> String;

    /// The namespace in which the account's customers' addresses have a meaning: identities are unique per workspace and
    /// namespace. For Messenger, the page.
    fn namespace(&self, account: &Account) -> String;

    /// What accounts that share one callback address have in common (the app's secret); `None` when each has its own.
    fn shared_callback_key(&self, account: &Account) -> Option<String>;

    /// Answers the provider's check of the callback address. `query` is percent-decoded.
    fn handshake(&self, account: &Account, query: &[(String, String)]) -> Handshake;

    /// Whether these exact bytes come from the provider. Constant time in the signature.
    fn verify(&self, account: &Account, headers: &HeaderMap, body: &[u8]) -> bool;

    /// Splits a verified body into its events. Pure.
    ///
    /// # Errors
    /// When the body is not what the provider sends; the caller keeps it whole.
    fn split(&self, body: &[u8]) -> Result<Vec<SplitEvent>, SplitError>;

    /// Says what one event means. Pure and total: what is not understood is [`Fact::NotShown`].
    fn interpret(&self, payload: &str) -> Inbound;

    /// Sends. Never retries by itself; never panics on what the provider answers.
    async fn send(&self, account: &Account, message: &Outbound) -> SendOutcome;

    /// Asks the provider about a message that left at `since` without an answer.
    async fn reconcile(
        &self,
        account: &Account,
        message_id: MessageId,
        recipient: &str,
        since: Timestamp,
    ) -> Reconciled;

    /// Tries the account's credentials and set-up, without sending anything to anybody.
    async fn test(&self, account: &Account) -> TestReport;
}
