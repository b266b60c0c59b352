//! Rows of events, and the SQL around them.

use std::collections::HashMap;
use std::fmt::Display;
use std::str::FromStr;

use diesel::prelude::*;
use serde_json::Value;

use super::{
    AirRangeFacts, EventError, EventFacts, EventStatus, FightFacts, FightStatus, FighterFacts, MilestoneFacts,
    PollFacts, PollOptionFacts, RecordedStream, replays,
};
use crate::clock::Micros;
use crate::ids::{Epoch, EventSlug, ReplayName, RowId};
use crate::money::Coins;
use crate::store::audit::{self, Actor};
use crate::store::schema::{events, fighters, fights, milestones, on_air_ranges, poll_options, polls};
use crate::store::{Conn, StoreError, outbox};

/// A column's text as what it names.
pub(super) fn parsed<T>(text: &str) -> Result<T, StoreError>
where
    T: FromStr,
    T::Err: Display,
{
    text.parse().map_err(|error: T::Err| StoreError::Row(error.to_string()))
}

impl EventStatus {
    /// The word in the database, in files and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Published => "published",
            Self::Ended => "ended",
        }
    }

    pub(super) fn stored(word: &str) -> Result<Self, StoreError> {
        [Self::Draft, Self::Published, Self::Ended]
            .into_iter()
            .find(|status| status.as_str() == word)
            .ok_or_else(|| StoreError::Row(format!("event status {word}")))
    }
}

impl FightStatus {
    /// The word in the database and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Live => "live",
            Self::Ended => "ended",
        }
    }

    fn stored(word: &str) -> Result<Self, StoreError> {
        [Self::Scheduled, Self::Live, Self::Ended]
            .into_iter()
            .find(|status| status.as_str() == word)
            .ok_or_else(|| StoreError::Row(format!("fight status {word}")))
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = events)]
struct EventRow {
    id: String,
    slug: String,
    title: String,
    status: String,
    starts_at: i64,
    pass_price_coins: i64,
    stream_key_mac: String,
    epoch: String,
    interrupted: bool,
    stream_status: String,
    stream_epoch: Option<String>,
    stream_since: i64,
    secret_sealed: Option<String>,
    stream_replays: String,
    replay_days: i32,
    overlay_key_mac: Option<String>,
}

impl EventRow {
    fn stream(&self) -> Result<RecordedStream, StoreError> {
        Ok(RecordedStream {
            status: self.stream_status.clone(),
            epoch: self.stream_epoch.as_deref().map(parsed).transpose()?,
            since: Micros(self.stream_since),
            replays: self.stream_replays.split_whitespace().map(parsed).collect::<Result<_, _>>()?,
        })
    }
}

/// An event as a verb sees it, locked until the transaction ends.
#[derive(Clone, Debug)]
pub(super) struct LockedEvent {
    pub(super) id: RowId,
    pub(super) title: String,
    pub(super) status: EventStatus,
    pub(super) starts_at: Micros,
    pub(super) pass_price_coins: Coins,
    pub(super) replay_days: i32,
    pub(super) stream_key_mac: String,
    pub(super) epoch: Epoch,
    pub(super) interrupted: bool,
    pub(super) stream: RecordedStream,
    pub(super) on_air: Option<OpenRange>,
}

/// The range of the timeline that has no end yet.
#[derive(Clone, Debug)]
pub(super) struct OpenRange {
    pub(super) range_id: RowId,
    pub(super) fight_id: RowId,
    pub(super) number: i32,
    pub(super) opened_at: Micros,
}

/// The event with this slug; other writers of it wait until this transaction ends.
pub(super) fn lock_event(conn: &mut Conn, slug: &EventSlug) -> Result<Option<LockedEvent>, StoreError> {
    let mine = events::slug.eq(slug.as_str());
    if let Conn::Postgres(conn) = conn {
        let locked: Option<String> =
            events::table.filter(mine).select(events::id).for_update().first(conn).optional()?;
        if locked.is_none() {
            return Ok(None);
        }
    }
    let row = events::table.filter(mine).select(EventRow::as_select()).first(conn).optional()?;
    let Some(row) = row else { return Ok(None) };
    let open: Option<(String, String, i32, i64)> = on_air_ranges::table
        .inner_join(fights::table.on(fights::id.eq(on_air_ranges::fight_id)))
        .filter(on_air_ranges::event_id.eq(&row.id).and(on_air_ranges::closed_at.is_null()))
        .select((on_air_ranges::id, fights::id, fights::number, on_air_ranges::opened_at))
        .first(conn)
        .optional()?;
    let on_air = open
        .map(|(range, fight, number, opened_at)| {
            Ok::<_, StoreError>(OpenRange {
                range_id: parsed(&range)?,
                fight_id: parsed(&fight)?,
                number,
                opened_at: Micros(opened_at),
            })
        })
        .transpose()?;
    Ok(Some(LockedEvent {
        id: parsed(&row.id)?,
        status: EventStatus::stored(&row.status)?,
        starts_at: Micros(row.starts_at),
        pass_price_coins: Coins(row.pass_price_coins),
        replay_days: row.replay_days,
        epoch: parsed(&row.epoch)?,
        interrupted: row.interrupted,
        stream: row.stream()?,
        title: row.title,
        stream_key_mac: row.stream_key_mac,
        on_air,
    }))
}

