//! The plan: pure. Events go in, actions come out; no clock, no disk, no network.
//!
//! # Rules
//! - An index of the timeline is one segment in all renditions; it is the media sequence number everywhere, and is
//!   given once. The newest run with a closed segment owns the timeline: an older run gets no new index.
//! - A live playlist lists a segment when it is stored. One that is not stored by its deadline becomes a gap, but only
//!   when something at or after it is stored in some rendition and has been for a moment: when the whole store is
//!   away no gap helps anyone, and when it comes back the live window goes up first.
//! - A gap in a live playlist stays a gap there, also when the segment arrives later: players must not see the past
//!   change. The DVR lists it from then on, since whoever rewinds gains by it.
//! - Facts ([`Action::Record`]) come before what follows from them. Cut off anywhere, the facts so far restore a plan
//!   that never lowers a sequence.
//! - Tick publishes. Feed all that is known, then tick: one playlist carries it all.

mod board;
mod cut;
mod lists;
mod protection;
mod replays;
mod restore;
mod retention;
mod status;
#[cfg(test)]
mod tests;
mod timeline;
mod words;

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use self::board::Lane;
pub use self::board::ListKind;
#[cfg(test)]
use self::cut::Show;
pub use self::lists::{Line, ListBody, ListId, Listing, MediaList};
use self::protection::decide;
use self::replays::Replays;
use self::retention::Retention;
use self::status::Status;
use self::timeline::NewEntry;
pub use self::timeline::{Ms, Part, Timeline, after, segment_name};
pub use self::words::{Action, Event, Moment, Rules, Upload};
use super::facts::{StreamFacts, StreamReport};
use super::record::Record;
use super::spool::Ignored;
use crate::clock::Micros;
use crate::ids::{EventSlug, RunId};

/// Numbers of a run that may be missing from every FFmpeg playlist and still get an index each (they become gaps).
const HOLE_MAX: u64 = 32;

/// A segment as FFmpeg's playlist names it.
#[derive(Clone, Copy, Debug)]
struct Segment {
    n: u64,
    duration_us: u64,
    start: Option<Micros>,
    age_ms: Ms,
}

/// What a media playlist's content depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Mark {
    from: u64,
    next: u64,
    fills: u64,
    sealed: bool,
}

/// One rendition's playlists.
#[derive(Clone, Debug)]
struct Rung {
    live: Lane<Mark>,
    dvr: Lane<Mark>,
    /// Changes of the DVR's past: late segments, parts hidden and shown again.
    fills: u64,
    /// Segments stored.
    stored: u64,
    /// The last index whose listing was told.
    listed_until: u64,
}

/// The plan of one event.
#[derive(Clone, Debug)]
pub struct Plan {
    event: EventSlug,
    rules: Rules,
    timeline: Timeline,
    rungs: Vec<Rung>,
    master: Lane<Vec<usize>>,
    dvr_master: Lane<Vec<usize>>,
    /// When the first live playlist of the newest epoch was confirmed.
    first_ready: Option<(usize, Ms)>,
    facts: Option<StreamFacts>,
    status: Status,
    /// When something at or after an index was first stored, newest last.
    progress: VecDeque<(Ms, u64)>,
    /// Indices before this one were known before the start.
    restored_top: u64,
    finished: bool,
    idle: bool,
    replays: Replays,
    retention: Retention,
    /// Indices read back from the store: nobody knows what was on air.
    unsure: Vec<Range<u64>>,
    /// What the DVR of an event that is done with leaves out.
    hidden: Vec<(Micros, Micros)>,
    out: Vec<Action>,
}

impl Plan {
    /// Takes one event in; what is to be done comes out, in order.
    pub fn step(&mut self, now: Moment, event: Event) -> Vec<Action> {
        let is_news = !matches!(event, Event::Tick | Event::ListStored(_) | Event::ListFailed { .. });
        self.replays.stale |= is_news;
        match event {
            Event::Named { run, rung, n, duration_us, start, age_ms } => {
                self.named(now, &run, rung, &Segment { n, duration_us, start, age_ms });
            }
            Event::Closed { run, rung, n, file, bytes } => self.closed(&run, rung, n, file, bytes),
            Event::Stored { index, rung } => self.stored(now.ms, index, rung),
            Event::Lost { index, rung } => {
                if let Some(slot) = self.timeline.slot_mut(index, rung) {
                    slot.part = Part::Lost;
                }
            }
            Event::ListStored(id) => self.list_stored(now.ms, &id),
            Event::ListFailed { id, wait_ms } => self.list_failed(now.ms, &id, wait_ms),
            Event::Removed(until) => {
                self.retention.removing = None;
                self.timeline.forget_before(until);
                self.out.push(Action::Record(Record::Removed { i: until }));
            }
            Event::Withdrawn => self.withdrawn(now.ms),
            Event::Facts(facts) => self.facts_changed(facts),
            Event::Tick => self.tick(now),
        }
        std::mem::take(&mut self.out)
    }

