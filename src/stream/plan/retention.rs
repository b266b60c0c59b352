//! How long the DVR and its objects stay.

use super::Plan;
use super::timeline::{Ms, Part};
use super::words::Action;
use crate::stream::record::Record;

/// Objects leave the store this long after the last playlist that named them was replaced.
const REMOVE_LAG_MS: Ms = 600_000;

impl Plan {
    /// Lets the DVR begin later, and removes what no playlist has named for a while.
    pub(super) fn drop_old(&mut self, now: Ms) {
        if self.rules.keep_remote_ms == 0 {
            return;
        }
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
        let base = self.timeline.base();
        if self.removing.is_none() && base < from {
            self.removing = Some((now.saturating_add(REMOVE_LAG_MS), from));
        }
        // Only once no confirmed DVR names them any more.
        let named = self.rungs.iter().filter_map(|rung| rung.dvr.confirmed()).map(|mark| mark.from).min();
        if let Some((at, until)) = self.removing
            && at <= now
            && named.is_some_and(|named| named >= until)
        {
            let keys = (base..until)
                .flat_map(|i| (0..self.rungs.len()).map(move |rung| (i, rung)))
                .filter(|(i, rung)| self.timeline.slot(*i, *rung).is_some_and(|slot| slot.part != Part::Awaited))
                .filter_map(|(i, rung)| self.timeline.key(&self.event, i, rung))
                .collect();
            self.removing = Some((Ms::MAX, until));
            self.out.push(Action::Remove { until, keys });
        }
    }
}
