//! Notices that never came: the provider is asked, once at a time, by whichever node is there.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bakuhantam::clock::{Clock as _, ManualClock, Micros, SharedClock, SystemClock};
use bakuhantam::config::Language;
use bakuhantam::flows::{MoneyRequest, Reconciler, Till, TillError, TillParts};
use bakuhantam::ids::{AccountId, Invoice, SharedRandom, SystemRandom};
use bakuhantam::jobs::{self, Next, Runner, Work as _};
use bakuhantam::money::Rupiah;
use bakuhantam::payments::{
    Checkout, CheckoutRequest, Customer, Gateway, NoticeHeaders, NoticeRefusal, Order, PaymentProvider, PaymentReport,
    ProviderError, ProviderStatus, SignedNotice,
};
use bakuhantam::store::Store;
use diesel::RunQueryDsl as _;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::harness::doku::DokuFault;
use crate::harness::until;
use crate::harness::viewers::Viewer;
use crate::postgres::{TestDatabase, on_both_databases};
use crate::selling::{COINS, NEVER, PACKAGES, SOON, SellingServer, check_due, package};

on_both_databases! {
    async fn a_lost_notice_is_made_good_by_asking(db) {
        let shop = SellingServer::open(&db, "reconcile_every_ms = 200").await;
        let (ari, budi) = (Viewer::register(&shop.server, 1).await, Viewer::register(&shop.server, 2).await);
        let (paid, open) = (shop.order(&ari, "k").await, shop.order(&budi, "k").await);
        shop.doku.tell(&paid, "SUCCESS");
        let order = shop.order_that(&paid, "it is credited", |order| order.status.as_str() == "paid").await;
        assert!(!order.paid_late);
        assert_eq!(ari.coins().await, COINS);
        assert_eq!(shop.verdicts(&paid).await, ["credited"]);
        assert_eq!(shop.inbox(&paid).await[0].source, "check");
        until("it is not asked after any more", SOON, async || check_due(&shop.store, &paid).await.is_none().then_some(()))
            .await;
        // The notice comes after all.
        assert_eq!(shop.notice(&paid, "SUCCESS").await, (200, json!(true)));
        assert_eq!(ari.coins().await, COINS);
        // The other one is not known to DOKU: still open, asked again and again.
        until("it is asked after thrice", SOON, async || (shop.checks(&open) >= 3).then_some(())).await;
        assert_eq!(shop.find(&open).await.status.as_str(), "pending");
        assert!(shop.inbox(&open).await.is_empty(), "an answer that changes nothing is not kept");
        shop.books_are_clean();
    }

    async fn a_buyer_who_comes_back_has_the_provider_asked_a_minute_later(db) {
        let shop = SellingServer::open(&db, "order_ttl_minutes = 60").await;
        let ari = Viewer::register(&shop.server, 1).await;
        let invoice = shop.order(&ari, "k").await;
        // Asked after a few times already: the next question would be long in coming.
        let far = SystemClock.now().plus_ms(900_000).0;
        shop.sql(&format!("UPDATE jobs SET run_at = {far} WHERE reference = '{invoice}'")).await;
        assert_eq!(ari.get(&format!("/orders/{invoice}")).await.status, 200);
        let wait_ms = check_due(&shop.store, &invoice).await.expect("a question").ms_since(SystemClock.now());
        assert!((30_000..=60_000).contains(&wait_ms), "{wait_ms}");
        // What is paid is not asked after.
        shop.notice(&invoice, "SUCCESS").await;
        assert_eq!(ari.get(&format!("/orders/{invoice}")).await.status, 200);
        assert_eq!(check_due(&shop.store, &invoice).await, None);
    }

    async fn an_order_expires_after_a_last_question_and_late_money_is_credited(db) {
        let shop = SellingServer::open(&db, "reconcile_every_ms = 300").await;
        let ari = Viewer::register(&shop.server, 1).await;
        let invoice = shop.order(&ari, "k").await;
        shop.age(&invoice, 60 * 60_000 + 1_000).await;
        shop.order_that(&invoice, "it has expired", |order| order.status.as_str() == "expired").await;
        until("it is not asked after any more", SOON, async || {
            check_due(&shop.store, &invoice).await.is_none().then_some(())
        })
        .await;
        assert!(shop.checks(&invoice) >= 1, "it was asked after once more");
        assert_eq!(shop.notice(&invoice, "SUCCESS").await, (200, json!(false)));
        let order = shop.find(&invoice).await;
        assert!(order.paid_late && order.status.as_str() == "paid");
        assert_eq!(shop.verdicts(&invoice).await, ["credited_late"]);
        assert_eq!(ari.coins().await, COINS);
    }

    async fn an_order_whose_provider_is_silent_is_asked_after_until_it_answers(db) {
        let mut shop = SellingServer::open(&db, "reconcile_every_ms = 200").await;
        shop.server.allow("does not say how an order stands");
        let ari = Viewer::register(&shop.server, 1).await;
        let invoice = shop.order(&ari, "k").await;
        shop.doku.tell(&invoice, "SUCCESS");
        shop.doku.plan(|_, _| Some(DokuFault::Answer(500, "")));
        shop.age(&invoice, 60 * 60_000 + 60_000).await;
        until("it was asked after in vain", SOON, async || (shop.checks(&invoice) >= 2).then_some(())).await;
        assert_eq!(ari.coins().await, 0);
        shop.doku.heal();
        shop.order_that(&invoice, "it is credited", |order| order.status.as_str() == "paid").await;
        assert_eq!(ari.coins().await, COINS);
    }

    async fn a_buyer_who_has_paid_can_have_us_look_again(db) {
        let mut shop = SellingServer::open(&db, NEVER).await;
        shop.server.allow("does not say how an order stands");
        let ari = Viewer::register(&shop.server, 1).await;
        let (invoice, second, third) =
            (shop.order(&ari, "k1").await, shop.order(&ari, "k2").await, shop.order(&ari, "k3").await);
        let recheck = async |invoice: &str| {
            ari.post(&format!("/api/v1/coin-orders/{invoice}/recheck"), "", &json!({})).await
        };
        // Not paid yet; and not asked again at once.
        assert_eq!(recheck(&invoice).await.json()["status"], "pending");
        let often = recheck(&invoice).await;
        assert_eq!((often.status.as_u16(), &often.json()["error"]["code"]), (429, &json!("payments.too_often")));
        assert!(!often.header("retry-after").is_empty());
        assert_eq!(shop.checks(&invoice), 1);
        // Paid: another order of the same buyer has a limit of its own.
        shop.doku.tell(&second, "SUCCESS");
        assert_eq!(recheck(&second).await.json()["status"], "paid");
        assert_eq!(ari.coins().await, COINS);
        // What is paid needs no question, however often it is asked.
        assert_eq!((recheck(&second).await.status.as_u16(), recheck(&second).await.status.as_u16()), (200, 200));
        assert_eq!(shop.checks(&second), 1);
        // Nobody answers.
        shop.doku.plan(|_, _| Some(DokuFault::Answer(500, "")));
        let away = recheck(&third).await;
        assert_eq!((away.status.as_u16(), &away.json()["error"]["code"]), (503, &json!("payments.provider_away")));
    }
}

