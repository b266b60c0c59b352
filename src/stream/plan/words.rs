//! What the plan is told and what it says.

use std::sync::Arc;

use super::lists::{ListId, Listing};
use super::timeline::Ms;
use crate::clock::Micros;
use crate::ids::RunId;
use crate::objects::ObjectKey;
use crate::stream::facts::{StreamFacts, StreamReport};
use crate::stream::record::{Protection, Record};
use crate::stream::spool::Ignored;

/// What the plan goes by.
#[derive(Clone, Debug)]
pub struct Rules {
    /// After this a missing segment is a gap.
    pub deadline_ms: Ms,
    /// Segments in a live playlist.
    pub window: u64,
    /// Configured length of a segment, seconds.
    pub segment_seconds: u64,
    /// How long the DVR and its objects stay; 0: for ever.
    pub keep_remote_ms: Ms,
    /// Encrypt the segments of sold fights.
    pub encrypt: bool,
    /// How long one content key is used.
    pub rotation_ms: Ms,
}

impl Rules {
    /// How long a later segment must have been stored before an overdue one becomes a gap.
    pub(super) fn grace_ms(&self) -> Ms {
        (self.deadline_ms / 2).min(1_000)
    }
}

/// Two clocks: one for deadlines, one for people.
#[derive(Clone, Copy, Debug, Default)]
pub struct Moment {
    /// Monotonic.
    pub ms: Ms,
    /// Wall clock.
    pub wall: Micros,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// FFmpeg's playlist names a segment: it is closed, and has a place.
    Named {
        /// Its run.
        run: RunId,
        /// Its rendition.
        rung: usize,
        /// Its number in the run.
        n: u64,
        /// Its length, microseconds.
        duration_us: u64,
        /// Its date-time, where FFmpeg tells it.
        start: Option<Micros>,
        /// How long ago it closed: more than nothing for what a start-up finds.
        age_ms: Ms,
    },
    /// Its file is whole and can be read. Comes after `Named`.
    Closed {
        /// Its run.
        run: RunId,
        /// Its rendition.
        rung: usize,
        /// Its number in the run.
        n: u64,
        /// Its file name.
        file: Arc<str>,
        /// Its length in bytes.
        bytes: u64,
    },
    /// The store has confirmed it.
    Stored {
        /// Its index.
        index: u64,
        /// Its rendition.
        rung: usize,
    },
    /// Its file is gone or broken: it will never be stored.
    Lost {
        /// Its index.
        index: u64,
        /// Its rendition.
        rung: usize,
    },
    /// The store has confirmed a playlist.
    ListStored(ListId),
    /// A playlist's PUT failed; another may follow after `wait_ms`.
    ListFailed {
        /// The playlist.
        id: ListId,
        /// How long to wait.
        wait_ms: Ms,
    },
    /// The objects before this index are gone from the store.
    Removed(u64),
    /// The playlists that were to be withdrawn are gone from the store.
    Withdrawn,
    /// The event's facts, whenever they are looked at.
    Facts(StreamFacts),
    /// Time has passed, and all that is known has been told.
    Tick,
}

/// What to do, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Journal this.
    Record(Record),
    /// Store a segment.
    Put(Upload),
    /// Store a playlist.
    Publish(Listing),
    /// Tell the state.
    Report(StreamReport),
    /// The local file is not needed by the plan any more.
    Spare {
        /// Its run.
        run: RunId,
        /// Its rendition.
        rung: usize,
        /// Its name.
        file: Arc<str>,
    },
    /// A confirmed live playlist lists these indices for the first time.
    Listed {
        /// The rendition.
        rung: usize,
        /// The first.
        from: u64,
        /// After the last.
        until: u64,
    },
    /// An index became a gap.
    Gapped {
        /// The index.
        index: u64,
        /// The rendition.
        rung: usize,
    },
    /// Remove these objects, then say [`Event::Removed`].
    Remove {
        /// The index after the last removed one.
        until: u64,
        /// The objects.
        keys: Vec<ObjectKey>,
    },
    /// Remove these playlists, in this order, then say [`Event::Withdrawn`].
    Withdraw {
        /// The playlists.
        keys: Vec<ObjectKey>,
    },
    /// A segment that is counted and not listed.
    Ignore(Ignored),
}

/// A segment to store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// Its index.
    pub index: u64,
    /// Its rendition.
    pub rung: usize,
    /// Its run.
    pub run: RunId,
    /// Its file name.
    pub file: Arc<str>,
    /// Its length in bytes.
    pub bytes: u64,
    /// Its key.
    pub key: ObjectKey,
    /// Who may watch it: what is stored under the key.
    pub protection: Protection,
    /// A run of the server before this one may have stored it already.
    pub uncertain: bool,
}
