//! `POST /api/v1/events/{slug}/lease`: the press of play, and the heartbeat of a device that plays.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::bodies;
use crate::playback::GateError;
use crate::web::Site;
use crate::web::error::Problem;
use crate::web::session;

/// What a device wants.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = LeaseAsked)]
pub struct Asked {
    /// A place from another device where none is free: somebody has pressed play, or "watch here". Without it this is a
    /// heartbeat, which keeps the place the device has, or takes a free one.
    #[serde(default)]
    take: bool,
}

/// How the device stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Lease)]
pub struct Told {
    /// `held`, or `lost`: other devices have the account's places.
    lease: &'static str,
    /// How long a place is kept that is not used, in milliseconds.
    ttl_ms: u64,
    /// How often to send a heartbeat, in milliseconds.
    beat_ms: u64,
    /// Devices that play at once.
    devices: u32,
    /// How long a key is used, in milliseconds.
    rotation_ms: u64,
    /// The account has the whole night.
    pass: bool,
    /// Numbers of the fights that are open to the account, free ones too.
    open: Vec<i32>,
}

/// `POST /api/v1/events/{slug}/lease`
///
/// # Errors
/// 400 for what is no JSON, 401, 404 for an event that is not shown, 503 while the database is away and the session is
/// not known.
pub async fn lease(
    req: HttpRequest,
    site: web::Data<Site>,
    slug: web::Path<String>,
    body: web::Payload,
) -> Result<HttpResponse, Problem> {
    let Some(token) = session::token(&req) else { return Err(GateError::SignedOut.into()) };
    let asked: Asked = bodies::optional(&req, body).await?;
    let held = site.gate.hold(token, &slug, asked.take).await?;
    let config = site.gate.config();
    let told = Told {
        lease: if held.is_held { "held" } else { "lost" },
        ttl_ms: config.lease_ttl_ms,
        beat_ms: config.lease_ttl_ms / 3,
        devices: config.devices_per_account,
        rotation_ms: config.key_rotation_ms,
        pass: held.pass,
        open: held.open,
    };
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(told))
}
