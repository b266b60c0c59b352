//! Rows of accounts and sessions.

use diesel::prelude::*;

use super::{Caller, Phone, Role, SessionKind, SignedIn};
use crate::clock::Micros;
use crate::config::Language;
use crate::ids::{AccountId, RowId};
use crate::store::schema::{accounts, sessions};
use crate::store::{Conn, StoreError};

/// An account as signing in needs it.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) id: AccountId,
    pub(super) name: String,
    pub(super) phone: Phone,
    pub(super) password_hash: String,
    pub(super) role: Role,
    pub(super) locale: Language,
    pub(super) totp_sealed: Option<String>,
    pub(super) totp_last_step: i64,
    pub(super) is_banned: bool,
}

fn bad(error: impl ToString) -> StoreError {
    StoreError::Row(error.to_string())
}

pub(super) fn language(text: &str) -> Language {
    if text == "en" { Language::En } else { Language::Id }
}

/// The account of a number.
pub(super) fn find_by_phone(conn: &mut Conn, phone: &Phone) -> Result<Option<Known>, StoreError> {
    type Row = (String, String, Option<String>, String, String, String, Option<String>, i64, Option<i64>);
    let row: Option<Row> = accounts::table
        .filter(accounts::phone.eq(phone.as_str()))
        .select((
            accounts::id,
            accounts::name,
            accounts::phone,
            accounts::password_hash,
            accounts::role,
            accounts::locale,
            accounts::totp_sealed,
            accounts::totp_last_step,
            accounts::banned_at,
        ))
        .first(conn)
        .optional()?;
    let Some((id, name, phone, password_hash, role, locale, totp_sealed, totp_last_step, banned_at)) = row else {
        return Ok(None);
    };
    Ok(Some(Known {
        id: id.parse().map_err(bad)?,
        name,
        phone: Phone::of_row(phone.unwrap_or_default()),
        password_hash,
        role: role.parse().map_err(bad)?,
        locale: language(&locale),
        totp_sealed,
        totp_last_step,
        is_banned: banned_at.is_some(),
    }))
}

/// A new account, a viewer's.
pub(super) struct NewAccount<'a> {
    pub(super) id: &'a AccountId,
    pub(super) phone: &'a Phone,
    pub(super) name: &'a str,
    pub(super) password_hash: &'a str,
    pub(super) role: Role,
    pub(super) locale: Language,
    pub(super) at: Micros,
}

/// Writes an account; a taken number is a unique violation.
pub(super) fn insert_account(conn: &mut Conn, account: &NewAccount<'_>) -> Result<(), StoreError> {
    diesel::insert_into(accounts::table)
        .values((
            accounts::id.eq(account.id.as_str()),
            accounts::phone.eq(account.phone.as_str()),
            accounts::name.eq(account.name),
            accounts::password_hash.eq(account.password_hash),
            accounts::role.eq(account.role.as_str()),
            accounts::totp_last_step.eq(0),
            accounts::locale.eq(account.locale.tag()),
            accounts::created_at.eq(account.at.0),
        ))
        .execute(conn)?;
    Ok(())
}

/// Writes a session of `who`.
pub(super) fn insert_session(
    conn: &mut Conn,
    who: &SignedIn,
    caller: &Caller,
    at: Micros,
    expires_at: Micros,
) -> Result<(), StoreError> {
    let agent: String = caller.agent.chars().take(200).collect();
    diesel::insert_into(sessions::table)
        .values((
            sessions::id.eq(who.session.as_str()),
            sessions::account_id.eq(who.account.as_str()),
            sessions::token_hash.eq(&who.token_hash),
            sessions::kind.eq(who.kind.as_str()),
            sessions::created_at.eq(at.0),
            sessions::seen_at.eq(at.0),
            sessions::expires_at.eq(expires_at.0),
            sessions::agent.eq(agent),
            sessions::address.eq(caller.address.map(|ip| ip.to_string()).unwrap_or_default()),
        ))
        .execute(conn)?;
    Ok(())
}

/// The live session of a token.
pub(super) fn find_session(
    conn: &mut Conn,
    token_hash: &str,
    kind: SessionKind,
    now: Micros,
) -> Result<Option<SignedIn>, StoreError> {
    type Row = (String, String, String, Option<String>, String, String);
    let row: Option<Row> = sessions::table
        .inner_join(accounts::table)
        .filter(sessions::token_hash.eq(token_hash))
        .filter(sessions::kind.eq(kind.as_str()))
        .filter(sessions::expires_at.gt(now.0))
        .filter(accounts::banned_at.is_null())
        .filter(accounts::deleted_at.is_null())
        .select((accounts::id, sessions::id, accounts::name, accounts::phone, accounts::role, accounts::locale))
        .first(conn)
        .optional()?;
    let Some((account, session, name, phone, role, locale)) = row else { return Ok(None) };
    Ok(Some(SignedIn {
        account: account.parse().map_err(bad)?,
        session: session.parse().map_err(bad)?,
        token_hash: token_hash.to_owned(),
        name,
        phone: Phone::of_row(phone.unwrap_or_default()),
        role: role.parse().map_err(bad)?,
        locale: language(&locale),
        kind,
    }))
}

/// Ends a session.
pub(super) fn delete_session(conn: &mut Conn, session: &RowId) -> Result<(), StoreError> {
    diesel::delete(sessions::table.find(session.as_str())).execute(conn)?;
    Ok(())
}
