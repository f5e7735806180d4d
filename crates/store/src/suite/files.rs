//! Files: their bytes, what is known of them, and what becomes of what nobody finished.

use super::{Harness, later, now, on_both_engines};
use crate::{Created, FetchedFile, FileShape, Idempotency, NewFile, PendingFile, Store, StoreError, UploadedBytes};
use bytes::Bytes;
use futures_util::TryStreamExt;
use model::{FileId, WorkspaceId, file::FileState};
use std::{fs, ops::Range, path::PathBuf};

on_both_engines! {
    a_file_is_there_until_it_is_deleted: shared;
    a_file_is_its_workspaces_alone: shared;
    a_file_is_read_in_parts: shared;
    a_repeated_request_makes_one_file: shared;
    an_upload_that_is_given_up_leaves_nothing: shared;
    bytes_without_a_row_are_collected: shared;
    a_file_that_never_was_part_of_anything_goes: own;
    a_provider_s_file_is_fetched_once: shared;
    a_provider_s_file_that_cannot_be_had_fails_for_good: shared;
}

async fn upload(store: &Store, workspace: WorkspaceId, id: FileId, bytes: &[u8]) -> UploadedBytes {
    let mut upload = store.upload_file(workspace, id, now()).await.unwrap();
    for part in bytes.chunks(3) {
        upload.write(Bytes::copy_from_slice(part)).await.unwrap();
    }
    assert_eq!(upload.size(), bytes.len() as i64);
    upload.finish().await.unwrap()
}

fn new_file(workspace_id: WorkspaceId, id: FileId) -> NewFile {
    NewFile {
        id,
        workspace_id,
        name: "a b.png".into(),
        media_type: "image/png".into(),
        shape: FileShape { width: Some(4_000_000_000), height: Some(2), duration_ms: None },
        created_by: "agt_1".into(),
        idempotency: None,
        now: now(),
    }
}

async fn stored(harness: &Harness, bytes: &[u8]) -> FileId {
    let id = FileId(harness.id());
    let uploaded = upload(&harness.store, harness.workspace, id, bytes).await;
    let created = harness.store.create_file(new_file(harness.workspace, id), uploaded).await.unwrap();
    assert_eq!(created, Created::New(id));
    id
}

async fn bytes_of(
    store: &Store,
    workspace: WorkspaceId,
    id: FileId,
    part: Option<Range<u64>>,
) -> Result<Option<Vec<u8>>, StoreError> {
    match store.read_file(workspace, id, part).await? {
        Some(stream) => Ok(Some(stream.try_collect::<Vec<Bytes>>().await?.concat())),
        None => Ok(None),
    }
}

/// Everything in the folder for files.
fn on_disk(harness: &Harness) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![harness.config.files_dir.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found
}

