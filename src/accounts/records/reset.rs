//! Rows of password resets: one at most for an account.

use diesel::prelude::*;

use super::lock_account;
use crate::clock::Micros;
use crate::ids::AccountId;
use crate::store::schema::password_resets;
use crate::store::{Conn, StoreError};

/// A code that was sent.
#[derive(Clone)]
pub(in crate::accounts) struct ResetRow {
    pub(in crate::accounts) code_mac: String,
    pub(in crate::accounts) created_at: Micros,
    pub(in crate::accounts) expires_at: Micros,
    pub(in crate::accounts) tries: i32,
}

/// The account's code, and nobody else changes the account until the transaction ends.
pub(in crate::accounts) fn lock_reset(conn: &mut Conn, account: &AccountId) -> Result<Option<ResetRow>, StoreError> {
    lock_account(conn, account)?;
    let row: Option<(String, i64, i64, i32)> = password_resets::table
        .find(account.as_str())
        .select((
            password_resets::code_mac,
            password_resets::created_at,
            password_resets::expires_at,
            password_resets::tries,
        ))
        .first(conn)
        .optional()?;
    Ok(row.map(|(code_mac, created_at, expires_at, tries)| ResetRow {
        code_mac,
        created_at: Micros(created_at),
        expires_at: Micros(expires_at),
        tries,
    }))
}

/// Puts a code in the place of the one before. Under [`lock_reset`].
pub(in crate::accounts) fn put_reset(conn: &mut Conn, account: &AccountId, row: &ResetRow) -> Result<(), StoreError> {
    delete_reset(conn, account)?;
    diesel::insert_into(password_resets::table)
        .values((
            password_resets::account_id.eq(account.as_str()),
            password_resets::code_mac.eq(&row.code_mac),
            password_resets::created_at.eq(row.created_at.0),
            password_resets::expires_at.eq(row.expires_at.0),
            password_resets::tries.eq(row.tries),
        ))
        .execute(conn)?;
    Ok(())
}

/// Counts a wrong code.
pub(in crate::accounts) fn count_reset_try(conn: &mut Conn, account: &AccountId) -> Result<(), StoreError> {
    diesel::update(password_resets::table.find(account.as_str()))
        .set(password_resets::tries.eq(password_resets::tries + 1))
        .execute(conn)?;
    Ok(())
}

/// Takes the account's code away.
pub(in crate::accounts) fn delete_reset(conn: &mut Conn, account: &AccountId) -> Result<(), StoreError> {
    diesel::delete(password_resets::table.find(account.as_str())).execute(conn)?;
    Ok(())
}
