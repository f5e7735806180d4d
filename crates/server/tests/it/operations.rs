//! Dead letters: what was given up and what could not be read, taken up once more or dismissed.

use crate::harness::{APP_SECRET, Engine, Scene, on_both_engines};
use model::{InboundEventId, Timestamp, operation::InboundState};
use serde_json::{Value, json};
use store::NewInboundEvent;
use testkit::graph::{self, Event};

on_both_engines!(
    what_was_given_up_is_replayed_or_dismissed,
    what_became_no_entry_is_replayed_or_dismissed,
    a_body_that_can_be_read_by_now_becomes_entries
);

/// The account may not send this: given up at once, and an admin has to look.
pub const NO_PERMISSION: graph::Fault = graph::Fault::Error { status: 403, code: 200, subcode: None };
/// A body that Meta signed and nobody can read.
pub const UNREADABLE: &[u8] = b"{\"object\":\"page\",\"entry\":5}";

/// Sends a signed body to the account's callback address.
pub async fn call_back(scene: &Scene, body: &[u8]) {
    let signed = graph::signature(APP_SECRET, body);
    let path = scene.account["callback_path"].as_str().unwrap();
    let taken = scene.server.send("POST", path, &[("x-hub-signature-256", &signed)], Some(body.to_vec())).await;
    assert_eq!(taken.status, 200, "{}", taken.text);
}

