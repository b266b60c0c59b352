//! Reads our own playlists back from the store: where the journal is lost they are what is left of the timeline, and
//! where it is older than they are (a disk put back, another node published meanwhile) they win, since viewers have
//! seen them.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::encoder_list::date_time;
use super::facts::{FightOnAir, StreamReport, StreamStatus};
use super::plan::{Part, Timeline, after};
use super::playlist::{self, GAP};
use super::record::{Protection, Record};
use crate::clock::Micros;
use crate::ids::{Epoch, EventSlug, RenditionName, RunId};
use crate::objects::{ObjectError, ObjectKey, ObjectStore};

/// A segment as one of our playlists lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct OwnLine {
    epoch: Epoch,
    run: RunId,
    n: u64,
    duration_us: u64,
    start: Micros,
    breaks: bool,
    gap: bool,
    protection: Protection,
}

/// One of our media playlists.
#[derive(Clone, Debug, PartialEq, Eq)]
struct OwnList {
    rung: usize,
    live: bool,
    media_sequence: u64,
    discontinuity_sequence: u64,
    ended: bool,
    lines: Vec<OwnLine>,
}

/// What the store's playlists of one epoch say.
#[derive(Clone, Debug)]
pub struct OnStore {
    epoch: Epoch,
    lists: Vec<OwnList>,
}

impl OnStore {
    /// Whether nothing of ours is there.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.lists.is_empty()
    }
}

/// Reads the live playlists under an epoch, and the DVR ones when asked.
///
/// # Errors
/// [`ObjectError`]; a playlist that is there but cannot be understood is said and counts as absent.
pub async fn look(
    objects: &dyn ObjectStore,
    event: &EventSlug,
    epoch: &Epoch,
    ladder: &[RenditionName],
    with_dvr: bool,
) -> Result<OnStore, ObjectError> {
    let mut lists = Vec::new();
    for (rung, rendition) in ladder.iter().enumerate() {
        for live in [true, false] {
            let name = if live { "live" } else { "dvr" };
            let Ok(key) = format!("{event}/{epoch}/{rendition}/{name}.m3u8").parse::<ObjectKey>() else { continue };
            if !live && !with_dvr {
                continue;
            }
            let Some(body) = objects.get(&key).await? else { continue };
            let text = String::from_utf8_lossy(&body);
            if let Some(list) = read_own(&text, epoch, rendition, rung, live) {
                lists.push(list);
            } else {
                tracing::error!(%key, "a playlist of ours on the store cannot be read; it is left out");
            }
        }
    }
    Ok(OnStore { epoch: epoch.clone(), lists })
}

fn read_own(text: &str, epoch: &Epoch, rendition: &RenditionName, rung: usize, live: bool) -> Option<OwnList> {
    let read = catch_unwind(AssertUnwindSafe(|| {
        let parsed = playlist::parse(text).ok()?;
        let mut lines = Vec::new();
        let mut start = Micros::default();
        for (segment, gap) in parsed.segments.values().zip(gaps(text)) {
            let (epoch, name) = match segment.uri().strip_prefix("../../") {
                Some(elsewhere) => {
                    let (word, rest) = elsewhere.split_once('/')?;
                    (word.parse().ok()?, rest.strip_prefix(rendition.as_str())?.strip_prefix('/')?)
                }
                None => (epoch.clone(), segment.uri().as_ref()),
            };
            let (run, n) = name.strip_suffix(".ts")?.split_once('-')?;
            let duration_us = u64::try_from(segment.duration.duration().as_micros()).ok()?;
            let dated = segment.program_date_time.as_ref().and_then(|tag| date_time(&tag.date_time));
            start = dated.unwrap_or(start);
            let breaks = segment.has_discontinuity;
            let (run, n) = (run.parse().ok()?, n.parse().ok()?);
            let protection = playlist::protection_of(segment)?;
            lines.push(OwnLine { epoch, run, n, duration_us, start, breaks, gap, protection });
            start = after(start, duration_us);
        }
        Some(OwnList {
            rung,
            live,
            media_sequence: u64::try_from(parsed.media_sequence).ok()?,
            discontinuity_sequence: u64::try_from(parsed.discontinuity_sequence).ok()?,
            ended: parsed.has_end_list,
            lines,
        })
    }));
    read.ok().flatten().filter(|list| !list.lines.is_empty())
}

/// Whether each segment is a gap. `hls_m3u8` does not say where an unknown tag stood.
fn gaps(text: &str) -> Vec<bool> {
    let mut gaps = Vec::new();
    let mut gap = false;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if line == GAP {
            gap = true;
        } else if !line.starts_with('#') {
            gaps.push(std::mem::take(&mut gap));
        }
    }
    gaps
}

/// One index as the store's playlists have it.
struct Merged {
    line: OwnLine,
    /// Discontinuities up to and with it.
    breaks: u64,
}

