//! Finding accounts for commands and flows.

use super::{Phone, records};
use crate::ids::AccountId;
use crate::store::{Conn, StoreError};

/// The account of a number.
///
/// # Errors
/// [`StoreError`]
pub fn find_account_id(conn: &mut Conn, phone: &Phone) -> Result<Option<AccountId>, StoreError> {
    Ok(records::find_by_phone(conn, phone)?.map(|known| known.id))
}
