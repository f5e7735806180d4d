//! Delivery that never lies: limits, pauses, messages for later, called back, sent another way; each message ends.

use crate::harness::{Engine, Scene, on_both_engines};
use model::{
    Block, EpisodeId, JobId, MessageId, Timestamp,
    episode::ReplyKind,
    message::{Author, AuthorKind},
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use store::{NewMessage, SendLater};
use testkit::graph::{Event, Fault, GraphStandIn, Mixing, Page, now_millis};

on_both_engines!(
    a_limit_pauses_the_account_and_nothing_else,
    a_new_token_lets_everything_go_on,
    a_policy_block_waits_for_an_admin,
    a_message_for_later_goes_when_it_is_due,
    a_message_for_later_is_changed_or_called_back,
    a_customers_word_calls_off_what_waits,
    an_identity_that_is_not_written_to,
    a_clients_own_id_makes_one_message,
    a_failed_message_goes_another_way,
    a_message_that_nothing_moves_is_told_by_the_doctor,
    everything_ends_once_and_in_order,
    everything_ends_once_and_in_order_inbound,
);

fn in_millis(millis: i64) -> String {
    Timestamp(now_millis()).plus_millis(millis).to_rfc3339()
}

async fn message(scene: &Scene, entry: &Value) -> Value {
    let path = format!("/api/v1/messages/{}", entry["id"].as_str().unwrap());
    scene.server.get(&scene.owner, &path).await.expect(200)
}

async fn send(scene: &Scene, thread: &str, body: &Value) -> crate::harness::Answer {
    scene.server.post(&scene.owner, &format!("/api/v1/threads/{thread}/messages"), body).await
}

fn words(text: &str) -> Value {
    json!([{"type": "text", "text": text}])
}

fn account_path(account: &Value) -> String {
    format!("/api/v1/channel-accounts/{}", account["id"].as_str().unwrap())
}

/// A second page of another app, with one customer who wrote there. Gives its stand-in, account and thread.
async fn second_page(scene: &mut Scene) -> (GraphStandIn, Value, String) {
    let page = Page { id: "220033004400550".into(), name: "Acme Chairs".into(), ..Page::default() };
    let meta = GraphStandIn::start_for(page).await;
    let new = json!({
        "kind": "messenger", "name": "Our other page",
        "settings": {"page_id": meta.page_id(), "api_base": meta.base()},
        "secrets": {"page_access_token": meta.token(), "app_secret": "another app"},
    });
    let account = scene.server.post(&scene.owner, "/api/v1/channel-accounts", &new).await.expect(201);
    let callback = account["callback_path"].as_str().unwrap();
    meta.callbacks_to(&format!("{}{callback}", scene.server.base), "another app");
    meta.customer_writes("9001002003004005", "hello there").await;
    let frame = scene.live.until("message.received").await;
    (meta, account, frame["thread_id"].as_str().unwrap().to_owned())
}

async fn a_limit_pauses_the_account_and_nothing_else(engine: Engine) {
    let mut scene = Scene::new(engine).await;
    let (other_meta, _, other_thread) = second_page(&mut scene).await;
    scene.meta.fault_next(1, Fault::RateLimit { retry_after_seconds: Some(3), regain_minutes: None });
    let limited = scene.say("too fast", None).await.expect(201);
    let frame = scene.live.until("message.deferred").await;
    assert_eq!(frame["entry_id"], limited["id"]);
    let told = message(&scene, &limited).await["delivery"].clone();
    assert_eq!((&told["state"], &told["error"]["reason"]), (&json!("queued"), &json!("rate_limited")), "{told}");
    assert_eq!(told["error"]["next_step"], "wait");
    let account = scene.server.get(&scene.owner, &account_path(&scene.account)).await.expect(200);
    assert_eq!(account["pause"]["reason"], "rate_limited", "{account}");

    // Nothing more is asked of the limited account, and the other one goes on.
    let calls = scene.meta.calls();
    let behind = scene.say("and one more", None).await.expect(201);
    let elsewhere = send(&scene, &other_thread, &json!({"blocks": words("over there")})).await.expect(201);
    let sent = scene.live.until("message.sent").await;
    assert_eq!(sent["entry_id"], elsewhere["id"]);
    assert_eq!((scene.meta.calls(), other_meta.accepted().len()), (calls, 1));
    // The time that the provider asked for is over: both go, in their order, and the limit counted no try.
    for entry in [&limited, &behind] {
        assert_eq!(scene.live.until("message.sent").await["entry_id"], entry["id"]);
    }
    let account = scene.server.get(&scene.owner, &account_path(&scene.account)).await.expect(200);
    assert_eq!(account["pause"], Value::Null);
}

async fn a_new_token_lets_everything_go_on(engine: Engine) {
    let mut scene = Scene::new(engine).await;
    scene.meta.new_token("EAAchanged");
    let first = scene.say("the token is old", None).await.expect(201);
    scene.live.until("message.deferred").await;
    let second = scene.say("still old", None).await.expect(201);
    let delivery = message(&scene, &first).await["delivery"].clone();
    assert_eq!((&delivery["state"], &delivery["error"]["reason"]), (&json!("queued"), &json!("unauthorized")));
    assert_eq!(delivery["error"]["next_step"], "reconnect_account");
    let jobs = scene.server.get(&scene.owner, "/api/v1/jobs?state=ready").await.expect(200);
    let told = jobs["items"].as_array().unwrap().iter().find(|job| job["subject_id"] == first["id"]).unwrap();
    assert_eq!((&told["next_step"], &told["channel_account_id"]), (&json!("reconnect_account"), &scene.account["id"]));
    let report = scene.installation.run(&["doctor"]);
    let report = String::from_utf8_lossy(&report.stdout).into_owned();
    assert!(report.contains("its credentials are refused"), "{report}");

    let change = json!({"secrets": {"page_access_token": "EAAchanged"}});
    scene.server.call("PATCH", &scene.owner, &account_path(&scene.account), &change, &[]).await.expect(200);
    for entry in [&first, &second] {
        assert_eq!(scene.live.until("message.sent").await["entry_id"], entry["id"]);
    }
    assert_eq!(scene.meta.accepted().len(), 2);
}

async fn a_policy_block_waits_for_an_admin(engine: Engine) {
    let mut scene = Scene::new(engine).await;
    let resume = format!("{}/resume", account_path(&scene.account));
    scene.server.post(&scene.owner, &resume, &Value::Null).await.problem(409, "conflict");
    scene.meta.fault_next(1, Fault::Error { status: 400, code: 10, subcode: Some(1_893_063) });
    let entry = scene.say("the page is restricted", None).await.expect(201);
    scene.live.until("message.deferred").await;
    let account = scene.server.get(&scene.owner, &account_path(&scene.account)).await.expect(200);
    let pause = &account["pause"];
    assert_eq!((&pause["reason"], &pause["next_step"]), (&json!("policy_blocked"), &json!("contact_provider")));
    assert_eq!((&pause["until"], &pause["code"]), (&Value::Null, &json!("10/1893063")));
    let agent = scene.installation.token("agent");
    scene.server.post(&agent, &resume, &Value::Null).await.problem(403, "forbidden");
    let resumed = scene.server.post(&scene.owner, &resume, &Value::Null).await.expect(200);
    assert_eq!(resumed["pause"], Value::Null);
    assert_eq!(scene.live.until("message.sent").await["entry_id"], entry["id"]);
}

async fn a_message_for_later_goes_when_it_is_due(engine: Engine) {
    let mut scene = Scene::new(engine).await;
    for wrong in [in_millis(-1_000), in_millis(91 * 86_400_000)] {
        let body = json!({"blocks": words("hi"), "send_at": wrong});
        let refused = send(&scene, &scene.thread, &body).await.problem(422, "invalid");
        assert_eq!(refused["faults"][0]["field"], "send_at");
    }
    // The window of a day is over by then.
    let body = json!({"blocks": words("hi"), "send_at": in_millis(2 * 86_400_000)});
    send(&scene, &scene.thread, &body).await.problem(409, "window_closed");
    let at = in_millis(1_500);
    let later = send(&scene, &scene.thread, &json!({"blocks": words("later"), "send_at": at})).await.expect(201);
    assert_eq!((&later["send_at"], &later["cancel_on_reply"]), (&json!(at), &json!(true)), "{later}");
    assert_eq!(later["delivery"]["state"], "queued");
    let now = scene.say("now", None).await.expect(201);
    assert_eq!(scene.live.until("message.sent").await["entry_id"], now["id"], "it holds back nothing");
    assert_eq!(scene.live.until("message.sent").await["entry_id"], later["id"]);
    let sent: Vec<Option<String>> = scene.meta.accepted().into_iter().map(|message| message.text).collect();
    assert_eq!(sent, [Some("now".to_owned()), Some("later".to_owned())]);
}

async fn a_message_for_later_is_changed_or_called_back(engine: Engine) {
    let mut scene = Scene::new(engine).await;
    let body = json!({"blocks": words("later"), "send_at": in_millis(3_600_000)});
    let entry = send(&scene, &scene.thread, &body).await.expect(201);
    let path = format!("/api/v1/messages/{}", entry["id"].as_str().unwrap());
    let change = async |scene: &Scene, body: Value| scene.server.call("PATCH", &scene.owner, &path, &body, &[]).await;
    let at = in_millis(7_200_000);
    let changed = change(&scene, json!({"send_at": at, "blocks": words("other words")})).await.expect(200);
    assert_eq!((&changed["send_at"], &changed["blocks"]), (&json!(at), &words("other words")));
    let frame = scene.live.until("message.edited").await;
    assert_eq!(frame["changed_entry"]["blocks"], words("other words"));
    change(&scene, json!({"blocks": []})).await.problem(422, "invalid");
    change(&scene, json!({"send_at": in_millis(91 * 86_400_000)})).await.problem(422, "invalid");

    let off = scene.server.post(&scene.owner, &format!("{path}/cancel"), &Value::Null).await.expect(200);
    assert_eq!(
        (&off["delivery"]["state"], &off["delivery"]["error"]["reason"]),
        (&json!("failed"), &json!("cancelled"))
    );
    scene.live.until("message.cancelled").await;
    scene.server.post(&scene.owner, &format!("{path}/cancel"), &Value::Null).await.problem(409, "conflict");
    change(&scene, json!({"send_at": at})).await.problem(409, "conflict");
    // After all, and at once.
    scene.server.post(&scene.owner, &format!("{path}/retry"), &Value::Null).await.expect(200);
    assert_eq!(scene.live.until("message.sent").await["entry_id"], entry["id"]);

    let entry = send(&scene, &scene.thread, &body).await.expect(201);
    let path = format!("/api/v1/messages/{}", entry["id"].as_str().unwrap());
    let now = json!({"send_at": in_millis(-5)});
    scene.server.call("PATCH", &scene.owner, &path, &now, &[]).await.expect(200);
    assert_eq!(scene.live.until("message.sent").await["entry_id"], entry["id"], "a time that has come is now");
}

async fn a_customers_word_calls_off_what_waits(engine: Engine) {
    let mut scene = Scene::new(engine).await;
    let waits = async |scene: &Scene, cancel: bool| {
        let at = in_millis(3_600_000);
        let body = json!({"blocks": words("are you still there?"), "send_at": at, "cancel_on_reply": cancel});
        send(scene, &scene.thread, &body).await.expect(201)
    };
    let (off, stays) = (waits(&scene, true).await, waits(&scene, false).await);
    scene.meta.customer_writes("7001002003004005", "yes, here I am").await;
    let frame = scene.live.until("message.cancelled").await;
    assert_eq!(frame["entry_id"], off["id"]);
    assert_eq!(frame["delivery"]["error"]["reason"], "customer_replied");
    assert_eq!(message(&scene, &stays).await["delivery"]["state"], "queued");
}

async fn an_identity_that_is_not_written_to(engine: Engine) {
    let mut scene = Scene::new(engine).await;
    let thread = scene.server.get(&scene.owner, &format!("/api/v1/threads/{}", scene.thread)).await.expect(200);
    let identity = thread["customer"]["identities"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/identities/{identity}");
    let waits = json!({"blocks": words("later"), "send_at": in_millis(1_500)});
    let waits = send(&scene, &scene.thread, &waits).await.expect(201);
    let reason = json!({"reason": "asked us to stop"});
    let blocked = scene.server.post(&scene.owner, &format!("{path}/block"), &reason).await.expect(200);
    assert_eq!(blocked["suppression"]["reason"], "asked us to stop", "{blocked}");
    let long = json!({"reason": "x".repeat(201)});
    scene.server.post(&scene.owner, &format!("{path}/block"), &long).await.problem(422, "invalid");
    let reader = scene.installation.token("read-only");
    scene.server.post(&reader, &format!("{path}/block"), &Value::Null).await.problem(403, "forbidden");
    scene.say("hello?", None).await.problem(409, "suppressed");
    // What waited for its time is asked about once more when it goes.
    let frame = scene.live.until("message.failed").await;
    assert_eq!((&frame["entry_id"], &frame["delivery"]["error"]["next_step"]), (&waits["id"], &json!("unblock")));
    // A word of theirs is kept, and changes nothing.
    scene.meta.customer_writes("7001002003004005", "hello again").await;
    scene.live.until("message.received").await;
    scene.say("hello?", None).await.problem(409, "suppressed");
    let open = scene.server.post(&scene.owner, &format!("{path}/unblock"), &Value::Null).await.expect(200);
    assert_eq!(open["suppression"], Value::Null);
    scene.say("hello!", None).await.expect(201);
    scene.live.until("message.sent").await;
}

async fn a_clients_own_id_makes_one_message(engine: Engine) {
    let mut scene = Scene::new(engine).await;
    let body = json!({"blocks": words("once"), "client_id": "device-7:41"});
    let first = send(&scene, &scene.thread, &body).await.expect(201);
    let frame = scene.live.until("message.queued").await;
    assert_eq!((&first["client_id"], &frame["entry"]["client_id"]), (&json!("device-7:41"), &json!("device-7:41")));
    let again = send(&scene, &scene.thread, &body).await.expect(201);
    assert_eq!(again["id"], first["id"]);
    let other = json!({"blocks": words("other words"), "client_id": "device-7:41"});
    send(&scene, &scene.thread, &other).await.problem(409, "idempotency_conflict");
    for wrong in ["", "with space", "umlaut-ü", &"x".repeat(65)] {
        let body = json!({"blocks": words("once"), "client_id": wrong});
        send(&scene, &scene.thread, &body).await.problem(422, "invalid");
    }
}

async fn a_failed_message_goes_another_way(engine: Engine) {
    let mut scene = Scene::new(engine).await;
    let (other_meta, _, other_thread) = second_page(&mut scene).await;
    let read = async |scene: &Scene, thread: &str| {
        scene.server.get(&scene.owner, &format!("/api/v1/threads/{thread}")).await.expect(200)
    };
    let (here, there) = (read(&scene, &scene.thread).await, read(&scene, &other_thread).await);
    let other_identity = there["customer"]["identities"][0]["id"].clone();
    let merge = format!("/api/v1/customers/{}/merge", here["customer"]["id"].as_str().unwrap());
    scene.server.post(&scene.owner, &merge, &json!({"customer_id": there["customer"]["id"]})).await.expect(201);
    let own_identity = here["customer"]["identities"][0]["id"].clone();

    // The provider says that its window is closed: the other identity is named from then on.
    scene.meta.fault_next(1, Fault::Error { status: 400, code: 10, subcode: Some(2_018_278) });
    let body = json!({"blocks": words("hello"), "identity_id": own_identity});
    let failed = send(&scene, &scene.thread, &body).await.expect(201);
    scene.live.until("message.failed").await;
    let path = format!("/api/v1/messages/{}/retry", failed["id"].as_str().unwrap());
    let refused = scene.server.post(&scene.owner, &path, &Value::Null).await.problem(409, "window_closed");
    let named = json!([{"identity_id": other_identity, "reason": "open_window"}]);
    assert_eq!(refused["alternatives"], named, "{refused}");
    let refused = send(&scene, &scene.thread, &body).await.problem(409, "window_closed");
    assert_eq!(refused["alternatives"], named, "{refused}");

    let nobody = json!({"identity_id": "idn_0000000000001"});
    scene.server.post(&scene.owner, &path, &nobody).await.problem(422, "invalid");
    let way = json!({"identity_id": other_identity});
    let resent = scene.server.post(&scene.owner, &path, &way).await.expect(200);
    assert_eq!((&resent["resent_from"], &resent["identity_id"]), (&failed["id"], &other_identity), "{resent}");
    scene.live.until("message.sent").await;
    assert_eq!(other_meta.accepted().len(), 1);
    assert_eq!(message(&scene, &failed).await["resent_as"], resent["id"]);
    scene.server.post(&scene.owner, &path, &way).await.problem(409, "already_resent");
}

async fn a_message_that_nothing_moves_is_told_by_the_doctor(engine: Engine) {
    let scene = Scene::new(engine).await;
    let store = scene.installation.store().await;
    let me = scene.server.get(&scene.owner, "/api/v1/me").await.expect(200);
    let workspace_id = me["workspace"]["id"].as_str().unwrap().parse().unwrap();
    let route = store.list_routes(workspace_id, scene.thread.parse().unwrap()).await.unwrap().remove(0);
    let now = Timestamp(now_millis());
    // Written two minutes ago, for later: the server leaves it alone.
    let waits = NewMessage {
        id: MessageId(store.new_id().unwrap()),
        workspace_id,
        identity_id: route.identity_id,
        route_id: route.id,
        channel_account_id: route.channel_account_id,
        author: Author { kind: AuthorKind::System, id: None, name: String::new() },
        blocks: vec![Block::text("for later")],
        files: Vec::new(),
        first_part: None,
        reply_kind: ReplyKind::Substantive,
        reply_to: None,
        episode_id: None,
        new_episode: EpisodeId(store.new_id().unwrap()),
        job_id: JobId(store.new_id().unwrap()),
        later: Some(SendLater { at: now.plus_millis(3_600_000), cancel_on_reply: false }),
        client_id: None,
        resent_from: None,
        idempotency: None,
        now: now.plus_millis(-120_000),
    };
    let (id, job) = (waits.id, waits.job_id);
    store.create_message(waits).await.unwrap();
    let report = scene.installation.run(&["doctor"]);
    assert!(report.status.success(), "{}", String::from_utf8_lossy(&report.stdout));
    // What no code of ours does.
    store.finish_job(workspace_id, job).await.unwrap();
    let report = scene.installation.run(&["doctor"]);
    let told = String::from_utf8_lossy(&report.stdout).into_owned();
    assert!(!report.status.success() && told.contains(&id.to_string()), "{told}");
}

/// Messages of many people, each with an order, over a provider that stumbles: temporary faults, a limit, and a token that ends
/// midway. `ONETHREAD_MESSAGES` sets how many (1,000 unless told); a part of the requests is sent twice.
async fn everything_ends_once_and_in_order(engine: Engine) {
    let mut scene = Scene::new(engine).await;
    let count: usize = std::env::var("ONETHREAD_MESSAGES").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000);
    let people = 50.min(count);
    let page_id = scene.meta.page_id();
    let persons: Vec<String> = (0..people).map(|number| format!("80010020030{number:05}")).collect();
    let events: Vec<Event> = persons
        .iter()
        .enumerate()
        .map(|(number, person)| Event::text(&page_id, person, &format!("m_many_{number}"), "hi", now_millis()))
        .collect();
    scene.meta.deliver(&events).await;
    let mut threads = Vec::new();
    for _ in 0..people {
        threads.push(scene.live.until("message.received").await["thread_id"].as_str().unwrap().to_owned());
    }
    // A socket that nobody reads while all this is written would be closed: what happens is read from here on afterwards.
    let place = scene.server.post(&scene.owner, "/api/v1/live/tickets", &Value::Null).await.expect(201);
    let mut random = testkit::random::Random::seeded(20_261_125);
    let mut written: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut open = BTreeSet::new();
    let numbers: Vec<usize> = (0..count).collect();
    // A round writes one to each person, all at the same time: the order is that of the rounds.
    for round in numbers.chunks(people) {
        let sends = round.iter().map(|number| {
            let thread = &threads[number % people];
            let text = format!("number {number}");
            written.entry(thread.clone()).or_default().push(text.clone());
            // 5 % are sent twice, as by a client that lost the answer.
            let times = if random.chance(0.05) { 2 } else { 1 };
            let (scene, path) = (&scene, format!("/api/v1/threads/{thread}/messages"));
            async move {
                let (key, body) = (format!("many-{number}"), json!({"blocks": words(&text)}));
                let mut ids = Vec::new();
                for _ in 0..times {
                    let key = [("idempotency-key", key.as_str())];
                    let entry = scene.server.call("POST", &scene.owner, &path, &body, &key).await.expect(201);
                    ids.push(entry["id"].as_str().unwrap().to_owned());
                }
                ids
            }
        });
        let made = futures_util::future::join_all(sends.collect::<Vec<_>>()).await;
        open.extend(made.into_iter().flatten());
        for number in round {
            if random.chance(0.02) {
                scene.meta.fault_next(1, Fault::Error { status: 500, code: 2, subcode: None });
            }
            if *number == count / 3 {
                scene.meta.fault_next(1, Fault::RateLimit { retry_after_seconds: Some(1), regain_minutes: None });
            }
            if *number == count / 2 {
                scene.meta.new_token("EAAmidway");
            }
        }
    }
    assert_eq!(open.len(), count, "a repeated request makes one message");
    let change = json!({"secrets": {"page_access_token": "EAAmidway"}});
    scene.server.call("PATCH", &scene.owner, &account_path(&scene.account), &change, &[]).await.expect(200);
    scene.live = scene.server.live(&scene.owner, place["cursor"].as_str()).await;
    while !open.is_empty() {
        let frame = scene.live.until("message.sent").await;
        open.remove(frame["entry_id"].as_str().unwrap());
    }
    let accepted = scene.meta.accepted();
    assert_eq!(accepted.len(), count, "each once");
    let mut by_person: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for message in accepted {
        by_person.entry(message.recipient).or_default().push(message.text.unwrap());
    }
    let mut sent: Vec<Vec<String>> = by_person.into_values().collect();
    let mut wanted: Vec<Vec<String>> = written.into_values().collect();
    sent.sort();
    wanted.sort();
    assert_eq!(sent, wanted, "in the order of their writing, for each person");
    let waiting = scene.server.get(&scene.owner, "/api/v1/jobs?state=ready&limit=100").await.expect(200);
    let waiting = waiting["items"].as_array().unwrap();
    assert!(waiting.iter().all(|job| job["kind"] != "deliver"), "nothing is left over: {waiting:?}");
}

/// Messages of many people as a provider tells them on a bad day: 5 % twice, 5 % of them after the person's next one, in batches of
/// any size. `ONETHREAD_MESSAGES` sets how many.
async fn everything_ends_once_and_in_order_inbound(engine: Engine) {
    let mut scene = Scene::new(engine).await;
    let count: usize = std::env::var("ONETHREAD_MESSAGES").ok().and_then(|text| text.parse().ok()).unwrap_or(1_000);
    let people = 50.min(count);
    let page_id = scene.meta.page_id();
    let person = |number: usize| format!("80020020030{:05}", number % people);
    let mut order: Vec<usize> = (0..count).collect();
    let mut random = testkit::random::Random::seeded(20_261_126);
    for place in 0..count.saturating_sub(people) {
        if random.chance(0.05) {
            order.swap(place, place + people);
        }
    }
    let moved = order.iter().enumerate().filter(|(place, number)| place != *number).count();
    assert!(moved > count / 25, "{moved} of {count} are out of their order");
    let text = |number: usize| format!("number {number}");
    let told = |number: &usize| {
        Event::text(&page_id, &person(*number), &format!("m_mixed_{number}"), &text(*number), now_millis())
    };
    let events: Vec<Event> = order.iter().map(told).collect();
    let mixing = Mixing { largest_batch: 9, duplicates: 0.05, shuffled: false, seed: 7 };
    let batches = testkit::graph::batches(&events, mixing);
    assert!(batches.iter().map(Vec::len).sum::<usize>() > count, "some come twice");
    let place = scene.server.post(&scene.owner, "/api/v1/live/tickets", &Value::Null).await.expect(201);
    for batch in batches {
        scene.meta.deliver(&batch).await;
    }
    scene.live = scene.server.live(&scene.owner, place["cursor"].as_str()).await;
    let (mut entries, mut threads) = (BTreeSet::new(), BTreeSet::new());
    while entries.len() < count {
        let frame = scene.live.until("message.received").await;
        assert!(entries.insert(frame["entry_id"].as_str().unwrap().to_owned()), "twice: {frame}");
        threads.insert(frame["thread_id"].as_str().unwrap().to_owned());
    }
    assert_eq!(threads.len(), people);
    let mut shown = Vec::new();
    for thread in threads {
        let (mut texts, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/api/v1/threads/{thread}/entries?limit=100{cursor}");
            let page = scene.server.get(&scene.owner, &path).await.expect(200);
            let said = page["items"].as_array().unwrap().iter().filter(|entry| entry["type"] == "message");
            texts.extend(said.map(|entry| entry["blocks"][0]["text"].as_str().unwrap().to_owned()));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        texts.reverse();
        shown.push(texts);
    }
    let mut wanted: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for number in &order {
        wanted.entry(person(*number)).or_default().push(text(*number));
    }
    let mut wanted: Vec<Vec<String>> = wanted.into_values().collect();
    shown.sort();
    wanted.sort();
    assert_eq!(shown, wanted, "each once, in the order in which they came, for each person");
    let stored = scene.server.get(&scene.owner, "/api/v1/inbound-events?state=stored").await.expect(200);
    assert_eq!(stored["items"], json!([]), "nothing waits");
}
