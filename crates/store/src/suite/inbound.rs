//! What providers tell us: stored once, applied once, in order; people, routes, receipts and echoes.

use super::{
    Harness, later, now, on_both_engines,
    world::{DAY, Talk, blocks},
};
use crate::{AccountRoom, AttemptOutcome, EventFact, NewInboundEvent, ReadEvent, RouteRow};
use model::{
    ChannelAccountId, DeliveryState, EntryId, InboundEventId, MessageId, WorkspaceId, entry::EntryBody, log::LogKind,
    operation::InboundState,
};

on_both_engines! {
    an_event_is_stored_once: shared;
    a_callback_is_stored_whole_or_not_at_all: shared;
    a_bad_callback_fails_alone: shared;
    the_same_events_at_two_nodes_are_stored_once: shared;
    an_event_is_applied_once: shared;
    a_message_is_unique_by_the_providers_id: shared;
    the_log_has_the_order_of_the_events: shared;
    windows_never_go_back: shared;
    one_address_is_one_person_over_two_accounts: shared;
    a_message_from_the_customer_ends_a_block: own;
    receipts_go_forward_only: own;
    a_receipt_by_the_providers_id_names_its_messages_alone: own;
    a_receipt_may_come_before_the_answer: own;
    an_echo_ends_doubt: own;
    an_echo_of_a_stranger_is_a_message_of_the_business: shared;
    an_echo_over_another_account_is_no_proof: own;
    what_is_about_nobody_is_set_aside: shared;
    an_event_that_cannot_be_applied_is_set_aside: shared;
    stored_events_are_looked_at_by_their_workspace: shared;
    only_what_is_done_is_pruned: own;
}

async fn an_event_is_stored_once(harness: Harness) {
    let (store, page) = (&harness.store, harness.page().await);
    let first = harness.event(&page, "a");
    let id = first.id;
    assert_eq!(store.store_inbound_events(vec![first]).await.unwrap(), 1);
    let mut again = harness.event(&page, "a");
    again.payload = "other".into();
    assert_eq!(store.store_inbound_events(vec![again]).await.unwrap(), 0);
    let twice = vec![harness.event(&page, "b"), harness.event(&page, "b"), harness.event(&page, "a")];
    assert_eq!(store.store_inbound_events(twice).await.unwrap(), 1);
    assert_eq!(store.store_inbound_events(vec![]).await.unwrap(), 0);
    let kept = store.find_inbound_event(harness.workspace, id).await.unwrap().unwrap();
    assert_eq!(kept.payload.as_deref(), Some("{}"), "the first stands");
    // A key has a meaning at its address alone.
    let mut elsewhere = harness.event(&page, "a");
    elsewhere.address = "another page".into();
    assert_eq!(store.store_inbound_events(vec![elsewhere]).await.unwrap(), 1);
}

fn in_state(event: NewInboundEvent, state: InboundState) -> NewInboundEvent {
    NewInboundEvent { state, ..event }
}

async fn a_callback_is_stored_whole_or_not_at_all(harness: Harness) {
    let (store, page) = (&harness.store, harness.page().await);
    let mut orphan = harness.event(&page, "b");
    orphan.channel_account_id = Some(ChannelAccountId(5));
    assert!(store.store_inbound_events(vec![harness.event(&page, "a"), orphan]).await.is_err());
    assert_eq!(store.store_inbound_events(vec![harness.event(&page, "a")]).await.unwrap(), 1, "was not stored");
}

async fn a_bad_callback_fails_alone(harness: Harness) {
    let (store, page) = (&harness.store, harness.page().await);
    // All at once, so that they meet in one transaction.
    let callbacks = (0..100).map(|n| {
        let mut event = harness.event(&page, &format!("event {n}"));
        if n % 10 == 7 {
            event.workspace_id = WorkspaceId(7);
        }
        store.store_inbound_events(vec![event])
    });
    let outcomes = futures_util::future::join_all(callbacks).await;
    for (n, outcome) in outcomes.iter().enumerate() {
        assert_eq!(outcome.is_ok(), n % 10 != 7, "{n}: {outcome:?}");
    }
    let kept = harness
        .raw("SELECT CAST(count(*) AS TEXT) FROM inbound_event WHERE channel_account_id = $1", &[page.id.0.into()])
        .await;
    assert_eq!(kept, ["90"]);
}

