//! Overlay keys: what makes an overlay page the broadcast's own. Only their codes are stored.

use std::fmt;

use serde_json::json;

use super::codes::{self, Codes};
use super::{Act, EventError, EventFacts, records};
use crate::config::{Secret, SecretKey};
use crate::ids::EventSlug;
use crate::store::Store;

/// The secret key's purpose under which codes are made.
const PURPOSE: &str = "overlay-key";

/// Makes an overlay key's code: HMAC-SHA-256 under a key of its own.
#[derive(Clone)]
pub struct OverlayKeyCodes(Codes);

impl fmt::Debug for OverlayKeyCodes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OverlayKeyCodes")
    }
}

impl OverlayKeyCodes {
    /// Codes under this secret key.
    #[must_use]
    pub fn new(key: &SecretKey) -> Self {
        Self(Codes::new(key, PURPOSE))
    }

    /// Whether this is the event's overlay key. Compares in constant time.
    #[must_use]
    pub fn is_key_of(&self, event: &EventFacts, key: &str) -> bool {
        event.overlay_key_mac.as_deref().is_some_and(|code| self.0.are_of(code, key))
    }
}

/// Gives the event a new overlay key and returns it. Pages with the old one go on showing, and are not the broadcast's
/// own any more.
///
/// # Errors
/// `events.not_found`, or [`EventError::Store`].
pub async fn renew_overlay_key(
    store: &Store,
    act: &Act,
    codes: &OverlayKeyCodes,
    slug: &EventSlug,
) -> Result<Secret, EventError> {
    let key = codes::new_key(act);
    let code = codes.0.code(key.expose());
    let (slug, actor, audit_id) = (slug.clone(), act.actor.clone(), act.new_id());
    store
        .write(move |conn| {
            let event = records::lock_event(conn, &slug)?.ok_or_else(|| EventError::NotFound(slug.clone()))?;
            records::set_overlay_key_mac(conn, &event.id, &code)?;
            let change = records::Change {
                what: "events.renew_overlay_key",
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
