//! The till: every use case with coins, as the web and commands ask for it. Each verb is one transaction.

mod error;
mod grant;
mod reads;

use std::sync::Arc;

pub use error::TillError;

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
pub struct Till(Arc<TillParts>);

impl Till {
    /// A till over its parts. Nothing is asked yet.
    #[must_use]
    pub fn new(parts: TillParts) -> Self {
        Self(Arc::new(parts))
    }
}

/// A request that moves money: who asks, by which route, under which key, for what. The same again gets the same
/// answer.
pub type MoneyRequest = crate::store::idempotency::Request;
