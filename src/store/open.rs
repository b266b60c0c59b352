//! Where the database is, and how a connection to it is made ready.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, PgConnection, SqliteConnection};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::turn::Turn;
use super::{Conn, StoreError};
use crate::config::Secret;

/// Which database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// An embedded file, one node.
    Sqlite,
    /// A server, several nodes.
    Postgres,
}

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Reading an existing database.
    Read,
    /// Writing an existing database.
    Write,
    /// Writing, and making the `SQLite` file and its folder when there are none.
    Create,
}

enum Place {
    Sqlite(PathBuf),
    Postgres(Secret),
}

/// Makes connections, and remembers whether the last one could be made.
pub(super) struct Opener {
    place: Place,
    /// When and why the last connection could not be made; `None` after one that could.
    down: Mutex<Option<(Instant, String)>>,
}

/// A `SQLite` connection waits this long for another process's locks.
const BUSY_TIMEOUT_MS: u64 = 5_000;
/// How long calls fail at once after a connection could not be made.
const DOWN_FOR: Duration = Duration::from_secs(1);
/// Reserved in `SQLite`'s `file:` addresses.
const IN_FILE_URI: &AsciiSet = &CONTROLS.add(b'%').add(b'?').add(b'#').add(b' ');

impl Opener {
    pub(super) fn new(url: &Secret) -> Result<Self, StoreError> {
        let text = url.expose();
        let place = if let Some(path) = text.strip_prefix("sqlite://").filter(|path| !path.is_empty()) {
            Place::Sqlite(PathBuf::from(path))
        } else if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            Place::Postgres(Secret::new(with_defaults(text)))
        } else {
            return Err(StoreError::Url(
                "database.url must be sqlite://PATH or postgres://USER:PASSWORD@HOST/DATABASE".into(),
            ));
        };
        Ok(Self { place, down: Mutex::default() })
    }

    pub(super) const fn dialect(&self) -> Dialect {
        match self.place {
            Place::Sqlite(_) => Dialect::Sqlite,
            Place::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Whether there is a `SQLite` file; a server is taken to be there.
    pub(super) fn exists(&self) -> bool {
        match &self.place {
            Place::Sqlite(path) => path.exists(),
            Place::Postgres(_) => true,
        }
    }

    /// Why the last connection could not be made, while that is news of the last second.
    pub(super) fn down(&self) -> Option<String> {
        let down = self.down.lock().unwrap_or_else(PoisonError::into_inner);
        down.as_ref().filter(|(at, _)| at.elapsed() < DOWN_FOR).map(|(_, reason)| reason.clone())
    }

    /// Makes a connection ready for use. Blocking.
    pub(super) fn open(&self, mode: Mode) -> Result<Conn, StoreError> {
        let opened = match &self.place {
            Place::Sqlite(path) => open_sqlite(path, mode).map(Conn::Sqlite),
            Place::Postgres(url) => open_postgres(url).map(Conn::Postgres),
        };
        let failed = opened.as_ref().err().map(|reason| (Instant::now(), reason.clone()));
        *self.down.lock().unwrap_or_else(PoisonError::into_inner) = failed;
        opened.map_err(StoreError::Unavailable)
    }

    /// The turn to write, among processes. A `SQLite` file must be there.
    pub(super) fn turn(&self) -> Turn {
        match &self.place {
            Place::Sqlite(path) => Turn::of(path),
            Place::Postgres(_) => Turn::none(),
        }
    }
}

/// Adds what keeps a call from hanging on a server that is gone, unless the operator chose otherwise: two seconds to
/// connect, ten until unacknowledged data closes the connection (libpq, "Parameter Key Words").
fn with_defaults(url: &str) -> String {
    let mut url = url.to_owned();
    for (key, value) in [
        ("connect_timeout", "2"),
        ("tcp_user_timeout", "10000"),
        ("keepalives_idle", "10"),
        ("keepalives_interval", "5"),
        ("application_name", "bakuhantam"),
    ] {
        if !url.contains(&format!("{key}=")) {
            url.push(if url.contains('?') { '&' } else { '?' });
            url.push_str(key);
            url.push('=');
            url.push_str(value);
        }
    }
    url
}

fn open_sqlite(path: &Path, mode: Mode) -> Result<SqliteConnection, String> {
    if mode == Mode::Create {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        }
    } else if !path.exists() {
        return Err(format!("there is no {}: make it with `bakuhantam migrate up`", path.display()));
    }
    let name = path.to_string_lossy();
    let access = if mode == Mode::Create { "rwc" } else { "rw" };
    let uri = format!("file:{}?mode={access}", utf8_percent_encode(&name, IN_FILE_URI));
    let explain = |what: String| format!("{}: {what}", path.display());
    let mut conn = SqliteConnection::establish(&uri).map_err(|error| explain(error.to_string()))?;
    // What a savepoint would put back is remembered by SQLite in a temporary file once it is more than 64 KiB, which
    // few jobs are. Nobody needs it after a crash; writing it there took longer than the jobs.
    let (query_only, temp_store) = match mode {
        Mode::Read => ("ON", "DEFAULT"),
        Mode::Write => ("OFF", "MEMORY"),
        // A migration may sort a whole table.
        Mode::Create => ("OFF", "DEFAULT"),
    };
    let ready = format!(
        "PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}; PRAGMA foreign_keys = ON; PRAGMA synchronous = FULL; \
         PRAGMA query_only = {query_only}; PRAGMA temp_store = {temp_store};"
    );
    conn.batch_execute(&ready).map_err(|error| explain(error.to_string()))?;
    if mode != Mode::Read {
        switch_to_wal(&mut conn).map_err(|error| explain(error.to_string()))?;
    }
    if mode == Mode::Write {
        // What waits for the write lock looks for itself: see `turn`.
        conn.batch_execute("PRAGMA busy_timeout = 0").map_err(|error| explain(error.to_string()))?;
    }
    Ok(conn)
}

/// Write-ahead logging. The switch takes the file alone for a moment and does not wait by the busy timeout, so two
/// processes that begin together need another try.
fn switch_to_wal(conn: &mut SqliteConnection) -> diesel::QueryResult<()> {
    let mut tries = 0;
    loop {
        match conn.batch_execute("PRAGMA journal_mode = WAL") {
            Err(error) if error.to_string().contains("locked") && tries < 100 => {
                tries += 1;
                std::thread::sleep(Duration::from_millis(20));
            }
            done => return done,
        }
    }
}

/// libpq repeats a part of an address that it cannot read, which may be the password.
fn without_password(url: &str, message: String) -> String {
    let parsed = url::Url::parse(url).ok();
    match parsed.as_ref().and_then(url::Url::password).filter(|password| !password.is_empty()) {
        Some(password) => message.replace(password, "(the password)"),
        None => message,
    }
}

fn open_postgres(url: &Secret) -> Result<PgConnection, String> {
    let mut conn = PgConnection::establish(url.expose())
        .map_err(|error| without_password(url.expose(), error.to_string().trim().to_owned()))?;
    // No call outlives its caller: a statement, a wait for a lock and a forgotten transaction all end.
    conn.batch_execute(
        "SET statement_timeout = '15s'; SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = '15s'",
    )
    .map_err(|error| error.to_string())?;
    Ok(conn)
}