    fn named(&mut self, now: Moment, run: &RunId, rung: usize, segment: &Segment) {
        let Some(facts) = self.facts.clone() else { return };
        let index = match self.timeline.find(run, segment.n) {
            Some(index) => index,
            None if facts.ended => return self.out.push(Action::Ignore(Ignored::Ended)),
            None if self.timeline.newest_run().is_some_and(|newest| newest > run) => {
                return self.out.push(Action::Ignore(Ignored::OlderRun));
            }
            None => match self.take_up(now, run, segment, &facts) {
                Some(index) => index,
                None => return self.out.push(Action::Ignore(Ignored::OutOfOrder)),
            },
        };
        if self.timeline.slot(index, rung).is_some_and(|slot| slot.part == Part::Awaited) {
            self.timeline.set_duration(index, rung, segment.duration_us);
        }
        let Some(r) = self.timeline.rendition(rung).cloned() else { return };
        if let Some(track) = self.timeline.tracks.get_mut(rung)
            && track.begin.is_none()
        {
            track.begin = Some(index);
            track.next = index;
            if let Some(state) = self.rungs.get_mut(rung) {
                state.listed_until = index;
            }
            self.out.push(Action::Record(Record::Begin { i: index, r }));
        }
    }

    /// Gives a segment of the newest run its index, and one to each number before it that no playlist has named.
    fn take_up(&mut self, now: Moment, run: &RunId, segment: &Segment, facts: &StreamFacts) -> Option<u64> {
        let last = self.timeline.last_n(run);
        let n = segment.n;
        if last.is_some_and(|last| n <= last) {
            return None;
        }
        // Where FFmpeg tells no date-time: the end of what came before, or now less the length for a new run.
        let closed_at = Micros(now.wall.0.saturating_sub(i64::try_from(segment.duration_us).unwrap_or(0)));
        let start = segment.start.or_else(|| last.is_none().then_some(closed_at));
        let first = last.map_or(n, |last| last + 1);
        let first = if n - first > HOLE_MAX { n } else { first };
        let mut index = None;
        for number in first..=n {
            let start = self.timeline.begins_at(start.filter(|_| number == n));
            let (fight, protection) = decide(&self.rules, facts, (start, segment.duration_us), now);
            let i = self.timeline.push(NewEntry {
                run: run.clone(),
                n: number,
                start: Some(start),
                duration_us: segment.duration_us,
                epoch: facts.epoch.clone(),
                fight,
                protection,
                taken_up: now.ms,
                // What closed long ago is overdue already; the clock starts at 0, so this saturates there.
                due: now.ms.saturating_add(self.rules.deadline_ms).saturating_sub(segment.age_ms),
            });
            self.out.extend(self.timeline.index_record(i).map(Action::Record));
            index = Some(i);
        }
        index
    }

    fn closed(&mut self, run: &RunId, rung: usize, n: u64, file: Arc<str>, bytes: u64) {
        // `Named` has told already why a segment has no index.
        let Some(index) = self.timeline.find(run, n) else { return };
        let Some(track) = self.timeline.tracks.get(rung) else { return };
        if track.begin.is_none_or(|begin| index < begin) || (track.sealed && index >= track.next) {
            return self.out.push(Action::Ignore(if track.sealed { Ignored::Ended } else { Ignored::OutOfOrder }));
        }
        let Some(key) = self.timeline.key(&self.event, index, rung) else { return };
        let Some(protection) = self.timeline.entry(index).map(|entry| entry.protection.clone()) else { return };
        let uncertain = index < self.restored_top;
        let Some(slot) = self.timeline.slot_mut(index, rung) else { return };
        match slot.part {
            Part::Stored => self.out.push(Action::Spare { run: run.clone(), rung, file }),
            Part::Sending => {}
            Part::Awaited | Part::Lost => {
                slot.part = Part::Sending;
                let run = run.clone();
                self.out.push(Action::Put(Upload { index, rung, run, file, bytes, key, protection, uncertain }));
            }
        }
    }

