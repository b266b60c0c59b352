//! What an account may watch, and what opening more of it costs.
//!
//! Verbs, all in the caller's transaction: [`find_fight_for_sale`] and [`find_night_for_sale`] read prices from the
//! database, [`hold_unlocks`] lets one transaction at a time decide over an account's unlocks of an event,
//! [`list_unlocks`] and [`list_all_unlocks`] read them, [`insert_unlock`] adds one.
//!
//! Rules, in [`Unlocks`]: a free fight is open to everyone; a fight that was bought, or whose night was bought, is open;
//! the whole night costs its price less what its fights have cost already, never less than nothing.
//!
//! Invariants: an account has a fight once and a night once (unique indexes); an unlock is never taken away here. Crash
//! before COMMIT: nothing was opened and nothing was paid, since both are one transaction.

mod records;
#[cfg(test)]
mod tests;

pub use records::{
    find_fight_for_sale, find_night_for_sale, find_shown, hold_unlocks, insert_unlock, list_all_unlocks, list_unlocks,
    list_unlocks_by_event, list_unlocks_of_many,
};

use std::collections::BTreeMap;

use super::{EventError, EventFacts};
use crate::clock::Micros;
use crate::ids::{AccountId, EventSlug, RowId};
use crate::money::Coins;

/// A fight of a shown event, as the database has it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FightForSale {
    /// The fight.
    pub id: RowId,
    /// Its event.
    pub event: RowId,
    /// Its price; 0: free.
    pub price: Coins,
    /// Event and fighters in words, for the reader of a history.
    pub words: String,
}

/// A shown event as a whole, as the database has it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NightForSale {
    /// The event.
    pub id: RowId,
    /// Its name in addresses.
    pub slug: EventSlug,
    /// Its title, for the reader of a history.
    pub title: String,
    /// Price of the whole night; 0: not sold as a whole.
    pub pass_price: Coins,
    /// Its fights and their prices.
    pub fights: Vec<(RowId, Coins)>,
}

impl From<&EventFacts> for NightForSale {
    fn from(event: &EventFacts) -> Self {
        Self {
            id: event.id.clone(),
            slug: event.slug.clone(),
            title: event.title.clone(),
            pass_price: event.pass_price_coins,
            fights: event.fights.iter().map(|fight| (fight.id.clone(), fight.price_coins)).collect(),
        }
    }
}

/// One thing an account has opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unlock {
    /// The row: what the ledger's posting refers to.
    pub id: RowId,
    /// Whose.
    pub account: AccountId,
    /// Of which event.
    pub event: RowId,
    /// The fight; `None`: the whole night.
    pub fight: Option<RowId>,
    /// What it cost; 0 when what was paid before covered it.
    pub charged: Coins,
    /// When.
    pub at: Micros,
}

/// What an account has opened of one event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unlocks {
    /// The whole night: what it cost.
    pub pass: Option<Coins>,
    /// Single fights: what each cost.
    pub fights: BTreeMap<RowId, Coins>,
}

impl Unlocks {
    /// Whether a fight of this price is open: free, bought, or part of a night that was bought.
    #[must_use]
    pub fn opens(&self, fight: &RowId, price: Coins) -> bool {
        price.0 <= 0 || self.pass.is_some() || self.fights.contains_key(fight)
    }

    /// Coins paid for single fights: they count towards the whole night.
    #[must_use]
    pub fn credit(&self) -> Coins {
        Coins(self.fights.values().fold(0, |sum, coins| sum.saturating_add(coins.0)))
    }

    /// What a fight costs now; `None`: it is open already.
    #[must_use]
    pub fn fight_due(&self, fight: &RowId, price: Coins) -> Option<Coins> {
        (!self.opens(fight, price)).then_some(price)
    }

    /// What the whole night costs now, 0 where fights have paid for it; `None`: it is open already.
    ///
    /// # Errors
    /// `events.pass_not_sold`: it has no price as a whole, and there are fights still to be opened.
    pub fn pass_due(&self, night: &NightForSale) -> Result<Option<Coins>, EventError> {
        if self.pass.is_some() {
            return Ok(None);
        }
        if night.pass_price.0 > 0 {
            return Ok(Some(Coins(night.pass_price.0.saturating_sub(self.credit().0).max(0))));
        }
        if night.fights.iter().all(|(fight, price)| self.opens(fight, *price)) {
            return Ok(None);
        }
        Err(EventError::PassNotSold(night.slug.clone()))
    }
}

/// Something an account has opened, with the words of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedUnlock {
    /// The event's name in addresses.
    pub slug: EventSlug,
    /// The event's title.
    pub title: String,
    /// When the event begins.
    pub starts_at: Micros,
    /// The fight; `None`: the whole night.
    pub fight: Option<OwnedFight>,
    /// What it cost.
    pub charged: Coins,
    /// When it was opened.
    pub at: Micros,
}

/// A fight an account has opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedFight {
    /// The fight.
    pub id: RowId,
    /// Its number on the card.
    pub number: i32,
    /// Name in the red corner.
    pub red: String,
    /// Name in the blue corner.
    pub blue: String,
}
