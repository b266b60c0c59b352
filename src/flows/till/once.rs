//! What was asked twice is done once.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{MoneyRequest, TillError};
use crate::clock::Micros;
use crate::store::idempotency::{self, Known};
use crate::store::{Conn, StoreError};

/// Does `work` and keeps its answer, or gives the answer that was kept.
pub(super) fn once<T: Serialize + DeserializeOwned>(
    conn: &mut Conn,
    request: &MoneyRequest,
    at: Micros,
    work: impl FnOnce(&mut Conn) -> Result<T, TillError>,
) -> Result<T, TillError> {
    let row = |error: serde_json::Error| StoreError::Row(error.to_string());
    match idempotency::begin(conn, request, at)? {
        Known::New => {
            let done = work(conn)?;
            idempotency::keep(conn, request, &serde_json::to_value(&done).map_err(row)?, at)?;
            Ok(done)
        }
        Known::Answered(answer) => Ok(serde_json::from_value(answer).map_err(row)?),
        Known::OtherBody => Err(TillError::KeyReused),
    }
}
