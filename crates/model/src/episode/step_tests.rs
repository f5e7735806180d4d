//! The rules of the state machine one by one, and its invariants over arbitrary histories.

use super::*;
use crate::{
    AgentId, Timestamp,
    turn::{EpisodeMessage, Said, Standing, standing},
};
use proptest::prelude::*;

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
const ADA: AgentId = AgentId(1);
const BEN: AgentId = AgentId(2);

fn try_step(facts: &EpisodeFacts, at: i64, event: &EpisodeEvent) -> Result<Step, StepRefused> {
    step(facts, event, Timestamp(at), &EpisodeRules::default())
}

/// A fresh episode after these events, one a second.
fn after(handler: Handler, events: &[EpisodeEvent]) -> Step {
    let mut last = open(handler, Timestamp(0));
    for (second, event) in (1..).zip(events) {
        last = try_step(&last.facts, second * 1_000, event).unwrap();
    }
    last
}

fn refused(handler: Handler, events: &[EpisodeEvent], event: &EpisodeEvent) -> StepRefused {
    let facts = after(handler, events).facts;
    try_step(&facts, (events.len() as i64 + 1) * 1_000, event).unwrap_err()
}

fn reply(author: BusinessAuthor, kind: ReplyKind) -> EpisodeEvent {
    EpisodeEvent::BusinessMessage { author, kind }
}

fn answer() -> EpisodeEvent {
    reply(BusinessAuthor::Agent(ADA), ReplyKind::Substantive)
}

fn asks() -> EpisodeEvent {
    EpisodeEvent::CustomerMessage
}

fn park() -> EpisodeEvent {
    EpisodeEvent::Park { until: None }
}

fn hold() -> EpisodeEvent {
    EpisodeEvent::Hold { reason: " the carrier ".to_owned(), until: None }
}

fn snooze(until: i64) -> EpisodeEvent {
    EpisodeEvent::Snooze { until: Timestamp(until) }
}

fn resolve() -> EpisodeEvent {
    EpisodeEvent::Resolve { by: ResolvedBy::Agent }
}

#[test]
fn a_new_episode_waits_for_whoever_handles_it() {
    let opened = open(Handler::Human, Timestamp(5));
    assert_eq!((opened.facts.ball, opened.changes.as_slice()), (Ball::Nobody, &[EpisodeChange::Opened][..]));
    let asked = after(Handler::Human, &[asks()]);
    assert_eq!((asked.facts.state, asked.facts.ball), (EpisodeState::New, Ball::Human));
    assert_eq!(asked.changes, [EpisodeChange::BallChanged { from: Ball::Nobody, to: Ball::Human }]);
    assert_eq!(after(Handler::Bot, &[asks()]).facts.ball, Ball::Bot);
}

#[test]
fn only_a_substantive_reply_gives_the_customer_the_ball() {
    for (author, kind, ball) in [
        (BusinessAuthor::System, ReplyKind::Acknowledgement, Ball::Human),
        (BusinessAuthor::Bot, ReplyKind::Holding, Ball::Human),
        (BusinessAuthor::Agent(ADA), ReplyKind::Holding, Ball::Human),
        (BusinessAuthor::Agent(ADA), ReplyKind::Acknowledgement, Ball::Human),
        (BusinessAuthor::System, ReplyKind::Substantive, Ball::Customer),
        (BusinessAuthor::Bot, ReplyKind::Substantive, Ball::Customer),
        (BusinessAuthor::Agent(ADA), ReplyKind::Substantive, Ball::Customer),
    ] {
        let facts = after(Handler::Human, &[asks(), asks(), reply(author, kind)]).facts;
        assert_eq!(facts.ball, ball, "{author:?} {kind:?}");
        let since = (ball == Ball::Human).then_some(Timestamp(1_000));
        assert_eq!(facts.unanswered_since, since, "the turn began with its first message");
    }
}

#[test]
fn a_person_who_writes_takes_over_from_the_bot_and_is_engaged() {
    let holding = after(Handler::Bot, &[asks(), reply(BusinessAuthor::Agent(ADA), ReplyKind::Holding)]);
    assert_eq!(
        holding.changes,
        [
            EpisodeChange::HandedOver,
            EpisodeChange::EngagementStarted { agent: ADA },
            EpisodeChange::BallChanged { from: Ball::Bot, to: Ball::Human }
        ]
    );
    let second = after(Handler::Human, &[asks(), answer(), reply(BusinessAuthor::Agent(BEN), ReplyKind::Substantive)]);
    assert_eq!(second.facts.engaged.map(|engaged| engaged.agent), Some(ADA), "one is open already");
}

