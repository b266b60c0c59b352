//! Which playlist is stored when, and what it says.

use super::board::ListKind;
use super::cut::is_hidden;
use super::timeline::{Ms, Part};
use super::{Action, Mark, Plan};
use crate::clock::Micros;
use crate::ids::{Epoch, RunId};
use crate::stream::record::{Protection, Record};

/// A playlist under an epoch: one object key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ListId {
    /// The epoch in its key.
    pub epoch: Epoch,
    /// Which one.
    pub kind: ListKind,
}

/// A playlist to store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Its name.
    pub id: ListId,
    /// What it says.
    pub body: ListBody,
}

/// What a playlist says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListBody {
    /// Segments of one rendition.
    Media(MediaList),
    /// The renditions that can be watched.
    Master(Vec<usize>),
}

/// Segments of one rendition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaList {
    /// Index of the first line.
    pub media_sequence: u64,
    /// Discontinuities before the first line, not counting its own.
    pub discontinuity_sequence: u64,
    /// Seconds; no line is longer when rounded.
    pub target_seconds: u64,
    /// Nothing will follow.
    pub ended: bool,
    /// The segments.
    pub lines: Vec<Line>,
}

/// One segment of a playlist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its run.
    pub run: RunId,
    /// Its number in the run.
    pub n: u64,
    /// The epoch in its key, where it is not the playlist's own.
    pub elsewhere: Option<Epoch>,
    /// Its first moment.
    pub start: Micros,
    /// Its length, microseconds.
    pub duration_us: u64,
    /// A discontinuity stands before it.
    pub breaks: bool,
    /// It is not there.
    pub gap: bool,
    /// Who may watch it.
    pub protection: Protection,
}

impl Plan {
    /// Sends every playlist that is due.
    pub(super) fn publish(&mut self, now: Ms) {
        for rung in 0..self.rungs.len() {
            self.publish_media(now, rung, false);
            self.publish_media(now, rung, true);
        }
        self.publish_master(now, false);
        self.publish_master(now, true);
        self.settle();
    }

    /// What a media playlist should say now, and under which epoch.
    fn mark(&self, rung: usize, dvr: bool) -> Option<(usize, Mark)> {
        let track = self.timeline.tracks.get(rung)?;
        let first = track.begin?.max(self.timeline.dvr_from);
        let epoch = self.timeline.entry(track.next.checked_sub(1)?)?.epoch;
        if track.next <= first {
            return None;
        }
        let from = if dvr { first } else { first.max(track.next.saturating_sub(self.rules.window)) };
        let fills = if dvr { self.rungs.get(rung)?.fills } else { 0 };
        Some((epoch, Mark { from, next: track.next, fills, sealed: track.sealed }))
    }

    fn publish_media(&mut self, now: Ms, rung: usize, dvr: bool) {
        let Some((epoch, mark)) = self.mark(rung, dvr) else { return };
        let Some(state) = self.rungs.get_mut(rung) else { return };
        let lane = if dvr { &mut state.dvr } else { &mut state.live };
        lane.aim(epoch);
        let first = lane.confirmed().is_none();
        if !lane.is_due(&mark, first || mark.sealed, now) {
            return;
        }
        lane.sent(mark.clone(), now);
        let list = self.media_list(rung, epoch, &mark, dvr);
        let Some(word) = self.timeline.epochs.get(epoch).cloned() else { return };
        let kind = if dvr { ListKind::Dvr(rung) } else { ListKind::Live(rung) };
        self.out.push(Action::Publish(Listing { id: ListId { epoch: word, kind }, body: ListBody::Media(list) }));
    }

    fn media_list(&self, rung: usize, epoch: usize, mark: &Mark, dvr: bool) -> MediaList {
        let hidden = self.facts.as_ref().filter(|_| dvr).map_or(&[][..], |facts| &facts.cuts.hidden);
        let lines = (mark.from..mark.next).filter_map(|i| {
            let entry = self.timeline.entry(i)?;
            let slot = entry.slots.get(rung)?;
            Some(Line {
                run: entry.run.clone(),
                n: entry.n,
                elsewhere: (entry.epoch != epoch).then(|| self.timeline.epochs.get(entry.epoch).cloned()).flatten(),
                start: entry.start,
                duration_us: entry.duration_in(rung),
                breaks: entry.breaks,
                gap: slot.part != Part::Stored || (slot.gap && !dvr) || is_hidden(entry, hidden),
                protection: entry.protection.clone(),
            })
        });
        MediaList {
            media_sequence: mark.from,
            discontinuity_sequence: self.timeline.entry(mark.from).map_or(0, |entry| entry.breaks_before),
            target_seconds: self.target_seconds(),
            ended: mark.sealed,
            lines: lines.collect(),
        }
    }

