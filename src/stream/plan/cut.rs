//! Which segments a replay shows: pure, worked out anew from the timeline and the facts whenever either has changed.
//!
//! - A segment belongs to the fight whose key it has; else to the one that was on air when it was taken up; else, where
//!   the journal was lost and nobody knows, to the one whose range its first moment lies in. Only there: FFmpeg's
//!   date-times run ahead of the clock by as long as it took to start.
//! - A fight on air again keeps the replay it had, and joins when it is over.
//! - All renditions show the same indices, those that any of them has: a rendition that misses one gets a gap there, so
//!   that a player may change between them anywhere. What none has is left out.
//! - A hidden range takes every segment that touches it; a trim keeps every segment that touches what it keeps.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use super::timeline::{Entry, Ms, Part, Timeline, after};
use crate::clock::Micros;
use crate::ids::{ReplayName, RowId};
use crate::stream::facts::{AirRange, Cuts, StreamFacts};
use crate::stream::record::Protection;

/// What a replay is of; the order is that of the card, the whole event last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Show {
    /// A fight, by its number.
    Fight(i32),
    /// The whole event.
    All,
}

impl Show {
    /// Its name in keys and reports.
    #[must_use]
    pub fn name(self) -> ReplayName {
        match self {
            Self::Fight(number) => ReplayName::of_fight(number),
            Self::All => ReplayName::all(),
        }
    }

    /// What a name means.
    #[must_use]
    pub fn of(name: &ReplayName) -> Self {
        name.fight().map_or(Self::All, Self::Fight)
    }
}

/// Runs of consecutive indices, in order, none empty.
pub type Pieces = Vec<Range<u64>>;

/// What a replay shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cut {
    /// The indices.
    pub pieces: Pieces,
    /// By rung: those of them that are not there.
    pub gaps: Vec<Pieces>,
}

impl Cut {
    /// Nothing is left to show.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Renditions that have any of it.
    #[must_use]
    pub fn rungs(&self) -> Vec<usize> {
        let len = |pieces: &Pieces| pieces.iter().map(|piece| piece.end - piece.start).sum::<u64>();
        let whole = len(&self.pieces);
        self.gaps.iter().enumerate().filter(|(_, gaps)| len(gaps) < whole).map(|(rung, _)| rung).collect()
    }
}

/// A replay as it should be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// What it shows.
    pub cut: Cut,
    /// Segments of it are still on their way, and not overdue.
    pub waits: bool,
}

/// Whether a moment's range is hidden by any of `hidden`.
#[must_use]
pub fn is_hidden(entry: &Entry, hidden: &[(Micros, Micros)]) -> bool {
    let end = after(entry.start, entry.duration_us);
    hidden.iter().any(|(from, until)| entry.start < *until && end > *from)
}

/// Tells whose a segment is.
pub struct Owners<'a> {
    cuts: &'a Cuts,
    numbers: HashMap<&'a RowId, i32>,
    unsure: &'a [Range<u64>],
}

impl<'a> Owners<'a> {
    /// By these facts; of indices in `unsure` nobody knows what was on air.
    #[must_use]
    pub fn new(facts: &'a StreamFacts, unsure: &'a [Range<u64>]) -> Self {
        let known = facts.card.iter().chain(&facts.on_air);
        Self { cuts: &facts.cuts, numbers: known.map(|fight| (&fight.id, fight.number)).collect(), unsure }
    }

    /// The fight that the segment at an index belongs to.
    #[must_use]
    pub fn of(&self, i: u64, entry: &Entry) -> Option<i32> {
        let by_key = match &entry.protection {
            Protection::Key { id } => id.fight().and_then(|fight| self.numbers.get(&fight).copied()),
            Protection::Free => None,
        };
        let holds =
            |range: &&AirRange| entry.start >= range.from && range.until.is_none_or(|until| entry.start < until);
        let by_time = || {
            let is_unsure = self.unsure.iter().any(|indices| indices.contains(&i));
            self.cuts.ranges.iter().rfind(holds).filter(|_| is_unsure).map(|range| range.fight)
        };
        by_key.or(entry.fight).or_else(by_time)
    }
}

/// One replay's bounds.
struct Bounds {
    /// Its fight is on air again: it shows nothing from this index on.
    limit: Option<u64>,
    trim: (Option<Micros>, Option<Micros>),
}

