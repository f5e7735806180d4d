//! What agents send beside text: files, several parts as one act, answers, names, signs of life.

use crate::{
    harness::{Answer, Engine, Scene, on_both_engines},
    media::{PNG, send_in},
    people,
};
use serde_json::{Value, json};

on_both_engines!(
    a_file_goes_out_and_is_uploaded_once,
    what_was_written_as_one_goes_out_in_order,
    a_file_that_cannot_go_out_is_refused_with_its_reason,
    an_answer_names_its_message_and_its_writer,
    typing_and_seen_reach_the_customer,
);

async fn upload(scene: &Scene, name: &str, kind: &str, bytes: &[u8]) -> Value {
    let bearer = format!("Bearer {}", scene.owner);
    let headers = [("authorization", bearer.as_str()), ("content-type", kind)];
    let path = format!("/api/v1/files?name={name}");
    scene.server.send("POST", &path, &headers, Some(bytes.to_vec())).await.expect(201)
}

async fn send(scene: &Scene, body: &Value, key: Option<&str>) -> Answer {
    let path = format!("/api/v1/threads/{}/messages", scene.thread);
    let more: Vec<(&str, &str)> = key.map(|key| ("idempotency-key", key)).into_iter().collect();
    scene.server.call("POST", &scene.owner, &path, body, &more).await
}

async fn a_file_goes_out_and_is_uploaded_once(engine: Engine) {
    let mut scene = Scene::new(engine).await;
    let file = upload(&scene, "lamp.png", "image/png", PNG).await;
    for _ in 0..2 {
        let sent = send(&scene, &json!({ "blocks": [{ "type": "image", "file_id": file["id"] }] }), None).await;
        let entry = sent.expect(201);
        let known = json!([{
            "type": "image", "file_id": file["id"], "state": "stored", "name": "lamp.png",
            "media_type": "image/png", "size": PNG.len(), "width": 3, "height": 2,
        }]);
        assert_eq!((&entry["blocks"], entry.get("more")), (&known, None));
        scene.live.until("message.sent").await;
    }
    let uploads = scene.meta.uploads();
    assert_eq!(uploads.len(), 1, "its id is good for more than once");
    assert_eq!((uploads[0].kind.as_str(), uploads[0].name.as_str(), &uploads[0].bytes[..]), ("image", "lamp.png", PNG));
    for sent in scene.meta.accepted() {
        assert_eq!(sent.body["message"]["attachment"]["payload"], json!({ "attachment_id": uploads[0].id }));
    }
    // Meta forgot it: it is uploaded anew and the message goes out all the same.
    scene.meta.forget_uploads();
    send(&scene, &json!({ "blocks": [{ "type": "image", "file_id": file["id"] }] }), None).await.expect(201);
    scene.live.until("message.sent").await;
    assert_eq!((scene.meta.uploads().len(), scene.meta.accepted().len()), (1, 3));
}

async fn what_was_written_as_one_goes_out_in_order(engine: Engine) {
    let mut scene = Scene::new(engine).await;
    let (lamp, bill) = (
        upload(&scene, "lamp.png", "image/png", PNG).await,
        upload(&scene, "bill.pdf", "application/pdf", b"%PDF-1.7\n\xe2\xe3 bill").await,
    );
    let body = json!({ "blocks": [
        { "type": "text", "text": "Here:" },
        { "type": "image", "file_id": lamp["id"], "caption": "the lamp" },
        { "type": "file", "file_id": bill["id"] },
    ]});
    let made = send(&scene, &body, Some("one-act")).await.expect(201);
    let more = made["more"].as_array().unwrap();
    let ids: Vec<&Value> = std::iter::once(&made).chain(more).map(|entry| &entry["id"]).collect();
    assert_eq!(ids.len(), 4, "{made}");
    assert_eq!(made["blocks"], json!([{ "type": "text", "text": "Here:" }]));
    assert_eq!((&more[0]["blocks"][0]["type"], &more[1]["blocks"][0]["text"]), (&json!("image"), &json!("the lamp")));
    assert_eq!(more[2]["blocks"][0]["name"], "bill.pdf");
    assert!(more.iter().all(|entry| entry["episode_id"] == made["episode_id"]));
    let again = send(&scene, &body, Some("one-act")).await.expect(201);
    let repeated: Vec<&Value> =
        std::iter::once(&again).chain(again["more"].as_array().unwrap()).map(|entry| &entry["id"]).collect();
    assert_eq!(repeated, ids, "the same act");
    for _ in 0..4 {
        scene.live.until("message.sent").await;
    }
    let sent = scene.meta.accepted();
    let kinds: Vec<Value> = sent.iter().map(|sent| sent.body["message"]["attachment"]["type"].clone()).collect();
    assert_eq!(kinds, [json!(null), json!("image"), json!(null), json!("file")]);
    let words: Vec<Option<&str>> = sent.iter().map(|sent| sent.text.as_deref()).collect();
    assert_eq!(words, [Some("Here:"), None, Some("the lamp"), None]);

    let long = "word ".repeat(500);
    let made = send(&scene, &json!({ "blocks": [{ "type": "text", "text": long.trim() }] }), None).await.expect(201);
    assert_eq!(made["more"].as_array().unwrap().len(), 1);
}