async fn the_same_events_at_two_nodes_are_stored_once(harness: Harness) {
    let (page, second) = (harness.page().await, harness.reopen().await);
    let batch = |shift: usize| -> Vec<NewInboundEvent> {
        (0..50).map(|n| harness.event(&page, &format!("{}", (n + shift) % 50))).collect()
    };
    let mut new = 0;
    for round in 0..6 {
        let stores = [&harness.store, &second];
        let both = (0..8).map(|n| stores[n % 2].store_inbound_events(batch(n * 7 + round)));
        new += futures_util::future::join_all(both).await.into_iter().map(Result::unwrap).sum::<usize>();
    }
    assert_eq!(new, 50);
}

async fn an_event_is_applied_once(harness: Harness) {
    let page = harness.page().await;
    let event = harness.read(&page, Some("ada"), harness.message("m1", "hello")).await;
    // Two workers that looked at the same time.
    let second = harness.reopen().await;
    let (one, other) = tokio::join!(
        harness.store.apply_inbound_events(3, vec![event.clone()]),
        second.apply_inbound_events(3, vec![event.clone()])
    );
    assert_eq!(one.unwrap().turned + other.unwrap().turned, 1);
    assert_eq!(harness.apply(vec![event.clone()]).await, 0, "nor later");
    let told: Vec<LogKind> = harness.log(harness.workspace).await.iter().map(|record| record.kind).collect();
    use LogKind::{BallChanged, ChannelAccountCreated, CustomerCreated, EpisodeOpened, MessageReceived};
    assert_eq!(told, [ChannelAccountCreated, CustomerCreated, EpisodeOpened, BallChanged, MessageReceived]);
    let waiting = harness.store.list_waiting_events(3, 10_000).await.unwrap();
    assert!(!waiting.iter().any(|waiting| waiting.id == event.event.id));
    assert_eq!(harness.store.list_waiting_events(3, 0).await.unwrap().len(), 0);
}

async fn a_message_is_unique_by_the_providers_id(harness: Harness) {
    let page = harness.page().await;
    let events = vec![
        harness.read(&page, Some("ada"), harness.message("m1", "hello")).await,
        harness.read(&page, Some("ada"), harness.message("m1", "hello, told twice")).await,
    ];
    assert_eq!(harness.apply(events).await, 2);
    let third = harness.read(&page, Some("ada"), harness.message("m1", "and once more")).await;
    assert_eq!(harness.apply(vec![third]).await, 1);
    let threads = harness.store.list_customers(harness.workspace, model::CustomerId(i64::MAX), 10).await.unwrap();
    let entries = harness.store.list_entries(harness.workspace, threads[0].thread_id, i64::MAX, 10).await.unwrap();
    assert_eq!(entries.len(), 1);
    let EntryBody::Message(message) = &entries[0].body else { panic!("a message") };
    assert_eq!(serde_json::to_string(&message.blocks).unwrap(), blocks("hello"), "the first stands");
    assert_eq!(message.author.id.as_deref(), Some(threads[0].id.to_string().as_str()));
}

async fn the_log_has_the_order_of_the_events(harness: Harness) {
    let page = harness.page().await;
    let mut events = Vec::new();
    for n in 0..30 {
        let person = format!("person {}", n % 3);
        let fact = if n % 5 == 4 {
            EventFact::Kept { entry_id: EntryId(harness.id()), what: format!("postback {n}") }
        } else {
            harness.message(&format!("m{n}"), &format!("message {n}"))
        };
        events.push(harness.read(&page, Some(&person), fact).await);
    }
    let wanted: Vec<i64> = events
        .iter()
        .map(|event| match &event.fact {
            EventFact::Message { content, .. } => content.message_id.0,
            EventFact::Kept { entry_id, .. } => entry_id.0,
            _ => 0,
        })
        .collect();
    assert_eq!(harness.apply(events).await, 30);
    let log = harness.log(harness.workspace).await;
    let shown: Vec<i64> = log.iter().filter(|r| r.kind.is_entry()).filter_map(|record| record.entry_id).collect();
    assert_eq!(shown, wanted);
    assert_eq!(log.iter().filter(|record| record.kind == LogKind::CustomerCreated).count(), 3);
    let first = log.iter().find(|record| record.kind.is_entry()).unwrap();
    assert!(first.customer_id.is_some() && first.thread_id.is_some() && first.identity_id.is_some());
}

