//! The panel's first page: who one is, and where one is signed in to it.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::login::Bare;
use super::{ALL_STAFF, Frame};
use crate::accounts::SessionKind;
use crate::ids::RowId;
use crate::web::Site;
use crate::web::error::Problem;
use crate::web::session::{self, Staff};
use crate::web::viewer::devices::Device;

#[derive(Template)]
#[template(path = "admin/desk.html")]
struct Page {
    frame: Frame,
    name: String,
    role: String,
    devices: Vec<Device>,
}

/// `GET /admin`
///
/// # Errors
/// 403 without a role, 503 while the database is away.
pub async fn page(req: HttpRequest, site: web::Data<Site>, staff: Staff) -> Result<HttpResponse, Problem> {
    let who = staff.only(ALL_STAFF)?;
    let sessions = site.accounts.list_sessions(&who).await?;
    let frame = Frame::of_staff(&req, &site, "/admin", "admin-desk-title", &who);
    let page = Page {
        devices: Device::of(sessions, SessionKind::Panel, &site.config.locale.timezone, frame.w),
        role: frame.w.t(role_words(who.role)),
        name: who.name,
        frame,
    };
    Ok(page.frame.send(&page, HttpResponse::Ok()))
}

/// `POST /admin/sessions/{id}/end`. Ending the session that asks is signing out.
///
/// # Errors
/// 403 for a form of an older page, 404 for no session of the account, 503 while the database is away.
pub async fn end_session(
    site: web::Data<Site>,
    staff: Staff,
    id: web::Path<RowId>,
    sent: web::Form<Bare>,
) -> Result<HttpResponse, Problem> {
    let who = staff.only(ALL_STAFF)?;
    site.forms.check(&who, &sent.csrf)?;
    if !site.accounts.revoke_session(&who, &id).await? {
        return Err(Problem::not_found("accounts.no_session"));
    }
    let mut answer = session::way_to("/admin");
    if *id == who.session {
        session::take(&site, SessionKind::Panel, &mut answer);
    }
    Ok(answer.finish())
}

const fn role_words(role: crate::accounts::Role) -> &'static str {
    use crate::accounts::Role;
    match role {
        Role::Viewer => "role-viewer",
        Role::Owner => "role-owner",
        Role::Producer => "role-producer",
        Role::Moderator => "role-moderator",
        Role::Finance => "role-finance",
    }
}
