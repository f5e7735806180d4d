//! The bytes that leave, and what the answers mean.

use super::*;
use crate::messenger::native::MAX_TEXT_CHARS;
use bytes::Bytes;
use channel::OutboundFile;
use http::StatusCode;
use model::{
    Block, FileId, MessageId,
    block::{Card, Choice, ChoiceOption, ChoiceStyle, Media},
};
use serde_json::Value;

fn outbound(blocks: Vec<Block>, window: Window) -> Outbound {
    Outbound {
        message_id: MessageId(5),
        recipient: "7001002003004005".into(),
        blocks,
        reply_to: None,
        author: AuthorKind::Agent,
        persona: None,
        window,
        files: vec![],
    }
}

fn json(message: &Outbound) -> Value {
    serde_json::from_slice(&send_body(message, None, None).unwrap()).unwrap()
}

fn refusal(block: Block) -> String {
    send_body(&outbound(vec![block], Window::Open), None, None).unwrap_err()
}

macro_rules! documented {
    ($name:literal) => {
        serde_json::from_str::<Value>(include_str!(concat!("../fixtures/", $name, ".json"))).unwrap()
    };
}

/// What Messenger documents, with our id where we put it.
fn with_our_id(mut documented: Value) -> Value {
    documented["message"]["metadata"] = "ot:msg_0000000000005".into();
    documented
}

fn option(id: &str, title: &str, url: Option<&str>) -> ChoiceOption {
    ChoiceOption { id: id.into(), title: title.into(), description: None, url: url.map(str::to_owned) }
}

#[test]
fn a_text_has_the_documented_shape() {
    let message = outbound(vec![Block::text("Hello Nadia, I am the Acme bot.")], Window::Open);
    assert_eq!(json(&message), with_our_id(documented!("send-text")));
}

#[test]
fn a_late_answer_of_a_person_carries_tag_persona_and_what_it_answers() {
    let words = "This is Mara. Your refund went out today.";
    let message =
        Outbound { reply_to: Some("m_Qx81ZkA0c9".into()), ..outbound(vec![Block::text(words)], Window::HumanAgent) };
    let body = send_body(&message, Some("880000000000042"), None).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), with_our_id(documented!("send-human-agent")));
}

#[test]
fn quick_replies_have_the_documented_shape() {
    let mut documented = documented!("send-quick-replies");
    let replies = documented["message"]["quick_replies"].as_array_mut().unwrap();
    // E-mail and telephone are not options of ours, and options have no pictures.
    replies.truncate(2);
    replies[0].as_object_mut().unwrap().remove("image_url");
    replies[0]["payload"] = "ot:msg_0000000000005:ORDER|A-1001".into();
    replies[1]["payload"] = "ot:msg_0000000000005:ORDER|other".into();
    let options = vec![option("ORDER|A-1001", "A-1001", None), option("ORDER|other", "Other", None)];
    let choice = Choice { text: "Which order?".into(), options, style: None };
    assert_eq!(json(&outbound(vec![Block::Choice(choice)], Window::Open)), with_our_id(documented));
}

#[test]
fn buttons_have_the_documented_shape() {
    let mut documented = documented!("send-buttons");
    let buttons = documented["message"]["attachment"]["payload"]["buttons"].as_array_mut().unwrap();
    // Telephone numbers are no addresses of ours, and the size of the window is left to Messenger.
    buttons.truncate(2);
    buttons[0]["payload"] = "ot:msg_0000000000005:HANDOFF".into();
    buttons[1].as_object_mut().unwrap().remove("webview_height_ratio");
    let track = option("t", "Track parcel", Some("https://shop.example.com/t/A-1001"));
    let options = vec![option("HANDOFF", "Talk to a human", None), track];
    let choice = Choice { text: "How shall we continue?".into(), options, style: Some(ChoiceStyle::Buttons) };
    let body = json(&outbound(vec![Block::Choice(choice)], Window::Open));
    assert_eq!(body, with_our_id(documented));
}

#[test]
fn a_carousel_has_the_documented_shape() {
    let mut documented = documented!("send-carousel");
    let payload = &mut documented["message"]["attachment"]["payload"];
    payload.as_object_mut().unwrap().remove("image_aspect_ratio");
    for (place, id) in ["PICK|l1", "PICK|l2"].into_iter().enumerate() {
        payload["elements"][place]["buttons"][0]["payload"] = format!("ot:msg_0000000000005:{id}").into();
    }
    let card = |id: i64, title: &str, subtitle: &str, url: Option<&str>| Card {
        title: title.into(),
        subtitle: Some(subtitle.into()),
        image: Some(Media::stored(FileId(id))),
        url: url.map(str::to_owned),
        options: vec![option(&format!("PICK|l{id}"), "Choose", None)],
    };
    let cards = vec![
        card(1, "Desk lamp", "In stock", Some("https://shop.example.com/l1")),
        card(2, "Floor lamp", "2 weeks", None),
    ];
    let file = |id: i64| OutboundFile {
        file_id: FileId(id),
        name: "lamp.jpg".into(),
        media_type: "image/jpeg".into(),
        bytes: Bytes::new(),
        url: Some(format!("https://cdn.example.com/l{id}.jpg")),
    };
    let files = vec![file(1), file(2)];
    let message = Outbound { files, ..outbound(vec![Block::Carousel { cards }], Window::Open) };
    assert_eq!(json(&message), with_our_id(documented));
}

