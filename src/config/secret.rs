//! Secrets: masked wherever they are printed, and keys derived from the one secret key.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::{aead, hkdf, hmac};
use serde::{Deserialize, Serialize};

use crate::ids::Random;

/// A text that must not be printed. `Debug` and serialising mask it.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Wraps `text`.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself; the name is long so that it is seen.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether nothing was given.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "\"\"" } else { "\"***\"" })
    }
}

impl Serialize for Secret {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(if self.0.is_empty() { "" } else { "***" })
    }
}

/// The 32 bytes from which every other key is derived (HKDF-SHA-256, RFC 5869).
#[derive(Clone)]
pub struct SecretKey(Arc<[u8; 32]>);

impl SecretKey {
    /// Wraps 32 bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Arc::new(bytes))
    }

    /// An HMAC-SHA-256 key for one purpose, such as `stream-key`.
    #[must_use]
    pub fn hmac_key(&self, purpose: &str) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, &self.derive(purpose))
    }

    /// 32 bytes for one purpose.
    #[must_use]
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        let mut out = [0_u8; 32];
        let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, b"bakuhantam").extract(self.0.as_slice());
        let info = [purpose.as_bytes()];
        let filled = prk.expand(&info, hkdf::HKDF_SHA256).and_then(|okm| okm.fill(&mut out));
        // 32 bytes are always within HKDF-SHA-256's limit of 255 blocks.
        debug_assert!(filled.is_ok(), "HKDF gives 32 bytes");
        out
    }

    /// `plain` under a key of this purpose, as text for a column: AES-256-GCM with a random nonce, base64url of
    /// nonce, ciphertext and tag. `place` names where it is kept (a row's id): it opens nowhere else.
    ///
    /// A random nonce of 96 bits is good for some 2³² texts of one purpose.
    #[must_use]
    pub fn seal(&self, purpose: &str, place: &str, plain: &[u8], random: &dyn Random) -> String {
        let mut nonce = [0_u8; aead::NONCE_LEN];
        random.fill(&mut nonce);
        let mut text = plain.to_vec();
        let sealed = self.sealing_key(purpose).and_then(|key| {
            let nonce = aead::Nonce::assume_unique_for_key(nonce);
            key.seal_in_place_append_tag(nonce, aead::Aad::from(place.as_bytes()), &mut text).ok()
        });
        // AES-256-GCM takes every key of 32 bytes and every text below 64 GiB. Should it not, nothing that opens, and
        // nothing of the text, is kept.
        if sealed.is_none() {
            return String::new();
        }
        URL_SAFE_NO_PAD.encode([nonce.as_slice(), &text].concat())
    }

    /// What [`SecretKey::seal`] sealed for this purpose and place; `None` for anything else.
    #[must_use]
    pub fn open(&self, purpose: &str, place: &str, sealed: &str) -> Option<Vec<u8>> {
        let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, text) = sealed.split_at_checked(aead::NONCE_LEN)?;
        let nonce = aead::Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = text.to_vec();
        let key = self.sealing_key(purpose)?;
        let plain = key.open_in_place(nonce, aead::Aad::from(place.as_bytes()), &mut text).ok()?;
        Some(plain.to_vec())
    }

    fn sealing_key(&self, purpose: &str) -> Option<aead::LessSafeKey> {
        // A name of its own, so that no HMAC key of the same purpose is the same 32 bytes.
        let key = aead::UnboundKey::new(&aead::AES_256_GCM, &self.derive(&format!("seal {purpose}"))).ok()?;
        Some(aead::LessSafeKey::new(key))
    }

    /// A short public fingerprint, to see whether two nodes have the same key.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        hex(self.derive("fingerprint").get(..8).unwrap_or_default())
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(***)")
    }
}

/// `bytes` as lower-case hex.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|b| [b >> 4, b & 15])
        .filter_map(|nibble| DIGITS.get(usize::from(nibble)).copied())
        .map(char::from)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::SystemRandom;

    #[test]
    fn what_is_sealed_opens_in_its_place_alone() {
        let (key, random) = (SecretKey::new([7; 32]), SystemRandom::default());
        let sealed = key.seal("totp", "row", b"secret", &random);
        assert_eq!(key.open("totp", "row", &sealed).as_deref(), Some(b"secret".as_slice()));
        assert_ne!(sealed, key.seal("totp", "row", b"secret", &random), "each time another nonce");
        assert_eq!(key.open("totp", "another row", &sealed), None);
        assert_eq!(key.open("another purpose", "row", &sealed), None);
        assert_eq!(SecretKey::new([8; 32]).open("totp", "row", &sealed), None);
    }

    #[test]
    fn what_was_changed_or_cut_does_not_open() {
        let (key, random) = (SecretKey::new([7; 32]), SystemRandom::default());
        let sealed = URL_SAFE_NO_PAD.decode(key.seal("totp", "row", b"secret", &random)).unwrap();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(key.open("totp", "row", &URL_SAFE_NO_PAD.encode(&changed)), None, "byte {at}");
            assert_eq!(key.open("totp", "row", &URL_SAFE_NO_PAD.encode(&sealed[..at])), None, "cut at {at}");
        }
        assert_eq!(key.open("totp", "row", "no base64!"), None);
        assert_eq!(key.open("totp", "row", &URL_SAFE_NO_PAD.encode(&sealed)).as_deref(), Some(b"secret".as_slice()));
        assert_eq!(key.open("totp", "row", &key.seal("totp", "row", b"", &random)).as_deref(), Some(b"".as_slice()));
    }
}
