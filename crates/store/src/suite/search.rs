//! Search: both engines find what the model says, newest first, and the index follows the log exactly.

use super::{
    Harness, Kind, later, now, on_both_engines,
    world::{Page, Talk},
};
use crate::{
    FoundDocument, SearchBatch, SearchDocument, SearchRequest, SearchSubject, Store, StoreError,
    engine::{Query as Sql, params},
};
use futures_util::FutureExt;
use model::{
    Cursor, CustomerId, IdentityId, MessageId, WorkspaceId,
    fold::{Query, Tokens},
    log::LogKind,
    search::SearchKind,
};
use std::collections::{BTreeMap, BTreeSet};

on_both_engines! {
    both_engines_find_what_the_model_finds: shared;
    results_come_newest_first_and_page_without_gap_or_double: shared;
    rare_and_common_words_are_found_among_many: shared;
    kinds_and_identities_narrow_a_search: shared;
    another_workspace_finds_nothing: shared;
    what_changes_is_found_anew_and_what_goes_is_gone: shared;
    a_hit_belongs_to_whoever_owns_the_identity_now: shared;
    the_longest_messages_are_indexed: shared;
    one_process_at_a_time_keeps_an_index: own;
    a_batch_is_written_whole_or_not_at_all_and_only_once: shared;
    a_search_ends_in_time_and_holds_up_nothing: shared;
}

const OWNER: i64 = 7;

fn query(words: &str) -> Query {
    Query::parse(words).unwrap()
}

fn request(workspace_id: WorkspaceId, words: &str) -> SearchRequest {
    let (kinds, identities) = (Vec::new(), Vec::new());
    SearchRequest { workspace_id, query: query(words), kinds, identities, before: i64::MAX, limit: 100 }
}

pub(super) async fn find(harness: &Harness, words: &str) -> Vec<FoundDocument> {
    harness.store.search(request(harness.workspace, words)).await.unwrap()
}

/// The messages that are found, newest first.
async fn messages(harness: &Harness, words: &str) -> Vec<MessageId> {
    let found = find(harness, words).await;
    found.into_iter().filter(|hit| hit.kind == SearchKind::Message).map(|hit| MessageId(hit.subject_id)).collect()
}

/// A customer writes; gives the message's id.
async fn say(harness: &Harness, talk: &Talk, words: &str) -> MessageId {
    let fact = harness.message(&format!("m{}", harness.id()), words);
    let crate::EventFact::Message { content, .. } = &fact else { panic!("a message") };
    let id = content.message_id;
    harness.happen(talk, fact).await;
    id
}

/// Follows the log to its end, `step` records at a time.
pub(super) async fn index(harness: &Harness, step: u32) {
    catch_up(&harness.store, harness.workspace, step).await;
}

async fn catch_up(store: &Store, workspace_id: WorkspaceId, step: u32) {
    while let Some(batch) = next_batch(store, workspace_id, step).await {
        assert!(store.apply_search_batch(batch).await.unwrap());
    }
}

/// What the next records bring.
async fn next_batch(store: &Store, workspace_id: WorkspaceId, step: u32) -> Option<SearchBatch> {
    let after = store.claim_search_index(workspace_id, OWNER, now(), later(60_000)).await.unwrap().unwrap();
    let records = store.list_log_records(workspace_id, Cursor::at(after), step).await.unwrap();
    let through = records.last()?.seq;
    let subjects: BTreeSet<SearchSubject> = records
        .iter()
        .filter_map(|record| match (record.message_id(), record.entry_id) {
            (Some(id), _) => Some((SearchKind::Message, id.0)),
            (None, Some(id)) if record.kind == LogKind::NoteWritten => Some((SearchKind::Note, id)),
            _ => record.customer_id.map(|id| (SearchKind::Customer, id.0)),
        })
        .collect();
    let documents = documents(store, workspace_id, subjects).await;
    Some(SearchBatch { workspace_id, owner: OWNER, after, through, is_last: false, documents })
}

