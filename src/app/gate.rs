//! The gate over the parts of the app, and the facts that reach it.

use std::sync::Arc;

use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::database::Standing;
use super::wiring::Keys;
use crate::accounts::Accounts;
use crate::clock::SharedClock;
use crate::cluster::Bus;
use crate::config::Config;
use crate::events::{Secrets, SharedMirror};
use crate::playback::{Gate, Parts};
use crate::store::Store;

/// The gate of this node.
pub(super) fn open(
    (config, store, clock): (&Config, &Store, &SharedClock),
    accounts: &Accounts,
    mirror: &SharedMirror,
    secrets: &Secrets,
) -> Gate {
    Gate::new(Parts {
        store: store.clone(),
        clock: clock.clone(),
        accounts: accounts.clone(),
        mirror: mirror.clone(),
        keys: Arc::new(Keys { mirror: mirror.clone(), secrets: secrets.clone() }),
        config: config.playback.clone(),
    })
}

/// Starts what the gate does in the background, and tells it what other nodes have done.
pub(super) fn keep(gate: &Gate, standing: &Standing, bus: &Bus, tracker: &TaskTracker, stopping: &CancellationToken) {
    let standing = standing.clone();
    gate.keep(async move { standing.right().await }, tracker, stopping.clone());
    let (gate, mut facts) = (gate.clone(), bus.subscribe());
    tracker.spawn(stopping.clone().run_until_cancelled_owned(async move {
        loop {
            match facts.recv().await {
                Ok(fact) => gate.hear(&fact),
                Err(RecvError::Lagged(_)) => gate.doubt(),
                Err(RecvError::Closed) => return,
            }
        }
    }));
}
