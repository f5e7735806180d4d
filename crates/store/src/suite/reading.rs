//! What the desk reads: threads, entries, customers, pages.

use super::{
    Harness, later, now, on_both_engines,
    world::{DAY, Talk},
};
use crate::EventFact;
use model::{
    CustomerId, EntryId, IdentityId, ThreadId, Timestamp,
    entry::{Entry, EntryBody},
    message::{AuthorKind, Direction},
    thread::Thread,
};
use std::collections::HashSet;

on_both_engines! {
    a_thread_tells_its_customer_and_last_entry: shared;
    threads_page_without_gap_or_double: shared;
    threads_page_while_the_customers_write: shared;
    entries_page_over_several_identities: own;
    entries_are_found_by_their_places: shared;
    an_entry_says_everything: shared;
    customers_page_newest_first: shared;
    ways_to_a_customer_begin_with_the_last_used: shared;
}

const NEWEST: (Timestamp, ThreadId) = (Timestamp(i64::MAX), ThreadId(i64::MAX));

fn text(entry: &Entry) -> String {
    match &entry.body {
        EntryBody::Message(message) => model::block::preview(&message.blocks, 100),
        EntryBody::Note(note) => format!("[{}]", note.text),
        EntryBody::Event(event) => format!("({})", event.what),
    }
}

async fn say(harness: &Harness, talk: &Talk, words: &str, at: Timestamp) {
    let mut event = harness
        .read(&talk.page, Some(&talk.person), harness.message(&format!("{words} of {}", talk.person), words))
        .await;
    (event.event.received_at, event.at) = (at, at);
    assert_eq!(harness.apply(vec![event]).await, 1);
}

async fn a_thread_tells_its_customer_and_last_entry(harness: Harness) {
    let (store, workspace) = (&harness.store, harness.workspace);
    let talk = harness.talk().await;
    let other = harness.other_workspace().await;
    assert!(store.find_thread(other, talk.thread).await.unwrap().is_none());
    assert!(store.find_thread(workspace, ThreadId(5)).await.unwrap().is_none());
    say(&harness, &talk, "second", later(5)).await;
    let thread = store.find_thread(workspace, talk.thread).await.unwrap().unwrap();
    assert_eq!((thread.last_activity_at, thread.created_at), (later(5), now()));
    assert_eq!((thread.customer.id, thread.customer.thread_id), (talk.customer, talk.thread));
    assert_eq!(thread.customer.identities[0].address, talk.person);
    assert_eq!(thread.customer.identities[0].kind, "messenger");
    assert_eq!(thread.customer.identities[0].window_until, Some(later(DAY)));
    assert_eq!(text(thread.last_entry.as_ref().unwrap()), "second");

    let id = harness.queue(&talk, "answer").await;
    let thread = store.find_thread(workspace, talk.thread).await.unwrap().unwrap();
    assert_eq!(thread.last_entry.as_ref().unwrap().id, id.to_string());
    assert_eq!(thread.last_activity_at, later(5), "activity never goes back");
    assert_eq!(store.list_threads(workspace, NEWEST, 10).await.unwrap(), [thread]);
    harness.happen(&talk, EventFact::Kept { entry_id: EntryId(harness.id()), what: "reaction".into() }).await;
    harness.happen(&talk, EventFact::Read { watermark: later(9) }).await;
    let thread = store.find_thread(workspace, talk.thread).await.unwrap().unwrap();
    assert_eq!(text(thread.last_entry.as_ref().unwrap()), "(reaction)", "receipts are no entries");
}

async fn page_through(harness: &Harness, limit: u32, mut between: impl AsyncFnMut(usize)) -> Vec<Thread> {
    let mut all: Vec<Thread> = Vec::new();
    let mut before = NEWEST;
    for round in 0.. {
        let page = harness.store.list_threads(harness.workspace, before, limit).await.unwrap();
        let Some(last) = page.last() else { break };
        assert!(page.len() <= limit as usize);
        before = (last.last_activity_at, last.id);
        all.extend(page);
        between(round).await;
    }
    all
}

