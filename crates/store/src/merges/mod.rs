//! Merging customers and taking it back, as `model::merge` says: identities are re-pointed and nothing else, so that a merge
//! changes a handful of rows whatever the history ([`self`]). What it is told as is in [`reads`].
//!
//! Taking a merge back moves what either said meanwhile out of the other's matters ([`episodes::part`]): as many rows as that was.
//!
//! Whoever merges holds every inbound lane: a message that arrives meanwhile is filed before or after it, never between. Whoever
//! writes to a customer holds the identity ([`hold_place`]).

mod reads;

use crate::{
    Store,
    deliveries::Place,
    engine::{Executor, Row, params, queries},
    episodes::{self, row},
    error::{Result, StoreError},
    idempotency::{Created, Idempotency, claim, give_back},
    inbound::hold_lanes,
    log::NewRecord,
};
use futures_util::FutureExt;
use model::{
    CustomerId, IdentityId, MergeId, ThreadId, Timestamp, WorkspaceId, customer::VerificationLevel, log::LogKind,
    merge_record::Unmerge,
};
use serde_json::json;

#[cfg(test)]
pub(crate) const ALL_QUERIES: [&[(&str, crate::engine::Query)]; 2] = [QUERIES, reads::QUERIES];

/// How far apart the ids of things may lie that happen together on several nodes: ten minutes of an id's milliseconds.
const CLOCKS_APART: i64 = (10 * 60_000) << 22;

/// Two customers to make one of.
#[derive(Debug, Clone)]
pub struct NewMerge {
    /// Made by the caller.
    pub id: MergeId,
    /// Where.
    pub workspace_id: WorkspaceId,
    /// One of them; the order of the two does not matter.
    pub one: CustomerId,
    /// The other.
    pub other: CustomerId,
    /// Why, in a person's words; may be empty.
    pub reason: String,
    /// Merge them although both are verified, as different people.
    pub force: bool,
    /// Who merges them.
    pub actor_id: String,
    /// For the entry on the survivor's thread and the one on the alias's.
    pub entries: [i64; 2],
    /// The caller's key.
    pub idempotency: Option<Idempotency>,
    /// Now.
    pub now: Timestamp,
}

/// What came of merging.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merged {
    /// They are one, now or by the same request before.
    Done(MergeId),
    /// The key was used for another request.
    KeyReused,
    /// One of them does not exist.
    Missing,
    /// They are the same customer already.
    Same,
    /// Both have a verified identity in the same namespace.
    VerifiedApart,
}

/// A merge to take back.
#[derive(Debug, Clone)]
pub struct UndoneMerge {
    /// Which.
    pub id: MergeId,
    /// Where.
    pub workspace_id: WorkspaceId,
    /// Who takes it back.
    pub actor_id: String,
    /// For the entry on the survivor's thread and the one on the alias's.
    pub entries: [i64; 2],
    /// Now.
    pub now: Timestamp,
}

/// What came of taking a merge back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undone {
    /// They are two again.
    Done(Box<Unmerge>),
    /// There is no such merge.
    Missing,
    /// It was taken back before.
    Before,
}

