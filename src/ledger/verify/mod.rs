//! Adding everything up again: whether the books are right.
//!
//! Every account is re-added from its first row, one page of rows at a time, so that memory does not grow with the
//! books; what coins were spent on and bought with is held against the rows by the database. The caller's transaction
//! is one snapshot, so postings that happen meanwhile are either seen whole or not at all.

mod account;
mod drift;
mod matching;
mod records;

pub use drift::{Drift, Says};

use crate::money::Coins;
use crate::store::{Conn, StoreError};
use account::Adding;

/// What was added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Books {
    /// Accounts with a row.
    pub accounts: u64,
    /// Rows.
    pub entries: u64,
    /// Coins that all accounts hold together, by their rows.
    pub coins: Coins,
    /// Ways in which the books are wrong; 0: they are right.
    pub drifts: u64,
}

/// Hears of each drift as it is found.
type Found<'a> = &'a mut dyn FnMut(&Drift);

/// Adds the books up again and tells `found` of each drift, as it goes.
///
/// # Errors
/// [`StoreError`]: nothing is known then.
pub fn verify(conn: &mut Conn, found: Found<'_>) -> Result<Books, StoreError> {
    let mut books = Books::default();
    let mut drifts = 0_u64;
    let mut tell = |drift: &Drift| {
        drifts = drifts.saturating_add(1);
        found(drift);
    };
    add_accounts(conn, &mut books, &mut tell)?;
    let mut after = String::new();
    while let Some(balance) = records::next_balance_without_rows(conn, &after)? {
        tell(&balance.drift(Coins(0), 0));
        after = balance.into_account();
    }
    for matching in matching::ALL {
        matching.check(conn, &mut tell)?;
    }
    books.drifts = drifts;
    Ok(books)
}

/// Goes through all rows in the order of accounts and numbers.
fn add_accounts(conn: &mut Conn, books: &mut Books, tell: Found<'_>) -> Result<(), StoreError> {
    let mut open: Option<Adding> = None;
    loop {
        let page = records::next_rows(conn, open.as_ref().map(Adding::place))?;
        if page.is_empty() {
            break;
        }
        let mut done = Vec::new();
        for row in page {
            if let Some(ended) = open.take_if(|adding| adding.account() != row.account) {
                done.push(ended);
            }
            open.get_or_insert_with(|| Adding::new(row.account.clone())).add(&row, tell);
        }
        close(conn, &done, books, tell)?;
    }
    close(conn, open.as_slice(), books, tell)
}

/// Holds accounts that were added up against their balances.
fn close(conn: &mut Conn, done: &[Adding], books: &mut Books, tell: Found<'_>) -> Result<(), StoreError> {
    let names: Vec<&str> = done.iter().map(Adding::account).collect();
    let mut balances = records::balances_of(conn, &names)?;
    for adding in done {
        books.accounts = books.accounts.saturating_add(1);
        books.entries = books.entries.saturating_add(adding.entries().unsigned_abs());
        books.coins = Coins(books.coins.0.saturating_add(adding.sum().0));
        let balance = balances.remove(adding.account()).unwrap_or_else(|| records::Balance::none(adding.account()));
        if (balance.coins, balance.entries) != (adding.sum(), adding.entries()) {
            tell(&balance.drift(adding.sum(), adding.entries()));
        }
    }
    Ok(())
}
