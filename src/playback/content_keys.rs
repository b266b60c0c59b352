//! The keys of turns: which ids there are, whose they are, and the key of each, derived once.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;

use super::GateError;
use crate::clock::Micros;
use crate::events::{EventFacts, EventStatus, SharedMirror};
use crate::ids::{KeyId, RowId};
use crate::money::Coins;
use crate::stream::facts::{ContentKey, SharedKeys};

/// A key is given this long before its turn begins, in seconds: players ask at some moment of it, so that a rotation is
/// no stampede.
pub const EARLY_S: i64 = 60;
/// The longest rotation there can be, in seconds: replays outlive a change of `playback.key_rotation_ms`.
const ROTATION_MAX_S: i64 = 86_400;
/// Keys kept; a night of five hours has some sixty.
const KEPT_MAX: usize = 1_024;

/// A key whose turn it is, was or will be soon.
#[derive(Debug)]
pub(super) struct Turn {
    pub(super) key: ContentKey,
    pub(super) event: Arc<EventFacts>,
    pub(super) fight: RowId,
    pub(super) price: Coins,
}

type Events = Arc<Vec<Arc<EventFacts>>>;

/// What was made of one state of the mirror.
#[derive(Debug)]
struct Made {
    of: Events,
    fights: Arc<HashMap<RowId, (Arc<EventFacts>, Coins)>>,
    turns: HashMap<String, Arc<Turn>>,
}

/// The keys of all events.
#[derive(Debug)]
pub(super) struct Turns {
    mirror: SharedMirror,
    keys: SharedKeys,
    rotation_s: i64,
    made: ArcSwap<Made>,
}

impl Turns {
    pub(super) fn new(mirror: &SharedMirror, keys: &SharedKeys, rotation_ms: u64) -> Self {
        let made = ArcSwap::from_pointee(Made::of(mirror.all()));
        let rotation = i64::try_from(rotation_ms / 1_000).unwrap_or(ROTATION_MAX_S).max(1);
        Self { mirror: Arc::clone(mirror), keys: Arc::clone(keys), rotation_s: rotation, made }
    }

    /// The key of an id as it was sent.
    ///
    /// # Errors
    /// [`GateError::NoSuchKey`], [`GateError::TooEarly`]; [`GateError::Away`] where the event has no secret yet.
    pub(super) fn find(&self, id: &str, now: Micros) -> Result<Arc<Turn>, GateError> {
        let made = self.made.load();
        if made.is_of(&self.mirror.all())
            && let Some(turn) = made.turns.get(id)
        {
            return Ok(Arc::clone(turn));
        }
        drop(made);
        self.make(id, now)
    }

    fn make(&self, id: &str, now: Micros) -> Result<Arc<Turn>, GateError> {
        let all = self.mirror.all();
        let mut made = self.made.load_full();
        if !made.is_of(&all) {
            made = Arc::new(Made::of(all));
        }
        let id: KeyId = id.parse().map_err(|_| GateError::NoSuchKey)?;
        let fight = id.fight().ok_or(GateError::NoSuchKey)?;
        let from_s = id.from_s();
        // `…-007` would be another key than `…-7`.
        if KeyId::new(&fight, from_s) != id {
            return Err(GateError::NoSuchKey);
        }
        let (event, price) = made.fights.get(&fight).cloned().ok_or(GateError::NoSuchKey)?;
        let from_s = i64::try_from(from_s).map_err(|_| GateError::NoSuchKey)?;
        due(from_s, &event, self.rotation_s, now)?;
        let key = self.keys.content_key(&event.slug, &id).ok_or(GateError::Away)?;
        let turn = Arc::new(Turn { key, event, fight, price });
        let mut turns = if made.turns.len() < KEPT_MAX { made.turns.clone() } else { HashMap::new() };
        turns.insert(id.to_string(), Arc::clone(&turn));
        // Another one made at the same time may be overwritten: it is made again then.
        self.made.store(Arc::new(Made { of: Arc::clone(&made.of), fights: Arc::clone(&made.fights), turns }));
        Ok(turn)
    }
}

impl Made {
    fn of(all: Events) -> Self {
        let shown = all.iter().filter(|event| event.status != EventStatus::Draft);
        let fights = shown
            .flat_map(|event| {
                event.fights.iter().map(|fight| (fight.id.clone(), (Arc::clone(event), fight.price_coins)))
            })
            .collect();
        Self { of: all, fights: Arc::new(fights), turns: HashMap::new() }
    }

    fn is_of(&self, all: &Events) -> bool {
        Arc::ptr_eq(&self.of, all)
    }
}

/// Whether a turn that began, or begins, at this second may be asked for.
///
/// What lies ahead must be on the grid of this rotation. What is past need not be, since it may have been recorded with
/// another one; it cannot be older than the first time that something of the event was on air.
fn due(from_s: i64, event: &EventFacts, rotation_s: i64, now: Micros) -> Result<(), GateError> {
    let now_s = now.0.div_euclid(1_000_000);
    let is_on_grid = from_s.rem_euclid(rotation_s) == 0;
    if from_s > now_s {
        if !is_on_grid {
            return Err(GateError::NoSuchKey);
        }
        let wait = from_s.saturating_sub(now_s).saturating_sub(EARLY_S);
        return match u32::try_from(wait) {
            Ok(wait @ 1..) => Err(GateError::TooEarly { retry_after_s: wait }),
            _ => Ok(()),
        };
    }
    // A fight that has just gone on air may not be in this node's mirror yet, and a turn may have ended since.
    if is_on_grid && from_s > now_s.saturating_sub(rotation_s).saturating_sub(EARLY_S) {
        return Ok(());
    }
    let first = event.air_ranges.iter().map(|range| range.from.0.div_euclid(1_000_000)).min();
    if first.is_some_and(|first| from_s >= first.saturating_sub(ROTATION_MAX_S)) {
        return Ok(());
    }
    Err(GateError::NoSuchKey)
}

#[cfg(test)]
pub(super) fn may_ask(from_s: i64, event: &EventFacts, rotation_s: i64, now: Micros) -> Result<(), GateError> {
    due(from_s, event, rotation_s, now)
}
