//! Rows of the inbox.

use diesel::prelude::*;

use crate::clock::Micros;
use crate::money::Rupiah;
use crate::payments::inbox::kept_word;
use crate::payments::{Notice, StoredNotice, Verdict};
use crate::store::schema::payment_notices;
use crate::store::{Conn, StoreError, each_dialect};

/// What storing a notice found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// It had not come before.
    New,
    /// It had, last at this time.
    Again(Micros),
}

/// Stores a notice with what became of it. One that came before is counted; its verdict gives way to one that moved
/// coins, and `stale` gives way to every other.
///
/// # Errors
/// [`StoreError`]
pub fn store_notice(conn: &mut Conn, notice: &Notice, verdict: Verdict, disputed: bool) -> Result<Stored, StoreError> {
    let report = notice.report.as_ref();
    let word = |text: &str| kept_word(text);
    let row = (
        payment_notices::id.eq(notice.id.as_str()),
        payment_notices::provider.eq(notice.gateway.as_str()),
        payment_notices::request_id.eq(&notice.request_id),
        payment_notices::body_hash.eq(&notice.body_hash),
        payment_notices::body.eq(&notice.body),
        payment_notices::source.eq(notice.source.as_str()),
        payment_notices::received_at.eq(notice.at.0),
        payment_notices::times.eq(1),
        payment_notices::invoice.eq(report.map(|report| word(&report.invoice))),
        payment_notices::amount_idr.eq(report.and_then(|report| report.amount).map(|amount| amount.0)),
        payment_notices::status.eq(report.map(|report| word(&report.word))),
        payment_notices::channel.eq(report.and_then(|report| report.channel.as_deref()).map(word)),
        payment_notices::verdict.eq(verdict.as_str()),
        payment_notices::disputed.eq(disputed),
    );
    let written = each_dialect!(&mut *conn, c => diesel::insert_into(payment_notices::table)
        .values(row)
        .on_conflict((payment_notices::provider, payment_notices::request_id, payment_notices::body_hash))
        .do_nothing()
        .execute(c))?;
    if written == 1 { Ok(Stored::New) } else { count_again(conn, notice, verdict, disputed) }
}

fn count_again(conn: &mut Conn, notice: &Notice, verdict: Verdict, disputed: bool) -> Result<Stored, StoreError> {
    let same = payment_notices::table
        .filter(payment_notices::provider.eq(notice.gateway.as_str()))
        .filter(payment_notices::request_id.eq(&notice.request_id))
        .filter(payment_notices::body_hash.eq(&notice.body_hash));
    let (id, received_at, again_at, before): (String, i64, Option<i64>, String) = same
        .select((
            payment_notices::id,
            payment_notices::received_at,
            payment_notices::again_at,
            payment_notices::verdict,
        ))
        .first(conn)?;
    let counted = (payment_notices::times.eq(payment_notices::times + 1), payment_notices::again_at.eq(notice.at.0));
    let mine = payment_notices::table.find(id);
    if verdict.moved_coins() || (before == Verdict::Stale.as_str() && verdict != Verdict::Stale) {
        let now = (payment_notices::verdict.eq(verdict.as_str()), payment_notices::disputed.eq(disputed));
        diesel::update(mine).set((counted, now)).execute(conn)?;
    } else {
        diesel::update(mine).set(counted).execute(conn)?;
    }
    Ok(Stored::Again(Micros(again_at.unwrap_or(received_at))))
}

type Row = (
    String,
    String,
    String,
    String,
    i64,
    Option<i64>,
    i64,
    Option<String>,
    Option<i64>,
    Option<String>,
    Option<String>,
    String,
    bool,
);

fn read(row: Row) -> Result<StoredNotice, StoreError> {
    let (
        id,
        provider,
        request_id,
        source,
        received_at,
        again_at,
        times,
        invoice,
        amount,
        status,
        channel,
        verdict,
        disputed,
    ) = row;
    Ok(StoredNotice {
        id: id.parse().map_err(|error: crate::ids::BadName| StoreError::Row(error.to_string()))?,
        provider,
        request_id,
        source,
        received_at: Micros(received_at),
        again_at: again_at.map(Micros),
        times,
        invoice,
        amount: amount.map(Rupiah),
        status,
        channel,
        verdict: verdict.parse().map_err(StoreError::Row)?,
        disputed,
    })
}

/// Which notices a list shows.
#[derive(Clone, Debug, Default)]
pub struct NoticeFilter {
    /// Only those somebody has to look at.
    pub disputed: bool,
    /// Only those of an invoice, as the provider wrote it.
    pub invoice: Option<String>,
}

/// The newest notices that fit, at most `limit`.
///
/// # Errors
/// [`StoreError`]
pub fn list_notices(conn: &mut Conn, filter: &NoticeFilter, limit: i64) -> Result<Vec<StoredNotice>, StoreError> {
    let mut query = payment_notices::table
        .select((
            payment_notices::id,
            payment_notices::provider,
            payment_notices::request_id,
            payment_notices::source,
            payment_notices::received_at,
            payment_notices::again_at,
            payment_notices::times,
            payment_notices::invoice,
            payment_notices::amount_idr,
            payment_notices::status,
            payment_notices::channel,
            payment_notices::verdict,
            payment_notices::disputed,
        ))
        .into_boxed();
    if filter.disputed {
        query = query.filter(payment_notices::disputed.eq(true));
    }
    if let Some(invoice) = &filter.invoice {
        query = query.filter(payment_notices::invoice.eq(invoice));
    }
    let order = (payment_notices::received_at.desc(), payment_notices::id.desc());
    let rows: Vec<Row> = query.order(order).limit(limit).load(conn)?;
    rows.into_iter().map(read).collect()
}
