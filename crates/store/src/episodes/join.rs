//! Which matter a message joins, decided and written in the transaction that stores the message.

use super::{
    promises,
    row::{self, Held},
};
use crate::{
    Store,
    deliveries::Place,
    engine::{Executor, Value, params, queries},
    error::Result,
    jobs,
};
use model::{
    Block, CustomerId, EpisodeId, IdentityId, JobId, Timestamp,
    attribution::{
        Continuation, EndedEpisode, InboundMessage, ObjectRelation, OpenEpisode, Pointers, after_end, join_open,
    },
    block::preview,
    episode::{EpisodeChange, EpisodeEvent, EpisodeRules, Handler, ReplyKind, open},
    log::LogKind,
    objects::named_objects,
};
use std::collections::{BTreeSet, HashMap};

/// The most objects that an episode remembers.
const MAX_OBJECTS: usize = 24;
/// The most characters of a message that are read for objects.
const READ_CHARS: usize = 4_000;

queries! {
    IDENTITIES_OF = Two {
        sqlite: "SELECT id, customer_id FROM identity WHERE customer_id = $1",
        postgres: "SELECT i.id, i.customer_id FROM UNNEST($1::bigint[]) AS u(id) JOIN identity i ON i.customer_id = u.id",
    };
}

/// What a message is to the turns of its episode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TurnPart {
    Message,
    Reopening,
    Coda,
}

impl TurnPart {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Reopening => "reopening",
            Self::Coda => "coda",
        }
    }
}

/// A message that looks for its matter.
pub(crate) struct Spoken<'a> {
    /// What it is to its episode: a message of the customer, or of the business.
    pub event: EpisodeEvent,
    pub blocks: &'a [Block],
    /// It only thanks or confirms.
    pub acknowledgement: bool,
    /// The episode of the message that it quotes, or that its writer named.
    pub quoted: Option<EpisodeId>,
    /// The episode of the message whose option was picked.
    pub picked: Option<EpisodeId>,
    /// The episode that its writer named; it is filed there even when that has ended.
    pub named: Option<EpisodeId>,
    /// For an episode that it may open.
    pub new_episode: EpisodeId,
    /// `agt_…`, `tok_…`; `None` for the customer, and for what was written elsewhere.
    pub actor: Option<&'a str>,
}

impl Spoken<'_> {
    fn is_customers(&self) -> bool {
        self.event == EpisodeEvent::CustomerMessage
    }

    /// Whether it ends a turn.
    fn answers(&self) -> bool {
        matches!(self.event, EpisodeEvent::BusinessMessage { kind: ReplyKind::Substantive, .. })
    }
}

/// Where a message belongs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Joined {
    pub episode_id: EpisodeId,
    pub part: TurnPart,
    /// Why, in a stable word.
    pub reason: &'static str,
}

/// The matters of the customers who speak in one transaction.
pub(crate) struct Joining {
    /// Open ones, locked; those that this transaction opened or reopened too.
    open: HashMap<CustomerId, Vec<Held>>,
    /// The one that ended last. Locked once something happens to it.
    ended: HashMap<CustomerId, Held>,
    /// Ended ones to which something happened.
    touched: Vec<Held>,
    timers: Vec<(EpisodeId, EpisodeChange)>,
}

