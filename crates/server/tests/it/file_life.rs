//! How long a file's address holds and how long an unused file stays, by a clock that the test moves.

use crate::harness::{Engine, Installation, on_both_engines};
use api::ApiConfig;
use axum::{Router, body::Body, http::Request, http::StatusCode};
use bytes::Bytes;
use futures_util::stream;
use model::{FileId, Role, Timestamp, TokenId, WorkspaceId, file::File};
use service::{
    Actor, Caller, Clock, ServiceConfig, ServiceError, Services, TestClock,
    files::{self, NewUpload},
    housekeeping,
};
use std::{fs, path::PathBuf, sync::Arc};
use store::{Database, Keyring, SecretKey, Store, StoreConfig};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

on_both_engines!(an_address_ends, a_file_of_another_workspace_has_another_address, an_unused_file_goes);

const HOUR: i64 = 3_600_000;
/// The beginning of an hour.
const START: i64 = 497_222 * HOUR;

/// The use cases and their HTTP face in this process.
struct Desk {
    services: Services,
    clock: Arc<TestClock>,
    store: Store,
    router: Router,
    caller: Caller,
    files: PathBuf,
    _installation: Installation,
}

impl Desk {
    async fn new(engine: Engine) -> Self {
        let installation = Installation::new(engine).await;
        fs::create_dir_all(installation.data()).unwrap();
        let files = installation.data().join("files");
        let database = match installation.database() {
            Some(url) => Database::Postgres { url: url.to_owned() },
            None => Database::Sqlite { path: installation.data().join("onethread.db") },
        };
        let keys = Keyring::new(SecretKey::generate().unwrap(), Vec::new());
        let config = StoreConfig { database, keys, files_dir: files.clone(), now: || START };
        let store = Store::open(config).await.unwrap();
        let clock = Arc::new(TestClock::at(Timestamp(START)));
        let channels = server::registry::channels().unwrap();
        let services = Services::new(store.clone(), channels, clock.clone(), ServiceConfig::default()).await.unwrap();
        let (stop, tracker) = (CancellationToken::new(), TaskTracker::new());
        let metrics = api::observe::install_metrics();
        let config = ApiConfig { public_url: None, trusted_proxy: false, metrics, stop, tracker };
        let (router, _) = api::router(services.clone(), config);
        let caller = Self::member(&store, "Ours").await;
        Self { services, clock, store, router, caller, files, _installation: installation }
    }

    /// Somebody of a new workspace.
    async fn member(store: &Store, name: &str) -> Caller {
        let workspace_id = WorkspaceId(store.new_id().unwrap());
        store.create_workspace(workspace_id, name, Timestamp(START)).await.unwrap();
        Caller {
            workspace_id,
            actor: Actor::Token(TokenId(1)),
            role: Role::Agent,
            name: "program".into(),
            credential_hash: String::new(),
        }
    }

    async fn upload(&self, caller: &Caller) -> File {
        let bytes = stream::iter([Ok::<_, ServiceError>(Bytes::from_static(b"hello"))]);
        let new = NewUpload { name: "a.txt".into(), ..NewUpload::default() };
        files::create_file(&self.services, caller, new, bytes).await.unwrap()
    }

    async fn open(&self, url: &str) -> StatusCode {
        let request = Request::get(url).body(Body::empty()).unwrap();
        self.router.clone().oneshot(request).await.unwrap().status()
    }

    fn on_disk(&self) -> usize {
        let folders = fs::read_dir(&self.files).unwrap().map(|folder| folder.unwrap().path());
        folders.map(|folder| fs::read_dir(folder).unwrap().count()).sum()
    }
}

async fn an_address_ends(engine: Engine) {
    let desk = Desk::new(engine).await;
    let file = desk.upload(&desk.caller).await;
    let (id, url) = (file.id, file.url.unwrap());
    assert_eq!(file.url_expires_at, Some(Timestamp(START + 2 * HOUR)));
    desk.clock.advance_millis(HOUR - 1);
    let again = files::get_file(&desk.services, &desk.caller, id).await.unwrap();
    assert_eq!(again.url.as_ref(), Some(&url), "a browser keeps what it has");
    desk.clock.advance_millis(1);
    let fresh = files::get_file(&desk.services, &desk.caller, id).await.unwrap().url.unwrap();
    assert_ne!(fresh, url);
    assert_eq!(desk.open(&url).await, StatusCode::OK);
    desk.clock.advance_millis(HOUR - 1);
    assert_eq!(desk.open(&url).await, StatusCode::OK);
    desk.clock.advance_millis(1);
    assert_eq!(desk.open(&url).await, StatusCode::GONE);
    assert_eq!(desk.open(&fresh).await, StatusCode::OK);
    let forged = url.replace("expires=17", "expires=18");
    assert_ne!(forged, url);
    assert_eq!(desk.open(&forged).await, StatusCode::FORBIDDEN, "not even told that it ended");

    let many = files::urls(&desk.services, desk.caller.workspace_id, &[id, FileId(7)]);
    assert_eq!(many.len(), 2);
    assert_eq!(many[&id], files::sign_file_url(&desk.services, desk.caller.workspace_id, id, None));
    assert_eq!(desk.open(&many[&id]).await, StatusCode::OK);
    assert_eq!(desk.open(&many[&FileId(7)]).await, StatusCode::NOT_FOUND);
}

async fn a_file_of_another_workspace_has_another_address(engine: Engine) {
    let desk = Desk::new(engine).await;
    let theirs = Desk::member(&desk.store, "Theirs").await;
    let (ours, file) = (desk.caller.workspace_id, desk.upload(&theirs).await);
    assert!(matches!(files::get_file(&desk.services, &desk.caller, file.id).await, Err(ServiceError::NotFound)));
    let lead_nowhere = files::sign_file_url(&desk.services, ours, file.id, None);
    assert_eq!(desk.open(&lead_nowhere).await, StatusCode::NOT_FOUND, "signed, for a file that we do not have");
    // The signature of one with the workspace of the other.
    let digits = |url: &str| url.split("signature=").nth(1).unwrap()[..13].to_owned();
    let right = file.url.unwrap();
    let forged = lead_nowhere.replace(&digits(&lead_nowhere), &digits(&right));
    assert_eq!(desk.open(&forged).await, StatusCode::FORBIDDEN);
    assert_eq!(desk.open(&right).await, StatusCode::OK);
}

async fn an_unused_file_goes(engine: Engine) {
    let desk = Desk::new(engine).await;
    let file = desk.upload(&desk.caller).await;
    // Another process died between the bytes and the row.
    let orphan = FileId(desk.store.new_id().unwrap());
    let mut bytes = desk.store.upload_file(desk.caller.workspace_id, orphan, desk.clock.now()).await.unwrap();
    bytes.write(Bytes::from_static(b"orphan")).await.unwrap();
    drop(bytes.finish().await.unwrap());
    assert_eq!(desk.on_disk(), 3, "two files, and the mark of the one");
    let url = files::sign_file_url(&desk.services, desk.caller.workspace_id, orphan, None);
    assert_eq!(desk.open(&url).await, StatusCode::NOT_FOUND, "bytes without a row are not there");

    desk.clock.advance_millis(24 * HOUR);
    housekeeping::tidy(&desk.services).await.unwrap();
    assert_eq!(desk.on_disk(), 3, "a day is not over");
    desk.clock.advance_millis(1);
    housekeeping::tidy(&desk.services).await.unwrap();
    assert_eq!(desk.on_disk(), 0);
    assert!(matches!(files::get_file(&desk.services, &desk.caller, file.id).await, Err(ServiceError::NotFound)));
}