queries! {
    /// On PostgreSQL held until COMMIT, so that no merge moves it meanwhile.
    HOLD_OWNER = Two {
        sqlite: "SELECT customer_id FROM identity WHERE workspace_id = $1 AND id = $2",
        postgres: "SELECT customer_id FROM identity WHERE workspace_id = $1 AND id = $2 FOR SHARE",
    };
    EXISTS = Same("SELECT id FROM merge WHERE workspace_id = $1 AND id = $2");
    /// A customer, or whom an alias stands for, with their thread.
    KNOWN = Same("SELECT c.id, t.id, t.created_at FROM customer x JOIN customer c ON c.id = COALESCE(x.merged_into, x.id) JOIN thread t ON t.customer_id = c.id WHERE x.workspace_id = $1 AND x.id = $2");
    VERIFIED_APART = Same("SELECT a.id FROM identity a JOIN identity b ON b.namespace = a.namespace WHERE a.customer_id = $1 AND a.verification = 'verified' AND b.customer_id = $2 AND b.verification = 'verified' LIMIT 1");
    INSERT = Same("INSERT INTO merge (id, workspace_id, survivor_id, alias_id, at, actor_id, reason) VALUES ($1, $2, $3, $4, $5, $6, $7)");
    HOLD_IDENTITIES = Same("INSERT INTO merge_identity (merge_id, identity_id) SELECT CAST($1 AS BIGINT), id FROM identity WHERE customer_id = $2");
    REPOINT = Same("UPDATE identity SET customer_id = $1 WHERE customer_id = $2");
    POINT_CUSTOMER = Same("UPDATE customer SET merged_into = $1 WHERE workspace_id = $2 AND id = $3");
    POINT_THREAD = Same("UPDATE thread SET merged_into = $1 WHERE workspace_id = $2 AND id = $3");
    FORWARD_CUSTOMERS = Same("UPDATE customer SET merged_into = $1 WHERE merged_into = $2");
    FORWARD_THREADS = Same("UPDATE thread SET merged_into = $1 WHERE merged_into = $2");
    /// An identity that did not come with a merge: what is told of a customer's own thread is filed under it.
    OWN_IDENTITY = Same("SELECT i.id FROM identity i WHERE i.customer_id = $1 ORDER BY CASE WHEN EXISTS (SELECT 1 FROM merge_identity h WHERE h.identity_id = i.id) THEN 1 ELSE 0 END, i.id LIMIT 1");
    IDENTITIES_OF = Same("SELECT id FROM identity WHERE customer_id = $1");
    /// The newest of the entries that make a thread active. Some are looked at, as those that several processes write are not
    /// quite in the order of their times.
    LAST_ACTIVE = Same("SELECT max(e.at) FROM (SELECT at FROM log WHERE identity_id = $1 AND shown AND kind IN ('message.received', 'message.queued', 'message.echoed', 'note.written', 'event.kept', 'event.happened') ORDER BY seq DESC LIMIT 100) AS e");
    SET_ACTIVITY = Same("UPDATE thread SET last_activity_at = COALESCE(CAST($1 AS BIGINT), created_at) WHERE workspace_id = $2 AND id = $3");
    FIND = Same("SELECT m.survivor_id, m.alias_id, m.undone_at, m.undone_by, t.id FROM merge m JOIN thread t ON t.customer_id = m.alias_id WHERE m.workspace_id = $1 AND m.id = $2");
    /// The merge that leads on from a customer.
    NEXT = Same("SELECT id, survivor_id FROM merge WHERE alias_id = $1 AND undone_at IS NULL");
    GIVE_BACK = Same("UPDATE identity SET customer_id = $1 WHERE id IN (SELECT identity_id FROM merge_identity WHERE merge_id = $2)");
    FORGET_IDENTITIES = Same("DELETE FROM merge_identity WHERE merge_id = $1 AND identity_id IN (SELECT identity_id FROM merge_identity WHERE merge_id = $2)");
    FORGET_ALL = Same("DELETE FROM merge_identity WHERE merge_id = $1");
    END = Same("UPDATE merge SET undone_at = $1, undone_by = $2 WHERE workspace_id = $3 AND id = $4");
    /// Who became a part of a customer, by merges that stand or not.
    PARTS = Same("SELECT m.alias_id, t.id, m.undone_at FROM merge m JOIN thread t ON t.customer_id = m.alias_id WHERE m.survivor_id = $1");
    SET_VERIFICATION = Same("UPDATE identity SET verification = $1, verification_source = $2, verification_at = $3 WHERE workspace_id = $4 AND id = $5");
}

