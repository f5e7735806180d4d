//! Files: what is told of one, what it may be called, and what a browser may do with it.

use crate::{FileId, Timestamp, spelling::spelled};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The most characters of a file's name. Folders take names of up to 255 bytes; with four bytes a character less.
pub const MAX_FILE_NAME_CHARS: usize = 120;
/// The most bytes of a file's name, in UTF-8.
pub const MAX_FILE_NAME_BYTES: usize = 240;
/// The longest ending that is kept when a name is cut (`.docx`).
const MAX_ENDING_CHARS: usize = 12;
/// What a file is called that has no name of its own.
const UNNAMED: &str = "file";

/// A file, as it is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct File {
    /// Its id, for blocks.
    pub id: FileId,
    /// Its name, without a path.
    #[schema(max_length = 120)]
    pub name: String,
    /// What it is, as found in its bytes; while it is fetched, what the provider says.
    pub media_type: String,
    /// Bytes; 0 until they are here.
    #[schema(minimum = 0)]
    pub size: i64,
    /// Whether its bytes are here.
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
    /// Where its bytes are for now: a path of this server. Absent until they are here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub url: Option<String>,
    /// When `url` ends; the file's own address gives a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub url_expires_at: Option<Timestamp>,
    /// When it was made known.
    pub created_at: Timestamp,
}

spelled! {
    /// Whether a file's bytes are here.
    pub enum FileState: "state of a file" {
        /// They are.
        Stored = "stored",
        /// They are being copied from the provider.
        Fetching = "fetching",
        /// They could not be had.
        Failed = "failed",
    }
    /// Why a provider's file could not be copied.
    pub enum FileFailure: "failure of a file" {
        /// The provider does not give it any more: its addresses end after some time.
        Expired = "expired",
        /// It has more bytes than files may have here.
        TooLarge = "too_large",
        /// It lies at an address that may not be called.
        Refused = "refused",
        /// There are no bytes in it.
        Empty = "empty",
        /// The provider did not answer for too long; another try may help while its address lasts.
        Unreachable = "unreachable",
    }
}

impl Default for FileState {
    /// What is said of a file by whoever only names it: senders name files that are here.
    fn default() -> Self {
        Self::Stored
    }
}

impl FileFailure {
    /// Whether a person may ask for another try.
    #[must_use]
    pub fn may_be_retried(self) -> bool {
        self == Self::Unreachable
    }
}

/// What a browser may do with a file that comes from our own address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Serving {
    /// The type that is told. Anything a browser could run is `application/octet-stream`.
    pub media_type: &'static str,
    /// Whether it may be shown in the page; otherwise it is only saved.
    pub inline: bool,
}

/// Types that browsers decode and never run. SVG is not among them: it holds scripts.
const SHOWN: &[&str] = &[
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/avif",
    "audio/mpeg",
    "audio/mp4",
    "audio/aac",
    "audio/ogg",
    "audio/wav",
    "audio/flac",
    "audio/webm",
    "audio/amr",
    "video/mp4",
    "video/webm",
    "video/ogg",
    "video/quicktime",
    "video/3gpp",
];
/// Types that are told, for the program that opens what was saved.
const SAVED: &[&str] = &["application/pdf"];

/// How a file of this type is served.
#[must_use]
pub fn serving(media_type: &str) -> Serving {
    let known = |list: &'static [&'static str]| list.iter().copied().find(|known| *known == media_type);
    if let Some(media_type) = known(SHOWN) {
        return Serving { media_type, inline: true };
    }
    Serving { media_type: known(SAVED).unwrap_or("application/octet-stream"), inline: false }
}

/// Whether a character may be in a file's name: not what separates paths, steers terminals or hides the ending by turning
/// the direction of writing.
fn is_harmless(letter: char) -> bool {
    let turns =
        matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    !letter.is_control() && !turns && !matches!(letter, '\u{2028}' | '\u{2029}')
}

