//! What people, the provider and the operator may do.

use proptest::prelude::*;

pub const PEOPLE: usize = 3;
pub const PACKAGES: usize = 3;
pub const FIGHTS: usize = 3;

/// A request's key and what it asks for; the same key for something else is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    pub number: u8,
    pub other_body: bool,
}

/// What the provider says of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Word {
    Paid,
    Failed,
    Expired,
    Refunded,
    Pending,
    Strange,
}

/// How far a notice can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    Good,
    Forged,
    Stale,
    WrongAmount,
    UnknownInvoice,
}

/// One thing that somebody does. Orders are meant by their number among those there are.
#[derive(Clone, Debug)]
pub enum Op {
    Grant {
        who: usize,
        coins: i64,
        reference: u8,
    },
    Order {
        who: usize,
        package: usize,
        key: Key,
        away: bool,
    },
    Notice {
        order: usize,
        word: Word,
        truth: Truth,
        request: u8,
    },
    Recheck {
        order: usize,
        word: Word,
    },
    UnlockFight {
        who: usize,
        fight: usize,
        key: Key,
    },
    UnlockEvent {
        who: usize,
        key: Key,
    },
    /// Minutes go by.
    Wait(i64),
}

fn key() -> impl Strategy<Value = Key> {
    (0_u8..3, prop::bool::weighted(0.1)).prop_map(|(number, other_body)| Key { number, other_body })
}

fn word() -> impl Strategy<Value = Word> {
    prop_oneof![
        6 => Just(Word::Paid),
        1 => Just(Word::Failed),
        1 => Just(Word::Expired),
        2 => Just(Word::Refunded),
        1 => Just(Word::Pending),
        1 => Just(Word::Strange),
    ]
}

fn truth() -> impl Strategy<Value = Truth> {
    prop_oneof![
        8 => Just(Truth::Good),
        1 => Just(Truth::Forged),
        1 => Just(Truth::Stale),
        1 => Just(Truth::WrongAmount),
        1 => Just(Truth::UnknownInvoice),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    let who = 0..PEOPLE;
    let coins = prop_oneof![(-60_i64..0), (1_i64..100)];
    prop_oneof![
        3 => (who.clone(), coins, 0_u8..12).prop_map(|(who, coins, reference)| Op::Grant { who, coins, reference }),
        4 => (who.clone(), 0..PACKAGES, key(), prop::bool::weighted(0.2))
            .prop_map(|(who, package, key, away)| Op::Order { who, package, key, away }),
        8 => (any::<prop::sample::Index>(), word(), truth(), 0_u8..3).prop_map(|(order, word, truth, request)| {
            Op::Notice { order: order.index(1_000), word, truth, request }
        }),
        2 => (any::<prop::sample::Index>(), word())
            .prop_map(|(order, word)| Op::Recheck { order: order.index(1_000), word }),
        5 => (who.clone(), 0..FIGHTS, key()).prop_map(|(who, fight, key)| Op::UnlockFight { who, fight, key }),
        2 => (who, key()).prop_map(|(who, key)| Op::UnlockEvent { who, key }),
        1 => prop_oneof![Just(1_i64), Just(45), Just(90), Just(25 * 60)].prop_map(Op::Wait),
    ]
}

pub fn ops() -> impl Strategy<Value = Vec<Op>> {
    prop::collection::vec(op(), 10..60)
}
