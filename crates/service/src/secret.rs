//! Secrets that callers hold: random, told once, kept as a hash.

use crate::ServiceError;
use aws_lc_rs::{digest, rand};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// 256 random bits behind a prefix that says what it is, in case it turns up where it should not.
pub(crate) fn generate(prefix: &str) -> Result<String, ServiceError> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).map_err(|_| ServiceError::Internal("the system gives no random numbers".into()))?;
    Ok(format!("{prefix}{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// SHA-256 in hex. The secret is random and long: no salt, no slow hash, and it can be looked up by it.
pub(crate) fn hash(secret: &str) -> String {
    hash_bytes(secret.as_bytes())
}

/// SHA-256 of bytes, in hex.
pub(crate) fn hash_bytes(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A number in `[0, 1)` for jitter.
pub(crate) fn jitter() -> f64 {
    let mut bytes = [0; 4];
    // Without random numbers there is no jitter, which harms nobody.
    let _ = rand::fill(&mut bytes);
    f64::from(u32::from_le_bytes(bytes)) / (f64::from(u32::MAX) + 1.0)
}
