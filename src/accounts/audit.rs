//! The audit as the owner reads it: each row with the name of whoever it was.

mod records;

use super::AccountError;
use super::handle::Accounts;
use crate::clock::Micros;
use crate::ids::RowId;

/// A row of the audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Its id.
    pub id: RowId,
    /// When.
    pub at: Micros,
    /// Who: an account's id, `cli`, or the part of the program that did it.
    pub who: String,
    /// The account's display name, when it was one.
    pub name: Option<String>,
    /// The verb, `events.go_on_air`.
    pub what: String,
    /// The event's slug.
    pub room: Option<String>,
    /// JSON before.
    pub before: Option<String>,
    /// JSON after.
    pub after: Option<String>,
    /// From where.
    pub origin: String,
}

impl Accounts {
    /// The audit, newest first; `last` is the last row seen.
    ///
    /// # Errors
    /// The database.
    pub async fn list_audit(&self, last: Option<&RowId>, limit: i64) -> Result<Vec<AuditRow>, AccountError> {
        let last = last.cloned();
        Ok(self.0.parts.store.read(move |conn| records::list(conn, last.as_ref(), limit)).await?)
    }
}
