//! What the stream path must know of an event, and what it tells about it.

use std::fmt;
use std::sync::Arc;

use crate::clock::Micros;
use crate::ids::{Epoch, EventSlug, RowId};

/// What the publisher must know of an event. Comes from the disk mirror, never from the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamFacts {
    /// The word in the keys of what is published from now on.
    pub epoch: Epoch,
    /// The fight on air, if one is.
    pub on_air: Option<FightOnAir>,
    /// An operator has declared the stream interrupted.
    pub interrupted: bool,
    /// An operator has ended the event: playlists get ENDLIST, nothing is listed after.
    pub ended: bool,
}

/// A fight that is on air.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FightOnAir {
    /// The fight.
    pub id: RowId,
    /// Its number on the card.
    pub number: i32,
}

/// Tells the facts of an event. Never waits; an event whose state cannot be read now keeps its last known facts.
pub trait FactsSource: Send + Sync + fmt::Debug {
    /// The facts of an event; `None` for one that was never known.
    fn stream_facts(&self, event: &EventSlug) -> Option<StreamFacts>;

    /// The epoch under which playlists of the event were last reported as published, by whichever node; `None` where
    /// nobody knows. Asked when an event is taken up without a journal.
    fn published_epoch(&self, _event: &EventSlug) -> Option<Epoch> {
        None
    }
}

/// Shared source of facts.
pub type SharedFacts = Arc<dyn FactsSource>;

/// The state of an event's picture, as viewers are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StreamStatus {
    /// Nothing was ever listed.
    #[default]
    Offline,
    /// Segments are being listed.
    Live,
    /// Three target durations without a listed segment, or declared by an operator.
    Interrupted,
    /// Ended by an operator.
    Ended,
}

impl StreamStatus {
    /// The word in JSON, sockets and pages.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Offline => "offline",
            Self::Live => "live",
            Self::Interrupted => "interrupted",
            Self::Ended => "ended",
        }
    }
}

/// What the publisher tells about an event when it changes.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct StreamReport {
    /// The picture's state.
    pub status: StreamStatus,
    /// The epoch whose master and live playlists are stored and confirmed; `None` before the first.
    pub epoch: Option<Epoch>,
    /// When this state began.
    pub since: Micros,
}

/// Takes reports. Never waits: what is slow happens elsewhere.
pub trait ReportSink: Send + Sync + fmt::Debug {
    /// An event's state or published epoch changed.
    fn report(&self, event: &EventSlug, report: StreamReport);
}

/// Shared sink of reports.
pub type SharedReports = Arc<dyn ReportSink>;
