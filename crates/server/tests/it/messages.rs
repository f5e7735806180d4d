//! Messages in and out, repeated safely, listed completely, followed live.

use crate::{
    harness::{Engine, Installation, Scene, on_both_engines},
    operations,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use testkit::graph::Event;

on_both_engines!(
    a_message_comes_in_and_the_answer_goes_out,
    a_repeated_creation_makes_one_thing,
    a_retry_asks_the_gate_first,
    the_time_that_people_have_is_told,
    credentials_follow_no_changed_address,
    pages_show_everything_once,
    a_socket_resumes_from_any_cursor,
    a_ticket_works_once,
    callbacks_are_answered_as_the_provider_expects,
);

async fn a_message_comes_in_and_the_answer_goes_out(engine: Engine) {
    let mut scene = Scene::new(engine).await;
    scene.meta.echoes(true).deliveries(true).reads(true);
    let entry = scene.say("good day", None).await.expect(201);
    assert_eq!((&entry["direction"], &entry["delivery"]["state"]), (&json!("outbound"), &json!("queued")));
    let read = scene.live.until("message.read").await;
    assert_eq!(read["entry_id"], entry["id"]);
    let path = format!("/api/v1/messages/{}", entry["id"].as_str().unwrap());
    let seen = scene.server.get(&scene.owner, &path).await.expect(200);
    assert_eq!(seen["delivery"]["state"], "read", "{seen}");
    assert_eq!(scene.meta.accepted().len(), 1);
    scene.server.post(&scene.owner, &format!("{path}/retry"), &Value::Null).await.problem(409, "conflict");

    let threads = scene.server.get(&scene.owner, "/api/v1/threads").await.expect(200);
    assert_eq!(threads["items"][0]["last_entry"]["id"], entry["id"]);
    let customer = threads["items"][0]["customer"]["id"].as_str().unwrap().to_owned();
    scene.server.get(&scene.owner, &format!("/api/v1/customers/{customer}")).await.expect(200);
    let test = format!("/api/v1/channel-accounts/{}/test", scene.account["id"].as_str().unwrap());
    let report = scene.server.post(&scene.owner, &test, &Value::Null).await.expect(200);
    assert_eq!(report["passed"], true, "{report}");
}

async fn a_retry_asks_the_gate_first(engine: Engine) {
    let mut scene = Scene::new(engine).await;
    let account = format!("/api/v1/channel-accounts/{}", scene.account["id"].as_str().unwrap());
    let patch = async |scene: &Scene, body: Value| {
        scene.server.call("PATCH", &scene.owner, &account, &body, &[]).await.expect(200);
    };
    scene.meta.fault_next(1, operations::NO_PERMISSION);
    let entry = scene.say("the page has not the permission", None).await.expect(201);
    scene.live.until("message.failed").await;
    let message = format!("/api/v1/messages/{}", entry["id"].as_str().unwrap());
    let retry = format!("{message}/retry");
    patch(&scene, json!({"enabled": false})).await;
    scene.server.post(&scene.owner, &retry, &Value::Null).await.problem(409, "account_disabled");
    let seen = scene.server.get(&scene.owner, &message).await.expect(200);
    assert_eq!(seen["delivery"]["state"], "failed", "nothing was queued: {seen}");

    patch(&scene, json!({"enabled": true})).await;
    scene.meta.fault_next(1, testkit::graph::Fault::Error { status: 400, code: 551, subcode: None });
    let queued = scene.server.post(&scene.owner, &retry, &Value::Null).await.expect(200);
    assert_eq!(queued["delivery"]["state"], "queued");
    scene.live.until("message.failed").await;
    scene.server.post(&scene.owner, &retry, &Value::Null).await.problem(409, "blocked");
    scene.meta.customer_writes("7001002003004005", "here I am again").await;
    scene.live.until("message.received").await;
    scene.server.post(&scene.owner, &retry, &Value::Null).await.expect(200);
    scene.live.until("message.sent").await;
}

async fn the_time_that_people_have_is_told(engine: Engine) {
    let scene = Scene::new(engine).await;
    let account = format!("/api/v1/channel-accounts/{}", scene.account["id"].as_str().unwrap());
    let read = async || {
        let thread = scene.server.get(&scene.owner, &format!("/api/v1/threads/{}", scene.thread)).await.expect(200);
        let customer = format!("/api/v1/customers/{}", thread["customer"]["id"].as_str().unwrap());
        let customer = scene.server.get(&scene.owner, &customer).await.expect(200);
        let threads = scene.server.get(&scene.owner, "/api/v1/threads").await.expect(200);
        let customers = scene.server.get(&scene.owner, "/api/v1/customers").await.expect(200);
        let identity = thread["customer"]["identities"][0].clone();
        for other in [&customer, &threads["items"][0]["customer"], &customers["items"][0]] {
            assert_eq!(other["identities"][0], identity, "the same wherever it is read");
        }
        identity
    };
    assert_eq!(read().await["human_window_until"], Value::Null, "the account has no such right");
    let allow = json!({"settings": {"human_agent_tag": true}});
    scene.server.call("PATCH", &scene.owner, &account, &allow, &[]).await.expect(200);
    let identity = read().await;
    let at = |name: &str| serde_json::from_value::<model::Timestamp>(identity[name].clone()).unwrap();
    let day = 86_400_000;
    assert_eq!(at("window_until"), at("last_inbound_at").plus_millis(day));
    assert_eq!(at("human_window_until"), at("last_inbound_at").plus_millis(7 * day));
}

async fn a_repeated_creation_makes_one_thing(engine: Engine) {
    let scene = Scene::new(engine).await;
    let first = scene.say("once", Some("key-1")).await.expect(201);
    let again = scene.say("once", Some("key-1")).await.expect(201);
    assert_eq!(first["id"], again["id"]);
    scene.say("other words", Some("key-1")).await.problem(409, "idempotency_conflict");
    assert_ne!(scene.say("once", Some("key-2")).await.expect(201)["id"], first["id"]);
    for key in ["", " ", "with space", &"x".repeat(256)] {
        scene.say("once", Some(key)).await.problem(422, "invalid");
    }
    let answers = futures_util::future::join_all((0..8).map(|_| scene.say("at once", Some("key-3")))).await;
    let ids: BTreeSet<String> = answers.into_iter().map(|answer| answer.expect(201)["id"].to_string()).collect();
    assert_eq!(ids.len(), 1);

    let new = json!({"kind": "messenger", "name": "B", "settings": {"page_id": "42", "api_base": scene.meta.base()},
        "secrets": {"page_access_token": "t", "app_secret": "another"}});
    let key = [("idempotency-key", "account")];
    let made = scene.server.call("POST", &scene.owner, "/api/v1/channel-accounts", &new, &key).await.expect(201);
    let again = scene.server.call("POST", &scene.owner, "/api/v1/channel-accounts", &new, &key).await.expect(201);
    assert_eq!(made["id"], again["id"]);
    assert!(made["verify_token"].is_string() && !made.to_string().contains("another"), "{made}");
    let twice = scene.server.post(&scene.owner, "/api/v1/channel-accounts", &new).await;
    twice.problem(409, "already_connected");
}

async fn credentials_follow_no_changed_address(engine: Engine) {
    let scene = Scene::new(engine).await;
    let listener = testkit::graph::GraphStandIn::start().await;
    let accounts = scene.server.get(&scene.owner, "/api/v1/channel-accounts").await.expect(200);
    let path = format!("/api/v1/channel-accounts/{}", accounts["items"][0]["id"].as_str().unwrap());
    let patch = async |body: Value| scene.server.call("PATCH", &scene.owner, &path, &body, &[]).await;
    let elsewhere = json!({"settings": {"api_base": listener.base()}});
    let refused = patch(elsewhere.clone()).await.problem(422, "invalid");
    assert_eq!(refused["faults"][0]["field"], "settings.api_base");
    patch(json!({"settings": {"api_base": null}})).await.problem(422, "invalid");
    patch(json!({"name": "Another name"})).await.expect(200);
    let unknown = json!({"settings": {"page-id": "1"}, "secrets": {"app_sekret": "x"}});
    let refused = patch(unknown).await.problem(422, "invalid");
    let fields: Vec<&Value> = refused["faults"].as_array().unwrap().iter().map(|fault| &fault["field"]).collect();
    assert_eq!(fields, ["settings.page-id", "secrets.app_sekret"], "names that nothing reads are not kept");
    let refused = patch(json!({"secrets": {"app_secret": null, "nobody_has": null}})).await.problem(422, "invalid");
    assert_eq!(
        refused["faults"].as_array().unwrap().len(),
        1,
        "null removes a secret, and this one is needed: {refused}"
    );
    assert_eq!(refused["faults"][0]["field"], "secrets.app_secret");
    let mut known = elsewhere;
    known["secrets"] = json!({"page_access_token": "known", "app_secret": "known"});
    assert_eq!(patch(known).await.expect(200)["settings"]["api_base"], listener.base());
}

async fn pages_show_everything_once(engine: Engine) {
    let mut scene = Scene::new(engine).await;
    let page_id = scene.meta.page_id();
    let events: Vec<Event> = (0..23)
        .map(|number| {
            let person = format!("80010020030{number:05}");
            Event::text(&page_id, &person, &format!("m_page_{number}"), "hi", testkit::graph::now_millis() + number)
        })
        .collect();
    scene.meta.deliver(&events).await;
    for _ in 0..23 {
        scene.live.until("message.received").await;
    }
    for number in 0..11 {
        scene.say(&format!("answer {number}"), None).await.expect(201);
    }
    let entries = format!("/api/v1/threads/{}/entries", scene.thread);
    for (path, count) in [("/api/v1/threads", 24), ("/api/v1/customers", 24), (entries.as_str(), 12)] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = scene.server.get(&scene.owner, &format!("{path}?limit=5{cursor}")).await.expect(200);
            let items = page["items"].as_array().unwrap();
            assert!(items.len() <= 5);
            seen.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seen.len(), count, "{path}");
        assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), count, "{path} shows something twice");
    }
    scene.server.get(&scene.owner, "/api/v1/threads?cursor=nonsense").await.problem(422, "invalid");
}

