//! One store, two dialects: connection, read, write, schema, migrations, outbox, audit.
//!
//! Verbs: [`Store::open`], [`Store::read`], [`Store::write`]; [`migrate`] for the schema; [`outbox::append`] and
//! [`audit::append`] inside a write.
//!
//! Invariants:
//! - Opening touches nothing: `serve` starts with the database down, and every call says so quickly until it is back.
//! - A read is one snapshot. A write is one transaction; its closure may run twice, so ids and times come from outside.
//! - `SQLite` has one writer thread per process that commits queued jobs in groups, a savepoint per job; a caller is
//!   answered after the COMMIT that holds its job. Other processes write beside it, and take turns with it.
//! - `PostgreSQL` writes run at READ COMMITTED: what is read and then written must be guarded in the UPDATE, or locked
//!   first ([`lock`], or `for_update` in the room's records). Serialisation failures and deadlocks are tried again.
//! - A panic in a closure rolls back its own job only.
//!
//! Crash before COMMIT: nothing happened. Crash after it: everything did, and the outbox tail announces it. A
//! connection lost during COMMIT is told as [`StoreError::Unavailable`]: the write may have happened.

pub mod audit;
mod conn;
mod error;
pub mod idempotency;
mod liveness;
pub mod migrate;
mod open;
pub mod outbox;
mod pool;
mod prepared;
pub mod schema;
mod settings;
mod shared;
#[cfg(test)]
mod tests;
mod transaction;
mod turn;
mod wake;
mod writer;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

pub use conn::Conn;
pub(crate) use conn::each_dialect;
pub use error::StoreError;
pub use liveness::Liveness;
pub use open::Dialect;
pub use prepared::{Bind, Prepared};
pub use shared::Shared;
pub use transaction::{be_patient, lock, lock_shared};
pub use wake::Commits;

use crate::config::{Database, SecretKey};
use liveness::Probe;
use open::{Mode, Opener};
use pool::Pool;
use writer::SqliteWriter;

/// How long a call waits for a free connection before it is told that the database is busy.
const ENTER_TIMEOUT: Duration = Duration::from_secs(3);
/// How long an asynchronous caller waits for its answer; what was begun may still finish.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    opener: Arc<Opener>,
    pool: Pool,
    /// Only with `SQLite`.
    writer: Option<SqliteWriter>,
    gate: Arc<Semaphore>,
    commits: Arc<Commits>,
    probe: Probe,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Store").field(&self.0.opener.dialect()).finish()
    }
}

impl Store {
    /// Prepares the store of `config`. Nothing is connected yet.
    ///
    /// # Errors
    /// [`StoreError::Url`] for an address that is neither `sqlite://PATH` nor `postgres://…`.
    pub fn open(config: &Database) -> Result<Self, StoreError> {
        let opener = Arc::new(Opener::new(&config.url)?);
        let commits = Arc::new(Commits::default());
        let (pool_mode, writer) = match opener.dialect() {
            Dialect::Sqlite => (Mode::Read, Some(SqliteWriter::start(Arc::clone(&opener), Arc::clone(&commits))?)),
            Dialect::Postgres => (Mode::Write, None),
        };
        let size = config.pool_size.clamp(1, 64);
        Ok(Self(Arc::new(Inner {
            pool: Pool::new(Arc::clone(&opener), pool_mode, size),
            writer,
            gate: Arc::new(Semaphore::new(usize::try_from(size).unwrap_or(8))),
            commits,
            probe: Probe::default(),
            opener,
        })))
    }

