//! Turns: the messages of one episode folded into who waited how long for whom.
//!
//! A customer's turn begins at their first unanswered message (`t₀`) and ends at the first substantive message of the
//! business. Holding replies and acknowledgements do not end it, and a message that failed never was. Bot, people and system
//! (the product, and integrations) are separate authors with separate series.
//!
//! Messages are given in the order of their receipt at the server, ties by their number in the log.

use crate::{
    Timestamp,
    episode::{BusinessAuthor, ReplyKind},
};

/// A message of an episode, as far as turns care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpisodeMessage {
    /// When the server received it.
    pub at: Timestamp,
    /// What it is.
    pub said: Said,
}

/// What a message is to the turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// The customer wrote.
    Customer {
        /// It opened an ended episode again. What had been left unanswered before that end waits no longer.
        reopened: bool,
    },
    /// The customer thanked or nodded after the end; no turn, no clock.
    Coda,
    /// The business wrote.
    Business {
        /// Who.
        author: BusinessAuthor,
        /// What it is worth.
        kind: ReplyKind,
        /// It will not arrive.
        failed: bool,
    },
}

/// What the messages that stand say about an episode now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// `t₀` of the turn that nobody has answered.
    pub unanswered_since: Option<Timestamp>,
    /// The customer's latest message, codas too.
    pub last_customer_at: Option<Timestamp>,
    /// The latest substantive message of the business.
    pub last_business_at: Option<Timestamp>,
}

/// One turn of the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CustomerTurn {
    /// `t₀`, its first message.
    pub since: Timestamp,
    /// How many messages it has.
    pub messages: u32,
    /// How it ended.
    pub end: TurnEnd,
}

/// How a turn ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TurnEnd {
    /// By a substantive reply.
    Answered {
        /// When.
        at: Timestamp,
        /// Whose.
        author: BusinessAuthor,
    },
    /// Never: the episode ended without a reply, and the customer came back.
    Left,
    /// It has not; statistics take it as censored, so that a silent backlog cannot look good.
    Open,
}

impl CustomerTurn {
    /// Milliseconds from `t₀` to the reply (next response); `None` without one.
    #[must_use]
    pub fn response_millis(&self) -> Option<i64> {
        match self.end {
            TurnEnd::Answered { at, .. } => Some(at.millis_since(self.since)),
            TurnEnd::Left | TurnEnd::Open => None,
        }
    }
}

/// The turns of an episode, and its first responses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Turns {
    /// The customer's turns, oldest first.
    pub turns: Vec<CustomerTurn>,
    /// Milliseconds from the customer's first message to the first answer of anybody: a substantive message, or a
    /// person's holding reply.
    pub first_response_millis: Option<i64>,
    /// Milliseconds from the customer's first message to the first message of a person.
    pub first_human_response_millis: Option<i64>,
}

impl Turns {
    /// The response times (milliseconds) of the turns that people answered, in order.
    #[must_use]
    pub fn human_responses(&self) -> Vec<i64> {
        self.responses(|author| matches!(author, BusinessAuthor::Agent(_)))
    }

    /// The response times (milliseconds) of the turns that the bot answered, in order.
    #[must_use]
    pub fn bot_responses(&self) -> Vec<i64> {
        self.responses(|author| author == BusinessAuthor::Bot)
    }

    /// The response times (milliseconds) of the turns that the product or an integration answered, in order.
    #[must_use]
    pub fn system_responses(&self) -> Vec<i64> {
        self.responses(|author| author == BusinessAuthor::System)
    }

    fn responses(&self, wanted: impl Fn(BusinessAuthor) -> bool) -> Vec<i64> {
        self.turns
            .iter()
            .filter(|turn| matches!(turn.end, TurnEnd::Answered { author, .. } if wanted(author)))
            .filter_map(CustomerTurn::response_millis)
            .collect()
    }
}

/// Folds messages into turns.
#[must_use]
pub fn turns(messages: &[EpisodeMessage]) -> Turns {
    let mut folded = Turns::default();
    let mut first_asked = None;
    for message in messages {
        let at = message.at;
        match message.said {
            Said::Coda => {}
            Said::Customer { reopened } => {
                first_asked = first_asked.or(Some(at));
                match folded.turns.last_mut() {
                    Some(turn) if turn.end == TurnEnd::Open && !reopened => turn.messages += 1,
                    last => {
                        if let Some(turn) = last.filter(|turn| turn.end == TurnEnd::Open) {
                            turn.end = TurnEnd::Left;
                        }
                        folded.turns.push(CustomerTurn { since: at, messages: 1, end: TurnEnd::Open });
                    }
                }
            }
            Said::Business { failed: true, .. } => {}
            Said::Business { author, kind, failed: false } => {
                let human = matches!(author, BusinessAuthor::Agent(_));
                let responds = match kind {
                    ReplyKind::Substantive => true,
                    ReplyKind::Holding => human,
                    ReplyKind::Acknowledgement => false,
                };
                if let Some(asked) = first_asked.filter(|_| responds) {
                    let millis = Some(at.millis_since(asked));
                    folded.first_response_millis = folded.first_response_millis.or(millis);
                    if human {
                        folded.first_human_response_millis = folded.first_human_response_millis.or(millis);
                    }
                }
                if let Some(turn) = folded.turns.last_mut()
                    && kind == ReplyKind::Substantive
                    && turn.end == TurnEnd::Open
                {
                    turn.end = TurnEnd::Answered { at, author };
                }
            }
        }
    }
    folded
}

