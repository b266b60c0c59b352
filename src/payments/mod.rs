//! Coin packages, orders, provider adapters, the inbox of notices.
//!
//! Verbs: [`check`] and [`apply`] for the packages of a file, [`list_packages`]; orders and notices are written by the
//! flows that also move coins.
//!
//! Invariants: a package is named by its code, and what a file leaves out is left alone; an order copies what was
//! promised; `pending → paid` happens once, guarded by the order's row.

mod error;
mod order;
mod packages;
mod provider;
mod records;

pub use error::PaymentError;
pub use order::{Gateway, Order, OrderStatus};
pub use packages::{CoinPackage, PackageEntry, PackagePlan, Said, apply, check};
pub use provider::{
    Checkout, CheckoutRequest, NoticeHeaders, NoticeRefusal, PaymentProvider, PaymentReport, ProviderError,
    ProviderStatus, SignedNotice,
};
pub use records::list_packages;
