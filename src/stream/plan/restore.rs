//! From the journal's facts to a plan and back.

use std::collections::VecDeque;

use super::board::{DVR_EVERY_MS, Lane, PUT_EVERY_MS};
use super::cut::{Cut, Show};
use super::replays::Replays;
use super::retention::{Over, Retention};
use super::status::Status;
use super::timeline::{NewEntry, Part, Timeline};
use super::words::Rules;
use super::{Plan, Rung};
use crate::ids::{EventSlug, RenditionName};
use crate::stream::record::Record;

impl Plan {
    /// A plan from what the journal remembers; nothing for a new event.
    #[must_use]
    pub fn restore(event: EventSlug, ladder: Vec<RenditionName>, rules: Rules, records: &[Record]) -> Self {
        let patience_ms = 3_000 * rules.segment_seconds;
        // The run before this one may have stored a playlist a moment ago.
        let not_before = if records.is_empty() { 0 } else { PUT_EVERY_MS };
        let rung = Rung {
            live: Lane::new(0, not_before),
            dvr: Lane::new(DVR_EVERY_MS, not_before),
            fills: 0,
            stored: 0,
            listed_until: 0,
        };
        let mut plan = Self {
            event,
            rungs: vec![rung; ladder.len()],
            timeline: Timeline::new(ladder),
            master: Lane::new(0, not_before),
            dvr_master: Lane::new(0, not_before),
            first_ready: None,
            facts: None,
            status: Status::new(patience_ms),
            progress: VecDeque::new(),
            restored_top: 0,
            finished: false,
            idle: false,
            replays: Replays::default(),
            retention: Retention::default(),
            unsure: Vec::new(),
            hidden: Vec::new(),
            out: Vec::new(),
            rules,
        };
        for record in records {
            plan.apply(record);
        }
        plan.resume();
        plan
    }

    fn apply(&mut self, record: &Record) {
        match record {
            Record::Base { i, breaks } => self.timeline.set_base(*i, *breaks),
            Record::Index { i, run, n, start, dur, epoch, fight, protection } => {
                if *i == self.timeline.top() {
                    self.timeline.push(NewEntry {
                        run: run.clone(),
                        n: *n,
                        start: Some(*start),
                        duration_us: *dur,
                        epoch: epoch.clone(),
                        fight: *fight,
                        protection: protection.clone(),
                        taken_up: 0,
                        due: self.rules.deadline_ms,
                    });
                }
            }
            Record::Begin { i, r } => {
                if let Some(track) = self.timeline.track_of(r) {
                    track.begin.get_or_insert(*i);
                }
            }
            Record::Stored { i, r, dur } => {
                if let Some(rung) = self.timeline.rung(r) {
                    self.timeline.set_duration(*i, rung, *dur);
                    if let Some(slot) = self.timeline.slot_mut(*i, rung) {
                        slot.part = Part::Stored;
                    }
                }
            }
            Record::Gap { i, r } => {
                let slot = self.timeline.rung(r).and_then(|rung| self.timeline.slot_mut(*i, rung));
                if let Some(slot) = slot {
                    slot.gap = true;
                }
            }
            Record::Cut { i } => {
                self.timeline.cut(*i);
                self.finished = false;
            }
            Record::Seal { r } => {
                if let Some(track) = self.timeline.track_of(r) {
                    track.sealed = true;
                }
            }
            Record::Dropped { i } => self.timeline.dvr_from = self.timeline.dvr_from.max(*i),
            Record::Removed { i } => self.timeline.forget_before(*i),
            Record::Reported { report } => self.status.resume(report),
            Record::Finished => self.finished = true,
            Record::Replay { name, epoch, pieces, gaps } => {
                let cut = Cut { pieces: pieces.clone(), gaps: gaps.clone() };
                if let Some(epoch) = self.timeline.epochs.iter().position(|known| known == epoch) {
                    self.replays.restore(self.rungs.len(), Show::of(name), epoch, cut);
                }
            }
            Record::Unsure { from, until } => self.unsure.push(*from..*until),
            Record::Hidden { ranges } => self.hidden.clone_from(ranges),
            Record::Removing { i } => self.retention.floor = self.retention.floor.max(*i),
            Record::Retired { over } => self.retention.over = if *over { Over::Wanted } else { Over::No },
        }
    }

    /// Works out what the facts imply.
    fn resume(&mut self) {
        self.restored_top = self.timeline.top();
        let base = self.timeline.base();
        for rung in 0..self.rungs.len() {
            let Some(begin) = self.timeline.tracks.get(rung).and_then(|track| track.begin) else { continue };
            let mut next = begin.max(base);
            while self.timeline.slot(next, rung).is_some_and(|slot| slot.gap || slot.part == Part::Stored) {
                next += 1;
            }
            let is_stored = |i: &u64| self.timeline.slot(*i, rung).is_some_and(|slot| slot.part == Part::Stored);
            let stored: Vec<u64> = (base..self.restored_top).filter(is_stored).collect();
            let newest = stored.last().copied();
            if let Some(track) = self.timeline.tracks.get_mut(rung) {
                track.next = next;
            }
            if let Some(state) = self.rungs.get_mut(rung) {
                state.listed_until = next;
                state.stored = u64::try_from(stored.len()).unwrap_or(u64::MAX);
            }
            if let Some(newest) = newest {
                self.progressed(0, newest);
            }
        }
        self.idle = self.finished;
        if !self.is_kept() && self.retention.floor >= self.restored_top {
            self.retention.over = Over::Gone;
        }
    }

    /// Everything the journal must remember, in few facts.
    #[must_use]
    pub fn records(&self) -> Vec<Record> {
        let mut records = self.timeline.records();
        records.extend(self.status.last().map(|report| Record::Reported { report: report.clone() }));
        let kept = self.unsure.iter().filter(|indices| indices.end > self.timeline.base());
        records.extend(kept.map(|indices| Record::Unsure { from: indices.start, until: indices.end }));
        if !self.hidden.is_empty() {
            records.push(Record::Hidden { ranges: self.hidden.clone() });
        }
        records.extend(self.replays.records(&self.timeline.epochs));
        records.extend(self.retention_records());
        if self.finished {
            records.push(Record::Finished);
        }
        records
    }
}
