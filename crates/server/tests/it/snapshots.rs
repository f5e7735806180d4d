//! What a client knows: a snapshot and the frames since are a fresh snapshot, after every way to write that the API has and
//! after every kind of thing that a provider tells.
//!
//! The client here is as simple as an integrator's may be. It puts entries and episodes where the frames say, and reads
//! again what a frame names; what changes without a frame is a fault.

use crate::{
    harness::{Engine, PATIENCE, Scene, on_both_engines},
    media::PNG,
    operations::{NO_PERMISSION, UNREADABLE, call_back, readable_by_now},
};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};
use testkit::{
    graph::{Event, now_millis},
    receiver::Receiver,
};

on_both_engines!(a_snapshot_and_the_frames_since_are_a_fresh_snapshot);

/// Longer than frames of one write lie apart; what comes later is caught by the next look.
const SILENCE: Duration = Duration::from_millis(40);
const PSID: &str = "7001002003004005";
const OTHER_PSID: &str = "7001002003004777";

/// What writes nothing that a client shows, and why.
const WITHOUT_A_FRAME: [(&str, &str); 11] = [
    ("post /api/v1/setup", "nobody has a client before it"),
    ("post /api/v1/session", "one's own session"),
    ("delete /api/v1/session", "one's own session"),
    ("post /api/v1/channel-accounts/{id}/test", "asks the provider, and keeps nothing"),
    ("post /api/v1/webhooks/{id}/test", "asks the receiver, and is answered at once"),
    ("post /api/v1/files", "a file belongs to nothing until a message names it"),
    ("post /api/v1/links/{code}", "one's own password"),
    ("post /api/v1/live/tickets", "a ticket is nobody else's"),
    ("post /api/v1/calendars/preview", "writes nothing"),
    ("post /api/v1/threads/{id}/typing", "told without a cursor, and may be lost"),
    ("post /api/v1/threads/{id}/seen", "told to the provider alone"),
];

/// The lists that frames name by the first word of their kinds.
const LISTS: [(&str, &[&str]); 9] = [
    ("/api/v1/labels", &["label"]),
    ("/api/v1/attributes", &["attribute"]),
    ("/api/v1/calendars", &["calendar"]),
    ("/api/v1/channel-accounts", &["channel_account"]),
    ("/api/v1/webhooks", &["webhook"]),
    ("/api/v1/tokens", &["token"]),
    ("/api/v1/agents", &["agent"]),
    ("/api/v1/jobs?state=dead", &["job", "message"]),
    ("/api/v1/inbound-events?state=undecodable", &["event"]),
];

/// Everything that is shown, by what it is read from.
#[derive(Debug, Default, Clone, PartialEq)]
struct Known {
    /// Threads with their customers, in the order of the list.
    threads: Vec<Value>,
    /// Entries by thread and id.
    entries: BTreeMap<String, BTreeMap<String, Value>>,
    /// Episodes by thread and id.
    episodes: BTreeMap<String, BTreeMap<String, Value>>,
    /// Promises by episode.
    promises: BTreeMap<String, Value>,
    /// The other lists by path.
    lists: BTreeMap<&'static str, Value>,
}

struct Client {
    scene: Scene,
    /// What a person sends along who is signed in as an agent.
    session: String,
    known: Known,
    written: BTreeSet<String>,
    /// What the frames since the last look named.
    named: BTreeSet<String>,
    frames: usize,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

fn by_id(page: &Value) -> BTreeMap<String, Value> {
    let items = page.as_array().or_else(|| page["items"].as_array()).expect("a list");
    items.iter().map(|item| (text(&item["id"]), item.clone())).collect()
}

impl Client {
    async fn new(engine: Engine) -> Self {
        let scene = Scene::new(engine).await;
        let mut client = Self {
            scene,
            session: String::new(),
            known: Known::default(),
            written: BTreeSet::new(),
            named: BTreeSet::new(),
            frames: 0,
        };
        client.known = client.read().await;
        client
    }

    async fn get(&self, path: &str) -> Value {
        self.scene.server.get(&self.scene.owner, path).await.expect(200)
    }

