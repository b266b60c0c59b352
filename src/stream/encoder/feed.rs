//! A feed: FLV from the door, through a bounded queue, into the standard input of one FFmpeg.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::AsyncWriteExt as _;
use tokio::process::ChildStdin;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::attend::{self, Ended, How};
use super::command::Sound;
use super::flv::{Look, Verdict};
use super::input::Input;
use super::said::Fault;
use super::{FEED_BYTES_MAX, FeedError, Shared, folder};
use crate::ids::{EventSlug, RunId};

/// FFmpeg that takes nothing for this long with bytes waiting is stuck.
const STUCK: Duration = Duration::from_secs(10);

/// After the first picture this is the longest wait for the sound to show.
const LOOK_MAX: Duration = Duration::from_secs(4);

/// Bytes queued as one piece at most.
const PIECE_BYTES_MAX: usize = 256 * 1024;

/// How much of a feed FFmpeg looks at before it starts, in microseconds. One second halves the start (5.3 → 2.4 s)
/// and is enough where both tracks begin together.
const ANALYZE_US: u32 = 1_000_000;
const ANALYZE_LATE_US: u32 = 5_000_000;

/// Standard input of one FFmpeg, which writes one run. FLV goes in, from the header on. Dropping it ends the input:
/// FFmpeg finishes its last segment in the background.
#[derive(Debug)]
pub struct Feed {
    run: RunId,
    pieces: mpsc::UnboundedSender<Piece>,
    room: Arc<Semaphore>,
    fed: Arc<AtomicU64>,
    state: watch::Receiver<State>,
}

/// Bytes on their way, and the room they take until FFmpeg has them.
#[derive(Debug)]
struct Piece {
    bytes: Bytes,
    _room: OwnedSemaphorePermit,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Running,
    Over(FeedError),
}

impl Feed {
    pub(super) async fn open(shared: &Arc<Shared>, event: &EventSlug) -> Result<Self, FeedError> {
        shared.program().await.map_err(|refusal| FeedError::NotStarted(refusal.0))?;
        tokio::select! {
            biased;
            () = shared.stop.cancelled() => return Err(FeedError::Draining),
            () = tokio::time::sleep(shared.feeds_backoff.take(event)) => {}
        }
        let (run, folder) = folder::make(shared, event).await.map_err(|error| {
            let dir = shared.hls_dir.display();
            FeedError::NotStarted(format!("no folder can be made under {dir} ({error}): check uploader.hls_dir"))
        })?;
        let (pieces, queue) = mpsc::unbounded_channel();
        let (told, state) = watch::channel(State::Running);
        let fed = Arc::new(AtomicU64::new(0));
        let drive = Drive { shared: Arc::clone(shared), event: event.clone(), fed: Arc::clone(&fed), told };
        shared.tracker.spawn(drive.run(run.clone(), folder, queue));
        Ok(Self { run, pieces, room: Arc::new(Semaphore::new(FEED_BYTES_MAX)), fed, state })
    }

    /// The run this feed writes.
    #[must_use]
    pub const fn run(&self) -> &RunId {
        &self.run
    }

    /// Hands bytes to FFmpeg, waiting while [`FEED_BYTES_MAX`] are queued.
    ///
    /// # Errors
    /// [`FeedError::Ended`], [`FeedError::Stuck`]; also [`FeedError::NotStarted`] where the first tags show what can
    /// never be encoded, and [`FeedError::Draining`].
    pub async fn push(&mut self, mut bytes: Bytes) -> Result<(), FeedError> {
        while !bytes.is_empty() {
            let piece = bytes.split_to(bytes.len().min(PIECE_BYTES_MAX));
            let room = self.room_for(piece.len()).await?;
            if self.pieces.send(Piece { bytes: piece, _room: room }).is_err() {
                return Err(self.over().unwrap_or(FeedError::Ended));
            }
        }
        Ok(())
    }

    /// Ends the input and waits until FFmpeg has finished its last segment. Dropping a feed does the same in the
    /// background.
    pub async fn finish(self) {
        let Self { pieces, mut state, .. } = self;
        drop(pieces);
        // An error means that the driver is gone: the same as over.
        drop(state.wait_for(|state| *state != State::Running).await);
    }

