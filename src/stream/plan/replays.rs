//! Replays: which of their playlists is stored when, and which can be watched.
//!
//! Media playlists go up before the master that names them. What a change leaves as it was is not stored again; what
//! was confirmed as a whole is journaled, so that a restart stores nothing that is there already. A replay of which
//! nothing is left is taken back: its playlists are removed, the master first.

use std::collections::{BTreeMap, BTreeSet};

use super::board::{Lane, ListKind, PUT_EVERY_MS};
use super::cut::{Cut, Material, Pieces, Show, Wanted, cuts};
use super::lists::{Line, ListBody, ListId, Listing, MediaList};
use super::timeline::{Ms, Part};
use super::{Action, Plan};
use crate::ids::{Epoch, ReplayName};
use crate::objects::ObjectKey;
use crate::stream::facts::StreamFacts;
use crate::stream::record::Record;

/// Playlists of replays on their way at once: a new epoch has many of them, and the live window goes first.
const IN_FLIGHT_MAX: usize = 4;

/// What one rendition's playlist says: the indices, and those that are gaps.
type Strip = (Pieces, Pieces);

/// One replay.
#[derive(Clone, Debug)]
struct Replay {
    wanted: Wanted,
    /// By rung, of `wanted`.
    strips: Vec<Strip>,
    media: Vec<Lane<Strip>>,
    master: Lane<Vec<usize>>,
    /// By position of the epoch: what was last confirmed as a whole.
    stored: BTreeMap<usize, Cut>,
    /// Epochs under which something else has been sent since: should the process die now, nobody knows what is there.
    doubted: BTreeSet<usize>,
}

impl Replay {
    fn new(rungs: usize) -> Self {
        Self {
            wanted: Wanted::default(),
            strips: Vec::new(),
            media: vec![Lane::new(0, PUT_EVERY_MS); rungs],
            master: Lane::new(0, PUT_EVERY_MS),
            stored: BTreeMap::new(),
            doubted: BTreeSet::new(),
        }
    }

    fn in_flight(&self) -> usize {
        self.media.iter().filter(|lane| lane.is_in_flight()).count() + usize::from(self.master.is_in_flight())
    }

    fn want(&mut self, wanted: Wanted) {
        let strip = |gaps: &Pieces| (wanted.cut.pieces.clone(), gaps.clone());
        self.strips = wanted.cut.gaps.iter().map(strip).collect();
        self.wanted = wanted;
    }

    /// Stores under this epoch from now on. What the journal says is stored as it should be, is.
    fn aim(&mut self, epoch: usize) {
        let is_new = self.master.epoch != Some(epoch);
        if is_new && self.stored.get(&epoch) == Some(&self.wanted.cut) {
            let rungs = self.wanted.cut.rungs();
            for (rung, (lane, strip)) in self.media.iter_mut().zip(&self.strips).enumerate() {
                if rungs.contains(&rung) {
                    lane.assume(epoch, strip.clone());
                }
            }
            self.master.assume(epoch, rungs);
        }
        self.media.iter_mut().for_each(|lane| lane.aim(epoch));
        self.master.aim(epoch);
    }

    /// The media playlists that are due, and what they say.
    fn due(&self, rungs: &[usize], now: Ms) -> Vec<usize> {
        let lanes = self.media.iter().zip(&self.strips).enumerate();
        // One that is of no use any more, but stands there, must not go on saying what it did.
        let due = |(rung, (lane, strip)): &(usize, (&Lane<Strip>, &Strip))| {
            (rungs.contains(rung) || lane.confirmed().is_some()) && lane.is_due(strip, true, now)
        };
        lanes.filter(due).map(|(rung, _)| rung).collect()
    }

    fn is_confirmed(&self, rung: usize) -> bool {
        self.media.get(rung).and_then(Lane::confirmed).is_some_and(|said| self.strips.get(rung) == Some(said))
    }
}

