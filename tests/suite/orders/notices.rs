//! Notices: stored before they are answered, and credited once, whatever comes in whatever order.

use bakuhantam::payments::NoticeFilter;
use serde_json::json;

use crate::harness::doku::notice::{Notice, Shape, body as body_of};
use crate::harness::viewers::Viewer;
use crate::postgres::on_both_databases;
use crate::selling::{COINS, NEVER, PRICE, SellingServer};

/// Words in the order they come, the verdicts they get, and how the order stands afterwards.
const SEQUENCES: &[(&[&str], &[&str], &str, i64)] = &[
    (&["SUCCESS"], &["credited"], "paid", COINS),
    (&["SUCCESS", "SUCCESS"], &["credited", "already_paid"], "paid", COINS),
    (&["SUCCESS", "FAILED"], &["credited", "noted"], "paid", COINS),
    (&["SUCCESS", "EXPIRED"], &["credited", "noted"], "paid", COINS),
    (&["SUCCESS", "PENDING"], &["credited", "noted"], "paid", COINS),
    (&["FAILED"], &["noted"], "pending", 0),
    (&["FAILED", "SUCCESS"], &["noted", "credited"], "paid", COINS),
    (&["PENDING", "FAILED", "FAILED", "SUCCESS"], &["noted", "noted", "noted", "credited"], "paid", COINS),
    (&["EXPIRED"], &["noted"], "expired", 0),
    (&["EXPIRED", "SUCCESS"], &["noted", "credited_late"], "paid", COINS),
    (&["EXPIRED", "FAILED", "SUCCESS", "EXPIRED"], &["noted", "noted", "credited_late", "noted"], "paid", COINS),
    (&["TIMEOUT", "REDIRECT", "SUCCESS"], &["noted", "noted", "credited"], "paid", COINS),
    (&["SOMETHING_NEW"], &["noted"], "pending", 0),
    (&["SOMETHING_NEW", "SUCCESS"], &["noted", "credited"], "paid", COINS),
];

