//! Who is here: phone, password, session, role, bans.
//!
//! Verbs are methods of [`Accounts`]; each that writes is one transaction.
//!
//! Invariants:
//! - Passwords are kept as argon2id, session tokens as SHA-256, and neither ever reaches a log.
//! - A session ends by its row's deletion, so that it ends on every node at once.
//! - Signing in and resetting never tell whether a number exists; registering does (409), by contract.
//!
//! Crash before COMMIT: nothing happened. A token that was made and never delivered expires by itself.

mod error;
mod handle;
mod lookup;
mod password;
mod phone;
mod records;
mod role;
mod session;

pub use error::AccountError;
pub use handle::{Accounts, Parts};
pub use lookup::find_account_id;
pub use phone::{Phone, PhoneError};
pub use role::Role;
pub use session::{Caller, NewSession, SESSION_TTL_MS, SessionKind, SignedIn};
