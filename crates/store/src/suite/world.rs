//! What the cases need to exist: accounts, customers who wrote, messages on their way.

use super::{Harness, now};
use crate::{
    AccountRoom, AttemptOutcome, ClaimedJob, Created, Ended, EventFact, LogRecord, NewAgent, NewChannelAccountRow,
    NewContent, NewInboundEvent, NewMessage, ReadEvent, ToldProfile, WaitingEvent,
};
use model::{
    AgentId, Block, ChannelAccountId, Cursor, CustomerId, DeliveryState, EpisodeId, IdentityId, InboundEventId, JobId,
    MessageId, Role, RouteId, ThreadId, Timestamp, WorkspaceId,
    episode::ReplyKind,
    log::LogKind,
    message::{Author, AuthorKind},
    operation::InboundState,
};
use std::collections::BTreeMap;

/// An account at a provider, as the cases name it.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub id: ChannelAccountId,
    pub workspace: WorkspaceId,
    pub address: String,
    pub callback_key: String,
}

/// A customer who wrote once.
#[derive(Debug, Clone)]
pub(crate) struct Talk {
    pub page: Page,
    pub person: String,
    pub customer: CustomerId,
    pub thread: ThreadId,
    pub identity: IdentityId,
    pub route: RouteId,
}

/// A day in milliseconds.
pub(crate) const DAY: i64 = 86_400_000;

/// The words of a message.
pub(crate) fn blocks(text: &str) -> String {
    serde_json::to_string(&[Block::text(text)]).unwrap()
}

/// An account to connect, with the app secret that it shares with others of its app.
pub(crate) fn new_page(harness: &Harness, workspace: WorkspaceId, address: &str, app: &str) -> NewChannelAccountRow {
    NewChannelAccountRow {
        id: ChannelAccountId(harness.id()),
        workspace_id: workspace,
        kind: "messenger".into(),
        name: format!("Page {address}"),
        address: address.into(),
        namespace: format!("page:{address}"),
        settings: serde_json::Map::from_iter([("page_id".to_owned(), address.into())]),
        secrets: BTreeMap::from([("app_secret".into(), app.into()), ("token".into(), "hush-hush".into())]),
        shared_callback_key: Some(app.into()),
        callback_key: format!("key-{}", harness.id()),
        idempotency: None,
        actor_id: "agt_1".into(),
        now: now(),
    }
}

impl Harness {
    /// A person of the workspace.
    pub async fn agent(&self, workspace: WorkspaceId, email: &str, role: Role) -> AgentId {
        let id = AgentId(self.id());
        let new = NewAgent {
            id,
            workspace_id: workspace,
            email: email.into(),
            name: "Ada".into(),
            role,
            password_hash: None,
            now: now(),
        };
        assert!(self.store.create_agent(new).await.unwrap());
        id
    }

    /// A connected account of an app of its own.
    pub async fn page(&self) -> Page {
        let address = format!("page-{}", self.id());
        self.page_of(self.workspace, &address, &format!("secret of {address}")).await
    }

    /// A connected account.
    pub async fn page_of(&self, workspace: WorkspaceId, address: &str, app: &str) -> Page {
        let new = new_page(self, workspace, address, app);
        let id = new.id;
        assert_eq!(self.store.create_channel_account(new).await.unwrap(), Some(Created::New(id)));
        let row = self.store.find_channel_account(workspace, id).await.unwrap().unwrap();
        let callback_key = row.account.callback_path.rsplit('/').next().unwrap().to_owned();
        Page { id, workspace, address: address.to_owned(), callback_key }
    }

    /// An event as a callback brings it.
    pub fn event(&self, page: &Page, key: &str) -> NewInboundEvent {
        NewInboundEvent {
            id: InboundEventId(self.id()),
            workspace_id: page.workspace,
            callback_key: page.callback_key.clone(),
            channel_account_id: Some(page.id),
            address: page.address.clone(),
            event_key: key.to_owned(),
            lane: 3,
            payload: "{}".into(),
            state: InboundState::Stored,
            error: None,
            received_at: now(),
        }
    }

    /// The stored event that waits under a key.
    pub async fn waiting(&self, page: &Page, id: InboundEventId) -> WaitingEvent {
        let waiting = self.store.list_waiting_events(3, 10_000).await.unwrap();
        let found = waiting.into_iter().find(|event| event.id == id);
        found.unwrap_or_else(|| panic!("{id} of {} does not wait", page.address))
    }

    /// Stores an event and says what it means, with ids for whatever it brings into being.
    pub async fn read(&self, page: &Page, person: Option<&str>, fact: EventFact) -> ReadEvent {
        let event = self.event(page, &format!("event-{}", self.id()));
        let id = event.id;
        assert_eq!(self.store.store_inbound_events(vec![event]).await.unwrap(), 1);
        ReadEvent {
            event: self.waiting(page, id).await,
            sender: person.map(str::to_owned),
            at: now(),
            window_until: None,
            standby: false,
            new_episode: EpisodeId(self.id()),
            profile_job: JobId(self.id()),
            fact,
            new_person: (CustomerId(self.id()), ThreadId(self.id()), IdentityId(self.id()), RouteId(self.id())),
        }
    }

    /// A message from a customer as a fact.
    pub fn message(&self, external_id: &str, text: &str) -> EventFact {
        EventFact::Message { external_id: external_id.to_owned(), content: self.content(text) }
    }

