//! What lies between us and PostgreSQL: a server that restarts, connections that are cut at the worst moment, a slow network.

use super::{Harness, Kind, config, later, world::Talk};
use crate::{AccountRoom, Created, Idempotency, NewMessage, Store, StoreError};
use model::{MessageId, log::LogKind};
use std::{
    collections::{BTreeMap, HashSet},
    path::PathBuf,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// A server of this test's own, which may be killed.
struct Cluster {
    folder: tempfile::TempDir,
    url: String,
}

fn script() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../.ci/pg")
}

impl Cluster {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let output = Command::new(script()).arg("start").arg(folder.path()).stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        let url = format!("{} dbname=postgres", said.lines().last().unwrap_or_default());
        Self { folder, url }
    }

    /// Kills the server as a power cut would, and starts it on the same port.
    fn restart(&self) {
        let data = self.folder.path().join("data");
        let options = std::fs::read_to_string(data.join("postmaster.opts")).unwrap();
        let program = options.split_whitespace().next().unwrap().trim_matches('"');
        let control = PathBuf::from(program).with_file_name("pg_ctl");
        let is_root = std::fs::metadata("/proc/self").is_ok_and(|own| {
            use std::os::unix::fs::MetadataExt;
            own.uid() == 0
        });
        let mut command = if is_root { Command::new("runuser") } else { Command::new(&control) };
        if is_root {
            command.args(["-u", "postgres", "--"]).arg(&control);
        }
        let log = self.folder.path().join("log");
        command.arg("-D").arg(&data).arg("-l").arg(log).args(["-m", "immediate", "-w", "restart"]);
        let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
        assert!(status.success());
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = Command::new(script()).arg("stop").arg(self.folder.path()).stdout(Stdio::null()).status();
    }
}

/// Writes until it is told to stop; a write that fails is written again, as a client would. Returns what was acknowledged
/// and how often the store said that it cannot.
async fn load(
    harness: &Arc<Harness>,
    store: &Store,
    talks: &[Talk],
    written: &Arc<AtomicUsize>,
    stop: &Arc<AtomicBool>,
    writers: usize,
) -> (Vec<MessageId>, usize) {
    let tasks = (0..writers).map(|writer| {
        let (harness, store, talk) = (Arc::clone(harness), store.clone(), talks[writer % talks.len()].clone());
        let (written, stop) = (Arc::clone(written), Arc::clone(stop));
        tokio::spawn(async move {
            let (mut acknowledged, mut refused) = (Vec::new(), 0);
            for n in 0.. {
                if stop.load(Ordering::SeqCst) {
                    break;
                }
                let new = message(&harness, &talk, &format!("{writer}.{n}"));
                loop {
                    match store.create_message(new.clone()).await {
                        Ok(Created::New(id)) => {
                            assert_eq!(id, new.id, "what was made is what was asked for");
                            acknowledged.push(id);
                            break;
                        }
                        Err(StoreError::Unavailable(_) | StoreError::Contention) => refused += 1,
                        other => panic!("{other:?}"),
                    }
                }
                written.fetch_add(1, Ordering::SeqCst);
            }
            (acknowledged, refused)
        })
    });
    let (mut acknowledged, mut refused) = (Vec::new(), 0);
    for task in futures_util::future::join_all(tasks).await {
        let (own, times) = task.unwrap();
        acknowledged.extend(own);
        refused += times;
    }
    (acknowledged, refused)
}

fn message(harness: &Harness, talk: &Talk, text: &str) -> NewMessage {
    let mut new = harness.answer(talk, text);
    new.idempotency =
        Some(Idempotency { actor_id: "agt_1".into(), key: format!("key {}", new.id), request_hash: "h".into() });
    new
}