async fn documents(store: &Store, workspace: WorkspaceId, subjects: BTreeSet<SearchSubject>) -> Vec<SearchDocument> {
    let sources = store.list_search_sources(workspace, subjects.iter().copied().collect()).await.unwrap();
    let mut all: BTreeMap<SearchSubject, SearchDocument> = subjects
        .into_iter()
        .map(|subject| (subject, SearchDocument { subject, identity_id: None, at: now(), tokens: Tokens::default() }))
        .collect();
    for source in sources {
        let (subject, identity_id, at) = (source.subject, source.identity_id, source.at);
        let tokens = Tokens::of(&format!("{}\n{}", source.text, source.hidden));
        all.insert(subject, SearchDocument { subject, identity_id, at, tokens });
    }
    all.into_values().collect()
}

/// What people write, in the languages of the desk and in none.
const TEXTS: &[&str] = &[
    "Labas, noriu grąžinti pinigus už užsakymą A-1001",
    "Grąžinimas ir grąžinti, ačiū. Žąsų ėjimas šiaurėn",
    "Kā es varu atgriezt preci? Sūtījums NV40718 nav saņemts, lūdzu, zvaniet +371 26 123 456",
    "Dzień dobry, gdzie jest moja paczka? Zażółć gęślą jaźń. Proszę o zwrot pieniędzy",
    "您好，退款单号是A-1001，已签收但没有收到包裹。",
    "您好，退款單號是 A-1001，已簽收但沒有收到包裹。",
    "iPhone壳很好👍 thank you",
    "退",
    "👨‍👩‍👧‍👦 ❤️ 👍🏽",
    "Straße, STRASSE and strasse",
    "The blue lamp from your window",
    "the lamp is blue",
    "Write to ada.lovelace@example.com or call +370 612 34567",
    "ｶﾗｰは？ カラー 한글은 어떻습니까",
    "don't panic: it's 24/7, \"quoted\" and 'single' \\ back",
    "NEAR NOT AND OR near(and) stream:blue",
    "مرحبا مُحَمَّد, שָׁלוֹם, Привет Ёлка и Йод, ελληνικά Ἀθήνας",
    "สวัสดีครับ ขอคืนเงิน",
    "1001 1002 1003, order 1001-1002",
    "… !!! ???",
];

const QUERIES: &[&str] = &[
    "grazinti",
    "grąž",
    "pinig",
    "GRĄŽINTI PINIGUS",
    "\"noriu grazinti\"",
    "\"grazinti noriu\"",
    "zasu",
    "a-1001",
    "A1001",
    "1001",
    "100",
    "\"100\"",
    "nv40718",
    "40718",
    "NV 40718",
    "26123456",
    "123456",
    "3456",
    "26 123 456",
    "zazolc gesla",
    "paczka zwrot",
    "退款",
    "退",
    "退款单号",
    "退款單號",
    "單號",
    "款",
    "收到包裹",
    "收到退款",
    "退款 包裹",
    "您好 a-1001",
    "iphone壳",
    "壳很好",
    "👍",
    "❤",
    "👨",
    "👍🏿",
    "strasse",
    "straße",
    "blue lamp",
    "\"blue lamp\"",
    "\"lamp is",
    "\"lamp i\"",
    "ada",
    "example.com",
    "ada.lovelace@example",
    "lovelace ada",
    "61234567",
    "+37061234567",
    "カラー",
    "ｶﾗｰ",
    "한글",
    "글은",
    "don't",
    "dont",
    "24/7",
    "it's",
    "\"",
    "*",
    "near",
    "NEAR(and",
    "a AND b",
    "stream:blue",
    "extras : a",
    "b*",
    "bl*",
    "'blue':*",
    "blue | lamp",
    "blue & !lamp",
    "back\\",
    "'",
    "''; DROP TABLE search_index; --",
    "^the",
    "-lamp",
    "{stream} : lamp",
    "محمد",
    "مُحَمَّد",
    "שלום",
    "елка",
    "йод",
    "иод",
    "αθηνασ",
    "คืนเงิน",
    "สวัสดี",
    "1001-1002",
    "1001 1003",
    "message",
    "m1",
    "\u{e000}message1",
    "x\0y",
    "th",
    "t",
    "w",
    "te amo",
];

