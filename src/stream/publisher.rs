//! The publisher: watches FFmpeg's folder and gives every event a desk.

use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::desk::Desk;
use super::error::PublisherError;
use super::facts::{SharedFacts, SharedReports, StreamFacts, StreamStatus};
use super::journal::{Journal, Remembered};
use super::plan::{Plan, Rules};
use super::rebuild;
use super::record::Record;
use super::watch::{self, Found};
use crate::clock::{Micros, SharedClock};
use crate::config;
use crate::ids::{Epoch, EventSlug, RenditionName, SharedRandom};
use crate::objects::SharedObjects;

/// Deadline of reading our own playlists back.
const LOOK: Duration = Duration::from_secs(5);

/// Time between tries while something must be waited for before an event can be published.
const WAIT: Duration = Duration::from_millis(500);

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
    pub(super) reports: SharedReports,
    pub(super) clock: SharedClock,
    pub(super) random: SharedRandom,
    pub(super) permits: Arc<Semaphore>,
    pub(super) tracker: TaskTracker,
    pub(super) draining: CancellationToken,
    killed: CancellationToken,
    rules: Rules,
    states: Mutex<BTreeMap<EventSlug, EventState>>,
}

impl Shared {
    /// Runs a task that dies with the publisher.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let killed = self.killed.clone();
        self.tracker.spawn(async move {
            killed.run_until_cancelled(task).await;
        });
    }

    pub(super) fn show(&self, event: &EventSlug, state: EventState) {
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        states.insert(event.clone(), state);
    }

    fn names(&self) -> Vec<RenditionName> {
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
}

/// How the publisher fares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PublisherHealth {
    /// Every event it has taken up, by name.
    pub events: Vec<EventHealth>,
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
    #[expect(clippy::unused_async, reason = "must be called within a runtime; stays so when starting has to wait")]
    pub async fn start(parts: PublisherParts) -> Result<Self, PublisherError> {
        if parts.encoder.renditions.is_empty() {
            return Err(PublisherError::NoLadder);
        }
        let state_file = parts.config.state_file.clone();
        let bad_state = |source| PublisherError::StateFile { path: state_file.clone(), source };
        if let Some(folder) = state_file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(bad_state)?;
        }
        let remembered = Journal::list(&state_file).map_err(bad_state)?;
        let (found_in, found) = unbounded_channel();
        let unwatch = CancellationToken::new();
        let watcher = watch::start(&parts.config, Arc::clone(&parts.clock), found_in, unwatch.clone())
            .map_err(|source| PublisherError::HlsDir { path: parts.config.hls_dir.clone(), source })?;
        let shared = Arc::new(share(parts));
        let router = Router { shared: Arc::clone(&shared), desks: HashMap::new() };
        shared.spawn(router.run(remembered, found));
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
        };
        PublisherHealth { events: states.iter().map(health).collect() }
    }

    /// Takes nothing new, finishes what is on its way, lists it and writes the journal; at the deadline what is left
    /// is dropped, and the next start goes on from there.
    pub async fn drain(&self, deadline: Duration) {
        self.unwatch.cancel();
        self.shared.draining.cancel();
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
        self.unwatch.cancel();
        self.shared.killed.cancel();
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
        },
        states: Mutex::default(),
        config: parts.config,
    }
}

/// Hands what was found to the event's desk.
struct Router {
    shared: Arc<Shared>,
    desks: HashMap<EventSlug, UnboundedSender<Found>>,
}

impl Router {
    async fn run(mut self, remembered: Vec<EventSlug>, mut found: UnboundedReceiver<Found>) {
        for event in remembered {
            self.desk(&event);
        }
        loop {
            let found = tokio::select! {
                found = found.recv() => found,
                () = self.shared.draining.cancelled() => None,
            };
            let Some(found) = found else { return };
            let event = found.spot().event.clone();
            // A desk that has ended was killed with everything else.
            drop(self.desk(&event).send(found));
        }
    }

    fn desk(&mut self, event: &EventSlug) -> &UnboundedSender<Found> {
        let shared = &self.shared;
        self.desks.entry(event.clone()).or_insert_with(|| {
            let (news_in, news) = unbounded_channel();
            shared.spawn(take_up(Arc::clone(shared), event.clone(), news));
            news_in
        })
    }
}

