//! Sending: on a schedule whatever the server does (open loop), or as fast as it answers (closed loop).

use crate::{
    error::Result,
    http::Connection,
    messages::{Request, Target},
};
use std::{cell::Cell, collections::HashSet, rc::Rc, time::Duration};
use tokio::{task::spawn_local, time::Instant};

/// What became of a round's requests.
pub struct Sent {
    /// When the schedule began; requests were due from here on.
    pub begun: Instant,
    /// From when a request was due until its 200, in the order of the answers.
    pub accepted: Vec<Duration>,
    /// How late requests left because all connections were busy, or this program was.
    pub late: Vec<Duration>,
    /// Numbers of the messages that were answered with 200.
    pub numbers: HashSet<usize>,
    /// Answers other than 200, and connections that broke.
    pub refused: usize,
    /// The first such answer.
    pub first_refusal: Option<String>,
    /// From the begin to the last answer.
    pub took: Duration,
}

impl Sent {
    fn new(begun: Instant) -> Self {
        Self {
            begun,
            accepted: Vec::new(),
            late: Vec::new(),
            numbers: HashSet::new(),
            refused: 0,
            first_refusal: None,
            took: Duration::ZERO,
        }
    }

    fn add(&mut self, other: Self) {
        self.accepted.extend(other.accepted);
        self.late.extend(other.late);
        self.numbers.extend(other.numbers);
        self.refused += other.refused;
        self.first_refusal = self.first_refusal.take().or(other.first_refusal);
        self.took = self.took.max(other.took);
    }

    /// Answers of 200 a second, over the whole round.
    pub fn rate(&self) -> f64 {
        self.accepted.len() as f64 / self.took.as_secs_f64().max(0.001)
    }
}

/// Sends over `connections` kept connections. With `due` (seconds from the begin, one for each request) a request leaves
/// when it is due or as soon as a connection is free; without, each connection sends as soon as it was answered.
pub async fn send(target: &Target, requests: Vec<Request>, due: Option<Vec<f64>>, connections: usize) -> Result<Sent> {
    let mut opened = Vec::with_capacity(connections);
    for _ in 0..connections {
        opened.push(Connection::open(&target.address).await?);
    }
    let begun = Instant::now() + Duration::from_millis(if due.is_some() { 20 } else { 0 });
    let due = due.map(|seconds| seconds.into_iter().map(|at| begun + Duration::from_secs_f64(at)).collect::<Vec<_>>());
    let (requests, due, next) = (Rc::new(requests), Rc::new(due), Rc::new(Cell::new(0)));
    let tasks: Vec<_> = opened
        .into_iter()
        .map(|connection| {
            let (requests, due, next) = (Rc::clone(&requests), Rc::clone(&due), Rc::clone(&next));
            let address = target.address.clone();
            spawn_local(async move { work(connection, &address, &requests, due.as_deref(), &next, begun).await })
        })
        .collect();
    let mut all = Sent::new(begun);
    for task in tasks {
        all.add(task.await?);
    }
    Ok(all)
}

async fn work(
    mut connection: Connection,
    address: &str,
    requests: &[Request],
    due: Option<&[Instant]>,
    next: &Cell<usize>,
    begun: Instant,
) -> Sent {
    let mut sent = Sent::new(begun);
    loop {
        let place = next.get();
        let Some(request) = requests.get(place) else { return sent };
        next.set(place + 1);
        let scheduled = match due {
            Some(due) => {
                tokio::time::sleep_until(due[place]).await;
                let late = due[place].elapsed();
                sent.late.push(late);
                due[place]
            }
            None => Instant::now(),
        };
        match connection.exchange(&request.bytes).await {
            Ok(answer) if answer.status == 200 => {
                sent.accepted.push(scheduled.elapsed());
                sent.numbers.insert(request.number);
            }
            Ok(answer) => {
                sent.refused += 1;
                sent.first_refusal.get_or_insert(format!("status {}", answer.status));
            }
            Err(error) => {
                sent.refused += 1;
                sent.first_refusal.get_or_insert(error.to_string());
                match Connection::open(address).await {
                    Ok(again) => connection = again,
                    Err(_) => return sent,
                }
            }
        }
        sent.took = begun.elapsed();
    }
}