/// A provider that says what it is told to, and counts who asks at once.
#[derive(Debug, Default)]
struct Scripted {
    state: Mutex<HashMap<String, Counts>>,
    says: Mutex<Option<ProviderStatus>>,
    takes: Duration,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    asked: u32,
    inside: u32,
    most: u32,
}

impl Scripted {
    fn counts(&self) -> HashMap<String, Counts> {
        self.state.lock().expect("no panic").clone()
    }
}

#[async_trait]
impl PaymentProvider for Scripted {
    fn gateway(&self) -> Gateway {
        Gateway::Doku
    }

    async fn create_checkout(&self, request: &CheckoutRequest) -> Result<Checkout, ProviderError> {
        Ok(Checkout { payment_url: format!("https://pay.doku.com/{}", request.invoice), expires_at: None })
    }

    fn read_notice(&self, _: &NoticeHeaders, _: &[u8], _: Micros) -> Result<SignedNotice, NoticeRefusal> {
        Err(NoticeRefusal::Signature)
    }

    async fn check_status(&self, invoice: &Invoice) -> Result<PaymentReport, ProviderError> {
        {
            let mut state = self.state.lock().expect("no panic");
            let counts = state.entry(invoice.to_string()).or_default();
            counts.asked += 1;
            counts.inside += 1;
            counts.most = counts.most.max(counts.inside);
        }
        tokio::time::sleep(self.takes).await;
        self.state.lock().expect("no panic").get_mut(invoice.as_str()).expect("it was asked").inside -= 1;
        let status = self.says.lock().expect("no panic").clone();
        let Some(status) = status else { return Err(ProviderError::Passing("silent".into())) };
        Ok(PaymentReport {
            invoice: invoice.to_string(),
            amount: Some(Rupiah(100_000)),
            is_rupiah: true,
            word: "WORD".into(),
            status,
            channel: None,
            provider_ref: None,
        })
    }
}

