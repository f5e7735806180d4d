//! Webhooks from outside: the real program calls a receiver on a real socket.

use crate::harness::{Answer, Engine, Installation, Scene, Server, on_both_engines};
use serde_json::{Value, json};
use std::time::Duration;
use testkit::receiver::{Received, Receiver, Reply};

on_both_engines!(
    events_arrive_signed_and_in_order,
    a_failed_call_is_tried_again_under_the_same_id,
    a_receiver_that_is_gone_switches_its_webhook_off,
    one_that_never_answers_holds_up_nobody,
    a_new_secret_overlaps_the_former,
    what_was_sent_is_sent_again,
    a_webhook_that_was_off_begins_now_or_where_it_is_told,
    a_test_tells_what_came,
    only_those_who_manage_channels_see_webhooks,
    private_addresses_are_refused,
    mistakes_are_told,
);

pub async fn create(scene: &Scene, receiver: &Receiver, kinds: &[&str]) -> Value {
    let new = json!({"name": "CRM", "url": receiver.url(), "kinds": kinds});
    scene.server.post(&scene.owner, "/api/v1/webhooks", &new).await.expect(201)
}

fn path(webhook: &Value, rest: &str) -> String {
    format!("/api/v1/webhooks/{}{rest}", webhook["id"].as_str().unwrap())
}

async fn read(scene: &Scene, webhook: &Value) -> Value {
    scene.server.get(&scene.owner, &path(webhook, "")).await.expect(200)
}

async fn tries(scene: &Scene, webhook: &Value, query: &str) -> Vec<Value> {
    let page = scene.server.get(&scene.owner, &path(webhook, &format!("/deliveries{query}"))).await.expect(200);
    page["items"].as_array().unwrap().clone()
}

async fn patch(scene: &Scene, webhook: &Value, change: &Value) -> Answer {
    scene.server.call("PATCH", &scene.owner, &path(webhook, ""), change, &[]).await
}

async fn replay(scene: &Scene, webhook: &Value, what: &Value) -> Answer {
    scene.server.post(&scene.owner, &path(webhook, "/replay"), what).await
}

/// How long something may take that waits for a call which is never answered (15 s) on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// Looks until it is so. The record of a try is written after its answer came, which the receiver cannot see, and which no
/// frame tells.
async fn until<T, F: Future<Output = Option<T>>>(look: impl Fn() -> F) -> T {
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, looking).await.expect("it comes to be so in time")
}

async fn until_state(scene: &Scene, webhook: &Value, state: &str) -> Value {
    until(|| async { Some(read(scene, webhook).await).filter(|webhook| webhook["state"] == state) }).await
}

/// Makes records of one kind: messages that wait to be sent.
/// The doctor's line about a webhook.
fn doctor(scene: &Scene, webhook: &Value) -> String {
    let report = String::from_utf8(scene.installation.run(&["doctor"]).stdout).unwrap();
    let id = webhook["id"].as_str().unwrap();
    assert!(!report.contains(webhook["url"].as_str().unwrap()), "a report is passed on: {report}");
    report.lines().find(|line| line.contains(id)).unwrap().to_owned()
}

async fn say(scene: &Scene, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for n in 0..count {
        let said = scene.say(&format!("answer {n}"), None).await.expect(201);
        ids.push(said["id"].as_str().unwrap().to_owned());
    }
    ids
}

fn about(calls: &[Received]) -> Vec<String> {
    calls.iter().map(|call| call.json()["data"]["entry_id"].as_str().unwrap_or_default().to_owned()).collect()
}

