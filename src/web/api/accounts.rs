//! `/api/v1/register`, `/login`, `/logout`, `/me`, `/password-reset`, `/account/…`.

use actix_web::http::StatusCode;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};

use super::events::rfc3339;
use crate::accounts::{NewSession, Role, SessionKind, SignedIn};
use crate::config::Language;
use crate::ids::{AccountId, RowId};
use crate::money::Coins;
use crate::web::Site;
use crate::web::error::Problem;
use crate::web::session::{self, Viewer};

/// What `register` is sent. Sending it is agreeing to the terms and the privacy policy.
#[derive(Debug, Deserialize)]
pub struct Registration {
    phone: String,
    password: String,
    name: String,
    /// The site's default when absent.
    locale: Option<Language>,
}

/// What `login` is sent.
#[derive(Debug, Deserialize)]
pub struct LogIn {
    phone: String,
    password: String,
    /// The code of the authenticator app, where the account has a role.
    totp: Option<String>,
}

/// What `password-reset` is sent.
#[derive(Debug, Deserialize)]
pub struct BeginReset {
    phone: String,
}

/// What `password-reset/finish` is sent.
#[derive(Debug, Deserialize)]
pub struct FinishReset {
    phone: String,
    code: String,
    password: String,
}

/// What `account/password` is sent.
#[derive(Debug, Deserialize)]
pub struct NewPassword {
    current: String,
    password: String,
}

/// What `account/name` is sent.
#[derive(Debug, Deserialize)]
pub struct NewName {
    name: String,
}

/// What `account/locale` is sent.
#[derive(Debug, Deserialize)]
pub struct NewLocale {
    locale: Language,
}

/// What `account/delete` is sent.
#[derive(Debug, Deserialize)]
pub struct Leaving {
    password: String,
}

/// An account as its owner sees it.
#[derive(Debug, Serialize)]
struct Me<'a> {
    id: &'a AccountId,
    name: &'a str,
    phone: &'a str,
    coins: Coins,
    role: Role,
    locale: Language,
}

/// Where the account is signed in.
#[derive(Debug, Serialize)]
struct Device {
    id: RowId,
    /// `viewer` or `panel`
    kind: &'static str,
    agent: String,
    address: String,
    /// RFC 3339, UTC.
    created_at: String,
    seen_at: String,
    current: bool,
}

/// `POST /api/v1/register`
///
/// # Errors
/// 409 `accounts.phone_taken`, 422 for what we do not take, 429, 503 while too many sign in.
pub async fn register(
    req: HttpRequest,
    site: web::Data<Site>,
    asked: web::Json<Registration>,
) -> Result<HttpResponse, Problem> {
    let caller = session::caller(&req, &site.config);
    let locale = asked.locale.unwrap_or(site.config.locale.default);
    let made = site.accounts.register(&asked.phone, &asked.password, &asked.name, locale, &caller).await?;
    signed_in(&site, &made, StatusCode::CREATED).await
}

/// `POST /api/v1/login`
///
/// # Errors
/// 401 `accounts.wrong_credentials` and `accounts.totp_required`, 403 `accounts.banned`, 429, 503 while too many sign in.
pub async fn log_in(req: HttpRequest, site: web::Data<Site>, asked: web::Json<LogIn>) -> Result<HttpResponse, Problem> {
    let caller = session::caller(&req, &site.config);
    let (totp, kind) = (asked.totp.as_deref(), SessionKind::Viewer);
    let made = site.accounts.log_in(&asked.phone, &asked.password, totp, kind, &caller).await?;
    signed_in(&site, &made, StatusCode::OK).await
}

/// `POST /api/v1/logout`
///
/// # Errors
/// 401 without a session.
pub async fn log_out(site: web::Data<Site>, viewer: Viewer) -> Result<HttpResponse, Problem> {
    site.accounts.log_out(&viewer.0).await?;
    Ok(signed_out(&site))
}

/// `GET /api/v1/me`
///
/// # Errors
/// 401 without a session.
pub async fn me(site: web::Data<Site>, viewer: Viewer) -> Result<HttpResponse, Problem> {
    let coins = site.till.balance(&viewer.0.account).await?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(me_of(&viewer.0, coins)))
}

/// `POST /api/v1/password-reset`: sends a code, if the number has an account. The answer is the same if it has none.
///
/// # Errors
/// 422 for no mobile number, 429.
pub async fn begin_reset(
    req: HttpRequest,
    site: web::Data<Site>,
    asked: web::Json<BeginReset>,
) -> Result<HttpResponse, Problem> {
    site.accounts.begin_reset(&asked.phone, &session::caller(&req, &site.config)).await?;
    Ok(done())
}