#[test]
fn a_file_goes_by_the_id_of_its_upload() {
    let mut documented = documented!("send-image-by-address");
    documented["message"]["attachment"]["payload"] = serde_json::json!({ "attachment_id": "1870000000000009" });
    let message = outbound(vec![Block::Image(Media::stored(FileId(1)))], Window::Open);
    let body = send_body(&message, None, Some("1870000000000009")).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), with_our_id(documented));
}

#[test]
fn blocks_are_joined_and_the_limit_counts_characters() {
    let joined = json(&outbound(vec![Block::text("one"), Block::text("two\nthree")], Window::Open));
    assert_eq!(joined["message"]["text"], "one\n\ntwo\nthree");
    let full = outbound(vec![Block::text("👋".repeat(MAX_TEXT_CHARS))], Window::Open);
    assert!(send_body(&full, None, None).is_ok());
    let over = outbound(vec![Block::text("a".repeat(MAX_TEXT_CHARS - 2)), Block::text("b")], Window::Open);
    let words = send_body(&over, None, None).unwrap_err();
    assert_eq!(words, "the text has 2001 characters, Messenger takes 2000", "the blank line counts");
}

#[test]
fn what_messenger_does_not_take_never_leaves() {
    let choice =
        |text: &str, options: Vec<ChoiceOption>, style| Block::Choice(Choice { text: text.into(), options, style });
    let many = |count: usize| (0..count).map(|n| option(&n.to_string(), "A", None)).collect::<Vec<_>>();
    let buttons = Some(ChoiceStyle::Buttons);
    let card = |title: &str| Card { title: title.into(), subtitle: None, image: None, url: None, options: vec![] };
    for (block, words) in [
        (choice("Q", many(14), None), "there are 14 options, Messenger takes 1 to 13"),
        (choice("Q", many(4), buttons), "there are 4 options, Messenger takes 1 to 3"),
        (choice("Q", vec![], None), "there are 0 options, Messenger takes 1 to 13"),
        (choice(&"q".repeat(641), many(1), buttons), "the question has 641 characters, Messenger takes 640"),
        (
            choice("Q", vec![option("a", &"a".repeat(21), None)], None),
            "an option's title has 21 characters, Messenger takes 20",
        ),
        (
            choice("Q", vec![option(&"a".repeat(980), "A", None)], None),
            "an option's id has 980 characters, Messenger takes 979",
        ),
        (Block::Card(card("Alone")), "a card of Messenger needs something beside its title"),
        (Block::Card(card(&"a".repeat(81))), "a card's title has 81 characters, Messenger takes 80"),
        (Block::Carousel { cards: vec![card("A"); 11] }, "a carousel has 11 cards, Messenger takes 1 to 10"),
        (
            Block::Card(Card { image: Some(Media::stored(FileId(1))), ..card("A") }),
            "a card's picture has no public address, where Meta could fetch it",
        ),
        (Block::Sticker(Media::stored(FileId(1))), "Messenger cannot carry this sticker here"),
    ] {
        assert_eq!(refusal(block), words);
    }
}

#[test]
fn only_a_named_message_is_accepted() {
    let ask = |status: u16, body: &str| {
        let answer = Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: Bytes::copy_from_slice(body.as_bytes()),
        };
        outcome(&answer, Window::Open)
    };
    assert_eq!(
        ask(200, r#"{"recipient_id":"7","message_id":"m_1"}"#),
        SendOutcome::Accepted { external_id: "m_1".into() }
    );
    assert_eq!(ask(201, r#"{"message_id":"m_1"}"#), SendOutcome::Accepted { external_id: "m_1".into() });
    for body in
        ["", "{}", "null", r#"{"message_id":""}"#, r#"{"message_id":null}"#, r#"{"recipient_id":"7"}"#, "<html>"]
    {
        assert!(matches!(ask(200, body), SendOutcome::Uncertain { .. }), "{body}");
    }
    assert!(matches!(ask(200, r#"{"error":{"code":551}}"#), SendOutcome::Blocked { .. }));
}

#[test]
fn the_token_never_gets_into_words_and_words_are_bounded() {
    let detail = format!("Malformed access token EAAsecret {}", "x".repeat(900));
    let SendOutcome::Unauthorized { detail, .. } = tidy(SendOutcome::Unauthorized { code: None, detail }, "EAAsecret")
    else {
        panic!()
    };
    assert!(detail.starts_with("Malformed access token *** x"));
    assert_eq!(detail.chars().count(), MAX_DETAIL_CHARS);
}
