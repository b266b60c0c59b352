//! How long the DVR, the replays and their objects stay.
//!
//! While an event runs its DVR rolls: `uploader.keep_remote_ms`. What belongs to a fight stays all the same, since its
//! replay names it, and so does what comes after it, since the timeline has no holes. Once the event has ended nothing
//! rolls any more; when its time is over everything goes at once: playlists first, masters ahead, and the segments a
//! while later. Should the time be set longer in that while, the playlists come back.

use super::board::Lane;
use super::cut::Owners;
use super::timeline::{Ms, Part};
use super::words::Action;
use super::{Moment, Plan};
use crate::clock::Micros;
use crate::stream::facts::StreamStatus;
use crate::stream::record::Record;

/// Objects leave the store this long after the last playlist that named them was replaced.
pub(super) const REMOVE_LAG_MS: Ms = 600_000;

/// How far an event whose time is over has left the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Over {
    /// It has not: it can be watched.
    #[default]
    No,
    /// Playlists on their way are waited for, then all are removed.
    Wanted,
    /// The playlists are being removed.
    Lists,
    /// The playlists are gone; the segments go at this time.
    Lag(Ms),
    /// The segments are being removed, or gone.
    Gone,
}

/// What leaves the store.
#[derive(Clone, Debug, Default)]
pub struct Retention {
    /// When to remove what, as the index after the last; [`Ms::MAX`] once it is being removed.
    pub(super) removing: Option<(Ms, u64)>,
    /// Objects before this index may be gone: nothing new names them.
    pub(super) floor: u64,
    /// Whether the event's time is over.
    pub(super) over: Over,
}

impl Plan {
    /// Lets the DVR begin later, removes what no playlist has named for a while, and all when the time is over.
    pub(super) fn drop_old(&mut self, now: Moment) {
        self.retire(now);
        let ended = self.facts.as_ref().is_some_and(|facts| facts.ended);
        if !ended && self.rules.keep_remote_ms > 0 {
            self.roll(now.ms);
        }
        let base = self.timeline.base();
        // A removal that a crash has cut short goes on.
        let until = if ended { self.retention.floor } else { self.retention.floor.max(self.removable()) };
        if self.retention.removing.is_none() && base < until {
            self.retention.removing = Some((now.ms.saturating_add(REMOVE_LAG_MS), until));
        }
        let Some((at, until)) = self.retention.removing.filter(|(at, _)| *at <= now.ms) else { return };
        let until = until.min(self.removable().max(self.retention.floor));
        if ended && until > self.retention.floor || until <= base {
            // The replay of all names it.
            self.retention.removing = None;
            return;
        }
        // Only once no confirmed DVR names them any more.
        let named = self.rungs.iter().filter_map(|rung| rung.dvr.confirmed()).map(|mark| mark.from).min();
        let is_unnamed = named.is_some_and(|named| named >= until) || self.retention.over == Over::Gone;
        if at <= now.ms && is_unnamed {
            self.remove_before(until);
        }
    }

    fn roll(&mut self, now: Ms) {
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
    }

    /// The first index that must stay: of the DVR, or of a fight.
    fn removable(&self) -> u64 {
        let (base, from) = (self.timeline.base(), self.timeline.dvr_from);
        let Some(facts) = self.facts.as_ref().filter(|_| base < from) else { return base };
        let owners = Owners::new(facts, &self.unsure);
        let is_free = |i: &u64| self.timeline.entry(*i).is_some_and(|entry| owners.of(*i, entry).is_none());
        (base..from).take_while(is_free).last().map_or(base, |last| last + 1)
    }

    fn remove_before(&mut self, until: u64) {
        let keys = (self.timeline.base()..until)
            .flat_map(|i| (0..self.rungs.len()).map(move |rung| (i, rung)))
            .filter(|(i, rung)| self.timeline.slot(*i, *rung).is_some_and(|slot| slot.part != Part::Awaited))
            .filter_map(|(i, rung)| self.timeline.key(&self.event, i, rung))
            .collect();
        self.retention.removing = Some((Ms::MAX, until));
        self.retention.floor = until;
        self.replays.stale = true;
        self.out.push(Action::Record(Record::Removing { i: until }));
        self.out.push(Action::Remove { until, keys });
    }

    /// Whether the time of an ended event is over.
    fn is_over(&self, wall: Micros) -> bool {
        let Some(facts) = self.facts.as_ref().filter(|facts| facts.ended) else { return false };
        let configured = Some(self.rules.keep_remote_ms).filter(|ms| *ms > 0);
        let Some(keep_ms) = facts.keep_remote_ms.or(configured) else { return false };
        let ended = self.status.last().filter(|report| report.status == StreamStatus::Ended);
        ended.is_some_and(|report| wall.ms_since(report.since) >= i64::try_from(keep_ms).unwrap_or(i64::MAX))
    }

    fn retire(&mut self, now: Moment) {
        let is_over = self.is_over(now.wall);
        match self.retention.over {
            Over::No if is_over => {
                self.retention.over = Over::Wanted;
                self.status.withdraw();
                self.out.push(Action::Record(Record::Retired { over: true }));
            }
            Over::Wanted if !self.lists_in_flight() && !self.replays.is_withdrawing() => {
                self.retention.over = Over::Lists;
                let (shows, epochs) = (self.replays.shows().collect(), 0..self.timeline.epochs.len());
                self.withdraw(shows, &epochs.collect::<Vec<_>>(), true);
            }
            Over::Lag(_) if !is_over => self.come_back(),
            Over::Lag(at) if at <= now.ms && self.retention.removing.is_none() => {
                self.retention.over = Over::Gone;
                self.remove_before(self.timeline.top());
            }
            Over::No | Over::Wanted | Over::Lists | Over::Lag(_) | Over::Gone => {}
        }
    }

    /// The playlists that had to go are gone.
    pub(super) fn lists_gone(&mut self, now: Ms) {
        if self.retention.over == Over::Lists {
            self.retention.over = Over::Lag(now.saturating_add(REMOVE_LAG_MS));
        }
    }

    /// The event can be watched for longer: its playlists are stored anew.
    fn come_back(&mut self) {
        self.retention.over = Over::No;
        self.out.push(Action::Record(Record::Retired { over: false }));
        for rung in &mut self.rungs {
            rung.live = Lane::new(0, 0);
            rung.dvr = Lane::new(super::board::DVR_EVERY_MS, 0);
        }
        self.master = Lane::new(0, 0);
        self.dvr_master = Lane::new(0, 0);
        self.replays.forget();
        (self.finished, self.idle) = (false, false);
    }

    /// Whether the event can be watched at all.
    pub(super) fn is_kept(&self) -> bool {
        self.retention.over == Over::No
    }

    /// What the journal must know of it.
    pub(super) fn retention_records(&self) -> Vec<Record> {
        let floor = Some(self.retention.floor).filter(|floor| *floor > self.timeline.base());
        let over = (!self.is_kept()).then_some(Record::Retired { over: true });
        floor.map(|i| Record::Removing { i }).into_iter().chain(over).collect()
    }
}
