//! What a room is told, and what whoever comes back is told first.

use serde_json::{Value, json};

use super::{SOON, given, read, rich, serve};
use crate::harness::server::TestServer;
use crate::harness::socket::Socket;
use crate::postgres::on_both_databases;

/// A socket in the room of `island-fight`, from number `after` on; past the first frame.
pub async fn listener(server: &TestServer, after: Option<i64>) -> Socket {
    let mut socket = Socket::open(server).await;
    let mut join = json!({"event": "superchat:join", "room": "island-fight"});
    if let Some(after) = after {
        join["after"] = json!(after);
    }
    socket.say(&join.to_string()).await;
    assert_eq!(socket.hear().await["event"], "stream:status");
    socket
}

/// The next `count` numbers that a socket is told.
async fn numbers(socket: &mut Socket, count: usize) -> Vec<i64> {
    let mut told = Vec::new();
    while told.len() < count {
        told.extend(socket.hear_within(SOON).await["seq"].as_i64());
    }
    told
}

on_both_databases! {
    async fn a_frame_and_its_replay_say_the_same(db) {
        let server = serve(&db, "").await;
        let ari = rich(&server, 1, 1_000).await;
        let mut live = listener(&server, None).await;
        given(&ari, "k1", json!({"coins": 100, "message": "Ayo!"})).await;
        let frame = live.hear_kind("superchat:new", SOON).await;
        assert_eq!((&frame["room"], &frame["seq"]), (&json!("island-fight"), &json!(1)));
        let names: Vec<&String> = frame["data"].as_object().expect("data").keys().collect();
        for name in ["id", "name", "coins", "message", "tier", "color", "hold_ms", "fighter", "at"] {
            assert!(names.iter().any(|there| *there == name), "{name} in {frame}");
        }
        let mut late = listener(&server, Some(0)).await;
        assert_eq!(late.hear().await, frame);
        let mut item = read(&server, "superchats").await["items"][0].clone();
        assert_eq!(item.as_object_mut().expect("an item").remove("seq"), Some(json!(1)));
        assert_eq!(item, frame["data"]);
        // Without a place nothing old is told.
        let mut fresh = listener(&server, None).await;
        given(&ari, "k2", json!({"coins": 1})).await;
        assert_eq!(fresh.hear().await["event"], "donation:new");
        // Another room hears nothing.
        let (mut other, _) = Socket::join(&server, "second-night").await;
        other.say(r#"{"event":"ping"}"#).await;
        assert_eq!(other.hear().await["event"], "pong");
    }

    async fn whoever_comes_back_amid_a_rush_misses_nothing_and_hears_nothing_twice(db) {
        let server = serve(&db, "[superchat]\nsupports_per_minute = 1000\n").await;
        let mut people = Vec::new();
        for number in 1..=3 {
            people.push(rich(&server, number, 1_000).await);
        }
        let rush = async {
            let givers = people.iter().map(async |viewer| {
                for number in 0..50 {
                    given(viewer, &format!("k{number}"), json!({"coins": 1})).await;
                }
            });
            futures_util::future::join_all(givers).await;
        };
        let listen = async {
            let mut all: Vec<i64> = Vec::new();
            while all.len() < 150 {
                let mut socket = listener(&server, Some(all.last().copied().unwrap_or(0))).await;
                let wanted = (150 - all.len()).min(25);
                all.extend(numbers(&mut socket, wanted).await);
            }
            all
        };
        let ((), all) = tokio::join!(rush, listen);
        assert_eq!(all, (1..=150).collect::<Vec<_>>());
    }

    async fn two_nodes_tell_the_same_and_pass_a_step_once(db) {
        let server = serve(&db, "").await;
        let mut second = TestServer::prepare(&db.overrides());
        second.serve().await;
        let ari = rich(&server, 1, 5_000).await;
        crate::harness::until("the second node has the night", SOON, async || {
            let event = crate::harness::night::event(&second, "island-fight").await;
            (event["status"] == "published").then_some(())
        })
        .await;
        let (mut here, mut there) = (listener(&server, None).await, listener(&second, None).await);
        for (key, coins) in [("k1", 999), ("k2", 1), ("k3", 2_000)] {
            given(&ari, key, json!({"coins": coins})).await;
        }
        for socket in [&mut here, &mut there] {
            let mut reached: Vec<Value> = Vec::new();
            for total in [999, 1_000, 3_000] {
                let told = socket.hear_kind("milestone:update", SOON).await;
                assert_eq!(told["data"]["total_coins"], total);
                reached.extend(told["data"]["reached"].as_array().expect("steps").clone());
            }
            assert_eq!(reached, [json!({"title": "Ronde tambahan", "coins": 1_000})]);
        }
    }
}
