//! Whatever is said, merged, taken back and moved, in whatever order: the store does what the pure rule says, and every entry stays
//! under the identity that it came through.

use super::{Harness, Kind, later, merging::tells_of_merging, world::Talk};
use crate::{Created, Merged, MovedMessages};
use model::{
    CustomerId, IdentityId, MergeId, MessageId,
    entry::EntryBody,
    merge::{MergeRefused, Ownership},
};
use proptest::{prelude::*, test_runner::TestRunner};
use std::collections::{BTreeMap, BTreeSet};

const PEOPLE: usize = 4;

#[derive(Debug, Clone)]
enum Act {
    Write { person: usize },
    Answer { person: usize },
    Merge { one: usize, other: usize },
    Unmerge { which: usize },
    Move { message: usize, to: usize },
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        3 => (0..PEOPLE).prop_map(|person| Act::Write { person }),
        1 => (0..PEOPLE).prop_map(|person| Act::Answer { person }),
        4 => (0..PEOPLE, 0..PEOPLE).prop_map(|(one, other)| Act::Merge { one, other }),
        2 => (0_usize..4).prop_map(|which| Act::Unmerge { which }),
        1 => (0_usize..8, 0..PEOPLE).prop_map(|(message, to)| Act::Move { message, to }),
    ];
    proptest::collection::vec(act, 1..12)
}

/// What was said through which identity.
type Said = BTreeMap<MessageId, IdentityId>;

async fn live(kind: Kind, acts: Vec<Act>) -> Result<(), TestCaseError> {
    let harness = Harness::shared(kind).await;
    let mut talks: Vec<Talk> = Vec::new();
    let mut ownership = Ownership::default();
    for number in 0..PEOPLE {
        let page = harness.page().await;
        let began = later(number as i64);
        let talk = harness.talk_at(&page, began).await;
        ownership.add_customer(talk.customer, began, talk.identity);
        talks.push(talk);
    }
    let mut said: Said = all_messages(&harness, &talks).await;
    for (act, time) in acts.into_iter().zip((1_i64..).map(|step| step * 1_000)) {
        match act {
            Act::Write { person } => {
                harness.write_at(&talks[person], &format!("at {time}"), later(time)).await;
                let talk = &talks[person];
                let new = all_messages(&harness, &talks).await;
                let fresh: Vec<_> = new.iter().filter(|(id, _)| !said.contains_key(id)).collect();
                prop_assert_eq!(fresh.len(), 1);
                prop_assert_eq!(*fresh[0].1, talk.identity);
                said = new;
            }
            Act::Answer { person } => {
                let mut answer = harness.answer(&talks[person], "an answer");
                answer.now = later(time);
                said.insert(answer.id, talks[person].identity);
                let id = answer.id;
                prop_assert_eq!(harness.store.create_message(answer).await.unwrap(), Created::New(id));
            }
            Act::Merge { one, other } => {
                let (one, other) = (talks[one].customer, talks[other].customer);
                let before = harness.seen().await;
                let new = harness.new_merge(one, other, later(time));
                let id = new.id;
                match harness.store.merge_customers(new).await.unwrap() {
                    Merged::Done(done) => {
                        prop_assert_eq!(done, id);
                        harness.unmerge(id, later(time)).await;
                        prop_assert_eq!(harness.seen().await, before, "unmerge(merge(x)) = x");
                        let again = harness.merge(one, other, later(time)).await;
                        let merge = ownership.merge(again, one, other).unwrap().clone();
                        let told = harness.store.find_merge(harness.workspace, again).await.unwrap().unwrap();
                        prop_assert_eq!((told.survivor_id, told.alias_id), (merge.survivor, merge.alias));
                    }
                    refused => {
                        prop_assert_eq!(refused, Merged::Same);
                        prop_assert_eq!(ownership.merge(id, one, other), Err(MergeRefused::SameCustomer));
                    }
                }
            }
            Act::Unmerge { which } => {
                let Some(id) = ownership.merges().get(which).map(|merge| merge.id) else { continue };
                let told = harness.unmerge(id, later(time)).await;
                let undone = ownership.unmerge(id).unwrap();
                let returned: BTreeSet<IdentityId> = told.returns.iter().map(|identity| identity.id).collect();
                prop_assert_eq!(returned, undone.moved);
            }
            Act::Move { message, to } => move_message(&harness, &talks, &said, message, to, time).await,
        }
        check(&harness, &talks, &ownership, &said).await?;
    }
    Ok(())
}