/// The replays of an event.
#[derive(Clone, Debug, Default)]
pub struct Replays {
    by_show: BTreeMap<Show, Replay>,
    /// Something has changed since the cuts were made.
    pub(super) stale: bool,
    /// Playlists are being removed: no other is stored meanwhile. Which replays are taken back by it.
    withdrawing: Option<Vec<Show>>,
}

impl Replays {
    /// Playlists on their way.
    pub(super) fn in_flight(&self) -> usize {
        self.by_show.values().map(Replay::in_flight).sum()
    }

    /// Whether playlists are being removed.
    pub(super) const fn is_withdrawing(&self) -> bool {
        self.withdrawing.is_some()
    }

    /// What can be watched under an epoch, in the order of the card.
    pub(super) fn names(&self, epoch: usize) -> Vec<ReplayName> {
        let fine = |replay: &Replay| replay.stored.contains_key(&epoch) && !replay.wanted.cut.is_empty();
        self.by_show.iter().filter(|(_, replay)| fine(replay)).map(|(show, _)| show.name()).collect()
    }

    /// The index after the last one that a replay shows as stored; 0: none is.
    fn reach(&self, show: Show) -> u64 {
        let cuts = self.by_show.get(&show).into_iter().flat_map(|replay| replay.stored.values());
        cuts.filter_map(|cut| cut.pieces.last()).map(|piece| piece.end).max().unwrap_or(0)
    }

    /// Every replay that may have playlists on the store.
    pub(super) fn shows(&self) -> impl Iterator<Item = Show> {
        self.by_show.keys().copied()
    }

    /// Stores everything anew, as if nothing of it were there.
    pub(super) fn forget(&mut self) {
        self.by_show.clear();
        self.stale = true;
    }

    /// Takes in what the journal says of a replay.
    pub(super) fn restore(&mut self, rungs: usize, show: Show, epoch: usize, cut: Cut) {
        let replay = self.by_show.entry(show).or_insert_with(|| Replay::new(rungs));
        if cut.is_empty() {
            replay.stored.remove(&epoch);
        } else {
            replay.stored.insert(epoch, cut);
        }
    }

    /// The journal's facts of it.
    pub(super) fn records(&self, epochs: &[Epoch]) -> Vec<Record> {
        let record = |show: Show, epoch: usize, cut: &Cut| {
            let (pieces, gaps) = (cut.pieces.clone(), cut.gaps.clone());
            Some(Record::Replay { name: show.name(), epoch: epochs.get(epoch)?.clone(), pieces, gaps })
        };
        let all = self.by_show.iter().flat_map(|(show, replay)| {
            let sure = replay.stored.iter().filter(|(epoch, _)| !replay.doubted.contains(*epoch));
            sure.map(move |kept| (*show, kept))
        });
        all.filter_map(|(show, (epoch, cut))| record(show, *epoch, cut)).collect()
    }
}

impl Plan {
    /// Takes in the event's facts.
    pub(super) fn facts_changed(&mut self, facts: StreamFacts) {
        let hidden = self.facts.as_ref().map_or(&self.hidden, |before| &before.cuts.hidden);
        if *hidden != facts.cuts.hidden {
            for rung in &mut self.rungs {
                rung.fills += 1;
                rung.dvr.hurry();
            }
            // The DVR of an event that was done with says something else now.
            (self.finished, self.idle) = (false, false);
        }
        self.replays.stale = true;
        self.facts = Some(facts);
    }

    fn refresh_replays(&mut self, now: Ms) {
        let waits = |replay: &Replay| replay.wanted.waits;
        if !self.replays.stale && !self.replays.by_show.values().any(waits) {
            return;
        }
        let Some(facts) = &self.facts else { return };
        self.replays.stale = false;
        let rungs = self.rungs.len();
        let of = Material { timeline: &self.timeline, facts, unsure: &self.unsure, floor: self.retention.floor };
        for (show, wanted) in cuts(of, |show| self.replays.reach(show), now) {
            self.replays.by_show.entry(show).or_insert_with(|| Replay::new(rungs)).want(wanted);
        }
    }

