//! `POST /api/v1/fights/{id}/unlock`, `POST /api/v1/events/{slug}/unlock`.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::bodies;
use crate::flows::{MoneyRequest, Unlocked};
use crate::money::Coins;
use crate::web::error::Problem;
use crate::web::session::Viewer;
use crate::web::{Site, idempotency};

/// What may be sent along. The body may be left out.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
pub struct Consent {
    /// The most this may cost: where it costs more by now, nothing is opened and nothing is taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    max_coins: Option<Coins>,
}

/// `POST /api/v1/fights/{id}/unlock`
///
/// # Errors
/// 400 without a key, 404 for a fight that is not shown, 409 `ledger.insufficient_coins`, `events.price_changed` or
/// `idempotency.mismatch`.
pub async fn fight(
    req: HttpRequest,
    site: web::Data<Site>,
    viewer: Viewer,
    id: web::Path<String>,
    body: web::Payload,
) -> Result<HttpResponse, Problem> {
    let (most, request) = asked(&req, &viewer, body).await?;
    let fight = id.parse().map_err(|_| Problem::not_found("till.not_found"))?;
    let done = site.till.unlock_fight_within(&viewer.0.account, &fight, most, &request).await?;
    Ok(answer(&done))
}

/// `POST /api/v1/events/{slug}/unlock`
///
/// # Errors
/// As [`fight`], and 409 `events.pass_not_sold`.
pub async fn event(
    req: HttpRequest,
    site: web::Data<Site>,
    viewer: Viewer,
    slug: web::Path<String>,
    body: web::Payload,
) -> Result<HttpResponse, Problem> {
    let (most, request) = asked(&req, &viewer, body).await?;
    let event = slug.parse().map_err(|_| Problem::not_found("till.not_found"))?;
    let done = site.till.unlock_event_within(&viewer.0.account, &event, most, &request).await?;
    Ok(answer(&done))
}

async fn asked(
    req: &HttpRequest,
    viewer: &Viewer,
    body: web::Payload,
) -> Result<(Option<Coins>, MoneyRequest), Problem> {
    let consent: Consent = bodies::optional(req, body).await?;
    let request = idempotency::of_header(req, &viewer.0, &idempotency::content_of(&consent))?;
    Ok((consent.max_coins, request))
}

fn answer(done: &Unlocked) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(done)
}