impl Bounds {
    fn keep(&self, i: u64, entry: &Entry) -> bool {
        let end = after(entry.start, entry.duration_us);
        self.limit.is_none_or(|limit| i < limit)
            && self.trim.0.is_none_or(|from| end > from)
            && self.trim.1.is_none_or(|until| entry.start < until)
    }
}

/// What replays are cut from.
#[derive(Clone, Copy, Debug)]
pub struct Material<'a> {
    /// The segments.
    pub timeline: &'a Timeline,
    /// What is known of the event.
    pub facts: &'a StreamFacts,
    /// Indices of which nobody knows what was on air.
    pub unsure: &'a [Range<u64>],
    /// Everything before it is being removed from the store.
    pub floor: u64,
}

/// The replays there should be, and what they show. `reach` tells the index after the last one that a replay shows now.
#[must_use]
pub fn cuts(of: Material<'_>, reach: impl Fn(Show) -> u64, now: Ms) -> BTreeMap<Show, Wanted> {
    let Material { timeline, facts, unsure, floor } = of;
    let bounds = bounds(facts, reach);
    if bounds.is_empty() {
        return BTreeMap::new();
    }
    let owners = Owners::new(facts, unsure);
    let rungs = timeline.ladder.len();
    let blank = Wanted { cut: Cut { pieces: Vec::new(), gaps: vec![Vec::new(); rungs] }, waits: false };
    let mut wanted: BTreeMap<Show, Wanted> = bounds.keys().map(|show| (*show, blank.clone())).collect();
    for i in floor.max(timeline.base())..timeline.top() {
        let Some(entry) = timeline.entry(i).filter(|entry| !is_hidden(entry, &facts.cuts.hidden)) else { continue };
        let there: Vec<bool> = entry.slots.iter().map(|slot| slot.part == Part::Stored).collect();
        let waits = entry.due > now && (0..rungs).any(|rung| may_come(timeline, i, rung));
        for show in owners.of(i, entry).map(Show::Fight).into_iter().chain([Show::All]) {
            let is_in = bounds.get(&show).is_some_and(|bounds| bounds.keep(i, entry));
            let Some(Wanted { cut, waits: any }) = wanted.get_mut(&show).filter(|_| is_in) else { continue };
            *any |= waits;
            if there.contains(&true) {
                push(&mut cut.pieces, i);
                for (gaps, _) in cut.gaps.iter_mut().zip(&there).filter(|(_, there)| !**there) {
                    push(gaps, i);
                }
            }
        }
    }
    wanted
}

/// Whether a rendition may still get its segment at an index.
fn may_come(timeline: &Timeline, i: u64, rung: usize) -> bool {
    let begun = timeline
        .tracks
        .get(rung)
        .is_some_and(|track| track.begin.is_some_and(|begin| begin <= i) && (!track.sealed || i < track.next));
    let part = timeline.slot(i, rung).map(|slot| slot.part);
    begun && matches!(part, Some(Part::Awaited | Part::Sending))
}

fn push(pieces: &mut Pieces, i: u64) {
    match pieces.last_mut() {
        Some(last) if last.end == i => last.end = i + 1,
        _ => pieces.push(i..i + 1),
    }
}

/// The replays there should be: of fights with a range that is over, and of the whole event once that is.
fn bounds(facts: &StreamFacts, reach: impl Fn(Show) -> u64) -> BTreeMap<Show, Bounds> {
    let trim = |show: Show| {
        let trim = facts.cuts.trims.iter().find(|trim| Show::of(&trim.replay) == show);
        trim.map_or((None, None), |trim| (trim.from, trim.until))
    };
    let mut bounds = BTreeMap::new();
    for range in &facts.cuts.ranges {
        if range.until.is_some() || facts.ended {
            let show = Show::Fight(range.fight);
            bounds.entry(show).or_insert_with(|| Bounds { limit: None, trim: trim(show) });
        }
    }
    for range in facts.cuts.ranges.iter().filter(|range| range.until.is_none() && !facts.ended) {
        let show = Show::Fight(range.fight);
        if let Some(bounds) = bounds.get_mut(&show) {
            bounds.limit = Some(reach(show));
        }
    }
    if facts.ended {
        bounds.insert(Show::All, Bounds { limit: None, trim: trim(Show::All) });
    }
    bounds
}
