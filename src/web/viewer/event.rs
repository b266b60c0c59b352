//! An event's page: the poster, the card in order.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::night::{Bout, Night};
use super::offers::{Buyer, Deal, Offers, Told, Way};
use super::reader::{KNOWN_WITHIN, Reader};
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
    offers: Offers,
    /// The form token of whoever is signed in.
    csrf: String,
}

impl Event {
    /// The card: each fight, its state in words, and how it can be had.
    fn lines(&self) -> impl Iterator<Item = (&Bout, String, &Deal)> {
        let bouts = self.night.bouts.iter().zip(&self.offers.fights);
        bouts.map(|(bout, deal)| (bout, bout.state(self.shell.w), deal))
    }

    /// Whether there is, or will be, something to watch for coins.
    fn sells(&self) -> bool {
        self.offers.priced && (!self.night.over() || self.night.recorded)
    }
}

/// `GET /events/{slug}`
pub async fn page(req: HttpRequest, site: web::Data<Site>, slug: web::Path<String>) -> HttpResponse {
    let Some(event) = find_shown(&site, &slug) else {
        return problem::of(&req, &site, &Problem::not_found("events.not_found"));
    };
    let reader = Reader::of(&req, &site).await;
    let buyer = buyer_of(&site, &event, &reader).await;
    let told = Told::of_query(req.query_string());
    reader.respond(&site, format!("/events/{}", event.slug), || card(&site, &event, &reader, buyer, &told))
}

/// Who may buy; `None` for a reader who is not signed in.
pub(super) async fn buyer_of(site: &Site, event: &EventFacts, reader: &Reader) -> Option<Buyer> {
    let who = reader.who.as_ref()?;
    let Some(balance) = reader.coins() else { return Some(Buyer::Unknown) };
    let asked = tokio::time::timeout(KNOWN_WITHIN, site.till.list_unlocks(&who.account, &event.slug)).await;
    Some(match asked {
        Ok(Ok(unlocks)) => Buyer::Viewer { unlocks, balance },
        Ok(Err(_)) | Err(_) => Buyer::Unknown,
    })
}

fn card(site: &Site, event: &EventFacts, reader: &Reader, buyer: Option<Buyer>, told: &Told) -> Event {
    let w = reader.w;
    let night = Night::new(site, event, w);
    let description =
        w.fill("event-description", &[("title", night.title.as_str()), ("date", night.when.long.as_str())]);
    let shell = reader.shell(site, &format!("/events/{}", event.slug), night.title.clone(), description);
    let signed_out = || Buyer::SignedOut { sign_in: shell.sign_in("/login") };
    let offers = Offers::new(event, &buyer.unwrap_or_else(signed_out), told, w);
    let csrf = reader.who.as_ref().map(|who| site.forms.of(who)).unwrap_or_default();
    Event { shell, night, offers, csrf }
}
