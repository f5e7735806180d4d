//! Against other people's code: the library of Standard Webhooks takes what we send, and nothing that was changed.

use crate::{
    harness::{Engine, Scene},
    webhooks,
};
use serde_json::{Value, json};
use std::path::PathBuf;
use testkit::receiver::{Received, Receiver};
use tokio::{io::AsyncWriteExt, process::Command};

/// Gives one request to `tests/peers/peers.mjs` and its answer back.
async fn ask(request: &Value) -> Value {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/peers");
    assert!(
        folder.join("node_modules").is_dir(),
        "the packages to compare with are not installed: run crates/server/tests/peers/install.sh"
    );
    let mut node = Command::new("node")
        .arg("peers.mjs")
        .current_dir(folder)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("node runs");
    let mut input = node.stdin.take().expect("standard input is piped");
    input.write_all(request.to_string().as_bytes()).await.expect("the script reads");
    drop(input);
    let output = node.wait_with_output().await.expect("the script ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("the script answers in JSON")
}

fn call(received: &Received, body: &str) -> Value {
    let header = |name: &str| (name.to_owned(), Value::from(received.header(name)));
    let headers: serde_json::Map<String, Value> =
        ["webhook-id", "webhook-timestamp", "webhook-signature"].map(header).into_iter().collect();
    json!({"headers": headers, "body": body})
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_library_of_standard_webhooks_takes_what_we_send() {
    let scene = Scene::new(Engine::Sqlite).await;
    let mut receiver = Receiver::start().await;
    let webhook = webhooks::create(&scene, &receiver, &["message.queued"]).await;
    scene.say("plain", None).await.expect(201);
    scene.say("ąžuolas 橡树 \u{1f333} \"quoted\"\n", None).await.expect(201);
    let rotated = format!("/api/v1/webhooks/{}/rotate-secret", webhook["id"].as_str().unwrap());
    let calls = receiver.take(2).await;
    let second = scene.server.post(&scene.owner, &rotated, &Value::Null).await.expect(200);
    scene.say("under two secrets", None).await.expect(201);
    let both = receiver.next().await;

    let body = |received: &Received| String::from_utf8(received.body.to_vec()).unwrap();
    let good: Vec<Value> = calls.iter().chain([&both]).map(|one| call(one, &body(one))).collect();
    let taken = ask(&json!({"verb": "verify", "secret": webhook["secret"], "calls": good})).await;
    assert_eq!(taken, json!([true, true, true]));
    let taken = ask(&json!({"verb": "verify", "secret": second["secret"], "calls": good})).await;
    assert_eq!(taken, json!(["No matching signature found", "No matching signature found", true]));
    let changed: Vec<Value> = calls.iter().map(|one| call(one, &body(one).replace("message", "massage"))).collect();
    let taken = ask(&json!({"verb": "verify", "secret": webhook["secret"], "calls": changed})).await;
    assert_eq!(taken, json!(["No matching signature found", "No matching signature found"]));
}

#[tokio::test]
async fn the_documented_example_is_what_the_library_signs() {
    let page = include_str!("../../../../docs/develop/webhooks.md");
    let line = |name: &str| page.lines().find_map(|line| line.strip_prefix(name)).unwrap().trim().to_owned();
    let body = page.lines().find(|line| line.starts_with("{\"id\":\"evt_")).unwrap();
    let timestamp: i64 = line("webhook-timestamp:").parse().unwrap();
    let request = json!({
        "verb": "sign", "secret": line("secret:"), "id": line("webhook-id:"), "timestamp": timestamp, "body": body,
    });
    assert_eq!(ask(&request).await, line("webhook-signature:"));
}
