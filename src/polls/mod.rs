//! Coin-backed questions: who may vote, for how much, and how it stands.
//!
//! Verbs: [`open`], [`close`] and [`settle`], each one write with its fact and its audit row; [`cast`], in the till's
//! transaction; [`list_polls`] and [`count_own`], read; [`Board`], the counts as the crowd is shown them. Polls and
//! their answers are made by `bakuhantam apply`, in `events`.
//!
//! Invariants:
//! - A status only moves forward: draft, open, closed, settled. Settling records the result; no coin is ever paid out.
//! - Votes are taken only while the poll is open and its event is published and not ended. Votes share the event, and
//!   whoever closes or ends holds it alone, so that none is taken after a close that has been committed; a trigger of
//!   the database refuses it, too.
//! - Over the whole poll a viewer has no more votes than its maximum: their votes come one after the other.
//! - A vote is never changed or removed; triggers of the database refuse it. Counts are sums of votes, never kept.
//!
//! Crash before COMMIT: nobody voted and nothing was paid, since both are one transaction. After it the outbox tells
//! every node that the counts have moved. A verb asked twice is refused the second time (`polls.not_open` and the like).

mod board;
mod cast;
mod error;
mod poll;
mod records;
mod stages;

pub use board::Board;
pub use cast::{Ballot, Cast, cast};
pub use error::PollError;
pub use poll::{Choice, Poll, PollStatus};
pub use records::{OwnVote, count_own, list_own, list_polls};
pub use stages::{close, open, settle};
