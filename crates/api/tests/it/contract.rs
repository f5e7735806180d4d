//! The contract's files lie in the repository, and are those that the code gives.

use std::{fs, path::PathBuf};

fn compare(name: &str, fresh: &str) {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../contract")).join(name);
    if std::env::var_os("UPDATE_CONTRACT").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        // Written only when it changed, so that whatever watches the file stays quiet.
        if fs::read_to_string(&path).ok().as_deref() != Some(fresh) {
            fs::write(&path, fresh).unwrap();
        }
        return;
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == fresh, "contract/{name} is stale: run `make generate` and commit it");
}

#[test]
fn the_contract_is_fresh() {
    compare("openapi.json", &api::openapi::document_text().unwrap());
}

#[test]
fn the_contract_of_frames_is_fresh() {
    compare("live.schema.json", &api::openapi::live_schema_text().unwrap());
}
