//! Signing in and out.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::entry::{self, Asked};
use super::forms::{Field, Told};
use super::reader::Reader;
use super::shell::Shell;
use crate::accounts::{AccountError, NewSession, Phone, SessionKind};
use crate::web::Site;
use crate::web::csrf::BeforeSignIn;
use crate::web::error::Problem;
use crate::web::i18n::Words;
use crate::web::session::{self, Viewer};

#[derive(Template)]
#[template(path = "viewer/login.html")]
struct Page {
    shell: Shell,
    csrf: String,
    next: String,
    done: Option<String>,
    told: Option<Told>,
    fields: Vec<Field>,
}

/// What the form sends.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    csrf: String,
    next: String,
    phone: String,
    password: String,
    /// Only where an account has a role.
    totp: String,
}

/// `GET /login`
pub async fn page(req: HttpRequest, site: web::Data<Site>, asked: web::Query<Asked>) -> HttpResponse {
    let reader = Reader::of(&req, &site).await;
    let next = asked.next();
    if reader.who.is_some() {
        return reader.go(if next == "/" { "/account" } else { &next });
    }
    let done = match asked.done.as_str() {
        "reset" => Some(reader.w.t("login-done-reset")),
        "deleted" => Some(reader.w.t("login-done-deleted")),
        _ => None,
    };
    show(&req, &site, &reader, &Sent { next, ..Sent::default() }, (done, None))
}

/// `POST /login`
///
/// # Errors
/// 403 for a form of an older page. Whatever is wrong with what was typed is told in the form.
pub async fn submit(req: HttpRequest, site: web::Data<Site>, sent: web::Form<Sent>) -> Result<HttpResponse, Problem> {
    BeforeSignIn::check(&req, &site, &sent.csrf)?;
    let reader = Reader::of(&req, &site).await;
    match log_in(&req, &site, &sent, SessionKind::Viewer).await {
        Ok(made) => Ok(entry::let_in(&site, &reader, &made, &entry::place(&sent.next))),
        Err(error) => {
            let told = Told::of(error, reader.w);
            Ok(show(&req, &site, &reader, &sent, (None, Some(told))))
        }
    }
}

async fn log_in(req: &HttpRequest, site: &Site, sent: &Sent, kind: SessionKind) -> Result<NewSession, AccountError> {
    // What cannot be anybody's number tells nothing about who has one.
    Phone::parse(&sent.phone)?;
    let caller = session::caller(req, &site.config);
    site.accounts.log_in(&sent.phone, &sent.password, Some(&sent.totp), kind, &caller).await
}

fn show(
    req: &HttpRequest,
    site: &Site,
    reader: &Reader,
    sent: &Sent,
    (done, told): (Option<String>, Option<Told>),
) -> HttpResponse {
    let w = reader.w;
    let forms = BeforeSignIn::of(req);
    let next = entry::place(&sent.next);
    let mut fields = vec![
        Field::phone(w, &sent.phone).hint(w.t("form-phone-hint")),
        Field::password("password", w.t("form-password"), "current-password"),
    ];
    let wants_code = told.as_ref().is_some_and(|told| told.field == Some("totp"));
    if wants_code || !sent.totp.is_empty() {
        fields.push(Field::code("totp", w.t("form-totp")).hint(w.t("form-totp-hint")));
    }
    let fields = fields.into_iter().map(|field| field.told(told.as_ref())).collect();
    let page = Page {
        shell: entry::shell(reader, site, "/login", w.t("login-title"), &next),
        csrf: forms.token(site),
        next,
        done,
        told,
        fields,
    };
    entry::show(reader, site, &forms, &page, page.told.as_ref())
}

/// The one thing that the form of `POST /logout` sends.
#[derive(Deserialize)]
pub struct LogOut {
    #[serde(default)]
    csrf: String,
}

/// `POST /logout`
///
/// # Errors
/// 403 for a form of an older page, 503 while the database is away.
pub async fn log_out(
    req: HttpRequest,
    site: web::Data<Site>,
    viewer: Viewer,
    sent: web::Form<LogOut>,
) -> Result<HttpResponse, Problem> {
    site.forms.check(&viewer.0, &sent.csrf)?;
    site.accounts.log_out(&viewer.0).await?;
    // The language stays, though the account that had it is left.
    let w = Words::of_query(req.query_string(), viewer.0.locale);
    let home = Words::new(w.language(), site.config.locale.default).href("/");
    let mut answer = session::way_to(&home);
    session::take(&site, SessionKind::Viewer, &mut answer);
    Ok(answer.finish())
}
