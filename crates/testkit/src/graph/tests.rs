//! The stand-in itself: it refuses what Meta refuses, and its faults do what they say.

use super::*;
use serde_json::json;

const PSID: &str = "7001002003004005";

async fn post(meta: &GraphStandIn, body: Value) -> Result<(u16, Value), reqwest::Error> {
    crate::install_tls();
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_millis(500)).build().unwrap();
    let url = format!("{}/v25.0/{}/messages", meta.base(), meta.page_id());
    let answer = client.post(url).bearer_auth(meta.token()).json(&body).send().await?;
    Ok((answer.status().as_u16(), answer.json().await?))
}

fn hello() -> Value {
    json!({ "recipient": { "id": PSID }, "messaging_type": "RESPONSE", "message": { "text": "hello", "metadata": "m" } })
}

#[tokio::test]
async fn a_right_message_is_accepted_and_kept() {
    let meta = GraphStandIn::start().await;
    let (status, answer) = post(&meta, hello()).await.unwrap();
    assert_eq!(status, 200);
    assert_eq!(answer["recipient_id"], PSID);
    let kept = &meta.wait_accepted(1).await[0];
    assert_eq!(answer["message_id"], kept.mid);
    assert_eq!((kept.text.as_deref(), kept.metadata.as_deref(), kept.answered), (Some("hello"), Some("m"), true));
}

#[tokio::test]
async fn wrong_messages_are_refused_with_graphs_code() {
    let meta = GraphStandIn::start().await;
    let change = |path: &str, value: Value| {
        let mut body = hello();
        *body.pointer_mut(path).unwrap() = value;
        body
    };
    for (body, code) in [
        (change("/recipient/id", json!("nobody")), 100),
        (change("/recipient/id", json!(7001)), 100),
        (change("/message/text", json!("a".repeat(2001))), 100),
        (change("/message/text", json!("")), 100),
        (change("/message/metadata", json!("a".repeat(1001))), 100),
        (change("/messaging_type", json!("NEWS")), 100),
        (change("/message", json!({ "text": "a", "txet": "b" })), 100),
        (json!({}), 100),
    ] {
        let (status, answer) = post(&meta, body.clone()).await.unwrap();
        assert_eq!((status, &answer["error"]["code"]), (400, &json!(code)), "{body}");
    }
    let mut tagged = change("/messaging_type", json!("MESSAGE_TAG"));
    tagged["tag"] = "ACCOUNT_UPDATE".into();
    assert_eq!(post(&meta, tagged.clone()).await.unwrap().1["error"]["code"], 100, "a dead tag");
    tagged["tag"] = "HUMAN_AGENT".into();
    assert_eq!(post(&meta, tagged.clone()).await.unwrap().1["error"]["code"], 10, "without the feature");
    meta.human_agent(true);
    assert_eq!(post(&meta, tagged).await.unwrap().0, 200);
    meta.new_token("other");
    assert_eq!(meta.accepted().len(), 1);
}

#[tokio::test]
async fn windows_are_kept_when_asked_for() {
    let meta = GraphStandIn::start().await;
    meta.windows(true).human_agent(true);
    assert_eq!(post(&meta, hello()).await.unwrap().1["error"]["error_subcode"], 2_018_278);
    meta.wrote_at(PSID, now_millis() - 1000);
    assert_eq!(post(&meta, hello()).await.unwrap().0, 200);
    meta.advance(86_400_000);
    assert_eq!(post(&meta, hello()).await.unwrap().1["error"]["code"], 10);
    let mut tagged = hello();
    tagged["messaging_type"] = "MESSAGE_TAG".into();
    tagged["tag"] = "HUMAN_AGENT".into();
    assert_eq!(post(&meta, tagged.clone()).await.unwrap().0, 200);
    meta.advance(6 * 86_400_000);
    assert_eq!(post(&meta, tagged).await.unwrap().1["error"]["code"], 10);
}

#[tokio::test]
async fn faults_after_acceptance_lose_the_answer_and_not_the_message() {
    for fault in
        [Fault::LoseAnswer { share: 1.0 }, Fault::HalfAnswer { share: 1.0 }, Fault::AcceptThenHang { share: 1.0 }]
    {
        let meta = GraphStandIn::start().await;
        meta.fault_next(1, fault.clone());
        assert!(post(&meta, hello()).await.is_err(), "{fault:?}");
        assert_eq!(meta.accepted().len(), 1, "{fault:?}");
        assert!(!meta.accepted()[0].answered);
        assert_eq!(post(&meta, hello()).await.unwrap().0, 200, "only the next call");
    }
}

