//! An integrator's side of webhooks for tests: a socket that takes calls, keeps them, and answers as it is told.
//!
//! Signatures are checked from the text of the specification of Standard Webhooks, without code of the product.
//!
//! ```no_run
//! # async fn example() {
//! use testkit::receiver::{Receiver, Reply};
//! let mut receiver = Receiver::start().await;
//! receiver.reply(Reply::status(503).header("retry-after", "3"));
//! let call = receiver.next().await;
//! assert!(call.is_signed_with("whsec_…"));
//! # }
//! ```

use aws_lc_rs::hmac;
use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
    response::Response,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::{net::TcpListener, sync::mpsc, task::JoinHandle};

/// The longest that the waiting functions wait before they fail the test.
const PATIENCE: Duration = Duration::from_secs(90);

/// What is answered to one call.
#[derive(Debug, Clone)]
pub struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
    silent: bool,
}

/// A call that came.
#[derive(Debug, Clone)]
pub struct Received {
    /// The method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub body: Bytes,
    /// When it had come whole.
    pub at: Instant,
}

/// A running receiver; it ends with the value.
pub struct Receiver {
    host: String,
    shared: Arc<Shared>,
    calls: mpsc::UnboundedReceiver<Received>,
    serving: JoinHandle<()>,
}

struct Shared {
    replies: Mutex<VecDeque<Reply>>,
    otherwise: Mutex<Reply>,
    calls: mpsc::UnboundedSender<Received>,
}

impl Reply {
    /// An empty answer.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: String::new(), silent: false }
    }

    /// Takes the call and never answers.
    #[must_use]
    pub fn silence() -> Self {
        Self { silent: true, ..Self::status(200) }
    }

    /// With a header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With a body.
    #[must_use]
    pub fn body(mut self, body: impl Into<String>) -> Self {
        self.body = body.into();
        self
    }
}

impl Receiver {
    /// Starts on a free loopback port; answers 200 unless told.
    ///
    /// # Panics
    /// When no port can be opened.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port is free");
        let host = listener.local_addr().expect("a bound socket has an address").to_string();
        let (sender, calls) = mpsc::unbounded_channel();
        let otherwise = Mutex::new(Reply::status(200));
        let shared = Arc::new(Shared { replies: Mutex::default(), otherwise, calls: sender });
        let app = Router::new().fallback(take).with_state(shared.clone());
        let serving = tokio::spawn(async move {
            // Ends only with the task.
            let _ = axum::serve(listener, app).await;
        });
        Self { host, shared, calls, serving }
    }

    /// `127.0.0.1:PORT`.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The address to give as a webhook's.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/hooks?from=onethread", self.host)
    }

    /// Answers the next call that has no answer planned yet.
    pub fn reply(&self, reply: Reply) -> &Self {
        lock(&self.shared.replies).push_back(reply);
        self
    }

    /// Answers every call for which nothing is planned.
    pub fn otherwise(&self, reply: Reply) -> &Self {
        *lock(&self.shared.otherwise) = reply;
        self
    }

    /// Waits for the next call.
    ///
    /// # Panics
    /// When none comes in time.
    pub async fn next(&mut self) -> Received {
        let next = tokio::time::timeout(PATIENCE, self.calls.recv()).await;
        next.expect("a call comes in time").expect("the receiver runs")
    }

    /// Waits for that many calls.
    ///
    /// # Panics
    /// When they do not come in time.
    pub async fn take(&mut self, count: usize) -> Vec<Received> {
        let mut calls = Vec::with_capacity(count);
        while calls.len() < count {
            calls.push(self.next().await);
        }
        calls
    }

    /// What came and was not asked for yet.
    pub fn drain(&mut self) -> Vec<Received> {
        std::iter::from_fn(|| self.calls.try_recv().ok()).collect()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // A test that failed while it held the lock has failed already.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn take(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let planned = lock(&shared.replies).pop_front();
    let reply = planned.unwrap_or_else(|| lock(&shared.otherwise).clone());
    let received = Received { method: method.to_string(), path: uri.to_string(), headers, body, at: Instant::now() };
    // The test may want to see no more.
    let _ = shared.calls.send(received);
    if reply.silent {
        std::future::pending::<()>().await;
    }
    let status = StatusCode::from_u16(reply.status).expect("a test names a status that there is");
    let answer = reply
        .headers
        .iter()
        .fold(Response::builder().status(status), |answer, (name, value)| answer.header(*name, value));
    answer.body(Body::from(reply.body)).expect("a test names headers that there are")
}

impl Received {
    /// A header's text; empty when it is not there.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body.
    ///
    /// # Panics
    /// When it is no JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("an event is JSON")
    }

    /// The event's type.
    #[must_use]
    pub fn kind(&self) -> String {
        self.json()["type"].as_str().unwrap_or_default().to_owned()
    }

    /// The event's id, as the header names it.
    #[must_use]
    pub fn id(&self) -> &str {
        self.header("webhook-id")
    }

    /// Whether one of its signatures was made with this secret. From the specification, "Verifying webhook authenticity":
    /// `msg_id.timestamp.payload`, HMAC-SHA256, base64, in a list with spaces between, each with its version in front.
    ///
    /// # Panics
    /// When the secret has not the form of one.
    #[must_use]
    pub fn is_signed_with(&self, secret: &str) -> bool {
        let key = secret.strip_prefix("whsec_").expect("a secret begins with whsec_");
        let key = hmac::Key::new(hmac::HMAC_SHA256, &STANDARD.decode(key).expect("a secret is base64"));
        let mut signed = format!("{}.{}.", self.id(), self.header("webhook-timestamp")).into_bytes();
        signed.extend_from_slice(&self.body);
        self.header("webhook-signature").split(' ').any(|signature| {
            let given = signature.strip_prefix("v1,").and_then(|text| STANDARD.decode(text).ok());
            given.is_some_and(|given| hmac::verify(&key, &signed, &given).is_ok())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_of_the_specifications_own_library_is_accepted() {
        // Made by `new Webhook(secret).sign(…)` of the npm package standardwebhooks 1.1.1.
        let mut headers = HeaderMap::new();
        headers.insert("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek".parse().unwrap());
        headers.insert("webhook-timestamp", "1614265330".parse().unwrap());
        headers.insert("webhook-signature", "v1,AAAA v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=".parse().unwrap());
        let body = Bytes::from_static(br#"{"test": 2432232314}"#);
        let call = Received { method: "POST".into(), path: "/".into(), headers, body, at: Instant::now() };
        assert!(call.is_signed_with("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
        assert!(!call.is_signed_with("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx"));
        let other = Received { body: Bytes::from_static(b"{}"), ..call };
        assert!(!other.is_signed_with("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
    }
}
