//! Refusals and faults inside the panel.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::Frame;
use crate::web::Site;
use crate::web::error::Problem;
use crate::web::viewer::problem::words_of;

#[derive(Template)]
#[template(path = "admin/problem.html")]
struct Page {
    frame: Frame,
    code: u16,
    text: String,
    incident: Option<String>,
}

/// The page of a refusal or fault under `/admin`.
#[must_use]
pub fn of(req: &HttpRequest, site: &Site, problem: &Problem) -> HttpResponse {
    let (title, text) = words_of(problem);
    let frame = Frame::of_nobody(req, site, "/admin", title);
    let page = Page {
        code: problem.status().as_u16(),
        text: frame.w.t(text),
        incident: problem.incident().map(ToString::to_string),
        frame,
    };
    let mut answer = page.frame.send(&page, HttpResponse::build(problem.status()));
    answer.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    answer
}
