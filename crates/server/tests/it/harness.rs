//! An installation of the real program, a client of its API, a live socket, and Meta's side.

use futures_util::StreamExt;
use reqwest::{Method, header::HeaderMap};
use serde_json::{Value, json};
use std::{
    fs::DirBuilder,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::Duration,
};
use store::{Database, Keyring, SecretKey, Store, StoreConfig};
use tempfile::TempDir;
use testkit::{
    binary::{Program, Serving},
    graph::GraphStandIn,
};
use tokio_tungstenite::tungstenite::{self, Message, client::IntoClientRequest};

/// The longest that anything may take.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// The app secret of every connected page.
pub const APP_SECRET: &str = "c0ffee5ec2e7";

/// Where the data is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// Stamps tests on both engines. Each is an async function that takes the engine.
macro_rules! on_both_engines {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::harness::Engine::Sqlite).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(crate::harness::Engine::Postgres).await;
            })*
        }
    };
}
pub(crate) use on_both_engines;

/// A data folder and a database, with or without a server on them.
pub struct Installation {
    folder: TempDir,
    database: Option<String>,
}

impl Installation {
    pub async fn new(engine: Engine) -> Self {
        testkit::install_tls();
        let database = match engine {
            Engine::Sqlite => None,
            Engine::Postgres => Some(testkit::postgres::fresh_database().await),
        };
        let folder = TempDir::new().unwrap();
        // Only `serve` makes the folder by itself; the short commands want it there.
        DirBuilder::new().mode(0o700).create(folder.path().join("data")).unwrap();
        Self { folder, database }
    }

    /// The same folder with another way to the database.
    pub fn with_database(mut self, address: String) -> Self {
        self.database = Some(address);
        self
    }

    pub fn database(&self) -> Option<&str> {
        self.database.as_deref()
    }

    /// The same data, as another process sees it; what is sealed stays shut.
    pub async fn store(&self) -> Store {
        let database = match &self.database {
            Some(url) => Database::Postgres { url: url.clone() },
            None => Database::Sqlite { path: self.data().join("onethread.db") },
        };
        let (keys, files_dir) = (Keyring::new(SecretKey::generate().unwrap(), Vec::new()), self.data().join("files"));
        let now = || service::Clock::now(&service::SystemClock).0;
        Store::open(StoreConfig { database, keys, files_dir, now }).await.unwrap()
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn place(&self) -> Vec<String> {
        let mut arguments = vec!["--data".to_owned(), self.data().display().to_string()];
        if let Some(address) = &self.database {
            arguments.extend(["--database".to_owned(), address.clone()]);
        }
        arguments
    }

    /// `serve` on a free port.
    pub fn program(&self) -> Program {
        let program = Program::new(binary()).arg("serve").arg("--listen").arg("127.0.0.1:0");
        self.place().iter().fold(program, |program, argument| program.arg(argument))
    }

    /// The same, started by a shell's script that ends with `exec "$0" "$@"`.
    pub fn program_in(&self, script: &str) -> Program {
        let program = Program::new("/bin/sh").arg("-c").arg(script).arg(binary());
        let program = program.arg("serve").arg("--listen").arg("127.0.0.1:0");
        self.place().iter().fold(program, |program, argument| program.arg(argument))
    }

    pub fn serve(&self) -> Server {
        self.serve_with(self.program())
    }

    pub fn serve_with(&self, program: Program) -> Server {
        let serving = program.patience(PATIENCE).start();
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
        Server { base: serving.address().to_owned(), serving, client }
    }

    /// Runs a short command on this installation.
    pub fn run(&self, arguments: &[&str]) -> Output {
        run(arguments.iter().map(|argument| (*argument).to_owned()).chain(self.place()), self.folder.path())
    }

    /// Runs a short command that has to succeed, and gives what it printed.
    pub fn print(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    pub fn token(&self, role: &str) -> String {
        self.print(&["token", "create", "--name", role, "--role", role])
    }
}

pub fn binary() -> &'static str {
    env!("CARGO_BIN_EXE_onethread")
}

pub fn run(arguments: impl IntoIterator<Item = String>, folder: &Path) -> Output {
    let mut command = Command::new(binary());
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    command.output().unwrap()
}

/// A running server.
pub struct Server {
    pub serving: Serving,
    pub base: String,
    client: reqwest::Client,
}

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        if self.text.is_empty() { Value::Null } else { self.json() }
    }

    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["status"], status);
        assert_eq!(problem["request_id"], self.header("x-request-id"));
        problem
    }
}