/// Takes an event up: waits for its facts, reads its journal, compares it with the store, and goes on from there.
async fn take_up(shared: Arc<Shared>, event: EventSlug, news: UnboundedReceiver<Found>) {
    let opened = async {
        let facts = wait_for_facts(&shared, &event).await;
        let (journal, remembered) = open_journal(&shared, &event).await;
        let records = catch_up(&shared, &event, &facts, remembered).await;
        (facts, journal, records)
    };
    let (facts, mut journal, records) = tokio::select! {
        opened = opened => opened,
        () = shared.draining.cancelled() => return,
    };
    let plan = Plan::restore(event.clone(), shared.names(), shared.rules.clone(), &records);
    let snapshot = plan.records();
    let written = tokio::task::spawn_blocking(move || {
        if let Err(error) = journal.snapshot(snapshot) {
            tracing::error!(%error, "the journal cannot be written; free the disk of uploader.state_file");
        }
        journal
    });
    // A panic in there is a bug that has been told by the panic itself.
    let Ok(journal) = written.await else { return };
    Desk::new(shared, event, plan, journal, facts).run(news).await;
}

async fn wait_for_facts(shared: &Shared, event: &EventSlug) -> StreamFacts {
    let mut said = false;
    loop {
        if let Some(facts) = shared.facts.stream_facts(event) {
            return facts;
        }
        if !std::mem::replace(&mut said, true) {
            tracing::warn!(%event, "there are files of an event that nobody knows; they wait until it is known");
        }
        tokio::time::sleep(WAIT).await;
    }
}

async fn open_journal(shared: &Shared, event: &EventSlug) -> (Journal, Remembered) {
    let mut said = false;
    loop {
        let (state_file, name) = (shared.config.state_file.clone(), event.clone());
        let opened = tokio::task::spawn_blocking(move || Journal::open(&state_file, &name)).await;
        match opened.unwrap_or_else(|error| Err(std::io::Error::other(error))) {
            Ok(opened) => return opened,
            Err(error) if !std::mem::replace(&mut said, true) => {
                tracing::error!(%event, %error, "the journal cannot be opened; it is tried again");
            }
            Err(_) => {}
        }
        tokio::time::sleep(WAIT).await;
    }
}

/// The facts to go on from: the journal's, put right by what the store's own playlists say. With a journal the store
/// is asked once; without one nothing is published before it has answered, since sequences would begin anew.
async fn catch_up(shared: &Shared, event: &EventSlug, facts: &StreamFacts, remembered: Remembered) -> Vec<Record> {
    let mut records = remembered.records;
    if remembered.lost {
        tracing::error!(%event, "the journal cannot be read and was set aside; the store's own playlists are asked");
    }
    let before = Plan::restore(event.clone(), shared.names(), shared.rules.clone(), &records);
    let last = before.timeline().top().checked_sub(1).and_then(|i| before.timeline().entry(i)?.epoch.into());
    let last = last.and_then(|epoch| before.timeline().epochs.get(epoch).cloned());
    let mut said = false;
    loop {
        let mut epochs: Vec<Epoch> = last.iter().cloned().collect();
        epochs.push(facts.epoch.clone());
        epochs.dedup();
        match timeout(LOOK, compare(shared, event, &before, &epochs)).await {
            Ok(Ok(added)) => {
                if !added.is_empty() {
                    tracing::info!(%event, facts = added.len(), "the timeline was put right by the store's own playlists");
                }
                records.extend(added);
                return records;
            }
            _ if !records.is_empty() => {
                tracing::warn!(%event, "the object store cannot be read; going on from the journal");
                return records;
            }
            failed => {
                if !std::mem::replace(&mut said, true) {
                    let why = failed.map_or_else(|_| "no answer".to_owned(), |failed| failed.err().unwrap_or_default());
                    tracing::error!(%event, why, "there is no journal and the object store cannot be read; nothing is \
                        published until it can, since sequences must not begin anew");
                }
                let state = EventState { waits_for_store: true, ..EventState::default() };
                shared.show(event, state);
            }
        }
        tokio::time::sleep(WAIT).await;
    }
}

async fn compare(shared: &Shared, event: &EventSlug, plan: &Plan, epochs: &[Epoch]) -> Result<Vec<Record>, String> {
    let timeline = plan.timeline();
    let is_new = timeline.top() == timeline.base();
    let names = shared.names();
    for epoch in epochs.iter().rev() {
        let look = |with_dvr| rebuild::look(shared.objects.as_ref(), event, epoch, &names, with_dvr);
        let found = look(is_new).await.map_err(|error| error.to_string())?;
        if found.is_empty() {
            continue;
        }
        let added = rebuild::differences(timeline, &found, shared.clock.now());
        let is_behind = added.iter().any(|record| matches!(record, Record::Index { .. }));
        if is_new || !is_behind {
            return Ok(added);
        }
        // The store is ahead of the journal: the DVR knows what the live window does not.
        let found = look(true).await.map_err(|error| error.to_string())?;
        return Ok(rebuild::differences(timeline, &found, shared.clock.now()));
    }
    Ok(Vec::new())
}
