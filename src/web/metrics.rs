//! `GET /metrics`: Prometheus text for the holder of the token, or for a loopback peer that nobody forwards.

mod help;

use std::sync::OnceLock;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use ring::{digest, hmac};

use super::error::Problem;
use super::{Site, client};

static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Bounds of latency histograms, in seconds: a segment is listed in tens of milliseconds, a bad night takes seconds.
const SECONDS: &[f64] = &[0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0];

/// Starts collecting. Once per process, before anything counts; a second call changes nothing.
pub fn install() {
    RECORDER.get_or_init(|| {
        let built = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), SECONDS)
            .and_then(PrometheusBuilder::install_recorder);
        match built {
            Ok(handle) => {
                help::describe();
                Some(handle)
            }
            Err(error) => {
                tracing::error!(%error, "metrics are not collected");
                None
            }
        }
    });
}

/// Lets histograms settle; called every few seconds.
pub fn upkeep() {
    if let Some(Some(handle)) = RECORDER.get() {
        handle.run_upkeep();
    }
}

/// The metrics as text, or 403.
///
/// # Errors
/// 403 without the token or from elsewhere; 503 when nothing is collected.
pub async fn metrics(req: HttpRequest, site: web::Data<Site>) -> Result<HttpResponse, Problem> {
    if !may_read(&req, site.config.metrics.token.expose()) {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "metrics.forbidden",
            "Send the token of [metrics], or ask from this machine.",
        ));
    }
    let Some(Some(handle)) = RECORDER.get() else {
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "metrics.none", "No metrics are collected."));
    };
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(handle.render()))
}

fn may_read(req: &HttpRequest, token: &str) -> bool {
    let sent = req
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    if let (false, Some(sent)) = (token.is_empty(), sent) {
        // Both sides hashed under one key: the time taken tells neither content nor length.
        let key = hmac::Key::new(hmac::HMAC_SHA256, digest::digest(&digest::SHA256, token.as_bytes()).as_ref());
        let tag = hmac::sign(&key, token.as_bytes());
        return hmac::verify(&key, sent.as_bytes(), tag.as_ref()).is_ok();
    }
    client::is_bare_loopback(req)
}
