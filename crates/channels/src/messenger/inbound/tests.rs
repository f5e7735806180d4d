//! Every inbound example of the fact sheet: what it splits into, under which keys, and what each event means.

use super::*;
use channel::Content;
use model::{Block, block::MAX_TEXT_CHARS, message::Chosen};
use proptest::prelude::*;

const PSID: &str = "7001002003004005";
const DAY: Option<i64> = Some(WINDOW_MILLIS);

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/messenger/fixtures/", $name, ".json"))
    };
}

mod kinds;

const FIXTURES: [&str; 10] = [
    fixture!("signed-unicode"),
    fixture!("signed-slashes"),
    fixture!("text-quick-reply"),
    fixture!("attachments"),
    fixture!("attachments-of-every-kind"),
    fixture!("postback-from-ad"),
    fixture!("reaction-edit-delivery-read"),
    fixture!("echo-and-standby"),
    fixture!("thread-control-and-optin"),
    fixture!("other-kinds"),
];

fn read(body: &str) -> Vec<(SplitEvent, Inbound)> {
    let events = split(body.as_bytes()).unwrap();
    events.into_iter().map(|event| (event.clone(), interpret(&event.payload))).collect()
}

/// What a message says.
fn said(inbound: Inbound) -> Content {
    match inbound.fact {
        Fact::Message { content, .. } | Fact::Echo { content, .. } => content,
        other => panic!("{other:?}"),
    }
}

fn not_shown(what: &str) -> Fact {
    Fact::NotShown { what: what.into() }
}

/// One message event with these members in `message`.
fn message(members: &str) -> Inbound {
    let body = format!(
        r#"{{"object":"page","entry":[{{"id":"1","time":1,"messaging":[{{"sender":{{"id":"2"}},"recipient":{{"id":"1"}},"timestamp":5,"message":{members}}}]}}]}}"#
    );
    read(&body).remove(0).1
}

#[test]
fn a_tapped_reply_says_what_was_picked_and_what_it_answers() {
    let (event, inbound) = read(fixture!("text-quick-reply")).remove(0);
    assert_eq!((event.address.as_str(), event.person.as_str()), ("110022003300440", PSID));
    assert_eq!(event.key, "message:m_Qx81ZkA0c9");
    assert_eq!(
        inbound,
        Inbound {
            sender: Some(PSID.into()),
            at: Timestamp(1_789_000_101_321),
            opens_window_millis: DAY,
            standby: false,
            fact: Fact::Message {
                external_id: "m_Qx81ZkA0c9".into(),
                content: Content {
                    blocks: vec![Block::text("Refund")],
                    reply_to: Some("m_Bb20Agent77".into()),
                    ..Content::default()
                },
                choice: Some(Chosen { option_id: None, message_id: None, payload: Some("TOPIC|refund".into()) }),
                referral: None,
            },
        }
    );
}

#[test]
fn escapes_are_read_as_letters_and_kept_as_they_came() {
    let (event, inbound) = read(fixture!("signed-unicode")).remove(0);
    assert!(event.payload.contains(r"Gr\u00fc\u00dfe \ud83d\udc4b"), "{}", event.payload);
    assert_eq!(said(inbound).blocks, [Block::text("Grüße 👋")]);
}

#[test]
fn an_event_about_nobody_has_no_person() {
    let events = read(fixture!("other-kinds"));
    assert_eq!((events[4].0.person.as_str(), &events[4].1.sender), ("", &None), "app_roles");
    let change = &events[9];
    assert_eq!((change.0.person.as_str(), change.1.at), ("", Timestamp(1_789_000_708_000)), "the time of sending");
}

#[test]
fn keys_differ_within_every_fixture() {
    let keys: Vec<_> = FIXTURES.iter().flat_map(|body| read(body)).map(|(event, _)| event.key).collect();
    let distinct: std::collections::BTreeSet<_> = keys.iter().collect();
    assert_eq!(distinct.len(), keys.len(), "{keys:#?}");
    assert!(keys.iter().all(|key| key.len() <= MAX_KEY_BYTES));
}

#[test]
fn ids_that_are_numbers_keep_their_digits_and_broken_ones_do_no_harm() {
    let body = r#"{"object":"page","entry":[{"id":110022003300440,"time":"1","messaging":[
        {"sender":{"id":12345678901234567890},"recipient":{"id":110022003300440},"timestamp":"7","message":{"mid":5,"text":6}},
        {"sender":null,"recipient":[],"timestamp":{},"message":{"mid":null,"text":"x"}},
        {"sender":{"id":"2"},"message":"hello"}, 7, null, "x", []]}]}"#;
    let events = read(body);
    assert_eq!(events[0].0.address, "110022003300440");
    assert_eq!(events[0].0.person, "12345678901234567890");
    assert!(matches!(&events[0].1.fact, Fact::Message { external_id, .. } if external_id == "5"));
    assert_eq!(said(events[0].1.clone()).not_shown, ["text"]);
    assert_eq!(events[0].1.at, Timestamp(7));
    assert_eq!(events[1].1.fact, not_shown("message"), "a message without an id cannot be told from its repetition");
    assert_eq!(events[2].1.fact, not_shown("message"));
    assert_eq!(events.len(), 7, "nothing is lost");
}

