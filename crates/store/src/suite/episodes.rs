//! Matters inside threads: joined by messages, acted on, timed, split, promised about; notes.

use super::{
    Harness, later, now, on_both_engines,
    world::{DAY, Talk},
};
use crate::{
    AttemptOutcome, Created, EpisodeAct, EpisodeFilter, EpisodeWords, EventFact, MovedMessages, NewEpisode, NewNote,
    NewPromise, SplitEpisode, Stepped,
};
use model::{
    AgentId, EpisodeId, FailureReason, JobId, MessageId, NoteId, PromiseId, Role, ThreadId, Timestamp, WorkspaceId,
    entry::{Entry, EntryBody},
    episode::{Ball, ClosedBy, Episode, EpisodeEvent, EpisodeState, ResolvedBy, StepRefused},
    log::LogKind,
    message::{Author, AuthorKind},
    promise::PromiseState,
    turn::Standing,
};

on_both_engines! {
    a_message_opens_a_matter_and_an_answer_passes_the_ball: shared;
    thanks_after_the_end_are_a_coda: shared;
    the_same_issue_opens_it_again: shared;
    another_order_is_another_matter_and_the_same_one_follows_up: shared;
    a_quoted_message_chooses_among_open_matters: shared;
    a_customers_word_wakes_what_was_set_aside: shared;
    what_the_state_does_not_allow_is_refused: shared;
    timers_close_and_wake: own;
    a_timer_waits_for_no_other: own;
    a_reply_that_fails_is_owed_again_from_the_start: own;
    messages_move_and_split: shared;
    episodes_are_listed_by_state_owner_and_thread: shared;
    a_promise_is_kept_or_broken: own;
    notes_are_filed_with_their_matter: shared;
    signs_and_new_words_change_a_message: shared;
    what_happens_beside_messages_is_kept: shared;
    an_act_run_again_changes_nothing: shared;
    matters_are_their_workspaces_alone: shared;
}

/// An hour in milliseconds.
const HOUR: i64 = 3_600_000;

impl Harness {
    async fn write_in(&self, talk: &Talk, id: &str, text: &str, at: Timestamp) -> MessageId {
        let fact = self.message(id, text);
        let EventFact::Message { content, .. } = &fact else { panic!("a message") };
        let message = content.message_id;
        self.happen_at(talk, fact, at).await;
        message
    }

    async fn happen_at(&self, talk: &Talk, fact: EventFact, at: Timestamp) {
        let mut event = self.read(&talk.page, Some(&talk.person), fact).await;
        (event.at, event.event.received_at) = (at, at);
        assert_eq!(self.apply(vec![event]).await, 1);
    }

    /// The thread's matters, the youngest first.
    async fn matters(&self, talk: &Talk) -> Vec<Episode> {
        self.store.list_thread_episodes(self.workspace, talk.thread, EpisodeId(i64::MAX), 50).await.unwrap()
    }

    async fn only(&self, talk: &Talk) -> Episode {
        let matters = self.matters(talk).await;
        assert_eq!(matters.len(), 1, "{matters:?}");
        matters.into_iter().next().unwrap()
    }

    async fn act(&self, id: EpisodeId, event: EpisodeEvent, at: Timestamp) -> Stepped {
        let act = EpisodeAct {
            act_id: self.id(),
            workspace_id: self.workspace,
            episode_id: id,
            event,
            actor_id: Some("agt_1".into()),
            now: at,
        };
        self.store.step_episode(act).await.unwrap()
    }

    async fn resolve(&self, id: EpisodeId, at: Timestamp) {
        assert_eq!(self.act(id, EpisodeEvent::Resolve { by: ResolvedBy::Agent }, at).await, Stepped::Done);
    }

    async fn answer_at(&self, talk: &Talk, text: &str, at: Timestamp) -> MessageId {
        let mut new = self.answer(talk, text);
        new.now = at;
        let id = new.id;
        assert_eq!(self.store.create_message(new).await.unwrap(), Created::New(id));
        id
    }

    async fn entry(&self, id: i64) -> Entry {
        self.store.list_entries_by_id(self.workspace, vec![id]).await.unwrap().pop().expect("an entry")
    }