async fn both_engines_find_what_the_model_finds(harness: Harness) {
    let talk = harness.talk().await;
    let mut written = Vec::new();
    for text in TEXTS {
        written.push((say(&harness, &talk, text).await, Tokens::of(text), *text));
    }
    index(&harness, 7).await;
    let mut hits = 0;
    for words in QUERIES {
        let Ok(query) = Query::parse(words) else { continue };
        let expected: Vec<MessageId> =
            written.iter().rev().filter(|(_, tokens, _)| query.matches(tokens)).map(|(id, _, _)| *id).collect();
        assert_eq!(messages(&harness, words).await, expected, "{words}");
        hits += expected.len();
    }
    assert!(hits > 80, "{hits}");
    // Every token of every text finds it, whatever its script.
    for (id, tokens, text) in &written {
        for token in tokens.stream.iter().chain(&tokens.extras) {
            assert!(messages(&harness, &token.text).await.contains(id), "{} of {text}", token.text);
        }
    }
}

async fn results_come_newest_first_and_page_without_gap_or_double(harness: Harness) {
    let talk = harness.talk().await;
    let mut written = Vec::new();
    for n in 0..25 {
        written.push(say(&harness, &talk, &format!("parcel number {n}")).await);
    }
    written.reverse();
    index(&harness, 10).await;
    for limit in [1, 4, 25, 100] {
        let mut seen = Vec::new();
        let mut before = i64::MAX;
        loop {
            let page = harness
                .store
                .search(SearchRequest { before, limit, ..request(harness.workspace, "parcel") })
                .await
                .unwrap();
            let Some(last) = page.last() else { break };
            before = last.id;
            assert!(page.len() <= limit as usize);
            seen.extend(page.into_iter().map(|hit| MessageId(hit.subject_id)));
        }
        assert_eq!(seen, written, "{limit}");
    }
}

/// Leaves a gap in the ids, as if very many documents had been written.
async fn skip_ids(harness: &Harness, count: i64) {
    let skip = "UPDATE search_cursor SET last_document_id = last_document_id + $1 WHERE workspace_id = $2 RETURNING CAST(seq AS TEXT)";
    assert_eq!(harness.raw(skip, &[count.into(), harness.workspace.0.into()]).await.len(), 1);
}

async fn rare_and_common_words_are_found_among_many(harness: Harness) {
    let talk = harness.talk().await;
    let first = say(&harness, &talk, "common needle").await;
    index(&harness, 500).await;
    let base = harness.id();
    // Three heaps, each larger than what is looked through for one hit, in different blocks of both sizes.
    for (heap, gap) in [(0, 0), (1, 100_000), (2, 700_000)] {
        skip_ids(&harness, gap).await;
        let documents: Vec<SearchDocument> = (heap * 300 + 1..=heap * 300 + 300)
            .map(|n| SearchDocument {
                subject: (SearchKind::Message, base + n),
                identity_id: Some(talk.identity),
                at: now(),
                tokens: Tokens::of(match n % 100 {
                    0 => "seldom common words",
                    50 => "words in common, seldom",
                    _ => "common words again",
                }),
            })
            .collect();
        say(&harness, &talk, "one more").await;
        let batch = next_batch(&harness.store, harness.workspace, 10).await.unwrap();
        assert!(harness.store.apply_search_batch(SearchBatch { documents, ..batch }).await.unwrap());
    }
    let search = async |words: &str, before: i64, limit: u32| {
        let request = SearchRequest { before, limit, ..request(harness.workspace, words) };
        harness.store.search(request).await.unwrap()
    };
    let numbers = |found: &[FoundDocument]| found.iter().map(|hit| hit.subject_id - base).collect::<Vec<_>>();
    for (words, limit, expected) in [
        ("common", 2, vec![900, 899]),
        ("com", 2, vec![900, 899]),
        ("co", 2, vec![900, 899]),
        ("common seldom", 3, vec![900, 850, 800]),
        ("\"seldom common\"", 9, vec![900, 800, 700, 600, 500, 400, 300, 200, 100]),
        ("\"seldom common\" words", 4, vec![900, 800, 700, 600]),
        ("se", 1, vec![900]),
        ("needle", 1, vec![first.0 - base]),
        ("needle co", 1, vec![first.0 - base]),
        ("absent common", 1, vec![]),
    ] {
        assert_eq!(numbers(&search(words, i64::MAX, limit).await), expected, "{words}");
    }
    for (words, count) in [("common", 901), ("seld", 18), ("\"seldom common\"", 9), ("\"words again\"", 882)] {
        let all = search(words, i64::MAX, 2_000).await;
        assert_eq!(all.len(), count, "{words}");
        // One by one, and from any place on, whatever block it is in.
        let mut before = i64::MAX;
        for hit in all.iter().step_by(count.div_ceil(60)) {
            assert_eq!(search(words, hit.id + 1, 1).await, std::slice::from_ref(hit), "{words}");
            assert!(hit.id < before);
            before = hit.id;
        }
        for place in [0, count / 3, count / 2, count - 1] {
            assert_eq!(search(words, all[place].id, 2_000).await, all[place + 1..], "{words} after {place}");
        }
    }
}

