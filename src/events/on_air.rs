//! What the producers' buttons do: which fight is on air, interruptions, the end.

use serde_json::{Value, json};

use super::holds::hold_event;
use super::records::{self, Change, LockedEvent};
use super::{Act, EventError, EventStatus, FightStatus};
use crate::clock::Micros;
use crate::ids::EventSlug;
use crate::store::{Conn, Store};

/// Puts a fight on air: opens a range of the timeline for it. Another fight that is on air goes off; a fight that was
/// on air before is on air again, with one more range.
///
/// # Errors
/// `events.not_found`, `events.ended`, `events.no_such_fight`, `events.already_on_air`, or [`EventError::Store`].
pub async fn go_on_air(store: &Store, act: &Act, slug: &EventSlug, number: i32) -> Result<(), EventError> {
    let (slug, actor) = (slug.clone(), act.actor.clone());
    let (audit_id, range_id) = (act.new_id(), act.new_id());
    store
        .write(move |conn| {
            let event = running(conn, &slug)?;
            let fight = records::find_fight(conn, &event.id, number)?
                .ok_or_else(|| EventError::NoSuchFight { slug: slug.clone(), number })?;
            if event.on_air.as_ref().is_some_and(|open| open.fight_id == fight) {
                return Err(EventError::AlreadyOnAir { slug: slug.clone(), number });
            }
            let mut fights = close_open_range(conn, &event, actor.at)?;
            records::open_range(conn, &range_id, &event.id, &fight, actor.at)?;
            records::set_fight_status(conn, &fight, FightStatus::Live)?;
            fights.push(json!({"number": number, "status": FightStatus::Live}));
            let change = Change {
                what: "events.go_on_air",
                kind: "fight:update",
                payload: json!({"on_air_fight": number, "fights": fights}),
                before: Some(on_air(&event)),
                after: Some(json!({"on_air_fight": number})),
            };
            records::announce(conn, &audit_id, &actor, &slug, &change)
        })
        .await
}

/// Takes the fight that is on air off: closes its range.
///
/// # Errors
/// `events.not_found`, `events.ended`, `events.not_on_air`, or [`EventError::Store`].
pub async fn go_off_air(store: &Store, act: &Act, slug: &EventSlug) -> Result<(), EventError> {
    let (slug, actor, audit_id) = (slug.clone(), act.actor.clone(), act.new_id());
    store
        .write(move |conn| {
            let event = running(conn, &slug)?;
            let fights = close_open_range(conn, &event, actor.at)?;
            if fights.is_empty() {
                return Err(EventError::NotOnAir(slug.clone()));
            }
            let change = Change {
                what: "events.go_off_air",
                kind: "fight:update",
                payload: json!({"on_air_fight": null, "fights": fights}),
                before: Some(on_air(&event)),
                after: Some(json!({"on_air_fight": null})),
            };
            records::announce(conn, &audit_id, &actor, &slug, &change)
        })
        .await
}

/// Declares the stream interrupted, until [`resume`].
///
/// # Errors
/// `events.not_found`, `events.ended`, `events.already_interrupted`, or [`EventError::Store`].
pub async fn interrupt(store: &Store, act: &Act, slug: &EventSlug) -> Result<(), EventError> {
    set_interrupted(store, act, slug, true).await
}

/// Takes the declaration of [`interrupt`] back.
///
/// # Errors
/// `events.not_found`, `events.ended`, `events.not_interrupted`, or [`EventError::Store`].
pub async fn resume(store: &Store, act: &Act, slug: &EventSlug) -> Result<(), EventError> {
    set_interrupted(store, act, slug, false).await
}

async fn set_interrupted(store: &Store, act: &Act, slug: &EventSlug, interrupted: bool) -> Result<(), EventError> {
    let (slug, actor, audit_id) = (slug.clone(), act.actor.clone(), act.new_id());
    store
        .write(move |conn| {
            let event = running(conn, &slug)?;
            if event.interrupted == interrupted {
                let slug = slug.clone();
                return Err(if interrupted {
                    EventError::AlreadyInterrupted(slug)
                } else {
                    EventError::NotInterrupted(slug)
                });
            }
            records::set_interrupted(conn, &event.id, interrupted)?;
            let change = Change {
                what: if interrupted { "events.interrupt" } else { "events.resume" },
                kind: "event:update",
                payload: json!({"interrupted": interrupted}),
                before: Some(json!({"interrupted": event.interrupted})),
                after: Some(json!({"interrupted": interrupted})),
            };
            records::announce(conn, &audit_id, &actor, &slug, &change)
        })
        .await
}

/// Ends the event for good: the fight on air goes off, open polls close, and the publisher closes the playlists.
///
/// # Errors
/// `events.not_found`, `events.ended`, or [`EventError::Store`].
pub async fn end(store: &Store, act: &Act, slug: &EventSlug) -> Result<(), EventError> {
    let (slug, actor, audit_id) = (slug.clone(), act.actor.clone(), act.new_id());
    store
        .write(move |conn| {
            // Votes that were let in are through before it ends, and none comes after.
            hold_event(conn, &slug)?;
            let event = running(conn, &slug)?;
            for code in records::close_polls(conn, &event.id)? {
                let data = json!({"code": code, "status": "closed"});
                crate::store::outbox::append(conn, actor.at, Some(&slug), "poll:update", &data)?;
            }
            let fights = close_open_range(conn, &event, actor.at)?;
            if !fights.is_empty() {
                let data = json!({"on_air_fight": null, "fights": fights});
                crate::store::outbox::append(conn, actor.at, Some(&slug), "fight:update", &data)?;
            }
            records::set_status(conn, &event.id, EventStatus::Ended)?;
            let change = Change {
                what: "events.end",
                kind: "event:update",
                payload: json!({"status": EventStatus::Ended}),
                before: Some(json!({"status": event.status})),
                after: Some(json!({"status": EventStatus::Ended})),
            };
            records::announce(conn, &audit_id, &actor, &slug, &change)
        })
        .await
}

/// The event, locked until the transaction ends, unless it is over.
fn running(conn: &mut Conn, slug: &EventSlug) -> Result<LockedEvent, EventError> {
    let event = records::lock_event(conn, slug)?.ok_or_else(|| EventError::NotFound(slug.clone()))?;
    if event.status == EventStatus::Ended { Err(EventError::Ended(slug.clone())) } else { Ok(event) }
}

/// Closes the open range, if there is one; its fight is over. Returns what to tell of the fights that changed.
fn close_open_range(conn: &mut Conn, event: &LockedEvent, at: Micros) -> Result<Vec<Value>, EventError> {
    let Some(open) = &event.on_air else { return Ok(Vec::new()) };
    // A clock that was set back must not make a range end before it begins.
    records::close_range(conn, &open.range_id, at.max(open.opened_at))?;
    records::set_fight_status(conn, &open.fight_id, FightStatus::Ended)?;
    Ok(vec![json!({"number": open.number, "status": FightStatus::Ended})])
}

fn on_air(event: &LockedEvent) -> Value {
    json!({"on_air_fight": event.on_air.as_ref().map(|open| open.number)})
}
