//! The only place that maps what went wrong to HTTP: JSON for tools, a page in the site's style for people.

use std::fmt;

use actix_web::body::BoxBody;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, ResponseError, web};

use super::{Site, admin, viewer};
use crate::clock::{Clock as _, SystemClock};
use crate::ids::{RowId, SystemRandom};

/// A refusal in JSON: `{"error":{"code","message","incident"}}`.
#[derive(Clone, Debug)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    message: String,
    incident: Option<RowId>,
    retry_after_s: Option<u32>,
}

impl Problem {
    /// A refusal with a stable code and a sentence.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), incident: None, retry_after_s: None }
    }

    /// 404, also for what the caller may not know of.
    #[must_use]
    pub fn not_found(code: &'static str) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, "There is nothing here.")
    }

    /// What went wrong with us: 503 while the database is away, else 500. Logged here, once, with its chain and an id
    /// that the reader is given.
    #[must_use]
    pub fn fault(error: &(dyn std::error::Error + 'static), is_passing: bool) -> Self {
        let mut next = Some(error);
        let mut chain = Vec::new();
        while let Some(error) = next {
            chain.push(error.to_string());
            next = error.source();
        }
        chain.dedup();
        let chain = chain.join(": ");
        if is_passing {
            tracing::warn!(error = chain, "the database is away");
            return Self::unavailable();
        }
        let incident = RowId::new(SystemClock.now(), &SystemRandom::default());
        tracing::error!(%incident, error = chain, "a fault");
        let words = "Something went wrong on our side.";
        let problem = Self::new(StatusCode::INTERNAL_SERVER_ERROR, "web.fault", words);
        Self { incident: Some(incident), ..problem }
    }

    /// 503 while the database is away; whoever found it out has said so.
    #[must_use]
    pub fn unavailable() -> Self {
        let words = "The service is busy. Try again in a moment.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "web.unavailable", words).retry_after(5)
    }

    /// Its status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// Its stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.code
    }

    /// Seconds after which asking again may help.
    #[must_use]
    pub const fn retry_after_s(&self) -> Option<u32> {
        self.retry_after_s
    }

    /// What a log and a reader may be told apart by; only a fault has one.
    #[must_use]
    pub const fn incident(&self) -> Option<&RowId> {
        self.incident.as_ref()
    }

    /// The same with `Retry-After`.
    #[must_use]
    pub const fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut response = HttpResponse::build(self.status);
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        if let Some(seconds) = self.retry_after_s {
            response.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        response.json(serde_json::json!({
            "error": { "code": self.code, "message": self.message, "incident": self.incident }
        }))
    }
}

/// Whether the caller wants JSON: the address says so.
#[must_use]
pub fn wants_json(req: &HttpRequest) -> bool {
    let path = req.path();
    path.starts_with("/api/") || matches!(path, "/ws" | "/health" | "/metrics")
}

/// Answers with a page or with JSON, by the address that was asked.
#[must_use]
pub fn answer(req: &HttpRequest, site: &Site, problem: &Problem) -> HttpResponse {
    if wants_json(req) {
        return problem.error_response();
    }
    let is_panel = req.path() == "/admin" || req.path().starts_with("/admin/");
    let of = if is_panel { admin::problem::of } else { viewer::problem::of };
    let mut page = of(req, site, problem);
    if let Some(seconds) = problem.retry_after_s {
        page.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from(seconds));
    }
    page
}

/// 404 for every address that is no route.
pub async fn no_such_page(req: HttpRequest, site: web::Data<Site>) -> HttpResponse {
    answer(&req, &site, &Problem::not_found("web.no_such_page"))
}

/// 405 for a route asked with a method it does not have; `allow` are those it has (RFC 9110, 15.5.6).
#[must_use]
pub fn wrong_method(req: &HttpRequest, site: &Site, allow: &str) -> HttpResponse {
    let problem = Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "web.method_not_allowed",
        format!("{} is not answered here.", req.method()),
    );
    let mut response = answer(req, site, &problem);
    if let Ok(allow) = header::HeaderValue::try_from(allow) {
        response.headers_mut().insert(header::ALLOW, allow);
    }
    response
}
