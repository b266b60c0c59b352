//! The ledger on both databases: what it books, what it refuses, and that nobody gets past it.

pub mod books;
mod commands;
mod model;
mod spending;
mod verify;

use bakuhantam::ledger::{self, Kind, LedgerError, Posted};
use bakuhantam::money::Coins;
use bakuhantam::store::Store;
use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, PgConnection, SqliteConnection};
use tokio_util::task::TaskTracker;

use crate::harness::until;
use crate::postgres::{TestDatabase, on_both_databases};
use books::{LONG, account, balance, post, posting, raw, sums_that_drift};

on_both_databases! {
    async fn a_posting_is_booked_once_and_moves_the_balance(db) {
        let store = db.migrated();
        let (ari, budi) = (account(&store, 1).await, account(&store, 2).await);
        let given = posting(&ari, Kind::Grant, 100, "welcome");
        let first = post(&store, &given).await.expect("booked");
        assert!(first.is_new());
        assert_eq!((first.entry().entry, first.entry().balance_after), (1, Coins(100)));
        let again = post(&store, &posting(&ari, Kind::Grant, 100, "welcome")).await.expect("known");
        assert_eq!(again, Posted::Exists(first.entry().clone()), "the first row, whatever the second one's id");

        let other_coins = post(&store, &posting(&ari, Kind::Grant, 99, "welcome")).await;
        assert!(matches!(other_coins, Err(LedgerError::Conflict { .. })), "{other_coins:?}");
        let other_account = post(&store, &posting(&budi, Kind::Grant, 100, "welcome")).await;
        assert!(matches!(other_account, Err(LedgerError::Conflict { .. })), "{other_account:?}");
        // A name belongs to its type.
        post(&store, &posting(&ari, Kind::Unlock, -30, "welcome")).await.expect("another type");
        let taken = post(&store, &posting(&ari, Kind::Grant, -70, "sorry")).await.expect("taken");
        assert_eq!((taken.entry().entry, taken.entry().balance_after), (3, Coins(0)));
        // However little is left.
        let known = post(&store, &posting(&ari, Kind::Unlock, -30, "welcome")).await.expect("known");
        assert!(!known.is_new());
        assert_eq!((balance(&store, &ari).await, balance(&store, &budi).await), (0, 0));
        let history = {
            let ari = ari.clone();
            store.read(move |conn| ledger::list_entries(conn, &ari, None, 10)).await.expect("a history")
        };
        assert_eq!(history.iter().map(|entry| entry.balance_after.0).collect::<Vec<_>>(), [0, 70, 100]);
        assert_eq!(sums_that_drift(&store), []);
    }

    async fn what_cannot_be_booked_is_refused_and_leaves_nothing(db) {
        let store = db.migrated();
        let ari = account(&store, 1).await;
        let short = post(&store, &posting(&ari, Kind::Unlock, -1, "early")).await;
        assert!(
            matches!(short, Err(LedgerError::InsufficientCoins { balance: Coins(0), needed: Coins(1) })),
            "{short:?}"
        );
        for (kind, coins) in [
            (Kind::Purchase, -1), (Kind::Purchase, 0), (Kind::Unlock, 1), (Kind::Support, 0), (Kind::Vote, 5),
            (Kind::Grant, 0), (Kind::Refund, -1), (Kind::Reversal, 1), (Kind::Grant, i64::MAX), (Kind::Grant, i64::MIN),
            (Kind::Unlock, i64::MIN), (Kind::Grant, 1_000_000_000_001),
        ] {
            let bad = post(&store, &posting(&ari, kind, coins, "bad")).await;
            assert!(matches!(bad, Err(LedgerError::BadAmount { .. })), "{kind} {coins}: {bad:?}");
        }
        // Up to the most an account may hold, and not one more.
        for step in 0..1_000 {
            post(&store, &posting(&ari, Kind::Grant, 1_000_000_000_000, &format!("rich {step}"))).await.expect("room");
        }
        let full = post(&store, &posting(&ari, Kind::Grant, 1, "one more")).await;
        assert!(matches!(full, Err(LedgerError::TooMany(_))), "{full:?}");
        post(&store, &posting(&ari, Kind::Vote, -1, "room again")).await.expect("spent");
        post(&store, &posting(&ari, Kind::Grant, 1, "one more")).await.expect("now there is room");
        let short = post(&store, &posting(&ari, Kind::Support, -1_000_000_000_000, "all")).await;
        assert!(short.is_ok(), "{short:?}");
        assert_eq!(balance(&store, &ari).await, 999_000_000_000_000);
        assert_eq!(sums_that_drift(&store), []);
    }

    async fn rows_of_an_account_that_is_not_there_are_a_fault(db) {
        let store = db.migrated();
        let nobody = "01J0000000000000000000NBDY".parse().expect("an id");
        let fault = post(&store, &posting(&nobody, Kind::Grant, 1, "x")).await;
        assert!(
            matches!(&fault, Err(LedgerError::Store(error)) if error.is_foreign_key_violation()),
            "{fault:?}"
        );
    }

    async fn a_new_accounts_first_rows_may_come_all_at_once(db) {
        let (store, other) = (db.migrated(), db.open());
        let ari = account(&store, 1).await;
        let tasks = TaskTracker::new();
        for n in 0..32 {
            let (store, ari) = (if n % 2 == 0 { store.clone() } else { other.clone() }, ari.clone());
            tasks.spawn(async move {
                let given = posting(&ari, Kind::Purchase, 1, &format!("first {n}"));
                assert!(post(&store, &given).await.expect("booked").is_new());
            });
        }
        tasks.close();
        tasks.wait().await;
        assert_eq!(balance(&store, &ari).await, 32);
        assert_eq!(sums_that_drift(&store), []);
    }

    async fn one_name_used_by_many_at_once_is_booked_once(db) {
        let (store, other) = (db.migrated(), db.open());
        let mut people = Vec::new();
        for n in 0..4 {
            let person = account(&store, n).await;
            post(&store, &posting(&person, Kind::Grant, 1, &format!("start {n}"))).await.expect("given");
            people.push(person);
        }
        for round in 0..10 {
            // Each has exactly what it takes, so whoever is second finds either the row or nothing to spend.
            let tasks = TaskTracker::new();
            let answers: Vec<_> = (0..16).map(|n| {
                let (store, person) = (if n % 2 == 0 { &store } else { &other }.clone(), people[n % 4].clone());
                tasks.spawn(async move {
                    post(&store, &posting(&person, Kind::Unlock, -1, &format!("fight {round}"))).await
                })
            }).collect();
            tasks.close();
            let (mut new, mut known, mut others) = (0, 0, 0);
            for answer in answers {
                match answer.await.expect("a task") {
                    Ok(Posted::Created(_)) => new += 1,
                    Ok(Posted::Exists(_)) => known += 1,
                    Err(LedgerError::Conflict { .. }) => others += 1,
                    Err(error) => panic!("{error}"),
                }
            }
            assert_eq!((new, known, others), (1, 3, 12), "its owner's four tries are one posting");
            let spent = store.read(move |conn| ledger::find_entry(conn, Kind::Unlock, &format!("fight {round}")));
            let spender = spent.await.expect("a read").expect("the row").account;
            post(&store, &posting(&spender, Kind::Refund, 1, &format!("fight {round}"))).await.expect("given back");
        }
        assert_eq!(sums_that_drift(&store), []);
    }
}

