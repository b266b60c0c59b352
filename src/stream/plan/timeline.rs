//! The timeline of one event: which segment of which run stands at which index, and how far each rendition has got.

use std::collections::VecDeque;

use crate::clock::Micros;
use crate::ids::{Epoch, EventSlug, RenditionName, RunId};
use crate::objects::ObjectKey;
use crate::stream::record::{Protection, Record};

/// Monotonic milliseconds since the publisher took up the event. The wall clock may jump; deadlines must not.
pub type Ms = u64;

/// How far a segment's file has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Part {
    /// Not closed yet, or not seen.
    #[default]
    Awaited,
    /// On its way to the store; tried until it is stored.
    Sending,
    /// Confirmed by the store.
    Stored,
    /// Vanished or broken on the local disk: it will never come.
    Lost,
}

/// One index in one rendition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slot {
    /// Its file.
    pub part: Part,
    /// The live playlist has, or had, a gap here. Never taken back.
    pub gap: bool,
    /// Length in this rendition, microseconds; 0: the index's.
    pub duration_us: u64,
}

/// One index in all renditions.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The encoder's run.
    pub run: RunId,
    /// The segment's number in its run.
    pub n: u64,
    /// First moment.
    pub start: Micros,
    /// Length, microseconds.
    pub duration_us: u64,
    /// Position in [`Timeline::epochs`].
    pub epoch: usize,
    /// Fight on air when it was taken up.
    pub fight: Option<i32>,
    /// Who may watch.
    pub protection: Protection,
    /// Whether a discontinuity stands before it.
    pub breaks: bool,
    /// Discontinuities before it, not counting its own.
    pub breaks_before: u64,
    /// When it was taken up.
    pub taken_up: Ms,
    /// When a missing file becomes a gap.
    pub due: Ms,
    /// By rung.
    pub slots: Vec<Slot>,
}

impl Entry {
    /// Length in a rendition, microseconds.
    #[must_use]
    pub fn duration_in(&self, rung: usize) -> u64 {
        self.slots.get(rung).map(|slot| slot.duration_us).filter(|us| *us > 0).unwrap_or(self.duration_us)
    }
}

/// How far a rendition's playlists have got.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Track {
    /// Where its playlists begin; `None`: FFmpeg never named a segment of it.
    pub begin: Option<u64>,
    /// The index after the last one listed, or ready to be.
    pub next: u64,
    /// Its playlists carry ENDLIST.
    pub sealed: bool,
}

/// Consecutive numbers of one run at consecutive indices.
#[derive(Clone, Debug)]
struct Span {
    run: RunId,
    first_n: u64,
    first_index: u64,
}

/// What a new index is made of.
#[derive(Clone, Debug)]
pub struct NewEntry {
    /// The run.
    pub run: RunId,
    /// Number in the run.
    pub n: u64,
    /// FFmpeg's date-time, or the best there is.
    pub start: Option<Micros>,
    /// Length, microseconds.
    pub duration_us: u64,
    /// Epoch of its keys.
    pub epoch: Epoch,
    /// Fight on air.
    pub fight: Option<i32>,
    /// Who may watch.
    pub protection: Protection,
    /// Now.
    pub taken_up: Ms,
    /// When a missing file becomes a gap.
    pub due: Ms,
}

/// The timeline.
#[derive(Clone, Debug)]
pub struct Timeline {
    /// The ladder, as configured; a rung is a position in it.
    pub ladder: Vec<RenditionName>,
    /// Epochs by position.
    pub epochs: Vec<Epoch>,
    /// By rung.
    pub tracks: Vec<Track>,
    /// Longest segment, microseconds.
    pub longest_us: u64,
    /// Where the DVR begins.
    pub dvr_from: u64,
    base: u64,
    base_breaks: u64,
    entries: VecDeque<Entry>,
    spans: Vec<Span>,
}

impl Timeline {
    /// An empty timeline for a ladder.
    #[must_use]
    pub fn new(ladder: Vec<RenditionName>) -> Self {
        let tracks = vec![Track::default(); ladder.len()];
        Self {
            ladder,
            epochs: Vec::new(),
            tracks,
            longest_us: 0,
            dvr_from: 0,
            base: 0,
            base_breaks: 0,
            entries: VecDeque::new(),
            spans: Vec::new(),
        }
    }

    /// The first index still known.
    #[must_use]
    pub const fn base(&self) -> u64 {
        self.base
    }