    /// A fresh snapshot.
    async fn read(&self) -> Known {
        let threads = self.get("/api/v1/threads?limit=100").await["items"].as_array().unwrap().clone();
        let mut fresh = Known { threads, ..Known::default() };
        for thread in fresh.threads.clone() {
            let id = text(&thread["id"]);
            let entries = by_id(&self.get(&format!("/api/v1/threads/{id}/entries?limit=100")).await);
            let episodes = by_id(&self.get(&format!("/api/v1/threads/{id}/episodes?limit=100")).await);
            for episode in episodes.keys() {
                let promises = self.get(&format!("/api/v1/episodes/{episode}/promises")).await;
                fresh.promises.insert(episode.clone(), promises);
            }
            fresh.entries.insert(id.clone(), entries);
            fresh.episodes.insert(id, episodes);
        }
        for (path, _) in LISTS {
            fresh.lists.insert(path, self.get(path).await);
        }
        fresh
    }

    /// Calls an operation of the API by its name in the contract; `ids` fill the places in its path, in order.
    async fn writes(&mut self, operation: &str, ids: &[&str], body: Value) -> Value {
        let bearer = format!("Bearer {}", self.scene.owner);
        self.calls(operation, ids, body, &[("authorization", &bearer)]).await
    }

    /// As the agent who is signed in.
    async fn agent_writes(&mut self, operation: &str, ids: &[&str], body: Value) -> Value {
        let (session, origin) = (self.session.clone(), self.scene.server.base.clone());
        self.calls(operation, ids, body, &[("cookie", &session), ("origin", &origin)]).await
    }

    async fn calls(&mut self, operation: &str, ids: &[&str], body: Value, caller: &[(&str, &str)]) -> Value {
        self.written.insert(operation.to_owned());
        let (method, template) = operation.split_once(' ').unwrap();
        let mut path = String::new();
        let mut ids = ids.iter();
        for part in template.split('/').skip(1) {
            path.push('/');
            path.push_str(if part.starts_with('{') { ids.next().expect("an id for each place") } else { part });
        }
        let headers = [caller, &[("content-type", "application/json")]].concat();
        let body = Some(body.to_string().into_bytes());
        let answer = self.scene.server.send(&method.to_uppercase(), &path, &headers, body).await;
        assert!((200..300).contains(&answer.status), "{operation}: {} {}", answer.status, answer.text);
        let said = if answer.text.is_empty() { Value::Null } else { answer.json() };
        self.settles(operation).await;
        said
    }

    /// Lets the provider tell something.
    async fn is_told(&mut self, event: Event) {
        let what = format!("{event:?}");
        self.scene.meta.deliver(&[event]).await;
        self.settles(&what).await;
    }

    /// Takes the frames until what is known is what is there, and something was told.
    async fn settles(&mut self, after: &str) {
        self.frames = 0;
        self.settles_when(after, |client, _| client.frames > 0).await;
    }

    /// Takes the frames until what is known is what is there, and something is there.
    async fn settles_when(&mut self, after: &str, is_there: impl Fn(&Self, &Known) -> bool) {
        let end = Instant::now() + PATIENCE;
        loop {
            while let Ok(frame) = tokio::time::timeout(SILENCE, self.scene.live.next()).await {
                self.fold(&frame.unwrap());
            }
            let fresh = self.read().await;
            let mut guessed = self.known.clone();
            self.read_what_was_named(&mut guessed, &fresh);
            if guessed == fresh && is_there(self, &fresh) {
                self.known = fresh;
                self.named.clear();
                return;
            }
            assert!(Instant::now() < end, "after {after} ({} frames): {}", self.frames, difference(&guessed, &fresh));
        }
    }

    fn fold(&mut self, frame: &Value) {
        if frame["cursor"].is_null() {
            return;
        }
        self.frames += 1;
        let kind = text(&frame["kind"]);
        self.named.insert(kind.split('.').next().unwrap().to_owned());
        self.named.insert(kind.clone());
        for name in ["thread_id", "episode_id"] {
            if let Some(id) = frame[name].as_str() {
                self.named.insert(id.to_owned());
                // A promise and what is known of a customer have no frame of their own contents.
                self.named.insert(format!("{} {id}", kind.split('.').next().unwrap()));
            }
        }
        let Some(thread) = frame["thread_id"].as_str() else { return };
        let entries = self.known.entries.entry(thread.to_owned()).or_default();
        if !frame["entry"].is_null() {
            entries.insert(text(&frame["entry"]["id"]), frame["entry"].clone());
        }
        let changed = &frame["changed_entry"];
        if !changed.is_null() {
            entries.insert(text(&changed["id"]), changed.clone());
        }
        if let (false, Some(entry)) =
            (frame["delivery"].is_null(), frame["entry_id"].as_str().and_then(|id| entries.get_mut(id)))
        {
            entry["delivery"] = frame["delivery"].clone();
            if !frame["external_id"].is_null() {
                entry["external_id"] = frame["external_id"].clone();
            }
        }
        let episode = &frame["episode"];
        if !episode.is_null() {
            let episodes = self.known.episodes.entry(thread.to_owned()).or_default();
            let have = episodes.get(episode["id"].as_str().unwrap());
            if have.is_none_or(|have| have["version"].as_i64() <= episode["version"].as_i64()) {
                episodes.insert(text(&episode["id"]), episode.clone());
            }
        }
    }

