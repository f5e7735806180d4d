//! The channels that this build knows, by kind.

use crate::Channel;
use std::{collections::BTreeMap, sync::Arc};

/// The channels by their kind. Filled in `server`, the only place that lists them.
#[derive(Clone, Default)]
pub struct Registry(BTreeMap<&'static str, Arc<dyn Channel>>);

impl Registry {
    /// A registry of these channels.
    #[must_use]
    pub fn new(channels: impl IntoIterator<Item = Arc<dyn Channel>>) -> Self {
        Self(channels.into_iter().map(|channel| (channel.kind(), channel)).collect())
    }

    /// The channel of that kind, if this build has it.
    #[must_use]
    pub fn find(&self, kind: &str) -> Option<&Arc<dyn Channel>> {
        self.0.get(kind)
    }

    /// The kinds, sorted.
    pub fn kinds(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.0.keys().copied()
    }
}
