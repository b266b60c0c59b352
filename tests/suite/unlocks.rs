//! Fights and nights opened for coins, by the JSON API, on both databases.

mod day;
mod pages;

use std::time::Duration;

use hyper::Method;
use serde_json::{Value, json};

use crate::harness::http::{self, Answer};
use crate::harness::night;
use crate::harness::server::TestServer;
use crate::harness::viewers::{JSON, Viewer};
use crate::postgres::{TestDatabase, on_both_databases};
use crate::web::is_json_error;

/// A night of three fights: 30 coins, free, 50 coins; the whole for 90. One that is not sold as a whole, one that is
/// over, one that is not shown.
const NIGHTS: &str = r#"
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
slug = "single-night"
title = "Single Night"
starts_at = "2026-12-06T19:00:00+07:00"
status = "published"
  [[events.fights]]
  number = 1
  red = "Ari"
  blue = "Budi"
  price_coins = 10
  [[events.fights]]
  number = 2
  red = "Citra"
  blue = "Dewi"

[[events]]
slug = "past-night"
title = "Past Night"
starts_at = "2026-10-05T19:00:00+07:00"
pass_price_coins = 20
status = "published"
  [[events.fights]]
  number = 1
  red = "Ari"
  blue = "Budi"
  price_coins = 15

[[events]]
slug = "secret-night"
title = "Secret Night"
starts_at = "2027-10-05T19:00:00+07:00"
pass_price_coins = 20
status = "draft"
  [[events.fights]]
  number = 1
  red = "Ari"
  blue = "Budi"
  price_coins = 15
"#;

/// Longest wait for the mirror.
const SOON: Duration = Duration::from_secs(10);

async fn serve(db: &TestDatabase) -> TestServer {
    let mut server = TestServer::prepare(&db.overrides());
    server.migrate();
    night::apply(&server, NIGHTS);
    server.cli_ok(&["event", "end", "past-night"]);
    server.serve().await;
    let ended = |event: &Value| event["status"] == "ended";
    night::event_that(&server, "past-night", "the mirror has the nights", SOON, ended).await;
    server
}

/// A viewer with coins.
async fn with_coins(server: &TestServer, number: u32, coins: i64) -> Viewer {
    let viewer = Viewer::register(server, number).await;
    if coins > 0 {
        grant(server, &viewer, coins);
    }
    viewer
}

fn grant(server: &TestServer, viewer: &Viewer, coins: i64) {
    server.cli_ok(&["coins", "grant", "--phone", &viewer.phone, "--coins", &coins.to_string(), "--reason", "a test"]);
}

/// The id of a fight of an event.
async fn fight(server: &TestServer, slug: &str, number: usize) -> String {
    let event = night::event(server, slug).await;
    event["fights"][number - 1]["id"].as_str().expect("an id").to_owned()
}

async fn unlock_fight(viewer: &Viewer, fight: &str, key: &str) -> Answer {
    viewer.post(&format!("/api/v1/fights/{fight}/unlock"), key, &json!({})).await
}

async fn unlock_event(viewer: &Viewer, slug: &str, key: &str) -> Answer {
    viewer.post(&format!("/api/v1/events/{slug}/unlock"), key, &json!({})).await
}

fn is_charged(answer: &Answer, charged: i64, balance: i64) {
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json(), json!({"charged_coins": charged, "balance": balance}));
}

fn is_refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    is_json_error(answer, code);
}

/// What `unlocked` says of each fight, and of the night.
async fn seen(viewer: &Viewer, slug: &str) -> (Vec<bool>, bool) {
    let event = viewer.get(&format!("/api/v1/events/{slug}")).await.json();
    let fights = event["fights"].as_array().expect("fights").iter();
    (
        fights.map(|fight| fight["unlocked"].as_bool().expect("a yes or no")).collect(),
        event["pass_unlocked"].as_bool().expect("a yes or no"),
    )
}

/// The books are right, and nothing was charged twice.
fn books_balance(server: &TestServer) {
    server.cli_ok(&["ledger", "verify"]);
}