async fn route_of(harness: &Harness, talk: &Talk) -> RouteRow {
    harness.store.find_route(harness.workspace, talk.route).await.unwrap().unwrap()
}

async fn windows_never_go_back(harness: Harness) {
    let talk = harness.talk().await;
    let told = async |window: i64, at: i64, text: &str| {
        let mut event = harness.read(&talk.page, Some(&talk.person), harness.message(text, text)).await;
        (event.window_until, event.at) = (Some(later(window)), later(at));
        harness.apply(vec![event]).await;
        let state = route_of(&harness, &talk).await.state;
        (state.window_until.unwrap().millis_since(now()), state.last_inbound_at.unwrap().millis_since(now()))
    };
    assert_eq!(told(2 * DAY, DAY, "newer").await, (2 * DAY, DAY));
    assert_eq!(told(DAY / 2, -DAY, "told late").await, (2 * DAY, DAY), "an older event changes nothing");
    let mut kept = harness
        .read(
            &talk.page,
            Some(&talk.person),
            EventFact::Kept { entry_id: EntryId(harness.id()), what: "postback".into() },
        )
        .await;
    (kept.window_until, kept.at) = (Some(later(3 * DAY)), later(2 * DAY));
    harness.apply(vec![kept]).await;
    let state = route_of(&harness, &talk).await.state;
    assert_eq!(state.window_until, Some(later(3 * DAY)), "a postback opens the window");
    assert_eq!(state.last_inbound_at, Some(later(DAY)), "but says nothing");
}

async fn one_address_is_one_person_over_two_accounts(harness: Harness) {
    let one = harness.talk().await;
    let two = harness.page().await;
    // Accounts of one namespace: an address means the same person at both.
    let mut event = harness.read(&two, Some(&one.person), harness.message("over two", "me again")).await;
    event.event.namespace = format!("page:{}", one.page.address);
    assert_eq!(harness.apply(vec![event.clone()]).await, 1);
    let customer = harness.store.find_customer(harness.workspace, one.customer).await.unwrap().unwrap();
    assert_eq!(customer.identities.len(), 1);
    let routes = harness.store.list_routes(harness.workspace, one.thread).await.unwrap();
    assert_eq!(routes.len(), 2);
    // In another namespace it is somebody else.
    let stranger = harness.read(&two, Some(&one.person), harness.message("stranger", "hello")).await;
    assert_eq!(harness.apply(vec![stranger.clone()]).await, 1);
    assert!(harness.store.find_customer(harness.workspace, stranger.new_person.0).await.unwrap().is_some());
    let other = harness.other_workspace().await;
    assert!(harness.store.find_customer(other, one.customer).await.unwrap().is_none());
    assert!(harness.store.list_routes(other, one.thread).await.unwrap().is_empty());
    assert!(harness.store.find_route(other, one.route).await.unwrap().is_none());
    assert!(harness.store.list_customers(other, model::CustomerId(i64::MAX), 10).await.unwrap().is_empty());
}

async fn a_message_from_the_customer_ends_a_block(harness: Harness) {
    let talk = harness.talk().await;
    let id = harness.queue(&talk, "anybody there?").await;
    let (job, number) = harness.begin(id, 1, now()).await;
    let blocked = AttemptOutcome::Failed {
        reason: model::FailureReason::Blocked,
        code: Some("551".into()),
        detail: "not available".into(),
        alternatives: vec![],
    };
    harness.end(&job, number, blocked, now()).await;
    assert!(route_of(&harness, &talk).await.state.blocked);
    harness.happen(&talk, EventFact::Read { watermark: now() }).await;
    assert!(route_of(&harness, &talk).await.state.blocked, "a receipt is no word of theirs");
    harness.happen(&talk, harness.message("back", "sorry, I am back")).await;
    assert!(!route_of(&harness, &talk).await.state.blocked);
}

