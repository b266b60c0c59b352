//! From an order to its coins by the public door: pages' API, the hook, the ledger.

use std::time::Duration;

use futures_util::future::join_all;
use hyper::Method;
use serde_json::{Value, json};

use super::shop::{COINS, PRICE, Shop, code, text};
use crate::harness::doku::notice::{Notice, Shape, body};
use crate::harness::doku::{DokuFault, DokuServer};
use crate::harness::server::TestServer;
use crate::harness::{http, until};

/// The line of the log that a disputed notice leaves.
const DISPUTED: &str = "a payment notice needs somebody to look at it";

#[tokio::test]
async fn every_channels_notice_credits_its_order_once_and_is_kept() {
    let mut shop = Shop::open().await;
    for (number, shape) in Shape::ALL.into_iter().enumerate() {
        let invoice = shop.order().await;
        let notice = Notice::of(shape, &invoice, PRICE, "SUCCESS");
        let first = notice.send(&shop.hook()).await;
        assert_eq!((first.status.as_u16(), first.json()), (200, json!({"ok": true, "idempotent": false})), "{shape:?}");
        let again = notice.send(&shop.hook()).await;
        assert_eq!((again.status.as_u16(), again.json()), (200, json!({"ok": true, "idempotent": true})), "{shape:?}");
        let order = shop.find(&invoice).await;
        assert_eq!(order["status"], "paid", "{shape:?}");
        assert_eq!(text(&order["channel"]), shape.channel(), "{shape:?}");
        assert!(!text(&order["provider_ref"]).is_empty(), "{shape:?}");
        assert_eq!(shop.viewer.coins().await, COINS * (i64::try_from(number).expect("few") + 1), "{shape:?}");
        let kept = shop.kept(&invoice);
        assert_eq!(kept.len(), 1, "{kept:?}");
        assert_eq!((text(&kept[0]["verdict"]), kept[0]["times"].clone()), ("credited".to_owned(), json!(2)));
        assert_eq!(text(&kept[0]["request_id"]), notice.request_id);
        // The same word under another Request-Id.
        let other = Notice { request_id: format!("{}-b", notice.request_id), ..notice }.send(&shop.hook()).await;
        assert_eq!(other.json(), json!({"ok": true, "idempotent": true}), "{shape:?}");
    }
    assert!(shop.is_balanced());
}

#[tokio::test]
async fn amounts_may_be_text_and_any_other_amount_credits_nothing() {
    let mut shop = Shop::open().await;
    shop.server.allow(DISPUTED);
    let invoice = shop.order().await;
    for amount in
        [json!(PRICE - 1), json!("100000.50"), json!("100.000"), json!(-PRICE), json!(null), json!(0), json!("")]
    {
        let notice = Notice::new(body(Shape::Qris, &invoice, &amount, "SUCCESS").to_string());
        let answer = notice.send(&shop.hook()).await;
        assert_eq!(answer.status, 200, "{amount}");
        assert_eq!(shop.status(&invoice).await, "pending", "{amount}");
    }
    let mut dollars = body(Shape::Qris, &invoice, &json!(PRICE), "SUCCESS");
    dollars["order"]["currency"] = json!("USD");
    assert_eq!(Notice::new(dollars.to_string()).send(&shop.hook()).await.status, 200);
    assert_eq!(shop.status(&invoice).await, "pending");
    assert_eq!(shop.viewer.coins().await, 0);
    assert_eq!(shop.disputed(), vec!["wrong_amount"; 8]);
    let written = Notice::new(body(Shape::Qris, &invoice, &json!("100000.00"), "SUCCESS").to_string());
    assert_eq!(written.send(&shop.hook()).await.json()["idempotent"], false);
    assert_eq!(shop.status(&invoice).await, "paid");
    assert_eq!(shop.viewer.coins().await, COINS);
    assert!(shop.is_balanced());
}

