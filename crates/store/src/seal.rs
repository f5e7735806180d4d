//! Sealing the secrets of channel accounts and webhooks: AES-256-GCM, with the key's name in front so that keys can be changed.

use crate::error::{Result, StoreError};
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey},
    digest, hmac, rand,
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use std::{fmt, sync::Arc};

/// Bytes of a nonce.
const NONCE_BYTES: usize = 12;

/// A key of 32 bytes. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretKey([u8; 32]);

impl SecretKey {
    /// A new key from the system's random source.
    ///
    /// # Errors
    /// When the system has none.
    pub fn generate() -> Result<Self> {
        let mut bytes = [0; 32];
        rand::fill(&mut bytes).map_err(|_| StoreError::Setup("the system gives no random numbers".into()))?;
        Ok(Self(bytes))
    }

    /// Reads 32 bytes in base64.
    ///
    /// # Errors
    /// Says what would be right, never what was given.
    pub fn parse(text: &str) -> Result<Self> {
        STANDARD
            .decode(text.trim())
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .map(Self)
            .ok_or_else(|| StoreError::Setup("a secret key is 32 bytes in base64 (openssl rand -base64 32)".into()))
    }

    /// The key as text, for the file that keeps it.
    #[must_use]
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.0)
    }

    /// A key for one purpose, which says nothing about this one.
    fn derived(&self, purpose: &str) -> hmac::Key {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        let derived = hmac::sign(&key, format!("onethread signing key\0{purpose}").as_bytes());
        hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref())
    }

    /// The key's name: the first 8 hex digits of its SHA-256. Says nothing about the key.
    fn name(&self) -> String {
        hex(&digest::digest(&digest::SHA256, &self.0).as_ref()[..4])
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("***")
    }
}

/// The keys at hand: the first seals, all open. To change keys, put the new one first and keep the old one until every
/// secret has been sealed anew.
#[derive(Debug, Clone)]
pub struct Keyring(Arc<Vec<SecretKey>>);

impl Keyring {
    /// A ring of at least one key.
    #[must_use]
    pub fn new(first: SecretKey, older: Vec<SecretKey>) -> Self {
        let mut keys = vec![first];
        keys.extend(older);
        Self(Arc::new(keys))
    }

