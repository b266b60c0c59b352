//! What players tell of how it plays.

use hyper::Method;
use serde_json::{Value, json};

use crate::harness::http::{self, Answer};
use crate::harness::night;
use crate::harness::server::TestServer;
use crate::web::is_json_error;

async fn send(server: &TestServer, body: impl Into<bytes::Bytes>) -> Answer {
    let json = [("content-type", "application/json")];
    http::send(Method::POST, &server.url("/api/v1/beacons"), &json, body).await
}

fn beacon() -> Value {
    json!({
        "engine": "hls", "mode": "live", "first_frame_ms": 900, "played_ms": 30_000, "stalls": 2, "stall_ms": 700,
        "switches": 3, "errors": {"network": 1, "media": 0, "key": 4, "other": 0}, "behind_ms": 5_000, "height": 720,
        "last": false,
    })
}

/// The value of a metric's line, which begins so; 0 where it is not there.
async fn metric(server: &TestServer, line: &str) -> f64 {
    let text = http::get(&server.url("/metrics")).await;
    let found = text.text().lines().find(|found| found.starts_with(line)).map(str::to_owned);
    found.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or(0.0)
}

#[tokio::test]
async fn beacons_are_added_up() {
    let server = night::serve("").await;
    for _ in 0..2 {
        let answer = send(&server, beacon().to_string()).await;
        assert_eq!((answer.status.as_u16(), answer.body.len()), (204, 0));
    }
    let rest =
        json!({"engine": "native", "mode": "replay", "played_ms": 1_000, "stalls": 0, "stall_ms": 0, "switches": 0});
    assert_eq!(send(&server, rest.to_string()).await.status, 204);
    let live = "{engine=\"hls\",mode=\"live\"";
    for (line, wanted) in [
        (format!("bakuhantam_player_stalls_total{live}}}"), 4.0),
        (format!("bakuhantam_player_stall_ms_total{live}}}"), 1_400.0),
        (format!("bakuhantam_player_switches_total{live}}}"), 6.0),
        (format!("bakuhantam_player_played_ms_total{live},height=\"720\"}}"), 60_000.0),
        (format!("bakuhantam_player_first_frame_seconds_count{live}}}"), 2.0),
        (format!("bakuhantam_player_behind_seconds_sum{live}}}"), 10.0),
        ("bakuhantam_player_errors_total{engine=\"hls\",kind=\"key\"}".to_owned(), 8.0),
        ("bakuhantam_player_played_ms_total{engine=\"native\",mode=\"replay\",height=\"unknown\"}".to_owned(), 1_000.0),
        ("bakuhantam_beacons_total{verdict=\"counted\"}".to_owned(), 3.0),
    ] {
        assert!((metric(&server, &line).await - wanted).abs() < 0.001, "{line} {}", metric(&server, &line).await);
    }
}

#[tokio::test]
async fn what_is_no_beacon_is_refused_and_what_cannot_be_true_is_dropped() {
    let server = night::serve("").await;
    is_json_error(&send(&server, "{").await, "web.bad_json");
    is_json_error(&send(&server, "{}").await, "web.bad_json");
    let mut odd = beacon();
    odd["engine"] = "vlc".into();
    is_json_error(&send(&server, odd.to_string()).await, "web.bad_json");
    let large = send(&server, format!("{}{}", beacon(), " ".repeat(5_000))).await;
    assert_eq!(large.status, 413);
    is_json_error(&large, "web.too_large");
    let mut lie = beacon();
    lie["stalls"] = 4_000_000.into();
    assert_eq!(send(&server, lie.to_string()).await.status, 204);
    assert_eq!(metric(&server, "bakuhantam_beacons_total{verdict=\"unbelievable\"}").await.to_string(), "1");
    assert_eq!(metric(&server, "bakuhantam_player_stalls_total").await.to_string(), "0");
    assert_eq!(send(&server, beacon().to_string()).await.status, 204);
    assert_eq!(metric(&server, "bakuhantam_player_stalls_total").await.to_string(), "2");
}
