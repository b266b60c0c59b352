//! Many spend one balance at once, while the database makes trouble: as many succeed as there are coins.

use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bakuhantam::ids::AccountId;
use bakuhantam::ledger::{self, Kind, LedgerError, Posted};
use bakuhantam::store::schema::node_settings;
use bakuhantam::store::{Conn, Store, StoreError};
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::books::{LONG, account, balance, post, posting, raw, sums_that_drift};
use crate::harness::{program, until, until_blocking};
use crate::postgres::{TestDatabase, on_both_databases};

const CLIENTS: usize = 64;
const COINS: u32 = 100;

/// What the clients did together.
#[derive(Debug, Default)]
struct Tally {
    spent: AtomicU32,
    known: AtomicU32,
    short: AtomicU32,
    faults: AtomicU32,
}

impl Tally {
    fn count(counter: &AtomicU32) {
        counter.fetch_add(1, Ordering::SeqCst);
    }

    fn of(counter: &AtomicU32) -> u32 {
        counter.load(Ordering::SeqCst)
    }
}

/// A client spends one coin after the other until there are none left. It tries each under one reference until it
/// knows, and now and then asks again, as one whose answer was lost.
async fn spend(stores: [Store; 2], who: AccountId, client: usize, trouble: Trouble, tally: Arc<Tally>) {
    for step in 0.. {
        let spent = posting(&who, Kind::Vote, -1, &format!("client {client} step {step}"));
        let asks = 1 + (client + step) % 3 / 2;
        let mut answers = 0;
        for attempt in 0.. {
            let (store, spent) = (&stores[(client + attempt) % 2], spent.clone());
            let answer = store
                .write(move |conn| {
                    trouble(conn, client, attempt)?;
                    ledger::post(conn, &spent)
                })
                .await;
            match answer {
                Ok(Posted::Created(_)) => Tally::count(&tally.spent),
                Ok(Posted::Exists(_)) => Tally::count(&tally.known),
                Err(LedgerError::InsufficientCoins { .. }) if answers == 0 => {
                    return Tally::count(&tally.short);
                }
                // The database is busy or the race was lost too often: the same again.
                Err(LedgerError::Store(_)) => {
                    Tally::count(&tally.faults);
                    tokio::task::yield_now().await;
                    continue;
                }
                Err(error) => panic!("{error}"),
            }
            answers += 1;
            if answers > asks {
                break;
            }
        }
    }
}

/// What a client does to its own transaction before it spends.
type Trouble = fn(&mut Conn, usize, usize) -> Result<(), StoreError>;

/// None: the statement asks for nothing that is not there.
fn none(conn: &mut Conn, _client: usize, _attempt: usize) -> Result<(), StoreError> {
    Ok(conn.batch_execute("SELECT 1")?)
}

/// All clients at once, from two processes' stores.
fn all_spend(db: &TestDatabase, store: &Store, who: &AccountId, trouble: Trouble) -> (TaskTracker, Arc<Tally>) {
    let (tasks, tally) = (TaskTracker::new(), Arc::new(Tally::default()));
    let other = db.open();
    for client in 0..CLIENTS {
        let stores = [store.clone(), other.clone()];
        tasks.spawn(spend(stores, who.clone(), client, trouble, Arc::clone(&tally)));
    }
    tasks.close();
    (tasks, tally)
}

async fn rich(store: &Store) -> AccountId {
    let who = account(store, 1).await;
    post(store, &posting(&who, Kind::Grant, COINS.into(), "start")).await.expect("given");
    who
}

async fn exactly_all_were_spent(store: &Store, who: &AccountId, tally: &Tally) {
    assert_eq!(Tally::of(&tally.spent) + lost_answers(store, who, tally).await, COINS, "{tally:?}");
    assert_eq!(Tally::of(&tally.short), u32::try_from(CLIENTS).expect("few"), "{tally:?}");
    assert!(Tally::of(&tally.known) > 0, "{tally:?}");
    assert_eq!(balance(store, who).await, 0);
    assert_eq!(sums_that_drift(store), []);
}

/// Rows whose client was told that the database does not answer, and then that the row is there.
async fn lost_answers(store: &Store, who: &AccountId, tally: &Tally) -> u32 {
    let who = who.clone();
    let rows = store.read(move |conn| ledger::list_entries(conn, &who, None, 1_000)).await.expect("rows");
    let rows = u32::try_from(rows.len()).expect("few") - 1;
    let lost = rows.checked_sub(Tally::of(&tally.spent)).expect("no answer without its row");
    assert!(lost <= Tally::of(&tally.faults), "{lost}: {tally:?}");
    lost
}