async fn threads_page_without_gap_or_double(harness: Harness) {
    let page = harness.page().await;
    let mut talks = Vec::new();
    for n in 0..12 {
        let talk = harness.talk_on(&page).await;
        // Three at the same moment each: the id decides between them.
        say(&harness, &talk, &format!("words {n}"), later(1_000 - n / 3)).await;
        talks.push(talk.thread);
    }
    for limit in [1, 2, 5, 12, 100] {
        let all = page_through(&harness, limit, async |_| {}).await;
        let order: Vec<(Timestamp, ThreadId)> = all.iter().map(|thread| (thread.last_activity_at, thread.id)).collect();
        assert!(order.windows(2).all(|pair| pair[0] > pair[1]), "{order:?}");
        assert_eq!(all.iter().map(|thread| thread.id).collect::<HashSet<_>>(), talks.iter().copied().collect());
        assert!(all.iter().all(|thread| text(thread.last_entry.as_ref().unwrap()).starts_with("words")));
        assert!(all.iter().all(|thread| thread.customer.identities.len() == 1));
    }
    let other = harness.other_workspace().await;
    assert!(harness.store.list_threads(other, NEWEST, 10).await.unwrap().is_empty());
}

async fn threads_page_while_the_customers_write(harness: Harness) {
    let page = harness.page().await;
    let mut talks = Vec::new();
    for n in 0..10 {
        let talk = harness.talk_on(&page).await;
        say(&harness, &talk, "words", later(100 + n)).await;
        talks.push(talk);
    }
    // Those seen already, or not yet, move to the top meanwhile: whoever stays is seen once, nobody twice.
    let moved = [&talks[9], &talks[0], &talks[4]];
    let seen = page_through(&harness, 2, async |round: usize| {
        if let Some(talk) = moved.get(round) {
            say(&harness, talk, "new words", later(5_000 + round as i64)).await;
        }
    })
    .await;
    let ids: Vec<ThreadId> = seen.iter().map(|thread| thread.id).collect();
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len(), "none twice");
    for talk in &talks {
        let is_moved = moved.iter().any(|moved| moved.thread == talk.thread);
        assert!(is_moved || ids.contains(&talk.thread), "none left out");
    }
}

async fn entries_page_over_several_identities(harness: Harness) {
    let (one, two) = (harness.talk().await, harness.talk().await);
    // Two customers who turn out to be one: the second's identity joins the first's thread.
    harness
        .raw("UPDATE identity SET customer_id = $1 WHERE id = $2", &[one.customer.0.into(), two.identity.0.into()])
        .await;
    for n in 0..20 {
        let talk = if n % 3 == 0 { &one } else { &two };
        say(&harness, talk, &format!("{n}"), later(n)).await;
    }
    let (store, workspace) = (&harness.store, harness.workspace);
    for limit in [1, 3, 7, 50] {
        let mut all: Vec<Entry> = Vec::new();
        let mut before = i64::MAX;
        loop {
            let page = store.list_entries(workspace, one.thread, before, limit).await.unwrap();
            let Some(last) = page.last() else { break };
            before = last.seq;
            all.extend(page);
        }
        let words: Vec<String> = all.iter().rev().skip(2).map(text).collect();
        assert_eq!(words, (0..20).map(|n| n.to_string()).collect::<Vec<_>>(), "by {limit}");
        assert!(all.windows(2).all(|pair| pair[0].seq > pair[1].seq));
        let over: HashSet<Option<IdentityId>> = all.iter().map(|entry| entry.identity_id).collect();
        assert_eq!(over.len(), 2);
    }
    let thread = store.find_thread(workspace, one.thread).await.unwrap().unwrap();
    assert_eq!(text(thread.last_entry.as_ref().unwrap()), "19");
    assert_eq!(thread.customer.identities.len(), 2);
    let other = harness.other_workspace().await;
    assert!(store.list_entries(other, one.thread, i64::MAX, 10).await.unwrap().is_empty());
}

async fn entries_are_found_by_their_places(harness: Harness) {
    let (store, workspace) = (&harness.store, harness.workspace);
    let talk = harness.talk().await;
    let id = harness.queue(&talk, "answer").await;
    say(&harness, &talk, "thanks", now()).await;
    let head = store.get_log_head(workspace).await.unwrap().seq;
    let entries = store.list_entries_by_seq(workspace, 1, head).await.unwrap();
    assert_eq!(entries.iter().map(text).collect::<Vec<_>>(), ["hello", "answer", "thanks"]);
    let answer = &entries[1];
    assert_eq!(answer.id, id.to_string());
    assert_eq!(store.find_message_entry(workspace, id).await.unwrap().as_ref(), Some(answer));
    assert_eq!(
        store.list_entries_by_seq(workspace, answer.seq, answer.seq).await.unwrap(),
        std::slice::from_ref(answer)
    );
    assert!(store.list_entries_by_seq(workspace, head + 1, head + 9).await.unwrap().is_empty());
    let other = harness.other_workspace().await;
    assert!(store.list_entries_by_seq(other, 1, head).await.unwrap().is_empty());
    assert!(store.find_message_entry(other, id).await.unwrap().is_none());
}

