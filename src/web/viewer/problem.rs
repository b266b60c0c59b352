//! Pages for what did not work: one sentence of what happened, one of what to do, a way back.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use askama::Template;

use super::shell::{Shell, send};
use crate::config::Language;
use crate::web::i18n::Words;

#[derive(Template)]
#[template(path = "viewer/problem.html")]
struct Problem {
    shell: Shell,
    code: u16,
    title: String,
    text: String,
    incident: Option<String>,
}

/// The page of a refusal or fault: 403, 404, 429, 500 and 503 have words of their own, others speak as 500 or,
/// below that, as 404. `incident` is shown so that people can quote it.
#[must_use]
pub fn page(status: StatusCode, language: Language, incident: Option<&str>) -> HttpResponse {
    // The reader's language is as given: the links of this page carry it on only where it is not Indonesian.
    let w = Words::new(language, Language::Id);
    let (title, text) = match status.as_u16() {
        403 => (w.t("problem-403-title"), w.t("problem-403-text")),
        429 => (w.t("problem-429-title"), w.t("problem-429-text")),
        503 => (w.t("problem-503-title"), w.t("problem-503-text")),
        code if code >= 500 => (w.t("problem-500-title"), w.t("problem-500-text")),
        _ => (w.t("problem-404-title"), w.t("problem-404-text")),
    };
    let page = Problem {
        shell: Shell::unlisted(w, title.clone(), text.clone()),
        code: status.as_u16(),
        title,
        text,
        incident: incident.map(str::to_owned),
    };
    let mut answer = HttpResponse::build(status);
    answer.insert_header((header::CACHE_CONTROL, "no-store"));
    send(&page, answer, w)
}

/// The last resort, where not even a page can be rendered.
pub(super) fn plain() -> HttpResponse {
    HttpResponse::InternalServerError()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .content_type("text/plain; charset=utf-8")
        .body(Words::new(Language::Id, Language::Id).t("problem-500-title"))
}
