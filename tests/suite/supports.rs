//! Support with coins, by its public doors, on both databases.

mod moderation;
mod overlay;
mod sockets;

use std::time::Duration;

use hyper::Method;
use serde_json::{Value, json};

use crate::harness::http::{self, Answer};
use crate::harness::night;
use crate::harness::server::TestServer;
use crate::harness::viewers::{JSON, Viewer};
use crate::postgres::{TestDatabase, on_both_databases};
use crate::web::is_json_error;

/// Longest wait for what is told.
const SOON: Duration = Duration::from_secs(10);

async fn serve(db: &TestDatabase, more: &str) -> TestServer {
    night::serve(&format!("{}{more}", db.overrides())).await
}

/// The `number`th viewer, with coins.
async fn rich(server: &TestServer, number: u32, coins: i64) -> Viewer {
    let viewer = Viewer::register(server, number).await;
    server.cli_ok(&["coins", "grant", "--phone", &viewer.phone, "--coins", &coins.to_string(), "--reason", "a test"]);
    viewer
}

/// Supports `island-fight`.
async fn give(viewer: &Viewer, key: &str, body: Value) -> Answer {
    viewer.post("/api/v1/events/island-fight/supports", key, &body).await
}

/// [`give`] that must be taken: the answer.
async fn given(viewer: &Viewer, key: &str, body: Value) -> Value {
    let answer = give(viewer, key, body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn is_refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    is_json_error(answer, code);
}

async fn read(server: &TestServer, what: &str) -> Value {
    let answer = http::get(&server.url(&format!("/api/v1/events/island-fight/{what}"))).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

async fn items(server: &TestServer, what: &str) -> Vec<Value> {
    read(server, what).await["items"].as_array().expect("items").clone()
}

/// The fighter in the red corner of the first fight.
async fn red(server: &TestServer) -> String {
    night::event(server, "island-fight").await["fights"][0]["red"]["id"].as_str().expect("an id").to_owned()
}

on_both_databases! {
    async fn a_message_makes_a_superchat_and_none_a_donation_and_never_both(db) {
        let server = serve(&db, "").await;
        let (ari, red) = (rich(&server, 1, 1_000).await, red(&server).await);
        let first = given(&ari, "k1", json!({"coins": 50, "message": " Ayo  Ari! ", "fighter_id": red})).await;
        assert_eq!(first, json!({"seq": 1, "kind": "superchat", "balance": 950, "held": false}));
        let second = given(&ari, "k2", json!({"coins": 5, "message": "  "})).await;
        assert_eq!(second, json!({"seq": 2, "kind": "donation", "balance": 945, "held": false}));

        let chats = read(&server, "superchats").await;
        assert_eq!(chats["next_after"], 2);
        let chat = &chats["items"][0];
        assert_eq!(chats["items"].as_array().expect("items").len(), 1);
        assert_eq!((&chat["seq"], &chat["name"], &chat["coins"]), (&json!(1), &json!("Penonton 1"), &json!(50)));
        assert_eq!((&chat["message"], &chat["tier"]), (&json!("Ayo Ari!"), &json!("green")));
        assert_eq!((&chat["color"], &chat["hold_ms"], &chat["pin_ms"]), (&json!("#1de9b6"), &json!(8_000), &json!(120_000)));
        assert_eq!(chat["fighter"], json!({"id": red, "name": "Ari Wijaya"}));
        let gifts = items(&server, "donations").await;
        assert_eq!(gifts.len(), 1);
        assert_eq!((&gifts[0]["seq"], &gifts[0]["message"], &gifts[0]["tier"]), (&json!(2), &Value::Null, &Value::Null));

        let ladder = read(&server, "milestones").await;
        assert_eq!((&ladder["total_coins"], &ladder["milestones"][0]["reached"]), (&json!(55), &json!(false)));
        assert_eq!(ladder["fighters"], json!([{"id": red, "name": "Ari Wijaya", "coins": 50}]));
        assert_eq!(items(&server, "leaderboard").await, [json!({"name": "Penonton 1", "coins": 55})]);
        let told = ari.get("/api/v1/account/ledger").await.json();
        let row = &told.as_object().expect("an object").values().find_map(|rows| rows.as_array()).expect("rows")[1];
        assert_eq!((&row["type"], &row["coins"]), (&json!("support"), &json!(-50)));
    }

    async fn ones_own_supports_and_votes_can_be_taken_along(db) {
        let server = serve(&db, "").await;
        let (ari, budi) = (rich(&server, 1, 1_000).await, rich(&server, 2, 1_000).await);
        let red = red(&server).await;
        given(&ari, "k1", json!({"coins": 50, "message": "Ayo Ari!", "fighter_id": red})).await;
        given(&ari, "k2", json!({"coins": 5, "anonymous": true})).await;
        given(&budi, "k1", json!({"coins": 20, "message": "Punya Budi"})).await;
        let poll = read(&server, "polls").await["polls"][0].clone();
        let path = format!("/api/v1/polls/{}/votes", poll["id"].as_str().expect("an id"));
        let vote = ari.post(&path, "v1", &json!({"option_id": poll["options"][1]["id"], "coins": 3})).await;
        assert_eq!(vote.status, 200, "{}", vote.text());
        let id = items(&server, "superchats").await[0]["id"].as_str().expect("an id").to_owned();
        server.cli_ok(&["support", "hide", "island-fight", &id]);
        let file = ari.get("/api/v1/account/export").await.json();
        let (supports, votes) = (file["supports"].as_array().expect("a list"), file["votes"].as_array().expect("a list"));
        assert_eq!((supports.len(), votes.len()), (2, 1), "{file}");
        let row = |row: &Value, names: &[&str]| names.iter().map(|name| row[name].clone()).collect::<Vec<_>>();
        let names = ["event", "kind", "coins", "message", "name", "state", "fighter"];
        let (gift, chat) = (row(&supports[0], &names), row(&supports[1], &names));
        assert_eq!(gift, [json!("island-fight"), json!("donation"), json!(5), json!(null), json!(null), json!("shown"), json!(null)]);
        assert_eq!(chat[1..5], [json!("superchat"), json!(50), json!("Ayo Ari!"), json!("Penonton 1")]);
        assert_eq!(chat[5..], [json!("hidden"), json!("Ari Wijaya")]);
        let vote = row(&votes[0], &["event", "poll", "question", "option", "votes", "coins"]);
        assert_eq!(vote, [json!("island-fight"), json!("winner"), json!("Siapa menang?"), json!("Budi"), json!(3), json!(3)]);
        assert!(!file.to_string().contains("Punya Budi"), "what others gave is theirs");
    }

    /// Whoever is given to may be called like a formula; the file for spreadsheets has it as a text.
    async fn no_name_becomes_a_formula_in_the_coin_history(db) {
        let server = serve(&db, "").await;
        let ari = rich(&server, 1, 1_000).await;
        let names = ["=1+1", "+62", "-1", "@SUM(A1)"];
        let event = String::from(
            "[[events]]\nslug = \"formula-night\"\ntitle = \"=2+2\"\nstarts_at = \"2026-12-05T19:00:00+07:00\"\n\
             status = \"published\"\n",
        );
        let fight = |(number, pair): (i64, &[&str])| {
            format!("[[events.fights]]\nnumber = {number}\nred = \"{}\"\nblue = \"{}\"\n", pair[0], pair[1])
        };
        let mut text: String = [event].into_iter().chain((1..).zip(names.chunks(2)).map(fight)).collect();
        text.push_str("[[events.polls]]\ncode = \"q\"\nquestion = \"=3+3\"\noptions = [\"=4\", \"=5\"]\nstatus = \"open\"\n");
        night::apply(&server, &text);
        let event = night::event_that(&server, "formula-night", "it is shown", SOON, |event| event["fights"].is_array()).await;
        for (number, fight) in event["fights"].as_array().expect("fights").iter().enumerate() {
            for corner in ["red", "blue"] {
                let body = json!({"coins": 20, "fighter_id": fight[corner]["id"], "message": "=cmd|' /C calc'!A0"});
                let path = "/api/v1/events/formula-night/supports";
                let answer = ari.post(path, &format!("{corner}{number}"), &body).await;
                assert_eq!(answer.status, 200, "{}", answer.text());
            }
        }
        let poll = http::get(&server.url("/api/v1/events/formula-night/polls")).await.json()["polls"][0].clone();
        let path = format!("/api/v1/polls/{}/votes", poll["id"].as_str().expect("an id"));
        let vote = ari.post(&path, "v", &json!({"option_id": poll["options"][0]["id"], "coins": 1})).await;
        assert_eq!(vote.status, 200, "{}", vote.text());
        let file = ari.get("/account/history.csv").await;
        for name in names {
            assert!(file.text().contains(&format!(",'{name},")), "{name}: {}", file.text());
        }
        assert!(file.text().contains(",'=2+2 · =3+3 =4,"), "{}", file.text());
        let begins = |cell: &str| cell.starts_with(['=', '@', '\t', '\r']) || cell.starts_with("+6");
        let bad: Vec<&str> = file.text().lines().flat_map(|line| line.split(',')).filter(|cell| begins(cell)).collect();
        assert!(bad.is_empty(), "{bad:?}");
    }

    async fn what_cannot_be_given_is_refused_and_takes_nothing(db) {
        let server = serve(&db, "").await;
        let ari = rich(&server, 1, 100).await;
        let (red, other) = (red(&server).await, night::event(&server, "second-night").await);
        let other = other["fights"][0]["red"]["id"].as_str().expect("an id").to_owned();
        for (body, status, code) in [
            (json!({"coins": 0}), 422, "superchat.bad_amount"),
            (json!({"coins": -5}), 422, "superchat.bad_amount"),
            (json!({"coins": 101}), 409, "ledger.insufficient_coins"),
            (json!({"coins": i64::MAX}), 422, "ledger.bad_amount"),
            (json!({"coins": 19, "message": "halo"}), 422, "superchat.message_too_long"),
            (json!({"coins": 20, "message": "x".repeat(51)}), 422, "superchat.message_too_long"),
            (json!({"coins": 20, "message": "https://judi.test"}), 422, "superchat.message_empty"),
            (json!({"coins": 20, "fighter_id": other}), 422, "superchat.no_such_fighter"),
            (json!({"coins": 20, "fighter_id": "x"}), 422, "superchat.no_such_fighter"),
            (json!({}), 400, "web.bad_json"),
            (json!({"coins": "20"}), 400, "web.bad_json"),
        ] {
            is_refused(&give(&ari, "k", body).await, status, code);
        }
        for slug in ["hidden-night", "nobody"] {
            let answer = ari.post(&format!("/api/v1/events/{slug}/supports"), "k", &json!({"coins": 1})).await;
            is_refused(&answer, 404, "events.not_found");
        }
        for key in ["", "has a space"] {
            is_refused(&give(&ari, key, json!({"coins": 1})).await, 400, "idempotency.key_missing");
        }
        let url = server.url("/api/v1/events/island-fight/supports");
        let nobody = http::send(Method::POST, &url, &[JSON, ("idempotency-key", "k")], r#"{"coins":1}"#).await;
        is_refused(&nobody, 401, "accounts.signed_out");
        assert_eq!((ari.coins().await, read(&server, "milestones").await["total_coins"].clone()), (100, json!(0)));
        // The same key works with what can be given: refusals are not kept.
        given(&ari, "k", json!({"coins": 20, "message": "x".repeat(50), "fighter_id": red})).await;
        server.cli_ok(&["event", "end", "island-fight"]);
        is_refused(&give(&ari, "k2", json!({"coins": 1})).await, 409, "superchat.closed");
        // What was given before is answered again, also now.
        given(&ari, "k", json!({"coins": 20, "message": "x".repeat(50), "fighter_id": red})).await;
        assert_eq!(ari.coins().await, 80);
        assert_eq!(items(&server, "superchats").await.len(), 1);
    }

    async fn the_same_request_gives_once_and_another_under_its_key_is_refused(db) {
        let server = serve(&db, "").await;
        let ari = rich(&server, 1, 1_000).await;
        let body = json!({"coins": 20, "message": "sekali"});
        let answers = futures_util::future::join_all((0..12).map(|_| give(&ari, "one", body.clone()))).await;
        for answer in &answers {
            assert_eq!(answer.json(), json!({"seq": 1, "kind": "superchat", "balance": 980, "held": false}));
        }
        is_refused(&give(&ari, "one", json!({"coins": 21, "message": "sekali"})).await, 409, "idempotency.mismatch");
        is_refused(&give(&ari, "one", json!({"coins": 20, "message": "lain"})).await, 409, "idempotency.mismatch");
        assert_eq!((ari.coins().await, items(&server, "superchats").await.len()), (980, 1));
    }

    async fn many_at_once_are_numbered_without_gap_and_pass_each_step_once(db) {
        let server = serve(&db, "[superchat]\nsupports_per_minute = 100\n").await;
        let mut socket = sockets::listener(&server, None).await;
        let mut people = Vec::new();
        for number in 1..=4 {
            people.push(rich(&server, number, 1_000).await);
        }
        let keys: Vec<String> = (0..8).map(|number| format!("k{number}")).collect();
        let all = people.iter().flat_map(|viewer| keys.iter().map(move |key| give(viewer, key, json!({"coins": 40}))));
        let answers = futures_util::future::join_all(all).await;
        let mut seqs: Vec<i64> = answers.iter().map(|answer| answer.json()["seq"].as_i64().expect("a number")).collect();
        seqs.sort_unstable();
        assert_eq!(seqs, (1..=32).collect::<Vec<_>>());
        let ladder = read(&server, "milestones").await;
        assert_eq!((&ladder["total_coins"], &ladder["milestones"][0]["reached"]), (&json!(1_280), &json!(true)));
        // Told in order, each once; the step at 1,000 in one of them.
        let (mut told, mut totals, mut reached) = (Vec::new(), Vec::new(), 0);
        while totals.len() < 32 {
            let frame = socket.hear_within(SOON).await;
            match frame["event"].as_str().expect("a word") {
                "donation:new" => told.push(frame["seq"].as_i64().expect("a number")),
                "milestone:update" => {
                    totals.push(frame["data"]["total_coins"].as_i64().expect("coins"));
                    reached += frame["data"]["reached"].as_array().expect("steps").len();
                }
                _ => {}
            }
        }
        assert_eq!(told, (1..=32).collect::<Vec<_>>());
        assert_eq!(totals, (1..=32).map(|number| number * 40).collect::<Vec<_>>());
        assert_eq!(reached, 1);
        // Read page by page: the same.
        let (mut after, mut paged) = (0, Vec::new());
        loop {
            let page = read(&server, &format!("donations?after={after}&limit=5")).await;
            let items = page["items"].as_array().expect("items").clone();
            after = page["next_after"].as_i64().expect("a number");
            if items.is_empty() {
                break;
            }
            paged.extend(items.iter().map(|item| item["seq"].as_i64().expect("a number")));
        }
        assert_eq!((paged, after), ((1..=32).collect::<Vec<_>>(), 32));
        // Without a place: the newest.
        let newest = read(&server, "donations?limit=3").await;
        let seqs: Vec<_> = newest["items"].as_array().expect("items").iter().map(|item| item["seq"].clone()).collect();
        assert_eq!((seqs, &newest["next_after"]), (vec![json!(30), json!(31), json!(32)], &json!(32)));
        assert_eq!(read(&server, "superchats").await, json!({"items": [], "next_after": 32}));
    }

    async fn one_viewer_gives_only_so_often_and_others_are_not_kept(db) {
        let server = serve(&db, "[superchat]\nsupports_per_minute = 3\n").await;
        let (ari, budi) = (rich(&server, 1, 100).await, rich(&server, 2, 100).await);
        let keys: Vec<String> = (0..8).map(|number| format!("k{number}")).collect();
        let answers = futures_util::future::join_all(keys.iter().map(|key| give(&ari, key, json!({"coins": 1})))).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 3);
        let refused = answers.iter().find(|answer| answer.status != 200).expect("one too many");
        is_refused(refused, 429, "superchat.too_often");
        let wait: u32 = refused.header("retry-after").parse().expect("seconds");
        assert!((1..=60).contains(&wait), "{wait}");
        assert_eq!(ari.coins().await, 97);
        given(&budi, "k0", json!({"coins": 1})).await;
        // What was taken is answered again and is no further one.
        let again = keys.iter().zip(&answers).find(|(_, answer)| answer.status == 200).expect("one");
        assert_eq!(given(&ari, again.0, json!({"coins": 1})).await, again.1.json());
    }

    async fn an_anonymous_name_never_leaves_the_server(db) {
        let server = serve(&db, "").await;
        let (ari, budi) = (rich(&server, 1, 100).await, rich(&server, 2, 100).await);
        let mut socket = sockets::listener(&server, None).await;
        given(&ari, "k1", json!({"coins": 20, "message": "rahasia", "anonymous": true})).await;
        given(&ari, "k2", json!({"coins": 20, "anonymous": true})).await;
        given(&budi, "k1", json!({"coins": 5, "anonymous": false})).await;
        let mut all = String::new();
        for what in ["superchats", "donations", "leaderboard", "milestones"] {
            all.push_str(&read(&server, what).await.to_string());
        }
        for _ in 0..3 {
            all.push_str(&socket.hear_that("milestone:update", SOON, |_| true).await.to_string());
        }
        let mut late = sockets::listener(&server, Some(0)).await;
        for kind in ["superchat:new", "donation:new", "donation:new"] {
            all.push_str(&late.hear_kind(kind, SOON).await.to_string());
        }
        all.push_str(&server.cli_ok(&["support", "list", "island-fight"]));
        for hers in ["Penonton 1", ari.id.as_str(), ari.phone.as_str()] {
            assert!(!all.contains(hers), "{hers} in {all}");
        }
        assert!(all.contains("Penonton 2") && all.contains("rahasia"), "{all}");
        assert_eq!(items(&server, "leaderboard").await, [json!({"name": "Penonton 2", "coins": 5})]);
    }

    async fn what_is_typed_stays_text_and_bad_words_are_stars(db) {
        let server = serve(&db, "").await;
        let ari = rich(&server, 1, 1_000).await;
        for (key, typed, shown) in [
            ("k1", "<script>alert(1)</script>", "<script>alert(1)</script>"),
            ("k2", "=HYPERLINK(\"x\")", "=HYPERLINK(\"x\")"),
            ("k3", "dasar 4nj1ng!\n\u{202e}lihat https://judi.test/x ya", "dasar ******! lihat ya"),
            ("k4", "مرحبا 👨‍👩‍👧", "مرحبا 👨‍👩‍👧"),
        ] {
            given(&ari, key, json!({"coins": 50, "message": typed})).await;
            let newest = read(&server, "superchats?limit=1").await;
            assert_eq!(newest["items"][0]["message"], shown);
        }
        let answer = http::get(&server.url("/api/v1/events/island-fight/superchats")).await;
        assert!(answer.header("content-type").starts_with("application/json"), "{}", answer.header("content-type"));
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        // One line for each on the terminal.
        assert_eq!(server.cli_ok(&["support", "list", "island-fight"]).trim().lines().count(), 4);
    }
}

#[tokio::test]
async fn a_page_that_cannot_be_is_refused() {
    let server = serve(&TestDatabase::sqlite(), "").await;
    for bad in ["after=-1", "after=x", "limit=0", "limit=101"] {
        let answer = http::get(&server.url(&format!("/api/v1/events/island-fight/superchats?{bad}"))).await;
        is_refused(&answer, 400, "web.bad_query");
    }
    for what in ["superchats", "donations", "milestones", "leaderboard"] {
        let answer = http::get(&server.url(&format!("/api/v1/events/hidden-night/{what}"))).await;
        is_refused(&answer, 404, "events.not_found");
    }
    assert_eq!(read(&server, "superchats?after=7&limit=100").await, json!({"items": [], "next_after": 0}));
}
