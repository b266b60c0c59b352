//! The gate's verbs: a key for a session, and a place for a device.

use std::fmt;
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use super::GateError;
use super::asks::{Asks, Queue};
use super::claims::{Found, Group, Who};
use super::content_keys::{Turn, Turns};
use super::leases::{Claim, Outcome, Rules};
use super::meters::Meters;
use super::players::{Player, Players};
use crate::accounts::{Accounts, TokenHash};
use crate::clock::{Micros, SharedClock};
use crate::config::Playback;
use crate::events::{EventFacts, EventStatus, SharedMirror, Unlocks};
use crate::ids::{AccountId, EventSlug, RowId};
use crate::store::Store;
use crate::store::outbox::Fact;
use crate::stream::facts::{ContentKey, SharedKeys};

/// What the gate is made of.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The database.
    pub store: Store,
    /// The time.
    pub clock: SharedClock,
    /// Sessions.
    pub accounts: Accounts,
    /// Events and prices.
    pub mirror: SharedMirror,
    /// Content keys.
    pub keys: SharedKeys,
    /// `[playback]`
    pub config: Playback,
}

/// Questions on their way to the database.
pub(super) type Queues = (Queue<Who, Option<Found>>, Queue<Group, Vec<Outcome>>);

/// The gate of this node. Cheap to clone; clones share what they know.
#[derive(Clone)]
pub struct Gate(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) parts: Parts,
    pub(super) rules: Rules,
    pub(super) players: Players,
    turns: Turns,
    who: Asks<Who, Option<Found>>,
    places: Asks<Group, Vec<Outcome>>,
    /// What waits for the database; taken by whoever asks it.
    pub(super) queues: Mutex<Option<Queues>>,
    meters: Meters,
    /// Wakes the look at everything that is known.
    pub(super) doubts: Notify,
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gate")
    }
}

/// A device's answer to its heartbeat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Whether it has a place.
    pub is_held: bool,
    /// Whether the account has the whole night.
    pub pass: bool,
    /// Numbers of the fights that are open to it, free ones too.
    pub open: Vec<i32>,
}

