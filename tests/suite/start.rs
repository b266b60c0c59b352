//! What stands against a start, and what does not.

use std::net::SocketAddr;
use std::time::Duration;

use crate::harness::http;
use crate::harness::night::{self, KEY, apply, event_that, night};
use crate::harness::server::TestServer;
use crate::harness::tcp_proxy::TcpProxy;
use crate::harness::until;
use crate::postgres::{TestDatabase, on_both_databases};

/// `serve` that must not start: what it said.
fn refused(server: &TestServer) -> String {
    let done = server.cli(&["serve"]);
    assert_eq!(done.status.code(), Some(1));
    String::from_utf8(done.stderr).expect("UTF-8")
}

fn says(server: &TestServer, sentence: &str) {
    let said = refused(server);
    assert!(said.lines().any(|line| line.contains(sentence)), "{said}");
}

/// The check's status in `/health`, which must answer 200.
async fn health(server: &TestServer) -> (String, String) {
    let answer = http::get(&server.url("/health")).await;
    assert_eq!(answer.status, 200);
    let told = answer.json();
    let word = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    (word(&told["status"]), word(&told["checks"]["database"]["status"]))
}

async fn healthy(server: &TestServer) {
    until("health is ok", Duration::from_secs(10), async || {
        (health(server).await == ("ok".to_owned(), "ok".to_owned())).then_some(())
    })
    .await;
}

on_both_databases! {
    async fn an_older_schema_does_not_start_and_the_sentence_helps(db) {
        let mut server = TestServer::prepare(&db.overrides());
        says(&server, "bakuhantam migrate up");
        server.migrate();
        server.cli_ok(&["migrate", "down"]);
        says(&server, "bakuhantam migrate up");
        server.cli_ok(&["migrate", "up"]);
        server.serve().await;
        healthy(&server).await;
    }

    async fn another_secret_key_does_not_start(db) {
        let mut server = TestServer::prepare(&db.overrides());
        server.migrate();
        server.serve().await;
        healthy(&server).await;
        server.stop();
        let right = std::fs::read_to_string(server.config()).expect("a configuration");
        std::fs::write(server.config(), right.replace("AAECAw", "AQECAw")).expect("a configuration");
        says(&server, "server.secret_key");
        std::fs::write(server.config(), right).expect("a configuration");
        server.serve().await;
        healthy(&server).await;
    }
}

/// A server whose PostgreSQL is behind a proxy; it has been up once, with the night in its mirror.
async fn behind_a_proxy(db: &TestDatabase) -> (TestServer, TcpProxy) {
    let url: url::Url = db.url().parse().expect("an address");
    let address = SocketAddr::from(([127, 0, 0, 1], url.port().expect("a port")));
    let proxy = TcpProxy::to(address);
    let by_proxy = db.overrides().replace(&address.to_string(), &proxy.address().to_string());
    let mut server = night::prepare(&by_proxy);
    server.serve().await;
    event_that(&server, "island-fight", "the night", Duration::from_secs(5), |event| event["status"] == "published")
        .await;
    for words in ["the database is away", "event facts cannot be read", "the outbox cannot be read"] {
        server.allow(words);
    }
    (server, proxy)
}

