//! `POST /api/v1/events/{slug}/overlay/shown`: the broadcast's own overlay page says which alert was on it.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use utoipa::ToSchema;

use super::events::get_shown;
use crate::web::Site;
use crate::web::error::Problem;

/// What was shown.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[schema(as = ShownAlert)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// The number of the public fact that was the alert.
    #[schema(minimum = 1)]
    seq: i64,
}

/// `POST /api/v1/events/{slug}/overlay/shown`
///
/// # Errors
/// 401 `superchat.not_the_overlay` without the event's overlay key, 404 for an event that is not shown, 422
/// `superchat.no_such_number`, 503 while the database is away.
pub async fn shown(
    req: HttpRequest,
    site: web::Data<Site>,
    slug: web::Path<String>,
    body: web::Json<Shown>,
) -> Result<HttpResponse, Problem> {
    let event = get_shown(&site, &slug)?;
    let sent = req.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let key = sent.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    if !site.overlay_keys.is_key_of(&event, key) {
        let words = "Send this event's overlay key: `bakuhantam event overlay-key` makes one.";
        return Err(Problem::new(StatusCode::UNAUTHORIZED, "superchat.not_the_overlay", words));
    }
    site.crowd.note_alert(&event.id, body.seq).await?;
    Ok(HttpResponse::NoContent().finish())
}