async fn events_arrive_signed_and_in_order(engine: Engine) {
    let mut scene = Scene::new(engine).await;
    let mut receiver = Receiver::start().await;
    let webhook = create(&scene, &receiver, &[]).await;
    let secret = webhook["secret"].as_str().unwrap();
    assert_eq!(webhook["state"], "healthy");
    let made = scene.live.until("webhook.created").await;
    assert_eq!(made["subject_id"], webhook["id"]);
    scene.meta.customer_writes("7001002003004005", "and another thing").await;
    scene.say("certainly", None).await.expect(201);

    // Everything from its own making on, as the live socket tells it.
    let mut frames = vec![made];
    while frames.last().unwrap()["kind"] != "message.sent" {
        frames.push(scene.live.next().await.unwrap());
    }
    let calls = receiver.take(frames.len()).await;
    for (call, frame) in calls.iter().zip(&frames) {
        let event = call.json();
        assert_eq!((call.method.as_str(), call.path.as_str()), ("POST", "/hooks?from=onethread"));
        assert_eq!(call.header("content-type"), "application/json");
        assert!(call.header("user-agent").starts_with("onethread/"));
        assert!(call.is_signed_with(secret), "{event}");
        assert_eq!(event["id"], call.id());
        assert_eq!(event["type"], frame["kind"]);
        assert_eq!(event["cursor"], frame["cursor"]);
        assert_eq!(event["created_at"], frame["at"]);
        assert_eq!(event["data"]["seq"], frame["seq"], "in order, without a gap");
        assert_eq!(event["data"]["entry"]["blocks"], frame["entry"]["blocks"]);
    }
    let words = calls.iter().find(|call| call.kind() == "message.received").unwrap().json();
    assert_eq!(words["data"]["entry"]["blocks"][0]["text"], "and another thing");
    let mut ids: Vec<&str> = calls.iter().map(Received::id).collect();
    ids.dedup();
    assert_eq!(ids.len(), calls.len());

    let shown = read(&scene, &webhook).await;
    assert!(shown["secret"].is_null(), "shown once");
    assert!(!shown.to_string().contains(secret));
    let log = scene.server.serving.log();
    for private in [secret, "hooks?from", "and another thing"] {
        assert!(!log.contains(private), "the server's log holds {private}");
    }
    // A family alone, once the kinds are changed.
    patch(&scene, &webhook, &json!({"kinds": ["message.sent", "agent.*"]})).await.expect(200);
    scene.say("once more", None).await.expect(201);
    loop {
        let call = receiver.next().await;
        assert!(!matches!(call.kind().as_str(), "message.queued" | "message.received"), "{}", call.kind());
        if call.kind() == "message.sent" {
            break;
        }
    }
}

async fn a_failed_call_is_tried_again_under_the_same_id(engine: Engine) {
    let scene = Scene::new(engine).await;
    let mut receiver = Receiver::start().await;
    let webhook = create(&scene, &receiver, &["message.queued"]).await;
    receiver
        .reply(Reply::status(302).header("location", receiver.url()).body("moved"))
        .reply(Reply::status(503).header("retry-after", "10").body("\0 busy"));
    let said = say(&scene, 2).await;
    let calls = receiver.take(4).await;
    assert_eq!(about(&calls), [&said[0], &said[0], &said[0], &said[1]].map(Clone::clone), "the second one waited");
    assert!(calls[..3].windows(2).all(|pair| pair[0].id() == pair[1].id()));
    assert_ne!(calls[2].id(), calls[3].id());
    // Between the second and the third is at least what was asked for; without it, it is 10 s at most.
    assert!(calls[2].at - calls[1].at >= Duration::from_secs(10), "Retry-After is obeyed");
    let times: Vec<i64> = calls.iter().map(|call| call.header("webhook-timestamp").parse().unwrap()).collect();
    assert!(times[1] - times[0] >= 1 && times[2] - times[1] >= 9, "each try has a time of its own: {times:?}");
    assert!(calls.iter().all(|call| call.is_signed_with(webhook["secret"].as_str().unwrap())));

    let healthy = until(|| async {
        let shown = read(&scene, &webhook).await;
        (tries(&scene, &webhook, "").await.len() == 4).then_some(shown)
    })
    .await;
    assert_eq!((&healthy["state"], &healthy["failing_since"]), (&json!("healthy"), &Value::Null));
    assert!(healthy["last_success_at"].is_string() && healthy["last_failure_at"].is_string());
    let all = tries(&scene, &webhook, "").await;
    let told: Vec<(&Value, &Value, &Value)> =
        all.iter().rev().map(|one| (&one["outcome"], &one["status"], &one["attempt"])).collect();
    assert_eq!(
        json!(told),
        json!([["retrying", 302, 1], ["retrying", 503, 2], ["delivered", 200, 3], ["delivered", 200, 1]])
    );
    assert_eq!((&all[2]["error"], &all[2]["detail"]), (&json!("not_accepted"), &json!("busy")));
    let failed = tries(&scene, &webhook, "?failed=true&limit=1").await;
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0]["id"], all[2]["id"]);
}

