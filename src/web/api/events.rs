//! `/api/v1/events…`: what pages show, as JSON, from the mirror.

use std::sync::Arc;

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use jiff::Timestamp;
use serde::Serialize;

use crate::clock::Micros;
use crate::events::{EventFacts, EventStatus, FightFacts, FighterFacts};
use crate::ids::EventSlug;
use crate::money::Coins;
use crate::web::Site;
use crate::web::error::Problem;

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
    unlocked: bool,
}

impl<'a> FightJson<'a> {
    fn of(fight: &'a FightFacts) -> Self {
        Self {
            id: &fight.id,
            number: fight.number,
            title: &fight.title,
            red: &fight.red,
            blue: &fight.blue,
            price_coins: fight.price_coins,
            status: fight.status,
            // Until the gate stands everything is open to watch.
            unlocked: true,
        }
    }
}

fn json_of<'a>(site: &Site, event: &'a EventFacts) -> EventJson<'a> {
    EventJson {
        slug: &event.slug,
        title: &event.title,
        status: event.status,
        starts_at: rfc3339(event.starts_at),
        stream: site.stream_of(event).status.as_str(),
        on_air_fight: event.on_air_fight,
        pass_price_coins: event.pass_price_coins,
        fights: event.fights.iter().map(FightJson::of).collect(),
    }
}

/// A moment in UTC, RFC 3339.
pub(super) fn rfc3339(at: Micros) -> String {
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

/// `GET /api/v1/events`
pub async fn list(site: web::Data<Site>) -> HttpResponse {
    let all = site.mirror.all();
    let events: Vec<_> =
        all.iter().filter(|event| event.status != EventStatus::Draft).map(|event| json_of(&site, event)).collect();
    shared_json(&serde_json::json!({ "events": events }))
}

/// `GET /api/v1/events/{slug}`
///
/// # Errors
/// 404 for an event that is not shown.
pub async fn one(site: web::Data<Site>, slug: web::Path<String>) -> Result<HttpResponse, Problem> {
    let event = get_shown(&site, &slug)?;
    Ok(shared_json(&json_of(&site, &event)))
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
