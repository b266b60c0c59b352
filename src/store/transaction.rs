//! Beginning and ending transactions in either dialect.

use std::time::Duration;

use diesel::connection::{AnsiTransactionManager, SimpleConnection as _, TransactionManager};
use diesel::{QueryResult, RunQueryDsl as _};

use super::error::lost_a_race;
use super::pool::Pool;
use super::{Bind, Conn, Prepared, StoreError, each_dialect};

/// What a transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// One snapshot, nothing written.
    Read,
    /// Reads and writes.
    Write,
}

/// How often a write that lost a race runs again.
const RETRIES_MAX: u32 = 8;

pub(super) fn begin(conn: &mut Conn, kind: Kind) -> QueryResult<()> {
    match conn {
        Conn::Sqlite(conn) => AnsiTransactionManager::begin_transaction_sql(
            conn,
            match kind {
                Kind::Read => "BEGIN",
                // Taking the write lock at once: a reader that becomes a writer later would fail under concurrency.
                Kind::Write => "BEGIN IMMEDIATE",
            },
        ),
        Conn::Postgres(conn) => AnsiTransactionManager::begin_transaction_sql(
            conn,
            match kind {
                Kind::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
                Kind::Write => "BEGIN ISOLATION LEVEL READ COMMITTED",
            },
        ),
    }
}

/// Begins a part of a transaction that can be taken back alone. One ends before the next begins.
pub(super) fn savepoint(conn: &mut Conn) -> QueryResult<()> {
    run(conn, "SAVEPOINT job")
}

/// Ends the part well.
pub(super) fn release(conn: &mut Conn) -> QueryResult<()> {
    run(conn, "RELEASE SAVEPOINT job")
}

/// Takes the part back. Fails where the database has taken everything back by itself.
pub(super) fn take_back(conn: &mut Conn) -> QueryResult<()> {
    run(conn, "ROLLBACK TO SAVEPOINT job")?;
    release(conn)
}

/// Runs a statement that stays prepared: diesel's own savepoints are parsed anew each time.
fn run(conn: &mut Conn, sql: &'static str) -> QueryResult<()> {
    each_dialect!(conn, c => Prepared::<()>::new(sql, &[]).execute(c)).map(drop)
}

/// Ends the transaction well.
pub(super) fn commit(conn: &mut Conn) -> QueryResult<()> {
    <Conn as TransactionManager<Conn>>::commit_transaction(conn)
}

/// Takes the transaction back.
pub(super) fn roll_back(conn: &mut Conn) -> QueryResult<()> {
    <Conn as TransactionManager<Conn>>::rollback_transaction(conn)
}

/// Lets one transaction at a time past this point, per `name`, until it ends. With `SQLite` every write is alone
/// already.
///
/// # Errors
/// [`StoreError`], also when the others take longer than the lock timeout.
pub fn lock(conn: &mut Conn, name: &str) -> Result<(), StoreError> {
    if let Conn::Postgres(conn) = conn {
        let number = [Bind::Int(lock_number(name))];
        Prepared::<()>::new("SELECT pg_advisory_xact_lock(?)", &number).execute(conn)?;
    }
    Ok(())
}

/// As [`lock`], for those who do not mind each other: they hold `name` together, and whoever asks for it by [`lock`]
/// waits until they are through. Who comes later waits behind that one, so that a crowd cannot keep it out.
///
/// # Errors
/// [`StoreError`], also when the others take longer than the lock timeout.
pub fn lock_shared(conn: &mut Conn, name: &str) -> Result<(), StoreError> {
    if let Conn::Postgres(conn) = conn {
        let number = [Bind::Int(lock_number(name))];
        Prepared::<()>::new("SELECT pg_advisory_xact_lock_shared(?)", &number).execute(conn)?;
    }
    Ok(())
}

/// A number for an advisory lock: FNV-1a of its name, so that names do not collide by hand.
fn lock_number(name: &str) -> i64 {
    let hash = name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    i64::from_be_bytes(hash.to_be_bytes())
}

/// For the length of the transaction, waits for locks, statements and the caller as long as they take: for commands
/// that go through everything.
///
/// # Errors
/// [`StoreError`]
pub fn be_patient(conn: &mut Conn) -> Result<(), StoreError> {
    if let Conn::Postgres(conn) = conn {
        conn.batch_execute(
            "SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0; \
             SET LOCAL idle_in_transaction_session_timeout = 0",
        )?;
    }
    Ok(())
}

/// One write on a server: the closure in a transaction, again when it lost a race.
pub(super) fn write_with_retry<T, E>(pool: &Pool, f: &dyn Fn(&mut Conn) -> Result<T, E>) -> Result<T, E>
where
    E: std::error::Error + From<StoreError> + 'static,
{
    let mut tries = 0;
    loop {
        let mut slot = pool.begin(Kind::Write)?;
        let error = match f(&mut slot.conn) {
            Ok(value) => match commit(&mut slot.conn) {
                Ok(()) => return Ok(value),
                Err(error) => {
                    slot.spoil();
                    E::from(StoreError::from(error))
                }
            },
            Err(error) => {
                slot.end(false);
                error
            }
        };
        drop(slot);
        if tries == RETRIES_MAX || !lost_a_race(&error) {
            return Err(error);
        }
        // Unequal waits by the try's number; the threads' own scheduling spreads the rest.
        std::thread::sleep(Duration::from_millis(1 << tries));
        tries += 1;
    }
}