#[test]
fn an_accept_owns_engages_and_resumes() {
    let facts = after(Handler::Human, &[asks(), EpisodeEvent::Accept { agent: ADA }]).facts;
    assert_eq!((facts.state, facts.assignee), (EpisodeState::Active, Some(ADA)));
    let taken =
        after(Handler::Human, &[asks(), EpisodeEvent::Accept { agent: ADA }, EpisodeEvent::Accept { agent: BEN }]);
    assert_eq!(
        taken.changes,
        [
            EpisodeChange::EngagementEnded { agent: ADA, since: Timestamp(2_000), reason: EngagementEnd::Transfer },
            EpisodeChange::Assigned { from: Some(ADA), to: Some(BEN) },
            EpisodeChange::EngagementStarted { agent: BEN },
        ]
    );
    let parked = after(Handler::Human, &[asks(), answer(), park(), EpisodeEvent::Accept { agent: ADA }]);
    assert!(parked.changes.contains(&EpisodeChange::Resumed { reason: ResumeReason::Asked }));
}

#[test]
fn each_end_of_work_ends_the_engagement() {
    for (event, reason) in [
        (park(), EngagementEnd::SetAside),
        (EpisodeEvent::AutoPark { reply_chance: 0.1, has_draft: false }, EngagementEnd::SetAside),
        (snooze(DAY), EngagementEnd::SetAside),
        (hold(), EngagementEnd::SetAside),
        (EpisodeEvent::Assign { agent: Some(BEN) }, EngagementEnd::Transfer),
        (EpisodeEvent::Assign { agent: None }, EngagementEnd::Transfer),
        (resolve(), EngagementEnd::Resolved),
        (EpisodeEvent::Close { by: ClosedBy::Agent }, EngagementEnd::Closed),
    ] {
        let done = after(Handler::Human, &[asks(), EpisodeEvent::Accept { agent: ADA }, answer(), event.clone()]);
        let ended = EpisodeChange::EngagementEnded { agent: ADA, since: Timestamp(2_000), reason };
        assert!(done.changes.contains(&ended), "{event:?}: {:?}", done.changes);
        assert_eq!(done.facts.engaged, None);
    }
    let kept = after(
        Handler::Human,
        &[asks(), EpisodeEvent::Accept { agent: ADA }, EpisodeEvent::Assign { agent: Some(ADA) }],
    );
    assert!(kept.changes.is_empty() && kept.facts.engaged.is_some(), "the same owner is no transfer");
}

#[test]
fn parking_what_we_owe_needs_a_promise() {
    assert_eq!(refused(Handler::Human, &[asks()], &park()), StepRefused::ParkNeedsPromise);
    let promised = EpisodeEvent::PromiseMade { due_at: Timestamp(HOUR) };
    let parked = after(Handler::Human, &[asks(), promised.clone(), park()]).facts;
    assert_eq!((parked.state, parked.ball), (EpisodeState::Parked, Ball::Human), "the clock runs on");
    let broken = after(Handler::Human, &[asks(), promised, park(), EpisodeEvent::PromiseEnded { next_due_at: None }]);
    assert_eq!(broken.facts.state, EpisodeState::Active);
    assert_eq!(broken.changes, [EpisodeChange::Resumed { reason: ResumeReason::Owed }]);
    assert_eq!(after(Handler::Human, &[asks(), answer(), park()]).facts.state, EpisodeState::Parked);
    assert_eq!(after(Handler::Bot, &[asks(), park()]).facts.ball, Ball::Bot, "the guard is about people");
    let asked_for = after(Handler::Bot, &[asks(), park(), EpisodeEvent::HandOver]).facts;
    assert_eq!((asked_for.state, asked_for.ball), (EpisodeState::Active, Ball::Human));
}

