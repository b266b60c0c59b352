//! The event's overlay key, and what the broadcast says that it has shown.

use hyper::Method;
use serde_json::json;

use super::{SOON, given, is_refused, rich, serve};
use crate::harness::http::{self, Answer};
use crate::harness::server::TestServer;
use crate::harness::until;
use crate::harness::viewers::JSON;
use crate::postgres::on_both_databases;

async fn shown(server: &TestServer, slug: &str, key: &str, body: &str) -> Answer {
    let url = server.url(&format!("/api/v1/events/{slug}/overlay/shown"));
    http::send(Method::POST, &url, &[JSON, ("authorization", &format!("Bearer {key}"))], body.to_owned()).await
}

/// Makes a key; returns it once the running server knows it.
async fn new_key(server: &TestServer) -> String {
    let key = server.cli_ok(&["event", "overlay-key", "island-fight"]).trim().to_owned();
    until("the server knows the key", SOON, async || {
        let answer = shown(server, "island-fight", &key, r#"{"seq":0}"#).await;
        (answer.status == 422).then_some(())
    })
    .await;
    key
}

fn is_own(page: &Answer) -> bool {
    assert_eq!(page.status, 200);
    assert_eq!((page.header("referrer-policy"), page.header("cache-control")), ("no-referrer", "no-store"));
    page.text().contains(r#""own":true"#)
}

on_both_databases! {
    async fn the_holder_of_the_key_says_what_was_shown_and_nobody_else(db) {
        let server = serve(&db, "").await;
        let ari = rich(&server, 1, 1_000).await;
        for (key, said) in [("k1", "satu"), ("k2", "dua")] {
            given(&ari, key, json!({"coins": 50, "message": said})).await;
        }
        // Before there is one, no key is right.
        is_refused(&shown(&server, "island-fight", "", r#"{"seq":1}"#).await, 401, "superchat.not_the_overlay");
        assert!(server.cli_ok(&["event", "overlays", "island-fight"]).contains("no alert of island-fight"));

        let key = new_key(&server).await;
        assert!(key.len() >= 24 && key.chars().all(|letter| letter.is_ascii_alphanumeric()), "{key}");
        is_refused(&shown(&server, "island-fight", "guessed", r#"{"seq":1}"#).await, 401, "superchat.not_the_overlay");
        is_refused(&shown(&server, "nobody", &key, r#"{"seq":1}"#).await, 404, "events.not_found");
        is_refused(&shown(&server, "island-fight", &key, r#"{"seq":3}"#).await, 422, "superchat.no_such_number");
        is_refused(&shown(&server, "island-fight", &key, r#"{"sq":1}"#).await, 400, "web.bad_json");
        // Saying it again changes nothing.
        for _ in 0..2 {
            assert_eq!(shown(&server, "island-fight", &key, r#"{"seq":1}"#).await.status, 204);
        }
        let told = server.cli_ok(&["event", "overlays", "island-fight"]);
        assert!(told.contains("alerts of island-fight on the broadcast: 1, the last as number 1 at 20"), "{told}");
        let list = server.cli_ok(&["support", "list", "island-fight"]);
        let columns: Vec<Vec<&str>> = list.lines().map(|line| line.split('\t').collect()).collect();
        assert_eq!((columns[0][6], columns[0][7]), ("dua", "–"));
        assert!(columns[1][6] == "satu" && columns[1][7].starts_with("20"), "{list}");

        // Hidden before its report came: it was on the broadcast all the same.
        server.cli_ok(&["support", "hide", "island-fight", columns[0][0]]);
        assert_eq!(shown(&server, "island-fight", &key, r#"{"seq":2}"#).await.status, 204);
        assert!(server.cli_ok(&["event", "overlays", "island-fight"]).contains("on the broadcast: 2,"));
    }

    async fn a_new_key_ends_the_old_one_and_neither_is_written_anywhere(db) {
        let server = serve(&db, "").await;
        let ari = rich(&server, 1, 100).await;
        given(&ari, "k1", json!({"coins": 50, "message": "satu"})).await;
        let page = async |query: &str| http::get(&server.url(&format!("/overlay/superchats/island-fight{query}"))).await;
        assert!(!is_own(&page("").await) && !is_own(&page("?key=").await));
        let old = new_key(&server).await;
        assert!(is_own(&page(&format!("?sound=0&key={old}")).await));
        assert!(!is_own(&page(&format!("?key={old}x")).await));
        let new = new_key(&server).await;
        assert_ne!(old, new);
        is_refused(&shown(&server, "island-fight", &old, r#"{"seq":1}"#).await, 401, "superchat.not_the_overlay");
        assert_eq!(shown(&server, "island-fight", &new, r#"{"seq":1}"#).await.status, 204);
        // A page with the old key goes on showing.
        assert!(!is_own(&page(&format!("?key={old}")).await) && is_own(&page(&format!("?key={new}")).await));
        let mirror = std::fs::read_dir(server.data()).expect("the data folder");
        for file in mirror.filter_map(Result::ok).filter(|file| file.path().extension().is_some_and(|e| e == "json")) {
            let text = std::fs::read_to_string(file.path()).expect("a mirror");
            assert!(!text.contains(&old) && !text.contains(&new), "{}", file.path().display());
        }
        let log = server.log().join("\n");
        assert!(log.contains("serving") && !log.contains(&old) && !log.contains(&new), "a key stands in the log");
    }
}
