//! Who is calling: session cookies, and the extractors by which a route says whom it lets in.
//!
//! [`Viewer`] lets in whoever is signed in on the site; a page sends everyone else to sign in, JSON answers 401.
//! [`MaybeViewer`] lets in everyone. [`Staff`] lets in a panel session; each route then names its roles.

use std::future::Future;
use std::pin::Pin;

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::dev::Payload;
use actix_web::error::InternalError;
use actix_web::http::{StatusCode, header};
use actix_web::{FromRequest, HttpRequest, HttpResponse, web};

use super::error::{self, Problem};
use super::{Site, client};
use crate::accounts::{Caller, DEVICE_COOKIE, DEVICE_TTL_MS, NewSession, Role, SessionKind, SignedIn};
use crate::config::{Config, Secret};

/// The viewers' cookie, as the contract names it.
pub const VIEWER_COOKIE: &str = "bh_session";
/// The panel's cookie: of one host, never shared by `hosts.cookie_domain`.
pub const PANEL_COOKIE: &str = "bh_panel";

/// Somebody signed in on the site.
#[derive(Clone, Debug)]
pub struct Viewer(pub SignedIn);

/// Whoever is calling; `None` for nobody who is signed in, or when that cannot be known now.
#[derive(Clone, Debug)]
pub struct MaybeViewer(pub Option<SignedIn>);

/// Somebody signed in to the panel.
#[derive(Clone, Debug)]
pub struct Staff(pub SignedIn);

impl Staff {
    /// Lets the named roles pass, and the owner always.
    ///
    /// # Errors
    /// 403 for the rest.
    pub fn only(self, roles: &[Role]) -> Result<SignedIn, Problem> {
        if self.0.role == Role::Owner || roles.contains(&self.0.role) {
            return Ok(self.0);
        }
        Err(Problem::new(StatusCode::FORBIDDEN, "accounts.no_role", "Your role does not open this."))
    }
}

type Extracted<T> = Pin<Box<dyn Future<Output = Result<T, actix_web::Error>>>>;

impl FromRequest for MaybeViewer {
    type Error = actix_web::Error;
    type Future = Extracted<Self>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let req = req.clone();
        Box::pin(async move { Ok(Self(find(&req, SessionKind::Viewer).await.unwrap_or(None))) })
    }
}

impl FromRequest for Viewer {
    type Error = actix_web::Error;
    type Future = Extracted<Self>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let req = req.clone();
        Box::pin(async move { required(&req, SessionKind::Viewer, "/login").await.map(Self) })
    }
}

impl FromRequest for Staff {
    type Error = actix_web::Error;
    type Future = Extracted<Self>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let req = req.clone();
        Box::pin(async move { required(&req, SessionKind::Panel, "/admin/login").await.map(Self) })
    }
}

async fn required(req: &HttpRequest, kind: SessionKind, sign_in: &str) -> Result<SignedIn, actix_web::Error> {
    let problem = match find(req, kind).await {
        Ok(Some(who)) => return Ok(who),
        Ok(None) => Problem::new(StatusCode::UNAUTHORIZED, "accounts.signed_out", "Sign in first."),
        Err(problem) => problem,
    };
    let answer = match req.app_data::<web::Data<Site>>() {
        Some(_) if problem.status() == StatusCode::UNAUTHORIZED && !error::wants_json(req) => to_sign_in(req, sign_in),
        Some(site) => error::answer(req, site, &problem),
        None => HttpResponse::InternalServerError().finish(),
    };
    Err(InternalError::from_response(problem, answer).into())
}

/// A place of our own that an address names for afterwards; `None` for whatever could lead elsewhere.
///
/// Browsers take a backslash for a slash and drop tabs and line breaks, so none of these may stand in it.
#[must_use]
pub fn own_path(next: &str) -> Option<&str> {
    let mut letters = next.bytes();
    let begins = letters.next() == Some(b'/') && letters.next() != Some(b'/');
    (begins && next.bytes().all(|b| b.is_ascii_graphic() && b != b'\\')).then_some(next)
}