async fn shows_the_night(server: &TestServer) {
    let page = http::get(&server.url("/watch/island-fight")).await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("Island Fight"));
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let hook = |key: &'static str| {
        let (url, body) = (server.url("/api/v1/hooks/ingest"), format!("call=publish&name={key}"));
        async move { http::send(hyper::Method::POST, &url, &form, body).await.status }
    };
    assert_eq!(hook(KEY).await, 200);
    assert_eq!(hook("wrong").await, 401);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_database_down_it_starts_serves_the_mirror_and_is_well_when_it_is_back() {
    let db = TestDatabase::postgres();
    let (mut server, proxy) = behind_a_proxy(&db).await;
    server.stop();
    for stalled in [false, true] {
        // Gone at once, or never answering.
        proxy.refuse(!stalled);
        proxy.stall(stalled);
        proxy.cut();
        server.serve().await;
        until("health says degraded", Duration::from_secs(10), async || {
            (health(&server).await == ("degraded".to_owned(), "failing".to_owned())).then_some(())
        })
        .await;
        shows_the_night(&server).await;
        proxy.refuse(false);
        proxy.stall(false);
        healthy(&server).await;
        let title = format!("\"Malam {stalled}\"");
        apply(&server, &night().replace("\"Island Fight\"", &title));
        let wanted = title.trim_matches('"').to_owned();
        event_that(&server, "island-fight", "what is applied shows again", Duration::from_secs(5), |event| {
            event["title"] == wanted.as_str()
        })
        .await;
        apply(&server, &night());
        event_that(&server, "island-fight", "and back", Duration::from_secs(5), |event| {
            event["title"] == "Island Fight"
        })
        .await;
        server.stop();
    }
}

/// A ladder that was read is told on as it was; of one that never was, nothing is known.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ladder_that_was_seen_is_told_while_the_database_is_away() {
    let db = TestDatabase::postgres();
    let (server, proxy) = behind_a_proxy(&db).await;
    let ladder = |slug: &str| server.url(&format!("/api/v1/events/{slug}/milestones"));
    let seen = http::get(&ladder("island-fight")).await;
    assert_eq!((seen.status.as_u16(), &seen.json()["total_coins"]), (200, &0.into()), "{}", seen.text());
    proxy.refuse(true);
    proxy.cut();
    until("health says degraded", Duration::from_secs(10), async || {
        (health(&server).await.0 == "degraded").then_some(())
    })
    .await;
    let still = http::get(&ladder("island-fight")).await;
    assert_eq!((still.status.as_u16(), still.text()), (200, seen.text()));
    assert_eq!(http::get(&ladder("second-night")).await.status, 503);
    proxy.refuse(false);
    healthy(&server).await;
    assert_eq!(http::get(&ladder("second-night")).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_goes_away_is_told_and_pages_go_on() {
    let db = TestDatabase::postgres();
    let (server, proxy) = behind_a_proxy(&db).await;
    for _ in 0..2 {
        proxy.refuse(true);
        proxy.cut();
        until("health says degraded", Duration::from_secs(10), async || {
            (health(&server).await.0 == "degraded").then_some(())
        })
        .await;
        shows_the_night(&server).await;
        proxy.refuse(false);
        healthy(&server).await;
    }
    let done = server.cli_ok(&["event", "on-air", "island-fight", "--fight", "1"]);
    assert!(done.contains("is on air"));
    event_that(&server, "island-fight", "fight 1 on air", Duration::from_secs(2), |event| event["on_air_fight"] == 1)
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_database_that_was_away_at_the_start_is_told_when_it_is_back() {
    let db = TestDatabase::postgres();
    let (mut server, proxy) = behind_a_proxy(&db).await;
    server.stop();
    let right = std::fs::read_to_string(server.config()).expect("a configuration");
    std::fs::write(server.config(), right.replace("AAECAw", "AQECAw")).expect("a configuration");
    proxy.refuse(true);
    proxy.cut();
    server.serve().await;
    server.allow("is not to be used");
    proxy.refuse(false);
    let line = server.wait_for_log("is not to be used", Duration::from_secs(10));
    assert!(line.contains("server.secret_key"), "{line}");
}

#[tokio::test]
async fn a_port_in_use_is_told_with_its_setting() {
    let server = night::serve("").await;
    let second =
        TestServer::prepare(&format!("[server]\nlisten = \"{}\"", server.url("").trim_start_matches("http://")));
    second.migrate();
    says(&second, "server.listen");
    let door = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = door.local_addr().expect("an address");
    let third = TestServer::prepare(&format!("[ingest]\nenabled = true\nlisten = \"{address}\""));
    third.migrate();
    says(&third, "ingest.listen");
}
