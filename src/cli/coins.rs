//! `bakuhantam coins`: coins by the operator's hand.

use std::sync::Arc;

use super::event::with_database;
use super::{fail, say};
use crate::accounts::{self, Phone};
use crate::clock::SystemClock;
use crate::config::{Config, Loaded};
use crate::events::Act;
use crate::flows::{Till, TillError, TillParts};
use crate::ledger::{Entry, LedgerError, Posted};
use crate::money::Coins;
use crate::store::Store;

/// Arguments of `coins`.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Args {
    /// What to do
    #[command(subcommand)]
    pub(super) verb: Verb,
}

/// What `coins` does.
#[derive(Clone, Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Give coins to a viewer, or take them with a negative number
    Grant(Grant),
}

/// Arguments of `coins grant`.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Grant {
    /// The viewer's number, as people write it
    #[arg(long, allow_hyphen_values = true)]
    phone: String,
    /// How many; a negative number takes them, as far as the balance goes
    #[arg(long, allow_negative_numbers = true)]
    coins: i64,
    /// Why: the viewer reads it in the history
    #[arg(long)]
    reason: String,
    /// A name of this grant: under the same name it is given once. Without one a name is made and printed
    #[arg(long)]
    reference: Option<String>,
}

/// Why coins were not granted.
#[derive(Debug, thiserror::Error)]
enum CoinsError {
    /// The number is none.
    #[error("--phone: {0}")]
    Phone(#[from] accounts::PhoneError),
    /// Nobody has it.
    #[error("no account has this number: the viewer registers first")]
    Nobody,
    /// The reference is taken.
    #[error("the reference {0} was used for other coins or another viewer: give a --reference of its own")]
    Taken(String),
    /// More is to be taken than there is.
    #[error("the balance is {balance} coins, so {needed} cannot be taken: take at most the balance")]
    TooFew { balance: Coins, needed: Coins },
    /// Zero, or too many.
    #[error("{0} coins cannot be granted: give a number other than 0, and less than a trillion")]
    Amount(Coins),
    /// The till.
    #[error(transparent)]
    Till(TillError),
}

impl From<TillError> for CoinsError {
    fn from(error: TillError) -> Self {
        match error {
            TillError::Ledger(LedgerError::Conflict { reference, .. }) => Self::Taken(reference),
            TillError::Ledger(LedgerError::InsufficientCoins { balance, needed }) => Self::TooFew { balance, needed },
            TillError::Ledger(LedgerError::BadAmount { coins, .. }) => Self::Amount(coins),
            error => Self::Till(error),
        }
    }
}

/// Runs the command; returns the exit code.
pub(super) fn run(args: Args, loaded: &Loaded) -> u8 {
    let Verb::Grant(grant) = args.verb;
    match with_database(loaded, async |store, act, _key| give(&grant, store, act, &loaded.config).await) {
        Ok(said) => {
            say(said);
            0
        }
        Err(error) => fail(error),
    }
}

/// Does it, and says what is true now.
async fn give(grant: &Grant, store: &Store, act: &Act, config: &Config) -> Result<String, CoinsError> {
    let phone = Phone::parse(&grant.phone)?;
    let account = store.read(move |conn| accounts::find_account_id(conn, &phone)).await.map_err(TillError::from)?;
    let account = account.ok_or(CoinsError::Nobody)?;
    // Granting needs no payment provider.
    let till = Till::new(TillParts {
        store: store.clone(),
        clock: Arc::new(SystemClock),
        random: act.random.clone(),
        provider: None,
        order_ttl_minutes: config.payments.order_ttl_minutes,
        site_url: config.server.public_url.clone(),
    });
    let reference = grant.reference.as_deref();
    let posted = till.grant(&act.actor, &account, Coins(grant.coins), &grant.reason, reference).await?;
    Ok(match &posted {
        Posted::Created(entry) => format!("{}: the balance is {} coins", told(entry), entry.balance_after),
        Posted::Exists(entry) => format!("{} before: nothing was changed", told(entry)),
    })
}

fn told(entry: &Entry) -> String {
    let Entry { coins, reference, .. } = entry;
    if coins.0 < 0 {
        format!("{} coins were taken under the reference {reference}", Coins(coins.0.saturating_neg()))
    } else {
        format!("{coins} coins were granted under the reference {reference}")
    }
}
