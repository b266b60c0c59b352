//! A night to test with: two events that are shown, one that is not, with stream keys of our own.

use std::time::Duration;

use bakuhantam::clock::Micros;
use bakuhantam::config::SecretKey;
use bakuhantam::events::{EventFacts, EventStatus, RecordedStream, mac_of_stream_key};
use bakuhantam::money::Coins;
use serde_json::Value;

use super::server::TestServer;
use super::{http, ports, until};

/// Stream key of `island-fight`.
pub const KEY: &str = "a-stream-key-of-island-fight";
/// Stream key of `second-night`.
pub const OTHER_KEY: &str = "a-stream-key-of-second-night";
/// Right for PostgreSQL too, which takes no key made by itself.
pub const SECRET: &str = "[server]\nsecret_key = \"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"\n";

/// Two small rungs, encoded as fast as x264 can, in short segments.
pub const SMALL_LADDER: &str = r#"
[encoder]
segment_seconds = 1
preset = "ultrafast"
[[encoder.renditions]]
name = "180p"
height = 180
fps = 15
level = "3.0"
bitrate_kbps = 300
maxrate_kbps = 400
bufsize_kbps = 600
audio_kbps = 64
[[encoder.renditions]]
name = "144p"
height = 144
fps = 15
level = "3.0"
bitrate_kbps = 150
maxrate_kbps = 200
bufsize_kbps = 300
audio_kbps = 64
"#;

/// The night as a file.
pub fn night() -> String {
    format!(
        r#"
[[events]]
slug = "island-fight"
title = "Island Fight"
starts_at = "2026-12-05T19:00:00+07:00"
pass_price_coins = 90
status = "published"
stream_key = "{KEY}"
  [[events.fights]]
  number = 1
  red = "Ari Wijaya"
  blue = "Budi Santoso"
  title = "Bantamweight"
  price_coins = 30
  [[events.fights]]
  number = 2
  red = "Citra Lestari"
  blue = "Dewi Anggraini"
  title = "Flyweight"
  [[events.milestones]]
  coins = 1000
  title = "Ronde tambahan"
  [[events.polls]]
  code = "winner"
  question = "Siapa menang?"
  options = ["Ari", "Budi"]
  coins_per_vote = 1
  max_votes_per_viewer = 100
  status = "open"
  [[events.polls]]
  code = "later"
  question = "Pertanyaan rahasia?"
  options = ["Ya", "Tidak"]
  coins_per_vote = 1
  max_votes_per_viewer = 1
  status = "draft"

[[events]]
slug = "second-night"
title = "Second Night"
starts_at = "2026-12-12T19:00:00+07:00"
status = "published"
stream_key = "{OTHER_KEY}"
  [[events.fights]]
  number = 1
  red = "Eka"
  blue = "Fajar"

[[events]]
slug = "hidden-night"
title = "Hidden Night"
starts_at = "2027-01-05T19:00:00+07:00"
status = "draft"
"#
    )
}

/// A server with the night applied before its start.
pub async fn serve(overrides: &str) -> TestServer {
    let mut server = prepare(overrides);
    server.serve().await;
    until("the mirror has the night", Duration::from_secs(10), async || {
        (http::get(&server.url("/api/v1/events/island-fight")).await.status == 200).then_some(())
    })
    .await;
    server
}

/// A migrated database with the night, and no server yet.
pub fn prepare(overrides: &str) -> TestServer {
    let server = TestServer::prepare(overrides);
    server.migrate();
    apply(&server, &night());
    server
}

/// `bakuhantam apply` of a text; what it printed.
pub fn apply(server: &TestServer, text: &str) -> String {
    let file = server.folder().join("night.toml");
    std::fs::write(&file, text).expect("a file");
    server.cli_ok(&["apply", file.to_str().expect("UTF-8")])
}

/// An RTMP door on a port of its own: what the configuration says of it, and the port.
pub fn door() -> (String, u16) {
    let port = ports::free();
    (format!("[ingest]\nenabled = true\nlisten = \"127.0.0.1:{port}\"\n"), port)
}

/// The event as the API tells it.
pub async fn event(server: &TestServer, slug: &str) -> Value {
    http::get(&server.url(&format!("/api/v1/events/{slug}"))).await.json()
}

/// Waits until the API tells an event as wanted.
pub async fn event_that(
    server: &TestServer,
    slug: &str,
    what: &str,
    deadline: Duration,
    wanted: impl Fn(&Value) -> bool,
) -> Value {
    until(what, deadline, async || Some(event(server, slug).await).filter(&wanted)).await
}

/// An event with nothing but its name, its key and its status, as a mirror holds it.
pub fn bare_event(secret: &SecretKey, slug: &str, key: &str, status: EventStatus) -> EventFacts {
    EventFacts {
        id: "01J00000000000000000000000".parse().expect("an id"),
        slug: slug.parse().expect("a slug"),
        title: slug.to_owned(),
        status,
        starts_at: Micros(0),
        pass_price_coins: Coins::default(),
        stream_key_mac: mac_of_stream_key(secret, key),
        epoch: "abcdefghijkmnpqrst".parse().expect("an epoch"),
        interrupted: false,
        on_air_fight: None,
        stream: RecordedStream::default(),
        fights: Vec::new(),
        milestones: Vec::new(),
        polls: Vec::new(),
        secret_sealed: None,
        overlay_key_mac: None,
        replay_days: 0,
        air_ranges: Vec::new(),
        hidden: Vec::new(),
        trims: Vec::new(),
    }
}
