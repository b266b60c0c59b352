//! Why a verb of this room was refused.

use super::PollStatus;
use crate::ids::EventSlug;
use crate::money::Coins;
use crate::store::StoreError;

/// A refusal, or what kept the database from answering.
#[derive(Debug, thiserror::Error)]
pub enum PollError {
    /// No event has this slug.
    #[error("there is no event {0}: `bakuhantam apply` makes one")]
    NoSuchEvent(EventSlug),
    /// The event has no such poll.
    #[error("{slug} has no poll {code}: `bakuhantam apply` makes one")]
    NoSuchPoll {
        /// The event.
        slug: EventSlug,
        /// The code asked for.
        code: String,
    },
    /// There is no such poll to vote in, or it is not shown.
    #[error("there is no such poll")]
    NotFound,
    /// It takes no votes any more, or its event is over.
    #[error("this poll is closed")]
    Closed,
    /// The answer is none of this poll's.
    #[error("this poll has no such answer")]
    NoSuchOption,
    /// Not a whole number of votes.
    #[error("a vote costs {price} coins: give a multiple of that")]
    BadCoins {
        /// Price of one vote.
        price: Coins,
    },
    /// More votes than a viewer may have.
    #[error("a viewer has {max} votes in this poll, and {left} of yours are left")]
    TooManyVotes {
        /// Votes of a viewer over the poll.
        max: i64,
        /// How many may still be given.
        left: i64,
    },
    /// The event is not on, so nothing of it can be opened.
    #[error("the event {0} is not published, or has ended: its polls cannot be opened")]
    EventNotOn(EventSlug),
    /// The step does not follow from where the poll stands.
    #[error("the poll {code} is {now}, so it cannot be {wanted}")]
    WrongStep {
        /// The poll.
        code: String,
        /// Where it stands.
        now: &'static str,
        /// Where it should go.
        wanted: &'static str,
    },
    /// No answer of the poll is called so.
    #[error("the poll {code} has no answer \"{asked}\": write one of {known}, or its number")]
    NoSuchWinner {
        /// The poll.
        code: String,
        /// What was asked for.
        asked: String,
        /// Its answers.
        known: String,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl PollError {
    /// The step to `wanted` does not follow from `now`.
    pub(super) fn wrong_step(code: &str, now: PollStatus, wanted: PollStatus) -> Self {
        Self::WrongStep { code: code.to_owned(), now: now.as_str(), wanted: wanted.as_str() }
    }

    /// The refusal's stable code; `None` for a fault.
    #[must_use]
    pub const fn code(&self) -> Option<&'static str> {
        Some(match self {
            Self::NoSuchEvent(_) | Self::EventNotOn(_) => "polls.event_not_on",
            Self::NoSuchPoll { .. } | Self::NotFound => "polls.not_found",
            Self::Closed => "polls.closed",
            Self::NoSuchOption | Self::NoSuchWinner { .. } => "polls.no_such_option",
            Self::BadCoins { .. } => "polls.bad_coins",
            Self::TooManyVotes { .. } => "polls.too_many_votes",
            Self::WrongStep { .. } => "polls.wrong_step",
            Self::Store(_) => return None,
        })
    }
}
