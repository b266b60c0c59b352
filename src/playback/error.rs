//! Why a key or a place is not given.

use std::sync::Arc;

use crate::store::StoreError;

/// A refusal, or what keeps the gate from answering. Cheap to clone: one failed query is told to all who waited for it.
#[derive(Clone, Debug, thiserror::Error)]
pub enum GateError {
    /// No session that lives.
    #[error("sign in first")]
    SignedOut,
    /// The fight costs coins, and this account has opened neither it nor its night.
    #[error("this fight is not unlocked")]
    Locked,
    /// Other devices have the account's places.
    #[error("this account is watching on other devices")]
    LeaseLost,
    /// No fight that is shown has such a key.
    #[error("there is no such key")]
    NoSuchKey,
    /// No event of this name is shown.
    #[error("there is no such event")]
    NoSuchEvent,
    /// The key's turn is too far away.
    #[error("this key is given later")]
    TooEarly {
        /// Seconds until it is given.
        retry_after_s: u32,
    },
    /// The database does not answer, and memory does not know.
    #[error("it cannot be known now who may watch")]
    Away,
    /// The database refused a statement.
    #[error(transparent)]
    Fault(Arc<StoreError>),
}

impl GateError {
    /// The refusal's stable code; `None` for a fault and while the database is away.
    #[must_use]
    pub const fn code(&self) -> Option<&'static str> {
        match self {
            Self::SignedOut => Some("accounts.signed_out"),
            Self::Locked => Some("playback.locked"),
            Self::LeaseLost => Some("playback.lease_lost"),
            Self::NoSuchKey => Some("playback.no_such_key"),
            Self::NoSuchEvent => Some("events.not_found"),
            Self::TooEarly { .. } => Some("playback.too_early"),
            Self::Away | Self::Fault(_) => None,
        }
    }

    /// Whether the database could not be asked, so that what is known holds.
    pub(super) const fn is_unknown(&self) -> bool {
        matches!(self, Self::Away | Self::Fault(_))
    }
}

impl From<StoreError> for GateError {
    fn from(error: StoreError) -> Self {
        if error.is_unavailable() { Self::Away } else { Self::Fault(Arc::new(error)) }
    }
}