    fn over(&self) -> Option<FeedError> {
        match &*self.state.borrow() {
            State::Running => None,
            State::Over(error) => Some(error.clone()),
        }
    }

    /// Waits for room for `len` bytes; stuck when FFmpeg takes nothing in the meantime.
    async fn room_for(&mut self, len: usize) -> Result<OwnedSemaphorePermit, FeedError> {
        let len = u32::try_from(len).unwrap_or(u32::MAX);
        loop {
            if let Some(error) = self.over() {
                return Err(error);
            }
            let fed = self.fed.load(Ordering::Relaxed);
            tokio::select! {
                room = Arc::clone(&self.room).acquire_many_owned(len) => return room.map_err(|_| FeedError::Ended),
                changed = self.state.changed() => if changed.is_err() { return Err(FeedError::Ended) },
                () = tokio::time::sleep(STUCK) => if self.fed.load(Ordering::Relaxed) == fed {
                    return Err(FeedError::Stuck);
                },
            }
        }
    }
}

/// Drives one feed from its first byte to FFmpeg's end.
struct Drive {
    shared: Arc<Shared>,
    event: EventSlug,
    fed: Arc<AtomicU64>,
    told: watch::Sender<State>,
}

/// Why the writer has closed FFmpeg's input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Closed {
    /// The pusher has finished.
    Finished,
    /// The server drains.
    Draining,
    /// FFmpeg is gone or takes nothing.
    Broken,
    /// A run that was started as silent has sound now: the next one carries it.
    SoundCame,
}

impl Drive {
    async fn run(self, run: RunId, folder: PathBuf, mut queue: mpsc::UnboundedReceiver<Piece>) {
        let end = self.encode(run.clone(), folder, &mut queue).await;
        folder::remove_if_empty(&self.shared, &self.event, &run).await;
        // Waiting pushers are woken, and what is queued gives its room back.
        self.told.send_replace(State::Over(end));
        drop(queue);
    }

    async fn encode(&self, run: RunId, folder: PathBuf, queue: &mut mpsc::UnboundedReceiver<Piece>) -> FeedError {
        let mut look = Look::default();
        let (verdict, first) = match self.look(&mut look, queue).await {
            Ok(found) => found,
            Err(end) => return end,
        };
        let (sound, analyze_us) = match verdict {
            Verdict::Both { late } => (Sound::Own, if late { ANALYZE_LATE_US } else { ANALYZE_US }),
            Verdict::Silent => (Sound::Silence, ANALYZE_US),
            Verdict::NoPicture => return FeedError::NotStarted(Fault::NoPicture.words().to_owned()),
        };
        if sound == Sound::Silence {
            tracing::info!(event = %self.event, %run, "{}", Fault::NoSound.words());
        }
        let input = Input::feed(analyze_us);
        let started = attend::start_in(&self.shared, &self.event, &input, sound, run.clone(), &folder).await;
        let mut started = match started {
            Ok(started) => started,
            Err(refusal) => return FeedError::NotStarted(refusal.0),
        };
        let stdin = started.stdin.take();
        let (ending, gone) = (CancellationToken::new(), CancellationToken::new());
        let attended = async {
            let ended = attend::attend(started, &self.event, &input, &ending, &self.fed).await;
            gone.cancel();
            ended
        };
        let written = async {
            let mut pipe = Pipe { look, sound, first, queue, fed: &self.fed, stop: &self.shared.stop, gone: &gone };
            let closed = match stdin {
                Some(stdin) => pipe.write(stdin).await,
                None => Closed::Broken,
            };
            if matches!(closed, Closed::Broken | Closed::SoundCame) {
                // The pusher may go on with the next run while this FFmpeg writes its last segment.
                self.told.send_replace(State::Over(FeedError::Ended));
            }
            ending.cancel();
            closed
        };
        let (ended, closed) = tokio::join!(attended, written);
        self.conclude(&run, &ended, closed)
    }

