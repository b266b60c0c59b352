//! The plan against a naive oracle, under random closings, faults, rotations, restarts and crashes between actions.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use proptest::prelude::*;

use super::*;
use crate::ids::{Epoch, RowId};
use crate::stream::facts::{FightOnAir, StreamStatus};

const DEADLINE_MS: u64 = 8_000;
const WINDOW: u64 = 4;

fn rules() -> Rules {
    Rules { deadline_ms: DEADLINE_MS, window: WINDOW, segment_seconds: 2, keep_remote_ms: 0 }
}

fn ladder() -> Vec<RenditionName> {
    ["720p", "360p"].map(|name| name.parse().unwrap()).to_vec()
}

fn run_id(number: u64) -> RunId {
    format!("01ARZ3NDEKTSV4RRFFQ69{number:05}").parse().unwrap()
}

fn epoch(number: usize) -> Epoch {
    format!("epoch{number:011}").parse().unwrap()
}

#[derive(Clone, Debug)]
enum Op {
    Wait(u64),
    /// FFmpeg closes and names the next segment of a rendition; `whole`: its file can be read.
    Close {
        rung: usize,
        whole: bool,
    },
    /// Both renditions, as FFmpeg does.
    CloseBoth,
    /// The run before the newest closes one more.
    CloseOld,
    NewRun,
    Store(usize),
    Lose(usize),
    StoreAll,
    ListOk(usize),
    ListFail(usize),
    ListAll,
    Rotate,
    OnAir(i32),
    Interrupt(bool),
    End,
    /// The process dies after so many actions of the next step.
    Crash(usize),
    /// The wall clock jumps.
    Jump(i64),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => (0_u64..2_500).prop_map(Op::Wait),
        1 => Just(Op::Wait(9_000)),
        4 => (0_usize..2, prop::bool::weighted(0.9)).prop_map(|(rung, whole)| Op::Close { rung, whole }),
        10 => Just(Op::CloseBoth),
        1 => Just(Op::CloseOld),
        2 => Just(Op::NewRun),
        6 => (0_usize..9).prop_map(Op::Store),
        1 => (0_usize..9).prop_map(Op::Lose),
        6 => Just(Op::StoreAll),
        6 => (0_usize..9).prop_map(Op::ListOk),
        2 => (0_usize..9).prop_map(Op::ListFail),
        6 => Just(Op::ListAll),
        1 => Just(Op::Rotate),
        1 => (1..9).prop_map(Op::OnAir),
        1 => any::<bool>().prop_map(Op::Interrupt),
        1 => prop::bool::weighted(0.3).prop_map(|end| if end { Op::End } else { Op::Wait(100) }),
        2 => (0_usize..6).prop_map(Op::Crash),
        1 => (-40_000_i64..40_000).prop_map(Op::Jump),
    ]
}

/// The same decisions, worked out anew from everything that ever happened.
#[derive(Default)]
struct Naive {
    /// (run, n), due.
    indices: Vec<(u64, u64, u64)>,
    begin: [Option<u64>; 2],
    stored: BTreeMap<(usize, u64), u64>,
    lost: BTreeSet<(usize, u64)>,
    gaps: BTreeSet<(usize, u64)>,
}

impl Naive {
    fn find(&self, run: u64, n: u64) -> Option<u64> {
        self.indices.iter().position(|(r, m, _)| (*r, *m) == (run, n)).map(|i| u64::try_from(i).unwrap())
    }

