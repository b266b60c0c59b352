//! A night beside a running server: what another process writes is seen on pages, API and sockets within a second.

use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::night::{KEY, OTHER_KEY, apply, event, event_that, night};
use crate::harness::server::TestServer;
use crate::harness::socket::Socket;
use crate::harness::{http, until};
use crate::postgres::on_both_databases;

/// "Within a second" is measured from the command's end.
const SECOND: Duration = Duration::from_secs(1);

async fn serve(overrides: &str) -> TestServer {
    let mut server = TestServer::prepare(overrides);
    server.migrate();
    server.serve().await;
    server
}

async fn page(server: &TestServer, path: &str) -> String {
    http::get(&server.url(path)).await.text().to_owned()
}

/// The status the hook gives to a key.
async fn hook(server: &TestServer, key: &str) -> u16 {
    // From another address each time: wrong keys are counted by it, and these are asked again and again.
    static ASKED: AtomicU16 = AtomicU16::new(0);
    let [third, fourth] = ASKED.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let body = format!("call=publish&name={key}&addr=198.51.{third}.{fourth}");
    http::send(hyper::Method::POST, &server.url("/api/v1/hooks/ingest"), &form, body).await.status.as_u16()
}

on_both_databases! {
    async fn what_is_applied_shows_within_a_second_and_the_second_time_changes_nothing(db) {
        let server = serve(&db.overrides()).await;
        assert_eq!(http::get(&server.url("/events/island-fight")).await.status, 404);
        assert_eq!(http::get(&server.url("/api/v1/events")).await.json(), json!({ "events": [] }));
        assert_eq!(hook(&server, KEY).await, 401);

        apply(&server, &night());
        let seen = event_that(&server, "island-fight", "the event", SECOND, |event| event["title"] == "Island Fight").await;
        let shown = page(&server, "/events/island-fight").await;
        for word in ["Island Fight", "Ari Wijaya", "Budi Santoso", "Bantamweight", "30 koin"] {
            assert!(shown.contains(word), "{word}");
        }
        assert!(page(&server, "/").await.contains("Second Night"));
        assert!(page(&server, "/watch/island-fight").await.contains("Ronde tambahan"));
        assert_eq!((hook(&server, KEY).await, hook(&server, OTHER_KEY).await), (200, 200));
        assert_eq!(seen["status"], "published");
        assert_eq!(seen["stream"], "offline");
        assert_eq!(seen["starts_at"], "2026-12-05T12:00:00Z");
        assert_eq!((&seen["fights"][0]["price_coins"], &seen["fights"][1]["price_coins"]), (&json!(30), &json!(0)));
        let playback = http::get(&server.url("/api/v1/events/island-fight/playback")).await.json();
        assert_eq!(playback, json!({ "master": null, "dvr": null, "replays": [] }));
        let ladder = http::get(&server.url("/api/v1/events/island-fight/milestones")).await.json();
        assert_eq!(ladder["milestones"][0]["title"], "Ronde tambahan");

        assert_eq!(apply(&server, &night()).trim(), "nothing to change");
        assert_eq!(event(&server, "island-fight").await, seen);

        apply(&server, &night().replace("\"Island Fight\"", "\"Malam Pulau\"").replace("price_coins = 30", "price_coins = 35"));
        let changed =
            event_that(&server, "island-fight", "the new title", SECOND, |event| event["title"] == "Malam Pulau").await;
        assert_eq!(changed["fights"][0]["price_coins"], 35);
        assert_eq!(changed["fights"][0]["id"], seen["fights"][0]["id"], "the same fight");
        assert!(page(&server, "/watch/island-fight").await.contains("Malam Pulau"));
    }

    async fn the_buttons_are_seen_by_api_and_page_within_a_second(db) {
        let server = serve(&db.overrides()).await;
        apply(&server, &night());
        event_that(&server, "island-fight", "the event", SECOND, |event| event["status"] == "published").await;
        let press = async |arguments: &[&str], what: &str, wanted: &dyn Fn(&Value) -> bool| {
            server.cli_ok(arguments);
            event_that(&server, "island-fight", what, SECOND, wanted).await
        };
        let on_air = press(&["event", "on-air", "island-fight", "--fight", "2"], "fight 2 on air", &|event| {
            event["on_air_fight"] == 2
        })
        .await;
        assert_eq!(on_air["fights"][1]["status"], "live");
        assert!(page(&server, "/events/island-fight").await.contains("data-status=\"live\""));
        let off_air = press(&["event", "off-air", "island-fight"], "no fight on air", &|event| {
            event["on_air_fight"].is_null()
        })
        .await;
        assert_eq!((&off_air["fights"][0]["status"], &off_air["fights"][1]["status"]), (&json!("scheduled"), &json!("ended")));

        let key = server.cli_ok(&["event", "stream-key", "island-fight"]);
        until("the new key opens, the old one does not", SECOND, async || {
            (hook(&server, key.trim()).await == 200 && hook(&server, KEY).await == 401).then_some(())
        })
        .await;
        server.cli_ok(&["event", "end", "island-fight"]);
        event_that(&server, "island-fight", "the end", SECOND, |event| event["status"] == "ended").await;
        assert_eq!(hook(&server, key.trim()).await, 401, "an ended event takes no picture");
        assert_eq!(hook(&server, OTHER_KEY).await, 200);
        assert_eq!(server.cli(&["event", "on-air", "island-fight", "--fight", "1"]).status.code(), Some(1));
        assert!(page(&server, "/watch/island-fight").await.contains("data-phase=\"ended\""));
    }

    async fn a_stopped_server_knows_the_night_when_it_starts_again(db) {
        let mut server = serve(&db.overrides()).await;
        server.stop();
        apply(&server, &night());
        server.serve().await;
        event_that(&server, "island-fight", "the event", SECOND, |event| event["status"] == "published").await;
    }
}

/// Nobody waits for a crowd: the time from the command's end to the last of many sockets.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_sockets_hear_of_a_fight_within_a_second() {
    let server = serve("").await;
    apply(&server, &night());
    event_that(&server, "island-fight", "the event", SECOND, |event| event["status"] == "published").await;
    let mut sockets = Vec::new();
    for _ in 0..200 {
        sockets.push(Socket::join(&server, "island-fight").await.0);
    }
    server.cli_ok(&["event", "on-air", "island-fight", "--fight", "1"]);
    let begun = Instant::now();
    for socket in &mut sockets {
        let left = SECOND.saturating_sub(begun.elapsed());
        assert_eq!(socket.hear_kind("fight:update", left).await["data"]["on_air_fight"], 1);
    }
}
