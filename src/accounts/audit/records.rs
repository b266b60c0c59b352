//! Rows of the audit, with names.

use std::collections::HashMap;

use diesel::prelude::*;

use super::AuditRow;
use crate::clock::Micros;
use crate::ids::RowId;
use crate::store::schema::accounts;
use crate::store::{Conn, StoreError, audit};

/// The rows after `last`, newest first.
pub(super) fn list(conn: &mut Conn, last: Option<&RowId>, limit: i64) -> Result<Vec<AuditRow>, StoreError> {
    let rows = audit::list_before(conn, last, limit)?;
    let who: Vec<&str> = rows.iter().map(|(_, row)| row.who.as_str()).collect();
    let names: Vec<(String, String)> =
        accounts::table.filter(accounts::id.eq_any(who)).select((accounts::id, accounts::name)).load(conn)?;
    let names: HashMap<String, String> = names.into_iter().collect();
    rows.into_iter()
        .map(|(id, row)| {
            Ok(AuditRow {
                id: id.parse().map_err(|error| StoreError::Row(format!("{error}")))?,
                at: Micros(row.at),
                name: names.get(&row.who).cloned(),
                who: row.who,
                what: row.what,
                room: row.room,
                before: row.before,
                after: row.after,
                origin: row.origin,
            })
        })
        .collect()
}
