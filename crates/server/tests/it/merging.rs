//! Customers made one and two again, as programs see it.

use crate::harness::{Engine, Scene, on_both_engines};
use serde_json::{Value, json};

on_both_engines!(two_customers_become_one_and_two_again, each_matter_keeps_its_own_when_they_are_two_again);

/// While they are one, an answer to either goes to the matter that was active last, be it the other's.
async fn each_matter_keeps_its_own_when_they_are_two_again(engine: Engine) {
    let mut scene = Scene::new(engine).await;
    let other = scene.another_person("7001002003004777").await;
    let (other_customer, other_thread) = (text(&other["customer_id"]), text(&other["thread_id"]));
    let own = scene.server.get(&scene.owner, &format!("/api/v1/threads/{}", scene.thread)).await.expect(200);
    let customer = text(&own["customer"]["id"]);
    let identity = own["customer"]["identities"][0]["id"].clone();
    let merge = format!("/api/v1/customers/{customer}/merge");
    let merge = scene.server.post(&scene.owner, &merge, &json!({"customer_id": other_customer})).await.expect(201);

    let answer = json!({"blocks": [{"type": "text", "text": "to the first"}], "identity_id": identity});
    let path = format!("/api/v1/threads/{}/messages", scene.thread);
    let answered = scene.server.post(&scene.owner, &path, &answer).await.expect(201);
    let episodes = async |thread: &str| {
        let page = scene.server.get(&scene.owner, &format!("/api/v1/threads/{thread}/episodes")).await.expect(200);
        page["items"].as_array().unwrap().clone()
    };
    assert_eq!(episodes(&scene.thread).await.len(), 2);
    let undo = format!("/api/v1/merges/{}/undo", text(&merge["id"]));
    scene.server.post(&scene.owner, &undo, &Value::Null).await.expect(200);

    let (first, second) = (episodes(&scene.thread).await.remove(0), episodes(&other_thread).await.remove(0));
    let entry =
        scene.server.get(&scene.owner, &format!("/api/v1/messages/{}", text(&answered["id"]))).await.expect(200);
    assert_eq!(entry["episode_id"], first["id"], "it was said in a matter of the other's");
    assert_eq!((&first["ball"], &first["unanswered_since"]), (&json!("customer"), &Value::Null));
    assert_eq!(second["ball"], "human", "nobody has answered them");
    assert!(second["unanswered_since"].is_string());
}