#[test]
fn it_parks_by_itself_only_when_the_customer_is_slow_and_nobody_writes() {
    let auto = |reply_chance, has_draft| EpisodeEvent::AutoPark { reply_chance, has_draft };
    let answered = [asks(), EpisodeEvent::Assign { agent: Some(ADA) }, answer()];
    let parked = after(Handler::Human, &[&answered[..], &[auto(0.149, false)]].concat());
    assert_eq!((parked.facts.ball, parked.facts.assignee), (Ball::Customer, Some(ADA)));
    assert!(parked.changes.contains(&EpisodeChange::Parked { until: None, by_itself: true }));
    assert_eq!(refused(Handler::Human, &answered, &auto(0.15, false)), StepRefused::NotExpectedSlow);
    assert_eq!(refused(Handler::Human, &answered, &auto(f64::NAN, false)), StepRefused::NotExpectedSlow);
    assert_eq!(refused(Handler::Human, &answered, &auto(0.1, true)), StepRefused::NotExpectedSlow);
    assert_eq!(refused(Handler::Human, &[asks()], &auto(0.1, false)), StepRefused::NotCustomersTurn);
    let parked_already = [&answered[..], &[park()]].concat();
    assert_eq!(refused(Handler::Human, &parked_already, &auto(0.1, false)), StepRefused::AlreadySetAside);
    let held = [&answered[..], &[hold()]].concat();
    assert_eq!(refused(Handler::Human, &held, &auto(0.1, false)), StepRefused::NotCustomersTurn);
}

#[test]
fn a_customers_message_wakes_whatever_was_set_aside() {
    for event in [park(), snooze(DAY), hold()] {
        let back = after(Handler::Human, &[asks(), answer(), event, asks()]);
        assert_eq!((back.facts.state, back.facts.ball), (EpisodeState::Active, Ball::Human));
        assert_eq!((back.facts.until, back.facts.hold_reason.as_deref()), (None, None));
        assert_eq!(back.changes[0], EpisodeChange::Resumed { reason: ResumeReason::CustomerMessage });
    }
}

#[test]
fn what_was_set_aside_wakes_at_its_time_and_not_before() {
    for event in [
        EpisodeEvent::Park { until: Some(Timestamp(DAY)) },
        snooze(DAY),
        EpisodeEvent::Hold { reason: "carrier".to_owned(), until: Some(Timestamp(DAY)) },
    ] {
        let aside = after(Handler::Human, &[asks(), answer(), event]);
        assert!(aside.changes.contains(&EpisodeChange::TimerSet { kind: TimerKind::Wake, at: Timestamp(DAY) }));
        assert_eq!(try_step(&aside.facts, DAY - 1, &EpisodeEvent::Wake), Err(StepRefused::NotDueYet));
        let woken = try_step(&aside.facts, DAY, &EpisodeEvent::Wake).unwrap();
        assert_eq!((woken.facts.state, woken.facts.ball), (EpisodeState::Active, Ball::Customer));
        assert_eq!(try_step(&woken.facts, DAY, &EpisodeEvent::Wake), Err(StepRefused::NotSetAside));
    }
    assert_eq!(refused(Handler::Human, &[asks(), answer(), park()], &EpisodeEvent::Wake), StepRefused::NotDueYet);
    assert_eq!(refused(Handler::Human, &[asks()], &snooze(2_000)), StepRefused::UntilInPast);
}

#[test]
fn a_hold_gives_the_ball_away_only_once_the_customer_is_answered() {
    let blank = EpisodeEvent::Hold { reason: "  ".to_owned(), until: None };
    assert_eq!(refused(Handler::Human, &[asks()], &blank), StepRefused::HoldNeedsReason);
    let owed = after(Handler::Human, &[asks(), hold()]).facts;
    assert_eq!((owed.ball, owed.hold_reason.as_deref()), (Ball::Human, Some("the carrier")));
    let told = after(Handler::Human, &[asks(), hold(), answer()]).facts;
    assert_eq!((told.state, told.ball), (EpisodeState::OnHold, Ball::ThirdParty), "an update leaves it on hold");
    let resumed = after(Handler::Human, &[asks(), hold(), answer(), EpisodeEvent::Resume { agent: Some(ADA) }]).facts;
    assert_eq!((resumed.ball, resumed.engaged.map(|engaged| engaged.agent)), (Ball::Customer, Some(ADA)));
}

