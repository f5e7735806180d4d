//! Customers made one and two again: what moves, what answers, what stays.

use super::{
    Harness, Kind, later, now, on_both_engines,
    world::{DAY, Page, Talk},
};
use crate::{Created, EventFact, Idempotency, Merged, NewMerge, NewNote, Undone, UndoneMerge};
use model::{
    CustomerId, EpisodeId, IdentityId, MergeId, NoteId, Role, ThreadId, Timestamp,
    customer::VerificationLevel,
    entry::{Entry, EntryBody},
    log::LogKind,
    merge_record::{BoundedCount, MergeWarning, StayingKind, Unmerge},
    message::{Author, AuthorKind},
    thread::Thread,
};
use std::collections::{BTreeMap, BTreeSet};

on_both_engines! {
    merging_makes_one_thread_and_undoing_two: shared;
    an_alias_stands_for_the_survivor_in_every_read: shared;
    what_is_written_to_an_alias_reaches_the_survivor: shared;
    inner_and_outer_merges_are_undone_in_any_order: shared;
    a_merge_is_refused_with_a_reason: shared;
    verified_people_are_merged_only_by_force: shared;
    what_cannot_be_told_apart_stays: shared;
    a_preview_says_what_would_happen: shared;
    followers_hear_of_an_alias_under_the_survivors_ids: shared;
    a_merge_changes_a_handful_of_rows_whatever_the_history: own;
    messages_arrive_while_customers_are_merged: own;
}

const NEWEST: (Timestamp, ThreadId) = (Timestamp(i64::MAX), ThreadId(i64::MAX));

impl Harness {
    /// A customer on a page whose thread began, and was active last, at a moment.
    pub async fn talk_at(&self, page: &Page, at: Timestamp) -> Talk {
        let person = format!("person-{}", self.id());
        let mut event = self.read(page, Some(&person), self.message(&format!("hello of {person}"), "hello")).await;
        event.window_until = Some(at.plus_millis(DAY));
        (event.at, event.event.received_at) = (at, at);
        let (customer, thread, identity, route) = event.new_person;
        assert_eq!(self.apply(vec![event]).await, 1);
        Talk { page: page.clone(), person, customer, thread, identity, route }
    }

    /// A message of a customer at a moment.
    pub async fn write_at(&self, talk: &Talk, text: &str, at: Timestamp) {
        let mut event =
            self.read(&talk.page, Some(&talk.person), self.message(&format!("{text} of {}", talk.person), text)).await;
        (event.at, event.event.received_at) = (at, at);
        assert_eq!(self.apply(vec![event]).await, 1);
    }

    /// Two customers to merge.
    pub fn new_merge(&self, one: CustomerId, other: CustomerId, at: Timestamp) -> NewMerge {
        NewMerge {
            id: MergeId(self.id()),
            workspace_id: self.workspace,
            one,
            other,
            reason: "the same person".into(),
            force: false,
            actor_id: "agt_1".into(),
            entries: [self.id(), self.id()],
            idempotency: None,
            now: at,
        }
    }

    /// Merges two customers.
    pub async fn merge(&self, one: CustomerId, other: CustomerId, at: Timestamp) -> MergeId {
        let new = self.new_merge(one, other, at);
        let id = new.id;
        assert_eq!(self.store.merge_customers(new).await.unwrap(), Merged::Done(id));
        id
    }

    /// Takes a merge back.
    pub async fn unmerge(&self, id: MergeId, at: Timestamp) -> Unmerge {
        let undone = self.undone(id, at);
        match self.store.undo_merge(undone).await.unwrap() {
            Undone::Done(told) => *told,
            refused => panic!("{refused:?}"),
        }
    }

    fn undone(&self, id: MergeId, at: Timestamp) -> UndoneMerge {
        UndoneMerge {
            id,
            workspace_id: self.workspace,
            actor_id: "agt_1".into(),
            entries: [self.id(), self.id()],
            now: at,
        }
    }

    /// A thread's entries, the newest first.
    pub async fn entries(&self, thread: ThreadId) -> Vec<Entry> {
        self.store.list_entries(self.workspace, thread, i64::MAX, 10_000).await.unwrap()
    }

