//! A channel account as an adapter sees it.

use model::ChannelAccountId;
use serde_json::{Map, Value};
use std::{collections::BTreeMap, fmt};

/// A credential. Never printed, never serialised.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a credential.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The credential itself, for the one place that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("***")
    }
}

/// One configured sender: settings in the provider's own words and opened secrets.
#[derive(Debug, Clone)]
pub struct Account {
    /// Our id of it.
    pub id: ChannelAccountId,
    /// What may be shown (`page_id`, `api_base`).
    pub settings: Map<String, Value>,
    /// What may not (`page_access_token`).
    pub secrets: BTreeMap<String, Secret>,
}

impl Account {
    /// A text setting; `None` when absent, empty or of another type.
    #[must_use]
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.settings.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// A flag setting; `false` when absent.
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        self.settings.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// A secret; empty when absent, which no comparison accepts.
    #[must_use]
    pub fn secret(&self, name: &str) -> &str {
        self.secrets.get(name).map_or("", Secret::expose)
    }
}

/// What is wrong with one setting or secret, in words for the person who typed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingFault {
    /// `settings.page_id`, `secrets.app_secret`.
    pub field: String,
    /// What would be right.
    pub message: String,
}
