//! Killed while a customer's file is copied: the file and its message end as if nothing had been.

use crate::{
    harness::{Engine, Installation, PATIENCE},
    media::PNG,
};
use serde_json::{Value, json};
use std::{fs, path::Path, time::Instant};
use testkit::graph::{Event, GraphStandIn, now_millis};

/// Names of what is in the folder for files, marks aside.
fn on_disk(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for workspace in fs::read_dir(folder).into_iter().flatten().map(Result::unwrap) {
        if workspace.file_name() != "incoming" && workspace.path().is_dir() {
            let files = fs::read_dir(workspace.path()).unwrap();
            names.extend(files.map(|file| file.unwrap().file_name().to_string_lossy().into_owned()));
        }
    }
    names
}

async fn killed_while_a_file_is_copied(engine: Engine) {
    let (installation, meta) = (Installation::new(engine).await, GraphStandIn::start().await);
    let program = installation
        .program()
        .env("ONETHREAD_MEDIA_ALLOW", meta.host_and_port())
        .env("ONETHREAD_LEASE_SECONDS", "15")
        .env("ONETHREAD_SWEEP_SECONDS", "1");
    let mut server = installation.serve_with(program.clone());
    let owner = installation.token("owner");
    server.connect(&owner, &meta).await;
    let url = meta.host("lamp", "image/png", PNG);
    meta.host_whole("lamp", false);
    let event = Event::attachment(&meta.page_id(), "7001002003004005", "m_lamp", "image", &url, now_millis());
    let mut live = server.live(&owner, None).await;
    meta.deliver(&[event]).await;
    let received = live.until("message.received").await;
    // Twice: half of it is here, or its job is just being claimed.
    for kill in 1..=2 {
        let end = Instant::now() + PATIENCE;
        while meta.host_calls("lamp") < kill {
            assert!(Instant::now() < end, "the file is asked for");
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        server.serving.kill();
        server = installation.serve_with(program.clone());
    }
    meta.host_whole("lamp", true);
    let mut live = server.live(&owner, received["cursor"].as_str()).await;
    let told = live.until("message.media_stored").await;
    let block = &told["changed_entry"]["blocks"][0];
    assert_eq!((&block["state"], &block["size"]), (&json!("stored"), &json!(PNG.len())), "{told}");
    let id = block["file_id"].as_str().unwrap();
    let file: Value = server.get(&owner, &format!("/api/v1/files/{id}")).await.expect(200);
    let bytes = reqwest::Client::builder().no_proxy().build().unwrap();
    let bytes = bytes.get(format!("{}{}", server.base, file["url"].as_str().unwrap())).send().await.unwrap();
    assert_eq!(&bytes.bytes().await.unwrap()[..], PNG);
    // What the dead left is beside the file, under a mark by which housekeeping finds it.
    let folder = installation.data().join("files");
    let whole: Vec<String> = on_disk(&folder).into_iter().filter(|name| !name.contains('#')).collect();
    assert_eq!(whole, [id]);
    let parts = on_disk(&folder).len() - 1;
    let marks = fs::read_dir(folder.join("incoming")).unwrap().count();
    assert!(parts <= marks && marks <= 2, "{parts} parts, {marks} marks");
    let again = server.get(&owner, "/api/v1/jobs?state=ready").await.expect(200);
    assert_eq!(again["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn media_kill_sqlite() {
    killed_while_a_file_is_copied(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn media_kill_postgres() {
    killed_while_a_file_is_copied(Engine::Postgres).await;
}
