//! A show: event, fights, fighters, milestones and polls as stored, its on-air state, and the disk mirror.
//!
//! Verbs: [`go_on_air`], [`go_off_air`], [`interrupt`], [`resume`], [`end`], [`rotate_epoch`], [`renew_stream_key`],
//! [`renew_overlay_key`], [`record_stream`], [`trim_replay`], [`hide_range`], [`show_range`] and [`apply()`](apply::apply); each is one write with its facts and its audit row. What accounts may
//! watch, and what it costs, stands in `unlocks`, whose verbs join the till's transaction.
//!
//! Invariants: a status only moves forward; at most one range of an event's timeline is open, and its fight is the one
//! on air; the same name in one event is the same fighter; stream and overlay keys are stored as their codes only. The mirror is what
//! everyone reads: pages and the stream path never ask the database.
//!
//! Each event has a secret of its own, sealed; the content keys of its fights are derived from it ([`Secrets`]).
//!
//! A crash before COMMIT changes nothing. After it the mirror follows at the next fact, or within ten seconds. A verb
//! that is asked twice is refused the second time (`events.already_on_air`), and changes nothing.

pub mod apply;
mod codes;
mod error;
mod facts;
mod holds;
mod keeper;
mod mirror;
mod on_air;
mod overlay_key;
mod picture;
mod records;
mod replays;
mod secrets;
mod stream_key;
#[cfg(test)]
mod tests;
mod unlocks;

pub use error::EventError;
pub use facts::*;
pub use holds::{hold_event, share_event};
pub use keeper::{keep_mirror, refresh as refresh_mirror};
pub use mirror::{Mirror, SharedMirror, mirror_path};
pub use on_air::{end, go_off_air, go_on_air, interrupt, resume};
pub use overlay_key::{OverlayKeyCodes, renew_overlay_key};
pub use picture::{record_stream, rotate_epoch};
pub use records::load_facts;
pub use replays::{TrimTo, hide_range, show_range, trim_replay};
pub use secrets::Secrets;
pub use stream_key::{StreamKeyCodes, StreamKeys, mac_of_stream_key, renew_stream_key};
pub use unlocks::{
    FightForSale, NightForSale, OwnedFight, OwnedUnlock, Unlock, Unlocks, find_fight_for_sale, find_night_for_sale,
    find_shown, hold_unlocks, insert_unlock, list_all_unlocks, list_unlocks, list_unlocks_by_event,
    list_unlocks_of_many,
};

use crate::ids::{RowId, SharedRandom};
use crate::store::audit::Actor;

/// Someone doing something: who, when, and where new names come from.
#[derive(Clone, Debug)]
pub struct Act {
    /// Who, when, from where.
    pub actor: Actor,
    /// Source of ids, epochs and keys.
    pub random: SharedRandom,
}

impl Act {
    /// A name for a row that is about to be written.
    #[must_use]
    pub fn new_id(&self) -> RowId {
        RowId::new(self.actor.at, self.random.as_ref())
    }
}
