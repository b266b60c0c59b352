//! The model: what each verb must do, in a few lines without a database.

use std::collections::HashMap;

use bakuhantam::clock::Micros;
use bakuhantam::ledger::Kind;

use super::ops::{FIGHTS, Key, Op, PEOPLE, Truth, Word};
use super::world::{PACKAGES, PASS, PRICES};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
const ORDER_MS: i64 = 60 * 60 * 1_000;
/// The last check comes this long after an order's end.
const GRACE_MS: i64 = 2 * 60 * 1_000;
const OPEN_MAX: usize = 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Pending,
    Paid,
    Expired,
}

impl Status {
    const fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Paid => "paid",
            Self::Expired => "expired",
        }
    }
}

#[derive(Clone, Debug)]
struct Order {
    who: usize,
    coins: i64,
    made: Micros,
    status: Status,
    has_checkout: bool,
    refunded: bool,
}

impl Order {
    const fn ended_for_ms(&self, now: Micros) -> i64 {
        now.ms_since(self.made) - ORDER_MS
    }
}

/// A request that was answered: when, for what, how.
#[derive(Clone, Debug)]
struct Answered<T> {
    at: Micros,
    body: String,
    answer: T,
}

/// Answers by person, route and key.
type Answers<T> = HashMap<(usize, String, u8), Answered<T>>;

/// Everything there is.
#[derive(Clone, Debug, Default)]
pub struct Model {
    rows: [Vec<(Kind, i64)>; PEOPLE],
    grants: HashMap<u8, (usize, i64)>,
    orders: Vec<Order>,
    ordered: Answers<usize>,
    unlocked: Answers<String>,
    fights: [[Option<i64>; FIGHTS]; PEOPLE],
    nights: [Option<i64>; PEOPLE],
}

fn refused(code: &str) -> String {
    format!("refused: {code}")
}

/// What is known of a request: nothing, its answer, or that the key is another's.
fn find<T: Clone>(
    answers: &Answers<T>,
    name: &(usize, String, u8),
    body: &str,
    now: Micros,
) -> Result<Option<T>, String> {
    match answers.get(name).filter(|known| now.ms_since(known.at) < DAY_MS) {
        None => Ok(None),
        Some(known) if known.body == body => Ok(Some(known.answer.clone())),
        Some(_) => Err(refused("idempotency.mismatch")),
    }
}

impl Model {
    /// Does it; tells in words what came of it.
    pub fn play(&mut self, op: &Op, now: Micros) -> String {
        match *op {
            Op::Grant { who, coins, reference } => self.grant(who, coins, reference),
            Op::Order { who, package, key, away } => {
                self.order(who, package, key, away, now).unwrap_or_else(std::convert::identity)
            }
            Op::Notice { order, word, truth, .. } => {
                let Some(number) = order.checked_rem(self.orders.len()) else { return "no order".to_owned() };
                let told = match truth {
                    Truth::Forged => "not ours",
                    Truth::Stale => "stale",
                    _ => "taken",
                };
                if truth == Truth::Good {
                    self.hear(number, word);
                }
                format!("{told} of order {number}")
            }
            Op::Recheck { order, word } => {
                let Some(number) = order.checked_rem(self.orders.len()) else { return "no order".to_owned() };
                self.hear(number, word);
                let order = &mut self.orders[number];
                if order.status == Status::Pending && order.ended_for_ms(now) >= GRACE_MS {
                    order.status = Status::Expired;
                }
                format!("checked, {}", order.status.word())
            }
            Op::UnlockFight { who, fight, key } => {
                let due = match (self.fights[who][fight], self.nights[who], PRICES[fight]) {
                    (None, None, price) if price > 0 => Some(price),
                    _ => None,
                };
                self.unlock(who, &format!("fight {fight}"), key, due, now, |model, charged| {
                    model.fights[who][fight] = Some(charged);
                })
            }
            Op::UnlockEvent { who, key } => {
                let credit: i64 = self.fights[who].iter().flatten().sum();
                let due = if self.nights[who].is_none() { Some((PASS - credit).max(0)) } else { None };
                self.unlock(who, "night", key, due, now, |model, charged| model.nights[who] = Some(charged))
            }
            Op::Wait(_) => "waited".to_owned(),
        }
    }