/// The address of a page of signing in that leads to `next` afterwards; home is not named.
#[must_use]
pub fn with_next(page: &str, next: &str) -> String {
    if next == "/" {
        return page.to_owned();
    }
    let next = percent_encoding::utf8_percent_encode(next, percent_encoding::NON_ALPHANUMERIC);
    format!("{page}?next={next}")
}

/// Sends a page's reader to sign in, and back here afterwards when the page can be asked again.
fn to_sign_in(req: &HttpRequest, sign_in: &str) -> HttpResponse {
    let back = req.uri().path_and_query().map(ToString::to_string).filter(|_| req.method().is_safe());
    let address = back.map_or_else(|| sign_in.to_owned(), |back| with_next(sign_in, &back));
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, address))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .finish()
}

/// Whether the caller sends a session's cookie, living or not.
#[must_use]
pub fn has_cookie(req: &HttpRequest, kind: SessionKind) -> bool {
    req.cookie(cookie_name(kind)).is_some_and(|cookie| !cookie.value().is_empty())
}

/// Whoever has the session that the caller's cookie names; `None` for nobody.
///
/// # Errors
/// 503 while the database is away.
pub async fn find(req: &HttpRequest, kind: SessionKind) -> Result<Option<SignedIn>, Problem> {
    let Some(site) = req.app_data::<web::Data<Site>>() else { return Ok(None) };
    let Some(cookie) = req.cookie(cookie_name(kind)) else { return Ok(None) };
    Ok(site.accounts.find_session(cookie.value(), kind).await?)
}

const fn cookie_name(kind: SessionKind) -> &'static str {
    match kind {
        SessionKind::Viewer => VIEWER_COOKIE,
        SessionKind::Panel => PANEL_COOKIE,
    }
}

/// Whoever sends this request, as rooms know callers.
#[must_use]
pub fn caller(req: &HttpRequest, config: &Config) -> Caller {
    caller_of(req, config, SessionKind::Viewer)
}

/// [`caller`], with the session of one kind as the one that signing in would end.
#[must_use]
pub fn caller_of(req: &HttpRequest, config: &Config, kind: SessionKind) -> Caller {
    let agent = req.headers().get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    Caller {
        address: client::address(req, &config.server.trusted_proxies),
        agent: agent.unwrap_or_default().to_owned(),
        device: req.cookie(DEVICE_COOKIE).map(|cookie| cookie.value().to_owned()),
        previous: req.cookie(cookie_name(kind)).map(|cookie| Secret::new(cookie.value())),
    }
}

/// The cookie of a new session.
#[must_use]
pub fn cookie(config: &Config, session: &NewSession) -> Cookie<'static> {
    // As long as browsers keep a cookie: the session's row decides, and each use makes that one live longer.
    let max_age = Duration::milliseconds(DEVICE_TTL_MS);
    build(config, session.who.kind, session.token.expose().to_owned(), max_age)
}

/// The cookie of the device on which a session was made.
#[must_use]
pub fn device_cookie(config: &Config, session: &NewSession) -> Cookie<'static> {
    Cookie::build(DEVICE_COOKIE, session.device.clone())
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(config.server.public_url.starts_with("https://"))
        .max_age(Duration::milliseconds(DEVICE_TTL_MS))
        .finish()
}

/// The cookie that takes a session's cookie away.
#[must_use]
pub fn no_cookie(config: &Config, kind: SessionKind) -> Cookie<'static> {
    build(config, kind, String::new(), Duration::ZERO)
}

fn build(config: &Config, kind: SessionKind, value: String, max_age: Duration) -> Cookie<'static> {
    let mut cookie = Cookie::build(cookie_name(kind), value)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(config.server.public_url.starts_with("https://"))
        .max_age(max_age);
    if kind == SessionKind::Viewer && !config.hosts.cookie_domain.is_empty() {
        cookie = cookie.domain(config.hosts.cookie_domain.clone());
    }
    cookie.finish()
}
