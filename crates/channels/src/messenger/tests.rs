//! Signature, handshake, settings.

use super::*;
use channel::{Secret, http::HttpClient};
use model::ChannelAccountId;
use serde_json::{Map, Value, json};

const SECRET: &str = "meta_app_secret_for_tests";
const UNICODE: &[u8] = include_bytes!("fixtures/signed-unicode.json");
const UNICODE_HEADER: &str = "sha256=591d970ba9e1350c0270c6201894c39477f0936a087108069ecae69ffe217010";
const SLASHES: &[u8] = include_bytes!("fixtures/signed-slashes.json");
const SLASHES_HEADER: &str = "sha256=37d8b62532548aaf776673a932cfbf16bcc7a3ee596de8ee08fcf46ad3cdd258";

fn messenger() -> Messenger {
    testkit::install_tls();
    Messenger::new(HttpClient::new().unwrap())
}

fn account() -> Account {
    let settings = json!({ "page_id": "110022003300440" });
    let secret = |name: &str, value: &str| (name.to_owned(), Secret::new(value));
    Account {
        id: ChannelAccountId(1),
        settings: settings.as_object().cloned().unwrap_or_else(Map::new),
        secrets: [
            secret("app_secret", SECRET),
            secret("page_access_token", "EAAtoken"),
            secret("verify_token", "a word of ours"),
        ]
        .into(),
    }
}

fn with(change: impl FnOnce(&mut Account)) -> Account {
    let mut account = account();
    change(&mut account);
    account
}

fn verify(account: &Account, header: &str, body: &[u8]) -> bool {
    let headers =
        HeaderMap::from_iter([("x-hub-signature-256".parse().unwrap(), HeaderValue::from_str(header).unwrap())]);
    messenger().verify(account, &headers, body)
}

#[test]
fn the_vectors_are_accepted_over_the_raw_bytes() {
    assert_eq!(UNICODE.len(), 262);
    assert!(verify(&account(), UNICODE_HEADER, UNICODE));
    assert!(verify(&account(), SLASHES_HEADER, SLASHES));
    assert!(verify(&account(), &UNICODE_HEADER.to_uppercase().replace("SHA256", "sha256"), UNICODE), "either case");
    assert!(!verify(&account(), SLASHES_HEADER, UNICODE));
}

#[test]
fn the_same_json_written_anew_is_refused() {
    let value: Value = serde_json::from_slice(UNICODE).unwrap();
    let again = String::from_utf8(UNICODE.to_vec()).unwrap().replace(r"Gr\u00fc\u00dfe \ud83d\udc4b", "Grüße 👋");
    assert_eq!(serde_json::from_str::<Value>(&again).unwrap(), value);
    assert!(!verify(&account(), UNICODE_HEADER, again.as_bytes()));
    let its_own = "sha256=7bf15919d55dcfd0abaf2427655c7595fac8fd7534ee674c358500ca9fb4ce06";
    assert!(verify(&account(), its_own, again.as_bytes()));
}

#[test]
fn missing_doubled_and_misspelt_signatures_are_refused() {
    let messenger = messenger();
    assert!(!messenger.verify(&account(), &HeaderMap::new(), UNICODE));
    let mut twice = HeaderMap::new();
    for _ in 0..2 {
        twice.append("x-hub-signature-256", HeaderValue::from_static(UNICODE_HEADER));
    }
    assert!(!messenger.verify(&account(), &twice, UNICODE));
    let old = HeaderMap::from_iter([("x-hub-signature".parse().unwrap(), HeaderValue::from_static(UNICODE_HEADER))]);
    assert!(!messenger.verify(&account(), &old, UNICODE), "the old header counts for nothing");
    let digits = &UNICODE_HEADER[7..];
    for header in [
        String::new(),
        digits.to_owned(),
        format!("SHA256={digits}"),
        format!("sha256={}", &digits[..63]),
        format!("sha256={digits}0"),
        format!("sha256= {digits}"),
        format!("sha256={digits} "),
        format!("sha1={digits}"),
        format!("sha256={}g", &digits[..63]),
        format!("sha256=+{}", &digits[..63]),
        "sha256=".into(),
    ] {
        assert!(!verify(&account(), &header, UNICODE), "{header:?}");
    }
}

#[test]
fn an_absent_secret_accepts_nothing() {
    let account = with(|account| account.secrets.clear());
    // HMAC with an empty key over this body; right, and refused all the same.
    let header = testkit::graph::signature("", UNICODE);
    assert!(!verify(&account, &header, UNICODE));
}

