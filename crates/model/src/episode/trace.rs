//! Trace T1: one episode from its first message to its second end, with every figure that needs neither calendar nor
//! attention. Monday 2026-03-02; an hour is written as on the clock.

use super::*;
use crate::{
    AgentId, Timestamp,
    attribution::{self, Continuation, EndedEpisode, InboundMessage, ObjectRelation, ReopenGround},
    turn::{EpisodeMessage, Said, turns},
};

const ANN: AgentId = AgentId(1);
const RULES: fn() -> EpisodeRules = EpisodeRules::default;

/// `day` 0 is the Monday.
fn clock(day: i64, hour: i64, minute: i64, second: i64) -> Timestamp {
    Timestamp(1_772_409_600_000 + (((day * 24 + hour) * 60 + minute) * 60 + second) * 1_000)
}

struct Trace {
    facts: EpisodeFacts,
    history: Vec<(Timestamp, EpisodeChange)>,
    messages: Vec<EpisodeMessage>,
}

impl Trace {
    fn happens(&mut self, at: Timestamp, event: EpisodeEvent) {
        let said = match &event {
            EpisodeEvent::CustomerMessage => Some(Said::Customer { reopened: self.facts.state.is_ended() }),
            EpisodeEvent::Coda => Some(Said::Coda),
            EpisodeEvent::BusinessMessage { author, kind } => {
                Some(Said::Business { author: *author, kind: *kind, failed: false })
            }
            _ => None,
        };
        self.messages.extend(said.map(|said| EpisodeMessage { at, said }));
        let done = step(&self.facts, &event, at, &RULES()).unwrap();
        self.facts = done.facts;
        self.history.extend(done.changes.into_iter().map(|change| (at, change)));
    }

    fn timers(&self) -> Vec<Timestamp> {
        let close = |(_, change): &(Timestamp, EpisodeChange)| match change {
            EpisodeChange::TimerSet { kind: TimerKind::Close, at } => Some(*at),
            _ => None,
        };
        self.history.iter().filter_map(close).collect()
    }
}

fn seconds(millis: Option<i64>) -> i64 {
    millis.unwrap() / 1_000
}

