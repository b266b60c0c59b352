//! The desk of one event: the task that feeds the plan and does what it says.
//!
//! Facts are journaled before anything that follows from them is done. Where the disk refuses the journal, the picture
//! goes on all the same: what is published can be read back from the store, and the journal is made good by the next
//! snapshot that succeeds.

mod landing;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::Instant;

use self::landing::{Done, put_list};
use super::facts::StreamFacts;
use super::intake::Intake;
use super::journal::Journal;
use super::meters;
use super::plan::{Action, Event, ListId, Listing, Moment, Plan};
use super::prune::{self, Spares};
use super::publisher::{EventState, Shared};
use super::record::Record;
use super::spool::Ignored;
use super::trouble::Trouble;
use super::uploader::{self, Queue, backoff_ms, jittered};
use super::watch::Found;
use crate::ids::{EventSlug, RunId};
use crate::objects::ObjectKey;

/// Time between looks at the facts and deadlines while something is going on.
const BUSY: Duration = Duration::from_millis(100);

/// The same while nothing is.
const QUIET: Duration = Duration::from_millis(500);

/// News taken in before the plan ticks.
const BATCH_MAX: usize = 512;

/// One event's task.
pub struct Desk {
    shared: Arc<Shared>,
    event: EventSlug,
    plan: Plan,
    facts: StreamFacts,
    intake: Intake,
    journal: Arc<Mutex<Journal>>,
    journal_fails: bool,
    queue: Queue,
    spares: Spares,
    done: UnboundedReceiver<Done>,
    done_in: UnboundedSender<Done>,
    began: Instant,
    /// When the segments that are not listed yet were closed.
    closed: HashMap<(usize, u64), Instant>,
    list_failures: HashMap<ListId, u32>,
    trouble: Trouble,
}

impl Desk {
    /// A desk that goes on from a plan and its journal.
    #[must_use]
    pub fn new(shared: Arc<Shared>, event: EventSlug, plan: Plan, journal: Journal, facts: StreamFacts) -> Self {
        let (done_in, done) = unbounded_channel();
        let queue = Queue::new(shared.config.concurrency);
        let spares = Spares::new(Duration::from_millis(shared.config.keep_local_ms));
        Self {
            event,
            plan,
            facts,
            intake: Intake::default(),
            journal: Arc::new(Mutex::new(journal)),
            journal_fails: false,
            queue,
            spares,
            done,
            done_in,
            began: Instant::now(),
            closed: HashMap::new(),
            list_failures: HashMap::new(),
            trouble: Trouble::default(),
            shared,
        }
    }

    fn now(&self) -> Moment {
        let ms = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        Moment { ms, wall: self.shared.clock.now() }
    }

    /// Works until the publisher drains and nothing is on its way.
    pub async fn run(mut self, mut news: UnboundedReceiver<Found>) {
        // Whoever listens has been started anew too.
        if let Some(report) = self.plan.reported() {
            self.shared.reports.report(&self.event, report.clone());
        }
        let mut actions = self.plan.step(self.now(), Event::Facts(self.facts.clone()));
        let mut news_open = true;
        loop {
            actions.extend(self.plan.step(self.now(), Event::Tick));
            self.act(std::mem::take(&mut actions)).await;
            let draining = self.shared.draining.is_cancelled();
            if draining && self.queue.in_flight() == 0 && !self.plan.lists_in_flight() && !self.plan.lists_behind() {
                break;
            }
            if !draining {
                self.dispatch();
            }
            self.show();
            let pause = if self.is_busy() { BUSY } else { QUIET };
            tokio::select! {
                found = news.recv(), if news_open && !draining => match found {
                    Some(found) => {
                        // First, so that a new epoch begins with this very segment.
                        actions.extend(self.look_at_facts());
                        actions.extend(self.found(found));
                    }
                    // No more news: the publisher drains.
                    None => news_open = false,
                },
                Some(done) = self.done.recv() => actions.extend(self.landed(done)),
                () = tokio::time::sleep(pause) => self.prune(),
                () = self.shared.draining.cancelled(), if !draining => {}
            }
            // One playlist for all that is known by now.
            for _ in 0..BATCH_MAX {
                if let Ok(done) = self.done.try_recv() {
                    actions.extend(self.landed(done));
                } else if draining {
                    break;
                } else if let Ok(found) = news.try_recv() {
                    actions.extend(self.found(found));
                } else {
                    break;
                }
            }
            actions.extend(self.look_at_facts());
        }
        self.snapshot().await;
    }