#[test]
fn the_handshake_gives_the_challenge_back_as_it_came() {
    let ask = |account: &Account, pairs: &[(&str, &str)]| {
        let query: Vec<_> = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        messenger().handshake(account, &query)
    };
    let mode = ("hub.mode", "subscribe");
    let token = ("hub.verify_token", "a word of ours");
    for challenge in ["1158201444", "00012", "not a number", "9999999999999999999999"] {
        let answer = ask(&account(), &[mode, ("hub.challenge", challenge), token]);
        assert_eq!(answer, Handshake::Accept(challenge.into()));
    }
    let challenge = ("hub.challenge", "1");
    for pairs in [
        &[][..],
        &[mode, token],
        &[mode, challenge],
        &[token, challenge],
        &[("hub.mode", "unsubscribe"), token, challenge],
        &[mode, challenge, ("hub.verify_token", "a word of our")],
        &[mode, challenge, ("hub.verify_token", "")],
        &[mode, challenge, ("hub.verify_token", "x"), token],
    ] {
        assert_eq!(ask(&account(), pairs), Handshake::Refuse, "{pairs:?}");
    }
    let without = with(|account| _ = account.secrets.remove("verify_token"));
    assert_eq!(ask(&without, &[mode, challenge, ("hub.verify_token", "")]), Handshake::Refuse);
}

#[test]
fn all_faults_are_told_at_once() {
    let fields = |account: &Account| -> Vec<String> {
        messenger().check(account).into_iter().map(|fault| fault.field).collect()
    };
    assert_eq!(fields(&account()), Vec::<String>::new());
    let empty = Account { id: ChannelAccountId(1), settings: Map::new(), secrets: [].into() };
    assert_eq!(
        fields(&empty),
        ["settings.page_id", "secrets.page_access_token", "secrets.app_secret", "secrets.verify_token"]
    );
    let setting = |name: &str, value: Value| fields(&with(|account| _ = account.settings.insert(name.into(), value)));
    for right in [
        "https://graph.facebook.com",
        "http://127.0.0.1:4000",
        "http://127.9.9.9",
        "http://localhost:4000",
        "http://[::1]:80/meta",
        "https://g.example/a/b",
    ] {
        assert_eq!(setting("api_base", right.into()), Vec::<String>::new(), "{right}");
    }
    for wrong in [
        json!("https://graph.facebook.com/"),
        json!("graph.facebook.com"),
        json!("ftp://x"),
        json!("http://graph.facebook.com"),
        json!("http://10.0.0.7:4000"),
        json!("http://127.0.0.1.example"),
        json!("http://localhost.example"),
        json!("http://[fe80::1]"),
        json!("https://"),
        json!("https://a?b=c"),
        json!("https://a#b"),
        json!("https://user@a"),
        json!("https://a b"),
        json!(""),
        json!(7),
    ] {
        assert_eq!(setting("api_base", wrong.clone()), ["settings.api_base"], "{wrong}");
    }
    for wrong in [json!("25.0"), json!("v25"), json!("v25."), json!("latest"), json!(25), json!("v25.0/x")] {
        assert_eq!(setting("graph_version", wrong), ["settings.graph_version"]);
    }
    for wrong in [json!("Acme"), json!(110022003300440_i64), json!(""), json!("1 2"), json!("٣")] {
        assert_eq!(setting("page_id", wrong), ["settings.page_id"]);
    }
    assert_eq!(setting("page-id", json!("1")), ["settings.page-id"], "a name that nothing reads");
    let faults = messenger().check(&with(|account| _ = account.secrets.insert("app_sekret".into(), Secret::new("x"))));
    assert_eq!(faults.len(), 1);
    assert_eq!(faults[0].field, "secrets.app_sekret");
    assert!(faults[0].message.contains("page_access_token, app_secret, verify_token"), "{}", faults[0].message);
    assert_eq!(setting("human_agent_tag", json!("yes")), ["settings.human_agent_tag"]);
    for (name, wrong) in
        [("page_access_token", "EAA\r\nx"), ("page_access_token", "EAA x"), ("app_secret", " "), ("verify_token", "a ")]
    {
        let account = with(|account| _ = account.secrets.insert(name.into(), Secret::new(wrong)));
        assert_eq!(fields(&account), [format!("secrets.{name}")]);
    }
}

#[test]
fn accounts_of_one_app_share_the_address_and_each_page_is_a_name_space() {
    let messenger = messenger();
    assert_eq!(messenger.shared_callback_key(&account()).as_deref(), Some(SECRET));
    assert_eq!(messenger.namespace(&account()), "messenger:110022003300440");
    assert_eq!(messenger.address(&account()), "110022003300440");
    assert!(!messenger.has_human_extension(&account()));
    assert!(messenger.has_human_extension(&with(|it| _ = it.settings.insert("human_agent_tag".into(), true.into()))));
}
