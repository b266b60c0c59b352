//! Coin packages, orders, provider adapters, the inbox of notices.
//!
//! Verbs: [`check`] and [`apply`] for the packages of a file, [`list_packages`]; for orders [`insert_order`],
//! [`find_order`], [`lock_order`], [`list_orders`], [`keep_checkout`], [`pay_order`], [`fail_order`],
//! [`expire_order`], [`expire_orders`], [`refund_order`]; for the inbox [`store_notice`] and [`list_notices`]; [`list_totals`]. Those that
//! write are called by the flows that also move coins, in their transaction.
//!
//! Invariants:
//! - A package is named by its code, and what a file leaves out is left alone.
//! - An order copies what was promised; its Request-Id is fixed before the provider hears of it.
//! - An order is paid once: the UPDATE names the statuses it may leave. Paid is never left again.
//! - A correctly signed notice is stored in the transaction of what it does. The same one again is counted, not stored.
//!
//! Crash before COMMIT: nothing happened, and the provider says it again or is asked. Crash after it: the same notice
//! finds the order paid.

pub mod doku;
mod error;
mod inbox;
mod order;
mod packages;
mod provider;
mod records;
pub mod sandbox;

pub use error::PaymentError;
pub use inbox::{Notice, Source, StoredNotice, Verdict, kept_word};
pub use order::{Customer, Gateway, Order, OrderStatus};
pub use packages::{CoinPackage, PackageEntry, PackagePlan, Said, apply, check};
pub use provider::{
    Checkout, CheckoutRequest, NoticeHeaders, NoticeRefusal, PaymentProvider, PaymentReport, ProviderError,
    ProviderStatus, SignedNotice,
};
pub use records::{
    ChannelTotal, NoticeFilter, OrderFilter, Stored, count_open_orders, expire_order, expire_orders, fail_order,
    find_order, find_package_by_id, insert_order, keep_checkout, list_notices, list_orders, list_packages, list_totals,
    lock_order, pay_order, refund_order, store_notice, take_back_coins,
};

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
