//! The till as `serve` has it, over a new database with people, orders and events.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bakuhantam::clock::{Clock as _, Micros, SharedClock, SystemClock};
use bakuhantam::config::{self, Database, Secret};
use bakuhantam::flows::{MoneyRequest, NoticeAnswer, Till, TillParts};
use bakuhantam::ids::{AccountId, Invoice, RowId, SharedRandom, SystemRandom, new_word};
use bakuhantam::ledger;
use bakuhantam::payments::doku::{self, Doku, signature};
use bakuhantam::payments::{Gateway, NoticeHeaders, PaymentProvider};
use bakuhantam::store::{Dialect, Store, StoreError, migrate};
use bytes::Bytes;
use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, PgConnection};
use tempfile::TempDir;

use super::What;
use super::statements::{self, Meaning, Statement};

/// Accounts that orders are spread over.
pub const PEOPLE: u32 = 2_000;
/// Events that unlocks are spread over.
pub const EVENTS: u32 = 50;
/// Rows in one statement that prepares.
const BATCH: usize = 500;

const SECRET: &str = "SK-of-the-benchmark";
const CLIENT: &str = "BRN-0227-BENCH";

/// One thing to do.
#[derive(Clone, Debug)]
pub enum Work {
    /// A notice comes.
    Notice(NoticeHeaders, Bytes),
    /// Somebody opens a fight.
    Unlock(AccountId, RowId, MoneyRequest),
}

/// See above.
#[derive(Clone)]
pub struct House {
    pub store: Store,
    pub url: String,
    pub dialect: Dialect,
    till: Till,
    random: SharedRandom,
    people: Arc<[AccountId]>,
    /// Event and its fight.
    fights: Arc<[(RowId, RowId)]>,
    made: Arc<AtomicU32>,
    /// Kept while anyone uses what is in it.
    folder: Arc<TempDir>,
}

fn new_row(random: &SharedRandom) -> RowId {
    RowId::new(SystemClock.now(), &**random)
}

impl House {
    pub fn open(dialect: Dialect, server: &str) -> Self {
        // On the disk that the project is on: a temporary folder may be memory.
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let url = match dialect {
            Dialect::Sqlite => format!("sqlite://{}", folder.path().join("bench.db").display()),
            Dialect::Postgres => {
                let schema = format!("bench_{}", new_word(&SystemRandom::default(), 12));
                let mut conn = PgConnection::establish(server).unwrap();
                conn.batch_execute(&format!("CREATE SCHEMA {schema}")).unwrap();
                format!("{server}?options=-c%20search_path%3D{schema}")
            }
        };
        let mut house = Self::over(&url, dialect, Arc::new(folder));
        migrate::up(&house.store).unwrap();
        house.settle_in();
        house
    }

    /// Another till over the same database, as `serve` would open it.
    fn over(url: &str, dialect: Dialect, folder: Arc<TempDir>) -> Self {
        let store = Store::open(&Database { url: Secret::new(url), ..Database::default() }).unwrap();
        let clock: SharedClock = Arc::new(SystemClock);
        let random: SharedRandom = Arc::new(SystemRandom::default());
        let provider = Doku::new(doku::Parts {
            config: config::Doku {
                client_id: CLIENT.to_owned(),
                secret_key: Secret::new(SECRET),
                ..config::Doku::default()
            },
            public_url: "https://bench.example".to_owned(),
            clock: clock.clone(),
            random: random.clone(),
            timings: doku::Timings::default(),
        })
        .unwrap();
        let till = Till::new(TillParts {
            store: store.clone(),
            clock,
            random: random.clone(),
            provider: Some(Arc::new(provider) as Arc<dyn PaymentProvider>),
            order_ttl_minutes: 60,
            site_url: "https://bench.example".to_owned(),
        });
        Self {
            store,
            url: url.to_owned(),
            dialect,
            till,
            random,
            people: Arc::from([]),
            fights: Arc::from([]),
            made: Arc::default(),
            folder,
        }
    }