    /// The target duration of every media playlist, seconds.
    pub(super) fn target_seconds(&self) -> u64 {
        let longest = self.timeline.longest_us.saturating_add(500_000) / 1_000_000;
        longest.max(self.rules.segment_seconds).max(1)
    }

    /// The newest epoch something is listed under.
    pub(super) fn front_epoch(&self) -> Option<usize> {
        let begun = self.timeline.tracks.iter().filter(|track| track.begin.is_some_and(|begin| track.next > begin));
        let next = begun.map(|track| track.next).max()?;
        Some(self.timeline.entry(next.checked_sub(1)?)?.epoch)
    }

    /// Renditions whose media playlist is confirmed under an epoch.
    fn ready(&self, epoch: usize, dvr: bool) -> Vec<usize> {
        let lanes = self.rungs.iter().map(|rung| if dvr { &rung.dvr } else { &rung.live }).enumerate();
        lanes
            .filter(|(_, lane)| lane.epoch == Some(epoch) && lane.confirmed().is_some())
            .map(|(rung, _)| rung)
            .collect()
    }

    /// Whether a first master should wait for a rendition that has no confirmed playlist yet. A player reads the
    /// master once: what is missing there is missing all night.
    fn worth_waiting(&self, now: Ms, ready: &[usize], since: Ms) -> bool {
        let waited = now.saturating_sub(since);
        let top = self.timeline.top();
        self.timeline.tracks.iter().enumerate().filter(|(rung, _)| !ready.contains(rung)).any(|(_, track)| match track
            .begin
        {
            None => waited < 1_000 * self.rules.segment_seconds,
            Some(_) => track.next.saturating_add(self.rules.window) >= top && waited < self.rules.deadline_ms,
        })
    }

    fn has_picture(&self, rung: usize, dvr: bool) -> bool {
        if dvr {
            return self.rungs.get(rung).is_some_and(|state| state.stored > 0);
        }
        let next = self.timeline.tracks.get(rung).map_or(0, |track| track.next);
        (next.saturating_sub(self.rules.window)..next)
            .filter_map(|i| self.timeline.slot(i, rung))
            .any(|slot| slot.part == Part::Stored && !slot.gap)
    }

    fn publish_master(&mut self, now: Ms, dvr: bool) {
        let Some(epoch) = self.front_epoch() else { return };
        let ready = self.ready(epoch, dvr);
        if ready.is_empty() {
            return;
        }
        let since = match self.first_ready {
            Some((known, since)) if known == epoch => since,
            _ => now,
        };
        self.first_ready = Some((epoch, since));
        let waits = self.worth_waiting(now, &ready, since);
        let watchable: Vec<usize> = ready.iter().copied().filter(|rung| self.has_picture(*rung, dvr)).collect();
        let lane = if dvr { &mut self.dvr_master } else { &mut self.master };
        lane.aim(epoch);
        // With no picture anywhere the master stays as it is.
        let wanted = match (watchable.is_empty(), lane.confirmed()) {
            (true, Some(before)) => before.clone(),
            (true, None) => ready,
            (false, _) => watchable,
        };
        if (lane.confirmed().is_none() && waits) || !lane.is_due(&wanted, true, now) {
            return;
        }
        lane.sent(wanted.clone(), now);
        let Some(word) = self.timeline.epochs.get(epoch).cloned() else { return };
        let kind = if dvr { ListKind::DvrMaster } else { ListKind::Master };
        self.out.push(Action::Publish(Listing { id: ListId { epoch: word, kind }, body: ListBody::Master(wanted) }));
    }

    /// Notices that an epoch is published as a whole, and that an ended event is complete.
    fn settle(&mut self) {
        let Some(epoch) = self.front_epoch() else { return };
        let both =
            [&self.master, &self.dvr_master].iter().all(|lane| lane.epoch == Some(epoch) && lane.confirmed().is_some());
        if both && let Some(word) = self.timeline.epochs.get(epoch) {
            self.status.published(word.clone());
        }
        if both && !self.finished && self.is_complete() {
            self.finished = true;
            let hidden = self.facts.as_ref().map(|facts| facts.cuts.hidden.clone()).unwrap_or_default();
            if self.hidden != hidden {
                self.hidden.clone_from(&hidden);
                self.out.push(Action::Record(Record::Hidden { ranges: hidden }));
            }
            self.out.push(Action::Record(Record::Finished));
        }
    }

