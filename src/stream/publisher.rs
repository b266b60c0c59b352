//! The publisher: watches FFmpeg's folder and gives every event a desk.

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::error::PublisherError;
use super::facts::{SharedFacts, SharedKeys, SharedReports, StreamStatus};
use super::journal::Journal;
use super::plan::Rules;
use super::take_up::take_up;
use super::watch::{self, Found, Recall};
use crate::clock::{Micros, SharedClock};
use crate::config;
use crate::ids::{EventSlug, RenditionName, SharedRandom};
use crate::objects::SharedObjects;

/// What the publisher is built from.
#[derive(Clone, Debug)]
pub struct PublisherParts {
    /// Folders, deadlines, window.
    pub config: config::Uploader,
    /// The ladder, for masters, and the length of a segment.
    pub encoder: config::Encoder,
    /// Where everything is stored.
    pub objects: SharedObjects,
    /// What is known of events.
    pub facts: SharedFacts,
    /// Keys of what is sold.
    pub keys: SharedKeys,
    /// Whether to encrypt, and how long with one key.
    pub playback: config::Playback,
    /// Where players get keys: scheme and host before `/api/v1/keys/…`, without a slash at the end.
    pub key_address: String,
    /// Who is told about them.
    pub reports: SharedReports,
    /// The wall clock.
    pub clock: SharedClock,
    /// For jitter.
    pub random: SharedRandom,
}

/// What all desks share.
#[derive(Debug)]
pub struct Shared {
    pub(super) config: config::Uploader,
    pub(super) ladder: Vec<config::Rendition>,
    /// By rung: place in the order of bit rates, lowest first.
    pub(super) ranks: Vec<usize>,
    pub(super) objects: SharedObjects,
    pub(super) facts: SharedFacts,
    pub(super) keys: SharedKeys,
    pub(super) key_address: String,
    pub(super) reports: SharedReports,
    pub(super) clock: SharedClock,
    pub(super) random: SharedRandom,
    pub(super) permits: Arc<Semaphore>,
    pub(super) tracker: TaskTracker,
    pub(super) draining: CancellationToken,
    killed: CancellationToken,
    pub(super) rules: Rules,
    states: Mutex<BTreeMap<EventSlug, EventState>>,
    blind: AtomicBool,
}

impl Shared {
    /// Runs a task that dies with the publisher.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let killed = self.killed.clone();
        self.tracker.spawn(async move {
            killed.run_until_cancelled(task).await;
        });
    }

    fn is_stopping(&self) -> bool {
        self.draining.is_cancelled() || self.killed.is_cancelled()
    }

    pub(super) fn show(&self, event: &EventSlug, state: EventState) {
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        states.insert(event.clone(), state);
    }

    /// The ladder's names.
    pub(super) fn names(&self) -> Vec<RenditionName> {
        self.ladder.iter().map(|rendition| rendition.name.clone()).collect()
    }
}

/// The state of an event as its desk last showed it.
#[derive(Clone, Debug, Default)]
pub struct EventState {
    pub(super) status: StreamStatus,
    pub(super) listed_at: Option<Instant>,
    pub(super) queue_len: usize,
    pub(super) store_failing_since: Option<Micros>,
    pub(super) waits_for_store: bool,
    pub(super) journal_fails: bool,
    pub(super) lacks_keys: bool,
}

/// How one event fares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventHealth {
    /// The event.
    pub event: EventSlug,
    /// The picture's state as last reported.
    pub status: StreamStatus,
    /// Time since a segment was last listed, milliseconds; `None`: none since the start.
    pub live_edge_age_ms: Option<u64>,
    /// Segments closed and not stored yet.
    pub queue_len: usize,
    /// Since when the store fails without a success between.
    pub store_failing_since: Option<Micros>,
    /// The journal is lost and the store cannot be read: nothing is published until it can.
    pub waits_for_store: bool,
    /// The journal cannot be written.
    pub journal_fails: bool,
    /// Sold segments wait for a key to be encrypted with.
    pub lacks_keys: bool,
}

/// How the publisher fares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PublisherHealth {
    /// Every event it has taken up, by name.
    pub events: Vec<EventHealth>,
    /// Nobody watches FFmpeg's folder any more: nothing new is published until a restart.
    pub is_blind: bool,
}