/// What must be added to the journal so that the timeline agrees with the store; nothing when it does already. A key
/// tells its fight, and the card the fight's number; of what is free nobody knows any more.
#[must_use]
pub fn differences(timeline: &Timeline, on_store: &OnStore, card: &[FightOnAir], now: Micros) -> Vec<Record> {
    let mut indices: BTreeMap<u64, Merged> = BTreeMap::new();
    for list in &on_store.lists {
        let mut breaks = list.discontinuity_sequence;
        for (i, line) in (list.media_sequence..).zip(&list.lines) {
            breaks += u64::from(line.breaks);
            indices.entry(i).or_insert_with(|| Merged { line: line.clone(), breaks });
        }
    }
    let (Some((first, first_merged)), Some((last, _))) = (indices.first_key_value(), indices.last_key_value()) else {
        return Vec::new();
    };
    let (first, last) = (*first, *last);
    let mut records = Vec::new();
    let is_new = timeline.top() == timeline.base();
    let conflict = indices.iter().find(|(i, merged)| {
        timeline.entry(**i).is_some_and(|entry| entry.run != merged.line.run || entry.n != merged.line.n)
    });
    let from = match conflict {
        _ if is_new => {
            records.push(Record::Base { i: first, breaks: first_merged.breaks });
            first
        }
        Some((i, _)) => {
            records.push(Record::Cut { i: *i });
            *i
        }
        None => timeline.top(),
    };
    let mut before = from.checked_sub(1).and_then(|i| timeline.index_record(i));
    for i in from..=last {
        let Some(record) = index_record(i, &indices, before.as_ref(), card) else { continue };
        before = Some(record.clone());
        records.push(record);
    }
    for rung in 0..timeline.ladder.len() {
        let lists: Vec<&OwnList> = on_store.lists.iter().filter(|list| list.rung == rung).collect();
        listed(timeline, rung, &lists, from, &mut records);
    }
    if is_new {
        let report = StreamReport {
            status: StreamStatus::Interrupted,
            epoch: Some(on_store.epoch.clone()),
            since: now,
            replays: Vec::new(),
        };
        records.push(Record::Reported { report });
    }
    records
}

/// The fact of one index. One that no playlist has (the DVR is stored less often than the live window moves) takes
/// its place from the next one that has; where what is before it or after it is sold, so is it.
fn index_record(
    i: u64,
    indices: &BTreeMap<u64, Merged>,
    before: Option<&Record>,
    card: &[FightOnAir],
) -> Option<Record> {
    let (next, merged) = indices.range(i..).next()?;
    let line = &merged.line;
    let back = next - i;
    let (before, sold_before) = match before {
        Some(Record::Index { run, n, start, protection, .. }) => (Some((run, *n, *start)), Some(protection)),
        _ => (None, None),
    };
    let protection = match &line.protection {
        Protection::Free if back > 0 => sold_before.unwrap_or(&Protection::Free),
        told => told,
    };
    let (run, n, start) = match line.n.checked_sub(back) {
        Some(n) if before.is_none_or(|(run, last, _)| *run != line.run || n > last) => {
            let earlier = i64::try_from(back.saturating_mul(line.duration_us)).unwrap_or(0);
            (line.run.clone(), n, Micros(line.start.0.saturating_sub(earlier)))
        }
        _ => before.map(|(run, n, start)| (run.clone(), n + 1, after(start, line.duration_us)))?,
    };
    Some(Record::Index {
        i,
        run,
        n,
        start,
        dur: line.duration_us,
        epoch: line.epoch.clone(),
        fight: fight_of(protection, card),
        protection: protection.clone(),
    })
}

fn fight_of(protection: &Protection, card: &[FightOnAir]) -> Option<i32> {
    let Protection::Key { id } = protection else { return None };
    let fight = id.fight()?;
    card.iter().find(|known| known.id == fight).map(|known| known.number)
}

/// The facts of one rendition: what its playlists list is stored or a gap, and so is what they have passed. What lies
/// between the DVR's end and the live window was listed once; it must not be waited for.
fn listed(timeline: &Timeline, rung: usize, lists: &[&OwnList], from: u64, records: &mut Vec<Record>) {
    let Some(r) = timeline.rendition(rung) else { return };
    let Some(first) = lists.iter().map(|list| list.media_sequence).min() else { return };
    let track = timeline.tracks.get(rung);
    let begin = track.and_then(|track| track.begin).filter(|begin| *begin < from).unwrap_or_else(|| {
        records.push(Record::Begin { i: first, r: r.clone() });
        first
    });
    let mut told: BTreeMap<u64, (bool, bool, u64)> = BTreeMap::new();
    for list in lists {
        for (i, line) in (list.media_sequence..).zip(&list.lines) {
            let slot = told.entry(i).or_insert((false, false, line.duration_us));
            slot.0 |= !line.gap;
            slot.1 |= line.gap && list.live;
        }
    }
    let Some((last, _)) = told.last_key_value() else { return };
    for i in begin.max(timeline.base())..=*last {
        let (stored, live_gap, dur) = told.get(&i).copied().unwrap_or((false, false, 0));
        let known = timeline.slot(i, rung).filter(|_| i < from);
        let is_stored = known.is_some_and(|slot| slot.part == Part::Stored);
        if stored && !is_stored {
            records.push(Record::Stored { i, r: r.clone(), dur });
        }
        if (live_gap || !(stored || is_stored)) && known.is_none_or(|slot| !slot.gap) {
            records.push(Record::Gap { i, r: r.clone() });
        }
    }
    if lists.iter().any(|list| list.ended) && track.is_none_or(|track| !track.sealed) {
        records.push(Record::Seal { r: r.clone() });
    }
}
