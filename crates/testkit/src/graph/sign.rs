//! Meta's signature of a callback, made by code of its own: a mistake in the adapter cannot hide behind the same
//! mistake here.

use aws_lc_rs::digest::{Context, SHA256};

/// The value of `X-Hub-Signature-256` for these bytes: HMAC-SHA256 (RFC 2104) keyed with the app secret.
#[must_use]
pub fn signature(app_secret: &str, body: &[u8]) -> String {
    let mut key = [0_u8; 64];
    if app_secret.len() > key.len() {
        key[..32].copy_from_slice(&sha256(&[app_secret.as_bytes()]));
    } else {
        key[..app_secret.len()].copy_from_slice(app_secret.as_bytes());
    }
    let inner = sha256(&[&key.map(|byte| byte ^ 0x36), body]);
    let outer = sha256(&[&key.map(|byte| byte ^ 0x5c), &inner]);
    let digits: String = outer.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={digits}")
}

fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    // The sheet's vectors; the RFC's own (4231, case 1 and 6) show that the HMAC itself is right.
    #[test]
    fn known_answers() {
        let digits = |secret: &str, body: &[u8]| signature(secret, body)[7..].to_owned();
        assert_eq!(
            digits(&"\u{b}".repeat(20), b"Hi There"),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        );
        let long = "a".repeat(65);
        assert_ne!(digits(&long, b""), digits(&long[..64], b""), "a long key is hashed, not cut");
        let body = br#"{"object":"page","entry":[{"id":"1","time":1,"messaging":[{"sender":{"id":"2"},"recipient":{"id":"1"},"timestamp":1,"message":{"mid":"m_x","attachments":[{"type":"image","payload":{"url":"https:\/\/cdn.example.com\/a.jpg"}}]}}]}]}"#;
        assert_eq!(
            signature("meta_app_secret_for_tests", body),
            "sha256=37d8b62532548aaf776673a932cfbf16bcc7a3ee596de8ee08fcf46ad3cdd258"
        );
    }
}
