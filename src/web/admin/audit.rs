//! Who changed what: the audit, newest first, for the owner.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use super::{Frame, OWNER};
use crate::accounts::AuditRow;
use crate::ids::RowId;
use crate::web::Site;
use crate::web::error::Problem;
use crate::web::session::Staff;
use crate::web::viewer::dates::When;

/// Rows of a page.
const ROWS: usize = 50;

#[derive(Template)]
#[template(path = "admin/audit.html")]
struct Page {
    frame: Frame,
    rows: Vec<Row>,
    /// The page after this one.
    older: Option<String>,
    /// Whether this is not the first page.
    is_later: bool,
}

struct Row {
    when: When,
    who: String,
    what: String,
    room: Option<String>,
    before: Option<String>,
    after: Option<String>,
    origin: String,
}

/// What the address may say.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    /// The last row seen.
    before: Option<RowId>,
}

/// `GET /admin/audit`
///
/// # Errors
/// 403 for all but the owner, 503 while the database is away.
pub async fn page(
    req: HttpRequest,
    site: web::Data<Site>,
    staff: Staff,
    asked: web::Query<Asked>,
) -> Result<HttpResponse, Problem> {
    let who = staff.only(OWNER)?;
    let frame = Frame::of_staff(&req, &site, "/admin/audit", "admin-audit-title", &who);
    let w = frame.w;
    // One more than is shown says whether there is a page after this one.
    let limit = i64::try_from(ROWS).unwrap_or(i64::MAX).saturating_add(1);
    let mut listed = site.accounts.list_audit(asked.before.as_ref(), limit).await?;
    let has_more = listed.len() > ROWS;
    listed.truncate(ROWS);
    let older = listed.last().filter(|_| has_more).map(|last| w.href(&format!("/admin/audit?before={}", last.id)));
    let zone = &site.config.locale.timezone;
    let row = |row: AuditRow| Row {
        when: When::new(row.at, zone, w),
        who: row.name.unwrap_or(row.who),
        what: row.what,
        room: row.room,
        before: row.before,
        after: row.after,
        origin: row.origin,
    };
    let page = Page { rows: listed.into_iter().map(row).collect(), older, is_later: asked.before.is_some(), frame };
    Ok(page.frame.send(&page, HttpResponse::Ok()))
}
