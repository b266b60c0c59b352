//! Open, close, settle: the commands, what the room is told, and what `apply` leaves alone.

use bakuhantam::store::audit;

use super::*;
use crate::harness::socket::Socket;

fn refused(server: &TestServer, arguments: &[&str]) -> String {
    let output = server.cli(arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}");
    String::from_utf8(output.stderr).expect("UTF-8")
}

on_both_databases! {
    async fn a_poll_goes_forward_step_by_step_and_the_room_hears_of_each(db) {
        let server = serve(&db).await;
        let ari = with_coins(&server, 1, 100).await;
        let (mut socket, _) = Socket::join(&server, "poll-night").await;
        assert!(refused(&server, &["poll", "close", "poll-night", "later"]).contains("is draft, so it cannot be closed"));
        let said = server.cli_ok(&["poll", "open", "poll-night", "later"]);
        assert_eq!(said.trim(), "the poll later of poll-night is open");
        let of = |code: &'static str, status: &'static str| {
            move |frame: &Value| frame["data"]["code"] == code && frame["data"]["status"] == status
        };
        let frame = socket.hear_that("poll:update", SOON, of("later", "open")).await;
        assert_eq!(frame["data"]["options"][1]["label"], "B", "a frame has all of the poll: {frame}");
        let shown = poll_that(&server, "later", "it is shown", |poll| poll["status"] == "open").await;
        let told = frame["data"].as_object().expect("a poll").keys().collect::<Vec<_>>();
        assert_eq!(shown.as_object().expect("a poll").keys().collect::<Vec<_>>(), told);

        let booth = booth(&server, "later").await;
        is_taken(&booth.vote(&ari, 1, 2, "k1").await, (2, 98, 2, 98));
        let voted = |frame: &Value| frame["data"]["code"] == "later" && frame["data"]["options"][1]["votes"] == 2;
        socket.hear_that("poll:update", Duration::from_secs(2), voted).await;

        assert!(refused(&server, &["poll", "settle", "poll-night", "later"]).contains("is open, so it cannot be settled"));
        server.cli_ok(&["poll", "close", "poll-night", "later"]);
        socket.hear_that("poll:update", SOON, of("later", "closed")).await;
        is_refused(&booth.vote(&ari, 1, 2, "k2").await, 409, "polls.closed");
        let unknown = refused(&server, &["poll", "settle", "poll-night", "later", "--winner", "C"]);
        assert!(unknown.contains("write one of \"A\", \"B\", or its number"), "{unknown}");
        let said = server.cli_ok(&["poll", "settle", "poll-night", "later", "--winner", "2"]);
        assert_eq!(said.trim(), "the poll later of poll-night is settled: B");
        let frame = socket.hear_that("poll:update", SOON, of("later", "settled")).await;
        assert_eq!(frame["data"]["winner"], frame["data"]["options"][1]["id"]);
        assert_eq!(ari.coins().await, 98, "nothing is paid out");
        for verb in ["open", "close", "settle"] {
            let again = refused(&server, &["poll", verb, "poll-night", "later"]);
            assert!(again.contains("is settled, so it cannot be"), "{again}");
        }
        let rows = db.open().read(|conn| audit::list(conn, 100)).await.expect("rows");
        let written: Vec<&str> = rows.iter().map(|row| row.what.as_str()).filter(|what| what.starts_with("polls.")).collect();
        assert_eq!(written, ["polls.settle", "polls.close", "polls.open"]);
        books_balance(&server);
    }

    async fn what_is_not_there_or_not_on_is_said(db) {
        let server = serve(&db).await;
        assert!(refused(&server, &["poll", "open", "no-night", "later"]).contains("there is no event no-night"));
        assert!(refused(&server, &["poll", "open", "poll-night", "none"]).contains("poll-night has no poll none"));
        assert_eq!(server.cli(&["poll", "open", "Not A Slug", "later"]).status.code(), Some(2));
        // The end of an event closes what takes votes; results are told later.
        server.cli_ok(&["event", "end", "poll-night"]);
        poll_that(&server, "winner", "its polls are closed", |poll| poll["status"] == "closed").await;
        assert!(refused(&server, &["poll", "open", "poll-night", "later"]).contains("has ended"));
        let said = server.cli_ok(&["poll", "settle", "poll-night", "winner"]);
        assert_eq!(said.trim(), "the poll winner of poll-night is settled without a right answer");
        let settled = poll_that(&server, "winner", "it is settled", |poll| poll["status"] == "settled").await;
        assert_eq!(settled["winner"], Value::Null);
        server.cli_ok(&["poll", "settle", "poll-night", "round", "--winner", "1"]);
        let settled = poll_that(&server, "round", "it is settled", |poll| poll["status"] == "settled").await;
        assert_eq!(settled["winner"], settled["options"][0]["id"], "the words come before the number");
    }

    async fn answers_and_price_are_fixed_once_there_are_votes(db) {
        let server = serve(&db).await;
        let changed = NIGHTS.replace("\"Seri\"", "\"Imbang\"").replace("coins_per_vote = 5", "coins_per_vote = 10");
        let said = night::apply(&server, &changed);
        assert!(said.contains("polls[winner].options") && said.contains("polls[winner].coins_per_vote"), "{said}");
        let ari = with_coins(&server, 1, 100).await;
        let booth = booth(&server, "winner").await;
        is_taken(&booth.vote(&ari, 2, 20, "k1").await, (2, 8, 20, 80));
        let output = server.cli(&["apply", server.folder().join("night.toml").to_str().expect("UTF-8")]);
        assert!(output.status.success());
        let file = server.folder().join("back.toml");
        std::fs::write(&file, NIGHTS).expect("a file");
        let output = server.cli(&["apply", file.to_str().expect("UTF-8")]);
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(said.contains("poll winner keeps its answers: there are votes"), "{said}");
        assert!(said.contains("poll winner keeps its price: there are votes"), "{said}");
        is_taken(&booth.vote(&ari, 2, 10, "k2").await, (1, 7, 10, 70));
        books_balance(&server);
    }
}