async fn kinds_and_identities_narrow_a_search(harness: Harness) {
    let page = harness.page().await;
    let (one, other) = (harness.talk_on(&page).await, harness.talk_on(&page).await);
    let theirs = say(&harness, &one, "hello again").await;
    index(&harness, 100).await;
    let narrowed = async |words: &str, kinds: Vec<SearchKind>, identities: Vec<IdentityId>| {
        let request = SearchRequest { kinds, identities, ..request(harness.workspace, words) };
        let found = harness.store.search(request).await.unwrap();
        found.into_iter().map(|hit| (hit.kind, hit.customer_id)).collect::<Vec<_>>()
    };
    let (message, customer) = (SearchKind::Message, SearchKind::Customer);
    // The customers are found by their addresses, `person-…`.
    let both = [(customer, other.customer), (customer, one.customer)];
    assert_eq!(narrowed("person", vec![], vec![]).await, both);
    assert_eq!(narrowed("person", vec![customer], vec![]).await, both);
    assert!(narrowed("person", vec![message, SearchKind::Note], vec![]).await.is_empty());
    assert_eq!(narrowed("hello", vec![message], vec![]).await.len(), 3);
    assert!(narrowed("hello", vec![customer], vec![]).await.is_empty());
    assert_eq!(narrowed("hello", vec![], vec![one.identity]).await, [(message, one.customer), (message, one.customer)]);
    assert_eq!(narrowed("hello again", vec![], vec![one.identity, other.identity]).await, [(message, one.customer)]);
    assert!(narrowed("again", vec![], vec![other.identity]).await.is_empty());
    assert!(narrowed("again", vec![], vec![IdentityId(5)]).await.is_empty());
    let own = harness.store.list_entries_by_id(harness.workspace, vec![theirs.0, 5]).await.unwrap();
    assert_eq!(own.iter().map(|entry| entry.id.clone()).collect::<Vec<_>>(), [theirs.to_string()]);
    let customers = vec![one.customer, CustomerId(5)];
    let customers = harness.store.list_customers_by_id(harness.workspace, customers).await.unwrap();
    assert_eq!(customers.iter().map(|customer| customer.thread_id).collect::<Vec<_>>(), [one.thread]);
    assert_eq!(customers[0].identities[0].address, one.person);
}

async fn another_workspace_finds_nothing(harness: Harness) {
    let talk = harness.talk().await;
    let id = say(&harness, &talk, "secret words").await;
    index(&harness, 100).await;
    let other = harness.other_workspace().await;
    let elsewhere = async || harness.store.search(request(other, "secret")).await.unwrap();
    assert!(elsewhere().await.is_empty(), "without an index");
    let page: Page = harness.page_of(other, &format!("page-{}", harness.id()), "another app").await;
    let theirs = harness.talk_on(&page).await;
    catch_up(&harness.store, other, 100).await;
    assert!(elsewhere().await.is_empty(), "with one of its own");
    let hello = harness.store.search(request(other, "hello")).await.unwrap();
    assert_eq!(hello.iter().map(|hit| hit.customer_id).collect::<Vec<_>>(), [theirs.customer]);
    let narrowed = SearchRequest { identities: vec![talk.identity], ..request(other, "secret") };
    assert!(harness.store.search(narrowed).await.unwrap().is_empty(), "another's identity is no way in");
    let (store, subject) = (&harness.store, vec![(SearchKind::Message, id.0), (SearchKind::Customer, talk.customer.0)]);
    assert!(store.list_search_sources(other, subject.clone()).await.unwrap().is_empty());
    assert_eq!(store.list_search_sources(harness.workspace, subject).await.unwrap().len(), 2);
    assert!(store.list_entries_by_id(other, vec![id.0]).await.unwrap().is_empty());
    assert!(store.list_customers_by_id(other, vec![talk.customer]).await.unwrap().is_empty());
}

