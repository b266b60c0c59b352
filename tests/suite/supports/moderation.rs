//! Held, approved, hidden, shown again: by the command, beside a running server.

use std::cell::RefCell;

use bakuhantam::ledger;
use bakuhantam::store::{Store, StoreError};
use diesel::connection::SimpleConnection as _;
use serde_json::{Value, json};

use super::sockets::listener;
use super::{SOON, given, items, read, rich, serve};
use crate::harness::server::TestServer;
use crate::ledger::books::raw;
use crate::postgres::on_both_databases;

/// The ids and states that `support list` prints, newest first.
fn listed(server: &TestServer, more: &[&str]) -> Vec<(String, String)> {
    let arguments: Vec<&str> = ["support", "list", "island-fight"].iter().chain(more).copied().collect();
    let told = server.cli_ok(&arguments);
    let lines = told.lines().filter(|line| line.contains('\t')).map(|line| {
        let columns: Vec<&str> = line.split('\t').collect();
        (columns[0].to_owned(), columns[2].to_owned())
    });
    lines.collect()
}

fn refused(server: &TestServer, arguments: &[&str]) -> String {
    let output = server.cli(arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}");
    String::from_utf8(output.stderr).expect("UTF-8")
}

/// What the audit says was done, oldest first.
fn audited(server: &TestServer) -> Vec<String> {
    let loaded = bakuhantam::config::load(Some(&server.config())).expect("a configuration");
    let store = bakuhantam::store::Store::open(&loaded.config.database).expect("a store");
    let rows = store.read_now(&|conn| bakuhantam::store::audit::list(conn, 100)).expect("the audit");
    rows.into_iter().rev().map(|row| row.what).filter(|what| what.starts_with("superchat.")).collect()
}

/// Plants something; what the books then say.
async fn drifts(store: &Store, sql: &'static str) -> Vec<String> {
    let planted = store.write(move |conn| Ok::<_, StoreError>(conn.batch_execute(sql)?));
    planted.await.expect("planted");
    let found = RefCell::new(Vec::new());
    store
        .read_now(&|conn| ledger::verify(conn, &mut |drift| found.borrow_mut().push(drift.to_string())))
        .expect("the books can be read");
    found.into_inner()
}

