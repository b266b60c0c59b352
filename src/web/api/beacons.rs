//! `POST /api/v1/beacons`: what players tell of how it plays, added up to metrics. No cookie is read, nothing is kept of
//! who sent it: an address is counted for ten seconds and forgotten.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::clock::Micros;
use crate::web::error::Problem;
use crate::web::{Site, client, inputs};

/// Most bytes of a beacon.
const BYTES_MAX: usize = 4 * 1024;
/// The span in which an address is counted, in milliseconds.
const SPAN_MS: i64 = 10_000;
/// Beacons of one address in a span: a carrier puts thousands of phones behind one.
const OF_ADDRESS_MAX: u32 = 5_000;
/// Addresses counted at once; in a span with more, nothing that is new is taken.
const ADDRESSES_MAX: usize = 50_000;

/// What the media is played by.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// hls.js
    Hls,
    /// The browser's own player.
    Native,
}

/// What is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The live edge.
    Live,
    /// Further back while it is live.
    Dvr,
    /// A finished replay.
    Replay,
}

/// Errors since the last beacon, by kind.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[schema(as = BeaconErrors)]
#[serde(default)]
pub struct Errors {
    network: u32,
    media: u32,
    key: u32,
    other: u32,
}

/// How it has played since the last beacon.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
pub struct Beacon {
    engine: Engine,
    mode: Mode,
    /// From the press of play to the first picture, in milliseconds; in the first beacon after it.
    #[serde(default)]
    first_frame_ms: Option<u32>,
    /// Time played, in milliseconds.
    played_ms: u32,
    /// Times that it stood still.
    stalls: u32,
    /// How long it stood still, in milliseconds.
    stall_ms: u32,
    /// Changes of quality.
    switches: u32,
    #[serde(default)]
    errors: Errors,
    /// Distance from the live edge, in milliseconds.
    #[serde(default)]
    behind_ms: Option<u32>,
    /// Height of the picture.
    #[serde(default)]
    height: Option<u32>,
    /// The player is closed.
    #[serde(default)]
    #[expect(dead_code, reason = "part of the contract; nothing is counted by it yet")]
    last: bool,
}

/// Counts who sends beacons, for as long as a span lasts.
#[derive(Debug, Default)]
pub struct Beacons(Mutex<Span>);

#[derive(Debug, Default)]
struct Span {
    begun: Micros,
    of: HashMap<IpAddr, u32>,
}

impl Beacons {
    /// Whether one more of this address is taken.
    fn takes(&self, address: Option<IpAddr>, now: Micros) -> bool {
        let Some(address) = address else { return false };
        let mut span = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !(0..SPAN_MS).contains(&now.ms_since(span.begun)) {
            *span = Span { begun: now, of: HashMap::new() };
        }
        if span.of.len() >= ADDRESSES_MAX && !span.of.contains_key(&address) {
            return false;
        }
        let count = span.of.entry(address).or_default();
        *count = count.saturating_add(1);
        *count <= OF_ADDRESS_MAX
    }
}

/// `POST /api/v1/beacons`. What is too much or cannot be true is dropped without a word: players do not care.
///
/// # Errors
/// 400 for what is no beacon, 413 for too much of it.
pub async fn beacon(req: HttpRequest, site: web::Data<Site>, body: web::Payload) -> Result<HttpResponse, Problem> {
    let address = client::address(&req, &site.config.server.trusted_proxies);
    if !site.beacons.takes(address, site.clock.now()) {
        verdict("too_many");
        return Ok(HttpResponse::NoContent().finish());
    }
    let Ok(Ok(bytes)) = body.to_bytes_limited(BYTES_MAX).await else { return Err(inputs::too_large()) };
    let beacon: Beacon = serde_json::from_slice(&bytes)
        .map_err(|error| inputs::json(&actix_web::error::JsonPayloadError::Deserialize(error)))?;
    if beacon.is_believable() {
        beacon.count();
        verdict("counted");
    } else {
        verdict("unbelievable");
    }
    Ok(HttpResponse::NoContent().finish())
}

fn verdict(verdict: &'static str) {
    metrics::counter!("bakuhantam_beacons_total", "verdict" => verdict).increment(1);
}

