//! A night behind the gate: what is sold, who has bought what, and how keys and places are asked for.

use std::time::Duration;

use bakuhantam::clock::{Clock as _, SystemClock};
use hyper::Method;
use serde_json::{Value, json};

use super::database::TestDatabase;
use super::http::{self, Answer};
use super::night;
use super::server::TestServer;
use super::viewers::{JSON, PASSWORD, Viewer, cookie_of};

/// Fights for 30, nothing and 50 coins, the whole for 90; another night; one that is not shown.
pub const NIGHTS: &str = r#"
[[events]]
slug = "grand-night"
title = "Grand Night"
starts_at = "2026-12-05T19:00:00+07:00"
pass_price_coins = 90
status = "published"
  [[events.fights]]
  number = 1
  red = "Ari"
  blue = "Budi"
  price_coins = 30
  [[events.fights]]
  number = 2
  red = "Citra"
  blue = "Dewi"
  [[events.fights]]
  number = 3
  red = "Eka"
  blue = "Fajar"
  price_coins = 50

[[events]]
slug = "other-night"
title = "Other Night"
starts_at = "2026-12-06T19:00:00+07:00"
status = "published"
  [[events.fights]]
  number = 1
  red = "Gita"
  blue = "Hana"
  price_coins = 30
"#;

/// A server with the nights, over a database of the test's, with a fight of each on air, so that a turn is given after
/// its end too; `more` is what else the configuration says.
pub async fn serve(db: &TestDatabase, more: &str) -> TestServer {
    let mut server = prepare(&format!("{}{more}", db.overrides()));
    for night in ["grand-night", "other-night"] {
        server.cli_ok(&["event", "on-air", night, "--fight", "1"]);
    }
    begin(&mut server).await;
    server
}

/// A migrated database with the nights, and no server yet.
pub fn prepare(overrides: &str) -> TestServer {
    let server = TestServer::prepare(overrides);
    server.migrate();
    night::apply(&server, NIGHTS);
    server
}

/// Starts a server, and waits until it can make keys.
pub async fn begin(server: &mut TestServer) {
    server.serve().await;
    let shown = |event: &Value| event["status"] == "published";
    night::event_that(server, "grand-night", "the mirror has the nights", Duration::from_secs(10), shown).await;
    // The secret of an event is made by the node that first sees it.
    super::until("every event has its secret", Duration::from_secs(10), async || {
        let mirror = std::fs::read_to_string(server.data().join("mirror.json")).ok()?;
        let mirror: Value = serde_json::from_str(&mirror).ok()?;
        let events = mirror["events"].as_array()?;
        (events.len() == 2 && events.iter().all(|event| event["secret_sealed"].is_string())).then_some(())
    })
    .await;
}

/// Seconds of the Unix time.
pub fn now_s() -> i64 {
    SystemClock.now().0 / 1_000_000
}

/// The id of the key of a fight whose turn it is, `ahead` turns from now.
pub fn turn(fight: &str, rotation_s: i64, ahead: i64) -> String {
    format!("{fight}-{}", (now_s() / rotation_s + ahead) * rotation_s)
}

/// The id of a fight of an event.
pub async fn fight(server: &TestServer, slug: &str, number: usize) -> String {
    let event = night::event(server, slug).await;
    event["fights"][number - 1]["id"].as_str().expect("an id").to_owned()
}

/// Asks for a key with a cookie, which may be empty.
pub async fn key(server: &TestServer, cookie: &str, id: &str) -> Answer {
    let headers: &[(&str, &str)] = if cookie.is_empty() { &[] } else { &[("cookie", cookie)] };
    http::send(Method::GET, &server.url(&format!("/api/v1/keys/{id}")), headers, "").await
}

/// The press of play with `take`, else a heartbeat.
pub async fn hold(server: &TestServer, cookie: &str, take: bool) -> Answer {
    let headers = [("cookie", cookie), JSON];
    let url = server.url("/api/v1/events/grand-night/lease");
    http::send(Method::POST, &url, &headers, json!({ "take": take }).to_string()).await
}

/// `held` or `lost`, or the code of a refusal.
pub async fn held(server: &TestServer, cookie: &str, take: bool) -> String {
    let told = hold(server, cookie, take).await.json();
    let word = told["lease"].as_str().or_else(|| told["error"]["code"].as_str());
    word.unwrap_or_default().to_owned()
}

/// Gives coins.
pub fn grant(server: &TestServer, viewer: &Viewer, coins: i64) {
    server.cli_ok(&["coins", "grant", "--phone", &viewer.phone, "--coins", &coins.to_string(), "--reason", "a test"]);
}

/// A viewer who has bought the first fight of the grand night.
pub async fn buyer(server: &TestServer, number: u32) -> Viewer {
    let viewer = Viewer::register(server, number).await;
    grant(server, &viewer, 30);
    let first = fight(server, "grand-night", 1).await;
    let bought = viewer.post(&format!("/api/v1/fights/{first}/unlock"), "buy", &json!({})).await;
    assert_eq!(bought.status, 200, "{}", bought.text());
    viewer
}

/// The cookie of the same account on another device.
pub async fn another_device(server: &TestServer, viewer: &Viewer) -> String {
    let body = json!({"phone": viewer.phone, "password": PASSWORD}).to_string();
    let answer = http::send(Method::POST, &server.url("/api/v1/login"), &[JSON], body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    cookie_of(&answer)
}