async fn two_customers_become_one_and_two_again(engine: Engine) {
    let mut scene = Scene::new(engine).await;
    let frame = scene.another_person("7001002003004777").await;
    let (alias, alias_thread) = (text(&frame["customer_id"]), text(&frame["thread_id"]));
    let agent = scene.installation.token("agent");
    let reader = scene.installation.token("read-only");
    let (server, survivor_thread) = (&scene.server, scene.thread.clone());
    let thread = server.get(&agent, &format!("/api/v1/threads/{survivor_thread}")).await.expect(200);
    let survivor = text(&thread["customer"]["id"]);
    assert_eq!(thread["customer"]["identities"][0]["verification"]["level"], "claimed");

    let preview_path = format!("/api/v1/customers/{alias}/merge-preview");
    let preview = server.get(&agent, &format!("{preview_path}?with={survivor}")).await.expect(200);
    assert_eq!(preview["survivor"]["customer"]["id"], json!(survivor), "the older thread stays: {preview}");
    assert_eq!(preview["alias"]["entries"], json!({"count": 1, "more": false}));
    server.get(&agent, &preview_path).await.problem(422, "invalid");
    server.get(&agent, &format!("{preview_path}?with={alias}")).await.problem(409, "conflict");
    server.get(&agent, &format!("{preview_path}?with=cus_0000000000001")).await.problem(422, "invalid");
    server.get(&reader, &format!("{preview_path}?with={survivor}")).await.problem(403, "forbidden");

    let path = format!("/api/v1/customers/{alias}/merge");
    let body = json!({"customer_id": survivor, "reason": "the same Ana"});
    server.post(&reader, &path, &body).await.problem(403, "forbidden");
    let forced = json!({"customer_id": survivor, "reason": "surely", "force": true});
    server.post(&agent, &path, &forced).await.problem(403, "forbidden");
    let without = json!({"customer_id": survivor, "force": true});
    server.post(&scene.owner, &path, &without).await.problem(422, "invalid");
    let long = json!({"customer_id": survivor, "reason": "x".repeat(501)});
    server.post(&agent, &path, &long).await.problem(422, "invalid");
    let key = [("idempotency-key", "merge-1")];
    let merge = server.call("POST", &agent, &path, &body, &key).await.expect(201);
    let again = server.call("POST", &agent, &path, &body, &key).await.expect(201);
    assert_eq!(merge["id"], again["id"]);
    assert_eq!((&merge["survivor_id"], &merge["alias_id"]), (&json!(survivor), &json!(alias)));
    server.post(&agent, &path, &body).await.problem(409, "conflict");

    // Whoever has the alias open learns where it went, and each read of it answers with the survivor.
    let told = [scene.live.until("customer.merged").await, scene.live.until("customer.merged").await];
    assert_eq!(told.each_ref().map(|frame| text(&frame["thread_id"])), [survivor_thread.clone(), alias_thread.clone()]);
    for frame in &told {
        assert_eq!((&frame["subject_id"], &frame["entry"]["related_id"]), (&merge["id"], &merge["id"]));
        assert!(!frame.to_string().contains("the same Ana"), "a person's words are no part of the log");
    }
    let read = server.get(&agent, &format!("/api/v1/threads/{alias_thread}")).await.expect(200);
    assert_eq!((text(&read["id"]), text(&read["customer"]["id"])), (survivor_thread.clone(), survivor.clone()));
    assert_eq!(read["customer"]["identities"].as_array().unwrap().len(), 2);
    let listed = server.get(&agent, "/api/v1/threads").await.expect(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    let identity = merge["identities"][0]["id"].clone();
    let answer = json!({"blocks": [{"type": "text", "text": "hi"}], "identity_id": identity});
    server.post(&agent, &format!("/api/v1/threads/{alias_thread}/messages"), &answer).await.expect(201);
    let queued = scene.live.until("message.queued").await;
    assert_eq!(text(&queued["thread_id"]), survivor_thread);
    let note = json!({"text": "about both"});
    let note = server.post(&agent, &format!("/api/v1/threads/{alias_thread}/notes"), &note).await.expect(201);

    let merges = server.get(&reader, &format!("/api/v1/customers/{alias}/merges")).await.expect(200);
    assert_eq!((&merges["items"][0]["id"], &merges["items"][0]["reason"]), (&merge["id"], &json!("the same Ana")));
    let undo = format!("/api/v1/merges/{}/undo", text(&merge["id"]));
    server.post(&reader, &undo, &Value::Null).await.problem(403, "forbidden");
    let preview = server.post(&agent, &format!("{undo}?preview=true"), &Value::Null).await.expect(200);
    assert_eq!(preview["returns"][0]["id"], identity);
    assert_eq!(preview["stays"], json!([{"kind": "note", "id": note["id"], "at": note["at"]}]));
    assert_eq!(preview["merge"]["undone_at"], Value::Null, "only looked at");
    let undone = server.post(&agent, &undo, &Value::Null).await.expect(200);
    assert_eq!((&undone["returns"], &undone["stays"]), (&preview["returns"], &preview["stays"]));
    server.post(&agent, &undo, &Value::Null).await.problem(409, "conflict");
    server.post(&agent, &format!("{undo}?preview=true"), &Value::Null).await.problem(409, "conflict");
    scene.live.until("customer.unmerged").await;
    let read = server.get(&agent, &format!("/api/v1/threads/{alias_thread}")).await.expect(200);
    assert_eq!((text(&read["id"]), text(&read["customer"]["id"])), (alias_thread, alias));
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}