impl Server {
    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<Vec<u8>>) -> Answer {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answer { status, headers, text: response.text().await.unwrap() }
    }

    pub async fn get(&self, token: &str, path: &str) -> Answer {
        self.send("GET", path, &[("authorization", &format!("Bearer {token}"))], None).await
    }

    pub async fn post(&self, token: &str, path: &str, body: &Value) -> Answer {
        self.call("POST", token, path, body, &[]).await
    }

    pub async fn call(&self, method: &str, token: &str, path: &str, body: &Value, more: &[(&str, &str)]) -> Answer {
        let bearer = format!("Bearer {token}");
        let mut headers = vec![("authorization", bearer.as_str()), ("content-type", "application/json")];
        headers.extend_from_slice(more);
        self.send(method, path, &headers, Some(body.to_string().into_bytes())).await
    }

    /// Connects a page of the stand-in, whose callbacks come here from now on.
    pub async fn connect(&self, token: &str, meta: &GraphStandIn) -> Value {
        let new = json!({
            "kind": "messenger",
            "name": "Our page",
            "settings": {"page_id": meta.page_id(), "api_base": meta.base()},
            "secrets": {"page_access_token": meta.token(), "app_secret": APP_SECRET},
        });
        let account = self.post(token, "/api/v1/channel-accounts", &new).await.expect(201);
        meta.callbacks_to(&format!("{}{}", self.base, account["callback_path"].as_str().unwrap()), APP_SECRET);
        account
    }

    /// Opens the live socket.
    pub async fn live(&self, token: &str, after: Option<&str>) -> Live {
        let query = after.map(|cursor| format!("?after={cursor}")).unwrap_or_default();
        self.open(&format!("/api/v1/live{query}"), &[("authorization", &format!("Bearer {token}"))]).await.unwrap()
    }

    /// Tries to open a socket; the refusing answer's status and body otherwise.
    pub async fn open(&self, path: &str, headers: &[(&'static str, &str)]) -> Result<Live, (u16, String)> {
        let mut request = format!("{}{path}", self.base.replacen("http", "ws", 1)).into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        match tokio_tungstenite::connect_async(request).await {
            Ok((socket, _)) => Ok(Live { socket }),
            Err(tungstenite::Error::Http(answer)) => {
                let text = answer.body().as_deref().map(|body| String::from_utf8_lossy(body).into_owned());
                Err((answer.status().as_u16(), text.unwrap_or_default()))
            }
            Err(error) => panic!("no socket: {error}"),
        }
    }
}

/// A live socket.
pub struct Live {
    pub socket: tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>,
}

impl Live {
    /// The next frame, or the close code.
    pub async fn next(&mut self) -> Result<Value, u16> {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.socket.next()).await.expect("a frame comes in time");
            match next {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(frame))) => return Err(frame.map_or(0, |frame| frame.code.into())),
                Some(Ok(_)) => {}
                Some(Err(error)) => panic!("the socket broke: {error}"),
                None => return Err(0),
            }
        }
    }

    /// Reads until a frame of this kind comes.
    pub async fn until(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.next().await.unwrap();
            if frame["kind"] == kind {
                return frame;
            }
        }
    }

    /// Reads that many frames.
    pub async fn take(&mut self, count: usize) -> Vec<Value> {
        let mut frames = Vec::with_capacity(count);
        while frames.len() < count {
            frames.push(self.next().await.unwrap());
        }
        frames
    }
}

/// A server with a connected page and one customer who wrote.
pub struct Scene {
    pub installation: Installation,
    pub server: Server,
    pub meta: GraphStandIn,
    pub owner: String,
    pub account: Value,
    pub thread: String,
    pub live: Live,
}

impl Scene {
    pub async fn new(engine: Engine) -> Self {
        let (installation, meta) = (Installation::new(engine).await, GraphStandIn::start().await);
        // What customers send lies at the stand-in's own address, and receivers of webhooks are on this machine.
        let program = installation.program().env("ONETHREAD_MEDIA_ALLOW", meta.host_and_port());
        let server = installation.serve_with(program.env("ONETHREAD_WEBHOOK_ALLOW", "127.0.0.1"));
        let owner = installation.token("owner");
        let account = server.connect(&owner, &meta).await;
        let mut live = server.live(&owner, None).await;
        meta.customer_writes("7001002003004005", "hello there").await;
        let frame = live.until("message.received").await;
        let thread = frame["thread_id"].as_str().unwrap().to_owned();
        Self { installation, server, meta, owner, account, thread, live }
    }

    /// Lets somebody else write; gives their customer's id.
    pub async fn another_customer(&mut self) -> String {
        self.another_person("7001002003004999").await["customer_id"].as_str().unwrap().to_owned()
    }

    /// Lets a person write; gives the record of it.
    pub async fn another_person(&mut self, person: &str) -> Value {
        self.meta.customer_writes(person, "me too").await;
        self.live.until("message.received").await
    }

    pub async fn say(&self, text: &str, key: Option<&str>) -> Answer {
        let more: Vec<(&str, &str)> = key.map(|key| ("idempotency-key", key)).into_iter().collect();
        let path = format!("/api/v1/threads/{}/messages", self.thread);
        self.server.call("POST", &self.owner, &path, &json!({"blocks": [{"type": "text", "text": text}]}), &more).await
    }
}
