//! How many watch, joined over nodes, and which overlay pages are the broadcast's own.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::http;
use crate::harness::night;
use crate::harness::server::TestServer;
use crate::harness::socket::Socket;
use crate::harness::until;
use crate::postgres::{TestDatabase, on_both_databases};

/// A few exchanges between nodes; the time after which a node that was killed is forgotten, and a few more.
const SOON: Duration = Duration::from_secs(15);
const FORGOTTEN: Duration = Duration::from_secs(40);

async fn join(server: &TestServer, query: &str) -> Socket {
    let mut socket = Socket::try_open_with(server, query).await.expect("a socket");
    let room = json!({"event": "superchat:join", "room": "island-fight"});
    socket.say(&room.to_string()).await;
    assert_eq!(socket.hear().await["event"], "stream:status");
    socket
}

async fn counts(socket: &mut Socket, count: u64, deadline: Duration) {
    socket.hear_that("viewers:count", deadline, |told| told["data"] == json!({"count": count})).await;
}

async fn told_by_the_api(server: &TestServer) -> Value {
    http::get(&server.url("/api/v1/events/island-fight")).await.json()["viewers"].clone()
}

async fn two_nodes(db: &TestDatabase) -> (TestServer, TestServer) {
    let one = night::serve(&format!("{}[cluster]\nnode = \"satu\"\n", db.overrides())).await;
    let mut other = TestServer::prepare(&format!("{}[cluster]\nnode = \"dua\"\n", db.overrides()));
    other.serve().await;
    until("the second node has the night", SOON, async || {
        (http::get(&other.url("/api/v1/events/island-fight")).await.status == 200).then_some(())
    })
    .await;
    (one, other)
}

#[tokio::test]
async fn viewers_of_two_nodes_are_one_crowd_and_a_node_that_dies_is_forgotten() {
    let db = TestDatabase::postgres();
    let (one, mut other) = two_nodes(&db).await;
    let mut here = [join(&one, "").await, join(&one, "").await];
    // Told at once, before any exchange.
    let mut third = join(&one, "").await;
    counts(&mut third, 3, SOON).await;
    let mut there = [join(&other, "").await, join(&other, "").await];
    for socket in here.iter_mut().chain(&mut there).chain([&mut third]) {
        counts(socket, 5, SOON).await;
    }
    assert_eq!((told_by_the_api(&one).await, told_by_the_api(&other).await), (json!(5), json!(5)));
    drop(third);
    for socket in here.iter_mut().chain(&mut there) {
        counts(socket, 4, SOON).await;
    }
    // Whoever joins twice is one, and whoever goes to another room has left this one.
    there[0].say(r#"{"event":"superchat:join","room":"island-fight"}"#).await;
    there[1].say(r#"{"event":"superchat:join","room":"second-night"}"#).await;
    counts(&mut here[0], 3, SOON).await;
    // No goodbye: its rows stay where they are.
    other.sigkill();
    counts(&mut here[0], 2, FORGOTTEN).await;
    // A node that stops takes its rows along, and one that comes does not take old rows for new.
    other.serve().await;
    let mut back = join(&other, "").await;
    counts(&mut back, 3, SOON).await;
    other.stop();
    counts(&mut here[1], 2, SOON).await;
}

on_both_databases! {
    async fn only_the_broadcasts_own_pages_are_connected_and_none_of_them_watches(db) {
        let server = night::serve(&db.overrides()).await;
        let key = server.cli_ok(&["event", "overlay-key", "island-fight"]).trim().to_owned();
        until("the server knows the key", SOON, async || {
            let page = http::get(&server.url(&format!("/overlay/poll/island-fight?key={key}"))).await;
            page.text().contains(r#""own":true"#).then_some(())
        })
        .await;
        let refused = Socket::try_open_with(&server, "?overlay=nothing").await;
        assert!(refused.is_err_and(|error| error.to_string().contains("400")), "there is no such overlay");
        let mut viewer = join(&server, "").await;
        let own = join(&server, &format!("?overlay=superchats&key={key}")).await;
        let strangers = [join(&server, "?overlay=superchats").await, join(&server, &format!("?overlay=poll&key={key}x")).await];
        let connected = || server.cli_ok(&["event", "overlays", "island-fight"]);
        let told = until("the page is connected", SOON, async || {
            Some(connected()).filter(|told| told.contains("connected: overlay:superchats on"))
        })
        .await;
        assert_eq!(told.matches("connected: ").count(), 1, "{told}");
        assert!(told.contains("(1)"), "{told}");
        counts(&mut viewer, 1, SOON).await;
        assert_eq!(told_by_the_api(&server).await, 1);
        drop((own, strangers));
        until("the page is gone", SOON, async || connected().contains("no overlay page with the key").then_some(())).await;
    }
}
