//! `POST /api/v1/hooks/ingest`: a media server in front asks who may publish.

use std::net::IpAddr;
use std::sync::Arc;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};

use crate::events::StreamKeys;
use crate::ingest::hook::{self, HookLimits, Verdict};
use crate::web::error::Problem;
use crate::web::{Site, client};

/// What the hook decides by.
#[derive(Clone, Debug)]
pub struct HookParts {
    /// Keys of the events.
    pub keys: StreamKeys,
    /// Failures counted by address.
    pub limits: Arc<HookLimits>,
}

/// 200 lets in, 401 does not.
///
/// # Errors
/// 401 without rights, 403 from elsewhere, 429 after too many failures, 400 and 413 for what no media server sends.
pub async fn hook(
    req: HttpRequest,
    body: Result<web::Bytes, actix_web::Error>,
    site: web::Data<Site>,
    parts: web::Data<HookParts>,
) -> Result<HttpResponse, Problem> {
    let body = body.map_err(|_| {
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "ingest.too_large", "No media server sends this much.")
    })?;
    let ingest = &site.config.ingest;
    let peer = caller(&req, &site.config.server.trusted_proxies);
    let kind = req.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let query = (!req.query_string().is_empty()).then(|| req.query_string());
    let verdict = match peer {
        Some(peer) => hook::decide(&parts.keys, &parts.limits, peer, &ingest.hook_trusted, kind, query, &body),
        None => Verdict::NotTrusted,
    };
    match verdict {
        Verdict::Allow { .. } => Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).finish()),
        Verdict::Deny => Err(Problem::new(StatusCode::UNAUTHORIZED, "ingest.denied", "No right to publish.")),
        Verdict::NotTrusted => Err(Problem::new(
            StatusCode::FORBIDDEN,
            "ingest.not_trusted",
            "Only a media server on this machine or in ingest.hook_trusted may ask.",
        )),
        Verdict::TooMany => {
            let problem =
                Problem::new(StatusCode::TOO_MANY_REQUESTS, "ingest.too_many", "Too many wrong keys; try later.");
            Err(problem.retry_after(60))
        }
        Verdict::BadRequest(why) => Err(Problem::new(StatusCode::BAD_REQUEST, "ingest.bad_request", why)),
    }
}

/// The media server's address. A loopback peer that forwards somebody is a proxy, not a media server: nobody.
fn caller(req: &HttpRequest, trusted_proxies: &[IpAddr]) -> Option<IpAddr> {
    let address = client::address(req, trusted_proxies)?;
    let unknown_proxy = address.is_loopback() && client::is_forwarded(req);
    (!unknown_proxy).then_some(address)
}
