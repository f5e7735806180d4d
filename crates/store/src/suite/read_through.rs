//! What is known of merged customers: labels and values are read through, notes and values are found, matters keep their labels.

use super::{
    Harness,
    catalogue::{ACTOR, attribute, attribute_update, customer_update, label, label_update},
    later, now, on_both_engines,
    search::{find, index},
    world::Talk,
};
use crate::{AttributeUpdate, Deleted, LabelSubject, LabelUpdate, Labelled, NewNote};
use model::{CustomerId, EpisodeId, LabelId, Timestamp, episode::Episode, log::LogKind, search::SearchKind};
use serde_json::{Value, json};

on_both_engines! {
    labels_are_read_through_a_merge: shared;
    values_are_read_through_a_merge: shared;
    what_is_taken_off_the_one_person_stays_off: shared;
    a_matter_carries_labels: shared;
    matters_keep_their_labels_through_a_merge: shared;
    notes_are_found: shared;
    customers_are_found_by_what_is_known_of_them: shared;
    merged_customers_are_found_as_one: shared;
    an_index_that_was_emptied_follows_the_log_anew: own;
}

/// Two customers; the first has the older thread.
async fn two(harness: &Harness) -> [Talk; 2] {
    let page = harness.page().await;
    [harness.talk_at(&page, now()).await, harness.talk_at(&page, later(1_000)).await]
}

async fn put(harness: &Harness, subject: LabelSubject, id: LabelId) {
    let put = harness.store.add_label(harness.workspace, subject, id, ACTOR, now()).await;
    assert_eq!(put.unwrap(), Labelled::Done);
}

async fn take(harness: &Harness, subject: LabelSubject, id: LabelId) {
    assert!(harness.store.remove_label(harness.workspace, subject, id, ACTOR, now()).await.unwrap());
}

/// The names of a customer's labels.
async fn labels(harness: &Harness, id: CustomerId) -> Vec<String> {
    let customer = harness.store.find_customer(harness.workspace, id).await.unwrap().unwrap();
    customer.labels.into_iter().map(|label| label.name).collect()
}

async fn values(harness: &Harness, id: CustomerId) -> Value {
    json!(harness.store.find_customer(harness.workspace, id).await.unwrap().unwrap().attributes)
}

async fn labels_are_read_through_a_merge(harness: Harness) {
    let [a, b] = two(&harness).await;
    let [both, left, right] =
        [label(&harness, "Both").await, label(&harness, "Left").await, label(&harness, "Right").await];
    for (talk, id) in [(&b, both), (&a, both), (&a, left), (&b, right)] {
        put(&harness, LabelSubject::Customer(talk.customer), id).await;
    }
    let merge = harness.merge(a.customer, b.customer, later(2_000)).await;
    for id in [a.customer, b.customer] {
        assert_eq!(labels(&harness, id).await, ["Both", "Left", "Right"], "each once");
    }
    let listed = harness.store.list_customers(harness.workspace, CustomerId(i64::MAX), 10).await.unwrap();
    assert_eq!(listed.iter().map(|one| (one.id, one.labels.len())).collect::<Vec<_>>(), [(a.customer, 3)]);
    // What the one person is given is the survivor's, by whichever id it is given.
    let late = label(&harness, "Late").await;
    put(&harness, LabelSubject::Customer(b.customer), late).await;
    let told = harness.log(harness.workspace).await;
    assert_eq!(told.last().unwrap().customer_id, Some(a.customer));
    let before = told.len();
    put(&harness, LabelSubject::Customer(a.customer), right).await;
    assert_eq!(harness.log(harness.workspace).await.len(), before, "it is carried already");
    harness.unmerge(merge, later(3_000)).await;
    assert_eq!(labels(&harness, a.customer).await, ["Both", "Left", "Late"]);
    assert_eq!(labels(&harness, b.customer).await, ["Both", "Right"]);
}

