//! Rich messages: out in the form that the channel has, and what customers do with them back in.

use crate::harness::{Engine, Scene, on_both_engines};
use serde_json::{Value, json};
use testkit::graph::{Event, now_millis};

on_both_engines!(
    rich_blocks_go_out_in_the_channels_form_and_picks_come_back,
    what_cannot_go_out_is_refused_with_its_reason,
);

async fn send(scene: &Scene, blocks: &Value) -> crate::harness::Answer {
    let path = format!("/api/v1/threads/{}/messages", scene.thread);
    scene.server.post(&scene.owner, &path, &json!({ "blocks": blocks })).await
}

fn lamps(count: usize) -> Value {
    let options: Vec<Value> = (1..=count)
        .map(|number| json!({ "id": format!("lamp-{number}"), "title": format!("Lamp {number}") }))
        .collect();
    json!({ "type": "choice", "text": "Which lamp?", "options": options })
}

async fn rich_blocks_go_out_in_the_channels_form_and_picks_come_back(engine: Engine) {
    let mut scene = Scene::new(engine).await;
    let card =
        json!({ "type": "card", "title": "Desk lamp", "subtitle": "In stock", "url": "https://shop.example.com/l1" });
    let place = json!({ "type": "location", "latitude": 54.6872, "longitude": 25.2797, "name": "Shop" });
    for blocks in
        [json!([lamps(2)]), json!([card]), json!([lamps(14)]), json!([{"type": "text", "text": "Here:"}, place])]
    {
        let entry = send(&scene, &blocks).await.expect(201);
        assert_eq!(entry["blocks"], blocks, "kept as written");
        scene.live.until("message.sent").await;
    }
    let sent = scene.meta.accepted();
    let message = |place: usize| &sent[place].body["message"];
    assert_eq!(message(0)["quick_replies"][1]["title"], "Lamp 2");
    assert_eq!(message(1)["attachment"]["payload"]["template_type"], "generic");
    let numbered = message(2)["text"].as_str().unwrap();
    assert!(numbered.starts_with("Which lamp?\n\n1. Lamp 1\n") && numbered.ends_with("\n14. Lamp 14"), "{numbered}");
    assert!(message(3)["text"].as_str().unwrap().starts_with("Here:\n\nShop\nhttps://www.openstreetmap.org/"));

    let person = sent[0].recipient.clone();
    let page = scene.meta.page_id();
    let heard = [
        scene.meta.tap(&person, &sent[0], 1),
        Event::postback(&page, &person, "m_rich_start", "Get started", "GET_STARTED", now_millis()),
        Event::text(&page, &person, "m_rich_standby", "is anybody there?", now_millis() + 1).in_list("standby"),
    ];
    for (event, words) in heard.into_iter().zip(["Lamp 2", "Get started", "is anybody there?"]) {
        scene.meta.deliver(&[event]).await;
        let frame = scene.live.until("message.received").await;
        assert_eq!(frame["entry"]["blocks"], json!([{ "type": "text", "text": words }]));
    }
}

async fn what_cannot_go_out_is_refused_with_its_reason(engine: Engine) {
    let scene = Scene::new(engine).await;
    let picture = json!({ "type": "image", "file_id": "fil_0000000000007" });
    let twice =
        json!({ "type": "choice", "text": "Q", "options": [{"id": "a", "title": "A"}, {"id": "a", "title": "B"}] });
    for (blocks, reason) in [
        (json!([lamps(2), lamps(2)]), "is given twice"),
        (json!([picture]), "there is no file fil_0000000000007"),
        (json!([twice]), "the option id \"a\" is given twice"),
        (json!([{ "type": "rich_link", "url": "javascript:alert(1)" }]), "begins with http:// or https://"),
    ] {
        let problem = send(&scene, &blocks).await.problem(422, "invalid");
        assert!(problem.to_string().replace("\\\"", "\"").contains(reason), "{problem} for {blocks}");
    }
    assert_eq!(scene.meta.calls(), 0);
}