#[test]
fn trace_t1_gives_its_numbers() {
    let substantive = |author| EpisodeEvent::BusinessMessage { author, kind: ReplyKind::Substantive };
    let ann = || substantive(BusinessAuthor::Agent(ANN));
    let resolve = || EpisodeEvent::Resolve { by: ResolvedBy::Agent };
    let start = clock(0, 9, 0, 0);
    assert_eq!(start.to_rfc3339(), "2026-03-02T09:00:00.000Z");
    let opened = open(Handler::Bot, start);
    let mut trace = Trace {
        facts: opened.facts,
        history: opened.changes.into_iter().map(|change| (start, change)).collect(),
        messages: Vec::new(),
    };

    trace.happens(start, EpisodeEvent::CustomerMessage);
    assert_eq!((trace.facts.state, trace.facts.ball), (EpisodeState::New, Ball::Bot));
    trace.happens(clock(0, 9, 0, 6), substantive(BusinessAuthor::Bot));
    assert_eq!((trace.facts.state, trace.facts.ball), (EpisodeState::Active, Ball::Customer));
    trace.happens(clock(0, 9, 2, 0), EpisodeEvent::CustomerMessage);
    trace.happens(clock(0, 9, 2, 0), EpisodeEvent::HandOver);
    assert_eq!(trace.facts.ball, Ball::Human);
    trace.happens(clock(0, 9, 6, 40), EpisodeEvent::Accept { agent: ANN });
    trace.happens(clock(0, 9, 8, 0), ann());
    trace.happens(clock(0, 9, 9, 0), EpisodeEvent::CustomerMessage);
    trace.happens(clock(0, 9, 14, 0), ann());
    trace.happens(clock(0, 9, 44, 0), EpisodeEvent::CustomerMessage);
    trace.happens(clock(0, 9, 50, 0), ann());
    trace.happens(clock(0, 9, 50, 0), resolve());
    assert_eq!(trace.timers(), [clock(1, 9, 50, 0)]);
    trace.happens(clock(1, 9, 50, 0), EpisodeEvent::SilenceElapsed);
    assert_eq!((trace.facts.state, trace.facts.closed_by), (EpisodeState::Closed, Some(ClosedBy::Silence)));

    // The same order and intent: attribution says that it is a reopen, the thanks later a coda.
    let ended = |facts: &EpisodeFacts| EndedEpisode { ended_at: facts.ended_at().unwrap(), closed_at: facts.closed_at };
    let back = clock(2, 10, 0, 0);
    let inbound = InboundMessage {
        at: back,
        acknowledgement: false,
        explicit: false,
        intent_similarity: Some(1.0),
        object: ObjectRelation::Same,
        same_journey: true,
    };
    let said = attribution::after_end(&ended(&trace.facts), &inbound, &RULES());
    assert_eq!(said, Continuation::Reopen(ReopenGround::SameIssue));
    trace.happens(back, EpisodeEvent::CustomerMessage);
    trace.happens(clock(2, 10, 4, 0), EpisodeEvent::Accept { agent: ANN });
    trace.happens(clock(2, 10, 6, 0), ann());
    trace.happens(clock(2, 10, 6, 0), resolve());
    let thanks = InboundMessage {
        at: clock(2, 10, 7, 0),
        acknowledgement: attribution::is_acknowledgement("thanks"),
        ..inbound
    };
    assert_eq!(attribution::after_end(&ended(&trace.facts), &thanks, &RULES()), Continuation::Coda);
    trace.happens(clock(2, 10, 7, 0), EpisodeEvent::Coda);
    assert_eq!(trace.timers(), [clock(1, 9, 50, 0), clock(3, 10, 6, 0)], "the silence timer runs on");
    trace.happens(clock(3, 10, 6, 0), EpisodeEvent::SilenceElapsed);
    assert_eq!(trace.facts.broken_rule(), None);

    let folded = turns(&trace.messages);
    assert_eq!(seconds(folded.first_response_millis), 6);
    assert_eq!(seconds(folded.first_human_response_millis), 480);
    let next: Vec<i64> = folded.human_responses().into_iter().map(|millis| millis / 1_000).collect();
    assert_eq!(next, [360, 300, 360, 360], "the first of them is the response after the handover was asked for");
    assert_eq!((next.iter().sum::<i64>(), next.len()), (345 * 4, 4), "mean 345 s");
    let mut sorted = next;
    sorted.sort_unstable();
    assert_eq!((sorted[1] + sorted[2]) / 2, 360, "median");
    assert_eq!(folded.bot_responses(), [6_000]);
    let (asked, _) = trace.history.iter().find(|(_, change)| *change == EpisodeChange::HandedOver).unwrap();
    let answered = trace.messages.iter().find(|message| {
        message.at >= *asked && matches!(message.said, Said::Business { author: BusinessAuthor::Agent(_), .. })
    });
    assert_eq!(answered.unwrap().at.millis_since(*asked), 360_000, "human response after the handover ask");

    let figures = figures(&trace.history, clock(4, 0, 0, 0));
    assert_eq!(seconds(figures.customer_wait_to_first_resolve_millis), 1_026);
    assert_eq!(figures.customer_wait_millis, 1_386_000);
    assert_eq!(seconds(figures.first_resolution_millis), 3_000);
    assert_eq!(seconds(figures.first_net_resolution_millis), 1_026);
    assert_eq!(seconds(figures.final_resolution_millis), 176_760);
    assert_eq!(seconds(figures.final_net_resolution_millis), 1_386);
    assert_eq!(figures.engaged_millis, 2_720_000, "2 600 s and 120 s");
    assert_eq!((figures.engagements, figures.reopens), (2, 1));
    assert_eq!((figures.escalations, figures.reassignments), (1, 0));
}