/// A buyer's account, as a row.
async fn account(store: &Store) -> AccountId {
    let account = AccountId::new(SystemClock.now(), &SystemRandom::default());
    let sql = format!(
        "INSERT INTO accounts (id, name, password_hash, role, totp_last_step, locale, created_at) \
         VALUES ('{account}', 'Ari', '', 'viewer', 0, 'id', 0)"
    );
    let made = store.write(move |conn| {
        let query = diesel::sql_query(&sql);
        match conn {
            bakuhantam::store::Conn::Sqlite(conn) => query.execute(conn)?,
            bakuhantam::store::Conn::Postgres(conn) => query.execute(conn)?,
        };
        Ok::<_, bakuhantam::store::StoreError>(())
    });
    made.await.expect("an account");
    account
}

fn till(store: &Store, clock: &SharedClock, provider: &Arc<Scripted>) -> Till {
    let random: SharedRandom = Arc::new(SystemRandom::default());
    Till::new(TillParts {
        store: store.clone(),
        clock: clock.clone(),
        random,
        provider: Some(provider.clone()),
        order_ttl_minutes: 60,
        site_url: "https://bakuhantam.tv".into(),
    })
}

async fn buy(till: &Till, store: &Store, account: &AccountId, key: &str) -> Order {
    let p100 = package(store, "p100").await.parse().expect("an id");
    let request = MoneyRequest {
        account: account.to_string(),
        route: "POST /api/v1/coin-orders".into(),
        key: key.into(),
        body_hash: "x".into(),
    };
    let customer = Customer { name: "Ari".into(), phone: "+6281200000001".into(), language: Language::Id };
    till.order_coins(account, customer, &p100, &request).await.expect("an order")
}

/// The packages, by the flow that `apply` runs.
async fn stock(store: &Store) {
    let act = crate::postgres::act();
    let night = bakuhantam::flows::Night::read("night.toml", PACKAGES, &act).expect("a night");
    let key = bakuhantam::config::SecretKey::new([7; 32]);
    let codes = bakuhantam::events::StreamKeyCodes::new(&key);
    bakuhantam::flows::apply_night(store, &act, &codes, night).await.expect("packages");
}

/// The minutes after its making at which an order is asked after, until it is not any more.
async fn minutes_of_checks(says: Option<ProviderStatus>, until_minute: i64) -> (Vec<i64>, Order) {
    let db = TestDatabase::sqlite();
    let store = db.migrated();
    stock(&store).await;
    let begun = SystemClock.now();
    let manual = Arc::new(ManualClock::at(begun));
    let clock: SharedClock = manual.clone();
    let provider = Arc::new(Scripted { says: Mutex::new(says), ..Scripted::default() });
    let till = till(&store, &clock, &provider);
    let ari = account(&store).await;
    let order = buy(&till, &store, &ari, "k").await;
    let work = Reconciler::new(till.clone());
    let mut minutes = Vec::new();
    while let Some(due) = check_due(&store, order.invoice.as_str()).await {
        if due.ms_since(begun) / 60_000 > until_minute {
            break;
        }
        manual.advance_ms(due.ms_since(clock.now()));
        let now = clock.now();
        let taken = store.write(move |conn| jobs::take(conn, &["check_order"], now, 1)).await;
        let job = taken.expect("jobs").pop().expect("it is due");
        minutes.push(now.ms_since(begun) / 60_000);
        let next = work.run(&job).await;
        let ended = store.write(move |conn| match next {
            Next::Done => jobs::done(conn, &job),
            Next::At(at) => jobs::again_at(conn, &job, at),
        });
        ended.await.expect("an end");
    }
    let order = till.find_order(&ari, &order.invoice).await.expect("the database").expect("the order");
    (minutes, order)
}