async fn what_changes_is_found_anew_and_what_goes_is_gone(harness: Harness) {
    let talk = harness.talk().await;
    let id = say(&harness, &talk, "a first wording").await;
    index(&harness, 100).await;
    assert_eq!(messages(&harness, "wording").await, [id]);
    let again = async || {
        // As a record about it would bring it.
        say(&harness, &talk, "more").await;
        let batch = next_batch(&harness.store, harness.workspace, 100).await.unwrap();
        let documents =
            documents(&harness.store, harness.workspace, BTreeSet::from([(SearchKind::Message, id.0)])).await;
        assert!(harness.store.apply_search_batch(SearchBatch { documents, ..batch }).await.unwrap());
    };
    let edited = r#"[{"type":"text","text":"another text"}]"#;
    set_blocks(&harness, id, edited).await;
    again().await;
    assert!(messages(&harness, "wording").await.is_empty());
    assert_eq!(messages(&harness, "another").await, [id], "once");
    set_blocks(&harness, id, "[]").await;
    again().await;
    assert!(messages(&harness, "another").await.is_empty());
    set_blocks(&harness, id, edited).await;
    again().await;
    assert_eq!(messages(&harness, "another").await, [id], "and back");
}

async fn set_blocks(harness: &Harness, id: MessageId, blocks: &'static str) {
    let update = "UPDATE message SET blocks = $1 WHERE id = $2 RETURNING blocks";
    assert_eq!(harness.raw(update, &[blocks.into(), id.0.into()]).await, [blocks]);
}

async fn a_hit_belongs_to_whoever_owns_the_identity_now(harness: Harness) {
    let page = harness.page().await;
    let (one, other) = (harness.talk_on(&page).await, harness.talk_on(&page).await);
    let id = say(&harness, &one, "where is my parcel").await;
    index(&harness, 100).await;
    let moved = "UPDATE identity SET customer_id = $1 WHERE id = $2 RETURNING address";
    harness.raw(moved, &[other.customer.0.into(), one.identity.0.into()]).await;
    let found = find(&harness, "parcel").await;
    assert_eq!(found.iter().map(|hit| (hit.subject_id, hit.customer_id)).collect::<Vec<_>>(), [(id.0, other.customer)]);
    assert_eq!(found[0].at, now());
}

async fn the_longest_messages_are_indexed(harness: Harness) {
    let talk = harness.talk().await;
    let words: String = (0..400).map(|n| format!("w{n} žodis退款 ")).collect::<String>().chars().take(2_000).collect();
    let long = say(&harness, &talk, &words).await;
    // Twenty blocks of 20,000 characters, as different as can be.
    let huge: String = (0..200_000_u32).map(|n| char::from_u32(0x4e00 + n % 20_000).unwrap()).collect();
    let huge = say(&harness, &talk, &format!("beginning {huge} {}", "1234567890-".repeat(20_000))).await;
    let repeated = say(&harness, &talk, &"again ".repeat(3_000)).await;
    index(&harness, 100).await;
    assert_eq!(messages(&harness, "\"w0 zodis\" 退款").await, [long]);
    assert_eq!(messages(&harness, "beginning").await, [huge]);
    assert_eq!(messages(&harness, "\"again again\"").await, [repeated]);
}

async fn one_process_at_a_time_keeps_an_index(harness: Harness) {
    let (store, workspace) = (&harness.store, harness.workspace);
    let mut grown = store.watch_commits();
    let talk = harness.talk().await;
    assert!(grown.has_changed().unwrap(), "whoever keeps an index is woken");
    grown.borrow_and_update();
    let lag = async || {
        let lags = store.list_search_lags().await.unwrap();
        let lag = lags.iter().find(|lag| lag.workspace_id == workspace).unwrap();
        (lag.indexed, lag.head)
    };
    let (indexed, head) = lag().await;
    assert_eq!((indexed, head), (-1, harness.log(workspace).await.len() as i64), "there is none yet");
    assert_eq!(store.claim_search_index(workspace, 1, now(), later(1_000)).await.unwrap(), Some(0));
    assert_eq!(lag().await, (0, head));
    assert_eq!(store.claim_search_index(workspace, 1, later(500), later(1_500)).await.unwrap(), Some(0), "kept");
    if harness.kind == Kind::Postgres {
        assert_eq!(store.claim_search_index(workspace, 2, later(1_499), later(9_000)).await.unwrap(), None);
    }
    assert_eq!(store.claim_search_index(workspace, 2, later(1_500), later(9_000)).await.unwrap(), Some(0), "it ended");
    let documents = documents(store, workspace, BTreeSet::from([(SearchKind::Customer, talk.customer.0)])).await;
    let late = SearchBatch { workspace_id: workspace, owner: 1, after: 0, through: head, is_last: false, documents };
    assert!(!store.apply_search_batch(late.clone()).await.unwrap(), "the lease is another's");
    assert!(find(&harness, "person").await.is_empty());
    let last = SearchBatch { owner: 2, is_last: true, ..late };
    assert!(store.apply_search_batch(last.clone()).await.unwrap());
    assert_eq!(lag().await, (head, head));
    assert_eq!(find(&harness, "person").await.len(), 1);
    let next = store.claim_search_index(workspace, 1, later(1_500), later(9_000)).await.unwrap();
    assert_eq!(next, Some(head), "given back at the log's end");
    assert!(store.apply_search_batch(last).await.unwrap(), "run again, it has nothing to do");
}

