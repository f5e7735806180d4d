//! Every inbound example of the fact sheet: what it splits into, under which keys, and what each event means.

use super::*;
use proptest::prelude::*;

const PSID: &str = "7001002003004005";
const DAY: Option<i64> = Some(WINDOW_MILLIS);

macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../fixtures/", $name, ".json"))
    };
}

const FIXTURES: [&str; 9] = [
    fixture!("signed-unicode"),
    fixture!("signed-slashes"),
    fixture!("text-quick-reply"),
    fixture!("attachments"),
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
fn a_text_with_a_tapped_reply_shows_its_words_and_names_the_rest() {
    let (event, inbound) = read(fixture!("text-quick-reply")).remove(0);
    assert_eq!((event.address.as_str(), event.person.as_str()), ("110022003300440", PSID));
    assert_eq!(event.key, "message:m_Qx81ZkA0c9");
    assert_eq!(
        inbound,
        Inbound {
            sender: Some(PSID.into()),
            at: Timestamp(1_789_000_101_321),
            opens_window_millis: DAY,
            fact: Fact::Message {
                external_id: "m_Qx81ZkA0c9".into(),
                blocks: vec![Block::text("Refund")],
                not_shown: vec!["quick_reply".into(), "reply_to".into()],
            },
        }
    );
}

#[test]
fn escapes_are_read_as_letters_and_kept_as_they_came() {
    let (event, inbound) = read(fixture!("signed-unicode")).remove(0);
    assert!(event.payload.contains(r"Gr\u00fc\u00dfe \ud83d\udc4b"), "{}", event.payload);
    let Fact::Message { blocks, .. } = inbound.fact else { panic!("{inbound:?}") };
    assert_eq!(blocks, [Block::text("Grüße 👋")]);
}

#[test]
fn attachments_are_named_and_a_sticker_is_one_in_both_forms() {
    let (_, inbound) = read(fixture!("attachments")).remove(0);
    assert_eq!(
        inbound.fact,
        Fact::Message {
            external_id: "m_Att55d0".into(),
            blocks: vec![],
            not_shown: vec!["attachment:image".into(), "attachment:file".into()],
        }
    );
    let odd = r#"{"mid":"m","attachments":[{"type":"image","payload":{"sticker_id":369239263222822}},
        {"type":"sticker","payload":{}},{"type":"fallback","title":"t"},{"payload":null},7]}"#;
    let Fact::Message { not_shown, .. } = message(odd).fact else { panic!() };
    assert_eq!(
        not_shown,
        ["attachment:sticker", "attachment:sticker", "attachment:fallback", "attachment", "attachment"]
    );
}

#[test]
fn a_postback_opens_the_window_and_is_kept_under_its_own_id() {
    let (event, inbound) = read(fixture!("postback-from-ad")).remove(0);
    assert_eq!(event.key, "postback:m_Pb901x");
    assert_eq!((inbound.fact, inbound.opens_window_millis), (not_shown("postback"), DAY));
}

#[test]
fn reactions_edits_and_receipts() {
    let events = read(fixture!("reaction-edit-delivery-read"));
    let facts: Vec<_> = events.iter().map(|(_, inbound)| (inbound.fact.clone(), inbound.opens_window_millis)).collect();
    assert_eq!(
        facts,
        [
            (not_shown("reaction"), DAY),
            (not_shown("message_edit"), None),
            (
                Fact::Delivered {
                    external_ids: vec!["m_Bb20Agent77".into()],
                    watermark: Some(Timestamp(1_789_000_404_290)),
                },
                None
            ),
            (Fact::Read { watermark: Timestamp(1_789_000_404_390) }, None),
        ]
    );
    let keys: Vec<_> = events.iter().map(|(event, _)| event.key.as_str()).collect();
    assert_eq!(keys[0], "reaction:110022003300440:7001002003004005:1789000404100:m_Bb20Agent77:react:😡");
    assert_eq!(keys[1], "message_edit:110022003300440:7001002003004005:1789000404200:m_Qx81ZkA0c9:1");
    assert!(keys[2].starts_with("delivery:110022003300440:7001002003004005:1789000404300:1789000404290:"));
    assert_eq!(keys[3], "read:110022003300440:7001002003004005:1789000404400:1789000404390");
    assert!(events.iter().all(|(event, inbound)| event.person == PSID && inbound.sender.as_deref() == Some(PSID)));
}

