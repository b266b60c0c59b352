//! `GET /api/v1/keys/{id}`: the key of what is sold, by the cookie alone, since native players send nothing else.

use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;

use crate::playback::GateError;
use crate::web::Site;
use crate::web::error::Problem;
use crate::web::session;

/// `GET /api/v1/keys/{id}`
///
/// # Errors
/// 401, 403 `playback.locked` or `playback.lease_lost`, 404 `playback.no_such_key`, 503 `playback.too_early` or while the
/// database is away and the session is not known.
pub async fn key(req: HttpRequest, site: web::Data<Site>) -> Result<HttpResponse, Problem> {
    let Some(token) = session::token(&req) else { return Err(GateError::SignedOut.into()) };
    let id = req.match_info().get("id").unwrap_or_default();
    let key = site.gate.key(token, id).await?;
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((header::CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .insert_header((header::CONTENT_TYPE, HeaderValue::from_static("application/octet-stream")));
    Ok(answer.body(Bytes::copy_from_slice(&key.0)))
}
