//! Files: their bytes, what is known of them, and what becomes of what nobody finished.

use super::{Harness, later, now, on_both_engines, world::Talk};
use crate::{
    Created, EventFact, FETCH_MEDIA, FetchedFile, FileShape, Idempotency, NewContent, NewFile, NewMedia, NewMessage,
    Store, StoreError, UploadedBytes,
};
use bytes::Bytes;
use futures_util::TryStreamExt;
use model::{
    Block, EntryId, FileId, JobId, MessageId, WorkspaceId,
    block::Media,
    entry::EntryBody,
    file::{FileFailure, FileState},
    log::LogKind,
    operation::Job,
};
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
    a_provider_s_file_that_cannot_be_had_is_told: own;
    new_words_and_a_file_that_arrives_do_not_undo_each_other: shared;
    a_message_that_is_told_twice_has_its_files_once: shared;
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
    let talk = harness.talk_on(&harness.page_of(other, "elsewhere", "another app").await).await;
    assert_eq!(store.find_file(other, id).await.unwrap(), None);
    assert_eq!(bytes_of(store, other, id, None).await.unwrap(), None);
    let elsewhere = NewMessage { files: vec![id], ..harness.answer(&talk, "look") };
    assert!(store.create_message(elsewhere).await.is_err(), "nobody sends what is another's");
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
    assert_eq!(store.list_unused_files(now(), 10).await.unwrap(), [], "too young");
    assert_eq!(store.list_unused_files(later(1), 1).await.unwrap().len(), 1);
    let nowhere = FileId(harness.id());
    let with = |files: &[FileId]| NewMessage { files: files.to_vec(), ..harness.answer(&talk, "look") };
    assert!(store.create_message(with(&[used, nowhere])).await.is_err());
    assert_eq!(store.list_unused_files(later(1), 10).await.unwrap().len(), 2, "all of them or none");
    let first = with(&[used]);
    let message = first.id;
    store.create_message(first).await.unwrap();
    // The same file in another message stays with the first.
    store.create_message(with(&[used])).await.unwrap();
    assert_eq!(store.find_file(workspace, used).await.unwrap().unwrap().message_id, Some(message));

    assert_eq!(store.list_unused_files(later(1), 10).await.unwrap(), [(workspace, unused)]);
    assert!(!store.delete_unused_file(workspace, used, later(1), now()).await.unwrap(), "used meanwhile");
    assert!(!store.delete_unused_file(workspace, unused, now(), now()).await.unwrap(), "too young");
    assert!(store.delete_unused_file(workspace, unused, later(1), now()).await.unwrap());
    assert_eq!(store.find_file(workspace, unused).await.unwrap(), None);
    assert_eq!(on_disk(&harness).len(), 1);
    assert_eq!(bytes_of(store, workspace, used, None).await.unwrap().unwrap(), b"used");
}

/// A picture that came with a customer's message: the message and the picture's id.
async fn arrived(harness: &Harness) -> (Talk, MessageId, FileId) {
    let talk = harness.talk().await;
    let (id, job_id) = (FileId(harness.id()), JobId(harness.id()));
    let source_url = "https://cdn.example/picture?sig=hush".into();
    let media = vec![NewMedia { id, job_id, name: "image".into(), source_url }];
    let blocks = vec![Block::text("look"), Block::Image(Media::fetching(id))];
    let content = NewContent { blocks, media, ..harness.content("") };
    let message = content.message_id;
    harness.happen(&talk, EventFact::Message { external_id: format!("picture-{}", id.0), content }).await;
    (talk, message, id)
}

/// The picture of a message, as the message tells it.
async fn told(harness: &Harness, message: MessageId) -> Media {
    let entry = harness.store.find_message_entry(harness.workspace, message).await.unwrap().unwrap();
    let EntryBody::Message(told) = entry.body else { panic!("a message") };
    told.blocks[1].media().unwrap().clone()
}

