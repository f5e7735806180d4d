//! Reading: lists, threads and their entries among a long history, and making one customer of two who wrote much.

use super::{Plan, filled::Filled};
use crate::{error::Result, http::Connection, stats::Latency};
use serde::Serialize;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Requests of each kind.
const REQUESTS: usize = 300;

/// How long one kind of request took.
#[derive(Debug, Serialize)]
pub struct Read {
    /// What is asked for.
    pub what: &'static str,
    /// From the request to its answer.
    pub latency: Latency,
    /// Items of an answer, on the mean.
    pub items: f64,
}

/// Merging the two who wrote most, and taking it back.
#[derive(Debug, Serialize)]
pub struct Merged {
    /// Entries of the two.
    pub entries: i64,
    /// How long the merge took, in milliseconds.
    pub merge_millis: f64,
    /// How long taking it back took.
    pub undo_millis: f64,
    /// Records that the merge added to the log.
    pub records: i64,
    /// Identities that it moved.
    pub identities: usize,
}

/// What was found out about reading.
#[derive(Debug, Serialize)]
pub struct Reading {
    /// Entries there are.
    pub entries: i64,
    /// Threads there are.
    pub threads: usize,
    /// The kinds of requests.
    pub read: Vec<Read>,
    /// Merging.
    pub merged: Merged,
    /// Requests that were refused or gave something else than what is there.
    pub faults: Vec<String>,
}

/// Reads from a filled installation, and merges in it.
pub async fn measure(filled: &mut Filled, plan: &Plan) -> Result<Reading> {
    let requests = plan.pick(REQUESTS, 5);
    let connection = Connection::open(&filled.server.target.address).await?;
    let mut asking = Asking { connection, token: &filled.installation.token, read: Vec::new(), faults: Vec::new() };
    let threads = &filled.history.threads;
    let some: Vec<String> = (0..requests).map(|_| threads[filled.corpus.below(threads.len())].to_string()).collect();
    let [(first, first_thread), (second, second_thread)] = filled.history.talkative[..] else {
        return Err("the history has too few customers".into());
    };

    asking.each("newest threads", (0..requests).map(|_| "/api/v1/threads".to_owned())).await?;
    asking.page_after_page("threads, page after page", "/api/v1/threads", requests).await?;
    asking.page_after_page("open episodes, page after page", "/api/v1/episodes?state=open", requests).await?;
    asking.page_after_page("customers, page after page", "/api/v1/customers", requests).await?;
    asking.each("a thread", some.iter().map(|id| format!("/api/v1/threads/{id}"))).await?;
    asking.each("a thread's newest entries", some.iter().map(|id| format!("/api/v1/threads/{id}/entries"))).await?;
    asking.each("a thread's episodes", some.iter().map(|id| format!("/api/v1/threads/{id}/episodes"))).await?;
    let long = format!("/api/v1/threads/{first_thread}/entries");
    asking.page_after_page("a very long thread, page after page", &long, requests).await?;

    let entries_of = |thread: i64| filled.reader.entries_of(thread);
    let of_two = entries_of(first_thread.0).await? + entries_of(second_thread.0).await?;
    let before = filled.reader.log_end().await?;
    let started = Instant::now();
    let merge =
        asking.post(&format!("/api/v1/customers/{first}/merge"), &json!({"customer_id": second.to_string()})).await?;
    let merging = started.elapsed();
    let records = filled.reader.log_end().await? - before;
    asking.page_after_page("two merged very long threads, page after page", &long, requests).await?;
    let started = Instant::now();
    asking.post(&format!("/api/v1/merges/{}/undo", merge["id"].as_str().unwrap_or_default()), &json!({})).await?;
    let undoing = started.elapsed();
    let millis = |time: Duration| time.as_secs_f64() * 1000.0;
    let merged = Merged {
        entries: of_two,
        merge_millis: millis(merging),
        undo_millis: millis(undoing),
        records,
        identities: merge["identities"].as_array().map_or(0, Vec::len),
    };
    let entries = filled.reader.stored().await?.entries;
    let Asking { read, faults, .. } = asking;
    Ok(Reading { entries, threads: threads.len(), read, merged, faults })
}

struct Asking<'t> {
    connection: Connection,
    token: &'t str,
    read: Vec<Read>,
    faults: Vec<String>,
}

impl Asking<'_> {
    async fn get(&mut self, path: &str) -> Result<(u16, Value)> {
        let request = format!("GET {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {}\r\n\r\n", self.token);
        let answer = self.connection.exchange(request.as_bytes()).await?;
        Ok((answer.status, serde_json::from_slice(&answer.body)?))
    }

    async fn post(&mut self, path: &str, body: &Value) -> Result<Value> {
        let body = body.to_string();
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {}\r\nidempotency-key: {path}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            self.token,
            body.len()
        );
        let answer = self.connection.exchange(request.as_bytes()).await?;
        if !(200..300).contains(&answer.status) {
            self.faults.push(format!("{path}: {}: {}", answer.status, String::from_utf8_lossy(&answer.body)));
            return Ok(Value::Null);
        }
        Ok(serde_json::from_slice(&answer.body)?)
    }

    fn keep(&mut self, what: &'static str, times: Vec<Duration>, items: usize) {
        let items = items as f64 / times.len().max(1) as f64;
        self.read.push(Read { what, latency: Latency::of(times), items });
    }

    fn judge(&mut self, what: &str, status: u16, body: &Value) -> usize {
        if status != 200 {
            self.faults.push(format!("{what}: {status}: {body}"));
        }
        body["items"].as_array().map_or(1, Vec::len)
    }

    async fn each(&mut self, what: &'static str, paths: impl Iterator<Item = String>) -> Result<()> {
        let (mut times, mut items) = (Vec::new(), 0);
        for path in paths {
            let started = Instant::now();
            let (status, body) = self.get(&path).await?;
            times.push(started.elapsed());
            items += self.judge(what, status, &body);
        }
        self.keep(what, times, items);
        Ok(())
    }

    /// From the first page on, each by the cursor of the one before, from the start again at the end.
    async fn page_after_page(&mut self, what: &'static str, path: &str, pages: usize) -> Result<()> {
        let (mut times, mut items, mut next) = (Vec::new(), 0, path.to_owned());
        for _ in 0..pages {
            let started = Instant::now();
            let (status, body) = self.get(&next).await?;
            times.push(started.elapsed());
            items += self.judge(what, status, &body);
            let joined = if path.contains('?') { '&' } else { '?' };
            next = body["next_cursor"]
                .as_str()
                .map_or_else(|| path.to_owned(), |cursor| format!("{path}{joined}cursor={cursor}"));
        }
        self.keep(what, times, items);
        Ok(())
    }
}