async fn a_file_that_cannot_go_out_is_refused_with_its_reason(engine: Engine) {
    let mut scene = Scene::new(engine).await;
    let large = upload(&scene, "film.bin", "application/octet-stream", &vec![0; 25_500_000]).await;
    let url = format!("{}/cdn/never", scene.meta.base());
    scene.meta.host("never", "image/png", PNG);
    scene.meta.host_whole("never", false);
    send_in(&scene, "m_never", &json!([{ "type": "image", "payload": { "url": url } }])).await;
    let coming = scene.live.until("message.received").await["entry"]["blocks"][0]["file_id"].clone();
    for (id, reason) in [
        (&large["id"], "too large: this channel takes at most 25 MB"),
        (&coming, "there is no file fil_"),
        (&json!("fil_0000000000007"), "there is no file fil_0000000000007"),
    ] {
        let sent = send(&scene, &json!({ "blocks": [{ "type": "file", "file_id": id }] }), None).await;
        let problem = sent.problem(422, "invalid");
        assert!(problem.to_string().contains(reason), "{problem}");
    }
    assert_eq!(scene.meta.calls(), 0);
}

async fn an_answer_names_its_message_and_its_writer(engine: Engine) {
    let mut scene = Scene::new(engine).await;
    let entries = format!("/api/v1/threads/{}/entries", scene.thread);
    let asked = scene.server.get(&scene.owner, &entries).await.expect(200)["items"][0].clone();
    let account = format!("/api/v1/channel-accounts/{}", scene.account["id"].as_str().unwrap());
    let wrong = json!({ "settings": { "persona_picture_url": "ftp://x", "show_seen": "no" } });
    let problem = scene.server.call("PATCH", &scene.owner, &account, &wrong, &[]).await.problem(422, "invalid");
    assert_eq!(problem["faults"].as_array().unwrap().len(), 2, "{problem}");
    let picture = json!({ "settings": { "persona_picture_url": "https://example.com/ada.png" } });
    scene.server.call("PATCH", &scene.owner, &account, &picture, &[]).await.expect(200);

    // A program speaks for the business, a person under their own name.
    let body = json!({ "blocks": [{ "type": "text", "text": "as a program" }], "reply_to_id": asked["id"] });
    send(&scene, &body, None).await.expect(201);
    scene.live.until("message.sent").await;
    let cookie = people::set_up(&mut scene.server).await;
    let path = format!("/api/v1/threads/{}/messages", scene.thread);
    for words in ["first", "second"] {
        let body = json!({ "blocks": [{ "type": "text", "text": words }] }).to_string().into_bytes();
        let base = scene.server.base.clone();
        let headers = [("cookie", cookie.as_str()), ("origin", &base), ("content-type", "application/json")];
        scene.server.send("POST", &path, &headers, Some(body)).await.expect(201);
        scene.live.until("message.sent").await;
    }
    let sent = scene.meta.accepted();
    assert_eq!(sent[0].body["reply_to"]["mid"], asked["external_id"]);
    assert_eq!(sent[0].body.get("persona_id"), None);
    let personas = scene.meta.personas();
    assert_eq!(personas.len(), 1, "made once");
    assert_eq!(personas[0].picture_url, "https://example.com/ada.png");
    assert!(sent[1..].iter().all(|sent| sent.body["persona_id"] == json!(personas[0].id)), "{sent:?}");
    assert_eq!(sent[1].body.get("reply_to"), None);
}

async fn typing_and_seen_reach_the_customer(engine: Engine) {
    let scene = Scene::new(engine).await;
    let (typing, seen) =
        (format!("/api/v1/threads/{}/typing", scene.thread), format!("/api/v1/threads/{}/seen", scene.thread));
    let tell = async |path: &str, body: Value| scene.server.post(&scene.owner, path, &body).await.expect(204);
    tell(&seen, Value::Null).await;
    tell(&seen, Value::Null).await;
    for on in [false, true, true, false] {
        tell(&typing, json!({ "typing": on })).await;
    }
    let person = "7001002003004005".to_owned();
    let shown = ["mark_seen", "typing_on", "typing_off"].map(|action| (person.clone(), action.to_owned()));
    assert_eq!(scene.meta.actions(), shown, "not more often than it is of use");

    scene.server.post(&scene.owner, &typing, &json!({})).await.problem(422, "invalid");
    let viewer = scene.installation.token("read-only");
    scene.server.post(&viewer, &typing, &json!({ "typing": true })).await.problem(403, "forbidden");
    scene.server.post(&viewer, &seen, &Value::Null).await.problem(403, "forbidden");

    // Switched off, and with a customer who wrote again.
    let account = format!("/api/v1/channel-accounts/{}", scene.account["id"].as_str().unwrap());
    let silent = json!({ "settings": { "show_seen": false } });
    scene.server.call("PATCH", &scene.owner, &account, &silent, &[]).await.expect(200);
    let mut scene = scene;
    scene.another_person(&person).await;
    scene.server.post(&scene.owner, &seen, &Value::Null).await.expect(204);
    assert_eq!(scene.meta.actions().len(), 3);
    // A provider that says no disturbs nobody.
    scene.meta.fault(testkit::graph::Fault::ExpiredToken);
    scene.server.post(&scene.owner, &typing, &json!({ "typing": true })).await.expect(204);
    assert_eq!(scene.meta.actions().len(), 3);
}
