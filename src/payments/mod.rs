//! Coin packages as stored; orders and providers come with the money.
//!
//! Verbs: [`check`] and [`apply`] for the packages of a file, [`list_packages`]. A package is named by its code; what
//! a file leaves out is left alone. Nothing here moves coins.

mod error;
mod packages;
mod records;

pub use error::PaymentError;
pub use packages::{CoinPackage, PackageEntry, PackagePlan, Said, apply, check};
pub use records::list_packages;
