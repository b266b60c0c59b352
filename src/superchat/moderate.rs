//! What a moderator does: each verb is one write with its public fact and its audit row. Coins are not touched.

use serde_json::json;

use super::records::{self, Crowd};
use super::support::{State, Support};
use super::{Rules, SupportError};
use crate::events::Act;
use crate::ids::{EventSlug, RowId};
use crate::store::audit::{self, Entry};
use crate::store::{Conn, Store};

/// What becomes of a support.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Approve,
    Hide,
    Show,
}

impl Verb {
    const fn what(self) -> &'static str {
        match self {
            Self::Approve => "superchat.approve",
            Self::Hide => "superchat.hide",
            Self::Show => "superchat.show",
        }
    }

    const fn wanted(self) -> &'static str {
        match self {
            Self::Approve => "approved",
            Self::Hide => "hidden",
            Self::Show => "shown again",
        }
    }

    /// What a support in this state becomes.
    const fn of(self, state: State) -> Option<State> {
        match (self, state) {
            (Self::Approve, State::Held) | (Self::Show, State::Hidden | State::Denied) => Some(State::Shown),
            (Self::Hide, State::Shown) => Some(State::Hidden),
            (Self::Hide, State::Held) => Some(State::Denied),
            _ => None,
        }
    }
}

/// Shows a support that is held. Returns its number.
///
/// # Errors
/// `events.not_found`, `superchat.not_found`, `superchat.not_now`, or the database.
pub async fn approve(
    store: &Store,
    act: &Act,
    rules: &Rules,
    slug: &EventSlug,
    id: &RowId,
) -> Result<Support, SupportError> {
    moderate(store, act, rules, (slug, id), Verb::Approve).await
}

/// Masks name and text of a support that is shown, everywhere and for whoever comes later; one that is held is denied,
/// and was never public.
///
/// # Errors
/// As [`approve`].
pub async fn hide(
    store: &Store,
    act: &Act,
    rules: &Rules,
    slug: &EventSlug,
    id: &RowId,
) -> Result<Support, SupportError> {
    moderate(store, act, rules, (slug, id), Verb::Hide).await
}

/// Shows a support again that is hidden or denied.
///
/// # Errors
/// As [`approve`].
pub async fn show(
    store: &Store,
    act: &Act,
    rules: &Rules,
    slug: &EventSlug,
    id: &RowId,
) -> Result<Support, SupportError> {
    moderate(store, act, rules, (slug, id), Verb::Show).await
}

async fn moderate(
    store: &Store,
    act: &Act,
    rules: &Rules,
    (slug, id): (&EventSlug, &RowId),
    verb: Verb,
) -> Result<Support, SupportError> {
    let (slug, id, rules) = (slug.clone(), id.clone(), rules.clone());
    let (actor, audit_id) = (act.actor.clone(), RowId::new(act.actor.at, act.random.as_ref()));
    store
        .write(move |conn| {
            let event = find_event(conn, &slug)?;
            // Locked before it is read: two moderators, or one and a new support, come one after the other.
            records::lock_crowd(conn, &event)?;
            let before = records::find(conn, &event, &id)?
                .ok_or_else(|| SupportError::NoSuchSupport { slug: slug.clone(), id: id.clone() })?;
            let state = verb.of(before.state).ok_or_else(|| SupportError::NotNow {
                id: id.clone(),
                state: before.state.as_str(),
                wanted: verb.wanted(),
            })?;
            let told = |state: State| Some(json!({ "support": id, "state": state }));
            let entry = Entry { what: verb.what(), room: Some(&slug), before: told(before.state), after: told(state) };
            audit::append(conn, &audit_id, &actor, &entry)?;
            if state == State::Denied {
                records::set_state(conn, &id, state, None)?;
                return Ok(Support { state, ..before });
            }
            let Crowd { seq, .. } = records::number_again(conn, &event)?;
            records::set_state(conn, &id, state, Some(seq))?;
            let after = Support { state, seq: Some(seq), ..before };
            after.announce(conn, (&slug, actor.at), seq, &rules)?;
            Ok(after)
        })
        .await
}

/// Lets the supports of an event wait for an approval from now on, or shows them at once again. What waits goes on
/// waiting.
///
/// # Errors
/// `events.not_found`, `superchat.hold_is_so`, or the database.
pub async fn hold_supports(store: &Store, act: &Act, slug: &EventSlug, on: bool) -> Result<(), SupportError> {
    let (slug, actor) = (slug.clone(), act.actor.clone());
    let audit_id = RowId::new(actor.at, act.random.as_ref());
    store
        .write(move |conn| {
            let event = find_event(conn, &slug)?;
            let crowd = records::lock_crowd(conn, &event)?;
            if crowd.holds == on {
                return Err(SupportError::HoldIsSo { slug: slug.clone(), on });
            }
            records::set_hold(conn, &event, on)?;
            let told = |on: bool| Some(json!({ "hold_supports": on }));
            let entry = Entry { what: "superchat.hold", room: Some(&slug), before: told(!on), after: told(on) };
            Ok(audit::append(conn, &audit_id, &actor, &entry)?)
        })
        .await
}

fn find_event(conn: &mut Conn, slug: &EventSlug) -> Result<RowId, SupportError> {
    records::find_event(conn, slug)?.ok_or_else(|| SupportError::NoSuchEvent(slug.clone()))
}
