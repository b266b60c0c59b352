//! The oracle.

use std::collections::{BTreeMap, BTreeSet};

use super::world::DEADLINE_MS;

/// The same decisions, worked out anew from everything that ever happened.
#[derive(Default)]
pub struct Naive {
    /// (run, n), due.
    pub indices: Vec<(u64, u64, u64)>,
    pub begin: [Option<u64>; 2],
    pub stored: BTreeMap<(usize, u64), u64>,
    pub lost: BTreeSet<(usize, u64)>,
    pub gaps: BTreeSet<(usize, u64)>,
}

impl Naive {
    pub fn find(&self, run: u64, n: u64) -> Option<u64> {
        self.indices.iter().position(|(r, m, _)| (*r, *m) == (run, n)).map(|i| u64::try_from(i).unwrap())
    }

    pub fn named(&mut self, now: u64, rung: usize, run: u64, n: u64, ended: bool) {
        let newest = self.indices.iter().map(|(run, ..)| *run).max();
        if self.find(run, n).is_none() && !ended && newest.is_none_or(|newest| newest <= run) {
            let last = self.indices.last().filter(|(r, ..)| *r == run).map(|(_, n, _)| *n);
            if last.is_none_or(|last| last < n) {
                for n in last.map_or(n, |last| last + 1)..=n {
                    self.indices.push((run, n, now + DEADLINE_MS));
                }
            }
        }
        if let Some(i) = self.find(run, n) {
            self.begin[rung].get_or_insert(i);
        }
    }

    /// Decides gaps; returns the index after the last one listable.
    pub fn next(&mut self, now: u64, rung: usize) -> Option<u64> {
        let mut i = self.begin[rung]?;
        while let Some((_, _, due)) = self.indices.get(usize::try_from(i).unwrap()) {
            if !self.stored.contains_key(&(rung, i)) && !self.gaps.contains(&(rung, i)) {
                let later = self.stored.iter().any(|((_, j), at)| *j >= i && at + 1_000 <= now);
                if !(later && (*due <= now || self.lost.contains(&(rung, i)))) {
                    break;
                }
                self.gaps.insert((rung, i));
            }
            i += 1;
        }
        Some(i)
    }

    pub fn restart(&mut self) {
        self.lost.clear();
        for index in &mut self.indices {
            index.2 = DEADLINE_MS;
        }
        for at in self.stored.values_mut() {
            *at = 0;
        }
    }
}
