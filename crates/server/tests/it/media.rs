//! Files that customers send, and who customers are: copied and asked for at once, over a client that reaches nothing private.

use crate::harness::{Engine, Scene, on_both_engines};
use serde_json::{Value, json};
use testkit::graph::{Event, now_millis};

on_both_engines!(
    a_picture_comes_in,
    everything_of_one_message_comes_in,
    what_cannot_be_had_is_told,
    who_somebody_is_is_asked_for_and_given_way,
);

/// A PNG of 3 by 2 pixels: signature and header, which is all that anybody here looks at.
pub const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x03\0\0\0\x02\x08\x02\0\0\0 and so on";
const PERSON: &str = "7001002003004005";

/// Lets the customer send attachments.
pub async fn send_in(scene: &Scene, mid: &str, attachments: &Value) {
    let event = Event::text(&scene.meta.page_id(), PERSON, mid, "", now_millis());
    scene.meta.deliver(&[event.with_attachments(attachments.clone())]).await;
}

/// The bytes of a file, from its signed address.
pub async fn bytes_of(scene: &Scene, id: &Value) -> (Value, Vec<u8>) {
    let path = format!("/api/v1/files/{}", id.as_str().unwrap());
    let file = scene.server.get(&scene.owner, &path).await.expect(200);
    let url = format!("{}{}", scene.server.base, file["url"].as_str().unwrap_or_else(|| panic!("{file}")));
    let answer = reqwest::Client::builder().no_proxy().build().unwrap().get(url).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    (file, answer.bytes().await.unwrap().to_vec())
}

async fn a_picture_comes_in(engine: Engine) {
    let mut scene = Scene::new(engine).await;
    // A provider's word about what it is counts for nothing, and it may send on.
    let url = scene.meta.host("lamp", "text/html", PNG);
    scene.meta.host_answers("lamp", &[302, 503, 200]);
    scene.meta.host_whole("lamp", false);
    send_in(&scene, "m_pic", &json!([{ "type": "image", "payload": { "url": url } }])).await;
    let frame = scene.live.until("message.received").await;
    let block = &frame["entry"]["blocks"][0];
    assert_eq!((&block["type"], &block["state"]), (&json!("image"), &json!("fetching")), "{frame}");
    assert!(block["file_id"].as_str().unwrap().starts_with("fil_"));
    scene.meta.host_whole("lamp", true);

    let told = scene.live.until("message.media_stored").await;
    let changed = &told["changed_entry"];
    assert_eq!((&changed["id"], &told["subject_id"]), (&frame["entry"]["id"], &block["file_id"]));
    let known = json!({
        "type": "image", "file_id": block["file_id"], "state": "stored", "name": "image.png",
        "media_type": "image/png", "size": PNG.len(), "width": 3, "height": 2,
    });
    assert_eq!(changed["blocks"], json!([known]));
    for text in [frame.to_string(), told.to_string()] {
        assert!(!text.contains("/cdn/"), "no provider's address: {text}");
    }
    let (file, bytes) = bytes_of(&scene, &block["file_id"]).await;
    assert_eq!((&bytes[..], &file["media_type"]), (PNG, &json!("image/png")));
    let path = format!("/api/v1/threads/{}/entries", scene.thread);
    let page = scene.server.get(&scene.owner, &path).await;
    assert!(!page.text.contains("/cdn/"));
    assert_eq!(page.json()["items"][0]["blocks"], json!([known]));
    let log = scene.server.serving.log();
    assert!(!log.contains("/cdn/") && !log.contains("oh=1"), "{log}");
}

