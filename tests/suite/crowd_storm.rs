//! The crowd's storm: supports and votes in flight while the program is killed again and again, on one node or two. Each
//! request is repeated under its key until it is answered, and then once more: it has one effect and one answer. No coin
//! is lost, none is spent twice, numbers have no gap, and each step of the ladder is a fact once.
//!
//! `make test` plays a small one; the full one is for `make test-long`.

mod rush;
mod steps;

use std::collections::HashSet;
use std::time::Instant;

use bakuhantam::store::{Conn, Store, StoreError};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use serde_json::Value;

use self::rush::{GRANT, Night, Tally};
use crate::postgres::TestDatabase;

/// How large a storm is.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    pub nodes: usize,
    pub viewers: u32,
    /// Supports and votes of each viewer.
    pub requests: u32,
    /// Kills of the program.
    pub kills: usize,
}

const SMALL: Size = Size { nodes: 1, viewers: 8, requests: 40, kills: 3 };
const FULL: Size = Size { nodes: 1, viewers: 32, requests: 400, kills: 40 };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn small_on_sqlite() {
    play(TestDatabase::sqlite(), SMALL, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn small_on_two_nodes_of_postgres() {
    play(TestDatabase::postgres(), Size { nodes: 2, ..SMALL }, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: make test-long"]
async fn full_on_sqlite() {
    play(TestDatabase::sqlite(), FULL, 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: make test-long"]
async fn full_on_two_nodes_of_postgres() {
    play(TestDatabase::postgres(), Size { nodes: 2, ..FULL }, 4).await;
}

async fn play(db: TestDatabase, size: Size, seed: u64) {
    let mut night = Night::open(&db, size).await;
    let begun = Instant::now();
    let tally = night.rage(size, seed).await;
    let took = begun.elapsed();
    let store = db.open();
    each_key_has_one_effect(&store, &tally, size).await;
    the_coins_are_all_there(&store, &tally, size).await;
    each_step_is_a_fact_once(&store, &tally).await;
    night.nodes[0].cli_ok(&["ledger", "verify"]);
    println!(
        "crowd storm, {size:?}: {} supports and {} votes of {} and {} coins, sent {} times ({} answered, {} lost on the \
         way), {} kills, {:.1} s\nlost: 0, doubled: 0, ledger verify: clean",
        tally.supports,
        tally.votes,
        tally.support_coins,
        tally.vote_coins,
        tally.tries,
        tally.answers,
        tally.tries - tally.answers,
        tally.kills,
        took.as_secs_f64(),
    );
    assert!(tally.tries > tally.answers, "nothing was lost on the way: the kills met nobody");
}

/// A row for each key that was answered, and none beside.
async fn each_key_has_one_effect(store: &Store, tally: &Tally, size: Size) {
    let keys = i64::from(size.viewers * size.requests);
    for (sql, wanted) in [
        ("SELECT COUNT(*) AS n FROM supports", tally.supports),
        ("SELECT COUNT(*) AS n FROM votes", tally.votes),
        ("SELECT COUNT(*) AS n FROM coin_ledger WHERE type = 'support'", tally.supports),
        ("SELECT COUNT(*) AS n FROM coin_ledger WHERE type = 'vote'", tally.votes),
        ("SELECT COUNT(*) AS n FROM idempotency_keys", keys),
        ("SELECT COUNT(*) AS n FROM event_crowds WHERE hold_supports", 0),
        // Numbered without gap, in one row each.
        ("SELECT MAX(seq) AS n FROM supports", tally.supports),
        ("SELECT COUNT(DISTINCT seq) AS n FROM supports", tally.supports),
        ("SELECT MAX(seq) AS n FROM event_crowds", tally.supports),
        // Each was told once.
        ("SELECT COUNT(*) AS n FROM outbox WHERE kind IN ('superchat:new', 'donation:new')", tally.supports),
        // The first fact of ladder and poll is that they were applied.
        ("SELECT COUNT(*) AS n FROM outbox WHERE kind = 'milestone:update'", tally.supports + 1),
        ("SELECT COUNT(*) AS n FROM outbox WHERE kind = 'poll:update'", tally.votes + 1),
    ] {
        assert_eq!(number(store, sql).await, wanted, "{sql}");
    }
    assert_eq!(tally.supports + tally.votes, keys);
    // The numbers that givers were told are those of their own rows: nobody was given another's answer.
    let numbers: HashSet<i64> = tally.numbers.iter().copied().collect();
    assert_eq!(i64::try_from(numbers.len()), Ok(tally.supports));
    assert_eq!((numbers.iter().min(), numbers.iter().max()), (Some(&1), Some(&tally.supports)));
}

async fn the_coins_are_all_there(store: &Store, tally: &Tally, size: Size) {
    let granted = i64::from(size.viewers) * GRANT;
    let spent = tally.support_coins + tally.vote_coins;
    for (sql, wanted) in [
        ("SELECT CAST(SUM(coins) AS BIGINT) AS n FROM coin_ledger WHERE type = 'grant'", granted),
        ("SELECT CAST(SUM(coin_balance) AS BIGINT) AS n FROM coin_balances", granted - spent),
        ("SELECT CAST(SUM(coins) AS BIGINT) AS n FROM coin_ledger", granted - spent),
        ("SELECT CAST(SUM(coins) AS BIGINT) AS n FROM supports", tally.support_coins),
        ("SELECT CAST(SUM(coins) AS BIGINT) AS n FROM votes", tally.vote_coins),
        ("SELECT CAST(SUM(total_coins) AS BIGINT) AS n FROM event_crowds", tally.support_coins),
    ] {
        assert_eq!(number(store, sql).await, wanted, "{sql}");
    }
}

/// What the ladder's facts say was reached: every step below the total, each once, in order.
async fn each_step_is_a_fact_once(store: &Store, tally: &Tally) {
    let facts = texts(store, "SELECT payload AS t FROM outbox WHERE kind = 'milestone:update' ORDER BY id").await;
    let mut reached = Vec::new();
    for fact in &facts {
        let fact: Value = serde_json::from_str(fact).expect("JSON");
        let steps = fact["reached"].as_array().into_iter().flatten();
        reached.extend(steps.map(|step| step["coins"].as_i64().expect("coins")));
    }
    reached.sort_unstable();
    let wanted: Vec<i64> = rush::steps().take_while(|coins| *coins <= tally.support_coins).collect();
    assert!(wanted.len() > 2, "the ladder was climbed: {wanted:?}");
    assert_eq!(reached, wanted);
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

async fn number(store: &Store, sql: &'static str) -> i64 {
    let read = store.read(move |conn| {
        let query = diesel::sql_query(sql);
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
