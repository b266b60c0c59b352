//! Whose turn it is to begin a write on a `SQLite` file that several processes share: a server and a command beside it.
//!
//! `SQLite` keeps no queue. Its write lock goes to whoever asks in the right moment: a process that writes without
//! pause takes it back within microseconds, while one that waits looks again only every tenth of a second, and was
//! told after five seconds that the database is locked. Here whoever begins a write holds the turn until the write has
//! begun, and so does whoever waits for the write lock. The turn is free while others write, so that who waits has it
//! at once and comes next; the busy one waits for it before its next write. Where nobody waits it costs two calls of
//! the system for each COMMIT.
//!
//! The turn is a lock (`flock`) on the folder that the file is in: it needs no file of its own, whose owner could be
//! another than the server, and ends with its process. Where it cannot be had – a folder that cannot be read, a holder
//! that was stopped – writes begin without it, as they would with any other program that writes to the file.

use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use diesel::QueryResult;
use rustix::fs::{FlockOperation, flock};

use super::transaction::{self, Kind};
use super::{Conn, StoreError};

/// How long a write waits for those of other processes.
const WAIT_MAX: Duration = Duration::from_secs(5);
/// How often who waits looks again.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// The way to the turn; a server with transactions of its own needs none.
pub(super) struct Turn(Option<File>);

/// Ours until it is dropped.
struct Held<'a>(&'a File);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if let Err(error) = flock(self.0, FlockOperation::Unlock) {
            tracing::warn!(%error, "the turn to write to the database cannot be given up");
        }
    }
}

impl Turn {
    /// The turn of the file at `path`.
    pub(super) fn of(path: &Path) -> Self {
        let whole = path.canonicalize().ok();
        Self(whole.as_deref().and_then(Path::parent).and_then(|folder| File::open(folder).ok()))
    }

    /// No turn: the database has its own queue.
    pub(super) const fn none() -> Self {
        Self(None)
    }

    /// Begins a write, after those who waited before. Blocking.
    pub(super) fn begin_write(&self, conn: &mut Conn) -> QueryResult<()> {
        let until = Instant::now() + WAIT_MAX;
        let _held = self.take(until);
        loop {
            match transaction::begin(conn, Kind::Write) {
                Err(error) if StoreError::is_locked(&error) && Instant::now() < until => {
                    std::thread::sleep(LOOK_EVERY);
                }
                begun => return begun,
            }
        }
    }

    /// The turn, unless somebody keeps it until that moment.
    fn take(&self, until: Instant) -> Option<Held<'_>> {
        let folder = self.0.as_ref()?;
        loop {
            match flock(folder, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Some(Held(folder)),
                Err(rustix::io::Errno::WOULDBLOCK | rustix::io::Errno::INTR) if Instant::now() < until => {
                    std::thread::sleep(LOOK_EVERY);
                }
                Err(_) => return None,
            }
        }
    }
}
