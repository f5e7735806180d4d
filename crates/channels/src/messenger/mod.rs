//! Facebook Messenger: the inbox of one Facebook page.
//!
//! [`codec`] holds the bytes, [`inbound`] and [`outbound`] the two directions (with `facts` and `parts`, what an event and a
//! message mean; `native`, a part of a plan as Meta wants it; `prepared`, uploads and personas), [`errors`] what a failed send
//! means, `account_test` the live test; `fixtures/` the provider's payloads. The set-up steps, and where to look when nothing arrives, are in `README.md`.
//!
//! Settings: `page_id`; `api_base` (default [`DEFAULT_API_BASE`]), `graph_version` (default [`DEFAULT_GRAPH_VERSION`]),
//! `human_agent_tag` (default false), `persona_picture_url` (default none: customers see the page's name alone), `show_seen`
//! (default true). Secrets: `page_access_token`, `app_secret`, `verify_token`.

mod account_test;
pub mod codec;
pub mod errors;
mod facts;
pub mod inbound;
mod native;
pub mod outbound;
mod parts;
mod prepared;

pub use account_test::REQUIRED_FIELDS;
use async_trait::async_trait;

use channel::{
    Account, Capabilities, Channel, Handshake, Inbound, Outbound, Profile, Reconciled, SendOutcome, SettingFault,
    Signal, SplitError, SplitEvent, TestReport, Unavailable, http::HttpClient,
};
use http::{HeaderMap, HeaderValue, Uri};
use model::{MessageId, Timestamp};
use prepared::Prepared;
use serde_json::Value;
use std::{net::IpAddr, sync::Arc};

/// The word for this channel in the API.
const KIND: &str = "messenger";
/// Where the Graph API is.
pub const DEFAULT_API_BASE: &str = "https://graph.facebook.com";
/// The settings that there are.
const SETTINGS: [&str; 6] =
    ["page_id", "api_base", "graph_version", "human_agent_tag", "persona_picture_url", "show_seen"];
/// The secrets that there are.
const SECRETS: [&str; 3] = ["page_access_token", "app_secret", "verify_token"];
/// The version of the Graph API that this adapter was written for.
pub const DEFAULT_GRAPH_VERSION: &str = "v25.0";
/// How long after the customer's last message a person may write with the HUMAN_AGENT tag: 7 days, in milliseconds.
/// Source: Messenger Platform policy, "Human Agent".
const HUMAN_AGENT_MILLIS: i64 = 7 * 24 * 3_600_000;
/// How long to wait for the echo of a message without an answer, in milliseconds.
const PROOF_WAIT_MILLIS: i64 = 60_000;
/// The Send API takes about 300 calls a second for a page; this many at a time stay under it at usual answer times.
const MAX_CONCURRENT_SENDS: usize = 16;
/// A third of what the Send API takes for text in a second, and half of what it takes for sound and moving pictures.
/// Source: Messenger Platform, "Rate limits" (300 and 10 calls a second for a page).
const SENDS_PER_SECOND: u32 = 100;
const MEDIA_SENDS_PER_SECOND: u32 = 5;
/// The signature of a callback over its raw bytes.
const SIGNATURE_HEADER: &str = "x-hub-signature-256";

/// The channel.
#[derive(Debug, Clone)]
pub struct Messenger {
    http: HttpClient,
    prepared: Arc<Prepared>,
}

/// An account's settings with the defaults in place. Whatever is missing is empty, which the provider refuses.
#[derive(Clone, Copy)]
pub struct Settings<'a> {
    page_id: &'a str,
    api_base: &'a str,
    graph_version: &'a str,
    token: &'a str,
}

impl Messenger {
    /// The channel, over this client.
    #[must_use]
    pub fn new(http: HttpClient) -> Self {
        Self { http, prepared: Arc::new(Prepared::new()) }
    }
}

