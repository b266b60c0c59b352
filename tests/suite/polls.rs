//! Votes in polls for coins, by the JSON API and the commands, on both databases.

mod races;
mod stages;

use std::time::Duration;

use hyper::Method;
use serde_json::{Value, json};

use crate::harness::http::{self, Answer};
use crate::harness::night;
use crate::harness::server::TestServer;
use crate::harness::until;
use crate::harness::viewers::{JSON, Viewer};
use crate::postgres::{TestDatabase, on_both_databases};
use crate::web::is_json_error;

/// A night with a poll of each kind: one that is open at 5 coins a vote and 10 votes each, one at 1 coin, a draft. One
/// night that is not shown.
const NIGHTS: &str = r#"
[[events]]
slug = "poll-night"
title = "Poll Night"
starts_at = "2026-12-05T19:00:00+07:00"
status = "published"
  [[events.polls]]
  code = "winner"
  question = "Siapa menang?"
  options = ["Ari", "Budi", "Seri"]
  coins_per_vote = 5
  max_votes_per_viewer = 10
  status = "open"
  [[events.polls]]
  code = "round"
  question = "Selesai di ronde berapa?"
  options = ["1", "2"]
  coins_per_vote = 1
  max_votes_per_viewer = 1000000
  status = "open"
  [[events.polls]]
  code = "later"
  question = "Lagu penutup?"
  options = ["A", "B"]
  status = "draft"

[[events]]
slug = "secret-night"
title = "Secret Night"
starts_at = "2026-12-06T19:00:00+07:00"
status = "draft"
  [[events.polls]]
  code = "winner"
  question = "Siapa?"
  options = ["A", "B"]
  status = "open"
"#;

/// Longest wait for what another process has written.
const SOON: Duration = Duration::from_secs(10);

async fn serve(db: &TestDatabase) -> TestServer {
    let mut server = TestServer::prepare(&db.overrides());
    server.migrate();
    night::apply(&server, NIGHTS);
    server.serve().await;
    night::event_that(&server, "poll-night", "the mirror has it", SOON, |event| event["status"] == "published").await;
    server
}

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

/// The polls as everybody is told of them.
async fn polls(server: &TestServer) -> Value {
    http::get(&server.url("/api/v1/events/poll-night/polls")).await.json()["polls"].clone()
}

/// The poll with this code, once it is as wanted.
async fn poll_that(server: &TestServer, code: &str, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    until(what, SOON, async || {
        let all = polls(server).await;
        let found = all.as_array().expect("a list").iter().find(|poll| poll["code"] == code)?.clone();
        wanted(&found).then_some(found)
    })
    .await
}

/// Where one votes: the address, and the ids of the answers.
#[derive(Clone)]
struct Booth {
    path: String,
    options: Vec<String>,
}

async fn booth(server: &TestServer, code: &str) -> Booth {
    let poll = poll_that(server, code, "the poll is shown", |_| true).await;
    let text = |value: &Value| value.as_str().expect("an id").to_owned();
    let options = poll["options"].as_array().expect("answers").iter().map(|option| text(&option["id"])).collect();
    Booth { path: format!("/api/v1/polls/{}/votes", text(&poll["id"])), options }
}

impl Booth {
    async fn vote(&self, viewer: &Viewer, option: usize, coins: i64, key: &str) -> Answer {
        viewer.post(&self.path, key, &json!({"option_id": self.options[option], "coins": coins})).await
    }
}

fn is_taken(answer: &Answer, (votes, left, charged, balance): (i64, i64, i64, i64)) {
    assert_eq!(answer.status, 200, "{}", answer.text());
    let wanted = json!({"votes": votes, "votes_left": left, "charged_coins": charged, "balance": balance});
    assert_eq!(answer.json(), wanted);
}

fn is_refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    is_json_error(answer, code);
}

/// Votes and coins of each answer.
fn counts(poll: &Value) -> Vec<(i64, i64)> {
    let number = |value: &Value| value.as_i64().expect("a number");
    let options = poll["options"].as_array().expect("answers").iter();
    options.map(|option| (number(&option["votes"]), number(&option["coins"]))).collect()
}

/// The books are right, and each vote is booked.
fn books_balance(server: &TestServer) {
    server.cli_ok(&["ledger", "verify"]);
}