/// The ids of a list.
pub async fn ids(scene: &Scene, list: &str) -> Vec<String> {
    let page = scene.server.get(&scene.owner, &format!("/api/v1/{list}")).await.expect(200);
    page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

async fn delete(scene: &Scene, path: &str) -> crate::harness::Answer {
    scene.server.call("DELETE", &scene.owner, path, &Value::Null, &[]).await
}

async fn what_was_given_up_is_replayed_or_dismissed(engine: Engine) {
    let mut scene = Scene::new(engine).await;
    let supervisor = scene.installation.token("supervisor");
    scene.meta.fault_next(2, NO_PERMISSION);
    let message =
        scene.say("the page has not the permission", None).await.expect(201)["id"].as_str().unwrap().to_owned();
    scene.live.until("message.failed").await;
    let dead = ids(&scene, "jobs").await.remove(0);
    assert!(!scene.installation.run(&["doctor"]).status.success());

    let listed = scene.server.get(&scene.owner, "/api/v1/jobs?state=dead").await.expect(200);
    let told = &listed["items"][0];
    assert_eq!((&told["reason"], &told["next_step"]), (&json!("not_permitted"), &json!("check_page")), "{told}");
    let replay = format!("/api/v1/jobs/{dead}/replay");
    scene.server.post(&supervisor, &replay, &Value::Null).await.problem(403, "forbidden");
    let job = scene.server.post(&scene.owner, &replay, &Value::Null).await.expect(200);
    assert_eq!((&job["state"], &job["subject_id"]), (&json!("ready"), &json!(message)), "{job}");
    assert_eq!(scene.live.until("job.replayed").await["subject_id"], dead.as_str());
    scene.live.until("message.failed").await;
    scene.server.post(&scene.owner, &replay, &Value::Null).await.problem(404, "not_found");

    // As an agent's "send again": not when the gate says no.
    let dead = ids(&scene, "jobs").await.remove(0);
    let replay = format!("/api/v1/jobs/{dead}/replay");
    let account = format!("/api/v1/channel-accounts/{}", scene.account["id"].as_str().unwrap());
    scene.server.call("PATCH", &scene.owner, &account, &json!({"enabled": false}), &[]).await.expect(200);
    scene.server.post(&scene.owner, &replay, &Value::Null).await.problem(409, "account_disabled");

    let path = format!("/api/v1/jobs/{dead}");
    scene.server.call("DELETE", &supervisor, &path, &Value::Null, &[]).await.problem(403, "forbidden");
    assert_eq!(delete(&scene, &path).await.status, 204);
    assert_eq!(scene.live.until("job.dismissed").await["subject_id"], dead.as_str());
    delete(&scene, &path).await.problem(404, "not_found");
    assert!(ids(&scene, "jobs").await.is_empty());
    let entry = scene.server.get(&scene.owner, &format!("/api/v1/messages/{message}")).await.expect(200);
    assert_eq!(entry["delivery"]["state"], "failed", "it can still be sent again");
    let report = scene.installation.run(&["doctor"]);
    assert!(report.status.success(), "{}", String::from_utf8_lossy(&report.stdout));
}

/// Puts two messages into a body that a server before this one kept, which could not read it; gives its id.
pub async fn readable_by_now(scene: &Scene) -> InboundEventId {
    let page = scene.meta.page_id();
    let text = |number: i64| Event::text(&page, "7", &format!("m_{number}"), "hi", graph::now_millis() + number);
    let body = graph::wire::body(&[text(1), text(2)], 2);
    let store = scene.installation.store().await;
    let me = scene.server.get(&scene.owner, "/api/v1/me").await.expect(200);
    let id = InboundEventId(store.new_id().unwrap());
    let kept = NewInboundEvent {
        id,
        workspace_id: me["workspace"]["id"].as_str().unwrap().parse().unwrap(),
        callback_key: scene.account["callback_path"].as_str().unwrap().rsplit('/').next().unwrap().to_owned(),
        channel_account_id: None,
        address: String::new(),
        event_key: "body:1".into(),
        lane: 0,
        payload: String::from_utf8(body).unwrap(),
        state: InboundState::Undecodable,
        error: Some("not known yet".into()),
        received_at: Timestamp(graph::now_millis()),
    };
    assert_eq!(store.store_inbound_events(vec![kept]).await.unwrap(), 1);
    id
}

async fn a_body_that_can_be_read_by_now_becomes_entries(engine: Engine) {
    let mut scene = Scene::new(engine).await;
    let id = readable_by_now(&scene).await;
    let replay = format!("/api/v1/inbound-events/{id}/replay");
    let replayed = scene.server.post(&scene.owner, &replay, &Value::Null).await.expect(200);
    assert_eq!(replayed, json!({"events": 2}));
    scene.live.until("event.replayed").await;
    for _ in 0..2 {
        scene.live.until("message.received").await;
    }
    assert!(ids(&scene, "inbound-events").await.is_empty());
    scene.server.post(&scene.owner, &replay, &Value::Null).await.problem(404, "not_found");
}

async fn what_became_no_entry_is_replayed_or_dismissed(engine: Engine) {
    let mut scene = Scene::new(engine).await;
    let supervisor = scene.installation.token("supervisor");
    call_back(&scene, UNREADABLE).await;
    let event = ids(&scene, "inbound-events?state=undecodable").await.remove(0);
    assert!(!scene.installation.run(&["doctor"]).status.success());
    let path = format!("/api/v1/inbound-events/{event}");
    let replay = format!("{path}/replay");
    scene.server.post(&supervisor, &replay, &Value::Null).await.problem(403, "forbidden");
    scene.server.call("DELETE", &supervisor, &path, &Value::Null, &[]).await.problem(403, "forbidden");
    let told = scene.server.post(&scene.owner, &replay, &Value::Null).await.problem(409, "still_unreadable");
    assert!(told["detail"].as_str().unwrap().contains("still cannot be read"), "{told}");
    assert_eq!(delete(&scene, &path).await.status, 204);
    assert_eq!(scene.live.until("event.dismissed").await["subject_id"], event.as_str());
    delete(&scene, &path).await.problem(404, "not_found");
    scene.server.post(&scene.owner, &replay, &Value::Null).await.problem(404, "not_found");
    let report = scene.installation.run(&["doctor"]);
    assert!(report.status.success(), "{}", String::from_utf8_lossy(&report.stdout));

    // For a page of the same app that is not connected.
    call_back(&scene, &graph::wire::body(&[Event::text("4242", "7", "m_stray", "hi", graph::now_millis())], 2)).await;
    let stray = ids(&scene, "inbound-events?state=unroutable").await.remove(0);
    let path = format!("/api/v1/inbound-events/{stray}");
    let told = scene
        .server
        .post(&scene.owner, &format!("{path}/replay"), &Value::Null)
        .await
        .problem(409, "account_not_connected");
    assert!(told["detail"].as_str().unwrap().contains("not connected"), "{told}");
    assert_eq!(delete(&scene, &path).await.status, 204);
    assert!(ids(&scene, "inbound-events?state=unroutable").await.is_empty());

    // What became an entry is not dismissed; the provider repeats what was, and it is stored again.
    call_back(&scene, UNREADABLE).await;
    let again = ids(&scene, "inbound-events?state=undecodable").await.remove(0);
    assert_ne!(again, event);
    assert!(ids(&scene, "inbound-events?state=stored").await.is_empty());
}