async fn receipts_go_forward_only(harness: Harness) {
    let talk = harness.talk().await;
    let one = harness.sent(&talk, "x1", later(100)).await;
    let two = harness.sent(&talk, "x2", later(200)).await;
    let delivered = |at| EventFact::Delivered { external_ids: vec![], watermark: Some(later(at)) };
    let read = |at| EventFact::Read { watermark: later(at) };
    let states = async || (harness.state(one).await, harness.state(two).await);
    use DeliveryState::{Delivered, Read, Sent};
    assert_eq!(states().await, (Sent, Sent));
    harness.happen(&talk, delivered(99)).await;
    assert_eq!(states().await, (Sent, Sent));
    harness.happen(&talk, delivered(100)).await;
    assert_eq!(states().await, (Delivered, Sent));
    harness.happen(&talk, delivered(100)).await;
    harness.happen(&talk, read(200)).await;
    assert_eq!(states().await, (Read, Read));
    harness.happen(&talk, delivered(300)).await;
    harness.happen(&talk, read(100)).await;
    assert_eq!(states().await, (Read, Read));
    use LogKind::{MessageDelivered, MessageQueued, MessageRead, MessageSent};
    assert_eq!(harness.told(one).await, [MessageQueued, MessageSent, MessageDelivered, MessageRead]);
    assert_eq!(harness.told(two).await, [MessageQueued, MessageSent, MessageRead], "each step told once");
    // What the customer wrote has no delivery, and another customer's messages are not concerned.
    let other = harness.talk_on(&talk.page).await;
    let theirs = harness.sent(&other, "x3", later(1)).await;
    harness.happen(&talk, read(1_000)).await;
    assert_eq!(harness.state(theirs).await, Sent);
}

async fn a_receipt_by_the_providers_id_names_its_messages_alone(harness: Harness) {
    let talk = harness.talk().await;
    let one = harness.sent(&talk, "x1", now()).await;
    let two = harness.sent(&talk, "x2", now()).await;
    let by_id = |ids: &[&str]| EventFact::Delivered {
        external_ids: ids.iter().map(|id| (*id).to_owned()).collect(),
        watermark: None,
    };
    harness.happen(&talk, by_id(&["x2", "unknown", "x2"])).await;
    assert_eq!((harness.state(one).await, harness.state(two).await), (DeliveryState::Sent, DeliveryState::Delivered));
    harness.happen(&talk, EventFact::Read { watermark: later(1) }).await;
    harness.happen(&talk, by_id(&["x1", "x2"])).await;
    assert_eq!((harness.state(one).await, harness.state(two).await), (DeliveryState::Read, DeliveryState::Read));
    use LogKind::{MessageDelivered, MessageQueued, MessageRead, MessageSent};
    assert_eq!(harness.told(two).await, [MessageQueued, MessageSent, MessageDelivered, MessageRead]);
    // A receipt of somebody who is not known brings nobody into being.
    let event = harness.read(&talk.page, Some("nobody"), by_id(&["x1"])).await;
    let before = harness.log(harness.workspace).await.len();
    assert_eq!(harness.apply(vec![event]).await, 1);
    assert_eq!(harness.log(harness.workspace).await.len(), before);
}

