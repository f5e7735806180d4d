//! Meta's way of delivering callbacks: signed, in batches, again and again until 200; and the ways in which that goes
//! wrong in real life (twice, in other batches, in another order).

use super::{sign::signature, wire, wire::Event};
use crate::random::Random;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Unix milliseconds, by the provider's clock.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the provider has a clock of its own; `GraphStandIn::advance` moves it")]
pub fn now_millis() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}

/// How long and how often a body is tried. Meta goes on for an hour; a test has less time.
#[derive(Debug, Clone, Copy)]
pub struct Persistence {
    /// Tries in all.
    pub tries: u32,
    /// The wait after the first failure; it doubles.
    pub first_wait: Duration,
    /// The longest wait.
    pub longest_wait: Duration,
}

impl Default for Persistence {
    fn default() -> Self {
        Self { tries: 60, first_wait: Duration::from_millis(20), longest_wait: Duration::from_millis(500) }
    }
}

/// A body that was never answered with 200.
#[derive(Debug)]
pub struct Undelivered {
    /// Tries made.
    pub tries: u32,
    /// The last answer, or the last error in words.
    pub last: String,
}

impl std::fmt::Display for Undelivered {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "not taken after {} tries, last: {}", self.tries, self.last)
    }
}
impl std::error::Error for Undelivered {}

/// Posts signed callback bodies to one address, which may change while it works (a restarted server).
#[derive(Clone)]
pub struct CallbackSender {
    target: Arc<Mutex<(String, String)>>,
    persistence: Persistence,
    client: reqwest::Client,
}

impl CallbackSender {
    /// A sender to this address, signing with this app secret.
    ///
    /// # Panics
    /// When the HTTP client cannot be set up.
    #[must_use]
    pub fn new(url: &str, app_secret: &str) -> Self {
        crate::install_tls();
        let client = reqwest::Client::builder()
            // Meta waits 5 s for the answer.
            .timeout(Duration::from_secs(5))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .expect("a plain client can always be built");
        let target = Arc::new(Mutex::new((url.to_owned(), app_secret.to_owned())));
        Self { target, persistence: Persistence::default(), client }
    }

    /// Another patience.
    #[must_use]
    pub fn with_persistence(mut self, persistence: Persistence) -> Self {
        self.persistence = persistence;
        self
    }

    /// Goes on to another address, also with what is being tried right now.
    pub fn aim(&self, url: &str, app_secret: &str) {
        *self.target.lock().unwrap_or_else(PoisonError::into_inner) = (url.to_owned(), app_secret.to_owned());
    }

    /// Posts a body once and gives the status.
    ///
    /// # Errors
    /// When there was no answer.
    pub async fn post_once(&self, body: Vec<u8>) -> Result<u16, reqwest::Error> {
        let (url, secret) = self.target.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let request = self
            .client
            .post(url)
            .header("content-type", "application/json")
            .header("user-agent", "facebookexternalua")
            .header("x-hub-signature-256", signature(&secret, &body))
            .body(body);
        Ok(request.send().await?.status().as_u16())
    }

    /// Posts a body until it is answered with 200, and gives the number of tries.
    ///
    /// # Errors
    /// [`Undelivered`] when the patience is at its end.
    pub async fn deliver_body(&self, body: Vec<u8>) -> Result<u32, Undelivered> {
        let mut wait = self.persistence.first_wait;
        let mut last = String::new();
        for tries in 1..=self.persistence.tries {
            match self.post_once(body.clone()).await {
                Ok(200) => return Ok(tries),
                Ok(status) => last = format!("status {status}"),
                Err(error) => last = error.to_string(),
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(self.persistence.longest_wait);
        }
        Err(Undelivered { tries: self.persistence.tries, last })
    }

    /// Posts these events as one body until it is taken.
    ///
    /// # Errors
    /// As [`CallbackSender::deliver_body`].
    pub async fn deliver(&self, events: &[Event]) -> Result<u32, Undelivered> {
        self.deliver_body(wire::body(events, now_millis())).await
    }

    /// Asks for the verification of the callback address as Meta does when it is set up; gives status and body.
    ///
    /// # Errors
    /// When there was no answer.
    pub async fn handshake(&self, verify_token: &str, challenge: &str) -> Result<(u16, String), reqwest::Error> {
        let (url, _) = self.target.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let encoded = |text: &str| -> String {
            text.bytes()
                .map(
                    |byte| {
                        if byte.is_ascii_alphanumeric() { (byte as char).to_string() } else { format!("%{byte:02X}") }
                    },
                )
                .collect()
        };
        let query = format!(
            "hub.mode=subscribe&hub.challenge={}&hub.verify_token={}",
            encoded(challenge),
            encoded(verify_token)
        );
        let answer = self.client.get(format!("{url}?{query}")).send().await?;
        let status = answer.status().as_u16();
        Ok((status, answer.text().await?))
    }
}

/// How events become bodies.
#[derive(Debug, Clone, Copy)]
pub struct Mixing {
    /// The most events of one body; sizes vary from 1 to this.
    pub largest_batch: usize,
    /// The share of events that come a second time, somewhere later, in another batch.
    pub duplicates: f64,
    /// Whether the order is lost.
    pub shuffled: bool,
    /// The same seed gives the same bodies.
    pub seed: u64,
}

/// Puts events into batches.
#[must_use]
pub fn batches(events: &[Event], mixing: Mixing) -> Vec<Vec<Event>> {
    let mut random = Random::seeded(mixing.seed);
    let mut queue: Vec<Event> = Vec::with_capacity(events.len());
    let mut again = Vec::new();
    for event in events {
        queue.push(event.clone());
        if random.chance(mixing.duplicates) {
            again.push(event.clone());
        }
    }
    for event in again {
        let place = queue.iter().position(|known| *known == event).unwrap_or(0) + 1;
        queue.insert(place + random.below(queue.len() - place + 1), event);
    }
    if mixing.shuffled {
        random.shuffle(&mut queue);
    }
    let mut batches = Vec::new();
    while !queue.is_empty() {
        let size = (1 + random.below(mixing.largest_batch.max(1))).min(queue.len());
        batches.push(queue.drain(..size).collect());
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mixing_loses_nothing_and_repeats_what_it_says() {
        let events: Vec<Event> =
            (0..200).map(|number| Event::text("1", "2", &format!("m_{number}"), "t", number)).collect();
        let mixing = Mixing { largest_batch: 7, duplicates: 0.2, shuffled: true, seed: 5 };
        let bodies = batches(&events, mixing);
        assert!(bodies.iter().all(|batch| (1..=7).contains(&batch.len())));
        let all: Vec<&Event> = bodies.iter().flatten().collect();
        assert!(all.len() > 210, "some came twice");
        assert!(events.iter().all(|event| all.contains(&event)));
        assert_eq!(bodies, batches(&events, mixing), "the seed decides");
        let plain = batches(&events, Mixing { largest_batch: 1, duplicates: 0.0, shuffled: false, seed: 5 });
        assert_eq!(plain.into_iter().flatten().collect::<Vec<_>>(), events);
    }
}
