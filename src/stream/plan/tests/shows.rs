//! Replays against an oracle that works them out anew from what is known outside of the plan.

use std::collections::BTreeMap;

use super::air::fight_id;
use super::world::*;
use crate::clock::Micros;
use crate::ids::{KeyId, ReplayName};
use crate::stream::facts::{AirRange, StreamStatus, Trim};
use crate::stream::plan::*;
use crate::stream::record::Protection;

/// (index, whether this rendition has it), in order.
type Shown = Vec<(u64, bool)>;

impl World {
    /// A fight goes on air (another goes off), or none is.
    pub fn put_on_air(&mut self, fight: Option<i32>, sold: bool) {
        if !self.facts.ended {
            self.air(fight, sold);
        }
    }

    pub fn hide(&mut self, back_s: i64, for_s: i64) {
        let from = Micros(self.wall - back_s * 1_000_000);
        self.facts.cuts.hidden.push((from, Micros(from.0 + for_s * 1_000_000)));
        self.tell_facts();
    }

    pub fn trim(&mut self, replay: ReplayName, from: Option<Micros>, until: Option<Micros>) {
        self.facts.cuts.trims.retain(|trim| trim.replay != replay);
        self.facts.cuts.trims.push(Trim { replay, from, until });
        self.tell_facts();
    }

    /// What a rendition's playlist of a replay must show, from the segments' own times and what the store has.
    pub fn oracle(&self, show: Show, rung: usize) -> Shown {
        let cuts = &self.facts.cuts;
        let timeline = self.plan.timeline();
        let is_open = |range: &AirRange| Show::Fight(range.fight) == show && range.until.is_none();
        let limit = if cuts.ranges.iter().any(is_open) && !self.facts.ended { self.reach(show) } else { u64::MAX };
        let mut shown = Vec::new();
        for i in timeline.base()..timeline.top() {
            let entry = timeline.entry(i).unwrap();
            let (start, end) = (entry.start, Micros(entry.start.0 + i64::try_from(entry.duration_us).unwrap()));
            let mine = show == Show::All || entry.fight.map(Show::Fight) == Some(show);
            let trim = cuts.trims.iter().find(|trim| trim.replay == show.name());
            let trimmed = trim.is_some_and(|trim| {
                trim.from.is_some_and(|from| end <= from) || trim.until.is_some_and(|until| start >= until)
            });
            let hidden = cuts.hidden.iter().any(|(from, until)| start < *until && end > *from);
            let there = |rung: usize| self.naive.stored.contains_key(&(rung, i));
            if mine && !trimmed && !hidden && i < limit && (there(0) || there(1)) {
                shown.push((i, there(rung)));
            }
        }
        shown
    }

    /// How far a replay goes that the journal knows as stored, under any epoch.
    fn reach(&self, show: Show) -> u64 {
        let mut ends = BTreeMap::new();
        for record in &self.journal {
            if let Record::Replay { name, epoch, pieces, .. } = record
                && *name == show.name()
            {
                ends.insert(epoch.as_str(), pieces.last().map_or(0, |piece| piece.end));
            }
        }
        ends.into_values().max().unwrap_or(0)
    }

    /// A playlist of a replay: nothing that is missing, and VOD from the first line on.
    pub fn check_replay(&mut self, id: &ListId, rung: usize, list: &MediaList) {
        assert_eq!((list.media_sequence, list.discontinuity_sequence, list.ended), (0, 0, true));
        assert!(!list.lines.is_empty() && !list.lines[0].breaks);
        for line in &list.lines {
            let word = line.elsewhere.as_ref().unwrap_or(&id.epoch);
            let name = format!("{word}/{rung}/{}", segment_name(&line.run, line.n));
            assert!(line.gap || self.confirmed.contains(&name), "{name} is in a replay and not stored");
            let touches = |(from, until): &(Micros, Micros)| {
                line.start < *until && line.start.0 + i64::try_from(line.duration_us).unwrap() > from.0
            };
            assert!(!self.facts.cuts.hidden.iter().any(touches), "{name} is hidden");
        }
        for pair in list.lines.windows(2) {
            let follows = pair[0].run == pair[1].run && pair[0].n + 1 == pair[1].n;
            assert!(follows || pair[1].breaks, "no discontinuity before {:?}", pair[1]);
            assert!(pair[0].start < pair[1].start);
        }
        self.replays.insert(id.clone(), list.clone());
    }

    /// What the last playlists stored of a replay show.
    pub fn shown(&self, show: Show, rung: usize) -> Option<Shown> {
        let epoch = self.reports.last()?.epoch.clone()?;
        let list = self.replays.get(&ListId { epoch, kind: ListKind::Replay(show, rung) })?;
        let index = |line: &Line| self.plan.timeline().find(&line.run, line.n).unwrap();
        Some(list.lines.iter().map(|line| (index(line), !line.gap)).collect())
    }

    /// Until nothing is left to do.
    pub fn rest_of_plan(&mut self) {
        for _ in 0..24 {
            self.apply(super::Op::StoreAll);
            self.apply(super::Op::ListAll);
            self.wait(500);
        }
    }

