//! A command beside the server: another process's writes, while fifty callers vote without pause in the same file.

use std::time::{Duration, Instant};

use bakuhantam::store::{Dialect, StoreError};
use diesel::connection::SimpleConnection as _;

use super::house::House;
use super::{What, round};

/// What asks us at once.
const CALLERS: u32 = 50;
/// Votes of one run.
const VOTES: u32 = 30_000;
/// Between two writes of the other process.
const PAUSE: Duration = Duration::from_millis(20);

/// Tells how long the other process waits, and what it costs.
pub async fn measure(house: &House) {
    if house.dialect != Dialect::Sqlite {
        return;
    }
    let alone = round(house, house.prepare(What::Votes, VOTES), CALLERS).await;
    let work = house.prepare(What::Votes, VOTES);
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let other = house.another_process();
    let neighbour = std::thread::spawn(move || {
        let (mut waited, mut refused) = (Vec::new(), 0);
        while stopped.recv_timeout(PAUSE) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
            let begun = Instant::now();
            let sql = "UPDATE coin_balances SET entries = entries WHERE account_id = ''";
            match other.write_now(move |conn| Ok::<_, StoreError>(conn.batch_execute(sql)?)) {
                Ok(()) => waited.push(begun.elapsed()),
                Err(_) => refused += 1,
            }
        }
        (waited, refused)
    });
    let beside = round(house, work, CALLERS).await;
    drop(stop);
    let (mut waited, refused) = neighbour.join().unwrap();
    waited.sort();
    let ms = |at: usize| waited.get(at).map_or(f64::NAN, |took| took.as_secs_f64() * 1_000.0);
    println!(
        "another process beside {CALLERS} callers: {} writes, p50 {:.1} ms, p99 {:.1} ms, most {:.1} ms, {refused} given up; \
         {beside:.0} votes/s, {alone:.0} without it",
        waited.len(),
        ms(waited.len() / 2),
        ms(waited.len() * 99 / 100),
        ms(waited.len().saturating_sub(1)),
    );
}

/// Supports of an event that has many: whether one costs more the more there were.
pub async fn fill(house: &House, supports: u32) {
    let first = round(house, house.prepare(What::Supports, 4_000), super::CALLERS).await;
    let mut left = supports;
    let begun = Instant::now();
    while left > 0 {
        let some = left.min(10_000);
        round(house, house.prepare(What::Supports, some), super::CALLERS).await;
        left -= some;
    }
    let took = begun.elapsed().as_secs_f64();
    let last = round(house, house.prepare(What::Supports, 4_000), super::CALLERS).await;
    println!(
        "{}: {first:.0} supports/s at first, {last:.0} after {supports} more, which took {took:.0} s",
        house.name()
    );
}
