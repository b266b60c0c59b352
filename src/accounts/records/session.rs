//! Rows of sessions.

use std::collections::HashMap;

use diesel::prelude::*;
use serde_json::json;

use super::account::language;
use super::{bad, lock_account};
use crate::accounts::session::hash_of;
use crate::accounts::{
    Caller, LivingSession, NewSession, Phone, Role, SESSIONS_MAX, Session, SessionKind, SignedIn, TokenHash,
};
use crate::clock::Micros;
use crate::ids::{AccountId, RowId};
use crate::store::schema::{accounts, password_resets, sessions};
use crate::store::{Conn, StoreError, outbox};

/// Values of one list in a statement.
const IN_MAX: usize = 500;

/// Writes a new session. The one that the caller had before ends, and those beyond [`SESSIONS_MAX`], least used first.
pub(in crate::accounts) fn open_session(
    conn: &mut Conn,
    session: &NewSession,
    caller: &Caller,
    at: Micros,
) -> Result<(), StoreError> {
    let who = &session.who;
    lock_account(conn, &who.account)?;
    if let Some(previous) = &caller.previous {
        end_previous(conn, &hash_of(previous.expose()), who.kind, at)?;
    }
    let agent: String = caller.agent.chars().take(200).collect();
    diesel::insert_into(sessions::table)
        .values((
            sessions::id.eq(who.session.as_str()),
            sessions::account_id.eq(who.account.as_str()),
            sessions::token_hash.eq(&who.token_hash),
            sessions::kind.eq(who.kind.as_str()),
            sessions::created_at.eq(at.0),
            sessions::seen_at.eq(at.0),
            sessions::expires_at.eq(session.expires_at.0),
            sessions::agent.eq(agent),
            sessions::address.eq(caller.origin()),
        ))
        .execute(conn)?;
    end_oldest(conn, who, at)
}

/// Ends the session of the browser that signs in, whosever it was.
fn end_previous(conn: &mut Conn, token_hash: &str, kind: SessionKind, at: Micros) -> Result<(), StoreError> {
    let previous = sessions::table.filter(sessions::token_hash.eq(token_hash)).filter(sessions::kind.eq(kind.as_str()));
    let found: Option<(String, String)> =
        previous.select((sessions::id, sessions::account_id)).get_result(conn).optional()?;
    let Some((id, account)) = found else { return Ok(()) };
    if diesel::delete(sessions::table.find(&id)).execute(conn)? == 1 {
        tell_revoked(conn, &account.parse().map_err(bad)?, at)?;
    }
    Ok(())
}

fn end_oldest(conn: &mut Conn, who: &SignedIn, at: Micros) -> Result<(), StoreError> {
    let max = i64::try_from(SESSIONS_MAX).unwrap_or(i64::MAX);
    let beyond: Vec<String> = sessions::table
        .filter(sessions::account_id.eq(who.account.as_str()))
        .filter(sessions::id.ne(who.session.as_str()))
        .order((sessions::seen_at.desc(), sessions::id.desc()))
        .select(sessions::id)
        .limit(i64::MAX)
        .offset(max.saturating_sub(1))
        .load(conn)?;
    if !beyond.is_empty() {
        diesel::delete(sessions::table.filter(sessions::id.eq_any(beyond))).execute(conn)?;
        tell_revoked(conn, &who.account, at)?;
    }
    Ok(())
}

/// The live session of a token, and when it was last used.
pub(in crate::accounts) fn find_session(
    conn: &mut Conn,
    token_hash: &str,
    kind: SessionKind,
    now: Micros,
) -> Result<Option<(SignedIn, Micros)>, StoreError> {
    type Row = (String, String, String, Option<String>, String, String, i64);
    let row: Option<Row> = sessions::table
        .inner_join(accounts::table)
        .filter(sessions::token_hash.eq(token_hash))
        .filter(sessions::kind.eq(kind.as_str()))
        .filter(sessions::expires_at.gt(now.0))
        .filter(accounts::banned_at.is_null())
        .filter(accounts::deleted_at.is_null())
        .select((
            accounts::id,
            sessions::id,
            accounts::name,
            accounts::phone,
            accounts::role,
            accounts::locale,
            sessions::seen_at,
        ))
        .first(conn)
        .optional()?;
    let Some((account, session, name, phone, role, locale, seen_at)) = row else { return Ok(None) };
    let role: Role = role.parse().map_err(bad)?;
    if kind == SessionKind::Panel && !role.is_staff() {
        return Ok(None);
    }
    let who = SignedIn {
        account: account.parse().map_err(bad)?,
        session: session.parse().map_err(bad)?,
        token_hash: token_hash.to_owned(),
        name,
        phone: Phone::of_row(phone.unwrap_or_default()),
        role,
        locale: language(&locale),
        kind,
    };
    Ok(Some((who, Micros(seen_at))))
}

