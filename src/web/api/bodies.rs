//! Bodies of JSON requests that may be left out.

use actix_web::error::JsonPayloadError;
use actix_web::http::StatusCode;
use actix_web::web::Payload;
use actix_web::{HttpMessage as _, HttpRequest};
use serde::de::DeserializeOwned;

use crate::web::error::Problem;
use crate::web::inputs::{self, BODY_MAX};

/// A body that may be left out: nothing at all is `{}`. It must say that it is JSON all the same, which no form of
/// another site can.
///
/// # Errors
/// 400 for what is no JSON or says something else, 413 for too much.
pub async fn optional<T: DeserializeOwned>(req: &HttpRequest, body: Payload) -> Result<T, Problem> {
    let bytes = match body.to_bytes_limited(BODY_MAX).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(_)) => return Err(Problem::new(StatusCode::BAD_REQUEST, "web.bad_body", "The body could not be read.")),
        Err(_) => return Err(inputs::too_large()),
    };
    let unread = |error| inputs::json(&JsonPayloadError::Deserialize(error));
    let is_json = req.mime_type().ok().flatten().is_some_and(|mime| mime.essence_str() == "application/json");
    if !is_json {
        return Err(inputs::not_json());
    }
    let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
    serde_json::from_slice(text).map_err(unread)
}
