//! Answers of requests that move money, kept in the transaction of what they did: the same request again, within a
//! day, gets the same answer. Refusals are not kept.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use serde_json::Value;

use super::schema::idempotency_keys;
use super::{Bind, Conn, Prepared, StoreError, each_dialect, lock};
use crate::clock::Micros;

/// How long an answer is kept, in milliseconds.
pub const KEPT_MS: i64 = 24 * 60 * 60 * 1_000;

/// One request of one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The account's id.
    pub account: String,
    /// The route, such as `POST /api/v1/coin-orders`, with its path parameters filled in.
    pub route: String,
    /// The caller's `Idempotency-Key`.
    pub key: String,
    /// SHA-256 of what was asked, hex.
    pub body_hash: String,
}

/// What is known of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Known {
    /// Nothing: do it, then [`keep`] the answer.
    New,
    /// It was done: give this answer.
    Answered(Value),
    /// The key was used for another body.
    OtherBody,
}

const FIND: &str = "SELECT body_hash, answer, at FROM idempotency_keys WHERE account_id = ? AND route = ? AND key = ?";
const KEEP: &str =
    "INSERT INTO idempotency_keys (account_id, route, key, body_hash, answer, at) VALUES (?, ?, ?, ?, ?, ?)";

/// Looks a request up. Until the transaction ends, the same request waits elsewhere.
///
/// # Errors
/// [`StoreError`]
pub fn begin(conn: &mut Conn, request: &Request, at: Micros) -> Result<Known, StoreError> {
    lock(conn, &format!("idempotency {} {} {}", request.account, request.route, request.key))?;
    let binds = [Bind::Text(&request.account), Bind::Text(&request.route), Bind::Text(&request.key)];
    let find = Prepared::<(Text, Text, BigInt)>::new(FIND, &binds);
    let row: Option<(String, String, i64)> = each_dialect!(&mut *conn, c => find.get_result(c).optional())?;
    match row {
        Some((_, _, kept)) if at.ms_since(Micros(kept)) >= KEPT_MS => {
            diesel::delete(idempotency_keys::table.find((&request.account, &request.route, &request.key)))
                .execute(conn)?;
            Ok(Known::New)
        }
        Some((body_hash, _, _)) if body_hash != request.body_hash => Ok(Known::OtherBody),
        Some((_, answer, _)) => {
            serde_json::from_str(&answer).map(Known::Answered).map_err(|error| StoreError::Row(error.to_string()))
        }
        None => Ok(Known::New),
    }
}

/// Keeps the answer of a request that [`begin`] called new.
///
/// # Errors
/// [`StoreError`]
pub fn keep(conn: &mut Conn, request: &Request, answer: &Value, at: Micros) -> Result<(), StoreError> {
    let answer = answer.to_string();
    let binds = [
        Bind::Text(&request.account),
        Bind::Text(&request.route),
        Bind::Text(&request.key),
        Bind::Text(&request.body_hash),
        Bind::Text(&answer),
        Bind::Int(at.0),
    ];
    each_dialect!(conn, c => Prepared::<()>::new(KEEP, &binds).execute(c))?;
    Ok(())
}

/// Removes answers older than a day; returns how many.
///
/// # Errors
/// [`StoreError`]
pub fn prune(conn: &mut Conn, now: Micros) -> Result<usize, StoreError> {
    let before = now.plus_ms(-KEPT_MS).0;
    Ok(diesel::delete(idempotency_keys::table.filter(idempotency_keys::at.lt(before))).execute(conn)?)
}
