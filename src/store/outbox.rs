//! Facts: rows written in the transaction that makes them true, announced after COMMIT by every process's tail.
//!
//! A fact's kind is the word of the socket message it becomes (`fight:update`, `stream:status`, `epoch:update`), or
//! `event:update` for any other change of an event. Its payload is that message's data; that of a numbered fact
//! (`superchat:new`, `donation:new`, `superchat:hidden`) is `{"seq", "data"}`.

use diesel::prelude::*;
use serde_json::Value;

use super::schema::outbox;
use super::{Bind, Conn, Prepared, StoreError, each_dialect};
use crate::clock::Micros;
use crate::ids::EventSlug;

/// Something that became true.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    /// Its row: larger ones were written later, though they may be committed earlier.
    pub id: i64,
    /// The event it concerns, if one.
    pub room: Option<EventSlug>,
    /// The word of its socket message.
    pub kind: String,
    /// That message's data.
    pub payload: Value,
}

impl Fact {
    /// Whether it tells of a vote alone: the poll's counts moved, and nothing else of its event did.
    #[must_use]
    pub fn only_counts(&self) -> bool {
        self.kind == "poll:update" && self.payload.get("status").is_none()
    }
}

const APPEND: &str = "INSERT INTO outbox (at, room, kind, payload) VALUES (?, ?, ?, ?)";

/// Writes a fact. It is announced if the transaction commits.
///
/// # Errors
/// [`StoreError`]
pub fn append(
    conn: &mut Conn,
    at: Micros,
    room: Option<&EventSlug>,
    kind: &str,
    payload: &Value,
) -> Result<(), StoreError> {
    let payload = payload.to_string();
    let room = Bind::MaybeText(room.map(EventSlug::as_str));
    let binds = [Bind::Int(at.0), room, Bind::Text(kind), Bind::Text(&payload)];
    each_dialect!(conn, c => Prepared::<()>::new(APPEND, &binds).execute(c))?;
    Ok(())
}

/// Ids above `floor`, in order.
///
/// # Errors
/// [`StoreError`]
pub fn list_ids_after(conn: &mut Conn, floor: i64) -> Result<Vec<i64>, StoreError> {
    Ok(outbox::table.filter(outbox::id.gt(floor)).order(outbox::id).select(outbox::id).load(conn)?)
}

/// The largest id of a row older than `before`; 0 where there is none.
///
/// # Errors
/// [`StoreError`]
pub fn last_id_before(conn: &mut Conn, before: Micros) -> Result<i64, StoreError> {
    let last: Option<i64> =
        outbox::table.filter(outbox::at.lt(before.0)).select(diesel::dsl::max(outbox::id)).first(conn)?;
    Ok(last.unwrap_or(0))
}

/// The facts with these ids, in order. A row that cannot be understood is left out and said: one bad row must not
/// keep all later facts from being announced.
///
/// # Errors
/// [`StoreError`]
pub fn list(conn: &mut Conn, ids: &[i64]) -> Result<Vec<Fact>, StoreError> {
    let mut facts = Vec::with_capacity(ids.len());
    for some in ids.chunks(500) {
        let rows: Vec<Row> = outbox::table
            .filter(outbox::id.eq_any(some.to_vec()))
            .order(outbox::id)
            .select((outbox::id, outbox::room, outbox::kind, outbox::payload))
            .load(conn)?;
        for row in rows {
            let id = row.0;
            match read(row) {
                Ok(fact) => facts.push(fact),
                Err(error) => tracing::error!(id, %error, "a fact cannot be understood and is not announced"),
            }
        }
    }
    Ok(facts)
}

type Row = (i64, Option<String>, String, String);

fn read((id, room, kind, payload): Row) -> Result<Fact, StoreError> {
    let room = room.map(|room| room.parse()).transpose();
    let room = room.map_err(|error: crate::ids::BadName| StoreError::Row(error.to_string()))?;
    let payload = serde_json::from_str(&payload).map_err(|error| StoreError::Row(error.to_string()))?;
    Ok(Fact { id, room, kind, payload })
}

/// Removes rows older than `before`; returns how many.
///
/// # Errors
/// [`StoreError`]
pub fn prune(conn: &mut Conn, before: Micros) -> Result<usize, StoreError> {
    Ok(diesel::delete(outbox::table.filter(outbox::at.lt(before.0))).execute(conn)?)
}
