//! Rows of orders. What changes an order's status names in its WHERE the statuses it may leave, and tells whether a
//! row was touched: that, not a look before, makes a change happen once.

use diesel::prelude::*;

use crate::clock::Micros;
use crate::ids::{AccountId, BadName, Invoice};
use crate::money::{Coins, Rupiah};
use crate::payments::{Checkout, Order, OrderStatus};
use crate::store::schema::coin_orders;
use crate::store::{Bind, Conn, Prepared, StoreError, each_dialect};

/// The columns, in the order of the table.
#[derive(Queryable, Insertable)]
#[diesel(table_name = coin_orders)]
struct Row {
    id: String,
    invoice: String,
    account_id: String,
    gateway: String,
    package_code: String,
    coins: i64,
    bonus_coins: i64,
    price_idr: i64,
    status: String,
    request_id: String,
    payment_url: Option<String>,
    created_at: i64,
    expires_at: i64,
    paid_at: Option<i64>,
    channel: Option<String>,
    provider_ref: Option<String>,
    paid_late: bool,
    refunded_at: Option<i64>,
    reversed_coins: i64,
}

#[expect(clippy::needless_pass_by_value, reason = "as map_err wants it")]
fn bad_name(error: BadName) -> StoreError {
    StoreError::Row(error.to_string())
}

fn read(row: Row) -> Result<Order, StoreError> {
    Ok(Order {
        id: row.id.parse().map_err(bad_name)?,
        invoice: row.invoice.parse().map_err(bad_name)?,
        account: row.account_id.parse().map_err(bad_name)?,
        gateway: row.gateway.parse().map_err(StoreError::Row)?,
        package_code: row.package_code,
        coins: Coins(row.coins),
        bonus_coins: Coins(row.bonus_coins),
        price: Rupiah(row.price_idr),
        status: row.status.parse().map_err(StoreError::Row)?,
        request_id: row.request_id,
        payment_url: row.payment_url,
        created_at: Micros(row.created_at),
        expires_at: Micros(row.expires_at),
        paid_at: row.paid_at.map(Micros),
        channel: row.channel,
        provider_ref: row.provider_ref,
        paid_late: row.paid_late,
        refunded_at: row.refunded_at.map(Micros),
        reversed_coins: Coins(row.reversed_coins),
    })
}

/// Writes a new order.
///
/// # Errors
/// [`StoreError`]
pub fn insert_order(conn: &mut Conn, order: &Order) -> Result<(), StoreError> {
    diesel::insert_into(coin_orders::table)
        .values(Row {
            id: order.id.as_str().to_owned(),
            invoice: order.invoice.as_str().to_owned(),
            account_id: order.account.as_str().to_owned(),
            gateway: order.gateway.as_str().to_owned(),
            package_code: order.package_code.clone(),
            coins: order.coins.0,
            bonus_coins: order.bonus_coins.0,
            price_idr: order.price.0,
            status: order.status.as_str().to_owned(),
            request_id: order.request_id.clone(),
            payment_url: order.payment_url.clone(),
            created_at: order.created_at.0,
            expires_at: order.expires_at.0,
            paid_at: order.paid_at.map(|at| at.0),
            channel: order.channel.clone(),
            provider_ref: order.provider_ref.clone(),
            paid_late: order.paid_late,
            refunded_at: order.refunded_at.map(|at| at.0),
            reversed_coins: order.reversed_coins.0,
        })
        .execute(conn)?;
    Ok(())
}

/// The order of an invoice.
///
/// # Errors
/// [`StoreError`]
pub fn find_order(conn: &mut Conn, invoice: &Invoice) -> Result<Option<Order>, StoreError> {
    let row: Option<Row> =
        coin_orders::table.filter(coin_orders::invoice.eq(invoice.as_str())).get_result(conn).optional()?;
    row.map(read).transpose()
}

/// [`find_order`] that keeps every other writer of this order waiting until the transaction ends.
///
/// # Errors
/// [`StoreError`]
pub fn lock_order(conn: &mut Conn, invoice: &Invoice) -> Result<Option<Order>, StoreError> {
    let mine = coin_orders::invoice.eq(invoice.as_str());
    let row: Option<Row> = match conn {
        // A write is alone there.
        Conn::Sqlite(conn) => coin_orders::table.filter(mine).get_result(conn).optional()?,
        Conn::Postgres(conn) => coin_orders::table.filter(mine).for_update().get_result(conn).optional()?,
    };
    row.map(read).transpose()
}

/// Which orders a list shows, newest first.
#[derive(Clone, Debug, Default)]
pub struct OrderFilter {
    /// Whose.
    pub account: Option<AccountId>,
    /// Where they stand.
    pub status: Option<OrderStatus>,
    /// How their invoices begin.
    pub invoice_prefix: Option<String>,
    /// Made before this.
    pub before: Option<Micros>,
}

/// The newest orders that fit, at most `limit`.
///
/// # Errors
/// [`StoreError`]
pub fn list_orders(conn: &mut Conn, filter: &OrderFilter, limit: i64) -> Result<Vec<Order>, StoreError> {
    let mut query = coin_orders::table.into_boxed();
    if let Some(account) = &filter.account {
        query = query.filter(coin_orders::account_id.eq(account.as_str()));
    }
    if let Some(status) = filter.status {
        query = query.filter(coin_orders::status.eq(status.as_str()));
    }
    if let Some(prefix) = &filter.invoice_prefix {
        // A range, which uses the index in both dialects: no letter of an invoice sorts after a tilde.
        query = query.filter(coin_orders::invoice.ge(prefix)).filter(coin_orders::invoice.lt(format!("{prefix}~")));
    }
    if let Some(before) = filter.before {
        query = query.filter(coin_orders::created_at.lt(before.0));
    }
    let order = (coin_orders::created_at.desc(), coin_orders::invoice.desc());
    let rows: Vec<Row> = query.order(order).limit(limit).load(conn)?;
    rows.into_iter().map(read).collect()
}

