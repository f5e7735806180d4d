//! What can go wrong between us and Meta, on demand.

use crate::random::Random;

/// One fault. `share` is the part of the calls that it hits, 0 to 1.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// The answer takes this long.
    Delay {
        /// Milliseconds.
        millis: u64,
    },
    /// The message is accepted at once; the answer comes this much later. A sender killed in between never hears it.
    LateAnswer {
        /// Milliseconds.
        millis: u64,
    },
    /// A bare status without a body of Graph's, as a proxy gives it; nothing is accepted.
    Status {
        /// The HTTP status.
        status: u16,
    },
    /// An error in Graph's words; nothing is accepted.
    Error {
        /// The HTTP status.
        status: u16,
        /// `error.code`.
        code: i64,
        /// `error.error_subcode`.
        subcode: Option<i64>,
    },
    /// Too many calls: status 429, error 613; nothing is accepted.
    RateLimit {
        /// `Retry-After`, in seconds.
        retry_after_seconds: Option<u64>,
        /// `X-Business-Use-Case-Usage`, minutes until access is regained.
        regain_minutes: Option<u64>,
    },
    /// The token is no longer valid: error 190, subcode 463.
    ExpiredToken,
    /// The connection is closed without an answer; nothing is accepted.
    CloseUnanswered {
        /// Part of the calls.
        share: f64,
    },
    /// The message is accepted, then the connection is closed without an answer.
    LoseAnswer {
        /// Part of the calls.
        share: f64,
    },
    /// The message is accepted, then half of the answer comes and the connection is closed.
    HalfAnswer {
        /// Part of the calls.
        share: f64,
    },
    /// The message is accepted, then nothing comes.
    AcceptThenHang {
        /// Part of the calls.
        share: f64,
    },
    /// The message is accepted; the answer is 200 without a message id.
    NamelessAnswer {
        /// Part of the calls.
        share: f64,
    },
}

/// The faults in force: standing ones, and ones for the next calls only.
#[derive(Debug)]
pub(super) struct Faults {
    standing: Vec<(Fault, Option<u32>)>,
    random: Random,
}

impl Faults {
    pub(super) fn new() -> Self {
        Self { standing: Vec::new(), random: Random::seeded(1) }
    }

    pub(super) fn add(&mut self, fault: Fault, calls: Option<u32>) {
        self.standing.push((fault, calls));
    }

    pub(super) fn clear(&mut self) {
        self.standing.clear();
    }

    pub(super) fn seed(&mut self, seed: u64) {
        self.random = Random::seeded(seed);
    }

    /// The faults that hit every call until they are cleared; nothing is drawn.
    pub(super) fn standing(&self) -> Vec<Fault> {
        let hits_all = |fault: &Fault| {
            use Fault::{Delay, Error, ExpiredToken, RateLimit, Status};
            matches!(fault, Delay { .. } | Status { .. } | Error { .. } | RateLimit { .. } | ExpiredToken)
        };
        let lasting = self.standing.iter().filter(|(fault, left)| left.is_none() && hits_all(fault));
        lasting.map(|(fault, _)| fault.clone()).collect()
    }

    /// The faults that hit the next call.
    pub(super) fn draw(&mut self) -> Vec<Fault> {
        let mut hit = Vec::new();
        for (fault, left) in &mut self.standing {
            let share = match fault {
                Fault::CloseUnanswered { share }
                | Fault::LoseAnswer { share }
                | Fault::HalfAnswer { share }
                | Fault::AcceptThenHang { share }
                | Fault::NamelessAnswer { share } => *share,
                _ => 1.0,
            };
            if share >= 1.0 || self.random.chance(share) {
                hit.push(fault.clone());
            }
            if let Some(left) = left {
                *left = left.saturating_sub(1);
            }
        }
        self.standing.retain(|(_, left)| *left != Some(0));
        hit
    }
}
