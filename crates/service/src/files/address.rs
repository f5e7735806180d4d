//! The address of a file's bytes: `/files/ID/NAME?expires=SECONDS&signature=…`.
//!
//! The signature is the workspace's number (13 base32 digits) and an HMAC over workspace, file and end. The name is for
//! people and for the folder that the file is saved to; it is not signed.

use model::{
    FileId, Timestamp, WorkspaceId,
    id::{decode_base32, encode_base32},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use store::Keyring;

/// Addresses that are made within one of these have the same end, and are the same.
const STEP_MILLIS: i64 = 3_600_000;
/// What the derived key is for.
const PURPOSE: &str = "address of a file";
/// Letters of the signature that name the workspace.
const WORKSPACE_DIGITS: usize = 13;
/// What is written as it is in a part of a path (RFC 3986, unreserved).
const PATH_PART: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What stands in an address of a file's bytes.
#[derive(Debug, Clone)]
pub struct SignedAddress {
    /// The file.
    pub id: FileId,
    /// When it ends, in unix seconds.
    pub expires: i64,
    /// Proves that we made it.
    pub signature: String,
}

/// When an address ends that is made now: one to two hours later.
pub(super) fn expiry(now: Timestamp) -> Timestamp {
    Timestamp((now.0.div_euclid(STEP_MILLIS) + 2) * STEP_MILLIS)
}

fn signed_text(workspace_id: WorkspaceId, id: FileId, expires: i64) -> String {
    format!("{workspace_id} {id} {expires}")
}

/// The path and query of a file's bytes until a moment (whole seconds).
pub(super) fn path(
    keys: &Keyring,
    workspace_id: WorkspaceId,
    id: FileId,
    name: Option<&str>,
    expires_at: Timestamp,
) -> String {
    let expires = expires_at.0 / 1000;
    let mac = keys.sign(PURPOSE, &signed_text(workspace_id, id, expires));
    let name = name.map(|name| format!("/{}", utf8_percent_encode(name, PATH_PART))).unwrap_or_default();
    format!("/files/{id}{name}?expires={expires}&signature={}{mac}", encode_base32(workspace_id.0))
}

/// Whose file an address leads to and when it ends, if we signed it. The caller compares the end.
pub(super) fn check(keys: &Keyring, asked: &SignedAddress) -> Option<(WorkspaceId, Timestamp)> {
    let (workspace, mac) = asked.signature.split_at_checked(WORKSPACE_DIGITS)?;
    let workspace_id = WorkspaceId(decode_base32(workspace)?);
    keys.verify(PURPOSE, &signed_text(workspace_id, asked.id, asked.expires), mac)
        .then(|| (workspace_id, Timestamp(asked.expires.saturating_mul(1000))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::SecretKey;

    fn parse(path: &str) -> SignedAddress {
        let (place, query) = path.split_once('?').unwrap();
        let (expires, signature) = query.strip_prefix("expires=").unwrap().split_once("&signature=").unwrap();
        let id = place.split('/').nth(2).unwrap().parse().unwrap();
        SignedAddress { id, expires: expires.parse().unwrap(), signature: signature.to_owned() }
    }

    #[test]
    fn an_address_holds_for_one_file_of_one_workspace_until_one_moment() {
        let keys = Keyring::new(SecretKey::generate().unwrap(), vec![]);
        let (workspace, id, end) = (WorkspaceId(77), FileId(5), Timestamp(1_790_000_000_000));
        let made = path(&keys, workspace, id, Some("a/b ü?.png"), end);
        assert!(made.starts_with("/files/fil_0000000000005/a%2Fb%20%C3%BC%3F.png?expires=1790000000&"), "{made}");
        let right = parse(&made);
        assert_eq!(check(&keys, &right), Some((workspace, end)));
        assert_eq!(right.signature, parse(&path(&keys, workspace, id, None, end)).signature, "the name is not signed");

        let other_workspace = format!("{}{}", encode_base32(78), &right.signature[WORKSPACE_DIGITS..]);
        for wrong in [
            SignedAddress { id: FileId(6), ..right.clone() },
            SignedAddress { expires: right.expires + 1, ..right.clone() },
            SignedAddress { signature: other_workspace, ..right.clone() },
            SignedAddress { signature: right.signature[..WORKSPACE_DIGITS].to_owned(), ..right.clone() },
            SignedAddress { signature: format!("{}A", right.signature), ..right.clone() },
            SignedAddress { signature: "ääääääääääääää".to_owned(), ..right.clone() },
            SignedAddress { signature: String::new(), ..right.clone() },
            SignedAddress { expires: i64::MAX, ..right.clone() },
        ] {
            assert_eq!(check(&keys, &wrong), None, "{wrong:?}");
        }
        assert_eq!(check(&Keyring::new(SecretKey::generate().unwrap(), vec![]), &right), None);
    }

    #[test]
    fn an_address_is_the_same_within_the_hour_and_good_for_one_to_two() {
        let hour = 1_789_999_200_000 / STEP_MILLIS * STEP_MILLIS;
        assert_eq!(expiry(Timestamp(hour)), Timestamp(hour + 2 * STEP_MILLIS));
        assert_eq!(expiry(Timestamp(hour + STEP_MILLIS - 1)), expiry(Timestamp(hour)));
        assert_eq!(expiry(Timestamp(hour - 1)), Timestamp(hour + STEP_MILLIS));
    }
}
