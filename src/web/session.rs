//! Who is calling: session cookies, and the extractors by which a route says whom it lets in.
//!
//! [`Viewer`] lets in whoever is signed in on the site; a page sends everyone else to sign in, JSON answers 401.
//! [`MaybeViewer`] lets in everyone. [`Staff`] lets in a panel session; each route then names its roles.

use std::future::Future;
use std::pin::Pin;

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, CookieBuilder, SameSite};
use actix_web::dev::Payload;
use actix_web::error::InternalError;
use actix_web::http::{StatusCode, header};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, HttpResponse, HttpResponseBuilder, web};

use super::error::{self, Problem};
use super::{Site, client, inputs, routes};
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
        Ok(Some(_)) if kind == SessionKind::Viewer && !says_json(req) => inputs::not_json(),
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

/// Whether a request that changes something by the API says that it is JSON, which no form of another site can say.
fn says_json(req: &HttpRequest) -> bool {
    let is_json = || req.content_type().eq_ignore_ascii_case("application/json");
    !routes::is_unsafe(req.method()) || !req.path().starts_with("/api/") || is_json()
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

/// The way on to `address`, after a form or to sign in. The caller finishes it.
#[must_use]
pub fn way_to(address: &str) -> HttpResponseBuilder {
    let mut answer = HttpResponse::SeeOther();
    answer.insert_header((header::LOCATION, address)).insert_header((header::CACHE_CONTROL, "no-store"));
    answer
}

/// Sends somebody on to `address`, after a form.
#[must_use]
pub fn see_other(address: &str) -> HttpResponse {
    way_to(address).finish()
}

/// Sends a page's reader to sign in, and back here afterwards when the page can be asked again.
fn to_sign_in(req: &HttpRequest, sign_in: &str) -> HttpResponse {
    let back = req.uri().path_and_query().map(ToString::to_string).filter(|_| req.method().is_safe());
    let address = back.map_or_else(|| sign_in.to_owned(), |back| with_next(sign_in, &back));
    see_other(&address)
}

/// Whether the caller sends a session's cookie, living or not.
#[must_use]
pub fn has_cookie(req: &HttpRequest, kind: SessionKind) -> bool {
    req.cookie(cookie_name(kind)).is_some_and(|cookie| !cookie.value().is_empty())
}

/// The token of the viewer's session that the caller sends, as it stands in the header: a token has no letter that
/// would be written otherwise. For what is asked by each player again and again; nothing is copied.
#[must_use]
pub fn token(req: &HttpRequest) -> Option<&str> {
    let named = |pair: &'_ str| -> bool {
        pair.trim_start().strip_prefix(VIEWER_COOKIE).is_some_and(|rest| rest.starts_with('='))
    };
    let sent = req.headers().get_all(header::COOKIE).filter_map(|value| value.to_str().ok());
    let pair = sent.flat_map(|cookies| cookies.split(';')).find(|pair| named(pair))?;
    pair.split_once('=').map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
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
    let value = |name: &str| req.cookie(name).map(|cookie| cookie.value().to_owned()).filter(|value| !value.is_empty());
    Caller {
        address: client::address(req, &config.server.trusted_proxies),
        agent: agent.unwrap_or_default().to_owned(),
        device: value(DEVICE_COOKIE),
        previous: value(cookie_name(kind)).map(Secret::new),
    }
}

/// Gives the browser the cookies of a new session: its own, and the mark of a device that has signed in before.
pub fn give(site: &Site, session: &NewSession, answer: &mut HttpResponseBuilder) {
    let kind = session.who.kind;
    let cookie = build(&site.config, cookie_name(kind), session.token.expose().to_owned(), kind);
    // Using a session makes it longer, by what is stored; the panel's is forgotten with the browser's window.
    answer.cookie(match kind {
        SessionKind::Viewer => cookie.max_age(Duration::milliseconds(DEVICE_TTL_MS)).finish(),
        SessionKind::Panel => cookie.finish(),
    });
    let device = build(&site.config, DEVICE_COOKIE, session.device.clone(), kind);
    answer.cookie(device.max_age(Duration::milliseconds(DEVICE_TTL_MS)).finish());
}

/// Takes the cookie of a session that has ended.
pub fn take(site: &Site, kind: SessionKind, answer: &mut HttpResponseBuilder) {
    answer.cookie(build(&site.config, cookie_name(kind), String::new(), kind).max_age(Duration::ZERO).finish());
}

fn build(config: &Config, name: &'static str, value: String, kind: SessionKind) -> CookieBuilder<'static> {
    let cookie = Cookie::build(name, value)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(config.server.public_url.starts_with("https://"));
    // What the panel gives stays on its host.
    match kind {
        SessionKind::Viewer if !config.hosts.cookie_domain.is_empty() => {
            cookie.domain(config.hosts.cookie_domain.clone())
        }
        SessionKind::Viewer | SessionKind::Panel => cookie,
    }
}