#[test]
fn silence_closes_what_was_resolved_after_its_time() {
    let resolved = after(Handler::Human, &[asks(), answer(), resolve()]);
    assert_eq!(resolved.facts.ball, Ball::Nobody);
    let due = 3_000 + DAY;
    assert!(resolved.changes.contains(&EpisodeChange::TimerSet { kind: TimerKind::Close, at: Timestamp(due) }));
    let silence = EpisodeEvent::SilenceElapsed;
    assert_eq!(try_step(&resolved.facts, due - 1, &silence), Err(StepRefused::NotDueYet));
    let coda = try_step(&resolved.facts, due - 10, &EpisodeEvent::Coda).unwrap();
    assert!(coda.changes.is_empty(), "no reopen, no clock, and the timer runs on");
    let closed = try_step(&coda.facts, due, &silence).unwrap();
    assert_eq!((closed.facts.state, closed.facts.closed_by), (EpisodeState::Closed, Some(ClosedBy::Silence)));
    assert_eq!(try_step(&closed.facts, due, &silence), Err(StepRefused::NotResolved));
    assert_eq!(refused(Handler::Human, &[asks()], &silence), StepRefused::NotResolved);
}

#[test]
fn the_customers_yes_closes() {
    let yes = EpisodeEvent::CustomerConfirmsSolved;
    let closed = after(Handler::Human, &[asks(), answer(), resolve(), yes.clone()]).facts;
    assert_eq!((closed.resolved_by, closed.closed_by), (Some(ResolvedBy::Agent), Some(ClosedBy::Customer)));
    let early = after(Handler::Human, &[asks(), yes.clone()]);
    assert_eq!(early.facts.resolved_by, Some(ResolvedBy::Customer), "solved before we answered");
    assert_eq!((early.facts.state, early.facts.ball), (EpisodeState::Closed, Ball::Nobody));
    let twice = after(Handler::Human, &[asks(), yes.clone(), yes]);
    assert!(twice.changes.is_empty());
}

#[test]
fn a_coda_belongs_to_an_end_that_is_not_long_ago() {
    assert_eq!(refused(Handler::Human, &[asks()], &EpisodeEvent::Coda), StepRefused::StillOpen);
    let closed = after(Handler::Human, &[asks(), EpisodeEvent::Close { by: ClosedBy::Agent }]).facts;
    let end = 2_000 + 72 * HOUR;
    let late = try_step(&closed, end, &EpisodeEvent::Coda).unwrap().facts;
    assert_eq!((late.state, late.last_customer_at), (EpisodeState::Closed, Some(Timestamp(end))));
    assert_eq!(try_step(&closed, end + 1, &EpisodeEvent::Coda), Err(StepRefused::CodaWindowOver));
}

#[test]
fn reopening_is_possible_within_the_window() {
    let events = [asks(), EpisodeEvent::Assign { agent: Some(ADA) }, answer(), resolve()];
    let resolved = after(Handler::Human, &events).facts;
    let end = 4_000 + 7 * DAY;
    for (event, reason) in
        [(asks(), ReopenReason::CustomerMessage), (EpisodeEvent::CustomerSaysNotSolved, ReopenReason::NotSolved)]
    {
        let back = try_step(&resolved, end, &event).unwrap();
        assert_eq!(back.changes[0], EpisodeChange::Reopened { reason });
        assert_eq!((back.facts.ball, back.facts.unanswered_since), (Ball::Human, Some(Timestamp(end))));
        assert_eq!((back.facts.reopens, back.facts.assignee), (1, Some(ADA)));
        assert_eq!(try_step(&resolved, end + 1, &event), Err(StepRefused::ReopenWindowOver));
    }
    let told = Standing {
        unanswered_since: None,
        last_customer_at: Some(Timestamp(1_000)),
        last_business_at: Some(Timestamp(3_000)),
    };
    let again = try_step(&resolved, end, &EpisodeEvent::Reopen { standing: told }).unwrap();
    assert_eq!((again.facts.state, again.facts.ball), (EpisodeState::Active, Ball::Customer));
    assert_eq!(refused(Handler::Human, &[asks()], &EpisodeEvent::Reopen { standing: told }), StepRefused::StillOpen);
}

#[test]
fn what_was_resolved_unanswered_is_owed_again_when_an_agent_reopens() {
    let resolved = after(Handler::Human, &[asks(), resolve()]).facts;
    assert_eq!(resolved.unanswered_since, None);
    let messages = [EpisodeMessage { at: Timestamp(1_000), said: Said::Customer { reopened: false } }];
    let back = try_step(&resolved, 9_000, &EpisodeEvent::Reopen { standing: standing(&messages) }).unwrap().facts;
    assert_eq!((back.ball, back.unanswered_since), (Ball::Human, Some(Timestamp(1_000))));
}

