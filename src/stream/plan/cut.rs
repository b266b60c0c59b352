//! Which segments a replay shows: pure, worked out anew from the timeline and the facts whenever either has changed.
//!
//! - A segment belongs to the fight whose key it has; else to the one that was on air when it was taken up; else, where
//!   the journal was lost, to the one whose range its first moment lies in.
//! - A replay shows the ranges of its fight that are over. A fight on air again keeps what its replay showed until
//!   then.
//! - All renditions show the same indices, those that any of them has: a rendition that misses one gets a gap there, so
//!   that a player may change between them anywhere. What none has is left out.
//! - A hidden range takes every segment that touches it; a trim keeps every segment that touches what it keeps.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use super::timeline::{Entry, Ms, Part, Timeline, after};
use crate::clock::Micros;
use crate::ids::{ReplayName, RowId};
use crate::stream::facts::{Cuts, StreamFacts};
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
}

impl<'a> Owners<'a> {
    /// By these facts.
    #[must_use]
    pub fn new(facts: &'a StreamFacts) -> Self {
        let known = facts.cuts.numbers.iter().map(|(id, number)| (id, *number));
        Self {
            cuts: &facts.cuts,
            numbers: known.chain(facts.on_air.iter().map(|fight| (&fight.id, fight.number))).collect(),
        }
    }

    /// The fight a segment belongs to.
    #[must_use]
    pub fn of(&self, entry: &Entry) -> Option<i32> {
        let by_key = match &entry.protection {
            Protection::Key { id } => id.fight().and_then(|fight| self.numbers.get(&fight).copied()),
            Protection::Free => None,
        };
        let holds =
            |from: Micros, until: Option<Micros>| entry.start >= from && until.is_none_or(|until| entry.start < until);
        let by_time =
            || self.cuts.ranges.iter().rev().find(|range| holds(range.from, range.until)).map(|range| range.fight);
        by_key.or(entry.fight).or_else(by_time)
    }
}

/// One replay's bounds.
struct Bounds {
    /// Its fight is on air again since then.
    open_from: Option<Micros>,
    trim: (Option<Micros>, Option<Micros>),
}

impl Bounds {
    fn keep(&self, entry: &Entry) -> bool {
        let end = after(entry.start, entry.duration_us);
        self.open_from.is_none_or(|open| end <= open)
            && self.trim.0.is_none_or(|from| end > from)
            && self.trim.1.is_none_or(|until| entry.start < until)
    }
}

/// The replays there should be, and what they show; nothing before `floor`, which is being removed from the store.
#[must_use]
pub fn cuts(timeline: &Timeline, facts: &StreamFacts, floor: u64, now: Ms) -> BTreeMap<Show, Wanted> {
    let bounds = bounds(facts);
    if bounds.is_empty() {
        return BTreeMap::new();
    }
    let owners = Owners::new(facts);
    let rungs = timeline.ladder.len();
    let blank = Wanted { cut: Cut { pieces: Vec::new(), gaps: vec![Vec::new(); rungs] }, waits: false };
    let mut wanted: BTreeMap<Show, Wanted> = bounds.keys().map(|show| (*show, blank.clone())).collect();
    for i in floor.max(timeline.base())..timeline.top() {
        let Some(entry) = timeline.entry(i).filter(|entry| !is_hidden(entry, &facts.cuts.hidden)) else { continue };
        let there: Vec<bool> = entry.slots.iter().map(|slot| slot.part == Part::Stored).collect();
        let waits = entry.due > now && (0..rungs).any(|rung| may_come(timeline, i, rung));
        for show in owners.of(entry).map(Show::Fight).into_iter().chain([Show::All]) {
            let Some(bounds) = bounds.get(&show).filter(|bounds| bounds.keep(entry)) else { continue };
            let Some(Wanted { cut, waits: any }) = wanted.get_mut(&show) else { continue };
            // A fight that has just gone on air again: what comes is not this replay's yet.
            *any |= waits && bounds.open_from.is_none();
            if there.contains(&true) {
                push(&mut cut.pieces, i);
                for (gaps, there) in cut.gaps.iter_mut().zip(&there) {
                    if !there {
                        push(gaps, i);
                    }
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
fn bounds(facts: &StreamFacts) -> BTreeMap<Show, Bounds> {
    let trim = |show: Show| {
        let trim = facts.cuts.trims.iter().find(|trim| Show::of(&trim.replay) == show);
        trim.map_or((None, None), |trim| (trim.from, trim.until))
    };
    let mut bounds = BTreeMap::new();
    for range in &facts.cuts.ranges {
        if range.until.is_some() || facts.ended {
            let show = Show::Fight(range.fight);
            bounds.entry(show).or_insert_with(|| Bounds { open_from: None, trim: trim(show) });
        }
    }
    for range in facts.cuts.ranges.iter().filter(|range| range.until.is_none() && !facts.ended) {
        if let Some(bounds) = bounds.get_mut(&Show::Fight(range.fight)) {
            bounds.open_from = Some(range.from);
        }
    }
    if facts.ended {
        bounds.insert(Show::All, Bounds { open_from: None, trim: trim(Show::All) });
    }
    bounds
}
