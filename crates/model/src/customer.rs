//! The person on the other side, and the ways to reach them.

use crate::{
    ChannelAccountId, CustomerId, FileId, IdentityId, ThreadId, Timestamp, label::AppliedLabel, spelling::spelled,
    text::words,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// A person. Exactly one thread belongs to them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Customer {
    /// Its id.
    pub id: CustomerId,
    /// The thread with them.
    pub thread_id: ThreadId,
    /// The name to show; empty while none is known.
    pub name: String,
    /// When they first came.
    pub created_at: Timestamp,
    /// Their addresses, oldest first.
    pub identities: Vec<Identity>,
    /// What is known of them, by the key of the field; a field without a value is absent, one that is archived too.
    pub attributes: BTreeMap<String, Value>,
    /// Their labels, in the order in which these were defined.
    pub labels: Vec<AppliedLabel>,
}

/// The longest name of a customer, in characters.
pub const NAME_MAX_CHARS: usize = 200;

/// A customer's name as a person writes it: one line, empty for "not known".
///
/// # Errors
/// What would be right.
pub fn check_name(given: &str) -> Result<String, String> {
    let name = words(given);
    if name.chars().count() > NAME_MAX_CHARS || name.contains(char::is_control) {
        return Err(format!("give at most {NAME_MAX_CHARS} characters in one line, or nothing when it is not known"));
    }
    Ok(name)
}

/// An address of a customer, with the state of the way to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Identity {
    /// Its id.
    pub id: IdentityId,
    /// The address in the provider's namespace (a page-scoped id).
    pub address: String,
    /// The channel's kind, for its glyph and name.
    pub kind: String,
    /// The account over which they were last reached or heard.
    pub channel_account_id: ChannelAccountId,
    /// Until when the provider lets us answer; null when no window is or was open, or the channel has none.
    pub window_until: Option<Timestamp>,
    /// Until when a person, never a program, may still write once `window_until` is over; null when the channel or the
    /// account has no such right.
    pub human_window_until: Option<Timestamp>,
    /// The provider says that they cannot be reached.
    pub blocked: bool,
    /// Set when the business decided not to write to it; null otherwise.
    pub suppression: Option<Suppression>,
    /// When they last wrote.
    pub last_inbound_at: Option<Timestamp>,
    /// How sure it is that this is theirs.
    pub verification: Verification,
    /// The picture that the provider shows of them; null while there is none.
    pub picture: Option<Picture>,
}

/// A picture of a person, as a file of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Picture {
    /// The file.
    pub file_id: FileId,
    /// Where its bytes are: an address that needs no credentials and ends after one to two hours.
    pub url: String,
}

/// That the business does not write to an identity, until a person takes it back. What comes in is kept either way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Suppression {
    /// Since when.
    pub at: Timestamp,
    /// Who decided it: `agt_…` or `tok_…`.
    pub by: String,
    /// Why, in their words; may be empty.
    pub reason: String,
}

/// The longest reason of a suppression, in characters.
pub const SUPPRESSION_REASON_MAX_CHARS: usize = 200;

/// How sure it is that an address is a person's, who says so, and since when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Verification {
    /// How sure.
    pub level: VerificationLevel,
    /// Who says so, as a stable word: `channel` (the provider told us the address), `sign_in` (the business's own site named the
    /// person), `agent`.
    pub source: String,
    /// Since when.
    pub at: Timestamp,
}

spelled! {
    /// How sure it is that an address is a person's.
    pub enum VerificationLevel: "verification level" {
        /// It is the address that was told; nobody looked further.
        Claimed = "claimed",
        /// It was shown to be this person's.
        Verified = "verified",
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn levels_are_spelt_alike() {
        crate::spelling::assert_spelt_alike(super::VerificationLevel::ALL);
    }
}
