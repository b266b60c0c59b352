//! A till that sells coins through the stand-in for DOKU, and what its database says afterwards.

use std::time::Duration;

use bakuhantam::clock::Micros;
use bakuhantam::ids::{AccountId, Invoice};
use bakuhantam::ledger::{self, Entry};
use bakuhantam::payments::{self, NoticeFilter, Order, StoredNotice};
use bakuhantam::store::{Conn, Store, StoreError};
use diesel::RunQueryDsl as _;
use serde_json::{Value, json};

use crate::harness::doku::DokuServer;
use crate::harness::doku::notice::{Notice, Shape};
use crate::harness::http::{self, Answer};
use crate::harness::night;
use crate::harness::server::TestServer;
use crate::harness::until;
use crate::harness::viewers::Viewer;
use crate::postgres::TestDatabase;

/// What is sold: coins of p100 with its bonus are 105, for Rp 100.000.
pub const PACKAGES: &str = "
[[coin_packages]]
code = \"p100\"
coins = 100
bonus_coins = 5
price_idr = 100000
position = 1
[[coin_packages]]
code = \"p500\"
coins = 500
price_idr = 450000
position = 2
[[coin_packages]]
code = \"old\"
coins = 1
price_idr = 1000
active = false
";
/// The price of p100, and its coins in all.
pub const PRICE: i64 = 100_000;
pub const COINS: i64 = 105;
/// So seldom that no test sees it happen.
pub const NEVER: &str = "reconcile_every_ms = 86400000";
/// Longest wait for what happens in the background.
pub const SOON: Duration = Duration::from_secs(20);

/// A server with packages that sells through a stand-in.
pub struct SellingServer {
    pub server: TestServer,
    pub doku: DokuServer,
    pub store: Store,
    pub p100: String,
}

impl SellingServer {
    /// `payments` are lines of that section.
    pub async fn open(db: &TestDatabase, payments: &str) -> Self {
        let doku = DokuServer::start();
        let mut server = TestServer::prepare(&config(db, &doku, payments));
        server.allow("needs somebody to look at it");
        server.migrate();
        night::apply(&server, PACKAGES);
        server.serve().await;
        let store = db.open();
        let p100 = package(&store, "p100").await;
        Self { server, doku, store, p100 }
    }

    /// Where DOKU's notices go.
    pub fn hook(&self) -> String {
        self.server.url("/api/v1/hooks/doku")
    }

    /// Asks for p100 under a key.
    pub async fn try_order(&self, viewer: &Viewer, key: &str) -> Answer {
        viewer.post("/api/v1/coin-orders", key, &json!({"package_id": self.p100})).await
    }

    /// Orders p100; the invoice.
    pub async fn order(&self, viewer: &Viewer, key: &str) -> String {
        let answer = self.try_order(viewer, key).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()["invoice"].as_str().expect("an invoice").to_owned()
    }

    /// Sends a notice of p100's price; the answer's status and `idempotent`.
    pub async fn notice(&self, invoice: &str, word: &str) -> (u16, Value) {
        self.send(&Notice::of(Shape::Qris, invoice, PRICE, word)).await
    }

    /// Sends a notice; the answer's status and `idempotent`.
    pub async fn send(&self, notice: &Notice) -> (u16, Value) {
        let answer = notice.send(&self.hook()).await;
        (answer.status.as_u16(), answer.json()["idempotent"].clone())
    }

    /// The order's row.
    pub async fn find(&self, invoice: &str) -> Order {
        find(&self.store, invoice).await
    }

    /// What the inbox has of an invoice, oldest first.
    pub async fn inbox(&self, invoice: &str) -> Vec<StoredNotice> {
        let filter = NoticeFilter { disputed: false, invoice: Some(invoice.to_owned()) };
        self.notices(filter).await
    }

    /// What the inbox has, oldest first.
    pub async fn notices(&self, filter: NoticeFilter) -> Vec<StoredNotice> {
        let read = self.store.read(move |conn| payments::list_notices(conn, &filter, 1_000));
        let mut found: Vec<StoredNotice> = read.await.expect("the inbox");
        found.reverse();
        found
    }