    fn is_busy(&self) -> bool {
        self.queue.len() > 0 || self.plan.lists_in_flight() || self.plan.lists_behind()
    }

    fn look_at_facts(&mut self) -> Vec<Action> {
        match self.shared.facts.stream_facts(&self.event) {
            Some(facts) if facts != self.facts => {
                self.facts = facts.clone();
                self.plan.step(self.now(), Event::Facts(facts))
            }
            // An event that cannot be read now keeps its last facts.
            _ => Vec::new(),
        }
    }

    fn found(&mut self, found: Found) -> Vec<Action> {
        let spot = found.spot();
        let Some(rung) = self.plan.timeline().rung(&spot.rendition) else {
            meters::ignored(Ignored::NotInLadder);
            return Vec::new();
        };
        let is_known = self.plan.knows_run(&spot.run);
        let now = self.now();
        let events = self.intake.take(found, rung, is_known);
        events.into_iter().flat_map(|event| self.plan.step(now, event)).collect()
    }

    fn path(&self, run: &RunId, rung: usize, file: &str) -> PathBuf {
        let rendition = self.plan.timeline().rendition(rung).map_or("", |rendition| rendition.as_str());
        self.shared.config.hls_dir.join(self.event.as_str()).join(run.as_str()).join(rendition).join(file)
    }

    /// Does what the plan says: facts first, then what follows from them.
    async fn act(&mut self, actions: Vec<Action>) {
        let records: Vec<Record> = actions
            .iter()
            .filter_map(|action| match action {
                Action::Record(record) => Some(record.clone()),
                _ => None,
            })
            .collect();
        if !records.is_empty() {
            self.remember(records).await;
        }
        for action in actions {
            match action {
                Action::Record(_) => {}
                Action::Put(upload) => {
                    if !upload.uncertain {
                        self.closed.insert((upload.rung, upload.index), Instant::now());
                    }
                    let path = self.path(&upload.run, upload.rung, &upload.file);
                    let rank = self.shared.ranks.get(upload.rung).copied().unwrap_or(0);
                    self.queue.push(upload, path, rank);
                }
                Action::Publish(listing) => self.publish(listing),
                Action::Report(report) => {
                    tracing::info!(event = %self.event, status = report.status.as_str(), "stream status");
                    self.shared.reports.report(&self.event, report);
                }
                Action::Spare { run, rung, file } => {
                    let path = self.path(&run, rung, &file);
                    self.spares.push(path, Instant::now());
                }
                Action::Listed { rung, from, until } => {
                    for index in from..until {
                        if let Some(closed) = self.closed.remove(&(rung, index)) {
                            meters::listed(&self.event, closed.elapsed());
                        }
                    }
                }
                Action::Gapped { index, rung } => self.gapped(index, rung),
                Action::Remove { until, keys } => self.remove(until, keys),
                Action::Ignore(reason) => meters::ignored(reason),
            }
        }
    }

    fn gapped(&mut self, index: u64, rung: usize) {
        self.closed.remove(&(rung, index));
        if let Some(rendition) = self.plan.timeline().rendition(rung) {
            tracing::warn!(event = %self.event, %rendition, index, "a segment missed its deadline and is listed as a gap");
            meters::gap(&self.event, rendition);
        }
    }

