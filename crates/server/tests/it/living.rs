//! A server's life: it notices when the database goes and comes, tells no secrets in its log, and stops cleanly.

use crate::harness::{APP_SECRET, Engine, Installation, PATIENCE, Scene, on_both_engines};
use serde_json::{Value, json};
use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tokio::{net::TcpListener, net::TcpStream, sync::watch, task::JoinHandle};

on_both_engines!(a_stop_says_goodbye, ready_follows_the_database, the_log_tells_no_secrets);

async fn a_stop_says_goodbye(engine: Engine) {
    let Scene { server, mut live, .. } = Scene::new(engine).await;
    let stopped = std::thread::spawn(move || server.serving.stop(PATIENCE));
    loop {
        match live.next().await {
            Ok(_frame) => {}
            Err(code) => break assert_eq!(code, 1001),
        }
    }
    assert_eq!(stopped.join().unwrap().and_then(|status| status.code()), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_ends_at_once() {
    let server = Installation::new(Engine::Sqlite).await.serve();
    // A request that never becomes whole: the first stop waits for it.
    let mut half = TcpStream::connect(server.base.strip_prefix("http://").unwrap()).await.unwrap();
    let head =
        b"POST /api/v1/session HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{";
    tokio::io::AsyncWriteExt::write_all(&mut half, head).await.unwrap();
    server.send("GET", "/healthz", &[], None).await;
    std::process::Command::new("kill").arg(server.serving.id().to_string()).status().unwrap();
    let end = Instant::now() + PATIENCE;
    while !server.serving.log().contains("told to stop;") {
        assert!(Instant::now() < end, "the signal was heard");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let begun = Instant::now();
    let status = server.serving.stop(PATIENCE);
    assert_eq!(status.and_then(|status| status.code()), Some(130));
    assert!(begun.elapsed() < Duration::from_secs(10), "it did not wait for the request");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_credential_holds_no_more_sockets_than_it_may() {
    let installation = Installation::new(Engine::Sqlite).await;
    let server = installation.serve();
    let (one, other) = (installation.token("owner"), installation.token("owner"));
    let mut open = Vec::new();
    for _ in 0..50 {
        open.push(server.live(&one, None).await);
    }
    let bearer = format!("Bearer {one}");
    let again = async || server.open("/api/v1/live", &[("authorization", &bearer)]).await;
    assert_eq!(again().await.err().map(|(status, _)| status), Some(429));
    server.live(&other, None).await;
    open.pop();
    let end = Instant::now() + PATIENCE;
    while again().await.is_err() {
        assert!(Instant::now() < end, "a closed socket makes room");
    }
}

async fn ready_follows_the_database(engine: Engine) {
    let installation = Installation::new(engine).await;
    let line = installation.database().map(|address| address.to_owned());
    let (installation, line) = match line {
        None => (installation, None),
        Some(address) => {
            let (line, detour) = Line::to(&address).await;
            (installation.with_database(detour), Some(line))
        }
    };
    let server = installation.serve();
    let ready = async |wanted: u16| {
        let end = Instant::now() + PATIENCE;
        loop {
            let answer = server.send("GET", "/readyz", &[], None).await;
            if answer.status == wanted {
                break answer;
            }
            assert!(Instant::now() < end, "still {}: {}", answer.status, answer.text);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    ready(200).await;
    let file = installation.data().join("onethread.db");
    let away = installation.data().join("away.db");
    match &line {
        None => std::fs::rename(&file, &away).unwrap(),
        Some(line) => line.cut(true),
    }
    let answer = ready(503).await;
    answer.problem(503, "unavailable");
    assert!(!answer.header("retry-after").is_empty());
    assert_eq!(server.send("GET", "/healthz", &[], None).await.status, 200, "the process itself lives");
    match &line {
        None => std::fs::rename(&away, &file).unwrap(),
        Some(line) => line.cut(false),
    }
    ready(200).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ready_follows_the_space_on_the_disk() {
    let installation = Installation::new(Engine::Sqlite).await;
    // The system refuses what would make a file of the server larger than 4 MiB, as a quota does.
    let server =
        installation.serve_with(installation.program_in("trap '' XFSZ; ulimit -S -f 8192; exec \"$0\" \"$@\""));
    let (owner, meta) = (installation.token("owner"), testkit::graph::GraphStandIn::start().await);
    let account = server.connect(&owner, &meta).await;
    let path = account["callback_path"].as_str().unwrap();
    let ready = async || server.send("GET", "/readyz", &[], None).await;
    assert_eq!(ready().await.status, 200);
    let mut stored = 0;
    let refused = loop {
        let body =
            format!("{{\"object\":\"page\",\"number\":{stored},\"entry\":\"{}\"}}", "x".repeat(500_000)).into_bytes();
        let signed = testkit::graph::signature(APP_SECRET, &body);
        let answer = server.send("POST", path, &[("x-hub-signature-256", &signed)], Some(body)).await;
        if answer.status != 200 {
            break answer;
        }
        stored += 1;
        assert!(stored < 100, "it may not grow for ever");
    };
    refused.problem(503, "unavailable");
    let answer = ready().await;
    let told = answer.problem(503, "unavailable");
    assert!(told["detail"].as_str().unwrap().contains("takes no writes"), "{told}");
    assert!(!told.to_string().contains("onethread.db"), "where it is is not everybody's to know: {told}");
    assert_eq!(server.send("GET", "/healthz", &[], None).await.status, 200, "the process itself lives");
    let kept = server.get(&owner, "/api/v1/inbound-events?limit=100").await.expect(200);
    assert_eq!(kept["items"].as_array().unwrap().len(), stored, "what was acknowledged is there, and can be read");
    let end = Instant::now() + PATIENCE;
    let logged = async |words: &str| {
        while !server.serving.log().contains(words) {
            assert!(Instant::now() < end, "{words} is missing in {}", server.serving.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    logged("free space, or make it writable, on the disk of").await;
    logged("onethread.db").await;

    // Space again. Nobody sends anything: the process finds out by itself.
    let id = server.serving.id().to_string();
    let raised = std::process::Command::new("prlimit").args(["--pid", &id, "--fsize=unlimited"]).status().unwrap();
    assert!(raised.success());
    while ready().await.status != 200 {
        assert!(Instant::now() < end, "it is ready again");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    logged("the database can be written again").await;
}

/// A line to the database that can be cut.
struct Line {
    cut: watch::Sender<bool>,
    tasks: Arc<Mutex<Vec<JoinHandle<()>>>>,
}

impl Line {
    /// The line, and the address that leads over it.
    async fn to(address: &str) -> (Self, String) {
        let port = address.split_whitespace().find_map(|pair| pair.strip_prefix("port="));
        let port = port.expect("the address of the test database names its port");
        let target = format!("127.0.0.1:{port}");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let (cut, state) = watch::channel(false);
        let tasks = Arc::new(Mutex::new(Vec::new()));
        let line = Self { cut, tasks: tasks.clone() };
        let accepting = tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let (target, mut state) = (target.clone(), state.clone());
                tokio::spawn(async move {
                    let Ok(mut far) = TcpStream::connect(target).await else { return };
                    tokio::select! {
                        // How it ended is the two ends' affair.
                        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                        _ = state.wait_for(|cut| *cut) => {}
                    }
                });
            }
        });
        tasks.lock().unwrap().push(accepting);
        (line, address.replace(&format!("port={port}"), &format!("port={own}")))
    }

    fn cut(&self, cut: bool) {
        self.cut.send_replace(cut);
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.tasks.lock().unwrap().iter().for_each(JoinHandle::abort);
    }
}

async fn the_log_tells_no_secrets(engine: Engine) {
    const PASSWORD: &str = "tangerine-dream-77";
    const CUSTOMER: &str = "79990001112223334";
    const INBOUND: &str = "my parcel is purple";
    const OUTBOUND: &str = "ours is turquoise";
    let installation = Installation::new(engine).await;
    let levels = "debug,api=trace,server=trace,service=trace,store=trace,channels=trace,channel=trace";
    let mut server = installation.serve_with(installation.program().env("ONETHREAD_LOG_LEVEL", levels));
    let code = server.serving.line(PATIENCE).unwrap().split("code=").nth(1).unwrap().to_owned();
    let json_type = ("content-type", "application/json");
    let set_up = json!({"code": code, "workspace_name": "Acme", "name": "Ann Ember", "email": "ann.ember@example.com", "password": PASSWORD});
    let cookie = server.send("POST", "/api/v1/setup", &[json_type], Some(set_up.to_string().into_bytes())).await;
    let cookie = cookie.header("set-cookie").split(';').next().unwrap().split('=').nth(1).unwrap().to_owned();
    let wrong = json!({"email": "ann.ember@example.com", "password": "tangerine-dream-78"});
    server
        .send("POST", "/api/v1/session", &[json_type], Some(wrong.to_string().into_bytes()))
        .await
        .problem(401, "unauthenticated");
    let link = installation.print(&["user", "create", "--email", "bob.brook@example.com"]);
    let link_code = link.split("code=").nth(1).unwrap().to_owned();
    server.send("GET", &format!("/api/v1/links/{link_code}"), &[], None).await.expect(200);

    let owner = installation.token("owner");
    let meta = testkit::graph::GraphStandIn::start().await;
    let account = server.connect(&owner, &meta).await;
    let ticket = server.post(&owner, "/api/v1/live/tickets", &Value::Null).await.expect(201)["ticket"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut live = server.open(&format!("/api/v1/live?ticket={ticket}"), &[]).await.ok().unwrap();
    meta.customer_writes(CUSTOMER, INBOUND).await;
    let thread = live.until("message.received").await["thread_id"].as_str().unwrap().to_owned();
    let say = |text: &str| json!({"blocks": [{"type": "text", "text": text}]});
    let path = format!("/api/v1/threads/{thread}/messages");
    server.post(&owner, &path, &say(OUTBOUND)).await.expect(201);
    live.until("message.sent").await;
    server.post(&owner, &path, &json!({"blocks": [{"type": "text", "txt": OUTBOUND}]})).await.problem(422, "invalid");
    meta.new_token("EAAchanged");
    server.post(&owner, &path, &say(OUTBOUND)).await.expect(201);
    live.until("message.deferred").await;

    let log = server.serving.log();
    assert!(log.contains("the server is ready"), "there is a log");
    let (verify, key) = (account["verify_token"].as_str().unwrap(), account["callback_path"].as_str().unwrap());
    let database_password =
        installation.database().and_then(|address| address.split("password=").nth(1)?.split(' ').next());
    for (what, secret) in [
        ("a password", PASSWORD),
        ("a wrong password", "tangerine-dream-78"),
        ("an e-mail address", "ember@example.com"),
        ("an e-mail address", "brook@example.com"),
        ("a customer's address", CUSTOMER),
        ("words of a customer", INBOUND),
        ("words of an agent", OUTBOUND),
        ("a session", &cookie),
        ("a token", &owner),
        ("a set-up code", &code),
        ("a link's code", &link_code),
        ("a ticket", &ticket),
        ("a page's token", &meta.token()),
        ("the app's secret", APP_SECRET),
        ("a verify token", verify),
        ("a callback's key", key.rsplit('/').next().unwrap()),
        ("the database's password", database_password.unwrap_or(PASSWORD)),
    ] {
        if let Some(line) = log.lines().find(|line| line.contains(secret)) {
            panic!("the log tells {what}: {line}");
        }
    }
}
