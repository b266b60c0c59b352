//! Who may watch a segment: decided once, when its index is taken up.

use super::timeline::after;
use super::words::{Moment, Rules};
use crate::clock::Micros;
use crate::ids::KeyId;
use crate::stream::facts::{FightOnAir, StreamFacts};
use crate::stream::record::Protection;

/// The fight that a segment belongs to, by its number, and its protection.
///
/// A segment is sold when a sold fight was on air in any part of it, or is on air as it is taken up. By the first, what
/// was recorded during a fight is sold also where it is taken up after its end: after a restart, or when the journal is
/// lost. By the second, one that begins before its fight is told of is sold from the next segment on, whatever the
/// clocks of two machines say.
///
/// Keys take turns on a grid of the wall clock, so that whoever asks for one can work out its turn. The turn is that of
/// the segment's first moment, but never one to come: where the clock was set back, date-times go on from the end of
/// what is listed, and a key of the future would be refused to everyone until its time.
pub fn decide(
    rules: &Rules,
    facts: &StreamFacts,
    (start, duration_us): (Micros, u64),
    now: Moment,
) -> (Option<i32>, Protection) {
    let recorded = fight_at(facts, start, after(start, duration_us));
    match recorded.into_iter().chain(&facts.on_air).find(|fight| fight.sold) {
        Some(fight) if rules.encrypt => {
            let ms = u64::try_from(start.min(now.wall).0 / 1_000).unwrap_or(0);
            let turn = ms - ms % rules.rotation_ms.max(1);
            (Some(fight.number), Protection::Key { id: KeyId::new(&fight.id, turn / 1_000) })
        }
        _ => (facts.on_air.as_ref().map(|fight| fight.number), Protection::Free),
    }
}

/// The fight that was on air in some part of a time; of several the last.
fn fight_at(facts: &StreamFacts, from: Micros, until: Micros) -> Option<&FightOnAir> {
    let ranges = facts.cuts.ranges.iter().rev();
    let mut then = ranges.filter(|range| range.from < until && range.until.is_none_or(|end| end > from));
    then.find_map(|range| facts.card.iter().find(|fight| fight.number == range.fight))
}
