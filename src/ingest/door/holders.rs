//! Who publishes which event: one at a time.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::config::Takeover;
use crate::ids::EventSlug;
use crate::ingest::Refused;

/// A holder that has sent nothing for so long is taken for dead.
const SILENT_AFTER: Duration = Duration::from_secs(3);

/// The publishers of all events.
#[derive(Debug)]
pub struct Holders {
    takeover: Takeover,
    live: Mutex<HashMap<EventSlug, Holder>>,
    next: AtomicU64,
}

#[derive(Debug)]
struct Holder {
    id: u64,
    pulse: Arc<Pulse>,
    replaced: CancellationToken,
}

/// When a publisher last sent bytes.
#[derive(Debug)]
pub struct Pulse {
    since: Instant,
    last_ms: AtomicU64,
    waiting_for_encoder: AtomicBool,
}

impl Pulse {
    fn new() -> Self {
        Self { since: Instant::now(), last_ms: AtomicU64::new(0), waiting_for_encoder: AtomicBool::new(false) }
    }

    /// Bytes have come.
    pub fn beat(&self) {
        let ms = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last_ms.store(ms, Ordering::Relaxed);
    }

    /// While we wait for the encoder we do not read: the publisher is not silent, we are.
    pub fn set_waiting_for_encoder(&self, waiting: bool) {
        self.waiting_for_encoder.store(waiting, Ordering::Relaxed);
    }

    fn is_silent(&self) -> bool {
        let last = Duration::from_millis(self.last_ms.load(Ordering::Relaxed));
        !self.waiting_for_encoder.load(Ordering::Relaxed) && self.since.elapsed().saturating_sub(last) > SILENT_AFTER
    }
}

/// The right to publish an event; dropping it gives it back.
#[derive(Debug)]
pub struct Claim {
    holders: Arc<Holders>,
    event: EventSlug,
    id: u64,
    pulse: Arc<Pulse>,
    replaced: CancellationToken,
}

impl Holders {
    /// Nobody publishes.
    #[must_use]
    pub fn new(takeover: Takeover) -> Self {
        Self { takeover, live: Mutex::default(), next: AtomicU64::new(0) }
    }

    /// Claims an event, from its holder if that one may be replaced.
    ///
    /// # Errors
    /// [`Refused::AlreadyLive`]
    pub fn claim(self: &Arc<Self>, event: &EventSlug) -> Result<Claim, Refused> {
        let mut live = self.lock();
        if let Some(holder) = live.get(event) {
            if self.takeover == Takeover::Dead && !holder.pulse.is_silent() {
                return Err(Refused::AlreadyLive);
            }
            holder.replaced.cancel();
        }
        let claim = Claim {
            holders: Arc::clone(self),
            event: event.clone(),
            id: self.next.fetch_add(1, Ordering::Relaxed),
            pulse: Arc::new(Pulse::new()),
            replaced: CancellationToken::new(),
        };
        let holder = Holder { id: claim.id, pulse: Arc::clone(&claim.pulse), replaced: claim.replaced.clone() };
        live.insert(event.clone(), holder);
        Ok(claim)
    }

    /// Whether somebody holds `event`.
    pub fn is_held(&self, event: &EventSlug) -> bool {
        self.lock().contains_key(event)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<EventSlug, Holder>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Claim {
    /// Where the publisher's bytes are noted.
    #[must_use]
    pub fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    /// Waits until another publisher has taken over.
    pub async fn replaced(&self) {
        self.replaced.cancelled().await;
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut live = self.holders.lock();
        if live.get(&self.event).is_some_and(|holder| holder.id == self.id) {
            live.remove(&self.event);
        }
    }
}
