//! One account, added up row by row.

use super::drift::Drift;
use super::records::Row;
use crate::ledger::Kind;
use crate::money::Coins;

/// An account whose rows are being added.
#[derive(Clone, Debug)]
pub(super) struct Adding {
    account: String,
    /// Of all rows so far.
    sum: i128,
    /// What the last row should have left, by the row before it: each wrong row is told once, not all after it.
    running: i128,
    entries: i64,
    last: i64,
}

impl Adding {
    pub(super) const fn new(account: String) -> Self {
        Self { account, sum: 0, running: 0, entries: 0, last: 0 }
    }

    pub(super) fn account(&self) -> &str {
        &self.account
    }

    /// After which row the next one follows.
    pub(super) fn place(&self) -> (&str, i64) {
        (&self.account, self.last)
    }

    pub(super) fn sum(&self) -> Coins {
        clamped(self.sum)
    }

    pub(super) const fn entries(&self) -> i64 {
        self.entries
    }

    /// Adds the next row and tells what is wrong with it.
    pub(super) fn add(&mut self, row: &Row, tell: &mut dyn FnMut(&Drift)) {
        let account = || self.account.clone();
        let (entry, coins) = (row.entry, Coins(row.coins));
        let expected = self.last.saturating_add(1);
        if entry != expected {
            tell(&Drift::Gap { account: account(), expected, entry });
        }
        if !row.kind.parse::<Kind>().is_ok_and(|kind| kind.takes(coins)) {
            tell(&Drift::Amount { account: account(), entry, kind: row.kind.clone(), coins });
        }
        let running = self.running.saturating_add(i128::from(row.coins));
        if running != i128::from(row.balance_after) {
            let (expected, balance_after) = (clamped(running), Coins(row.balance_after));
            tell(&Drift::RunningSum { account: account(), entry, expected, balance_after });
        }
        let sum = self.sum.saturating_add(i128::from(row.coins));
        if sum < 0 {
            tell(&Drift::Negative { account: account(), entry, sum: clamped(sum) });
        }
        self.running = row.balance_after.into();
        self.sum = sum;
        self.entries = self.entries.saturating_add(1);
        self.last = entry;
    }
}

/// Sums of wrong rows may leave 64 bits.
fn clamped(sum: i128) -> Coins {
    Coins(i64::try_from(sum).unwrap_or(if sum < 0 { i64::MIN } else { i64::MAX }))
}
