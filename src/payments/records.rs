//! Rows of coin packages, and below them orders, notices and sums.

mod notices;
mod orders;
mod totals;

use diesel::prelude::*;

use super::CoinPackage;
use crate::ids::RowId;
use crate::money::{Coins, Rupiah};
use crate::store::schema::coin_packages;
use crate::store::{Conn, StoreError};

pub use notices::{NoticeFilter, Stored, list_notices, store_notice};
pub use orders::{
    OrderFilter, count_open_orders, expire_order, expire_orders, fail_order, find_order, insert_order, keep_checkout,
    list_orders, lock_order, pay_order, refund_order, take_back_coins,
};
pub use totals::{ChannelTotal, list_totals};

type Row = (String, String, i64, i64, i64, bool, i32);

fn read((id, code, coins, bonus_coins, price, active, position): Row) -> Result<CoinPackage, StoreError> {
    Ok(CoinPackage {
        id: id.parse::<RowId>().map_err(|error| StoreError::Row(error.to_string()))?,
        code,
        coins: Coins(coins),
        bonus_coins: Coins(bonus_coins),
        price: Rupiah(price),
        active,
        position,
    })
}

/// All packages, those that are not sold now too, in the order of the shop. There are a handful, so they are not paged.
///
/// # Errors
/// [`StoreError`]
pub fn list_packages(conn: &mut Conn) -> Result<Vec<CoinPackage>, StoreError> {
    let rows: Vec<Row> = coin_packages::table
        .order((coin_packages::position, coin_packages::price_idr, coin_packages::code))
        .load(conn)?;
    rows.into_iter().map(read).collect()
}

/// A package by its row.
///
/// # Errors
/// [`StoreError`]
pub fn find_package_by_id(conn: &mut Conn, id: &RowId) -> Result<Option<CoinPackage>, StoreError> {
    let row: Option<Row> = coin_packages::table.find(id.as_str()).first(conn).optional()?;
    row.map(read).transpose()
}

pub(super) fn find_package(conn: &mut Conn, code: &str) -> Result<Option<CoinPackage>, StoreError> {
    let row: Option<Row> = coin_packages::table.filter(coin_packages::code.eq(code)).first(conn).optional()?;
    row.map(read).transpose()
}

pub(super) fn insert_package(conn: &mut Conn, package: &CoinPackage) -> Result<(), StoreError> {
    diesel::insert_into(coin_packages::table)
        .values((
            coin_packages::id.eq(package.id.as_str()),
            coin_packages::code.eq(&package.code),
            coin_packages::coins.eq(package.coins.0),
            coin_packages::bonus_coins.eq(package.bonus_coins.0),
            coin_packages::price_idr.eq(package.price.0),
            coin_packages::active.eq(package.active),
            coin_packages::position.eq(package.position),
        ))
        .execute(conn)?;
    Ok(())
}

pub(super) fn update_package(conn: &mut Conn, package: &CoinPackage) -> Result<(), StoreError> {
    diesel::update(coin_packages::table.find(package.id.as_str()))
        .set((
            coin_packages::coins.eq(package.coins.0),
            coin_packages::bonus_coins.eq(package.bonus_coins.0),
            coin_packages::price_idr.eq(package.price.0),
            coin_packages::active.eq(package.active),
            coin_packages::position.eq(package.position),
        ))
        .execute(conn)?;
    Ok(())
}