    /// Sends every playlist of a replay that is due.
    pub(super) fn publish_replays(&mut self, now: Ms) {
        self.refresh_replays(now);
        let Some(epoch) = self.front_epoch() else { return };
        let shows: Vec<Show> = self.replays.shows().collect();
        for show in shows {
            if self.replays.is_withdrawing() {
                return;
            }
            self.publish_replay(now, epoch, show);
        }
    }

    fn publish_replay(&mut self, now: Ms, epoch: usize, show: Show) {
        let mut room = IN_FLIGHT_MAX.saturating_sub(self.replays.in_flight());
        let Some(replay) = self.replays.by_show.get_mut(&show).filter(|replay| !replay.wanted.waits) else { return };
        if replay.wanted.cut.is_empty() {
            return self.take_back(show);
        }
        replay.aim(epoch);
        let rungs = replay.wanted.cut.rungs();
        let mut listings = Vec::new();
        for rung in replay.due(&rungs, now) {
            let (Some(lane), Some(strip)) = (replay.media.get_mut(rung), replay.strips.get(rung)) else { continue };
            if room > 0 {
                room -= 1;
                lane.sent(strip.clone(), now);
                listings.push((ListKind::Replay(show, rung), strip.clone()));
            }
        }
        let whole = rungs.iter().all(|rung| replay.is_confirmed(*rung));
        let master = whole && room > 0 && replay.master.is_due(&rungs, true, now);
        if master {
            replay.master.sent(rungs.clone(), now);
        }
        let is_told = replay.stored.get(&epoch) == Some(&replay.wanted.cut);
        let at_rest = replay.doubted.contains(&epoch) && listings.is_empty() && replay.in_flight() == 0;
        let done = whole && (!is_told || at_rest) && replay.master.confirmed() == Some(&rungs);
        if done {
            replay.stored.insert(epoch, replay.wanted.cut.clone());
            replay.doubted.remove(&epoch);
        }
        let is_known = replay.stored.get(&epoch).is_some_and(|cut| *cut != replay.wanted.cut);
        let is_sending = master || !listings.is_empty();
        let doubts = is_known && is_sending && replay.doubted.insert(epoch);
        let Cut { pieces, gaps } = replay.wanted.cut.clone();
        let Some(word) = self.timeline.epochs.get(epoch).cloned() else { return };
        if doubts {
            let (name, epoch) = (show.name(), word.clone());
            self.out.push(Action::Record(Record::Replay { name, epoch, pieces: Vec::new(), gaps: Vec::new() }));
        }
        for (kind, (pieces, gaps)) in listings {
            let body = ListBody::Media(self.replay_list(kind.rung().unwrap_or_default(), epoch, &pieces, &gaps));
            self.out.push(Action::Publish(Listing { id: ListId { epoch: word.clone(), kind }, body }));
        }
        if master {
            let id = ListId { epoch: word.clone(), kind: ListKind::ReplayMaster(show) };
            self.out.push(Action::Publish(Listing { id, body: ListBody::Master(rungs) }));
        }
        if done {
            self.out.push(Action::Record(Record::Replay { name: show.name(), epoch: word, pieces, gaps }));
        }
    }

    fn replay_list(&self, rung: usize, epoch: usize, pieces: &Pieces, gaps: &Pieces) -> MediaList {
        let mut lines: Vec<Line> = Vec::new();
        for piece in pieces {
            for i in piece.clone() {
                let Some(entry) = self.timeline.entry(i) else { continue };
                let stored = entry.slots.get(rung).is_some_and(|slot| slot.part == Part::Stored);
                lines.push(Line {
                    run: entry.run.clone(),
                    n: entry.n,
                    elsewhere: (entry.epoch != epoch).then(|| self.timeline.epochs.get(entry.epoch).cloned()).flatten(),
                    start: entry.start,
                    duration_us: entry.duration_in(rung),
                    breaks: !lines.is_empty() && (entry.breaks || i == piece.start),
                    gap: !stored || gaps.iter().any(|gap| gap.contains(&i)),
                    protection: entry.protection.clone(),
                });
            }
        }
        MediaList {
            media_sequence: 0,
            discontinuity_sequence: 0,
            target_seconds: self.target_seconds(),
            ended: true,
            lines,
        }
    }

