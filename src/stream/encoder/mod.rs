//! Supervises FFmpeg: one encode into the configured ladder, a new run per start.

use std::path::PathBuf;

use bytes::Bytes;

use crate::clock::SharedClock;
use crate::config;
use crate::ids::{EventSlug, RunId, SharedRandom};

/// Bytes that may wait between a feed's writer and FFmpeg's standard input.
pub const FEED_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Starts encoders and stops them all on drain.
#[derive(Clone, Debug)]
pub struct Encoders {}

/// Standard input of one FFmpeg, which writes one run. FLV goes in, from the header on.
#[derive(Debug)]
pub struct Feed {}

/// Why a feed takes no more.
#[derive(Clone, Debug, thiserror::Error)]
pub enum FeedError {
    /// FFmpeg has ended; open a new feed (a new run) and start again with headers and a keyframe.
    #[error("the encoder of this run has ended")]
    Ended,
    /// FFmpeg has taken nothing for ten seconds while the queue was full: cut the publisher.
    #[error("the encoder takes no more: it is too slow for this input")]
    Stuck,
    /// FFmpeg could not be started.
    #[error("{0}")]
    NotStarted(String),
    /// The server is draining.
    #[error("the server is shutting down")]
    Draining,
}

impl Encoders {
    /// Encoders that write under `hls_dir`.
    #[must_use]
    pub fn new(_config: config::Encoder, _hls_dir: PathBuf, _clock: SharedClock, _random: SharedRandom) -> Self {
        Self {}
    }

    /// Starts FFmpeg for one publishing session of `event` as a new run, reading FLV from the feed.
    ///
    /// # Errors
    /// [`FeedError::NotStarted`], [`FeedError::Draining`]
    pub async fn open_feed(&self, _event: &EventSlug) -> Result<Feed, FeedError> {
        Err(FeedError::Draining)
    }

    /// Takes no new feeds and stops every FFmpeg: end of input, TERM, TERM, KILL, each with a deadline.
    pub async fn stop_all(&self) {}
}

impl Feed {
    /// The run this feed writes.
    #[must_use]
    pub fn run(&self) -> Option<&RunId> {
        None
    }

    /// Hands bytes to FFmpeg, waiting while [`FEED_BYTES_MAX`] are queued.
    ///
    /// # Errors
    /// [`FeedError::Ended`], [`FeedError::Stuck`]
    pub async fn push(&mut self, _bytes: Bytes) -> Result<(), FeedError> {
        Err(FeedError::Ended)
    }

    /// Ends the input: FFmpeg finishes its last segment. Dropping a feed does the same in the background.
    pub async fn finish(self) {}
}
