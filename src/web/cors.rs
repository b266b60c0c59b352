//! Which other origins' pages may read the API: our own, when site and API have hosts of their own or a browser has
//! chosen another node. Everyone else's page gets no permission. `/health` and `/media/` are open to all by themselves.

use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::guard::GuardContext;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};

/// What a page may send beside the plain headers.
const HEADERS: &str = "authorization, content-type, idempotency-key";
/// How long browsers remember the answer to a preflight, in seconds.
const REMEMBERED_S: &str = "600";

/// A preflight (Fetch standard, "CORS-preflight fetch"): OPTIONS that names the method to come.
#[must_use]
pub fn is_preflight(context: &GuardContext<'_>) -> bool {
    let headers = &context.head().headers;
    headers.contains_key(header::ORIGIN) && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// Answers a preflight; [`allow`] adds who is meant, or nobody.
pub async fn preflight(_: HttpRequest) -> HttpResponse {
    HttpResponse::NoContent()
        .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, POST"))
        .insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS))
        .insert_header((header::ACCESS_CONTROL_MAX_AGE, REMEMBERED_S))
        .finish()
}

/// The asking page's origin, when it is one of `own`.
#[must_use]
pub fn own_origin(req: &ServiceRequest, own: &[String]) -> Option<HeaderValue> {
    let origin = req.headers().get(header::ORIGIN)?;
    own.iter().any(|own| origin == own.as_str()).then(|| origin.clone())
}

/// Lets the page of `origin` read an answer of the API. The answer differs by origin, which caches are told always.
pub fn allow<B>(response: &mut ServiceResponse<B>, origin: Option<HeaderValue>) {
    if !response.request().path().starts_with("/api/") {
        return;
    }
    let headers: &mut HeaderMap = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("retry-after, x-request-id"));
    }
}
