//! The places of an account's devices: the newest wins, what is not used is free, what ends is over on every node.

use std::time::{Duration, Instant};

use bakuhantam::clock::{Clock as _, SystemClock};
use bakuhantam::store::{Conn, StoreError};
use diesel::connection::SimpleConnection as _;
use serde_json::json;

use crate::harness::gate::{self, another_device, buyer, fight, held, key, turn};
use crate::harness::server::TestServer;
use crate::harness::until;
use crate::harness::viewers::PASSWORD;
use crate::keys::behind_a_proxy;
use crate::postgres::{TestDatabase, on_both_databases};

/// A place is kept so long in these tests.
const SHORT: &str = "[playback]\nlease_ttl_ms = 3000\n";
/// Within this a loss has reached every node.
const REACHED: Duration = Duration::from_secs(5);

/// What a device is answered when it asks for the key of the first fight: a status and a code.
async fn asks(server: &TestServer, cookie: &str, id: &str) -> (u16, String) {
    let answer = key(server, cookie, id).await;
    let code = match answer.status.as_u16() {
        200 => String::new(),
        _ => answer.json()["error"]["code"].as_str().unwrap_or_default().to_owned(),
    };
    (answer.status.as_u16(), code)
}

fn given() -> (u16, String) {
    (200, String::new())
}

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

/// Waits until a device is refused so; until then it is given.
async fn loses(server: &TestServer, cookie: &str, id: &str, wanted: (u16, &str)) {
    let begun = Instant::now();
    until("the picture is lost", REACHED, async || {
        let told = asks(server, cookie, id).await;
        (told == refused(wanted.0, wanted.1)).then_some(()).or_else(|| {
            assert_eq!(told, given(), "refused otherwise");
            None
        })
    })
    .await;
    println!("lost after {} ms", begun.elapsed().as_millis());
}