on_both_databases! {
    async fn sixty_four_clients_spend_a_hundred_coins_and_exactly_a_hundred_succeed(db) {
        let store = db.migrated();
        let who = rich(&store).await;
        let (tasks, tally) = all_spend(&db, &store, &who, none);
        tasks.wait().await;
        exactly_all_were_spent(&store, &who, &tally).await;
        assert_eq!(Tally::of(&tally.faults), 0, "nobody was sent away: {tally:?}");
    }
}

/// A third of the transactions are serialisable and lose races, a third take two rows in an order that deadlocks, and
/// some wait for locks for a moment only. Beside them somebody keeps the balance locked.
fn trouble(conn: &mut Conn, client: usize, attempt: usize) -> Result<(), StoreError> {
    match client % 3 {
        0 => conn.batch_execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")?,
        1 => {
            conn.batch_execute("SET LOCAL deadlock_timeout = '10ms'")?;
            let rows = if client.is_multiple_of(2) { ["a", "b"] } else { ["b", "a"] };
            for row in rows {
                diesel::update(node_settings::table.find(row))
                    .set(node_settings::value.eq(client.to_string()))
                    .execute(conn)?;
            }
        }
        _ => {}
    }
    if (client + attempt).is_multiple_of(4) {
        conn.batch_execute("SET LOCAL lock_timeout = '5ms'")?;
    }
    Ok(())
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = diesel::sql_types::BigInt)]
    count: i64,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_while_races_are_lost_and_locks_time_out() {
    let db = TestDatabase::postgres();
    let store = db.migrated();
    let who = rich(&store).await;
    let rows = "INSERT INTO node_settings VALUES ('a', ''), ('b', '')";
    store.write(move |conn| Ok::<_, StoreError>(conn.batch_execute(rows)?)).await.expect("rows");
    let holder = CancellationToken::new();
    let held = std::thread::spawn({
        let (mut conn, holder) = (raw(&db), holder.clone());
        move || {
            while !holder.is_cancelled() {
                let lock = "BEGIN; SELECT * FROM coin_balances FOR UPDATE; SELECT pg_sleep(0.01); COMMIT";
                conn.batch_execute(lock).expect("a moment's lock");
                conn.batch_execute("SELECT pg_sleep(0.02)").expect("a moment without");
            }
        }
    });
    let (tasks, tally) = all_spend(&db, &store, &who, trouble);
    tasks.wait().await;
    holder.cancel();
    held.join().expect("the holder ends");
    assert!(Tally::of(&tally.faults) > 0, "the trouble was real: {tally:?}");
    exactly_all_were_spent(&store, &who, &tally).await;
    let mut conn = raw(&db);
    let deadlocks = "SELECT deadlocks AS count FROM pg_stat_database WHERE datname = current_database()";
    let Count { count } = diesel::sql_query(deadlocks)
        .get_result(match &mut conn {
            Conn::Postgres(conn) => conn,
            Conn::Sqlite(_) => unreachable!("a server"),
        })
        .expect("an answer");
    println!("{tally:?}, {count} deadlocks in this cluster");
}

/// Another process that holds the file's write lock until its input closes.
struct OtherWriter(Child);

impl OtherWriter {
    fn hold(db: &TestDatabase) -> Self {
        let file = db.file().expect("a file");
        let script = "import sqlite3, sys\n\
            c = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)\n\
            c.execute('BEGIN IMMEDIATE')\n\
            c.execute(\"INSERT INTO node_settings VALUES ('held', '')\")\n\
            open(sys.argv[1] + '.held', 'w').close()\n\
            sys.stdin.read()\n\
            c.execute('ROLLBACK')\n";
        let mut python = program("python3", "Python");
        python.args(["-c", script]).arg(&file).stdin(Stdio::piped());
        let child = python.spawn().expect("Python runs");
        let held = file.with_extension("db.held");
        until_blocking("the other process has the lock", LONG, || held.exists().then_some(()));
        std::fs::remove_file(held).expect("a file");
        Self(child)
    }

    fn release(mut self) {
        drop(self.0.stdin.take());
        assert!(self.0.wait().expect("an end").success());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_while_another_process_keeps_the_file_locked() {
    let db = TestDatabase::sqlite();
    let store = db.migrated();
    let who = rich(&store).await;
    let other = OtherWriter::hold(&db);
    let (tasks, tally) = all_spend(&db, &store, &who, none);
    // Longer than a connection waits for the lock.
    until("clients are told that the file is locked", LONG, async || (Tally::of(&tally.faults) > 0).then_some(()))
        .await;
    assert_eq!(Tally::of(&tally.spent), 0, "{tally:?}");
    other.release();
    tasks.wait().await;
    exactly_all_were_spent(&store, &who, &tally).await;
}
