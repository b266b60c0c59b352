//! Stream keys: what OBS sends. Only their codes are stored.

use std::fmt;
use std::sync::Arc;

use serde_json::json;

use super::codes::{self, Codes};
use super::{Act, EventError, EventFacts, EventStatus, SharedMirror, records};
use crate::config::{Secret, SecretKey};
use crate::ids::EventSlug;
use crate::store::Store;

/// The secret key's purpose under which codes are made.
const PURPOSE: &str = "stream-key";
/// Makes a stream key's code: HMAC-SHA-256 under a key of its own.
#[derive(Clone)]
pub struct StreamKeyCodes(Codes);

impl fmt::Debug for StreamKeyCodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StreamKeyCodes")
    }
}

impl StreamKeyCodes {
    /// Codes under this secret key.
    #[must_use]
    pub fn new(key: &SecretKey) -> Self {
        Self(Codes::new(key, PURPOSE))
    }

    /// The code of a stream key, as stored: lower-case hex.
    #[must_use]
    pub fn code(&self, stream_key: &str) -> String {
        self.0.code(stream_key)
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
            if self.codes.0.are_of(&event.stream_key_mac, stream_key) {
                found = Some(Arc::clone(event));
            }
        }
        found
    }
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
    let key = codes::new_key(act);
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
