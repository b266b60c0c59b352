//! An event's page: the poster, the card in order.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::night::Night;
use super::shell::{Shell, respond};
use super::{find_shown, problem};
use crate::events::EventFacts;
use crate::web::Site;
use crate::web::i18n::Words;

#[derive(Template)]
#[template(path = "viewer/event.html")]
struct Event {
    shell: Shell,
    night: Night,
}

/// `GET /events/{slug}`
pub async fn page(req: HttpRequest, site: web::Data<Site>, slug: web::Path<String>) -> HttpResponse {
    let w = Words::of_query(req.query_string(), site.config.locale.default);
    let Some(event) = find_shown(&site, &slug) else {
        return problem::page(StatusCode::NOT_FOUND, w.language(), None);
    };
    respond(&site, format!("/events/{}", event.slug), w, || card(&site, &event, w))
}

fn card(site: &Site, event: &EventFacts, w: Words) -> Event {
    let night = Night::new(site, event, w);
    let description =
        w.fill("event-description", &[("title", night.title.as_str()), ("date", night.when.long.as_str())]);
    let shell = Shell::new(w, &site.config, &format!("/events/{}", event.slug), night.title.clone(), description);
    Event { shell, night }
}