on_both_databases! {
    async fn what_is_held_is_public_only_when_it_is_approved_and_gone_when_it_is_hidden(db) {
        let server = serve(&db, "").await;
        let ari = rich(&server, 1, 1_000).await;
        let mut socket = listener(&server, None).await;
        let said = server.cli_ok(&["support", "hold", "island-fight", "on"]);
        assert!(said.contains("wait for an approval"), "{said}");
        assert!(refused(&server, &["support", "hold", "island-fight", "on"]).contains("already"));
        let held = given(&ari, "k1", json!({"coins": 50, "message": "tunggu"})).await;
        assert_eq!(held, json!({"seq": null, "kind": "superchat", "balance": 950, "held": true}));
        // Its coins count, its words are nowhere.
        assert_eq!(socket.hear_kind("milestone:update", SOON).await["data"]["total_coins"], 50);
        assert_eq!(read(&server, "milestones").await["total_coins"], 50);
        assert!(items(&server, "superchats").await.is_empty() && items(&server, "leaderboard").await.is_empty());
        // Nothing of it is anybody's words.
        let nameless = given(&ari, "k2", json!({"coins": 5, "anonymous": true})).await;
        assert_eq!((&nameless["held"], &nameless["seq"]), (&json!(false), &json!(1)));
        assert_eq!(socket.hear_kind("donation:new", SOON).await["seq"], 1);

        let waiting = listed(&server, &["--state", "held"]);
        assert_eq!(waiting.len(), 1);
        let id = waiting[0].0.as_str();
        assert!(refused(&server, &["support", "show", "island-fight", id]).contains("is held and cannot be shown again"));
        assert!(server.cli_ok(&["support", "approve", "island-fight", id]).contains("shown as number 2"));
        let told = socket.hear_kind("superchat:new", SOON).await;
        assert_eq!((&told["seq"], &told["data"]["message"], &told["data"]["id"]), (&json!(2), &json!("tunggu"), &json!(id)));
        assert!(refused(&server, &["support", "approve", "island-fight", id]).contains("is shown and cannot be approved"));

        assert!(server.cli_ok(&["support", "hide", "island-fight", id]).contains("hidden as number 3"));
        let told = socket.hear_kind("superchat:hidden", SOON).await;
        assert_eq!((&told["seq"], &told["data"]), (&json!(3), &json!({"id": id})));
        for after in [0, 1, 2] {
            let page = read(&server, &format!("superchats?after={after}")).await;
            assert_eq!(page, json!({"items": [{"seq": 3, "id": id, "hidden": true}], "next_after": 3}));
            // Whoever comes back is told to forget it, and never its text.
            let mut back = listener(&server, Some(after)).await;
            let frame = back.hear_kind("superchat:hidden", SOON).await;
            assert_eq!((&frame["seq"], &frame["data"]), (&json!(3), &json!({"id": id})));
        }
        assert!(items(&server, "leaderboard").await.is_empty());
        assert_eq!(ari.coins().await, 945, "coins are not touched");

        assert!(server.cli_ok(&["support", "show", "island-fight", id]).contains("shown as number 4"));
        assert_eq!(socket.hear_kind("superchat:new", SOON).await["seq"], 4);
        let again = read(&server, "superchats?after=3").await;
        assert_eq!((&again["items"][0]["seq"], &again["items"][0]["message"]), (&json!(4), &json!("tunggu")));
        assert_eq!(items(&server, "leaderboard").await, [json!({"name": "Penonton 1", "coins": 50})]);

        server.cli_ok(&["support", "hold", "island-fight", "off"]);
        let at_once = given(&ari, "k3", json!({"coins": 20, "message": "langsung"})).await;
        assert_eq!((&at_once["held"], &at_once["seq"]), (&json!(false), &json!(5)));
        let done = ["hold", "approve", "hide", "show", "hold"].map(|verb| format!("superchat.{verb}"));
        assert_eq!(audited(&server), done);
        server.cli_ok(&["ledger", "verify"]);
    }

    async fn what_is_denied_was_never_public_and_can_be_shown_after_all(db) {
        let server = serve(&db, "").await;
        let ari = rich(&server, 1, 1_000).await;
        server.cli_ok(&["support", "hold", "island-fight", "on"]);
        given(&ari, "k1", json!({"coins": 50, "message": "ditolak"})).await;
        let id = listed(&server, &[])[0].0.clone();
        assert!(server.cli_ok(&["support", "hide", "island-fight", &id]).contains("was never shown"));
        assert_eq!(listed(&server, &[])[0].1, "denied");
        assert_eq!(read(&server, "superchats?after=0").await, json!({"items": [], "next_after": 0}));
        assert!(refused(&server, &["support", "hide", "island-fight", &id]).contains("is denied and cannot be hidden"));
        assert!(refused(&server, &["support", "approve", "island-fight", &id]).contains("is denied"));
        server.cli_ok(&["support", "show", "island-fight", &id]);
        assert_eq!(read(&server, "superchats?after=0").await["items"][0]["seq"], 1);
        assert_eq!(ari.coins().await, 950);
        assert!(refused(&server, &["support", "hide", "second-night", &id]).contains("has no support"));
        assert!(refused(&server, &["support", "hide", "nobody", &id]).contains("there is no event nobody"));
        assert_eq!(server.cli(&["support", "hide", "island-fight", "x"]).status.code(), Some(2));
    }

    async fn what_was_given_cannot_be_changed_and_a_drift_is_found(db) {
        let server = serve(&db, "").await;
        let ari = rich(&server, 1, 1_000).await;
        given(&ari, "k1", json!({"coins": 50, "message": "tetap"})).await;
        let mut conn = raw(&db);
        for sql in [
            "UPDATE supports SET coins = 49",
            "UPDATE supports SET message = 'lain'",
            "UPDATE supports SET account_id = account_id",
            "DELETE FROM supports",
        ] {
            let refused = conn.batch_execute(sql).expect_err(sql).to_string();
            assert!(refused.contains("what was given stays as it is"), "{sql}: {refused}");
        }
        server.cli_ok(&["ledger", "verify"]);
        // One that nobody paid for is told, and so is one that is gone.
        let store = db.open();
        let planted = drifts(
            &store,
            "INSERT INTO supports (id, event_id, account_id, kind, coins, anonymous, state, seq, at) \
             SELECT '01J00000000000000000000GVEN', event_id, account_id, 'donation', 7, TRUE, 'shown', 99, 1 FROM supports",
        )
        .await;
        assert_eq!(planted.len(), 1, "{planted:?}");
        assert!(planted[0].contains("support") && planted[0].contains("01J00000000000000000000GVEN"), "{planted:?}");
        let gone = match db.file() {
            Some(_) => "DROP TRIGGER supports_no_delete; DELETE FROM supports",
            None => "DROP TRIGGER supports_no_delete ON supports; DELETE FROM supports",
        };
        let unfounded = drifts(&store, gone).await;
        assert_eq!(unfounded.len(), 1, "{unfounded:?}");
        // Put right, since the books are looked at when the server is gone.
        drifts(
            &store,
            "INSERT INTO supports (id, event_id, account_id, kind, coins, anonymous, state, seq, at) \
             SELECT l.reference_id, e.id, l.account_id, 'donation', -l.coins, TRUE, 'shown', 1, 1 \
             FROM coin_ledger AS l, events AS e WHERE l.type = 'support' AND e.slug = 'island-fight'",
        )
        .await;
        server.cli_ok(&["ledger", "verify"]);
    }
}

#[test]
fn states_are_words() {
    let words: Vec<Value> = bakuhantam::superchat::State::ALL.iter().map(|state| json!(state)).collect();
    assert_eq!(words, [json!("held"), json!("shown"), json!("hidden"), json!("denied")]);
}
