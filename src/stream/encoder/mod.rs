//! Supervises FFmpeg: one encode into the configured ladder, a new run per start.
//!
//! Three sources feed the same ladder: a [`Feed`] (FLV from the RTMP door, through FFmpeg's standard input), a pull
//! ([`Encoders::pull`]: a file, an address, an SRT listener, MPEG-TS on our own standard input) and the
//! [`TestPicture`].
//!
//! Invariants
//! - Every start of FFmpeg is a new run: a fresh ULID that sorts after every run folder the event has, so no file
//!   name is ever used twice and the newest run owns the timeline. Files are `<hls_dir>/<event>/<run>/<rendition>/
//!   <n>.ts` with `index.m3u8` beside them; nothing is deleted here, the pruner does that.
//! - Every rung has a picture and a sound track; an input without sound gets silence, one without a picture is
//!   refused. Keyframes stand at the same multiples of `segment_seconds` on all rungs.
//! - FFmpeg dies with us: it is started under `setpriv --pdeathsig KILL` where that exists, from a thread that lives
//!   as long as the [`Encoders`] (the kernel sends the signal when the starting *thread* ends), in a process group of
//!   its own.
//! - FFmpeg is stopped by the end of its input, then TERM, TERM, KILL, each with a deadline: blocked in a network
//!   read it can ignore one TERM for minutes.
//! - No address, passphrase or key reaches the log or `--print` unmasked.
//!
//! Crash and retry: a pull is started again with a jittered backoff on exit and on silence; a feed tells its pusher
//! [`FeedError::Ended`], who opens the next one. Both are new runs; what the old one wrote stays publishable.

mod attend;
mod backoff;
mod command;
mod error;
mod examine;
mod feed;
mod flv;
mod folder;
mod input;
mod program;
mod progress;
mod pull;
mod said;
mod spawn;
mod test_picture;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use command::CommandLine;
pub use error::{FeedError, Refusal};
pub use examine::{Finding, FindingState, examine};
pub use feed::Feed;
pub use input::Input;
pub use test_picture::TestPicture;

use crate::clock::SharedClock;
use crate::config;
use crate::ids::{EventSlug, SharedRandom};
use backoff::Backoffs;
use program::Program;
use spawn::Spawner;

/// Bytes that may wait between a feed's writer and FFmpeg's standard input.
pub const FEED_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Starts encoders and stops them all on drain. Clones share everything.
#[derive(Clone, Debug)]
pub struct Encoders {
    shared: Arc<Shared>,
}

/// What all encodes of one process share.
pub(super) struct Shared {
    config: config::Encoder,
    hls_dir: PathBuf,
    clock: SharedClock,
    random: SharedRandom,
    spawner: Spawner,
    /// Found once; a failure is not kept, so that installing FFmpeg needs no restart.
    program: OnceCell<Program>,
    feeds_backoff: Backoffs,
    tracker: TaskTracker,
    stop: CancellationToken,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("hls_dir", &self.hls_dir)
            .field("running", &self.tracker.len())
            .finish_non_exhaustive()
    }
}

impl Encoders {
    /// Encoders that write under `hls_dir`.
    #[must_use]
    pub fn new(config: config::Encoder, hls_dir: PathBuf, clock: SharedClock, random: SharedRandom) -> Self {
        let shared = Shared {
            config,
            hls_dir,
            clock,
            random,
            spawner: Spawner::start(),
            program: OnceCell::new(),
            feeds_backoff: Backoffs::default(),
            tracker: TaskTracker::new(),
            stop: CancellationToken::new(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Starts an encode of one publishing session of `event` as a new run, reading FLV from the feed. FFmpeg itself
    /// starts as soon as the first tags tell whether there is sound. After runs that died at once this waits a little.
    ///
    /// # Errors
    /// [`FeedError::NotStarted`], [`FeedError::Draining`]
    pub async fn open_feed(&self, event: &EventSlug) -> Result<Feed, FeedError> {
        Feed::open(&self.shared, event).await
    }

    /// Encodes `input` for `event` until it ends, `stop` is cancelled or [`Self::stop_all`] is called, starting FFmpeg
    /// again with a jittered backoff when it ends or falls silent. A file and standard input end; an address is
    /// pulled for ever.
    ///
    /// # Errors
    /// FFmpeg is missing or unfit, or the input can never be encoded.
    pub async fn pull(&self, event: &EventSlug, input: &Input, stop: &CancellationToken) -> Result<(), Refusal> {
        pull::pull(&self.shared, event, input, stop).await
    }

    /// The command of the next run of `event` for `input`, as [`Self::pull`] would start it.
    ///
    /// # Errors
    /// FFmpeg is missing or unfit.
    pub async fn command(&self, event: &EventSlug, input: &Input) -> Result<CommandLine, Refusal> {
        let program = self.shared.program().await?;
        let run = folder::next_run(&self.shared, event).await;
        let folder = folder::of(&self.shared.hls_dir, event, &run);
        Ok(CommandLine::build(program, &self.shared.config, input, command::Sound::Own, &folder))
    }

    /// FFmpeg's version, once it was looked at and found fit.
    ///
    /// # Errors
    /// FFmpeg is missing or unfit: one sentence.
    pub async fn version(&self) -> Result<String, Refusal> {
        Ok(self.shared.program().await?.version.clone())
    }

    /// The folder that runs are written under.
    #[must_use]
    pub fn hls_dir(&self) -> &Path {
        &self.shared.hls_dir
    }

    /// Takes no new feeds and stops every FFmpeg: end of input, TERM, TERM, KILL, each with a deadline; about eight
    /// seconds in the worst case.
    pub async fn stop_all(&self) {
        self.shared.stop.cancel();
        self.shared.tracker.close();
        self.shared.tracker.wait().await;
    }
}

impl Shared {
    /// Finds FFmpeg and looks at it once.
    async fn program(&self) -> Result<&Program, Refusal> {
        let name = self.config.ffmpeg.clone();
        self.program
            .get_or_try_init(|| async {
                tokio::task::spawn_blocking(move || Program::find(&name))
                    .await
                    .map_err(|_| Refusal::new("FFmpeg could not be looked at: the server is shutting down"))?
            })
            .await
    }
}