async fn a_receiver_that_is_gone_switches_its_webhook_off(engine: Engine) {
    let mut scene = Scene::new(engine).await;
    let mut receiver = Receiver::start().await;
    let webhook = create(&scene, &receiver, &["message.queued"]).await;
    receiver.reply(Reply::status(410));
    let said = say(&scene, 2).await;
    assert_eq!(about(&receiver.take(1).await), said[..1]);
    let gone = until_state(&scene, &webhook, "gone").await;
    assert_eq!((&gone["enabled"], &gone["last_error"]), (&json!(false), &json!("not_accepted")));
    assert_eq!(scene.live.until("webhook.changed").await["subject_id"], webhook["id"], "the desks are told");
    replay(&scene, &webhook, &json!({"failed": true})).await.problem(409, "conflict");
    assert!(receiver.drain().is_empty());
    let report = doctor(&scene, &webhook);
    assert!(report.starts_with("MEND") && report.contains("410 Gone"), "{report}");
    // Nothing was passed over: from where it stood, everything is there.
    let on = patch(&scene, &webhook, &json!({"enabled": true, "from_cursor": gone["cursor"]})).await.expect(200);
    assert_eq!((&on["state"], &on["enabled"]), (&json!("healthy"), &json!(true)));
    assert_eq!(about(&receiver.take(2).await), said);
    until(|| async { (!read(&scene, &webhook).await["last_success_at"].is_null()).then_some(()) }).await;
    assert!(doctor(&scene, &webhook).contains("the last delivery arrived"));
}

async fn one_that_never_answers_holds_up_nobody(engine: Engine) {
    let scene = Scene::new(engine).await;
    let (mut silent, mut prompt) = (Receiver::start().await, Receiver::start().await);
    silent.otherwise(Reply::silence());
    let stuck = create(&scene, &silent, &["message.queued"]).await;
    create(&scene, &prompt, &["message.queued"]).await;
    let said = say(&scene, 3).await;
    assert_eq!(about(&silent.take(1).await), said[..1]);
    assert_eq!(about(&prompt.take(3).await), said, "while the other still waits");
    assert!(tries(&scene, &stuck, "").await.is_empty(), "it does");
    let after = until_state(&scene, &stuck, "retrying").await;
    assert_eq!(after["last_error"], "no_answer");
    assert!(after["next_try_at"].is_string() && after["failing_since"].is_string());
    // Its address is changed to one that answers: at once, and in order.
    patch(&scene, &stuck, &json!({"url": prompt.url()})).await.expect(200);
    assert_eq!(about(&prompt.take(3).await), said);
    until_state(&scene, &stuck, "healthy").await;
}

async fn a_new_secret_overlaps_the_former(engine: Engine) {
    let scene = Scene::new(engine).await;
    let mut receiver = Receiver::start().await;
    let webhook = create(&scene, &receiver, &["message.queued"]).await;
    let former = webhook["secret"].as_str().unwrap();
    let rotated = scene.server.post(&scene.owner, &path(&webhook, "/rotate-secret"), &Value::Null).await.expect(200);
    let secret = rotated["secret"].as_str().unwrap();
    assert_ne!(secret, former);
    assert!(rotated["former_secret_until"].is_string());
    say(&scene, 1).await;
    let call = receiver.next().await;
    assert!(call.is_signed_with(secret) && call.is_signed_with(former));
    assert_eq!(call.header("webhook-signature").split(' ').count(), 2);
    // Another one: the oldest signs no more.
    let third = scene.server.post(&scene.owner, &path(&webhook, "/rotate-secret"), &Value::Null).await.expect(200);
    say(&scene, 1).await;
    let call = receiver.next().await;
    assert!(call.is_signed_with(third["secret"].as_str().unwrap()) && call.is_signed_with(secret));
    assert!(!call.is_signed_with(former));
}

