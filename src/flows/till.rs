//! The till: every use case with coins, as the web and commands ask for it. Each verb is one transaction.

mod cast_vote;
mod error;
mod grant;
mod once;
mod order_coins;
mod orders;
mod reads;
mod recheck;
mod reconcile;
mod settle_top_up;
mod take_notice;
mod turns;
mod unlock;

use std::sync::Arc;

pub use cast_vote::Voted;
pub use error::TillError;
pub use orders::{DayTotals, TillOrderFilter};
pub use reconcile::Reconciler;
pub use take_notice::NoticeAnswer;
pub use unlock::Unlocked;

use self::reconcile::Asking;
use crate::clock::SharedClock;
use crate::ids::SharedRandom;
use crate::payments::PaymentProvider;
use crate::store::Store;

/// What the till is made of.
#[derive(Clone, Debug)]
pub struct TillParts {
    /// The database.
    pub store: Store,
    /// The time.
    pub clock: SharedClock,
    /// Random bytes.
    pub random: SharedRandom,
    /// Who takes the money; `None` with `payments.gateway = "none"`.
    pub provider: Option<Arc<dyn PaymentProvider>>,
    /// How long an order can be paid, in minutes.
    pub order_ttl_minutes: u32,
    /// The site's address, without a slash at the end: payers come back to `<it>/orders/<invoice>`.
    pub site_url: String,
}

/// The till. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Till(Arc<TillParts>, Arc<Asking>);

impl Till {
    /// A till over its parts. Nothing is asked yet.
    #[must_use]
    pub fn new(parts: TillParts) -> Self {
        Self(Arc::new(parts), Arc::default())
    }

    /// The same till, asking the provider after open orders at another pace than once a minute.
    #[must_use]
    pub fn reconcile_every(self, every_ms: u64) -> Self {
        Self(self.0, Arc::new(Asking::every(every_ms)))
    }
}

/// A request that moves money: who asks, by which route, under which key, for what. The same again gets the same
/// answer.
pub type MoneyRequest = crate::store::idempotency::Request;