    /// What is read again because a frame named it: fresh in the guess. Nothing else is.
    fn read_what_was_named(&self, guess: &mut Known, fresh: &Known) {
        let named = |word: &str| self.named.contains(word);
        // Whose an identity is has changed: everything is read again. A label stands at whoever carries it.
        if named("customer.merged") || named("customer.unmerged") || named("label") {
            guess.entries.clone_from(&fresh.entries);
            guess.episodes.clone_from(&fresh.episodes);
            guess.threads.clone_from(&fresh.threads);
            guess.promises.clone_from(&fresh.promises);
        }
        let everywhere = ["attribute", "channel_account"].iter().any(|word| named(word));
        let is_known = |thread: &Value| everywhere || named(thread["id"].as_str().unwrap());
        guess.threads.retain(|thread| !is_known(thread));
        guess.threads.extend(fresh.threads.iter().filter(|thread| is_known(thread)).cloned());
        // The list is ordered by activity, which is part of each thread.
        let place = |thread: &Value| fresh.threads.iter().position(|one| one["id"] == thread["id"]);
        guess.threads.sort_by_key(place);
        for (episode, promises) in &fresh.promises {
            if named(&format!("promise {episode}")) || !guess.promises.contains_key(episode) {
                guess.promises.insert(episode.clone(), promises.clone());
            }
        }
        for (path, words) in LISTS {
            if words.iter().any(|word| named(word)) {
                guess.lists.insert(path, fresh.lists[path].clone());
            }
        }
    }

    /// The id of what stands first in a list, once something does.
    async fn first_of(&mut self, list: &str) -> String {
        self.settles_when(list, |_, known| known.lists[list]["items"] != json!([])).await;
        text(&self.known.lists[list]["items"][0]["id"])
    }