/// A change of one event: its fact and its audit row.
pub(super) struct Change {
    pub(super) what: &'static str,
    pub(super) kind: &'static str,
    pub(super) payload: Value,
    pub(super) before: Option<Value>,
    pub(super) after: Option<Value>,
}

pub(super) fn announce(
    conn: &mut Conn,
    audit_id: &RowId,
    actor: &Actor,
    slug: &EventSlug,
    change: &Change,
) -> Result<(), EventError> {
    outbox::append(conn, actor.at, Some(slug), change.kind, &change.payload)?;
    let entry = audit::Entry {
        what: change.what,
        room: Some(slug),
        before: change.before.clone(),
        after: change.after.clone(),
    };
    Ok(audit::append(conn, audit_id, actor, &entry)?)
}

pub(super) fn find_fight(conn: &mut Conn, event: &RowId, number: i32) -> Result<Option<RowId>, StoreError> {
    let id: Option<String> = fights::table
        .filter(fights::event_id.eq(event.as_str()).and(fights::number.eq(number)))
        .select(fights::id)
        .first(conn)
        .optional()?;
    id.as_deref().map(parsed).transpose()
}

pub(super) fn set_fight_status(conn: &mut Conn, fight: &RowId, status: FightStatus) -> Result<(), StoreError> {
    diesel::update(fights::table.find(fight.as_str())).set(fights::status.eq(status.as_str())).execute(conn)?;
    Ok(())
}

pub(super) fn open_range(
    conn: &mut Conn,
    id: &RowId,
    event: &RowId,
    fight: &RowId,
    at: Micros,
) -> Result<(), StoreError> {
    diesel::insert_into(on_air_ranges::table)
        .values((
            on_air_ranges::id.eq(id.as_str()),
            on_air_ranges::event_id.eq(event.as_str()),
            on_air_ranges::fight_id.eq(fight.as_str()),
            on_air_ranges::opened_at.eq(at.0),
        ))
        .execute(conn)?;
    Ok(())
}

pub(super) fn close_range(conn: &mut Conn, id: &RowId, at: Micros) -> Result<(), StoreError> {
    diesel::update(on_air_ranges::table.find(id.as_str())).set(on_air_ranges::closed_at.eq(at.0)).execute(conn)?;
    Ok(())
}

pub(super) fn set_status(conn: &mut Conn, event: &RowId, status: EventStatus) -> Result<(), StoreError> {
    diesel::update(events::table.find(event.as_str())).set(events::status.eq(status.as_str())).execute(conn)?;
    Ok(())
}

/// Closes the polls of an event that take votes; their codes.
pub(super) fn close_polls(conn: &mut Conn, event: &RowId) -> Result<Vec<String>, StoreError> {
    let open = polls::event_id.eq(event.as_str()).and(polls::status.eq("open"));
    let codes = polls::table.filter(open).order(polls::position).select(polls::code).load(conn)?;
    diesel::update(polls::table.filter(open)).set(polls::status.eq("closed")).execute(conn)?;
    Ok(codes)
}

pub(super) fn set_interrupted(conn: &mut Conn, event: &RowId, interrupted: bool) -> Result<(), StoreError> {
    diesel::update(events::table.find(event.as_str())).set(events::interrupted.eq(interrupted)).execute(conn)?;
    Ok(())
}

pub(super) fn set_epoch(conn: &mut Conn, event: &RowId, epoch: &Epoch) -> Result<(), StoreError> {
    diesel::update(events::table.find(event.as_str())).set(events::epoch.eq(epoch.as_str())).execute(conn)?;
    Ok(())
}

pub(super) fn set_stream_key_mac(conn: &mut Conn, event: &RowId, mac: &str) -> Result<(), StoreError> {
    diesel::update(events::table.find(event.as_str())).set(events::stream_key_mac.eq(mac)).execute(conn)?;
    Ok(())
}

pub(super) fn set_overlay_key_mac(conn: &mut Conn, event: &RowId, mac: &str) -> Result<(), StoreError> {
    diesel::update(events::table.find(event.as_str())).set(events::overlay_key_mac.eq(mac)).execute(conn)?;
    Ok(())
}

pub(super) fn set_stream(conn: &mut Conn, event: &RowId, stream: &RecordedStream) -> Result<(), StoreError> {
    diesel::update(events::table.find(event.as_str()))
        .set((
            events::stream_status.eq(&stream.status),
            events::stream_epoch.eq(stream.epoch.as_ref().map(Epoch::as_str)),
            events::stream_since.eq(stream.since.0),
            events::stream_replays.eq(stream.replays.iter().map(ReplayName::as_str).collect::<Vec<_>>().join(" ")),
        ))
        .execute(conn)?;
    Ok(())
}

