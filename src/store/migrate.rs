//! The schema: migrations in pairs, embedded, run under a lock so that several nodes may ask at once.
//!
//! All pending steps are one transaction: a step that fails leaves the schema as it was. Blocking: these are for
//! commands and start-up threads.

use std::collections::BTreeSet;

use diesel::backend::Backend;
use diesel::migration::{Migration, MigrationSource};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use diesel::sqlite::Sqlite;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::open::Mode;
use super::transaction;
use super::{Conn, Store, StoreError, each_dialect};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// The tables against those this program knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaState {
    /// Steps are missing, or there is no database file.
    Older,
    /// Exactly the known steps.
    Current,
    /// All known steps and more: a newer program has been here. Accepted.
    Newer,
}

/// One step and whether it has been made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its folder's name; for one this program does not know, its version.
    pub name: String,
    /// Whether the database has it.
    pub applied: bool,
}

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = Text)]
    version: String,
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Bool)]
    found: bool,
}

/// Makes every missing step; returns their names. A `SQLite` file is made where there is none.
///
/// # Errors
/// [`StoreError::Schema`] names the step that failed; nothing is left of it.
pub fn up(store: &Store) -> Result<Vec<String>, StoreError> {
    locked(store, Mode::Create, |conn| match conn {
        Conn::Sqlite(conn) => up_on(conn, SQLITE),
        Conn::Postgres(conn) => up_on(conn, POSTGRES),
    })
}

/// Takes the newest step back; returns its name, `None` where there is none.
///
/// # Errors
/// [`StoreError::Schema`]
pub fn down(store: &Store) -> Result<Option<String>, StoreError> {
    locked(store, Mode::Write, |conn| {
        if applied(conn)?.is_empty() {
            return Ok(None);
        }
        match conn {
            Conn::Sqlite(conn) => down_on(conn, SQLITE, names_of::<Sqlite>(&SQLITE)?),
            Conn::Postgres(conn) => down_on(conn, POSTGRES, names_of::<Pg>(&POSTGRES)?),
        }
    })
}

/// Every step, oldest first.
///
/// # Errors
/// [`StoreError::Unavailable`]
pub fn status(store: &Store) -> Result<Vec<Step>, StoreError> {
    let applied = if store.0.opener.exists() { applied(&mut store.connect()?)? } else { BTreeSet::new() };
    let known = known(store)?;
    let mut steps: Vec<(String, Step)> = known
        .iter()
        .map(|(version, name)| (version.clone(), Step { name: name.clone(), applied: applied.contains(version) }))
        .collect();
    let unknown = applied.iter().filter(|version| known.iter().all(|(known, _)| known != *version));
    steps.extend(unknown.map(|version| (version.clone(), Step { name: version.clone(), applied: true })));
    steps.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(steps.into_iter().map(|(_, step)| step).collect())
}

/// How the database's tables stand to this program.
///
/// # Errors
/// [`StoreError::Unavailable`]: nothing can be said now.
pub fn schema_state(store: &Store) -> Result<SchemaState, StoreError> {
    if !store.0.opener.exists() {
        return Ok(SchemaState::Older);
    }
    let applied = applied(&mut store.connect()?)?;
    let known: BTreeSet<String> = known(store)?.into_iter().map(|(version, _)| version).collect();
    Ok(if !known.is_subset(&applied) {
        SchemaState::Older
    } else if applied.len() > known.len() {
        SchemaState::Newer
    } else {
        SchemaState::Current
    })
}

/// What `serve` and every command that needs the tables ask first.
///
/// # Errors
/// [`StoreError::Schema`] with the command to run when steps are missing; [`StoreError::Unavailable`].
pub fn require_current(store: &Store) -> Result<(), StoreError> {
    match schema_state(store)? {
        SchemaState::Current | SchemaState::Newer => Ok(()),
        SchemaState::Older => {
            Err(StoreError::Schema("the database is older than this program: run `bakuhantam migrate up` first".into()))
        }
    }
}

/// Version and folder name of every embedded step, oldest first.
fn known(store: &Store) -> Result<Vec<(String, String)>, StoreError> {
    let mut known = match store.dialect() {
        super::Dialect::Sqlite => names_of::<Sqlite>(&SQLITE)?,
        super::Dialect::Postgres => names_of::<Pg>(&POSTGRES)?,
    };
    known.sort();
    Ok(known)
}

fn names_of<DB: Backend>(source: &EmbeddedMigrations) -> Result<Vec<(String, String)>, StoreError> {
    let steps: Vec<Box<dyn Migration<DB>>> =
        MigrationSource::<DB>::migrations(source).map_err(|error| StoreError::Schema(error.to_string()))?;
    Ok(steps.iter().map(|step| (step.name().version().to_string(), step.name().to_string())).collect())
}

fn applied(conn: &mut Conn) -> Result<BTreeSet<String>, StoreError> {
    let there = match conn {
        Conn::Sqlite(conn) => diesel::sql_query(
            "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = '__diesel_schema_migrations') AS found",
        )
        .get_result::<Found>(conn)?,
        Conn::Postgres(conn) => {
            diesel::sql_query("SELECT to_regclass('__diesel_schema_migrations') IS NOT NULL AS found")
                .get_result::<Found>(conn)?
        }
    };
    if !there.found {
        return Ok(BTreeSet::new());
    }
    let versions: Vec<Version> = each_dialect!(conn, c => {
        diesel::sql_query("SELECT version FROM __diesel_schema_migrations").load(c)
    })?;
    Ok(versions.into_iter().map(|row| row.version).collect())
}

/// Runs `f` in one transaction that no other process's migration runs beside.
fn locked<T>(store: &Store, mode: Mode, f: impl Fn(&mut Conn) -> Result<T, StoreError>) -> Result<T, StoreError> {
    let mut conn = store.0.opener.open(mode)?;
    store.0.opener.turn().begin_write(&mut conn)?;
    transaction::be_patient(&mut conn)?;
    transaction::lock(&mut conn, "migrate")?;
    // On an error the connection is dropped, which takes everything back.
    let done = f(&mut conn)?;
    transaction::commit(&mut conn)?;
    Ok(done)
}

fn up_on<C, DB>(conn: &mut C, source: EmbeddedMigrations) -> Result<Vec<String>, StoreError>
where
    DB: Backend,
    C: MigrationHarness<DB>,
{
    let pending = conn.pending_migrations(source).map_err(|error| StoreError::Schema(error.to_string()))?;
    let mut made = Vec::with_capacity(pending.len());
    for step in &pending {
        let name = step.name().to_string();
        conn.run_migration(step).map_err(|error| StoreError::Schema(format!("the step {name} failed: {error}")))?;
        made.push(name);
    }
    Ok(made)
}

fn down_on<C, DB>(
    conn: &mut C,
    source: EmbeddedMigrations,
    mut names: Vec<(String, String)>,
) -> Result<Option<String>, StoreError>
where
    DB: Backend,
    C: MigrationHarness<DB>,
{
    let version = conn
        .revert_last_migration(source)
        .map_err(|error| StoreError::Schema(format!("the newest step cannot be taken back: {error}")))?
        .to_string();
    names.retain(|(known, _)| *known == version);
    Ok(names.pop().map(|(_, name)| name).or(Some(version)))
}