    fn event(&self, word: &str, what: Value) -> Event {
        Event::from_customer(&self.scene.meta.page_id(), PSID, now_millis(), word, what)
    }
}

/// The first place where the two differ, in words.
fn difference(guess: &Known, fresh: &Known) -> String {
    let (guess, fresh) = (format!("{guess:#?}"), format!("{fresh:#?}"));
    let at = guess.lines().zip(fresh.lines()).position(|(a, b)| a != b).unwrap_or_default();
    let near = |text: &str| text.lines().skip(at.saturating_sub(12)).take(24).collect::<Vec<_>>().join("\n");
    format!("known:\n{}\n\nthere:\n{}", near(&guess), near(&fresh))
}

async fn a_snapshot_and_the_frames_since_are_a_fresh_snapshot(engine: Engine) {
    let mut client = Client::new(engine).await;
    definitions(&mut client).await;
    messages(&mut client).await;
    what_the_provider_tells(&mut client).await;
    matters(&mut client).await;
    customers(&mut client).await;
    settings(&mut client).await;

    let contract: Value = serde_json::from_str(include_str!("../../../../contract/openapi.json")).unwrap();
    let mut writes: BTreeSet<String> = BTreeSet::new();
    for (path, methods) in contract["paths"].as_object().unwrap() {
        let methods = methods.as_object().unwrap().keys();
        writes.extend(methods.filter(|method| *method != "get").map(|method| format!("{method} {path}")));
    }
    let excused: BTreeSet<String> = WITHOUT_A_FRAME.iter().map(|(operation, _)| (*operation).to_owned()).collect();
    let forgotten: Vec<_> =
        writes.iter().filter(|one| !client.written.contains(*one) && !excused.contains(*one)).collect();
    assert!(forgotten.is_empty(), "a way to write that is not tried here: {forgotten:?}");
    assert!(excused.is_subset(&writes), "an excuse for what is not there");
}

async fn definitions(client: &mut Client) {
    for (list, one, body, change) in [
        ("post /api/v1/labels", "/api/v1/labels/{id}", json!({"name": "First"}), json!({"colour": "plum"})),
        (
            "post /api/v1/attributes",
            "/api/v1/attributes/{id}",
            json!({"key": "tier", "name": "Tier", "type": "text"}),
            json!({"name": "Step"}),
        ),
        (
            "post /api/v1/calendars",
            "/api/v1/calendars/{id}",
            json!({"name": "Hours", "zone": "UTC"}),
            json!({"zone": "Europe/Vilnius"}),
        ),
    ] {
        let made = client.writes(list, &[], body).await;
        let id = text(&made["id"]);
        client.writes(&format!("patch {one}"), &[&id], change).await;
        client.writes(&format!("delete {one}"), &[&id], Value::Null).await;
    }
}

const DEAD: &str = "/api/v1/jobs?state=dead";
const UNDECODABLE: &str = "/api/v1/inbound-events?state=undecodable";
const SEND: &str = "post /api/v1/threads/{id}/messages";

fn words(text: &str) -> Value {
    json!({"blocks": [{"type": "text", "text": text}]})
}

async fn messages(client: &mut Client) {
    let thread = client.scene.thread.clone();
    client.scene.meta.deliveries(true).reads(true).echoes(true);
    client.writes(SEND, &[&thread], words("sent, delivered and read")).await;
    client.writes("post /api/v1/threads/{id}/notes", &[&thread], json!({"text": "between us"})).await;

    let hour = model::Timestamp(now_millis()).plus_millis(3_600_000).to_rfc3339();
    let later = json!({"blocks": words("later")["blocks"], "send_at": hour, "cancel_on_reply": false});
    let waiting = text(&client.writes(SEND, &[&thread], later.clone()).await["id"]);
    client.writes("patch /api/v1/messages/{id}", &[&waiting], words("later, said better")).await;
    client.writes("post /api/v1/messages/{id}/cancel", &[&waiting], Value::Null).await;
    client.writes("post /api/v1/messages/{id}/retry", &[&waiting], Value::Null).await;

    client.scene.meta.fault_next(2, NO_PERMISSION);
    let failed = text(&client.writes(SEND, &[&thread], words("fails")).await["id"]);
    let dead = client.first_of(DEAD).await;
    client.writes("delete /api/v1/jobs/{id}", &[&dead], Value::Null).await;
    client.writes("post /api/v1/messages/{id}/retry", &[&failed], Value::Null).await;
    let dead = client.first_of(DEAD).await;
    client.writes("post /api/v1/jobs/{id}/replay", &[&dead], Value::Null).await;

    let identity = text(&client.known.threads[0]["customer"]["identities"][0]["id"]);
    let reason = json!({"reason": "rude"});
    client.writes("post /api/v1/identities/{id}/block", &[&identity], reason).await;
    client.writes("post /api/v1/identities/{id}/unblock", &[&identity], Value::Null).await;
}

async fn what_the_provider_tells(client: &mut Client) {
    let (page, at) = (client.scene.meta.page_id(), now_millis);
    client.is_told(Event::text(&page, PSID, "m_said", "Anybody?", at())).await;
    for (word, what) in [
        ("reaction", json!({"mid": "m_said", "action": "react", "emoji": "\u{1f44d}"})),
        ("reaction", json!({"mid": "m_said", "action": "unreact"})),
        ("message_edit", json!({"mid": "m_said", "text": "Anybody there?", "num_edit": 1})),
        ("referral", json!({"ref": "spring", "source": "SHORTLINK", "type": "OPEN_THREAD"})),
        ("hologram", json!({"depth": 3})),
        ("optin", json!({"payload": "x"})),
    ] {
        client.is_told(client.event(word, what)).await;
    }
    client.is_told(Event::postback(&page, PSID, "m_tap", "Start", "GET_STARTED", at())).await;
    client.is_told(Event::echo(&page, PSID, "m_elsewhere", None, "said elsewhere", at())).await;

    let whole = client.scene.meta.host("lamp.png", "image/png", PNG);
    client.is_told(Event::attachment(&page, PSID, "m_picture", "image", &whole, at())).await;
    client.settles_when("a picture", |_, known| known.has_block("state", "stored")).await;
    // It does not come whole; and it is given up, as it would be after many tries.
    let late = client.scene.meta.host("late.png", "image/png", PNG);
    client.scene.meta.host_whole("late.png", false);
    client.is_told(Event::attachment(&page, PSID, "m_late", "image", &late, at())).await;
    let file = client.known.file_in("fetching").expect("it is being copied");
    let me = client.get("/api/v1/me").await;
    let workspace = text(&me["workspace"]["id"]).parse().unwrap();
    let store = client.scene.installation.store().await;
    let failure = model::file::FileFailure::Unreachable;
    assert!(store.fail_file(workspace, file.parse().unwrap(), failure, model::Timestamp(at())).await.unwrap());
    client.settles_when("a file that is given up", |_, known| known.has_block("state", "failed")).await;
    client.scene.meta.host_whole("late.png", true);
    client.writes("post /api/v1/files/{id}/retry", &[&file], Value::Null).await;
    client.settles_when("the file", |_, known| !known.has_block("state", "failed")).await;

    call_back(&client.scene, UNREADABLE).await;
    let unreadable = client.first_of(UNDECODABLE).await;
    client.writes("delete /api/v1/inbound-events/{id}", &[&unreadable], Value::Null).await;
    let readable = readable_by_now(&client.scene).await.to_string();
    client.first_of(UNDECODABLE).await;
    client.writes("post /api/v1/inbound-events/{id}/replay", &[&readable], Value::Null).await;
}

impl Known {
    fn blocks(&self) -> impl Iterator<Item = &Value> {
        let entries = self.entries.values().flat_map(BTreeMap::values);
        entries.filter_map(|entry| entry["blocks"].as_array()).flatten()
    }