/// The second try waits for the first one's COMMIT, which takes the last coin.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_that_overtakes_its_first_try_is_told_that_it_is_booked() {
    let db = TestDatabase::postgres();
    let store = db.migrated();
    let ari = account(&store, 1).await;
    post(&store, &posting(&ari, Kind::Grant, 1, "one")).await.expect("given");
    let mut slow = PgConnection::establish(db.url()).expect("a connection");
    slow.batch_execute(&format!(
        "BEGIN; UPDATE coin_balances SET coin_balance = 0, entries = 2; \
         INSERT INTO coin_ledger (id, account_id, entry, type, coins, balance_after, reference_id, at) \
         VALUES ('01J00000000000000000000001', '{ari}', 2, 'unlock', -1, 0, 'the fight', 1)"
    ))
    .expect("an open transaction");
    let tasks = TaskTracker::new();
    let retry = tasks.spawn({
        let (store, ari) = (store.clone(), ari.clone());
        async move { post(&store, &posting(&ari, Kind::Unlock, -1, "the fight")).await }
    });
    wait_for_a_lock(&db).await;
    slow.batch_execute("COMMIT").expect("commits");
    let told = retry.await.expect("a task").expect("no refusal");
    assert!(!told.is_new());
    assert_eq!(sums_that_drift(&store), []);
}