    /// The words of a message.
    pub fn content(&self, text: &str) -> NewContent {
        NewContent {
            message_id: MessageId(self.id()),
            blocks: vec![Block::text(text)],
            not_shown: Vec::new(),
            reply_to: None,
            choice: None,
            media: Vec::new(),
            acknowledgement: false,
        }
    }

    /// An echo as a fact.
    pub fn echo(&self, external_id: &str, message_id: Option<MessageId>) -> EventFact {
        EventFact::Echo {
            external_id: external_id.to_owned(),
            message_id,
            content: self.content("said elsewhere"),
            author_kind: AuthorKind::System,
            author_name: "Another app".into(),
        }
    }

    /// Applies events of one lane.
    pub async fn apply(&self, events: Vec<ReadEvent>) -> usize {
        self.store.apply_inbound_events(3, events).await.unwrap().turned
    }

    /// Stores, reads and applies one fact about a person.
    pub async fn happen(&self, talk: &Talk, fact: EventFact) {
        let event = self.read(&talk.page, Some(&talk.person), fact).await;
        assert_eq!(self.apply(vec![event]).await, 1);
    }

    /// A customer who wrote "hello", a day's window open.
    pub async fn talk(&self) -> Talk {
        let page = self.page().await;
        self.talk_on(&page).await
    }

    /// The same on an account that is there. The provider was asked who they are: no job is left.
    pub async fn talk_on(&self, page: &Page) -> Talk {
        let person = format!("person-{}", self.id());
        let mut event = self.read(page, Some(&person), self.message(&format!("hello of {person}"), "hello")).await;
        event.window_until = Some(now().plus_millis(DAY));
        let (customer, thread, identity, route) = event.new_person;
        assert_eq!(self.apply(vec![event]).await, 1);
        self.store.keep_profile(page.workspace, identity, ToldProfile::default(), now()).await.unwrap();
        Talk { page: page.clone(), person, customer, thread, identity, route }
    }

    /// A message to a customer, as it is queued.
    pub fn answer(&self, talk: &Talk, text: &str) -> NewMessage {
        NewMessage {
            id: MessageId(self.id()),
            workspace_id: talk.page.workspace,
            identity_id: talk.identity,
            route_id: talk.route,
            channel_account_id: talk.page.id,
            author: Author { kind: AuthorKind::Agent, id: Some("agt_1".into()), name: "Ada".into() },
            blocks: vec![Block::text(text)],
            files: Vec::new(),
            first_part: None,
            reply_kind: ReplyKind::Substantive,
            reply_to: None,
            episode_id: None,
            new_episode: EpisodeId(self.id()),
            job_id: JobId(self.id()),
            later: None,
            client_id: None,
            resent_from: None,
            idempotency: None,
            now: now(),
        }
    }

    /// Queues a message to a customer.
    pub async fn queue(&self, talk: &Talk, text: &str) -> MessageId {
        let new = self.answer(talk, text);
        let id = new.id;
        assert_eq!(self.store.create_message(new).await.unwrap(), Created::New(id));
        id
    }

    /// Takes every job that can be taken at a moment, for a minute.
    pub async fn claim(&self, owner: i64, at: Timestamp) -> Vec<ClaimedJob> {
        self.store.claim_jobs(owner, at, at.plus_millis(60_000), 1_000, AccountRoom::unlimited()).await.unwrap()
    }

    /// Takes the job of a message and begins an attempt.
    pub async fn begin(&self, message: MessageId, owner: i64, at: Timestamp) -> (ClaimedJob, i64) {
        let job = self.claim(owner, at).await.into_iter().find(|job| job.subject_id == message.0);
        let job = job.expect("the message's job can be taken");
        let delivery = self.store.find_delivery(job.workspace_id, message).await.unwrap().unwrap();
        let number = delivery.attempts + 1;
        assert!(self.store.start_attempt(job.clone(), owner, message, number, at).await.unwrap());
        (job, number)
    }

    /// Ends an attempt.
    pub async fn end(&self, job: &ClaimedJob, number: i64, outcome: AttemptOutcome, at: Timestamp) {
        let message_id = MessageId(job.subject_id);
        let ended = Ended { job: job.clone(), message_id, number, outcome, now: at };
        self.store.end_attempt(ended).await.unwrap();
    }

    /// Queues a message and has the provider take it.
    pub async fn sent(&self, talk: &Talk, external_id: &str, at: Timestamp) -> MessageId {
        let id = self.queue(talk, external_id).await;
        let (job, number) = self.begin(id, 1, at).await;
        self.end(&job, number, AttemptOutcome::Accepted { external_id: external_id.into() }, at).await;
        id
    }

    /// How far a message came.
    pub async fn state(&self, message: MessageId) -> DeliveryState {
        self.delivery(message).await.state
    }

    /// What the desk is told of a message's delivery.
    pub async fn delivery(&self, message: MessageId) -> model::message::Delivery {
        let mut found = self.store.list_deliveries(self.workspace, vec![message]).await.unwrap();
        found.remove(&message).expect("the message has a delivery").delivery
    }

    /// The workspace's log from its beginning.
    pub async fn log(&self, workspace: WorkspaceId) -> Vec<LogRecord> {
        let records = self.store.list_log_records(workspace, Cursor::START, 100_000).await.unwrap();
        for (record, seq) in records.iter().zip(1..) {
            assert_eq!(record.seq, seq, "the log has no gap");
        }
        records
    }

    /// What the log tells of one message.
    pub async fn told(&self, message: MessageId) -> Vec<LogKind> {
        let log = self.log(self.workspace).await;
        log.iter().filter(|record| record.entry_id == Some(message.0)).map(|record| record.kind).collect()
    }
}