#[test]
fn an_echo_is_about_its_recipient_and_standby_is_not_ours() {
    let events = read(fixture!("echo-and-standby"));
    let (echo, standby) = (&events[0], &events[1]);
    assert_eq!(echo.0.key, "echo:m_Bb20Agent78");
    assert_eq!((echo.0.person.as_str(), echo.1.sender.as_deref()), (PSID, Some(PSID)));
    assert_eq!(echo.1.fact, Fact::Echo { external_id: "m_Bb20Agent78".into(), message_id: None }, "another app's");
    assert_eq!(echo.1.opens_window_millis, None);
    assert_eq!(standby.0.key, "standby:message:m_Stby01", "the same message may come as ours later");
    assert_eq!((standby.1.fact.clone(), standby.1.opens_window_millis), (not_shown("standby"), DAY));
}

#[test]
fn our_own_echo_gives_our_id_back_and_nothing_else_does() {
    let id = MessageId(777_777);
    let echo = |metadata: &str| {
        let text = serde_json::to_string(metadata).unwrap();
        message(&format!(r#"{{"mid":"m_e","is_echo":true,"metadata":{text},"text":"x"}}"#)).fact
    };
    let expect = |message_id| Fact::Echo { external_id: "m_e".into(), message_id };
    assert_eq!(echo(&format!("ot:{id}")), expect(Some(id)));
    for foreign in
        ["", "ot:", "ot:thr_0000000000001", "msg_0000000000001", "ot:msg_0000000000001 ", "OT:msg_0000000000001"]
    {
        assert_eq!(echo(foreign), expect(None), "{foreign:?}");
    }
}

#[test]
fn thread_control_opt_ins_and_everything_unknown_are_kept_under_their_own_word() {
    let words = |body: &str| -> Vec<_> {
        let word = |fact| match fact {
            Fact::NotShown { what } => what,
            other => panic!("{other:?}"),
        };
        read(body).into_iter().map(|(_, inbound)| (word(inbound.fact), inbound.opens_window_millis.is_some())).collect()
    };
    assert_eq!(
        words(fixture!("thread-control-and-optin")),
        [("pass_thread_control".to_owned(), false), ("optin".to_owned(), false)]
    );
    let other = words(fixture!("other-kinds"));
    let expected = [
        ("referral", true),
        ("reaction", false),
        ("take_thread_control", false),
        ("request_thread_control", false),
        ("app_roles", false),
        ("account_linking", false),
        ("policy_enforcement", false),
        ("messaging_feedback", false),
        ("hologram", false),
        ("messenger_template_status_update", false),
        ("message_template_status_update", false),
    ];
    assert_eq!(other, expected.map(|(word, opens)| (word.to_owned(), opens)));
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
    assert_eq!(
        events[0].1.fact,
        Fact::Message { external_id: "5".into(), blocks: vec![], not_shown: vec!["text".into()] }
    );
    assert_eq!(events[0].1.at, Timestamp(7));
    assert_eq!(events[1].1.fact, not_shown("message"), "a message without an id cannot be told from its repetition");
    assert_eq!(events[2].1.fact, not_shown("message"));
    assert_eq!(events.len(), 7, "nothing is lost");
}

#[test]
fn a_message_of_nothing_known_is_still_a_message() {
    let is_message = |inbound: Inbound, expected: &[&str]| match inbound.fact {
        Fact::Message { not_shown, .. } => assert_eq!(not_shown, expected),
        other => panic!("{other:?}"),
    };
    is_message(message(r#"{"mid":"m"}"#), &["message"]);
    is_message(message(r#"{"mid":"m","text":""}"#), &["message"]);
    is_message(
        message(r#"{"mid":"m","text":"x","is_unsupported":true,"referral":{}}"#),
        &["is_unsupported", "referral"],
    );
}

#[test]
fn text_keeps_everything_but_what_cannot_be_stored() {
    let words = |members: &str| match message(members).fact {
        Fact::Message { blocks, .. } => blocks,
        other => panic!("{other:?}"),
    };
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
