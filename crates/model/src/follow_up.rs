//! The follow-up rate: the share of anchors (orders, contracts) that are followed by a contact within a time.

/// One anchor as seen today.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    /// Milliseconds from the anchor to its first linked contact; without one, to today (its age).
    pub millis: i64,
    /// Whether there was a contact. Without one the anchor is censored: nobody knows yet.
    pub contacted: bool,
}

/// `F(H)`: the probability of a linked contact within `horizon_millis`, by Kaplan–Meier, so that young anchors neither
/// count as silent nor are left out. An anchor censored at the very time of a contact is still at risk then. `None` when there is none.
#[must_use]
pub fn follow_up_rate(anchors: &[Anchor], horizon_millis: i64) -> Option<f64> {
    if anchors.is_empty() {
        return None;
    }
    let mut sorted = anchors.to_vec();
    sorted.sort_by_key(|anchor| anchor.millis);
    let (mut silent, mut place) = (1.0, 0);
    while place < sorted.len() && sorted[place].millis <= horizon_millis {
        let at_risk = sorted.len() - place;
        let same = sorted[place..].iter().take_while(|anchor| anchor.millis == sorted[place].millis).count();
        let contacts = sorted[place..place + same].iter().filter(|anchor| anchor.contacted).count();
        silent *= 1.0 - contacts as f64 / at_risk as f64;
        place += same;
    }
    Some(1.0 - silent)
}

/// The Wilson interval of a share at 95 %: centre `(p + z²/2n)/(1 + z²/n)`, half `z·√(p(1−p)/n + z²/4n²)/(1 + z²/n)`. `None` when
/// nothing was counted.
#[must_use]
pub fn wilson_interval(hits: u64, of: u64) -> Option<(f64, f64)> {
    if of == 0 {
        return None;
    }
    // The 97.5 % quantile of the normal distribution.
    let z = 1.959_963_984_540_054_f64;
    let n = of as f64;
    let share = (hits.min(of)) as f64 / n;
    let scale = 1.0 + z * z / n;
    let centre = (share + z * z / (2.0 * n)) / scale;
    let half = z * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt() / scale;
    Some(((centre - half).max(0.0), (centre + half).min(1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DAY: i64 = 86_400_000;

    fn percent(interval: Option<(f64, f64)>) -> (f64, f64) {
        let (low, high) = interval.unwrap();
        let round = |share: f64| (share * 1_000.0).round() / 10.0;
        (round(low), round(high))
    }

    #[test]
    fn young_anchors_are_censored() {
        let anchors = |count, days, contacted| std::iter::repeat_n(Anchor { millis: days * DAY, contacted }, count);
        let orders: Vec<Anchor> = anchors(10, 7, true)
            .chain(anchors(50, 7, false))
            .chain(anchors(4, 30, true))
            .chain(anchors(36, 30, false))
            .collect();
        let rate = follow_up_rate(&orders, 30 * DAY).unwrap();
        assert!((rate - 0.19).abs() < 1e-12, "{rate}: the naive share would be 14 %");
        assert!((follow_up_rate(&orders, 7 * DAY).unwrap() - 0.10).abs() < 1e-12);
        assert_eq!(follow_up_rate(&[], DAY), None);
    }

    #[test]
    fn intervals_as_worked_out() {
        assert_eq!(percent(wilson_interval(200, 1_000)), (17.6, 22.6));
        assert_eq!(percent(wilson_interval(172, 200)), (80.5, 90.1));
        assert_eq!(percent(wilson_interval(9, 10)), (59.6, 98.2));
        assert_eq!(percent(wilson_interval(0, 20)), (0.0, 16.1));
        assert_eq!(wilson_interval(0, 0), None);
    }

    proptest! {
        #[test]
        fn without_censoring_it_is_the_plain_share(contacted in proptest::collection::vec(any::<bool>(), 1..50)) {
            let anchors: Vec<Anchor> =
                contacted.iter().map(|&contacted| Anchor { millis: if contacted { 1 } else { 9 }, contacted }).collect();
            let share = contacted.iter().filter(|contacted| **contacted).count() as f64 / contacted.len() as f64;
            prop_assert!((follow_up_rate(&anchors, 5).unwrap() - share).abs() < 1e-12);
        }

        #[test]
        fn the_interval_holds_the_share(of in 1_u64..5_000, part in 0.0_f64..=1.0) {
            let hits = (of as f64 * part) as u64;
            let (low, high) = wilson_interval(hits, of).unwrap();
            let share = hits as f64 / of as f64;
            prop_assert!(low <= share + 1e-12 && share <= high + 1e-12 && low >= 0.0 && high <= 1.0);
        }
    }
}