    pub const fn name(&self) -> &'static str {
        match self.dialect {
            Dialect::Sqlite => "SQLite",
            Dialect::Postgres => "PostgreSQL",
        }
    }

    pub fn execute(&self, sql: String) {
        // It waits on a thread of the runtime.
        tokio::task::block_in_place(|| {
            self.store.write_now(move |conn| Ok::<_, StoreError>(conn.batch_execute(&sql)?))
        })
        .unwrap();
    }

    fn settle_in(&mut self) {
        let new = || new_row(&self.random);
        let mut sql = String::new();
        let mut fights = Vec::new();
        for number in 0..EVENTS {
            let (event, fight) = (new(), new());
            event_rows(&mut sql, event.as_str(), fight.as_str(), &format!("ours-{number}"));
            fights.push((event, fight));
        }
        self.fights = fights.into();
        self.execute(sql);
        self.people = self.new_people(PEOPLE).into();
    }

    fn number(&self) -> u32 {
        self.made.fetch_add(1, Ordering::SeqCst)
    }

    fn new_people(&self, count: u32) -> Vec<AccountId> {
        let people: Vec<AccountId> = (0..count).map(|_| AccountId::new(SystemClock.now(), &*self.random)).collect();
        for some in people.chunks(BATCH) {
            let mut sql = String::new();
            for person in some {
                account_rows(&mut sql, person.as_str(), new_row(&self.random).as_str());
            }
            self.execute(sql);
        }
        people
    }

    /// Makes what `count` times doing `what` needs.
    pub fn prepare(&self, what: What, count: u32) -> Vec<Work> {
        match what {
            What::Notices | What::NoticesHot => self.prepare_notices(what, count),
            What::Unlocks | What::UnlocksHot => {
                let people = self.new_people(count);
                let unlock = |person: AccountId| {
                    let number = self.number();
                    let at = if what == What::UnlocksHot { 0 } else { number as usize % self.fights.len() };
                    let fight = self.fights[at].1.clone();
                    let request = MoneyRequest {
                        account: person.to_string(),
                        route: format!("POST /api/v1/fights/{fight}/unlock"),
                        key: format!("{number:036}"),
                        body_hash: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".to_owned(),
                    };
                    Work::Unlock(person, fight, request)
                };
                people.into_iter().map(unlock).collect()
            }
        }
    }

    fn prepare_notices(&self, what: What, count: u32) -> Vec<Work> {
        let mut orders = Vec::new();
        for number in 0..count {
            let person = if what == What::NoticesHot { 0 } else { (number % PEOPLE) as usize };
            orders.push((Invoice::new(SystemClock.now(), &*self.random), person));
        }
        for some in orders.chunks(BATCH) {
            let mut sql = String::new();
            for (invoice, person) in some {
                order_rows(&mut sql, new_row(&self.random).as_str(), invoice.as_str(), self.people[*person].as_str());
            }
            self.execute(sql);
        }
        orders.iter().map(|(invoice, _)| self.notice(invoice)).collect()
    }

    fn notice(&self, invoice: &Invoice) -> Work {
        let body = format!(
            r#"{{"service":{{"id":"VIRTUAL_ACCOUNT"}},"acquirer":{{"id":"BCA"}},"channel":{{"id":"VIRTUAL_ACCOUNT_BCA"}},"transaction":{{"status":"SUCCESS","date":"2026-12-05T12:00:00Z","original_request_id":"{invoice}"}},"order":{{"invoice_number":"{invoice}","amount":100000}},"virtual_account_info":{{"virtual_account_number":"1900600000000046"}}}}"#
        );
        let request_id = format!("{:036}", self.number());
        let at = jiff::Timestamp::from_microsecond(SystemClock.now().0).unwrap();
        let timestamp = at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let digest = signature::digest_of(body.as_bytes());
        let parts = signature::Parts {
            client_id: CLIENT,
            request_id: &request_id,
            timestamp: &timestamp,
            target: doku::HOOK_PATH,
            digest: Some(&digest),
            direction: signature::Direction::Request,
        };
        let signature = signature::sign(&signature::key_of(SECRET), &parts);
        let headers = NoticeHeaders { client_id: CLIENT.to_owned(), request_id, timestamp, signature };
        Work::Notice(headers, Bytes::from(body))
    }

    pub async fn run(&self, work: Work) {
        match work {
            Work::Notice(headers, body) => {
                let answer = self.till.take_notice(Gateway::Doku, headers, body).await.unwrap();
                assert_eq!(answer, NoticeAnswer::Taken { idempotent: false });
            }
            Work::Unlock(person, fight, request) => {
                let unlocked = self.till.unlock_fight(&person, &fight, &request).await.unwrap();
                assert_eq!(unlocked.charged.0, 30);
            }
        }
    }

    /// The statements of one transaction, as the database is asked.
    pub async fn overhear(&self, what: What) -> Vec<Statement> {
        let mut work = self.prepare(what, 3);
        let last = work.pop().unwrap();
        let meaning = Meaning::new(&last, &self.people, &self.fights);
        statements::listen();
        let overheard = Self::over(&self.url, self.dialect, self.folder.clone());
        for one in work {
            overheard.run(one).await;
        }
        statements::keep();
        overheard.run(last).await;
        statements::take_statements(meaning)
    }

    /// How much is wrong with the books, the limit's rows too.
    pub fn verify(&self) -> u64 {
        self.store.read_now(&|conn| ledger::verify(conn, &mut |drift| println!("{drift}"))).unwrap().drifts
    }
}