#[test]
fn an_answer_that_failed_opens_the_turn_at_its_beginning() {
    let messages = |failed| {
        [
            EpisodeMessage { at: Timestamp(1_000), said: Said::Customer { reopened: false } },
            EpisodeMessage {
                at: Timestamp(2_000),
                said: Said::Business { author: BusinessAuthor::Agent(ADA), kind: ReplyKind::Substantive, failed },
            },
        ]
    };
    let failed = EpisodeEvent::Recount { standing: standing(&messages(true)), reason: RecountReason::SendFailed };
    let again = after(Handler::Human, &[asks(), answer(), failed.clone()]).facts;
    assert_eq!((again.ball, again.unanswered_since), (Ball::Human, Some(Timestamp(1_000))));
    let parked = after(Handler::Human, &[asks(), answer(), park(), failed.clone()]);
    assert!(parked.changes.contains(&EpisodeChange::Resumed { reason: ResumeReason::Owed }));
    let resolved = after(Handler::Human, &[asks(), answer(), resolve(), failed.clone()]);
    assert_eq!(resolved.changes[0], EpisodeChange::Reopened { reason: ReopenReason::SendFailed });
    assert_eq!(resolved.facts.unanswered_since, Some(Timestamp(1_000)));
    let solved = after(Handler::Human, &[asks(), answer(), EpisodeEvent::CustomerConfirmsSolved, failed.clone()]);
    assert_eq!(solved.facts.state, EpisodeState::Closed, "the customer needs no answer any more");
    let retried = after(Handler::Human, &[asks(), answer(), failed, answer()]).facts;
    assert_eq!(retried.ball, Ball::Customer);
    let other_stands =
        EpisodeEvent::Recount { standing: standing(&messages(false)), reason: RecountReason::SendFailed };
    assert_eq!(after(Handler::Human, &[asks(), answer(), other_stands]).facts.ball, Ball::Customer);
}

#[test]
fn moved_messages_change_whom_we_owe_but_open_nothing() {
    let owed = Standing {
        unanswered_since: Some(Timestamp(500)),
        last_customer_at: Some(Timestamp(700)),
        last_business_at: None,
    };
    let moved = |standing| EpisodeEvent::Recount { standing, reason: RecountReason::MessagesMoved };
    assert_eq!(after(Handler::Human, &[asks(), moved(Standing::default())]).facts.ball, Ball::Nobody);
    assert_eq!(after(Handler::Human, &[moved(owed)]).facts.unanswered_since, Some(Timestamp(500)));
    let ended = after(Handler::Human, &[asks(), resolve(), moved(owed)]);
    assert!(ended.changes.is_empty());
    assert_eq!(ended.facts.last_customer_at, Some(Timestamp(700)));
}

#[test]
fn a_word_after_the_end_opens_nothing() {
    let done = after(Handler::Human, &[asks(), answer(), resolve(), answer()]);
    assert!(done.changes.is_empty(), "{:?}", done.changes);
}

#[test]
fn what_is_ended_refuses_work_in_words() {
    let resolved = [asks(), answer(), resolve()];
    let closed = [asks(), EpisodeEvent::Close { by: ClosedBy::Agent }];
    for event in [resolve(), park(), snooze(DAY), hold(), EpisodeEvent::Accept { agent: ADA }, EpisodeEvent::Wake] {
        assert_eq!(refused(Handler::Human, &resolved, &event), StepRefused::AlreadyResolved, "{event:?}");
        assert_eq!(refused(Handler::Human, &closed, &event), StepRefused::AlreadyClosed, "{event:?}");
    }
    assert_eq!(refused(Handler::Human, &closed, &closed[1]), StepRefused::AlreadyClosed);
    assert_eq!(StepRefused::AlreadyResolved.to_string(), "the episode is already resolved");
    assert_eq!(refused(Handler::Human, &[asks()], &EpisodeEvent::Resume { agent: None }), StepRefused::NotSetAside);
}

/// What happens in a history; the recount of a failure or a reopening is made from the messages so far.
#[derive(Debug, Clone)]
enum Happening {
    Plain(EpisodeEvent),
    ReplyFails(prop::sample::Index),
    AgentReopens,
}

