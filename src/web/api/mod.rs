//! JSON for browsers and tools.

pub mod accounts;
pub mod bodies;
pub mod events;
pub mod openapi;
pub mod unlock;
