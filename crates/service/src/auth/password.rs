//! Passwords: argon2id with the library's defaults (19 MiB, two passes), a few at a time.

use crate::{ServiceError, Services};
use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};

/// The least characters of a password (NIST SP 800-63B asks for 8; length is what counts).
pub(crate) const MIN_CHARS: usize = 10;
/// The most bytes, so that nobody makes us hash a megabyte.
const MAX_BYTES: usize = 1_024;

/// A hash of nobody's password, checked when there is nobody: an unknown address takes as long as a known one.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5LW5vYm9keS4$5rKLnTJvZ2hPW1p2Q2xyU0V4T1F1bWJZd0xkR3NmQWU";

/// What is wrong with a password, in words.
pub(crate) fn fault(password: &str) -> Option<String> {
    if password.chars().count() < MIN_CHARS {
        return Some(format!("choose at least {MIN_CHARS} characters"));
    }
    if password.len() > MAX_BYTES {
        return Some(format!("choose at most {MAX_BYTES} bytes"));
    }
    is_guessable(password).then(|| "choose something that is not so easy to guess".to_owned())
}

/// What a machine tries first of what is long enough: one short piece over and over, a row of the alphabet, of the digits or
/// of the keyboard, and the commonest words with digits behind them (NIST SP 800-63B, 3.1.1.2).
fn is_guessable(password: &str) -> bool {
    let letters: Vec<char> = password.to_lowercase().chars().collect();
    let repeats = |piece: usize| letters.iter().skip(piece).eq(letters.iter().take(letters.len() - piece));
    if (1..=2).any(repeats) {
        return true;
    }
    let plain: String = letters.iter().collect();
    let back: String = letters.iter().rev().collect();
    let is_row = |row: &&str| row.contains(&plain) || row.contains(&back);
    let word = plain.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter.is_ascii_punctuation());
    ROWS.iter().any(is_row) || COMMON.contains(&word) || COMMON.contains(&plain.as_str())
}

/// Rows that fingers and minds follow.
const ROWS: [&str; 4] =
    ["abcdefghijklmnopqrstuvwxyz", "01234567890123456789", "qwertyuiopasdfghjklzxcvbnm", "1qaz2wsx3edc4rfv5tgb6yhn"];
/// Words that lead every list of leaked passwords, without the digits that make them long enough.
const COMMON: [&str; 16] = [
    "password",
    "passw0rd",
    "p@ssw0rd",
    "p@ssword",
    "qwerty",
    "qwertyuiop",
    "1q2w3e4r5t",
    "1q2w3e4r5t6y",
    "abc",
    "iloveyou",
    "welcome",
    "letmein",
    "changeme",
    "admin",
    "administrator",
    "onethread",
];

/// Hashes a password.
pub(crate) async fn hash(services: &Services, password: &str) -> Result<String, ServiceError> {
    let password = password.to_owned();
    blocking(services, move || Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string()))
        .await?
        .map_err(|error| ServiceError::Internal(format!("hashing failed: {error}")))
}

/// Whether the password fits the hash; `None` as hash never fits and takes as long.
pub(crate) async fn verify(services: &Services, password: &str, hash: Option<&str>) -> Result<bool, ServiceError> {
    if password.len() > MAX_BYTES {
        return Ok(false);
    }
    let (password, known, hash) = (password.to_owned(), hash.is_some(), hash.unwrap_or(NOBODY).to_owned());
    blocking(services, move || {
        let Ok(parsed) = PasswordHash::new(&hash) else { return false };
        Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok() && known
    })
    .await
}

async fn blocking<T: Send + 'static>(
    services: &Services,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ServiceError> {
    let _turn =
        services.0.hashing.acquire().await.map_err(|_| ServiceError::Unavailable("the server is stopping".into()))?;
    tokio::task::spawn_blocking(work).await.map_err(|error| ServiceError::Internal(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_nobody_can_be_checked() {
        let parsed = PasswordHash::new(NOBODY).unwrap();
        assert!(Argon2::default().verify_password(b"anything", &parsed).is_err());
    }

    #[test]
    fn passwords_that_are_tried_first_are_refused() {
        for easy in [
            "aaaaaaaaaa",
            "ababababababa",
            "1234567890",
            "0987654321",
            "abcdefghijkl",
            "QWERTYUIOP",
            "password123",
            "Password2026!",
            "1q2w3e4r5t",
            "1qaz2wsx3edc",
            "onethread1",
        ] {
            assert!(fault(easy).is_some(), "{easy}");
        }
        for good in ["three quiet green parcels", "password of the old barn", "a long password", "ąčęėįšųūž1"]
        {
            assert!(fault(good).is_none(), "{good}");
        }
    }

    #[test]
    fn short_passwords_are_refused() {
        assert!(fault("123456789").is_some());
        assert!(fault("ąčęėįšųūž1").is_none(), "characters, not bytes");
        assert!(fault(&"x".repeat(2_000)).is_some());
    }
}
