//! Files and what is known of them.

use super::{Harness, now, on_both_engines};
use bytes::Bytes;
use model::FileId;

on_both_engines! {
    a_file_is_there_until_it_is_deleted: shared;
    a_file_is_its_workspaces_alone: shared;
}

async fn a_file_is_there_until_it_is_deleted(harness: Harness) {
    let (store, workspace, id) = (&harness.store, harness.workspace, FileId(harness.id()));
    let bytes = Bytes::from_static(b"abc");
    let made = store.create_file(workspace, id, "../../a b.txt", "text/plain", bytes.clone(), now()).await.unwrap();
    assert_eq!(made.size, 3);
    assert_eq!(made.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_eq!(store.find_file(workspace, id).await.unwrap(), Some(made.clone()));
    assert_eq!(store.find_file_bytes(workspace, id).await.unwrap(), Some(bytes.clone()));
    let again = store.create_file(workspace, id, "../../a b.txt", "text/plain", bytes, now()).await.unwrap();
    assert_eq!(again, made, "the same command, run again");

    store.delete_file(workspace, id).await.unwrap();
    store.delete_file(workspace, id).await.unwrap();
    assert_eq!(store.find_file(workspace, id).await.unwrap(), None);
    assert_eq!(store.find_file_bytes(workspace, id).await.unwrap(), None);
    let left = std::fs::read_dir(harness.config.files_dir.join(workspace.to_string())).map_or(0, Iterator::count);
    assert_eq!(left, 0, "its bytes are gone");
}

async fn a_file_is_its_workspaces_alone(harness: Harness) {
    let (store, id) = (&harness.store, FileId(harness.id()));
    let other = harness.other_workspace().await;
    let bytes = Bytes::from_static(b"abc");
    store.create_file(harness.workspace, id, "a", "text/plain", bytes, now()).await.unwrap();
    assert_eq!(store.find_file(other, id).await.unwrap(), None);
    assert_eq!(store.find_file_bytes(other, id).await.unwrap(), None);
    store.delete_file(other, id).await.unwrap();
    assert!(store.find_file_bytes(harness.workspace, id).await.unwrap().is_some());
}
