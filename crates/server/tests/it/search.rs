//! What is written is found a moment later, in every language, by whoever may read it.

use crate::harness::{Answer, Engine, PATIENCE, Scene, on_both_engines};
use serde_json::Value;
use std::time::{Duration, Instant};

on_both_engines!(what_is_written_is_found, hits_page_and_narrow, what_is_no_search_is_refused);

/// Asks for words, as a browser would write them.
async fn ask(scene: &Scene, token: &str, words: &str, more: &str) -> Answer {
    let words: String = words.bytes().map(|byte| format!("%{byte:02X}")).collect();
    scene.server.get(token, &format!("/api/v1/search?q={words}{more}")).await
}

/// Waits until so many hits are there, and gives them.
async fn found(scene: &Scene, words: &str, more: &str, count: usize) -> Vec<Value> {
    let end = Instant::now() + PATIENCE;
    loop {
        let page = ask(scene, &scene.owner, words, more).await.expect(200);
        let items = page["items"].as_array().unwrap();
        if items.len() == count {
            return items.clone();
        }
        assert!(Instant::now() < end, "{words}: {} hits of {count}: {items:?}", items.len());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The marked parts of a hit's snippet.
fn marked(hit: &Value) -> Vec<String> {
    let text: Vec<char> = hit["snippet"]["text"].as_str().unwrap().chars().collect();
    let ranges = hit["snippet"]["highlights"].as_array().unwrap();
    let place = |range: &Value, end: usize| usize::try_from(range[end].as_u64().unwrap()).unwrap();
    ranges.iter().map(|range| text[place(range, 0)..place(range, 1)].iter().collect()).collect()
}

async fn what_is_written_is_found(engine: Engine) {
    let scene = Scene::new(engine).await;
    for text in ["Noriu grąžinti pinigus už A-1001 👍", "您好，退款单号是多少？", "Gdzie jest moja paczka, zażółć?"]
    {
        scene.meta.customer_writes("7001002003004005", text).await;
    }
    let answer = scene.say("Siunta NV40718 jau pakeliui", None).await.expect(201);
    for (words, parts) in [
        ("GRAZINTI", vec!["grąžinti"]),
        ("pinig", vec!["pinigus"]),
        ("a1001", vec!["A-1001"]),
        ("退款", vec!["退款"]),
        ("zazolc paczka", vec!["paczka", "zażółć"]),
        ("👍", vec!["👍"]),
    ] {
        let hits = found(&scene, words, "", 1).await;
        let hit = &hits[0];
        assert_eq!((&hit["kind"], &hit["thread_id"]), (&"message".into(), &scene.thread.as_str().into()), "{words}");
        assert_eq!(hit["entry"]["direction"], "inbound");
        assert_eq!(marked(hit), parts, "{words}");
    }
    let ours = found(&scene, "40718", "", 1).await;
    assert_eq!((&ours[0]["entry"]["id"], marked(&ours[0])), (&answer["id"], vec!["40718".to_owned()]));
    let people = found(&scene, "004005", "&kind=customers", 1).await;
    assert_eq!(people[0]["kind"], "customer");
    assert!(people[0].get("entry").is_none());
    assert_eq!(people[0]["customer"]["identities"][0]["address"], "7001002003004005");
    let reader = scene.installation.token("read-only");
    assert_eq!(ask(&scene, &reader, "paczka", "").await.expect(200)["items"].as_array().map(Vec::len), Some(1));

    // After a restart it goes on where it was.
    let metrics = scene.server.send("GET", "/metrics", &[], None).await;
    assert!(metrics.text.contains("search_lag_records 0"), "{}", metrics.text);
    let Scene { installation, server, owner, meta, account, thread, live } = scene;
    drop(server);
    let server = installation.serve();
    let scene = Scene { installation, server, owner, meta, account, thread, live };
    scene.say("written after the restart", None).await.expect(201);
    found(&scene, "\"after the restart\"", "", 1).await;
    assert_eq!(found(&scene, "paczka", "", 1).await.len(), 1);
}

async fn hits_page_and_narrow(engine: Engine) {
    let scene = Scene::new(engine).await;
    for number in 0..7 {
        scene.say(&format!("parcel {number}"), None).await.expect(201);
    }
    scene.meta.customer_writes("7009", "parcel of somebody else").await;
    let all = found(&scene, "parcel", "", 8).await;
    let seqs: Vec<i64> = all.iter().map(|hit| hit["entry"]["seq"].as_i64().unwrap()).collect();
    assert!(seqs.is_sorted_by(|newer, older| newer > older), "newest first: {seqs:?}");
    let mut paged = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = ask(&scene, &scene.owner, "parcel", &format!("&limit=3{cursor}")).await.expect(200);
        paged.extend(page["items"].as_array().unwrap().iter().cloned());
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    let ids = |hits: &[Value]| hits.iter().map(|hit| hit["entry"]["id"].to_string()).collect::<Vec<_>>();
    assert_eq!(ids(&paged), ids(&all));
    let within = format!("&thread_id={}", scene.thread);
    assert_eq!(found(&scene, "parcel", &within, 7).await.len(), 7);
    let messages = format!("{within}&kind=messages");
    assert_eq!(found(&scene, "\"parcel 4\"", &messages, 1).await[0]["entry"]["blocks"][0]["text"], "parcel 4");
    for kind in ["customers", "notes"] {
        let page = ask(&scene, &scene.owner, "parcel", &format!("&kind={kind}")).await.expect(200);
        assert_eq!(page["items"].as_array().map(Vec::len), Some(0), "{kind}");
    }
}

async fn what_is_no_search_is_refused(engine: Engine) {
    let scene = Scene::new(engine).await;
    let fault = async |words: &str, more: &str, field: &str| {
        let problem = ask(&scene, &scene.owner, words, more).await.problem(422, "invalid");
        assert_eq!(problem["faults"][0]["field"], field, "{problem}");
    };
    scene.server.get(&scene.owner, "/api/v1/search").await.problem(422, "invalid");
    for words in ["", "   ", "\"*:", &"a".repeat(201), &"ab ".repeat(17)] {
        fault(words, "", "q").await;
    }
    fault("a", "&limit=0", "limit").await;
    fault("a", "&kind=orders", "kind").await;
    fault("a", "&thread_id=5", "thread_id").await;
    fault("a", "&cursor=x", "cursor").await;
    ask(&scene, &scene.owner, "a", "&thread_id=thr_0000000000001").await.problem(404, "not_found");
    for words in ["NEAR(a b)", "\" OR 1", "stream:a*", "'a':* & !b", "); DROP TABLE message; --", "\0a"] {
        ask(&scene, &scene.owner, words, "").await.expect(200);
    }
}