async fn a_socket_resumes_from_any_cursor(engine: Engine) {
    let mut scene = Scene::new(engine).await;
    scene.meta.echoes(true);
    for number in 0..6 {
        scene.say(&format!("number {number}"), None).await.expect(201);
    }
    for _ in 0..6 {
        scene.live.until("message.sent").await;
    }
    // The log from its first record: the cursor before it is written like any other.
    let start = model::Cursor::START.to_string();
    let last = scene.server.post(&scene.owner, "/api/v1/live/tickets", &Value::Null).await.expect(201);
    let mut all = vec![];
    let mut from_start = scene.server.live(&scene.owner, Some(&start)).await;
    while all.last().is_none_or(|frame: &Value| frame["cursor"] != last["cursor"]) {
        all.push(from_start.next().await.unwrap());
    }
    let numbers: Vec<i64> = all.iter().map(|frame| frame["seq"].as_i64().unwrap()).collect();
    assert_eq!(numbers, (1..=all.len() as i64).collect::<Vec<_>>(), "gapless and in order");
    for (place, frame) in all.iter().enumerate() {
        let mut resumed = scene.server.live(&scene.owner, frame["cursor"].as_str()).await;
        let rest = resumed.take(all.len() - place - 1).await;
        let (rest, wanted) = (rest.iter().map(facts), all[place + 1..].iter().map(facts));
        assert!(rest.eq(wanted), "after {frame}");
    }
    let (status, _) = scene
        .server
        .open("/api/v1/live?after=nonsense", &[("authorization", &format!("Bearer {}", scene.owner))])
        .await
        .err()
        .unwrap();
    assert_eq!(status, 422);
}

