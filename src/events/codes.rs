//! Codes of keys: what is stored in a key's place.

use ring::hmac;

use super::Act;
use crate::config::{Secret, SecretKey, hex};
use crate::ids::new_word;

/// Length of a key that we make: five random bits a letter, 120 in all.
const KEY_LEN: usize = 24;
/// Bytes of HMAC-SHA-256.
const CODE_LEN: usize = 32;

/// Makes codes of keys: HMAC-SHA-256 under a key of its own for each purpose.
#[derive(Clone)]
pub(super) struct Codes(hmac::Key);

impl Codes {
    pub(super) fn new(key: &SecretKey, purpose: &str) -> Self {
        Self(key.hmac_key(purpose))
    }

    /// The code of a key, as stored: lower-case hex.
    pub(super) fn code(&self, key: &str) -> String {
        hex(hmac::sign(&self.0, key.as_bytes()).as_ref())
    }

    /// Whether a stored code is that of this key. Compares in constant time.
    pub(super) fn are_of(&self, code: &str, key: &str) -> bool {
        from_hex(code).is_some_and(|code| hmac::verify(&self.0, key.as_bytes(), &code).is_ok())
    }
}

/// The bytes of a stored code; `None` for what is not one, which then matches no key.
fn from_hex(text: &str) -> Option<[u8; CODE_LEN]> {
    let mut bytes = [0; CODE_LEN];
    if text.len() != CODE_LEN * 2 || !text.is_ascii() {
        return None;
    }
    for (byte, at) in bytes.iter_mut().zip((0..text.len()).step_by(2)) {
        *byte = u8::from_str_radix(text.get(at..at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// A key that nobody can guess.
pub(super) fn new_key(act: &Act) -> Secret {
    Secret::new(new_word(act.random.as_ref(), KEY_LEN))
}