    /// What a reader sees of the workspace, but what tells of merging itself.
    pub async fn seen(&self) -> BTreeMap<i64, (Thread, Vec<Entry>, Vec<model::episode::Episode>)> {
        let mut seen = BTreeMap::new();
        for mut thread in self.store.list_threads(self.workspace, NEWEST, 1_000).await.unwrap() {
            let mut entries = self.entries(thread.id).await;
            entries.retain(|entry| !tells_of_merging(entry));
            thread.last_entry = entries.first().cloned();
            let newest = EpisodeId(i64::MAX);
            let episodes = self.store.list_thread_episodes(self.workspace, thread.id, newest, 1_000).await.unwrap();
            seen.insert(thread.id.0, (thread, entries, episodes));
        }
        seen
    }

    pub fn note(&self, thread: ThreadId, text: &str, at: Timestamp) -> NewNote {
        NewNote {
            id: NoteId(self.id()),
            workspace_id: self.workspace,
            thread_id: thread,
            episode_id: None,
            author: Author { kind: AuthorKind::Agent, id: Some("agt_1".into()), name: "Ada".into() },
            text: text.into(),
            mentions: Vec::new(),
            idempotency: None,
            now: at,
        }
    }
}

/// Whether an entry tells of merging.
pub(super) fn tells_of_merging(entry: &Entry) -> bool {
    matches!(&entry.body, EntryBody::Event(event) if event.name.starts_with("customer."))
}

/// Threads of three pages, the first the oldest.
async fn three(harness: &Harness) -> [Talk; 3] {
    let mut talks = Vec::new();
    for number in 0..3 {
        let page = harness.page().await;
        talks.push(harness.talk_at(&page, later(number * 1_000)).await);
    }
    talks.try_into().unwrap()
}

async fn merging_makes_one_thread_and_undoing_two(harness: Harness) {
    let [a, b, _] = three(&harness).await;
    harness.write_at(&b, "and more", later(5_000)).await;
    let before = harness.seen().await;
    // The younger is named first; the older stays.
    let id = harness.merge(b.customer, a.customer, later(6_000)).await;
    let thread = harness.store.find_thread(harness.workspace, b.thread).await.unwrap().unwrap();
    assert_eq!((thread.id, thread.customer.id, thread.last_activity_at), (a.thread, a.customer, later(5_000)));
    let ways: BTreeSet<IdentityId> = thread.customer.identities.iter().map(|identity| identity.id).collect();
    assert_eq!(ways, BTreeSet::from([a.identity, b.identity]));
    let entries = harness.entries(a.thread).await;
    let through: Vec<_> =
        entries.iter().filter(|entry| !tells_of_merging(entry)).map(|entry| entry.identity_id).collect();
    assert_eq!(through, [Some(b.identity), Some(b.identity), Some(a.identity)]);
    let told: Vec<&Entry> = entries.iter().filter(|entry| tells_of_merging(entry)).collect();
    assert_eq!(told.len(), 2, "one on each thread");
    for entry in told {
        let EntryBody::Event(event) = &entry.body else { panic!("{entry:?}") };
        assert_eq!(event.related_id, Some(id.to_string()));
        assert_eq!((event.survivor_id, event.alias_id), (Some(a.customer), Some(b.customer)));
    }
    let listed = harness.store.list_threads(harness.workspace, NEWEST, 10).await.unwrap();
    assert_eq!(listed.len(), 2, "the alias is in no list");
    let customers = harness.store.list_customers(harness.workspace, CustomerId(i64::MAX), 10).await.unwrap();
    assert!(customers.len() == 2 && customers.iter().all(|customer| customer.id != b.customer));

    let told = harness.unmerge(id, later(7_000)).await;
    assert_eq!(told.returns.iter().map(|identity| identity.id).collect::<Vec<_>>(), [b.identity]);
    assert_eq!((told.stays.len(), told.merge.undone_at), (0, Some(later(7_000))));
    assert_eq!(harness.seen().await, before, "unmerge(merge(x)) = x");
    assert_eq!(harness.entries(b.thread).await.iter().filter(|entry| tells_of_merging(entry)).count(), 2);
    assert_eq!(harness.store.undo_merge(harness.undone(id, later(8_000))).await.unwrap(), Undone::Before);
    let log = harness.log(harness.workspace).await;
    let kinds = |kind: LogKind| {
        log.iter().filter(|record| record.kind == kind).map(|record| record.thread_id).collect::<Vec<_>>()
    };
    assert_eq!(kinds(LogKind::CustomerMerged), [Some(a.thread), Some(b.thread)]);
    assert_eq!(kinds(LogKind::CustomerUnmerged), [Some(a.thread), Some(b.thread)]);
    assert!(log.iter().all(|record| !record.detail.as_deref().unwrap_or_default().contains("same person")));
}

