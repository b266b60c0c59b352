//! Pages that stand over the broadcast in OBS: transparent, 1920×1080, without a word of the site around them.
//!
//! They are public to look at and ask nobody who they are: the page is the same for everyone, and what it shows comes by
//! the socket and the API that viewers use.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Serialize;

use super::Site;
use super::error::Problem;
use super::i18n::Words;
use super::viewer::shell::{api_base, render};
use super::viewer::words::said;
use super::viewer::{find_shown, problem};
use crate::config::Tier;

/// What stands over the broadcast.
const KINDS: [&str; 5] = ["superchats", "donations", "milestones", "poll", "leaderboard"];

/// The overlays' sentences.
pub const SAID: &[&str] = &[
    "coins-amount",
    "goal-reached",
    "overlay-anonymous",
    "overlay-board",
    "overlay-goals",
    "overlay-poll-closed",
    "overlay-poll-open",
    "overlay-says",
    "overlay-test-message",
    "overlay-test-name",
    "overlay-to",
    "overlay-total",
    "overlay-votes",
];

#[derive(Template)]
#[template(path = "overlay/page.html")]
struct Overlay<'a> {
    w: Words,
    title: &'a str,
    kind: &'a str,
    /// What the script needs, JSON fit for a script element.
    facts: String,
}

#[derive(Serialize)]
struct Facts<'a> {
    kind: &'a str,
    slug: &'a str,
    api: &'a str,
    nodes: &'a [String],
    probe_timeout_ms: u64,
    spread_window_ms: u64,
    /// For the test alert, and for the time that the lowest one stays.
    tiers: &'a [Tier],
    words: serde_json::Map<String, serde_json::Value>,
}

/// `GET /overlay/{kind}/{slug}`
pub async fn page(req: HttpRequest, site: web::Data<Site>, path: web::Path<(String, String)>) -> HttpResponse {
    let (kind, slug) = path.into_inner();
    let found = KINDS.into_iter().find(|known| *known == kind).zip(find_shown(&site, &slug));
    let Some((kind, event)) = found else {
        return problem::of(&req, &site, &Problem::not_found("events.not_found"));
    };
    let w = Words::of_query(req.query_string(), site.config.locale.default);
    let api = api_base(&site.config);
    let facts = Facts {
        kind,
        slug: event.slug.as_str(),
        api: &api,
        nodes: &site.config.cluster.nodes,
        probe_timeout_ms: site.config.cluster.probe_timeout_ms,
        spread_window_ms: site.config.cluster.spread_window_ms,
        tiers: &site.config.superchat.tiers,
        words: said(SAID, w),
    };
    // `<` is the only byte that could end a script element early.
    let facts = serde_json::to_string(&facts).unwrap_or_default().replace('<', "\\u003c");
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((header::CACHE_CONTROL, "no-store"))
        // The address may carry the broadcast's key.
        .insert_header((header::REFERRER_POLICY, "no-referrer"));
    render(&Overlay { w, title: &event.title, kind, facts }, answer, w)
}
