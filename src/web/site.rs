//! What every handler is given.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::api::beacons::Beacons;
use super::csrf::FormTokens;
use super::pages::RenderedPages;
use super::shelf::Shelf;
use super::turnstile::Turnstile;
use crate::accounts::Accounts;
use crate::clock::SharedClock;
use crate::cluster::presence::Presence;
use crate::config::Config;
use crate::events::{EventFacts, OverlayKeyCodes, SharedMirror};
use crate::flows::{Crowd, Till};
use crate::hub::SharedHub;
use crate::ids::{Epoch, EventSlug, ReplayName};
use crate::payments::sandbox::Sandbox;
use crate::playback::Gate;
use crate::polls::Board;
use crate::stream::facts::{StreamReport, StreamStatus};
use tokio_util::sync::CancellationToken;

/// Picture states as reported by the publisher of this process.
#[derive(Debug, Default)]
pub struct StreamBoard {
    reports: Mutex<HashMap<EventSlug, StreamReport>>,
    version: AtomicU64,
}

impl StreamBoard {
    /// Notes a report.
    pub fn set(&self, event: &EventSlug, report: StreamReport) {
        self.reports.lock().unwrap_or_else(PoisonError::into_inner).insert(event.clone(), report);
        // After the change, so that nobody keeps what was made of the old state under the new version.
        self.version.fetch_add(1, Ordering::Release);
    }

    /// The last report of this process on an event.
    #[must_use]
    pub fn find(&self, event: &EventSlug) -> Option<StreamReport> {
        self.reports.lock().unwrap_or_else(PoisonError::into_inner).get(event).cloned()
    }

    /// Changes with every report.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version.load(Ordering::Acquire)
    }
}

/// The parts a handler may use. Shared by all workers.
#[derive(Clone, Debug)]
pub struct Site {
    /// Effective configuration.
    pub config: Arc<Config>,
    /// Events as last known: what pages are rendered from.
    pub mirror: SharedMirror,
    /// Rooms of the sockets.
    pub hub: SharedHub,
    /// The time.
    pub clock: SharedClock,
    /// Picture states of this process's publisher.
    pub streams: Arc<StreamBoard>,
    /// Pages rendered within the last second.
    pub pages: Arc<RenderedPages>,
    /// Accounts and sessions.
    pub accounts: Accounts,
    /// Everything with coins.
    pub till: Till,
    /// Support with coins.
    pub crowd: Crowd,
    /// What makes an overlay page the broadcast's own.
    pub overlay_keys: OverlayKeyCodes,
    /// Who is in the rooms.
    pub presence: Arc<Presence>,
    /// How many sockets each address has.
    pub turnstile: Arc<Turnstile>,
    /// How polls stand.
    pub polls: Board,
    /// Coin packages read within the last second.
    pub shelf: Arc<Shelf>,
    /// The pay page for trying things out; only with `payments.gateway = "sandbox"`.
    pub sandbox: Option<Sandbox>,
    /// Who may watch.
    pub gate: Gate,
    /// Beacons of players.
    pub beacons: Arc<Beacons>,
    /// Form tokens.
    pub forms: FormTokens,
    /// Cancelled when the node is about to stop: sockets say "come back".
    pub draining: CancellationToken,
}

/// Where an event's playlists are.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Playback {
    /// Master of the live window; `null` while nothing was ever published.
    #[schema(required)]
    pub master: Option<String>,
    /// Master of the whole recording so far.
    #[schema(required)]
    pub dvr: Option<String>,
    /// Finished replays, in the order of the card, that of the whole event last.
    pub replays: Vec<ReplayAddress>,
}

/// Where a replay is.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct ReplayAddress {
    /// `all`, or the number of a fight.
    #[schema(value_type = String, example = "1")]
    pub name: ReplayName,
    /// Its master playlist.
    pub address: String,
}

impl Site {
    /// State of an event's picture: this process's publisher knows best, else what the publishing node recorded.
    #[must_use]
    pub fn stream_of(&self, event: &EventFacts) -> StreamReport {
        self.streams.find(&event.slug).unwrap_or_else(|| StreamReport {
            replays: event.stream.replays.clone(),
            status: match event.stream.status.as_str() {
                "live" => StreamStatus::Live,
                "interrupted" => StreamStatus::Interrupted,
                "ended" => StreamStatus::Ended,
                _ => StreamStatus::Offline,
            },
            epoch: event.stream.epoch.clone(),
            since: event.stream.since,
        })
    }

    /// Addresses of an event's playlists under the epoch that is published.
    #[must_use]
    pub fn playback_of(&self, event: &EventFacts) -> Playback {
        let base = self.config.media_base_url();
        let at = |epoch: &Epoch, name: &str| format!("{base}/{}/{epoch}/{name}.m3u8", event.slug);
        let StreamReport { epoch, replays, .. } = self.stream_of(event);
        let replay =
            |epoch: &Epoch, name: ReplayName| ReplayAddress { address: at(epoch, &format!("replay-{name}")), name };
        Playback {
            master: epoch.as_ref().map(|epoch| at(epoch, "master")),
            dvr: epoch.as_ref().map(|epoch| at(epoch, "dvr")),
            replays: epoch.iter().flat_map(|epoch| replays.iter().map(|name| replay(epoch, name.clone()))).collect(),
        }
    }
}