async fn an_alias_stands_for_the_survivor_in_every_read(harness: Harness) {
    let [a, b, c] = three(&harness).await;
    let (store, workspace) = (&harness.store, harness.workspace);
    let agent = harness.agent(workspace, &format!("ada-{}@example.com", harness.id()), Role::Agent).await;
    harness.raw("UPDATE customer SET name = 'Bea' WHERE id = $1", &[b.customer.0.into()]).await;
    harness.raw("UPDATE customer SET name = 'Cee' WHERE id = $1", &[c.customer.0.into()]).await;
    harness.merge(b.customer, c.customer, later(3_000)).await;
    let mut new = harness.new_merge(c.customer, a.customer, later(4_000));
    new.actor_id = agent.to_string();
    let outer = new.id;
    assert_eq!(store.merge_customers(new).await.unwrap(), Merged::Done(outer));
    let survivor = store.find_customer(workspace, a.customer).await.unwrap().unwrap();
    assert_eq!(survivor.name, "Bea", "read through, as the survivor has none of its own");
    for alias in [&b, &c] {
        assert_eq!(store.find_customer(workspace, alias.customer).await.unwrap().as_ref(), Some(&survivor));
        assert_eq!(harness.entries(alias.thread).await, harness.entries(a.thread).await);
        assert_eq!(
            store.list_routes(workspace, alias.thread).await.unwrap(),
            store.list_routes(workspace, a.thread).await.unwrap()
        );
        let newest = EpisodeId(i64::MAX);
        let episodes = store.list_thread_episodes(workspace, alias.thread, newest, 100).await.unwrap();
        assert_eq!(episodes.len(), 3);
        assert!(episodes.iter().all(|episode| (episode.thread_id, episode.customer_id) == (a.thread, a.customer)));
        let merges = store.list_merges(workspace, alias.customer).await.unwrap().unwrap();
        assert_eq!(merges.len(), 2, "the inner one too");
        assert_eq!((merges[0].id, merges[0].by.as_deref()), (outer, Some("Ada")));
        assert_eq!((merges[0].alias_id, merges[0].alias_name.as_str()), (b.customer, "Bea"));
        assert_eq!(merges[0].identities.len(), 2);
    }
    harness.raw("UPDATE customer SET name = 'Own' WHERE id = $1", &[a.customer.0.into()]).await;
    assert_eq!(store.find_thread(workspace, c.thread).await.unwrap().unwrap().customer.name, "Own");
    let other = harness.other_workspace().await;
    assert!(store.find_thread(other, b.thread).await.unwrap().is_none());
    assert!(store.find_customer(other, b.customer).await.unwrap().is_none());
    assert!(store.list_merges(other, b.customer).await.unwrap().is_none());
    assert!(store.find_merge(other, outer).await.unwrap().is_none());
}

async fn what_is_written_to_an_alias_reaches_the_survivor(harness: Harness) {
    let [a, b, _] = three(&harness).await;
    let merge = harness.merge(a.customer, b.customer, later(3_000)).await;
    let mut answer = harness.answer(&b, "an answer");
    answer.now = later(4_000);
    let message = answer.id;
    assert_eq!(harness.store.create_message(answer).await.unwrap(), Created::New(message));
    assert_eq!(harness.store.find_thread_of_message(harness.workspace, message).await.unwrap(), Some(a.thread));
    let note = harness.note(b.thread, "careful", later(5_000));
    let id = note.id;
    assert_eq!(harness.store.create_note(note).await.unwrap(), Some(Created::New(id)));
    let thread = harness.store.find_thread(harness.workspace, a.thread).await.unwrap().unwrap();
    assert_eq!(thread.last_activity_at, later(5_000));
    assert_eq!(thread.last_entry.unwrap().identity_id, Some(a.identity), "on no matter: the survivor's own identity");
    harness.unmerge(merge, later(6_000)).await;
    let of = async |talk: &Talk| harness.store.find_thread(harness.workspace, talk.thread).await.unwrap().unwrap();
    assert_eq!(of(&a).await.last_activity_at, later(5_000));
    assert_eq!(of(&b).await.last_activity_at, later(4_000), "the answer went through its identity");
}