/// Folds messages into what they say now. An open turn is the last one that [`turns`] gives.
#[must_use]
pub fn standing(messages: &[EpisodeMessage]) -> Standing {
    let mut standing = Standing::default();
    for message in messages {
        let at = Some(message.at);
        match message.said {
            Said::Coda => standing.last_customer_at = standing.last_customer_at.max(at),
            Said::Customer { reopened } => {
                standing.last_customer_at = standing.last_customer_at.max(at);
                if reopened || standing.unanswered_since.is_none() {
                    standing.unanswered_since = at;
                }
            }
            Said::Business { kind: ReplyKind::Substantive, failed: false, .. } => {
                standing.last_business_at = standing.last_business_at.max(at);
                standing.unanswered_since = None;
            }
            Said::Business { .. } => {}
        }
    }
    standing
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AgentId;
    use proptest::prelude::*;

    const ADA: BusinessAuthor = BusinessAuthor::Agent(AgentId(1));

    fn asks(at: i64) -> EpisodeMessage {
        EpisodeMessage { at: Timestamp(at), said: Said::Customer { reopened: false } }
    }

    fn says(at: i64, author: BusinessAuthor, kind: ReplyKind) -> EpisodeMessage {
        EpisodeMessage { at: Timestamp(at), said: Said::Business { author, kind, failed: false } }
    }

    fn fails(at: i64, author: BusinessAuthor) -> EpisodeMessage {
        EpisodeMessage {
            at: Timestamp(at),
            said: Said::Business { author, kind: ReplyKind::Substantive, failed: true },
        }
    }

    #[test]
    fn a_turn_begins_at_its_first_message() {
        let folded = turns(&[asks(10), asks(20), asks(30), says(50, ADA, ReplyKind::Substantive)]);
        let end = TurnEnd::Answered { at: Timestamp(50), author: ADA };
        assert_eq!(folded.turns, [CustomerTurn { since: Timestamp(10), messages: 3, end }]);
        assert_eq!(folded.human_responses(), [40]);
    }

    #[test]
    fn a_persons_holding_reply_stops_the_first_response_clock_only() {
        let folded = turns(&[
            asks(0),
            says(5, BusinessAuthor::System, ReplyKind::Acknowledgement),
            says(6, BusinessAuthor::Bot, ReplyKind::Holding),
            says(10, ADA, ReplyKind::Holding),
            says(90, ADA, ReplyKind::Substantive),
        ]);
        assert_eq!((folded.first_response_millis, folded.first_human_response_millis), (Some(10), Some(10)));
        assert_eq!(folded.human_responses(), [90]);
    }

    #[test]
    fn authors_have_series_of_their_own() {
        let folded = turns(&[
            asks(0),
            says(1, BusinessAuthor::Bot, ReplyKind::Substantive),
            asks(10),
            says(12, BusinessAuthor::System, ReplyKind::Substantive),
            asks(20),
            says(23, ADA, ReplyKind::Substantive),
        ]);
        assert_eq!(folded.bot_responses(), [1]);
        assert_eq!(folded.system_responses(), [2]);
        assert_eq!(folded.human_responses(), [3]);
        assert_eq!((folded.first_response_millis, folded.first_human_response_millis), (Some(1), Some(23)));
    }

    #[test]
    fn a_failed_reply_never_was() {
        let messages = [asks(10), fails(20, ADA), asks(30)];
        assert_eq!(standing(&messages).unanswered_since, Some(Timestamp(10)), "the original t0");
        let answered = [asks(10), fails(20, ADA), asks(30), says(40, ADA, ReplyKind::Substantive)];
        assert_eq!(turns(&answered).human_responses(), [30]);
        assert_eq!(turns(&answered).first_response_millis, Some(30));
    }

    #[test]
    fn what_we_write_first_starts_no_clock() {
        let folded = turns(&[says(0, ADA, ReplyKind::Substantive), asks(100), says(130, ADA, ReplyKind::Substantive)]);
        assert_eq!(folded.first_human_response_millis, Some(30));
    }

    #[test]
    fn what_an_end_left_unanswered_waits_no_longer_when_the_customer_comes_back() {
        let back = EpisodeMessage { at: Timestamp(500), said: Said::Customer { reopened: true } };
        let messages = [asks(10), back, says(510, ADA, ReplyKind::Substantive)];
        let folded = turns(&messages);
        assert_eq!(folded.turns[0].end, TurnEnd::Left);
        assert_eq!(folded.human_responses(), [10]);
        assert_eq!(standing(&messages[..2]).unanswered_since, Some(Timestamp(500)));
    }

    fn any_message() -> impl Strategy<Value = Said> {
        let author = prop_oneof![Just(ADA), Just(BusinessAuthor::Bot), Just(BusinessAuthor::System)];
        let kind = proptest::sample::select(ReplyKind::ALL);
        prop_oneof![
            any::<bool>().prop_map(|reopened| Said::Customer { reopened }),
            Just(Said::Coda),
            (author, kind, any::<bool>()).prop_map(|(author, kind, failed)| Said::Business { author, kind, failed }),
        ]
    }

    proptest! {
        #[test]
        fn both_folds_agree_and_no_message_is_lost(said in proptest::collection::vec((0_i64..100, any_message()), 0..30)) {
            let mut at = 0;
            let messages: Vec<_> = said
                .into_iter()
                .map(|(later, said)| {
                    at += later;
                    EpisodeMessage { at: Timestamp(at), said }
                })
                .collect();
            let folded = turns(&messages);
            let open = folded.turns.last().filter(|turn| turn.end == TurnEnd::Open).map(|turn| turn.since);
            prop_assert_eq!(standing(&messages).unanswered_since, open);
            let asked = messages.iter().filter(|message| matches!(message.said, Said::Customer { .. })).count();
            prop_assert_eq!(folded.turns.iter().map(|turn| turn.messages as usize).sum::<usize>(), asked);
            prop_assert!(folded.turns.iter().rev().skip(1).all(|turn| turn.end != TurnEnd::Open), "one turn at a time");
        }
    }
}
