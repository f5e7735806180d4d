//! What merging would do, has done, and what taking it back gives.

use super::{are_verified_apart, known};
use crate::{
    Store, customers,
    engine::{Executor, Query, Row, params, queries},
    entries::actor_names,
    error::Result,
};
use futures_util::FutureExt;
use model::{
    CustomerId, IdentityId, MergeId, NoteId, ThreadId, Timestamp, WorkspaceId,
    merge_record::{BoundedCount, Merge, MergePreview, MergeSide, Staying, StayingKind, Unmerge},
};
use std::collections::BTreeSet;

/// The most merges that a list holds.
const MOST_MERGES: usize = 100;
/// The most things that are named as staying.
const MOST_STAYING: usize = 100;

/// What every query of merges gives.
macro_rules! merge_columns {
    () => {
        "m.id, m.survivor_id, st.id, m.alias_id, al.id, c.name, m.at, m.actor_id, m.reason, m.undone_at, m.undone_by"
    };
}
/// The rows beside the merge `m`.
macro_rules! beside {
    () => {
        " JOIN thread st ON st.customer_id = m.survivor_id JOIN thread al ON al.customer_id = m.alias_id JOIN customer c ON c.id = m.alias_id "
    };
}

queries! {
    GET = Same(concat!("SELECT ", merge_columns!(), " FROM merge m", beside!(), "WHERE m.workspace_id = $1 AND m.id = $2"));
    /// A customer, and whoever is a part of them.
    WITH_PARTS = Same("SELECT id FROM customer WHERE id = $1 UNION ALL SELECT id FROM customer WHERE merged_into = $1");
    LIST = Same(concat!("SELECT ", merge_columns!(), " FROM merge m", beside!(), "WHERE m.survivor_id = $1 ORDER BY m.id DESC LIMIT $2"));
    MOVED = Same("SELECT identity_id FROM merge_identity WHERE merge_id = $1");
    /// Those that the customer was first reached over since a moment, and not through a merge.
    NEW_IDENTITIES = Same("SELECT i.id, i.created_at FROM identity i WHERE i.customer_id = $1 AND i.created_at > $2 AND NOT EXISTS (SELECT 1 FROM merge_identity h WHERE h.identity_id = i.id)");
    OTHER_IDENTITIES = Same("SELECT i.id FROM identity i WHERE i.customer_id = $1 AND NOT EXISTS (SELECT 1 FROM merge_identity h WHERE h.merge_id = $2 AND h.identity_id = i.id)");
    NOTES_SINCE = Same("SELECT id, at FROM note WHERE identity_id = $1 AND episode_id IS NULL AND at >= $2 ORDER BY id DESC LIMIT $3");
    ACTIVITY = Same("SELECT last_activity_at FROM thread WHERE customer_id = $1");
    SOME_ENTRIES = Same("SELECT seq FROM log WHERE identity_id = $1 AND shown LIMIT $2");
    SOME_OPEN = Same("SELECT id FROM episode WHERE identity_id = $1 AND state NOT IN ('resolved', 'closed') LIMIT $2");
}

/// A merge as its row tells it: without names and identities, with the ids of who acted.
fn read_merge(row: &Row<'_>) -> Result<Merge> {
    Ok(Merge {
        id: MergeId(row.int(0)?),
        survivor_id: CustomerId(row.int(1)?),
        survivor_thread_id: ThreadId(row.int(2)?),
        alias_id: CustomerId(row.int(3)?),
        alias_thread_id: ThreadId(row.int(4)?),
        alias_name: row.text(5)?,
        at: Timestamp(row.int(6)?),
        by: Some(row.text(7)?),
        reason: row.text(8)?,
        undone_at: row.opt_int(9)?.map(Timestamp),
        undone_by: row.opt_text(10)?,
        identities: Vec::new(),
    })
}

/// Adds the identities that merges hold, and the names of who acted instead of their ids.
async fn complete(executor: &Executor, workspace_id: WorkspaceId, merges: &mut [Merge]) -> Result<()> {
    let actors: BTreeSet<&str> =
        merges.iter().flat_map(|merge| [merge.by.as_deref(), merge.undone_by.as_deref()]).flatten().collect();
    let names = actor_names(executor, workspace_id, &actors).await?;
    for merge in merges {
        merge.by = merge.by.take().and_then(|id| names.get(&id).cloned());
        merge.undone_by = merge.undone_by.take().and_then(|id| names.get(&id).cloned());
        let moved = executor.query(MOVED, &params![merge.id.0], |row| Ok(IdentityId(row.int(0)?))).await?;
        merge.identities = customers::find_identities(executor, &moved).await?;
    }
    Ok(())
}

/// One merge.
pub(super) async fn find(executor: &Executor, workspace_id: WorkspaceId, id: MergeId) -> Result<Option<Merge>> {
    let mut found = executor.query(GET, &params![workspace_id.0, id.0], read_merge).await?;
    complete(executor, workspace_id, &mut found).await?;
    Ok(found.pop())
}