async fn what_was_sent_is_sent_again(engine: Engine) {
    let scene = Scene::new(engine).await;
    let mut receiver = Receiver::start().await;
    let webhook = create(&scene, &receiver, &["message.queued"]).await;
    let said = say(&scene, 3).await;
    let calls = receiver.take(3).await;
    let all = until(|| async { Some(tries(&scene, &webhook, "").await).filter(|tries| tries.len() == 3) }).await;

    replay(&scene, &webhook, &json!({"delivery_id": all[1]["id"]})).await.expect(200);
    let again = receiver.next().await;
    assert_eq!(about(std::slice::from_ref(&again)), said[1..2]);
    assert_eq!(again.id(), calls[1].id(), "under its own id");

    let back = calls[0].json()["cursor"].clone();
    replay(&scene, &webhook, &json!({"from_cursor": back})).await.expect(200);
    assert_eq!(about(&receiver.take(2).await), said[1..], "everything after it, in order");
    // From the log's beginning: what was there before the webhook was made.
    let start = "c00000000000000";
    patch(&scene, &webhook, &json!({"kinds": ["message.received", "message.queued"]})).await.expect(200);
    replay(&scene, &webhook, &json!({"from_cursor": start})).await.expect(200);
    let kinds: Vec<String> = receiver.take(4).await.iter().map(Received::kind).collect();
    assert_eq!(kinds, ["message.received", "message.queued", "message.queued", "message.queued"]);

    replay(&scene, &webhook, &json!({"failed": true})).await.expect(200);
    for wrong in [json!({}), json!({"failed": false}), json!({"failed": true, "from_cursor": start})] {
        replay(&scene, &webhook, &wrong).await.problem(422, "invalid");
    }
    for (field, wrong) in [("delivery_id", "whd_0000000000001"), ("from_cursor", "c07zzzzzzzzzzzz")] {
        let problem = replay(&scene, &webhook, &json!({field: wrong})).await.problem(422, "invalid");
        assert_eq!(problem["faults"][0]["field"], field);
    }
    assert!(receiver.drain().is_empty());
}

async fn a_webhook_that_was_off_begins_now_or_where_it_is_told(engine: Engine) {
    let scene = Scene::new(engine).await;
    let mut receiver = Receiver::start().await;
    let webhook = create(&scene, &receiver, &["message.queued"]).await;
    let stands = webhook["cursor"].clone();
    patch(&scene, &webhook, &json!({"enabled": false})).await.expect(200);
    let missed = say(&scene, 1).await;
    patch(&scene, &webhook, &json!({"enabled": true})).await.expect(200);
    let said = say(&scene, 1).await;
    assert_eq!(about(&receiver.take(1).await), said, "what was said while it was off is not sent");
    let refused = patch(&scene, &webhook, &json!({"from_cursor": stands})).await.problem(422, "invalid");
    assert_eq!(refused["faults"][0]["field"], "from_cursor");
    let off = patch(&scene, &webhook, &json!({"enabled": false})).await.expect(200);
    assert_eq!(off["state"], "disabled");
    patch(&scene, &webhook, &json!({"enabled": true, "from_cursor": stands})).await.expect(200);
    assert_eq!(about(&receiver.take(2).await), [missed, said].concat());

    scene.server.call("DELETE", &scene.owner, &path(&webhook, ""), &Value::Null, &[]).await.expect(204);
    scene.server.get(&scene.owner, &path(&webhook, "")).await.problem(404, "not_found");
    say(&scene, 1).await;
    let mut other = Receiver::start().await;
    create(&scene, &other, &["message.queued"]).await;
    say(&scene, 1).await;
    other.next().await;
    assert!(receiver.drain().is_empty(), "a removed webhook is told nothing");
}