/// `POST /api/v1/password-reset/finish`: every session of the account ends. A viewer is signed in anew (200); a role
/// account is not (204).
///
/// # Errors
/// 422 for no mobile number, a weak password or `accounts.wrong_code`, 429, 503 while too many sign in.
pub async fn finish_reset(
    req: HttpRequest,
    site: web::Data<Site>,
    asked: web::Json<FinishReset>,
) -> Result<HttpResponse, Problem> {
    let caller = session::caller(&req, &site.config);
    match site.accounts.finish_reset(&asked.phone, &asked.code, &asked.password, &caller).await? {
        Some(made) => signed_in(&site, &made, StatusCode::OK).await,
        None => Ok(done()),
    }
}

/// `GET /api/v1/account/sessions`, the one last used first.
///
/// # Errors
/// 401 without a session.
pub async fn sessions(site: web::Data<Site>, viewer: Viewer) -> Result<HttpResponse, Problem> {
    let listed = site.accounts.list_sessions(&viewer.0).await?;
    let devices: Vec<Device> = listed
        .into_iter()
        .map(|session| Device {
            id: session.id,
            kind: session.kind.as_str(),
            agent: session.agent,
            address: session.address,
            created_at: rfc3339(session.created_at),
            seen_at: rfc3339(session.seen_at),
            current: session.is_current,
        })
        .collect();
    let body = serde_json::json!({ "sessions": devices });
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(body))
}

/// `POST /api/v1/account/sessions/{id}/end`
///
/// # Errors
/// 401 without a session, 404 for no session of the account.
pub async fn end_session(site: web::Data<Site>, viewer: Viewer, id: web::Path<RowId>) -> Result<HttpResponse, Problem> {
    if !site.accounts.revoke_session(&viewer.0, &id).await? {
        return Err(Problem::not_found("accounts.no_session"));
    }
    Ok(if *id == viewer.0.session { signed_out(&site) } else { done() })
}

/// `POST /api/v1/account/sessions/end-others`
///
/// # Errors
/// 401 without a session.
pub async fn end_others(site: web::Data<Site>, viewer: Viewer) -> Result<HttpResponse, Problem> {
    site.accounts.revoke_others(&viewer.0).await?;
    Ok(done())
}

/// `POST /api/v1/account/name`
///
/// # Errors
/// 401 without a session, 422 for no name we take.
pub async fn change_name(
    site: web::Data<Site>,
    viewer: Viewer,
    asked: web::Json<NewName>,
) -> Result<HttpResponse, Problem> {
    site.accounts.change_name(&viewer.0, &asked.name).await?;
    Ok(done())
}

/// `POST /api/v1/account/locale`
///
/// # Errors
/// 401 without a session.
pub async fn change_locale(
    site: web::Data<Site>,
    viewer: Viewer,
    asked: web::Json<NewLocale>,
) -> Result<HttpResponse, Problem> {
    site.accounts.change_locale(&viewer.0, asked.locale).await?;
    Ok(done())
}

/// `POST /api/v1/account/password`: every other session of the account ends.
///
/// # Errors
/// 401 without a session or with a wrong password, 422 for a weak one, 429, 503 while too many sign in.
pub async fn change_password(
    req: HttpRequest,
    site: web::Data<Site>,
    viewer: Viewer,
    asked: web::Json<NewPassword>,
) -> Result<HttpResponse, Problem> {
    let caller = session::caller(&req, &site.config);
    site.accounts.change_password(&viewer.0, &asked.current, &asked.password, &caller).await?;
    Ok(done())
}

/// `POST /api/v1/account/delete`
///
/// # Errors
/// 401 without a session or with a wrong password, 409 for the last owner, 429, 503 while too many sign in.
pub async fn delete(
    req: HttpRequest,
    site: web::Data<Site>,
    viewer: Viewer,
    asked: web::Json<Leaving>,
) -> Result<HttpResponse, Problem> {
    let caller = session::caller(&req, &site.config);
    site.accounts.delete_account(&viewer.0, &asked.password, &caller).await?;
    Ok(signed_out(&site))
}

fn done() -> HttpResponse {
    HttpResponse::NoContent().insert_header((CACHE_CONTROL, "no-store")).finish()
}

fn signed_out(site: &Site) -> HttpResponse {
    let mut answer = HttpResponse::NoContent();
    session::take(site, SessionKind::Viewer, &mut answer);
    answer.insert_header((CACHE_CONTROL, "no-store")).finish()
}

async fn signed_in(site: &Site, made: &NewSession, status: StatusCode) -> Result<HttpResponse, Problem> {
    let coins = site.till.balance(&made.who.account).await?;
    let mut answer = HttpResponse::build(status);
    session::give(site, made, &mut answer);
    Ok(answer.insert_header((CACHE_CONTROL, "no-store")).json(me_of(&made.who, coins)))
}

fn me_of(who: &SignedIn, coins: Coins) -> Me<'_> {
    Me { id: &who.account, name: &who.name, phone: who.phone.as_str(), coins, role: who.role, locale: who.locale }
}
