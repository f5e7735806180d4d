//! Whatever bytes come: `split` and `interpret` do not panic, and what `split` gives keeps its promises.
#![no_main]

use channels::messenger::inbound::{interpret, split};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    if let Ok(text) = std::str::from_utf8(body) {
        let _ = interpret(text);
    }
    let Ok(events) = split(body) else { return };
    assert_eq!(split(body).as_ref(), Ok(&events), "a replay gives the same events");
    for event in &events {
        assert!(!event.key.is_empty() && event.key.len() <= 200, "a key fits into an index");
        assert!(!event.key.contains('\0') && !event.person.contains('\0') && !event.address.contains('\0'));
        let inbound = interpret(&event.payload);
        assert_eq!(inbound.sender.as_deref().unwrap_or_default(), event.person, "the lane is the customer's");
        assert_ne!(inbound.fact, channel::Fact::NotShown { what: "unreadable".into() });
    }
});
