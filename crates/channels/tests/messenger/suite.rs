//! The conformance suite.

use super::{PSID, SECRET, account, account_at, hello, messenger, picture};
use channel::conformance::{
    OutcomeClass, ProviderSide, SendCase, Signed, bad_signatures_are_refused,
    every_capability_is_rendered_and_read_back, every_outcome_is_classified, forms, interpret_never_panics,
    media_never_comes_by_provider_address, rebatching_gives_the_same_keys, receipts_are_monotonic,
    receipts_carry_no_text, replay_gives_the_same_keys,
};
use channel::{Channel, Outbound, OutboundFile};
use http::{HeaderMap, HeaderName, HeaderValue};
use testkit::graph::{Event, Fault, GraphStandIn, Mixing, batches, signature, wire};

const PAGE: &str = "110022003300440";

fn events() -> Vec<Event> {
    vec![
        Event::text(PAGE, PSID, "m_1", "Grüße 👋", 1_789_000_000_001),
        Event::attachment(PAGE, PSID, "m_2", "image", "https://cdn.example.com/a.jpg", 1_789_000_000_002),
        Event::postback(PAGE, PSID, "m_3", "Start", "GET_STARTED", 1_789_000_000_003),
        Event::reaction(PAGE, PSID, "m_9", "👍", 1_789_000_000_004),
        Event::echo(PAGE, PSID, "m_1", Some("ot:x"), "hello", 1_789_000_000_005),
        Event::delivery(PAGE, PSID, &["m_9"], 1_789_000_000_000, 1_789_000_000_006),
        Event::read(PAGE, PSID, 1_789_000_000_000, 1_789_000_000_007),
        Event::text(PAGE, PSID, "m_1", "Grüße 👋", 1_789_000_000_001).in_list("standby"),
        Event::from_customer(PAGE, PSID, 1_789_000_000_008, "referral", serde_json::json!({ "ref": "a" })),
        Event::from_customer(PAGE, PSID, 1_789_000_000_008, "referral", serde_json::json!({ "ref": "b" })),
        Event::from_customer(PAGE, "77", 1_789_000_000_008, "optin", serde_json::json!({ "payload": "x" })),
        Event::text("999", "77", "m_4", "to another page", 1_789_000_000_009),
    ]
}

#[test]
fn bad_signatures() {
    let body = wire::body(&events()[..1], 5);
    let name = HeaderName::from_static("x-hub-signature-256");
    let value = HeaderValue::from_str(&signature(SECRET, &body)).unwrap();
    let signed = Signed { headers: HeaderMap::from_iter([(name.clone(), value)]), signature: name, body };
    bad_signatures_are_refused(&messenger(), &account("http://127.0.0.1:9"), &signed).unwrap();
}

#[test]
fn replay() {
    replay_gives_the_same_keys(&messenger(), &wire::body(&events(), 5)).unwrap();
}

#[test]
fn other_batches_orders_and_times() {
    let mut spellings = vec![vec![wire::body(&events(), 1)]];
    for seed in 1..20 {
        let mixing = Mixing { largest_batch: 5, duplicates: 0.3, shuffled: true, seed };
        let bodies = batches(&events(), mixing);
        spellings.push(bodies.iter().map(|batch| wire::body(batch, 1_789_000_100_000 + seed as i64)).collect());
    }
    rebatching_gives_the_same_keys(&messenger(), &spellings).unwrap();
}

#[test]
fn receipts() {
    receipts_carry_no_text(&messenger(), &[wire::body(&events()[4..7], 5)]).unwrap();
}

#[test]
fn receipts_in_order() {
    let body =
        |at: i64| wire::body(&[Event::delivery(PAGE, PSID, &[], at, at + 1), Event::read(PAGE, PSID, at, at + 2)], at);
    receipts_are_monotonic(&messenger(), &[body(1_789_000_000_000), body(1_789_000_000_000), body(1_789_000_009_000)])
        .unwrap();
}

#[test]
fn files_by_their_own_ids() {
    let fixtures = [
        &include_bytes!("../../src/messenger/fixtures/attachments.json")[..],
        include_bytes!("../../src/messenger/fixtures/attachments-of-every-kind.json"),
    ];
    media_never_comes_by_provider_address(&messenger(), &fixtures.map(<[u8]>::to_vec)).unwrap();
}

/// Meta as the stand-in plays it: the echo repeats what was accepted, a tap sends the title and the payload.
struct Meta(GraphStandIn);

impl Meta {
    fn sent(&self, mid: &str) -> testkit::graph::Accepted {
        self.0.accepted().into_iter().find(|accepted| accepted.mid == mid).expect("it was accepted")
    }
}

impl ProviderSide for Meta {
    fn echo(&self, mid: &str) -> Vec<u8> {
        wire::body(&[self.0.echo_of(&self.sent(mid))], 5)
    }

    fn pick(&self, mid: &str, place: usize) -> Vec<u8> {
        wire::body(&[self.0.tap(PSID, &self.sent(mid), place)], 5)
    }
}

#[tokio::test]
async fn every_form() {
    let meta = Meta(GraphStandIn::start().await);
    let account = account_at(&meta.0);
    every_capability_is_rendered_and_read_back(&messenger(), &account, PSID, &meta).await.unwrap();
}

#[test]
fn no_text_panics() {
    interpret_never_panics(&messenger(), &[wire::body(&events(), 5)], 2000).unwrap();
}

