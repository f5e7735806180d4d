//! Promises: an answer by a time, given to a customer, with a clock of its own.

use crate::{EpisodeId, PromiseId, Timestamp, message::Author, spelling::spelled};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

spelled! {
    /// What became of a promise.
    pub enum PromiseState: "promise state" {
        /// Not due yet, and not kept yet.
        Open = "open",
        /// A substantive reply came in time.
        Kept = "kept",
        /// None came in time, or another promise took its place.
        Broken = "broken",
    }
}

/// The most characters (Unicode scalar values) of the text of a promise.
pub const MAX_PROMISE_CHARS: usize = 500;

/// An answer by a time, given to a customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Promise {
    /// Its id.
    pub id: PromiseId,
    /// The matter it is about.
    pub episode_id: EpisodeId,
    /// By when the answer is due.
    pub due_at: Timestamp,
    /// What the customer was told.
    pub text: String,
    /// Who made it.
    pub made_by: Author,
    /// When it was made.
    pub made_at: Timestamp,
    /// What became of it.
    pub state: PromiseState,
    /// When it was kept or broken; null while it is open.
    pub ended_at: Option<Timestamp>,
}

/// What decides about a promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PromiseRecord {
    /// When it was made.
    pub made_at: Timestamp,
    /// By when the answer is due.
    pub due_at: Timestamp,
    /// The first substantive reply in its episode, whoever wrote it, that was made after the promise and has not failed.
    pub reply_at: Option<Timestamp>,
    /// When a later promise of its episode took its place.
    pub replaced_at: Option<Timestamp>,
}

/// What became of a promise by `now`, and when (operations: an update with a new time counts the old one as broken).
///
/// The message that carries the promise does not keep it: only a reply after it does. A reply at the very due time is in
/// time. Silence breaks it at its due time, whenever that is noticed; the episode's end changes nothing. When the reply that
/// kept it fails, the answer is asked for anew with the next reply that stands.
#[must_use]
pub fn outcome(record: PromiseRecord, now: Timestamp) -> (PromiseState, Option<Timestamp>) {
    let reply = record.reply_at.filter(|reply| *reply > record.made_at && *reply <= record.due_at && *reply <= now);
    let replaced = record.replaced_at.filter(|replaced| *replaced <= record.due_at && *replaced <= now);
    match (reply, replaced) {
        (Some(reply), Some(replaced)) if replaced < reply => (PromiseState::Broken, Some(replaced)),
        (Some(reply), _) => (PromiseState::Kept, Some(reply)),
        (None, Some(replaced)) => (PromiseState::Broken, Some(replaced)),
        (None, None) if now > record.due_at => (PromiseState::Broken, Some(record.due_at)),
        (None, None) => (PromiseState::Open, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spelling::assert_spelt_alike;
    use proptest::prelude::*;

    fn ask(reply: Option<i64>, replaced: Option<i64>, now: i64) -> (PromiseState, Option<i64>) {
        let record = PromiseRecord {
            made_at: Timestamp(100),
            due_at: Timestamp(200),
            reply_at: reply.map(Timestamp),
            replaced_at: replaced.map(Timestamp),
        };
        let (state, at) = outcome(record, Timestamp(now));
        (state, at.map(|at| at.0))
    }

    #[test]
    fn a_reply_in_time_keeps_it() {
        assert_eq!(ask(None, None, 150), (PromiseState::Open, None));
        assert_eq!(ask(Some(150), None, 150), (PromiseState::Kept, Some(150)));
        assert_eq!(ask(Some(200), None, 300), (PromiseState::Kept, Some(200)), "at the very due time");
    }

    #[test]
    fn silence_breaks_it_at_its_due_time() {
        assert_eq!(ask(None, None, 200), (PromiseState::Open, None));
        assert_eq!(ask(None, None, 201), (PromiseState::Broken, Some(200)));
        assert_eq!(ask(Some(201), None, 500), (PromiseState::Broken, Some(200)), "too late");
    }

    #[test]
    fn its_own_message_does_not_keep_it() {
        assert_eq!(ask(Some(100), None, 150), (PromiseState::Open, None));
    }

    #[test]
    fn a_new_time_breaks_the_old_one() {
        assert_eq!(ask(None, Some(160), 160), (PromiseState::Broken, Some(160)));
        assert_eq!(ask(Some(170), Some(160), 180), (PromiseState::Broken, Some(160)), "the reply keeps the new one");
        assert_eq!(ask(Some(150), Some(160), 180), (PromiseState::Kept, Some(150)));
        assert_eq!(ask(None, Some(250), 260), (PromiseState::Broken, Some(200)), "it was broken before");
    }

    #[test]
    fn every_spelling_reads_back() {
        assert_spelt_alike(PromiseState::ALL);
    }

    proptest! {
        #[test]
        fn what_ended_stays_ended(
            reply in proptest::option::of(0_i64..400),
            replaced in proptest::option::of(0_i64..400),
            now in 100_i64..400,
            later in 0_i64..200,
        ) {
            let first = ask(reply, replaced, now);
            if first.0 != PromiseState::Open {
                prop_assert_eq!(ask(reply, replaced, now + later), first);
            }
        }
    }
}
