//! Whether the database is one to start with: not older than the program, and of our secret key.
//!
//! One that does not answer is let pass, since the picture goes on from the mirror; it is judged when it is back.

use std::time::Duration;

use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::StartError;
use crate::config::SecretKey;
use crate::store::migrate::{self, SchemaState};
use crate::store::{Store, StoreError};

/// How long the start waits for the database's answer.
const START_WAIT: Duration = Duration::from_secs(5);
/// How often one that is away is asked again.
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

/// Refuses a database that answers and is not to be used.
///
/// # Errors
/// An older schema or another secret key, in a sentence that says what to do.
pub(super) async fn refuse_wrong(
    store: &Store,
    secret: &SecretKey,
    tracker: &TaskTracker,
    stopping: &CancellationToken,
) -> Result<(), StartError> {
    match judge(store, secret).await {
        Verdict::Right => Ok(()),
        Verdict::Wrong(error) => Err(error),
        Verdict::Away(why) => {
            tracing::warn!(why, "the database is away: serving from the mirror");
            let (store, secret, stopping) = (store.clone(), secret.clone(), stopping.clone());
            tracker.spawn(async move {
                tokio::select! {
                    () = stopping.cancelled() => {}
                    () = judge_when_back(&store, &secret) => {}
                }
            });
            Ok(())
        }
    }
}

/// Says so when the database that was away at the start turns out to be the wrong one. Stopping then would take the
/// picture away, which needs no database.
async fn judge_when_back(store: &Store, secret: &SecretKey) {
    loop {
        sleep(EVERY_AWAY).await;
        match judge(store, secret).await {
            Verdict::Away(_) => {}
            Verdict::Right => return,
            Verdict::Wrong(error) => {
                tracing::error!(%error, "the database is back and is not to be used: this node would not start with it");
                return;
            }
        }
    }
}

async fn judge(store: &Store, secret: &SecretKey) -> Verdict {
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
