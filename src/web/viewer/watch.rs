//! Where an event is watched: the player, the card, polls and the milestone ladder.
//!
//! The player's facts stand in a JSON block: where the playlists are, which nodes may be asked, and its words.
//! What is sold, and to whom, stands in `sale`; what a reader who is not signed in is given depends on nobody.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Serialize;

use super::event::buyer_of;
use super::give::{self, PlainForm};
use super::locked::{Ahead, Sale, mark_of};
use super::night::{Bout, Night};
use super::offers::Buyer;
use super::polls::{PollCard, PollCards, PollChoice, Shown};
use super::reader::Reader;
use super::shell::Shell;
use super::support::{Crowd, CrowdFacts};
use super::words::{SAID_BY_SCRIPTS, said};
use super::{find_shown, problem};
use crate::events::EventFacts;
use crate::money::Coins;
use crate::web::Site;
use crate::web::api::polls::PollJson;
use crate::web::error::Problem;
use crate::web::i18n::Words;
use crate::web::site::Playback;

#[derive(Template)]
#[template(path = "viewer/watch.html")]
struct Watch {
    shell: Shell,
    night: Night,
    /// How each bout of the strip can be had: its words, and whether it is the reader's.
    marks: Vec<(String, bool)>,
    /// The locked card, where the server knows of it already.
    ahead: Option<Ahead>,
    polls: PollCards,
    /// What cards of polls that open later are made from.
    blank: PollCard,
    blank_option: PollChoice,
    rungs: Vec<Rung>,
    crowd: Crowd,
    /// What a form without a script has come to.
    told: Option<String>,
    /// The player's facts, JSON fit for a script element.
    facts: String,
}

impl Watch {
    /// The strip: each fight, its state in words, and how it can be had.
    fn strip(&self) -> impl Iterator<Item = (&Bout, String, &(String, bool))> {
        let bouts = self.night.bouts.iter().zip(&self.marks);
        bouts.map(|(bout, mark)| (bout, bout.state(self.shell.w), mark))
    }

    fn opens_by_press(&self) -> bool {
        self.ahead.as_ref().is_some_and(|ahead| ahead.enough)
    }

    fn is_short(&self) -> bool {
        self.ahead.as_ref().is_some_and(|ahead| ahead.signed_in && !ahead.enough)
    }

    fn wants_sign_in(&self) -> bool {
        self.ahead.as_ref().is_some_and(|ahead| !ahead.signed_in)
    }
}

/// A step of the ladder.
struct Rung {
    /// As a number for scripts.
    at: i64,
    coins: String,
    title: String,
}

/// What the player is told by the page.
#[derive(Serialize)]
struct Facts<'a> {
    slug: &'a str,
    title: &'a str,
    phase: &'static str,
    starts_at_ms: i64,
    playback: Playback,
    /// The API's own address; empty: the page's origin.
    api: &'a str,
    nodes: &'a [String],
    probe_timeout_ms: u64,
    spread_window_ms: u64,
    sale: Sale<'a>,
    support: CrowdFacts,
    /// The reader's coins, where they are known.
    coins: Option<Coins>,
    polls: Vec<PollJson<'a>>,
    words: serde_json::Map<String, serde_json::Value>,
}

/// `GET /watch/{slug}`
pub async fn page(req: HttpRequest, site: web::Data<Site>, slug: web::Path<String>) -> HttpResponse {
    let Some(event) = find_shown(&site, &slug) else {
        return problem::of(&req, &site, &Problem::not_found("events.not_found"));
    };
    let reader = Reader::of(&req, &site).await;
    let buyer = buyer_of(&site, &event, &reader).await;
    let polls = Shown::of(&site, &event, &reader).await;
    // The page of readers who are not signed in is shared: it tells nothing of their address.
    let told = reader.who.as_ref().and_then(|_| give::told_by(req.query_string(), reader.w));
    reader.respond(&site, format!("/watch/{}", event.slug), || Watch {
        told,
        ..watch(&site, &event, &reader, (buyer.as_ref(), &polls))
    })
}

fn watch(site: &Site, event: &EventFacts, reader: &Reader, (buyer, polls): (Option<&Buyer>, &Shown)) -> Watch {
    let w = reader.w;
    let night = Night::new(site, event, w);
    let title = w.with("watch-title", "title", &night.title);
    let description = w.fill("event-description", &[("title", &night.title), ("date", &night.when.long)]);
    let shell = reader.shell(site, &format!("/watch/{}", event.slug), title, description);
    let encrypted = site.config.playback.encrypt && night.on_now();
    let ahead = Ahead::of(event, encrypted, buyer, w);
    let mut crowd = Crowd::of(site, event, &shell);
    let mut cards = polls.cards(reader.coins(), w);
    if let Some(who) = &reader.who {
        let form = |path: String| Some(PlainForm::new(site, who, w.href(&format!("/watch/{}/{path}", event.slug))));
        crowd.plain = form("support".to_owned());
        for card in &mut cards.shown {
            let address = format!("polls/{}", card.id);
            if let Some(vote) = &mut card.vote {
                vote.plain = form(address);
            }
        }
    }
    let facts = Facts {
        slug: event.slug.as_str(),
        title: &event.title,
        phase: night.phase.as_str(),
        starts_at_ms: night.when.ms,
        playback: site.playback_of(event),
        api: &shell.api,
        nodes: &site.config.cluster.nodes,
        probe_timeout_ms: site.config.cluster.probe_timeout_ms,
        spread_window_ms: site.config.cluster.spread_window_ms,
        sale: Sale::new(event, reader.who.as_ref(), ahead.as_ref(), &shell),
        support: crowd.facts(reader.who.as_ref().map(|who| who.name.as_str()), &shell),
        coins: reader.coins(),
        polls: polls.for_scripts(),
        words: said(SAID_BY_SCRIPTS, w),
    };
    // `<` is the only byte that could end a script element early.
    let facts = serde_json::to_string(&facts).unwrap_or_default().replace('<', "\\u003c");
    let marks = night.bouts.iter().map(|bout| mark_of(event, bout.number, buyer, w)).collect();
    Watch {
        shell,
        night,
        marks,
        ahead,
        polls: cards,
        blank: PollCard::blank(),
        blank_option: PollChoice::blank(),
        rungs: rungs_of(event, w),
        crowd,
        told: None,
        facts,
    }
}

fn rungs_of(event: &EventFacts, w: Words) -> Vec<Rung> {
    event
        .milestones
        .iter()
        .map(|milestone| Rung {
            at: milestone.coins.0,
            coins: w.coins(milestone.coins),
            title: milestone.title.clone(),
        })
        .collect()
}
