//! Secrets and signatures in the format of Standard Webhooks
//! (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>).

use crate::ServiceError;
use aws_lc_rs::{hmac, rand};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use model::Timestamp;

const PREFIX: &str = "whsec_";
/// The specification wants 24 to 64.
const SECRET_BYTES: usize = 32;

/// A new secret: `whsec_` and base64.
pub(super) fn generate_secret() -> Result<String, ServiceError> {
    let mut bytes = [0; SECRET_BYTES];
    rand::fill(&mut bytes).map_err(|_| ServiceError::Internal("the system gives no random numbers".into()))?;
    Ok(format!("{PREFIX}{}", STANDARD.encode(bytes)))
}

/// The value of `webhook-signature`: one signature per secret, with spaces between.
pub(super) fn sign(secrets: &[String], event_id: &str, at: Timestamp, body: &[u8]) -> Result<String, ServiceError> {
    let signatures =
        secrets.iter().map(|secret| sign_once(secret, event_id, at, body)).collect::<Result<Vec<_>, _>>()?;
    Ok(signatures.join(" "))
}

fn sign_once(secret: &str, event_id: &str, at: Timestamp, body: &[u8]) -> Result<String, ServiceError> {
    let key = secret.strip_prefix(PREFIX).and_then(|text| STANDARD.decode(text).ok());
    let key = key.ok_or_else(|| ServiceError::Internal("a webhook's secret has not the form of one".into()))?;
    let mut signing = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &key));
    signing.update(format!("{event_id}.{}.", seconds(at)).as_bytes());
    signing.update(body);
    Ok(format!("v1,{}", STANDARD.encode(signing.sign())))
}

/// The value of `webhook-timestamp`: whole seconds.
pub(super) fn seconds(at: Timestamp) -> i64 {
    at.0.div_euclid(1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of docs/develop/webhooks.md, which `standardwebhooks` accepts.
    #[test]
    fn the_documented_example_is_signed_as_written_there() {
        let page = include_str!("../../../../docs/develop/webhooks.md");
        let line = |name: &str| {
            let found = page.lines().find_map(|line| line.strip_prefix(name));
            found.unwrap_or_else(|| panic!("the page has no line {name}")).trim().to_owned()
        };
        let (secret, id) = (line("secret:"), line("webhook-id:"));
        let at = Timestamp(line("webhook-timestamp:").parse::<i64>().unwrap() * 1_000 + 999);
        let body = page.lines().find(|line| line.starts_with("{\"id\":\"evt_")).unwrap();
        assert_eq!(sign(&[secret], &id, at, body.as_bytes()).unwrap(), line("webhook-signature:"));
    }

    #[test]
    fn every_secret_signs_and_secrets_have_their_form() {
        let secrets = [generate_secret().unwrap(), generate_secret().unwrap()];
        assert_ne!(secrets[0], secrets[1]);
        assert_eq!(STANDARD.decode(&secrets[0]["whsec_".len()..]).unwrap().len(), 32);
        let signed = sign(&secrets, "evt_1", Timestamp(5_000), b"{}").unwrap();
        let alone = sign(&secrets[1..], "evt_1", Timestamp(5_999), b"{}").unwrap();
        assert_eq!(signed.split(' ').nth(1), Some(alone.as_str()));
        for (id, at, body) in [("evt_2", 5_000, "{}"), ("evt_1", 6_000, "{}"), ("evt_1", 5_000, "{ }")] {
            assert_ne!(sign(&secrets, id, Timestamp(at), body.as_bytes()).unwrap(), signed);
        }
        assert!(sign(&["x".into()], "evt_1", Timestamp(0), b"").is_err());
    }
}