/// Everything acknowledged is there once, in a log without gaps, and nothing else is.
async fn assert_exactly_once(harness: &Harness, acknowledged: &[MessageId]) {
    let log = harness.log(harness.workspace).await;
    let mut queued: BTreeMap<i64, usize> = BTreeMap::new();
    for record in log.iter().filter(|record| record.kind == LogKind::MessageQueued) {
        *queued.entry(record.entry_id.unwrap()).or_default() += 1;
    }
    let wanted: HashSet<i64> = acknowledged.iter().map(|id| id.0).collect();
    assert_eq!(wanted.len(), acknowledged.len());
    assert_eq!(queued.keys().copied().collect::<HashSet<_>>(), wanted);
    assert!(queued.values().all(|times| *times == 1), "none doubled in the log");
    for sql in [
        "SELECT CAST(id AS TEXT) FROM message WHERE direction = 'outbound'",
        "SELECT CAST(subject_id AS TEXT) FROM job",
        "SELECT CAST(subject_id AS TEXT) FROM idempotency_key",
    ] {
        let rows = harness.raw(sql, &[]).await;
        assert_eq!(rows.len(), acknowledged.len(), "{sql}");
        let rows: HashSet<i64> = rows.iter().map(|row| row.parse().unwrap()).collect();
        assert_eq!(rows, wanted, "{sql}");
    }
}

