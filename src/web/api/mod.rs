//! JSON for browsers and tools.

pub mod accounts;
pub mod beacons;
pub mod bodies;
pub mod events;
pub mod keys;
pub mod lease;
pub mod openapi;
pub mod orders;
pub mod overlay;
pub mod packages;
pub mod paging;
pub mod polls;
pub mod supports;
pub mod unlock;
