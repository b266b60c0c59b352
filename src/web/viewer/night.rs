//! An event as pages show it.

use super::dates::When;
use super::poster;
use crate::events::{EventFacts, EventStatus, FightFacts, FightStatus};
use crate::ids::ReplayName;
use crate::stream::facts::StreamStatus;
use crate::web::Site;
use crate::web::i18n::Words;

/// What an event is to a viewer right now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Published; no picture yet.
    Soon,
    /// The picture plays.
    Live,
    /// The picture stopped for a while.
    Interrupted,
    /// Over.
    Ended,
}

impl Phase {
    /// The word in data attributes.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Soon => "soon",
            Self::Live => "live",
            Self::Interrupted => "interrupted",
            Self::Ended => "ended",
        }
    }

    /// An event's phase; an operator's word that it is over stands above what the publisher last said.
    #[must_use]
    pub fn of(site: &Site, event: &EventFacts) -> Self {
        if event.status == EventStatus::Ended {
            return Self::Ended;
        }
        match site.stream_of(event).status {
            StreamStatus::Offline => Self::Soon,
            StreamStatus::Live => Self::Live,
            StreamStatus::Interrupted => Self::Interrupted,
            StreamStatus::Ended => Self::Ended,
        }
    }
}

/// An event, ready for a template.
#[derive(Clone, Debug)]
pub struct Night {
    /// Its name in addresses.
    pub slug: String,
    /// Its name for people.
    pub title: String,
    /// Its page.
    pub href: String,
    /// Where it is watched.
    pub watch_href: String,
    /// When it begins.
    pub when: When,
    /// What it is right now.
    pub phase: Phase,
    /// Whether there is something to watch again.
    pub recorded: bool,
    /// Its drawn poster, SVG.
    pub poster: String,
    /// The card, in order.
    pub bouts: Vec<Bout>,
}

/// A fight, ready for a template.
#[derive(Clone, Debug)]
pub struct Bout {
    /// Its number on the card.
    pub number: i32,
    /// Weight class or billing; may be empty.
    pub title: String,
    /// Name in the red corner.
    pub red: String,
    /// Name in the blue corner.
    pub blue: String,
    /// `scheduled`, `live` or `ended`.
    pub status: &'static str,
    /// Price in coins, in words; free fights have none.
    pub price: Option<String>,
    /// Where its replay is watched, once that is stored.
    pub replay_href: Option<String>,
}

impl Night {
    /// An event in the words of a page.
    #[must_use]
    pub fn new(site: &Site, event: &EventFacts, w: Words) -> Self {
        let phase = Phase::of(site, event);
        let playback = site.playback_of(event);
        let replay = |name: &ReplayName| {
            let is_stored = playback.replays.iter().any(|replay| replay.name == *name);
            is_stored.then(|| w.href(&format!("/watch/{}?replay={name}", event.slug)))
        };
        let all = replay(&ReplayName::all()).filter(|_| phase == Phase::Ended);
        let bout = |fight: &FightFacts| {
            let replay_href = replay(&ReplayName::of_fight(fight.number));
            Bout { replay_href: replay_href.filter(|_| fight.status == FightStatus::Ended), ..Bout::new(fight, w) }
        };
        Self {
            slug: event.slug.to_string(),
            title: event.title.clone(),
            href: w.href(&format!("/events/{}", event.slug)),
            watch_href: all.unwrap_or_else(|| w.href(&format!("/watch/{}", event.slug))),
            when: When::new(event.starts_at, &site.config.locale.timezone, w),
            phase,
            recorded: playback.dvr.is_some(),
            poster: poster::arena(event.slug.as_str()),
            bouts: event.fights.iter().map(bout).collect(),
        }
    }

    /// The last fight of the card: the one the night leads up to.
    #[must_use]
    pub fn main_bout(&self) -> Option<&Bout> {
        self.bouts.last()
    }

    /// Whether a picture plays or is about to come back.
    #[must_use]
    pub fn on_now(&self) -> bool {
        matches!(self.phase, Phase::Live | Phase::Interrupted)
    }

    /// Whether the event is over.
    #[must_use]
    pub fn over(&self) -> bool {
        self.phase == Phase::Ended
    }
}

impl Bout {
    fn new(fight: &FightFacts, w: Words) -> Self {
        let price = (fight.price_coins.0 > 0).then(|| w.with("coins-amount", "coins", &w.coins(fight.price_coins)));
        Self {
            number: fight.number,
            title: fight.title.clone(),
            red: fight.red.name.clone(),
            blue: fight.blue.name.clone(),
            status: match fight.status {
                FightStatus::Scheduled => "scheduled",
                FightStatus::Live => "live",
                FightStatus::Ended => "ended",
            },
            price,
            replay_href: None,
        }
    }

    /// The fight's state in words.
    #[must_use]
    pub fn state(&self, w: Words) -> String {
        match self.status {
            "live" => w.t("bout-live"),
            "ended" => w.t("bout-ended"),
            _ => w.t("bout-scheduled"),
        }
    }
}
