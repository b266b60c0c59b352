//! What every page shares: head, navigation, language switch, footer.

use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{HttpResponse, HttpResponseBuilder};
use askama::Template;

use super::problem;
use super::reader::Corner;
use crate::config::Config;
use crate::web::Site;
use crate::web::i18n::Words;
use crate::web::session;

/// How long shared caches may keep a page of a signed-out viewer.
const PAGE_CACHE: &str = "public, max-age=2";

/// A page differs by who is signed in.
const BY_COOKIE: (header::HeaderName, &str) = (header::VARY, "cookie");

/// The frame of a page.
#[derive(Clone, Debug)]
pub struct Shell {
    /// The page's words.
    pub w: Words,
    /// The page's title.
    pub title: String,
    /// One sentence for search engines and previews.
    pub description: String,
    /// Whether search engines may list the page.
    pub indexed: bool,
    /// Scheme and host of JSON and sockets where they have a host of their own; empty: the page's origin.
    pub api: String,
    /// Who is signed in, as the page's head says it.
    pub corner: Corner,
    /// Where signing in leads back to, when that is not this page.
    pub back: Option<String>,
    path: String,
    base: String,
}

impl Shell {
    /// The frame of the page at `path`.
    #[must_use]
    pub fn new(w: Words, config: &Config, path: &str, title: String, description: String) -> Self {
        let base = site_base(config);
        Self {
            w,
            title,
            description,
            indexed: true,
            api: api_base(config),
            corner: Corner::SignedOut,
            back: None,
            path: path.to_owned(),
            base,
        }
    }

    /// This page in this language, absolute.
    #[must_use]
    pub fn canonical(&self) -> String {
        format!("{}{}", self.base, self.w.href(&self.path))
    }

    /// This page in the other language, absolute.
    #[must_use]
    pub fn alternate(&self) -> String {
        format!("{}{}", self.base, self.w.other().href(&self.path))
    }

    /// This page without a language of its own, absolute.
    #[must_use]
    pub fn neutral(&self) -> String {
        format!("{}{}", self.base, self.path)
    }

    /// Whether somebody is signed in, as far as is known.
    #[must_use]
    pub const fn is_signed_in(&self) -> bool {
        !matches!(self.corner, Corner::SignedOut)
    }

    /// Where one signs in (`page` is `/login` or `/register`) and comes back here.
    #[must_use]
    pub fn sign_in(&self, page: &str) -> String {
        // The pages of signing in carry on what they were given themselves.
        let here = self.back.as_deref().unwrap_or(&self.path);
        self.w.href(&session::with_next(page, here))
    }

    /// This page in the other language, from here.
    #[must_use]
    pub fn switch(&self) -> String {
        self.w.other().href(&self.path)
    }
}

/// Scheme and host of the viewers' pages, without a slash at the end.
fn site_base(config: &Config) -> String {
    config.address_on(&config.hosts.site).unwrap_or_else(|| config.server.public_url.trim_end_matches('/').to_owned())
}

/// Scheme and host of JSON and sockets where they have a host of their own.
#[must_use]
pub fn api_base(config: &Config) -> String {
    config.address_on(&config.hosts.api).unwrap_or_default()
}

/// A page that shared caches may keep for two seconds, and that is rendered at most once a second while nothing changes.
pub fn respond<P: Template>(site: &Site, path: String, w: Words, page: impl FnOnce() -> P) -> HttpResponse {
    let rendered = site.pages.get(site, path, w.language(), || page().render());
    let mut answer = HttpResponse::Ok();
    answer.insert_header((header::CACHE_CONTROL, PAGE_CACHE)).append_header(BY_COOKIE);
    finish(rendered, answer, w)
}

/// Marks an answer as one person's.
pub fn keep_private(answer: &mut HttpResponseBuilder) {
    answer.insert_header((header::CACHE_CONTROL, "private, no-store")).append_header(BY_COOKIE);
}

/// Renders a page into an answer. A page that cannot be rendered is a bug: it is logged, and the reader is told.
pub fn render(page: &impl Template, answer: HttpResponseBuilder, w: Words) -> HttpResponse {
    finish(page.render().map(Bytes::from), answer, w)
}

fn finish(rendered: askama::Result<Bytes>, mut answer: HttpResponseBuilder, w: Words) -> HttpResponse {
    match rendered {
        Ok(body) => answer
            .insert_header((header::CONTENT_LANGUAGE, w.tag()))
            .content_type("text/html; charset=utf-8")
            .body(body),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            problem::plain()
        }
    }
}
