//! What is made ready before a send: uploads, personas; and what goes beside messages.

use super::{PSID, account_at, hello, messenger, picture};
use channel::{Channel, Outbound, Persona, Profile, SendOutcome, Signal};
use model::MessageId;
use serde_json::json;
use testkit::graph::{Fault, GraphStandIn};

fn accepted(outcome: &SendOutcome) -> bool {
    matches!(outcome, SendOutcome::Accepted { .. })
}

#[tokio::test]
async fn a_file_is_uploaded_once_and_used_again() {
    let meta = GraphStandIn::start().await;
    let (messenger, account) = (messenger(), account_at(&meta));
    for id in 1..4 {
        let message = Outbound { message_id: MessageId(id), ..picture() };
        assert!(accepted(&messenger.send(&account, &message).await));
    }
    let [upload] = &meta.uploads()[..] else { panic!("{:?}", meta.uploads()) };
    assert_eq!(
        (upload.kind.as_str(), upload.name.as_str(), upload.media_type.as_str()),
        ("image", "lamp.png", "image/png")
    );
    assert_eq!(upload.bytes, b"\x89PNG lamp");
    for message in meta.accepted() {
        assert_eq!(message.body["message"]["attachment"]["payload"]["attachment_id"], upload.id.as_str());
    }
}

#[tokio::test]
async fn an_upload_that_meta_forgot_is_made_again() {
    let meta = GraphStandIn::start().await;
    let (messenger, account) = (messenger(), account_at(&meta));
    assert!(accepted(&messenger.send(&account, &picture()).await));
    meta.forget_uploads();
    assert!(accepted(&messenger.send(&account, &picture()).await));
    assert_eq!((meta.uploads().len(), meta.accepted().len()), (1, 2));
    // Meta forgets at once what it just took: said once, not tried for ever.
    meta.forget_uploads().fault(Fault::Error { status: 400, code: 100, subcode: None });
    assert!(matches!(messenger.send(&account, &picture()).await, SendOutcome::Permanent { .. }));
}

#[tokio::test]
async fn a_failed_upload_has_sent_nothing_and_may_be_tried_again() {
    let meta = GraphStandIn::start().await;
    let (messenger, account) = (messenger(), account_at(&meta));
    meta.fault_next(1, Fault::CloseUnanswered { share: 1.0 });
    assert!(matches!(messenger.send(&account, &picture()).await, SendOutcome::Temporary { .. }));
    assert_eq!((meta.calls(), meta.accepted().len()), (0, 0), "the send itself was never called");
    assert!(accepted(&messenger.send(&account, &picture()).await));
    let missing = Outbound { files: vec![], ..picture() };
    assert!(matches!(messenger.send(&account, &missing).await, SendOutcome::Permanent { .. }));
}

