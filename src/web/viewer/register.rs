//! Making an account.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::entry::{self, Asked};
use super::forms::{Field, Told};
use super::reader::Reader;
use super::shell::Shell;
use crate::web::Site;
use crate::web::csrf::BeforeSignIn;
use crate::web::error::Problem;
use crate::web::session;

#[derive(Template)]
#[template(path = "viewer/register.html")]
struct Page {
    shell: Shell,
    csrf: String,
    next: String,
    told: Option<Told>,
    /// The number has an account: signing in is offered beside the field.
    taken: bool,
    fields: Vec<Field>,
}

/// What the form sends.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    csrf: String,
    next: String,
    name: String,
    phone: String,
    password: String,
}

/// `GET /register`
pub async fn page(req: HttpRequest, site: web::Data<Site>, asked: web::Query<Asked>) -> HttpResponse {
    let reader = Reader::of(&req, &site).await;
    let next = asked.next();
    if reader.who.is_some() {
        return reader.go(if next == "/" { "/account" } else { &next });
    }
    show(&req, &site, &reader, &Sent { next, ..Sent::default() }, None)
}

/// `POST /register`: sending it is agreeing to the terms and the privacy policy that it names.
///
/// # Errors
/// 403 for a form of an older page. Whatever is wrong with what was typed is told in the form.
pub async fn submit(req: HttpRequest, site: web::Data<Site>, sent: web::Form<Sent>) -> Result<HttpResponse, Problem> {
    BeforeSignIn::check(&req, &site, &sent.csrf)?;
    let reader = Reader::of(&req, &site).await;
    let caller = session::caller(&req, &site.config);
    let locale = reader.w.language();
    match site.accounts.register(&sent.phone, &sent.password, &sent.name, locale, &caller).await {
        Ok(made) => Ok(entry::let_in(&site, &reader, &made, &entry::place(&sent.next))),
        Err(error) => {
            let told = Told::of(error, reader.w);
            Ok(show(&req, &site, &reader, &sent, Some(told)))
        }
    }
}

fn show(req: &HttpRequest, site: &Site, reader: &Reader, sent: &Sent, told: Option<Told>) -> HttpResponse {
    let w = reader.w;
    let forms = BeforeSignIn::of(req);
    let next = entry::place(&sent.next);
    let fields = [
        Field::text("name", w.t("form-name"), "nickname", &sent.name).hint(w.t("form-name-hint")).at_most(40),
        Field::phone(w, &sent.phone).hint(w.t("form-phone-hint")),
        Field::password("password", w.t("form-password"), "new-password").hint(w.t("form-password-hint")).at_most(128),
    ];
    let page = Page {
        shell: entry::shell(reader, site, "/register", w.t("register-title"), &next),
        csrf: forms.token(site),
        next,
        taken: told.as_ref().is_some_and(|told| told.problem.code() == "accounts.phone_taken"),
        fields: fields.into_iter().map(|field| field.told(told.as_ref())).collect(),
        told,
    };
    entry::show(reader, site, &forms, &page, page.told.as_ref())
}
