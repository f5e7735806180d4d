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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const A: CustomerId = CustomerId(1);
    const B: CustomerId = CustomerId(2);
    const C: CustomerId = CustomerId(3);

    /// Customers 1 to `count`, older ones first, each with one identity of the same number.
    fn people(count: i64) -> Ownership {
        let mut ownership = Ownership::default();
        for number in 1..=count {
            ownership.add_customer(CustomerId(number), Timestamp(number), IdentityId(number));
        }
        ownership
    }

    fn owners(ownership: &Ownership, identities: std::ops::RangeInclusive<i64>) -> Vec<i64> {
        identities.map(|identity| ownership.owner_of(IdentityId(identity)).unwrap().0).collect()
    }

    #[test]
    fn the_older_thread_survives() {
        let mut ownership = people(2);
        let merge = ownership.merge(MergeId(1), B, A).unwrap();
        assert_eq!((merge.survivor, merge.alias), (A, B));
        assert_eq!(merge.moved, BTreeSet::from([IdentityId(2)]));
        assert_eq!(ownership.survivor_of(B), A);
        assert_eq!(ownership.identities_of(B), ownership.identities_of(A));
    }

    #[test]
    fn what_cannot_be_merged_is_refused_and_changes_nothing() {
        let mut ownership = people(3);
        ownership.merge(MergeId(1), A, B).unwrap();
        let before = ownership.clone();
        assert_eq!(ownership.merge(MergeId(2), A, B), Err(MergeRefused::SameCustomer));
        assert_eq!(ownership.merge(MergeId(2), A, A), Err(MergeRefused::SameCustomer));
        assert_eq!(ownership.merge(MergeId(2), A, CustomerId(9)), Err(MergeRefused::UnknownCustomer));
        assert_eq!(ownership.merge(MergeId(1), A, C), Err(MergeRefused::MadeAlready));
        assert_eq!(ownership.unmerge(MergeId(7)), Err(MergeRefused::NotActive));
        assert_eq!(ownership, before);
    }

    #[test]
    fn an_inner_merge_is_undone_while_an_outer_one_stands() {
        let mut ownership = people(3);
        let before = ownership.clone();
        ownership.merge(MergeId(1), B, C).unwrap();
        ownership.merge(MergeId(2), A, B).unwrap();
        assert_eq!(owners(&ownership, 1..=3), [1, 1, 1]);
        let undone = ownership.unmerge(MergeId(1)).unwrap();
        assert_eq!(undone.moved, BTreeSet::from([IdentityId(3)]));
        assert_eq!(owners(&ownership, 1..=3), [1, 1, 3], "only C has its own again");
        ownership.unmerge(MergeId(2)).unwrap();
        assert_eq!(ownership, before);
    }

    #[test]
    fn an_outer_merge_is_undone_while_an_inner_one_stands() {
        let mut ownership = people(3);
        ownership.merge(MergeId(1), B, C).unwrap();
        let inner = ownership.clone();
        ownership.merge(MergeId(2), A, C).unwrap();
        assert_eq!(ownership.merges()[1].alias, B, "C stands for B");
        ownership.unmerge(MergeId(2)).unwrap();
        assert_eq!(ownership, inner);
    }

    #[test]
    fn overlapping_merges_into_one_survivor_do_not_mix() {
        let mut ownership = people(3);
        ownership.merge(MergeId(1), A, B).unwrap();
        ownership.merge(MergeId(2), A, C).unwrap();
        ownership.unmerge(MergeId(1)).unwrap();
        assert_eq!(owners(&ownership, 1..=3), [1, 2, 1]);
        ownership.merge(MergeId(3), C, B).unwrap();
        assert_eq!(owners(&ownership, 1..=3), [1, 1, 1], "C stands for A");
        ownership.unmerge(MergeId(2)).unwrap();
        assert_eq!(owners(&ownership, 1..=3), [1, 1, 3]);
    }

    #[test]
    fn what_came_to_an_alias_meanwhile_stays_with_the_survivor() {
        let mut ownership = people(2);
        ownership.merge(MergeId(1), A, B).unwrap();
        ownership.add_identity(B, IdentityId(20));
        ownership.unmerge(MergeId(1)).unwrap();
        assert_eq!(ownership.owner_of(IdentityId(20)), Some(A));
        assert_eq!(ownership.owner_of(IdentityId(2)), Some(B));
    }

    #[derive(Debug, Clone)]
    enum Act {
        Message { identity: i64 },
        Reach { customer: i64 },
        Merge { one: i64, other: i64 },
        Unmerge { which: usize },
        Move { entry: usize, episode: usize },
    }

    fn any_act() -> impl Strategy<Value = Act> {
        prop_oneof![
            (1_i64..10).prop_map(|identity| Act::Message { identity }),
            (1_i64..7).prop_map(|customer| Act::Reach { customer }),
            (1_i64..7, 1_i64..7).prop_map(|(one, other)| Act::Merge { one, other }),
            (0_usize..6).prop_map(|which| Act::Unmerge { which }),
            (0_usize..20, 0_usize..6).prop_map(|(entry, episode)| Act::Move { entry, episode }),
        ]
    }

    /// An entry as the store files it: under its identity, in an episode of an identity of the same thread.
    #[derive(Debug, Clone, PartialEq)]
    struct FiledEntry {
        came_through: IdentityId,
        filed_under: IdentityId,
        episode_of: IdentityId,
    }

    /// The rule in its other form: arrows from alias to survivor, followed from the customer that an identity came to.
    #[derive(Default)]
    struct Arrows {
        homes: BTreeMap<IdentityId, CustomerId>,
        arrows: Vec<(MergeId, CustomerId, CustomerId)>,
    }

    impl Arrows {
        fn end(&self, from: CustomerId) -> CustomerId {
            self.arrows.iter().find(|(_, alias, _)| *alias == from).map_or(from, |(_, _, to)| self.end(*to))
        }
    }

    /// What a reader sees: the entries of each customer who is not hidden.
    fn threads(ownership: &Ownership, entries: &[FiledEntry]) -> BTreeMap<CustomerId, Vec<usize>> {
        let mut threads: BTreeMap<_, Vec<usize>> = BTreeMap::new();
        for (place, entry) in entries.iter().enumerate() {
            threads.entry(ownership.owner_of(entry.filed_under).unwrap()).or_default().push(place);
        }
        threads
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn every_entry_stays_under_the_identity_it_came_through(acts in proptest::collection::vec(any_act(), 0..40)) {
            let mut ownership = people(6);
            let mut oracle = Arrows::default();
            oracle.homes.extend((1..=6).map(|number| (IdentityId(number), CustomerId(number))));
            let mut entries: Vec<FiledEntry> = Vec::new();
            let mut next = 100;
            for act in acts {
                next += 1;
                match act {
                    Act::Message { identity } => {
                        let known: Vec<IdentityId> = oracle.homes.keys().copied().collect();
                        let id = known[identity as usize % known.len()];
                        entries.push(FiledEntry { came_through: id, filed_under: id, episode_of: id });
                    }
                    Act::Reach { customer } => {
                        let home = oracle.end(CustomerId(customer));
                        oracle.homes.insert(IdentityId(next), home);
                        ownership.add_identity(CustomerId(customer), IdentityId(next));
                    }
                    Act::Merge { one, other } => {
                        let (before, seen) = (ownership.clone(), threads(&ownership, &entries));
                        match ownership.merge(MergeId(next), CustomerId(one), CustomerId(other)) {
                            Ok(merge) => oracle.arrows.push((merge.id, merge.alias, merge.survivor)),
                            Err(refused) => {
                                prop_assert_eq!(refused, MergeRefused::SameCustomer);
                                continue;
                            }
                        }
                        let mut back = ownership.clone();
                        back.unmerge(MergeId(next)).unwrap();
                        prop_assert_eq!(&back, &before, "unmerge(merge(x)) = x");
                        prop_assert_eq!(threads(&back, &entries), seen);
                    }
                    Act::Unmerge { which } if which < oracle.arrows.len() => {
                        let (id, alias, _) = oracle.arrows.remove(which);
                        let undone = ownership.unmerge(id).unwrap();
                        prop_assert_eq!(undone.alias, alias);
                        prop_assert!(undone.moved.iter().all(|identity| ownership.owner_of(*identity) == Some(alias)));
                        prop_assert_eq!(ownership.survivor_of(alias), alias);
                    }
                    Act::Move { entry, episode } if entry < entries.len() && episode < entries.len() => {
                        let to = entries[episode].episode_of;
                        // Only within one thread.
                        if ownership.owner_of(to) == ownership.owner_of(entries[entry].filed_under) {
                            entries[entry].episode_of = to;
                        }
                    }
                    Act::Unmerge { .. } | Act::Move { .. } => {}
                }
                for (identity, home) in &oracle.homes {
                    prop_assert_eq!(ownership.owner_of(*identity), Some(oracle.end(*home)), "both forms of the rule agree");
                }
                let shown = threads(&ownership, &entries);
                prop_assert_eq!(shown.values().map(Vec::len).sum::<usize>(), entries.len(), "in one thread each");
                prop_assert!(shown.keys().all(|owner| ownership.survivor_of(*owner) == *owner), "no entry is hidden");
            }
            prop_assert!(entries.iter().all(|entry| entry.filed_under == entry.came_through));
        }

        #[test]
        fn any_order_of_taking_back_gives_the_first_state(
            pairs in proptest::collection::vec((1_i64..9, 1_i64..9), 1..12),
            order in proptest::collection::vec(any::<prop::sample::Index>(), 12),
        ) {
            let first = people(8);
            let mut ownership = first.clone();
            for (number, (one, other)) in (1..).zip(pairs) {
                let _ = ownership.merge(MergeId(number), CustomerId(one), CustomerId(other));
            }
            for pick in order {
                if ownership.merges().is_empty() {
                    break;
                }
                let id = ownership.merges()[pick.index(ownership.merges().len())].id;
                ownership.unmerge(id).unwrap();
            }
            prop_assert_eq!(ownership, first);
        }
    }
}
