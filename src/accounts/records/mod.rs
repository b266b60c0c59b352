//! Rows of accounts, sessions, resets and consents, and the statements on them.

mod account;
mod consent;
mod reset;
mod session;

pub(super) use account::*;
pub(super) use consent::*;
pub(super) use reset::*;
pub(super) use session::*;

use crate::store::StoreError;

/// A stored value that the program does not write.
#[expect(clippy::needless_pass_by_value, reason = "it has the form that map_err wants")]
fn bad(error: impl ToString) -> StoreError {
    StoreError::Row(error.to_string())
}
