//! Which episode an inbound message belongs to: pure rules over what the store knows, decided in the transaction that
//! stores the message.
//!
//! With open episodes [`join_open`] chooses one of them, always. Without, [`after_end`] says what the message is to the last ended
//! one: a coda, a reopening, a follow-up, or a matter of its own.

mod acknowledgement;
mod acknowledgement_words;

pub use acknowledgement::is_acknowledgement;

use crate::{EpisodeId, Timestamp, episode::EpisodeRules, spelling::spelled};

/// The lead that a topic needs over the second best to decide.
pub const TOPIC_MARGIN: f64 = 0.2;

/// From this similarity of intents on it is the same issue (0.6 is a sibling in the taxonomy).
pub const SAME_INTENT: f64 = 0.6;

/// An open episode of the customer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OpenEpisode {
    /// Its id.
    pub id: EpisodeId,
    /// When anything was last said in it.
    pub last_activity_at: Timestamp,
    /// It is about an entity (an order number, a device) that the message names.
    pub names_entity: bool,
    /// How well the message fits its topic, in [0, 1]; 0 when nothing compared them.
    pub topic_score: f64,
}

/// What the message itself points at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pointers {
    /// The episode of the message that it quotes or replies to.
    pub quoted: Option<EpisodeId>,
    /// The episode of the message whose button was pressed.
    pub button: Option<EpisodeId>,
}

spelled! {
    /// Why a message joined the episode that it joined.
    pub enum JoinReason: "join reason" {
        /// It quotes or replies to a message of it.
        Quoted = "quoted",
        /// A button of it was pressed.
        Button = "button",
        /// It names the same order, device or the like.
        Entity = "entity",
        /// Its topic fits clearly best.
        Topic = "topic",
        /// Nothing else decided: it was the most recently active.
        MostRecent = "most_recent",
    }

    /// How the objects (order, device, invoice) of a message and an episode relate.
    pub enum ObjectRelation: "object relation" {
        /// The message names the same.
        Same = "same",
        /// One of them names none.
        Unknown = "unknown",
        /// They name different ones.
        Different = "different",
    }

    /// Why a message reopens an episode.
    pub enum ReopenGround: "ground to reopen" {
        /// The customer or an agent said so.
        Explicit = "explicit",
        /// Intent and object say that it is the same issue.
        SameIssue = "same_issue",
    }

    /// Why an episode follows up another.
    pub enum FollowUpGround: "ground to follow up" {
        /// The customer or an agent said so, too late for reopening.
        Explicit = "explicit",
        /// The same object, with another intent or too late for reopening.
        SameObject = "same_object",
        /// The same journey, within its horizon.
        SameJourney = "same_journey",
    }
}

/// Chooses the open episode that a message joins; the first rule with an answer wins: quoted message, button, named
/// entity, topic with a margin, most recently active. `None` only when none is open.
///
/// A pointer at an episode that is not open is passed over. Where several name the entity, the most recently active of
/// them is it; equally recent ones are decided by the younger id.
#[must_use]
pub fn join_open(open: &[OpenEpisode], pointers: Pointers) -> Option<(EpisodeId, JoinReason)> {
    let pointed = |at: Option<EpisodeId>| at.filter(|id| open.iter().any(|episode| episode.id == *id));
    let latest = |episodes: &mut dyn Iterator<Item = &OpenEpisode>| {
        episodes.max_by_key(|episode| (episode.last_activity_at, episode.id)).map(|episode| episode.id)
    };
    if let Some(id) = pointed(pointers.quoted) {
        return Some((id, JoinReason::Quoted));
    }
    if let Some(id) = pointed(pointers.button) {
        return Some((id, JoinReason::Button));
    }
    if let Some(id) = latest(&mut open.iter().filter(|episode| episode.names_entity)) {
        return Some((id, JoinReason::Entity));
    }
    if let Some(id) = clear_topic(open) {
        return Some((id, JoinReason::Topic));
    }
    latest(&mut open.iter()).map(|id| (id, JoinReason::MostRecent))
}

fn clear_topic(open: &[OpenEpisode]) -> Option<EpisodeId> {
    let best = open.iter().max_by(|a, b| a.topic_score.total_cmp(&b.topic_score))?;
    let others = open.iter().filter(|episode| episode.id != best.id).map(|episode| episode.topic_score);
    let second = others.fold(0.0, f64::max);
    // A lead of 0.7 over 0.5 is 0.2, which floating point misses by a hair.
    (best.topic_score - second >= TOPIC_MARGIN - 1e-9).then_some(best.id)
}

/// The last ended episode of the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndedEpisode {
    /// When it was last resolved (or closed, if it never was): `Δ` counts from here.
    pub ended_at: Timestamp,
    /// When it was closed; `None` while it is only resolved.
    pub closed_at: Option<Timestamp>,
}