on_both_databases! {
    async fn a_fight_costs_once_and_the_night_less_what_its_fights_have_cost(db) {
        let server = serve(&db).await;
        let ari = with_coins(&server, 1, 100).await;
        let (first, free) = (fight(&server, "grand-night", 1).await, fight(&server, "grand-night", 2).await);
        assert_eq!(seen(&ari, "grand-night").await, (vec![false, true, false], false));
        is_charged(&unlock_fight(&ari, &free, "k0").await, 0, 100);
        is_charged(&unlock_fight(&ari, &first, "k1").await, 30, 70);
        assert_eq!(seen(&ari, "grand-night").await, (vec![true, true, false], false));
        is_charged(&unlock_fight(&ari, &first, "k2").await, 0, 70);
        is_charged(&unlock_event(&ari, "grand-night", "k3").await, 60, 10);
        assert_eq!(seen(&ari, "grand-night").await, (vec![true, true, true], true));
        is_charged(&unlock_event(&ari, "grand-night", "k4").await, 0, 10);
        let third = fight(&server, "grand-night", 3).await;
        is_charged(&unlock_fight(&ari, &third, "k5").await, 0, 10);
        // The twin: whoever bought nothing pays all of it, and has nothing of it before.
        let budi = with_coins(&server, 2, 90).await;
        assert_eq!(seen(&budi, "grand-night").await, (vec![false, true, false], false));
        is_charged(&unlock_event(&budi, "grand-night", "k3").await, 90, 0);
        assert_eq!(seen(&budi, "grand-night").await, (vec![true, true, true], true));
        books_balance(&server);
    }

    async fn a_night_never_costs_less_than_nothing(db) {
        let server = serve(&db).await;
        let ari = with_coins(&server, 1, 200).await;
        let grand = NIGHTS.replace("price_coins = 50", "price_coins = 80");
        night::apply(&server, &grand);
        for (number, charged, balance) in [(1, 30, 170), (3, 80, 90)] {
            let id = fight(&server, "grand-night", number).await;
            is_charged(&unlock_fight(&ari, &id, &format!("k{number}")).await, charged, balance);
        }
        is_charged(&unlock_event(&ari, "grand-night", "k").await, 0, 90);
        assert_eq!(seen(&ari, "grand-night").await, (vec![true, true, true], true));
        books_balance(&server);
    }

    async fn prices_are_those_of_the_database_and_a_buyer_can_say_how_much_at_most(db) {
        let server = serve(&db).await;
        let ari = with_coins(&server, 1, 100).await;
        let first = fight(&server, "grand-night", 1).await;
        night::apply(&server, &NIGHTS.replace("price_coins = 30", "price_coins = 35"));
        // However old the page is that the buyer has seen.
        let path = format!("/api/v1/fights/{first}/unlock");
        is_refused(&ari.post(&path, "k1", &json!({"max_coins": 30})).await, 409, "events.price_changed");
        assert_eq!(ari.coins().await, 100);
        is_charged(&ari.post(&path, "k2", &json!({"max_coins": 35})).await, 35, 65);
        let night = "/api/v1/events/grand-night/unlock";
        is_refused(&ari.post(night, "k3", &json!({"max_coins": 54})).await, 409, "events.price_changed");
        is_charged(&ari.post(night, "k4", &json!({"max_coins": 55})).await, 55, 10);
        books_balance(&server);
    }

    async fn what_is_not_sold_is_refused_and_what_is_over_is_sold_for_watching_again(db) {
        let server = serve(&db).await;
        let ari = with_coins(&server, 1, 100).await;
        is_refused(&unlock_event(&ari, "single-night", "k1").await, 409, "events.pass_not_sold");
        is_charged(&unlock_fight(&ari, &fight(&server, "single-night", 1).await, "k2").await, 10, 90);
        is_charged(&unlock_event(&ari, "single-night", "k1").await, 0, 90);
        is_charged(&unlock_fight(&ari, &fight(&server, "past-night", 1).await, "k3").await, 15, 75);
        is_charged(&unlock_event(&ari, "past-night", "k4").await, 5, 70);
        is_refused(&unlock_event(&ari, "secret-night", "k5").await, 404, "till.not_found");
        is_refused(&unlock_event(&ari, "no-night", "k5").await, 404, "till.not_found");
        is_refused(&unlock_event(&ari, "No Night".replace(' ', "%20").as_str(), "k5").await, 404, "till.not_found");
        for id in ["01J00000000000000000000000", "x"] {
            is_refused(&unlock_fight(&ari, id, "k6").await, 404, "till.not_found");
        }
        // A draft's fight is not there; once it is shown, it is.
        night::apply(&server, &NIGHTS.replace("\"draft\"", "\"published\""));
        let shown = |event: &Value| event["status"] == "published";
        night::event_that(&server, "secret-night", "it is shown", SOON, shown).await;
        let secret = fight(&server, "secret-night", 1).await;
        is_charged(&unlock_fight(&ari, &secret, "k7").await, 15, 55);
        books_balance(&server);
    }

    async fn without_the_coins_nothing_is_opened_and_the_same_key_works_once_they_are_there(db) {
        let server = serve(&db).await;
        let ari = with_coins(&server, 1, 20).await;
        let first = fight(&server, "grand-night", 1).await;
        let refused = unlock_fight(&ari, &first, "k1").await;
        is_refused(&refused, 409, "ledger.insufficient_coins");
        let words = refused.json()["error"]["message"].as_str().expect("a sentence").to_owned();
        assert!(words.contains("20 coins") && words.contains("30 are needed"), "{words}");
        is_refused(&unlock_event(&ari, "grand-night", "k1").await, 409, "ledger.insufficient_coins");
        assert_eq!((seen(&ari, "grand-night").await, ari.coins().await), ((vec![false, true, false], false), 20));
        grant(&server, &ari, 10);
        is_charged(&unlock_fight(&ari, &first, "k1").await, 30, 0);
        is_charged(&unlock_fight(&ari, &first, "k1").await, 30, 0);
        assert_eq!(seen(&ari, "grand-night").await, (vec![true, true, false], false));
        books_balance(&server);
    }

    async fn a_key_is_needed_and_stands_for_one_request(db) {
        let server = serve(&db).await;
        let ari = with_coins(&server, 1, 100).await;
        let first = fight(&server, "grand-night", 1).await;
        for key in ["", "has a space", &"k".repeat(65)] {
            is_refused(&unlock_fight(&ari, &first, key).await, 400, "idempotency.key_missing");
        }
        let path = format!("/api/v1/fights/{first}/unlock");
        is_charged(&ari.post(&path, &"k".repeat(64), &json!({"max_coins": 40})).await, 30, 70);
        is_charged(&ari.post(&path, &"k".repeat(64), &json!({"max_coins": 40})).await, 30, 70);
        is_refused(&ari.post(&path, &"k".repeat(64), &json!({"max_coins": 41})).await, 409, "idempotency.mismatch");
        is_refused(&unlock_fight(&ari, &first, &"k".repeat(64)).await, 409, "idempotency.mismatch");
        // The key is this account's and this fight's: elsewhere it is another.
        let third = fight(&server, "grand-night", 3).await;
        is_charged(&unlock_fight(&ari, &third, &"k".repeat(64)).await, 50, 20);
        let budi = with_coins(&server, 2, 30).await;
        is_charged(&unlock_fight(&budi, &first, &"k".repeat(64)).await, 30, 0);
        books_balance(&server);
    }

    async fn thirty_two_at_once_with_keys_of_their_own_pay_once(db) {
        let server = serve(&db).await;
        let ari = with_coins(&server, 1, 1_000).await;
        let first = fight(&server, "grand-night", 1).await;
        let keys: Vec<String> = (0..32).map(|number| format!("key-{number}")).collect();
        let answers = futures_util::future::join_all(keys.iter().map(|key| unlock_fight(&ari, &first, key))).await;
        let charged: i64 = answers.iter().map(|answer| answer.json()["charged_coins"].as_i64().expect("coins")).sum();
        assert_eq!((charged, ari.coins().await), (30, 970));
        assert!(answers.iter().all(|answer| answer.json()["balance"] == 970));
        books_balance(&server);
    }

    async fn the_same_key_twenty_times_at_once_pays_once_and_is_answered_the_same(db) {
        let server = serve(&db).await;
        let ari = with_coins(&server, 1, 1_000).await;
        let answers = (0..20).map(|_| unlock_event(&ari, "grand-night", "one-key"));
        for answer in futures_util::future::join_all(answers).await {
            is_charged(&answer, 90, 910);
        }
        assert_eq!(ari.coins().await, 910);
        books_balance(&server);
    }

    async fn fights_and_their_night_bought_at_once_cost_the_night(db) {
        let server = serve(&db).await;
        let ids = [fight(&server, "grand-night", 1).await, fight(&server, "grand-night", 3).await];
        for number in 0..6 {
            let ari = with_coins(&server, number, 1_000).await;
            let (one, other, whole) = tokio::join!(
                unlock_fight(&ari, &ids[0], "k1"),
                unlock_fight(&ari, &ids[1], "k2"),
                unlock_event(&ari, "grand-night", "k3"),
            );
            let charged = |answer: &Answer| answer.json()["charged_coins"].as_i64().expect("coins");
            assert_eq!(charged(&one) + charged(&other) + charged(&whole), 90);
            assert_eq!(ari.coins().await, 910);
        }
        books_balance(&server);
    }

    async fn the_last_coins_are_spent_once(db) {
        let server = serve(&db).await;
        let ari = with_coins(&server, 1, 55).await;
        let ids = [fight(&server, "grand-night", 1).await, fight(&server, "grand-night", 3).await];
        let (one, other) = tokio::join!(unlock_fight(&ari, &ids[0], "k1"), unlock_fight(&ari, &ids[1], "k2"));
        let mut statuses = [one.status.as_u16(), other.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "{} {}", one.text(), other.text());
        assert!([5, 25].contains(&ari.coins().await));
        books_balance(&server);
    }
}

