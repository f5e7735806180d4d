//! Taking connections: how long a peer may take over the head of a request, how many connections it may hold, and how
//! they end at a stop.
//!
//! Only HTTP/1.1, which is what reverse proxies speak to what is behind them; a browser's socket begins as one.

use axum::{Router, extract::Request, response::Response};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use std::{
    collections::HashMap,
    convert::Infallible,
    io::ErrorKind,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::Service as _;

/// The pause after the system gave no connection (out of file descriptors): others end meanwhile.
const PAUSE: Duration = Duration::from_secs(1);

/// What a peer may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// From the first moment of a connection, or the end of its last answer, to the end of a request's head. An idle
    /// connection ends with it too.
    pub head: Duration,
    /// Connections that one network (an IPv4 address, an IPv6 /64) may hold at the same time; this machine itself any
    /// number. Sockets that were opened over one do not count: they have a credential. `None`: no limit, since all come
    /// through a proxy.
    pub most_per_network: Option<usize>,
}

/// Connections by network.
#[derive(Clone, Default)]
struct Held(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// One of them; gives its place back when it ends.
struct Place {
    held: Held,
    network: IpAddr,
}

impl Held {
    /// A place, unless the network holds all of its own.
    fn take(&self, network: IpAddr, most: usize) -> Option<Place> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = held.entry(network).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Place { held: self.clone(), network })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.held.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = held.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                held.remove(&self.network);
            }
        }
    }
}

/// Answers requests until the stop, and then those that have begun, for at most `patience`. False when some did not end.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: Limits,
    stop: &CancellationToken,
    patience: Duration,
) -> bool {
    let mut make = router.into_make_service_with_connect_info::<SocketAddr>();
    let (tracker, held) = (TaskTracker::new(), Held::default());
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((connection, peer)) => {
                let network = api::network(peer.ip());
                let place = match limits.most_per_network {
                    Some(most) if !network.is_loopback() => match held.take(network, most) {
                        Some(place) => Some(place),
                        None => {
                            tracing::debug!("a network holds all of its connections; another one is closed");
                            continue;
                        }
                    },
                    _ => None,
                };
                let Ok(service) = make.call(peer).await;
                tracker.spawn(answer(connection, service, limits.head, stop.clone(), place));
            }
            // The other end went away before we came to it.
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::ConnectionRefused
                ) => {}
            Err(error) => {
                tracing::error!(%error, "no connection can be taken; trying again");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    drop(listener);
    tracker.close();
    tokio::time::timeout(patience, tracker.wait()).await.is_ok()
}

/// Answers the requests of one connection, one after the other, until it ends.
async fn answer<S>(connection: TcpStream, service: S, head: Duration, stop: CancellationToken, _place: Option<Place>)
where
    S: tower::Service<Request<Incoming>, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    // A frame of the socket is small and must not wait for the next one.
    if let Err(error) = connection.set_nodelay(true) {
        tracing::debug!(%error, "a connection keeps its delay");
    }
    // Not hyper-util's builder of all protocols: it waits without a limit for the bytes that tell which one it is.
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(head);
    let serving = builder.serve_connection(TokioIo::new(connection), TowerToHyperService::new(service)).with_upgrades();
    let mut serving = std::pin::pin!(serving);
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = stop.cancelled() => {
            // What has begun is answered; what is idle ends at once.
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    const PATIENCE: Duration = Duration::from_secs(20);

    async fn start(head: Duration) -> (SocketAddr, CancellationToken, tokio::task::JoinHandle<bool>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
        let (router, told) = (Router::new().route("/", get(|| async { "here" })), stop.clone());
        let limits = Limits { head, most_per_network: None };
        let served = tokio::spawn(async move { serve(listener, router, limits, &told, PATIENCE).await });
        (address, stop, served)
    }

    /// What comes until the connection ends.
    async fn rest(connection: &mut TcpStream) -> String {
        let mut text = String::new();
        let read = tokio::time::timeout(PATIENCE, connection.read_to_string(&mut text)).await;
        // Closed without an answer may look like an error: all the same.
        let _ = read.expect("the connection ends");
        text
    }

    #[tokio::test]
    async fn half_a_head_is_not_waited_for() {
        let (address, _stop, _served) = start(Duration::from_millis(50)).await;
        for half in ["", "P", "GET / HTTP/1.1\r\nhost: x\r\n"] {
            let mut connection = TcpStream::connect(address).await.unwrap();
            connection.write_all(half.as_bytes()).await.unwrap();
            assert!(!rest(&mut connection).await.contains("here"), "{half:?}");
        }
    }

    #[tokio::test]
    async fn a_connection_answers_many_requests_and_a_stop_ends_it() {
        let (address, stop, served) = start(PATIENCE).await;
        let mut connection = TcpStream::connect(address).await.unwrap();
        for _ in 0..3 {
            connection.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
            let (mut text, mut part) = (String::new(), [0; 512]);
            while !text.ends_with("here") {
                let count = connection.read(&mut part).await.unwrap();
                assert_ne!(count, 0, "it stays open: {text}");
                text.push_str(std::str::from_utf8(&part[..count]).unwrap());
            }
        }
        stop.cancel();
        assert_eq!(rest(&mut connection).await, "");
        assert!(served.await.unwrap(), "nothing was left under way");
    }

    #[test]
    fn a_network_holds_so_many_and_another_its_own() {
        let (held, one, other) = (Held::default(), "203.0.113.7".parse().unwrap(), "203.0.113.8".parse().unwrap());
        let first = held.take(one, 2);
        let _second = held.take(one, 2).unwrap();
        assert!(held.take(one, 2).is_none());
        assert!(held.take(other, 2).is_some());
        drop(first);
        assert!(held.take(one, 2).is_some(), "a place that was given back");
        assert_eq!(held.0.lock().unwrap().len(), 1, "nobody is remembered for nothing");
    }
}
