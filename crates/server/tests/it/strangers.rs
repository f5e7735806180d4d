//! Whoever belongs to another workspace sees nothing, on any route.

use crate::{
    harness::{Engine, Scene, on_both_engines},
    operations::{self, ids},
};
use model::WorkspaceId;
use serde_json::{Value, json};

on_both_engines!(a_stranger_sees_nothing);

/// A second workspace in the same database, and a token of its owner.
pub(crate) async fn stranger(scene: &Scene) -> String {
    let store = scene.installation.store().await;
    let now = service::Clock::now(&service::SystemClock);
    store.create_workspace(WorkspaceId(store.new_id().unwrap()), "Strangers", now).await.unwrap();
    scene.installation.print(&["token", "create", "--name", "s", "--role", "owner", "--workspace", "Strangers"])
}

async fn a_stranger_sees_nothing(engine: Engine) {
    let mut scene = Scene::new(engine).await;
    let other = scene.another_customer().await;
    // A dead job and an event that nobody can read.
    scene.meta.fault_next(1, operations::NO_PERMISSION);
    scene.say("the page has not the permission", None).await.expect(201);
    scene.live.until("message.failed").await;
    operations::call_back(&scene, operations::UNREADABLE).await;
    let (job, event) = (ids(&scene, "jobs").await.remove(0), ids(&scene, "inbound-events").await.remove(0));
    let server = &scene.server;
    let thread = server.get(&scene.owner, &format!("/api/v1/threads/{}", scene.thread)).await.expect(200);
    let message = scene.say("for nobody else", None).await.expect(201);
    let me = server.get(&scene.owner, "/api/v1/me").await.expect(200);
    let bearer = format!("Bearer {}", scene.owner);
    let sent = server.send("POST", "/api/v1/files", &[("authorization", &bearer)], Some(b"ours".to_vec())).await;
    let file = sent.expect(201);
    let new = json!({"name": "ours", "url": "https://example.com/hooks", "enabled": false});
    let webhook = server.post(&scene.owner, "/api/v1/webhooks", &new).await.expect(201);
    let define = async |path: &str, body: Value| server.post(&scene.owner, path, &body).await.expect(201);
    let label = define("/api/v1/labels", json!({"name": "Ours"})).await;
    let field = define("/api/v1/attributes", json!({"key": "ours", "name": "Ours", "type": "text"})).await;
    let calendar = define("/api/v1/calendars", json!({"name": "Ours", "zone": "Europe/Vilnius"})).await;
    let merged = json!({"customer_id": other});
    let path = format!("/api/v1/customers/{}/merge", thread["customer"]["id"].as_str().unwrap());
    let merge = server.post(&scene.owner, &path, &merged).await.expect(201);
    let mut things: Vec<(&str, String)> = [
        ("/threads/", &thread["id"]),
        ("/messages/", &message["id"]),
        ("/customers/", &thread["customer"]["id"]),
        ("/channel-accounts/", &scene.account["id"]),
        ("/tokens/", &me["caller"]["id"]),
        ("/files/", &file["id"]),
        ("/webhooks/", &webhook["id"]),
        ("/labels/", &label["id"]),
        ("/attributes/", &field["id"]),
        ("/calendars/", &calendar["id"]),
        ("/merges/", &merge["id"]),
        ("/identities/", &thread["customer"]["identities"][0]["id"]),
    ]
    .map(|(place, id)| (place, id.as_str().unwrap().to_owned()))
    .to_vec();
    things.extend([("/jobs/", job), ("/inbound-events/", event)]);

    let token = stranger(&scene).await;
    let document = server.send("GET", "/openapi.json", &[], None).await.expect(200);
    let blocks = json!({"blocks": [{"type": "text", "text": "let me in"}]});
    let mut tried = 0;
    for (template, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            if operation["security"] == json!([{}]) || template.ends_with("/session") || template.ends_with("/live") {
                continue;
            }
            let method = method.to_uppercase();
            let body = match template.rsplit('/').next() {
                Some("messages") => blocks.clone(),
                Some("merge") => merged.clone(),
                Some("move") => json!({"episode_id": "epi_0000000000001"}),
                Some("typing") => json!({"typing": true}),
                Some("notes") => json!({"text": "let me in"}),
                _ => json!({}),
            };
            if template.contains("{id}") {
                let id = things.iter().find(|(place, _)| template.contains(place));
                let mut path = template
                    .replace("{id}", id.map_or("inb_0000000000001", |(_, id)| id))
                    .replace("{label_id}", label["id"].as_str().unwrap());
                if path.ends_with("/merge-preview") {
                    path += &format!("?with={other}");
                }
                let answer = server.call(&method, &token, &path, &body, &[]).await;
                answer.problem(404, "not_found");
            } else if method == "GET" {
                let query = if template.ends_with("/search") { "?q=hello" } else { "" };
                let answer = server.get(&token, &format!("{template}{query}")).await;
                assert_eq!(answer.status, 200, "{template}");
                for (_, id) in &things {
                    assert!(!answer.text.contains(id), "{template} tells {id}");
                }
                let is_of_people = template.ends_with("/tokens") || template.ends_with("/me");
                if let Some(items) = answer.json()["items"].as_array().filter(|_| !is_of_people) {
                    assert!(items.is_empty() || template.ends_with("-kinds"), "{template}: {items:?}");
                }
            }
            tried += 1;
        }
    }
    assert!(tried >= 20, "only {tried} routes were tried");

    // Another workspace's cursor is no way in either, and its live log tells nothing of ours.
    let mut live = server.live(&token, None).await;
    scene.say("not for you", None).await.expect(201);
    server.post(&token, "/api/v1/live/tickets", &Value::Null).await.expect(201);
    let quiet = tokio::time::timeout(std::time::Duration::from_millis(300), live.next()).await;
    assert!(quiet.is_err(), "a stranger heard {quiet:?}");
    server.get(&scene.owner, "/api/v1/me").await.expect(200);
}