/// Makes a name that is safe to show, to save and to put into a header, whatever it was: the part after the last slash,
/// without control characters, at most [`MAX_FILE_NAME_CHARS`] characters with its ending kept.
#[must_use]
pub fn clean_name(given: &str) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = last
        .chars()
        .filter(|letter| is_harmless(*letter))
        .map(|letter| if matches!(letter, '<' | '>' | ':' | '"' | '|' | '?' | '*') { '_' } else { letter })
        .collect();
    // A dot in front hides a file; dots and blanks at the end are dropped by some systems, which changes the ending.
    let kept = kept.trim_start_matches(|letter: char| letter == '.' || letter.is_whitespace());
    let kept = kept.trim_end_matches(|letter: char| letter == '.' || letter.is_whitespace());
    if kept.is_empty() {
        return UNNAMED.to_owned();
    }
    let (stem, ending) = split_ending(kept);
    let mut name: String = String::new();
    let room = MAX_FILE_NAME_BYTES - ending.len();
    for letter in stem.chars().take(MAX_FILE_NAME_CHARS - ending.chars().count()) {
        if name.len() + letter.len_utf8() > room {
            break;
        }
        name.push(letter);
    }
    name + ending
}

/// A name without its ending, and the ending with its dot (`""` when there is none).
fn split_ending(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(dot) if dot > 0 && name[dot..].chars().count() <= MAX_ENDING_CHARS => name.split_at(dot),
        _ => (name, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn states_and_failures_are_spelt_alike() {
        crate::spelling::assert_spelt_alike(FileState::ALL);
        crate::spelling::assert_spelt_alike(FileFailure::ALL);
    }

    #[test]
    fn names_lose_what_is_dangerous_and_keep_the_rest() {
        for (given, wanted) in [
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\ann\\Foto vom 3. Mai.JPG", "Foto vom 3. Mai.JPG"),
            ("a\0b\r\nc\u{7f}.txt", "abc.txt"),
            ("photo\u{202e}gnp.exe", "photognp.exe"),
            (".htaccess", "htaccess"),
            ("...", "file"),
            ("", "file"),
            ("/", "file"),
            ("bill.pdf. . ", "bill.pdf"),
            ("what?<b>\"x\":*|.png", "what__b__x____.png"),
            ("退款单.pdf", "退款单.pdf"),
        ] {
            assert_eq!(clean_name(given), wanted, "{given:?}");
        }
    }

    #[test]
    fn a_long_name_is_cut_before_its_ending() {
        let name = clean_name(&format!("{}.jpeg", "x".repeat(500)));
        assert_eq!(name.chars().count(), MAX_FILE_NAME_CHARS);
        assert!(name.ends_with("x.jpeg"));
        assert!(clean_name(&"款".repeat(300)).len() <= MAX_FILE_NAME_BYTES);
        let no_ending = clean_name(&format!("x.{}", "y".repeat(300)));
        assert_eq!(no_ending.chars().count(), MAX_FILE_NAME_CHARS);
    }

    #[test]
    fn what_a_browser_could_run_is_only_saved() {
        for run in ["image/svg+xml", "text/html", "text/xml", "text/plain", "application/zip", "text/javascript", ""] {
            assert_eq!(serving(run), Serving { media_type: "application/octet-stream", inline: false }, "{run}");
        }
        assert_eq!(serving("application/pdf"), Serving { media_type: "application/pdf", inline: false });
        assert!(serving("image/png").inline);
    }

    proptest! {
        #[test]
        fn a_clean_name_stays_as_it_is(given in "\\PC*|.*") {
            let name = clean_name(&given);
            prop_assert!(!name.is_empty() && name.len() <= MAX_FILE_NAME_BYTES);
            prop_assert!(name.chars().count() <= MAX_FILE_NAME_CHARS);
            prop_assert!(name.chars().all(|letter| is_harmless(letter) && letter != '/' && letter != '\\'));
        }
    }
}