/// Watches FFmpeg's folder and publishes what it finds. Dropped, it stops at once, as if killed.
#[derive(Debug)]
pub struct Publisher {
    shared: Arc<Shared>,
    watcher: Mutex<Option<std::thread::JoinHandle<()>>>,
    unwatch: CancellationToken,
}

impl Publisher {
    /// Starts. Events with a journal are taken up at once, others with their first file.
    ///
    /// # Errors
    /// [`PublisherError`]
    pub async fn start(parts: PublisherParts) -> Result<Self, PublisherError> {
        if parts.encoder.renditions.is_empty() {
            return Err(PublisherError::NoLadder);
        }
        let (found_in, found) = unbounded_channel();
        let (unwatch, recall) = (CancellationToken::new(), Recall::default());
        let (config, clock, stop) = (parts.config.clone(), Arc::clone(&parts.clock), unwatch.clone());
        let recalled = Arc::clone(&recall);
        let (state_file, hls_dir) = (config.state_file.clone(), config.hls_dir.clone());
        let open = move || {
            let bad_state = |source| PublisherError::StateFile { path: config.state_file.clone(), source };
            let remembered = Journal::list(&config.state_file).map_err(bad_state)?;
            let watcher = watch::start(&config, clock, found_in, recalled, stop)
                .map_err(|source| PublisherError::HlsDir { path: config.hls_dir.clone(), source })?;
            Ok((remembered, watcher))
        };
        let opened = tokio::task::spawn_blocking(open).await;
        let (remembered, watcher) = opened.unwrap_or_else(|error| {
            tracing::error!(?state_file, %error, "opening the publisher's folders has panicked");
            Err(PublisherError::HlsDir { path: hls_dir, source: std::io::Error::other(error) })
        })?;
        let shared = Arc::new(share(parts));
        let (farewells, ended) = unbounded_channel();
        let router = Router { shared: Arc::clone(&shared), desks: HashMap::new(), recall, farewells };
        shared.spawn(router.run(remembered, found, ended));
        Ok(Self { shared, watcher: Mutex::new(Some(watcher)), unwatch })
    }

    /// How it fares: a snapshot, touching neither disk nor store.
    #[must_use]
    pub fn health(&self) -> PublisherHealth {
        let states = self.shared.states.lock().unwrap_or_else(PoisonError::into_inner);
        let health = |(event, state): (&EventSlug, &EventState)| EventHealth {
            event: event.clone(),
            status: state.status,
            live_edge_age_ms: state.listed_at.map(|at| u64::try_from(at.elapsed().as_millis()).unwrap_or(u64::MAX)),
            queue_len: state.queue_len,
            store_failing_since: state.store_failing_since,
            waits_for_store: state.waits_for_store,
            journal_fails: state.journal_fails,
            lacks_keys: state.lacks_keys,
        };
        PublisherHealth {
            events: states.iter().map(health).collect(),
            is_blind: self.shared.blind.load(Ordering::Relaxed),
        }
    }

    /// Takes nothing new, finishes what is on its way, lists it and writes the journal; at the deadline what is left
    /// is dropped, and the next start goes on from there.
    pub async fn drain(&self, deadline: Duration) {
        self.shared.draining.cancel();
        self.unwatch.cancel();
        self.shared.tracker.close();
        if timeout(deadline, self.shared.tracker.wait()).await.is_err() {
            tracing::warn!("the publisher was not done in time; the next start goes on from the journal");
            self.shared.killed.cancel();
            self.shared.tracker.wait().await;
        }
        let watcher = self.watcher.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(watcher) = watcher
            && tokio::task::spawn_blocking(move || watcher.join()).await.is_err()
        {
            tracing::error!("the thread that watches the HLS folder has panicked");
        }
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.shared.killed.cancel();
        self.unwatch.cancel();
    }
}

