//! The storm itself: orders, senders that do not give up, and what kills the program and its database.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bakuhantam::clock::{Clock as _, Micros, SharedClock, SystemClock};
use bakuhantam::config::Language;
use bakuhantam::flows::{MoneyRequest, Till, TillParts};
use bakuhantam::ids::{AccountId, Invoice, SystemRandom};
use bakuhantam::payments::{
    Checkout, CheckoutRequest, Customer, Gateway, NoticeHeaders, NoticeRefusal, PaymentProvider, PaymentReport,
    ProviderError, SignedNotice,
};
use bakuhantam::store::{Conn, Store, StoreError};
use diesel::RunQueryDsl as _;
use futures_util::StreamExt as _;
use tokio_util::task::TaskTracker;

use super::Size;
use super::fate::{Fate, Luck, Message, messages};
use crate::harness::doku::DokuServer;
use crate::harness::night;
use crate::harness::private_postgres::PrivatePostgres;
use crate::harness::server::TestServer;
use crate::postgres::TestDatabase;
use crate::selling::{PACKAGES, PRICE, package};

/// Orders whose payers are busy at the same time.
const AT_ONCE: usize = 24;
/// Orders of one account.
const ORDERS_EACH: usize = 8;
/// A notice that was not taken comes again after this. DOKU takes half an hour.
const AGAIN: Duration = Duration::from_millis(60);

/// The database of a storm.
pub enum Cluster {
    Sqlite(TestDatabase),
    Postgres(PrivatePostgres),
}

impl Cluster {
    pub fn url(&self) -> String {
        match self {
            Self::Sqlite(db) => db.url().to_owned(),
            Self::Postgres(cluster) => cluster.url(),
        }
    }

    pub const fn name(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "SQLite",
            Self::Postgres(_) => "PostgreSQL",
        }
    }
}

/// An order of the storm.
#[derive(Clone, Debug)]
pub struct Order {
    pub invoice: String,
    pub fate: Fate,
}

/// What was sent, and how it was answered.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Notices, each counted once.
    pub sent: usize,
    /// How often they were sent.
    pub tries: usize,
    pub taken: usize,
    pub stale: usize,
    pub refused: usize,
    /// Request-Ids of what was answered with 200 or 400.
    pub answered: Vec<String>,
    /// Request-Ids of what was refused.
    pub forged: Vec<String>,
    pub app_kills: usize,
    pub database_kills: usize,
}

/// Everything that is in it.
pub struct Storm {
    // Before the database, so that it stops first.
    pub server: TestServer,
    pub doku: Arc<DokuServer>,
    pub cluster: Cluster,
    pub orders: Vec<Order>,
}

impl Storm {
    /// Makes accounts and orders, and starts the program.
    pub async fn gather(cluster: Cluster, store: &Store, size: Size, seed: u64) -> Self {
        let doku = DokuServer::start();
        let overrides = format!(
            "[database]\nurl = \"{}\"\n[server]\nsecret_key = \"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"\n{}",
            cluster.url(),
            doku.config(),
        );
        let mut config: toml::Table = overrides.parse().expect("TOML");
        let every = i64::try_from(size.reconcile_every_ms).expect("short");
        config["payments"].as_table_mut().expect("a table").insert("reconcile_every_ms".into(), every.into());
        let mut server = TestServer::prepare(&toml::to_string(&config).expect("TOML"));
        // Everything is killed all the time; what counts is the books at the end.
        for words in ["needs somebody", "database", "outbox", "job", "a fault", "payment provider", "heartbeat"] {
            server.allow(words);
        }
        night::apply(&server, PACKAGES);
        let mut luck = Luck::new(seed);
        let orders = make_orders(store, size, &mut luck).await;
        server.serve().await;
        Self { server, doku: Arc::new(doku), cluster, orders }
    }

