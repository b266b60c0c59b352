//! The tail of the outbox.

use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::window::{REMEMBER_FOR, Window};
use crate::clock::SharedClock;
use crate::store::outbox::{self, Fact};
use crate::store::{Conn, Store, StoreError};

/// `SQLite`: how often other processes' commits are looked for; one PRAGMA, no I/O when nothing changed.
const LOOK_SQLITE: Duration = Duration::from_millis(100);
/// `PostgreSQL`: how often other processes' facts are looked for.
const LOOK_POSTGRES: Duration = Duration::from_millis(500);
/// A database that is away is asked again after this.
const LOOK_AWAY: Duration = Duration::from_secs(1);
/// The longest sleep, so that a drain does not wait.
const NAP: Duration = Duration::from_millis(100);
/// Facts a subscriber may lag behind; then it must read the state itself.
const QUEUE_LEN_MAX: usize = 1_024;
/// Facts are kept this long.
const KEEP_MS: i64 = 24 * 60 * 60 * 1_000;
/// Time between prunings.
const PRUNE_EVERY: Duration = Duration::from_secs(600);

/// Announces facts to this process.
#[derive(Clone, Debug)]
pub struct Bus {
    facts: broadcast::Sender<Arc<Fact>>,
    ready: watch::Receiver<bool>,
}

impl Bus {
    /// Starts the tail. Facts committed after its first look are announced; it ends with `cancel`.
    #[must_use]
    pub fn start(store: &Store, clock: &SharedClock, tracker: &TaskTracker, cancel: &CancellationToken) -> Self {
        let (ready_said, ready) = watch::channel(false);
        let bus = Self { facts: broadcast::channel(QUEUE_LEN_MAX).0, ready };
        let tail = Tail {
            store: store.clone(),
            clock: Arc::clone(clock),
            facts: bus.facts.clone(),
            ready: ready_said,
            cancel: cancel.clone(),
            window: None,
            away: false,
        };
        tracker.spawn_blocking(move || tail.run());
        bus
    }

    /// Hears every fact announced from now on. `Lagged` means facts were lost: read the state they are about.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Fact>> {
        self.facts.subscribe()
    }

    /// Waits for the first look. With the database away this takes until it is back.
    pub async fn ready(&self) {
        // An error means the tail has ended; nothing will be announced then, and nobody needs to wait.
        drop(self.ready.clone().wait_for(|ready| *ready).await);
    }
}

struct Tail {
    store: Store,
    clock: SharedClock,
    facts: broadcast::Sender<Arc<Fact>>,
    ready: watch::Sender<bool>,
    cancel: CancellationToken,
    window: Option<Window>,
    away: bool,
}

/// A connection and the `SQLite` data version last looked at.
struct Link {
    conn: Conn,
    version: Option<i64>,
}

#[derive(QueryableByName)]
struct DataVersion {
    #[diesel(sql_type = BigInt)]
    data_version: i64,
}

impl Tail {
    fn run(mut self) {
        let commits = self.store.commits();
        let mut link = None;
        let mut seen = commits.count();
        let mut pruned: Option<Instant> = None;
        while !self.cancel.is_cancelled() {
            let pause = match self.step(&mut link) {
                Ok(pause) => {
                    if self.away {
                        tracing::info!("the outbox can be read again");
                    }
                    self.away = false;
                    pause
                }
                Err(error) => {
                    link = None;
                    if !self.away {
                        tracing::warn!(%error, "the outbox cannot be read: facts of other processes wait");
                    }
                    self.away = true;
                    LOOK_AWAY
                }
            };
            if !self.away && pruned.is_none_or(|at| at.elapsed() > PRUNE_EVERY) {
                pruned = Some(Instant::now());
                self.prune();
            }
            let until = Instant::now() + pause;
            loop {
                let left = until.saturating_duration_since(Instant::now());
                let count = commits.wait_past(seen, left.min(NAP));
                if count != seen || left <= NAP || self.cancel.is_cancelled() {
                    seen = count;
                    break;
                }
            }
        }
    }

    /// One look. Returns how long the next may wait.
    fn step(&mut self, link: &mut Option<Link>) -> Result<Duration, StoreError> {
        let link = match link {
            Some(link) => link,
            None => link.insert(Link { conn: self.store.connect()?, version: None }),
        };
        let pause = match &mut link.conn {
            Conn::Sqlite(conn) => {
                let now = diesel::sql_query("PRAGMA data_version").get_result::<DataVersion>(conn)?.data_version;
                if link.version == Some(now) && self.window.is_some() {
                    return Ok(LOOK_SQLITE);
                }
                // Looked up before the rows are read: a commit in between is seen at the next look.
                link.version = Some(now);
                LOOK_SQLITE
            }
            Conn::Postgres(_) => LOOK_POSTGRES,
        };
        if let Err(error) = self.announce(&mut link.conn) {
            link.version = None;
            return Err(error);
        }
        Ok(pause)
    }

    fn announce(&mut self, conn: &mut Conn) -> Result<(), StoreError> {
        let now = Instant::now();
        let Some(window) = &mut self.window else {
            let remember_ms = i64::try_from(REMEMBER_FOR.as_millis()).unwrap_or(i64::MAX);
            let floor = outbox::last_id_before(conn, self.clock.now().plus_ms(-remember_ms))?;
            self.window = Some(Window::new(floor, &outbox::list_ids_after(conn, floor)?, now));
            self.ready.send_replace(true);
            return Ok(());
        };
        let fresh = window.fresh(&outbox::list_ids_after(conn, window.floor())?);
        if !fresh.is_empty() {
            let facts = outbox::list(conn, &fresh)?;
            for id in &fresh {
                window.mark(*id, now);
            }
            for fact in facts {
                // Nobody may be listening yet.
                drop(self.facts.send(Arc::new(fact)));
            }
        }
        window.settle(now);
        Ok(())
    }

    fn prune(&self) {
        let before = self.clock.now().plus_ms(-KEEP_MS);
        match self.store.write_now(move |conn| outbox::prune(conn, before)) {
            Ok(_) => {}
            Err(error) => tracing::debug!(%error, "old facts were not removed this time"),
        }
    }
}