fn settings(account: &Account) -> Settings<'_> {
    Settings {
        page_id: account.setting("page_id").unwrap_or_default(),
        api_base: account.setting("api_base").unwrap_or(DEFAULT_API_BASE),
        graph_version: account.setting("graph_version").unwrap_or(DEFAULT_GRAPH_VERSION),
        token: account.secret("page_access_token"),
    }
}

#[async_trait]
impl Channel for Messenger {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            has_window: true,
            human_extension_millis: Some(HUMAN_AGENT_MILLIS),
            delivered_receipts: true,
            read_receipts: true,
            proof_wait_millis: PROOF_WAIT_MILLIS,
            max_concurrent_sends: MAX_CONCURRENT_SENDS,
            sends_per_second: SENDS_PER_SECOND,
            media_sends_per_second: MEDIA_SENDS_PER_SECOND,
            ..native::FORMS
        }
    }

    fn has_human_extension(&self, account: &Account) -> bool {
        account.flag("human_agent_tag")
    }

    fn persona_picture(&self, account: &Account) -> Option<String> {
        account.setting("persona_picture_url").map(str::to_owned)
    }

    fn shows_seen(&self, account: &Account) -> bool {
        account.settings.get("show_seen").and_then(Value::as_bool).unwrap_or(true)
    }

    fn check(&self, account: &Account) -> Vec<SettingFault> {
        let mut faults = Vec::new();
        let mut fault = |field: &str, message: &str| {
            faults.push(SettingFault { field: field.to_owned(), message: message.to_owned() });
        };
        let page_id = account.setting("page_id").unwrap_or_default();
        if page_id.is_empty() || page_id.len() > 32 || !page_id.bytes().all(|byte| byte.is_ascii_digit()) {
            fault("settings.page_id", "the page's numeric id, as text: only digits (page settings, page transparency)");
        }
        for (name, allowed, right) in [
            (
                "api_base",
                is_base as fn(&str) -> bool,
                "an https address without query and without / at its end; http only for this machine itself (127.0.0.1, ::1, localhost)",
            ),
            ("graph_version", is_version, "a version of the Graph API such as v25.0"),
        ] {
            // Absent is the default; anything else present must be right, an empty text included.
            if let Some(value) = account.settings.get(name)
                && !value.as_str().is_some_and(allowed)
            {
                fault(&format!("settings.{name}"), right);
            }
        }
        for flag in ["human_agent_tag", "show_seen"] {
            if account.settings.get(flag).is_some_and(|value| !value.is_boolean()) {
                fault(&format!("settings.{flag}"), "true or false");
            }
        }
        // An empty text takes the picture away.
        if account.settings.get("persona_picture_url").is_some_and(|value| {
            !value.as_str().is_some_and(|url| url.is_empty() || (url.starts_with("https://") && is_address(url)))
        }) {
            fault("settings.persona_picture_url", "the https address of a picture, or nothing");
        }
        let token = account.secret("page_access_token");
        if token.is_empty()
            || !token.bytes().all(|byte| byte.is_ascii_graphic())
            || HeaderValue::from_str(token).is_err()
        {
            fault("secrets.page_access_token", "the page access token in one piece, without spaces and line ends");
        }
        for (name, right) in [
            ("app_secret", "the app's secret (app settings, basic), without spaces and line ends"),
            ("verify_token", "any word of your own, the same as in the app's webhook settings"),
        ] {
            let secret = account.secret(name);
            if secret.trim().is_empty() || secret.trim() != secret {
                fault(&format!("secrets.{name}"), right);
            }
        }
        faults.extend(unknown("settings", account.settings.keys(), &SETTINGS));
        faults.extend(unknown("secrets", account.secrets.keys(), &SECRETS));
        faults
    }

    fn address(&self, account: &Account) -> String {
        account.setting("page_id").unwrap_or_default().to_owned()
    }

    fn namespace(&self, account: &Account) -> String {
        format!("{KIND}:{}", self.address(account))
    }

    fn shared_callback_key(&self, account: &Account) -> Option<String> {
        // One callback address per app: all pages of the app arrive there, signed with the app's secret.
        Some(account.secret("app_secret").to_owned())
    }

    fn handshake(&self, account: &Account, query: &[(String, String)]) -> Handshake {
        let value = |name: &str| query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let is_known =
            codec::same_secret(value("hub.verify_token").unwrap_or_default(), account.secret("verify_token"));
        match (value("hub.mode"), value("hub.challenge")) {
            (Some("subscribe"), Some(challenge)) if is_known => Handshake::Accept(challenge.to_owned()),
            _ => Handshake::Refuse,
        }
    }

    fn verify(&self, account: &Account, headers: &HeaderMap, body: &[u8]) -> bool {
        let mut signatures = headers.get_all(SIGNATURE_HEADER).iter();
        // Two signatures are nothing that Meta sends; which of them counts is not ours to choose.
        match (signatures.next(), signatures.next()) {
            (Some(signature), None) => codec::is_signed(account.secret("app_secret"), signature.as_bytes(), body),
            _ => false,
        }
    }

    fn split(&self, body: &[u8]) -> Result<Vec<SplitEvent>, SplitError> {
        inbound::split(body)
    }

    fn interpret(&self, payload: &str) -> Inbound {
        inbound::interpret(payload)
    }

    async fn send(&self, account: &Account, message: &Outbound) -> SendOutcome {
        outbound::send(&self.http, &self.prepared, &settings(account), message).await
    }

    async fn signal(&self, account: &Account, recipient: &str, signal: Signal) -> Result<(), Unavailable> {
        outbound::signal(&self.http, &settings(account), recipient, signal).await
    }

    async fn profile(&self, account: &Account, address: &str) -> Result<Profile, Unavailable> {
        account_test::profile(&self.http, &settings(account), address).await
    }

    async fn reconcile(
        &self,
        _account: &Account,
        _message_id: MessageId,
        _recipient: &str,
        _since: Timestamp,
    ) -> Reconciled {
        // Messenger has no look-up by our id. The proof is the echo, which carries it in its metadata.
        Reconciled::CannotTell
    }

    async fn test(&self, account: &Account) -> TestReport {
        account_test::test(&self.http, &settings(account)).await
    }
}

