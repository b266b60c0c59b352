//! Settled notices and unlocks per second, on both databases, beside the limit: the same SQL statements without us.
//!
//! `scripts/with-postgres.sh --fsync cargo bench --bench money` (or `make bench`); behind `--` the databases and the
//! things (`notices`, `unlocks`, `supports`, `votes`, `beside`, `full`) that are wanted alone. One notice is what `DOKU` sends,
//! signed, by `Till::take_notice`: signature, parsing, one transaction. One unlock is `Till::unlock_fight` with its
//! key; supports and votes all go to one event. 32 callers at once over a pool of 8 connections; rounds of both alternate, and medians are compared. Then one
//! caller alone: how long each has to wait.
//!
//! The limit repeats one transaction's very statements, reads too, as diesel tells them while we do it, with other
//! values. On a server they are run by `pgbench`, prepared, 8 clients. With `SQLite` they are run by a bare loop of
//! diesel on one connection in the same file, kept prepared, 32 transactions in one COMMIT, which is the best that a
//! writer can make of 32 callers.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    reason = "a benchmark stops where it cannot measure"
)]

#[path = "money/beside.rs"]
mod beside;
#[path = "money/house.rs"]
mod house;
#[path = "money/limit.rs"]
mod limit;
#[path = "money/statements.rs"]
mod statements;

use std::time::Instant;

use bakuhantam::store::Dialect;

use house::{House, Work};
use limit::Limit;

/// Transactions of one round, on each side.
const ROUND: u32 = 4_000;
/// Rounds of each side.
const ROUNDS: u32 = 5;
/// Transactions of one caller alone, one after the other.
const ALONE: u32 = 500;
/// What asks us at once.
pub const CALLERS: u32 = 32;
/// Connections, ours and pgbench's.
pub const CONNECTIONS: u32 = 8;

/// Supports of an event in which one more is tried.
const FULL: u32 = 100_000;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Notices of orders of many users.
    Notices,
    /// Notices of one user's orders.
    NoticesHot,
    /// Unlocks by many users, spread over events.
    Unlocks,
    /// Unlocks by many users of one fight.
    UnlocksHot,
    /// Supports of one event by many users.
    Supports,
    /// Votes in one poll by many users.
    Votes,
}

impl What {
    const ALL: [Self; 6] =
        [Self::Notices, Self::NoticesHot, Self::Unlocks, Self::UnlocksHot, Self::Supports, Self::Votes];

    /// Whether all of it goes to one event.
    #[must_use]
    pub const fn is_hot_event(self) -> bool {
        matches!(self, Self::UnlocksHot | Self::Supports | Self::Votes)
    }

    /// How it is asked for alone.
    const fn name(self) -> &'static str {
        match self {
            Self::Notices | Self::NoticesHot => "notices",
            Self::Unlocks | Self::UnlocksHot => "unlocks",
            Self::Supports => "supports",
            Self::Votes => "votes",
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Notices => "settled notices, spread over users",
            Self::NoticesHot => "settled notices, one hot user",
            Self::Unlocks => "unlocks, spread over users and events",
            Self::UnlocksHot => "unlocks, one hot event",
            Self::Supports => "supports, one hot event",
            Self::Votes => "votes, one hot poll",
        }
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

async fn round(house: &House, work: Vec<Work>, callers: u32) -> f64 {
    let count = work.len();
    let tasks = tokio_util::task::TaskTracker::new();
    let mut parts: Vec<Vec<Work>> = (0..callers).map(|_| Vec::new()).collect();
    for (at, one) in work.into_iter().enumerate() {
        parts[at % callers as usize].push(one);
    }
    let begun = Instant::now();
    for part in parts {
        let house = house.clone();
        tasks.spawn(async move {
            for one in part {
                house.run(one).await;
            }
        });
    }
    tasks.close();
    tasks.wait().await;
    count as f64 / begun.elapsed().as_secs_f64()
}

async fn measure(house: &House, what: What) {
    let mut limit = Limit::prepare(house, what).await;
    // What is kept prepared, is.
    round(house, house.prepare(what, CALLERS * 8), CALLERS).await;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for at in 0..ROUNDS {
        // Each goes first every other time: the database grows, and what was written before is still being flushed.
        if at % 2 == 1 {
            theirs.push(limit.round(ROUND, CALLERS));
        }
        ours.push(round(house, house.prepare(what, ROUND), CALLERS).await);
        if at % 2 == 0 {
            theirs.push(limit.round(ROUND, CALLERS));
        }
    }
    let alone = 1_000.0 / round(house, house.prepare(what, ALONE), 1).await;
    let bare = 1_000.0 / limit.round(ALONE, 1);
    let show = |rounds: &[f64]| rounds.iter().map(|tps| format!("{tps:.0}")).collect::<Vec<_>>().join(", ");
    let (rounds, limits) = (show(&ours), show(&theirs));
    let (ours, theirs) = (median(ours), median(theirs));
    println!(
        "| {} | {:40} | {rounds} | **{ours:.0}/s** | {limits} | {theirs:.0}/s | {:.2} | {alone:.2} / {bare:.2} ms |",
        house.name(),
        what.words(),
        ours / theirs
    );
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let server = std::env::var("BAKUHANTAM_TEST_POSTGRES").expect("run by scripts/with-postgres.sh --fsync");
    let only: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let (databases, things): (Vec<_>, Vec<_>) =
        only.into_iter().partition(|asked| ["postgres", "sqlite"].contains(&asked.as_str()));
    let is_among = |asked: &[String], name: &str| asked.is_empty() || asked.iter().any(|asked| asked == name);
    let is_asked = |name: &str| is_among(&things, name);
    println!(
        "| database | what | ours, five rounds | median | the limit, five rounds | median | ours / limit | alone |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for dialect in [Dialect::Postgres, Dialect::Sqlite] {
        if !is_among(&databases, &format!("{dialect:?}").to_lowercase()) {
            continue;
        }
        let house = House::open(dialect, &server);
        for what in What::ALL {
            if is_asked(what.name()) {
                runtime.block_on(measure(&house, what));
            }
        }
        if is_asked("beside") {
            runtime.block_on(beside::measure(&house));
        }
        if is_asked("full") {
            runtime.block_on(beside::fill(&house, FULL));
        }
        let drifts = house.verify();
        assert_eq!(drifts, 0, "the books must be right after all that");
    }
}