async fn a_receipt_may_come_before_the_answer(harness: Harness) {
    let talk = harness.talk().await;
    let id = harness.queue(&talk, "hello").await;
    let (job, number) = harness.begin(id, 1, later(10)).await;
    harness.happen(&talk, EventFact::Delivered { external_ids: vec!["x1".into()], watermark: Some(later(20)) }).await;
    assert_eq!(harness.state(id).await, DeliveryState::Sending, "a moment alone proves nothing of this one");
    harness.end(&job, number, AttemptOutcome::Accepted { external_id: "x1".into() }, later(30)).await;
    assert_eq!(harness.state(id).await, DeliveryState::Delivered);
    use LogKind::{MessageDelivered, MessageQueued, MessageSent};
    assert_eq!(harness.told(id).await, [MessageQueued, MessageSent, MessageDelivered]);

    // By id, in one batch with the echo: the id is known by then.
    let second = harness.queue(&talk, "again").await;
    let (job, _) = harness.begin(second, 1, later(40)).await;
    let receipt = EventFact::Delivered { external_ids: vec!["x2".into()], watermark: None };
    let events = vec![
        harness.read(&talk.page, Some(&talk.person), receipt).await,
        harness.read(&talk.page, Some(&talk.person), harness.echo("x2", Some(second))).await,
    ];
    assert_eq!(harness.apply(events).await, 2);
    assert_eq!(harness.state(second).await, DeliveryState::Delivered);
    harness.end(&job, 1, AttemptOutcome::AwaitProof { until: later(99), detail: String::new() }, later(50)).await;
    assert_eq!(harness.state(second).await, DeliveryState::Delivered);
    assert!(harness.store.find_next_due(&AccountRoom::unlimited()).await.unwrap().is_none(), "no job is left");
}

async fn an_echo_ends_doubt(harness: Harness) {
    let talk = harness.talk().await;
    let store = &harness.store;
    // While the call is under way.
    let sending = harness.queue(&talk, "sending").await;
    let (job, number) = harness.begin(sending, 1, now()).await;
    harness.happen(&talk, harness.echo("x1", Some(sending))).await;
    assert_eq!(harness.state(sending).await, DeliveryState::Sent);
    harness
        .end(&job, number, AttemptOutcome::Retry { due_at: now(), code: None, detail: "no answer".into() }, now())
        .await;
    assert_eq!(harness.state(sending).await, DeliveryState::Sent, "our doubt came too late");
    assert!(harness.claim(1, later(DAY)).await.is_empty(), "nothing is sent again");

    // When nobody knew any more.
    let uncertain = harness.queue(&talk, "uncertain").await;
    let (job, number) = harness.begin(uncertain, 1, now()).await;
    harness.end(&job, number, AttemptOutcome::Uncertain { detail: "gone".into() }, now()).await;
    assert_eq!(harness.state(uncertain).await, DeliveryState::Uncertain);
    harness.happen(&talk, harness.echo("x2", Some(uncertain))).await;
    let delivery = harness.delivery(uncertain).await;
    assert_eq!((delivery.state, delivery.error), (DeliveryState::Sent, None));

    // When a person had just asked for another try.
    let queued = harness.queue(&talk, "queued").await;
    let (job, number) = harness.begin(queued, 1, now()).await;
    harness.end(&job, number, AttemptOutcome::Uncertain { detail: "gone".into() }, now()).await;
    let retried = crate::RetriedMessage {
        id: queued,
        workspace_id: harness.workspace,
        job_id: model::JobId(harness.id()),
        replayed: None,
        actor_id: "agt_1".into(),
        now: now(),
    };
    assert!(store.retry_message(retried, talk.thread).await.unwrap());
    assert_eq!(harness.state(queued).await, DeliveryState::Queued);
    harness.happen(&talk, harness.echo("x3", Some(queued))).await;
    assert_eq!(harness.state(queued).await, DeliveryState::Sent);
    assert!(harness.claim(1, later(DAY)).await.is_empty(), "it is not sent a second time");

    // Known by the provider's id alone, and twice.
    harness.happen(&talk, harness.echo("x3", None)).await;
    harness.happen(&talk, harness.echo("x3", Some(queued))).await;
    let entry = store.find_message_entry(harness.workspace, queued).await.unwrap().unwrap();
    let EntryBody::Message(message) = entry.body else { panic!("a message") };
    assert_eq!(message.external_id.as_deref(), Some("x3"));
    let sent = harness.told(queued).await.into_iter().filter(|kind| *kind == LogKind::MessageSent).count();
    assert_eq!(sent, 1);
}

