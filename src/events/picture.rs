//! What the publishing node records of the picture, and the word in its object keys.

use serde_json::json;

use super::{Act, EventError, EventStatus, RecordedStream, records};
use crate::clock::Micros;
use crate::ids::{Epoch, EventSlug};
use crate::store::{Store, outbox};

/// Records the picture's state for nodes that do not publish; tells whether anything changed. Announces
/// `stream:status` when the state changed, and `epoch:update` when another epoch's playlists are on the store.
///
/// # Errors
/// `events.not_found`, or [`EventError::Store`].
pub async fn record_stream(
    store: &Store,
    slug: &EventSlug,
    stream: RecordedStream,
    now: Micros,
) -> Result<bool, EventError> {
    let slug = slug.clone();
    store
        .write(move |conn| {
            let event = records::lock_event(conn, &slug)?.ok_or_else(|| EventError::NotFound(slug.clone()))?;
            if event.stream == stream {
                return Ok(false);
            }
            records::set_stream(conn, &event.id, &stream)?;
            if event.stream.status != stream.status {
                let data = json!({"status": stream.status, "since": stream.since});
                outbox::append(conn, now, Some(&slug), "stream:status", &data)?;
            }
            if event.stream.epoch != stream.epoch {
                outbox::append(conn, now, Some(&slug), "epoch:update", &json!({"epoch": stream.epoch}))?;
            }
            if event.stream.status == stream.status && event.stream.epoch == stream.epoch {
                outbox::append(conn, now, Some(&slug), "event:update", &json!({}))?;
            }
            Ok(true)
        })
        .await
}

/// Gives the event a new epoch: the next segment is published under it. Returns it. Viewers are told when the
/// publisher has recorded its first playlists ([`record_stream`]).
///
/// # Errors
/// `events.not_found`, `events.ended`, or [`EventError::Store`].
pub async fn rotate_epoch(store: &Store, act: &Act, slug: &EventSlug) -> Result<Epoch, EventError> {
    let epoch = Epoch::new(act.random.as_ref());
    let (new, slug, actor, audit_id) = (epoch.clone(), slug.clone(), act.actor.clone(), act.new_id());
    store
        .write(move |conn| {
            let event = records::lock_event(conn, &slug)?.ok_or_else(|| EventError::NotFound(slug.clone()))?;
            if event.status == EventStatus::Ended {
                return Err(EventError::Ended(slug.clone()));
            }
            records::set_epoch(conn, &event.id, &new)?;
            let change = records::Change {
                what: "events.rotate_epoch",
                kind: "event:update",
                payload: json!({}),
                before: Some(json!({"epoch": event.epoch})),
                after: Some(json!({"epoch": new})),
            };
            records::announce(conn, &audit_id, &actor, &slug, &change)
        })
        .await?;
    Ok(epoch)
}
