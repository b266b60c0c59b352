//! Why a verb of this room was refused.

use crate::ids::{EventSlug, RowId};
use crate::ledger::LedgerError;
use crate::money::Coins;
use crate::store::StoreError;

/// A refusal, or what kept the database from answering.
#[derive(Debug, thiserror::Error)]
pub enum SupportError {
    /// Coins.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The event is not shown, or there is none.
    #[error("there is no event {0}")]
    NoSuchEvent(EventSlug),
    /// The event is over.
    #[error("support is closed: the event is over")]
    Closed,
    /// The event has no such fighter.
    #[error("this event has no such fighter")]
    NoSuchFighter,
    /// Nothing, or less.
    #[error("{0} coins cannot be given: give at least 1")]
    BadAmount(Coins),
    /// The message is longer than its tier allows.
    #[error("the message has {len} characters, and {coins} coins carry {max}")]
    TooLong {
        /// How long it is.
        len: usize,
        /// How long it may be.
        max: usize,
        /// What is given.
        coins: Coins,
    },
    /// Nothing of the message can be shown.
    #[error("nothing of this message can be shown: links are taken out")]
    NothingLeft,
    /// One viewer gives too often.
    #[error("too many supports within a minute: wait {retry_after_s} seconds")]
    TooOften {
        /// Seconds to wait.
        retry_after_s: u32,
    },
    /// The key was used for something else.
    #[error("this Idempotency-Key was used for another request")]
    KeyReused,
    /// The event has no such support.
    #[error("{slug} has no support {id}: `bakuhantam support list {slug}` shows what there is")]
    NoSuchSupport {
        /// The event.
        slug: EventSlug,
        /// The id asked for.
        id: RowId,
    },
    /// It is so already, or cannot become so.
    #[error("support {id} is {state} and cannot be {wanted}")]
    NotNow {
        /// The support.
        id: RowId,
        /// What it is.
        state: &'static str,
        /// What was asked for.
        wanted: &'static str,
    },
    /// The event has no public fact of this number yet.
    #[error("this event has no number {0} yet")]
    NoSuchNumber(i64),
    /// The switch stands so already.
    #[error("{slug} {} already", if *.on { "holds its supports" } else { "shows its supports at once" })]
    HoldIsSo {
        /// The event.
        slug: EventSlug,
        /// How it stands.
        on: bool,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SupportError {
    /// The refusal's stable code; `None` for a fault.
    #[must_use]
    pub const fn code(&self) -> Option<&'static str> {
        Some(match self {
            Self::Ledger(error) => return error.code(),
            Self::NoSuchEvent(_) => "events.not_found",
            Self::Closed => "superchat.closed",
            Self::NoSuchFighter => "superchat.no_such_fighter",
            Self::BadAmount(_) => "superchat.bad_amount",
            Self::TooLong { .. } => "superchat.message_too_long",
            Self::NothingLeft => "superchat.message_empty",
            Self::TooOften { .. } => "superchat.too_often",
            Self::KeyReused => "idempotency.mismatch",
            Self::NoSuchSupport { .. } => "superchat.not_found",
            Self::NotNow { .. } => "superchat.not_now",
            Self::NoSuchNumber(_) => "superchat.no_such_number",
            Self::HoldIsSo { .. } => "superchat.hold_is_so",
            Self::Store(_) => return None,
        })
    }

    /// Whether the database is away, so that asking later may help.
    #[must_use]
    pub const fn is_unavailable(&self) -> bool {
        match self {
            Self::Ledger(LedgerError::Store(error)) | Self::Store(error) => error.is_unavailable(),
            _ => false,
        }
    }
}
