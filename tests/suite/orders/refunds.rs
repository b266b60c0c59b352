//! Money the provider gave back: what is left of its coins is taken, and somebody has to look at it.

use bakuhantam::clock::{Clock as _, SystemClock};
use bakuhantam::ids::{RowId, SystemRandom};
use bakuhantam::ledger::{self, Kind, LedgerError, Posting};
use bakuhantam::money::Coins;
use serde_json::json;

use crate::harness::doku::notice::{Notice, Shape};
use crate::harness::viewers::Viewer;
use crate::postgres::on_both_databases;
use crate::selling::{COINS, NEVER, PRICE, SellingServer};

/// Spends coins, as an unlock would.
async fn spend(shop: &SellingServer, viewer: &Viewer, coins: i64) {
    let at = SystemClock.now();
    let posting = Posting {
        id: RowId::new(at, &SystemRandom::default()),
        account: viewer.id.parse().expect("an id"),
        kind: Kind::Grant,
        coins: Coins(-coins),
        reference: RowId::new(at, &SystemRandom::default()).to_string(),
        note: None,
        at,
    };
    let posted = shop.store.write(move |conn| ledger::post(conn, &posting).map(|_| ()));
    posted.await.map_err(|error: LedgerError| error.to_string()).expect("coins");
}

on_both_databases! {
    async fn a_refund_takes_what_is_left_and_never_more(db) {
        let shop = SellingServer::open(&db, NEVER).await;
        for (number, spent) in [(1, 0), (2, 60), (3, COINS)] {
            let ari = Viewer::register(&shop.server, number).await;
            let invoice = shop.order(&ari, "k").await;
            shop.notice(&invoice, "SUCCESS").await;
            if spent > 0 {
                spend(&shop, &ari, spent).await;
            }
            assert_eq!(shop.notice(&invoice, "REFUNDED").await, (200, json!(false)));
            let order = shop.find(&invoice).await;
            assert_eq!((order.status.as_str(), order.reversed_coins.0), ("paid", COINS - spent));
            assert!(order.refunded_at.is_some());
            assert_eq!(ari.coins().await, 0);
            // Whatever is said of it afterwards moves nothing.
            for word in ["REFUNDED", "SUCCESS", "FAILED", "SUCCESS", "REFUNDED"] {
                assert_eq!(shop.notice(&invoice, word).await.0, 200);
            }
            assert_eq!(ari.coins().await, 0, "after a refund nothing is credited twice");
            let booked = shop.booked(&ari).await;
            let reversal = booked.iter().find(|entry| entry.0 == "reversal").map(|entry| entry.1);
            assert_eq!(reversal, (spent < COINS).then_some(spent - COINS), "{booked:?}");
            let inbox = shop.inbox(&invoice).await;
            let disputed: Vec<&str> =
                inbox.iter().filter(|notice| notice.disputed).map(|notice| notice.verdict.as_str()).collect();
            assert_eq!(disputed, ["refunded"], "it is shown once");
        }
        shop.books_are_clean();
    }

    async fn a_refund_that_is_told_again_stays_for_somebody_to_look_at(db) {
        let shop = SellingServer::open(&db, NEVER).await;
        let (ari, budi) = (Viewer::register(&shop.server, 1).await, Viewer::register(&shop.server, 2).await);
        let (paid, unpaid) = (shop.order(&ari, "k").await, shop.order(&budi, "k").await);
        shop.notice(&paid, "SUCCESS").await;
        for (invoice, verdict) in [(&paid, "refunded"), (&unpaid, "noted")] {
            let refund = Notice::of(Shape::Qris, invoice, PRICE, "REFUNDED");
            assert_eq!(shop.send(&refund).await, (200, json!(false)));
            assert_eq!(shop.send(&refund).await, (200, json!(true)), "the provider did not hear us and says it again");
            let inbox = shop.inbox(invoice).await;
            let told = inbox.last().expect("the refund");
            assert_eq!((told.times, told.verdict.as_str(), told.disputed), (2, verdict, true));
        }
        assert_eq!(ari.coins().await, 0);
    }

    async fn a_refund_that_is_told_too_late_is_looked_at_and_done_by_asking(db) {
        let shop = SellingServer::open(&db, NEVER).await;
        let ari = Viewer::register(&shop.server, 1).await;
        let invoice = shop.order(&ari, "k").await;
        shop.notice(&invoice, "SUCCESS").await;
        shop.doku.tell(&invoice, "REFUNDED");
        let late = Notice::of(Shape::Qris, &invoice, PRICE, "REFUNDED").at_ms(-24 * 60 * 60 * 1_000);
        assert_eq!(late.send(&shop.hook()).await.status, 400);
        let stale = shop.inbox(&invoice).await.into_iter().find(|notice| notice.verdict.as_str() == "stale");
        assert!(stale.expect("the notice").disputed, "money went back, whatever comes of asking");
        shop.order_that(&invoice, "the coins are taken", |order| order.refunded_at.is_some()).await;
        assert_eq!(ari.coins().await, 0);
        shop.books_are_clean();
    }

    async fn a_refund_takes_the_orders_coins_and_leaves_the_rest(db) {
        let shop = SellingServer::open(&db, NEVER).await;
        let ari = Viewer::register(&shop.server, 1).await;
        let (first, second) = (shop.order(&ari, "k1").await, shop.order(&ari, "k2").await);
        shop.notice(&first, "SUCCESS").await;
        shop.notice(&second, "SUCCESS").await;
        shop.notice(&first, "REFUNDED").await;
        assert_eq!(ari.coins().await, COINS);
        assert_eq!(shop.find(&second).await.refunded_at, None);
    }

    async fn a_refund_that_is_heard_before_the_payment_ends_the_same(db) {
        let shop = SellingServer::open(&db, NEVER).await;
        let ari = Viewer::register(&shop.server, 1).await;
        let invoice = shop.order(&ari, "k").await;
        assert_eq!(shop.notice(&invoice, "REFUNDED").await.0, 200);
        assert_eq!((shop.verdicts(&invoice).await, shop.booked(&ari).await), (vec!["noted".to_owned()], vec![]));
        assert_eq!(shop.notice(&invoice, "SUCCESS").await.0, 200);
        let order = shop.find(&invoice).await;
        assert_eq!((order.status.as_str(), order.reversed_coins.0), ("paid", COINS));
        let booked: Vec<(String, i64)> =
            shop.booked(&ari).await.into_iter().map(|(kind, coins, _)| (kind, coins)).collect();
        assert_eq!(booked, [("purchase".to_owned(), COINS), ("reversal".to_owned(), -COINS)]);
        assert!(shop.inbox(&invoice).await.iter().all(|notice| notice.disputed), "somebody looks at both");
        assert_eq!(ari.coins().await, 0);
        shop.books_are_clean();
    }

    async fn a_refund_of_another_amount_takes_nothing(db) {
        let shop = SellingServer::open(&db, NEVER).await;
        let ari = Viewer::register(&shop.server, 1).await;
        let invoice = shop.order(&ari, "k").await;
        shop.notice(&invoice, "SUCCESS").await;
        let partial = Notice::of(Shape::Card, &invoice, PRICE / 2, "REFUNDED");
        assert_eq!(shop.send(&partial).await.0, 200);
        assert_eq!(shop.verdicts(&invoice).await, ["credited", "wrong_amount"]);
        assert_eq!(ari.coins().await, COINS);
    }
}