/// Coins come in while a posting that lacks them waits.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_posting_that_waits_for_the_balance_is_judged_by_what_it_is_then() {
    let db = TestDatabase::postgres();
    let store = db.migrated();
    let ari = account(&store, 1).await;
    post(&store, &posting(&ari, Kind::Grant, 1, "one")).await.expect("given");
    let mut slow = PgConnection::establish(db.url()).expect("a connection");
    slow.batch_execute(&format!(
        "BEGIN; UPDATE coin_balances SET coin_balance = 11, entries = 2; \
         INSERT INTO coin_ledger (id, account_id, entry, type, coins, balance_after, reference_id, at) \
         VALUES ('01J00000000000000000000001', '{ari}', 2, 'grant', 10, 11, 'ten', 1)"
    ))
    .expect("an open transaction");
    let tasks = TaskTracker::new();
    let waiting = tasks.spawn({
        let (store, ari) = (store.clone(), ari.clone());
        async move { post(&store, &posting(&ari, Kind::Unlock, -11, "the night")).await }
    });
    wait_for_a_lock(&db).await;
    slow.batch_execute("COMMIT").expect("commits");
    assert!(waiting.await.expect("a task").expect("there are enough").is_new());
    assert_eq!(sums_that_drift(&store), []);
}

/// Until a transaction of this test waits for another one.
async fn wait_for_a_lock(db: &TestDatabase) {
    #[derive(diesel::QueryableByName)]
    struct Waiting {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        waiting: i64,
    }
    let mut conn = PgConnection::establish(db.url()).expect("a connection");
    until("a transaction waits for a lock", LONG, async || {
        let sql = "SELECT count(*) AS waiting FROM pg_locks JOIN pg_class ON pg_class.oid = pg_locks.relation \
             WHERE pid IN (SELECT pid FROM pg_locks WHERE NOT granted) AND relname = 'coin_balances' \
                AND relnamespace = current_schema()::regnamespace";
        let found: Waiting = diesel::RunQueryDsl::get_result(diesel::sql_query(sql), &mut conn).expect("an answer");
        (found.waiting > 0).then_some(())
    })
    .await;
}

/// An account with rows, for raw statements; and a statement that must go through, the refused ones' twin.
async fn with_rows(store: &Store) -> String {
    let ari = account(store, 1).await;
    post(store, &posting(&ari, Kind::Grant, 100, "one")).await.expect("given");
    post(store, &posting(&ari, Kind::Unlock, -40, "two")).await.expect("spent");
    ari.to_string()
}

fn insert(verb: &str, values: &str) -> String {
    format!(
        "{verb} INTO coin_ledger (id, account_id, entry, type, coins, balance_after, reference_id, at) VALUES ({values})"
    )
}

