//! How long to wait before FFmpeg is started again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::ids::{EventSlug, Random};

/// A run that gave pictures for this long was a good one: the next start does not wait for an earlier failure.
pub(super) const GOOD_RUN: Duration = Duration::from_secs(4);

/// Waits of 0.25, 0.5, 1, 2, 4, 8 and then 15 seconds, each cut at random to between half and all of it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// A run has ended after pictures for `good`; gives the wait before the next.
    pub(super) fn after(&mut self, good: Duration, random: &dyn Random) -> Duration {
        if good >= GOOD_RUN {
            self.failures = 0;
        }
        let full = Duration::from_millis(250).saturating_mul(1 << self.failures.min(6)).min(Duration::from_secs(15));
        self.failures = self.failures.saturating_add(1);
        let mut byte = [0_u8; 1];
        random.fill(&mut byte);
        let [jitter] = byte;
        full / 2 + (full / 2).saturating_mul(u32::from(jitter)) / 255
    }
}

/// Feeds by event: a pusher that opens the next feed at once must not start FFmpeg in a tight loop.
#[derive(Debug, Default)]
pub(super) struct Backoffs {
    events: Mutex<HashMap<EventSlug, (Backoff, Duration)>>,
}

impl Backoffs {
    /// What to wait before the next start; each call takes the wait that the last run left.
    pub(super) fn take(&self, event: &EventSlug) -> Duration {
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.get_mut(event).map_or(Duration::ZERO, |(_, wait)| std::mem::take(wait))
    }

    /// A run of `event` ended by itself after pictures for `good`.
    pub(super) fn failed(&self, event: &EventSlug, good: Duration, random: &dyn Random) {
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        let (backoff, wait) = events.entry(event.clone()).or_default();
        // A feed must be open again before the pusher's own deadline: five seconds at most.
        *wait = backoff.after(good, random).min(Duration::from_secs(5));
    }

    /// A run of `event` ended as asked: nothing to wait for.
    pub(super) fn ended_well(&self, event: &EventSlug) {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).remove(event);
    }
}