#[test]
fn a_message_of_nothing_known_is_still_a_message() {
    let is_message = |inbound: Inbound, expected: &[&str]| assert_eq!(said(inbound).not_shown, expected);
    is_message(message(r#"{"mid":"m"}"#), &["message"]);
    is_message(message(r#"{"mid":"m","text":""}"#), &["message"]);
    is_message(message(r#"{"mid":"m","text":" "}"#), &["message"]);
    is_message(
        message(r#"{"mid":"m","text":"x","is_unsupported":true,"reply_to":{"story":{}},"referral":{}}"#),
        &["is_unsupported", "reply_to"],
    );
}

#[test]
fn text_keeps_everything_but_what_cannot_be_stored() {
    let words = |members: &str| said(message(members)).blocks;
    assert_eq!(words(r#"{"mid":"m","text":" a\nb\u0000c "}"#), [Block::text(" a\nb\u{fffd}c ")]);
    let long = "ä".repeat(MAX_TEXT_CHARS + 1);
    let blocks = words(&format!(r#"{{"mid":"m","text":"{long}"}}"#));
    assert_eq!(blocks, [Block::text("ä".repeat(MAX_TEXT_CHARS)), Block::text("ä")]);
}

#[test]
fn other_objects_and_other_bodies_are_refused_with_a_reason() {
    for (body, reason) in [
        (&b"{\"object\":\"instagram\",\"entry\":[]}"[..], "instagram"),
        (b"{\"object\":\"whatsapp_business_account\",\"entry\":[]}", "whatsapp"),
        (b"{\"entry\":[]}", "no object"),
        (b"{\"object\":\"page\"}", "no list of entries"),
        (b"{\"object\":\"page\",\"entry\":{}}", "no list of entries"),
        (b"{\"object\":\"page\",\"entry\":[1]}", "entry is not an object"),
        (b"[]", "not a JSON object"),
        (b"", "not a JSON object"),
        (b"{\"object\":\"page\",\"entry\":[]", "not a JSON object"),
        (b"{\"object\":\"page\",\"entry\":[],\"x\":\"\xff\"}", "not UTF-8"),
    ] {
        let error = split(body).unwrap_err();
        assert!(error.reason.contains(reason), "{error} for {}", String::from_utf8_lossy(body));
    }
    assert_eq!(split(b"{\"object\":\"page\",\"entry\":[]}"), Ok(vec![]));
    let bare = split(br#"{"object":"page","entry":[{"id":"1","time":1,"changed_fields":["name"]}]}"#).unwrap();
    assert_eq!(interpret(&bare[0].payload).fact, not_shown("entry"), "an entry of a new kind is kept whole");
}

#[test]
fn deep_nesting_is_taken_without_a_fall() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let body = format!(r#"{{"object":"page","entry":[{{"id":"1","time":1,"messaging":[{{"x":{deep}}}]}}]}}"#);
    assert_eq!(read(&body).remove(0).1.fact, not_shown("x"));
}

#[test]
fn a_key_never_grows_past_its_bound_and_long_ones_stay_apart() {
    let long = |last: char| format!("message:{}{last}", "ü".repeat(150));
    let (one, two) = (bounded(long('a')), bounded(long('b')));
    assert!(one.len() <= MAX_KEY_BYTES && two.len() <= MAX_KEY_BYTES);
    assert_ne!(one, two);
}

proptest! {
    #[test]
    fn keys_survive_another_batch_another_time_and_another_spelling(
        picks in proptest::collection::vec(0..FIXTURES.len(), 1..5), time in 0_i64..2_000_000_000_000, cut in 1_usize..4,
    ) {
        let mut before = Vec::new();
        let mut entries = Vec::new();
        for pick in picks {
            before.extend(read(FIXTURES[pick]).into_iter().map(|(event, inbound)| (event.key, inbound.fact)));
            let body: serde_json::Value = serde_json::from_str(FIXTURES[pick]).unwrap();
            for entry in body["entry"].as_array().unwrap() {
                for list in LISTS {
                    for items in entry[list].as_array().map(|all| all.chunks(cut)).into_iter().flatten() {
                        // `pretty` spells the same values otherwise.
                        entries.push(serde_json::json!({ "time": time, "id": entry["id"], list: items }));
                    }
                }
            }
        }
        let body = serde_json::to_string_pretty(&serde_json::json!({ "entry": entries, "object": "page" })).unwrap();
        let after: Vec<_> = read(&body).into_iter().map(|(event, inbound)| (event.key, inbound.fact)).collect();
        prop_assert_eq!(before, after);
    }

    #[test]
    fn no_text_panics(payload in ".*", body: Vec<u8>) {
        let _ = interpret(&payload);
        let _ = split(&body);
    }

    #[test]
    fn what_was_split_is_always_understood(
        item in prop_oneof![Just("null".to_owned()), "\\{(\"(message|read|delivery|sender|postback|x)\":(\\{\\}|7|\"a\"|\\[\\]|null),?){0,3}\\}", "[0-9]{1,25}"]
    ) {
        let body = format!(r#"{{"object":"page","entry":[{{"id":"1","time":1,"messaging":[{item}]}}]}}"#);
        if let Ok(events) = split(body.as_bytes()) {
            for event in events {
                let inbound = interpret(&event.payload);
                prop_assert!(!event.key.is_empty() && inbound.fact != not_shown("unreadable"));
            }
        }
    }
}
