//! `coins grant`, beside a running server too.

use std::process::Output;

use bakuhantam::store::audit;

use super::books::{account, balance, verified};
use crate::harness::night;
use crate::harness::server::TestServer;
use crate::harness::viewers::Viewer;
use crate::postgres::on_both_databases;

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn refused(site: &TestServer, arguments: &[&str]) -> String {
    let output = site.cli(arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", out(&output));
    assert!(output.stdout.is_empty(), "{arguments:?}: {}", out(&output));
    String::from_utf8(output.stderr).expect("UTF-8")
}

fn grant<'a>(phone: &'a str, coins: &'a str, reference: &'a str) -> Vec<&'a str> {
    let mut arguments = vec!["coins", "grant", "--phone", phone, "--coins", coins, "--reason", "Ganti rugi"];
    if !reference.is_empty() {
        arguments.extend(["--reference", reference]);
    }
    arguments
}

on_both_databases! {
    async fn coins_are_granted_once_under_a_reference(db) {
        let site = TestServer::prepare(&db.overrides());
        let store = db.migrated();
        let (ari, budi) = (account(&store, 1).await, account(&store, 2).await);
        let first = site.cli_ok(&grant("0812 0000 0001", "1500", "ticket-7"));
        assert_eq!(first, "1.500 coins were granted under the reference ticket-7: the balance is 1.500 coins\n");
        let again = site.cli_ok(&grant("+62-812-0000-0001", "1500", "ticket-7"));
        assert_eq!(again, "1.500 coins were granted under the reference ticket-7 before: nothing was changed\n");
        for (phone, coins) in [("081200000001", "1501"), ("081200000002", "1500")] {
            let other = refused(&site, &grant(phone, coins, "ticket-7"));
            assert_eq!(
                other,
                "error: the reference ticket-7 was used for other coins or another viewer: give a --reference of its own\n"
            );
        }
        assert_eq!((balance(&store, &ari).await, balance(&store, &budi).await), (1_500, 0));

        let made = site.cli_ok(&grant("081200000002", "10", ""));
        let reference = made.split("reference ").nth(1).and_then(|rest| rest.split(':').next()).expect("a reference");
        assert!(site.cli_ok(&grant("081200000002", "10", reference)).contains("nothing was changed"), "{made}");
        site.cli_ok(&grant("081200000002", "10", ""));
        assert_eq!(balance(&store, &budi).await, 20, "without a reference each is one of its own");

        let taken = site.cli_ok(&grant("081200000001", "-500", "ticket-8"));
        assert_eq!(taken, "500 coins were taken under the reference ticket-8: the balance is 1.000 coins\n");
        let short = refused(&site, &grant("081200000001", "-1001", "ticket-9"));
        assert_eq!(short, "error: the balance is 1.000 coins, so 1.001 cannot be taken: take at most the balance\n");
        assert_eq!(balance(&store, &ari).await, 1_000);
        assert_eq!(verified(&store), []);

        let audited = store.read(|conn| audit::list(conn, 100)).await.expect("an audit");
        assert_eq!(audited.len(), 4, "what changed nothing is not audited: {audited:?}");
        assert!(audited.iter().all(|row| row.what == "ledger.grant" && row.who == "cli"), "{audited:?}");
        let after = audited.last().and_then(|row| row.after.as_deref()).expect("values");
        let after: serde_json::Value = after.parse().expect("JSON");
        assert_eq!(after["coins"], 1_500);
        assert_eq!((&after["reference"], &after["reason"]), (&"ticket-7".into(), &"Ganti rugi".into()));
        assert_eq!(after["account"], ari.as_str());
    }

    async fn what_cannot_be_granted_is_told_in_a_sentence(db) {
        let site = TestServer::prepare(&db.overrides());
        let early = refused(&site, &grant("081200000001", "1", ""));
        assert!(early.contains("bakuhantam migrate up"), "{early}");
        let store = db.migrated();
        let ari = account(&store, 1).await;
        for (phone, coins, reference, said) in [
            ("081200000009", "1", "", "no account has this number"),
            ("021555", "1", "", "--phone: the number is no mobile number"),
            ("081200000001", "0", "", "0 coins cannot be granted"),
            ("081200000001", "9000000000000000", "", "cannot be granted"),
            ("081200000001", "1", "with blank", "a reference is 1 to 64"),
        ] {
            let told = refused(&site, &grant(phone, coins, reference));
            assert!(told.contains(said), "{told}");
        }
        let no_reason = refused(&site, &["coins", "grant", "--phone", "081200000001", "--coins", "1", "--reason", " "]);
        assert!(no_reason.contains("a reason is one line"), "{no_reason}");
        assert_eq!(site.cli(&["coins", "grant", "--phone", "081200000001", "--coins", "1"]).status.code(), Some(2));
        site.cli_ok(&grant("081200000001", "1", ""));
        assert_eq!(balance(&store, &ari).await, 1);
    }
}

#[tokio::test]
async fn a_running_server_shows_granted_coins() {
    let server = night::serve("").await;
    let ari = Viewer::register(&server, 1).await;
    assert_eq!(ari.coins().await, 0);
    server.cli_ok(&grant(&ari.phone, "250", "welcome"));
    assert_eq!(ari.coins().await, 250);
    assert!(server.cli_ok(&["ledger", "verify"]).starts_with("the books are right: 1 rows of 1 accounts"));
}
