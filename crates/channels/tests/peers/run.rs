//! Runs `tests/peers/peers.mjs`.

use serde_json::Value;
use std::path::PathBuf;
use tokio::{io::AsyncWriteExt, process::Command};

/// Gives one request to the script and its answer back.
pub async fn ask(request: &Value) -> Value {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/peers");
    assert!(
        folder.join("node_modules").is_dir(),
        "the packages to compare with are not installed: run crates/channels/tests/peers/install.sh"
    );
    let mut node = Command::new("node")
        .arg("peers.mjs")
        .current_dir(folder)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("node runs");
    let mut input = node.stdin.take().expect("standard input is piped");
    input.write_all(request.to_string().as_bytes()).await.expect("the script reads");
    drop(input);
    let output = node.wait_with_output().await.expect("the script ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("the script answers in JSON")
}
