//! How fast deliveries leave over one account: so many at the same time, so many in a second. For this process; what a channel
//! says is far enough below its provider's limits for several.

use model::{Block, Capabilities, ChannelAccountId, JobId, Timestamp};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use store::AccountRoom;

/// What may leave at once after a quiet time, in microseconds of an account's rate.
const BURST_MICROS: i64 = 200_000;
/// A place that was not taken by then is given up, in microseconds.
const STALE_MICROS: i64 = 60_000_000;

/// The deliveries under way and the next free place of each account.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pace(Arc<Mutex<BTreeMap<ChannelAccountId, Lane>>>);

#[derive(Debug)]
struct Lane {
    under_way: usize,
    most: usize,
    /// When the rate is used up to, in microseconds.
    used_until: i64,
    /// Places that were given for later.
    given: HashMap<JobId, i64>,
}

impl Default for Lane {
    fn default() -> Self {
        Self { under_way: 0, most: 1, used_until: i64::MIN, given: HashMap::new() }
    }
}

/// A delivery under way; it ends with the value.
#[derive(Debug)]
pub(crate) struct UnderWay(Pace, ChannelAccountId);

impl Drop for UnderWay {
    fn drop(&mut self) {
        if let Some(lane) = self.0.lanes().get_mut(&self.1) {
            lane.under_way = lane.under_way.saturating_sub(1);
        }
    }
}

/// What one message takes of an account's second, in microseconds; `limit` is the installer's, of messages in a second.
pub(crate) fn cost_micros(capabilities: &Capabilities, blocks: &[Block], limit: Option<u32>) -> i64 {
    let heavy = blocks.iter().any(|block| matches!(block, Block::Audio(_) | Block::Video(_)));
    let rate = if heavy { capabilities.media_sends_per_second } else { capabilities.sends_per_second };
    let rate = limit.map_or(rate, |limit| if heavy { rate.min(limit) } else { limit });
    1_000_000 / i64::from(rate.max(1))
}

impl Pace {
    fn lanes(&self) -> MutexGuard<'_, BTreeMap<ChannelAccountId, Lane>> {
        // Each holder leaves the lanes whole at every moment.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What each account can take now.
    pub(crate) fn room(&self) -> AccountRoom {
        let left = self.lanes().iter().map(|(id, lane)| (*id, lane.most.saturating_sub(lane.under_way))).collect();
        AccountRoom { left, unknown: 1 }
    }

    /// Counts a delivery in.
    pub(crate) fn enter(&self, id: ChannelAccountId) -> UnderWay {
        self.lanes().entry(id).or_default().under_way += 1;
        UnderWay(self.clone(), id)
    }

    /// Learns how many an account may have under way; true when that is news.
    pub(crate) fn learn(&self, id: ChannelAccountId, most: usize) -> bool {
        let mut lanes = self.lanes();
        let lane = lanes.entry(id).or_default();
        std::mem::replace(&mut lane.most, most.max(1)) != most.max(1)
    }

    /// Takes a place in the account's second. `None`: go; otherwise come back then, a place is kept.
    pub(crate) fn take(&self, id: ChannelAccountId, job: JobId, cost_micros: i64, now: Timestamp) -> Option<Timestamp> {
        let now = now.0.saturating_mul(1_000);
        let mut lanes = self.lanes();
        let lane = lanes.entry(id).or_default();
        lane.given.retain(|_, place| now - *place < STALE_MICROS);
        let place = match lane.given.get(&job) {
            Some(place) => *place,
            None => {
                let used = lane.used_until.max(now);
                lane.used_until = used + cost_micros;
                used - BURST_MICROS
            }
        };
        if place <= now {
            lane.given.remove(&job);
            return None;
        }
        lane.given.insert(job, place);
        // Rounded up: earlier there is no place.
        Some(Timestamp((place + 999) / 1_000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: ChannelAccountId = ChannelAccountId(1);

    #[test]
    fn a_second_holds_the_rate_and_the_burst() {
        let pace = Pace::default();
        let now = Timestamp(1_000_000);
        // 100 in a second: 10 ms each, and 200 ms of them at once.
        let waits: Vec<Option<Timestamp>> = (0..121).map(|job| pace.take(ACCOUNT, JobId(job), 10_000, now)).collect();
        assert_eq!(waits.iter().filter(|wait| wait.is_none()).count(), 21);
        assert_eq!(waits[21], Some(now.plus_millis(10)));
        assert_eq!(waits[120], Some(now.plus_millis(1_000)));
        let (other, later) = (ChannelAccountId(2), now.plus_millis(10));
        assert_eq!(pace.take(other, JobId(500), 10_000, now), None, "another account is not held up");
        assert_eq!(pace.take(ACCOUNT, JobId(21), 10_000, later), None, "the place that was kept");
        assert_eq!(pace.take(ACCOUNT, JobId(22), 10_000, later), Some(now.plus_millis(20)), "the same place as before");
        assert_eq!(pace.take(ACCOUNT, JobId(900), 10_000, later), Some(now.plus_millis(1_010)), "behind all others");
    }

    #[test]
    fn an_account_takes_so_many_at_the_same_time() {
        let pace = Pace::default();
        assert_eq!((pace.room().left.len(), pace.room().unknown), (0, 1));
        let first = pace.enter(ACCOUNT);
        assert_eq!(pace.room().left[&ACCOUNT], 0);
        assert!(pace.learn(ACCOUNT, 3) && !pace.learn(ACCOUNT, 3));
        let second = pace.enter(ACCOUNT);
        assert_eq!(pace.room().left[&ACCOUNT], 1);
        drop((first, second));
        assert_eq!(pace.room().left[&ACCOUNT], 3);
    }

    #[test]
    fn sound_and_moving_pictures_take_longer() {
        let capabilities =
            Capabilities { sends_per_second: 100, media_sends_per_second: 5, ..Capabilities::text_only(10) };
        let text = [Block::text("hi")];
        assert_eq!(cost_micros(&capabilities, &text, None), 10_000);
        assert_eq!(cost_micros(&capabilities, &text, Some(20)), 50_000);
    }
}