    /// Seals a text for one purpose (the row it belongs to): moved to another row it does not open.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn seal(&self, purpose: &str, text: &str) -> Result<String> {
        let fault = |_| StoreError::Internal("sealing failed".into());
        let key = &self.0[0];
        let sealer = RandomizedNonceKey::new(&AES_256_GCM, &key.0).map_err(fault)?;
        let mut sealed = text.as_bytes().to_vec();
        let nonce = sealer.seal_in_place_append_tag(Aad::from(purpose.as_bytes()), &mut sealed).map_err(fault)?;
        let mut bytes = nonce.as_ref().to_vec();
        bytes.append(&mut sealed);
        Ok(format!("1.{}.{}", key.name(), STANDARD.encode(bytes)))
    }

    /// Opens what [`Self::seal`] sealed for the same purpose.
    ///
    /// # Errors
    /// [`StoreError::Sealed`] naming the key that is missing, or that the text was changed.
    pub fn open(&self, purpose: &str, sealed: &str) -> Result<String> {
        let changed = || StoreError::Sealed("it was changed, or belongs to another row".into());
        let mut parts = sealed.splitn(3, '.');
        let (Some("1"), Some(name), Some(text)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(changed());
        };
        let key =
            self.0.iter().find(|key| key.name() == name).ok_or_else(|| {
                StoreError::Sealed(format!("key {name} is not at hand; give it as an older secret key"))
            })?;
        let mut bytes = STANDARD.decode(text).map_err(|_| changed())?;
        if bytes.len() < NONCE_BYTES {
            return Err(changed());
        }
        let mut body = bytes.split_off(NONCE_BYTES);
        let nonce = Nonce::try_assume_unique_for_key(&bytes).map_err(|_| changed())?;
        let opener = RandomizedNonceKey::new(&AES_256_GCM, &key.0).map_err(|_| changed())?;
        let plain = opener.open_in_place(nonce, Aad::from(purpose.as_bytes()), &mut body).map_err(|_| changed())?;
        String::from_utf8(plain.to_vec()).map_err(|_| changed())
    }

    /// Whether a sealed text was sealed with the key that seals now.
    #[must_use]
    pub fn is_current(&self, sealed: &str) -> bool {
        sealed.split('.').nth(1) == Some(self.0[0].name().as_str())
    }

    /// The name of the key that a sealed text needs, when it is not at hand.
    pub(crate) fn missing<'a>(&self, sealed: &'a str) -> Option<&'a str> {
        sealed.split('.').nth(1).filter(|name| self.0.iter().all(|key| key.name() != *name))
    }

    /// Signs a text for one purpose, so that it can be known again as ours: HMAC-SHA-256 under a key that is derived for the
    /// purpose alone, in base64url (43 characters).
    #[must_use]
    pub fn sign(&self, purpose: &str, text: &str) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.0[0].derived(purpose), text.as_bytes()))
    }

    /// Whether [`Self::sign`] signed this text for this purpose, under any key of the ring. Takes the same time however much of
    /// a guess is right.
    #[must_use]
    pub fn verify(&self, purpose: &str, text: &str, signature: &str) -> bool {
        let Ok(tag) = URL_SAFE_NO_PAD.decode(signature) else { return false };
        self.0.iter().any(|key| hmac::verify(&key.derived(purpose), text.as_bytes(), &tag).is_ok())
    }

    /// Keyed fingerprints: equal texts can be found without opening anything. One per key, that of the key that seals now
    /// first: what was written under an older key is found until it has been written anew.
    #[must_use]
    pub fn fingerprints(&self, text: &str) -> Vec<String> {
        let sign = |key: &SecretKey| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key.0), text.as_bytes());
        self.0.iter().map(|key| hex(sign(key).as_ref())).collect()
    }
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// 128 random bits in hex. Falls back to nothing: a system without random numbers stops the start elsewhere.
pub(crate) fn random_hex() -> String {
    let mut bytes = [0; 16];
    // A failing source was refused when the keys were made; a fixed name would only make two instances look alike.
    let _ = rand::fill(&mut bytes);
    hex(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring() -> Keyring {
        Keyring::new(SecretKey::generate().unwrap(), vec![])
    }

    #[test]
    fn what_is_sealed_opens_for_its_purpose_alone() {
        let ring = ring();
        let sealed = ring.seal("cha_1", "hush").unwrap();
        assert!(!sealed.contains("hush"));
        assert_eq!(ring.open("cha_1", &sealed).unwrap(), "hush");
        assert!(ring.open("cha_2", &sealed).is_err());
        assert_ne!(ring.seal("cha_1", "hush").unwrap(), sealed, "never twice the same");
    }

    #[test]
    fn a_changed_text_does_not_open() {
        let ring = ring();
        let sealed = ring.seal("cha_1", "hush").unwrap();
        let last = if sealed.ends_with('A') { "B" } else { "A" };
        for wrong in
            [&sealed[..sealed.len() - 1], &format!("{}{last}", &sealed[..sealed.len() - 1]), "", "1.x.y", "2.a.b"]
        {
            assert!(ring.open("cha_1", wrong).is_err());
        }
    }

    #[test]
    fn keys_can_be_changed() {
        let (old, new) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
        let before = Keyring::new(old.clone(), vec![]);
        let sealed = before.seal("p", "hush").unwrap();
        let after = Keyring::new(new.clone(), vec![old]);
        assert_eq!(after.open("p", &sealed).unwrap(), "hush");
        assert!(!after.is_current(&sealed));
        assert!(after.is_current(&after.seal("p", "hush").unwrap()));
        assert_eq!(after.fingerprints("x").len(), 2);
        assert_eq!(before.fingerprints("x"), after.fingerprints("x")[1..]);
        let error = Keyring::new(new, vec![]).open("p", &sealed).unwrap_err().to_string();
        assert!(error.contains("older secret key"), "{error}");
    }

    #[test]
    fn a_signature_holds_for_its_text_and_purpose_and_survives_a_change_of_keys() {
        let (old, new) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
        let before = Keyring::new(old.clone(), vec![]);
        let signature = before.sign("files", "fil_1");
        assert_eq!(signature.len(), 43);
        assert!(before.verify("files", "fil_1", &signature));
        assert!(Keyring::new(new.clone(), vec![old]).verify("files", "fil_1", &signature));
        assert!(!Keyring::new(new, vec![]).verify("files", "fil_1", &signature));
        assert!(!before.verify("files", "fil_2", &signature));
        assert!(!before.verify("links", "fil_1", &signature));
        for wrong in ["", "=", &signature[1..], &before.fingerprints("fil_1")[0]] {
            assert!(!before.verify("files", "fil_1", wrong), "{wrong}");
        }
    }

    #[test]
    fn keys_read_back_and_are_never_printed() {
        let key = SecretKey::generate().unwrap();
        assert_eq!(SecretKey::parse(&key.to_base64()).unwrap(), key);
        assert!(SecretKey::parse("short").is_err());
        assert_eq!(format!("{key:?}"), "***");
    }
}
