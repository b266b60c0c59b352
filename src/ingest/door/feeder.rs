//! Keeps an encoder fed over one publishing session, with a new run wherever the old one cannot go on.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};
use tokio_util::task::TaskTracker;

use crate::ids::EventSlug;
use crate::ingest::Refused;
use crate::ingest::flv::{Break, FlvWriter, Step};
use crate::ingest::session::Media;
use crate::stream::encoder::{Encoders, Feed, FeedError};

/// An encoder that ran this long has proved itself: the next pause is the shortest again.
const PROVEN_AFTER: Duration = Duration::from_secs(30);
/// Pause after the first failure; doubles up to [`PAUSE_MAX`].
const PAUSE_MIN: Duration = Duration::from_millis(250);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Opens the standard input of a new FFmpeg.
#[async_trait]
pub trait FeedOpener: Send + Sync + fmt::Debug {
    /// Begins a new run of `event`.
    ///
    /// # Errors
    /// [`FeedError::NotStarted`], [`FeedError::Draining`]
    async fn open_feed(&self, event: &EventSlug) -> Result<Box<dyn FeedSink>, FeedError>;
}

/// Takes one FLV file from its header on.
#[async_trait]
pub trait FeedSink: Send {
    /// Hands bytes on, waiting while the encoder's queue is full.
    ///
    /// # Errors
    /// [`FeedError::Ended`], [`FeedError::Stuck`]
    async fn push(&mut self, bytes: Bytes) -> Result<(), FeedError>;

    /// Ends the file and waits for its last segment. Dropping does the same in the background.
    async fn finish(self: Box<Self>);
}

#[async_trait]
impl FeedOpener for Encoders {
    async fn open_feed(&self, event: &EventSlug) -> Result<Box<dyn FeedSink>, FeedError> {
        let feed: Feed = Self::open_feed(self, event).await?;
        Ok(Box::new(feed))
    }
}

#[async_trait]
impl FeedSink for Feed {
    async fn push(&mut self, bytes: Bytes) -> Result<(), FeedError> {
        Self::push(self, bytes).await
    }

    async fn finish(self: Box<Self>) {
        Self::finish(*self).await;
    }
}

enum Feeding {
    /// No encoder; the next file opens one.
    Closed,
    Open(Box<dyn FeedSink>, Instant),
    /// An encoder has failed and the next is on its way. What comes until then is dropped, headers are kept: the
    /// publisher is read on, so that it neither stalls nor reconnects.
    Opening(oneshot::Receiver<Result<Box<dyn FeedSink>, FeedError>>),
}

/// Feeds the encoders of one publishing session.
pub struct Feeder {
    feeds: Arc<dyn FeedOpener>,
    tracker: TaskTracker,
    event: EventSlug,
    flv: FlvWriter,
    feeding: Feeding,
    failures: u32,
    proven: bool,
    opened: u32,
}

impl Feeder {
    /// A feeder that has opened nothing yet.
    #[must_use]
    pub fn new(feeds: Arc<dyn FeedOpener>, tracker: TaskTracker, event: EventSlug) -> Self {
        Self {
            feeds,
            tracker,
            event,
            flv: FlvWriter::default(),
            feeding: Feeding::Closed,
            failures: 0,
            proven: false,
            opened: 0,
        }
    }

    /// Passes a message on. An encoder that has ended is replaced; the publisher does not notice.
    ///
    /// # Errors
    /// [`Refused`]: the publisher must be cut.
    pub async fn take(&mut self, media: Media) -> Result<(), Refused> {
        if let Feeding::Opening(incoming) = &mut self.feeding {
            match incoming.try_recv() {
                Err(oneshot::error::TryRecvError::Empty) => {
                    self.flv.remember(&media);
                    return Ok(());
                }
                Ok(Ok(feed)) => self.set_open(feed),
                Ok(Err(why)) => self.on_failure(&why, Duration::ZERO)?,
                Err(oneshot::error::TryRecvError::Closed) => self.feeding = Feeding::Closed,
            }
        }
        let mut file = Vec::new();
        if let Step::Begin(why) = self.flv.push(media, &mut file) {
            // Dropped: it finishes its last segment in the background while we go on.
            self.feeding = Feeding::Closed;
            let why = match why {
                Break::NewTrack => "new_track",
                Break::ClockJumped => "clock_jumped",
            };
            tracing::warn!(event = %self.event, why, "the publisher's stream cannot go on in the same run");
            metrics::counter!("bakuhantam_ingest_restarts_total", "reason" => why).increment(1);
        }
        for bytes in file {
            if matches!(self.feeding, Feeding::Closed) {
                match self.feeds.open_feed(&self.event).await {
                    Ok(feed) => self.set_open(feed),
                    Err(why) => return self.on_failure(&why, Duration::ZERO),
                }
            }
            let Feeding::Open(feed, since) = &mut self.feeding else { break };
            let since = *since;
            if let Err(why) = feed.push(bytes).await {
                return self.on_failure(&why, since.elapsed());
            }
        }
        Ok(())
    }

    /// Ends the input and waits for the last segment.
    pub async fn finish(self) {
        if let Feeding::Open(feed, _) = self.feeding {
            feed.finish().await;
        }
    }

    /// Runs opened so far.
    #[must_use]
    pub const fn opened(&self) -> u32 {
        self.opened
    }

    fn set_open(&mut self, feed: Box<dyn FeedSink>) {
        self.opened = self.opened.saturating_add(1);
        self.feeding = Feeding::Open(feed, Instant::now());
    }

    /// Prepares the next encoder, or refuses the publisher.
    fn on_failure(&mut self, why: &FeedError, ran_for: Duration) -> Result<(), Refused> {
        self.proven |= ran_for >= PROVEN_AFTER;
        match why {
            FeedError::Draining => return Err(Refused::Draining),
            FeedError::Stuck => return Err(Refused::EncoderStuck),
            // What has never worked is for the producer to see; what has worked is tried again.
            FeedError::NotStarted(words) if !self.proven => {
                tracing::error!(event = %self.event, why = %words, "the encoder does not start");
                return Err(Refused::NoEncoder(words.clone()));
            }
            FeedError::NotStarted(_) | FeedError::Ended => {}
        }
        self.failures = if ran_for >= PROVEN_AFTER { 1 } else { self.failures.saturating_add(1) };
        let doubled = 2_u32.saturating_pow(self.failures.saturating_sub(1));
        let pause = PAUSE_MIN.saturating_mul(doubled).min(PAUSE_MAX);
        tracing::warn!(
            event = %self.event, %why, pause_ms = pause.as_millis(),
            "the encoder of a live publisher has ended; a new one goes on at a keyframe",
        );
        metrics::counter!("bakuhantam_ingest_restarts_total", "reason" => "encoder_ended").increment(1);
        self.flv.restart();
        let (sender, incoming) = oneshot::channel();
        self.feeding = Feeding::Opening(incoming);
        let (feeds, event) = (Arc::clone(&self.feeds), self.event.clone());
        self.tracker.spawn(async move {
            let mut sender = sender;
            tokio::select! {
                () = sender.closed() => return,
                () = sleep(pause) => {}
            }
            // Where the publisher has gone by now the feed is dropped, which ends it.
            drop(sender.send(feeds.open_feed(&event).await));
        });
        Ok(())
    }
}

impl fmt::Debug for Feeder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feeder").field("event", &self.event).field("opened", &self.opened).finish_non_exhaustive()
    }
}