fn any_happening() -> impl Strategy<Value = Happening> {
    let agent = prop_oneof![Just(ADA), Just(BEN)];
    let author = prop_oneof![
        agent.clone().prop_map(BusinessAuthor::Agent),
        Just(BusinessAuthor::Bot),
        Just(BusinessAuthor::System)
    ];
    let until = (-10_i64..5 * DAY).prop_map(Timestamp);
    let resolver = proptest::sample::select(ResolvedBy::ALL);
    let closer = proptest::sample::select(ClosedBy::ALL);
    let plain = prop_oneof![
        4 => Just(asks()),
        4 => (author, proptest::sample::select(ReplyKind::ALL)).prop_map(|(author, kind)| reply(author, kind)),
        1 => Just(EpisodeEvent::Coda),
        1 => agent.clone().prop_map(|agent| EpisodeEvent::Accept { agent }),
        1 => Just(EpisodeEvent::HandOver),
        2 => proptest::option::of(until.clone()).prop_map(|until| EpisodeEvent::Park { until }),
        1 => (0.0..0.3, any::<bool>())
            .prop_map(|(reply_chance, has_draft)| EpisodeEvent::AutoPark { reply_chance, has_draft }),
        1 => until.clone().prop_map(|until| EpisodeEvent::Snooze { until }),
        1 => (proptest::sample::select(vec!["", "carrier"]), proptest::option::of(until.clone()))
            .prop_map(|(reason, until)| EpisodeEvent::Hold { reason: reason.to_owned(), until }),
        1 => proptest::option::of(agent.clone()).prop_map(|agent| EpisodeEvent::Resume { agent }),
        2 => Just(EpisodeEvent::Wake),
        2 => resolver.prop_map(|by| EpisodeEvent::Resolve { by }),
        1 => Just(EpisodeEvent::CustomerConfirmsSolved),
        1 => Just(EpisodeEvent::CustomerSaysNotSolved),
        2 => Just(EpisodeEvent::SilenceElapsed),
        1 => closer.prop_map(|by| EpisodeEvent::Close { by }),
        1 => proptest::option::of(agent).prop_map(|agent| EpisodeEvent::Assign { agent }),
        1 => until.clone().prop_map(|due_at| EpisodeEvent::PromiseMade { due_at }),
        1 => proptest::option::of(until).prop_map(|next_due_at| EpisodeEvent::PromiseEnded { next_due_at }),
    ];
    prop_oneof![
        20 => plain.prop_map(Happening::Plain),
        2 => any::<prop::sample::Index>().prop_map(Happening::ReplyFails),
        1 => Just(Happening::AgentReopens),
    ]
}

