//! Rows of consents. They are only added.

use diesel::prelude::*;

use super::bad;
use crate::accounts::{Consent, Document};
use crate::clock::Micros;
use crate::ids::{AccountId, RowId};
use crate::store::schema::consents;
use crate::store::{Conn, StoreError};

/// Writes that an account agreed to a version of a document.
pub(in crate::accounts) fn insert_consent(
    conn: &mut Conn,
    id: &RowId,
    account: &AccountId,
    (document, version): (Document, &str),
    at: Micros,
) -> Result<(), StoreError> {
    diesel::insert_into(consents::table)
        .values((
            consents::id.eq(id.as_str()),
            consents::account_id.eq(account.as_str()),
            consents::document.eq(document.as_str()),
            consents::version.eq(version),
            consents::agreed_at.eq(at.0),
        ))
        .execute(conn)?;
    Ok(())
}

/// What an account agreed to, oldest first.
pub(in crate::accounts) fn list_consents(conn: &mut Conn, account: &AccountId) -> Result<Vec<Consent>, StoreError> {
    let rows: Vec<(String, String, i64)> = consents::table
        .filter(consents::account_id.eq(account.as_str()))
        .order((consents::agreed_at, consents::id))
        .select((consents::document, consents::version, consents::agreed_at))
        .load(conn)?;
    rows.into_iter()
        .map(|(document, version, at)| {
            Ok(Consent { document: document.parse().map_err(bad)?, version, agreed_at: Micros(at) })
        })
        .collect()
}
