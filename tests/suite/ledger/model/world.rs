//! The till that is tested: its people, its shop, and how each thing is done there.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use bakuhantam::clock::{Clock as _, ManualClock, Micros, SharedClock};
use bakuhantam::config::Language;
use bakuhantam::flows::{MoneyRequest, NoticeAnswer, Till, TillError, TillParts};
use bakuhantam::ids::{AccountId, EventSlug, Invoice, RowId, SystemRandom};
use bakuhantam::ledger::{Kind, Posted};
use bakuhantam::money::{Coins, Rupiah};
use bakuhantam::payments::{Customer, Gateway, NoticeHeaders, OrderStatus, PaymentProvider};
use bakuhantam::store::audit::Actor;
use bakuhantam::store::{Store, StoreError};
use bytes::Bytes;
use diesel::connection::SimpleConnection as _;
use proptest::prelude::*;

use super::ops::{FIGHTS, Key, Op, PEOPLE, Truth, Word};
use super::provider::{self, Fake};
use crate::ledger::books::account;

/// Coins with bonus, price in rupiah, whether it is sold.
pub const PACKAGES: [(i64, i64, i64, bool); super::ops::PACKAGES] =
    [(50, 5, 50_000, true), (20, 0, 20_000, true), (99, 0, 1, false)];
/// What each fight costs.
pub const PRICES: [i64; FIGHTS] = [30, 20, 0];
/// What the night costs.
pub const PASS: i64 = 40;

/// What is sold, the same for all.
#[derive(Clone, Debug)]
pub struct Shop {
    packages: Vec<RowId>,
    fights: Vec<RowId>,
    slug: EventSlug,
}

impl Shop {
    pub async fn open(store: &Store) -> Self {
        let new = || RowId::new(Micros(1), &SystemRandom::default());
        let packages: Vec<RowId> = PACKAGES.iter().map(|_| new()).collect();
        let fights: Vec<RowId> = PRICES.iter().map(|_| new()).collect();
        let event = new();
        let mut sql = format!(
            "INSERT INTO events (id, slug, title, status, starts_at, pass_price_coins, stream_key_mac, epoch, \
                interrupted, stream_status, stream_since, created_at) \
             VALUES ('{event}', 'night', 'Night', 'published', 1, {PASS}, '', '', FALSE, 'offline', 1, 1); \
             INSERT INTO fighters (id, event_id, name) VALUES ('red', '{event}', 'R'), ('blue', '{event}', 'B');"
        );
        for (number, (fight, price)) in fights.iter().zip(PRICES).enumerate() {
            write!(
                sql,
                "INSERT INTO fights (id, event_id, number, red_id, blue_id, title, price_coins, status) \
                 VALUES ('{fight}', '{event}', {}, 'red', 'blue', '', {price}, 'scheduled');",
                number + 1
            )
            .expect("a String");
        }
        for (number, (id, (coins, bonus, price, active))) in packages.iter().zip(PACKAGES).enumerate() {
            write!(
                sql,
                "INSERT INTO coin_packages (id, code, coins, bonus_coins, price_idr, active, position) \
                 VALUES ('{id}', 'p{number}', {coins}, {bonus}, {price}, {active}, 0);"
            )
            .expect("a String");
        }
        store.write(move |conn| Ok::<_, StoreError>(conn.batch_execute(&sql)?)).await.expect("a shop");
        Self { packages, fights, slug: "night".parse().expect("a slug") }
    }
}

/// The orders of a case in the order they were made in.
pub type Known = Mutex<Vec<(Invoice, Rupiah)>>;

/// A till with people of its own.
#[derive(Clone, Debug)]
pub struct World {
    till: Till,
    shop: Shop,
    clock: Arc<ManualClock>,
    provider: Arc<Fake>,
    people: Arc<[AccountId]>,
}

impl World {
    pub async fn new(store: &Store, shop: &Shop, case: u32) -> Self {
        let mut people = Vec::new();
        for person in 0..PEOPLE {
            people.push(account(store, case * 10 + u32::try_from(person).expect("few")).await);
        }
        let clock = Arc::new(ManualClock::at(Micros(1_800_000_000_000_000)));
        let provider = Arc::new(Fake::default());
        let (time, taker): (SharedClock, Arc<dyn PaymentProvider>) = (clock.clone(), provider.clone());
        let till = Till::new(TillParts {
            store: store.clone(),
            clock: time,
            random: Arc::new(SystemRandom::default()),
            provider: Some(taker),
            order_ttl_minutes: 60,
            site_url: "https://example.test".to_owned(),
        });
        Self { till, shop: shop.clone(), clock, provider, people: people.into() }
    }