#[tokio::test]
async fn the_provider_is_asked_after_a_minute_then_ever_more_rarely_and_once_after_the_end() {
    let (minutes, order) = minutes_of_checks(Some(ProviderStatus::Pending), 10_000).await;
    assert_eq!(minutes, [1, 2, 4, 8, 16, 32, 48, 62]);
    assert_eq!(order.status.as_str(), "expired");
    // Nobody answers: the question stays, since the money may be there.
    let (minutes, order) = minutes_of_checks(None, 200).await;
    assert_eq!(minutes[..8], [1, 2, 4, 8, 16, 32, 48, 64], "{minutes:?}");
    assert!(minutes.len() > 12, "{minutes:?}");
    assert_eq!(order.status.as_str(), "pending", "what is not known has not expired by our asking");
    // Paid: it is asked once.
    let (minutes, order) = minutes_of_checks(Some(ProviderStatus::Paid), 10_000).await;
    assert_eq!((minutes, order.status.as_str()), (vec![1], "paid"));
}

on_both_databases! {
    async fn two_nodes_and_their_buyers_never_ask_twice_at_once_for_one_order(db) {
        let store = db.migrated();
        stock(&store).await;
        let clock: SharedClock = Arc::new(SystemClock);
        let random: SharedRandom = Arc::new(SystemRandom::default());
        let provider = Arc::new(Scripted {
            says: Mutex::new(Some(ProviderStatus::Pending)),
            takes: Duration::from_millis(30),
            ..Scripted::default()
        });
        let nodes: Vec<(Store, Till)> = (0..2)
            .map(|_| {
                let store = db.open();
                let till = till(&store, &clock, &provider).reconcile_every(40);
                (store, till)
            })
            .collect();
        let mut orders = Vec::new();
        for number in 0..3 {
            let ari = account(&store).await;
            orders.push((ari.clone(), buy(&nodes[0].1, &store, &ari, &number.to_string()).await));
        }
        let (tracker, stopping) = (TaskTracker::new(), CancellationToken::new());
        for (store, till) in &nodes {
            let work = Arc::new(Reconciler::new(till.clone()));
            let runner = Runner::new(store, &clock, &random, work, Duration::from_millis(10));
            runner.start(std::future::ready(()), &tracker, stopping.clone());
        }
        // Operators and buyers press the button all the while, on both nodes.
        let actor = crate::postgres::act().actor;
        let pressing = async {
            for _ in 0..15 {
                let presses = orders.iter().flat_map(|(_, order)| {
                    nodes.iter().map(|(_, till)| till.recheck_as(&actor, &order.invoice))
                });
                for pressed in futures_util::future::join_all(presses).await {
                    pressed.expect("an order");
                }
            }
            for (ari, order) in &orders {
                let pressed = nodes[1].1.recheck(ari, &order.invoice).await;
                assert!(matches!(pressed, Ok(_) | Err(TillError::TooOften { .. })), "{pressed:?}");
            }
        };
        pressing.await;
        until("each was asked after often", SOON, async || {
            let counts = provider.counts();
            (counts.len() == 3 && counts.values().all(|counts| counts.asked >= 8)).then_some(())
        })
        .await;
        assert!(provider.counts().values().all(|counts| counts.most == 1), "{:?}", provider.counts());
        // Paid now: whoever asks next credits it, once.
        *provider.says.lock().expect("no panic") = Some(ProviderStatus::Paid);
        for (ari, order) in &orders {
            until("it is credited", SOON, async || (nodes[0].1.balance(ari).await.ok()?.0 == COINS).then_some(())).await;
            assert_eq!(crate::selling::find(&store, order.invoice.as_str()).await.status.as_str(), "paid");
        }
        stopping.cancel();
        tracker.close();
        tokio::time::timeout(SOON, tracker.wait()).await.expect("the runners stop");
        assert!(provider.counts().values().all(|counts| counts.most == 1), "{:?}", provider.counts());
    }
}
