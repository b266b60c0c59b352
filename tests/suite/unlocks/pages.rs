//! The forms of an event's page.

use hyper::Method;

use super::{NIGHTS, SOON, books_balance, seen, serve, with_coins};
use crate::harness::http::{self, Answer};
use crate::harness::server::TestServer;
use crate::harness::viewers::Viewer;
use crate::harness::{night, until};
use crate::postgres::TestDatabase;

/// The page's forms: the hidden fields of the form that goes to `action`.
fn fields(page: &str, action: &str) -> String {
    let form =
        page.split(&format!("action=\"{action}\"")).nth(1).expect("the form").split("</form>").next().expect("it");
    let field = |name: &str| {
        let rest = form.split(&format!("name=\"{name}\" value=\"")).nth(1).expect("the field");
        rest.split('"').next().expect("its value").to_owned()
    };
    ["csrf", "idempotency_key", "max_coins"].map(|name| format!("{name}={}", field(name))).join("&")
}

async fn send_form(viewer: &Viewer, server: &TestServer, path: &str, body: &str) -> Answer {
    let headers = [("cookie", viewer.cookie.as_str()), ("content-type", "application/x-www-form-urlencoded")];
    http::send(Method::POST, &server.url(path), &headers, body.to_owned()).await
}

#[tokio::test]
async fn the_pages_forms_buy_once_and_lead_back_to_the_page() {
    let db = TestDatabase::sqlite();
    let server = serve(&db).await;
    let ari = with_coins(&server, 1, 100).await;
    let page = ari.get("/events/grand-night").await;
    let (path, night) = ("/events/grand-night/fights/1/unlock", "/events/grand-night/unlock");
    let body = fields(page.text(), path);
    for _ in 0..2 {
        let answer = send_form(&ari, &server, path, &body).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/events/grand-night?opened=1#fight-1"));
    }
    assert_eq!(ari.coins().await, 70);
    let page = ari.get("/events/grand-night?opened=1").await;
    assert!(page.text().contains("Berhasil dibuka, 30 koin dipakai."), "{}", page.text());
    assert!(page.text().contains("Sudah dibayar 30 koin, tinggal 60 koin."));
    // The address alone claims nothing.
    let claimed = ari.get("/events/grand-night?opened=3").await;
    assert!(!claimed.text().contains("Berhasil dibuka"));
    let answer = send_form(&ari, &server, &format!("{night}?lang=en"), &fields(page.text(), night)).await;
    assert_eq!(answer.header("location"), "/events/grand-night?opened=night&lang=en#night");
    assert_eq!((ari.coins().await, seen(&ari, "grand-night").await), (10, (vec![true, true, true], true)));
    books_balance(&server);
}

#[tokio::test]
async fn a_form_of_another_session_or_for_another_price_takes_nothing() {
    let db = TestDatabase::sqlite();
    let server = serve(&db).await;
    let (ari, budi) = (with_coins(&server, 1, 100).await, with_coins(&server, 2, 100).await);
    let path = "/events/grand-night/fights/1/unlock";
    let page = ari.get("/events/grand-night").await;
    let body = fields(page.text(), path);
    assert_eq!(send_form(&budi, &server, path, &body).await.status, 403);
    let unsigned = http::send(
        Method::POST,
        &server.url(path),
        &[("content-type", "application/x-www-form-urlencoded")],
        body.clone(),
    )
    .await;
    assert_eq!((unsigned.status.as_u16(), unsigned.header("location").starts_with("/login")), (303, true));
    for wrong in
        ["/events/grand-night/fights/9/unlock", "/events/secret-night/fights/1/unlock", "/events/secret-night/unlock"]
    {
        assert_eq!(send_form(&ari, &server, wrong, &body).await.status, 404, "{wrong}");
    }
    night::apply(&server, &NIGHTS.replace("price_coins = 30", "price_coins = 35"));
    until("the mirror has the new price", SOON, async || {
        (night::event(&server, "grand-night").await["fights"][0]["price_coins"] == 35).then_some(())
    })
    .await;
    let answer = send_form(&ari, &server, path, &body).await;
    assert_eq!(answer.header("location"), "/events/grand-night?refused=1#fight-1");
    let told = ari.get("/events/grand-night?refused=1").await;
    assert!(told.text().contains("Harganya berubah"), "{}", told.text());
    assert_eq!((ari.coins().await, budi.coins().await), (100, 100));
    // The twin: the page anew has the new price.
    send_form(&ari, &server, path, &fields(told.text(), path)).await;
    assert_eq!(ari.coins().await, 65);
}

#[tokio::test]
async fn the_page_says_what_is_missing_and_signed_out_leads_to_signing_in_and_back() {
    let db = TestDatabase::sqlite();
    let server = serve(&db).await;
    let ari = with_coins(&server, 1, 20).await;
    let page = ari.get("/events/grand-night").await;
    assert!(page.text().contains("Saldo koin tidak cukup: kurang 10 koin."), "{}", page.text());
    assert!(page.text().contains("kurang 70 koin") && page.text().contains("href=\"/coins\""));
    assert!(!page.text().contains("/fights/1/unlock\""));
    assert_eq!(page.header("cache-control"), "private, no-store");
    let shared = http::get(&server.url("/events/grand-night?opened=1")).await;
    assert!(shared.text().contains("href=\"/login?next=%2Fevents%2Fgrand%2Dnight\""), "{}", shared.text());
    assert!(shared.text().contains("Buka pertandingan · 30 koin") && !shared.text().contains("csrf"));
    assert_eq!(shared.header("cache-control"), "public, max-age=2");
}