async fn an_entry_says_everything(harness: Harness) {
    let talk = harness.talk().await;
    let mut content = harness.content("");
    (content.blocks, content.not_shown) = (Vec::new(), vec!["attachment:image".into()]);
    let parts = EventFact::Message { external_id: "m2".into(), content };
    let mut event = harness.read(&talk.page, Some(&talk.person), parts).await;
    event.at = later(-500);
    harness.apply(vec![event]).await;
    harness.queue(&talk, "answer").await;
    let entries = harness.store.list_entries(harness.workspace, talk.thread, i64::MAX, 10).await.unwrap();
    let message = |entry: &Entry| match &entry.body {
        EntryBody::Message(message) => message.clone(),
        EntryBody::Note(_) | EntryBody::Event(_) => panic!("a message"),
    };
    let (answer, picture) = (message(&entries[0]), message(&entries[1]));
    assert_eq!((answer.direction, answer.author.kind), (Direction::Outbound, AuthorKind::Agent));
    assert_eq!((answer.author.name.as_str(), answer.author.id.as_deref()), ("Ada", Some("agt_1")));
    assert!(answer.delivery.is_some() && answer.external_id.is_none() && answer.not_shown.is_empty());
    assert_eq!((picture.direction, picture.author.kind), (Direction::Inbound, AuthorKind::Customer));
    assert_eq!(picture.author.id, Some(talk.customer.to_string()));
    assert_eq!((picture.not_shown, picture.delivery), (vec!["attachment:image".to_owned()], None));
    assert_eq!(picture.external_id.as_deref(), Some("m2"));
    assert_eq!((entries[1].at, entries[1].identity_id), (later(-500), Some(talk.identity)), "the provider's time");
    assert_eq!(picture.channel_account_id, talk.page.id);
}

async fn customers_page_newest_first(harness: Harness) {
    let page = harness.page().await;
    let mut customers = Vec::new();
    for _ in 0..5 {
        customers.push(harness.talk_on(&page).await.customer);
    }
    customers.reverse();
    let listed = async |before, limit| {
        let found = harness.store.list_customers(harness.workspace, before, limit).await.unwrap();
        assert!(found.iter().all(|customer| customer.identities.len() == 1));
        found.iter().map(|customer| customer.id).collect::<Vec<_>>()
    };
    assert_eq!(listed(CustomerId(i64::MAX), 2).await, customers[..2]);
    assert_eq!(listed(customers[1], 10).await, customers[2..]);
}

async fn ways_to_a_customer_begin_with_the_last_used(harness: Harness) {
    let talk = harness.talk().await;
    let second = harness.page().await;
    let mut event = harness.read(&second, Some(&talk.person), harness.message("over two", "me again")).await;
    event.event.namespace = format!("page:{}", talk.page.address);
    event.at = later(10);
    let second_route = event.new_person.3;
    harness.apply(vec![event]).await;
    let order = async || {
        let routes = harness.store.list_routes(harness.workspace, talk.thread).await.unwrap();
        routes.iter().map(|route| route.id).collect::<Vec<_>>()
    };
    assert_eq!(order().await, [second_route, talk.route]);
    say(&harness, &talk, "over one", later(20)).await;
    assert_eq!(order().await, [talk.route, second_route]);
    let customer = harness.store.find_customer(harness.workspace, talk.customer).await.unwrap().unwrap();
    assert_eq!(customer.identities.len(), 1);
    assert_eq!(customer.identities[0].channel_account_id, talk.page.id, "the one used last");
    // A way that never brought a word comes last.
    let third = harness.page().await;
    let kept = EventFact::Kept { entry_id: EntryId(harness.id()), what: "postback".into() };
    let mut event = harness.read(&third, Some(&talk.person), kept).await;
    event.event.namespace = format!("page:{}", talk.page.address);
    let third_route = event.new_person.3;
    harness.apply(vec![event]).await;
    assert_eq!(order().await, [talk.route, second_route, third_route]);
}
