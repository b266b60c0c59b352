//! Why a verb of this room was refused.

use super::Kind;
use crate::money::Coins;
use crate::store::StoreError;

/// A refusal, or what kept the database from answering.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The balance is smaller than what shall go out.
    #[error("the balance is {balance} coins and {needed} are needed")]
    InsufficientCoins {
        /// Coins there are.
        balance: Coins,
        /// Coins that shall go out.
        needed: Coins,
    },
    /// Something else is booked under this name.
    #[error("{kind} {reference} is booked already, with other values")]
    Conflict {
        /// The type.
        kind: Kind,
        /// The reference.
        reference: String,
    },
    /// Zero, the wrong sign for its type, or more than a posting may move.
    #[error("{coins} coins cannot be booked as {kind}")]
    BadAmount {
        /// The type.
        kind: Kind,
        /// The coins.
        coins: Coins,
    },
    /// The balance would exceed what an account may hold.
    #[error("an account cannot hold more than {0} coins")]
    TooMany(Coins),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl LedgerError {
    /// The refusal's stable code; `None` for a fault.
    #[must_use]
    pub const fn code(&self) -> Option<&'static str> {
        match self {
            Self::InsufficientCoins { .. } => Some("ledger.insufficient_coins"),
            Self::Conflict { .. } => Some("ledger.conflict"),
            Self::BadAmount { .. } => Some("ledger.bad_amount"),
            Self::TooMany(_) => Some("ledger.too_many_coins"),
            Self::Store(_) => None,
        }
    }
}
