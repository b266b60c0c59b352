//! The forms by which an event's page opens a fight or the whole night. They work without scripts, go back to the page
//! whatever comes of them, and buy once however often they are sent.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};

use super::find_shown;
use super::shell::keep_private;
use crate::flows::{TillError, Unlocked};
use crate::ledger::LedgerError;
use crate::money::Coins;
use crate::web::error::Problem;
use crate::web::i18n::Words;
use crate::web::session::Viewer;
use crate::web::{Site, idempotency};

/// What the page asks for.
#[derive(Debug, Deserialize)]
pub struct Ask {
    csrf: String,
    idempotency_key: String,
    /// The price that was agreed to.
    max_coins: i64,
}

/// What makes two requests the same.
#[derive(Debug, Serialize)]
struct Agreed {
    max_coins: i64,
}

/// `POST /events/{slug}/fights/{number}/unlock`
///
/// # Errors
/// 400 without a key, 403 for a form of another session, 404 for a fight that is not shown.
pub async fn fight(
    req: HttpRequest,
    site: web::Data<Site>,
    viewer: Viewer,
    path: web::Path<(String, i32)>,
    form: web::Form<Ask>,
) -> Result<HttpResponse, Problem> {
    site.forms.check(&viewer.0, &form.csrf)?;
    let (slug, number) = path.into_inner();
    let missing = || Problem::not_found("events.not_found");
    let event = find_shown(&site, &slug).ok_or_else(missing)?;
    let fight = event.fights.iter().find(|fight| fight.number == number).ok_or_else(missing)?;
    let request = request(&req, &viewer, &form)?;
    let most = Some(Coins(form.max_coins));
    let done = site.till.unlock_fight_within(&viewer.0.account, &fight.id, most, &request).await;
    back(&req, &viewer, event.slug.as_str(), &number.to_string(), done)
}

/// `POST /events/{slug}/unlock`
///
/// # Errors
/// 400 without a key, 403 for a form of another session, 404 for an event that is not shown.
pub async fn event(
    req: HttpRequest,
    site: web::Data<Site>,
    viewer: Viewer,
    slug: web::Path<String>,
    form: web::Form<Ask>,
) -> Result<HttpResponse, Problem> {
    site.forms.check(&viewer.0, &form.csrf)?;
    let event = find_shown(&site, &slug).ok_or_else(|| Problem::not_found("events.not_found"))?;
    let request = request(&req, &viewer, &form)?;
    let most = Some(Coins(form.max_coins));
    let done = site.till.unlock_event_within(&viewer.0.account, &event.slug, most, &request).await;
    back(&req, &viewer, event.slug.as_str(), "night", done)
}

fn request(req: &HttpRequest, viewer: &Viewer, form: &Ask) -> Result<crate::flows::MoneyRequest, Problem> {
    let agreed = idempotency::content_of(&Agreed { max_coins: form.max_coins });
    idempotency::of_key(req, &viewer.0, &form.idempotency_key, &agreed)
}

/// Back to the page, at what was asked for. A refusal that the page can put into words goes there too.
fn back(
    req: &HttpRequest,
    viewer: &Viewer,
    slug: &str,
    name: &str,
    done: Result<Unlocked, TillError>,
) -> Result<HttpResponse, Problem> {
    let told = match done {
        Ok(_) => "opened",
        Err(
            TillError::Ledger(LedgerError::InsufficientCoins { .. })
            | TillError::PriceChanged { .. }
            | TillError::Events(_),
        ) => "refused",
        Err(other) => return Err(other.into()),
    };
    let w = Words::of_query(req.query_string(), viewer.0.locale);
    let at = if name == "night" { "night".to_owned() } else { format!("fight-{name}") };
    let address = format!("{}#{at}", w.href(&format!("/events/{slug}?{told}={name}")));
    let mut answer = HttpResponse::SeeOther();
    keep_private(&mut answer);
    Ok(answer.insert_header((header::LOCATION, address)).finish())
}
