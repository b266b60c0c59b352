//! Support with coins: who gives what to whom, what of it is shown, and what it adds up to.
//!
//! Verbs in the caller's transaction: [`find_open_event`] (the event stays open until that ends), [`find_fighter`],
//! [`count_since`], [`number_next`], [`insert`], [`announce_new`]; [`approve`], [`hide`], [`show`] and
//! [`hold_supports`] are each one write with its facts and its audit row; [`list_public`], [`get_ladder`],
//! [`list_board`] and [`list_all`] read. [`note_shown`] writes down what the broadcast's own overlay has shown,
//! [`sum_shown`] and [`when_shown`] read it.
//!
//! Invariants:
//! - A support with a message is a superchat, any other a donation; it is never both, and never changes what it is.
//! - Every public fact – shown, hidden, shown again – takes the event's next number under the lock of the event's row
//!   in `event_crowds`, behind everything else its transaction waits for: the order of commits is the order of numbers,
//!   and whoever has read up to a number has missed nothing below it. A support stands under the number of its last
//!   fact.
//! - What is held was never public; what is hidden is told by its id alone, wherever it is read.
//! - A step of the ladder is passed by the one transaction that moves the total over it.
//! - An anonymous giver's name is not stored with the support, and nothing here tells the account.
//!
//! Crash before COMMIT: nothing was given and nothing is announced. Crash after it: the outbox's tail announces, and
//! reading from a number on repairs what a listener has missed. Moderating twice is refused the second time.

mod error;
mod moderate;
mod overlay;
mod records;
mod rules;
mod support;
mod text;
mod words;

pub use error::SupportError;
pub use moderate::{approve, hide, hold_supports, show};
pub use overlay::{ShownAlerts, note_shown, sum_shown, when_shown};
pub use records::{
    Crowd, OpenEvent, count_since, find_fighter, find_open_event, get_ladder, insert, list_all, list_board, list_own,
    list_public, number_next,
};
pub use rules::{Rules, Worded};
pub use support::{
    Backed, BoardRow, Given, Kind, Ladder, PublicPage, PublicSupport, Shown, State, Step, Support, SupportFighter,
    announce_held, announce_new,
};