async fn job_of(harness: &Harness, id: FileId) -> Option<Job> {
    harness.store.find_job_of(harness.workspace, FETCH_MEDIA, id.0).await.unwrap()
}

/// The kinds of the log's records about a file, oldest first.
async fn records(harness: &Harness, id: FileId) -> Vec<LogKind> {
    let log = harness.log(harness.workspace).await;
    log.iter().filter(|record| record.subject_id == Some(id.to_string())).map(|record| record.kind).collect()
}

async fn a_provider_s_file_is_fetched_once(harness: Harness) {
    let (store, workspace) = (&harness.store, harness.workspace);
    let (_, message, id) = arrived(&harness).await;
    let waiting = store.find_file(workspace, id).await.unwrap().unwrap();
    assert_eq!((waiting.state, waiting.size, waiting.message_id), (FileState::Fetching, 0, Some(message)));
    assert_eq!(told(&harness, message).await.state, FileState::Fetching);
    assert_eq!(job_of(&harness, id).await.unwrap().subject_id, id.to_string());
    let pending = store.find_pending_file(workspace, id).await.unwrap().unwrap();
    assert_eq!((pending.name.as_str(), pending.created_at), ("image", now()));
    assert_eq!(pending.source_url, "https://cdn.example/picture?sig=hush");
    assert!(store.find_pending_file(harness.other_workspace().await, id).await.unwrap().is_none());
    let column = harness.raw("SELECT source_url FROM file WHERE id = $1", &[id.0.into()]).await;
    assert!(column[0].starts_with("1.") && !column[0].contains("hush"), "sealed: {column:?}");

    let fetched = FetchedFile {
        name: "image.png".into(),
        media_type: "image/png".into(),
        shape: FileShape { width: Some(3), height: Some(2), duration_ms: None },
    };
    let uploaded = upload(store, workspace, id, b"png").await;
    assert!(store.complete_file((workspace, id), fetched.clone(), uploaded, now()).await.unwrap());
    let here = store.find_file(workspace, id).await.unwrap().unwrap();
    assert_eq!((here.state, here.size, here.media_type.as_str()), (FileState::Stored, 3, "image/png"));
    let shown = told(&harness, message).await;
    assert_eq!((shown.state, shown.size, shown.width, shown.height), (FileState::Stored, Some(3), Some(3), Some(2)));
    assert_eq!((shown.name.as_deref(), shown.media_type.as_deref()), (Some("image.png"), Some("image/png")));
    assert!(store.find_pending_file(workspace, id).await.unwrap().is_none());
    assert_eq!(job_of(&harness, id).await, None);
    assert_eq!(records(&harness, id).await, [LogKind::MessageMediaStored]);
    assert_eq!(harness.raw("SELECT source_url FROM file WHERE id = $1", &[id.0.into()]).await, [""]);
    let uploaded = upload(store, workspace, id, b"png").await;
    assert!(!store.complete_file((workspace, id), fetched.clone(), uploaded, now()).await.unwrap());
    assert!(!store.fail_file(workspace, id, FileFailure::Expired, now()).await.unwrap());
    assert_eq!(records(&harness, id).await, [LogKind::MessageMediaStored], "told once");
    assert_eq!(bytes_of(store, workspace, id, None).await.unwrap().unwrap(), b"png");

    // Erased while it was fetched: the bytes do not stay behind.
    store.delete_file(workspace, id, now()).await.unwrap();
    let uploaded = upload(store, workspace, id, b"png").await;
    assert!(!store.complete_file((workspace, id), fetched, uploaded, now()).await.unwrap());
    assert_eq!(on_disk(&harness), Vec::<PathBuf>::new());
}

