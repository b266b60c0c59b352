//! Rows as they are read for adding up.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use super::drift::Drift;
use super::matching::Matching;
use crate::money::Coins;
use crate::store::schema::{coin_balances, coin_ledger};
use crate::store::{Conn, StoreError, each_dialect};

/// Rows in memory at once.
const PAGE: i64 = 2_000;
/// Names in one statement, far below what `SQLite` takes.
const NAMES_MAX: usize = 500;

/// What adding up needs of a row. Not [`crate::ledger::Entry`]: a row that cannot be understood is told, too.
#[derive(Clone, Debug, Queryable)]
pub(super) struct Row {
    pub(super) account: String,
    pub(super) entry: i64,
    pub(super) kind: String,
    pub(super) coins: i64,
    pub(super) balance_after: i64,
}

/// A balance as kept beside the rows.
#[derive(Clone, Debug)]
pub(super) struct Balance {
    account: String,
    pub(super) coins: Coins,
    pub(super) entries: i64,
}

impl Balance {
    /// That of an account without one.
    pub(super) fn none(account: &str) -> Self {
        Self { account: account.to_owned(), coins: Coins(0), entries: 0 }
    }

    /// Whose it is.
    pub(super) fn into_account(self) -> String {
        self.account
    }

    /// That it is not what the rows add up to.
    pub(super) fn drift(&self, sum: Coins, entries: i64) -> Drift {
        Drift::Balance { account: self.account.clone(), balance: self.coins, sum, counted: self.entries, entries }
    }
}

/// The next rows in the order of accounts and numbers: of the account at `place` behind the row there, else of the
/// accounts behind it. Both are a walk along the index.
pub(super) fn next_rows(conn: &mut Conn, place: Option<(&str, i64)>) -> Result<Vec<Row>, StoreError> {
    let columns = (
        coin_ledger::account_id,
        coin_ledger::entry,
        coin_ledger::kind,
        coin_ledger::coins,
        coin_ledger::balance_after,
    );
    let (account, entry) = place.unwrap_or(("", 0));
    let same: Vec<Row> = coin_ledger::table
        .filter(coin_ledger::account_id.eq(account))
        .filter(coin_ledger::entry.gt(entry))
        .order(coin_ledger::entry)
        .select(columns)
        .limit(PAGE)
        .load(conn)?;
    if !same.is_empty() {
        return Ok(same);
    }
    Ok(coin_ledger::table
        .filter(coin_ledger::account_id.gt(account))
        .order((coin_ledger::account_id, coin_ledger::entry))
        .select(columns)
        .limit(PAGE)
        .load(conn)?)
}

/// The balances of accounts, by account.
pub(super) fn balances_of(conn: &mut Conn, accounts: &[&str]) -> Result<HashMap<String, Balance>, StoreError> {
    let mut balances = HashMap::with_capacity(accounts.len());
    for some in accounts.chunks(NAMES_MAX) {
        let rows: Vec<(String, i64, i64)> =
            coin_balances::table.filter(coin_balances::account_id.eq_any(some.to_vec())).load(conn)?;
        for (account, coins, entries) in rows {
            balances.insert(account.clone(), Balance { account, coins: Coins(coins), entries });
        }
    }
    Ok(balances)
}

/// The next balance behind `after` that says something of an account without a row. There is none unless somebody
/// wrote past the ledger, so they are asked for one by one.
pub(super) fn next_balance_without_rows(conn: &mut Conn, after: &str) -> Result<Option<Balance>, StoreError> {
    let row: Option<(String, i64, i64)> = coin_balances::table
        .filter(coin_balances::account_id.gt(after))
        .filter(coin_balances::coin_balance.ne(0).or(coin_balances::entries.ne(0)))
        .filter(diesel::dsl::not(diesel::dsl::exists(
            coin_ledger::table.filter(coin_ledger::account_id.eq(coin_balances::account_id)),
        )))
        .order(coin_balances::account_id)
        .first(conn)
        .optional()?;
    Ok(row.map(|(account, coins, entries)| Balance { account, coins: Coins(coins), entries }))
}

/// What should be booked under a name, and what is.
#[derive(Clone, Debug, QueryableByName)]
pub(super) struct Pair {
    #[diesel(sql_type = Text)]
    pub(super) reference: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) should_account: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub(super) should_coins: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(super) booked_account: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    pub(super) booked_coins: Option<i64>,
}

/// The next names behind `after` of what has no row, or a row with other values.
pub(super) fn unbooked_or_different(
    conn: &mut Conn,
    matching: &Matching,
    after: &str,
) -> Result<Vec<Pair>, StoreError> {
    let (kind, should) = (matching.kind, matching.should);
    pairs(
        conn,
        &format!(
            "SELECT s.reference AS reference, s.account_id AS should_account, s.coins AS should_coins, \
                l.account_id AS booked_account, l.coins AS booked_coins \
             FROM ({should}) AS s LEFT JOIN coin_ledger AS l ON l.type = '{kind}' AND l.reference_id = s.reference \
             WHERE s.reference > $1 AND (l.id IS NULL OR l.account_id <> s.account_id OR l.coins <> s.coins) \
             ORDER BY s.reference LIMIT {PAGE}"
        ),
        after,
    )
}

/// The next names behind `after` of rows with nothing behind them.
pub(super) fn unfounded(conn: &mut Conn, matching: &Matching, after: &str) -> Result<Vec<Pair>, StoreError> {
    let (kind, should) = (matching.kind, matching.should);
    pairs(
        conn,
        &format!(
            "SELECT l.reference_id AS reference, NULL AS should_account, CAST(NULL AS BIGINT) AS should_coins, \
                l.account_id AS booked_account, l.coins AS booked_coins \
             FROM coin_ledger AS l \
             WHERE l.type = '{kind}' AND l.reference_id > $1 \
                AND NOT EXISTS (SELECT 1 FROM ({should}) AS s WHERE s.reference = l.reference_id) \
             ORDER BY l.reference_id LIMIT {PAGE}"
        ),
        after,
    )
}

fn pairs(conn: &mut Conn, sql: &str, after: &str) -> Result<Vec<Pair>, StoreError> {
    Ok(each_dialect!(conn, c => diesel::sql_query(sql).bind::<Text, _>(after).load(c))?)
}