    /// Collects the first tags until they show what there is.
    async fn look(
        &self,
        look: &mut Look,
        queue: &mut mpsc::UnboundedReceiver<Piece>,
    ) -> Result<(Verdict, VecDeque<Piece>), FeedError> {
        let mut first = VecDeque::new();
        let mut patience = std::pin::pin!(tokio::time::sleep(LOOK_MAX));
        let mut waiting_for_sound = false;
        loop {
            tokio::select! {
                biased;
                () = self.shared.stop.cancelled() => return Err(FeedError::Draining),
                piece = queue.recv() => match piece {
                    Some(piece) => {
                        look.take(&piece.bytes);
                        first.push_back(piece);
                    }
                    None if look.has_picture() => return Ok((look.last_word(), first)),
                    None => return Err(FeedError::Ended),
                },
                () = &mut patience, if waiting_for_sound => return Ok((look.last_word(), first)),
            }
            if let Some(verdict) = look.verdict() {
                return Ok((verdict, first));
            }
            if look.has_picture() && !waiting_for_sound {
                waiting_for_sound = true;
                patience.as_mut().reset(tokio::time::Instant::now() + LOOK_MAX);
            }
        }
    }

    fn conclude(&self, run: &RunId, ended: &Ended, closed: Closed) -> FeedError {
        let (event, gave_ms) = (&self.event, u64::try_from(ended.gave.as_millis()).unwrap_or(u64::MAX));
        match closed {
            Closed::Finished | Closed::Draining | Closed::SoundCame => {
                tracing::info!(%event, %run, gave_ms, ?closed, "the encoder has finished its run");
                self.shared.feeds_backoff.ended_well(event);
                if closed == Closed::Draining { FeedError::Draining } else { FeedError::Ended }
            }
            Closed::Broken => {
                let reason = if ended.how == How::Silent { "silence" } else { "exit" };
                let slug = event.to_string();
                metrics::counter!("bakuhantam_encoder_faults_total", "event" => slug, "reason" => reason).increment(1);
                let why = ended.why.as_deref().unwrap_or("FFmpeg did not say why");
                tracing::warn!(%event, %run, gave_ms, how = ?ended.how, "the encoder ended by itself: {why}");
                self.shared.feeds_backoff.failed(event, ended.gave, self.shared.random.as_ref());
                if ended.no_picture {
                    FeedError::NotStarted(Fault::NoPicture.words().to_owned())
                } else {
                    FeedError::Ended
                }
            }
        }
    }
}

/// The way from the queue into FFmpeg.
struct Pipe<'a> {
    look: Look,
    sound: Sound,
    first: VecDeque<Piece>,
    queue: &'a mut mpsc::UnboundedReceiver<Piece>,
    fed: &'a Arc<AtomicU64>,
    stop: &'a CancellationToken,
    gone: &'a CancellationToken,
}

impl Pipe<'_> {
    /// Writes until the input ends, then closes it.
    async fn write(&mut self, mut stdin: ChildStdin) -> Closed {
        loop {
            let looked_at = !self.first.is_empty();
            let piece = if let Some(piece) = self.first.pop_front() {
                piece
            } else {
                tokio::select! {
                    biased;
                    () = self.stop.cancelled() => return Closed::Draining,
                    () = self.gone.cancelled() => return Closed::Broken,
                    piece = self.queue.recv() => match piece {
                        Some(piece) => piece,
                        None => return Closed::Finished,
                    },
                }
            };
            if self.sound == Sound::Silence && !looked_at {
                self.look.take(&piece.bytes);
                if self.look.has_sound() {
                    return Closed::SoundCame;
                }
            }
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return Closed::Draining,
                () = self.gone.cancelled() => return Closed::Broken,
                written = tokio::time::timeout(STUCK, stdin.write_all(&piece.bytes)) => match written {
                    Ok(Ok(())) => {
                        let len = u64::try_from(piece.bytes.len()).unwrap_or(0);
                        self.fed.fetch_add(len, Ordering::Relaxed);
                    }
                    Ok(Err(_)) | Err(_) => return Closed::Broken,
                },
            }
        }
    }
}
