//! What the stream path must know of an event, and what it tells about it.

use std::fmt;
use std::sync::Arc;

use crate::clock::Micros;
use crate::ids::{Epoch, EventSlug, KeyId, ReplayName, RowId};

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
    /// The fights of the event, on air or not.
    pub card: Vec<FightOnAir>,
    /// What the replays show.
    pub cuts: Cuts,
    /// How long segments stay once the event has ended, milliseconds; `None`: as `uploader.keep_remote_ms` says.
    pub keep_remote_ms: Option<u64>,
}

/// What an event's replays show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cuts {
    /// When each fight was on air, in order.
    pub ranges: Vec<AirRange>,
    /// Parts of the timeline that nobody is shown: from, until.
    pub hidden: Vec<(Micros, Micros)>,
    /// Replays that begin or end elsewhere than their fight.
    pub trims: Vec<Trim>,
}

/// A time that a fight was on air.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AirRange {
    /// The fight's number on the card.
    pub fight: i32,
    /// Since when.
    pub from: Micros,
    /// Until when; `None`: it is on air.
    pub until: Option<Micros>,
}

/// Where a replay begins and ends.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Trim {
    /// The replay.
    pub replay: ReplayName,
    /// What lies before is left out.
    pub from: Option<Micros>,
    /// What lies from here on is left out.
    pub until: Option<Micros>,
}

/// A key of AES-128: 16 bytes. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct ContentKey(pub [u8; 16]);

impl fmt::Debug for ContentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ContentKey(***)")
    }
}

/// Makes the content keys of events, from what the mirror has. Never waits.
pub trait KeySource: Send + Sync + fmt::Debug {
    /// The key of this id; `None` where the event has no secret, or none that this node can open.
    fn content_key(&self, event: &EventSlug, id: &KeyId) -> Option<ContentKey>;
}

/// Shared source of keys.
pub type SharedKeys = Arc<dyn KeySource>;

/// A fight, as the stream knows it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FightOnAir {
    /// The fight.
    pub id: RowId,
    /// Its number on the card.
    pub number: i32,
    /// It costs coins: its segments are encrypted where `playback.encrypt` says so.
    #[serde(default)]
    pub sold: bool,
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
    /// The replays whose playlists are stored and confirmed under this epoch, in the order of the card, `all` last.
    #[serde(default)]
    pub replays: Vec<ReplayName>,
}

/// Takes reports. Never waits: what is slow happens elsewhere.
pub trait ReportSink: Send + Sync + fmt::Debug {
    /// An event's state or published epoch changed.
    fn report(&self, event: &EventSlug, report: StreamReport);
}

/// Shared sink of reports.
pub type SharedReports = Arc<dyn ReportSink>;
