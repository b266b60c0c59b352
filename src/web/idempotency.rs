//! `Idempotency-Key`: which request this is, so that sending it again does not do it again.

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use serde::Serialize;
use serde_json::Value;

use super::error::Problem;
use crate::accounts::SignedIn;
use crate::config::hex;
use crate::flows::MoneyRequest;

/// What was asked as the same bytes however it was written: JSON without spaces, the keys of objects in order. A body
/// that says the same in other words is the same request.
#[must_use]
pub fn content_of(asked: &impl Serialize) -> Vec<u8> {
    let value = serde_json::to_value(asked).unwrap_or_default();
    ordered(value).to_string().into_bytes()
}

fn ordered(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut members: Vec<(String, Value)> =
                members.into_iter().map(|(key, value)| (key, ordered(value))).collect();
            members.sort_by(|one, other| one.0.cmp(&other.0));
            Value::Object(members.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(ordered).collect()),
        plain => plain,
    }
}

/// The request of `who`, by its header. `body` is what was asked, best as [`content_of`] gives it.
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_same_request_in_other_words_is_the_same() {
        let of = |text: &str| content_of(&serde_json::from_str::<Value>(text).unwrap());
        assert_eq!(of(r#"{"b": [ {"d":1,"c":2} ], "a" : null}"#), of(r#"{"a":null,"b":[{"c":2,"d":1}]}"#));
        assert_ne!(of(r#"{"a":[1,2]}"#), of(r#"{"a":[2,1]}"#));
        assert_eq!(content_of(&json!({})), b"{}");
    }
}
