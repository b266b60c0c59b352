//! Who reads a page: in which language, and what the page's corner says of them.
//!
//! Whoever sends no session's cookie is given the page that everyone is given, which caches may keep. Whoever sends one
//! is given a page of their own, which nobody keeps. Both say that they differ by the cookie.

use std::time::Duration;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use askama::Template;

use super::shell::{Shell, keep_private, render, respond};
use crate::accounts::{SessionKind, SignedIn};
use crate::money::Coins;
use crate::web::Site;
use crate::web::i18n::Words;
use crate::web::session::{self, Viewer};

/// How long a page waits to learn whose it is. A database that is away must not hold up the picture.
pub(super) const KNOWN_WITHIN: Duration = Duration::from_millis(1_500);

/// The corner of a page's head: who is signed in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Corner {
    /// Nobody.
    #[default]
    SignedOut,
    /// Somebody: their name and, when it could be read, what they have.
    SignedIn {
        /// Display name.
        name: String,
        /// The balance, as written.
        coins: Option<Coins>,
    },
    /// There is a session's cookie, and whose it is cannot be told now.
    Unknown,
}

/// Whoever reads a page.
#[derive(Clone, Debug)]
pub struct Reader {
    /// The page's words.
    pub w: Words,
    /// Who is signed in; `None` for nobody, or when that cannot be known now.
    pub who: Option<SignedIn>,
    corner: Corner,
    personal: bool,
}

impl Reader {
    /// Finds out who reads. Without a session's cookie nothing is asked.
    pub async fn of(req: &HttpRequest, site: &Site) -> Self {
        let personal = session::has_cookie(req, SessionKind::Viewer);
        if !personal {
            return Self::new(req, site, None, Corner::SignedOut, false);
        }
        let found = tokio::time::timeout(KNOWN_WITHIN, session::find(req, SessionKind::Viewer)).await;
        match found {
            Ok(Ok(Some(who))) => Self::signed_in(req, site, who).await,
            Ok(Ok(None)) => Self::new(req, site, None, Corner::SignedOut, true),
            Ok(Err(_)) | Err(_) => Self::new(req, site, None, Corner::Unknown, true),
        }
    }

    /// The reader of a page that only viewers are shown.
    pub async fn of_viewer(req: &HttpRequest, site: &Site, viewer: &Viewer) -> Self {
        Self::signed_in(req, site, viewer.0.clone()).await
    }

    /// The reader of a page for whose sake nothing may be asked: of a refusal or a fault.
    #[must_use]
    pub fn of_problem(req: &HttpRequest, site: &Site) -> Self {
        let personal = session::has_cookie(req, SessionKind::Viewer);
        let corner = if personal { Corner::Unknown } else { Corner::SignedOut };
        Self::new(req, site, None, corner, personal)
    }

    async fn signed_in(req: &HttpRequest, site: &Site, who: SignedIn) -> Self {
        let coins = tokio::time::timeout(KNOWN_WITHIN, site.till.balance(&who.account)).await;
        let corner = Corner::SignedIn { name: who.name.clone(), coins: coins.ok().and_then(Result::ok) };
        Self::new(req, site, Some(who), corner, true)
    }

    fn new(req: &HttpRequest, site: &Site, who: Option<SignedIn>, corner: Corner, personal: bool) -> Self {
        let default = who.as_ref().map_or(site.config.locale.default, |who| who.locale);
        Self { w: Words::of_query(req.query_string(), default), who, corner, personal }
    }

    /// The balance, when somebody is signed in and it could be read.
    #[must_use]
    pub const fn coins(&self) -> Option<Coins> {
        match self.corner {
            Corner::SignedIn { coins, .. } => coins,
            Corner::SignedOut | Corner::Unknown => None,
        }
    }

    /// The frame of a public page at `path`.
    #[must_use]
    pub fn shell(&self, site: &Site, path: &str, title: String, description: String) -> Shell {
        let mut shell = Shell::new(self.w, &site.config, path, title, description);
        shell.corner = self.corner.clone();
        shell
    }

    /// The frame of a page that search engines must not list: forms, and whatever is one person's.
    #[must_use]
    pub fn private_shell(&self, site: &Site, path: &str, title: String) -> Shell {
        let mut shell = self.shell(site, path, title, String::new());
        shell.indexed = false;
        shell
    }

    /// Answers with a page that everyone may read: the shared rendering for a reader without a cookie (`page` must then
    /// depend on nothing of the reader's but the words), else one of their own.
    pub fn respond<P: Template>(&self, site: &Site, path: String, page: impl FnOnce() -> P) -> HttpResponse {
        if self.personal { self.send(&page(), HttpResponse::Ok()) } else { respond(site, path, self.w, page) }
    }

    /// Answers with a page for this reader alone.
    pub fn send(&self, page: &impl Template, mut answer: HttpResponseBuilder) -> HttpResponse {
        keep_private(&mut answer);
        render(page, answer, self.w)
    }

    /// The way on to `path` of ours, after a form. The caller finishes it.
    #[must_use]
    pub fn way_to(&self, path: &str) -> HttpResponseBuilder {
        let mut answer = HttpResponse::SeeOther();
        keep_private(&mut answer);
        answer.insert_header((header::LOCATION, self.w.href(path)));
        answer
    }

    /// Sends the reader on to `path` of ours, after a form.
    #[must_use]
    pub fn go(&self, path: &str) -> HttpResponse {
        self.way_to(path).finish()
    }
}