/// How many orders of an account can be paid at `now`, and when the first of them ends.
///
/// # Errors
/// [`StoreError`]
pub fn count_open_orders(
    conn: &mut Conn,
    account: &AccountId,
    now: Micros,
) -> Result<(i64, Option<Micros>), StoreError> {
    let (count, first): (i64, Option<i64>) = coin_orders::table
        .filter(coin_orders::account_id.eq(account.as_str()))
        .filter(coin_orders::status.eq(OrderStatus::Pending.as_str()))
        .filter(coin_orders::expires_at.gt(now.0))
        .select((diesel::dsl::count_star(), diesel::dsl::min(coin_orders::expires_at)))
        .first(conn)?;
    Ok((count, first.map(Micros)))
}

/// Keeps the checkout of an order that has none yet; `false`: it had one.
///
/// # Errors
/// [`StoreError`]
pub fn keep_checkout(conn: &mut Conn, invoice: &Invoice, checkout: &Checkout) -> Result<bool, StoreError> {
    let mine =
        coin_orders::table.filter(coin_orders::invoice.eq(invoice.as_str())).filter(coin_orders::payment_url.is_null());
    let url = coin_orders::payment_url.eq(&checkout.payment_url);
    let touched = match checkout.expires_at {
        Some(at) => diesel::update(mine).set((url, coin_orders::expires_at.eq(at.0))).execute(conn)?,
        None => diesel::update(mine).set(url).execute(conn)?,
    };
    Ok(touched == 1)
}

const PAY_ORDER: &str = "UPDATE coin_orders \
    SET status = 'paid', paid_at = ?, channel = ?, provider_ref = ?, paid_late = ? \
    WHERE invoice = ? AND status <> 'paid'";

/// `pending | expired | failed → paid`; `false`: it was paid already, or there is no such order.
///
/// # Errors
/// [`StoreError`]
pub fn pay_order(
    conn: &mut Conn,
    invoice: &Invoice,
    (channel, provider_ref): (Option<&str>, Option<&str>),
    is_late: bool,
    at: Micros,
) -> Result<bool, StoreError> {
    let binds = [
        Bind::Int(at.0),
        Bind::MaybeText(channel),
        Bind::MaybeText(provider_ref),
        Bind::Flag(is_late),
        Bind::Text(invoice.as_str()),
    ];
    let touched = each_dialect!(conn, c => Prepared::<()>::new(PAY_ORDER, &binds).execute(c))?;
    Ok(touched == 1)
}

/// `pending → expired`; `false`: it was not pending.
///
/// # Errors
/// [`StoreError`]
pub fn expire_order(conn: &mut Conn, invoice: &Invoice) -> Result<bool, StoreError> {
    let touched = diesel::update(
        coin_orders::table
            .filter(coin_orders::invoice.eq(invoice.as_str()))
            .filter(coin_orders::status.eq(OrderStatus::Pending.as_str())),
    )
    .set(coin_orders::status.eq(OrderStatus::Expired.as_str()))
    .execute(conn)?;
    Ok(touched == 1)
}

/// `pending → failed`, for an order without a checkout; `false`: it was not pending, or another try made its checkout.
///
/// # Errors
/// [`StoreError`]
pub fn fail_order(conn: &mut Conn, invoice: &Invoice) -> Result<bool, StoreError> {
    let touched = diesel::update(
        coin_orders::table
            .filter(coin_orders::invoice.eq(invoice.as_str()))
            .filter(coin_orders::status.eq(OrderStatus::Pending.as_str()))
            .filter(coin_orders::payment_url.is_null()),
    )
    .set(coin_orders::status.eq(OrderStatus::Failed.as_str()))
    .execute(conn)?;
    Ok(touched == 1)
}

/// `pending → expired` for every order whose time ended before `ended_before`; returns how many.
///
/// # Errors
/// [`StoreError`]
pub fn expire_orders(conn: &mut Conn, ended_before: Micros) -> Result<usize, StoreError> {
    Ok(diesel::update(
        coin_orders::table
            .filter(coin_orders::status.eq(OrderStatus::Pending.as_str()))
            .filter(coin_orders::expires_at.lt(ended_before.0)),
    )
    .set(coin_orders::status.eq(OrderStatus::Expired.as_str()))
    .execute(conn)?)
}

/// Notes that the provider gave the money back, and the coins taken for it; `false`: that was noted before. An order
/// that was not paid here yet is noted with no coins, which [`take_back_coins`] adds.
///
/// # Errors
/// [`StoreError`]
pub fn refund_order(conn: &mut Conn, invoice: &Invoice, taken: Coins, at: Micros) -> Result<bool, StoreError> {
    let touched = diesel::update(
        coin_orders::table.filter(coin_orders::invoice.eq(invoice.as_str())).filter(coin_orders::refunded_at.is_null()),
    )
    .set((coin_orders::refunded_at.eq(at.0), coin_orders::reversed_coins.eq(taken.0)))
    .execute(conn)?;
    Ok(touched == 1)
}

/// Notes the coins taken back from an order whose refund was known before its payment.
///
/// # Errors
/// [`StoreError`]
pub fn take_back_coins(conn: &mut Conn, invoice: &Invoice, taken: Coins) -> Result<(), StoreError> {
    diesel::update(coin_orders::table.filter(coin_orders::invoice.eq(invoice.as_str())))
        .set(coin_orders::reversed_coins.eq(taken.0))
        .execute(conn)?;
    Ok(())
}
