//! Pages for what did not work: one sentence of what happened, one of what to do, a way back.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::reader::Reader;
use super::shell::Shell;
use crate::config::Language;
use crate::web::error::Problem;
use crate::web::i18n::Words;
use crate::web::{Site, csrf, session};

#[derive(Template)]
#[template(path = "viewer/problem.html")]
struct Page {
    shell: Shell,
    code: u16,
    title: String,
    text: String,
    incident: Option<String>,
    /// Where the way back leads, and what it is called.
    back: (String, String),
}

/// The keys of what a problem is called and of what to do.
#[must_use]
pub fn words_of(problem: &Problem) -> (&'static str, &'static str) {
    match (problem.code(), problem.status().as_u16()) {
        (csrf::STALE, _) => ("problem-stale-title", "problem-stale-text"),
        (_, 403) => ("problem-403-title", "problem-403-text"),
        (_, 404) => ("problem-404-title", "problem-404-text"),
        (_, 405) => ("problem-405-title", "problem-405-text"),
        (_, 413) => ("problem-413-title", "problem-413-text"),
        (_, 429) => ("problem-429-title", "problem-429-text"),
        (_, 503) => ("problem-503-title", "problem-503-text"),
        (_, code) if code >= 500 => ("problem-500-title", "problem-500-text"),
        _ => ("problem-400-title", "problem-400-text"),
    }
}

/// The page of a refusal or fault: 400, 403, 404, 405, 413, 429, 500 and 503 have words of their own, others speak as
/// 500 or, below that, as 400. A fault's incident is shown so that people can quote it.
#[must_use]
pub fn of(req: &HttpRequest, site: &Site, problem: &Problem) -> HttpResponse {
    let reader = Reader::of_problem(req, site);
    let w = reader.w;
    let status = problem.status();
    let (title, text) = words_of(problem);
    let (title, text) = (w.t(title), w.t(text));
    let home = || (w.href("/"), w.t("problem-back"));
    let back = match came_from(req) {
        Some(path) if problem.code() == csrf::STALE => (path, w.t("problem-stale-back")),
        _ => home(),
    };
    let page = Page {
        shell: reader.private_shell(site, "/", title.clone()),
        code: status.as_u16(),
        title,
        text,
        incident: problem.incident().map(ToString::to_string),
        back,
    };
    let mut answer = reader.send(&page, HttpResponse::build(status));
    answer.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    answer
}

/// The page of ours whose form was sent, by `Referer`.
fn came_from(req: &HttpRequest) -> Option<String> {
    let from = url::Url::parse(req.headers().get(header::REFERER)?.to_str().ok()?).ok()?;
    let query = from.query().map(|query| format!("?{query}")).unwrap_or_default();
    session::own_path(&format!("{}{query}", from.path())).map(str::to_owned)
}

/// The last resort, where not even a page can be rendered.
pub(super) fn plain() -> HttpResponse {
    HttpResponse::InternalServerError()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .content_type("text/plain; charset=utf-8")
        .body(Words::new(Language::Id, Language::Id).t("problem-500-title"))
}