/// What taking a merge back gives, and what stays. Of one that was taken back before: nothing.
pub(super) async fn unmerge(executor: &Executor, workspace_id: WorkspaceId, id: MergeId) -> Result<Option<Unmerge>> {
    let Some(merge) = find(executor, workspace_id, id).await? else { return Ok(None) };
    let mut stays = Vec::new();
    let owner = known(executor, workspace_id, merge.survivor_id).await?;
    if let Some(owner) = owner.filter(|_| merge.undone_at.is_none()) {
        let params = params![owner.customer_id.0, merge.at];
        let read = |row: &Row<'_>| Ok((IdentityId(row.int(0)?), Timestamp(row.int(1)?)));
        for (identity, at) in executor.query(NEW_IDENTITIES, &params, read).await? {
            stays.push(Staying { kind: StayingKind::Identity, id: identity.to_string(), at });
        }
        let others = executor.query(OTHER_IDENTITIES, &params![owner.customer_id.0, id.0], |row| row.int(0)).await?;
        let most = MOST_STAYING as i64;
        for identity in others {
            let params = params![identity, merge.at, most];
            let read = |row: &Row<'_>| Ok((NoteId(row.int(0)?), Timestamp(row.int(1)?)));
            for (note, at) in executor.query(NOTES_SINCE, &params, read).await? {
                stays.push(Staying { kind: StayingKind::Note, id: note.to_string(), at });
            }
        }
        stays.sort_by(|one, other| (other.at, &other.id).cmp(&(one.at, &one.id)));
        stays.truncate(MOST_STAYING);
    }
    Ok(Some(Unmerge { returns: merge.identities.clone(), merge, stays }))
}

/// Counts rows of identities, no further than needed.
async fn count(executor: &Executor, query: Query, identities: &[IdentityId]) -> Result<BoundedCount> {
    let most = i64::from(BoundedCount::MOST) + 1;
    let mut counted = 0;
    for identity in identities {
        if counted < most {
            let params = params![identity.0, most - counted];
            counted += executor.query(query, &params, |_| Ok(())).await?.len() as i64;
        }
    }
    Ok(BoundedCount::of(u32::try_from(counted).unwrap_or(u32::MAX)))
}

async fn side(executor: &Executor, workspace_id: WorkspaceId, id: CustomerId) -> Result<Option<MergeSide>> {
    let Some(known) = known(executor, workspace_id, id).await? else { return Ok(None) };
    let Some(customer) = customers::find(executor, workspace_id, known.customer_id).await? else { return Ok(None) };
    let active = executor.query_opt(ACTIVITY, &params![known.customer_id.0], |row| row.int(0)).await?;
    let identities: Vec<IdentityId> = customer.identities.iter().map(|identity| identity.id).collect();
    Ok(Some(MergeSide {
        thread_began_at: known.began_at,
        last_activity_at: active.map_or(known.began_at, Timestamp),
        entries: count(executor, SOME_ENTRIES, &identities).await?,
        open_episodes: count(executor, SOME_OPEN, &identities).await?,
        customer,
    }))
}

impl Store {
    /// What merging two customers would do. `None` when one does not exist. Of two that are one already both sides are that one.
    pub async fn preview_merge(
        &self,
        workspace_id: WorkspaceId,
        one: CustomerId,
        other: CustomerId,
    ) -> Result<Option<MergePreview>> {
        self.read((workspace_id, one, other), |executor, (workspace_id, one, other)| {
            async move {
                let sides = (side(executor, *workspace_id, *one).await?, side(executor, *workspace_id, *other).await?);
                let (Some(one), Some(other)) = sides else { return Ok(None) };
                let apart = are_verified_apart(executor, one.customer.id, other.customer.id).await?;
                Ok(Some(MergePreview::of(one, other, apart)))
            }
            .boxed()
        })
        .await
    }

    /// One merge, standing or taken back.
    pub async fn find_merge(&self, workspace_id: WorkspaceId, id: MergeId) -> Result<Option<Merge>> {
        self.read((workspace_id, id), |executor, (workspace_id, id)| {
            async move { find(executor, *workspace_id, *id).await }.boxed()
        })
        .await
    }

    /// What taking a merge back would do. Of one that was taken back before nothing goes and nothing stays.
    pub async fn preview_unmerge(&self, workspace_id: WorkspaceId, id: MergeId) -> Result<Option<Unmerge>> {
        self.read((workspace_id, id), |executor, (workspace_id, id)| {
            async move { unmerge(executor, *workspace_id, *id).await }.boxed()
        })
        .await
    }

    /// The merges into a customer and into whoever became a part of them, standing and taken back, the newest 100. `None` when
    /// the customer does not exist.
    pub async fn list_merges(&self, workspace_id: WorkspaceId, id: CustomerId) -> Result<Option<Vec<Merge>>> {
        self.read((workspace_id, id), |executor, (workspace_id, id)| {
            async move {
                let Some(owner) = known(executor, *workspace_id, *id).await? else { return Ok(None) };
                let customers = executor.query(WITH_PARTS, &params![owner.customer_id.0], |row| row.int(0)).await?;
                let mut merges = Vec::new();
                for customer in customers {
                    merges.extend(executor.query(LIST, &params![customer, MOST_MERGES as i64], read_merge).await?);
                }
                merges.sort_by_key(|merge| std::cmp::Reverse(merge.id));
                merges.truncate(MOST_MERGES);
                complete(executor, *workspace_id, &mut merges).await?;
                Ok(Some(merges))
            }
            .boxed()
        })
        .await
    }
}
