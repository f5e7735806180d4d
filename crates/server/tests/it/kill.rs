//! Killed at random moments under load, inbound and outbound, and counted at both ends: what we acknowledged against what is
//! there, what the provider's stand-in received against what we say of it.
//!
//! `ONETHREAD_KILLS` is the number of kills per engine (20), `KILL_SEED` repeats a run.

use reqwest::StatusCode;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use testkit::{
    binary::{Program, Serving},
    graph::{Event, Fault, GraphStandIn, now_millis},
    random::Random,
};

const BINARY: &str = env!("CARGO_BIN_EXE_onethread");
const APP_SECRET: &str = "crash_test_app_secret";
/// Customers: many, so that one whose message is in doubt does not hold up the load.
const CUSTOMERS: usize = 120;
/// How long the last repairs may take: a dead process's lease (15 s), proof (2 s), sweeps.
const PATIENCE: Duration = Duration::from_secs(90);

fn kills() -> usize {
    std::env::var("ONETHREAD_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(20)
}

fn seed() -> u64 {
    std::env::var("KILL_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or_else(|| now_millis() as u64)
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

struct World {
    program: Program,
    base: String,
    token: String,
    http: reqwest::Client,
    meta: GraphStandIn,
    callback_url: String,
    /// Lives as long as the test.
    _folder: tempfile::TempDir,
}

impl World {
    async fn new(database: Option<String>) -> Self {
        testkit::install_tls();
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let configured = |program: Program| {
            let program = program.arg("--data").arg(folder.path().join("data"));
            match &database {
                Some(url) => program.arg("--database").arg(url),
                None => program,
            }
        };
        let program = configured(Program::new(BINARY).arg("serve"))
            .arg("--listen")
            .arg(format!("127.0.0.1:{port}"))
            .env("ONETHREAD_LEASE_SECONDS", "15")
            .env("ONETHREAD_PROOF_WAIT_SECONDS", "2")
            .env("ONETHREAD_SWEEP_SECONDS", "1")
            .env("ONETHREAD_LOG_LEVEL", "warn");
        let mut command = Command::new(BINARY);
        command
            .args(["token", "create", "--name", "crash", "--role", "owner", "--data"])
            .arg(folder.path().join("data"));
        if let Some(url) = &database {
            command.arg("--database").arg(url);
        }
        let made = command.output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let token = String::from_utf8(made.stdout).unwrap().trim().to_owned();
        let http = reqwest::Client::builder().timeout(Duration::from_secs(5)).no_proxy().build().unwrap();
        let meta = GraphStandIn::start().await;
        let mut world = Self {
            program,
            base: format!("http://127.0.0.1:{port}"),
            token,
            http,
            meta,
            callback_url: String::new(),
            _folder: folder,
        };
        let _serving = world.start();
        let account = world
            .post(
                "/api/v1/channel-accounts",
                "connect",
                &json!({
                    "kind": "messenger",
                    "name": "Crash",
                    "settings": { "page_id": world.meta.page_id(), "api_base": world.meta.base() },
                    "secrets": { "page_access_token": world.meta.token(), "app_secret": APP_SECRET },
                }),
            )
            .await
            .unwrap()
            .1;
        world.callback_url = format!("{}{}", world.base, account["callback_path"].as_str().unwrap());
        world.meta.callbacks_to(&world.callback_url, APP_SECRET).deliveries(true);
        world
    }

    fn start(&self) -> Serving {
        self.program.start()
    }

    async fn get(&self, path: &str) -> Result<Value, reqwest::Error> {
        let request = self.http.get(format!("{}{path}", self.base)).bearer_auth(&self.token);
        request.send().await?.error_for_status()?.json().await
    }

    async fn post(&self, path: &str, key: &str, body: &Value) -> Result<(StatusCode, Value), reqwest::Error> {
        let request = self
            .http
            .post(format!("{}{path}", self.base))
            .bearer_auth(&self.token)
            .header("idempotency-key", key)
            .json(body);
        let answer = request.send().await?;
        let status = answer.status();
        Ok((status, answer.json().await?))
    }

    async fn all(&self, path: &str, filter: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let after = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
            let page = self.get(&format!("{path}?limit=100{filter}{after}")).await.unwrap();
            items.extend(page["items"].as_array().unwrap().iter().cloned());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = Some(next.to_owned()),
                None => return items,
            }
        }
    }
}

fn customer(number: usize) -> String {
    format!("70010020030{number:05}")
}

/// What the load knows of itself.
#[derive(Default)]
struct Load {
    /// Provider's ids of messages that were answered with 200.
    acknowledged: Mutex<HashSet<String>>,
    /// Our ids of messages that were answered with 201, with their words.
    sent: Mutex<BTreeMap<String, String>>,
    number: AtomicU64,
    stop: AtomicBool,
}

impl Load {
    fn next(&self) -> u64 {
        self.number.fetch_add(1, Ordering::Relaxed)
    }

    /// How many were taken, in and out.
    fn progress(&self) -> (usize, usize) {
        (self.acknowledged.lock().unwrap().len(), self.sent.lock().unwrap().len())
    }
}

/// Posts signed callbacks, a few events each, sometimes again in other batches; each until it is taken.
async fn write_in(world: Arc<World>, load: Arc<Load>, seed: u64) {
    let mut random = Random::seeded(seed);
    let page = world.meta.page_id();
    let sender = world.meta.sender();
    let mut earlier: Option<Event> = None;
    while !load.stop.load(Ordering::Relaxed) {
        let mut events = Vec::new();
        let mut mids = Vec::new();
        for _ in 0..=random.below(3) {
            let number = load.next();
            let mid = format!("m_in{number:08}");
            let person = customer(random.below(CUSTOMERS));
            events.push(Event::text(&page, &person, &mid, &format!("in {number}"), now_millis()));
            mids.push(mid);
        }
        let again = events[0].clone();
        if let Some(event) = earlier.take().filter(|_| random.chance(0.3)) {
            events.push(event);
        }
        sender.deliver(&events).await.unwrap();
        load.acknowledged.lock().unwrap().extend(mids);
        earlier = Some(again);
    }
}

/// Sends messages over the API, each with its own key, until it is taken.
async fn write_out(world: Arc<World>, load: Arc<Load>, threads: Arc<Vec<String>>, seed: u64) {
    let mut random = Random::seeded(seed);
    while !load.stop.load(Ordering::Relaxed) {
        let number = load.next();
        let thread = &threads[random.below(threads.len())];
        let (key, words) = (format!("out-{number}"), format!("out {number}"));
        let body = json!({ "blocks": [{ "type": "text", "text": words }] });
        loop {
            match world.post(&format!("/api/v1/threads/{thread}/messages"), &key, &body).await {
                Ok((StatusCode::CREATED, entry)) => {
                    load.sent.lock().unwrap().insert(entry["id"].as_str().unwrap().to_owned(), words);
                    break;
                }
                Ok((status, problem)) if status.is_client_error() => panic!("{status} {problem}"),
                // Down, or going down: the same again.
                _ => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    }
}

async fn crash(database: Option<String>, echoes: bool, kills: usize) {
    let seed = seed();
    println!("KILL_SEED={seed} kills={kills} echoes={echoes}");
    let mut random = Random::seeded(seed);
    let world = Arc::new(World::new(database).await);
    world.meta.echoes(echoes).seed(seed);
    // Everybody writes once, so that there is a window and a thread to answer on.
    let mut serving = world.start();
    let page = world.meta.page_id();
    let first: Vec<Event> = (0..CUSTOMERS)
        .map(|number| Event::text(&page, &customer(number), &format!("m_first{number}"), "first", now_millis()))
        .collect();
    world.meta.deliver(&first).await;
    let threads = wait_for(|| async {
        let threads = world.all("/api/v1/threads", "").await;
        (threads.len() == CUSTOMERS).then_some(threads)
    })
    .await;
    let threads = Arc::new(threads.iter().map(|thread| thread["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>());
    let load = Arc::new(Load::default());
    load.acknowledged.lock().unwrap().extend((0..CUSTOMERS).map(|number| format!("m_first{number}")));
    // The provider has the message, and its answer takes a while: the moment that many kills are meant to hit.
    world.meta.fault(Fault::LateAnswer { millis: 40 });
    if !echoes {
        world.meta.fault(Fault::LoseAnswer { share: 0.02 });
    }
    let mut tasks = Vec::new();
    for worker in 0..3 {
        tasks.push(tokio::spawn(write_in(world.clone(), load.clone(), seed + worker)));
        tasks.push(tokio::spawn(write_out(world.clone(), load.clone(), threads.clone(), seed + 100 + worker)));
    }
    for _ in 0..kills {
        // Both ways are under load again; then any moment will do.
        let (acknowledged, sent) = load.progress();
        wait_for(|| async {
            let now = load.progress();
            (now.0 > acknowledged + 10 && now.1 > sent + 5).then_some(())
        })
        .await;
        tokio::time::sleep(Duration::from_millis(random.below(250) as u64)).await;
        serving.kill();
        serving = world.start();
    }
    load.stop.store(true, Ordering::Relaxed);
    for task in tasks {
        task.await.unwrap();
    }
    world.meta.settled().await;
    check_inbound(&world, &load).await;
    check_outbound(&world, &load, &threads, echoes).await;
    check_search(&world, &load).await;
    check_log(&world).await;
    assert!(serving.is_running());
}

async fn wait_for<T, F: Future<Output = Option<T>>>(look: impl Fn() -> F) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < end, "not within {PATIENCE:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn entries(world: &World, threads: &[String]) -> Vec<Value> {
    let mut all = Vec::new();
    for thread in threads {
        all.extend(world.all(&format!("/api/v1/threads/{thread}/entries"), "").await);
    }
    all
}

/// What was answered with 200 is there, once.
async fn check_inbound(world: &World, load: &Load) {
    wait_for(|| async {
        let waiting = world.all("/api/v1/inbound-events", "&state=stored").await;
        waiting.is_empty().then_some(())
    })
    .await;
    let threads: Vec<String> =
        world.all("/api/v1/threads", "").await.iter().map(|thread| thread["id"].as_str().unwrap().to_owned()).collect();
    let mut count: HashMap<String, usize> = HashMap::new();
    for entry in entries(world, &threads).await.iter().filter(|entry| entry["direction"] == "inbound") {
        *count.entry(entry["external_id"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    let acknowledged = load.acknowledged.lock().unwrap();
    let lost: Vec<_> = acknowledged.iter().filter(|mid| !count.contains_key(*mid)).collect();
    let doubled: Vec<_> = count.iter().filter(|(_, count)| **count > 1).collect();
    println!(
        "inbound: {} acknowledged, {} there, {} lost, {} doubled",
        acknowledged.len(),
        count.len(),
        lost.len(),
        doubled.len()
    );
    assert!(lost.is_empty(), "lost: {lost:?}");
    assert!(doubled.is_empty(), "doubled: {doubled:?}");
    assert_eq!(count.len(), acknowledged.len());
}

/// How often the provider received each message of ours.
fn received(world: &World) -> HashMap<String, usize> {
    let mut received: HashMap<String, usize> = HashMap::new();
    for accepted in world.meta.accepted() {
        let ours =
            accepted.metadata.as_deref().and_then(|text| text.strip_prefix("ot:")).unwrap_or_default().to_owned();
        *received.entry(ours).or_default() += 1;
    }
    received
}

/// Of every message that was answered with 201: the provider has it once when we say so, at most once when we do not know.
///
/// An attempt that was written and killed before its bytes left looks like one whose answer was lost: it ends as uncertain
/// and never received, with echoes too, and a person decides. What was received never stays in doubt where echoes come.
async fn check_outbound(world: &World, load: &Load, threads: &[String], echoes: bool) {
    let states = wait_for(|| async {
        let mut states: HashMap<String, String> = HashMap::new();
        for entry in entries(world, threads).await.iter().filter(|entry| entry["direction"] == "outbound") {
            let state = entry["delivery"]["state"].as_str().unwrap().to_owned();
            states.insert(entry["id"].as_str().unwrap().to_owned(), state);
        }
        let received = received(world);
        let open = states.iter().filter(|(id, state)| match state.as_str() {
            "queued" | "sending" => true,
            "uncertain" => echoes && received.contains_key(*id),
            _ => false,
        });
        (open.count() == 0).then_some(states)
    })
    .await;
    let received = received(world);
    let sent = load.sent.lock().unwrap();
    let mut tally: BTreeMap<(String, usize), usize> = BTreeMap::new();
    for id in sent.keys() {
        let state = states.get(id).unwrap_or_else(|| panic!("{id} was answered with 201 and is not there"));
        let times = received.get(id).copied().unwrap_or(0);
        *tally.entry((state.clone(), times)).or_default() += 1;
    }
    println!("outbound: {} taken, (state, times received) → messages: {tally:?}", sent.len());
    for ((state, times), count) in &tally {
        match (state.as_str(), echoes) {
            ("sent" | "delivered" | "read", _) => assert_eq!(*times, 1, "{count} {state} messages"),
            ("uncertain", true) => assert_eq!(*times, 0, "{count} uncertain messages were received and echoed"),
            ("uncertain", false) => assert!(*times <= 1, "{count} uncertain messages were received {times} times"),
            (other, _) => panic!("{count} messages ended as {other}, received {times} times"),
        }
    }
    let strangers: Vec<_> = received.keys().filter(|id| !states.contains_key(*id)).collect();
    assert!(strangers.is_empty(), "the provider has what we do not: {strangers:?}");
    assert!(received.values().all(|times| *times == 1), "doubled");
}

/// What was acknowledged is found, once, though whoever kept the index was killed again and again.
async fn check_search(world: &World, load: &Load) {
    let mut expected: BTreeMap<&str, usize> = BTreeMap::new();
    let acknowledged = load.acknowledged.lock().unwrap().len();
    expected.insert("first", CUSTOMERS);
    expected.insert("in", acknowledged - CUSTOMERS);
    expected.insert("out", load.sent.lock().unwrap().len());
    for (word, count) in expected {
        let found = wait_for(|| async {
            let hits = world.all("/api/v1/search", &format!("&q=%22{word}%22&kind=messages")).await;
            (hits.len() >= count).then_some(hits)
        })
        .await;
        let different: HashSet<&str> = found.iter().map(|hit| hit["entry"]["id"].as_str().unwrap()).collect();
        println!("search: {count} with {word:?} written, {} found, {} different", found.len(), different.len());
        assert_eq!((found.len(), different.len()), (count, count), "{word}");
    }
}

/// The log has no gap and no double, from the first record to the last.
async fn check_log(world: &World) {
    use futures_util::StreamExt;
    use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest};
    let ticket = world.post("/api/v1/live/tickets", "t", &json!({})).await.unwrap().1;
    let first = "c00000000000000";
    let url = format!("{}/api/v1/live?after={first}", world.base.replace("http", "ws"));
    let mut request = url.into_client_request().unwrap();
    request.headers_mut().insert("authorization", format!("Bearer {}", world.token).parse().unwrap());
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    let end = ticket["cursor"].as_str().unwrap();
    let mut expected = 1;
    loop {
        let frame = tokio::time::timeout(PATIENCE, socket.next()).await.unwrap().unwrap().unwrap();
        let Message::Text(text) = frame else { continue };
        let frame: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(frame["seq"].as_i64().unwrap(), expected);
        expected += 1;
        if frame["cursor"] == end {
            println!("log: {} records without a gap", expected - 1);
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_sqlite_with_echoes() {
    crash(None, true, kills() / 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_sqlite_without_echoes() {
    crash(None, false, kills() - kills() / 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_postgres_with_echoes() {
    crash(Some(testkit::postgres::fresh_database().await), true, kills() / 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_postgres_without_echoes() {
    crash(Some(testkit::postgres::fresh_database().await), false, kills() - kills() / 2).await;
}
