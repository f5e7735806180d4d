//! The rules that every adapter keeps, as functions that each adapter's tests call.
//!
//! A function gives a [`Violation`] that names the rule and what broke it, so that a test can also show that the suite
//! finds a broken adapter. The suite knows no channel: the adapter's tests hand over signed bodies, spellings of the
//! same events, and accounts whose provider answers in a known way.
//!
//! Behind the feature `conformance`, for tests only.

mod content;

pub use content::{
    ProviderSide, every_capability_is_rendered_and_read_back, forms, media_never_comes_by_provider_address,
    receipts_are_monotonic,
};

use crate::{Account, Channel, Fact, Outbound, SendOutcome, SplitEvent};
use http::{HeaderMap, HeaderName, HeaderValue};
use model::Block;
use proptest::{
    prelude::*,
    test_runner::{Config, TestCaseError, TestRunner},
};
use std::collections::{BTreeMap, BTreeSet};

/// A rule that was broken, and how.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{rule}: {detail}")]
pub struct Violation {
    /// The rule's name, the same as the function's.
    pub rule: &'static str,
    /// What showed it.
    pub detail: String,
}

fn ensure(holds: bool, rule: &'static str, detail: impl FnOnce() -> String) -> Result<(), Violation> {
    if holds { Ok(()) } else { Err(Violation { rule, detail: detail() }) }
}

/// A body with the headers under which the provider sends it.
#[derive(Debug, Clone)]
pub struct Signed {
    /// The headers, the signature among them.
    pub headers: HeaderMap,
    /// Which of them is the signature.
    pub signature: HeaderName,
    /// The exact bytes.
    pub body: Vec<u8>,
}

/// A rightly signed body is accepted; without a signature, or with a cut, lengthened, empty, blank or changed one, or
/// with any other body, it is refused.
///
/// # Errors
/// The [`Violation`].
pub fn bad_signatures_are_refused(channel: &dyn Channel, account: &Account, signed: &Signed) -> Result<(), Violation> {
    const RULE: &str = "bad_signatures_are_refused";
    let given = signed.headers.get(&signed.signature).map(|value| value.as_bytes().to_vec()).unwrap_or_default();
    let verify = |signature: Option<Vec<u8>>, body: &[u8]| {
        let mut headers = signed.headers.clone();
        headers.remove(&signed.signature);
        if let Some(value) = signature.and_then(|bytes| HeaderValue::from_bytes(&bytes).ok()) {
            headers.insert(signed.signature.clone(), value);
        }
        channel.verify(account, &headers, body)
    };
    ensure(verify(Some(given.clone()), &signed.body), RULE, || "the right signature is refused".into())?;
    ensure(!verify(None, &signed.body), RULE, || "a missing signature is accepted".into())?;
    ensure(!verify(Some(Vec::new()), &signed.body), RULE, || "an empty signature is accepted".into())?;
    ensure(!verify(Some(vec![b' '; given.len()]), &signed.body), RULE, || "a blank signature is accepted".into())?;
    for length in 1..given.len() {
        let cut = given[..length].to_vec();
        ensure(!verify(Some(cut), &signed.body), RULE, || format!("a signature cut to {length} bytes is accepted"))?;
    }
    for more in [&b"0"[..], b"00", &given] {
        let long = [&given, more].concat();
        ensure(!verify(Some(long), &signed.body), RULE, || "a lengthened signature is accepted".into())?;
    }
    for place in 0..given.len() {
        let mut changed = given.clone();
        // Another digit or letter of the same kind, so that it stays well formed wherever it can.
        changed[place] = match changed[place] {
            b'0' => b'1',
            byte if byte.is_ascii_digit() => b'0',
            b'a' => b'b',
            byte if byte.is_ascii_lowercase() => b'a',
            b'A' => b'B',
            _ => b'A',
        };
        ensure(!verify(Some(changed), &signed.body), RULE, || format!("a change at byte {place} is accepted"))?;
    }
    for place in 0..signed.body.len() {
        let mut body = signed.body.clone();
        body[place] ^= 1;
        ensure(!verify(Some(given.clone()), &body), RULE, || format!("another body (byte {place}) is accepted"))?;
    }
    let longer = [&signed.body[..], b"\n"].concat();
    ensure(!verify(Some(given.clone()), &longer), RULE, || "a longer body is accepted".into())?;
    ensure(!verify(Some(given.clone()), b""), RULE, || "an empty body is accepted".into())?;
    let stranger = Account { secrets: BTreeMap::new(), ..account.clone() };
    ensure(!channel.verify(&stranger, &signed.headers, &signed.body), RULE, || {
        "an account without secrets accepts it".into()
    })
}

