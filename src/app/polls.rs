//! Tells the rooms how their polls stand, when facts say that something has moved.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::cluster::Bus;
use crate::events::EventStatus;
use crate::ids::EventSlug;
use crate::polls::Poll;
use crate::store::outbox::Fact;
use crate::web::Site;
use crate::web::api::polls::PollJson;
use crate::web::socket::frame;

/// The shortest time between two frames of a poll: votes of that time are told as one.
const EVERY: Duration = Duration::from_millis(250);
/// How soon counts are asked for again that could not be read.
const AGAIN: Duration = Duration::from_secs(1);

/// Follows the facts of polls until `stopping`.
pub(super) fn announce(site: &Site, bus: &Bus, tracker: &TaskTracker, stopping: &CancellationToken) {
    let (site, mut facts) = (site.clone(), bus.subscribe());
    tracker.spawn(stopping.clone().run_until_cancelled_owned(async move {
        let mut told = Told::default();
        let mut moved: HashSet<EventSlug> = HashSet::new();
        let mut next = Instant::now();
        loop {
            tokio::select! {
                fact = facts.recv() => match fact {
                    Ok(fact) => moved.extend(room_of(&fact)),
                    // Lost facts may have been of any poll.
                    Err(RecvError::Lagged(_)) => moved.extend(site.mirror.all().iter().map(|event| event.slug.clone())),
                    Err(RecvError::Closed) => return,
                },
                () = sleep_until(next), if !moved.is_empty() => {
                    next = Instant::now() + EVERY;
                    let mut failed = HashSet::new();
                    for slug in std::mem::take(&mut moved) {
                        if !told.tell(&site, &slug).await {
                            failed.insert(slug);
                            next = Instant::now() + AGAIN;
                        }
                    }
                    moved.extend(failed);
                }
            }
        }
    }));
}

fn room_of(fact: &Fact) -> Option<EventSlug> {
    (fact.kind == "poll:update").then(|| fact.room.clone()).flatten()
}

/// What each room was told last.
#[derive(Default)]
struct Told(HashMap<EventSlug, Arc<Vec<Poll>>>);

impl Told {
    /// Tells a room of each poll that has moved; `false` where that cannot be known now.
    async fn tell(&mut self, site: &Site, slug: &EventSlug) -> bool {
        let Some(event) = site.mirror.find(slug).filter(|event| event.status != EventStatus::Draft) else {
            // The mirror comes to know it by the same facts; whoever asks then is given how it stands.
            return true;
        };
        let Ok(now) = site.polls.get_now(&event.id).await else { return false };
        let last = self.0.insert(slug.clone(), now.clone());
        for poll in now.iter().filter(|poll| last.as_ref().is_none_or(|last| !last.contains(poll))) {
            let data = serde_json::to_value(PollJson::of(poll, None)).unwrap_or_default();
            site.hub.publish(slug, frame("poll:update", slug, &data));
        }
        true
    }
}
