//! What each kind of event means.

use super::*;
use channel::{EchoAuthor, Happening, RemoteMedia};
use model::{
    FileId, MessageId,
    block::{Card, Choice, ChoiceOption, Degrees, Location, Media, RichLink},
    message::AuthorKind,
};

fn remote(url: &str, name: Option<&str>) -> RemoteMedia {
    RemoteMedia { url: url.into(), name: name.map(str::to_owned) }
}

fn fetching(place: i64) -> Media {
    Media::fetching(FileId(place))
}

fn facts(body: &str) -> Vec<Fact> {
    read(body).into_iter().map(|(_, inbound)| inbound.fact).collect()
}

fn happened(body: &str) -> Vec<Happening> {
    let happening = |fact| match fact {
        Fact::Happened { what, .. } => Some(what),
        _ => None,
    };
    facts(body).into_iter().filter_map(happening).collect()
}

#[test]
fn attachments_become_files_to_fetch_and_their_addresses_stay_out_of_the_blocks() {
    let content = said(read(fixture!("attachments")).remove(0).1);
    let invoice = Media { name: Some("invoice-8841.pdf".into()), ..fetching(1) };
    assert_eq!(content.blocks, [Block::Image(fetching(0)), Block::File(invoice)]);
    assert_eq!(
        content.media,
        [
            remote("https://cdn.example.com/v/broken-lamp.jpg?oh=1&oe=2", None),
            remote("https://cdn.example.com/v/invoice-8841.pdf?oh=3&oe=4", Some("invoice-8841.pdf")),
        ]
    );
    let mut named = content;
    named.name_files(&[FileId(71), FileId(72)]);
    let ids: Vec<_> = named.blocks.iter().flat_map(Block::all_media).map(|media| media.file_id).collect();
    assert_eq!(ids, [FileId(71), FileId(72)]);
}

#[test]
fn a_sticker_is_one_in_both_spellings() {
    let events = read(fixture!("attachments-of-every-kind"));
    for (place, url) in
        [(0, "https://cdn.example.com/v/thumb.png?oh=1"), (1, "https://cdn.example.com/v/thumb.png?oh=2")]
    {
        let content = said(events[place].1.clone());
        assert_eq!(content.blocks, [Block::Sticker(fetching(0))]);
        assert_eq!((content.media, content.not_shown), (vec![remote(url, None)], vec![]));
    }
}

#[test]
fn a_shared_link_says_where_it_leads() {
    let events = read(fixture!("attachments-of-every-kind"));
    let link = |url: &str, title: &str| {
        Block::RichLink(RichLink { url: url.into(), title: Some(title.into()), description: None, image: None })
    };
    let wrapped = said(events[2].1.clone());
    assert_eq!(wrapped.blocks, [Block::text("look"), link("https://shop.example.com/lamps?a=1", "Desk lamps")]);
    assert_eq!(said(events[3].1.clone()).blocks, [link("https://shop.example.com/l1", "Lamp")]);
    let gone = said(events[4].1.clone());
    assert_eq!((gone.blocks, gone.not_shown), (vec![Block::text("gone")], vec!["attachment:fallback".to_owned()]));
}

#[test]
fn a_product_is_a_card_and_other_kinds_are_what_they_are() {
    let events = read(fixture!("attachments-of-every-kind"));
    let product = said(events[5].1.clone());
    let card = Card {
        title: "Desk lamp".into(),
        subtitle: Some("49.00 EUR".into()),
        image: Some(fetching(0)),
        url: None,
        options: vec![],
    };
    assert_eq!(product.blocks, [Block::text("Is this still there?"), Block::Card(card)]);
    assert_eq!(product.media, [remote("https://cdn.example.com/l1.jpg", None)]);

    let media = said(events[6].1.clone());
    let reel = Media { caption: Some("My lamp".into()), ..fetching(2) };
    let angle = |degrees| Degrees::new(degrees).unwrap();
    let place =
        Location { latitude: angle(54.6872), longitude: angle(25.2797), name: Some("Shop".into()), address: None };
    let expected = [Block::Audio(fetching(0)), Block::Video(fetching(1)), Block::Video(reel), Block::Location(place)];
    assert_eq!((&media.blocks[..], media.media.len()), (&expected[..], 3));
}

