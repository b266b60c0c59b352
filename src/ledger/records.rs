//! Rows of the ledger and of balances.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::post::BALANCE_MAX;
use super::{Entry, Kind, Posting};
use crate::clock::Micros;
use crate::ids::AccountId;
use crate::money::Coins;
use crate::store::schema::{coin_balances, coin_ledger};
use crate::store::{Bind, Conn, Prepared, StoreError, each_dialect};

type Row = (String, String, i64, String, i64, i64, String, Option<String>, i64);

fn read((id, account, entry, kind, coins, balance_after, reference, note, at): Row) -> Result<Entry, StoreError> {
    let bad = |error: String| StoreError::Row(error);
    Ok(Entry {
        id: id.parse().map_err(|error: crate::ids::BadName| bad(error.to_string()))?,
        account: account.parse().map_err(|error: crate::ids::BadName| bad(error.to_string()))?,
        entry,
        kind: kind.parse().map_err(bad)?,
        coins: Coins(coins),
        balance_after: Coins(balance_after),
        reference,
        note,
        at: Micros(at),
    })
}

/// The balance; 0 for an account that never had a coin.
///
/// # Errors
/// [`StoreError`]
pub fn get_balance(conn: &mut Conn, account: &AccountId) -> Result<Coins, StoreError> {
    let balance: Option<i64> =
        coin_balances::table.find(account.as_str()).select(coin_balances::coin_balance).get_result(conn).optional()?;
    Ok(Coins(balance.unwrap_or(0)))
}

/// The row booked under a name.
///
/// # Errors
/// [`StoreError`]
pub fn find_entry(conn: &mut Conn, kind: Kind, reference: &str) -> Result<Option<Entry>, StoreError> {
    let mine =
        coin_ledger::table.filter(coin_ledger::kind.eq(kind.as_str())).filter(coin_ledger::reference_id.eq(reference));
    let row: Option<Row> = each_dialect!(conn, c => mine.get_result(c).optional())?;
    row.map(read).transpose()
}

/// An account's rows, newest first, at most `limit`, with numbers below `before` where given.
///
/// # Errors
/// [`StoreError`]
pub fn list_entries(
    conn: &mut Conn,
    account: &AccountId,
    before: Option<i64>,
    limit: i64,
) -> Result<Vec<Entry>, StoreError> {
    let rows: Vec<Row> = coin_ledger::table
        .filter(coin_ledger::account_id.eq(account.as_str()))
        .filter(coin_ledger::entry.lt(before.unwrap_or(i64::MAX)))
        .order(coin_ledger::entry.desc())
        .limit(limit)
        .load(conn)?;
    rows.into_iter().map(read).collect()
}

/// The balance, with its row locked until the transaction ends; 0 where there is no row.
pub(super) fn lock_balance(conn: &mut Conn, account: &AccountId) -> Result<Coins, StoreError> {
    let row = coin_balances::table.find(account.as_str()).select(coin_balances::coin_balance);
    let balance: Option<i64> = match conn {
        // Whoever writes is alone.
        Conn::Sqlite(conn) => row.get_result(conn).optional()?,
        Conn::Postgres(conn) => row.for_update().get_result(conn).optional()?,
    };
    Ok(Coins(balance.unwrap_or(0)))
}

/// The bounds are in the statement, so that it waits for whoever moves the same balance and then judges anew.
const MOVE_BALANCE: &str = "UPDATE coin_balances SET coin_balance = coin_balance + ?, entries = entries + 1 \
    WHERE account_id = ? AND coin_balance >= ? AND coin_balance <= ? RETURNING coin_balance, entries";

/// Moves the balance and counts one row more; returns both. `None`: it would leave its bounds.
pub(super) fn move_balance(
    conn: &mut Conn,
    account: &AccountId,
    coins: Coins,
) -> Result<Option<(Coins, i64)>, StoreError> {
    let moved = try_move(conn, account, coins)?;
    if moved.is_some() || coins.0 < 0 {
        return Ok(moved);
    }
    let fresh = (
        coin_balances::account_id.eq(account.as_str()),
        coin_balances::coin_balance.eq(0),
        coin_balances::entries.eq(0),
    );
    each_dialect!(&mut *conn, c => diesel::insert_into(coin_balances::table)
        .values(fresh)
        .on_conflict_do_nothing()
        .execute(c))?;
    try_move(conn, account, coins)
}

fn try_move(conn: &mut Conn, account: &AccountId, coins: Coins) -> Result<Option<(Coins, i64)>, StoreError> {
    let (floor, ceiling) =
        if coins.0 < 0 { (coins.0.saturating_neg(), BALANCE_MAX) } else { (0, BALANCE_MAX.saturating_sub(coins.0)) };
    let binds = [Bind::Int(coins.0), Bind::Text(account.as_str()), Bind::Int(floor), Bind::Int(ceiling)];
    let statement = Prepared::<(BigInt, BigInt)>::new(MOVE_BALANCE, &binds);
    let moved: Option<(i64, i64)> = each_dialect!(&mut *conn, c => statement.get_result(c).optional())?;
    Ok(moved.map(|(balance, entries)| (Coins(balance), entries)))
}

/// Undoes [`move_balance`] within the same transaction.
pub(super) fn take_back(conn: &mut Conn, account: &AccountId, coins: Coins) -> Result<(), StoreError> {
    diesel::update(coin_balances::table.find(account.as_str()))
        .set((
            coin_balances::coin_balance.eq(coin_balances::coin_balance - coins.0),
            coin_balances::entries.eq(coin_balances::entries - 1),
        ))
        .execute(conn)?;
    Ok(())
}

/// Writes a row; `false`: one of this type and reference was committed in the meantime.
pub(super) fn insert_entry(
    conn: &mut Conn,
    posting: &Posting,
    entry: i64,
    balance_after: Coins,
) -> Result<bool, StoreError> {
    let row = (
        coin_ledger::id.eq(posting.id.as_str()),
        coin_ledger::account_id.eq(posting.account.as_str()),
        coin_ledger::entry.eq(entry),
        coin_ledger::kind.eq(posting.kind.as_str()),
        coin_ledger::coins.eq(posting.coins.0),
        coin_ledger::balance_after.eq(balance_after.0),
        coin_ledger::reference_id.eq(posting.reference.as_str()),
        coin_ledger::note.eq(posting.note.as_deref()),
        coin_ledger::at.eq(posting.at.0),
    );
    let written = each_dialect!(&mut *conn, c => diesel::insert_into(coin_ledger::table)
        .values(row)
        .on_conflict((coin_ledger::kind, coin_ledger::reference_id))
        .do_nothing()
        .execute(c))?;
    Ok(written == 1)
}
