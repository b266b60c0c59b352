//! What is around the plan: FFmpeg, a disk, a store, an operator, and time.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::naive::{Air, Naive, Seen};
use crate::ids::{Epoch, RenditionName};
use crate::stream::facts::{Cuts, StreamStatus};
use crate::stream::plan::*;
use crate::stream::record::Protection;

pub const DEADLINE_MS: u64 = 8_000;
pub const WINDOW: u64 = 4;
pub const ROTATION_MS: u64 = 7_000;

pub fn rules() -> Rules {
    Rules {
        deadline_ms: DEADLINE_MS,
        window: WINDOW,
        segment_seconds: 2,
        keep_remote_ms: 0,
        encrypt: true,
        rotation_ms: ROTATION_MS,
    }
}

pub fn ladder() -> Vec<RenditionName> {
    ["720p", "360p"].map(|name| name.parse().unwrap()).to_vec()
}

pub fn run_id(number: u64) -> RunId {
    format!("01ARZ3NDEKTSV4RRFFQ69{number:05}").parse().unwrap()
}

pub fn epoch(number: usize) -> Epoch {
    format!("epoch{number:011}").parse().unwrap()
}

/// Everything around the plan.
pub struct World {
    pub plan: Plan,
    pub facts: StreamFacts,
    pub ms: u64,
    pub wall: i64,
    /// Time over all restarts.
    pub total_ms: u64,
    pub run: u64,
    pub epochs: usize,
    /// Files on the local disk: run, n, rung → whole.
    pub disk: BTreeMap<(u64, u64, usize), bool>,
    pub next_n: HashMap<(u64, usize), u64>,
    pub journal: Vec<Record>,
    pub uploads: Vec<Upload>,
    pub lists: Vec<(Listing, u64)>,
    pub crash_after: Option<usize>,
    pub naive: Naive,
    pub air: Air,
    // What the outside has seen.
    pub confirmed: BTreeSet<String>,
    /// Under which key each object was stored.
    pub stored_under: HashMap<String, Protection>,
    pub identity: BTreeMap<u64, (RunId, u64)>,
    pub continuity: BTreeMap<u64, u64>,
    pub live_gap: BTreeMap<(usize, u64), bool>,
    pub dvr_there: BTreeSet<(usize, u64)>,
    pub last: HashMap<ListId, MediaList>,
    pub quiet_since: HashMap<ListId, u64>,
    pub edge: [u64; 2],
    pub masters: HashMap<ListId, Vec<usize>>,
    pub listed_lists: BTreeSet<String>,
    pub reports: Vec<StreamReport>,
    /// Replays as last sent.
    pub replays: HashMap<ListId, MediaList>,
    /// Playlists of replays sent so far.
    pub put_count: usize,
    /// Playlists and segments removed from the store, in this order.
    pub withdrawn: Vec<String>,
    pub removed: Vec<String>,
    /// Removals that are done and not told yet.
    pub removals: Vec<Event>,
}

