//! Meta's side of Messenger for tests: the Graph API that takes messages, and the callbacks that it sends.
//!
//! Its wire types, its rules and its signature are written from Meta's documentation and share no code with the
//! adapter: what both get wrong in the same way would otherwise look right.
//!
//! ```no_run
//! # async fn example() {
//! use testkit::graph::{Fault, GraphStandIn};
//! let meta = GraphStandIn::start().await;
//! meta.callbacks_to("http://127.0.0.1:8080/callbacks/messenger/KEY", "app secret").echoes(true);
//! meta.fault(Fault::LoseAnswer { share: 0.1 });
//! // settings.api_base = meta.base(), settings.page_id = meta.page_id(), secrets.page_access_token = meta.token()
//! meta.customer_writes("7001002003004005", "hello").await;
//! let sent = meta.wait_accepted(1).await;
//! # }
//! ```

mod beside;
mod callbacks;
mod faults;
mod listener;
mod media;
mod routes;
mod rules;
mod shapes;
mod sign;
pub mod wire;

pub use callbacks::{CallbackSender, Mixing, Persistence, Undelivered, batches, now_millis};
pub use faults::Fault;
pub use sign::signature;
pub use wire::Event;

use faults::Faults;
use listener::{CuttableListener, Line};
use serde_json::Value;
use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    net::TcpListener,
    sync::{mpsc, watch},
    task::JoinHandle,
};

/// The longest that the waiting functions wait before they fail the test.
const PATIENCE: Duration = Duration::from_secs(60);

/// The page that the stand-in serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Its id, digits.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its access token.
    pub token: String,
    /// Whether it has the Human Agent feature.
    pub human_agent: bool,
}

impl Default for Page {
    fn default() -> Self {
        Self {
            id: "110022003300440".into(),
            name: "Acme Lamps".into(),
            token: "EAAtestPageAccessToken".into(),
            human_agent: false,
        }
    }
}

/// A message that was accepted, whether or not the answer arrived.
#[derive(Debug, Clone, PartialEq)]
pub struct Accepted {
    /// The id given to it.
    pub mid: String,
    /// The page-scoped id that it goes to.
    pub recipient: String,
    /// `RESPONSE`, `UPDATE`, `MESSAGE_TAG` or `UTILITY`.
    pub messaging_type: String,
    /// The tag, with `MESSAGE_TAG`.
    pub tag: Option<String>,
    /// What the sender wants back in the echo.
    pub metadata: Option<String>,
    /// The words.
    pub text: Option<String>,
    /// When, unix milliseconds.
    pub at: i64,
    /// Whether a whole answer was given.
    pub answered: bool,
    /// The body as it came.
    pub body: Value,
}

/// A file that was uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// The id given to it.
    pub id: String,
    /// `image`, `audio`, `video` or `file`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its media type, as the sender says.
    pub media_type: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A persona of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Persona {
    /// The id given to it.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Where its picture is.
    pub picture_url: String,
}

/// A running stand-in; it ends with the value.
pub struct GraphStandIn {
    shared: Arc<Shared>,
    address: SocketAddr,
    tasks: Vec<JoinHandle<()>>,
}

struct State {
    page: Page,
    accepted: Vec<Accepted>,
    mid_prefix: String,
    next_mid: u64,
    calls: usize,
    subscribed: Vec<String>,
    faults: Faults,
    windows: bool,
    last_inbound: HashMap<String, i64>,
    clock_offset: i64,
    echoes: bool,
    deliveries: bool,
    reads: bool,
    sender: Option<CallbackSender>,
    undelivered: Vec<String>,
    uploads: Vec<Upload>,
    personas: Vec<Persona>,
    actions: Vec<(String, String)>,
    people: HashMap<String, Value>,
    locale_permission: bool,
    hosted: HashMap<String, media::Hosted>,
}

struct Shared {
    state: Mutex<State>,
    accepted_count: watch::Sender<usize>,
    queue: mpsc::UnboundedSender<Event>,
    /// Automatic callbacks that were not taken yet.
    pending: watch::Sender<usize>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // A test that failed while it held the lock has failed already.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self, state: &State) -> i64 {
        now_millis() + state.clock_offset
    }

    fn next_call(&self) -> Vec<Fault> {
        let mut state = self.state();
        state.calls += 1;
        state.faults.draw()
    }

    fn next_read(&self) -> Vec<Fault> {
        self.state().faults.draw()
    }

    fn enqueue(&self, event: Event) {
        self.pending.send_modify(|count| *count += 1);
        if self.queue.send(event).is_err() {
            self.pending.send_modify(|count| *count -= 1);
        }
    }
}

impl GraphStandIn {
    /// Starts on a free loopback port, serving [`Page::default`], all fields subscribed, windows not kept.
    ///
    /// # Panics
    /// When no port can be opened.
    pub async fn start() -> Self {
        Self::start_for(Page::default()).await
    }