#[tokio::test]
async fn whoever_is_signed_in_is_told_privately_and_everyone_else_publicly() {
    let db = TestDatabase::sqlite();
    let server = serve(&db).await;
    let ari = with_coins(&server, 1, 90).await;
    is_charged(&unlock_event(&ari, "grand-night", "k1").await, 90, 0);
    for path in ["/api/v1/events/grand-night", "/api/v1/events"] {
        let own = ari.get(path).await;
        assert_eq!(own.header("cache-control"), "private, no-store", "{path}");
        let shared = http::get(&server.url(path)).await;
        assert_eq!(shared.header("cache-control"), "public, max-age=1", "{path}");
        for answer in [&own, &shared] {
            let varies = answer.headers.get_all("vary").iter().any(|by| by.as_bytes().eq_ignore_ascii_case(b"cookie"));
            assert!(varies, "{path}");
        }
        let of = |answer: &Answer| {
            let json = answer.json();
            let event = match json["events"].as_array() {
                Some(all) => all.iter().find(|event| event["slug"] == "grand-night").expect("the night").clone(),
                None => json,
            };
            (
                event["pass_unlocked"] == true,
                event["fights"][0]["unlocked"] == true,
                event["fights"][1]["unlocked"] == true,
            )
        };
        assert_eq!((of(&own), of(&shared)), ((true, true, true), (false, false, true)), "{path}");
    }
}

