//! `POST /api/v1/hooks/doku` and `/sandbox`: a payment provider says what became of a payment.
//!
//! It proves itself by its signature over the raw body, so there is no session and no form token. It is answered only
//! once its word is stored: what is answered with 200 need not be said again.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;

use crate::flows::NoticeAnswer;
use crate::payments::{Gateway, NoticeHeaders};
use crate::web::Site;
use crate::web::error::Problem;

/// What a notice that was stored is answered with.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Taken {
    ok: bool,
    /// Whether everything in it was known and done before.
    idempotent: bool,
}

/// A notice of DOKU's.
///
/// # Errors
/// 401 when it is not from there, 400 when it is stale, 404 when DOKU is not in use here, 413, or 503 while the database
/// is away.
pub async fn doku(
    req: HttpRequest,
    body: Result<web::Bytes, actix_web::Error>,
    site: web::Data<Site>,
) -> Result<HttpResponse, Problem> {
    take(Gateway::Doku, &req, body, &site).await
}

/// A notice of the sandbox's.
///
/// # Errors
/// As [`doku`].
pub async fn sandbox(
    req: HttpRequest,
    body: Result<web::Bytes, actix_web::Error>,
    site: web::Data<Site>,
) -> Result<HttpResponse, Problem> {
    take(Gateway::Sandbox, &req, body, &site).await
}

async fn take(
    gateway: Gateway,
    req: &HttpRequest,
    body: Result<web::Bytes, actix_web::Error>,
    site: &Site,
) -> Result<HttpResponse, Problem> {
    let body = body.map_err(|error| match error.as_response_error().status_code() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "payments.too_large", "No notice is this long.")
        }
        _ => Problem::new(StatusCode::BAD_REQUEST, "payments.broken_body", "The body broke off."),
    })?;
    match site.till.take_notice(gateway, headers(req), body).await? {
        NoticeAnswer::Taken { idempotent } => {
            let answer = Taken { ok: true, idempotent };
            Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(answer))
        }
        NoticeAnswer::Stale => Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "payments.stale",
            "Its time is too far from ours: it is kept, and the order is asked after.",
        )),
        NoticeAnswer::NotOurs => {
            Err(Problem::new(StatusCode::UNAUTHORIZED, "payments.not_ours", "The signature or the Client-Id is wrong."))
        }
        NoticeAnswer::NoGateway => Err(Problem::not_found("payments.no_gateway")),
    }
}

/// The headers a signature covers; empty where one is missing or no text, which no signature fits.
fn headers(req: &HttpRequest) -> NoticeHeaders {
    let text =
        |name: &str| req.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    NoticeHeaders {
        client_id: text("client-id"),
        request_id: text("request-id"),
        timestamp: text("request-timestamp"),
        signature: text("signature"),
    }
}
