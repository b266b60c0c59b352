//! Rows of places.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::upsert::excluded;
use serde_json::json;

use super::leases::{Claim, Outcome, Place, Rules, decide};
use crate::clock::Micros;
use crate::ids::{BadName, RowId};
use crate::store::schema::{accounts, playback_leases as leases, sessions};
use crate::store::{Bind, Conn, Prepared, StoreError, outbox};

/// Values of one list in a statement.
const IN_MAX: usize = 500;

/// Decides over claims, in their order, and writes what becomes of them; whoever loses a place is told by a fact.
///
/// Accounts, then sessions, then places are held until the transaction ends, each in order of their ids, so that two of
/// these do not wait for each other.
pub(super) fn claim(conn: &mut Conn, claims: &[Claim], rules: Rules, now: Micros) -> Result<Vec<Outcome>, StoreError> {
    let of: BTreeSet<&str> = claims.iter().map(|claim| claim.account.as_str()).collect();
    let of: Vec<String> = of.into_iter().map(str::to_owned).collect();
    let asked: BTreeSet<&str> = claims.iter().map(|claim| claim.session.as_str()).collect();
    let asked: Vec<String> = asked.into_iter().map(str::to_owned).collect();
    hold_accounts(conn, &of)?;
    let living = hold_living(conn, &asked, now)?;
    let mut places = hold_places(conn, &of)?;
    let before = places.clone();
    let mut lost = Vec::new();
    let mut outcomes = Vec::with_capacity(claims.len());
    for claim in claims {
        outcomes.push(if living.contains(claim.session.as_str()) {
            decide(&mut places, claim, rules, now, &mut lost)
        } else {
            Outcome::Gone
        });
    }
    // Whoever lost a place and took another one in the same breath has not lost it.
    lost.retain(|gone| !places.iter().any(|place| place.session == gone.session));
    for gone in &lost {
        diesel::delete(leases::table.find(gone.session.as_str())).execute(conn)?;
        let payload = json!({ "session": gone.session, "account": gone.account, "taken_at": gone.taken_at });
        outbox::append(conn, now, None, "lease:lost", &payload)?;
    }
    let changed: Vec<&Place> = places.iter().filter(|place| !before.contains(place)).collect();
    write(conn, &changed)?;
    Ok(outcomes)
}

fn hold_accounts(conn: &mut Conn, of: &[String]) -> Result<(), StoreError> {
    let Conn::Postgres(conn) = conn else { return Ok(()) };
    for some in of.chunks(IN_MAX) {
        let held: Vec<String> = accounts::table
            .filter(accounts::id.eq_any(some))
            .order(accounts::id)
            .select(accounts::id)
            .for_no_key_update()
            .load(conn)?;
        drop(held);
    }
    Ok(())
}

/// Those of the sessions that live. None of them ends before the transaction does.
fn hold_living(conn: &mut Conn, asked: &[String], now: Micros) -> Result<BTreeSet<String>, StoreError> {
    let mut living = BTreeSet::new();
    for some in asked.chunks(IN_MAX) {
        let of = sessions::table
            .filter(sessions::id.eq_any(some.to_vec()))
            .filter(sessions::expires_at.gt(now.0))
            .order(sessions::id)
            .select(sessions::id);
        let found: Vec<String> = match conn {
            Conn::Sqlite(conn) => of.load(conn)?,
            Conn::Postgres(conn) => of.for_key_share().load(conn)?,
        };
        living.extend(found);
    }
    Ok(living)
}

fn hold_places(conn: &mut Conn, of: &[String]) -> Result<Vec<Place>, StoreError> {
    type Row = (String, String, i64, i64);
    let mut places = Vec::new();
    for some in of.chunks(IN_MAX) {
        let of = leases::table
            .filter(leases::account_id.eq_any(some.to_vec()))
            .order((leases::account_id, leases::session_id))
            .select((leases::account_id, leases::session_id, leases::taken_at, leases::seen_at));
        let rows: Vec<Row> = match conn {
            Conn::Sqlite(conn) => of.load(conn)?,
            Conn::Postgres(conn) => of.for_update().load(conn)?,
        };
        for (account, session, taken_at, seen_at) in rows {
            places.push(Place {
                account: account.parse().map_err(bad)?,
                session: session.parse().map_err(bad)?,
                taken_at: Micros(taken_at),
                seen_at: Micros(seen_at),
            });
        }
    }
    Ok(places)
}

fn write(conn: &mut Conn, places: &[&Place]) -> Result<(), StoreError> {
    let row = |place: &&Place| {
        (
            leases::session_id.eq(place.session.as_str().to_owned()),
            leases::account_id.eq(place.account.as_str().to_owned()),
            leases::taken_at.eq(place.taken_at.0),
            leases::seen_at.eq(place.seen_at.0),
        )
    };
    match conn {
        Conn::Sqlite(conn) => {
            for place in places {
                let binds = [
                    Bind::Text(place.session.as_str()),
                    Bind::Text(place.account.as_str()),
                    Bind::Int(place.taken_at.0),
                    Bind::Int(place.seen_at.0),
                ];
                Prepared::<()>::new(
                    "INSERT INTO playback_leases (session_id, account_id, taken_at, seen_at) VALUES (?, ?, ?, ?) \
                     ON CONFLICT (session_id) DO UPDATE SET taken_at = excluded.taken_at, seen_at = excluded.seen_at",
                    &binds,
                )
                .execute(conn)?;
            }
        }
        Conn::Postgres(conn) => {
            for some in places.chunks(IN_MAX) {
                diesel::insert_into(leases::table)
                    .values(some.iter().map(row).collect::<Vec<_>>())
                    .on_conflict(leases::session_id)
                    .do_update()
                    .set((
                        leases::taken_at.eq(excluded(leases::taken_at)),
                        leases::seen_at.eq(excluded(leases::seen_at)),
                    ))
                    .execute(conn)?;
            }
        }
    }
    Ok(())
}

/// Writes down that the places of these sessions are in use; returns those that live. The others are gone, or free for
/// anyone: they have to be claimed anew.
pub(super) fn beat(conn: &mut Conn, used: &[RowId], ttl_ms: i64, now: Micros) -> Result<BTreeSet<String>, StoreError> {
    let mut living = BTreeSet::new();
    for some in used.chunks(IN_MAX) {
        let some: Vec<String> = some.iter().map(ToString::to_string).collect();
        let of = leases::table
            .filter(leases::session_id.eq_any(some))
            .filter(leases::seen_at.gt(now.plus_ms(ttl_ms.saturating_neg()).0))
            .order((leases::account_id, leases::session_id))
            .select(leases::session_id);
        let found: Vec<String> = match conn {
            Conn::Sqlite(conn) => of.load(conn)?,
            Conn::Postgres(conn) => of.for_no_key_update().load(conn)?,
        };
        diesel::update(leases::table.filter(leases::session_id.eq_any(found.clone())))
            .set(leases::seen_at.eq(now.0))
            .execute(conn)?;
        living.extend(found);
    }
    Ok(living)
}

#[expect(clippy::needless_pass_by_value, reason = "it has the form that map_err wants")]
fn bad(error: BadName) -> StoreError {
    StoreError::Row(error.to_string())
}
