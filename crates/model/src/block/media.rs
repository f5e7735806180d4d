//! A file in a message.

use crate::{
    FileId,
    file::{FileFailure, FileState},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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
    /// Why its bytes could not be had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub failure: Option<FileFailure>,
    /// Pixels across, of a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 1)]
    pub width: Option<u32>,
    /// Pixels down, of a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 1)]
    pub height: Option<u32>,
    /// How long it plays, in milliseconds, when that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0)]
    pub duration_ms: Option<u32>,
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
        Self {
            file_id,
            name: None,
            media_type: None,
            size: None,
            state: FileState::Stored,
            failure: None,
            width: None,
            height: None,
            duration_ms: None,
            caption: None,
            url: None,
        }
    }

    /// A file that is still at the provider's.
    #[must_use]
    pub fn fetching(file_id: FileId) -> Self {
        Self { state: FileState::Fetching, ..Self::stored(file_id) }
    }
}