async fn a_test_tells_what_came(engine: Engine) {
    let scene = Scene::new(engine).await;
    let mut receiver = Receiver::start().await;
    let webhook = create(&scene, &receiver, &["message.queued"]).await;
    patch(&scene, &webhook, &json!({"enabled": false})).await.expect(200);
    let test = || async { scene.server.post(&scene.owner, &path(&webhook, "/test"), &Value::Null).await.expect(200) };
    receiver.reply(Reply::status(204));
    let told = test().await;
    assert_eq!((&told["outcome"], &told["status"]), (&json!("delivered"), &json!(204)));
    let call = receiver.next().await;
    assert!(call.is_signed_with(webhook["secret"].as_str().unwrap()));
    assert_eq!((call.kind().as_str(), call.id()), ("webhook.test", told["event_id"].as_str().unwrap()));
    assert_eq!(call.json()["data"]["webhook_id"], webhook["id"]);
    receiver.reply(Reply::status(410).body("no such hook"));
    let told = test().await;
    assert_eq!(
        (&told["outcome"], &told["status"], &told["error"], &told["detail"]),
        (&json!("failed"), &json!(410), &json!("not_accepted"), &json!("no such hook"))
    );
    drop(receiver);
    let told = test().await;
    assert_eq!(
        (&told["outcome"], &told["status"], &told["error"]),
        (&json!("failed"), &Value::Null, &json!("not_connected"))
    );
    assert_eq!(tries(&scene, &webhook, "").await.len(), 3);
    assert_eq!(tries(&scene, &webhook, "?failed=true").await.len(), 2);
    assert_eq!(read(&scene, &webhook).await["state"], "disabled", "a test changes nothing");
    patch(&scene, &webhook, &json!({"enabled": true})).await.expect(200);
    let problem = replay(&scene, &webhook, &json!({"delivery_id": told["id"]})).await.problem(422, "invalid");
    assert_eq!(problem["faults"][0]["field"], "delivery_id");
}

async fn only_those_who_manage_channels_see_webhooks(engine: Engine) {
    let scene = Scene::new(engine).await;
    let receiver = Receiver::start().await;
    let webhook = create(&scene, &receiver, &[]).await;
    let one = path(&webhook, "");
    for role in ["supervisor", "agent", "read-only"] {
        let token = scene.installation.token(role);
        for read in ["/api/v1/webhooks", "/api/v1/webhook-kinds", &one, &format!("{one}/deliveries")] {
            scene.server.get(&token, read).await.problem(403, "forbidden");
        }
        for act in ["/rotate-secret", "/test", "/replay"] {
            scene.server.post(&token, &format!("{one}{act}"), &json!({})).await.problem(403, "forbidden");
        }
        let new = json!({"name": "x", "url": "https://example.com"});
        scene.server.post(&token, "/api/v1/webhooks", &new).await.problem(403, "forbidden");
        scene.server.call("PATCH", &token, &one, &json!({}), &[]).await.problem(403, "forbidden");
        scene.server.call("DELETE", &token, &one, &Value::Null, &[]).await.problem(403, "forbidden");
    }
    let kinds = scene.server.get(&scene.installation.token("admin"), "/api/v1/webhook-kinds").await.expect(200);
    assert!(kinds["items"].as_array().unwrap().contains(&json!("webhook.deleted")));
}

/// A server that may call nobody inside, beside a receiver that waits there.
async fn private_addresses_are_refused(engine: Engine) {
    let installation = Installation::new(engine).await;
    let server = installation.serve();
    let owner = installation.token("owner");
    let mut receiver = Receiver::start().await;
    let port = receiver.host().rsplit(':').next().unwrap().to_owned();
    let make = |url: String| {
        let (server, owner) = (&server, &owner);
        async move { server.post(owner, "/api/v1/webhooks", &json!({"name": "x", "url": url})).await }
    };
    let refused = [
        receiver.url(),
        format!("https://127.0.0.1:{port}/"),
        format!("https://[::1]:{port}/"),
        format!("https://[::ffff:127.0.0.1]:{port}/"),
        format!("https://2130706433:{port}/"),
        "https://169.254.169.254/latest/meta-data".into(),
        "http://example.com/".into(),
        "https://name:password@example.com/".into(),
        "https://example.com/#part".into(),
        "ftp://example.com/".into(),
        "example.com".into(),
        format!("https://example.com/{}", "x".repeat(2_000)),
    ];
    for url in refused {
        let problem = make(url.clone()).await.problem(422, "invalid");
        assert_eq!(problem["faults"][0]["field"], "url", "{url}");
    }
    // A name that leads inside is found out when it is called.
    let webhook = make(format!("https://localhost:{port}/")).await.expect(201);
    let told = server.post(&owner, &path(&webhook, "/test"), &Value::Null).await.expect(200);
    assert_eq!((&told["outcome"], &told["error"]), (&json!("failed"), &json!("address_refused")));
    let kept = until(|| async {
        let shown = server.get(&owner, &path(&webhook, "")).await.expect(200);
        Some(shown).filter(|shown| shown["state"] == "retrying")
    });
    assert_eq!(kept.await["last_error"], "address_refused");
    assert!(receiver.drain().is_empty(), "nothing of it arrives");
}

