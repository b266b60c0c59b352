//! DOKU's side of the signature, written down from its documents.

use actix_web::HttpRequest;
use bakuhantam::clock::{Clock as _, Micros, SystemClock};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::{digest, hmac};
use serde_json::{Value, json};

pub const CLIENT_ID: &str = "BRN-0200-1700000000001";
pub const SECRET: &str = "SK-selftest0123456789ab";

/// How far a request's time may be from now, in milliseconds.
const WINDOW_MS: i64 = 300_000;

/// `YYYY-MM-DDTHH:MM:SSZ`
pub fn written(at: Micros) -> String {
    let at = jiff::Timestamp::from_second(at.0 / 1_000_000).expect("a time");
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `timestamp` is the name of that line.
pub fn sign(timestamp: &str, client_id: &str, request_id: &str, at: &str, target: &str, body: Option<&[u8]>) -> String {
    let mut lines = vec![
        format!("Client-Id:{client_id}"),
        format!("Request-Id:{request_id}"),
        format!("{timestamp}:{at}"),
        format!("Request-Target:{target}"),
    ];
    if let Some(body) = body {
        lines.push(format!("Digest:{}", STANDARD.encode(digest::digest(&digest::SHA256, body))));
    }
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    format!("HMACSHA256={}", STANDARD.encode(hmac::sign(&key, lines.join("\n").as_bytes())))
}

/// Why a request is refused before it is looked at.
pub fn refuse(request: &HttpRequest, body: Option<&[u8]>) -> Option<(u16, String)> {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let error = |code: &str, words: &str| {
        let body = json!({"error": {"code": code, "message": words, "type": "invalid_request_error"}});
        Some((400, body.to_string()))
    };
    if header("client-id") != CLIENT_ID {
        return error("invalid_client_id", "Invalid Client-Id");
    }
    let (id, at) = (header("request-id"), header("request-timestamp"));
    if id.is_empty() || id.len() > 128 {
        return error("invalid_request_id", "Invalid Request-Id");
    }
    let is_now = at.len() == 20
        && at.ends_with('Z')
        && at
            .parse::<jiff::Timestamp>()
            .is_ok_and(|sent| SystemClock.now().ms_since(Micros(sent.as_microsecond())).abs() < WINDOW_MS);
    if !is_now {
        return error("invalid_timestamp", "Invalid Request-Timestamp");
    }
    if header("signature") != sign("Request-Timestamp", CLIENT_ID, id, at, request.path(), body) {
        return error("invalid_signature", "Invalid Header Signature");
    }
    if body.is_some() && header("content-type") != "application/json" {
        return Some((400, json!({"message": ["Content-Type must be application/json"]}).to_string()));
    }
    None
}

/// DOKU's rule for every text of a request.
pub fn keeps_to_the_characters(value: &Value) -> bool {
    match value {
        Value::String(text) => {
            text.chars().all(|letter| letter.is_ascii_alphanumeric() || " .-/+,=_:'@%".contains(letter))
        }
        Value::Array(items) => items.iter().all(keeps_to_the_characters),
        Value::Object(fields) => fields.values().all(keeps_to_the_characters),
        _ => true,
    }
}