    /// Sends everything until it is answered, while things are killed; returns when all is sent.
    pub async fn rage(&mut self, size: Size, seed: u64) -> Tally {
        let tally = Arc::new(Mutex::new(Tally::default()));
        let hook = self.server.url("/api/v1/hooks/doku");
        let doku = self.doku.clone();
        let mut luck = Luck::new(seed.wrapping_mul(31));
        let mut plans: Vec<(Order, Vec<Message>)> =
            self.orders.iter().map(|order| (order.clone(), messages(order.fate, &order.invoice, &mut luck))).collect();
        luck.shuffle(&mut plans);
        let sent = Arc::new(AtomicUsize::new(0));
        let total = plans.len();
        let sending = send_all(plans, hook, doku, tally.clone(), sent.clone());
        let sending = TaskTracker::new().spawn(sending);
        // Kills are spread over the storm by how much of it has been sent.
        let mut kills = vec![true; size.app_kills];
        if matches!(self.cluster, Cluster::Postgres(_)) {
            kills.extend(vec![false; size.database_kills]);
        }
        luck.shuffle(&mut kills);
        let count = kills.len() + 1;
        for (number, is_app) in kills.into_iter().enumerate() {
            while sent.load(Ordering::SeqCst) < total * (number + 1) / count && !sending.is_finished() {
                tokio::time::sleep(Duration::from_millis(luck.below(20) + 1)).await;
            }
            if is_app {
                self.server.sigkill();
                tally.lock().expect("no panic").app_kills += 1;
                self.server.serve().await;
            } else if let Cluster::Postgres(postgres) = &mut self.cluster {
                postgres.kill();
                tally.lock().expect("no panic").database_kills += 1;
                // Away for a moment: the senders go on against it.
                tokio::time::sleep(Duration::from_millis(luck.below(700))).await;
                tokio::task::block_in_place(|| postgres.restart());
            }
        }
        sending.await.expect("everything is sent");
        let tally = tally.lock().expect("no panic");
        tally.clone()
    }
}

/// Sends what is said of every order, some orders at a time.
async fn send_all(
    plans: Vec<(Order, Vec<Message>)>,
    hook: String,
    doku: Arc<DokuServer>,
    tally: Arc<Mutex<Tally>>,
    sent: Arc<AtomicUsize>,
) {
    let client = reqwest::Client::builder().timeout(Duration::from_secs(15)).no_proxy().build().expect("a client");
    let (client, hook, doku, tally, sent) = (&client, &hook, &doku, &tally, &sent);
    let all = futures_util::stream::iter(plans).for_each_concurrent(AT_ONCE, |(order, said)| async move {
        if let Some(word) = order.fate.word() {
            doku.invent(&order.invoice, PRICE, word);
        }
        pay(client, hook, said, tally).await;
        sent.fetch_add(1, Ordering::SeqCst);
    });
    all.await;
}

/// Says everything of one order.
async fn pay(client: &reqwest::Client, hook: &str, said: Vec<Message>, tally: &Mutex<Tally>) {
    let (at_once, one_by_one): (Vec<Message>, Vec<Message>) = said.into_iter().partition(|said| said.is_at_once);
    futures_util::future::join_all(at_once.iter().map(|message| insist(client, hook, message, tally))).await;
    for message in &one_by_one {
        insist(client, hook, message, tally).await;
    }
}

/// Sends one message until it is answered for good.
async fn insist(client: &reqwest::Client, hook: &str, message: &Message, tally: &Mutex<Tally>) {
    let notice = &message.notice;
    let signature = if message.is_forged { "HMACSHA256=Zm9yZ2Vk".to_owned() } else { notice.signature() };
    tally.lock().expect("no panic").sent += 1;
    loop {
        let request = client
            .post(hook)
            .header("content-type", "application/json")
            .header("client-id", &notice.client_id)
            .header("request-id", &notice.request_id)
            .header("request-timestamp", &notice.timestamp)
            .header("signature", &signature)
            .body(notice.body.clone());
        tally.lock().expect("no panic").tries += 1;
        let status = match request.send().await {
            Ok(answer) => answer.status().as_u16(),
            Err(_) => 0,
        };
        let mut tally = tally.lock().expect("no panic");
        match status {
            200 => {
                assert!(!message.is_forged, "a forged notice was taken");
                tally.taken += 1;
                tally.answered.push(notice.request_id.clone());
                return;
            }
            400 => {
                tally.stale += 1;
                tally.answered.push(notice.request_id.clone());
                return;
            }
            401 => {
                assert!(message.is_forged, "a notice was refused");
                tally.refused += 1;
                tally.forged.push(notice.request_id.clone());
                return;
            }
            0 | 503 => {}
            status => panic!("a notice was answered with {status}"),
        }
        drop(tally);
        tokio::time::sleep(AGAIN).await;
    }
}

