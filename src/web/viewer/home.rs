//! Home: the live or next event as a poster, what comes after it, and what was.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::night::{Night, Phase};
use super::reader::Reader;
use super::shell::Shell;
use crate::clock::Micros;
use crate::events::{EventFacts, EventStatus};
use crate::web::Site;

/// Past events shown.
const PAST_MAX: usize = 12;

/// An event that began longer ago than this and shows no picture no longer leads the page.
const STALE_AFTER_MS: i64 = 24 * 60 * 60 * 1_000;

#[derive(Template)]
#[template(path = "viewer/home.html")]
struct Home {
    shell: Shell,
    lead: Option<Night>,
    upcoming: Vec<Night>,
    past: Vec<Night>,
}

/// `GET /`
pub async fn page(req: HttpRequest, site: web::Data<Site>) -> HttpResponse {
    let reader = Reader::of(&req, &site).await;
    reader.respond(&site, "/".to_owned(), || home(&site, &reader))
}

fn home(site: &Site, reader: &Reader) -> Home {
    let w = reader.w;
    let all = site.mirror.all();
    let now = site.clock.now();
    let mut coming: Vec<&EventFacts> = Vec::new();
    let mut past: Vec<&EventFacts> = Vec::new();
    for event in all.iter().filter(|event| event.status != EventStatus::Draft) {
        let list = if Phase::of(site, event) == Phase::Ended { &mut past } else { &mut coming };
        list.push(event);
    }
    coming.sort_by_key(|event| rank(site, event, now));
    past.sort_by_key(|event| std::cmp::Reverse(event.starts_at));
    let shown = |event: &EventFacts| Night::new(site, event, w);
    Home {
        shell: reader.shell(site, "/", w.t("home-title"), w.t("home-description")),
        lead: coming.first().map(|event| shown(event)),
        upcoming: coming.iter().skip(1).map(|event| shown(event)).collect(),
        past: past.iter().take(PAST_MAX).map(|event| shown(event)).collect(),
    }
}

/// What plays comes first, then what begins soonest; what should have begun long ago comes last.
fn rank(site: &Site, event: &EventFacts, now: Micros) -> (u8, Micros) {
    let class = match Phase::of(site, event) {
        Phase::Live => 0,
        Phase::Interrupted => 1,
        Phase::Soon if now.ms_since(event.starts_at) < STALE_AFTER_MS => 2,
        Phase::Soon | Phase::Ended => 3,
    };
    (class, event.starts_at)
}