/// A message that comes in while no episode is open.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct InboundMessage {
    /// When the server received it.
    pub at: Timestamp,
    /// It only thanks or nods: [`is_acknowledgement`], or a reaction.
    pub acknowledgement: bool,
    /// It says by itself that the matter goes on: the "still not solved" button, an agent's link.
    pub explicit: bool,
    /// `I`: 1 the same intent, 0.6 a sibling in the taxonomy, 0 neither, or a calibrated similarity. `None` when nothing
    /// compared them.
    pub intent_similarity: Option<f64>,
    /// `O`.
    pub object: ObjectRelation,
    /// Both have the same journey anchor.
    pub same_journey: bool,
}

/// What a message is to the last ended episode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Continuation {
    /// A thank you: attached to it, nothing else.
    Coda,
    /// It goes on.
    Reopen(ReopenGround),
    /// A new episode, linked to it.
    FollowUp(FollowUpGround),
    /// A new episode.
    New,
}

/// Decides what a message is to the last ended episode; first match wins.
///
/// - only thanks, not explicit, and not more than the coda window after the close → coda;
/// - explicit and `Δ ≤ W` → reopen;
/// - same issue (`I ≥ 0.6` and the same object, or an unknown one and `Δ ≤ 72 h`) and `Δ ≤ W` → reopen;
/// - explicit, or the same object, or the same journey within its horizon → follow-up;
/// - else new.
///
/// Where no model compared the intents, the message counts as the same issue: a short "it is back" after the end is the
/// usual case, the window for unnamed objects bounds the mistake, and an agent can split.
#[must_use]
pub fn after_end(ended: &EndedEpisode, inbound: &InboundMessage, rules: &EpisodeRules) -> Continuation {
    let since_end = inbound.at.millis_since(ended.ended_at);
    let coda_open = ended.closed_at.is_none_or(|closed| inbound.at.millis_since(closed) <= rules.coda_window_millis);
    if inbound.acknowledgement && !inbound.explicit && coda_open {
        return Continuation::Coda;
    }
    let in_window = since_end <= rules.reopen_window_millis;
    if inbound.explicit && in_window {
        return Continuation::Reopen(ReopenGround::Explicit);
    }
    let object_fits = match inbound.object {
        ObjectRelation::Same => true,
        ObjectRelation::Unknown => since_end <= rules.unnamed_object_window_millis,
        ObjectRelation::Different => false,
    };
    if inbound.intent_similarity.is_none_or(|similarity| similarity >= SAME_INTENT) && object_fits && in_window {
        return Continuation::Reopen(ReopenGround::SameIssue);
    }
    if inbound.explicit {
        Continuation::FollowUp(FollowUpGround::Explicit)
    } else if inbound.object == ObjectRelation::Same {
        Continuation::FollowUp(FollowUpGround::SameObject)
    } else if inbound.same_journey && since_end <= rules.journey_horizon_millis {
        Continuation::FollowUp(FollowUpGround::SameJourney)
    } else {
        Continuation::New
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spelling::assert_spelt_alike;

    const HOUR: i64 = 3_600_000;
    const DAY: i64 = 24 * HOUR;

    fn episode(id: i64, last: i64) -> OpenEpisode {
        OpenEpisode { id: EpisodeId(id), last_activity_at: Timestamp(last), names_entity: false, topic_score: 0.0 }
    }

    /// Resolved at 0, closed by silence a day later.
    fn decide(at: i64, change: impl FnOnce(&mut InboundMessage)) -> Continuation {
        let ended = EndedEpisode { ended_at: Timestamp(0), closed_at: Some(Timestamp(DAY)) };
        let mut inbound = InboundMessage {
            at: Timestamp(at),
            acknowledgement: false,
            explicit: false,
            intent_similarity: Some(0.0),
            object: ObjectRelation::Unknown,
            same_journey: false,
        };
        change(&mut inbound);
        after_end(&ended, &inbound, &EpisodeRules::default())
    }

    #[test]
    fn the_strongest_sign_wins() {
        let mut open = [episode(1, 30), episode(2, 20), episode(3, 10)];
        let pointers = |quoted: Option<i64>, button: Option<i64>| Pointers {
            quoted: quoted.map(EpisodeId),
            button: button.map(EpisodeId),
        };
        assert_eq!(join_open(&open, pointers(None, None)), Some((EpisodeId(1), JoinReason::MostRecent)));
        open[1].topic_score = 0.7;
        open[0].topic_score = 0.5;
        assert_eq!(join_open(&open, pointers(None, None)), Some((EpisodeId(2), JoinReason::Topic)), "a margin of 0.2");
        open[0].topic_score = 0.51;
        assert_eq!(join_open(&open, pointers(None, None)), Some((EpisodeId(1), JoinReason::MostRecent)), "too close");
        open[2].names_entity = true;
        assert_eq!(join_open(&open, pointers(None, None)), Some((EpisodeId(3), JoinReason::Entity)));
        assert_eq!(join_open(&open, pointers(None, Some(2))), Some((EpisodeId(2), JoinReason::Button)));
        assert_eq!(join_open(&open, pointers(Some(1), Some(2))), Some((EpisodeId(1), JoinReason::Quoted)));
        assert_eq!(join_open(&open, pointers(Some(9), None)), Some((EpisodeId(3), JoinReason::Entity)), "9 has ended");
        assert_eq!(join_open(&[], pointers(Some(1), None)), None);
    }

    #[test]
    fn a_tie_goes_to_the_most_recent_then_the_youngest() {
        let named = |id, last| OpenEpisode { names_entity: true, ..episode(id, last) };
        let entity = |id| Some((EpisodeId(id), JoinReason::Entity));
        assert_eq!(join_open(&[named(1, 10), named(2, 20), episode(3, 99)], Pointers::default()), entity(2));
        assert_eq!(join_open(&[named(2, 20), named(1, 20)], Pointers::default()), entity(2));
    }

    #[test]
    fn same_order_and_intent_after_two_days_reopens() {
        let said = decide(2 * DAY, |message| {
            message.intent_similarity = Some(1.0);
            message.object = ObjectRelation::Same;
        });
        assert_eq!(said, Continuation::Reopen(ReopenGround::SameIssue));
    }

    #[test]
    fn same_order_and_another_intent_follows_up() {
        let said = decide(3 * DAY, |message| {
            message.object = ObjectRelation::Same;
            message.same_journey = true;
        });
        assert_eq!(said, Continuation::FollowUp(FollowUpGround::SameObject));
    }

    #[test]
    fn same_intent_without_an_order_reopens_within_three_days() {
        let same = |message: &mut InboundMessage| message.intent_similarity = Some(1.0);
        assert_eq!(decide(2 * DAY, same), Continuation::Reopen(ReopenGround::SameIssue));
        assert_eq!(decide(5 * DAY, same), Continuation::New);
        assert_eq!(decide(72 * HOUR, same), Continuation::Reopen(ReopenGround::SameIssue), "to the millisecond");
        assert_eq!(decide(72 * HOUR + 1, same), Continuation::New);
    }

    #[test]
    fn another_order_is_another_matter() {
        let said = decide(2 * DAY, |message| {
            message.intent_similarity = Some(1.0);
            message.object = ObjectRelation::Different;
        });
        assert_eq!(said, Continuation::New, "the ids conflict");
    }

    #[test]
    fn thanks_ten_hours_after_the_close_is_a_coda() {
        let thanks = |message: &mut InboundMessage| message.acknowledgement = is_acknowledgement("thanks!");
        assert_eq!(decide(DAY + 10 * HOUR, thanks), Continuation::Coda);
        assert_eq!(decide(DAY + 72 * HOUR, thanks), Continuation::Coda);
        assert_ne!(decide(DAY + 72 * HOUR + 1, thanks), Continuation::Coda);
    }

    #[test]
    fn what_is_said_outright_comes_before_what_is_guessed() {
        let explicit = |message: &mut InboundMessage| {
            message.explicit = true;
            message.acknowledgement = true;
            message.object = ObjectRelation::Different;
        };
        assert_eq!(decide(7 * DAY, explicit), Continuation::Reopen(ReopenGround::Explicit));
        assert_eq!(decide(7 * DAY + 1, explicit), Continuation::FollowUp(FollowUpGround::Explicit));
    }

    #[test]
    fn beyond_the_window_the_same_issue_follows_up() {
        let said = decide(8 * DAY, |message| {
            message.intent_similarity = Some(1.0);
            message.object = ObjectRelation::Same;
        });
        assert_eq!(said, Continuation::FollowUp(FollowUpGround::SameObject), "a late recontact");
    }

    #[test]
    fn a_journey_links_until_its_horizon() {
        let journey = |message: &mut InboundMessage| message.same_journey = true;
        assert_eq!(decide(30 * DAY, journey), Continuation::FollowUp(FollowUpGround::SameJourney));
        assert_eq!(decide(30 * DAY + 1, journey), Continuation::New);
    }

    #[test]
    fn siblings_in_the_taxonomy_are_the_same_issue() {
        let similar = |similarity| move |message: &mut InboundMessage| message.intent_similarity = similarity;
        assert_eq!(decide(DAY, similar(Some(0.6))), Continuation::Reopen(ReopenGround::SameIssue));
        assert_eq!(decide(DAY, similar(Some(0.59))), Continuation::New);
        assert_eq!(decide(DAY, similar(None)), Continuation::Reopen(ReopenGround::SameIssue), "nothing compared them");
    }

    #[test]
    fn every_spelling_reads_back() {
        assert_spelt_alike(JoinReason::ALL);
        assert_spelt_alike(ObjectRelation::ALL);
        assert_spelt_alike(ReopenGround::ALL);
        assert_spelt_alike(FollowUpGround::ALL);
    }
}