    /// The index after the last.
    #[must_use]
    pub fn top(&self) -> u64 {
        self.base.saturating_add(u64::try_from(self.entries.len()).unwrap_or(u64::MAX))
    }

    /// The entry at an index.
    #[must_use]
    pub fn entry(&self, i: u64) -> Option<&Entry> {
        self.entries.get(usize::try_from(i.checked_sub(self.base)?).ok()?)
    }

    fn entry_mut(&mut self, i: u64) -> Option<&mut Entry> {
        self.entries.get_mut(usize::try_from(i.checked_sub(self.base)?).ok()?)
    }

    /// One index in one rendition.
    #[must_use]
    pub fn slot(&self, i: u64, rung: usize) -> Option<&Slot> {
        self.entry(i)?.slots.get(rung)
    }

    /// One index in one rendition.
    pub fn slot_mut(&mut self, i: u64, rung: usize) -> Option<&mut Slot> {
        self.entry_mut(i)?.slots.get_mut(rung)
    }

    /// The run that owns the timeline.
    #[must_use]
    pub fn newest_run(&self) -> Option<&RunId> {
        self.spans.last().map(|span| &span.run)
    }

    /// Whether any index belongs to the run.
    #[must_use]
    pub fn knows_run(&self, run: &RunId) -> bool {
        self.spans.iter().any(|span| span.run == *run)
    }

    /// The last number of a run that has an index.
    #[must_use]
    pub fn last_n(&self, run: &RunId) -> Option<u64> {
        let last = self.entries.back()?;
        (last.run == *run).then_some(last.n)
    }

    /// The index of a segment.
    #[must_use]
    pub fn find(&self, run: &RunId, n: u64) -> Option<u64> {
        let after = self.spans.partition_point(|span| (&span.run, span.first_n) <= (run, n));
        let span = self.spans.get(after.checked_sub(1)?)?;
        let i = span.first_index.checked_add(n.checked_sub(span.first_n)?)?;
        let entry = self.entry(i)?;
        (entry.run == *run && entry.n == n).then_some(i)
    }

    /// The track of a rendition.
    pub fn track_of(&mut self, rendition: &RenditionName) -> Option<&mut Track> {
        let rung = self.rung(rendition)?;
        self.tracks.get_mut(rung)
    }

    /// The rung of a rendition.
    #[must_use]
    pub fn rung(&self, rendition: &RenditionName) -> Option<usize> {
        self.ladder.iter().position(|name| name == rendition)
    }

    /// The rendition of a rung.
    #[must_use]
    pub fn rendition(&self, rung: usize) -> Option<&RenditionName> {
        self.ladder.get(rung)
    }

    /// The moment the last segment ends.
    #[must_use]
    pub fn end(&self) -> Option<Micros> {
        self.entries.back().map(|last| after(last.start, last.duration_us))
    }

    /// The first moment of a segment that is added now. Where the wall clock was set back between two runs, date-times
    /// go on from the end of the last segment.
    #[must_use]
    pub fn begins_at(&self, told: Option<Micros>) -> Micros {
        told.max(self.end()).unwrap_or_default()
    }

    /// Adds an index at the top; returns it. A run change, or a jump in a run's numbers, is a discontinuity.
    pub fn push(&mut self, new: NewEntry) -> u64 {
        let i = self.top();
        let last = self.entries.back();
        let follows = last.is_some_and(|last| last.run == new.run && last.n.checked_add(1) == Some(new.n));
        let breaks_before = last.map_or(self.base_breaks, |last| last.breaks_before + u64::from(last.breaks));
        // The first index known has nothing before it to be discontinuous with.
        let breaks = !follows && last.is_some();
        if !follows {
            self.spans.push(Span { run: new.run.clone(), first_n: new.n, first_index: i });
        }
        let start = self.begins_at(new.start);
        let epoch = self.epoch_number(new.epoch);
        self.longest_us = self.longest_us.max(new.duration_us);
        self.entries.push_back(Entry {
            run: new.run,
            n: new.n,
            start,
            duration_us: new.duration_us,
            epoch,
            fight: new.fight,
            protection: new.protection,
            breaks,
            breaks_before,
            taken_up: new.taken_up,
            due: new.due,
            slots: vec![Slot::default(); self.ladder.len()],
        });
        i
    }