async fn inner_and_outer_merges_are_undone_in_any_order(harness: Harness) {
    let [a, b, c] = three(&harness).await;
    let first = harness.seen().await;
    for inner_first in [true, false] {
        let inner = harness.merge(b.customer, c.customer, later(5_000)).await;
        let between = harness.seen().await;
        let outer = harness.merge(a.customer, c.customer, later(6_000)).await;
        assert_eq!(harness.seen().await.len(), 1);
        if inner_first {
            let told = harness.unmerge(inner, later(7_000)).await;
            assert_eq!(told.returns.len(), 1);
            let owner = harness.store.find_thread(harness.workspace, c.thread).await.unwrap().unwrap();
            assert_eq!(owner.id, c.thread, "only C has its own again");
            let held = harness.store.find_merge(harness.workspace, outer).await.unwrap().unwrap().identities;
            assert_eq!(held.iter().map(|identity| identity.id).collect::<Vec<_>>(), [b.identity]);
            harness.unmerge(outer, later(8_000)).await;
        } else {
            harness.unmerge(outer, later(7_000)).await;
            assert_eq!(harness.seen().await, between);
            let owner = harness.store.find_thread(harness.workspace, c.thread).await.unwrap().unwrap();
            assert_eq!(owner.id, b.thread, "C stands for B again");
            harness.unmerge(inner, later(8_000)).await;
        }
        assert_eq!(harness.seen().await, first);
    }
}

async fn a_merge_is_refused_with_a_reason(harness: Harness) {
    let [a, b, c] = three(&harness).await;
    let merge = async |new: NewMerge| harness.store.merge_customers(new).await.unwrap();
    let at = later(4_000);
    assert_eq!(merge(harness.new_merge(a.customer, a.customer, at)).await, Merged::Same);
    assert_eq!(merge(harness.new_merge(a.customer, CustomerId(5), at)).await, Merged::Missing);
    let other = harness.other_workspace().await;
    let stranger = NewMerge { workspace_id: other, ..harness.new_merge(a.customer, b.customer, at) };
    assert_eq!(merge(stranger).await, Merged::Missing);
    let key = |hash: &str| Some(Idempotency { actor_id: "agt_1".into(), key: "k".into(), request_hash: hash.into() });
    let refused = NewMerge { idempotency: key("x"), ..harness.new_merge(a.customer, a.customer, at) };
    assert_eq!(merge(refused).await, Merged::Same);
    let new = NewMerge { idempotency: key("y"), ..harness.new_merge(a.customer, b.customer, at) };
    let id = new.id;
    assert_eq!(merge(new.clone()).await, Merged::Done(id), "a refusal gives the key back");
    assert_eq!(merge(new).await, Merged::Done(id), "run again it finds itself done");
    let again = NewMerge { idempotency: key("y"), ..harness.new_merge(a.customer, b.customer, at) };
    assert_eq!(merge(again).await, Merged::Done(id));
    let reused = NewMerge { idempotency: key("z"), ..harness.new_merge(a.customer, c.customer, at) };
    assert_eq!(merge(reused).await, Merged::KeyReused);
    assert_eq!(merge(harness.new_merge(b.customer, a.customer, at)).await, Merged::Same, "an alias is its survivor");
    assert_eq!(harness.store.list_merges(harness.workspace, a.customer).await.unwrap().unwrap().len(), 1);
    let stranger = UndoneMerge { workspace_id: other, ..harness.undone(id, at) };
    assert_eq!(harness.store.undo_merge(stranger).await.unwrap(), Undone::Missing);
    let undone = harness.undone(id, at);
    let Undone::Done(told) = harness.store.undo_merge(undone.clone()).await.unwrap() else { panic!("refused") };
    assert_eq!(told.returns.len(), 1);
    assert!(
        matches!(harness.store.undo_merge(undone).await.unwrap(), Undone::Done(_)),
        "run again it finds itself done"
    );
}