    /// Whether every playlist carries ENDLIST and is confirmed.
    fn is_complete(&self) -> bool {
        let begun = |rung: &usize| self.timeline.tracks.get(*rung).is_some_and(|track| track.begin.is_some());
        (0..self.rungs.len()).filter(begun).all(|rung| {
            [false, true].into_iter().all(|dvr| {
                let Some((epoch, mark)) = self.mark(rung, dvr) else { return true };
                self.rungs.get(rung).is_some_and(|state| {
                    let lane = if dvr { &state.dvr } else { &state.live };
                    mark.sealed && lane.epoch == Some(epoch) && lane.is_settled(&mark)
                })
            })
        })
    }

    pub(super) fn list_stored(&mut self, now: Ms, id: &ListId) {
        let Some(epoch) = self.timeline.epochs.iter().position(|epoch| *epoch == id.epoch) else { return };
        match id.kind {
            ListKind::Live(rung) => {
                let confirmed = self
                    .rungs
                    .get_mut(rung)
                    .filter(|state| state.live.epoch == Some(epoch))
                    .and_then(|state| state.live.confirm(now));
                if let Some(mark) = confirmed {
                    self.listed(now, rung, &mark);
                }
            }
            ListKind::Dvr(rung) => {
                if let Some(state) = self.rungs.get_mut(rung).filter(|state| state.dvr.epoch == Some(epoch)) {
                    state.dvr.confirm(now);
                }
            }
            ListKind::Master if self.master.epoch == Some(epoch) => {
                self.master.confirm(now);
            }
            ListKind::DvrMaster if self.dvr_master.epoch == Some(epoch) => {
                self.dvr_master.confirm(now);
            }
            ListKind::Master | ListKind::DvrMaster => {}
            kind @ (ListKind::Replay(..) | ListKind::ReplayMaster(_)) => self.replay_list_done(now, epoch, kind, None),
        }
    }

    /// A confirmed live playlist names new indices.
    fn listed(&mut self, now: Ms, rung: usize, mark: &Mark) {
        let Some(state) = self.rungs.get_mut(rung) else { return };
        let from = state.listed_until.max(mark.from);
        state.listed_until = state.listed_until.max(mark.next);
        let real = |i: u64| self.timeline.slot(i, rung).is_some_and(|slot| slot.part == Part::Stored && !slot.gap);
        if (from..mark.next).any(real) {
            self.status.listed(now);
            self.out.push(Action::Listed { rung, from, until: mark.next });
        }
    }

    pub(super) fn list_failed(&mut self, now: Ms, id: &ListId, wait_ms: Ms) {
        let Some(epoch) = self.timeline.epochs.iter().position(|epoch| *epoch == id.epoch) else { return };
        let lane = match id.kind {
            ListKind::Live(rung) => self.rungs.get_mut(rung).map(|state| &mut state.live),
            ListKind::Dvr(rung) => self.rungs.get_mut(rung).map(|state| &mut state.dvr),
            ListKind::Master | ListKind::DvrMaster => {
                let lane = if id.kind == ListKind::Master { &mut self.master } else { &mut self.dvr_master };
                if lane.epoch == Some(epoch) {
                    lane.fail(now, wait_ms);
                }
                return;
            }
            kind @ (ListKind::Replay(..) | ListKind::ReplayMaster(_)) => {
                return self.replay_list_done(now, epoch, kind, Some(wait_ms));
            }
        };
        if let Some(lane) = lane.filter(|lane| lane.epoch == Some(epoch)) {
            lane.fail(now, wait_ms);
        }
    }

    /// Whether anything is on its way to the store, or waits to be: live playlists first of all.
    #[must_use]
    pub fn lists_in_flight(&self) -> bool {
        self.rungs.iter().any(|rung| rung.live.is_in_flight() || rung.dvr.is_in_flight())
            || self.master.is_in_flight()
            || self.dvr_master.is_in_flight()
            || self.replays.in_flight() > 0
    }

    /// Whether a live playlist says less than it could.
    #[must_use]
    pub fn lists_behind(&self) -> bool {
        !self.idle
            && (0..self.rungs.len()).any(|rung| {
                self.mark(rung, false).is_some_and(|(epoch, mark)| {
                    self.rungs
                        .get(rung)
                        .is_some_and(|state| state.live.epoch != Some(epoch) || state.live.confirmed() != Some(&mark))
                })
            })
    }
}