    /// Everything is at rest: each replay there should be is told, and shows what the oracle says.
    pub fn check_replays_at_rest(&self) {
        let Some(report) = self.reports.last().filter(|report| report.epoch.is_some()) else { return };
        let closed = |range: &&AirRange| range.until.is_some() || self.facts.ended;
        let mut shows: Vec<Show> = self.facts.cuts.ranges.iter().filter(closed).map(|r| Show::Fight(r.fight)).collect();
        shows.extend(self.facts.ended.then_some(Show::All));
        shows.sort_unstable();
        shows.dedup();
        let mut told = Vec::new();
        for show in shows {
            let by_rung: BTreeMap<usize, Shown> = (0..2).map(|rung| (rung, self.oracle(show, rung))).collect();
            if by_rung[&0].is_empty() {
                continue;
            }
            told.push(show.name());
            for (rung, wanted) in by_rung.iter().filter(|(_, shown)| shown.iter().any(|(_, there)| *there)) {
                assert_eq!(self.shown(show, *rung).as_ref(), Some(wanted), "{show:?} in rung {rung}");
            }
        }
        assert_eq!(report.replays, told, "under {:?}", report.epoch);
    }
}

pub fn beats(world: &mut World, count: usize) {
    for _ in 0..count {
        world.apply(super::Op::CloseBoth);
        for _ in 0..4 {
            world.apply(super::Op::StoreAll);
            world.apply(super::Op::ListAll);
            world.wait(500);
        }
    }
}

pub fn rest(world: &mut World) {
    world.rest_of_plan();
    world.check_replays_at_rest();
}

pub fn names(world: &World) -> Vec<String> {
    world.reports.last().unwrap().replays.iter().map(ToString::to_string).collect()
}

fn indices(world: &World, show: Show) -> Vec<u64> {
    world.shown(show, 0).unwrap().into_iter().map(|(i, _)| i).collect()
}

/// Two segments of nothing, three of fight 1, one of nothing, two of fight 2, and one of nothing.
pub fn night() -> World {
    let mut world = World::new();
    beats(&mut world, 2);
    world.put_on_air(Some(1), false);
    beats(&mut world, 3);
    world.put_on_air(None, false);
    beats(&mut world, 1);
    world.put_on_air(Some(2), false);
    beats(&mut world, 2);
    world.put_on_air(None, false);
    beats(&mut world, 1);
    world
}

#[test]
fn a_fight_that_has_gone_off_air_can_be_watched_again_and_one_on_air_cannot() {
    let mut world = World::new();
    world.put_on_air(Some(1), false);
    beats(&mut world, 3);
    assert_eq!(names(&world), [""; 0]);
    world.put_on_air(Some(2), false);
    beats(&mut world, 2);
    assert_eq!(names(&world), ["1"]);
    rest(&mut world);
    assert!(world.uploads.is_empty());
}

#[test]
fn an_ended_night_has_its_fights_and_all_in_the_order_of_the_card() {
    let mut world = night();
    world.apply(super::Op::End);
    rest(&mut world);
    assert_eq!(names(&world), ["1", "2", "all"]);
    assert_eq!(indices(&world, Show::All), (0..9).collect::<Vec<_>>());
    assert_eq!(world.reports.last().unwrap().status, StreamStatus::Ended);
}

#[test]
fn a_fight_on_air_again_joins_its_ranges_when_it_is_over() {
    let mut world = night();
    rest(&mut world);
    let before = indices(&world, Show::Fight(1));
    world.put_on_air(Some(1), false);
    beats(&mut world, 2);
    rest(&mut world);
    assert_eq!(indices(&world, Show::Fight(1)), before, "what it showed stays meanwhile");
    assert_eq!(names(&world), ["1", "2"]);
    world.put_on_air(None, false);
    rest(&mut world);
    let joined = indices(&world, Show::Fight(1));
    assert!(joined.len() >= before.len() + 2 && joined.starts_with(&before), "{before:?} → {joined:?}");
}

#[test]
fn what_is_hidden_leaves_replays_and_dvr_and_comes_back() {
    let mut world = night();
    world.apply(super::Op::End);
    rest(&mut world);
    let whole = indices(&world, Show::All);
    assert_eq!(world.journal.iter().filter(|record| **record == Record::Finished).count(), 1);
    let hidden = world.plan.timeline().entry(3).unwrap().start;
    world.facts.cuts.hidden.push((hidden, Micros(hidden.0 + 1)));
    world.tell_facts();
    rest(&mut world);
    let without: Vec<u64> = whole.iter().copied().filter(|i| *i != 3).collect();
    assert_eq!(indices(&world, Show::All), without);
    let dvr = |world: &World| world.last[&ListId { epoch: epoch(0), kind: ListKind::Dvr(0) }].clone();
    let gaps: Vec<u64> = (0..).zip(&dvr(&world).lines).filter(|(_, line)| line.gap).map(|(i, _)| i).collect();
    assert_eq!(gaps, [3], "an index of the DVR is for ever");
    world.restart();
    rest(&mut world);
    world.facts.cuts.hidden.clear();
    world.tell_facts();
    rest(&mut world);
    assert_eq!(indices(&world, Show::All), whole);
    assert!(dvr(&world).lines.iter().all(|line| !line.gap));
}

