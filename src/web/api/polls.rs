//! `GET /api/v1/events/{slug}/polls`, `POST /api/v1/polls/{id}/votes`.

use std::collections::HashMap;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::events::{get_shown, own_json};
use crate::ids::RowId;
use crate::money::Coins;
use crate::polls::{self, Choice, PollStatus};
use crate::web::error::Problem;
use crate::web::session::{MaybeViewer, Viewer};
use crate::web::{Site, idempotency};

/// An event's questions.
#[derive(Debug, Serialize, ToSchema)]
pub struct Polls<'a> {
    polls: Vec<PollJson<'a>>,
}

/// A coin-backed question.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Poll)]
pub struct PollJson<'a> {
    #[schema(value_type = RowId)]
    id: &'a RowId,
    code: &'a str,
    question: &'a str,
    /// `open`, `closed` or `settled`.
    #[schema(value_type = String)]
    status: PollStatus,
    coins_per_vote: Coins,
    /// Over the whole poll.
    max_votes_per_viewer: i64,
    options: Vec<OptionJson<'a>>,
    /// The answer that proved right: only of a settled poll, and not of each.
    #[schema(required, value_type = Option<RowId>)]
    winner: Option<&'a RowId>,
    /// The caller's votes over the whole poll; null where nobody is signed in.
    #[schema(required)]
    my_votes: Option<i64>,
}

/// An answer to choose.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PollOption)]
pub struct OptionJson<'a> {
    #[schema(value_type = RowId)]
    id: &'a RowId,
    label: &'a str,
    votes: i64,
    coins: Coins,
}

impl<'a> PollJson<'a> {
    /// A poll as everybody may see it; `mine` are the caller's votes.
    #[must_use]
    pub fn of(poll: &'a polls::Poll, mine: Option<i64>) -> Self {
        let option =
            |Choice { id, label, votes, coins }: &'a Choice| OptionJson { id, label, votes: *votes, coins: *coins };
        Self {
            id: &poll.id,
            code: &poll.code,
            question: &poll.question,
            status: poll.status,
            coins_per_vote: poll.coins_per_vote,
            max_votes_per_viewer: poll.max_votes_per_viewer,
            options: poll.options.iter().map(option).collect(),
            winner: poll.winner.as_ref(),
            my_votes: mine,
        }
    }
}

/// `GET /api/v1/events/{slug}/polls`, without drafts.
///
/// # Errors
/// 404 for an event that is not shown, 503 while the votes cannot be counted.
pub async fn list(site: web::Data<Site>, slug: web::Path<String>, who: MaybeViewer) -> Result<HttpResponse, Problem> {
    let event = get_shown(&site, &slug)?;
    let fault = |error: crate::flows::TillError| Problem::from(error);
    let shown = site.polls.get(&event.id).await.map_err(|error| fault(error.into()))?;
    let own = match &who.0 {
        Some(viewer) => Some(site.polls.own(&viewer.account, &event.id).await.map_err(|error| fault(error.into()))?),
        None => None,
    };
    let mine = |own: &HashMap<RowId, i64>, poll: &polls::Poll| own.get(&poll.id).copied().unwrap_or(0);
    let polls = shown.iter().map(|poll| PollJson::of(poll, own.as_ref().map(|own| mine(own, poll)))).collect();
    Ok(own_json(&who, &Polls { polls }))
}

/// What is voted.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub struct VoteBody {
    /// The answer.
    #[schema(value_type = RowId)]
    option_id: String,
    /// A multiple of the poll's `coins_per_vote`.
    coins: Coins,
}

/// `POST /api/v1/polls/{id}/votes`
///
/// # Errors
/// 400 without a key, 404 for a poll that is not shown, 409 `polls.closed`, `polls.too_many_votes`,
/// `ledger.insufficient_coins` or `idempotency.mismatch`, 422 `polls.no_such_option` or `polls.bad_coins`.
pub async fn vote(
    req: HttpRequest,
    site: web::Data<Site>,
    viewer: Viewer,
    id: web::Path<String>,
    body: web::Json<VoteBody>,
) -> Result<HttpResponse, Problem> {
    let request = idempotency::of_header(&req, &viewer.0, &idempotency::content_of(&*body))?;
    let poll = id.parse().map_err(|_| Problem::not_found("polls.not_found"))?;
    let no_option = |_| Problem::from(crate::flows::TillError::from(polls::PollError::NoSuchOption));
    let option = body.option_id.parse().map_err(no_option)?;
    let voted = site.till.cast_vote(&viewer.0.account, &poll, &option, body.coins, &request).await?;
    Ok(HttpResponse::Ok().insert_header((header::CACHE_CONTROL, "no-store")).json(voted))
}
