//! A pool that fails fast: while the database is away every call says so at once, and the pool itself keeps trying.

use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel::r2d2::R2D2Connection as _;
use r2d2::{ManageConnection, NopErrorHandler, PooledConnection};

use super::open::{Mode, Opener};
use super::transaction::{self, Kind};
use super::{Conn, StoreError};

/// How long a caller waits for a connection.
const WAIT_MAX: Duration = Duration::from_secs(2);
/// How often a waiting caller looks whether the database is known to be away.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Connections kept open.
pub(super) struct Pool {
    opener: Arc<Opener>,
    inner: r2d2::Pool<Manager>,
    size: u32,
}

/// Makes and judges connections.
pub(super) struct Manager {
    opener: Arc<Opener>,
    mode: Mode,
}

/// A pooled connection and whether it may go back.
pub(super) struct Pooled {
    pub(super) conn: Conn,
    spoiled: bool,
}

/// A connection on loan.
pub(super) type Slot = PooledConnection<Manager>;

impl ManageConnection for Manager {
    type Connection = Pooled;
    type Error = StoreError;

    fn connect(&self) -> Result<Pooled, StoreError> {
        Ok(Pooled { conn: self.opener.open(self.mode)?, spoiled: false })
    }

    fn is_valid(&self, _pooled: &mut Pooled) -> Result<(), StoreError> {
        Ok(())
    }

    fn has_broken(&self, pooled: &mut Pooled) -> bool {
        pooled.spoiled || pooled.conn.is_broken()
    }
}

impl Pooled {
    /// Ends the transaction; a connection that cannot is thrown away.
    pub(super) fn end(&mut self, well: bool) {
        let ended = if well { transaction::commit(&mut self.conn) } else { transaction::roll_back(&mut self.conn) };
        self.spoiled |= ended.is_err();
    }

    /// Has the connection thrown away.
    pub(super) const fn spoil(&mut self) {
        self.spoiled = true;
    }
}

impl Pool {
    pub(super) fn new(opener: Arc<Opener>, mode: Mode, size: u32) -> Self {
        let inner = r2d2::Pool::builder()
            .max_size(size)
            .min_idle(Some(0))
            // BEGIN is the ping: see `begin`.
            .test_on_check_out(false)
            // Half of it is the longest pause between the pool's own tries to connect.
            .connection_timeout(WAIT_MAX)
            .error_handler(Box::new(NopErrorHandler))
            .build_unchecked(Manager { opener: Arc::clone(&opener), mode });
        Self { opener, inner, size }
    }

    /// Why no connection can be made now, when that is fresh news.
    pub(super) fn known_down(&self) -> Option<String> {
        let state = self.inner.state();
        if state.connections > 0 || state.idle_connections > 0 { None } else { self.opener.down() }
    }

    /// A connection inside a fresh transaction. A connection that died while idle is noticed here, before anything
    /// was done on it, and the next one is taken.
    pub(super) fn begin(&self, kind: Kind) -> Result<Slot, StoreError> {
        let mut last = None;
        for _ in 0..=self.size {
            let mut slot = self.get()?;
            match transaction::begin(&mut slot.conn, kind) {
                Ok(()) => return Ok(slot),
                Err(error) => {
                    slot.spoil();
                    last = Some(StoreError::from(error));
                }
            }
        }
        Err(last.unwrap_or_else(|| StoreError::Unavailable("no connection".into())))
    }

    fn get(&self) -> Result<Slot, StoreError> {
        let began = Instant::now();
        let mut looks = 0_u32;
        loop {
            if let Some(slot) = self.inner.try_get() {
                return Ok(slot);
            }
            // The first look comes after the first try to connect, so that a database that is back is found.
            if let Ok(slot) = self.inner.get_timeout(LOOK_EVERY) {
                return Ok(slot);
            }
            looks += 1;
            if let Some(reason) = self.known_down().filter(|_| looks > 1) {
                return Err(StoreError::Unavailable(reason));
            }
            if began.elapsed() > WAIT_MAX {
                return Err(StoreError::Unavailable("all connections are busy".into()));
            }
        }
    }
}
