//! The oracle.

use std::collections::{BTreeMap, BTreeSet};

use super::world::{DEADLINE_MS, ROTATION_MS};

/// Who is on air, as the oracle knows it: fights by number with their ids, which of them are sold, and when each was on
/// air.
#[derive(Clone, Debug, Default)]
pub struct Air {
    pub ids: BTreeMap<i32, String>,
    pub sold: BTreeSet<i32>,
    /// Fight, from, until; microseconds.
    pub ranges: Vec<(i32, i64, Option<i64>)>,
    pub now: Option<i32>,
}

/// What the world knows when a segment is named.
pub struct Seen<'a> {
    pub ms: u64,
    pub wall: i64,
    pub ended: bool,
    pub air: &'a Air,
}

/// The same decisions, worked out anew from everything that ever happened.
#[derive(Default)]
pub struct Naive {
    /// (run, n), due.
    pub indices: Vec<(u64, u64, u64)>,
    /// By index: first moment, and the key it is sold under.
    pub decided: Vec<(i64, Option<String>)>,
    pub begin: [Option<u64>; 2],
    pub stored: BTreeMap<(usize, u64), u64>,
    pub lost: BTreeSet<(usize, u64)>,
    pub gaps: BTreeSet<(usize, u64)>,
}

impl Naive {
    pub fn find(&self, run: u64, n: u64) -> Option<u64> {
        self.indices.iter().position(|(r, m, _)| (*r, *m) == (run, n)).map(|i| u64::try_from(i).unwrap())
    }

    pub fn named(&mut self, seen: &Seen, rung: usize, run: u64, n: u64, start: i64) {
        let newest = self.indices.iter().map(|(run, ..)| *run).max();
        if self.find(run, n).is_none() && !seen.ended && newest.is_none_or(|newest| newest <= run) {
            let last = self.indices.last().filter(|(r, ..)| *r == run).map(|(_, n, _)| *n);
            if last.is_none_or(|last| last < n) {
                for number in last.map_or(n, |last| last + 1)..=n {
                    self.indices.push((run, number, seen.ms + DEADLINE_MS));
                    let end = self.decided.last().map(|(start, _)| start + 2_000_000);
                    let start = if number == n { end.map_or(start, |end| end.max(start)) } else { end.unwrap() };
                    self.decided.push((start, key(seen, start)));
                }
            }
        }
        if let Some(i) = self.find(run, n) {
            self.begin[rung].get_or_insert(i);
        }
    }

    pub fn truncate(&mut self, top: u64) {
        self.indices.truncate(usize::try_from(top).unwrap());
        self.decided.truncate(usize::try_from(top).unwrap());
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

/// The key a segment is sold under: that of the last fight that was on air in some part of it, else of the one that is.
fn key(seen: &Seen, start: i64) -> Option<String> {
    let mut then = None;
    for (fight, from, until) in &seen.air.ranges {
        if start + 2_000_000 > *from && until.is_none_or(|until| start < until) {
            then = Some(*fight);
        }
    }
    let is_sold = |fight: &i32| seen.air.sold.contains(fight);
    let fight = then.filter(is_sold).or(seen.air.now.filter(is_sold))?;
    let seconds = start.min(seen.wall) / 1_000_000;
    let rotation = i64::try_from(ROTATION_MS / 1_000).unwrap();
    Some(format!("{}-{}", seen.air.ids[&fight], seconds / rotation * rotation))
}
