//! What replays are cut from: when each fight was on air, what is hidden, and where a replay begins and ends.

mod records;

pub(super) use records::{load_hidden, load_ranges, load_trims};