#[test]
fn a_replay_of_which_nothing_is_left_is_taken_back_and_comes_again() {
    let mut world = night();
    rest(&mut world);
    let range = world.facts.cuts.ranges[0].clone();
    let hidden = (Micros(range.from.0 - 4_000_000), Micros(range.until.unwrap().0 + 2_000_000));
    world.facts.cuts.hidden.push(hidden);
    world.tell_facts();
    rest(&mut world);
    assert_eq!(names(&world), ["2"]);
    let taken: Vec<&str> = world.withdrawn.iter().map(|key| key.rsplit_once("epoch00000000000/").unwrap().1).collect();
    assert_eq!(taken, ["replay-1.m3u8", "720p/replay-1.m3u8", "360p/replay-1.m3u8"], "the master first");
    world.facts.cuts.hidden.clear();
    world.tell_facts();
    rest(&mut world);
    assert_eq!(names(&world), ["1", "2"]);
}

#[test]
fn a_trim_begins_and_ends_a_replay_elsewhere_and_touches_no_other() {
    let mut world = night();
    rest(&mut world);
    let (first, second) = (indices(&world, Show::Fight(1)), indices(&world, Show::Fight(2)));
    let start = |world: &World, i: u64| world.plan.timeline().entry(i).unwrap().start;
    let from = start(&world, first[1]);
    let puts = world.put_count;
    world.trim(ReplayName::of_fight(1), Some(from), None);
    rest(&mut world);
    assert_eq!(indices(&world, Show::Fight(1)), first[1..]);
    assert_eq!(indices(&world, Show::Fight(2)), second);
    assert_eq!(world.put_count - puts, 2, "one playlist of each rendition, and no master");
}

#[test]
fn a_rotated_epoch_has_its_replays_too_and_names_what_is_elsewhere() {
    let mut world = night();
    rest(&mut world);
    world.apply(super::Op::Rotate);
    beats(&mut world, 2);
    rest(&mut world);
    assert_eq!(world.reports.last().unwrap().epoch, Some(epoch(1)));
    assert_eq!(names(&world), ["1", "2"]);
    let id = ListId { epoch: epoch(1), kind: ListKind::Replay(Show::Fight(1), 0) };
    assert!(world.replays[&id].lines.iter().all(|line| line.elsewhere == Some(epoch(0))));
}

#[test]
fn a_restart_stores_nothing_of_a_replay_again() {
    let mut world = night();
    world.apply(super::Op::End);
    rest(&mut world);
    let told = world.reports.last().cloned();
    world.restart();
    assert_eq!(world.plan.reported(), told.as_ref(), "and tells the same without a moment between");
    let puts = world.put_count;
    rest(&mut world);
    assert_eq!((world.put_count, world.reports.last().cloned()), (puts, told));
    world.trim(ReplayName::all(), Some(Micros(world.wall - 30_000_000)), None);
    rest(&mut world);
    assert_eq!(world.put_count, puts + 2, "it was idle, and woke");
}

#[test]
fn a_late_segment_joins_its_replay() {
    let mut world = World::new();
    world.put_on_air(Some(1), false);
    beats(&mut world, 2);
    world.apply(super::Op::CloseBoth);
    let late = world.uploads.pop().unwrap();
    beats(&mut world, 2);
    // What the beats have not stored was taken away.
    world.put_on_air(None, false);
    for _ in 0..12 {
        beats(&mut world, 1);
    }
    rest(&mut world);
    let gaps =
        |world: &World| world.shown(Show::Fight(1), late.rung).unwrap().iter().filter(|(_, there)| !there).count();
    assert_eq!(gaps(&world), 1, "the other rendition has it: a gap keeps them in step");
    let event = world.confirm(&late);
    world.feed(vec![event]);
    rest(&mut world);
    assert_eq!(gaps(&world), 0);
}

#[test]
fn without_a_journal_segments_go_by_their_key_or_by_time() {
    let mut world = night();
    rest(&mut world);
    let (first, second) = (indices(&world, Show::Fight(1)), indices(&world, Show::Fight(2)));
    // One that was closed in fight 2 and has a key of fight 1.
    let odd = second[0];
    for record in &mut world.journal {
        if let Record::Index { i, fight, protection, .. } = record {
            *fight = None;
            if *i == odd {
                let id = KeyId::new(&fight_id(1), 0);
                world.naive.decided[usize::try_from(odd).unwrap()].1 = Some(id.to_string());
                *protection = Protection::Key { id };
            }
        }
    }
    world.journal.push(Record::Unsure { from: 0, until: 9 });
    world.restart();
    world.rest_of_plan();
    // Told of two seconds after they began, the segments were a fight's from the next one on.
    let began_in_it = |of: &[u64]| of.iter().map(|i| i + 1).collect::<Vec<_>>();
    let with_odd: Vec<u64> = began_in_it(&first).into_iter().chain([odd]).collect();
    assert_eq!((indices(&world, Show::Fight(1)), indices(&world, Show::Fight(2))), (with_odd, began_in_it(&second)));
}
