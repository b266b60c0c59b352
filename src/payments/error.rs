//! Why a verb of this room was refused.

use crate::store::StoreError;

/// A refusal, or what kept the database from answering.
#[derive(Debug, thiserror::Error)]
pub enum PaymentError {
    /// The file asks for what cannot be, as the database stands.
    #[error("{0}")]
    Unfit(String),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl PaymentError {
    /// The refusal's stable code; `None` for a fault.
    #[must_use]
    pub const fn code(&self) -> Option<&'static str> {
        match self {
            Self::Unfit(_) => Some("payments.unfit"),
            Self::Store(_) => None,
        }
    }
}
