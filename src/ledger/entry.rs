//! One movement of coins.

use std::fmt;
use std::str::FromStr;

use crate::clock::Micros;
use crate::ids::{AccountId, RowId};
use crate::money::Coins;

/// Why coins moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Bought; the reference is the invoice.
    Purchase,
    /// Spent on a fight or a night; the reference is the unlock.
    Unlock,
    /// Given to a fighter or an event; the reference is the support.
    Support,
    /// Spent on a poll; the reference is the vote.
    Vote,
    /// Given, or taken, by the operator; the reference is theirs.
    Grant,
    /// Given back; the reference is what it was spent on.
    Refund,
    /// Taken back because the provider returned the money; the reference is the invoice.
    Reversal,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 7] =
        [Self::Purchase, Self::Unlock, Self::Support, Self::Vote, Self::Grant, Self::Refund, Self::Reversal];

    /// The word in the database and in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Purchase => "purchase",
            Self::Unlock => "unlock",
            Self::Support => "support",
            Self::Vote => "vote",
            Self::Grant => "grant",
            Self::Refund => "refund",
            Self::Reversal => "reversal",
        }
    }

    /// Whether coins of this sign may move for this reason.
    #[must_use]
    pub const fn takes(self, coins: Coins) -> bool {
        match self {
            Self::Purchase | Self::Refund => coins.0 > 0,
            Self::Unlock | Self::Support | Self::Vote | Self::Reversal => coins.0 < 0,
            Self::Grant => coins.0 != 0,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| format!("\"{text}\" is no ledger type"))
    }
}

/// What shall be booked. Ids and times come from outside, since a transaction may run twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// The row's id.
    pub id: RowId,
    /// Whose coins.
    pub account: AccountId,
    /// Why.
    pub kind: Kind,
    /// What comes in; negative: what goes out. Never zero.
    pub coins: Coins,
    /// What it is for: with `kind` it is booked once.
    pub reference: String,
    /// Words for the reader of the history, such as the reason of a grant.
    pub note: Option<String>,
    /// When.
    pub at: Micros,
}

/// A row of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Entry {
    /// Its id.
    pub id: RowId,
    /// Whose coins.
    pub account: AccountId,
    /// Its number within the account: 1, 2, 3 …
    pub entry: i64,
    /// Why.
    pub kind: Kind,
    /// What came in; negative: what went out.
    pub coins: Coins,
    /// The balance with it.
    pub balance_after: Coins,
    /// What it was for.
    pub reference: String,
    /// Words for the reader.
    pub note: Option<String>,
    /// When.
    pub at: Micros,
}