    pub fn balances(&self) -> Vec<i64> {
        (0..PEOPLE).map(|who| self.balance(who)).collect()
    }

    pub fn histories(&self) -> Vec<Vec<(Kind, i64)>> {
        self.rows.to_vec()
    }

    fn balance(&self, who: usize) -> i64 {
        self.rows[who].iter().map(|(_, coins)| coins).sum()
    }

    fn grant(&mut self, who: usize, coins: i64, reference: u8) -> String {
        match self.grants.get(&reference) {
            Some(known) if *known == (who, coins) => return "granted before".to_owned(),
            Some(_) => return refused("ledger.conflict"),
            None => {}
        }
        if self.balance(who) + coins < 0 {
            return refused("ledger.insufficient_coins");
        }
        self.grants.insert(reference, (who, coins));
        self.rows[who].push((Kind::Grant, coins));
        format!("granted, {} left", self.balance(who))
    }

    fn order(&mut self, who: usize, package: usize, key: Key, away: bool, now: Micros) -> Result<String, String> {
        let name = (who, "orders".to_owned(), key.number);
        let body = format!("{package} {}", key.other_body);
        let number = if let Some(number) = find(&self.ordered, &name, &body, now)? {
            number
        } else {
            let is_open =
                |order: &&Order| order.who == who && order.status == Status::Pending && order.ended_for_ms(now) < 0;
            if self.orders.iter().filter(is_open).count() >= OPEN_MAX {
                return Err(refused("payments.too_many_open"));
            }
            let (coins, bonus, _, is_sold) = PACKAGES[package];
            if !is_sold {
                return Err(refused("till.not_found"));
            }
            let (status, has_checkout, refunded) = (Status::Pending, false, false);
            self.orders.push(Order { who, coins: coins + bonus, made: now, status, has_checkout, refunded });
            let number = self.orders.len() - 1;
            self.ordered.insert(name, Answered { at: now, body, answer: number });
            number
        };
        let order = &mut self.orders[number];
        if order.status == Status::Pending && !order.has_checkout && order.ended_for_ms(now) < 0 {
            if away {
                return Err(refused("payments.provider_away"));
            }
            order.has_checkout = true;
        }
        Ok(format!("order {number}, {}", order.status.word()))
    }

    /// The provider's word on an order.
    fn hear(&mut self, number: usize, word: Word) {
        let order = self.orders[number].clone();
        let mut after = order.clone();
        match word {
            Word::Paid if order.status != Status::Paid => {
                after.status = Status::Paid;
                self.rows[order.who].push((Kind::Purchase, order.coins));
                if order.refunded {
                    self.reverse(&order);
                }
            }
            Word::Refunded if !order.refunded => {
                after.refunded = true;
                if order.status == Status::Paid {
                    self.reverse(&order);
                }
            }
            Word::Expired if order.status == Status::Pending => after.status = Status::Expired,
            _ => {}
        }
        self.orders[number] = after;
    }

    /// Takes what is left, never more than the order gave.
    fn reverse(&mut self, order: &Order) {
        let taken = self.balance(order.who).min(order.coins);
        if taken > 0 {
            self.rows[order.who].push((Kind::Reversal, -taken));
        }
    }

    fn unlock(
        &mut self,
        who: usize,
        what: &str,
        key: Key,
        due: Option<i64>,
        now: Micros,
        keep: impl FnOnce(&mut Self, i64),
    ) -> String {
        let name = (who, what.to_owned(), key.number);
        let body = key.other_body.to_string();
        match find(&self.unlocked, &name, &body, now) {
            Ok(Some(answer)) => return answer,
            Ok(None) => {}
            Err(refused) => return refused,
        }
        if let Some(due) = due {
            if due > self.balance(who) {
                return refused("ledger.insufficient_coins");
            }
            keep(self, due);
            if due > 0 {
                self.rows[who].push((Kind::Unlock, -due));
            }
        }
        let answer = format!("{} charged, {} left", due.unwrap_or(0), self.balance(who));
        self.unlocked.insert(name, Answered { at: now, body, answer: answer.clone() });
        answer
    }
}
