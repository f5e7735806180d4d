//! Whoever belongs to another workspace sees nothing, on any route.

use crate::harness::{Engine, Scene, on_both_engines};
use model::{Timestamp, WorkspaceId};
use serde_json::{Value, json};
use store::{Database, Keyring, SecretKey, Store, StoreConfig};

on_both_engines!(a_stranger_sees_nothing);

/// A second workspace in the same database, and a token of its owner.
async fn stranger(scene: &Scene) -> String {
    let database = match scene.installation.database() {
        Some(url) => Database::Postgres { url: url.to_owned() },
        None => Database::Sqlite { path: scene.installation.data().join("onethread.db") },
    };
    let key = SecretKey::generate().unwrap();
    let files_dir = scene.installation.data().join("files");
    let now = || service::Clock::now(&service::SystemClock).0;
    let config = StoreConfig { database, keys: Keyring::new(key, Vec::new()), files_dir, now };
    let store = Store::open(config).await.unwrap();
    store.create_workspace(WorkspaceId(store.new_id().unwrap()), "Strangers", Timestamp(now())).await.unwrap();
    scene.installation.print(&["token", "create", "--name", "s", "--role", "owner", "--workspace", "Strangers"])
}

async fn a_stranger_sees_nothing(engine: Engine) {
    let scene = Scene::new(engine).await;
    let server = &scene.server;
    let thread = server.get(&scene.owner, &format!("/api/v1/threads/{}", scene.thread)).await.expect(200);
    let message = scene.say("for nobody else", None).await.expect(201);
    let me = server.get(&scene.owner, "/api/v1/me").await.expect(200);
    let things: Vec<(&str, String)> = [
        ("/threads/", &thread["id"]),
        ("/messages/", &message["id"]),
        ("/customers/", &thread["customer"]["id"]),
        ("/channel-accounts/", &scene.account["id"]),
        ("/tokens/", &me["caller"]["id"]),
    ]
    .map(|(place, id)| (place, id.as_str().unwrap().to_owned()))
    .to_vec();

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
            let body = if template.ends_with("/messages") { blocks.clone() } else { json!({}) };
            if template.contains("{id}") {
                let id = things.iter().find(|(place, _)| template.contains(place));
                let path = template.replace("{id}", id.map_or("inb_0000000000001", |(_, id)| id));
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
                    assert!(items.is_empty() || template.ends_with("/channel-kinds"), "{template}: {items:?}");
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