    fn named(&mut self, now: u64, rung: usize, run: u64, n: u64, ended: bool) {
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
    fn next(&mut self, now: u64, rung: usize) -> Option<u64> {
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

    fn restart(&mut self) {
        self.lost.clear();
        for index in &mut self.indices {
            index.2 = DEADLINE_MS;
        }
        for at in self.stored.values_mut() {
            *at = 0;
        }
    }
}

/// Everything around the plan.
struct World {
    plan: Plan,
    facts: StreamFacts,
    ms: u64,
    wall: i64,
    /// Time over all restarts.
    total_ms: u64,
    run: u64,
    epochs: usize,
    /// Files on the local disk: run, n, rung → whole.
    disk: BTreeMap<(u64, u64, usize), bool>,
    next_n: HashMap<(u64, usize), u64>,
    journal: Vec<Record>,
    uploads: Vec<Upload>,
    lists: Vec<(Listing, u64)>,
    crash_after: Option<usize>,
    naive: Naive,
    // What the outside has seen.
    confirmed: BTreeSet<String>,
    identity: BTreeMap<u64, (RunId, u64)>,
    continuity: BTreeMap<u64, u64>,
    live_gap: BTreeMap<(usize, u64), bool>,
    dvr_there: BTreeSet<(usize, u64)>,
    last: HashMap<ListId, MediaList>,
    quiet_since: HashMap<ListId, u64>,
    edge: [u64; 2],
    masters: HashMap<ListId, Vec<usize>>,
    listed_lists: BTreeSet<String>,
    reports: Vec<StreamReport>,
}

impl World {
    fn new() -> Self {
        let facts = StreamFacts { epoch: epoch(0), on_air: None, interrupted: false, ended: false };
        let mut world = Self {
            plan: Plan::restore("night".parse().unwrap(), ladder(), rules(), &[]),
            facts,
            ms: 0,
            wall: 1_790_000_000_000_000,
            total_ms: 0,
            run: 0,
            epochs: 0,
            disk: BTreeMap::new(),
            next_n: HashMap::new(),
            journal: Vec::new(),
            uploads: Vec::new(),
            lists: Vec::new(),
            crash_after: None,
            naive: Naive::default(),
            confirmed: BTreeSet::new(),
            identity: BTreeMap::new(),
            continuity: BTreeMap::new(),
            live_gap: BTreeMap::new(),
            dvr_there: BTreeSet::new(),
            last: HashMap::new(),
            quiet_since: HashMap::new(),
            edge: [0; 2],
            masters: HashMap::new(),
            listed_lists: BTreeSet::new(),
            reports: Vec::new(),
        };
        world.tell_facts();
        world
    }

    fn now(&self) -> Moment {
        Moment { ms: self.ms, wall: Micros(self.wall) }
    }

    fn tell_facts(&mut self) {
        self.feed(vec![Event::Facts(self.facts.clone())]);
    }

    /// Feeds events and a tick, then does what comes out, unless the process dies before.
    fn feed(&mut self, events: Vec<Event>) {
        let mut actions = Vec::new();
        for event in events.into_iter().chain([Event::Tick]) {
            actions.extend(self.plan.step(self.now(), event));
        }
        let crash = self.crash_after.take();
        for (done, action) in actions.into_iter().enumerate() {
            if crash == Some(done) {
                return self.restart();
            }
            self.act(action);
        }
        if crash.is_some() {
            self.restart();
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Record(record) => self.journal.push(record),
            Action::Put(upload) => {
                let journaled = self.journal.iter().any(|r| matches!(r, Record::Index { i, .. } if *i == upload.index));
                assert!(journaled, "a PUT before its index is journaled");
                self.uploads.push(upload);
            }
            Action::Publish(listing) => {
                self.check(&listing);
                self.lists.push((listing, self.total_ms));
            }
            Action::Report(report) => {
                if report.status == StreamStatus::Live {
                    assert!(report.epoch.is_some());
                }
                self.reports.push(report);
            }
            Action::Spare { .. }
            | Action::Listed { .. }
            | Action::Gapped { .. }
            | Action::Remove { .. }
            | Action::Ignore(_) => {}
        }
    }

    fn check(&mut self, listing: &Listing) {
        if let Some(since) = self.quiet_since.get(&listing.id) {
            assert!(self.total_ms >= since + 1_000, "more than one PUT a second under {:?}", listing.id);
        }
        assert!(!self.lists.iter().any(|(other, _)| other.id == listing.id), "two PUTs under one key at once");
        match &listing.body {
            ListBody::Master(rungs) => {
                assert!(!rungs.is_empty());
                for rung in rungs {
                    let live = listing.id.kind == ListKind::Master;
                    let kind = if live { ListKind::Live(*rung) } else { ListKind::Dvr(*rung) };
                    let id = ListId { epoch: listing.id.epoch.clone(), kind };
                    assert!(self.listed_lists.contains(&format!("{id:?}")), "a master before its media playlist");
                }
            }
            ListBody::Media(list) => self.check_media(&listing.id, list),
        }
    }

    fn check_media(&mut self, id: &ListId, list: &MediaList) {
        let (rung, dvr) = match id.kind {
            ListKind::Live(rung) => (rung, false),
            ListKind::Dvr(rung) => (rung, true),
            _ => unreachable!(),
        };
        let next = list.media_sequence + u64::try_from(list.lines.len()).unwrap();
        assert!(next >= self.edge[rung], "a playlist that goes back");
        self.edge[rung] = next;
        if let Some(last) = self.last.get(id) {
            assert!(list.media_sequence >= last.media_sequence);
            assert!(list.discontinuity_sequence >= last.discontinuity_sequence);
            assert!(list.target_seconds == last.target_seconds);
            if last.ended {
                assert!(list.ended && next == last.media_sequence + u64::try_from(last.lines.len()).unwrap());
            }
        }
        let mut continuity = list.discontinuity_sequence;
        let mut end = i64::MIN;
        for (i, line) in (list.media_sequence..).zip(&list.lines) {
            let known = self.identity.entry(i).or_insert_with(|| (line.run.clone(), line.n));
            assert_eq!(*known, (line.run.clone(), line.n), "index {i} is two segments");
            continuity += u64::from(line.breaks);
            assert_eq!(*self.continuity.entry(i).or_insert(continuity), continuity, "index {i}");
            assert!(line.start.0 >= end, "date-times go back at {i}");
            end = line.start.0;
            let word = line.elsewhere.as_ref().unwrap_or(&id.epoch);
            let name = format!("{word}/{rung}/{}", segment_name(&line.run, line.n));
            assert!(line.gap || self.confirmed.contains(&name), "{name} is listed and not stored");
            if dvr {
                assert!(!line.gap || !self.dvr_there.contains(&(rung, i)), "the DVR lost {i}");
                if !line.gap {
                    self.dvr_there.insert((rung, i));
                }
            } else {
                assert_eq!(*self.live_gap.entry((rung, i)).or_insert(line.gap), line.gap, "the live list changed {i}");
            }
        }
        let runs: Vec<_> = list.lines.iter().map(|line| &line.run).collect();
        assert!(runs.is_sorted(), "an older run after a newer one");
        if !dvr && !list.ended {
            assert_eq!(self.naive.next(self.ms, rung), Some(next), "the oracle lists otherwise");
            let gaps = (list.media_sequence..).zip(&list.lines).filter(|(_, line)| line.gap).map(|(i, _)| i);
            for i in gaps {
                assert!(self.naive.gaps.contains(&(rung, i)), "the oracle has no gap at {i}");
            }
        }
        self.last.insert(id.clone(), list.clone());
    }

    fn naive_tick(&mut self) {
        for rung in 0..2 {
            self.naive.next(self.ms, rung);
        }
    }

    fn close(&mut self, run: u64, rung: usize, whole: bool) -> Vec<Event> {
        let n = self.next_n.entry((run, rung)).or_default();
        self.disk.insert((run, *n, rung), whole);
        *n += 1;
        self.see(run, *self.next_n.get(&(run, rung)).unwrap() - 1, rung, whole)
    }

    fn see(&mut self, run: u64, n: u64, rung: usize, whole: bool) -> Vec<Event> {
        self.naive.named(self.ms, rung, run, n, self.facts.ended);
        let start = Some(Micros(self.wall));
        let id = run_id(run);
        let mut events = vec![Event::Named { run: id.clone(), rung, n, duration_us: 2_000_000, start, age_ms: 0 }];
        if whole {
            events.push(Event::Closed { run: id, rung, n, file: Arc::from("x.ts"), bytes: 188 });
        }
        events
    }

    fn take_upload(&mut self, k: usize) -> Option<Upload> {
        (!self.uploads.is_empty()).then(|| self.uploads.remove(k % self.uploads.len()))
    }

    fn confirm(&mut self, upload: &Upload) -> Event {
        let mut parts = upload.key.as_str().split('/').skip(1);
        let (word, _, name) = (parts.next().unwrap(), parts.next(), parts.next().unwrap());
        self.confirmed.insert(format!("{word}/{}/{name}", upload.rung));
        self.naive.stored.entry((upload.rung, upload.index)).or_insert(self.ms);
        Event::Stored { index: upload.index, rung: upload.rung }
    }

    fn take_list(&mut self, k: usize) -> Option<Listing> {
        (!self.lists.is_empty()).then(|| self.lists.remove(k % self.lists.len()).0)
    }

    fn list_done(&mut self, listing: Listing, ok: bool) -> Event {
        self.quiet_since.insert(listing.id.clone(), self.total_ms);
        if !ok {
            return Event::ListFailed { id: listing.id, wait_ms: 250 };
        }
        self.listed_lists.insert(format!("{:?}", listing.id));
        if let ListBody::Master(rungs) = listing.body {
            self.masters.insert(listing.id.clone(), rungs);
        }
        Event::ListStored(listing.id)
    }

    fn wait(&mut self, ms: u64) {
        self.ms += ms;
        self.total_ms += ms;
        self.wall += i64::try_from(ms).unwrap() * 1_000;
        self.naive_tick();
        self.feed(vec![]);
    }

    /// The process dies; what was on its way may have happened all the same; a new one starts from the journal.
    fn restart(&mut self) {
        self.uploads.clear();
        for (listing, _) in std::mem::take(&mut self.lists) {
            self.quiet_since.insert(listing.id, self.total_ms);
        }
        self.ms = 0;
        self.total_ms += 100;
        let remembered: Vec<Record> =
            self.journal.iter().map(|r| serde_json::from_str(&serde_json::to_string(r).unwrap()).unwrap()).collect();
        self.plan = Plan::restore("night".parse().unwrap(), ladder(), rules(), &remembered);
        // A snapshot remembers the same.
        let snapshot = self.plan.records();
        let again = Plan::restore("night".parse().unwrap(), ladder(), rules(), &snapshot);
        assert_eq!(again.records(), snapshot);
        assert_eq!(again.timeline().tracks, self.plan.timeline().tracks);
        self.journal = snapshot;
        self.naive_from_journal();
        self.feed(vec![Event::Facts(self.facts.clone())]);
        let disk: Vec<_> = self.disk.iter().map(|(k, whole)| (*k, *whole)).collect();
        let mut events = Vec::new();
        for ((run, n, rung), whole) in disk {
            events.extend(self.see(run, n, rung, whole));
        }
        self.naive_tick();
        self.feed(events);
    }

    /// The oracle remembers what the journal does.
    fn naive_from_journal(&mut self) {
        self.naive.restart();
        let timeline = self.plan.timeline();
        self.naive.indices.truncate(usize::try_from(timeline.top()).unwrap());
        for rung in 0..2 {
            self.naive.begin[rung] = timeline.tracks[rung].begin;
        }
        let has = |rung: usize, i: u64| timeline.slot(i, rung).is_some_and(|slot| slot.part == Part::Stored);
        self.naive.stored.retain(|(rung, i), _| has(*rung, *i));
        self.naive.gaps.retain(|(rung, i)| timeline.slot(*i, *rung).is_some_and(|slot| slot.gap));
    }

    fn apply(&mut self, op: Op) {
        match op {
            Op::Wait(ms) => self.wait(ms),
            Op::Close { rung, whole } => {
                let events = self.close(self.run, rung, whole);
                self.naive_tick();
                self.feed(events);
            }
            Op::CloseBoth => {
                let mut events = self.close(self.run, 0, true);
                events.extend(self.close(self.run, 1, true));
                self.naive_tick();
                self.feed(events);
            }
            Op::CloseOld => {
                if let Some(run) = self.run.checked_sub(1) {
                    let events = self.close(run, 0, true);
                    self.naive_tick();
                    self.feed(events);
                }
            }
            Op::NewRun => self.run += 1,
            Op::Store(k) => {
                if let Some(upload) = self.take_upload(k) {
                    let event = self.confirm(&upload);
                    self.naive_tick();
                    self.feed(vec![event]);
                }
            }
            Op::StoreAll => {
                let uploads = std::mem::take(&mut self.uploads);
                let events = uploads.iter().map(|upload| self.confirm(upload)).collect();
                self.naive_tick();
                self.feed(events);
            }
            Op::Lose(k) => {
                if let Some(upload) = self.take_upload(k) {
                    self.naive.lost.insert((upload.rung, upload.index));
                    self.naive_tick();
                    self.feed(vec![Event::Lost { index: upload.index, rung: upload.rung }]);
                }
            }
            Op::ListOk(k) | Op::ListFail(k) => {
                let ok = matches!(op, Op::ListOk(_));
                if let Some(listing) = self.take_list(k) {
                    let event = self.list_done(listing, ok);
                    self.feed(vec![event]);
                }
            }
            Op::ListAll => {
                let lists = std::mem::take(&mut self.lists);
                let events = lists.into_iter().map(|(listing, _)| self.list_done(listing, true)).collect();
                self.feed(events);
            }
            Op::Rotate => {
                self.epochs += 1;
                self.facts.epoch = epoch(self.epochs);
                self.tell_facts();
            }
            Op::OnAir(number) => {
                let id: RowId = "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap();
                self.facts.on_air = Some(FightOnAir { id, number });
                self.tell_facts();
            }
            Op::Interrupt(interrupted) => {
                self.facts.interrupted = interrupted;
                self.tell_facts();
            }
            Op::End => {
                self.facts.ended = true;
                self.tell_facts();
            }
            Op::Crash(after) => self.crash_after = Some(after),
            Op::Jump(ms) => self.wall += ms * 1_000,
        }
    }

    /// The store is well again: everything that can be listed is, and nothing is left over.
    fn settle(&mut self) {
        self.crash_after = None;
        for _ in 0..40 {
            self.apply(Op::StoreAll);
            self.apply(Op::ListAll);
            self.wait(500);
        }
        let top = self.plan.timeline().top();
        let newest = self.naive.stored.keys().map(|(_, i)| *i).max();
        for rung in 0..2 {
            let track = &self.plan.timeline().tracks[rung];
            if track.begin.is_none() {
                continue;
            }
            if newest == top.checked_sub(1) && !track.sealed {
                assert_eq!(track.next, top, "rung {rung} stands still");
            }
            if track.next > track.begin.unwrap() && !(self.facts.ended && self.lists.is_empty()) {
                assert_eq!(self.edge[rung], track.next, "rung {rung} is not published");
            }
            assert!(!self.facts.ended || track.sealed, "rung {rung} never ends");
        }
        assert!(!self.plan.lists_behind());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, max_shrink_iters: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn no_playlist_names_what_is_not_stored_and_no_sequence_goes_back(ops in prop::collection::vec(op(), 1..120)) {
        let mut world = World::new();
        for op in ops {
            world.apply(op);
        }
        world.settle();
    }
}

fn play(ops: impl IntoIterator<Item = Op>) -> World {
    let mut world = World::new();
    for op in ops {
        world.apply(op);
    }
    world
}

fn last_live(world: &World, rung: usize, epoch_number: usize) -> &MediaList {
    &world.last[&ListId { epoch: epoch(epoch_number), kind: ListKind::Live(rung) }]
}

fn beats(count: usize) -> impl Iterator<Item = Op> {
    (0..count).flat_map(|_| {
        [Op::CloseBoth, Op::StoreAll, Op::ListAll, Op::ListAll, Op::Wait(1_000), Op::ListAll, Op::Wait(1_000)]
    })
}

#[test]
fn a_segment_is_live_when_its_playlists_and_masters_are_confirmed() {
    let world = play(beats(3));
    let states: Vec<_> = world.reports.iter().map(|r| r.status).collect();
    assert_eq!(states, [StreamStatus::Offline, StreamStatus::Live]);
    assert_eq!(world.reports[1].epoch, Some(epoch(0)));
    assert_eq!(world.masters[&ListId { epoch: epoch(0), kind: ListKind::Master }], [0, 1]);
}

#[test]
fn a_missing_segment_becomes_a_gap_only_after_its_deadline() {
    let mut world = play(beats(2));
    world.apply(Op::Close { rung: 0, whole: false });
    world.apply(Op::Close { rung: 1, whole: true });
    for op in beats(3) {
        world.apply(op);
    }
    assert_eq!(world.plan.timeline().tracks[0].next, 2, "it is waited for until the deadline");
    for op in beats(3) {
        world.apply(op);
    }
    let live = last_live(&world, 0, 0);
    assert_eq!(live.lines.iter().filter(|line| line.gap).count(), 0, "the gap has left the window already");
    let dvr = &world.last[&ListId { epoch: epoch(0), kind: ListKind::Dvr(0) }];
    assert_eq!(dvr.lines.iter().map(|line| line.gap).take(4).collect::<Vec<_>>(), [false, false, true, false]);
}

#[test]
fn while_the_store_is_away_nothing_becomes_a_gap() {
    let mut world = play(beats(3));
    for _ in 0..20 {
        world.apply(Op::CloseBoth);
        world.apply(Op::Wait(2_000));
    }
    assert!(world.naive.gaps.is_empty() && world.live_gap.values().all(|gap| !gap));
    assert_eq!(world.reports.last().unwrap().status, StreamStatus::Interrupted);
    // Back: the newest four are stored first, the others later.
    let from = world.plan.window_from();
    let (window, backlog): (Vec<_>, Vec<_>) =
        std::mem::take(&mut world.uploads).into_iter().partition(|upload| upload.index >= from);
    let events = window.iter().map(|upload| world.confirm(upload)).collect();
    world.feed(events);
    world.apply(Op::Wait(1_000));
    assert!(last_live(&world, 0, 0).lines.iter().all(|line| !line.gap), "the window is whole at once");
    assert_eq!(last_live(&world, 0, 0).media_sequence, from);
    world.uploads = backlog;
    world.settle();
    assert_eq!(world.reports.last().unwrap().status, StreamStatus::Interrupted, "nothing new was closed since");
    let dvr = &world.last[&ListId { epoch: epoch(0), kind: ListKind::Dvr(0) }];
    assert!(dvr.lines.iter().all(|line| !line.gap), "the DVR has gained what came late");
}

#[test]
fn an_encoder_restart_is_a_discontinuity_and_an_old_run_is_never_listed() {
    let mut world = play(beats(2));
    world.apply(Op::NewRun);
    for op in beats(2) {
        world.apply(op);
    }
    world.apply(Op::CloseOld);
    for op in beats(1) {
        world.apply(op);
    }
    let live = last_live(&world, 0, 0);
    let shape: Vec<_> = live.lines.iter().map(|line| (line.run == run_id(1), line.n, line.breaks)).collect();
    assert_eq!(shape, [(false, 1, false), (true, 0, true), (true, 1, false), (true, 2, false)]);
    assert_eq!(live.discontinuity_sequence, 0);
    for op in beats(4) {
        world.apply(op);
    }
    assert_eq!(last_live(&world, 0, 0).discontinuity_sequence, 1);
}

#[test]
fn a_rotated_epoch_starts_with_the_next_segment_and_names_the_old_ones_where_they_are() {
    let mut world = play(beats(3));
    world.apply(Op::Rotate);
    world.apply(Op::Wait(2_000));
    assert_eq!(world.reports.last().unwrap().epoch, Some(epoch(0)));
    for op in beats(2) {
        world.apply(op);
    }
    let live = last_live(&world, 1, 1);
    let elsewhere: Vec<_> = live.lines.iter().map(|line| line.elsewhere.is_some()).collect();
    assert_eq!(elsewhere, [true, true, false, false]);
    assert_eq!(world.reports.last().unwrap().epoch, Some(epoch(1)));
    assert_eq!(world.reports.last().unwrap().status, StreamStatus::Live);
}

#[test]
fn ended_writes_endlist_once_and_lists_nothing_after() {
    let mut world = play(beats(3));
    world.apply(Op::End);
    world.apply(Op::CloseBoth);
    world.settle();
    assert_eq!(world.reports.last().unwrap().status, StreamStatus::Ended);
    for rung in 0..2 {
        let live = last_live(&world, rung, 0);
        assert!(live.ended);
        assert_eq!(live.media_sequence + 3, 3);
    }
    assert_eq!(world.journal.last(), Some(&Record::Finished));
    let before = world.last.len();
    world.restart();
    world.settle();
    assert_eq!(world.last.len(), before);
}

#[test]
fn interrupted_by_command_ends_by_command_only() {
    let mut world = play(beats(2));
    world.apply(Op::Interrupt(true));
    for op in beats(2) {
        world.apply(op);
    }
    assert_eq!(world.reports.last().unwrap().status, StreamStatus::Interrupted);
    world.apply(Op::Interrupt(false));
    assert_eq!(world.reports.last().unwrap().status, StreamStatus::Live);
    world.apply(Op::Wait(6_000));
    assert_eq!(world.reports.last().unwrap().status, StreamStatus::Interrupted);
    for op in beats(1) {
        world.apply(op);
    }
    assert_eq!(world.reports.last().unwrap().status, StreamStatus::Live);
}

#[test]
fn a_restart_keeps_a_live_picture_live() {
    let mut world = play(beats(4));
    let since = world.reports.last().unwrap().since;
    world.restart();
    for op in beats(1) {
        world.apply(op);
    }
    let last = world.reports.last().unwrap();
    assert_eq!((last.status, last.since), (StreamStatus::Live, since));
    assert!(world.uploads.is_empty(), "nothing is uploaded again");
}

#[test]
fn old_objects_leave_the_dvr_first_and_the_store_later() {
    let mut world = World::new();
    world.plan = Plan::restore("night".parse().unwrap(), ladder(), Rules { keep_remote_ms: 20_000, ..rules() }, &[]);
    world.tell_facts();
    for op in beats(20) {
        world.apply(op);
    }
    let dvr = world.last[&ListId { epoch: epoch(0), kind: ListKind::Dvr(0) }].clone();
    assert!(dvr.media_sequence > 0 && dvr.lines.len() < 20);
    let mut removed = Vec::new();
    for _ in 0..700 {
        world.ms += 1_000;
        world.total_ms += 1_000;
        let now = world.now();
        for action in world.plan.step(now, Event::Tick) {
            if let Action::Remove { until, keys } = action {
                removed.push((until, keys.len()));
            } else {
                world.act(action);
            }
        }
        let lists = std::mem::take(&mut world.lists);
        for (listing, _) in lists {
            let event = world.list_done(listing, true);
            let now = world.now();
            world.plan.step(now, event);
        }
    }
    assert_eq!(removed.len(), 1, "one removal at a time");
    let (until, keys) = removed[0];
    assert_eq!(u64::try_from(keys).unwrap(), until * 2);
    let now = world.now();
    world.plan.step(now, Event::Removed(until));
    assert_eq!(world.plan.timeline().base(), until);
    let snapshot = world.plan.records();
    let again = Plan::restore("night".parse().unwrap(), ladder(), rules(), &snapshot);
    assert_eq!(again.records(), snapshot);
}
