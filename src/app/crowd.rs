//! The crowd over the parts of this app, and its facts told to the rooms of this process.

use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::StartError;
use crate::clock::SharedClock;
use crate::cluster::Bus;
use crate::config::Config;
use crate::flows::{Crowd, CrowdParts};
use crate::ids::SharedRandom;
use crate::store::Store;
use crate::store::outbox::Fact;
use crate::superchat::Rules;
use crate::web::Site;
use crate::web::socket::{frame, numbered_frame};

/// The crowd over the parts of this app.
///
/// # Errors
/// The list of words cannot be read.
pub(super) fn open(
    config: &Config,
    store: &Store,
    clock: &SharedClock,
    random: &SharedRandom,
) -> Result<Crowd, StartError> {
    let rules = Rules::open(&config.superchat).map_err(StartError::new)?;
    Ok(Crowd::new(CrowdParts { store: store.clone(), clock: clock.clone(), random: random.clone(), rules }))
}

/// Tells the rooms of this process what the crowd of every process does. The tail gives facts in the order of their
/// rows, which is that of their numbers.
pub(super) fn announce(site: &Site, bus: &Bus, tracker: &TaskTracker, stopping: &CancellationToken) {
    let (site, mut facts) = (site.clone(), bus.subscribe());
    tracker.spawn(stopping.clone().run_until_cancelled_owned(async move {
        loop {
            match facts.recv().await {
                Ok(fact) => tell(&site, &fact),
                // Nobody knows what was lost: all come back and read on from what they have.
                Err(RecvError::Lagged(lost)) => {
                    tracing::debug!(lost, "facts were lost before they were told: sockets come back");
                    site.hub.cut_all();
                }
                Err(RecvError::Closed) => return,
            }
        }
    }));
}

fn tell(site: &Site, fact: &Fact) {
    let Some(room) = &fact.room else { return };
    match fact.kind.as_str() {
        "milestone:update" => drop(site.hub.publish(room, frame(&fact.kind, room, &fact.payload))),
        kind @ ("superchat:new" | "donation:new" | "superchat:hidden") => {
            let (seq, data) = (fact.payload.get("seq").and_then(Value::as_i64), fact.payload.get("data"));
            if let Some(seq) = seq {
                let frame = numbered_frame(kind, room, seq, data.unwrap_or(&json!({})));
                site.hub.publish_numbered(room, seq, frame);
            } else {
                tracing::error!(id = fact.id, "a fact of the crowd has no number and is not told");
            }
        }
        _ => {}
    }
}