#[tokio::test]
async fn a_failed_try_is_not_the_end_and_after_success_nothing_changes() {
    let mut shop = Shop::open().await;
    shop.server.allow(DISPUTED);
    let invoice = shop.order().await;
    let say = async |word: &str| {
        // All under one Request-Id, as one payment's notices can be.
        let notice = Notice { request_id: "rid-of-all".to_owned(), ..Notice::of(Shape::Ovo, &invoice, PRICE, word) };
        assert_eq!(notice.send(&shop.hook()).await.status, 200, "{word}");
    };
    for word in ["PENDING", "FAILED", "TIMEOUT", "REDIRECT", "WHATEVER_2031"] {
        say(word).await;
        assert_eq!(shop.status(&invoice).await, "pending", "{word}");
    }
    say("SUCCESS").await;
    assert_eq!(shop.viewer.coins().await, COINS);
    for word in ["FAILED", "EXPIRED", "PENDING", "SUCCESS"] {
        say(word).await;
        assert_eq!(shop.status(&invoice).await, "paid", "{word}");
    }
    assert_eq!(shop.viewer.coins().await, COINS);
    let late = shop.order().await;
    for word in ["EXPIRED", "SUCCESS"] {
        let notice = Notice::of(Shape::VirtualAccount, &late, PRICE, word);
        assert_eq!(notice.send(&shop.hook()).await.status, 200, "{word}");
        assert_eq!(shop.status(&late).await, if word == "SUCCESS" { "paid" } else { "expired" });
    }
    assert_eq!(shop.viewer.coins().await, 2 * COINS);
    assert_eq!(shop.disputed(), ["noted"], "the unknown word alone");
    assert!(shop.is_balanced());
}

#[tokio::test]
async fn nothing_of_a_forger_is_stored() {
    let mut shop = Shop::open().await;
    let invoice = shop.order().await;
    let right = Notice::of(Shape::Qris, &invoice, PRICE, "SUCCESS");
    let signature = right.signature();
    let refused =
        |answer: &http::Answer| (answer.status.as_u16(), code(answer)) == (401, "payments.not_ours".to_owned());

    let mut changed = right.clone();
    changed.body = String::from_utf8(right.body.to_vec()).expect("UTF-8").replace("QRIS", "QRIX").into();
    assert!(refused(&changed.send_with(&shop.hook(), &signature).await), "a changed body");
    let mut rewritten = right.clone();
    let value: Value = serde_json::from_slice(&right.body).expect("JSON");
    rewritten.body = serde_json::to_string_pretty(&value).expect("JSON").into();
    assert!(refused(&rewritten.send_with(&shop.hook(), &signature).await), "the same JSON, written anew");
    for signature in ["", "HMACSHA256=", &signature.replace("HMACSHA256=", ""), "HMACSHA256=AAAA", &"x".repeat(4_000)] {
        assert!(refused(&right.send_with(&shop.hook(), signature).await), "{signature}");
    }
    for target in ["/api/v1/hooks/doku/", "/hooks/doku", "/tv/api/v1/hooks/doku", "/api/v1/hooks/sandbox"] {
        let other = Notice { target: target.to_owned(), ..right.clone() };
        assert!(refused(&other.send(&shop.hook()).await), "{target}");
    }
    let stranger = Notice { client_id: "BRN-0200-1700000000002".to_owned(), ..right.clone() };
    assert!(refused(&stranger.send(&shop.hook()).await));
    let later = Notice { request_id: "another".to_owned(), ..right.clone() };
    assert!(refused(&later.send_with(&shop.hook(), &signature).await), "another Request-Id");
    for headers in [&[][..], &[("client-id", "x")], &[("signature", "\u{e9}")], &[("cookie", "bh_session=x")]] {
        assert!(refused(&shop.post(headers, "{}").await), "{headers:?}");
    }
    assert_eq!(shop.kept(&invoice), Vec::<Value>::new());
    assert_eq!(shop.viewer.coins().await, 0);
    assert_eq!(right.send(&shop.hook()).await.status, 200, "the twin that is let in");
    assert_eq!(shop.viewer.coins().await, COINS);
}

#[tokio::test]
async fn a_body_of_64_kilobytes_is_taken_and_a_longer_one_is_not() {
    let mut shop = Shop::open().await;
    let invoice = shop.order().await;
    let short = body(Shape::Qris, &invoice, &json!(PRICE), "SUCCESS").to_string();
    let padded = |len: usize| format!("{short}{}", " ".repeat(len - short.len()));
    let answer = Notice::new(padded(64 * 1024 + 1)).send(&shop.hook()).await;
    assert_eq!((answer.status.as_u16(), code(&answer)), (413, "payments.too_large".to_owned()));
    assert_eq!(shop.kept(&invoice).len(), 0);
    assert_eq!(Notice::new(padded(64 * 1024)).send(&shop.hook()).await.status, 200);
    assert_eq!(shop.status(&invoice).await, "paid");
    let get = http::get(&shop.hook()).await;
    assert_eq!(get.status, 405);
}