    /// Which database this is.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.0.opener.dialect()
    }

    /// Counts this process's commits: what the outbox tail waits on.
    #[must_use]
    pub fn commits(&self) -> Arc<Commits> {
        Arc::clone(&self.0.commits)
    }

    /// A connection of its own beside the pool, for reading. Blocking.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]
    pub fn connect(&self) -> Result<Conn, StoreError> {
        self.0.opener.open(Mode::Read)
    }

    /// Runs `f` on one snapshot of the database. `f` may run twice.
    ///
    /// # Errors
    /// What `f` says, or [`StoreError`].
    pub async fn read<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: Fn(&mut Conn) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: std::error::Error + From<StoreError> + Send + 'static,
    {
        self.on_a_thread(move |store| store.read_now(&f)).await
    }

    /// Runs `f` in one transaction and answers after its COMMIT. An error rolls back. `f` may run twice.
    ///
    /// # Errors
    /// What `f` says, or [`StoreError`].
    pub async fn write<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: Fn(&mut Conn) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: std::error::Error + From<StoreError> + Send + 'static,
    {
        let Some(writer) = &self.0.writer else {
            return self.on_a_thread(move |store| store.write_postgres(&f)).await;
        };
        let answer = writer.submit(f)?;
        match tokio::time::timeout(ANSWER_TIMEOUT, answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_closed)) => Err(StoreError::Panicked.into()),
            Err(_late) => Err(late().into()),
        }
    }

    /// [`Store::read`] for threads of their own and commands. Blocking.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub fn read_now<T, E>(&self, f: &dyn Fn(&mut Conn) -> Result<T, E>) -> Result<T, E>
    where
        E: From<StoreError>,
    {
        let mut slot = self.0.pool.begin(transaction::Kind::Read)?;
        let result = f(&mut slot.conn);
        slot.end(result.is_ok());
        result
    }

    /// [`Store::write`] for threads of their own. Blocking.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub fn write_now<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: Fn(&mut Conn) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: std::error::Error + From<StoreError> + Send + 'static,
    {
        match &self.0.writer {
            Some(writer) => writer.submit(f)?.blocking_recv().unwrap_or_else(|_| Err(StoreError::Panicked.into())),
            None => self.write_postgres(&f),
        }
    }

    fn write_postgres<T, E>(&self, f: &dyn Fn(&mut Conn) -> Result<T, E>) -> Result<T, E>
    where
        E: std::error::Error + From<StoreError> + 'static,
    {
        let answer = transaction::write_with_retry(&self.0.pool, f)?;
        self.0.commits.bump();
        Ok(answer)
    }

    /// Whether the database answers now; waits at most two seconds.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]
    pub async fn check(&self) -> Result<(), StoreError> {
        self.0.probe.check(&self.0.opener).await
    }

    /// Whether the database answered when it was last asked, a second ago or so. Never waits: asking again happens on
    /// a thread of its own, whose answer the next call sees.
    #[must_use]
    pub fn liveness(&self) -> Liveness {
        self.0.probe.last(&self.0.opener)
    }

    /// Binds the database to this node's secret key: the first node's fingerprint is kept, and a node with another
    /// key must not go on, since every stored code was made under the first one.
    ///
    /// # Errors
    /// [`StoreError::OtherSecretKey`], or what keeps the database from answering.
    pub async fn claim_secret_key(&self, key: &SecretKey) -> Result<(), StoreError> {
        let fingerprint = key.fingerprint();
        let ours = fingerprint.clone();
        match self.read(move |conn| settings::check_fingerprint(conn, &ours)).await? {
            settings::Claim::Ours => Ok(()),
            settings::Claim::Free => self.write(move |conn| settings::claim(conn, &fingerprint)).await,
        }
    }

    async fn on_a_thread<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: FnOnce(&Self) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        if let Some(reason) = self.0.pool.known_down() {
            return Err(StoreError::Unavailable(reason).into());
        }
        let entered = tokio::time::timeout(ENTER_TIMEOUT, Arc::clone(&self.0.gate).acquire_owned()).await;
        let Ok(Ok(permit)) = entered else {
            return Err(StoreError::Unavailable("all connections are busy".into()).into());
        };
        let store = self.clone();
        let work = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            f(&store)
        });
        match tokio::time::timeout(ANSWER_TIMEOUT, work).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_panicked)) => Err(StoreError::Panicked.into()),
            Err(_late) => Err(late().into()),
        }
    }
}

fn late() -> StoreError {
    StoreError::Unavailable("no answer within 20 s; what was asked may still happen".into())
}