impl World {
    pub fn new() -> Self {
        let facts = StreamFacts {
            epoch: epoch(0),
            on_air: None,
            interrupted: false,
            ended: false,
            card: Vec::new(),
            cuts: Cuts::default(),
            keep_remote_ms: None,
        };
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
            air: Air::default(),
            confirmed: BTreeSet::new(),
            stored_under: HashMap::new(),
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
            replays: HashMap::new(),
            put_count: 0,
            withdrawn: Vec::new(),
            removed: Vec::new(),
            removals: Vec::new(),
        };
        world.tell_facts();
        world
    }

    pub fn now(&self) -> Moment {
        Moment { ms: self.ms, wall: Micros(self.wall) }
    }

    pub fn tell_facts(&mut self) {
        self.feed(vec![Event::Facts(self.facts.clone())]);
    }

    /// Feeds events and a tick, then does what comes out, unless the process dies before.
    pub fn feed(&mut self, events: Vec<Event>) {
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

    pub fn act(&mut self, action: Action) {
        match action {
            Action::Record(record) => self.journal.push(record),
            Action::Put(upload) => {
                let journaled = self.journal.iter().any(|r| matches!(r, Record::Index { i, .. } if *i == upload.index));
                assert!(journaled, "a PUT before its index is journaled");
                self.check_protection(upload.index, &upload.protection);
                self.uploads.push(upload);
            }
            Action::Publish(listing) => {
                self.check(&listing);
                self.put_count +=
                    usize::from(matches!(listing.id.kind, ListKind::Replay(..) | ListKind::ReplayMaster(_)));
                self.lists.push((listing, self.total_ms));
            }
            Action::Report(report) => {
                if report.status == StreamStatus::Live {
                    assert!(report.epoch.is_some());
                }
                self.reports.push(report);
            }
            Action::Withdraw { keys } => {
                self.withdrawn.extend(keys.iter().map(ToString::to_string));
                self.removals.push(Event::Withdrawn);
            }
            Action::Remove { until, keys } => {
                self.removed.extend(keys.iter().map(ToString::to_string));
                for key in keys {
                    let parts: Vec<&str> = key.as_str().split('/').collect();
                    let rung = ladder().iter().position(|name| name.as_str() == parts[2]).unwrap();
                    self.confirmed.remove(&format!("{}/{rung}/{}", parts[1], parts[3]));
                }
                self.removals.push(Event::Removed(until));
            }
            Action::Spare { .. } | Action::Listed { .. } | Action::Gapped { .. } | Action::Ignore(_) => {}
        }
    }

    pub fn check(&mut self, listing: &Listing) {
        if let Some(since) = self.quiet_since.get(&listing.id) {
            assert!(self.total_ms >= since + 1_000, "more than one PUT a second under {:?}", listing.id);
        }
        assert!(!self.lists.iter().any(|(other, _)| other.id == listing.id), "two PUTs under one key at once");
        match &listing.body {
            ListBody::Master(rungs) => {
                assert!(!rungs.is_empty());
                for rung in rungs {
                    let kind = match listing.id.kind {
                        ListKind::Master => ListKind::Live(*rung),
                        ListKind::ReplayMaster(show) => ListKind::Replay(show, *rung),
                        _ => ListKind::Dvr(*rung),
                    };
                    let id = ListId { epoch: listing.id.epoch.clone(), kind };
                    assert!(self.listed_lists.contains(&format!("{id:?}")), "a master before its media playlist");
                }
            }
            ListBody::Media(list) => self.check_media(&listing.id, list),
        }
    }

    pub fn check_media(&mut self, id: &ListId, list: &MediaList) {
        let (rung, dvr) = match id.kind {
            ListKind::Live(rung) => (rung, false),
            ListKind::Dvr(rung) => (rung, true),
            ListKind::Replay(_, rung) => return self.check_replay(id, rung, list),
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
            self.check_protection(i, &line.protection);
            assert!(line.start.0 >= end, "date-times go back at {i}");
            end = line.start.0;
            let word = line.elsewhere.as_ref().unwrap_or(&id.epoch);
            let name = format!("{word}/{rung}/{}", segment_name(&line.run, line.n));
            assert!(line.gap || self.confirmed.contains(&name), "{name} is listed and not stored");
            if dvr {
                let touches = |(from, until): &(Micros, Micros)| {
                    line.start < *until && after(line.start, line.duration_us) > *from
                };
                let hidden = self.facts.cuts.hidden.iter().any(touches);
                assert!(!line.gap || hidden || !self.dvr_there.contains(&(rung, i)), "the DVR lost {i}");
                assert!(line.gap || !hidden, "the DVR shows {i}, which is hidden");
                if !line.gap {
                    self.dvr_there.insert((rung, i));
                }
            } else {
                assert_eq!(*self.live_gap.entry((rung, i)).or_insert(line.gap), line.gap, "the live list changed {i}");
            }
        }
        assert!(list.lines.iter().map(|line| &line.run).is_sorted(), "an older run after a newer one");
        if !dvr && !list.ended {
            assert_eq!(self.naive.next(self.ms, rung), Some(next), "the oracle lists otherwise");
            let gaps = (list.media_sequence..).zip(&list.lines).filter(|(_, line)| line.gap).map(|(i, _)| i);
            for i in gaps {
                assert!(self.naive.gaps.contains(&(rung, i)), "the oracle has no gap at {i}");
            }
        }
        self.last.insert(id.clone(), list.clone());
    }

    pub fn naive_tick(&mut self) {
        for rung in 0..2 {
            self.naive.next(self.ms, rung);
        }
    }

    pub fn close(&mut self, run: u64, rung: usize, whole: bool) -> Vec<Event> {
        let n = self.next_n.entry((run, rung)).or_default();
        self.disk.insert((run, *n, rung), whole);
        *n += 1;
        self.see(run, *self.next_n.get(&(run, rung)).unwrap() - 1, rung, whole)
    }

    pub fn see(&mut self, run: u64, n: u64, rung: usize, whole: bool) -> Vec<Event> {
        let seen = Seen { ms: self.ms, wall: self.wall, ended: self.facts.ended, air: &self.air };
        // A segment of two seconds that has just closed.
        let start = self.wall - 2_000_000;
        self.naive.named(&seen, rung, run, n, start);
        let start = Some(Micros(start));
        let id = run_id(run);
        let mut events = vec![Event::Named { run: id.clone(), rung, n, duration_us: 2_000_000, start, age_ms: 0 }];
        if whole {
            events.push(Event::Closed { run: id, rung, n, file: Arc::from("x.ts"), bytes: 188 });
        }
        events
    }

    pub fn take_upload(&mut self, k: usize) -> Option<Upload> {
        (!self.uploads.is_empty()).then(|| self.uploads.remove(k % self.uploads.len()))
    }

    pub fn confirm(&mut self, upload: &Upload) -> Event {
        let mut parts = upload.key.as_str().split('/').skip(1);
        let (word, _, name) = (parts.next().unwrap(), parts.next(), parts.next().unwrap());
        let name = format!("{word}/{}/{name}", upload.rung);
        let before = self.stored_under.entry(name.clone()).or_insert_with(|| upload.protection.clone());
        assert_eq!(*before, upload.protection, "{name} is stored as other bytes");
        self.confirmed.insert(name);
        self.naive.stored.entry((upload.rung, upload.index)).or_insert(self.ms);
        Event::Stored { index: upload.index, rung: upload.rung }
    }

    pub fn take_list(&mut self, k: usize) -> Option<Listing> {
        (!self.lists.is_empty()).then(|| self.lists.remove(k % self.lists.len()).0)
    }

    pub fn list_done(&mut self, listing: Listing, ok: bool) -> Event {
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

    pub fn wait(&mut self, ms: u64) {
        self.ms += ms;
        self.total_ms += ms;
        self.wall += i64::try_from(ms).unwrap() * 1_000;
        self.naive_tick();
        let removals = std::mem::take(&mut self.removals);
        self.feed(removals);
    }

    /// The process dies; what was on its way may have happened all the same; a new one starts from the journal.
    pub fn restart(&mut self) {
        self.uploads.clear();
        self.removals.clear();
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
        // As a desk does that takes an event up: whoever listens has been started anew too.
        self.reports.extend(self.plan.reported().cloned());
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
    pub fn naive_from_journal(&mut self) {
        self.naive.restart();
        let timeline = self.plan.timeline();
        self.naive.truncate(timeline.top());
        for rung in 0..2 {
            self.naive.begin[rung] = timeline.tracks[rung].begin;
        }
        let has = |rung: usize, i: u64| timeline.slot(i, rung).is_some_and(|slot| slot.part == Part::Stored);
        self.naive.stored.retain(|(rung, i), _| has(*rung, *i));
        self.naive.gaps.retain(|(rung, i)| timeline.slot(*i, *rung).is_some_and(|slot| slot.gap));
    }
}
