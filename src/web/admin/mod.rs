//! The producers' panel: its own sign-in, its own session of one host, its own frame.
//!
//! Every route names its roles in the route table and checks them by [`Staff::only`]; an owner may do everything. Pages
//! are one person's and are never kept.

pub mod audit;
pub mod desk;
pub mod login;
pub mod problem;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use askama::Template;

use super::Site;
use super::i18n::Words;
use super::viewer::shell::render;
use crate::accounts::{Role, SignedIn};

/// Everyone with a role; the owner is let in anyway.
pub const ALL_STAFF: &[Role] = &[Role::Producer, Role::Moderator, Role::Finance];
/// The owner alone.
pub const OWNER: &[Role] = &[];

/// A way of the left navigation.
#[derive(Clone, Debug)]
pub struct Item {
    /// Where it leads.
    pub href: String,
    /// What it is called.
    pub label: String,
    /// Whether it is the page that is shown.
    pub is_here: bool,
}

/// The frame of a page of the panel.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The page's words.
    pub w: Words,
    /// The page's title.
    pub title: String,
    /// Who is signed in to the panel.
    pub who: Option<SignedIn>,
    /// The form token of the panel's session.
    pub csrf: String,
    /// The left navigation: what this role may open.
    pub items: Vec<Item>,
    path: &'static str,
}

/// Pages of the navigation: address, name, who may open it.
const PAGES: &[(&str, &str, &[Role])] =
    &[("/admin", "admin-nav-desk", ALL_STAFF), ("/admin/audit", "admin-nav-audit", OWNER)];

impl Frame {
    /// The frame of the page `path` for somebody of the staff.
    #[must_use]
    pub fn of_staff(req: &HttpRequest, site: &Site, path: &'static str, title: &str, who: &SignedIn) -> Self {
        let w = Words::of_query(req.query_string(), who.locale);
        let opens = |roles: &[Role]| who.role == Role::Owner || roles.contains(&who.role);
        let items = PAGES.iter().filter(|(.., roles)| opens(roles)).map(|(href, label, _)| Item {
            href: w.href(href),
            label: w.t(label),
            is_here: *href == path,
        });
        let items = items.collect();
        Self { w, title: w.t(title), csrf: site.forms.of(who), who: Some(who.clone()), items, path }
    }

    /// The frame of a page for nobody in particular.
    #[must_use]
    pub fn of_nobody(req: &HttpRequest, site: &Site, path: &'static str, title: &str) -> Self {
        let w = Words::of_query(req.query_string(), site.config.locale.default);
        Self { w, title: w.t(title), who: None, csrf: String::new(), items: Vec::new(), path }
    }

    /// This page in the other language.
    #[must_use]
    pub fn switch(&self) -> String {
        let other = self.w.other();
        // Said aloud: the account's own language may be either.
        format!("{}?lang={}", self.path, other.tag())
    }

    /// Answers with a page of the panel.
    pub fn send(&self, page: &impl Template, mut answer: HttpResponseBuilder) -> HttpResponse {
        answer.insert_header((header::CACHE_CONTROL, "private, no-store"));
        answer.append_header((header::VARY, "cookie"));
        render(page, answer, self.w)
    }
}
