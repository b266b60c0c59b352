//! Keeps the mirror equal to the database: at the start, after every fact of an event, and every ten seconds.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast::{Receiver, error::RecvError};
use tokio_util::sync::CancellationToken;

use super::secrets::Secrets;
use super::{EventFacts, SharedMirror, load_facts, records};
use crate::ids::RowId;
use crate::store::outbox::Fact;
use crate::store::{Store, StoreError};

/// How often the mirror is made anew without a fact.
const EVERY: Duration = Duration::from_secs(10);
/// How soon a database that is away is asked again.
const EVERY_AWAY: Duration = Duration::from_secs(1);

/// Runs until `cancel`. While the database is away the mirror keeps its last snapshot, and that is said once. Facts
/// that come while the database is read are joined into one more read.
pub async fn keep_mirror(
    store: Store,
    mirror: SharedMirror,
    secrets: Secrets,
    mut facts: Receiver<Arc<Fact>>,
    cancel: CancellationToken,
) {
    let mut away = false;
    while !cancel.is_cancelled() {
        match refresh(&store, &mirror, &secrets).await {
            Ok(()) if away => {
                away = false;
                tracing::info!("event facts are read from the database again");
            }
            Ok(()) => {}
            Err(error) => {
                if !away {
                    tracing::warn!(%error, "event facts cannot be read; the last ones known hold");
                }
                away = true;
            }
        }
        tokio::select! {
            () = cancel.cancelled() => return,
            () = tokio::time::sleep(if away { EVERY_AWAY } else { EVERY }) => {}
            () = next_change(&mut facts) => {}
        }
    }
}

/// Makes the mirror equal to the database, once.
///
/// # Errors
/// The database does not answer; the mirror then keeps what it has.
pub async fn refresh(store: &Store, mirror: &SharedMirror, secrets: &Secrets) -> Result<(), StoreError> {
    let events = store.read(load_facts).await?;
    let new: Vec<_> = events
        .iter()
        .filter(|event| event.secret_sealed.is_none())
        .map(|event| (event.id.clone(), secrets.seal_new(&event.id)))
        .collect();
    replace(mirror, events).await?;
    // After the rest is known: nobody needs the secret of an event whose fights have not been on air.
    if !new.is_empty() {
        give_secrets(store, new).await?;
        replace(mirror, store.read(load_facts).await?).await?;
    }
    Ok(())
}

async fn replace(mirror: &SharedMirror, events: Vec<EventFacts>) -> Result<(), StoreError> {
    let mirror = Arc::clone(mirror);
    let written = tokio::task::spawn_blocking(move || mirror.replace(events)).await;
    written.map_err(|_| StoreError::Panicked)
}

/// Gives events that have none their secrets, sealed. Two nodes that do it at once agree on the first.
async fn give_secrets(store: &Store, new: Vec<(RowId, String)>) -> Result<(), StoreError> {
    store
        .write(move |conn| {
            for (event, sealed) in &new {
                records::keep_secret(conn, event, sealed)?;
            }
            Ok(())
        })
        .await
}

/// Waits for a fact about an event, then takes those that wait behind it.
async fn next_change(facts: &mut Receiver<Arc<Fact>>) {
    loop {
        match facts.recv().await {
            // What the crowd does is not in the mirror, and would have it read at every support and every vote.
            Ok(fact) if fact.room.is_none() || is_of_the_crowd(&fact) || fact.only_counts() => {}
            // Lost facts may have been about any event.
            Ok(_) | Err(RecvError::Lagged(_)) => break,
            // The tail has ended; the ten seconds remain.
            Err(RecvError::Closed) => std::future::pending().await,
        }
    }
    while facts.try_recv().is_ok() {}
}

/// Whether a fact tells of a support, and of nothing in the mirror. A ladder that was changed has no total with it.
fn is_of_the_crowd(fact: &Fact) -> bool {
    match fact.kind.as_str() {
        "superchat:new" | "donation:new" | "superchat:hidden" => true,
        "milestone:update" => fact.payload.get("total_coins").is_some(),
        _ => false,
    }
}
