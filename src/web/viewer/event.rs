//! An event's page: the poster, the card in order.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::night::Night;
use super::reader::Reader;
use super::shell::Shell;
use super::{find_shown, problem};
use crate::events::EventFacts;
use crate::web::Site;
use crate::web::error::Problem;

#[derive(Template)]
#[template(path = "viewer/event.html")]
struct Event {
    shell: Shell,
    night: Night,
}

/// `GET /events/{slug}`
pub async fn page(req: HttpRequest, site: web::Data<Site>, slug: web::Path<String>) -> HttpResponse {
    let Some(event) = find_shown(&site, &slug) else {
        return problem::of(&req, &site, &Problem::not_found("events.not_found"));
    };
    let reader = Reader::of(&req, &site).await;
    reader.respond(&site, format!("/events/{}", event.slug), || card(&site, &event, &reader))
}

fn card(site: &Site, event: &EventFacts, reader: &Reader) -> Event {
    let w = reader.w;
    let night = Night::new(site, event, w);
    let description =
        w.fill("event-description", &[("title", night.title.as_str()), ("date", night.when.long.as_str())]);
    let shell = reader.shell(site, &format!("/events/{}", event.slug), night.title.clone(), description);
    Event { shell, night }
}
