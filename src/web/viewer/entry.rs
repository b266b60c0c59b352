//! What the pages before signing in share: where they lead afterwards, and the cookies they give.

use actix_web::HttpResponse;
use askama::Template;
use serde::Deserialize;

use super::forms::Told;
use super::reader::Reader;
use super::shell::Shell;
use crate::accounts::NewSession;
use crate::web::csrf::BeforeSignIn;
use crate::web::{Site, session};

/// What the address of such a page may say.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// Where to go afterwards.
    pub(super) next: String,
    /// What was done before.
    pub(super) done: String,
}

impl Asked {
    /// Where to go afterwards, when that is a place of ours.
    pub(super) fn next(&self) -> String {
        place(&self.next)
    }
}

/// `next` when it is a page of ours other than those of signing in and out, else home.
pub(super) fn place(next: &str) -> String {
    let path = next.split(['?', '#']).next().unwrap_or_default();
    let is_entry = matches!(path, "/login" | "/register" | "/reset" | "/logout");
    session::own_path(next).filter(|_| !is_entry).unwrap_or("/").to_owned()
}

/// The frame of the page `path`, whose links to the other ways in carry `next` on.
pub(super) fn shell(reader: &Reader, site: &Site, path: &str, title: String, next: &str) -> Shell {
    let mut shell = reader.private_shell(site, &session::with_next(path, next), title);
    shell.back = Some(next.to_owned());
    shell
}

/// Answers with a form, as often as something was wrong with it.
pub(super) fn show(
    reader: &Reader,
    site: &Site,
    forms: &BeforeSignIn,
    page: &impl Template,
    told: Option<&Told>,
) -> HttpResponse {
    let mut answer = HttpResponse::Ok();
    if let Some(told) = told {
        told.mark(&mut answer);
    }
    forms.give(&site.config, &mut answer);
    reader.send(page, answer)
}

/// Lets somebody in, who has just been given a session.
pub(super) fn let_in(site: &Site, reader: &Reader, made: &NewSession, next: &str) -> HttpResponse {
    let mut answer = reader.way_to(next);
    session::give(site, made, &mut answer);
    answer.finish()
}