/// Marks one of the replies as failed; `false` when there is none.
fn fail_one(messages: &mut [EpisodeMessage], pick: prop::sample::Index) -> bool {
    let mut replies: Vec<_> = messages
        .iter_mut()
        .filter_map(|message| match &mut message.said {
            Said::Business { failed, .. } if !*failed => Some(failed),
            _ => None,
        })
        .collect();
    if replies.is_empty() {
        return false;
    }
    let place = pick.index(replies.len());
    *replies[place] = true;
    true
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_history_breaks_a_rule(
        handler in proptest::sample::select(Handler::ALL),
        history in proptest::collection::vec((0_i64..20 * HOUR, any_happening()), 0..40),
    ) {
        let mut facts = open(handler, Timestamp(0)).facts;
        let mut messages: Vec<EpisodeMessage> = Vec::new();
        let mut told: Vec<(Timestamp, EpisodeChange)> = vec![(Timestamp(0), EpisodeChange::Opened)];
        let mut now = 0;
        for (later, happening) in history {
            now += later;
            let at = Timestamp(now);
            let mut written = messages.clone();
            let event = match happening {
                Happening::Plain(event) => event,
                Happening::AgentReopens => EpisodeEvent::Reopen { standing: standing(&messages) },
                Happening::ReplyFails(pick) => {
                    if !fail_one(&mut written, pick) {
                        continue;
                    }
                    EpisodeEvent::Recount { standing: standing(&written), reason: RecountReason::SendFailed }
                }
            };
            let said = match &event {
                EpisodeEvent::CustomerMessage | EpisodeEvent::CustomerSaysNotSolved => {
                    Some(Said::Customer { reopened: facts.state.is_ended() })
                }
                EpisodeEvent::Coda | EpisodeEvent::CustomerConfirmsSolved => Some(Said::Coda),
                EpisodeEvent::BusinessMessage { author, kind } => {
                    Some(Said::Business { author: *author, kind: *kind, failed: false })
                }
                _ => None,
            };
            written.extend(said.map(|said| EpisodeMessage { at, said }));
            let Ok(done) = try_step(&facts, now, &event) else { continue };
            messages = written;
            let before = std::mem::replace(&mut facts, done.facts);
            prop_assert_eq!(facts.broken_rule(), None, "{:?}: {:?}", event, facts);

            // The messages alone say the same.
            let stands = standing(&messages);
            prop_assert_eq!(facts.last_customer_at, stands.last_customer_at);
            prop_assert_eq!(facts.last_business_at, stands.last_business_at);
            if facts.state.is_open() {
                prop_assert_eq!(facts.unanswered_since, stands.unanswered_since, "{:?}", event);
            }

            // Nothing stops the clock while the customer waits, but an answer and an end.
            let stops = matches!(event, EpisodeEvent::BusinessMessage { kind: ReplyKind::Substantive, .. });
            if let Some(since) = before.unanswered_since.filter(|_| !stops && facts.state.is_open()) {
                prop_assert!(facts.unanswered_since.is_some_and(|now| now <= since), "{:?}", event);
            }

            // What is told is what changed.
            let (mut ball, mut engaged, mut assignee) = (before.ball, before.engaged, before.assignee);
            let mut state_told = false;
            for change in &done.changes {
                match change {
                    EpisodeChange::BallChanged { from, to } => {
                        prop_assert_eq!(*from, ball);
                        ball = *to;
                    }
                    EpisodeChange::EngagementStarted { agent } => {
                        prop_assert_eq!(engaged, None);
                        engaged = Some(Engagement { agent: *agent, since: at });
                    }
                    EpisodeChange::EngagementEnded { agent, since, .. } => {
                        prop_assert_eq!(engaged, Some(Engagement { agent: *agent, since: *since }));
                        engaged = None;
                    }
                    EpisodeChange::Assigned { from, to } => {
                        prop_assert!(*from == assignee && from != to);
                        assignee = *to;
                    }
                    EpisodeChange::TimerSet { at: due, .. } => prop_assert!(*due > at),
                    EpisodeChange::HandedOver => prop_assert_eq!(before.handler, Handler::Bot),
                    EpisodeChange::Opened => prop_assert!(false, "only once"),
                    EpisodeChange::Parked { .. }
                    | EpisodeChange::Snoozed { .. }
                    | EpisodeChange::Held { .. }
                    | EpisodeChange::Resumed { .. }
                    | EpisodeChange::Resolved { .. }
                    | EpisodeChange::Closed { .. }
                    | EpisodeChange::Reopened { .. } => state_told = true,
                }
            }
            prop_assert_eq!((ball, engaged, assignee), (facts.ball, facts.engaged, facts.assignee));
            let taken_up = before.state == EpisodeState::New && facts.state == EpisodeState::Active;
            prop_assert!(state_told || taken_up || before.state == facts.state, "{:?}", done.changes);
            told.extend(done.changes.into_iter().map(|change| (at, change)));
        }

        let figures = figures(&told, Timestamp(now));
        prop_assert!((0..=now).contains(&figures.customer_wait_millis));
        prop_assert!((0..=now).contains(&figures.engaged_millis));
        prop_assert_eq!(figures.reopens, facts.reopens);
        if let (Some(net), Some(gross)) = (figures.final_net_resolution_millis, figures.final_resolution_millis) {
            prop_assert!((0..=gross).contains(&net));
        }
    }

    #[test]
    fn a_refused_event_says_why_in_a_sentence_without_a_full_stop(at in 0_i64..DAY, happening in any_happening()) {
        let facts = after(Handler::Human, &[asks(), resolve()]).facts;
        let Happening::Plain(event) = happening else { return Ok(()) };
        if let Err(refused) = try_step(&facts, at, &event) {
            let words = refused.to_string();
            prop_assert!(words.len() > 15 && !words.ends_with('.'), "{}", words);
        }
    }
}
