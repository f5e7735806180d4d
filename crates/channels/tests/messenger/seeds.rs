//! The seeds of the fuzzer, replayed: what it once found stays found.

use super::messenger;
use channel::Channel;
use std::path::PathBuf;

#[test]
fn every_seed_is_read_without_a_fall() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/messenger");
    let messenger = messenger();
    let mut count = 0;
    for file in std::fs::read_dir(&folder).expect("the seeds are part of the repository") {
        let body = std::fs::read(file.unwrap().path()).unwrap();
        let _ = messenger.interpret(&String::from_utf8_lossy(&body));
        for event in messenger.split(&body).unwrap_or_default() {
            assert!(!event.key.is_empty());
            let _ = messenger.interpret(&event.payload);
        }
        count += 1;
    }
    assert!(count >= 12, "{count} bodies");
}