/// All events as the mirror holds them, newest start first: one query per table.
///
/// # Errors
/// [`StoreError`]
pub fn load_facts(conn: &mut Conn) -> Result<Vec<EventFacts>, StoreError> {
    let rows: Vec<EventRow> =
        events::table.order((events::starts_at.desc(), events::slug.asc())).select(EventRow::as_select()).load(conn)?;
    let mut fights = load_fights(conn)?;
    let mut milestones = load_milestones(conn)?;
    let mut polls = load_polls(conn)?;
    let mut ranges = load_ranges(conn)?;
    let mut hidden = replays::records::load_hidden(conn)?;
    let mut trims = replays::records::load_trims(conn)?;
    rows.into_iter()
        .map(|row| {
            let air_ranges = ranges.remove(&row.id).unwrap_or_default();
            Ok(EventFacts {
                id: parsed(&row.id)?,
                slug: parsed(&row.slug)?,
                status: EventStatus::stored(&row.status)?,
                starts_at: Micros(row.starts_at),
                pass_price_coins: Coins(row.pass_price_coins),
                epoch: parsed(&row.epoch)?,
                interrupted: row.interrupted,
                on_air_fight: air_ranges.iter().find(|range| range.until.is_none()).map(|range| range.fight),
                air_ranges,
                hidden: hidden.remove(&row.id).unwrap_or_default(),
                trims: trims.remove(&row.id).unwrap_or_default(),
                replay_days: row.replay_days,
                stream: row.stream()?,
                fights: fights.remove(&row.id).unwrap_or_default(),
                milestones: milestones.remove(&row.id).unwrap_or_default(),
                polls: polls.remove(&row.id).unwrap_or_default(),
                title: row.title,
                stream_key_mac: row.stream_key_mac,
                secret_sealed: row.secret_sealed,
                overlay_key_mac: row.overlay_key_mac,
            })
        })
        .collect()
}

/// Gives an event its sealed secret; `false`: it has one already, which stays.
pub(super) fn keep_secret(conn: &mut Conn, event: &RowId, sealed: &str) -> Result<bool, StoreError> {
    let without = events::table.find(event.as_str()).filter(events::secret_sealed.is_null());
    Ok(diesel::update(without).set(events::secret_sealed.eq(sealed)).execute(conn)? == 1)
}

pub(super) type ByEvent<T> = HashMap<String, Vec<T>>;
type FightRow = (String, String, i32, String, String, String, i64, String);
type PollRow = (String, String, i32, String, String, String, i64, i64);

fn load_fights(conn: &mut Conn) -> Result<ByEvent<FightFacts>, StoreError> {
    let names: HashMap<String, String> =
        fighters::table.select((fighters::id, fighters::name)).load::<(String, String)>(conn)?.into_iter().collect();
    let fighter = |id: &str| {
        let name = names.get(id).ok_or_else(|| StoreError::Row(format!("fighter {id} is missing")))?;
        Ok::<_, StoreError>(FighterFacts { id: parsed(id)?, name: name.clone() })
    };
    let rows: Vec<FightRow> = fights::table.order(fights::number).load(conn)?;
    let mut by_event = ByEvent::new();
    for (id, event, number, title, red, blue, price, status) in rows {
        by_event.entry(event).or_default().push(FightFacts {
            id: parsed(&id)?,
            number,
            title,
            red: fighter(&red)?,
            blue: fighter(&blue)?,
            price_coins: Coins(price),
            status: FightStatus::stored(&status)?,
        });
    }
    Ok(by_event)
}

fn load_ranges(conn: &mut Conn) -> Result<ByEvent<AirRangeFacts>, StoreError> {
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

fn load_milestones(conn: &mut Conn) -> Result<ByEvent<MilestoneFacts>, StoreError> {
    let rows: Vec<(String, String, i64, String)> = milestones::table.order(milestones::coins).load(conn)?;
    let mut by_event = ByEvent::new();
    for (id, event, coins, title) in rows {
        by_event.entry(event).or_default().push(MilestoneFacts { id: parsed(&id)?, coins: Coins(coins), title });
    }
    Ok(by_event)
}

fn load_polls(conn: &mut Conn) -> Result<ByEvent<PollFacts>, StoreError> {
    let rows: Vec<(String, String, String)> = poll_options::table
        .order(poll_options::position)
        .select((poll_options::id, poll_options::poll_id, poll_options::label))
        .load(conn)?;
    let mut options: HashMap<String, Vec<PollOptionFacts>> = HashMap::new();
    for (id, poll, label) in rows {
        options.entry(poll).or_default().push(PollOptionFacts { id: parsed(&id)?, label });
    }
    let rows: Vec<PollRow> = polls::table.order(polls::position).load(conn)?;
    let mut by_event = ByEvent::new();
    for (id, event, _, code, question, status, price, max_votes_per_viewer) in rows {
        by_event.entry(event).or_default().push(PollFacts {
            options: options.remove(&id).unwrap_or_default(),
            id: parsed(&id)?,
            code,
            question,
            status,
            coins_per_vote: Coins(price),
            max_votes_per_viewer,
        });
    }
    Ok(by_event)
}