    pub fn now(&self) -> Micros {
        self.clock.now()
    }

    fn actor(&self) -> Actor {
        Actor::cli(self.now())
    }

    /// A name that is this case's own.
    fn reference(&self, number: u8) -> String {
        format!("{}-{number}", self.people[0])
    }

    fn request(&self, who: usize, route: &str, key: Key) -> MoneyRequest {
        MoneyRequest {
            account: self.people[who].to_string(),
            route: format!("POST {route}"),
            key: key.number.to_string(),
            body_hash: if key.other_body { "another" } else { "this" }.to_owned(),
        }
    }

    /// Does it; tells in words what came of it.
    pub async fn play(&self, op: &Op, known: &Known) -> String {
        let told = match *op {
            Op::Grant { who, coins, reference } => self.grant(who, coins, reference).await,
            Op::Order { who, package, key, away } => self.order(who, package, key, away, known).await,
            Op::Notice { order, word, truth, request } => self.notice(order, word, truth, request, known).await,
            Op::Recheck { order, word } => self.recheck(order, word, known).await,
            Op::UnlockFight { who, fight, key } => {
                let request = self.request(who, &format!("fights/{fight}"), key);
                let unlocked = self.till.unlock_fight(&self.people[who], &self.shop.fights[fight], &request).await;
                unlocked.map(|unlocked| format!("{} charged, {} left", unlocked.charged, unlocked.balance))
            }
            Op::UnlockEvent { who, key } => {
                let request = self.request(who, "events/night", key);
                let unlocked = self.till.unlock_event(&self.people[who], &self.shop.slug, &request).await;
                unlocked.map(|unlocked| format!("{} charged, {} left", unlocked.charged, unlocked.balance))
            }
            Op::Wait(minutes) => {
                self.clock.advance_ms(minutes * 60_000);
                Ok("waited".to_owned())
            }
        };
        told.unwrap_or_else(|error| match error.code() {
            Some(code) => format!("refused: {code}"),
            None => panic!("{op:?}: {error}"),
        })
    }

    async fn grant(&self, who: usize, coins: i64, reference: u8) -> Result<String, TillError> {
        let reference = self.reference(reference);
        let granted = self.till.grant(&self.actor(), &self.people[who], Coins(coins), "why", Some(&reference)).await?;
        Ok(match granted {
            Posted::Created(entry) => format!("granted, {} left", entry.balance_after),
            Posted::Exists(_) => "granted before".to_owned(),
        })
    }

    async fn order(
        &self,
        who: usize,
        package: usize,
        key: Key,
        away: bool,
        known: &Known,
    ) -> Result<String, TillError> {
        let name = if away { provider::AWAY } else { "Ari" };
        let customer = Customer { name: name.to_owned(), phone: "+6281200000001".to_owned(), language: Language::Id };
        // Another body is another package under the same key.
        let body_hash = format!("{package} {}", key.other_body);
        let request = MoneyRequest { body_hash, ..self.request(who, "coin-orders", key) };
        let ordered = self.till.order_coins(&self.people[who], customer, &self.shop.packages[package], &request).await;
        // An order whose checkout could not be made is there all the same.
        let all = self.till.list_orders(&self.people[who], None, 1_000).await?;
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        for order in all {
            if known.iter().all(|(invoice, _)| *invoice != order.invoice) {
                known.push((order.invoice, order.price));
            }
        }
        let order = ordered?;
        let number = known.iter().position(|(invoice, _)| *invoice == order.invoice).expect("listed");
        Ok(format!("order {number}, {}", order.status))
    }

    fn meant(order: usize, known: &Known) -> Option<(usize, Invoice, Rupiah)> {
        let known = known.lock().unwrap_or_else(PoisonError::into_inner);
        let number = order.checked_rem(known.len())?;
        known.get(number).map(|(invoice, price)| (number, invoice.clone(), *price))
    }

