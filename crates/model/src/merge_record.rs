//! Merges as people see them: before, after, and taken back. The rule itself is in [`crate::merge`].

use crate::{
    CustomerId, MergeId, ThreadId, Timestamp,
    customer::{Customer, Identity},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The most characters (Unicode scalar values) of the reason for a merge.
pub const MAX_REASON_CHARS: usize = 500;

/// Two customers having become one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Merge {
    /// Its id.
    pub id: MergeId,
    /// Who stayed: of the two the one with the older thread.
    pub survivor_id: CustomerId,
    /// Their thread.
    pub survivor_thread_id: ThreadId,
    /// Who became a part of the other.
    pub alias_id: CustomerId,
    /// Their thread, which is a customer's own again once the merge is undone.
    pub alias_thread_id: ThreadId,
    /// The alias's own name; empty while none is known.
    pub alias_name: String,
    /// When it was made.
    pub at: Timestamp,
    /// The name of whoever made it; null when they are gone.
    pub by: Option<String>,
    /// Why, in their words; empty when they gave none.
    pub reason: String,
    /// When it was taken back; null while it stands.
    pub undone_at: Option<Timestamp>,
    /// The name of whoever took it back.
    pub undone_by: Option<String>,
    /// The identities that it moved and still holds: what un-merging gives back. Once it is undone: none.
    pub identities: Vec<Identity>,
}

/// What taking a merge back does, or did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Unmerge {
    /// The merge.
    pub merge: Merge,
    /// The identities that go back to the alias, with everything that came through them.
    pub returns: Vec<Identity>,
    /// What came to the merged customer since and cannot be told apart: it stays with the survivor. The newest first, at most 100.
    pub stays: Vec<Staying>,
}

/// Something that stays with the survivor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Staying {
    /// What it is.
    pub kind: StayingKind,
    /// Its id (`not_…`, `idn_…`).
    pub id: String,
    /// When it came.
    pub at: Timestamp,
}

/// The kinds of what stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StayingKind {
    /// A note about the customer, on no episode.
    Note,
    /// An identity over which the merged customer was first reached since.
    Identity,
}

/// A number that is not counted to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BoundedCount {
    /// The number, at most 1,000.
    pub count: u32,
    /// Whether there are more.
    pub more: bool,
}

impl BoundedCount {
    /// Where counting ends.
    pub const MOST: u32 = 1_000;

    /// Of a number that was counted to one more than [`Self::MOST`] at most.
    #[must_use]
    pub fn of(counted: u32) -> Self {
        Self { count: counted.min(Self::MOST), more: counted > Self::MOST }
    }
}

/// One of two customers before they are merged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MergeSide {
    /// Who, with their identities.
    pub customer: Customer,
    /// When their thread began.
    pub thread_began_at: Timestamp,
    /// When it was last active.
    pub last_activity_at: Timestamp,
    /// What the thread shows.
    pub entries: BoundedCount,
    /// The matters that are neither resolved nor closed.
    pub open_episodes: BoundedCount,
}

/// What merging two customers would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MergePreview {
    /// Who stays: the one with the older thread.
    pub survivor: MergeSide,
    /// Who becomes a part of the other.
    pub alias: MergeSide,
    /// The name that the merged customer has.
    pub name: String,
    /// What a person should think about first.
    pub warnings: Vec<MergeWarning>,
}

/// What a person should think about before merging.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MergeWarning {
    /// Both have a verified identity in the same namespace: they are known to be different people. Merging them needs `force`.
    VerifiedApart,
    /// Both have names, and different ones.
    NamesDiffer,
    /// Both have open episodes.
    BothHaveOpenEpisodes,
}

impl MergePreview {
    /// Puts two sides in their order and says what follows; the order of the two does not matter. `verified_apart`: both have a
    /// verified identity in the same namespace.
    #[must_use]
    pub fn of(one: MergeSide, other: MergeSide, verified_apart: bool) -> Self {
        let age = |side: &MergeSide| (side.thread_began_at, side.customer.id);
        let (survivor, alias) = if age(&one) <= age(&other) { (one, other) } else { (other, one) };
        let names = (survivor.customer.name.trim(), alias.customer.name.trim());
        let open = [&survivor, &alias].iter().all(|side| side.open_episodes.count > 0);
        let warnings = [
            (verified_apart, MergeWarning::VerifiedApart),
            (!names.0.is_empty() && !names.1.is_empty() && names.0 != names.1, MergeWarning::NamesDiffer),
            (open, MergeWarning::BothHaveOpenEpisodes),
        ];
        let warnings = warnings.into_iter().filter_map(|(holds, warning)| holds.then_some(warning)).collect();
        let name = if names.0.is_empty() { names.1 } else { names.0 }.to_owned();
        Self { survivor, alias, name, warnings }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(id: i64, began: i64, name: &str, open: u32) -> MergeSide {
        MergeSide {
            customer: Customer {
                id: CustomerId(id),
                thread_id: ThreadId(id),
                name: name.into(),
                created_at: Timestamp(began),
                attributes: std::collections::BTreeMap::new(),
                labels: Vec::new(),
                identities: Vec::new(),
            },
            thread_began_at: Timestamp(began),
            last_activity_at: Timestamp(began),
            entries: BoundedCount::of(1),
            open_episodes: BoundedCount::of(open),
        }
    }

    #[test]
    fn the_older_thread_stays_whichever_is_named_first() {
        let preview = MergePreview::of(side(1, 20, "Ana", 1), side(2, 10, "", 0), false);
        assert_eq!((preview.survivor.customer.id, preview.alias.customer.id), (CustomerId(2), CustomerId(1)));
        assert_eq!(preview.name, "Ana", "the survivor has none of its own");
        assert_eq!(preview.warnings, []);
        assert_eq!(MergePreview::of(side(2, 10, "", 0), side(1, 20, "Ana", 1), false), preview);
    }

    #[test]
    fn what_should_be_thought_about_is_named() {
        let preview = MergePreview::of(side(1, 10, "Ana", 1), side(2, 20, "Bea", 2), true);
        let all = [MergeWarning::VerifiedApart, MergeWarning::NamesDiffer, MergeWarning::BothHaveOpenEpisodes];
        assert_eq!((preview.name.as_str(), preview.warnings.as_slice()), ("Ana", all.as_slice()));
    }

    #[test]
    fn counting_ends_at_a_thousand() {
        assert_eq!(BoundedCount::of(1_000), BoundedCount { count: 1_000, more: false });
        assert_eq!(BoundedCount::of(1_001), BoundedCount { count: 1_000, more: true });
    }
}
