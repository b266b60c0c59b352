//! Steps of the ladder over two nodes that take supports at once.

use std::time::Duration;

use serde_json::json;

use crate::harness::server::TestServer;
use crate::harness::socket::Socket;
use crate::harness::viewers::{JSON, Viewer};
use crate::harness::{http, night, until};
use crate::postgres::on_both_databases;

const SOON: Duration = Duration::from_secs(20);
/// Viewers, and supports of each, of 7 coins.
const VIEWERS: u32 = 6;
const SUPPORTS: u32 = 20;
const COINS: i64 = 7;

fn night() -> String {
    let text = String::from(
        "[[events]]\nslug = \"step-night\"\ntitle = \"Step Night\"\nstarts_at = \"2026-12-05T19:00:00+07:00\"\n\
         status = \"published\"\n",
    );
    let step = |step: i64| format!("[[events.milestones]]\ncoins = {}\ntitle = \"Langkah {step}\"\n", step * 25);
    [text].into_iter().chain((1..=30).map(step)).collect()
}

/// The steps that a socket is told are reached, up to the total that all come to.
async fn reached(socket: &mut Socket, total: i64) -> Vec<i64> {
    let (mut steps, mut totals) = (Vec::new(), Vec::new());
    while totals.last() != Some(&total) {
        let told = socket.hear_kind("milestone:update", SOON).await;
        totals.push(told["data"]["total_coins"].as_i64().expect("coins"));
        let some = told["data"]["reached"].as_array().expect("steps").iter();
        steps.extend(some.map(|step| step["coins"].as_i64().expect("coins")));
    }
    assert!(totals.is_sorted(), "totals only rise: {totals:?}");
    steps
}

on_both_databases! {
    async fn each_is_told_once_to_everyone_of_either_node(db) {
        let overrides = format!("{}[superchat]\nsupports_per_minute = 1000\n", db.overrides());
        let (mut one, mut other) = (TestServer::prepare(&overrides), TestServer::prepare(&overrides));
        one.migrate();
        night::apply(&one, &night());
        one.serve().await;
        other.serve().await;
        for node in [&one, &other] {
            night::event_that(node, "step-night", "it is shown", SOON, |event| event["status"] == "published").await;
        }
        let mut sockets =
            [Socket::join(&one, "step-night").await.0, Socket::join(&other, "step-night").await.0];
        let mut viewers = Vec::new();
        for number in 1..=VIEWERS {
            let viewer = Viewer::register(&one, number).await;
            one.cli_ok(&["coins", "grant", "--phone", &viewer.phone, "--coins", "1000", "--reason", "a test"]);
            viewers.push(viewer);
        }
        let path = "/api/v1/events/step-night/supports";
        let give = viewers.iter().enumerate().map(async |(at, viewer)| {
            let url = [&one, &other][at % 2].url(path);
            for number in 0..SUPPORTS {
                let key = format!("k{number}");
                let headers = [("cookie", viewer.cookie.as_str()), JSON, ("idempotency-key", key.as_str())];
                let answer = http::send(hyper::Method::POST, &url, &headers, json!({ "coins": COINS }).to_string()).await;
                assert_eq!(answer.status, 200, "{}", answer.text());
            }
        });
        let total = i64::from(VIEWERS * SUPPORTS) * COINS;
        let [here, there] = &mut sockets;
        let (here, there, _) =
            tokio::join!(reached(here, total), reached(there, total), futures_util::future::join_all(give));
        let wanted: Vec<i64> = (1..=30).map(|step| step * 25).collect();
        assert_eq!(here, wanted);
        assert_eq!(there, wanted);
        until("both say so", SOON, async || {
            for node in [&one, &other] {
                let ladder = http::get(&node.url("/api/v1/events/step-night/milestones")).await.json();
                let all = ladder["milestones"].as_array()?.iter().all(|step| step["reached"] == true);
                if !all || ladder["total_coins"] != total {
                    return None;
                }
            }
            Some(())
        })
        .await;
    }
}
