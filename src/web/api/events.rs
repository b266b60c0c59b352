//! `/api/v1/events…`: what pages show, as JSON, from the mirror.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::clock::Micros;
use crate::cluster::presence::Seat;
use crate::events::{EventFacts, EventStatus, FightFacts, FightStatus, FighterFacts, NightForSale, Unlocks};
use crate::ids::{EventSlug, RowId};
use crate::money::Coins;
use crate::web::Site;
use crate::web::error::Problem;
use crate::web::session::MaybeViewer;

/// An event of the list and of its own address.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub struct EventJson<'a> {
    #[schema(value_type = EventSlug)]
    slug: &'a EventSlug,
    title: &'a str,
    status: EventStatus,
    /// RFC 3339.
    starts_at: String,
    /// `offline`, `live`, `interrupted` or `ended`.
    stream: &'static str,
    /// Sockets of viewers, joined over all nodes.
    viewers: u64,
    /// Number of the fight on air.
    #[schema(required)]
    on_air_fight: Option<i32>,
    /// Price of the whole night; 0: not sold as a whole.
    pass_price_coins: Coins,
    /// The caller has the whole night.
    pass_unlocked: bool,
    /// What the whole night costs the caller now: its price less what single fights have cost them. None where it is
    /// theirs, or not sold.
    #[schema(required)]
    pass_due_coins: Option<Coins>,
    fights: Vec<FightJson<'a>>,
}

/// A fight of the card.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Fight)]
pub struct FightJson<'a> {
    #[schema(value_type = RowId)]
    id: &'a RowId,
    number: i32,
    title: &'a str,
    red: Fighter<'a>,
    blue: Fighter<'a>,
    price_coins: Coins,
    status: FightStatus,
    /// Free, or the caller has it.
    unlocked: bool,
}

/// A fighter: the same name in one event is the same fighter.
#[derive(Debug, Serialize, ToSchema)]
pub struct Fighter<'a> {
    #[schema(value_type = RowId)]
    id: &'a RowId,
    name: &'a str,
}

impl<'a> Fighter<'a> {
    fn of(facts: &'a FighterFacts) -> Self {
        Self { id: &facts.id, name: &facts.name }
    }
}

impl<'a> FightJson<'a> {
    fn of(fight: &'a FightFacts, unlocks: &Unlocks) -> Self {
        Self {
            id: &fight.id,
            number: fight.number,
            title: &fight.title,
            red: Fighter::of(&fight.red),
            blue: Fighter::of(&fight.blue),
            price_coins: fight.price_coins,
            status: fight.status,
            unlocked: unlocks.opens(&fight.id, fight.price_coins),
        }
    }
}

/// The list of events.
#[derive(Debug, Serialize, ToSchema)]
pub struct Events<'a> {
    events: Vec<EventJson<'a>>,
}

fn json_of<'a>(site: &Site, event: &'a EventFacts, unlocks: &Unlocks) -> EventJson<'a> {
    EventJson {
        slug: &event.slug,
        title: &event.title,
        status: event.status,
        starts_at: rfc3339(event.starts_at),
        stream: site.stream_of(event).status.as_str(),
        viewers: site.presence.count(&event.slug, Seat::Viewer),
        on_air_fight: event.on_air_fight,
        pass_price_coins: event.pass_price_coins,
        pass_unlocked: unlocks.pass.is_some(),
        pass_due_coins: unlocks.pass_due(&NightForSale::from(event)).ok().flatten(),
        fights: event.fights.iter().map(|fight| FightJson::of(fight, unlocks)).collect(),
    }
}

/// A moment in UTC, RFC 3339.
pub(super) fn rfc3339(at: Micros) -> String {
    Timestamp::from_microsecond(at.0).map(|at| at.to_string()).unwrap_or_default()
}

/// A shown event, or 404.
pub(super) fn get_shown(site: &Site, slug: &str) -> Result<Arc<EventFacts>, Problem> {
    slug.parse::<EventSlug>()
        .ok()
        .and_then(|slug| site.mirror.find(&slug))
        .filter(|event| event.status != EventStatus::Draft)
        .ok_or_else(|| Problem::not_found("events.not_found"))
}

/// Answers JSON that a cache may keep for a second: a crowd asks once.
pub(super) fn shared_json(body: &impl Serialize) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "public, max-age=1")).json(body)
}

/// Answers JSON that is the caller's own when somebody is signed in, and everyone's otherwise.
pub(super) fn own_json(who: &MaybeViewer, body: &impl Serialize) -> HttpResponse {
    let cache = if who.0.is_some() { "private, no-store" } else { "public, max-age=1" };
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, cache)).insert_header((header::VARY, "Cookie")).json(body)
}

/// `GET /api/v1/events`
///
/// # Errors
/// 503 while it cannot be known what the caller has unlocked.
pub async fn list(site: web::Data<Site>, who: MaybeViewer) -> Result<HttpResponse, Problem> {
    let mut unlocks = match &who.0 {
        Some(viewer) => site.till.list_unlocks_by_event(&viewer.account).await?,
        None => BTreeMap::new(),
    };
    let all = site.mirror.all();
    let events: Vec<_> = all
        .iter()
        .filter(|event| event.status != EventStatus::Draft)
        .map(|event| json_of(&site, event, &unlocks.remove(&event.id).unwrap_or_default()))
        .collect();
    Ok(own_json(&who, &Events { events }))
}

/// `GET /api/v1/events/{slug}`
///
/// # Errors
/// 404 for an event that is not shown, 503 while it cannot be known what the caller has unlocked.
pub async fn one(site: web::Data<Site>, slug: web::Path<String>, who: MaybeViewer) -> Result<HttpResponse, Problem> {
    let event = get_shown(&site, &slug)?;
    let unlocks = match &who.0 {
        Some(viewer) => site.till.list_unlocks(&viewer.account, &event.slug).await?,
        None => Unlocks::default(),
    };
    Ok(own_json(&who, &json_of(&site, &event, &unlocks)))
}

/// `GET /api/v1/events/{slug}/playback`: addresses only.
///
/// # Errors
/// 404 for an event that is not shown.
pub async fn playback(site: web::Data<Site>, slug: web::Path<String>) -> Result<HttpResponse, Problem> {
    let event = get_shown(&site, &slug)?;
    Ok(shared_json(&site.playback_of(&event)))
}