/// The same body gives the same events, and no two events of it the same key.
///
/// # Errors
/// The [`Violation`].
pub fn replay_gives_the_same_keys(channel: &dyn Channel, body: &[u8]) -> Result<(), Violation> {
    const RULE: &str = "replay_gives_the_same_keys";
    let (first, again) = (split(channel, body, RULE)?, split(channel, body, RULE)?);
    ensure(first == again, RULE, || format!("{:?} became {:?}", keys(&first), keys(&again)))?;
    ensure(keys(&first).len() == first.len(), RULE, || format!("keys are not distinct or empty: {first:?}"))
}

/// The same events, cut into other bodies, in another order or with other times of sending, keep their keys, their
/// persons and their meaning. Each item of `spellings` is the list of bodies that holds all the events once.
///
/// # Errors
/// The [`Violation`].
pub fn rebatching_gives_the_same_keys(channel: &dyn Channel, spellings: &[Vec<Vec<u8>>]) -> Result<(), Violation> {
    const RULE: &str = "rebatching_gives_the_same_keys";
    let mut first: Option<BTreeMap<(String, String), (String, crate::Inbound)>> = None;
    for bodies in spellings {
        let mut events = BTreeMap::new();
        for body in bodies {
            for event in split(channel, body, RULE)? {
                let meaning = channel.interpret(&event.payload);
                events.insert((event.address, event.key), (event.person, meaning));
            }
        }
        match &first {
            None => first = Some(events),
            Some(known) => {
                ensure(*known == events, RULE, || format!("{:?} became {:?}", known.keys(), events.keys()))?;
            }
        }
    }
    ensure(first.is_some_and(|events| !events.is_empty()), RULE, || "there was nothing to compare".into())
}

/// Receipts and echoes carry no words and open no window: each event of these bodies is one of them.
///
/// # Errors
/// The [`Violation`].
pub fn receipts_carry_no_text(channel: &dyn Channel, bodies: &[Vec<u8>]) -> Result<(), Violation> {
    const RULE: &str = "receipts_carry_no_text";
    for body in bodies {
        for event in split(channel, body, RULE)? {
            let inbound = channel.interpret(&event.payload);
            let is_receipt = matches!(inbound.fact, Fact::Delivered { .. } | Fact::Read { .. } | Fact::Echo { .. });
            ensure(is_receipt, RULE, || format!("{} became {:?}", event.key, inbound.fact))?;
            ensure(inbound.opens_window_millis.is_none(), RULE, || format!("{} opens a window", event.key))?;
        }
    }
    Ok(())
}

/// No text and no bytes, be they arbitrary or damaged copies of real ones, make `split` or `interpret` panic.
///
/// # Errors
/// The [`Violation`], with the smallest text found.
pub fn interpret_never_panics(channel: &dyn Channel, bodies: &[Vec<u8>], cases: u32) -> Result<(), Violation> {
    const RULE: &str = "interpret_never_panics";
    let mut payloads = vec![String::new()];
    for body in bodies {
        payloads.extend(split(channel, body, RULE)?.into_iter().map(|event| event.payload));
    }
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new(config);
    let damage = (any::<proptest::sample::Index>(), any::<proptest::sample::Index>(), 0_usize..4, ".{0,3}");
    let texts = prop_oneof![
        ".*".prop_map(|text: String| (text, Vec::new())),
        (proptest::sample::select(payloads), proptest::collection::vec(damage, 1..4)),
    ];
    let outcome = runner.run(&texts, |(text, damages)| {
        let mut letters: Vec<char> = text.chars().collect();
        for (from, to, how, insert) in damages {
            if letters.is_empty() {
                break;
            }
            let (from, to) = (from.index(letters.len()), to.index(letters.len()));
            let range = from.min(to)..from.max(to);
            match how {
                0 => drop(letters.splice(from..from, insert.chars())),
                1 => drop(letters.drain(from..(from + 1).min(letters.len()))),
                2 => drop(letters.drain(range)),
                _ => {
                    let copy = letters[range].to_vec();
                    drop(letters.splice(to..to, copy));
                }
            }
        }
        let text: String = letters.into_iter().collect();
        let _ = channel.interpret(&text);
        for event in channel.split(text.as_bytes()).unwrap_or_default() {
            let _ = channel.interpret(&event.payload);
            if event.key.is_empty() {
                return Err(TestCaseError::fail("an event without a key"));
            }
        }
        Ok(())
    });
    outcome.map_err(|error| Violation { rule: RULE, detail: error.to_string() })
}

