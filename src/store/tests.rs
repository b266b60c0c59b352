use std::time::Duration;

use super::error::lost_a_race;
use super::*;
use crate::config::Secret;
use diesel::result::{DatabaseErrorKind, Error as DieselError};

fn database(url: &str) -> Database {
    Database { url: Secret::new(url), pool_size: 8 }
}

#[test]
fn addresses_of_both_kinds_are_taken_and_others_refused() {
    for (url, dialect) in [
        ("sqlite:///tmp/x.db", Dialect::Sqlite),
        ("sqlite://data/x.db", Dialect::Sqlite),
        ("postgres://u:p@localhost/db", Dialect::Postgres),
        ("postgresql:///db?host=/run/postgresql", Dialect::Postgres),
    ] {
        assert_eq!(Store::open(&database(url)).expect(url).dialect(), dialect);
    }
    for url in ["", "sqlite://", "mysql://localhost/db", "/tmp/x.db"] {
        let said = Store::open(&database(url)).expect_err(url).to_string();
        assert!(said.contains("database.url"), "{said}");
    }
}

#[derive(Debug, thiserror::Error)]
enum RoomError {
    #[error(transparent)]
    Transparent(#[from] StoreError),
    #[error("wrapped")]
    Wrapped(#[source] StoreError),
}

#[test]
fn a_lost_race_is_seen_through_a_rooms_own_error() {
    let lost = || {
        let info = Box::new("could not serialize access".to_owned());
        StoreError::from(DieselError::DatabaseError(DatabaseErrorKind::SerializationFailure, info))
    };
    let deadlock = DieselError::DatabaseError(DatabaseErrorKind::Unknown, Box::new("deadlock detected".to_owned()));
    assert!(lost_a_race(&lost()));
    assert!(lost_a_race(&StoreError::from(deadlock)));
    assert!(lost_a_race(&RoomError::Transparent(lost())));
    assert!(lost_a_race(&RoomError::Wrapped(lost())));
    assert!(!lost_a_race(&RoomError::Wrapped(StoreError::Panicked)));
    assert!(!lost_a_race(&StoreError::from(DieselError::NotFound)));
}

#[test]
fn a_commit_wakes_who_waits_and_silence_does_not() {
    let commits = Arc::new(Commits::default());
    assert_eq!(commits.wait_past(0, Duration::from_millis(1)), 0);
    let waiting = {
        let commits = Arc::clone(&commits);
        std::thread::spawn(move || commits.wait_past(0, Duration::from_secs(60)))
    };
    commits.bump();
    assert_eq!(waiting.join().expect("woken"), 1);
}

#[test]
fn an_address_that_libpq_cannot_read_is_told_without_its_password() {
    for url in ["postgres://u:se%zzcret@127.0.0.1:1/db", "postgres://u:secret@127.0.0.1:1/db?nonsense=1"] {
        let store = Store::open(&database(url)).expect(url);
        let said = store.connect().err().expect("nobody is there").to_string();
        assert!(!said.contains("cret"), "{said}");
    }
}
