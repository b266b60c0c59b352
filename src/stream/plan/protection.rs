//! Who may watch a segment: decided once, when its index is taken up.

use super::words::Rules;
use crate::clock::Micros;
use crate::ids::KeyId;
use crate::stream::facts::FightOnAir;
use crate::stream::record::Protection;

/// The protection of a segment that begins at `start` while this fight is on air.
///
/// Keys take turns on a grid of the wall clock, so that whoever asks for one can work out its turn. The turn is that of
/// the segment's first moment, but never one to come: where the clock was set back, date-times go on from the end of
/// what is listed, and a key of the future would be refused to everyone until its time.
pub fn protection(rules: &Rules, on_air: Option<&FightOnAir>, start: Micros, now: Micros) -> Protection {
    let Some(fight) = on_air.filter(|fight| rules.encrypt && fight.sold) else { return Protection::Free };
    let ms = u64::try_from(start.min(now).0 / 1_000).unwrap_or(0);
    let turn = ms - ms % rules.rotation_ms.max(1);
    Protection::Key { id: KeyId::new(&fight.id, turn / 1_000) }
}