#[tokio::test]
async fn what_is_signed_is_kept_whether_or_not_it_is_understood() {
    let mut shop = Shop::open().await;
    shop.server.allow(DISPUTED);
    let invoice = shop.order().await;
    let deep = "[".repeat(60_000);
    let twice = format!(
        r#"{{"order":{{"invoice_number":"{invoice}","amount":1,"amount":{PRICE}}},"transaction":{{"status":"SUCCESS"}}}}"#
    );
    let bodies: [&[u8]; 7] = [b"", b"{}", b"\xff\xfe\x00", b"null", b"a\0b", deep.as_bytes(), twice.as_bytes()];
    for body in bodies {
        let answer = Notice::new(body.to_vec()).send(&shop.hook()).await;
        assert_eq!((answer.status.as_u16(), answer.json()["ok"].clone()), (200, json!(true)), "{body:?}");
    }
    let unknown = Notice::of(Shape::Qris, "KOIN-000001", PRICE, "SUCCESS").send(&shop.hook()).await;
    assert_eq!(unknown.status, 200);
    assert_eq!(shop.status(&invoice).await, "pending");
    assert_eq!(shop.viewer.coins().await, 0);
    let mut expected = vec!["unreadable"; 7];
    expected.insert(0, "unknown_invoice");
    assert_eq!(shop.disputed(), expected);
}

#[tokio::test]
async fn a_replay_of_yesterday_credits_nothing_and_makes_us_ask() {
    let mut shop = Shop::open().await;
    let (paid, unpaid) = (shop.order().await, shop.order().await);
    let asked_before = shop.doku.asked().len();
    shop.doku.tell(&paid, "SUCCESS");
    shop.doku.tell(&unpaid, "PENDING");
    for (invoice, ms) in [(&paid, -24 * 3_600_000), (&unpaid, 301_000)] {
        let answer = Notice::of(Shape::Qris, invoice, PRICE, "SUCCESS").at_ms(ms).send(&shop.hook()).await;
        assert_eq!((answer.status.as_u16(), code(&answer)), (400, "payments.stale".to_owned()), "{ms}");
        // The answer to our question may be there already.
        let is_kept =
            |notice: &Value| (text(&notice["source"]), text(&notice["verdict"])) == ("hook".into(), "stale".into());
        assert!(shop.kept(invoice).iter().any(is_kept), "{:?}", shop.kept(invoice));
    }
    until("DOKU is asked and the paid order is credited", Duration::from_secs(20), async || {
        (shop.status(&paid).await == "paid").then_some(())
    })
    .await;
    until("DOKU is asked of the other too", Duration::from_secs(20), async || {
        let asked = shop.doku.asked();
        asked.iter().skip(asked_before).any(|asked| asked.path.ends_with(unpaid.as_str())).then_some(())
    })
    .await;
    assert_eq!(shop.status(&unpaid).await, "pending");
    assert_eq!(shop.viewer.coins().await, COINS);
    assert!(shop.is_balanced());
}

#[tokio::test]
async fn twenty_notices_at_once_credit_once() {
    let mut shop = Shop::open().await;
    // By ten channels: all but one of them were paid for nothing.
    shop.server.allow(DISPUTED);
    let invoice = shop.order().await;
    let hook = shop.hook();
    let sent = (0..20).map(|number| {
        let notice = Notice::of(Shape::ALL[number % Shape::ALL.len()], &invoice, PRICE, "SUCCESS");
        let hook = hook.clone();
        async move { notice.send(&hook).await }
    });
    let answers = join_all(sent).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(answers.iter().filter(|answer| answer.json()["idempotent"] == false).count(), 1);
    assert_eq!(shop.viewer.coins().await, COINS);
    assert!(shop.is_balanced());
}

#[tokio::test]
async fn behind_a_proxy_that_strips_a_prefix_the_public_path_is_signed() {
    let mut shop = Shop::open_with("[server]\npublic_url = \"http://venue.test/tv\"\n").await;
    let invoice = shop.order().await;
    let sent = shop.doku.find_request(&invoice).expect("a checkout");
    assert_eq!(sent["order"]["callback_url"], json!(format!("http://venue.test/tv/orders/{invoice}")));
    let notice = Notice::of(Shape::Dana, &invoice, PRICE, "SUCCESS");
    assert_eq!(notice.send(&shop.hook()).await.status, 401, "signed for the path the proxy asks");
    let public = Notice { target: "/tv/api/v1/hooks/doku".to_owned(), ..notice };
    assert_eq!(public.send(&shop.hook()).await.status, 200);
    assert_eq!(shop.status(&invoice).await, "paid");
}

