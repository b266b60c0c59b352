//! Says that the store fails, once, and that it is well again.

use super::uploader::PutError;
use crate::clock::Micros;
use crate::ids::{EventSlug, KeyId};

/// Whether the store fails, and what was said about it.
#[derive(Clone, Debug, Default)]
pub struct Trouble {
    since: Option<Micros>,
    said_permanent: bool,
    lacks_keys: bool,
}

impl Trouble {
    /// Since when it fails without a success between.
    #[must_use]
    pub const fn since(&self) -> Option<Micros> {
        self.since
    }

    /// Sold segments wait for a key.
    #[must_use]
    pub const fn is_without_keys(&self) -> bool {
        self.lacks_keys
    }

    /// A sold segment cannot be encrypted: it waits, since it is never stored in clear.
    pub fn lacks_key(&mut self, event: &EventSlug, id: &KeyId) {
        if !std::mem::replace(&mut self.lacks_keys, true) {
            tracing::error!(%event, key = %id, "there is no key for a sold segment: it waits, and is not published in clear. \
                The event's secret is missing, or sealed under another server.secret_key");
        }
    }

    /// A sold segment is stored.
    pub fn has_keys(&mut self, event: &EventSlug) {
        if std::mem::take(&mut self.lacks_keys) {
            tracing::info!(%event, "there are keys for sold segments again");
        }
    }

    /// A try failed.
    pub fn failed(&mut self, event: &EventSlug, error: &PutError, now: Micros) {
        let permanent = matches!(error, PutError::Store(error) if !error.is_passing());
        if permanent && !self.said_permanent {
            self.said_permanent = true;
            tracing::error!(%event, %error, "the object store refuses; this will not pass by itself. Nothing is lost: it \
                is tried again until it takes what is waiting");
        } else if self.since.is_none() {
            tracing::warn!(%event, %error, "the object store fails; it is tried again");
        } else {
            tracing::debug!(%event, %error, "the object store still fails");
        }
        self.since.get_or_insert(now);
    }

    /// A try succeeded.
    pub fn well(&mut self, event: &EventSlug) {
        if self.since.take().is_some() {
            tracing::info!(%event, "the object store is well again");
        }
        self.said_permanent = false;
    }
}
