//! Slowing down guessing: who may try to sign in now, and who has to wait. Kept in this process.
//!
//! The rule. A *network* is an IPv4 address or the /64 of an IPv6 address (a household or a machine owns all of its /64,
//! and would otherwise have as many tries as addresses). A try counts from the moment it is let in, so that many at once
//! are no way around a limit, and is taken back when it succeeds.
//!
//! 1. For one e-mail address from one network: 5 misses a minute ([`PAIR`]). This is what a person meets who mistypes. A
//!    stranger elsewhere cannot use it up for them.
//! 2. From one network, for whatever addresses: 100 misses a minute ([`NETWORK`]), against one guess for each of many.
//! 3. For one e-mail address, from wherever: 50 misses in ten minutes ([`EMAIL`]), against many machines guessing one
//!    password. It does not count for a network from which this person signed in before: whoever guesses from
//!    everywhere slows down what comes from new places, and never locks the person out where they work.
//!
//! Which networks are known is forgotten when the process ends, and so are the misses. A one-time link is under no limit
//! (its code cannot be guessed), and makes the network known like a password does.

use crate::{ServiceError, secret};
use model::Timestamp;
use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
};

/// How many misses within how long.
#[derive(Debug, Clone, Copy)]
struct Limit {
    misses: usize,
    millis: i64,
}

/// One e-mail address from one network.
const PAIR: Limit = Limit { misses: 5, millis: 60_000 };
/// One network.
const NETWORK: Limit = Limit { misses: 100, millis: 60_000 };
/// One e-mail address from networks that are new to it.
const EMAIL: Limit = Limit { misses: 50, millis: 600_000 };
/// Known networks, and keys with misses before the first sweep.
const KEYS: usize = 10_000;
/// Keys with misses, beyond which those that missed once are let go: they are far from any limit.
const MOST_KEYS: usize = 100_000;

/// Who missed when, and who is known where. Keys are hashes: of one length, and no list of e-mail addresses.
#[derive(Default)]
pub(crate) struct Tries(Mutex<Memory>);

#[derive(Default)]
struct Memory {
    misses: HashMap<String, VecDeque<Timestamp>>,
    sweep_at: usize,
    /// E-mail address and network → the last time that they signed in.
    known: HashMap<String, Timestamp>,
}

/// A try that was let in.
#[derive(Debug)]
pub(crate) struct Try {
    keys: [String; 3],
    at: Timestamp,
}

fn pair(email: &str, network: &str) -> String {
    secret::hash(&format!("pair\0{email}\0{network}"))
}

impl Tries {
    /// Lets a try in, counting it as a miss until it [succeeds](Self::succeed); or says how long to wait.
    pub(crate) fn begin(&self, email: &str, network: &str, now: Timestamp) -> Result<Try, ServiceError> {
        let keys = [
            pair(email, network),
            secret::hash(&format!("network\0{network}")),
            secret::hash(&format!("email\0{email}")),
        ];
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = memory.known.contains_key(&keys[0]);
        for (key, limit, counts) in [(0, PAIR, true), (1, NETWORK, true), (2, EMAIL, !is_known)] {
            let Some(misses) = memory.misses.get_mut(&keys[key]) else { continue };
            misses.retain(|miss| now.millis_since(*miss) < limit.millis);
            if counts && misses.len() >= limit.misses {
                // As many as may be left over have to grow old, not all.
                let frees = misses.get(misses.len() - limit.misses).map_or(now, |miss| *miss);
                let left = (limit.millis - now.millis_since(frees)).max(1_000);
                return Err(ServiceError::TooManyRequests { retry_after_seconds: (left as u64).div_ceil(1_000) });
            }
        }
        memory.sweep(now);
        for key in &keys {
            memory.misses.entry(key.clone()).or_default().push_back(now);
        }
        Ok(Try { keys, at: now })
    }

    /// Takes a try back that was no miss.
    pub(crate) fn take_back(&self, tried: &Try) {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for key in &tried.keys {
            let Some(misses) = memory.misses.get_mut(key) else { continue };
            if let Some(place) = misses.iter().rposition(|miss| *miss == tried.at) {
                misses.remove(place);
            }
            if misses.is_empty() {
                memory.misses.remove(key);
            }
        }
    }

    /// Remembers from where a person signed in.
    pub(crate) fn know(&self, email: &str, network: &str, now: Timestamp) {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        memory.known.insert(pair(email, network), now);
        if memory.known.len() > KEYS
            && let Some(oldest) = memory.known.iter().min_by_key(|(_, at)| **at).map(|(key, _)| key.clone())
        {
            memory.known.remove(&oldest);
        }
    }
}

