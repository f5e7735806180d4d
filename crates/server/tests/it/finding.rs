//! Who and what is found beside messages: notes, customers by what is known of them, merged ones; and labels on matters.

use crate::{
    harness::{Answer, Engine, PATIENCE, Scene, on_both_engines},
    strangers::stranger,
};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

on_both_engines!(
    notes_are_found_as_notes,
    customers_are_found_by_what_is_known_of_them,
    merged_customers_are_found_and_told_as_one,
    matters_carry_labels,
);

/// A path whose words are written as a browser would write them.
fn path(route: &str, words: &str, more: &str) -> String {
    let words: String = words.bytes().map(|byte| format!("%{byte:02X}")).collect();
    format!("/api/v1/{route}?q={words}{more}")
}

/// Waits until so many items are there, and gives them.
async fn found(scene: &Scene, path: &str, count: usize) -> Vec<Value> {
    let end = Instant::now() + PATIENCE;
    loop {
        let page = scene.server.get(&scene.owner, path).await.expect(200);
        let items = page["items"].as_array().unwrap();
        if items.len() == count {
            return items.clone();
        }
        assert!(Instant::now() < end, "{path}: {} of {count}: {items:?}", items.len());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn patch(scene: &Scene, path: &str, body: Value) -> Answer {
    scene.server.call("PATCH", &scene.owner, path, &body, &[]).await
}

async fn customer_of(scene: &Scene, thread: &str) -> Value {
    scene.server.get(&scene.owner, &format!("/api/v1/threads/{thread}")).await.expect(200)["customer"].clone()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

async fn notes_are_found_as_notes(engine: Engine) {
    let scene = Scene::new(engine).await;
    let notes = format!("/api/v1/threads/{}/notes", scene.thread);
    let body = json!({"text": "Called the courier, parcel NV-40802 is in Malmö"});
    let note = scene.server.post(&scene.owner, &notes, &body).await.expect(201);
    scene.say("The courier comes tomorrow", None).await.expect(201);
    assert_eq!(found(&scene, &path("search", "courier", ""), 2).await.len(), 2);
    let hits = found(&scene, &path("search", "courier 40802", "&kind=notes"), 1).await;
    assert_eq!((&hits[0]["kind"], &hits[0]["entry"]["id"]), (&json!("note"), &note["id"]));
    assert_eq!(hits[0]["entry"]["type"], "note");
    assert_eq!(hits[0]["thread_id"], json!(scene.thread));
    assert_eq!(hits[0]["snippet"]["highlights"], json!([[11, 18], [30, 35]]), "{}", hits[0]["snippet"]);
    let within = format!("&kind=notes&thread_id={}", scene.thread);
    assert_eq!(found(&scene, &path("search", "malmo", &within), 1).await[0]["entry"]["id"], note["id"]);
    found(&scene, &path("search", "malmo", "&kind=messages"), 0).await;
}

async fn customers_are_found_by_what_is_known_of_them(engine: Engine) {
    let mut scene = Scene::new(engine).await;
    scene.another_person("7001002003004777").await;
    let customer = customer_of(&scene, &scene.thread).await;
    let own = format!("/api/v1/customers/{}", text(&customer["id"]));
    let field = json!({"key": "city", "name": "City", "type": "text"});
    let field = scene.server.post(&scene.owner, "/api/v1/attributes", &field).await.expect(201);
    let change = json!({"name": "Gintarė Petrauskaitė", "attributes": {"city": "Klaipėda"}});
    let known = patch(&scene, &own, change).await.expect(200);
    let address = text(&customer["identities"][0]["address"]);
    for words in ["gintare", "petrauskaite gint", "klaipeda", address.as_str()] {
        assert_eq!(found(&scene, &path("customers", words, ""), 1).await, std::slice::from_ref(&known), "{words}");
    }
    let hit = found(&scene, &path("search", "KLAIPEDA", ""), 1).await.remove(0);
    assert_eq!((&hit["kind"], &hit["customer"]), (&json!("customer"), &known));
    assert_eq!(hit["snippet"]["text"], format!("Gintarė Petrauskaitė · {address} · Klaipėda"));

    // What is not shown any more is not found, until it is shown again.
    let field = format!("/api/v1/attributes/{}", text(&field["id"]));
    patch(&scene, &field, json!({"archived": true})).await.expect(200);
    found(&scene, &path("customers", "klaipeda", ""), 0).await;
    patch(&scene, &field, json!({"archived": false})).await.expect(200);
    found(&scene, &path("customers", "klaipeda", ""), 1).await;

    // All, page by page; each once.
    let first = scene.server.get(&scene.owner, &path("customers", "7001002003", "&limit=1")).await.expect(200);
    let next = path("customers", "7001002003", &format!("&limit=1&cursor={}", text(&first["next_cursor"])));
    let second = scene.server.get(&scene.owner, &next).await.expect(200);
    assert_ne!(first["items"][0]["id"], second["items"][0]["id"]);
    assert_eq!(second["next_cursor"], Value::Null);
    assert_eq!(
        scene.server.get(&scene.owner, "/api/v1/customers").await.expect(200)["items"].as_array().unwrap().len(),
        2
    );
    for (words, more, fault) in
        [("", "", "q"), ("\"", "", "q"), ("a", "&limit=0", "limit"), ("a", "&cursor=x", "cursor")]
    {
        let refused = scene.server.get(&scene.owner, &path("customers", words, more)).await.problem(422, "invalid");
        assert_eq!(refused["faults"][0]["field"], fault, "{refused}");
    }
    let stranger = stranger(&scene).await;
    let theirs = scene.server.get(&stranger, &path("customers", "gintare", "")).await.expect(200);
    assert_eq!(theirs["items"], json!([]));
}

async fn merged_customers_are_found_and_told_as_one(engine: Engine) {
    let mut scene = Scene::new(engine).await;
    let frame = scene.another_person("7001002003004777").await;
    let survivor = customer_of(&scene, &scene.thread).await;
    let (survivor, alias) = (text(&survivor["id"]), text(&frame["customer_id"]));
    let (server, owner) = (&scene.server, scene.owner.clone());
    let label = server.post(&owner, "/api/v1/labels", &json!({"name": "Wholesale"})).await.expect(201);
    let field = json!({"key": "city", "name": "City", "type": "text"});
    server.post(&owner, "/api/v1/attributes", &field).await.expect(201);
    let theirs = format!("/api/v1/customers/{alias}");
    let change = json!({"name": "Jonathan", "attributes": {"city": "Lund"}});
    patch(&scene, &theirs, change).await.expect(200);
    let on = |customer: &str| format!("/api/v1/customers/{customer}/labels/{}", text(&label["id"]));
    let labelled = server.call("PUT", &owner, &on(&alias), &Value::Null, &[]).await.expect(200);
    patch(&scene, &format!("/api/v1/customers/{survivor}"), json!({"name": "Jonas"})).await.expect(200);
    found(&scene, &path("customers", "jona", ""), 2).await;

    let merge = json!({"customer_id": survivor});
    let merge = server.post(&owner, &format!("{theirs}/merge"), &merge).await.expect(201);
    let one = server.get(&owner, &theirs).await.expect(200);
    assert_eq!((&one["id"], &one["name"]), (&json!(survivor), &json!("Jonas")));
    assert_eq!((&one["labels"], &one["attributes"]), (&labelled["labels"], &json!({"city": "Lund"})));
    for words in ["jona", "jonathan", "lund", "004777"] {
        assert_eq!(found(&scene, &path("customers", words, ""), 1).await, std::slice::from_ref(&one), "{words}");
    }
    // Said of the one person by the alias's id, it is said of the survivor.
    let off = server.call("DELETE", &owner, &on(&alias), &Value::Null, &[]).await.expect(200);
    assert_eq!((&off["id"], &off["labels"]), (&json!(survivor), &json!([])));
    let undo = format!("/api/v1/merges/{}/undo", text(&merge["id"]));
    server.post(&owner, &undo, &Value::Null).await.expect(200);
    let found_again = found(&scene, &path("customers", "lund", ""), 1).await;
    assert_eq!((&found_again[0]["id"], &found_again[0]["name"]), (&json!(alias), &json!("Jonathan")));
    assert_eq!(customer_of(&scene, &scene.thread).await["attributes"], json!({}));
    found(&scene, &path("customers", "jona", ""), 2).await;
}

async fn matters_carry_labels(engine: Engine) {
    let mut scene = Scene::new(engine).await;
    let (server, owner) = (&scene.server, scene.owner.clone());
    let reader = scene.installation.token("read-only");
    let label = server.post(&owner, "/api/v1/labels", &json!({"name": "Refund", "colour": "plum"})).await.expect(201);
    let listed = server.get(&owner, &format!("/api/v1/threads/{}/episodes", scene.thread)).await.expect(200);
    let episode = format!("/api/v1/episodes/{}", text(&listed["items"][0]["id"]));
    assert_eq!(listed["items"][0]["labels"], json!([]));
    let on = format!("{episode}/labels/{}", text(&label["id"]));
    server.call("PUT", &reader, &on, &Value::Null, &[]).await.problem(403, "forbidden");
    let labelled = server.call("PUT", &owner, &on, &Value::Null, &[]).await.expect(200);
    assert_eq!(labelled["labels"], json!([{"id": label["id"], "name": "Refund", "colour": "plum"}]));
    let frame = scene.live.until("episode.changed").await;
    assert_eq!((&frame["episode_id"], &frame["thread_id"]), (&labelled["id"], &json!(scene.thread)));
    assert_eq!(frame["episode"]["labels"], labelled["labels"]);
    assert_eq!(server.get(&reader, &episode).await.expect(200), labelled);
    assert_eq!(server.get(&reader, "/api/v1/episodes").await.expect(200)["items"], json!([labelled]));

    let definition = format!("/api/v1/labels/{}", text(&label["id"]));
    server.call("DELETE", &owner, &definition, &Value::Null, &[]).await.problem(409, "conflict");
    server.call("PATCH", &owner, &definition, &json!({"archived": true}), &[]).await.expect(200);
    server.call("PUT", &owner, &on, &Value::Null, &[]).await.problem(409, "conflict");
    let stranger = stranger(&scene).await;
    for method in ["PUT", "DELETE"] {
        server.call(method, &stranger, &on, &Value::Null, &[]).await.problem(404, "not_found");
        let unknown = format!("{episode}/labels/lab_0000000000001");
        let status = if method == "PUT" { 404 } else { 200 };
        assert_eq!(server.call(method, &owner, &unknown, &Value::Null, &[]).await.status, status, "{method}");
    }
    server.call("DELETE", &reader, &on, &Value::Null, &[]).await.problem(403, "forbidden");
    let off = server.call("DELETE", &owner, &on, &Value::Null, &[]).await.expect(200);
    assert_eq!(off["labels"], json!([]));
    server.call("DELETE", &owner, &definition, &Value::Null, &[]).await.expect(204);
}
