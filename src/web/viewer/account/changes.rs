//! What is changed on the account's page. Each is a form of it; what was wrong is told beside its field.

use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use super::show;
use crate::accounts::{AccountError, SessionKind};
use crate::config::Language;
use crate::ids::RowId;
use crate::web::Site;
use crate::web::error::Problem;
use crate::web::i18n::Words;
use crate::web::session::{self, Viewer};
use crate::web::viewer::forms::Told;
use crate::web::viewer::reader::Reader;

/// A form that says nothing but that it was sent.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Bare {
    csrf: String,
}

/// `POST /account/sessions/{id}/end`. Ending the session that asks is signing out.
///
/// # Errors
/// 403 for a form of an older page, 404 for no session of the account, 503 while the database is away.
pub async fn end_session(
    req: HttpRequest,
    site: web::Data<Site>,
    viewer: Viewer,
    id: web::Path<RowId>,
    sent: web::Form<Bare>,
) -> Result<HttpResponse, Problem> {
    site.forms.check(&viewer.0, &sent.csrf)?;
    if !site.accounts.revoke_session(&viewer.0, &id).await? {
        return Err(Problem::not_found("accounts.no_session"));
    }
    let reader = Reader::of_viewer(&req, &site, &viewer).await;
    if *id == viewer.0.session {
        let mut answer = reader.way_to("/login");
        session::take(&site, SessionKind::Viewer, &mut answer);
        return Ok(answer.finish());
    }
    Ok(reader.go("/account?done=device#devices"))
}

/// `POST /account/sessions/end-others`
///
/// # Errors
/// 403 for a form of an older page, 503 while the database is away.
pub async fn end_others(
    req: HttpRequest,
    site: web::Data<Site>,
    viewer: Viewer,
    sent: web::Form<Bare>,
) -> Result<HttpResponse, Problem> {
    site.forms.check(&viewer.0, &sent.csrf)?;
    site.accounts.revoke_others(&viewer.0).await?;
    let reader = Reader::of_viewer(&req, &site, &viewer).await;
    Ok(reader.go("/account?done=devices#devices"))
}

/// What the form of the name sends.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct NewName {
    csrf: String,
    name: String,
}

/// `POST /account/name`
///
/// # Errors
/// 403 for a form of an older page, 503 while the database is away.
pub async fn name(
    req: HttpRequest,
    site: web::Data<Site>,
    viewer: Viewer,
    sent: web::Form<NewName>,
) -> Result<HttpResponse, Problem> {
    site.forms.check(&viewer.0, &sent.csrf)?;
    let reader = Reader::of_viewer(&req, &site, &viewer).await;
    match site.accounts.change_name(&viewer.0, &sent.name).await {
        Ok(_) => Ok(reader.go("/account?done=name")),
        Err(error) => {
            let told = Told::of(error, reader.w);
            show(&site, &reader, &viewer, None, Some((told, sent.name.clone()))).await
        }
    }
}

/// What the form of the language sends.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct NewLanguage {
    csrf: String,
    locale: String,
}

/// `POST /account/locale`: the account's pages, and messages to it, from now on.
///
/// # Errors
/// 400 for a language we do not speak, 403 for a form of an older page, 503 while the database is away.
pub async fn locale(
    site: web::Data<Site>,
    viewer: Viewer,
    sent: web::Form<NewLanguage>,
) -> Result<HttpResponse, Problem> {
    site.forms.check(&viewer.0, &sent.csrf)?;
    let locale = match sent.locale.as_str() {
        "id" => Language::Id,
        "en" => Language::En,
        _ => return Err(crate::web::inputs::bad_form("The language is \"id\" or \"en\".")),
    };
    site.accounts.change_locale(&viewer.0, locale).await?;
    // Without a word about the language in the address: the account's own is meant.
    Ok(session::see_other("/account?done=language#language"))
}

/// What the form of the password sends.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct NewPassword {
    csrf: String,
    current: String,
    new: String,
}

/// `POST /account/password`. Every other session of the account ends.
///
/// # Errors
/// 403 for a form of an older page, 503 while the database is away.
pub async fn password(
    req: HttpRequest,
    site: web::Data<Site>,
    viewer: Viewer,
    sent: web::Form<NewPassword>,
) -> Result<HttpResponse, Problem> {
    site.forms.check(&viewer.0, &sent.csrf)?;
    let reader = Reader::of_viewer(&req, &site, &viewer).await;
    let caller = session::caller(&req, &site.config);
    match site.accounts.change_password(&viewer.0, &sent.current, &sent.new, &caller).await {
        Ok(()) => Ok(reader.go("/account?done=password#password-part")),
        Err(error) => {
            let told = told_at(error, ("current", "new"), reader.w);
            show(&site, &reader, &viewer, None, Some((told, String::new()))).await
        }
    }
}

/// What the form of leaving sends.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Leaving {
    csrf: String,
    password: String,
    word: String,
}

/// `POST /account/delete`: asks for the password, and for the word that says so in either language.
///
/// # Errors
/// 403 for a form of an older page, 503 while the database is away.
pub async fn delete(
    req: HttpRequest,
    site: web::Data<Site>,
    viewer: Viewer,
    sent: web::Form<Leaving>,
) -> Result<HttpResponse, Problem> {
    site.forms.check(&viewer.0, &sent.csrf)?;
    let reader = Reader::of_viewer(&req, &site, &viewer).await;
    let w = reader.w;
    let is_meant = [w, w.other()].iter().any(|w| w.t("account-delete-word").eq_ignore_ascii_case(sent.word.trim()));
    let told = if is_meant {
        let caller = session::caller(&req, &site.config);
        match site.accounts.delete_account(&viewer.0, &sent.password, &caller).await {
            Ok(()) => {
                let home = Words::new(w.language(), site.config.locale.default);
                let mut answer = session::way_to(&home.href("/login?done=deleted"));
                session::take(&site, SessionKind::Viewer, &mut answer);
                return Ok(answer.finish());
            }
            Err(error) => told_at(error, ("password", "password"), w),
        }
    } else {
        Told::at("word", w.with("told-delete-word", "word", &w.t("account-delete-word")))
    };
    show(&site, &reader, &viewer, None, Some((told, String::new()))).await
}

/// A refusal at the field of the password that proves it, or of the one that is chosen.
fn told_at(error: AccountError, (proof, chosen): (&'static str, &'static str), w: Words) -> Told {
    let mut told = Told::of(error, w);
    match told.problem.code() {
        "accounts.wrong_credentials" => {
            told.field = Some(proof);
            told.words = w.t("told-wrong-password");
        }
        "accounts.weak_password" => told.field = Some(chosen),
        _ => {}
    }
    told
}
