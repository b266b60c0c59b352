//! Coins: the only writer of balances and of the ledger.
//!
//! Verbs, all in the caller's transaction: [`post`] books one row, [`get_balance`], [`list_entries`], [`find_entry`];
//! [`verify`] adds everything up again.
//!
//! Invariants:
//! - A row is never changed or removed; triggers of the database refuse it.
//! - The balance is the sum of the account's rows, never negative, and moves in the transaction of the row.
//! - `(type, reference)` books once: the same posting again is [`Posted::Exists`], another one under the same name is
//!   [`LedgerError::Conflict`].
//!
//! Crash before COMMIT: nothing was booked. Crash after it: posting again says [`Posted::Exists`].

mod entry;
mod error;
mod post;
mod records;
mod verify;

pub use entry::{Entry, Kind, Posting};
pub use error::LedgerError;
pub use post::{Posted, post};
pub use records::{find_entry, get_balance, list_entries};
pub use verify::{Books, Drift, Says, verify};
