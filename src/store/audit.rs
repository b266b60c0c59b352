//! Who changed what, from where: a row in the transaction of the change.

use diesel::prelude::*;
use serde_json::Value;

use super::schema::audit;
use super::{Conn, StoreError};
use crate::clock::Micros;
use crate::ids::{EventSlug, RowId};

/// Who does something, when, from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// An account's id, or `cli`.
    pub who: String,
    /// Address or machine it came from.
    pub origin: String,
    /// When.
    pub at: Micros,
}

impl Actor {
    /// Someone at this machine's command line.
    #[must_use]
    pub fn cli(at: Micros) -> Self {
        Self { who: "cli".into(), origin: "local".into(), at }
    }
}

/// What was changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry<'a> {
    /// The verb, `events.go_on_air`.
    pub what: &'a str,
    /// The event it concerns, if one.
    pub room: Option<&'a EventSlug>,
    /// The values that changed, as they were. No secrets.
    pub before: Option<Value>,
    /// The values that changed, as they are now. No secrets.
    pub after: Option<Value>,
}

/// Writes the row.
///
/// # Errors
/// [`StoreError`]
pub fn append(conn: &mut Conn, id: &RowId, actor: &Actor, entry: &Entry<'_>) -> Result<(), StoreError> {
    diesel::insert_into(audit::table)
        .values((
            audit::id.eq(id.as_str()),
            audit::at.eq(actor.at.0),
            audit::who.eq(&actor.who),
            audit::what.eq(entry.what),
            audit::room.eq(entry.room.map(EventSlug::as_str)),
            audit::before.eq(entry.before.as_ref().map(Value::to_string)),
            audit::after.eq(entry.after.as_ref().map(Value::to_string)),
            audit::origin.eq(&actor.origin),
        ))
        .execute(conn)?;
    Ok(())
}

/// One row as stored.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct Record {
    /// When, in microseconds.
    pub at: i64,
    /// Who.
    pub who: String,
    /// The verb.
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

/// The newest rows first, at most `limit`.
///
/// # Errors
/// [`StoreError`]
pub fn list(conn: &mut Conn, limit: i64) -> Result<Vec<Record>, StoreError> {
    Ok(audit::table
        .order((audit::at.desc(), audit::id.desc()))
        .select((audit::at, audit::who, audit::what, audit::room, audit::before, audit::after, audit::origin))
        .limit(limit)
        .load(conn)?)
}

/// The rows after `last` (all of them without one), newest first, at most `limit`, each with its id. A `last` that is
/// no row ends the list.
///
/// # Errors
/// [`StoreError`]
pub fn list_before(conn: &mut Conn, last: Option<&RowId>, limit: i64) -> Result<Vec<(String, Record)>, StoreError> {
    let columns = (audit::at, audit::who, audit::what, audit::room, audit::before, audit::after, audit::origin);
    let newest = audit::table.order((audit::at.desc(), audit::id.desc())).select((audit::id, columns)).limit(limit);
    let Some(last) = last else { return Ok(newest.load(conn)?) };
    let at: Option<i64> = audit::table.find(last.as_str()).select(audit::at).first(conn).optional()?;
    let Some(at) = at else { return Ok(Vec::new()) };
    let older = audit::at.lt(at).or(audit::at.eq(at).and(audit::id.lt(last.as_str())));
    Ok(newest.filter(older).load(conn)?)
}
