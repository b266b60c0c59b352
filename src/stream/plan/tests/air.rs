//! Who is on air, and what is sold of it.

use super::world::*;
use crate::clock::Micros;
use crate::ids::RowId;
use crate::stream::facts::{AirRange, FightOnAir};
use crate::stream::record::Protection;

/// The row of a fight: made of its number.
pub fn fight_id(number: i32) -> RowId {
    format!("01ARZ3NDEKTSV4RRFFQ69G5F{number:02}").parse().unwrap()
}

impl World {
    /// A fight goes on air, or off.
    pub fn air(&mut self, number: Option<i32>, sold: bool) {
        if let Some((_, _, until)) = self.air.ranges.last_mut() {
            until.get_or_insert(self.wall);
        }
        self.air.now = number;
        if let Some(number) = number {
            self.air.ids.insert(number, fight_id(number).to_string());
            if sold {
                self.air.sold.insert(number);
            } else {
                self.air.sold.remove(&number);
            }
            self.air.ranges.push((number, self.wall, None));
        }
        let fight = |(number, id): (&i32, &String)| FightOnAir {
            id: id.parse().unwrap(),
            number: *number,
            sold: self.air.sold.contains(number),
        };
        self.facts.card = self.air.ids.iter().map(fight).collect();
        self.facts.on_air = self.facts.card.iter().find(|fight| Some(fight.number) == number).cloned();
        let range = |(fight, from, until): &(i32, i64, Option<i64>)| AirRange {
            fight: *fight,
            from: Micros(*from),
            until: until.map(Micros),
        };
        self.facts.cuts.ranges = self.air.ranges.iter().map(range).collect();
        self.tell_facts();
    }

    /// An index is sold as the oracle says.
    pub fn check_protection(&self, i: u64, protection: &Protection) {
        let key = match protection {
            Protection::Free => None,
            Protection::Key { id } => Some(id.as_str()),
        };
        let (_, expected) = &self.naive.decided[usize::try_from(i).unwrap()];
        assert_eq!(key, expected.as_deref(), "the protection of {i}");
    }
}