async fn verified_people_are_merged_only_by_force(harness: Harness) {
    let page = harness.page().await;
    let (a, b) = (harness.talk_at(&page, now()).await, harness.talk_at(&page, later(1)).await);
    let elsewhere = harness.talk().await;
    let verify = async |id: IdentityId, workspace| {
        let level = VerificationLevel::Verified;
        harness.store.set_verification(workspace, id, level, "sign_in", later(9)).await.unwrap()
    };
    assert!(!verify(a.identity, harness.other_workspace().await).await);
    for talk in [&a, &b, &elsewhere] {
        assert!(verify(talk.identity, harness.workspace).await);
    }
    let customer = harness.store.find_customer(harness.workspace, a.customer).await.unwrap().unwrap();
    let verification = &customer.identities[0].verification;
    assert_eq!(
        (verification.level, verification.source.as_str(), verification.at),
        (VerificationLevel::Verified, "sign_in", later(9))
    );
    let new = harness.new_merge(a.customer, b.customer, later(10));
    assert_eq!(harness.store.merge_customers(new.clone()).await.unwrap(), Merged::VerifiedApart);
    let preview = harness.store.preview_merge(harness.workspace, b.customer, a.customer).await.unwrap().unwrap();
    assert!(preview.warnings.contains(&MergeWarning::VerifiedApart));
    // Verified in another namespace says nothing against it.
    harness.merge(a.customer, elsewhere.customer, later(11)).await;
    let id = new.id;
    assert_eq!(harness.store.merge_customers(NewMerge { force: true, ..new }).await.unwrap(), Merged::Done(id));
}

async fn what_cannot_be_told_apart_stays(harness: Harness) {
    let [a, b, _] = three(&harness).await;
    let old = harness.note(a.thread, "from before", later(2_500));
    harness.store.create_note(old).await.unwrap();
    let id = harness.merge(a.customer, b.customer, later(3_000)).await;
    let about = harness.note(a.thread, "about both", later(4_000));
    let stays = about.id;
    harness.store.create_note(about).await.unwrap();
    let episodes =
        harness.store.list_thread_episodes(harness.workspace, a.thread, EpisodeId(i64::MAX), 10).await.unwrap();
    let matter = episodes.iter().find(|episode| episode.identity_id == b.identity).unwrap().id;
    let on_it = NewNote { episode_id: Some(matter), ..harness.note(a.thread, "about the matter", later(5_000)) };
    let goes = on_it.id;
    harness.store.create_note(on_it).await.unwrap();
    let preview = harness.store.preview_unmerge(harness.workspace, id).await.unwrap().unwrap();
    let named: Vec<_> = preview.stays.iter().map(|staying| (staying.kind, staying.id.clone(), staying.at)).collect();
    assert_eq!(named, [(StayingKind::Note, stays.to_string(), later(4_000))]);
    let told = harness.unmerge(id, later(6_000)).await;
    assert_eq!((told.stays, told.returns), (preview.stays, preview.returns));
    let ids =
        async |talk: &Talk| harness.entries(talk.thread).await.into_iter().map(|entry| entry.id).collect::<Vec<_>>();
    assert!(ids(&b).await.contains(&goes.to_string()) && !ids(&b).await.contains(&stays.to_string()));
    assert!(ids(&a).await.contains(&stays.to_string()) && !ids(&a).await.contains(&goes.to_string()));
    let after = harness.store.preview_unmerge(harness.workspace, id).await.unwrap().unwrap();
    assert_eq!((after.stays.len(), after.returns.len()), (0, 0), "nothing is left to take back");
    assert!(harness.store.preview_unmerge(harness.workspace, MergeId(5)).await.unwrap().is_none());
}

