//! What the journal remembers of an event's timeline, one small fact at a time.
//!
//! The same facts make the snapshot, the append log and what is rebuilt from the store's own playlists: there is one
//! way to restore a timeline, [`super::plan::Plan::restore`].

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::facts::StreamReport;
use crate::clock::Micros;
use crate::ids::{Epoch, KeyId, RenditionName, ReplayName, RunId};

/// Who may watch a segment. Decided once per index for all renditions together and journaled before the first PUT,
/// so that a retry can never store other bytes under an immutable key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protection {
    /// Anyone; stored as FFmpeg wrote it.
    #[default]
    Free,
    /// Whoever has the key: stored encrypted with AES-128 in CBC mode.
    Key {
        /// The key, and by it the fight and the initialisation vector.
        id: KeyId,
    },
}

/// One fact. Facts are applied in order; the last one wins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "k", rename_all = "snake_case")]
pub enum Record {
    /// The timeline begins at this index, after this many discontinuities. Only ever the first fact.
    Base {
        /// The first index.
        i: u64,
        /// Discontinuities before it.
        breaks: u64,
    },
    /// An index of the timeline: one segment in all renditions. Indices follow each other without holes.
    Index {
        /// The index; it is the segment's media sequence number.
        i: u64,
        /// The encoder's run.
        run: RunId,
        /// The segment's number in its run.
        n: u64,
        /// Its first moment.
        start: Micros,
        /// Its length, microseconds.
        dur: u64,
        /// The epoch in its keys.
        epoch: Epoch,
        /// The fight on air when it was taken up.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fight: Option<i32>,
        /// Who may watch it.
        #[serde(default)]
        protection: Protection,
    },
    /// A rendition's playlists begin at this index.
    Begin {
        /// The index.
        i: u64,
        /// The rendition.
        r: RenditionName,
    },
    /// The store has confirmed the segment.
    Stored {
        /// The index.
        i: u64,
        /// The rendition.
        r: RenditionName,
        /// Its length in this rendition, microseconds.
        dur: u64,
    },
    /// The live playlist lists the segment as a gap, for good.
    Gap {
        /// The index.
        i: u64,
        /// The rendition.
        r: RenditionName,
    },
    /// Everything from this index on is void: the store's playlists say otherwise.
    Cut {
        /// The first void index.
        i: u64,
    },
    /// The rendition's playlists carry ENDLIST from now on.
    Seal {
        /// The rendition.
        r: RenditionName,
    },
    /// The DVR begins at this index.
    Dropped {
        /// The index.
        i: u64,
    },
    /// Objects before this index are removed from the store.
    Removed {
        /// The index.
        i: u64,
    },
    /// What was reported last.
    Reported {
        /// The report.
        report: StreamReport,
    },
    /// A replay is stored and confirmed under an epoch, and shows this. No pieces: it is taken back.
    Replay {
        /// The replay.
        name: ReplayName,
        /// The epoch in its keys.
        epoch: Epoch,
        /// Indices, as runs.
        pieces: Vec<Range<u64>>,
        /// By rung, those of them that are not there.
        gaps: Vec<Vec<Range<u64>>>,
    },
    /// These indices were read back from the store's playlists: nobody knows what was on air.
    Unsure {
        /// The first.
        from: u64,
        /// After the last.
        until: u64,
    },
    /// The DVR of an event that is done with leaves these parts out.
    Hidden {
        /// From, until.
        ranges: Vec<(Micros, Micros)>,
    },
    /// Objects before this index are about to be removed: no playlist may name them any more.
    Removing {
        /// The index.
        i: u64,
    },
    /// The time of the ended event is over, or was set longer again: its playlists go, or come back.
    Retired {
        /// It is over.
        over: bool,
    },
    /// Every playlist with ENDLIST is confirmed: nothing is left to do.
    Finished,
}

impl Record {
    /// Whether the fact must be on the disk before what follows from it is done: an index decides a segment's key and
    /// protection. The others can be read again from the store.
    #[must_use]
    pub const fn must_be_durable(&self) -> bool {
        matches!(
            self,
            Self::Base { .. } | Self::Index { .. } | Self::Cut { .. } | Self::Seal { .. } | Self::Removing { .. }
        )
    }
}
