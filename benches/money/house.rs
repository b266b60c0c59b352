//! The till as `serve` has it, over a new database with people, orders and events.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bakuhantam::clock::{Clock as _, Micros, SharedClock, SystemClock};
use bakuhantam::config::{self, Database, Secret};
use bakuhantam::flows::{Crowd, CrowdParts, MoneyRequest, NoticeAnswer, SupportWish, Supporter, Till, TillParts};
use bakuhantam::ids::{AccountId, Invoice, RowId, SharedRandom, SystemRandom, new_word};
use bakuhantam::ledger;
use bakuhantam::money::Coins;
use bakuhantam::payments::doku::{self, Doku, signature};
use bakuhantam::payments::{Gateway, NoticeHeaders, PaymentProvider};
use bakuhantam::store::{Dialect, Store, StoreError, migrate};
use bakuhantam::superchat::Rules;
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
    /// Somebody supports the red corner of the hot event, with a message.
    Support(AccountId, MoneyRequest),
    /// Somebody votes there.
    Vote(AccountId, MoneyRequest),
}

/// Name of the event that everybody's supports and votes go to.
pub const HOT: &str = "ours-0";
/// What a support costs.
const SUPPORT_COINS: i64 = 20;

/// What supports and votes of the hot event are for.
#[derive(Clone, Debug)]
pub struct Booth {
    pub fighter: RowId,
    pub poll: RowId,
    pub option: RowId,
}

/// See above.
#[derive(Clone)]
pub struct House {
    pub store: Store,
    pub url: String,
    pub dialect: Dialect,
    till: Till,
    crowd: Crowd,
    random: SharedRandom,
    people: Arc<[AccountId]>,
    /// Event and its fight.
    fights: Arc<[(RowId, RowId)]>,
    pub booth: Booth,
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
        let rules = Rules::open(&config::Superchat::default()).unwrap();
        let crowd =
            Crowd::new(CrowdParts { store: store.clone(), clock: clock.clone(), random: random.clone(), rules });
        let booth = Booth { fighter: new_row(&random), poll: new_row(&random), option: new_row(&random) };
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
            crowd,
            random,
            people: Arc::from([]),
            fights: Arc::from([]),
            booth,
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
        let Booth { fighter, poll, option } = &self.booth;
        booth_rows(&mut sql, fights[0].0.as_str(), [fighter, poll, option].map(RowId::as_str), new().as_str());
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
            What::Supports | What::Votes => {
                let one = |person: AccountId| {
                    let request = |route: String| MoneyRequest {
                        account: person.to_string(),
                        route,
                        key: format!("{:036}", self.number()),
                        body_hash: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".to_owned(),
                    };
                    if what == What::Supports {
                        let request = request(format!("POST /api/v1/events/{HOT}/supports"));
                        Work::Support(person, request)
                    } else {
                        let request = request(format!("POST /api/v1/polls/{}/votes", self.booth.poll));
                        Work::Vote(person, request)
                    }
                };
                self.new_people(count).into_iter().map(one).collect()
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
            Work::Support(person, request) => {
                let who = Supporter { account: person, name: "Ari".to_owned() };
                let wish = SupportWish {
                    coins: Coins(SUPPORT_COINS),
                    fighter: Some(self.booth.fighter.clone()),
                    message: Some("Ayo Ari, satu ronde lagi!".to_owned()),
                    anonymous: false,
                };
                let supported = self.crowd.send_support(who, &HOT.parse().unwrap(), wish, &request).await.unwrap();
                assert_eq!(supported.balance.0, 1_000 - SUPPORT_COINS);
            }
            Work::Vote(person, request) => {
                let Booth { poll, option, .. } = &self.booth;
                let voted = self.till.cast_vote(&person, poll, option, Coins(1), &request).await.unwrap();
                assert_eq!(voted.charged.0, 1);
            }
        }
    }

    /// The statements of one transaction, as the database is asked. Names of the hot event's rows are `theirs` instead.
    pub async fn overhear(&self, what: What, theirs: &[(String, String)]) -> Vec<Statement> {
        let mut work = self.prepare(what, 3);
        let last = work.pop().unwrap();
        let meaning = Meaning::new(&last, &self.people, &self.fights, theirs);
        statements::listen();
        let mut overheard = Self::over(&self.url, self.dialect, self.folder.clone());
        overheard.booth = self.booth.clone();
        for one in work {
            overheard.run(one).await;
        }
        statements::keep();
        overheard.run(last).await;
        statements::take_statements(meaning)
    }

    /// The store as another process opens it.
    pub fn another_process(&self) -> Store {
        Store::open(&Database { url: Secret::new(&*self.url), ..Database::default() }).unwrap()
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

/// A corner, a poll with two answers and a ladder for an event: its ids are those of fighter, poll and first answer.
pub fn booth_rows(sql: &mut String, event: &str, [fighter, poll, option]: [&str; 3], other: &str) {
    write!(
        sql,
        "INSERT INTO fighters (id, event_id, name) VALUES ('{fighter}', '{event}', 'Citra Lestari'); \
         INSERT INTO polls (id, event_id, position, code, question, status, coins_per_vote, max_votes_per_viewer) \
         VALUES ('{poll}', '{event}', 1, 'winner', 'Siapa menang?', 'open', 1, 100); \
         INSERT INTO poll_options (id, poll_id, position, label) VALUES ('{option}', '{poll}', 1, 'Ari'), \
            ('{other}', '{poll}', 2, 'Budi'); \
         INSERT INTO event_crowds (event_id, seq, total_coins, hold_supports) VALUES ('{event}', 0, 0, FALSE);"
    )
    .unwrap();
    for step in 1..=10 {
        write!(
            sql,
            "INSERT INTO milestones (id, event_id, coins, title) VALUES ('m{step}{event}', '{event}', {step}00000, \
             'Ronde tambahan {step}');"
        )
        .unwrap();
    }
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
