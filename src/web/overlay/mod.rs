//! Pages that stand over the broadcast in OBS: transparent, 1920×1080, without a word of the site around them.
//!
//! They are public to look at, and what they show comes by the socket and the API that viewers use. With the event's key
//! in its address a page is the broadcast's own: its socket counts as connected, and it reports each alert it shows. A
//! wrong key takes nothing away: a key that was renewed in the middle of a night must not empty the broadcast.

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
use crate::cluster::presence::OverlayKind;
use crate::config::Tier;

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
    /// Whether the address carries the event's key: then it is the broadcast's own and reports what it shows.
    own: bool,
    /// For the test alert, and for the time that the lowest one stays.
    tiers: &'a [Tier],
    words: serde_json::Map<String, serde_json::Value>,
}

/// The overlay key in a query.
#[must_use]
pub fn key_of(query: &str) -> Option<String> {
    url::form_urlencoded::parse(query.as_bytes()).find_map(|(name, key)| (name == "key").then(|| key.into_owned()))
}

/// `GET /overlay/{kind}/{slug}`
pub async fn page(req: HttpRequest, site: web::Data<Site>, path: web::Path<(String, String)>) -> HttpResponse {
    let (kind, slug) = path.into_inner();
    let found = kind.parse::<OverlayKind>().ok().zip(find_shown(&site, &slug));
    let Some((kind, event)) = found else {
        return problem::of(&req, &site, &Problem::not_found("events.not_found"));
    };
    let w = Words::of_query(req.query_string(), site.config.locale.default);
    let api = api_base(&site.config);
    let facts = Facts {
        kind: kind.as_str(),
        slug: event.slug.as_str(),
        api: &api,
        nodes: &site.config.cluster.nodes,
        probe_timeout_ms: site.config.cluster.probe_timeout_ms,
        spread_window_ms: site.config.cluster.spread_window_ms,
        own: key_of(req.query_string()).is_some_and(|key| site.overlay_keys.is_key_of(&event, &key)),
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
    render(&Overlay { w, title: &event.title, kind: kind.as_str(), facts }, answer, w)
}
