//! Why a verb of this room was refused.

use crate::ids::{EventSlug, ReplayName, RowId};
use crate::store::StoreError;

/// A refusal, or what kept the database from answering.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// No event has this slug.
    #[error("there is no event {0}: `bakuhantam apply` makes one")]
    NotFound(EventSlug),
    /// The event is over, and stays so.
    #[error("the event {0} has ended and stays so")]
    Ended(EventSlug),
    /// The card has no such fight.
    #[error("the event {slug} has no fight {number}")]
    NoSuchFight {
        /// The event.
        slug: EventSlug,
        /// The number asked for.
        number: i32,
    },
    /// This fight is on air.
    #[error("fight {number} of {slug} is on air already")]
    AlreadyOnAir {
        /// The event.
        slug: EventSlug,
        /// The fight's number.
        number: i32,
    },
    /// No fight is on air.
    #[error("no fight of {0} is on air")]
    NotOnAir(EventSlug),
    /// An operator has declared it interrupted before.
    #[error("{0} is declared interrupted already")]
    AlreadyInterrupted(EventSlug),
    /// No operator has declared it interrupted.
    #[error("{0} is not declared interrupted, so there is nothing to resume")]
    NotInterrupted(EventSlug),
    /// The event has no price as a whole.
    #[error("{0} is not sold as a whole: unlock its fights one by one")]
    PassNotSold(EventSlug),
    /// No fight of this number was ever on air.
    #[error("there is no replay {replay} of {slug}: fight {replay} was never on air")]
    NoSuchReplay {
        /// The event.
        slug: EventSlug,
        /// The replay asked for.
        replay: ReplayName,
    },
    /// A range of the timeline that cannot be.
    #[error("this range cannot be: {0}")]
    BadRange(String),
    /// Nothing of this event is hidden under this id.
    #[error("nothing of {slug} is hidden as {id}: `bakuhantam replay list {slug}` shows what is")]
    NoSuchRange {
        /// The event.
        slug: EventSlug,
        /// The id asked for.
        id: RowId,
    },
    /// The file asks for what cannot be, as the database stands.
    #[error("{0}")]
    Unfit(String),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl EventError {
    /// The refusal's stable code; `None` for a fault.
    #[must_use]
    pub const fn code(&self) -> Option<&'static str> {
        Some(match self {
            Self::NotFound(_) => "events.not_found",
            Self::Ended(_) => "events.ended",
            Self::NoSuchFight { .. } => "events.no_such_fight",
            Self::AlreadyOnAir { .. } => "events.already_on_air",
            Self::NotOnAir(_) => "events.not_on_air",
            Self::AlreadyInterrupted(_) => "events.already_interrupted",
            Self::NotInterrupted(_) => "events.not_interrupted",
            Self::PassNotSold(_) => "events.pass_not_sold",
            Self::NoSuchReplay { .. } => "events.no_such_replay",
            Self::BadRange(_) => "events.bad_range",
            Self::NoSuchRange { .. } => "events.no_such_range",
            Self::Unfit(_) => "events.unfit",
            Self::Store(_) => return None,
        })
    }
}