async fn until(counter: &AtomicUsize, least: usize) {
    let waited = tokio::time::timeout(Duration::from_secs(120), async {
        while counter.load(Ordering::SeqCst) < least {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    waited.await.expect("the load goes on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_restarts_loses_and_doubles_nothing() {
    let cluster = Arc::new(tokio::task::spawn_blocking(Cluster::start).await.unwrap());
    let harness = Arc::new(Harness::at(Kind::Postgres, &cluster.url).await);
    let talk = harness.talk().await;
    let (written, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let restarts = {
        let (written, stop, cluster) = (Arc::clone(&written), Arc::clone(&stop), Arc::clone(&cluster));
        tokio::spawn(async move {
            for _ in 0..3 {
                until(&written, written.load(Ordering::SeqCst) + 60).await;
                let cluster = Arc::clone(&cluster);
                tokio::task::spawn_blocking(move || cluster.restart()).await.unwrap();
            }
            until(&written, written.load(Ordering::SeqCst) + 60).await;
            stop.store(true, Ordering::SeqCst);
        })
    };
    let (acknowledged, refused) = load(&harness, &harness.store, std::slice::from_ref(&talk), &written, &stop, 8).await;
    restarts.await.unwrap();
    harness.store.ping().await.unwrap();
    assert_exactly_once(&harness, &acknowledged).await;
    println!("3 restarts: {} writes, {refused} times told to come back", acknowledged.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_killed_lose_and_double_nothing() {
    let harness = Arc::new(Harness::own(Kind::Postgres).await);
    let talk = harness.talk().await;
    let (written, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let client = beside(&harness).await;
    let killer = {
        let (written, stop) = (Arc::clone(&written), Arc::clone(&stop));
        tokio::spawn(async move {
            let mut killed = 0;
            while killed < 60 {
                until(&written, written.load(Ordering::SeqCst) + 2).await;
                let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'onethread' ORDER BY random() LIMIT 2";
                killed += client.query(kill, &[]).await.unwrap().len();
            }
            stop.store(true, Ordering::SeqCst);
            killed
        })
    };
    let (acknowledged, refused) = load(&harness, &harness.store, std::slice::from_ref(&talk), &written, &stop, 8).await;
    let killed = killer.await.unwrap();
    assert_exactly_once(&harness, &acknowledged).await;
    println!("{killed} connections killed: {} writes, {refused} times told to come back", acknowledged.len());
}

/// A connection beside the store's own.
async fn beside(harness: &Harness) -> tokio_postgres::Client {
    let mut target: tokio_postgres::Config = url_of(harness).parse().unwrap();
    target.application_name("beside");
    let (client, connection) = target.connect(tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

fn url_of(harness: &Harness) -> String {
    match &harness.config.database {
        crate::Database::Postgres { url } => url.clone(),
        crate::Database::Sqlite { .. } => panic!("not a server"),
    }
}

/// What a proxy does to the bytes between the store and the server.
#[derive(Clone, Copy)]
enum Between {
    /// Cuts every n-th COMMIT's connection once the server has committed, before the answer is told.
    CutAfterCommit(usize),
    /// Holds everything back for half a millisecond in each direction.
    Slow,
}

/// A proxy in front of the server; returns the address that leads through it.
async fn proxy(url: &str, between: Between, cut: Arc<AtomicUsize>) -> String {
    let target: tokio_postgres::Config = url.parse().unwrap();
    let port = target.get_ports()[0];
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let own = listener.local_addr().unwrap().port();
    let commits = Arc::new(AtomicUsize::new(0));
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (commits, cut) = (Arc::clone(&commits), Arc::clone(&cut));
            tokio::spawn(async move {
                let server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                for side in [&client, &server] {
                    side.set_nodelay(true).unwrap();
                }
                match between {
                    Between::CutAfterCommit(every) => cutting(client, server, every, &commits, &cut).await,
                    Between::Slow => slow(client, server),
                }
            });
        }
    });
    url.replace(&format!("port={port}"), &format!("port={own}"))
}

fn holds(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window == word)
}

async fn cutting(mut client: TcpStream, mut server: TcpStream, every: usize, commits: &AtomicUsize, cut: &AtomicUsize) {
    let (mut from_client, mut from_server) = (vec![0; 65_536], vec![0; 65_536]);
    let mut is_doomed = false;
    loop {
        tokio::select! {
            read = client.read(&mut from_client) => {
                let Ok(count @ 1..) = read else { return };
                let bytes = &from_client[..count];
                if holds(bytes, b"COMMIT\0") && commits.fetch_add(1, Ordering::SeqCst) % every == every - 1 {
                    is_doomed = true;
                }
                if server.write_all(bytes).await.is_err() { return }
            }
            read = server.read(&mut from_server) => {
                let Ok(count @ 1..) = read else { return };
                let bytes = &from_server[..count];
                if is_doomed && holds(bytes, b"COMMIT\0") {
                    // Committed, and nobody will ever say so.
                    cut.fetch_add(1, Ordering::SeqCst);
                    return;
                }
                if client.write_all(bytes).await.is_err() { return }
            }
        }
    }
}

/// Threads, since the runtime's timer counts in whole milliseconds.
fn slow(client: TcpStream, server: TcpStream) {
    let blocking = |stream: TcpStream| {
        let stream = stream.into_std().unwrap();
        stream.set_nonblocking(false).unwrap();
        stream
    };
    let (client, server) = (blocking(client), blocking(server));
    for (from, to) in [(client.try_clone().unwrap(), server.try_clone().unwrap()), (server, client)] {
        let (queue, waiting) = std::sync::mpsc::channel::<(std::time::Instant, Vec<u8>)>();
        std::thread::spawn(move || {
            use std::io::Read;
            let (mut from, mut buffer) = (from, vec![0; 65_536]);
            while let Ok(count @ 1..) = from.read(&mut buffer) {
                let due = std::time::Instant::now() + Duration::from_micros(500);
                if queue.send((due, buffer[..count].to_vec())).is_err() {
                    return;
                }
            }
        });
        std::thread::spawn(move || {
            use std::io::Write;
            let mut to = to;
            for (due, bytes) in waiting {
                #[expect(clippy::disallowed_methods, reason = "a thread of its own, which is there to be late")]
                std::thread::sleep(due.saturating_duration_since(std::time::Instant::now()));
                if to.write_all(&bytes).is_err() {
                    break;
                }
            }
            let _ = to.shutdown(std::net::Shutdown::Both);
        });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_without_an_answer_is_done_once() {
    let direct = Arc::new(Harness::own(Kind::Postgres).await);
    let talk = direct.talk().await;
    let cut = Arc::new(AtomicUsize::new(0));
    let url = proxy(&url_of(&direct), Between::CutAfterCommit(7), Arc::clone(&cut)).await;
    let through = Store::open(config(Kind::Postgres, &url, &direct.folder)).await.unwrap();
    let (written, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let stopper = {
        let (written, stop) = (Arc::clone(&written), Arc::clone(&stop));
        tokio::spawn(async move {
            until(&written, 200).await;
            stop.store(true, Ordering::SeqCst);
        })
    };
    let (acknowledged, refused) = load(&direct, &through, std::slice::from_ref(&talk), &written, &stop, 8).await;
    stopper.await.unwrap();
    assert!(cut.load(Ordering::SeqCst) >= 20, "the proxy cuts");
    assert_exactly_once(&direct, &acknowledged).await;

    // The other commands with something to tell, through the same cuts.
    let events: Vec<_> = (0..100).map(|n| direct.event(&talk.page, &format!("event {n}"))).collect();
    for event in events {
        through.store_inbound_events(vec![event]).await.unwrap();
    }
    let waiting = through.list_waiting_events(3, 1_000).await.unwrap();
    assert_eq!(waiting.len(), 100);
    // One job at a time of this person: claimed, done, and the next one is free. A claim whose answer was lost holds its
    // job until the lease ends; the clock is ours.
    let mut at = later(0);
    let mut finished = HashSet::new();
    while finished.len() < 40 {
        at = at.plus_millis(60_000);
        for job in through.claim_jobs(1, at, at.plus_millis(60_000), 10, AccountRoom::unlimited()).await.unwrap() {
            through.finish_job(job.workspace_id, job.id).await.unwrap();
            assert!(finished.insert(job.subject_id), "none twice");
        }
    }
    let order: Vec<i64> =
        acknowledged.iter().map(|id| id.0).collect::<std::collections::BTreeSet<_>>().into_iter().collect();
    assert_eq!(finished, order[..40].iter().copied().collect(), "the oldest first");
    println!(
        "{} commits without an answer: {} writes, {refused} times told to come back",
        cut.load(Ordering::SeqCst),
        acknowledged.len()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_millisecond_between_us_and_the_server() {
    let direct = Arc::new(Harness::own(Kind::Postgres).await);
    let page = direct.page().await;
    let mut talks = Vec::new();
    for _ in 0..32 {
        talks.push(direct.talk_on(&page).await);
    }
    let url = proxy(&url_of(&direct), Between::Slow, Arc::default()).await;
    let through = Store::open(config(Kind::Postgres, &url, &direct.folder)).await.unwrap();
    for (name, store) in [("direct", &direct.store), ("1 ms", &through)] {
        // The first round opens the connections and prepares the statements.
        for (writers, least) in [(32, 200), (1, 50), (32, 800)] {
            let (written, stop) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
            let stopper = {
                let (written, stop) = (Arc::clone(&written), Arc::clone(&stop));
                tokio::spawn(async move {
                    until(&written, least).await;
                    stop.store(true, Ordering::SeqCst);
                })
            };
            let begun = std::time::Instant::now();
            let (acknowledged, _) = load(&direct, store, &talks, &written, &stop, writers).await;
            stopper.await.unwrap();
            let took = begun.elapsed();
            let rate = acknowledged.len() as f64 / took.as_secs_f64();
            println!("{name}: {} messages queued by {writers} writers, {rate:.0}/s", acknowledged.len());
        }
        let callbacks = (0..1_000).map(|n| {
            let event = direct.event(&page, &format!("{name} {n}"));
            store.store_inbound_events(vec![event])
        });
        let begun = std::time::Instant::now();
        let outcomes = futures_util::future::join_all(callbacks).await;
        let rate = outcomes.len() as f64 / begun.elapsed().as_secs_f64();
        assert!(outcomes.into_iter().all(|outcome| outcome.unwrap() == 1));
        println!("{name}: 1000 callbacks stored at once, {rate:.0}/s");
    }
    let rows = direct.raw("SELECT CAST(id AS TEXT) FROM message WHERE direction = 'outbound'", &[]).await;
    let all: Vec<MessageId> = rows.iter().map(|id| MessageId(id.parse().unwrap())).collect();
    assert_exactly_once(&direct, &all).await;
}