impl Memory {
    /// Lets go what is too old to count, each time that twice as much is there as the last time.
    fn sweep(&mut self, now: Timestamp) {
        if self.misses.len() < self.sweep_at.max(KEYS) {
            return;
        }
        self.misses.retain(|_, misses| misses.back().is_some_and(|miss| now.millis_since(*miss) < EMAIL.millis));
        if self.misses.len() > MOST_KEYS {
            self.misses.retain(|_, misses| misses.len() > 1);
        }
        self.sweep_at = self.misses.len() * 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: &str = "ann@example.com";

    fn misses(tries: &Tries, email: &str, network: &str, now: i64) -> Result<(), u64> {
        match tries.begin(email, network, Timestamp(now)) {
            Ok(_) => Ok(()),
            Err(ServiceError::TooManyRequests { retry_after_seconds }) => Err(retry_after_seconds),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn the_sixth_try_within_a_minute_waits_until_the_first_is_a_minute_old() {
        let tries = Tries::default();
        for second in 0..5 {
            assert_eq!(misses(&tries, ANN, "203.0.113.7", second * 1_000), Ok(()));
        }
        assert_eq!(misses(&tries, ANN, "203.0.113.7", 5_000), Err(55));
        assert_eq!(misses(&tries, "bob@example.com", "203.0.113.7", 5_000), Ok(()), "nobody beside them is held up");
        assert_eq!(misses(&tries, ANN, "198.51.100.1", 5_000), Ok(()), "nor they themselves elsewhere");
        assert_eq!(misses(&tries, ANN, "203.0.113.7", 60_000), Ok(()));
    }

    #[test]
    fn many_at_once_are_no_way_around_and_a_success_is_no_miss() {
        let tries = Tries::default();
        let begun: Vec<Try> = (0..5).map(|_| tries.begin(ANN, "a", Timestamp(0)).unwrap()).collect();
        assert!(misses(&tries, ANN, "a", 0).is_err(), "five are under way");
        begun.iter().for_each(|tried| tries.take_back(tried));
        assert!(tries.0.lock().unwrap().misses.is_empty(), "nothing is left of them");
        assert_eq!(misses(&tries, ANN, "a", 0), Ok(()));
    }

    #[test]
    fn guessing_from_everywhere_slows_new_places_and_never_the_place_where_a_person_works() {
        let tries = Tries::default();
        tries.know(ANN, "her office", Timestamp(0));
        for number in 0..50 {
            assert_eq!(misses(&tries, ANN, &format!("stranger {number}"), number), Ok(()));
        }
        assert_eq!(misses(&tries, ANN, "stranger 50", 1_000), Err(599));
        assert_eq!(misses(&tries, ANN, "her office", 1_000), Ok(()));
        for _ in 0..4 {
            assert_eq!(misses(&tries, ANN, "her office", 1_000), Ok(()));
        }
        assert_eq!(misses(&tries, ANN, "her office", 1_000), Err(60), "a known place has the limit of everybody");
        assert_eq!(misses(&tries, "bob@example.com", "stranger 50", 1_000), Ok(()));
        assert_eq!(misses(&tries, ANN, "stranger 50", 602_000), Ok(()));
    }

    #[test]
    fn one_guess_for_each_of_many_is_limited_too() {
        let tries = Tries::default();
        for number in 0..100 {
            assert_eq!(misses(&tries, &format!("{number}@example.com"), "one", 0), Ok(()));
        }
        assert_eq!(misses(&tries, ANN, "one", 0), Err(60));
        assert_eq!(misses(&tries, ANN, "another", 0), Ok(()));
    }

    #[test]
    fn a_flood_of_addresses_is_forgotten() {
        let tries = Tries::default();
        for number in 0..=KEYS {
            let network = format!("network {number}");
            assert_eq!(misses(&tries, &format!("{number}@example.com"), &network, 0), Ok(()));
            tries.know(ANN, &network, Timestamp(number as i64));
        }
        assert_eq!(tries.0.lock().unwrap().known.len(), KEYS);
        let mut memory = tries.0.lock().unwrap();
        assert!(memory.misses.len() > KEYS);
        memory.sweep_at = 0;
        memory.sweep(Timestamp(EMAIL.millis));
        assert!(memory.misses.is_empty());
    }
}