/// Viewers' sessions of these tokens that live.
pub(in crate::accounts) fn list_living_sessions(
    conn: &mut Conn,
    hashes: &[TokenHash],
    now: Micros,
) -> Result<Vec<LivingSession>, StoreError> {
    type Row = (String, String, String, i64, i64);
    let known: HashMap<String, TokenHash> = hashes.iter().map(|hash| (hash.hex(), *hash)).collect();
    let mut living = Vec::with_capacity(hashes.len());
    for some in known.keys().cloned().collect::<Vec<_>>().chunks(IN_MAX) {
        let rows: Vec<Row> = sessions::table
            .inner_join(accounts::table)
            .filter(sessions::token_hash.eq_any(some.to_vec()))
            .filter(sessions::kind.eq(SessionKind::Viewer.as_str()))
            .filter(sessions::expires_at.gt(now.0))
            .filter(accounts::banned_at.is_null())
            .filter(accounts::deleted_at.is_null())
            .select((sessions::token_hash, sessions::id, sessions::account_id, sessions::expires_at, sessions::seen_at))
            .load(conn)?;
        for (hash, session, account, expires_at, seen_at) in rows {
            let Some(hash) = known.get(&hash).copied() else { continue };
            living.push(LivingSession {
                hash,
                session: session.parse().map_err(bad)?,
                account: account.parse().map_err(bad)?,
                expires_at: Micros(expires_at),
                seen_at: Micros(seen_at),
            });
        }
    }
    Ok(living)
}

/// [`note_use`] of many.
pub(in crate::accounts) fn note_uses(
    conn: &mut Conn,
    used: &[RowId],
    (before, now): (Micros, Micros),
    expires_at: Micros,
) -> Result<(), StoreError> {
    for some in used.chunks(IN_MAX) {
        let some: Vec<String> = some.iter().map(ToString::to_string).collect();
        diesel::update(sessions::table.filter(sessions::id.eq_any(some)).filter(sessions::seen_at.le(before.0)))
            .set((sessions::seen_at.eq(now.0), sessions::expires_at.eq(expires_at.0)))
            .execute(conn)?;
    }
    Ok(())
}

/// Writes down that a session was used at `now`, if that was last written before `before`.
pub(in crate::accounts) fn note_use(
    conn: &mut Conn,
    session: &RowId,
    (before, now): (Micros, Micros),
    expires_at: Micros,
) -> Result<(), StoreError> {
    diesel::update(sessions::table.find(session.as_str()).filter(sessions::seen_at.le(before.0)))
        .set((sessions::seen_at.eq(now.0), sessions::expires_at.eq(expires_at.0)))
        .execute(conn)?;
    Ok(())
}

/// Live sessions of an account, last used first.
pub(in crate::accounts) fn list_sessions(
    conn: &mut Conn,
    account: &AccountId,
    current: Option<&RowId>,
    now: Micros,
) -> Result<Vec<Session>, StoreError> {
    let rows: Vec<(String, String, String, String, i64, i64)> = sessions::table
        .filter(sessions::account_id.eq(account.as_str()))
        .filter(sessions::expires_at.gt(now.0))
        .order((sessions::seen_at.desc(), sessions::id.desc()))
        .select((
            sessions::id,
            sessions::kind,
            sessions::agent,
            sessions::address,
            sessions::created_at,
            sessions::seen_at,
        ))
        .load(conn)?;
    rows.into_iter()
        .map(|(id, kind, agent, address, created_at, seen_at)| {
            let id: RowId = id.parse().map_err(bad)?;
            Ok(Session {
                is_current: current == Some(&id),
                id,
                kind: kind.parse().map_err(bad)?,
                agent,
                address,
                created_at: Micros(created_at),
                seen_at: Micros(seen_at),
            })
        })
        .collect()
}

/// Ends a session of this account; `false` where it has none of this id.
pub(in crate::accounts) fn delete_session_of(
    conn: &mut Conn,
    account: &AccountId,
    session: &RowId,
) -> Result<bool, StoreError> {
    let of_account = sessions::table.find(session.as_str()).filter(sessions::account_id.eq(account.as_str()));
    Ok(diesel::delete(of_account).execute(conn)? == 1)
}

/// Ends every session of an account, but for `but`; returns how many, and tells whoever keeps them in memory.
pub(in crate::accounts) fn end_sessions(
    conn: &mut Conn,
    account: &AccountId,
    but: Option<&RowId>,
    at: Micros,
) -> Result<usize, StoreError> {
    lock_account(conn, account)?;
    // No session has the empty id.
    let but = but.map_or("", RowId::as_str);
    let others = sessions::table.filter(sessions::account_id.eq(account.as_str())).filter(sessions::id.ne(but));
    let ended = diesel::delete(others).execute(conn)?;
    tell_revoked(conn, account, at)?;
    Ok(ended)
}

/// The fact that sessions of an account have ended. Without a room, so that no socket hears it.
pub(in crate::accounts) fn tell_revoked(conn: &mut Conn, account: &AccountId, at: Micros) -> Result<(), StoreError> {
    outbox::append(conn, at, None, "account:revoked", &json!({ "account": account }))
}

/// Removes what has expired; returns how many rows.
pub(in crate::accounts) fn prune(conn: &mut Conn, now: Micros) -> Result<usize, StoreError> {
    let sessions = diesel::delete(sessions::table.filter(sessions::expires_at.le(now.0))).execute(conn)?;
    let resets = diesel::delete(password_resets::table.filter(password_resets::expires_at.le(now.0))).execute(conn)?;
    Ok(sessions.saturating_add(resets))
}
