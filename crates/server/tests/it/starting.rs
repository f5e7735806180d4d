//! Starting, and the commands: what can be typed wrong, what stands in the way, what runs side by side.

use crate::harness::{Engine, Installation, PATIENCE, on_both_engines, run};
use std::{process::Output, time::Duration};

on_both_engines!(
    short_commands_run_beside_a_server_and_before_it,
    links_lead_to_the_address_of_the_running_server,
    the_doctor_says_what_to_mend,
    a_lost_secret_key_is_told_and_not_replaced
);

fn lines(output: &Output) -> Vec<String> {
    String::from_utf8(output.stderr.clone()).unwrap().lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn a_second_server_on_a_folder_is_refused() {
    let installation = Installation::new(Engine::Sqlite).await;
    let first = installation.serve();
    let second = installation.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(second.status.code(), Some(1));
    let said = lines(&second);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].starts_with("onethread: ") && said[0].contains(&first.serving.id().to_string()), "{said:?}");
    first.serving.kill();
    installation.serve();
}

async fn short_commands_run_beside_a_server_and_before_it(engine: Engine) {
    let installation = Installation::new(engine).await;
    let before = installation.token("owner");
    assert!(before.starts_with("ott_") && !before.contains(char::is_whitespace), "the token alone: {before}");
    let server = installation.serve();
    let beside = installation.token("supervisor");
    for token in [&before, &beside] {
        server.get(token, "/api/v1/me").await.expect(200);
    }
    let wrong = installation.run(&["token", "create", "--name", "x", "--role", "king"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("read-only"), "the roles there are");
    let elsewhere = installation.run(&["token", "create", "--name", "x", "--role", "agent", "--workspace", "Nowhere"]);
    assert_eq!(elsewhere.status.code(), Some(1));
    assert!(lines(&elsewhere)[0].contains("--workspace"));
    let invited = ["user", "create", "--email", "eve@example.com"];
    installation.print(&invited);
    assert_eq!(installation.run(&invited).status.code(), Some(1), "an address is invited once");
}

async fn links_lead_to_the_address_of_the_running_server(engine: Engine) {
    let installation = Installation::new(engine).await;
    let invite = |email: &str| installation.print(&["user", "create", "--email", email]);
    assert!(invite("a@example.com").starts_with("http://127.0.0.1:8080/link?code="), "none ran yet: where it would be");
    let server = installation.serve();
    assert!(invite("b@example.com").starts_with(&format!("{}/link?code=", server.base)));
    drop(server);
    // The command is told nothing of the address; the server was.
    let public = installation.program().env("ONETHREAD_PUBLIC_URL", "https://desk.example.com");
    let server = installation.serve_with(public);
    assert!(invite("c@example.com").starts_with("https://desk.example.com/link?code="));
    let reset = installation.print(&["user", "reset-password", "--email", "c@example.com"]);
    assert!(reset.starts_with("https://desk.example.com/link?code="), "{reset}");
    drop(server);
    let own = installation.data().join("own.toml");
    std::fs::write(&own, "public_url = \"https://own.example.com\"\n").unwrap();
    let path = own.display().to_string();
    let link = installation.print(&["user", "create", "--email", "d@example.com", "--config", &path]);
    assert!(link.starts_with("https://own.example.com/link?code="), "{link}");
}

#[tokio::test]
async fn a_new_data_folder_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let on = |command: &[&str], data: &str| {
        run(command.iter().chain(&["--data", data]).map(|argument| (*argument).to_owned()), folder.path())
    };
    let output = on(&["doctor"], "mistyped");
    assert_eq!(output.status.code(), Some(1));
    let said = lines(&output);
    assert!(said.len() == 1 && said[0].contains("mistyped") && said[0].contains("serve"), "{said:?}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "looking makes nothing");
    let make_token = ["token", "create", "--name", "x", "--role", "owner"];
    let output = on(&make_token, "made");
    assert!(output.status.success());
    let said = lines(&output);
    assert!(said.len() == 1 && said[0].contains("made") && said[0].contains("new, empty installation"), "{said:?}");
    assert!(lines(&on(&make_token, "made")).is_empty(), "said once");
}

#[tokio::test]
async fn a_mistyped_database_stops_the_start() {
    for address in
        ["postgres://u:hunter2@127.0.0.1:1/x", "host=127.0.0.1 port=1 user=u password=hunter2", "mysql://u:hunter2@x"]
    {
        let installation = Installation::new(Engine::Sqlite).await.with_database(address.to_owned());
        let output = installation.run(&["serve", "--listen", "127.0.0.1:0"]);
        assert_eq!(output.status.code(), Some(1));
        assert!(output.stdout.is_empty(), "no address is printed");
        let said = lines(&output).join("\n");
        assert!(said.contains("onethread: ") && !said.contains("hunter2"), "{said}");
        assert!(!installation.data().join("onethread.db").exists(), "no empty database is made instead");
    }
}

#[tokio::test]
async fn every_fault_of_the_configuration_is_told_at_once() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("c.toml"), "lissten = \"x\"\nlease_seconds = 1\ntrusted_proxy = \"perhaps\"\n")
        .unwrap();
    let output = run(["serve", "--config", "c.toml", "--listen", "nowhere"].map(str::to_owned), folder.path());
    assert_eq!(output.status.code(), Some(1));
    let said = lines(&output);
    assert_eq!(said.len(), 4, "{said:?}");
    for part in ["do you mean listen?", "15 to 3600", "true or false", "127.0.0.1:8080"] {
        assert!(said.iter().any(|line| line.contains(part)), "{part}: {said:?}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is made");
}

