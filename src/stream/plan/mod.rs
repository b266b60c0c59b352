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
mod lists;
mod status;
#[cfg(test)]
mod tests;
mod timeline;

use std::collections::VecDeque;
use std::sync::Arc;

pub use self::board::ListKind;
use self::board::{DVR_EVERY_MS, Lane, PUT_EVERY_MS};
pub use self::lists::{Line, ListBody, ListId, Listing, MediaList};
use self::status::Status;
use self::timeline::NewEntry;
pub use self::timeline::{Ms, Part, Timeline, after, segment_name};
use super::facts::{StreamFacts, StreamReport};
use super::record::{Protection, Record};
use super::spool::Ignored;
use crate::clock::Micros;
use crate::ids::{EventSlug, RenditionName, RunId};
use crate::objects::ObjectKey;

/// Numbers of a run that may be missing from every FFmpeg playlist and still get an index each (they become gaps).
const HOLE_MAX: u64 = 32;

/// Objects leave the store this long after the last playlist that named them was replaced.
const REMOVE_LAG_MS: Ms = 600_000;

/// What the plan goes by.
#[derive(Clone, Debug)]
pub struct Rules {
    /// After this a missing segment is a gap.
    pub deadline_ms: Ms,
    /// Segments in a live playlist.
    pub window: u64,
    /// Configured length of a segment, seconds.
    pub segment_seconds: u64,
    /// How long the DVR and its objects stay; 0: for ever.
    pub keep_remote_ms: Ms,
}

impl Rules {
    /// How long a later segment must have been stored before an overdue one becomes a gap.
    fn grace_ms(&self) -> Ms {
        (self.deadline_ms / 2).min(1_000)
    }
}

/// Two clocks: one for deadlines, one for people.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moment {
    /// Monotonic.
    pub ms: Ms,
    /// Wall clock.
    pub wall: Micros,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// FFmpeg's playlist names a segment: it is closed, and has a place.
    Named {
        /// Its run.
        run: RunId,
        /// Its rendition.
        rung: usize,
        /// Its number in the run.
        n: u64,
        /// Its length, microseconds.
        duration_us: u64,
        /// Its date-time, where FFmpeg tells it.
        start: Option<Micros>,
        /// How long ago it closed: more than nothing for what a start-up finds.
        age_ms: Ms,
    },
    /// Its file is whole and can be read. Comes after `Named`.
    Closed {
        /// Its run.
        run: RunId,
        /// Its rendition.
        rung: usize,
        /// Its number in the run.
        n: u64,
        /// Its file name.
        file: Arc<str>,
        /// Its length in bytes.
        bytes: u64,
    },
    /// The store has confirmed it.
    Stored {
        /// Its index.
        index: u64,
        /// Its rendition.
        rung: usize,
    },
    /// Its file is gone or broken: it will never be stored.
    Lost {
        /// Its index.
        index: u64,
        /// Its rendition.
        rung: usize,
    },
    /// The store has confirmed a playlist.
    ListStored(ListId),
    /// A playlist's PUT failed; another may follow after `wait_ms`.
    ListFailed {
        /// The playlist.
        id: ListId,
        /// How long to wait.
        wait_ms: Ms,
    },
    /// The objects before this index are gone from the store.
    Removed(u64),
    /// The event's facts, whenever they are looked at.
    Facts(StreamFacts),
    /// Time has passed, and all that is known has been told.
    Tick,
}

/// What to do, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Journal this.
    Record(Record),
    /// Store a segment.
    Put(Upload),
    /// Store a playlist.
    Publish(Listing),
    /// Tell the state.
    Report(StreamReport),
    /// The local file is not needed by the plan any more.
    Spare {
        /// Its run.
        run: RunId,
        /// Its rendition.
        rung: usize,
        /// Its name.
        file: Arc<str>,
    },
    /// A confirmed live playlist lists these indices for the first time.
    Listed {
        /// The rendition.
        rung: usize,
        /// The first.
        from: u64,
        /// After the last.
        until: u64,
    },
    /// An index became a gap.
    Gapped {
        /// The index.
        index: u64,
        /// The rendition.
        rung: usize,
    },
    /// Remove these objects, then say [`Event::Removed`].
    Remove {
        /// The index after the last removed one.
        until: u64,
        /// The objects.
        keys: Vec<ObjectKey>,
    },
    /// A segment that is counted and not listed.
    Ignore(Ignored),
}

