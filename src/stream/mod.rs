//! From a camera's bytes to a playlist on object storage. See docs/ARCHITECTURE.md, walk 2.
//!
//! `encoder` runs FFmpeg; the publisher (watch → spool → plan → uploader → journal → playlist) puts what FFmpeg wrote
//! on the store. This room depends on disk and object storage only: facts about events come in through
//! [`facts::FactsSource`], reports go out through [`facts::ReportSink`].
//!
//! # Verbs
//! [`Publisher::start`], [`Publisher::health`], [`Publisher::drain`].
//!
//! # Invariants
//! - A playlist never names a segment that the store has not confirmed, and a master no playlist that is not.
//! - `MEDIA-SEQUENCE` and `DISCONTINUITY-SEQUENCE` never go back: not by a restart of the server or the encoder, not by
//!   a lost journal, not by a rotated epoch.
//! - An index is the same segment in all renditions, in live and DVR playlists, for ever.
//! - A segment's key is made of its run and number: it is never used for other bytes.
//! - At most one playlist PUT a second and key; the newest content wins.
//! - `ENDLIST` is written when an operator has ended the event, and nothing is listed after it.
//!
//! # What is decided where the rules leave room
//! - **The store is away**: nothing becomes a gap, since no gap could be published. When it is back the live window is
//!   stored first, oldest of it first and cheap renditions ahead, then the backlog, newest first. What the live window
//!   has passed meanwhile stays a gap there; the DVR lists it as soon as it is stored.
//! - **A rendition falls behind** while another goes on: it gets gaps after `uploader.segment_deadline_ms`, and leaves
//!   the master while its whole window is gaps.
//! - **The first master** waits for all renditions of the ladder, but not longer than a segment for one that FFmpeg
//!   never named, and not longer than the deadline for one that is late: players read it once.
//! - **A rotated epoch** starts with the next segment. The old epoch's playlists stand still from then on (naming new
//!   segments there would hand out the new word), and the new epoch is reported once both masters and the media
//!   playlists they name are confirmed.
//! - **Clocks**: deadlines are monotonic; date-times come from FFmpeg and never go back.
//!
//! # Crash and retry
//! Every fact is journaled before what follows from it. Killed anywhere, a start goes on from the journal, asks the
//! store about what was on its way instead of sending it again, and puts itself right by the store's own playlists where
//! they are ahead. Without a journal they are all there is, and nothing is published before they could be read.
//!
//! ```text
//! watch ─ scan ─▶ intake ─▶ plan ─▶ journal ─▶ uploader ─▶ objects
//!                            ▲        │                       │
//!                            │        └─▶ playlist ─▶ objects │
//!                            └──────────── stored ◀───────────┘
//! ```

pub mod cipher;
pub mod encoder;
pub mod facts;

mod desk;
mod encoder_list;
mod error;
mod intake;
mod journal;
mod meters;
mod plan;
mod playlist;
mod prune;
mod publisher;
mod rebuild;
mod record;
mod scan;
mod spool;
mod take_up;
#[cfg(test)]
mod tests;
mod trouble;
mod uploader;
mod watch;

pub use error::PublisherError;
pub use publisher::{EventHealth, Publisher, PublisherHealth, PublisherParts};