#[tokio::test]
async fn a_large_file_arrives_whole() {
    let meta = GraphStandIn::start().await;
    let mut message = picture();
    message.files[0].bytes = (0..5_000_000_u32).map(|place| place as u8).collect::<Vec<u8>>().into();
    assert!(accepted(&messenger().send(&account_at(&meta), &message).await));
    assert_eq!(meta.uploads()[0].bytes, message.files[0].bytes);
    message.files[0].bytes = vec![1; 8_000_001].into();
    let refused = messenger().send(&account_at(&meta), &message).await;
    assert!(
        matches!(&refused, SendOutcome::Permanent { code: Some(code), .. } if code == "100/2018007"),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_persona_is_made_once_and_found_by_the_next_process() {
    let meta = GraphStandIn::start().await;
    let account = account_at(&meta);
    let persona = Persona { name: "Mara Z.".into(), picture_url: "https://cdn.example.com/agents/mara.png".into() };
    let message = Outbound { persona: Some(persona), ..hello() };
    let first = messenger();
    for channel in [&first, &first, &messenger()] {
        assert!(accepted(&channel.send(&account, &message).await));
    }
    let [made] = &meta.personas()[..] else { panic!("{:?}", meta.personas()) };
    assert_eq!((made.name.as_str(), made.picture_url.as_str()), ("Mara Z.", "https://cdn.example.com/agents/mara.png"));
    assert!(meta.accepted().iter().all(|sent| sent.body["persona_id"] == made.id.as_str()));
    let documented: serde_json::Value =
        serde_json::from_str(include_str!("../../src/messenger/fixtures/persona.json")).unwrap();
    assert_eq!(documented, json!({ "name": made.name, "profile_picture_url": made.picture_url }));

    meta.delete_personas();
    assert!(accepted(&first.send(&account, &message).await), "sent without the persona that is gone");
    assert_eq!(meta.accepted()[3].body.get("persona_id"), None);
    assert!(accepted(&first.send(&account, &message).await));
    assert_eq!(meta.accepted()[4].body["persona_id"], meta.personas()[0].id.as_str(), "and made anew for the next");
}

#[tokio::test]
async fn a_message_does_not_wait_for_its_persona() {
    let meta = GraphStandIn::start().await;
    let message =
        Outbound { persona: Some(Persona { name: "Mara".into(), picture_url: "not an address".into() }), ..hello() };
    assert!(accepted(&messenger().send(&account_at(&meta), &message).await));
    assert_eq!((meta.accepted().len(), meta.accepted()[0].body.get("persona_id")), (1, None));
}

#[tokio::test]
async fn an_answer_names_what_it_answers() {
    let meta = GraphStandIn::start().await;
    let message = Outbound { reply_to: Some("m_Qx81ZkA0c9".into()), ..hello() };
    assert!(accepted(&messenger().send(&account_at(&meta), &message).await));
    assert_eq!(meta.accepted()[0].body["reply_to"], json!({ "mid": "m_Qx81ZkA0c9" }));
}

#[tokio::test]
async fn signals_are_shown_and_failures_told() {
    let meta = GraphStandIn::start().await;
    let (messenger, account) = (messenger(), account_at(&meta));
    for signal in [Signal::Seen, Signal::TypingOn, Signal::TypingOff] {
        messenger.signal(&account, PSID, signal).await.unwrap();
    }
    let shown: Vec<String> = meta.actions().into_iter().map(|(_, action)| action).collect();
    assert_eq!(shown, ["mark_seen", "typing_on", "typing_off"]);
    let documented = include_str!("../../src/messenger/fixtures/send-typing.json");
    let (recipient, action) = &meta.actions()[1];
    let shown = json!({ "recipient": { "id": recipient }, "sender_action": action });
    assert_eq!(serde_json::from_str::<serde_json::Value>(documented).unwrap(), shown);
    let refused = messenger.signal(&account, "nobody", Signal::TypingOn).await.unwrap_err();
    assert_eq!((refused.later, refused.code.as_deref()), (false, Some("100/2018001")));
    meta.fault(Fault::CloseUnanswered { share: 1.0 });
    assert!(messenger.signal(&account, PSID, Signal::TypingOn).await.unwrap_err().later);
}

#[tokio::test]
async fn a_profile_is_told_where_it_may_be() {
    let meta = GraphStandIn::start().await;
    let (messenger, account) = (messenger(), account_at(&meta));
    let person = json!({ "first_name": "Nadia", "last_name": "R", "profile_pic": "https://cdn.example.com/n.jpg", "locale": "de_DE" });
    meta.person(PSID, person);
    let mut expected =
        Profile { name: "Nadia R".into(), picture_url: Some("https://cdn.example.com/n.jpg".into()), locale: None };
    assert_eq!(
        messenger.profile(&account, PSID).await.as_ref(),
        Ok(&expected),
        "without the permission for the locale"
    );
    meta.locale_permission(true);
    expected.locale = Some("de_DE".into());
    assert_eq!(messenger.profile(&account, PSID).await, Ok(expected));

    let stranger = messenger.profile(&account, "7001002003004006").await.unwrap_err();
    assert!(!stranger.later, "{stranger:?}");
    for odd in ["", "me", "../x", "7001?x=1"] {
        assert!(!messenger.profile(&account, odd).await.unwrap_err().later, "{odd}");
    }
    meta.fault(Fault::RateLimit { retry_after_seconds: None, regain_minutes: None });
    assert!(messenger.profile(&account, PSID).await.unwrap_err().later);
    meta.new_token("another");
    let refused = messenger.profile(&account, PSID).await.unwrap_err();
    assert!(!refused.detail.contains("EAAtest"));
}
