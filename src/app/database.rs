//! Whether the database is one to use: not older than the program, and of our secret key. And the first read of it.
//!
//! One that answers wrongly stops the start. One that does not answer is let pass, since the picture goes on from the
//! mirror; it is judged when it is back, before anyone reads it. Nobody follows one that is wrong: the mirror keeps
//! what it has, nothing is recorded, and `/health` says so until an operator has put it right.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::StartError;
use crate::config::SecretKey;
use crate::events::{Secrets, SharedMirror, refresh_mirror};
use crate::store::migrate::{self, SchemaState};
use crate::store::{Store, StoreError};

/// How long the start waits for the database's answer.
const START_WAIT: Duration = Duration::from_secs(5);
/// How long the start waits for the first read of the events.
const FIRST_READ_WAIT: Duration = Duration::from_secs(5);
/// How often one that is away or wrong is asked again.
const EVERY_AWAY: Duration = Duration::from_secs(1);

/// What is known of the database.
enum Verdict {
    /// Ours, and new enough.
    Right,
    /// It answers, and is not to be used.
    Wrong(StartError),
    /// It does not answer: why.
    Away(String),
}

/// Whether the database has been found to be the right one. Once it has, it stays so.
#[derive(Clone, Debug)]
pub(super) struct Standing(watch::Receiver<bool>);

impl Standing {
    /// Whether it may be used.
    pub(super) fn is_right(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it may be used.
    pub(super) async fn right(&self) {
        if self.0.clone().wait_for(|right| *right).await.is_err() {
            // Nobody judges any more, since the app stops.
            std::future::pending::<()>().await;
        }
    }
}

/// Refuses a database that answers and is not to be used.
///
/// # Errors
/// An older schema or another secret key, in a sentence that says what to do.
pub(super) async fn judge(
    store: &Store,
    secret: &SecretKey,
    tracker: &TaskTracker,
    stopping: &CancellationToken,
) -> Result<Standing, StartError> {
    let (found, standing) = watch::channel(false);
    match look(store, secret).await {
        Verdict::Right => {
            found.send_replace(true);
        }
        Verdict::Wrong(error) => return Err(error),
        Verdict::Away(why) => {
            tracing::warn!(why, "the database is away: serving from the mirror");
            let (store, secret, stopping) = (store.clone(), secret.clone(), stopping.clone());
            tracker.spawn(async move {
                tokio::select! {
                    () = stopping.cancelled() => {}
                    () = judge_when_back(&store, &secret) => {
                        found.send_replace(true);
                    }
                }
            });
        }
    }
    Ok(Standing(standing))
}

/// Waits for the right database; says so when another one is found. Stopping then would take the picture away, which
/// needs no database.
async fn judge_when_back(store: &Store, secret: &SecretKey) {
    let mut said = String::new();
    loop {
        sleep(EVERY_AWAY).await;
        match look(store, secret).await {
            Verdict::Away(_) => {}
            Verdict::Right => {
                tracing::info!("the database is back");
                return;
            }
            Verdict::Wrong(error) => {
                let sentence = error.to_string();
                if sentence != said {
                    tracing::error!(%error, "the database is back and is not to be used: the last known facts hold, \
                        and nothing is recorded, until it is put right");
                    said = sentence;
                }
            }
        }
    }
}

async fn look(store: &Store, secret: &SecretKey) -> Verdict {
    match timeout(START_WAIT, ask(store, secret)).await {
        Ok(Ok(None)) => Verdict::Right,
        Ok(Ok(Some(wrong))) => Verdict::Wrong(wrong),
        Ok(Err(error)) => Verdict::Away(error.to_string()),
        Err(_) => Verdict::Away(format!("no answer within {} s", START_WAIT.as_secs())),
    }
}

/// What speaks against the database, if anything does.
async fn ask(store: &Store, secret: &SecretKey) -> Result<Option<StartError>, StoreError> {
    let asked = store.clone();
    let state = tokio::task::spawn_blocking(move || migrate::schema_state(&asked)).await;
    if state.unwrap_or(Err(StoreError::Panicked))? == SchemaState::Older {
        let sentence = "The database is older than this program: run `bakuhantam migrate up` first.";
        return Ok(Some(StartError::new(sentence)));
    }
    match store.claim_secret_key(secret).await {
        Ok(()) => Ok(None),
        Err(error @ StoreError::OtherSecretKey { .. }) => Ok(Some(StartError::new(error))),
        Err(error) => Err(error),
    }
}

/// Reads the events once before anything is served, so that a node without a mirror of its own (a new one, or one whose
/// disk is new) never says "no such event" and never turns an encoder's key away. A database that is away or slow does
/// not hold the start up: the mirror from the disk serves, and `wiring::follow_database` goes on asking.
pub(super) async fn know_events(mirror: &SharedMirror, secrets: &Secrets, (store, standing): (&Store, &Standing)) {
    if standing.is_right() {
        match timeout(FIRST_READ_WAIT, refresh_mirror(store, mirror, secrets)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "event facts cannot be read; the last ones known serve"),
            Err(_) => tracing::warn!("event facts are read slowly; the last ones known serve"),
        }
    }
}
