//! A forgotten password, in two steps of one page: the number; then the code that was sent and a new password.
//!
//! The second step looks the same whether the number has an account or not.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::entry;
use super::forms::{Field, Told};
use super::reader::Reader;
use super::shell::Shell;
use crate::web::Site;
use crate::web::csrf::BeforeSignIn;
use crate::web::error::Problem;
use crate::web::session;

/// The word of the second step.
const CODE: &str = "code";

#[derive(Template)]
#[template(path = "viewer/reset.html")]
struct Page {
    shell: Shell,
    csrf: String,
    step: &'static str,
    lead: String,
    button: String,
    told: Option<Told>,
    fields: Vec<Field>,
}

/// What the form of either step sends.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    csrf: String,
    step: String,
    phone: String,
    code: String,
    password: String,
}

/// `GET /reset`
pub async fn page(req: HttpRequest, site: web::Data<Site>) -> HttpResponse {
    let reader = Reader::of(&req, &site).await;
    let phone = reader.who.as_ref().map(|who| who.phone.as_str().to_owned()).unwrap_or_default();
    show(&req, &site, &reader, &Sent { phone, ..Sent::default() }, None)
}

/// `POST /reset`
///
/// # Errors
/// 403 for a form of an older page. Whatever is wrong with what was typed is told in the form.
pub async fn submit(req: HttpRequest, site: web::Data<Site>, sent: web::Form<Sent>) -> Result<HttpResponse, Problem> {
    BeforeSignIn::check(&req, &site, &sent.csrf)?;
    let reader = Reader::of(&req, &site).await;
    let caller = session::caller(&req, &site.config);
    if sent.step != CODE {
        let begun = site.accounts.begin_reset(&sent.phone, &caller).await;
        let sent = match &begun {
            Ok(()) => Sent { step: CODE.to_owned(), phone: sent.phone.clone(), ..Sent::default() },
            Err(_) => sent.into_inner(),
        };
        let told = begun.err().map(|error| Told::of(error, reader.w));
        return Ok(show(&req, &site, &reader, &sent, told));
    }
    match site.accounts.finish_reset(&sent.phone, &sent.code, &sent.password, &caller).await {
        Ok(Some(made)) => Ok(entry::let_in(&site, &reader, &made, "/account?done=password")),
        Ok(None) => Ok(reader.go("/login?done=reset")),
        Err(error) => {
            let told = Told::of(error, reader.w);
            Ok(show(&req, &site, &reader, &sent, Some(told)))
        }
    }
}

fn show(req: &HttpRequest, site: &Site, reader: &Reader, sent: &Sent, told: Option<Told>) -> HttpResponse {
    let w = reader.w;
    let forms = BeforeSignIn::of(req);
    let is_code = sent.step == CODE;
    let mut fields = vec![Field::phone(w, &sent.phone)];
    if is_code {
        fields.push(Field::code("code", w.t("reset-code")).hint(w.t("reset-code-hint")));
        let new = Field::password("password", w.t("account-password-new"), "new-password");
        fields.push(new.hint(w.t("form-password-hint")).at_most(128));
    }
    let (lead, button) = if is_code {
        (w.t("reset-lead-code"), w.t("reset-button-code"))
    } else {
        (w.t("reset-lead"), w.t("reset-button"))
    };
    let page = Page {
        shell: entry::shell(reader, site, "/reset", w.t("reset-title"), "/"),
        csrf: forms.token(site),
        step: if is_code { CODE } else { "number" },
        lead,
        button,
        fields: fields.into_iter().map(|field| field.told(told.as_ref())).collect(),
        told,
    };
    entry::show(reader, site, &forms, &page, page.told.as_ref())
}