async fn new_words_and_a_file_that_arrives_do_not_undo_each_other(harness: Harness) {
    let (store, workspace) = (&harness.store, harness.workspace);
    let (talk, message, id) = arrived(&harness).await;
    let uploaded = upload(store, workspace, id, b"png").await;
    let fetched = FetchedFile { name: "a.png".into(), media_type: "image/png".into(), shape: FileShape::default() };
    let edited = EventFact::Edited {
        external_id: format!("picture-{}", id.0),
        text: "look here".into(),
        number: 1,
        entry_id: EntryId(harness.id()),
    };
    let completed = store.complete_file((workspace, id), fetched, uploaded, now());
    let (completed, ()) = tokio::join!(completed, harness.happen(&talk, edited));
    assert!(completed.unwrap());
    assert_eq!(told(&harness, message).await.state, FileState::Stored);
    let entry = store.find_message_entry(workspace, message).await.unwrap().unwrap();
    let EntryBody::Message(shown) = entry.body else { panic!("a message") };
    assert_eq!(shown.blocks[0], Block::text("look here"));
}

async fn a_message_that_is_told_twice_has_its_files_once(harness: Harness) {
    let (talk, message, id) = arrived(&harness).await;
    let file = NewMedia {
        id: FileId(harness.id()),
        job_id: JobId(harness.id()),
        name: "image".into(),
        source_url: "https://cdn.example/again".into(),
    };
    let content = NewContent { media: vec![file.clone()], ..harness.content("look") };
    harness.happen(&talk, EventFact::Message { external_id: format!("picture-{}", id.0), content }).await;
    assert_eq!(harness.store.find_file(harness.workspace, file.id).await.unwrap(), None);
    assert_eq!(job_of(&harness, file.id).await, None);
    assert_eq!(told(&harness, message).await.file_id, id);
}

async fn a_provider_s_file_that_cannot_be_had_is_told(harness: Harness) {
    let (store, workspace) = (&harness.store, harness.workspace);
    let (_, message, id) = arrived(&harness).await;
    let (other, job) = (harness.other_workspace().await, JobId(harness.id()));
    assert!(!store.fail_file(other, id, FileFailure::Expired, now()).await.unwrap());
    assert!(!store.retry_file((workspace, id), job, "agt_1", now()).await.unwrap(), "it is being tried");
    assert!(store.fail_file(workspace, id, FileFailure::Unreachable, now()).await.unwrap());
    assert!(!store.fail_file(workspace, id, FileFailure::TooLarge, now()).await.unwrap());
    let failed = store.find_file(workspace, id).await.unwrap().unwrap();
    assert_eq!((failed.state, failed.failure), (FileState::Failed, Some(FileFailure::Unreachable)));
    assert_eq!(told(&harness, message).await.failure, Some(FileFailure::Unreachable));
    assert_eq!(job_of(&harness, id).await, None);

    assert!(!store.retry_file((other, id), job, "agt_1", now()).await.unwrap());
    assert!(store.retry_file((workspace, id), job, "agt_1", now()).await.unwrap());
    assert!(job_of(&harness, id).await.is_some());
    let again = told(&harness, message).await;
    assert_eq!((again.state, again.failure), (FileState::Fetching, None));
    assert!(store.find_pending_file(workspace, id).await.unwrap().is_some(), "the address is known still");

    assert!(store.fail_file(workspace, id, FileFailure::Unreachable, now()).await.unwrap());
    assert_eq!(store.forget_file_sources(now(), 10).await.unwrap(), 0, "too young");
    assert_eq!(store.forget_file_sources(later(1), 10).await.unwrap(), 1);
    assert!(!store.retry_file((workspace, id), JobId(harness.id()), "agt_1", now()).await.unwrap());
    assert_eq!(records(&harness, id).await, [LogKind::MessageMediaFailed; 3]);

    let (_, _, gone) = arrived(&harness).await;
    assert!(store.fail_file(workspace, gone, FileFailure::Expired, now()).await.unwrap());
    assert!(!store.retry_file((workspace, gone), JobId(harness.id()), "agt_1", now()).await.unwrap());
    assert_eq!(harness.raw("SELECT source_url FROM file WHERE id = $1", &[gone.0.into()]).await, [""]);
    let signature = store.keyring().sign("files", "x");
    assert!(harness.reopen().await.keyring().verify("files", "x", &signature), "every node has the same keys");
}