/// Where what is written to an identity is shown, held until the end of the transaction.
pub(crate) async fn hold_place(
    executor: &Executor,
    workspace_id: WorkspaceId,
    identity_id: IdentityId,
) -> Result<Place> {
    executor.query(HOLD_OWNER, &params![workspace_id.0, identity_id.0], |row| row.int(0)).await?;
    row::place(executor, workspace_id, identity_id).await
}

/// A customer who is shown, with their thread. The older thread is the lesser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Known {
    began_at: Timestamp,
    customer_id: CustomerId,
    thread_id: ThreadId,
}

async fn known(executor: &Executor, workspace_id: WorkspaceId, id: CustomerId) -> Result<Option<Known>> {
    let read = |row: &Row<'_>| {
        Ok(Known {
            began_at: Timestamp(row.int(2)?),
            customer_id: CustomerId(row.int(0)?),
            thread_id: ThreadId(row.int(1)?),
        })
    };
    executor.query_opt(KNOWN, &params![workspace_id.0, id.0], read).await
}

async fn are_verified_apart(executor: &Executor, one: CustomerId, other: CustomerId) -> Result<bool> {
    Ok(executor.query_opt(VERIFIED_APART, &params![one.0, other.0], |row| row.int(0)).await?.is_some())
}

async fn own_identity(executor: &Executor, customer: CustomerId) -> Result<Option<IdentityId>> {
    executor.query_opt(OWN_IDENTITY, &params![customer.0], |row| Ok(IdentityId(row.int(0)?))).await
}

/// Counts a thread's activity anew from what its identities' entries say.
async fn set_activity(executor: &Executor, workspace_id: WorkspaceId, known: (CustomerId, ThreadId)) -> Result<()> {
    let identities = executor.query(IDENTITIES_OF, &params![known.0.0], |row| row.int(0)).await?;
    let mut last = None;
    for identity in identities {
        last = last.max(executor.query_opt(LAST_ACTIVE, &params![identity], |row| row.opt_int(0)).await?.flatten());
    }
    executor.execute(SET_ACTIVITY, &params![last, workspace_id.0, known.1.0]).await.map(|_| ())
}

/// What both threads are told, each under an identity of its own.
struct Told<'a> {
    kind: LogKind,
    workspace_id: WorkspaceId,
    merge_id: MergeId,
    survivor: CustomerId,
    alias: CustomerId,
    actor_id: &'a str,
    now: Timestamp,
}

impl Told<'_> {
    fn on(
        &self,
        executor: &Executor,
        customer: CustomerId,
        thread: ThreadId,
        identity: Option<IdentityId>,
        entry: i64,
    ) {
        let mut record = NewRecord::new(self.workspace_id, self.now, self.kind);
        record.customer_id = Some(customer);
        record.thread_id = Some(thread);
        record.identity_id = identity;
        record.entry_id = Some(entry);
        record.actor_id = Some(self.actor_id.to_owned());
        record.subject_id = Some(self.merge_id.to_string());
        let detail = json!({ "related": self.merge_id, "survivor": self.survivor, "alias": self.alias });
        record.detail = Some(detail.to_string());
        executor.log(record);
    }
}

async fn merge(executor: &Executor, new: &NewMerge) -> Result<Merged> {
    let workspace = new.workspace_id;
    hold_lanes(executor).await?;
    if executor.query_opt(EXISTS, &params![workspace.0, new.id.0], |_| Ok(())).await?.is_some() {
        return Ok(Merged::Done(new.id));
    }
    match claim(executor, workspace, new.idempotency.as_ref(), new.id.0, new.now).await? {
        Created::New(_) => {}
        Created::Before(id) => return Ok(Merged::Done(MergeId(id))),
        Created::KeyReused => return Ok(Merged::KeyReused),
    }
    let refused = match (known(executor, workspace, new.one).await?, known(executor, workspace, new.other).await?) {
        (None, _) | (_, None) => Merged::Missing,
        (Some(one), Some(other)) if one == other => Merged::Same,
        (Some(one), Some(other)) => {
            let (survivor, alias) = (one.min(other), one.max(other));
            if new.force || !are_verified_apart(executor, survivor.customer_id, alias.customer_id).await? {
                join(executor, new, survivor, alias).await?;
                return Ok(Merged::Done(new.id));
            }
            Merged::VerifiedApart
        }
    };
    give_back(executor, workspace, new.idempotency.as_ref(), new.id.0).await?;
    Ok(refused)
}

