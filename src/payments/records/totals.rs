//! Sums of what was sold.

use std::ops::Range;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use crate::clock::Micros;
use crate::money::{Coins, Rupiah};
use crate::store::{Conn, StoreError};

/// What came in by one channel within one span of time.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ChannelTotal {
    /// The channel in the provider's word; `None` where it said none.
    pub channel: Option<String>,
    /// Orders paid.
    pub orders: i64,
    /// Their prices.
    pub price_idr: Rupiah,
    /// Coins booked for them.
    pub coins: Coins,
    /// Those of the orders whose money went back since.
    pub refunded: i64,
    /// Their prices.
    pub refunded_idr: Rupiah,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Nullable<Text>)]
    channel: Option<String>,
    #[diesel(sql_type = BigInt)]
    orders: i64,
    #[diesel(sql_type = BigInt)]
    price_idr: i64,
    #[diesel(sql_type = BigInt)]
    coins: i64,
    #[diesel(sql_type = BigInt)]
    refunded: i64,
    #[diesel(sql_type = BigInt)]
    refunded_idr: i64,
}

/// What was paid within `span` (its end not counted), by channel.
///
/// # Errors
/// [`StoreError`]
pub fn list_totals(conn: &mut Conn, span: &Range<Micros>) -> Result<Vec<ChannelTotal>, StoreError> {
    // Two texts, since the dialects write a parameter differently. A sum of BIGINT is NUMERIC on a server.
    macro_rules! sums {
        ($from:literal, $to:literal) => {
            concat!(
                "SELECT channel, COUNT(*) AS orders, CAST(SUM(price_idr) AS BIGINT) AS price_idr, ",
                "CAST(SUM(coins + bonus_coins) AS BIGINT) AS coins, COUNT(refunded_at) AS refunded, ",
                "CAST(SUM(CASE WHEN refunded_at IS NULL THEN 0 ELSE price_idr END) AS BIGINT) AS refunded_idr ",
                "FROM coin_orders WHERE paid_at >= ",
                $from,
                " AND paid_at < ",
                $to,
                " GROUP BY channel ORDER BY channel"
            )
        };
    }
    let (from, to) = (span.start.0, span.end.0);
    let rows: Vec<Row> = match conn {
        Conn::Sqlite(conn) => {
            diesel::sql_query(sums!("?", "?")).bind::<BigInt, _>(from).bind::<BigInt, _>(to).load(conn)?
        }
        Conn::Postgres(conn) => {
            diesel::sql_query(sums!("$1", "$2")).bind::<BigInt, _>(from).bind::<BigInt, _>(to).load(conn)?
        }
    };
    let total = |row: Row| ChannelTotal {
        channel: row.channel,
        orders: row.orders,
        price_idr: Rupiah(row.price_idr),
        coins: Coins(row.coins),
        refunded: row.refunded,
        refunded_idr: Rupiah(row.refunded_idr),
    };
    Ok(rows.into_iter().map(total).collect())
}
