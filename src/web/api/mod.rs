//! JSON for browsers and tools.

pub mod accounts;
pub mod events;
pub mod orders;
pub mod packages;
pub mod paging;