async fn mistakes_are_told(engine: Engine) {
    let scene = Scene::new(engine).await;
    let receiver = Receiver::start().await;
    let make = |body: Value, key: &'static str| {
        let (server, owner) = (&scene.server, &scene.owner);
        async move { server.call("POST", owner, "/api/v1/webhooks", &body, &[("idempotency-key", key)]).await }
    };
    let wrong = json!({"name": " ", "url": "nowhere", "kinds": ["message.lost"], "from_cursor": "c07zzzzzzzzzzzz"});
    let problem = make(wrong, "a").await.problem(422, "invalid");
    let fields: Vec<&str> =
        problem["faults"].as_array().unwrap().iter().map(|fault| fault["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["name", "url", "kinds", "from_cursor"]);
    make(json!({"name": "x", "url": receiver.url(), "from_cursor": "7"}), "a").await.problem(422, "invalid");

    // The same request is one webhook, and the one who asked is told its secret again.
    let good = json!({"name": "x", "url": receiver.url(), "kinds": ["message.*", "message.*"], "enabled": false});
    let first = make(good.clone(), "b").await.expect(201);
    assert_eq!((&first["kinds"], &first["state"]), (&json!(["message.*"]), &json!("disabled")));
    assert_eq!(make(good, "b").await.expect(201), first);
    make(json!({"name": "y", "url": receiver.url()}), "b").await.problem(409, "idempotency_conflict");
    let listed = scene.server.get(&scene.owner, "/api/v1/webhooks").await.expect(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    assert!(listed["items"][0]["secret"].is_null());

    for n in 1..50 {
        let new = json!({"name": format!("{n}"), "url": receiver.url(), "enabled": false});
        scene.server.post(&scene.owner, "/api/v1/webhooks", &new).await.expect(201);
    }
    make(json!({"name": "one too many", "url": receiver.url()}), "c").await.problem(409, "conflict");
    let page = scene.server.get(&scene.owner, "/api/v1/webhooks?limit=30").await.expect(200);
    let next = page["next_cursor"].as_str().unwrap();
    let rest = scene.server.get(&scene.owner, &format!("/api/v1/webhooks?limit=30&cursor={next}")).await.expect(200);
    assert_eq!(rest["items"].as_array().unwrap().len(), 20);
}

/// Two servers on one database: one at a time holds a webhook, and both hear of everything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_several_nodes_one_calls_at_a_time() {
    let scene = Scene::new(Engine::Postgres).await;
    let program = scene.installation.program().env("ONETHREAD_WEBHOOK_ALLOW", "127.0.0.1");
    let second: Server = scene.installation.serve_with(program);
    let mut receiver = Receiver::start().await;
    let webhook = create(&scene, &receiver, &["message.queued"]).await;
    let mut said = Vec::new();
    for n in 0..20 {
        let server = if n % 2 == 0 { &scene.server } else { &second };
        let path = format!("/api/v1/threads/{}/messages", scene.thread);
        let blocks = json!({"blocks": [{"type": "text", "text": n.to_string()}]});
        let entry = server.post(&scene.owner, &path, &blocks).await.expect(201);
        said.push(entry["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(about(&receiver.take(20).await), said);
    let all = until(|| async { Some(tries(&scene, &webhook, "").await).filter(|tries| tries.len() == 20) }).await;
    assert!(all.iter().all(|one| one["outcome"] == "delivered" && one["attempt"] == 1));
    assert!(receiver.drain().is_empty(), "and none twice");
}
