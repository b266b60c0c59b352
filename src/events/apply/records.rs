//! Rows as `apply` reads and writes them.

use diesel::prelude::*;

use crate::clock::Micros;
use crate::events::EventStatus;
use crate::events::records::parsed;
use crate::ids::{Epoch, EventSlug, RowId};
use crate::store::schema::{events, fighters, fights, milestones, poll_options, polls, votes};
use crate::store::{Conn, StoreError};

/// A new event.
pub(super) struct NewEvent<'a> {
    pub(super) id: &'a RowId,
    pub(super) slug: &'a EventSlug,
    pub(super) title: &'a str,
    pub(super) status: EventStatus,
    pub(super) starts_at: Micros,
    pub(super) pass_price_coins: i64,
    pub(super) replay_days: i32,
    pub(super) stream_key_mac: &'a str,
    pub(super) epoch: &'a Epoch,
    pub(super) created_at: Micros,
}

pub(super) fn insert_event(conn: &mut Conn, event: &NewEvent<'_>) -> Result<(), StoreError> {
    diesel::insert_into(events::table)
        .values((
            events::id.eq(event.id.as_str()),
            events::slug.eq(event.slug.as_str()),
            events::title.eq(event.title),
            events::status.eq(event.status.as_str()),
            events::starts_at.eq(event.starts_at.0),
            events::pass_price_coins.eq(event.pass_price_coins),
            events::replay_days.eq(event.replay_days),
            events::stream_key_mac.eq(event.stream_key_mac),
            events::epoch.eq(event.epoch.as_str()),
            events::interrupted.eq(false),
            events::stream_status.eq(""),
            events::stream_since.eq(0),
            events::created_at.eq(event.created_at.0),
        ))
        .execute(conn)?;
    Ok(())
}

#[derive(AsChangeset, Default)]
#[diesel(table_name = events)]
pub(super) struct EventChanges {
    pub(super) title: Option<String>,
    pub(super) status: Option<String>,
    pub(super) starts_at: Option<i64>,
    pub(super) pass_price_coins: Option<i64>,
    pub(super) replay_days: Option<i32>,
    pub(super) stream_key_mac: Option<String>,
}

pub(super) fn update_event(conn: &mut Conn, id: &RowId, changes: &EventChanges) -> Result<(), StoreError> {
    diesel::update(events::table.find(id.as_str())).set(changes).execute(conn)?;
    Ok(())
}

/// The event that has this stream key.
pub(super) fn find_slug_by_mac(conn: &mut Conn, mac: &str) -> Result<Option<String>, StoreError> {
    Ok(events::table.filter(events::stream_key_mac.eq(mac)).select(events::slug).first(conn).optional()?)
}

pub(super) fn find_fighter(conn: &mut Conn, event: &RowId, name: &str) -> Result<Option<RowId>, StoreError> {
    let id: Option<String> = fighters::table
        .filter(fighters::event_id.eq(event.as_str()).and(fighters::name.eq(name)))
        .select(fighters::id)
        .first(conn)
        .optional()?;
    id.as_deref().map(parsed).transpose()
}

pub(super) fn insert_fighter(conn: &mut Conn, id: &RowId, event: &RowId, name: &str) -> Result<(), StoreError> {
    diesel::insert_into(fighters::table)
        .values((fighters::id.eq(id.as_str()), fighters::event_id.eq(event.as_str()), fighters::name.eq(name)))
        .execute(conn)?;
    Ok(())
}

/// A fight as stored, with its fighters' names.
pub(super) struct StoredFight {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) price_coins: i64,
    pub(super) red: String,
    pub(super) blue: String,
}

pub(super) fn find_fight(conn: &mut Conn, event: &RowId, number: i32) -> Result<Option<StoredFight>, StoreError> {
    let row: Option<(String, String, i64, String, String)> = fights::table
        .filter(fights::event_id.eq(event.as_str()).and(fights::number.eq(number)))
        .select((fights::id, fights::title, fights::price_coins, fights::red_id, fights::blue_id))
        .first(conn)
        .optional()?;
    let Some((id, title, price_coins, red, blue)) = row else { return Ok(None) };
    let mut name = |fighter: &str| fighters::table.find(fighter).select(fighters::name).first::<String>(conn);
    let (red, blue) = (name(&red)?, name(&blue)?);
    Ok(Some(StoredFight { id, title, price_coins, red, blue }))
}

/// What a fight's row holds of the file.
pub(super) struct FightValues<'a> {
    pub(super) title: &'a str,
    pub(super) red: &'a RowId,
    pub(super) blue: &'a RowId,
    pub(super) price_coins: i64,
}

pub(super) fn insert_fight(
    conn: &mut Conn,
    id: &RowId,
    event: &RowId,
    number: i32,
    fight: &FightValues<'_>,
) -> Result<(), StoreError> {
    diesel::insert_into(fights::table)
        .values((
            fights::id.eq(id.as_str()),
            fights::event_id.eq(event.as_str()),
            fights::number.eq(number),
            fights::title.eq(fight.title),
            fights::red_id.eq(fight.red.as_str()),
            fights::blue_id.eq(fight.blue.as_str()),
            fights::price_coins.eq(fight.price_coins),
            fights::status.eq("scheduled"),
        ))
        .execute(conn)?;
    Ok(())
}