/// A segment to store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// Its index.
    pub index: u64,
    /// Its rendition.
    pub rung: usize,
    /// Its run.
    pub run: RunId,
    /// Its file name.
    pub file: Arc<str>,
    /// Its length in bytes.
    pub bytes: u64,
    /// Its key.
    pub key: ObjectKey,
    /// A run of the server before this one may have stored it already.
    pub uncertain: bool,
}

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
    /// Late segments the DVR gained.
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
    removing: Option<(Ms, u64)>,
    out: Vec<Action>,
}

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
            removing: None,
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
                        protection: *protection,
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
    }

    /// Takes one event in; what is to be done comes out, in order.
    pub fn step(&mut self, now: Moment, event: Event) -> Vec<Action> {
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
                self.removing = None;
                self.timeline.forget_before(until);
                self.out.push(Action::Record(Record::Removed { i: until }));
            }
            Event::Facts(facts) => self.facts = Some(facts),
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
            let i = self.timeline.push(NewEntry {
                run: run.clone(),
                n: number,
                start: start.filter(|_| number == n),
                duration_us: segment.duration_us,
                epoch: facts.epoch.clone(),
                fight: facts.on_air.as_ref().map(|fight| fight.number),
                protection: Protection::Free,
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
        let uncertain = index < self.restored_top;
        let Some(slot) = self.timeline.slot_mut(index, rung) else { return };
        match slot.part {
            Part::Stored => self.out.push(Action::Spare { run: run.clone(), rung, file }),
            Part::Sending => {}
            Part::Awaited | Part::Lost => {
                slot.part = Part::Sending;
                self.out.push(Action::Put(Upload { index, rung, run: run.clone(), file, bytes, key, uncertain }));
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
        let dur = self.timeline.entry(index).map_or(0, |entry| self.timeline.duration_us(entry, rung));
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
        self.drop_old(now.ms);
        if !self.idle {
            self.publish(now.ms);
        }
        if let Some(report) = self.facts.as_ref().and_then(|facts| self.status.change(now.ms, now.wall, facts)) {
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

    /// Lets the DVR begin later, and removes what no playlist has named for a while.
    fn drop_old(&mut self, now: Ms) {
        if self.rules.keep_remote_ms == 0 {
            return;
        }
        let begun = self.timeline.tracks.iter().filter(|track| track.begin.is_some());
        let listed = begun.map(|track| track.next).min().unwrap_or(0);
        let last = listed.saturating_sub(self.rules.window);
        let before = self.timeline.dvr_from;
        let mut from = before;
        while from < last
            && self.timeline.entry(from).is_some_and(|e| e.taken_up.saturating_add(self.rules.keep_remote_ms) <= now)
        {
            from += 1;
        }
        if from > before {
            self.timeline.dvr_from = from;
            self.out.push(Action::Record(Record::Dropped { i: from }));
        }
        let base = self.timeline.base();
        if self.removing.is_none() && base < from {
            self.removing = Some((now.saturating_add(REMOVE_LAG_MS), from));
        }
        // Only once no confirmed DVR names them any more.
        let named = self.rungs.iter().filter_map(|rung| rung.dvr.confirmed()).map(|mark| mark.from).min();
        if let Some((at, until)) = self.removing
            && at <= now
            && named.is_some_and(|named| named >= until)
        {
            let keys = (base..until)
                .flat_map(|i| (0..self.rungs.len()).map(move |rung| (i, rung)))
                .filter(|(i, rung)| self.timeline.slot(*i, *rung).is_some_and(|slot| slot.part != Part::Awaited))
                .filter_map(|(i, rung)| self.timeline.key(&self.event, i, rung))
                .collect();
            self.removing = Some((Ms::MAX, until));
            self.out.push(Action::Remove { until, keys });
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

    /// Everything the journal must remember, in few facts.
    #[must_use]
    pub fn records(&self) -> Vec<Record> {
        let mut records = self.timeline.records();
        records.extend(self.status.last().map(|report| Record::Reported { report: report.clone() }));
        if self.finished {
            records.push(Record::Finished);
        }
        records
    }
}
