//! Who is given the key of what is sold, and who is not.

use std::net::SocketAddr;
use std::time::Duration;

use hyper::Method;
use serde_json::json;

use crate::harness::gate::{self, another_device, buyer, fight, grant, held, hold, key, now_s, turn};
use crate::harness::http::{self, Answer};
use crate::harness::server::TestServer;
use crate::harness::tcp_proxy::TcpProxy;
use crate::harness::viewers::Viewer;
use crate::harness::{night, until};
use crate::postgres::{TestDatabase, on_both_databases};
use crate::web::is_json_error;

const ROTATION_S: i64 = 300;
const SOON: Duration = Duration::from_secs(10);

fn is_given(answer: &Answer) -> Vec<u8> {
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    assert_eq!(answer.body.len(), 16);
    assert_eq!(answer.header("content-type"), "application/octet-stream");
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.body.to_vec()
}

fn is_refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{}", String::from_utf8_lossy(&answer.body));
    is_json_error(answer, code);
}

/// The turn of a fight that is now, safely away from the next.
fn this_turn(fight: &str) -> String {
    turn(fight, ROTATION_S, 0)
}

on_both_databases! {
    async fn whoever_has_opened_a_fight_is_given_its_keys_and_nobody_else(db) {
        let server = gate::serve(&db, "").await;
        let fights: Vec<String> = vec![
            fight(&server, "grand-night", 1).await,
            fight(&server, "grand-night", 2).await,
            fight(&server, "grand-night", 3).await,
        ];
        let ids: Vec<String> = fights.iter().map(|fight| this_turn(fight)).collect();
        let ari = buyer(&server, 1).await;
        let budi = Viewer::register(&server, 2).await;
        grant(&server, &budi, 90);
        assert_eq!(budi.post("/api/v1/events/grand-night/unlock", "b", &json!({})).await.status, 200);
        let citra = Viewer::register(&server, 3).await;
        grant(&server, &citra, 30);
        let elsewhere = fight(&server, "other-night", 1).await;
        assert_eq!(citra.post(&format!("/api/v1/fights/{elsewhere}/unlock"), "c", &json!({})).await.status, 200);
        let dewi = Viewer::register(&server, 4).await;

        let first = is_given(&key(&server, &ari.cookie, &ids[0]).await);
        assert_eq!(first, is_given(&key(&server, &budi.cookie, &ids[0]).await), "the night holds the fight");
        for nothing in [&citra, &dewi] {
            is_refused(&key(&server, &nothing.cookie, &ids[0]).await, 403, "playback.locked");
            is_refused(&key(&server, &nothing.cookie, &ids[0]).await, 403, "playback.locked");
        }
        let other = is_given(&key(&server, &citra.cookie, &this_turn(&elsewhere)).await);
        is_refused(&key(&server, &ari.cookie, &this_turn(&elsewhere)).await, 403, "playback.locked");

        let free = is_given(&key(&server, &dewi.cookie, &ids[1]).await);
        let third = is_given(&key(&server, &budi.cookie, &ids[2]).await);
        is_refused(&key(&server, &ari.cookie, &ids[2]).await, 403, "playback.locked");
        for stranger in ["", "bh_session=", "bh_session=abcdefghijkmnpqrstuvwxyzabcdefghijkmnpqr", "bh_sessions=x"] {
            for id in &ids {
                is_refused(&key(&server, stranger, id).await, 401, "accounts.signed_out");
            }
        }
        let all = [first, other, free, third];
        for (at, one) in all.iter().enumerate() {
            assert!(all.iter().skip(at + 1).all(|another| another != one), "each fight has keys of its own");
        }

        // Opened a moment ago: the next question is answered by it.
        grant(&server, &dewi, 30);
        let bought = dewi.post(&format!("/api/v1/fights/{}/unlock", fights[0]), "d", &json!({})).await;
        assert_eq!(bought.status, 200, "{}", bought.text());
        is_given(&key(&server, &dewi.cookie, &ids[0]).await);
        // Among other cookies too.
        is_given(&key(&server, &format!("bh_device=x; {}; bh_form=y", dewi.cookie), &ids[0]).await);
    }

    async fn a_heartbeat_tells_what_is_open(db) {
        let server = gate::serve(&db, "").await;
        let ari = buyer(&server, 1).await;
        let told = hold(&server, &ari.cookie, true).await;
        assert_eq!((told.status.as_u16(), told.header("cache-control")), (200, "no-store"));
        assert_eq!(told.json(), json!({
            "lease": "held", "ttl_ms": 75_000, "beat_ms": 25_000, "devices": 2, "rotation_ms": 300_000, "pass": false,
            "open": [1, 2],
        }));
        grant(&server, &ari, 60);
        assert_eq!(ari.post("/api/v1/events/grand-night/unlock", "n", &json!({})).await.status, 200);
        let told = hold(&server, &ari.cookie, false).await.json();
        assert_eq!((&told["pass"], &told["open"]), (&json!(true), &json!([1, 2, 3])));

        let lease = async |slug: &str, cookie: &str, kind: &str, body: &str| {
            let url = server.url(&format!("/api/v1/events/{slug}/lease"));
            http::send(Method::POST, &url, &[("cookie", cookie), ("content-type", kind)], body.to_owned()).await
        };
        let json = "application/json";
        is_refused(&lease("grand-night", "bh_session=x", json, "{}").await, 401, "accounts.signed_out");
        is_refused(&lease("no-night", &ari.cookie, json, "{}").await, 404, "events.not_found");
        is_refused(&lease("Not%20A%20Slug", &ari.cookie, json, "{}").await, 404, "events.not_found");
        is_refused(&lease("grand-night", &ari.cookie, "text/plain", "{}").await, 400, "web.not_json");
        is_refused(&lease("grand-night", &ari.cookie, json, r#"{"take":1}"#).await, 400, "web.bad_json");
        assert_eq!(lease("grand-night", &ari.cookie, json, "{}").await.json()["lease"], "held");
    }

    async fn only_turns_that_can_have_been_are_given(db) {
        let mut server = gate::prepare(&db.overrides());
        gate::begin(&mut server).await;
        let (ari, first) = (buyer(&server, 1).await, fight(&server, "grand-night", 1).await);
        let ask = async |id: String| key(&server, &ari.cookie, &id).await;
        is_given(&ask(this_turn(&first)).await);
        let begun = (now_s() / ROTATION_S) * ROTATION_S;
        for id in [
            "nothing".to_owned(),
            first.clone(),
            format!("{first}-"),
            format!("{first}-0{begun}"),
            format!("{first}-{}", begun + ROTATION_S + 1),
            format!("{first}-{}", begun - 2 * ROTATION_S),
            format!("{first}-99999999999999"),
            this_turn("01J00000000000000000000000"),
        ] {
            is_refused(&ask(id.clone()).await, 404, "playback.no_such_key");
            is_refused(&key(&server, "", &id).await, 401, "accounts.signed_out");
        }
        let early = ask(turn(&first, ROTATION_S, 2)).await;
        is_refused(&early, 503, "playback.too_early");
        let wait: i64 = early.header("retry-after").parse().expect("seconds");
        assert!((ROTATION_S - 60..2 * ROTATION_S).contains(&wait), "{wait}");

        // Once it was on air, turns that are over are given for as long as there are replays, of other rotations too.
        server.cli_ok(&["event", "on-air", "grand-night", "--fight", "1"]);
        until("the mirror knows", SOON, async || {
            (ask(format!("{first}-{}", begun - 7)).await.status == 200).then_some(())
        })
        .await;
        is_given(&ask(format!("{first}-{}", begun - ROTATION_S)).await);
        is_refused(&ask(format!("{first}-{}", begun - 100 * 86_400)).await, 404, "playback.no_such_key");
    }
}

#[tokio::test]
async fn a_key_is_given_up_to_a_minute_early_by_head_too_and_never_packed() {
    let db = TestDatabase::sqlite();
    let server = gate::serve(&db, "[playback]\nkey_rotation_ms = 20000\n").await;
    let (ari, first) = (buyer(&server, 1).await, fight(&server, "grand-night", 1).await);
    let now = is_given(&key(&server, &ari.cookie, &turn(&first, 20, 0)).await);
    let next = is_given(&key(&server, &ari.cookie, &turn(&first, 20, 2)).await);
    assert_ne!(now, next);
    is_refused(&key(&server, &ari.cookie, &turn(&first, 20, 5)).await, 503, "playback.too_early");

    let url = server.url(&format!("/api/v1/keys/{}", turn(&first, 20, 1)));
    let packed = [("cookie", ari.cookie.as_str()), ("accept-encoding", "gzip, deflate, br")];
    let given = http::send(Method::GET, &url, &packed, "").await;
    is_given(&given);
    assert_eq!(given.header("content-encoding"), "");
    let head = http::send(Method::HEAD, &url, &packed, "").await;
    assert_eq!((head.status.as_u16(), head.header("content-length"), head.body.len()), (200, "16", 0));
    let posted = http::send(Method::POST, &url, &[("cookie", ari.cookie.as_str())], "").await;
    assert_eq!(posted.status, 405);
}

#[tokio::test]
async fn only_our_own_pages_may_read_keys() {
    let db = TestDatabase::sqlite();
    let server = gate::serve(&db, "[hosts]\nsite = \"baku.test\"\n").await;
    // The API answers at the bare address: hosts.api is not set.
    let (ari, first) = (buyer(&server, 1).await, fight(&server, "grand-night", 1).await);
    let url = server.url(&format!("/api/v1/keys/{}", this_turn(&first)));
    for (origin, allowed) in [("http://baku.test", true), ("http://evil.test", false), ("null", false)] {
        let headers = [("cookie", ari.cookie.as_str()), ("origin", origin)];
        let given = http::send(Method::GET, &url, &headers, "").await;
        is_given(&given);
        let told = (given.header("access-control-allow-origin"), given.header("access-control-allow-credentials"));
        assert_eq!(told, if allowed { (origin, "true") } else { ("", "") }, "{origin}");
        let beat = server.url("/api/v1/events/grand-night/lease");
        let json = [("cookie", ari.cookie.as_str()), ("origin", origin), ("content-type", "application/json")];
        let beat = http::send(Method::POST, &beat, &json, "{}").await;
        assert_eq!(beat.status, if allowed { 200 } else { 403 }, "{origin}");
    }
}

/// A server whose PostgreSQL is behind a proxy.
pub async fn behind_a_proxy(db: &TestDatabase, more: &str) -> (TestServer, TcpProxy) {
    let url: url::Url = db.url().parse().expect("an address");
    let address = SocketAddr::from(([127, 0, 0, 1], url.port().expect("a port")));
    let proxy = TcpProxy::to(address);
    let by_proxy = db.overrides().replace(&address.to_string(), &proxy.address().to_string());
    let mut server = gate::prepare(&format!("{by_proxy}{more}"));
    gate::begin(&mut server).await;
    for words in ["the database is away", "event facts cannot be read", "the outbox cannot be read"] {
        server.allow(words);
    }
    (server, proxy)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_the_database_away_whoever_is_known_plays_on_and_nobody_is_told_a_no() {
    let db = TestDatabase::postgres();
    let (server, proxy) = behind_a_proxy(&db, "").await;
    let (ari, first) = (buyer(&server, 1).await, fight(&server, "grand-night", 1).await);
    let unknown = buyer(&server, 2).await;
    let dewi = Viewer::register(&server, 3).await;
    let another = another_device(&server, &ari).await;
    let id = this_turn(&first);
    is_given(&key(&server, &ari.cookie, &id).await);
    is_refused(&key(&server, &dewi.cookie, &id).await, 403, "playback.locked");
    assert_eq!(held(&server, &dewi.cookie, true).await, "held");

    for stalled in [false, true] {
        proxy.refuse(!stalled);
        proxy.stall(stalled);
        proxy.cut();
        for _ in 0..3 {
            is_given(&key(&server, &ari.cookie, &id).await);
            is_given(&key(&server, &ari.cookie, &turn(&first, ROTATION_S, 0)).await);
            let told = hold(&server, &ari.cookie, false).await.json();
            assert_eq!((&told["lease"], &told["open"]), (&json!("held"), &json!([1, 2])));
        }
        assert_eq!(held(&server, &ari.cookie, true).await, "held", "the press of play of whoever has a place");
        for cookie in [&unknown.cookie, &another, &dewi.cookie] {
            let refused = key(&server, cookie, &id).await;
            is_refused(&refused, 503, "web.unavailable");
            assert!(refused.header("retry-after").parse::<u32>().is_ok());
        }
        is_refused(&hold(&server, &unknown.cookie, false).await, 503, "web.unavailable");
        proxy.refuse(false);
        proxy.stall(false);
        until("the database is back", SOON, async || {
            (key(&server, &dewi.cookie, &id).await.status == 403).then_some(())
        })
        .await;
    }
    is_given(&key(&server, &unknown.cookie, &id).await);
    is_given(&key(&server, &another, &id).await);
}

#[tokio::test]
async fn a_fight_that_is_free_by_now_opens_to_whoever_is_signed_in() {
    let db = TestDatabase::sqlite();
    let server = gate::serve(&db, "").await;
    let (first, dewi) = (fight(&server, "grand-night", 1).await, Viewer::register(&server, 1).await);
    let id = this_turn(&first);
    is_refused(&key(&server, &dewi.cookie, &id).await, 403, "playback.locked");
    night::apply(&server, &gate::NIGHTS.replacen("price_coins = 30", "price_coins = 0", 1));
    until("the mirror has the price", SOON, async || {
        (key(&server, &dewi.cookie, &id).await.status == 200).then_some(())
    })
    .await;
    is_refused(&key(&server, "", &id).await, 401, "accounts.signed_out");
}