    /// Journals facts. Blocking work on a thread for it.
    async fn remember(&mut self, records: Vec<Record>) {
        let journal = Arc::clone(&self.journal);
        let write = move || {
            let mut journal = journal.lock().unwrap_or_else(PoisonError::into_inner);
            let result = journal.append(&records);
            (result, journal.wants_snapshot())
        };
        let (result, wants_snapshot) = match tokio::task::spawn_blocking(write).await {
            Ok(told) => told,
            Err(error) => (Err(std::io::Error::other(error)), true),
        };
        self.journal_went(result);
        if wants_snapshot {
            self.snapshot().await;
        }
    }

    async fn snapshot(&mut self) {
        let journal = Arc::clone(&self.journal);
        let records = self.plan.records();
        let write = move || journal.lock().unwrap_or_else(PoisonError::into_inner).snapshot(records);
        let result = tokio::task::spawn_blocking(write).await.unwrap_or_else(|error| Err(std::io::Error::other(error)));
        self.journal_went(result);
    }

    fn journal_went(&mut self, result: std::io::Result<()>) {
        match result {
            Ok(()) => {
                if std::mem::take(&mut self.journal_fails) {
                    tracing::info!(event = %self.event, "the journal is written again");
                }
            }
            Err(error) => {
                if !std::mem::replace(&mut self.journal_fails, true) {
                    tracing::error!(event = %self.event, %error, "the journal cannot be written; the stream goes on, and a \
                        restart now would have to ask the object store. Free the disk of uploader.state_file");
                }
            }
        }
    }

    /// Sends segments while there is room.
    fn dispatch(&mut self) {
        let window_from = self.plan.window_from();
        loop {
            let Ok(permit) = Arc::clone(&self.shared.permits).try_acquire_owned() else { return };
            let Some(job) = self.queue.next(Instant::now(), window_from) else { return };
            let (shared, done, event) = (Arc::clone(&self.shared), self.done_in.clone(), self.event.clone());
            self.shared.spawn(async move {
                let (objects, keys) = (shared.objects.as_ref(), shared.keys.as_ref());
                let deadline_ms = shared.config.segment_deadline_ms;
                let outcome = uploader::try_once(objects, keys, &event, &job, deadline_ms).await;
                drop(permit);
                // The desk outlives what it sent, unless all is being killed.
                drop(done.send(Done::Segment(job, outcome)));
            });
        }
    }

    fn publish(&self, listing: Listing) {
        let (shared, done, event) = (Arc::clone(&self.shared), self.done_in.clone(), self.event.clone());
        self.shared.spawn(async move {
            let id = listing.id.clone();
            let began = Instant::now();
            let result = put_list(&shared, event, listing).await;
            drop(done.send(Done::List(id, result, began.elapsed())));
        });
    }

    fn remove(&self, until: u64, keys: Vec<ObjectKey>) {
        let (shared, done) = (Arc::clone(&self.shared), self.done_in.clone());
        self.shared.spawn(async move {
            for key in keys {
                let mut failures = 0;
                while let Err(error) = shared.objects.delete(&key).await {
                    tracing::debug!(%key, %error, "an old object cannot be removed yet");
                    let wait = jittered(backoff_ms(failures, 30_000), shared.random.as_ref());
                    failures += 1;
                    tokio::time::sleep(Duration::from_millis(wait)).await;
                }
            }
            drop(done.send(Done::Removed(until)));
        });
    }

    fn prune(&mut self) {
        let files = self.spares.due(Instant::now());
        if !files.is_empty() {
            let newest = self.plan.newest_run().cloned();
            self.shared.tracker.spawn_blocking(move || prune::sweep(&files, newest.as_ref()));
        }
    }

    /// Shows the state to whoever asks for health or metrics.
    fn show(&self) {
        let listed_at = self.plan.listed_at().map(|ms| self.began + Duration::from_millis(ms));
        meters::state(&self.event, listed_at.map(|at| at.elapsed()), self.queue.len());
        let state = EventState {
            status: self.plan.reported().map(|report| report.status).unwrap_or_default(),
            listed_at,
            queue_len: self.queue.len(),
            store_failing_since: self.trouble.since(),
            waits_for_store: false,
            journal_fails: self.journal_fails,
            lacks_keys: self.trouble.is_without_keys(),
        };
        self.shared.show(&self.event, state);
    }
}