#[tokio::test]
async fn every_outcome() {
    let mut kept = Vec::new();
    let mut cases = Vec::new();
    let error = |status, code, subcode| Fault::Error { status, code, subcode };
    for (name, fault, expected) in [
        ("accepts", None, OutcomeClass::Accepted),
        ("slow, but in time", Some(Fault::Delay { millis: 300 }), OutcomeClass::Accepted),
        ("error 1", Some(error(500, 1, None)), OutcomeClass::Temporary),
        ("error 2", Some(error(500, 2, None)), OutcomeClass::Temporary),
        (
            "rate limit",
            Some(Fault::RateLimit { retry_after_seconds: Some(9), regain_minutes: None }),
            OutcomeClass::RateLimited,
        ),
        ("a proxy's 429", Some(Fault::Status { status: 429 }), OutcomeClass::RateLimited),
        ("outside the window", Some(error(400, 10, Some(2_018_278))), OutcomeClass::OutsideWindow),
        ("expired token", Some(Fault::ExpiredToken), OutcomeClass::Unauthorized),
        ("no permission", Some(error(403, 200, None)), OutcomeClass::NotPermitted),
        ("person unavailable", Some(error(400, 551, Some(1_545_041))), OutcomeClass::Blocked),
        ("policy block", Some(error(400, 368, None)), OutcomeClass::PolicyBlocked),
        ("a wall's 403", Some(Fault::Status { status: 403 }), OutcomeClass::NotPermitted),
        ("a proxy's redirect", Some(Fault::Status { status: 302 }), OutcomeClass::Temporary),
        ("bad parameter", Some(error(400, 100, None)), OutcomeClass::Permanent),
        ("a proxy's 502", Some(Fault::Status { status: 502 }), OutcomeClass::Uncertain),
        ("closes unanswered", Some(Fault::CloseUnanswered { share: 1.0 }), OutcomeClass::Uncertain),
        ("loses the answer", Some(Fault::LoseAnswer { share: 1.0 }), OutcomeClass::Uncertain),
        ("half an answer", Some(Fault::HalfAnswer { share: 1.0 }), OutcomeClass::Uncertain),
        ("hangs", Some(Fault::AcceptThenHang { share: 1.0 }), OutcomeClass::Uncertain),
        ("names no message", Some(Fault::NamelessAnswer { share: 1.0 }), OutcomeClass::Uncertain),
    ] {
        let meta = GraphStandIn::start().await;
        if let Some(fault) = fault {
            meta.fault(fault);
        }
        cases.push(SendCase { name, account: account_at(&meta), message: hello(), expected });
        kept.push(meta);
    }
    let gone = GraphStandIn::start().await;
    let nobody = account_at(&gone);
    drop(gone);
    // The port is closed once the stand-in's task has ended.
    while tokio::net::TcpStream::connect(nobody.setting("api_base").unwrap().trim_start_matches("http://"))
        .await
        .is_ok()
    {
        tokio::task::yield_now().await;
    }
    cases.push(SendCase { name: "nobody there", account: nobody, message: hello(), expected: OutcomeClass::Temporary });
    // A token that Graph repeats in its answer.
    let strict = GraphStandIn::start().await;
    strict.new_token("another");
    cases.push(SendCase {
        name: "malformed token",
        account: account_at(&strict),
        message: hello(),
        expected: OutcomeClass::Unauthorized,
    });
    // Every other form, accepted and refused; and what goes wrong while a file is uploaded has not left.
    let files = vec![OutboundFile {
        file_id: model::FileId(9),
        url: Some("https://a.example/x".into()),
        ..picture().files.remove(0)
    }];
    for (name, block) in forms(&messenger().capabilities()) {
        for (fault, expected) in [
            (None, OutcomeClass::Accepted),
            (Some(error(400, 551, Some(1_545_041))), OutcomeClass::Blocked),
            (Some(Fault::LoseAnswer { share: 1.0 }), OutcomeClass::Uncertain),
        ] {
            let is_file = block.media().is_some();
            let expected = match expected {
                // A file that Meta does not take is no blocked person.
                OutcomeClass::Blocked if is_file => OutcomeClass::Permanent,
                other => other,
            };
            let mut files = files.clone();
            if let Some(media_type) = block.media().and_then(|media| media.media_type.clone()) {
                files[0].media_type = media_type;
            }
            let meta = GraphStandIn::start().await;
            if let Some(fault) = fault {
                meta.fault(fault);
            }
            let message = Outbound { blocks: vec![block.clone()], files, ..hello() };
            cases.push(SendCase { name, account: account_at(&meta), message, expected });
            kept.push(meta);
        }
    }
    for (name, fault, expected) in [
        ("upload: a proxy's 502", Fault::Status { status: 502 }, OutcomeClass::Temporary),
        ("upload: closes unanswered", Fault::CloseUnanswered { share: 1.0 }, OutcomeClass::Temporary),
        ("upload: error 2", error(500, 2, None), OutcomeClass::Temporary),
        ("upload: expired token", Fault::ExpiredToken, OutcomeClass::Unauthorized),
        ("upload: bad parameter", error(400, 100, Some(2_018_047)), OutcomeClass::Permanent),
    ] {
        let meta = GraphStandIn::start().await;
        meta.fault_next(1, fault);
        cases.push(SendCase { name, account: account_at(&meta), message: picture(), expected });
        kept.push(meta);
    }
    every_outcome_is_classified(&messenger(), &cases).await.unwrap();
}