async fn everything_of_one_message_comes_in(engine: Engine) {
    let mut scene = Scene::new(engine).await;
    let mut attachments = Vec::new();
    for (kind, name, bytes) in [
        ("image", "a", PNG),
        ("sticker", "b", PNG),
        ("audio", "c", b"ID3\x04\0\0\0\0\0\0 sound"),
        ("video", "d", b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom film"),
        ("file", "bill.pdf", b"%PDF-1.7\n\xe2\xe3\xcf\xd3 bill"),
    ] {
        let url = scene.meta.host(name, "application/octet-stream", bytes);
        attachments.push(json!({ "type": kind, "payload": { "url": url } }));
    }
    send_in(&scene, "m_all", &json!(attachments)).await;
    let mut last = Value::Null;
    for _ in 0..attachments.len() {
        last = scene.live.until("message.media_stored").await;
    }
    let blocks = last["changed_entry"]["blocks"].as_array().unwrap();
    let told: Vec<(&str, &str, &str)> = blocks
        .iter()
        .map(|block| {
            assert_eq!(block["state"], "stored", "{block}");
            let word = |name: &str| block[name].as_str().unwrap();
            (word("type"), word("name"), word("media_type"))
        })
        .collect();
    let wanted = [
        ("image", "image.png", "image/png"),
        ("sticker", "sticker.png", "image/png"),
        ("audio", "audio.mp3", "audio/mpeg"),
        ("video", "video.mp4", "video/mp4"),
        ("file", "bill.pdf", "application/pdf"),
    ];
    assert_eq!(told, wanted);
}

async fn what_cannot_be_had_is_told(engine: Engine) {
    let mut scene = Scene::new(engine).await;
    let nothing = scene.meta.host("nothing", "image/png", b"".as_slice());
    let large = scene.meta.host("large", "video/mp4", vec![0; 25 * 1024 * 1024 + 1]);
    let gone = format!("{}/cdn/gone?oh=1", scene.meta.base());
    for (place, (url, failure)) in [
        (gone.as_str(), "expired"),
        (nothing.as_str(), "empty"),
        (large.as_str(), "too_large"),
        ("https://127.0.0.1:1/x.png", "refused"),
        ("http://example.com/x.png", "refused"),
    ]
    .into_iter()
    .enumerate()
    {
        send_in(&scene, &format!("m_bad_{place}"), &json!([{ "type": "image", "payload": { "url": url } }])).await;
        let told = scene.live.until("message.media_failed").await;
        let block = &told["changed_entry"]["blocks"][0];
        assert_eq!((&block["state"], &block["failure"]), (&json!("failed"), &json!(failure)), "{told}");
        let path = format!("/api/v1/files/{}", block["file_id"].as_str().unwrap());
        let file = scene.server.get(&scene.owner, &path).await.expect(200);
        assert_eq!((&file["failure"], file.get("url")), (&json!(failure), None));
        scene.server.post(&scene.owner, &format!("{path}/retry"), &Value::Null).await.problem(409, "conflict");
    }
    let jobs = scene.server.get(&scene.owner, "/api/v1/jobs?state=dead").await.expect(200);
    assert_eq!(jobs["items"], json!([]), "nobody has to act");
}

async fn who_somebody_is_is_asked_for_and_given_way(engine: Engine) {
    let mut scene = Scene::new(engine).await;
    let picture = scene.meta.host("nadia.png", "image/png", PNG);
    let page = scene.meta.host("page.png", "image/png", b"<html><script>alert(1)</script>".as_slice());
    for (person, name, shows) in [
        ("7001002003004777", "Nadia", picture.as_str()),
        ("7001002003004778", "Rask", "no address"),
        ("7001002003004779", "Mara", &page),
        ("7001002003004780", "Jonas", "http://127.0.0.1:1/x.png"),
    ] {
        scene.meta.person(person, json!({ "first_name": name, "last_name": "R", "profile_pic": shows }));
        let frame = scene.another_person(person).await;
        let customer = format!("/api/v1/customers/{}", frame["customer_id"].as_str().unwrap());
        loop {
            let told = scene.live.until("customer.changed").await;
            if told["customer_id"] == frame["customer_id"] {
                break;
            }
        }
        let told = scene.server.get(&scene.owner, &customer).await.expect(200);
        assert_eq!(told["name"], format!("{name} R"));
        let shown = &told["identities"][0]["picture"];
        if shows == picture {
            let threads = scene.server.get(&scene.owner, "/api/v1/threads").await.expect(200);
            assert_eq!(threads["items"][0]["customer"], told, "told the same in the list of threads");
            let bytes = scene.server.send("GET", shown["url"].as_str().unwrap(), &[], None).await;
            assert_eq!((bytes.status, bytes.header("content-type")), (200, "image/png"));
        } else {
            assert_eq!(*shown, Value::Null, "{name}: what cannot be had, or is no picture, is none");
        }
    }
    // Nobody knows the other one: that ends quietly.
    let jobs = scene.server.get(&scene.owner, "/api/v1/jobs?state=dead").await.expect(200);
    assert_eq!(jobs["items"], json!([]));
    assert!(!scene.server.serving.log().contains("nadia.png"), "an address of a person is nobody's to read");
}
