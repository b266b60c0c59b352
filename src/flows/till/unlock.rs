//! Opening a fight or a whole night for coins.
//!
//! One transaction: the request's earlier answer is looked for, the account's unlocks of the event are held, prices and
//! unlocks are read, the unlock is written, the ledger booked, the answer kept. Two requests with different keys for the
//! same thing come one after the other, and the second finds it open. A refusal takes everything back.

use std::collections::BTreeMap;

use super::once::once;
use super::{MoneyRequest, Till, TillError};
use crate::clock::Micros;
use crate::events::{self, OwnedUnlock, Unlock, Unlocks};
use crate::ids::{AccountId, EventSlug, RowId};
use crate::ledger::{self, Kind, Posting};
use crate::money::Coins;
use crate::store::Conn;

/// What opening something has come to.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Unlocked {
    /// Coins that were taken; 0 where it was open already.
    #[serde(rename = "charged_coins")]
    pub charged: Coins,
    /// Coins left.
    pub balance: Coins,
}

/// What one transaction is given from outside, since it may run twice.
struct Purchase {
    account: AccountId,
    unlock: RowId,
    posting: RowId,
    most: Option<Coins>,
    at: Micros,
}

impl Till {
    /// Opens a fight for an account. What is free, bought before or part of a bought night costs nothing. Ended events
    /// are sold too: their fights can be watched again.
    ///
    /// # Errors
    /// `till.not_found` for a fight that is not shown, `ledger.insufficient_coins`, `idempotency.mismatch`, or the
    /// database.
    pub async fn unlock_fight(
        &self,
        account: &AccountId,
        fight: &RowId,
        request: &MoneyRequest,
    ) -> Result<Unlocked, TillError> {
        self.unlock_fight_within(account, fight, None, request).await
    }

    /// [`Till::unlock_fight`] for at most `most` coins: what the buyer was shown and has agreed to.
    ///
    /// # Errors
    /// Also `events.price_changed`, where it costs more by now.
    pub async fn unlock_fight_within(
        &self,
        account: &AccountId,
        fight: &RowId,
        most: Option<Coins>,
        request: &MoneyRequest,
    ) -> Result<Unlocked, TillError> {
        let (purchase, fight, request) = (self.purchase(account, most), fight.clone(), request.clone());
        let work = move |conn: &mut Conn| {
            once(conn, &request, purchase.at, |conn| {
                let fight = events::find_fight_for_sale(conn, &fight)?.ok_or(TillError::NotFound("fight"))?;
                events::hold_unlocks(conn, &purchase.account, &fight.event)?;
                let due =
                    events::list_unlocks(conn, &purchase.account, &fight.event)?.fight_due(&fight.id, fight.price);
                purchase.open(conn, &fight.event, Some(&fight.id), due, &fight.words)
            })
        };
        self.0.store.write(work).await
    }

    /// Opens a whole night for an account. Coins that its fights have cost already are taken off its price.
    ///
    /// # Errors
    /// `till.not_found` for an event that is not shown, `events.pass_not_sold`, `ledger.insufficient_coins`,
    /// `idempotency.mismatch`, or the database.
    pub async fn unlock_event(
        &self,
        account: &AccountId,
        event: &EventSlug,
        request: &MoneyRequest,
    ) -> Result<Unlocked, TillError> {
        self.unlock_event_within(account, event, None, request).await
    }

    /// [`Till::unlock_event`] for at most `most` coins: what the buyer was shown and has agreed to.
    ///
    /// # Errors
    /// Also `events.price_changed`, where it costs more by now.
    pub async fn unlock_event_within(
        &self,
        account: &AccountId,
        event: &EventSlug,
        most: Option<Coins>,
        request: &MoneyRequest,
    ) -> Result<Unlocked, TillError> {
        let (purchase, event, request) = (self.purchase(account, most), event.clone(), request.clone());
        let work = move |conn: &mut Conn| {
            once(conn, &request, purchase.at, |conn| {
                let night = events::find_night_for_sale(conn, &event)?.ok_or(TillError::NotFound("event"))?;
                events::hold_unlocks(conn, &purchase.account, &night.id)?;
                let due = events::list_unlocks(conn, &purchase.account, &night.id)?.pass_due(&night)?;
                purchase.open(conn, &night.id, None, due, &night.title)
            })
        };
        self.0.store.write(work).await
    }

    /// What an account has opened of an event.
    ///
    /// # Errors
    /// `till.not_found` for an event that is not shown, or the database.
    pub async fn list_unlocks(&self, account: &AccountId, event: &EventSlug) -> Result<Unlocks, TillError> {
        let (account, event) = (account.clone(), event.clone());
        let work = move |conn: &mut Conn| {
            let event = events::find_shown(conn, &event)?.ok_or(TillError::NotFound("event"))?;
            Ok(events::list_unlocks(conn, &account, &event)?)
        };
        self.0.store.read(work).await
    }

    /// What an account has opened, by event.
    ///
    /// # Errors
    /// The database.
    pub async fn list_unlocks_by_event(&self, account: &AccountId) -> Result<BTreeMap<RowId, Unlocks>, TillError> {
        let account = account.clone();
        Ok(self.0.store.read(move |conn| events::list_unlocks_by_event(conn, &account)).await?)
    }

    /// Everything an account has opened, newest first, at most `limit`.
    ///
    /// # Errors
    /// The database.
    pub async fn list_all_unlocks(&self, account: &AccountId, limit: i64) -> Result<Vec<OwnedUnlock>, TillError> {
        let account = account.clone();
        Ok(self.0.store.read(move |conn| events::list_all_unlocks(conn, &account, limit)).await?)
    }

    fn purchase(&self, account: &AccountId, most: Option<Coins>) -> Purchase {
        let (at, random) = (self.0.clock.now(), self.0.random.as_ref());
        let (unlock, posting) = (RowId::new(at, random), RowId::new(at, random));
        Purchase { account: account.clone(), unlock, posting, most, at }
    }
}

impl Purchase {
    /// Opens something for `due` coins; `None`: it is open already, and costs nothing.
    fn open(
        &self,
        conn: &mut Conn,
        event: &RowId,
        fight: Option<&RowId>,
        due: Option<Coins>,
        words: &str,
    ) -> Result<Unlocked, TillError> {
        let Some(charged) = due else { return self.nothing_due(conn) };
        if self.most.is_some_and(|most| charged > most) {
            return Err(TillError::PriceChanged { due: charged });
        }
        let unlock = Unlock {
            id: self.unlock.clone(),
            account: self.account.clone(),
            event: event.clone(),
            fight: fight.cloned(),
            charged,
            at: self.at,
        };
        // Before the coins: where somebody got past the lock, the unique index says so while nothing is paid.
        if !events::insert_unlock(conn, &unlock)? || charged.0 == 0 {
            return self.nothing_due(conn);
        }
        let posting = Posting {
            id: self.posting.clone(),
            account: self.account.clone(),
            kind: Kind::Unlock,
            coins: Coins(charged.0.saturating_neg()),
            reference: self.unlock.to_string(),
            note: Some(words.to_owned()),
            at: self.at,
        };
        let posted = ledger::post(conn, &posting)?;
        Ok(Unlocked { charged, balance: posted.entry().balance_after })
    }

    fn nothing_due(&self, conn: &mut Conn) -> Result<Unlocked, TillError> {
        Ok(Unlocked { charged: Coins(0), balance: ledger::get_balance(conn, &self.account)? })
    }
}