    async fn kinds(&self, workspace: WorkspaceId) -> Vec<LogKind> {
        self.log(workspace).await.iter().map(|record| record.kind).collect()
    }
}

fn ada() -> Author {
    Author { kind: AuthorKind::Agent, id: Some("agt_1".into()), name: "Ada".into() }
}

async fn a_message_opens_a_matter_and_an_answer_passes_the_ball(harness: Harness) {
    let talk = harness.talk().await;
    let opened = harness.only(&talk).await;
    assert_eq!((opened.state, opened.ball), (EpisodeState::New, Ball::Human));
    assert_eq!((opened.unanswered_since, opened.opened_at), (Some(now()), now()));
    assert_eq!((opened.thread_id, opened.customer_id, opened.identity_id), (talk.thread, talk.customer, talk.identity));
    let second = harness.write_in(&talk, "m2", "are you there", later(1_000)).await;
    assert_eq!(harness.only(&talk).await.unanswered_since, Some(now()), "the first unanswered message counts");
    let answer = harness.answer_at(&talk, "yes", later(2_000)).await;
    let answered = harness.only(&talk).await;
    assert_eq!(
        (answered.state, answered.ball, answered.unanswered_since),
        (EpisodeState::Active, Ball::Customer, None)
    );
    assert!(answered.version > opened.version);
    for id in [second.0, answer.0] {
        assert_eq!(harness.entry(id).await.episode_id, Some(opened.id));
    }
    let received = harness.log(harness.workspace).await;
    let joined = received.iter().find(|record| record.entry_id == Some(second.0)).unwrap();
    assert_eq!(joined.episode_id, Some(opened.id));
    assert_eq!(joined.detail.as_deref(), Some(r#"{"joined":"most_recent"}"#));
}

async fn thanks_after_the_end_are_a_coda(harness: Harness) {
    let talk = harness.talk().await;
    let matter = harness.only(&talk).await;
    harness.answer_at(&talk, "done", later(1_000)).await;
    harness.resolve(matter.id, later(2_000)).await;
    let mut fact = harness.message("m2", "thanks!");
    if let EventFact::Message { content, .. } = &mut fact {
        content.acknowledgement = true;
    }
    harness.happen_at(&talk, fact, later(10 * HOUR)).await;
    let after = harness.only(&talk).await;
    assert_eq!((after.state, after.ball, after.reopens), (EpisodeState::Resolved, Ball::Nobody, 0));
    let entries = harness.store.list_entries(harness.workspace, talk.thread, i64::MAX, 10).await.unwrap();
    assert_eq!(entries[0].episode_id, Some(matter.id), "attached to it");
}

async fn the_same_issue_opens_it_again(harness: Harness) {
    let talk = harness.talk().await;
    let matter = harness.only(&talk).await;
    harness.resolve(matter.id, later(1_000)).await;
    harness.write_in(&talk, "m2", "it is broken again", later(2 * DAY)).await;
    let again = harness.only(&talk).await;
    assert_eq!((again.state, again.ball, again.reopens), (EpisodeState::Active, Ball::Human, 1));
    assert_eq!(again.unanswered_since, Some(later(2 * DAY)), "what was left before the end waits no longer");
    assert_eq!((again.resolved_at, again.closed_at), (None, None));
    assert!(harness.kinds(harness.workspace).await.contains(&LogKind::EpisodeReopened));
    harness.resolve(matter.id, later(2 * DAY + 1)).await;
    harness.write_in(&talk, "m3", "hello", later(20 * DAY)).await;
    let matters = harness.matters(&talk).await;
    assert_eq!(matters.len(), 2, "weeks later it is another one");
    assert_eq!(matters[0].follows_id, None);
}

async fn another_order_is_another_matter_and_the_same_one_follows_up(harness: Harness) {
    let talk = harness.talk().await;
    let first = harness.only(&talk).await;
    harness.write_in(&talk, "m2", "where is NV-40718?", later(1)).await;
    harness.resolve(first.id, later(2)).await;
    harness.write_in(&talk, "m3", "and where is NV-50000?", later(DAY)).await;
    let matters = harness.matters(&talk).await;
    assert_eq!((matters.len(), matters[0].follows_id), (2, None), "the numbers differ");
    harness.resolve(matters[0].id, later(DAY + 1)).await;
    // Beyond the window of reopening, about the same order.
    harness.write_in(&talk, "m4", "NV-50000 came broken", later(12 * DAY)).await;
    let followed = harness.matters(&talk).await;
    assert_eq!((followed.len(), followed[0].follows_id), (3, Some(matters[0].id)));
    assert!(harness.kinds(harness.workspace).await.contains(&LogKind::EpisodeLinked));
}

async fn a_quoted_message_chooses_among_open_matters(harness: Harness) {
    let talk = harness.talk().await;
    let first = harness.only(&talk).await;
    let new = NewEpisode {
        id: EpisodeId(harness.id()),
        workspace_id: harness.workspace,
        identity_id: talk.identity,
        subject: "A second matter".into(),
        topic: "delivery".into(),
        follows_id: None,
        actor_id: "agt_1".into(),
        owner: None,
        idempotency: None,
        now: later(10),
    };
    let second = new.id;
    assert_eq!(harness.store.create_episode(new.clone()).await.unwrap(), Created::New(second));
    assert_eq!(harness.store.create_episode(new).await.unwrap(), Created::New(second), "run again");
    let mut named = harness.answer(&talk, "about the first");
    (named.episode_id, named.now) = (Some(first.id), later(20));
    let quoted = named.id;
    harness.store.create_message(named).await.unwrap();
    let (job, number) = harness.begin(quoted, 1, later(20)).await;
    harness.end(&job, number, AttemptOutcome::Accepted { external_id: "x1".into() }, later(21)).await;
    // The second is the most recently active after this.
    let mut other = harness.answer(&talk, "about the second");
    (other.episode_id, other.now) = (Some(second), later(30));
    harness.store.create_message(other).await.unwrap();
    let plain = harness.write_in(&talk, "m2", "ok so", later(40)).await;
    assert_eq!(harness.entry(plain.0).await.episode_id, Some(second));
    let mut fact = harness.message("m3", "this one");
    if let EventFact::Message { content, .. } = &mut fact {
        content.reply_to = Some("x1".into());
    }
    let EventFact::Message { content, .. } = &fact else { panic!("a message") };
    let reply = content.message_id;
    harness.happen_at(&talk, fact, later(50)).await;
    let entry = harness.entry(reply.0).await;
    assert_eq!(entry.episode_id, Some(first.id), "the quoted message's");
    let EntryBody::Message(message) = entry.body else { panic!("a message") };
    let reply_to = message.reply_to.unwrap();
    assert_eq!((reply_to.message_id, reply_to.external_id.as_deref()), (Some(quoted), Some("x1")));
}

async fn a_customers_word_wakes_what_was_set_aside(harness: Harness) {
    let talk = harness.talk().await;
    let matter = harness.only(&talk).await;
    harness.answer_at(&talk, "tomorrow", later(1)).await;
    let until = later(5 * DAY);
    assert_eq!(harness.act(matter.id, EpisodeEvent::Snooze { until }, later(2)).await, Stepped::Done);
    let asleep = harness.only(&talk).await;
    assert_eq!((asleep.state, asleep.until), (EpisodeState::Snoozed, Some(until)));
    harness.write_in(&talk, "m2", "it cannot wait", later(3)).await;
    let awake = harness.only(&talk).await;
    assert_eq!((awake.state, awake.ball, awake.until), (EpisodeState::Active, Ball::Human, None));
}

async fn what_the_state_does_not_allow_is_refused(harness: Harness) {
    let talk = harness.talk().await;
    let matter = harness.only(&talk).await;
    let parked = harness.act(matter.id, EpisodeEvent::Park { until: None }, later(1)).await;
    assert_eq!(parked, Stepped::Refused(StepRefused::ParkNeedsPromise), "the customer waits");
    let reopened = harness.act(matter.id, EpisodeEvent::Reopen { standing: Standing::default() }, later(1)).await;
    assert_eq!(reopened, Stepped::Refused(StepRefused::StillOpen));
    assert_eq!(harness.only(&talk).await.state, EpisodeState::New, "nothing happened");
    harness.resolve(matter.id, later(2)).await;
    let again = harness.act(matter.id, EpisodeEvent::Resolve { by: ResolvedBy::Agent }, later(3)).await;
    assert_eq!(again, Stepped::Refused(StepRefused::AlreadyResolved));
    let reopened = harness.act(matter.id, EpisodeEvent::Reopen { standing: Standing::default() }, later(4)).await;
    assert_eq!(reopened, Stepped::Done);
    let open = harness.only(&talk).await;
    assert_eq!((open.ball, open.unanswered_since), (Ball::Human, Some(now())), "what was left is owed again");
    assert_eq!(harness.act(EpisodeId(5), EpisodeEvent::HandOver, later(5)).await, Stepped::Missing);
}

async fn timers_close_and_wake(harness: Harness) {
    let talk = harness.talk().await;
    let matter = harness.only(&talk).await;
    harness.answer_at(&talk, "done", later(1)).await;
    harness
        .act(matter.id, EpisodeEvent::Hold { reason: "the carrier".into(), until: Some(later(HOUR)) }, later(2))
        .await;
    assert_eq!(harness.only(&talk).await.ball, Ball::ThirdParty);
    let due = async |at: Timestamp, kind: &str| {
        let found = harness.claim(7, at).await.into_iter().find(|job| job.kind == kind);
        found.unwrap_or_else(|| panic!("{kind} is due at {at:?}"))
    };
    let early = harness.claim(7, later(HOUR - 1)).await;
    assert!(early.iter().all(|job| job.kind != crate::WAKE_EPISODE));
    let job = due(later(HOUR), crate::WAKE_EPISODE).await;
    harness.store.time_episode(job, EpisodeEvent::Wake, later(HOUR)).await.unwrap();
    assert_eq!(harness.only(&talk).await.state, EpisodeState::Active);
    harness.resolve(matter.id, later(2 * HOUR)).await;
    let job = due(later(2 * HOUR + DAY), crate::CLOSE_EPISODE).await;
    harness.store.time_episode(job.clone(), EpisodeEvent::SilenceElapsed, later(2 * HOUR + DAY)).await.unwrap();
    let closed = harness.only(&talk).await;
    assert_eq!((closed.state, closed.closed_by), (EpisodeState::Closed, Some(ClosedBy::Silence)));
    // Run again after its answer was lost.
    harness.store.time_episode(job, EpisodeEvent::SilenceElapsed, later(2 * HOUR + DAY)).await.unwrap();
    assert!(harness.only(&talk).await.version >= closed.version);
    let closings = harness.kinds(harness.workspace).await.into_iter().filter(|kind| *kind == LogKind::EpisodeClosed);
    assert_eq!(closings.count(), 1);
}

async fn a_timer_waits_for_no_other(harness: Harness) {
    let talk = harness.talk().await;
    let matter = harness.only(&talk).await;
    harness.resolve(matter.id, later(1)).await;
    harness.act(matter.id, EpisodeEvent::Reopen { standing: Standing::default() }, later(2)).await;
    harness.act(matter.id, EpisodeEvent::Snooze { until: later(HOUR) }, later(3)).await;
    // The one that would have closed it is not due before tomorrow.
    let claimed = harness.claim(7, later(HOUR)).await;
    let wake =
        claimed.into_iter().find(|job| job.kind == crate::WAKE_EPISODE).expect("it wakes although it was done once");
    harness.store.time_episode(wake, EpisodeEvent::Wake, later(HOUR)).await.unwrap();
    assert_eq!(harness.only(&talk).await.state, EpisodeState::Active);
    // The other way round: set aside for long, resumed, done.
    harness.act(matter.id, EpisodeEvent::Snooze { until: later(30 * DAY) }, later(HOUR + 1)).await;
    harness.happen(&talk, harness.message("again", "are you there?")).await;
    harness.resolve(matter.id, later(2 * HOUR)).await;
    let claimed = harness.claim(7, later(2 * HOUR + DAY)).await;
    assert!(claimed.iter().any(|job| job.kind == crate::CLOSE_EPISODE), "it closes although it was set aside once");
}

async fn a_reply_that_fails_is_owed_again_from_the_start(harness: Harness) {
    let talk = harness.talk().await;
    let id = harness.answer_at(&talk, "soon", later(1_000)).await;
    assert_eq!(harness.only(&talk).await.ball, Ball::Customer);
    let (job, number) = harness.begin(id, 1, later(2_000)).await;
    let failed = AttemptOutcome::Failed {
        reason: FailureReason::OutsideWindow,
        code: None,
        detail: String::new(),
        alternatives: vec![],
    };
    harness.end(&job, number, failed, later(3_000)).await;
    let owed = harness.only(&talk).await;
    assert_eq!((owed.ball, owed.unanswered_since), (Ball::Human, Some(now())), "from the original moment");
    // Proof that it arrived after all.
    harness.happen(&talk, harness.echo("x1", Some(id))).await;
    assert_eq!(harness.only(&talk).await.ball, Ball::Customer);
}

async fn messages_move_and_split(harness: Harness) {
    let talk = harness.talk().await;
    let first = harness.only(&talk).await;
    let odd = harness.write_in(&talk, "m2", "something else", later(1)).await;
    let split = SplitEpisode {
        id: EpisodeId(harness.id()),
        workspace_id: harness.workspace,
        from: first.id,
        messages: vec![odd],
        subject: "Something else".into(),
        actor_id: "agt_1".into(),
        idempotency: None,
        now: later(2),
    };
    let second = split.id;
    assert_eq!(harness.store.split_episode(split.clone()).await.unwrap(), Some(Created::New(second)));
    assert_eq!(harness.store.split_episode(split.clone()).await.unwrap(), Some(Created::New(second)), "run again");
    let matters = harness.matters(&talk).await;
    assert_eq!((matters.len(), matters[0].subject.as_str()), (2, "Something else"));
    assert_eq!(matters[0].unanswered_since, Some(later(1)));
    assert_eq!(harness.entry(odd.0).await.episode_id, Some(second));
    let foreign = SplitEpisode { id: EpisodeId(harness.id()), ..split };
    assert_eq!(harness.store.split_episode(foreign).await.unwrap(), None, "it is not of the first any more");
    let moved = MovedMessages {
        workspace_id: harness.workspace,
        messages: vec![odd],
        episode_id: first.id,
        actor_id: "agt_1".into(),
        now: later(3),
    };
    assert!(harness.store.move_messages(moved.clone()).await.unwrap());
    let matters = harness.matters(&talk).await;
    assert_eq!(matters[0].ball, Ball::Nobody, "nothing is left in the second");
    assert_eq!(harness.entry(odd.0).await.episode_id, Some(first.id));
    let stranger = harness.talk().await;
    let theirs = harness.only(&stranger).await.id;
    let wrong = MovedMessages { episode_id: theirs, ..moved };
    assert!(!harness.store.move_messages(wrong).await.unwrap(), "another customer's matter");
    let linked = harness.store.link_episode(harness.workspace, second, first.id, "agt_1".into(), later(4)).await;
    assert!(linked.unwrap());
    assert_eq!(
        harness.store.find_episode(harness.workspace, second).await.unwrap().unwrap().follows_id,
        Some(first.id)
    );
    assert!(!harness.store.link_episode(harness.workspace, second, second, "agt_1".into(), later(4)).await.unwrap());
}

async fn episodes_are_listed_by_state_owner_and_thread(harness: Harness) {
    let (store, workspace) = (&harness.store, harness.workspace);
    let ada = harness.agent(workspace, "ada@example.com", Role::Agent).await;
    let talks = [harness.talk().await, harness.talk().await, harness.talk().await];
    let mut ids = Vec::new();
    for (place, talk) in talks.iter().enumerate() {
        harness.write_in(talk, &format!("m{place}"), "more", later(place as i64 + 1)).await;
        ids.push(harness.only(talk).await.id);
    }
    harness.act(ids[1], EpisodeEvent::Assign { agent: Some(ada) }, later(9)).await;
    harness.resolve(ids[2], later(9)).await;
    let listed = async |filter, before, limit| {
        let found = store.list_episodes(workspace, filter, before, limit).await.unwrap();
        found.into_iter().map(|episode| episode.id).collect::<Vec<_>>()
    };
    let newest = (Timestamp(i64::MAX), EpisodeId(i64::MAX));
    assert_eq!(listed(EpisodeFilter::Open, newest, 10).await, [ids[1], ids[0]]);
    assert_eq!(listed(EpisodeFilter::Open, (later(2), ids[1]), 10).await, [ids[0]]);
    assert_eq!(listed(EpisodeFilter::State(EpisodeState::Resolved), newest, 10).await, [ids[2]]);
    assert_eq!(listed(EpisodeFilter::Assignee(ada), newest, 10).await, [ids[1]]);
    let owned = store.find_episode(workspace, ids[1]).await.unwrap().unwrap();
    assert_eq!(owned.assignee.map(|owner| (owner.id, owner.name)), Some((ada, "Ada".into())));
    let words = EpisodeWords {
        workspace_id: workspace,
        episode_id: ids[0],
        subject: "Parcel".into(),
        topic: "delivery".into(),
        actor_id: "agt_1".into(),
        now: later(10),
    };
    store.describe_episode(words.clone()).await.unwrap();
    store.describe_episode(words).await.unwrap();
    let described = store.find_episode(workspace, ids[0]).await.unwrap().unwrap();
    assert_eq!((described.subject.as_str(), described.topic.as_str()), ("Parcel", "delivery"));
    let told = harness.kinds(workspace).await.into_iter().filter(|kind| *kind == LogKind::EpisodeChanged).count();
    assert_eq!(told, 1, "nothing happens when it says so already");
    assert_eq!(store.list_enabled_agents(workspace, vec![ada, AgentId(9)]).await.unwrap(), [ada]);
}

async fn a_promise_is_kept_or_broken(harness: Harness) {
    let (store, workspace, talk) = (&harness.store, harness.workspace, harness.talk().await);
    let matter = harness.only(&talk).await;
    let promise = |due: i64, at: i64| NewPromise {
        id: PromiseId(harness.id()),
        workspace_id: workspace,
        episode_id: matter.id,
        text: "by ten".into(),
        due_at: later(due),
        made_by: ada(),
        job_id: JobId(harness.id()),
        idempotency: None,
        now: later(at),
    };
    let first = promise(10_000, 1);
    assert_eq!(store.create_promise(first.clone()).await.unwrap(), Some(Created::New(first.id)));
    assert_eq!(store.create_promise(first.clone()).await.unwrap(), Some(Created::New(first.id)), "run again");
    assert_eq!(harness.only(&talk).await.promise_due_at, Some(later(10_000)));
    let parked = harness.act(matter.id, EpisodeEvent::Park { until: None }, later(2)).await;
    assert_eq!(parked, Stepped::Done, "with a promise, it may be parked");
    let second = promise(20_000, 3);
    store.create_promise(second.clone()).await.unwrap();
    let state = async |id| store.find_promise(workspace, id).await.unwrap().unwrap().state;
    assert_eq!(state(first.id).await, PromiseState::Broken, "a new time breaks the old one");
    harness.answer_at(&talk, "here it is", later(15_000)).await;
    assert_eq!(state(second.id).await, PromiseState::Kept);
    assert_eq!(harness.only(&talk).await.promise_due_at, None);
    let third = promise(30_000, 16_000);
    store.create_promise(third.clone()).await.unwrap();
    let due = harness.claim(3, later(30_001)).await;
    let job = due.into_iter().find(|job| job.kind == crate::END_PROMISE).expect("its job is due");
    store.end_promise(job, later(30_001)).await.unwrap();
    let broken = store.find_promise(workspace, third.id).await.unwrap().unwrap();
    assert_eq!((broken.state, broken.ended_at), (PromiseState::Broken, Some(later(30_000))));
    let listed = store.list_promises(workspace, matter.id, PromiseId(i64::MAX), 2).await.unwrap();
    assert_eq!(listed.iter().map(|promise| promise.id).collect::<Vec<_>>(), [third.id, second.id]);
    let missing = NewPromise { episode_id: EpisodeId(4), id: PromiseId(harness.id()), ..third };
    assert_eq!(store.create_promise(missing).await.unwrap(), None);
}

async fn notes_are_filed_with_their_matter(harness: Harness) {
    let (store, workspace, talk) = (&harness.store, harness.workspace, harness.talk().await);
    let bob = harness.agent(workspace, "bob@example.com", Role::Agent).await;
    let note = NewNote {
        id: NoteId(harness.id()),
        workspace_id: workspace,
        thread_id: talk.thread,
        episode_id: Some(harness.only(&talk).await.id),
        author: ada(),
        text: "ask the store".into(),
        mentions: vec![bob],
        idempotency: None,
        now: later(1),
    };
    assert_eq!(store.create_note(note.clone()).await.unwrap(), Some(Created::New(note.id)));
    assert_eq!(store.create_note(note.clone()).await.unwrap(), Some(Created::New(note.id)), "run again");
    let entries = store.list_entries(workspace, talk.thread, i64::MAX, 10).await.unwrap();
    assert_eq!((entries.len(), entries[0].id.as_str()), (2, note.id.to_string().as_str()));
    assert_eq!((entries[0].identity_id, entries[0].episode_id), (Some(talk.identity), note.episode_id));
    let EntryBody::Note(told) = &entries[0].body else { panic!("a note") };
    assert_eq!(
        (told.text.as_str(), told.mentions.as_slice(), told.author.name.as_str()),
        ("ask the store", &[bob][..], "Ada")
    );
    let mentioned = harness.raw("SELECT CAST(note_id AS TEXT) FROM mention WHERE agent_id = $1", &[bob.0.into()]).await;
    assert_eq!(mentioned, [note.id.0.to_string()]);
    let general = NewNote { id: NoteId(harness.id()), episode_id: None, ..note.clone() };
    assert!(store.create_note(general).await.unwrap().is_some(), "about the customer");
    let nowhere = NewNote { id: NoteId(harness.id()), thread_id: ThreadId(3), ..note.clone() };
    assert_eq!(store.create_note(nowhere).await.unwrap(), None);
    let elsewhere = harness.only(&harness.talk().await).await.id;
    let wrong = NewNote { id: NoteId(harness.id()), episode_id: Some(elsewhere), ..note };
    assert_eq!(store.create_note(wrong).await.unwrap(), None, "another thread's matter");
}

async fn signs_and_new_words_change_a_message(harness: Harness) {
    let talk = harness.talk().await;
    let id = harness.sent(&talk, "x1", now()).await;
    let sign = |emoji: Option<&str>| EventFact::Reaction {
        external_id: "x1".into(),
        emoji: emoji.map(str::to_owned),
        entry_id: model::EntryId(harness.id()),
    };
    let reactions = async || {
        let EntryBody::Message(message) = harness.entry(id.0).await.body else { panic!("a message") };
        message.reactions.into_iter().map(|reaction| reaction.emoji).collect::<Vec<_>>()
    };
    harness.happen(&talk, sign(Some("👍"))).await;
    harness.happen(&talk, sign(Some("😡"))).await;
    assert_eq!(reactions().await, ["😡"], "another takes its place");
    harness.happen(&talk, sign(None)).await;
    assert!(reactions().await.is_empty());
    let written = harness.write_in(&talk, "m2", "Refnud", later(1)).await;
    let edit = |text: &str, number| EventFact::Edited {
        external_id: "m2".into(),
        text: text.into(),
        number,
        entry_id: model::EntryId(harness.id()),
    };
    harness.happen_at(&talk, edit("Refund please", 2), later(5)).await;
    harness.happen_at(&talk, edit("Refund", 1), later(6)).await;
    let EntryBody::Message(message) = harness.entry(written.0).await.body else { panic!("a message") };
    assert_eq!(message.blocks, [model::Block::text("Refund please")], "an older change comes late");
    assert_eq!(message.edited_at, Some(later(5)));
    let count = harness.store.list_entries(harness.workspace, talk.thread, i64::MAX, 50).await.unwrap().len();
    let unknown = EventFact::Reaction {
        external_id: "never seen".into(),
        emoji: Some("👍".into()),
        entry_id: model::EntryId(harness.id()),
    };
    harness.happen(&talk, unknown).await;
    let entries = harness.store.list_entries(harness.workspace, talk.thread, i64::MAX, 50).await.unwrap();
    assert_eq!(entries.len(), count + 1, "what cannot be folded is shown");
    let EntryBody::Event(event) = &entries[0].body else { panic!("an event") };
    assert_eq!((event.name.as_str(), event.what.as_str()), ("not_shown", "reaction"));
}

async fn what_happens_beside_messages_is_kept(harness: Harness) {
    let talk = harness.talk().await;
    let referral = |what: &str| EventFact::Happened {
        entry_id: model::EntryId(harness.id()),
        what: what.into(),
        details: r#"{"ref":"autumn"}"#.into(),
    };
    harness.happen_at(&talk, referral("referral"), later(5)).await;
    let entries = harness.store.list_entries(harness.workspace, talk.thread, i64::MAX, 10).await.unwrap();
    let EntryBody::Event(event) = &entries[0].body else { panic!("an event: {entries:?}") };
    assert_eq!((event.name.as_str(), event.what.as_str(), entries[0].at), ("event.happened", "referral", later(5)));
    let log = harness.log(harness.workspace).await;
    assert!(log.iter().all(|record| record.detail.as_deref().is_none_or(|detail| !detail.contains("autumn"))));
    let about_account = harness.read(&talk.page, None, referral("policy_enforced")).await;
    assert_eq!(harness.apply(vec![about_account]).await, 1);
    let log = harness.log(harness.workspace).await;
    let told = log.last().unwrap();
    assert_eq!(
        (told.kind, told.subject_id.as_deref()),
        (LogKind::ChannelAccountTold, Some(talk.page.id.to_string().as_str()))
    );
}

async fn an_act_run_again_changes_nothing(harness: Harness) {
    let talk = harness.talk().await;
    let act = EpisodeAct {
        act_id: harness.id(),
        workspace_id: harness.workspace,
        episode_id: harness.only(&talk).await.id,
        event: EpisodeEvent::Resolve { by: ResolvedBy::Agent },
        actor_id: Some("agt_1".into()),
        now: later(1),
    };
    assert_eq!(harness.store.step_episode(act.clone()).await.unwrap(), Stepped::Done);
    let told = harness.log(harness.workspace).await.len();
    assert_eq!(harness.store.step_episode(act).await.unwrap(), Stepped::Done, "not refused");
    assert_eq!(harness.log(harness.workspace).await.len(), told);
}

async fn matters_are_their_workspaces_alone(harness: Harness) {
    let (store, talk) = (&harness.store, harness.talk().await);
    let matter = harness.only(&talk).await;
    let other = harness.other_workspace().await;
    assert!(store.find_episode(other, matter.id).await.unwrap().is_none());
    assert!(store.list_episodes_by_id(other, vec![matter.id]).await.unwrap().is_empty());
    assert!(store.list_thread_episodes(other, talk.thread, EpisodeId(i64::MAX), 10).await.unwrap().is_empty());
    let newest = (Timestamp(i64::MAX), EpisodeId(i64::MAX));
    assert!(store.list_episodes(other, EpisodeFilter::Open, newest, 10).await.unwrap().is_empty());
    let act = EpisodeAct {
        act_id: harness.id(),
        workspace_id: other,
        episode_id: matter.id,
        event: EpisodeEvent::Resolve { by: ResolvedBy::Agent },
        actor_id: None,
        now: now(),
    };
    assert_eq!(store.step_episode(act).await.unwrap(), Stepped::Missing);
    let entry = harness.entry_of(&talk).await;
    assert!(store.list_entries_by_id(other, vec![entry]).await.unwrap().is_empty());
    assert_eq!(harness.only(&talk).await.state, EpisodeState::New);
}

impl Harness {
    /// The number of the thread's newest message.
    async fn entry_of(&self, talk: &Talk) -> i64 {
        let entries = self.store.list_entries(self.workspace, talk.thread, i64::MAX, 1).await.unwrap();
        entries[0].id.parse::<MessageId>().unwrap().0
    }
}
