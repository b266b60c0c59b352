//! What moved coins, held against the ledger's rows, both ways.

use super::drift::{Drift, Says};
use super::records::{self, Pair};
use crate::ledger::Kind;
use crate::money::Coins;
use crate::store::{Conn, StoreError};

/// Rows of one type and what they are for.
pub(super) struct Matching {
    /// The type.
    pub(super) kind: Kind,
    /// What stands behind such a row.
    pub(super) what: &'static str,
    /// A query of all rows there should be: `reference`, `account_id`, `coins`.
    pub(super) should: &'static str,
}

/// Every type with something behind it. A new one is one entry more. Grants have nothing but their row.
pub(super) const ALL: &[Matching] = &[
    Matching {
        kind: Kind::Purchase,
        what: "paid order",
        should: "SELECT invoice AS reference, account_id, coins + bonus_coins AS coins FROM coin_orders \
                 WHERE status = 'paid'",
    },
    Matching {
        kind: Kind::Reversal,
        what: "order with coins taken back",
        should: "SELECT invoice AS reference, account_id, -reversed_coins AS coins FROM coin_orders \
                 WHERE reversed_coins > 0",
    },
    Matching {
        kind: Kind::Unlock,
        what: "unlock",
        should: "SELECT id AS reference, account_id, -charged_coins AS coins FROM unlocks WHERE charged_coins > 0",
    },
    Matching {
        kind: Kind::Support,
        what: "support",
        should: "SELECT id AS reference, account_id, -coins AS coins FROM supports",
    },
    Matching {
        kind: Kind::Vote,
        what: "vote",
        should: "SELECT id AS reference, account_id, -coins AS coins FROM votes",
    },
];

impl Matching {
    /// Tells each row that is missing, differs, or has nothing behind it.
    pub(super) fn check(&self, conn: &mut Conn, tell: &mut dyn FnMut(&Drift)) -> Result<(), StoreError> {
        for look in [records::unbooked_or_different, records::unfounded] {
            let mut after = String::new();
            loop {
                let page = look(conn, self, &after)?;
                let Some(last) = page.last() else { break };
                after.clone_from(&last.reference);
                for pair in page {
                    if let Some(drift) = self.drift(pair) {
                        tell(&drift);
                    }
                }
            }
        }
        Ok(())
    }

    fn drift(&self, pair: Pair) -> Option<Drift> {
        let Self { kind, what, .. } = *self;
        let says = |account: Option<String>, coins: Option<i64>| {
            account.zip(coins).map(|(account, coins)| Says { account, coins: Coins(coins) })
        };
        let should = says(pair.should_account, pair.should_coins);
        let booked = says(pair.booked_account, pair.booked_coins);
        let reference = pair.reference;
        match (should, booked) {
            (Some(should), Some(booked)) => Some(Drift::Differs { kind, what, reference, should, booked }),
            (Some(should), None) => Some(Drift::Unbooked { kind, what, reference, should }),
            (None, Some(booked)) => Some(Drift::Unfounded { kind, what, reference, booked }),
            (None, None) => None,
        }
    }
}