    /// Nothing of a replay is left to show: what the store has of it is removed.
    fn take_back(&mut self, show: Show) {
        let Some(replay) = self.replays.by_show.get_mut(&show) else { return };
        let mut epochs: Vec<usize> = replay.stored.keys().copied().collect();
        // What is stored and was never whole.
        let begun = replay.media.iter().filter(|lane| lane.was_sent()).filter_map(|lane| lane.epoch);
        epochs.extend(begun);
        epochs.sort_unstable();
        epochs.dedup();
        if epochs.is_empty() || replay.in_flight() > 0 {
            return;
        }
        replay.media.iter_mut().for_each(|lane| *lane = lane.cleared());
        replay.master = replay.master.cleared();
        self.withdraw(vec![show], &epochs, false);
    }

    /// Removes the playlists of replays under some epochs, and with `all` the event's others too: masters first.
    pub(super) fn withdraw(&mut self, shows: Vec<Show>, epochs: &[usize], all: bool) {
        let masters = shows.iter().map(|show| ListKind::ReplayMaster(*show));
        let masters = masters.chain([ListKind::Master, ListKind::DvrMaster].into_iter().filter(|_| all));
        let media = (0..self.rungs.len()).flat_map(|rung| {
            let others = [ListKind::Live(rung), ListKind::Dvr(rung)].into_iter().filter(|_| all);
            shows.iter().map(move |show| ListKind::Replay(*show, rung)).chain(others)
        });
        let kinds: Vec<ListKind> = masters.chain(media).collect();
        let keys = kinds
            .iter()
            .flat_map(|kind| epochs.iter().map(move |epoch| (*kind, *epoch)))
            .filter_map(|(kind, epoch)| self.list_key(kind, epoch))
            .collect();
        self.replays.withdrawing = Some(shows);
        self.out.push(Action::Withdraw { keys });
    }

    fn list_key(&self, kind: ListKind, epoch: usize) -> Option<ObjectKey> {
        let (event, epoch, file) = (&self.event, self.timeline.epochs.get(epoch)?, kind.file());
        let key = match kind.rung() {
            Some(rung) => format!("{event}/{epoch}/{}/{file}", self.timeline.rendition(rung)?),
            None => format!("{event}/{epoch}/{file}"),
        };
        key.parse().ok()
    }

    /// The playlists are gone.
    pub(super) fn withdrawn(&mut self, now: Ms) {
        for show in self.replays.withdrawing.take().unwrap_or_default() {
            let Some(replay) = self.replays.by_show.get_mut(&show) else { continue };
            replay.doubted.clear();
            for epoch in std::mem::take(&mut replay.stored).into_keys() {
                if let Some(epoch) = self.timeline.epochs.get(epoch).cloned() {
                    let gone = Record::Replay { name: show.name(), epoch, pieces: Vec::new(), gaps: Vec::new() };
                    self.out.push(Action::Record(gone));
                }
            }
        }
        self.lists_gone(now);
    }

    /// A playlist of a replay is confirmed (`None`), or failed and waits so long.
    pub(super) fn replay_list_done(&mut self, now: Ms, epoch: usize, kind: ListKind, failed: Option<Ms>) {
        let (ListKind::Replay(show, _) | ListKind::ReplayMaster(show)) = kind else { return };
        let Some(replay) = self.replays.by_show.get_mut(&show) else { return };
        match kind.rung() {
            Some(rung) => {
                if let Some(lane) = replay.media.get_mut(rung).filter(|lane| lane.epoch == Some(epoch)) {
                    lane.end(now, failed);
                }
            }
            None if replay.master.epoch == Some(epoch) => replay.master.end(now, failed),
            None => {}
        }
    }
}
