//! JSON for browsers and tools.

pub mod accounts;
pub mod events;
