//! What joins rooms that do not know each other: facts for the publisher, its reports, announcements, health.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::StartError;
use super::database::Standing;
use crate::accounts::{self, Accounts};
use crate::clock::SharedClock;
use crate::cluster::Bus;
use crate::config::{Config, PaymentGateway, SecretKey};
use crate::events::{
    self, AirRangeFacts, EventFacts, EventStatus, FightFacts, RecordedStream, Secrets, SharedMirror, TrimFacts,
    keep_mirror,
};
use crate::flows::{Reconciler, Till, TillParts};
use crate::ids::{Epoch, EventSlug, KeyId, SharedRandom};
use crate::jobs::Runner;
use crate::payments::{self, sandbox::Sandbox};
use crate::store::{Liveness, Store};
use crate::stream::Publisher;
use crate::stream::facts::{
    AirRange, ContentKey, Cuts, FactsSource, FightOnAir, KeySource, ReportSink, SharedReports, StreamFacts,
    StreamReport, StreamStatus, Trim,
};
use crate::web::i18n::Words;
use crate::web::socket::{frame, status_frame};
use crate::web::{Check, Checks, HealthBoard, NodeStatus, Site, metrics};

/// Bounds of the time between two looks for jobs that are due. A stale notice waits no longer than this.
const LOOK_MIN: Duration = Duration::from_millis(20);
const LOOK_MAX: Duration = Duration::from_secs(1);
/// How long the first read of the mirror waits for the outbox's tail.
const TAIL_WAIT: Duration = Duration::from_secs(2);

/// A day in milliseconds.
const DAY_MS: u64 = 86_400_000;

/// Time between two prunings of sessions.
const PRUNE_EVERY: Duration = Duration::from_secs(3_600);

/// The publisher's view of the mirror.
#[derive(Debug)]
pub(super) struct Facts(pub(super) SharedMirror);

impl FactsSource for Facts {
    fn stream_facts(&self, event: &EventSlug) -> Option<StreamFacts> {
        self.0.find(event).map(|event| stream_facts_of(&event))
    }

    fn published_epoch(&self, event: &EventSlug) -> Option<Epoch> {
        self.0.find(event)?.stream.epoch.clone()
    }
}

fn stream_facts_of(event: &EventFacts) -> StreamFacts {
    let fight =
        |fight: &FightFacts| FightOnAir { id: fight.id.clone(), number: fight.number, sold: fight.price_coins.0 > 0 };
    let card: Vec<FightOnAir> = event.fights.iter().map(fight).collect();
    StreamFacts {
        epoch: event.epoch.clone(),
        on_air: event.on_air_fight.and_then(|number| card.iter().find(|fight| fight.number == number).cloned()),
        card,
        interrupted: event.interrupted,
        ended: event.status == EventStatus::Ended,
        cuts: cuts_of(event),
        keep_remote_ms: u64::try_from(event.replay_days).ok().filter(|days| *days > 0).map(|days| days * DAY_MS),
    }
}

fn cuts_of(event: &EventFacts) -> Cuts {
    let range = |range: &AirRangeFacts| AirRange { fight: range.fight, from: range.from, until: range.until };
    let trim = |trim: &TrimFacts| Trim { replay: trim.replay.clone(), from: trim.from, until: trim.until };
    Cuts {
        ranges: event.air_ranges.iter().map(range).collect(),
        hidden: event.hidden.iter().map(|hidden| (hidden.from, hidden.until)).collect(),
        trims: event.trims.iter().map(trim).collect(),
    }
}

/// The content keys of the mirror's events.
#[derive(Debug)]
pub(super) struct Keys {
    pub(super) mirror: SharedMirror,
    pub(super) secrets: Secrets,
}

impl KeySource for Keys {
    fn content_key(&self, event: &EventSlug, id: &KeyId) -> Option<ContentKey> {
        self.secrets.content_key(&*self.mirror.find(event)?, id).map(ContentKey)
    }
}

/// Takes the publisher's reports: tells this node's viewers at once, and the database when it can.
#[derive(Debug)]
pub(super) struct Reports {
    site: Site,
    waiting: Mutex<HashMap<EventSlug, StreamReport>>,
    wake: Notify,
}

impl Reports {
    /// Starts recording in the background.
    pub(super) fn start(
        site: &Site,
        (store, standing): (&Store, &Standing),
        tracker: &TaskTracker,
        stopping: CancellationToken,
    ) -> SharedReports {
        let (store, standing) = (store.clone(), standing.clone());
        let reports = Arc::new(Self { site: site.clone(), waiting: Mutex::default(), wake: Notify::new() });
        let recording = reports.clone();
        tracker.spawn(async move {
            let work = async {
                standing.right().await;
                recording.record_for_ever(&store).await;
            };
            tokio::select! {
                () = work => {}
                () = stopping.cancelled() => if standing.is_right() { recording.record_waiting(&store).await },
            }
        });
        reports
    }