impl Gate {
    /// The gate over its parts. Nobody asks the database for it before [`Gate::keep`].
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let rules = Rules {
            devices: usize::try_from(parts.config.devices_per_account).unwrap_or(usize::MAX),
            ttl_ms: i64::try_from(parts.config.lease_ttl_ms).unwrap_or(i64::MAX),
        };
        let ((who, who_asked), (places, claimed)) = (Asks::new(), Asks::new());
        Self(Arc::new(Inner {
            rules,
            players: Players::new(),
            turns: Turns::new(&parts.mirror, &parts.keys, parts.config.key_rotation_ms),
            who,
            places,
            queues: Mutex::new(Some((who_asked, claimed))),
            meters: Meters::new(),
            doubts: Notify::new(),
            parts,
        }))
    }

    /// `[playback]`, as it is kept here.
    #[must_use]
    pub fn config(&self) -> &Playback {
        &self.0.parts.config
    }

    /// The content key of an id, for the session of a token. A session without a place takes a free one.
    ///
    /// # Errors
    /// [`GateError`]
    pub async fn key(&self, token: &str, id: &str) -> Result<ContentKey, GateError> {
        let now = self.0.parts.clock.now();
        let hash = TokenHash::of(token);
        let (turn, known) = (self.0.turns.find(id, now), self.0.players.find(&hash, now));
        let answer = match (&turn, &known) {
            (Ok(turn), Some(player)) if player.holds(self.0.rules.ttl_ms, now) && opens(player, turn) => {
                player.asked(now);
                player.beat(now);
                Ok(turn.key.clone())
            }
            _ => self.key_by_asking(hash, turn, known).await,
        };
        self.0.meters.count(&answer);
        answer
    }

    async fn key_by_asking(
        &self,
        hash: TokenHash,
        turn: Result<Arc<Turn>, GateError>,
        known: Option<Arc<Player>>,
    ) -> Result<ContentKey, GateError> {
        let player = match (&turn, known) {
            (Ok(turn), Some(player)) if opens(&player, turn) => player,
            (Err(_), Some(player)) => player,
            (turn, known) => {
                let event = turn.as_ref().ok().map(|turn| turn.event.id.clone());
                self.meet(hash, event, known).await?.0
            }
        };
        let turn = turn?;
        // Only what the database has just said can be here without opening: see `meet`.
        if !opens(&player, &turn) {
            return Err(GateError::Locked);
        }
        if self.take_place(&player, false).await? { Ok(turn.key.clone()) } else { Err(GateError::LeaseLost) }
    }

    /// A place for the device of a session, and what the account may watch of an event. With `take` it is taken from
    /// another device where none is free.
    ///
    /// # Errors
    /// [`GateError::SignedOut`], [`GateError::NoSuchEvent`], or the database is away and the session is not known.
    pub async fn hold(&self, token: &str, slug: &str, take: bool) -> Result<Held, GateError> {
        let now = self.0.parts.clock.now();
        let hash = TokenHash::of(token);
        let slug: Option<EventSlug> = slug.parse().ok();
        let event = slug.and_then(|slug| self.0.parts.mirror.find(&slug));
        let event = event.filter(|event| event.status != EventStatus::Draft);
        let known = self.0.players.find(&hash, now);
        let (player, unlocks) = match (&event, known) {
            (Some(event), Some(player)) => match player.unlocks_of(&event.id).filter(|known| opens_all(known, event)) {
                Some(unlocks) => (player, unlocks),
                // What the account has not opened may have been opened a moment ago.
                None => self.learn(hash, event, player).await?,
            },
            (event, known) => self.meet(hash, event.as_ref().map(|event| event.id.clone()), known).await?,
        };
        let event = event.ok_or(GateError::NoSuchEvent)?;
        let is_held = self.take_place(&player, take).await?;
        let open = event.fights.iter().filter(|fight| unlocks.opens(&fight.id, fight.price_coins));
        Ok(Held { is_held, pass: unlocks.pass.is_some(), open: open.map(|fight| fight.number).collect() })
    }

    /// [`Gate::meet`] for somebody who is known: while the database is away, what is known holds.
    async fn learn(
        &self,
        hash: TokenHash,
        event: &EventFacts,
        player: Arc<Player>,
    ) -> Result<(Arc<Player>, Arc<Unlocks>), GateError> {
        match self.meet(hash, Some(event.id.clone()), Some(Arc::clone(&player))).await {
            Err(error) if error.is_unknown() => {
                let unlocks = player.unlocks_of(&event.id).ok_or(error)?;
                Ok((player, unlocks))
            }
            met => met,
        }
    }

    /// Asks the database who has a session and what the account has opened of an event, and keeps the answer.
    async fn meet(
        &self,
        hash: TokenHash,
        event: Option<RowId>,
        known: Option<Arc<Player>>,
    ) -> Result<(Arc<Player>, Arc<Unlocks>), GateError> {
        let heard = self.0.players.heard();
        let Some(found) = self.0.who.ask(Who { hash, event: event.clone() }).await? else {
            if known.is_some() {
                self.0.players.forget(&hash);
            }
            return Err(GateError::SignedOut);
        };
        let player = self.0.players.put(&found.session, heard, self.0.parts.clock.now());
        let unlocks = Arc::new(found.unlocks);
        if let Some(event) = event {
            player.set_unlocks(&event, Arc::clone(&unlocks));
        }
        Ok((player, unlocks))
    }

    /// Whether the device has a place, or gets one. While the database is away whoever had one keeps it.
    async fn take_place(&self, player: &Player, take: bool) -> Result<bool, GateError> {
        let now = self.0.parts.clock.now();
        player.asked(now);
        if !take && player.holds(self.0.rules.ttl_ms, now) {
            player.beat(now);
            return Ok(true);
        }
        let is_held = match self.claim(player, take, now).await {
            Err(error) if error.is_unknown() && player.taken_at().is_some() => true,
            answer => answer?,
        };
        if is_held {
            player.beat(self.0.parts.clock.now());
        }
        Ok(is_held)
    }

    /// Claims a place in the database, and keeps what becomes of it.
    ///
    /// The account's other devices that play by this node claim theirs first: while the database was away their rows have
    /// grown old, and whoever comes next must not find them free.
    pub(super) async fn claim(&self, player: &Player, take: bool, used_at: Micros) -> Result<bool, GateError> {
        let now = self.0.parts.clock.now();
        let is_beside = |other: &Player| other.session != player.session && other.holds(self.0.rules.ttl_ms, now);
        let mut beside = self.0.players.list_of(&player.account);
        beside.retain(|other| is_beside(other));
        let mut group: Group = beside.iter().map(|other| claim_of(other, false, other.beat_at())).collect();
        group.push(claim_of(player, take, used_at));
        let outcomes = self.0.places.ask(group).await?;
        for (other, outcome) in beside.iter().zip(&outcomes) {
            self.keep_outcome(other, *outcome);
        }
        let outcome = outcomes.last().copied().unwrap_or(Outcome::Gone);
        self.keep_outcome(player, outcome);
        match outcome {
            Outcome::Held(_) => Ok(true),
            Outcome::Lost => Ok(false),
            Outcome::Gone => Err(GateError::SignedOut),
        }
    }

    fn keep_outcome(&self, player: &Player, outcome: Outcome) {
        match outcome {
            Outcome::Held(taken_at) => player.place(taken_at),
            Outcome::Lost => player.unplace(),
            Outcome::Gone => self.0.players.forget(&player.hash),
        }
    }

    /// Hears a fact of the bus: forgets what it makes doubtful.
    pub fn hear(&self, fact: &Fact) {
        let text = |name: &str| fact.payload.get(name).and_then(serde_json::Value::as_str);
        let Some(account) = text("account").and_then(|account| account.parse::<AccountId>().ok()) else { return };
        match fact.kind.as_str() {
            "account:revoked" => self.0.players.forget_account(&account),
            "lease:lost" => {
                let Some(session) = text("session").and_then(|session| session.parse::<RowId>().ok()) else { return };
                let taken_at = fact.payload.get("taken_at").and_then(serde_json::Value::as_i64);
                let lost = Micros(taken_at.unwrap_or(i64::MAX));
                let known = self.0.players.list_of(&account);
                if known.iter().any(|player| player.session == session && player.lose(lost)) {
                    tracing::debug!(%session, "another device has taken its place");
                }
            }
            _ => {}
        }
    }

    /// Facts were missed: everything that is known is asked for again, now.
    pub fn doubt(&self) {
        self.0.doubts.notify_one();
    }
}

fn claim_of(player: &Player, take: bool, used_at: Micros) -> Claim {
    let (account, session) = (player.account.clone(), player.session.clone());
    Claim { account, session, take, taken_at: player.taken_at(), used_at }
}

fn opens(player: &Player, turn: &Turn) -> bool {
    turn.price.0 <= 0 || player.unlocks_of(&turn.event.id).is_some_and(|unlocks| unlocks.opens(&turn.fight, turn.price))
}

fn opens_all(unlocks: &Unlocks, event: &EventFacts) -> bool {
    event.fights.iter().all(|fight| unlocks.opens(&fight.id, fight.price_coins))
}
