//! Databases for tests: a `SQLite` file of its own, or a schema of its own in the cluster that
//! `scripts/with-postgres.sh` has started.

use std::path::PathBuf;
use std::sync::Arc;

use bakuhantam::clock::{Clock as _, SystemClock};
use bakuhantam::config::{Database, Secret};
use bakuhantam::events::Act;
use bakuhantam::ids::{SystemRandom, new_word};
use bakuhantam::store::audit::Actor;
use bakuhantam::store::{Store, migrate};
use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, PgConnection};
use tempfile::TempDir;

use super::from_make_test;

/// An empty database, until the test ends.
pub struct TestDatabase {
    url: String,
    _schema: Option<Schema>,
    folder: Option<TempDir>,
}

/// A schema of the cluster, dropped with everything in it.
struct Schema {
    cluster: String,
    name: String,
}

impl Drop for Schema {
    fn drop(&mut self) {
        let mut conn = PgConnection::establish(&self.cluster).expect("the cluster");
        conn.batch_execute(&format!("DROP SCHEMA {} CASCADE", self.name)).expect("the schema goes");
    }
}

impl TestDatabase {
    pub fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = format!("sqlite://{}", folder.path().join("test.db").display());
        Self { url, _schema: None, folder: Some(folder) }
    }

    pub fn postgres() -> Self {
        let cluster = from_make_test("BAKUHANTAM_TEST_POSTGRES", "a PostgreSQL cluster");
        let name = format!("test_{}", new_word(&SystemRandom::default(), 20));
        let mut conn = PgConnection::establish(&cluster).expect("the cluster");
        conn.batch_execute(&format!("CREATE SCHEMA {name}")).expect("a schema");
        let url = format!("{cluster}?options=-c%20search_path%3D{name}");
        Self { url, _schema: Some(Schema { cluster, name }), folder: None }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// The file, where it is one.
    pub fn file(&self) -> Option<PathBuf> {
        self.folder.as_ref().map(|folder| folder.path().join("test.db"))
    }

    /// A store over it, as one process would open it. The tables may not be there yet.
    pub fn open(&self) -> Store {
        Store::open(&self.config()).expect("the address is right")
    }

    /// A store over the migrated database.
    pub fn migrated(&self) -> Store {
        let store = self.open();
        migrate::up(&store).expect("migrations run");
        store
    }

    pub fn config(&self) -> Database {
        Database { url: Secret::new(&*self.url), ..Database::default() }
    }

    /// What a configuration file says of it. `PostgreSQL` needs a secret key.
    pub fn overrides(&self) -> String {
        format!(
            "[database]\nurl = \"{}\"\n[server]\nsecret_key = \"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"\n",
            self.url
        )
    }
}

/// Someone at the command line, now.
pub fn act() -> Act {
    Act { actor: Actor::cli(SystemClock.now()), random: Arc::new(SystemRandom::default()) }
}