pub(super) fn update_fight(conn: &mut Conn, id: &str, fight: &FightValues<'_>) -> Result<(), StoreError> {
    diesel::update(fights::table.find(id))
        .set((
            fights::title.eq(fight.title),
            fights::red_id.eq(fight.red.as_str()),
            fights::blue_id.eq(fight.blue.as_str()),
            fights::price_coins.eq(fight.price_coins),
        ))
        .execute(conn)?;
    Ok(())
}

/// Row and title of the milestone at `coins`.
pub(super) fn find_milestone(
    conn: &mut Conn,
    event: &RowId,
    coins: i64,
) -> Result<Option<(String, String)>, StoreError> {
    Ok(milestones::table
        .filter(milestones::event_id.eq(event.as_str()).and(milestones::coins.eq(coins)))
        .select((milestones::id, milestones::title))
        .first(conn)
        .optional()?)
}

pub(super) fn insert_milestone(
    conn: &mut Conn,
    id: &RowId,
    event: &RowId,
    coins: i64,
    title: &str,
) -> Result<(), StoreError> {
    diesel::insert_into(milestones::table)
        .values((
            milestones::id.eq(id.as_str()),
            milestones::event_id.eq(event.as_str()),
            milestones::coins.eq(coins),
            milestones::title.eq(title),
        ))
        .execute(conn)?;
    Ok(())
}

pub(super) fn update_milestone(conn: &mut Conn, id: &str, title: &str) -> Result<(), StoreError> {
    diesel::update(milestones::table.find(id)).set(milestones::title.eq(title)).execute(conn)?;
    Ok(())
}

/// A poll as stored.
#[derive(Queryable, Selectable)]
#[diesel(table_name = polls)]
pub(super) struct StoredPoll {
    pub(super) id: String,
    pub(super) question: String,
    pub(super) status: String,
    pub(super) coins_per_vote: i64,
    pub(super) max_votes_per_viewer: i64,
}

pub(super) fn find_poll(conn: &mut Conn, event: &RowId, code: &str) -> Result<Option<StoredPoll>, StoreError> {
    Ok(polls::table
        .filter(polls::event_id.eq(event.as_str()).and(polls::code.eq(code)))
        .select(StoredPoll::as_select())
        .first(conn)
        .optional()?)
}

/// Whether anybody has voted.
pub(super) fn has_votes(conn: &mut Conn, poll: &str) -> Result<bool, StoreError> {
    let some: Option<String> = votes::table.filter(votes::poll_id.eq(poll)).select(votes::id).first(conn).optional()?;
    Ok(some.is_some())
}

/// What a poll's row holds of the file.
pub(super) struct PollValues<'a> {
    pub(super) question: &'a str,
    pub(super) status: &'a str,
    pub(super) coins_per_vote: i64,
    pub(super) max_votes_per_viewer: i64,
}

/// Adds a poll behind the event's others.
pub(super) fn insert_poll(
    conn: &mut Conn,
    id: &RowId,
    event: &RowId,
    code: &str,
    poll: &PollValues<'_>,
) -> Result<(), StoreError> {
    let last: Option<i32> = polls::table
        .filter(polls::event_id.eq(event.as_str()))
        .select(diesel::dsl::max(polls::position))
        .first(conn)?;
    diesel::insert_into(polls::table)
        .values((
            polls::id.eq(id.as_str()),
            polls::event_id.eq(event.as_str()),
            polls::position.eq(last.unwrap_or(0).saturating_add(1)),
            polls::code.eq(code),
            polls::question.eq(poll.question),
            polls::status.eq(poll.status),
            polls::coins_per_vote.eq(poll.coins_per_vote),
            polls::max_votes_per_viewer.eq(poll.max_votes_per_viewer),
        ))
        .execute(conn)?;
    Ok(())
}

pub(super) fn update_poll(conn: &mut Conn, id: &str, poll: &PollValues<'_>) -> Result<(), StoreError> {
    diesel::update(polls::table.find(id))
        .set((
            polls::question.eq(poll.question),
            polls::status.eq(poll.status),
            polls::coins_per_vote.eq(poll.coins_per_vote),
            polls::max_votes_per_viewer.eq(poll.max_votes_per_viewer),
        ))
        .execute(conn)?;
    Ok(())
}

/// Row and label of a poll's options, in order.
pub(super) fn list_options(conn: &mut Conn, poll: &str) -> Result<Vec<(String, String)>, StoreError> {
    Ok(poll_options::table
        .filter(poll_options::poll_id.eq(poll))
        .order(poll_options::position)
        .select((poll_options::id, poll_options::label))
        .load(conn)?)
}

pub(super) fn insert_option(
    conn: &mut Conn,
    id: &RowId,
    poll: &str,
    position: i32,
    label: &str,
) -> Result<(), StoreError> {
    diesel::insert_into(poll_options::table)
        .values((
            poll_options::id.eq(id.as_str()),
            poll_options::poll_id.eq(poll),
            poll_options::position.eq(position),
            poll_options::label.eq(label),
        ))
        .execute(conn)?;
    Ok(())
}

pub(super) fn move_option(conn: &mut Conn, id: &str, position: i32) -> Result<(), StoreError> {
    diesel::update(poll_options::table.find(id)).set(poll_options::position.eq(position)).execute(conn)?;
    Ok(())
}

pub(super) fn delete_option(conn: &mut Conn, id: &str) -> Result<(), StoreError> {
    diesel::delete(poll_options::table.find(id)).execute(conn)?;
    Ok(())
}
