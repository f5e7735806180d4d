//! What an episode's history says about times: a fold over its changes, without calendar and without attention.

use super::{Ball, EpisodeChange};
use crate::Timestamp;

/// Times are milliseconds on the wall clock; business hours are a view of the same intervals.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EpisodeFigures {
    /// The ball was with bot, people or a third party.
    pub customer_wait_millis: i64,
    /// The same until the first resolve.
    pub customer_wait_to_first_resolve_millis: Option<i64>,
    /// From the opening to the first resolve.
    pub first_resolution_millis: Option<i64>,
    /// The same without the time in which the customer had the ball.
    pub first_net_resolution_millis: Option<i64>,
    /// From the opening to the latest resolve.
    pub final_resolution_millis: Option<i64>,
    /// The same without the time in which the customer had the ball or the episode was resolved.
    pub final_net_resolution_millis: Option<i64>,
    /// Agents were engaged; not the same as attention.
    pub engaged_millis: i64,
    /// How often somebody was.
    pub engagements: u32,
    /// How often it was reopened.
    pub reopens: u32,
    /// How often people took over from the bot.
    pub escalations: u32,
    /// How often its owner was another agent than before; moves at the end of a shift are among them.
    pub reassignments: u32,
}

/// Folds the history of an episode, oldest change first, up to `now`.
#[must_use]
pub fn figures(history: &[(Timestamp, EpisodeChange)], now: Timestamp) -> EpisodeFigures {
    let mut figures = EpisodeFigures::default();
    let Some((opened_at, _)) = history.first() else { return figures };
    let (mut ball, mut ended, mut engaged_since) = (Ball::Nobody, false, None);
    let (mut before, mut net) = (*opened_at, 0);
    for (at, change) in history.iter().map(|(at, change)| (*at, Some(change))).chain([(now, None)]) {
        let millis = at.millis_since(before);
        before = at;
        if matches!(ball, Ball::Bot | Ball::Human | Ball::ThirdParty) {
            figures.customer_wait_millis += millis;
        }
        if !ended && ball != Ball::Customer {
            net += millis;
        }
        match change {
            None => figures.engaged_millis += engaged_since.map_or(0, |since| now.millis_since(since)),
            Some(EpisodeChange::BallChanged { to, .. }) => ball = *to,
            Some(EpisodeChange::Resolved { .. }) => {
                ended = true;
                let gross = at.millis_since(*opened_at);
                figures.first_resolution_millis.get_or_insert(gross);
                figures.first_net_resolution_millis.get_or_insert(net);
                figures.customer_wait_to_first_resolve_millis.get_or_insert(figures.customer_wait_millis);
                figures.final_resolution_millis = Some(gross);
                figures.final_net_resolution_millis = Some(net);
            }
            Some(EpisodeChange::Closed { .. }) => ended = true,
            Some(EpisodeChange::Reopened { .. }) => {
                ended = false;
                figures.reopens += 1;
            }
            Some(EpisodeChange::EngagementStarted { .. }) => {
                engaged_since = Some(at);
                figures.engagements += 1;
            }
            Some(EpisodeChange::EngagementEnded { since, .. }) => {
                engaged_since = None;
                figures.engaged_millis += at.millis_since(*since);
            }
            Some(EpisodeChange::HandedOver) => figures.escalations += 1,
            Some(EpisodeChange::Assigned { from: Some(_), to: Some(_) }) => figures.reassignments += 1,
            Some(
                EpisodeChange::Opened
                | EpisodeChange::Parked { .. }
                | EpisodeChange::Snoozed { .. }
                | EpisodeChange::Held { .. }
                | EpisodeChange::Resumed { .. }
                | EpisodeChange::Assigned { .. }
                | EpisodeChange::TimerSet { .. },
            ) => {}
        }
    }
    figures
}