async fn values_are_read_through_a_merge(harness: Harness) {
    let page = harness.page().await;
    let [a, b] = two(&harness).await;
    let c = harness.talk_at(&page, later(1_500)).await;
    let [city, tier, plan] =
        [attribute(&harness, "city").await, attribute(&harness, "tier").await, attribute(&harness, "plan").await];
    let set = async |talk: &Talk, given: &[(model::AttributeId, Option<&str>)]| {
        assert!(harness.store.update_customer(customer_update(&harness, talk.customer, given)).await.unwrap());
    };
    set(&a, &[(city, Some("\"Malmö\""))]).await;
    set(&b, &[(city, Some("\"Lund\"")), (tier, Some("\"Gold\""))]).await;
    set(&c, &[(tier, Some("\"Silver\"")), (plan, Some("\"Yearly\""))]).await;
    let inner = harness.merge(b.customer, c.customer, later(2_000)).await;
    let outer = harness.merge(a.customer, b.customer, later(3_000)).await;
    // One's own value before that of a part, of two parts the older one's.
    let all = json!({"city": "Malmö", "tier": "Gold", "plan": "Yearly"});
    for id in [a.customer, b.customer, c.customer] {
        assert_eq!(values(&harness, id).await, all);
    }
    let preview = harness.store.preview_unmerge(harness.workspace, outer).await.unwrap().unwrap();
    assert_eq!(preview.merge.alias_id, b.customer);
    harness.unmerge(outer, later(4_000)).await;
    assert_eq!(values(&harness, a.customer).await, json!({"city": "Malmö"}));
    assert_eq!(values(&harness, b.customer).await, json!({"city": "Lund", "tier": "Gold", "plan": "Yearly"}));
    harness.unmerge(inner, later(5_000)).await;
    assert_eq!(values(&harness, b.customer).await, json!({"city": "Lund", "tier": "Gold"}));
    assert_eq!(values(&harness, c.customer).await, json!({"tier": "Silver", "plan": "Yearly"}));
}

async fn what_is_taken_off_the_one_person_stays_off(harness: Harness) {
    let [a, b] = two(&harness).await;
    let (theirs, city) = (label(&harness, "Theirs").await, attribute(&harness, "city").await);
    put(&harness, LabelSubject::Customer(b.customer), theirs).await;
    let store = &harness.store;
    store.update_customer(customer_update(&harness, b.customer, &[(city, Some("\"Lund\""))])).await.unwrap();
    let merge = harness.merge(a.customer, b.customer, later(2_000)).await;
    // Said by the alias's id, it is told of the survivor.
    store.update_customer(customer_update(&harness, b.customer, &[(city, None)])).await.unwrap();
    take(&harness, LabelSubject::Customer(a.customer), theirs).await;
    let told = harness.log(harness.workspace).await;
    let changed: Vec<_> = told.iter().rev().take(2).map(|record| (record.kind, record.customer_id)).collect();
    assert_eq!(changed, [(LogKind::CustomerChanged, Some(a.customer)); 2]);
    for id in [a.customer, b.customer] {
        assert_eq!((labels(&harness, id).await.len(), values(&harness, id).await), (0, json!({})));
    }
    harness.unmerge(merge, later(3_000)).await;
    assert_eq!((labels(&harness, b.customer).await.len(), values(&harness, b.customer).await), (0, json!({})));
}

/// A thread's only matter.
async fn matter(harness: &Harness, talk: &Talk) -> Episode {
    let newest = EpisodeId(i64::MAX);
    let mut found = harness.store.list_thread_episodes(harness.workspace, talk.thread, newest, 10).await.unwrap();
    assert_eq!(found.len(), 1);
    found.remove(0)
}

fn names(episode: &Episode) -> Vec<&str> {
    episode.labels.iter().map(|label| label.name.as_str()).collect()
}