/// Orders as buyers make them, without the program, which is not there yet.
async fn make_orders(store: &Store, size: Size, luck: &mut Luck) -> Vec<Order> {
    let clock: SharedClock = Arc::new(SystemClock);
    let till = Till::new(TillParts {
        store: store.clone(),
        clock,
        random: Arc::new(SystemRandom::default()),
        provider: Some(Arc::new(PayPages)),
        order_ttl_minutes: 60,
        site_url: "https://bakuhantam.tv".into(),
    })
    .reconcile_every(size.reconcile_every_ms);
    let p100 = package(store, "p100").await.parse().expect("an id");
    let mut accounts = Vec::new();
    for _ in 0..size.orders.div_ceil(ORDERS_EACH) {
        accounts.push(AccountId::new(SystemClock.now(), &SystemRandom::default()));
    }
    insert_accounts(store, &accounts).await;
    let numbered: Vec<(usize, Fate)> = (0..size.orders).map(|number| (number, Fate::draw(luck))).collect();
    let making = futures_util::stream::iter(numbered).map(|(number, fate)| {
        let (till, account, p100) = (till.clone(), accounts[number / ORDERS_EACH].clone(), &p100);
        async move {
            let request = MoneyRequest {
                account: account.to_string(),
                route: "POST /api/v1/coin-orders".into(),
                key: format!("storm-{number}"),
                body_hash: "x".into(),
            };
            let customer = Customer { name: "Penonton".into(), phone: "+6281200000001".into(), language: Language::Id };
            let order = till.order_coins(&account, customer, p100, &request).await.expect("an order");
            Order { invoice: order.invoice.to_string(), fate }
        }
    });
    making.buffered(8).collect().await
}

async fn insert_accounts(store: &Store, accounts: &[AccountId]) {
    for some in accounts.chunks(200) {
        let rows: Vec<String> =
            some.iter().map(|id| format!("('{id}', 'Penonton', '', 'viewer', 0, 'id', 0)")).collect();
        let sql = format!(
            "INSERT INTO accounts (id, name, password_hash, role, totp_last_step, locale, created_at) VALUES {}",
            rows.join(", ")
        );
        let made = store.write(move |conn| {
            let query = diesel::sql_query(&sql);
            match conn {
                Conn::Sqlite(conn) => query.execute(conn)?,
                Conn::Postgres(conn) => query.execute(conn)?,
            };
            Ok::<_, StoreError>(())
        });
        made.await.expect("accounts");
    }
}

/// A provider that makes pay pages and nothing else.
#[derive(Debug)]
struct PayPages;

#[async_trait]
impl PaymentProvider for PayPages {
    fn gateway(&self) -> Gateway {
        Gateway::Doku
    }

    async fn create_checkout(&self, request: &CheckoutRequest) -> Result<Checkout, ProviderError> {
        Ok(Checkout { payment_url: format!("https://pay.doku.com/{}", request.invoice), expires_at: None })
    }

    fn read_notice(&self, _: &NoticeHeaders, _: &[u8], _: Micros) -> Result<SignedNotice, NoticeRefusal> {
        Err(NoticeRefusal::Signature)
    }

    async fn check_status(&self, _: &Invoice) -> Result<PaymentReport, ProviderError> {
        Err(ProviderError::Passing("nobody asks here".into()))
    }
}
