//! The forms by which the watch page gives coins and votes where no script runs. They go back to the page whatever comes
//! of them, and take coins once however often they are sent.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};

use super::find_shown;
use super::shell::keep_private;
use crate::accounts::SignedIn;
use crate::flows::{SupportWish, Supporter};
use crate::ids::{RowId, SystemRandom, new_word};
use crate::money::Coins;
use crate::web::error::Problem;
use crate::web::i18n::Words;
use crate::web::session::Viewer;
use crate::web::{Site, idempotency};

/// What the page's address tells after a form, and the sentence for it.
const TOLD: &[(&str, &str)] = &[
    ("given", "support-thanks"),
    ("held", "support-held"),
    ("short", "support-short"),
    ("closed", "support-closed"),
    ("often", "support-often"),
    ("refused", "support-refused"),
    ("voted", "poll-recorded"),
    ("poll-closed", "poll-closed-now"),
    ("too-many", "poll-too-many"),
    ("not-voted", "poll-refused"),
];

/// Where a form goes, and what it carries unseen.
#[derive(Clone, Debug)]
pub struct PlainForm {
    /// Its address.
    pub address: String,
    /// The session's word.
    pub csrf: String,
    /// Sent twice, it takes coins once.
    pub key: String,
}

impl PlainForm {
    /// A form of `who`'s.
    #[must_use]
    pub fn new(site: &Site, who: &SignedIn, address: String) -> Self {
        Self { address, csrf: site.forms.of(who), key: new_word(&SystemRandom::default(), 26) }
    }
}

/// What a form before has come to, in words; `None` where the address tells nothing that is known.
#[must_use]
pub fn told_by(query: &str, w: Words) -> Option<String> {
    let told = query.split('&').find_map(|pair| pair.strip_prefix("told="))?;
    TOLD.iter().find(|(name, _)| *name == told).map(|(_, key)| w.t(key))
}

/// Coins for a fighter or the event.
#[derive(Debug, Deserialize)]
pub struct Gift {
    csrf: String,
    idempotency_key: String,
    coins: i64,
    fighter: String,
    message: String,
    anonymous: Option<String>,
}

/// What makes two gifts the same.
#[derive(Debug, Serialize)]
struct SameGift<'a> {
    coins: i64,
    fighter: &'a str,
    message: &'a str,
    anonymous: bool,
}

/// Votes for an answer.
#[derive(Debug, Deserialize)]
pub struct Ballot {
    csrf: String,
    idempotency_key: String,
    option: String,
    votes: i64,
    /// The price of one that was read.
    each: i64,
}

/// What makes two votes the same.
#[derive(Debug, Serialize)]
struct SameBallot<'a> {
    option: &'a str,
    votes: i64,
    each: i64,
}

/// `POST /watch/{slug}/support`
///
/// # Errors
/// 400 without a key, 403 for a form of another session, 404 for an event that is not shown.
pub async fn support(
    req: HttpRequest,
    site: web::Data<Site>,
    viewer: Viewer,
    slug: web::Path<String>,
    form: web::Form<Gift>,
) -> Result<HttpResponse, Problem> {
    site.forms.check(&viewer.0, &form.csrf)?;
    let event = find_shown(&site, &slug).ok_or_else(|| Problem::not_found("events.not_found"))?;
    let anonymous = form.anonymous.is_some();
    let same = SameGift { coins: form.coins, fighter: &form.fighter, message: &form.message, anonymous };
    let request = idempotency::of_key(&req, &viewer.0, &form.idempotency_key, &idempotency::content_of(&same))?;
    let back = |told: &str| back(&req, &viewer, event.slug.as_str(), told);
    let fighter = match form.fighter.as_str() {
        "" => None,
        id => match id.parse() {
            Ok(id) => Some(id),
            Err(_) => return Ok(back("refused")),
        },
    };
    let said = form.message.trim();
    let message = (!said.is_empty()).then(|| said.to_owned());
    let who = Supporter { account: viewer.0.account.clone(), name: viewer.0.name.clone() };
    let wish = SupportWish { coins: Coins(form.coins), fighter, message, anonymous };
    let error = match site.crowd.send_support(who, &event.slug, wish, &request).await {
        Ok(done) => return Ok(back(if done.held { "held" } else { "given" })),
        Err(error) => error,
    };
    let told = match error.code() {
        Some("ledger.insufficient_coins") => "short",
        Some("superchat.closed") => "closed",
        Some("superchat.too_often") => "often",
        Some(code) if code.starts_with("superchat.") => "refused",
        _ => return Err(error.into()),
    };
    Ok(back(told))
}

/// `POST /watch/{slug}/polls/{id}`
///
/// # Errors
/// 400 without a key, 403 for a form of another session, 404 for a poll that is not shown.
pub async fn vote(
    req: HttpRequest,
    site: web::Data<Site>,
    viewer: Viewer,
    path: web::Path<(String, String)>,
    form: web::Form<Ballot>,
) -> Result<HttpResponse, Problem> {
    site.forms.check(&viewer.0, &form.csrf)?;
    let (slug, id) = path.into_inner();
    let missing = || Problem::not_found("polls.not_found");
    let event = find_shown(&site, &slug).ok_or_else(missing)?;
    let poll = event.polls.iter().find(|poll| poll.id.to_string() == id).ok_or_else(missing)?;
    let same = SameBallot { option: &form.option, votes: form.votes, each: form.each };
    let request = idempotency::of_key(&req, &viewer.0, &form.idempotency_key, &idempotency::content_of(&same))?;
    let back = |told: &str| back(&req, &viewer, event.slug.as_str(), told);
    let Ok(option) = form.option.parse::<RowId>() else { return Ok(back("not-voted")) };
    if form.each != poll.coins_per_vote.0 {
        return Ok(back("not-voted"));
    }
    let coins = Coins(form.votes.saturating_mul(form.each));
    let done = site.till.cast_vote(&viewer.0.account, &poll.id, &option, coins, &request).await;
    let Err(error) = done else { return Ok(back("voted")) };
    let told = match error.code() {
        Some("ledger.insufficient_coins") => "short",
        Some("polls.closed") => "poll-closed",
        Some("polls.too_many_votes") => "too-many",
        Some("polls.bad_coins" | "polls.no_such_option") => "not-voted",
        _ => return Err(error.into()),
    };
    Ok(back(told))
}

/// Back to the page, which tells what has come of it.
fn back(req: &HttpRequest, viewer: &Viewer, slug: &str, told: &str) -> HttpResponse {
    let w = Words::of_query(req.query_string(), viewer.0.locale);
    let address = format!("{}#told", w.href(&format!("/watch/{slug}?told={told}")));
    let mut answer = HttpResponse::SeeOther();
    keep_private(&mut answer);
    answer.insert_header((header::LOCATION, address)).finish()
}
