//! `bakuhantam orders`: what an operator finds out when somebody writes "I paid and didn't get my coins".

use serde_json::Value;

use crate::harness::viewers::Viewer;
use crate::postgres::on_both_databases;
use crate::selling::{COINS, NEVER, SellingServer};

on_both_databases! {
    async fn the_operator_finds_an_order_asks_after_it_and_sums_up(db) {
        let shop = SellingServer::open(&db, NEVER).await;
        let (ari, budi) = (Viewer::register(&shop.server, 1).await, Viewer::register(&shop.server, 2).await);
        let lost = shop.order(&ari, "k").await;
        let paid = shop.order(&budi, "k").await;
        shop.notice(&paid, "SUCCESS").await;
        shop.notice("INV-1", "SUCCESS").await;
        let cli = |arguments: &[&str]| shop.server.cli_ok(arguments);

        // By the number, however it is written.
        let listed: Value =
            serde_json::from_str(&cli(&["orders", "list", "--phone", "0812 0000-0001", "--json"])).expect("JSON");
        assert_eq!(listed.as_array().expect("a list").len(), 1);
        assert_eq!((listed[0]["invoice"].as_str(), listed[0]["status"].as_str()), (Some(&*lost), Some("pending")));
        assert!(cli(&["orders", "list", "--status", "paid"]).contains(&paid));
        assert!(!cli(&["orders", "list", "--status", "paid"]).contains(&lost));
        let nobody = shop.server.cli(&["orders", "list", "--phone", "081299999999"]);
        assert!(!nobody.status.success());
        assert!(String::from_utf8_lossy(&nobody.stderr).contains("no account has this number"));

        // It is not paid; then it is.
        assert!(cli(&["orders", "recheck", &lost]).contains("has not been paid"));
        shop.doku.tell(&lost, "SUCCESS");
        let beginning = lost[..lost.len() - 2].to_ascii_lowercase();
        let said = cli(&["orders", "recheck", &beginning]);
        assert!(said.contains("105 coins were credited now"), "{said}");
        assert_eq!(ari.coins().await, COINS);
        assert!(cli(&["orders", "recheck", &lost]).contains("was paid before"));
        let shown = cli(&["orders", "show", &lost]);
        assert!(shown.contains("check") && shown.contains("credited") && shown.contains(&ari.id), "{shown}");
        let several = shop.server.cli(&["orders", "show", "BH"]);
        assert!(String::from_utf8_lossy(&several.stderr).contains("several invoices"));

        let disputed = cli(&["orders", "list", "--disputed"]);
        assert!(disputed.contains("unknown_invoice") && disputed.contains("INV-1"), "{disputed}");
        let totals: Value = serde_json::from_str(&cli(&["orders", "totals", "--json"])).expect("JSON");
        let days = totals.as_array().expect("days");
        assert_eq!(days.len(), 7);
        let today = &days[6]["channels"];
        let sum: i64 =
            today.as_array().expect("channels").iter().map(|channel| channel["price_idr"].as_i64().expect("rupiah")).sum();
        assert_eq!(sum, 200_000, "{totals}");
        assert!(cli(&["orders", "totals"]).contains("2 orders"));
        let turned = shop.server.cli(&["orders", "totals", "--from", "2026-02-02", "--to", "2026-02-01"]);
        assert!(!turned.status.success());

        let audited = shop.store.read(|conn| bakuhantam::store::audit::list(conn, 10)).await.expect("the audit");
        let rechecks: Vec<_> = audited.iter().filter(|row| row.what == "orders.recheck").collect();
        assert_eq!(rechecks.len(), 3);
        assert!(rechecks.iter().all(|row| row.who == "cli"));
        let credited = rechecks.iter().find(|row| row.before != row.after).expect("the one that changed something");
        assert!(credited.after.as_deref().is_some_and(|after| after.contains("paid") && after.contains(&lost)));
    }
}
