//! `/api/v1/register`, `/login`, `/logout`, `/me`.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};

use crate::accounts::{NewSession, SessionKind, SignedIn};
use crate::ids::AccountId;
use crate::money::Coins;
use crate::web::Site;
use crate::web::error::Problem;
use crate::web::session::{self, Viewer};

/// What `register` is sent.
#[derive(Debug, Deserialize)]
pub struct Registration {
    phone: String,
    password: String,
    name: String,
}

/// What `login` is sent.
#[derive(Debug, Deserialize)]
pub struct LogIn {
    phone: String,
    password: String,
    totp: Option<String>,
}

/// An account as its owner sees it.
#[derive(Debug, Serialize)]
struct Me<'a> {
    id: &'a AccountId,
    name: &'a str,
    phone: &'a str,
    coins: Coins,
    role: crate::accounts::Role,
    locale: crate::config::Language,
}

/// `POST /api/v1/register`
///
/// # Errors
/// 409 `accounts.phone_taken`, 422 for what we do not take, 429 `accounts.too_many_tries`, 503 while too many sign in.
pub async fn register(
    req: HttpRequest,
    site: web::Data<Site>,
    asked: web::Json<Registration>,
) -> Result<HttpResponse, Problem> {
    let caller = session::caller(&req, &site.config);
    let locale = site.config.locale.default;
    let made = site.accounts.register(&asked.phone, &asked.password, &asked.name, locale, &caller).await?;
    signed_in(&site, &made, StatusCode::CREATED).await
}

/// `POST /api/v1/login`
///
/// # Errors
/// 401 `accounts.wrong_credentials` or `accounts.totp_required`, 403 `accounts.banned`, 429 `accounts.too_many_tries`, 503
/// while too many sign in.
pub async fn log_in(req: HttpRequest, site: web::Data<Site>, asked: web::Json<LogIn>) -> Result<HttpResponse, Problem> {
    let caller = session::caller(&req, &site.config);
    let made = site
        .accounts
        .log_in(&asked.phone, &asked.password, asked.totp.as_deref(), SessionKind::Viewer, &caller)
        .await?;
    signed_in(&site, &made, StatusCode::OK).await
}

/// `POST /api/v1/logout`
///
/// # Errors
/// 401 without a session.
pub async fn log_out(site: web::Data<Site>, viewer: Viewer) -> Result<HttpResponse, Problem> {
    site.accounts.log_out(&viewer.0).await?;
    Ok(HttpResponse::NoContent().cookie(session::no_cookie(&site.config, SessionKind::Viewer)).finish())
}

/// `GET /api/v1/me`
///
/// # Errors
/// 401 without a session.
pub async fn me(site: web::Data<Site>, viewer: Viewer) -> Result<HttpResponse, Problem> {
    let coins = site.till.balance(&viewer.0.account).await?;
    Ok(HttpResponse::Ok().insert_header(("cache-control", "no-store")).json(me_of(&viewer.0, coins)))
}

async fn signed_in(site: &Site, made: &NewSession, status: StatusCode) -> Result<HttpResponse, Problem> {
    let coins = site.till.balance(&made.who.account).await?;
    Ok(HttpResponse::build(status)
        .cookie(session::cookie(&site.config, made))
        .cookie(session::device_cookie(&site.config, made))
        .insert_header(("cache-control", "no-store"))
        .json(me_of(&made.who, coins)))
}

fn me_of(who: &SignedIn, coins: Coins) -> Me<'_> {
    Me { id: &who.account, name: &who.name, phone: who.phone.as_str(), coins, role: who.role, locale: who.locale }
}
