//! The bytes that leave, and what the answers mean.

use super::*;
use bytes::Bytes;
use http::StatusCode;
use model::MessageId;
use serde_json::Value;

fn outbound(blocks: Vec<Block>, window: Window) -> Outbound {
    Outbound { message_id: MessageId(5), recipient: "7001002003004005".into(), blocks, window }
}

fn json(message: &Outbound) -> Value {
    serde_json::from_slice(&send_body(message).unwrap()).unwrap()
}

#[test]
fn a_text_has_the_documented_shape() {
    let mut documented: Value = serde_json::from_str(include_str!("../fixtures/send-text.json")).unwrap();
    documented["message"]["metadata"] = "ot:msg_0000000000005".into();
    assert_eq!(json(&outbound(vec![Block::text("Hello Nadia, I am the Acme bot.")], Window::Open)), documented);
}

#[test]
fn a_late_answer_of_a_person_carries_the_tag() {
    let mut documented: Value = serde_json::from_str(include_str!("../fixtures/send-human-agent.json")).unwrap();
    // Not offered yet.
    for later in ["persona_id", "reply_to"] {
        documented.as_object_mut().unwrap().remove(later);
    }
    documented["message"]["metadata"] = "ot:msg_0000000000005".into();
    let words = "This is Mara. Your refund went out today.";
    assert_eq!(json(&outbound(vec![Block::text(words)], Window::HumanAgent)), documented);
}

#[test]
fn blocks_are_joined_and_the_limit_counts_characters() {
    let joined = json(&outbound(vec![Block::text("one"), Block::text("two\nthree")], Window::Open));
    assert_eq!(joined["message"]["text"], "one\n\ntwo\nthree");
    let full = outbound(vec![Block::text("👋".repeat(MAX_TEXT_CHARS))], Window::Open);
    assert!(send_body(&full).is_ok());
    let over = outbound(vec![Block::text("a".repeat(MAX_TEXT_CHARS - 2)), Block::text("b")], Window::Open);
    assert_eq!(send_body(&over), Err(MAX_TEXT_CHARS + 1), "the blank line counts");
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
