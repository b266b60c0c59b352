//! The adapter itself: what it sends, how it takes answers of every shape, what it does when none comes.

use std::sync::Arc;
use std::time::Duration;

use bakuhantam::clock::{Clock as _, SystemClock};
use bakuhantam::config::{self, Language, Secret};
use bakuhantam::ids::{Invoice, SystemRandom};
use bakuhantam::money::Rupiah;
use bakuhantam::payments::doku::{Doku, Parts, Standing, Timings};
use bakuhantam::payments::{Checkout, CheckoutRequest, PaymentProvider as _, ProviderError, ProviderStatus};

use crate::harness::doku::signing::{CLIENT_ID, SECRET};
use crate::harness::doku::{DokuFault, DokuServer};

/// Short enough for tests, long enough for a busy machine.
const TIMINGS: Timings = Timings {
    connect: Duration::from_secs(2),
    one_try: Duration::from_millis(800),
    all_tries: Duration::from_secs(20),
    backoff: Duration::from_millis(20),
};

fn doku_with(server: &DokuServer, change: impl FnOnce(&mut config::Doku)) -> Doku {
    let mut config = config::Doku {
        base_url: server.url(),
        client_id: CLIENT_ID.to_owned(),
        secret_key: Secret::new(SECRET),
        ..config::Doku::default()
    };
    change(&mut config);
    let (clock, random) = (Arc::new(SystemClock), Arc::new(SystemRandom::default()));
    let public_url = "https://bakuhantam.tv".to_owned();
    Doku::new(Parts { config, public_url, clock, random, timings: TIMINGS }).expect("an adapter")
}

fn doku(server: &DokuServer) -> Doku {
    doku_with(server, |_| {})
}

fn invoice() -> Invoice {
    Invoice::new(SystemClock.now(), &SystemRandom::default())
}

fn request() -> CheckoutRequest {
    let invoice = invoice();
    CheckoutRequest {
        request_id: format!("rid-{invoice}"),
        return_url: format!("https://bakuhantam.tv/orders/{invoice}"),
        invoice,
        amount: Rupiah(100_000),
        due_minutes: 60,
        language: Language::Id,
        customer_name: "Ari & \"Budi\" 🥊".to_owned(),
        customer_phone: "+6281200000001".to_owned(),
    }
}

/// Whether it ends an hour from now, give or take what a test may take.
fn ends_in_an_hour(checkout: &Checkout) -> bool {
    let hour = SystemClock.now().plus_ms(3_600_000);
    checkout.expires_at.is_some_and(|end| hour.ms_since(end).abs() < 30_000)
}

#[tokio::test]
async fn a_checkout_is_made_with_what_people_typed_made_fit() {
    let server = DokuServer::start();
    let request = request();
    let checkout = doku(&server).create_checkout(&request).await.unwrap();
    assert!(checkout.payment_url.starts_with(&format!("{}/checkout-link-v2/", server.url())), "{checkout:?}");
    assert!(ends_in_an_hour(&checkout), "{checkout:?}");
    let sent = server.find_request(request.invoice.as_str()).unwrap();
    assert_eq!(sent["customer"]["name"], "Ari Budi");
    assert_eq!(sent["customer"]["phone"], "6281200000001");
    assert_eq!(sent["order"]["amount"], 100_000);
    assert_eq!(sent["payment"].get("payment_method_types"), None);

    let chosen = doku_with(&server, |config| config.payment_methods = vec!["QRIS".to_owned()]);
    let second = self::request();
    chosen.create_checkout(&second).await.unwrap();
    let sent = server.find_request(second.invoice.as_str()).unwrap();
    assert_eq!(sent["payment"]["payment_method_types"], serde_json::json!(["QRIS"]));
}

#[tokio::test]
async fn a_lost_answer_is_found_again_under_the_same_request_id() {
    let server = DokuServer::start();
    server.plan(|_, number| (number == 0).then_some(DokuFault::ReplyLost));
    let request = request();
    let first = doku(&server).create_checkout(&request).await.unwrap();
    let asked = server.asked();
    assert_eq!(asked.iter().map(|asked| asked.status).collect::<Vec<_>>(), [0, 409]);
    assert!(asked.iter().all(|asked| asked.request_id == request.request_id));
    assert_eq!(asked[0].body, asked[1].body, "the same bytes");
    assert_eq!(server.checkouts(), 1);
    // Long after, by another process.
    let again = doku(&server).create_checkout(&request).await.unwrap();
    assert_eq!(again, first);
    assert_eq!(server.checkouts(), 1);
}

