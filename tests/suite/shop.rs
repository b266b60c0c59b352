//! Buying coins by the public door: the shop's JSON and pages, other people's orders, and the sandbox's pay page.

use std::time::Duration;

use hyper::Method;
use serde_json::{Value, json};

use crate::harness::http::{self, Answer};
use crate::harness::server::TestServer;
use crate::harness::viewers::Viewer;
use crate::harness::{night, until};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

const PACKAGES: &str = "[[coin_packages]]\ncode = \"p100\"\ncoins = 100\nbonus_coins = 5\nprice_idr = 100000\n\
                        [[coin_packages]]\ncode = \"p50\"\ncoins = 50\nprice_idr = 50000\n";

async fn shop(overrides: &str) -> TestServer {
    let mut server = night::prepare(overrides);
    night::apply(&server, PACKAGES);
    server.serve().await;
    server
}

/// The id of a package.
async fn package(server: &TestServer, code: &str) -> String {
    let shelf = http::get(&server.url("/api/v1/coin-packages")).await.json();
    let all = shelf["packages"].as_array().expect("packages").clone();
    let found = all.iter().find(|package| package["code"] == code).unwrap_or_else(|| panic!("{code} in {shelf}"));
    found["id"].as_str().expect("an id").to_owned()
}

async fn order(server: &TestServer, viewer: &Viewer, key: &str, code: &str) -> Value {
    let body = json!({"package_id": package(server, code).await});
    let answer = viewer.post("/api/v1/coin-orders", key, &body).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

/// Presses a button of an order's pay page.
async fn press(order: &Value, act: &str) -> Answer {
    let url = order["payment_url"].as_str().expect("an address");
    let token = url.split("token=").nth(1).expect("a token");
    let body = format!("token={token}&act={act}&channel=VIRTUAL_ACCOUNT_BCA");
    http::send(Method::POST, url.split('?').next().expect("a path"), &[FORM], body).await
}

/// The hidden fields of the form that buys `package` on the shop's page.
async fn fields(viewer: &Viewer, package: &str) -> (String, String) {
    let page = viewer.get("/coins").await;
    let forms: Vec<_> = page.text().split("<form").map(str::to_owned).collect();
    let form = forms.iter().find(|form| form.contains(package)).expect("a form");
    let value = |name: &str| {
        let rest = form.split(&format!("name=\"{name}\" value=\"")).nth(1).expect("a field");
        rest.split('"').next().expect("a value").to_owned()
    };
    (value("csrf"), value("idempotency_key"))
}

async fn post_form(server: &TestServer, viewer: &Viewer, path: &str, body: String) -> Answer {
    http::send(Method::POST, &server.url(path), &[("cookie", &viewer.cookie), FORM], body).await
}

#[tokio::test]
async fn packages_are_told_in_the_shops_order_and_may_be_cached() {
    let server = shop("").await;
    let answer = http::get(&server.url("/api/v1/coin-packages")).await;
    assert_eq!(answer.header("cache-control"), "public, max-age=1");
    let told = answer.json();
    let codes: Vec<_> = told["packages"].as_array().expect("a list").iter().map(|p| p["code"].clone()).collect();
    assert_eq!(codes, ["p50", "p100"]);
    assert_eq!(told["packages"][1]["bonus_coins"], 5);
    assert_eq!(told["packages"][1]["price_idr"], 100_000);
    let page = http::get(&server.url("/coins")).await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("cache-control"), "public, max-age=2");
    assert!(page.text().contains("Rp\u{a0}100.000") && !page.text().contains("csrf"), "{}", page.text());
    // What is changed is sold so within moments.
    night::apply(&server, &PACKAGES.replace("100000", "90000"));
    until("the new price is told", Duration::from_secs(10), async || {
        let told = http::get(&server.url("/api/v1/coin-packages")).await.json();
        (told["packages"][1]["price_idr"] == 90_000).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_order_is_its_buyers_alone_and_paying_it_credits_once() {
    let server = shop("").await;
    let (ari, budi) = (Viewer::register(&server, 1).await, Viewer::register(&server, 2).await);
    let made = order(&server, &ari, "key-1", "p100").await;
    assert_eq!((&made["status"], &made["price_idr"]), (&json!("pending"), &json!(100_000)));
    let invoice = made["invoice"].as_str().expect("an invoice");
    for path in [format!("/api/v1/coin-orders/{invoice}"), format!("/orders/{invoice}")] {
        assert_eq!(ari.get(&path).await.status, 200, "{path}");
        assert_eq!(budi.get(&path).await.status, 404, "{path}");
    }
    let recheck = format!("/api/v1/coin-orders/{invoice}/recheck");
    assert_eq!(budi.post(&recheck, "", &json!({})).await.status, 404);
    assert_eq!(ari.post(&recheck, "", &json!({})).await.status, 200);
    let asked_again = ari.post(&recheck, "", &json!({})).await;
    assert_eq!(asked_again.status, 429);
    assert!(asked_again.header("retry-after").parse::<u32>().expect("seconds") > 0);

    assert_eq!(press(&made, "pay-twice").await.status, 303);
    until("the order is paid", Duration::from_secs(10), async || {
        (ari.get(&format!("/api/v1/coin-orders/{invoice}")).await.json()["status"] == "paid").then_some(())
    })
    .await;
    assert_eq!(ari.coins().await, 105);
    let ledger = ari.get("/api/v1/account/ledger").await.json();
    assert_eq!(ledger["items"].as_array().expect("rows").len(), 1);
    assert_eq!(ledger["items"][0]["type"], "purchase");
    assert_eq!(ledger["items"][0]["reference"], invoice);
    assert_eq!(budi.get("/api/v1/account/ledger").await.json()["items"], json!([]));
    let receipt = ari.get(&format!("/orders/{invoice}")).await;
    assert!(receipt.text().contains("Virtual account BCA") && receipt.text().contains("Bukti pembayaran"));
    assert!(ari.get("/account/history").await.text().contains(invoice));
    assert!(ari.get("/account/orders").await.text().contains(invoice));
    assert!(!budi.get("/account/orders").await.text().contains(invoice));
}

#[tokio::test]
async fn the_same_request_is_one_order_and_a_key_is_needed() {
    let server = shop("").await;
    let ari = Viewer::register(&server, 1).await;
    let first = order(&server, &ari, "key-1", "p100").await;
    let again = order(&server, &ari, "key-1", "p100").await;
    assert_eq!(first["invoice"], again["invoice"]);
    let other = json!({"package_id": package(&server, "p50").await});
    let ask = async |key: &str, body: &Value| {
        let answer = ari.post("/api/v1/coin-orders", key, body).await;
        (answer.status.as_u16(), answer.json()["error"]["code"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(ask("key-1", &other).await, (409, "idempotency.mismatch".to_owned()));
    assert_eq!(ask("", &other).await, (400, "idempotency.key_missing".to_owned()));
    assert_eq!(ask(&"k".repeat(65), &other).await, (400, "idempotency.key_missing".to_owned()));
    assert_eq!(ask("key-2", &other).await.0, 201);
    for nothing in ["01J00000000000000000000000", "p100", ""] {
        let body = json!({"package_id": nothing});
        assert_eq!(ask("key-3", &body).await, (404, "till.not_found".to_owned()), "{nothing}");
    }
    assert_eq!(ask("key-3", &json!({})).await.0, 400);
    // Page by page, newest first.
    let page = ari.get("/api/v1/coin-orders?limit=1").await.json();
    assert_eq!(page["orders"].as_array().expect("a list").len(), 1);
    let rest = ari.get(&format!("/api/v1/coin-orders?before={}", page["next_before"])).await.json();
    assert_eq!(rest["orders"][0]["invoice"], first["invoice"]);
    for wrong in ["limit=0", "limit=101", "limit=x", "before=x"] {
        assert_eq!(ari.get(&format!("/api/v1/coin-orders?{wrong}")).await.status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn a_form_of_the_shop_buys_once_and_only_with_its_own_token() {
    let server = shop("").await;
    let ari = Viewer::register(&server, 1).await;
    let id = package(&server, "p100").await;
    let (csrf, key) = fields(&ari, &id).await;
    let body = |csrf: &str, key: &str, id: &str| {
        format!("csrf={csrf}&idempotency_key={key}&package_id={id}&next=%2Fevents%2Fisland-fight")
    };
    assert_eq!(post_form(&server, &ari, "/coins", body("forged", &key, &id)).await.status, 403);
    let bought = post_form(&server, &ari, "/coins", body(&csrf, &key, &id)).await;
    assert_eq!(bought.status, 303, "{}", bought.text());
    let place = bought.header("location").to_owned();
    let cookie = bought.header("set-cookie").to_owned();
    assert!(cookie.starts_with("bh_back=%2Fevents%2Fisland%2Dfight") && cookie.contains(&format!("Path={place}")));
    assert_eq!(post_form(&server, &ari, "/coins", body(&csrf, &key, &id)).await.header("location"), place);
    assert_eq!(ari.get("/api/v1/coin-orders").await.json()["orders"].as_array().expect("a list").len(), 1);
    // The page was used for something else: the shop says so, with new forms.
    let other = package(&server, "p50").await;
    let used = post_form(&server, &ari, "/coins", body(&csrf, &key, &other)).await;
    assert_eq!(used.status, 409);
    assert!(used.text().contains("role=\"alert\"") && !used.text().contains(&key));
    // Whoever is not signed in is sent to sign in.
    let nobody = http::send(Method::POST, &server.url("/coins"), &[FORM], body(&csrf, "k", &id)).await;
    assert_eq!(nobody.status, 303);
    assert!(nobody.header("location").starts_with("/login"));
    // A place elsewhere is not remembered.
    let (csrf, key) = fields(&ari, &id).await;
    let lured = format!("csrf={csrf}&idempotency_key={key}&package_id={id}&next=%2F%2Fevil.test");
    assert_eq!(post_form(&server, &ari, "/coins", lured).await.header("set-cookie"), "");
}

#[tokio::test]
async fn the_pay_page_opens_by_its_token_on_its_own_machine_alone() {
    let server = shop("").await;
    let ari = Viewer::register(&server, 1).await;
    let made = order(&server, &ari, "key-1", "p100").await;
    let url = made["payment_url"].as_str().expect("an address");
    let open =
        async |url: &str, headers: &[(&str, &str)]| http::send(Method::GET, url, headers, "").await.status.as_u16();
    assert_eq!(open(url, &[]).await, 200);
    assert_eq!(open(url, &[("host", "localhost:8080")]).await, 200);
    for foreign in [
        ("host", "baku.test"),
        ("host", "127.0.0.1.evil.test"),
        ("host", "192.168.1.5:8080"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-host", "localhost"),
        ("forwarded", "for=127.0.0.1;host=localhost"),
        ("via", "1.1 proxy"),
    ] {
        assert_eq!(open(url, &[foreign]).await, 403, "{foreign:?}");
    }
    let (path, token) = url.split_once("?token=").expect("a token");
    for wrong in
        [path.to_owned(), format!("{path}?token="), format!("{path}?token={token}A"), format!("{path}?token=A")]
    {
        assert_eq!(open(&wrong, &[]).await, 404, "{wrong}");
    }
    assert_eq!(press(&made, "fly").await.status, 400);
    // What cannot happen leaves all as it is.
    assert_eq!(press(&made, "refund").await.status, 303);
    assert_eq!(ari.coins().await, 0);
    assert_eq!(press(&made, "pay").await.status, 303);
    assert_eq!(ari.coins().await, 105);
    assert_eq!(press(&made, "pay").await.status, 303);
    assert_eq!(ari.coins().await, 105);
}

#[tokio::test]
async fn what_was_done_on_the_pay_page_is_known_after_a_restart() {
    let mut server = shop("").await;
    let ari = Viewer::register(&server, 1).await;
    let made = order(&server, &ari, "key-1", "p50").await;
    press(&made, "pay-silently").await;
    assert_eq!(ari.coins().await, 0);
    server.stop();
    server.serve().await;
    let recheck = format!("/api/v1/coin-orders/{}/recheck", made["invoice"].as_str().expect("an invoice"));
    assert_eq!(ari.post(&recheck, "", &json!({})).await.json()["status"], "paid");
    assert_eq!(ari.coins().await, 50);
}

#[tokio::test]
async fn the_history_is_a_file_of_text_and_numbers() {
    let server = shop("").await;
    let ari = Viewer::register(&server, 1).await;
    server.cli_ok(&["coins", "grant", "--phone", &ari.phone, "--coins", "30", "--reason", "=1+1", "--reference", "@r"]);
    let file = ari.get("/account/history.csv").await;
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(file.header("cache-control"), "private, no-store");
    assert!(file.header("content-disposition").starts_with("attachment; filename=\"bakuhantam-koin-"));
    let text = file.text();
    assert!(text.starts_with("\u{feff}Nomor,Waktu,Jenis,Keterangan,Koin,Saldo,Referensi\r\n1,"), "{text}");
    assert!(text.ends_with(",Dari penyelenggara,'=1+1,30,30,'@r\r\n"), "{text}");
    assert_eq!(http::get(&server.url("/account/history.csv")).await.status, 303);
}

#[tokio::test]
async fn the_sandbox_stops_a_public_start_unless_it_is_allowed_by_name() {
    let public = "[server]\npublic_url = \"https://bakuhantam.test\"\n";
    let refused = |overrides: &str| {
        let done = TestServer::prepare(overrides).cli(&["config", "check"]);
        (done.status.code(), String::from_utf8(done.stderr).expect("UTF-8"))
    };
    for overrides in [public, "[server]\nlisten = \"0.0.0.0:8080\"\n"] {
        let (code, said) = refused(overrides);
        assert_eq!(code, Some(1), "{overrides}");
        assert!(said.contains("payments.gateway"), "{said}");
        assert!(said.contains("\"doku\"") && said.contains("\"none\"") && said.contains("allow_sandbox_in_public"));
        assert_eq!(refused(&format!("{overrides}[payments]\ngateway = \"none\"\n")).0, Some(0));
        assert_eq!(refused(&format!("{overrides}[payments]\nallow_sandbox_in_public = true\n")).0, Some(0));
    }
    // Where nothing is sold the shop says so, and there is no pay page.
    let server = shop("[payments]\ngateway = \"none\"\n").await;
    assert_eq!(http::get(&server.url("/api/v1/coin-packages")).await.json(), json!({"packages": []}));
    assert!(http::get(&server.url("/coins")).await.text().contains("Koin sedang tidak dijual"));
    assert_eq!(http::get(&server.url("/sandbox/pay/BH01J00000000000000000000000?token=A")).await.status, 404);
}