on_both_databases! {
    async fn every_order_of_words_ends_as_it_should(db) {
        let shop = SellingServer::open(&db, NEVER).await;
        for (number, (words, verdicts, status, coins)) in (1..).zip(SEQUENCES) {
            let ari = Viewer::register(&shop.server, number).await;
            let invoice = shop.order(&ari, "k").await;
            for word in *words {
                assert_eq!(shop.notice(&invoice, word).await.0, 200, "{words:?}");
            }
            assert_eq!(shop.verdicts(&invoice).await, *verdicts, "{words:?}");
            let order = shop.find(&invoice).await;
            assert_eq!(order.status.as_str(), *status, "{words:?}");
            assert_eq!(order.paid_late, verdicts.contains(&"credited_late"), "{words:?}");
            assert_eq!(ari.coins().await, *coins, "{words:?}");
            let purchase = (*coins > 0).then(|| ("purchase".to_owned(), COINS, invoice.clone()));
            assert_eq!(shop.booked(&ari).await, purchase.into_iter().collect::<Vec<_>>(), "{words:?}");
        }
        let disputed = shop.notices(NoticeFilter { disputed: true, invoice: None }).await;
        assert_eq!(disputed.len(), 2, "a word nobody knows wants looking at: {disputed:?}");
        shop.books_are_clean();
    }

    async fn the_same_notice_again_is_counted_and_credits_once(db) {
        let shop = SellingServer::open(&db, NEVER).await;
        let ari = Viewer::register(&shop.server, 1).await;
        let invoice = shop.order(&ari, "k").await;
        let notice = Notice::of(Shape::Qris, &invoice, PRICE, "SUCCESS");
        assert_eq!(shop.send(&notice).await, (200, json!(false)));
        for _ in 0..3 {
            assert_eq!(shop.send(&notice).await, (200, json!(true)));
        }
        let inbox = shop.inbox(&invoice).await;
        assert_eq!(inbox.len(), 1);
        assert_eq!((inbox[0].times, inbox[0].verdict.as_str()), (4, "credited"));
        assert!(inbox[0].again_at.is_some());
        assert_eq!(ari.coins().await, COINS);
        let order = shop.find(&invoice).await;
        assert_eq!(order.channel.as_deref(), Some("QRIS_DOKU"));
        let told = ari.get(&format!("/api/v1/coin-orders/{invoice}")).await.json();
        assert_eq!((&told["status"], &told["channel"]), (&json!("paid"), &json!("QRIS_DOKU")));
        assert!(!told["paid_at"].is_null());
    }

    async fn failed_and_success_under_one_request_id_are_two_notices(db) {
        let shop = SellingServer::open(&db, NEVER).await;
        let ari = Viewer::register(&shop.server, 1).await;
        let invoice = shop.order(&ari, "k").await;
        let failed = Notice::of(Shape::Dana, &invoice, PRICE, "FAILED");
        let mut success = Notice::of(Shape::Dana, &invoice, PRICE, "SUCCESS");
        success.request_id.clone_from(&failed.request_id);
        assert_eq!(shop.send(&failed).await, (200, json!(false)));
        assert_eq!(shop.send(&success).await, (200, json!(false)));
        assert_eq!(shop.verdicts(&invoice).await, ["noted", "credited"]);
        assert_eq!(ari.coins().await, COINS);
    }

    async fn an_order_paid_again_by_another_channel_credits_once_and_is_looked_at(db) {
        let shop = SellingServer::open(&db, NEVER).await;
        let ari = Viewer::register(&shop.server, 1).await;
        let invoice = shop.order(&ari, "k").await;
        assert_eq!(shop.notice(&invoice, "SUCCESS").await, (200, json!(false)));
        // The same payment in the other spelling of its channel, and without one.
        for shape in [Shape::QrisPlain, Shape::Bare] {
            assert_eq!(shop.send(&Notice::of(shape, &invoice, PRICE, "SUCCESS")).await, (200, json!(true)), "{shape:?}");
        }
        // The payer had a virtual account open beside it, and paid that too: this money has bought nothing.
        let second = Notice::of(Shape::VirtualAccount, &invoice, PRICE, "SUCCESS");
        for _ in 0..2 {
            assert_eq!(shop.send(&second).await, (200, json!(true)), "it changes no coins");
        }
        assert_eq!(ari.coins().await, COINS);
        let disputed = shop.notices(NoticeFilter { disputed: true, invoice: None }).await;
        let told: Vec<_> = disputed.iter().map(|notice| (notice.verdict.as_str(), notice.channel.as_deref())).collect();
        assert_eq!(told, [("already_paid", Some("VIRTUAL_ACCOUNT_BCA"))]);
        assert_eq!(shop.find(&invoice).await.channel.as_deref(), Some("QRIS_DOKU"), "the payment that bought it");
        shop.books_are_clean();
    }

    async fn a_late_notice_of_a_closed_or_unknown_order_is_looked_at(db) {
        let mut shop = SellingServer::open(&db, NEVER).await;
        shop.server.allow("does not say how an order stands");
        let ari = Viewer::register(&shop.server, 1).await;
        let (closed, open) = (shop.order(&ari, "k1").await, shop.order(&ari, "k2").await);
        shop.notice(&closed, "EXPIRED").await;
        let unknown = "BH01J00000000000000000000000";
        for (invoice, looked_at) in [(closed.as_str(), true), (open.as_str(), false), (unknown, true)] {
            let late = Notice::of(Shape::Qris, invoice, PRICE, "SUCCESS").at_ms(-24 * 60 * 60 * 1_000);
            assert_eq!(late.send(&shop.hook()).await.status, 400);
            let inbox = shop.inbox(invoice).await;
            let told = inbox.last().expect("the notice");
            assert_eq!((told.verdict.as_str(), told.disputed), ("stale", looked_at), "{invoice}");
        }
        assert_eq!(ari.coins().await, 0);
    }

    async fn twenty_at_once_credit_once(db) {
        let shop = SellingServer::open(&db, NEVER).await;
        let ari = Viewer::register(&shop.server, 1).await;
        let invoice = shop.order(&ari, "k").await;
        // Half of them the same one, half with Request-Ids of their own.
        let one = Notice::of(Shape::Qris, &invoice, PRICE, "SUCCESS");
        let notices: Vec<Notice> = (0..20)
            .map(|number| if number % 2 == 0 { one.clone() } else { Notice::of(Shape::Qris, &invoice, PRICE, "SUCCESS") })
            .collect();
        let answers = futures_util::future::join_all(notices.iter().map(|notice| shop.send(notice))).await;
        assert!(answers.iter().all(|(status, _)| *status == 200), "{answers:?}");
        assert_eq!(answers.iter().filter(|(_, idempotent)| *idempotent == json!(false)).count(), 1, "{answers:?}");
        assert_eq!(ari.coins().await, COINS);
        let inbox = shop.inbox(&invoice).await;
        assert_eq!(inbox.len(), 11);
        assert_eq!(inbox.iter().map(|notice| notice.times).sum::<i64>(), 20);
        assert_eq!(inbox.iter().filter(|notice| notice.verdict.as_str() == "credited").count(), 1);
        shop.books_are_clean();
    }

    async fn a_forged_notice_leaves_nothing(db) {
        let shop = SellingServer::open(&db, NEVER).await;
        let ari = Viewer::register(&shop.server, 1).await;
        let invoice = shop.order(&ari, "k").await;
        let good = Notice::of(Shape::Qris, &invoice, PRICE, "SUCCESS");
        let forged = Notice { client_id: "BRN-0000-0".into(), ..good.clone() };
        assert_eq!(shop.send(&forged).await.0, 401);
        let mut changed = good.clone();
        let signature = good.signature();
        changed.body = body_of(Shape::Qris, &invoice, &json!(PRICE + 1), "SUCCESS").to_string().into();
        assert_eq!(changed.send_with(&shop.hook(), &signature).await.status, 401);
        assert_eq!(good.send_with(&shop.hook(), "").await.status, 401);
        assert!(shop.notices(NoticeFilter::default()).await.is_empty());
        assert_eq!(shop.metric("bakuhantam_payment_notices_total{verdict=\"not_ours\",source=\"hook\"}").await, 3);
        assert_eq!(ari.coins().await, 0);
        assert_eq!(shop.send(&good).await.0, 200);
        assert_eq!(ari.coins().await, COINS);
    }

    async fn what_does_not_fit_the_order_is_kept_and_credits_nothing(db) {
        let shop = SellingServer::open(&db, NEVER).await;
        let ari = Viewer::register(&shop.server, 1).await;
        let invoice = shop.order(&ari, "k").await;
        let amount = |amount: serde_json::Value| Notice::new(body_of(Shape::Qris, &invoice, &amount, "SUCCESS").to_string());
        for wrong in [json!(PRICE - 1), json!(PRICE * 10), json!("99999.99"), json!(null), json!(-PRICE)] {
            let answer = shop.send(&amount(wrong.clone())).await;
            assert_eq!(answer.0, 200, "{wrong}");
        }
        let mut foreign = body_of(Shape::Qris, &invoice, &json!(PRICE), "SUCCESS");
        foreign["order"]["currency"] = json!("USD");
        assert_eq!(shop.send(&Notice::new(foreign.to_string())).await.0, 200);
        let verdicts = shop.verdicts(&invoice).await;
        assert!(verdicts.len() == 6 && verdicts.iter().all(|verdict| verdict == "wrong_amount"), "{verdicts:?}");
        assert_eq!(shop.find(&invoice).await.status.as_str(), "pending");

        let unknown = "BH01J00000000000000000000000";
        assert_eq!(shop.notice(unknown, "SUCCESS").await.0, 200);
        assert_eq!(shop.notice("INV-1", "SUCCESS").await.0, 200);
        assert_eq!(shop.verdicts(unknown).await, ["unknown_invoice"]);
        assert_eq!(shop.verdicts("INV-1").await, ["unknown_invoice"]);
        // Somebody else's order, made while another gateway was in use.
        let other = shop.order(&ari, "k2").await;
        shop.sql(&format!("UPDATE coin_orders SET gateway = 'sandbox' WHERE invoice = '{other}'")).await;
        assert_eq!(shop.notice(&other, "SUCCESS").await.0, 200);
        assert_eq!(shop.verdicts(&other).await, ["wrong_gateway"]);

        assert_eq!(shop.booked(&ari).await, []);
        let disputed = shop.notices(NoticeFilter { disputed: true, invoice: None }).await;
        assert_eq!(disputed.len(), 9);
        let told = shop.server.cli_ok(&["orders", "list", "--disputed"]);
        assert_eq!(told.lines().count(), 9, "{told}");
        assert_eq!(shop.metric("bakuhantam_payment_disputes_total{verdict=\"wrong_amount\"}").await, 6);
        let log = shop.server.log().join("\n");
        assert!(!log.contains("93600000000000") && !log.contains(&ari.phone), "bodies and phones stay out of the log");

        // The twins: the amount as the order has it, in each way of writing it.
        let twin = amount(json!(format!("{PRICE}.00")));
        assert_eq!(shop.send(&twin).await, (200, json!(false)));
        assert_eq!(ari.coins().await, COINS);
    }

    async fn what_cannot_be_read_is_kept_as_it_came(db) {
        let shop = SellingServer::open(&db, NEVER).await;
        let ari = Viewer::register(&shop.server, 1).await;
        let invoice = shop.order(&ari, "k").await;
        let strange: [&[u8]; 6] = [
            b"",
            b"not json",
            b"{\"order\":1}",
            b"\xff\xfe\x00binary",
            b"{\"order\":{}}\x00",
            br#"{"order":{"invoice_number":"\u0000\u0007BH","amount":1},"transaction":{"status":"SUCC\u0000ESS"}}"#,
        ];
        for text in strange {
            assert_eq!(shop.send(&Notice::new(text.to_vec())).await.0, 200, "{:?}", String::from_utf8_lossy(text));
        }
        let kept = shop.notices(NoticeFilter { disputed: true, invoice: None }).await;
        assert_eq!(kept.len(), 6, "{kept:?}");
        // Unknown fields are no reason not to read it.
        let mut rich = body_of(Shape::Unheard, &invoice, &json!(PRICE), "SUCCESS");
        rich["order"]["new_field"] = json!({"deep": [1, {"x": null}]});
        assert_eq!(shop.send(&Notice::new(rich.to_string())).await, (200, json!(false)));
        assert_eq!(ari.coins().await, COINS);
    }

    async fn a_stale_notice_makes_us_ask_and_is_credited_by_the_answer(db) {
        let shop = SellingServer::open(&db, NEVER).await;
        let (ari, budi) = (Viewer::register(&shop.server, 1).await, Viewer::register(&shop.server, 2).await);
        let (paid, not_paid) = (shop.order(&ari, "k").await, shop.order(&budi, "k").await);
        shop.doku.tell(&paid, "SUCCESS");
        shop.doku.tell(&not_paid, "PENDING");
        let day = 24 * 60 * 60 * 1_000;
        let late = Notice::of(Shape::Qris, &paid, PRICE, "SUCCESS").at_ms(-day);
        let replayed = Notice::of(Shape::Qris, &not_paid, PRICE, "SUCCESS").at_ms(-day);
        assert_eq!(late.send(&shop.hook()).await.status, 400);
        assert_eq!(replayed.send(&shop.hook()).await.status, 400);
        shop.order_that(&paid, "the order is paid by what DOKU answered", |order| order.status.as_str() == "paid").await;
        assert_eq!(shop.verdicts(&paid).await, ["stale", "credited"]);
        assert_eq!(shop.inbox(&paid).await[1].source, "check");
        assert_eq!(ari.coins().await, COINS);
        crate::harness::until("DOKU was asked after the other one too", crate::selling::SOON, async || {
            (shop.checks(&not_paid) == 1).then_some(())
        })
        .await;
        assert_eq!((shop.verdicts(&not_paid).await, budi.coins().await), (vec!["stale".to_owned()], 0));
        // Who replays it does not make us ask again and again.
        for _ in 0..5 {
            assert_eq!(replayed.send(&shop.hook()).await.status, 400);
        }
        assert_eq!(shop.inbox(&not_paid).await[0].times, 6);
        assert_eq!(shop.checks(&not_paid), 1);
        // The same message signed anew is not stale, and credits.
        let fresh = Notice { timestamp: Notice::new("").timestamp, ..replayed.clone() };
        assert_eq!(shop.send(&fresh).await, (200, json!(false)));
        assert_eq!((shop.verdicts(&not_paid).await, budi.coins().await), (vec!["credited".to_owned()], COINS));
    }

    async fn a_notice_before_its_time_is_stale_too_and_at_the_edge_it_is_not(db) {
        let shop = SellingServer::open(&db, NEVER).await;
        let ari = Viewer::register(&shop.server, 1).await;
        let invoice = shop.order(&ari, "k").await;
        let notice = Notice::of(Shape::Qris, &invoice, PRICE, "SUCCESS");
        assert_eq!(notice.clone().at_ms(310_000).send(&shop.hook()).await.status, 400);
        assert_eq!(ari.coins().await, 0);
        assert_eq!(notice.at_ms(-290_000).send(&shop.hook()).await.status, 200);
        assert_eq!(ari.coins().await, COINS);
    }
}
