//! Rows of alerts that were on the broadcast.

use std::collections::HashMap;
use std::str::FromStr;

use diesel::dsl::{count_star, max};
use diesel::prelude::*;

use crate::clock::Micros;
use crate::ids::{EventSlug, RowId};
use crate::store::schema::{event_crowds, overlay_shows, supports};
use crate::store::{Conn, StoreError, each_dialect};
use crate::superchat::records::find_event;

/// What was shown on the broadcast of an event so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShownAlerts {
    /// Alerts, each counted once.
    pub count: i64,
    /// The largest number among them.
    pub last_seq: i64,
    /// When the newest was first reported.
    pub last_at: Micros,
}

/// Writes down that the public fact `seq` of an event was an alert on the broadcast; the first report of it counts.
/// `false`: the event has no such number yet.
///
/// # Errors
/// [`StoreError`]
pub fn note_shown(conn: &mut Conn, event: &RowId, seq: i64, at: Micros) -> Result<bool, StoreError> {
    let support: Option<String> = supports::table
        .filter(supports::event_id.eq(event.as_str()).and(supports::seq.eq(seq)))
        .select(supports::id)
        .first(conn)
        .optional()?;
    if support.is_none() {
        // It was hidden since, under a later number; or nobody ever had it.
        let last: Option<i64> =
            event_crowds::table.find(event.as_str()).select(event_crowds::seq).first(conn).optional()?;
        if seq < 1 || last.is_none_or(|last| seq > last) {
            return Ok(false);
        }
    }
    let row = (
        overlay_shows::event_id.eq(event.as_str()),
        overlay_shows::seq.eq(seq),
        overlay_shows::support_id.eq(support),
        overlay_shows::at.eq(at.0),
    );
    each_dialect!(&mut *conn, c => diesel::insert_into(overlay_shows::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(c))?;
    Ok(true)
}

/// What was shown on the broadcast of an event so far; `None`: nothing.
///
/// # Errors
/// [`StoreError`]
pub fn sum_shown(conn: &mut Conn, slug: &EventSlug) -> Result<Option<ShownAlerts>, StoreError> {
    let Some(event) = find_event(conn, slug)? else { return Ok(None) };
    let mine = overlay_shows::event_id.eq(event.as_str());
    let (count, last_seq, last_at): (i64, Option<i64>, Option<i64>) = overlay_shows::table
        .filter(mine)
        .select((count_star(), max(overlay_shows::seq), max(overlay_shows::at)))
        .first(conn)?;
    Ok(last_seq.zip(last_at).map(|(last_seq, at)| ShownAlerts { count, last_seq, last_at: Micros(at) }))
}

/// When each of these supports was first an alert on the broadcast; those that were not are left out.
///
/// # Errors
/// [`StoreError`]
pub fn when_shown(conn: &mut Conn, supports: &[RowId]) -> Result<HashMap<RowId, Micros>, StoreError> {
    let ids: Vec<&str> = supports.iter().map(RowId::as_str).collect();
    let rows: Vec<(Option<String>, i64)> = overlay_shows::table
        .filter(overlay_shows::support_id.eq_any(ids))
        .order(overlay_shows::at.desc())
        .select((overlay_shows::support_id, overlay_shows::at))
        .load(conn)?;
    let of = |(id, at): (Option<String>, i64)| Some(id?.parse().map(|id| (id, Micros(at))));
    let rows: Result<_, _> = rows.into_iter().filter_map(of).collect();
    rows.map_err(|error: <RowId as FromStr>::Err| StoreError::Row(error.to_string()))
}
