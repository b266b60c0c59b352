//! The locks, and the status that is read under them.

use diesel::prelude::*;

use crate::events::EventStatus;
use crate::ids::EventSlug;
use crate::store::schema::events;
use crate::store::{Conn, StoreError, each_dialect, lock, lock_shared};

fn name_of(event: &EventSlug) -> String {
    format!("event {event}")
}

/// The event's status, which stays as it is until the transaction ends; others may share the event meanwhile. `None`:
/// there is no such event.
///
/// # Errors
/// [`StoreError`]
pub fn share_event(conn: &mut Conn, event: &EventSlug) -> Result<Option<EventStatus>, StoreError> {
    lock_shared(conn, &name_of(event))?;
    status_of(conn, event)
}

/// As [`share_event`], alone: those who share it are through, and others wait until the transaction ends. Ask for it
/// before any lock on the event's rows.
///
/// # Errors
/// [`StoreError`]
pub fn hold_event(conn: &mut Conn, event: &EventSlug) -> Result<Option<EventStatus>, StoreError> {
    lock(conn, &name_of(event))?;
    status_of(conn, event)
}

fn status_of(conn: &mut Conn, event: &EventSlug) -> Result<Option<EventStatus>, StoreError> {
    let status = events::table.filter(events::slug.eq(event.as_str())).select(events::status);
    let word: Option<String> = each_dialect!(conn, c => status.get_result(c).optional())?;
    word.as_deref().map(EventStatus::stored).transpose()
}