/// An event with one fight for 30 coins.
pub fn event_rows(sql: &mut String, event: &str, fight: &str, slug: &str) {
    write!(
        sql,
        "INSERT INTO events (id, slug, title, status, starts_at, pass_price_coins, stream_key_mac, epoch, interrupted, \
            stream_status, stream_since, created_at) \
         VALUES ('{event}', '{slug}', 'Island Fight', 'published', 1, 90, '{slug}', '', FALSE, 'offline', 1, 1); \
         INSERT INTO fighters (id, event_id, name) VALUES ('r{event}', '{event}', 'Ari Wijaya'), \
            ('b{event}', '{event}', 'Budi Santoso'); \
         INSERT INTO fights (id, event_id, number, red_id, blue_id, title, price_coins, status) \
         VALUES ('{fight}', '{event}', 1, 'r{event}', 'b{event}', 'Bantamweight', 30, 'scheduled');"
    )
    .unwrap();
}

/// An account that was granted 1,000 coins.
pub fn account_rows(sql: &mut String, account: &str, grant: &str) {
    write!(
        sql,
        "INSERT INTO accounts (id, phone, name, password_hash, role, totp_last_step, locale, created_at) \
         VALUES ('{account}', NULL, 'Ari', '', 'viewer', 0, 'id', 1); \
         INSERT INTO coin_balances VALUES ('{account}', 1000, 1); \
         INSERT INTO coin_ledger (id, account_id, entry, type, coins, balance_after, reference_id, note, at) \
         VALUES ('{grant}', '{account}', 1, 'grant', 1000, 1000, '{grant}', 'start', 1);"
    )
    .unwrap();
}

/// An order that waits to be paid.
pub fn order_rows(sql: &mut String, id: &str, invoice: &str, account: &str) {
    let Micros(now) = SystemClock.now();
    write!(
        sql,
        "INSERT INTO coin_orders (id, invoice, account_id, gateway, package_code, coins, bonus_coins, price_idr, status, \
            request_id, payment_url, created_at, expires_at, paid_late, reversed_coins) \
         VALUES ('{id}', '{invoice}', '{account}', 'doku', 'p100', 100, 5, 100000, 'pending', '{id}', \
            'https://pay.example/{invoice}', {now}, {now} + 3600000000, FALSE, 0); \
         INSERT INTO jobs (id, kind, reference, run_at, taken_until, tries) \
         VALUES ('{id}', 'check_order', '{invoice}', {now} + 60000000, NULL, 0);"
    )
    .unwrap();
}
