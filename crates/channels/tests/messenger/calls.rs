//! What arrives at the provider, and the live test of an account.

use super::{PSID, account_at, hello, messenger};
use channel::{Channel, Outbound, Reconciled, SendOutcome, TestStep};
use channels::messenger::REQUIRED_FIELDS;
use model::{Block, MessageId, Timestamp, gate::Window};
use serde_json::json;
use testkit::graph::{Fault, GraphStandIn, now_millis};

#[tokio::test]
async fn a_message_arrives_once_with_our_id() {
    let meta = GraphStandIn::start().await;
    let message = Outbound { blocks: vec![Block::text("Grüße 👋"), Block::text("bis bald")], ..hello() };
    let outcome = messenger().send(&account_at(&meta), &message).await;
    let [accepted] = &meta.accepted()[..] else { panic!("{:?}", meta.accepted()) };
    assert_eq!(outcome, SendOutcome::Accepted { external_id: accepted.mid.clone() });
    assert_eq!(accepted.text.as_deref(), Some("Grüße 👋\n\nbis bald"));
    assert_eq!(accepted.metadata, Some(format!("ot:{}", MessageId(42))));
    assert_eq!((accepted.recipient.as_str(), accepted.messaging_type.as_str()), (PSID, "RESPONSE"));
}

#[tokio::test]
async fn windows_are_the_providers_to_judge() {
    let meta = GraphStandIn::start().await;
    meta.windows(true).human_agent(true).wrote_at(PSID, now_millis() - 2 * 86_400_000);
    let account = account_at(&meta);
    let late = messenger().send(&account, &hello()).await;
    assert!(matches!(late, SendOutcome::OutsideWindow { code: Some(code), .. } if code == "10/2018278"));
    let human = Outbound { window: Window::HumanAgent, ..hello() };
    assert!(matches!(messenger().send(&account, &human).await, SendOutcome::Accepted { .. }));
}

#[tokio::test]
async fn too_long_a_text_never_leaves() {
    let meta = GraphStandIn::start().await;
    let message = Outbound { blocks: vec![Block::text("a".repeat(2001))], ..hello() };
    assert!(matches!(messenger().send(&account_at(&meta), &message).await, SendOutcome::Permanent { .. }));
    assert_eq!(meta.calls(), 0);
}

#[tokio::test]
async fn the_waiting_time_is_the_providers() {
    let meta = GraphStandIn::start().await;
    meta.fault(Fault::RateLimit { retry_after_seconds: Some(7), regain_minutes: Some(3) });
    let outcome = messenger().send(&account_at(&meta), &hello()).await;
    let SendOutcome::RateLimited { retry_after_millis, code, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!((retry_after_millis, code.as_deref()), (Some(180_000), Some("613")));
}

#[tokio::test]
async fn a_lost_answer_is_proven_by_its_echo() {
    let meta = GraphStandIn::start().await;
    meta.fault(Fault::LoseAnswer { share: 1.0 });
    let (messenger, account) = (messenger(), account_at(&meta));
    assert!(matches!(messenger.send(&account, &hello()).await, SendOutcome::Uncertain { .. }));
    let accepted = meta.accepted().remove(0);
    let asked = messenger.reconcile(&account, MessageId(42), PSID, Timestamp(accepted.at)).await;
    assert_eq!(asked, Reconciled::CannotTell);
    let echo = testkit::graph::Event::echo(
        &meta.page_id(),
        PSID,
        &accepted.mid,
        accepted.metadata.as_deref(),
        "hello",
        accepted.at,
    );
    let events = messenger.split(&testkit::graph::wire::body(&[echo], 1)).unwrap();
    let channel::Fact::Echo { external_id, message_id, .. } = messenger.interpret(&events[0].payload).fact else {
        panic!()
    };
    assert_eq!((external_id, message_id), (accepted.mid, Some(MessageId(42))));
}

#[tokio::test]
async fn the_live_test_says_what_it_found() {
    let steps = async |meta: &GraphStandIn| messenger().test(&account_at(meta)).await.steps;
    let names = |steps: &[TestStep]| steps.iter().map(|step| (step.name, step.passed)).collect::<Vec<_>>();
    let codes = |steps: &[TestStep]| steps.iter().map(|step| step.code).collect::<Vec<_>>();
    let meta = GraphStandIn::start().await;
    let all = steps(&meta).await;
    assert_eq!(names(&all), [("token", true), ("page", true), ("subscribed", true)]);
    assert_eq!(codes(&all), ["accepted", "found", "subscribed"]);
    assert_eq!(all[1].detail, "Acme Lamps");

    meta.subscribed(&["messages", "message_reads"]);
    let some = steps(&meta).await;
    assert_eq!(names(&some), [("token", true), ("page", true), ("subscribed", false)]);
    assert_eq!(some[2].code, "fields_missing");
    let missing = "message_echoes, message_deliveries, messaging_postbacks, message_reactions, message_edits, \
        messaging_optins, messaging_referrals, messaging_handovers, standby";
    assert_eq!(some[2].detail, missing, "only what is missing, for whoever translates the code");
    for field in REQUIRED_FIELDS {
        meta.subscribed(&REQUIRED_FIELDS.into_iter().filter(|other| *other != field).collect::<Vec<_>>());
        assert_eq!(steps(&meta).await[2].detail, field);
    }
    meta.subscribed(&[]);
    assert_eq!(steps(&meta).await[2].code, "not_subscribed");

    meta.fault(Fault::ExpiredToken);
    let expired = steps(&meta).await;
    assert_eq!(names(&expired), [("token", false)]);
    assert_eq!(codes(&expired), ["token_refused"]);
    meta.clear_faults().fault(Fault::Error { status: 400, code: 100, subcode: Some(33) });
    assert_eq!(codes(&steps(&meta).await), ["not_refused", "page_not_found"]);
    meta.clear_faults().fault(Fault::CloseUnanswered { share: 1.0 });
    assert_eq!(codes(&steps(&meta).await), ["no_answer"]);

    meta.clear_faults().new_token("another");
    let refused = steps(&meta).await;
    assert_eq!(names(&refused), [("token", false)]);
    assert!(!refused[0].detail.contains("EAAtest"), "the token stays out of the words: {}", refused[0].detail);
    assert_eq!(meta.accepted(), [], "a test sends nothing to anybody");
}

#[tokio::test]
async fn the_version_and_the_base_are_settings() {
    let meta = GraphStandIn::start().await;
    let mut account = account_at(&meta);
    account.settings.insert("graph_version".into(), json!("v26.0"));
    assert!(matches!(messenger().send(&account, &hello()).await, SendOutcome::Accepted { .. }));
    account.settings.insert("page_id".into(), json!("1"));
    assert!(matches!(messenger().send(&account, &hello()).await, SendOutcome::Permanent { .. }));
}
