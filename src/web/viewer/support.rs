//! The crowd's place on the watch page: what one can give, to whom, and how it is told.

use serde::Serialize;

use super::give::PlainForm;
use super::shell::Shell;
use crate::config::Tier;
use crate::events::{EventFacts, EventStatus};
use crate::ids::RowId;
use crate::web::Site;
use crate::web::session;

/// Amounts offered by a press; more is typed.
const CHIPS: usize = 7;

/// The sheet on which coins are given.
#[derive(Clone, Debug)]
pub struct Crowd {
    /// Whether coins can be given now.
    pub open: bool,
    /// Whom they can be given to.
    pub fighters: Vec<Whom>,
    /// The ladder, lowest first.
    pub tiers: Vec<Tier>,
    /// The amount that the sheet begins with.
    pub first: i64,
    /// The shop, which leads back here.
    pub topup: String,
    /// The way to give without a script; `None` for nobody.
    pub plain: Option<PlainForm>,
}

/// A fighter of the event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whom {
    /// The row.
    pub id: RowId,
    /// The name.
    pub name: String,
}

/// What the page's script is told of it.
#[derive(Debug, Serialize)]
pub struct CrowdFacts {
    tiers: Vec<Tier>,
    /// Who gives; `None`: nobody is signed in.
    name: Option<String>,
    sign_in: String,
}

impl Crowd {
    /// The sheet of an event.
    #[must_use]
    pub fn of(site: &Site, event: &EventFacts, shell: &Shell) -> Self {
        let mut fighters: Vec<Whom> = Vec::new();
        for fighter in event.fights.iter().flat_map(|fight| [&fight.red, &fight.blue]) {
            if !fighters.iter().any(|known| known.id == fighter.id) {
                fighters.push(Whom { id: fighter.id.clone(), name: fighter.name.clone() });
            }
        }
        let tiers = site.config.superchat.tiers.clone();
        let first = tiers.iter().find(|tier| tier.max_chars > 0).or(tiers.first()).map_or(10, |tier| tier.from_coins);
        let here = format!("/watch/{}", event.slug);
        let topup = shell.w.href(&session::with_next("/coins", &here));
        Self { open: event.status == EventStatus::Published, fighters, tiers, first, topup, plain: None }
    }

    /// The tiers that are offered by a press.
    pub fn chips(&self) -> impl Iterator<Item = &Tier> {
        self.tiers.iter().take(CHIPS)
    }

    /// What the script is told.
    #[must_use]
    pub fn facts(&self, name: Option<&str>, shell: &Shell) -> CrowdFacts {
        CrowdFacts { tiers: self.tiers.clone(), name: name.map(str::to_owned), sign_in: shell.sign_in("/login") }
    }
}
