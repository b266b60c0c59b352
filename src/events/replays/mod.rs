//! What replays show: where each begins and ends, and parts of the timeline that nobody is shown. Both can be set while
//! the event runs and after its end; the publisher cuts anew.

pub(in crate::events) mod records;

use serde_json::{Value, json};

use super::records::{Change, announce, lock_event};
use super::{Act, EventError};
use crate::clock::Micros;
use crate::ids::{EventSlug, ReplayName, RowId};
use crate::store::Store;

/// What to do with a replay's ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrimTo {
    /// The ends that are given; the other one stays as it is.
    Ends {
        /// What lies before is left out.
        from: Option<Micros>,
        /// What lies from here on is left out.
        until: Option<Micros>,
    },
    /// Where its fight was on air.
    Whole,
}

/// Lets a replay begin or end elsewhere.
///
/// # Errors
/// `events.not_found`, `events.no_such_replay` (a fight that was never on air), `events.bad_range` (nothing given, or
/// nothing would lie between the ends), or [`EventError::Store`].
pub async fn trim_replay(
    store: &Store,
    act: &Act,
    slug: &EventSlug,
    replay: &ReplayName,
    to: TrimTo,
) -> Result<(), EventError> {
    let (slug, replay, actor, audit_id) = (slug.clone(), replay.clone(), act.actor.clone(), act.new_id());
    store
        .write(move |conn| {
            let event = lock_event(conn, &slug)?.ok_or_else(|| EventError::NotFound(slug.clone()))?;
            if let Some(number) = replay.fight()
                && !records::was_on_air(conn, &event.id, number)?
            {
                return Err(EventError::NoSuchReplay { slug: slug.clone(), replay: replay.clone() });
            }
            let before = records::find_trim(conn, &event.id, &replay)?;
            let after = match to {
                TrimTo::Whole => (None, None),
                TrimTo::Ends { from: None, until: None } => {
                    return Err(EventError::BadRange("neither a beginning nor an end is given".to_owned()));
                }
                TrimTo::Ends { from, until } => (from.or(before.0), until.or(before.1)),
            };
            if let (Some(from), Some(until)) = after {
                check(from, until)?;
            }
            records::set_trim(conn, &event.id, &replay, after)?;
            let told = |(from, until)| json!({"replay": replay, "from": from, "until": until});
            let change = changed("events.trim_replay", Some(told(before)), Some(told(after)));
            announce(conn, &audit_id, &actor, &slug, &change)
        })
        .await
}

/// Leaves a part of the timeline out of every replay and of the DVR. Returns the id to show it again by.
///
/// # Errors
/// `events.not_found`, `events.bad_range`, or [`EventError::Store`].
pub async fn hide_range(
    store: &Store,
    act: &Act,
    slug: &EventSlug,
    from: Micros,
    until: Micros,
) -> Result<RowId, EventError> {
    let (slug, actor, audit_id, id) = (slug.clone(), act.actor.clone(), act.new_id(), act.new_id());
    check(from, until)?;
    store
        .write(move |conn| {
            let event = lock_event(conn, &slug)?.ok_or_else(|| EventError::NotFound(slug.clone()))?;
            records::insert_hidden(conn, &id, &event.id, from, until)?;
            let change = changed("events.hide_range", None, Some(json!({"id": id, "from": from, "until": until})));
            announce(conn, &audit_id, &actor, &slug, &change)?;
            Ok(id.clone())
        })
        .await
}

/// Takes [`hide_range`] back.
///
/// # Errors
/// `events.not_found`, `events.no_such_range`, or [`EventError::Store`].
pub async fn show_range(store: &Store, act: &Act, slug: &EventSlug, id: &RowId) -> Result<(), EventError> {
    let (slug, actor, audit_id, id) = (slug.clone(), act.actor.clone(), act.new_id(), id.clone());
    store
        .write(move |conn| {
            let event = lock_event(conn, &slug)?.ok_or_else(|| EventError::NotFound(slug.clone()))?;
            let (from, until) = records::take_hidden(conn, &event.id, &id)?
                .ok_or_else(|| EventError::NoSuchRange { slug: slug.clone(), id: id.clone() })?;
            let change = changed("events.show_range", Some(json!({"id": id, "from": from, "until": until})), None);
            announce(conn, &audit_id, &actor, &slug, &change)
        })
        .await
}

fn check(from: Micros, until: Micros) -> Result<(), EventError> {
    if from < until { Ok(()) } else { Err(EventError::BadRange("it ends before it begins".to_owned())) }
}

fn changed(what: &'static str, before: Option<Value>, after: Option<Value>) -> Change {
    // Pages and the publisher read what is true now.
    Change { what, kind: "event:update", payload: json!({}), before, after }
}