#[test]
fn what_is_not_understood_is_named_and_no_odd_address_is_taken() {
    let odd = r#"{"mid":"m","attachments":[{"type":"image","payload":{"sticker_id":369239263222822}},
        {"type":"sticker","payload":{}},{"type":"fallback","title":"t"},{"payload":null},7,{"type":"hologram","payload":{}},
        {"type":"image","payload":{"url":"javascript:alert(1)"}},{"type":"file","payload":{"url":"file:///etc/passwd"}},
        {"type":"fallback","payload":{"url":"javascript:alert(1)"}},{"type":"video"},{"type":"location","payload":{"coordinates":{"lat":99999}}},
        {"type":"template","payload":{"elements":[{"subtitle":"no title"}]}},{"type":"template","payload":{}}]}"#;
    let content = said(message(odd));
    assert_eq!((content.blocks, content.media), (vec![], vec![]));
    let kinds = [
        "sticker", "sticker", "fallback", "", "", "hologram", "image", "file", "fallback", "video", "location",
        "template", "template",
    ];
    let expected: Vec<String> = kinds
        .iter()
        .map(|kind| if kind.is_empty() { "attachment".into() } else { format!("attachment:{kind}") })
        .collect();
    assert_eq!(content.not_shown, expected);
}

#[test]
fn names_of_files_are_read_from_their_addresses() {
    let name = |url: &str| {
        let json = serde_json::json!({ "mid": "m", "attachments": [{ "type": "file", "payload": { "url": url } }] });
        said(message(&json.to_string())).media.remove(0).name
    };
    assert_eq!(name("https://a.example/x/R%C3%A9sum%C3%A9.pdf?x=/y.z").as_deref(), Some("Résumé.pdf"));
    assert_eq!(name("https://a.example/x/a%2F..%2Fb.pdf").as_deref(), Some("a_.._b.pdf"), "a name is no path");
    for none in ["https://a.example", "https://a.example/", "https://a.example/x/123", "https://a.example/.x"] {
        assert_eq!(name(none), None, "{none}");
    }
}

#[test]
fn a_postback_is_a_message_of_the_customer() {
    let (event, inbound) = read(fixture!("postback-from-ad")).remove(0);
    assert_eq!(event.key, "postback:m_Pb901x");
    assert_eq!(inbound.opens_window_millis, DAY);
    let Fact::Message { external_id, content, choice, referral } = inbound.fact else { panic!() };
    assert_eq!((external_id.as_str(), &content.blocks[..]), ("m_Pb901x", &[Block::text("Get started")][..]));
    assert_eq!(choice.unwrap().payload.as_deref(), Some("GET_STARTED"));
    let referral = referral.unwrap();
    assert_eq!((&referral["source"], &referral["ads_context_data"]["ad_title"]), (&"ADS".into(), &"Lamps -30%".into()));
}

