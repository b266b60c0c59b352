//! Token buckets by key, bounded in memory: the generic cell rate algorithm, one moment for each key.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::clock::Micros;

/// Keys that one set of buckets holds at most: some 4 MB.
const KEYS_MAX: usize = 65_536;

/// A key: 16 bytes of a hash, so that no number stays in memory.
pub(super) type Key = [u8; 16];

/// How much a bucket holds and how fast it fills.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quota {
    /// Tokens of a full bucket.
    pub(super) burst: i64,
    /// Time for one more, in milliseconds.
    pub(super) each_ms: i64,
}

impl Quota {
    const fn each(self) -> i64 {
        self.each_ms.saturating_mul(1_000)
    }

    const fn span(self) -> i64 {
        self.each().saturating_mul(self.burst)
    }
}

/// Buckets of one quota. What is full is not kept.
#[derive(Debug)]
pub(super) struct Buckets {
    quota: Quota,
    keys_max: usize,
    /// When each bucket is full again.
    full_at: Mutex<HashMap<Key, i64>>,
}

impl Buckets {
    pub(super) fn new(quota: Quota) -> Self {
        Self { quota, keys_max: KEYS_MAX, full_at: Mutex::default() }
    }

    #[cfg(test)]
    pub(super) fn small(quota: Quota, keys_max: usize) -> Self {
        Self { keys_max, ..Self::new(quota) }
    }

    /// Takes a token.
    ///
    /// # Errors
    /// There is none: seconds until there is one.
    pub(super) fn take(&self, key: Key, now: Micros) -> Result<(), u32> {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was put back must not keep anyone out for longer than an empty bucket would.
        let before = full_at.get(&key).map_or(now.0, |at| (*at).clamp(now.0, now.0.saturating_add(self.quota.span())));
        let after = before.saturating_add(self.quota.each());
        let over = after.saturating_sub(now.0.saturating_add(self.quota.span()));
        if over > 0 {
            return Err(u32::try_from(over.saturating_add(999_999) / 1_000_000).unwrap_or(u32::MAX));
        }
        if full_at.len() >= self.keys_max && !full_at.contains_key(&key) {
            make_room(&mut full_at, self.keys_max, now);
        }
        full_at.insert(key, after);
        Ok(())
    }

    /// Puts a token back.
    pub(super) fn put_back(&self, key: &Key) {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = full_at.get_mut(key) {
            *at = at.saturating_sub(self.quota.each());
        }
    }

    /// Fills a bucket.
    pub(super) fn forget(&self, key: &Key) {
        self.full_at.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.full_at.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// Forgets the buckets that are full, and when that is too little, the half that is nearest to it: whoever floods us
/// with keys loses his own first, since they are young and have lost one token each.
fn make_room(full_at: &mut HashMap<Key, i64>, keys_max: usize, now: Micros) {
    full_at.retain(|_, at| *at > now.0);
    if full_at.len() < keys_max.saturating_sub(keys_max / 4) {
        return;
    }
    let mut moments: Vec<i64> = full_at.values().copied().collect();
    let middle = moments.len() / 2;
    let (_, median, _) = moments.select_nth_unstable(middle);
    let median = *median;
    full_at.retain(|_, at| *at > median);
}