    fn epoch_number(&mut self, epoch: Epoch) -> usize {
        if let Some(known) = self.epochs.iter().rposition(|known| *known == epoch) {
            return known;
        }
        self.epochs.push(epoch);
        self.epochs.len() - 1
    }

    /// The journal's fact about an index.
    #[must_use]
    pub fn index_record(&self, i: u64) -> Option<Record> {
        let entry = self.entry(i)?;
        Some(Record::Index {
            i,
            run: entry.run.clone(),
            n: entry.n,
            start: entry.start,
            dur: entry.duration_us,
            epoch: self.epochs.get(entry.epoch)?.clone(),
            fight: entry.fight,
            protection: entry.protection.clone(),
        })
    }

    /// The object key of a segment.
    #[must_use]
    pub fn key(&self, event: &EventSlug, i: u64, rung: usize) -> Option<ObjectKey> {
        let entry = self.entry(i)?;
        let epoch = self.epochs.get(entry.epoch)?;
        let rendition = self.rendition(rung)?;
        format!("{event}/{epoch}/{rendition}/{}", segment_name(&entry.run, entry.n)).parse().ok()
    }

    /// Notes the length of a segment in one rendition.
    pub fn set_duration(&mut self, i: u64, rung: usize, duration_us: u64) {
        if let Some(slot) = self.slot_mut(i, rung) {
            slot.duration_us = duration_us;
            self.longest_us = self.longest_us.max(duration_us);
        }
    }

    /// The timeline begins at `i`. Has an effect on an empty timeline only.
    pub(super) fn set_base(&mut self, i: u64, breaks: u64) {
        if self.entries.is_empty() {
            self.base = i;
            self.base_breaks = breaks;
            self.dvr_from = i;
        }
    }

    /// Forgets everything from `i` on.
    pub(super) fn cut(&mut self, i: u64) {
        while self.top() > i && self.entries.pop_back().is_some() {}
        self.spans.retain(|span| span.first_index < i);
        for track in &mut self.tracks {
            track.begin = track.begin.filter(|begin| *begin < i);
            track.sealed = false;
        }
    }

    /// Forgets everything before `i`; its objects are gone.
    pub(super) fn forget_before(&mut self, i: u64) {
        while self.base < i {
            let Some(first) = self.entries.pop_front() else { break };
            self.base += 1;
            self.base_breaks = first.breaks_before + u64::from(first.breaks);
        }
        let base = self.base;
        let mut keep = self.spans.iter().skip(1).take_while(|span| span.first_index <= base).count();
        while keep > 0 && self.spans.len() > 1 {
            self.spans.remove(0);
            keep -= 1;
        }
    }

    /// The facts that make this timeline again, in order.
    #[must_use]
    pub fn records(&self) -> Vec<Record> {
        let breaks = self.entries.front().map_or(self.base_breaks, |e| e.breaks_before + u64::from(e.breaks));
        let mut records = vec![Record::Base { i: self.base, breaks }];
        records.extend((self.base..self.top()).filter_map(|i| self.index_record(i)));
        for (track, r) in self.tracks.iter().zip(&self.ladder) {
            records.extend(track.begin.map(|i| Record::Begin { i, r: r.clone() }));
        }
        for (i, entry) in (self.base..).zip(&self.entries) {
            for (rung, (slot, r)) in entry.slots.iter().zip(&self.ladder).enumerate() {
                if slot.part == Part::Stored {
                    records.push(Record::Stored { i, r: r.clone(), dur: entry.duration_in(rung) });
                }
                if slot.gap {
                    records.push(Record::Gap { i, r: r.clone() });
                }
            }
        }
        records.extend(
            self.tracks
                .iter()
                .zip(&self.ladder)
                .filter(|(track, _)| track.sealed)
                .map(|(_, r)| Record::Seal { r: r.clone() }),
        );
        if self.dvr_from > self.base {
            records.push(Record::Dropped { i: self.dvr_from });
        }
        records
    }
}

/// `<run>-<number, 8 digits>.ts`: made of what FFmpeg's file is, so that the same file has the same name even after
/// the journal is lost.
#[must_use]
pub fn segment_name(run: &RunId, n: u64) -> String {
    format!("{run}-{n:08}.ts")
}

/// The moment `us` microseconds after `at`.
#[must_use]
pub fn after(at: Micros, us: u64) -> Micros {
    Micros(at.0.saturating_add(i64::try_from(us).unwrap_or(i64::MAX)))
}
