//! Coin packages, orders, provider adapters, the inbox of notices.
//!
//! Verbs: [`check`] and [`apply`] for the packages of a file, [`list_packages`]; orders and notices are written by the
//! flows that also move coins.
//!
//! Invariants: a package is named by its code, and what a file leaves out is left alone; an order copies what was
//! promised; `pending → paid` happens once, guarded by the order's row.

pub mod doku;
mod error;
mod order;
mod packages;
mod provider;
mod records;
pub mod sandbox;

pub use error::PaymentError;
pub use order::{Gateway, Order, OrderStatus};
pub use packages::{CoinPackage, PackageEntry, PackagePlan, Said, apply, check};
pub use provider::{
    Checkout, CheckoutRequest, NoticeHeaders, NoticeRefusal, PaymentProvider, PaymentReport, ProviderError,
    ProviderStatus, SignedNotice,
};
pub use records::list_packages;

use std::sync::Arc;

use crate::clock::SharedClock;
use crate::config::{Config, PaymentGateway, SecretKey};
use crate::ids::SharedRandom;
use crate::store::Store;

/// The provider of `payments.gateway`; `None` when coins are not sold.
///
/// # Errors
/// A sentence that says what to change.
pub fn open_provider(
    config: &Config,
    secret: &SecretKey,
    store: &Store,
    clock: &SharedClock,
    random: &SharedRandom,
) -> Result<Option<Arc<dyn PaymentProvider>>, PaymentError> {
    match config.payments.gateway {
        PaymentGateway::Doku => {
            let parts = doku::Parts {
                config: config.payments.doku.clone(),
                public_url: config.server.public_url.clone(),
                clock: clock.clone(),
                random: random.clone(),
                timings: doku::Timings::default(),
            };
            let doku = doku::Doku::new(parts).map_err(PaymentError::Unfit)?;
            Ok(Some(Arc::new(doku)))
        }
        PaymentGateway::Sandbox => {
            let sandbox = sandbox::open(config, secret, store, clock, random)?;
            Ok(Some(Arc::new(sandbox)))
        }
        PaymentGateway::None => Ok(None),
    }
}