impl Beacon {
    /// Whether it tells of what can have happened within an hour: one liar must not spoil what all others tell.
    fn is_believable(&self) -> bool {
        const HOUR_MS: u32 = 3_600_000;
        let Errors { network, media, key, other } = self.errors;
        let counts = [self.stalls, self.switches, network, media, key, other];
        let is_live = self.mode == Mode::Live;
        self.played_ms <= HOUR_MS
            && self.stall_ms <= HOUR_MS
            && counts.iter().all(|count| *count <= 1_000)
            && self.first_frame_ms.is_none_or(|ms| ms <= 600_000)
            && self.behind_ms.is_none_or(|ms| !is_live || ms <= 600_000)
    }

    fn count(&self) {
        let engine = match self.engine {
            Engine::Hls => "hls",
            Engine::Native => "native",
        };
        let mode = match self.mode {
            Mode::Live => "live",
            Mode::Dvr => "dvr",
            Mode::Replay => "replay",
        };
        let of = [("engine", engine), ("mode", mode)];
        if let Some(ms) = self.first_frame_ms {
            metrics::histogram!("bakuhantam_player_first_frame_seconds", &of).record(f64::from(ms) / 1_000.0);
        }
        if let Some(ms) = self.behind_ms.filter(|_| self.mode == Mode::Live) {
            metrics::histogram!("bakuhantam_player_behind_seconds", &of).record(f64::from(ms) / 1_000.0);
        }
        let rung = [("engine", engine), ("mode", mode), ("height", rung(self.height))];
        metrics::counter!("bakuhantam_player_played_ms_total", &rung).increment(self.played_ms.into());
        metrics::counter!("bakuhantam_player_stalls_total", &of).increment(self.stalls.into());
        metrics::counter!("bakuhantam_player_stall_ms_total", &of).increment(self.stall_ms.into());
        metrics::counter!("bakuhantam_player_switches_total", &of).increment(self.switches.into());
        let Errors { network, media, key, other } = self.errors;
        for (kind, many) in [("network", network), ("media", media), ("key", key), ("other", other)] {
            if many > 0 {
                metrics::counter!("bakuhantam_player_errors_total", "engine" => engine, "kind" => kind)
                    .increment(many.into());
            }
        }
    }
}

/// A height as one of few words, so that nobody can make labels without end.
const fn rung(height: Option<u32>) -> &'static str {
    match height {
        None | Some(0) => "unknown",
        Some(1..=240) => "240",
        Some(241..=360) => "360",
        Some(361..=480) => "480",
        Some(481..=720) => "720",
        Some(721..=1_080) => "1080",
        Some(_) => "more",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_counted_for_a_span_and_has_room_for_a_carrier() {
        let beacons = Beacons::default();
        let (one, other) = (Some([10, 0, 0, 1].into()), Some([10, 0, 0, 2].into()));
        let now = Micros(1_790_000_000_000_000);
        assert!((0..OF_ADDRESS_MAX).all(|_| beacons.takes(one, now)));
        assert!(!beacons.takes(one, now) && beacons.takes(other, now));
        assert!(!beacons.takes(one, now.plus_ms(SPAN_MS - 1)) && beacons.takes(one, now.plus_ms(SPAN_MS)));
        assert!(!beacons.takes(None, now));
    }

    #[test]
    fn what_cannot_be_true_is_not_believed() {
        let good: Beacon = serde_json::from_str(
            r#"{"engine":"hls","mode":"live","first_frame_ms":900,"played_ms":30000,"stalls":1,"stall_ms":200,
               "switches":2,"errors":{"network":1},"behind_ms":5000,"height":720,"last":false}"#,
        )
        .unwrap();
        assert!(good.is_believable());
        for bad in [
            Beacon { played_ms: u32::MAX, ..good },
            Beacon { stalls: 1_001, ..good },
            Beacon { behind_ms: Some(600_001), ..good },
            Beacon { first_frame_ms: Some(600_001), ..good },
            Beacon { errors: Errors { key: 5_000, ..Errors::default() }, ..good },
        ] {
            assert!(!bad.is_believable(), "{bad:?}");
        }
        assert!(Beacon { mode: Mode::Dvr, behind_ms: Some(9_000_000), ..good }.is_believable());
        let rungs: Vec<_> = [None, Some(144), Some(360), Some(719), Some(2_160)].map(rung).into();
        assert_eq!(rungs, ["unknown", "240", "360", "720", "more"]);
    }
}
