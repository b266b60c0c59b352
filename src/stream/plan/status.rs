//! What viewers are told about the picture.

use super::timeline::Ms;
use crate::clock::Micros;
use crate::ids::{Epoch, ReplayName};
use crate::stream::facts::{StreamFacts, StreamReport, StreamStatus};

/// Decides the state and notices when it changes.
#[derive(Clone, Debug)]
pub struct Status {
    /// Three target durations: how long a live picture may stand still.
    patience_ms: Ms,
    last: Option<StreamReport>,
    published: Option<Epoch>,
    listed_at: Option<Ms>,
}

impl Status {
    /// Nothing was ever listed.
    #[must_use]
    pub const fn new(patience_ms: Ms) -> Self {
        Self { patience_ms, last: None, published: None, listed_at: None }
    }

    /// Goes on from what was reported before a restart. A picture that was live gets three target durations to go on;
    /// one that stood still stays interrupted until a segment is listed.
    pub fn resume(&mut self, report: &StreamReport) {
        self.published.clone_from(&report.epoch);
        self.listed_at = (report.status == StreamStatus::Live).then_some(0);
        self.last = Some(report.clone());
    }

    /// A segment was listed: a live playlist that names it is confirmed.
    pub const fn listed(&mut self, now: Ms) {
        self.listed_at = Some(now);
    }

    /// Masters and live playlists of an epoch are confirmed.
    pub fn published(&mut self, epoch: Epoch) {
        self.published = Some(epoch);
    }

    /// Nothing is published any more.
    pub fn withdraw(&mut self) {
        self.published = None;
    }

    /// The epoch that viewers are told.
    #[must_use]
    pub const fn published_epoch(&self) -> Option<&Epoch> {
        self.published.as_ref()
    }

    /// When the last segment was listed.
    #[must_use]
    pub const fn listed_at(&self) -> Option<Ms> {
        self.listed_at
    }

    /// What was reported last.
    #[must_use]
    pub const fn last(&self) -> Option<&StreamReport> {
        self.last.as_ref()
    }

    fn now(&self, now: Ms, facts: &StreamFacts) -> StreamStatus {
        if facts.ended {
            StreamStatus::Ended
        } else if self.published.is_none() {
            StreamStatus::Offline
        } else if facts.interrupted {
            StreamStatus::Interrupted
        } else if self.listed_at.is_some_and(|at| now.saturating_sub(at) < self.patience_ms) {
            StreamStatus::Live
        } else {
            StreamStatus::Interrupted
        }
    }

    /// The report, when it differs from the last one.
    pub fn change(
        &mut self,
        now: Ms,
        wall: Micros,
        facts: &StreamFacts,
        replays: Vec<ReplayName>,
    ) -> Option<StreamReport> {
        let status = self.now(now, facts);
        let before = self.last.as_ref();
        if before.is_some_and(|last| last.status == status && last.epoch == self.published && last.replays == replays) {
            return None;
        }
        let since = before.filter(|last| last.status == status).map_or(wall, |last| last.since);
        let report = StreamReport { status, epoch: self.published.clone(), since, replays };
        self.last = Some(report.clone());
        Some(report)
    }
}
