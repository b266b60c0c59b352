//! Rows of accounts.

use diesel::prelude::*;

use super::bad;
use crate::accounts::{Account, Phone, Role, SessionKind, SignedIn};
use crate::clock::Micros;
use crate::config::Language;
use crate::ids::{AccountId, RowId};
use crate::store::schema::accounts;
use crate::store::{Conn, StoreError, lock};

/// An account as signing in needs it. Never a deleted one, whose number is gone.
#[derive(Clone)]
pub(in crate::accounts) struct Known {
    pub(in crate::accounts) id: AccountId,
    pub(in crate::accounts) name: String,
    pub(in crate::accounts) phone: Phone,
    pub(in crate::accounts) password_hash: String,
    pub(in crate::accounts) role: Role,
    pub(in crate::accounts) locale: Language,
    pub(in crate::accounts) totp_sealed: Option<String>,
    pub(in crate::accounts) totp_last_step: i64,
    pub(in crate::accounts) is_banned: bool,
}

impl Known {
    /// Who signs in by it, once the token is made.
    pub(in crate::accounts) fn into_who(self, session: RowId, kind: SessionKind) -> SignedIn {
        SignedIn {
            account: self.id,
            session,
            token_hash: String::new(),
            name: self.name,
            phone: self.phone,
            role: self.role,
            locale: self.locale,
            kind,
        }
    }
}

pub(super) fn language(text: &str) -> Language {
    if text == "en" { Language::En } else { Language::Id }
}

/// Whatever changes an account, or ends or begins its sessions, is alone with it from here to the end.
pub(in crate::accounts) fn lock_account(conn: &mut Conn, account: &AccountId) -> Result<(), StoreError> {
    lock(conn, &format!("account {account}"))
}

/// The account of a number.
pub(in crate::accounts) fn find_by_phone(conn: &mut Conn, phone: &Phone) -> Result<Option<Known>, StoreError> {
    type Row = (String, String, String, String, String, Option<String>, i64, Option<i64>);
    let row: Option<Row> = accounts::table
        .filter(accounts::phone.eq(phone.as_str()))
        .select((
            accounts::id,
            accounts::name,
            accounts::password_hash,
            accounts::role,
            accounts::locale,
            accounts::totp_sealed,
            accounts::totp_last_step,
            accounts::banned_at,
        ))
        .first(conn)
        .optional()?;
    let Some((id, name, password_hash, role, locale, totp_sealed, totp_last_step, banned_at)) = row else {
        return Ok(None);
    };
    Ok(Some(Known {
        id: id.parse().map_err(bad)?,
        name,
        phone: phone.clone(),
        password_hash,
        role: role.parse().map_err(bad)?,
        locale: language(&locale),
        totp_sealed,
        totp_last_step,
        is_banned: banned_at.is_some(),
    }))
}

/// The account of a number, and nobody else changes it until the transaction ends.
pub(in crate::accounts) fn lock_by_phone(conn: &mut Conn, phone: &Phone) -> Result<Option<Known>, StoreError> {
    let Some(found) = find_by_phone(conn, phone)? else { return Ok(None) };
    lock_account(conn, &found.id)?;
    // As it is now that we are alone with it.
    Ok(find_by_phone(conn, phone)?.filter(|again| again.id == found.id))
}

/// Whether the account is as it was when its password, `hash`, and its second factor, `sealed`, were looked at; it stays
/// so until the transaction ends.
pub(in crate::accounts) fn lock_unchanged(
    conn: &mut Conn,
    who: &SignedIn,
    hash: &str,
    sealed: Option<&str>,
) -> Result<bool, StoreError> {
    lock_account(conn, &who.account)?;
    let found: i64 = accounts::table
        .find(who.account.as_str())
        .filter(accounts::password_hash.eq(hash))
        .filter(accounts::role.eq(who.role.as_str()))
        .filter(accounts::banned_at.is_null())
        .filter(accounts::deleted_at.is_null())
        .count()
        .get_result(conn)?;
    Ok(found == 1 && find_totp(conn, &who.account)?.as_deref() == sealed)
}

/// A new account.
pub(in crate::accounts) struct NewRow<'a> {
    pub(in crate::accounts) id: &'a AccountId,
    pub(in crate::accounts) phone: &'a Phone,
    pub(in crate::accounts) name: &'a str,
    pub(in crate::accounts) password_hash: &'a str,
    pub(in crate::accounts) role: Role,
    pub(in crate::accounts) locale: Language,
    pub(in crate::accounts) at: Micros,
}