#[tokio::test]
async fn faults_before_acceptance_accept_nothing() {
    let meta = GraphStandIn::start().await;
    for (fault, expected) in [
        (Fault::Status { status: 500 }, None),
        (Fault::Error { status: 500, code: 2, subcode: None }, Some((500, 2))),
        (Fault::RateLimit { retry_after_seconds: Some(3), regain_minutes: Some(2) }, Some((429, 613))),
        (Fault::ExpiredToken, Some((401, 190))),
        (Fault::CloseUnanswered { share: 1.0 }, None),
    ] {
        meta.fault(fault.clone());
        let got = post(&meta, hello()).await;
        match (got, expected) {
            (Ok((status, answer)), Some((wanted, code))) => {
                assert_eq!((status, &answer["error"]["code"]), (wanted, &json!(code)), "{fault:?}");
            }
            (got, None) => assert!(got.is_err(), "{fault:?}"),
            (got, _) => panic!("{fault:?}: {got:?}"),
        }
        meta.clear_faults();
    }
    assert_eq!(meta.accepted(), []);
    assert_eq!(meta.calls(), 5);
}

#[tokio::test]
async fn a_share_hits_about_that_part_of_the_calls() {
    let meta = GraphStandIn::start().await;
    meta.seed(7).fault(Fault::NamelessAnswer { share: 0.25 });
    let mut nameless = 0;
    for _ in 0..200 {
        nameless += usize::from(post(&meta, hello()).await.unwrap().1.get("message_id").is_none());
    }
    assert!((25..=75).contains(&nameless), "{nameless}");
    assert_eq!(meta.accepted().len(), 200);
}

/// A callback address that answers with each of these statuses in turn, then 200, and keeps what it got.
async fn address(statuses: Vec<u16>) -> (String, Arc<Mutex<Vec<(String, Vec<u8>)>>>) {
    let got = Arc::new(Mutex::new(Vec::new()));
    let (kept, statuses) = (got.clone(), Arc::new(Mutex::new(statuses.into_iter())));
    let take = move |headers: axum::http::HeaderMap, body: axum::body::Bytes| async move {
        let signature = headers.get("x-hub-signature-256").and_then(|value| value.to_str().ok()).unwrap_or("").into();
        kept.lock().unwrap().push((signature, body.to_vec()));
        axum::http::StatusCode::from_u16(statuses.lock().unwrap().next().unwrap_or(200)).unwrap()
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/callback", listener.local_addr().unwrap());
    let app = axum::Router::new().route("/callback", axum::routing::post(take));
    tokio::spawn(async move { axum::serve(listener, app).await });
    (url, got)
}

#[tokio::test]
async fn callbacks_are_signed_and_repeated_until_200() {
    let (url, got) = address(vec![503, 500]).await;
    let meta = GraphStandIn::start().await;
    meta.callbacks_to(&url, "secret");
    let mid = meta.customer_writes(PSID, "hällo").await;
    let got = got.lock().unwrap().clone();
    assert_eq!(got.len(), 3);
    assert!(got.iter().all(|try_| *try_ == got[0]), "the same bytes each time");
    assert_eq!(got[0].0, signature("secret", &got[0].1));
    assert!(String::from_utf8_lossy(&got[0].1).contains(&mid));
}

#[tokio::test]
async fn what_follows_a_message_comes_by_itself() {
    let (url, got) = address(vec![]).await;
    let meta = GraphStandIn::start().await;
    meta.callbacks_to(&url, "secret").echoes(true).deliveries(true).reads(true);
    meta.fault(Fault::LoseAnswer { share: 1.0 });
    assert!(post(&meta, hello()).await.is_err());
    meta.settled().await;
    let bodies: String =
        got.lock().unwrap().iter().map(|(_, body)| String::from_utf8_lossy(body).into_owned()).collect();
    for word in ["is_echo", "\"metadata\":\"m\"", "\"delivery\"", "\"read\"", &meta.accepted()[0].mid] {
        assert!(bodies.contains(word), "{word} in {bodies}");
    }
}

#[tokio::test]
async fn the_page_and_its_subscription_can_be_read() {
    crate::install_tls();
    let meta = GraphStandIn::start().await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let get = async |path: &str| -> Value {
        let url = format!("{}/v25.0/{path}", meta.base());
        client.get(url).bearer_auth(meta.token()).send().await.unwrap().json().await.unwrap()
    };
    let page = get(&format!("{}?fields=name", meta.page_id())).await;
    assert_eq!(page, json!({ "id": meta.page_id(), "name": "Acme Lamps" }));
    assert_eq!(get("me").await, page);
    assert_eq!(get("999").await["error"]["code"], 100);
    assert_eq!(get("me/subscribed_apps").await["data"][0]["subscribed_fields"][0], "messages");
    meta.subscribed(&[]);
    assert_eq!(get("me/subscribed_apps").await, json!({ "data": [] }));
}
