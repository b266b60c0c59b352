//! Signing in to the panel and out of it: number, password, and always a code of the authenticator app.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::Frame;
use crate::accounts::SessionKind;
use crate::web::Site;
use crate::web::csrf::BeforeSignIn;
use crate::web::error::Problem;
use crate::web::session::{self, Staff};
use crate::web::viewer::forms::{Field, Told};

#[derive(Template)]
#[template(path = "admin/login.html")]
struct Page {
    frame: Frame,
    csrf: String,
    next: String,
    told: Option<Told>,
    fields: [Field; 3],
}

/// What the form sends, and what the address may say.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    csrf: String,
    next: String,
    phone: String,
    password: String,
    totp: String,
}

/// `GET /admin/login`
pub async fn page(req: HttpRequest, site: web::Data<Site>, asked: web::Query<Sent>) -> HttpResponse {
    let next = place(&asked.next);
    if let Ok(Some(_)) = session::find(&req, SessionKind::Panel).await {
        return session::see_other(&next);
    }
    show(&req, &site, &Sent { next, ..Sent::default() }, None)
}

/// `POST /admin/login`
///
/// # Errors
/// 403 for a form of an older page. Whatever is wrong with what was typed is told in the form.
pub async fn submit(req: HttpRequest, site: web::Data<Site>, sent: web::Form<Sent>) -> Result<HttpResponse, Problem> {
    BeforeSignIn::check(&req, &site, &sent.csrf)?;
    let caller = session::caller_of(&req, &site.config, SessionKind::Panel);
    let kind = SessionKind::Panel;
    match site.accounts.log_in(&sent.phone, &sent.password, Some(&sent.totp), kind, &caller).await {
        Ok(made) => {
            let mut answer = session::way_to(&place(&sent.next));
            session::give(&site, &made, &mut answer);
            Ok(answer.finish())
        }
        Err(error) => {
            let frame = Frame::of_nobody(&req, &site, "/admin/login", "admin-login-title");
            Ok(show(&req, &site, &sent, Some(Told::of(error, frame.w))))
        }
    }
}

/// `next` when it is a page of the panel, else its first page.
fn place(next: &str) -> String {
    let path = next.split(['?', '#']).next().unwrap_or_default();
    let is_panel = path == "/admin" || (path.starts_with("/admin/") && path != "/admin/login");
    session::own_path(next).filter(|_| is_panel).unwrap_or("/admin").to_owned()
}

fn show(req: &HttpRequest, site: &Site, sent: &Sent, told: Option<Told>) -> HttpResponse {
    let frame = Frame::of_nobody(req, site, "/admin/login", "admin-login-title");
    let w = frame.w;
    let forms = BeforeSignIn::of(req);
    let fields = [
        Field::phone(w, &sent.phone),
        Field::password("password", w.t("form-password"), "current-password"),
        Field::code("totp", w.t("form-totp")),
    ];
    let page = Page {
        csrf: forms.token(site),
        next: place(&sent.next),
        fields: fields.map(|field| field.told(told.as_ref())),
        told,
        frame,
    };
    let mut answer = HttpResponse::Ok();
    if let Some(told) = &page.told {
        told.mark(&mut answer);
    }
    forms.give(&site.config, &mut answer);
    page.frame.send(&page, answer)
}

/// A form that says nothing but that it was sent.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Bare {
    pub(super) csrf: String,
}

/// `POST /admin/logout`
///
/// # Errors
/// 403 for a form of an older page, 503 while the database is away.
pub async fn log_out(site: web::Data<Site>, staff: Staff, sent: web::Form<Bare>) -> Result<HttpResponse, Problem> {
    let who = staff.only(super::ALL_STAFF)?;
    site.forms.check(&who, &sent.csrf)?;
    site.accounts.log_out(&who).await?;
    let mut answer = session::way_to("/admin/login");
    session::take(&site, SessionKind::Panel, &mut answer);
    Ok(answer.finish())
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn the_panel_leads_to_its_own_pages_alone() {
        assert_eq!(place("/admin/audit?before=1"), "/admin/audit?before=1");
        for other in
            ["", "/", "/account", "/administer", "//evil.test/admin", "/admin/login", "https://evil.test/admin"]
        {
            assert_eq!(place(other), "/admin", "{other}");
        }
    }
}