fn share(parts: PublisherParts) -> Shared {
    let ladder = parts.encoder.renditions;
    let mut order: Vec<usize> = (0..ladder.len()).collect();
    order.sort_by_key(|rung| ladder.get(*rung).map(|rendition| rendition.maxrate_kbps));
    let rank = |rung: usize| order.iter().position(|other| *other == rung).unwrap_or(0);
    let window = u64::try_from(parts.config.live_window_segments).unwrap_or(u64::MAX);
    Shared {
        ranks: (0..ladder.len()).map(rank).collect(),
        ladder,
        objects: parts.objects,
        facts: parts.facts,
        keys: parts.keys,
        key_address: parts.key_address.trim_end_matches('/').to_owned(),
        reports: parts.reports,
        clock: parts.clock,
        random: parts.random,
        permits: Arc::new(Semaphore::new(parts.config.concurrency.max(1))),
        tracker: TaskTracker::new(),
        draining: CancellationToken::new(),
        killed: CancellationToken::new(),
        rules: Rules {
            deadline_ms: parts.config.segment_deadline_ms,
            // A live playlist shorter than three segments is not allowed (RFC 8216, 6.2.2).
            window: window.max(3),
            segment_seconds: u64::from(parts.encoder.segment_seconds.max(1)),
            keep_remote_ms: parts.config.keep_remote_ms,
            encrypt: parts.playback.encrypt,
            rotation_ms: parts.playback.key_rotation_ms,
        },
        states: Mutex::default(),
        blind: AtomicBool::new(false),
        config: parts.config,
    }
}

/// What panics at once when it is taken up must not do so without end.
const REST: Duration = Duration::from_millis(500);

/// Hands what was found to the event's desk.
struct Router {
    shared: Arc<Shared>,
    desks: HashMap<EventSlug, UnboundedSender<Found>>,
    recall: Recall,
    /// Where desks that end say so.
    farewells: UnboundedSender<EventSlug>,
}

/// Says that a desk has ended, once nothing can be told to it any more.
struct Farewell(EventSlug, UnboundedSender<EventSlug>);

impl Drop for Farewell {
    fn drop(&mut self) {
        // Nobody hears it when the publisher itself has ended.
        drop(self.1.send(self.0.clone()));
    }
}

impl Router {
    async fn run(
        mut self,
        remembered: Vec<EventSlug>,
        mut found: UnboundedReceiver<Found>,
        mut ended: UnboundedReceiver<EventSlug>,
    ) {
        for event in remembered {
            self.desk(&event);
        }
        loop {
            let found = tokio::select! {
                found = found.recv() => found,
                Some(event) = ended.recv() => {
                    self.desk_ended(&event);
                    continue;
                }
                () = self.shared.draining.cancelled() => None,
            };
            let Some(found) = found else {
                if !self.shared.is_stopping() {
                    self.shared.blind.store(true, Ordering::Relaxed);
                    tracing::error!(
                        "the thread that watches the HLS folder has ended: nothing new is published until a \
                        restart"
                    );
                }
                return;
            };
            let event = found.spot().event.clone();
            if let Err(unheard) = self.desk(&event).send(found)
                && !self.shared.is_stopping()
            {
                // Where the next desk has ended too, its farewell comes.
                drop(self.replace_desk(&event).send(unheard.0));
            }
        }
    }

    /// A desk has ended. What it was told while it panicked is lost with it, so that the next news are not waited for.
    fn desk_ended(&mut self, event: &EventSlug) {
        if !self.shared.is_stopping() && self.desks.get(event).is_some_and(UnboundedSender::is_closed) {
            self.replace_desk(event);
        }
    }

    /// A desk ends by itself only by a panic. What it was told and had not stored is found again by the next walk.
    fn replace_desk(&mut self, event: &EventSlug) -> &UnboundedSender<Found> {
        tracing::error!(%event, "the event's desk has panicked; the event is taken up again from its journal");
        self.desks.remove(event);
        self.recall.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone());
        self.desk_after(event, REST)
    }

    fn desk(&mut self, event: &EventSlug) -> &UnboundedSender<Found> {
        self.desk_after(event, Duration::ZERO)
    }

    /// The event's desk; where it has none, one that begins after so long.
    fn desk_after(&mut self, event: &EventSlug, pause: Duration) -> &UnboundedSender<Found> {
        let (shared, farewells) = (&self.shared, &self.farewells);
        self.desks.entry(event.clone()).or_insert_with(|| {
            let (news_in, news) = unbounded_channel();
            let farewell = Farewell(event.clone(), farewells.clone());
            let work = take_up(Arc::clone(shared), event.clone(), news);
            shared.spawn(async move {
                let _after_it = farewell;
                tokio::time::sleep(pause).await;
                work.await;
            });
            news_in
        })
    }
}