#[tokio::test]
async fn nobody_unlocks_without_a_session_or_with_what_is_no_json() {
    let db = TestDatabase::sqlite();
    let server = serve(&db).await;
    let ari = with_coins(&server, 1, 100).await;
    let path = format!("/api/v1/fights/{}/unlock", fight(&server, "grand-night", 1).await);
    let url = server.url(&path);
    let ask = async |headers: &[(&str, &str)], body: &str| {
        let headers: Vec<_> = headers.iter().copied().chain([("idempotency-key", "k1")]).collect();
        http::send(Method::POST, &url, &headers, body.to_owned()).await
    };
    is_refused(&ask(&[JSON], "{}").await, 401, "accounts.signed_out");
    let cookie = ("cookie", ari.cookie.as_str());
    is_refused(&ask(&[cookie, ("content-type", "application/x-www-form-urlencoded")], "").await, 400, "web.not_json");
    is_refused(&ask(&[cookie, ("content-type", "text/plain")], "{}").await, 400, "web.not_json");
    is_refused(&ask(&[cookie], "{}").await, 400, "web.not_json");
    is_refused(&ask(&[cookie, JSON], "{").await, 400, "web.bad_json");
    is_refused(&ask(&[cookie, JSON], r#"{"max_coins":"all"}"#).await, 400, "web.bad_json");
    is_refused(&ask(&[cookie, JSON], &format!("\"{}\"", "x".repeat(70_000))).await, 413, "web.too_large");
    is_refused(&ask(&[cookie, JSON, ("origin", "https://evil.test")], "{}").await, 403, "web.foreign_origin");
    is_refused(&ask(&[cookie], "").await, 400, "web.not_json");
    assert_eq!(ari.coins().await, 100);
    is_charged(&ask(&[cookie, JSON], "").await, 30, 70);
}