/// What of a frame never changes; the entry in it is told as it is when the frame is made.
fn facts(frame: &Value) -> [&Value; 5] {
    ["cursor", "seq", "kind", "thread_id", "entry_id"].map(|name| &frame[name])
}

async fn a_ticket_works_once(engine: Engine) {
    let installation = Installation::new(engine).await;
    let server = installation.serve();
    let owner = installation.token("owner");
    let ticket = server.post(&owner, "/api/v1/live/tickets", &Value::Null).await.expect(201);
    let path = format!(
        "/api/v1/live?ticket={}&after={}",
        ticket["ticket"].as_str().unwrap(),
        ticket["cursor"].as_str().unwrap()
    );
    // A request that is no socket does not spend it.
    server.send("GET", &path, &[], None).await.problem(400, "invalid");
    let mut live = server.open(&path, &[]).await.ok().unwrap();
    let (status, body) = server.open(&path, &[]).await.err().unwrap();
    assert_eq!(status, 401);
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap()["code"], "unauthenticated");
    installation.token("agent");
    assert_eq!(live.until("token.created").await["seq"].as_i64().map(|seq| seq > 1), Some(true));
}

async fn callbacks_are_answered_as_the_provider_expects(engine: Engine) {
    let installation = Installation::new(engine).await;
    let server = installation.serve();
    let (owner, meta) = (installation.token("owner"), testkit::graph::GraphStandIn::start().await);
    let account = server.connect(&owner, &meta).await;
    let path = account["callback_path"].as_str().unwrap();
    let verify = account["verify_token"].as_str().unwrap();
    let (status, challenge) = meta.sender().handshake(verify, "1158201444 <&>").await.unwrap();
    assert_eq!((status, challenge.as_str()), (200, "1158201444 <&>"));
    assert_eq!(meta.sender().handshake("wrong", "1").await.unwrap().0, 403);
    server.send("GET", "/callbacks/messenger/nothing?hub.mode=subscribe", &[], None).await.problem(404, "not_found");

    let body = testkit::graph::wire::body(&[Event::text(&meta.page_id(), "7", "m_1", "hi", 1)], 2);
    let unsigned = server.send("POST", path, &[("content-type", "application/json")], Some(body.clone())).await;
    unsigned.problem(401, "unauthenticated");
    let signed = testkit::graph::signature(crate::harness::APP_SECRET, &body);
    let taken = server.send("POST", path, &[("x-hub-signature-256", &signed)], Some(body.clone())).await;
    assert_eq!((taken.status, taken.text.as_str()), (200, ""));
    let elsewhere =
        server.send("POST", "/callbacks/messenger/nothing", &[("x-hub-signature-256", &signed)], Some(body)).await;
    elsewhere.problem(404, "not_found");
    server.send("PUT", path, &[], None).await.problem(405, "method_not_allowed");

    let unreadable = b"{\"object\":\"page\",\"entry\":5}".to_vec();
    let signed = testkit::graph::signature(crate::harness::APP_SECRET, &unreadable);
    let taken = server.send("POST", path, &[("x-hub-signature-256", &signed)], Some(unreadable)).await;
    assert_eq!(taken.status, 200, "what is signed and cannot be read is kept, not refused");
    let kept = server.get(&owner, "/api/v1/inbound-events?state=undecodable").await.expect(200);
    assert_eq!(kept["items"].as_array().unwrap().len(), 1, "{kept}");
    let event = format!("/api/v1/inbound-events/{}", kept["items"][0]["id"].as_str().unwrap());
    assert!(server.get(&owner, &event).await.expect(200)["payload"].is_string());
}
