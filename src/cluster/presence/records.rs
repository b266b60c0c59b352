//! Rows of who is in the rooms.

use diesel::prelude::*;
use diesel::upsert::excluded;

use super::{Counts, Seat};
use crate::clock::Micros;
use crate::ids::{EventSlug, RowId};
use crate::store::schema::presences;
use crate::store::{Conn, StoreError, each_dialect};

/// Rows that nobody has written for so long are removed, in milliseconds.
const REMOVED_AFTER_MS: i64 = 3_600_000;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seated {
    /// The process that wrote it.
    pub process: RowId,
    /// The node's name.
    pub node: String,
    /// The room.
    pub room: EventSlug,
    /// What sits there.
    pub seat: Seat,
    /// How many.
    pub sockets: u64,
    /// When it was written.
    pub at: Micros,
}

/// Writes what a process has in its rooms now, in the place of what it had.
pub(super) fn write(
    conn: &mut Conn,
    (process, node): (&RowId, &str),
    counts: &Counts,
    at: Micros,
) -> Result<(), StoreError> {
    let rows: Vec<_> = counts
        .iter()
        .map(|((room, seat), sockets)| {
            (
                presences::process.eq(process.as_str()),
                presences::room.eq(room.as_str()),
                presences::seat.eq(seat.to_string()),
                presences::node.eq(node),
                presences::sockets.eq(i64::try_from(*sockets).unwrap_or(i64::MAX)),
                presences::at.eq(at.0),
            )
        })
        .collect();
    // One by one: several at once are another statement in each dialect, and there are few.
    for row in rows {
        each_dialect!(&mut *conn, c => diesel::insert_into(presences::table)
                .values(row)
                .on_conflict((presences::process, presences::room, presences::seat))
                .do_update()
                .set((presences::sockets.eq(excluded(presences::sockets)), presences::at.eq(excluded(presences::at))))
                .execute(c))?;
    }
    let empty = presences::table.filter(presences::process.eq(process.as_str()).and(presences::at.ne(at.0)));
    diesel::delete(empty).execute(conn)?;
    let gone = presences::table.filter(presences::at.lt(at.plus_ms(-REMOVED_AFTER_MS).0));
    diesel::delete(gone).execute(conn)?;
    Ok(())
}

/// Removes the rows of a process.
pub(super) fn leave(conn: &mut Conn, process: &RowId) -> Result<(), StoreError> {
    diesel::delete(presences::table.filter(presences::process.eq(process.as_str()))).execute(conn)?;
    Ok(())
}

/// Rows written since a moment, of every process.
pub(super) fn list_since(conn: &mut Conn, since: Micros) -> Result<Vec<Seated>, StoreError> {
    type Row = (String, String, String, String, i64, i64);
    let rows: Vec<Row> = presences::table
        .filter(presences::at.gt(since.0))
        .order((presences::room, presences::seat, presences::node))
        .select((
            presences::process,
            presences::node,
            presences::room,
            presences::seat,
            presences::sockets,
            presences::at,
        ))
        .load(conn)?;
    let read = |(process, node, room, seat, sockets, at): Row| {
        let bad = |what: &str| StoreError::Row(format!("presences.{what}"));
        Ok(Seated {
            process: process.parse().map_err(|_| bad("process"))?,
            node,
            room: room.parse().map_err(|_| bad("room"))?,
            seat: seat.parse().map_err(|()| bad("seat"))?,
            sockets: u64::try_from(sockets).unwrap_or(0),
            at: Micros(at),
        })
    };
    rows.into_iter().map(read).collect()
}