    /// Starts for another page.
    ///
    /// # Panics
    /// When no port can be opened.
    pub async fn start_for(page: Page) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port is free");
        let address = listener.local_addr().expect("a bound socket has an address");
        let (queue, waiting) = mpsc::unbounded_channel();
        let fields = "messages,messaging_postbacks,message_deliveries,message_reads,message_reactions,message_echoes,\
            message_edits,messaging_optins,messaging_referrals,messaging_handovers,standby";
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                page,
                accepted: Vec::new(),
                // Ids of two stand-ins of one test never meet.
                mid_prefix: format!("{:x}{:x}", now_millis(), address.port()),
                next_mid: 0,
                calls: 0,
                subscribed: fields.split(',').map(str::to_owned).collect(),
                faults: Faults::new(),
                windows: false,
                last_inbound: HashMap::new(),
                clock_offset: 0,
                echoes: false,
                deliveries: false,
                reads: false,
                sender: None,
                undelivered: Vec::new(),
                uploads: Vec::new(),
                personas: Vec::new(),
                actions: Vec::new(),
                people: HashMap::new(),
                locale_permission: false,
                hosted: HashMap::new(),
            }),
            accepted_count: watch::Sender::new(0),
            queue,
            pending: watch::Sender::new(0),
        });
        let app = routes::router(shared.clone()).into_make_service_with_connect_info::<Line>();
        let serving = tokio::spawn(async move {
            // Ends only with the task.
            let _ = axum::serve(CuttableListener(listener), app).await;
        });
        let announcing = tokio::spawn(announce(shared.clone(), waiting));
        Self { shared, address, tasks: vec![serving, announcing] }
    }

    /// The address to use as `api_base`.
    #[must_use]
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Host and port of that address.
    #[must_use]
    pub fn host_and_port(&self) -> String {
        self.address.to_string()
    }

    /// The page's id.
    #[must_use]
    pub fn page_id(&self) -> String {
        self.shared.state().page.id.clone()
    }

    /// The page's access token.
    #[must_use]
    pub fn token(&self) -> String {
        self.shared.state().page.token.clone()
    }

    /// Every message accepted so far, in order.
    #[must_use]
    pub fn accepted(&self) -> Vec<Accepted> {
        self.shared.state().accepted.clone()
    }

    /// Send calls so far, refused ones included.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.shared.state().calls
    }

    /// Every file uploaded so far, in order.
    #[must_use]
    pub fn uploads(&self) -> Vec<Upload> {
        self.shared.state().uploads.clone()
    }

    /// Forgets all uploads: their ids are refused from now on.
    pub fn forget_uploads(&self) -> &Self {
        self.shared.state().uploads.clear();
        self
    }

    /// The page's personas.
    #[must_use]
    pub fn personas(&self) -> Vec<Persona> {
        self.shared.state().personas.clone()
    }

    /// Deletes all personas: their ids are refused from now on.
    pub fn delete_personas(&self) -> &Self {
        self.shared.state().personas.clear();
        self
    }

    /// What was shown without a message, in order: to whom, and what (`typing_on`).
    #[must_use]
    pub fn actions(&self) -> Vec<(String, String)> {
        self.shared.state().actions.clone()
    }

    /// Makes a person known: `profile` has Graph's members (`first_name`, `profile_pic`).
    pub fn person(&self, psid: &str, profile: Value) -> &Self {
        self.shared.state().people.insert(psid.to_owned(), profile);
        self
    }

    /// Whether the app may see people's locale, time zone and gender.
    pub fn locale_permission(&self, on: bool) -> &Self {
        self.shared.state().locale_permission = on;
        self
    }

    /// The echo of an accepted message, as it would be delivered.
    #[must_use]
    pub fn echo_of(&self, sent: &Accepted) -> Event {
        wire::echo_of(&self.page_id(), sent)
    }

    /// The event of a customer's tap on the option at this place (from 0, links left out) of an accepted message.
    #[must_use]
    pub fn tap(&self, psid: &str, sent: &Accepted, place: usize) -> Event {
        let (page, mid) = {
            let mut state = self.shared.state();
            state.next_mid += 1;
            (state.page.id.clone(), format!("m_{}{:010x}", state.mid_prefix, state.next_mid))
        };
        wire::tap(&page, psid, sent, &mid, place)
    }

    /// Waits until at least so many messages were accepted.
    ///
    /// # Panics
    /// After a minute.
    pub async fn wait_accepted(&self, count: usize) -> Vec<Accepted> {
        let mut seen = self.shared.accepted_count.subscribe();
        let reached = tokio::time::timeout(PATIENCE, seen.wait_for(|accepted| *accepted >= count)).await;
        assert!(reached.is_ok(), "{} of {count} messages were accepted after a minute", self.accepted().len());
        self.accepted()
    }

    /// Puts a fault in force, until [`GraphStandIn::clear_faults`].
    pub fn fault(&self, fault: Fault) -> &Self {
        self.shared.state().faults.add(fault, None);
        self
    }

    /// Puts a fault in force for the next calls only.
    pub fn fault_next(&self, calls: u32, fault: Fault) -> &Self {
        self.shared.state().faults.add(fault, Some(calls));
        self
    }

    /// Ends all faults.
    pub fn clear_faults(&self) -> &Self {
        self.shared.state().faults.clear();
        self
    }

    /// The seed of which calls a fault's share hits.
    pub fn seed(&self, seed: u64) -> &Self {
        self.shared.state().faults.seed(seed);
        self
    }

    /// Where callbacks go, and the app secret that signs them. Also moves what is being tried right now.
    pub fn callbacks_to(&self, url: &str, app_secret: &str) -> &Self {
        let mut state = self.shared.state();
        match &state.sender {
            Some(sender) => sender.aim(url, app_secret),
            None => state.sender = Some(CallbackSender::new(url, app_secret)),
        }
        drop(state);
        self
    }

    /// Whether each accepted message is echoed.
    pub fn echoes(&self, on: bool) -> &Self {
        self.shared.state().echoes = on;
        self
    }

    /// Whether each accepted message is reported as delivered.
    pub fn deliveries(&self, on: bool) -> &Self {
        self.shared.state().deliveries = on;
        self
    }

    /// Whether each accepted message is reported as read.
    pub fn reads(&self, on: bool) -> &Self {
        self.shared.state().reads = on;
        self
    }

    /// Whether messages outside a window are refused. Windows are opened by what customers do through this stand-in,
    /// and by [`GraphStandIn::wrote_at`].
    pub fn windows(&self, on: bool) -> &Self {
        self.shared.state().windows = on;
        self
    }

    /// Grants or takes the Human Agent feature.
    pub fn human_agent(&self, on: bool) -> &Self {
        self.shared.state().page.human_agent = on;
        self
    }

    /// Says when a person last wrote, unix milliseconds.
    pub fn wrote_at(&self, psid: &str, at: i64) -> &Self {
        self.shared.state().last_inbound.insert(psid.to_owned(), at);
        self
    }

    /// Moves the stand-in's clock on by so many milliseconds.
    pub fn advance(&self, millis: i64) -> &Self {
        self.shared.state().clock_offset += millis;
        self
    }

    /// Changes the page's token: the old one is refused from now on.
    pub fn new_token(&self, token: &str) -> &Self {
        self.shared.state().page.token = token.to_owned();
        self
    }

    /// The fields that the app is subscribed to; none means no app.
    pub fn subscribed(&self, fields: &[&str]) -> &Self {
        self.shared.state().subscribed = fields.iter().map(|field| (*field).to_owned()).collect();
        self
    }

    /// A customer writes: the callback is delivered, and the message's id given back.
    ///
    /// # Panics
    /// When no callback address is set, or the callback is never taken.
    pub async fn customer_writes(&self, psid: &str, text: &str) -> String {
        let event = {
            let mut state = self.shared.state();
            state.next_mid += 1;
            let mid = format!("m_{}{:010x}", state.mid_prefix, state.next_mid);
            Event::text(&state.page.id, psid, &mid, text, self.shared.now(&state))
        };
        let mid = event.value["message"]["mid"].as_str().unwrap_or_default().to_owned();
        self.deliver(&[event]).await;
        mid
    }

    /// Delivers these events as one callback, again and again until it is taken, and gives the number of tries.
    ///
    /// # Panics
    /// When no callback address is set, or the callback is never taken.
    pub async fn deliver(&self, events: &[Event]) -> u32 {
        let sender = {
            let mut state = self.shared.state();
            for (psid, at) in events.iter().filter_map(Event::opens_window) {
                let last = state.last_inbound.entry(psid).or_insert(at);
                *last = at.max(*last);
            }
            state.sender.clone().expect("callbacks_to() comes first")
        };
        match sender.deliver(events).await {
            Ok(tries) => tries,
            Err(error) => panic!("the callback was {error}"),
        }
    }

    /// The sender of the callbacks, for tests that post bodies of their own.
    ///
    /// # Panics
    /// When no callback address is set.
    #[must_use]
    pub fn sender(&self) -> CallbackSender {
        self.shared.state().sender.clone().expect("callbacks_to() comes first")
    }

    /// Waits until all automatic callbacks were taken.
    ///
    /// # Panics
    /// After a minute, or when one was given up.
    pub async fn settled(&self) {
        let mut pending = self.shared.pending.subscribe();
        let reached = tokio::time::timeout(PATIENCE, pending.wait_for(|count| *count == 0)).await;
        assert!(reached.is_ok(), "callbacks still wait after a minute");
        let given_up = self.shared.state().undelivered.clone();
        assert!(given_up.is_empty(), "callbacks were given up: {given_up:?}");
    }
}

impl Drop for GraphStandIn {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

/// Delivers the automatic callbacks, those that wait together in one body.
async fn announce(shared: Arc<Shared>, mut waiting: mpsc::UnboundedReceiver<Event>) {
    let mut events = Vec::new();
    while waiting.recv_many(&mut events, 50).await > 0 {
        let sender = shared.state().sender.clone();
        if let Some(sender) = sender
            && let Err(error) = sender.deliver(&events).await
        {
            shared.state().undelivered.push(error.to_string());
        }
        shared.pending.send_modify(|count| *count -= events.len());
        events.clear();
    }
}

#[cfg(test)]
mod tests;