async fn move_message(harness: &Harness, talks: &[Talk], said: &Said, message: usize, to: usize, time: i64) {
    let Some((id, _)) = said.iter().nth(message) else { return };
    let newest = model::EpisodeId(i64::MAX);
    let thread = talks[to].thread;
    let episodes = harness.store.list_thread_episodes(harness.workspace, thread, newest, 10).await.unwrap();
    let Some(target) = episodes.first() else { return };
    let moved = MovedMessages {
        workspace_id: harness.workspace,
        messages: vec![*id],
        episode_id: target.id,
        actor_id: "agt_1".into(),
        now: later(time),
    };
    // Refused when they are different customers' just now.
    harness.store.move_messages(moved).await.unwrap();
}

/// The messages that threads show, with the identities that they are filed under.
async fn all_messages(harness: &Harness, talks: &[Talk]) -> Said {
    let mut found = Said::new();
    for talk in talks {
        for entry in harness.entries(talk.thread).await {
            if matches!(entry.body, EntryBody::Message(_)) {
                found.insert(entry.id.parse().unwrap(), entry.identity_id.unwrap());
            }
        }
    }
    found
}

async fn check(harness: &Harness, talks: &[Talk], ownership: &Ownership, said: &Said) -> Result<(), TestCaseError> {
    let seen = harness.seen().await;
    let shown: BTreeSet<CustomerId> = seen.values().map(|(thread, ..)| thread.customer.id).collect();
    let owners: BTreeSet<CustomerId> = talks.iter().map(|talk| ownership.survivor_of(talk.customer)).collect();
    prop_assert_eq!(shown, owners, "lists show survivors only");
    let mut total = 0;
    for (thread, entries, episodes) in seen.values() {
        let own: BTreeSet<IdentityId> = thread.customer.identities.iter().map(|identity| identity.id).collect();
        prop_assert_eq!(&own, &ownership.identities_of(thread.customer.id));
        for entry in entries.iter().filter(|entry| matches!(entry.body, EntryBody::Message(_))) {
            let came_through = said[&entry.id.parse::<MessageId>().unwrap()];
            prop_assert_eq!(entry.identity_id, Some(came_through), "where it came through");
            prop_assert!(own.contains(&came_through));
            total += 1;
        }
        prop_assert!(episodes.iter().all(|episode| own.contains(&episode.identity_id)));
        let last = entries.iter().filter(|entry| !tells_of_merging(entry)).map(|entry| entry.at).max();
        prop_assert!(last.is_none_or(|last| thread.last_activity_at <= last));
    }
    prop_assert_eq!(total, said.len(), "each in one thread");
    for talk in talks {
        let thread = harness.store.find_thread(harness.workspace, talk.thread).await.unwrap().unwrap();
        prop_assert_eq!(thread.customer.id, ownership.survivor_of(talk.customer), "an alias answers with its survivor");
    }
    for merge in ownership.merges() {
        let told = harness.store.find_merge(harness.workspace, merge.id).await.unwrap().unwrap();
        let held: BTreeSet<IdentityId> = told.identities.iter().map(|identity| identity.id).collect();
        prop_assert_eq!((&held, told.undone_at), (&merge.moved, None), "{:?}", MergeId(merge.id.0));
    }
    Ok(())
}

fn check_on(kind: Kind, cases: u32) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let config = ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 64, ..ProptestConfig::default() };
    let outcome = TestRunner::new(config).run(&acts(), |acts| runtime.block_on(live(kind, acts)));
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn merging_does_what_the_pure_rule_says_on_sqlite() {
    check_on(Kind::Sqlite, 24);
}

#[test]
fn merging_does_what_the_pure_rule_says_on_postgres() {
    check_on(Kind::Postgres, 8);
}
