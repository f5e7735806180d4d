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
    (password.len() > MAX_BYTES).then(|| format!("choose at most {MAX_BYTES} bytes"))
}

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
    fn short_passwords_are_refused() {
        assert!(fault("123456789").is_some());
        assert!(fault("ąčęėįšųūž1").is_none(), "characters, not bytes");
        assert!(fault(&"x".repeat(2_000)).is_some());
    }
}