on_both_databases! {
    async fn votes_cost_coins_and_are_counted(db) {
        let server = serve(&db).await;
        let ari = with_coins(&server, 1, 100).await;
        let booth = booth(&server, "winner").await;
        is_taken(&booth.vote(&ari, 0, 15, "k1").await, (3, 7, 15, 85));
        is_taken(&booth.vote(&ari, 1, 5, "k2").await, (1, 6, 5, 80));
        let budi = with_coins(&server, 2, 50).await;
        is_taken(&booth.vote(&budi, 0, 50, "k1").await, (10, 0, 50, 0));
        let poll = poll_that(&server, "winner", "all are counted", |poll| counts(poll)[0].0 == 13).await;
        assert_eq!(counts(&poll), [(13, 65), (1, 5), (0, 0)]);
        assert_eq!((&poll["status"], &poll["winner"], &poll["my_votes"]), (&json!("open"), &Value::Null, &Value::Null));
        // What is the caller's own is told to nobody else.
        let mine = ari.get("/api/v1/events/poll-night/polls").await;
        assert_eq!(mine.header("cache-control"), "private, no-store");
        let mine = mine.json();
        let own: Vec<_> = mine["polls"].as_array().expect("polls").iter().map(|poll| &poll["my_votes"]).collect();
        assert_eq!(own, [&json!(4), &json!(0)]);
        // The history tells it in words.
        let history = ari.get("/api/v1/account/ledger").await;
        assert!(history.text().contains("Poll Night · Siapa menang? Ari"), "{}", history.text());
        books_balance(&server);
    }

    async fn drafts_are_neither_shown_nor_voted_in(db) {
        let server = serve(&db).await;
        let ari = with_coins(&server, 1, 100).await;
        let codes: Vec<Value> = polls(&server).await.as_array().expect("polls").iter().map(|p| p["code"].clone()).collect();
        assert_eq!(codes, [json!("winner"), json!("round")]);
        let hidden = http::get(&server.url("/api/v1/events/secret-night/polls")).await;
        is_refused(&hidden, 404, "events.not_found");
        let open = booth(&server, "winner").await;
        for id in ["01J00000000000000000000000", "x"] {
            let path = format!("/api/v1/polls/{id}/votes");
            let answer = ari.post(&path, "k", &json!({"option_id": open.options[0], "coins": 5})).await;
            is_refused(&answer, 404, "polls.not_found");
        }
        // The draft's id, known to its maker alone: before it opens nothing is taken, and then it is.
        let facts = db.open().read(bakuhantam::events::load_facts).await.expect("facts");
        for (slug, code) in [("poll-night", "later"), ("secret-night", "winner")] {
            let event = facts.iter().find(|event| event.slug.as_str() == slug).expect("the night");
            let poll = event.polls.iter().find(|poll| poll.code == code).expect("the poll");
            let path = format!("/api/v1/polls/{}/votes", poll.id);
            let body = json!({"option_id": poll.options[0].id, "coins": 1});
            is_refused(&ari.post(&path, "k1", &body).await, 404, "polls.not_found");
            if slug == "poll-night" {
                server.cli_ok(&["poll", "open", slug, code]);
            } else {
                night::apply(&server, &NIGHTS.replace("slug = \"secret-night\"\ntitle = \"Secret Night\"\nstarts_at = \"2026-12-06T19:00:00+07:00\"\nstatus = \"draft\"", "slug = \"secret-night\"\nstatus = \"published\""));
            }
            assert_eq!(ari.post(&path, "k1", &body).await.status, 200, "{slug}");
        }
        assert_eq!(ari.coins().await, 98);
        books_balance(&server);
    }

    async fn what_is_no_vote_is_refused_and_its_twin_is_taken(db) {
        let server = serve(&db).await;
        let ari = with_coins(&server, 1, 20).await;
        let (booth, other) = (booth(&server, "winner").await, booth(&server, "round").await);
        for coins in [0, -5, 4, 7, i64::MIN] {
            is_refused(&booth.vote(&ari, 0, coins, "k1").await, 422, "polls.bad_coins");
        }
        let body = json!({"option_id": other.options[0], "coins": 5});
        is_refused(&ari.post(&booth.path, "k1", &body).await, 422, "polls.no_such_option");
        is_refused(&ari.post(&booth.path, "k1", &json!({"option_id": "x", "coins": 5})).await, 422, "polls.no_such_option");
        is_refused(&ari.post(&booth.path, "", &body).await, 400, "idempotency.key_missing");
        let (url, headers) = (server.url(&booth.path), [JSON, ("idempotency-key", "k")]);
        let stranger = http::send(Method::POST, &url, &headers, body.to_string()).await;
        is_refused(&stranger, 401, "accounts.signed_out");
        is_refused(&booth.vote(&ari, 0, 25, "k1").await, 409, "ledger.insufficient_coins");
        let many = booth.vote(&ari, 0, 55, "k1").await;
        is_refused(&many, 409, "polls.too_many_votes");
        assert_eq!(ari.coins().await, 20, "nothing was taken");
        is_taken(&booth.vote(&ari, 0, 20, "k1").await, (4, 6, 20, 0));
        grant(&server, &ari, 100);
        is_refused(&booth.vote(&ari, 2, 35, "k2").await, 409, "polls.too_many_votes");
        is_taken(&booth.vote(&ari, 2, 30, "k2").await, (6, 0, 30, 70));
        is_refused(&booth.vote(&ari, 2, 5, "k3").await, 409, "polls.too_many_votes");
        is_taken(&other.vote(&ari, 1, 70, "k3").await, (70, 999_930, 70, 0));
        books_balance(&server);
    }

    async fn the_same_request_again_is_one_vote(db) {
        let server = serve(&db).await;
        let ari = with_coins(&server, 1, 100).await;
        let booth = booth(&server, "winner").await;
        let answers = futures_util::future::join_all((0..20).map(|_| booth.vote(&ari, 0, 10, "same"))).await;
        for answer in &answers {
            is_taken(answer, (2, 8, 10, 90));
        }
        is_refused(&booth.vote(&ari, 1, 10, "same").await, 409, "idempotency.mismatch");
        is_taken(&booth.vote(&ari, 1, 10, "other").await, (2, 6, 10, 80));
        server.cli_ok(&["poll", "close", "poll-night", "winner"]);
        // It was answered while the poll was open, so it is still.
        is_taken(&booth.vote(&ari, 0, 10, "same").await, (2, 8, 10, 90));
        is_refused(&booth.vote(&ari, 0, 10, "new").await, 409, "polls.closed");
        books_balance(&server);
    }
}