/// Writes an account; a taken number is a unique violation.
pub(in crate::accounts) fn insert_account(conn: &mut Conn, account: &NewRow<'_>) -> Result<(), StoreError> {
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

/// An account as staff see it, deleted ones too.
pub(in crate::accounts) fn find_account(conn: &mut Conn, id: &AccountId) -> Result<Option<Account>, StoreError> {
    type Row =
        (String, String, Option<String>, String, String, Option<String>, i64, Option<i64>, Option<String>, Option<i64>);
    let row: Option<Row> = accounts::table
        .find(id.as_str())
        .select((
            accounts::id,
            accounts::name,
            accounts::phone,
            accounts::role,
            accounts::locale,
            accounts::totp_sealed,
            accounts::created_at,
            accounts::banned_at,
            accounts::ban_reason,
            accounts::deleted_at,
        ))
        .first(conn)
        .optional()?;
    let Some((id, name, phone, role, locale, totp, created_at, banned_at, ban_reason, deleted_at)) = row else {
        return Ok(None);
    };
    Ok(Some(Account {
        id: id.parse().map_err(bad)?,
        name,
        phone: phone.map(Phone::of_row),
        role: role.parse().map_err(bad)?,
        locale: language(&locale),
        has_totp: totp.is_some(),
        created_at: Micros(created_at),
        banned_at: banned_at.map(Micros),
        ban_reason,
        deleted_at: deleted_at.map(Micros),
    }))
}

/// Puts a hash in the place of another; `false` when that is not there any more.
pub(in crate::accounts) fn replace_hash(
    conn: &mut Conn,
    id: &AccountId,
    older: &str,
    newer: &str,
) -> Result<bool, StoreError> {
    let changed = diesel::update(accounts::table.find(id.as_str()).filter(accounts::password_hash.eq(older)))
        .set(accounts::password_hash.eq(newer))
        .execute(conn)?;
    Ok(changed == 1)
}

pub(in crate::accounts) fn set_password(conn: &mut Conn, id: &AccountId, hash: &str) -> Result<(), StoreError> {
    diesel::update(accounts::table.find(id.as_str())).set(accounts::password_hash.eq(hash)).execute(conn)?;
    Ok(())
}

pub(in crate::accounts) fn set_name(conn: &mut Conn, id: &AccountId, name: &str) -> Result<(), StoreError> {
    diesel::update(accounts::table.find(id.as_str())).set(accounts::name.eq(name)).execute(conn)?;
    Ok(())
}

pub(in crate::accounts) fn set_locale(conn: &mut Conn, id: &AccountId, locale: Language) -> Result<(), StoreError> {
    diesel::update(accounts::table.find(id.as_str())).set(accounts::locale.eq(locale.tag())).execute(conn)?;
    Ok(())
}

/// Uses a time step of the second factor up; `false` when it, or a later one, was used.
pub(in crate::accounts) fn use_step(conn: &mut Conn, id: &AccountId, step: i64) -> Result<bool, StoreError> {
    let changed = diesel::update(accounts::table.find(id.as_str()).filter(accounts::totp_last_step.lt(step)))
        .set(accounts::totp_last_step.eq(step))
        .execute(conn)?;
    Ok(changed == 1)
}

/// Gives an account its role and second factor.
pub(in crate::accounts) fn set_role(
    conn: &mut Conn,
    id: &AccountId,
    role: Role,
    totp_sealed: Option<&str>,
) -> Result<(), StoreError> {
    diesel::update(accounts::table.find(id.as_str()))
        .set((accounts::role.eq(role.as_str()), accounts::totp_sealed.eq(totp_sealed)))
        .execute(conn)?;
    Ok(())
}

/// The sealed second factor.
pub(in crate::accounts) fn find_totp(conn: &mut Conn, id: &AccountId) -> Result<Option<String>, StoreError> {
    Ok(accounts::table.find(id.as_str()).select(accounts::totp_sealed).first(conn).optional()?.flatten())
}

/// Whoever could take the last owner away is alone from here to the end. Taken before any account's lock.
pub(in crate::accounts) fn lock_owners(conn: &mut Conn) -> Result<(), StoreError> {
    lock(conn, "accounts owners")
}

/// How many other accounts are owners that can sign in. Until the transaction ends no other one asks.
pub(in crate::accounts) fn lock_other_owners(conn: &mut Conn, id: &AccountId) -> Result<i64, StoreError> {
    lock_owners(conn)?;
    Ok(accounts::table
        .filter(accounts::role.eq(Role::Owner.as_str()))
        .filter(accounts::id.ne(id.as_str()))
        .filter(accounts::banned_at.is_null())
        .filter(accounts::deleted_at.is_null())
        .count()
        .get_result(conn)?)
}

/// Bans, or takes a ban back.
pub(in crate::accounts) fn set_ban(
    conn: &mut Conn,
    id: &AccountId,
    ban: Option<(Micros, &str)>,
) -> Result<(), StoreError> {
    diesel::update(accounts::table.find(id.as_str()))
        .set((accounts::banned_at.eq(ban.map(|(at, _)| at.0)), accounts::ban_reason.eq(ban.map(|(_, reason)| reason))))
        .execute(conn)?;
    Ok(())
}

/// Takes out of the row whatever tells who it was.
pub(in crate::accounts) fn anonymise(
    conn: &mut Conn,
    id: &AccountId,
    name: &str,
    at: Micros,
) -> Result<(), StoreError> {
    diesel::update(accounts::table.find(id.as_str()))
        .set((
            accounts::phone.eq(None::<String>),
            accounts::name.eq(name),
            accounts::password_hash.eq(""),
            accounts::role.eq(Role::Viewer.as_str()),
            accounts::totp_sealed.eq(None::<String>),
            accounts::ban_reason.eq(None::<String>),
            accounts::deleted_at.eq(at.0),
        ))
        .execute(conn)?;
    Ok(())
}