    async fn record_for_ever(&self, store: &Store) {
        loop {
            self.wake.notified().await;
            while !self.is_empty() {
                self.record_waiting(store).await;
                if !self.is_empty() {
                    // The database is away: the newest report of each event waits for it.
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    async fn record_waiting(&self, store: &Store) {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for (slug, report) in waiting {
            let stream = RecordedStream {
                status: report.status.as_str().to_owned(),
                epoch: report.epoch.clone(),
                since: report.since,
                replays: report.replays.clone(),
            };
            match events::record_stream(store, &slug, stream, self.site.clock.now()).await {
                Ok(_) => {
                    let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                    if waiting.get(&slug) == Some(&report) {
                        waiting.remove(&slug);
                    }
                }
                Err(error) => tracing::debug!(event = %slug, %error, "the picture's state is not recorded yet"),
            }
        }
    }
}

impl ReportSink for Reports {
    fn report(&self, event: &EventSlug, report: StreamReport) {
        let last = self.site.streams.find(event);
        self.site.streams.set(event, report.clone());
        self.site.hub.publish(event, status_frame(event, report.status.as_str()));
        if last.is_none_or(|last| last.epoch != report.epoch)
            && let Some(facts) = self.site.mirror.find(event)
        {
            self.site.hub.publish(event, epoch_frame(&self.site, &facts));
        }
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).insert(event.clone(), report);
        self.wake.notify_one();
    }
}

fn epoch_frame(site: &Site, event: &EventFacts) -> crate::hub::Frame {
    let playback = site.playback_of(event);
    let data = serde_json::json!({ "master": playback.master, "dvr": playback.dvr });
    frame("epoch:update", &event.slug, &data)
}

/// Keeps the mirror equal to the database, once that is known to be the right one.
pub(super) fn follow_database(
    mirror: &SharedMirror,
    secrets: &Secrets,
    (store, standing): (&Store, &Standing),
    bus: &Bus,
    tracker: &TaskTracker,
    stopping: CancellationToken,
) {
    let (mirror, store, standing) = (mirror.clone(), store.clone(), standing.clone());
    let (bus, facts, secrets) = (bus.clone(), bus.subscribe(), secrets.clone());
    tracker.spawn(async move {
        let ready = async {
            standing.right().await;
            // What is committed between the first read and the tail's first look would wait for the next read.
            drop(timeout(TAIL_WAIT, bus.ready()).await);
        };
        if stopping.run_until_cancelled(ready).await.is_some() {
            keep_mirror(store, mirror, secrets, facts, stopping).await;
        }
    });
}

/// Tells the rooms what changed in the mirror: fights, and the picture's state where another node publishes.
pub(super) fn announce(site: &Site, tracker: &TaskTracker, stopping: CancellationToken) {
    let site = site.clone();
    let mut versions = site.mirror.changes();
    let mut last = site.mirror.all();
    tracker.spawn(async move {
        loop {
            tokio::select! {
                () = stopping.cancelled() => return,
                changed = versions.changed() => if changed.is_err() { return },
            }
            let now = site.mirror.all();
            for event in now.iter() {
                let before = last.iter().find(|before| before.slug == event.slug);
                if let Some(before) = before {
                    announce_event(&site, before, event);
                }
            }
            last = now;
        }
    });
}

fn announce_event(site: &Site, before: &EventFacts, event: &EventFacts) {
    if before.on_air_fight != event.on_air_fight || before.fights != event.fights {
        let fights: Vec<_> = event
            .fights
            .iter()
            .map(|fight| serde_json::json!({ "id": fight.id, "number": fight.number, "status": fight.status }))
            .collect();
        let data = serde_json::json!({ "on_air_fight": event.on_air_fight, "fights": fights });
        site.hub.publish(&event.slug, frame("fight:update", &event.slug, &data));
    }
    // The publishing node has told its own viewers already.
    if site.streams.find(&event.slug).is_none() && before.stream != event.stream {
        site.hub.publish(&event.slug, status_frame(&event.slug, site.stream_of(event).status.as_str()));
        if before.stream.epoch != event.stream.epoch {
            site.hub.publish(&event.slug, epoch_frame(site, event));
        }
    }
}

/// Refreshes `/health` each second, the first time before it returns.
pub(super) fn watch_health(
    board: &Arc<HealthBoard>,
    (store, standing): (&Store, &Standing),
    publisher: Option<&Arc<Publisher>>,
    site: &Site,
    tracker: &TaskTracker,
    stopping: CancellationToken,
) {
    let (board, store, standing) = (board.clone(), store.clone(), standing.clone());
    let (publisher, site) = (publisher.cloned(), site.clone());
    let checked = check((&store, &standing), publisher.as_deref());
    board.set(checked.0, checked.1);
    tracker.spawn(async move {
        let mut ticks = interval(Duration::from_secs(1));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stopping.cancelled() => return,
                _ = ticks.tick() => {}
            }
            metrics::upkeep();
            if site.draining.is_cancelled() {
                return;
            }
            let (status, checks) = check((&store, &standing), publisher.as_deref());
            board.set(status, checks);
        }
    });
}

fn check((store, standing): (&Store, &Standing), publisher: Option<&Publisher>) -> (NodeStatus, Checks) {
    let answers = !matches!(store.liveness(), Liveness::Down(_));
    let database = Some(Check::of(answers && standing.is_right()));
    let mut checks = Checks { database, uploader: None, objects: None };
    if let Some(health) = publisher.map(Publisher::health) {
        let events = &health.events;
        let stores = events.iter().all(|event| event.store_failing_since.is_none() && !event.waits_for_store);
        let journals = events.iter().all(|event| !event.journal_fails && !event.lacks_keys);
        let live = events.iter().filter(|event| event.status == StreamStatus::Live);
        let age = live.filter_map(|event| event.live_edge_age_ms).max();
        checks.objects = Some(Check::of(stores));
        checks.uploader = Some(Check { age_ms: age, ..Check::of(journals && !health.is_blind) });
    }
    let all = [&checks.database, &checks.uploader, &checks.objects];
    let fine = all.into_iter().flatten().all(|check| check.status == "ok");
    (if fine { NodeStatus::Ok } else { NodeStatus::Degraded }, checks)
}

/// Accounts over the parts of this app, with the way of `[messages]` to send codes.
///
/// # Errors
/// No HTTP client can be made on this machine.
pub(super) fn accounts(
    config: &Config,
    store: &Store,
    (clock, random): (&SharedClock, &SharedRandom),
    secret: &SecretKey,
    tracker: &TaskTracker,
) -> Result<Accounts, StartError> {
    let parts =
        accounts::Parts { store: store.clone(), clock: clock.clone(), random: random.clone(), secret: secret.clone() };
    let default = config.locale.default;
    let outgoing = accounts::Outgoing {
        sender: accounts::open_sender(&config.messages).map_err(StartError::new)?,
        words: accounts::MessageWords::new(move |language, code| {
            Words::new(language, default).with("message-reset-code", "code", code)
        }),
    };
    Ok(Accounts::with_messages(parts, tracker.clone(), outgoing))
}

/// Removes sessions and codes that have expired, once the database has been found to be the right one and every hour
/// from then on.
pub(super) fn prune_accounts(site: &Site, standing: &Standing, tracker: &TaskTracker, stopping: CancellationToken) {
    let (accounts, clock, standing) = (site.accounts.clone(), site.clock.clone(), standing.clone());
    tracker.spawn(stopping.run_until_cancelled_owned(async move {
        standing.right().await;
        loop {
            match accounts.prune(clock.now()).await {
                Ok(rows) => tracing::debug!(rows, "expired sessions and codes are removed"),
                Err(error) => tracing::debug!(%error, "expired sessions were not removed this time"),
            }
            tokio::time::sleep(PRUNE_EVERY).await;
        }
    }));
}

/// The till over the parts of this app.
///
/// # Errors
/// The gateway of `payments.gateway` cannot be used as configured.
pub(super) fn till(
    config: &Config,
    store: &Store,
    clock: &SharedClock,
    random: &SharedRandom,
    secret: &SecretKey,
) -> Result<Till, StartError> {
    let till = Till::new(TillParts {
        store: store.clone(),
        clock: clock.clone(),
        random: random.clone(),
        provider: payments::open_provider(config, secret, store, clock, random).map_err(StartError::new)?,
        order_ttl_minutes: config.payments.order_ttl_minutes,
        site_url: config.address_on(&config.hosts.site).unwrap_or_else(|| config.server.public_url.clone()),
    });
    Ok(till.reconcile_every(config.payments.reconcile_every_ms))
}

/// The sandbox, for its pay page; `None` where another gateway takes the money. It keeps nothing, so that this one and
/// the till's are the same.
///
/// # Errors
/// No HTTP client could be made on this machine.
pub(super) fn sandbox(
    config: &Config,
    store: &Store,
    clock: &SharedClock,
    random: &SharedRandom,
    secret: &SecretKey,
) -> Result<Option<Sandbox>, StartError> {
    if config.payments.gateway != PaymentGateway::Sandbox {
        return Ok(None);
    }
    let sandbox = payments::sandbox::open(config, secret, store, clock, random).map_err(StartError::new)?;
    Ok(Some(sandbox))
}

/// Does the jobs of the database, once that is known to be the right one.
pub(super) fn do_jobs(
    site: &Site,
    (store, standing): (&Store, &Standing),
    random: &SharedRandom,
    tracker: &TaskTracker,
    stopping: CancellationToken,
) {
    let standing = standing.clone();
    let every = Duration::from_millis(site.config.payments.reconcile_every_ms / 4);
    let work = Arc::new(Reconciler::new(site.till.clone()));
    let runner = Runner::new(store, &site.clock, random, work, every.clamp(LOOK_MIN, LOOK_MAX));
    runner.start(async move { standing.right().await }, tracker, stopping);
}
