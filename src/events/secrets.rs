//! The secret of an event, and the content keys made from it.
//!
//! An event's secret is 32 random bytes, sealed under `server.secret_key` with the event's id as its place. A content
//! key is 16 bytes of HKDF-SHA-256 (RFC 5869) of that secret, with the key's id as its info: every node that has the
//! mirror and the secret key makes the same one, and nothing is stored for a key.

use ring::hkdf;

use super::EventFacts;
use crate::config::SecretKey;
use crate::ids::{KeyId, RowId, SharedRandom};

/// The purpose under which event secrets are sealed.
const PURPOSE: &str = "event-secret";

/// Separates these keys from everything else that might be made from the same bytes.
const SALT: &[u8] = b"bakuhantam content key";

/// Bytes of an event's secret.
const SECRET_LEN: usize = 32;

/// Makes and opens the secrets of events.
#[derive(Clone, Debug)]
pub struct Secrets {
    key: SecretKey,
    random: SharedRandom,
}

/// The length of a content key, for HKDF.
#[derive(Clone, Copy, Debug)]
struct KeyLen;

impl hkdf::KeyType for KeyLen {
    fn len(&self) -> usize {
        16
    }
}

impl Secrets {
    /// Over this node's secret key.
    #[must_use]
    pub fn new(key: &SecretKey, random: &SharedRandom) -> Self {
        Self { key: key.clone(), random: random.clone() }
    }

    /// A new secret for an event, sealed.
    #[must_use]
    pub fn seal_new(&self, event: &RowId) -> String {
        let mut secret = [0_u8; SECRET_LEN];
        self.random.fill(&mut secret);
        self.key.seal(PURPOSE, event.as_str(), &secret, self.random.as_ref())
    }

    /// The content key of an id; `None` where the event has no secret that this node's key opens.
    #[must_use]
    pub fn content_key(&self, event: &EventFacts, id: &KeyId) -> Option<[u8; 16]> {
        let secret = self.key.open(PURPOSE, event.id.as_str(), event.secret_sealed.as_deref()?)?;
        if secret.len() != SECRET_LEN {
            return None;
        }
        let mut key = [0_u8; 16];
        let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, SALT).extract(&secret);
        prk.expand(&[id.as_str().as_bytes()], KeyLen).and_then(|okm| okm.fill(&mut key)).ok()?;
        Some(key)
    }
}
