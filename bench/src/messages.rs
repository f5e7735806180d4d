//! What the senders write: signed callback requests, made before the clock runs.

use crate::error::Result;
use std::{collections::HashSet, ops::Range};
use testkit::{
    graph::{Event, Page, now_millis, signature, wire},
    random::Random,
};

/// The app secret of the measured account.
pub const APP_SECRET: &str = "bench_app_secret";
/// About as long as people write.
const WORDS: &str = "Hello, is the blue lamp from your window still there? I would like two";

/// Where callbacks go.
#[derive(Debug, Clone)]
pub struct Target {
    /// `127.0.0.1:PORT`.
    pub address: String,
    /// `/callbacks/messenger/KEY`.
    pub path: String,
}

/// One request, ready to be written to a connection.
pub struct Request {
    /// Head and body.
    pub bytes: Vec<u8>,
    /// The number in the message's id: what a socket's frame is recognised by.
    pub number: usize,
}

/// Messages that were never sent before: every one has a number of its own.
pub struct Writer {
    target: Target,
    page: String,
    next: usize,
    random: Random,
}

/// The id of a message.
fn message_id(number: usize) -> String {
    format!("m_bench.{number}.")
}

/// The number of the message that a text tells of, if it is one of ours.
pub fn number_in(text: &str) -> Option<usize> {
    let (_, rest) = text.split_once("\"m_bench.")?;
    rest.split_once('.')?.0.parse().ok()
}

/// A person's page-scoped id.
pub fn person(number: usize) -> String {
    format!("7001{number:012}")
}

impl Writer {
    /// Writes to this address.
    pub fn new(target: Target) -> Self {
        Self { target, page: Page::default().id, next: 0, random: Random::seeded(20_261_122) }
    }

    /// Follows the server to another port.
    pub fn aim(&mut self, target: Target) {
        self.target = target;
    }

    /// `count` messages, each from one of these people.
    pub fn write(&mut self, count: usize, people: Range<usize>) -> Vec<Request> {
        (0..count)
            .map(|_| {
                let sender = people.start + self.random.below(people.len());
                let number = self.next;
                self.next += 1;
                self.request(number, sender)
            })
            .collect()
    }

    /// `count` messages of which a share comes a second time, somewhere later, and each of `newcomers` writes
    /// once or more; the others come from both, alike.
    pub fn flood(
        &mut self,
        count: usize,
        people: Range<usize>,
        newcomers: Range<usize>,
        duplicates: f64,
    ) -> Vec<Request> {
        let repeated = (count as f64 * duplicates) as usize;
        let unique = count - repeated;
        let everybody = newcomers.end - people.start;
        let mut senders: Vec<usize> = newcomers.collect();
        senders.truncate(unique);
        while senders.len() < unique {
            senders.push(people.start + self.random.below(everybody));
        }
        self.random.shuffle(&mut senders);
        let mut requests: Vec<Request> = senders
            .into_iter()
            .map(|sender| {
                let number = self.next;
                self.next += 1;
                self.request(number, sender)
            })
            .collect();
        for _ in 0..repeated {
            let from = self.random.below(requests.len());
            let to = from + 1 + self.random.below(requests.len() - from);
            let again = Request { bytes: requests[from].bytes.clone(), number: requests[from].number };
            requests.insert(to, again);
        }
        requests
    }

    fn request(&self, number: usize, sender: usize) -> Request {
        let event = Event::text(&self.page, &person(sender), &message_id(number), WORDS, now_millis());
        let body = wire::body(&[event], now_millis());
        let mut bytes = format!(
            "POST {} HTTP/1.1\r\nhost: {}\r\nuser-agent: facebookexternalua\r\ncontent-type: application/json\r\n\
             x-hub-signature-256: {}\r\ncontent-length: {}\r\n\r\n",
            self.target.path,
            self.target.address,
            signature(APP_SECRET, &body),
            body.len()
        )
        .into_bytes();
        bytes.extend(body);
        Request { bytes, number }
    }
}

/// How many different messages these requests hold.
pub fn unique(requests: &[Request]) -> usize {
    requests.iter().map(|request| request.number).collect::<HashSet<_>>().len()
}

/// Arrival times in seconds, at a mean rate, at random but the same in each run (a Poisson process).
pub fn arrivals(count: usize, rate: f64, seed: u64) -> Vec<f64> {
    let mut random = Random::seeded(seed);
    let mut at = 0.0;
    (0..count)
        .map(|_| {
            let share = (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
            at += -(1.0 - share).ln() / rate;
            at
        })
        .collect()
}

/// The parts of a callback's address.
pub fn target(base: &str, path: &str) -> Result<Target> {
    let address = base.strip_prefix("http://").ok_or("the server printed no address")?;
    Ok(Target { address: address.to_owned(), path: path.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writer() -> Writer {
        Writer::new(Target { address: "127.0.0.1:1".into(), path: "/callbacks/messenger/k".into() })
    }

    #[test]
    fn a_message_is_found_in_what_tells_of_it() {
        let request = &writer().write(3, 0..5)[2];
        assert_eq!(number_in(std::str::from_utf8(&request.bytes).unwrap()), Some(2));
        assert_eq!(number_in(r#"{"external_id":"m_other"}"#), None);
    }

    #[test]
    fn a_flood_repeats_what_it_says_and_repeats_it_later() {
        let requests = writer().flood(1000, 0..10, 10..60, 0.01);
        assert_eq!((requests.len(), unique(&requests)), (1000, 990));
        let text =
            requests.iter().map(|request| String::from_utf8_lossy(&request.bytes).into_owned()).collect::<String>();
        assert!((10..60).all(|newcomer| text.contains(&person(newcomer))));
    }

    #[test]
    fn arrivals_have_the_rate_and_are_the_same_again() {
        let times = arrivals(10_000, 500.0, 7);
        assert!((times[9_999] - 20.0).abs() < 1.0, "{}", times[9_999]);
        assert!(times.is_sorted() && times == arrivals(10_000, 500.0, 7));
    }
}