impl Joining {
    /// Takes the matters of customers who were there before.
    pub(crate) async fn begin(executor: &Executor, customers: BTreeSet<CustomerId>) -> Result<Self> {
        let mut joining = Self { open: HashMap::new(), ended: HashMap::new(), touched: Vec::new(), timers: Vec::new() };
        if customers.is_empty() {
            return Ok(joining);
        }
        let customers: Vec<CustomerId> = customers.into_iter().collect();
        let rows: Vec<[Value<'_>; 1]> = customers.iter().map(|id| params![id.0]).collect();
        let owners: HashMap<IdentityId, CustomerId> = executor
            .batch(IDENTITIES_OF, &rows, |row| Ok((IdentityId(row.int(0)?), CustomerId(row.int(1)?))))
            .await?
            .into_iter()
            .collect();
        for held in row::lock_open(executor, &customers).await? {
            if let Some(customer) = owners.get(&held.identity_id) {
                joining.open.entry(*customer).or_default().push(held);
            }
        }
        let idle: Vec<CustomerId> = customers.into_iter().filter(|id| !joining.open.contains_key(id)).collect();
        if idle.is_empty() {
            return Ok(joining);
        }
        for held in row::last_ended(executor, &idle).await? {
            let Some(customer) = owners.get(&held.identity_id) else { continue };
            let later = |known: &Held| known.facts.last_activity_at() >= held.facts.last_activity_at();
            if !joining.ended.get(customer).is_some_and(later) {
                joining.ended.insert(*customer, held);
            }
        }
        Ok(joining)
    }

    /// Finds the matter of a message, opening or reopening one where the rules say so, and lets it happen to it.
    pub(crate) async fn speak(
        &mut self,
        store: &Store,
        executor: &Executor,
        place: &Place,
        spoken: &Spoken<'_>,
        now: Timestamp,
    ) -> Result<Joined> {
        let objects = named_objects(&preview(spoken.blocks, READ_CHARS));
        let customer = place.customer_id;
        let open: Vec<OpenEpisode> = self
            .open
            .get(&customer)
            .into_iter()
            .flatten()
            .filter(|held| held.facts.state.is_open())
            .map(|held| OpenEpisode {
                id: held.id,
                last_activity_at: held.facts.last_activity_at(),
                names_entity: relation(&held.objects, &objects) == ObjectRelation::Same,
                topic_score: 0.0,
            })
            .collect();
        if let Some(named) = spoken.named
            && !open.iter().any(|episode| episode.id == named)
            && let Some(joined) = self.file_under(store, executor, place, named, spoken, now).await?
        {
            return Ok(joined);
        }
        let pointers = Pointers { quoted: spoken.quoted, button: spoken.picked };
        if let Some((id, reason)) = join_open(&open, pointers) {
            self.happen(store, executor, place, id, spoken, &objects, now).await?;
            return Ok(Joined { episode_id: id, part: TurnPart::Message, reason: reason.as_str() });
        }
        if let Some(joined) = self.continue_ended(store, executor, place, spoken, &objects, now).await? {
            return Ok(joined);
        }
        let id = self.open_new(store, executor, place, spoken, None, now)?;
        self.happen(store, executor, place, id, spoken, &objects, now).await?;
        Ok(Joined { episode_id: id, part: TurnPart::Message, reason: "new" })
    }

    /// Files a message under an ended matter, which stays ended. `None` when that is gone.
    async fn file_under(
        &mut self,
        store: &Store,
        executor: &Executor,
        place: &Place,
        id: EpisodeId,
        spoken: &Spoken<'_>,
        now: Timestamp,
    ) -> Result<Option<Joined>> {
        let Some(mut held) = row::lock(executor, place.workspace_id, id).await? else { return Ok(None) };
        // A matter that takes no more steps holds the message all the same.
        let _ = held.step(store, executor, place, &spoken.event, spoken.actor, now)?;
        self.touched.push(held);
        Ok(Some(Joined { episode_id: id, part: TurnPart::Message, reason: "named" }))
    }

    /// What a message is to the matter that ended last; `None`: nothing, it begins its own.
    async fn continue_ended(
        &mut self,
        store: &Store,
        executor: &Executor,
        place: &Place,
        spoken: &Spoken<'_>,
        objects: &[String],
        now: Timestamp,
    ) -> Result<Option<Joined>> {
        let Some(ended) = self.ended.get(&place.customer_id) else { return Ok(None) };
        let (id, rules) = (ended.id, EpisodeRules::default());
        let Some(ended_at) = ended.facts.ended_at() else { return Ok(None) };
        let points_here = [spoken.quoted, spoken.picked].contains(&Some(id));
        let continuation = if spoken.is_customers() {
            let relation = relation(&ended.objects, objects);
            let inbound = InboundMessage {
                at: now,
                acknowledgement: spoken.acknowledgement,
                explicit: false,
                intent_similarity: None,
                // Quoting a message of the matter names what it is about as surely as its number does.
                object: if points_here { ObjectRelation::Same } else { relation },
                same_journey: false,
            };
            after_end(&EndedEpisode { ended_at, closed_at: ended.facts.closed_at }, &inbound, &rules)
        } else if ended.facts.closed_at.is_none() {
            // The business adds a word to what it holds for solved.
            Continuation::Coda
        } else {
            Continuation::New
        };
        match continuation {
            Continuation::Coda => {
                self.take_ended(executor, place).await?;
                self.happen_ended(store, executor, place, spoken, now).await?;
                Ok(Some(Joined { episode_id: id, part: TurnPart::Coda, reason: "coda" }))
            }
            Continuation::Reopen(ground) => {
                let Some(held) = self.take_ended(executor, place).await? else { return Ok(None) };
                self.touched.retain(|touched| touched.id != held.id);
                self.ended.remove(&place.customer_id);
                self.open.entry(place.customer_id).or_default().push(held);
                self.happen(store, executor, place, id, spoken, objects, now).await?;
                Ok(Some(Joined { episode_id: id, part: TurnPart::Reopening, reason: ground.as_str() }))
            }
            Continuation::FollowUp(ground) => {
                let new = self.open_new(store, executor, place, spoken, Some(id), now)?;
                self.happen(store, executor, place, new, spoken, objects, now).await?;
                Ok(Some(Joined { episode_id: new, part: TurnPart::Message, reason: ground.as_str() }))
            }
            Continuation::New => Ok(None),
        }
    }

    /// Locks the matter that ended last and reads it anew.
    async fn take_ended(&mut self, executor: &Executor, place: &Place) -> Result<Option<Held>> {
        let Some(known) = self.ended.get(&place.customer_id) else { return Ok(None) };
        if let Some(touched) = self.touched.iter().find(|touched| touched.id == known.id) {
            return Ok(Some(touched.clone()));
        }
        let locked = row::lock(executor, known.workspace_id, known.id).await?;
        if let Some(held) = &locked {
            self.touched.push(held.clone());
        }
        Ok(locked)
    }

    async fn happen_ended(
        &mut self,
        store: &Store,
        executor: &Executor,
        place: &Place,
        spoken: &Spoken<'_>,
        now: Timestamp,
    ) -> Result<()> {
        let Some(id) = self.ended.get(&place.customer_id).map(|held| held.id) else { return Ok(()) };
        let Some(held) = self.touched.iter_mut().find(|held| held.id == id) else { return Ok(()) };
        let event = if spoken.is_customers() { EpisodeEvent::Coda } else { spoken.event.clone() };
        // Refused only when it was opened again meanwhile, by another process: then it is a message like any other.
        if held.step(store, executor, place, &event, None, now)?.is_err() {
            let event = EpisodeEvent::CustomerMessage;
            let _ = held.step(store, executor, place, &event, None, now)?;
        }
        Ok(())
    }

    fn open_new(
        &mut self,
        store: &Store,
        executor: &Executor,
        place: &Place,
        spoken: &Spoken<'_>,
        follows: Option<EpisodeId>,
        now: Timestamp,
    ) -> Result<EpisodeId> {
        let held = begin(store, executor, place, spoken.new_episode, follows, spoken.actor, now)?;
        let id = held.id;
        self.open.entry(place.customer_id).or_default().push(held);
        Ok(id)
    }

    #[expect(clippy::too_many_arguments, reason = "one message and everything that it happens in")]
    async fn happen(
        &mut self,
        store: &Store,
        executor: &Executor,
        place: &Place,
        id: EpisodeId,
        spoken: &Spoken<'_>,
        objects: &[String],
        now: Timestamp,
    ) -> Result<()> {
        let held = self.open.get_mut(&place.customer_id).and_then(|all| all.iter_mut().find(|held| held.id == id));
        let Some(held) = held else { return Ok(()) };
        for object in objects {
            if !held.objects.contains(object) && held.objects.len() < MAX_OBJECTS {
                held.objects.push(object.clone());
            }
        }
        let promised = held.facts.promise_due_at.is_some() && spoken.answers();
        // What the customer or the business says is never refused on an open matter.
        if let Ok(changes) = held.step(store, executor, place, &spoken.event, spoken.actor, now)? {
            self.timers.extend(changes.into_iter().map(|change| (id, change)));
        }
        if promised {
            promises::keep(store, executor, held, place, spoken.actor, now).await?;
        }
        Ok(())
    }

    /// Writes the matters and their timers. Comes before the messages that name them.
    pub(crate) async fn save(&mut self, store: &Store, executor: &Executor, now: Timestamp) -> Result<()> {
        let mut all: Vec<Held> = self.open.drain().flat_map(|(_, held)| held).chain(self.touched.drain(..)).collect();
        // In one order everywhere, or two processes wait for each other.
        all.sort_by_key(|held| held.id);
        row::save(executor, &mut all).await?;
        for (id, change) in self.timers.drain(..) {
            let (EpisodeChange::TimerSet { kind, at }, Some(held)) = (change, all.iter().find(|held| held.id == id))
            else {
                continue;
            };
            let job = JobId(store.new_id()?);
            jobs::set_timer(executor, held.workspace_id, job, row::timer_job(kind), id.0, at, now).await?;
        }
        Ok(())
    }
}

/// A new matter, told to the log. Not in the table yet.
pub(crate) fn begin(
    store: &Store,
    executor: &Executor,
    place: &Place,
    id: EpisodeId,
    follows: Option<EpisodeId>,
    actor: Option<&str>,
    now: Timestamp,
) -> Result<Held> {
    let opened = open(Handler::Human, now);
    let held = Held {
        id,
        workspace_id: place.workspace_id,
        identity_id: place.identity_id,
        subject: String::new(),
        topic: String::new(),
        follows_id: follows,
        facts: opened.facts,
        objects: Vec::new(),
        last_act: None,
        is_new: true,
        changed: false,
    };
    for change in &opened.changes {
        held.tell(store, executor, place, change, actor, now)?;
    }
    if let Some(earlier) = follows {
        held.tell_link(store, executor, place, LogKind::EpisodeLinked, earlier, actor, now)?;
    }
    Ok(held)
}

/// How what a message names relates to what an episode is about.
fn relation(known: &[String], named: &[String]) -> ObjectRelation {
    if known.is_empty() || named.is_empty() {
        ObjectRelation::Unknown
    } else if named.iter().any(|object| known.contains(object)) {
        ObjectRelation::Same
    } else {
        ObjectRelation::Different
    }
}