#[test]
fn a_pick_of_ours_gives_the_option_and_its_message_back() {
    let events = read(fixture!("attachments-of-every-kind"));
    let (event, inbound) = &events[8];
    let Fact::Message { external_id, content, choice, .. } = &inbound.fact else { panic!() };
    assert!(
        external_id.starts_with("postback:7001002003004005:1789000808900:"),
        "without an id it gets one: {external_id}"
    );
    assert!(event.key.starts_with("postback:110022003300440:7001002003004005:1789000808900:"), "{}", event.key);
    assert_eq!(content.blocks, [Block::text("Repair")]);
    let expected = Chosen { option_id: Some("repair".into()), message_id: Some(MessageId(5)), payload: None };
    assert_eq!(choice.as_ref(), Some(&expected));
    let own = crate::messenger::facts::payload(MessageId(5), "a:b|ü");
    let body = format!(r#"{{"mid":"m","text":"x","quick_reply":{{"payload":"{own}"}}}}"#);
    let Fact::Message { choice, .. } = message(&body).fact else { panic!() };
    assert_eq!(choice.unwrap().option_id.as_deref(), Some("a:b|ü"));
}

#[test]
fn a_message_from_an_ad_says_so() {
    let events = read(fixture!("attachments-of-every-kind"));
    let Fact::Message { referral, content, .. } = &events[7].1.fact else { panic!() };
    assert_eq!(referral.as_ref().unwrap()["ad_id"], "120000000000777");
    assert_eq!((&content.blocks[..], content.not_shown.len()), (&[Block::text("Hi")][..], 0));
}

#[test]
fn reactions_edits_and_receipts() {
    let events = read(fixture!("reaction-edit-delivery-read"));
    let facts: Vec<_> = events.iter().map(|(_, inbound)| (inbound.fact.clone(), inbound.opens_window_millis)).collect();
    let mid = || "m_Bb20Agent77".to_owned();
    let edited = Fact::Edited { external_id: "m_Qx81ZkA0c9".into(), text: "Refund please".into(), number: 1 };
    assert_eq!(
        facts,
        [
            (Fact::Reaction { external_id: mid(), emoji: Some("😡".into()) }, DAY),
            (edited, None),
            (Fact::Delivered { external_ids: vec![mid()], watermark: Some(Timestamp(1_789_000_404_290)) }, None),
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
fn a_reaction_without_a_sign_is_known_by_its_word_or_kept() {
    let reaction = |members: &str| {
        let body = format!(
            r#"{{"object":"page","entry":[{{"id":"1","time":1,"messaging":[{{"sender":{{"id":"2"}},"recipient":{{"id":"1"}},"timestamp":5,"reaction":{members}}}]}}]}}"#
        );
        facts(&body).remove(0)
    };
    let sign = |emoji: Option<&str>| Fact::Reaction { external_id: "m".into(), emoji: emoji.map(str::to_owned) };
    assert_eq!(reaction(r#"{"mid":"m","action":"react","reaction":"love"}"#), sign(Some("❤")));
    assert_eq!(reaction(r#"{"mid":"m","action":"unreact","reaction":"love"}"#), sign(None));
    assert_eq!(reaction(r#"{"mid":"m","action":"react","reaction":"other"}"#), not_shown("reaction"));
    assert_eq!(reaction(r#"{"action":"react","emoji":"x"}"#), not_shown("reaction"));
}

#[test]
fn an_echo_is_about_its_recipient_and_says_who_wrote_it() {
    let events = read(fixture!("echo-and-standby"));
    let (event, inbound) = &events[0];
    assert_eq!(event.key, "echo:m_Bb20Agent78");
    assert_eq!((event.person.as_str(), inbound.sender.as_deref()), (PSID, Some(PSID)));
    assert_eq!((inbound.opens_window_millis, inbound.standby), (None, false));
    assert_eq!(
        inbound.fact,
        Fact::Echo {
            external_id: "m_Bb20Agent78".into(),
            message_id: None,
            content: Content { blocks: vec![Block::text("We are on it.")], ..Content::default() },
            author: EchoAuthor { kind: AuthorKind::System, name: "App 517000000000111".into() },
        }
    );
    let inbox = read(fixture!("attachments-of-every-kind")).remove(9).1;
    let Fact::Echo { author, content, .. } = inbox.fact else { panic!() };
    assert_eq!(author, EchoAuthor { kind: AuthorKind::Agent, name: "Page inbox".into() });
    let option = |id: &str, title: &str, url: Option<&str>| ChoiceOption {
        id: id.into(),
        title: title.into(),
        description: None,
        url: url.map(str::to_owned),
    };
    let address = "https://shop.example.com/t/A-1001";
    let options = vec![option("HANDOFF", "Talk to a human", None), option(address, "Track parcel", Some(address))];
    let choice = Choice { text: "How shall we continue?".into(), options, style: None };
    assert_eq!(content.blocks, [Block::Choice(choice)]);
}

/// What another app of the page sent in the documented way, as Meta repeats it: the message, without the frame of the send.
#[test]
fn every_documented_send_of_another_app_is_read_from_its_echo() {
    let echoed = |sent: &str| {
        let mut message = serde_json::from_str::<serde_json::Value>(sent).unwrap()["message"].take();
        if let Some(attachment) = message.as_object_mut().unwrap().remove("attachment") {
            message["attachments"] = [attachment].into_iter().collect();
        }
        message["mid"] = "m_e".into();
        message["is_echo"] = true.into();
        message["app_id"] = 517_000_000_000_111_i64.into();
        said(self::message(&message.to_string()))
    };
    let option =
        |id: &str, title: &str| ChoiceOption { id: id.into(), title: title.into(), description: None, url: None };
    assert_eq!(echoed(fixture!("send-text")).blocks, [Block::text("Hello Nadia, I am the Acme bot.")]);
    assert_eq!(echoed(fixture!("send-human-agent")).blocks, [Block::text("This is Mara. Your refund went out today.")]);
    assert_eq!(echoed(fixture!("send-one-time")).blocks, [Block::text("The lamp is back.")]);
    assert_eq!(echoed(fixture!("send-one-time-request")).blocks, [Block::text("Tell me when the lamp is back")]);

    let options = vec![option("ORDER|A-1001", "A-1001"), option("ORDER|other", "Other")];
    let which = Choice { text: "Which order?".into(), options, style: None };
    let content = echoed(fixture!("send-quick-replies"));
    assert_eq!((content.blocks, content.not_shown), (vec![Block::Choice(which)], vec![]));

    let buttons = echoed(fixture!("send-buttons"));
    let Block::Choice(choice) = &buttons.blocks[0] else { panic!("{buttons:?}") };
    let titles: Vec<_> = choice.options.iter().map(|option| option.title.as_str()).collect();
    assert_eq!(titles, ["Talk to a human", "Track parcel", "Call us"]);

    let carousel = echoed(fixture!("send-carousel"));
    let Block::Carousel { cards } = &carousel.blocks[0] else { panic!("{carousel:?}") };
    assert_eq!((cards.len(), carousel.media.len(), cards[1].options.len()), (2, 2, 1));

    let receipt = Card {
        title: "Acme · A-1001".into(),
        subtitle: Some("66.14 EUR".into()),
        image: None,
        url: Some("https://shop.example.com/o/A-1001".into()),
        options: vec![],
    };
    let content = echoed(fixture!("send-receipt"));
    assert_eq!((content.blocks, content.media), (vec![Block::Card(receipt)], vec![]));

    let picture = echoed(fixture!("send-image-by-address"));
    assert_eq!(picture.media, [remote("https://cdn.example.com/label.png", None)]);
    let file = echoed(fixture!("upload-by-address"));
    assert_eq!(file.media, [remote("https://cdn.example.com/terms.pdf", Some("terms.pdf"))]);

    // What the customer saw is known to Meta alone: the template's name and its gaps are no words.
    let template = echoed(fixture!("send-utility-template"));
    assert_eq!((template.blocks, template.not_shown), (vec![], vec!["template".to_owned()]));
}

#[test]
fn the_app_that_a_conversation_is_passed_to_is_the_inbox_of_the_page() {
    let pass: serde_json::Value = serde_json::from_str(fixture!("pass-thread-control")).unwrap();
    let echo = format!(r#"{{"mid":"m","is_echo":true,"app_id":{},"text":"x"}}"#, pass["target_app_id"]);
    let Fact::Echo { author, .. } = message(&echo).fact else { panic!() };
    assert_eq!(author, EchoAuthor { kind: AuthorKind::Agent, name: "Page inbox".into() });
}

#[test]
fn what_is_said_while_another_app_has_the_conversation_is_heard() {
    let events = read(fixture!("echo-and-standby"));
    let (event, inbound) = &events[1];
    assert_eq!(event.key, "standby:message:m_Stby01", "the same message may come as ours later");
    assert_eq!((inbound.standby, inbound.opens_window_millis), (true, DAY));
    assert_eq!(said(inbound.clone()).blocks, [Block::text("hello?")]);
}

#[test]
fn our_own_echo_gives_our_id_back_and_nothing_else_does() {
    let id = MessageId(777_777);
    let echo = |metadata: &str| {
        let text = serde_json::to_string(metadata).unwrap();
        match message(&format!(r#"{{"mid":"m_e","is_echo":true,"metadata":{text},"text":"x"}}"#)).fact {
            Fact::Echo { message_id, .. } => message_id,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(echo(&format!("ot:{id}")), Some(id));
    for foreign in
        ["", "ot:", "ot:thr_0000000000001", "msg_0000000000001", "ot:msg_0000000000001 ", "OT:msg_0000000000001"]
    {
        assert_eq!(echo(foreign), None, "{foreign:?}");
    }
}

#[test]
fn what_the_page_itself_does_is_never_the_customers() {
    let from_page = |members: &str| {
        let body = format!(
            r#"{{"object":"page","entry":[{{"id":"1","time":1,"messaging":[{{"sender":{{"id":"1"}},"recipient":{{"id":"2"}},"timestamp":5,{members}}}]}}]}}"#
        );
        read(&body).remove(0).1
    };
    assert!(matches!(from_page(r#""message":{"mid":"m","text":"x"}"#).fact, Fact::Echo { .. }));
    for members in [r#""reaction":{"mid":"m","action":"react","emoji":"x"}"#, r#""postback":{"mid":"m","title":"x"}"#] {
        let inbound = from_page(members);
        assert!(matches!(inbound.fact, Fact::NotShown { .. }), "{inbound:?}");
        assert_eq!(inbound.opens_window_millis, None);
    }
}

#[test]
fn thread_control_opt_ins_and_what_concerns_the_account() {
    use Happening::{
        AccountLinked, ControlPassed, ControlRequested, ControlTaken, Feedback, OptIn, PolicyEnforced, Referral,
        RolesChanged, TemplateStatus,
    };
    assert_eq!(happened(fixture!("thread-control-and-optin")), [ControlPassed, OptIn]);
    let Fact::Happened { details, .. } = facts(fixture!("thread-control-and-optin")).remove(0) else { panic!() };
    assert_eq!((&details["new_owner_app_id"], &details["metadata"]), (&"517000000000111".into(), &"billing".into()));
    let Fact::Happened { details, .. } = facts(fixture!("thread-control-and-optin")).remove(1) else { panic!() };
    assert_eq!(details["title"], "Restock news");
    assert!(!details.contains_key("notification_messages_token"), "a right to write is no detail");

    let other = fixture!("other-kinds");
    let expected = [
        Referral,
        ControlTaken,
        ControlRequested,
        RolesChanged,
        AccountLinked,
        PolicyEnforced,
        Feedback,
        TemplateStatus,
        TemplateStatus,
    ];
    assert_eq!(happened(other), expected);
    let facts = facts(other);
    assert_eq!(facts[1], Fact::Reaction { external_id: "m_Bb20Agent77".into(), emoji: None });
    assert_eq!(facts[8], not_shown("hologram"));
    let Fact::Happened { details, .. } = &facts[5] else { panic!() };
    assert_eq!(details.keys().collect::<Vec<_>>(), ["status"], "the code is a credential");
    let Fact::Happened { details, .. } = &facts[9] else { panic!() };
    assert_eq!(details["event"], "APPROVED");
    let windows: Vec<bool> = read(other).iter().map(|(_, inbound)| inbound.opens_window_millis.is_some()).collect();
    assert_eq!(windows.iter().filter(|opens| **opens).count(), 1, "the referral alone");
    assert!(windows[0]);
}
