//! `Idempotency-Key`: which request this is, so that sending it again does not do it again.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;

use super::error::Problem;
use crate::accounts::SignedIn;
use crate::config::hex;
use crate::flows::MoneyRequest;

/// The request of `who`, by its header.
///
/// # Errors
/// 400 without a key, or with one that is not 1 to 64 visible ASCII characters.
pub fn of_header(req: &HttpRequest, who: &SignedIn, body: &[u8]) -> Result<MoneyRequest, Problem> {
    let key = req.headers().get("idempotency-key").and_then(|key| key.to_str().ok()).unwrap_or_default();
    of_key(req, who, key, body)
}

/// The request of `who`, by a key that came otherwise: a form's hidden field.
///
/// # Errors
/// As [`of_header`].
pub fn of_key(req: &HttpRequest, who: &SignedIn, key: &str, body: &[u8]) -> Result<MoneyRequest, Problem> {
    if !(1..=64).contains(&key.len()) || !key.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "idempotency.key_missing",
            "This request needs an Idempotency-Key of 1 to 64 visible ASCII characters, a new one for each purchase.",
        ));
    }
    let hash = ring::digest::digest(&ring::digest::SHA256, body);
    Ok(MoneyRequest {
        account: who.account.to_string(),
        route: format!("{} {}", req.method(), req.path()),
        key: key.to_owned(),
        body_hash: hex(hash.as_ref()),
    })
}
