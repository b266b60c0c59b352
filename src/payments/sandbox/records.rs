//! Rows of the sandbox's payments.

use diesel::prelude::*;

use super::{SandboxPayment, SandboxStatus};
use crate::clock::Micros;
use crate::config::Language;
use crate::ids::Invoice;
use crate::money::Rupiah;
use crate::store::schema::sandbox_payments as rows;
use crate::store::{Conn, StoreError, each_dialect};

type Row = (
    String,
    String,
    i64,
    String,
    String,
    i64,
    i64,
    String,
    Option<String>,
    Option<i64>,
    Option<String>,
    Option<String>,
);

fn read(row: Row) -> Result<SandboxPayment, StoreError> {
    let (invoice, request_id, amount, return_url, language, created, expires, status, channel, paid, reference, told) =
        row;
    Ok(SandboxPayment {
        invoice: invoice.parse().map_err(|error: crate::ids::BadName| StoreError::Row(error.to_string()))?,
        request_id,
        amount: Rupiah(amount),
        return_url,
        language: if language == Language::En.tag() { Language::En } else { Language::Id },
        created_at: Micros(created),
        expires_at: Micros(expires),
        status: status.parse().map_err(StoreError::Row)?,
        channel: channel.map(|channel| channel.parse()).transpose().map_err(StoreError::Row)?,
        paid: paid.map(Rupiah),
        reference,
        told,
    })
}

pub(super) fn find(conn: &mut Conn, invoice: &Invoice) -> Result<Option<SandboxPayment>, StoreError> {
    let row: Option<Row> = rows::table.find(invoice.as_str()).first(conn).optional()?;
    row.map(read).transpose()
}

/// Writes a payment, unless its invoice has one; gives the one that stands.
pub(super) fn insert_or_find(conn: &mut Conn, asked: &SandboxPayment) -> Result<Option<SandboxPayment>, StoreError> {
    let row = (
        rows::invoice.eq(asked.invoice.as_str()),
        rows::request_id.eq(&asked.request_id),
        rows::amount_idr.eq(asked.amount.0),
        rows::return_url.eq(&asked.return_url),
        rows::language.eq(asked.language.tag()),
        rows::created_at.eq(asked.created_at.0),
        rows::expires_at.eq(asked.expires_at.0),
        rows::status.eq(asked.status.as_str()),
    );
    each_dialect!(&mut *conn, c => diesel::insert_into(rows::table).values(row).on_conflict_do_nothing().execute(c))?;
    find(conn, &asked.invoice)
}

/// Changes a payment that still stands as `before`; `false`: it has changed meanwhile.
pub(super) fn change(conn: &mut Conn, after: &SandboxPayment, before: SandboxStatus) -> Result<bool, StoreError> {
    let changed = diesel::update(rows::table.find(after.invoice.as_str()).filter(rows::status.eq(before.as_str())))
        .set((
            rows::status.eq(after.status.as_str()),
            rows::channel.eq(after.channel.map(super::Channel::as_str)),
            rows::paid_idr.eq(after.paid.map(|paid| paid.0)),
            rows::reference.eq(after.reference.as_deref()),
            rows::told.eq(None::<String>),
        ))
        .execute(conn)?;
    Ok(changed == 1)
}

/// Notes what the last notice was answered.
pub(super) fn note_told(conn: &mut Conn, invoice: &Invoice, told: &str) -> Result<(), StoreError> {
    diesel::update(rows::table.find(invoice.as_str())).set(rows::told.eq(told)).execute(conn)?;
    Ok(())
}
