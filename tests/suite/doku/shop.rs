//! A server that sells through the stand-in, and somebody who buys.

use hyper::Method;
use serde_json::{Value, json};

use crate::harness::doku::DokuServer;
use crate::harness::http::{self, Answer};
use crate::harness::night;
use crate::harness::server::TestServer;
use crate::harness::viewers::Viewer;

/// What the package costs.
pub const PRICE: i64 = 100_000;
/// What it gives.
pub const COINS: i64 = 105;

const PACKAGES: &str = "[[coin_packages]]\ncode = \"p100\"\ncoins = 100\nbonus_coins = 5\nprice_idr = 100000\n";

pub struct Shop {
    pub doku: DokuServer,
    pub server: TestServer,
    pub viewer: Viewer,
    package: String,
    orders: u32,
}

impl Shop {
    pub async fn open() -> Self {
        Self::open_with("").await
    }

    /// `more` are settings beside those of the payments.
    pub async fn open_with(more: &str) -> Self {
        let doku = DokuServer::start();
        let server = TestServer::start(&format!("{}\n{more}", doku.config())).await;
        night::apply(&server, PACKAGES);
        let viewer = Viewer::register(&server, 1).await;
        let packages = http::get(&server.url("/api/v1/coin-packages")).await.json();
        let package = packages["packages"][0]["id"].as_str().expect("a package").to_owned();
        Self { doku, server, viewer, package, orders: 0 }
    }

    /// The hook.
    pub fn hook(&self) -> String {
        self.server.url("/api/v1/hooks/doku")
    }

    /// Orders the package under a key.
    pub async fn ask(&self, key: &str) -> Answer {
        self.viewer.post("/api/v1/coin-orders", key, &json!({"package_id": self.package})).await
    }

    /// Orders the package; its invoice.
    pub async fn order(&mut self) -> String {
        self.orders += 1;
        let answer = self.ask(&format!("order-{}", self.orders)).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        let order = answer.json();
        assert_eq!(order["status"], "pending");
        let page = order["payment_url"].as_str().expect("a pay page");
        assert!(page.starts_with(&self.doku.url()), "{page}");
        order["invoice"].as_str().expect("an invoice").to_owned()
    }

    /// An order as its owner sees it.
    pub async fn find(&self, invoice: &str) -> Value {
        let answer = self.viewer.get(&format!("/api/v1/coin-orders/{invoice}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    /// Where an order stands.
    pub async fn status(&self, invoice: &str) -> String {
        self.find(invoice).await["status"].as_str().expect("a status").to_owned()
    }

    /// The notices kept of an order, newest first or last.
    pub fn kept(&self, invoice: &str) -> Vec<Value> {
        let shown = self.server.cli_ok(&["orders", "show", invoice, "--json"]);
        let shown: Value = serde_json::from_str(&shown).expect("JSON");
        shown["notices"].as_array().expect("notices").clone()
    }

    /// The verdicts on all notices that somebody has to look at, sorted.
    pub fn disputed(&self) -> Vec<String> {
        let listed = self.server.cli_ok(&["orders", "list", "--disputed", "--json"]);
        let listed: Vec<Value> = serde_json::from_str(&listed).expect("JSON");
        let mut verdicts: Vec<_> = listed.iter().map(|notice| text(&notice["verdict"])).collect();
        verdicts.sort();
        verdicts
    }

    /// Whether the books balance.
    pub fn is_balanced(&self) -> bool {
        self.server.cli(&["ledger", "verify"]).status.success()
    }

    /// POST to the hook with these headers alone.
    pub async fn post(&self, headers: &[(&str, &str)], body: &str) -> Answer {
        http::send(Method::POST, &self.hook(), headers, body.to_owned()).await
    }
}

/// A value as text.
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The code of an error.
pub fn code(answer: &Answer) -> String {
    text(&answer.json()["error"]["code"])
}
