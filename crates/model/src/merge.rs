//! Merging customers and taking it back: who owns which identity.
//!
//! # The rule
//!
//! Merging re-points identities and nothing else; an entry stays filed under the identity that it came through.
//!
//! - **Merge.** Of the two customers, as they are known now (an alias stands for its survivor), the one whose thread is older
//!   survives. Every identity that the other one owns is re-pointed to the survivor and listed in the merge. The alias is
//!   hidden: whatever is addressed to it reaches the survivor, and new identities belong to the survivor.
//! - **Un-merge.** The alias is a customer of its own again. It gets back those of the listed identities which the merge still
//!   holds. They leave every *later* merge that moved them on: each later merge forgets them.
//!
//! So an identity always has a chain of merges, in the order in which they were made, and belongs to the survivor of the last; un-merging
//! one cuts the chains there. Un-merging an inner merge while an outer one stands gives the alias its own, and the outer one
//! keeps the rest; un-merging the outer one first gives back what is still whole; any order in which all are un-merged
//! gives the first state. The same said without chains: active merges are arrows from alias to survivor, no customer has two that
//! leave, and an identity belongs to where the arrows lead from the customer it came to.
//!
//! As rows: `merge(id, survivor, alias)` and `merge_identity(merge_id, identity_id)`. Un-merging `m` is, for the identities of `m` that it
//! still holds: set the owner to the alias of `m`, delete their rows of all merges that are active and younger than or equal to `m`; then
//! end `m`.

use crate::{CustomerId, IdentityId, MergeId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// A merge that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActiveMerge {
    /// Its id.
    pub id: MergeId,
    /// Who stayed: the customer with the older thread.
    pub survivor: CustomerId,
    /// Who was merged into them.
    pub alias: CustomerId,
    /// The identities that it moved and still holds.
    pub moved: BTreeSet<IdentityId>,
}

/// Who owns which identity, and through which merges.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ownership {
    /// When the thread of each customer began.
    threads: BTreeMap<CustomerId, Timestamp>,
    owners: BTreeMap<IdentityId, CustomerId>,
    /// In the order in which they were made.
    merges: Vec<ActiveMerge>,
}

/// Why customers are not merged or un-merged. The words are for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MergeRefused {
    /// Nobody has this id.
    #[error("no such customer")]
    UnknownCustomer,
    /// One of them is the other already.
    #[error("they are the same customer already")]
    SameCustomer,
    /// The id of the merge is taken.
    #[error("this merge was made already")]
    MadeAlready,
    /// It never was, or was undone.
    #[error("there is no such merge to be undone")]
    NotActive,
}

impl Ownership {
    /// A customer comes into being with an identity; one that is known stays as it is.
    pub fn add_customer(&mut self, customer: CustomerId, thread_began_at: Timestamp, identity: IdentityId) {
        self.threads.entry(customer).or_insert(thread_began_at);
        self.add_identity(customer, identity);
    }

    /// A customer is reached in another way. An identity that somebody owns already stays with them.
    pub fn add_identity(&mut self, customer: CustomerId, identity: IdentityId) {
        let owner = self.survivor_of(customer);
        self.owners.entry(identity).or_insert(owner);
    }

    /// Whom an id stands for: the end of the merges that lead away from it, or itself.
    #[must_use]
    pub fn survivor_of(&self, customer: CustomerId) -> CustomerId {
        let mut at = customer;
        // Each merge joins two customers that were not hidden, so the way has no circle.
        while let Some(merge) = self.merges.iter().find(|merge| merge.alias == at) {
            at = merge.survivor;
        }
        at
    }

    /// Who owns an identity now.
    #[must_use]
    pub fn owner_of(&self, identity: IdentityId) -> Option<CustomerId> {
        self.owners.get(&identity).copied()
    }

    /// The identities of a customer; those of the survivor when it is an alias.
    #[must_use]
    pub fn identities_of(&self, customer: CustomerId) -> BTreeSet<IdentityId> {
        let owner = self.survivor_of(customer);
        self.owners.iter().filter(|(_, of)| **of == owner).map(|(identity, _)| *identity).collect()
    }

    /// The merges that stand, in the order in which they were made.
    #[must_use]
    pub fn merges(&self) -> &[ActiveMerge] {
        &self.merges
    }

    /// Makes one customer of two; the order of the two does not matter. Equally old threads: the older id survives.
    ///
    /// # Errors
    /// When one is unknown or they are the same already; nothing changes then.
    pub fn merge(&mut self, id: MergeId, one: CustomerId, other: CustomerId) -> Result<&ActiveMerge, MergeRefused> {
        if self.merges.iter().any(|merge| merge.id == id) {
            return Err(MergeRefused::MadeAlready);
        }
        let age = |customer: CustomerId| {
            let known = self.survivor_of(customer);
            self.threads.get(&known).map(|began| (*began, known)).ok_or(MergeRefused::UnknownCustomer)
        };
        let (one, other) = (age(one)?, age(other)?);
        if one == other {
            return Err(MergeRefused::SameCustomer);
        }
        let (survivor, alias) = (one.min(other).1, one.max(other).1);
        let moved = self.identities_of(alias);
        self.owners.extend(moved.iter().map(|identity| (*identity, survivor)));
        self.merges.push(ActiveMerge { id, survivor, alias, moved });
        Ok(&self.merges[self.merges.len() - 1])
    }

    /// Takes a merge back; other merges stand. Answers with the merge as it was: `moved` are the identities given back.
    ///
    /// # Errors
    /// When there is no such merge; nothing changes then.
    pub fn unmerge(&mut self, id: MergeId) -> Result<ActiveMerge, MergeRefused> {
        let place = self.merges.iter().position(|merge| merge.id == id).ok_or(MergeRefused::NotActive)?;
        let undone = self.merges.remove(place);
        for later in &mut self.merges[place..] {
            later.moved.retain(|identity| !undone.moved.contains(identity));
        }
        self.owners.extend(undone.moved.iter().map(|identity| (*identity, undone.alias)));
        Ok(undone)
    }
}
