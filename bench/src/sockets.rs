//! Agents' live sockets: when each message's bytes were there.

use crate::error::Result;
use crate::messages::number_in;
use futures_util::StreamExt;
use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
    time::Duration,
};
use tokio::{task::JoinHandle, time::Instant};
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest};

/// One socket's view: the message's number, and when it came.
type Seen = Rc<RefCell<HashMap<usize, Instant>>>;

/// Open sockets. They must be opened and read within one `LocalSet`.
pub struct Agents {
    seen: Vec<Seen>,
    doubled: Rc<Cell<usize>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Agents {
    /// Opens `count` sockets, each with the token in its header.
    pub async fn open(address: &str, token: &str, count: usize) -> Result<Self> {
        let mut agents = Self { seen: Vec::new(), doubled: Rc::default(), tasks: Vec::new() };
        for _ in 0..count {
            let mut request = format!("ws://{address}/api/v1/live").into_client_request()?;
            request.headers_mut().insert("authorization", format!("Bearer {token}").parse()?);
            let stream = tokio::net::TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await?;
            let seen = Seen::default();
            agents.seen.push(Rc::clone(&seen));
            let doubled = Rc::clone(&agents.doubled);
            agents.tasks.push(tokio::task::spawn_local(async move {
                while let Some(Ok(message)) = socket.next().await {
                    let now = Instant::now();
                    let Message::Text(text) = message else { continue };
                    if let Some(number) = number_in(&text)
                        && seen.borrow_mut().insert(number, now).is_some()
                    {
                        doubled.set(doubled.get() + 1);
                    }
                }
            }));
        }
        Ok(agents)
    }

    /// Waits until each socket has seen this many messages; false when they did not come in time.
    pub async fn wait(&self, messages: usize, patience: Duration) -> bool {
        let end = Instant::now() + patience;
        while self.seen.iter().any(|seen| seen.borrow().len() < messages) {
            if Instant::now() > end {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        true
    }

    /// For each message and socket, the message's number and the moment.
    pub fn arrivals(&self) -> Vec<(usize, Instant)> {
        self.seen
            .iter()
            .flat_map(|seen| seen.borrow().iter().map(|(number, at)| (*number, *at)).collect::<Vec<_>>())
            .collect()
    }

    /// Messages that a socket saw twice.
    pub fn doubled(&self) -> usize {
        self.doubled.get()
    }

    /// How many sockets.
    pub fn count(&self) -> usize {
        self.seen.len()
    }

    /// The fewest messages that a socket has seen.
    pub fn fewest(&self) -> usize {
        self.seen.iter().map(|seen| seen.borrow().len()).min().unwrap_or(0)
    }
}

impl Drop for Agents {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}