async fn an_echo_of_a_stranger_is_a_message_of_the_business(harness: Harness) {
    let talk = harness.talk().await;
    let unknown = harness.echo("written elsewhere", Some(MessageId(5)));
    harness.happen(&talk, unknown).await;
    let entries = harness.store.list_entries(harness.workspace, talk.thread, i64::MAX, 10).await.unwrap();
    let EntryBody::Message(message) = &entries[0].body else { panic!("a message: {entries:?}") };
    assert_eq!((message.direction, message.author.name.as_str()), (model::message::Direction::Outbound, "Another app"));
    assert_eq!(message.delivery.as_ref().map(|delivery| delivery.state), Some(DeliveryState::Sent));
    assert_eq!(message.external_id.as_deref(), Some("written elsewhere"));
    assert_eq!(entries.len(), 2);
    // It is told once, and receipts reach it.
    harness.happen(&talk, harness.echo("written elsewhere", None)).await;
    harness.happen(&talk, EventFact::Read { watermark: later(1) }).await;
    let entries = harness.store.list_entries(harness.workspace, talk.thread, i64::MAX, 10).await.unwrap();
    let EntryBody::Message(message) = &entries[0].body else { panic!("a message: {entries:?}") };
    assert_eq!(message.delivery.as_ref().map(|delivery| delivery.state), Some(DeliveryState::Read));
    assert_eq!(entries.len(), 2);
}

async fn an_echo_over_another_account_is_no_proof(harness: Harness) {
    let talk = harness.talk().await;
    let id = harness.queue(&talk, "hello").await;
    harness.begin(id, 1, now()).await;
    let elsewhere = harness.talk().await;
    harness.happen(&elsewhere, harness.echo("x1", Some(id))).await;
    assert_eq!(harness.state(id).await, DeliveryState::Sending);
    // Nor does one that names a message whose id is another's: the provider's id is ours to believe first.
    let first = harness.sent(&elsewhere, "x9", now()).await;
    let second = harness.queue(&elsewhere, "second").await;
    harness.happen(&elsewhere, harness.echo("x9", Some(second))).await;
    assert_eq!((harness.state(first).await, harness.state(second).await), (DeliveryState::Sent, DeliveryState::Queued));
}

async fn what_is_about_nobody_is_set_aside(harness: Harness) {
    let page = harness.page().await;
    let facts = [
        EventFact::Kept { entry_id: EntryId(harness.id()), what: "policy_enforcement".into() },
        harness.message("m1", "by nobody"),
        harness.echo("x1", None),
        EventFact::Read { watermark: now() },
    ];
    let mut events: Vec<ReadEvent> = Vec::new();
    for fact in facts {
        events.push(harness.read(&page, None, fact).await);
    }
    let ids: Vec<InboundEventId> = events.iter().map(|event| event.event.id).collect();
    assert_eq!(harness.apply(events).await, 4);
    let mut found = Vec::new();
    for id in ids {
        let event = harness.store.find_inbound_event(harness.workspace, id).await.unwrap().unwrap();
        found.push((event.state, event.error.unwrap_or_default()));
    }
    use InboundState::{Done, Undecodable};
    let about = |what: &str| (Undecodable, format!("not about a customer: {what}"));
    assert_eq!(found, [about("policy_enforcement"), about("message"), about("echo"), (Done, String::new())]);
    assert_eq!(harness.store.count_unreadable_events(harness.workspace).await.unwrap(), 3);
    assert_eq!(harness.log(harness.workspace).await.len(), 1, "nothing is told of them");
}

