//! `/api/v1/events/{slug}/supports` and what is read of them: superchats, donations, milestones, the leaderboard.

use std::sync::Arc;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::events::{get_shown, shared_json};
use super::paging::LIMIT_MAX;
use crate::events::EventFacts;
use crate::flows::{SupportWish, Supported, Supporter};
use crate::ids::{EventSlug, RowId};
use crate::money::Coins;
use crate::superchat::{Backed, Kind, PublicPage, PublicSupport, Shown, SupportFighter};
use crate::web::error::Problem;
use crate::web::session::Viewer;
use crate::web::{Site, idempotency};

/// Lines of the leaderboard.
const BOARD_LEN: i64 = 20;
/// Rows of a page when the caller does not say.
const LIMIT: i64 = 50;

/// What is given.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct SupportBody {
    /// How many.
    coins: Coins,
    /// For whom: a fighter of the event. Left out: for the event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fighter_id: Option<String>,
    /// What is said with it. With a message it is a superchat, which needs a tier that carries one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// Without a name.
    #[serde(default)]
    anonymous: bool,
}

/// What a support has come to.
#[derive(Debug, Serialize, ToSchema)]
pub struct Support {
    /// The number of the public fact; `null` while it is held.
    #[schema(required)]
    seq: Option<i64>,
    /// `superchat` or `donation`.
    kind: &'static str,
    /// Coins left.
    balance: Coins,
    /// It waits for an approval.
    held: bool,
}

/// Supports in the order of their numbers.
#[derive(Debug, Serialize, ToSchema)]
pub struct Supports {
    items: Vec<SupportItem>,
    /// `after` of the next question: nothing up to this number is missing.
    next_after: i64,
}

/// One support.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum SupportItem {
    /// It is shown.
    Shown(ShownSupport),
    /// It was hidden, or is not shown any more: forget what was shown under its id.
    Hidden(HiddenSupport),
}

/// A support that is shown.
#[derive(Debug, Serialize, ToSchema)]
pub struct ShownSupport {
    /// The number of the public fact.
    seq: i64,
    #[schema(value_type = RowId)]
    id: RowId,
    /// `null`: anonymous.
    #[schema(required)]
    name: Option<String>,
    coins: Coins,
    /// `null` of a donation.
    #[schema(required)]
    message: Option<String>,
    /// `null` below the lowest.
    #[schema(required)]
    tier: Option<String>,
    /// `#rrggbb`
    #[schema(required)]
    color: Option<String>,
    /// How long it stays on the broadcast, in milliseconds.
    #[schema(required)]
    hold_ms: Option<u64>,
    /// How long it stays pinned, in milliseconds.
    #[schema(required)]
    pin_ms: Option<u64>,
    /// `null`: for the event.
    #[schema(required)]
    fighter: Option<SupportedFighter>,
    /// RFC 3339.
    at: String,
}

/// A support that is hidden.
#[derive(Debug, Serialize, ToSchema)]
pub struct HiddenSupport {
    /// The number of the public fact.
    seq: i64,
    #[schema(value_type = RowId)]
    id: RowId,
    /// `true`
    hidden: bool,
}

/// A fighter who is supported.
#[derive(Debug, Serialize, ToSchema)]
pub struct SupportedFighter {
    id: RowId,
    name: String,
}

impl SupportedFighter {
    fn of(fighter: SupportFighter) -> Self {
        Self { id: fighter.id, name: fighter.name }
    }
}

impl SupportItem {
    fn of(support: PublicSupport) -> Self {
        let seq = support.seq;
        let Some(shown) = support.shown else {
            return Self::Hidden(HiddenSupport { seq, id: support.id, hidden: true });
        };
        let Shown { id, name, coins, message, tier, color, hold_ms, pin_ms, fighter, at } = shown;
        let fighter = fighter.map(SupportedFighter::of);
        Self::Shown(ShownSupport { seq, id, name, coins, message, tier, color, hold_ms, pin_ms, fighter, at })
    }
}

/// A donation ladder.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Milestones)]
pub struct LadderJson {
    /// Coins given so far.
    total_coins: Coins,
    milestones: Vec<Milestone>,
    /// Fighters who were given any, most first.
    fighters: Vec<FighterTotal>,
}

/// A step of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Milestone {
    title: String,
    /// Reached at this total.
    coins: Coins,
    reached: bool,
}

/// What a fighter was given.
#[derive(Debug, Serialize, ToSchema)]
pub struct FighterTotal {
    id: RowId,
    name: String,
    coins: Coins,
}

/// Who has given most.
#[derive(Debug, Serialize, ToSchema)]
pub struct Leaderboard {
    items: Vec<LeaderboardLine>,
}