/// Statements that only add are let in; the same is refused when it would replace or does not add up by itself.
fn refused_everywhere(ari: &str) -> Vec<String> {
    let row = |entry: i32, kind: &str, coins: i32, after: i32, reference: &str| {
        insert(
            "INSERT",
            &format!(
                "'01J0000000000000000000000{entry}', '{ari}', {entry}, '{kind}', {coins}, {after}, '{reference}', 1"
            ),
        )
    };
    vec![
        "UPDATE coin_ledger SET coins = 1000 WHERE entry = 1".into(),
        "UPDATE coin_ledger SET note = 'x'".into(),
        "UPDATE coin_ledger SET id = id".into(),
        "DELETE FROM coin_ledger WHERE entry = 2".into(),
        "DELETE FROM coin_ledger".into(),
        "DELETE FROM accounts".into(),
        "UPDATE coin_balances SET coin_balance = -1".into(),
        "UPDATE coin_balances SET coin_balance = coin_balance - 61".into(),
        row(3, "unlock", -61, -1, "three"),
        row(3, "grant", 0, 60, "three"),
        row(3, "unlock", 1, 61, "three"),
        row(3, "purchase", -1, 59, "three"),
        row(3, "gift", 1, 61, "three"),
        row(0, "grant", 1, 61, "three"),
        row(2, "grant", 1, 61, "three"),
        row(3, "grant", 1, 61, "one"),
        format!("{} ON CONFLICT (type, reference_id) DO UPDATE SET coins = 5", row(3, "grant", 1, 61, "one")),
    ]
}

fn added(ari: &str) -> String {
    insert("INSERT", &format!("'01J00000000000000000000003', '{ari}', 3, 'grant', 1, 61, 'three', 1"))
}

#[tokio::test]
async fn nobody_changes_rows_past_the_ledger_in_sqlite() {
    let db = TestDatabase::sqlite();
    let store = db.migrated();
    let ari = with_rows(&store).await;
    let mut conn = SqliteConnection::establish(db.file().expect("a file").to_str().expect("UTF-8")).expect("opens");
    conn.batch_execute("PRAGMA foreign_keys = ON").expect("a pragma");
    let replacing = |verb: &str, entry: i32, id: i32, reference: &str| {
        insert(verb, &format!("'01J0000000000000000000000{id}', '{ari}', {entry}, 'grant', 900, 900, '{reference}', 1"))
    };
    let mut refused = refused_everywhere(&ari);
    for verb in ["INSERT OR REPLACE", "REPLACE"] {
        refused.push(replacing(verb, 1, 9, "nine"));
        refused.push(replacing(verb, 9, 9, "one"));
        refused.push(format!(
            "{verb} INTO coin_ledger SELECT id, account_id, 9, type, 900, 900, 'nine', note, at FROM coin_ledger \
             WHERE entry = 1"
        ));
    }
    refused.push("UPDATE OR REPLACE coin_ledger SET entry = 1 WHERE entry = 2".into());
    for statement in &refused {
        let said = conn.batch_execute(statement);
        assert!(said.is_err(), "{statement}");
    }
    assert_eq!(sums_that_drift(&store), [], "nothing has changed");
    conn.batch_execute(&added(&ari)).expect("a new row is let in");
    assert_eq!(sums_that_drift(&store).len(), 1, "and told, since the balance did not move with it");
}

#[tokio::test]
async fn nobody_changes_rows_past_the_ledger_in_postgres() {
    let db = TestDatabase::postgres();
    let store = db.migrated();
    let ari = with_rows(&store).await;
    let mut conn = raw(&db);
    let mut refused = refused_everywhere(&ari);
    refused.push("TRUNCATE coin_ledger".into());
    refused.push("TRUNCATE coin_ledger, coin_balances".into());
    refused.push("TRUNCATE accounts CASCADE".into());
    for statement in &refused {
        let said = conn.batch_execute(statement);
        assert!(said.is_err(), "{statement}");
    }
    assert_eq!(sums_that_drift(&store), [], "nothing has changed");
    conn.batch_execute(&added(&ari)).expect("a new row is let in");
    assert_eq!(sums_that_drift(&store).len(), 1, "and told, since the balance did not move with it");
}
