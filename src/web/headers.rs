//! What every answer carries and every request passes: request id, security headers, the check of `Origin`,
//! and the count of what was answered.

use std::time::Instant;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, web};
use tracing::Instrument as _;
use url::Url;

use super::error::{self, Problem};
use super::{Site, answered, cors, request_ids, routes};
use crate::config::Config;
use crate::ids::RowId;

/// Headers that are the same on every answer, made once.
#[derive(Clone, Debug)]
pub struct Fixed {
    headers: Vec<(HeaderName, HeaderValue)>,
    origins: Vec<String>,
}

impl Fixed {
    /// Headers for this configuration.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let mut headers = vec![
            (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            (header::REFERRER_POLICY, HeaderValue::from_static("strict-origin-when-cross-origin")),
            (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
            (
                HeaderName::from_static("permissions-policy"),
                HeaderValue::from_static("camera=(), microphone=(), geolocation=(), payment=(), usb=()"),
            ),
            (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
        ];
        if let Ok(policy) = HeaderValue::from_str(&content_security_policy(config)) {
            headers.push((header::CONTENT_SECURITY_POLICY, policy));
        }
        if config.server.public_url.starts_with("https://") {
            headers.push((header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000")));
        }
        Self { headers, origins: own_origins(config) }
    }

    fn put_on(&self, headers: &mut HeaderMap) {
        for (name, value) in &self.headers {
            if !headers.contains_key(name) {
                headers.insert(name.clone(), value.clone());
            }
        }
    }
}

/// `scheme://host[:port]` of an address.
fn origin_of(address: &str) -> Option<String> {
    Url::parse(address).ok().map(|url| url.origin().ascii_serialization())
}

/// Origins of our own pages: `public_url`, `hosts.site`, `hosts.admin`.
fn own_origins(config: &Config) -> Vec<String> {
    let hosts = [&config.hosts.site, &config.hosts.admin];
    let named = hosts.into_iter().flat_map(|host| origins_on(config, host));
    named.chain(origin_of(&config.server.public_url)).collect()
}

/// Origins of one of `[hosts]`: at the public address's port, and at the scheme's own, where a proxy listens.
fn origins_on(config: &Config, host: &str) -> Vec<String> {
    let Some(address) = config.address_on(host) else { return Vec::new() };
    let mut origins: Vec<String> = origin_of(&address).into_iter().collect();
    origins.extend(address.split_once("://").map(|(scheme, _)| format!("{scheme}://{host}")));
    origins.dedup();
    origins
}

/// The policy: no inline script anywhere; connections, media and workers from where the configuration says they come.
/// Styles may be inline, since the player's controls style their shadow roots so; media may be data, since the player gives its
/// captions an empty file.
fn content_security_policy(config: &Config) -> String {
    let mut sources: Vec<String> = own_origins(config);
    sources.extend(origins_on(config, &config.hosts.api));
    sources.extend(config.cluster.nodes.iter().filter_map(|node| origin_of(node)));
    sources.extend(origin_of(&config.objects.public_base_url));
    sources.sort();
    sources.dedup();
    let sockets = sources.iter().map(|source| source.replacen("http", "ws", 1)).collect::<Vec<_>>().join(" ");
    let from = sources.join(" ");
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob: {from}; \
         font-src 'self'; connect-src 'self' {from} {sockets}; media-src 'self' blob: data: {from}; worker-src 'self' blob:; \
         manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
}

/// The outermost layer around every handler.
///
/// # Errors
/// What the handler returns.
pub async fn around<B: MessageBody + 'static>(
    mut req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let started = Instant::now();
    let fixed = req.app_data::<web::Data<Fixed>>().cloned();
    let site = req.app_data::<web::Data<Site>>().cloned();
    let id = site.as_ref().map(|site| request_ids::next(site.clock.now()));
    let id = id.as_ref().map(RowId::as_str).unwrap_or_default();
    let span = if is_asked_by_each_player(req.path()) {
        // Sixteen bytes and a line of JSON are not worth packing, which takes longer than all the rest.
        req.headers_mut().remove(header::ACCEPT_ENCODING);
        tracing::debug_span!("request", id, method = %req.method(), path = req.path())
    } else {
        tracing::info_span!("request", id, method = %req.method(), path = req.path())
    };

    let asking = fixed.as_ref().and_then(|fixed| cors::own_origin(&req, &fixed.origins));
    let refused = match (&fixed, &site) {
        (Some(fixed), Some(site)) if is_foreign(&req, fixed) => {
            let problem = Problem::new(
                StatusCode::FORBIDDEN,
                "web.foreign_origin",
                "This request came from another site's page.",
            );
            Some(error::answer(req.request(), site, &problem))
        }
        _ => None,
    };
    let mut response = match refused {
        Some(answer) => req.into_response(answer).map_into_right_body(),
        None => for_people(next.call(req).instrument(span.clone()).await?, site.as_ref()),
    };

    let route = response.request().match_pattern().unwrap_or_else(|| "none".to_owned());
    let status = response.status();
    answered::count(&route, status, started.elapsed());
    span.in_scope(|| {
        let ms = started.elapsed().as_millis();
        if status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE {
            tracing::error!(status = status.as_u16(), ms, "answered with a fault");
        } else {
            tracing::debug!(status = status.as_u16(), ms, "answered");
        }
    });

    cors::allow(&mut response, asking);
    if let Some(fixed) = fixed {
        fixed.put_on(response.headers_mut());
    }
    if let Ok(id) = HeaderValue::from_str(id) {
        response.headers_mut().insert(HeaderName::from_static("x-request-id"), id);
    }
    Ok(response)
}

/// What every player asks, again and again.
fn is_asked_by_each_player(path: &str) -> bool {
    path.starts_with("/api/v1/keys/")
        || path == "/api/v1/beacons"
        || (path.starts_with("/api/v1/events/") && path.ends_with("/lease"))
}

/// Handlers refuse by a [`Problem`], which is JSON by itself: where people read, it becomes a page.
fn for_people<B>(response: ServiceResponse<B>, site: Option<&web::Data<Site>>) -> ServiceResponse<EitherBody<B>> {
    let problem = response.response().error().and_then(|error| error.as_error::<Problem>()).cloned();
    match (problem, site) {
        (Some(problem), Some(site)) if !error::wants_json(response.request()) => {
            let page = error::answer(response.request(), site, &problem);
            response.into_response(page).map_into_right_body()
        }
        _ => response.map_into_left_body(),
    }
}

/// An unsafe request that says it comes from a page which is not ours.
fn is_foreign(req: &ServiceRequest, fixed: &Fixed) -> bool {
    routes::is_unsafe(req.method())
        && req
            .headers()
            .get(header::ORIGIN)
            .is_some_and(|origin| !origin.to_str().is_ok_and(|origin| fixed.origins.iter().any(|own| own == origin)))
}