async fn a_matter_carries_labels(harness: Harness) {
    let (store, workspace) = (&harness.store, harness.workspace);
    let talk = harness.talk().await;
    let begun = matter(&harness, &talk).await;
    assert!(begun.labels.is_empty());
    let subject = LabelSubject::Episode(begun.id);
    let [refund, urgent, old] =
        [label(&harness, "Refund").await, label(&harness, "Urgent").await, label(&harness, "Old").await];
    store.update_label(LabelUpdate { archived: Some(true), ..label_update(&harness, old) }).await.unwrap();
    for id in [urgent, refund, urgent] {
        put(&harness, subject, id).await;
    }
    assert_eq!(store.add_label(workspace, subject, old, ACTOR, now()).await.unwrap(), Labelled::Archived);
    assert_eq!(store.add_label(workspace, subject, LabelId(5), ACTOR, now()).await.unwrap(), Labelled::NotFound);
    let nothing = LabelSubject::Episode(EpisodeId(5));
    assert_eq!(store.add_label(workspace, nothing, refund, ACTOR, now()).await.unwrap(), Labelled::NotFound);
    assert!(!store.remove_label(workspace, nothing, refund, ACTOR, now()).await.unwrap());

    // Each read tells them, and the log each change once.
    let one = store.find_episode(workspace, begun.id).await.unwrap().unwrap();
    assert_eq!(names(&one), ["Refund", "Urgent"], "in the order of their definition");
    assert_eq!(one.version, begun.version + 2);
    let newest = (Timestamp(i64::MAX), EpisodeId(i64::MAX));
    let open = store.list_episodes(workspace, crate::EpisodeFilter::Open, newest, 10).await.unwrap();
    assert_eq!(open, std::slice::from_ref(&one));
    assert_eq!(matter(&harness, &talk).await, one);
    let log = harness.log(workspace).await;
    let changed: Vec<_> = log.iter().filter(|record| record.kind == LogKind::EpisodeChanged).collect();
    assert_eq!(changed.len(), 2);
    for record in changed {
        assert_eq!((record.episode_id, record.identity_id), (Some(begun.id), Some(talk.identity)));
        assert_eq!((record.customer_id, record.thread_id), (Some(talk.customer), Some(talk.thread)));
    }
    assert!(labels(&harness, talk.customer).await.is_empty(), "a matter's labels are not the person's");

    // Carried, a label stays; another workspace has no way to it.
    assert_eq!(store.delete_label(workspace, refund, ACTOR, now()).await.unwrap(), Deleted::InUse);
    let other = harness.other_workspace().await;
    assert_eq!(store.add_label(other, subject, refund, ACTOR, now()).await.unwrap(), Labelled::NotFound);
    assert!(!store.remove_label(other, subject, refund, ACTOR, now()).await.unwrap());
    for _ in 0..2 {
        take(&harness, subject, refund).await;
    }
    let one = store.find_episode(workspace, begun.id).await.unwrap().unwrap();
    assert_eq!((names(&one), one.version), (vec!["Urgent"], begun.version + 3));
    assert_eq!(store.delete_label(workspace, refund, ACTOR, now()).await.unwrap(), Deleted::Done);
}

async fn matters_keep_their_labels_through_a_merge(harness: Harness) {
    let [a, b] = two(&harness).await;
    let (mine, theirs) = (matter(&harness, &a).await, matter(&harness, &b).await);
    let [one, other] = [label(&harness, "One").await, label(&harness, "Other").await];
    put(&harness, LabelSubject::Episode(mine.id), one).await;
    put(&harness, LabelSubject::Episode(theirs.id), other).await;
    let before = harness.seen().await;
    let merge = harness.merge(a.customer, b.customer, later(2_000)).await;
    let newest = EpisodeId(i64::MAX);
    let together = harness.store.list_thread_episodes(harness.workspace, b.thread, newest, 10).await.unwrap();
    assert_eq!(together.iter().map(names).collect::<Vec<_>>(), [vec!["Other"], vec!["One"]]);
    assert!(together.iter().all(|episode| (episode.thread_id, episode.customer_id) == (a.thread, a.customer)));
    harness.unmerge(merge, later(3_000)).await;
    assert_eq!(harness.seen().await, before, "as if nothing had been");
    // What is said while they are one goes with the matter.
    let merge = harness.merge(a.customer, b.customer, later(4_000)).await;
    put(&harness, LabelSubject::Episode(theirs.id), one).await;
    assert_eq!(harness.log(harness.workspace).await.last().unwrap().thread_id, Some(a.thread));
    harness.unmerge(merge, later(5_000)).await;
    assert_eq!(names(&matter(&harness, &b).await), ["One", "Other"]);
    assert_eq!(names(&matter(&harness, &a).await), ["One"]);
}

/// What is found, as kinds and numbers, newest first.
async fn found(harness: &Harness, words: &str) -> Vec<(SearchKind, i64)> {
    index(harness, 50).await;
    find(harness, words).await.into_iter().map(|hit| (hit.kind, hit.subject_id)).collect()
}

async fn notes_are_found(harness: Harness) {
    let [a, b] = two(&harness).await;
    let about = matter(&harness, &b).await;
    let first = harness.note(a.thread, "the courier has been called", later(2_000));
    let second = NewNote {
        episode_id: Some(about.id),
        ..harness.note(b.thread, "Courier claims it was delivered", later(3_000))
    };
    let ids = [first.id.0, second.id.0];
    for note in [first, second] {
        harness.store.create_note(note).await.unwrap();
    }
    let (one, other) = ((SearchKind::Note, ids[0]), (SearchKind::Note, ids[1]));
    assert_eq!(found(&harness, "courier").await, [other, one]);
    assert_eq!(found(&harness, "delivered").await, [other]);
    let whose = async || find(&harness, "delivered").await.into_iter().map(|hit| hit.customer_id).collect::<Vec<_>>();
    assert_eq!(whose().await, [b.customer]);
    // A note is filed under its matter's identity, and goes where that goes.
    harness.merge(a.customer, b.customer, later(4_000)).await;
    assert_eq!(whose().await, [a.customer]);
    let sources = vec![one, other, (SearchKind::Note, 5)];
    let texts = harness.store.list_search_sources(harness.workspace, sources.clone()).await.unwrap();
    assert_eq!(texts.iter().map(|source| source.identity_id).collect::<Vec<_>>(), [a.identity, b.identity].map(Some));
    let stranger = harness.other_workspace().await;
    assert!(harness.store.list_search_sources(stranger, sources).await.unwrap().is_empty());
}