/// A line of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct LeaderboardLine {
    name: String,
    coins: Coins,
}

/// Which page of what is public.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct After {
    /// `next_after` of the page before this one; the newest without it.
    #[serde(default)]
    after: Option<i64>,
    /// Rows wanted, 1 to 100; 50 without it.
    #[serde(default)]
    limit: Option<i64>,
}

/// `POST /api/v1/events/{slug}/supports`
///
/// # Errors
/// 400 without a key, 404 for an event that is not shown, 409 `superchat.closed`, `ledger.insufficient_coins` or
/// `idempotency.mismatch`, 422 for what cannot be given or said, 429 `superchat.too_often`.
pub async fn send(
    req: HttpRequest,
    site: web::Data<Site>,
    viewer: Viewer,
    slug: web::Path<String>,
    body: web::Json<SupportBody>,
) -> Result<HttpResponse, Problem> {
    let request = idempotency::of_header(&req, &viewer.0, &idempotency::content_of(&body))?;
    let slug: EventSlug = slug.parse().map_err(|_| Problem::not_found("events.not_found"))?;
    let SupportBody { coins, fighter_id, message, anonymous } = body.into_inner();
    let no_fighter = |_| {
        let words = "This event has no such fighter.";
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "superchat.no_such_fighter", words)
    };
    let fighter = fighter_id.map(|id| id.parse().map_err(no_fighter)).transpose()?;
    let who = Supporter { account: viewer.0.account.clone(), name: viewer.0.name.clone() };
    let wish = SupportWish { coins, fighter, message, anonymous };
    let Supported { seq, kind, balance, held } = site.crowd.send_support(who, &slug, wish, &request).await?;
    let answer = Support { seq, kind: kind.as_str(), balance, held };
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(answer))
}

/// `GET /api/v1/events/{slug}/superchats`
///
/// # Errors
/// 400 for a page that cannot be, 404 for an event that is not shown, 503 while the database is away.
pub async fn superchats(
    site: web::Data<Site>,
    slug: web::Path<String>,
    page: web::Query<After>,
) -> Result<HttpResponse, Problem> {
    list(&site, &slug, Kind::Superchat, *page).await
}

/// `GET /api/v1/events/{slug}/donations`
///
/// # Errors
/// As [`superchats`].
pub async fn donations(
    site: web::Data<Site>,
    slug: web::Path<String>,
    page: web::Query<After>,
) -> Result<HttpResponse, Problem> {
    list(&site, &slug, Kind::Donation, *page).await
}

async fn list(site: &Site, slug: &str, kind: Kind, page: After) -> Result<HttpResponse, Problem> {
    let event = get_shown(site, slug)?;
    let limit = page.limit.unwrap_or(LIMIT);
    if !(1..=LIMIT_MAX).contains(&limit) || page.after.is_some_and(|after| after < 0) {
        let words = format!("Ask for 1 to {LIMIT_MAX} rows behind a number from 0.");
        return Err(Problem::new(StatusCode::BAD_REQUEST, "web.bad_query", words));
    }
    let PublicPage { items, next_after } = site.crowd.list_public(&event.slug, Some(kind), page.after, limit).await?;
    Ok(shared_json(&Supports { items: items.into_iter().map(SupportItem::of).collect(), next_after }))
}

/// `GET /api/v1/events/{slug}/milestones`
///
/// # Errors
/// 404 for an event that is not shown, 503 while the database is away.
pub async fn milestones(site: web::Data<Site>, slug: web::Path<String>) -> Result<HttpResponse, Problem> {
    let event: Arc<EventFacts> = get_shown(&site, &slug)?;
    let ladder = site.crowd.get_ladder(&event.slug).await?;
    let total = ladder.total;
    let steps = ladder.steps.into_iter();
    let of = |Backed { fighter, coins }: Backed| FighterTotal { id: fighter.id, name: fighter.name, coins };
    Ok(shared_json(&LadderJson {
        total_coins: total,
        milestones: steps
            .map(|step| Milestone { reached: step.coins <= total, title: step.title, coins: step.coins })
            .collect(),
        fighters: ladder.fighters.into_iter().map(of).collect(),
    }))
}

/// `GET /api/v1/events/{slug}/leaderboard`
///
/// # Errors
/// As [`milestones`].
pub async fn leaderboard(site: web::Data<Site>, slug: web::Path<String>) -> Result<HttpResponse, Problem> {
    let event = get_shown(&site, &slug)?;
    let rows = site.crowd.list_board(&event.slug, BOARD_LEN).await?;
    let items = rows.into_iter().map(|row| LeaderboardLine { name: row.name, coins: row.coins }).collect();
    Ok(shared_json(&Leaderboard { items }))
}
