//! Why the till refused.

use crate::events::EventError;
use crate::ledger::LedgerError;
use crate::money::Coins;
use crate::payments::PaymentError;
use crate::polls::PollError;
use crate::store::StoreError;

/// A refusal, or what kept the till from answering.
#[derive(Debug, thiserror::Error)]
pub enum TillError {
    /// Coins.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Packages and orders.
    #[error(transparent)]
    Payments(#[from] PaymentError),
    /// Events and unlocks.
    #[error(transparent)]
    Events(#[from] EventError),
    /// Votes.
    #[error(transparent)]
    Polls(#[from] PollError),
    /// It costs more than the buyer has agreed to.
    #[error("it costs {due} coins by now")]
    PriceChanged {
        /// What it costs.
        due: Coins,
    },
    /// The key was used for something else.
    #[error("this Idempotency-Key was used for another request")]
    KeyReused,
    /// There is nothing by that name, or it is not the caller's.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// What was given cannot be kept; the words say what fits.
    #[error("{0}")]
    Unfit(&'static str),
    /// Coins are not sold now.
    #[error("coins are not sold now")]
    NotSelling,
    /// Asked too often.
    #[error("asked too often: wait {retry_after_s} seconds")]
    TooOften {
        /// Seconds to wait.
        retry_after_s: u32,
    },
    /// The payment provider gave no answer that helps; asking again may help.
    #[error("the payment provider does not answer")]
    ProviderAway,
    /// The payment provider will not take this order.
    #[error("the payment provider does not take this order: nothing was charged; try another package, or later")]
    ProviderRefused,
    /// Too many orders of the account wait to be paid.
    #[error("{open} orders wait to be paid: pay one of them, or wait {retry_after_s} seconds until one has run out")]
    TooManyOpen {
        /// Orders that can be paid now.
        open: i64,
        /// Seconds until the first of them runs out.
        retry_after_s: u32,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl TillError {
    /// The refusal's stable code; `None` for a fault.
    #[must_use]
    pub const fn code(&self) -> Option<&'static str> {
        match self {
            Self::Ledger(error) => error.code(),
            Self::Payments(error) => error.code(),
            Self::Events(error) => error.code(),
            Self::Polls(error) => error.code(),
            Self::PriceChanged { .. } => Some("events.price_changed"),
            Self::KeyReused => Some("idempotency.mismatch"),
            Self::NotFound(_) => Some("till.not_found"),
            Self::Unfit(_) => Some("till.unfit"),
            Self::NotSelling => Some("payments.not_selling"),
            Self::TooOften { .. } => Some("payments.too_often"),
            Self::ProviderAway => Some("payments.provider_away"),
            Self::ProviderRefused => Some("payments.provider_refused"),
            Self::TooManyOpen { .. } => Some("payments.too_many_open"),
            Self::Store(_) => None,
        }
    }

    /// Whether the database is away, so that asking later may help.
    #[must_use]
    pub const fn is_unavailable(&self) -> bool {
        match self {
            Self::Ledger(LedgerError::Store(error))
            | Self::Payments(PaymentError::Store(error))
            | Self::Events(EventError::Store(error))
            | Self::Polls(PollError::Store(error))
            | Self::Store(error) => error.is_unavailable(),
            _ => false,
        }
    }
}
