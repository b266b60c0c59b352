//! JSON for browsers and tools.

pub mod events;