async fn join(executor: &Executor, new: &NewMerge, survivor: Known, alias: Known) -> Result<()> {
    let workspace = new.workspace_id;
    let (to, from) = (survivor.customer_id, alias.customer_id);
    // Before the identities are one's: each thread is told under an identity of its own.
    let own = (own_identity(executor, to).await?, own_identity(executor, from).await?);
    let params = params![new.id.0, workspace.0, to.0, from.0, new.now, &new.actor_id, &new.reason];
    executor.execute(INSERT, &params).await?;
    executor.execute(HOLD_IDENTITIES, &params![new.id.0, from.0]).await?;
    executor.execute(REPOINT, &params![to.0, from.0]).await?;
    executor.execute(POINT_CUSTOMER, &params![to.0, workspace.0, from.0]).await?;
    executor.execute(FORWARD_CUSTOMERS, &params![to.0, from.0]).await?;
    executor.execute(POINT_THREAD, &params![survivor.thread_id.0, workspace.0, alias.thread_id.0]).await?;
    executor.execute(FORWARD_THREADS, &params![survivor.thread_id.0, alias.thread_id.0]).await?;
    set_activity(executor, workspace, (to, survivor.thread_id)).await?;
    let told = Told {
        kind: LogKind::CustomerMerged,
        workspace_id: workspace,
        merge_id: new.id,
        survivor: to,
        alias: from,
        actor_id: &new.actor_id,
        now: new.now,
    };
    told.on(executor, to, survivor.thread_id, own.0, new.entries[0]);
    told.on(executor, from, alias.thread_id, own.1, new.entries[1]);
    Ok(())
}

/// Points an alias, and whoever stands behind it, to the alias itself.
async fn show(executor: &Executor, workspace: WorkspaceId, alias: CustomerId, thread: ThreadId) -> Result<()> {
    executor.execute(POINT_CUSTOMER, &params![None::<i64>, workspace.0, alias.0]).await?;
    executor.execute(POINT_THREAD, &params![None::<i64>, workspace.0, thread.0]).await?;
    let mut behind = vec![alias.0];
    while let Some(customer) = behind.pop() {
        let read = |row: &Row<'_>| Ok((row.int(0)?, row.int(1)?, row.opt_int(2)?));
        let parts = executor.query(PARTS, &params![customer], read).await?;
        for (part, part_thread, _) in parts.into_iter().filter(|(.., undone_at)| undone_at.is_none()) {
            executor.execute(POINT_CUSTOMER, &params![alias.0, workspace.0, part]).await?;
            executor.execute(POINT_THREAD, &params![thread.0, workspace.0, part_thread]).await?;
            behind.push(part);
        }
    }
    Ok(())
}