async fn an_event_that_cannot_be_applied_is_set_aside(harness: Harness) {
    let (store, talk) = (&harness.store, harness.talk().await);
    let mut bad = harness.read(&talk.page, Some("new"), harness.message("bad", "bad")).await;
    bad.new_person.0 = talk.customer;
    let good = harness.read(&talk.page, Some(&talk.person), harness.message("good", "good")).await;
    assert!(store.apply_inbound_events(3, vec![bad.clone(), good.clone()]).await.is_err());
    assert_eq!(harness.waiting(&talk.page, good.event.id).await.id, good.event.id, "nothing happened");
    let other = harness.other_workspace().await;
    store.set_aside_event(other, bad.event.id, "not theirs", now()).await.unwrap();
    assert_eq!(harness.waiting(&talk.page, bad.event.id).await.id, bad.event.id);
    store.set_aside_event(harness.workspace, bad.event.id, "why", now()).await.unwrap();
    assert_eq!(harness.apply(vec![bad.clone(), good.clone()]).await, 1);
    store.set_aside_event(harness.workspace, good.event.id, "too late", now()).await.unwrap();
    let state = async |id| store.find_inbound_event(harness.workspace, id).await.unwrap().unwrap().state;
    let told = harness.log(harness.workspace).await;
    let told = told.iter().filter(|record| record.kind == LogKind::EventSetAside);
    assert!(told.map(|record| record.subject_id.clone()).eq([Some(bad.event.id.to_string())]), "told once");
    assert_eq!(state(bad.event.id).await, InboundState::Undecodable);
    assert_eq!(state(good.event.id).await, InboundState::Done);
}

async fn stored_events_are_looked_at_by_their_workspace(harness: Harness) {
    let (store, page, workspace) = (&harness.store, harness.page().await, harness.workspace);
    let other = harness.other_workspace().await;
    let events: Vec<NewInboundEvent> = (0..5).map(|n| harness.event(&page, &format!("{n}"))).collect();
    let mut whole = in_state(harness.event(&page, "whole"), InboundState::Undecodable);
    (whole.channel_account_id, whole.error, whole.payload) = (None, Some("no JSON".into()), "???".into());
    let ids: Vec<InboundEventId> = events.iter().map(|event| event.id).collect();
    let whole_id = whole.id;
    store.store_inbound_events(events).await.unwrap();
    store.store_inbound_events(vec![whole]).await.unwrap();
    let newest = InboundEventId(i64::MAX);
    let listed = async |state, before, limit| {
        let found = store.list_inbound_events(workspace, state, before, limit).await.unwrap();
        found.into_iter().map(|event| event.id).collect::<Vec<_>>()
    };
    assert_eq!(listed(InboundState::Stored, newest, 2).await, [ids[4], ids[3]]);
    assert_eq!(listed(InboundState::Stored, ids[3], 10).await, [ids[2], ids[1], ids[0]]);
    assert_eq!(listed(InboundState::Undecodable, newest, 10).await, [whole_id]);
    assert!(listed(InboundState::Unroutable, newest, 10).await.is_empty());
    let found = store.find_inbound_event(workspace, whole_id).await.unwrap().unwrap();
    assert_eq!((found.error.as_deref(), found.payload.as_deref()), (Some("no JSON"), Some("???")));
    assert!(store.find_inbound_event(other, whole_id).await.unwrap().is_none());
    assert!(store.list_inbound_events(other, InboundState::Stored, newest, 10).await.unwrap().is_empty());
    assert_eq!(store.count_unreadable_events(other).await.unwrap(), 0);
}

async fn only_what_is_done_is_pruned(harness: Harness) {
    let (store, page) = (&harness.store, harness.page().await);
    let mut done = Vec::new();
    for n in 0..5 {
        done.push(harness.read(&page, Some("ada"), harness.message(&format!("m{n}"), "hello")).await);
    }
    harness.apply(done).await;
    store.store_inbound_events(vec![harness.event(&page, "waits")]).await.unwrap();
    store.store_inbound_events(vec![in_state(harness.event(&page, "odd"), InboundState::Undecodable)]).await.unwrap();
    assert_eq!(store.prune_inbound_events(now(), 10).await.unwrap(), 0, "too young");
    assert_eq!(store.prune_inbound_events(later(1), 3).await.unwrap(), 3);
    assert_eq!(store.prune_inbound_events(later(1), 3).await.unwrap(), 2);
    assert_eq!(store.prune_inbound_events(later(1), 3).await.unwrap(), 0);
    assert_eq!(harness.raw("SELECT event_key FROM inbound_event ORDER BY id", &[]).await, ["waits", "odd"]);
}