async fn customers_are_found_by_what_is_known_of_them(harness: Harness) {
    let talk = harness.talk().await;
    let store = &harness.store;
    let them = [(SearchKind::Customer, talk.customer.0)];
    let [city, points] = [attribute(&harness, "city").await, attribute(&harness, "points").await];
    let given = [(city, Some("\"Klaipėda\"")), (points, Some("4711"))];
    let named =
        crate::CustomerUpdate { name: Some("Gintarė".into()), ..customer_update(&harness, talk.customer, &given) };
    assert!(store.update_customer(named).await.unwrap());
    for words in ["gintare", "klaipeda", "4711", "gintare klaip", talk.person.as_str()] {
        assert_eq!(found(&harness, words).await, them, "{words}");
    }
    let moved = customer_update(&harness, talk.customer, &[(city, Some("\"Palanga\"")), (points, None)]);
    assert!(store.update_customer(moved).await.unwrap());
    assert_eq!(found(&harness, "palanga").await, them);
    for words in ["klaipeda", "4711"] {
        assert!(found(&harness, words).await.is_empty(), "{words}");
    }
    // What is archived is indexed, and not shown.
    let archived = AttributeUpdate { archived: Some(true), ..attribute_update(&harness, city) };
    assert!(store.update_attribute(archived).await.unwrap());
    let source = store.list_search_sources(harness.workspace, them.to_vec()).await.unwrap().remove(0);
    assert_eq!((source.text, source.hidden), (format!("Gintarė · {}", talk.person), "Palanga".to_owned()));
}

async fn merged_customers_are_found_as_one(harness: Harness) {
    let [a, b] = two(&harness).await;
    let city = attribute(&harness, "city").await;
    for (talk, name, value) in [(&a, "Jonas", "\"Malmö\""), (&b, "Jonathan", "\"Lund\"")] {
        let update = customer_update(&harness, talk.customer, &[(city, Some(value))]);
        let update = crate::CustomerUpdate { name: Some(name.into()), ..update };
        assert!(harness.store.update_customer(update).await.unwrap());
    }
    let (one, other) = ((SearchKind::Customer, a.customer.0), (SearchKind::Customer, b.customer.0));
    assert_eq!(found(&harness, "jona").await, [other, one]);
    let merge = harness.merge(a.customer, b.customer, later(2_000)).await;
    for words in ["jonas", "jonathan", "malmo", "lund", a.person.as_str(), b.person.as_str()] {
        assert_eq!(found(&harness, words).await, [one], "{words}");
    }
    harness.unmerge(merge, later(3_000)).await;
    assert_eq!(found(&harness, "jonas").await, [one]);
    assert_eq!(found(&harness, "lund").await, [other]);
    assert_eq!(found(&harness, &b.person).await, [other]);
}

/// What `V0012` does to an index that knew neither notes nor values.
async fn an_index_that_was_emptied_follows_the_log_anew(harness: Harness) {
    let [a, b] = two(&harness).await;
    let note = harness.note(a.thread, "hello from the team", later(2_000));
    let note_id = note.id.0;
    harness.store.create_note(note).await.unwrap();
    let before = found(&harness, "hello").await;
    assert_eq!(before.len(), 3, "a message of each, and the note");
    assert_eq!(before[0], (SearchKind::Note, note_id));
    let step = include_str!("../../migrations/V0012__labels_on_episodes.sql");
    let statements: Vec<&'static str> =
        step.split(';').map(str::trim).filter(|text| text.contains("search_")).map(last_line).collect();
    assert_eq!(statements.len(), 3);
    for statement in statements {
        harness.raw(statement, &[]).await;
    }
    assert!(find(&harness, "hello").await.is_empty());
    assert_eq!(found(&harness, "hello").await, before);
    assert_eq!(found(&harness, &b.person).await, [(SearchKind::Customer, b.customer.0)]);
}

/// A statement without the comment above it.
fn last_line(text: &'static str) -> &'static str {
    text.lines().last().unwrap()
}