#[tokio::test]
async fn a_passing_trouble_is_waited_out_and_a_lasting_one_told() {
    for fault in [
        DokuFault::Answer(500, r#"{"timestamp":"x","status":500,"error":"Internal Server Error"}"#),
        DokuFault::Answer(502, "<html>Bad Gateway</html>"),
        DokuFault::Answer(503, ""),
        DokuFault::Answer(429, r#"{"message":["Too many requests"]}"#),
        DokuFault::Answer(409, r#"{"message":["Request is being processed"]}"#),
        DokuFault::Answer(200, "{}"),
        DokuFault::Answer(200, "<html>"),
        DokuFault::Stall,
        DokuFault::Endless,
    ] {
        let server = DokuServer::start();
        let once = fault.clone();
        server.plan(move |_, number| (number == 0).then(|| once.clone()));
        let made = doku(&server).create_checkout(&request()).await;
        assert!(made.is_ok(), "{fault:?}: {made:?}");
        let always = fault.clone();
        server.plan(move |_, _| Some(always.clone()));
        let before = server.asked().len();
        let made = doku(&server).create_checkout(&request()).await;
        assert!(matches!(made, Err(ProviderError::Passing(_))), "{fault:?}: {made:?}");
        assert_eq!(server.asked().len() - before, 3, "{fault:?}");
    }
}

#[tokio::test]
async fn every_shape_of_a_refusal_is_understood_and_not_asked_again() {
    for (status, body, words) in [
        (
            400,
            r#"{"error":{"code":"invalid_client_id","message":"Invalid Client-Id","type":"invalid_request_error"}}"#,
            "400 invalid_client_id: Invalid Client-Id",
        ),
        (
            401,
            r#"{"error":{"code":"invalid_signature","message":["Invalid Header Signature"]}}"#,
            "401 invalid_signature: Invalid Header Signature",
        ),
        (
            400,
            r#"{"message":["Invalid character, allowed only a-z A-Z 0-9 . - / + , = _ : ' @ % ( )"]}"#,
            "400: Invalid character, allowed only a-z A-Z 0-9 . - / + , = _ : ' @ % ( )",
        ),
        (400, r#"{"message":"Bad"}"#, "400: Bad"),
        (
            400,
            r#"{"error_messages":["order.invoice_number must be filled","order.amount must greater than 0"]}"#,
            "400: order.invoice_number must be filled; order.amount must greater than 0",
        ),
        (403, r#"{"error_messages":["service is not active"]}"#, "403: service is not active"),
        (200, r#"{"message":["payment method is not active"]}"#, "payment method is not active"),
        (404, "<html>", "404 without words"),
        (400, "", "400 without words"),
        (302, "", "302: it sends elsewhere; check payments.doku.base_url"),
    ] {
        let server = DokuServer::start();
        server.plan(move |_, _| Some(DokuFault::Answer(status, body)));
        let made = doku(&server).create_checkout(&request()).await;
        assert_eq!(made, Err(ProviderError::Refused(words.to_owned())));
        assert_eq!(server.asked().len(), 1, "{body}");
    }
}

#[tokio::test]
async fn wrong_credentials_are_refused_by_the_stand_in_and_told() {
    let server = DokuServer::start();
    let stranger = doku_with(&server, |config| config.client_id = "BRN-1".to_owned());
    let said = stranger.create_checkout(&request()).await.unwrap_err();
    assert_eq!(said, ProviderError::Refused("400 invalid_client_id: Invalid Client-Id".to_owned()));
    assert!(matches!(stranger.examine().await.standing, Standing::Refused(_)));
    let forger = doku_with(&server, |config| config.secret_key = Secret::new("SK-other"));
    let said = forger.check_status(&invoice()).await.unwrap_err();
    assert_eq!(said, ProviderError::Refused("400 invalid_signature: Invalid Header Signature".to_owned()));
    assert!(matches!(forger.examine().await.standing, Standing::Refused(_)));
    let examined = doku(&server).examine().await;
    assert_eq!(examined.standing, Standing::Accepted);
    assert!(examined.their_time.is_some());
}

#[tokio::test]
async fn answers_of_other_ages_are_taken() {
    for (fault, has_end) in [
        (DokuFault::OldShape, true),
        (DokuFault::NoTimes, false),
        (DokuFault::BadSignature, true),
        // Seven hours too late or too early: an order that stays open all night, or is over at once.
        (DokuFault::OtherZone(7), false),
        (DokuFault::OtherZone(-7), false),
        (DokuFault::OtherZone(0), true),
    ] {
        let server = DokuServer::start();
        let planned = fault.clone();
        server.plan(move |_, _| Some(planned.clone()));
        let checkout = doku(&server).create_checkout(&request()).await.unwrap();
        assert_eq!(ends_in_an_hour(&checkout), has_end, "{fault:?}: {checkout:?}");
        assert_eq!(checkout.expires_at.is_some(), has_end, "{fault:?}");
    }
}

#[tokio::test]
async fn nobody_is_sent_to_a_foreign_pay_page_or_to_pay_for_another() {
    let server = DokuServer::start();
    for url in
        ["https://evil.id/checkout/token", "http://jokul.doku.com/token", "https://doku.com.evil.id/token", "token"]
    {
        server.plan(move |_, _| Some(DokuFault::PayUrl(url.to_owned())));
        let said = doku(&server).create_checkout(&request()).await.unwrap_err();
        assert!(matches!(&said, ProviderError::Refused(words) if !words.contains("token")), "{url}: {said}");
    }
    server.plan(|_, _| Some(DokuFault::PayUrl("https://jokul.doku.com/checkout/link/token".to_owned())));
    assert!(doku(&server).create_checkout(&request()).await.is_ok(), "the twin that is let through");
    server.plan(|_, _| Some(DokuFault::OtherOrder("BH00000000000000000000000000")));
    assert!(matches!(doku(&server).create_checkout(&request()).await, Err(ProviderError::Refused(_))));
}

#[tokio::test]
async fn a_server_that_is_away_is_a_passing_trouble() {
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let server = DokuServer::start();
    let doku = doku_with(&server, |config| config.base_url = format!("http://{gone}"));
    assert!(matches!(doku.create_checkout(&request()).await, Err(ProviderError::Passing(_))));
    assert!(matches!(doku.check_status(&invoice()).await, Err(ProviderError::Passing(_))));
    assert!(matches!(doku.examine().await.standing, Standing::Away(_)));
}

#[tokio::test]
async fn check_status_tells_what_doku_says() {
    use ProviderStatus as S;
    let server = DokuServer::start();
    let doku = doku(&server);
    let request = request();
    let invoice = request.invoice.as_str();
    doku.create_checkout(&request).await.unwrap();
    let report = doku.check_status(&request.invoice).await.unwrap();
    assert_eq!((report.status, report.word.as_str()), (S::Pending, "NOT_FOUND"), "no channel is chosen yet");
    for (word, order, status) in [
        ("PENDING", None, S::Pending),
        ("TIMEOUT", None, S::Pending),
        ("FAILED", None, S::FailedAttempt),
        ("", Some("ORDER_GENERATED"), S::Pending),
        ("", Some("ORDER_EXPIRED"), S::Expired),
        ("PENDING", Some("ORDER_EXPIRED"), S::Expired),
        ("SUCCESS", Some("ORDER_EXPIRED"), S::Paid),
        ("EXPIRED", None, S::Expired),
        ("REFUNDED", None, S::Refunded),
        ("SUCCESS", None, S::Paid),
    ] {
        server.tell_with(invoice, word, order);
        let report = doku.check_status(&request.invoice).await.unwrap();
        assert_eq!(report.status, status, "{word} {order:?}");
        assert_eq!((report.invoice.as_str(), report.amount), (invoice, Some(Rupiah(100_000))));
    }
    let last = server.asked().pop().unwrap();
    assert_eq!((last.method.as_str(), last.path), ("GET", format!("/orders/v1/status/{invoice}")));
    let ids: std::collections::HashSet<String> = server.asked().into_iter().map(|asked| asked.request_id).collect();
    assert_eq!(ids.len(), server.asked().len(), "each question has an id of its own");

    server.plan(|_, _| Some(DokuFault::OtherOrder("BH00000000000000000000000000")));
    assert!(matches!(doku.check_status(&request.invoice).await, Err(ProviderError::Passing(_))));
    server.plan(|_, _| Some(DokuFault::Answer(500, "")));
    assert!(matches!(doku.check_status(&request.invoice).await, Err(ProviderError::Passing(_))));
    server.plan(|_, _| Some(DokuFault::Answer(200, "<html>")));
    assert!(matches!(doku.check_status(&request.invoice).await, Err(ProviderError::Passing(_))));
    server.plan(|_, number| (number % 2 == 0).then_some(DokuFault::Stall));
    let stalled_once = doku.check_status(&request.invoice).await;
    assert!(stalled_once.is_ok(), "{stalled_once:?}");
}
