//! The money storm: thousands of payments told in every wrong way at once, while the program and its database are
//! killed again and again. At the end no coin is lost and none is there twice.
//!
//! `make test` plays a small one; the full one of 10,000 orders is for `make test-long`.

pub mod fate;
mod weather;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bakuhantam::config::{Database, Secret};
use bakuhantam::store::{Conn, Store, StoreError, migrate};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use self::fate::{Fate, Luck};
use self::weather::{Cluster, Storm, Tally};
use crate::harness::private_postgres::PrivatePostgres;
use crate::harness::until;
use crate::postgres::TestDatabase;
use crate::selling::COINS;

/// Until everything that was paid is credited, after the last notice.
const CALM: Duration = Duration::from_secs(120);

/// How large a storm is.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    pub orders: usize,
    /// Kills of the program.
    pub app_kills: usize,
    /// Kills of the database's server.
    pub database_kills: usize,
    /// Time between two rounds of asking, in milliseconds.
    pub reconcile_every_ms: u64,
}

const SMALL: Size = Size { orders: 400, app_kills: 3, database_kills: 2, reconcile_every_ms: 1_500 };
const FULL: Size = Size { orders: 10_000, app_kills: 20, database_kills: 12, reconcile_every_ms: 5_000 };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn small_on_sqlite() {
    play(Cluster::Sqlite(TestDatabase::sqlite()), SMALL, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn small_on_postgres() {
    play(Cluster::Postgres(PrivatePostgres::start()), SMALL, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: make test-long"]
async fn full_on_sqlite() {
    play(Cluster::Sqlite(TestDatabase::sqlite()), FULL, 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: make test-long"]
async fn full_on_postgres() {
    play(Cluster::Postgres(PrivatePostgres::start()), FULL, 4).await;
}

async fn play(cluster: Cluster, size: Size, seed: u64) {
    let begun = Instant::now();
    let config = Database { url: Secret::new(cluster.url()), ..Database::default() };
    let store = Store::open(&config).expect("an address");
    migrate::up(&store).expect("migrations run");
    let mut evening = Storm::gather(cluster, &store, size, seed).await;
    let made = begun.elapsed();
    let raged = Instant::now();
    let tally = evening.rage(size, seed).await;
    let took = raged.elapsed();
    let paid: Vec<&str> =
        evening.orders.iter().filter(|order| order.fate.is_paid()).map(|order| order.invoice.as_str()).collect();
    let wanted = i64::try_from(paid.len()).expect("few");
    until("every paid order is credited", CALM, async || {
        (number(&store, "SELECT COUNT(*) AS n FROM coin_orders WHERE status = 'paid'").await == wanted).then_some(())
    })
    .await;
    let calm = raged.elapsed();
    the_books_balance(&store, &evening, wanted).await;
    nothing_answered_is_missing(&store, &tally).await;
    evening.server.cli_ok(&["ledger", "verify"]);
    tell(&store, &evening, &tally, (made, took, calm)).await;
}

/// Coins are exactly those of the paid orders, each booked once.
async fn the_books_balance(store: &Store, evening: &Storm, paid: i64) {
    let sums = [
        ("SELECT COUNT(*) AS n FROM coin_ledger WHERE type = 'purchase'", paid),
        ("SELECT COUNT(*) AS n FROM coin_ledger WHERE type <> 'purchase'", 0),
        ("SELECT CAST(COALESCE(SUM(coins), 0) AS BIGINT) AS n FROM coin_ledger", paid * COINS),
        ("SELECT CAST(COALESCE(SUM(coin_balance), 0) AS BIGINT) AS n FROM coin_balances", paid * COINS),
        (
            "SELECT CAST(COALESCE(SUM(coins + bonus_coins), 0) AS BIGINT) AS n FROM coin_orders WHERE status = 'paid'",
            paid * COINS,
        ),
        (
            "SELECT COUNT(*) AS n FROM coin_orders o WHERE o.status = 'paid' AND NOT EXISTS \
             (SELECT 1 FROM coin_ledger l WHERE l.type = 'purchase' AND l.reference_id = o.invoice \
             AND l.account_id = o.account_id)",
            0,
        ),
        // Each credit stands in the inbox once, and nothing else does.
        ("SELECT COUNT(*) AS n FROM payment_notices WHERE verdict IN ('credited', 'credited_late')", paid),
        (
            "SELECT COUNT(DISTINCT invoice) AS n FROM payment_notices WHERE verdict IN ('credited', 'credited_late')",
            paid,
        ),
    ];
    for (sql, wanted) in sums {
        assert_eq!(number(store, sql).await, wanted, "{sql}");
    }
    let credited: HashSet<String> =
        texts(store, "SELECT reference_id AS t FROM coin_ledger WHERE type = 'purchase'").await.into_iter().collect();
    for order in &evening.orders {
        assert_eq!(credited.contains(&order.invoice), order.fate.is_paid(), "{order:?}");
    }
}

/// Whatever was answered with 200 or with "stale" is in the inbox; what was forged is not.
async fn nothing_answered_is_missing(store: &Store, tally: &Tally) {
    let kept: HashSet<String> =
        texts(store, "SELECT request_id AS t FROM payment_notices WHERE source = 'hook'").await.into_iter().collect();
    let missing: Vec<&String> = tally.answered.iter().filter(|id| !kept.contains(*id)).collect();
    assert!(missing.is_empty(), "{} notices were answered and are not kept: {missing:?}", missing.len());
    let forged: Vec<&String> = tally.forged.iter().filter(|id| kept.contains(*id)).collect();
    assert!(forged.is_empty(), "forged notices were kept: {forged:?}");
}

async fn tell(store: &Store, evening: &Storm, tally: &Tally, (made, took, calm): (Duration, Duration, Duration)) {
    let of = |verdict: &'static str| async move {
        number(store, &format!("SELECT COUNT(*) AS n FROM payment_notices WHERE verdict = '{verdict}'")).await
    };
    let by_check =
        number(store, "SELECT COUNT(*) AS n FROM payment_notices WHERE source = 'check' AND verdict LIKE 'credited%'")
            .await;
    let per_second = f64::from(u32::try_from(tally.taken).expect("few")) / took.as_secs_f64();
    println!(
        "money storm on {}: {} orders made in {:.1} s, {} paid\n\
         {} notices sent, {} times in all ({} answered 200, {} stale, {} refused as forged, {} lost on the way), \
         {:.1} s, {per_second:.0} notices/s\n\
         the program was killed {} times, the database {} times; calm after {:.1} s\n\
         inbox: credited {}, credited_late {}, already_paid {}, noted {}, stale {}, wrong_amount {}, unknown_invoice {}\n\
         {by_check} orders were credited by asking, the provider was asked {} times\n\
         coins lost: 0, coins doubled: 0, ledger verify: clean",
        evening.cluster.name(),
        evening.orders.len(),
        made.as_secs_f64(),
        evening.orders.iter().filter(|order| order.fate.is_paid()).count(),
        tally.sent,
        tally.tries,
        tally.taken,
        tally.stale,
        tally.forged.len(),
        tally.tries - tally.taken - tally.stale - tally.refused,
        took.as_secs_f64(),
        tally.app_kills,
        tally.database_kills,
        calm.as_secs_f64(),
        of("credited").await,
        of("credited_late").await,
        of("already_paid").await,
        of("noted").await,
        of("stale").await,
        of("wrong_amount").await,
        of("unknown_invoice").await,
        evening.doku.asked().len(),
    );
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    n: i64,
}

#[derive(QueryableByName)]
struct Word {
    #[diesel(sql_type = Text)]
    t: String,
}

async fn number(store: &Store, sql: &str) -> i64 {
    let sql: Arc<str> = Arc::from(sql);
    let read = store.read(move |conn| {
        let query = diesel::sql_query(&*sql);
        let found: Number = match conn {
            Conn::Sqlite(conn) => query.get_result(conn)?,
            Conn::Postgres(conn) => query.get_result(conn)?,
        };
        Ok::<_, StoreError>(found.n)
    });
    read.await.expect("a number")
}

async fn texts(store: &Store, sql: &'static str) -> Vec<String> {
    let read = store.read(move |conn| {
        let query = diesel::sql_query(sql);
        let found: Vec<Word> = match conn {
            Conn::Sqlite(conn) => query.load(conn)?,
            Conn::Postgres(conn) => query.load(conn)?,
        };
        Ok::<_, StoreError>(found.into_iter().map(|word| word.t).collect())
    });
    read.await.expect("texts")
}

#[test]
fn the_same_seed_is_the_same_storm() {
    let fates = |seed| {
        let mut luck = Luck::new(seed);
        (0..100).map(|_| Fate::draw(&mut luck)).collect::<Vec<_>>()
    };
    assert_eq!(fates(7), fates(7));
    assert_ne!(fates(7), fates(8));
}