on_both_databases! {
    async fn the_newest_device_wins_and_the_one_before_may_watch_here_again(db) {
        let server = gate::serve(&db, "").await;
        let (ari, first) = (buyer(&server, 1).await, fight(&server, "grand-night", 1).await);
        let id = turn(&first, 300, 0);
        let (phone, laptop, third) =
            (ari.cookie.clone(), another_device(&server, &ari).await, another_device(&server, &ari).await);
        for device in [&phone, &laptop] {
            assert_eq!(held(&server, device, true).await, "held");
            assert_eq!(asks(&server, device, &id).await, given());
        }
        // A third takes no place by itself, by key or by heartbeat.
        assert_eq!(asks(&server, &third, &id).await, refused(403, "playback.lease_lost"));
        assert_eq!(held(&server, &third, false).await, "lost");
        assert_eq!(asks(&server, &phone, &id).await, given());
        // The press of play does.
        assert_eq!(held(&server, &third, true).await, "held");
        loses(&server, &phone, &id, (403, "playback.lease_lost")).await;
        assert_eq!(held(&server, &phone, false).await, "lost");
        assert_eq!((asks(&server, &laptop, &id).await, asks(&server, &third, &id).await), (given(), given()));
        // "Watch here".
        assert_eq!(held(&server, &phone, true).await, "held");
        assert_eq!(asks(&server, &phone, &id).await, given());
        loses(&server, &laptop, &id, (403, "playback.lease_lost")).await;
        assert_eq!(asks(&server, &third, &id).await, given());
        // Another account has places of its own.
        let budi = buyer(&server, 2).await;
        assert_eq!(asks(&server, &budi.cookie, &id).await, given());
        assert_eq!(asks(&server, &phone, &id).await, given());
    }

    async fn a_place_that_is_not_used_is_free(db) {
        let server = gate::serve(&db, SHORT).await;
        let (ari, first) = (buyer(&server, 1).await, fight(&server, "grand-night", 1).await);
        let id = turn(&first, 300, 0);
        let (phone, laptop, third) =
            (ari.cookie.clone(), another_device(&server, &ari).await, another_device(&server, &ari).await);
        for device in [&phone, &laptop] {
            assert_eq!(held(&server, device, true).await, "held");
        }
        assert_eq!(held(&server, &third, false).await, "lost");
        // The phone goes on, the laptop is closed.
        let begun = Instant::now();
        until("the laptop's place is free", REACHED, async || {
            assert_eq!(held(&server, &phone, false).await, "held");
            (held(&server, &third, false).await == "held").then_some(())
        })
        .await;
        assert!(begun.elapsed() > Duration::from_secs(2), "it was kept for a while");
        assert_eq!(held(&server, &laptop, false).await, "lost");
        assert_eq!(asks(&server, &phone, &id).await, given());
    }

    async fn a_session_that_ends_by_itself_loses_the_picture(db) {
        let server = gate::serve(&db, "").await;
        let (ari, first) = (buyer(&server, 1).await, fight(&server, "grand-night", 1).await);
        let id = turn(&first, 300, 0);
        let lives_on = another_device(&server, &ari).await;
        let ends_at = SystemClock.now().plus_ms(2_000).0;
        let oldest = "(SELECT MIN(id) FROM sessions)";
        let shorten = format!("UPDATE sessions SET expires_at = {ends_at} WHERE id = {oldest}");
        let store = db.open();
        let shortened = store.write(move |conn| match conn {
            Conn::Sqlite(conn) => Ok::<_, StoreError>(conn.batch_execute(&shorten)?),
            Conn::Postgres(conn) => Ok(conn.batch_execute(&shorten)?),
        });
        shortened.await.expect("a shorter life");
        assert_eq!(asks(&server, &ari.cookie, &id).await, given());
        assert_eq!(asks(&server, &lives_on, &id).await, given());
        loses(&server, &ari.cookie, &id, (401, "accounts.signed_out")).await;
        assert_eq!(asks(&server, &lives_on, &id).await, given());
    }

    async fn whoever_is_signed_out_or_banned_loses_the_picture(db) {
        let server = gate::serve(&db, "").await;
        let first = fight(&server, "grand-night", 1).await;
        let id = turn(&first, 300, 0);
        let stays = buyer(&server, 9).await;
        let mut people = Vec::new();
        for number in 1..=4 {
            let viewer = buyer(&server, number).await;
            assert_eq!(asks(&server, &viewer.cookie, &id).await, given());
            people.push(viewer);
        }
        let [out, banned, changed, ended] = &people[..] else { panic!("four") };
        assert_eq!(asks(&server, &stays.cookie, &id).await, given());

        assert_eq!(out.post("/api/v1/logout", "", &json!({})).await.status, 204);
        loses(&server, &out.cookie, &id, (401, "accounts.signed_out")).await;
        server.cli_ok(&["account", "ban", "--phone", &banned.phone, "--reason", "a test"]);
        loses(&server, &banned.cookie, &id, (401, "accounts.signed_out")).await;
        // A new password ends the other devices, and not the one it was typed on.
        let elsewhere = another_device(&server, changed).await;
        assert_eq!(asks(&server, &elsewhere, &id).await, given());
        let new = json!({"current": PASSWORD, "password": "gajah laut menari 99"});
        assert_eq!(changed.post("/api/v1/account/password", "", &new).await.status, 204);
        loses(&server, &elsewhere, &id, (401, "accounts.signed_out")).await;
        assert_eq!(asks(&server, &changed.cookie, &id).await, given());
        // One of the list of devices.
        let mut other = ended.clone();
        other.cookie = another_device(&server, ended).await;
        assert_eq!(asks(&server, &other.cookie, &id).await, given());
        let listed = other.get("/api/v1/account/sessions").await.json();
        let listed = listed["sessions"].as_array().expect("sessions").clone();
        let gone = listed.iter().find(|session| session["current"] == false).expect("the first")["id"].clone();
        let gone = gone.as_str().expect("an id");
        assert_eq!(other.post(&format!("/api/v1/account/sessions/{gone}/end"), "", &json!({})).await.status, 204);
        loses(&server, &ended.cookie, &id, (401, "accounts.signed_out")).await;
        assert_eq!(asks(&server, &other.cookie, &id).await, given());

        assert_eq!(held(&server, &out.cookie, true).await, "accounts.signed_out");
        assert_eq!(asks(&server, &stays.cookie, &id).await, given());
    }
}

