//! Stream keys: what OBS sends. Only their codes are stored.

use std::fmt;
use std::sync::Arc;

use ring::hmac;
use serde_json::json;

use super::{Act, EventError, EventFacts, EventStatus, SharedMirror, records};
use crate::config::{Secret, SecretKey, hex};
use crate::ids::{EventSlug, new_word};
use crate::store::Store;

/// The secret key's purpose under which codes are made.
const PURPOSE: &str = "stream-key";
/// Length of a key that we make: five random bits a letter, 120 in all.
const KEY_LEN: usize = 24;
/// Bytes of HMAC-SHA-256.
const CODE_LEN: usize = 32;

/// Makes a stream key's code: HMAC-SHA-256 under a key of its own.
#[derive(Clone)]
pub struct StreamKeyCodes(hmac::Key);

impl fmt::Debug for StreamKeyCodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StreamKeyCodes")
    }
}

impl StreamKeyCodes {
    /// Codes under this secret key.
    #[must_use]
    pub fn new(key: &SecretKey) -> Self {
        Self(key.hmac_key(PURPOSE))
    }

    /// The code of a stream key, as stored: lower-case hex.
    #[must_use]
    pub fn code(&self, stream_key: &str) -> String {
        hex(hmac::sign(&self.0, stream_key.as_bytes()).as_ref())
    }
}

/// The code of a stream key under `key`, as [`EventFacts::stream_key_mac`] holds it.
#[must_use]
pub fn mac_of_stream_key(key: &SecretKey, stream_key: &str) -> String {
    StreamKeyCodes::new(key).code(stream_key)
}

/// Finds the event of a stream key, in the mirror.
#[derive(Clone, Debug)]
pub struct StreamKeys {
    codes: StreamKeyCodes,
    mirror: SharedMirror,
}

impl StreamKeys {
    /// Keys of the events in `mirror`.
    #[must_use]
    pub fn new(key: &SecretKey, mirror: SharedMirror) -> Self {
        Self { codes: StreamKeyCodes::new(key), mirror }
    }

    /// The event whose stream key this is. Compares with every event's code in constant time, so that the time taken
    /// tells neither how much of a key was right nor which event it belongs to.
    #[must_use]
    pub fn find(&self, stream_key: &str) -> Option<Arc<EventFacts>> {
        let mut found = None;
        for event in self.mirror.all().iter() {
            if let Some(code) = from_hex(&event.stream_key_mac)
                && hmac::verify(&self.codes.0, stream_key.as_bytes(), &code).is_ok()
            {
                found = Some(Arc::clone(event));
            }
        }
        found
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
pub(super) fn new_stream_key(act: &Act) -> Secret {
    Secret::new(new_word(act.random.as_ref(), KEY_LEN))
}

/// Gives the event a new stream key and returns it; the old one opens nothing any more. A publisher that is connected
/// stays so until it drops.
///
/// # Errors
/// `events.not_found`, `events.ended`, or [`EventError::Store`].
pub async fn renew_stream_key(
    store: &Store,
    act: &Act,
    codes: &StreamKeyCodes,
    slug: &EventSlug,
) -> Result<Secret, EventError> {
    let key = new_stream_key(act);
    let code = codes.code(key.expose());
    let (slug, actor, audit_id) = (slug.clone(), act.actor.clone(), act.new_id());
    store
        .write(move |conn| {
            let event = records::lock_event(conn, &slug)?.ok_or_else(|| EventError::NotFound(slug.clone()))?;
            if event.status == EventStatus::Ended {
                return Err(EventError::Ended(slug.clone()));
            }
            records::set_stream_key_mac(conn, &event.id, &code)?;
            let change = records::Change {
                what: "events.renew_stream_key",
                kind: "event:update",
                payload: json!({}),
                before: None,
                after: None,
            };
            records::announce(conn, &audit_id, &actor, &slug, &change)
        })
        .await?;
    Ok(key)
}