    /// Verdicts of an invoice, oldest first.
    pub async fn verdicts(&self, invoice: &str) -> Vec<String> {
        self.inbox(invoice).await.into_iter().map(|notice| notice.verdict.to_string()).collect()
    }

    /// An account's ledger, oldest first: type, coins, reference.
    pub async fn booked(&self, viewer: &Viewer) -> Vec<(String, i64, String)> {
        let account: AccountId = viewer.id.parse().expect("an id");
        let read = self.store.read(move |conn| ledger::list_entries(conn, &account, None, 1_000));
        let mut entries: Vec<Entry> = read.await.expect("the ledger");
        entries.reverse();
        entries.into_iter().map(|entry| (entry.kind.to_string(), entry.coins.0, entry.reference)).collect()
    }

    /// Makes an order older: everything about its time is `ms` earlier.
    pub async fn age(&self, invoice: &str, ms: i64) {
        let (by, invoice) = (ms * 1_000, invoice.to_owned());
        let sql = format!(
            "UPDATE coin_orders SET created_at = created_at - {by}, expires_at = expires_at - {by} \
             WHERE invoice = '{invoice}'"
        );
        self.sql(&sql).await;
    }

    /// Runs a statement on the database, as nobody but a test would.
    pub async fn sql(&self, sql: &str) {
        let sql = sql.to_owned();
        let run = self.store.write(move |conn| {
            let query = diesel::sql_query(&sql);
            match conn {
                Conn::Sqlite(conn) => query.execute(conn)?,
                Conn::Postgres(conn) => query.execute(conn)?,
            };
            Ok::<_, StoreError>(())
        });
        run.await.expect("the statement");
    }

    /// Waits until an order's row is as wanted.
    pub async fn order_that(&self, invoice: &str, what: &str, wanted: impl Fn(&Order) -> bool) -> Order {
        until(what, SOON, async || Some(self.find(invoice).await).filter(&wanted)).await
    }

    /// How often DOKU was asked after an order.
    pub fn checks(&self, invoice: &str) -> usize {
        let path = format!("/orders/v1/status/{invoice}");
        self.doku.asked().iter().filter(|asked| asked.path == path).count()
    }

    /// The value of a metric with these labels, 0 where it is not told.
    pub async fn metric(&self, line: &str) -> u64 {
        let text = http::get(&self.server.url("/metrics")).await;
        let found = text.text().lines().find_map(|found| found.strip_prefix(line)?.trim().parse().ok());
        found.unwrap_or(0)
    }

    /// `ledger verify` finds nothing.
    pub fn books_are_clean(&self) {
        self.server.cli_ok(&["ledger", "verify"]);
    }
}

/// What a configuration file says.
pub fn config(db: &TestDatabase, doku: &DokuServer, payments: &str) -> String {
    let mut table: toml::Table = db.overrides().parse().expect("TOML");
    let sells: toml::Table = doku.config().parse().expect("TOML");
    table.extend(sells);
    let lines: toml::Table = payments.parse().expect("TOML");
    table["payments"].as_table_mut().expect("a table").extend(lines);
    toml::to_string(&table).expect("TOML")
}

/// A package's id.
pub async fn package(store: &Store, code: &str) -> String {
    let all = store.read(payments::list_packages).await.expect("packages");
    all.into_iter().find(|package| package.code == code).expect("the package").id.to_string()
}

/// An order's row.
pub async fn find(store: &Store, invoice: &str) -> Order {
    let invoice: Invoice = invoice.parse().expect("an invoice");
    let read = store.read(move |conn| payments::find_order(conn, &invoice));
    read.await.expect("the database").expect("the order")
}

/// When an order's next check is due.
pub async fn check_due(store: &Store, invoice: &str) -> Option<Micros> {
    let invoice = invoice.to_owned();
    let read = store.read(move |conn| bakuhantam::jobs::find_run_at(conn, "check_order", &invoice));
    read.await.expect("the database")
}