async fn undo(store: &Store, executor: &Executor, undone: &UndoneMerge) -> Result<Undone> {
    let workspace = undone.workspace_id;
    hold_lanes(executor).await?;
    let read = |row: &Row<'_>| {
        let ended = row.opt_int(2)?.map(Timestamp).zip(row.opt_text(3)?);
        Ok((CustomerId(row.int(0)?), CustomerId(row.int(1)?), ended, ThreadId(row.int(4)?)))
    };
    let found = executor.query_opt(FIND, &params![workspace.0, undone.id.0], read).await?;
    let Some((survivor, alias, ended, alias_thread)) = found else { return Ok(Undone::Missing) };
    if let Some(ended) = ended {
        let by_this_run = ended == (undone.now, undone.actor_id.clone());
        return match reads::unmerge(executor, workspace, undone.id).await? {
            Some(told) if by_this_run => Ok(Undone::Done(Box::new(told))),
            _ => Ok(Undone::Before),
        };
    }
    let mut told = reads::unmerge(executor, workspace, undone.id)
        .await?
        .ok_or_else(|| StoreError::Internal(format!("{} cannot be read", undone.id)))?;
    let root = known(executor, workspace, survivor)
        .await?
        .ok_or_else(|| StoreError::Internal(format!("{survivor} has no thread")))?;
    executor.execute(GIVE_BACK, &params![alias.0, undone.id.0]).await?;
    // The merges that moved them on forget them: those on the way from the survivor to whoever owned them until now.
    let mut at = survivor.0;
    while let Some((later, next)) = executor.query_opt(NEXT, &params![at], |row| Ok((row.int(0)?, row.int(1)?))).await?
    {
        executor.execute(FORGET_IDENTITIES, &params![later, undone.id.0]).await?;
        at = next;
    }
    executor.execute(FORGET_ALL, &params![undone.id.0]).await?;
    executor.execute(END, &params![undone.now, &undone.actor_id, workspace.0, undone.id.0]).await?;
    show(executor, workspace, alias, alias_thread).await?;
    // What was filed while they were one: a message that was stored before the merge may have been read after it.
    let since = undone.id.0 - CLOCKS_APART;
    episodes::part(store, executor, workspace, [root.customer_id, alias], since, &undone.actor_id, undone.now).await?;
    set_activity(executor, workspace, (root.customer_id, root.thread_id)).await?;
    set_activity(executor, workspace, (alias, alias_thread)).await?;
    let record = Told {
        kind: LogKind::CustomerUnmerged,
        workspace_id: workspace,
        merge_id: undone.id,
        survivor: root.customer_id,
        alias,
        actor_id: &undone.actor_id,
        now: undone.now,
    };
    let own = (own_identity(executor, root.customer_id).await?, own_identity(executor, alias).await?);
    record.on(executor, root.customer_id, root.thread_id, own.0, undone.entries[0]);
    record.on(executor, alias, alias_thread, own.1, undone.entries[1]);
    if let Some(merge) = reads::find(executor, workspace, undone.id).await? {
        told.merge = merge;
    }
    Ok(Undone::Done(Box::new(told)))
}

impl Store {
    /// Makes one customer of two: the one with the older thread stays.
    pub async fn merge_customers(&self, new: NewMerge) -> Result<Merged> {
        let (merged, _) = self.write(new, |executor, new| merge(executor, new).boxed()).await?;
        Ok(merged)
    }

    /// Takes a merge back; others stand. Gives back what it still holds.
    pub async fn undo_merge(&self, undone: UndoneMerge) -> Result<Undone> {
        let input = (self.clone(), undone);
        let (undone, _) = self.write(input, |executor, (store, undone)| undo(store, executor, undone).boxed()).await?;
        Ok(undone)
    }

    /// Says how sure it is that an identity is its customer's, by whom (a stable word) and since when. False when there is no such
    /// identity.
    pub async fn set_verification(
        &self,
        workspace_id: WorkspaceId,
        id: IdentityId,
        level: VerificationLevel,
        source: &'static str,
        now: Timestamp,
    ) -> Result<bool> {
        let (found, _) = self
            .write((workspace_id, id, level, source, now), |executor, (workspace_id, id, level, source, now)| {
                async move {
                    let params = params![level.as_str(), *source, *now, workspace_id.0, id.0];
                    if executor.execute(SET_VERIFICATION, &params).await? == 0 {
                        return Ok(false);
                    }
                    let place = row::place(executor, *workspace_id, *id).await?;
                    let mut record = NewRecord::new(*workspace_id, *now, LogKind::CustomerChanged);
                    record.customer_id = Some(place.customer_id);
                    record.thread_id = Some(place.thread_id);
                    record.identity_id = Some(*id);
                    executor.log(record);
                    Ok(true)
                }
                .boxed()
            })
            .await?;
        Ok(found)
    }
}
