//! Everything the pages and the stream path know of an event: one document per event, mirrored to disk.

use serde::{Deserialize, Serialize};

use crate::clock::Micros;
use crate::ids::{Epoch, EventSlug, ReplayName, RowId};
use crate::money::Coins;

/// An event as the mirror holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventFacts {
    /// Its row.
    pub id: RowId,
    /// Its name in addresses.
    pub slug: EventSlug,
    /// Its name for people.
    pub title: String,
    /// Draft, published or ended.
    pub status: EventStatus,
    /// When it begins.
    pub starts_at: Micros,
    /// Price of the whole night; 0: not sold as a whole.
    pub pass_price_coins: Coins,
    /// Lower-case hex HMAC-SHA-256 of the stream key under the secret key's `stream-key` purpose.
    pub stream_key_mac: String,
    /// The word in the object keys of what is published next.
    pub epoch: Epoch,
    /// Declared interrupted by an operator.
    pub interrupted: bool,
    /// Number of the fight on air.
    pub on_air_fight: Option<i32>,
    /// Picture state and published epoch as last recorded by the publishing node.
    pub stream: RecordedStream,
    /// The card, by number.
    pub fights: Vec<FightFacts>,
    /// The donation ladder, by coins.
    pub milestones: Vec<MilestoneFacts>,
    /// Questions; drafts included.
    pub polls: Vec<PollFacts>,
    /// The secret that content keys are made from, sealed; `None` for an instant, until a node has made it.
    #[serde(default)]
    pub secret_sealed: Option<String>,
    /// Lower-case hex HMAC-SHA-256 of the overlay key under the secret key's `overlay-key` purpose; `None`: it has none.
    #[serde(default)]
    pub overlay_key_mac: Option<String>,
    /// Days after its end that it can be watched again; 0: for ever.
    #[serde(default)]
    pub replay_days: i32,
    /// When each fight was on air, in order.
    #[serde(default)]
    pub air_ranges: Vec<AirRangeFacts>,
    /// Parts of the timeline that no replay shows.
    #[serde(default)]
    pub hidden: Vec<HiddenRange>,
    /// Replays that begin or end elsewhere than their fight.
    #[serde(default)]
    pub trims: Vec<TrimFacts>,
}

/// A time that a fight was on air.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AirRangeFacts {
    /// The fight's number on the card.
    pub fight: i32,
    /// Since when.
    pub from: Micros,
    /// Until when; `None`: it is on air.
    pub until: Option<Micros>,
}

/// A part of the timeline that no replay shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HiddenRange {
    /// Its row.
    pub id: RowId,
    /// Its first moment.
    pub from: Micros,
    /// The moment after it.
    pub until: Micros,
}

/// Where a replay begins and ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrimFacts {
    /// The replay.
    pub replay: ReplayName,
    /// What lies before is left out.
    pub from: Option<Micros>,
    /// What lies from here on is left out.
    pub until: Option<Micros>,
}

/// The picture's state as recorded in the database for nodes that do not publish.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedStream {
    /// `offline`, `live`, `interrupted` or `ended`; empty before the first record.
    pub status: String,
    /// Epoch whose playlists are on the store.
    pub epoch: Option<Epoch>,
    /// When the state began.
    pub since: Micros,
    /// Replays whose playlists are on the store.
    #[serde(default)]
    pub replays: Vec<ReplayName>,
}

/// An event's life; it only moves forward.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EventStatus {
    /// Not shown.
    #[default]
    Draft,
    /// Shown.
    Published,
    /// Over.
    Ended,
}

/// A fight on the card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FightFacts {
    /// Its row.
    pub id: RowId,
    /// Its number on the card, from 1.
    pub number: i32,
    /// Weight class or billing; may be empty.
    pub title: String,
    /// Fighter in the red corner.
    pub red: FighterFacts,
    /// Fighter in the blue corner.
    pub blue: FighterFacts,
    /// Price; 0: free.
    pub price_coins: Coins,
    /// Scheduled, live or ended.
    pub status: FightStatus,
}

/// A fighter: the same name in one event is the same fighter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FighterFacts {
    /// The row.
    pub id: RowId,
    /// The name.
    pub name: String,
}

/// A fight's state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FightStatus {
    /// Not yet on air.
    #[default]
    Scheduled,
    /// On air.
    Live,
    /// Was on air.
    Ended,
}

/// A step of the donation ladder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MilestoneFacts {
    /// Its row.
    pub id: RowId,
    /// Reached at this total.
    pub coins: Coins,
    /// What happens then.
    pub title: String,
}

/// A coin-backed question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PollFacts {
    /// Its row.
    pub id: RowId,
    /// Its name in commands.
    pub code: String,
    /// The question.
    pub question: String,
    /// `draft`, `open`, `closed` or `settled`.
    pub status: String,
    /// Price of a vote.
    pub coins_per_vote: Coins,
    /// Most votes of one viewer over the poll.
    pub max_votes_per_viewer: i64,
    /// The answers in order.
    pub options: Vec<PollOptionFacts>,
}

/// An answer of a poll.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PollOptionFacts {
    /// Its row.
    pub id: RowId,
    /// The words.
    pub label: String,
}
