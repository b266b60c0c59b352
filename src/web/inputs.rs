//! What is sent to us and cannot be read: each way it can be wrong, told in the house's words.

use actix_web::error::{JsonPayloadError, PathError, PayloadError, QueryPayloadError, UrlencodedError};
use actix_web::http::StatusCode;
use actix_web::web;

use super::error::Problem;

/// Most bytes of a body.
pub const BODY_MAX: usize = 64 * 1024;

/// Sets the limits of bodies and what is answered to those that cannot be read.
pub fn configure(app: &mut web::ServiceConfig) {
    app.app_data(web::PayloadConfig::new(BODY_MAX))
        .app_data(web::JsonConfig::default().limit(BODY_MAX).error_handler(|error, _| json(&error).into()))
        .app_data(web::FormConfig::default().limit(BODY_MAX).error_handler(|error, _| form(&error).into()))
        .app_data(web::QueryConfig::default().error_handler(|error, _| query(&error).into()))
        .app_data(web::PathConfig::default().error_handler(|error, _| path(&error).into()));
}

/// 413
#[must_use]
pub fn too_large() -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "web.too_large", "The body is larger than this takes.")
}

/// 400 for a form that says what its page does not offer.
#[must_use]
pub fn bad_form(words: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "web.bad_form", words)
}

fn bad_json(words: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "web.bad_json", words)
}

/// 400 for JSON that does not say that it is.
#[must_use]
pub fn not_json() -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "web.not_json",
        "This request needs a JSON body and the header Content-Type: application/json.",
    )
}

fn json(error: &JsonPayloadError) -> Problem {
    match error {
        JsonPayloadError::OverflowKnownLength { .. } | JsonPayloadError::Overflow { .. } => too_large(),
        JsonPayloadError::ContentType => not_json(),
        JsonPayloadError::Deserialize(error) if error.is_data() => bad_json(format!("The JSON does not fit: {error}.")),
        JsonPayloadError::Deserialize(error) => bad_json(format!("The body is no JSON: {error}.")),
        JsonPayloadError::Payload(error) => payload(error),
        _ => bad_json("The body is no JSON."),
    }
}

fn form(error: &UrlencodedError) -> Problem {
    match error {
        UrlencodedError::Overflow { .. } => too_large(),
        UrlencodedError::Payload(error) => payload(error),
        _ => bad_form("The form could not be read."),
    }
}

fn payload(error: &PayloadError) -> Problem {
    match error {
        PayloadError::Overflow => too_large(),
        _ => Problem::new(StatusCode::BAD_REQUEST, "web.bad_body", "The body could not be read."),
    }
}

fn query(error: &QueryPayloadError) -> Problem {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "web.bad_query",
        format!("The part after the question mark is wrong: {error}."),
    )
}

/// A place of the address that holds what cannot stand there: nothing is there.
fn path(_: &PathError) -> Problem {
    Problem::not_found("web.no_such_page")
}
