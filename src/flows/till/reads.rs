//! What the till shows.

use super::{Till, TillError};
use crate::ids::AccountId;
use crate::ledger::{self, Entry};
use crate::money::Coins;
use crate::payments::{self, CoinPackage};

impl Till {
    /// An account's balance.
    ///
    /// # Errors
    /// The database.
    pub async fn balance(&self, account: &AccountId) -> Result<Coins, TillError> {
        let account = account.clone();
        Ok(self.0.store.read(move |conn| ledger::get_balance(conn, &account)).await?)
    }

    /// An account's movements, newest first; `before` is the number of the last one seen.
    ///
    /// # Errors
    /// The database.
    pub async fn history(&self, account: &AccountId, before: Option<i64>, limit: i64) -> Result<Vec<Entry>, TillError> {
        let account = account.clone();
        Ok(self.0.store.read(move |conn| ledger::list_entries(conn, &account, before, limit)).await?)
    }

    /// What is sold now, in the order of the shop.
    ///
    /// # Errors
    /// The database.
    pub async fn list_packages(&self) -> Result<Vec<CoinPackage>, TillError> {
        let all = self.0.store.read(payments::list_packages).await?;
        Ok(all.into_iter().filter(|package| package.active).collect())
    }
}