/// An address with a host that a provider can call.
fn is_address(text: &str) -> bool {
    let has_host = text.parse::<Uri>().is_ok_and(|uri| uri.host().is_some_and(|host| !host.is_empty()));
    has_host && text.len() <= 2_000 && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// An http or https address with a host, to which `/v25.0/…` can be added.
fn is_base(text: &str) -> bool {
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic()) && !text.contains(['?', '#', '@', '\\']);
    let Ok(uri) = text.parse::<Uri>() else { return false };
    let Some(host) = uri.host().filter(|host| !host.is_empty()) else { return false };
    // The page's token goes there with every call: in the open only as far as this machine.
    let scheme_fits = text.starts_with("https://") || (text.starts_with("http://") && is_this_machine(host));
    scheme_fits && plain && !text.ends_with('/')
}

/// Whether an address's host never leaves this machine.
fn is_this_machine(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    host.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// A fault for each name that nothing reads: a mistyped one would only seem to be set.
fn unknown<'a>(
    part: &'static str,
    names: impl Iterator<Item = &'a String>,
    known: &'static [&'static str],
) -> impl Iterator<Item = SettingFault> {
    names.filter(|name| !known.contains(&name.as_str())).map(move |name| SettingFault {
        field: format!("{part}.{name}"),
        message: format!("is not known here; known are {}", known.join(", ")),
    })
}

/// `v`, digits, a dot, digits.
fn is_version(text: &str) -> bool {
    let is_number = |part: &str| !part.is_empty() && part.len() <= 4 && part.bytes().all(|byte| byte.is_ascii_digit());
    text.strip_prefix('v')
        .and_then(|rest| rest.split_once('.'))
        .is_some_and(|(major, minor)| is_number(major) && is_number(minor))
}

#[cfg(test)]
mod tests;
