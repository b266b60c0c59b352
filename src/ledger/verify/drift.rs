//! The ways in which books can be wrong.

use std::fmt;

use crate::ledger::Kind;
use crate::money::Coins;

/// What stands under a name.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Says {
    /// Whose coins.
    pub account: String,
    /// How many; negative: they went out.
    pub coins: Coins,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "drift", rename_all = "snake_case")]
pub enum Drift {
    /// A number is missing in an account, or stands twice.
    Gap {
        /// Whose.
        account: String,
        /// The number that should stand there.
        expected: i64,
        /// The number that does.
        entry: i64,
    },
    /// `balance_after` is not the sum of the rows up to it.
    RunningSum {
        /// Whose.
        account: String,
        /// The row.
        entry: i64,
        /// The sum.
        expected: Coins,
        /// What the row says.
        balance_after: Coins,
    },
    /// The rows up to here add up to less than nothing.
    Negative {
        /// Whose.
        account: String,
        /// The row.
        entry: i64,
        /// The sum.
        sum: Coins,
    },
    /// A row of a type that is not known, or with coins that cannot move for its type.
    Amount {
        /// Whose.
        account: String,
        /// The row.
        entry: i64,
        /// The type, as it stands there.
        kind: String,
        /// The coins.
        coins: Coins,
    },
    /// The balance that is shown and spent from is not what the rows add up to.
    Balance {
        /// Whose.
        account: String,
        /// The balance.
        balance: Coins,
        /// The sum of the rows.
        sum: Coins,
        /// Rows there should be by the balance.
        counted: i64,
        /// Rows there are.
        entries: i64,
    },
    /// Something moved coins, and the ledger has no row of it.
    Unbooked {
        /// The type of the row.
        kind: Kind,
        /// What it is.
        what: &'static str,
        /// Its name.
        reference: String,
        /// What should be booked.
        should: Says,
    },
    /// The ledger has a row, and other coins or another account than what it is for.
    Differs {
        /// The type of the row.
        kind: Kind,
        /// What it is for.
        what: &'static str,
        /// Its name.
        reference: String,
        /// What should be booked.
        should: Says,
        /// What is booked.
        booked: Says,
    },
    /// The ledger has a row for something that is not there.
    Unfounded {
        /// The type of the row.
        kind: Kind,
        /// What should be there.
        what: &'static str,
        /// Its name.
        reference: String,
        /// What is booked.
        booked: Says,
    },
}

impl fmt::Display for Says {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} coins of account {}", self.coins, self.account)
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gap { account, expected, entry } => {
                write!(f, "account {account}: row {expected} is expected, and {entry} comes")
            }
            Self::RunningSum { account, entry, expected, balance_after } => write!(
                f,
                "account {account}, row {entry}: the balance after it is {balance_after}, and the rows add up to {expected}"
            ),
            Self::Negative { account, entry, sum } => {
                write!(f, "account {account}, row {entry}: the rows add up to {sum} coins")
            }
            Self::Amount { account, entry, kind, coins } => {
                write!(f, "account {account}, row {entry}: {coins} coins cannot be booked as {kind}")
            }
            Self::Balance { account, balance, sum, counted, entries } => write!(
                f,
                "account {account}: the balance is {balance} coins after {counted} rows, and {entries} rows add up to {sum}"
            ),
            Self::Unbooked { kind, what, reference, should } => {
                write!(f, "{what} {reference}: {should} should be booked as {kind}, and are not")
            }
            Self::Differs { kind, what, reference, should, booked } => {
                write!(f, "{what} {reference}: {should} should be booked as {kind}, and {booked} are")
            }
            Self::Unfounded { kind, what, reference, booked } => {
                write!(f, "{kind} {reference}: {booked} are booked, and there is no {what} for it")
            }
        }
    }
}
