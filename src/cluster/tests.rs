use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::window::{REMEMBER_FOR, Window};

/// A row: its id's place in the sequence, and when it becomes visible after it was handed out, in seconds.
fn rows() -> impl Strategy<Value = Vec<(u64, u64)>> {
    prop::collection::vec((0_u64..20, 0_u64..60), 1..60)
}

proptest! {
    /// However commits are delayed within a transaction's life, every row is announced, and once.
    #[test]
    fn every_row_is_announced_once(rows in rows(), look_every in 1_u64..30) {
        let begin = Instant::now();
        let mut window = Window::new(0, &[], begin);
        let mut handed_out = 0;
        let mut visible_at = BTreeMap::new();
        for (id, (pause, delay)) in (1_i64..).zip(&rows) {
            handed_out += pause;
            visible_at.insert(id, handed_out + delay);
        }
        let end = handed_out + 300;
        let mut announced: BTreeMap<i64, u32> = BTreeMap::new();
        for second in (0..end).step_by(usize::try_from(look_every).expect("small")) {
            let now = begin + Duration::from_secs(second);
            let visible: Vec<i64> = visible_at
                .iter()
                .filter(|(id, at)| **at <= second && **id > window.floor())
                .map(|(id, _)| *id)
                .collect();
            for id in window.fresh(&visible) {
                window.mark(id, now);
                *announced.entry(id).or_default() += 1;
            }
            window.settle(now);
        }
        prop_assert_eq!(announced.len(), rows.len());
        prop_assert!(announced.values().all(|times| *times == 1));
    }
}

#[test]
fn what_was_there_before_is_not_announced_and_the_floor_rises() {
    let begin = Instant::now();
    let mut window = Window::new(10, &[12, 13], begin);
    assert_eq!(window.fresh(&[11, 12, 13, 14]), [11, 14]);
    window.mark(14, begin + Duration::from_secs(60));
    window.settle(begin + REMEMBER_FOR);
    assert_eq!(window.floor(), 13);
    assert!(window.fresh(&[14]).is_empty());
}
