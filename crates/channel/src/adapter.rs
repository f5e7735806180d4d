//! What every channel implements.

use crate::{
    account::{Account, SettingFault},
    fact::Inbound,
    outbound::{Outbound, Profile, Reconciled, SendOutcome, Signal, Unavailable},
};
use async_trait::async_trait;
use http::HeaderMap;
use model::{Capabilities, MessageId, Timestamp};

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
    /// A stable word for what was found (`accepted`, `refused`, `fields_missing`), which the desk translates, with what to
    /// do about it.
    pub code: &'static str,
    /// What the word leaves open: a name, the missing fields, the provider's own words. Never a sentence of ours; may be empty.
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

    /// The address of the picture that stands beside the names of those who write over the account; `None` when customers see
    /// only the account's own name.
    fn persona_picture(&self, _account: &Account) -> Option<String> {
        None
    }

    /// Whether customers are shown that their messages were seen. Only asked where the channel has
    /// [`Capabilities::signals`].
    fn shows_seen(&self, _account: &Account) -> bool {
        true
    }

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

    /// Shows the customer that somebody types, or has seen what they wrote. Nothing depends on it: who calls goes on
    /// whatever comes of it. A channel without [`Capabilities::signals`] does nothing.
    ///
    /// # Errors
    /// [`Unavailable`] when the provider did not take it.
    async fn signal(&self, _account: &Account, _recipient: &str, _signal: Signal) -> Result<(), Unavailable> {
        Ok(())
    }

    /// What the provider tells of a customer.
    ///
    /// # Errors
    /// [`Unavailable`] when it tells nothing, now or ever: many people and accounts have no profile that may be read.
    async fn profile(&self, _account: &Account, _address: &str) -> Result<Profile, Unavailable> {
        Err(Unavailable { later: false, code: None, detail: "this channel tells nothing of people".into() })
    }

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