#[tokio::test]
async fn the_sample_configuration_can_be_used() {
    let installation = Installation::new(Engine::Sqlite).await;
    let folder = tempfile::tempdir().unwrap();
    let sample = run(["config".to_owned()], folder.path());
    let path = folder.path().join("onethread.toml");
    std::fs::write(&path, [&sample.stdout[..], b"public_url = \"https://desk.example.com\"\n"].concat()).unwrap();
    let mut server = installation.serve_with(installation.program().arg("--config").arg(&path));
    let line = server.serving.line(PATIENCE).unwrap();
    assert!(line.starts_with("Set up: https://desk.example.com/setup?code="), "{line}");
    let markdown = run(["config".to_owned(), "--markdown".to_owned()], folder.path());
    assert!(String::from_utf8(markdown.stdout).unwrap().contains("| `inbound_retention_days` | days"));
}

#[tokio::test]
async fn a_busy_address_is_told() {
    let (one, other) = (Installation::new(Engine::Sqlite).await, Installation::new(Engine::Sqlite).await);
    let server = one.serve();
    let address = server.base.strip_prefix("http://").unwrap();
    let output = other.run(&["serve", "--listen", address]);
    assert_eq!(output.status.code(), Some(1));
    assert!(lines(&output).join("\n").contains("another program listens there"), "{:?}", lines(&output));
}

async fn the_doctor_says_what_to_mend(engine: Engine) {
    let installation = Installation::new(engine).await;
    let fresh = installation.print(&["doctor"]);
    assert!(fresh.lines().count() >= 6 && !fresh.contains("MEND"), "{fresh}");
    let server = installation.serve();
    let (owner, meta) = (installation.token("owner"), testkit::graph::GraphStandIn::start().await);
    server.connect(&owner, &meta).await;
    let output = installation.run(&["doctor"]);
    let report = String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!(output.status.code(), Some(1), "{report}");
    assert!(report.contains("MEND") && report.contains("/callbacks/messenger/"), "{report}");
    let mut live = server.live(&owner, None).await;
    meta.customer_writes("7", "hi").await;
    live.until("message.received").await;
    let end = std::time::Instant::now() + PATIENCE;
    while !installation.run(&["doctor"]).status.success() {
        assert!(std::time::Instant::now() < end, "the account was seen calling");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn a_lost_secret_key_is_told_and_not_replaced(engine: Engine) {
    let installation = Installation::new(engine).await;
    let key = installation.data().join("secret.key");
    installation.print(&["doctor"]);
    assert!(!key.exists(), "the doctor makes no key");
    let server = installation.serve();
    let (owner, meta) = (installation.token("owner"), testkit::graph::GraphStandIn::start().await);
    server.connect(&owner, &meta).await;
    drop(server);

    let kept = std::fs::read(&key).unwrap();
    let refused = |wanted: &str| {
        let serve: &[&str] = &["serve", "--listen", "127.0.0.1:0"];
        for command in [serve, &["token", "create", "--name", "x", "--role", "owner"]] {
            let output = installation.run(command);
            let mut said = lines(&output);
            // Beside it stands the log of what came before.
            said.retain(|line| line.starts_with("onethread: "));
            assert!(output.status.code() == Some(1) && output.stdout.is_empty(), "{command:?}: {said:?}");
            assert!(said.len() == 1 && said[0].contains(wanted) && said[0].contains("secret.key"), "{said:?}");
            assert!(said[0].contains("ONETHREAD_SECRET_KEY"), "{said:?}");
        }
        let report = String::from_utf8(installation.run(&["doctor"]).stdout).unwrap();
        assert!(report.lines().any(|line| line.starts_with("MEND  secret key") && line.contains(wanted)), "{report}");
    };
    std::fs::remove_file(&key).unwrap();
    refused("is missing");
    assert!(!key.exists(), "no new key hides that the old one is lost");
    std::fs::write(&key, store::SecretKey::generate().unwrap().to_base64()).unwrap();
    refused("holds another");
    std::fs::write(&key, kept).unwrap();
    installation.serve();
}

#[tokio::test]
async fn nobody_else_may_read_what_is_in_the_folder() {
    use std::{fs, os::unix::fs::PermissionsExt};
    let installation = Installation::new(Engine::Sqlite).await;
    let (data, mode) = (installation.data(), |mode| fs::Permissions::from_mode(mode));
    // As folders are made by whoever does not think of it.
    fs::set_permissions(&data, mode(0o755)).unwrap();
    let server = installation.serve();
    installation.token("owner");
    let mut seen = Vec::new();
    for entry in fs::read_dir(&data).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o077, 0, "{name}");
        seen.push(name);
    }
    for name in
        ["onethread.db", "onethread.db-wal", "onethread.db-shm", "secret.key", "serve.lock", "migrate.lock", "files"]
    {
        assert!(seen.iter().any(|there| there == name), "{name} is missing in {seen:?}");
    }
    assert!(installation.run(&["doctor"]).status.success());
    fs::set_permissions(data.join("onethread.db-wal"), mode(0o640)).unwrap();
    let output = installation.run(&["doctor"]);
    let report = String::from_utf8(output.stdout).unwrap();
    assert!(report.contains("MEND  data files") && report.contains("chmod 600"), "{report}");
    assert!(!output.status.success() && report.contains("onethread.db-wal"), "{report}");
    drop(server);
}
