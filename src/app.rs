//! The composition root: builds the parts, starts and stops them. Used by `serve`, by `demo` and by every test.
//!
//! Order of starting: what the picture needs first (mirror from disk, publisher, encoders, door), then what may be
//! down (database). Order of stopping: say "come back", stop taking, let FFmpeg end its segment, publish it, close.

mod crowd;
mod database;
mod gate;
mod polls;
mod presence;
mod wiring;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::{SharedClock, SystemClock};
use crate::cluster::Bus;
use crate::cluster::presence::Presence;
use crate::config::{Config, Loaded};
use crate::events::{Mirror, Secrets, SharedMirror, StreamKeys, mirror_path};
use crate::hub::Hub;
use crate::ids::{RowId, SharedRandom, SystemRandom};
use crate::ingest::door::{self, Door};
use crate::ingest::hook::HookLimits;
use crate::objects;
use crate::store::Store;
use crate::stream::encoder::Encoders;
use crate::stream::facts::SharedReports;
use crate::stream::{Publisher, PublisherParts};
use crate::web::hooks::ingest::HookParts;
use crate::web::{self, HealthBoard, Parts, Server, Site, StreamBoard};

/// Why the app did not start: one sentence that says what to change.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StartError(String);

impl StartError {
    /// From whatever says why.
    pub fn new(why: impl std::fmt::Display) -> Self {
        Self(why.to_string())
    }
}

/// A running app.
#[derive(Debug)]
pub struct App {
    server: Server,
    door: Option<Door>,
    encoders: Encoders,
    publisher: Option<Arc<Publisher>>,
    health: Arc<HealthBoard>,
    draining: CancellationToken,
    stopping: CancellationToken,
    tracker: TaskTracker,
    stop_within: Duration,
    mirror: SharedMirror,
}

impl App {
    /// Builds and starts everything that the configuration asks for.
    ///
    /// # Errors
    /// What stands in the way, in one sentence. A database that is down does not.
    pub async fn start(loaded: &Loaded) -> Result<Self, StartError> {
        let config = Arc::new(loaded.config.clone());
        let clock: SharedClock = Arc::new(SystemClock);
        let random: SharedRandom = Arc::new(SystemRandom::default());
        let tracker = TaskTracker::new();
        let (draining, stopping) = (CancellationToken::new(), CancellationToken::new());
        let secret = loaded.secret_key().map_err(StartError::new)?;
        // Before anything counts: what is counted or described earlier is lost.
        web::metrics::install();

        let store = Store::open(&config.database).map_err(StartError::new)?;
        let standing = database::judge(&store, &secret, &tracker, &stopping).await?;

        let mirror: SharedMirror = Arc::new(Mirror::open(mirror_path(&config)));
        let hub = Arc::new(Hub::default());
        let streams = Arc::new(StreamBoard::default());
        let secrets = Secrets::new(&secret, &random);
        database::know_events(&mirror, &secrets, (&store, &standing)).await;
        let accounts = wiring::accounts(&config, &store, (&clock, &random), &secret, &tracker)?;
        let gate = gate::open((&config, &store, &clock), &accounts, &mirror, &secrets);
        let site = Site {
            config: config.clone(),
            mirror: mirror.clone(),
            hub: hub.clone(),
            clock: clock.clone(),
            streams: streams.clone(),
            pages: Arc::default(),
            till: wiring::till(&config, &store, &clock, &random, &secret)?,
            crowd: crowd::open(&config, &store, &clock, &random)?,
            overlay_keys: crate::events::OverlayKeyCodes::new(&secret),
            presence: Presence::new(RowId::new(clock.now(), random.as_ref()), config.cluster.node_name()),
            turnstile: Arc::default(),
            polls: crate::polls::Board::new(&store),
            shelf: Arc::default(),
            sandbox: wiring::sandbox(&config, &store, &clock, &random, &secret)?,
            accounts,
            gate,
            beacons: Arc::default(),
            forms: web::csrf::FormTokens::new(&secret),
            draining: draining.clone(),
        };

        let reports = || wiring::Reports::start(&site, (&store, &standing), &tracker, stopping.clone());
        let publisher = start_publisher(&site, &secrets, &random, reports).await?;

        let encoders =
            Encoders::new(config.encoder.clone(), config.uploader.hls_dir.clone(), clock.clone(), random.clone());
        let keys = StreamKeys::new(&secret, mirror.clone());
        let door = open_door(&config, &keys, &mirror, &encoders)?;

        let bus = Bus::start(&store, &clock, &tracker, &stopping);
        wiring::follow_database(&mirror, &secrets, (&store, &standing), &bus, &tracker, stopping.clone());
        gate::keep(&site.gate, &standing, &bus, &tracker, &stopping);
        wiring::announce(&site, &tracker, stopping.clone());
        crowd::announce(&site, &bus, &tracker, &stopping);
        polls::announce(&site, &bus, &tracker, &stopping);
        presence::keep(&site, (&store, &standing), &tracker, &stopping);
        wiring::do_jobs(&site, (&store, &standing), &random, &tracker, stopping.clone());
        wiring::prune_accounts(&site, &standing, &tracker, stopping.clone());

        let health = Arc::new(HealthBoard::new(config.cluster.node_name()));
        wiring::watch_health(&health, (&store, &standing), publisher.as_ref(), &site, &tracker, stopping.clone());

        let stop_within = Duration::from_millis(config.server.shutdown_timeout_ms);
        let parts =
            Parts { site, health: health.clone(), hook: HookParts { keys, limits: Arc::new(HookLimits::default()) } };
        let server = Server::start(config.server.listen, parts, stop_within, &tracker)
            .map_err(|error| listen_error(config.server.listen, &error))?;
        tracing::info!(address = %server.address(), public_url = config.server.public_url, "serving");
        Ok(Self { server, door, encoders, publisher, health, draining, stopping, tracker, stop_within, mirror })
    }

