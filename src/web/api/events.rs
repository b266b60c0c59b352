//! `/api/v1/events…`: what pages show, as JSON, from the mirror.

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use jiff::Timestamp;
use serde::Serialize;

use crate::clock::Micros;
use crate::events::{EventFacts, EventStatus, FightFacts, FighterFacts, Unlocks};
use crate::ids::EventSlug;
use crate::money::Coins;
use crate::web::Site;
use crate::web::error::Problem;
use crate::web::session::MaybeViewer;

/// An event of the list and of its own address.
#[derive(Debug, Serialize)]
struct EventJson<'a> {
    slug: &'a EventSlug,
    title: &'a str,
    status: EventStatus,
    starts_at: String,
    stream: &'static str,
    on_air_fight: Option<i32>,
    pass_price_coins: Coins,
    /// The caller has the whole night.
    pass_unlocked: bool,
    fights: Vec<FightJson<'a>>,
}

#[derive(Debug, Serialize)]
struct FightJson<'a> {
    id: &'a crate::ids::RowId,
    number: i32,
    title: &'a str,
    red: &'a FighterFacts,
    blue: &'a FighterFacts,
    price_coins: Coins,
    status: crate::events::FightStatus,
    /// Free, or the caller has it.
    unlocked: bool,
}

impl<'a> FightJson<'a> {
    fn of(fight: &'a FightFacts, unlocks: &Unlocks) -> Self {
        Self {
            id: &fight.id,
            number: fight.number,
            title: &fight.title,
            red: &fight.red,
            blue: &fight.blue,
            price_coins: fight.price_coins,
            status: fight.status,
            unlocked: unlocks.opens(&fight.id, fight.price_coins),
        }
    }
}

fn json_of<'a>(site: &Site, event: &'a EventFacts, unlocks: &Unlocks) -> EventJson<'a> {
    EventJson {
        slug: &event.slug,
        title: &event.title,
        status: event.status,
        starts_at: rfc3339(event.starts_at),
        stream: site.stream_of(event).status.as_str(),
        on_air_fight: event.on_air_fight,
        pass_price_coins: event.pass_price_coins,
        pass_unlocked: unlocks.pass.is_some(),
        fights: event.fights.iter().map(|fight| FightJson::of(fight, unlocks)).collect(),
    }
}

/// A moment in UTC, RFC 3339.
fn rfc3339(at: Micros) -> String {
    Timestamp::from_microsecond(at.0).map(|at| at.to_string()).unwrap_or_default()
}

/// A shown event, or 404.
fn get_shown(site: &Site, slug: &str) -> Result<Arc<EventFacts>, Problem> {
    slug.parse::<EventSlug>()
        .ok()
        .and_then(|slug| site.mirror.find(&slug))
        .filter(|event| event.status != EventStatus::Draft)
        .ok_or_else(|| Problem::not_found("events.not_found"))
}

/// Answers JSON that a cache may keep for a second: a crowd asks once.
fn shared_json(body: &impl Serialize) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "public, max-age=1")).json(body)
}

/// Answers JSON that is the caller's own when somebody is signed in, and everyone's otherwise.
fn own_json(who: &MaybeViewer, body: &impl Serialize) -> HttpResponse {
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
    Ok(own_json(&who, &serde_json::json!({ "events": events })))
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

/// `GET /api/v1/events/{slug}/milestones`. Nobody can give coins yet, so nothing is reached.
///
/// # Errors
/// 404 for an event that is not shown.
pub async fn milestones(site: web::Data<Site>, slug: web::Path<String>) -> Result<HttpResponse, Problem> {
    let event = get_shown(&site, &slug)?;
    let steps: Vec<_> = event
        .milestones
        .iter()
        .map(|step| serde_json::json!({ "title": step.title, "coins": step.coins, "reached": false }))
        .collect();
    Ok(shared_json(&serde_json::json!({ "total_coins": 0, "milestones": steps })))
}

/// `GET /api/v1/events/{slug}/polls`, without drafts.
///
/// # Errors
/// 404 for an event that is not shown.
pub async fn polls(site: web::Data<Site>, slug: web::Path<String>) -> Result<HttpResponse, Problem> {
    let event = get_shown(&site, &slug)?;
    let polls: Vec<_> = event
        .polls
        .iter()
        .filter(|poll| poll.status != "draft")
        .map(|poll| {
            let options: Vec<_> = poll
                .options
                .iter()
                .map(|option| serde_json::json!({ "id": option.id, "label": option.label, "votes": 0, "coins": 0 }))
                .collect();
            serde_json::json!({
                "id": poll.id, "code": poll.code, "question": poll.question, "status": poll.status,
                "coins_per_vote": poll.coins_per_vote, "max_votes_per_viewer": poll.max_votes_per_viewer,
                "options": options,
            })
        })
        .collect();
    Ok(shared_json(&serde_json::json!({ "polls": polls })))
}
