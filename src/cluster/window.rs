//! Which outbox rows have been announced, where ids do not become visible in their order.
//!
//! `PostgreSQL` hands out ids before COMMIT, so row 7 can appear after row 8. Ids above a floor are remembered one by
//! one; an id that has been seen for longer than any transaction lasts raises the floor.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How long an id is remembered. No transaction lives so long: a statement may take 15 s, and an idle one is ended
/// after 15 s.
pub(super) const REMEMBER_FOR: Duration = Duration::from_secs(90);

/// The ids announced so far.
#[derive(Debug)]
pub(super) struct Window {
    floor: i64,
    seen: BTreeMap<i64, Instant>,
}

impl Window {
    /// Everything up to `floor` is old, and so is what `seen` names.
    pub(super) fn new(floor: i64, seen: &[i64], now: Instant) -> Self {
        Self { floor, seen: seen.iter().map(|id| (*id, now)).collect() }
    }

    /// Ids up to here need not be asked for any more.
    pub(super) const fn floor(&self) -> i64 {
        self.floor
    }

    /// Those of `ids` that have not been announced, in order.
    pub(super) fn fresh(&self, ids: &[i64]) -> Vec<i64> {
        ids.iter().copied().filter(|id| *id > self.floor && !self.seen.contains_key(id)).collect()
    }

    /// Marks `id` as announced.
    pub(super) fn mark(&mut self, id: i64, now: Instant) {
        self.seen.insert(id, now);
    }

    /// Raises the floor to the largest id that has been known for long enough.
    pub(super) fn settle(&mut self, now: Instant) {
        let old = self.seen.iter().rev().find(|(_, at)| now.saturating_duration_since(**at) >= REMEMBER_FOR);
        if let Some((floor, _)) = old {
            self.floor = *floor;
            self.seen = self.seen.split_off(&self.floor.saturating_add(1));
        }
    }
}