#[tokio::test]
async fn an_order_made_while_doku_is_down_is_finished_by_the_same_key() {
    let mut shop = Shop::open().await;
    shop.server.allow("makes no checkout now");
    shop.doku.plan(|_, _| Some(DokuFault::Answer(503, "")));
    let away = shop.ask("one-key").await;
    assert_eq!((away.status.as_u16(), code(&away)), (503, "payments.provider_away".to_owned()));
    assert!(!away.header("retry-after").is_empty());
    shop.doku.heal();
    let made = shop.ask("one-key").await;
    assert_eq!(made.status, 201, "{}", made.text());
    let again = shop.ask("one-key").await.json();
    assert_eq!(again["invoice"], made.json()["invoice"]);
    assert_eq!(again["payment_url"], made.json()["payment_url"]);
    assert_eq!(shop.doku.checkouts(), 1);
    let creates: Vec<_> = shop.doku.asked().into_iter().filter(|asked| asked.method == "POST").collect();
    assert_eq!(creates.len(), 4, "three tries, and the one that went well");
    assert!(creates.iter().all(|asked| asked.request_id == creates[0].request_id && asked.body == creates[0].body));
}

#[tokio::test]
async fn an_order_that_doku_refuses_is_failed_and_money_for_it_is_credited_all_the_same() {
    let mut shop = Shop::open().await;
    shop.server.allow("refuses an order");
    shop.doku.plan(|_, _| {
        Some(DokuFault::Answer(400, r#"{"error":{"code":"invalid_signature","message":"Invalid Header Signature"}}"#))
    });
    let refused = shop.ask("one-key").await;
    assert!(refused.status.is_client_error() || refused.status.is_server_error(), "{}", refused.text());
    let sent = shop.doku.asked().pop().expect("a try");
    let sent: Value = serde_json::from_slice(&sent.body).expect("JSON");
    let invoice = text(&sent["order"]["invoice_number"]);
    assert_eq!(shop.status(&invoice).await, "failed");
    assert!(shop.server.log().iter().any(|line| line.contains("invalid_signature")), "the operator is told why");
    let notice = Notice::of(Shape::Qris, &invoice, PRICE, "SUCCESS");
    assert_eq!(notice.send(&shop.hook()).await.status, 200);
    assert_eq!(shop.status(&invoice).await, "paid");
    assert_eq!(shop.viewer.coins().await, COINS);
    assert!(shop.is_balanced());
}

#[tokio::test]
async fn nobody_is_sent_to_a_foreign_pay_page_and_its_token_stays_out_of_the_log() {
    let mut shop = Shop::open().await;
    shop.server.allow("refuses an order");
    shop.doku.plan(|_, _| Some(DokuFault::PayUrl("https://evil.test/checkout/sesame".to_owned())));
    let answer = shop.ask("one-key").await;
    assert_ne!(answer.status, 201);
    assert!(!answer.text().contains("evil.test"), "{}", answer.text());
    let log = shop.server.log().join("\n");
    assert!(log.contains("evil.test") && !log.contains("sesame"), "{log}");
}

#[tokio::test]
async fn each_hook_answers_for_its_own_gateway_alone() {
    let doku = DokuServer::start();
    let notice = Notice::of(Shape::Qris, "KOIN-000001", PRICE, "SUCCESS");
    for (config, doku_status, sandbox_status) in [
        (doku.config(), 200, 404),
        ("[payments]\ngateway = \"sandbox\"".to_owned(), 404, 401),
        ("[payments]\ngateway = \"none\"".to_owned(), 404, 404),
    ] {
        let mut server = TestServer::start(&config).await;
        server.allow(DISPUTED);
        assert_eq!(notice.send(&server.url("/api/v1/hooks/doku")).await.status, doku_status, "{config}");
        let sandbox = server.url("/api/v1/hooks/sandbox");
        assert_eq!(notice.send(&sandbox).await.status, sandbox_status, "{config}");
        let signed_for_it = Notice { target: "/api/v1/hooks/sandbox".to_owned(), ..notice.clone() };
        assert_eq!(signed_for_it.send(&sandbox).await.status, sandbox_status, "{config}");
    }
}

#[tokio::test]
async fn the_hook_is_answered_on_every_host_and_without_a_browser() {
    let hosts = "[hosts]\nsite = \"baku.test\"\nadmin = \"admin.baku.test\"\napi = \"api.baku.test\"\n";
    let doku = DokuServer::start();
    let mut server = TestServer::start(&format!("{}{hosts}", doku.config())).await;
    server.allow(DISPUTED);
    let hook = server.url("/api/v1/hooks/doku");
    for host in ["baku.test", "api.baku.test", "127.0.0.1", "pay.elsewhere.test"] {
        let notice = Notice::of(Shape::Qris, "KOIN-000001", PRICE, "SUCCESS");
        let headers = [
            ("host", host),
            ("client-id", notice.client_id.as_str()),
            ("request-id", notice.request_id.as_str()),
            ("request-timestamp", notice.timestamp.as_str()),
            ("signature", &notice.signature()),
        ];
        let answer = http::send(Method::POST, &hook, &headers, notice.body.clone()).await;
        assert_eq!(answer.status, 200, "{host}");
    }
}
