//! Rows of ranges, hidden parts and trims.

use diesel::prelude::*;

use crate::clock::Micros;
use crate::events::records::{ByEvent, parsed};
use crate::events::{AirRangeFacts, HiddenRange, TrimFacts};
use crate::store::schema::{fights, hidden_ranges, on_air_ranges, replay_trims};
use crate::store::{Conn, StoreError};

pub(in crate::events) fn load_ranges(conn: &mut Conn) -> Result<ByEvent<AirRangeFacts>, StoreError> {
    let rows: Vec<(String, i32, i64, Option<i64>)> = on_air_ranges::table
        .inner_join(fights::table.on(fights::id.eq(on_air_ranges::fight_id)))
        .order((on_air_ranges::opened_at, on_air_ranges::id))
        .select((on_air_ranges::event_id, fights::number, on_air_ranges::opened_at, on_air_ranges::closed_at))
        .load(conn)?;
    let mut by_event = ByEvent::new();
    for (event, fight, from, until) in rows {
        let range = AirRangeFacts { fight, from: Micros(from), until: until.map(Micros) };
        by_event.entry(event).or_default().push(range);
    }
    Ok(by_event)
}

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
