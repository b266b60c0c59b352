//! Tells the outbox tail of this process's commits, so that it does not wait for its next look.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Counts commits of this process.
#[derive(Debug, Default)]
pub struct Commits {
    count: Mutex<u64>,
    changed: Condvar,
}

impl Commits {
    /// Counts one, and wakes who waits.
    pub fn bump(&self) {
        let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        *count = count.wrapping_add(1);
        self.changed.notify_all();
    }

    /// The count now.
    #[must_use]
    pub fn count(&self) -> u64 {
        *self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the count differs from `seen`, or `timeout` is over; returns the count. Blocking.
    #[must_use]
    pub fn wait_past(&self, seen: u64, timeout: Duration) -> u64 {
        let count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        let (count, _timed_out) = self
            .changed
            .wait_timeout_while(count, timeout, |count| *count == seen)
            .unwrap_or_else(PoisonError::into_inner);
        *count
    }
}