/// Two nodes on one PostgreSQL.
async fn two_nodes(db: &TestDatabase, more: &str) -> (TestServer, TestServer) {
    let one = gate::serve(db, more).await;
    let mut other = TestServer::prepare(&format!("{}{more}", db.overrides()));
    gate::begin(&mut other).await;
    (one, other)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_loss_on_one_node_reaches_the_other_within_five_seconds() {
    let db = TestDatabase::postgres();
    let (one, other) = two_nodes(&db, "").await;
    let (ari, first) = (buyer(&one, 1).await, fight(&one, "grand-night", 1).await);
    let id = turn(&first, 300, 0);
    let (phone, laptop, third) =
        (ari.cookie.clone(), another_device(&one, &ari).await, another_device(&other, &ari).await);
    assert_eq!(held(&one, &phone, true).await, "held");
    assert_eq!(held(&other, &laptop, true).await, "held");
    let here = key(&one, &phone, &id).await;
    let there = key(&other, &laptop, &id).await;
    assert_eq!((here.status.as_u16(), here.body), (200, there.body), "every node makes the same key");
    assert_eq!(asks(&one, &third, &id).await, refused(403, "playback.lease_lost"));

    assert_eq!(held(&other, &third, true).await, "held");
    loses(&one, &phone, &id, (403, "playback.lease_lost")).await;
    assert_eq!(held(&one, &phone, true).await, "held");
    loses(&other, &laptop, &id, (403, "playback.lease_lost")).await;

    one.cli_ok(&["account", "ban", "--phone", &ari.phone, "--reason", "a test"]);
    loses(&one, &phone, &id, (401, "accounts.signed_out")).await;
    loses(&other, &third, &id, (401, "accounts.signed_out")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn places_outlive_the_node_they_were_taken_on() {
    let db = TestDatabase::postgres();
    let (mut one, other) = two_nodes(&db, "").await;
    let (ari, first) = (buyer(&one, 1).await, fight(&one, "grand-night", 1).await);
    let id = turn(&first, 300, 0);
    let (phone, laptop, third) =
        (ari.cookie.clone(), another_device(&one, &ari).await, another_device(&one, &ari).await);
    for device in [&phone, &laptop] {
        assert_eq!(held(&one, device, true).await, "held");
    }
    one.sigkill();
    assert_eq!(held(&other, &third, false).await, "lost", "the places are taken");
    assert_eq!(asks(&other, &phone, &id).await, given());
    assert_eq!(held(&other, &laptop, false).await, "held");
    assert_eq!(held(&other, &third, false).await, "lost");
    one.serve().await;
    assert_eq!(asks(&one, &phone, &id).await, given());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_place_lives_on_while_the_database_is_away_and_is_still_there_when_it_is_back() {
    let db = TestDatabase::postgres();
    let (server, proxy) = behind_a_proxy(&db, "[playback]\nlease_ttl_ms = 3000\ndevices_per_account = 1\n").await;
    let (ari, first) = (buyer(&server, 1).await, fight(&server, "grand-night", 1).await);
    let id = turn(&first, 300, 0);
    let (phone, laptop) = (ari.cookie.clone(), another_device(&server, &ari).await);
    assert_eq!(held(&server, &phone, true).await, "held");
    assert_eq!(asks(&server, &phone, &id).await, given());
    assert_eq!(asks(&server, &laptop, &id).await, refused(403, "playback.lease_lost"));

    proxy.refuse(true);
    proxy.cut();
    let begun = Instant::now();
    until("twice as long as a place is kept", Duration::from_secs(20), async || {
        assert_eq!(asks(&server, &phone, &id).await, given());
        (begun.elapsed() > Duration::from_secs(6)).then_some(())
    })
    .await;
    proxy.refuse(false);
    // The row is too old by now: the node claims it again.
    until("the place is known to be taken", REACHED, async || {
        assert_eq!(asks(&server, &phone, &id).await, given());
        (held(&server, &laptop, false).await == "lost").then_some(())
    })
    .await;
    assert_eq!(held(&server, &laptop, true).await, "held");
    loses(&server, &phone, &id, (403, "playback.lease_lost")).await;
}