async fn a_file_is_there_until_it_is_deleted(harness: Harness) {
    let (store, workspace, id) = (&harness.store, harness.workspace, FileId(harness.id()));
    let uploaded = upload(store, workspace, id, b"abc").await;
    assert_eq!(store.find_file(workspace, id).await.unwrap(), None, "bytes alone are nobody's");
    assert_eq!(store.create_file(new_file(workspace, id), uploaded).await.unwrap(), Created::New(id));
    let found = store.find_file(workspace, id).await.unwrap().unwrap();
    assert_eq!((found.size, found.state), (3, FileState::Stored));
    assert_eq!(found.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_eq!((found.name.as_str(), found.media_type.as_str()), ("a b.png", "image/png"));
    assert_eq!(found.shape, FileShape { width: Some(4_000_000_000), height: Some(2), duration_ms: None });
    assert_eq!((found.created_by.as_deref(), found.message_id, found.failure), (Some("agt_1"), None, None));
    assert_eq!(on_disk(&harness).len(), 1, "the mark is gone");

    store.delete_file(workspace, id, now()).await.unwrap();
    store.delete_file(workspace, id, now()).await.unwrap();
    assert_eq!(store.find_file(workspace, id).await.unwrap(), None);
    assert_eq!(bytes_of(store, workspace, id, None).await.unwrap(), None);
    assert_eq!(on_disk(&harness), Vec::<PathBuf>::new(), "its bytes are gone");
}

async fn a_file_is_its_workspaces_alone(harness: Harness) {
    let (store, id) = (&harness.store, stored(&harness, b"abc").await);
    let other = harness.other_workspace().await;
    let message = harness.queue(&harness.talk().await, "look").await;
    assert_eq!(store.find_file(other, id).await.unwrap(), None);
    assert_eq!(bytes_of(store, other, id, None).await.unwrap(), None);
    assert_eq!(store.attach_files(other, message, &[id]).await.unwrap(), Some(id));
    assert!(!store.delete_unused_file(other, id, later(1), now()).await.unwrap());
    store.delete_file(other, id, now()).await.unwrap();
    assert_eq!(bytes_of(store, harness.workspace, id, None).await.unwrap().unwrap(), b"abc");
}

async fn a_file_is_read_in_parts(harness: Harness) {
    let whole: Vec<u8> = (0..12_000_000_u32).map(|number| (number % 251) as u8).collect();
    let (store, workspace, id) = (&harness.store, harness.workspace, FileId(harness.id()));
    let mut upload = store.upload_file(workspace, id, now()).await.unwrap();
    for part in whole.chunks(700_001) {
        upload.write(Bytes::copy_from_slice(part)).await.unwrap();
    }
    let uploaded = upload.finish().await.unwrap();
    store.create_file(new_file(workspace, id), uploaded).await.unwrap();
    assert!(bytes_of(store, workspace, id, None).await.unwrap().unwrap() == whole);
    for part in [0..1, 5_242_879..5_242_882, 11_999_999..12_000_000] {
        let wanted = &whole[part.start as usize..part.end as usize];
        assert_eq!(bytes_of(store, workspace, id, Some(part)).await.unwrap().unwrap(), wanted);
    }
    let mut pieces = store.read_file(workspace, id, None).await.unwrap().unwrap();
    let most = pieces.try_next().await.unwrap().unwrap().len();
    assert!(most < 1_000_000, "{most} bytes at once are no stream");
}

async fn a_repeated_request_makes_one_file(harness: Harness) {
    let (store, workspace) = (&harness.store, harness.workspace);
    let with_key = async |hash: &str| {
        let id = FileId(harness.id());
        let key = Idempotency { actor_id: "agt_1".into(), key: "k".into(), request_hash: hash.into() };
        let new = NewFile { idempotency: Some(key), ..new_file(workspace, id) };
        let uploaded = upload(store, workspace, id, b"abc").await;
        (id, store.create_file(new, uploaded).await.unwrap())
    };
    let (first, created) = with_key("h1").await;
    assert_eq!(created, Created::New(first));
    let (_, again) = with_key("h1").await;
    assert_eq!(again, Created::Before(first));
    let (_, other) = with_key("h2").await;
    assert_eq!(other, Created::KeyReused);
    assert_eq!(on_disk(&harness).len(), 1, "the bytes of the repetitions are gone");
    assert_eq!(bytes_of(store, workspace, first, None).await.unwrap().unwrap(), b"abc");
}

async fn an_upload_that_is_given_up_leaves_nothing(harness: Harness) {
    let id = FileId(harness.id());
    let mut upload = harness.store.upload_file(harness.workspace, id, now()).await.unwrap();
    upload.write(Bytes::from(vec![7; 6_000_000])).await.unwrap();
    assert_eq!(on_disk(&harness).len(), 2, "a mark, and what came so far");
    upload.abort().await.unwrap();
    assert_eq!(on_disk(&harness), Vec::<PathBuf>::new());
}

async fn bytes_without_a_row_are_collected(harness: Harness) {
    let (store, workspace) = (&harness.store, harness.workspace);
    let kept = stored(&harness, b"kept").await;
    // One died between bytes and row, one while the bytes came, one between the row's going and the bytes'.
    let whole = FileId(harness.id());
    let _ = upload(store, workspace, whole, b"nobody's").await;
    let half = FileId(harness.id());
    let mut upload = store.upload_file(workspace, half, now()).await.unwrap();
    upload.write(Bytes::from_static(b"ha")).await.unwrap();
    std::mem::forget(upload);
    // And one after the row, before its mark went.
    let marked = stored(&harness, b"marked").await;
    let mark = harness.config.files_dir.join("incoming").join(format!("{}-{workspace}-{marked}", now().0));
    fs::write(mark, b"").unwrap();
    assert_eq!(on_disk(&harness).len(), 7);

    assert_eq!(store.find_file(workspace, whole).await.unwrap(), None);
    assert_eq!(store.collect_abandoned_files(now()).await.unwrap(), 0, "too young");
    assert_eq!(store.collect_abandoned_files(later(1)).await.unwrap(), 3);
    assert_eq!(store.collect_abandoned_files(later(1)).await.unwrap(), 0);
    assert_eq!(on_disk(&harness).len(), 2);
    for (id, bytes) in [(kept, "kept"), (marked, "marked")] {
        assert_eq!(bytes_of(store, workspace, id, None).await.unwrap().unwrap(), bytes.as_bytes());
    }
}

async fn a_file_that_never_was_part_of_anything_goes(harness: Harness) {
    let (store, workspace) = (&harness.store, harness.workspace);
    let (unused, used) = (stored(&harness, b"unused").await, stored(&harness, b"used").await);
    let talk = harness.talk().await;
    let message = harness.queue(&talk, "look").await;
    assert_eq!(store.list_unused_files(now(), 10).await.unwrap(), [], "too young");
    assert_eq!(store.list_unused_files(later(1), 1).await.unwrap().len(), 1);
    let nowhere = FileId(harness.id());
    assert_eq!(store.attach_files(workspace, message, &[used, nowhere]).await.unwrap(), Some(nowhere));
    assert_eq!(store.list_unused_files(later(1), 10).await.unwrap().len(), 2, "all of them or none");
    assert_eq!(store.attach_files(workspace, message, &[used]).await.unwrap(), None);
    // The same file in another message stays with the first.
    let another = harness.queue(&talk, "look again").await;
    assert_eq!(store.attach_files(workspace, another, &[used]).await.unwrap(), None);
    assert_eq!(store.find_file(workspace, used).await.unwrap().unwrap().message_id, Some(message));

    assert_eq!(store.list_unused_files(later(1), 10).await.unwrap(), [(workspace, unused)]);
    assert!(!store.delete_unused_file(workspace, used, later(1), now()).await.unwrap(), "used meanwhile");
    assert!(!store.delete_unused_file(workspace, unused, now(), now()).await.unwrap(), "too young");
    assert!(store.delete_unused_file(workspace, unused, later(1), now()).await.unwrap());
    assert_eq!(store.find_file(workspace, unused).await.unwrap(), None);
    assert_eq!(on_disk(&harness).len(), 1);
    assert_eq!(bytes_of(store, workspace, used, None).await.unwrap().unwrap(), b"used");
}

fn pending(harness: &Harness) -> PendingFile {
    PendingFile {
        id: FileId(harness.id()),
        workspace_id: harness.workspace,
        name: "image".into(),
        media_type: "image/jpeg".into(),
        source_url: "https://cdn.example/picture?sig=hush".into(),
        shape: FileShape { duration_ms: Some(1_500), ..FileShape::default() },
        message_id: None,
        now: now(),
    }
}

async fn a_provider_s_file_is_fetched_once(harness: Harness) {
    let (store, workspace) = (&harness.store, harness.workspace);
    let message = harness.queue(&harness.talk().await, "look").await;
    let file = PendingFile { message_id: Some(message), ..pending(&harness) };
    let id = file.id;
    for _ in 0..2 {
        store.create_pending_file(file.clone()).await.unwrap();
    }
    let waiting = store.find_file(workspace, id).await.unwrap().unwrap();
    assert_eq!((waiting.state, waiting.size, waiting.message_id), (FileState::Fetching, 0, Some(message)));
    let source = store.find_file_source(workspace, id).await.unwrap();
    assert_eq!(source.as_deref(), Some("https://cdn.example/picture?sig=hush"));
    assert_eq!(store.find_file_source(harness.other_workspace().await, id).await.unwrap(), None);
    let column = harness.raw("SELECT source_url FROM file WHERE id = $1", &[id.0.into()]).await;
    assert!(column[0].starts_with("1.") && !column[0].contains("hush"), "sealed: {column:?}");

    let fetched = FetchedFile {
        name: "image.png".into(),
        media_type: "image/png".into(),
        shape: FileShape { width: Some(3), height: Some(2), duration_ms: None },
    };
    let uploaded = upload(store, workspace, id, b"png").await;
    assert!(store.complete_file(workspace, id, fetched.clone(), uploaded).await.unwrap());
    let here = store.find_file(workspace, id).await.unwrap().unwrap();
    assert_eq!((here.state, here.size, here.media_type.as_str()), (FileState::Stored, 3, "image/png"));
    assert_eq!(here.shape, FileShape { width: Some(3), height: Some(2), duration_ms: Some(1_500) });
    assert_eq!(store.find_file_source(workspace, id).await.unwrap(), None);
    assert_eq!(harness.raw("SELECT source_url FROM file WHERE id = $1", &[id.0.into()]).await, [""]);
    let uploaded = upload(store, workspace, id, b"png").await;
    assert!(!store.complete_file(workspace, id, fetched.clone(), uploaded).await.unwrap());
    assert!(!store.fail_file(workspace, id, "expired").await.unwrap());
    assert_eq!(bytes_of(store, workspace, id, None).await.unwrap().unwrap(), b"png");

    // Erased while it was fetched: the bytes do not stay behind.
    store.delete_file(workspace, id, now()).await.unwrap();
    let uploaded = upload(store, workspace, id, b"png").await;
    assert!(!store.complete_file(workspace, id, fetched, uploaded).await.unwrap());
    assert_eq!(on_disk(&harness), Vec::<PathBuf>::new());
}

async fn a_provider_s_file_that_cannot_be_had_fails_for_good(harness: Harness) {
    let (store, workspace, file) = (&harness.store, harness.workspace, pending(&harness));
    let id = file.id;
    store.create_pending_file(file).await.unwrap();
    assert!(!store.fail_file(harness.other_workspace().await, id, "expired").await.unwrap());
    assert!(store.fail_file(workspace, id, "expired").await.unwrap());
    assert!(!store.fail_file(workspace, id, "too_large").await.unwrap());
    let failed = store.find_file(workspace, id).await.unwrap().unwrap();
    assert_eq!((failed.state, failed.failure.as_deref()), (FileState::Failed, Some("expired")));
    assert_eq!(harness.raw("SELECT source_url FROM file WHERE id = $1", &[id.0.into()]).await, [""]);
    let signature = store.keyring().sign("files", "x");
    assert!(harness.reopen().await.keyring().verify("files", "x", &signature), "every node has the same keys");
}
