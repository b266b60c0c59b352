//! Rows of hidden ranges and trims.

use diesel::prelude::*;

use crate::clock::Micros;
use crate::events::records::{ByEvent, parsed};
use crate::events::{HiddenRange, TrimFacts};
use crate::ids::{ReplayName, RowId};
use crate::store::schema::{fights, hidden_ranges, on_air_ranges, replay_trims};
use crate::store::{Conn, StoreError};

/// The hidden ranges of all events, in order.
pub(in crate::events) fn load_hidden(conn: &mut Conn) -> Result<ByEvent<HiddenRange>, StoreError> {
    let rows: Vec<(String, String, i64, i64)> =
        hidden_ranges::table.order((hidden_ranges::from_at, hidden_ranges::id)).load(conn)?;
    let mut by_event = ByEvent::new();
    for (id, event, from, until) in rows {
        let range = HiddenRange { id: parsed(&id)?, from: Micros(from), until: Micros(until) };
        by_event.entry(event).or_default().push(range);
    }
    Ok(by_event)
}

/// The trims of all events.
pub(in crate::events) fn load_trims(conn: &mut Conn) -> Result<ByEvent<TrimFacts>, StoreError> {
    let rows: Vec<(String, String, Option<i64>, Option<i64>)> =
        replay_trims::table.order(replay_trims::replay).load(conn)?;
    let mut by_event = ByEvent::new();
    for (event, replay, from, until) in rows {
        let trim = TrimFacts { replay: parsed(&replay)?, from: from.map(Micros), until: until.map(Micros) };
        by_event.entry(event).or_default().push(trim);
    }
    Ok(by_event)
}

/// Whether a fight was ever on air.
pub(super) fn was_on_air(conn: &mut Conn, event: &RowId, number: i32) -> Result<bool, StoreError> {
    let ranges = on_air_ranges::table
        .inner_join(fights::table.on(fights::id.eq(on_air_ranges::fight_id)))
        .filter(on_air_ranges::event_id.eq(event.as_str()).and(fights::number.eq(number)));
    Ok(ranges.count().get_result::<i64>(conn)? > 0)
}

/// Where a replay begins and ends, when not where its fight was on air.
pub(super) fn find_trim(
    conn: &mut Conn,
    event: &RowId,
    replay: &ReplayName,
) -> Result<(Option<Micros>, Option<Micros>), StoreError> {
    let row: Option<(Option<i64>, Option<i64>)> = replay_trims::table
        .find((event.as_str(), replay.as_str()))
        .select((replay_trims::from_at, replay_trims::until_at))
        .first(conn)
        .optional()?;
    Ok(row.map_or((None, None), |(from, until)| (from.map(Micros), until.map(Micros))))
}

/// Sets both ends; with neither the row goes.
pub(super) fn set_trim(
    conn: &mut Conn,
    event: &RowId,
    replay: &ReplayName,
    (from, until): (Option<Micros>, Option<Micros>),
) -> Result<(), StoreError> {
    diesel::delete(replay_trims::table.find((event.as_str(), replay.as_str()))).execute(conn)?;
    if from.is_some() || until.is_some() {
        diesel::insert_into(replay_trims::table)
            .values((
                replay_trims::event_id.eq(event.as_str()),
                replay_trims::replay.eq(replay.as_str()),
                replay_trims::from_at.eq(from.map(|at| at.0)),
                replay_trims::until_at.eq(until.map(|at| at.0)),
            ))
            .execute(conn)?;
    }
    Ok(())
}

pub(super) fn insert_hidden(
    conn: &mut Conn,
    id: &RowId,
    event: &RowId,
    from: Micros,
    until: Micros,
) -> Result<(), StoreError> {
    diesel::insert_into(hidden_ranges::table)
        .values((
            hidden_ranges::id.eq(id.as_str()),
            hidden_ranges::event_id.eq(event.as_str()),
            hidden_ranges::from_at.eq(from.0),
            hidden_ranges::until_at.eq(until.0),
        ))
        .execute(conn)?;
    Ok(())
}

/// Removes a hidden range of an event; returns what it hid.
pub(super) fn take_hidden(conn: &mut Conn, event: &RowId, id: &RowId) -> Result<Option<(Micros, Micros)>, StoreError> {
    let mine =
        hidden_ranges::table.filter(hidden_ranges::id.eq(id.as_str()).and(hidden_ranges::event_id.eq(event.as_str())));
    let row: Option<(i64, i64)> =
        mine.select((hidden_ranges::from_at, hidden_ranges::until_at)).first(conn).optional()?;
    diesel::delete(mine).execute(conn)?;
    Ok(row.map(|(from, until)| (Micros(from), Micros(until))))
}