    fn stored(&mut self, now: Ms, index: u64, rung: usize) {
        let Some(slot) = self.timeline.slot_mut(index, rung) else { return };
        if slot.part == Part::Stored {
            return;
        }
        slot.part = Part::Stored;
        let late = slot.gap;
        self.idle = false;
        let dur = self.timeline.entry(index).map_or(0, |entry| entry.duration_in(rung));
        if let Some(state) = self.rungs.get_mut(rung) {
            state.stored += 1;
            state.fills += u64::from(late);
        }
        if let Some(r) = self.timeline.rendition(rung).cloned() {
            self.out.push(Action::Record(Record::Stored { i: index, r, dur }));
        }
        self.progressed(now, index);
    }

    fn progressed(&mut self, now: Ms, index: u64) {
        if self.progress.back().is_none_or(|(_, newest)| *newest < index) {
            self.progress.push_back((now, index));
        }
    }

    /// The newest index that has been stored in some rendition for the length of the grace.
    fn settled(&mut self, now: Ms) -> Option<u64> {
        let grace = self.rules.grace_ms();
        while self.progress.get(1).is_some_and(|(at, _)| at.saturating_add(grace) <= now) {
            self.progress.pop_front();
        }
        self.progress.front().filter(|(at, _)| at.saturating_add(grace) <= now).map(|(_, newest)| *newest)
    }

    fn tick(&mut self, now: Moment) {
        let settled = self.settled(now.ms);
        for rung in 0..self.rungs.len() {
            self.advance(now.ms, rung, settled);
        }
        self.drop_old(now);
        if self.is_kept() {
            if !self.idle {
                self.publish(now.ms);
            }
            self.publish_replays(now.ms);
        }
        let published = self.status.published_epoch();
        let epoch = published.and_then(|word| self.timeline.epochs.iter().position(|epoch| epoch == word));
        let replays = epoch.map(|epoch| self.replays.names(epoch)).unwrap_or_default();
        let change = |facts| self.status.change(now.ms, now.wall, facts, replays);
        if let Some(report) = self.facts.as_ref().and_then(change) {
            self.out.push(Action::Record(Record::Reported { report: report.clone() }));
            self.out.push(Action::Report(report));
        }
    }

    /// Moves a rendition's edge over what is stored and what is given up.
    fn advance(&mut self, now: Ms, rung: usize, settled: Option<u64>) {
        let ended = self.facts.as_ref().is_some_and(|facts| facts.ended);
        let top = self.timeline.top();
        let Some(track) = self.timeline.tracks.get(rung).filter(|track| track.begin.is_some() && !track.sealed) else {
            return;
        };
        let Some(r) = self.timeline.rendition(rung).cloned() else { return };
        let mut next = track.next;
        while let Some(entry) = self.timeline.entry(next) {
            let due = entry.due <= now;
            let Some(slot) = self.timeline.slot_mut(next, rung) else { break };
            if slot.part != Part::Stored && !slot.gap {
                let given_up = settled.is_some_and(|settled| next <= settled) && (due || slot.part == Part::Lost);
                if !given_up {
                    break;
                }
                slot.gap = true;
                self.out.push(Action::Record(Record::Gap { i: next, r: r.clone() }));
                self.out.push(Action::Gapped { index: next, rung });
            }
            next += 1;
        }
        // The end: nothing more will come when everything is listed, or what is left has no file. What is on its way
        // to a store that is away is waited for.
        let nothing_left = ended
            && (next..top).all(|i| {
                let waits = self.timeline.entry(i).is_some_and(|entry| entry.due > now);
                let part = self.timeline.slot(i, rung).map_or(Part::Lost, |slot| slot.part);
                part == Part::Lost || (part == Part::Awaited && !waits)
            });
        if let Some(track) = self.timeline.tracks.get_mut(rung) {
            track.next = next;
            if nothing_left {
                track.sealed = true;
                self.out.push(Action::Record(Record::Seal { r }));
            }
        }
    }

    /// Whether the run has an index.
    #[must_use]
    pub fn knows_run(&self, run: &RunId) -> bool {
        self.timeline.knows_run(run)
    }

    /// The run that owns the timeline.
    #[must_use]
    pub fn newest_run(&self) -> Option<&RunId> {
        self.timeline.newest_run()
    }

    /// The first index of the live window as it is being closed: what is older is backlog.
    #[must_use]
    pub fn window_from(&self) -> u64 {
        self.timeline.top().saturating_sub(self.rules.window)
    }

    /// When the last segment was listed.
    #[must_use]
    pub const fn listed_at(&self) -> Option<Ms> {
        self.status.listed_at()
    }

    /// What was reported last.
    #[must_use]
    pub const fn reported(&self) -> Option<&StreamReport> {
        self.status.last()
    }

    /// The timeline, for comparing with the store's own playlists.
    #[must_use]
    pub const fn timeline(&self) -> &Timeline {
        &self.timeline
    }
}