async fn a_preview_says_what_would_happen(harness: Harness) {
    let [a, b, _] = three(&harness).await;
    harness.raw("UPDATE customer SET name = 'Bea' WHERE id = $1", &[b.customer.0.into()]).await;
    let before = harness.seen().await;
    let preview = harness.store.preview_merge(harness.workspace, b.customer, a.customer).await.unwrap().unwrap();
    assert_eq!((preview.survivor.customer.id, preview.alias.customer.id), (a.customer, b.customer));
    assert_eq!((preview.name.as_str(), preview.warnings), ("Bea", vec![MergeWarning::BothHaveOpenEpisodes]));
    assert_eq!(preview.survivor.entries, BoundedCount { count: 1, more: false });
    many_entries(&harness, &b, 1_200).await;
    let preview = harness.store.preview_merge(harness.workspace, b.customer, a.customer).await.unwrap().unwrap();
    assert_eq!(preview.alias.entries, BoundedCount { count: 1_000, more: true });
    assert_eq!(harness.seen().await.len(), before.len(), "looking changes nothing");
    let missing = harness.store.preview_merge(harness.workspace, b.customer, CustomerId(5)).await.unwrap();
    assert!(missing.is_none());
}

async fn followers_hear_of_an_alias_under_the_survivors_ids(harness: Harness) {
    let [a, b, _] = three(&harness).await;
    let id = harness.merge(a.customer, b.customer, later(3_000)).await;
    harness.write_at(&b, "and more", later(4_000)).await;
    let threads = async || {
        let log = harness.log(harness.workspace).await;
        let received = log
            .iter()
            .filter(|record| record.kind == LogKind::MessageReceived && record.identity_id == Some(b.identity));
        received.map(|record| (record.thread_id, record.customer_id)).collect::<Vec<_>>()
    };
    assert_eq!(threads().await, [(Some(a.thread), Some(a.customer)); 2], "what was before is the survivor's too");
    harness.unmerge(id, later(5_000)).await;
    assert_eq!(threads().await, [(Some(b.thread), Some(b.customer)); 2]);
}

/// Entries of a customer from long ago, written straight into the tables.
async fn many_entries(harness: &Harness, talk: &Talk, count: i64) {
    let sql = "WITH RECURSIVE n(n) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT n + 1 FROM n WHERE n < $1) INSERT INTO log (workspace_id, shard, seq, at, kind, shown, customer_id, thread_id, identity_id, entry_id, detail) SELECT CAST($2 AS BIGINT), 0, -n, CAST($3 AS BIGINT), 'event.kept', TRUE, CAST($4 AS BIGINT), CAST($5 AS BIGINT), CAST($6 AS BIGINT), n, '{\"what\":\"postback\"}' FROM n";
    let params = [
        count.into(),
        harness.workspace.0.into(),
        now().0.into(),
        talk.customer.0.into(),
        talk.thread.0.into(),
        talk.identity.0.into(),
    ];
    harness.raw(sql, &params).await;
}

/// Rows that the last transaction of a merge changed, in all tables that know customers.
async fn changed_rows(harness: &Harness, id: MergeId, before: i64) -> i64 {
    match harness.kind {
        Kind::Sqlite => total_changes(harness).await - before,
        Kind::Postgres => {
            let mut changed = 0;
            for sql in [
                "SELECT CAST(count(*) AS TEXT) FROM log WHERE xmin = (SELECT xmin FROM merge WHERE id = $1)",
                "SELECT CAST(count(*) AS TEXT) FROM message WHERE xmin = (SELECT xmin FROM merge WHERE id = $1)",
                "SELECT CAST(count(*) AS TEXT) FROM identity WHERE xmin = (SELECT xmin FROM merge WHERE id = $1)",
                "SELECT CAST(count(*) AS TEXT) FROM customer WHERE xmin = (SELECT xmin FROM merge WHERE id = $1)",
                "SELECT CAST(count(*) AS TEXT) FROM thread WHERE xmin = (SELECT xmin FROM merge WHERE id = $1)",
                "SELECT CAST(count(*) AS TEXT) FROM episode WHERE xmin = (SELECT xmin FROM merge WHERE id = $1)",
                "SELECT CAST(count(*) AS TEXT) FROM merge_identity WHERE xmin = (SELECT xmin FROM merge WHERE id = $1)",
            ] {
                changed += harness.raw(sql, &[id.0.into()]).await[0].parse::<i64>().unwrap();
            }
            changed
        }
    }
}