    fn has_block(&self, name: &str, value: &str) -> bool {
        self.blocks().any(|block| block[name] == value)
    }

    /// The file of a block in this state.
    fn file_in(&self, state: &str) -> Option<String> {
        self.blocks().find(|block| block["state"] == state).map(|block| text(&block["file_id"]))
    }
}

async fn matters(client: &mut Client) {
    let link = client.scene.installation.print(&["user", "create", "--email", "bob@example.com", "--role", "agent"]);
    client.settles("an invitation").await;
    let code = link.split("/link?code=").nth(1).unwrap();
    let password = json!({"password": "another password"}).to_string().into_bytes();
    let headers = [("content-type", "application/json")];
    let redeemed = client.scene.server.send("POST", &format!("/api/v1/links/{code}"), &headers, Some(password)).await;
    client.session = redeemed.header("set-cookie").split(';').next().unwrap().to_owned();
    let agent = client.first_of("/api/v1/agents").await;

    let thread = client.scene.thread.clone();
    let episode = client.known.episodes[&thread].keys().next().unwrap().clone();
    let act = |name: &str| format!("post /api/v1/episodes/{{id}}/{name}");
    let hour = |hours: i64| model::Timestamp(now_millis()).plus_millis(hours * 3_600_000).to_rfc3339();
    client.writes("patch /api/v1/episodes/{id}", &[&episode], json!({"subject": "A lamp"})).await;
    client.writes(&act("assign"), &[&episode], json!({"agent_id": agent})).await;
    client.agent_writes(&act("accept"), &[&episode], Value::Null).await;
    client.writes(&act("promises"), &[&episode], json!({"due_at": hour(2), "text": "Until two"})).await;
    client.writes(SEND, &[&thread], words("kept")).await;
    client.writes(&act("park"), &[&episode], json!({})).await;
    client.writes(&act("resume"), &[&episode], Value::Null).await;
    client.writes(&act("snooze"), &[&episode], json!({"until": hour(3)})).await;
    client.is_told(Event::text(&client.scene.meta.page_id(), PSID, "m_wakes", "And now?", now_millis())).await;
    client.writes(&act("hold"), &[&episode], json!({"reason": "the carrier"})).await;
    client.writes(&act("resume"), &[&episode], Value::Null).await;

    let label = text(&client.writes("post /api/v1/labels", &[], json!({"name": "Lamps"})).await["id"]);
    client.writes("put /api/v1/episodes/{id}/labels/{label_id}", &[&episode, &label], Value::Null).await;
    client.writes("delete /api/v1/episodes/{id}/labels/{label_id}", &[&episode, &label], Value::Null).await;

    let split = json!({"message_ids": [client.known.message_of(PSID_WORDS)], "subject": "Another lamp"});
    let second = text(&client.writes(&act("split"), &[&episode], split).await["id"]);
    let moved = client.known.message_of("And now?");
    client.writes("post /api/v1/messages/{id}/move", &[&moved], json!({"episode_id": second})).await;
    let open = json!({"subject": "A third lamp"});
    let third = text(&client.writes("post /api/v1/threads/{id}/episodes", &[&thread], open).await["id"]);
    client.writes(&act("link"), &[&third], json!({"follows_id": episode})).await;
    for episode in [&episode, &second, &third] {
        client.writes(&act("resolve"), &[episode], Value::Null).await;
    }
    client.is_told(Event::text(&client.scene.meta.page_id(), PSID, "m_thanks", "Thank you!", now_millis())).await;
    client.writes(&act("reopen"), &[&second], Value::Null).await;
    client.writes(&act("resolve"), &[&second], Value::Null).await;
    client.writes(&act("close"), &[&second], Value::Null).await;
    client.is_told(Event::text(&client.scene.meta.page_id(), PSID, "m_again", "Still dark", now_millis())).await;
}

/// What the customer writes before the matters begin.
const PSID_WORDS: &str = "Anybody there?";

impl Known {
    /// The message that says this.
    fn message_of(&self, words: &str) -> String {
        let entries = self.entries.values().flat_map(BTreeMap::values);
        let said = |entry: &&Value| entry["blocks"][0]["text"] == words;
        text(&entries.into_iter().find(said).unwrap_or_else(|| panic!("nobody says {words}"))["id"])
    }
}

async fn customers(client: &mut Client) {
    let customer = text(&client.known.threads[0]["customer"]["id"]);
    client.writes("patch /api/v1/customers/{id}", &[&customer], json!({"name": "Ana"})).await;
    let label = text(&client.writes("post /api/v1/labels", &[], json!({"name": "Regular"})).await["id"]);
    client.writes("put /api/v1/customers/{id}/labels/{label_id}", &[&customer, &label], Value::Null).await;
    client.writes("patch /api/v1/labels/{id}", &[&label], json!({"name": "Regulars"})).await;
    client.writes("delete /api/v1/customers/{id}/labels/{label_id}", &[&customer, &label], Value::Null).await;

    let page = client.scene.meta.page_id();
    client.is_told(Event::text(&page, OTHER_PSID, "m_other", "Me too", now_millis())).await;
    let other = text(&client.known.threads[0]["customer"]["id"]);
    assert_ne!(other, customer);
    let merge = client.writes("post /api/v1/customers/{id}/merge", &[&customer], json!({"customer_id": other})).await;
    client.writes(SEND, &[&client.scene.thread.clone()], words("to both")).await;
    client.is_told(Event::text(&page, OTHER_PSID, "m_merged", "As one", now_millis())).await;
    client.writes("post /api/v1/merges/{id}/undo", &[&text(&merge["id"])], Value::Null).await;
    client.is_told(Event::text(&page, OTHER_PSID, "m_two", "As two", now_millis())).await;
}

async fn settings(client: &mut Client) {
    let receiver = Receiver::start().await;
    let new = json!({"name": "CRM", "url": receiver.url(), "kinds": ["message.queued"]});
    let webhook = text(&client.writes("post /api/v1/webhooks", &[], new).await["id"]);
    let start = json!({"from_cursor": "c00000000000000"});
    client.writes("post /api/v1/webhooks/{id}/replay", &[&webhook], start).await;
    client.writes("patch /api/v1/webhooks/{id}", &[&webhook], json!({"name": "Our CRM"})).await;
    client.writes("post /api/v1/webhooks/{id}/rotate-secret", &[&webhook], Value::Null).await;
    client.writes("delete /api/v1/webhooks/{id}", &[&webhook], Value::Null).await;

    let new = json!({
        "kind": "messenger", "name": "Chairs",
        "settings": {"page_id": "220033004400550", "api_base": client.scene.meta.base()},
        "secrets": {"page_access_token": "EAAchairs", "app_secret": "another app"},
    });
    client.writes("post /api/v1/channel-accounts", &[], new).await;
    let account = text(&client.scene.account["id"]);
    client.writes("patch /api/v1/channel-accounts/{id}", &[&account], json!({"name": "Lamps"})).await;
    client.scene.meta.new_token("EAAchanged");
    let thread = client.scene.thread.clone();
    client.writes(SEND, &[&thread], words("the token is old")).await;
    client.settles_when("a pause", |_, known| known.lists[ACCOUNTS].to_string().contains("unauthorized")).await;
    client.writes("post /api/v1/channel-accounts/{id}/resume", &[&account], Value::Null).await;

    client.scene.installation.token("agent");
    client.settles("a token").await;
    let tokens = client.known.lists["/api/v1/tokens"]["items"].as_array().unwrap().clone();
    let token = tokens.iter().find(|token| token["name"] == "agent").unwrap();
    client.writes("delete /api/v1/tokens/{id}", &[&text(&token["id"])], Value::Null).await;
}

const ACCOUNTS: &str = "/api/v1/channel-accounts";