async fn a_batch_is_written_whole_or_not_at_all_and_only_once(harness: Harness) {
    let talk = harness.talk().await;
    for n in 0..6 {
        say(&harness, &talk, &format!("parcel {n}")).await;
    }
    let (store, workspace) = (&harness.store, harness.workspace);
    let batch = next_batch(store, workspace, 4).await.unwrap();
    let rows = async || {
        let count = "SELECT CAST(count(*) AS TEXT) FROM search_document WHERE workspace_id = $1";
        harness.raw(count, &[workspace.0.into()]).await
    };
    let found = async || find(&harness, "parcel").await.len();
    // It fails in its middle: neither documents nor place stay.
    let failing = store.write(batch.clone(), |executor, batch| {
        async move {
            crate::search::apply(executor, batch).await?;
            Err::<(), _>(StoreError::Internal("the power fails here".into()))
        }
        .boxed()
    });
    assert!(failing.await.is_err());
    assert_eq!((rows().await, found().await), (vec!["0".to_owned()], 0));
    assert!(store.apply_search_batch(batch.clone()).await.unwrap());
    let once = (rows().await, found().await);
    assert!(store.apply_search_batch(batch.clone()).await.unwrap(), "a commit whose answer was lost is run again");
    assert_eq!((rows().await, found().await), once);
    index(&harness, 3).await;
    assert_eq!(found().await, 6);
    assert!(!store.apply_search_batch(batch).await.unwrap(), "the place has moved on");
    assert_eq!((rows().await, found().await), (vec!["8".to_owned()], 6), "seven messages and a customer");
    // The index from its beginning, beside what is there: each has its place already.
    let start = "UPDATE search_cursor SET seq = 0 WHERE workspace_id = $1 RETURNING CAST(seq AS TEXT)";
    harness.raw(start, &[workspace.0.into()]).await;
    index(&harness, 5).await;
    assert_eq!((rows().await, found().await), (vec!["8".to_owned()], 6));
}

async fn a_search_ends_in_time_and_holds_up_nothing(harness: Harness) {
    let endless = "WITH RECURSIVE c(n) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT n + 1 FROM c WHERE n > 0) SELECT count(*) FROM c";
    let store = &harness.store;
    let run = || {
        store.read_bounded((), move |executor, ()| {
            async move { executor.query(Sql::Same(endless), &params![], |row| row.int(0)).await }.boxed()
        })
    };
    let many = futures_util::future::join_all((0..8).map(|_| run()));
    let beside = async {
        for _ in 0..20 {
            store.ping().await.unwrap();
            harness.agent(harness.workspace, &format!("{}@example.com", harness.id()), model::Role::Agent).await;
        }
    };
    let (ended, ()) = tokio::join!(many, beside);
    for outcome in ended {
        assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
    }
    // Whoever goes away stops its search; many more than run at once may go.
    for _ in 0..4 {
        let gone = futures_util::future::join_all((0..8).map(|_| run()));
        assert!(tokio::time::timeout(std::time::Duration::from_millis(20), gone).await.is_err());
    }
    let served = async {
        while store.search(request(harness.workspace, "words")).await.is_err() {
            assert_eq!(harness.kind, Kind::Postgres, "there a statement runs to its own end");
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), served).await.expect("searches are served again");
}
