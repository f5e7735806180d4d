//! Slowing down guessing: misses are counted per address and per e-mail, in this process.

use crate::ServiceError;
use model::Timestamp;
use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
};

/// Misses that are forgiven within [`WINDOW_MILLIS`].
const MISSES: usize = 5;
/// The window, in milliseconds.
const WINDOW_MILLIS: i64 = 60_000;
/// Keys that are remembered; beyond it the old ones are swept out.
const KEYS: usize = 10_000;

/// Who missed when.
#[derive(Default)]
pub(crate) struct Misses(Mutex<HashMap<String, VecDeque<Timestamp>>>);

impl Misses {
    /// Refuses when one of the keys has missed too often lately.
    pub(crate) fn check(&self, keys: &[String], now: Timestamp) -> Result<(), ServiceError> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for key in keys {
            let Some(misses) = known.get_mut(key) else { continue };
            misses.retain(|miss| now.millis_since(*miss) < WINDOW_MILLIS);
            if misses.len() >= MISSES {
                let oldest = misses.front().map_or(now, |miss| *miss);
                let left = (WINDOW_MILLIS - now.millis_since(oldest)).max(1_000);
                return Err(ServiceError::TooManyRequests { retry_after_seconds: (left as u64).div_ceil(1_000) });
            }
        }
        Ok(())
    }

    /// Counts a miss for each key.
    pub(crate) fn count(&self, keys: &[String], now: Timestamp) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() > KEYS {
            known.retain(|_, misses| misses.back().is_some_and(|miss| now.millis_since(*miss) < WINDOW_MILLIS));
        }
        for key in keys {
            known.entry(key.clone()).or_default().push_back(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sixth_try_within_a_minute_waits_until_the_first_is_a_minute_old() {
        let misses = Misses::default();
        let keys = ["a".to_owned()];
        for second in 0..5 {
            assert!(misses.check(&keys, Timestamp(second * 1_000)).is_ok());
            misses.count(&keys, Timestamp(second * 1_000));
        }
        let refused = misses.check(&keys, Timestamp(5_000));
        assert!(matches!(refused, Err(ServiceError::TooManyRequests { retry_after_seconds: 55 })), "{refused:?}");
        assert!(misses.check(&keys, Timestamp(60_000)).is_ok());
        assert!(misses.check(&["b".to_owned()], Timestamp(5_000)).is_ok(), "others are not held up");
    }
}