/// The class of a [`SendOutcome`], without its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OutcomeClass {
    /// [`SendOutcome::Accepted`].
    Accepted,
    /// [`SendOutcome::Temporary`].
    Temporary,
    /// [`SendOutcome::RateLimited`].
    RateLimited,
    /// [`SendOutcome::OutsideWindow`].
    OutsideWindow,
    /// [`SendOutcome::Unauthorized`].
    Unauthorized,
    /// [`SendOutcome::NotPermitted`].
    NotPermitted,
    /// [`SendOutcome::Blocked`].
    Blocked,
    /// [`SendOutcome::PolicyBlocked`].
    PolicyBlocked,
    /// [`SendOutcome::Permanent`].
    Permanent,
    /// [`SendOutcome::Uncertain`].
    Uncertain,
}

impl OutcomeClass {
    /// Every class.
    pub const ALL: [Self; 10] = [
        Self::Accepted,
        Self::Temporary,
        Self::RateLimited,
        Self::OutsideWindow,
        Self::Unauthorized,
        Self::NotPermitted,
        Self::Blocked,
        Self::PolicyBlocked,
        Self::Permanent,
        Self::Uncertain,
    ];

    /// The class of an outcome.
    #[must_use]
    pub fn of(outcome: &SendOutcome) -> Self {
        match outcome {
            SendOutcome::Accepted { .. } => Self::Accepted,
            SendOutcome::Temporary { .. } => Self::Temporary,
            SendOutcome::RateLimited { .. } => Self::RateLimited,
            SendOutcome::OutsideWindow { .. } => Self::OutsideWindow,
            SendOutcome::Unauthorized { .. } => Self::Unauthorized,
            SendOutcome::NotPermitted { .. } => Self::NotPermitted,
            SendOutcome::Blocked { .. } => Self::Blocked,
            SendOutcome::PolicyBlocked { .. } => Self::PolicyBlocked,
            SendOutcome::Permanent { .. } => Self::Permanent,
            SendOutcome::Uncertain { .. } => Self::Uncertain,
        }
    }
}

/// A send whose outcome is known, since the account's provider is a stand-in in a known state.
#[derive(Debug, Clone)]
pub struct SendCase {
    /// What the provider does, for the report.
    pub name: &'static str,
    /// The account that points to it.
    pub account: Account,
    /// What is sent.
    pub message: Outbound,
    /// What must come of it.
    pub expected: OutcomeClass,
}

/// Each case gives its class, and together the cases reach every class that the channel can have (a channel without a
/// window has no [`OutcomeClass::OutsideWindow`]). Each kind of block that the channel has a form for goes out in one case and
/// fails in another. No outcome's words hold a secret of the account.
///
/// # Errors
/// The [`Violation`].
pub async fn every_outcome_is_classified(channel: &dyn Channel, cases: &[SendCase]) -> Result<(), Violation> {
    const RULE: &str = "every_outcome_is_classified";
    let mut reached = BTreeSet::new();
    let mut kinds: BTreeMap<&str, BTreeSet<OutcomeClass>> = BTreeMap::new();
    for case in cases {
        let outcome = channel.send(&case.account, &case.message).await;
        let class = OutcomeClass::of(&outcome);
        ensure(class == case.expected, RULE, || {
            format!("{}: expected {:?}, got {outcome:?}", case.name, case.expected)
        })?;
        let words = format!("{outcome:?}");
        let leak = case.account.secrets.iter().find(|(_, secret)| words.contains(secret.expose()));
        ensure(leak.is_none(), RULE, || format!("{}: the outcome holds a secret", case.name))?;
        reached.insert(class);
        for kind in case.message.blocks.iter().map(Block::kind) {
            kinds.entry(kind).or_default().insert(class);
        }
    }
    for (_, block) in forms(&channel.capabilities()) {
        let (kind, empty) = (block.kind(), BTreeSet::new());
        let classes = kinds.get(kind).unwrap_or(&empty);
        ensure(classes.contains(&OutcomeClass::Accepted), RULE, || format!("no case in which this goes out: {kind}"))?;
        ensure(classes.len() > 1, RULE, || format!("no case in which this fails: {kind}"))?;
    }
    let has_window = channel.capabilities().has_window;
    let missing: Vec<_> = OutcomeClass::ALL
        .into_iter()
        .filter(|class| !reached.contains(class) && (has_window || *class != OutcomeClass::OutsideWindow))
        .collect();
    ensure(missing.is_empty(), RULE, || format!("no case reaches {missing:?}"))
}

fn split(channel: &dyn Channel, body: &[u8], rule: &'static str) -> Result<Vec<SplitEvent>, Violation> {
    channel.split(body).map_err(|error| Violation { rule, detail: format!("a good body is refused: {error}") })
}

fn keys(events: &[SplitEvent]) -> BTreeSet<&str> {
    events.iter().map(|event| event.key.as_str()).filter(|key| !key.is_empty()).collect()
}

#[cfg(test)]
mod tests;