async fn total_changes(harness: &Harness) -> i64 {
    match harness.kind {
        Kind::Sqlite => harness.raw("SELECT CAST(total_changes() AS TEXT)", &[]).await[0].parse().unwrap(),
        Kind::Postgres => 0,
    }
}

async fn a_merge_changes_a_handful_of_rows_whatever_the_history(harness: Harness) {
    let [a, b, _] = three(&harness).await;
    many_entries(&harness, &b, 10_000).await;
    let before = total_changes(&harness).await;
    let id = harness.merge(a.customer, b.customer, later(4_000)).await;
    let changed = changed_rows(&harness, id, before).await;
    // The identity, the customer, both threads, two records; on SQLite also the merge, what it holds, the log's head, the lanes.
    assert!((5..=30).contains(&changed), "{changed} rows changed");
    let page = harness.store.list_entries(harness.workspace, a.thread, i64::MAX, 10_100).await.unwrap();
    assert_eq!(page.len(), 10_004);
    let before = total_changes(&harness).await;
    harness.unmerge(id, later(5_000)).await;
    let changed = total_changes(&harness).await - before;
    assert!(changed <= 30, "{changed} rows changed");
    assert_eq!(harness.store.list_entries(harness.workspace, b.thread, i64::MAX, 10_100).await.unwrap().len(), 10_003);
}

async fn messages_arrive_while_customers_are_merged(harness: Harness) {
    let [a, b, _] = three(&harness).await;
    let writing = async {
        for number in 0..40 {
            harness.write_at(&b, &format!("number {number}"), later(10_000 + number)).await;
            harness.happen(&b, EventFact::Read { watermark: later(10_000 + number) }).await;
        }
    };
    let answering = async {
        for number in 0..20 {
            let mut answer = harness.answer(&b, "an answer");
            answer.now = later(10_000 + number);
            harness.store.create_message(answer).await.unwrap();
        }
    };
    let merging = async {
        let mut last = None;
        for number in 0..15 {
            let id = harness.merge(a.customer, b.customer, later(20_000 + number)).await;
            if number < 14 {
                harness.unmerge(id, later(20_000 + number)).await;
            } else {
                last = Some(id);
            }
        }
        last.unwrap()
    };
    let ((), (), last) = tokio::join!(writing, answering, merging);
    let entries = harness.entries(b.thread).await;
    let messages: Vec<&Entry> = entries.iter().filter(|entry| matches!(entry.body, EntryBody::Message(_))).collect();
    assert_eq!(messages.len(), 2 + 40 + 20, "each is there once");
    let thread = harness.store.find_thread(harness.workspace, b.thread).await.unwrap().unwrap();
    assert_eq!((thread.id, thread.last_activity_at), (a.thread, later(10_039)), "no activity was lost");
    // What each record says about its owner is what the merges before it made.
    let sql = "SELECT kind || ' ' || CAST(thread_id AS TEXT) FROM log WHERE workspace_id = $1 AND (kind = 'message.received' OR kind = 'message.queued' OR kind LIKE 'customer.%merged') AND identity_id = $2 ORDER BY seq";
    let mut owner = b.thread;
    for line in harness.raw(sql, &[harness.workspace.0.into(), b.identity.0.into()]).await {
        match line.split_once(' ').unwrap() {
            ("customer.merged", _) => owner = a.thread,
            ("customer.unmerged", _) => owner = b.thread,
            (_, thread) => assert_eq!(thread, owner.0.to_string(), "no message on a hidden thread"),
        }
    }
    harness.unmerge(last, later(30_000)).await;
    let thread = harness.store.find_thread(harness.workspace, b.thread).await.unwrap().unwrap();
    assert_eq!((thread.id, thread.last_activity_at), (b.thread, later(10_039)));
    let kept = harness.entries(a.thread).await;
    assert_eq!(kept.iter().filter(|entry| matches!(entry.body, EntryBody::Message(_))).count(), 1);
}
