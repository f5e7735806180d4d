//! Search: how fast the index follows a long log, and how long words of each frequency take to be found among it.

use super::{Plan, filled::Filled};
use crate::{
    corpus::{Corpus, RARE, RARE_WORD},
    error::Result,
    http::Connection,
    installation::Server,
    stats::Latency,
};
use serde::Serialize;
use serde_json::Value;
use std::time::Instant;

/// Searches of each kind.
const SEARCHES: usize = 200;
/// Hits asked for, as the desk does.
const LIMIT: usize = 20;

/// How long one kind of search took.
#[derive(Debug, Serialize)]
pub struct Searched {
    /// What is looked for.
    pub what: &'static str,
    /// From the request to its answer.
    pub latency: Latency,
    /// Hits of a search, on the mean.
    pub hits: f64,
}

/// What was found out about search.
#[derive(Debug, Serialize)]
pub struct Search {
    /// Messages and customers in the index.
    pub documents: usize,
    /// How fast they got there.
    pub indexed_per_second: f64,
    /// Bytes of the whole database before the index and with it.
    pub bytes: [u64; 2],
    /// The kinds of searches.
    pub searched: Vec<Searched>,
    /// The same mix of words, eight at once.
    pub eight_at_once: Latency,
    /// Searches that were refused or found something else than what is there.
    pub faults: Vec<String>,
}

/// Searches a filled installation.
pub async fn measure(filled: &mut Filled, plan: &Plan) -> Result<Search> {
    let (server, token) = (&filled.server, &filled.installation.token);
    let corpus = &mut filled.corpus;
    let mut asking = Asking { connection: Connection::open(&server.target.address).await?, token };
    let mut round = Search {
        documents: filled.documents,
        indexed_per_second: filled.documents as f64 / filled.indexing.as_secs_f64(),
        bytes: filled.bytes,
        searched: Vec::new(),
        eight_at_once: Latency::default(),
        faults: Vec::new(),
    };
    let searches = plan.pick(SEARCHES, 5);
    // The caches of both are what they are in use.
    for _ in 0..searches {
        asking.search(&corpus.word(), "").await??;
    }
    for kind in kinds() {
        let (mut times, mut hits) = (Vec::new(), 0);
        for number in 0..searches {
            let words = (kind.words)(corpus, number);
            let started = Instant::now();
            let answer = asking.search(&words, kind.more).await?;
            times.push(started.elapsed());
            match answer {
                Ok(found) => {
                    hits += found;
                    let expected = kind.expected.map(|expected| if plan.is_smoke() { found } else { expected });
                    if expected.is_some_and(|expected| expected != found) {
                        round.faults.push(format!("{}: {found} hits", kind.what));
                    }
                }
                Err(refusal) => round.faults.push(format!("{}: {refusal}", kind.what)),
            }
        }
        let hits = hits as f64 / searches as f64;
        round.searched.push(Searched { what: kind.what, latency: Latency::of(times), hits });
    }
    round.eight_at_once = eight_at_once(server, token, corpus, searches).await?;
    Ok(round)
}

/// One kind of search.
struct Kind {
    what: &'static str,
    words: fn(&mut Corpus, usize) -> String,
    more: &'static str,
    expected: Option<usize>,
}

fn kinds() -> Vec<Kind> {
    let kind = |what, words, expected| Kind { what, words, more: "", expected };
    vec![
        kind("words as people write them", |corpus, _| corpus.word(), None),
        kind("a rare word", |_, _| RARE_WORD.into(), Some(RARE)),
        kind("an absent word", |_, number| format!("qxqx{number}"), Some(0)),
        kind("the most common words", |corpus, number| format!("{} ", corpus.word_of_rank(number % 20)), Some(LIMIT)),
        kind(
            "two common words",
            |corpus, number| {
                format!("{} {}", corpus.word_of_rank(number % 20), corpus.word_of_rank((number * 7 + 3) % 20))
            },
            None,
        ),
        kind(
            "a common and a rare word",
            |corpus, number| format!("{} {RARE_WORD}", corpus.word_of_rank(number % 20)),
            None,
        ),
        kind(
            "three words of any frequency",
            |corpus, _| format!("{} {} {}", corpus.word(), corpus.word(), corpus.word()),
            None,
        ),
        kind(
            "two common words in a row",
            |corpus, number| {
                format!("\"{} {}\"", corpus.word_of_rank(number % 20), corpus.word_of_rank((number * 7 + 3) % 20))
            },
            None,
        ),
        kind("a beginning of two letters", |corpus, _| corpus.word().chars().take(2).collect(), None),
        kind("a beginning of four letters", |corpus, _| corpus.word().chars().take(4).collect(), None),
        kind(
            "a rare word and a beginning of two letters",
            |corpus, _| format!("{RARE_WORD} {}", corpus.word().chars().take(2).collect::<String>()),
            None,
        ),
        kind("one Han character", |corpus, _| corpus.han(1), None),
        kind("two Han characters", |corpus, _| corpus.han(2), None),
        kind("four Han characters", |corpus, _| corpus.han(4), None),
        kind("the end of a number", |corpus, _| format!("{}", 10_000 + corpus.below(900_000)), None),
        Kind { what: "people by name", words: |corpus, _| corpus.word(), more: "&kind=customers", expected: None },
        Kind {
            what: "an absent name",
            words: |_, number| format!("qxqx{number}"),
            more: "&kind=customers",
            expected: Some(0),
        },
    ]
}

struct Asking<'t> {
    connection: Connection,
    token: &'t str,
}

impl Asking<'_> {
    /// The number of hits, or why there are none.
    async fn search(&mut self, words: &str, more: &str) -> Result<std::result::Result<usize, String>> {
        let words: String = words.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let request = format!(
            "GET /api/v1/search?q={words}&limit={LIMIT}{more} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {}\r\n\r\n",
            self.token
        );
        let answer = self.connection.exchange(request.as_bytes()).await?;
        if answer.status != 200 {
            return Ok(Err(format!("{}: {}", answer.status, String::from_utf8_lossy(&answer.body))));
        }
        let page: Value = serde_json::from_slice(&answer.body)?;
        Ok(Ok(page["items"].as_array().map_or(0, Vec::len)))
    }
}

/// What somebody waits for while seven others search.
async fn eight_at_once(server: &Server, token: &str, corpus: &mut Corpus, searches: usize) -> Result<Latency> {
    let mut tasks = Vec::new();
    for _ in 0..8 {
        let words: Vec<String> = (0..searches).map(|_| corpus.word()).collect();
        let connection = Connection::open(&server.target.address).await?;
        let mut asking = Asking { connection, token };
        tasks.push(async move {
            let mut times = Vec::new();
            for words in words {
                let started = Instant::now();
                asking.search(&words, "").await??;
                times.push(started.elapsed());
            }
            Result::Ok(times)
        });
    }
    let times = futures_util::future::try_join_all(tasks).await?;
    Ok(Latency::of(times.into_iter().flatten()))
}
