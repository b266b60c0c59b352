//! Bodies of JSON requests, and what is said of those that cannot be read.

use actix_web::error::JsonPayloadError;
use actix_web::http::{StatusCode, header};
use actix_web::web::{JsonConfig, Payload};
use actix_web::{HttpMessage as _, HttpRequest};
use serde::de::DeserializeOwned;

use crate::web::error::Problem;

/// The most a body may hold, in bytes.
const BODY_MAX: usize = 64 * 1024;

/// How `web::Json` refuses, as JSON like everything else.
#[must_use]
pub fn config() -> JsonConfig {
    JsonConfig::default().limit(BODY_MAX).error_handler(|error, _| {
        let problem = match error {
            JsonPayloadError::ContentType => not_json(),
            JsonPayloadError::Deserialize(error) => unread(&error),
            JsonPayloadError::Overflow { .. } | JsonPayloadError::OverflowKnownLength { .. } => too_large(),
            _ => broken(),
        };
        problem.into()
    })
}

/// A body that may be left out: nothing at all is `{}`. What is there must be JSON and say so.
///
/// # Errors
/// 400 for what is no JSON, 413 for more than 64 KiB, 415 for another content type, 422 for JSON that says something else.
pub async fn optional<T: DeserializeOwned>(req: &HttpRequest, body: Payload) -> Result<T, Problem> {
    let bytes = body.to_bytes_limited(BODY_MAX).await.map_err(|_| too_large())?.map_err(|_| broken())?;
    let named = req.headers().contains_key(header::CONTENT_TYPE);
    if bytes.is_empty() && !named {
        return serde_json::from_str("{}").map_err(|error| unread(&error));
    }
    let is_json = req.mime_type().ok().flatten().is_some_and(|mime| mime.essence_str() == "application/json");
    if !is_json {
        return Err(not_json());
    }
    let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
    serde_json::from_slice(text).map_err(|error| unread(&error))
}

fn not_json() -> Problem {
    let words = "Send JSON, with \"Content-Type: application/json\".";
    Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "web.not_json", words)
}

fn too_large() -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "web.too_large", "This body is larger than 64 KiB.")
}

fn broken() -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "web.bad_json", "This body cannot be read as JSON.")
}

/// What was sent is never repeated: it may hold a password.
fn unread(error: &serde_json::Error) -> Problem {
    if error.is_data() {
        let words = "This JSON lacks a field, or has one of another type than openapi.json says.";
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "web.bad_body", words)
    } else {
        broken()
    }
}
