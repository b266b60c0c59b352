//! Tells the rooms how many watch, joined over all processes.

use std::collections::HashMap;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::database::Standing;
use crate::cluster::presence::{EVERY, Seat};
use crate::ids::EventSlug;
use crate::store::Store;
use crate::web::Site;
use crate::web::socket::viewers_frame;

/// Exchanges with the other processes and tells the rooms, until `stopping`; then takes what it has told them away.
pub(super) fn keep(
    site: &Site,
    (store, standing): (&Store, &Standing),
    tracker: &TaskTracker,
    stopping: &CancellationToken,
) {
    let (site, store, standing, stopping) = (site.clone(), store.clone(), standing.clone(), stopping.clone());
    tracker.spawn(async move {
        let mut ticks = interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut told: HashMap<EventSlug, u64> = HashMap::new();
        loop {
            tokio::select! {
                () = stopping.cancelled() => break,
                _ = ticks.tick() => {}
            }
            if standing.is_right() {
                // A database that does not answer must not keep the own sockets from being told.
                match tokio::time::timeout(EVERY, site.presence.exchange(&store, &site.clock)).await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => tracing::debug!(%error, "who is in the rooms of other nodes is not known now"),
                    Err(_) => {
                        tracing::debug!("the database is slow: who is in the rooms of other nodes is not known now");
                    }
                }
            }
            let rooms = site.presence.rooms();
            told.retain(|room, _| rooms.contains(room));
            for room in rooms {
                let count = site.presence.count(&room, Seat::Viewer);
                if told.insert(room.clone(), count) != Some(count) {
                    site.hub.publish(&room, viewers_frame(&room, count));
                }
            }
        }
        if standing.is_right()
            && let Err(error) = site.presence.leave(&store).await
        {
            tracing::debug!(%error, "other nodes forget this one's sockets by themselves");
        }
    });
}
