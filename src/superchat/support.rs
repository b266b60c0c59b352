//! A support, and what is told of it.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Rules;
use crate::clock::Micros;
use crate::ids::{AccountId, EventSlug, RowId};
use crate::money::Coins;
use crate::store::{Conn, StoreError, outbox};

/// What a support is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// With a message.
    Superchat,
    /// Without.
    Donation,
}

impl Kind {
    /// The word in the database and in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Superchat => "superchat",
            Self::Donation => "donation",
        }
    }

    /// The word of the fact that one is shown.
    const fn fact(self) -> &'static str {
        match self {
            Self::Superchat => "superchat:new",
            Self::Donation => "donation:new",
        }
    }
}

impl FromStr for Kind {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Superchat, Self::Donation]
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| format!("\"{text}\" is no kind of support"))
    }
}

/// Whether a support is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Waits for an approval.
    Held,
    /// Is shown.
    Shown,
    /// Was shown, and is not any more.
    Hidden,
    /// Was held, and will not be shown.
    Denied,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Held, Self::Shown, Self::Hidden, Self::Denied];

    /// The word in the database and in commands.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Shown => "shown",
            Self::Hidden => "hidden",
            Self::Denied => "denied",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for State {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| format!("\"{text}\" is no state: write held, shown, hidden or denied"))
    }
}

/// A support that is to be written. Ids and times come from outside, since a transaction may run twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// Its row.
    pub id: RowId,
    /// The event.
    pub event: RowId,
    /// Whose coins.
    pub account: AccountId,
    /// The fighter; `None`: the event.
    pub fighter: Option<SupportFighter>,
    /// How many.
    pub coins: Coins,
    /// With a message or without.
    pub kind: Kind,
    /// The message as it may be shown.
    pub message: Option<String>,
    /// The name as it may be shown; `None`: anonymous.
    pub name: Option<String>,
    /// The tier's name.
    pub tier: Option<String>,
    /// When.
    pub at: Micros,
}

/// A fighter who is supported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SupportFighter {
    /// The row.
    pub id: RowId,
    /// The name.
    pub name: String,
}

/// A stored support as a moderator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Support {
    /// Its row.
    pub id: RowId,
    /// The number of its last public fact.
    pub seq: Option<i64>,
    /// With a message or without.
    pub kind: Kind,
    /// Whether it is shown.
    pub state: State,
    /// The name; `None`: anonymous, or the account is gone.
    pub name: Option<String>,
    /// How many.
    pub coins: Coins,
    /// The message as it may be shown.
    pub message: Option<String>,
    /// The tier's name.
    pub tier: Option<String>,
    /// The fighter; `None`: the event.
    pub fighter: Option<SupportFighter>,
    /// When.
    pub at: Micros,
}

/// What everyone is told of a support that is shown: a socket message's data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shown {
    /// Its id.
    pub id: RowId,
    /// The name; `None`: anonymous.
    pub name: Option<String>,
    /// How many.
    pub coins: Coins,
    /// The message.
    pub message: Option<String>,
    /// The tier's name.
    pub tier: Option<String>,
    /// The tier's colour.
    pub color: Option<String>,
    /// How long it stays on the broadcast, in milliseconds.
    pub hold_ms: Option<u64>,
    /// How long it stays pinned, in milliseconds.
    pub pin_ms: Option<u64>,
    /// The fighter; `None`: the event.
    pub fighter: Option<SupportFighter>,
    /// RFC 3339.
    pub at: String,
}

/// A support under the number of its last public fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicSupport {
    /// The number.
    pub seq: i64,
    /// Its id.
    pub id: RowId,
    /// With a message or without.
    pub kind: Kind,
    /// What is shown; `None`: it is hidden.
    pub shown: Option<Shown>,
}

/// Supports in the order of their numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicPage {
    /// The supports.
    pub items: Vec<PublicSupport>,
    /// Nothing up to this number is missing: read on from here.
    pub next_after: i64,
}

/// A step of the ladder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What happens then.
    pub title: String,
    /// Reached at this total.
    pub coins: Coins,
}

/// What all supports add up to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ladder {
    /// Coins given so far.
    pub total: Coins,
    /// The steps, lowest first.
    pub steps: Vec<Step>,
    /// The fighters who were given any, most first.
    pub fighters: Vec<Backed>,
}

/// What a fighter was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backed {
    /// The fighter.
    pub fighter: SupportFighter,
    /// Coins.
    pub coins: Coins,
}

/// A line of the leaderboard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoardRow {
    /// The name.
    pub name: String,
    /// Coins given under it.
    pub coins: Coins,
}

impl Support {
    /// What everyone is told of it while it is shown.
    #[must_use]
    pub fn told(&self, rules: &Rules) -> Shown {
        let tier = rules.find_tier(self.tier.as_deref(), self.coins);
        Shown {
            id: self.id.clone(),
            name: self.name.clone(),
            coins: self.coins,
            message: self.message.clone(),
            tier: self.tier.clone(),
            color: tier.map(|tier| tier.color.clone()),
            hold_ms: tier.map(|tier| tier.hold_ms),
            pin_ms: tier.map(|tier| tier.pin_ms),
            fighter: self.fighter.clone(),
            at: Timestamp::from_microsecond(self.at.0).map(|at| at.to_string()).unwrap_or_default(),
        }
    }

    /// It under its number; `None`: it was never public.
    pub(super) fn public(&self, rules: &Rules) -> Option<PublicSupport> {
        let shown = (self.state == State::Shown).then(|| self.told(rules));
        Some(PublicSupport { seq: self.seq?, id: self.id.clone(), kind: self.kind, shown })
    }

    /// Writes the fact that it is shown, or hidden, under `seq`.
    pub(super) fn announce(
        &self,
        conn: &mut Conn,
        (slug, at): (&EventSlug, Micros),
        seq: i64,
        rules: &Rules,
    ) -> Result<(), StoreError> {
        let (kind, data) = match self.state {
            State::Shown => (self.kind.fact(), json!(self.told(rules))),
            State::Held | State::Hidden | State::Denied => ("superchat:hidden", json!({ "id": self.id })),
        };
        outbox::append(conn, at, Some(slug), kind, &json!({ "seq": seq, "data": data }))
    }
}

impl Given {
    fn as_stored(&self, seq: i64) -> Support {
        Support {
            id: self.id.clone(),
            seq: Some(seq),
            kind: self.kind,
            state: State::Shown,
            name: self.name.clone(),
            coins: self.coins,
            message: self.message.clone(),
            tier: self.tier.clone(),
            fighter: self.fighter.clone(),
            at: self.at,
        }
    }
}

/// Writes the facts of a new support: that it is shown as number `seq`, and what all add up to with it.
///
/// # Errors
/// [`StoreError`]
pub fn announce_new(
    conn: &mut Conn,
    slug: &EventSlug,
    given: &Given,
    seq: i64,
    rules: &Rules,
    (total, reached): (Coins, &[Step]),
) -> Result<(), StoreError> {
    given.as_stored(seq).announce(conn, (slug, given.at), seq, rules)?;
    announce_held(conn, slug, given, (total, reached))
}

/// Writes the one fact that a support is told by before it is shown: what all add up to with it.
///
/// # Errors
/// [`StoreError`]
pub fn announce_held(
    conn: &mut Conn,
    slug: &EventSlug,
    given: &Given,
    (total, reached): (Coins, &[Step]),
) -> Result<(), StoreError> {
    let data: Value = json!({ "total_coins": total, "reached": reached });
    outbox::append(conn, given.at, Some(slug), "milestone:update", &data)
}
