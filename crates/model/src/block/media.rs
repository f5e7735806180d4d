//! A file in a message.

use crate::FileId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Whether a file's bytes are here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileState {
    /// They are being copied from the provider.
    Fetching,
    /// They are here.
    #[default]
    Stored,
    /// They could not be had, and nobody tries again.
    Failed,
}

/// A file of ours, by its id. Who sends a message gives the id and, if he likes, a caption; the rest is the file's own and is
/// filled in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Media {
    /// The file (`POST /files` gives one).
    pub file_id: FileId,
    /// Its name, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 255)]
    pub name: Option<String>,
    /// What it holds, as found in its bytes (`image/jpeg`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub media_type: Option<String>,
    /// Its bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0)]
    pub size: Option<i64>,
    /// Whether its bytes are here.
    #[serde(default)]
    pub state: FileState,
    /// Words that go with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 4000)]
    pub caption: Option<String>,
    /// Where its bytes can be read, for a short time and without credentials. Written for a reader; never stored, and
    /// ignored when given.
    #[serde(default, skip_deserializing, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, read_only)]
    pub url: Option<String>,
}

impl Media {
    /// A stored file, of which nothing but its id is known here.
    #[must_use]
    pub fn stored(file_id: FileId) -> Self {
        Self { file_id, name: None, media_type: None, size: None, state: FileState::Stored, caption: None, url: None }
    }

    /// A file that is still at the provider's.
    #[must_use]
    pub fn fetching(file_id: FileId) -> Self {
        Self { state: FileState::Fetching, ..Self::stored(file_id) }
    }
}
