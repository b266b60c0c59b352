//! Ordering: the order first, then the provider; the same request again is the same order.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;

use crate::harness::doku::{DokuFault, DokuServer};
use crate::harness::server::TestServer;
use crate::harness::viewers::Viewer;
use crate::harness::{http, night, until};
use crate::postgres::on_both_databases;
use crate::selling::{NEVER, PACKAGES, SOON, SellingServer, config, package};

on_both_databases! {
    async fn the_same_request_again_is_the_same_order(db) {
        let shop = SellingServer::open(&db, NEVER).await;
        let (ari, budi) = (Viewer::register(&shop.server, 1).await, Viewer::register(&shop.server, 2).await);
        let first = shop.try_order(&ari, "k1").await;
        let again = shop.try_order(&ari, "k1").await;
        assert_eq!((first.status.as_u16(), again.status.as_u16()), (201, 201), "{}", first.text());
        assert_eq!(first.json(), again.json());
        let order = first.json();
        assert_eq!((&order["status"], &order["coins"], &order["bonus_coins"]), (&json!("pending"), &json!(100), &json!(5)));
        assert!(order["payment_url"].as_str().expect("an address").starts_with(&shop.doku.url()), "{order}");
        assert_eq!(shop.doku.checkouts(), 1, "the provider was asked for one");

        // Another key is another purchase, and so is the same key of somebody else.
        let other = shop.order(&ari, "k2").await;
        let his = shop.order(&budi, "k1").await;
        assert_ne!(order["invoice"], other.as_str());
        assert_ne!(order["invoice"], his.as_str());

        // The same key for something else is refused, and changes nothing.
        let p500 = package(&shop.store, "p500").await;
        let mixed = ari.post("/api/v1/coin-orders", "k1", &json!({"package_id": p500})).await;
        assert_eq!((mixed.status.as_u16(), &mixed.json()["error"]["code"]), (409, &json!("idempotency.mismatch")));

        // An order is its buyer's alone.
        let path = format!("/api/v1/coin-orders/{his}");
        assert_eq!(budi.get(&path).await.status, 200);
        assert_eq!(ari.get(&path).await.status, 404);
        assert_eq!(ari.post(&format!("{path}/recheck"), "", &json!({})).await.status, 404);
        assert_eq!(shop.booked(&ari).await, []);
    }

    async fn the_same_request_at_once_is_one_order(db) {
        let shop = SellingServer::open(&db, NEVER).await;
        let ari = Viewer::register(&shop.server, 1).await;
        let answers = futures_util::future::join_all((0..8).map(|_| shop.try_order(&ari, "k1"))).await;
        let invoices: std::collections::BTreeSet<String> = answers
            .iter()
            .map(|answer| answer.json()["invoice"].as_str().unwrap_or_else(|| panic!("{}", answer.text())).to_owned())
            .collect();
        assert_eq!(invoices.len(), 1, "{invoices:?}");
        assert_eq!(shop.doku.checkouts(), 1);
    }

    async fn presses_while_the_provider_hangs_open_few_calls_and_keep_nobody_else_waiting(db) {
        let shop = SellingServer::open(&db, NEVER).await;
        let (ari, budi) = (Viewer::register(&shop.server, 1).await, Viewer::register(&shop.server, 2).await);
        let is_of_ari = |body: &[u8]| String::from_utf8_lossy(body).contains("\"Penonton 1\"");
        shop.doku.plan(move |asked, _| is_of_ari(&asked.body).then_some(DokuFault::Stall));
        let of_ari = || shop.doku.asked().iter().filter(|asked| is_of_ari(&asked.body)).count();
        let presses = futures_util::future::join_all((0..12).map(|_| shop.try_order(&ari, "k")));
        let meanwhile = async {
            until("his calls hang", SOON, async || (of_ari() == 3).then_some(())).await;
            for number in 0..5 {
                shop.order(&budi, &number.to_string()).await;
            }
            assert_eq!(of_ari(), 3);
        };
        tokio::select! {
            answers = presses => panic!("{} answers of a provider that hangs", answers.len()),
            () = meanwhile => {}
        }
        shop.doku.heal();
        shop.order(&ari, "k").await;
        assert_eq!(ari.get("/api/v1/coin-orders").await.json()["orders"].as_array().expect("a list").len(), 1);
    }

    async fn a_checkout_that_failed_is_made_by_the_next_try_under_the_same_request_id(db) {
        let mut shop = SellingServer::open(&db, NEVER).await;
        shop.server.allow("makes no checkout now");
        let ari = Viewer::register(&shop.server, 1).await;
        // Done there, and the answer is lost on the way: every kind of trouble at once.
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = asked.clone();
        shop.doku.plan(move |request, _| {
            seen.lock().expect("no panic").push(request.request_id.clone());
            Some(DokuFault::Answer(503, "later"))
        });
        let refused = shop.try_order(&ari, "k1").await;
        assert_eq!((refused.status.as_u16(), &refused.json()["error"]["code"]), (503, &json!("payments.provider_away")));
        assert!(!refused.header("retry-after").is_empty());
        let waiting = ari.get("/api/v1/coin-orders").await.json();
        assert_eq!(waiting["orders"][0]["status"], "pending");
        assert_eq!(waiting["orders"][0]["payment_url"], json!(null));

        shop.doku.heal();
        let invoice = shop.order(&ari, "k1").await;
        assert_eq!(waiting["orders"][0]["invoice"], invoice.as_str(), "the order that was there");
        let request_id = shop.find(&invoice).await.request_id;
        assert_eq!(request_id.len(), 36);
        let tried = asked.lock().expect("no panic").clone();
        assert!(!tried.is_empty() && tried.iter().all(|id| *id == request_id), "{tried:?} {request_id}");
        assert_eq!(shop.doku.asked().last().expect("a request").request_id, request_id);
        assert_eq!(ari.get("/api/v1/coin-orders").await.json()["orders"].as_array().expect("a list").len(), 1);
    }

    async fn an_order_the_provider_refuses_has_failed_and_another_goes_through(db) {
        let mut shop = SellingServer::open(&db, NEVER).await;
        shop.server.allow("refuses an order");
        let ari = Viewer::register(&shop.server, 1).await;
        shop.doku.plan(|_, _| Some(DokuFault::Answer(400, r#"{"error_messages":["order.amount is too high"]}"#)));
        for _ in 0..2 {
            let refused = shop.try_order(&ari, "k1").await;
            assert_eq!(
                (refused.status.as_u16(), &refused.json()["error"]["code"]),
                (409, &json!("payments.provider_refused"))
            );
            assert!(!refused.text().contains("too high"), "the provider's words are for the log: {}", refused.text());
        }
        assert_eq!(shop.doku.asked().len(), 1, "what was refused is not asked again");
        assert_eq!(ari.get("/api/v1/coin-orders").await.json()["orders"][0]["status"], "failed");
        shop.doku.heal();
        shop.order(&ari, "k2").await;
    }

    async fn open_orders_of_an_account_are_limited_and_anothers_are_not(db) {
        let shop = SellingServer::open(&db, NEVER).await;
        let (ari, budi) = (Viewer::register(&shop.server, 1).await, Viewer::register(&shop.server, 2).await);
        let mut invoices = Vec::new();
        for number in 0..10 {
            invoices.push(shop.order(&ari, &format!("k{number}")).await);
        }
        let refused = shop.try_order(&ari, "one-more").await;
        assert_eq!(
            (refused.status.as_u16(), &refused.json()["error"]["code"]),
            (429, &json!("payments.too_many_open"))
        );
        let wait: u32 = refused.header("retry-after").parse().expect("seconds");
        assert!((3_000..=3_600).contains(&wait), "until the first has run out: {wait}");
        shop.order(&budi, "k0").await;
        // A request that was answered is answered again, however many are open.
        assert_eq!(shop.order(&ari, "k3").await, invoices[3]);
        // One is paid: there is room for one.
        assert_eq!(shop.notice(&invoices[0], "SUCCESS").await.0, 200);
        shop.order(&ari, "one-more").await;
        assert_eq!(shop.try_order(&ari, "yet-one-more").await.status, 429);
        // One has run out.
        shop.age(&invoices[1], 61 * 60_000).await;
        shop.order(&ari, "yet-one-more").await;
    }

    async fn what_is_not_sold_cannot_be_ordered(db) {
        let shop = SellingServer::open(&db, NEVER).await;
        let ari = Viewer::register(&shop.server, 1).await;
        let old = package(&shop.store, "old").await;
        for package in [old.as_str(), "01J00000000000000000000000", "nonsense"] {
            let refused = ari.post("/api/v1/coin-orders", "k", &json!({"package_id": package})).await;
            assert_eq!(refused.status, 404, "{package}");
        }
        assert!(shop.doku.asked().is_empty());
        // A refusal is not kept: the key is free for what can be ordered.
        night::apply(&shop.server, "[[coin_packages]]\ncode = \"old\"\nactive = true\n");
        let order = ari.post("/api/v1/coin-orders", "k", &json!({"package_id": old})).await;
        assert_eq!(order.status, 201, "{}", order.text());
        // What was promised stays, whatever becomes of the package.
        night::apply(&shop.server, "[[coin_packages]]\ncode = \"old\"\ncoins = 9\nprice_idr = 2000\n");
        let invoice = order.json()["invoice"].as_str().expect("an invoice").to_owned();
        let kept = shop.find(&invoice).await;
        assert_eq!((kept.coins.0, kept.price.0), (1, 1_000));
    }
}

#[tokio::test]
async fn without_a_gateway_nothing_is_sold() {
    let db = crate::postgres::TestDatabase::sqlite();
    let doku = DokuServer::start();
    let mut server = TestServer::prepare(&config(&db, &doku, "gateway = \"none\""));
    server.migrate();
    night::apply(&server, PACKAGES);
    server.serve().await;
    let ari = Viewer::register(&server, 1).await;
    let p100 = package(&db.open(), "p100").await;
    let refused = ari.post("/api/v1/coin-orders", "k", &json!({"package_id": p100})).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["error"]["code"]), (409, &json!("payments.not_selling")));
    let notice = crate::harness::doku::notice::Notice::new("{}");
    assert_eq!(notice.send(&server.url("/api/v1/hooks/doku")).await.status, 404);
}

/// A buyer whose connection drops in the middle of a checkout finds the order again.
#[tokio::test]
async fn a_buyer_who_is_cut_off_finds_the_order_again() {
    let db = crate::postgres::TestDatabase::sqlite();
    let shop = SellingServer::open(&db, NEVER).await;
    let ari = Viewer::register(&shop.server, 1).await;
    let stalls = Arc::new(AtomicBool::new(true));
    let asked = stalls.clone();
    shop.doku.plan(move |_, _| asked.load(Ordering::SeqCst).then_some(DokuFault::ReplyLost));
    let cut = tokio::time::timeout(Duration::from_secs(1), shop.try_order(&ari, "k1")).await;
    assert!(cut.is_err(), "no answer came");
    stalls.store(false, Ordering::SeqCst);
    let invoice = shop.order(&ari, "k1").await;
    assert_eq!(shop.doku.checkouts(), 1, "the one that was made at the first try");
    assert!(shop.find(&invoice).await.payment_url.is_some());
    assert_eq!(http::get(&shop.server.url("/health")).await.status, 200);
}

/// The same in the other language of the page: each try says the provider the same, wherever it comes from.
#[tokio::test]
async fn a_buyer_who_is_cut_off_on_an_english_page_finds_the_order_again() {
    let db = crate::postgres::TestDatabase::sqlite();
    let shop = SellingServer::open(&db, NEVER).await;
    let ari = Viewer::register(&shop.server, 1).await;
    let page = ari.get("/coins?lang=en").await;
    let form = page.text().split("<form").find(|form| form.contains(&shop.p100)).expect("a form").to_owned();
    let value = |name: &str| {
        let rest = form.split(&format!("name=\"{name}\" value=\"")).nth(1).expect("a field");
        rest.split('"').next().expect("a value").to_owned()
    };
    let body = format!("csrf={}&idempotency_key={}&package_id={}", value("csrf"), value("idempotency_key"), shop.p100);
    shop.doku.plan(|_, _| Some(DokuFault::ReplyLost));
    let headers = [("cookie", ari.cookie.as_str()), ("content-type", "application/x-www-form-urlencoded")];
    let url = shop.server.url("/coins?lang=en");
    let sent = http::send(hyper::Method::POST, &url, &headers, body);
    assert!(tokio::time::timeout(Duration::from_secs(1), sent).await.is_err(), "no answer came");
    shop.doku.heal();
    let orders = ari.get("/api/v1/coin-orders").await.json();
    let invoice = orders["orders"][0]["invoice"].as_str().expect("the order").to_owned();
    let page = ari.get(&format!("/orders/{invoice}")).await;
    let order = shop.find(&invoice).await;
    let url = order.payment_url.unwrap_or_else(|| panic!("{} {}", order.status, page.text()));
    assert!(page.text().contains(&url), "it can be paid");
    assert_eq!(shop.doku.checkouts(), 1);
}
