use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::Notify;

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

#[tokio::test]
async fn a_reading_is_shared_by_all_who_asked_before_it_began_and_by_nobody_later() {
    let shared: Arc<Shared<&str, usize>> = Arc::default();
    let readings = Arc::new(AtomicUsize::new(0));
    let (begun, may_end) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let ask = |waits: bool| {
        let (shared, readings) = (shared.clone(), readings.clone());
        let (begun, may_end) = (begun.clone(), may_end.clone());
        async move {
            let read = || async move {
                let number = readings.fetch_add(1, Ordering::SeqCst) + 1;
                if waits {
                    begun.notify_one();
                    may_end.notified().await;
                }
                Ok(number)
            };
            shared.get(&"ladder", read).await.map(|number| *number)
        }
    };
    // They ask while the first reads: what they are given was read after they asked, once for all.
    let later = async {
        begun.notified().await;
        let all = join_all((0..50).map(|_| ask(false)));
        tokio::join!(all, async { may_end.notify_one() }).0
    };
    let (first, later) = tokio::join!(ask(true), later);
    assert_eq!(first.expect("a number"), 1);
    for one in later {
        assert_eq!(one.expect("a number"), 2);
    }
    assert_eq!(ask(false).await.expect("a number"), 3);
}

#[tokio::test]
async fn a_reading_that_fails_is_told_to_all_who_waited_and_tried_again_by_the_next() {
    let shared: Shared<u8, ()> = Shared::default();
    let (begun, may_end) = (Notify::new(), Notify::new());
    let first = shared.get(&1, || async {
        begun.notify_one();
        may_end.notified().await;
        Ok(())
    });
    let others = async {
        begun.notified().await;
        let away = || async { Err(StoreError::Unavailable("no answer".into())) };
        let both = async { tokio::join!(shared.get(&1, away), shared.get(&1, || async { Ok(()) })) };
        let ((), both) = tokio::join!(async { may_end.notify_one() }, both);
        both
    };
    let (first, (second, third)) = tokio::join!(first, others);
    assert!(first.is_ok());
    assert!(second.is_err_and(|error| error.is_unavailable()) && third.is_err_and(|error| error.is_unavailable()));
    assert!(shared.get(&1, || async { Ok(()) }).await.is_ok());
}