    /// Where the HTTP server listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Where the RTMP door listens, when it is open.
    #[must_use]
    pub fn door_address(&self) -> Option<SocketAddr> {
        self.door.as_ref().map(Door::local_addr)
    }

    /// Whether somebody publishes `event` through the door now.
    #[must_use]
    pub fn is_publishing(&self, event: &crate::ids::EventSlug) -> bool {
        self.door.as_ref().is_some_and(|door| door.is_live(event))
    }

    /// Encoders of this process, for the demo's test picture.
    #[must_use]
    pub const fn encoders(&self) -> &Encoders {
        &self.encoders
    }

    /// Events as last known.
    #[must_use]
    pub const fn mirror(&self) -> &SharedMirror {
        &self.mirror
    }

    /// Drains within `server.shutdown_timeout_ms`: says "come back", takes nothing new, lets FFmpeg end its segment,
    /// finishes PUTs in flight and flushes the journal. Returns whether everything ended in time.
    pub async fn stop(self) -> bool {
        let deadline = Instant::now() + self.stop_within;
        self.health.drain();
        self.draining.cancel();
        let picture = async {
            if let Some(door) = self.door {
                door.drain().await;
            }
            self.encoders.stop_all().await;
            if let Some(publisher) = &self.publisher {
                publisher.drain(deadline.saturating_duration_since(Instant::now())).await;
            }
        };
        let (picture, server) = tokio::join!(timeout_at(deadline, picture), timeout_at(deadline, self.server.stop()));
        self.stopping.cancel();
        self.tracker.close();
        let rest = timeout_at(deadline.max(Instant::now() + Duration::from_millis(500)), self.tracker.wait()).await;
        let in_time = picture.is_ok() && server.is_ok() && rest.is_ok();
        if in_time {
            tracing::info!("stopped");
        } else {
            tracing::warn!("stopped at the deadline of server.shutdown_timeout_ms with work left");
        }
        in_time
    }
}

/// The publisher, when this node publishes; `reports` is where it says how the picture stands.
async fn start_publisher(
    site: &Site,
    secrets: &Secrets,
    random: &SharedRandom,
    reports: impl FnOnce() -> SharedReports,
) -> Result<Option<Arc<Publisher>>, StartError> {
    let config = &site.config;
    if !config.uploader.enabled {
        return Ok(None);
    }
    let parts = PublisherParts {
        config: config.uploader.clone(),
        encoder: config.encoder.clone(),
        objects: objects::open(&config.objects).map_err(StartError::new)?,
        facts: Arc::new(wiring::Facts(site.mirror.clone())),
        keys: Arc::new(wiring::Keys { mirror: site.mirror.clone(), secrets: secrets.clone() }),
        playback: config.playback.clone(),
        key_address: config.address_on(&config.hosts.api).unwrap_or_else(|| config.server.public_url.clone()),
        reports: reports(),
        clock: site.clock.clone(),
        random: random.clone(),
    };
    Ok(Some(Arc::new(Publisher::start(parts).await.map_err(StartError::new)?)))
}

/// The RTMP door, where it is asked for.
fn open_door(
    config: &Config,
    keys: &StreamKeys,
    mirror: &SharedMirror,
    encoders: &Encoders,
) -> Result<Option<Door>, StartError> {
    if !config.ingest.enabled {
        return Ok(None);
    }
    let parts = door::Parts {
        config: config.ingest.clone(),
        keys: keys.clone(),
        mirror: mirror.clone(),
        feeds: Arc::new(encoders.clone()),
    };
    Door::start(parts).map(Some).map_err(StartError::new)
}

fn listen_error(address: SocketAddr, error: &io::Error) -> StartError {
    StartError(format!("The server cannot listen on {address} (server.listen): {error}."))
}

/// Runs `serve` until SIGTERM or SIGINT. Returns the exit code.
#[must_use]
pub fn serve(loaded: &Loaded) -> u8 {
    run(async {
        let mut stop = StopSignals::listen()?;
        let app = tokio::select! {
            started = App::start(loaded) => started?,
            () = stop.asked() => return Ok(()),
        };
        stop.asked().await;
        app.stop().await;
        Ok(())
    })
}

/// Runs a future on a runtime of its own; prints why it failed. Returns the exit code.
#[expect(clippy::print_stderr, reason = "the one sentence of a command that failed")]
pub fn run(work: impl Future<Output = Result<(), StartError>>) -> u8 {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("The runtime did not start: {error}.");
            return 1;
        }
    };
    let code = match runtime.block_on(work) {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("{error}");
            1
        }
    };
    runtime.shutdown_timeout(Duration::from_secs(1));
    code
}

/// SIGTERM and SIGINT, heard from the moment this is made.
#[derive(Debug)]
pub struct StopSignals {
    term: Signal,
    int: Signal,
}

impl StopSignals {
    /// Begins to listen: make it before anything that a stop must clean up. Call it within a Tokio runtime.
    ///
    /// # Errors
    /// Signals cannot be listened to.
    pub fn listen() -> Result<Self, StartError> {
        let hear = |kind| signal(kind).map_err(StartError::new);
        Ok(Self { term: hear(SignalKind::terminate())?, int: hear(SignalKind::interrupt())? })
    }

    /// Waits for one of them.
    pub async fn asked(&mut self) {
        tokio::select! {
            _ = self.term.recv() => {}
            _ = self.int.recv() => {}
        }
    }
}