    async fn notice(
        &self,
        order: usize,
        word: Word,
        truth: Truth,
        request: u8,
        known: &Known,
    ) -> Result<String, TillError> {
        let Some((number, invoice, price)) = Self::meant(order, known) else { return Ok("no order".to_owned()) };
        let invoice = match truth {
            Truth::UnknownInvoice => "BH01J00000000000000000000000".to_owned(),
            _ => invoice.to_string(),
        };
        let amount = if truth == Truth::WrongAmount { Rupiah(price.0 - 1) } else { price };
        let headers = NoticeHeaders {
            request_id: format!("{}-{request}", self.people[0]),
            signature: if truth == Truth::Forged { "forged" } else { provider::SIGNED }.to_owned(),
            ..NoticeHeaders::default()
        };
        let body = Bytes::from(provider::body(&invoice, word, amount, truth == Truth::Stale));
        let told = match self.till.take_notice(Gateway::Sandbox, headers, body).await? {
            NoticeAnswer::NotOurs => "not ours",
            NoticeAnswer::Stale => "stale",
            NoticeAnswer::Taken { .. } => "taken",
            NoticeAnswer::NoGateway => "no gateway",
        };
        Ok(format!("{told} of order {number}"))
    }

    async fn recheck(&self, order: usize, word: Word, known: &Known) -> Result<String, TillError> {
        let Some((_, invoice, price)) = Self::meant(order, known) else { return Ok("no order".to_owned()) };
        self.provider.will_say(&invoice, word, price);
        let order = self.till.recheck_as(&self.actor(), &invoice).await?;
        Ok(format!("checked, {}", order.status))
    }

    pub async fn balances(&self) -> Vec<i64> {
        let mut balances = Vec::new();
        for person in self.people.iter() {
            balances.push(self.till.balance(person).await.expect("a balance").0);
        }
        balances
    }

    /// Each person's rows, oldest first: type and coins.
    pub async fn histories(&self) -> Vec<Vec<(Kind, i64)>> {
        let mut histories = Vec::new();
        for person in self.people.iter() {
            let rows = self.till.history(person, None, 1_000).await.expect("a history");
            histories.push(rows.iter().rev().map(|entry| (entry.kind, entry.coins.0)).collect());
        }
        histories
    }

    /// Whether balances are what was granted, bought, taken back and spent, and whether everybody was told the truth.
    pub async fn adds_up(&self, told: &[(Op, String)], known: &Known) -> Result<(), TestCaseError> {
        let mut sums = [0; PEOPLE];
        let mut granted = BTreeSet::new();
        let mut told_paid = BTreeSet::new();
        let mut charges: BTreeMap<(usize, String), i64> = BTreeMap::new();
        for (op, told) in told {
            let cost = told.split(" charged").next().and_then(|coins| coins.parse::<i64>().ok()).unwrap_or(0);
            match *op {
                Op::Grant { who, coins, reference } if told.starts_with("granted, ") => {
                    prop_assert!(granted.insert(reference), "granted twice: {:?}", op);
                    sums[who] += coins;
                }
                Op::Notice { word: Word::Paid, truth: Truth::Good, .. } => {
                    let number = told.strip_prefix("taken of order ").and_then(|number| number.parse::<usize>().ok());
                    let known = known.lock().unwrap_or_else(PoisonError::into_inner);
                    told_paid.extend(number.map(|number| known[number].0.clone()));
                }
                // The same request is told the same answer.
                Op::UnlockFight { who, fight, key } => {
                    let known = charges.entry((who, format!("{fight} {}", key.number))).or_insert(cost);
                    *known = cost.max(*known);
                }
                Op::UnlockEvent { who, key } => {
                    let known = charges.entry((who, format!("night {}", key.number))).or_insert(cost);
                    *known = cost.max(*known);
                }
                _ => {}
            }
        }
        for (who, person) in self.people.iter().enumerate() {
            let unlocks = self.till.list_unlocks(person, &self.shop.slug).await.expect("unlocks");
            let spent = unlocks.credit().0 + unlocks.pass.map_or(0, |coins| coins.0);
            let told: i64 = charges.iter().filter(|((spender, _), _)| *spender == who).map(|(_, coins)| coins).sum();
            prop_assert_eq!(told, spent, "what person {} was told to have paid", who);
            sums[who] -= spent;
            for order in self.till.list_orders(person, None, 1_000).await.expect("orders") {
                let paid = order.status == OrderStatus::Paid;
                sums[who] += if paid { order.coins_in_all().0 } else { 0 } - order.reversed_coins.0;
                prop_assert!(paid || !told_paid.contains(&order.invoice), "told to be paid: {}", order.invoice);
            }
        }
        prop_assert_eq!(self.balances().await, sums.to_vec());
        Ok(())
    }
}
